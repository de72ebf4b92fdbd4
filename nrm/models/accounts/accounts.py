"""Organisations, members, their keys and sessions."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from nrm.db import Model, id_column
from nrm.domain.accounts.accounts import OrganisationKind, Role
from nrm.domain.accounts.members import KeyHappening


def one_of(column: str, codes: type[StrEnum] | tuple[str, ...]) -> str:
    """The text of a check constraint that holds a column to a list of codes."""
    return f"{column} IN ({', '.join(repr(str(code)) for code in codes)})"


class Instance(Model):
    """One row, written once: the country, whether its people are synthetic, whether a second factor is asked."""

    __tablename__ = "instances"
    __table_args__ = (CheckConstraint("singleton = 1", name="one_row"), UniqueConstraint("singleton"))

    id: Mapped[uuid.UUID] = id_column()
    singleton: Mapped[int] = mapped_column(default=1)
    country: Mapped[str]
    synthetic: Mapped[bool]
    second_factor: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]
    mark: Mapped[bytes | None]  # a MAC over all of it


class Organisation(Model):
    """A crossing point, a shelter, an authority. Its kind never changes: it is inside the context of every grant."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(one_of("kind", OrganisationKind), name="known_kind"),
        CheckConstraint("cover_minutes IN (2, 5)", name="covers_soon"),
    )

    id: Mapped[uuid.UUID] = id_column()
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    party: Mapped[str]  # the party of the agreement it acts as
    crossing_point: Mapped[str] = mapped_column(default="")
    names: Mapped[dict[str, str]] = mapped_column(JSON, server_default=text("'{}'"))  # by language
    telephone: Mapped[str] = mapped_column(default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    suspended_at: Mapped[datetime | None]  # the last time, also once it was let in again
    keyring_due_at: Mapped[datetime | None]  # since when a new keyring is due, because a key holder left
    anew_due_at: Mapped[datetime | None]  # since when keys that a former key holder may have kept still open something
    # After how many idle minutes a session with a shift covers itself.
    cover_minutes: Mapped[int] = mapped_column(default=5, server_default=text("5"))
    names_salt: Mapped[bytes | None]  # 16 bytes that hide the names in the key log


class Member(Model):
    """A person with an account. The private halves of the keys are sealed under the password and the recovery code."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="known_role"),
        CheckConstraint(one_of("status", ("invited", "waiting", "active", "disabled")), name="known_status"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    status: Mapped[str] = mapped_column(default="invited")
    created_at: Mapped[datetime]
    salt: Mapped[bytes | None]
    verifier: Mapped[bytes | None]
    kem_public: Mapped[bytes | None]
    kem_mark: Mapped[bytes | None]  # a MAC over owner and public key: nothing is sealed to a key written by hand
    sign_public: Mapped[bytes | None]
    sign_mark: Mapped[bytes | None]  # the MAC of the public half with which the member's signatures are checked
    sealed_kem: Mapped[bytes | None]
    sealed_sign: Mapped[bytes | None]
    sealed_kem_recovery: Mapped[bytes | None]
    sealed_sign_recovery: Mapped[bytes | None]
    sealed_totp: Mapped[bytes | None]
    totp_step: Mapped[int | None] = mapped_column(BigInteger())  # the last 30 seconds a code was accepted for
    totp_reset_at: Mapped[datetime | None]  # when somebody took the second factor away, until there is a new one
    code_checked_at: Mapped[datetime | None]  # when the member re-typed the present recovery code
    # What the key log needs of them: how often they made keys, 16 bytes that hide the name, and their own signature.
    serial: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    name_salt: Mapped[bytes | None]
    own_signature: Mapped[bytes | None]
    # With which memory (KiB) and passes the password was derived; it is tried with these.
    argon2_kib: Mapped[int | None]
    argon2_passes: Mapped[int | None]
    # Failures since the last sign-in, in browsers that the member knows and elsewhere.
    failed_known: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failed_elsewhere: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # Wrong codes with the right password: of the member's own browsers since the last sign-in there; elsewhere since
    # the password was set or a colleague let the member in.
    codes_known: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    codes_elsewhere: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    signed_in_at: Mapped[datetime | None]  # the last time
    waits_at: Mapped[datetime | None]  # since when the account waits until a colleague lets the member in
    left_at: Mapped[datetime | None]  # when the account was ended, as long as its keys are kept
    # After a recovery: nothing opens before the next code is typed in.
    code_due: Mapped[bool] = mapped_column(default=False, server_default=false())


class Invitation(Model):
    """A one-time link: only the digest of its 128 bits is kept.

    `by_id`: who made it; None for the first administrator's link and for links older than this column.
    """

    __tablename__ = "invitations"

    id: Mapped[uuid.UUID] = id_column()
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))
    mark: Mapped[bytes | None]  # a MAC over whose link it is, by which sign-in name, until when, and who made it


class Keyring(Model):
    """The X25519 pair of an organisation; the public half in clear, the private half only in wraps."""

    __tablename__ = "keyrings"
    __table_args__ = (UniqueConstraint("organisation_id", "version"),)

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    version: Mapped[int]
    public: Mapped[bytes]
    mark: Mapped[bytes]  # a MAC over organisation, kind, party, version and public key
    # The key that recognises an imported line, under a key of the private half. None: version 1 derives it (older
    # instances).
    sealed_import_key: Mapped[bytes | None]
    created_at: Mapped[datetime]


class KeyringWrap(Model):
    """A keyring's private half, wrapped to one member."""

    __tablename__ = "keyring_wraps"
    __table_args__ = (UniqueConstraint("keyring_id", "member_id"),)

    id: Mapped[uuid.UUID] = id_column()
    keyring_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("keyrings.id"))
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), index=True)
    sealed_private: Mapped[bytes]
    voucher: Mapped[bytes | None]  # a MAC only a holder of the private half could make: this member was confirmed


