"""Entries on the age of a person: added and never changed."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.ages import Kind
from nrm.models.accounts.accounts import one_of


class CaseAge(Model):
    """The month in which a minor turns 18, or from which day somebody counts as an adult or as a child."""

    __tablename__ = "case_ages"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), name="known_kind"),
        CheckConstraint("age_class IN ('', 'child', 'adult', 'unsure')", name="known_age_class"),
        CheckConstraint("was IN ('', 'child', 'adult', 'unsure')", name="known_class_before"),
        CheckConstraint(
            "(kind = 'month' AND adult_month IS NOT NULL AND from_on IS NULL AND age_class = '' AND was = '')"
            " OR (kind <> 'month' AND adult_month IS NULL AND from_on IS NOT NULL AND age_class <> '' AND was <> ''"
            " AND age_class <> was)",
            name="a_month_or_a_class",
        ),
        CheckConstraint("kind <> 'birthday' OR age_class = 'adult'", name="a_birthday_makes_an_adult"),
        UniqueConstraint("case_id", "position"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    position: Mapped[int]
    kind: Mapped[str]
    adult_month: Mapped[date | None]  # first day of the month
    from_on: Mapped[date | None]
    age_class: Mapped[str]
    was: Mapped[str]
    new_keys: Mapped[bool]  # whether what the child authority could read has new keys, or need have none
    recorded_on: Mapped[date]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))  # None: by the calendar
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
