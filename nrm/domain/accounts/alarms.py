"""When a member opens so many different cases that colleagues should ask why. An alarm warns; it blocks nobody.

Decided in ADR 0012, ADR 0103 and ADR 0236.
"""

from __future__ import annotations

import uuid
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from nrm.domain.accounts.failed_attempts import Limit

USUAL_DAYS = 30
"""How far back the usual work of a member is measured."""


class AlarmKind(StrEnum):
    """What the member did unusually often."""

    OPENINGS = "openings"
    ERASURES = "erasures"  # closed cases to everybody, or asked for it
    ENDINGS = "endings"  # ended accounts of others or suspended people, or asked for it
    SHARES = "shares"  # let others read parts of many cases
    MANY_OPENINGS = "many_openings"  # opened more different cases than twice their usual day
    DRAFTS = "drafts"  # opened interviews that colleagues began
    PLACES = "places"  # took over as key worker or deputy of many people
    QUESTIONS = "questions"  # asked of many people whether they were here before
    REFUSALS = "refusals"  # asked for many pages that they may not see, or that are not there

    OF_ALL_ERASURES = "of_all_erasures"  # as above, by all members of an organisation together
    OF_ALL_ENDINGS = "of_all_endings"
    OF_ALL_SHARES = "of_all_shares"
    OF_ALL_OPENINGS = "of_all_openings"
    OF_ALL_QUESTIONS = "of_all_questions"


DAY, HOUR = timedelta(hours=24), timedelta(hours=1)
"""The rolling time in which acts are counted; and how long an alarm of one kind takes up what follows it."""
FROM = {AlarmKind.ERASURES: 3, AlarmKind.ENDINGS: 3, AlarmKind.SHARES: 10, AlarmKind.QUESTIONS: 6}
"""From the how manieth on, in a day, a member's acts are worth a question; of an organisation twice that."""
OPENINGS, TIMES_USUAL, WORKING_DAYS = 15, 2, 20
"""How many different cases a member may open in a day, or so many times their median of the last so many days on which
they opened any."""
REFUSED = Limit(100, HOUR / 100)
"""How many different pages are refused to an account within an hour before colleagues are told. People follow old links
and mistype: that is dozens on a bad day, and the same address counts once. One is forgiven each 36 seconds."""
OF_ALL = {
    AlarmKind.ERASURES: AlarmKind.OF_ALL_ERASURES,
    AlarmKind.ENDINGS: AlarmKind.OF_ALL_ENDINGS,
    AlarmKind.SHARES: AlarmKind.OF_ALL_SHARES,
    AlarmKind.MANY_OPENINGS: AlarmKind.OF_ALL_OPENINGS,
    AlarmKind.QUESTIONS: AlarmKind.OF_ALL_QUESTIONS,
}
"""The kind of an alarm about an organisation, by that about a member."""


def least(kind: AlarmKind, usual: float, *, of_all: bool) -> int:
    """From how many acts on in a day there is an alarm. `usual`: the median of different cases opened in a day."""
    number = FROM[kind] if kind in FROM else int(max(OPENINGS, TIMES_USUAL * usual)) + 1
    return 2 * number if of_all else number


def median_day(openings: Iterable[tuple[date, uuid.UUID]]) -> float:
    """The median of how many different cases were opened a day, over the last days on which any was; 0 without any."""
    days: dict[date, set[uuid.UUID]] = {}
    for on, case_id in openings:
        days.setdefault(on, set()).add(case_id)
    newest = sorted(days)[-WORKING_DAYS:]
    return median(len(days[each]) for each in newest) if newest else 0


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
