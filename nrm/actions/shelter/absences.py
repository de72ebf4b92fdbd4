"""Raising and ending the alarm of a missing person; recording, by two members, that an adult left on her own or that
somebody died."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.absences import (
    GIVEN,
    AbsenceRefusal,
    AbsenceRefused,
    Feared,
    Ground,
    Kind,
    Outcome,
    check_died,
    check_end,
    check_left_alone,
    check_second,
    check_since,
    child_authority,
)
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.permits import GateClosed, GateRefusal
from nrm.domain.shelter.stays import Destination, ExitReason, StayOver, check_country, check_exit, country_of
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import counsel as counsel_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import missing_told as told_steps
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter.leaving import end_away
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.accounts import occasions
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import ages as age_rows
from nrm.store.shelter import absences as store
from nrm.store.shelter import stays


def report(
    *,
    case_id: uuid.UUID,
    since: datetime,
    feared: Feared,
    given: Mapping[str, str] | None = None,
    official: bool = True,
    by: Actor,
) -> uuid.UUID:
    """Raise the alarm: a person of the shelter did not come back. The duty desk is told at once; for a child, the
    child authority is told too. While a move to another shelter stands, the shelter in which the person sleeps raises
    it as well as the one that has accepted.

    `given`: of a child, what is sealed in the same act to the child authority and to the police; to the prosecution in
    its place if an `official` may be involved. Who there holds no key is told by telephone.

    Returns the id of the alarm. Raises NotPermitted, NotVisible, AbsenceRefused (`since`, `already`).
    """
    by.must(Permission.STAY_MANAGE)
    if by.member_id is None or by.organisation_id is None:
        raise NotVisible
    try:
        with transaction() as session:
            case = stays.sleeps_here(case_id, by=by, lock=True)
            current = stays.of_case(case_id, by=by).current
            now = clock.now()
            since_on = clock.day_of(since, country().timezone)
            check_since(since, now=now, on=since_on, admitted_on=current.admitted_on if current else None)
            age_class = age_rows.age_class_on(case, since_on)
            alarm = Missing(
                id=uuid.uuid4(),
                case_id=case_id,
                stay_id=current.id if current is not None else None,
                organisation_id=by.organisation_id,
                age_class=age_class,
                feared=str(feared),
                party="" if age_class == "adult" else child_authority(country().in_force(now)),
                since_on=since_on,
                since_at=since,
                reported_on=days.today(),
                reported_by_id=by.member_id,
                police_ground="" if age_class == "adult" else str(Ground.CHILD),
            )
            session.add(alarm)
            session.flush()
            if age_class != "adult":
                _tell_of_child(session, alarm, given or {}, official, by)
            if current is not None:
                end_away(session, current.id, since_on, Over.MISSING)
            audit.append(session, audit.Event.MISSING_REPORTED, by=by, case_id=case_id, missing_id=alarm.id)
            return alarm.id
    except IntegrityError:
        raise AbsenceRefused(AbsenceRefusal.ALREADY) from None


def fear(*, case_id: uuid.UUID, by: Actor) -> uuid.UUID | None:
    """Whoever sees that the person is missing already says the worse: somebody may have a hand in it. It is added to
    the alarm that stands, and the desks are told of it anew (ADR 0262).

    Returns the alarm; None where none stands, or that is said already. Raises NotPermitted, NotVisible.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stays.sleeps_here(case_id, by=by, lock=True)
        alarm = absence_rows.stands(case_id)
        if alarm is None:
            return None
        hit = hit_one(
            session,
            update(Missing)
            .where(Missing.id == alarm.id, Missing.outcome == "", Missing.feared != str(Feared.YES))
            .values(
                feared=str(Feared.YES),
                desk_knows=False,
                desk_known_on=None,
                authority_knows=False,
                authority_known_on=None,
            )
            .execution_options(synchronize_session=False),
        )
        if hit:
            audit.append(session, audit.Event.MISSING_FEARED, by=by, case_id=case_id, missing_id=alarm.id)
        return alarm.id if hit else None


def _tell_of_child(session: Session, alarm: Missing, given: Mapping[str, str], official: bool, by: Actor) -> None:
    """By the clause: name and description of a child, or of who may be one, to both at once."""
    if not any(given.get(name) for name in GIVEN):
        return
    authority = told_steps.desk(session, OrganisationKind.CHILD_PROTECTION, alarm.party) if alarm.party else None
    for organisation in (authority, told_steps.desk(session, told_steps.instead_of_police(official=official))):
        if organisation is not None:
            told_steps.share(session, alarm, organisation, given, by)


