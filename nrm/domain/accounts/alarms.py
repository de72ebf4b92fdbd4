"""When a member opens so many different cases that colleagues should ask why. An alarm warns; it blocks nobody.

Decided in ADR 0012.
"""

from __future__ import annotations

import uuid
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

USUAL_DAYS = 30
"""How far back the usual work of a member is measured."""


class AlarmKind(StrEnum):
    """What the member did unusually often."""

    OPENINGS = "openings"
    ERASURES = "erasures"  # asked for a third case to be destroyed
    ENDINGS = "endings"  # asked for a third account to be ended
    DRAFTS = "drafts"  # opened interviews that colleagues began
    PLACES = "places"  # took over as key worker or deputy of many people


@dataclass(frozen=True, slots=True)
class Watch:
    """So many different cases within so many hours, by one member, are worth a question."""

    hours: int
    cases: int

    @property
    def length(self) -> timedelta:
        """The time it looks at."""
        return timedelta(hours=self.hours)

    def is_unusual(self, cases: int, usual: int) -> bool:
        """Whether so many are too many for somebody who opened `usual` at most before.

        At least the watch's own number, and more than one and a half times the highest number before. Three times the
        watch's own number is always too many, so that slowly rising numbers raise an alarm as well.
        """
        return cases >= self.cases and (2 * cases > 3 * usual or cases >= 3 * self.cases)


def busiest(openings: Iterable[tuple[datetime, uuid.UUID]], length: timedelta) -> int:
    """The most different cases in any stretch of that length; `openings` are (when, which case), oldest first."""
    window: deque[tuple[datetime, uuid.UUID]] = deque()
    inside: Counter[uuid.UUID] = Counter()
    most = 0
    for at, case_id in openings:
        window.append((at, case_id))
        inside[case_id] += 1
        while window[0][0] <= at - length:
            gone = window.popleft()[1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
        most = max(most, len(inside))
    return most
