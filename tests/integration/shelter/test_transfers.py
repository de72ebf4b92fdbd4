"""Between shelters the keys move when the person moves: who reads and writes what, from the question to the arrival."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals, transfers
from nrm.actions.shelter import absences, cases, stays
from nrm.db import Model, db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.referrals import (
    DeclineReason,
    Escort,
    IllegalTransition,
    OverrideReason,
    ReferralRefused,
)
from nrm.domain.referrals.transfers import MEETING, TRANSFER, CallOff, HandOver, MoveReason, Stand, TransferRefused
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, Period
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, Grant, Reading, SealedCompartment
from nrm.models.shelter.stays import Stay
from nrm.steps.referrals import hand_overs
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.referrals import referrals as referral_store
from nrm.store.referrals import transfers as store
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import cases as case_store
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import compartments as vault
from nrm.vault import members, shredding
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

VATRA, NRC, IOM = "vatra.shelter_manager", "nrc.case_worker", "iom.case_worker"
REASONS = pytest.mark.parametrize("hand_over", [people.HAND_OVER, people.NOT_SAFE], ids=["both write", "at once"])


class Move:
    """A woman who sleeps at Vatra, and the National Reception Centre, which is asked to take her over."""

    def __init__(self, hand_over: HandOver = people.HAND_OVER, *, days_ago: int = 3) -> None:
        self.vatra, self.nrc = factories.actor(VATRA), factories.actor(NRC)
        own = admitted(self.vatra, identity={"given": people.PLANTED}, story=people.TOLD, days_ago=days_ago)
        self.case_id, self.stay_id = own.case_id, own.stay_id
        self.referral_id = self.ask("NRC", hand_over)

    def ask(self, code: str, hand_over: HandOver = people.HAND_OVER) -> uuid.UUID:
        return next_receiver.refer(
            case_id=self.case_id,
            receiver_id=people.organisation(code),
            reason=OverrideReason.PERSON_WISHES,
            by_name=ByName.YES,
            hand_over=hand_over,
            by=self.vatra,
        )

    def accept(self, bed: int = 7) -> Move:
        referrals.accept(referral_id=self.referral_id, place_id=people.bed("NRC", bed), by=self.nrc)
        return self

    def depart(self, by: Actor | None = None) -> None:
        soon = clock.now() + timedelta(hours=2)
        referrals.depart(referral_id=self.referral_id, escort=Escort.WOMAN_STAFF, expected_at=soon, by=by or self.vatra)

    def later(self, **more: int) -> None:
        factories.later(**more)
        self.vatra, self.nrc = factories.actor(VATRA), factories.actor(NRC)

    def call_off(self, by: Actor) -> None:
        referrals.call_off(referral_id=self.referral_id, reason=CallOff.ILL, words="She is ill.", by=by)

    @property
    def referral(self) -> Referral:
        return db.session.get_one(Referral, self.referral_id, populate_existing=True)

    @property
    def ended_on(self) -> object:
        return db.session.get_one(Stay, self.stay_id, populate_existing=True).ended_on


def opens(case_id: uuid.UUID, by: Actor, compartment: Compartment = Compartment.IDENTITY) -> vault.Opened:
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment]


def opens_nothing(case_id: uuid.UUID, by: Actor) -> None:
    assert _opened(case_id, by) == []
    for compartment in Compartment:
        with pytest.raises((members.CannotOpen, NotVisible, NotPermitted, CaseRefused)):
            cases.open_compartment(case_id=case_id, compartment=compartment, purpose=Purpose.CARE, by=by)


def holds_no_key(case_id: uuid.UUID, by: Actor) -> None:
    """As `opens_nothing`, at the vault itself, which asks nobody for a relation."""
    opens_nothing(case_id, by)
    for compartment in Compartment:
        with pytest.raises(members.CannotOpen), transaction() as session:
            vault.allow(session, case_id, compartment, "test", by=by)


def _opened(case_id: uuid.UUID, by: Actor) -> list[Compartment]:
    try:
        return list(case_steps.opened(case_id=case_id, by=by))
    except NotVisible:
        return []


def note(case_id: uuid.UUID, text: str, by: Actor) -> None:
    cases.add_note(case_id=case_id, text=text, by=by)


def notes(case_id: uuid.UUID, by: Actor) -> list[str]:
    opens(case_id, by, Compartment.CARE)
    return [str(each["text"]) for each in case_steps.notes(case_id=case_id, by=by)]


def read(move: Move, by: Actor, what: str = TRANSFER) -> dict[str, object] | None:
    transfers.open_written(referral_id=move.referral_id, what=what, by=by)
    return hand_overs.written(move.referral_id, what, by=by)


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    return app


# --- before the answer


def test_the_asked_shelter_reads_what_was_written_now_and_nobody_else_does() -> None:
    move = Move()
    with pytest.raises(NotVisible):
        read(move, factories.actor(IOM))
    for other in (move.vatra, factories.actor("ra.duty_officer")):  # the sender keeps no key to what it sealed
        with pytest.raises(NotVisible):
            read(move, other)
        with pytest.raises(members.CannotOpen), transaction() as session:
            vault.allow(session, move.referral_id, TRANSFER, "test", by=other)
    assert hand_overs.written(move.referral_id, TRANSFER, by=move.nrc) is None  # not before it says why
    told = read(move, move.nrc)
    assert told is not None
    assert (told["needs"], told["reason"], told["children"]) == (
        people.SECRET_NEED,
        "own_wish",
        "a boy of four, with her",
    )
    reading = db.session.scalars(select(Reading).where(Reading.compartment == TRANSFER)).one()
    assert (reading.case_id, reading.purpose, reading.organisation_id) == (
        move.case_id,
        "answer",
        move.nrc.organisation_id,
    )
    assert reading.holder_id == move.vatra.organisation_id  # so the sender sees that it was opened
    for compartment in set(Compartment) - {Compartment.HAND_OVER}:  # of the case itself not more than before
        with pytest.raises(members.CannotOpen):
            opens(move.case_id, move.nrc, compartment)


def test_the_main_database_holds_no_word_of_a_hand_over_nor_why_she_moves() -> None:
    move = Move(people.NOT_SAFE)
    transfers_of_it = {people.SECRET_NEED, "brother in law", "boy of four", "near her sister", "not_safe_here"}
    for after in (lambda: None, move.accept, lambda: move.call_off(move.nrc)):
        after()
        stored = repr(
            [tuple(row) for table in Model.metadata.sorted_tables for row in db.session.execute(select(*table.columns))]
        )
        assert [each for each in transfers_of_it if each in stored] == []


def test_without_a_hand_over_nobody_is_asked() -> None:
    move = Move()
    referrals.withdraw(referral_id=move.referral_id, by=move.vatra)
    with pytest.raises(ReferralRefused, match="no_hand_over"):
        move.ask("IOM", None)  # type: ignore[arg-type]


def _refused(move: Move) -> None:
    referrals.decline(referral_id=move.referral_id, reason=DeclineReason.FULL, by=move.nrc)


def _withdrawn(move: Move) -> None:
    referrals.withdraw(referral_id=move.referral_id, by=move.vatra)


def _expired(move: Move) -> None:
    move.later(hours=30)
    referrals.expire(referral_id=move.referral_id, by=Actor.system("tend"))


@pytest.mark.parametrize("end", [_refused, _withdrawn, _expired], ids=["refused", "withdrawn", "expired"])
def test_a_shelter_that_does_not_take_her_opens_nothing_of_it_any_more(end: Callable[[Move], None]) -> None:
    move = Move()
    assert read(move, move.nrc) is not None
    end(move)
    with pytest.raises(NotVisible):
        hand_overs.written(move.referral_id, TRANSFER, by=move.nrc)
    with pytest.raises((NotVisible, members.CannotOpen)):
        read(move, move.nrc)
    shredding.work_off()
    assert shredding.shred_key(move.referral_id, TRANSFER, 1) is None
    assert db.session.scalar(select(SealedCompartment).where(SealedCompartment.case_id == move.referral_id)) is None
    holds_no_key(move.case_id, move.nrc)
    assert opens(move.case_id, move.vatra).value["given"] == people.PLANTED


def test_the_list_of_the_asked_desk_says_that_she_needs_a_doctor() -> None:
    move = Move()
    assert [line.doctor for line in referral_store.received(by=move.nrc).rows] == [True]
    assert [line.doctor for line in referral_store.received(by=factories.actor(VATRA)).rows] == []
    move.accept()
    assert [line.doctor for line in referral_store.coming(by=move.nrc).rows] == [True]
    move.call_off(move.nrc)
    assert referrals.forget_tags() == 1
    assert move.referral.sealed_tags is None
    move.referral_id = move.ask("NRC", dataclasses.replace(people.HAND_OVER, doctor=False))
    assert [line.doctor for line in referral_store.received(by=move.nrc).rows] == [False]


def test_notes_and_files_are_written_while_an_answer_is_pending_and_go_with_her() -> None:
    move = Move()
    note(move.case_id, "slept well", move.vatra)  # `care` begins after the other shelter was asked
    cases.write(case_id=move.case_id, compartment=Compartment.LEGAL, value={"counsel": "Mira"}, seen=0, by=move.vatra)
    for compartment in (Compartment.CARE, Compartment.LEGAL):
        with pytest.raises((members.CannotOpen, NotVisible)):
            opens(move.case_id, move.nrc, compartment)
    move.accept()
    assert notes(move.case_id, move.nrc) == ["slept well"]
    assert opens(move.case_id, move.nrc, Compartment.LEGAL).value == {"counsel": "Mira"}


# --- accepted: both write


def test_after_acceptance_both_read_and_write_until_she_leaves_and_then_the_sender_opens_nothing() -> None:
    move = Move().accept()
    assert case_store.case(move.case_id, by=move.nrc).relation is CaseRelation.HOLDER
    assert case_store.case(move.case_id, by=move.vatra).relation is CaseRelation.HANDING_ON
    assert opens(move.case_id, move.vatra).value["given"] == people.PLANTED
    note(move.case_id, "of the sender", move.vatra)  # begins `care`, for both
    note(move.case_id, "of the receiver", move.nrc)
    assert notes(move.case_id, move.vatra) == notes(move.case_id, move.nrc) == ["of the sender", "of the receiver"]
    cases.write(case_id=move.case_id, compartment=Compartment.LEGAL, value={"counsel": "M"}, seen=0, by=move.nrc)
    assert opens(move.case_id, move.vatra, Compartment.LEGAL).value == {"counsel": "M"}
    opens_nothing(move.case_id, factories.actor(IOM))
    assert move.ended_on is None
    move.depart()
    holds_no_key(move.case_id, move.vatra)
    with pytest.raises(NotVisible):
        case_store.case(move.case_id, by=move.vatra)
    with pytest.raises(NotVisible):
        note(move.case_id, "too late", move.vatra)
    assert move.ended_on == days.today()
    assert not move.referral.epoch_due
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    handed_over, *others = notes(move.case_id, move.nrc)
    assert others == ["of the sender", "of the receiver"]
    assert people.SECRET_NEED in handed_over  # it is a note of the case now, and lies nowhere else
    assert vault.sealed_of(db.session(), move.referral_id) == []


def test_a_late_write_of_either_shelter_is_refused_and_loses_nothing() -> None:
    move = Move()
    cases.write(case_id=move.case_id, compartment=Compartment.CARE, value={"plan": "rest"}, seen=0, by=move.vatra)
    move.accept()
    seen = {by: opens(move.case_id, by, Compartment.CARE).revision for by in (move.vatra, move.nrc)}
    assert len(set(seen.values())) == 1
    first = cases.write(
        case_id=move.case_id, compartment=Compartment.CARE, value={"plan": "N"}, seen=seen[move.nrc], by=move.nrc
    )
    with pytest.raises(cases.StaleRevision):
        cases.write(
            case_id=move.case_id,
            compartment=Compartment.CARE,
            value={"plan": "V"},
            seen=seen[move.vatra],
            by=move.vatra,
        )
    again = opens(move.case_id, move.vatra, Compartment.CARE)
    assert (again.value, again.revision) == ({"plan": "N"}, first)
    cases.write(case_id=move.case_id, compartment=Compartment.CARE, value={"plan": "both"}, seen=first, by=move.vatra)
    with pytest.raises(cases.StaleRevision):
        cases.write(case_id=move.case_id, compartment=Compartment.CARE, value={"plan": "N"}, seen=first, by=move.nrc)


def test_the_arrival_alone_ends_the_stay_and_the_keys_of_the_sender() -> None:
    if days.today().day == 1:  # a case is opened in a month: the day before would be refused for that
        factories.later(days=1)
    move = Move().accept()
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    holds_no_key(move.case_id, move.vatra)
    assert move.ended_on == days.today()
    today = days.today()

    def admit(on: date) -> None:
        end = today + timedelta(days=30)
        bed = people.bed("NRC", 7)
        stays.admit(case_id=move.case_id, place_id=bed, admitted_on=on, anticipated_end_on=end, by=move.nrc)

    with pytest.raises(ImpossibleStay, match="overlaps"):  # nobody is in two places on a night
        admit(today - timedelta(days=1))
    admit(today)
    periods = stay_rows.periods_of(move.case_id)
    assert sorted(periods, key=lambda each: each.admitted_on) == [
        Period(today - timedelta(days=3), today),
        Period(today, None),
    ]


def test_a_departure_ends_nobodys_alarm_that_the_person_is_missing(sign_in: Callable[[str], Person]) -> None:
    move = Move().accept()
    # The receiver raises the alarm; the shelter that hands her on says that she left.
    missing_id = absences.report(case_id=move.case_id, since=clock.now(), feared=Feared.YES, by=move.nrc)
    for by in (None, factories.actor("ra.duty_officer")):
        with pytest.raises(IllegalTransition, match="missing"):
            move.depart(by)
    form: dict[str, object] = {"escort": "woman_staff", "expected": "2"}
    page = sign_in(VATRA).post(f"/referrals/{move.referral_id}/depart?lang=en", form, 409)
    assert "Whoever raised it ends it first" in page
    assert re.search(r'value="woman_staff"[^>]* checked', page)
    assert db.session.get_one(Missing, missing_id, populate_existing=True).outcome == ""
    assert (move.referral.departed_at, move.ended_on) == (None, None)
    absences.found(missing_id=missing_id, by=move.nrc)
    move.depart()
    assert move.ended_on == days.today()


def test_a_departure_that_the_duty_desk_records_ends_the_senders_keys_and_the_receiver_makes_the_new_epoch() -> None:
    move = Move().accept()
    note(move.case_id, "before", move.vatra)
    epochs = {row.compartment: row.epoch for row in vault.sealed_of(db.session(), move.case_id)}
    move.depart(factories.actor("ra.duty_officer"))
    opens_nothing(move.case_id, move.vatra)
    holders = select(Grant.organisation_id).where(Grant.case_id == move.case_id)
    assert move.vatra.organisation_id not in set(db.session.scalars(holders))
    assert move.referral.epoch_due
    opens(move.case_id, move.nrc, Compartment.CARE)
    assert not move.referral.epoch_due
    after = {row.compartment: row.epoch for row in vault.sealed_of(db.session(), move.case_id)}
    assert {name: epoch + 1 for name, epoch in epochs.items()} == after
    for name, epoch in epochs.items():
        assert shredding.shred_key(move.case_id, name, epoch) is None  # also an old backup opens nothing


# --- not safe here, complaint


@pytest.mark.parametrize("reason", [MoveReason.NOT_SAFE_HERE, MoveReason.COMPLAINT])
def test_for_these_two_reasons_the_keys_move_on_acceptance_and_the_sender_sees_bed_and_meeting_place(
    reason: MoveReason,
) -> None:
    move = Move(dataclasses.replace(people.HAND_OVER, reason=reason))
    assert opens(move.case_id, move.vatra)  # until the answer it is the sender's
    move.accept()
    holds_no_key(move.case_id, move.vatra)
    with pytest.raises(NotVisible):
        case_store.case(move.case_id, by=move.vatra)
    with pytest.raises(NotVisible):
        note(move.case_id, "no", move.vatra)
    line = store.of_case(move.case_id, by=move.vatra)
    assert line is not None
    assert line.stand is Stand.AT_ONCE
    place = store.sleeps_here(line, by=move.vatra)
    assert place is not None
    assert place.stay_id == move.stay_id
    transfers.say_meeting(referral_id=move.referral_id, text="At the health centre at ten", by=move.nrc)
    transfers.say_meeting(referral_id=move.referral_id, text="At the school at eleven", by=move.nrc)
    assert read(move, move.vatra, MEETING) == {"text": "At the school at eleven"}
    for stranger in (factories.actor(IOM), factories.actor("ra.duty_officer")):
        with pytest.raises(NotVisible):
            read(move, stranger, MEETING)
    with pytest.raises((NotVisible, NotPermitted, IllegalTransition)):
        transfers.say_meeting(referral_id=move.referral_id, text="elsewhere", by=move.vatra)
    with pytest.raises(NotVisible):
        read(move, move.vatra)  # the hand-over is the receiver's
    assert move.ended_on is None
    move.depart()
    assert move.ended_on == days.today()
    with pytest.raises(NotVisible):
        read(move, move.vatra, MEETING)


def test_a_reason_that_is_changed_in_the_database_or_made_up_keeps_no_key_with_the_sender() -> None:
    """The reason lies in what is sealed to the receiver: where it does not open, nothing moves."""
    move = Move(people.NOT_SAFE)
    other = Move()
    with transaction() as session:
        mine, theirs = (session.get_one(SealedCompartment, (each.referral_id, TRANSFER)) for each in (move, other))
        mine.sealed_value = theirs.sealed_value
    with pytest.raises(members.CannotOpen):
        move.accept()
    assert opens(move.case_id, move.vatra)
    with transaction() as session:  # taken away by hand: the old rule, by which the sender loses it
        session.execute(delete(SealedCompartment).where(SealedCompartment.case_id == move.referral_id))
    move.accept()
    holds_no_key(move.case_id, move.vatra)


# --- seven days, and who never leaves


def test_after_seven_days_the_sender_opens_nothing_until_one_of_the_two_says_what_happened() -> None:
    move = Move().accept()
    note(move.case_id, "day one", move.vatra)
    move.later(days=6, hours=23)
    assert opens(move.case_id, move.vatra)
    move.later(hours=1)
    for by in (move.vatra, move.nrc):
        [line] = [each for each in store.moves(by=by) if each.case_id == move.case_id]
        assert line.stand is Stand.OVERDUE
    opens_nothing(move.case_id, move.vatra)
    for refused in (
        lambda: note(move.case_id, "x", move.vatra),
        lambda: cases.open_compartment(
            case_id=move.case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=move.vatra
        ),
        lambda: cases.write(case_id=move.case_id, compartment=Compartment.CARE, value={}, seen=1, by=move.vatra),
        lambda: case_steps.notes(case_id=move.case_id, by=move.vatra),
    ):
        with pytest.raises(CaseRefused, match="move_overdue"):
            refused()
    assert move.ended_on is None  # nothing happened silently: she is still counted where she sleeps
    assert notes(move.case_id, move.nrc) == ["day one"]
    move.call_off(move.vatra)
    assert notes(move.case_id, move.vatra) == ["day one", "She is ill."]


@pytest.mark.parametrize(
    ("hand_over", "who"),
    [(people.HAND_OVER, VATRA), (people.HAND_OVER, NRC), (people.NOT_SAFE, NRC)],
    ids=["by the sender", "by the receiver", "keys back from the receiver"],
)
def test_a_move_that_is_called_off_leaves_the_case_whole_with_the_sender_and_with_nobody_else(
    hand_over: HandOver, who: str
) -> None:
    move = Move(hand_over)
    note(move.case_id, "before", move.vatra)
    move.accept()
    note(move.case_id, "at the other one", move.nrc)
    assert opens(move.case_id, move.nrc)
    move.call_off(factories.actor(who))
    holds_no_key(move.case_id, move.nrc)
    with pytest.raises(NotVisible):
        case_store.case(move.case_id, by=move.nrc)
    assert case_store.case(move.case_id, by=move.vatra).relation is CaseRelation.HOLDER
    assert notes(move.case_id, move.vatra) == ["before", "at the other one", "She is ill."]
    assert opens(move.case_id, move.vatra).value["given"] == people.PLANTED
    assert opens(move.case_id, move.vatra, Compartment.STORY)
    assert move.ended_on is None
    assert vault.sealed_of(db.session(), move.referral_id) == []
    assert "ill" not in repr([getattr(move.referral, each.key) for each in Referral.__table__.columns])
    for again in (lambda: move.call_off(move.vatra), move.depart, move.accept):
        with pytest.raises((IllegalTransition, NotVisible)):
            again()
    move.referral_id = move.ask("NRC")  # the bed is free again, and she can be asked for again
    move.accept()


def test_where_the_keys_moved_at_once_only_the_receiver_can_give_them_back() -> None:
    move = Move(people.NOT_SAFE).accept()
    with pytest.raises(TransferRefused, match="no_key"):
        move.call_off(move.vatra)
    for stranger in (IOM, "ra.duty_officer", "rinas.border_officer"):
        with pytest.raises((NotVisible, IllegalTransition, NotPermitted)):
            move.call_off(factories.actor(stranger))


def test_once_she_has_left_or_came_nothing_is_called_off_and_she_did_not_fail_to_arrive_before_she_left() -> None:
    move = Move().accept()
    for by in (move.nrc, factories.actor("ra.duty_officer")):
        with pytest.raises(IllegalTransition, match="still_there"):
            referrals.not_arrived(referral_id=move.referral_id, by=by)
    move.depart()
    for by in (move.vatra, move.nrc):
        with pytest.raises(IllegalTransition, match="state"):
            move.call_off(by)
    referrals.not_arrived(referral_id=move.referral_id, by=move.nrc)
    assert case_store.case(move.case_id, by=move.nrc).relation is CaseRelation.HOLDER
    holds_no_key(move.case_id, move.vatra)


def test_a_post_loses_the_case_on_acceptance_as_before_and_calls_nothing_off() -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor(NRC)
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    holds_no_key(sent.case_id, rinas)
    with pytest.raises(NotVisible):
        case_store.case(sent.case_id, by=rinas)
    for by in (rinas, nrc):
        with pytest.raises(IllegalTransition, match="state"):
            referrals.call_off(referral_id=sent.referral_id, reason=CallOff.ILL, words="", by=by)
    assert store.of_case(sent.case_id, by=nrc) is None
    referrals.not_arrived(referral_id=sent.referral_id, by=nrc)


def test_the_exit_page_opens_no_child_gate_while_a_move_can_still_be_called_off() -> None:
    """Else: accepted, ended as handed over, called off; and a child would have left by no gate."""
    vatra, nrc = factories.actor(VATRA), factories.actor(NRC)
    own = admitted(vatra, CHILD)
    referral_id = next_receiver.refer(
        case_id=own.case_id,
        receiver_id=people.organisation("NRC"),
        reason=OverrideReason.SAFETY,
        hand_over=people.HAND_OVER,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=people.bed("NRC", 7), by=nrc)
    with pytest.raises(ImpossibleStay, match="move_stands"):
        stays.end(
            stay_id=own.stay_id,
            ended_on=days.today(),
            exit_reason=ExitReason.TRANSFERRED,
            destination=Destination.OTHER_SHELTER,
            where="home",
            by=vatra,
        )
    referrals.call_off(referral_id=referral_id, reason=CallOff.DOES_NOT_WANT, words="", by=vatra)
    assert db.session.get_one(Stay, own.stay_id, populate_existing=True).ended_on is None


# --- rows that were written by hand


def test_a_row_by_hand_moves_no_key_and_makes_nobody_a_writer() -> None:
    """An earlier move, put back to `accepted` by hand: the shelter that had her gets nothing, whoever presses what."""
    move = Move(people.NOT_SAFE).accept()
    referrals.arrive(referral_id=move.referral_id, by=move.nrc)
    with transaction() as session:
        session.execute(
            update(Referral)
            .where(Referral.id == move.referral_id)
            .values(status="accepted", arrived_at=None, departed_at=None, decided_at=clock.now())
        )
    for by in (move.vatra, move.nrc):
        with pytest.raises((IllegalTransition, TransferRefused, members.CannotOpen)):
            move.call_off(by)
    holds_no_key(move.case_id, move.vatra)
    assert db.session.get_one(Case, move.case_id, populate_existing=True).holder_id == move.nrc.organisation_id
    # A grant by hand makes the case visible, as any grant does, but it opens nothing and lets nobody write.
    with transaction() as session:
        [grant] = session.scalars(
            select(Grant).where(Grant.case_id == move.case_id, Grant.compartment == Compartment.IDENTITY)
        ).all()
        values = {each.key: getattr(grant, each.key) for each in Grant.__table__.columns}
        session.add(Grant(**{**values, "organisation_id": move.vatra.organisation_id}))
    holds_no_key(move.case_id, move.vatra)
    with pytest.raises((members.CannotOpen, CaseRefused, NotVisible)):
        note(move.case_id, "forged", move.vatra)


def test_nothing_is_sealed_to_an_accomplice_whom_a_row_by_hand_names_as_a_shelter_of_the_move() -> None:
    move = Move().accept()
    accomplice = people.organisation("IOM")
    with transaction() as session:
        session.execute(update(Referral).where(Referral.id == move.referral_id).values(sender_id=accomplice))
    with pytest.raises(IllegalTransition):
        transfers.say_meeting(referral_id=move.referral_id, text="At the school", by=move.nrc)
    asked = Move()
    referrals.withdraw(referral_id=asked.referral_id, by=asked.vatra)
    with transaction() as session:  # as if the duty officer had chosen the accomplice
        forged = {"status": "sent", "receiver_id": accomplice, "assigned": True}
        session.execute(update(Referral).where(Referral.id == asked.referral_id).values(**forged))
    with pytest.raises(members.CannotOpen):
        next_receiver.offer(referral_id=asked.referral_id, hand_over=people.HAND_OVER, by=asked.vatra)
    assert vault.sealed_of(db.session(), asked.referral_id) == []


def test_a_reader_with_a_true_grant_does_not_become_a_writer_by_a_referral_that_was_written_by_hand() -> None:
    move = Move().accept()
    with transaction() as session:
        session.execute(
            update(Referral).where(Referral.id == move.referral_id).values(sender_id=people.organisation("IOM"))
        )
    iom = factories.actor(IOM)
    opens_nothing(move.case_id, iom)
    with pytest.raises((NotVisible, CaseRefused, members.CannotOpen)):
        note(move.case_id, "forged", iom)
    with pytest.raises((NotVisible, CaseRefused)):  # nor does the true sender, of whom the row says nothing any more
        note(move.case_id, "forged", move.vatra)


def test_the_asked_shelter_is_told_that_the_person_is_missing_and_a_stranger_is_not(
    sign_in: Callable[[str], Person],
) -> None:
    move = Move()
    nrc = sign_in(NRC)
    address = f"/referrals/{move.referral_id}?lang=en"
    assert "Missing since" not in nrc.get(address)
    absences.report(case_id=move.case_id, since=clock.now(), feared=Feared.NO, by=move.vatra)
    assert "Missing since" in nrc.get(address)
    for start in ("/?lang=en", "/referrals?lang=en"):
        assert "missing" in nrc.get(start), start
    sign_in(IOM).get(address, 404)
    assert referral_store.referral(move.referral_id, by=move.vatra).missing_since is None
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=move.nrc)
    absences.report(case_id=sent.case_id, since=clock.now(), feared=Feared.NO, by=move.nrc)
    rinas = factories.actor("rinas.border_officer")
    assert referral_store.referral(sent.referral_id, by=rinas).missing_since is None  # the post sees the answer alone
    assert referral_store.referral(sent.referral_id, by=move.nrc).missing_since == days.today()


# --- at the pages


@pytest.mark.slow
def test_two_shelters_walk_a_move_from_the_question_to_the_arrival(sign_in: Callable[[str], Person]) -> None:
    vatra, nrc = sign_in(VATRA), sign_in(NRC)
    own = admitted(factories.actor(VATRA), identity={"given": people.PLANTED}, story=people.TOLD)
    case, refer = f"/cases/{own.case_id}", f"/cases/{own.case_id}/refer"
    form: dict[str, object] = {
        **people.HAND_OVER_FORM,
        "reason": "person_wishes",
        "receiver": str(people.organisation("NRC")),
    }
    # Nothing typed is lost, and each box that is missing says so.
    for missing in ("why", "needs", "doctor", "risk"):
        page = vatra.post(f"{refer}?lang=en", {name: value for name, value in form.items() if name != missing}, 422)
        assert 'class="errors"' in page, missing
        assert (people.SECRET_NEED in page) is (missing != "needs")
    asked = vatra.post(refer, dict(form), 422)  # did you name it to the person?
    assert people.SECRET_NEED in asked
    move = vatra.post(refer, {**form, "by_name": "yes", "by_name_of": form["receiver"]})
    vatra.post(f"{case}/notes", {"text": "while the answer is pending"})
    assert "has not answered yet" in vatra.get(f"{case}?lang=en")
    assert "has not answered yet" in vatra.get("/?lang=en")

    page = nrc.get(f"{move}?lang=en")
    assert people.SECRET_NEED not in page
    nrc.post(f"{move}/open", {"compartment": "hand_over", "purpose": "answer"})
    assert people.SECRET_NEED in nrc.get(f"{move}?lang=en")
    for stranger in (sign_in(IOM), sign_in("rinas.border_officer")):
        stranger.get(move, 404)
        stranger.get(case, 404)
    nrc.post(f"{move}/accept", {"bed": str(people.bed("NRC", 7)), "expected": ""})

    for who in (vatra, nrc):
        assert "both of you read and write" in who.get(f"{case}?lang=en")
    assert "record that they have left" in vatra.get("/?lang=en")
    assert "Record the arrival" in nrc.get("/?lang=en")
    for who in (vatra, nrc):
        who.post(f"{case}/open", {"compartment": "care", "purpose": "care"})
    for who, text in ((vatra, "of Vatra"), (nrc, "of the centre")):
        who.post(f"{case}/notes", {"text": text})
    assert all(text in vatra.get(case) for text in ("while the answer is pending", "of Vatra", "of the centre"))
    seen = "2"  # the acceptance made a new epoch, which is a revision
    nrc.post(f"{case}/write/care", {"revision": seen, "health": "", "plan": "written by the centre"})
    both = vatra.post(f"{case}/write/care", {"revision": seen, "health": "", "plan": "written by Vatra"}, 409)
    assert all(text in both for text in ("written by the centre", "written by Vatra"))
    assert "call the move off" in nrc.get(f"{move}/not-arrived?lang=en", 409)
    nrc.post(f"{move}/not-arrived", {}, 409)

    vatra.post(f"{move}/depart", {"escort": "woman_staff", "expected": "2"})
    assert "on the way to" in vatra.get(f"{move}?lang=en")
    vatra.get(case, 404)
    for path, form in (("notes", {"text": "too late"}), ("write/care", {"revision": "3", "plan": "too late"})):
        lost = vatra.post(f"{case}/{path}?lang=en", form, 409)  # nothing that was typed is lost
        assert "You do not hold this case any more" in lost
        assert "too late" in lost
        for stranger in (sign_in(IOM), sign_in("rinas.border_officer")):
            stranger.post(f"{case}/{path}", form, 404)
    nrc.post(f"{move}/arrival", {"admitted": "today", "bed": "none-yet"})
    assert people.SECRET_NEED in nrc.get(case)  # among the notes, under the name of who wrote it


def test_what_is_open_of_the_case_is_filled_in_and_nothing_else_is(sign_in: Callable[[str], Person]) -> None:
    own = admitted(factories.actor(VATRA), identity={"given": people.PLANTED}, story=people.TOLD)
    value = {"health": "insulin", "plan": "a course in Durrës"}
    by = factories.actor(VATRA)
    cases.write(case_id=own.case_id, compartment=Compartment.CARE, value=value, seen=0, by=by)
    vatra, refer = sign_in(VATRA), f"/cases/{own.case_id}/refer?lang=en"
    assert not [text for text in ("insulin", "A doctor", people.PLANTED) if text in vatra.get(refer)]
    for part in ("care", "hand_over", "identity"):
        purpose = "care" if part != "hand_over" else "handing_on"
        vatra.post(f"/cases/{own.case_id}/open", {"compartment": part, "purpose": purpose})
    page = vatra.get(refer)
    assert all(text in page for text in ("insulin", "a course in Durrës", "What do you need? A doctor"))
    assert people.PLANTED not in page  # no name: the asked shelter has not said yes
    sign_in(NRC).get(refer, 404)


@pytest.mark.slow
def test_the_pages_of_a_move_that_is_called_off(sign_in: Callable[[str], Person]) -> None:
    move = Move(people.NOT_SAFE).accept()
    vatra, nrc = sign_in(VATRA), sign_in(NRC)
    page, off = f"/referrals/{move.referral_id}", f"/referrals/{move.referral_id}/call-off"
    said = vatra.get(f"{page}?lang=en")
    assert "has the case alone" in said
    assert "Place here" in said
    vatra.get(f"/cases/{move.case_id}", 404)
    vatra.get(f"{page}/meeting", 404)
    assert "Enter where" in nrc.post(f"{page}/meeting?lang=en", {"text": " "}, 422)
    nrc.post(f"{page}/meeting", {"text": "At the school"})
    assert "At the school" not in vatra.get(page)
    vatra.post(f"{page}/meeting/open", {})
    assert "At the school" in vatra.get(page)
    assert "cannot take it back" in vatra.get(f"{off}?lang=en")
    vatra.post(off, {"reason": "ill"}, 409)
    assert "Choose why" in nrc.post(f"{off}?lang=en", {"more": "fever"}, 422)
    sign_in(IOM).get(off, 404)
    sign_in("ra.duty_officer").get(off, 403)
    nrc.post(off, {"reason": "ill", "more": "fever"})
    assert "called off" in nrc.get(f"{page}?lang=en")
    assert "called off" in vatra.get(f"{page}?lang=en")
    nrc.get(f"/cases/{move.case_id}", 404)
    nrc.post(off, {"reason": "ill"}, 409)
    vatra.post(f"/cases/{move.case_id}/open", {"compartment": "care", "purpose": "care"})
    assert "fever" in vatra.get(f"/cases/{move.case_id}")


def test_after_seven_days_both_desks_are_asked_on_their_pages(sign_in: Callable[[str], Person]) -> None:
    move = Move().accept()
    move.later(days=7)
    vatra, nrc = sign_in(VATRA), sign_in(NRC)
    for who in (vatra, nrc):
        assert "overdue" in who.get("/?lang=en")
        assert "Seven days are over" in who.get(f"/cases/{move.case_id}?lang=en")
    refused = vatra.post(f"/cases/{move.case_id}/open?lang=en", {"compartment": "identity", "purpose": "care"}, 409)
    assert "seven days ago" in refused
    assert "too late" in vatra.post(f"/cases/{move.case_id}/notes?lang=en", {"text": "too late"}, 409)
    assert "Add the note" not in vatra.get(f"/cases/{move.case_id}?lang=en")
