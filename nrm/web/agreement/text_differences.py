"""What is different in a text of the agreement, all of it and in words, for who signs it.

Each clause, party, step, report and list of answers is said in sentences, of both texts by the same functions; what is
not the same sentence on both sides differs. The heaviest come first: what people are owed, by when, then who takes
part, then everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import get_timezone_location

from forms.agreement.agreements import FACT_LABELS, KIND_LABELS, NOUN_LABELS, WHAT_LABELS
from forms.names import language_name
from nrm.domain.agreement.agreements import FACTS, Agreement, Clause, Party, PathStep, ReportingDuty
from nrm.store.countries import country
from nrm.web import formats
from nrm.web.agreement import agreement_words as words
from nrm.web.agreement.agreement_words import Names
from nrm.web.language import current_language, gettext, text_in, translated

HEAVY, LIGHT = range(2)


@dataclass(frozen=True, slots=True)
class Different:
    """One part of the text that is not the same: its heading, and the sentences that only one of the texts has."""

    heading: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of one text: `heavy` sentences say who is owed what, `light` ones the rest of it."""

    heading: str
    heavy: tuple[str, ...]
    light: tuple[str, ...] = ()


def differences(old: Agreement, new: Agreement) -> list[Different]:
    """Everything that the two texts do not say alike, the heaviest first."""
    names = words.names_of(new, old)
    found: list[tuple[int, Different]] = []
    for parts in (_clauses, _path, _itself, _parties, _reports, _facts):
        found += _compared(parts(old, names), parts(new, names))
    orders = _orders(old, new, names)
    return [each for weight in (HEAVY, LIGHT) for which, each in [*found, *orders] if which == weight]


def _compared(old: Mapping[str, _Part], new: Mapping[str, _Part]) -> Iterator[tuple[int, Different]]:
    for key, part in old.items():
        if key not in new:
            yield HEAVY, Different(_headed(part.heading, "gone"), (*part.heavy, *part.light), ())
        elif part != new[key]:
            heavy = part.heavy != new[key].heavy
            before, after = (*part.heavy, *part.light), (*new[key].heavy, *new[key].light)
            yield (
                HEAVY if heavy else LIGHT,
                Different(_headed(new[key].heading, "changes"), *_apart(before, after)),
            )
    for key, part in new.items():
        if key not in old:
            yield HEAVY, Different(_headed(part.heading, "new"), (), (*part.heavy, *part.light))


