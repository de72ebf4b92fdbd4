"""Striking a wrong entry about a stay by a new one: the day of admission, the end, and an arrival that never was.

Nothing that was entered goes: the correction keeps what it strikes, with who did it and why (ADR 0066).
"""

from __future__ import annotations

import contextlib
import uuid
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import ReferralEvent, ReferralStatus, decide
from nrm.domain.shelter.absences import AbsenceRefusal, AbsenceRefused, Outcome, check_mistake
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.closings import Answers, Debts, Documents, FollowUp, Way
from nrm.domain.shelter.corrections import (
    ALONE_WITHIN,
    CorrectionRefusal,
    CorrectionRefused,
    Kind,
    MistakeRefusal,
    MistakeRefused,
    MistakeWhy,
    MistakeWord,
    Why,
    check_opened_by_mistake,
    check_take_back,
)
from nrm.domain.shelter.direct_intake import CAME_WITH
from nrm.domain.shelter.places import PlaceRefused
from nrm.domain.shelter.stays import (
    ExitReason,
    ImpossibleStay,
    Period,
    StayRefusal,
    check_admission,
    check_dates,
    check_no_overlap,
)
from nrm.domain.support.early_nights import counts_from
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.models.shelter.stays import Stay
from nrm.steps.referrals import mistakes as referral_mistakes
from nrm.steps.referrals import obligations as obligation_steps
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import missing_told as told_steps
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter.arrivals import check_not_away, strike_stay
from nrm.steps.shelter.corrections import NO_END, append, first_day, last_day, other_place, strike
from nrm.steps.shelter.leaving import Exit, away_again, let_out
from nrm.steps.shelter.stays import earliest_day
from nrm.store import days
from nrm.store.referrals import referrals
from nrm.store.rows.accounts import occasions
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import case_mistakes as mistake_rows
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.rows.shelter import places as place_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import absences as absence_store
from nrm.store.shelter import cases, closings
from nrm.store.shelter import stays as store
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import compartments as vault
from nrm.vault import members

CannotOpen = members.CannotOpen


def correct_admission(*, stay_id: uuid.UUID, admitted_on: date, why: Why, by: Actor) -> None:
    """The person came on another day than was entered.

    Raises NotPermitted, NotVisible, CorrectionRefused, ImpossibleStay.
    """
    with transaction() as session:
        case, stay = _of_own_case(session, stay_id, by)
        if admitted_on == stay.admitted_on:
            raise CorrectionRefused(CorrectionRefusal.SAME)
        check_dates(admitted_on, today=days.today(), anticipated_end_on=stay.anticipated_end_on)
        if stay.ended_on is not None and admitted_on > stay.ended_on:
            raise ImpossibleStay(StayRefusal.EXIT_BEFORE_ADMISSION)
        referral = session.get_one(Referral, stay.referral_id) if stay.referral_id is not None else None
        check_admission(admitted_on, earliest=earliest_day(session, case, referral))
        missed = session.scalar(
            select(func.min(Missing.since_on)).where(Missing.stay_id == stay.id, Missing.outcome != Outcome.MISTAKE)
        )
        was_away = select(func.min(Away.since_on)).where(Away.stay_id == stay.id, Away.outcome != Over.STRUCK)
        if any(each is not None and admitted_on > each for each in (missed, session.scalar(was_away))):
            raise CorrectionRefused(CorrectionRefusal.BEFORE_ABSENCE)
        period = Period(admitted_on, stay.ended_on)
        check_no_overlap(period, stay_rows.periods_of(case.id, but=stay.id))
        first_day(session, stay, admitted_on, by)
        counted = stay.counts_from or stay.admitted_on
        first = counts_from(admitted_on, stay.known_on, referred=referral is not None, counted=counted)
        entered_by = by.member_id if first is not None else None
        strike(
            session,
            stay,
            Kind.ADMISSION,
            why,
            by,
            admitted_on=admitted_on,
            counts_from=first,
            early_by_id=entered_by,
        )


