"""Witnesses who are no victims, for the prosecution that entered them and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.testimony import WitnessStatus, following
from nrm.models.support.witnesses import RecordedStep, Witness
from nrm.store.rows.support import witnesses as rows
from nrm.store.shelter.testimony import WitnessStep as Step


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """One witness in the list, with what was recorded last."""

    id: uuid.UUID
    code: str
    status: WitnessStatus
    entered_on: date
    over_on: date | None


@dataclass(frozen=True, slots=True)
class WitnessRecord:
    """One witness: the steps, oldest first, and what can be recorded next."""

    id: uuid.UUID
    code: str
    gender: str
    age_class: str
    entered_on: date
    over_on: date | None
    status: WitnessStatus
    steps: tuple[Step, ...]
    following: tuple[WitnessStatus, ...]


def row(witness_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Witness:
    """One witness of the actor's organisation; raises NotVisible."""
    statement = select(Witness).where(Witness.id == witness_id, _own(by)).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def one(witness_id: uuid.UUID, *, by: Actor) -> WitnessRecord:
    """One witness with the steps; raises NotVisible."""
    found = row(witness_id, by=by)
    steps = [Step.of(*each) for each in rows.OF_WITNESSES.with_strikes(witness_id)]
    standing = [each.status for each in steps if each.struck_why is None]
    return WitnessRecord(
        found.id,
        found.code,
        found.gender,
        found.age_class,
        found.entered_on,
        found.over_on,
        standing[-1] if standing else WitnessStatus.NOT_A_WITNESS,
        tuple(steps),
        () if found.over_on else following(standing),
    )


def step(step_id: uuid.UUID, *, by: Actor) -> tuple[WitnessRecord, Step]:
    """One step with the witness it belongs to; raises NotVisible."""
    found = select(RecordedStep.witness_id).join(Witness, Witness.id == RecordedStep.witness_id)
    witness_id = db.session.scalar(found.where(RecordedStep.id == step_id, _own(by)))
    if witness_id is None:
        raise NotVisible
    record = one(witness_id, by=by)
    return record, next(each for each in record.steps if each.id == step_id)


def mine(*, by: Actor) -> Sequence[WitnessLine]:
    """The witnesses of the actor's organisation whose proceedings are not over, the newest first; then the others.
    Raises NotVisible."""
    found = db.session.scalars(
        select(Witness).where(_own(by)).order_by(Witness.over_on.is_not(None), Witness.entered_on.desc(), Witness.code)
    ).all()
    last = rows.last_status([each.id for each in found])
    return [
        WitnessLine(
            each.id,
            each.code,
            WitnessStatus(last.get(each.id, WitnessStatus.NOT_A_WITNESS)),
            each.entered_on,
            each.over_on,
        )
        for each in found
    ]


def _own(by: Actor) -> ColumnElement[bool]:
    if by.kind is not OrganisationKind.PROSECUTION or not by.may(Permission.TESTIMONY_RECORD):
        raise NotVisible
    return and_(Witness.organisation_id == by.organisation_id)
