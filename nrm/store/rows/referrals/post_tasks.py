"""What the audit chain tells of what was said of people whom posts sent, and who told or called after it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, bindparam, exists, func, or_, select

from nrm import clock
from nrm.audit import Event, details_of
from nrm.db import db
from nrm.domain.referrals.post_tasks import AFTER_LEAVING, SAID_WITHIN, Said, TaskKind
from nrm.domain.referrals.referrals import UNSAID, UNSAID_SHOWN_FOR
from nrm.models.audit import AuditEntry
from nrm.prepared import Prepared
from nrm.store.rows import entries

_NEWEST = 50_000
_EVENTS = (
    Event.MEETING_SAID,
    Event.REFERRAL_NOT_ARRIVED,
    Event.REFERRAL_ARRIVED,
    Event.DEPARTURE_TAKEN_BACK,
    Event.SAID_AFTER_CALL,
    Event.SAID_AFTER_CALL_TAKEN_BACK,
)
_ENTRIES = Prepared(
    select(AuditEntry.event, AuditEntry.at, AuditEntry.member_id, AuditEntry.organisation_id, AuditEntry.details)
    .where(
        AuditEntry.id > select(func.max(AuditEntry.id)).scalar_subquery() - _NEWEST,
        AuditEntry.event.in_([str(each) for each in _EVENTS]),
        AuditEntry.at >= bindparam("since", type_=String()),
    )
    .order_by(AuditEntry.id)
)


class Done(NamedTuple):
    """That somebody told or called: when it was said, by whom and how."""

    at: datetime
    member_id: uuid.UUID
    organisation_id: uuid.UUID
    how: Said


class Word(NamedTuple):
    """When something was said, and for which time (1: the first); and what was said of telling or calling after that,
    the oldest first, without what was taken back."""

    at: datetime
    number: int
    done: tuple[Done, ...] = ()

    @property
    def last(self) -> Done | None:
        """What was said last of telling or calling."""
        return self.done[-1] if self.done else None

    @property
    def here_at(self) -> datetime | None:
        """When the post said that the person is still there, whatever it said after that."""
        return max((each.at for each in self.done if each.how is Said.HERE), default=None)


def words() -> dict[tuple[uuid.UUID, TaskKind], Word]:
    """(referral, kind) -> what was said last of it. The caller has checked who may know of the referral."""
    since = (clock.now() - SAID_WITHIN).isoformat(timespec="microseconds")
    found: dict[tuple[uuid.UUID, TaskKind], Word] = {}
    times: Counter[tuple[uuid.UUID, TaskKind]] = Counter()
    for entry in _ENTRIES.all(db.session, {"since": since}):
        said, at = details_of(entry.details), datetime.fromisoformat(entry.at)
        id_ = uuid.UUID(said["referral_id"])
        if (kind := _kind_of(entry.event, said)) is not None:
            times[id_, kind] += 1
            found[id_, kind] = Word(at, times[id_, kind])
        elif entry.event == Event.DEPARTURE_TAKEN_BACK:  # whoever leaves again is shown what holds before that
            found.pop((id_, TaskKind.MEETING), None)
        elif entry.event == Event.SAID_AFTER_CALL:
            key = (id_, TaskKind(said["what"]))
            if key in found:
                member, organisation = uuid.UUID(entry.member_id), uuid.UUID(entry.organisation_id)
                done = Done(at, member, organisation, Said(said.get("how", Said.DONE)))
                found[key] = found[key]._replace(done=(*found[key].done, done))
        elif entry.event == Event.SAID_AFTER_CALL_TAKEN_BACK:
            key = (id_, TaskKind(said["what"]))
            if key in found:
                found[key] = found[key]._replace(done=_without_last_of(found[key].done, uuid.UUID(entry.member_id)))
    return found


def _without_last_of(done: tuple[Done, ...], member_id: uuid.UUID) -> tuple[Done, ...]:
    mine = [number for number, each in enumerate(done) if each.member_id == member_id]
    return tuple(each for number, each in enumerate(done) if number != mine[-1]) if mine else done


def _kind_of(event: str, said: Mapping[str, Any]) -> TaskKind | None:
    """What the entry asks of a post; None of every other one."""
    if event == Event.MEETING_SAID and AFTER_LEAVING in said:
        return TaskKind.MEETING
    if event == Event.REFERRAL_ARRIVED and UNSAID in said:
        return TaskKind.UNSAID
    return TaskKind.NOT_COME if event == Event.REFERRAL_NOT_ARRIVED else None


def is_unsaid() -> ColumnElement[bool]:
    """The condition for entries that say that somebody arrived of whom no post had said that they left, or that such an
    arrival was struck by the shelter from which the person moved (ADR 0267)."""
    arrived = and_(AuditEntry.event == str(Event.REFERRAL_ARRIVED), AuditEntry.details.contains(f'"{UNSAID}"'))
    return and_(entries.is_one_of((Event.REFERRAL_ARRIVED, Event.ARRIVAL_TAKEN_BACK)), or_(arrived, is_denied()))


def is_denied() -> ColumnElement[bool]:
    """The condition for entries by which a shelter says that somebody whose arrival another one recorded never left."""
    return and_(AuditEntry.event == str(Event.ARRIVAL_TAKEN_BACK), AuditEntry.details.contains('"told_id":'))


def any_unsaid() -> ColumnElement[bool]:
    """Whether there is such an entry of lately; a part of another statement, which gives `unsaid_since`."""
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    lately = AuditEntry.at >= bindparam("unsaid_since", type_=String())
    return exists(select(AuditEntry.id).where(AuditEntry.id > last - _NEWEST, is_unsaid(), lately))


def unsaid_since() -> str:
    """From when on an arrival without a departure is shown, as the chain writes it."""
    return (clock.now() - UNSAID_SHOWN_FOR).isoformat(timespec="microseconds")
