"""What may still be added to an urgent hand-over, as its sender sees it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Supplement
from nrm.prepared import Prepared
from nrm.store.rows.referrals import supplements as supplement_rows
from nrm.store.shelter.cases import SeenCase
from nrm.vault import rows

_MOST = 20


@dataclass(frozen=True, slots=True)
class OpenSupplement:
    """One hand-over of the asker's organisation to which something may be added until `open_until`."""

    id: uuid.UUID
    pseudonym: str
    consent: str
    age_class: str
    questionnaire: str
    open_until: datetime


def open_now(*, by: Actor) -> list[OpenSupplement]:
    """Those of the actor's organisation, the first to close first; a forged one is reported and left out."""
    if by.organisation_id is None or not by.may(Permission.INTERVIEW_CONDUCT):
        return []
    return [
        OpenSupplement(row.id, row.pseudonym, row.consent, row.age_class, row.questionnaire, row.open_until)
        for row in _OPEN.all(db.session, {"organisation_id": by.organisation_id, "now": clock.now()})
        if row.open_until is not None and rows.is_supplement(row, row.pseudonym)
    ]


_OPEN = Prepared(
    select(
        Supplement.id,
        Supplement.case_id,
        Supplement.organisation_id,
        Case.pseudonym,
        Case.consent,
        Case.age_class,
        Case.questionnaire,
        Supplement.open_until,
        Supplement.mark,
    )
    .join(Case, Case.id == Supplement.case_id)
    .where(
        Supplement.organisation_id == bindparam("organisation_id"),
        Supplement.status == "open",
        Supplement.open_until > bindparam("now"),
    )
    .order_by(Supplement.open_until, Supplement.id)
    .limit(_MOST)
)


def one_open(supplement_id: uuid.UUID, *, by: Actor) -> OpenSupplement:
    """One of them; raises NotVisible, also once it was sent or its time is over."""
    found = [each for each in open_now(by=by) if each.id == supplement_id]
    if not found:
        raise NotVisible
    return found[0]


def row(supplement_id: uuid.UUID, *, by: Actor) -> Supplement:
    """The row, for its sender's organisation alone; raises NotVisible."""
    found = db.session.scalar(
        select(Supplement)
        .where(Supplement.id == supplement_id, Supplement.organisation_id == by.organisation_id)
        .execution_options(populate_existing=True)
    )
    if found is None or by.organisation_id is None:
        raise NotVisible
    return found


def of_case(case: SeenCase) -> Supplement | None:
    """The supplement of a case, in whatever state; None where there is none."""
    return supplement_rows.of_case(case.id)


def is_awaited(case: SeenCase, *, by: Actor) -> bool:
    """Whether the person of a case that the asker's organisation holds has not arrived there, as far as it said."""
    statement = (
        select(Referral.status)
        .where(Referral.case_id == case.id, Referral.receiver_id == by.organisation_id)
        .order_by(Referral.position.desc())
        .limit(1)
    )
    return db.session.scalar(statement) in _AWAITED


_AWAITED = (ReferralStatus.ACCEPTED, ReferralStatus.NOT_ARRIVED, ReferralStatus.MISTAKEN)
