"""Beginning a session, once everything that was asked is right."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import SESSION_HOURS, Actor, Credentials, Role
from nrm.models.accounts.accounts import Member
from nrm.steps.accounts import key_log
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.vault import keyrings
from nrm.vault import members as vault


def begin(
    session: Session, member: Member, account: Credentials, under: bytes, browsers: str, tries: list[Counter]
) -> str:
    """The cookie of a new session. `under`: the key that the password gave; `browsers`: the cookie of a browser in
    which people signed in before. Raises CannotOpen.

    No key of the member is opened before this.
    """
    keys = vault.open_keys(account, under)
    vault.sign_own(member, keys)
    keyrings.unwrap_all(session, account.id, account.organisation_id, keys)
    seen, contradicts = key_log.end_seen(session, account.login, browsers)
    new = vault.new_session(account.id, keys, seen)
    now = clock.now()
    new.row.created_at = new.row.seen_at = new.row.proved_at = now
    new.row.expires_at = now + timedelta(hours=SESSION_HOURS)
    vault.mark_session(new.row, account.organisation_id)
    session.add(new.row)
    failed_attempt_rows.forgive(session, tries[0])
    by = Actor(account.id, account.organisation_id, Role(account.role))
    audit.append(session, audit.Event.SIGNED_IN, by=by)
    if contradicts:
        audit.append(session, audit.Event.KEY_LOG_CONTRADICTED, by=by, entry=seen.number)
    return new.cookie
