"""What the key log says of the actor's own organisation, entry by entry, and what its rows say otherwise.

Rows of `key_events` are claims: who writes the database adds one or takes one away. Each entry that is read here is
held against the digest that this process verified, so what stands there was signed.

Decided in ADR 0146.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
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
    """One entry. `step`: `proposed`, `agreed` or `declined` where it is one of several hands, else empty. `whom`: empty
    for the organisation; `by`: a colleague by name, another by their organisation, whose names are
    `organisation`. `login`: of whom it is about; `role`, `reason`: of the act, as codes; `event_id`: what a colleague
    can object to. `at`: the minute where a row tells of the same, else the hour of the log."""

    number: int
    at: datetime
    kind: EntryKind
    step: str
    whom: str
    by: str
    version: int | None
    login: str = ""
    organisation: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    reason: str = ""
    event_id: uuid.UUID | None = None


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


def role_proposer(
    member_id: uuid.UUID, role: str, *, agreed_by: uuid.UUID | None, at: datetime, by: Actor
) -> uuid.UUID | None:
    """Who proposed the role that a colleague got then, when `agreed_by` agreed; None where one hand gave it, and while
    the log is wrong."""
    state = log.last_state(db.session)
    own = by.organisation_id
    if own is None or own not in state.organisations:
        return None
    agreed = _ROWS.where(
        KeyLogEntry.kind == str(EntryKind.AGREED),
        KeyLogEntry.signer_id == agreed_by,
        KeyLogEntry.number <= state.number,
    )
    try:
        for row in db.session.execute(agreed.order_by(KeyLogEntry.number.desc()).limit(_BATCH)).all():
            body, hour = _verified(state, row)
            if hour < hour_of(at) - 1 or not isinstance(body, Agreed) or body.proposal not in state.digests:
                break
            place = state.digests.index(body.proposal) + 1
            proposed = db.session.execute(_ROWS.where(KeyLogEntry.number == place)).first()
            what = _verified(state, proposed)[0] if proposed is not None else None
            if proposed is None or not isinstance(what, Proposed) or what.body != NewRole(member_id, role):
                continue
            if hour <= hour_of(at):
                found: uuid.UUID = proposed.signer_id
                return found
    except log.LogWrong:
        return None
    return None


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
    ids = {each for read in there for each in (read.whom, read.signer_id) if each is not None}
    names, others = _names(ids, by), _organisations(ids, state, by)
    told = _told(there, by)
    return [
        EntryLine(
            each.number,
            told[each.number].at if each.number in told else time_of(each.at),
            each.kind,
            each.step,
            names[each.whom].name if each.whom in names else "",
            names[each.signer_id].called if each.signer_id in names else "",
            each.version,
            names[each.whom].login if each.whom in names else "",
            others.get(each.signer_id, {}),
            each.body.role if isinstance(each.body, Person | NewRole) else "",
            each.body.reason if isinstance(each.body, Standing) else "",
            told[each.number].id if each.number in told else None,
        )
        for each in there
    ]


def _told(there: Sequence[_Read], by: Actor) -> dict[int, KeyEvent]:
    """The rows of what happened, by the number of the entry of which they tell: they know the minute."""
    acts = [each for each in there if each.event is not None and each.step != "proposed"]
    if not acts:
        return {}
    since = time_of(min(each.at for each in acts))
    rows = db.session.scalars(
        select(KeyEvent).where(KeyEvent.organisation_id == by.organisation_id, KeyEvent.at >= since).limit(_MOST)
    ).all()
    return {each.number: row for each in acts for row in rows if _tells_of(row, each)}


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    login: str

    @property
    def called(self) -> str:
        return f"{self.name} ({self.login})" if self.login else self.name


def _names(ids: set[uuid.UUID], by: Actor) -> Mapping[uuid.UUID | None, _Named]:
    """The colleagues among them, by name."""
    codes = signed_names.codes(list(ids))
    own = select(Member.id, Member.name, Member.login).where(
        Member.id.in_(ids), Member.organisation_id == by.organisation_id
    )
    return {
        row.id: _Named(codes.get(row.id, row.name), "" if row.id in codes else row.login)
        for row in db.session.execute(own)
    }


def _organisations(ids: set[uuid.UUID], state: State, by: Actor) -> Mapping[uuid.UUID, Mapping[str, str]]:
    """Of those who are no colleagues: the names of their organisation."""
    of = {each: state.members[each].organisation_id for each in ids if each in state.members}
    rows = db.session.scalars(
        select(Organisation).where(Organisation.id.in_(set(of.values()) - {by.organisation_id}))
    ).all()
    named = {row.id: signed_names.organisation_names(row) for row in rows}
    return {each: named[where] for each, where in of.items() if where in named}


@dataclass(frozen=True, slots=True)
class Vouched:
    """That the actor's organisation is in the log: since when, and the organisations that vouched for it, by name."""

    since: datetime
    by: tuple[Mapping[str, str], ...]


def vouched(*, by: Actor) -> Vouched | None:
    """Who vouched for the actor's organisation; None where nobody has yet."""
    state = log.last_state(db.session)
    known = state.organisations.get(by.organisation_id) if by.organisation_id is not None else None
    if known is None:
        return None
    of = {state.members[each].organisation_id for each in known.vouched_by if each in state.members}
    rows = db.session.scalars(select(Organisation).where(Organisation.id.in_(of)).order_by(Organisation.code)).all()
    return Vouched(time_of(known.since), tuple(signed_names.organisation_names(row) for row in rows))
