"""Common changes of a text of the agreement, in its TOML: what is not changed stays letter for letter, comments and
order too. Everything else is done in the file.

A changed text is read and checked like any other; nothing here checks it. Decided in ADR 0127.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from types import MappingProxyType
from typing import Any

import tomlkit
from tomlkit.items import Table

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.agreement.agreements import Agreement, PathStep
from nrm.domain.agreement.effects import NOTIFY
from nrm.domain.documents import Words
from nrm.domain.durations import duration_text, parse_duration

EVERYONE, NOBODY = "everyone", "nobody"
"""Whom a party receives, beside `as another one`."""


class NotInText(LookupError):
    """The text has no such party, step or clause."""


@dataclass(frozen=True, slots=True)
class PartyText:
    """What a form says of a party. `telephone`: of the desk, empty for none; `until`: its last day; `receives`: empty
    to leave it as it is, else `everyone`, `nobody` or the code of a party that receives the same people; `languages`:
    spoken at the desk, None to leave them as they are."""

    opens: time
    closes: time
    weekends: bool
    telephone: str
    on_call: str
    regions: Collection[str]
    until: date | None = None
    receives: str = ""
    languages: Collection[str] | None = None


def begun(text: str, version: str, starts_on: date) -> str:
    """The text under another name, from another day on."""
    document = tomlkit.parse(text)
    document["version"], document["from"] = version, starts_on
    document.pop("until", None)
    return tomlkit.dumps(document)


def named(text: str, version: str, starts_on: date) -> str:
    """The draft under another name, or from another day on."""
    document = tomlkit.parse(text)
    document["version"], document["from"] = version, starts_on
    return tomlkit.dumps(document)


def with_party(text: str, code: str, said: PartyText) -> str:
    """The text in which a party changes, or leaves. Raises NotInText."""
    document = tomlkit.parse(text)
    _say(entry_of(document, "party", "code", code), said, document)
    return tomlkit.dumps(document)


def with_new_party(
    text: str,
    code: str,
    kind: OrganisationKind,
    names: Words,
    joins_on: date | None,
    said: PartyText,
    asked_before: str = "",
) -> str:
    """The text in which a party joins; on `joins_on`, or with the text. When it signs nobody knows yet, and the text
    does not say it. Among those of its kind it is asked last, or before the party of that code. If it receives people,
    it reports as those do that receive some. Raises NotInText."""
    document = tomlkit.parse(text)
    party = tomlkit.table()
    party["code"], party["kind"] = code, str(kind)
    party["names"] = inline(names)
    if joins_on is not None and joins_on != document["from"]:
        party["from"] = joins_on
    party["desk"] = tomlkit.inline_table()
    _say(party, said, document)
    _give_place(document, party, asked_before)
    add_party(document, party)
    if "competence" in party:
        _give_reports(document, code)
    return tomlkit.dumps(document)


def with_joining(text: str, code: str, new_code: str, names: Words, joins_on: date) -> str:
    """The text in which a party that joins has another code, other names or another day. Raises NotInText."""
    document = tomlkit.parse(text)
    party: Any = entry_of(document, "party", "code", code)
    _set(party, "code", new_code)
    for each in own_reports(document, code):
        each["who"] = [new_code]
    if party["names"] != names:
        party["names"] = inline(names)
    _set(party, "from", None if joins_on == document["from"] else joins_on)
    return tomlkit.dumps(document)


def without_party(text: str, code: str) -> str:
    """The text without a party. Raises NotInText."""
    document = tomlkit.parse(text)
    entry_of(document, "party", "code", code)
    parties: Any = document["party"]
    del parties[next(place for place, each in enumerate(parties) if each["code"] == code)]
    reports: Any = document.get("reporting", [])
    for place in reversed(range(len(reports))):
        if list(reports[place].get("who", ())) == [code]:
            del reports[place]
    return tomlkit.dumps(document)


def add_party(document: tomlkit.TOMLDocument, party: Table) -> None:
    """Write a party before the last one: what stands under that is the heading of the next part of the file."""
    party.add(tomlkit.nl())
    parties: Any = document["party"]
    parties.insert(len(parties) - 1, party)


def own_reports(document: Mapping[str, Any], code: str) -> list[Any]:
    """The reports that the party alone owes."""
    return [each for each in document.get("reporting", ()) if list(each.get("who", ())) == [code]]


def add_report(document: tomlkit.TOMLDocument, report: Mapping[str, Any], who: str) -> None:
    """Write a duty to report of one party, like that one."""
    table = tomlkit.table()
    for name, value in report.items():
        table[name] = [who] if name == "who" else inline(value) if isinstance(value, Mapping) else value
    reports: Any = document["reporting"]
    reports.append(table)


def _give_reports(document: tomlkit.TOMLDocument, code: str) -> None:
    receiving = {str(each["code"]) for each in document.get("party", ()) if "competence" in each}
    for report in [each for each in document.get("reporting", ()) if receiving & {*each.get("who", ())}]:
        add_report(document, report.unwrap(), code)


def _give_place(document: tomlkit.TOMLDocument, party: Table, asked_before: str) -> None:
    """Number the party, and those after it where they have to be, so that it stands before one of its kind, or last."""
    there: Any = [each for each in document.get("party", ()) if each.get("kind") == party["kind"]]
    order = sorted(there, key=_asked)
    codes = [str(each["code"]) for each in order]
    if asked_before and asked_before not in codes:
        raise NotInText(asked_before)
    order.insert(codes.index(asked_before) if asked_before else len(order), party)
    before: tuple[int, str] | None = None
    for each in order:
        place, code = _asked(each)
        if before is not None and (place, code) <= before:
            place = before[0] if code > before[1] else before[0] + 1
            if each is party and each is order[-1]:
                place = max(place, len(order))  # who reads the number in the text reads that it is last
            each["place"] = place
        before = (place, code)


def _asked(party: Any) -> tuple[int, str]:
    return int(party.get("place", 0)), str(party["code"])


def with_time(text: str, step: str, within: timedelta, own: Mapping[str, timedelta] = MappingProxyType({})) -> str:
    """The text in which a step of the critical path has another time, and by `own` the clauses that give it one.

    What had the same time as the step goes with it, and what would be longer is as long: the times of clauses, and when
    the step climbs to somebody first. Raises NotInText.
    """
    document = tomlkit.parse(text)
    entry: Any = entry_of(document, "path", "step", step)
    was = parse_duration(entry["within"])
    _set_time(entry, "within", within)
    rungs = entry.get("escalation", ())
    if rungs:
        latest = parse_duration(rungs[1]["after"]) if len(rungs) > 1 else within
        first = parse_duration(rungs[0]["after"])
        _set_time(rungs[0], "after", _with_it(first, was, min(within, max(latest, first))))
    for number, duty in _times_of(document, entry):
        had = parse_duration(duty["within"])
        said = own.get(number, had)
        _set_time(duty, "within", _with_it(had, was, within) if said == had else said)
    return tomlkit.dumps(document)


TELL_CHILD = "tell_child_authority"
"""The step that is done by a notice."""


def times_of_clauses(agreement: Agreement, step: PathStep) -> dict[str, timedelta]:
    """The clauses that give a step of the path a time of their own, by their number."""
    found: dict[str, timedelta] = {}
    for clause in agreement.of_referral:
        for duty in clause.duties:
            notice = step.step == TELL_CHILD and (duty.kind, duty.party) == (NOTIFY, step.responsible)
            if duty.within is not None and (duty.kind == step.step or notice):
                found.setdefault(clause.number, duty.within)
    return found


def _times_of(document: tomlkit.TOMLDocument, step: Any) -> Iterator[tuple[str, Any]]:
    """(number of the clause, the duty in it), as `times_of_clauses`."""
    for clause in document.get("clause", ()):
        if "on" in clause:
            continue
        for duty in clause.get("deadline", ()):
            if duty.get("step") == step["step"]:
                yield str(clause["number"]), duty
        for duty in clause.get("notify", ()) if step["step"] == TELL_CHILD else ():
            if duty.get("party") == step["responsible"]:
                yield str(clause["number"]), duty


def _with_it(had: timedelta, was: timedelta, within: timedelta) -> timedelta:
    return within if had == was or had > within else had


def _set_time(table: Any, key: str, time_said: timedelta) -> None:
    """What is the same time stays as it is written."""
    if parse_duration(table[key]) != time_said:
        table[key] = duration_text(time_said)


def with_words(text: str, clause: str, words: Words) -> str:
    """The text in which a clause is worded otherwise; its rule stays. Raises NotInText."""
    document = tomlkit.parse(text)
    there: Any = entry_of(document, "clause", "number", clause)["text"]
    for language, said in words.items():
        there[language] = said
    return tomlkit.dumps(document)


def entry_of(document: tomlkit.TOMLDocument, part: str, key: str, value: str) -> Table:
    """The entry of a part that has this value. Raises NotInText."""
    for each in document.get(part, ()):
        if each.get(key) == value:
            return each  # type: ignore[no-any-return]
    raise NotInText(value)


def _say(party: Table, said: PartyText, document: tomlkit.TOMLDocument) -> None:
    desk: Any = party["desk"]
    desk["opens"], desk["closes"] = f"{said.opens:%H:%M}", f"{said.closes:%H:%M}"
    desk["weekends"] = said.weekends
    _set(desk, "telephone", said.telephone)
    party["on_call"] = said.on_call
    _set(party, "regions", list(said.regions))
    _set(party, "until", said.until)
    if said.languages is not None:
        _set(party, "languages", list(said.languages))
    if said.receives == NOBODY:
        party.pop("competence", None)
    elif said.receives == EVERYONE:
        party["competence"] = EVERYONE
    elif said.receives:
        same = entry_of(document, "party", "code", said.receives).get("competence")
        _set(party, "competence", same)


def _set(table: Any, key: str, value: object) -> None:
    """Write what differs; nothing stands for no value. A list in another order is the same: a form has its own."""
    if not value:
        table.pop(key, None)
    elif isinstance(value, list) and sorted(table.get(key, ())) == sorted(value):
        return
    elif table.get(key) != value:
        table[key] = value


def inline(values: Mapping[str, Any]) -> Any:
    """On one line, in braces."""
    table = tomlkit.inline_table()
    table.update(dict(values))
    return table
