"""The critical path against cases worked by hand, and the order of escalation, by the clock."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.referrals.critical_path import (
    Leg,
    Number,
    Step,
    StepState,
    call_again,
    call_now,
    clause_of,
    escalation,
    late_by,
    numbers_of,
    path_step,
    timeline,
)
from nrm.domain.referrals.referrals import ReferralStatus
from tests.unit.domain.agreement.agreement_facts import AGREEMENT

# A Tuesday evening in winter: Tirana is an hour ahead of UTC.
SENT = datetime(2026, 1, 13, 20, 0, tzinfo=UTC)
SOMETHING = uuid.UUID(int=1)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class Owed:
    """What a party owes, as the store gives it."""

    kind: str
    party: str
    clause: str
    due_at: datetime | None = None
    done_at: datetime | None = None
    id: uuid.UUID = SOMETHING


ARRIVAL = Owed("arrival", "receiver", "1.3", SENT + timedelta(days=1))
TOLD = Owed("notify", "RA", "5.1", SENT + HOUR)


def leg(status: ReferralStatus = ReferralStatus.SENT, **more: object) -> Leg:
    return Leg("NRC", "4.3", status, SENT, SENT + HOUR, **{**dict.fromkeys(NONE), **more})  # type: ignore[arg-type]


NONE = ("promised_at", "decided_at", "expected_at", "arrived_at")


def path(legs: list[Leg], owed: list[Owed], at: datetime, *, placed: bool = False) -> dict[tuple[str, str], Step]:
    steps = timeline(
        legs,
        owed,
        agreement=AGREEMENT,
        at=at,
        interviewed_by="RINAS",
        waits_to_be_placed=not placed,
        is_coarse=lambda done: done == datetime(2025, 12, 31, 23, tzinfo=UTC),
    )
    return {(step.kind, step.party): step for step in steps}


def test_a_woman_sent_at_nine_in_the_evening_minute_by_minute() -> None:
    steps = path([leg()], [TOLD, ARRIVAL], SENT + 10 * MINUTE)
    assert steps["first_interview", "RINAS"].state is StepState.DONE
    assert steps["first_interview", "RINAS"].clause == "1.2"
    answer = steps["answer", "NRC"]
    assert (answer.state, answer.due_at, answer.late, answer.clause) == (StepState.DUE, SENT + HOUR, None, "1.3")
    assert steps["notify", "RA"].state is StepState.DUE
    assert ("decision", "duty_officer") not in steps
    late = path([leg()], [TOLD, ARRIVAL], SENT + 3 * HOUR)
    assert (late["answer", "NRC"].state, late["answer", "NRC"].late) == (StepState.LATE, 2 * HOUR)
    assert (late["notify", "RA"].state, late["notify", "RA"].late) == (StepState.LATE, 2 * HOUR)


def test_an_answer_that_came_late_stays_late_by_as_much_for_ever() -> None:
    accepted = leg(ReferralStatus.ACCEPTED, decided_at=SENT + 90 * MINUTE, expected_at=SENT + 5 * HOUR)
    for at in (SENT + 2 * HOUR, SENT + timedelta(days=30)):
        step = path([accepted], [ARRIVAL], at, placed=True)["answer", "NRC"]
        assert (step.state, step.late, step.outcome) == (StepState.DONE, 30 * MINUTE, "accepted")
    step = path([accepted], [ARRIVAL], SENT + 6 * HOUR, placed=True)["arrival", "NRC"]
    assert (step.state, step.due_at, step.late) == (StepState.LATE, SENT + 6 * HOUR, timedelta())
    assert path([accepted], [ARRIVAL], SENT + 6 * HOUR - MINUTE, placed=True)["arrival", "NRC"].state is StepState.DUE


def test_a_child_is_answered_for_within_half_an_hour_by_its_own_clause() -> None:
    child = dataclasses.replace(leg(), due_at=SENT + 30 * MINUTE)
    assert path([child], [], SENT)["answer", "NRC"].clause == "1.4"


def test_a_promise_by_telephone_stops_the_first_deadline() -> None:
    step = path([leg(promised_at=SENT + 20 * MINUTE)], [], SENT + 5 * HOUR)["answer", "NRC"]
    assert (step.state, step.late) == (StepState.PROMISED, None)


def test_after_two_declines_the_duty_officer_has_half_an_hour() -> None:
    legs = [
        leg(ReferralStatus.DECLINED, decided_at=SENT + 10 * MINUTE),
        dataclasses.replace(leg(ReferralStatus.DECLINED, decided_at=SENT + 40 * MINUTE), party="IOM"),
    ]
    steps = path(legs, [ARRIVAL], SENT + 60 * MINUTE)
    assert [steps["answer", party].state for party in ("NRC", "IOM")] == [StepState.ENDED] * 2
    decision = steps["decision", "duty_officer"]
    assert (decision.state, decision.due_at) == (StepState.DUE, SENT + 70 * MINUTE)
    assert path(legs, [], SENT + 100 * MINUTE)["decision", "duty_officer"].late == 30 * MINUTE


@pytest.mark.parametrize("status", ReferralStatus)
def test_of_who_moves_to_another_shelter_the_first_arrival_stays_that_of_the_first(status: ReferralStatus) -> None:
    """It said of the shelter that was asked last that the person had arrived there, on the day of the first arrival."""
    came = SENT + timedelta(hours=5)
    first = leg(ReferralStatus.ARRIVED, decided_at=SENT + HOUR, arrived_at=came)
    moves = dataclasses.replace(leg(status), party="VATRA", decided_at=SENT + 8 * HOUR)
    steps = path([first, moves], [dataclasses.replace(ARRIVAL, done_at=came)], SENT + timedelta(days=2), placed=True)
    assert (steps["arrival", "NRC"].state, steps["arrival", "NRC"].at) == (StepState.DONE, came)
    there = steps.get(("arrival", "VATRA"))
    if status in (ReferralStatus.DECLINED, ReferralStatus.WITHDRAWN, ReferralStatus.EXPIRED):
        assert there is None
    elif status is ReferralStatus.ARRIVED:
        assert there is not None
        assert there.at != came
    elif status in (ReferralStatus.SENT, ReferralStatus.ACCEPTED):
        assert there is not None
        assert (there.state, there.at) == (StepState.WAITING, None)
    else:
        assert there is not None
        assert there.state is StepState.ENDED
    assert ("arrival", "receiver") not in steps


def test_once_only_the_quarter_is_kept_nothing_is_said_of_lateness() -> None:
    start = datetime(2025, 12, 31, 23, tzinfo=UTC)
    arrived = Leg("NRC", "4.3", ReferralStatus.ARRIVED, start, start, None, start, None, start)
    told = dataclasses.replace(TOLD, due_at=start, done_at=start)
    for step in path([arrived], [told], SENT, placed=True).values():
        assert (step.state, step.late, step.exact) == (StepState.DONE, None, False)


def test_what_has_no_hour_waits_and_is_never_late() -> None:
    step = path([leg()], [Owed("legal_counsel", "receiver", "6.1")], SENT + timedelta(days=900))[
        "legal_counsel", "receiver"
    ]
    assert (step.state, step.late) == (StepState.WAITING, None)


def test_what_is_over_stands_first_and_then_the_first_due() -> None:
    steps = timeline(
        [leg(ReferralStatus.DECLINED, decided_at=SENT + MINUTE)],
        [Owed("legal_counsel", "receiver", "6.1"), TOLD, ARRIVAL],
        agreement=AGREEMENT,
        at=SENT + HOUR,
        interviewed_by="RINAS",
        waits_to_be_placed=True,
        is_coarse=lambda _: False,
    )
    assert [step.kind for step in steps] == [
        "first_interview",
        "answer",
        "decision",
        "notify",
        "arrival",
        "legal_counsel",
    ]


@given(st.integers(-10_000, 10_000))
def test_late_is_at_the_hour_or_after_it_and_by_the_difference(seconds: int) -> None:
    late = late_by(SENT, SENT + timedelta(seconds=seconds))
    assert late == (timedelta(seconds=seconds) if seconds >= 0 else None)
    assert late_by(None, SENT) is None


def order(party: str, at: datetime, kind: str = "answer") -> list[tuple[str, str, str]]:
    parties = AGREEMENT.parties
    found = escalation(
        path_step(AGREEMENT, kind, party), parties[party], parties, AGREEMENT.local(at), authority=parties["RA"]
    )
    return [(each.rung, each.party, each.telephone) for each in found]


def test_the_order_by_day_and_by_night() -> None:
    day, night = SENT - timedelta(hours=10), SENT
    desk, on_call = "+355 33 000 203", "+355 33 000 103"
    rest = [("duty_officer", "RA", "+355 4 000 0105"), ("emergency_bed", "NRC", "+355 4 000 0101")]
    assert order("VATRA", day) == [("responsible", "VATRA", desk), ("next_number", "VATRA", on_call), *rest]
    assert order("VATRA", night) == [("responsible", "VATRA", on_call), ("next_number", "VATRA", desk), *rest]
    assert order("NRC", night) == [("responsible", "NRC", "+355 4 000 0101"), *rest], "it has one number only"


@pytest.mark.parametrize(
    ("minutes", "unanswered", "rung"),
    [
        (0, (), "responsible"),
        (14, (), "responsible"),
        (15, (), "next_number"),
        (29, (), "next_number"),
        (30, (), "duty_officer"),
        (59, (), "duty_officer"),
        (60, (), "emergency_bed"),
        (6000, (), "emergency_bed"),
        (1, ("a",), "next_number"),
        (1, ("a", "b"), "duty_officer"),
        (1, ("b",), "responsible"),
        (60, ("a", "b", "c", "d"), "emergency_bed"),
    ],
)
def test_whom_to_call_now(minutes: int, unanswered: tuple[str, ...], rung: str) -> None:
    rungs = ("responsible", "next_number", "duty_officer", "emergency_bed")
    numbers = [
        Number(name, "X", letter, after * MINUTE)
        for name, letter, after in zip(rungs, "abcd", (0, 15, 30, 60), strict=True)
    ]
    assert call_now(numbers, minutes * MINUTE, unanswered).rung == rung


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-01-13T07:59:59+01:00", False),
        ("2026-01-13T08:00:00+01:00", True),
        ("2026-01-13T19:59:59+01:00", True),
        ("2026-01-13T20:00:00+01:00", False),
        ("2026-01-13T23:59:59+01:00", False),
        ("2026-01-14T00:00:00+01:00", False),
        ("2026-07-13T18:30:00+00:00", False),  # half past eight in summer time
        ("2026-01-17T12:00:00+01:00", True),  # a Saturday
    ],
)
def test_vatras_hours_on_the_countrys_clocks(local: str, is_open: bool) -> None:
    vatra, at = AGREEMENT.parties["VATRA"], AGREEMENT.local(datetime.fromisoformat(local))
    assert vatra.desk.is_open(at) is is_open
    assert numbers_of(vatra, at)[0] == (vatra.desk.telephone if is_open else vatra.on_call)


@pytest.mark.parametrize(
    "hour", ["2026-01-16T22:59:59+00:00", "2026-01-16T23:00:00+00:00", "2026-01-18T23:00:00+00:00"]
)
def test_around_the_clock_is_open_across_midnight_and_weekends_and_an_office_is_not(hour: str) -> None:
    local = AGREEMENT.local(datetime.fromisoformat(hour))
    assert AGREEMENT.parties["NRC"].desk.is_open(local)
    assert not AGREEMENT.parties["IOM"].desk.is_open(local)
    assert not AGREEMENT.parties["IOM"].desk.is_open(AGREEMENT.local(datetime(2026, 1, 17, 10, tzinfo=UTC)))


def test_a_step_the_document_does_not_set_has_no_clause() -> None:
    assert clause_of(AGREEMENT, "dance") == ""
    assert path_step(AGREEMENT, "notify", "RA") is None
    child = path_step(AGREEMENT, "notify", "CHILD_PROTECTION")
    assert child is not None
    assert child.step == "tell_child_authority"


def test_whom_to_call_again_is_who_was_called_least_lately_and_never_the_reader() -> None:
    first, second, reader = (
        Number("responsible", "NRC", "1", timedelta()),
        Number("next_number", "NRC", "2", timedelta(minutes=10)),
        Number("duty_officer", "RA", "3", timedelta(minutes=20)),
    )
    order = (first, second, reader)
    assert call_again(order, []) == first
    assert call_again(order, ["1"]) == second
    assert call_again(order, ["1", "2"]) == first
    assert call_again(order, ["1", "2", "1"]) == second
    assert call_again((reader,), ["1"]) is None


def test_of_hours_that_are_not_kept_no_step_shows_one() -> None:
    """The time to answer may have ended in the next quarter, and then two first instants differ."""
    first, next_one = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
    for due in (first, next_one):
        for status in (ReferralStatus.NOT_ARRIVED, ReferralStatus.MISTAKEN, ReferralStatus.ARRIVED):
            coarse = dataclasses.replace(leg(status), sent_at=first, due_at=due, decided_at=first, arrived_at=first)
            done = dataclasses.replace(ARRIVAL, done_at=first)
            for step in path([coarse], [done], SENT, placed=True).values():
                assert not step.exact, (due, status, step)
    kept = dataclasses.replace(leg(ReferralStatus.NOT_ARRIVED), decided_at=SENT + HOUR)
    assert path([kept], [], SENT + 2 * HOUR)["arrival", "NRC"].exact
