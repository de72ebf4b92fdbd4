"""How a permit stands is what its entries say, as somebody who reads them one by one would say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter.permit_entries import (
    Mark,
    MarkKind,
    PermitPeriods,
    RecordedEntry,
    choices,
    due_on,
    ending,
    stand,
    working_days_after,
)
from nrm.domain.shelter.permits import (
    GateClosed,
    Ground,
    Informing,
    PermitEvent,
    PermitFacts,
    PermitStatus,
    check_repatriation,
)
from nrm.domain.shelter.strikes import StrikeReason

MONDAY = date(2026, 3, 2)
PERIODS = PermitPeriods(appeal_days=6, objection_working_days=2)
LAST = 40


def _days(number: int) -> date:
    return MONDAY + timedelta(days=number)


@st.composite
def marks(draw: st.DrawFn) -> tuple[Mark, ...]:
    made = []
    for kind in draw(st.lists(st.sampled_from(MarkKind), unique=True, max_size=4)):
        reason = StrikeReason.OTHER if kind is MarkKind.STRUCK else None
        on = _days(draw(st.integers(0, LAST)))
        made.append(Mark(kind, on, draw(st.sampled_from(["a", "b"])), draw(st.booleans()), reason))
    return tuple(made)


@st.composite
def written(draw: st.DrawFn) -> list[RecordedEntry]:
    """Any entries with any marks on them, also those that no action writes."""
    made = []
    for number in range(draw(st.integers(0, 9))):
        event = draw(st.sampled_from([*PermitEvent, PermitEvent.INFORM, PermitEvent.APPLY, PermitEvent.REFUSE]))
        on = _days(draw(st.integers(0, LAST)))
        given_ = event in (PermitEvent.ISSUE, PermitEvent.RENEW)
        until = on + timedelta(days=draw(st.integers(0, 30)))
        made.append(
            RecordedEntry(
                id=number,
                number=number,
                event=event,
                on=on,
                by=draw(st.sampled_from(["a", "b"])),
                by_unit=draw(st.booleans()),
                informed=Informing(on, "NRC", "ro") if event is PermitEvent.INFORM else None,
                issued_from=on if given_ else None,
                issued_until=until if given_ else None,
                ground=Ground.LEGAL if given_ else None,
                paper=draw(st.booleans()),
                marks=draw(marks()),
            )
        )
    return made


def naive_counts(entry: RecordedEntry, today: date) -> bool:
    """What somebody would say who holds the entry and its marks in hand."""
    said = {mark.kind.value: mark for mark in entry.marks}
    if "struck" in said:
        if entry.event.value not in ("apply", "appeal"):
            return False
        if "strike_seconded" in said and said["strike_seconded"].by != said["struck"].by:
            return False
    second = "seconded" in said and said["seconded"].by != entry.by
    if entry.paper:
        if not second or ("objected" in said and said["objected"].by_unit):
            return False
        if "confirmed" in said and said["confirmed"].by_unit:
            return True
        working = [
            day
            for day in (said["seconded"].on + timedelta(days=n) for n in range(1, 200))
            if day < today and day.isoweekday() <= 5
        ]
        after = [day for day in working if day < today]
        # Two working days are over, and the day looked at comes after the second.
        return len(after) >= 2
    return second or entry.event.value != "withdraw" or entry.by_unit


def naive_status(entries: list[RecordedEntry], today: date) -> tuple[str, bool, bool]:
    """(status, told, whether the way home is shut today), walked day by day."""
    rows = [each for each in entries if naive_counts(each, today)]
    status, told, until = "not_informed", False, None
    appeal_until: list[date] = []
    day = MONDAY
    while day <= today:
        for each in sorted((one for one in rows if one.on == day), key=lambda one: one.number):
            now = "expired" if status == "issued" and until is not None and until < day else status
            match each.event.value, now:
                case "inform", _:
                    status = "informed" if now == "not_informed" and not told else status
                    told = True
                case "apply", "issued":
                    status = "renewal_applied"
                case "apply", _:
                    status = "applied"
                case "appeal", "refused":
                    status, appeal_until = "appealed", [last for last in appeal_until if last < day]
                case "appeal", _:
                    status, appeal_until = "appealed", [last for last in appeal_until if last < day]
                case ("issue", "applied" | "appealed"):
                    status, until, appeal_until = "issued", each.issued_until, [x for x in appeal_until if x < day]
                case ("renew", "issued" | "renewal_applied"):
                    if until is None or (each.issued_until is not None and each.issued_until > until):
                        status, until, appeal_until = "issued", each.issued_until, [x for x in appeal_until if x < day]
                case ("refuse", "applied" | "appealed" | "renewal_applied"):
                    status = "refused"
                    appeal_until.append(day + timedelta(days=6))
                case "withdraw", "renewal_applied":
                    status = "issued"
                case ("withdraw", "applied" | "appealed" | "issued"):
                    status = "withdrawn"
        day += timedelta(days=1)
    shut = status in ("applied", "appealed", "renewal_applied") or any(today <= last for last in appeal_until)
    if status == "issued" and until is not None and until < today:
        status = "expired"
    return status, told, shut


@given(written(), st.integers(0, LAST + 30))
def test_what_is_derived_from_any_entries_and_strikes_is_what_a_naive_reader_says(
    entries: list[RecordedEntry], at: int
) -> None:
    today = _days(at)
    facts = stand(entries, PERIODS, today=today)
    status, told, shut = naive_status(entries, today)
    assert (facts.status.value, facts.informed is not None) == (status, told)
    opens = True
    try:
        check_repatriation("third_country", facts, on=today)
    except GateClosed:
        opens = False
    assert opens == (told and not shut)


@given(written(), st.integers(0, LAST + 30), st.data())
def test_the_order_of_rows_says_nothing_and_a_strike_leaves_what_the_others_say(
    entries: list[RecordedEntry], at: int, data: st.DataObject
) -> None:
    today = _days(at)
    assert stand(data.draw(st.permutations(entries)), PERIODS, today=today) == stand(entries, PERIODS, today=today)
    if entries:
        struck = data.draw(st.sampled_from(entries))
        both = (Mark(MarkKind.STRUCK, today, "x"), Mark(MarkKind.STRIKE_SECONDED, today, "y"))
        changed = [replace(each, marks=both) if each is struck else each for each in entries]
        assert stand(changed, PERIODS, today=today) == stand(
            [each for each in entries if each is not struck], PERIODS, today=today
        )


@given(written(), st.integers(0, LAST), st.integers(0, LAST + 30))
def test_the_way_home_was_shut_on_every_day_on_which_something_was_open(
    entries: list[RecordedEntry], then: int, more: int
) -> None:
    """A stay that is ended late, for a day that is past, passes the gate of that day too."""
    day, today = _days(then), _days(then + more)
    everything = [each for each in entries if naive_counts(each, today)]
    counted = [replace(each, marks=(), paper=False, by_unit=True) for each in everything]
    _, told, shut = naive_status(counted, day)
    # Of one day, the last word counts: on the day of a decision she may leave.
    if told and not shut:
        return
    with pytest.raises(GateClosed):
        check_repatriation("unknown", stand(counted, PERIODS, today=today), on=day)


@pytest.mark.parametrize(
    ("start", "number", "end"),
    [
        (date(2026, 6, 1), 5, date(2026, 6, 8)),  # Monday to Monday
        (date(2026, 6, 5), 5, date(2026, 6, 12)),
        (date(2026, 6, 6), 1, date(2026, 6, 8)),  # from a Saturday
        (date(2026, 6, 5), 1, date(2026, 6, 8)),
    ],
)
def test_working_days_are_monday_to_friday(start: date, number: int, end: date) -> None:
    assert working_days_after(start, number) == end


@pytest.mark.parametrize(
    ("left", "within"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, 0)]
)
def test_a_permit_ends_within_the_days_of_the_country(left: int, within: int | None) -> None:
    facts = PermitFacts(PermitStatus.ISSUED, issued_until=MONDAY + timedelta(days=left))
    assert ending(facts, PermitPeriods(), today=MONDAY) == within
    assert ending(replace(facts, status=PermitStatus.WITHDRAWN), PermitPeriods(), today=MONDAY) is None


def test_a_decision_is_due_after_the_last_application_or_appeal() -> None:
    told = RecordedEntry("1", 1, PermitEvent.INFORM, MONDAY, informed=Informing(MONDAY, "NRC", "ro"))
    asked = RecordedEntry("2", 2, PermitEvent.APPLY, MONDAY)
    assert due_on(stand([told, asked], PERIODS, today=MONDAY), [told, asked], PERIODS) == MONDAY + timedelta(days=30)
    assert due_on(stand([told], PERIODS, today=MONDAY), [told], PERIODS) is None
    assert PermitEvent.COUNSEL in choices(stand([told], PERIODS, today=MONDAY), by_unit=False)
    assert PermitEvent.COUNSEL not in choices(stand([told, asked], PERIODS, today=MONDAY), by_unit=True)
