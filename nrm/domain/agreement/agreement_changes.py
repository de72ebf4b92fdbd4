"""What was found out about a proposed version, as JSON to be kept with it: the findings of the check, and what changes.

{"against": the version compared with, "findings": [{"kind", "text", "values", "profile"?, "more"}],
"rerouted": [{"before", "after", "profiles", "more"}], "changes": [{"noun", "key", "what", "parts"}]}. A profile is a
list of [fact, how, codes] (fact_diagrams.Term); a way is a list of [party, whether it must] or the code of a fallback.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nrm.domain.agreement.agreement_checks import Finding, check
from nrm.domain.agreement.agreement_differences import Rerouted, diff
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.fact_diagrams import Cube, terms
from nrm.domain.agreement.routes import Fallback
from nrm.domain.agreement.routing_diagrams import Way


def study(old: Agreement, new: Agreement) -> dict[str, Any]:
    """Check the new version and compare it with the old one; raises TooManyClasses. Some hundredths of a second."""
    differences = diff(_signed_like(old, new), new)
    return {
        "against": old.version,
        "findings": [_finding(each) for each in check(new).findings],
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
        "text": finding.text.message,
        "values": dict(finding.text.values),
        "profile": None if finding.profile is None else _profile(finding.profile),
        "more": finding.more,
    }


def _rerouted(each: Rerouted) -> dict[str, Any]:
    before, after = (_way_as_json(way) for way in each.ways)
    return {"before": before, "after": after, "profiles": [_profile(cube) for cube in each.shown], "more": each.more}


def _profile(cube: Cube) -> list[list[Any]]:
    return [[term.fact, term.how, list(term.codes)] for term in terms(cube)]


def _way_as_json(way: Way) -> list[list[Any]] | str:
    return str(way) if isinstance(way, Fallback) else [[party, must] for party, must in way]