class KeyEvent(Model):
    """What happened with the keys of an organisation's members, shown to all of them."""

    __tablename__ = "key_events"
    __table_args__ = (
        CheckConstraint(one_of("event", KeyHappening), name="known_event"),
        Index("ix_key_events_organisation_id_at", "organisation_id", "at"),
    )

    id: Mapped[uuid.UUID] = id_column()
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    at: Mapped[datetime]
    event: Mapped[str]
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # whom it concerns
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"))  # who did it
    version: Mapped[int | None]  # of the keyring
    before: Mapped[str] = mapped_column(server_default="")  # of another role its code, of another name the name
    after: Mapped[str] = mapped_column(server_default="")


class MemberSession(Model):
    """A signed-in browser: its row is useless without the key in its cookie.

    A session that ended keeps its row for a day without its key, so that a form sent too late can be given back to
    the person who typed it. A locked one has no key either, until the password brings it back. `whose_mark` is valid as
    long as the row exists; `mark` covers everything that decides, and is not valid after the session has ended.
    """

    __tablename__ = "member_sessions"
    __table_args__ = (Index("ix_member_sessions_expires_at", "expires_at"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), index=True)
    sealed_keys: Mapped[bytes | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]  # the last time the person showed that it is them
    locked: Mapped[bool] = mapped_column(default=False, server_default=false())
    covers_after: Mapped[
        int | None
    ]  # idle minutes after which it covers itself; None: without a shift, it ends instead
    wrong_proofs: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # while it is locked
    # Begun by the password alone, because the telephone is lost: nothing opens before a colleague types the words.
    lacks_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    whose_mark: Mapped[bytes | None]
    mark: Mapped[bytes | None]
    sealed_head: Mapped[bytes | None]  # the end of the key log that this session saw, under the session's key
    # The kind of browser and of machine, as codes (`domain/accounts/browsers.py`).
    browser: Mapped[str] = mapped_column(default="", server_default=text("''"))
    device: Mapped[str] = mapped_column(default="", server_default=text("''"))
    # What the member is told in this session: failures since the sign-in before, and when that was.
    failed_known: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failed_elsewhere: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    before_at: Mapped[datetime | None]
    asks_password: Mapped[bool] = mapped_column(default=False, server_default=false())  # before anything else is done


class HiddenPage(Model):
    """What a member had typed on the page they hid, sealed to their own key: only their password opens it."""

    __tablename__ = "hidden_pages"

    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    sealed_page: Mapped[bytes]
    hidden_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]


class ShownSecret(Model):
    """A recovery code or an invitation link that was just made, sealed under a key that only a browser's cookie holds.

    `digest`: of that key. `member_id`: to whom it is shown; None on the public pages, where nobody is signed in yet.
    """

    __tablename__ = "shown_secrets"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id"), index=True)
    sealed_secret: Mapped[bytes]
    made_at: Mapped[datetime] = mapped_column(index=True)


class FailedTries(Model):
    """How often somebody failed to sign in, under a MAC of the sign-in name, the network or the browser."""

    __tablename__ = "failed_tries"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    number: Mapped[int]
    last_at: Mapped[datetime]
