"""Appending what a correction strikes, inside the transaction of an action."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.corrections import PLACE_FROM, CorrectionRefusal, CorrectionRefused, Kind, Why
from nrm.domain.shelter.places import Span
from nrm.domain.shelter.stays import ImpossibleStay, StayRefusal
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import places as place_steps
from nrm.store import days

_END = (
    "end_known_on",
    "exit_reason",
    "destination",
    "destination_country",
    "repatriation_gate",
    "informed_on",
    "permit_state",
    "child_gate",
    "safe_on",
    "looked_on",
    "decided_on",
    "assessed_by_id",
    "looked_by_id",
    "child_decision_id",
    "reflected_until",
    "appeal_until",
    "left_recorded_by_id",
    "left_confirmed_by_id",
)
"""What the end of a stay says besides its day."""
NO_END: dict[str, Any] = {
    **dict.fromkeys(("ended_on", *_END)),
    **dict.fromkeys(
        ("exit_reason", "destination", "destination_country", "repatriation_gate", "permit_state", "child_gate"), ""
    ),
}


def append(
    session: Session,
    stay: Stay,
    kind: Kind,
    why: Why,
    by: Actor,
    *,
    was: Mapping[str, object],
    away_id: uuid.UUID | None = None,
) -> None:
    """Keep what stands, with all that is struck of it, before the row says anything else. The stay is locked.
    `away_id`: the days away that are struck."""
    if by.member_id is None:
        raise NotVisible
    number = select(func.count()).select_from(StayCorrection).where(StayCorrection.stay_id == stay.id)
    session.add(
        StayCorrection(
            id=uuid.uuid4(),
            stay_id=stay.id,
            position=(session.scalar(number) or 0) + 1,
            kind=str(kind),
            why=str(why),
            known_on=days.today(),
            corrected_by_id=by.member_id,
            was_admitted_on=stay.admitted_on,
            was_ended_on=stay.ended_on,
            was={name: None if value is None else str(value) for name, value in was.items()},
        )
    )
    session.flush()
    audit.append(
        session,
        audit.Event.STAY_CORRECTED,
        by=by,
        case_id=stay.case_id,
        stay_id=stay.id,
        kind=str(kind),
        why=str(why),
        away_id=away_id,
    )


def strike(session: Session, stay: Stay, kind: Kind, why: Why, by: Actor, **values: Any) -> None:
    """Append the correction with all that it strikes, then let the row say what holds from now on."""
    beside = ("admitted_on", "ended_on", "counts_from", "early_by_id")
    struck = (name for name in values if name not in beside)
    append(session, stay, kind, why, by, was={name: getattr(stay, name) for name in struck})
    same = (Stay.admitted_on == stay.admitted_on, Stay.ended_on.is_not_distinct_from(stay.ended_on))
    statement = update(Stay).where(Stay.id == stay.id, *same).values(**values)
    hit = hit_one(session, statement.execution_options(synchronize_session=False))
    assert hit, "the row is locked"


def strike_end(session: Session, stay: Stay, why: Why, by: Actor) -> None:
    """The end of a stay was wrong: it goes on. The caller has looked whether it may, and gives it a place."""
    strike(session, stay, Kind.EXIT, why, by, **NO_END)


def first_day(session: Session, stay: Stay, on: date, by: Actor) -> None:
    """The first place was hers from this day on. Raises CorrectionRefused (`before_move`), ImpossibleStay."""
    rows = _places(session, stay.id)
    if not rows:
        return
    row = rows[0]
    if row.until_on is not None and (on > row.until_on or (on == row.until_on and len(rows) > 1)):
        raise CorrectionRefused(CorrectionRefusal.BEFORE_MOVE)
    if on < row.from_on and row.place_id is not None:
        place_steps.check_free(row.place_id, Span(on, row.from_on), by)
    _replace(session, row, by, from_on=on, until_on=row.until_on)


def last_day(session: Session, stay: Stay, on: date, by: Actor) -> None:
    """The last place of a stay that ended was hers until this day. Raises ImpossibleStay (`place_taken_later`)."""
    assert stay.ended_on is not None
    rows = _places(session, stay.id)
    if on < stay.ended_on:
        place_steps.end(session, stay.id, on, by)
    elif rows and on > stay.ended_on and rows[-1].until_on == stay.ended_on:
        row = rows[-1]
        if row.place_id is not None:
            try:
                place_steps.check_free(row.place_id, Span(stay.ended_on, on), by)
            except ImpossibleStay:
                raise ImpossibleStay(StayRefusal.PLACE_TAKEN_LATER) from None
        _replace(session, row, by, from_on=row.from_on, until_on=on)


def other_place(session: Session, stay: Stay, place_id: uuid.UUID, from_on: date, by: Actor) -> dict[str, object]:
    """From a day of the stay on it was another place; returns what was struck.

    Raises CorrectionRefused, ImpossibleStay.
    """
    if not stay.admitted_on <= from_on <= (stay.ended_on or days.today()):
        raise CorrectionRefused(CorrectionRefusal.NOT_THERE)
    wrong = [row for row in _places(session, stay.id) if row.until_on is None or row.until_on > from_on]
    if wrong and all(row.place_id == place_id for row in wrong):
        raise CorrectionRefused(CorrectionRefusal.SAME)
    was = {f"{PLACE_FROM}{max(row.from_on, from_on)}": row.place_id or row.with_stay_id for row in wrong}
    for row in wrong:
        place_steps.strike(session, row, by, until_on=from_on if row.from_on < from_on else None)
    place_steps.begin(session, stay, place_id=place_id, from_on=from_on, until_on=stay.ended_on, by=by)
    return dict(was)


def _places(session: Session, stay_id: uuid.UUID) -> list[Occupancy]:
    statement = select(Occupancy).where(Occupancy.stay_id == stay_id, Occupancy.struck_on.is_(None))
    ordered = statement.order_by(Occupancy.from_on, Occupancy.until_on.is_(None), Occupancy.until_on)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def _replace(session: Session, row: Occupancy, by: Actor, *, from_on: date, until_on: date | None) -> None:
    """Strike a row, and let another stand in its place with other days. Raises ImpossibleStay (`place_taken`)."""
    place_steps.strike(session, row, by)
    right = Occupancy(
        id=uuid.uuid4(),
        stay_id=row.stay_id,
        place_id=row.place_id,
        with_stay_id=row.with_stay_id,
        from_on=from_on,
        until_on=until_on,
    )
    session.add(right)
    try:
        session.flush()
    except IntegrityError as error:
        if "occupanc" not in str(error.orig):
            raise
        raise ImpossibleStay(StayRefusal.PLACE_TAKEN) from None
    row.replaced_by_id = right.id
    session.flush()
