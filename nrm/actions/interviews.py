"""Conducting an interview: begun, resumed, saved page by page, ended without a case, or taken in from a file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.actions import children, drafts, keyings
from nrm.actions.drafts import (
    Draft,
    Incomplete,
    LastPage,
    NoLongerDraft,
    OpeningEnded,
    StaleAnswers,
    UnknownQuestionnaire,
)
from nrm.actions.procedures import left_by
from nrm.actions.screenings import ending_of, local_day, screenings_of
from nrm.db import db, transaction, writing
from nrm.domain.accounts import Actor, Permission
from nrm.domain.answers import EARLIEST_YEAR, message
from nrm.domain.interview_findings import whole_interview
from nrm.domain.interviews import Answers, Questionnaire, Texts
from nrm.domain.journeys import pages, with_page
from nrm.domain.screenings import REFUSED
from nrm.store import interviews as store
from nrm.store import screenings
from nrm.store.countries import country
from nrm.vault import compartments as vault
from nrm.vault import keyrings, shredding

__all__ = [
    "Draft",
    "Incomplete",
    "LastPage",
    "NoLongerDraft",
    "OpeningEnded",
    "StaleAnswers",
    "UnknownQuestionnaire",
]

CURRENT = drafts.CURRENT
_BATCH = 50


class UnacceptableInterview(Exception):
    """Answers given all at once that cannot be kept: question id -> what to do, by staff language."""

    def __init__(self, findings: Mapping[str, Texts]) -> None:
        super().__init__("unacceptable answers")
        self.findings = findings


class NotAnEnd(Exception):
    """These answers end nothing: help was not refused, and the officer saw an indicator."""


def start(
    *,
    interview_id: uuid.UUID,
    by: Actor,
    urgent: bool = False,
    questionnaire: str | None = None,
    at: datetime | None = None,
) -> uuid.UUID:
    """Begin an interview under an id the caller chose; the same id again begins nothing twice.

    The session that starts it has leave to read it. Without a `questionnaire` it is the one that the crossing point
    uses today. `at` is when the talk began, for what is typed in later. Raises
    NotVisible for an id that belongs to another post, UnknownQuestionnaire.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    asked = drafts.questionnaire_called(questionnaire or drafts.used_by(by))
    try:
        with transaction() as session:
            if store.is_known(interview_id):
                return store.interview(interview_id, by=by).id
            answers = {asked.home.questions[0]: "yes" if urgent else "no"}
            drafts.begin(session, interview_id, asked, at or clock.now(), answers, by=by)
    except IntegrityError:
        return store.interview(interview_id, by=by).id  # the same button, pressed twice at once
    return interview_id


def resume(*, interview_id: uuid.UUID, by: Actor) -> None:
    """Give this session leave to read the draft for a quarter of an hour; raises NotVisible, NoLongerDraft."""
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by)
        if interview.status not in drafts.UNSENT:
            raise NoLongerDraft(interview.status)
        vault.allow(session, interview_id, drafts.DRAFT, "interview", by=by)


def read(*, interview_id: uuid.UUID, by: Actor) -> Draft:
    """The draft, for a session that has leave; writes nothing. Raises NotVisible, OpeningEnded, NoLongerDraft."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return drafts.opened(db.session, store.mine(interview_id, by=by), by=by)


def save_page(*, draft: Draft, page: str, given: Answers, seen: int, by: Actor) -> Draft:
    """Keep one page's answers over the revision that was seen; branches that were left are dropped.

    The same answers sent a second time change nothing. Raises NotVisible, OpeningEnded, NoLongerDraft, StaleAnswers.

    `draft` is what `read` gave, and it is sealed before the transaction begins, so that writers wait for each other's
    writing alone; nothing is kept when somebody saved, sent or ended the interview since it was read.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    interview_id = draft.interview_id
    if draft.revision != seen:
        return _unchanged(draft, page, given)
    answers = draft.filled(page, given)
    after, following = drafts.sealed_next(db.session, draft, answers, [page], by=by)
    try:
        if children.concerned(draft.questionnaire, draft.answers, after.answers):
            with transaction() as session:
                drafts.keep(session, following, by=by)
                children.tell(session, interview_id, draft.questionnaire, draft.answers, after.answers, by=by)
                audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id, page=page)
        else:
            with writing() as session:
                drafts.keep(session, following, by=by)
                audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id, page=page)
    except vault.StaleRevision:
        return _unchanged(drafts.opened(db.session(), store.interview(interview_id, by=by), by=by), page, given)
    return after


