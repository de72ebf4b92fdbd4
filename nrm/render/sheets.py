"""Tables as CSV and as XLSX: one row per figure, safe to open in a spreadsheet; metadata of the CSV for machines."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nrm.domain.languages import SOURCE, ByLanguage, text_for
from nrm.domain.reports.file_signatures import CHECKSUM
from nrm.domain.reports.reports import CANNOT_EXIST, status_key

Texts = Mapping[str, str]

# A cell that begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
TOTAL = "*"
NOT_RECORDED, NO_REPORT, NOT_APPLICABLE, ZERO = "not_recorded", "no_report", "not_applicable", "zero"
COLUMNS_BEFORE = ("report", "quarter", "table")


def cell(value: object) -> str:
    """The text of one cell; what a spreadsheet would run gets an apostrophe in front. Numbers stay numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV with a byte order mark, without which spreadsheets misread ë and ç."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def release_csv(release: Mapping[str, Any]) -> bytes:
    """A whole release, one row a figure: report, quarter, table, a column per dimension, value.

    `release` is the JSON shape of a sealed release. A dimension that the table does not have is empty, a total is `*`.
    `status` (`obs_status` beside a dimension of that name) is the observation status of SDMX, as `STATUSES` has it: a
    structural zero has no value, and what is no number for another reason has a word in its place. Beside the figures
    there is a row for each table that nothing fills, for each contributor that does not report, and for each filed
    table that is not printed.
    """
    return csv_bytes(_sheet_rows(release))


def _sheet_rows(release: Mapping[str, Any]) -> list[list[object]]:
    dimensions = _dimensions(release)
    rows: list[list[object]] = [[*COLUMNS_BEFORE, *dimensions, "value", status_key(dimensions)]]

    def add(table: str, members: Sequence[object], value: object) -> None:
        status = _STATUS_OF.get(value, MISSING) if isinstance(value, str) else CANNOT_EXIST if value is None else NORMAL
        rows.append([release["report"], release["quarter"], table, *members, value, status])

    nothing = [""] * len(dimensions)
    for table in release["tables"]:
        for row in table["rows"]:
            members = [row.get(name, TOTAL) if name in table["dimensions"] else "" for name in dimensions]
            add(table["name"], members, row["value"])
        if table.get("not_recorded"):
            members = [TOTAL if name in table["dimensions"] else "" for name in dimensions]
            add(table["name"], members, NOT_RECORDED)
    for code in release.get("no_report_from", ()):
        add(f"no_report_from:{code}", nothing, NO_REPORT)
    for part in (part for requirement in release.get("requirements", ()) for part in requirement["parts"]):
        if not part["printed"]:
            add(part["table"], nothing, 0 if part["state"] == ZERO else part["state"])
    return rows


def _dimensions(release: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for table in release["tables"] for name in table["dimensions"]))


# Concepts of the SDMX vocabulary, for the columns that have one: where it is described, and its name in SDMX files.
_SDMX = "http://purl.org/linked-data/sdmx/2009/"
_NOTATION = "http://www.w3.org/2004/02/skos/core#notation"
_CONCEPTS = {
    "quarter": ("dimension#timePeriod", "TIME_PERIOD"),
    "sex": ("dimension#sex", "SEX"),
    "age_band": ("dimension#age", "AGE"),
    "value": ("measure#obsValue", "OBS_VALUE"),
    "status": ("attribute#obsStatus", "OBS_STATUS"),
}
# What is the same for every row has no column: the country.
_AREA = ("dimension#refArea", "REF_AREA")
NORMAL, NOT_COLLECTED, MISSING = "A", "L", "O"
STATUSES: Mapping[str, ByLanguage] = {
    NORMAL: ByLanguage("a published figure; 0 is one, too"),
    CANNOT_EXIST: ByLanguage("cannot occur, by law or by definition (a structural zero)"),
    NOT_COLLECTED: ByLanguage("not recorded: nothing collects it yet"),
    MISSING: ByLanguage("no report, or not published; the value says which"),
}
"""The codes used of the code list CL_OBS_STATUS of SDMX."""
_STATUS_OF: Mapping[str, str] = {NOT_RECORDED: NOT_COLLECTED, NOT_APPLICABLE: CANNOT_EXIST}
_ROUNDED = (
    "0 means 0 to 4; 5 nearly always that somebody is there, and, but for the number in all, 0 to 14. Totals add up."
)
_TOTALS = ByLanguage("Total")
_MEANINGS: Mapping[str, Texts] = {
    "report": ByLanguage("Report"),
    "quarter": ByLanguage("Quarter"),
    "table": ByLanguage("Table"),
    "value": ByLanguage("Number, a multiple of 5"),
    "status": ByLanguage("Observation status"),
}


