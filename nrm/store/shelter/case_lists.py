"""The open cases of an organisation as a list to work from: the first due first."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, exists, func, select, tuple_

from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.store.paging import Page, page, place_after
from nrm.store.referrals import obligations
from nrm.store.referrals.obligations import ObligationLine
from nrm.store.rows.referrals import transfers as transfer_rows

LINES = 20
"""A page of them: a row says more than its code, and the page stays light."""
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One open case. `place`: where the person sleeps here, empty without a place of her own, None for who is not
    here; `owed`: what is due first of it, if anything is.
    """

    id: uuid.UUID
    pseudonym: str
    age_class: str
    gender: str
    place: str | None
    missing: bool
    due_at: datetime | None
    owed: ObligationLine | None
    awaited: uuid.UUID | None
    """The referral by which the person is on the way here."""
    post_waits: bool
    """Whether nobody sets off from the post there before it is said where they meet."""

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
    accepted = Referral.status == ReferralStatus.ACCEPTED  # one at most: an open one stands in the way of a second
    received = (Referral.case_id == Case.id, Referral.receiver_id == by.organisation_id)
    awaited = select(Referral.id).where(*received, accepted)
    post_waits = exists().where(*received, transfer_rows.post_waits())
    statement = (
        select(Case, due, missing, awaited.scalar_subquery(), post_waits)
        .where(Case.holder_id == by.organisation_id, Case.status == "open")
        .order_by(due, Case.id)
        .limit(size + 1)
    )
    place = place_after(after)
    if place is not None:
        statement = statement.where(tuple_(due, Case.id) > tuple_(*place))
    found = db.session.execute(statement).all()
    ids = [case.id for case, *_ in found]
    owed, places = obligations.first_due(ids, by=by), _places(ids, by)
    lines = [
        HeldLine(
            case.id,
            case.pseudonym,
            case.age_class,
            case.gender,
            places.get(case.id),
            bool(is_missing),
            due_at if due_at is not None and due_at < _LAST else None,
            owed.get(case.id),
            awaited_by,
            bool(waits),
        )
        for case, due_at, is_missing, awaited_by, waits in found
    ]
    return page(lines, lambda line: (line.due_at or _LAST, line.id), size)


def _places(case_ids: Collection[uuid.UUID], by: Actor) -> dict[uuid.UUID, str]:
    """The place of each who stays here, by case; "" for a small child that is with its mother."""
    statement = (
        select(Stay.case_id, func.coalesce(Place.label, ""))
        .outerjoin(
            Occupancy,
            and_(Occupancy.stay_id == Stay.id, Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None)),
        )
        .outerjoin(Place, Place.id == Occupancy.place_id)
        .where(Stay.case_id.in_(case_ids), Stay.organisation_id == by.organisation_id, Stay.ended_on.is_(None))
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}
