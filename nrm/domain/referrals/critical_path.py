"""The critical path of one case, and whom to call when a step of it is late.

Everything is computed from timestamps each time it is shown; what is late is never stored. Nothing here knows a name.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from nrm.domain.agreement.agreements import RECEIVER, Agreement, Party, PathStep
from nrm.domain.referrals.referrals import DECISION_WITHIN, NO_SHOW_AFTER, TAKEN, ReferralStatus

FIRST_INTERVIEW, ANSWER, ARRIVAL, DECISION, NOTIFY = "first_interview", "answer", "arrival", "decision", "notify"
DUTY_OFFICER = "duty_officer"
"""In place of a party: the Responsible Authority's officer on duty."""

_NEVER = datetime.max.replace(tzinfo=UTC)


class StepState(StrEnum):
    """How a step stands at the instant of looking."""

    DONE = "done"
    ENDED = "ended"  # over without having been done: declined, withdrawn, expired, not arrived
    LATE = "late"
    DUE = "due"
    PROMISED = "promised"  # said by telephone: the first deadline is stopped
    WAITING = "waiting"  # no hour is set


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `at`: when it was done or ended; `late`: by how much it is, or was done, too late, None if it is not.

    `exact` is false once only the quarter of the hours is kept: then nothing is said of lateness.
    """

    kind: str
    party: str
    clause: str
    state: StepState
    at: datetime | None = None
    due_at: datetime | None = None
    late: timedelta | None = None
    outcome: str = ""
    exact: bool = True
    obligation_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One referral of the case, as far as its hours go. `party`: the organisation's code."""

    party: str
    clause: str
    status: ReferralStatus
    sent_at: datetime
    due_at: datetime
    promised_at: datetime | None
    decided_at: datetime | None
    expected_at: datetime | None
    arrived_at: datetime | None
    missed_at: datetime | None = None

    def is_exact(self, is_coarse: Callable[[datetime], bool]) -> bool:
        """Whether the hours are still kept: a quarter's first instant has no time to answer, or none that is true where
        it ended in the next one."""
        return self.due_at != self.sent_at and not is_coarse(self.sent_at)


class Owed(Protocol):
    """Something the agreement asks of a party in this case."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def party(self) -> str: ...
    @property
    def clause(self) -> str: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def done_at(self) -> datetime | None: ...


def timeline(
    legs: Sequence[Leg],
    owed: Sequence[Owed],
    *,
    agreement: Agreement,
    at: datetime,
    interviewed_by: str | None,
    waits_to_be_placed: bool,
    is_coarse: Callable[[datetime], bool],
) -> list[Step]:
    """What is done, what is due and what is late at `at`; what is over first, then the first due first.

    `interviewed_by`: the post that held the interview, if one did. `waits_to_be_placed`: nobody has the person but who
    handed them over. `is_coarse`: whether an instant is one to which hours are coarsened.
    """
    steps = [_answer(leg, agreement, at, exact=leg.is_exact(is_coarse)) for leg in legs]
    if interviewed_by and legs:
        clause = clause_of(agreement, FIRST_INTERVIEW)
        exact = legs[0].is_exact(is_coarse)
        steps.insert(0, _done(FIRST_INTERVIEW, interviewed_by, clause, legs[0].sent_at, exact=exact))
    arrival = next((each for each in owed if each.kind == ARRIVAL), None)
    arrived = [leg for leg in legs if leg.status is ReferralStatus.ARRIVED]
    steps += [_arrival(leg, arrival, agreement, at, is_coarse) for leg in arrived]
    last = legs[-1] if legs else None
    if not arrived and (legs or arrival is not None):
        steps.append(_arrival(last, arrival, agreement, at, is_coarse))
    elif last is not None and last not in arrived and (last.status.is_open or last.status in TAKEN):
        steps.append(_arrival(last, None, agreement, at, is_coarse))  # of a move: what was owed was the first arrival
    if waits_to_be_placed and not any(leg.status.is_open for leg in legs):
        due = last.decided_at + DECISION_WITHIN if last is not None and last.decided_at else None
        steps.append(_open(DECISION, DUTY_OFFICER, last.clause if last is not None else "", due, at))
    steps += [_owed(each, at, is_coarse) for each in owed if each.kind != ARRIVAL]
    return sorted(steps, key=_place)


def _place(step: Step) -> tuple[bool, datetime]:
    return step.at is None, step.at or step.due_at or _NEVER


def _answer(leg: Leg, agreement: Agreement, at: datetime, *, exact: bool) -> Step:
    within = leg.due_at - leg.sent_at if exact else None
    clause = clause_of(agreement, ANSWER, within) or leg.clause
    if leg.status is ReferralStatus.SENT:
        if leg.promised_at is not None:
            return Step(ANSWER, leg.party, clause, StepState.PROMISED, due_at=None, outcome="promised")
        return _open(ANSWER, leg.party, clause, leg.due_at, at)
    due = None if leg.promised_at is not None else leg.due_at
    taken = leg.status in TAKEN
    outcome = str(ReferralStatus.ACCEPTED if taken else leg.status)
    step = _done(ANSWER, leg.party, clause, leg.decided_at or leg.sent_at, due, exact=exact, outcome=outcome)
    return step if taken else _ended(step)


def _arrival(
    leg: Leg | None, owed: Owed | None, agreement: Agreement, at: datetime, is_coarse: Callable[[datetime], bool]
) -> Step:
    clause = owed.clause if owed is not None else clause_of(agreement, ARRIVAL)
    party = leg.party if leg is not None and leg.status.is_open else RECEIVER
    if leg is not None and leg.status is ReferralStatus.ARRIVED:
        return _done(ARRIVAL, leg.party, clause, leg.arrived_at or leg.sent_at, exact=leg.is_exact(is_coarse))
    if leg is not None and leg.status in TAKEN and not leg.status.is_open:
        exact, outcome = leg.is_exact(is_coarse), str(leg.status)
        return Step(ARRIVAL, leg.party, clause, StepState.ENDED, leg.decided_at, outcome=outcome, exact=exact)
    due = owed.due_at if owed is not None else None
    awaited = (leg.missed_at or leg.expected_at) if leg is not None else None
    if leg is not None and leg.status is ReferralStatus.ACCEPTED and awaited is not None:
        due = awaited + NO_SHOW_AFTER
    if owed is not None and owed.done_at is not None:
        return _done(ARRIVAL, party, clause, owed.done_at, exact=not is_coarse(owed.done_at))
    return _open(ARRIVAL, party, clause, due, at)


def _owed(owed: Owed, at: datetime, is_coarse: Callable[[datetime], bool]) -> Step:
    if owed.done_at is None:
        return _open(owed.kind, owed.party, owed.clause, owed.due_at, at, owed.id)
    exact = not is_coarse(owed.done_at)
    return _done(owed.kind, owed.party, owed.clause, owed.done_at, owed.due_at, exact=exact, obligation_id=owed.id)


def _open(
    kind: str, party: str, clause: str, due: datetime | None, at: datetime, obligation_id: uuid.UUID | None = None
) -> Step:
    late = late_by(due, at)
    state = StepState.WAITING if due is None else StepState.DUE if late is None else StepState.LATE
    return Step(kind, party, clause, state, due_at=due, late=late, obligation_id=obligation_id)


def _done(
    kind: str,
    party: str,
    clause: str,
    done_at: datetime,
    due: datetime | None = None,
    *,
    exact: bool = True,
    outcome: str = "",
    obligation_id: uuid.UUID | None = None,
) -> Step:
    late = late_by(due, done_at) if exact else None
    return Step(kind, party, clause, StepState.DONE, done_at, due, late, outcome, exact, obligation_id)


def _ended(step: Step) -> Step:
    return Step(step.kind, step.party, step.clause, StepState.ENDED, step.at, outcome=step.outcome, exact=step.exact)


def late_by(due: datetime | None, at: datetime) -> timedelta | None:
    """How late it is at `at`; None before the due hour, and if there is none. At the due hour itself: zero."""
    return at - due if due is not None and at >= due else None


def clause_of(agreement: Agreement, step: str, within: timedelta | None = None) -> str:
    """The clause that sets a step: the one with just that time, else the first; empty if the document sets none."""
    found = [
        (clause.number, duty.within) for clause in agreement.clauses for duty in clause.duties if duty.kind == step
    ]
    exact = [number for number, time in found if time == within]
    return (exact or [number for number, _ in found] or [""])[0]


def path_step(agreement: Agreement, kind: str, party: str) -> PathStep | None:
    """The step of the critical path that a thing owed is; telling a party is the step that party answers for."""
    for step in agreement.path:
        if step.step == kind or (kind == NOTIFY and step.responsible == party and step.step.startswith("tell_")):
            return step
    return None


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone of the escalation order. `rung`: `responsible`, or what the path turns to; `party` whose it is."""

    rung: str
    party: str
    telephone: str
    after: timedelta


