"""Who lets whom into an organisation that opens cases: its own key holders, and the administrator only founders."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import (
    accounts,
    beginning_anew,
    joining,
    members,
    organisations,
    sealing_again,
    suspensions,
    words,
)
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role, UnusableInvitation
from nrm.domain.accounts.members import EndsTooMany, SuspendsTooMany, TooFewLeft
from nrm.domain.accounts.suspensions import OrganisationReason, SuspensionReason, SuspensionRefused
from nrm.domain.accounts.words import CannotVouch
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import KeyringWrap, Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.steps.shelter import cases as case_steps
from nrm.store.accounts import accounts as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import members as member_rows
from tests import factories, second_hands
from tests import factories_referrals as people
from tests.conftest import Person
from tests.races import raised_by

SignIn = Callable[[str], Person]


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def member(login: str) -> Member:
    db.session.rollback()  # a page was answered meanwhile
    found = db.session.scalar(select(Member).where(Member.login == login).execution_options(populate_existing=True))
    assert found is not None
    return found


def invited(login: str, by: str, role: Role = Role.CASE_WORKER, organisation: str = "") -> str:
    """The token of a link that this person makes, for their own organisation unless one is named."""
    actor = factories.actor(by)
    into = people.organisation(organisation) if organisation else actor.organisation_id
    assert into is not None
    return joining.invite(organisation_id=into, login=login, name="New", role=role, by=actor)


def one_more(login: str, by: str) -> uuid.UUID:
    """One more key holder of this person's organisation."""
    actor = factories.actor(by)
    assert actor.role is not None
    factories.join(invited(login, by, actor.role))
    factories.confirm(login, by=actor)
    return member(login).id


def new_shelter() -> uuid.UUID:
    """An organisation in which nobody has an account yet."""
    shelter = uuid.uuid4()
    with transaction() as session:
        session.add(
            Organisation(id=shelter, code="NEW", kind="ngo_shelter", party="NEW", names={"sq": "E re", "en": "New"})
        )
    return shelter


def founder(shelter: uuid.UUID, login: str, by: str = "administrator") -> str:
    return joining.invite(
        organisation_id=shelter, login=login, name="New", role=Role.CASE_WORKER, by=factories.actor(by)
    )


def usable(token: str) -> bool:
    db.session.rollback()
    try:
        return joining.invited(token) is not None
    except UnusableInvitation:
        return False
    finally:
        db.session.rollback()


def reads(case_id: uuid.UUID, login: str) -> bool:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[Compartment.IDENTITY].value["given"] == people.PLANTED


# What the administrator cannot do any more


def test_the_administrator_does_not_take_the_link_that_a_colleague_made(app: Flask, sign_in: SignIn) -> None:
    """The manager checks who the worker is and lets them begin anew: it must be the worker who then joins.

    Whoever comes with the link, the manager has no button to press: only what the worker reads from the own page.
    """
    worker = member("vatra.case_worker").id
    manager = sign_in("vatra.shelter_manager")
    page = manager.made(f"/members/{worker}/anew", lang="en")
    link = re.search(r"/invitations/([\w-]+)", page)
    assert link
    factories.later(days=14)
    assert tending.tend()["begun_anew"] == 1
    db.session.rollback()
    admin = sign_in("administrator")
    refused = admin.post(f"/members/{worker}/anew?lang=en", status=403)
    assert "Only a colleague of the same organisation can do this" in refused
    assert usable(link[1])
    assert f"/members/{worker}/anew" not in everybody(admin)
    assert factories.join(link[1]).waiting  # also if it is the administrator who stole the link
    intruder = factories.actor("vatra.case_worker")
    read = shown_to(intruder)
    manager = sign_in("vatra.shelter_manager")
    manager.post(f"/members/{worker}/confirm", status=404)
    address = f"/members/{worker}/words?lang=en"
    assert "Type their words" not in manager.get("/members?lang=en")
    # Nobody else works there: before who made the link, the duty desk speaks with the worker (ADR 0163); and it agrees
    # a day before, because the account ended by time alone and nobody else of the desk is there (ADR 0172).
    manager.post(address, dict(zip(FIELDS, read, strict=True)), 409)
    sign_in("ra.duty_officer").post(f"/members/{worker}/anew/agree", {"sure": "y"})
    factories.later(hours=25)
    admin, manager, desk = (sign_in(each) for each in ("administrator", "vatra.shelter_manager", "ra.duty_officer"))
    for typed in ({}, {"first": "x"}, dict.fromkeys(FIELDS, "badego")):
        refused = desk.post(address, {**typed, "called_back": "y"}, 422)
        assert "let it be read again, it is another one" in refused
        assert not any(each in refused for each in read)
    for by in (admin, sign_in("vatra.case_worker"), sign_in("nrc.shelter_manager")):
        by.post(address, dict(zip(FIELDS, read, strict=True)), status=403 if by.login.startswith("vatra") else 404)
    assert member("vatra.case_worker").status == "waiting"
    assert not db.session.scalar(select(func.count()).where(KeyringWrap.member_id == worker))


