"""Whom to call so that a party knows what it has to know, as far as the asker may see why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.duty import CHILDREN
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.family_notices import FamilyNotice
from nrm.models.referrals.referrals import Call, ChildAlert, Obligation, Referral
from nrm.store import names, signed_names
from nrm.store.interviews import child_alerts, family_notices
from nrm.store.interviews.child_alerts import AlertLine
from nrm.store.referrals import obligations
from nrm.store.rows.interviews import child_alerts as alert_rows
from nrm.store.rows.referrals import notification_calls as rows
from nrm.vault.unattended import call_names

NumberLine = rows.NumberLine


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call that somebody answered, as was written down. `by`, `organisation`: who wrote it down (ADR 0239)."""

    name: str
    at: datetime
    number: str
    by: str
    organisation: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ToTell:
    """What a party has to know of the person with this code. `numbers`: whom to call, the first number first; `since`:
    from when on there was something to tell (None: long ago). `post`: who opened its case. `denied`: the party says of
    this call that nobody told it. `desk`: this call reached the duty desk in its place."""

    code: str
    numbers: list[NumberLine]
    since: datetime | None
    is_done: bool
    denied: WrittenCall | None
    desk: WrittenCall | None
    is_child: bool
    post: Mapping[str, str]
    age_class: str


def of_obligation(obligation_id: uuid.UUID, *, by: Actor) -> ToTell:
    """Raises NotVisible."""
    obligation, case = obligations.to_tell(obligation_id, by=by)
    numbers = rows.numbers(obligation.party, case.opened_by_id, obligation.id, by.organisation_id)
    is_done, call, desk = obligation.done_at is not None, rows.denied(obligation), rows.desk_called(obligation.id)
    since, is_child = rows.told_since(obligation), case.age_class in CHILDREN
    calls, said = (_written(call), _written(desk)), (names.organisation(case.opened_by_id).names, case.age_class)
    return ToTell(case.pseudonym, numbers, since, is_done, *calls, is_child, *said)


def is_with_a_shelter(obligation_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor's organisation sent the person and a shelter has accepted since: whoever is told then is told
    by the duty desk. It stays so for good, as the rows of a referral do, and tells nothing that came after it."""
    if by.organisation_id is None or not by.may(Permission.REFERRAL_SEND):
        return False
    accepted = (ReferralStatus.ACCEPTED, ReferralStatus.ARRIVED)
    sent = (Referral.case_id == Obligation.case_id, Referral.sender_id == by.organisation_id)
    there = exists().where(Obligation.id == obligation_id, *sent, Referral.status.in_(accepted))
    return bool(db.session.scalar(select(there)))


def _written(call: Call | None) -> WrittenCall | None:
    if call is None:
        return None
    member = db.session.get_one(Member, call.called_by_id)
    organisation = signed_names.organisation_names(db.session.get_one(Organisation, member.organisation_id))
    who = signed_names.who(signed_names.codes([member.id]), member.id, member.name, member.login)
    name = call_names.opened(call.subject_id, call.name)
    return WrittenCall(name, call.called_at, call.number, who, organisation)


def of_child(alert: AlertLine, *, by: Actor) -> list[NumberLine]:
    """Whom the duty desk calls about a child at a post, the first number first. Raises NotVisible."""
    row = child_alerts.row(alert.id, by=by)
    return rows.numbers(row.party, row.organisation_id, row.id, by.organisation_id)


def of_family(family_id: uuid.UUID, *, by: Actor) -> tuple[FamilyNotice, list[NumberLine]]:
    """A family notice that nobody has seen for a day, and whom to call; raises NotPermitted, NotVisible."""
    notice = family_notices.to_tell(family_id, by=by)
    return notice, rows.numbers(notice.party, notice.organisation_id, notice.id, by.organisation_id)


def of_answer(interview_id: uuid.UUID, *, by: Actor) -> tuple[ChildAlert, list[NumberLine], WrittenCall | None, bool]:
    """As `of_child`, for writing down what was answered: the duty desk, or the post itself; with the call of which the
    child authority said lately that it gave no such answer, and whether the interview was sent. Raises NotVisible."""
    alert = child_alerts.row_to_answer(interview_id, by=by)
    numbers = rows.numbers_to_ask(alert, by.organisation_id, of_post=not by.may(Permission.REFERRAL_DIRECT))
    call = rows.last_denied(alert.id) if alert.id in alert_rows.denied() else None
    return alert, numbers, _written(call), alert_rows.is_sent(alert.id)


def answered(interview_id: uuid.UUID, *, by: Actor) -> tuple[str, datetime | None, str]:
    """(the answer about a child that stands, when, whose name stands there), for who may write one down. Raises
    NotVisible."""
    alert = child_alerts.row_to_answer(interview_id, by=by)
    if alert.answered_name or alert.answered_by_id is None:
        return alert.answer, alert.answered_at, call_names.opened(alert.id, alert.answered_name)
    member = db.session.get(Member, alert.answered_by_id)
    return alert.answer, alert.answered_at, member.name if member is not None else ""


def of_alert(alert: AlertLine, *, by: Actor) -> list[NumberLine]:
    """Whom the post itself calls about its child, the first number first. Raises NotPermitted."""
    by.must(Permission.INTERVIEW_CONDUCT)
    assert by.organisation_id is not None
    return rows.numbers(alert.party, by.organisation_id, alert.id, by.organisation_id)
