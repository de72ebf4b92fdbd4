"""The joint report of a quarter: every requirement with its table, or with the words that stand for it.

Figures come from filed tables and from sealed releases; only the sums of a filed table are computed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment

from nrm.domain.languages import SOURCE, ByLanguage, text_for
from nrm.domain.reports.filings import TOTAL as SUM
from nrm.domain.reports.filings import Figures, Key, Missing, broken, cells, is_short, totals
from nrm.domain.reports.register import Matrix, Register, Requirement, Words
from nrm.domain.reports.reports import with_structural_zeros
from nrm.render.matrices import Column, matrix, title_of
from nrm.render.reports import TOTALS, About, Speaking, in_one_language, is_impossible, papers, words_of
from nrm.render.sheets import release_csv, release_csvw, release_xlsx
from nrm.statistics.tables import TOTAL, TableSet

TITLE = ByLanguage("Joint quarterly report")
BASIS = ByLanguage(
    "National Action Plan 2005-2007, IV.1(b)(i): all Revised Statistical Reporting Requirements",
)
BODY = "reports/register/joint_body.html"
CALLED = ByLanguage("joint")
MEANS = (
    "Of tables named after a report (`ix:sex`): 0 means 0 to 4; 5 nearly always that somebody is there, and, but for "
    "the number in all, 0 to 14. "
    "The others are as filed: no_report and not_applicable are no number, and in no total."
)
MOST_WAYS = 2
"""The tables of a release that are printed: those of one or two attributes. The others are in the release itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a printed table; `kind` as of `matrices.Row`."""

    kind: str
    label: str
    figures: Sequence[int | str | None]
    short: Set[int] = frozenset()  # which of them, by their place, are sums over a cell that says "no report"


@dataclass(frozen=True, slots=True)
class Printed:
    """One table on the page."""

    title: str
    note: str
    heading: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    not_recorded: str = ""  # why there is no figure at all
    why: str = ""  # figures that were filed break a rule, and the agency says why
    broken: Sequence[tuple[str, str, int, int]] = ()  # line, whole, its number, the number of its parts


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a requirement, or the release that answers it: the words for its state, and what is printed."""

    entry: Mapping[str, Any]
    title: str
    office: str
    printed: Sequence[Printed]


@dataclass(frozen=True, slots=True)
class Section:
    """One requirement."""

    number: int
    section: str
    title: str
    lead: str
    contributing: Sequence[str]
    parts: Sequence[Part]


def filed_table(table: Matrix, figures: Figures) -> dict[str, Any]:
    """A filed table as the `tables` of a release's JSON have it: values are numbers or one of two words."""
    names = [axis.code for axis in table.rows]
    held = {**{key: figure if isinstance(figure, int) else str(figure) for key, figure in cells(table, figures)}}
    held.update(totals(table, figures))
    rows = []
    for (line, column), value in held.items():
        codes = line.split("/") if line != SUM else [TOTAL] * len(names)
        across = TOTAL if column == SUM else column
        rows.append({**dict(zip(names, codes, strict=True)), table.columns.code: across, "value": value})
    return {"name": table.code, "dimensions": list(table.dimensions), "rows": rows}


def released_tables(report: str, release: Mapping[str, Any], table_set: TableSet) -> list[dict[str, Any]]:
    """The tables of a sealed release of any format that the joint report prints, under the name of their report."""
    return [
        {
            **table,
            "name": f"{report}:{table['name']}",
            "rows": with_structural_zeros(table, lambda fixed: is_impossible(table_set, fixed)),
        }
        for table in release["tables"]
        if len(table["dimensions"]) <= MOST_WAYS
    ]


def files(
    value: Mapping[str, Any],
    register: Register,
    table_sets: Mapping[str, TableSet],
    *,
    signatures: Mapping[str, Sequence[tuple[str, str]]],
    names: Mapping[str, Mapping[str, str]],
    pages: Environment,
    speaking: Speaking,
    area: str,
) -> dict[str, bytes]:
    """Content by format, as `reports.files` makes them; `value` is the JSON with its signatures."""
    sheet, called = release_csv(value), f"joint-{value['quarter']}.csv"
    titles, labels = _titles(register, table_sets), _labels(register, table_sets)
    in_source = names.get(SOURCE) or next(iter(names.values()))
    made = {
        "csv": sheet,
        "csvw": release_csvw(value, called, sheet, titles=titles, labels=labels, area=area, said=MEANS),
        "xlsx": release_xlsx(
            value,
            titles=titles,
            labels=labels,
            why=_reason_of(table_sets),
            numbered=_numbered(value, _sections(value, register, table_sets, SOURCE, in_source)),
            said=MEANS,
        ),
        "json": json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n",
    }
    printed = {}
    for language in signatures:
        with speaking(language):
            values = {
                "release": value,
                "quarter": value["quarter"],
                "lang": language,
                "called": CALLED[language],
                "body": BODY,
                "about": About(TITLE[language], BASIS[language], "", language),
                "sections": _sections(value, register, table_sets, language, names[language]),
                "signatures": signatures[language],
            }
            made[f"html.{language}"], printed[language] = in_one_language(values, BODY, pages=pages)
    return made | papers(printed, called, sheet)


def _numbered(value: Mapping[str, Any], sections: Sequence[Section]) -> list[tuple[str, str, str]]:
    """(number, title, name) of the tables as the page numbers them: 1.4 is the fourth of the first requirement."""
    found = []
    for section, entry in zip(sections, value["requirements"], strict=True):
        tables = [table for part in section.parts for table in part.printed]
        called = [name for part in entry["parts"] for name in part["printed"]]
        for number, (table, name) in enumerate(zip(tables, called, strict=True), 1):
            found.append((f"{section.number}.{number}", table.title, name))
    return found


