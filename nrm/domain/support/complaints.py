"""Complaints about people who work in the mechanism: written by anybody, read by the Responsible Authority alone.

Decided in ADR 0158.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

COMPLAINT = "complaint"
"""The compartment, under the complaint's own id, in which it is sealed to the Responsible Authority."""
LONGEST, LONGEST_REACH = 4000, 300
LONGEST_DONE = 600
MOST_WAITING = 1000
"""So many from the page that is of no house can wait at a time: then that page names telephones instead, so that nobody
can bury one under thousands. The page of a house never closes so: those who have its address live there."""
KEPT_FOR = timedelta(days=365)
"""So long after it was dealt with a complaint is kept."""


class Came(StrEnum):
    """On which way a complaint came that the desk typed."""

    PAPER = "paper"
    TELEPHONE = "telephone"


class CannotTake(Exception):
    """No complaint can be taken now: too many wait, or the Responsible Authority has no key."""


class AlreadySo(Exception):
    """It was marked so already."""
