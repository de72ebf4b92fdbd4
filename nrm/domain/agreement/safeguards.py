"""What no version of the agreement may weaken without saying so: the safeguards of a country, as data (ADR 0124).

`safeguards.toml` of the country: `[[safeguard]]` with number, words, source and exactly one rule; `[[accepted]]` for
what a version that came with the country's data still lacks. A weakening is no error: it is accepted by number with a
reason, and shown first to whoever signs. safeguard_checks.py finds the weakenings of a text.

Who is told, and who does a step, is named by a role of the country, which one party has: another party of the same kind
is somebody else (ADR 0147). What may not come silently beside the text before stands in ADR 0161.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_type_hints

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreement_documents import GRANTED, condition_of, duration_of
from nrm.domain.agreement.agreements import MISSING
from nrm.domain.conditions import ALWAYS, Condition
from nrm.domain.documents import MalformedDocument, Table, Words
from nrm.domain.roles import KIND_OF_ROLE, MechanismRole
from nrm.domain.shelter.cases import Compartment


class MalformedSafeguards(MalformedDocument):
    """A file of safeguards that cannot be used; the text is `KEY: reason`."""


@dataclass(frozen=True, slots=True)
class Told:
    """The party `whom` is told of everybody of whom `when` holds, at the latest after `within`."""

    whom: str
    within: timedelta
    when: Condition


@dataclass(frozen=True, slots=True)
class Before:
    """The step must be done before the other one can be; `by`: the party that does it, or empty for anybody."""

    step: str
    other: str
    when: Condition
    by: str = ""


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
    """The party is bound from the first day until that day; without a day as long as the version is. A party that
    received people still receives some."""

    code: str
    until: date | None


@dataclass(frozen=True, slots=True)
class NoLater:
    """Nobody is told, asked or turned to later than by the text before: no notice, no time of a step, no rung of the
    path, no wait for an answer."""


@dataclass(frozen=True, slots=True)
class StillReceived:
    """For whom the text before had a party to ask, a party of that text can still be asked."""

    when: Condition


@dataclass(frozen=True, slots=True)
class ReadsNoMore:
    """No clause gives anybody a compartment of somebody of whom the text before did not give it to them."""


@dataclass(frozen=True, slots=True)
class ReadsNoLess:
    """Whoever is told as before may still open what the text before gave them with it."""


@dataclass(frozen=True, slots=True)
class TimeToAnswer:
    """Whoever is asked has so much time to answer at least; a referral waits so long at least, and as long as that."""

    answer: timedelta
    expires: timedelta


@dataclass(frozen=True, slots=True)
class Lasts:
    """A version that ends is in force for so long at least."""

    least: timedelta


@dataclass(frozen=True, slots=True)
class SameHours:
    """No desk of a party of the text before answers at fewer hours."""


@dataclass(frozen=True, slots=True)
class SameNumbers:
    """Parties are reached by the numbers of the text before, and no two by one; of these kinds alone where some are
    named."""

    kinds: frozenset[OrganisationKind]


@dataclass(frozen=True, slots=True)
class SameNames:
    """A party is called as in the text before, and a new one neither as anybody else who is known, nor nearly so."""


@dataclass(frozen=True, slots=True)
class WordsAgree:
    """The words of a clause, and of whom a party receives, say what the rule says, and the same in every language."""


@dataclass(frozen=True, slots=True)
class SameOrigin:
    """What was a proposal is not said to come from the agreement itself, nor the other way round."""


@dataclass(frozen=True, slots=True)
class KnownFirst:
    """Where a party was asked before, no party that the text before did not know is asked first, or must receive."""

    when: Condition


@dataclass(frozen=True, slots=True)
class LearnsNoMore:
    """Nobody is told of somebody of whom the text before did not tell them, and no party that is new is asked."""


@dataclass(frozen=True, slots=True)
class SameOrder:
    """Parties that the text before knew are asked in its order."""


@dataclass(frozen=True, slots=True)
class StepsStay:
    """Whoever had to do something for somebody, before another step or by a deadline, still has to."""


@dataclass(frozen=True, slots=True)
class SameHands:
    """The same party answers for each step of the path, and keeps the emergency place."""


@dataclass(frozen=True, slots=True)
class ReportsStay:
    """Whoever reported to somebody by the text before still does, the same way and as often; a new house does, too."""


@dataclass(frozen=True, slots=True)
class PartiesStay:
    """Whoever was a party is one from the first day of the text to its last, and offers what it did (ADR 0181)."""


@dataclass(frozen=True, slots=True)
class AnswersStay:
    """What could be said of a person by the text before still can; every party that receives can be struck out."""


@dataclass(frozen=True, slots=True)
class StillAsked:
    """A party that was asked for somebody still is."""


@dataclass(frozen=True, slots=True)
class SameWords:
    """Words change in every language or in none, have no number or address of somebody else, and name nobody anew."""


@dataclass(frozen=True, slots=True)
class NewestText:
    """The text was written from the one whose place it takes, and not from one that another replaced meanwhile."""


Rule = (
    Told
    | Before
    | NeverReads
    | AtMost
    | Escalates
    | ReceiversAtLeast
    | StaysParty
    | NoLater
    | StillReceived
    | ReadsNoMore
    | ReadsNoLess
    | TimeToAnswer
    | Lasts
    | SameHours
    | SameNumbers
    | SameNames
    | WordsAgree
    | SameOrigin
    | KnownFirst
    | LearnsNoMore
    | SameOrder
    | StepsStay
    | SameHands
    | ReportsStay
    | PartiesStay
    | AnswersStay
    | StillAsked
    | SameWords
    | NewestText
)


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


LEAST_REASON = 20
"""How many characters a reason has at least."""


def is_reason(text: str) -> bool:
    """Whether it says why: so many characters, and two different words."""
    words = text.split()
    different = {found for word in words if (found := "".join(filter(str.isalnum, word.casefold())))}
    return len(" ".join(words)) >= LEAST_REASON and len(different) > 1


@dataclass(frozen=True, slots=True)
class Safeguards:
    """All of a country; empty where it has no file."""

    all: tuple[Safeguard, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    def accepted_in(self, version: str) -> Mapping[str, Words]:
        """Number -> reason, of a version that came with the country's data."""
        return {each.number: each.reason for each in self.accepted if each.version == version}

    @property
    def of_newest_text(self) -> frozenset[str]:
        """The numbers of those that ask from which text a draft was written."""
        return frozenset(each.number for each in self.all if isinstance(each.rule, NewestText))

    def words(self, number: str) -> Words | None:
        """The words of a safeguard; None when there is none of that number any more."""
        return next((each.words for each in self.all if each.number == number), None)


