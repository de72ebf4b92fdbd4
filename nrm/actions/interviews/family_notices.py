"""Telling the child authority of children who are with their own parent; its answer; forgetting what was seen."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import and_, delete, or_
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.interviews.family_notices import DeskAnswer, NobodyToTell, check_ages, check_conditions
from nrm.domain.presses import Press
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.steps import presses
from nrm.steps.interviews import child_alerts as child_steps
from nrm.steps.interviews import family_notices as steps
from nrm.store.countries import country
from nrm.store.days import today
from nrm.store.interviews import family_notices as store
from nrm.store.rows.interviews import family_notices as rows
from nrm.store.rows.interviews import screenings as screening_rows

# How long the post and the desk see a notice that was seen.
_SEEN_STAYS = timedelta(days=1)


def write(
    *,
    family_id: uuid.UUID,
    children: int,
    ages: Sequence[int],
    said: Mapping[str, str],
    press: Press | None = None,
    by: Actor,
) -> uuid.UUID:
    """Write a family notice under an id that the caller chose, and count it; the same id again writes nothing twice.

    `said`: the answer to each condition; `press`: of the form. Raises NotPermitted, AgesRefused, InterviewNeeded,
    NobodyToTell, SentAlready, and NotVisible for the id of another post.
    """
    by.must(Permission.FAMILY_NOTICE_WRITE)
    check_ages(ages, children)
    check_conditions(said)
    found = child_steps.clause_that_tells(country().in_force(clock.now()))
    if found is None:
        raise NobodyToTell
    clause, duty = found
    try:
        with transaction() as session:
            if rows.is_known(family_id):
                return store.of_post(family_id, by=by).id
            presses.check(press, audit.Event.FAMILY_NOTICE_WRITTEN)
            session.add(
                FamilyNotice(
                    id=family_id,
                    organisation_id=by.organisation_id,
                    member_id=by.member_id,
                    party=duty.party,
                    clause=clause,
                    ages=sorted(ages),
                    told_at=clock.now(),
                )
            )
            audit.append(
                session,
                audit.Event.FAMILY_NOTICE_WRITTEN,
                by=by,
                family_id=family_id,
                clause=clause,
                children=children,
                press=press.mark if press else None,
            )
            screening_rows.count_family(session, today().replace(day=1), by.crossing_point, children)
    except IntegrityError:  # the same button, pressed twice at once
        return store.of_post(family_id, by=by).id
    return family_id


def answer(*, family_id: uuid.UUID, said: DeskAnswer, stood: str = "", by: Actor) -> None:
    """The child authority's desk has seen it, or asks the post to call (by telephone: `notification_calls`).

    `stood`: the answer that whoever presses has read there, empty before there is one.
    Raises NotVisible, IllegalTransition.
    """
    with transaction() as session:
        notice = store.row(family_id, by=by)
        steps.answered(session, notice.id, said, stood=stood, how="system", at=clock.now(), by=by)


def forget() -> int:
    """Delete what was seen a day ago, and what nobody saw for as long as a notice is kept; returns how many."""
    now = clock.now()
    seen = and_(FamilyNotice.answer == str(DeskAnswer.SEEN), FamilyNotice.answered_at <= now - _SEEN_STAYS)
    old = FamilyNotice.told_at <= now - timedelta(days=country().retention.notice_days)
    with transaction() as session:
        return rows_hit(session, delete(FamilyNotice).where(or_(seen, old)))
