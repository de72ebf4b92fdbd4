"""Carrying the plans of synthetic people out: through the real actions, in the order of time, on one clock."""

from __future__ import annotations

import heapq
import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import child_alerts, interview_sending, interviews
from nrm.actions.referrals import announced_returns, next_receiver, proposals, referrals
from nrm.actions.reports import contributions, reports
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
from nrm.demo.made_up_interviews import first_talk, random_answers
from nrm.demo.numbers import Numbers
from nrm.demo.people import Plan
from nrm.demo.progress import Progress
from nrm.demo.residents import Residents
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.interviews.endings import ChildAnswer, EndReason, is_child
from nrm.domain.interviews.interviews import Questionnaire
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement
from nrm.domain.referrals.referrals import (
    REASONS_UNDER_MUST,
    DeclineReason,
    IllegalTransition,
    OverrideReason,
    ReferralRefused,
)
from nrm.domain.reports.contributions import CONTRIBUTING, Answer
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.closings import NOTHING_AGREED, Answers, Debts, Documents, FollowUp
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.findings import DecidedBy, Found, Outcome
from nrm.domain.shelter.key_workers import Place
from nrm.domain.shelter.permits import CHILD_GATE, GateClosed, Ground, PermitEvent, PermitRefused
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
from nrm.models.referrals.referrals import Referral
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.referrals import referrals as referral_store
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as stay_store

TENDED_EVERY = timedelta(days=3)


def everybody() -> list[str]:
    """The parties that receive people under the agreement: the officers of the demo name all of them."""
    parties = country().in_force(clock.now()).parties
    return [code for code, party in parties.items() if party.competence is not None]


# What is answered when cases are closed, as often as it stands here.
_ANSWERS = (
    *(Answers(FollowUp.AGREED, Documents.RETURNED, Debts.NONE),) * 3,
    Answers(FollowUp.NOT_WANTED, Documents.NONE_HELD, Debts.NONE),
    Answers(FollowUp.NOT_SAFE, Documents.RETURNED, Debts.OPEN),
    NOTHING_AGREED,
)