def parse_safeguards(
    table: Table,
    facts: Mapping[str, tuple[str, ...]],
    parties: Collection[str],
    versions: Collection[str],
    roles: Mapping[MechanismRole, str],
) -> Safeguards:
    """Read `safeguards.toml`; raises the error of `table`.

    `facts`: those of the newest agreement; `parties`, `versions`: the codes and names of every one; `roles`: the party
    that stands for each.
    """
    known = _Known(facts, parties, roles)
    read = [_safeguard(entry, known) for entry in table.tables("safeguard")]
    numbers = [each.number for each in read]
    accepted = []
    for entry in table.tables("accepted", optional=True):
        reason = entry.words("reason")
        for language, text in reason.items():
            if not is_reason(text):
                entry.wrong(f"reason.{language}", f"say why: {LEAST_REASON} characters or more, and two words")
        accepted.append(Accepted(entry.one_of("version", versions), entry.one_of("number", numbers), reason))
        entry.close()
    for position, number in enumerate(numbers, start=1):
        if number in numbers[: position - 1]:
            table.wrong(f"safeguard[{position}].number", f"`{number}` stands twice")
    table.close()
    return Safeguards(tuple(read), tuple(accepted))


@dataclass(frozen=True, slots=True)
class _Known:
    """What a rule may name."""

    facts: Mapping[str, tuple[str, ...]]
    parties: Collection[str]
    roles: Mapping[MechanismRole, str]


def _safeguard(entry: Table, known: _Known) -> Safeguard:
    named = [name for name in _RULES if entry.has(name)]
    if len(named) != 1:
        entry.wrong("", f"has exactly one of {', '.join(_RULES)}")
    table = entry.table(named[0])
    read = Safeguard(
        number=entry.text("number"),
        words=entry.words("words"),
        source=entry.words("source"),
        rule=_RULES[named[0]](table, known),
    )
    table.close()
    entry.close()
    return read


def _when(table: Table, known: _Known) -> Condition:
    return condition_of(table, "when", known.facts) if table.has("when") else ALWAYS


def _kind(table: Table, name: str) -> OrganisationKind:
    return OrganisationKind(table.one_of(name, set(OrganisationKind)))


def _kinds(table: Table, *, optional: bool = False) -> frozenset[OrganisationKind]:
    if optional and not table.has("kinds"):
        return frozenset()
    return frozenset(OrganisationKind(code) for code in table.texts("kinds", codes=set(OrganisationKind)))


def _standing(table: Table, name: str, known: _Known) -> str:
    """The party that stands for a role, or that is named by its code. A file from before says the kind, and each kind
    with a role has one."""
    of_kind = {str(kind): role for role, kind in KIND_OF_ROLE.items()}
    named = table.one_of(name, {*MechanismRole, *of_kind, *known.parties})
    if named in of_kind:
        return known.roles[of_kind[named]]
    return known.roles[MechanismRole(named)] if named in set(MechanismRole) else named


def _compartments(table: Table) -> frozenset[Compartment]:
    return frozenset(Compartment(code) for code in table.texts("compartments", codes=GRANTED))


def _told(table: Table, known: _Known) -> Told:
    return Told(_standing(table, "whom", known), duration_of(table, "within"), _when(table, known))


def _before(table: Table, known: _Known) -> Before:
    by = _standing(table, "by", known) if table.has("by") else ""
    return Before(table.text("step"), table.text("other"), _when(table, known), by)


