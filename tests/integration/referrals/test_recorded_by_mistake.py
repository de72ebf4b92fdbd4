"""They have not left after all; the wrong person was accepted: taken back with a reason, and kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.referrals import mistakes, next_receiver, referrals
from nrm.actions.shelter import absences, house_labels, shifts
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.referrals import Escort, IllegalTransition, OverrideReason, PlaceNotFree
from nrm.domain.referrals.transfers import Stand, TransferRefused
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.shifts import ShiftKind
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.corrections import StayCorrection
from nrm.store.countries import country
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals import transfers as store
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import stays as stay_store
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import compartments as vault
from nrm.vault import members
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.shelter.test_transfers import IOM, NRC, VATRA, Move, holds_no_key, note, notes, opens

SignIn = Callable[[str], Person]
BACK = {"why": "mistold", "expected": "4"}
RINAS = "rinas.border_officer"


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    return app


def _back(move: Move, by: Actor | None = None) -> None:
    soon = clock.now() + timedelta(hours=4)
    mistakes.take_back_departure(referral_id=move.referral_id, why=Why.MISTOLD, expected_at=soon, by=by or move.vatra)


def _entries(referral_id: uuid.UUID) -> list[ReferralMistake]:
    db.session.rollback()
    statement = select(ReferralMistake).where(ReferralMistake.referral_id == referral_id)
    return list(db.session.scalars(statement.order_by(ReferralMistake.position)))


def _stand(move: Move, by: Actor) -> Stand:
    db.session.rollback()
    line = store.of_case(move.case_id, by=by)
    assert line is not None
    return line.stand


def test_a_departure_recorded_too_early_is_taken_back_and_the_receiver_gives_the_keys_again() -> None:
    move = Move().accept()
    place = stay_store.stay(move.stay_id, by=move.vatra).place_id
    note(move.case_id, "before", move.vatra)
    move.depart()
    holds_no_key(move.case_id, move.vatra)
    for stranger in (move.nrc, factories.actor(IOM), factories.actor("ra.duty_officer"), factories.actor(RINAS)):
        with pytest.raises((IllegalTransition, NotVisible, NotPermitted)):
            _back(move, stranger)
    _back(move)
    row = move.referral
    assert (row.status, row.departed_at, row.escort) == ("accepted", None, "")
    assert move.ended_on is None  # the stay goes on in its place, and its nights count
    line = stay_store.stay(move.stay_id, by=move.vatra)
    assert (line.place_id, line.nights) == (place, 3)
    struck = db.session.scalars(select(StayCorrection).where(StayCorrection.stay_id == move.stay_id)).one()
    assert (struck.kind, struck.why, struck.was["exit_reason"]) == ("exit", "mistold", "transferred")
    (entry,) = _entries(move.referral_id)
    assert (entry.kind, entry.why, entry.escort, entry.settled) == ("departure", "mistold", "woman_staff", False)
    # Of itself that gives nobody a key.
    holds_no_key(move.case_id, move.vatra)
    assert (_stand(move, move.vatra), _stand(move, move.nrc)) == (Stand.TAKEN_BACK, Stand.TAKEN_BACK)
    with pytest.raises(TransferRefused, match="no_key"):
        move.call_off(move.vatra)
    for stranger in (move.vatra, factories.actor(IOM)):
        with pytest.raises((NotVisible, NotPermitted)):
            mistakes.let_both_write(referral_id=move.referral_id, by=stranger)
    note(move.case_id, "of the receiver", move.nrc)
    mistakes.let_both_write(referral_id=move.referral_id, by=move.nrc)
    assert _stand(move, move.vatra) is Stand.BOTH
    assert case_store.case(move.case_id, by=move.vatra).relation is CaseRelation.HANDING_ON
    assert opens(move.case_id, move.vatra).value["given"] == people.PLANTED
    assert notes(move.case_id, move.vatra) == ["before", "of the receiver"]
    # And once they have left in truth, it is as if nothing had been.
    move.depart()
    holds_no_key(move.case_id, move.vatra)
    assert [each.settled for each in _entries(move.referral_id)] == [True]
    with pytest.raises(IllegalTransition):
        mistakes.let_both_write(referral_id=move.referral_id, by=move.nrc)
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    with pytest.raises(IllegalTransition):
        _back(move)
    assert [each.known_on.day for each in _entries(move.referral_id)] == [1]  # of the time only the quarter is kept


def test_a_departure_taken_back_can_be_called_off_by_the_receiver_and_the_case_is_whole() -> None:
    move = Move().accept()
    move.depart()
    referrals.not_arrived(referral_id=move.referral_id, by=move.nrc)  # and nobody was on any first page of the sender
    _back(move)
    assert move.referral.status == "accepted"
    with pytest.raises(TransferRefused, match="moved_at_once"):  # nobody reads any more why she moves
        mistakes.let_both_write(referral_id=move.referral_id, by=move.nrc)
    with pytest.raises(IllegalTransition, match="still_there"):
        referrals.not_arrived(referral_id=move.referral_id, by=move.nrc)
    move.call_off(move.nrc)
    assert db.session.get_one(Case, move.case_id, populate_existing=True).holder_id == move.vatra.organisation_id
    assert opens(move.case_id, move.vatra).value["given"] == people.PLANTED
    holds_no_key(move.case_id, move.nrc)


def test_where_the_keys_moved_because_she_is_not_safe_there_they_do_not_go_back() -> None:
    move = Move(people.NOT_SAFE).accept()
    move.depart()
    _back(move)
    with pytest.raises(TransferRefused, match="moved_at_once"):
        mistakes.let_both_write(referral_id=move.referral_id, by=move.nrc)
    holds_no_key(move.case_id, move.vatra)


def test_a_departure_is_not_taken_back_while_an_alarm_stands_nor_twice() -> None:
    move = Move().accept()
    with pytest.raises(IllegalTransition, match="state"):
        _back(move)
    move.depart()
    absences.report(case_id=move.case_id, since=clock.now(), feared=Feared.NO, by=move.nrc)
    with pytest.raises(IllegalTransition, match="missing"):
        _back(move)
    absences.found(missing_id=absence_store.missing(by=move.nrc)[0].id, by=move.nrc)
    _back(move)
    with pytest.raises(IllegalTransition, match="state"):
        _back(move)


def test_a_row_by_hand_gives_no_key_back() -> None:
    """Whoever writes to the database alone: an entry without its mark, and one that was settled once."""
    move, other = Move().accept(), Move().accept(bed=8)
    move.depart()
    forged = {"position": 1, "kind": "departure", "why": "mistold", "escort": "woman_staff", "settled": False}
    with transaction() as session:
        session.execute(update(Referral).where(Referral.id == move.referral_id).values(departed_at=None, escort=""))
        session.add(
            ReferralMistake(
                id=uuid.uuid4(),
                referral_id=move.referral_id,
                known_on=clock.now().date(),
                entered_by_id=move.vatra.member_id,
                mark=b"forged",
                **forged,
            )
        )
    with pytest.raises(IllegalTransition):
        mistakes.let_both_write(referral_id=move.referral_id, by=move.nrc)
    with pytest.raises((IllegalTransition, members.CannotOpen)):
        move.call_off(move.nrc)
    holds_no_key(move.case_id, move.vatra)
    other.depart()
    _back(other)
    other.depart()
    with transaction() as session:
        session.execute(
            update(ReferralMistake).where(ReferralMistake.referral_id == other.referral_id).values(settled=False)
        )
        session.execute(update(Referral).where(Referral.id == other.referral_id).values(departed_at=None, escort=""))
    with pytest.raises(IllegalTransition):
        mistakes.let_both_write(referral_id=other.referral_id, by=other.nrc)
    holds_no_key(other.case_id, other.vatra)


@pytest.mark.slow
def test_the_pages_of_a_departure_that_was_recorded_too_early(sign_in: SignIn) -> None:
    move = Move().accept()
    vatra, nrc, address = sign_in(VATRA), sign_in(NRC), f"/referrals/{move.referral_id}"
    vatra.post(f"{address}/depart", {"escort": "woman_staff", "expected": "2"})
    back = f"{address}/depart/back"
    for start in (address, "/referrals/sent"):
        assert start == "/referrals/sent" or back in vatra.get(f"{start}?lang=en")
    assert "gives you the keys again, or calls the move off" in vatra.get(f"{back}?lang=en")
    page = vatra.post(f"{back}?lang=en", {"expected": "4"}, 422)
    assert "Choose why the entry was wrong" in page
    for login in (IOM, "tjeter_vizion.case_worker"):
        sign_in(login).get(back, 404)
        sign_in(login).post(back, BACK, 404)
    vatra.post(back, BACK)
    vatra.post(back, BACK, 409)
    page = vatra.get(f"{address}?lang=en")
    assert "You took back that they have left" in page
    assert "Recorded by mistake, and taken back" in page
    assert f"/stays/{move.stay_id}" in page
    for start in ("/?lang=en", f"{address}?lang=en"):
        assert "took back that they have left" in nrc.get(start), start
    keys = f"{address}/keys-back"
    assert keys in nrc.get(address)
    assert "Are you sure that the person is not with you" in nrc.get(f"{keys}?lang=en")
    sign_in(IOM).post(keys, {}, 404)
    nrc.post(keys, {})
    nrc.post(keys, {}, 409)
    vatra.get(f"/cases/{move.case_id}")


@pytest.mark.slow
def test_an_officer_takes_back_that_they_have_left(sign_in: SignIn) -> None:
    nrc, sent = factories.actor(NRC), people.sent(factories.actor(RINAS))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    officer, address = sign_in(RINAS), f"/referrals/{sent.referral_id}"
    officer.post(f"{address}/depart", {"escort": "woman_officer", "expected": "2", "without": "y"})
    assert f"{address}/depart/back" in sign_in("ra.duty_officer").get(address)
    officer.post(f"{address}/depart/back", BACK)
    row = db.session.get_one(Referral, sent.referral_id, populate_existing=True)
    assert (row.status, row.departed_at) == ("accepted", None)
    db.session.rollback()
    assert "Recorded by mistake" in sign_in(NRC).get(f"{address}?lang=en")
    holds_no_key(sent.case_id, factories.actor(RINAS))


@pytest.mark.slow
def test_who_has_not_left_may_be_awaited_at_no_hour_because_nobody_knows_it_yet(sign_in: SignIn) -> None:
    nrc, sent = factories.actor(NRC), people.sent(factories.actor(RINAS))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    officer, address = sign_in(RINAS), f"/referrals/{sent.referral_id}"
    officer.post(f"{address}/depart", {"escort": "woman_officer", "expected": "2", "without": "y"})
    page = officer.get(f"{address}/depart/back?lang=en")
    assert "Not known yet" in page
    unsaid = officer.post(f"{address}/depart/back?lang=en", {"why": "mistold"}, 422)
    assert "Choose when they should arrive" in unsaid  # and that it is not known is said, too
    officer.post(f"{address}/depart/back", {"why": "mistold", "expected": ""})
    row = db.session.get_one(Referral, sent.referral_id, populate_existing=True)
    assert (row.status, row.departed_at, row.expected_at) == ("accepted", None, None)
    db.session.rollback()
    for login in (RINAS, NRC, "ra.duty_officer"):
        assert "Expected to arrive" not in sign_in(login).get(f"{address}?lang=en"), login
    sign_in("ra.duty_officer").get("/duty")
    # And once they have left in truth, there is an hour again.
    officer.post(f"{address}/depart", {"escort": "woman_officer", "expected": "2", "without": "y"})
    assert db.session.get_one(Referral, sent.referral_id, populate_existing=True).expected_at is not None


def test_a_stale_page_does_not_change_the_escort_that_was_written_since(sign_in: SignIn) -> None:
    nrc, sent = factories.actor(NRC), people.sent(factories.actor(RINAS))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    officer, address = sign_in(RINAS), f"/referrals/{sent.referral_id}/depart"
    assert 'name="seen"' in officer.get(address)
    stale = {"escort": "woman_officer", "expected": "24", "seen": "", "without": "y"}
    officer.post(address, {"escort": "woman_social_worker", "expected": "1", "seen": "", "without": "y"})
    page = officer.post(f"{address}?lang=en", stale, 409)
    assert "Somebody recorded another departure" in page
    assert "Recorded now" in page
    assert "a woman social worker" in page
    row = db.session.get_one(Referral, sent.referral_id, populate_existing=True)
    assert row.escort == "woman_social_worker"
    seen = page.partition('name="seen"')[2].partition('value="')[2].partition('"')[0]
    db.session.rollback()
    officer.post(address, {**stale, "seen": seen})  # read, and meant
    assert db.session.get_one(Referral, sent.referral_id, populate_existing=True).escort == "woman_officer"


# --- a wrong acceptance


@pytest.mark.slow
def test_a_person_accepted_by_mistake_stays_on_every_desk_until_another_shelter_is_asked(sign_in: SignIn) -> None:
    nrc, sent = factories.actor(NRC), people.sent(factories.actor(RINAS))
    place = people.bed("NRC")
    referrals.accept(referral_id=sent.referral_id, place_id=place, by=nrc)
    person, officer, address = sign_in(NRC), sign_in(RINAS), f"/referrals/{sent.referral_id}"
    back = f"{address}/accept/back"
    assert back in person.get(address)
    assert back in person.get(f"/cases/{sent.case_id}")
    warned = person.get(f"{back}?lang=en")
    assert "Nobody else can open the case now" in warned
    line = referral_store.referral(sent.referral_id, by=nrc)
    db.session.rollback()
    assert f'<a href="tel:{line.sender_telephone.replace(" ", "")}">' in warned.partition("Call the sender")[2]
    assert "Choose why" in person.post(f"{back}?lang=en", {}, 422)
    person.post(back, {"why": "came_back"}, 422)  # nobody had gone
    sign_in(IOM).get(back, 404)
    sign_in(IOM).post(back, {"why": "other_person"}, 404)
    officer.post(back, {"why": "other_person"}, 403)
    person.post(back, {"why": "other_person"})
    person.post(back, {"why": "other_person"}, 409)
    row = db.session.get_one(Referral, sent.referral_id, populate_existing=True)
    assert (row.status, row.arrived_at) == ("mistaken", None)
    db.session.rollback()
    code = sent.pseudonym
    home = person.get("/?lang=en")
    assert "accepted by mistake" in home
    assert "Say where the person is" not in home
    for path in ("/?lang=en", "/duty?lang=en"):
        at_the_desk = sign_in("ra.duty_officer").get(path)
        assert code in at_the_desk.partition("Accepted by mistake: the shelter asks another one")[2]
        assert "Did not arrive" not in at_the_desk
    told = officer.get("/?lang=en")
    assert "do not set off" in told
    page = officer.get(f"{address}?lang=en")
    assert "Do not set off" in page
    desk_number = country().in_force(clock.now()).parties["RA"].on_call
    assert f">{desk_number}</a>" in page.partition("Do not set off")[2].partition("</div>")[0]
    officer.post(f"{address}/depart", {"escort": "woman_officer", "expected": "2", "without": "y"}, 409)
    holds_no_key(sent.case_id, factories.actor(RINAS))
    assert case_store.case(sent.case_id, by=nrc).relation is CaseRelation.HOLDER
    # It asks another one, which sees the hand-over; the post learns that somebody takes the person in, and not who.
    vatra = factories.actor(VATRA)
    asked = next_receiver.refer(
        case_id=sent.case_id,
        receiver_id=vatra.organisation_id,
        reason=OverrideReason.SAFETY,
        by_name=ByName.YES,
        hand_over=people.HAND_OVER,
        by=nrc,
    )
    assert "Another shelter is being asked now." in officer.get(f"{address}?lang=en")
    assert code not in sign_in("ra.duty_officer").get("/").partition("Accepted by mistake")[2]
    referrals.accept(referral_id=asked, place_id=people.bed("VATRA"), by=factories.actor(VATRA))
    page = officer.get(f"{address}?lang=en")
    assert "Another shelter takes the person in. Ask the duty desk where it meets you." in page
    assert "Vatra" not in page
    person.get(f"{address}/accept/after-all", 409)


def test_who_was_accepted_by_mistake_can_be_taken_in_after_all_or_come() -> None:
    nrc, rinas = factories.actor(NRC), factories.actor(RINAS)
    first, second, third = people.sent(rinas), people.sent(rinas), people.sent(rinas)
    for number, each in enumerate((first, second, third)):
        referrals.accept(referral_id=each.referral_id, place_id=people.bed("NRC", number), by=nrc)
    referrals.depart(
        referral_id=third.referral_id,
        escort=Escort.WOMAN_OFFICER,
        expected_at=clock.now() + timedelta(hours=1),
        by=rinas,
    )
    with pytest.raises(IllegalTransition, match="on_the_way"):
        mistakes.take_back_acceptance(referral_id=third.referral_id, why=Why.OTHER_PERSON, by=nrc)
    for each in (first, second):
        mistakes.take_back_acceptance(referral_id=each.referral_id, why=Why.OTHER_PERSON, by=nrc)
    with pytest.raises(PlaceNotFree):
        mistakes.take_after_all(referral_id=first.referral_id, place_id=people.bed("NRC", 2), by=nrc)
    mistakes.take_after_all(referral_id=first.referral_id, place_id=people.bed("NRC", 0), by=nrc)
    assert db.session.get_one(Referral, first.referral_id, populate_existing=True).status == "accepted"
    referrals.arrive(referral_id=second.referral_id, by=nrc)
    assert db.session.get_one(Referral, second.referral_id, populate_existing=True).status == "arrived"


def test_a_move_that_was_accepted_by_mistake_is_called_off() -> None:
    move = Move().accept()
    with pytest.raises(IllegalTransition, match="state"):
        mistakes.take_back_acceptance(referral_id=move.referral_id, why=Why.OTHER_PERSON, by=move.nrc)
    move.call_off(move.nrc)
    opens(move.case_id, move.vatra)


def test_no_row_takes_back_what_is_no_departure_or_acceptance() -> None:
    by = factories.actor(NRC)
    sent = people.sent(factories.actor(RINAS))
    row = {
        "referral_id": sent.referral_id,
        "position": 1,
        "why": "mistyped",
        "known_on": clock.now().date(),
        "entered_by_id": by.member_id,
        "mark": b"x",
    }
    for wrong in (
        {"kind": "answer", "escort": ""},
        {"kind": "departure", "escort": ""},
        {"kind": "acceptance", "escort": "woman_staff"},
        {"kind": "acceptance", "escort": "", "why": "because"},
        {"kind": "acceptance", "escort": "", "position": 0},
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.add(ReferralMistake(id=uuid.uuid4(), **{**row, **wrong}))
    with transaction() as session:
        session.add(ReferralMistake(id=uuid.uuid4(), **row, kind="acceptance", escort=""))


# --- the house label while a move stands


@pytest.mark.slow
def test_the_house_label_lives_until_she_has_left_the_house(sign_in: Callable[[str], Person]) -> None:
    move = Move()
    house_labels.write(case_id=move.case_id, nickname="Lule", room="3", by=move.vatra)
    move.accept()
    assert house_labels.HOUSE_LABEL in vault.compartments_of(db.session(), move.case_id)
    shifts.begin(kind=ShiftKind.DUTY, by=move.vatra)
    label = {"nickname": "Lule", "room": "3"}
    assert house_labels.read([move.case_id], by=move.vatra) == {move.case_id: label}
    shifts.begin(kind=ShiftKind.DUTY, by=move.nrc)
    assert house_labels.read([move.case_id], by=move.nrc) == {}
    nrc = sign_in(NRC)
    for page in ("", "/consents", "/share", "/refer"):  # the label of the other house is no part of the case
        path = f"/cases/{move.case_id}{page}"
        assert "Lule" not in nrc.get(path)
    note(move.case_id, "both write", move.nrc)
    move.depart()
    assert house_labels.HOUSE_LABEL not in vault.compartments_of(db.session(), move.case_id)
    house_labels.write(case_id=move.case_id, nickname="Here", room="1", by=move.nrc)
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    assert house_labels.read([move.case_id], by=move.nrc)[move.case_id]["nickname"] == "Here"


def test_a_house_label_is_still_there_once_the_move_is_called_off_and_gives_no_stranger_anything() -> None:
    move, at_once = Move(), Move(people.NOT_SAFE)
    for each in (move, at_once):
        house_labels.write(case_id=each.case_id, nickname="Lule", room="3", by=each.vatra)
    move.accept()
    at_once.accept(bed=8)
    assert house_labels.HOUSE_LABEL not in vault.compartments_of(db.session(), at_once.case_id)
    with pytest.raises(members.CannotOpen):
        house_labels.write(case_id=move.case_id, nickname="Here", room="1", by=move.nrc)
    move.call_off(move.nrc)
    shifts.begin(kind=ShiftKind.DUTY, by=move.vatra)
    assert house_labels.read([move.case_id], by=move.vatra)[move.case_id]["nickname"] == "Lule"
