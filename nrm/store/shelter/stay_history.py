"""What was entered of a stay before what holds now: struck entries and earlier plans, for its own shelter."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.planned_ends import PlannedEnd
from nrm.store.shelter import stays


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """One correction: what it struck, why, who struck it and when. `exit_reason`: of a struck end."""

    kind: str
    why: str
    known_on: date
    name: str
    was_admitted_on: date
    was_ended_on: date | None
    exit_reason: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Until when the stay was planned, since when, and why."""

    planned_on: date
    why: str
    entered_on: date


def corrections(stay_id: uuid.UUID, *, by: Actor) -> list[CorrectionLine]:
    """The corrections of a stay in the actor's shelter, the first one first; raises NotVisible."""
    stays.stay(stay_id, by=by)
    statement = (
        select(StayCorrection, Member.name)
        .join(Member, Member.id == StayCorrection.corrected_by_id)
        .where(StayCorrection.stay_id == stay_id)
        .order_by(StayCorrection.position)
    )
    return [
        CorrectionLine(
            kind=found.kind,
            why=found.why,
            known_on=found.known_on,
            name=name,
            was_admitted_on=found.was_admitted_on,
            was_ended_on=found.was_ended_on,
            exit_reason=(found.was.get("exit_reason") or "") if found.kind == "exit" else "",
        )
        for found, name in db.session.execute(statement)
    ]


def planned(stay_id: uuid.UUID, *, by: Actor) -> list[PlanLine]:
    """Every planned end of a stay in the actor's shelter, the first one first; raises NotVisible."""
    stays.stay(stay_id, by=by)
    statement = select(PlannedEnd).where(PlannedEnd.stay_id == stay_id).order_by(PlannedEnd.position)
    return [PlanLine(each.planned_on, each.why, each.entered_on) for each in db.session.scalars(statement)]