def reopen(
    *, stay_id: uuid.UUID, place_id: uuid.UUID | None, with_stay_id: uuid.UUID | None = None, why: Why, by: Actor
) -> None:
    """The person did not leave: the end is struck, and the stay goes on in this place since the day of the wrong end.

    An end that two members recorded needs a `doubt` of another member first. `with_stay_id`, without a place: as in
    `stays.admit`. Raises NotPermitted, NotVisible, CorrectionRefused, ImpossibleStay.
    """
    with transaction() as session:
        case, stay = _of_own_case(session, stay_id, by)
        ended_on = _wrong_end(session, case, stay)
        left = _of_two(session, stay)
        if left is not None and left.doubted_by_id is None:
            raise CorrectionRefused(CorrectionRefusal.TWO_STRIKE)
        if left is not None and left.doubted_by_id == by.member_id:
            raise CorrectionRefused(CorrectionRefusal.SAME_MEMBER)
        if any(each.exited_on is None or each.exited_on > ended_on for each in _others(case, stay)):
            raise CorrectionRefused(CorrectionRefusal.LATER_STAY)
        if place_id is None:
            if with_stay_id is None:
                raise ImpossibleStay(StayRefusal.PLACE_NOT_THERE)
            place_steps.check_mother(with_stay_id, case, by)
        if left is not None:
            left.struck_on, left.struck_by_id = days.today(), by.member_id
            left.desk_knows = left.authority_knows = False
            left.desk_known_on = left.authority_known_on = None
            session.flush()
        strike(session, stay, Kind.EXIT, why, by, **NO_END)
        place_steps.begin(session, stay, place_id=place_id, with_stay_id=with_stay_id, from_on=ended_on, by=by)


def doubt(*, stay_id: uuid.UUID, why: Why, by: Actor) -> None:
    """One member says that an end which two members recorded was wrong; another member strikes it with `reopen`.

    Raises NotPermitted, NotVisible, CorrectionRefused.
    """
    with transaction() as session:
        case, stay = _of_own_case(session, stay_id, by)
        _wrong_end(session, case, stay)
        left = _of_two(session, stay)
        if left is None:
            raise CorrectionRefused(CorrectionRefusal.NO_DOUBT)
        if left.doubted_by_id is not None:
            raise CorrectionRefused(CorrectionRefusal.SAME_MEMBER)
        left.doubted_by_id, left.doubted_why = by.member_id, str(why)
        session.flush()
        audit.append(session, audit.Event.END_DOUBTED, by=by, case_id=case.id, left_id=left.id, why=str(why))


def take_back_doubt(*, stay_id: uuid.UUID, by: Actor) -> None:
    """The end was right after all. Raises NotPermitted, NotVisible, CorrectionRefused (`no_doubt`)."""
    with transaction() as session:
        case, stay = _of_own_case(session, stay_id, by)
        left = _of_two(session, stay)
        if left is None or left.doubted_by_id is None:
            raise CorrectionRefused(CorrectionRefusal.NO_DOUBT)
        left.doubted_by_id, left.doubted_why = None, ""
        session.flush()
        audit.append(session, audit.Event.END_DOUBT_TAKEN_BACK, by=by, case_id=case.id, left_id=left.id)


def _of_two(session: Session, stay: Stay) -> LeftAlone | None:
    """The record of two members that ended the stay, locked; None for any other end."""
    if stay.exit_reason not in (ExitReason.LEFT_ALONE, ExitReason.DIED):
        return None
    record = (
        select(LeftAlone)
        .where(LeftAlone.stay_id == stay.id, LeftAlone.withdrawn_on.is_(None), LeftAlone.struck_on.is_(None))
        .with_for_update()
    )
    return session.scalar(record.execution_options(populate_existing=True))


def correct_exit(*, stay_id: uuid.UUID, exit_: Exit, why: Why, by: Actor) -> None:
    """The person left on another day, for another reason or to another place. The gates are asked as for any end.

    Raises NotPermitted, NotVisible, CorrectionRefused, ImpossibleStay, permits.GateClosed.
    """
    with transaction() as session:
        _correct_exit(session, stay_id, exit_, why, by)


