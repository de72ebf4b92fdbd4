"""The questionnaire on paper: numbers issued to a post, a paper typed in, two entries of one paper made one record.

A paper's number is kept as an HMAC under a key that only the post has (so is the mark of an imported line): a person
who has the database, or finds a paper, cannot connect the two.

Decided in ADR 0027.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.draft_owners import OpenReason
from nrm.domain.interviews.interview_findings import page_findings
from nrm.domain.interviews.interviews import Answers, Question, Questionnaire
from nrm.domain.interviews.paper_forms import (
    MOST_AT_ONCE,
    PEOPLE_ON_ONE,
    PaperRefusal,
    PaperRefused,
    check_time,
    new_number,
)
from nrm.domain.interviews.questionnaire_flow import pages, prune, settled
from nrm.domain.shelter.cases import RANDOM_BYTES
from nrm.models.interviews.interviews import Interview, PaperForm
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import draft_openings, drafts
from nrm.steps.interviews.drafts import Draft, StaleAnswers
from nrm.steps.interviews.screenings import local_day
from nrm.store.interviews import interviews as interview_store
from nrm.store.interviews import paper_forms as store
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.vault import keyrings, shredding

FIRST, SECOND = "first", "second"


def drawn(count: int) -> list[str]:
    """`count` new numbers for papers; raises ValueError for 0, or for more than are printed at once."""
    if not 1 <= count <= MOST_AT_ONCE * PEOPLE_ON_ONE:
        raise ValueError("a block has 1 to 5 papers, each for one person or for ten")
    return [new_number(os.urandom(RANDOM_BYTES)) for _ in range(count)]


def issue(*, numbers: Sequence[str], questionnaire: Questionnaire, staff: str, spoken: str, by: Actor) -> uuid.UUID:
    """Issue a block of papers that were just typeset to the actor's post; returns the block's id.

    Raises NotPermitted, CannotOpen for an actor who does not hold the post's key.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    block_id = uuid.uuid4()
    with transaction() as session:
        session.add_all(
            PaperForm(
                organisation_id=by.organisation_id,
                block_id=block_id,
                mark=keyrings.paper_mark(session, number, by=by),
                questionnaire=questionnaire.id,
                version=questionnaire.version,
                staff=staff,
                spoken=spoken,
                issued_at=clock.now(),
                issued_by_id=by.member_id,
            )
            for number in numbers
        )
        audit.append(session, audit.Event.PAPERS_ISSUED, by=by, block_id=block_id, papers=len(numbers), language=spoken)
    return block_id


def begin(*, interview_id: uuid.UUID, number: str, at: datetime, again: bool, by: Actor) -> uuid.UUID:
    """Begin to type in a paper of the post under an id the caller chose; the same id again begins nothing twice.

    `at` is when the talk was; `again`: even if somebody is typing in the same paper. Raises PaperRefused, NotVisible.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        if interview_rows.is_known(interview_id):
            return interview_store.interview(interview_id, by=by).id
        mark = keyrings.paper_mark(session, number, by=by)
        paper = store.form(mark, by=by)
        if paper is None:
            raise PaperRefused(PaperRefusal.NOT_ISSUED)
        if paper.used:
            raise PaperRefused(PaperRefusal.USED, store.sent_as(mark, by=by))
        check_time(at, paper.issued_at, clock.now())
        before = store.paper_entries(mark, by=by)
        if before and not again:
            raise PaperRefused(PaperRefusal.KEYED, before[0].pseudonym)
        asked = drafts.questionnaire_called(paper.questionnaire)
        drafts.begin(session, interview_id, asked, at, {asked.home.questions[0]: "no"}, by=by)
        session.get_one(Interview, interview_id).paper_mark = mark
        audit.append(session, audit.Event.PAPER_TYPED_IN, by=by, interview_id=interview_id)
    return interview_id


def keep(
    *,
    interview_id: uuid.UUID,
    answers: Answers,
    seen: int,
    complete: bool,
    by: Actor,
    warned: Mapping[str, int] = drafts.NOTHING_SEEN,
) -> Draft:
    """Keep what was typed in from the paper; it replaces what was there. `complete`: every page was seen. `warned`: the
    warnings that the page showed.

    The same answers sent a second time change nothing. Raises StaleAnswers, NotVisible, OpeningEnded, NoLongerDraft.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        draft = drafts.opened(session, _from_paper(interview_id, by), by=by)
        after = settled(draft.questionnaire, answers)
        if draft.revision != seen:
            if after != draft.answers:
                raise StaleAnswers(draft)
            return draft
        visited = [page.id for page in pages(draft.questionnaire, after)] if complete else []
        kept = drafts.rewritten(session, draft, after, visited, by=by, warned=warned)
        child_alert_steps.tell(session, interview_id, draft.questionnaire, draft.answers, after, by=by)
        audit.append(session, audit.Event.INTERVIEW_SAVED, by=by, interview_id=interview_id)
    if kept.own:
        shredding.work_off()
    return kept


