"""Referrals as rows: what was fixed when one was sent, those that nobody answered, and people who did not come."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from nrm.audit import Event
from nrm.db import db
from nrm.domain.referrals.referrals import ReferralStatus, Terms
from nrm.domain.shelter.stays import ExitReason
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, Supplement
from nrm.models.shelter.stays import Stay
from nrm.prepared import Row
from nrm.store.rows import entries

_HOURS = (
    Event.REFERRAL_SENT,
    Event.REFERRAL_ASSIGNED,
    Event.REFERRAL_ACCEPTED,
    Event.ACCEPTED_AFTER_ALL,
    Event.REFERRAL_DEPARTED,
    Event.DEPARTURE_TAKEN_BACK,
    Event.REFERRAL_ARRIVED,
)


def terms(referral: Referral | Row) -> Terms:
    """What was fixed when it was sent."""
    return Terms(
        sent_at=referral.sent_at,
        answer_within=referral.due_at - referral.sent_at,
        expires_within=referral.expires_at - (referral.promised_at or referral.sent_at),
        must=referral.must,
        assigned=referral.assigned,
        promised_at=referral.promised_at,
        promise_denied=is_promise_denied(referral),
        expected_at=referral.expected_at,
        missed_at=referral.missed_at,
    )


def is_promise_denied(referral: Referral | Row) -> bool:
    """Whether who is asked said that it promised nothing: the name of who is said to have promised is kept without the
    hour (ADR 0248)."""
    return referral.promised_at is None and referral.promised_by != ""


def promise_denied(of: type[Referral] = Referral) -> ColumnElement[bool]:
    """`is_promise_denied`, as a condition."""
    return and_(of.promised_at.is_(None), of.promised_by != "")


def promise_denied_before() -> ColumnElement[bool]:
    """Whether who is asked said so of an earlier referral of this person, which was then withdrawn (ADR 0254)."""
    before = aliased(Referral)
    return exists().where(
        before.case_id == Referral.case_id,
        before.receiver_id == Referral.receiver_id,
        before.status == ReferralStatus.WITHDRAWN,
        promise_denied(before),
    )


def was_promise_denied(referral: Referral) -> bool:
    """Whether who is asked said so of any promise, also of one before this."""
    return any(True for _ in entries.since(referral.sent_at, "promise_denied", entries.about(referral.id)))


def promises(since: datetime) -> dict[uuid.UUID, entries.Entry]:
    """Referral -> who wrote down the last promise by telephone since then."""
    return {uuid.UUID(each.said["referral_id"]): each for each in entries.since(since, "referral_promised")}


def promised_by(referral_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether this member recorded since then what was promised by telephone; the caller has checked the referral."""
    return _did("referral_promised", referral_id, member_id, since)


