"""Two duty officers leave a party of the agreement out for 72 hours: at once, at night too, and it ends by itself."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, joining
from nrm.actions.accounts import key_log as actions
from nrm.actions.agreement import parties
from nrm.actions.referrals import proposals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, Role
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, PartyState, hour_of
from nrm.domain.agreement.parties import PartyRefusal, PartyRefused
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import Keyring, Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.steps.shelter import cases as case_steps
from nrm.vault import epochs, grants
from nrm.vault.keylog import log
from nrm.vault.keyrings import TakesNoPart, not_known
from tests import factories
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.conftest import Person
from tests.world import World

DESK, SECOND = "ra.duty_officer", "ra.second"
World_ = tuple[Flask, World]


def organisation(code: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Organisation.id).where(Organisation.code == code)).one()


def second_officer(*, by: str = DESK, with_: str | None = "ra.identification_officer") -> Actor:
    """Another duty officer, whom two others of the desk let in."""
    first = factories.actor(by)
    token = joining.invite(
        organisation_id=organisation("RA"), login=SECOND, name="Second", role=Role.DUTY_OFFICER, by=first
    )
    factories.join(token)
    second = factories.actor(with_) if with_ else None
    factories.let_in(factories.actor(SECOND), by=second or first, second=first if second else None)
    return factories.actor(SECOND)


def waiting() -> bytes:
    (found,) = log.state(db.session).open_proposals(hour_of(clock.now()))
    assert found.kind is EntryKind.PARTY
    return found.digest


def suspended(code: str) -> None:
    """Both duty officers sign: one proposes, the other agrees."""
    second = second_officer()
    assert not parties.suspend(organisation_id=organisation(code), by=factories.actor(DESK))
    assert actions.agree(proposal=waiting(), by=second)


def refused(reason: PartyRefusal, act: object, code: str, by: Actor) -> None:
    with pytest.raises(PartyRefused) as raised:
        act(organisation_id=organisation(code), by=by)  # type: ignore[operator]
    assert raised.value.reason is reason


@pytest.mark.slow
def test_two_duty_officers_by_the_pages_and_one_alone_changes_nothing(app: Flask) -> None:
    second_officer()
    first, second = Person(app.test_client(), DESK), Person(app.test_client(), SECOND)
    me, vatra = Person(app.test_client(), "vatra.case_worker"), organisation("VATRA")
    address = f"/parties/{vatra}/suspension"
    assert f'href="{address}"' in first.get("/key-log/organisations?lang=en")
    page = first.get(f"{address}?lang=en")
    assert "For 72 hours nothing new is sealed to it" in page
    assert "call one now" in page
    first.post(f"/parties/{vatra}/suspend", {}, 303)
    assert "Waits for another hand" in first.get(f"{address}?lang=en")
    first.post(f"/parties/{vatra}/suspend", {}, 409)  # the same person twice
    first.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"}, 409)
    me.get("/")
    with transaction() as session:
        assert grants.recipients(session, [vatra])
    # The second reads the same before she signs.
    assert "Urgent." in second.get("/?lang=en")
    page = second.get(f"/key-log/{waiting().hex()}?lang=en")
    assert "takes no part for 72 hours" in page and "For 72 hours nothing new is sealed to it" in page  # noqa: PT018
    second.post(f"/key-log/{waiting().hex()}/agree", {}, 422)
    second.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"})
    assert "It takes no part until" in second.get(f"{address}?lang=en")
    assert "takes no part until" in second.get("/key-log/organisations?lang=en")
    page = Person(app.test_client(), texts.COORDINATOR).get("/parties?lang=en")
    assert "takes no part until" in page
    assert page.count("Propose: it takes part<") == 1  # of nobody else: they take part
    # Its people read why and whom to call, on every page, in place of it; a new sign-in reads the same.
    for who in (me, Person(app.test_client(), "vatra.shelter_manager")):
        page = who.get("/?lang=en")
        assert "Your organisation takes no part now" in page and "tel:" in page  # noqa: PT018
        assert "Case worker" not in page
        who.get("/members", 403)
        who.post("/key-log/name", {}, 403)
    # The state that was stored says the same.
    known = log.state(db.session).organisations[vatra]
    log.store()
    app.extensions.pop("nrm.keylog")
    assert log.state(db.session).organisations[vatra] == known
    factories.later(hours=73)
    assert "Your organisation takes no part now" not in Person(app.test_client(), "vatra.case_worker").get("/?lang=en")


def test_nobody_else_suspends_a_party(app: Flask) -> None:
    vatra, body = organisation("VATRA"), {"compared": "y"}
    for login in (texts.COORDINATOR, "ra.identification_officer", "vatra.shelter_manager", "administrator"):
        with pytest.raises(NotPermitted):
            parties.suspend(organisation_id=vatra, by=factories.actor(login))
        with pytest.raises(NotPermitted):
            parties.resume(organisation_id=vatra, by=factories.actor(login))
        person = Person(app.test_client(), login)
        person.get(f"/parties/{vatra}/suspension", 403)
        person.post(f"/parties/{vatra}/suspend", {}, 403)
        person.post(f"/parties/{vatra}/resume", {}, 403)
    assert not parties.suspend(organisation_id=vatra, by=factories.actor(DESK))
    # Neither the coordinator nor somebody else of the Responsible Authority is the second duty officer.
    for login in (texts.COORDINATOR, "ra.identification_officer"):
        Person(app.test_client(), login).get(f"/key-log/{waiting().hex()}", 404)
        Person(app.test_client(), login).post(f"/key-log/{waiting().hex()}/agree", body, 404)
        with pytest.raises(EntryRefused):
            actions.agree(proposal=waiting(), by=factories.actor(login))
    # Nor is who is a duty officer in a row alone.
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "ra.identification_officer").values(role="duty_officer"))
    with pytest.raises(EntryRefused):
        actions.agree(proposal=waiting(), by=factories.actor("ra.identification_officer"))
    assert not log.parties_out(db.session)


def test_the_desk_does_not_suspend_itself_nor_twice(app: Flask) -> None:
    refused(PartyRefusal.DESK, parties.suspend, "RA", factories.actor(DESK))
    refused(PartyRefusal.SAID, parties.resume, "VATRA", factories.actor(DESK))
    suspended("VATRA")
    refused(PartyRefusal.SAID, parties.suspend, "VATRA", factories.actor(DESK))


def test_it_is_sealed_nothing_new_keeps_what_it_holds_and_ends_by_itself(world_app: World_) -> None:
    _, world = world_app
    worker, prosecution = factories.actor("nrc.case_worker"), organisation("PROSECUTION")
    unit = organisation("TRP_UNIT")
    share = {
        "case_id": world.case,
        "organisation_id": prosecution,
        "compartments": [Compartment.LEGAL],
        "agreed": True,
    }
    suspended("PROSECUTION")
    with pytest.raises(TakesNoPart):
        cases.share(**share, by=worker)  # type: ignore[arg-type]
    db.session.rollback()
    assert not_known(db.session(), [prosecution, unit]) == {prosecution}
    page = Person(world_app[0].test_client(), "nrc.case_worker").post(
        f"/cases/{world.case}/share?lang=en", {"what": "PROSECUTION:legal", "agreed": "y", "sure": "y"}, 409
    )
    assert "takes no part for 72 hours" in page
    # Who holds a part keeps it under a new epoch; nobody who did not hold it is handed it by one.
    assert not parties.suspend(organisation_id=unit, by=factories.actor(DESK))
    assert actions.agree(proposal=waiting(), by=factories.actor(SECOND))
    with transaction() as session:
        epochs.rotate(session, world.case, {"legal": [worker.organisation_id, unit]}, by=worker)
    assert unit in grants.holders_of(db.session(), world.case, "legal")
    with pytest.raises(TakesNoPart), transaction() as session:
        epochs.rotate(session, world.case, {"legal": [worker.organisation_id, unit, prosecution]}, by=worker)
    factories.later(hours=73)
    cases.share(**share, by=factories.actor("nrc.case_worker"))  # type: ignore[arg-type]
    member = factories.actor("trp_unit.trp_officer")
    cases.open_compartment(case_id=world.case, compartment=Compartment.LEGAL, purpose=Purpose.PERMIT, by=member)
    assert Compartment.LEGAL in case_steps.opened(case_id=world.case, by=member)


def test_the_route_leaves_it_out_in_words_and_who_waits_is_asked_of_the_next(app: Flask) -> None:
    officer, nrc = factories.actor("rinas.border_officer"), organisation("NRC")
    waits = people.sent(officer)
    draft = people.interview(officer)
    suspended("NRC")
    found = proposals.propose(interview_id=draft, by=officer)
    assert "two duty officers suspended it" in found.unreachable["NRC"]["en"]
    assert "NRC" not in {each.party for each in found.choices}
    db.session.rollback()
    assert tending.tend()["referrals_expired"] == 1
    rows = db.session.execute(select(Referral.receiver_id, Referral.status).where(Referral.case_id == waits.case_id))
    assert ("NRC", "expired") in {(("NRC" if row.receiver_id == nrc else ""), row.status) for row in rows}
    assert nrc not in grants.waiting(db.session(), waits.case_id)


def test_a_suspended_party_that_declined_is_not_asked_again_as_the_next(app: Flask) -> None:
    """IOM comes after the NRC on this route: while it takes no part, the one after it is asked."""
    sent = people.sent(factories.actor("rinas.border_officer"))
    iom = organisation("IOM")
    assert iom in grants.waiting(db.session(), sent.case_id)
    suspended("IOM")
    factories.later(hours=13)
    tending.tend()
    asked = set(db.session.scalars(select(Referral.receiver_id).where(Referral.case_id == sent.case_id)))
    assert iom not in asked


def test_its_people_sign_nothing_by_command_and_old_sessions_go_on_afterwards(app: Flask) -> None:
    cookie = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    suspended("VATRA")
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    assert (found.actor.keys, found.actor.role, found.suspended) == (None, None, True)
    assert found.enrolling_as is not None
    assert found.enrolling_as.keys is None
    state = log.state(db.session)
    assert found.actor.member_id is not None
    assert not state.is_active(found.actor.member_id, hour_of(clock.now()))
    version = db.session.scalars(select(Keyring.version).where(Keyring.organisation_id == organisation("VATRA"))).one()
    assert version == 1
    factories.later(hours=72)
    again = accounts.resume(accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD))
    assert isinstance(again, accounts.SignedIn)
    assert again.actor.role is Role.CASE_WORKER
    assert not again.suspended


def test_two_duty_officers_or_one_and_the_coordinator_end_it_earlier(app: Flask) -> None:
    suspended("VATRA")
    vatra = organisation("VATRA")
    first, second = Person(app.test_client(), DESK), Person(app.test_client(), SECOND)
    first.post(f"/parties/{vatra}/resume", {}, 303)
    assert log.parties_out(db.session)
    first.post(f"/parties/{vatra}/resume", {}, 409)
    second.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"})
    assert not log.parties_out(db.session)
    # Suspended again, and the coordinator with one of the desk.
    assert not parties.suspend(organisation_id=vatra, by=factories.actor(DESK))
    assert actions.agree(proposal=waiting(), by=factories.actor(SECOND))
    assert not parties.open_party(organisation_id=vatra, by=factories.actor(texts.COORDINATOR))
    assert actions.agree(proposal=waiting(), by=factories.actor(DESK))
    assert not log.parties_out(db.session)
    assert log.state(db.session).organisations[vatra].party_state == PartyState.OPENED


def test_a_duty_officer_whom_the_other_let_in_alone_is_the_same_hand(app: Flask) -> None:
    second = second_officer(with_=None)
    assert not parties.suspend(organisation_id=organisation("VATRA"), by=factories.actor(DESK))
    assert not actions.agree(proposal=waiting(), by=second)
    assert not log.parties_out(db.session)
