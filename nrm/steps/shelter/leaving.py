"""What lets a person out of a stay, inside the transaction of an action: an end, and the correction of an end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import BY_ANOTHER_PAGE
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.permits import check_child, check_household, check_leaving
from nrm.domain.shelter.stays import (
    Destination,
    ExitReason,
    ImpossibleStay,
    StayRefusal,
    check_country,
    check_dates,
    check_exit,
    country_of,
)
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.store import days
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import away as away_rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.rows.shelter import identifications as identification_rows
from nrm.store.rows.shelter import permits as permit_rows


@dataclass(frozen=True, slots=True)
class Exit:
    """When and why somebody left, and where to. `where`: the country of the destination, unless the destination implies
    it: `home`, ISO 3166 alpha-2, or `unknown`."""

    ended_on: date
    reason: ExitReason
    destination: Destination
    where: str = ""
    household: uuid.UUID | None = None  # to which a child goes, of those that were named


def check_reason(admitted_on: date, exit_: Exit) -> None:
    """Raise ImpossibleStay for a day, a reason or a destination that no form of an organisation's own acts takes."""
    check_dates(admitted_on, today=days.today(), exited_on=exit_.ended_on)
    if exit_.reason in BY_ANOTHER_PAGE:
        raise ImpossibleStay(BY_ANOTHER_PAGE[exit_.reason])
    check_exit(exit_.reason, exit_.destination)
    check_country(exit_.destination, exit_.where)


def let_out(case_: Case, admitted_on: date, exit_: Exit, by: Actor) -> dict[str, object]:
    """What the row of the stay says of its end, once both gates are open. The case is locked.

    Raises ImpossibleStay, permits.GateClosed.
    """
    check_reason(admitted_on, exit_)
    if absence_rows.stands(case_.id) is not None:
        raise ImpossibleStay(StayRefusal.MISSING_STANDS)
    if away_rows.did_not_come_back(case_.id):
        raise ImpossibleStay(StayRefusal.AWAY_STANDS)
    if exit_.destination is Destination.OTHER_SHELTER and transfer_rows.standing(case_.id) is not None:
        raise ImpossibleStay(StayRefusal.MOVE_STANDS)
    permit = permit_rows.facts(case_.id)
    reflects_until = identification_rows.reflection_until(case_)
    child = finding_rows.child_facts(case_, on=exit_.ended_on, handed_over=case_.holder_id != by.organisation_id)
    opened = check_child(child, exit_.destination, on=exit_.ended_on)
    check_household(
        opened, child, exit_.household, reason=exit_.reason, destination=exit_.destination, country=exit_.where
    )
    repatriation, child_gate = check_leaving(
        exit_.reason,
        exit_.destination,
        child=child,
        citizenship_class=case_.citizenship_class,
        permit=permit,
        on=exit_.ended_on,
        country=exit_.where,
        reflection_until=reflects_until,
    )
    informed = repatriation == "informed"
    return {
        "ended_on": exit_.ended_on,
        "end_known_on": days.today(),
        "exit_reason": str(exit_.reason),
        "destination": str(exit_.destination),
        "destination_country": country_of(exit_.destination, exit_.where, case_.citizenship),
        "repatriation_gate": repatriation,
        "informed_on": permit.informed.on if informed and permit.informed else None,
        "permit_state": str(permit.status) if informed else "",
        "child_gate": child_gate,
        **child.kept(child_gate),
        "reflected_until": reflects_until if informed else None,
        "appeal_until": permit.appeal_until if informed else None,
        "left_recorded_by_id": None,
        "left_confirmed_by_id": None,
    }


def end_away(session: Session, stay_id: uuid.UUID, on: date, outcome: Over) -> None:
    """Nobody is away from a stay that is over, or while she is missing: days away end there with it."""
    first = case((Away.since_on > on, Away.since_on), else_=on)
    session.execute(
        update(Away)
        .where(Away.stay_id == stay_id, Away.outcome == "")
        .values(over_on=first, outcome=str(outcome))
        .execution_options(synchronize_session=False)
    )


def away_again(session: Session, stay_id: uuid.UUID, on: date) -> None:
    """Days away that an alarm of this day ended go on as they were, also late: the alarm was about somebody else.

    Where she was said to be away again since then, she had come back in between, and nothing is changed.
    """
    going_on = or_(Away.outcome == "", and_(Away.since_on >= on, Away.outcome.not_in((Over.STRUCK, Over.MISSING))))
    if session.scalar(select(Away.id).where(Away.stay_id == stay_id, going_on).limit(1)) is not None:
        return
    first = case((Away.since_on > on, Away.since_on), else_=on)
    ended = (Away.stay_id == stay_id, Away.outcome == Over.MISSING, Away.over_on == first)
    last = session.scalar(select(Away.id).where(*ended).order_by(Away.since_on.desc()).limit(1))
    session.execute(
        update(Away)
        .where(Away.id == last)
        .values(over_on=None, outcome="")
        .execution_options(synchronize_session=False)
    )
