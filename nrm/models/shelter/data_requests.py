"""What people asked for: a copy, erasure, or that something ends."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.shelter.data_requests import Refusal, RequestKind, RequestStatus
from nrm.models.accounts.accounts import one_of


class PersonRequest(Model):
    """A request under the code of a case. The person who recorded it must not learn whether there is such a case."""

    __tablename__ = "person_requests"
    __table_args__ = (
        CheckConstraint(one_of("kind", tuple(RequestKind)), name="known_kind"),
        CheckConstraint(one_of("status", tuple(RequestStatus)), name="known_status"),
        CheckConstraint(one_of("reason", ("", *Refusal)), name="known_reason"),
        CheckConstraint("(status = 'refused') = (reason <> '')", name="refused_for_a_reason"),
        CheckConstraint("(status = 'open') = (answered_on IS NULL)", name="answered_on_a_day"),
        Index("ix_person_requests_case_id", "case_id"),
        Index("ix_person_requests_organisation_id_asked_on", "organisation_id", "asked_on"),
        Index("ix_person_requests_status_asked_on", "status", "asked_on"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))  # whom the person asked
    pseudonym: Mapped[str]
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))  # None: no case has this code
    kind: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    asked_on: Mapped[date]
    answered_on: Mapped[date | None]
