"""Any order of admitting, moving, going away, missing, leaving and correcting: what holds after every step."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import uuid
from datetime import date, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from nrm import clock
from nrm.actions.shelter import absences, away, corrections, direct_intake, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.away import AwayRefused
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, Source, StayOver
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter.leaving import Exit
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import away as away_store
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as store
from tests import factories
from tests.factories_stays import ALBANIAN

PLACES_EACH, EXAMPLES, DAYS = 3, 12, 12
OPEN = ("move", "go", "back", "missing", "found", "leave", "leave", "admission", "place", "strike_away")
OVER = ("exit", "reopen", "admission", "place", "exit")
HOME = (ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME)
_first_place = itertools.count(step=PLACES_EACH)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


class History:
    """Two residents and three places of their own; what was refused changed nothing."""

    def __init__(self, by: Actor) -> None:
        first = next(_first_place)
        self.by, self.today = by, days.today()
        places = [line.id for line in place_store.places(by=by)]
        self.places = places[first : first + PLACES_EACH]
        self.stays = [
            direct_intake.open_case(
                case=dataclasses.replace(ALBANIAN, source=Source.ALREADY_THERE),
                place_id=self.places[number],
                admitted_on=self.day(6),
                anticipated_end_on=self.today + timedelta(days=9),
                by=by,
            ).stay_id
            for number in range(2)
        ]
        self.kept = self.rows()

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def step(self, who: int, what: int, place: int, ago: int, later: int) -> None:
        stay = store.stay(self.stays[who % 2], by=self.by)
        acts = OPEN if stay.ended_on is None else OVER
        act = getattr(self, acts[what % len(acts)])
        with contextlib.suppress(ImpossibleStay, AwayRefused, AbsenceRefused, CorrectionRefused, StayOver):
            act(stay, self.places[place], self.day(ago), later)
        db.session.rollback()

    def move(self, stay: store.StayLine, place: uuid.UUID, _: date, later: int) -> None:
        planned = self.today + timedelta(days=later)
        stays.change(stay_id=stay.id, place_id=place, anticipated_end_on=planned, by=self.by)

    def go(self, stay: store.StayLine, _: uuid.UUID, day: date, later: int) -> None:
        expected = day + timedelta(days=later)
        away.record(stay_id=stay.id, since_on=day, expected_on=expected, reason="", by=self.by)

    def back(self, stay: store.StayLine, _: uuid.UUID, day: date, __: int) -> None:
        if stay.away_id is not None:
            away.back(away_id=stay.away_id, back_on=day, by=self.by)

    def strike_away(self, stay: store.StayLine, _: uuid.UUID, __: date, ___: int) -> None:
        for line in away_store.of_stay(stay.id, by=self.by)[:1]:
            away.strike(away_id=line.id, why=Why.OTHER_PERSON, by=self.by)

    def missing(self, stay: store.StayLine, _: uuid.UUID, day: date, __: int) -> None:
        since = clock.now() - timedelta(days=(self.today - day).days)
        absences.report(case_id=stay.case_id, since=since, feared=Feared.NO, by=self.by)

    def found(self, stay: store.StayLine, _: uuid.UUID, __: date, ___: int) -> None:
        alarm = absence_store.of_case(stay.case_id, by=self.by)
        if alarm is not None:
            absences.found(missing_id=alarm.id, by=self.by)

    def leave(self, stay: store.StayLine, _: uuid.UUID, day: date, __: int) -> None:
        stays.end(stay_id=stay.id, ended_on=day, exit_reason=HOME[0], destination=HOME[1], where="home", by=self.by)

    def admission(self, stay: store.StayLine, _: uuid.UUID, day: date, __: int) -> None:
        corrections.correct_admission(stay_id=stay.id, admitted_on=day, why=Why.MISTYPED, by=self.by)

    def place(self, stay: store.StayLine, place: uuid.UUID, day: date, _: int) -> None:
        corrections.correct_place(stay_id=stay.id, place_id=place, from_on=day, why=Why.MISTYPED, by=self.by)

    def reopen(self, stay: store.StayLine, place: uuid.UUID, _: date, __: int) -> None:
        corrections.reopen(stay_id=stay.id, place_id=place, why=Why.CAME_BACK, by=self.by)

    def exit(self, stay: store.StayLine, _: uuid.UUID, day: date, __: int) -> None:
        corrections.correct_exit(stay_id=stay.id, exit_=Exit(day, *HOME, "home"), why=Why.KNOWN_LATER, by=self.by)

    def rows(self) -> list[int]:
        """How much of these stays is kept."""
        kinds = (Occupancy, StayCorrection, PlannedEnd, Away, Missing)
        of_each = (select(func.count()).select_from(kind).where(kind.stay_id.in_(self.stays)) for kind in kinds)
        return [db.session.scalar(each) or 0 for each in of_each]

    def check(self) -> None:
        """Nobody is in two places and no place has two; nights are those of a naive count; history never shrinks."""
        now = self.rows()
        assert all(before <= after for before, after in zip(self.kept, now, strict=True))
        self.kept = now
        every = [self.today - timedelta(days=number) for number in range(-1, 2 * DAYS)]
        slept = select(Occupancy).where(Occupancy.stay_id.in_(self.stays), Occupancy.struck_on.is_(None))
        held = db.session.scalars(slept.execution_options(populate_existing=True)).all()
        for day in every:
            there = [row for row in held if row.from_on <= day and (row.until_on is None or day < row.until_on)]
            assert len({row.place_id for row in there}) == len(there), day
            assert len({row.stay_id for row in there}) == len(there), day
        for stay_id in self.stays:
            row = db.session.get_one(Stay, stay_id, populate_existing=True)
            nights = [day for day in every if row.admitted_on <= day < min(row.ended_on or self.today, self.today)]
            placed = [each for each in held if each.stay_id == stay_id]
            for day in nights:
                assert any(each.from_on <= day and (each.until_on is None or day < each.until_on) for each in placed)
            assert store.stay(stay_id, by=self.by).nights == sum(not self.gone(stay_id, day) for day in nights)

    def gone(self, stay_id: uuid.UUID, day: date) -> bool:
        """Whether the night of a day is not counted: missing, or away for longer than the country pays for."""
        missed = db.session.execute(select(Missing.since_on, Missing.over_on).where(Missing.stay_id == stay_id)).all()
        were = select(Away.since_on, Away.over_on).where(Away.stay_id == stay_id, Away.outcome != "struck")
        unpaid = timedelta(days=country().away_nights_counted)
        gaps = [*missed, *((since + unpaid, over) for since, over in db.session.execute(were))]
        return any(since <= day and (over is None or day < over) for since, over in gaps)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, len(OPEN) * len(OVER) - 1),
        st.integers(0, PLACES_EACH - 1),
        st.integers(0, DAYS),
        st.integers(0, 9),
    ),
    min_size=6,
    max_size=16,
)


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(steps=STEPS)
def test_whatever_happens_nobody_is_in_two_places_and_nothing_that_was_entered_goes(
    vatra: Actor, steps: list[tuple[int, int, int, int, int]]
) -> None:
    history = History(vatra)
    for each in steps:
        history.step(*each)
        history.check()
