"""How often somebody without an account sends something, for all workers together (ADR 0188).

Nothing is recorded: the audit chain has hours.
"""

from __future__ import annotations

from nrm import clock
from nrm.db import db, transaction
from nrm.domain.support import request_limits as rules
from nrm.domain.support.request_limits import Few
from nrm.vault.unattended import request_limits as vault

_TRIES = 5


def left(*, few: Few, sender: str) -> float:
    """In how many seconds `sender` may do it again; 0 for now. Writes nothing."""
    found = vault.read(db.session())
    db.session.rollback()
    return rules.left(found.counts, found.who(few.name, sender), few, clock.now())


def take(*, few: Few, sender: str) -> float:
    """Count it, if `sender` may do it now: 0; else in how many seconds they may, and nothing is written."""
    wait = left(few=few, sender=sender)
    for _ in range(_TRIES):
        if wait:
            break
        with transaction() as session:
            found = vault.read(session, lock=True)
            who = found.who(few.name, sender)
            wait = rules.left(found.counts, who, few, clock.now())
            if not wait:
                rules.count(found.counts, who, clock.now())
                if vault.put(session, found):
                    return 0.0
    return wait or 1.0
