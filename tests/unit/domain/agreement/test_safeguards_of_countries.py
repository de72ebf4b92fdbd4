"""The safeguards of each shipped country, and of one that was made: who stands for a role, later times, places."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nrm import countries, parsing
from nrm.countries import Country
from nrm.domain.agreement.agreement_changes import studied
from nrm.domain.agreement.agreement_checks import Finding, FindingKind
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.roles import MechanismRole
from tests import country_files
from tests.unit.domain.agreement.sabotage import FOREIGN_BOYS, later, replaced, without_place

pytestmark = pytest.mark.slow  # what each rule finds is tried text by text in test_safeguards.py


@pytest.fixture(params=["albania", "north_macedonia", "third"])
def country(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Country:
    if request.param != "third":
        return countries.load(request.param)
    monkeypatch.setattr(parsing, "toml", country_files.read_here)
    return countries.load("third", country_files.third(tmp_path / "third"))


def weakened(country: Country, change: Callable[[dict[str, Any]], object]) -> dict[str, list[Finding]]:
    """By its number, what the newest text weakens after the change, beside the text as it is, and does not now."""
    text = country.agreements[-1]
    data = tomllib.loads(country.texts[text.version])
    usual = {str(each) for each in studied(text, parse_agreement(data), country.safeguards).findings}
    change(data)
    found: dict[str, list[Finding]] = {}
    for each in studied(text, parse_agreement(data), country.safeguards).findings:
        if each.kind is FindingKind.WEAKENED and str(each) not in usual:
            found.setdefault(each.number, []).append(each)
    return found


def test_who_stands_for_a_role_is_nobody_else_whose_times_and_places_are_held_against_before(country: Country) -> None:
    child, desk = country.party_in(MechanismRole.CHILD_AUTHORITY), country.party_in(MechanismRole.AUTHORITY)
    for stays in (False, True):
        found = weakened(country, lambda data, stays=stays: replaced(data, child, stays=stays))  # type: ignore[misc]
        assert {"1", "2", "3", "4", "21"} <= set(found)
        assert all(each.text.values.get("whom") == child and each.example for each in found["1"])
        assert {"16", "21"} <= set(weakened(country, lambda data, stays=stays: replaced(data, desk, stays=stays)))  # type: ignore[misc]
    for step in country.agreements[-1].path:
        assert set(weakened(country, lambda data, step=step: later(data, step.step, "P9D"))) >= {"21"}  # type: ignore[misc]
    nobody = weakened(country, lambda data: without_place(data, *FOREIGN_BOYS))["22"]
    for each in nobody:
        assert each.example is not None
        said = {name: each.example[name] for name in ("age_class", "gender", "citizenship_class")}
        assert said == {"age_class": "child", "gender": "masculine", "citizenship_class": "stateless"}
    assert weakened(country, lambda data: data.update(version="2")) == {}
