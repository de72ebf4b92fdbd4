"""How often a network may send something without an account: a few times in some minutes, counted for all workers; and
what was sent lately, so that one press is one complaint.

Decided in ADR 0188 and 0199.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime

LONGEST = 3600
"""For so many seconds a count is kept; no limit looks further back."""
MINUTE = 60
MOST_KEPT = 500
"""So many of those that sent something are kept apart; the one that sent longest ago goes first."""

MOST_SENT = 200
"""So many of what was sent lately are known again; what was sent longest ago goes first."""

Counts = MutableMapping[str, list[list[int]]]
"""Who sent, as a digest -> [[minute, how often], ...], the oldest first."""

Sent = MutableMapping[str, int]
"""What was sent, as a digest -> in which minute."""


@dataclass(frozen=True, slots=True)
class Few:
    """So many times in so many seconds; `name`: of what."""

    name: str
    most: int
    seconds: int


def left(counts: Mapping[str, list[list[int]]], who: str, few: Few, now: datetime) -> float:
    """In how many seconds it may be done again; 0 for now."""
    at = now.timestamp()
    recent = [each for each in counts.get(who, ()) if at - each[0] * MINUTE < few.seconds]
    over = sum(number for _, number in recent) - few.most + 1
    for minute, number in recent:
        if over <= 0:
            break
        over -= number
        if over <= 0:
            return max(1.0, minute * MINUTE + few.seconds - at)
    return 0.0


def count(counts: Counts, who: str, now: datetime) -> None:
    """Once more; what is too old, and who sent longest ago when there are too many, is forgotten."""
    minute = int(now.timestamp()) // MINUTE
    mine = counts.setdefault(who, [])
    if mine and mine[-1][0] >= minute:
        mine[-1][1] += 1
    else:
        mine.append([minute, 1])
    forget(counts, now)


def forget(counts: Counts, now: datetime) -> None:
    """Forget what is too old, and who sent longest ago when there are too many."""
    oldest = now.timestamp() - LONGEST
    for each in [*counts]:
        counts[each] = [found for found in counts[each] if found[0] * MINUTE > oldest - MINUTE]
        if not counts[each]:
            del counts[each]
    for each in sorted(counts, key=lambda one: counts[one][-1][0])[: max(0, len(counts) - MOST_KEPT)]:
        del counts[each]


def keep_sent(sent: Sent, what: str, now: datetime) -> bool:
    """Keep that this was sent; False where it is known already, and so is sent once more by the same press."""
    forget_sent(sent, now)
    if what in sent:
        return False
    sent[what] = int(now.timestamp()) // MINUTE
    forget_sent(sent, now)
    return True


def forget_sent(sent: Sent, now: datetime) -> None:
    """Forget what was sent too long ago, and what was sent longest ago when there is too much."""
    oldest = now.timestamp() - LONGEST
    kept = sorted((minute, what) for what, minute in sent.items() if minute * MINUTE > oldest - MINUTE)
    for each in {*sent} - {what for _, what in kept[-MOST_SENT:]}:
        del sent[each]
