"""Passkeys of members, and the challenges that wait for an answer."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, ShredModel, id_column
from nrm.domain.accounts.passkeys import Purpose
from nrm.models.accounts.accounts import one_of


class Passkey(Model):
    """The public half of a key on a member's device. What never changes is signed by the member's own signing key."""

    __tablename__ = "passkeys"
    __table_args__ = (CheckConstraint("counter >= 0", name="counts_up"),)

    id: Mapped[uuid.UUID] = id_column()
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), index=True)
    credential: Mapped[bytes] = mapped_column(unique=True)  # the name that the device gave it
    public_key: Mapped[bytes]  # COSE
    host: Mapped[str]  # of the address for which it was made
    name: Mapped[str]
    made_at: Mapped[datetime]
    signature: Mapped[bytes]
    counter: Mapped[int] = mapped_column(BigInteger())  # what the key counted at its last use; 0 for one that does not
    used_at: Mapped[datetime | None]
    went_back_at: Mapped[datetime | None]  # when its count did not rise, the last time: there may be a copy
    mark: Mapped[bytes]  # over the three columns above


class PasskeyChallenge(Model):
    """A challenge that waits for its one answer. `bound_to`: the session, or the page after a right password.

    `sealed_waiting`: what signing in goes on with, under a key that lies in that page alone.
    """

    __tablename__ = "passkey_challenges"
    __table_args__ = (CheckConstraint(one_of("purpose", Purpose), name="known_purpose"),)

    challenge: Mapped[bytes] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), index=True)
    purpose: Mapped[str]
    bound_to: Mapped[bytes]
    sealed_waiting: Mapped[bytes | None]
    own_browser: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # the member signed in there before
    made_at: Mapped[datetime]
    mark: Mapped[bytes]


class RemovedFactor(ShredModel):
    """A passkey or a telephone that was removed, by a digest: its row is none any more, also put back later."""

    __tablename__ = "removed_passkeys"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
