"""Saying which records of people are not as the audit chain tells (ADR 0207)."""

from __future__ import annotations

from nrm.store.rows import lost_records as rows

_KINDS = (
    ("staying in touch after the shelter", rows.follow_ups),
    ("that somebody is not safe after the shelter", rows.not_safe),
    ("stays", rows.stays),
    ("the alarm that somebody is missing", rows.missing),
    ("hearings", rows.hearings),
    ("who opened what lies under seal", rows.readings),
)
_NAMED = 5


def lost() -> str:
    """Which they are, by codes of cases, and what to do; nothing where all are there. Reads the whole chain."""
    said = []
    for words, look in _KINDS:
        codes = rows.codes(look())
        if codes:
            more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
            said.append(f"{words} ({', '.join(codes[:_NAMED])}{more})")
    if not said:
        return ""
    return (
        f"the main database says other than the audit chain of: {'; '.join(said)}. Another hand changed it: keep a "
        "copy as evidence, call the houses of these cases, and look in the operator's guide what to do"
    )
