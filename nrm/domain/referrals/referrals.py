"""The life of a referral: who may do what in which state, until when, and who may send the next one.

`TRANSITIONS` is the only table of steps; everything else is an IllegalTransition and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nrm.clock import day_of
from nrm.domain.quarters import Quarter


class ReferralStatus(StrEnum):
    """Where a referral stands. Open is sent or accepted; closing belongs to the case."""

    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ARRIVED = "arrived"
    NOT_ARRIVED = "not_arrived"
    CALLED_OFF = "called_off"
    MISTAKEN = "mistaken"  # accepted by mistake; the receiver holds the case and asks another shelter

    @property
    def is_open(self) -> bool:
        """Whether it stands in the way of a second referral."""
        return self in (ReferralStatus.SENT, ReferralStatus.ACCEPTED)


class ReferralEvent(StrEnum):
    """What can happen to a referral."""

    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    PROMISE = "promise"
    DEPART = "depart"
    ARRIVE = "arrive"
    NOT_ARRIVE = "not_arrive"
    TAKE_BACK_ARRIVAL = "take_back_arrival"
    CALL_OFF = "call_off"
    TAKE_BACK_DEPARTURE = "take_back_departure"
    TAKE_BACK_ACCEPTANCE = "take_back_acceptance"
    TAKE_AFTER_ALL = "take_after_all"
    AWAIT_AGAIN = "await_again"
    TAKE_BACK_DIRECTION = "take_back_direction"
    DENY_PROMISE = "deny_promise"


class Relation(StrEnum):
    """What the asker is to the referral; a desk, never a named user."""

    SENDER = "sender"
    RECEIVER = "receiver"
    DUTY_OFFICER = "duty_officer"
    SYSTEM = "system"
    OUTSIDER = "outsider"


_S, _E, _R = ReferralStatus, ReferralEvent, Relation

TRANSITIONS: Mapping[tuple[ReferralStatus, ReferralEvent, Relation], ReferralStatus] = MappingProxyType(
    {
        (_S.SENT, _E.ACCEPT, _R.RECEIVER): _S.ACCEPTED,
        (_S.SENT, _E.DECLINE, _R.RECEIVER): _S.DECLINED,
        (_S.SENT, _E.WITHDRAW, _R.SENDER): _S.WITHDRAWN,
        # Its own direction alone: on the wrong house, or one that cannot accept (ADR 0183).
        (_S.SENT, _E.TAKE_BACK_DIRECTION, _R.DUTY_OFFICER): _S.WITHDRAWN,
        # The duty officer ends an unanswered referral so that the next candidate can be asked.
        (_S.SENT, _E.EXPIRE, _R.SYSTEM): _S.EXPIRED,
        (_S.SENT, _E.EXPIRE, _R.DUTY_OFFICER): _S.EXPIRED,
        # Promised by telephone: the organisation that made the call records it; no key is released.
        (_S.SENT, _E.PROMISE, _R.SENDER): _S.SENT,
        (_S.SENT, _E.PROMISE, _R.DUTY_OFFICER): _S.SENT,
        (_S.SENT, _E.DENY_PROMISE, _R.RECEIVER): _S.SENT,
        (_S.SENT, _E.DENY_PROMISE, _R.DUTY_OFFICER): _S.SENT,  # who called, and nobody had promised (ADR 0270)
        # On the way: who escorts, and when the person is expected; recorded again when that changes.
        (_S.ACCEPTED, _E.DEPART, _R.SENDER): _S.ACCEPTED,
        (_S.ACCEPTED, _E.DEPART, _R.DUTY_OFFICER): _S.ACCEPTED,
        (_S.ACCEPTED, _E.ARRIVE, _R.RECEIVER): _S.ARRIVED,
        (_S.ACCEPTED, _E.NOT_ARRIVE, _R.RECEIVER): _S.NOT_ARRIVED,
        (_S.ACCEPTED, _E.NOT_ARRIVE, _R.DUTY_OFFICER): _S.NOT_ARRIVED,
        # Said not to have come, and there after all (ADR 0077).
        (_S.NOT_ARRIVED, _E.ARRIVE, _R.RECEIVER): _S.ARRIVED,
        # Or said too early: the person is still on the way (ADR 0162).
        (_S.NOT_ARRIVED, _E.AWAIT_AGAIN, _R.RECEIVER): _S.ACCEPTED,
        # Entered by mistake: the person is expected again.
        (_S.ARRIVED, _E.TAKE_BACK_ARRIVAL, _R.RECEIVER): _S.ACCEPTED,
        # From one shelter to another, and before the person has left: they stay where they are.
        (_S.ACCEPTED, _E.CALL_OFF, _R.SENDER): _S.CALLED_OFF,
        (_S.ACCEPTED, _E.CALL_OFF, _R.RECEIVER): _S.CALLED_OFF,
        # Recorded by mistake (ADR 0086): they have not left; this shelter does not take the person in, or does so
        # after all.
        (_S.ACCEPTED, _E.TAKE_BACK_DEPARTURE, _R.SENDER): _S.ACCEPTED,
        (_S.ACCEPTED, _E.TAKE_BACK_DEPARTURE, _R.DUTY_OFFICER): _S.ACCEPTED,
        (_S.NOT_ARRIVED, _E.TAKE_BACK_DEPARTURE, _R.SENDER): _S.ACCEPTED,
        (_S.ACCEPTED, _E.TAKE_BACK_ACCEPTANCE, _R.RECEIVER): _S.MISTAKEN,
        (_S.MISTAKEN, _E.TAKE_AFTER_ALL, _R.RECEIVER): _S.ACCEPTED,
        (_S.MISTAKEN, _E.ARRIVE, _R.RECEIVER): _S.ARRIVED,
    }
)


class DeclineReason(StrEnum):
    """Why a party says no."""

    FULL = "full"
    CANNOT_KEEP_SAFE = "cannot_keep_safe"
    CANNOT_MEET_NEED = "cannot_meet_need"
    PERSON_DOES_NOT_WISH = "person_does_not_wish"
    CONFLICT_WITH_RESIDENT = "conflict_with_resident"
    OTHER = "other"


REASONS_UNDER_MUST = frozenset(
    {DeclineReason.FULL, DeclineReason.CANNOT_KEEP_SAFE, DeclineReason.CONFLICT_WITH_RESIDENT}
)


class OverrideReason(StrEnum):
    """Why somebody goes against the clause; recorded against it."""

    SAFETY = "safety"
    PERSON_WISHES = "person_wishes"
    KEEP_FAMILY_TOGETHER = "keep_family_together"
    MEDICAL_NEED = "medical_need"
    LONGER_REINTEGRATION = "longer_reintegration"
    CONFLICT_WITH_RESIDENT = "conflict_with_resident"
    NO_ROAD_TONIGHT = "no_road_tonight"
    NO_ANSWER_IN_TIME = "no_answer_in_time"
    OTHER = "other"


class Escort(StrEnum):
    """Who goes with the person. A companion of the way is none of these: a companion never escorts."""

    WOMAN_OFFICER = "woman_officer"
    WOMAN_STAFF = "woman_staff"
    WOMAN_SOCIAL_WORKER = "woman_social_worker"
    MAN_OFFICER = "man_officer"
    MAN_STAFF = "man_staff"
    MAN_SOCIAL_WORKER = "man_social_worker"


OF_THE_SHELTER = frozenset({Escort.WOMAN_STAFF, Escort.MAN_STAFF})
"""Whom the shelter sent, if that is true: it reads it and can say that it sent nobody (ADR 0247)."""
WOMEN = frozenset({Escort.WOMAN_OFFICER, Escort.WOMAN_STAFF, Escort.WOMAN_SOCIAL_WORKER})


def escorts_for(gender: str) -> tuple[Escort, ...]:
    """Who may escort somebody of this gender: a woman for a woman or girl."""
    women_only = gender in ("feminine", "transgender_feminine")
    return tuple(each for each in Escort if each in WOMEN or not women_only)


def as_departed(departed_at: datetime | None, escort: str, expected_at: datetime | None) -> str:
    """What a page says of a departure, for a form that is sent from it; empty before anybody has left."""
    if departed_at is None:
        return ""
    return f"{escort} {int(expected_at.timestamp()) if expected_at else ''}"


class TransitionRefusal(StrEnum):
    """Why a step of a referral is refused."""

    ACTOR = "actor"  # another party takes this step
    STATE = "state"  # the step does not follow from where the referral stands
    LATE = "late"  # the time to answer is over
    EARLY = "early"  # the time to answer is not over yet
    REASON = "reason"  # a decline needs a reason
    MUST = "must"  # under a must only three reasons count
    ASSIGNED = "assigned"  # a direction of the duty officer binds
    ESCORT = "escort"  # a woman or girl goes with a woman
    LEFT = "left"  # the asked party is not bound by the agreement any more
    STILL_THERE = "still_there"  # nobody recorded that the person left the other shelter
    ON_THE_WAY = "on_the_way"  # they have left: whoever comes is received first
    TOO_LONG = "too_long"  # nobody is on the way for so long
    CHANGED = "changed"  # somebody recorded another escort or hour since the page was loaded
    MEETING = "meeting"  # the shelter said where it meets them, or changed it, since the page was loaded
    MISSING = "missing"  # an alarm stands: whoever raised it ends it, and not a departure
    PRESSED_LONG_AGO = "pressed_long_ago"  # what is taken back for some minutes alone
    PROMISE_DENIED = "promise_denied"  # who is asked, or the desk, said that nothing was promised: the desk asks again
    PROMISED_BEFORE = "promised_before"  # the sender took back a referral with a promise of the same party


class IllegalTransition(Exception):
    """Nothing changes; `reason` says why."""

    def __init__(self, reason: TransitionRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


DECISION_WITHIN = timedelta(minutes=30)
"""How long the duty officer has after the second decline of a chain."""

NO_SHOW_AFTER = timedelta(hours=1)
"""How long after the expected arrival the sender and the duty officer are alarmed."""
LONGEST_WAY = timedelta(hours=36)
"""How long after the departure somebody may be expected at most, however often another hour is said (ADR 0230)."""


def is_too_long(departed_at: datetime, expected_at: datetime) -> bool:
    """Whether the way would be longer than any may be said to be."""
    return expected_at > departed_at + LONGEST_WAY


def missed(missed_at: datetime | None, expected_at: datetime | None, at: datetime) -> datetime | None:
    """The hour at which somebody on the way should have been there, once it has passed: the first that did counts, and
    no later one takes its place."""
    if missed_at is not None or expected_at is None or at < expected_at + NO_SHOW_AFTER:
        return missed_at
    return expected_at


MOVED_AT_MOST = timedelta(hours=3)
"""By how much the sender alone can move the hour of an alarm before it has passed, and once (ADR 0244)."""


TOO_SOON = 4
"""An arrival in less than this part of the time that the way was said to take is asked about once."""


def is_too_soon(departed_at: datetime, expected_at: datetime, at: datetime) -> bool:
    """Whether who left then can hardly be there at `at`, by the hour that was said (ADR 0254)."""
    return (at - departed_at) * TOO_SOON < expected_at - departed_at


def held(
    missed_at: datetime | None, said: datetime | None, now_said: datetime | None, *, put_off: int, at: datetime
) -> datetime | None:
    """The hour at which the alarm stays when another one than `said` is said at `at`; None: the new one counts.

    Who comes later than was said first is alarmed about as it was said first: otherwise a sender who says another hour
    each time before one has passed is never late. `put_off`: how often it was changed before.
    """
    if (late := missed(missed_at, said, at)) is not None or said is None:
        return late
    if now_said is not None and (now_said <= said or (not put_off and now_said <= said + MOVED_AT_MOST)):
        return None
    return said


DECLINES_UNTIL_DIRECTION = 2
PROMISE_AT_MOST = timedelta(hours=1)
"""How long a promise by telephone holds of a child, of who may be one, and of somebody in danger or handed over
urgently: then the next party is asked (ADR 0248)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was fixed when the referral was sent. Times are aware; the two durations come from the agreement."""

    sent_at: datetime
    answer_within: timedelta
    expires_within: timedelta
    must: bool = False
    assigned: bool = False
    promised_at: datetime | None = None
    promise_denied: bool = False
    expected_at: datetime | None = None
    missed_at: datetime | None = None

    @property
    def answer_due_at(self) -> datetime | None:
        """When the answer is owed; a telephone promise stops this first deadline (None)."""
        return None if self.promised_at else self.sent_at + self.answer_within

    @property
    def expires_at(self) -> datetime:
        """From this time on nobody can accept any more; a promise restarts the time."""
        return (self.promised_at or self.sent_at) + self.expires_within

    @property
    def alarm_at(self) -> datetime | None:
        """From when an accepted person is late: an hour after the expected arrival, the first one that passed."""
        due = self.missed_at or self.expected_at
        return None if due is None else due + NO_SHOW_AFTER

    def is_late(self, status: ReferralStatus, at: datetime) -> bool:
        """Whether an answer, or an accepted person an hour after the expected arrival, is overdue at `at`."""
        if status is ReferralStatus.SENT:
            return self.answer_due_at is not None and at >= self.answer_due_at
        if status is ReferralStatus.ACCEPTED:
            return self.alarm_at is not None and at >= self.alarm_at
        return False


def decide(
    status: ReferralStatus,
    event: ReferralEvent,
    relation: Relation,
    *,
    terms: Terms,
    at: datetime,
    reason: DeclineReason | None = None,
) -> ReferralStatus:
    """The status after `event`, or IllegalTransition. The row is not touched; the caller changes it atomically."""
    after = TRANSITIONS.get((status, event, relation))
    if after is None:
        done_by_another = any(key[:2] == (status, event) for key in TRANSITIONS)
        raise IllegalTransition(TransitionRefusal.ACTOR if done_by_another else TransitionRefusal.STATE)
    match event:
        case ReferralEvent.ACCEPT | ReferralEvent.DECLINE | ReferralEvent.PROMISE if at >= terms.expires_at:
            raise IllegalTransition(TransitionRefusal.LATE)
        case ReferralEvent.PROMISE if terms.promised_at is not None:
            raise IllegalTransition(
                TransitionRefusal.STATE
            )  # the time starts afresh once, or a place could be held for ever
        case ReferralEvent.PROMISE if terms.promise_denied and relation is not Relation.DUTY_OFFICER:
            raise IllegalTransition(TransitionRefusal.PROMISE_DENIED)
        case ReferralEvent.EXPIRE:
            owed = terms.expires_at if relation is Relation.SYSTEM else terms.answer_due_at or terms.expires_at
            if at < owed:
                raise IllegalTransition(TransitionRefusal.EARLY)
        case ReferralEvent.DECLINE:
            _check_decline(terms, reason)
    return after


def _check_decline(terms: Terms, reason: DeclineReason | None) -> None:
    """Raise IllegalTransition: a direction of the duty officer binds; under a must only three reasons are allowed."""
    if terms.assigned:
        raise IllegalTransition(TransitionRefusal.ASSIGNED)
    if reason is None:
        raise IllegalTransition(TransitionRefusal.REASON)
    if terms.must and reason not in REASONS_UNDER_MUST:
        raise IllegalTransition(TransitionRefusal.MUST)


def actors_of(status: ReferralStatus, event: ReferralEvent) -> frozenset[Relation]:
    """Who may do `event` in `status`; what pages offer and what `decide` allows come from one table."""
    return frozenset(relation for s, e, relation in TRANSITIONS if (s, e) == (status, event))


class PlaceNotFree(Exception):
    """The place is another shelter's, out of use, slept in, or kept for somebody else."""


