"""Whether the people of a demo country were here before: they are asked, and two sides say what they know.

Of some who come, the plan says that they are somebody who was here (`people.Plan.came_as`). Nobody of the demo tells it
the program: it has to find them by names that were written down another way.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from nrm.actions.shelter import match_desk
from nrm.actions.shelter import matching as actions
from nrm.demo.cast import cast
from nrm.demo.people import Plan, written_again
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.matching import Answer, Course, MatchRefused, PairStand, Said, Why, Word
from nrm.domain.shelter.stays import Source
from nrm.store.countries import country
from nrm.store.rows.shelter import matching as rows

_DAY = timedelta(days=1)
_UNSURE = 13
"""Of one in so many nobody can tell."""
_NIGHTS = 40
_REFUSED = (CaseRefused, MatchRefused, NotVisible)
"""She left before, moved to another shelter, or somebody was faster."""


class Life(Protocol):
    """What happens next. `until`: the last instant of the demo."""

    actors: Mapping[str, Actor]
    until: datetime

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...

    def come(self, plan: Plan) -> Callable[[], None]: ...


class HereBefore:
    """Who is asked, and what the houses say of whoever is found."""

    def __init__(self, life: Life, houses: Mapping[uuid.UUID, str]) -> None:
        self._life = life
        self._houses = houses  # organisation -> code
        self._people: dict[uuid.UUID, int] = {}  # case -> the number of the plan of who it really is
        self._asked: dict[uuid.UUID, Plan] = {}

    def admitted(self, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
        """Ask somebody who came today, some days later."""
        self._people[case_id] = plan.came_as if plan.came_as is not None else plan.number
        if plan.looked_for == "not_asked":
            return
        self._asked[case_id] = plan
        colleague = self._life.actors.get(f"{by.organisation_code}#2", by)
        if plan.way == "shelter":
            self._after(1, partial(actions.seen, case_id=case_id, by=colleague))
        said = Said.YES if plan.looked_for == "yes" else Said.REFUSED
        child = plan.answers["age"] != "adult"
        pause = 2 + plan.number % 3  # few stay for less
        self._after(pause, partial(actions.ask, case_id=case_id, said=said, with_guardian=child, by=by))
        if said is Said.YES:
            self._after(pause + 5, partial(self._answer, case_id, plan.number))
            word = Word.UNKNOWN if plan.number % _UNSURE == 5 else Word.NEW
            wait = pause + country().matching.check_days + 1
            self._after(wait, partial(self._say, case_id, word))

    def let_one_come_again(self, shelter: str) -> None:
        """Somebody who left another shelter rings at the door of this one: she is asked, and the other one has not
        answered yet when the demo opens."""
        own = self._life.actors[shelter].organisation_id
        for case_id, plan in self._asked.items():
            there = rows.known([case_id])[case_id]
            alone = plan.answers["age"] == "adult" and [*self._people.values()].count(self._people[case_id]) == 1
            if not alone or there.holder_id in (own, None) or there.where.guarded or plan.looked_for != "yes":
                continue
            if plan.way == "shelter":  # no other organisation saw the person: the duty desk would look at it first
                continue
            said = {**plan.answers, **written_again(plan.answers, cast().heard)}
            again = replace(plan, way="shelter", post=shelter, source=Source.OWN, answers=said, nights=_NIGHTS)
            self._life.come(replace(again, came_as=plan.number, permit=None, testimony=(), claim=None, children=()))()
            return

    def _answer(self, case_id: uuid.UUID, number: int) -> None:
        """The houses that know who was found say whether it is she; then who asked does."""
        row = rows.question(case_id)
        for pair in rows.opened(row) if row is not None else []:
            there = rows.known([pair.case_id])[pair.case_id]
            if pair.stand is not PairStand.WAITS or there.holder_id is None:
                continue
            authority = self._life.actors[cast().authority]
            if pair.held:  # the desk knows that house, and lets it be asked
                self._after(1, partial(match_desk.looked, pair_id=pair.id, by=authority, ask=True))
                self._after(2, partial(self._answer, case_id, number))
                continue
            by = self._life.actors[f"{self._houses[there.holder_id]}#2"]
            same = self._people.get(pair.case_id) == self._people[case_id]
            said = (Answer.SAME, Why.KNOWN_TO_US) if same else (Answer.DIFFERENT, Why.OTHER_STORY)
            _if_it_can_be(partial(actions.answer, pair_id=pair.id, answer=said[0], why=said[1], by=by))
            if pair.there and pair.band != "weak":
                self._after(1, partial(match_desk.looked, pair_id=pair.id, by=authority))
            if same:
                course = Course.AGAIN if number % 4 else Course.SAME_CASE
                self._after(2, partial(self._confirm, case_id, pair.id, course))

    def _confirm(self, case_id: uuid.UUID, pair_id: uuid.UUID, course: Course) -> None:
        by = self._holder(case_id)
        if by is not None:
            actions.confirm(pair_id=pair_id, answer=Answer.SAME, why=Why.SHE_SAYS, course=course, by=by)

    def _say(self, case_id: uuid.UUID, word: Word) -> None:
        """The check is over: whoever was not found is new."""
        row = rows.question(case_id)
        by = self._holder(case_id)
        if by is None or row is None or any(each.stand is PairStand.LINKED for each in rows.opened(row)):
            return
        actions.say(case_id=case_id, word=word, by=by)

    def _holder(self, case_id: uuid.UUID) -> Actor | None:
        held_by = rows.known([case_id])[case_id].holder_id
        return self._life.actors[self._houses[held_by]] if held_by is not None else None

    def _after(self, number: int, happens: Callable[[], object]) -> None:
        self._life.after(number * _DAY, partial(_if_it_can_be, happens))


def _if_it_can_be(happens: Callable[[], object]) -> None:
    try:
        happens()
    except _REFUSED:
        return
