"""Telling the police of a missing person, or the prosecution where an official may be involved: on what ground, by
telephone or by a share that names what it gives (ADR 0076)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.absences import (
    ALARM,
    GIVEN,
    AbsenceRefusal,
    AbsenceRefused,
    Danger,
    Ground,
    check_second,
    may_be_told,
)
from nrm.domain.shelter.cases import Purpose
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Reading
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import missing_told as steps
from nrm.store.shelter import absences, missing_told
from nrm.vault import compartments as vault
from nrm.vault import members

CannotOpen = members.CannotOpen


def say_ground(*, missing_id: uuid.UUID, ground: Ground, danger: Danger | None, by: Actor) -> None:
    """Why the police may be told of an adult: she agreed, as the answer says that the actor's session has open, or her
    life is in danger, which a second member confirms.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `ground_stands`, `no_ground`, `no_answer`).
    """
    by.must(Permission.STAY_MANAGE)
    if ground is Ground.CHILD or (ground is Ground.DANGER) != (danger is not None):
        raise AbsenceRefused(AbsenceRefusal.NO_GROUND)
    with transaction() as session:
        alarm = _standing(missing_id, by)
        if ground is Ground.AGREED and not alarm.police_ground and not steps.answered(alarm.case_id, by):
            raise AbsenceRefused(AbsenceRefusal.NO_ANSWER)
        said = hit_one(
            session,
            update(Missing)
            .where(Missing.id == alarm.id, Missing.police_ground == "", Missing.outcome == "")
            .values(police_ground=str(ground), police_danger=str(danger or ""), police_asked_by_id=by.member_id),
        )
        if not said:
            raise AbsenceRefused(AbsenceRefusal.GROUND_STANDS)
        event = audit.Event.POLICE_GROUND_SAID
        audit.append(session, event, by=by, case_id=alarm.case_id, missing_id=alarm.id, ground=str(ground))


def take_back_ground(*, missing_id: uuid.UUID, by: Actor) -> None:
    """Why the police may be told of an adult was not so, and nothing that they were told on it stands: it is said anew.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `no_ground`, `told`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _standing(missing_id, by)
        if alarm.police_ground in ("", Ground.CHILD):
            raise AbsenceRefused(AbsenceRefusal.NO_GROUND)
        if any(not each.struck for each in missing_told.of_alarm(missing_id, by=by)):
            raise AbsenceRefused(AbsenceRefusal.TOLD)
        said = {"ground": alarm.police_ground, "danger": alarm.police_danger}
        alarm.police_ground = alarm.police_danger = ""
        alarm.police_asked_by_id = alarm.police_confirmed_by_id = None
        session.flush()
        event = audit.Event.POLICE_GROUND_TAKEN_BACK
        audit.append(session, event, by=by, case_id=alarm.case_id, missing_id=alarm.id, **said)


def strike(*, missing_id: uuid.UUID, told_id: uuid.UUID, by: Actor) -> None:
    """What was written of a call, or was given under seal, was wrong: it stays, struck, with who said so, and is
    recorded anew beside it; what was sealed is destroyed. A second time it changes nothing.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _standing(missing_id, by)
        steps.strike(session, alarm, told_id, by)
    erasure_steps.carry_out()


def confirm_danger(*, missing_id: uuid.UUID, by: Actor) -> None:
    """A second member of the shelter says too that her life is in danger.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `same_member`, `no_ground`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _standing(missing_id, by)
        if alarm.police_ground != Ground.DANGER or alarm.police_asked_by_id is None:
            raise AbsenceRefused(AbsenceRefusal.NO_GROUND)
        check_second(alarm.police_asked_by_id, by.member_id)
        alarm.police_confirmed_by_id = alarm.police_confirmed_by_id or by.member_id
        session.flush()
        event = audit.Event.POLICE_GROUND_CONFIRMED
        audit.append(session, event, by=by, case_id=alarm.case_id, missing_id=alarm.id)


def share(*, missing_id: uuid.UUID, given: Mapping[str, str], official: bool, by: Actor) -> None:
    """Seal what is given to the police, or to the prosecution. `official`: one may be involved, or nobody knows.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `no_ground`, `nothing_given`, `no_desk`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _standing(missing_id, by)
        _check_ground(alarm)
        if not any(given.get(name) for name in GIVEN):
            raise AbsenceRefused(AbsenceRefusal.NOTHING_GIVEN)
        steps.share(session, alarm, _desk(session, official=official), given, by)


def call(*, missing_id: uuid.UUID, number: str, reached: bool, official: bool, by: Actor) -> None:
    """Keep that the police, or the prosecution, was called under this number.

    Raises NotPermitted, NotVisible, AbsenceRefused (`over`, `no_ground`, `no_desk`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        alarm = _standing(missing_id, by)
        _check_ground(alarm)
        steps.call(session, alarm, _desk(session, official=official), number, reached, by)


def _standing(missing_id: uuid.UUID, by: Actor) -> Missing:
    alarm = absences.row(missing_id, by=by)
    if alarm.organisation_id != by.organisation_id:
        raise NotVisible
    if alarm.outcome:
        raise AbsenceRefused(AbsenceRefusal.OVER)
    return alarm


def _check_ground(alarm: Missing) -> None:
    if not may_be_told(alarm.police_ground, confirmed=alarm.police_confirmed_by_id is not None):
        raise AbsenceRefused(AbsenceRefusal.NO_GROUND)


def _desk(session: Session, *, official: bool) -> Organisation:
    found = steps.desk(session, steps.instead_of_police(official=official))
    if found is None:
        raise AbsenceRefused(AbsenceRefusal.NO_DESK)
    return found


def open_told(*, told_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the session of who was told read it for a quarter of an hour; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.ALARM_READ)
    line = missing_told.told_to(told_id, by=by)
    with transaction() as session:
        session.add(
            Reading(
                case_id=told_id,
                compartment=ALARM,
                purpose=purpose,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=line.shelter_id,
                opened_at=clock.now(),
            )
        )
        vault.allow(session, told_id, ALARM, purpose, by=by)


def opened(*, told_id: uuid.UUID, by: Actor) -> dict[str, str] | None:
    """What was given, for a session that opened it; None before. Raises NotPermitted, NotVisible."""
    by.must(Permission.ALARM_READ)
    missing_told.told_to(told_id, by=by)
    try:
        return dict(vault.read(db.session(), told_id, ALARM, by=by).value)
    except CannotOpen:
        return None
