"""The ends of the key log that the second database knows: who writes to the main one alone cannot shorten the log.

An end is announced before the main transaction commits and confirmed after it. Right is an end that is announced or
confirmed, and not below the highest that is confirmed. Dying between the steps leaves an announcement: of an entry that
was not committed it is replaced by the next one, of one that was committed it is as good as confirmed.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine, bindparam, delete, insert, select, update

from nrm.db import db, hit_one, hold_the_pair
from nrm.domain.accounts.key_log_entries import DIGEST_BYTES
from nrm.models.accounts.key_log import KeyLogHead
from nrm.prepared import Prepared


class Head(NamedTuple):
    """The number and the digest of an entry; 0 and zeros before the first."""

    number: int
    digest: bytes


NONE = Head(0, bytes(DIGEST_BYTES))
_HEADS = KeyLogHead.__table__.c
_CONFIRMED = Prepared(
    select(_HEADS.number, _HEADS.digest).where(_HEADS.confirmed.is_(True)).order_by(_HEADS.number.desc()).limit(1)
)
_THERE = Prepared(
    select(_HEADS.confirmed).where(_HEADS.number == bindparam("number"), _HEADS.digest == bindparam("digest"))
)


def _engine() -> Engine:
    return db.engines["shred"]


def confirmed() -> Head:
    """The highest end that is confirmed."""
    found = _CONFIRMED.first_of(_engine(), {})
    return NONE if found is None else Head(found.number, bytes(found.digest))


def is_there(head: Head) -> bool:
    """Whether this end is announced or confirmed."""
    return _THERE.first_of(_engine(), head._asdict()) is not None


def announce(head: Head) -> None:
    """Announce an end before the main transaction commits; the caller holds the log's lock.

    Replaces what was announced for this place or a later one and never confirmed: its transaction failed.
    """
    hold_the_pair()
    with _engine().begin() as connection:
        connection.execute(delete(KeyLogHead).where(KeyLogHead.number >= head.number, KeyLogHead.confirmed.is_(False)))
        connection.execute(insert(KeyLogHead), [{**head._asdict(), "confirmed": False}])


def confirm(head: Head) -> None:
    """Confirm an end that the main database committed: none below it is right from now on. Can be repeated.

    The lock of the log is released by then, so the next end may be confirmed at the same time. Each changes its own row
    and deletes those below it: both take the rows in one order, or each could hold what the other waits for.
    """
    with _engine().begin() as connection:
        connection.execute(
            select(_HEADS.number).where(_HEADS.number <= head.number).order_by(_HEADS.number).with_for_update()
        ).all()
        hit = hit_one(
            connection,
            update(KeyLogHead)
            .where(KeyLogHead.number == head.number, KeyLogHead.digest == head.digest)
            .values(confirmed=True),
        )
        if hit:
            connection.execute(delete(KeyLogHead).where(KeyLogHead.number < head.number))


def announce_more(head: Head) -> None:
    """Announce a further entry of the same transaction: what it announced before stays."""
    with _engine().begin() as connection:
        connection.execute(insert(KeyLogHead), [{**head._asdict(), "confirmed": False}])
