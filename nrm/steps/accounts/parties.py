"""What must be so before an organisation is struck off in the key log: its people cannot sign in afterwards."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm.domain.accounts.key_log_entries import Party, PartyState
from nrm.domain.agreement.parties import PartyRefusal, PartyRefused
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case


def check_agreed(session: Session, body: object) -> None:
    """Raise PartyRefused for an organisation that has open cases or is asked for somebody; nothing for other acts.

    Whoever agrees is of the Responsible Authority, which may know; the coordinator, of a ministry, is not told.
    """
    if not isinstance(body, Party) or body.state != PartyState.STRUCK_OFF:
        return
    cases = exists().where(Case.holder_id == body.organisation_id, Case.status != "closed")
    awaited = exists().where(
        Referral.receiver_id == body.organisation_id,
        Referral.status.in_((ReferralStatus.SENT, ReferralStatus.ACCEPTED)),
    )
    if session.scalar(select(cases | awaited)):
        raise PartyRefused(PartyRefusal.HOLDS_CASES)
