"""Placing past cases again under a draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given

from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreement_simulation import (
    TOGETHER,
    PastCase,
    PastStay,
    PastStep,
    Placed,
    as_routed,
    counted_together,
    rows,
    simulate,
    tables,
    weeks,
)
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.routing_facts import RoutingFacts
from nrm.statistics.description import parse
from tests.unit.domain.agreement.agreement_facts import AGREEMENT, document, profiles

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
KNOWN = {
    "age_class": "adult",
    "gender": "feminine",
    "citizenship_class": "home",
    "exploited_in": "abroad",
    "consent": "given",
}
SENT = datetime(2026, 2, 1, 10, tzinfo=UTC)


def _case(person: str = "a", on: date = date(2026, 2, 2), party: str = "NRC", **changed: Any) -> PastCase:
    """An Albanian woman who stayed two weeks."""
    return replace(
        PastCase(
            person=person,
            registered_on=on.replace(day=1),
            known=KNOWN,
            agreement="2005",
            clauses=frozenset({"4.3"}),
            candidates=("NRC",),
            sent_at=SENT,
            stays=(PastStay(party, on, on + timedelta(days=14)),),
            steps=(),
        ),
        **changed,
    )


def _simulate(*cases: PastCase, draft: Agreement = AGREEMENT, **beds: int) -> list[Placed]:
    room = {"NRC": 10, "IOM": 10, "VATRA": 10, "TJETER_VIZION": 10, **beds}
    return simulate(draft, cases, {"2005": AGREEMENT}, room, FIRST, LAST)


def _sent(*cases: PastCase, **more: Any) -> list[str]:
    return [each.simulated for each in _simulate(*cases, **more)]


def test_the_same_text_sends_where_it_sent():
    assert _sent(_case(), _case("b", known={**KNOWN, "citizenship_class": "third_country"})) == ["NRC", "NRC"]


def test_a_full_shelter_is_passed_over_until_somebody_leaves():
    first, second, third = _case("a"), _case("b", date(2026, 2, 10)), _case("c", date(2026, 2, 16))
    assert _sent(third, second, first, NRC=1) == ["NRC", "TJETER_VIZION", "NRC"]


def test_who_was_there_before_keeps_the_bed_and_is_not_placed_again():
    before = _case("a", date(2025, 12, 30), stays=(PastStay("NRC", date(2025, 12, 30), None),))
    assert _sent(before, _case("b"), NRC=1) == ["there_before", "TJETER_VIZION"]


def test_nobody_with_a_bed_is_for_the_duty_officer_and_a_refusal_for_nobody():
    full = {"NRC": 0, "IOM": 0, "VATRA": 0, "TJETER_VIZION": 0}
    assert _sent(_case(), **full) == ["duty_officer"]
    refused = _case(known={**KNOWN, "consent": "refused"}, clauses=frozenset({"1.1"}), candidates=(), stays=())
    assert _sent(refused) == ["nobody"]


def test_a_draft_sends_elsewhere_though_it_is_not_signed():
    changed = document()
    changed["from"] = date(2027, 1, 1)
    (last,) = [clause for clause in changed["clause"] if clause["number"] == "4.3"]
    last["refer_to"] = ["VATRA", "NRC"]
    for party in changed["party"]:
        party.pop("signed_on")
    assert _sent(_case(), draft=parse_agreement(changed)) == ["VATRA"]


def test_what_the_sealed_file_alone_knows_is_read_from_the_clauses_that_applied():
    assert as_routed(_case(clauses=frozenset({"2.2"})), AGREEMENT).proceedings_in == "capital"
    assert as_routed(_case(clauses=frozenset({"5.4"})), AGREEMENT).needs == {"interpreter"}
    assert as_routed(_case(clauses=frozenset({"4.1"})), AGREEMENT).wish_region == "berat"
    low = as_routed(_case(candidates=("NRC", "IOM")), AGREEMENT)
    assert low.security_risk in ("low", "medium")
    plain = as_routed(_case(), AGREEMENT)
    assert (plain.proceedings_in, plain.needs, plain.wish_region) == ("unknown", frozenset(), "none")


def test_codes_in_clear_are_never_changed_even_when_the_clauses_contradict_them():
    odd = as_routed(_case(clauses=frozenset({"2.1"})), AGREEMENT)
    assert odd.citizenship_class == "home"


@given(profiles)
def test_the_facts_read_from_a_route_make_the_same_clauses_apply(facts: RoutingFacts):
    applied = [clause for clause in AGREEMENT.clauses if clause.when.holds(facts.values())]
    known = {name: getattr(facts, name) for name in KNOWN}
    case = _case(known=known, clauses=frozenset(clause.number for clause in applied), candidates=())
    read = as_routed(case, AGREEMENT)
    assert all(clause.when.holds(read.values()) for clause in applied)
    assert {name: getattr(read, name) for name in known} == known


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("due", "done", "now", "then"),
    [
        (SENT + HOUR, SENT + HOUR / 2, False, False),
        (SENT + HOUR, SENT + 2 * HOUR, True, True),
        (SENT + 3 * HOUR, SENT + 2 * HOUR, False, True),
        (SENT + HOUR, None, True, True),
        (None, None, False, True),
    ],
)
def test_a_step_is_late_by_its_own_time_and_by_that_of_the_draft(
    due: datetime | None, done: datetime | None, now: bool, then: bool
):
    (placed,) = _simulate(_case(steps=(PastStep("answer", "NRC", "1.3", due, done),)))
    assert (placed.late_happened, placed.late_simulated) == (now, then)


def test_an_answer_that_never_came_is_late_only_where_the_same_party_is_asked():
    (placed,) = _simulate(_case(expired=frozenset({"NRC"})))
    assert (placed.late_happened, placed.late_simulated) == (True, True)
    (placed,) = _simulate(_case(expired=frozenset({"VATRA"})))
    assert (placed.late_happened, placed.late_simulated) == (True, False)


def test_a_record_says_where_somebody_slept_each_wednesday_and_fits_the_tables():
    nights = weeks(FIRST, LAST)
    assert nights[0] == date(2026, 1, 7)
    assert all(night.weekday() == 2 for night in nights)
    parties = ["NRC", "IOM", "VATRA", "TJETER_VIZION"]
    found = sorted(rows(_simulate(_case(party="IOM"), _case("b", stays=())), parties, nights), key=itemgetter("person"))
    slept = {name for name, place in found[0].items() if name.endswith("_happened") and place == "IOM"}
    assert slept == {"2026-W06_happened", "2026-W07_happened"}
    assert found[0]["2026-W06_simulated"] == "NRC"
    assert (found[1]["happened"], found[1]["simulated"]) == ("nobody", "NRC")
    assert found[1]["2026-W06_simulated"] == "elsewhere"
    parse(tables(parties, nights)).records(found)


@pytest.mark.parametrize(
    ("printed", "together"),
    [
        ({"NRC": 50, "VATRA": 25, "there_before": 5}, set()),
        ({"NRC": 50, "VATRA": 20, "IOM": 0}, {"VATRA", "IOM"}),
        # Nobody but the one person whom the draft describes: they are counted with the smallest of the others.
        ({"NRC": 50, "VATRA": 30, "IOM": 5, "nobody": 0}, {"IOM", "nobody", "VATRA"}),
        ({"NRC": 15}, {"NRC"}),
        ({}, set()),
    ],
)
def test_a_way_of_few_people_under_a_draft_is_not_told_apart(printed: dict[str, int], together: set[str]):
    assert counted_together(printed) == together


def test_who_is_counted_together_is_so_in_every_table():
    nights, parties = weeks(FIRST, LAST), ["NRC", "IOM"]
    placed = _simulate(_case(party="IOM"), _case("b", on=date(2025, 12, 20), party="NRC"))
    found = rows(placed, parties, nights, {"NRC", "nobody"})
    assert {each["simulated"] for each in found} == {TOGETHER, "there_before"}
    assert not any(code == "NRC" for each in found for name, code in each.items() if name.endswith("simulated"))
    described = tables(parties, nights, {"NRC", "nobody"})
    assert described["dimension"]["simulated"]["codes"] == ["IOM", "duty_officer", TOGETHER, "there_before"]
    parse(described).records(found)
    assert not any("W06_simulated" in name for name in tables(parties, nights, {"NRC", "IOM"})["dimension"])
