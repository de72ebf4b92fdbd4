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
from nrm.domain.referrals.critical_path import Leg, Step, timeline
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
    """One call about a step. `party`: whose number it was; nobody's name."""

    subject_id: uuid.UUID
    party: str
    telephone: str
    reached: bool
    called_at: datetime


@dataclass(frozen=True, slots=True)
class CasePath:
    """The steps in order; what of them can be acknowledged, by obligation; the calls, oldest first."""

    steps: list[Step]
    owed: dict[uuid.UUID, obligations.ObligationLine]
    calls: list[CallLine]


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
    legs, version = _legs(case_id)
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
    return CasePath(steps, {each.id: each for each in owed}, _calls(case_id))


def _legs(case_id: uuid.UUID) -> tuple[list[Leg], str]:
    """The referrals of the case in order, and the version of the agreement the last was made under."""
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
            Referral.agreement,
        )
        .join(Organisation, Organisation.id == Referral.receiver_id)
        .where(Referral.case_id == case_id)
        .order_by(Referral.position)
    )
    rows = db.session.execute(statement).all()
    legs = [Leg(code, clause, ReferralStatus(status), *hours) for code, clause, status, *hours, _ in rows]
    return legs, rows[-1].agreement if rows else ""


def _calls(case_id: uuid.UUID) -> list[CallLine]:
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
    return [CallLine(*row) for row in db.session.execute(statement)]