class ReferralRefusal(StrEnum):
    """Why a new referral is refused."""

    ALREADY_OPEN = "already_open"
    DUTY_OFFICER_DECIDES = "duty_officer_decides"
    STRUCK_OUT = "struck_out"
    ASKED_BY_ANOTHER = (
        "asked_by_another"  # struck out when a colleague at the post asked, who alone hears another answer
    )
    NO_REASON = "no_reason"
    NO_SHELTER = "no_shelter"  # not one that has signed, can open what it is sent and is forbidden by no clause
    ITSELF = "itself"
    NO_HELP = "no_help"  # the person took back the yes to help
    BY_NAME = "by_name"  # it was not named to the person, and nobody has said yet what the person says of it
    ASK_FIRST = "ask_first"  # as BY_NAME, and the person is in a shelter and can be asked
    CANNOT_ACCEPT = "cannot_accept"  # too few hold its key: directed to only by who has read that
    NOT_SAFE = "not_safe"  # it said in this case that it cannot keep the person safe: only by who has read that
    NO_HAND_OVER = "no_hand_over"  # a shelter that hands somebody on writes what the other one has to know


class ReferralRefused(Exception):
    """A new referral cannot be sent; `reason` says why."""

    def __init__(self, reason: ReferralRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def duty_officer_decides(chain: Sequence[ReferralStatus]) -> bool:
    """Whether the chain (referrals since the last holder, oldest first) has its second decline."""
    return sum(status is ReferralStatus.DECLINED for status in chain) >= DECLINES_UNTIL_DIRECTION


def check_new(
    chain: Sequence[ReferralStatus],
    relation: Relation,
    *,
    follows_route: bool,
    override: OverrideReason | None = None,
    struck_out: bool = False,
    agreed_again: bool = False,
) -> None:
    """Raise ReferralRefused unless `relation` may send the next referral of the chain.

    `follows_route`: the party is a candidate and no candidate under a must is passed over. Against the route a coded
    reason is needed; to a party the person struck out also a new recorded yes (`agreed_again`).
    """
    if any(status.is_open for status in chain):
        raise ReferralRefused(ReferralRefusal.ALREADY_OPEN)
    if duty_officer_decides(chain) and relation is not Relation.DUTY_OFFICER:
        raise ReferralRefused(ReferralRefusal.DUTY_OFFICER_DECIDES)
    if struck_out and not agreed_again:
        raise ReferralRefused(ReferralRefusal.STRUCK_OUT)
    if not follows_route and override is None:
        raise ReferralRefused(ReferralRefusal.NO_REASON)


def next_candidate(candidates: Sequence[str], asked: Collection[str]) -> str | None:
    """The first party of the stored route that was not asked in this chain; needs no facts."""
    return next((party for party in candidates if party not in asked), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """One referral of a chain, as far as the choice of the next party needs it."""

    party: str
    status: ReferralStatus
    reason: str = ""


def next_asked(candidates: Sequence[tuple[str, bool]], chain: Sequence[Asked]) -> str | None:
    """The party that the program asks next automatically, or None: then the duty officer decides.

    `candidates`: (party, under a must), in the order of the stored route. Nobody is asked after the second decline. A
    may-party behind a must is asked only when every party of the must declined for a reason that counts under one.
    """
    if duty_officer_decides([each.status for each in chain]):
        return None
    party = next_candidate([each for each, _ in candidates], {each.party for each in chain})
    bound = {each for each, must in candidates if must}
    if party is None or party in bound or not bound:
        return party
    declined = {each.party for each in chain if each.reason in REASONS_UNDER_MUST}
    return party if bound <= declined else None


TAKEN = (
    ReferralStatus.ACCEPTED,
    ReferralStatus.ARRIVED,
    ReferralStatus.NOT_ARRIVED,
    ReferralStatus.CALLED_OFF,
    ReferralStatus.MISTAKEN,
)
"""The states of a referral that somebody accepted."""


def chain_since_holder(referrals: Sequence[Asked]) -> list[Asked]:
    """The referrals after the last one that somebody accepted (oldest first)."""
    chain: list[Asked] = []
    for each in referrals:
        if each.status in TAKEN:
            chain.clear()
        else:
            chain.append(each)
    return chain


def coarsened(at: datetime, zone: tzinfo) -> datetime:
    """The first moment of the quarter, on the country's clocks: all that is kept of a time after the person arrived."""
    return datetime.combine(Quarter.of(day_of(at, zone)).start, time.min, tzinfo=zone)


UNSAID, UNSAID_SHOWN_FOR = "unsaid", timedelta(days=7)
"""How the audit chain marks the arrival of somebody of whom the post never said that they left, and how long the post
and the duty desk read it (ADR 0238)."""
TOO_EARLY = "early"
"""How the audit chain marks a *did not arrive* that was said before its hour: the alarm of the row is the press (ADR
0244)."""
ANSWERED_IN = ("1h", "6h", "24h", "later", "unanswered", "not_recorded")
"""Classes of the time from sending to the answer."""

_ANSWERED = frozenset({ReferralStatus.DECLINED, *TAKEN})


def answer_class(status: str, sent_at: datetime, due_at: datetime, decided_at: datetime | None) -> str:
    """How soon the receiver accepted or declined: all that outlives the hours."""
    if status not in _ANSWERED or decided_at is None:
        return "unanswered"
    if due_at == sent_at:  # the hours are gone already
        return "not_recorded"
    hours = (decided_at - sent_at) / timedelta(hours=1)
    return "1h" if hours <= 1 else "6h" if hours <= 6 else "24h" if hours <= 24 else "later"


def needs_doctor(told: Mapping[str, Any]) -> bool:
    """Whether the answers of a hand-over say that the person is hurt or ill now, or needs a doctor."""
    return told.get("hurt") == "yes" or "medical" in (told.get("needs") or ())
