"""The days of those who stay in the shelters of a demo country, and what is left of them for its last evening."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol

from nrm import clock
from nrm.actions.shelter import ages, away, cases, consents, corrections, house_labels
from nrm.actions.shelter import stays as stay_actions
from nrm.demo.cast import cast
from nrm.demo.numbers import Numbers
from nrm.demo.people import Plan
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.ages import AgeRefused
from nrm.domain.shelter.away import AwayRefused
from nrm.domain.shelter.cases import ADULT_AGE, CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import Answer, Asking, ConsentRefused
from nrm.domain.shelter.corrections import CorrectionRefused
from nrm.domain.shelter.corrections import Why as Wrong
from nrm.domain.shelter.planned_ends import PlanWhy
from nrm.domain.shelter.stays import ImpossibleStay, StayOver
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import ages as age_store
from nrm.store.shelter import consents as consent_store
from nrm.store.shelter import stays as store

_DAY = timedelta(days=1)
_LONGEST = 90
"""For how many days a stay is planned on at once."""
_LOOKED_EVERY = 25
"""After so many days it is looked again whose answers run out."""
_OVERDUE = 2
"""So many planned ends passed yesterday, and nobody has looked at them yet."""
_REASONS = (PlanWhy.NEEDS_MORE_TIME, PlanWhy.NOWHERE_SAFE_YET, PlanWhy.WAITS_FOR_AUTHORITY, PlanWhy.HER_WISH)
_REFUSED = (
    AgeRefused,
    AwayRefused,
    CaseRefused,
    ConsentRefused,
    CorrectionRefused,
    ImpossibleStay,
    NotVisible,
    StayOver,
)
"""She left, moved to another shelter or is not there for another reason: then it does not happen."""


class Life(Protocol):
    """What happens next. `until`: the last instant of the demo; `numbers`: of ids."""

    until: datetime
    numbers: Numbers
    actors: Mapping[str, Actor]

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


class Residents:
    """Whose planned end is prolonged, who is away, what is corrected, asked again, and written down of them."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._overdue = 0

    def admitted(self, plan: Plan, case_id: uuid.UUID, stay_id: uuid.UUID, by: Actor) -> None:
        """Plan the days of somebody who came today."""
        ends = days.today() + plan.nights * _DAY
        adult = plan.answers["age"] == "adult"
        stays_on = clock.now() + plan.nights * _DAY > self._life.until
        self.plan_on(days.today() + plan.anticipated_nights * _DAY, ends, stay_id, by)
        if adult and plan.number % 7 == 2 and plan.nights > 20:
            self._after(10 + plan.number % 9, partial(self._go, stay_id, 1 + plan.number % 2, by))
        if plan.way == "shelter" and plan.number % 5 == 4:
            self._after(1, partial(_correct_admission, stay_id, by))
        if adult and plan.nights > country().validity.sharing_days - country().validity.ask_again_days:
            self._ask_again(case_id, by)
        if stays_on:
            self._after(1, partial(_label, case_id, plan.number, by))
        if stays_on and plan.answers["age"] == "child":
            service = self._life.actors[cast().child_officer]
            self._after(3, partial(enter_month, case_id, date.fromisoformat(plan.answers["birth"]), by, service))

    def plan_on(self, planned: date, ends: date, stay_id: uuid.UUID, by: Actor) -> None:
        """Prolong the planned end some days before it passes, again and again until the person leaves."""
        if planned > ends:
            return
        last = clock.day_of(self._life.until, country().timezone)
        if planned == last - _DAY and self._overdue < _OVERDUE:
            self._overdue += 1
            return
        following = min(ends + 3 * _DAY, planned + _LONGEST * _DAY)
        pause = max(1, (planned - days.today()).days - 3)
        self._after(pause, partial(self._prolong, following, ends, stay_id, by))

    def _prolong(self, planned: date, ends: date, stay_id: uuid.UUID, by: Actor) -> None:
        line = store.stay(stay_id, by=by)
        stay_actions.change(
            stay_id=stay_id,
            place_id=line.place_id,
            with_stay_id=line.with_stay_id,
            anticipated_end_on=planned,
            why=_REASONS[self._life.numbers.of(stay_id) % len(_REASONS)],
            by=by,
        )
        self.plan_on(planned, ends, stay_id, by)

    def _go(self, stay_id: uuid.UUID, nights: int, by: Actor) -> None:
        """A night in hospital, or a weekend with her family."""
        today = days.today()
        away_id = away.record(stay_id=stay_id, since_on=today, expected_on=today + nights * _DAY, reason="", by=by)
        self._after(nights, lambda: away.back(away_id=away_id, back_on=days.today(), by=by))

    def _ask_again(self, case_id: uuid.UUID, by: Actor) -> None:
        """Before an answer runs out the person is asked again, and says the same."""
        validity = country().validity
        self._after(validity.sharing_days - validity.ask_again_days + 5, partial(self._renew, case_id, by))

    def _renew(self, case_id: uuid.UUID, by: Actor) -> None:
        lines = [each for each in consent_store.of_case(case_id, by=by) if each.holds and each.due]
        if lines:
            answers = [Answer(each.topic, each.said, each.party) for each in lines]
            asking = Asking("", lines[0].language, lines[0].interpreter)
            consents.ask(case_id=case_id, answers=answers, asking=asking, by=by)
        self._after(_LOOKED_EVERY, partial(self._renew, case_id, by))  # a share was agreed to later than the rest

    def _after(self, number: int, happens: Callable[[], object]) -> None:
        self._life.after(number * _DAY, partial(_if_she_is_there, happens))


def _if_she_is_there(happens: Callable[[], object]) -> None:
    try:
        happens()
    except _REFUSED:
        return


def _correct_admission(stay_id: uuid.UUID, by: Actor) -> None:
    """She came the evening before, and it was entered the next morning."""
    came = store.stay(stay_id, by=by).admitted_on - _DAY
    corrections.correct_admission(stay_id=stay_id, admitted_on=came, why=Wrong.MISTYPED, by=by)


def _label(case_id: uuid.UUID, number: int, by: Actor) -> None:
    labels = cast().labels
    house_labels.write(case_id=case_id, nickname=labels[number % len(labels)], room=str(1 + number % 12), by=by)


def enter_month(case_id: uuid.UUID, born: date, by: Actor, service: Actor) -> None:
    """The shelter enters in which month a minor turns 18; child protection agrees where that is soon."""
    purpose = Purpose.CHILD_PROTECTION
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=purpose, by=by)
    ages.set_month(case_id=case_id, month=born.replace(year=born.year + ADULT_AGE, day=1), by=by)
    if age_store.of_case(case_id, by=service).word_waits:
        ages.agree(case_id=case_id, by=service)
