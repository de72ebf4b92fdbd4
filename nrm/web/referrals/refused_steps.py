"""What a step of a referral is refused with, in words; and the referral as somebody sees it who may take the step."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from werkzeug.wrappers import Response as BaseResponse

from nrm.domain.referrals.referrals import (
    LONGEST_WAY,
    IllegalTransition,
    ReferralEvent,
    ReferralStatus,
    TransitionRefusal,
    actors_of,
)
from nrm.domain.words import N_
from nrm.store.referrals import referrals as store
from nrm.store.referrals.referrals import ReferralLine
from nrm.web import access, errors

Answer = BaseResponse | tuple[str, int] | str

LATE = N_("The time to answer this referral has passed. The duty desk has taken over; call it.")
TOO_FEW = N_(
    "Your organisation cannot accept anybody yet: two people must hold its key and have typed in their recovery code. "
    "Invite a colleague and confirm them, or let them type in their code; until then decline or telephone."
)
LEFT = N_("This shelter is no longer bound by the agreement, so nobody is handed over to it. The next party is asked.")
BINDING = N_("The duty officer decided that you receive this person. Call the duty desk if you cannot.")
STILL_THERE = N_(
    "The other shelter has not recorded that the person left: call it. If the person stays there, call the move off "
    "instead."
)
MISSING = N_(
    "An alarm says that this person is missing. Whoever raised it ends it first: call the other shelter or the duty "
    "desk."
)
ON_THE_WAY = N_(
    "They have left already, so the person is on the way to you: call the sender. Who comes is received first; "
    "after that you can ask another shelter."
)
PRESSED_LONG_AGO = N_(
    "This was pressed more than ten minutes ago and cannot be taken back any more. Call the shelter; what it says to "
    "the referral counts."
)
ARRIVED = N_("This person is not awaited any more: the arrival was recorded.")
NOT_ARRIVED = N_("This person is not awaited any more: it was recorded that the person did not arrive.")
MISTAKEN = N_("This person is not awaited any more: the shelter accepted by mistake and does not take the person in.")
OVER: Mapping[ReferralStatus, str] = {
    ReferralStatus.ARRIVED: ARRIVED,
    ReferralStatus.NOT_ARRIVED: NOT_ARRIVED,
    ReferralStatus.MISTAKEN: MISTAKEN,
}
"""Why nobody is on the way any more; of other states a page says no more than of every conflict."""
TOO_LONG = N_(
    "Nobody is expected later than %(hours)s hours after they left: choose an earlier hour, or call the duty desk",
    hours=LONGEST_WAY // timedelta(hours=1),
)
PROMISE_DENIED = N_(
    "They said that they promised nothing. If they promise now, the duty desk writes it down: call it, or ask them to "
    "accept."
)
PROMISED_BEFORE = N_(
    "A promise of this shelter was written down already, and the referral was withdrawn. The duty desk alone writes "
    "another one down: call it."
)
CONFLICTS: Mapping[TransitionRefusal, str] = {
    TransitionRefusal.LATE: LATE,
    TransitionRefusal.LEFT: LEFT,
    TransitionRefusal.ASSIGNED: BINDING,
    TransitionRefusal.STILL_THERE: STILL_THERE,
    TransitionRefusal.MISSING: MISSING,
    TransitionRefusal.PRESSED_LONG_AGO: PRESSED_LONG_AGO,
    TransitionRefusal.TOO_LONG: TOO_LONG,
    TransitionRefusal.ON_THE_WAY: ON_THE_WAY,
    TransitionRefusal.PROMISE_DENIED: PROMISE_DENIED,
    TransitionRefusal.PROMISED_BEFORE: PROMISED_BEFORE,
    # Of these the page says no more than of every conflict: that somebody was faster.
    TransitionRefusal.ACTOR: "",
    TransitionRefusal.STATE: "",
    TransitionRefusal.EARLY: "",
    TransitionRefusal.REASON: "",
    TransitionRefusal.MUST: "",
    TransitionRefusal.ESCORT: "",
    TransitionRefusal.CHANGED: "",
    TransitionRefusal.MEETING: "",
}


def to_decide(referral_id: uuid.UUID, event: ReferralEvent) -> ReferralLine:
    """The referral, seen by somebody who may do this; raises NotVisible, IllegalTransition."""
    line = store.referral(referral_id, by=access.actor())
    if line.relation not in actors_of(line.status, event):
        raise IllegalTransition(TransitionRefusal.STATE)
    return line


def conflict(error: IllegalTransition) -> Answer:
    """409 with the reason, where there is one worth knowing."""
    return errors.error_page(409, why_not(error))


def why_not(error: IllegalTransition) -> str:
    """Why a step of a referral is refused; empty where somebody was faster."""
    return CONFLICTS[error.reason]
