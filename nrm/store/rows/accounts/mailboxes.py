"""Which desks have something that waits, for telling them by e-mail."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.mailboxes import EVERY, EVERY_DAY, NO_PAUSE
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.interviews.endings import DUTY_DESK_AFTER
from nrm.domain.referrals.referrals import NO_SHOW_AFTER
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.accounts.accounts import Organisation
from nrm.models.accounts.mailboxes import Mailbox
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.referrals.referrals import ChildAlert, Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.models.support.threats import ThreatAlarm, ThreatSeen
from nrm.store.rows.support.threats import STANDS


def to_be_told(at: datetime, limit: int, *, signing: Collection[str] = ()) -> list[uuid.UUID]:
    """Desks with an address, a due message and a waiting task; those that have waited longest come first.

    `signing`: parties of whom somebody has to sign the agreement, of which they are reminded once a day: it waits for
    weeks, and a message each half hour would soon be read by nobody.
    """
    a_day_ago = or_(Mailbox.next_at <= at - (EVERY_DAY - EVERY), Mailbox.next_at > at, Mailbox.failures > 0)
    reminded = and_(Organisation.party.in_(signing), a_day_ago)
    statement = (
        select(Mailbox.organisation_id)
        .join(Organisation, Organisation.id == Mailbox.organisation_id)
        .where(has_its_turn(at), Organisation.enabled, or_(_has_a_task(at), reminded))
        .order_by(Mailbox.next_at, Mailbox.organisation_id)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


def has_its_turn(at: datetime) -> ColumnElement[bool]:
    """Whether a message may go to the desk: the pause since the last one is over, or no pause is as long."""
    return or_(Mailbox.next_at <= at, Mailbox.next_at > at + NO_PAUSE)


def _has_a_task(at: datetime) -> ColumnElement[bool]:
    """Something waits by an hour: an answer, a person on the way who is late, something owed, a child at a post,
    a family notice that nobody saw for a day. A threat to a witness that the desk has not seen does, too.

    For the Responsible Authority: anything that is late anywhere, or a person whom nobody is asked to take.
    """
    answers = exists().where(Referral.receiver_id == Organisation.id, Referral.status == "sent")
    awaited = func.coalesce(Referral.missed_at, Referral.expected_at, type_=Referral.expected_at.type)
    no_show = and_(Referral.status == "accepted", awaited <= at - NO_SHOW_AFTER)
    owed = and_(Obligation.done_at.is_(None), Obligation.due_at.is_not(None), Case.id == Obligation.case_id)
    named = exists().where(
        owed,
        Case.status.in_(UNFINISHED),
        Obligation.party == Organisation.party,
        or_(Organisation.kind != OrganisationKind.BORDER_POLICE, Case.opened_by_id == Organisation.id),
        # A message would tell the permit unit that there is somebody, before she applied and agreed.
        Organisation.kind != OrganisationKind.TRP_UNIT,
    )
    receiving = exists().where(
        owed, Case.status == "open", Obligation.party == RECEIVER, Case.holder_id == Organisation.id
    )
    untold = and_(ChildAlert.done_at.is_(None), ChildAlert.withdrawn_at.is_(None))
    asked = and_(ChildAlert.opinion_at.is_not(None), ChildAlert.answer == "", ChildAlert.withdrawn_at.is_(None))
    child = exists().where(or_(untold, asked), ChildAlert.party == Organisation.party)
    unseen = and_(FamilyNotice.answer == "", FamilyNotice.told_at <= at - DUTY_DESK_AFTER)
    family = exists().where(unseen, FamilyNotice.party == Organisation.party)
    unplaced = exists().where(
        Case.status == "referred", ~exists().where(Referral.case_id == Case.id, Referral.status == "sent")
    )
    late = or_(
        unplaced,
        exists().where(Referral.status == "sent", Referral.promised_at.is_(None), Referral.due_at <= at),
        exists().where(no_show),
        exists().where(owed, Case.status.in_(UNFINISHED), Obligation.due_at <= at),
        exists().where(untold, ChildAlert.due_at <= at),
        exists().where(asked, ChildAlert.answer_due_at <= at),
        exists().where(unseen),
    )
    mine = ThreatSeen.alarm_id == ThreatAlarm.id, ThreatSeen.organisation_id == Organisation.id
    seen = exists().where(*mine).correlate(ThreatAlarm, Organisation)
    told = exists().where(ThreatAlarm.id.is_not(None), STANDS, ~seen)
    held = Case.id == ThreatAlarm.case_id, Case.holder_id == Organisation.id, Case.status != "referred"
    threatened = exists().where(*held, STANDS, ~seen)
    authority = and_(Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, or_(late, told))
    expected = exists().where(Referral.receiver_id == Organisation.id, no_show)
    return or_(answers, named, receiving, child, family, expected, threatened, authority)
