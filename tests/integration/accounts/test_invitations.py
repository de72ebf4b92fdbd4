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
from nrm.actions.accounts import accounts, members, organisations, second_factor, suspensions
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotPermitted, NotVisible, Role, UnusableInvitation
from nrm.domain.accounts.members import EndsTooMany, SuspendsTooMany, TooFewLeft
from nrm.domain.accounts.suspensions import SuspensionReason, SuspensionRefused
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import KeyringWrap, Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.steps.shelter import cases as case_steps
from nrm.store.accounts import accounts as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import members as member_rows
from tests import factories
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
    return accounts.invite(organisation_id=into, login=login, name="New", role=role, by=actor)


def one_more(login: str, by: str) -> uuid.UUID:
    """One more key holder of this person's organisation."""
    actor = factories.actor(by)
    assert actor.role is not None
    factories.join(invited(login, by, actor.role))
    accounts.confirm(member_id=member(login).id, by=actor)
    return member(login).id


def new_shelter() -> uuid.UUID:
    """An organisation in which nobody has an account yet."""
    shelter = uuid.uuid4()
    with transaction() as session:
        session.add(
            Organisation(id=shelter, code="NEW", kind="ngo_shelter", party="NEW", name_sq="E re", name_en="New")
        )
    return shelter


def founder(shelter: uuid.UUID, login: str, by: str = "administrator") -> str:
    return accounts.invite(
        organisation_id=shelter, login=login, name="New", role=Role.CASE_WORKER, by=factories.actor(by)
    )


def usable(token: str) -> bool:
    db.session.rollback()
    try:
        return accounts.invited(token) is not None
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
    """The manager checks who the worker is and presses Confirm: it must be the worker who then joins."""
    worker = member("vatra.case_worker").id
    page = sign_in("vatra.shelter_manager").post(f"/members/{worker}/anew?lang=en", status=200)
    link = re.search(r"/invitations/([\w-]+)", page)
    assert link
    admin = sign_in("administrator")
    refused = admin.post(f"/members/{worker}/anew?lang=en", status=403)
    assert "Only a colleague of the same organisation can do this" in refused
    assert usable(link[1])
    assert f"/members/{worker}/anew" not in everybody(admin)
    assert factories.join(link[1]).waiting


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


def test_the_administrator_confirms_nobody_and_takes_no_second_factor_there(app: Flask, sign_in: SignIn) -> None:
    factories.join(invited("vatra.new", "vatra.case_worker"))
    waiting, worker = member("vatra.new").id, member("vatra.case_worker").id
    with transaction() as session:
        session.execute(update(Member).where(Member.id == worker).values(sealed_totp=b"x"))
    admin = sign_in("administrator")
    admin.post(f"/members/{waiting}/confirm", status=403)
    assert member("vatra.new").status == "waiting"
    page = admin.post(f"/members/{worker}/second-factor?lang=en", status=403)
    assert "Only a colleague of the same organisation can do this" in page
    assert member("vatra.case_worker").sealed_totp == b"x"
    # A colleague does; and the administrator where nobody holds a key.
    second_factor.reset(member_id=worker, by=factories.actor("vatra.shelter_manager"))
    assert member("vatra.case_worker").sealed_totp is None
    second_factor.reset(member_id=member("molsa.statistician").id, by=factories.actor("administrator"))


def test_nor_where_one_key_holder_is_left_who_could_do_it(app: Flask) -> None:
    factories.join(invited("rinas.new", "rinas.border_officer", Role.BORDER_OFFICER))
    admin = factories.actor("administrator")
    for act in (second_factor.reset, members.begin_again):
        with pytest.raises(NotPermitted):
            act(member_id=member("rinas.new").id, by=admin)
    with pytest.raises(NotPermitted):
        members.begin_again(member_id=member("rinas.border_officer").id, by=admin)
    # The only key holder would lose every case with a telephone: nobody else could help.
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "rinas.border_officer").values(sealed_totp=b"x"))
    second_factor.reset(member_id=member("rinas.border_officer").id, by=admin)
    assert member("rinas.border_officer").sealed_totp is None


