"""Nights of before a stay was entered that wait for a second member, for the house alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select

from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, Permission, Role
from nrm.domain.support.early_nights import EarlyRefusal
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store.rows.accounts import occasions
from nrm.store.shelter import stays


@dataclass(frozen=True, slots=True)
class EarlyLine:
    """Nights that wait: from the day that was typed to the one from which nights count. `why_not`: why the asker does
    not confirm them, None if they may."""

    stay_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    admitted_on: date
    known_on: date
    counts_from: date
    by: str
    why_not: EarlyRefusal | None

    @property
    def nights(self) -> int:
        """How many nights wait."""
        return (self.counts_from - self.admitted_on).days


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
    return EarlyLine(stay.id, stay.case_id, code, stay.admitted_on, stay.known_on, until, member.name, why_not)


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