def _unchanged(draft: Draft, page: str, given: Answers) -> Draft:
    """The draft, if the page says no more than it says already; raises StaleAnswers otherwise."""
    if draft.filled(page, given) != draft.answers:
        raise StaleAnswers(draft)
    return draft


def save_answers(*, interview_id: uuid.UUID, answers: Mapping[str, object], by: Actor) -> Draft:
    """Keep a whole interview given at once, in place of what was there.

    Raises UnacceptableInterview, and what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        draft = drafts.opened(session, store.interview(interview_id, by=by), by=by)
        kept, findings = whole_interview(draft.questionnaire, answers, today=local_day(draft.started_at))
        if findings:
            raise UnacceptableInterview(findings)
        visited = [page.id for page in pages(draft.questionnaire, kept)]
        after = drafts.rewritten(session, draft, kept, visited, by=by)
        children.tell(session, interview_id, draft.questionnaire, draft.answers, after.answers, by=by)
        audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id)
    return after


def make_urgent(*, interview_id: uuid.UUID, page: str, given: Answers, seen: int, by: Actor) -> Draft:
    """Stop, go to shelter: the urgent way with what is there and what `page` had so far.

    Raises what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        draft = drafts.opened(session, store.interview(interview_id, by=by), by=by)
        questionnaire, home = draft.questionnaire, draft.questionnaire.home
        answers: Answers = draft.answers
        if given:
            answers = with_page(questionnaire, answers, questionnaire.pages[page], {**_of(page, draft), **given})
        answers = with_page(questionnaire, answers, home, {home.questions[0]: "yes"})
        if draft.revision != seen and answers != draft.answers:
            raise StaleAnswers(draft)
        after = drafts.rewritten(session, draft, answers, (), by=by)
        children.tell(session, interview_id, questionnaire, draft.answers, after.answers, by=by)
        audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id, page=home.id)
    return after


def _of(page: str, draft: Draft) -> dict[str, Any]:
    """What a page has so far."""
    return {name: draft.answers[name] for name in draft.questionnaire.pages[page].questions if name in draft.answers}


def discard(*, interview_id: uuid.UUID, by: Actor) -> None:
    """Destroy a draft; nothing is kept. A second time does nothing. Raises NotVisible, NoLongerDraft once sent."""
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        if interview.status == "ended":
            return
        drafts.close(session, interview, "ended", by=by)
        audit.append(session, audit.Event.INTERVIEW_DISCARDED, by=by, interview_id=interview_id)
    shredding.work_off()


def end(*, interview_id: uuid.UUID, by: Actor, last: LastPage | None = None) -> str:
    """End an interview without a case: an adult refused help, or the officer saw no indicator.

    The draft and its key are destroyed in the same action; an anonymous screening stays. Returns `refused` or `none`.
    Raises Incomplete, NotAnEnd, KeyedTwice, and what `save_page` raises.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        interview = store.interview(interview_id, by=by, lock=True)
        draft = drafts.opened_last(session, interview, by=by)
        answers = drafts.finished(draft, last)
        outcome = ending_of(draft.questionnaire, answers)
        if outcome is None:
            raise NotAnEnd
        keyings.spend(session, interview, by=by)
        session.add_all(left_by(draft, answers, by=by))
        drafts.close(session, interview, "ended", by=by)
        event = audit.Event.HELP_REFUSED if outcome == REFUSED else audit.Event.INTERVIEW_ENDED
        audit.append(session, event, by=by, interview_id=interview_id)
        screenings.count(session, screenings_of(draft.questionnaire, answers, draft.started_at, by=by))
    shredding.work_off()
    return outcome


def take_in(*, line: Mapping[str, Any], by: Actor) -> str | None:
    """Take in one interview of a file, `{"questionnaire", "interviewed_at", "answers"}`: its pseudonym, or None.

    None: the interview ends without a case and only an anonymous screening is kept. The same line again changes nothing
    and gives the same answer. Raises UnacceptableInterview, UnknownQuestionnaire; ValueError for a time that is none.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    questionnaire = drafts.questionnaire_called(str(line["questionnaire"]))
    started_at = interviewed_at(line["interviewed_at"])
    answers, findings = whole_interview(questionnaire, line["answers"], today=local_day(started_at))
    if findings:
        raise UnacceptableInterview(findings)
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":")).encode()
    try:
        return _take_in(questionnaire, started_at, answers, canonical, by)
    except IntegrityError:  # the same line in the same instant: now it is there
        return _take_in(questionnaire, started_at, answers, canonical, by)