# Who invites


@pytest.mark.parametrize("login", ["vatra.case_worker", "rinas.border_officer", "trp_unit.trp_officer"])
def test_any_key_holder_invites_a_colleague_and_a_holder_confirms(app: Flask, sign_in: SignIn, login: str) -> None:
    by = sign_in(login)
    role = str(member(login).role)
    assert "/members/invite" in by.get("/members")
    form = by.get("/members/invite?lang=en")
    assert 'name="organisation"' not in form
    assert "administrator" not in re.findall(r'name="role"[^>]*value="([^"]+)"', form)
    page = by.post("/members/invite", {"name": "Mira Deda", "login": "mira.deda", "role": role}, 200)
    token = re.search(r"/invitations/([\w-]+)", page)
    assert token
    db.session.rollback()
    assert factories.join(token[1]).waiting
    new = member("mira.deda")
    assert (new.organisation_id, new.role) == (member(login).organisation_id, role)
    listed = by.get("/members?lang=en")
    assert f"invited by {member(login).name}" in listed
    by.post(f"/members/{new.id}/confirm")
    db.session.rollback()
    assert member_rows.holds_newest(new.id)


def test_what_is_missing_in_an_invitation_is_said_and_nothing_is_lost(app: Flask, sign_in: SignIn) -> None:
    by = sign_in("vatra.case_worker")
    for given, said in (
        ({"name": "Mira", "login": "mira.deda"}, "Choose the role"),
        ({"name": "Mira", "login": "mira.deda", "role": "administrator"}, "Choose the role"),
        ({"name": "Mira", "login": "mira.deda", "role": "border_officer"}, "Choose the role"),
        ({"name": "Mira", "login": "nrc.case_worker", "role": "case_worker"}, "this one is taken"),
        ({"name": "", "login": "mira.deda", "role": "case_worker"}, "Enter the person&#39;s name"),
    ):
        page = by.post("/members/invite?lang=en", dict(given), 422)
        assert said in page, re.findall(r"data-errors.*?</ul>", page, re.S)
        assert f'value="{given["login"]}"' in page
    assert account_rows.member_by_login("mira.deda") is None


def test_nobody_invites_elsewhere_and_nobody_without_the_key_invites(app: Flask, sign_in: SignIn) -> None:
    by = sign_in("vatra.case_worker")
    sent = {"name": "Mira", "login": "mira.deda", "role": "case_worker", "organisation": "NRC"}
    by.post("/members/invite", dict(sent), 200)
    assert member("mira.deda").organisation_id == people.organisation("VATRA")  # whatever the form said
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
    for path in ("disable", "anew", "second-factor"):
        by.post(f"/members/{stranger}/{path}", status=404)
    by.post(f"/members/{stranger}/confirm", status=404)
    with pytest.raises(NotPermitted):
        store.organisations(by=factories.actor("vatra.case_worker"))
    with pytest.raises(NotPermitted):
        store.key_holding(by=factories.actor("vatra.case_worker"))


# Founders


def test_the_administrator_invites_founders_and_the_links_end_with_the_second_key_holder(instance: Flask) -> None:
    shelter = new_shelter()
    tokens = [founder(shelter, f"new.{number}") for number in range(4)]
    first, *_ = [factories.join(token) for token in tokens[:2]]
    assert not first.waiting
    # A founder who lost the link gets another from who made it.
    third = member("new.2").id
    again = members.begin_again(member_id=third, by=factories.actor("administrator"))
    assert usable(again)
    assert not usable(tokens[2])
    accounts.confirm(member_id=member("new.1").id, by=factories.actor("new.0"))
    for token in (again, tokens[3]):
        assert not usable(token)
        with pytest.raises(UnusableInvitation):
            accounts.join(token=token, password=factories.PASSWORD)
    with pytest.raises(NotPermitted):
        members.begin_again(member_id=third, by=factories.actor("administrator"))
    with pytest.raises(NotPermitted):
        founder(shelter, "new.4")
    # A holder gives the same person another.
    assert factories.join(members.begin_again(member_id=third, by=factories.actor("new.1"))).waiting


