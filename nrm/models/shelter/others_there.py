"""Notices that others are still where a person came from."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class OthersThere(Model):
    """One notice, sealed in the `others` compartment of the same id to the organisation of one desk.

    No column says from which case, person or shelter it comes: `whose_mark` is a MAC over the case, by which the
    program finds the notice of a case, and nobody the case of a notice. Only days are kept: an hour would tell.
    """

    __tablename__ = "others_there"
    __table_args__ = (
        CheckConstraint("(seen_on IS NULL) = (seen_by_id IS NULL)", name="seen_by_somebody"),
        UniqueConstraint("whose_mark"),
        Index("ix_others_there_organisation_id_told_on", "organisation_id", "told_on"),
        Index("ix_others_there_told_on", "told_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # whose desk reads it
    told_on: Mapped[date]
    seen_on: Mapped[date | None]
    seen_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    whose_mark: Mapped[bytes]
