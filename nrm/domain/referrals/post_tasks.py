"""What a shelter says of somebody whom a post sent, and what the post has to say to that (ADR 0241)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class TaskKind(StrEnum):
    """What somebody is told or asked about by telephone, and who says afterwards that this was done."""

    MEETING = "meeting"  # the shelter said after the departure where it meets the person: the post tells the escort
    NOT_COME = "not_come"  # the person did not arrive: the post calls
    UNSAID = "unsaid"  # arrived, and no post said that they left: the post or the shelter calls
    NO_PLACE = "no_place"  # on the way, and no meeting place is agreed: the post calls, and says nothing of it here


class Said(StrEnum):
    """How somebody says that it was done."""

    DONE = "done"
    ASKED = "asked"  # who cannot open where they meet asked who can, and that one told the escort (ADR 0247)
    HERE = "here"  # of who is said to have arrived elsewhere: the person is still at the post, and it waits on


SHOWN_FOR = timedelta(days=7)
"""How long after the expected hour a post reads that somebody did not arrive, if it says nothing."""

SAID_WITHIN = timedelta(days=45)
"""What a shelter said before that waits for no post: nobody is on the way so long."""

AFTER_LEAVING = "left"
"""How the audit chain marks a meeting place that was said, or changed, after the post had recorded the departure."""
