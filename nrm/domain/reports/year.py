"""Who counts in the annual report, and as what: everybody in report ix of a quarter of the year, once (ADR 0090).

A person has the codes of the last quarter they were counted in. What changes from quarter to quarter is kept beside
the codes while the report is made: the attack asks what the year tells of each of its quarters, which are published.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from nrm.domain.reports.counting import Codes, listed
from nrm.domain.reports.tabulation import PersonRecord, Row
from nrm.domain.shelter.permits import PermitStatus
from nrm.domain.shelter.stays import Source

SHARED = ("nationality", "sex", "age_band", "country_of_trafficking", "exploitation", "stay_bucket", "stay_status")
"""What the year counts by in the words of report ix, as of the last quarter of the person."""

DIMENSIONS = (*SHARED, "identified", "detected", "assistance", "permit")

CHANGES = ("arrival", "stay_status", "stay_bucket", "protection")
"""What report ix counts by and what may be another code in each quarter."""

DETECTED: Mapping[str, Collection[str]] = {
    "border": {"crossing_point"},
    "helpline": {Source.HELPLINE},
    "police": {Source.POLICE},
    "social": {Source.SOCIAL_SERVICES, Source.HOSPITAL, Source.SCHOOL},
    "organisation": {Source.OTHER_ORGANISATION, Source.OUTREACH, Source.TRANSFER, Source.PARTNER_ABROAD},
    "own": {Source.OWN, Source.FAMILY_OR_FRIEND},
}
"""Who met the person first, by how their case came."""

NOT_ASKED, UNKNOWN = "not_asked", "unknown"


@dataclass(frozen=True, slots=True)
class YearFacts:
    """What the year asks of a person besides report ix, as it stood at the end of the year.

    `identification`: the status of the formal identification, empty while nobody asked for one. `claimed`: a claim
    for compensation counted in the year; `testified`: a step as a witness did.
    """

    source: str
    identification: str = ""
    claimed: bool = False
    testified: bool = False


def row(
    last: Row,
    person: PersonRecord | None,
    facts: YearFacts,
    *,
    home: str,
    year: tuple[date, date],
    codes: Codes,
) -> Row:
    """The codes of one person, from their row of the last quarter. `person` as known at the end of the year; none if
    the case is gone. `home`: the country's own nationality, which needs no permit."""
    detected = next((name for name, sources in DETECTED.items() if facts.source in sources), UNKNOWN)
    made = {
        **{name: last[name] for name in SHARED},
        "identified": facts.identification or NOT_ASKED,
        "detected": detected,
        "assistance": _assistance(facts),
        "permit": "none" if last["nationality"] == home else _permit(person, year),
    }
    return {name: listed(code, codes[name]) for name, code in made.items()}


def of_year(quarters: Sequence[tuple[str, Sequence[tuple[str, Row]]]]) -> dict[str, tuple[Row, dict[str, Row]]]:
    """By case: the row of the last quarter it counts in, and of each quarter what may change.

    `quarters`: (name, rows by case) in turn. Who left by a correction and was admitted again counts as admitted.
    """
    found: dict[str, tuple[Row, dict[str, Row]]] = {}
    for name, rows in quarters:
        for case, each in rows:
            _, before = found.get(case, (each, {}))
            found[case] = (each, {**before, name: {root: each[root] for root in CHANGES}})
    return found


def with_course(made: Row, course: Mapping[str, Row]) -> Row:
    """The row, and what the person was counted as in each quarter; `states` reads it back."""
    return {**made, **{f"{name}.{root}": code for name, held in course.items() for root, code in held.items()}}


def states(rows: Collection[Row], quarter: str) -> dict[str, Row]:
    """By person: what may change, as it was in a quarter. Who is not counted in it is missing."""
    begin = f"{quarter}."
    found = {
        each["person"]: {n.removeprefix(begin): c for n, c in each.items() if n.startswith(begin)} for each in rows
    }
    return {person: held for person, held in found.items() if held}


def _assistance(facts: YearFacts) -> str:
    if facts.claimed:
        return "both" if facts.testified else "compensation"
    return "witness" if facts.testified else "shelter"


def _permit(person: PersonRecord | None, year: tuple[date, date]) -> str:
    permit = person.permit if person is not None else None
    if permit is None:
        return "none"
    start, end = year
    if permit.issued_from and permit.issued_until and permit.issued_from <= end and permit.issued_until >= start:
        return "had"
    return "refused" if permit.state == PermitStatus.REFUSED else "asked" if permit.applied_on else "none"
