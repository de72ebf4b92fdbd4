"""What a version changes for people, held against living people: every rule dropped, widened or delayed once."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from bench.agreements import somebody as anybody
from nrm.domain.agreement.agreement_checks import check
from nrm.domain.agreement.agreement_differences import diff
from nrm.domain.agreement.agreement_documents import parse_agreement
from nrm.domain.agreement.agreements import FACTS, Agreement
from nrm.domain.agreement.comparisons import PEOPLE, Difference, DifferenceKind, compare, live
from nrm.domain.agreement.routing_diagrams import as_on, everyone_signed
from nrm.domain.agreement.routing_facts import parse_facts
from tests.unit.domain.agreement.agreement_facts import AGREEMENT, PLAIN, document
from tests.unit.domain.agreement.sabotage import mutations
from tests.unit.domain.agreement.test_safeguards import SAFEGUARDS, nothing_but_arrived

SIGNED = everyone_signed(AGREEMENT)


@cache
def crowd() -> list[dict[str, Any]]:
    """People of every kind, the same in each run: random ones, and the usual person with each code of each fact."""
    chance = random.Random(17)
    found = [parse_facts(anybody(AGREEMENT, chance), AGREEMENT).values() for _ in range(40)]
    for name, codes in AGREEMENT.facts.items():
        for code in codes or (True,):
            value = [code] if FACTS[name] == "set" else code
            found.append(parse_facts({**PLAIN, name: value}, AGREEMENT).values())
    return found


@cache
def _lived_before() -> list[Any]:
    return [live(person, SIGNED) for person in crowd()]


def changes_somebody(agreement: Agreement) -> bool:
    """Whether routing itself does anything else with anybody of the crowd."""
    signed = everyone_signed(agreement)
    return any(live(person, signed) != before for person, before in zip(crowd(), _lived_before(), strict=True))


MUTATIONS = list(mutations())
BASELINE = {str(each) for each in check(AGREEMENT, safeguards=SAFEGUARDS).accepted}


@pytest.mark.parametrize("data", [data for _, data in MUTATIONS], ids=[name for name, _ in MUTATIONS])
def test_whatever_is_dropped_widened_or_delayed_is_a_finding_or_a_difference_with_a_person(data: dict[str, Any]):
    agreement = parse_agreement(data)
    compared = compare(AGREEMENT, agreement)
    changed = diff(AGREEMENT, agreement)
    for each in compared.differences:
        on = each.day or agreement.starts_on
        assert live(each.person, as_on(AGREEMENT, on)) != live(each.person, as_on(agreement, on)), each
    if changes_somebody(agreement):
        assert compared.differences
    found = {str(each) for each in check(agreement, safeguards=SAFEGUARDS).findings} - BASELINE
    assert found or compared.differences or changed.changes
    assert len(compared.people) >= PEOPLE


@pytest.mark.slow
def test_there_are_many_sabotaged_documents_and_most_are_findings_by_themselves():
    assert len(MUTATIONS) > 120
    found = [name for name, data in MUTATIONS if _new_findings(data)]
    assert len(found) >= 40


def _new_findings(data: dict[str, Any]) -> set[str]:
    checked = check(parse_agreement(data), safeguards=SAFEGUARDS, before=AGREEMENT)
    return {str(each) for each in checked.findings} - BASELINE


STANDING = ("NRC", "RA", "CHILD_PROTECTION", "TRP_UNIT")


@pytest.mark.slow  # some forty documents, each compared
def test_who_stands_for_a_role_every_later_time_and_every_group_without_a_place_is_a_finding_by_itself():
    wanted = {f"party {code} replaced{how}" for code in STANDING for how in ("", ", in name there")}
    wanted |= {f"path {each.step} later, and whom it climbs to" for each in AGREEMENT.path}
    wanted |= {f"path {each.step} {how}" for each in AGREEMENT.path for how in ("later", "climbs late")}
    wanted |= {name for name, _ in MUTATIONS if name.startswith("delay ")} | {"expires later", "foreign boys"}
    assert [name for name, data in MUTATIONS if name in wanted and not _new_findings(data)] == []
    assert wanted <= {name for name, _ in MUTATIONS}


def _of(kind: DifferenceKind, differences: tuple[Difference, ...]) -> list[Difference]:
    return [each for each in differences if each.kind is kind]


def test_who_reads_and_who_is_told_stands_there_by_person_and_not_as_duties_and_times():
    data = document()
    nothing_but_arrived(data)
    found = compare(AGREEMENT, parse_agreement(data))
    assert _of(DifferenceKind.SENT, found.differences) == []
    (reads,) = _of(DifferenceKind.READS, found.differences)
    assert reads.about == ("BORDER_POLICE",)
    assert (reads.before, reads.after) == (frozenset(), frozenset({"story", "identity", "care"}))
    assert [each.about for each in _of(DifferenceKind.TOLD, found.differences)] == [
        ("CHILD_PROTECTION",),
        ("BORDER_POLICE",),
    ]
    before, after = ({(each.reader, each.on) for each in side} for side in found.reading)
    assert after - before == {("BORDER_POLICE", "")}


def test_who_follows_a_must_is_a_difference_for_whoever_does_not_want_its_parties():
    data = document()
    for clause in data["clause"]:
        clause.pop("then", None)
    found = compare(AGREEMENT, parse_agreement(data)).differences
    (first, *_) = _of(DifferenceKind.SENT, found)
    assert "NRC" in first.person["refused_parties"]


def test_the_same_text_changes_nothing_for_anybody():
    same = compare(AGREEMENT, parse_agreement(document()))
    assert same.differences == ()
    assert same.reading[0] == same.reading[1]


def test_a_person_with_a_fact_that_only_the_new_version_knows_has_no_before():
    data = document()
    data["fact"]["entry_point"]["values"].append("new_port")
    person = {**parse_facts(PLAIN, AGREEMENT).values(), "entry_point": "new_port"}
    assert live(person, everyone_signed(AGREEMENT)) is None
    assert live(person, everyone_signed(parse_agreement(data))) is not None
