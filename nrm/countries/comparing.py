"""What differs between the files of two versions of a country: every key, in plain words (ADR 0136).

A file is a tree of keys. Lists of tables are compared by what names their entries (`organisation[VATRA]`), never by
their position, so that an entry that was moved is no change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LONGEST = 60
"""How much is shown of what tells no two sides apart; of what does, all of it."""
AROUND = 20
"""How much of what is alike stands before and after it."""
_NAMES = (("id", "version"), ("crossing_point", "starts_on"), ("number",), ("code",), ("id",), ("version",))
"""What names an entry of a list of tables; the first that tells all entries of it apart."""
Document = Mapping[str, Any]


class Kind(StrEnum):
    """What happened to a key."""

    ADDED = "added"
    OPENED = "opened"
    CLOSED = "closed"
    RENAMED = "renamed"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that differs; `before` and `after` are as they stand in the files, None where it is not there."""

    file: str
    key: str
    kind: Kind
    before: Any
    after: Any

    def __str__(self) -> str:
        """`FILE: KEY: what`, in one line."""
        if self.kind in (Kind.ADDED, Kind.REMOVED):
            value = self.after if self.kind is Kind.ADDED else self.before
            told = _whole(value) or _told(value)
            return f"{self.file}: {self.key}: {self.kind}" + (f" ({told})" if told else "")
        sides = _beside(self.before, self.after)
        if sides is not None and self.kind not in (Kind.OPENED, Kind.CLOSED):
            return f"{self.file}: {self.key}: {self.kind}: {sides[0]} -> {sides[1]}"
        if self.kind in (Kind.OPENED, Kind.CLOSED):
            return f"{self.file}: {self.key}: {self.kind} from {_told(self.after)}"
        return f"{self.file}: {self.key}: {self.kind}: {_told(self.before)} -> {_told(self.after)}"

    def against(self, who: str) -> str:
        """`FILE: KEY: what stands there (WHO something else)`, where `before` is what somebody else has."""
        theirs = "nothing" if self.before is None else _told(self.before) or "it"
        ours = "not there" if self.after is None else _told(self.after) or "there"
        return f"{self.file}: {self.key}: {ours} ({who} {theirs})"


def differences(before: Mapping[str, Document], after: Mapping[str, Document]) -> list[Difference]:
    """Everything that differs, in the order of the files and of their keys. Arguments: file name -> its content."""
    found: list[Difference] = []
    for file in sorted({*before, *after}):
        if file not in after:
            found.append(Difference(file, "file", Kind.REMOVED, "", None))
        elif file not in before:
            found.append(Difference(file, "file", Kind.ADDED, None, ""))
        else:
            found += _in_value(file, "", before[file], after[file])
    return found


def _in_value(file: str, key: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _in_table(file, key, before, after)
    elif (names := _common_names(before, after)) is not None:
        old, new = ({_name(each, names): each for each in side} for side in (before, after))
        for name in [*old, *(each for each in new if each not in old)]:
            yield from _in_entry(file, f"{key}[{name}]", old.get(name), new.get(name))
    elif _are_tables(before) and _are_tables(after) and len(before) == len(after):
        for position, (was, now) in enumerate(zip(before, after, strict=True), start=1):
            yield from _in_value(file, f"{key}[{position}]", was, now)
    elif before != after:
        yield Difference(file, key, _kind(key, before, after), before, after)


def _in_table(file: str, key: str, before: Document, after: Document) -> Iterator[Difference]:
    for name in [*before, *(each for each in after if each not in before)]:
        yield from _in_entry(file, f"{key}.{name}" if key else name, before.get(name), after.get(name))


def _in_entry(file: str, key: str, before: Any, after: Any) -> Iterator[Difference]:
    """A key of which one side may not be there. Empty tables and lists say nothing, and neither does their absence."""
    days = key in ("opened", "closed") or key.startswith(("opened.", "closed."))
    if days and isinstance(before or after, Mapping):
        yield from _in_table(file, key, before or {}, after or {})
    elif before is None or after is None:
        if before or after or isinstance(before if after is None else after, bool | int):
            yield Difference(file, key, _kind(key, before, after), before, after)
    else:
        yield from _in_value(file, key, before, after)


def _kind(key: str, before: Any, after: Any) -> Kind:
    words = key.split(".")
    if words[0] in ("opened", "closed") and after is not None:
        return Kind.OPENED if words[0] == "opened" else Kind.CLOSED
    if before is None or after is None:
        return Kind.ADDED if before is None else Kind.REMOVED
    is_name = "names" in words or words[0] in ("region", "crossing_group")
    return Kind.RENAMED if is_name else Kind.CHANGED


def _common_names(before: Any, after: Any) -> Sequence[str] | None:
    """The keys that name the entries of both lists of tables; None for whatever is no such list."""
    for names in _NAMES:
        if all(_tells_apart(side, names) for side in (before, after)):
            return names
    return None


def _are_tables(side: Any) -> bool:
    return isinstance(side, list) and bool(side) and all(isinstance(each, Mapping) for each in side)


def _tells_apart(side: Any, names: Sequence[str]) -> bool:
    if not _are_tables(side):
        return False
    said = [_name(each, names) for each in side if all(name in each for name in names)]
    return len(set(said)) == len(side)


def _name(entry: Document, names: Sequence[str]) -> str:
    return " ".join(str(entry[name]) for name in names)


def _beside(before: Any, after: Any) -> tuple[str, str] | None:
    """Two long texts, or lists, without most of what is alike: whoever agrees sees all that differs, wherever it
    stands. None where they are short, or no such pair."""
    one, other = _whole(before), _whole(after)
    if not one or not other or max(len(one), len(other)) <= LONGEST:
        return None
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    start, end = max(0, start - AROUND), max(0, end - AROUND)
    first, second = (
        ("…" if start else "") + each[start : len(each) - end] + ("…" if end else "") for each in (one, other)
    )
    return first, second


def _whole(value: Any) -> str:
    """A text or a list of values on one line; empty for whatever else."""
    if isinstance(value, str):
        return json.dumps(" ".join(value.split()), ensure_ascii=False) if value else ""
    if isinstance(value, list) and not any(isinstance(each, Mapping) for each in value):
        return json.dumps(value, ensure_ascii=False, default=str).replace('"', "")
    return ""


def _told(value: Any) -> str:
    """A value as a person reads it; of a table its names, or which keys it has."""
    if isinstance(value, Mapping):
        named = value.get("names", value)
        texts = [each for each in named.values() if isinstance(each, str)] if isinstance(named, Mapping) else []
        return _short(" / ".join(dict.fromkeys(texts))) if texts else _short(", ".join(value))
    if isinstance(value, str):
        return json.dumps(_short(value), ensure_ascii=False) if value else ""
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return f"{len(value)} entries"
    return _short(json.dumps(value, ensure_ascii=False, default=str).replace('"', "") if value is not None else "")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
