"""When a follow-up begins and when it is over, inside the transaction of an action (ADR 0152, 0197). Needs no key."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.domain.support.follow_ups import (
    FOLLOW_UP,
    Ended,
    FollowUpRefusal,
    FollowUpRefused,
    Stand,
    due_on,
    why_not_ended,
)
from nrm.models.shelter.cases import Case
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter.data_requests import answer_by_doing
from nrm.steps.support import benefit_ends
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.shelter import data_requests as request_rows
from nrm.store.rows.shelter import key_workers as key_worker_rows
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
    as nobody tried any, or raised an alarm."""
    found = rows.standing(case_id, lock=True)
    if found is None or found.begins_on == on:
        return
    there = rows.dates_of(found.id)
    if any(each.tries or each.state != Stand.OPEN or each.alarm_on or each.safe_at for each in there):
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


def end(session: Session, case_id: uuid.UUID, why: Ended, by: Actor, *, for_a_week: bool = False) -> bool:
    """The follow-up of the case is over, if there is one: contacts that were not made are not made any more. How she is
    reached and every word are destroyed at once; after the last contact, when the time for a correction is over; and
    where she ended it, once that can no longer be taken back. A benefit that waits is called off first, as far as the
    actor can read whose it is; of what nobody ended that is kept for a time, while one of the house waits, and of what
    she ended the codes alone, while the payment desk can say that money had gone out. Who was not safe then stays
    marked as that, and no list names her any more: whoever calls this has checked it (`check_ending`). What the
    person asked for is answered by it. `for_a_week`: time destroys it, once the press can no longer be taken back.
    Returns whether there was one. Call `erasures.carry_out` after the transaction."""
    found = rows.standing(case_id, lock=True)
    if found is None and why not in (Ended.FINISHED, Ended.LAPSED):
        found = over_but_waits(case_id)
    if found is None:
        return False
    if why is not Ended.FINISHED or not rows.unsafe(case_id):
        answer_by_doing(session, case_id, RequestKind.NO_FOLLOW_UP, RequestStatus.PASSED_ON, by)
    if found.ended_on is not None and found.ended_why != Ended.FINISHED:
        _let_alarms_go(session, found)  # nothing else was left of it
        audit.append(session, audit.Event.FOLLOW_UP_ENDED, by=by, case_id=case_id, why=str(why))
        return True
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
        _let_alarms_go(session, found)
        if why is Ended.NO_LONGER:
            benefit_ends.keep_codes(session, found, by)
        kept = for_a_week or why is Ended.NO_LONGER
        if not kept and (traced or why is not Ended.LAPSED):
            epochs.erase(session, found.id, rows.sealed_of(found.id))
    audit.append(session, audit.Event.FOLLOW_UP_ENDED, by=by, case_id=case_id, why=str(why))
    return True


def _let_alarms_go(session: Session, found: FollowUp) -> None:
    """No list names the person any more. Who was not safe stays marked by who said so, with what the house did: it is
    never made to look as if somebody had recorded her as safe."""
    mine = update(FollowUpDate).where(FollowUpDate.follow_up_id == found.id)
    nobody_said_so = mine.where(FollowUpDate.alarm_by_id.is_(None))
    gone = {"acted_what": "", "acted_at": None, "acted_by_id": None}
    session.execute(nobody_said_so.values(**gone).execution_options(synchronize_session=False))
    session.execute(mine.values(alarm_on=None).execution_options(synchronize_session=False))


def leads(by: Actor) -> bool:
    """Whether the actor decides for the house about somebody who is not safe: its manager, and where there is none
    everybody who works with stays."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return False
    return by.may(Permission.TEAM_MANAGE) or not key_worker_rows.has_leader(by.organisation_id)


def check_ending(case_id: uuid.UUID, by: Actor) -> None:
    """Raise FollowUpRefused while the person is not safe, unless the actor may end it all the same: the manager, of an
    adult, after the house said what it does. A child's nobody else ends at any time."""
    waiting = rows.unsafe(case_id)
    adult = db.session.get_one(Case, case_id).age_class == "adult"
    acted = all(each.acted_at is not None for each in waiting)
    why_not = why_not_ended(alarm=bool(waiting), acted=acted, adult=adult, leads=leads(by))
    if why_not is not None:
        raise FollowUpRefused(why_not)


def check_forgetting(case_id: uuid.UUID) -> None:
    """Raise CaseRefused while the person is not safe: by what is sealed of the follow-up she is found."""
    if rows.unsafe(case_id):
        raise CaseRefused(CaseRefusal.NOT_SAFE)