FIELDS = ("first", "second", "third", "fourth")


def shown_to(by: Actor) -> tuple[str, ...]:
    """The words on somebody's own page."""
    shown = words.shown(by=by)
    assert shown is not None
    db.session.rollback()
    return shown.words


def everybody(person: Person) -> str:
    """All pages of the list of people."""
    page = whole = person.get("/members?lang=en")
    while more := re.search(r'href="(/members\?after=[^"]+)"', page):
        page = person.get(more[1])
        whole += page
    return whole


def test_the_administrator_does_not_invite_into_an_organisation_with_two_key_holders(
    app: Flask, sign_in: SignIn
) -> None:
    admin = sign_in("administrator")
    assert 'value="VATRA"' not in admin.get("/members/invite")
    new = {"name": "Mira Deda", "login": "mira.deda", "organisation": "VATRA", "role": "case_worker"}
    page = admin.post("/members/invite?lang=en", new, 422)
    assert "invite their colleagues themselves" in page
    assert 'value="Mira Deda"' in page
    assert account_rows.member_by_login("mira.deda") is None
    with pytest.raises(NotPermitted):
        invited("mira.deda", "administrator", organisation="VATRA")


def test_the_administrator_lets_nobody_in_there_also_with_the_words(app: Flask, sign_in: SignIn) -> None:
    factories.join(invited("vatra.new", "vatra.case_worker"))
    waiting = member("vatra.new").id
    said = shown_to(factories.actor("vatra.new"))
    admin = sign_in("administrator")
    admin.post(f"/members/{waiting}/words", dict(zip(FIELDS, said, strict=True)), status=404)
    with pytest.raises(NotVisible):
        words.type_words(member_id=waiting, typed=said, called_back=True, by=factories.actor("administrator"))
    assert member("vatra.new").status == "waiting"


def test_nor_where_one_key_holder_is_left_who_could_do_it(app: Flask) -> None:
    factories.join(invited("rinas.new", "rinas.border_officer", Role.BORDER_OFFICER))
    admin = factories.actor("administrator")
    for login in ("rinas.new", "rinas.border_officer"):
        with pytest.raises(NotPermitted):
            beginning_anew.begin_again(member_id=member(login).id, by=admin)
    with pytest.raises(NotPermitted):  # founded is founded, however few hold the key now
        invited("rinas.third", "administrator", Role.BORDER_OFFICER, "RINAS")


def test_whoever_takes_the_first_invitation_alone_opens_nothing_and_is_asked_nothing(app: Flask) -> None:
    """The administrator uses a founder's link: there is no keyring, and nobody to type the words."""
    shelter = new_shelter()
    factories.join(founder(shelter, "new.0"))
    intruder = factories.actor("new.0")
    assert member("new.0").status == "waiting"
    assert not account_rows.has_keyring(shelter)
    said = shown_to(intruder)
    for by in (intruder, factories.actor("administrator"), factories.actor("vatra.case_worker")):
        with pytest.raises((CannotVouch, NotVisible)):
            words.type_words(member_id=member("new.0").id, typed=said, called_back=True, by=by)
    # Nor does a status by hand make a holder.
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "new.0").values(status="active"))
    with pytest.raises(NotPermitted):
        joining.invite(organisation_id=shelter, login="x.y", name="X", role=Role.CASE_WORKER, by=intruder)
    assert not account_rows.has_keyring(shelter)


