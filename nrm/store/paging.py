"""Lists in pages. The last row of a page names where it ends, so that no row is skipped while rows are added or
deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Integer, Uuid, bindparam, tuple_

from nrm.db import UtcDateTime
from nrm.domain.accounts.accounts import NotVisible

Row = TypeVar("Row")
PAGE = 40


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the mark to ask for those after them (empty: there are none)."""

    rows: list[Row]
    after: str


def page(found: Sequence[Row], place: Callable[[Row], tuple[date, uuid.UUID]], size: int = PAGE) -> Page[Row]:
    """The page of a query that asked for one row more than `size`; `place`: the instant or the day it is ordered by."""
    rows = list(found[:size])
    if len(found) <= size:
        return Page(rows, "")
    at, id_ = place(rows[-1])
    return Page(rows, f"{at.isoformat()}~{id_}")


PLACE = tuple_(bindparam("place_at", type_=UtcDateTime()), bindparam("place_id", type_=Uuid()))
MOST = bindparam("most", type_=Integer())
"""Of a statement that is built once: where the page before ended (`values_of`), and how many lines at most."""


def values_of(place: tuple[datetime, uuid.UUID] | None) -> dict[str, Any]:
    """The values of `PLACE`; none for the first page."""
    return {} if place is None else {"place_at": place[0], "place_id": place[1]}


def place_after(mark: str) -> tuple[datetime, uuid.UUID] | None:
    """The place that `Page.after` names, None for the first page. Raises NotVisible for text that is no such mark."""
    if not mark:
        return None
    at, _, id_ = mark.partition("~")
    try:
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise NotVisible
        return instant.astimezone(UTC), uuid.UUID(id_)
    except (ValueError, OverflowError):
        raise NotVisible from None


def day_place_after(mark: str) -> tuple[date, uuid.UUID] | None:
    """`place_after` for a list that is ordered by a day."""
    if not mark:
        return None
    day, _, id_ = mark.partition("~")
    try:
        return date.fromisoformat(day), uuid.UUID(id_)
    except ValueError:
        raise NotVisible from None
