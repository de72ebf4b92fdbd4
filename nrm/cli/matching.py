"""What matching would do on a country's own names, before it begins: no instance, and a key that is thrown away."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import click

from nrm.cli.csv_files import read_csv
from nrm.cli.progress import Progress
from nrm.cli.refusals import Refused
from nrm.cli.telling import json_option, wants_json
from nrm.linkage import normalising
from nrm.linkage.encoding import KEY_BYTES
from nrm.linkage.evaluating import Outcome, evaluate
from nrm.linkage.people import Person

FIELDS = ("given", "family", "father", "birth", "place", "sex", "citizenship")
NAMES = ("given", "family")
MOST_PEOPLE = 1_000_000
_TOGETHER = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", re.ASCII)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def match() -> None:
    """Finding people again who were written down by others."""


@match.command("evaluate")
@click.argument("known", metavar="A.csv", type=_FILE)
@click.argument("arriving", metavar="B.csv", type=_FILE)
@click.option(
    "--truth", required=True, type=_FILE, help="LINKS.csv: columns a,b; row numbers from 0 of the same person."
)
@click.option("--columns", help="Which column is which: given=...,family=...,father=...,birth=...,place=...,sex=...")
@json_option(
    *("top1", "top5", "recall_fa1", "recall_fa5", "recall_fa10", "f1", "precision", "recall", "shown", "false_shown"),
    *("seconds", "pairs_per_second"),
)
def evaluate_(known: Path, arriving: Path, truth: Path, columns: str | None) -> None:
    """Say how well the people of B.csv are found among those of A.csv.

    Both are encoded with a key that nobody keeps, and compared as arrivals are. Each file has a line for a person.
    Columns are called given, family, father, birth, place, sex, citizenship, unless --columns says otherwise. A birth
    is 1987-03-12, 1987-03, 1987, 19870312, 12.03.1987, 12/03/1987, or an age and its year, 17@2026. If A.csv and B.csv
    are one file, each pair in it counts once.
    """
    itself = known.samefile(arriving)
    named = _columns(columns)
    first = _people(known, named)
    second = first if itself else _people(arriving, named)
    links = _links(truth, len(first), len(second), itself)
    with Progress() as progress:
        progress.phase(f"comparing {len(second)} with {len(first)} people")
        outcome = evaluate(first, second, links, key=secrets.token_bytes(KEY_BYTES), itself=itself)
    click.echo(json.dumps(_as_json(outcome)) if wants_json() else _as_text(outcome))


def _columns(text: str | None) -> dict[str, str] | None:
    """The column of each field that --columns names; raises Refused."""
    if text is None:
        return None
    named: dict[str, str] = {}
    for part in text.split(","):
        field, separator, column = (each.strip() for each in part.partition("="))
        if field not in FIELDS or not separator or not column:
            raise Refused(f"--columns: {part.strip()!r} is not FIELD=COLUMN with a field of {', '.join(FIELDS)}")
        if field in named:
            raise Refused(f"--columns: {field} is named twice")
        named[field] = column
    if not named.keys() & {*NAMES}:
        raise Refused("--columns: neither given nor family is named")
    return named


def _people(path: Path, named: dict[str, str] | None) -> list[Person]:
    """The people of a file, in its order; raises Refused."""
    header, rows = read_csv(path)
    where = {column.strip(): column for column in header}
    if len(where) < len(header):
        raise Refused(f"{path}:1: two columns differ in blanks alone")
    if named is None:
        named = {field: field for field in FIELDS if field in where}
        if not named.keys() & {*NAMES}:
            raise Refused(f"{path}:1: there is no column 'given' or 'family'; name the columns with --columns")
    for column in named.values():
        if column not in where:
            raise Refused(f"{path}:1: there is no column {column!r}")
    if not rows:
        raise Refused(f"{path}: there is nobody in it")
    if len(rows) > MOST_PEOPLE:
        raise Refused(f"{path}: there are more than {MOST_PEOPLE} people")
    people, unread = [], []
    for line, fields in rows:
        values = {field: fields[where[column]].strip() for field, column in named.items()}
        written = values.get("birth", "")
        values["birth"] = _iso(written)
        if written and normalising.birth(values["birth"]) == normalising.Birth():
            unread.append(line)
        given, family, father, birth, place, sex, citizenship = (values.get(field, "") for field in FIELDS)
        people.append(Person(given, family, father, place, birth, sex, citizenship))
    if unread:
        said = f"{path}: {len(unread)} of {len(rows)} births are no date, the first on line {unread[0]}"
        if len(unread) == sum(1 for _, fields in rows if fields[where[named["birth"]]].strip()):
            raise Refused(f"{said}; write them as 1987-03-12")
        click.echo(f"{said}; they count as not known", err=True)
    return people


def _iso(birth: str) -> str:
    """A birth as `Person` takes it, from other ways in which files have it."""
    if found := _TOGETHER.fullmatch(birth):
        return "-".join(found.groups())
    if found := _DAY_FIRST.fullmatch(birth):
        return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}"
    return birth


def _links(path: Path, known: int, arriving: int, itself: bool) -> set[tuple[int, int]]:
    """The pairs of LINKS.csv; raises Refused."""
    header, rows = read_csv(path)
    where = {column.strip(): column for column in header}
    links: set[tuple[int, int]] = set()
    for column in ("a", "b"):
        if column not in where:
            raise Refused(f"{path}:1: there is no column {column!r}")
    for line, fields in rows:
        pair = []
        for column, number in (("a", known), ("b", arriving)):
            text = fields[where[column]].strip()
            if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < number):
                raise Refused(f"{path}:{line}: column {column!r}: {text!r} is no row number from 0 to {number - 1}")
            pair.append(int(text))
        one, other = sorted(pair) if itself else pair
        if itself and one == other:
            raise Refused(f"{path}:{line}: row {one} is paired with itself")
        links.add((one, other))
    if not links:
        raise Refused(f"{path}: there is no pair in it")
    return links


def _as_json(outcome: Outcome) -> dict[str, float]:
    shares = {
        "top1": outcome.top1,
        "top5": outcome.top5,
        **{f"recall_fa{percent}": share for percent, share in zip((1, 5, 10), outcome.recall, strict=True)},
        "f1": outcome.f1,
        "precision": outcome.precision,
        "recall": outcome.recall_of_f1,
        "shown": outcome.shown,
        "false_shown": outcome.false_shown,
    }
    return {
        **{name: round(share, 6) for name, share in shares.items()},
        "seconds": round(outcome.seconds, 3),
        "pairs_per_second": round(outcome.pairs_per_second),
    }


def _as_text(outcome: Outcome) -> str:
    def percent(shares: Sequence[float]) -> str:
        return " / ".join(f"{100 * share:.1f} %" for share in shares)

    return "\n".join(
        (
            f"Found first: {percent([outcome.top1])}; among the first five: {percent([outcome.top5])}",
            f"Found where 1 / 5 / 10 % of arrivals raise a false alarm: {percent(outcome.recall)}",
            f"Best F1 {outcome.f1:.3f}: precision {outcome.precision:.3f}, recall {outcome.recall_of_f1:.3f}",
            f"Shown to two houses at the bands of the program: {percent([outcome.shown])} of the pairs,"
            f" and {outcome.false_shown:.2f} others for each who arrives",
            f"{outcome.seconds:.1f} seconds, {outcome.pairs_per_second:,.0f} pairs a second",
        )
    )
