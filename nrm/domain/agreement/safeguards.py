"""What no version of the agreement may weaken without saying so: the safeguards of a country, as data (ADR 0124).

`safeguards.toml` of the country: `[[safeguard]]` with number, words, source and exactly one rule; `[[accepted]]` for
what a version that came with the country's data still lacks. A weakening is no error: it is accepted by number with a
reason, and shown first to whoever signs. safeguard_checks.py finds the weakenings of a text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreement_documents import GRANTED, condition_of, duration_of
from nrm.domain.agreement.agreements import MISSING
from nrm.domain.conditions import ALWAYS, Condition
from nrm.domain.documents import MalformedDocument, Table, Words
from nrm.domain.shelter.cases import Compartment


class MalformedSafeguards(MalformedDocument):
    """A file of safeguards that cannot be used; the text is `KEY: reason`."""


@dataclass(frozen=True, slots=True)
class Told:
    """An organisation of the kind is told of everybody of whom `when` holds, at the latest after `within`."""

    whom: OrganisationKind
    within: timedelta
    when: Condition


@dataclass(frozen=True, slots=True)
class Before:
    """The step must be done before the other one can be."""

    step: str
    other: str
    when: Condition


@dataclass(frozen=True, slots=True)
class NamedReader:
    """Who may be given these compartments all the same; `on`: the event from which (empty: a referral)."""

    kind: OrganisationKind
    compartments: frozenset[Compartment]
    when: Condition
    on: str


@dataclass(frozen=True, slots=True)
class NeverReads:
    """No clause gives an organisation of these kinds one of the compartments, nor sends anybody to it."""

    kinds: frozenset[OrganisationKind]
    compartments: frozenset[Compartment]
    when: Condition
    but: tuple[NamedReader, ...]


@dataclass(frozen=True, slots=True)
class AtMost:
    """The step has a time, and not a longer one."""

    step: str
    duration: timedelta
    when: Condition


@dataclass(frozen=True, slots=True)
class Escalates:
    """These steps stand on the critical path, and each step there climbs to somebody when its time is over."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReceiversAtLeast:
    """So many parties are asked one after the other when all have room and each declines for a reason that counts."""

    number: int
    when: Condition


@dataclass(frozen=True, slots=True)
class StaysParty:
    """The party is bound until that day; without a day as long as the version is."""

    code: str
    until: date | None


Rule = Told | Before | NeverReads | AtMost | Escalates | ReceiversAtLeast | StaysParty


@dataclass(frozen=True, slots=True)
class Safeguard:
    """One of them; `source`: where it is written, or that it is a proposal."""

    number: str
    words: Words
    source: Words
    rule: Rule


@dataclass(frozen=True, slots=True)
class Accepted:
    """A weakening in a version of the country's data, and why it is there."""

    version: str
    number: str
    reason: Words


@dataclass(frozen=True, slots=True)
class Safeguards:
    """All of a country; empty where it has no file."""

    all: tuple[Safeguard, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    def accepted_in(self, version: str) -> Mapping[str, Words]:
        """Number -> reason, of a version that came with the country's data."""
        return {each.number: each.reason for each in self.accepted if each.version == version}

    def words(self, number: str) -> Words | None:
        """The words of a safeguard; None when there is none of that number any more."""
        return next((each.words for each in self.all if each.number == number), None)


def parse_safeguards(
    table: Table, facts: Mapping[str, tuple[str, ...]], parties: Collection[str], versions: Collection[str]
) -> Safeguards:
    """Read `safeguards.toml`; raises the error of `table`.

    `facts`: those of the newest agreement; `parties`, `versions`: the codes and names of every one.
    """
    read = [_safeguard(entry, facts, parties) for entry in table.tables("safeguard")]
    numbers = [each.number for each in read]
    accepted = []
    for entry in table.tables("accepted", optional=True):
        accepted.append(
            Accepted(entry.one_of("version", versions), entry.one_of("number", numbers), entry.words("reason"))
        )
        entry.close()
    for position, number in enumerate(numbers, start=1):
        if number in numbers[: position - 1]:
            table.wrong(f"safeguard[{position}].number", f"`{number}` stands twice")
    table.close()
    return Safeguards(tuple(read), tuple(accepted))


def _safeguard(entry: Table, facts: Mapping[str, tuple[str, ...]], parties: Collection[str]) -> Safeguard:
    named = [name for name in _RULES if entry.has(name)]
    if len(named) != 1:
        entry.wrong("", f"has exactly one of {', '.join(_RULES)}")
    table = entry.table(named[0])
    read = Safeguard(
        number=entry.text("number"),
        words=entry.words("words"),
        source=entry.words("source"),
        rule=_RULES[named[0]](table, facts, parties),
    )
    table.close()
    entry.close()
    return read


def _when(table: Table, facts: Mapping[str, tuple[str, ...]]) -> Condition:
    return condition_of(table, "when", facts) if table.has("when") else ALWAYS


def _kind(table: Table, name: str) -> OrganisationKind:
    return OrganisationKind(table.one_of(name, set(OrganisationKind)))


def _compartments(table: Table) -> frozenset[Compartment]:
    return frozenset(Compartment(code) for code in table.texts("compartments", codes=GRANTED))


def _told(table: Table, facts: Mapping[str, tuple[str, ...]], _: Collection[str]) -> Told:
    return Told(_kind(table, "whom"), duration_of(table, "within"), _when(table, facts))


def _before(table: Table, facts: Mapping[str, tuple[str, ...]], _: Collection[str]) -> Before:
    return Before(table.text("step"), table.text("other"), _when(table, facts))


def _never_reads(table: Table, facts: Mapping[str, tuple[str, ...]], _: Collection[str]) -> NeverReads:
    but = []
    for each in table.tables("but", optional=True):
        on = each.one_of("on", {MISSING}) if each.has("on") else ""
        but.append(NamedReader(_kind(each, "kind"), _compartments(each), _when(each, facts), on))
        each.close()
    kinds = frozenset(OrganisationKind(code) for code in table.texts("kinds", codes=set(OrganisationKind)))
    return NeverReads(kinds, _compartments(table), _when(table, facts), tuple(but))


def _at_most(table: Table, facts: Mapping[str, tuple[str, ...]], _: Collection[str]) -> AtMost:
    return AtMost(table.text("step"), duration_of(table, "duration"), _when(table, facts))


def _escalates(table: Table, _: Mapping[str, tuple[str, ...]], __: Collection[str]) -> Escalates:
    return Escalates(table.texts("steps"))


def _receivers(table: Table, facts: Mapping[str, tuple[str, ...]], _: Collection[str]) -> ReceiversAtLeast:
    return ReceiversAtLeast(table.number("number", least=1), _when(table, facts))


def _stays(table: Table, _: Mapping[str, tuple[str, ...]], parties: Collection[str]) -> StaysParty:
    return StaysParty(table.one_of("code", parties), table.day("until", optional=True))


_RULES: Mapping[str, Any] = {
    "told": _told,
    "before": _before,
    "never_reads": _never_reads,
    "at_most": _at_most,
    "escalates": _escalates,
    "receivers_at_least": _receivers,
    "stays_party": _stays,
}
