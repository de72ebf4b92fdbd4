"""What an agreement does to people, as diagrams: who is told when, who reads what, which step comes first, by when.

Everybody signed and has room (routing_diagrams.py). `on` is the event: empty for a referral, or `missing`. A reader is
the code of a party, or under an event a kind of organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreements import POLICE_SIDE, Agreement, Clause, Duty
from nrm.domain.agreement.fact_diagrams import NOWHERE, Profiles
from nrm.domain.agreement.routing_diagrams import OFFICIAL, Receiving
from nrm.domain.shelter.cases import Compartment

NOTIFY = "notify"
WHOLE_CASE = frozenset(
    {Compartment.HAND_OVER, Compartment.IDENTITY, Compartment.STORY, Compartment.CARE, Compartment.LEGAL}
)
"""What whoever receives a person reads."""

Owed = tuple[tuple[str, timedelta | None], ...]
"""(party, within) of everybody who owes a step, by code."""


class Effects:
    """The effects of one agreement over `receiving.profiles`, which must know the fact `official_involved`."""

    def __init__(self, receiving: Receiving) -> None:
        self.receiving = receiving
        self.agreement: Agreement = receiving.agreement
        self.profiles: Profiles = receiving.profiles

    @cached_property
    def readers(self) -> tuple[str, ...]:
        """Every party, then the kinds that a clause tells without their being a party."""
        told = (duty.party for clause in self.agreement.clauses for duty in clause.duties if duty.kind == NOTIFY)
        return tuple(dict.fromkeys([*self.agreement.parties, *told]))

    def kind_of(self, reader: str) -> OrganisationKind:
        """The kind of organisation a reader is."""
        party = self.agreement.parties.get(reader)
        return party.kind if party is not None else OrganisationKind(reader)

    def followed(self, clause: Clause) -> int:
        """Where the duties of the clause are owed."""
        applies = self.profiles.where(clause.when)
        return applies if clause.on else self.receiving.followed[clause.number]

    def told(self, reader: str, on: str = "") -> int:
        """The diagram of the time within which the reader is told; None: not at all."""
        notices = ((where, duty.within) for where, duty in self._notices(reader, on))
        return self._collected(notices, None, lambda new, old: new if old is None else min(new, old))

    def reads(self, reader: str, on: str = "") -> int:
        """The diagram of the compartments that the reader may open, by a clause or because it is asked to receive."""
        given = self._granted(reader, on)
        if not on and reader in self.agreement.parties:
            given.append((self.receiving.asked(reader), WHOLE_CASE))
        return self._collected(given, frozenset(), frozenset.union)

    def granted(self, reader: str, on: str = "") -> int:
        """The diagram of the compartments that a clause gives the reader with what it tells them."""
        return self._collected(self._granted(reader, on), frozenset(), frozenset.union)

    def _granted(self, reader: str, on: str) -> list[tuple[int, frozenset[Compartment]]]:
        return [(where, frozenset(duty.grant)) for where, duty in self._notices(reader, on)]

    def _notices(self, reader: str, on: str) -> Iterator[tuple[int, Duty]]:
        hidden = self.profiles.where(OFFICIAL) if self.kind_of(reader) in POLICE_SIDE else NOWHERE
        for clause in self.agreement.clauses:
            for duty in clause.duties:
                if clause.on == on and duty.kind == NOTIFY and duty.party == reader:
                    yield self.profiles.without(self.followed(clause), hidden), duty

    def steps(self, on: str = "") -> tuple[tuple[str, str], ...]:
        """(step, the step that waits for it; empty for a deadline) of every clause, in order."""
        found = (
            (duty.kind, duty.before or "")
            for clause in self.agreement.clauses
            for duty in clause.duties
            if clause.on == on and duty.kind != NOTIFY
        )
        return tuple(dict.fromkeys(found))

    def owed(self, step: str, before: str, on: str = "") -> int:
        """The diagram of who owes the step and by when (Owed): before the other one, or for `""` by its deadline."""
        given = [
            (self.followed(clause), ((duty.party, duty.within),))
            for clause in self.agreement.clauses
            for duty in clause.duties
            if (clause.on, duty.kind, duty.before or "") == (on, step, before) and duty.kind != NOTIFY
        ]
        return self._collected(given, (), _merged)

    def soonest(self, step: str, before: str) -> int:
        """The diagram of the shortest time within which somebody owes the step before the other one; None: no time."""

        def shortest(_: bool, owed: Owed) -> timedelta | None:
            return min((within for _, within in owed if within is not None), default=None)

        return self.profiles.joined(self._everywhere, self.owed(step, before), shortest)

    def within(self, step: str) -> int:
        """The diagram of the time of a step: the shortest of the clauses, else that of the path; None without any."""
        path = min((each.within for each in self.agreement.path if each.step == step), default=None)
        given = [
            (self.followed(clause), duty.within)
            for clause in self.agreement.of_referral
            for duty in clause.duties
            if duty.kind == step and duty.within is not None
        ]
        by_clause = self._collected(given, None, lambda new, old: new if old is None else min(new, old))
        return self.profiles.joined(self._everywhere, by_clause, lambda _, found: path if found is None else found)

    def receivers(self) -> int:
        """The diagram of how many parties are asked when each declines."""
        given = ((self.receiving.asked(code), 1) for code in self.agreement.parties)
        return self._collected(given, 0, lambda new, old: new + old)

    @property
    def _everywhere(self) -> int:
        return self.profiles.always(True)

    def _collected(self, given: Iterable[tuple[int, Any]], nothing: Any, join: Any) -> int:
        """What is given somewhere, joined where several are."""
        found = self.profiles.always(nothing)
        for where, what in given:
            there = self.profiles.choose(where, self.profiles.always(what), NOWHERE)
            found = self.profiles.joined(there, found, join)
        return found


def _merged(new: Owed, old: Owed) -> Owed:
    """Each party once, with its shortest time."""
    times = dict(old)
    for party, within in new:
        known = times.get(party)
        times[party] = within if known is None else known if within is None else min(known, within)
    return tuple(sorted(times.items()))
