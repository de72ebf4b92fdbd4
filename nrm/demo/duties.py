"""The desks of a demo country do what the agreement asks of them, each in its time; one time in thirty late."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.demo.cast import cast
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.referrals.children_along import Came, NoChildHere
from nrm.domain.referrals.referrals import IllegalTransition
from nrm.store.referrals import obligations
from nrm.store.referrals.obligations import RECORDED_ELSEWHERE, ObligationLine

_LATE = 30
_DAY = timedelta(days=1)


class Duties:
    """What is owed in the cases, and who does it when. `after`: lets something happen after a pause."""

    def __init__(self, actors: Mapping[str, Actor], after: Callable[[timedelta, Callable[[], None]], None]) -> None:
        self._actors = actors
        self._after = after
        self._chance = random.Random(3)  # noqa: S311 - plausible, not secret
        self._known: set[uuid.UUID] = set()

    def look(self, case_id: uuid.UUID, receiver: Actor | None = None) -> None:
        """Plan what is owed in the case and was not planned yet; what its receiver owes once there is one."""
        for owed in obligations.of_case(case_id, by=self._actors[cast().authority]):
            by = receiver if owed.party == RECEIVER else self._actors[cast().organisation_of(owed.party)]
            if by is None or owed.id in self._known or owed.done_at is not None or owed.kind in RECORDED_ELSEWHERE:
                continue
            self._known.add(owed.id)
            self._after(self._pause(owed), partial(_do, owed.id, by))

    def _pause(self, owed: ObligationLine) -> timedelta:
        """How long the desk takes: part of the time it has, or up to six days."""
        if not self._chance.randrange(_LATE):
            return _DAY * self._chance.uniform(0.5, 2)
        if owed.due_at is None:
            return _DAY * self._chance.uniform(0.5, 6)
        return max(timedelta(), owed.due_at - clock.now()) * self._chance.uniform(0.1, 0.9)


def _do(obligation_id: uuid.UUID, by: Actor) -> None:
    try:
        referrals.acknowledge(obligation_id=obligation_id, by=by, came=Came.HAVE_CASES)
    except (IllegalTransition, NoChildHere, NotVisible):
        return  # told by telephone already, or the case was closed or went to another shelter