def _sections(
    value: Mapping[str, Any],
    register: Register,
    table_sets: Mapping[str, TableSet],
    language: str,
    names: Mapping[str, str],
) -> list[Section]:
    by_name = {table["name"]: table for table in value["tables"]}
    sections = []
    for requirement, entry in zip(register.requirements, value["requirements"], strict=True):
        parts = [
            Part(
                part, _title(part, requirement, table_sets, language), names.get(part.get("filed_by", ""), ""), printed
            )
            for part in entry["parts"]
            for printed in [_printed(part, by_name, register, table_sets, language)]
        ]
        sections.append(
            Section(
                requirement.number,
                requirement.section,
                text_for(requirement.names, language),
                names.get(requirement.lead, requirement.lead),
                [names.get(code, code) for code in requirement.contributing],
                parts,
            )
        )
    return sections


def _title(part: Mapping[str, Any], requirement: Requirement, table_sets: Mapping[str, TableSet], language: str) -> str:
    found = next((text_for(table.names, language) for table in requirement.tables if table.code == part["table"]), None)
    return found or text_for(table_sets[part["table"]].title, language)


def _printed(
    part: Mapping[str, Any],
    by_name: Mapping[str, Mapping[str, Any]],
    register: Register,
    table_sets: Mapping[str, TableSet],
    language: str,
) -> list[Printed]:
    found = []
    for name in part["printed"]:
        table = by_name[name]
        if ":" in name:
            found.append(_released(table, table_sets[part["table"]], language))
        else:
            found.append(_filed(table, register.tables[name], language, register.reasons.get(part.get("reason", ""))))
    return found


def _reason_of(table_sets: Mapping[str, TableSet]) -> Callable[[Sequence[str]], str]:
    """Why nothing is recorded by some dimensions, in English."""

    def why(names: Sequence[str]) -> str:
        found = (words_of(each, SOURCE).reason(names) for each in table_sets.values() if each.lacking(names))
        return next(found, "")

    return why


def _released(table: Mapping[str, Any], table_set: TableSet, language: str) -> Printed:
    table, words = {**table, "name": table["name"].partition(":")[2]}, words_of(table_set, language)
    if table.get("not_recorded"):
        return Printed(
            title_of(table, words), text_for(table_set.counted, language), "", (), (), words.reason(table["dimensions"])
        )
    turned = matrix(
        table,
        words=words,
        groups={name: dimension.groups for name, dimension in table_set.dimensions.items()},
        impossible=lambda fixed: is_impossible(table_set, fixed),
    )
    return Printed(
        turned.title,
        text_for(table_set.counted, language),
        turned.heading,
        turned.columns,
        [Line(row.kind, row.label, row.figures) for row in turned.rows],
    )


def _filed(table: Mapping[str, Any], filed: Matrix, language: str, why: Words | None) -> Printed:
    """Lines as they were filed: the members of the crossed dimensions side by side, the total last."""
    names = table["dimensions"]
    values = {(tuple(row[name] for name in names[:-1]), row[names[-1]]): row["value"] for row in table["rows"]}
    filed_as = [(_key(line, column), value) for (line, column), value in values.items()]
    columns = list(dict.fromkeys(column for _, column in values))
    lines = list(dict.fromkeys(line for line, _ in values))
    return Printed(
        text_for(filed.names, language),
        text_for(filed.counted, language),
        " / ".join(text_for(axis.names, language) for axis in filed.rows),
        [Column("", _label(filed.columns.members.get(column), language)) for column in columns],
        [
            Line(
                "all" if line[0] == TOTAL else "",
                " / ".join(words[language] for words in filed.lines.get("/".join(line), ())) or TOTALS[language],
                [values.get((line, column)) for column in columns],
                {at for at, column in enumerate(columns) if is_short(_key(line, column), filed_as)},
            )
            for line in lines
        ],
        why=why[language] if why else "",
        broken=_broken_rules(filed, values, language) if why else (),
    )


def _key(line: tuple[str, ...], column: str) -> Key:
    """The key of a cell of `filed_table`, as a filing has it."""
    return (SUM if line[0] == TOTAL else "/".join(line), SUM if column == TOTAL else column)


def _broken_rules(
    filed: Matrix, values: Mapping[tuple[tuple[str, ...], str], Any], language: str
) -> list[tuple[str, str, int, int]]:
    figures = tuple(
        tuple(
            Missing(value) if isinstance(value := values[tuple(line.split("/")), column], str) else value
            for column in filed.columns.members
        )
        for line in filed.lines
    )
    return [
        (
            " / ".join(words[language] for words in filed.lines[each.line]),
            filed.columns.members[each.rule.whole][language],
            each.whole,
            each.parts,
        )
        for each in broken(filed, figures)
    ]


def _label(words: Words | None, language: str) -> str:
    return words[language] if words else TOTALS[language]


def _titles(register: Register, table_sets: Mapping[str, TableSet]) -> dict[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for table_set in table_sets.values():
        found.update({name: dimension.title for name, dimension in table_set.dimensions.items()})
    for table in register.tables.values():
        found.update({axis.code: axis.names for axis in (*table.rows, table.columns)})
    return found


def _labels(register: Register, table_sets: Mapping[str, TableSet]) -> dict[str, Mapping[str, Mapping[str, str]]]:
    """Texts of each member of each dimension; one that several tables have holds the members of all."""
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for table_set in table_sets.values():
        for name, dimension in table_set.dimensions.items():
            found.setdefault(name, {}).update(table_set.dimensions[dimension.root].labels)
    for table in register.tables.values():
        for axis in (*table.rows, table.columns):
            found.setdefault(axis.code, {}).update(axis.members)
    return dict(found.items())
