"""The witness track and who may see it: the holder of the case, and the prosecution with which it is shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Self

from sqlalchemy import select

from nrm import clock
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import WitnessStatus, following
from nrm.models.shelter.cases import Case
from nrm.models.shelter.testimony import Step, StepStrike, Testimony
from nrm.store.countries import country
from nrm.store.rows.shelter.testimony import OF_CASES
from nrm.store.shelter import permits


@dataclass(frozen=True, slots=True)
class WitnessStep:
    """One recorded step; `struck_on` and `struck_why` of one that was struck."""

    id: uuid.UUID
    status: WitnessStatus
    reason: str
    happened_on: date
    struck_on: date | None
    struck_why: StrikeReason | None

    @classmethod
    def of(cls, step: Step, strike: StepStrike | None) -> Self:
        """What a page shows of a row and its strike."""
        return cls(
            step.id,
            WitnessStatus(step.status),
            step.reason,
            step.happened_on,
            clock.day_of(strike.struck_at, country().timezone) if strike else None,
            StrikeReason(strike.reason) if strike else None,
        )


@dataclass(frozen=True, slots=True)
class WitnessView:
    """One person's witness track, oldest step first, and what can be recorded next."""

    case_id: uuid.UUID
    pseudonym: str
    status: WitnessStatus
    steps: tuple[WitnessStep, ...]
    following: tuple[WitnessStatus, ...]
    of_prosecution: bool  # who asks is of the prosecution


def of_case(case_id: uuid.UUID, *, by: Actor) -> WitnessView:
    """One person's witness track; raises NotVisible."""
    case = permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
    steps = [WitnessStep.of(*each) for each in OF_CASES.with_strikes(case_id)]
    standing = [each for each in steps if each.struck_why is None]
    status = standing[-1].status if standing else WitnessStatus.NOT_A_WITNESS
    return WitnessView(
        case.id,
        case.pseudonym,
        status,
        tuple(steps),
        following([each.status for each in standing]),
        by.kind is OrganisationKind.PROSECUTION,
    )


def step(step_id: uuid.UUID, *, by: Actor) -> tuple[WitnessView, WitnessStep]:
    """One step with the track it belongs to; raises NotVisible."""
    track = of_case(case_of(step_id, by=by), by=by)
    return track, next(each for each in track.steps if each.id == step_id)


def case_of(step_id: uuid.UUID, *, by: Actor) -> uuid.UUID:
    """The case of a step, under the rule of `permits.shared_case`; raises NotVisible."""
    found = select(Case).join(Testimony, Testimony.case_id == Case.id).where(Testimony.id == step_id)
    return permits.visible(found, Permission.TESTIMONY_RECORD, by=by).id