def _take_in(
    questionnaire: Questionnaire, started_at: datetime, answers: Answers, canonical: bytes, by: Actor
) -> str | None:
    with transaction() as session:
        mark = keyrings.organisation_mark(session, canonical, by=by)
        before = store.imported(mark, by=by)
        if before is not None:
            return before.pseudonym
        if screenings.is_screened(mark):
            return None
        if findings := _unknown_parties(questionnaire, answers):
            raise UnacceptableInterview(findings)
        if ending_of(questionnaire, answers) is not None:
            counted = screenings_of(questionnaire, answers, started_at, by=by)
            if counted:
                screenings.remember_line(session, mark)
            audit.append(session, audit.Event.INTERVIEW_IMPORTED, by=by)
            screenings.count(session, counted)
            return None
        interview = drafts.new_interview(session, uuid.uuid4(), questionnaire, started_at, by=by)
        interview.status, interview.expires_at, interview.import_mark = "completed", None, mark
        visited = [page.id for page in pages(questionnaire, answers)]
        drafts.seal_new(session, interview, answers, visited, by=by)
        audit.append(session, audit.Event.INTERVIEW_IMPORTED, by=by, interview_id=interview.id)
        return interview.pseudonym


def _unknown_parties(questionnaire: Questionnaire, answers: Answers) -> dict[str, Texts]:
    """What to do about parties that were struck out and are none of the agreement in force, by question id.

    Asked of a new line alone: one that was taken in stays so when a party leaves.
    """
    parties = country().in_force(clock.now()).parties
    return {
        name: message("choose_party", question, parties=", ".join(sorted(parties)))
        for name, question in questionnaire.questions.items()
        if question.kind == "parties" and not set(answers.get(name) or ()) <= parties.keys()
    }


def questionnaires() -> Mapping[str, Questionnaire]:
    """The questionnaires of this instance by id."""
    return country().questionnaires


def interviewed_at(text: object) -> datetime:
    """ISO 8601, without a zone on the country's clocks; raises ValueError for none, or one of the future."""
    if not isinstance(text, str) or len(text) > 40:
        raise ValueError("not a date and time")
    try:
        read = datetime.fromisoformat(text)
        at = (read if read.tzinfo else read.replace(tzinfo=country().timezone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("not a date and time") from None
    if at > clock.now() or at.year < EARLIEST_YEAR:
        raise ValueError("not in the past")
    return at


def expire_drafts(*, by: Actor) -> int:
    """Destroy the drafts whose days are over and forget the rows of ended ones; returns how many were destroyed."""
    destroyed = 0
    while True:
        with transaction() as session:
            overdue = store.expired(clock.now(), _BATCH)
            for interview in overdue:
                drafts.close(session, interview, "ended", by=by)
                audit.append(session, audit.Event.INTERVIEW_EXPIRED, by=by, interview_id=interview.id)
            store.forget_ended(clock.now())
        destroyed += len(overdue)
        if len(overdue) < _BATCH:
            break
    if destroyed:
        shredding.work_off()
    return destroyed
