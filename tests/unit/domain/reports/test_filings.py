"""Reading filed tables from CSV and XLSX, cell by cell: what is read, what is refused, and the words for it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from nrm import countries, parsing
from nrm.domain.reports import filings, grids
from nrm.domain.reports.filings import Fault, Faulty, Figures, Missing, Typed
from nrm.domain.reports.register import Matrix
from nrm.render.sheets import csv_bytes, xlsx_bytes

TABLES = countries.load("albania").register.tables
ARRESTS, VICTIMS, JUDGMENTS = TABLES["arrests"], TABLES["victims"], TABLES["judgments"]


def of_openpyxl(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


WRITERS: dict[str, Callable[[list[list[Any]]], bytes]] = {
    "csv": csv_bytes,
    "semicolons": lambda rows: "\n".join(";".join(map(str, row)) for row in rows).encode("utf-16"),
    "xlsx": lambda rows: xlsx_bytes(rows, title="t"),
    "openpyxl": of_openpyxl,
}


def filled(matrix: Matrix, figures: Figures, *, numbers: bool = False, totals: bool = True) -> list[list[Any]]:
    """The template of a table as somebody fills it in."""
    rows: list[list[Any]] = [list(row) for row in filings.template(matrix, "2026Q1", "sq", "Gjithsej")]
    back = {word: text for text, word in filings.WRITTEN.items()}
    known = {
        key: back[figure] if isinstance(figure, Missing) else figure for key, figure in filings.cells(matrix, figures)
    }
    known.update(filings.totals(matrix, figures) if totals else {})
    columns = rows[1][2:]
    for row in rows[3:]:
        for at, column in enumerate(columns, 2):
            value = known.get((row[0], column), "")
            row[at] = value if numbers else str(value)
    return rows


def read(matrix: Matrix, content: bytes) -> Figures:
    return filings.read(matrix, filings.from_grid(matrix, "2026Q1", parsing.grid(content)))


def faults(matrix: Matrix, rows: list[list[Any]], writer: str = "csv") -> list[tuple[str, str]]:
    with pytest.raises(Faulty) as caught:
        read(matrix, WRITERS[writer](rows))
    return [(fault.cell, str(fault.message)) for fault in caught.value.faults]


def figures_for(matrix: Matrix) -> some.SearchStrategy[Figures]:
    figure: some.SearchStrategy[Any] = some.integers(0, filings.LARGEST)
    if not matrix.protected:
        figure = some.one_of(figure, some.sampled_from(Missing))
    line = some.lists(figure, min_size=len(matrix.columns.members), max_size=len(matrix.columns.members)).map(tuple)
    return some.lists(line, min_size=len(matrix.lines), max_size=len(matrix.lines)).map(tuple)


@pytest.mark.slow
@settings(max_examples=15)
@given(some.data(), some.sampled_from(["vatc", "victims", "tims"]), some.sampled_from([*WRITERS]))
def test_what_was_filled_in_is_what_is_read_whatever_program_wrote_it(data: Any, code: str, writer: str) -> None:
    matrix = TABLES[code]
    figures = data.draw(figures_for(matrix))
    rows = filled(matrix, figures, numbers=writer in ("xlsx", "openpyxl"), totals=data.draw(some.booleans()))
    assert read(matrix, WRITERS[writer](rows)) == figures
    assert filings.figures_of(filings.canonical(figures), matrix) == figures


@pytest.mark.slow
@settings(max_examples=15)
@given(some.data())
def test_lines_and_columns_may_be_moved_and_words_changed_because_codes_are_read(data: Any) -> None:
    figures = data.draw(figures_for(TABLES["vatc"]))
    rows = filled(TABLES["vatc"], figures)
    order = data.draw(some.permutations(range(2, len(rows[1]))))
    moved = [
        [row[0], "" if row[0] == "code" else "?", *(row[at] for at in order)]
        for row in rows[1:2] + data.draw(some.permutations(rows[3:]))
    ]
    assert read(TABLES["vatc"], csv_bytes([[], ["my own remark"], *moved])) == figures


@pytest.mark.slow
@settings(max_examples=25)
@given(
    some.one_of(
        some.binary(max_size=400),
        some.text(max_size=300).map(str.encode),
        some.binary(max_size=300).map(lambda raw: b"PK\3\4" + raw),
    )
)
def test_no_bytes_do_anything_but_be_refused_in_words(content: bytes) -> None:
    for matrix in (ARRESTS, VICTIMS):
        with pytest.raises((grids.UnreadableFile, Faulty)):
            read(matrix, content)


@pytest.mark.slow
@settings(max_examples=30)
@given(some.data())
def test_a_workbook_damaged_anywhere_is_read_or_refused_in_words(data: Any) -> None:
    whole = bytearray(WORKBOOK)
    for _ in range(data.draw(some.integers(1, 6))):
        whole[data.draw(some.integers(0, len(whole) - 1))] = data.draw(some.integers(0, 255))
    with suppress(grids.UnreadableFile, Faulty):
        read(ARRESTS, bytes(whole[: data.draw(some.integers(1, len(whole)))]))


ONES = tuple((1,) * 3 for _ in range(6))
WORKBOOK = xlsx_bytes(filled(ARRESTS, ONES, numbers=True), title="t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Enter a number, 0 if there was nothing; nr for no report, na if it does not apply"),
        ("-1", "Enter a whole number in figures, without signs, points or blanks"),
        ("+1", "Enter a whole number in figures, without signs, points or blanks"),
        ("1.0", "Enter a whole number in figures, without signs, points or blanks"),
        ("1 000", "Enter a whole number in figures, without signs, points or blanks"),
        ("²", "Enter a whole number in figures, without signs, points or blanks"),
        ("٣", "Enter a whole number in figures, without signs, points or blanks"),
        ("three", "Enter a whole number in figures, without signs, points or blanks"),
        ("1000000", "Enter a number up to 999999"),
        ("=1+1", "Enter the number itself: this cell holds a formula"),
        ("@SUM(A1)", "Enter the number itself: this cell holds a formula"),
    ],
)
def test_a_cell_that_is_no_figure_is_named_by_its_place_with_what_to_do(text: str, message: str) -> None:
    rows = filled(ARRESTS, ONES, totals=False)
    rows[4][3] = text
    raw = "\n".join(",".join(map(str, row)) for row in rows).encode()
    with pytest.raises(Faulty) as caught:
        read(ARRESTS, raw)
    (fault,) = caught.value.faults
    assert (fault.cell, str(fault.message), fault.key) == ("D5", message, ("women", "remanded"))
    assert [words["en"] for words in fault.line] == ["Trafficking in women for prostitution"]
    assert fault.column is not None
    assert fault.column["en"] == "Arrest upheld by the court"


def test_three_different_things_are_read_as_three_and_people_are_always_a_number() -> None:
    for written, meant in (
        ("0", 0),
        ("nr", Missing.NO_REPORT),
        ("..", Missing.NO_REPORT),
        ("NA", Missing.NOT_APPLICABLE),
    ):
        rows = filled(ARRESTS, ONES, totals=False)
        rows[3][2] = written
        rows[3][3] = 0
        assert read(ARRESTS, csv_bytes(rows))[0][0] == meant
    people = filled(VICTIMS, filings.zeros(VICTIMS), totals=False)
    people[3][2] = "nr"
    assert faults(VICTIMS, people) == [
        ("C4", "Enter a number: people are counted in this table, so a cell cannot be left open")
    ]


def test_a_formula_in_a_workbook_is_refused_even_with_a_value_beside_it() -> None:
    rows = filled(ARRESTS, ONES, numbers=True, totals=False)
    rows[3][2] = "=40+2"
    assert faults(ARRESTS, rows, "openpyxl") == [("C4", "Enter the number itself: this cell holds a formula")]


def test_totals_are_held_against_their_parts_and_parts_against_their_whole() -> None:
    rows = filled(VICTIMS, ((1, 0, 2, 0),) * 19)
    rows[3][-1] = "4"
    rows[-1][2] = "20"
    rows[-1][-1] = "58"
    says = "Correct the total or a part: the total says {}, the parts add up to {}"
    assert faults(VICTIMS, rows) == [
        ("G4", says.format(4, 3)),
        ("C23", says.format(20, 19)),
        ("G23", says.format(58, 57)),
    ]
    judged = filled(JUDGMENTS, ((1, 2, 0, 0, 0, 0, 0, 0),) + ((0,) * 8,) * 5)
    assert faults(JUDGMENTS, judged) == [
        ("C4", "Correct it, or say below why it is so: 1 is less than its parts, which are 2 together")
    ]


def test_three_sentences_of_two_convicted_need_a_reason_and_nothing_else_is_excused_by_one() -> None:
    """Each sentence alone is no more than the convicted; together they are."""
    three = ((4, 2, 0, 1, 1, 1, 0, 0),) + ((0,) * 8,) * 5
    (found,) = filings.broken(JUDGMENTS, three)
    assert (found.line, found.rule.whole, found.whole, found.parts) == ("persons", "convicted", 2, 3)
    typed = filings.from_grid(JUDGMENTS, "2026Q1", parsing.grid(csv_bytes(filled(JUDGMENTS, three))))
    with pytest.raises(Faulty) as caught:
        filings.read(JUDGMENTS, typed)
    assert caught.value.may_have_reason
    assert filings.read(JUDGMENTS, typed, reason=True) == three
    rows = filled(JUDGMENTS, three)
    rows[-1][2] = "9"
    wrong = filings.from_grid(JUDGMENTS, "2026Q1", parsing.grid(csv_bytes(rows)))
    with pytest.raises(Faulty) as caught:
        filings.read(JUDGMENTS, wrong, reason=True)
    assert not caught.value.may_have_reason


def test_a_part_that_is_not_reported_breaks_no_rule() -> None:
    gone = Missing.NO_REPORT
    assert filings.broken(JUDGMENTS, ((4, 2, 0, 1, 1, gone, 0, 0),) + ((gone, gone, 1, 1, 1, 1, gone, 3),) * 5) == []


def test_whatever_is_not_known_of_a_person_there_is_one_line_for_them_and_the_table_fits_on_a_page() -> None:
    within = {line: each.line for each in VICTIMS.joined for line in each.lines}
    assert [within.get(line, line) in VICTIMS.lines for line in VICTIMS.combinations] == [True] * 27
    assert not set(within) & set(VICTIMS.lines)
    assert (within["albanian/unknown/feminine"], VICTIMS.lines["albanian/unknown/other_or_unknown"][0]["en"]) == (
        "albanian/unknown/other_or_unknown",
        "Albanian / Age not known, any gender",
    )
    assert len(VICTIMS.lines) == 19


@pytest.mark.parametrize("lines", [12, 27, 19])
def test_what_was_filed_by_other_lines_stays_readable_with_their_words(lines: int) -> None:
    content = json.dumps([[line, 0, 0, 0] for line in range(1, lines + 1)]).encode()
    read_ = filings.figures_of(content, VICTIMS)
    people = filings.records(VICTIMS, read_, "2026Q1")
    assert len(people) == sum(range(1, lines + 1))
    assert all(set(person) == {*VICTIMS.dimensions, "person"} for person in people)
    last = "unknown/adult/masculine" if lines == 12 else "unknown/unknown/other_or_unknown"
    held = [line for line, figures in zip(filings.lines_of(VICTIMS, read_), read_, strict=True) if figures[0] == lines]
    assert held == [last]
    words = filings.lines_of(VICTIMS, read_)[last]
    assert [each["en"] for each in words] == {
        12: ["Not known", "Adult", "Male"],
        27: ["Not known", "Not known", "Other or not known"],
        19: ["Not known / Age or gender not known"],
    }[lines]


def test_figures_of_no_lines_that_there_ever_were_are_refused() -> None:
    with pytest.raises(ValueError, match="another matrix"):
        filings.figures_of(json.dumps([[1, 0, 0, 0]] * 11).encode(), VICTIMS)


def test_a_file_of_another_table_or_quarter_or_without_its_codes_says_so() -> None:
    rows = filled(ARRESTS, ONES)
    assert faults(VICTIMS, rows)[0] == ("", "Send this file on the page of its own table: it is of `arrests`")
    with pytest.raises(Faulty) as caught:
        filings.from_grid(ARRESTS, "2026Q2", parsing.grid(csv_bytes(rows)))
    assert str(caught.value.faults[0].message) == "Send this file on the page of its own quarter: it is of 2026Q1"
    assert faults(ARRESTS, rows[2:]) == [("", "Keep the line of codes that begins with `code`: it is not in the file")]
    assert faults(ARRESTS, rows[:4] + rows[5:]) == [("", "Add the line `women`: it is missing")]
    assert faults(ARRESTS, [row[:2] + row[3:] for row in rows]) == [("", "Add the column `arrested`: it is missing")]
    assert faults(ARRESTS, [*rows, rows[4]]) == [("A11", "Take out one of the two: `women` is there twice")]
    assert faults(ARRESTS, [*rows, ["men", "", 1, 1, 1]]) == [("A11", "Take out `men`: it is no code of this table")]


def refusal(content: bytes) -> str:
    with pytest.raises(grids.UnreadableFile) as caught:
        parsing.grid(content)
    return str(caught.value)


def repacked(change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return out.getvalue()


@pytest.mark.slow
def test_a_workbook_that_unpacks_to_too_much_or_names_entities_is_refused_before_it_costs_anything() -> None:
    sheet = "xl/worksheets/sheet1.xml"
    bomb = repacked(lambda name, raw: raw + b" " * 50_000_000 if name == sheet else raw)
    assert len(bomb) < grids.LARGEST_FILE
    assert refusal(bomb).startswith("The workbook unpacks to too much")
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    named = repacked(lambda name, raw: laughs + raw.split(b"?>", 1)[1] if name == sheet else raw)
    assert refusal(named).startswith("The workbook cannot be read")
    outside = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd">'
    assert refusal(repacked(lambda name, raw: outside + raw.split(b"?>", 1)[1] if name == sheet else raw)).startswith(
        "The workbook cannot be read"
    )
    letters = b'<?xml version="1.0" encoding="x-nobody-knows"?>'
    assert refusal(repacked(lambda name, raw: letters + raw.split(b"?>", 1)[1] if name == sheet else raw)).startswith(
        "The workbook cannot be read"
    )
    many = repacked(lambda _, raw: raw, {f"part{n}": b"" for n in range(200)})
    assert refusal(many).startswith("The workbook has too many parts")
    far = repacked(lambda name, raw: raw.replace(b'r="A1"', b'r="ZZ999999"') if name == sheet else raw)
    assert refusal(far).startswith("The table is larger than the template")
    assert read(ARRESTS, repacked(lambda _, raw: raw)) == ONES  # the repacking itself changes nothing


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Choose a file: this one is empty"),
        (b"1," * 200_000, "The file is larger than 256 KB"),
        (b"\x00\x01\x02", "This is neither a CSV nor an XLSX file"),
        (b'"open', "The CSV is damaged"),
        (b"a\n" * 400, "The table is larger than the template"),
        (b"," * 100, "The table is larger than the template"),
        (b"PK\x03\x04", "The workbook cannot be read"),
    ],
)
def test_a_file_that_is_no_table_says_what_to_send(content: bytes, message: str) -> None:
    assert refusal(content).startswith(message)


def test_cells_are_named_as_spreadsheets_name_them() -> None:
    assert [grids.place(*at) for at in ((0, 0), (4, 2), (9, 25), (9, 26), (0, 701), (0, 702))] == [
        "A1",
        "C5",
        "Z10",
        "AA10",
        "ZZ1",
        "AAA1",
    ]


@settings(max_examples=20)
@given(some.data())
def test_a_protected_table_is_as_many_records_as_it_counts_people_each_once(data: Any) -> None:
    small = some.lists(some.integers(0, 4), min_size=4, max_size=4).map(tuple)
    lines = data.draw(some.sampled_from([19, 27]))
    figures = data.draw(some.lists(small, min_size=lines, max_size=lines).map(tuple))
    found = filings.records(VICTIMS, figures, "2026Q1")
    assert len(found) == sum(map(sum, figures)) == filings.totals(VICTIMS, figures)["total", "total"]
    assert len({each["person"] for each in found}) == len(found)
    for line, row in zip(filings.lines_of(VICTIMS, figures), figures, strict=True):
        codes = dict(zip(("nationality", "age_class", "sex"), line.split("/"), strict=True))
        assert sum(all(each[name] == code for name, code in codes.items()) for each in found) == sum(row)


def test_empty_boxes_are_zeros_only_when_somebody_says_so() -> None:
    with pytest.raises(Faulty) as caught:
        filings.read(ARRESTS, Typed({("persons", "arrested"): "3"}))
    assert len(caught.value.faults) == 17
    assert all(isinstance(fault, Fault) for fault in caught.value.faults)
    found = filings.read(ARRESTS, Typed({("persons", "arrested"): "3"}), empty_is_zero=True)
    assert found == ((3, 0, 0), *((0, 0, 0),) * 5)
    assert filings.is_zero(filings.read(ARRESTS, Typed({}), empty_is_zero=True))
    assert json.loads(filings.canonical(found))[0] == [3, 0, 0]
