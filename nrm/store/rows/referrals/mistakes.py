"""What was taken back of a referral as rows, for steps and stores that saw the referral."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from nrm.db import db
from nrm.domain.referrals.mistakes import Kind
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.referrals.mistakes import ReferralMistake
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.store.rows.referrals import transfers
from nrm.vault import rows


def newest(referral_id: uuid.UUID) -> ReferralMistake | None:
    """The last entry of a referral, if nothing has happened since then."""
    statement = select(ReferralMistake).where(ReferralMistake.referral_id == referral_id)
    ordered = statement.order_by(ReferralMistake.position.desc()).limit(1)
    found = db.session.scalar(ordered.execution_options(populate_existing=True))
    return found if found is not None and not found.settled else None


def is_taken_back(referral_id: uuid.UUID) -> bool:
    """Whether its departure was taken back by this program, or the arrival of a move, and the person has not left again
    since."""
    found = newest(referral_id)
    if found is not None and found.kind == Kind.DEPARTURE and rows.is_mistake(found):
        return True
    return is_arrival_struck(referral_id)


def is_arrival_struck(referral_id: uuid.UUID) -> bool:
    """Whether the arrival of a move was struck by the shelter where the person is still, and nothing happened since."""
    found = newest(referral_id)
    return found is not None and found.kind == Kind.NOT_COME and rows.is_mistake(found) and is_move(referral_id)


def may_be_denied(referral_id: uuid.UUID) -> bool:
    """Whether the shelter from which somebody moves can say that the person never left (ADR 0267): another one recorded
    the arrival in the last seven days though the first had not said that the person left, nothing was said of it since,
    the case is open, and no further shelter was asked. It is said once of a move."""
    further, said = aliased(Referral), ReferralMistake
    arrived = db.session.execute(
        select(Referral.sender_id)
        .join(Case, Case.id == Referral.case_id)
        .where(
            Referral.id == referral_id,
            Referral.status == ReferralStatus.ARRIVED,
            Case.status == "open",
            transfers.from_a_shelter(),
            ~exists().where(said.referral_id == referral_id, said.kind == Kind.NOT_COME),
            ~exists().where(further.case_id == Referral.case_id, further.position > Referral.position),
        )
    ).first()
    return arrived is not None and transfers.arrived_unsaid(referral_id, arrived[0])


def is_move(referral_id: uuid.UUID) -> bool:
    """Whether the sender is a shelter."""
    return bool(db.session.scalar(select(exists().where(Referral.id == referral_id, transfers.from_a_shelter()))))
