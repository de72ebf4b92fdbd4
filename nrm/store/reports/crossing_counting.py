"""Who came over a crossing point: the screenings of report x, which are numbers alone, and those whom crossing points
referred, by what was done to them; for the program alone.

Decided in ADR 0097, ADR 0226 and ADR 0256.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from sqlalchemy import Connection, Date, bindparam, func, or_, select

from nrm.db import Writer
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.screenings import PROCESSED_WITHOUT_HELP
from nrm.domain.quarters import Quarter
from nrm.domain.reports import counting as rules
from nrm.domain.reports.exploitation import as_told
from nrm.domain.reports.reports import Window
from nrm.domain.shelter.ages import class_on
from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.screenings import ScreeningCount, ScreeningKind
from nrm.models.shelter.cases import Case
from nrm.prepared import Prepared
from nrm.store.reports import counting
from nrm.store.rows.shelter import ages as age_rows

_AT_A_POST = "crossing_point"  # the source of a case that the border police referred


def exploited(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The nationals whom a crossing point referred in the period: the possible and suspected victims of report x."""
    counting.must_count(by)
    changes = age_rows.all_changes(connection)
    statement = (
        select(Case.id, Case.age_class, Case.gender, Case.facts)
        .join(Organisation, Organisation.id == Case.opened_by_id)
        .where(
            Case.registered_month.between(first.start, last.end),
            Case.source == _AT_A_POST,
            Case.citizenship_class == HOME_CITIZEN,
            Organisation.crossing_point != "",
            counting.AGREES,
        )
        .order_by(Case.id)
    )
    return [
        rules.exploited(
            row.id.hex,
            class_on(row.age_class, changes.get(row.id, ()), date.min),
            row.gender,
            as_told(row.facts),
            codes,
        )
        for row in connection.execute(statement)
    ]


_KIND = (
    ScreeningKind.crossing_point,
    ScreeningKind.outcome,
    ScreeningKind.processed,
    ScreeningKind.age_class,
    ScreeningKind.gender,
    ScreeningKind.returned_from,
    ScreeningKind.announced,
    ScreeningKind.agency,
)
_COUNTS = (
    ScreeningKind.citizenship_class == HOME_CITIZEN,
    or_(ScreeningKind.crossing_point != "", ScreeningKind.outcome.in_(tuple(PROCESSED_WITHOUT_HELP))),
)


def _of_one_quarter() -> Prepared:
    """The numbers of a quarter stand together in the order of their kinds: they are read once, and each kind found."""
    numbers = (
        select(ScreeningCount.kind_id, func.sum(ScreeningCount.number).label("number"))
        .where(ScreeningCount.quarter_on == bindparam("first", type_=Date()))
        .group_by(ScreeningCount.kind_id)
        .subquery()
    )
    return Prepared(
        select(*_KIND, numbers.c.number).join(ScreeningKind, ScreeningKind.id == numbers.c.kind_id).where(*_COUNTS)
    )


def _of_several_quarters() -> Prepared:
    """Each kind finds its numbers of the whole period in the index; a kind without any has None."""
    number = (
        select(func.sum(ScreeningCount.number))
        .where(
            ScreeningCount.kind_id == ScreeningKind.id,
            ScreeningCount.quarter_on.between(bindparam("first", type_=Date()), bindparam("last", type_=Date())),
        )
        .scalar_subquery()
    )
    return Prepared(select(*_KIND, number).where(*_COUNTS))


_OF_ONE_QUARTER, _OF_SEVERAL_QUARTERS = _of_one_quarter(), _of_several_quarters()


def returnees(connection: Connection, first: Quarter, last: Quarter, *, by: Actor) -> Counter[tuple[str, ...]]:
    """How many screenings of nationals at crossing points, by their values in the order of `rules.RETURNEE`.

    The cost depends on the kinds of screenings and the quarters, not on how many screenings there were (ADR 0226).
    """
    counting.must_count(by)
    driver = Writer(connection.connection.dbapi_connection, connection.dialect)
    if first == last:
        rows = _OF_ONE_QUARTER.all(driver, {"first": first.start})
    else:
        rows = _OF_SEVERAL_QUARTERS.all(driver, {"first": first.start, "last": last.end})
    return Counter({row[:-1]: int(row[-1]) for row in rows if row[-1] is not None})


def returns(connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor) -> list[rules.Row]:
    """The screenings that `returnees` counts, as one row each."""
    counted = returnees(connection, first, last, by=by)
    return rules.returnees(counted.items(), codes, quarters=Window(first, last).quarters)
