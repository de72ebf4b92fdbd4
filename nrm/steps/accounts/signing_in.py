"""Beginning a session, once everything that was asked is right."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import SESSION_HOURS, Actor, Credentials, Role
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.vault import keyrings
from nrm.vault import members as vault


def begin(session: Session, account: Credentials, under: bytes, tries: list[Counter]) -> str:
    """The cookie of a new session. `under`: the key that the password gave. Raises CannotOpen.

    No key of the member is opened before this.
    """
    keys = vault.open_keys(account, under)
    keyrings.unwrap_all(session, account.id, account.organisation_id, keys)
    new = vault.new_session(account.id, keys)
    now = clock.now()
    new.row.created_at = new.row.seen_at = new.row.proved_at = now
    new.row.expires_at = now + timedelta(hours=SESSION_HOURS)
    vault.mark_session(new.row, account.organisation_id)
    session.add(new.row)
    failed_attempt_rows.forgive(session, tries[0])
    audit.append(session, audit.Event.SIGNED_IN, by=Actor(account.id, account.organisation_id, Role(account.role)))
    return new.cookie
