"""A spreadsheet that somebody sends, as rows of text: CSV or XLSX, small, without formulas.

`nrm.parsing` reads it. Only the first sheet counts, and no more is unpacked than a matrix needs.
"""

from __future__ import annotations

LARGEST_FILE = 256 * 1024
LARGEST_PART, LARGEST_UNPACKED = 2 * 1024 * 1024, 8 * 1024 * 1024
MOST_ENTRIES = 100
MOST_ROWS, MOST_COLUMNS = 300, 60
LONGEST_CELL = 2000
FORMULA = "\x00formula"
"""What stands in the place of a cell that holds a formula: no text that is sent can be this."""

Grid = list[list[str]]


class UnreadableFile(ValueError):
    """The file is none that can be read; the argument is a sentence that says what to do."""


def place(row: int, column: int) -> str:
    """As spreadsheets name a cell, both counted from 0: (4, 2) is C5."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"
