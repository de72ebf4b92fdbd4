"""Telling a party by telephone. It counts as told only when a person answered the call and gave a name."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.interviews.endings import FINAL, ChildAnswer, as_answered
from nrm.domain.interviews.family_notices import DeskAnswer
from nrm.domain.referrals.notification_calls import CallRefusal, CallRefused, MadeCall, check_call
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.models.referrals.referrals import Call
from nrm.steps.interviews import child_alerts as child_alert_steps
from nrm.steps.interviews import family_notices as family_steps
from nrm.steps.referrals import obligations as obligation_steps
from nrm.store.interviews import child_alerts, family_notices
from nrm.store.referrals import obligations
from nrm.store.rows.interviews import child_alerts as alert_rows
from nrm.store.rows.referrals import notification_calls as rows
from nrm.store.rows.referrals.notification_calls import NumberLine
from nrm.vault.unattended import call_names

_BATCH = 200


def tell(*, obligation_id: uuid.UUID, call: MadeCall, by: Actor) -> bool:
    """Record a call about what a party has to know in a case; returns whether the party counts as told now.

    A party that denied such a call is told by the duty desk, or says itself that it knows (ADR 0228). Where the duty
    desk answered in its place the party is told by nobody yet: the desk goes on calling (ADR 0248). Raises
    NotPermitted, NotVisible, CallRefused, IllegalTransition (told already).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    with transaction() as session:
        obligation, case = obligations.to_tell(obligation_id, by=by)
        if obligation.done_at is not None:
            raise IllegalTransition(TransitionRefusal.STATE)
        listed = rows.numbers(obligation.party, case.opened_by_id, obligation.id, by.organisation_id)
        since = rows.told_since(obligation)
        if call.answered and rows.denied(obligation) is not None and not by.may(Permission.REFERRAL_DIRECT):
            raise CallRefused(CallRefusal.DENIED)
        desk = call.answered and not by.may(Permission.REFERRAL_DIRECT) and rows.is_of_desk(listed, call.number)
        at = _record(session, obligation.id, listed, call, since, by, of_desk=desk)
        if desk:
            return False
        if call.answered:
            obligation_steps.fulfil(session, obligation, at, "telephone", by)
        return call.answered


def take_back(*, obligation_id: uuid.UUID, by: Actor) -> None:
    """The actor wrote down some minutes ago that somebody answered, and nobody did: that is what stands there of the
    call, and the party has to be told again.

    Both entries of the audit chain stay. Raises NotPermitted, NotVisible (`obligations.just_called` says when this can
    be done), IllegalTransition.
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    with transaction() as session:
        obligation = obligations.just_called(obligation_id, by=by)
        obligation_steps.owe_again(session, obligation, by)
        _nobody_answered(rows.last_answered(obligation.id, by.member_id))


def tell_of_child(*, interview_id: uuid.UUID, call: MadeCall, by: Actor) -> bool:
    """As `tell`, about a child at a post, before there is a case; by the duty officer.

    Raises NotPermitted, NotVisible, CallRefused, IllegalTransition.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        alert = child_alerts.row(interview_id, by=by)
        if alert.done_at is not None or alert.withdrawn_at is not None:
            raise IllegalTransition(TransitionRefusal.STATE)
        listed = rows.numbers(alert.party, alert.organisation_id, alert.id, by.organisation_id)
        at = _record(session, alert.id, listed, call, alert.told_at, by)
        if call.answered:
            child_alert_steps.acknowledge(session, alert.id, how="telephone", at=at, by=by)
        return call.answered


