"""Reading a table set from TOML into `tables.TableSet`; every mistake is reported with its place."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nrm.statistics.tables import (
    BASE,
    MAX_WAYS,
    SIZES,
    TOTAL,
    Dimension,
    Follows,
    Known,
    Linked,
    MalformedTableSet,
    StockFlow,
    SumTable,
    Survival,
    Table,
    TableSet,
    Texts,
)

_KEYS = {
    *("base", "version", "windows", "title", "basis", "counted", "charted", "told", "dimension", "table", "coarser"),
    *("impossible", "known", "reported", "stock_flow", "sizes", "weights", "survival", "linked", "adds_up", "weight"),
    *("quarters_of", "follows"),
}

LARGEST = 10**9  # `most` of a sum: what a million people have stays a whole number that every program reads exactly

WINDOWS = (1, 2, 4, 8)

_DAYS = re.compile(r"([0-9]+)(?:-([0-9]+)|\+)")


_WORDS = ("title", "basis", "counted", "not_recorded")
_DIMENSION_KEYS = {"column", "codes", "hierarchy", "of", "recode", "title", "labels", "not_recorded"}


def parse(data: Mapping[str, Any]) -> TableSet:
    """Read a table set from a TOML document. Raises MalformedTableSet.

    Keys: `base` (5), `title`, `dimension.NAME` (`column`, `codes`, `hierarchy`, `of`, `recode`, `title`, `labels`,
    `not_recorded`: texts that say why nothing can fill it, so that tables by it are asked for and not made),
    `table` (`by`, `title`; with `sum` and `most` a table of sums of a column), `coarser` (`by`, `title`: what tables
    are called that larger ones are replaced by where less detail is printed), `impossible`,
    `known` and `reported` (`by`, `where`),
    `stock_flow` (`by`, `arrival`, `departure`), `sizes` and `weights` (four integers for 0 to 3 dimensions; sizes may
    be raised, never lowered), `version`, `windows` (of 1, 2, 4, 8 quarters), `basis`, `counted`, `charted`, `told`,
    `linked` (`report`, `where`, `there`, `by`),
    `survival` (`length`, whose classes are written `0-7` to `366+`, `status`, `ended`, `going_on`),
    `weight` (the column that says how many people a line stands for),
    `quarters_of` (the report whose quarters count the same people), `follows` (`quarter`, `year`: who is the one in a
    quarter is the other in the year),
    `adds_up` (true: each record belongs to one quarter alone).
    """
    _check_keys(data, "", _KEYS)
    if data.get("base", BASE) != BASE or isinstance(data.get("base"), bool):
        raise MalformedTableSet(f"base: {data['base']!r}; only {BASE} is supported")
    dimensions = _dimensions(_mapping(data.get("dimension"), "dimension"))
    shell = TableSet(dimensions, ())
    flow = _stock_flow(data["stock_flow"], shell) if "stock_flow" in data else None
    entries = list(enumerate(_list(data.get("table"), "table"), 1))
    sums = _sums([(f"table {n}", entry) for n, entry in entries if _is_sum(entry)], shell)
    counts = [number for number, entry in entries if not _is_sum(entry)]
    tables = [_table(entry, f"table {n}", shell) for n, entry in entries if n in counts]
    if not tables:
        raise MalformedTableSet("table: at least one [[table]] is needed" + " that counts people" * bool(sums))
    if flow is not None:
        tables += [Table((*flow.by, flow.arrival)), Table((*flow.by, flow.departure))]
    seen: dict[frozenset[str], Table] = {}
    for number, table in enumerate(tables, 1):
        if frozenset(table.by) in seen and number <= len(counts):
            raise MalformedTableSet(f"table {counts[number - 1]}: {table.name} is there twice")
        seen.setdefault(frozenset(table.by), table)
    if type(data.get("adds_up", False)) is not bool:
        raise MalformedTableSet(f"adds_up: {data['adds_up']!r}; true or false is needed")
    made = TableSet(
        dimensions,
        tuple(seen.values()),
        tuple(
            _codes(e, f"impossible {n}", shell) for n, e in enumerate(_list(data.get("impossible"), "impossible"), 1)
        ),
        _all_known(data, "known", shell),
        _all_known(data, "reported", shell),
        flow,
        _four_integers(data.get("sizes", list(SIZES)), "sizes", SIZES),
        _four_integers(data.get("weights", [50, 8, 1, 1]), "weights", (1, 1, 1, 1)),
        title=_texts(data.get("title", {}), "title"),
        version=_version(data.get("version", 1)),
        windows=_windows(data.get("windows", [1]), flow),
        basis=_texts(data.get("basis", {}), "basis"),
        counted=_texts(data.get("counted", {}), "counted"),
        charted=_charted(data.get("charted"), shell),
        told=tuple(_charted(name, shell) for name in _list(data.get("told"), "told")),
        linked=tuple(
            _linked(entry, f"linked {n}", shell) for n, entry in enumerate(_list(data.get("linked"), "linked"), 1)
        ),
        survival=_survival(data["survival"], shell, tables) if "survival" in data else None,
        adds_up=data.get("adds_up", False),
        quarters_of=_text(data["quarters_of"], "quarters_of") if "quarters_of" in data else "",
        follows=tuple(
            _follows(e, f"follows {n}", shell) for n, e in enumerate(_list(data.get("follows"), "follows"), 1)
        ),
        coarser=tuple(_table(e, f"coarser {n}", shell) for n, e in enumerate(_list(data.get("coarser"), "coarser"), 1)),
        sums=sums,
        stands_for=_text(data["weight"], "weight") if "weight" in data else "",
    )
    return _recorded(made) if any(each.not_recorded for each in dimensions.values()) else made


def words_lacking(data: Any, languages: Sequence[str], place: str = "") -> Iterator[str]:
    """The key of each text of a description that is in some language and not in one of these."""
    for name, each in data.items() if isinstance(data, Mapping) else ():
        key = f"{place}.{name}" if place else name
        if name in _WORDS and isinstance(each, Mapping):
            yield from (f"{key}.{language}" for language in languages if language not in each)
        elif name == "labels" and isinstance(each, Mapping):
            for code, texts in each.items():
                yield from (f"{key}.{code}.{language}" for language in languages if language not in texts)
        else:
            yield from words_lacking(each, languages, key)
    for number, each in enumerate(data if isinstance(data, list) else (), 1):
        yield from words_lacking(each, languages, f"{place}[{number}]")


def _recorded(made: TableSet) -> TableSet:
    """The set with the tables that can be filled; nothing else in it may need a dimension that nobody records."""
    used = {made.charted, *(name for rule in made.impossible for name in rule)}
    for known in (*made.known, *made.reported):
        used |= {*known.by, *known.where}
    if made.stock_flow is not None:
        used |= {*made.stock_flow.by, made.stock_flow.arrival, made.stock_flow.departure}
    if made.survival is not None:
        used |= {made.survival.length, made.survival.status}
    for link in made.linked:
        used |= {*link.where, *link.by}
    if lacking := made.lacking(sorted(used)):
        raise MalformedTableSet(f"dimension.{lacking[0]}.not_recorded: a rule, a chart or a known figure needs it")
    found = made.recorded()
    if not found.tables:
        raise MalformedTableSet("table: nothing is left of any table without what is not recorded")
    return found


def _version(data: Any) -> int:
    if type(data) is not int or data < 1:
        raise MalformedTableSet(f"version: {data!r}; a whole number from 1 is needed")
    return data


def _windows(data: Any, flow: StockFlow | None) -> tuple[int, ...]:
    if not isinstance(data, list) or not data or data != [number for number in WINDOWS if number in data]:
        raise MalformedTableSet(f"windows: {data!r}; some of 1, 2, 4, 8 quarters are needed, the shortest first")
    if flow is not None and data != [1]:
        raise MalformedTableSet("windows: stock and flow need every quarter")
    return tuple(data)


def _charted(data: Any, shell: TableSet) -> str:
    if data is None:
        return ""
    if _text(data, "charted") not in shell.dimensions:
        raise MalformedTableSet(f"charted: there is no dimension {data!r}")
    return str(data)


def _dimensions(data: Mapping[str, Any]) -> dict[str, Dimension]:
    if not data:
        raise MalformedTableSet("dimension: at least one [dimension.NAME] is needed")
    dimensions = {}
    for name, entry in data.items():
        place = f"dimension.{name}"
        if not name or TOTAL in name:
            raise MalformedTableSet(f"{place}: a name may not be empty nor contain '*'")
        if name in ("table", "value", "person", "total"):
            raise MalformedTableSet(f"{place}: the name is taken")
        _check_keys(_mapping(entry, place), place, _DIMENSION_KEYS)
        dimensions[name] = _dimension(name, place, entry)
    for name, dimension in dimensions.items():
        if dimension.of is None:
            continue
        root = dimensions.get(dimension.of)
        if root is None or root.of is not None:
            raise MalformedTableSet(f"dimension.{name}.of: {dimension.of!r} is not a dimension with codes")
        if not root.groups:
            raise MalformedTableSet(f"dimension.{name}.of: {dimension.of!r} has no hierarchy")
        dimensions[name] = dataclasses.replace(dimension, codes=root.top)
    return dimensions


def _dimension(name: str, place: str, entry: Mapping[str, Any]) -> Dimension:
    texts = {
        "title": _texts(entry.get("title", {}), f"{place}.title"),
        "labels": {
            code: _texts(text, f"{place}.labels.{code}")
            for code, text in _mapping(entry.get("labels", {}), f"{place}.labels").items()
        },
    }
    if "of" in entry:
        if surplus := sorted({"column", "codes", "hierarchy", "recode", "not_recorded"} & set(entry)):
            raise MalformedTableSet(f"{place}.{surplus[0]}: not allowed beside 'of'")
        return Dimension(name, "", (), of=_text(entry["of"], f"{place}.of"), **texts)  # type: ignore[arg-type]
    column = _text(entry.get("column"), f"{place}.column")
    groups: dict[str, tuple[str, ...]] = {}
    home: dict[str, str] = {}
    for group, members in _mapping(entry.get("hierarchy", {}), f"{place}.hierarchy").items():
        groups[group] = tuple(_strings(members, f"{place}.hierarchy.{group}"))
        if not groups[group]:
            raise MalformedTableSet(f"{place}.hierarchy.{group}: the group is empty")
        for code in groups[group]:
            if code in home:
                raise MalformedTableSet(f"{place}.hierarchy: code {code!r} is in {home[code]!r} and in {group!r}")
            home[code] = group
    declared = "codes" in entry
    codes = _strings(entry["codes"], f"{place}.codes") if declared else list(home)
    if declared and not codes:
        raise MalformedTableSet(f"{place}.codes: the classification is empty")
    for code in codes:
        if codes.count(code) > 1:
            raise MalformedTableSet(f"{place}.codes: {code!r} is there twice")
    for code, group in home.items():
        if code not in codes:
            raise MalformedTableSet(f"{place}.hierarchy.{group}: {code!r} is not in the codes")
    for word in (*codes, *groups):
        if word == TOTAL:
            raise MalformedTableSet(f"{place}: '*' stands for the total and cannot be a code or a group")
    for group in groups:
        if group in codes:
            raise MalformedTableSet(f"{place}.hierarchy: {group!r} is the name of a group and of a code")
    recode = {
        code: _text(to, f"{place}.recode.{code}")
        for code, to in _mapping(entry.get("recode", {}), f"{place}.recode").items()
    }
    for code, to in recode.items():
        if to not in codes:
            raise MalformedTableSet(f"{place}.recode.{code}: {to!r} is not in the codes")
    for code in texts["labels"]:
        if code not in codes and code not in groups:
            raise MalformedTableSet(f"{place}.labels: {code!r} is neither a code nor a group")
    texts["not_recorded"] = _texts(entry.get("not_recorded", {}), f"{place}.not_recorded")
    return Dimension(name, column, tuple(codes), groups, None, recode, not codes, **texts)  # type: ignore[arg-type]


def _table(data: Any, place: str, shell: TableSet) -> Table:
    entry = _mapping(data, place)
    _check_keys(entry, place, {"by", "title"})
    return Table(_dimension_names(entry.get("by"), place, shell), _texts(entry.get("title", {}), f"{place}.title"))


def _is_sum(entry: Any) -> bool:
    return isinstance(entry, Mapping) and ("sum" in entry or "most" in entry)


def _sums(entries: Sequence[tuple[str, Mapping[str, Any]]], shell: TableSet) -> tuple[SumTable, ...]:
    found: dict[tuple[str, frozenset[str]], SumTable] = {}
    most: dict[str, int] = {}
    for place, entry in entries:
        _check_keys(entry, place, {"by", "sum", "most"})
        column = _text(entry.get("sum"), f"{place}.sum")
        highest = entry.get("most")
        if type(highest) is not int or not 1 <= highest <= LARGEST:
            raise MalformedTableSet(f"{place}.most: the most that one person can have, from 1 to {LARGEST}, is needed")
        if most.setdefault(column, highest) != highest:
            raise MalformedTableSet(f"{place}.most: {highest}; another table of {column!r} says {most[column]}")
        by = _dimension_names(entry.get("by"), place, shell)
        if (column, frozenset(by)) in found:
            raise MalformedTableSet(f"{place}: the sum of {column!r} by {'*'.join(by)} is there twice")
        found[column, frozenset(by)] = SumTable(by, column, highest)
    return tuple(found.values())


def _dimension_names(data: Any, place: str, shell: TableSet, most: int = MAX_WAYS) -> tuple[str, ...]:
    names = tuple(_strings(data, f"{place}.by"))
    roots: dict[str, str] = {}
    if not 1 <= len(names) <= most:
        raise MalformedTableSet(f"{place}.by: one to {most} dimensions are allowed, there are {len(names)}")
    for name in names:
        if name not in shell.dimensions:
            raise MalformedTableSet(f"{place}.by: there is no dimension {name!r}")
        root = shell.dimensions[name].root
        if root in roots:
            raise MalformedTableSet(f"{place}.by: {name!r} and {roots[root]!r} are the same dimension")
        roots[root] = name
    return names


def _codes(data: Any, place: str, shell: TableSet) -> Mapping[str, frozenset[str]]:
    """`{dimension = member}` or `{dimension = [members]}` as the codes of root dimensions."""
    rule: dict[str, frozenset[str]] = {}
    for name, value in _mapping(data, place).items():
        if name not in shell.dimensions:
            raise MalformedTableSet(f"{place}: there is no dimension {name!r}")
        root = shell.dimensions[name].root
        members = [value] if isinstance(value, str) else _strings(value, f"{place}.{name}")
        dimension = shell.dimensions[root]
        for member in members:
            if not dimension.observed and member not in dimension.codes and member not in dimension.groups:
                raise MalformedTableSet(f"{place}.{name}: {member!r} is neither a code nor a group")
        leaves = frozenset(code for member in members for code in shell.leaves(root, member))
        rule[root] = rule[root] & leaves if root in rule else leaves
    if not rule:
        raise MalformedTableSet(f"{place}: names no dimension")
    return rule


def _all_known(data: Mapping[str, Any], key: str, shell: TableSet) -> tuple[Known, ...]:
    return tuple(_known(entry, f"{key} {n}", shell) for n, entry in enumerate(_list(data.get(key), key), 1))


def _known(data: Any, place: str, shell: TableSet) -> Known:
    entry = _mapping(data, place)
    _check_keys(entry, place, {"by", "where"})
    by = _dimension_names(entry.get("by"), place, shell)
    return Known(by, _codes(entry["where"], f"{place}.where", shell) if "where" in entry else {})


def _linked(data: Any, place: str, shell: TableSet) -> Linked:
    """Read `linked`. The dimensions of the other report are checked later, where both table sets are known."""
    entry = _mapping(data, place)
    _check_keys(entry, place, {"report", "where", "there", "by"})
    by = {
        name: _text(other, f"{place}.by.{name}") for name, other in _mapping(entry.get("by", {}), f"{place}.by").items()
    }
    if by:
        _dimension_names(list(by), f"{place}.by", shell)
    there = _mapping(entry.get("there", {}), f"{place}.there")
    return Linked(
        _text(entry.get("report"), f"{place}.report"),
        _codes(entry["where"], f"{place}.where", shell) if "where" in entry else {},
        {name: tuple(_strings(codes, f"{place}.there.{name}")) for name, codes in there.items()},
        by,
    )


def _follows(data: Any, place: str, shell: TableSet) -> Follows:
    """Read `follows`. The dimensions of the quarter are those of the other report."""
    entry = _mapping(data, place)
    _check_keys(entry, place, {"quarter", "year"})
    quarter = _mapping(entry.get("quarter"), f"{place}.quarter")
    year = _codes(entry.get("year"), f"{place}.year", shell)
    if len(year) != 1:
        raise MalformedTableSet(f"{place}.year: one dimension is needed")
    return Follows(
        {name: frozenset(_strings(codes, f"{place}.quarter.{name}")) for name, codes in quarter.items()},
        next(iter(year.items())),
    )


def _stock_flow(data: Any, shell: TableSet) -> StockFlow:
    place = "stock_flow"
    entry = _mapping(data, place)
    _check_keys(entry, place, {"by", "arrival", "departure"})
    by = _dimension_names(entry.get("by"), place, shell, MAX_WAYS - 1)
    ends = {}
    for end, words in (("arrival", ("opening", "admitted")), ("departure", ("closing", "left"))):
        part = _mapping(entry.get(end), f"{place}.{end}")
        _check_keys(part, f"{place}.{end}", {"dimension", *words})
        name = _text(part.get("dimension"), f"{place}.{end}.dimension")
        codes = tuple(_text(part.get(word), f"{place}.{end}.{word}") for word in words)
        dimension = shell.dimensions.get(name)
        if dimension is None or dimension.of is not None or sorted(dimension.codes) != sorted(codes):
            raise MalformedTableSet(f"{place}.{end}: {name!r} must be a dimension with exactly the codes {list(codes)}")
        _dimension_names([*by, name], f"{place}.{end}", shell)
        ends[end] = (name, *codes)
    return StockFlow(by, *ends["arrival"], *ends["departure"])


def _survival(data: Any, shell: TableSet, tables: Sequence[Table]) -> Survival:
    place = "survival"
    entry = _mapping(data, place)
    names = ("length", "status", "ended", "going_on")
    _check_keys(entry, place, set(names))
    length, status, ended, going_on = (_text(entry.get(name), f"{place}.{name}") for name in names)
    if not any(set(table.by) == {length, status} for table in tables):
        raise MalformedTableSet(f"{place}: there is no table by {length!r} and {status!r}")
    if sorted(shell.dimensions[status].codes) != sorted((ended, going_on)):
        raise MalformedTableSet(f"{place}: {status!r} must have exactly the codes {[ended, going_on]}")
    classes = [(code, *found.groups()) for code in shell.dimensions[length].codes if (found := _DAYS.fullmatch(code))]
    follow = [int(last) + 1 if last else None for _, _, last in classes]
    if len(classes) < 2 or [0, *follow] != [*(int(first) for _, first, _ in classes), None]:
        raise MalformedTableSet(
            f"{place}.length: classes of days that follow one another are needed, as 0-7, 8-14, 15+"
        )
    return Survival(length, status, ended, going_on, {code: int(first) for code, first, _ in classes})


def _mapping(data: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise MalformedTableSet(f"{place}: a table of keys is needed")
    return data


def _list(data: Any, place: str) -> Sequence[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise MalformedTableSet(f"{place}: a list is needed")
    return data


def _check_keys(data: Mapping[str, Any], place: str, allowed: set[str]) -> None:
    for key in data:
        if key not in allowed:
            raise MalformedTableSet(f"{place + ': ' if place else ''}unknown key {key!r}")


def _text(data: Any, place: str) -> str:
    if not isinstance(data, str) or not data:
        raise MalformedTableSet(f"{place}: a text is needed")
    return data


def _strings(data: Any, place: str) -> list[str]:
    if not isinstance(data, list) or not all(isinstance(item, str) and item for item in data):
        raise MalformedTableSet(f"{place}: a list of texts is needed")
    return list(data)


def _texts(data: Any, place: str) -> Texts:
    return {language: _text(text, f"{place}.{language}") for language, text in _mapping(data, place).items()}


def _four_integers(data: Any, place: str, least: Sequence[int]) -> tuple[int, int, int, int]:
    if not isinstance(data, list) or len(data) != 4 or not all(type(item) is int for item in data):
        raise MalformedTableSet(f"{place}: four integers are needed")
    for ways, (value, bound) in enumerate(zip(data, least, strict=True)):
        if value < bound:
            raise MalformedTableSet(f"{place}: {value} for {ways} dimensions is below {bound}")
    return (data[0], data[1], data[2], data[3])
