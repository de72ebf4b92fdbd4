"""Telling the child authority, asking it and taking it back, inside the transaction of an action."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.agreement.agreements import Agreement, Duty
from nrm.domain.interviews.endings import (
    AGE_CHANGED,
    ANSWER_WITHIN,
    BY_TELEPHONE,
    CALL_TAKE_BACK_WITHIN,
    CHILD_ROUTE,
    FINAL,
    TAKE_BACK_WITHIN,
    ChildAnswer,
    ChildWaits,
    EndReason,
    is_child,
)
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Call, ChildAlert, Obligation
from nrm.store.countries import country
from nrm.store.rows.interviews import child_alerts as rows
from nrm.store.rows.interviews.child_alerts import GOES_ON
from nrm.vault.unattended import call_names

_NOTIFY = "notify"


def concerned(questionnaire: Questionnaire, before: Answers, after: Answers) -> bool:
    """Whether the answer changed that decides if the child authority is told; `tell` does nothing otherwise."""
    return bool(before.get(questionnaire.derive["age"]) != after.get(questionnaire.derive["age"]))


def tell(
    session: Session,
    interview_id: uuid.UUID,
    questionnaire: Questionnaire,
    before: Answers,
    after: Answers,
    *,
    by: Actor,
) -> None:
    """Tell the child authority if the age answer became that of a child; ask it if it is an adult's now."""
    if not concerned(questionnaire, before, after):
        return
    age = after.get(questionnaire.derive["age"])
    alert = session.get(ChildAlert, interview_id, populate_existing=True, with_for_update=True)
    if age is None and alert is not None and alert.withdrawn_at is None:
        age = "unsure"  # taken out, which says no age
    if not is_child(age):
        if alert is not None and alert.withdrawn_at is None:
            _says_adult(session, alert, by=by)
        return
    if alert is not None and alert.withdrawn_at is None:
        alert.age_class = str(age)  # it was told already; the desk sees the present answer
        if alert.opinion_why == AGE_CHANGED and not alert.answer:
            alert.opinion_at = alert.answer_due_at = None
            alert.opinion_why = ""
        return
    found = clause_that_tells(country().in_force(clock.now()))
    if found is None:
        return
    number, duty = found
    if alert is None:
        alert = ChildAlert(id=interview_id, organisation_id=by.organisation_id)
        session.add(alert)
    alert.party, alert.clause, alert.age_class = duty.party, number, str(age)
    alert.told_at, alert.due_at = clock.now(), clock.now() + (duty.within or timedelta(0))
    alert.done_at = alert.done_by_id = alert.withdrawn_at = None
    alert.withdrawn_why = ""
    alert.opinion_at = alert.answer_due_at = alert.answered_at = alert.answered_by_id = None
    alert.opinion_why = alert.answer = alert.answer_how = alert.answered_name = ""
    session.flush()
    audit.append(session, audit.Event.CHILD_AUTHORITY_TOLD, by=by, interview_id=interview_id, clause=number)


def _says_adult(session: Session, alert: ChildAlert, *, by: Actor) -> None:
    """The post's word alone takes nothing back: the desk reads what the post says, and is asked if it was not yet."""
    alert.age_class = "adult"
    session.flush()
    ask_again(session, alert.id, AGE_CHANGED, by=by)


def clause_that_tells(agreement: Agreement) -> tuple[str, Duty] | None:
    """(number, duty) of the first clause by which a party of child protection is told."""
    for clause in agreement.of_referral:
        for duty in clause.duties:
            party = agreement.parties.get(duty.party)
            if duty.kind == _NOTIFY and party is not None and party.kind is OrganisationKind.CHILD_PROTECTION:
                return clause.number, duty
    return None


def withdraw(session: Session, interview_id: uuid.UUID, why: str, *, by: Actor) -> None:
    """Take back what was told, if anything was; `why`: `not_named` (by the route)."""
    hit = hit_one(
        session,
        update(ChildAlert)
        .where(ChildAlert.id == interview_id, ChildAlert.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now(), withdrawn_why=why),
    )
    if hit:
        audit.append(session, audit.Event.CHILD_ALERT_WITHDRAWN, by=by, interview_id=interview_id, why=why)


def ask(
    session: Session,
    interview_id: uuid.UUID,
    questionnaire: Questionnaire,
    answers: Answers,
    reason: str,
    *,
    by: Actor,
) -> None:
    """Ask the child authority what happens with a child of whom the post saw no indicator; a second time changes
    nothing. Who was not told before is told now. Raises ChildWaits where nobody is to be told by the agreement."""
    tell(session, interview_id, questionnaire, {}, answers, by=by)
    session.flush()
    if rows.live(interview_id) is None:
        raise ChildWaits
    ask_again(session, interview_id, reason, by=by)


