"""Rows of plans, for steps and actions that decided who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nrm.db import hit_one
from nrm.models.support.plans import PlanLook, PlanStep


def set_look(session: Session, case_id: uuid.UUID, waits_since: date | None) -> None:
    """A manager has to look at the plan since that day, or has confirmed it (None). What waits already waits since it
    began to."""
    there = session.get(PlanLook, case_id, with_for_update=True, populate_existing=True)
    if there is None:
        session.add(PlanLook(case_id=case_id, waits_since=waits_since))
    elif waits_since is None or there.waits_since is None:
        there.waits_since = waits_since
    session.flush()


def change(session: Session, step: PlanStep, **values: object) -> bool:
    """Change a step that is as it was read; False if somebody else was faster."""
    statement = (
        update(PlanStep)
        .where(PlanStep.id == step.id, PlanStep.outcome == step.outcome, PlanStep.due_on == step.due_on)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return hit_one(session, statement)


def open_steps(session: Session, case_id: uuid.UUID) -> Sequence[PlanStep]:
    """The steps of the plan that are not over, the first day first."""
    mine = select(PlanStep).where(PlanStep.case_id == case_id, PlanStep.outcome == "")
    return session.scalars(mine.order_by(PlanStep.due_on, PlanStep.id).with_for_update()).all()


def forget(session: Session, case_id: uuid.UUID) -> None:
    """The words were erased: days, owners and looks go with them."""
    for table in (PlanStep, PlanLook):
        session.execute(delete(table).where(table.case_id == case_id))
