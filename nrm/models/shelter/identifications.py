"""Formal identification: who interviewed and looked, and the outcome, as codes; what was said is sealed."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.cases import IdentificationStatus
from nrm.domain.shelter.identifications import OUTCOMES, Appellant, PlaceKind, State
from nrm.models.accounts.accounts import one_of

_UNDECIDED = one_of("state", (State.ASKED, State.FIRST_LOOK, State.DIFFERING))


class Identification(Model):
    """One case's way to its formal status."""

    __tablename__ = "identifications"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(each for each in State if each != State.NOT_ASKED)), name="known_state"),
        CheckConstraint(one_of("status", tuple(IdentificationStatus)), name="known_status"),
        CheckConstraint(
            f"(status = '{IdentificationStatus.POSSIBLE}') = ({_UNDECIDED})", name="possible_until_decided"
        ),
        CheckConstraint("(status = 'possible') = (decided_on IS NULL)", name="decided_on_a_day"),
        CheckConstraint(
            f"(state = '{State.ASKED}') = (police_member_id IS NULL) AND (police_member_id IS NULL) ="
            " (social_member_id IS NULL) AND (police_member_id IS NULL) = (interviewed_on IS NULL)",
            name="interviewed_by_both_sides",
        ),
        CheckConstraint("police_member_id <> social_member_id", name="interviewed_by_two"),
        CheckConstraint(one_of("place", ("", *PlaceKind)), name="known_place"),
        CheckConstraint(one_of("appellant", ("", *Appellant)), name="known_appellant"),
        CheckConstraint(
            f"(appealed_on IS NOT NULL) = ({one_of('state', (State.APPEALED, State.FINAL))})", name="appealed_on_a_day"
        ),
        CheckConstraint("(appealed_on IS NULL) = (appellant = '')", name="appealed_by_somebody"),
        CheckConstraint(
            f"(state = '{State.FINAL}') = (appeal_outcome <> '') AND"
            f" (state = '{State.FINAL}') = (appeal_member_id IS NOT NULL)",
            name="appeal_decided_by_somebody",
        ),
        CheckConstraint("appeal_outcome IN ('', 'confirmed', 'changed')", name="known_appeal_outcome"),
        CheckConstraint(
            "appeal_member_id <> police_member_id AND appeal_member_id <> social_member_id", name="appeal_by_another"
        ),
        Index("ix_identifications_state", "state"),
    )

    id: Mapped[uuid.UUID] = id_column()
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), unique=True)
    state: Mapped[str]
    status: Mapped[str]
    asked_on: Mapped[date]
    police_member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    social_member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    interviewed_on: Mapped[date | None]
    place: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    interpreter: Mapped[str] = mapped_column(default="")
    decided_on: Mapped[date | None]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    appealed_on: Mapped[date | None]
    appellant: Mapped[str] = mapped_column(default="")
    appeal_outcome: Mapped[str] = mapped_column(default="")
    appeal_decided_on: Mapped[date | None]
    appeal_member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))


class IdentificationLook(Model):
    """One look at the record. Nobody looks twice at the same case."""

    __tablename__ = "identification_looks"
    __table_args__ = (
        CheckConstraint("position BETWEEN 1 AND 3", name="three_at_most"),
        CheckConstraint(one_of("outcome", OUTCOMES), name="known_outcome"),
        UniqueConstraint("identification_id", "position"),
        UniqueConstraint("identification_id", "member_id"),
    )

    id: Mapped[uuid.UUID] = id_column()
    identification_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identifications.id"))
    position: Mapped[int]
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    outcome: Mapped[str]
    bases: Mapped[list[Any]] = mapped_column(JSON)
    looked_on: Mapped[date]