def ask_again(session: Session, interview_id: uuid.UUID, reason: str, *, by: Actor) -> bool:
    """Ask, unless an answer is awaited or the answer lets the interview end; if the child is to stay, ask once more."""
    final = [str(each) for each in FINAL]
    asked = hit_one(
        session,
        update(ChildAlert)
        .where(
            ChildAlert.id == interview_id,
            ChildAlert.withdrawn_at.is_(None),
            (ChildAlert.opinion_at.is_(None)) | ((ChildAlert.answer != "") & ChildAlert.answer.not_in(final)),
        )
        .values(
            opinion_at=clock.now(),
            answer_due_at=clock.now() + ANSWER_WITHIN,
            opinion_why=reason,
            answer="",
            answer_how="",
            answered_at=None,
            answered_by_id=None,
            answered_name="",
        ),
    )
    if asked:
        audit.append(session, audit.Event.CHILD_OPINION_GIVEN, by=by, interview_id=interview_id, why=reason)
    return asked


def acknowledge(session: Session, interview_id: uuid.UUID, *, how: str, at: datetime, by: Actor) -> None:
    """The child authority knows; raises IllegalTransition if it said so before or the message was taken back."""
    statement = (
        update(ChildAlert)
        .where(ChildAlert.id == interview_id, ChildAlert.done_at.is_(None), ChildAlert.withdrawn_at.is_(None))
        .values(done_at=at, done_by_id=by.member_id)
    )
    if not hit_one(session, statement):
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(session, audit.Event.CHILD_ALERT_ACKNOWLEDGED, by=by, interview_id=interview_id, how=how)


def take_back_known(session: Session, interview_id: uuid.UUID, *, by: Actor) -> None:
    """It was said by mistake that the child authority knows; raises IllegalTransition once it answered, and later.

    The child authority takes back what it said itself for fifteen minutes, and what others wrote down at any time; the
    duty desk what it wrote down after a call, for some hours.
    """
    by_duty, by_others = (
        ChildAlert.done_by_id.in_(
            select(Member.id).join(Organisation, Organisation.id == Member.organisation_id).where(of)
        )
        for of in (
            Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY,
            Organisation.kind != OrganisationKind.CHILD_PROTECTION,
        )
    )
    now = clock.now()
    may = (
        by_duty & (ChildAlert.done_at > now - CALL_TAKE_BACK_WITHIN)
        if by.may(Permission.REFERRAL_DIRECT)
        else by_others | (ChildAlert.done_at > now - TAKE_BACK_WITHIN)
    )
    statement = (
        update(ChildAlert)
        .where(
            ChildAlert.id == interview_id,
            ChildAlert.done_at.is_not(None),
            may,
            ChildAlert.answer == "",
            ChildAlert.withdrawn_at.is_(None),
        )
        .values(done_at=None, done_by_id=None)
    )
    if not hit_one(session, statement):
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(session, audit.Event.CHILD_ALERT_NOT_KNOWN, by=by, interview_id=interview_id)


def answered(
    session: Session,
    interview_id: uuid.UUID,
    answer: ChildAnswer,
    *,
    how: str,
    at: datetime,
    by: Actor,
    name: str = "",
) -> None:
    """Record the final decision about the child, once. An answer also acknowledges. Raises IllegalTransition.

    The answer that the post is right, and that the person is an adult, takes back what was told. So does any answer
    about an interview that was sent: it was given anew after a denial, and the case is with others (ADR 0234).
    """
    agreed = answer is ChildAnswer.ADULT
    over = "age_changed" if agreed else "not_named" if rows.is_sent(interview_id) else ""
    hit = hit_one(
        session,
        update(ChildAlert)
        .where(
            ChildAlert.id == interview_id,
            ChildAlert.age_class.in_(("adult",) if agreed else ("adult", *CHILD_ROUTE)),
            ChildAlert.opinion_at.is_not(None),
            ChildAlert.answer.not_in([str(each) for each in FINAL]),
            ChildAlert.withdrawn_at.is_(None),
        )
        .values(
            answer=str(answer),
            answer_how=how,
            answered_at=at,
            answered_by_id=by.member_id,
            answered_name=call_names.seal(interview_id, name),
            done_at=func.coalesce(ChildAlert.done_at, at),
            done_by_id=func.coalesce(ChildAlert.done_by_id, by.member_id),
            **({"withdrawn_at": at, "withdrawn_why": over} if over else {}),
        ),
    )
    if not hit:
        raise IllegalTransition(TransitionRefusal.STATE)
    audit.append(session, audit.Event.CHILD_ANSWERED, by=by, interview_id=interview_id, answer=str(answer), how=how)
    if over:
        audit.append(session, audit.Event.CHILD_ALERT_WITHDRAWN, by=by, interview_id=interview_id, why=over)