def found(*, missing_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The person is back today; returns the case. Raises NotPermitted, NotVisible, AbsenceRefused (`over`)."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _own_alarm(missing_id, by)
        _end(session, alarm, Outcome.FOUND, days.today(), by)
        case_id = alarm.case_id
    erasure_steps.carry_out()
    return case_id


def _own_alarm(missing_id: uuid.UUID, by: Actor) -> Missing:
    """An alarm that the actor's own organisation raised; raises NotVisible."""
    alarm = store.row(missing_id, by=by)
    if alarm.organisation_id != by.organisation_id:
        raise NotVisible
    return alarm


def end(*, missing_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """End the alarm because nobody found the person; returns the case. An open stay ends on the day from which the
    person is missing.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `too_early`, `authority`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _own_alarm(missing_id, by)
        today = days.today()
        check_end(
            reported_on=alarm.reported_on,
            today=today,
            days=country().missing_days,
            age_class=alarm.age_class,
            authority_knows=alarm.authority_knows or alarm.party == "",
        )
        _end(session, alarm, Outcome.NOT_FOUND, today, by)
        if alarm.stay_id is not None:
            hit = hit_one(
                session,
                update(Stay)
                .where(Stay.id == alarm.stay_id, Stay.ended_on.is_(None))
                .values(
                    ended_on=alarm.since_on,
                    end_known_on=today,
                    exit_reason=str(ExitReason.MISSING),
                    destination=str(Destination.UNKNOWN),
                    child_gate="missing",
                ),
            )
            if hit:
                end_away(session, alarm.stay_id, alarm.since_on, Over.LEFT)
                place_steps.end(session, alarm.stay_id, alarm.since_on, by)
                audit.append(
                    session,
                    audit.Event.STAY_ENDED,
                    by=by,
                    case_id=alarm.case_id,
                    stay_id=alarm.stay_id,
                    exit_reason=str(ExitReason.MISSING),
                )
        case_id = alarm.case_id
    erasure_steps.carry_out()
    return case_id


def give_up_place(*, missing_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """The place of the missing person is there for others, after the hours that the country keeps it; the stay goes on
    without a place. Returns the stay. Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `place_kept`,
    `no_place`)."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _own_alarm(missing_id, by)
        if alarm.outcome or alarm.since_at is None or alarm.stay_id is None:
            raise AbsenceRefused(AbsenceRefusal.OVER)
        if place_steps.kept_for_missing(alarm.since_at):
            raise AbsenceRefused(AbsenceRefusal.PLACE_KEPT)
        if place_steps.open_row(session, alarm.stay_id) is None:
            raise AbsenceRefused(AbsenceRefusal.NO_PLACE)
        place_steps.end(session, alarm.stay_id, days.today(), by)
        audit.append(session, audit.Event.MISSING_PLACE_GIVEN_UP, by=by, case_id=alarm.case_id, missing_id=alarm.id)
        return alarm.stay_id


def _end(session: Session, alarm: Missing, outcome: Outcome, on: date, by: Actor) -> None:
    """End an alarm that is still open and delete its hour. Raises AbsenceRefused (`over`)."""
    hit = hit_one(
        session,
        update(Missing)
        .where(Missing.id == alarm.id, Missing.outcome == "")
        .values(outcome=str(outcome), over_on=on, since_at=None)
        .execution_options(synchronize_session=False),
    )
    if not hit:
        raise AbsenceRefused(AbsenceRefusal.OVER)
    told_steps.end(session, alarm.case_id, by)
    event = audit.Event.MISSING_FOUND if outcome is Outcome.FOUND else audit.Event.MISSING_ENDED
    audit.append(session, event, by=by, case_id=alarm.case_id, missing_id=alarm.id)


def record_left(*, stay_id: uuid.UUID, left_on: date, destination: Destination, where: str, by: Actor) -> uuid.UUID:
    """One member records that an adult left on her own; the duty desk sees it at once, and with an open application or
    claim whoever holds the case has to call counsel; a second member confirms.

    `where`: the country. Returns the record. Raises NotPermitted, NotVisible, StayOver, ImpossibleStay, AbsenceRefused
    (`already`), permits.GateClosed (`child_alone`).
    """
    by.must(Permission.STAY_MANAGE)
    if by.member_id is None or by.organisation_id is None:
        raise NotVisible
    try:
        with transaction() as session:
            stay = stays.row(stay_id, by=by)
            if stay.ended_on is not None:
                raise StayOver
            case = session.get_one(Case, stay.case_id, populate_existing=True)
            check_left_alone(
                age_rows.leaves_as(case, left_on), left_on, admitted_on=stay.admitted_on, today=days.today()
            )
            check_exit(ExitReason.LEFT_ALONE, destination)
            check_country(destination, where)
            made = LeftAlone(
                id=uuid.uuid4(),
                stay_id=stay.id,
                case_id=stay.case_id,
                organisation_id=by.organisation_id,
                kind=str(Kind.LEFT),
                left_on=left_on,
                destination=str(destination),
                country=country_of(destination, where, case.citizenship),
                recorded_on=days.today(),
                recorded_by_id=by.member_id,
            )
            session.add(made)
            session.flush()
            counsel_steps.owe(session, stay.case_id)
            audit.append(session, audit.Event.LEFT_ALONE_RECORDED, by=by, case_id=stay.case_id, left_id=made.id)
            return made.id
    except IntegrityError:
        raise AbsenceRefused(AbsenceRefusal.ALREADY) from None


def record_death(*, stay_id: uuid.UUID, died_on: date, by: Actor) -> uuid.UUID:
    """One member records a death, and a second member confirms it. The duty desk sees it at once, and for a child the
    child authority does too.

    Returns the record. Raises NotPermitted, NotVisible, StayOver, ImpossibleStay, AbsenceRefused (`already`).
    """
    by.must(Permission.STAY_MANAGE)
    if by.member_id is None or by.organisation_id is None:
        raise NotVisible
    try:
        with transaction() as session:
            stay = stays.row(stay_id, by=by)
            if stay.ended_on is not None:
                raise StayOver
            case = session.get_one(Case, stay.case_id, populate_existing=True)
            check_died(died_on, admitted_on=stay.admitted_on, today=days.today())
            made = LeftAlone(
                id=uuid.uuid4(),
                stay_id=stay.id,
                case_id=stay.case_id,
                organisation_id=by.organisation_id,
                kind=str(Kind.DIED),
                left_on=died_on,
                destination=str(Destination.NONE),
                country="",
                party="" if case.age_class == "adult" else child_authority(country().in_force(clock.now())),
                recorded_on=days.today(),
                recorded_by_id=by.member_id,
            )
            session.add(made)
            session.flush()
            audit.append(session, audit.Event.DEATH_RECORDED, by=by, case_id=stay.case_id, left_id=made.id)
            return made.id
    except IntegrityError:
        raise AbsenceRefused(AbsenceRefusal.ALREADY) from None


def confirm_left(*, left_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Another member of the shelter confirms that the person left or died. The stay ends, and so does an open alarm.

    Returns the stay.

    Raises NotPermitted, NotVisible, StayOver, AbsenceRefused (`same_member`, `no_hand`, `changed`, `over`),
    permits.GateClosed (`child_alone`: the person was assessed as a child in the meantime).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        left = store.left_row(left_id, by=by)
        check_second(left.recorded_by_id, by.member_id)
        if by.member_id is None or not occasions.is_second(by.member_id, left.recorded_by_id):
            raise AbsenceRefused(AbsenceRefusal.NO_HAND)
        if absence_rows.recorded_by(left.id) != left.recorded_by_id:
            raise AbsenceRefused(AbsenceRefusal.CHANGED)
        _change_open(session, left, confirmed_by_id=by.member_id)
        reason, opened = ExitReason.LEFT_ALONE, "adult"
        case = session.get_one(Case, left.case_id, populate_existing=True)
        if left.kind == Kind.LEFT and age_rows.leaves_as(case, left.left_on) != "adult":
            raise GateClosed(GateRefusal.CHILD_ALONE)
        if left.kind == Kind.DIED:
            adult = age_rows.age_class_on(case, left.left_on) == "adult"
            reason, opened = ExitReason.DIED, "adult" if adult else "died"
        alarm = absence_rows.stands(left.case_id)
        if alarm is not None:
            _end(session, alarm, Outcome.FOUND, max(alarm.since_on, days.today()), by)
        ended = hit_one(
            session,
            update(Stay)
            .where(Stay.id == left.stay_id, Stay.ended_on.is_(None))
            .values(
                ended_on=left.left_on,
                end_known_on=days.today(),
                exit_reason=str(reason),
                destination=left.destination,
                destination_country=left.country,
                repatriation_gate=str(reason),
                child_gate=opened,
                left_recorded_by_id=left.recorded_by_id,
                left_confirmed_by_id=by.member_id,
            ),
        )
        if not ended:
            raise StayOver
        end_away(session, left.stay_id, left.left_on, Over.LEFT)
        place_steps.end(session, left.stay_id, left.left_on, by)
        event = audit.Event.DEATH_CONFIRMED if reason is ExitReason.DIED else audit.Event.LEFT_ALONE_CONFIRMED
        audit.append(session, event, by=by, case_id=left.case_id, left_id=left.id)
        audit.append(
            session,
            audit.Event.STAY_ENDED,
            by=by,
            case_id=left.case_id,
            stay_id=left.stay_id,
            exit_reason=str(reason),
        )
        stay_id = left.stay_id
    erasure_steps.carry_out()
    return stay_id


def _change_open(session: Session, left: LeftAlone, **values: object) -> None:
    """Change a record that was neither confirmed nor taken back yet; raises AbsenceRefused (`over`)."""
    statement = (
        update(LeftAlone)
        .where(LeftAlone.id == left.id, LeftAlone.confirmed_by_id.is_(None), LeftAlone.withdrawn_on.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not hit_one(session, statement):
        raise AbsenceRefused(AbsenceRefusal.OVER)


def take_back_left(*, left_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Delete a record that was wrong, before a second member confirmed it; returns the stay.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        left = store.left_row(left_id, by=by)
        _change_open(session, left, withdrawn_on=days.today())
        counsel_steps.owe_no_more(session, left.case_id)
        event = audit.Event.DEATH_TAKEN_BACK if left.kind == Kind.DIED else audit.Event.LEFT_ALONE_TAKEN_BACK
        audit.append(session, event, by=by, case_id=left.case_id, left_id=left.id)
        return left.stay_id