def check_exit(*, stay_id: uuid.UUID, exit_: Exit, by: Actor) -> None:
    """Whether `correct_exit` would do this now: raises what it raises, and changes nothing."""
    with contextlib.suppress(_OnlyAsked), transaction() as session:
        _correct_exit(session, stay_id, exit_, None, by)


class _OnlyAsked(Exception):
    """Everything is as it should be; what was tried is undone."""


def _correct_exit(session: Session, stay_id: uuid.UUID, exit_: Exit, why: Why | None, by: Actor) -> None:
    case, stay = _of_own_case(session, stay_id, by)
    _wrong_end(session, case, stay)
    if stay.exit_reason in (ExitReason.LEFT_ALONE, ExitReason.DIED):  # two members said so: it is struck, not changed
        raise CorrectionRefused(CorrectionRefusal.TWO_MEMBERS)
    values = let_out(case, stay.admitted_on, exit_, by)
    told = ("ended_on", "exit_reason", "destination", "destination_country")
    if all(getattr(stay, name) == values[name] for name in told):
        raise CorrectionRefused(CorrectionRefusal.SAME)
    period = Period(stay.admitted_on, exit_.ended_on)
    check_no_overlap(period, _others(case, stay), StayRefusal.OVERLAPS_LATER)
    last_day(session, stay, exit_.ended_on, by)
    if why is None:
        raise _OnlyAsked
    strike(session, stay, Kind.EXIT, why, by, **values)


def take_back_arrival(*, referral_id: uuid.UUID, why: Why, by: Actor) -> uuid.UUID:
    """The person has not arrived: the referral waits for them again, and a stay that was begun counts nowhere.

    The arrival of a move is not taken back: the person would be nowhere, because the stay and the keys of the shelter
    that sent them ended with it.

    Returns the case. Raises NotPermitted, NotVisible, CorrectionRefused, IllegalTransition.
    """
    with transaction() as session:
        return _take_back_arrival(session, referral_id, why, by)


def check_arrival_back(*, referral_id: uuid.UUID, by: Actor) -> None:
    """Whether `take_back_arrival` would do this now: raises what it raises, and changes nothing."""
    with contextlib.suppress(_OnlyAsked), transaction() as session:
        _take_back_arrival(session, referral_id, None, by)


def _take_back_arrival(session: Session, referral_id: uuid.UUID, why: Why | None, by: Actor) -> uuid.UUID:
    by.must(Permission.REFERRAL_DECIDE)
    by.must(Permission.STAY_MANAGE)
    referral = referrals.row(referral_id, by=by, lock=True)
    case = session.get_one(Case, referral.case_id, populate_existing=True, with_for_update=True)
    after = decide(
        ReferralStatus(referral.status),
        ReferralEvent.TAKE_BACK_ARRIVAL,
        referrals.relation_to(referral, by=by),
        terms=referral_rows.terms(referral),
        at=clock.now(),
    )
    _check_held(case, by)
    if transfer_rows.is_move(referral):
        raise CorrectionRefused(CorrectionRefusal.OF_A_MOVE)
    later = select(Referral.id).where(Referral.case_id == case.id, Referral.position > referral.position)
    if session.scalar(later.limit(1)) is not None:
        raise CorrectionRefused(CorrectionRefusal.SENT_ON)
    if absence_rows.stands(case.id) is not None:
        raise CorrectionRefused(CorrectionRefusal.MISSING_STANDS)
    begun = select(Stay).where(Stay.referral_id == referral.id, Stay.taken_back_on.is_(None)).with_for_update()
    stay = session.scalar(begun.execution_options(populate_existing=True))
    if stay is not None:
        _check_never_there(stay)
    if why is None:
        raise _OnlyAsked
    if stay is not None:
        strike_stay(session, stay, why, by)
        _keep_again(session, referral, stay, by)
    referral.status = str(after)
    referral_mistakes.await_as_before(session, referral)
    obligation_steps.ask_of_children_again(session, case.id, by)
    audit.append(
        session,
        audit.Event.ARRIVAL_TAKEN_BACK,
        by=by,
        case_id=case.id,
        referral_id=referral.id,
        stay_id=stay.id if stay is not None else None,
        why=str(why),
    )
    return case.id


