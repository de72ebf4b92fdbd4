"""The officer's own assessment against the indicator profile: the difference is counted, and nobody is corrected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nrm.domain.interviews.screenings import NONE, POSSIBLE, SUSPECTED

_RANK = {NONE: 0, SUSPECTED: 1, POSSIBLE: 2}


@dataclass(frozen=True, slots=True)
class Compared:
    """How many assessments were as the profile, and how many saw more or less in the account than it did."""

    same: int = 0
    more: int = 0
    less: int = 0

    @property
    def assessed(self) -> int:
        """All of them."""
        return self.same + self.more + self.less


def compared(counts: Iterable[tuple[str, str, int]]) -> Compared:
    """Compare rows of (profile, assessment, how many); rows without one of the two (urgent hand-overs) are left out."""
    same = more = less = 0
    for profile, assessment, number in counts:
        if profile not in _RANK or assessment not in _RANK:
            continue
        difference = _RANK[assessment] - _RANK[profile]
        same += number if difference == 0 else 0
        more += number if difference > 0 else 0
        less += number if difference < 0 else 0
    return Compared(same, more, less)
