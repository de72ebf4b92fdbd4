"""Complaints about people who work in the mechanism: opened and dealt with at one desk, all recorded (ADR 0158).

How they come is in `complaint_sending`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, rows_hit, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import (
    COMPLAINT,
    HOUSE_WITHIN,
    KEPT_FOR,
    LONGEST_DONE,
    MOST_OPENED,
    AlreadySo,
    Ending,
    Said,
    SoFar,
    Step,
    folded,
)
from nrm.domain.support.complaints_about import CannotEnd, EndRefusal
from nrm.models.shelter.cases import Reading
from nrm.models.support.complaints import Complaint, ComplaintTaken
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.support import complaints as steps
from nrm.store import days
from nrm.store.rows.support import complaints as rows
from nrm.store.shelter.cases import login_of
from nrm.store.support import complaints as store
from nrm.vault import compartments as vault
from nrm.vault import epochs, keyrings, shredding
from nrm.vault import rows as row_marks
from nrm.vault.unattended import complaint_marks as marks

CannotOpen = keyrings.CannotOpen
_BATCH = 200


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """One complaint as the desk sees it. `on`, `house`: None where it does not open; `taken_by`: the name of who deals
    with it; `changed`: its row was written by another hand, so that it counts as not dealt with; `alike`: how many
    others that wait, and are open to the session, say nearly the same of the same house;
    `came`: on which way, of one that the desk typed; `words`: for a session that opened it, else None; `about`: whom of
    the desk it is about, as far as it is open.
    `repr` hides it."""

    id: uuid.UUID
    dealt_on: date | None
    on: date | None
    house: str | None
    taken_by: str = ""
    changed: bool = False
    alike: int = 0
    came: str = ""
    words: Words | None = None
    about: steps.About = steps.NOBODY


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """What lies under the seal: what happened, where, how the person can be reached, on which way the desk heard of it
    and who typed it, how it ended, what was done and who wrote that; where two end it, what the first of the two said;
    and what was said `before` it was taken back, contradicted or reopened. `repr` hides it."""

    text: str
    reach: str
    where: str = ""
    came: str = ""
    typed_by: str = ""
    done: str = ""
    done_by: str = ""
    how: str = ""
    first_how: str = ""
    first_done: str = ""
    first_by: str = ""
    before: tuple[Said, ...] = ()

    @classmethod
    def of(cls, value: Mapping[str, Any], *, dealt: bool) -> Words:
        """As it lies there. How it ended before an older program reopened it is of before."""
        said: dict[str, Any] = {each.name: str(value.get(each.name, "")) for each in fields(cls)}
        before, last = steps.so_far(value).before, steps.ended(value)
        if not dealt and last is not None:
            said |= {"done": "", "done_by": "", "how": ""}
            before = (*before, last)
        return cls(**{**said, "before": before})

    @property
    def so_far(self) -> SoFar:
        """What was said of how it ends."""
        return SoFar(self.first_by, self.first_how, self.before)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many complaints wait for the actor, and how many were changed or deleted by another hand."""

    number: int = 0
    changed: int = 0


def heard(*, by: Actor) -> Sequence[Heard]:
    """Every complaint with its day and its house, first those whose row was changed, then the oldest that waits; its
    words where the session opened it.
    Of those that wait, were opened and say nearly the same of the same house there is one line: that of the oldest, or
    of the one that somebody deals with. What was not opened is held beside nothing. Raises NotPermitted, NotVisible."""
    _must(by)
    about = steps.about(by.organisation_id)
    found = [seen for line in store.lines(by=by) if (seen := _heard(line, by, about)) is not None]
    together = dict[Hashable, list[Heard]]()
    for place, each in zip(_folded(found), found, strict=True):
        together.setdefault(place if _is_compared(each) else each.id, []).append(each)
    lines = [replace(min(alike, key=_first), alike=len(alike) - 1) for alike in together.values()]
    return sorted(lines, key=lambda each: (not each.changed, each.dealt_on is not None, each.on or date.max, each.id))


def _must(by: Actor) -> None:
    if not by.may(Permission.COMPLAINT_STAND_IN):
        by.must(Permission.COMPLAINT_READ)


def waiting(*, by: Actor) -> Waiting:
    """What a home page says, by the rule of the list. From MOST_OPENED on the marks of the rows alone tell what is not
    for the actor. Raises NotPermitted, NotVisible."""
    _must(by)
    there, gone = [line for line in store.lines(by=by) if line.dealt_on is None], store.without_row(by=by)
    mine = by.member_id
    there = [line for line in there if mine is None or not row_marks.is_not_for(line.not_for, line.id, mine)]
    if not there and not gone:
        return Waiting()
    there.sort(key=lambda line: not line.changed)
    about = steps.about(by.organisation_id)
    seen = [each for line in there[:MOST_OPENED] if (each := _heard(line, by, about)) is not None]
    more = len(there[MOST_OPENED:]) if by.may(Permission.COMPLAINT_READ) or seen else 0
    return Waiting(len(seen) + more, sum(each.changed for each in seen) + _number_gone(gone, by, about))


