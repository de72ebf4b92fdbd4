"""The months after the shelter of those with whom a demo country agreed to stay in touch."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from nrm import clock
from nrm.actions.support import follow_up_alarms, follow_ups
from nrm.demo.cast import cast
from nrm.demo.numbers import Numbers
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.follow_ups import (
    Acts,
    Contact,
    FollowUpRefused,
    How,
    Living,
    Occupation,
    Outcome,
    Result,
    Safe,
    Stand,
)
from nrm.store import days
from nrm.store.support import follow_ups as store

_REFUSED = (CaseRefused, FollowUpRefused, NotVisible)
_OUTCOMES = (*(Outcome.SETTLED,) * 3, *(Outcome.SAFE_WITHOUT_INCOME,) * 2, Outcome.NEEDS_SUPPORT, Outcome.LEFT_COUNTRY)
_DONE = "…"
"""The line about what is done: a demo has no words of people."""
_WAITS = 7
"""Of so many one is not asked in time, and stands in the list as late."""


class Life(Protocol):
    """What happens next. `until`: the last instant of the demo; `actors`: who works where; `numbers`: of ids."""

    until: datetime
    actors: Mapping[str, Actor]
    numbers: Numbers

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


class Afterwards:
    """With whom it is agreed, and what comes of each contact."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def agree(self, case_id: uuid.UUID, by: Actor) -> bool:
        """Agree it on the last day; whether it was."""
        labels = cast().labels
        number = self._life.numbers.of(case_id)
        words = {"channel": f"+000 {number % 10**6:06}", "who": labels[number % len(labels)]}
        try:
            follow_ups.agree(case_id=case_id, words=words, by=by)
        except _REFUSED:
            return False
        self._plan(case_id, by)
        return True

    def _plan(self, case_id: uuid.UUID, by: Actor) -> None:
        found = store.of_case(case_id, by=by)
        if found is None or found.ended_on is not None or found.next is None:
            return
        number = self._life.numbers.of(case_id) % _WAITS + found.next.months
        late = 20 if number % _WAITS == 0 else number % 4
        pause = found.next.next_on - days.today() + timedelta(days=late)
        self._life.after(max(pause, timedelta(hours=1)), partial(self._ask, case_id, by))

    def _ask(self, case_id: uuid.UUID, by: Actor) -> None:
        found = store.of_case(case_id, by=by)
        line = found.next if found is not None else None
        if found is None or line is None or found.ended_on is not None:
            return
        number = self._life.numbers.of(case_id) // _WAITS + line.months
        missed = number % 5 == 0 and line.tries < 2
        contact = Contact(Result.NOT_REACHED, How.TELEPHONE) if missed else _well(number, found, line)
        try:
            state = follow_ups.record(case_id=case_id, months=line.months, contact=contact, by=by)
        except _REFUSED:
            return
        if contact.alarms and clock.now() < self._life.until - timedelta(days=10):
            manager = self._life.actors.get(f"{by.organisation_code}/{Role.SHELTER_MANAGER}", by)
            self._life.after(timedelta(hours=2), partial(_act, case_id, manager))
        if state is not Stand.ENDED:
            self._plan(case_id, by)


def _well(number: int, found: store.CaseLine, line: store.ContactLine) -> Contact:
    living, works = list(Living)[number % 4], list(Occupation)[number % 4]
    outcome = _OUTCOMES[number % len(_OUTCOMES)] if line is found.contacts[-1] else None
    safe = Safe.NO if number % 29 == 0 else Safe.YES
    needs = ("legal",) if number % 3 == 0 else ()
    return Contact(Result.REACHED, How.TELEPHONE, living, works, safe, needs, outcome=outcome)


def _act(case_id: uuid.UUID, by: Actor) -> None:
    try:
        follow_up_alarms.act(case_id=case_id, what=Acts.MET, text=_DONE, by=by)
        follow_up_alarms.say_safe(case_id=case_id, text=_DONE, by=by)
    except (*_REFUSED, follow_up_alarms.CannotOpen):
        return  # somebody did, or the person is back
