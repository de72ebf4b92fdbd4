"""Notices that others are still there: for the desk that reads them, and for the holder of the case that told it.

The desk sees the day and whether a colleague has seen it. Of whom it comes from nothing is here.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import aliased

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.others_there import OthersThere
from nrm.store.shelter import cases
from nrm.store.statements import built_once
from nrm.vault import rows

READERS = (OrganisationKind.RESPONSIBLE_AUTHORITY, OrganisationKind.PROSECUTION)
_MOST = 50
_Seen = aliased(Member)


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One notice for the desk it was sealed to. `seen_by`: the colleague; empty: nobody has seen it."""

    id: uuid.UUID
    told_on: date
    seen_on: date | None
    seen_by: str


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What a case told: to whom, when, and when it was seen there; not by whom."""

    organisation: dict[str, str]
    party: str
    told_on: date
    seen_on: date | None


def of_desk(*, by: Actor) -> list[DeskLine]:
    """What the actor's desk was told, what nobody has seen first, the oldest first. Raises NotVisible."""
    return [_desk_line(*row) for row in _of_desk(by)()]


def of_desk_one(notice_id: uuid.UUID, *, by: Actor) -> DeskLine:
    """One of them; raises NotVisible."""
    row = db.session.execute(_desk_rows(by).where(OthersThere.id == notice_id)).first()
    if row is None:
        raise NotVisible
    return _desk_line(*row)


def number_told(by: Actor) -> ColumnElement[int]:
    """How many notices the actor's desk has, as a column of another statement; 0 for all who are told nothing."""
    if by.kind not in READERS or by.organisation_id is None or not by.may(Permission.CASE_OPEN):
        return literal(0)
    counted = select(func.count()).select_from(OthersThere).where(OthersThere.organisation_id == by.organisation_id)
    return counted.scalar_subquery()


@built_once
def _of_desk(by: Actor) -> Select[OthersThere, str | None]:
    return _desk_rows(by).order_by(OthersThere.seen_on.is_not(None), OthersThere.told_on, OthersThere.id).limit(_MOST)


def _desk_rows(by: Actor) -> Select[OthersThere, str | None]:
    if by.organisation_id is None or not by.may(Permission.CASE_OPEN):
        raise NotVisible
    return (
        select(OthersThere, _Seen.name)
        .outerjoin(_Seen, _Seen.id == OthersThere.seen_by_id)
        .where(OthersThere.organisation_id == by.organisation_id)
    )


def _desk_line(row: OthersThere, seen_by: str | None) -> DeskLine:
    return DeskLine(row.id, row.told_on, row.seen_on, seen_by or "")


def of_case(case_id: uuid.UUID, *, by: Actor) -> CaseLine | None:
    """What a case of the actor's organisation told, if it stands; raises NotVisible."""
    if cases.row(case_id, by=by).holder_id != by.organisation_id:
        raise NotVisible
    statement = (
        select(OthersThere, Organisation)
        .join(Organisation, Organisation.id == OthersThere.organisation_id)
        .where(OthersThere.whose_mark == rows.others_mark(case_id))
    )
    found = db.session.execute(statement).first()
    if found is None:
        return None
    row, organisation = found
    return CaseLine(organisation.names, organisation.party, row.told_on, row.seen_on)
