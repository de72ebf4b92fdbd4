"""Who counts in a quarter, and as what."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.quarters import Quarter
from nrm.domain.reports.exploitation import Told
from nrm.domain.reports.tabulation import (
    DIMENSIONS,
    Classification,
    PermitRecord,
    PersonRecord,
    Row,
    StayRecord,
    still_there,
    tabulate,
)

Q1, Q2, Q3 = Quarter(2026, 1), Quarter(2026, 2), Quarter(2026, 3)
CLASSIFICATION = Classification(
    home="AL",
    nationalities=frozenset({"AL", "MD", "RO", "BG", "other", "stateless", "unknown"}),
    countries=frozenset({"IT", "GR", "other", "several", "unknown"}),
    groups={"RO": "eu", "BG": "eu"},
    genders={"transgender_feminine": "feminine"},
)


def stay(
    admitted: date, ended: date | None = None, *, known: date | None = None, plan: date | None = None
) -> StayRecord:
    return StayRecord(admitted, known or admitted, plan or date(2026, 12, 31), ended)


def person(*stays: StayRecord, **codes: object) -> PersonRecord:
    values = {"citizenship": "MD", "gender": "feminine", "age_band": "21-23", "exploited_in": "IT", "repeat": "new"}
    return PersonRecord(person="a", stays=stays, **{**values, **codes})  # type: ignore[arg-type]


def rows(*people: PersonRecord, quarter: Quarter = Q2, before: dict[str, Row] | None = None) -> list[Row]:
    return [row for _, row in tabulate(people, quarter, CLASSIFICATION, before)]


def one(*people: PersonRecord, quarter: Quarter = Q2, before: dict[str, Row] | None = None) -> Row:
    (row,) = rows(*people, quarter=quarter, before=before)
    return row


def counted_before(each: PersonRecord, quarter: Quarter = Q1) -> dict[str, Row]:
    return still_there(tabulate([each], quarter, CLASSIFICATION, None))


def test_a_row_has_exactly_the_dimensions_of_the_report_and_an_opaque_person() -> None:
    assert set(one(person(stay(date(2026, 5, 1))))) == {*DIMENSIONS, "person"}


@pytest.mark.parametrize(
    ("admitted", "ended", "counts"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), False),
        (date(2026, 3, 1), date(2026, 4, 1), True),
        (date(2026, 6, 30), None, True),
        (date(2026, 7, 1), None, False),
        (date(2026, 5, 5), date(2026, 5, 5), True),
    ],
)
def test_a_stay_counts_in_the_quarters_it_touches(admitted: date, ended: date | None, counts: bool) -> None:
    assert len(rows(person(stay(admitted, ended)))) == counts


def test_a_person_with_three_stays_is_counted_once_with_the_last_one() -> None:
    row = one(
        person(
            stay(date(2026, 4, 1), date(2026, 4, 10)),
            stay(date(2026, 6, 1), date(2026, 6, 3)),
            stay(date(2026, 5, 1), date(2026, 5, 2)),
        )
    )
    assert (row["stay_status"], row["stay_bucket"]) == ("left", "0-7")


def test_who_leaves_on_the_last_day_has_left_and_who_leaves_the_day_after_was_still_there() -> None:
    assert one(person(stay(date(2026, 5, 1), date(2026, 6, 30))))["stay_status"] == "left"
    assert one(person(stay(date(2026, 5, 1), date(2026, 7, 1))))["stay_status"] == "still_there"


def test_the_length_is_the_actual_one_after_leaving_and_the_planned_one_before() -> None:
    assert one(person(stay(date(2026, 5, 1), date(2026, 5, 9))))["stay_bucket"] == "8-14"
    planned = person(stay(date(2026, 5, 1), plan=date(2026, 7, 20)))
    assert one(planned)["stay_bucket"] == "61-90"


def test_who_outstays_the_plan_is_counted_with_the_days_until_now() -> None:
    assert one(person(stay(date(2026, 4, 1), plan=date(2026, 4, 5))))["stay_bucket"] == "61-90"


def test_a_move_to_another_shelter_on_the_same_day_does_not_begin_the_length_again() -> None:
    moved = person(stay(date(2026, 4, 1), date(2026, 4, 20)), stay(date(2026, 4, 20), date(2026, 5, 1)))
    returned = person(stay(date(2026, 4, 1), date(2026, 4, 19)), stay(date(2026, 4, 20), date(2026, 5, 1)))
    assert one(moved)["stay_bucket"] == "22-30"
    assert one(returned)["stay_bucket"] == "8-14"


def test_without_an_earlier_release_the_opening_is_who_was_there_before_the_first_day() -> None:
    assert one(person(stay(date(2026, 3, 31))))["arrival"] == "opening"
    assert one(person(stay(date(2026, 4, 1))))["arrival"] == "admitted"


def test_a_stay_that_becomes_known_late_is_an_admission_of_the_quarter_it_became_known_in() -> None:
    late = person(stay(date(2026, 2, 1), date(2026, 3, 1), known=date(2026, 4, 3)))
    assert rows(late, quarter=Q1) == []
    assert (one(late)["arrival"], one(late)["stay_status"]) == ("admitted", "left")
    assert rows(late, quarter=Q3) == []


def test_the_opening_is_the_closing_of_the_release_before() -> None:
    each = person(stay(date(2026, 3, 1)))
    assert one(each, before=counted_before(each))["arrival"] == "opening"
    assert one(each, before={})["arrival"] == "admitted"


def test_who_was_deleted_after_a_release_is_there_at_the_next_opening_and_has_left() -> None:
    before = counted_before(person(stay(date(2026, 3, 1))))
    row = one(before=before)
    assert (row["arrival"], row["stay_status"]) == ("opening", "left")


def test_an_end_that_was_entered_after_the_release_is_a_leaving_of_the_next_quarter() -> None:
    before = counted_before(person(stay(date(2026, 3, 1))))
    row = one(person(stay(date(2026, 3, 1), date(2026, 3, 20))), before=before)
    assert (row["arrival"], row["stay_status"]) == ("opening", "left")


def test_a_corrected_nationality_is_an_out_and_an_in() -> None:
    was, now = person(stay(date(2026, 3, 1))), person(stay(date(2026, 3, 1)), citizenship="RO")
    out, in_ = rows(now, before=counted_before(was))
    assert (out["nationality"], out["arrival"], out["stay_status"]) == ("MD", "opening", "left")
    assert (in_["nationality"], in_["arrival"], in_["stay_status"]) == ("RO", "admitted", "still_there")
    assert out["person"] != in_["person"]


def test_who_was_corrected_once_is_one_person_afterwards() -> None:
    was, now = person(stay(date(2026, 3, 1))), person(stay(date(2026, 3, 1)), citizenship="RO")
    after = still_there(tabulate([now], Q2, CLASSIFICATION, counted_before(was)))
    row = one(now, quarter=Q3, before=after)
    assert row["arrival"] == "opening"
    assert row["person"] == next(iter(after.values()))["person"]


@pytest.mark.parametrize(
    ("was", "now"),
    [({"citizenship": "RO"}, {"citizenship": "BG"}), ({"gender": "feminine"}, {"gender": "transgender_feminine"})],
)
def test_a_correction_that_stock_and_flow_do_not_see_is_none(was: dict[str, str], now: dict[str, str]) -> None:
    before = counted_before(person(stay(date(2026, 3, 1)), **was))
    assert one(person(stay(date(2026, 3, 1)), **now), before=before)["arrival"] == "opening"


DAYS = st.dates(date(2025, 10, 1), date(2026, 12, 31))


@st.composite
def anyone(draw: st.DrawFn) -> PersonRecord:
    stays = []
    for _ in range(draw(st.integers(0, 3))):
        first, second, third = sorted(draw(st.tuples(DAYS, DAYS, DAYS)))
        ended = draw(st.sampled_from([None, second]))
        stays.append(StayRecord(first, draw(st.sampled_from([first, third])), second, ended))
    codes = draw(st.sampled_from([("AL", "feminine"), ("RO", "masculine"), ("JP", "unknown")]))
    return person(*stays, citizenship=codes[0], gender=codes[1])


@pytest.mark.slow
@given(st.lists(anyone(), max_size=6), st.lists(anyone(), max_size=6))
def test_whatever_is_changed_in_between_the_opening_is_the_closing_before(
    first: list[PersonRecord], second: list[PersonRecord]
) -> None:
    def named(people: list[PersonRecord]) -> list[PersonRecord]:
        return [each._replace(person=str(number)) for number, each in enumerate(people)]

    before = still_there(tabulate(named(first), Q1, CLASSIFICATION, None))
    made = [row for _, row in tabulate(named(second), Q2, CLASSIFICATION, before)]
    opening = sorted(CLASSIFICATION.margin(row) for row in made if row["arrival"] == "opening")
    assert opening == sorted(CLASSIFICATION.margin(row) for row in before.values())
    assert len({row["person"] for row in made}) == len(made)


@pytest.mark.parametrize(
    ("code", "printed"), [("AL", "AL"), ("JP", "other"), ("stateless", "stateless"), ("99", "unknown"), ("", "unknown")]
)
def test_a_country_that_is_not_listed_is_another_country(code: str, printed: str) -> None:
    assert one(person(stay(date(2026, 5, 1)), citizenship=code))["nationality"] == printed


def test_codes_that_the_lists_do_not_know_are_not_known() -> None:
    row = one(person(stay(date(2026, 5, 1)), gender="99", age_band="8", exploited_in="9", repeat="?"))
    assert (row["sex"], row["age_band"]) == ("unknown", "unknown")
    assert (row["country_of_trafficking"], row["repeat"]) == ("unknown", "not_checked")


PERMIT = PermitRecord("issued", date(2026, 4, 10), date(2026, 5, 1), date(2026, 6, 15))


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (date(2026, 4, 9), "none"),
        (date(2026, 4, 10), "trp_in_process"),
        (date(2026, 5, 1), "trp"),
        (date(2026, 6, 15), "trp"),
        (date(2026, 6, 16), "none"),
    ],
)
def test_the_permit_counts_as_it_stood_on_the_last_day_present(ended: date, status: str) -> None:
    assert one(person(stay(date(2026, 4, 2), ended), permit=PERMIT))["protection"] == status


def test_an_application_that_was_refused_is_no_permit_in_process() -> None:
    refused = PermitRecord("refused", date(2026, 4, 10))
    asked = PermitRecord("applied", date(2026, 4, 10))
    assert one(person(stay(date(2026, 4, 2)), permit=refused))["protection"] == "none"
    assert one(person(stay(date(2026, 4, 2)), permit=asked))["protection"] == "trp_in_process"


def test_a_national_has_no_residence_permit_whatever_the_file_says() -> None:
    assert one(person(stay(date(2026, 5, 2)), permit=PERMIT, citizenship="AL"))["protection"] == "none"


def test_who_gave_or_offered_testimony_is_a_witness_until_it_is_withdrawn() -> None:
    steps = [("willing", date(2026, 5, 2)), ("testimony_withdrawn", date(2026, 5, 20))]
    assert one(person(stay(date(2026, 5, 1), date(2026, 5, 10)), testimony=steps))["protection"] == "witness"
    assert one(person(stay(date(2026, 5, 1), date(2026, 5, 20)), testimony=steps))["protection"] == "none"
    both = person(stay(date(2026, 5, 1), date(2026, 5, 10)), testimony=steps, permit=PERMIT)
    assert one(both)["protection"] == "witness_and_trp"


TOLD = [
    Told(),
    Told(("forced_begging", "servitude"), labour=("agriculture",), means_of_control=("threats",)),
    Told(("sexual_exploitation",), sexual=("prostitution",), recruiter_relation="friend"),
]


@st.composite
def anyone_with_any_codes(draw: st.DrawFn) -> PersonRecord:
    steps = st.tuples(st.sampled_from(["willing", "not_a_witness", "left_witness_protection"]), DAYS)
    return draw(anyone())._replace(
        exploited_in=draw(st.sampled_from(["IT", "FR", "99"])),
        repeat=draw(st.sampled_from(["new", "?"])),
        permit=draw(st.sampled_from([None, PERMIT])),
        testimony=draw(st.lists(steps, max_size=2)),
        told=draw(st.sampled_from(TOLD)),
    )


@pytest.mark.slow
@given(st.lists(anyone_with_any_codes(), max_size=6))
def test_what_is_said_of_a_person_is_the_same_whoever_else_is_counted(people: list[PersonRecord]) -> None:
    assert rows(*people) == [row for each in people for row in rows(each)]
