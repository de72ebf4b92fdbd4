"""The people whom crossing points referred, by what was done to them, as coarse codes; for the program alone.

Decided in ADR 0097.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, select

from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.quarters import Quarter
from nrm.domain.reports import counting as rules
from nrm.domain.reports.exploitation import as_told
from nrm.domain.shelter.ages import class_on
from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.store.reports import counting
from nrm.store.rows.shelter import ages as age_rows

_AT_A_POST = "crossing_point"  # the source of a case that the border police referred


def exploited(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The nationals whom a crossing point referred in the period: the possible and suspected victims of report x."""
    if by != counting.RELEASE:
        raise NotPermitted("people are counted by the program alone")
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
