"""Admitting somebody, changing place or planned end, letting them go."""

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
    Destination,
    ExitReason,
    ImpossibleStay,
    StayOver,
    StayRefusal,
    check_country,
    check_dates,
    check_exit,
    country_of,
)
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter import stays as steps
from nrm.store import days
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.rows.shelter import identifications as identification_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import stays as store


def admit(
    *,
    case_id: uuid.UUID,
    place_id: uuid.UUID | None,
    admitted_on: date,
    anticipated_end_on: date,
    with_stay_id: uuid.UUID | None = None,
    by: Actor,
) -> uuid.UUID:
    """Give a person who has arrived a place in one's own shelter; returns the stay.

    `with_stay_id`, without a place: a child under three sleeps with its mother, whose stay it is. Raises NotPermitted,
    NotVisible (another's case or place), ImpossibleStay. If two people want one place, the second gets `place_taken`.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case = store.held_case(case_id, by=by, lock=True)
        assert by.organisation_id is not None
        referral, arrived = stay_rows.arrival_of(case_id, by.organisation_id)
        if not arrived:
            raise ImpossibleStay(StayRefusal.NOT_ARRIVED)
        return steps.begin(
            session, case, referral, place_id, admitted_on, anticipated_end_on, by, with_stay_id=with_stay_id
        )


def change(
    *,
    stay_id: uuid.UUID,
    place_id: uuid.UUID | None,
    anticipated_end_on: date,
    with_stay_id: uuid.UUID | None = None,
    by: Actor,
) -> None:
    """Another place in the same shelter from today on, another planned end, or both. Past nights stay where they were.

    `with_stay_id`, without a place: as in `admit`. Raises NotPermitted, NotVisible, StayOver, ImpossibleStay.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case_id = store.stay(stay_id, by=by).case_id
        case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
        stay = store.row(stay_id, by=by)
        if stay.ended_on is not None:
            raise StayOver
        today = days.today()
        check_dates(stay.admitted_on, today=today, anticipated_end_on=anticipated_end_on)
        stay.anticipated_end_on = anticipated_end_on
        session.flush()
        now = place_steps.open_row(session, stay.id)
        if now is None or (now.place_id, now.with_stay_id) != (place_id, with_stay_id):
            if place_id is None:
                if with_stay_id is None:
                    raise ImpossibleStay(StayRefusal.PLACE_NOT_THERE)
                place_steps.check_mother(with_stay_id, case, by)
            place_steps.move(session, stay, place_id=place_id, with_stay_id=with_stay_id, on=today, by=by)
        audit.append(session, audit.Event.STAY_CHANGED, by=by, case_id=stay.case_id, stay_id=stay.id, place_id=place_id)


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
    """End the stay: the person left; returns the case. The place is free at once.

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
        place_steps.end(session, stay.id, ended_on, by)
        audit.append(
            session, audit.Event.STAY_ENDED, by=by, case_id=case.id, stay_id=stay.id, exit_reason=str(exit_reason)
        )
        return case.id


def _update(session: Session, stay_id: uuid.UUID, **values: object) -> None:
    """Change an open stay; raises StayOver when somebody ended it meanwhile."""
    hit = hit_one(session, update(Stay).where(Stay.id == stay_id, Stay.ended_on.is_(None)).values(**values))
    if not hit:
        raise StayOver
