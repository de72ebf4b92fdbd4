"""How far the making of a demo country is: who counts it in, and how long the rest will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from nrm.domain.quarters import Quarter

# What a step costs beside the others, measured on one machine (ADR 0176). The last two are believed until the
# reports of a first quarter are made: then each quarter is expected to take as long as those before it.
_ACCOUNT = 0.1
_PERSON = 0.45
_CLOSING = 4.0
_CLOSING_FOR_EACH = 0.035  # of the people
_GUESSED_AFTER = 5.0  # seconds: before, a guess would be of nothing but the first account
_KNOWN_FROM = 20  # a guess needs one in so many of the people: signing the agreements takes longer than an account
_AT_LEAST = 1.0  # seconds: what is shorter is not said, as the end of a step is not known so well


@dataclass
class Progress:
    """What is made already. `tell` is called after each step; it may raise KeyboardInterrupt."""

    people: int
    closings: int
    tell: Callable[[Progress], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    accounts: int = 0
    accounts_made: int = 0
    came: int = 0
    places: Counter[str] = field(default_factory=Counter)
    """Crossing point or organisation -> how many people came there."""
    reached: date | None = None
    closed: list[Quarter] = field(default_factory=list)
    closing: str = ""
    _began: float | None = None
    _stepped: float = 0.0
    """When the last step was told."""
    _step_takes: float = 0.0
    """Seconds that what began with the last step is expected to take."""
    _then: float | None = None
    """Seconds that all after it will take; None while nobody knows."""
    _is_joint: bool = False
    """Whether the reports that are made now are those of several quarters, which come once and last."""
    _joint_made: bool = False
    _took: list[float] = field(default_factory=list)
    """Seconds for the reports of each quarter so far."""

    def account(self) -> None:
        """One more person of the staff can sign in."""
        now = self._end_of_closing()
        self.accounts_made += 1
        self._step(now, _ACCOUNT)

    def come(self, place: str) -> None:
        """One more person came there; who comes a second time at the very end is none of those that were asked for."""
        now = self._end_of_closing()
        self.came = min(self.came + 1, self.people)
        self.places[place] += 1
        self._step(now, _PERSON if self.came < self.people else 0.0)

    def reach(self, day: date) -> None:
        """What happens, happens on that day now."""
        now = self._end_of_closing()
        self.reached = day
        self._step(now, _PERSON if self.came < self.people else 0.0)

    def close(self, what: str, quarter: Quarter) -> None:
        """The reports of a quarter are made from now on."""
        now = self._end_of_closing()
        self.closing = f"{what} of {quarter}"
        self._is_joint = quarter in self.closed
        if not self._is_joint:
            self.closed.append(quarter)
        self._step(now, 0.0)

    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        everything = self._beside_closings(self.accounts, self.people) + self._reports() * self._closing()
        done = self._beside_closings(self.accounts_made, self.came) + self._ended() * self._closing()
        return min(1.0, done / everything) if everything else 0.0

    def seconds_left(self) -> float | None:
        """How long the rest will take if it goes on like this; None while nobody knows.

        Between two steps it gets less as time passes, and stands still where a step takes longer than expected.
        """
        then = self._then  # once: a line every ten seconds is written by a thread of its own
        if then is None:
            return None
        left = then + max(0.0, self._step_takes - (self.clock() - self._stepped))
        return left if left >= _AT_LEAST else None

    def _step(self, now: float, weight: float) -> None:
        """`weight`: of what begins now, as above; of reports nothing, as earlier ones say how long they take."""
        self._stepped = now
        self._then = self._guess(now, weight)
        self.tell(self)

    def _guess(self, now: float, weight: float) -> float | None:
        """Seconds that all after this step will take; notes what the step itself takes."""
        took = now - (self._began or 0.0)
        done = self._beside_closings(self.accounts_made, self.came)
        self._step_takes = 0.0
        if took < _GUESSED_AFTER or not done or self.came * _KNOWN_FROM < self.people:
            return None
        speed = (took - sum(self._took)) / done
        closing = sum(self._took) / len(self._took) if self._took else self._closing() * speed
        beside = (self._beside_closings(self.accounts, self.people) - done) * speed
        begun = self._ended() + bool(self.closing)
        reports = max(0, self._reports() - begun) * closing
        if self.closing:
            self._step_takes = closing
            return beside + reports
        self._step_takes = min(weight * speed, beside)
        return beside - self._step_takes + reports

    def _end_of_closing(self) -> float:
        """Note how long the reports took that were being made; returns what time it is."""
        now = self.clock()
        if self._began is None:
            self._began = now
        if self.closing:
            self._took.append(now - self._stepped)
            self._joint_made = self._joint_made or self._is_joint
        self.closing, self._is_joint = "", False
        return now

    def _reports(self) -> int:
        """How often reports are made: for each quarter, and once for several, which takes about as long."""
        return self.closings + bool(self.closings)

    def _ended(self) -> int:
        """How often they were made already."""
        return len(self.closed) + self._joint_made - (bool(self.closing) and not self._is_joint)

    def _closing(self) -> float:
        return _CLOSING + self.people * _CLOSING_FOR_EACH

    def _beside_closings(self, accounts: int, people: int) -> float:
        return accounts * _ACCOUNT + people * _PERSON
