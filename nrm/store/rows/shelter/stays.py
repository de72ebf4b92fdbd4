"""Stays as rows: periods and arrivals, for steps that saw the case."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from nrm.db import db
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.stays import Period
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store.rows import entries


def arrival_of(case_id: uuid.UUID, organisation_id: uuid.UUID) -> tuple[Referral | None, bool]:
    """(the referral that brought the person to this shelter, whether they can be admitted now).

    While a referral to this shelter is open, they cannot. Without one, and when it has led to a stay already, they came
    by themselves: a case of the shelter's own, or somebody who came back.
    """
    statement = (
        select(Referral)
        .where(Referral.case_id == case_id, Referral.receiver_id == organisation_id)
        .order_by(Referral.position.desc())
        .limit(1)
    )
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        return None, True
    stayed = select(Stay.id).where(Stay.referral_id == found.id, Stay.taken_back_on.is_(None)).limit(1)
    used = db.session.scalar(stayed) is not None
    brought = found.status == ReferralStatus.ARRIVED and not used
    return found if brought else None, not ReferralStatus(found.status).is_open


def periods_of(case_id: uuid.UUID, *, but: uuid.UUID | None = None) -> list[Period]:
    """Every stay of the case, `but` one, in any shelter; for the rule that nobody is in two places at once."""
    rows = db.session.execute(select(Stay.id, Stay.admitted_on, Stay.ended_on).where(Stay.case_id == case_id))
    return [Period(row.admitted_on, row.ended_on) for row in rows if row.id != but]


def begun_by(stay_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether this member began the stay since then; the caller has checked it."""
    begun = entries.since(since, "stay_begun", entries.by(member_id))
    return any(each.said["stay_id"] == str(stay_id) for each in begun)


def code_of(case_id: uuid.UUID) -> str:
    """The code of a case."""
    return db.session.scalar(select(Case.pseudonym).where(Case.id == case_id)) or ""


def age_class_of(case_id: uuid.UUID) -> str:
    """Adult, child or unsure."""
    return db.session.scalar(select(Case.age_class).where(Case.id == case_id)) or ""


def left_by_a_gate(case_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    """Whether the last stay of the case was in this shelter, and a gate let the person out of it."""
    last = (
        select(Stay.organisation_id, Stay.child_gate)
        .where(Stay.case_id == case_id, Stay.taken_back_on.is_(None))
        .order_by(Stay.admitted_on.desc(), Stay.ended_on.is_not(None), Stay.ended_on.desc())
        .limit(1)
    )
    found = db.session.execute(last).first()
    return (
        found is not None and found.organisation_id == organisation_id and found.child_gate not in ("", "handed_over")
    )
