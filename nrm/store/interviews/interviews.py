"""Interviews of the asker's organisation; what was answered is sealed and not here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, exists, select, tuple_

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.draft_owners import DRAFT
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import ChildAlert, Obligation, Referral
from nrm.models.shelter.cases import MemberGrant, SealedCompartment
from nrm.prepared import Prepared, Row
from nrm.store.paging import MOST, PLACE, Page, page, place_after, values_of

AT_ONCE = 20
IS_DRAFT = and_(SealedCompartment.case_id == Interview.id, SealedCompartment.compartment == DRAFT)


@dataclass(frozen=True, slots=True)
class UnsentLine:
    """One interview that was not sent; `expires_at` None: it does not run out.

    `asked_at`: since when the child authority is asked whether it may end, with its `answer`. `alone`: no key of the
    post opens it; `lost`: nobody's does.
    """

    id: uuid.UUID
    pseudonym: str
    started_at: datetime
    expires_at: datetime | None
    asked_at: datetime | None = None
    answer: str | None = None
    alone: bool = False
    lost: bool = False
    questionnaire: str = ""


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A party that has to be told by an hour, and when somebody there said that they were. `has_desk`: it reads
    here."""

    party: str
    due_at: datetime | None
    done_at: datetime | None
    has_desk: bool


_IS_MINE = (Interview.id == bindparam("id"), Interview.organisation_id == bindparam("organisation_id"))
_MINE = select(Interview).where(*_IS_MINE)
# The same row without the ORM, because it is read at every page of an interview.
_MY_COLUMNS = Prepared(select(Interview.__table__).where(*_IS_MINE))


def interview(interview_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Interview:
    """One interview of the actor's post; raises NotVisible. `lock` holds it until the transaction ends (PostgreSQL)."""
    if by.organisation_id is None or not by.may(Permission.INTERVIEW_CONDUCT):
        raise NotVisible
    found = db.session.scalar(
        _MINE.with_for_update() if lock else _MINE,
        {"id": interview_id, "organisation_id": by.organisation_id},
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise NotVisible
    return found


def mine(interview_id: uuid.UUID, *, by: Actor) -> Row:
    """The columns of one interview of the actor's post, for showing it; raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.INTERVIEW_CONDUCT):
        raise NotVisible
    whose = {"id": interview_id, "organisation_id": by.organisation_id}
    found = _MY_COLUMNS.first(db.session, whose)
    if found is None:
        raise NotVisible
    return found


def listed(status: str, *, by: Actor, after: str = "", size: int = AT_ONCE) -> Page[UnsentLine]:
    """The actor's own interviews in that status, newest first."""
    by.must(Permission.INTERVIEW_CONDUCT)
    if by.member_id is None:
        raise NotVisible
    place = place_after(after)
    whose = {"organisation_id": by.organisation_id, "member_id": by.member_id, "status": status}
    rows = (_LISTED if place is None else _LISTED_AFTER).all(
        db.session, {**whose, "most": size + 1, **values_of(place)}
    )
    return page([UnsentLine(*row) for row in rows], lambda line: (line.started_at, line.id), size)


def _own(*further: ColumnElement[bool]) -> Prepared:
    live = (ChildAlert.id == Interview.id) & ChildAlert.withdrawn_at.is_(None)
    granted = (MemberGrant.case_id == Interview.id) & (MemberGrant.compartment == DRAFT)
    return Prepared(
        select(
            Interview.id,
            Interview.pseudonym,
            Interview.started_at,
            Interview.expires_at,
            ChildAlert.opinion_at,
            ChildAlert.answer,
            MemberGrant.case_id.is_not(None).label("alone"),
            SealedCompartment.case_id.is_(None).label("lost"),
            Interview.questionnaire,
        )
        .outerjoin(ChildAlert, live)
        .outerjoin(SealedCompartment, IS_DRAFT)
        .outerjoin(MemberGrant, granted & (MemberGrant.member_id == bindparam("member_id")))
        .where(Interview.organisation_id == bindparam("organisation_id"), Interview.status == bindparam("status"))
        .where(Interview.member_id == bindparam("member_id"), *further)
        .order_by(Interview.started_at.desc(), Interview.id.desc())
        .limit(MOST)
    )


_LISTED = _own()
_LISTED_AFTER = _own(tuple_(Interview.started_at, Interview.id) < PLACE)


def imported(mark: bytes, *, by: Actor) -> Interview | None:
    """The interview that came from the same line before, if any."""
    return db.session.scalar(
        select(Interview).where(Interview.organisation_id == by.organisation_id, Interview.import_mark == mark)
    )


def hand_over_referral(interview_id: uuid.UUID, *, by: Actor) -> Referral:
    """The newest referral of the hand-over that the actor's post sent; raises NotVisible for anyone else."""
    found = db.session.scalar(
        select(Referral)
        .where(Referral.case_id == interview_id, Referral.sender_id == by.organisation_id)
        .order_by(Referral.position.desc())
        .limit(1)
    )
    if found is None:
        raise NotVisible
    return found


def to_be_told(interview_id: uuid.UUID, *, by: Actor) -> list[ToldLine]:
    """Who has to be told of the case, and whether it is done; raises NotVisible for anyone but its sender."""
    hand_over_referral(interview_id, by=by)
    desk = exists().where(Organisation.party == Obligation.party, Organisation.enabled.is_(True))
    statement = (
        select(Obligation.party, Obligation.due_at, Obligation.done_at, desk)
        .where(Obligation.case_id == interview_id, Obligation.kind == "notify")
        .order_by(Obligation.due_at, Obligation.party)
    )
    return [ToldLine(*row) for row in db.session.execute(statement)]
