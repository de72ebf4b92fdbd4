"""What the key log says of the actor's own organisation, entry by entry, and what its rows say otherwise.

Rows of `key_events` are claims: who writes the database adds one or takes one away. Each entry that is read here is
held against the digest that this process verified, so what stands there was signed.

Decided in ADR 0146.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import (
    Agreed,
    Body,
    Declined,
    EntryKind,
    Holding,
    NewKeyring,
    NewName,
    NewRole,
    Party,
    Person,
    Proposed,
    Standing,
    foundings_in,
    hour_of,
    time_of,
)
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.store import signed_names
from nrm.vault.keylog import entries, log
from nrm.vault.keylog.heads import NONE

AT_ONCE = 50
_BATCH, _MOST = 500, 3000
_AS_EVENT = {
    EntryKind.JOINED: KeyHappening.CONFIRMED,
    EntryKind.ANEW: KeyHappening.CONFIRMED,
    EntryKind.LEFT: KeyHappening.DISABLED,
    EntryKind.SUSPENDED: KeyHappening.SUSPENDED,
    EntryKind.RESUMED: KeyHappening.RESUMED,
    EntryKind.ROLE: KeyHappening.ROLE_CHANGED,
    EntryKind.RENAMED: KeyHappening.RENAMED,
    EntryKind.KEYRING: KeyHappening.KEYRING_MADE,
}
_SIGNED = frozenset({*_AS_EVENT.values(), KeyHappening.LACKS_KEY, KeyHappening.HOLDS_AGAIN})
"""What is done together with an entry, once the organisation is founded."""


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry. `step`: `proposed`, `agreed` or `declined` where it is one of several hands, else empty; `whom`: empty for the
    organisation; `by`: a colleague by name, another by the code of their organisation."""

    number: int
    at: datetime
    kind: EntryKind
    step: str
    whom: str
    by: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries, the newest first. `before`: the number to go on from, None at the end."""

    lines: Sequence[EntryLine]
    before: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """`missing`: entries of which no row tells; `unsigned`: ids of rows that no entry bears out."""

    missing: Sequence[EntryLine]
    unsigned: frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class _Read:
    number: int
    at: int
    kind: EntryKind
    step: str
    body: Body
    signer_id: uuid.UUID

    @property
    def whom(self) -> uuid.UUID | None:
        if isinstance(self.body, Person | NewRole):
            return self.body.member_id
        if isinstance(self.body, Standing | NewName):
            return self.body.subject_id
        return self.signer_id if isinstance(self.body, Holding) else None

    @property
    def version(self) -> int | None:
        return self.body.version if isinstance(self.body, NewKeyring | Holding) else None

    @property
    def event(self) -> KeyHappening | None:
        if isinstance(self.body, Holding):
            return KeyHappening.HOLDS_AGAIN if self.body.holds else KeyHappening.LACKS_KEY
        return _AS_EVENT.get(self.kind)


def page(*, by: Actor, before: int | None = None) -> Entries:
    """The entries about the actor's organisation before this number. Raises NotVisible, LogWrong."""
    state = log.state(db.session)
    if by.organisation_id is None or by.organisation_id not in state.organisations:
        raise NotVisible
    start = min(before or state.number + 1, state.number + 1)
    found: list[_Read] = []
    for place, each in _back(state, start, by.organisation_id):
        if each is not None:
            found.append(each)
        if len(found) == AT_ONCE or start - place >= _MOST:
            return Entries(_lines(state, found, by), place if place > 1 else None)
    return Entries(_lines(state, found, by), None)


def difference(events: Sequence[KeyEvent], *, whole: bool, by: Actor) -> Difference:
    """What entries and rows say otherwise. `events`: the newest rows, the newest first; `whole`: there are no others.

    Raises LogWrong. Nothing for an organisation that nobody founded: of it the log knows nothing.
    """
    state = log.state(db.session)
    known = state.organisations.get(by.organisation_id) if by.organisation_id else None
    if known is None:
        return Difference((), frozenset())
    oldest = known.since if whole or not events else max(known.since, hour_of(events[-1].at) + 1)
    left = [each for each in events if _is_signed(each) and hour_of(each.at) >= oldest]
    missing, reached = [], oldest
    for place, each in _back(state, state.number + 1, known.id):
        if each is None:
            if state.number - place >= _MOST:
                reached = hour_of(events[-1].at) + 1 if events else oldest
                break
            continue
        if each.at < oldest:
            break
        told = next((row for row in left if _tells_of(row, each)), None)
        if told is not None:
            left.remove(told)
        elif each.event is not None and not each.step and each.whom != known.id:
            missing.append(each)
    # The founding and its hour are the edge: what was done before it in that hour had no entry.
    unsigned = [each.id for each in left if hour_of(each.at) > max(known.since, reached)]
    return Difference(_lines(state, missing, by), frozenset(unsigned))


