"""What was counted of those who send something without an account, sealed anew without what is too old."""

from __future__ import annotations

from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.support import request_limits as rules
from nrm.vault.unattended import request_limits as vault


def seal_anew(session: Session) -> None:
    """Forget what is too old, and seal the rest again: once an hour, and before a backup, whether or not somebody sent
    something."""
    found = vault.read(session, lock=True)
    rules.forget(found.counts, clock.now())
    rules.forget_sent(found.sent, clock.now())
    vault.put(session, found)
