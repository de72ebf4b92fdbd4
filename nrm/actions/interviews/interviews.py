"""Conducting an interview: begun, resumed, saved page by page, ended without a case."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import db, transaction, writing
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.draft_owners import DRAFT, Anothers, Lost, OpenReason
from nrm.domain.interviews.endings import (
    DRAFT_OVER,
    HIGH,
    LEAVE_REASONS,
    TOOK_BACK,
    Against,
    ChildWaits,
    EndReason,
    Holding,
    NotAskedProperly,
    ReasonNeeded,
    check_reason,
    is_child,
)
from nrm.domain.interviews.facts import agreed_to, consent_of, routing_facts, wish
from nrm.domain.interviews.indicators import profile, profile_of_answered
from nrm.domain.interviews.interview_findings import UnacceptableInterview, whole_interview
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.questionnaire_flow import ended_as, pages, set_aside, settled
from nrm.domain.interviews.screenings import NONE, NOT_ASKED, REFUSED
from nrm.domain.shelter.cases import UNKNOWN
from nrm.models.interviews.interviews import Interview
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import drafts, holds, paper_entries
from nrm.steps.interviews import groups as group_steps
from nrm.steps.interviews.drafts import (
    Draft,
    Incomplete,
    LastPage,
    NoLongerDraft,
    OpeningEnded,
    StaleAnswers,
    UnknownQuestionnaire,
)
from nrm.steps.interviews.procedures import left_by
from nrm.steps.interviews.screenings import ending_of, local_day, screenings_of, steps_taken
from nrm.store import names
from nrm.store.countries import country
from nrm.store.interviews import interviews as store
from nrm.store.rows.interviews import child_alerts as child_alert_rows
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.store.rows.interviews import screenings as screening_rows
from nrm.vault import compartments as vault
from nrm.vault import shredding

__all__ = [
    "Anothers",
    "ChildWaits",
    "Draft",
    "Incomplete",
    "LastPage",
    "Lost",
    "NoLongerDraft",
    "NotAskedProperly",
    "OpeningEnded",
    "ReasonNeeded",
    "StaleAnswers",
    "UnknownQuestionnaire",
]

CURRENT = drafts.CURRENT
_BATCH = 50


class NotAnEnd(Exception):
    """These answers do not end the interview: help was not refused, and the officer saw an indicator."""


def start(
    *,
    interview_id: uuid.UUID,
    by: Actor,
    urgent: bool = False,
    questionnaire: str | None = None,
    at: datetime | None = None,
) -> uuid.UUID:
    """Begin an interview under an id the caller chose; the same id again begins nothing twice.

    The session that starts it may read it. Without a `questionnaire`, the one that the crossing point uses today is
    taken. `at` is when the talk began, for an interview that is typed in later. Raises
    NotVisible for an id that belongs to another post, UnknownQuestionnaire.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    asked = drafts.questionnaire_called(questionnaire or drafts.used_by(by))
    try:
        with transaction() as session:
            if interview_rows.is_known(interview_id):
                return store.interview(interview_id, by=by).id
            answers = {asked.home.questions[0]: "yes" if urgent else "no"}
            if names.talks_by_telephone(by):
                answers |= drafts.told_by_telephone(asked)
            drafts.begin(session, interview_id, asked, at or clock.now(), answers, by=by)
    except IntegrityError:
        return store.interview(interview_id, by=by).id  # the same button, pressed twice at once
    return interview_id


def resume(*, interview_id: uuid.UUID, by: Actor) -> None:
    """Let this session read the draft for a quarter of an hour; raises NotVisible, NoLongerDraft, Anothers, Lost.

    A colleague's can be resumed only by a session that has just opened it with a reason, for the same reason.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by)
        if interview.status not in drafts.UNSENT:
            raise NoLongerDraft(interview.status)
        purpose = "interview"
        if not drafts.is_owner(interview, by=by):
            purpose = vault.leave_before(session, interview_id, DRAFT, by=by)
            if purpose not in list(OpenReason):
                raise Anothers
        drafts.lend(session, interview, purpose, by=by)
        sealed = holds.seal_anew(session, interview_id, by=by)
    if sealed:
        shredding.work_off()


def read(*, interview_id: uuid.UUID, by: Actor) -> Draft:
    """The draft, for a session that may read it; writes nothing. Raises NotVisible, OpeningEnded, NoLongerDraft."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return drafts.opened(db.session, store.mine(interview_id, by=by), by=by)