def contradicted(session: Session, interview_id: uuid.UUID, *, by: Actor) -> None:
    """The child authority did not say what was written down as said by telephone: it is asked again, also where the
    interview was sent by it and the notice was taken back (ADR 0234).

    Raises IllegalTransition if nothing was written down, or the interview is destroyed.
    """
    recorded_by = session.scalar(select(ChildAlert.answered_by_id).where(ChildAlert.id == interview_id))
    status = select(Interview.status).where(Interview.id == interview_id).scalar_subquery()
    hit = hit_one(
        session,
        update(ChildAlert)
        .where(
            ChildAlert.id == interview_id,
            ChildAlert.answer != "",
            ChildAlert.answer_how == BY_TELEPHONE,
            (ChildAlert.withdrawn_at.is_(None) | (ChildAlert.answer == ChildAnswer.ADULT)) & status.in_(GOES_ON)
            | ChildAlert.withdrawn_why.in_(("age_changed", "not_named")) & (status == "sent"),
        )
        .values(
            withdrawn_at=None,
            withdrawn_why="",
            answer="",
            answer_how="",
            answered_at=None,
            answered_by_id=None,
            answered_name="",
            opinion_at=clock.now(),
            answer_due_at=clock.now() + ANSWER_WITHIN,
        ),
    )
    if not hit:
        raise IllegalTransition(TransitionRefusal.STATE)
    event = audit.Event.CHILD_ANSWER_CONTRADICTED
    audit.append(session, event, by=by, interview_id=interview_id, recorded_by_id=recorded_by)


def answered_by_telephone(interview_id: uuid.UUID) -> bool:
    """Whether the answer that lets the interview end was written down by somebody else than the child authority."""
    alert = rows.live(interview_id)
    return alert is not None and alert.answer_how == BY_TELEPHONE


def check_may_go(interview_id: uuid.UUID) -> None:
    """Raise ChildWaits where `let_go` would; nothing is changed."""
    alert = rows.live(interview_id)
    if alert is not None and alert.answer not in list(FINAL):
        raise ChildWaits


def let_go(session: Session, interview_id: uuid.UUID, *, child: bool, by: Actor) -> bool:
    """The interview ends without a case: delete what the child authority was told, if its answer allows the end, and
    say whether that tells what becomes of the person: of an interview that the post began by mistake it does not.

    `child`: the person is a child by the answers, even if nobody was told. Raises ChildWaits without such an answer.
    """
    hit = hit_one(
        session,
        update(ChildAlert)
        .where(
            ChildAlert.id == interview_id,
            ChildAlert.withdrawn_at.is_(None),
            ChildAlert.answer.in_([str(each) for each in FINAL]),
        )
        .values(withdrawn_at=clock.now(), withdrawn_why="answered"),
    )
    if hit:
        audit.append(session, audit.Event.CHILD_ALERT_WITHDRAWN, by=by, interview_id=interview_id, why="answered")
    elif child or rows.live(interview_id) is not None:
        raise ChildWaits
    why = session.scalar(select(ChildAlert.opinion_why).where(ChildAlert.id == interview_id))
    return hit and why != EndReason.MISTAKEN


def told(session: Session, interview_id: uuid.UUID, owed: Iterable[Obligation], *, by: Actor) -> None:
    """The interview became a case: move what was told, with its hours, into the obligation of the case."""
    alert = session.scalar(
        select(ChildAlert).where(ChildAlert.id == interview_id, ChildAlert.withdrawn_at.is_(None)).with_for_update()
    )
    if alert is None:
        return
    obligation = next((each for each in owed if each.kind == _NOTIFY and each.party == alert.party), None)
    if obligation is None:
        withdraw(session, interview_id, "not_named", by=by)
        return
    obligation.due_at, obligation.done_at, obligation.done_by_id = alert.due_at, alert.done_at, alert.done_by_id
    obligation.id = uuid.uuid4()
    session.execute(update(Call).where(Call.subject_id == alert.id).values(subject_id=obligation.id))
    session.delete(alert)
