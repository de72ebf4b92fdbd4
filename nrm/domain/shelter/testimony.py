"""What a witness did in the proceedings (Action Plan II.1(a)(vi)): one status, changed by recorded steps.

A stay in the protection programme lies beside that status: it is entered by a step and left by another, whatever is
said in court meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    LEFT_WITNESS_PROTECTION = "left_witness_protection"
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


class LeavingReason(StrEnum):
    """Why somebody is no longer in the protection programme."""

    OWN_WISH = "own_wish"
    PROCEEDINGS_OVER = "proceedings_over"
    NO_DANGER = "no_danger"
    RULES_BROKEN = "rules_broken"
    MOVED_ABROAD = "moved_abroad"
    THREAT = "threat"  # the place, or who she is now, became known
    OTHER = "other"


Reason = WithdrawalReason | LeavingReason
ENDS = frozenset(
    {WitnessStatus.NOT_A_WITNESS, WitnessStatus.TESTIMONY_WITHDRAWN, WitnessStatus.LEFT_WITNESS_PROTECTION}
)
"""The steps after which the prosecution waits for the witness, or protects her, no more: read by others (ADR 0268)."""
REASONS: Mapping[WitnessStatus, type[WithdrawalReason] | type[LeavingReason]] = MappingProxyType(
    {
        WitnessStatus.TESTIMONY_WITHDRAWN: WithdrawalReason,
        WitnessStatus.LEFT_WITNESS_PROTECTION: LeavingReason,
    }
)
"""The steps that need a reason, and from which list it is."""
THREATS: frozenset[Reason] = frozenset(
    {WithdrawalReason.THREAT_TO_SELF, WithdrawalReason.THREAT_TO_FAMILY, LeavingReason.THREAT}
)
"""The reasons that are told to the holder and the duty desk at once."""

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
    REASON_MISSING = "reason_missing"  # withdrawn, or left the programme, without one
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


def reason_of(status: WitnessStatus, code: str) -> Reason | None:
    """The reason that was recorded with a step; None of a step that has none."""
    reasons = REASONS.get(status)
    return reasons(code) if reasons is not None else None


def stands(steps: Sequence[WitnessStatus]) -> tuple[WitnessStatus, bool]:
    """(what the person last did in the proceedings, whether they are in the programme) by the steps, oldest first.

    Leaving the programme changes nothing of what was said in court.
    """
    said = [each for each in steps if each is not WitnessStatus.LEFT_WITNESS_PROTECTION]
    programme = [each for each in steps if each in _PROGRAMME]
    inside = bool(programme) and programme[-1] is WitnessStatus.IN_WITNESS_PROTECTION
    return said[-1] if said else WitnessStatus.NOT_A_WITNESS, inside


_PROGRAMME = (WitnessStatus.IN_WITNESS_PROTECTION, WitnessStatus.LEFT_WITNESS_PROTECTION)


def following(steps: Sequence[WitnessStatus]) -> tuple[WitnessStatus, ...]:
    """What can be recorded next."""
    status, inside = stands(steps)
    allowed = set(TRANSITIONS[status])
    if inside:
        allowed.add(WitnessStatus.LEFT_WITNESS_PROTECTION)
    elif status is WitnessStatus.IN_WITNESS_PROTECTION:
        allowed.add(WitnessStatus.IN_WITNESS_PROTECTION)  # left, and admitted again
    return tuple(each for each in WitnessStatus if each in allowed)


def step(before: Sequence[WitnessStatus], after: WitnessStatus, reason: Reason | None = None) -> WitnessStatus:
    """The new status, or IllegalStep. A withdrawal and leaving the programme need a reason; nothing else has one."""
    if after not in following(before):
        raise IllegalStep(StepRefusal.STATE)
    reasons = REASONS.get(after)
    if reasons is None and reason is not None:
        raise IllegalStep(StepRefusal.REASON_UNEXPECTED)
    if reasons is not None and not isinstance(reason, reasons):
        raise IllegalStep(StepRefusal.REASON_MISSING)
    return after


def check_day(on: date, *, today: date, last_step: date | None) -> None:
    """Raise IllegalStep for a step that has not happened yet, or that would have come before the one it follows."""
    if on > today:
        raise IllegalStep(StepRefusal.IN_FUTURE)
    if last_step is not None and on < last_step:
        raise IllegalStep(StepRefusal.BEFORE_LAST_STEP)


def check_track(steps: Iterable[tuple[WitnessStatus, Reason | None]]) -> None:
    """Raise IllegalStep unless each step follows from those before it: what is left when one is struck."""
    before: list[WitnessStatus] = []
    for after, reason in steps:
        try:
            before.append(step(before, after, reason))
        except IllegalStep:
            raise IllegalStep(StepRefusal.LATER_STEPS) from None
