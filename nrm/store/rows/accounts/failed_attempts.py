"""The failed tries of a sign-in name, a network or a browser; shared by every process of the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import failed_attempts, words
from nrm.domain.accounts.alarms import REFUSED
from nrm.models.accounts.accounts import FailedTries

_TABLE = FailedTries.__table__
_FOUND = select(_TABLE.c.digest, _TABLE.c.number, _TABLE.c.last_at).where(
    _TABLE.c.digest.in_(bindparam("digests", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Counter:
    """What a failure is counted under."""

    digest: bytes
    limit: failed_attempts.Limit
    of_own_browser: bool = False  # of one in which the person signed in before


def check(counters: Sequence[Counter]) -> None:
    """Raise limits.TooSoon while any of them has to wait; the longest wait is told."""
    rows = db.session.execute(_FOUND, {"digests": [counter.digest for counter in counters]}).all()
    limit_of = {counter.digest: counter.limit for counter in counters}
    refused = []
    for row in rows:
        try:
            failed_attempts.check(row.number, row.last_at, clock.now(), limit_of[row.digest])
        except failed_attempts.TooSoon as too_soon:
            refused.append(too_soon)
    if refused:
        raise max(refused, key=lambda each: each.left)


def check_all(counter: Counter) -> None:
    """Raise TooSoon while as many failures count as cost nothing: then the next try comes when one is forgiven."""
    row = db.session.execute(_FOUND, {"digests": [counter.digest]}).first()
    if row is not None:
        failed_attempts.check_all(row.number, row.last_at, clock.now(), counter.limit)


def count(session: Session, counters: Sequence[Counter]) -> None:
    """One failure more for each. Call it after `audit.append`: writers queue there, so none is lost."""
    now = clock.now()
    for counter in counters:
        row = session.execute(_FOUND, {"digests": [counter.digest]}).first()
        if row is None:
            session.execute(insert(_TABLE).values(digest=counter.digest, number=1, last_at=now))  # type: ignore[arg-type]
            continue
        number = failed_attempts.counted(row.number, row.last_at, now, counter.limit) + 1
        session.execute(
            update(FailedTries).where(FailedTries.digest == counter.digest).values(number=number, last_at=now)
        )


def add(session: Session, counter: Counter, number: int) -> int:
    """So many more at once; returns how many count now. The caller holds a row by which writers queue."""
    now = clock.now()
    row = session.execute(_FOUND, {"digests": [counter.digest]}).first()
    if row is None:
        session.execute(insert(_TABLE).values(digest=counter.digest, number=number, last_at=now))  # type: ignore[arg-type]
        return number
    total = failed_attempts.counted(row.number, row.last_at, now, counter.limit) + number
    session.execute(update(FailedTries).where(FailedTries.digest == counter.digest).values(number=total, last_at=now))
    return total


def forgive(session: Session, counter: Counter) -> None:
    """The right person came: the failures before were mistypings."""
    session.execute(delete(FailedTries).where(FailedTries.digest == counter.digest))


def sweep(session: Session) -> None:
    """Forget what has been forgiven altogether."""
    longest = max(
        limit.free * (len(failed_attempts.DELAYS) + 1) * limit.forgiven_every
        for limit in (failed_attempts.ACCOUNT, failed_attempts.NETWORK, words.TRIES, REFUSED)
    )
    session.execute(delete(FailedTries).where(FailedTries.last_at <= clock.now() - longest))
