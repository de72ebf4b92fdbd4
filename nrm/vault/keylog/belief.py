"""To whose key something is sealed: what the log vouches for; for 60 days after an upgrade, what was genuine before.

The list of before was written once, by `nrm upgrade`, under the store key and into the second database. Nothing is
added to it later; what it says of an organisation ends with its founding.

Decided in ADR 0099.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, bindparam, insert, select
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.db import db
from nrm.domain.accounts.key_log_entries import hour_of
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.accounts.key_log import KeyLogBefore, KeyLogMemberBefore
from nrm.prepared import AnySession, Prepared
from nrm.vault.keylog import log
from nrm.vault.marks import check_row_mac, is_right_row_mac, microseconds, report, row_mac

BEFORE_DAYS = 60
_BEFORE = KeyLogBefore.__table__.c
_LISTED = Prepared(
    select(_BEFORE.version, _BEFORE.public, _BEFORE.frozen_at, _BEFORE.mark).where(
        _BEFORE.organisation_id == bindparam("organisation_id")
    )
)


@dataclass(frozen=True, slots=True)
class Believed:
    """A version of an organisation's keyring to which something may be sealed. `spent`: somebody left who held it, so
    that it is handed nothing any more that it did not hold. `suspended`: nor is one whose party takes no part for some
    hours."""

    version: int
    public: bytes
    founded: bool
    spent: bool = False
    suspended: bool = False


def _engine() -> Engine:
    return db.engines["shred"]


def keyring_of(session: AnySession, organisation_id: uuid.UUID, *, own: bool = False) -> Believed | None:
    """The keyring that the log vouches for, else that of the list; None for neither.

    Raises LogWrong; for the asker's own organisation the last state that was right is enough.
    """
    state = log.last_state(session) if own else log.state(session)
    found = state.organisations.get(organisation_id)
    if found is not None:
        if found.version and (own or state.is_vouched_for(organisation_id)):
            suspended = found.takes_no_part(hour_of(clock.now()))
            return Believed(found.version, found.public, founded=True, spent=found.spent, suspended=suspended)
        return None
    return _listed(organisation_id)


def _listed(organisation_id: uuid.UUID) -> Believed | None:
    row = _LISTED.first_of(_engine(), {"organisation_id": organisation_id})
    if row is None or clock.now() - row.frozen_at >= timedelta(days=BEFORE_DAYS):
        return None
    if not is_right_row_mac(row.mark, "keyring before", organisation_id, *_parts(row)):
        return None
    return Believed(row.version, bytes(row.public), founded=False)


def _parts(row: object) -> tuple[int, bytes, int]:
    return row.version, bytes(row.public), microseconds(row.frozen_at)  # type: ignore[attr-defined]


def days_left(session: AnySession, organisation_id: uuid.UUID) -> int | None:
    """For how many days an organisation that is not vouched for yet is sealed to; None once it is founded, or never."""
    if organisation_id in log.last_state(session).organisations or _listed(organisation_id) is None:
        return None
    row = _LISTED.first_of(_engine(), {"organisation_id": organisation_id})
    since: datetime = row.frozen_at if row is not None else clock.now()
    return max(0, BEFORE_DAYS - (clock.now() - since).days)


def all_days_left(session: AnySession) -> dict[uuid.UUID, int]:
    """`days_left` of every organisation on the list that is not founded; 0 for one whose days are over."""
    founded = log.last_state(session).organisations
    with _engine().connect() as connection:
        rows = connection.execute(select(KeyLogBefore)).all()
    return {
        row.organisation_id: max(0, BEFORE_DAYS - (clock.now() - row.frozen_at).days)
        for row in rows
        if row.organisation_id not in founded
        and is_right_row_mac(row.mark, "keyring before", row.organisation_id, *_parts(row))
    }


def is_from_before(at: datetime) -> bool:
    """Whether the moment lies before the upgrade that brought the key log, by the list that it wrote."""
    with _engine().connect() as connection:
        row = connection.execute(select(KeyLogBefore).order_by(KeyLogBefore.frozen_at).limit(1)).first()
    if row is None or not is_right_row_mac(row.mark, "keyring before", row.organisation_id, *_parts(row)):
        return False
    return bool(at <= row.frozen_at)


def freeze(session: Session) -> int:
    """Write the list: the organisations whose newest keyring is genuine, the members whose keys are. How many.

    Does nothing once there is a list, or a log.
    """
    with _engine().connect() as connection:
        there = connection.execute(select(KeyLogBefore.organisation_id).limit(1)).first()
    if there is not None or log.state(session).number:
        return 0
    now = clock.now()
    organisations = []
    genuine = set()
    newest: dict[uuid.UUID, Keyring] = {}
    for keyring in session.scalars(select(Keyring).order_by(Keyring.version)):
        newest[keyring.organisation_id] = keyring
    for organisation_id, keyring in newest.items():
        organisation = session.get_one(Organisation, organisation_id)
        bound = (organisation.kind, organisation.party, keyring.version, keyring.public)
        if not is_right_row_mac(keyring.mark, "keyring", organisation_id, *bound):
            continue
        genuine.add(keyring.id)
        values = {"version": keyring.version, "public": bytes(keyring.public), "frozen_at": now}
        mark = row_mac("keyring before", organisation_id, keyring.version, bytes(keyring.public), microseconds(now))
        organisations.append({"organisation_id": organisation_id, **values, "mark": mark})
    members = [row for row in (_genuine(session, member, genuine) for member in session.scalars(select(Member))) if row]
    with _engine().begin() as connection:
        if organisations:
            connection.execute(insert(KeyLogBefore), organisations)
        if members:
            connection.execute(insert(KeyLogMemberBefore), members)
    return len(organisations)


def _genuine(session: Session, member: Member, keyrings: set[uuid.UUID]) -> dict[str, object] | None:
    """The row of an active member whose keys carry right marks, and to whom a colleague's voucher belongs if keys are
    held where they work."""
    if member.status != "active" or member.kem_public is None or member.sign_public is None:
        return None
    try:
        check_row_mac(member.kem_mark, "member", member.id, member.organisation_id, member.kem_public)
        check_row_mac(member.sign_mark, "signing key", member.id, member.organisation_id, member.sign_public)
    except crypto.CannotOpen:
        return None
    wraps = select(KeyringWrap.voucher).where(
        KeyringWrap.member_id == member.id, KeyringWrap.keyring_id.in_(keyrings), KeyringWrap.voucher.is_not(None)
    )
    holds_keys = session.scalar(select(Keyring.id).where(Keyring.organisation_id == member.organisation_id).limit(1))
    if holds_keys is not None and session.scalar(wraps) is None:
        report("voucher", member.id)
        return None
    parts = (member.organisation_id, member.role, bytes(member.kem_public), bytes(member.sign_public))
    return {
        "member_id": member.id,
        "organisation_id": member.organisation_id,
        "role": member.role,
        "kem_public": parts[2],
        "sign_public": parts[3],
        "mark": row_mac("member before", member.id, *parts),
    }
