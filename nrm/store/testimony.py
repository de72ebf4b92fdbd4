"""The witness track and who may see it: the holder of the case, and the prosecution with which it is shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts import Actor, Permission
from nrm.domain.testimony import TRANSITIONS, WitnessStatus
from nrm.models.testimony import Testimony
from nrm.store import permits


@dataclass(frozen=True, slots=True)
class WitnessStep:
    """One recorded step."""

    status: WitnessStatus
    reason: str
    happened_on: date


@dataclass(frozen=True, slots=True)
class WitnessView:
    """One person's witness track, oldest step first, and what can be recorded next."""

    case_id: uuid.UUID
    pseudonym: str
    status: WitnessStatus
    steps: tuple[WitnessStep, ...]
    following: tuple[WitnessStatus, ...]


def of_case(case_id: uuid.UUID, *, by: Actor) -> WitnessView:
    """One person's witness track; raises NotVisible."""
    case = permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
    steps = [WitnessStep(WitnessStatus(each.status), each.reason, each.happened_on) for each in rows(case_id)]
    status = steps[-1].status if steps else WitnessStatus.NOT_A_WITNESS
    following = tuple(each for each in WitnessStatus if each in TRANSITIONS[status])
    return WitnessView(case.id, case.pseudonym, status, tuple(steps), following)


def rows(case_id: uuid.UUID) -> list[Testimony]:
    """The steps of a case that was seen already, in order; for actions."""
    statement = select(Testimony).where(Testimony.case_id == case_id).order_by(Testimony.position)
    return list(db.session.scalars(statement))
