"""The time of somebody in a shelter of a demo country, from the admission to the closed case."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol

from nrm import clock
from nrm.actions.shelter import (
    absences,
    best_interests,
    cases,
    direct_intake,
    findings,
    first_talks,
    key_workers,
    permits,
    stays,
    testimony,
)
from nrm.actions.support import what_desks_know
from nrm.demo import benefits, claims, identifications, plans, witnesses
from nrm.demo.cast import cast
from nrm.demo.duties import Duties
from nrm.demo.follow_ups import Afterwards
from nrm.demo.here_before import HereBefore
from nrm.demo.made_up_interviews import first_talk
from nrm.demo.numbers import Numbers
from nrm.demo.people import Plan
from nrm.demo.residents import Residents
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.closings import NOTHING_AGREED, Answers, Debts, Documents, FollowUp
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.findings import DecidedBy, Found, Outcome
from nrm.domain.shelter.key_workers import Place
from nrm.domain.shelter.permits import CHILD_GATE, GateClosed, GateRefusal, Ground, PermitEvent, PermitRefused
from nrm.domain.shelter.stays import (
    HOME,
    Destination,
    ExitReason,
    ImpossibleStay,
    Source,
    StayOver,
    StayRefusal,
    asks_country,
)
from nrm.domain.shelter.testimony import IllegalStep, WithdrawalReason, WitnessStatus
from nrm.domain.support.threats import is_told
from nrm.steps.shelter import closings as closing_steps
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as stay_store

# What is answered when cases are closed, as often as it stands here.
_ANSWERS = (
    *(Answers(FollowUp.AGREED, Documents.RETURNED, Debts.NONE),) * 3,
    Answers(FollowUp.NOT_WANTED, Documents.NONE_HELD, Debts.NONE),
    Answers(FollowUp.NOT_SAFE, Documents.RETURNED, Debts.OPEN),
    NOTHING_AGREED,
)


class Life(Protocol):
    """What happens next, and what else happens to people."""

    actors: Mapping[str, Actor]
    questionnaire: Questionnaire
    until: datetime
    numbers: Numbers
    duties: Duties
    residents: Residents
    afterwards: Afterwards
    here_before: HereBefore

    def at(self, when: datetime, happens: Callable[[], None]) -> None: ...

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...

    def come(self, plan: Plan) -> Callable[[], None]: ...


class InShelter:
    """What happens to each person while they live in a shelter, and how it ends."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._households: dict[uuid.UUID, uuid.UUID] = {}  # case of a child -> household that it was decided to go to

    def begin(self, plan: Plan, case_id: uuid.UUID, stay_id: uuid.UUID, by: Actor) -> None:
        """What happens during the stay, and its end."""
        admitted_at = clock.now()
        self._appoint(plan, case_id, by)
        self._life.residents.admitted(plan, case_id, stay_id, by)
        self._life.here_before.admitted(plan, case_id, by)
        self._life.duties.look(case_id, by)
        if plan.children:
            self._life.after(timedelta(hours=3), lambda: self._children(plan, case_id, by))
        for step in plan.testimony:
            self._life.at(
                admitted_at + timedelta(days=step.day, hours=1),
                partial(self._testify, plan, case_id, step.status, step.reason, by),
            )
        if plan.permit is not None:
            self._plan_permit(plan, case_id, admitted_at, by)
        self._life.after(timedelta(days=2), lambda: self._talk(plan, case_id, by))
        if plan.answers["age"] == "child":
            self._life.after(timedelta(days=9 + plan.number % 9), lambda: self._visit(case_id, by))
        if plan.number % 3 == 0:
            self._life.after(timedelta(days=1), lambda: self._note(case_id, plan.note, by))
        if plan.claim is not None:
            self._life.after(timedelta(days=plan.claim.asked), claims.begin(self._life, plan.claim, case_id, by))
        if plan.number % plans.EVERY == 1:
            self._life.after(timedelta(days=3), plans.begin(self._life, plan, case_id, by))
        if plan.number % benefits.EVERY == 1:
            self._life.after(timedelta(days=4), benefits.begin(self._life, plan, case_id, by))
        if plan.number % 6 == 0:
            self._life.after(timedelta(days=4), identifications.begin(self._life, plan, case_id, by))
        if plan.number % 25 == 7:
            self._life.after(timedelta(days=9), identifications.take_back(plan, case_id, by))
        self._life.at(
            admitted_at + timedelta(days=plan.nights, hours=2), lambda: self._leave(plan, case_id, stay_id, by)
        )

    def _children(self, plan: Plan, mother: uuid.UUID, by: Actor) -> None:
        """Each child who came along gets a place and a case of its own, and leaves about when the mother does."""
        today = days.today()
        leaves = replace(plan, exit=ExitReason.REINTEGRATED_WITH_FAMILY, destination=Destination.FAMILY)
        for number, age in enumerate(plan.children):
            places = place_store.free_places(by=by)
            if not places:
                return
            opened = direct_intake.open_case(
                case=OwnCase(
                    source=Source.WITH_A_VICTIM,
                    age_class="child",
                    age=age,
                    gender=("feminine", "masculine")[(plan.number + number) % 2],
                    citizenship=plan.answers["citizenship"],
                    consent="not_asked_child",
                    statistics="not_asked",
                    home=country().iso,
                ),
                place_id=places[0][0],
                admitted_on=today,
                anticipated_end_on=today + timedelta(days=plan.anticipated_nights),
                identity={"given": plan.answers["given"], "family": plan.answers["family"]},
                came_with=mother,
                by=by,
            )
            self._life.duties.look(opened.case_id, by)
            planned = today + timedelta(days=plan.anticipated_nights)
            self._life.residents.plan_on(planned, today + timedelta(days=plan.nights), opened.stay_id, by)
            self._life.after(timedelta(days=9 + plan.number % 9), partial(self._visit, opened.case_id, by))
            self._life.after(
                timedelta(days=plan.nights), partial(self._leave, leaves, opened.case_id, opened.stay_id, by)
            )

    def _plan_permit(self, plan: Plan, case_id: uuid.UUID, admitted_at: datetime, by: Actor) -> None:
        permit = plan.permit
        assert permit is not None
        day = timedelta(days=1)
        self._life.at(
            admitted_at + permit.informed * day + timedelta(minutes=30),
            lambda: self._permit(case_id, PermitEvent.INFORM, by, language=str(plan.answers["language"])),
        )
        if permit.applied is None:
            return
        unit = self._life.actors[cast().trp_unit]
        applied_at = admitted_at + permit.applied * day
        self._life.at(applied_at - timedelta(hours=2), lambda: self._permit(case_id, PermitEvent.COUNSEL, by))
        self._life.at(applied_at, lambda: self._apply(case_id, by))
        if permit.issued is None:
            # She says so at the unit: what a shelter enters of it would wait for a second member.
            self._life.at(applied_at + 30 * day, lambda: self._permit(case_id, PermitEvent.WITHDRAW, unit))
            return
        give = partial(self._permit, case_id, months=permit.months, ground=permit.ground)
        issued_at = admitted_at + permit.issued * day
        if plan.number % 5 == 0:
            self._life.at(issued_at, lambda: self._permit(case_id, PermitEvent.REFUSE, unit))
            self._life.at(issued_at + 3 * day, lambda: self._permit(case_id, PermitEvent.APPEAL, by))
            issued_at += 15 * day
        self._life.at(issued_at, partial(give, PermitEvent.ISSUE, unit))
        leaves_at = admitted_at + plan.nights * day
        while (renewed_at := issued_at + (permit.months * 30 - 10) * day) < leaves_at:
            self._life.at(renewed_at - 20 * day, lambda: self._permit(case_id, PermitEvent.APPLY, by))
            self._life.at(renewed_at, partial(give, PermitEvent.RENEW, unit))
            issued_at = renewed_at

    def _apply(self, case_id: uuid.UUID, by: Actor) -> None:
        """The person applies, and agrees that the permit unit reads who she is."""
        self._permit(case_id, PermitEvent.APPLY, by)
        self._share(case_id, cast().trp_unit, {Compartment.LEGAL, Compartment.IDENTITY}, by)

    def _share(self, case_id: uuid.UUID, code: str, compartments: set[Compartment], by: Actor) -> None:
        try:
            cases.share(
                case_id=case_id,
                organisation_id=names.organisation_by_code(code).id,
                compartments=compartments,
                agreed=True,
                by=by,
            )
        except (CaseRefused, NotVisible):
            return  # closed in between

    def _permit(
        self,
        case_id: uuid.UUID,
        event: PermitEvent,
        by: Actor,
        *,
        language: str = "",
        months: int = 0,
        ground: Ground | None = None,
    ) -> None:
        today = days.today()
        until = today + timedelta(days=months * 30) if months else None
        try:
            permits.record(
                case_id=case_id,
                event=event,
                on=today,
                by=by,
                language=language,
                ground=ground,
                issued_from=today if until else None,
                issued_until=until,
            )
        except (PermitRefused, NotVisible):
            return  # the person left in between

    def _testify(
        self, plan: Plan, case_id: uuid.UUID, status: object, reason: WithdrawalReason | None, by: Actor
    ) -> None:
        if status is WitnessStatus.STATEMENT_GIVEN:
            self._share(case_id, cast().prosecution, {Compartment.LEGAL}, by)
        try:
            testimony.record(
                case_id=case_id,
                status=status,  # type: ignore[arg-type]
                happened_on=days.today(),
                reason=reason,
                by=by,
            )
        except (IllegalStep, NotVisible):
            return  # withdrawn already, or the person moved to another shelter
        if status is WitnessStatus.STATEMENT_GIVEN:
            witnesses.told(self._life, plan, case_id, by)
        if is_told(reason):
            witnesses.threatened(self._life, case_id, by)

    def _talk(self, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
        """After two days the person is asked what the post did not ask."""
        rng = random.Random(plan.walk)  # noqa: S311 - plausible, not secret
        made = first_talk(self._life.questionnaire, rng, today=days.today())
        try:
            first_talks.save(case_id=case_id, answers=made, seen=None, by=by)
        except (CaseRefused, NotVisible):
            return  # closed or moved in between, or not asked for consent yet

    def _note(self, case_id: uuid.UUID, text: str, by: Actor) -> None:
        cases.add_note(case_id=case_id, text=text, by=by)

    def _leave(self, plan: Plan, case_id: uuid.UUID, stay_id: uuid.UUID, by: Actor) -> None:
        today = days.today()
        if plan.exit is ExitReason.MISSING:
            if stay_store.of_case(case_id, by=by).current is not None:
                self._miss(case_id, by)
                self._life.after(timedelta(days=30), lambda: self._close_case(case_id, by))
            return
        try:
            self._end_stay(stay_id, today, plan.exit, plan.destination, by, self._households.get(case_id))
        except StayOver:
            return  # moved to another shelter
        except ImpossibleStay as error:
            if error.reason is StayRefusal.AWAY_STANDS:
                return  # away, and did not come back: nobody leaves like that
            raise
        except GateClosed as error:
            if error.reason in CHILD_GATE:
                home = self._assess(case_id, by)
                way = plan.exit, plan.destination
            elif case_id in self._households:
                home, way = self._households[case_id], (ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY)
            else:
                home, way = None, (ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME)
                if error.reason in (GateRefusal.NOT_INFORMED, GateRefusal.UNTOLD):
                    self._permit(case_id, PermitEvent.INFORM, by, language=str(plan.answers["language"]))
            self._end_stay(stay_id, today, *way, by, home)
        self._life.after(timedelta(days=2 + plan.number % 4), lambda: self._close_case(case_id, by))

    def _end_stay(
        self,
        stay_id: uuid.UUID,
        on: date,
        reason: ExitReason,
        destination: Destination,
        by: Actor,
        household: uuid.UUID | None = None,
    ) -> None:
        where = HOME if asks_country(destination) else ""
        stays.end(
            stay_id=stay_id,
            ended_on=on,
            exit_reason=reason,
            destination=destination,
            where=where,
            household=household,
            by=by,
        )

    def _miss(self, case_id: uuid.UUID, by: Actor) -> None:
        """Somebody did not come back: the desk is told, and after the country's days the alarm is ended."""
        missing_id = absences.report(
            case_id=case_id, since=clock.now() - timedelta(hours=6), feared=Feared.NOT_KNOWN, by=by
        )
        self._life.after(
            timedelta(hours=1),
            lambda: what_desks_know.known(missing_id=missing_id, by=self._life.actors[cast().authority]),
        )
        self._life.after(timedelta(days=country().missing_days + 1), lambda: self._not_found(missing_id, by))

    def _not_found(self, missing_id: uuid.UUID, by: Actor) -> None:
        try:
            absences.end(missing_id=missing_id, by=by)
        except (AbsenceRefused, NotVisible):
            return  # found in another shelter

    def _visit(self, case_id: uuid.UUID, holder: Actor) -> None:
        """Child protection looks at the household in its time, not at the day of the exit."""
        try:
            self._assess(case_id, holder)
        except NotVisible:
            return  # closed, or with nobody

    def _assess(self, case_id: uuid.UUID, holder: Actor) -> uuid.UUID:
        """Child protection visits a household and finds it safe, the shelter looks, the authority decides."""
        household = findings.record(
            case_id=case_id,
            found=dict.fromkeys(Assessment, Found.SAFE),
            on=days.today(),
            assessor=cast().full_name(2),
            household="Household of an aunt",
            where="Visited at home",
            by=self._life.actors[cast().child_officer],
        )
        purpose, authority = Purpose.CHILD_PROTECTION, self._life.actors[cast().authority]
        for reader in (holder, authority):
            best_interests.open_file(case_id=case_id, purpose=purpose, by=reader)
        best_interests.look(
            case_id=case_id,
            household_id=household,
            found=Found.SAFE,
            reasons="The child knows the aunt and wants to go",
            on=days.today(),
            by=holder,
        )
        best_interests.decide(
            case_id=case_id,
            outcome=Outcome.GOES,
            household_id=household,
            decided_by=DecidedBy.AUTHORITY,
            who="Duty officer",
            view="Wants to live with the aunt and go to school",
            on=days.today(),
            by=authority,
        )
        self._households[case_id] = household
        return household

    def _appoint(self, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
        """Who leads makes the case worker key worker; without a manager two case workers appoint each other."""
        manager = self._life.actors.get(f"{by.organisation_code}/{Role.SHELTER_MANAGER}")
        colleague = self._life.actors.get(f"{by.organisation_code}#2", by)
        worker, other = (by, colleague) if plan.number % 2 or manager is not None else (colleague, by)
        key_workers.appoint(case_id=case_id, place=Place.KEY, member_id=_member(worker), by=manager or other)
        if manager is None and other.member_id != worker.member_id:
            key_workers.appoint(case_id=case_id, place=Place.DEPUTY, member_id=_member(other), by=worker)

    def _close_case(self, case_id: uuid.UUID, by: Actor) -> None:
        answers = _ANSWERS[self._life.numbers.of(case_id) % len(_ANSWERS)]
        if answers.follow_up is FollowUp.AGREED and not self._life.afterwards.agree(case_id, by):
            answers = NOTHING_AGREED
        if answers.follow_up is FollowUp.NOT_WANTED and closing_steps.nobody_found(case_id):
            answers = NOTHING_AGREED
        try:
            cases.close(case_id=case_id, by=by, answers=answers)
        except (CaseRefused, GateClosed):
            return


def _member(by: Actor) -> uuid.UUID:
    assert by.member_id is not None
    return by.member_id