def opened_by_mistake(*, stay_id: uuid.UUID, why: Why, by: Actor) -> uuid.UUID:
    """The case was opened twice, or for nobody, or somebody else came under the code of a former resident: the stay
    counts nowhere. A case that was opened by mistake can be erased or closed; of the other see `close_again`. More than
    a day after the stay was entered another member says so than who entered it; after a month nobody does.

    Returns the case. Raises NotPermitted, NotVisible, CorrectionRefused (`no_arrival`, `referred`, `missing_stands`,
    `another`, `opened_late`, `too_late`).
    """
    with transaction() as session:
        case, stay = _of_own_case(session, stay_id, by)
        if stay.referral_id is not None:
            raise CorrectionRefused(CorrectionRefusal.REFERRED)
        if absence_rows.stands(case.id) is not None:
            raise CorrectionRefused(CorrectionRefusal.MISSING_STANDS)
        if days.today() - stay.known_on > ALONE_WITHIN and not _is_other(session, stay, by):
            raise CorrectionRefused(CorrectionRefusal.ANOTHER)
        check_opened_by_mistake(stay.known_on, today=days.today())
        if case.age_class != "adult":  # no way past the gate of a child who lived there
            check_take_back(stay.known_on, today=days.today())
        strike_stay(session, stay, why, by)
        return case.id


def close_again(*, stay_id: uuid.UUID, by: Actor) -> None:
    """The case was opened again for a stay that was about somebody else, and was struck: it is closed as it was, with
    the answers from then, and is kept no longer than it would have been. Of any other case nothing is done.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused, GateClosed: then the case stays open.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stay = store.row(stay_id, by=by)
        closing = closing_rows.reopened_for(stay) if stay.taken_back_on is not None else None
        if closing is None:
            return
        answers = None
        if closing.way == Way.CHECKLIST:
            answers = Answers(FollowUp(closing.follow_up), Documents(closing.documents), Debts(closing.debts))
        case_steps.end(session, stay.case_id, by, way=Way(closing.way), answers=answers)
        session.get_one(Case, stay.case_id, populate_existing=True).closed_month = closing.closed_on.replace(day=1)
    erasure_steps.carry_out()


def _is_other(session: Session, stay: Stay, by: Actor) -> bool:
    """Whether the actor is another hand than who entered the stay."""
    entered = select(PlannedEnd.entered_by_id).where(PlannedEnd.stay_id == stay.id, PlannedEnd.position == 1)
    first, mine = session.scalar(entered), by.member_id
    return mine is not None and (first is None or (mine != first and occasions.has_seen_beside(mine, first)))


def _keep_again(session: Session, referral: Referral, stay: Stay, by: Actor) -> None:
    """Her place is kept for her again, unless it is promised to somebody else by now."""
    had = place_rows.last_places([stay.id]).get(stay.id)
    if had is not None and had.place_id is not None:
        with contextlib.suppress(PlaceRefused):
            place_steps.keep(session, referral, had.place_id, clock.now(), by)


def strike_alarm(*, missing_id: uuid.UUID, why: Why, seen: str | None = None, by: Actor) -> uuid.UUID:
    """The alarm was a mistake, about somebody who was there or away as was known: struck and kept, and her nights count
    as without it.

    Whoever had said that they know is told again, and what was told under seal is destroyed. Days away that the alarm
    ended go on as they were (ADR 0232). `seen`: how the alarm had ended when the actor looked at it, empty if it stood.
    Returns the case. Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `mistake_late`, `back_since`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = absence_store.row(missing_id, by=by)
        if alarm.organisation_id != by.organisation_id:
            raise NotVisible
        today, ended = days.today(), alarm.outcome
        if seen is not None and ended == Outcome.FOUND != seen:
            raise AbsenceRefused(AbsenceRefusal.BACK_SINCE)
        stay = session.get(Stay, alarm.stay_id, populate_existing=True) if alarm.stay_id is not None else None
        lives_here = stay is not None and stay.ended_on is None
        check_mistake(alarm.outcome, reported_on=alarm.reported_on, today=today, lives_here=lives_here)
        values: dict[str, object] = {
            "outcome": str(Outcome.MISTAKE),
            "since_at": None,
            "over_on": alarm.over_on or today,
        }
        values |= {"mistake_why": str(why), "mistake_on": today, "mistake_by_id": by.member_id}
        values |= {"desk_knows": False, "authority_knows": False, "desk_known_on": None, "authority_known_on": None}
        hit = hit_one(
            session,
            update(Missing)
            .where(Missing.id == alarm.id, Missing.outcome == ended)
            .values(values)
            .execution_options(synchronize_session=False),
        )
        if not hit:
            raise AbsenceRefused(AbsenceRefusal.BACK_SINCE)
        if ended == "":
            told_steps.end(session, alarm.case_id, by)
        if stay is not None and lives_here:
            away_again(session, stay.id, alarm.since_on)
        event = audit.Event.MISSING_BY_MISTAKE
        audit.append(session, event, by=by, case_id=alarm.case_id, missing_id=alarm.id, why=str(why))
        case_id = alarm.case_id
    erasure_steps.carry_out()
    return case_id


