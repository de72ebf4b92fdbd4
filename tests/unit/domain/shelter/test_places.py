"""Places by day: the rules against a count that looks at every day and every place by itself."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.domain.shelter.places import (
    Facts,
    Kept,
    Night,
    Numbers,
    On,
    PlaceRefused,
    Span,
    check_extra,
    check_out,
    check_promise,
    check_with_mother,
    missing_place_until,
    numbers,
    runs,
)
from nrm.domain.shelter.stays import ImpossibleStay

DAY = timedelta(days=1)
TODAY = date(2026, 3, 31)
WINDOW = [TODAY + number * DAY for number in range(-25, 41)]
days = st.integers(-20, 20).map(lambda number: TODAY + number * DAY)
spans = st.builds(
    lambda first, length: Span(first, None if length is None else first + length * DAY),
    days,
    st.none() | st.integers(0, 12),
)


def nights_of(span: Span) -> set[date]:
    """The days of a span, one by one, within the window."""
    found, day = set(), WINDOW[0]
    while day <= WINDOW[-1]:
        if (span.from_on is None or day >= span.from_on) and (span.until_on is None or day < span.until_on):
            found.add(day)
        day += DAY
    return found


@settings(max_examples=50)
@given(spans, spans)
def test_two_spans_meet_if_one_day_belongs_to_both(one: Span, other: Span) -> None:
    assert one.meets(other) == bool(nights_of(one) & nights_of(other)) == other.meets(one)
    if nights_of(one):
        assert one.within(other) == (nights_of(one) <= nights_of(other))


acts = st.lists(
    st.tuples(
        st.sampled_from(("admit", "move", "leave", "out", "extra", "promise")),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(-15, 0),
        st.integers(1, 12),
    ),
    max_size=30,
)


class House:
    """A building of which every change is asked of the rules, and kept a second time day by day."""

    def __init__(self) -> None:
        self.there = {number: Span() for number in range(3)}
        self.extra: set[int] = set()
        self.rows: list[tuple[int, int, Night]] = []  # person, place, days
        self.out: dict[int, list[Span]] = {}
        self.kept: dict[int, list[Kept]] = {}
        self.slept: dict[tuple[int, date], int] = {}  # (place, night) -> who slept there, up to today

    def facts(self, place: int) -> Facts:
        nights = tuple(night for _, where, night in self.rows if where == place)
        kept, out = tuple(self.kept.get(place, ())), tuple(self.out.get(place, ()))
        return Facts(self.there[place], nights, out, kept, place in self.extra)

    def open(self, person: int) -> int | None:
        found = (at for at, (who, _, night) in enumerate(self.rows) if who == person and night.until_on is None)
        return next(found, None)

    def admit(self, person: int, place: int, first: date, planned: date) -> None:
        if any(who == person and night.meets(Span(first)) for who, _, night in self.rows):
            return  # the person is in another place then: that is asked of the stays
        try:
            self.facts(place).check_free(Span(first), today=TODAY, planned_end_on=planned)
        except ImpossibleStay:
            day = max(planned, TODAY + DAY) - DAY
            wanted = [first + number * DAY for number in range((day - first).days + 1)]
            assert any(not self._free(place, night, wanted[0]) for night in wanted)
            return
        self.rows.append((person, place, Night(first, None, planned)))
        for night in (day for day in WINDOW if first <= day <= TODAY):
            assert (place, night) not in self.slept, "two people in one place on one night"
            self.slept[place, night] = person

    def _free(self, place: int, night: date, first: date) -> bool:
        facts = self.facts(place)
        there = facts.there.holds(night) or (place in self.extra and night > first)
        out = any(night in nights_of(each) for each in facts.out)
        kept = any(night in nights_of(each.in_all) for each in facts.kept)
        taken = any(night in nights_of(each) for each in facts.nights)
        return there and not out and not kept and not taken

    def leave(self, person: int) -> None:
        at = self.open(person)
        if at is not None:
            _, place, night = self.rows[at]
            self.rows[at] = (person, place, Night(night.from_on, TODAY, night.planned_end_on))
            self.slept.pop((place, TODAY), None)

    def count(self, day: date) -> Numbers:
        """As somebody counts who walks through the house on that day."""
        found: Counter[str] = Counter()
        for place in self.there:
            facts = self.facts(place)
            if any(day in nights_of(night) for night in facts.nights):
                found["taken"] += 1
            elif day not in nights_of(facts.there):
                continue
            elif any(day in nights_of(each) for each in facts.out):
                found["out"] += 1
            elif any(day in nights_of(each.in_all) for each in facts.kept):
                found["kept"] += 1
            else:
                found["free"] += 1
        return Numbers(found.total(), found["taken"], found["kept"], found["out"], found["free"])


@given(acts)
def test_the_numbers_of_every_day_are_those_of_a_count_place_by_place(
    told: list[tuple[str, int, int, int, int]],
) -> None:
    house = House()
    for what, person, number, ago, length in told:
        place = number % len(house.there)
        first = TODAY + ago * DAY
        if what in ("admit", "move"):
            if what == "move":
                house.leave(person)
                first = TODAY
            house.admit(person, place, first, TODAY + length * DAY)
        elif what == "leave":
            house.leave(person)
        elif what == "out":
            wanted = Span(TODAY, TODAY + length * DAY)
            try:
                check_out(house.facts(place), wanted, today=TODAY, when_free=False)
            except PlaceRefused:
                continue
            house.out.setdefault(place, []).append(wanted)
        elif what == "extra" and length <= 7:
            check_extra(TODAY, TODAY + length * DAY, today=TODAY, longest=7)
            house.there[len(house.there)] = Span(TODAY, TODAY + length * DAY)
            house.extra.add(len(house.there) - 1)
        elif what == "promise":
            kept = Kept(TODAY + person * DAY, TODAY + (person + length) * DAY, overdue_days=2)
            try:
                check_promise(house.facts(place), kept, today=TODAY)
            except PlaceRefused:
                continue
            house.kept.setdefault(place, []).append(kept)
    building = [house.facts(place) for place in house.there]
    for day in (each for each in WINDOW if each <= TODAY):
        found = numbers(building, day, TODAY)
        assert found == house.count(day)
        assert found.places == found.taken + found.kept + found.out + found.free
    assert Counter(place for place, night in house.slept if night == TODAY) == Counter(
        place for place in house.there if house.facts(place).on(TODAY, TODAY) in (On.TAKEN, On.OVERDUE)
    )
    for facts in building:
        board = runs(facts, [TODAY + number * DAY for number in range(14)], TODAY)
        assert sum(length for _, length in board) == 14
        assert board[0][0] is facts.on(TODAY, TODAY)


def test_who_should_have_left_is_there_on_every_day_to_come_and_who_should_leave_is_not() -> None:
    late = Facts(Span(), (Night(TODAY - 9 * DAY, None, TODAY - DAY),))
    assert runs(late, [TODAY, TODAY + DAY], TODAY) == [(On.OVERDUE, 2)]
    leaves = Facts(Span(), (Night(TODAY - 9 * DAY, None, TODAY + DAY),), out=(Span(TODAY + 3 * DAY),))
    week = [TODAY + number * DAY for number in range(5)]
    assert runs(leaves, week, TODAY) == [(On.TAKEN, 1), (On.FREE, 2), (On.OUT, 2)]


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [(-1, 2, "begins_in_past"), (8, 9, "begins_too_late"), (0, 0, "ends_before_it_begins"), (0, 8, "extra_too_long")],
)
def test_an_extra_place_is_there_soon_and_for_a_week_at_most(first: int, last: int, why: str) -> None:
    with pytest.raises(PlaceRefused, match=why):
        check_extra(TODAY + first * DAY, TODAY + last * DAY, today=TODAY, longest=7)
    check_extra(TODAY, TODAY + 7 * DAY, today=TODAY, longest=7)


@pytest.mark.parametrize(
    ("age_class", "band", "age", "mother", "may"),
    [
        ("child", "0-8", 2, "adult", True),
        ("child", "99", None, "adult", True),
        ("child", "0-8", 3, "adult", False),
        ("child", "9-17", None, "adult", False),
        ("unsure", "0-8", 2, "adult", False),
        ("adult", "99", None, "adult", False),
        ("child", "0-8", 2, "child", False),
    ],
)
def test_only_a_child_under_three_is_with_its_mother(
    age_class: str, band: str, age: int | None, mother: str, may: bool
) -> None:
    given_ = {"age_class": age_class, "age_band": band, "age": age, "mother_age_class": mother}
    if may:
        check_with_mother(**given_)  # type: ignore[arg-type]
    else:
        with pytest.raises(ImpossibleStay, match="not_with_mother"):
            check_with_mother(**given_)  # type: ignore[arg-type]


def test_the_place_of_somebody_missing_is_kept_for_the_hours_of_the_country() -> None:
    since = datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert missing_place_until(since, 48) == datetime(2026, 3, 3, 22, tzinfo=UTC)
