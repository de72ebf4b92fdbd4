"""The witness track and who may see it: the holder of the case, and the prosecution with which it is shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.testimony import TRANSITIONS, WitnessStatus
from nrm.store.rows.shelter import testimony as testimony_rows
from nrm.store.shelter import permits


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
    steps = [
        WitnessStep(WitnessStatus(each.status), each.reason, each.happened_on) for each in testimony_rows.rows(case_id)
    ]
    status = steps[-1].status if steps else WitnessStatus.NOT_A_WITNESS
    following = tuple(each for each in WitnessStatus if each in TRANSITIONS[status])
    return WitnessView(case.id, case.pseudonym, status, tuple(steps), following)
