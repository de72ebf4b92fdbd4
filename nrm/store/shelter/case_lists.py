"""The open cases of an organisation as a list to work from: the first due first."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import exists, func, select, tuple_

from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Bed, Stay
from nrm.store.paging import Page, page, place_after
from nrm.store.referrals import obligations
from nrm.store.referrals.obligations import ObligationLine

LINES = 25
"""A page of them: a row says more than its code, and the page stays light."""
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One open case. `bed`: where the person sleeps here, or empty; `owed`: what is due first of it, if anything is."""

    id: uuid.UUID
    pseudonym: str
    age_class: str
    gender: str
    bed: str
    missing: bool
    due_at: datetime | None
    owed: ObligationLine | None

    @property
    def urgent(self) -> bool:
        """For the tags of a row, which referrals share."""
        return self.owed is not None and self.owed.urgent

    @property
    def doctor(self) -> bool:
        """As `urgent`; who is here is seen by a doctor as the house decides."""
        return False


def held(*, by: Actor, after: str = "", size: int = LINES) -> Page[HeldLine]:
    """The open cases the actor's organisation holds, the first due first, then those without an hour."""
    by.must(Permission.CASE_READ)
    due = func.coalesce(obligations.first_due_of(Case.id, by), _LAST, type_=UtcDateTime())
    missing = exists().where(Missing.case_id == Case.id, Missing.outcome == "")
    statement = (
        select(Case, due, missing)
        .where(Case.holder_id == by.organisation_id, Case.status == "open")
        .order_by(due, Case.id)
        .limit(size + 1)
    )
    place = place_after(after)
    if place is not None:
        statement = statement.where(tuple_(due, Case.id) > tuple_(*place))
    found = db.session.execute(statement).all()
    ids = [case.id for case, *_ in found]
    owed, beds = obligations.first_due(ids, by=by), _beds(ids, by)
    lines = [
        HeldLine(
            case.id,
            case.pseudonym,
            case.age_class,
            case.gender,
            beds.get(case.id, ""),
            bool(is_missing),
            due_at if due_at is not None and due_at < _LAST else None,
            owed.get(case.id),
        )
        for case, due_at, is_missing in found
    ]
    return page(lines, lambda line: (line.due_at or _LAST, line.id), size)


def _beds(case_ids: Collection[uuid.UUID], by: Actor) -> dict[uuid.UUID, str]:
    statement = (
        select(Stay.case_id, Bed.label)
        .join(Bed, Bed.id == Stay.bed_id)
        .where(Stay.case_id.in_(case_ids), Stay.organisation_id == by.organisation_id, Stay.ended_on.is_(None))
    )
    return {row.case_id: row.label for row in db.session.execute(statement)}