def arrived_by(referral_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether this member recorded the arrival since then; the caller has checked the referral."""
    return _did("referral_arrived", referral_id, member_id, since)


def arrival_taken_back_by(referral_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    """Whether this member took back the arrival since then; the caller has checked the referral."""
    return _did("arrival_taken_back", referral_id, member_id, since)


def last_arrival_taken_back(referral_id: uuid.UUID) -> entries.Entry | None:
    """The last time that the arrival was taken back; the caller has checked the referral."""
    found = entries.newest_of(entries.EVER, ("arrival_taken_back",), entries.about(referral_id))
    return found[1] if found is not None else None


def last_withdrawal(referral_id: uuid.UUID) -> entries.Entry | None:
    """Who withdrew it; the caller has checked the referral."""
    found = entries.newest_of(entries.EVER, ("referral_withdrawn",), entries.about(referral_id))
    return found[1] if found is not None else None


def last_said_not_to_come(referral_id: uuid.UUID) -> entries.Entry | None:
    """The last *did not arrive* or *accepted by mistake*; the caller has checked the referral."""
    events = ("referral_not_arrived", "acceptance_taken_back")
    found = entries.newest_of(entries.EVER, events, entries.about(referral_id))
    return found[1] if found is not None else None


def departures(referral_id: uuid.UUID) -> list[entries.Entry]:
    """Each time that a departure was recorded, the oldest first; the caller has checked the referral."""
    return list(entries.since(entries.EVER, "referral_departed", entries.about(referral_id)))


def hours_of(referral_id: uuid.UUID) -> list[tuple[str, entries.Entry]]:
    """What sent the referral, accepted it, and recorded that they left and are there, with what took a departure back,
    the oldest first; the caller has checked it."""
    return list(entries.any_since(entries.EVER, AuditEntry.event.in_(_HOURS), entries.about(referral_id)))


def _did(event: str, referral_id: uuid.UUID, member_id: uuid.UUID | None, since: datetime) -> bool:
    done = entries.since(since, event, entries.by(member_id))
    return any(each.said["referral_id"] == str(referral_id) for each in done)


def handed_over_urgently() -> ColumnElement[bool]:
    """Whether the case of a statement came the urgent way, as columns that are not sealed say it."""
    supplemented = exists().where(Supplement.case_id == Case.id).correlate(Case)
    return or_(Case.consent == "not_asked_urgent", supplemented)


def not_come() -> ColumnElement[bool]:
    """Whether the person of a referral and its case was said not to have come, or to have been accepted by mistake, and
    the receiver, which holds the case, has said nothing since of where the person is (ADRs 0077, 0086, 0232)."""
    later = aliased(Referral)
    since = func.date(Referral.sent_at)
    return and_(
        Referral.status.in_((ReferralStatus.NOT_ARRIVED, ReferralStatus.MISTAKEN)),
        Case.status == "open",
        Case.holder_id == Referral.receiver_id,
        ~exists().where(later.case_id == Case.id, later.position > Referral.position, later.status.in_(_GOES_ON)),
        ~exists().where(Stay.case_id == Case.id, Stay.ended_on.is_(None)),
        ~exists().where(
            Stay.organisation_id == Referral.receiver_id,
            Stay.ended_on >= since,
            Stay.admitted_on >= since,
            Stay.case_id == Case.id,
            Stay.exit_reason.not_in(_NOT_SINCE),
        ),
        ~exists().where(Missing.case_id == Case.id, Missing.outcome == ""),
        ~exists().where(
            Missing.organisation_id == Referral.receiver_id,
            Missing.case_id == Case.id,
            Missing.reported_on >= since,
            Missing.outcome != "mistake",
        ),
    )


# Of `sent_at` sometimes only the quarter is left: a stay that ended with a move was before it.
_NOT_SINCE = (ExitReason.TRANSFERRED, ExitReason.ENTERED_BY_MISTAKE)
_GOES_ON = (ReferralStatus.SENT, ReferralStatus.ACCEPTED, ReferralStatus.ARRIVED)


def has_not_come(referral_id: uuid.UUID) -> bool:
    """Whether `not_come` holds of a referral."""
    asked = select(Referral.id).join(Case, Case.id == Referral.case_id).where(Referral.id == referral_id, not_come())
    return db.session.scalar(asked) is not None


def waits_for_word(case_id: uuid.UUID) -> uuid.UUID | None:
    """The newest referral of a case of which `not_come` holds."""
    asked = select(Referral.id).join(Case, Case.id == Referral.case_id).where(Case.id == case_id, not_come())
    return db.session.scalar(asked.order_by(Referral.position.desc()).limit(1))


def unanswered(at: datetime, limit: int) -> list[uuid.UUID]:
    """Referrals whose time has passed without an answer; for `tend`."""
    statement = (
        select(Referral.id)
        .where(Referral.status == ReferralStatus.SENT, Referral.expires_at <= at)
        .order_by(Referral.expires_at)
        .limit(limit)
    )
    return list(db.session.scalars(statement))
