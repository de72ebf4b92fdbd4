"""Admitting somebody, changing bed or planned end, letting them go; beds out of use and back."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.absences import BY_ANOTHER_PAGE
from nrm.domain.shelter.permits import check_household, check_leaving
from nrm.domain.shelter.stays import (
    BedInUse,
    Destination,
    ExitReason,
    ImpossibleStay,
    Period,
    StayOver,
    StayRefusal,
    check_country,
    check_dates,
    check_exit,
    country_of,
)
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Bed, Stay
from nrm.steps.shelter import stays as steps
from nrm.store import days
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.rows.shelter import identifications as identification_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import stays as store


def admit(
    *, case_id: uuid.UUID, bed_id: uuid.UUID, admitted_on: date, anticipated_end_on: date, by: Actor
) -> uuid.UUID:
    """Put a person who has arrived into a bed of one's own shelter; returns the stay.

    Raises NotPermitted, NotVisible (another's case or bed), ImpossibleStay. If two people want one bed, the second
    gets `bed_taken`.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case = store.held_case(case_id, by=by, lock=True)
        assert by.organisation_id is not None
        referral, arrived = stay_rows.arrival_of(case_id, by.organisation_id)
        if not arrived:
            raise ImpossibleStay(StayRefusal.NOT_ARRIVED)
        return steps.begin(session, case, referral, bed_id, admitted_on, anticipated_end_on, by)


def change(*, stay_id: uuid.UUID, bed_id: uuid.UUID, anticipated_end_on: date, by: Actor) -> None:
    """Another bed in the same shelter, another planned end, or both.

    Raises NotPermitted, NotVisible, StayOver, ImpossibleStay.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        today = days.today()
        check_dates(stay.admitted_on, today=today, anticipated_end_on=anticipated_end_on)
        if bed_id != stay.bed_id:
            steps.take(session, bed_id, stay.case_id, Period(today), by, but=stay.id)
        _update(session, stay.id, bed_id=bed_id, anticipated_end_on=anticipated_end_on)
        audit.append(session, audit.Event.STAY_CHANGED, by=by, case_id=stay.case_id, stay_id=stay.id, bed_id=bed_id)


def end(
    *,
    stay_id: uuid.UUID,
    ended_on: date,
    exit_reason: ExitReason,
    destination: Destination,
    where: str = "",
    same_household: bool = False,
    by: Actor,
) -> uuid.UUID:
    """End the stay: the person left; returns the case. The bed is free at once.

    `where`: the country of the destination, unless the destination implies it: `home`, ISO 3166 alpha-2, or `unknown`.
    People who are missing or left on their own are recorded in `absences`.

    Raises NotPermitted, NotVisible, StayOver, ImpossibleStay, and permits.GateClosed in two cases. A person who is not
    recorded as Albanian cannot leave for another country before the options of the residence permit were explained. A
    child can leave, except for another shelter, only after risk, security and family were found safe for the household
    that it goes to (`same_household`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        # The case is locked before its stay, as when a hand-over ends the stay; a finding waits for this lock.
        case_id = store.stay(stay_id, by=by).case_id
        case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        today = days.today()
        check_dates(stay.admitted_on, today=today, exited_on=ended_on)
        if exit_reason in BY_ANOTHER_PAGE:
            raise ImpossibleStay(BY_ANOTHER_PAGE[exit_reason])
        if absence_rows.stands(case_id) is not None:
            raise ImpossibleStay(StayRefusal.MISSING_STANDS)
        check_exit(exit_reason, destination)
        if destination is Destination.OTHER_SHELTER and transfer_rows.standing(case_id) is not None:
            raise ImpossibleStay(StayRefusal.MOVE_STANDS)
        check_country(destination, where)
        permit = permit_rows.facts(case.id)
        reflects_until = identification_rows.reflection_until(case)
        child = finding_rows.child_facts(case, handed_over=case.holder_id != by.organisation_id)
        repatriation, child_gate = check_leaving(
            exit_reason,
            destination,
            child=child,
            citizenship_class=case.citizenship_class,
            permit=permit,
            on=ended_on,
            country=where,
            reflection_until=reflects_until,
        )
        check_household(child_gate, same_household=same_household)
        _update(
            session,
            stay.id,
            ended_on=ended_on,
            end_known_on=today,
            exit_reason=str(exit_reason),
            destination=str(destination),
            destination_country=country_of(destination, where, case.citizenship),
            repatriation_gate=repatriation,
            informed_on=permit.informed.on if repatriation == "informed" and permit.informed else None,
            permit_state=str(permit.status) if repatriation == "informed" else "",
            child_gate=child_gate,
            safe_on=child.safe_since if child_gate == "assessed" else None,
            reflected_until=reflects_until if repatriation == "informed" else None,
        )
        audit.append(
            session, audit.Event.STAY_ENDED, by=by, case_id=case.id, stay_id=stay.id, exit_reason=str(exit_reason)
        )
        return case.id


def take_out_of_use(*, bed_id: uuid.UUID, by: Actor) -> None:
    """Take the bed out of use until it is put back. Raises NotPermitted, NotVisible, BedInUse."""
    by.must(Permission.BED_MANAGE)
    with transaction() as session:
        bed = store.bed(bed_id, by=by)
        line = next(line for line in store.beds(by=by) if line.id == bed.id)
        if line.stay is not None or line.kept_for:
            raise BedInUse
        _set_out_of_use(session, bed_id, True, by)


def put_back(*, bed_id: uuid.UUID, by: Actor) -> None:
    """The bed can be used again. Raises NotPermitted, NotVisible, BedInUse (a closed bed is reopened, not put back)."""
    by.must(Permission.BED_MANAGE)
    with transaction() as session:
        if store.bed(bed_id, by=by).closed_from is not None:
            raise BedInUse
        _set_out_of_use(session, bed_id, False, by)


def _set_out_of_use(session: Session, bed_id: uuid.UUID, out: bool, by: Actor) -> None:
    hit = hit_one(session, update(Bed).where(Bed.id == bed_id, Bed.out_of_use.is_(not out)).values(out_of_use=out))
    if hit:  # else it was so already
        audit.append(session, audit.Event.BED_CHANGED, by=by, bed_id=bed_id, out_of_use=int(out))


def _update(session: Session, stay_id: uuid.UUID, **values: object) -> None:
    """Change an open stay; raises StayOver when somebody ended it meanwhile."""
    hit = hit_one(session, update(Stay).where(Stay.id == stay_id, Stay.ended_on.is_(None)).values(**values))
    if not hit:
        raise StayOver
