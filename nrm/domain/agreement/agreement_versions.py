"""The life of a version of the agreement: proposed, approved by the Minister of State, signed, in force on its date.

Action Plan II.1(b)(i) and (v): the parties sign one text; more of them join later; a party that has not signed receives
nothing.

Decided in ADR 0021.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreements import Agreement, Party
from nrm.domain.agreement.changed_words import leads_elsewhere
from nrm.domain.agreement.safeguards import is_reason
from nrm.domain.look_alikes import skeleton

SIGNERS = 2
"""How many people sign for each party."""

TRIED = "tried"
"""Where a simulation that is kept says the digest of the text that it tried."""
LONGEST_TEXT = 256 * 1024
LONGEST_NOTE = 500
LONGEST_REASON = 500
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
"""The allowed names of a version; they are part of addresses."""


class VersionStatus(StrEnum):
    """The state of a version. Whether a signed one is in force depends on the date."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    OPEN = "open"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"


class VersionEvent(StrEnum):
    """What can happen to it. A signature completes the version when it is the last that is needed."""

    APPROVE = "approve"
    OPEN = "open"
    SIGN = "sign"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"


TRANSITIONS: Mapping[tuple[VersionStatus, VersionEvent], VersionStatus] = MappingProxyType(
    {
        (VersionStatus.PROPOSED, VersionEvent.APPROVE): VersionStatus.APPROVED,
        (VersionStatus.PROPOSED, VersionEvent.WITHDRAW): VersionStatus.WITHDRAWN,
        (VersionStatus.APPROVED, VersionEvent.OPEN): VersionStatus.OPEN,
        (VersionStatus.APPROVED, VersionEvent.WITHDRAW): VersionStatus.WITHDRAWN,
        (VersionStatus.OPEN, VersionEvent.SIGN): VersionStatus.OPEN,
        (VersionStatus.OPEN, VersionEvent.COMPLETE): VersionStatus.SIGNED,
        (VersionStatus.OPEN, VersionEvent.WITHDRAW): VersionStatus.WITHDRAWN,
        # A party that joins later signs a text that binds the others already.
        (VersionStatus.SIGNED, VersionEvent.SIGN): VersionStatus.SIGNED,
    }
)
"""All other combinations are refused and change nothing."""


class ApprovalRefusal(StrEnum):
    """What is wrong with the letter by which a ministry approves a version."""

    FUTURE = "future"  # its day
    BEFORE = "before"  # its day lies before the text was proposed: it is of another text
    LENGTH = "length"  # its number is missing or too long


class WeakeningRefused(Exception):
    """The reason for a weakening says nothing, or is too long; `copied`: it is that of another weakening."""

    def __init__(self, *, copied: bool) -> None:
        super().__init__(copied)
        self.copied = copied


class WithdrawalRefused(Exception):
    """The reason for a withdrawal says nothing, or is longer than LONGEST_REASON."""


