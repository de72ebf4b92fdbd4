"""Numbered papers of the actor's post. A number is found only by its mark; those of other posts are not visible."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.models.accounts.accounts import Member
from nrm.models.interviews.interviews import Interview, PaperForm
from nrm.models.referrals.referrals import Referral

_NEWEST = 20
_UNSENT = ("draft", "completed")


@dataclass(frozen=True, slots=True)
class BlockLine:
    """Papers that were printed together: who printed them, and how many of them were sent or counted."""

    issued_at: datetime
    issued_by: str
    staff: str
    spoken: str
    papers: int
    used: int


def blocks(*, by: Actor) -> list[BlockLine]:
    """The newest blocks of the actor's post; no number is known any more."""
    by.must(Permission.INTERVIEW_CONDUCT)
    statement = (
        select(
            func.max(PaperForm.issued_at),
            Member.name,
            PaperForm.staff,
            PaperForm.spoken,
            func.count(),
            func.count().filter(PaperForm.used),
        )
        .join(Member, Member.id == PaperForm.issued_by_id)
        .where(PaperForm.organisation_id == by.organisation_id)
        .group_by(PaperForm.block_id, Member.name, PaperForm.staff, PaperForm.spoken)
        .order_by(func.max(PaperForm.issued_at).desc(), PaperForm.block_id)
        .limit(_NEWEST)
    )
    return [BlockLine(*row) for row in db.session.execute(statement)]


def form(mark: bytes | None, *, by: Actor) -> PaperForm | None:
    """The paper with that mark, if it was printed for the actor's post."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return db.session.scalar(
        select(PaperForm)
        .where(PaperForm.organisation_id == by.organisation_id, PaperForm.mark == mark)
        .execution_options(populate_existing=True)
    )


def paper_entries(mark: bytes, *, by: Actor) -> list[Interview]:
    """The interviews that were typed in from that paper and not sent, the first one first."""
    by.must(Permission.INTERVIEW_CONDUCT)
    statement = (
        select(Interview)
        .where(
            Interview.organisation_id == by.organisation_id,
            Interview.paper_mark == mark,
            Interview.status.in_(_UNSENT),
        )
        .order_by(Interview.expires_at, Interview.id)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(statement))


def twins(interview_id: uuid.UUID, *, by: Actor) -> tuple[Interview, Interview]:
    """The first two interviews typed in from the interview's paper; raises NotVisible if there are fewer than two."""
    mark = db.session.scalar(
        select(Interview.paper_mark).where(
            Interview.id == interview_id, Interview.organisation_id == by.organisation_id
        )
    )
    found = paper_entries(mark, by=by) if mark is not None else []
    if len(found) < 2 or interview_id not in [each.id for each in found]:
        raise NotVisible
    return found[0], next(each for each in found[1:] if interview_id in (each.id, found[0].id))


def sent_as(mark: bytes, *, by: Actor) -> str:
    """The pseudonym a used paper led to, if the actor's post still has its hand-over in its list; else empty."""
    found = db.session.scalar(
        select(Interview.pseudonym)
        .join(Referral, Referral.case_id == Interview.id)
        .where(
            Interview.organisation_id == by.organisation_id,
            Interview.paper_mark == mark,
            Interview.status == "sent",
            Referral.sender_id == by.organisation_id,
        )
        .limit(1)
    )
    return found or ""
