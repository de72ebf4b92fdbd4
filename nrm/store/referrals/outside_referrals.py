"""Letters out of the system, as the holder of the case sees them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.shelter.cases import Case


@dataclass(frozen=True, slots=True)
class OutsideReferralLine:
    """One letter: closed codes, and who wrote it."""

    id: uuid.UUID
    case_id: uuid.UUID
    reference: str
    kind: str
    reason: str
    needs: tuple[str, ...]
    written_on: date
    language: str
    closes: bool
    age_class: str
    gender: str
    consent: str
    sender: dict[str, str]
    telephone: str


def departure(departure_id: uuid.UUID, *, by: Actor) -> OutsideReferralLine:
    """One letter, for the organisation that wrote it while it holds the case; raises NotVisible."""
    found = _departure_lines(by, OutsideReferral.id == departure_id)
    if not found:
        raise NotVisible
    return found[0]


def of_case(case_id: uuid.UUID, *, by: Actor) -> list[OutsideReferralLine]:
    """The letters the actor's organisation wrote about a case it holds, oldest first."""
    return _departure_lines(by, OutsideReferral.case_id == case_id) if by.organisation_id is not None else []


def _departure_lines(by: Actor, *wanted: object) -> list[OutsideReferralLine]:
    statement = (
        select(OutsideReferral, Case, Organisation)
        .join(Case, Case.id == OutsideReferral.case_id)
        .join(Organisation, Organisation.id == OutsideReferral.organisation_id)
        .where(
            OutsideReferral.organisation_id == by.organisation_id,
            Case.holder_id == by.organisation_id,
            Case.status != "referred",
            *wanted,  # type: ignore[arg-type]
        )
        .order_by(OutsideReferral.written_on, OutsideReferral.reference)
    )
    return [
        OutsideReferralLine(
            letter.id,
            letter.case_id,
            letter.reference,
            letter.kind,
            letter.reason,
            tuple(letter.needs),
            letter.written_on,
            letter.language,
            letter.closes,
            case.age_class,
            case.gender,
            case.consent,
            organisation.names,
            organisation.telephone,
        )
        for letter, case, organisation in db.session.execute(statement)
    ]