class ApprovalRefused(Exception):
    """The approval is not recorded; `reason` says why."""

    def __init__(self, reason: ApprovalRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class VersionStepRefusal(StrEnum):
    """Why a step of a version of the agreement is refused."""

    STATE = "state"
    SIGNED = "signed"
    SEASONED_FIRST = "seasoned_first"  # let in lately, and one who was there before has not signed: that one does
    NEWCOMER = "newcomer"  # let in lately, and the party has two people who were there before
    COMPLETE = "complete"
    CHANGED = "changed"
    NOT_SIMULATED = "not_simulated"
    WEAKENED = "weakened"  # a safeguard is weakened and nobody accepted that
    REPLACED = "replaced"  # the text that it was written from was replaced meanwhile, and nobody accepted that
    TRIES = "tries"  # too many proposals were simulated over the same quarters


class IllegalVersionStep(Exception):
    """The version is not in a state for it, and nothing changes; `reason` says why."""

    def __init__(self, reason: VersionStepRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def decide(status: VersionStatus, event: VersionEvent) -> VersionStatus:
    """What follows; raises IllegalVersionStep."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise IllegalVersionStep(VersionStepRefusal.STATE) from None


def is_trial_of(simulation: Mapping[str, Any] | None, digest: str) -> bool:
    """Whether a simulation that was kept is of the text with this digest. One from before digests were kept is of the
    text that it stands with: a text that was tried does not change."""
    return simulation is not None and simulation.get(TRIED, digest) == digest


def check_simulated(simulation: Mapping[str, Any] | None, digest: str, *, numbers_alone: bool) -> None:
    """Raise IllegalVersionStep unless this very text was simulated on past cases, which must come before approval; but
    where nothing but names and telephones is different, every case would go as before."""
    if not is_trial_of(simulation, digest) and not numbers_alone:
        raise IllegalVersionStep(VersionStepRefusal.NOT_SIMULATED)


def check_accepted(weakened: Collection[str], accepted: Collection[str]) -> None:
    """Raise IllegalVersionStep unless every safeguard that the text weakens was accepted by its number."""
    if set(weakened) - set(accepted):
        raise IllegalVersionStep(VersionStepRefusal.WEAKENED)


def check_reason(reason: str, others: Iterable[str]) -> None:
    """Raise WeakeningRefused unless it says why, and copies no reason for another weakening of the version. Whoever
    signs reads it first: a number to call or an address in it would look like one of the program."""
    if not is_reason(reason) or leads_elsewhere(reason) or len(reason) > LONGEST_REASON:
        raise WeakeningRefused(copied=False)
    if skeleton(reason) in map(skeleton, others):
        raise WeakeningRefused(copied=True)


def check_withdrawal(reason: str) -> None:
    """Raise WithdrawalRefused unless it says why, without a number to call or an address: whoever had signed reads
    it."""
    if not is_reason(reason) or leads_elsewhere(reason) or len(reason) > LONGEST_REASON:
        raise WithdrawalRefused


def check_approval(on: date, note: str, *, proposed: date, today: date) -> None:
    """Raise ApprovalRefused unless the letter is of a day on which the text was there, and has a number."""
    if on > today:
        raise ApprovalRefused(ApprovalRefusal.FUTURE)
    if on < proposed:
        raise ApprovalRefused(ApprovalRefusal.BEFORE)
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise ApprovalRefused(ApprovalRefusal.LENGTH)


def check_revisable(status: VersionStatus, simulation: object) -> None:
    """Raise IllegalVersionStep unless the text may still change: it is a proposal, and was not tried. What a trial
    printed is of the text that was tried."""
    if status is not VersionStatus.PROPOSED or simulation is not None:
        raise IllegalVersionStep(VersionStepRefusal.STATE)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature: for which party, on which day in the country."""

    party: str
    day: date


def signing_parties(agreement: Agreement) -> tuple[str, ...]:
    """The parties that sign; a coalition is bound by the signatures of its members."""
    return tuple(code for code, party in agreement.parties.items() if party.kind is not OrganisationKind.COALITION)


def needed(agreement: Agreement) -> tuple[str, ...]:
    """The parties whose signatures the version needs to begin: all that do not join later by their own `from`."""
    return tuple(code for code in signing_parties(agreement) if not _joins_later(agreement, agreement.parties[code]))


def _joins_later(agreement: Agreement, party: Party) -> bool:
    return party.joined_on is not None and party.joined_on > agreement.starts_on


def missing(agreement: Agreement, signatures: Iterable[Signed]) -> dict[str, int]:
    """Party -> how many signatures it still owes, for every party that owes some."""
    given = list(signatures)
    owed = {code: SIGNERS - sum(each.party == code for each in given) for code in signing_parties(agreement)}
    return {code: number for code, number in owed.items() if number > 0}


def is_complete(agreement: Agreement, signatures: Iterable[Signed]) -> bool:
    """Whether all needed parties have signed."""
    return not {*missing(agreement, signatures)} & {*needed(agreement)}


def completed_at(agreement: Agreement, signatures: Iterable[tuple[str, datetime]]) -> datetime | None:
    """When the last signature that is needed was given; None while one is missing. Pairs of party and instant."""
    given: list[Signed] = []
    for party, at in sorted(signatures, key=lambda each: each[1]):
        given.append(Signed(party, agreement.day(at)))
        if is_complete(agreement, given):
            return at
    return None


def place_taken(texts: Sequence[Agreement], starts_on: date, today: date) -> Agreement:
    """The text whose place one takes that is to begin on a day: of those that begin on that day the last one, else that
    in force on the day before. A text that is not signed yet begins tomorrow at the earliest. Else the newest.

    `texts`: all others that bind or are signed and wait for their day, in the order in which they begin.
    """
    first = max(starts_on, today + timedelta(days=1))
    begin = [each for each in texts if each.starts_on == first]
    if begin:
        return begin[-1]
    noon = datetime.combine(first - timedelta(days=1), time(12))
    return next((each for each in reversed(texts) if each.in_force(noon)), texts[-1])


def as_signed(agreement: Agreement, signatures: Iterable[Signed]) -> Agreement | None:
    """The version as its signatures make it; None while one that is needed is missing.

    The days of signature in the text itself do not count. A party is bound from the day of its second signature, or
    from its `from` if that is later. The version begins on its date, or on the day after the last needed signature if
    that is later: never on a day that has begun, so that decisions under the version before stay valid.
    """
    given = list(signatures)
    if not is_complete(agreement, given):
        return None
    days = {code: _bound_on(code, given) for code in signing_parties(agreement)}
    complete_on = max(day for code in needed(agreement) if (day := days[code]) is not None)
    parties = {code: _as_signed(party, days) for code, party in agreement.parties.items()}
    starts_on = max(agreement.starts_on, complete_on + timedelta(days=1))
    return replace(agreement, parties=MappingProxyType(parties), signed_on=complete_on, starts_on=starts_on)


def _bound_on(code: str, given: list[Signed]) -> date | None:
    days = sorted(each.day for each in given if each.party == code)
    return days[SIGNERS - 1] if len(days) >= SIGNERS else None


def _as_signed(party: Party, days: Mapping[str, date | None]) -> Party:
    signed_on = days.get(party.code)
    if party.kind is OrganisationKind.COALITION:
        of_members = [days[code] for code in party.members]
        signed_on = None if None in of_members else max(day for day in of_members if day is not None)
    joined_on = party.joined_on
    if joined_on is not None and signed_on is not None:
        joined_on = max(joined_on, signed_on)
    return replace(party, signed_on=signed_on, joined_on=joined_on)