def save_page(
    *,
    draft: Draft,
    page: str,
    given: Answers,
    seen: int,
    by: Actor,
    named: Collection[str] | None = None,
    asked_again: bool = False,
    warned: Mapping[str, int] = drafts.NOTHING_SEEN,
) -> Draft:
    """Keep one page's answers over the revision that was seen; branches that were left are dropped.

    The same answers sent a second time change nothing. Raises NotVisible, OpeningEnded, NoLongerDraft, StaleAnswers.

    `draft` is what `read` gave. It is sealed before the transaction begins, to keep the transaction short. Nothing is
    kept if somebody saved, sent or ended the interview since it was read. `named`: the parties that the page named to
    the person in their presence; None for a page that names none. `asked_again`: the page that asks once more before
    "no indicator" comes next. `warned`: the warnings that it showed. In a group, the group learns what the page says of
    all of it.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    interview_id = draft.interview_id
    if draft.revision != seen:
        return _unchanged(draft, page, given)
    answers = draft.filled(page, given)
    after, following = drafts.sealed_next(
        db.session, draft, answers, [page], by=by, named=named, asked_again=asked_again, warned=warned
    )
    try:
        for_owner = isinstance(following, drafts.ForOwner)
        if for_owner or draft.place or child_alert_steps.concerned(draft.questionnaire, draft.answers, after.answers):
            with transaction() as session:
                drafts.keep(session, following, by=by)
                if draft.place:
                    group_steps.learn(session, draft.place[0], draft.questionnaire, page, given)
                child_alert_steps.tell(session, interview_id, draft.questionnaire, draft.answers, after.answers, by=by)
                audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id, page=page)
        else:
            with writing() as session:
                drafts.keep(session, following, by=by)
                audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id, page=page)
    except vault.StaleRevision:
        return _unchanged(drafts.opened(db.session(), store.interview(interview_id, by=by), by=by), page, given)
    if for_owner:
        shredding.work_off()
    return after


def _unchanged(draft: Draft, page: str, given: Answers) -> Draft:
    """The draft, if the page changes nothing in it; raises StaleAnswers otherwise."""
    if draft.filled(page, given) != draft.answers:
        raise StaleAnswers(draft)
    return draft


def save_answers(
    *, interview_id: uuid.UUID, answers: Mapping[str, object], by: Actor, named: Collection[str] = ()
) -> Draft:
    """Keep a whole interview whose answers are given at once; it replaces what was there. `named`: the parties that
    the person was asked about by name.

    Raises UnacceptableInterview, and what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        draft = drafts.opened(session, store.interview(interview_id, by=by), by=by)
        kept, findings = whole_interview(draft.questionnaire, answers, today=local_day(draft.started_at))
        if findings:
            raise UnacceptableInterview(findings)
        visited = [page.id for page in pages(draft.questionnaire, kept)]
        after = drafts.rewritten(session, draft, kept, visited, by=by, named=named)
        child_alert_steps.tell(session, interview_id, draft.questionnaire, draft.answers, after.answers, by=by)
        audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id)
    if after.own:
        shredding.work_off()
    return after


