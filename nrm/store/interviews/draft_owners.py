"""Interviews that colleagues of the asker began and did not send, and to whom one's own can be handed over."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, func, literal, or_, select, tuple_

from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, Permission
from nrm.domain.interviews.draft_owners import DRAFT
from nrm.models.accounts.accounts import KeyringWrap, Member
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.cases import Grant, SealedCompartment
from nrm.prepared import Prepared
from nrm.store.interviews.interviews import AT_ONCE, IS_DRAFT
from nrm.store.paging import MOST, PLACE, Page, page, place_after, values_of

UNSENT = ("draft", "completed")
_CONDUCT = [str(role) for role, may in PERMISSIONS.items() if Permission.INTERVIEW_CONDUCT in may]


@dataclass(frozen=True, slots=True)
class AnothersLine:
    """One interview of a colleague. `closed`: no key of the post opens it; `lost`: nobody's does; `step`: the id of the
    page that was saved last."""

    id: uuid.UUID
    pseudonym: str
    started_at: datetime
    closed: bool
    lost: bool
    questionnaire: str
    step: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to whom an interview can be handed over, or whose it is."""

    id: uuid.UUID
    name: str


def of_colleagues(*, by: Actor, after: str = "", size: int = AT_ONCE) -> Page[AnothersLine]:
    """The interviews that others of the actor's organisation began and did not send, newest first."""
    by.must(Permission.INTERVIEW_CONDUCT)
    place = place_after(after)
    whose = {"organisation_id": by.organisation_id, "member_id": by.member_id}
    rows = (_OTHERS if place is None else _OTHERS_AFTER).all(
        db.session, {**whose, "most": size + 1, **values_of(place)}
    )
    return page([AnothersLine(*row) for row in rows], lambda line: (line.started_at, line.id), size)


def _of_others(*further: ColumnElement[bool]) -> Prepared:
    posts = (Grant.case_id == Interview.id) & (Grant.compartment == DRAFT)
    return Prepared(
        select(
            Interview.id,
            Interview.pseudonym,
            Interview.started_at,
            Grant.case_id.is_(None).label("closed"),
            SealedCompartment.case_id.is_(None).label("lost"),
            Interview.questionnaire,
            func.coalesce(SealedCompartment.step, "").label("step"),
        )
        .outerjoin(SealedCompartment, IS_DRAFT)
        .outerjoin(Grant, posts & (Grant.organisation_id == bindparam("organisation_id")))
        .where(
            Interview.organisation_id == bindparam("organisation_id"),
            or_(*(Interview.status == status for status in UNSENT)),
        )
        .where(Interview.member_id != bindparam("member_id"), *further)
        .order_by(Interview.started_at.desc(), Interview.id.desc())
        .limit(MOST)
    )


_OTHERS = _of_others()
_OTHERS_AFTER = _of_others(tuple_(Interview.started_at, Interview.id) < PLACE)


def colleague_called(name: str, *, by: Actor) -> Colleague | None:
    """The one colleague of the actor who conducts interviews, has keys, and has that name or sign-in name.

    None if nobody has it, or several.
    """
    by.must(Permission.INTERVIEW_CONDUCT)
    wanted = " ".join(name.split()).casefold()
    keys = exists().where(KeyringWrap.member_id == Member.id)
    rows = db.session.execute(
        select(Member.id, Member.name, Member.login).where(
            Member.organisation_id == by.organisation_id,
            Member.id != by.member_id,
            Member.status == "active",
            Member.role.in_(_CONDUCT),
            Member.kem_public.is_not(None),
            keys,
        )
    ).all()
    by_login = [row for row in rows if row.login == wanted]
    found = by_login or [row for row in rows if " ".join(row.name.split()).casefold() == wanted]
    return Colleague(found[0].id, found[0].name) if len(found) == 1 else None


def owner(interview_id: uuid.UUID, *, by: Actor) -> Colleague | None:
    """Whose interview it is; None for one that the actor's organisation does not have."""
    by.must(Permission.INTERVIEW_CONDUCT)
    row = db.session.execute(
        select(Member.id, Member.name)
        .join(Interview, Interview.member_id == Member.id)
        .where(Interview.id == interview_id, Interview.organisation_id == by.organisation_id)
    ).first()
    return Colleague(*row) if row is not None else None


def state(interview_id: uuid.UUID, *, by: Actor) -> AnothersLine | None:
    """A colleague's interview, by its id; None for one's own, one that was sent or ended, or no such."""
    by.must(Permission.INTERVIEW_CONDUCT)
    row = db.session.execute(
        select(
            Interview.id,
            Interview.pseudonym,
            Interview.started_at,
            ~exists().where(
                Grant.case_id == Interview.id,
                Grant.compartment == DRAFT,
                Grant.organisation_id == Interview.organisation_id,
            ),
            ~exists().where(IS_DRAFT),
            Interview.questionnaire,
            literal(""),
        ).where(
            Interview.id == interview_id,
            Interview.organisation_id == by.organisation_id,
            Interview.status.in_(UNSENT),
            or_(Interview.member_id != by.member_id, ~exists().where(IS_DRAFT)),
        )
    ).first()
    return AnothersLine(*row) if row is not None else None
