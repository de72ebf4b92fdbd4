"""Versions of the country's files, each from a day on."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class CountryVersion(Model):
    """What the country's files say from a day on. Rows are added, and never changed but for `followed_at`.

    Of two for the same day the later one counts. `position` counts from 1, so that two who record at once cannot both
    succeed. `followed_at`: when the rows of organisations were brought to it. `mark`: a MAC over all the rest.
    """

    __tablename__ = "country_versions"
    __table_args__ = (
        CheckConstraint("position >= 1", name="counted_from_one"),
        UniqueConstraint("position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    position: Mapped[int]
    starts_on: Mapped[date]
    files: Mapped[dict[str, str]] = mapped_column(JSON)  # file name -> what it says
    digest: Mapped[str]  # `countries.texts.digest` of the files
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # None: whoever runs the machine
    followed_at: Mapped[datetime | None]
    mark: Mapped[bytes]
