"""Lists in pages: where a page ends is named by the last row itself, so nothing is skipped while rows come and go."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from nrm.domain.accounts import NotVisible

Row = TypeVar("Row")
PAGE = 40


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the mark to ask for those after them (empty: there are none)."""

    rows: list[Row]
    after: str


def page(found: Sequence[Row], place: Callable[[Row], tuple[datetime, uuid.UUID]], size: int = PAGE) -> Page[Row]:
    """The page of a query that asked for one row more than `size`."""
    rows = list(found[:size])
    if len(found) <= size:
        return Page(rows, "")
    at, id_ = place(rows[-1])
    return Page(rows, f"{at.isoformat()}~{id_}")


def place_after(mark: str) -> tuple[datetime, uuid.UUID] | None:
    """What `Page.after` names, None for the first page. A mark that nobody was given is NotVisible."""
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
