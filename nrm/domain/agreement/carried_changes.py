"""What a draft changed beside the text that it was written from, written into another text that was signed meanwhile.

What the forms change is carried: a party that joins and its reports, its desk, telephones, regions, languages, place,
last day and whom it receives, a time of the critical path and of the clauses that give it one, the words of a clause.
Where the other text changed the same thing otherwise, that stays, and is named. Whatever else the draft changed was
written in its file, and is named, too (ADR 0167).
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.items import Table

from nrm.domain.agreement.agreement_drafts import add_party, add_report, entry_of, inline, own_reports

Path = tuple[str, ...]
PARTY: tuple[Path, ...] = (
    ("desk", "opens"),
    ("desk", "closes"),
    ("desk", "weekends"),
    ("desk", "telephone"),
    ("on_call",),
    ("regions",),
    ("languages",),
    ("competence",),
    ("until",),
    ("place",),
)
"""What a form says of a party that is there."""
KEYS: Mapping[str, str] = {"party": "code", "path": "step", "clause": "number"}
"""The parts of a text whose entries have a name, and where it stands."""
OF_ITSELF = frozenset({"version", "from"})
"""What a new draft has of its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a draft changed: in which `part`, of which entry, and what of it; empty: the whole entry."""

    part: str
    key: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """The text with what could be carried. `other`: what the newer text says otherwise, too; `in_file`: what the draft
    changed by its file."""

    text: str
    kept: tuple[Change, ...]
    other: tuple[Change, ...]
    in_file: tuple[Change, ...]


def carried(base: str, draft: str, newest: str) -> Carried:
    """The newest text with the changes that the draft makes beside its base."""
    document = tomlkit.parse(newest)
    was, now, new = (tomlkit.parse(each).unwrap() for each in (base, draft, newest))
    kept: list[Change] = []
    other: list[Change] = []
    in_file: list[Change] = []
    for part, key in KEYS.items():
        before, after, there = (_entries(each, part, key) for each in (was, now, new))
        for code, entry in after.items():
            if code not in before:
                _joins(document, Change(part, code), entry, there.get(code), kept, other, in_file)
                continue
            for path in _fields(part, before[code], entry):
                value = _at(entry, path)
                if value == _at(before[code], path):
                    continue
                change = Change(part, code, ".".join(path))
                same = code in there and _is_same_item(entry, there[code], path)
                if same and _at(there[code], path) in (value, _at(before[code], path)):
                    _put(entry_of(document, part, key, code), path, value)
                    kept.append(change)
                else:
                    other.append(change)
    joined = [each.key for each in kept if each.part == "party" and not each.what]
    for code in joined:
        for report in own_reports(now, code) if "reporting" in new else ():
            add_report(document, report, code)
    in_file += _rest(was, _without_reports(now, joined), new)
    return Carried(tomlkit.dumps(document), tuple(kept), tuple(other), tuple(dict.fromkeys(in_file)))


def _without_reports(now: Mapping[str, Any], joined: Collection[str]) -> Mapping[str, Any]:
    """The draft without what parties that join report, which comes with them."""
    own = [each for code in joined for each in own_reports(now, code)]
    if not own:
        return now
    return {**now, "reporting": [each for each in now["reporting"] if each not in own]}


def _joins(
    document: tomlkit.TOMLDocument,
    change: Change,
    entry: Mapping[str, Any],
    there: object,
    kept: list[Change],
    other: list[Change],
    in_file: list[Change],
) -> None:
    """An entry that is new: a party is written into the other text, the rest is of the file."""
    if there is not None:
        if there != entry:
            other.append(change)
    elif change.part == "party":
        add_party(document, _table(entry))
        kept.append(change)
    else:
        in_file.append(change)


def _entries(document: Mapping[str, Any], part: str, key: str) -> dict[str, dict[str, Any]]:
    return {str(each.get(key)): each for each in document.get(part, ())}


def _fields(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Path, ...]:
    """What a form changes of an entry."""
    if part == "party":
        return PARTY
    if part == "path":
        return (("within",), *_times("escalation", "after", before, after))
    words = (("text", language) for language in {**before.get("text", {}), **after.get("text", {})})
    return (*words, *_times("deadline", "within", before, after), *_times("notify", "within", before, after))


def _times(name: str, key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Path]:
    """The times in a list of which nothing else is different."""
    was, now = before.get(name, ()), after.get(name, ())
    if len(was) == len(now) and all(_is_same_but(key, *pair) for pair in zip(was, now, strict=True)):
        yield from ((name, str(place), key) for place in range(len(now)))


def _is_same_but(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return {**one, key: None} == {**other, key: None}


def _is_same_item(entry: Mapping[str, Any], there: Mapping[str, Any], path: Path) -> bool:
    """Whether the other text has the same thing there, where it stands in a list."""
    if len(path) != 3:
        return True
    one, other = _at(entry, path[:-1]), _at(there, path[:-1])
    return isinstance(other, Mapping) and _is_same_but(path[-1], one, other)


def _at(entry: Mapping[str, Any], path: Path) -> Any:
    value: Any = entry
    for name in path:
        if isinstance(value, list):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _put(entry: Any, path: Path, value: Any) -> None:
    for name in path[:-1]:
        entry = entry[int(name)] if isinstance(entry, list) else entry[name]
    if value is None:
        entry.pop(path[-1], None)
    elif entry.get(path[-1]) != value:
        entry[path[-1]] = inline(value) if isinstance(value, Mapping) else value


def _table(entry: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    for name, value in entry.items():
        table[name] = inline(value) if isinstance(value, Mapping) else value
    return table


def _rest(was: Mapping[str, Any], now: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What the draft changed and no form changes, and the other text does not say as the draft does."""
    for part in dict.fromkeys([*was, *now]):
        if part in OF_ITSELF:
            continue
        if part not in KEYS:
            if now.get(part) != was.get(part) and new.get(part) != now.get(part):
                yield Change(part, "")
            continue
        before, after, there = (_entries(each, part, KEYS[part]) for each in (was, now, new))
        for code in before:
            if code not in after:
                if code in there:
                    yield Change(part, code)
                continue
            fields = _fields(part, before[code], after[code])
            bare = [_without(each.get(code, {}), fields) for each in (before, after, there)]
            if bare[1] != bare[0] and bare[2] != bare[1]:
                yield Change(part, code)


def _without(entry: Mapping[str, Any], fields: tuple[Path, ...]) -> dict[str, Any]:
    """The entry without what a form says of it."""
    left = copy.deepcopy(dict(entry))
    for path in fields:
        inner: Any = left
        for name in path[:-1]:
            inner = (
                (inner[int(name)] if int(name) < len(inner) else {}) if isinstance(inner, list) else inner.get(name, {})
            )
        inner.pop(path[-1], None)
    return left
