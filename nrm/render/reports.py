"""The files of a sealed release, each made once: markup of the page, print, CSV, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from jinja2 import Environment

from nrm.domain.languages import QUOTED, SOURCE, ByLanguage, text_for
from nrm.domain.reports.report_list import FEEDBACK
from nrm.domain.reports.reports import FORMAT, Window, with_structural_zeros
from nrm.render.curves import curve_of
from nrm.render.folds import folded
from nrm.render.matrices import Finding, Words, in_order, page_values
from nrm.render.pdf import Attachment, side_by_side, to_pdf
from nrm.render.pictures import picture
from nrm.render.sentences import flow_of, sentences
from nrm.render.sheets import release_csv, release_csvw, release_xlsx
from nrm.statistics.tables import TOTAL, Table, TableSet

TOTALS = ByLanguage("Total")
BODY = "reports/reports/body.html"
ATTACHED = ByLanguage("The tables of the report, CSV")

Speaking = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of itself in a language: its title, the instrument that asks for it, who is counted."""

    title: str
    basis: str
    counted: str
    language: str

    def called(self, report: str) -> str:
        """How it is cited: by the number that its instrument gives it, else by its title."""
        return report if set(report) <= set("ivx") else QUOTED.of(self.language, text=self.title)


def files(
    release: Mapping[str, Any],
    table_set: TableSet,
    *,
    signatures: Mapping[str, Sequence[tuple[str, str]]],
    names: Mapping[str, Mapping[str, str]],
    pages: Environment,
    speaking: Speaking,
    area: str,
) -> dict[str, bytes]:
    """Content by format (domain.reports.formats); without the PDFs where this server cannot make them.

    `release` is the JSON value; `signatures` are (who, when) by language, in each of which files are made; `names`
    those of organisations by language and code; `speaking` makes templates speak one; `area` is the country's ISO 3166
    code.
    """
    sheet = release_csv(release)
    name = f"{release['report']}-{release['quarter']}"
    made = {
        "csv": sheet,
        "csvw": release_csvw(
            release, f"{name}.csv", sheet, titles=_titles(table_set), labels=_labels(table_set), area=area
        ),
        "xlsx": workbook(release, table_set),
        "json": json.dumps(release, ensure_ascii=False, indent=1).encode() + b"\n",
    }
    printed = {}
    for language in signatures:
        shown = values(release, table_set, language, signatures[language], names[language])
        with speaking(language):
            made[f"html.{language}"], printed[language] = in_one_language(shown, BODY, pages=pages)
    return made | papers(printed, f"{name}.csv", sheet)


def workbook(release: Mapping[str, Any], table_set: TableSet) -> bytes:
    """The workbook: its sheets have the numbers that the tables have on the page and in print."""
    return release_xlsx(
        release,
        titles=_titles(table_set),
        labels=_labels(table_set),
        why=words_of(table_set, SOURCE).reason,
        numbered=_numbered(release, table_set),
    )


def in_one_language(values: Mapping[str, Any], body: str, *, pages: Environment) -> tuple[bytes, str]:
    """The markup of the page, by the template `body`, and the document to be printed."""
    return pages.get_template(body).render(values).encode(), pages.get_template("reports/reports/print.html").render(
        values
    )


def papers(printed: Mapping[str, str], called: str, sheet: bytes) -> dict[str, bytes]:
    """The PDF of each language, with the tables in it as a file; without those that this server cannot make.

    Raises PdfTooSlow: a file that never changes is not made without its paper because the machine was busy.
    """
    made = side_by_side(
        [
            partial(to_pdf, html, attachments=[Attachment(called, sheet, ATTACHED[language])])
            for language, html in printed.items()
        ]
    )
    return {f"pdf.{language}": pdf for language, pdf in zip(printed, made, strict=True) if pdf is not None}


def page(
    release: Mapping[str, Any],
    table_set: TableSet,
    language: str,
    *,
    signatures: Sequence[tuple[str, str]],
    names: Mapping[str, str],
    pages: Environment,
    speaking: Speaking,
) -> bytes:
    """The page alone, of a draft: the markup that `files` makes, with the signatures there are."""
    with speaking(language):
        shown = values(release, table_set, language, signatures, names)
        return pages.get_template("reports/reports/body.html").render(shown).encode()