def test_an_office_without_keys_lets_in_by_words_too_but_for_its_first(app: Flask) -> None:
    token = invited("molsa.new", "administrator", Role.READER, "MOLSA")
    assert factories.join(token).waiting
    said = shown_to(factories.actor("molsa.new"))
    with pytest.raises(NotVisible):
        words.type_words(member_id=member("molsa.new").id, typed=said, by=factories.actor("administrator"))
    factories.confirm("molsa.new", by=factories.actor("molsa.statistician"))
    assert member("molsa.new").status == "active"


# Who invites


@pytest.mark.parametrize("login", ["vatra.case_worker", "rinas.border_officer", "trp_unit.trp_officer"])
def test_any_key_holder_invites_a_colleague_and_a_holder_confirms(app: Flask, sign_in: SignIn, login: str) -> None:
    by = sign_in(login)
    role = str(member(login).role)
    assert "/members/invite" in by.get("/members")
    form = by.get("/members/invite?lang=en")
    assert 'name="organisation"' not in form
    assert "administrator" not in re.findall(r'name="role"[^>]*value="([^"]+)"', form)
    mira = f"{login.partition('.')[0]}.mira"
    assert f'value="{login.partition(".")[0]}."' in form  # what a sign-in name begins with is typed already
    page = by.made("/members/invite", {"name": "Mira Deda", "login": mira, "role": role})
    token = re.search(r"/invitations/([\w-]+)", page)
    assert token
    db.session.rollback()
    assert factories.join(token[1]).waiting
    new = member(mira)
    assert (new.organisation_id, new.role) == (member(login).organisation_id, role)
    listed = by.get("/members?lang=en")
    assert f"invited by {member(login).name}" in listed
    said = shown_to(factories.actor(mira))
    page = by.get(f"/members/{new.id}/words")
    assert not any(each in page for each in said)
    by.post(f"/members/{new.id}/words", dict(zip(FIELDS, said, strict=True)))
    db.session.rollback()
    assert member_rows.holds_newest(new.id)


def test_what_is_missing_in_an_invitation_is_said_and_nothing_is_lost(app: Flask, sign_in: SignIn) -> None:
    by = sign_in("vatra.case_worker")
    for given, said in (
        ({"name": "Mira", "login": "mira.deda"}, "Choose the role"),
        ({"name": "Mira", "login": "mira.deda", "role": "administrator"}, "Choose the role"),
        ({"name": "Mira", "login": "mira.deda", "role": "border_officer"}, "Choose the role"),
        ({"name": "Mira", "login": "vatra.shelter_manager", "role": "case_worker"}, "this one is taken"),
        # Nothing is told of the names of others, and nobody gets one that looks like theirs.
        ({"name": "Mira", "login": "nrc.case_worker", "role": "case_worker"}, "its code and a dot"),
        ({"name": "Mira", "login": "nrc.nobody", "role": "case_worker"}, "its code and a dot"),
        ({"name": "Mira", "login": "mira.deda", "role": "case_worker"}, "its code and a dot"),
        ({"name": "Mira (Duty desk)", "login": "vatra.mira", "role": "case_worker"}, "family name alone"),
        ({"name": "Genti Rаma", "login": "vatra.mira", "role": "case_worker"}, "the letters of one script"),
        ({"name": "", "login": "mira.deda", "role": "case_worker"}, "Enter the person&#39;s name"),
    ):
        page = by.post("/members/invite?lang=en", dict(given), 422)
        assert said in page, re.findall(r"data-errors.*?</ul>", page, re.S)
        assert f'value="{given["login"]}"' in page
    assert account_rows.member_by_login("mira.deda") is None


