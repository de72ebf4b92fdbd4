"""When what is sealed has been kept long enough: counted from the month a case was closed, later for a child.

The periods are the country's data (`[retention]` of country.toml; a proposal until the state decides).
"""

from __future__ import annotations

from datetime import date

from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import AGE_BANDS

_YOUNGEST = {band: int(band.split("-")[0].rstrip("+")) for band in AGE_BANDS}

LOOKED_AT_DAYS = 30
"""How long colleagues can still read who answered for a person of whom nothing is kept; openings of others are held
against that for seven days."""


def counted_until(closed: Quarter, longest: int) -> date:
    """The last day of which no report that is still to come tells anything. `closed`: the last quarter whose reports
    are released; `longest`: how many quarters a report can speak of together. One quarter more is kept, because a
    report compares with the quarter before it."""
    found = closed
    for _ in range(longest):
        found = found.previous
    return found.end


def ends_on(
    years: int | None,
    *,
    closed_month: date,
    registered_month: date,
    age_class: str,
    age_band: str,
    children_until_age: int,
) -> date | None:
    """The first day on which a compartment that is kept `years` after closing is erased; None: not by time alone.

    Months are kept, not days, so the period runs from the end of the month. What concerns somebody who was or may have
    been a child stays until the youngest person of that age band has reached `children_until_age`.
    """
    if years is None:
        return None
    kept_until = _years_later(_month_after(closed_month), years)
    if age_class == "adult":
        return kept_until
    wait = max(0, children_until_age - _YOUNGEST.get(age_band, 0))
    return max(kept_until, _years_later(_month_after(registered_month), wait))


def _month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _years_later(day: date, years: int) -> date:
    return day.replace(year=day.year + years)