def number_deleted(*, by: Actor) -> int:
    """How many were deleted by another hand, and would be the actor's to read. Raises NotPermitted, NotVisible."""
    _must(by)
    gone = store.without_row(by=by)
    return _number_gone(gone, by, steps.about(by.organisation_id)) if gone else 0


def _number_gone(gone: Collection[uuid.UUID], by: Actor, about: Callable[[str], steps.About]) -> int:
    return sum(_heard(store.ComplaintLine(each, None), by, about) is not None for each in gone)


def _is_compared(each: Heard) -> bool:
    return each.words is not None and each.dealt_on is None and not each.changed


def _folded(found: Sequence[Heard]) -> list[int]:
    """For each the place of the first that waits, is open and says nearly the same of the same house."""
    return folded(
        [
            ((each.house, " ".join(each.words.where.casefold().split())), each.words.text)
            if _is_compared(each) and each.words is not None
            else (each.id, "")
            for each in found
        ]
    )


def open_all(*, purpose: Purpose, by: Actor) -> int:
    """Open those that wait with one reason, `MOST_OPENED` at a time, each recorded as by `open_words`, also what then
    is folded under another one; returns how many. Raises NotPermitted, NotVisible."""
    closed = [each for each in heard(by=by) if each.dealt_on is None and each.on is not None and each.words is None]
    opened = 0
    for each in closed[:MOST_OPENED]:
        open_words(complaint_id=each.id, purpose=purpose, by=by)
        opened += 1
    return opened


def _first(line: Heard) -> tuple[bool, date, uuid.UUID]:
    return not line.taken_by, line.on or date.max, line.id


def one(*, complaint_id: uuid.UUID, by: Actor) -> Heard:
    """One complaint; its words for a session that opened it, for whom it names without how the writer is reached.
    Raises NotPermitted, NotVisible."""
    line = _seen(complaint_id, by)
    return replace(line, alike=len(alike(complaint_id=complaint_id, by=by))) if _is_compared(line) else line


def _seen(complaint_id: uuid.UUID, by: Actor) -> Heard:
    """One that the actor reads. Raises NotPermitted, NotVisible, also of one that names the actor."""
    _must(by)
    found = _heard(store.line(complaint_id, by=by), by, steps.about(by.organisation_id))
    if found is None:
        raise NotVisible
    return found


def _heard(line: store.ComplaintLine, by: Actor, about: Callable[[str], steps.About]) -> Heard | None:
    """The line, with its words where the session opened it: a text that nobody opened is held beside no other. None
    for one that is not for the actor. The program alone looks for that: nothing of it is opened, so nothing is
    recorded."""
    seen = Heard(line.id, line.dealt_on, None, None, line.taken_by, line.changed)
    closed = vault.glance(db.session(), line.id, COMPLAINT, by=by)
    if closed is None:
        return seen if by.may(Permission.COMPLAINT_READ) else None
    found = about(f"{closed['text']}\n{closed.get('where', '')}")
    if not steps.reads(found, str(closed.get("first_by", "")), by=by):
        return None
    came = str(closed.get("came", ""))
    seen = replace(seen, on=date.fromisoformat(closed["on"]), house=closed["house"], came=came)
    try:
        value = vault.read(db.session(), line.id, COMPLAINT, by=by).value
    except CannotOpen:
        return seen  # its day and its house alone
    return replace(seen, words=Words.of(value, dealt=line.dealt_on is not None), about=found)


def alike(*, complaint_id: uuid.UUID, by: Actor) -> list[Heard]:
    """Others that wait, are open to the session and say nearly the same of the same house. Raises NotPermitted,
    NotVisible."""
    _must(by)
    about = steps.about(by.organisation_id)
    waiting = (line for line in store.lines(by=by) if line.dealt_on is None)
    found = [seen for line in waiting if (seen := _heard(line, by, about)) is not None]
    places = _folded(found)
    mine = {place for place, each in zip(places, found, strict=True) if each.id == complaint_id}
    return [each for place, each in zip(places, found, strict=True) if place in mine and each.id != complaint_id]


def take(*, complaint_id: uuid.UUID, by: Actor) -> None:
    """Say by name that the actor deals with it, also in place of a colleague. Raises NotPermitted, NotVisible,
    AlreadySo."""
    _seen(complaint_id, by)
    with transaction() as session:
        row = store.row(complaint_id, by=by, lock=True)
        if steps.is_dealt(row) or by.member_id is None:
            raise AlreadySo
        mark = row_marks.taken_mark(complaint_id, by.member_id)
        session.merge(ComplaintTaken(complaint_id=complaint_id, member_id=by.member_id, mark=mark))
        audit.append(session, audit.Event.COMPLAINT_TAKEN, by=by, complaint_id=complaint_id)


