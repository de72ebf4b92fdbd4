"""Tables as CSV and as XLSX: one row per figure, safe to open in a spreadsheet; metadata of the CSV for machines."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nrm.domain.reports.file_signatures import CHECKSUM

Texts = Mapping[str, str]

# A cell that begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
TOTAL = "*"
NOT_RECORDED = "not_recorded"
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
    A figure that cannot exist has no value; a table that nothing fills has one row, whose value is `not_recorded`.
    """
    return csv_bytes(_sheet_rows(release))


def _sheet_rows(release: Mapping[str, Any]) -> list[list[object]]:
    dimensions = _dimensions(release)
    rows: list[list[object]] = [[*COLUMNS_BEFORE, *dimensions, "value"]]
    for table in release["tables"]:
        for row in table["rows"] or _words_for(table):
            members = [row.get(name, TOTAL) if name in table["dimensions"] else "" for name in dimensions]
            rows.append([release["report"], release["quarter"], table["name"], *members, row["value"]])
    return rows


def _words_for(table: Mapping[str, Any]) -> list[dict[str, object]]:
    """The one row of a table that nothing fills: a word, which nobody takes for a number."""
    return [{"value": NOT_RECORDED}] if table.get("not_recorded") else []


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
}
# Values that are the same for every row have no column: the country, and that a figure is an ordinary one (code list
# CL_OBS_STATUS of SDMX).
_AREA, _STATUS = ("dimension#refArea", "REF_AREA"), ("attribute#obsStatus", "OBS_STATUS")
_ORDINARY = "A"
_ROUNDED = "0 means 0 to 4; 5 nearly always that somebody is there, and 0 to 14. Totals add up."
_MEANINGS = {
    "report": {"en": "Report", "sq": "Raporti"},
    "quarter": {"en": "Quarter", "sq": "Tremujori"},
    "table": {"en": "Table", "sq": "Tabela"},
    "value": {"en": "Number, a multiple of 5", "sq": "Numri, shumëfish i 5-s"},
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
    words = sorted(
        {
            row["value"]
            for table in release["tables"]
            for row in table["rows"] or _words_for(table)
            if isinstance(row["value"], str)
        }
    )
    columns = []
    for name in (*COLUMNS_BEFORE, *_dimensions(release), "value"):
        texts = titles.get(name) or _MEANINGS.get(name) or {"en": name}
        column: dict[str, Any] = {"name": name, "titles": dict(texts)}
        if name in _CONCEPTS:
            place, notation = _CONCEPTS[name]
            column |= {"propertyUrl": _SDMX + place, _NOTATION: notation}
        if name == "value":
            number = {"base": "integer", "minimum": 0}
            column["datatype"] = {"base": "string", "format": "|".join(("[0-9]+", *words))} if words else number
            column["required"] = True
        elif labels.get(name):
            # A total, a dimension that is not in the row's table, or a member.
            members = {TOTAL: {"en": "Total", "sq": "Gjithsej"}, **labels[name]}
            column["datatype"] = "string"
            column["null"] = ""
            column["rdfs:comment"] = [
                {"@value": f"{cell(code)}: {text}", "@language": language}
                for code, texts in members.items()
                for language, text in texts.items()
            ]
        columns.append(column)
    for (place, notation), value in ((_AREA, area), (_STATUS, _ORDINARY)):
        columns.append(
            {"name": notation, "virtual": True, "propertyUrl": _SDMX + place, _NOTATION: notation, "default": value}
        )
    described = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": url,
        "dialect": {"encoding": "utf-8", "header": True, "lineTerminators": ["\r\n"]},
        "dc:issued": {"@value": release["released_at"], "@type": "xsd:dateTime"},
        "rdfs:comment": {"@value": said or _ROUNDED, "@language": "en"},
        CHECKSUM: hashlib.sha256(sheet).hexdigest(),
        "tableSchema": {"columns": columns},
    }
    return json.dumps(described, ensure_ascii=False, indent=1).encode() + b"\n"


def release_xlsx(
    release: Mapping[str, Any],
    *,
    titles: Mapping[str, Texts],
    labels: Mapping[str, Mapping[str, Texts]],
    why: Callable[[Sequence[str]], str],
) -> bytes:
    """A whole release as a workbook: the rows of `release_csv` with codes, then one sheet a table in words (English).

    `why`: of dimensions, why nothing is recorded by one of them. No text becomes a formula or a link; the bytes depend
    on the release alone.
    """
    import xlsxwriter  # imported late: only closing a quarter makes workbooks

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": f"{release['report']} {release['quarter']}", "created": _made(release)})
    bold = book.add_format({"bold": True})
    data = book.add_worksheet("data")
    for number, row in enumerate(_sheet_rows(release)):
        data.write_row(number, 0, [cell(value) if isinstance(value, str) else value for value in row])
    for number, table in enumerate(release["tables"], 1):
        names = table["dimensions"]
        sheet = book.add_worksheet(f"{number}")
        sheet.write_row(0, 0, [*(cell(titles.get(name, {}).get("en", name)) for name in names), "Number"], bold)
        sheet.set_column(0, len(names), 26)
        for line, row in enumerate(table["rows"], 1):
            words = ["Total" if row[n] == TOTAL else labels.get(n, {}).get(row[n], {}).get("en", row[n]) for n in names]
            sheet.write_row(line, 0, [*map(cell, words), row["value"]])
        if table.get("not_recorded"):
            sheet.write_row(1, 0, ["Not recorded", *[""] * (len(names) - 1), NOT_RECORDED])
            sheet.write(2, 0, cell(why(names)))
    book.close()
    return out.getvalue()


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
