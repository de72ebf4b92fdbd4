"""Who has nobody left when a party that can accept people cannot any more: worked by hand, and held against routing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from nrm import countries
from nrm.domain.agreement.agreement_people import somebody
from nrm.domain.agreement.fact_diagrams import described
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_diagrams import everyone_signed, left_without
from nrm.domain.agreement.routing_facts import parse_facts

ALBANIA = countries.load("albania").agreements[-1]
MACEDONIA = countries.load("north_macedonia").agreements[-1]
DAY = date(2026, 3, 4)
HOUSES = {"NRC", "IOM", "VATRA", "TJETER_VIZION"}


@pytest.mark.parametrize("party", ["IOM", "VATRA", "TJETER_VIZION"])
def test_where_one_house_takes_everybody_no_other_leaves_anybody_with_nobody(party: str) -> None:
    assert left_without(ALBANIA, DAY, party, HOUSES - {party}) == ()


def test_who_has_one_house_alone_is_said_and_any_two_that_stay_are_not_enough() -> None:
    alone = " | ".join(map(described, left_without(ALBANIA, DAY, "NRC", HOUSES)))
    assert "security_risk high or unknown" in alone
    assert "age_class child or unsure; gender non_conforming or unknown" in alone
    # Two houses stay, and neither takes men or boys.
    boys = left_without(ALBANIA, DAY, "TJETER_VIZION", {"IOM", "VATRA"})
    assert {described(each).partition(";")[0] for each in boys} == {"age_class child"}
    foreign = left_without(MACEDONIA, DAY, "HAPPY_CHILDHOOD", {"CENTRE", "FOREIGNERS", "OPEN_GATE"})
    assert any("citizenship_class third_country or stateless" in described(each) for each in foreign)


@pytest.mark.parametrize("agreement", [ALBANIA, MACEDONIA], ids=["albania", "north_macedonia"])
def test_routing_itself_has_nobody_else_for_the_examples(agreement) -> None:  # type: ignore[no-untyped-def]
    signed, noon = everyone_signed(agreement), datetime.combine(agreement.starts_on + timedelta(days=30), time(12))
    houses = {code for code, each in agreement.parties.items() if each.competence is not None}
    lost = {code: left_without(signed, noon.date(), code, houses) for code in houses}
    assert any(lost.values())
    for code, cubes in lost.items():
        for cube in cubes:
            facts = parse_facts(somebody(agreement, cube), agreement)
            answer = route(facts, signed, noon, dict.fromkeys(houses, Capacity.FREE))
            assert {each.party for each in (*answer.candidates, *answer.reserve)} == {code}


def test_a_party_that_is_not_bound_on_the_day_counts_for_nothing() -> None:
    assert left_without(ALBANIA, date(2005, 7, 17), "NRC", HOUSES) == ()
    assert left_without(ALBANIA, DAY, "", HOUSES) == left_without(ALBANIA, DAY, "RA", HOUSES) == ()
    everybody = left_without(ALBANIA, DAY, "NRC", ())
    assert {described(each) for each in everybody} == {"age_class child or unsure", "consent other than refused"}