def release_csvw(
    release: Mapping[str, Any],
    url: str,
    sheet: bytes,
    *,
    titles: Mapping[str, Texts],
    labels: Mapping[str, Mapping[str, Texts]],
    area: str,
    said: str = "",
) -> bytes:
    """What the columns of `release_csv` mean: metadata after "CSV on the Web" (W3C 2015), SDMX names where they exist.

    `url` is the name of the CSV file, `sheet` its content; `titles` of dimensions and `labels` of their members, by
    language; `area` the country's ISO 3166 code; `said` what a figure means, unless all of them are rounded.
    """
    values = [row[-2] for row in _sheet_rows(release)[1:]]
    words = sorted({value for value in values if isinstance(value, str)})
    dimensions = _dimensions(release)
    status = status_key(dimensions)
    spoken = dict.fromkeys((SOURCE, *(language for texts in titles.values() for language in texts)))
    labels = {**labels, status: {code: _in(texts, spoken) for code, texts in STATUSES.items()}}
    columns = []
    for name in (*COLUMNS_BEFORE, *dimensions, "value", status):
        meaning = _MEANINGS.get("status" if name == status else name, {SOURCE: name})
        texts = titles.get(name) or _in(meaning, spoken)
        column: dict[str, Any] = {"name": name, "titles": dict(texts)}
        concept = "status" if name == status else "" if name == "status" else name
        if concept in _CONCEPTS:
            place, notation = _CONCEPTS[concept]
            column |= {"propertyUrl": _SDMX + place, _NOTATION: notation}
        if name == "value":
            number = {"base": "integer", "minimum": 0}
            column["datatype"] = {"base": "string", "format": "|".join(("[0-9]+", *words))} if words else number
            column |= {"null": ""} if None in values else {"required": True}
        elif labels.get(name):
            # A total, a dimension that is not in the row's table, or a member.
            members = {**({} if name == status else {TOTAL: _in(_TOTALS, spoken)}), **labels[name]}
            column["datatype"] = "string"
            column["null"] = ""
            column["rdfs:comment"] = [
                {"@value": f"{cell(code)}: {text}", "@language": language}
                for code, texts in members.items()
                for language, text in texts.items()
            ]
        columns.append(column)
    place, notation = _AREA
    columns.append(
        {"name": notation, "virtual": True, "propertyUrl": _SDMX + place, _NOTATION: notation, "default": area}
    )
    described = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": url,
        "dialect": {"encoding": "utf-8", "header": True, "lineTerminators": ["\r\n"]},
        "dc:issued": {"@value": release["released_at"], "@type": "xsd:dateTime"},
        "rdfs:comment": {"@value": said or _ROUNDED, "@language": SOURCE},
        CHECKSUM: hashlib.sha256(sheet).hexdigest(),
        "tableSchema": {"columns": columns},
    }
    return json.dumps(described, ensure_ascii=False, indent=1).encode() + b"\n"


def _in(texts: Texts, languages: Collection[str]) -> Texts:
    """The program's own words in the languages that the rest is in."""
    return {language: texts[language] for language in languages if _says(texts, language)}


def _says(texts: Texts, language: str) -> bool:
    """Whether they are said in the language itself, and not in another one in its place."""
    return texts.is_said_in(language) if isinstance(texts, ByLanguage) else language in texts


_LONGEST = 200  # of what a printed sheet says at its head; a workbook takes 255 characters


def release_xlsx(
    release: Mapping[str, Any],
    *,
    titles: Mapping[str, Texts],
    labels: Mapping[str, Mapping[str, Texts]],
    why: Callable[[Sequence[str]], str],
    numbered: Sequence[tuple[str, str, str]] = (),
    said: str = "",
) -> bytes:
    """A whole release as a workbook: the rows of `release_csv` with codes, then one sheet a table in words (English).

    `why`: of dimensions, why nothing is recorded by one of them. `numbered`: (number, title, name) of the tables in the
    order of the page, whose numbers the sheets have; those that have none on the page follow. Printed, a sheet says at
    its head what it is and at its foot how to read it (`said`). No text becomes a formula or a link; the bytes depend
    on the release alone.
    """
    import xlsxwriter  # imported late: only closing a quarter makes workbooks

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": f"{release['report']} {release['quarter']}", "created": _made(release)})
    bold = book.add_format({"bold": True})
    data = book.add_worksheet("data")
    for line, row in enumerate(_sheet_rows(release)):
        data.write_row(line, 0, [cell(value) if isinstance(value, str) else value for value in row])
    for number, title, table in _in_order(release, numbered):
        names = table["dimensions"]
        sheet = book.add_worksheet(number)
        head = cell(f"{release['report']} {release['quarter']}, {number}. {title}").replace("&", "&&")
        sheet.set_header(f"&L{head[:_LONGEST]}")
        sheet.set_footer(f"&L{said or _ROUNDED}")
        sheet.repeat_rows(0)
        sheet.write_row(
            0, 0, [*(cell(text_for(titles.get(name, {}), SOURCE) or name) for name in names), "Number"], bold
        )
        sheet.set_column(0, len(names), 26)
        for line, row in enumerate(table["rows"], 1):
            words = [
                "Total" if row[n] == TOTAL else text_for(labels.get(n, {}).get(row[n], {}), SOURCE) or row[n]
                for n in names
            ]
            sheet.write_row(line, 0, [*map(cell, words), "–" if row["value"] is None else row["value"]])
        if table.get("not_recorded"):
            sheet.write_row(1, 0, ["Not recorded", *[""] * (len(names) - 1), NOT_RECORDED])
            sheet.write(2, 0, cell(why(names)))
    book.close()
    return out.getvalue()


def _in_order(
    release: Mapping[str, Any], numbered: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(number, title, table): the tables that have a number on the page, then the others, numbered on."""
    of = {table["name"]: table for table in release["tables"]}
    found = [(number, title, of.pop(name)) for number, title, name in numbered if name in of]
    return found + [(f"{number}", "", table) for number, table in enumerate(of.values(), len(found) + 1)]


def xlsx_bytes(rows: Sequence[Sequence[object]], *, title: str) -> bytes:
    """Rows as a workbook of one sheet, the first row its heading. No text becomes a formula or a link."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": title})
    bold, sheet = book.add_format({"bold": True}), book.add_worksheet()
    sheet.set_column(0, max(map(len, rows)), 26)
    for number, row in enumerate(rows):
        values = [cell(value) if isinstance(value, str) else value for value in row]
        sheet.write_row(number, 0, values, None if number else bold)
    book.close()
    return out.getvalue()


def _made(release: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(release["released_at"]).astimezone(UTC).replace(tzinfo=None)
