"""What was recorded of a referral by mistake: rows that are appended, and of which only the day becomes coarse."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.referrals.mistakes import Kind
from nrm.domain.referrals.referrals import Escort
from nrm.domain.shelter.corrections import Why
from nrm.models.accounts.accounts import one_of


class ReferralMistake(Model):
    """One entry that takes a departure or an acceptance back: what stood there, who took it back, when and why.

    `settled`: something happened to the referral since then, so that nothing follows from the entry any more.
    """

    __tablename__ = "referral_mistakes"
    __table_args__ = (
        UniqueConstraint("referral_id", "position"),
        CheckConstraint(one_of("kind", Kind), name="known_kind"),
        CheckConstraint(one_of("why", Why), name="known_why"),
        CheckConstraint("position >= 1", name="counted_from_one"),
        CheckConstraint(
            f"(kind = 'departure') = (escort <> '') AND (escort = '' OR {one_of('escort', Escort)})",
            name="departure_with_escort",
        ),
    )

    id: Mapped[uuid.UUID] = id_column()
    referral_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("referrals.id"))
    position: Mapped[int]  # first, second ... of this referral
    kind: Mapped[str]
    why: Mapped[str]
    escort: Mapped[str] = mapped_column(default="")  # that was recorded
    known_on: Mapped[date]  # once the person has arrived: the first day of its quarter
    entered_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    settled: Mapped[bool] = mapped_column(default=False)
    mark: Mapped[bytes]  # a MAC: no key is given back because of a row that was written by hand