def tell_of_family(*, family_id: uuid.UUID, call: MadeCall, by: Actor) -> bool:
    """As `tell_of_child`, about a family notice that the child authority has not seen for a day; by the duty officer.

    Raises NotPermitted, NotVisible, CallRefused, IllegalTransition.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        notice = family_notices.to_tell(family_id, by=by)
        listed = rows.numbers(notice.party, notice.organisation_id, notice.id, by.organisation_id)
        at = _record(session, notice.id, listed, call, notice.told_at, by)
        if call.answered:
            family_steps.answered(session, notice.id, DeskAnswer.SEEN, how="telephone", at=at, by=by)
        return call.answered


def take_back_of_family(*, family_id: uuid.UUID, by: Actor) -> None:
    """As `take_back`, of a family notice: the child authority has not seen it, and has to be told.

    Raises NotPermitted, NotVisible (`family_notices.just_called` says when this can be done), IllegalTransition.
    """
    by.must(Permission.REFERRAL_DIRECT)
    with transaction() as session:
        notice = family_notices.just_called(family_id, by=by)
        family_steps.not_seen(session, notice.id, by=by)
        _nobody_answered(rows.last_answered(notice.id, by.member_id))


def seal_names() -> int:
    """Seal names that an earlier program wrote in clear; how many. It needs no key of anybody."""
    done = 0
    with transaction():
        for call in rows.in_clear(call_names.SEALED, _BATCH):
            call.name = call_names.seal(call.subject_id, call.name)
            done += 1
            # Whoever answered about a child by telephone stands there, too: the call is about the interview.
            alert = alert_rows.in_clear(call.subject_id, call_names.SEALED)
            if alert is not None:
                alert.answered_name = call_names.seal(alert.id, alert.answered_name)
                done += 1
    return done


def _nobody_answered(call: Call) -> None:
    call.answered, call.name = False, ""


def answer_for_child(
    *,
    interview_id: uuid.UUID,
    call: MadeCall,
    decision: str = "",
    seen: str | None = None,
    by: Actor,
) -> bool:
    """Record what the child authority decided by telephone about a child at a post; returns whether it decided.

    By the duty desk or by the post itself, which cannot record that the person is an adult, nor call the duty desk for
    it (ADR 0248). The authority sees it and can contradict. `seen`: the answer that stood on the page (`as_answered`);
    None for whoever saw none. Raises NotPermitted, NotVisible, CallRefused, IllegalTransition (`changed`: another
    answer was recorded, or denied, since then, ADR 0243); ValueError for an unknown decision.
    """
    with transaction() as session:
        alert = child_alerts.row_to_answer(interview_id, by=by, lock=True)
        if call.answered and seen not in (None, as_answered(alert.answer, alert.answered_at)):
            raise IllegalTransition(TransitionRefusal.CHANGED)
        if alert.opinion_at is None or alert.answer in list(FINAL) or alert.withdrawn_at is not None:
            raise IllegalTransition(TransitionRefusal.STATE)
        listed = rows.numbers_to_ask(alert, by.organisation_id, of_post=not by.may(Permission.REFERRAL_DIRECT))
        if call.answered and alert.id in alert_rows.denied() and not by.may(Permission.REFERRAL_DIRECT):
            raise CallRefused(CallRefusal.DENIED)
        at = _record(session, alert.id, listed, call, alert.told_at, by)
        if call.answered:
            said = ChildAnswer(decision)
            if said is ChildAnswer.ADULT and not by.may(Permission.REFERRAL_DIRECT):
                raise NotVisible
            child_alert_steps.answered(session, alert.id, said, how="telephone", at=at, name=call.name, by=by)
        return call.answered


def _record(
    session: Session,
    subject_id: uuid.UUID,
    listed: Sequence[NumberLine],
    call: MadeCall,
    since: datetime | None,
    by: Actor,
    *,
    of_desk: bool = False,
) -> datetime:
    """Write the call down; returns its hour: never before `since`, from when on there was something to tell. `of_desk`:
    the duty desk answered in place of the party. A call of its id is written down once."""
    if by.member_id is None:
        raise NotVisible
    numbers = [each.telephone for each in listed]
    check_call(
        call.number, call.name, answered=call.answered, numbers=numbers, at=call.at, now=clock.now(), since=since
    )
    at = call.at if since is None else max(call.at, since)
    about = rows.about_desk(subject_id) if of_desk else subject_id
    known = session.get(Call, call.id) if call.id is not None else None
    if known is not None and known.answered == call.answered:  # pressed twice; one that was taken back is made anew
        return known.called_at
    row = Call(
        id=call.id if call.id is not None and known is None else uuid.uuid4(),
        subject_id=about,
        number=call.number,
        answered=call.answered,
        name=call_names.seal(about, call.name if call.answered else ""),
        called_at=at,
        called_by_id=by.member_id,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # pressed twice at once
        return session.get_one(Call, row.id).called_at
    told = int(call.answered and not of_desk)
    audit.append(session, audit.Event.CALLED, by=by, subject_id=subject_id, answered=told, of_desk=int(of_desk))
    return at
