"""The e-mail a desk gets: that it has a task, and nothing else, at most every half hour while something waits."""

from __future__ import annotations

import re
from datetime import timedelta

from nrm.domain.documents import Words
from nrm.domain.languages import ByLanguage

EVERY = timedelta(minutes=30)
"""The least time between two messages to one desk."""

EVERY_DAY = timedelta(days=1)
"""How often a desk is reminded that its people have to sign the agreement."""

LONGEST_PAUSE = timedelta(minutes=30)
NO_PAUSE = 2 * max(EVERY, LONGEST_PAUSE)
"""A turn that is further off was noted by a clock that was ahead: it is not waited for."""
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
LONGEST_ADDRESS = 254

SUBJECT: Words = ByLanguage("You have a task")
BODY = ByLanguage(
    "You have a task. Sign in here:\n\n%(home)s\n\nThis message says no more than that. Do not answer it.\n"
)


def is_address(text: str) -> bool:
    """Whether it is an e-mail address of the usual kind: ASCII, one line, a domain with a dot."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def pause_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 1, 2, 4 ... minutes, half an hour at most."""
    return min(LONGEST_PAUSE, timedelta(minutes=2 ** min(failures - 1, 10)))
