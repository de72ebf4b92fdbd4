"""The files of a sealed release, each made once: markup of the page, print, CSV, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from jinja2 import Environment

from nrm.domain.quarters import Quarter
from nrm.render.matrices import Words, page_values
from nrm.render.pdf import Attachment, PdfUnavailable, to_pdf
from nrm.render.sheets import release_csv
from nrm.statistics.tables import TOTAL, TableSet

LANGUAGES = ("sq", "en")
CHARTED = "nationality"
TOTALS = {"sq": "Gjithsej", "en": "Total"}
ATTACHED = {"sq": "Tabelat e raportit, CSV", "en": "The tables of the report, CSV"}

Speaking = Callable[[str], AbstractContextManager[None]]


def files(
    release: Mapping[str, Any],
    table_set: TableSet,
    *,
    signatures: Mapping[str, Sequence[tuple[str, str]]],
    pages: Environment,
    speaking: Speaking,
) -> dict[str, bytes]:
    """Content by format (domain.reports.FORMATS); without the PDFs where this server cannot make them.

    `release` is the JSON value; `signatures` are (who, when) by language; `speaking` makes templates speak one.
    """
    sheet = release_csv(release)
    made = {"csv": sheet, "json": json.dumps(release, ensure_ascii=False, indent=1).encode() + b"\n"}
    for language in LANGUAGES:
        values = {
            **page_values(
                release,
                words=_words(table_set, language),
                groups={name: dimension.groups for name, dimension in table_set.dimensions.items()},
                impossible=lambda fixed: is_impossible(table_set, fixed),
                charted=CHARTED,
            ),
            "lang": language,
            "quarter": release["quarter"],
            "signatures": signatures[language],
        }
        with speaking(language):
            made[f"html.{language}"] = pages.get_template("reports/ix_body.html").render(values).encode()
            printed = pages.get_template("reports/ix_print.html").render(values)
        attachment = Attachment(f"ix-{release['quarter']}.csv", sheet, ATTACHED[language])
        try:
            made[f"pdf.{language}"] = to_pdf(printed, attachments=[attachment])
        except PdfUnavailable:
            continue
    return made


def is_impossible(table_set: TableSet, fixed: Mapping[str, str]) -> bool:
    """Whether nobody can be all of these members {dimension: member}."""
    cell = tuple(sorted((table_set.dimensions[name].root, member) for name, member in fixed.items()))
    return bool(cell) and table_set.is_impossible(cell)


def _words(table_set: TableSet, language: str) -> Words:
    titles = {table.name: table.title for table in table_set.tables}

    def label(name: str, member: str) -> str:
        texts = table_set.dimensions[table_set.dimensions[name].root].labels.get(member, {})
        return TOTALS[language] if member == TOTAL else texts.get(language, member)

    def dimension(name: str) -> str:
        return table_set.dimensions[name].title.get(language, name)

    def table(data: Mapping[str, Any]) -> str:
        return titles.get(data["name"], {}).get(language, "")

    return Words(label, dimension, table, TOTALS[language])


def tables_of(release_date: str, quarter: Quarter, report: str, tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON value of a release without its signatures; of each table its name, dimensions and rows."""
    return {
        "report": report,
        "quarter": str(quarter),
        "released_at": release_date,
        "tables": [{key: table[key] for key in ("name", "dimensions", "rows")} for table in tables],
    }
