"""Which differences between two versions of a country protect people less (ADR 0136).

A safeguard that goes or asks for less, a time that is given to people and gets shorter, a limit that gets wider.
"""

from __future__ import annotations

import re
from typing import Any

from nrm.countries.comparing import Difference, Kind
from nrm.domain.durations import UnreadableDuration, parse_duration

SAFEGUARDS = "safeguards.toml"
_ANYHOW = re.compile(
    r"retention\..+|reflection_period\.citizenship_classes(\..+)?|bulk_opening"
    r"|emergency\..+|next_number\[[^\]]*\]\.telephone|follow_up\.months|matching\.answer_days"
)
"""Country keys that weaken whichever way they change: kept shorter or longer, another circle of people, another number
that is called when nobody answers."""
_SHORTER = re.compile(
    r"reflection_period\.days|building\.(kept_\w+|missing_place_hours)|missing\.ended_after_days|away\.nights_counted"
    r"|permits\.(appeal_days|objection_working_days)|matching\.(ask_days|check_days)"
)
_LONGER = re.compile(
    r"consent\.(services_days|sharing_days)|child_gate\.findings_hold_days|matching\.questions_a_day"
    r"|bulk_opening\[\d+\]\.(hours|cases)"
)
_WORDS = re.compile(r".*\.(words|source)(\..+)?")
_MOST, _LEAST = re.compile(r".*\.(within|duration)"), re.compile(r".*\.number")


def weakens(each: Difference) -> bool:
    """Whether people are protected less by the second version in this."""
    if each.file == SAFEGUARDS:
        return _weakens_safeguard(each)
    if each.file != "country.toml" or each.kind is Kind.ADDED:
        return False
    if _ANYHOW.fullmatch(each.key):
        return True
    shorter, longer = _SHORTER.fullmatch(each.key), _LONGER.fullmatch(each.key)
    if not (shorter or longer):
        # A whole part that goes takes its rules with it.
        return each.kind is Kind.REMOVED and each.key in ("retention", "reflection_period", "missing", "child_gate")
    if each.kind is Kind.REMOVED or not (_is_number(each.before) and _is_number(each.after)):
        return True
    return bool(each.after < each.before) if shorter else bool(each.after > each.before)


def _weakens_safeguard(each: Difference) -> bool:
    """A safeguard is stronger where it is new, or its time shorter, or its number higher; worded otherwise is the same.
    What the country accepts of a text is weaker."""
    if each.key.startswith("accepted"):
        return each.kind is not Kind.REMOVED
    if _WORDS.fullmatch(each.key) or (each.kind is Kind.ADDED and re.fullmatch(r"safeguard\[[^\]]*\]|file", each.key)):
        return False
    if _MOST.fullmatch(each.key) and each.kind is Kind.CHANGED:
        try:
            return parse_duration(str(each.after)) > parse_duration(str(each.before))
        except UnreadableDuration:
            return True
    if _LEAST.fullmatch(each.key) and _is_number(each.before) and _is_number(each.after):
        return bool(each.after < each.before)
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
