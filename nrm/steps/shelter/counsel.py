"""Counsel is told at once when a person with an open application or claim leaves on their own.

The program knows no counsel by name or number: who holds the case owes the call, and who the counsel is stands sealed
in the legal part.
"""

from __future__ import annotations

import uuid

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from nrm import clock
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.shelter.claims import Outcome
from nrm.domain.shelter.permits import PermitStatus
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.store.rows.shelter import permits as permit_rows

TELL_COUNSEL = "tell_counsel"
_OPEN = (PermitStatus.APPLIED, PermitStatus.RENEWAL_APPLIED, PermitStatus.APPEALED)


def owe(session: Session, case_id: uuid.UUID) -> None:
    """The holder of the case has to call counsel now, if an application for a permit or a claim is open."""
    if permit_rows.facts(case_id).status not in _OPEN and not _claim_open(session, case_id):
        return
    mine = (Obligation.case_id == case_id, Obligation.kind == TELL_COUNSEL, Obligation.party == RECEIVER)
    owed = session.scalar(select(Obligation).where(*mine).with_for_update())
    if owed is None:
        owed = Obligation(case_id=case_id, kind=TELL_COUNSEL, party=RECEIVER, clause="")
        session.add(owed)
    owed.due_at, owed.done_at, owed.done_by_id = clock.now(), None, None
    session.flush()


def owe_no_more(session: Session, case_id: uuid.UUID) -> None:
    """It was not so: who was not called yet need not be."""
    session.execute(
        delete(Obligation).where(
            Obligation.case_id == case_id, Obligation.kind == TELL_COUNSEL, Obligation.done_at.is_(None)
        )
    )


def _claim_open(session: Session, case_id: uuid.UUID) -> bool:
    newest = aliased(ClaimEntry)
    last = select(func.max(newest.position)).where(newest.claim_id == ClaimEntry.claim_id).scalar_subquery()
    pending = (
        select(Claim.id)
        .join(ClaimEntry, ClaimEntry.claim_id == Claim.id)
        .where(Claim.case_id == case_id, ClaimEntry.outcome == Outcome.PENDING, ClaimEntry.position == last)
    )
    return session.scalar(pending.limit(1)) is not None
