"""What a house writes to those who live in it: shown once another one has read it, hidden by one, put back by two.

Anybody of the house hides a note at once: what was shown by mistake must not wait for the manager. Nothing is destroyed
by it. The Responsible Authority takes a note down with a reason; as long as it stands so, the Responsible Authority
alone shows what the house writes. Decided in ADR 0182 and 0188.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.support.feedback import (
    BACK,
    DOWN,
    HIDDEN,
    LONGEST_NOTE,
    DownReason,
    FeedbackRefusal,
    FeedbackRefused,
    Note,
    kept,
)
from nrm.domain.support.feedback_notes import fault
from nrm.steps.support import feedback as steps
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.support import feedback as rows
from nrm.store.shelter.cases import login_of
from nrm.store.support import feedback as store
from nrm.vault import shredding
from nrm.vault.unattended import feedback_boxes as vault

Busy = steps.Busy


def write(*, note: Note, by: Actor) -> None:
    """Tell those who live in the house what was done: it is shown once another one has seen it. Raises NotPermitted,
    NotVisible, Busy, FeedbackRefused (`note`; `telephone`, `link`, `mail`, `code`, `street`: that must not stand in
    it; `down`: this very note was taken down)."""
    by.must(Permission.FEEDBACK_MANAGE)
    house = store.house(by=by)
    text = note.text.strip()[:LONGEST_NOTE]
    if not text:
        raise FeedbackRefused(FeedbackRefusal.NOTE)
    found = fault(text)
    if found is not None:
        raise FeedbackRefused(FeedbackRefusal(str(found)))

    def change(before: Note | None) -> Note:
        if before is not None and before.state == DOWN:
            raise FeedbackRefused(FeedbackRefusal.DOWN)
        return Note(note.language, text, login_of(by))

    _change(house, Note(note.language, text), change, audit.Event.FEEDBACK_NOTE_WRITTEN, by, first=True)


def hide(*, note: Note, by: Actor) -> None:
    """Show this note no more, from now on; a second time changes nothing. Whoever works in the house. Raises
    NotPermitted, NotVisible, Busy."""
    by.must(Permission.STAY_MANAGE)

    def change(before: Note | None) -> Note | None:
        if before is None or before.state in (HIDDEN, DOWN):
            return None
        return Note(before.language, before.text, login_of(by), HIDDEN)

    _change(store.house(by=by), note, change, audit.Event.FEEDBACK_NOTE_TAKEN_OFF, by, for_good=True)


def put_back(*, house_id: uuid.UUID, note: Note, by: Actor) -> None:
    """Ask that what was hidden is shown again: another one reads it first. What was taken down, for the Responsible
    Authority alone. Raises NotPermitted, NotVisible, Busy, FeedbackRefused (`down`)."""
    store.may_show(house_id, by=by)

    def change(before: Note | None) -> Note | None:
        if before is None or before.state not in (HIDDEN, DOWN):
            return None
        if before.state == DOWN and by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY:
            raise FeedbackRefused(FeedbackRefusal.DOWN)
        return Note(before.language, before.text, login_of(by), BACK)

    _change(house_id, note, change, audit.Event.FEEDBACK_NOTE_PUT_BACK, by)


def show(*, house_id: uuid.UUID, note: Note, by: Actor) -> None:
    """Another one has seen it: those who live in the house read it from now on. Another member of the house, or the
    Responsible Authority; that alone while a note of the house is taken down. Raises NotPermitted, NotVisible, Busy,
    FeedbackRefused (`own`, `down`)."""
    store.may_show(house_id, by=by)

    def change(before: Note | None) -> Note | None:
        if before is None:
            raise NotVisible
        if not before.is_to_read:
            return None
        writer = account_rows.member_by_login(before.waits)
        if writer is not None and not store.is_other(writer.id, by=by):
            raise FeedbackRefused(FeedbackRefusal.OWN)
        if rows.is_watched(house_id) and by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY:
            raise FeedbackRefused(FeedbackRefusal.DOWN)
        return Note(before.language, before.text)

    _change(house_id, note, change, audit.Event.FEEDBACK_NOTE_SEEN, by)


def take_down(*, house_id: uuid.UUID, note: Note, reason: DownReason, by: Actor) -> None:
    """The Responsible Authority shows it no more, with a reason that the house reads. Raises NotPermitted, NotVisible,
    Busy."""
    by.must(Permission.FEEDBACK_TYPE)
    store.may_show(house_id, by=by)

    def change(before: Note | None) -> Note | None:
        if before is None:
            raise NotVisible
        return Note(before.language, before.text, login_of(by), DOWN, str(reason))

    _change(house_id, note, change, audit.Event.FEEDBACK_NOTE_TAKEN_DOWN, by, for_good=True, reason=str(reason))


def _change(
    house_id: uuid.UUID,
    which: Note,
    change: Callable[[Note | None], Note | None],
    event: audit.Event,
    by: Actor,
    *,
    first: bool = False,
    for_good: bool = False,
    **details: str,
) -> None:
    """Put what `change` makes of the note in its place, or at the beginning (`first`); nothing where that is None.
    `for_good`: what lay under the seal before opens no more, so that nobody puts it back. The new key is written before
    the commit, and the old one destroyed after it, by the next `tend` if this process ends in between."""
    with transaction() as session:
        box = steps.box_of(session, house_id)
        notes = [Note(*each) for each in box.notes]
        place = next((at for at, each in enumerate(notes) if _is_same(each, which)), None)
        after = change(notes[place] if place is not None else None)
        if after is None:
            return
        if place is not None:
            notes.pop(place)
        notes.insert(0 if first or place is None else place, after)
        box.notes[:] = [[each.language, each.text, each.waits, each.state, each.reason] for each in kept(notes)]
        steps.note_waiting(session, house_id, kept(notes))
        audit.append(session, event, by=by, **details)
        if not (vault.put_under_new_key if for_good else vault.put)(session, box):
            raise Busy
    if for_good:
        shredding.work_off()


def _is_same(one: Note, other: Note) -> bool:
    return (one.language, one.text) == (other.language, other.text)
