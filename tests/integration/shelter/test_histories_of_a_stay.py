"""Any order of what happens in two shelters: what holds after every step, and what a small model counts day by day.

The model knows of each stay its first and last day and the days on which nobody slept; it knows no table and no rule.
What was refused changed nothing; what was done, it is told.

NRM_TEST_HISTORIES=N tries N histories, each another one every time; without it a few fixed ones.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import itertools
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import absences, away, corrections, direct_intake, places, promises, stays, units
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import (
    Escort,
    IllegalTransition,
    OverrideReason,
    PlaceNotFree,
    ReferralRefused,
)
from nrm.domain.referrals.transfers import CallOff, TransferRefused
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.away import AwayRefused
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import ByName
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.places import ExtraReason, PlaceRefused
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, Source, StayOver
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter import testimony
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.places import Occupancy, OutOfService, Promise
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter.leaving import Exit
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import counting
from nrm.store.shelter import payment_lines
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as store
from nrm.vault.members import CannotOpen
from tests import factories
from tests.factories_referrals import HAND_OVER, NOT_SAFE, organisation
from tests.factories_stays import MOLDOVAN, informed, out_of_service

HISTORIES = int(os.environ.get("NRM_TEST_HISTORIES", "0"))
SHELTERS = ("VATRA", "NRC")
PLACES_EACH, BACK, DAYS = 3, 6, 4
HOME = (ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME)
HISTORY = (
    Occupancy,
    StayCorrection,
    PlannedEnd,
    Away,
    Missing,
    PermitEntry,
    testimony.Testimony,
    OutOfService,
    Promise,
    Stay,
)
REFUSALS = (
    ImpossibleStay,
    AwayRefused,
    AbsenceRefused,
    CorrectionRefused,
    StayOver,
    PlaceRefused,
    PlaceNotFree,
    NotVisible,
    IllegalTransition,
    ReferralRefused,
    TransferRefused,
    CaseRefused,
    GateClosed,
    CannotOpen,
)
WHO, SIDE = st.integers(0, 1), st.sampled_from(SHELTERS)
ACTS = (
    *("leaves", "left_on_another_day", "had_not_left") * 3,
    *("goes_away", "was_away") * 3,
    *("slept_elsewhere", "came_on_another_day", "moves", "comes_again") * 2,
    *("is_to_move_to_the_other_shelter", "goes_on_with_the_move", "goes_on_with_the_move") * 2,
    *("is_missing", "is_found", "is_found"),
    *("goes_out_of_service", "gets_an_extra_place", "is_promised_a_place", "a_day_passes"),
)
_houses = itertools.count(1)


@dataclass
class Gap:
    """Days away or missing, which are no nights from `since` on."""

    id: uuid.UUID
    since: date
    over: date | None = None
    away: bool = False
    struck: bool = False

    def holds(self, day: date) -> bool:
        first = self.since + timedelta(days=country().away_nights_counted if self.away else 0)
        return not self.struck and first <= day and (self.over is None or day < self.over)


@dataclass
class Lived:
    """One stay, as it was told last."""

    id: uuid.UUID
    shelter: str
    admitted: date
    ended: date | None = None
    never: bool = False
    gaps: list[Gap] = field(default_factory=list)

    def here(self, day: date) -> bool:
        return not self.never and self.admitted <= day and (self.ended is None or day < self.ended)

    def slept(self, day: date) -> bool:
        return self.here(day) and not any(gap.holds(day) for gap in self.gaps)

    def over(self, on: date) -> None:
        """Nobody is away from where she no longer is."""
        for gap in self.gaps:
            if gap.away and gap.over is None:
                gap.over = max(gap.since, on)


class TwoShelters(RuleBasedStateMachine):
    """Two people, two shelters, three places in each and what is added to them."""

    everyone: ClassVar[list[Lived]] = []
    done: ClassVar[set[str]] = set()

    @initialize()
    def begin(self) -> None:
        house = f"H{next(_houses)}"
        whom = next(iter(country().building.for_whom))
        self.units = {
            code: units.add(
                label=house, for_whom=whom, name=f"{house}-1", number=PLACES_EACH, there_already=True, by=self.of(code)
            )
            for code in SHELTERS
        }
        self.places = {
            code: [line.id for line in place_store.places(by=self.of(code)) if line.label.startswith(f"{house}-")]
            for code in SHELTERS
        }
        self.people: list[tuple[uuid.UUID, str, list[Lived]]] = []
        for number in range(2):
            self.arrives(number)
        self.kept: dict[type, set[object]] = {}
        self.passed = 0

    def arrives(self, number: int) -> None:
        by = self.of("VATRA")
        case = dataclasses.replace(MOLDOVAN, source=Source.ALREADY_THERE)
        made = direct_intake.open_case(
            case=case,
            place_id=self.places["VATRA"][number],
            admitted_on=self.day(BACK),
            anticipated_end_on=self.day(-9),
            by=by,
        )
        informed(made.case_id, by, on=self.day(BACK))
        code = db.session.get_one(Case, made.case_id).pseudonym
        self.people.append((made.case_id, code, []))
        self.begins(number, made.stay_id, "VATRA", self.day(BACK))

    def of(self, code: str) -> Actor:
        return factories.actor(f"{code.lower()}.shelter_manager")

    def day(self, ago: int) -> date:
        return days.today() - timedelta(days=ago)

    def begins(self, who: int, stay_id: uuid.UUID, shelter: str, admitted: date) -> None:
        lived = Lived(stay_id, shelter, admitted)
        self.people[who][2].append(lived)
        self.everyone.append(lived)

    def last(self, who: int) -> Lived:
        return self.people[who][2][-1]

    @contextlib.contextmanager
    def tried(self, what: str) -> Iterator[None]:
        with contextlib.suppress(*REFUSALS):
            yield
            self.done.add(what)
        db.session.rollback()

    def referral(self, who: int) -> uuid.UUID:
        newest = select(Referral.id).where(Referral.case_id == self.people[who][0]).order_by(Referral.position.desc())
        found = db.session.scalar(newest.limit(1))
        if found is None:
            raise NotVisible
        return found

    @rule(
        act=st.sampled_from(ACTS),
        who=WHO,
        side=SIDE,
        place=st.integers(0, PLACES_EACH - 1),
        ago=st.integers(0, BACK + 2),
        ahead=st.integers(1, 9),
        flag=st.booleans(),
        how=st.sampled_from(("depart", "arrive", "call off", "take back")),
    )
    def happens(self, act: str, **told: Any) -> None:
        """One rule for all: hypothesis would leave some rules out of each history."""
        does = getattr(self, act)
        does(**{name: told[name] for name in inspect.signature(does).parameters})

    # --- the building

    def goes_out_of_service(self, side: str, place: int, ahead: int) -> None:
        with self.tried("out"):
            out_of_service(self.places[side][place], self.of(side), until_on=self.day(-ahead))

    def gets_an_extra_place(self, side: str, ahead: int) -> None:
        with self.tried("extra"):
            why = next(iter(ExtraReason))
            made = places.extra(
                unit_id=self.units[side], from_on=self.day(0), until_on=self.day(-ahead), why=why, by=self.of(side)
            )
            self.places[side].insert(0, made)

    def is_promised_a_place(self, who: int, side: str, place: int, ahead: int) -> None:
        with self.tried("promise"):
            promises.promise(
                place_id=self.places[side][place],
                code=self.people[who][1],
                from_on=self.day(0),
                until_on=self.day(-ahead),
                by=self.of(side),
            )

    # --- a stay

    def moves(self, who: int, place: int, ahead: int) -> None:
        lived = self.last(who)
        with self.tried("move"):
            stays.change(
                stay_id=lived.id,
                place_id=self.places[lived.shelter][place],
                anticipated_end_on=self.day(-ahead),
                by=self.of(lived.shelter),
            )

    def goes_away(self, who: int, ago: int, ahead: int) -> None:
        lived = self.last(who)
        with self.tried("go"):
            since = self.day(ago)
            made = away.record(
                stay_id=lived.id,
                since_on=since,
                expected_on=since + timedelta(days=ahead),
                reason="",
                by=self.of(lived.shelter),
            )
            lived.gaps.append(Gap(made, since, away=True))

    def was_away(self, who: int, ago: int, flag: bool) -> None:
        lived = self.last(who)
        for gap in [gap for gap in lived.gaps if gap.away and not gap.struck][-1:]:
            with self.tried("strike" if flag else "back"):
                if flag:
                    away.strike(away_id=gap.id, why=Why.OTHER_PERSON, by=self.of(lived.shelter))
                    gap.struck = True
                else:
                    on = max(gap.since, self.day(ago))
                    away.back(away_id=gap.id, back_on=on, by=self.of(lived.shelter))
                    gap.over = on

    def is_missing(self, who: int, ago: int) -> None:
        lived = self.last(who)
        with self.tried("missing"):
            since = clock.now() - timedelta(days=ago)
            since_on = clock.day_of(since, country().timezone)
            made = absences.report(
                case_id=self.people[who][0], since=since, feared=Feared.NO, by=self.of(lived.shelter)
            )
            if lived.ended is None:
                lived.over(since_on)
                lived.gaps.append(Gap(made, since_on))

    def is_found(self, who: int) -> None:
        lived = self.last(who)
        for gap in [gap for gap in lived.gaps if not gap.away and gap.over is None]:
            with self.tried("found"):
                absences.found(missing_id=gap.id, by=self.of(lived.shelter))
                gap.over = self.day(0)

    def leaves(self, who: int, ago: int) -> None:
        lived = self.last(who)
        with self.tried("leave"):
            on = self.day(ago)
            stays.end(
                stay_id=lived.id,
                ended_on=on,
                exit_reason=HOME[0],
                destination=HOME[1],
                where="home",
                by=self.of(lived.shelter),
            )
            lived.over(on)
            lived.ended = on

    def comes_again(self, who: int, place: int, ago: int) -> None:
        """Into the shelter that has the case by now: after an end, or after a move."""
        holder = db.session.scalar(select(Case.holder_id).where(Case.id == self.people[who][0]))
        for code in SHELTERS:
            if holder == organisation(code):
                with self.tried("again"):
                    made = stays.admit(
                        case_id=self.people[who][0],
                        place_id=self.places[code][place],
                        admitted_on=self.day(ago),
                        anticipated_end_on=self.day(-9),
                        by=self.of(code),
                    )
                    self.begins(who, made, code, self.day(ago))

    # --- corrections

    def came_on_another_day(self, who: int, ago: int) -> None:
        lived = self.last(who)
        with self.tried("admission"):
            on = self.day(ago)
            corrections.correct_admission(stay_id=lived.id, admitted_on=on, why=Why.MISTYPED, by=self.of(lived.shelter))
            lived.admitted = on

    def slept_elsewhere(self, who: int, place: int, ago: int) -> None:
        lived = self.last(who)
        with self.tried("place"):
            corrections.correct_place(
                stay_id=lived.id,
                place_id=self.places[lived.shelter][place],
                from_on=self.day(ago),
                why=Why.MISTYPED,
                by=self.of(lived.shelter),
            )

    def left_on_another_day(self, who: int, ago: int) -> None:
        lived = self.last(who)
        with self.tried("exit"):
            exit_ = Exit(self.day(ago), *HOME, "home")
            corrections.correct_exit(stay_id=lived.id, exit_=exit_, why=Why.KNOWN_LATER, by=self.of(lived.shelter))
            lived.ended = self.day(ago)

    def had_not_left(self, who: int, place: int) -> None:
        lived = self.last(who)
        with self.tried("reopen"):
            corrections.reopen(
                stay_id=lived.id,
                place_id=self.places[lived.shelter][place],
                why=Why.CAME_BACK,
                by=self.of(lived.shelter),
            )
            lived.ended = None

    # --- between the shelters

    def is_to_move_to_the_other_shelter(self, who: int, flag: bool, place: int) -> None:
        sender = self.last(who).shelter
        other = next(each for each in SHELTERS if each != sender)
        with self.tried("at once" if flag else "both write"):
            asked = next_receiver.refer(
                case_id=self.people[who][0],
                receiver_id=organisation(other),
                reason=OverrideReason.PERSON_WISHES,
                by_name=ByName.YES,
                hand_over=NOT_SAFE if flag else HAND_OVER,
                by=self.of(sender),
            )
            with self.tried("accept"):
                referrals.accept(referral_id=asked, place_id=self.places[other][place], by=self.of(other))

    def moved_on(self, who: int, receiver: str) -> None:
        lived, today = self.last(who), self.day(0)
        for gap in lived.gaps:
            if not gap.away and gap.over is None:
                gap.over = today
        if lived.ended is None and lived.shelter != receiver:
            lived.ended = max(today, lived.admitted)
            lived.over(lived.ended)

    def goes_on_with_the_move(self, who: int, how: str, flag: bool) -> None:
        with self.tried(how):
            referral_id = self.referral(who)
            sender = organisation(SHELTERS[0]) == db.session.get_one(Referral, referral_id).sender_id
            by_sender = how == "depart" or (how == "call off" and flag)
            side = SHELTERS[0] if sender is by_sender else SHELTERS[1]
            by = self.of(side)
            if how == "depart":
                soon = clock.now() + timedelta(hours=2)
                referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_STAFF, expected_at=soon, by=by)
                self.moved_on(who, next(each for each in SHELTERS if each != side))
            elif how == "arrive":
                referrals.arrive(referral_id=referral_id, by=by)
                self.moved_on(who, side)
            elif how == "call off":
                referrals.call_off(referral_id=referral_id, reason=CallOff.ILL, words="", by=by)
            else:
                corrections.take_back_arrival(referral_id=referral_id, why=Why.MISTYPED, by=by)
                lived = self.last(who)
                if lived.shelter == side and lived.ended is None:
                    lived.ended, lived.never = lived.admitted, True

    def a_day_passes(self) -> None:
        if self.passed < DAYS:
            self.passed += 1
            factories.later(days=1)

    # --- what holds

    @invariant()
    def no_place_has_two_and_nobody_two_places(self) -> None:
        every = [self.day(number) for number in range(-1, BACK + DAYS + 4)]
        mine = [lived for _, _, each in self.people for lived in each]
        told = select(Occupancy.stay_id, Occupancy.place_id, Occupancy.from_on, Occupancy.until_on)
        of_mine = Occupancy.stay_id.in_([lived.id for lived in mine])
        held = db.session.execute(told.where(of_mine, Occupancy.struck_on.is_(None))).all()
        for day in every:
            there = [row for row in held if row.from_on <= day and (row.until_on is None or day < row.until_on)]
            assert len({row.place_id for row in there}) == len(there), day
            assert len({row.stay_id for row in there}) == len(there), day
            if day < self.day(0):
                assert {row.stay_id for row in there} == {each.id for each in mine if each.here(day)}, day
        for _, _, each in self.people:
            assert all(sum(lived.here(day) for lived in each) <= 1 for day in every)

    @invariant()
    def nights_are_those_that_one_counts(self) -> None:
        past = [self.day(number) for number in range(1, BACK + DAYS + 4)]
        for _, _, each in self.people:
            for lived in each:
                if not lived.never:
                    shown = store.stay(lived.id, by=self.of(lived.shelter)).nights
                    assert shown == sum(lived.slept(day) for day in past)

    @invariant()
    def no_history_shrinks(self) -> None:
        for kind in HISTORY:
            now = set(db.session.scalars(select(kind.id if hasattr(kind, "id") else kind.case_id)))
            assert self.kept.get(kind, set()) <= now, kind
            self.kept[kind] = now

    def teardown(self) -> None:
        """Paid is what one counts of everybody who ever lived here."""
        quarter = Quarter.of(days.today())
        every = [quarter.start + timedelta(days=number) for number in range((quarter.end - quarter.start).days + 1)]
        for line in payment_lines.lines(quarter, by=counting.RELEASE):
            for code in SHELTERS:
                if line.organisation_id == organisation(code):
                    lived = [each for each in self.everyone if each.shelter == code]
                    assert line.nights == sum(each.slept(day) for each in lived for day in every), code


def _run(examples: int, steps: int) -> None:
    TwoShelters.everyone, TwoShelters.done = [], set()
    chosen = settings(
        max_examples=HISTORIES or examples,
        stateful_step_count=steps,
        phases=[Phase.generate],
        derandomize=not HISTORIES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(TwoShelters, settings=chosen)


@pytest.mark.slow
def test_whatever_happens_in_two_shelters_nights_are_exact_and_nothing_that_was_entered_goes(app: Flask) -> None:
    assert app
    _run(14, 32)
    # Otherwise an act that is never possible would go unnoticed.
    acts = {"out", "extra", "promise", "move", "go", "back", "strike", "missing", "found", "leave", "again"}
    acts |= {
        "admission",
        "place",
        "exit",
        "reopen",
        "at once",
        "both write",
        "accept",
        "depart",
        "arrive",
        "call off",
        "take back",
    }
    assert acts - TwoShelters.done <= {"again", "back", "call off", "take back", "exit", "reopen"}  # rare in so few


@pytest.mark.slow
def test_the_same_holds_on_postgresql(postgres_app: Flask) -> None:
    assert postgres_app
    _run(2, 20)
