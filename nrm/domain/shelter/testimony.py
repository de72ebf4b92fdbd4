"""What a victim-witness did in the proceedings (Action Plan II.1(a)(vi)): one status, changed by recorded steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class WitnessStatus(StrEnum):
    """The last recorded step."""

    NOT_A_WITNESS = "not_a_witness"
    WILLING = "willing"
    STATEMENT_GIVEN = "statement_given"
    EVIDENCE_SERIOUS_CRIMES_COURT = "evidence_serious_crimes_court"
    EVIDENCE_DISTRICT_COURT = "evidence_district_court"
    IN_WITNESS_PROTECTION = "in_witness_protection"
    TESTIMONY_WITHDRAWN = "testimony_withdrawn"


class WithdrawalReason(StrEnum):
    """Why testimony was withdrawn."""

    THREAT_TO_SELF = "threat_to_self"
    THREAT_TO_FAMILY = "threat_to_family"
    TRAUMA = "trauma"
    LACK_OF_PROTECTION = "lack_of_protection"
    FAMILY_PRESSURE = "family_pressure"
    RETURNED_ABROAD = "returned_abroad"
    OTHER = "other"


_S = WitnessStatus
_EVIDENCE = frozenset({_S.EVIDENCE_SERIOUS_CRIMES_COURT, _S.EVIDENCE_DISTRICT_COURT})
_HEARD = _EVIDENCE | {_S.IN_WITNESS_PROTECTION, _S.TESTIMONY_WITHDRAWN}

TRANSITIONS: Mapping[WitnessStatus, frozenset[WitnessStatus]] = MappingProxyType(
    {
        _S.NOT_A_WITNESS: frozenset({_S.WILLING, _S.STATEMENT_GIVEN}),
        _S.WILLING: frozenset({_S.NOT_A_WITNESS, _S.STATEMENT_GIVEN}),
        _S.STATEMENT_GIVEN: _HEARD,
        # A witness may be heard again, also by the same court.
        _S.EVIDENCE_SERIOUS_CRIMES_COURT: _HEARD,
        _S.EVIDENCE_DISTRICT_COURT: _HEARD,
        _S.IN_WITNESS_PROTECTION: _EVIDENCE | {_S.TESTIMONY_WITHDRAWN},
        # Who withdrew may change their mind, with a new statement.
        _S.TESTIMONY_WITHDRAWN: frozenset({_S.STATEMENT_GIVEN}),
    }
)


class StepRefusal(StrEnum):
    """Why a step of the testimony track is refused."""

    STATE = "state"
    REASON_MISSING = "reason_missing"  # withdrawn without one
    REASON_UNEXPECTED = "reason_unexpected"
    IN_FUTURE = "in_future"
    BEFORE_LAST_STEP = "before_last_step"
    LATER_STEPS = "later_steps"  # what follows would stand on nothing
    STRUCK = "struck"  # already


class IllegalStep(Exception):
    """The step cannot be recorded; `reason` says why."""

    def __init__(self, reason: StepRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def step(before: WitnessStatus, after: WitnessStatus, reason: WithdrawalReason | None = None) -> WitnessStatus:
    """The new status, or IllegalStep. A withdrawal needs its reason, and nothing else has one."""
    if after not in TRANSITIONS[before]:
        raise IllegalStep(StepRefusal.STATE)
    if after is WitnessStatus.TESTIMONY_WITHDRAWN and reason is None:
        raise IllegalStep(StepRefusal.REASON_MISSING)
    if after is not WitnessStatus.TESTIMONY_WITHDRAWN and reason is not None:
        raise IllegalStep(StepRefusal.REASON_UNEXPECTED)
    return after


def check_day(on: date, *, today: date, last_step: date | None) -> None:
    """Raise IllegalStep for a step that has not happened yet, or that would have come before the one it follows."""
    if on > today:
        raise IllegalStep(StepRefusal.IN_FUTURE)
    if last_step is not None and on < last_step:
        raise IllegalStep(StepRefusal.BEFORE_LAST_STEP)


def check_track(steps: Iterable[tuple[WitnessStatus, WithdrawalReason | None]]) -> None:
    """Raise IllegalStep unless each step follows from the one before it: what is left when one is struck."""
    status = WitnessStatus.NOT_A_WITNESS
    for after, reason in steps:
        try:
            status = step(status, after, reason)
        except IllegalStep:
            raise IllegalStep(StepRefusal.LATER_STEPS) from None
