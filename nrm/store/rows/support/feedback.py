"""Boxes and slips, for actions and steps that have decided who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete as delete_from
from sqlalchemy import exists, func, select, union, update
from sqlalchemy.orm import Session

from nrm.db import db, rows_hit
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import FEEDBACK
from nrm.domain.reports.reports import Window
from nrm.domain.support.feedback import DOWN, Note
from nrm.models.reports.reports import Release
from nrm.models.support.feedback import FeedbackBox, FeedbackSlip
from nrm.vault import rows as marked
from nrm.vault.keyrings import CannotOpen
from nrm.vault.marks import report
from nrm.vault.unattended import feedback_boxes as vault


def box_id(organisation_id: uuid.UUID, *, lock: bool = False) -> uuid.UUID | None:
    """The box of a house, locked until the transaction ends; None before it printed a slip. Raises CannotOpen for one
    that was made for another house, and where slips are there and the box is not: no act of the program does that."""
    statement = select(FeedbackBox.__table__).where(FeedbackBox.organisation_id == organisation_id)
    found = db.session.execute(statement.with_for_update() if lock else statement).first()
    if found is not None:
        if not marked.is_box(found):
            raise CannotOpen
        return uuid.UUID(str(found.id))
    if db.session.scalar(select(exists().where(FeedbackSlip.organisation_id == organisation_id))):
        report("absence of the feedback box of the house", organisation_id)
        raise CannotOpen
    return None


def boxes(*, lock: bool = False) -> Sequence[uuid.UUID]:
    """Every box there is; for the system."""
    statement = select(FeedbackBox.id).order_by(FeedbackBox.id)
    return db.session.scalars(statement.with_for_update() if lock else statement).all()


def houses() -> Sequence[uuid.UUID]:
    """The houses that printed slips, also those whose box is gone."""
    there = union(select(FeedbackBox.organisation_id), select(FeedbackSlip.organisation_id)).subquery()
    return db.session.scalars(select(there.c.organisation_id).order_by(there.c.organisation_id)).all()


def with_notes(organisation_id: uuid.UUID | None) -> Sequence[tuple[uuid.UUID, int, uuid.UUID | None, bool]]:
    """(house, how many notes wait to be read, who wrote them, whether the Responsible Authority alone shows them) of
    boxes in which some wait, as their rows say; of one house, or of all."""
    row = FeedbackBox
    statement = select(row.organisation_id, row.notes_to_read, row.notes_by_id, row.notes_watched)
    if organisation_id is not None:
        statement = statement.where(row.organisation_id == organisation_id)
    found = db.session.execute(statement.where(row.notes_to_read > 0).order_by(row.organisation_id))
    return [(each[0], each[1], each[2], each[3]) for each in found]


def is_sound(organisation_id: uuid.UUID) -> bool:
    """Whether the box of a house opens, or it needs none yet; False where another hand changed or deleted it."""
    try:
        found = box_id(organisation_id)
        return found is None or vault.read(db.session(), found) is not None
    except CannotOpen:
        return False


def slip_of(code: str, today: date) -> tuple[bytes, uuid.UUID] | None:
    """(mark, house) of the slip with this number that is not too old: the house for which it was printed, whatever
    its row says."""
    of = {marked.slip_mark(each, code): each for each in houses()}
    statement = select(FeedbackSlip.mark).where(FeedbackSlip.mark.in_(of), FeedbackSlip.until_on >= today)
    found = db.session.scalar(statement)
    return (found, of[found]) if found is not None else None


def marks_of(organisation_id: uuid.UUID, today: date) -> Sequence[bytes]:
    """The marks of the slips of a house that are not too old."""
    mine = (FeedbackSlip.organisation_id == organisation_id, FeedbackSlip.until_on >= today)
    return db.session.scalars(select(FeedbackSlip.mark).where(*mine)).all()


def number_valid(organisation_id: uuid.UUID, today: date) -> int:
    """How many slips of a house are not too old, used or not."""
    mine = (FeedbackSlip.organisation_id == organisation_id, FeedbackSlip.until_on >= today)
    return db.session.scalar(select(func.count()).select_from(FeedbackSlip).where(*mine)) or 0


def number_last(organisation_id: uuid.UUID, today: date) -> int:
    """How many slips of the last PDF of a house are not too old, used or not."""
    mine = (FeedbackSlip.organisation_id == organisation_id, FeedbackSlip.until_on >= today, FeedbackSlip.is_last)
    return db.session.scalar(select(func.count()).select_from(FeedbackSlip).where(*mine)) or 0


def pass_on_last(session: Session, organisation_id: uuid.UUID, *, delete: bool) -> None:
    """The slips of the last PDF of a house are that no more: deleted, or slips like all others."""
    mine = (FeedbackSlip.organisation_id == organisation_id, FeedbackSlip.is_last)
    if delete:
        session.execute(delete_from(FeedbackSlip).where(*mine))
    else:
        session.execute(update(FeedbackSlip).where(*mine).values(is_last=False))


def forget_old(session: Session, today: date) -> int:
    """Delete the slips that are too old; returns how many."""
    return rows_hit(session, delete_from(FeedbackSlip).where(FeedbackSlip.until_on < today))


def released() -> list[Window]:
    """The quarters whose answers are published."""
    rows = db.session.execute(select(Release.first_quarter, Release.quarter).where(Release.report == FEEDBACK.name))
    return [Window(Quarter.parse(first), Quarter.parse(last)) for first, last in rows]


def notes(organisation_id: uuid.UUID) -> tuple[Note, ...]:
    """What a house wrote for those who live in it, the newest first; none while it does not open."""
    try:
        found = box_id(organisation_id)
        return () if found is None else tuple(Note(*each) for each in vault.read(db.session(), found).notes)
    except CannotOpen:
        return ()


def is_watched(organisation_id: uuid.UUID) -> bool:
    """Whether the Responsible Authority took a note of the house down, and so alone shows what it writes."""
    return any(each.state == DOWN for each in notes(organisation_id))


def token_of(organisation_id: uuid.UUID) -> str:
    """What stands in the address of the residents' page of a house."""
    return marked.house_page(organisation_id)
