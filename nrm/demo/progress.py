"""How far the making of a demo country is: who counts it in, and how long the rest will take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from nrm.domain.quarters import Quarter

# What a step costs beside the others, measured: seconds of processor time on one machine (ADR 0176).
_ACCOUNT = 0.1
_PERSON = 0.45
_CLOSING = 8.0
_CLOSING_FOR_EACH = 0.12  # of the people
_GUESSED_AFTER = 5.0  # seconds: before, a guess would be of nothing but the first account


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

    def account(self) -> None:
        """One more person of the staff can sign in."""
        self.accounts_made += 1
        self._step()

    def come(self, place: str) -> None:
        """One more person came there; who comes a second time at the very end is none of those that were asked for."""
        self.came = min(self.came + 1, self.people)
        self.places[place] += 1
        self._step()

    def reach(self, day: date) -> None:
        """What happens, happens on that day now."""
        self.reached, self.closing = day, ""
        self._step()

    def close(self, what: str, quarter: Quarter) -> None:
        """The reports of a quarter are made from now on."""
        self.closing = f"{what} of {quarter}"
        if quarter not in self.closed:
            self.closed.append(quarter)
        self._step()

    def share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        closing = _CLOSING + self.people * _CLOSING_FOR_EACH
        everything = self.accounts * _ACCOUNT + self.people * _PERSON + self.closings * closing
        closed = len(self.closed) - bool(self.closing)
        done = self.accounts_made * _ACCOUNT + self.came * _PERSON + max(0, closed) * closing
        return min(1.0, done / everything) if everything else 0.0

    def seconds_left(self) -> float | None:
        """How long the rest will take if it goes on like this; None while nobody knows."""
        took = self.clock() - self._began if self._began is not None else 0.0
        share = self.share()
        return took * (1 / share - 1) if share and took >= _GUESSED_AFTER else None

    def _step(self) -> None:
        if self._began is None:
            self._began = self.clock()
        self.tell(self)
