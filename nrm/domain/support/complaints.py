"""Complaints about people who work in the mechanism: written by anybody, read by the Responsible Authority alone.

Decided in ADR 0158.
"""

from __future__ import annotations

from datetime import timedelta

COMPLAINT = "complaint"
"""The compartment, under the complaint's own id, in which it is sealed to the Responsible Authority."""
LONGEST, LONGEST_REACH = 4000, 300
MOST_WAITING = 100
"""So many can wait at a time: then the page names telephones instead, so that nobody can bury one under thousands."""
KEPT_FOR = timedelta(days=365)
"""So long after it was dealt with a complaint is kept."""


class CannotTake(Exception):
    """No complaint can be taken now: too many wait, or the Responsible Authority has no key."""


class AlreadySo(Exception):
    """It was marked so already."""
