"""What was found out about a proposed version, as JSON to be kept with it: the findings of the check, and what changes.

{"against": the version compared with, "base": the one that the draft was written from,
"findings": [{"kind", "number", "text", "values", "profile"?, "more"}],
"rerouted": [{"before", "after", "profiles", "more", "day"}], "changes": [{"noun", "key", "what", "parts"}]}. A profile
is a list of [fact, how, codes] (fact_diagrams.Term); a way is a list of [party, whether it must] or the code of a
fallback.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from nrm.domain.agreement.agreement_checks import Finding, FindingKind, check
from nrm.domain.agreement.agreement_differences import Differences, Rerouted, diff
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.comparisons import Comparison, compare
from nrm.domain.agreement.fact_diagrams import Cube, Work, terms
from nrm.domain.agreement.routes import Fallback
from nrm.domain.agreement.routing_diagrams import Way
from nrm.domain.agreement.safeguards import Safeguards
from nrm.domain.agreement.safeguards_beside import Called
from nrm.domain.words import Phrase


@dataclass(frozen=True, slots=True)
class Study:
    """What was found: in the text by itself, in comparison with the version before, and for whom."""

    against: Agreement
    findings: tuple[Finding, ...]
    differences: Differences
    comparison: Comparison
    numbers_alone: bool

    @property
    def weakened(self) -> tuple[str, ...]:
        """The numbers of the safeguards that the text weakens, each once."""
        return tuple(dict.fromkeys(each.number for each in self.findings if each.kind is FindingKind.WEAKENED))

    def same_weakenings(self, other: Study) -> set[str]:
        """The numbers of the safeguards of which the two texts, held against one, weaken the same for the same
        people."""
        if self.against.version != other.against.version:
            return set()
        mine, theirs = self._said(), other._said()
        return {number for number in mine if mine[number] == theirs.get(number)}

    def _said(self) -> dict[str, set[tuple[Phrase, frozenset[Cube]]]]:
        said: dict[str, set[tuple[Phrase, frozenset[Cube]]]] = {}
        for each in self.findings:
            if each.kind is FindingKind.WEAKENED:
                said.setdefault(each.number, set()).add((each.text, each.cubes))
        return said


def studied(
    old: Agreement, new: Agreement, safeguards: Safeguards, base: str = "", called: Collection[Called] = ()
) -> Study:
    """Check the new version, written from `base`, and compare it with the old one; raises TooManyClasses. Tenths of a
    second. `called`: the organisations that are known."""
    before = _signed_like(old, new)
    unaccepted = replace(safeguards, accepted=())
    work = Work()
    findings = check(new, safeguards=unaccepted, before=before, written_from=base, called=called, work=work).findings
    differences, comparison = diff(before, new, work=work), compare(before, new, work)
    return Study(old, findings, differences, comparison, numbers_alone(before, new))


def numbers_alone(old: Agreement, new: Agreement) -> bool:
    """Whether nothing but names and telephones of the parties is different: then a trial can tell nothing."""
    if [*old.parties] != [*new.parties]:
        return False
    parties = {
        code: replace(
            party,
            names=old.parties[code].names,
            on_call=old.parties[code].on_call,
            desk=replace(party.desk, telephone=old.parties[code].desk.telephone),
            signed_on=old.parties[code].signed_on,
        )
        for code, party in new.parties.items()
    }
    itself = {name: getattr(old, name) for name in ("version", "title", "signed_on", "starts_on")}
    same: bool = replace(new, parties=parties, **itself) == replace(old, parties=dict(old.parties))
    return same


def study(
    old: Agreement, new: Agreement, safeguards: Safeguards, base: str = "", called: Collection[Called] = ()
) -> dict[str, Any]:
    """As `studied`, as it is kept with a proposal."""
    return as_kept(studied(old, new, safeguards, base, called), base)


def as_kept(found: Study, base: str = "") -> dict[str, Any]:
    """As it is kept with a proposal. Without a `base` it was written from the one it is compared with."""
    differences = found.differences
    return {
        "against": found.against.version,
        "base": base or found.against.version,
        "findings": [_finding(each) for each in found.findings],
        "rerouted": [_rerouted(each) for each in differences.rerouted],
        "changes": [
            {"noun": each.noun, "key": each.key, "what": each.what, "parts": list(each.parts)}
            for each in differences.changes
        ],
    }


def _signed_like(old: Agreement, new: Agreement) -> Agreement:
    """The old version with the days of signature of the new text, which count for nothing: they are no change."""
    parties = {
        code: replace(party, signed_on=new.parties[code].signed_on) if code in new.parties else party
        for code, party in old.parties.items()
    }
    return replace(old, parties=parties)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": str(finding.kind),
        "number": finding.number,
        "text": finding.text.message,
        "values": dict(finding.text.values),
        "profile": None if finding.profile is None else _profile(finding.profile),
        "more": finding.more,
    }


def _rerouted(each: Rerouted) -> dict[str, Any]:
    before, after = (_way_as_json(way) for way in each.ways)
    profiles, day = [_profile(cube) for cube in each.shown], each.day.isoformat() if each.day is not None else None
    return {"before": before, "after": after, "profiles": profiles, "more": each.more, "day": day}


def _profile(cube: Cube) -> list[list[Any]]:
    return [[term.fact, term.how, list(term.codes)] for term in terms(cube)]


def _way_as_json(way: Way) -> list[list[Any]] | str:
    return str(way) if isinstance(way, Fallback) else [[party, must] for party, must in way]