def _is_signed(row: KeyEvent) -> bool:
    """Whether an entry goes with such a row: none with what the clock does, nor with an organisation as a whole."""
    event = KeyHappening(row.event)
    first = event is KeyHappening.KEYRING_MADE and row.version == 1  # with the founding
    whole = row.member_id is None and event is not KeyHappening.KEYRING_MADE
    return event in _SIGNED and row.by_id is not None and not first and not whole


def _tells_of(row: KeyEvent, entry: _Read) -> bool:
    """Whether the row is of this entry: the same people, written within the hour or just after it."""
    if KeyHappening(row.event) is not entry.event or row.by_id != entry.signer_id:
        return False
    if isinstance(entry.body, NewKeyring):
        same = row.version == entry.version
    else:
        same = row.member_id == entry.whom
    return same and entry.at <= hour_of(row.at) <= entry.at + 1


def _back(state: State, start: int, organisation_id: uuid.UUID) -> Iterator[tuple[int, _Read | None]]:
    """(number, the entry if it is about the organisation), from before `start` back to the first."""
    number = start - 1
    while number > 0:
        rows = db.session.execute(
            _ROWS.where(KeyLogEntry.number <= number, KeyLogEntry.number > number - _BATCH).order_by(
                KeyLogEntry.number.desc()
            )
        ).all()
        for row in rows:
            if row.number != number:
                raise log.LogWrong(log.LogFault.SHORT, number)
            yield number, _read(state, row, organisation_id)
            number -= 1
        if not rows:
            raise log.LogWrong(log.LogFault.SHORT, number)


_ROWS = select(KeyLogEntry.number, KeyLogEntry.kind, KeyLogEntry.body, KeyLogEntry.signer_id, KeyLogEntry.signature)


def _read(state: State, row: Any, organisation_id: uuid.UUID) -> _Read | None:
    body, at = _verified(state, row)
    kind, step = EntryKind(row.kind), ""
    number, signer_id = row.number, row.signer_id
    if isinstance(body, Agreed | Declined):
        said = "agreed" if isinstance(body, Agreed) else "declined"
        if body.proposal not in state.digests:
            return None
        place = state.digests.index(body.proposal) + 1
        proposed = db.session.execute(_ROWS.where(KeyLogEntry.number == place)).first()
        if proposed is None:
            raise log.LogWrong(log.LogFault.SHORT, place)
        body, _ = _verified(state, proposed)
        step = said
    if isinstance(body, Proposed):
        kind, body, step = body.kind, body.body, step or "proposed"
    if organisation_id not in _about(state, body):
        return None
    return _Read(number, at, kind, step, body, signer_id)


def _verified(state: State, row: Any) -> tuple[Body, int]:
    """The body and the hour of an entry that this process verified; raises LogWrong for a row that is another one."""
    number, kind, content = row.number, row.kind, bytes(row.body)
    before = state.digests[number - 2] if number > 1 else NONE.digest
    said = entries.message(log.instance_id(), number, before, kind, content)
    if entries.digest_of(said, row.signer_id, bytes(row.signature)) != state.digests[number - 1]:
        raise log.LogWrong(log.LogFault.ENTRY, number)
    return entries.read_body(EntryKind(kind), content)


def _about(state: State, body: Body) -> set[uuid.UUID]:
    if isinstance(body, Party):
        return {body.organisation_id}
    own = state.organisation_of(body)
    return {each.organisation_id for each in foundings_in(body)} | ({own} if own is not None else set())


def _lines(state: State, found: Iterable[_Read], by: Actor) -> list[EntryLine]:
    there = list(found)
    names = _names({each for read in there for each in (read.whom, read.signer_id) if each is not None}, state, by)
    return [
        EntryLine(
            each.number,
            time_of(each.at),
            each.kind,
            each.step,
            names.get(each.whom, "") if each.whom is not None else "",
            names.get(each.signer_id, ""),
            each.version,
        )
        for each in there
    ]


def _names(ids: set[uuid.UUID], state: State, by: Actor) -> Mapping[uuid.UUID, str]:
    codes = signed_names.codes(list(ids))
    own = {
        row.id: codes.get(row.id, row.name)
        for row in db.session.execute(
            select(Member.id, Member.name).where(Member.id.in_(ids), Member.organisation_id == by.organisation_id)
        )
    }
    others = {
        each: state.organisations[state.members[each].organisation_id].code
        for each in ids - set(own)
        if each in state.members
    }
    return {**others, **own}
