"""A group is begun with its first person, goes on person by person, and is forgotten after a shift (ADR 0055).

No entry of the audit chain names a group: each interview is recorded as if it stood alone.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.models.interviews.groups import ReturnGroup
from nrm.models.interviews.interviews import Interview
from nrm.steps.interviews import drafts
from nrm.steps.interviews.drafts import OpeningEnded
from nrm.store.countries import country
from nrm.store.interviews import groups as store
from nrm.store.interviews import interviews as interview_store
from nrm.store.rows.interviews import groups as group_rows
from nrm.store.rows.interviews import interviews as interview_rows

_BATCH = 50


def begin(*, group_id: uuid.UUID, interview_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Begin a group and the interview of its first person, under ids that the caller chose; returns the interview's.

    The same ids again begin nothing twice. What the group shares is what the first person's pages say. Raises
    NotVisible for ids of another post.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    asked = drafts.questionnaire_called(drafts.used_by(by))
    now = clock.now()
    try:
        with transaction() as session:
            if group_rows.is_known(group_id):
                return interview_store.interview(interview_id, by=by).id
            session.add(
                ReturnGroup(
                    id=group_id,
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                    questionnaire=asked.id,
                    facts={},
                    begun_at=now,
                    expires_at=now + timedelta(hours=country().retention.group_hours),
                )
            )
            session.flush()
            return _next(session, store.row(group_id, by=by), interview_id, asked, by)
    except IntegrityError:  # the same button, pressed twice at once
        return interview_store.interview(interview_id, by=by).id


def next_person(*, group_id: uuid.UUID, interview_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Begin the interview of the next person, with what the group shares; returns its id.

    The same id again begins nothing twice, and an interview that the member began in this group and filled in nothing
    of is taken up again: who presses the button twice, or goes back and presses it again, leaves no empty draft behind.
    Raises NotVisible for a group of another post and for one whose shift is over.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    try:
        with transaction() as session:
            group = store.row(group_id, by=by)
            if interview_rows.is_known(interview_id):
                return interview_store.interview(interview_id, by=by).id
            untouched = _untouched(session, group_id, by)
            if untouched is not None:
                return untouched
            asked = drafts.questionnaire_called(group.questionnaire)
            return _next(session, group, interview_id, asked, by)
    except IntegrityError:  # the same button, pressed twice at once
        return interview_store.interview(interview_id, by=by).id


def _untouched(session: Session, group_id: uuid.UUID, by: Actor) -> uuid.UUID | None:
    """The newest draft of the member in the group, if nothing of it was filled in and this session may read it."""
    newest = group_rows.newest_draft(group_id, by.member_id)
    if newest is None:
        return None
    try:
        return None if drafts.opened(session, newest, by=by).visited else newest.id
    except OpeningEnded:
        return None


def _next(session: Session, group: ReturnGroup, interview_id: uuid.UUID, asked: Questionnaire, by: Actor) -> uuid.UUID:
    # The row is held by this transaction: two officers never get the same number.
    group.begun += 1
    session.flush()
    answers: Answers = {**group.facts, asked.home.questions[0]: "no"}
    drafts.begin(session, interview_id, asked, clock.now(), answers, by=by, place=(group.id, group.begun))
    return interview_id


def forget() -> int:
    """Delete the groups whose shift is over, and take what is still a draft out of them; returns how many groups."""
    forgotten = 0
    while True:
        with transaction() as session:
            over = group_rows.over(clock.now(), _BATCH)
            if over:
                session.execute(
                    update(Interview).where(Interview.group_id.in_(over)).values(group_id=None, group_number=None)
                )
                forgotten += rows_hit(session, delete(ReturnGroup).where(ReturnGroup.id.in_(over)))
        if len(over) < _BATCH:
            return forgotten
