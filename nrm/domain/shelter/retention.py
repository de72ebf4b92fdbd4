"""When what is sealed has been kept long enough: counted from the month a case was closed, later for a child.

The periods are the country's data (`[retention]` of country.toml; a proposal until the state decides).
"""

from __future__ import annotations

from datetime import date

from nrm.domain.shelter.cases import AGE_BANDS

_YOUNGEST = {band: int(band.split("-")[0].rstrip("+")) for band in AGE_BANDS}


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
