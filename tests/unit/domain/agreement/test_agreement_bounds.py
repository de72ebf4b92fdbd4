"""How large a text of the agreement may be, and that the check of the largest one ends soon on every machine."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nrm import countries
from nrm.domain.agreement.agreement_bounds import MOST, MOST_COMPARISONS, beyond
from nrm.domain.agreement.agreement_changes import studied
from nrm.domain.agreement.agreement_documents import MalformedAgreement, parse_agreement
from nrm.domain.agreement.fact_diagrams import MOST_WORK, TooManyClasses, Work

ALBANIA = countries.load("albania")
TEXT = ALBANIA.texts[ALBANIA.agreements[-1].version]


def document() -> dict[str, Any]:
    return tomllib.loads(TEXT)


def with_houses(number: int, competence: Callable[[int], object] = lambda _: "everyone") -> dict[str, Any]:
    """The text in force with so many houses more."""
    data = document()
    for each in range(number):
        house = {
            "code": f"P{each}",
            "kind": "ngo_shelter",
            "names": {"sq": f"Shtëpia {each} e grave", "en": f"House {each} of women"},
            "languages": ["sq"],
            "desk": {"opens": "00:00", "closes": "00:00", "weekends": True, "telephone": f"+355 54 111 {each:03}"},
            "on_call": f"+355 54 222 {each:03}",
            "competence": competence(each),
        }
        data["party"].append(house)
    return data


def longer(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {**data, name: data[name] * (MOST[name] + 1)}


@pytest.mark.parametrize("code", ["albania", "north_macedonia"])
def test_no_text_of_a_country_comes_near_a_bound(code: str) -> None:
    country = countries.load(code)
    for version, text in country.texts.items():
        data = tomllib.loads(text)
        assert list(beyond(data)) == [], version
        assert all(4 * len(data[name]) <= most for name, most in MOST.items()), version


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (with_houses(50), "party: a text of the agreement has at most 60 of these; this one has 61"),
        (longer(document(), "clause"), "clause: a text of the agreement has at most 150 of these"),
        (longer(document(), "path"), "path: a text of the agreement has at most 40 of these"),
        (longer(document(), "reporting"), "reporting: a text of the agreement has at most 60 of these"),
        (
            with_houses(1, lambda _: {"or": [{"eq": ["urgent", True]}] * (MOST_COMPARISONS + 1)}),
            "clause: all conditions of a text compare facts at most 500 times; this one",
        ),
        (
            {**document(), "clause": [{"notify": [{}] * 401}]},
            "clause: a text has at most 400 duties and steps to climb; this one has",
        ),
        (
            {**document(), "clause": [{"overrides": ["1"] * 501}]},
            "clause: all clauses of a text name at most 500 parties and clauses; this one names 501",
        ),
        (
            {**document(), "fact": {"needs": {"values": [str(each) for each in range(201)]}}},
            "fact.needs.values: a fact has at most 200 values; this one has 201",
        ),
        (
            {**document(), "party": [{"names": {str(each): "x" for each in range(41)}}]},
            "party[1].names: a party has a name in at most 40 languages; this one has 41",
        ),
    ],
    ids=["parties", "clauses", "steps", "reports", "comparisons", "duties", "named", "values", "languages"],
)
def test_a_text_beyond_a_bound_is_refused_with_the_bound(data: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedAgreement) as refused:
        parse_agreement(data, ALBANIA.languages)
    assert str(refused.value).startswith(said)


def test_a_file_beyond_a_bound_is_refused_before_anything_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "mou-x.toml"
    file.write_text(TEXT + '\n[[path]]\nstep = "x"\n' * 50)
    with pytest.raises(countries.CountryError, match=r"mou-x\.toml: path: a text of the agreement has at most 40 of"):
        countries.read_agreement(file)


def test_what_is_no_list_is_left_to_the_reader_and_a_text_that_was_signed_is_read() -> None:
    assert list(beyond({"party": 7, "clause": ["x"], "fact": [], "path": {"escalation": 1}})) == []
    assert list(beyond({"fact": {"needs": 3}, "party": [{"names": 1, "competence": 5}]})) == []
    assert len(parse_agreement(with_houses(50)).parties) == 61


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """The count of each check that begins."""
    begun: list[Work] = []

    def begin() -> Work:
        begun.append(Work())
        return begun[-1]

    monkeypatch.setattr("nrm.domain.agreement.agreement_changes.Work", begin)
    return begun


@pytest.mark.slow
def test_the_most_houses_are_checked_with_work_to_spare(work: list[Work]) -> None:
    """Measured: 1.2 s of processor time; before the ways of a text were kept, 30 houses took 5 s and 300 minutes."""
    new = replace(parse_agreement(with_houses(49), ALBANIA.languages), version="2")
    assert studied(ALBANIA.agreements[-1], new, ALBANIA.safeguards, "2005").findings
    assert work[0].left > MOST_WORK / 4


def test_a_text_that_tells_too_many_people_apart_ends_with_the_count(
    work: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Work.__init__, "__defaults__", (50_000,))
    regions = ALBANIA.agreements[-1].facts["wish_region"]

    def some(each: int) -> object:
        return {"in": ["wish_region", [code for place, code in enumerate(regions) if place >> (each % 3) & 1]]}

    new = replace(parse_agreement(with_houses(20, some), ALBANIA.languages), version="2")
    with pytest.raises(TooManyClasses):
        studied(ALBANIA.agreements[-1], new, ALBANIA.safeguards, "2005")
    assert -50 < work[0].left < 0
