"""The critical path of a case, for the organisation that has the person and the duty desk; others do not see it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.referrals.critical_path import Leg, Step, timeline
from nrm.domain.referrals.crossing_points import POSTS, is_told_receiver
from nrm.domain.referrals.referrals import ReferralStatus, coarsened
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.referrals.reminder_calls import ReminderCall
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.store.shelter import cases
from nrm.store.shelter.cases import CaseRelation

_SEEN_BY = (CaseRelation.HOLDER, CaseRelation.CUSTODIAN, CaseRelation.DUTY_OFFICER)


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call about a step. `party`: whose number it was; nobody's name. `exact` is false once only the quarter of its
    hour is kept. `own_id`: its id for whoever recorded it, as long as it can be taken back."""

    subject_id: uuid.UUID
    party: str
    telephone: str
    reached: bool
    called_at: datetime
    exact: bool
    own_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class CasePath:
    """The steps in order; what of them can be acknowledged, by obligation; the calls, oldest first. `hour_after`: the
    arrival is due an hour after somebody is expected."""

    steps: list[Step]
    owed: dict[uuid.UUID, obligations.ObligationLine]
    calls: list[CallLine]
    hour_after: bool = False


def of_case(case_id: uuid.UUID, *, by: Actor) -> CasePath:
    """The critical path of a case, for the organisation that has the person, the sender until acceptance, and the duty
    desk; raises NotVisible for others."""
    if cases.visible(case_id, by=by) not in _SEEN_BY:
        raise NotVisible
    opener = aliased(Organisation)
    found = db.session.execute(
        select(Case.status, opener.code, exists().where(Interview.id == Case.id))
        .join(opener, opener.id == Case.opened_by_id)
        .where(Case.id == case_id)
    ).one()
    status, opened_by, interviewed = found
    legs, version = _legs(case_id, by)
    agreement = country().agreement(version) if version else country().in_force(clock.now())
    owed = obligations.of_case(case_id, by=by)
    zone = country().timezone
    steps = timeline(
        legs,
        owed,
        agreement=agreement,
        at=clock.now(),
        interviewed_by=opened_by if interviewed else None,
        waits_to_be_placed=status == "referred",
        is_coarse=lambda at: at == coarsened(at, zone),
    )
    said = any(leg.status is ReferralStatus.ACCEPTED and (leg.missed_at or leg.expected_at) for leg in legs)
    return CasePath(steps, {each.id: each for each in owed}, _calls(case_id, by), said)


def _legs(case_id: uuid.UUID, by: Actor) -> tuple[list[Leg], str]:
    """The referrals of the case in order, and the version of the agreement the last was made under. Where the asker is
    not told the receiver, there is neither its code nor its clause (ADR 0106)."""
    statement = (
        select(
            Organisation.code,
            Referral.clause,
            Referral.status,
            Referral.sent_at,
            Referral.due_at,
            Referral.promised_at,
            Referral.decided_at,
            Referral.expected_at,
            Referral.arrived_at,
            Referral.missed_at,
            Referral.agreement,
            Interview.member_id,
        )
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .outerjoin(Interview, Interview.id == Referral.case_id)
        .where(Referral.case_id == case_id)
        .order_by(Referral.position)
    )
    rows = db.session.execute(statement).all()
    legs = []
    for code, clause, status, *hours, _, interviewer in rows:
        mine = interviewer is not None and interviewer == by.member_id
        told = is_told_receiver(by.kind, ReferralStatus(status), interviewer=mine)
        legs.append(Leg(code if told else RECEIVER, clause if told else "", ReferralStatus(status), *hours))
    return legs, rows[-1].agreement if rows else ""


def _calls(case_id: uuid.UUID, by: Actor) -> list[CallLine]:
    """The calls; for a post without the numbers, which may be those of whoever was asked."""
    post = by.kind in POSTS
    statement = (
        select(
            ReminderCall.subject_id,
            ReminderCall.party,
            ReminderCall.telephone,
            ReminderCall.reached,
            ReminderCall.called_at,
        )
        .where(ReminderCall.case_id == case_id)
        .order_by(ReminderCall.called_at, ReminderCall.id)
    )
    zone = country().timezone
    return [
        CallLine(
            subject_id,
            "" if post else party,
            "" if post else telephone,
            reached,
            called_at,
            called_at != coarsened(called_at, zone),
        )
        for subject_id, party, telephone, reached, called_at in db.session.execute(statement)
    ]
