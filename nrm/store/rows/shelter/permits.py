"""The permit of a case that was seen: its entries, and how it stands."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.permit_entries import Mark, MarkKind, stand
from nrm.domain.shelter.permit_entries import RecordedEntry as Entry
from nrm.domain.shelter.permits import Ground, Informing, PermitEvent, PermitFacts, PermitStatus
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Grant
from nrm.models.shelter.permits import PermitEntry, PermitMark
from nrm.store import days
from nrm.store.countries import country

_Marker = aliased(Organisation)
_Application = aliased(PermitEntry)
CaseId = uuid.UUID | InstrumentedAttribute[uuid.UUID]


def entries(case_id: uuid.UUID) -> list[Entry]:
    """The entries of a case that was seen already, as they were written, with the marks on them."""
    return entries_of([case_id]).get(case_id, [])


def entries_of(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Entry]]:
    """The entries of cases that were seen already, by case."""
    return entries_where(PermitEntry.case_id.in_(case_ids), db.session()) if case_ids else {}


def entries_where(wanted: ColumnElement[bool], source: Session | Connection) -> dict[uuid.UUID, list[Entry]]:
    """The entries for which a condition on their rows holds, by case, as they were written."""
    statement = (
        select(*PermitEntry.__table__.columns, Organisation.kind.label("organisation_kind"))
        .outerjoin(Organisation, Organisation.id == PermitEntry.organisation_id)
        .where(wanted)
        .order_by(PermitEntry.case_id, PermitEntry.position)
    )
    found = source.execute(statement).all()
    marks = _marks_where(wanted, source) if found else {}
    by_case: dict[uuid.UUID, list[Entry]] = {}
    for each in found:
        by_case.setdefault(each.case_id, []).append(_as_entry(each, marks.get(each.id, ())))
    return by_case


def _marks_where(wanted: ColumnElement[bool], source: Session | Connection) -> dict[uuid.UUID, list[Mark]]:
    """The marks on the entries for which the condition holds, by entry."""
    statement = (
        select(*PermitMark.__table__.columns, _Marker.kind.label("organisation_kind"))
        .join(PermitEntry, PermitEntry.id == PermitMark.entry_id)
        .join(_Marker, _Marker.id == PermitMark.organisation_id)
        .where(wanted)
    )
    marks: dict[uuid.UUID, list[Mark]] = {}
    for row in source.execute(statement):
        marks.setdefault(row.entry_id, []).append(_as_mark(row))
    return marks


def _as_entry(row: Row[*tuple[Any, ...]], marks: Collection[Mark]) -> Entry:
    """A row of an entry with `organisation_kind` as the rules see it."""
    event = PermitEvent(row.event)
    informed = None
    if event is PermitEvent.INFORM:
        informed = Informing(row.happened_on, str(row.organisation_id or ""), row.language)
    return Entry(
        id=row.id,
        number=row.position,
        event=event,
        on=row.happened_on,
        by=row.member_id,
        by_unit=row.organisation_kind == OrganisationKind.TRP_UNIT,
        informed=informed,
        issued_from=row.issued_from,
        issued_until=row.issued_until,
        ground=Ground(row.ground) if row.ground else None,
        paper=row.paper,
        marks=tuple(marks),
    )


def _as_mark(row: Row[*tuple[Any, ...]]) -> Mark:
    """A row of a mark with `organisation_kind` as the rules see it."""
    return Mark(
        MarkKind(row.kind),
        clock.day_of(row.marked_at, country().timezone),
        row.member_id,
        row.organisation_kind == OrganisationKind.TRP_UNIT,
        StrikeReason(row.reason) if row.reason else None,
    )


def facts(case_id: uuid.UUID) -> PermitFacts:
    """What the rules look at, of a case that was seen already."""
    found = entries(case_id)
    return stand(found, country().permits, today=days.today(), unit_reads=unit_reads(case_id))


def has_applied(case_id: uuid.UUID) -> bool:
    """Whether the person ever applied and did not take it back; of a case that was seen already."""
    found = facts(case_id)
    return found.applied_on is not None and found.status is not PermitStatus.WITHDRAWN


def unit_reads(case_id: uuid.UUID) -> bool:
    """Whether a permit unit can read the legal file, because she applied and agrees to it."""
    return bool(db.session.scalar(select(is_read_by_unit(case_id))))


def is_read_by_unit(case_id: CaseId | uuid.UUID) -> ColumnElement[bool]:
    """The condition that a permit unit can read the legal file of the case."""
    return exists(
        select(Grant.case_id)
        .join(Organisation, Organisation.id == Grant.organisation_id)
        .where(
            Grant.case_id == case_id,
            Grant.compartment == Compartment.LEGAL,
            Organisation.kind == OrganisationKind.TRP_UNIT,
        )
        .correlate_except(Grant, Organisation)
    )


def asked_for(case_id: CaseId) -> ColumnElement[bool]:
    """The condition that an application of the case was not struck: without one a permit unit sees nothing of her."""
    struck = exists().where(PermitMark.entry_id == _Application.id, PermitMark.kind == MarkKind.STRIKE_SECONDED)
    return exists().where(_Application.case_id == case_id, _Application.event == PermitEvent.APPLY, ~struck)