def _never_reads(table: Table, known: _Known) -> NeverReads:
    but = []
    for each in table.tables("but", optional=True):
        on = each.one_of("on", {MISSING}) if each.has("on") else ""
        but.append(NamedReader(_kind(each, "kind"), _compartments(each), _when(each, known), on))
        each.close()
    return NeverReads(_kinds(table), _compartments(table), _when(table, known), tuple(but))


def _at_most(table: Table, known: _Known) -> AtMost:
    return AtMost(table.text("step"), duration_of(table, "duration"), _when(table, known))


def _escalates(table: Table, _: _Known) -> Escalates:
    return Escalates(table.texts("steps"))


def _receivers(table: Table, known: _Known) -> ReceiversAtLeast:
    return ReceiversAtLeast(table.number("number", least=1), _when(table, known))


def _stays(table: Table, known: _Known) -> StaysParty:
    return StaysParty(table.one_of("code", known.parties), table.day("until", optional=True))


def _no_later(_: Table, __: _Known) -> NoLater:
    return NoLater()


def _still_received(table: Table, known: _Known) -> StillReceived:
    return StillReceived(_when(table, known))


def _reads_no_more(_: Table, __: _Known) -> ReadsNoMore:
    return ReadsNoMore()


def _reads_no_less(_: Table, __: _Known) -> ReadsNoLess:
    return ReadsNoLess()


def _time_to_answer(table: Table, _: _Known) -> TimeToAnswer:
    return TimeToAnswer(duration_of(table, "answer"), duration_of(table, "expires"))


def _lasts(table: Table, _: _Known) -> Lasts:
    return Lasts(duration_of(table, "least"))


def _same_hours(_: Table, __: _Known) -> SameHours:
    return SameHours()


def _same_numbers(table: Table, _: _Known) -> SameNumbers:
    return SameNumbers(_kinds(table, optional=True))


def _same_names(_: Table, __: _Known) -> SameNames:
    return SameNames()


def _words_agree(_: Table, __: _Known) -> WordsAgree:
    return WordsAgree()


def _same_origin(_: Table, __: _Known) -> SameOrigin:
    return SameOrigin()


def _known_first(table: Table, known: _Known) -> KnownFirst:
    return KnownFirst(_when(table, known))


def _learns_no_more(_: Table, __: _Known) -> LearnsNoMore:
    return LearnsNoMore()


def _same_order(_: Table, __: _Known) -> SameOrder:
    return SameOrder()


def _steps_stay(_: Table, __: _Known) -> StepsStay:
    return StepsStay()


def _same_hands(_: Table, __: _Known) -> SameHands:
    return SameHands()


def _reports_stay(_: Table, __: _Known) -> ReportsStay:
    return ReportsStay()


def _parties_stay(_: Table, __: _Known) -> PartiesStay:
    return PartiesStay()


def _answers_stay(_: Table, __: _Known) -> AnswersStay:
    return AnswersStay()


def _still_asked(_: Table, __: _Known) -> StillAsked:
    return StillAsked()


def _same_words(_: Table, __: _Known) -> SameWords:
    return SameWords()


def _newest_text(_: Table, __: _Known) -> NewestText:
    return NewestText()


_RULES: Mapping[str, Any] = {
    "told": _told,
    "before": _before,
    "never_reads": _never_reads,
    "at_most": _at_most,
    "escalates": _escalates,
    "receivers_at_least": _receivers,
    "stays_party": _stays,
    "no_later": _no_later,
    "still_received": _still_received,
    "reads_no_more": _reads_no_more,
    "reads_no_less": _reads_no_less,
    "time_to_answer": _time_to_answer,
    "lasts": _lasts,
    "same_hours": _same_hours,
    "same_numbers": _same_numbers,
    "same_names": _same_names,
    "words_agree": _words_agree,
    "same_origin": _same_origin,
    "known_first": _known_first,
    "learns_no_more": _learns_no_more,
    "same_order": _same_order,
    "steps_stay": _steps_stay,
    "same_hands": _same_hands,
    "reports_stay": _reports_stay,
    "parties_stay": _parties_stay,
    "answers_stay": _answers_stay,
    "still_asked": _still_asked,
    "same_words": _same_words,
    "newest_text": _newest_text,
}
BESIDE = (
    "no_later",
    "still_received",
    "reads_no_more",
    "reads_no_less",
    "same_hours",
    "same_numbers",
    "same_names",
    "same_origin",
    "known_first",
    "learns_no_more",
    "same_order",
    "steps_stay",
    "same_hands",
    "reports_stay",
    "parties_stay",
    "answers_stay",
    "still_asked",
    "same_words",
    "newest_text",
)
"""The rules that hold a text against the one whose place it takes. A country has one safeguard of each."""


def lacking(safeguards: Safeguards) -> list[str]:
    """The rules of BESIDE that no safeguard has."""
    had = {type(each.rule) for each in safeguards.all}
    return [name for name in BESIDE if get_type_hints(_RULES[name])["return"] not in had]
