"""The audit chain: appended in the transaction of the change it tells of.

An entry's hash is SHA-256 over its number, its event, who, which ids, when, and the hash before. Details hold ids and
closed codes only, never free text.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import cast

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.accounts import Actor
from nrm.models.audit import AuditEntry

_CHAIN_LOCK = 0x6E726D  # any fixed number: PostgreSQL's writers queue for the end of the chain behind it
_GENESIS = bytes(32)


class Event(StrEnum):
    """What can have happened, in the past tense."""

    INSTANCE_MADE = "instance_made"
    MEMBER_INVITED = "member_invited"
    INVITATION_ACCEPTED = "invitation_accepted"
    MEMBER_CONFIRMED = "member_confirmed"
    MEMBER_DISABLED = "member_disabled"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event's name
    COMPARTMENT_OPENED = "compartment_opened"
    OPENING_FAILED = "opening_failed"
    INTERVIEW_STARTED = "interview_started"
    INTERVIEW_SAVED = "interview_saved"
    INTERVIEW_DISCARDED = "interview_discarded"
    INTERVIEW_EXPIRED = "interview_expired"
    INTERVIEW_IMPORTED = "interview_imported"
    INTERVIEW_ENDED = "interview_ended"
    HELP_REFUSED = "help_refused"
    CASE_OPENED = "case_opened"
    CASE_CLOSED = "case_closed"
    COMPARTMENT_WRITTEN = "compartment_written"
    NOTE_ADDED = "note_added"
    REFERRAL_SENT = "referral_sent"
    REFERRAL_ACCEPTED = "referral_accepted"
    REFERRAL_DECLINED = "referral_declined"
    REFERRAL_WITHDRAWN = "referral_withdrawn"
    REFERRAL_EXPIRED = "referral_expired"
    REFERRAL_ARRIVED = "referral_arrived"
    REFERRAL_NOT_ARRIVED = "referral_not_arrived"
    REFERRAL_ASSIGNED = "referral_assigned"
    REFERRAL_PROMISED = "referral_promised"
    REFERRAL_OFFERED = "referral_offered"
    CASE_SHARED = "case_shared"
    SHARE_ENDED = "share_ended"
    OBLIGATION_ACKNOWLEDGED = "obligation_acknowledged"
    STAY_BEGUN = "stay_begun"
    STAY_CHANGED = "stay_changed"
    STAY_ENDED = "stay_ended"
    BED_CHANGED = "bed_changed"
    PERMIT_RECORDED = "permit_recorded"
    TESTIMONY_RECORDED = "testimony_recorded"
    QUARTER_CLOSED = "quarter_closed"
    QUARTER_REFUSED = "quarter_refused"
    KEYS_DESTROYED = "keys_destroyed"


def append(session: Session, event: Event, *, by: Actor, **details: uuid.UUID | str | int | None) -> None:
    """Add one entry in the present transaction. `details` are ids and closed codes."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_QUEUE, {"key": _CHAIN_LOCK})
    last = connection.execute(_LAST).first()
    number, before = (last.id + 1, last.hash) if last else (1, _GENESIS)
    entry = {
        "id": number,
        "event": str(event),
        "at": clock.now().isoformat(timespec="microseconds"),
        "member_id": str(by.member_id or by.duty),
        "organisation_id": str(by.organisation_id or ""),
        "details": json.dumps(
            {
                key: value if isinstance(value, int) else str(value)
                for key, value in details.items()
                if value is not None
            },
            sort_keys=True,
            separators=(",", ":"),
        ),
    }
    connection.execute(_APPEND, {**entry, "hash": _hash(before, entry)})


def verify(session: Session) -> Iterator[tuple[int, str]]:
    """The findings: (number of the bad entry, what is wrong with it). None means the chain is whole."""
    before, expected = _GENESIS, 1
    statement = select(AuditEntry.__table__).order_by(AuditEntry.id).execution_options(yield_per=5000)
    for row in session.execute(statement).mappings():
        if row["id"] != expected:
            yield expected, f"missing; the next entry found is {row['id']}"
            return
        entry = {name: row[name] for name in ("id", "event", "at", "member_id", "organisation_id", "details")}
        if _hash(before, entry) != row["hash"]:
            yield expected, "changed, or put in another place: its hash does not follow from the entry before"
            return
        before, expected = row["hash"], expected + 1


def length(session: Session) -> int:
    """How many entries there are."""
    return session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()


def _hash(before: bytes, entry: Mapping[str, object]) -> bytes:
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(before + canonical.encode()).digest()


_TABLE = cast(Table, AuditEntry.__table__)
_LAST = select(_TABLE.c.id, _TABLE.c.hash).order_by(_TABLE.c.id.desc()).limit(1)
_APPEND = insert(_TABLE)
_QUEUE = text("SELECT pg_advisory_xact_lock(:key)")