def make_urgent(*, interview_id: uuid.UUID, page: str, given: Answers, seen: int, by: Actor) -> Draft:
    """The button "Stop, go to shelter": take the urgent way, with the saved answers and what `page` had so far.

    Raises what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        draft = drafts.opened(session, store.interview(interview_id, by=by), by=by)
        questionnaire, home = draft.questionnaire, draft.questionnaire.home
        so_far = draft
        if given:
            filled = draft.filled(page, {**_answers_on_page(page, draft), **given})
            so_far = replace(draft, answers=filled, aside=set_aside(questionnaire, draft.answers, filled, draft.aside))
        answers = so_far.filled(home.id, {home.questions[0]: "yes"})
        if draft.revision != seen and answers != draft.answers:
            raise StaleAnswers(draft)
        after = drafts.rewritten(session, so_far, answers, (), by=by)
        child_alert_steps.tell(session, interview_id, questionnaire, draft.answers, after.answers, by=by)
        audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id, page=home.id)
    if after.own:
        shredding.work_off()
    return after


def _answers_on_page(page: str, draft: Draft) -> dict[str, Any]:
    """The answers that a page has so far."""
    return {name: draft.answers[name] for name in draft.questionnaire.pages[page].questions if name in draft.answers}


def against(
    draft: Draft, answers: Answers, *, shelter: bool = False, discard: bool = False, leaves: bool = False
) -> Against:
    """What speaks against ending this interview without a case.

    `shelter`: a shelter was chosen; `discard`: the draft is only thrown away; `leaves`: the person leaves without one.
    """
    questionnaire = draft.questionnaire
    child = is_child(answers.get(questionnaire.derive["age"]))
    routed = routing_facts(questionnaire, answers, entry_point=UNKNOWN, region_of_entry=UNKNOWN)
    told = profile(questionnaire, answers, child=child)
    if aside := set_aside(questionnaire, draft.answers, answers, draft.aside):
        whole = profile_of_answered(questionnaire, {**aside, **answers}, child=child)
        told = whole if whole.outcome != NONE else told
    return Against(
        told,
        routed["security_risk"] == HIGH,
        shelter,
        not child and child_alert_rows.is_told(draft.interview_id),
        discard,
        leaves,
        {**aside, **answers}.get(questionnaire.derive["danger"]) == "yes",
        draft.agreed or bool(agreed_to(questionnaire, {**aside, **answers})),
    )


def takes_back(draft: Draft, answers: Answers) -> bool:
    """Whether these answers are an adult's no after a yes that was recorded (ADR 0278)."""
    return draft.agreed and ending_of(draft.questionnaire, answers) == REFUSED


def against_end(draft: Draft, answers: Answers, *, shelter: bool = False) -> Against:
    """What speaks against ending this interview with these answers, the last page's among them.

    Where the short screen ends it nothing in the answers does; but something may that was said before and is said no
    more.
    """
    ended = ended_as(draft.questionnaire, answers)
    if not ended or (ended == NOT_ASKED and against(draft, answers)):
        return against(draft, answers, shelter=shelter)
    return against(draft, draft.answers, discard=True)


def _is_taken_back(draft: Draft, answers: Answers) -> bool:
    """Whether the short screen ends an interview of which more was said before: that is what is held then."""
    ended = ended_as(draft.questionnaire, answers)
    return ended is not None and (ended != NOT_ASKED or bool(draft.answers.keys() - answers.keys()))


def discard(
    *, interview_id: uuid.UUID, by: Actor, reason: str = "", sentence: str = "", seen: int | None = None
) -> None:
    """Destroy a draft; nothing is counted. A second time does nothing.

    If something was said that speaks against it, a coded `reason` and a `sentence` are needed, and it is held first
    (ADR 0057). `seen`: the revision that was shown before. Raises NotVisible, OpeningEnded, NoLongerDraft once it is
    sent, ReasonNeeded, StaleAnswers; NotTheirsToEnd for a colleague's; ChildWaits for the interview of a child, which
    ends only as `end` says.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        if interview.status in ("ended", "held"):
            return
        drafts.must_own(interview, by=by)
        draft = drafts.opened_last(session, interview, by=by)
        _as_seen(draft, seen)
        child = is_child(draft.answers.get(draft.questionnaire.derive["age"]))
        opposed = None if child else against(draft, draft.answers, discard=True)
        if opposed:
            check_reason(opposed, reason, sentence)
            how = Holding.DISCARDED
            holds.hold(session, interview, draft, draft.answers, how, reason=reason, sentence=sentence, by=by)
            return
        if child_alert_steps.answered_by_telephone(interview_id):
            holds.hold(session, interview, draft, draft.answers, Holding.DISCARDED, child=True, by=by)
            return
        drafts.close(session, interview, "ended", by=by, child=child, done=False)
        audit.append(session, audit.Event.INTERVIEW_DISCARDED, by=by, interview_id=interview_id, why=_listed(reason))
    shredding.work_off()


def _must_own_unsent(interview: Interview, by: Actor) -> None:
    """Raise Anothers for a colleague's interview; one that was sent or has ended says that first."""
    if interview.status not in drafts.UNSENT:
        raise NoLongerDraft(interview.status)
    drafts.must_own(interview, by=by)


