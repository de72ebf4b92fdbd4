"""Nights of before a stay was entered that wait for a second member, for the house alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, select

from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, Permission, Role
from nrm.domain.support.early_nights import EarlyRefusal
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.models.support.subsidies import NightStatement
from nrm.store.rows import entries
from nrm.store.rows.accounts import occasions
from nrm.store.shelter import stays

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_ALL = 2**62


@dataclass(frozen=True, slots=True)
class EarlyLine:
    """Nights that wait: from the day that was typed to the one from which nights count, or to the end of the stay
    before it. `counted_from`: the former in any case; `why_not`: why the asker does not confirm them, None if they
    may."""

    stay_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    admitted_on: date
    known_on: date
    counts_from: date
    counted_from: date
    by: str
    why_not: EarlyRefusal | None

    @property
    def nights(self) -> int:
        """How many nights wait."""
        return (self.counts_from - self.admitted_on).days


@dataclass(frozen=True, slots=True)
class ConfirmedLine:
    """Nights that somebody confirmed, as the audit chain tells. `is_signed`: the house signed a quarter since, and what
    is paid with it."""

    stay_id: uuid.UUID
    case_id: uuid.UUID
    admitted_on: date
    counted_from: date
    at: datetime
    by: str
    is_signed: bool


def waiting(*, by: Actor) -> list[EarlyLine]:
    """Every stay of the actor's house of which nights wait, the oldest first. Raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    if by.organisation_id is None:
        raise NotVisible
    found = db.session.execute(_lines().where(Stay.organisation_id == by.organisation_id).order_by(Stay.admitted_on))
    return [_line(stay, code, member, by) for stay, code, member in found]


def to_confirm(*, by: Actor) -> list[EarlyLine]:
    """Those that the asker may confirm. Raises as `waiting`."""
    return [each for each in waiting(by=by) if each.why_not is None]


def of_stay(stay_id: uuid.UUID, *, by: Actor) -> EarlyLine:
    """One of them. Raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    stays.stay(stay_id, by=by)
    found = db.session.execute(_lines().where(Stay.id == stay_id)).first()
    if found is None:
        raise NotVisible
    return _line(found[0], found[1], found[2], by)


def confirmed(stay_id: uuid.UUID, *, by: Actor) -> ConfirmedLine | None:
    """Who confirmed the nights of a stay in the asker's shelter, and when; None where nobody did, or that was taken
    back. Raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    stays.stay(stay_id, by=by)
    stay = db.session.get_one(Stay, stay_id, populate_existing=True)
    # Only of such a stay is the whole chain looked through, which has no index of these.
    if stay.early_by_id is None or stay.counts_from is not None or stay.taken_back_on is not None:
        return None
    of_stay = AuditEntry.details.contains(str(stay_id))
    told = list(entries.since(_EVER, Event.EARLY_NIGHTS_CONFIRMED, of_stay, newest=_ALL))
    if not told or "counts_from" not in told[-1].said:
        return None
    last = told[-1]
    statements = (NightStatement.organisation_id == stay.organisation_id, NightStatement.signed_at > last.at)
    return ConfirmedLine(
        stay_id,
        stay.case_id,
        date.fromisoformat(last.said["admitted_on"]),
        date.fromisoformat(last.said["counts_from"]),
        last.at,
        db.session.scalar(select(Member.name).where(Member.id == last.member_id)) or "",
        bool(db.session.scalar(select(exists().where(*statements)))),
    )


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(Stay, Case.pseudonym, Member)
        .join(Case, Case.id == Stay.case_id)
        .join(Member, Member.id == Stay.early_by_id)
        .where(Stay.counts_from.is_not(None), Stay.taken_back_on.is_(None))
        .execution_options(populate_existing=True)
    )


def _line(stay: Stay, code: str, member: Member, by: Actor) -> EarlyLine:
    assert stay.counts_from is not None
    why_not = _why_not(member, by)
    until = min(stay.counts_from, stay.ended_on or stay.counts_from)
    return EarlyLine(
        stay.id, stay.case_id, code, stay.admitted_on, stay.known_on, until, stay.counts_from, member.name, why_not
    )


def _why_not(entered: Member, by: Actor) -> EarlyRefusal | None:
    assert by.member_id is not None
    if by.member_id == entered.id or not occasions.has_seen_beside(by.member_id, entered.id):
        return EarlyRefusal.OWN
    leads = Permission.TEAM_MANAGE in PERMISSIONS[Role(entered.role)]
    return None if leads or by.may(Permission.TEAM_MANAGE) else EarlyRefusal.MANAGER


def number_waiting(by: Actor) -> ColumnElement[int]:
    """Of how many stays nights wait; a column of another statement."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    counted = select(func.count()).select_from(Stay)
    return counted.where(
        Stay.organisation_id == by.organisation_id, Stay.counts_from.is_not(None), Stay.taken_back_on.is_(None)
    ).scalar_subquery()
