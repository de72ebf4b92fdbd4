"""Acts that destroy something, each with who did or asked for it and who agreed. Ids and codes only."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.accounts.second_hands import ActKind, ActReason, ActStatus
from nrm.models.accounts.accounts import one_of

_OPEN = text("status = 'asked'")


class HeavyAct(Model):
    """A case that is destroyed or an account that ends: done by one member alone, or waiting for a second one."""

    __tablename__ = "heavy_acts"
    __table_args__ = (
        CheckConstraint(one_of("kind", ActKind), name="known_kind"),
        CheckConstraint(one_of("reason", ActReason), name="known_reason"),
        CheckConstraint(one_of("status", ActStatus), name="known_status"),
        CheckConstraint(
            "(kind IN ('withdraw', 'erase') AND case_id IS NOT NULL AND member_id IS NULL)"
            " OR (kind IN ('end_account', 'begin_anew') AND member_id IS NOT NULL AND case_id IS NULL)",
            name="about_a_case_or_a_member",
        ),
        CheckConstraint(
            "status <> 'agreed' OR (decided_by_id IS NOT NULL AND decided_by_id <> asked_by_id)",
            name="agreed_by_another",
        ),
        CheckConstraint("(status = 'asked') = (decided_at IS NULL)", name="decided_at_some_time"),
        CheckConstraint("member_id IS NULL OR member_id <> asked_by_id", name="never_ones_own_account"),
        CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> member_id OR member_id IS NULL", name="never_by_them"
        ),
        Index("ix_heavy_acts_asked_by_id_decided_at", "asked_by_id", "decided_at"),
        Index("ix_heavy_acts_organisation_id_status", "organisation_id", "status"),
        Index("uq_heavy_acts_case_id", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("uq_heavy_acts_member_id", "member_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    asked_at: Mapped[datetime]
    kind: Mapped[str]
    reason: Mapped[str]
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    status: Mapped[str]
    decided_at: Mapped[datetime | None]  # when it was done, agreed to, declined, or over
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    expires_at: Mapped[datetime]
    mark: Mapped[bytes | None]  # a MAC over all of it: nobody can agree to a row written by hand
