"""Saying to which accounts many pages were refused (ADR 0236): for the operator."""

from __future__ import annotations

from nrm.domain.accounts.alarms import REFUSED
from nrm.store.rows.accounts import alarms as alarm_rows

_NAMED = 5


def named() -> str:
    """Which accounts asked for many pages that they may not see, until somebody says that they looked into it, and what
    to do; nothing where there is none."""
    found = alarm_rows.refused_lately()
    if not found:
        return ""
    told = ", ".join(f"{login} ({number})" for login, number in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        f"more than {REFUSED.free} pages within an hour were refused to {told}{more}: they may not see them, or there "
        "are none. Call the organisation: it asks the person, and suspends the account if nobody can explain it. It "
        "stands here until a colleague or the duty desk says that they looked into it, and for 7 days at most"
    )