def test_a_link_of_the_one_key_holder_left_is_not_replaced_by_the_administrator(app: Flask) -> None:
    token = invited("rinas.new", "rinas.border_officer", Role.BORDER_OFFICER)
    with pytest.raises(NotPermitted):
        members.begin_again(member_id=member("rinas.new").id, by=factories.actor("administrator"))
    # Nor is it ended, which would leave the place to somebody the administrator invites.
    with pytest.raises(TooFewLeft):
        members.disable(member_id=member("rinas.new").id, by=factories.actor("administrator"))
    assert usable(token)
    # The administrator may invite a second founder, and the colleague sees who did.
    factories.join(invited("rinas.other", "administrator", Role.BORDER_OFFICER, "RINAS"))
    lines = store.members(by=factories.actor("rinas.border_officer")).rows
    assert {each.login: each.invited_by for each in lines} == {
        "rinas.border_officer": "Administrator",
        "rinas.new": "Test border_officer",
        "rinas.other": "Administrator",
    }


def test_an_invitation_written_by_hand_makes_nobody_active(app: Flask, sign_in: SignIn) -> None:
    """A row of a member and one of a link, by a person who writes to the main database: still a holder must confirm."""
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA")
    token = factories.invited_by_hand("vatra.intruder", "VATRA")
    assert accounts.join(token=token, password=factories.PASSWORD).waiting
    with pytest.raises((NotVisible, case_steps.CannotOpen)):
        reads(sent.case_id, "vatra.intruder")
    sign_in("vatra.intruder").post(f"/members/{member('vatra.intruder').id}/confirm", status=403)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "vatra.intruder").values(status="active"))
    with pytest.raises((NotVisible, case_steps.CannotOpen)):
        reads(sent.case_id, "vatra.intruder")
    assert not db.session.scalar(select(func.count()).where(KeyringWrap.member_id == member("vatra.intruder").id))
    assert members.renew_keyring(by=factories.actor("vatra.case_worker")) == 2
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


def test_three_organisations_a_day_are_suspended_and_two_shelters_stay(app: Flask, sign_in: SignIn) -> None:
    admin, person = factories.actor("administrator"), sign_in("administrator")
    shelters = [each for each in store.key_holding(by=admin) if each.kind.takes_people_in and each.key_holders >= 2]
    assert len(shelters) >= 3
    factories.later()
    started = clock.now()
    for number, each in enumerate(shelters[:-2]):
        clock.set_clock(lambda day=number: started + timedelta(days=2 * day))  # type: ignore[misc]
        organisations.suspend(organisation_id=each.id, by=factories.actor("administrator"))
    clock.set_clock(lambda: started + timedelta(days=60))
    person = sign_in("administrator")
    page = person.post(f"/organisations/{shelters[-1].id}/suspend?lang=en", status=409)
    assert "fewer than two shelters" in page
    assert db.session.get_one(Organisation, shelters[-1].id, populate_existing=True).enabled
    for code in ("RINAS", "DURRES", "TRP_UNIT"):
        organisations.suspend(organisation_id=people.organisation(code), by=factories.actor("administrator"))
    organisations.readmit(organisation_id=people.organisation("RINAS"), by=factories.actor("administrator"))
    page = person.post(f"/organisations/{people.organisation('PROSECUTION')}/suspend?lang=en", status=409)
    assert "three organisations within 24 hours" in page
    clock.set_clock(lambda: started + timedelta(days=61, minutes=1))
    organisations.suspend(organisation_id=people.organisation("PROSECUTION"), by=factories.actor("administrator"))


def test_of_many_suspensions_at_once_three_pass(instance: Flask) -> None:
    admin = factories.actor("administrator")
    codes = ("RINAS", "DURRES", "TRP_UNIT", "PROSECUTION", "HELPLINE")

    def suspend(code: str) -> Callable[[], object]:
        organisation_id = people.organisation(code)
        return lambda: organisations.suspend(organisation_id=organisation_id, by=admin)

    raised = raised_by(instance, *map(suspend, codes))
    assert [type(each) for each in raised] == [SuspendsTooMany] * 2
