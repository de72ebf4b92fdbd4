"""Calls that tried whether a number of a party is answered; about nobody in a case."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column


class TrialCall(Model):
    """Who tried which number of which party, when, and whether somebody answered."""

    __tablename__ = "trial_calls"
    __table_args__ = (Index("ix_trial_calls_party_telephone", "party", "telephone"),)

    id: Mapped[uuid.UUID] = id_column()
    party: Mapped[str]
    telephone: Mapped[str]
    reached: Mapped[bool]
    called_at: Mapped[datetime]
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