def give_back(*, complaint_id: uuid.UUID, by: Actor) -> None:
    """The actor does not deal with it after all: it waits for somebody of the desk. Raises NotPermitted, NotVisible,
    AlreadySo."""
    _seen(complaint_id, by)
    with transaction() as session:
        row = store.row(complaint_id, by=by, lock=True)
        mine = (ComplaintTaken.complaint_id == complaint_id, ComplaintTaken.member_id == by.member_id)
        if steps.is_dealt(row) or not rows_hit(session, delete(ComplaintTaken).where(*mine)):
            raise AlreadySo
        audit.append(session, audit.Event.COMPLAINT_GIVEN_BACK, by=by, complaint_id=complaint_id)


def may_correct_house(found: Heard, *, by: Actor) -> bool:
    """Whether the actor typed it in, today or yesterday, and it waits."""
    waits = found.dealt_on is None and found.on is not None and found.on >= days.today() - HOUSE_WITHIN
    return waits and found.words is not None and found.words.typed_by == login_of(by)


def correct_house(*, complaint_id: uuid.UUID, house: str, by: Actor) -> None:
    """Who typed it in chose the wrong house; which one stood there stays under the seal. Raises NotPermitted,
    NotVisible (also for who did not type it, or later), AlreadySo, CannotOpen."""
    if not may_correct_house(_seen(complaint_id, by), by=by) or house not in {"", *_codes(by)}:
        raise NotVisible
    with transaction() as session:
        row = store.row(complaint_id, by=by, lock=True)
        value = vault.read(session, complaint_id, COMPLAINT, by=by).value
        if steps.is_dealt(row) or value["house"] == house:
            raise AlreadySo
        said = (*steps.so_far(value).before, Said(Step.HOUSE, login_of(by), value["house"]))
        steps.write(session, complaint_id, {"house": house, "before": [asdict(each) for each in said]}, by=by)
        audit.append(session, audit.Event.COMPLAINT_HOUSE_CORRECTED, by=by, complaint_id=complaint_id)
    shredding.work_off()


def _codes(by: Actor) -> list[str]:
    return [each.code for each in store.houses(by=by)]


