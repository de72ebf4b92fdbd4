"""The looks of a formal identification, for actions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select

from nrm import audit, clock
from nrm.db import db
from nrm.domain.shelter.identifications import Event, PartnerSaid
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country
from nrm.store.rows import entries


def looks(identification: Identification) -> list[IdentificationLook]:
    """What was concluded so far, the first look first; for actions."""
    statement = select(IdentificationLook).where(IdentificationLook.identification_id == identification.id)
    return list(db.session.scalars(statement.order_by(IdentificationLook.position)))


def partner(identification: Identification, found: Sequence[IdentificationLook]) -> uuid.UUID | None:
    """Whoever is named as having held the joint interview beside the one who wrote it down; None before there is one.

    `found`: the looks.
    """
    both = {identification.police_member_id, identification.social_member_id} - {None}
    wrote = {each.member_id for each in found if each.position == 1}
    return next(iter(both - wrote), None) if wrote else None


def partner_said(case_id: uuid.UUID) -> tuple[PartnerSaid, date] | None:
    """What the partner said last of the interview of this case, and on which day; None where nothing yet. It is the
    audit chain that tells it, read backwards until the interview (ADR 0259)."""
    steps = [AuditEntry.details.contains(f'"step":"{each}"') for each in (Event.INTERVIEW, *PartnerSaid)]
    where = (entries.about(case_id), or_(*steps))
    found = entries.newest_of(entries.EVER, (audit.Event.IDENTIFICATION_RECORDED,), *where, newest=entries.WHOLE)
    if found is None or found[1].said["step"] not in set(PartnerSaid):
        return None
    return PartnerSaid(found[1].said["step"]), clock.day_of(found[1].at, country().timezone)


def possible_since(case_id: uuid.UUID) -> date | None:
    """The first day in a shelter, from which the person is treated as a possible victim."""
    there = (Stay.case_id == case_id, Stay.taken_back_on.is_(None))
    return db.session.scalar(select(func.min(Stay.admitted_on)).where(*there))


def reflection_until(case: Case) -> date | None:
    """The last day of the reflection period; None where there is none, or it has not begun."""
    return country().reflection.until(case.citizenship_class, possible_since(case.id))
