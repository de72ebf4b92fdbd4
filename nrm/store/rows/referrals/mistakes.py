"""What was taken back of a referral as rows, for steps and stores that saw the referral."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.domain.referrals.mistakes import Kind
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.vault import rows


def newest(referral_id: uuid.UUID) -> ReferralMistake | None:
    """The last entry of a referral, if nothing has happened since then."""
    statement = select(ReferralMistake).where(ReferralMistake.referral_id == referral_id)
    ordered = statement.order_by(ReferralMistake.position.desc()).limit(1)
    found = db.session.scalar(ordered.execution_options(populate_existing=True))
    return found if found is not None and not found.settled else None


def is_taken_back(referral_id: uuid.UUID) -> bool:
    """Whether its departure was taken back by this program, and the person has not left again since."""
    found = newest(referral_id)
    return found is not None and found.kind == Kind.DEPARTURE and rows.is_mistake(found)