def _apart(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences of one side only; all of them where the two differ in their order alone."""
    gone = tuple(each for each in before if each not in after)
    come = tuple(each for each in after if each not in before)
    return (gone, come) if gone or come else (tuple(before), tuple(after))


def _headed(heading: str, what: str) -> str:
    return f"{heading} {translated(WHAT_LABELS[what])}"


def _named(noun: str, key: str) -> str:
    return f"{translated(NOUN_LABELS[noun])} {key}"


def _keyed(parts: Iterable[tuple[str, _Part]]) -> dict[str, _Part]:
    """By key; one that stands twice is numbered, so that nothing is left out."""
    found: dict[str, _Part] = {}
    for key, part in parts:
        number = sum(known.partition(" #")[0] == key for known in found) + 1
        found[key if number == 1 else f"{key} #{number}"] = part
    return found


def _clauses(agreement: Agreement, names: Names) -> dict[str, _Part]:
    def said(each: Clause) -> _Part:
        heavy = tuple(words.rules(each, names))
        return _Part(_named("clause", each.number), heavy, tuple(_texts(gettext("Text"), each.text)))

    return _keyed((each.number, said(each)) for each in agreement.clauses)


def _path(agreement: Agreement, names: Names) -> dict[str, _Part]:
    def said(each: PathStep) -> _Part:
        heavy = (
            _line(gettext("Responsible"), names[each.responsible]),
            _line(gettext("Within"), words.span(each.within)),
            _line(gettext("When late"), words.escalation(each, names)),
            _line(gettext("Step"), words.step(each.step)),
        )
        heading = _named("path step", text_in(each.names))
        return _Part(heading, heavy, tuple(_texts(gettext("Name"), each.names)))

    return _keyed((each.step, said(each)) for each in agreement.path)


def _itself(agreement: Agreement, names: Names) -> dict[str, _Part]:
    del names
    heavy = (
        _line(gettext("A referral without an answer ends after"), words.span(agreement.expires_within)),
        _line(gettext("From"), _day(agreement.starts_on)),
        _line(gettext("Last day"), _day(agreement.ends_on)),
    )
    light = (
        _line(gettext("Version"), agreement.version),
        *_texts(gettext("Title"), agreement.title),
        _line(gettext("Time zone"), get_timezone_location(agreement.timezone, locale=current_language())),
        _line(gettext("Day of signature written in the text"), _day(agreement.signed_on)),
    )
    return {"": _Part(translated(NOUN_LABELS["version"]), heavy, light)}


def _parties(agreement: Agreement, names: Names) -> dict[str, _Part]:
    def said(each: Party) -> _Part:
        heavy = (
            words.receives(each.competence, names),
            _line(gettext("Kind"), translated(KIND_LABELS[each.kind])),
            gettext("Members: %(names)s", names=_listed(names[code] for code in each.members)),
            _line(gettext("From"), _day(each.joined_on) if each.joined_on else gettext("as the version")),
            _line(gettext("Last day"), _day(each.until)),
            *([_line(gettext("Place among those of its kind"), place)] if (place := _place(agreement, each)) else []),
        )
        light = (
            gettext(
                "Regions: %(names)s", names=_listed(words.code("avoid_regions", code, names) for code in each.regions)
            ),
            gettext("Desk: %(hours)s", hours=words.hours(each.desk)),
            _line(gettext("Telephone of the desk"), each.desk.telephone or gettext("none")),
            _line(gettext("Out of hours"), each.on_call),
            gettext(
                "Languages: %(names)s",
                names=_listed(language_name(code, current_language()) for code in each.languages),
            ),
            *_texts(gettext("Name"), each.names),
            *(_texts(gettext("Receives, in words"), each.receives) if each.receives is not None else ()),
            gettext("Signature written in the text: %(day)s", day=_day(each.signed_on)),
        )
        return _Part(_named("party", names[each.code]), heavy, light)

    return {code: said(each) for code, each in agreement.parties.items()}


def _place(agreement: Agreement, party: Party) -> str:
    """Where a party that has a number stands among those of its kind; empty for any other."""
    order = sorted(
        (each for each in agreement.parties.values() if each.kind == party.kind), key=lambda each: each.asked
    )
    position = order.index(party)
    if not party.place or len(order) == 1:
        return ""
    if position == len(order) - 1:
        return gettext("last, after %(name)s", name=text_in(order[position - 1].names))
    return gettext("before %(name)s", name=text_in(order[position + 1].names))


def _reports(agreement: Agreement, names: Names) -> dict[str, _Part]:
    def said(each: ReportingDuty) -> _Part:
        who = _listed(names[code] for code in each.who)
        heavy = (reported(each, names),)
        return _Part(_named("report of", who), heavy, tuple(_texts(gettext("Text"), each.text)))

    return _keyed((", ".join(each.who), said(each)) for each in agreement.reporting)


def reported(duty: ReportingDuty, names: Names) -> str:
    """Through whom, to whom and how often something is reported."""
    organisation = country().organisations.get(duty.to)
    values = {
        "to": text_in(organisation.names) if organisation is not None else names.get(duty.to, duty.to),
        "every": words.period(duty.every),
    }
    if duty.through is not None:
        return gettext("through %(through)s to %(to)s, %(every)s", through=names[duty.through], **values)
    return gettext("to %(to)s, %(every)s", **values)


def _facts(agreement: Agreement, names: Names) -> dict[str, _Part]:
    return {
        fact: _Part(
            gettext("What a rule may ask: %(fact)s", fact=translated(FACT_LABELS[fact])),
            tuple(words.code(fact, each, names) for each in agreement.facts[fact]),
        )
        for fact in FACTS
        # Every party can be refused: that list is the list of the parties.
        if fact != "refused_parties" or set(agreement.facts[fact]) != set(agreement.parties)
    }


def _orders(old: Agreement, new: Agreement, names: Names) -> Iterator[tuple[int, Different]]:
    """The order in which clauses stand decides between them, and that of the parties who is asked first."""
    lists: tuple[tuple[str, list[Any], list[Any]], ...] = (
        (gettext("The order of the clauses"), [each.number for each in old.clauses], [e.number for e in new.clauses]),
        (gettext("The order of the parties"), [*old.parties], [*new.parties]),
        (gettext("The order of the steps"), [each.step for each in old.path], [each.step for each in new.path]),
    )
    for heading, before, after in lists:
        common = [[each for each in side if each in other] for side, other in ((before, after), (after, before))]
        if common[0] != common[1]:
            said = [_listed(names.get(each, words.step(each)) for each in side) for side in common]
            yield HEAVY, Different(_headed(heading, "changes"), (said[0],), (said[1],))


def _texts(label: str, texts: Mapping[str, str]) -> Iterator[str]:
    """A text in each of its languages, by the name of the language."""
    for language, text in texts.items():
        yield f"{label} ({language_name(language, current_language())}): {text}"


def _line(label: str, value: Any) -> str:
    return f"{label}: {value}"


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts) or gettext("none")


def _day(day: date | None) -> str:
    return gettext("none") if day is None else formats.day(day, current_language())
