"""A crossing point cannot look up where a person is: what its people may know of who takes somebody in (ADR 0106)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.referrals import ReferralStatus

POSTS = frozenset(
    {
        OrganisationKind.BORDER_POLICE,
        OrganisationKind.POLICE,
        OrganisationKind.HELPLINE,
        OrganisationKind.CONSULAR_SERVICE,
    }
)
"""Kinds of organisations to which no shelter is named from the acceptance on."""

MEETING_ENDS = timedelta(hours=12)
"""How long after the hour for which a person is expected the meeting place is destroyed, if nobody arrived."""


def is_told_receiver(kind: OrganisationKind | None, status: ReferralStatus, *, interviewer: bool) -> bool:
    """Whether somebody of an organisation of this kind may be told who is asked, in a referral with this status: at a
    post the interviewer alone, and only as long as there is no answer. Others see it as their relation lets them."""
    return kind not in POSTS or (interviewer and status is ReferralStatus.SENT)


class Brings(StrEnum):
    """Who goes with the person from the post."""

    POST = "post"  # to a public place at which the shelter meets them
    SHELTER = "shelter"  # it comes for the person, and says a code word


def meeting_ends(expected_at: datetime | None, accepted_at: datetime) -> datetime:
    """From when on the meeting place can be opened by nobody and is destroyed; without an expected hour it counts from
    the acceptance."""
    return (expected_at or accepted_at) + MEETING_ENDS
