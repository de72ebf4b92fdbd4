"""What the newest entries of the audit chain say: for the minutes in which a press may be taken back (ADR 0166), and
for alarms about what is done often in a short time.

An index leads to the entries of an event (ADR 0274), so that what is asked names its events in a condition of its own.
Who says how many entries from the end of the chain are looked at bounds what happens often.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from nrm.audit import Event, details_of
from nrm.db import db
from nrm.models.audit import AuditEntry

NEWEST = 5_000
EVER, WHOLE = datetime(1, 1, 1, tzinfo=UTC), 2**62
"""The moment and the number that leave out nothing of the chain."""
_MONEY = (
    Event.CONTRACT_CHANGED,
    Event.CONTRACT_RECORDED,
    Event.NIGHTS_PAID,
    Event.NIGHTS_SIGNED,
    Event.RELEASE_SEALED,
)


class Entry(NamedTuple):
    """One event; `said` are its ids and codes."""

    at: datetime
    member_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    said: Mapping[str, Any]


def by(member_id: uuid.UUID | None) -> ColumnElement[bool]:
    """Whether this member did it; None: nobody did."""
    return AuditEntry.member_id == str(member_id)


def is_one_of(events: Iterable[str]) -> ColumnElement[bool]:
    """Whether the entry is one of these events."""
    return AuditEntry.event.in_([str(each) for each in events])


def since(moment: datetime, event: str, *where: ColumnElement[bool], newest: int = NEWEST) -> Iterator[Entry]:
    """The entries of this event after the moment, the oldest first. The caller has checked what they are about."""
    return (entry for _, entry in any_since(moment, AuditEntry.event == event, *where, newest=newest))


def any_since(moment: datetime, *which: ColumnElement[bool], newest: int = NEWEST) -> Iterator[tuple[str, Entry]]:
    """The entries after the moment, the oldest first, each with its event. `which` names the events; the caller has
    checked what they are about."""
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    columns = AuditEntry.event, AuditEntry.at, AuditEntry.member_id, AuditEntry.organisation_id, AuditEntry.details
    statement = select(*columns).where(AuditEntry.id > last - newest, *which)
    for event, when, member, organisation, details in db.session.execute(statement.order_by(AuditEntry.id)).all():
        at = datetime.fromisoformat(when)
        if at > moment:
            yield event, Entry(at, _id(member), _id(organisation), details_of(details))


def newest_of(
    moment: datetime, events: Collection[str], *where: ColumnElement[bool], newest: int = NEWEST
) -> tuple[str, Entry] | None:
    """The newest entry of one of these events after the moment, with its event. The caller has checked what it is
    about."""
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    statement = (
        select(AuditEntry.event, AuditEntry.at, AuditEntry.member_id, AuditEntry.organisation_id, AuditEntry.details)
        .where(AuditEntry.id > last - newest, AuditEntry.event.in_(events), *where)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    for event, when, member, organisation, details in db.session.execute(statement).all():
        at = datetime.fromisoformat(when)
        if at > moment:
            return event, Entry(at, _id(member), _id(organisation), details_of(details))
    return None


def about(id_: uuid.UUID) -> ColumnElement[bool]:
    """Whether this id is among those that the entry names."""
    return AuditEntry.details.contains(str(id_))


class Told(NamedTuple):
    """An event that money or a report follows; `said` are its ids and codes."""

    event: str
    organisation_id: uuid.UUID | None
    said: Mapping[str, Any]


def of_money() -> list[Told]:
    """All that the chain tells of payments for nights, of what contracts say, and of reports that were sealed, the
    oldest first. The caller has checked what they are about."""
    columns = AuditEntry.event, AuditEntry.organisation_id, AuditEntry.details
    statement = select(*columns).where(is_one_of(_MONEY)).order_by(AuditEntry.id)
    return [Told(event, _id(whose), details_of(details)) for event, whose, details in db.session.execute(statement)]


def of_benefits() -> dict[str, tuple[str, str]]:
    """What the chain tells last of each payment code of which the payment desk said something, also by taking that
    back, and how it stood before that, where it was called off. The caller has checked what they are about."""
    which = AuditEntry.event == str(Event.BENEFIT_SETTLED)
    found = map(details_of, db.session.scalars(select(AuditEntry.details).where(which).order_by(AuditEntry.id)))
    return {said["code"]: (said["state"], said.get("was", "")) for said in found}


def _id(text: str) -> uuid.UUID | None:
    """None for nobody, and for what the program does by itself, whose entries name that."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
