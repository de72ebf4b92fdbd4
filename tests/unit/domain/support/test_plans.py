"""The rules of a plan: what its entries say in whatever order they lie, what a manager signs, which days can be."""

from __future__ import annotations

import random
import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.plans import (
    Happened,
    Kind,
    Plan,
    PlanRefusal,
    PlanRefused,
    StepEnd,
    Told,
    check_came,
    check_day,
    check_medication,
    check_undo,
    fold,
    late_since,
)

CASE, OTHER = uuid.uuid4(), uuid.uuid4()
TODAY = date(2026, 11, 28)
DAY = timedelta(days=1)


def note(plan: str, at: int, /, **value: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "plan": str(plan),
        "at": f"2026-11-28T10:{at:02}:00+00:00",
        "login": "vatra.case_worker",
        "text": "",
        **value,
    }


def whole() -> list[dict[str, Any]]:
    goal, wrong = note(Kind.GOAL, 1, text="see her sister"), note(Kind.GOAL, 2, text="of somebody else")
    given = note(Kind.SERVICE, 3, service="medical", provider="a doctor")
    return [
        goal,
        wrong,
        given,
        note(Told.STRUCK, 4, of=wrong["id"], why="wrong_person"),
        note(Told.CAME, 5, of=given["id"], came="not_done", on="2026-11-20", who="closed"),
        note(Told.CAME, 6, of=given["id"], came="done", on="2026-11-27", who="the doctor"),
        note(Kind.STEP, 7, text="call", hour=""),
    ]


def test_a_plan_is_the_same_in_whatever_order_its_entries_lie() -> None:
    notes = whole()
    plan = fold(CASE, notes)
    for seed in range(20):
        mixed = notes[:]
        random.Random(seed).shuffle(mixed)
        assert fold(CASE, mixed) == plan
    assert [each.value["text"] for each in plan.of(Kind.GOAL)] == ["see her sister"]
    (struck,) = plan.of(Kind.GOAL, standing=False)
    assert struck.struck_why is StrikeReason.WRONG_PERSON
    (service,) = plan.of(Kind.SERVICE)
    assert service.came is not None
    assert service.came.value["who"] == "the doctor", "the last word counts"
    assert len(service.told) == 2, "and the others stay"


def test_what_tells_of_an_entry_that_is_not_there_is_left_out() -> None:
    lost = note(Told.STRUCK, 1, of=str(uuid.uuid4()), why="twice")
    assert fold(CASE, [lost]) == Plan(CASE, ())


def test_every_word_and_every_strike_changes_what_is_signed_and_nothing_that_is_done() -> None:
    notes = whole()
    signed = fold(CASE, notes).message
    assert fold(OTHER, notes).message != signed, "nobody carries a signature to another case"
    changes = [
        note(kind, 20, text="more", service="legal", provider="x") for kind in (Kind.GOAL, Kind.SERVICE, Kind.STEP)
    ]
    changes += [note(Told.STRUCK, 21, of=notes[place]["id"], why="twice") for place in (0, 2, 6)]
    found = [fold(CASE, [*notes, change]).message for change in changes]
    assert len({signed, *found}) == len(changes) + 1
    for place, words in ((0, {"text": "another"}), (2, {"provider": "another"}), (2, {"service": "legal"})):
        changed = [{**each, **words} if number == place else each for number, each in enumerate(notes)]
        assert fold(CASE, changed).message != signed, words
    done = [
        note(Told.CAME, 22, of=notes[2]["id"], came="done", on="2026-11-28", who="she"),
        note(Told.HAPPENED, 22, of=notes[6]["id"], what="done"),
        note(Kind.MEDICATION, 22, text="a pill", hours="8", **{"from": "2026-11-28", "until": ""}),
        note(Told.CONFIRMED, 22, member=str(CASE), signature="00"),
    ]
    for each in done:
        assert fold(CASE, [*notes, each]).message == signed, each["plan"]
    back = fold(CASE, [*notes, changes[0], note(Told.STRUCK, 23, of=changes[0]["id"], why="twice")])
    assert back.message != signed, "what was added and struck was a change"


def test_medication_stands_on_the_days_on_which_it_is_taken() -> None:
    short = note(Kind.MEDICATION, 1, text="short", hours="8", **{"from": "2026-11-28", "until": "2026-11-29"})
    long = note(Kind.MEDICATION, 2, text="long", hours="8", **{"from": "2026-11-29", "until": ""})
    plan = fold(CASE, [short, long])
    taken = [[each.value["text"] for each in plan.medication_on(TODAY + DAY * n)] for n in range(-1, 4)]
    assert taken == [[], ["short"], ["short", "long"], ["long"], ["long"]]
    with pytest.raises(PlanRefused):
        check_medication(TODAY, TODAY - DAY, today=TODAY)
    check_medication(TODAY, TODAY, today=TODAY)
    check_medication(TODAY, None, today=TODAY)
    check_medication(TODAY + 31 * DAY, None, today=TODAY)
    with pytest.raises(PlanRefused, match="first"):  # a mistyped year
        check_medication(TODAY + 32 * DAY, None, today=TODAY)


def test_an_entry_is_asked_for_by_what_it_is() -> None:
    notes = whole()
    plan = fold(CASE, notes)
    service = uuid.UUID(notes[2]["id"])
    assert plan.entry(service).id == plan.entry(service, Kind.SERVICE).id == service
    for wrong, kinds in ((service, [Kind.GOAL]), (uuid.UUID(notes[1]["id"]), []), (uuid.uuid4(), [])):
        with pytest.raises(PlanRefused) as refused:
            plan.entry(wrong, *kinds)
        assert refused.value.reason is PlanRefusal.GONE


def test_days_that_cannot_be_are_refused() -> None:
    for day in (TODAY, TODAY + 366 * DAY):
        check_day(day, today=TODAY)
    for day in (TODAY - DAY, TODAY + 367 * DAY):
        with pytest.raises(PlanRefused):
            check_day(day, today=TODAY)
    check_came(TODAY, today=TODAY)
    with pytest.raises(PlanRefused):
        check_came(TODAY + DAY, today=TODAY)


def test_a_manager_sees_what_is_late_by_the_countrys_days() -> None:
    seen = [late_since(TODAY + DAY * n, 3) >= TODAY for n in range(5)]
    assert seen == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("outcome", "over", "moved", "back"),
    [
        ("done", TODAY, None, Happened.DONE),
        ("dropped", TODAY, TODAY, Happened.DROPPED),
        ("", None, TODAY, Happened.MOVED),
        ("done", TODAY - DAY, TODAY, None),
        ("", None, TODAY - DAY, None),
        ("", None, None, None),
        (StepEnd.STRUCK, TODAY, None, None),
    ],
)
def test_only_what_was_done_today_is_taken_back(
    outcome: str, over: date | None, moved: date | None, back: Happened | None
) -> None:
    if back is None:
        with pytest.raises(PlanRefused):
            check_undo(outcome=outcome, over_on=over, moved_on=moved, today=TODAY)
    else:
        assert check_undo(outcome=outcome, over_on=over, moved_on=moved, today=TODAY) is back
