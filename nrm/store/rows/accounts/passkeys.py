"""Passkeys and challenges as rows, for steps that decided who may ask; whether one is genuine, the vault says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.passkeys import Passkey, PasskeyChallenge


def of_member(member_id: uuid.UUID) -> Sequence[Passkey]:
    """The rows of a member, the oldest first."""
    statement = select(Passkey).where(Passkey.member_id == member_id).order_by(Passkey.made_at, Passkey.id)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def is_taken(credential: bytes) -> bool:
    """Whether some member has a key that its device calls so."""
    return db.session.scalar(select(Passkey.id).where(Passkey.credential == credential)) is not None


def challenge(value: bytes) -> PasskeyChallenge | None:
    """The challenge, if it waits for an answer, as it was at this moment: the first answer deletes its row."""
    return _as_it_was(select(PasskeyChallenge).where(PasskeyChallenge.challenge == value))


def challenge_bound_to(bound_to: bytes) -> PasskeyChallenge | None:
    """The challenge of the page after a right password; as `challenge`."""
    return _as_it_was(select(PasskeyChallenge).where(PasskeyChallenge.bound_to == bound_to))


def _as_it_was(statement: Select[PasskeyChallenge]) -> PasskeyChallenge | None:
    found = db.session.scalars(statement.limit(1)).first()
    if found is not None:
        db.session.expunge(found)
    return found


def unanswered(session: Session, until: datetime) -> Sequence[tuple[uuid.UUID, uuid.UUID, str]]:
    """(member, organisation, purpose) of the challenges that nobody answered in time."""
    rows = session.execute(
        select(Member.id, Member.organisation_id, PasskeyChallenge.purpose)
        .join(Member, Member.id == PasskeyChallenge.member_id)
        .where(PasskeyChallenge.made_at <= until)
        .order_by(PasskeyChallenge.made_at, PasskeyChallenge.challenge)
    )
    return [(member_id, organisation_id, purpose) for member_id, organisation_id, purpose in rows]


def forget_challenges(session: Session, until: datetime) -> None:
    """Delete the challenges that nobody answered in time."""
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.made_at <= until))
