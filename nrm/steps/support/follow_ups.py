"""When a follow-up begins and when it is over, inside the transaction of an action (ADR 0152). Needs no key."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.support.follow_ups import FOLLOW_UP, Ended, FollowUpRefusal, FollowUpRefused, Stand, due_on
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.steps.shelter import cases as case_steps
from nrm.steps.support import benefit_ends
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.support import follow_ups as rows
from nrm.vault import epochs


def held(case_id: uuid.UUID, by: Actor) -> FollowUp:
    """The newest agreement of a case that the actor's organisation holds, open or closed. Raises NotVisible,
    CaseRefused, FollowUpRefused."""
    case_steps.held_case(case_id, by)
    found = rows.newest(case_id)
    if found is None or found.organisation_id != by.organisation_id:
        raise FollowUpRefused(FollowUpRefusal.NONE)
    return found


def begin(session: Session, case_id: uuid.UUID, on: date) -> None:
    """The person left on that day: from it the days of the contacts follow. A day that was corrected moves them as long
    as nobody tried any."""
    found = rows.standing(case_id, lock=True)
    if found is None or found.begins_on == on:
        return
    there = rows.dates_of(found.id)
    if any(each.tries or each.state != Stand.OPEN for each in there):
        return
    found.begins_on = on
    if there:
        session.execute(delete(FollowUpDate).where(FollowUpDate.follow_up_id == found.id))
    for months in country().follow_up.months:
        due = due_on(on, months)
        session.add(FollowUpDate(id=uuid.uuid4(), follow_up_id=found.id, months=months, due_on=due, next_on=due))
    session.flush()


def counts_on() -> date:
    """The first day of the quarter that counts what is settled today."""
    return report_rows.first_open(Quarter.of(days.today())).start


def end(session: Session, case_id: uuid.UUID, why: Ended, by: Actor) -> bool:
    """The follow-up of the case is over, if there is one: contacts that were not made are not made any more. How she is
    reached and every word are destroyed at once, or, after the last contact, when the time for a correction is over. A
    benefit that waits is called off first, as far as the actor can read whose it is; of what nobody ended that is kept
    for a time, while one of the house waits, and of what she ended the codes alone, while the payment desk can say that
    money had gone out. Returns whether there was one. Call `erasures.carry_out` after the
    transaction."""
    found = rows.standing(case_id, lock=True)
    if found is None:
        return False
    traced = True
    if why is Ended.CAME_BACK:
        benefit_ends.carry_into_care(session, found, by)
    elif why is not Ended.FINISHED:
        traced = benefit_ends.let_go(session, found, by)
    found.ended_on, found.ended_why = days.today(), str(why)
    session.execute(
        update(FollowUpDate)
        .where(FollowUpDate.follow_up_id == found.id, FollowUpDate.state == str(Stand.OPEN))
        .values(state=str(Stand.ENDED), counts_on=counts_on())
        .execution_options(synchronize_session=False)
    )
    session.flush()
    if why is not Ended.FINISHED:
        session.execute(
            update(FollowUpDate)
            .where(FollowUpDate.follow_up_id == found.id)
            .values(alarm_on=None, alarm_by_id=None, acted_what="", acted_at=None, acted_by_id=None)
            .execution_options(synchronize_session=False)
        )
        kept = why is Ended.NO_LONGER and benefit_ends.keep_codes(session, found, by)
        if not kept and (traced or why is not Ended.LAPSED):
            epochs.erase(session, found.id, [FOLLOW_UP])
    audit.append(session, audit.Event.FOLLOW_UP_ENDED, by=by, case_id=case_id, why=str(why))
    return True


def came_back(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """The person lives in a shelter again: a follow-up that had begun is over, and is agreed anew when she leaves."""
    found = rows.standing(case_id)
    return found is not None and found.begins_on is not None and end(session, case_id, Ended.CAME_BACK, by)


def forget(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Nothing of the case is kept: its follow-ups are destroyed with all that was answered."""
    for follow_up_id in rows.ids_of(case_id):
        epochs.erase(session, follow_up_id, [FOLLOW_UP])
        session.execute(delete(FollowUpDate).where(FollowUpDate.follow_up_id == follow_up_id))
        session.execute(delete(FollowUp).where(FollowUp.id == follow_up_id))
        audit.append(session, audit.Event.FOLLOW_UP_FORGOTTEN, by=by, case_id=case_id)