def over_but_waits(case_id: uuid.UUID) -> FollowUp | None:
    """An agreement that is over, and that can be ended all the same: the person is not safe still, or her wish that
    nobody stays in touch waits for an answer."""
    return rows.over_but_unsafe(case_id) or (
        rows.newest(case_id) if request_rows.asked_no_follow_up(case_id) is not None else None
    )


def came_back(session: Session, case_id: uuid.UUID, by: Actor, *, for_a_week: bool = False) -> bool:
    """The person lives in a shelter again: a follow-up that had begun is over, and is agreed anew when she leaves. Of
    who is not safe an admission ends nothing: it may be somebody else who came under her code (ADR 0202)."""
    found = rows.standing(case_id) or over_but_waits(case_id)
    if found is None or found.begins_on is None or rows.unsafe(case_id):
        return False
    return end(session, case_id, Ended.CAME_BACK, by, for_a_week=for_a_week)


def safe_again(session: Session, found: FollowUp, by: Actor) -> bool:
    """It is recorded that the person is safe: if she lives in a shelter again, what an admission left to stand is over.
    What is sealed of it is kept for a week, so that the press can be taken back (ADR 0210). Call `erasures.carry_out`
    after the transaction."""
    session.flush()
    lives_here = rows.was_admitted_since(found, lives_here=True)
    return lives_here and came_back(session, found.case_id, by, for_a_week=True)


def goes_on(session: Session, found: FollowUp) -> bool:
    """That the person is safe was pressed by mistake: what ended with it goes on as it was. False where it did not end
    with it, or is destroyed already."""
    if found.ended_why != Ended.CAME_BACK or not rows.is_sealed(found.id):
        return False
    _stands_again(session, found)
    return True


def _stands_again(session: Session, found: FollowUp) -> None:
    found.ended_on, found.ended_why = None, ""
    not_made = (FollowUpDate.follow_up_id == found.id, FollowUpDate.state == str(Stand.ENDED))
    again = update(FollowUpDate).where(*not_made).values(state=str(Stand.OPEN), counts_on=None)
    session.execute(again.execution_options(synchronize_session=False))


def take_end_back(session: Session, found: FollowUp, by: Actor) -> bool:
    """It was not the person who wants it no more: it goes on as it was, also an alarm that stood. What was called off
    by it stays called off. False where it did not end so, or is destroyed already (ADR 0215)."""
    if not rows.end_is_kept(found):
        return False
    _stands_again(session, found)
    was_not_safe = _alarms_again(session, found.id)
    session.flush()
    audit.append(session, audit.Event.FOLLOW_UP_END_TAKEN_BACK, by=by, case_id=found.case_id)
    if was_not_safe:
        audit.append(session, audit.Event.FOLLOW_UP_NOT_SAFE, by=by, case_id=found.case_id)
    if found.begins_on is not None and not rows.has_open(found.id):  # the last contact had been made
        found.ended_on, found.ended_why = days.today(), str(Ended.FINISHED)
        audit.append(session, audit.Event.FOLLOW_UP_ENDED, by=by, case_id=found.case_id, why=str(Ended.FINISHED))
    return True


def _alarms_again(session: Session, follow_up_id: uuid.UUID) -> bool:
    """What was let go while the person was not safe stands on the lists again, from today on; whether there was any."""
    let_go = update(FollowUpDate).where(FollowUpDate.follow_up_id == follow_up_id, rows.let_go())
    again = let_go.values(alarm_on=days.today()).returning(FollowUpDate.id)
    return bool(session.execute(again.execution_options(synchronize_session=False)).all())


def did_not_come_back(session: Session, case_id: uuid.UUID, known_on: date) -> None:
    """The admission that was entered on that day was a mistake: an alarm that it took off the lists, before ADR 0202,
    waits again."""
    found = rows.newest(case_id)
    if found is None or found.ended_why != Ended.CAME_BACK or found.ended_on != known_on:
        return
    _alarms_again(session, found.id)


def forget(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Nothing of the case is kept: its follow-ups are destroyed with all that was answered. Raises CaseRefused while
    the person is not safe."""
    check_forgetting(case_id)
    answer_by_doing(session, case_id, RequestKind.NO_FOLLOW_UP, RequestStatus.PASSED_ON, by)
    for follow_up_id in rows.ids_of(case_id):
        epochs.erase(session, follow_up_id, {FOLLOW_UP, *rows.sealed_of(follow_up_id)})
        session.execute(delete(FollowUpDate).where(FollowUpDate.follow_up_id == follow_up_id))
        session.execute(delete(FollowUp).where(FollowUp.id == follow_up_id))
        audit.append(session, audit.Event.FOLLOW_UP_FORGOTTEN, by=by, case_id=case_id)
