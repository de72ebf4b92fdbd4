"""PlanWhy the planned end of a stay changed: closed codes, so that nothing of a person's life is said in clear."""

from __future__ import annotations

from enum import StrEnum


class PlanWhy(StrEnum):
    """PlanWhy a stay is planned until that day."""

    ADMISSION = "admission"  # the first plan
    NEEDS_MORE_TIME = "needs_more_time"
    NOWHERE_SAFE_YET = "nowhere_safe_yet"
    WAITS_FOR_AUTHORITY = "waits_for_authority"  # a permit, a court, a document
    READY_EARLIER = "ready_earlier"
    HER_WISH = "her_wish"
    MISTYPED = "mistyped"
    OTHER = "other"


CHANGES = tuple(why for why in PlanWhy if why is not PlanWhy.ADMISSION)
"""What can be said when the plan changes."""
