"""What a version changes by person and by reader: the differences, who reads what, twenty people before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, render_template, request

from nrm.domain.accounts.accounts import Permission
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.agreement.comparisons import Reading
from nrm.steps.agreement import known_versions, version_studies
from nrm.web import access
from nrm.web.agreement import agreement_words as words
from nrm.web.agreement.agreement_changes import DESCRIPTIONS

blueprint = Blueprint("comparisons", __name__)

DIFFERENCES = 12
READERS = 12
PEOPLE = 5
"""How many of each stand on one page."""


@blueprint.get("/agreement/<version>/compared")
@access.requires(Permission.AGREEMENT_READ)
def compared(version: str) -> str:
    """Every difference for somebody, with an example."""
    agreement, study, names = _studied(version)
    found = study.comparison.differences
    return _page(
        "compared",
        agreement,
        study,
        [differences_in_words(each, agreement, names) for each in _part(found, DIFFERENCES)],
        len(found),
        DIFFERENCES,
    )


@blueprint.get("/agreement/<version>/readers")
@access.requires(Permission.AGREEMENT_READ)
def readers(version: str) -> str:
    """Who may read what of whom, before and after."""
    agreement, study, names = _studied(version)
    found = read_by(study.comparison.reading, names)
    return _page("readers", agreement, study, _part(found, READERS), len(found), READERS)


@blueprint.get("/agreement/<version>/people")
@access.requires(Permission.AGREEMENT_READ)
def people(version: str) -> str:
    """Example people, and what both versions do with each."""
    agreement, study, names = _studied(version)
    found = study.comparison.people
    return _page(
        "people", agreement, study, people_in_words(_part(found, PEOPLE), agreement, names), len(found), PEOPLE
    )


def _studied(version: str) -> tuple[Agreement, Any, dict[str, str]]:
    by = access.actor()
    study = version_studies.study_of(version, by=by)
    agreement = known_versions.document(version, by=by)
    return agreement, study, words.names_of(agreement, study.against)


def _number() -> int:
    return max(1, min(request.args.get("page", 1, type=int), 1000))


def _part(found: Any, size: int) -> Any:
    return found[(_number() - 1) * size : _number() * size]


def _page(name: str, agreement: Agreement, study: Any, rows: Iterable[Any], total: int, size: int) -> str:
    return render_template(
        f"agreement/comparisons/{name}.html",
        agreement=agreement,
        against=study.against.version,
        rows=rows,
        total=total,
        number=_number(),
        pages=max(1, -(-total // size)),
    )


def differences_in_words(each: Any, agreement: Agreement, names: Mapping[str, str]) -> dict[str, Any]:
    """A difference, for whom it is one, and somebody."""
    return {
        **words.difference(each, names),
        "profiles": [words.profile(cube, names) for cube in each.cubes[:DESCRIPTIONS]],
        "more": max(0, len(each.cubes) - DESCRIPTIONS),
        "person": words.person(each.person, agreement, names),
        "day": each.day,
    }


def read_by(reading: tuple[tuple[Reading, ...], tuple[Reading, ...]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Reader by reader: what, and of whom, before and after; whether that is the same."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for side, given in zip(("before", "after"), reading, strict=True):
        for each in given:
            reader, _ = words.reading(each, names)
            row = rows.setdefault((each.reader, each.on), {"reader": reader, "before": [], "after": []})
            row[side].append(_reads(each, names))
    for row in rows.values():
        row["same"] = row["before"] == row["after"]
    return sorted(rows.values(), key=lambda row: bool(row["same"]))


def _reads(each: Reading, names: Mapping[str, str]) -> str:
    whom = [words.profile(cube, names) for cube in each.cubes[:DESCRIPTIONS]]
    if len(each.cubes) > DESCRIPTIONS:
        whom.append("…")
    return f"{words.reading(each, names)[1]} ({' / '.join(whom)})"


def people_in_words(people: Iterable[Any], agreement: Agreement, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each person with both lives, a line for each thing that happens."""
    return [
        {
            "person": words.person(each.person, agreement, names),
            "before": words.lived(each.before, names),
            "after": words.lived(each.after, names),
            "same": each.before == each.after,
            "day": each.day,
        }
        for each in people
    ]
