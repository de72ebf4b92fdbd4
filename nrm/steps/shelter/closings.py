"""Writing down inside the transaction of an action that a case is closed; every way to close a case ends here."""

from __future__ import annotations

import uuid

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.domain.shelter.closings import BY_HER_WISH, Answers, Way
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.stays import Stay
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store import days
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.rows.support import follow_ups as follow_up_rows


def close(
    session: Session,
    case: Case,
    way: Way,
    by: Actor,
    answers: Answers | None = None,
    *,
    closed_by_id: uuid.UUID | None = None,
) -> None:
    """Close an open case that the actor's organisation holds: its time under retention begins with this month.

    `closed_by_id`: the member of the holder whose act it is, if that is not the actor.

    Raises CaseRefused: `stay_open`, `missing`, `not_come` and `mistaken`, whichever way it would be closed; `closed` if
    somebody else was faster (ADR 0232); `not_found` where it would be closed as the wish of somebody who is not found
    (ADR 0238).
    """
    today = days.today()
    if session.scalar(select(exists().where(Stay.case_id == case.id, Stay.ended_on.is_(None)))):
        raise CaseRefused(CaseRefusal.STAY_OPEN)
    if absence_rows.stands(case.id) is not None:
        raise CaseRefused(CaseRefusal.MISSING)
    if (owed := word_owed(session, case.id)) is not None:
        raise CaseRefused(owed)
    if way in (Way.ERASED, Way.WITHDRAWN) and nobody_found(case.id):
        raise CaseRefused(CaseRefusal.NOT_FOUND)
    hit = hit_one(
        session,
        update(Case)
        .where(Case.id == case.id, Case.status == "open", Case.holder_id == case.holder_id)
        .values(status="closed", closed_month=today.replace(day=1)),
    )
    if not hit:
        raise CaseRefused(CaseRefusal.CLOSED)
    session.add(
        Closing(
            id=uuid.uuid4(),
            case_id=case.id,
            organisation_id=case.holder_id,
            way=str(way),
            closed_on=today,
            closed_by_id=closed_by_id or by.member_id,
            follow_up=str(answers.follow_up) if answers else "",
            documents=str(answers.documents) if answers else "",
            debts=str(answers.debts) if answers else "",
            by_her_wish=way in BY_HER_WISH,
        )
    )
    session.flush()
    follow_up_steps.begin(session, case.id, follow_up_rows.last_end(case.id) or today)
    audit.append(session, audit.Event.CASE_CLOSED, by=by, case_id=case.id)


def word_owed(session: Session, case_id: uuid.UUID) -> CaseRefusal | None:
    """Why nobody closes the case of a person of whom the holder has not said where they are: `not_come`, or `mistaken`
    where the holder accepted by mistake. None where nothing is owed."""
    waits = referral_rows.waits_for_word(case_id)
    if waits is None:
        return None
    status = session.scalar(select(Referral.status).where(Referral.id == waits))
    return CaseRefusal.MISTAKEN if status == ReferralStatus.MISTAKEN else CaseRefusal.NOT_COME


def nobody_found(case_id: uuid.UUID) -> bool:
    """Whether the person was missing, was not found, and has come to no shelter since: whoever has not been seen has
    said no wish, and two members of a house alone would erase what leads to the person (ADR 0238)."""
    return not closing_rows.came_back(case_id) and absence_rows.was_not_found(case_id)


def nothing_is_kept(session: Session, case: Case) -> None:
    """The person of a closed case wishes that nothing is kept: nobody opens it again."""
    standing = (Closing.case_id == case.id, Closing.reopened_on.is_(None))
    session.execute(update(Closing).where(*standing).values(by_her_wish=True))