def _from_paper(interview_id: uuid.UUID, by: Actor) -> Interview:
    interview = interview_store.interview(interview_id, by=by)
    if interview.paper_mark is None:
        raise NotVisible
    return interview


def read(*, interview_id: uuid.UUID, by: Actor) -> Draft:
    """The draft of a paper that is being typed in; raises NotVisible, OpeningEnded, NoLongerDraft."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return drafts.opened(db.session, _from_paper(interview_id, by), by=by)


def printed_at(draft: Draft, *, by: Actor) -> datetime:
    """When the paper of the draft was printed; what stands on it is of that instant."""
    paper = store.form(_from_paper(draft.interview_id, by).paper_mark, by=by)
    return draft.started_at if paper is None else paper.issued_at


def is_same_version(draft: Draft, *, by: Actor) -> bool:
    """Whether the questionnaire is unchanged since the paper was printed, so that its codes mean the same."""
    paper = store.form(_from_paper(draft.interview_id, by).paper_mark, by=by)
    return paper is not None and paper.version == draft.questionnaire.version


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """Two entries of one paper, and the questions that they answer differently."""

    first: Draft
    second: Draft
    differing: tuple[Question, ...]


def open_pair(*, interview_id: uuid.UUID, by: Actor) -> None:
    """Let this session read both entries for a quarter of an hour; raises NotVisible."""
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        # A colleague's first: its alarm locks a row, which must not wait for the audit chain.
        for each in sorted(store.twins(interview_id, by=by), key=lambda twin: drafts.is_owner(twin, by=by)):
            if drafts.is_owner(each, by=by):
                drafts.lend(session, each, "interview", by=by)
            else:
                draft_openings.open_anothers(session, each, OpenReason.SAME_PAPER, by=by)


def read_pair(*, interview_id: uuid.UUID, by: Actor) -> Pair:
    """Both entries of a paper; raises NotVisible, OpeningEnded."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return _pair(db.session(), interview_id, by)


def _pair(session: Session, interview_id: uuid.UUID, by: Actor) -> Pair:
    first, second = (drafts.opened(session, each, by=by) for each in store.twins(interview_id, by=by))
    asked = first.questionnaire.questions.values()
    return Pair(
        first, second, tuple(each for each in asked if first.answers.get(each.id) != second.answers.get(each.id))
    )


def reconcile(*, interview_id: uuid.UUID, picks: Mapping[str, str], time: str, by: Actor) -> Draft:
    """Merge two entries of a paper: the first stays, with the answers that were picked; the second is destroyed.

    `picks`: question -> `first` or `second`, for every question that differs, else ValueError. `time`: which entry's
    time of the talk is kept. Pages whose answers contradict each other must be seen again. Raises NotVisible,
    OpeningEnded.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    with transaction() as session:
        pair = _pair(session, interview_id, by)
        kept = _merged(pair, picks)
        second = interview_store.interview(pair.second.interview_id, by=by, lock=True)
        drafts.must_own(second, by=by)
        interview = interview_store.interview(pair.first.interview_id, by=by, lock=True)
        if time == SECOND:
            interview.started_at = pair.second.started_at
        visited = _agreeing(pair.first.questionnaire, kept, interview.started_at)
        after = drafts.rewritten(session, pair.first, kept, visited, by=by)
        child_alert_steps.tell(session, interview.id, after.questionnaire, pair.first.answers, after.answers, by=by)
        drafts.close(session, second, "ended", by=by)
        audit.append(
            session,
            audit.Event.KEYINGS_RECONCILED,
            by=by,
            interview_id=interview.id,
            destroyed_id=pair.second.interview_id,
        )
    shredding.work_off()
    return after


def _merged(pair: Pair, picks: Mapping[str, str]) -> dict[str, Any]:
    merged = dict(pair.first.answers)
    for question in pair.differing:
        pick = picks.get(question.id)
        if pick not in (FIRST, SECOND):
            raise ValueError("every difference needs a pick")
        merged[question.id] = (pair.first if pick == FIRST else pair.second).answers.get(question.id)
    return prune(pair.first.questionnaire, merged)


def _agreeing(questionnaire: Questionnaire, answers: Answers, at: datetime) -> list[str]:
    today = local_day(at)
    return [
        page.id
        for page in pages(questionnaire, answers)
        if not page_findings(questionnaire, page, answers, today=today)
    ]
