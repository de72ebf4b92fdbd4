"""Carrying the plans of synthetic people out: through the real actions, in the order of time, on one clock."""

from __future__ import annotations

import heapq
import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import child_alerts, interview_sending, interviews
from nrm.actions.referrals import announced_returns, next_receiver, proposals, referrals
from nrm.actions.reports import contributions, reports
from nrm.actions.shelter import (
    direct_intake,
    stays,
)
from nrm.demo.cast import cast
from nrm.demo.duties import Duties
from nrm.demo.follow_ups import Afterwards
from nrm.demo.here_before import HereBefore
from nrm.demo.in_shelter import InShelter
from nrm.demo.made_up_interviews import random_answers
from nrm.demo.numbers import Numbers
from nrm.demo.people import Plan
from nrm.demo.progress import Progress
from nrm.demo.residents import Residents
from nrm.domain.accounts.accounts import Actor
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
    escorts_for,
)
from nrm.domain.reports.contributions import CONTRIBUTING, Answer
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.models.referrals.referrals import Referral
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.referrals import referrals as referral_store
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.shelter import places as place_store

TENDED_EVERY = timedelta(days=3)


def everybody() -> list[str]:
    """The parties that receive people under the agreement: the officers of the demo name all of them."""
    parties = country().in_force(clock.now()).parties
    return [code for code, party in parties.items() if party.competence is not None]


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
        self._now = until
        self.numbers = Numbers()
        self.duties = Duties(actors, self.after)
        self.residents = Residents(self)
        self.afterwards = Afterwards(self)
        self.here_before = HereBefore(self, self._codes)
        self.in_shelter = InShelter(self)

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
        self.in_shelter.begin(plan, opened.case_id, opened.stay_id, by)

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
        self.after(plan.travel / 4, lambda: self._depart(plan, referral_id, self._now + plan.travel * 3 / 4))
        self.after(plan.travel, lambda: self._arrive(plan, referral_id, case_id, places[0][0], by))

    def _depart(self, plan: Plan, referral_id: uuid.UUID, expected_at: datetime) -> None:
        """The post says that they have left: else each arrival is one of which nobody said so (ADR 0238)."""
        escort = escorts_for(plan.answers["gender"])[0]
        referrals.depart(referral_id=referral_id, escort=escort, expected_at=expected_at, by=self.actors[plan.post])

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
        self.in_shelter.begin(plan, case_id, stay_id, by)

    def _staff(self, organisation_id: uuid.UUID) -> Actor:
        return self.actors[self._codes[organisation_id]]
