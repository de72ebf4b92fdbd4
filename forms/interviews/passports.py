"""The lines of a passport or card that a machine can read (ICAO Doc 9303: TD1, TD2, TD3), as answers to be looked at.

`mrz` divides the lines and judges their check digits; here are only their shape, and what its parts mean for an
answer. The lines themselves are never kept: they go from a form into fields that somebody compares and corrects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.core import get_global
from mrz.base.functions import hash_is_ok
from mrz.checker.td1 import TD1CodeChecker
from mrz.checker.td2 import TD2CodeChecker
from mrz.checker.td3 import TD3CodeChecker

from nrm.domain.interviews.answers import COUNTRIES
from nrm.domain.words import N_, Phrase

LONGEST = 1000  # of what is pasted: far more than the lines, and cheap to look at
CHECKERS = {(3, 30): TD1CodeChecker, (2, 36): TD2CodeChecker, (2, 44): TD3CodeChecker}
_CHARACTERS = re.compile(r"[A-Z0-9<]*")
# What is written in the lines beside the codes of ISO 3166: Germany, Kosovo, Romania before 2002, kinds of Britons.
_OTHER_CODES = {"D": "DE", "RKS": "XK", "XKX": "XK", "ROM": "RO"} | dict.fromkeys(
    ("GBD", "GBN", "GBO", "GBP", "GBS"), "GB"
)
_SEXES = {"F": "f", "M": "m", "X": "x"}
FIELDS: Mapping[str, Phrase] = {
    "document_number": N_("number of the document"),
    "birth_date": N_("date of birth"),
    "expiry_date": N_("date of expiry"),
    "optional_data": N_("personal number"),
    "final": N_("the whole"),
    "names": N_("names"),
}


class UnreadableLines(ValueError):
    """The lines cannot be read; each of `problems` says where and what to do, and repeats nothing of them."""

    def __init__(self, *problems: Phrase) -> None:
        super().__init__("unreadable lines")
        self.problems = problems


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """What the lines say. Empty or None is what they do not say, or do not say clearly.

    `birth` is a partial date; `sex` f, m or x; `citizenship` a code of two letters; `document` its number, `passport`
    whether it is one, and `issuer` the code that stands there.
    """

    given: str
    family: str
    birth: str | None
    sex: str | None
    citizenship: str | None
    document: str
    issuer: str
    passport: bool


def read_lines(text: str, *, today: date) -> Person:
    """The person whose lines these are; raises UnreadableLines."""
    lines = _lines(text)
    small = len(lines) == 3
    names = _compare(3 if small else 1, "names")
    try:
        checker = CHECKERS[len(lines), len(lines[0])]("\n".join(lines))
    except ValueError:  # its own judgement of the characters: lines without any letter
        raise UnreadableLines(names) from None
    problems = [_wrong_digit(line, field) for line, field in _wrong_digits(checker, lines)]
    if not checker.identifier:
        problems.append(names)
    found = checker.fields()
    birth = _birth(found.birth_date, today)
    if birth is None and not problems:
        problems.append(_compare(2, "birth_date"))
    if problems:
        raise UnreadableLines(*problems)
    return Person(
        given=_plain(found.name),
        family=_plain(found.surname),
        birth=birth or None,
        sex=_SEXES.get(found.sex),
        citizenship=_country(found.nationality),
        document=_long_number(lines) or found.document_number,
        issuer=found.country,
        passport=found.document_type.startswith("P"),
    )


def _compare(line: int, field: str) -> Phrase:
    return N_(
        "Line %(line)s, %(field)s: this cannot be so. Compare it with the document and enter the line again",
        line=line,
        field=FIELDS[field],
    )


def _wrong_digit(line: str, field: str) -> Phrase:
    return N_(
        "Line %(line)s, %(field)s: the check digit does not fit. Compare each character with the document; "
        "0 and O, 1 and I, 8 and B look alike",
        line=line,
        field=FIELDS[field],
    )


def _lines(text: str) -> list[str]:
    """The lines without what stands between their characters; raises UnreadableLines for another shape."""
    written = [re.sub(r"\s", "", line.upper().replace("«", "<<")) for line in text[:LONGEST].splitlines()]
    lines = [line for line in written if line]
    if len(lines) == 1:  # a reader may give them in one
        whole = lines[0]
        lines = [
            whole[start : start + long]
            for many, long in CHECKERS
            if len(whole) == many * long
            for start in range(0, len(whole), long)
        ] or lines
    lengths = [len(line) for line in lines]
    if not lines or (len(lines), lengths[0]) not in CHECKERS or len(set(lengths)) > 1:
        raise UnreadableLines(
            N_(
                "Enter all lines: two of 44 characters, two of 36 or three of 30. "
                "There are now %(lines)s with %(lengths)s",
                lines=len(lines),
                lengths=", ".join(map(str, lengths)) or "0",
            )
        )
    for number, line in enumerate(lines, start=1):
        if not _CHARACTERS.fullmatch(line):
            raise UnreadableLines(
                N_("Line %(line)s: enter only letters from A to Z, digits and the sign <", line=number)
            )
    if lines[0].startswith("V"):
        raise UnreadableLines(N_("These are the lines of a visa. Enter those of the passport or of the card"))
    return lines


def _wrong_digits(checker: Any, lines: Sequence[str]) -> list[tuple[str, str]]:
    """(line, field) where a check digit does not fit; that of the whole only if every other one does."""
    small = len(lines) == 3
    wrong = []
    if not checker.document_number_hash and not _long_number(lines):
        wrong.append(("1" if small else "2", "document_number"))
    wrong += [("2", name) for name in ("birth_date", "expiry_date") if not getattr(checker, f"{name}_hash")]
    if not getattr(checker, "optional_data_hash", True):
        wrong.append(("2", "optional_data"))
    if not wrong and not checker.final_hash:
        wrong.append(("1–2" if small else "2", "final"))
    return wrong


def _long_number(lines: Sequence[str]) -> str:
    """A number of more than nine characters, which goes on where other data stand, with its check digit at the end."""
    first, rest = (lines[0][5:15], lines[0][15:30]) if len(lines) == 3 else (lines[1][:10], lines[1][28:35])
    more = rest.partition("<")[0]
    if len(lines[0]) == 44 or first[9] != "<" or len(more) < 2:
        return ""
    number = first[:9] + more[:-1]
    return number if hash_is_ok(number, more[-1]) else ""


def _plain(name: str) -> str:
    return " ".join(name.split())


def _birth(text: str, today: date) -> str | None:
    """The partial date; empty if even the year is not known, None if there is no such day."""
    year, month, day = text[:2], text[2:4], text[4:]
    if year == "<<":
        return ""
    try:
        earliest = [int(year), 1 if month == "<<" else int(month), 1 if day == "<<" else int(day)]
        born = date(2000 + earliest[0], earliest[1], earliest[2])
        if born > today:
            born = date(1900 + earliest[0], earliest[1], earliest[2])
    except ValueError:
        return None
    if month == "<<":
        return f"{born.year}"
    return born.isoformat()[:7] if day == "<<" else born.isoformat()


def _country(code: str) -> str | None:
    """The code of two letters, None for a code that names no country, such as that of a stateless person."""
    aliases: Mapping[str, Sequence[str]] = get_global("territory_aliases")
    found = _OTHER_CODES.get(code) or (aliases.get(code) or [""])[0]
    return found if found in COUNTRIES else None
