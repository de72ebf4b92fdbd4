"""Recording that a resident is away and expected back, on which day, and that she came back."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.away import (
    AwayRefusal,
    AwayRefused,
    Longer,
    Over,
    check,
    check_back,
    check_expected,
    check_free,
    check_longer,
)
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.corrections import Kind, Why
from nrm.domain.shelter.stays import Period, StayOver
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import corrections as correction_steps
from nrm.store import days
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import ages as age_rows
from nrm.store.shelter import away as store
from nrm.store.shelter import cases, stays
from nrm.vault import care_notes


def record(*, stay_id: uuid.UUID, since_on: date, expected_on: date, reason: str, by: Actor) -> uuid.UUID:
    """A resident goes away for some days, and is expected back; returns the record.

    `reason` is sealed as a note on her care; where it says nothing, no note is made. Raises NotPermitted, NotVisible,
    StayOver, AwayRefused, and for a reason CannotOpen, CaseRefused.
    """
    by.must(Permission.STAY_MANAGE)
    if by.member_id is None:
        raise NotVisible
    try:
        with transaction() as session:
            stay = stays.row(stay_id, by=by)
            if stay.ended_on is not None:
                raise StayOver
            adult, today = _is_adult(stay, since_on), days.today()
            check(since_on, expected_on, admitted_on=stay.admitted_on, today=today, adult=adult)
            if absence_rows.stands(stay.case_id) is not None:
                raise AwayRefused(AwayRefusal.MISSING_STANDS)
            check_free(since_on, _absences(stay_id))
            made = Away(
                id=uuid.uuid4(),
                stay_id=stay.id,
                since_on=since_on,
                expected_on=expected_on,
                recorded_by_id=by.member_id,
            )
            session.add(made)
            session.flush()
            if reason:
                case_steps.check_written(stay.case_id, by)
                case_steps.begin(session, stay.case_id, Compartment.CARE, by)
                note = {"text": reason, "at": clock.now().isoformat(), "login": cases.login_of(by)}
                care_notes.add(session, stay.case_id, note, by=by)
            audit.append(session, audit.Event.AWAY_RECORDED, by=by, case_id=stay.case_id, away_id=made.id)
            return made.id
    except IntegrityError:
        raise AwayRefused(AwayRefusal.OVERLAPS) from None


def _is_adult(stay: Stay, since_on: date) -> bool:
    """Whether the person counts as an adult on the first day away, or today if that is later."""
    case = db.session.get_one(Case, stay.case_id, populate_existing=True)
    return age_rows.age_class_on(case, max(since_on, days.today())) == "adult"


def _absences(stay_id: uuid.UUID, but: uuid.UUID | None = None) -> list[Period]:
    away = select(Away.since_on, Away.over_on).where(Away.stay_id == stay_id, Away.outcome != Over.STRUCK)
    away = away.where(Away.id.is_distinct_from(but))
    missing = select(Missing.since_on, Missing.over_on).where(Missing.stay_id == stay_id)
    return [Period(*row) for statement in (away, missing) for row in db.session.execute(statement)]


def back(*, away_id: uuid.UUID, back_on: date, by: Actor) -> uuid.UUID:
    """She came back on that day; returns the stay. Raises NotPermitted, NotVisible, AwayRefused (`over`, `back`)."""
    with transaction() as session:
        away = _of_own(away_id, by)
        check_back(back_on, since_on=away.since_on, today=days.today())
        hit = hit_one(
            session,
            update(Away)
            .where(Away.id == away.id, Away.outcome == "")
            .values(over_on=back_on, outcome=str(Over.BACK))
            .execution_options(synchronize_session=False),
        )
        if not hit:
            raise AwayRefused(AwayRefusal.OVER)
        case_id = stays.row(away.stay_id, by=by).case_id
        told = {"was": away.expected_on.isoformat(), "back": back_on.isoformat()}
        audit.append(session, audit.Event.AWAY_ENDED, by=by, case_id=case_id, away_id=away.id, **told)
        return away.stay_id


def expect(*, away_id: uuid.UUID, expected_on: date, why: Longer | None = None, by: Actor) -> uuid.UUID:
    """She is expected back on another day; a later one has a reason. Returns the stay. Raises NotPermitted, NotVisible,
    AwayRefused (`over`, `expected`, `child`, `why`)."""
    with transaction() as session:
        away = _of_own(away_id, by)
        if away.outcome:
            raise AwayRefused(AwayRefusal.OVER)
        stay = stays.row(away.stay_id, by=by)
        adult = _is_adult(stay, away.since_on)
        check_expected(away.since_on, expected_on, today=days.today(), adult=adult)
        check_longer(away.expected_on, expected_on, why)
        was, away.expected_on = away.expected_on, expected_on
        session.flush()
        moved = {"was": was.isoformat(), "now": expected_on.isoformat(), "why": str(why or "")}
        audit.append(session, audit.Event.AWAY_MOVED, by=by, case_id=stay.case_id, away_id=away.id, **moved)
        return stay.id


def not_back(*, away_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """That she was back was said of the wrong person: she is away still; returns the stay. Raises NotPermitted,
    NotVisible, AwayRefused (`not_back`, `missing_stands`, `overlaps`)."""
    try:
        with transaction() as session:
            away = _of_own(away_id, by)
            stay = stays.row(away.stay_id, by=by)
            if away.outcome != Over.BACK or stay.ended_on is not None:
                raise AwayRefused(AwayRefusal.NOT_BACK)
            if absence_rows.stands(stay.case_id) is not None:
                raise AwayRefused(AwayRefusal.MISSING_STANDS)
            check_free(away.since_on, _absences(stay.id, but=away.id))
            was = away.over_on.isoformat() if away.over_on is not None else None
            away.over_on, away.outcome = None, ""
            session.flush()
            audit.append(session, audit.Event.AWAY_AGAIN, by=by, case_id=stay.case_id, away_id=away.id, was=was)
            return stay.id
    except IntegrityError:
        raise AwayRefused(AwayRefusal.OVERLAPS) from None


def strike(*, away_id: uuid.UUID, why: Why, by: Actor) -> uuid.UUID:
    """She was not away: the record is struck, its nights count again; returns the stay.

    Raises NotPermitted, NotVisible, AwayRefused (`over`), CorrectionRefused.
    """
    with transaction() as session:
        away = _of_own(away_id, by)
        stay = stays.row(away.stay_id, by=by)
        if away.outcome == Over.STRUCK:
            raise AwayRefused(AwayRefusal.OVER)
        was = {name: getattr(away, name) for name in ("id", "since_on", "expected_on", "over_on", "outcome")}
        correction_steps.append(session, stay, Kind.AWAY, why, by, was=was, away_id=away.id)
        session.execute(
            update(Away)
            .where(Away.id == away.id)
            .values(over_on=away.over_on or max(away.since_on, days.today()), outcome=str(Over.STRUCK))
            .execution_options(synchronize_session=False)
        )
        return stay.id


def see_strike(*, away_id: uuid.UUID, by: Actor) -> None:
    """The child authority has seen that days away of a child were struck; the second press changes nothing (ADR 0241).

    Raises NotPermitted, NotVisible (of no child, not struck, or too long ago).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    with transaction() as session:
        lines = () if by.may(Permission.REFERRAL_DIRECT) else store.struck_of_children(by=by)
        line = next((each for each in lines if each.away_id == away_id), None)
        if line is None:
            raise NotVisible
        if line.seen_on is None:
            audit.append(session, audit.Event.CHILD_STRIKE_SEEN, by=by, away_id=away_id, case_id=line.case_id)


def _of_own(away_id: uuid.UUID, by: Actor) -> Away:
    by.must(Permission.STAY_MANAGE)
    return store.row(away_id, by=by)