def open_words(*, complaint_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the actor's session read it for a quarter of an hour; recorded first. Raises NotPermitted, NotVisible,
    CannotOpen."""
    _seen(complaint_id, by)
    with transaction() as session:
        _open(session, complaint_id, purpose, by)


def _open(session: Session, complaint_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    store.row(complaint_id, by=by)
    session.add(
        Reading(
            case_id=complaint_id,
            compartment=COMPLAINT,
            purpose=purpose,
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            holder_id=by.organisation_id,
            opened_at=clock.now(),
        )
    )
    vault.allow(session, complaint_id, COMPLAINT, purpose, by=by)


def deal(
    *, complaint_id: uuid.UUID, done: str, how: Ending = Ending.ACTED, seen: Collection[uuid.UUID] = (), by: Actor
) -> int:
    """Mark it as dealt with, for a session that opened it; a year later it is destroyed. What was done is sealed with
    it. `seen`: others that were shown beside it, and end with it as far as they are open to the session and say nearly
    the same, but not where this one was typed in twice. One about the office itself or an officer, and one that is
    called unfounded or typed in twice, waits until a second member ends it. Returns how many ended. Raises
    NotPermitted, NotVisible, AlreadySo, CannotOpen, CannotEnd."""
    _seen(complaint_id, by)
    with transaction() as session:
        beside = alike(complaint_id=complaint_id, by=by) if seen and how is not Ending.TWICE else []
        others = [each.id for each in beside if each.id in seen]
        ended = _end(session, complaint_id, done, how, by)
        for each in others:
            try:
                ended += _end(session, each, done, how, by)
            except CannotEnd:
                continue
    shredding.work_off()
    return ended


def _end(session: Session, complaint_id: uuid.UUID, done: str, how: Ending, by: Actor) -> int:
    """1 if it ended, 0 if it waits for a second one."""
    row = store.row(complaint_id, by=by, lock=True)
    value = vault.read(session, complaint_id, COMPLAINT, by=by).value
    found = steps.about(by.organisation_id)(f"{value['text']}\n{value.get('where', '')}")
    if steps.is_dealt(row):
        raise AlreadySo
    if how is Ending.TWICE and not value.get("came"):
        raise NotVisible
    before, said, me = steps.so_far(value), done.strip()[:LONGEST_DONE], login_of(by)
    steps.check_end(found, before, how, by=by)
    if found.needs_two(how, before, me) and not before.first:
        agreed = {"first_done": said, "first_by": me, "first_how": str(how)}
        steps.write(session, complaint_id, {**steps.past(value), **agreed}, by=by)
        audit.append(session, audit.Event.COMPLAINT_AGREED, by=by, complaint_id=complaint_id)
        return 0
    steps.write(session, complaint_id, {**steps.behind(value), "done": said, "done_by": me, "how": str(how)}, by=by)
    steps.mend(row, found, value, by=by)
    _mark(session, row, days.today(), by, audit.Event.COMPLAINT_DEALT)
    return 1


def take_back(*, complaint_id: uuid.UUID, seen: Collection[uuid.UUID] = (), by: Actor) -> None:
    """Who was the first of two takes back what they said, as long as no second one agreed; also of others that were
    shown (`seen`), say nearly the same and are open to the session. Raises NotPermitted, NotVisible, AlreadySo,
    CannotOpen, CannotEnd."""
    _seen(complaint_id, by)
    with transaction() as session:
        others = [each for each in alike(complaint_id=complaint_id, by=by) if each.id in seen] if seen else []
        _withdraw(session, complaint_id, Said(Step.TAKEN_BACK, login_of(by)), by)
        for each in others:
            if each.words is not None and each.words.first_by == login_of(by):
                _withdraw(session, each.id, Said(Step.TAKEN_BACK, login_of(by)), by)
    shredding.work_off()


def keep_open(*, complaint_id: uuid.UUID, said: str, by: Actor) -> None:
    """A second one says that it is not as the first of two said: it stays open. Raises NotPermitted, NotVisible,
    AlreadySo, CannotOpen, CannotEnd."""
    _seen(complaint_id, by)
    with transaction() as session:
        _withdraw(session, complaint_id, Said(Step.STAYS, login_of(by), said=said.strip()[:LONGEST_DONE]), by)
    shredding.work_off()


_WITHDRAWN = {Step.TAKEN_BACK: audit.Event.COMPLAINT_TAKEN_BACK, Step.STAYS: audit.Event.COMPLAINT_KEPT_OPEN}


def _withdraw(session: Session, complaint_id: uuid.UUID, said: Said, by: Actor) -> None:
    """What the first of two said counts no more, and stands there as said before; nothing where that is so already."""
    row = store.row(complaint_id, by=by, lock=True)
    value = vault.read(session, complaint_id, COMPLAINT, by=by).value
    if steps.is_dealt(row):
        raise AlreadySo
    first = steps.so_far(value).first
    if not first:
        return
    if (first == said.by) != (said.step == Step.TAKEN_BACK):
        raise CannotEnd(EndRefusal.SAME if first == said.by else EndRefusal.NOT_FIRST)
    steps.write(session, complaint_id, steps.past(value, said), by=by)
    audit.append(session, _WITHDRAWN[Step(said.step)], by=by, complaint_id=complaint_id)


def take_up(*, complaint_id: uuid.UUID, by: Actor) -> None:
    """It is not dealt with after all; of one about the office itself two have to agree anew. What was said stays, as
    said before. Raises NotPermitted, NotVisible, AlreadySo, CannotOpen."""
    _seen(complaint_id, by)
    with transaction() as session:
        row = store.row(complaint_id, by=by, lock=True)
        _mark(session, row, None, by, audit.Event.COMPLAINT_TAKEN_UP)
        value = vault.glance(session, complaint_id, COMPLAINT, by=by)
        if value is None:
            raise CannotOpen
        steps.write(session, complaint_id, steps.past(value, Said(Step.REOPENED, login_of(by)), dealt=True), by=by)
    shredding.work_off()


def _mark(session: Session, row: Complaint, day: date | None, by: Actor, event: audit.Event) -> None:
    if steps.is_dealt(row) == (day is not None):
        raise AlreadySo
    row.dealt_on, row.dealt_by_id = day, by.member_id if day is not None else None
    row.mark = marks.mark(row, marks.epoch_of(session, row.id) or 0)
    audit.append(session, event, by=by, complaint_id=row.id)


def forget(*, by: Actor) -> int:
    """Destroy what was dealt with a year ago; returns how many."""
    over = rows.dealt_before(days.today() - KEPT_FOR, _BATCH)
    db.session.rollback()
    if not over:
        return 0
    with transaction() as session:
        for each in over:
            epochs.erase(session, each, [COMPLAINT])
            session.execute(delete(ComplaintTaken).where(ComplaintTaken.complaint_id == each))
            session.execute(delete(Complaint).where(Complaint.id == each))
            audit.append(session, audit.Event.COMPLAINT_FORGOTTEN, by=by, complaint_id=each)
    erasure_steps.carry_out()
    return len(over)