class Life:
    """A queue of what happens next, and the people of the mechanism who make it happen."""

    def __init__(
        self, actors: Mapping[str, Actor], questionnaire: Questionnaire, until: datetime, progress: Progress
    ) -> None:
        self.actors = actors
        self.progress = progress
        self.questionnaire = questionnaire
        self.until = until
        self.closed: list[Quarter] = []
        self.refused: list[Quarter] = []
        self._codes = {row.id: row.code for row in names.organisations_by_id().values()}
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._added = 0
        self._announced: dict[int, uuid.UUID] = {}  # plan -> notice
        self._households: dict[uuid.UUID, uuid.UUID] = {}  # case of a child -> household that it was decided to go to
        self._now = until
        self.numbers = Numbers()
        self.duties = Duties(actors, self.after)
        self.residents = Residents(self)
        self.afterwards = Afterwards(self)
        self.here_before = HereBefore(self, self._codes)

    def at(self, when: datetime, happens: Callable[[], None]) -> None:
        """Let something happen at an instant, if the demo lasts that long."""
        if when <= self.until:
            self._added += 1
            heapq.heappush(self._queue, (when, self._added, happens))

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None:
        """Let something happen after a pause."""
        self.at(self._now + pause, happens)

    def run(self) -> None:
        """Everything that happens until the end, in the order of time; the clock stays where the demo ended."""
        clock.set_clock(lambda: self._now)
        tended = datetime.min.replace(tzinfo=UTC)
        while self._queue:
            self._now, _, happens = heapq.heappop(self._queue)
            if self._now - tended >= TENDED_EVERY:
                tended = self._now
                tending.tend()
                self.progress.reach(days.today())
            happens()
        self._now = self.until
        tending.tend()

    def come(self, plan: Plan) -> Callable[[], None]:
        """Somebody arrives: at a post, at the help line, or at a shelter's own door."""

        def happens() -> None:
            self.progress.come(plan.post)
            if plan.way == "shelter":
                self._walk_in(plan)
            else:
                self._interview(plan)

        return happens

    def announce(self, plan: Plan) -> Callable[[], None]:
        """The consulate announces somebody who will return in two days."""

        def happens() -> None:
            notice_id = uuid.uuid4()
            answers = plan.answers
            recorder, origin = cast().announcing
            self.notice(
                notice_id,
                recorder,
                self.organisation_at(plan.post),
                Announcement(
                    origin,
                    str(answers.get("returned_from", cast().abroad[0])),
                    clock.day_of(plan.at, country().timezone),
                    {"child": "yes", "adult": "no"}.get(answers["age"], "unknown"),
                ),
                name=f"{answers['given']} {answers['family']}",
            )
            self._announced[plan.number] = notice_id

        return happens

    def notice(
        self, notice_id: uuid.UUID, recorder: str, post: str, announced: Announcement, *, name: str = ""
    ) -> None:
        """A desk announces somebody to a post."""
        announced_returns.announce(
            notice_id=notice_id,
            post_id=names.organisation_by_code(post).id,
            announced=announced,
            identity={"name": name or cast().full_name(1)},
            by=self.actors[recorder],
        )

    def organisation_at(self, post: str) -> str:
        """The code of the organisation at a crossing point."""
        return next(row.code for row in names.organisations_by_id().values() if row.crossing_point == post)

    def begin(self, post: str) -> Callable[[], None]:
        """An officer begins an interview and is called away after the first page."""

        def happens() -> None:
            officer = self.actors[post]
            interview_id = interviews.start(interview_id=uuid.uuid4(), by=officer)
            page = self.questionnaire.home
            answers = {self.questionnaire.home.questions[0]: "no"}
            draft = interviews.read(interview_id=interview_id, by=officer)
            interviews.save_page(draft=draft, page=page.id, given=answers, seen=draft.revision, by=officer)

        return happens

    def confirm(self, quarter: Quarter) -> Callable[[], None]:
        """The contributors confirm their parts of a quarter."""

        def happens() -> None:
            for code, actor in self.actors.items():
                if code == actor.organisation_code and actor.kind in CONTRIBUTING:
                    contributions.answer(quarter, Answer.CONFIRMED, by=actor)

        return happens

    def close(self, quarter: Quarter) -> Callable[[], None]:
        """The contributors confirm, the statistician closes a quarter and signs, the Responsible Authority signs."""

        def happens() -> None:
            self.progress.close("report ix", quarter)
            self.confirm(quarter)()
            statistician = self.actors[f"{cast().counting}/statistician"]
            outcome = reports.close(quarter, by=statistician)
            if isinstance(outcome, reports.Refused):
                self.refused.append(quarter)
                return
            reports.sign(quarter, by=statistician)
            reports.countersign(quarter, by=self.actors[cast().authority])
            self.closed.append(quarter)

        return happens

    def _walk_in(self, plan: Plan) -> None:
        """A shelter opens a case itself."""
        by = self.actors[plan.post]
        places = place_store.free_places(by=by)
        if not places:
            return
        answers = plan.answers
        child = answers["age"] == "child"
        today = days.today()
        opened = direct_intake.open_case(
            case=OwnCase(
                source=plan.source,
                age_class=answers["age"],
                age=answers["age_stated"],
                gender=answers["gender"],
                citizenship=answers["citizenship"],
                consent="not_asked_child" if child else "given",
                statistics="not_asked" if child else "yes",
                home=country().iso,
                exploited_in=(answers["where"],),
                exploitation=tuple(answers["forms"]),
                needs=frozenset(answers["needs"]) - {"none"},
            ),
            place_id=places[0][0],
            admitted_on=today,
            anticipated_end_on=today + timedelta(days=plan.anticipated_nights),
            identity={name: answers[name] for name in ("given", "family", "birth")},
            story=answers["story"],
            by=by,
        )
        self._live(plan, opened.case_id, opened.stay_id, by)

    def _interview(self, plan: Plan) -> None:
        officer = self.actors[plan.post]
        answers = random_answers(
            self.questionnaire,
            random.Random(plan.walk),  # noqa: S311 - plausible, not secret
            today=clock.today(country().timezone),
            fixed={**plan.answers, "announced": "yes" if plan.number in self._announced else "no"},
            severity=0.04 if plan.ending == "negative" else 0.35,
            answered=0.95,
            texts=cast().texts,
        )
        interview_id = uuid.uuid4()
        notice_id = self._announced.pop(plan.number, None)
        if notice_id is not None:
            announced_returns.arrive(notice_id=notice_id, interview_id=interview_id, by=officer)
        else:
            interviews.start(interview_id=interview_id, by=officer)
        interviews.save_answers(interview_id=interview_id, answers=answers, named=everybody(), by=officer)
        if notice_id is not None:
            self.after(timedelta(days=2), partial(self._see, notice_id))
        if plan.ending != "referred":
            self._end_interview(interview_id, officer)
            return
        proposed = proposals.propose(interview_id=interview_id, by=officer).proposed
        if not proposed:
            return  # the draft waits; it lapses after its days
        sent = interview_sending.send(interview_id=interview_id, party=proposed[0].party, by=officer)
        self.duties.look(interview_id)
        self.after(plan.acknowledged_after, lambda: self._answer(plan, sent.referral_id, plan.declines))

    def _see(self, notice_id: uuid.UUID) -> None:
        """The duty desk reads that nobody was handed over."""
        with suppress(AnnouncedReturnRefused):  # the interview goes on, or somebody is expected again
            announced_returns.back_seen(notice_id=notice_id, by=self.actors[cast().authority])

    def _end_interview(self, interview_id: uuid.UUID, officer: Actor) -> None:
        """Without a case: of a child once the child authority said that the parents have come."""
        draft = interviews.read(interview_id=interview_id, by=officer)
        if is_child(draft.answers.get(self.questionnaire.derive["age"])):
            seen, reason = draft.revision, EndReason.EXPLAINED
            interviews.ask_child_authority(interview_id=interview_id, reason=reason, seen=seen, by=officer)
            authority = self.actors[cast().child_officer]
            child_alerts.answer_child(interview_id=interview_id, answer=ChildAnswer.PARENTS, by=authority)
        interviews.end(
            interview_id=interview_id, reason=EndReason.EXPLAINED, sentence=cast().writes["ended"], by=officer
        )

    def _answer(self, plan: Plan, referral_id: uuid.UUID, declines: int) -> None:
        """The desk that was asked says no, or takes the person in."""
        system = Actor.system("tend")
        referral = referral_store.row(referral_id, by=system)
        by = self._staff(referral.receiver_id)
        places = place_store.free_places(by=by)
        if declines and not referral.assigned:
            self._decline(plan, referral, declines, by)
            return
        if not places:
            self._decline(plan, referral, 1, by)
            return
        try:
            case_id = referrals.accept(
                referral_id=referral_id, place_id=places[0][0], expected_at=self._now + plan.travel, by=by
            )
        except IllegalTransition:
            return  # too late: the next party has been asked
        self.after(plan.travel, lambda: self._arrive(plan, referral_id, case_id, places[0][0], by))

    def _decline(self, plan: Plan, referral: Referral, declines: int, by: Actor) -> None:
        reason = plan.decline_reason
        if referral.must and reason not in REASONS_UNDER_MUST:
            reason = DeclineReason.FULL
        case_id, receiver_id = referral.case_id, referral.receiver_id
        try:
            following = referrals.decline(referral_id=referral.id, reason=reason, by=by)
        except IllegalTransition:
            return
        if following is not None:
            self.after(timedelta(minutes=20), lambda: self._answer(plan, following, declines - 1))
        else:
            self.after(timedelta(minutes=25), lambda: self._direct(plan, case_id, receiver_id))

    def _direct(self, plan: Plan, case_id: uuid.UUID, declined: uuid.UUID | None) -> None:
        """After the second no, the duty officer decides: a shelter that has a place, tonight or later."""
        by = self.actors[cast().authority]
        for organisation in names.shelters_that_signed(self._now):
            if organisation.id == declined:
                continue
            keys = next_receiver_rows.has_key_waiting(case_id, organisation.id)
            if not place_store.free_places(by=self._staff(organisation.id)):
                continue
            try:
                referral_id = next_receiver.direct(
                    case_id=case_id, receiver_id=organisation.id, reason=OverrideReason.NO_ANSWER_IN_TIME, by=by
                )
            except ReferralRefused:
                continue
            if not keys:
                next_receiver.offer(referral_id=referral_id, by=self.actors[plan.post])
            self.after(timedelta(minutes=15), partial(self._answer, plan, referral_id, 0))
            return
        self.after(timedelta(hours=8), lambda: self._direct(plan, case_id, None))

    def _arrive(self, plan: Plan, referral_id: uuid.UUID, case_id: uuid.UUID, place_id: uuid.UUID, by: Actor) -> None:
        referrals.arrive(referral_id=referral_id, by=by)
        today = days.today()
        stay_id = stays.admit(
            case_id=case_id,
            place_id=place_id,
            admitted_on=today,
            anticipated_end_on=today + timedelta(days=plan.anticipated_nights),
            by=by,
        )
        self._live(plan, case_id, stay_id, by)

    def _live(self, plan: Plan, case_id: uuid.UUID, stay_id: uuid.UUID, by: Actor) -> None:
        """What happens during the stay, and its end."""
        admitted_at = self._now
        self._appoint(plan, case_id, by)
        self.residents.admitted(plan, case_id, stay_id, by)
        self.here_before.admitted(plan, case_id, by)
        self.duties.look(case_id, by)
        if plan.children:
            self.after(timedelta(hours=3), lambda: self._children(plan, case_id, by))
        for step in plan.testimony:
            self.at(
                admitted_at + timedelta(days=step.day, hours=1),
                partial(self._testify, plan, case_id, step.status, step.reason, by),
            )
        if plan.permit is not None:
            self._plan_permit(plan, case_id, admitted_at, by)
        self.after(timedelta(days=2), lambda: self._talk(plan, case_id, by))
        if plan.answers["age"] == "child":
            self.after(timedelta(days=9 + plan.number % 9), lambda: self._visit(case_id, by))
        if plan.number % 3 == 0:
            self.after(timedelta(days=1), lambda: self._note(case_id, plan.note, by))
        if plan.claim is not None:
            self.after(timedelta(days=plan.claim.asked), claims.begin(self, plan.claim, case_id, by))
        if plan.number % plans.EVERY == 1:
            self.after(timedelta(days=3), plans.begin(self, plan, case_id, by))
        if plan.number % benefits.EVERY == 1:
            self.after(timedelta(days=4), benefits.begin(self, plan, case_id, by))
        if plan.number % 6 == 0:
            self.after(timedelta(days=4), identifications.begin(self, plan, case_id, by))
        if plan.number % 25 == 7:
            self.after(timedelta(days=9), identifications.take_back(plan, case_id, by))
        self.at(admitted_at + timedelta(days=plan.nights, hours=2), lambda: self._leave(plan, case_id, stay_id, by))

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
            self.duties.look(opened.case_id, by)
            planned = today + timedelta(days=plan.anticipated_nights)
            self.residents.plan_on(planned, today + timedelta(days=plan.nights), opened.stay_id, by)
            self.after(timedelta(days=9 + plan.number % 9), partial(self._visit, opened.case_id, by))
            self.after(timedelta(days=plan.nights), partial(self._leave, leaves, opened.case_id, opened.stay_id, by))

    def _plan_permit(self, plan: Plan, case_id: uuid.UUID, admitted_at: datetime, by: Actor) -> None:
        permit = plan.permit
        assert permit is not None
        day = timedelta(days=1)
        self.at(
            admitted_at + permit.informed * day + timedelta(minutes=30),
            lambda: self._permit(case_id, PermitEvent.INFORM, by, language=str(plan.answers["language"])),
        )
        if permit.applied is None:
            return
        unit = self.actors[cast().trp_unit]
        applied_at = admitted_at + permit.applied * day
        self.at(applied_at - timedelta(hours=2), lambda: self._permit(case_id, PermitEvent.COUNSEL, by))
        self.at(applied_at, lambda: self._apply(case_id, by))
        if permit.issued is None:
            # She says so at the unit: what a shelter enters of it would wait for a second member.
            self.at(applied_at + 30 * day, lambda: self._permit(case_id, PermitEvent.WITHDRAW, unit))
            return
        give = partial(self._permit, case_id, months=permit.months, ground=permit.ground)
        issued_at = admitted_at + permit.issued * day
        if plan.number % 5 == 0:
            self.at(issued_at, lambda: self._permit(case_id, PermitEvent.REFUSE, unit))
            self.at(issued_at + 3 * day, lambda: self._permit(case_id, PermitEvent.APPEAL, by))
            issued_at += 15 * day
        self.at(issued_at, partial(give, PermitEvent.ISSUE, unit))
        leaves_at = admitted_at + plan.nights * day
        while (renewed_at := issued_at + (permit.months * 30 - 10) * day) < leaves_at:
            self.at(renewed_at - 20 * day, lambda: self._permit(case_id, PermitEvent.APPLY, by))
            self.at(renewed_at, partial(give, PermitEvent.RENEW, unit))
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
            witnesses.told(self, plan, case_id, by)
        if is_told(reason):
            witnesses.threatened(self, case_id, by)

    def _talk(self, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
        """After two days the person is asked what the post did not ask."""
        rng = random.Random(plan.walk)  # noqa: S311 - plausible, not secret
        made = first_talk(self.questionnaire, rng, today=days.today())
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
                self.after(timedelta(days=30), lambda: self._close_case(case_id, by))
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
            self._end_stay(stay_id, today, *way, by, home)
        self.after(timedelta(days=2 + plan.number % 4), lambda: self._close_case(case_id, by))

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
        self.after(
            timedelta(hours=1), lambda: what_desks_know.known(missing_id=missing_id, by=self.actors[cast().authority])
        )
        self.after(timedelta(days=country().missing_days + 1), lambda: self._not_found(missing_id, by))

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
            by=self.actors[cast().child_officer],
        )
        purpose, authority = Purpose.CHILD_PROTECTION, self.actors[cast().authority]
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
        manager = self.actors.get(f"{by.organisation_code}/{Role.SHELTER_MANAGER}")
        colleague = self.actors.get(f"{by.organisation_code}#2", by)
        worker, other = (by, colleague) if plan.number % 2 or manager is not None else (colleague, by)
        key_workers.appoint(case_id=case_id, place=Place.KEY, member_id=_member(worker), by=manager or other)
        if manager is None and other.member_id != worker.member_id:
            key_workers.appoint(case_id=case_id, place=Place.DEPUTY, member_id=_member(other), by=worker)

    def _close_case(self, case_id: uuid.UUID, by: Actor) -> None:
        answers = _ANSWERS[self.numbers.of(case_id) % len(_ANSWERS)]
        if answers.follow_up is FollowUp.AGREED and not self.afterwards.agree(case_id, by):
            answers = NOTHING_AGREED
        try:
            cases.close(case_id=case_id, by=by, answers=answers)
        except (CaseRefused, GateClosed):
            return

    def _staff(self, organisation_id: uuid.UUID) -> Actor:
        return self.actors[self._codes[organisation_id]]


def _member(by: Actor) -> uuid.UUID:
    assert by.member_id is not None
    return by.member_id