def _as_seen(draft: Draft, seen: int | None) -> None:
    """Raise StaleAnswers if the draft has changed since the page on which somebody confirmed its end."""
    if seen is not None and draft.revision != seen:
        raise StaleAnswers(draft)


def _listed(reason: str) -> str | None:
    """The reason as it is kept: a code of the list, or nothing."""
    return reason if reason in list(EndReason) else None


def ask_child_authority(*, interview_id: uuid.UUID, reason: str, seen: int, by: Actor) -> None:
    """The post saw no indicator in a child, or stops the interview: send its opinion to the child authority's desk.

    Nothing is destroyed and nothing withdrawn; a second time changes nothing. Raises ReasonNeeded, NotAnEnd for an
    adult, ChildWaits where the agreement names nobody to be asked, and what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    if _listed(reason) is None:
        raise ReasonNeeded(reason)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        _must_own_unsent(interview, by)
        draft = drafts.opened_last(session, interview, by=by)
        _as_seen(draft, seen)
        if not is_child(draft.answers.get(draft.questionnaire.derive["age"])):
            raise NotAnEnd
        child_alert_steps.ask(session, interview_id, draft.questionnaire, draft.answers, reason, by=by)


def end(
    *,
    interview_id: uuid.UUID,
    by: Actor,
    last: LastPage | None = None,
    reason: str = "",
    sentence: str = "",
    shelter: bool = False,
    asked_properly: bool = True,
    seen: int | None = None,
) -> str:
    """End an interview without a case: an adult refused help, the officer saw no indicator, or the short screen ended.

    The draft and its key are destroyed in the same action; an anonymous screening stays. Returns `refused`, `none` or
    `not_asked`. If answers speak against that (see `against_end`; `shelter`: one was chosen), a coded `reason` and a
    `sentence` are needed. Then, and after a refusal, it is held first, and destroyed and counted by `tend` (ADR 0057).
    The interview of a child needs the child authority's answer. `asked_properly`: the officer says that a refusal was
    asked for as it must be. `seen`: the revision that was shown before.
    Raises Incomplete, NotAnEnd, EnteredTwice, ReasonNeeded, NotAskedProperly, ChildWaits, and what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        _must_own_unsent(interview, by)
        draft = drafts.opened_last(session, interview, by=by)
        _as_seen(draft, seen)
        answers = drafts.finished(draft, last)
        outcome = ending_of(draft.questionnaire, answers)
        if outcome is None:
            raise NotAnEnd
        if outcome == REFUSED and not asked_properly:
            raise NotAskedProperly
        child = is_child(answers.get(draft.questionnaire.derive["age"]))
        opposed = against_end(draft, answers, shelter=shelter) if outcome != REFUSED and not child else None
        if not child and takes_back(draft, answers):
            opposed = against(draft, answers, leaves=True)
        if opposed:
            check_reason(opposed, reason, sentence, (TOOK_BACK,) if outcome == REFUSED else tuple(EndReason))
        paper_entries.spend(session, interview, by=by)
        if last is not None:
            draft = replace(draft, wordings=drafts.wordings_read(draft, answers, [last.page]))
        kept = left_by(draft, answers, drafts.still_warned(draft, answers, last), by=by)
        screenings = screenings_of(draft.questionnaire, answers, draft.started_at, by=by)
        steps = steps_taken(draft, answers, screenings, reason=_listed(reason))
        by_telephone = child_alert_steps.answered_by_telephone(interview_id)
        if opposed or outcome == REFUSED or by_telephone:
            if last is not None and not _is_taken_back(draft, answers):
                draft = drafts.rewritten(session, draft, answers, [last.page], by=by)
            holds.hold(
                session,
                interview,
                draft,
                draft.answers,
                Holding.RETRACTED if opposed and outcome == REFUSED else Holding(outcome),
                screenings=screenings,
                steps=steps,
                kept=kept,
                reason=reason if opposed else "",
                sentence=sentence if opposed else "",
                child=by_telephone,
                by=by,
            )
            return outcome
        session.add_all(kept)
        drafts.close(session, interview, "ended", by=by, child=child)
        audit.append(session, audit.Event.INTERVIEW_ENDED, by=by, interview_id=interview_id, why=_listed(reason))
        screening_rows.count(session, screenings)
        screening_rows.count_steps(session, screenings, steps)
    shredding.work_off()
    return outcome


