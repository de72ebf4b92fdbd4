"""The box of a house, inside the transaction of an action: found, made, and one slip put in."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from nrm.domain.quarters import Quarter
from nrm.domain.support.feedback import DOWN, Note, NotValid, Replies, combination
from nrm.models.support.feedback import FeedbackBox
from nrm.steps.support import request_limits
from nrm.store import days
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.support import feedback as rows
from nrm.vault import rows as marked
from nrm.vault.keyrings import CannotOpen
from nrm.vault.unattended import feedback_boxes as vault


class Busy(Exception):
    """Somebody else wrote into the same box in this moment."""


def box_of(session: Session, organisation_id: uuid.UUID) -> vault.Box:
    """The box of a house, locked until the transaction ends; a new one if there is none. Raises CannotOpen."""
    found = rows.box_id(organisation_id, lock=True)
    if found is None:
        found = uuid.uuid4()
        session.add(
            FeedbackBox(id=found, organisation_id=organisation_id, mark=marked.box_mark(found, organisation_id))
        )
        session.flush()
        vault.make(session, found)
    return vault.read(session, found)


def put_in(session: Session, code: str, replies: Replies) -> None:
    """Put the answers of a slip into the box of its house, in the quarter that is open. Nothing is recorded of it, not
    even in the audit chain, whose entries have an hour. Raises NotValid, Busy, CannotOpen."""
    found = rows.slip_of(code, days.today())
    if found is None:
        raise NotValid
    mark, organisation_id = found
    box = box_of(session, organisation_id)
    used = mark[:8].hex()
    if used in box.used:
        vault.put(session, box)  # as long as an answer takes; the transaction is not kept
        raise NotValid
    box.used.append(used)
    counted = box.answers.setdefault(str(report_rows.first_open(Quarter.of(days.today()))), {})
    combined = combination(replies)
    counted[combined] = counted.get(combined, 0) + 1
    if not vault.put(session, box):
        raise Busy


def note_waiting(session: Session, house_id: uuid.UUID, notes: Sequence[Note]) -> None:
    """Say in the row of the box what of these notes waits to be read, for home pages; nothing is written where it
    says so already."""
    to_read = [each for each in notes if each.is_to_read]
    writers = {found.id for each in to_read if (found := account_rows.member_by_login(each.waits)) is not None}
    said = {
        FeedbackBox.notes_to_read: len(to_read),
        FeedbackBox.notes_by_id: next(iter(writers)) if len(writers) == 1 else None,
        FeedbackBox.notes_watched: any(each.state == DOWN for each in notes),
    }
    session.execute(
        update(FeedbackBox)
        .where(
            FeedbackBox.organisation_id == house_id,
            or_(*(column.is_distinct_from(value) for column, value in said.items())),
        )
        .values(said)
        .execution_options(synchronize_session=False)
    )


def seal_anew(session: Session) -> None:
    """Seal every box again, before a backup is written: two backups then differ in every box, whether or not somebody
    answered between them."""
    for each in rows.boxes(lock=True):
        try:
            vault.put(session, vault.read(session, each))
        except CannotOpen:  # reported; a backup is written all the same
            continue
    request_limits.seal_anew(session)