def escalation(
    step: PathStep | None,
    responsible: Party,
    parties: Mapping[str, Party],
    local: datetime,
    *,
    authority: Party,
) -> tuple[Number, ...]:
    """Whom to call, in order; `local` decides between a desk and its on-call number.

    A step with the same number as the one before is left out, so that nobody is told to dial the same number again.
    """
    order = [Number("responsible", responsible.code, numbers_of(responsible, local)[0], timedelta())]
    for rung in step.escalation if step is not None else ():
        if rung.to == "next_number":
            others = numbers_of(responsible, local)[1:]
            found = Number(rung.to, responsible.code, others[0], rung.after) if others else None
        elif rung.to == DUTY_OFFICER:
            found = Number(rung.to, authority.code, numbers_of(authority, local)[0], rung.after)
        else:
            keeper = parties.get(rung.party or "")
            found = Number(rung.to, keeper.code, numbers_of(keeper, local)[0], rung.after) if keeper else None
        if found is not None and found.telephone != order[-1].telephone:
            order.append(found)
    return tuple(order)


def numbers_of(party: Party, local: datetime) -> tuple[str, ...]:
    """The telephones of a party in the order to be tried: the desk's while it is open, by night the on-call one."""
    desk = party.desk.telephone
    order = (desk, party.on_call) if party.desk.is_open(local) else (party.on_call, desk)
    return tuple(dict.fromkeys(number for number in order if number))


def call_now(order: Sequence[Number], elapsed: timedelta, unanswered: Collection[str]) -> Number:
    """The number whose time has come, or the first after it that was not tried in vain; the last one at the end."""
    place = max(index for index, number in enumerate(order) if index == 0 or number.after <= elapsed)
    while place < len(order) - 1 and order[place].telephone in unanswered:
        place += 1
    return order[place]


def call_again(order: Sequence[Number], called: Sequence[str]) -> Number | None:
    """Once the order has come to the duty officer, who reads this: the number of the others that was called least
    lately. `called`: the telephones in the order of the calls. None where nobody else is in the order."""
    last = {telephone: place for place, telephone in enumerate(called)}
    others = [each for each in order if each.rung != DUTY_OFFICER]
    return min(others, key=lambda each: last.get(each.telephone, -1), default=None)
