"""Versions of the country's files, for the program itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.models.countries import CountryVersion


class Line(NamedTuple):
    """A version without its files."""

    id: uuid.UUID
    position: int
    starts_on: date
    digest: str
    recorded_at: datetime
    recorded_by: uuid.UUID | None
    followed_at: datetime | None
    mark: bytes


def lines() -> Sequence[Line]:
    """Every version in the order of recording, on a connection of its own. Raises DatabaseError before the table is."""
    columns = [getattr(CountryVersion, name) for name in Line._fields]
    with Session(db.engine) as session:
        return [Line(*row) for row in session.execute(select(*columns).order_by(CountryVersion.position))]


def is_there() -> bool:
    """Whether there is a table of versions: not before the upgrade that brings it. Raises DatabaseError."""
    return inspect(db.engine).has_table(CountryVersion.__tablename__)


def files(id_: uuid.UUID) -> dict[str, str]:
    """The files of a version."""
    with Session(db.engine) as session:
        return session.scalars(select(CountryVersion.files).where(CountryVersion.id == id_)).one()


def newest(session: Session) -> int:
    """The position of the version that was recorded last; 0 for none."""
    return session.scalar(select(func.max(CountryVersion.position))) or 0