def correct_place(*, stay_id: uuid.UUID, place_id: uuid.UUID, from_on: date, why: Why, by: Actor) -> None:
    """From a day of the stay on the person slept in another place than was entered.

    Raises NotPermitted, NotVisible, CorrectionRefused, ImpossibleStay.
    """
    with transaction() as session:
        _, stay = _of_own_case(session, stay_id, by)
        struck = other_place(session, stay, place_id, from_on, by)
        append(session, stay, Kind.PLACE, why, by, was=struck)


def _check_never_there(stay: Stay) -> None:
    if stay.ended_on is not None:
        raise CorrectionRefused(CorrectionRefusal.NO_ARRIVAL)
    check_take_back(stay.known_on, today=days.today())
    check_not_away(stay)


def _of_own_case(session: Session, stay_id: uuid.UUID, by: Actor) -> tuple[Case, Stay]:
    """The case, locked before its stay as when a stay ends. Raises NotPermitted, NotVisible, CorrectionRefused."""
    by.must(Permission.STAY_MANAGE)
    case_id = store.stay(stay_id, by=by).case_id
    case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
    stay = store.row(stay_id, by=by)
    if stay.taken_back_on is not None:
        raise CorrectionRefused(CorrectionRefusal.NO_ARRIVAL)
    _check_held(case, by)
    return case, stay


def _check_held(case: Case, by: Actor) -> None:
    if case.holder_id != by.organisation_id or case.status != "open":
        raise CorrectionRefused(CorrectionRefusal.NOT_HELD)


def _wrong_end(session: Session, case: Case, stay: Stay) -> date:
    """The day of an end that can be struck; raises CorrectionRefused."""
    if stay.ended_on is None:
        raise CorrectionRefused(CorrectionRefusal.STILL_OPEN)
    if stay.exit_reason == ExitReason.MISSING:
        raise CorrectionRefused(CorrectionRefusal.AS_MISSING)
    if absence_rows.stands(case.id) is not None:
        raise CorrectionRefused(CorrectionRefusal.MISSING_STANDS)
    asked = select(Referral.id).where(Referral.case_id == case.id, Referral.status.in_(("sent", "accepted")))
    if session.scalar(asked.limit(1)) is not None:
        raise CorrectionRefused(CorrectionRefusal.SENT_ON)
    return stay.ended_on


def _others(case: Case, stay: Stay) -> list[Period]:
    return stay_rows.periods_of(case.id, but=stay.id)


