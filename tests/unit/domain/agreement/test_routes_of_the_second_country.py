"""The draft of North Macedonia: who is sent where, worked by hand (ADR 0142)."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nrm.countries import FOLDER
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.routes import Exclusion, Fallback, Route
from nrm.domain.agreement.routing import Capacity, route
from nrm.domain.agreement.routing_facts import parse_facts
from tests.unit.domain.agreement.agreement_facts import PLAIN

AGREEMENT = parse_agreement(tomllib.loads((FOLDER / "north_macedonia" / "mou-2018.toml").read_text("utf-8")))
NOON = datetime(2026, 3, 4, 12, tzinfo=ZoneInfo("Europe/Skopje"))
ROOM = dict.fromkeys(AGREEMENT.parties, Capacity.FREE)
HERE = {"entry_point": "tabanovce", "region_of_entry": "northeast"}


def _route(**changed: Any) -> Route:
    return route(parse_facts({**PLAIN, **HERE, **changed}, AGREEMENT), AGREEMENT, NOON, ROOM)


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        ({}, ["OPEN_GATE", "CENTRE"]),
        ({"security_risk": "high"}, ["CENTRE", "OPEN_GATE"]),
        ({"proceedings_in": "capital"}, ["CENTRE", "OPEN_GATE"]),
        ({"gender": "masculine"}, ["CENTRE"]),
        ({"citizenship_class": "third_country"}, ["FOREIGNERS"]),
        ({"citizenship_class": "unknown"}, ["CENTRE", "OPEN_GATE", "FOREIGNERS"]),
        ({"age_class": "child"}, ["OPEN_GATE", "HAPPY_CHILDHOOD", "CENTRE"]),
        ({"age_class": "unsure", "gender": "masculine", "citizenship_class": "stateless"}, ["HAPPY_CHILDHOOD"]),
    ],
)
def test_who_is_asked_in_which_order(who: dict[str, Any], asked: list[str]) -> None:
    assert [each.party for each in _route(**who).candidates] == asked


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_no_foreign_child_is_placed_where_foreigners_are_received(age: str) -> None:
    answer = _route(age_class=age, citizenship_class="third_country")
    assert {each.party: each.reason for each in answer.excluded}["FOREIGNERS"] is Exclusion.FORBIDDEN
    told = {(each.kind, each.party): each.within_text for each in answer.obligations}
    assert told["notify", "SOCIAL_WORK"] == "PT20M"
    assert told["answer", "OPEN_GATE"] == "PT45M"


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        ({"gender": "masculine"}, {"CENTRE"}),
        ({}, {"OPEN_GATE", "CENTRE"}),
        ({"age_class": "child"}, {"OPEN_GATE", "HAPPY_CHILDHOOD", "CENTRE"}),
    ],
)
def test_where_an_official_is_involved_nobody_is_placed_in_a_house_of_the_ministry_of_the_police(
    who: dict[str, Any], asked: set[str]
) -> None:
    for citizenship in ("third_country", "stateless", "unknown"):
        answer = _route(**who, citizenship_class=citizenship, official_involved="yes")
        assert {each.party for each in answer.candidates} == asked
        assert "FOREIGNERS" not in {each.party for each in answer.reserve}


def test_a_foreign_woman_who_does_not_want_the_reception_centre_is_asked_to_open_gate() -> None:
    answer = _route(citizenship_class="third_country", refused_parties=["FOREIGNERS"])
    assert [(each.party, each.must) for each in answer.candidates] == [("OPEN_GATE", False)]


def test_who_must_not_be_in_the_capital_has_no_house_and_the_duty_officer_decides() -> None:
    answer = _route(avoid_regions=["skopje"])
    assert answer.candidates == ()
    assert answer.fallback is Fallback.EXCLUDED
