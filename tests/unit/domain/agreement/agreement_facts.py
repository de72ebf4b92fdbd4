"""The shipped agreement and profiles for the tests about it."""

from __future__ import annotations

import copy
import tomllib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from nrm.countries import FOLDER
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreements import FACTS, Agreement
from nrm.domain.agreement.routing import Capacity
from nrm.domain.agreement.routing_facts import RoutingFacts, parse_facts

_DOCUMENT = tomllib.loads((FOLDER / "albania" / "mou-2005.toml").read_text(encoding="utf-8"))
NOON = datetime(2026, 3, 4, 12, tzinfo=ZoneInfo("Europe/Tirane"))
SHELTERS = ("NRC", "IOM", "VATRA", "TJETER_VIZION")


def document() -> dict[str, Any]:
    """A copy of the shipped document's tables, free to be changed."""
    return copy.deepcopy(_DOCUMENT)


AGREEMENT: Agreement = parse_agreement(_DOCUMENT)
ROOM = dict.fromkeys(AGREEMENT.parties, Capacity.FREE)

PLAIN: dict[str, Any] = {
    "age_class": "adult",
    "gender": "feminine",
    "citizenship_class": "home",
    "entry_point": "rinas",
    "region_of_entry": "tirane",
    "exploited_in": "abroad",
    "needs": [],
    "security_risk": "low",
    "proceedings_in": "none",
    "wish_region": "none",
    "avoid_regions": [],
    "refused_parties": [],
    "accompanied": False,
    "announced": False,
    "urgent": False,
    "children_with": "0",
    "official_involved": "no",
    "consent": "given",
}


def profile(**changed: Any) -> RoutingFacts:
    """An Albanian woman at Rinas without further marks, but for what is changed."""
    return parse_facts({**PLAIN, **changed}, AGREEMENT)


def _values(name: str) -> st.SearchStrategy[Any]:
    if FACTS[name] == "flag":
        return st.booleans()
    codes = st.sampled_from(AGREEMENT.facts[name])
    return st.lists(codes, unique=True, max_size=4) if FACTS[name] == "set" else codes


raw_profiles = st.fixed_dictionaries({name: _values(name) for name in FACTS})
profiles = raw_profiles.map(lambda data: parse_facts(data, AGREEMENT))
capacities = st.dictionaries(st.sampled_from(SHELTERS), st.sampled_from(Capacity))
