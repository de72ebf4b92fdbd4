"""The calls of the asker's help line."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.helpline import CORRECTED_WITHIN, Followed, Outcome
from nrm.models.accounts.accounts import Member
from nrm.models.interviews.helpline import HelplineCall
from nrm.store import signed_names
from nrm.store.rows import entries


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of the last thirty days."""

    id: uuid.UUID
    called_on: date | None
    part: str
    language: str
    caller: str
    topic: str
    outcome: str
    noted: bool
    followed: str

    @property
    def code(self) -> str:
        """Tells it from another call of the same night and topic, as no hour is kept (ADR 0258)."""
        return self.id.hex[:4].upper()

    @property
    def dealt_with(self) -> bool:
        """Whether whoever was to be called back was, or somebody else cares for it; of older calls nobody knows."""
        return self.outcome == Outcome.CALL_BACK and not self.noted and self.called_on is not None

    @property
    def is_owed(self) -> bool:
        """Whether what it says still has to be done."""
        return self.followed == Followed.OWED and self.called_on is not None


@dataclass(frozen=True, slots=True)
class Correction:
    """When and by whom it was corrected what was ticked of a call, and what stood there before; empty: as it is."""

    at: datetime
    by: str
    topic: str
    caller: str
    outcome: str
    language: str


def row(call_id: uuid.UUID, *, by: Actor, lock: bool = False) -> HelplineCall:
    """One call of the asker's line; raises NotVisible."""
    statement = (
        select(HelplineCall).where(HelplineCall.id == call_id, _own_calls(by)).execution_options(populate_existing=True)
    )
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def one(call_id: uuid.UUID, *, by: Actor) -> CallLine:
    """One call, for a page; raises NotVisible."""
    return _call_line(row(call_id, by=by))


def not_reached(call: CallLine, *, by: Actor) -> list[datetime]:
    """When somebody called back in vain, the last first, as long as the note is kept."""
    if not call.noted or call.called_on is None or not by.may(Permission.CALL_RECORD):
        return []
    begun = datetime.combine(call.called_on, time(), UTC) - timedelta(days=1)
    return [each.at for each in entries.since(begun, Event.CALL_NOT_REACHED, entries.about(call.id))][::-1]


def corrected(calls: Collection[CallLine], *, by: Actor) -> dict[uuid.UUID, list[Correction]]:
    """Call -> what was corrected of it, the last first, as long as its day is kept; only of those that were."""
    kept = {str(call.id): call for call in calls if call.called_on is not None}
    if not kept or not by.may(Permission.CALL_RECORD):
        return {}
    first = min(call.called_on for call in kept.values() if call.called_on is not None)
    begun = datetime.combine(first, time(), UTC) - timedelta(days=1)
    found = [each for each in entries.since(begun, Event.CALL_CORRECTED) if each.said["call_id"] in kept]
    ids = {each.member_id for each in found if each.member_id is not None}
    if not ids:
        return {}
    codes = signed_names.codes(ids)
    members = {each.id: each for each in db.session.scalars(select(Member).where(Member.id.in_(ids)))}
    said: dict[uuid.UUID, list[Correction]] = {}
    for each in reversed(found):
        was = {name: each.said.get(f"was_{name}", "") for name in ("topic", "caller", "outcome", "language")}
        who = members.get(each.member_id) if each.member_id is not None else None
        name = signed_names.who(codes, each.member_id, who.name, who.login) if who is not None else ""
        said.setdefault(kept[each.said["call_id"]].id, []).append(Correction(each.at, name, **was))
    return said


def may_be_corrected(call_ids: Iterable[uuid.UUID], *, by: Actor) -> set[uuid.UUID]:
    """Which of these calls the asker recorded within a day."""
    ids = {str(each): each for each in call_ids}
    if not ids or not by.may(Permission.CALL_RECORD):
        return set()
    mine = entries.since(clock.now() - CORRECTED_WITHIN, Event.CALL_RECORDED, entries.by(by.member_id))
    return {ids[each.said["call_id"]] for each in mine if each.said.get("call_id") in ids}


def calls(*, by: Actor, open_only: bool = False, size: int = 100) -> list[CallLine]:
    """The calls of the last thirty days, newest first; `open_only`: those with something sealed, and those that led to
    what is not said to be done."""
    statement = select(HelplineCall).where(_own_calls(by), HelplineCall.called_on.is_not(None))
    if open_only:
        statement = statement.where(or_(HelplineCall.noted, HelplineCall.followed == str(Followed.OWED)))
    statement = statement.order_by(HelplineCall.called_on.desc(), HelplineCall.id).limit(size)
    return [_call_line(each) for each in db.session.scalars(statement)]


def _own_calls(by: Actor) -> ColumnElement[bool]:
    if by.organisation_id is None or not by.may(Permission.CALL_RECORD):
        raise NotVisible
    return HelplineCall.organisation_id == by.organisation_id


def _call_line(call: HelplineCall) -> CallLine:
    return CallLine(
        call.id,
        call.called_on,
        call.part,
        call.language,
        call.caller,
        call.topic,
        call.outcome,
        call.noted,
        call.followed,
    )
