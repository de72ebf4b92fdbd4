"""Suspending an organisation: nobody of it comes in, nobody waits for it, and what it holds stays sealed to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, joining, key_log, organisations
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import (
    NotPermitted,
    NotVisible,
    OrganisationOut,
    OwnOrganisation,
    Role,
    SignInRefused,
    UnusableInvitation,
)
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, Standing, hour_of
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.steps.shelter import cases as case_steps
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.vault import grants
from nrm.vault.keylog import log
from tests import factories, second_hands
from tests import factories_referrals as people
from tests.conftest import Person, token_in


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def chain(case_id: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    rows = db.session.execute(
        select(Referral.receiver_id, Referral.status).where(Referral.case_id == case_id).order_by(Referral.position)
    )
    return [(receiver, status) for receiver, status in rows]


def test_a_suspended_organisation_reaches_nothing_and_who_waits_is_asked_of_the_next(instance: Flask) -> None:
    rinas, worker, admin = (
        factories.actor(login) for login in ("rinas.border_officer", "nrc.case_worker", "administrator")
    )
    held, waits = people.sent(rinas), people.sent(rinas)
    referrals.accept(referral_id=held.referral_id, place_id=people.bed("NRC"), by=worker)
    cookie = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    token = joining.invite(
        organisation_id=people.organisation("NRC"), login="nrc.new", name="New", role=Role.CASE_WORKER, by=worker
    )
    nrc = people.organisation("NRC")

    second_hands.suspend_organisation(nrc)
    assert accounts.resume(cookie) is None
    people_of = select(Member.id).where(Member.organisation_id == nrc)
    assert not db.session.scalar(select(func.count()).where(MemberSession.member_id.in_(people_of)))
    for login in ("nrc.case_worker", "nrc.shelter_manager"):
        with pytest.raises(SignInRefused):
            accounts.sign_in(login=login, password=factories.PASSWORD)
    with pytest.raises(UnusableInvitation):
        joining.join(token=token, password=factories.PASSWORD)
    assert "NRC" not in agreement_rows.desks()
    # The order of the route goes on without the sender; the next one can accept; nobody answers for the suspended.
    assert tending.tend()["referrals_expired"] == 1
    (first, status), *following = chain(waits.case_id)
    assert (first, status) == (nrc, ReferralStatus.EXPIRED)
    assert [status for _, status in following] in ([ReferralStatus.SENT], [])
    assert nrc not in grants.waiting(db.session(), waits.case_id)
    assert grants.holders_of(db.session(), held.case_id, "identity") == {nrc}

    organisations.suspend(organisation_id=nrc, reason=OrganisationReason.ASKED, by=admin)  # nothing more happens
    organisations.readmit(organisation_id=nrc, by=admin)
    back = factories.actor("nrc.case_worker")
    cases.open_compartment(case_id=held.case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=back)
    assert case_steps.opened(case_id=held.case_id, by=back)[Compartment.IDENTITY].value["given"] == people.PLANTED
    assert list(audit.verify(db.session())) == []


def test_what_was_sent_to_it_in_the_same_instant_moves_on_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rinas, admin = factories.actor("rinas.border_officer"), factories.actor("administrator")
    monkeypatch.setattr(organisations, "pass_over", lambda: 0)
    late = people.sent(rinas, "VATRA")
    organisations.suspend(organisation_id=people.organisation("VATRA"), reason=OrganisationReason.ASKED, by=admin)
    assert chain(late.case_id) == [(people.organisation("VATRA"), ReferralStatus.SENT)]
    monkeypatch.undo()
    assert tending.tend()["referrals_expired"] == 1


def test_only_an_administrator_suspends_and_never_the_own_organisation(app: Flask) -> None:
    admin = factories.actor("administrator")
    for login in ("nrc.shelter_manager", "ra.duty_officer", "molsa.statistician"):
        with pytest.raises(NotPermitted):
            organisations.suspend(
                organisation_id=people.organisation("VATRA"), reason=OrganisationReason.ASKED, by=factories.actor(login)
            )
        with pytest.raises(NotPermitted):
            organisations.readmit(organisation_id=people.organisation("VATRA"), by=factories.actor(login))
    with pytest.raises(OwnOrganisation):
        organisations.suspend(
            organisation_id=people.organisation("OPERATOR"), reason=OrganisationReason.ASKED, by=admin
        )
    with pytest.raises(NotVisible):
        organisations.suspend(organisation_id=uuid.uuid4(), reason=OrganisationReason.ASKED, by=admin)


@pytest.mark.slow
def test_an_administrator_suspends_and_lets_in_again_from_the_home_page(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    admin, worker = sign_in("administrator"), sign_in("vatra.case_worker")
    vatra = people.organisation("VATRA")
    page = f"/organisations/{vatra}/suspend"
    assert page in admin.get("/")
    worker.get(page, 403)
    worker.post(page, status=403)
    admin.get(f"/organisations/{uuid.uuid4()}/suspend", 404)
    admin.post(f"/organisations/{people.organisation('OPERATOR')}/suspend", {"reason": "closed"}, 409)
    for sent in ({}, {"reason": "because"}):
        assert 'href="#reason' in admin.post(page, sent, 422)
    assert worker.client.get("/").status_code == 200
    assert admin.post(page, {"reason": "closed"}) == "/"
    assert worker.client.get("/").status_code != 200
    assert "/readmit" in admin.get(page)
    # At the act: the duty desk reads who, which and why, on its first page and with the alarms.
    desk = sign_in("ra.duty_officer")
    home = desk.get("/?lang=en")
    assert "An administrator suspended VATRA" in home and "It is closed, or nobody answers there" in home  # noqa: PT018
    assert "An administrator suspended" not in sign_in("nrc.shelter_manager").get("/?lang=en")
    assert 'href="/alarms">Who did it, and when' in home
    alarms = desk.get("/alarms?lang=en")
    assert "Accounts or organisations ended or suspended, or asked for: 1" in alarms
    assert "Sign-in name: administrator" in alarms
    admin.post(f"/organisations/{vatra}/readmit")
    assert "An administrator suspended" not in desk.get("/?lang=en")
    back = sign_in("vatra.case_worker")
    assert "was suspended for a time" in back.get("/members/keys?lang=en")


@pytest.mark.slow
def test_neither_one_nor_two_suspend_the_duty_desk_and_two_of_two_organisations_let_it_in_again(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    desk, admin = people.organisation("RA"), sign_in("administrator")
    officer, other, third = sign_in("ra.duty_officer"), sign_in("nrc.shelter_manager"), sign_in("vatra.case_worker")
    page = admin.get(f"/organisations/{desk}/suspend?lang=en")
    assert "What stops" in page and "Neither one nor two people do this" in page  # noqa: PT018
    assert "+355 4 000 0105" in page
    assert "It is not asked to take anybody in" not in page
    assert admin.post(f"/organisations/{desk}/suspend", {"reason": "against_us"}) == "/key-log"
    page = admin.get(f"/organisations/{desk}/suspend?lang=en")  # who forgot, or another administrator
    assert "It is proposed already" in page and "Propose to suspend it" not in page  # noqa: PT018
    assert not organisations.suspend(
        organisation_id=desk, reason=OrganisationReason.AGAINST_US, by=factories.actor("administrator")
    )
    # Another reason does not make a second proposal, which would do it again after the first was undone.
    assert "proposed already" in admin.post(f"/organisations/{desk}/suspend?lang=en", {"reason": "asked"}, 409)
    home = officer.get("/?lang=en")  # nobody is out; they read that it is proposed, and sign nothing of it
    assert "It is proposed to suspend your organisation" in home
    state, at = log.state(db.session), hour_of(clock.now())
    (proposal,) = state.open_proposals(at)
    address = f"/key-log/{proposal.digest.hex()}"
    assert "This is about your own organisation" in officer.get(f"{address}?lang=en")
    officer.post(f"{address}/agree", {"compared": "y"}, 409)
    admin.post(f"{address}/agree", {"compared": "y"}, 409)
    for login in ("molsa.reader", "oms.coordinator"):
        sign_in(login).get(address, 404)
    alone = factories.actor("administrator")
    with pytest.raises(EntryRefused), transaction() as session:  # nor by an entry that an administrator signs alone
        log.append(session, EntryKind.SUSPENDED, Standing(desk, "asked"), by=alone)
    # Everybody who holds keys is told; one of another organisation, and a colleague there, are not enough.
    home = other.get("/?lang=en")
    assert "Your hand is asked for" in home
    assert "It is proposed to suspend the duty desk of the country" in home
    assert "It is proposed to suspend the duty desk" in sign_in("rinas.border_officer").get("/?lang=en")
    read = other.get(f"{address}?lang=en")
    for said in ("Somebody there works against us", "Proposed by", "Responsible Authority", "urgent"):
        assert said in read
    # One who does not agree is asked no more, and stops nobody else; who is against it reads why.
    another = sign_in("vatra.shelter_manager")
    another.post(f"{address}/decline", {"why": "not_called"}, 303)
    another.post(f"{address}/agree", {"compared": "y"}, 404)
    assert "I could reach nobody whom it concerns" in other.get(f"{address}?lang=en")
    officer.post(f"{address}/decline", {"why": "not_so"}, 409)
    other.post(f"{address}/agree", {"compared": "y"})
    sign_in("nrc.case_worker").post(f"{address}/agree", {"compared": "y"}, 404)
    assert not log.state(db.session).organisations[desk].suspended and db.session.get_one(Organisation, desk).enabled  # noqa: PT018
    third.post(f"{address}/agree", {"compared": "y"})
    assert log.state(db.session).organisations[desk].suspended
    # Its people are out, and read why and whom to call once everything they type is right.
    client = app.test_client()

    def said(password: str) -> str:
        typed = {"login": "ra.duty_officer", "password": password, "csrf_token": token_in(client.get("/sign-in").text)}
        return client.post("/sign-in?lang=en", data=typed).text

    right = said(factories.PASSWORD)
    assert "Two people of two other organisations" in right and "Somebody there works against us" in right  # noqa: PT018
    assert "suspended" not in said("wrong")
    with pytest.raises(SignInRefused):
        accounts.recover(login="ra.duty_officer", code="AAAA", new_password="nine blue lamps over rivers")
    # Whoever holds keys reads it, and two of two organisations end it without the administrator.
    sign_in("molsa.reader").post(f"/key-log/let-in/{desk}", {}, 404)
    home = sign_in("rinas.border_officer").get("/?lang=en")
    assert "The duty desk of the country (RA) is suspended" in home and "works against us" in home  # noqa: PT018
    assert "Why it is suspended: Somebody there works" in admin.get(f"/organisations/{desk}/suspend?lang=en")
    assert "Let the Responsible Authority in again" in other.get("/key-log?lang=en")
    other.post(f"/key-log/let-in/{desk}")
    assert "You have signed that it takes part again" in other.get("/key-log?lang=en")
    sign_in("nrc.case_worker").post(f"/key-log/let-in/{desk}", {}, 303)
    assert log.state(db.session).organisations[desk].suspended
    (proposal,) = log.state(db.session).open_proposals(at)
    assert "Then its people can sign in again" in third.get(f"/key-log/{proposal.digest.hex()}?lang=en")
    third.post(f"/key-log/let-in/{desk}")
    assert not log.state(db.session).organisations[desk].suspended
    assert "suspended RA" not in sign_in("ra.duty_officer").get("/?lang=en")
    other.post(f"/key-log/let-in/{desk}", {}, 404)


def test_a_row_alone_takes_the_duty_desk_out_for_a_minute_and_no_longer(app: Flask) -> None:
    """Whoever writes the main database needs no hands for it: the log wins."""
    row = update(Organisation).where(Organisation.code == "RA")
    with transaction() as session:
        session.execute(row.values(enabled=False, suspended_at=clock.now()))
    with pytest.raises(OrganisationOut):
        accounts.sign_in(login="ra.duty_officer", password=factories.PASSWORD)
    assert tending.tend()["rows_followed"] == 1
    assert accounts.sign_in(login="ra.duty_officer", password=factories.PASSWORD)
    # Nor does a row bring it back whom three have taken out.
    act, admin = Standing(people.organisation("RA"), "asked"), factories.actor("administrator")
    with transaction() as session:
        digest, _ = log.propose(session, EntryKind.SUSPENDED, act, by=admin)
    for login in ("nrc.case_worker", "vatra.case_worker"):
        key_log.agree(proposal=digest, by=factories.actor(login))
    with transaction() as session:
        session.execute(row.values(enabled=True))
    assert tending.tend()["rows_followed"] == 1
    with pytest.raises(OrganisationOut):
        accounts.sign_in(login="ra.duty_officer", password=factories.PASSWORD)


def test_who_is_of_a_suspended_organisation_reads_why_after_the_right_password_alone(app: Flask) -> None:
    nrc = people.organisation("VATRA")
    organisations.suspend(organisation_id=nrc, reason=OrganisationReason.KEY_LOST, by=factories.actor("administrator"))
    with pytest.raises(OrganisationOut) as raised:
        accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    assert (raised.value.reason, raised.value.desk) == ("key_lost", False)
    with pytest.raises(SignInRefused) as wrong:
        accounts.sign_in(login="vatra.case_worker", password="not the right one")
    assert not isinstance(wrong.value, OrganisationOut)


@pytest.mark.slow
def test_an_administrator_alone_leaves_nobody_without_a_house_that_may_receive_them(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    """Any two shelters that stayed were enough once: two that take no boy, or no man."""
    nrc, vatra, other = (people.organisation(code) for code in ("NRC", "VATRA", "TJETER_VIZION"))
    admin = sign_in("administrator")
    assert "Who would have nobody left" not in admin.get(f"/organisations/{vatra}/suspend?lang=en")
    page = admin.get(f"/organisations/{nrc}/suspend?lang=en")
    assert "Who would have nobody left who may receive them" in page
    assert "Risk: high or not known" in page and "For example: " in page and "Nobody does this alone" in page  # noqa: PT018
    # Where another house is out, the people of both are left with nobody: it stands there, too.
    assert admin.post(f"/organisations/{other}/suspend", {"reason": "asked"}) == "/"
    page = admin.get(f"/organisations/{nrc}/suspend?lang=en")
    assert "Age group: under 18" in page and "male" in page  # noqa: PT018
    assert admin.post(f"/organisations/{nrc}/suspend", {"reason": "against_us"}) == "/key-log"
    assert db.session.get_one(Organisation, nrc, populate_existing=True).enabled
    assert "It is proposed to suspend your organisation" in sign_in("nrc.shelter_manager").get("/?lang=en")
    (proposal,) = log.state(db.session).open_proposals(hour_of(clock.now()))
    address = f"/key-log/{proposal.digest.hex()}"
    admin.post(f"{address}/agree", {"compared": "y"}, 409)
    sign_in("nrc.shelter_manager").post(f"{address}/agree", {"compared": "y"}, 409)
    manager = sign_in("vatra.shelter_manager")
    page = manager.get(f"{address}?lang=en")
    assert "Who would have nobody left who may receive them" in page and "not asked to take anybody in" in page  # noqa: PT018
    assert "nobody decides where a person goes" not in page
    waits = people.sent(factories.actor("rinas.border_officer"))
    manager.post(f"{address}/agree", {"compared": "y"})
    assert not db.session.get_one(Organisation, nrc, populate_existing=True).enabled
    assert log.state(db.session).organisations[nrc].suspended
    assert tending.tend()["referrals_expired"] == 1
    assert chain(waits.case_id)[0] == (nrc, ReferralStatus.EXPIRED)


@pytest.mark.parametrize("code", ["CHILD_PROTECTION", "HELPLINE"])
def test_an_administrator_alone_shuts_out_neither_who_answers_for_children_nor_the_help_line(
    app: Flask, sign_in: Callable[[str], Person], code: str
) -> None:
    """A child waited for the officer who would have denied an invented answer."""
    needed, admin = people.organisation(code), sign_in("administrator")
    address = f"/organisations/{needed}/suspend"
    assert "Nobody does this alone" in admin.get(f"{address}?lang=en")
    assert admin.post(address, {"reason": "closed"}) == "/key-log"
    assert db.session.get_one(Organisation, needed, populate_existing=True).enabled
    assert "It is proposed to suspend your organisation" in sign_in(FIRST_OF[code]).get("/?lang=en")
    (proposal,) = log.state(db.session).open_proposals(hour_of(clock.now()))
    manager, agreeing = sign_in("vatra.shelter_manager"), f"/key-log/{proposal.digest.hex()}/agree"
    assert people.organisation("VATRA") != needed
    manager.post(agreeing, {"compared": "y"})
    db.session.rollback()
    assert not db.session.get_one(Organisation, needed, populate_existing=True).enabled


FIRST_OF = {"CHILD_PROTECTION": "child_protection.child_protection_officer", "HELPLINE": "helpline.helpline_operator"}