def test_nobody_invites_elsewhere_and_nobody_without_the_key_invites(app: Flask, sign_in: SignIn) -> None:
    by = sign_in("vatra.case_worker")
    sent = {"name": "Mira", "login": "vatra.mira", "role": "case_worker", "organisation": "NRC"}
    by.post("/members/invite", dict(sent))
    assert member("vatra.mira").organisation_id == people.organisation("VATRA")  # whatever the form said
    for login in ("molsa.statistician", "oms.monitor"):
        sign_in(login).get("/members/invite", 403)
    with pytest.raises(NotPermitted):
        invited("x.deda", "vatra.case_worker", organisation="NRC")
    with pytest.raises(NotPermitted):
        invited("x.deda", "vatra.case_worker", Role.ADMINISTRATOR, "OPERATOR")
    # Who waits has the role but not the key, also with a status that was written by hand.
    factories.join(invited("vatra.new", "vatra.case_worker"))
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "vatra.new").values(status="active"))
    with pytest.raises(NotPermitted):
        invited("x.deda", "vatra.new")


def test_a_key_holder_sees_the_own_colleagues_alone(app: Flask, sign_in: SignIn) -> None:
    by = sign_in("vatra.case_worker")
    assert "nrc.case_worker" not in everybody(by)
    stranger = member("nrc.case_worker").id
    for path in ("disable", "anew", "words", "anew/agree", "anew/stop"):
        by.post(f"/members/{stranger}/{path}", status=404)
    with pytest.raises(NotPermitted):
        store.organisations(by=factories.actor("vatra.case_worker"))
    with pytest.raises(NotPermitted):
        store.key_holding(by=factories.actor("vatra.case_worker"))


# Founders


def test_the_administrator_invites_founders_and_the_links_end_with_the_founding(instance: Flask) -> None:
    shelter = new_shelter()
    tokens = [founder(shelter, f"new.{number}") for number in range(4)]
    for token in tokens[:2]:
        assert factories.join(token).waiting
    # A founder who lost the link gets another from who made it.
    third = member("new.2").id
    again = beginning_anew.begin_again(member_id=third, by=factories.actor("administrator"))
    assert usable(again)
    assert not usable(tokens[2])
    factories.confirm("new.1", by=factories.actor("new.0"))
    assert not account_rows.has_keyring(shelter)
    assert [member(f"new.{number}").status for number in range(2)] == ["waiting", "waiting"]
    factories.confirm("new.0", by=factories.actor("new.1"))
    assert [member(f"new.{number}").status for number in range(2)] == ["active", "active"]
    assert all(member_rows.holds_newest(member(f"new.{number}").id) for number in range(2))
    for token in (again, tokens[3]):
        assert not usable(token)
        with pytest.raises(UnusableInvitation):
            joining.join(token=token, password=factories.PASSWORD)
    with pytest.raises(NotPermitted):
        beginning_anew.begin_again(member_id=third, by=factories.actor("administrator"))
    with pytest.raises(NotPermitted):
        founder(shelter, "new.4")
    # A holder gives the same person another.
    assert factories.join(beginning_anew.begin_again(member_id=third, by=factories.actor("new.1"))).waiting


def test_a_link_of_the_one_key_holder_left_is_not_replaced_by_the_administrator(app: Flask) -> None:
    token = invited("rinas.new", "rinas.border_officer", Role.BORDER_OFFICER)
    with pytest.raises(NotPermitted):
        beginning_anew.begin_again(member_id=member("rinas.new").id, by=factories.actor("administrator"))
    # Nor is it ended, which would leave the place to somebody the administrator invites.
    with pytest.raises(TooFewLeft):
        members.disable(member_id=member("rinas.new").id, by=factories.actor("administrator"))
    assert usable(token)
    lines = store.members(by=factories.actor("rinas.border_officer")).rows
    assert {each.login: each.invited_by for each in lines} == {
        "rinas.border_officer": "Administrator (administrator)",
        "rinas.new": "Test border_officer (rinas.border_officer)",
    }