def values(
    release: Mapping[str, Any],
    table_set: TableSet,
    language: str,
    signatures: Sequence[tuple[str, str]],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """What the templates of a report take."""
    words = words_of(table_set, language)
    shown = page_values(
        release,
        words=words,
        groups=_groups(table_set),
        impossible=lambda fixed: is_impossible(table_set, fixed),
        told=[name for name in (table_set.charted, *table_set.told) if name],
    )
    flow = flow_of(release, table_set.stock_flow)
    curve = curve_of([release], table_set.survival, words.label) if table_set.survival else None
    return {
        **shown,
        "second": second_column(shown["glance"], has_curve=curve is not None),
        "flow": flow,
        "sentences": sentences(shown["glance"], shown["total"], flow),
        "folded": folded,
        "picture": picture,
        "curve": curve,
        "lang": language,
        "about": about(release["report"], table_set, language),
        "quarter": release["quarter"],
        "slips": release["report"] == FEEDBACK.name,
        "repeats": any("repeat" in table["dimensions"] for table in release["tables"] if not table.get("not_recorded")),
        "signatures": signatures,
        "no_report_from": [names.get(code, code) for code in release.get("no_report_from", ())],
        "silence_confirmed": [
            (names.get(each["office"], each["office"]), each["confirmed_at"])
            for each in release.get("silence_confirmed", ())
        ],
    }


def second_column(glance: Sequence[tuple[str, Finding]], *, has_curve: bool) -> int:
    """Which of the pictures at a glance begins the second column on paper, so that both are about as long.

    By lines that are estimated: WeasyPrint finds out by laying both columns out up to 300 times.
    """
    lines = [
        -(-len(title) // _LETTERS) + (not found.label) + _BAR_LINES * sum(bool(figure) for _, figure in found.rows) + 3
        for title, found in glance
    ] + [_CURVE_LINES] * has_curve
    return min(range(1, len(lines) + 1), key=lambda place: max(sum(lines[:place]), sum(lines[place:])), default=0)


_LETTERS, _BAR_LINES, _CURVE_LINES = 42, 2, 20


def about(report: str, table_set: TableSet, language: str) -> About:
    """What a country says of a report, in one language."""
    return About(
        text_for(table_set.title, language) or report,
        text_for(table_set.basis, language),
        text_for(table_set.counted, language),
        language,
    )


def _confirmation(office: str, at: datetime) -> dict[str, str]:
    return {"office": office, "confirmed_at": at.astimezone(UTC).replace(microsecond=0).isoformat()}


def _numbered(release: Mapping[str, Any], table_set: TableSet) -> list[tuple[str, str, str]]:
    """(number, English title, name) of the tables as the page and the print number them."""
    shown = in_order(
        release,
        words=words_of(table_set, SOURCE),
        groups=_groups(table_set),
        impossible=lambda fixed: is_impossible(table_set, fixed),
    )
    return [(f"{number}", table.title, name) for number, (name, table) in enumerate(shown, 1)]


def _groups(table_set: TableSet) -> dict[str, Mapping[str, Sequence[str]]]:
    return {name: dimension.groups for name, dimension in table_set.dimensions.items()}


def is_impossible(table_set: TableSet, fixed: Mapping[str, str]) -> bool:
    """Whether nobody can be all of these members {dimension: member}."""
    cell = tuple(sorted((table_set.dimensions[name].root, member) for name, member in fixed.items()))
    return bool(cell) and table_set.is_impossible(cell)


def words_of(table_set: TableSet, language: str) -> Words:
    """What a table set calls its codes, in one language."""
    titles = {table.name: table.title for table in (*table_set.described, *table_set.tables)}
    coarser = {frozenset(table.by): table.title for table in table_set.coarser}

    def label(name: str, member: str) -> str:
        texts = table_set.dimensions[table_set.dimensions[name].root].labels.get(member, {})
        return TOTALS[language] if member == TOTAL else text_for(texts, language) or member

    def dimension(name: str) -> str:
        return text_for(table_set.dimensions[name].title, language) or name

    def table(data: Mapping[str, Any]) -> str:
        own = titles.get(data["name"]) or coarser.get(frozenset(data["dimensions"]), {})
        return text_for(own, language)

    def reason(names: Sequence[str]) -> str:
        texts = (table_set.dimensions[table_set.dimensions[name].root].not_recorded for name in names)
        return next((text_for(text, language) for text in texts if text), "")

    return Words(label, dimension, table, TOTALS[language], reason)


def _titles(table_set: TableSet) -> dict[str, Mapping[str, str]]:
    return {name: dimension.title for name, dimension in table_set.dimensions.items()}


def _labels(table_set: TableSet) -> dict[str, Mapping[str, Mapping[str, str]]]:
    """Texts of each member of each dimension, a view having those of its root."""
    return {name: table_set.dimensions[each.root].labels for name, each in table_set.dimensions.items()}


def tables_of(
    release_date: str,
    window: Window,
    report: str,
    tables: Sequence[Mapping[str, Any]],
    table_set: TableSet,
    *,
    no_report_from: Sequence[str] = (),
    confirmed: Sequence[tuple[str, datetime]] = (),
    not_recorded: Sequence[Table] = (),
) -> dict[str, Any]:
    """The JSON value of a release without its signatures; of each table its name, dimensions and rows.

    Of a structural zero (what `table_set` says cannot occur) there is a status and no value. Tables that nothing can
    fill follow without rows, and say `not_recorded`.
    `quarter` is the last one; where several were published together, `quarters` names them all. `no_report_from`: codes
    of contributors that did not confirm their part, where there are any; `confirmed`: (office, when) of each
    confirmation that the quarter is closed without those who were silent.
    """
    several = {"quarters": list(window.quarters)} if window.first != window.last else {}
    return {
        "format": FORMAT,
        "report": report,
        "quarter": str(window.last),
        **several,
        "released_at": release_date,
        **({"no_report_from": list(no_report_from)} if no_report_from else {}),
        **({"silence_confirmed": [_confirmation(*each) for each in confirmed]} if confirmed else {}),
        "tables": [
            *(
                {
                    "name": table["name"],
                    "dimensions": table["dimensions"],
                    "rows": with_structural_zeros(table, lambda fixed: is_impossible(table_set, fixed)),
                }
                for table in tables
            ),
            *(
                {"name": table.name, "dimensions": list(table.by), "rows": [], "not_recorded": True}
                for table in not_recorded
            ),
        ],
    }
