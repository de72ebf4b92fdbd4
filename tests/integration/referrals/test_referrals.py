"""What happens to a referral after it was sent, each with what must not happen."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import (
    REASONS_UNDER_MUST,
    DeclineReason,
    IllegalTransition,
    OverrideReason,
    PlaceNotFree,
    ReferralRefused,
    ReferralStatus,
)
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Destruction, Grant, PendingGrant
from nrm.steps.shelter import cases as case_steps
from nrm.store.countries import country
from nrm.store.referrals import duty as duty_store
from nrm.store.referrals import next_receiver as next_receiver_store
from nrm.store.referrals import obligations
from nrm.store.referrals import referrals as store
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import places
from nrm.vault import compartments as vault
from nrm.vault import members, sharing, shredding
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.world import World


@pytest.fixture
def rinas(app: Flask) -> Actor:
    return factories.actor("rinas.border_officer")


@pytest.fixture
def nrc(app: Flask) -> Actor:
    return factories.actor("nrc.case_worker")


@pytest.fixture
def iom(app: Flask) -> Actor:
    return factories.actor("iom.case_worker")


@pytest.fixture
def duty(app: Flask) -> Actor:
    return factories.actor("ra.duty_officer")


def status_of(referral_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Referral, referral_id, populate_existing=True).status


def opens(case_id: uuid.UUID, compartment: Compartment, by: Actor) -> dict[str, object]:
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.ADMISSION, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment].value


def opens_nothing(case_id: uuid.UUID, by: Actor, *but: Compartment) -> None:
    """Neither by the pages' way nor by the vault's own."""
    for compartment in Compartment:
        if compartment in but:
            continue
        with pytest.raises((members.CannotOpen, NotVisible, NotPermitted)):
            cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.ADMISSION, by=by)
        with pytest.raises(members.CannotOpen), transaction() as session:
            vault.allow(session, case_id, compartment, "test", by=by)


# --- before the answer


def test_the_asked_party_reads_the_hand_over_and_nothing_else(rinas: Actor, nrc: Actor, iom: Actor) -> None:
    sent = people.sent(rinas)
    assert "needs" in opens(sent.case_id, Compartment.HAND_OVER, nrc)
    opens_nothing(sent.case_id, nrc, Compartment.HAND_OVER)
    opens_nothing(sent.case_id, iom)
    with pytest.raises(NotVisible):
        store.referral(sent.referral_id, by=iom)
    with pytest.raises(NotVisible):
        case_store.case(sent.case_id, by=nrc)


def test_a_candidate_not_asked_opens_nothing_even_if_rows_are_changed_by_hand(rinas: Actor, iom: Actor) -> None:
    sent = people.sent(rinas)
    for status in ("accepted", "arrived"):
        with transaction() as session:
            session.execute(update(Referral).values(receiver_id=iom.organisation_id, status=status))
        opens_nothing(sent.case_id, iom)


def test_ministry_and_administrator_open_nothing_and_see_nothing(rinas: Actor) -> None:
    sent = people.sent(rinas)
    for login in ("molsa.statistician", "molsa.monitor", "oms.monitor", "administrator"):
        by = factories.actor(login)
        opens_nothing(sent.case_id, by)
        with pytest.raises(NotVisible):
            store.referral(sent.referral_id, by=by)
        with pytest.raises((NotVisible, NotPermitted)):
            store.received(by=by)
        with pytest.raises(NotPermitted):
            duty_store.waiting(by=by)
        with pytest.raises(NotPermitted):
            referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=by)


# --- accepting


def test_accepting_gives_the_receiver_everything_and_the_sender_nothing(
    rinas: Actor, nrc: Actor, iom: Actor, duty: Actor
) -> None:
    sent = people.sent(rinas)
    assert opens(sent.case_id, Compartment.IDENTITY, rinas)["given"] == people.PLANTED
    case_id = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert case_id == sent.case_id
    assert opens(case_id, Compartment.IDENTITY, nrc)["given"] == people.PLANTED
    assert opens(case_id, Compartment.STORY, nrc)
    assert opens(case_id, Compartment.HAND_OVER, duty)
    opens_nothing(case_id, duty, Compartment.HAND_OVER)
    opens_nothing(case_id, rinas)
    opens_nothing(case_id, iom)
    for stranger in (rinas, iom):
        with pytest.raises(NotVisible):
            case_store.case(case_id, by=stranger)
        with pytest.raises(NotVisible):
            case_steps.opened(case_id=case_id, by=stranger)
    assert case_store.case(case_id, by=nrc).relation == "holder"
    assert store.referral(sent.referral_id, by=rinas).status is ReferralStatus.ACCEPTED
    assert db.session.scalar(select(func.count()).select_from(PendingGrant)) == 0
    assert db.session.scalar(select(func.count()).select_from(Destruction)) == 0


def test_an_acceptance_leaves_the_child_authority_what_its_clause_granted(rinas: Actor, nrc: Actor) -> None:
    sent = people.sent(rinas, age="child")
    authority = factories.actor("child_protection.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert opens(sent.case_id, Compartment.IDENTITY, authority)["given"] == people.PLANTED
    opens_nothing(sent.case_id, authority, Compartment.IDENTITY)
    opens_nothing(sent.case_id, rinas)


def test_a_second_acceptance_is_refused_and_changes_nothing(rinas: Actor, nrc: Actor) -> None:
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    with pytest.raises(IllegalTransition):
        referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 1), by=nrc)
    row = db.session.get_one(Referral, sent.referral_id, populate_existing=True)
    assert row.status == "accepted"
    assert places.kept_place(sent.case_id, by=nrc) == people.bed("NRC", 0)


def test_of_twenty_who_accept_at_once_exactly_one_wins(app: Flask, rinas: Actor) -> None:
    sent = people.sent(rinas)
    askers = [factories.actor("nrc.case_worker" if n % 2 else "nrc.shelter_manager") for n in range(20)]
    beds = [people.bed("NRC", n) for n in range(20)]
    db.session.rollback()
    outcomes: list[str] = []
    start = threading.Barrier(20)

    def accept(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                referrals.accept(referral_id=sent.referral_id, place_id=beds[number], by=askers[number])
                outcomes.append("won")
            except IllegalTransition as error:
                outcomes.append(error.reason)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=accept, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["state"] * 19 + ["won"]
    accepted = select(func.count()).where(AuditEntry.event == "referral_accepted")
    assert db.session.scalar(accepted) == 1
    assert opens(sent.case_id, Compartment.IDENTITY, askers[0])["given"] == people.PLANTED


@pytest.mark.parametrize("whose", ["another shelter's", "kept", "unknown"])
def test_a_bed_that_is_not_free_is_refused_and_nothing_is_released(rinas: Actor, nrc: Actor, whose: str) -> None:
    first, second = people.sent(rinas), people.sent(rinas)
    referrals.accept(referral_id=first.referral_id, place_id=people.bed("NRC"), by=nrc)
    bed = {"another shelter's": people.bed("IOM"), "kept": people.bed("NRC"), "unknown": uuid.uuid4()}[whose]
    with pytest.raises(PlaceNotFree):
        referrals.accept(referral_id=second.referral_id, place_id=bed, by=nrc)
    assert status_of(second.referral_id) == "sent"
    opens_nothing(second.case_id, nrc, Compartment.HAND_OVER)


def test_a_bed_is_held_from_sending_and_kept_until_the_stay(rinas: Actor, nrc: Actor) -> None:
    before = places.room(by=nrc)
    sent = people.sent(rinas)
    assert places.room(by=nrc).free == before.free - 1
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    assert places.room(by=nrc).free == before.free - 1
    assert people.bed("NRC") not in [bed for bed, _ in places.free_places(by=nrc)]


def test_an_expired_referral_cannot_be_accepted_even_before_it_is_tended(rinas: Actor, nrc: Actor) -> None:
    sent = people.sent(rinas)
    factories.later(country().in_force(clock.now()).expires_within)
    with pytest.raises(IllegalTransition, match="late"):
        referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert status_of(sent.referral_id) == "sent"
    opens_nothing(sent.case_id, nrc, Compartment.HAND_OVER)


# --- declining


def test_a_decline_asks_the_next_party_at_once_without_the_sender(rinas: Actor, nrc: Actor, iom: Actor) -> None:
    sent = people.sent(rinas)
    following = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.CANNOT_MEET_NEED, by=nrc)
    assert following is not None
    assert store.referral(following, by=iom).receiver_code == "IOM"
    opens_nothing(sent.case_id, nrc)
    referrals.accept(referral_id=following, place_id=people.bed("IOM"), by=iom)
    assert opens(sent.case_id, Compartment.IDENTITY, iom)["given"] == people.PLANTED
    opens_nothing(sent.case_id, nrc)
    opens_nothing(sent.case_id, rinas)


def unplaced(duty: Actor) -> list[tuple[uuid.UUID, str]]:
    """The cases the duty officer has to decide on, and how their last referral ended."""
    return [(line.case_id, line.outcome) for line in duty_store.waiting(by=duty).rows if line.kind == "decision"]


def test_after_the_second_decline_nobody_is_asked_and_the_duty_officer_sees_it(
    rinas: Actor, nrc: Actor, iom: Actor, duty: Actor
) -> None:
    sent = people.sent(rinas)
    second = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert second is not None
    assert referrals.decline(referral_id=second, reason=DeclineReason.FULL, by=iom) is None
    assert unplaced(duty) == [(sent.case_id, "declined")]
    with pytest.raises(ReferralRefused, match="duty_officer_decides"):
        next_receiver.refer(
            case_id=sent.case_id,
            receiver_id=people.organisation("VATRA"),
            reason=OverrideReason.SAFETY,
            hand_over=people.HAND_OVER,
            by=rinas,
        )


def test_under_a_must_only_three_reasons_count(rinas: Actor, nrc: Actor) -> None:
    sent = people.sent(rinas, citizenship_class="third_country", citizenship="MD")
    assert store.referral(sent.referral_id, by=nrc).must
    for reason in (DeclineReason.OTHER, DeclineReason.CANNOT_MEET_NEED, DeclineReason.PERSON_DOES_NOT_WISH):
        with pytest.raises(IllegalTransition, match="must"):
            referrals.decline(referral_id=sent.referral_id, reason=reason, by=nrc)
    assert status_of(sent.referral_id) == "sent"


@pytest.mark.parametrize("reason", sorted(REASONS_UNDER_MUST))
def test_after_a_must_that_declined_the_next_of_its_clause_is_asked_and_after_that_the_duty_officer(
    rinas: Actor, nrc: Actor, iom: Actor, duty: Actor, reason: DeclineReason
) -> None:
    sent = people.sent(rinas, citizenship_class="third_country", citizenship="MD")
    following = referrals.decline(referral_id=sent.referral_id, reason=reason, by=nrc)
    assert following is not None
    asked = store.referral(following, by=iom)
    assert (asked.must, asked.clause) == (False, "2.1")
    assert referrals.decline(referral_id=following, reason=DeclineReason.OTHER, by=iom) is None
    assert unplaced(duty) == [(sent.case_id, "declined")]


# --- withdrawing


def test_after_a_withdrawal_the_asked_party_opens_nothing_and_the_sender_asks_another(
    rinas: Actor, nrc: Actor, iom: Actor
) -> None:
    sent = people.sent(rinas)
    opens(sent.case_id, Compartment.HAND_OVER, nrc)
    referrals.withdraw(referral_id=sent.referral_id, by=rinas)
    opens_nothing(sent.case_id, nrc)
    assert opens(sent.case_id, Compartment.IDENTITY, rinas)["given"] == people.PLANTED
    with pytest.raises(IllegalTransition):
        referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    again = next_receiver.refer(
        case_id=sent.case_id,
        receiver_id=people.organisation("IOM"),
        reason=OverrideReason.PERSON_WISHES,
        hand_over=people.HAND_OVER,
        by=rinas,
    )
    referrals.accept(referral_id=again, place_id=people.bed("IOM"), by=iom)
    assert opens(sent.case_id, Compartment.STORY, iom)


def test_old_grants_and_the_organisations_key_open_nothing_after_a_withdrawal(
    app: Flask, rinas: Actor, nrc: Actor
) -> None:
    """A backup of the main database of before, with the shred database of after."""
    sent = people.sent(rinas)
    kept = {
        model: [
            {column.key: getattr(row, column.key) for column in model.__table__.columns}
            for row in db.session.scalars(select(model).where(model.case_id == sent.case_id))
        ]
        for model in (Grant, PendingGrant)
    }
    keys = {
        (row.compartment, row.epoch): shredding.shred_key(sent.case_id, row.compartment, row.epoch)
        for row in db.session.scalars(select(PendingGrant).where(PendingGrant.case_id == sent.case_id))
    }
    sealed = vault.sealed_of(db.session(), sent.case_id)
    old_blobs = [(row.compartment, row.epoch, row.revision, bytes(row.sealed_value)) for row in sealed]
    assert all(keys.values())
    referrals.withdraw(referral_id=sent.referral_id, by=rinas)
    with transaction() as session:  # the old rows put back, as a restored backup would
        for row in vault.sealed_of(session, sent.case_id):
            old = next(each for each in old_blobs if each[0] == row.compartment)
            row.epoch, row.revision, row.sealed_value = old[1], old[2], old[3]
        for model in kept:
            session.query(model).where(model.case_id == sent.case_id).delete()
        session.flush()
        for model, rows in kept.items():
            session.add_all(model(**row) for row in rows)
        session.execute(update(Referral).values(status="sent"))
    opens_nothing(sent.case_id, nrc)
    for compartment, epoch in keys:
        assert shredding.shred_key(sent.case_id, compartment, epoch) is None
    folder = app.extensions["nrm.write_lock"].removesuffix("write.lock")
    with open(f"{folder}shred.db", "rb") as file:
        content = file.read()
    for key in keys.values():
        assert bytes(key or b"") not in content


def test_only_the_sender_withdraws_and_only_before_the_answer(rinas: Actor, nrc: Actor, duty: Actor) -> None:
    sent = people.sent(rinas)
    with pytest.raises(IllegalTransition, match="actor"):
        referrals.withdraw(referral_id=sent.referral_id, by=nrc)
    with pytest.raises(NotPermitted):
        referrals.withdraw(referral_id=sent.referral_id, by=duty)
    with pytest.raises(NotVisible):
        referrals.withdraw(referral_id=sent.referral_id, by=factories.actor("durres.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    with pytest.raises(IllegalTransition):
        referrals.withdraw(referral_id=sent.referral_id, by=rinas)


# --- the duty officer


def test_the_duty_officer_directs_and_the_shelter_cannot_decline(
    rinas: Actor, nrc: Actor, iom: Actor, duty: Actor
) -> None:
    sent = people.sent(rinas)
    second = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert second is not None
    referrals.decline(referral_id=second, reason=DeclineReason.OTHER, by=iom)
    directed = next_receiver.direct(
        case_id=sent.case_id, receiver_id=people.organisation("VATRA"), reason=OverrideReason.SAFETY, by=duty
    )
    vatra = factories.actor("vatra.case_worker")
    with pytest.raises(IllegalTransition, match="assigned"):
        referrals.decline(referral_id=directed, reason=DeclineReason.FULL, by=vatra)
    referrals.accept(referral_id=directed, place_id=people.bed("VATRA"), by=vatra)
    assert opens(sent.case_id, Compartment.IDENTITY, vatra)["given"] == people.PLANTED


def test_a_party_that_let_the_keys_go_opens_nothing_until_the_sender_sends_them(
    rinas: Actor, nrc: Actor, iom: Actor, duty: Actor
) -> None:
    sent = people.sent(rinas)
    second = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert second is not None
    referrals.decline(referral_id=second, reason=DeclineReason.OTHER, by=iom)
    directed = next_receiver.direct(
        case_id=sent.case_id, receiver_id=people.organisation("NRC"), reason=OverrideReason.SAFETY, by=duty
    )
    with pytest.raises(members.CannotOpen):
        referrals.accept(referral_id=directed, place_id=people.bed("NRC"), by=nrc)
    assert status_of(directed) == "sent"
    with pytest.raises(NotPermitted):
        next_receiver.offer(referral_id=directed, by=duty)
    next_receiver.offer(referral_id=directed, by=rinas)
    with pytest.raises(IllegalTransition):
        next_receiver.offer(referral_id=directed, by=rinas)
    referrals.accept(referral_id=directed, place_id=people.bed("NRC"), by=nrc)


def test_the_duty_officer_cannot_direct_while_somebody_is_asked_nor_to_who_is_no_shelter(
    rinas: Actor, duty: Actor, nrc: Actor
) -> None:
    sent = people.sent(rinas)
    with pytest.raises(ReferralRefused, match="already_open"):
        next_receiver.direct(
            case_id=sent.case_id, receiver_id=people.organisation("VATRA"), reason=OverrideReason.SAFETY, by=duty
        )
    referrals.withdraw(referral_id=sent.referral_id, by=rinas)
    for code in ("MOLSA", "TRP_UNIT", "RA", "DURRES"):
        with pytest.raises(ReferralRefused, match="no_shelter"):
            next_receiver.direct(
                case_id=sent.case_id, receiver_id=people.organisation(code), reason=OverrideReason.SAFETY, by=duty
            )
    with pytest.raises(NotPermitted):
        next_receiver.direct(
            case_id=sent.case_id, receiver_id=people.organisation("VATRA"), reason=OverrideReason.SAFETY, by=nrc
        )


def test_nobody_is_directed_to_a_party_they_struck_out_without_a_new_yes(rinas: Actor, duty: Actor) -> None:
    sent = people.sent(rinas, parties=["VATRA"])
    referrals.withdraw(referral_id=sent.referral_id, by=rinas)
    place: Callable[..., uuid.UUID] = next_receiver.direct
    with pytest.raises(ReferralRefused, match="struck_out"):
        place(case_id=sent.case_id, receiver_id=people.organisation("VATRA"), reason=OverrideReason.SAFETY, by=duty)
    assert place(
        case_id=sent.case_id,
        receiver_id=people.organisation("VATRA"),
        reason=OverrideReason.SAFETY,
        by=duty,
        by_name=ByName.YES,
    )


def test_the_duty_officer_ends_a_late_referral_but_not_one_in_time(rinas: Actor, duty: Actor, iom: Actor) -> None:
    sent = people.sent(rinas)
    with pytest.raises(IllegalTransition, match="early"):
        referrals.expire(referral_id=sent.referral_id, by=duty)
    factories.later(hours=1)
    duty = factories.actor("ra.duty_officer")
    assert ("4.3", 1, 1) in duty_store.clauses(by=duty)
    following = referrals.expire(referral_id=sent.referral_id, by=duty)
    assert following is not None
    assert store.referral(following, by=iom).receiver_code == "IOM"


def test_a_promise_by_telephone_stops_the_deadline_and_releases_no_key(rinas: Actor, nrc: Actor, duty: Actor) -> None:
    sent = people.sent(rinas)
    referrals.promise(referral_id=sent.referral_id, promised_by="Arta", by=rinas)
    with pytest.raises(IllegalTransition, match="actor"):
        referrals.promise(referral_id=sent.referral_id, promised_by="Arta", by=nrc)
    opens_nothing(sent.case_id, nrc, Compartment.HAND_OVER)
    factories.later(hours=2)
    assert store.referral(sent.referral_id, by=duty).late is False


@pytest.mark.slow
def test_a_promise_that_nobody_made_is_taken_back_for_ten_minutes(
    app: Flask, sign_in: Callable[[str], Person], rinas: Actor, nrc: Actor
) -> None:
    assert app
    sent = people.sent(rinas)
    before = store.referral(sent.referral_id, by=rinas)
    button, page = "Pressed by mistake: nobody promised it", f"/referrals/{sent.referral_id}"
    officer, desk = sign_in("rinas.border_officer"), sign_in("ra.duty_officer")
    desk.post(f"{page}/promise/back", {}, 409)  # nothing was promised
    factories.later(minutes=5)
    desk.post(f"{page}/promise", {"name": "Arta Leka"})
    assert "The next party is asked at" in desk.get("/duty?lang=en")  # the hour in the list is not that of the promise
    assert button in desk.get(f"{page}?lang=en")
    assert button not in officer.get(f"{page}?lang=en")
    officer.post(f"{page}/promise/back", {}, 404)  # somebody else pressed it
    sign_in("vatra.case_worker").post(f"{page}/promise/back", {}, 404)
    assert desk.post(f"{page}/promise/back") == page
    db.session.rollback()
    assert store.referral(sent.referral_id, by=rinas) == before
    assert button not in desk.get(f"{page}?lang=en")
    desk.post(f"{page}/promise/back", {}, 409)  # pressed twice
    # Recorded again, it puts the turn of the next party off no further than the first record did.
    factories.later(minutes=3)
    officer.post(f"{page}/promise", {"name": "Arta"})
    db.session.rollback()
    again = store.referral(sent.referral_id, by=rinas)
    put_off = again.expires_at - before.expires_at
    assert timedelta(minutes=5) <= put_off < timedelta(minutes=6), put_off
    assert officer.post(f"{page}/promise/back") == page
    db.session.rollback()
    assert abs(store.referral(sent.referral_id, by=rinas).expires_at - before.expires_at) < timedelta(seconds=1)
    officer.post(f"{page}/promise", {"name": "Arta"})
    factories.later(minutes=11)
    assert button not in officer.get(f"{page}?lang=en")
    assert "more than ten minutes ago" in officer.post(f"{page}/promise/back?lang=en", {}, 409)
    db.session.rollback()
    assert store.referral(sent.referral_id, by=rinas).promised_by == "Arta"


# --- arriving


def test_on_arrival_only_the_quarter_of_the_hours_is_kept(rinas: Actor, nrc: Actor, iom: Actor) -> None:
    sent = people.sent(rinas)
    second = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.FULL, by=nrc)
    assert second is not None
    referrals.accept(
        referral_id=second,
        place_id=people.bed("IOM"),
        expected_at=clock.now() + timedelta(hours=2),
        by=iom,
    )
    referrals.arrive(referral_id=second, by=iom)
    zone = country().timezone
    start = Quarter.of(clock.now().astimezone(zone).date()).start
    rows = db.session.scalars(select(Referral).execution_options(populate_existing=True)).all()
    assert len(rows) == 2
    for row in rows:
        for at in (row.sent_at, row.due_at, row.expires_at, row.decided_at, row.expected_at, row.arrived_at):
            if at is not None:
                local = at.astimezone(zone)
                assert (local.date(), local.hour, local.minute) == (start, 0, 0)
    assert store.referral(second, by=iom).quarter == str(Quarter.of(start))
    assert store.referral(second, by=rinas).status is ReferralStatus.ARRIVED
    # Sent at the end of a quarter, it was due in the next one: the two first instants are no hours, either.
    ahead = datetime.combine(start + timedelta(days=93), time.min, tzinfo=zone).replace(day=1)
    db.session.execute(update(Referral).where(Referral.id == second).values(due_at=ahead))
    db.session.commit()
    assert store.referral(second, by=iom).quarter == str(Quarter.of(start))
    done = db.session.scalars(select(Obligation).where(Obligation.done_at.is_not(None))).all()
    assert {row.kind for row in done} >= {"arrival"}
    assert all(row.due_at is None or row.due_at.astimezone(zone).date() == start for row in done)


def test_what_is_still_owed_keeps_its_hour_until_it_is_done(rinas: Actor, nrc: Actor, duty: Actor) -> None:
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    (told,) = [line for line in obligations.of_case(sent.case_id, by=duty) if line.kind == "notify"]
    assert told.due_at is not None
    assert told.due_at > clock.now()
    assert told.own
    referrals.acknowledge(obligation_id=told.id, by=duty)
    (told,) = [line for line in obligations.of_case(sent.case_id, by=duty) if line.kind == "notify"]
    assert told.due_at is not None
    assert told.due_at < clock.now()
    assert told.done_at == told.due_at


def test_a_person_who_does_not_come_frees_the_bed(rinas: Actor, nrc: Actor, duty: Actor) -> None:
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    with pytest.raises(NotVisible):
        referrals.not_arrived(referral_id=sent.referral_id, by=factories.actor("vatra.case_worker"))
    referrals.not_arrived(referral_id=sent.referral_id, by=duty)
    assert people.bed("NRC") in [bed for bed, _ in places.free_places(by=nrc)]
    with pytest.raises(NotVisible):
        referrals.arrive(referral_id=sent.referral_id, by=factories.actor("vatra.case_worker"))
    referrals.arrive(referral_id=sent.referral_id, by=nrc)  # she came after all
    with pytest.raises(IllegalTransition):
        referrals.not_arrived(referral_id=sent.referral_id, by=nrc)


# --- who has to be told


def test_only_the_party_that_owes_it_acknowledges(rinas: Actor, nrc: Actor, duty: Actor) -> None:
    sent = people.sent(rinas, age="child")
    authority = factories.actor("child_protection.case_worker")
    (line,) = [each for each in obligations.owed(by=authority).rows if each.kind == "notify"]
    assert line.pseudonym == sent.pseudonym
    for stranger in (nrc, rinas, duty, factories.actor("trp_unit.trp_officer")):
        with pytest.raises(NotVisible):
            referrals.acknowledge(obligation_id=line.id, by=stranger)
    referrals.acknowledge(obligation_id=line.id, by=authority)
    with pytest.raises(IllegalTransition):
        referrals.acknowledge(obligation_id=line.id, by=authority)
    assert [each.kind for each in obligations.owed(by=authority).rows if each.kind == "notify"] == []


def test_lists_come_in_pages_that_neither_skip_nor_repeat(rinas: Actor, nrc: Actor) -> None:
    sent = {people.sent(rinas).referral_id for _ in range(5)}
    for listed, by in ((store.received, nrc), (store.sent, rinas)):
        seen: list[uuid.UUID] = []
        after = ""
        while True:
            page = listed(by=by, after=after, size=2)
            assert len(page.rows) <= 2
            seen += [line.id for line in page.rows]
            after = page.after
            if not after:
                break
        assert len(seen) == 5
        assert set(seen) == sent
        for forged in ("x", "2026-01-01~y", "2026-01-01T00:00:00~" + str(uuid.uuid4())):
            with pytest.raises(NotVisible):
                listed(by=by, after=forged)


def test_an_assessment_of_a_child_is_never_acknowledged_only_found(rinas: Actor, duty: Actor) -> None:
    sent = people.sent(rinas, age="child")
    authority = factories.actor("child_protection.case_worker")
    steps = [line for line in obligations.of_case(sent.case_id, by=duty) if line.kind.startswith("assess_")]
    assert len(steps) == 3
    for step in steps:
        assert not step.may_acknowledge
        for by in (duty, authority):
            with pytest.raises(NotVisible):
                referrals.acknowledge(obligation_id=step.id, by=by)


def test_an_arrival_is_never_acknowledged_only_recorded(rinas: Actor, nrc: Actor, duty: Actor) -> None:
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    (arrival,) = [line for line in obligations.of_case(sent.case_id, by=nrc) if line.kind == "arrival"]
    for by in (nrc, duty):
        with pytest.raises(NotVisible):
            referrals.acknowledge(obligation_id=arrival.id, by=by)
    (line,) = [line for line in duty_store.waiting(by=duty).rows if line.step == "arrival"]
    assert (line.id, line.late, line.may_acknowledge) == (arrival.id, False, False)


def test_a_shelter_disabled_since_the_route_was_computed_is_passed_over(rinas: Actor, nrc: Actor) -> None:
    sent = people.sent(rinas)
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.code == "IOM").values(enabled=False))
    following = referrals.decline(referral_id=sent.referral_id, reason=DeclineReason.OTHER, by=nrc)
    assert following is not None
    receiver = db.session.get_one(Organisation, db.session.get_one(Referral, following).receiver_id)
    assert receiver.code == "TJETER_VIZION"


def test_a_reader_of_one_shared_part_sees_neither_the_route_nor_what_is_owed(world_app: tuple[Flask, World]) -> None:
    """The page to ask another shelter named the party that the person had struck out."""
    app, world = world_app
    holder = factories.actor("nrc.case_worker")
    with transaction() as session:  # as of somebody who was a child, and agreed at 18 that they read on
        office = people.organisation("CHILD_PROTECTION")
        sharing.share(session, world.case, Compartment.IDENTITY, [office], by=holder)
    reader = Person(app.test_client(), "child_protection.case_worker")
    reader.get(f"/cases/{world.case}", status=200)
    for page in ("refer", "opened"):
        reader.get(f"/cases/{world.case}/{page}", status=404)
    reader.post(f"/cases/{world.case}/refer", {}, status=404)
    with pytest.raises(NotVisible):
        next_receiver_store.barred(world.case, by=factories.actor("child_protection.case_worker"))


def test_opening_the_hand_over_of_a_referral_that_was_answered_says_that_it_is_over(
    world_app: tuple[Flask, World],
) -> None:
    """It said that some answers could not be kept, and marked none."""
    app, world = world_app
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=world.asked, place_id=people.bed("NRC", 3), by=nrc)
    referrals.arrive(referral_id=world.asked, by=nrc)
    page = Person(app.test_client(), "nrc.case_worker").post(f"/referrals/{world.asked}/open", {}, status=409)
    assert "Disa përgjigje" not in page