def test_an_invitation_written_by_hand_makes_nobody_active(app: Flask, sign_in: SignIn) -> None:
    """A row of a member and one of a link, by a person who writes to the main database: the link carries no mark. If
    it had one, a holder must still type the words."""
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA")
    assert not usable(factories.invited_by_hand("vatra.unmarked", "VATRA"))
    assert factories.join(factories.invited_by_hand("vatra.intruder", "VATRA", marked=True)).waiting
    with pytest.raises((NotVisible, case_steps.CannotOpen)):
        reads(sent.case_id, "vatra.intruder")
    sign_in("vatra.intruder").post(f"/members/{member('vatra.intruder').id}/words", status=403)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "vatra.intruder").values(status="active"))
    with pytest.raises((NotVisible, case_steps.CannotOpen)):
        reads(sent.case_id, "vatra.intruder")
    assert not db.session.scalar(select(func.count()).where(KeyringWrap.member_id == member("vatra.intruder").id))
    assert sealing_again.renew_keyring(by=factories.actor("vatra.case_worker")) == 2
    assert member("vatra.intruder").status == "waiting"


# How many people an administrator suspends


def suspend(login: str, by: str = "administrator") -> uuid.UUID:
    return suspensions.suspend(member_id=member(login).id, reason=SuspensionReason.LOST_DEVICE, by=factories.actor(by))


def is_suspended(login: str) -> bool:
    found = accounts.resume(accounts.sign_in(login=login, password=factories.PASSWORD))
    assert isinstance(found, accounts.SignedIn)
    return found.suspension_id is not None


def test_the_administrator_leaves_no_organisation_with_fewer_than_two_key_holders(app: Flask, sign_in: SignIn) -> None:
    admin, sent = sign_in("administrator"), {"reason": "misuse"}
    page = admin.post(f"/members/{member('vatra.case_worker').id}/suspend?lang=en", sent, status=409)
    assert "fewer than two people" in page
    assert not is_suspended("vatra.case_worker")
    one_more("vatra.third", "vatra.case_worker")
    admin.post(f"/members/{member('vatra.case_worker').id}/suspend", sent, 409)  # let in a minute ago: no full hand
    factories.later(days=15)
    admin = sign_in("administrator")
    admin.post(f"/members/{member('vatra.case_worker').id}/suspend", sent)
    assert is_suspended("vatra.case_worker")
    page = admin.post(f"/members/{member('vatra.third').id}/disable?lang=en", status=403)
    assert "The key holders of the organisation end this account" in page
    assert member("vatra.third").status == "active"


def test_one_person_an_organisation_and_three_a_day_and_the_day_rolls(app: Flask, sign_in: SignIn) -> None:
    began = clock.now()
    factories.later()
    for code in ("vatra", "nrc", "iom", "tjeter_vizion"):
        one_more(f"{code}.third", f"{code}.case_worker")
    one_more("vatra.fourth", "vatra.case_worker")
    suspend("vatra.third")
    with pytest.raises(SuspensionRefused, match="administrators_many"):
        suspend("vatra.fourth")
    suspend("nrc.third")
    factories.later(hours=12)
    suspend("iom.third")
    sent = {"reason": "misuse"}
    page = sign_in("administrator").post(f"/members/{member('tjeter_vizion.third').id}/suspend?lang=en", sent, 409)
    assert "three people within 24 hours" in page
    assert not is_suspended("tjeter_vizion.third")
    # People who hold no key count too, and so do those whom another administrator suspended.
    factories.join(invited("second.administrator", "administrator", Role.ADMINISTRATOR, "OPERATOR"))
    for login in ("administrator", "second.administrator"):
        with pytest.raises(SuspensionRefused, match="administrators_many"):
            suspend("molsa.reader", login)
    # Colleagues follow their own rules.
    suspend("tjeter_vizion.third", "tjeter_vizion.case_worker")
    clock.set_clock(lambda: began + timedelta(hours=24, minutes=10))
    assert not is_suspended("vatra.third")  # time undid it
    with pytest.raises(SuspensionRefused, match="again"):
        suspend("vatra.third")
    suspend("vatra.fourth", "second.administrator")
    suspend("molsa.reader")
    with pytest.raises(SuspensionRefused, match="administrators_many"):
        suspend("oms.monitor")


def test_accounts_of_offices_without_keys_are_ended_by_the_administrator_one_an_office_and_three_a_day(
    app: Flask,
) -> None:
    for login in ("molsa.reader", "oms.monitor"):
        members.disable(member_id=member(login).id, by=factories.actor("administrator"))
    with pytest.raises(EndsTooMany):
        members.disable(member_id=member("molsa.statistician").id, by=factories.actor("administrator"))
    assert member("molsa.statistician").status == "active"


