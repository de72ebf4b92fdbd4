"""Days on which a resident is away and expected back."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.away import Over
from nrm.models.accounts.accounts import one_of

_AWAY = text("outcome = ''")


class Away(Model):
    """From going to coming back. Why is a note under the key of the compartment `care`."""

    __tablename__ = "away"
    __table_args__ = (
        CheckConstraint("expected_on >= since_on", name="expected_after_going"),
        CheckConstraint("(outcome = '') = (over_on IS NULL)", name="over_on_a_day"),
        CheckConstraint("over_on IS NULL OR over_on >= since_on", name="over_after_going"),
        CheckConstraint(f"outcome = '' OR {one_of('outcome', Over)}", name="known_outcome"),
        Index("uq_away_stay", "stay_id", unique=True, sqlite_where=_AWAY, postgresql_where=_AWAY),
        Index("ix_away_stay_id", "stay_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"))
    since_on: Mapped[date]
    expected_on: Mapped[date]
    over_on: Mapped[date | None]
    outcome: Mapped[str] = mapped_column(default="")
    recorded_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
