"""Claims for compensation: where a victim asks, what is decided, what is paid, and which quarter each step counts in.

Source: National Action Plan II.1(a)(iii): a state scheme, and help to gain compensation through it. Amounts are bands
of the country and never exact; of days the quarter is kept. What was recorded wrongly is corrected by one more entry.

Decided in ADR 0035.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from nrm.domain.quarters import Quarter


class Forum(StrEnum):
    """Where it is asked: at the court that tries the offence, a civil court, the state scheme, or a court abroad."""

    CRIMINAL_PROCEEDINGS = "criminal_proceedings"
    CIVIL_SUIT = "civil_suit"
    STATE_SCHEME = "state_scheme"
    ABROAD = "abroad"


class Outcome(StrEnum):
    """The state of a claim. `mistaken`: there never was a claim; it is not counted."""

    PENDING = "pending"
    GRANTED = "granted"
    GRANTED_IN_PART = "granted_in_part"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    MISTAKEN = "mistaken"


class Paid(StrEnum):
    """How much of what was granted has reached the person."""

    NO = "no"
    PARTLY = "partly"
    YES = "yes"


class ClaimEvent(StrEnum):
    """What can be recorded."""

    ASK = "ask"
    GRANT = "grant"
    GRANT_IN_PART = "grant_in_part"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    PAY_PART = "pay_part"
    PAY = "pay"
    CORRECT = "correct"


NOT_STATED = "not_stated"
"""A code in addition to the bands of the country: the amount is not known, or the court has not named it yet."""

GIVEN = (Outcome.GRANTED, Outcome.GRANTED_IN_PART)
_O, _E = Outcome, ClaimEvent

DECISIONS: Mapping[ClaimEvent, Outcome] = MappingProxyType(
    {
        _E.GRANT: _O.GRANTED,
        _E.GRANT_IN_PART: _O.GRANTED_IN_PART,
        _E.REJECT: _O.REJECTED,
        _E.WITHDRAW: _O.WITHDRAWN,
        _E.APPEAL: _O.PENDING,
    }
)
"""The outcome after a step; paying does not change it."""


class ClaimRefusal(StrEnum):
    """Why an entry of a claim is refused."""

    STATE = "state"  # does not follow, or somebody recorded a step meanwhile
    ASKED = "asked"
    GRANTED = "granted"  # no band, or one above what was asked
    PAID = "paid"
    OUTCOME = "outcome"
    NOTHING_CHANGED = "nothing_changed"
    IN_FUTURE = "in_future"
    BEFORE_LAST_STEP = "before_last_step"


class ClaimRefused(ValueError):
    """It cannot be recorded; `reason` says why."""

    def __init__(self, reason: ClaimRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a claim: amounts as bands; `granted` and `paid` are empty unless something was granted."""

    forum: Forum
    asked: str
    outcome: Outcome = Outcome.PENDING
    granted: str = ""
    paid: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a claim's history: what happened, the state after it, the quarter, and the quarter that counts
    it."""

    event: ClaimEvent
    standing: Standing
    happened: Quarter
    counts: Quarter


def following(standing: Standing) -> tuple[ClaimEvent, ...]:
    """What can happen next. A correction is always possible and not among them."""
    match standing.outcome:
        case Outcome.PENDING:
            return (_E.GRANT, _E.GRANT_IN_PART, _E.REJECT, _E.WITHDRAW)
        case Outcome.REJECTED:
            return (_E.APPEAL,)
        case Outcome.GRANTED | Outcome.GRANTED_IN_PART if standing.paid == Paid.NO:
            return (_E.PAY, _E.PAY_PART, _E.APPEAL)
        case Outcome.GRANTED | Outcome.GRANTED_IN_PART if standing.paid == Paid.PARTLY:
            return (_E.PAY,)
    return ()


def check(standing: Standing, bands: Sequence[str]) -> Standing:
    """The standing, if its amounts are bands of the country (the smallest first) and go together; else ClaimRefused."""
    if standing.asked not in (*bands, NOT_STATED):
        raise ClaimRefused(ClaimRefusal.ASKED)
    if standing.outcome not in GIVEN:
        if standing.granted or standing.paid:
            raise ClaimRefused(ClaimRefusal.GRANTED if standing.granted else ClaimRefusal.PAID)
        return standing
    if standing.granted not in (*bands, NOT_STATED):
        raise ClaimRefused(ClaimRefusal.GRANTED)
    stated = standing.asked in bands and standing.granted in bands
    if stated and bands.index(standing.granted) > bands.index(standing.asked):
        raise ClaimRefused(ClaimRefusal.GRANTED)
    if standing.paid not in set(Paid):
        raise ClaimRefused(ClaimRefusal.PAID)
    return standing


def step(before: Standing, event: ClaimEvent, bands: Sequence[str], *, granted: str = "") -> Standing:
    """The state after `event`; raises ClaimRefused.

    A claim that is granted in full gets the amount that was asked. `granted` is used if that was not stated, and for a
    part.
    """
    if event not in following(before):
        raise ClaimRefused(ClaimRefusal.STATE)
    if event in (_E.PAY_PART, _E.PAY):
        paid = Paid.YES if event is _E.PAY else Paid.PARTLY
        return Standing(before.forum, before.asked, before.outcome, before.granted, paid)
    outcome = DECISIONS[event]
    if outcome not in GIVEN:
        return Standing(before.forum, before.asked, outcome)
    if event is _E.GRANT and before.asked != NOT_STATED:
        granted = before.asked
    return check(Standing(before.forum, before.asked, outcome, granted, Paid.NO), bands)


def check_quarter(happened: Quarter, *, today: Quarter, last: Quarter | None) -> None:
    """Raise ClaimRefused for a step that has not happened yet, or that would have come before the one it follows."""
    if happened > today:
        raise ClaimRefused(ClaimRefusal.IN_FUTURE)
    if last is not None and happened < last:
        raise ClaimRefused(ClaimRefusal.BEFORE_LAST_STEP)


def check_correction(history: Sequence[Entry], standing: Standing, happened: Quarter, bands: Sequence[str]) -> Standing:
    """The standing, if it may replace the last entry and differs from it; else ClaimRefused.

    Something that happened later is a step, not a correction: a correction counts in the quarter of the replaced entry.
    """
    last = history[-1]
    if (standing, happened) == (last.standing, last.happened):
        raise ClaimRefused(ClaimRefusal.NOTHING_CHANGED)
    if standing.outcome not in correctable(last.standing):
        raise ClaimRefused(ClaimRefusal.OUTCOME)
    if standing.paid not in ("", Paid.NO) and not is_paid(last.standing):
        raise ClaimRefused(ClaimRefusal.PAID)
    return check(standing, bands)


def correctable(last: Standing) -> tuple[Outcome, ...]:
    """The outcomes to which it may be corrected; a claim that waits cannot be corrected to a decision."""
    return (Outcome.PENDING, Outcome.MISTAKEN) if last.outcome is Outcome.PENDING else tuple(Outcome)


def is_paid(standing: Standing) -> bool:
    """Whether a payment is recorded, and so can be corrected."""
    return standing.paid in (Paid.PARTLY, Paid.YES)


def before_last(history: Sequence[Entry]) -> Quarter | None:
    """The quarter of the step before the one that a correction corrects; None where there is none."""
    steps = effective(history)
    return steps[-2].happened if len(steps) > 1 else None


def effective(history: Iterable[Entry]) -> list[Entry]:
    """The valid entries: a correction replaces the entry before it."""
    found: list[Entry] = []
    for entry in history:
        if entry.event is _E.CORRECT and found:
            found.pop()
        found.append(entry)
    return found


@dataclass(frozen=True, slots=True)
class Counted:
    """A claim as a period counts it: as it stood at its end; `new`: asked in it, or asked before and known only now."""

    standing: Standing
    new: bool


def counted(history: Iterable[Entry], first: Quarter, last: Quarter) -> Counted | None:
    """The claim in the period from `first` to `last`; None if it was neither asked nor decided nor paid in it."""
    steps = effective(entry for entry in history if entry.counts <= last)
    if not steps or steps[-1].standing.outcome is Outcome.MISTAKEN:
        return None
    new = steps[0].counts >= first
    standing = steps[-1].standing
    happened = any(entry.counts >= first for entry in steps) and standing.outcome is not Outcome.PENDING
    return Counted(standing, new) if new or happened else None


_PAID = ("", Paid.NO, Paid.PARTLY, Paid.YES)
_OUTCOMES = (Outcome.WITHDRAWN, Outcome.REJECTED, Outcome.PENDING, Outcome.GRANTED_IN_PART, Outcome.GRANTED)
_FORUMS = (Forum.ABROAD, Forum.CIVIL_SUIT, Forum.CRIMINAL_PROCEEDINGS, Forum.STATE_SCHEME)


def foremost(claims: Collection[Counted], bands: Sequence[str]) -> Counted:
    """Of a person's claims in a period the one that brought most: by what was paid, decided, granted, asked; then the
    state scheme before the others. The order of `claims` does not matter. ValueError when there is none.
    """
    amounts = {code: place for place, code in enumerate(("", NOT_STATED, *bands))}

    def rank(each: Counted) -> tuple[int, ...]:
        one = each.standing
        granted, asked = (amounts.get(band, amounts[NOT_STATED]) for band in (one.granted, one.asked))
        return (_PAID.index(one.paid), _OUTCOMES.index(one.outcome), granted, asked, _FORUMS.index(one.forum), each.new)

    return max(claims, key=rank)