@pytest.mark.slow
def test_of_many_people_suspended_at_once_three_are(instance: Flask) -> None:
    codes = ("vatra", "nrc", "iom", "tjeter_vizion", "rinas", "durres")
    logins = [one_of(code) for code in codes]
    ids = [one_more(f"{login}.third", login) for login in logins]
    for login in logins[4:]:
        one_more(f"{login}.second", login)
    admin = factories.actor("administrator")

    def end(member_id: uuid.UUID) -> Callable[[], object]:
        return lambda: suspensions.suspend(member_id=member_id, reason=SuspensionReason.MISUSE, by=admin)

    raised = raised_by(instance, *map(end, ids))
    assert [type(each) for each in raised] == [SuspensionRefused] * 3
    assert db.session.scalar(select(func.count()).select_from(Suspension)) == 3


def test_of_two_people_of_one_organisation_suspended_at_once_one_is(instance: Flask) -> None:
    ids = [one_more(f"vatra.{number}", "vatra.case_worker") for number in range(2)]
    admin = factories.actor("administrator")

    def end(member_id: uuid.UUID) -> Callable[[], object]:
        return lambda: suspensions.suspend(member_id=member_id, reason=SuspensionReason.MISUSE, by=admin)

    assert [type(each) for each in raised_by(instance, *map(end, ids))] == [SuspensionRefused]


def one_of(code: str) -> str:
    login = db.session.scalar(
        select(Member.login)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Organisation.code == code.upper())
        .order_by(Member.login)
        .limit(1)
    )
    assert login is not None
    return login


# How many organisations an administrator suspends


@pytest.mark.slow
def test_three_organisations_a_day_are_suspended_and_two_shelters_stay(app: Flask, sign_in: SignIn) -> None:
    admin, person = factories.actor("administrator"), sign_in("administrator")
    shelters = [each for each in store.key_holding(by=admin) if each.kind.takes_people_in and each.key_holders >= 2]
    assert len(shelters) >= 3
    factories.later()
    started = clock.now()
    for number, each in enumerate(shelters[:-2]):
        clock.set_clock(lambda day=number: started + timedelta(days=2 * day))  # type: ignore[misc]
        second_hands.suspend_organisation(each.id)
    clock.set_clock(lambda: started + timedelta(days=60))
    person = sign_in("administrator")
    page = person.post(f"/organisations/{shelters[-1].id}/suspend?lang=en", {"reason": "asked"}, 409)
    assert "fewer than two shelters" in page
    assert db.session.get_one(Organisation, shelters[-1].id, populate_existing=True).enabled
    for code in ("RINAS", "DURRES", "TRP_UNIT"):
        organisations.suspend(
            organisation_id=people.organisation(code),
            reason=OrganisationReason.ASKED,
            by=factories.actor("administrator"),
        )
    organisations.readmit(organisation_id=people.organisation("RINAS"), by=factories.actor("administrator"))
    page = person.post(f"/organisations/{people.organisation('PROSECUTION')}/suspend?lang=en", {"reason": "asked"}, 409)
    assert "three organisations within 24 hours" in page
    clock.set_clock(lambda: started + timedelta(days=61, minutes=1))
    organisations.suspend(
        organisation_id=people.organisation("PROSECUTION"),
        reason=OrganisationReason.ASKED,
        by=factories.actor("administrator"),
    )


def test_of_many_suspensions_at_once_three_pass(instance: Flask) -> None:
    admin = factories.actor("administrator")
    codes = ("RINAS", "DURRES", "TRP_UNIT", "PROSECUTION", "CONSULAR")

    def suspend(code: str) -> Callable[[], object]:
        organisation_id = people.organisation(code)
        return lambda: organisations.suspend(organisation_id=organisation_id, reason=OrganisationReason.ASKED, by=admin)

    raised = raised_by(instance, *map(suspend, codes))
    assert [type(each) for each in raised] == [SuspendsTooMany] * 2