def say_mistake(*, case_id: uuid.UUID, why: MistakeWhy, code: str, by: Actor) -> None:
    """The house says that it opened this case by mistake; `code`: of the right case, but where nobody came.

    Raises NotPermitted, NotVisible, MistakeRefused (`stands`, `code`, `waits`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case, mine = closings.child_case(case_id, by=by)
        if mine is not CaseRelation.HOLDER:
            raise NotVisible
        if not mistake_rows.may_be_said(mistake_rows.last(case_id)):
            raise MistakeRefused(MistakeRefusal.WAITS)
        if mistake_rows.what_stands(case):
            raise MistakeRefused(MistakeRefusal.STANDS)
        try:
            other_id = None if why is MistakeWhy.NOBODY else cases.by_pseudonym(code, by=by)
        except NotVisible:
            raise MistakeRefused(MistakeRefusal.CODE) from None
        if not mistake_rows.is_right_one(case, why, other_id):
            raise MistakeRefused(MistakeRefusal.CODE)
        other = {"other_id": str(other_id)} if other_id is not None else {}
        _mistake_said(session, case_id, MistakeWord.SAID, by, why=str(why), **other)


def agree_mistake(*, case_id: uuid.UUID, by: Actor) -> None:
    """Child protection, which has read who the case is about, and who the right one is about, says so, too.

    Raises NotPermitted, NotVisible, MistakeRefused (`no_word`, `stands`, `code`, `no_name`, `open_first`).
    """
    with transaction() as session:
        case, said = _answers_mistake(case_id, by)
        if mistake_rows.what_stands(case):
            raise MistakeRefused(MistakeRefusal.STANDS)
        if not mistake_rows.is_right_one(case, said.why, said.other_id):
            raise MistakeRefused(MistakeRefusal.CODE)
        for each in (case_id, said.other_id):
            if each is not None:
                _must_have_read(session, each, by)
        _mistake_said(session, case_id, MistakeWord.AGREED, by)


def decline_mistake(*, case_id: uuid.UUID, by: Actor) -> None:
    """Child protection says that it is no mistake; the house says it no more for 30 days.

    Raises NotPermitted, NotVisible, MistakeRefused (`no_word`).
    """
    with transaction() as session:
        _answers_mistake(case_id, by)
        _mistake_said(session, case_id, MistakeWord.NO, by)


def take_back_mistake(*, case_id: uuid.UUID, by: Actor) -> None:
    """The house, child protection or the duty desk takes back what was said or agreed to.

    Raises NotPermitted, NotVisible, MistakeRefused (`no_word`).
    """
    by.must(Permission.CASE_READ)
    with transaction() as session:
        _, mine = closings.child_case(case_id, by=by)
        if mine is CaseRelation.HOLDER:
            by.must(Permission.STAY_MANAGE)
        elif mine is not CaseRelation.DUTY_OFFICER and not closings.answers_mistake(mine, by):
            raise NotVisible
        said = mistake_rows.last(case_id)
        if said is None or said.state not in (MistakeWord.SAID, MistakeWord.AGREED):
            raise MistakeRefused(MistakeRefusal.NO_WORD)
        _mistake_said(session, case_id, MistakeWord.BACK, by)


def _answers_mistake(case_id: uuid.UUID, by: Actor) -> tuple[Case, mistake_rows.Said]:
    by.must(Permission.CASE_READ)
    case, mine = closings.child_case(case_id, by=by)
    if not closings.answers_mistake(mine, by):
        raise NotVisible
    said = mistake_rows.last(case_id)
    if said is None or said.state is not MistakeWord.SAID:
        raise MistakeRefused(MistakeRefusal.NO_WORD)
    return case, said


def _must_have_read(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Nobody says who a case is about without having opened its identity in this session."""
    if Compartment.IDENTITY not in vault.compartments_of(session, case_id):
        raise MistakeRefused(MistakeRefusal.NO_NAME)
    if not vault.is_allowed(session, case_id, Compartment.IDENTITY, by=by):
        raise MistakeRefused(MistakeRefusal.OPEN_FIRST)
    told = vault.read(session, case_id, Compartment.IDENTITY, by=by).value
    if not any(value for name, value in told.items() if name != CAME_WITH):
        raise MistakeRefused(MistakeRefusal.NO_NAME)


def _mistake_said(session: Session, case_id: uuid.UUID, kind: MistakeWord, by: Actor, **details: str) -> None:
    audit.append(session, audit.Event.CASE_MISTAKE_SAID, by=by, case_id=case_id, kind=str(kind), **details)
