"""Slips, and answers without a name (ADR 0158).

Who answers has no account and no session: `answer` takes the number of a slip and nothing else. The audit chain has
no entry of an answer, and none of a paper that was typed in: its hour would lead to who stood at the tablet.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.support.feedback import (
    MOST_SLIPS,
    RANDOM_BYTES,
    FeedbackRefusal,
    FeedbackRefused,
    Note,
    Replies,
    is_kept,
    new_code,
    valid_until,
)
from nrm.models.support.feedback import FeedbackSlip
from nrm.steps.support import feedback as steps
from nrm.store import days, names
from nrm.store.rows.support import feedback as rows
from nrm.store.support import feedback as store
from nrm.vault import keyrings
from nrm.vault import rows as marked
from nrm.vault.unattended import feedback_boxes as vault

Busy, CannotOpen = steps.Busy, keyrings.CannotOpen


@dataclass(frozen=True, slots=True)
class HousePage:
    """The page of a house, which its residents open on a tablet: which house, and what it wrote."""

    organisation_id: uuid.UUID
    notes: tuple[Note, ...]


def draw(*, number: int, by: Actor) -> list[str]:
    """Numbers for so many slips, which are no slips before they are kept. Raises NotPermitted, NotVisible,
    FeedbackRefused."""
    house = _house(by)
    if rows.number_valid(house, days.today()) + number > MOST_SLIPS:
        raise FeedbackRefused(FeedbackRefusal.SLIPS)
    return [new_code(os.urandom(RANDOM_BYTES)) for _ in range(number)]


def draw_again(*, by: Actor) -> list[str]:
    """New numbers for as many slips as the last PDF had. Raises NotPermitted, NotVisible, FeedbackRefused (`none`)."""
    number = rows.number_last(_house(by), days.today())
    if not number:
        raise FeedbackRefused(FeedbackRefusal.NONE)
    return [new_code(os.urandom(RANDOM_BYTES)) for _ in range(number)]


def keep(*, codes: Sequence[str], again: bool = False, by: Actor) -> None:
    """Let the printed numbers be used. Of each only a MAC is kept. `again`: in place of those of the last PDF, which
    stop counting, used or not, so that it tells nothing of who answered. Raises as `draw`."""
    house = _house(by)
    with transaction() as session:
        steps.box_of(session, house)
        rows.pass_on_last(session, house, delete=again)
        if rows.number_valid(house, days.today()) + len(codes) > MOST_SLIPS:
            raise FeedbackRefused(FeedbackRefusal.SLIPS)
        until = valid_until(days.today())
        marks = sorted(marked.slip_mark(house, each) for each in codes)
        session.add_all(FeedbackSlip(mark=each, organisation_id=house, until_on=until, is_last=True) for each in marks)
        audit.append(session, audit.Event.FEEDBACK_SLIPS_PRINTED, by=by, instead_of="last_file" if again else None)


def is_printed(code: str) -> bool:
    """Whether this is the number of a slip of some house that is not too old, used or not."""
    return rows.slip_of(code, days.today()) is not None


def answer(*, code: str, replies: Replies) -> None:
    """Put in what somebody answered, who has the slip with this number. Raises NotValid, Busy, CannotOpen (nothing was
    taken: another hand changed the box). A slip that was used takes as long as one that was not."""
    with transaction() as session:
        steps.put_in(session, code, replies)


def type_paper(*, code: str, replies: Replies, by: Actor) -> None:
    """Put in what stands on a paper that came in an envelope. Raises NotPermitted, NotVisible, NotValid, Busy,
    CannotOpen."""
    by.must(Permission.FEEDBACK_TYPE)
    if by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY:
        raise NotVisible
    with transaction() as session:
        steps.put_in(session, code, replies)


def house_page(token: str) -> HousePage:
    """The page of the house that has this token in its address; raises NotVisible."""
    for each in names.organisations_by_id().values():
        if OrganisationKind(each.kind) in store.HOUSES and rows.token_of(each.id) == token:
            return HousePage(each.id, tuple(note for note in rows.notes(each.id) if note.is_shown))
    raise NotVisible


def pass_time() -> int:
    """Forget slips that are too old, and destroy the answers of quarters that are published or that nobody counts any
    more; returns how many boxes were emptied of something. Rows of boxes say what waits to be read. Needs no key of a
    person."""
    today, changed = days.today(), 0
    if not rows.boxes():
        db.session.rollback()
        return 0
    published = rows.released()
    db.session.rollback()
    with transaction() as session:
        rows.forget_old(session, today)
        for house in rows.houses():
            try:
                box = steps.box_of(session, house)
            except CannotOpen:
                continue  # it is reported; what time brings to the others does not wait for it
            # Notes from before rows said what waits, and rows that another hand changed.
            steps.note_waiting(session, house, [Note(*each) for each in box.notes])
            valid = {each[:8].hex() for each in rows.marks_of(house, today)}
            over = [
                each
                for each in box.answers
                if any(Quarter.parse(each) in window for window in published) or not is_kept(Quarter.parse(each), today)
            ]
            used = [each for each in box.used if each in valid]
            if not over and used == box.used:
                continue
            box.used[:] = used
            for each in over:
                del box.answers[each]
            changed += vault.put_under_new_key(session, box)
    return changed


def _house(by: Actor) -> uuid.UUID:
    """The house of a manager; raises NotPermitted, NotVisible."""
    by.must(Permission.FEEDBACK_MANAGE)
    return store.house(by=by)
