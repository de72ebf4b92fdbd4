"""Acts that destroy something, each with who did or asked for it and who agreed. Ids and codes only."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.accounts.second_hands import ActKind, ActReason, ActStatus, Heard, Undone
from nrm.models.accounts.accounts import one_of

_OPEN = text("status IN ('asked', 'parked')")


class HeavyAct(Model):
    """A case that is destroyed or an account that ends: done by one member alone, or waiting for a second one.

    `parked_at`: since when the case opens for nobody; `final_at`: when what it keeps is destroyed, if nothing happens.
    """

    __tablename__ = "heavy_acts"
    __table_args__ = (
        CheckConstraint(one_of("kind", ActKind), name="known_kind"),
        CheckConstraint(one_of("reason", ActReason), name="known_reason"),
        CheckConstraint(one_of("status", ActStatus), name="known_status"),
        CheckConstraint(
            "(kind IN ('withdraw', 'erase') AND case_id IS NOT NULL AND member_id IS NULL)"
            " OR (kind IN ('end_account', 'begin_anew', 'let_back') AND member_id IS NOT NULL AND case_id IS NULL)",
            name="about_a_case_or_a_member",
        ),
        CheckConstraint(
            "status <> 'agreed' OR (decided_by_id IS NOT NULL AND decided_by_id <> asked_by_id)",
            name="agreed_by_another",
        ),
        CheckConstraint("(status IN ('asked', 'parked')) = (decided_at IS NULL)", name="decided_at_some_time"),
        CheckConstraint(one_of("heard", ("", *Heard)), name="known_heard"),
        CheckConstraint(one_of("undone", ("", *Undone)), name="known_undone"),
        CheckConstraint("parked_at IS NULL OR case_id IS NOT NULL", name="only_a_case_is_parked"),
        CheckConstraint(
            "(status <> 'parked' OR parked_at IS NOT NULL) AND (final_at IS NULL OR parked_at IS NOT NULL)",
            name="parked_at_some_time",
        ),
        CheckConstraint(
            "(seen_at IS NULL) = (seen_by_id IS NULL) AND (seen_by_id IS NULL OR seen_by_id <> asked_by_id)",
            name="seen_by_another",
        ),
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
    parked_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    many: Mapped[bool] = mapped_column(default=False, server_default=false())  # one too many for one hand
    signed_on: Mapped[date | None]  # the day on a form that the person signed, as the one who asked says
    seen_at: Mapped[datetime | None]  # when a second member saw it
    seen_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    heard: Mapped[str] = mapped_column(default="", server_default="")  # from where who agreed knows the person's wish
    undone: Mapped[str] = mapped_column(default="", server_default="")
    mark: Mapped[bytes | None]  # a MAC over all of it: nobody can agree to a row written by hand
