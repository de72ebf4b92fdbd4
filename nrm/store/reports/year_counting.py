"""The people of a calendar year, each once, as coarse codes, for the annual report; for the program alone."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import Row as Found

from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.quarters import Quarter
from nrm.domain.reports import year as rules
from nrm.domain.reports.counting import Codes, Row
from nrm.domain.reports.report_list import MAIN
from nrm.domain.reports.reports import Window
from nrm.domain.reports.tabulation import Classification, still_there, tabulate
from nrm.domain.shelter.identifications import Course, State, counted
from nrm.models.shelter.cases import Case
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.store.countries import country
from nrm.store.reports import counting, decision_counting

NO_CODES: Codes = {"sex": (), "age_band": ()}


def people_of_year(connection: Connection, first: Quarter, last: Quarter, codes: Codes, *, by: Actor) -> list[Row]:
    """Everybody who is in report ix of one of these quarters, with what they were counted as in each.

    Each quarter is counted again as it was known at its end. Cases that were corrected or erased since may differ from
    what its release counted.
    """
    if by != counting.RELEASE:
        raise NotPermitted("people are counted by the program alone")
    classification = _classification(codes)
    quarters = []
    before: dict[str, Row] | None = None
    for name in Window(first, last).quarters:
        quarter = Quarter.parse(name)
        known = counting.people(connection, quarter, also=[uuid.UUID(key) for key in before or ()], by=by)
        rows = tabulate(known, quarter, classification, before)
        before = still_there(rows)
        quarters.append((name, rows))
    found = rules.of_year(quarters)
    cases = [uuid.UUID(key) for key in found]
    at_end = {each.person: each for each in counting.people(connection, last, also=cases, by=by)}
    facts = _facts(connection, first, last, cases, by)
    return [
        rules.with_course(
            {
                **rules.row(
                    held,
                    at_end.get(case),
                    facts.get(case, rules.YearFacts("")),
                    home=country().iso,
                    year=(first.start, last.end),
                    codes=codes,
                ),
                "person": case,
            },
            course,
        )
        for case, (held, course) in sorted(found.items())
    ]


def _facts(
    connection: Connection, first: Quarter, last: Quarter, cases: Collection[uuid.UUID], by: Actor
) -> dict[str, rules.YearFacts]:
    """What the year asks besides report ix, by the id of the case."""
    claimed = {row["person"] for row in decision_counting.claims(connection, first, last, NO_CODES, by=by)}
    testified = {row["person"] for row in decision_counting.witnesses(connection, first, last, NO_CODES, by=by)}
    identified = _identified(connection, last, cases)
    sources = connection.execute(select(Case.id, Case.source).where(Case.id.in_(cases)))
    return {
        row.id.hex: rules.YearFacts(
            row.source, identified.get(row.id, ""), row.id.hex in claimed, row.id.hex in testified
        )
        for row in sources
    }


def _identified(connection: Connection, last: Quarter, cases: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The status of each formal identification at the end of the year."""
    statement = (
        select(
            Identification.case_id,
            Identification.state,
            Identification.status,
            Identification.asked_on,
            Identification.appeal_decided_on,
            IdentificationLook.looked_on,
            IdentificationLook.outcome,
        )
        .outerjoin(IdentificationLook, IdentificationLook.identification_id == Identification.id)
        .where(Identification.case_id.in_(cases))
        .order_by(Identification.case_id, IdentificationLook.position)
    )
    found: dict[uuid.UUID, list[Found[*tuple[Any, ...]]]] = defaultdict(list)
    for row in connection.execute(statement):
        found[row.case_id].append(row)
    stood = {case: counted(_course(rows), date.min, last.end) for case, rows in found.items()}
    return {case: each[0] for case, each in stood.items() if each is not None}


def _course(rows: Sequence[Found[*tuple[Any, ...]]]) -> Course:
    """One identification, from a row for each look at it, or one row without a look."""
    one = rows[0]
    looks = [(row.looked_on, row.outcome) for row in rows if row.looked_on is not None]
    return Course(one.asked_on, State(one.state).is_decided, looks, one.status, one.appeal_decided_on)


def _classification(codes: Codes) -> Classification:
    tables = country().tables[MAIN.name].dimensions
    return Classification(
        home=country().iso,
        nationalities=codes["nationality"],
        countries=codes["country_of_trafficking"],
        groups={code: group for group, held in tables["nationality"].groups.items() for code in held},
        genders=tables["sex"].recode,
    )