def strike_out(*, draft: Draft, parties: Collection[str], by: Actor) -> Draft:
    """The person does not want these parties to know; they said so when the parties were named, after consent.

    Raises NotVisible, OpeningEnded, NoLongerDraft, StaleAnswers.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    asked = next(each.id for each in draft.questionnaire.questions.values() if each.kind == "parties")
    struck = sorted({*(draft.answers.get(asked) or ()), *parties})
    answers = settled(draft.questionnaire, {**draft.answers, asked: struck}, like=draft.answers)
    with transaction() as session:
        after = drafts.rewritten(session, draft, answers, (), by=by)
        audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=draft.interview_id)
    return after


def leave(*, interview_id: uuid.UUID, by: Actor, reason: str = "", sentence: str = "") -> None:
    """The person leaves without a shelter: did not decide, wants none of those that could be asked, or just goes.

    The draft is held as after a refusal (ADR 0057), then it and its key are destroyed. The person is counted as
    undecided, never as refused; nothing else is kept. Where a yes was recorded, or much danger, or signs with fear, a
    coded `reason` and a `sentence` are needed, and it is held as what a post ends against what was said; who said yes
    is not counted (ADR 0278). Raises NotAnEnd, ReasonNeeded, EnteredTwice, NotVisible, OpeningEnded, NoLongerDraft.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        _must_own_unsent(interview, by)
        draft = drafts.opened_last(session, interview, by=by)
        if not may_leave(draft):
            raise NotAnEnd
        opposed = against(draft, draft.answers, leaves=True)
        if opposed:
            check_reason(opposed, reason, sentence, LEAVE_REASONS)
        paper_entries.spend(session, interview, by=by)
        screenings = []
        if is_undecided(draft):
            screenings = screenings_of(draft.questionnaire, draft.answers, draft.started_at, by=by, left=True)
        holds.hold(
            session,
            interview,
            draft,
            draft.answers,
            Holding.LEFT if opposed else Holding.UNDECIDED,
            screenings=screenings,
            reason=reason if opposed else "",
            sentence=sentence if opposed else "",
            by=by,
        )


def is_undecided(draft: Draft) -> bool:
    """Whether who leaves is counted as "did not decide": not after a yes to all of it, be it one in doubt."""
    answers = draft.answers
    return consent_of(draft.questionnaire, answers) != "given" and not wish(draft.questionnaire, answers)


def may_leave(draft: Draft) -> bool:
    """Whether the person is an adult who did not refuse. One who agreed may leave too, even if a shelter has room."""
    return consent_of(draft.questionnaire, draft.answers) in ("given", "not_asked_urgent")


def questionnaires() -> Mapping[str, Questionnaire]:
    """The questionnaires of this instance by id."""
    return country().questionnaires


def expire_drafts(*, by: Actor) -> int:
    """Destroy the drafts whose time is over and delete the rows of ended ones; returns how many were destroyed.

    If the child authority was told and has not answered, it is asked, and the draft is kept for as long again.
    """
    _ask_of_children(by)
    destroyed = 0
    while True:
        with transaction() as session:
            overdue = interview_rows.expired(clock.now(), _BATCH)
            for interview in overdue:
                drafts.close(session, interview, "ended", by=by, done=False)
                audit.append(session, audit.Event.INTERVIEW_EXPIRED, by=by, interview_id=interview.id)
            interview_rows.forget_ended(clock.now())
        destroyed += len(overdue)
        if len(overdue) < _BATCH:
            break
    if destroyed:
        shredding.work_off()
    return destroyed


def _ask_of_children(by: Actor) -> None:
    while True:
        with transaction() as session:
            overdue = interview_rows.unanswered_children(clock.now(), _BATCH)
            for interview in overdue:
                child_alert_steps.ask_again(session, interview.id, DRAFT_OVER, by=by)
                interview.expires_at = clock.now() + timedelta(days=country().retention.draft_days)
        if len(overdue) < _BATCH:
            return
