"""Beginning a session, once everything that was asked is right."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import SESSION_HOURS, Actor, Credentials, Role, WeakPassword
from nrm.domain.accounts.browsers import kinds_of
from nrm.models.accounts.accounts import Member
from nrm.steps.accounts import ceremonies, key_log, passkeys, tallies
from nrm.steps.accounts.credentials import Asker
from nrm.steps.accounts.new_passwords import check_new
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.vault import keyrings
from nrm.vault import members as vault


@dataclass(frozen=True, slots=True, repr=False)
class Proved:
    """What a right password gave, and what has to happen with it at this sign-in.

    `under`: the key that the member's keys are sealed under; `again`: under what they are sealed from now on, because
    the settings ask for more than on the day the password was set; `asks_password`: the rules became stricter since.
    """

    under: bytes
    again: vault.Derived | None
    asks_password: bool

    def packed(self) -> bytes:
        """As bytes, to be sealed while a passkey is asked."""
        again = self.again and (self.again.salt.hex(), self.again.root.hex(), self.again.kib, self.again.passes)
        return json.dumps([self.under.hex(), again, self.asks_password]).encode()


def unpacked(payload: bytes) -> Proved:
    """What `Proved.packed` gave."""
    under, again, asks_password = json.loads(payload)
    derived = again and vault.Derived(bytes.fromhex(again[0]), bytes.fromhex(again[1]), again[2], again[3])
    return Proved(bytes.fromhex(under), derived, asks_password)


def proved(account: Credentials, under: bytes, password: str) -> Proved:
    """What `begin` needs of a right password; it may take as long as the proof itself."""
    again = None if vault.is_costly_as_now(account) else vault.derived(password)
    try:
        check_new(password, db.session.get_one(Member, account.id))
        asks_password = False
    except WeakPassword:
        asks_password = True
    finally:
        db.session.rollback()
    return Proved(under, again, asks_password)


def begin(
    session: Session,
    member: Member,
    account: Credentials,
    right: Proved,
    asker: Asker,
    tries: list[Counter],
    *,
    lacks_factor: bool = False,
) -> str:
    """The cookie of a new session. Raises CannotOpen.

    No key of the member is opened before this. `lacks_factor`: the second factor is lost, and the session opens nothing
    before a colleague has typed the words for another one; what failed since the last sign-in is told later.
    """
    factor = passkeys.any_factor(account)
    keys = vault.open_keys(account, right.under, factor=factor)
    vault.sign_own(member, keys)
    if right.again is not None:
        vault.seal_under(member, keys, right.again, factor=factor)
        keys = replace(keys, under=right.again.under)
    elif not keys.bound:  # an account from before this rule
        vault.seal_again(member, keys, factor=factor)
    keyrings.unwrap_all(session, account.id, account.organisation_id, keys)
    seen, contradicts = key_log.end_seen(session, account.login, asker.browsers)
    new = vault.new_session(account.id, keys, seen)
    now = clock.now()
    new.row.created_at = new.row.seen_at = new.row.proved_at = now
    new.row.expires_at = now + timedelta(hours=SESSION_HOURS)
    new.row.browser, new.row.device = kinds_of(asker.agent)
    new.row.asks_password = right.asks_password
    new.row.lacks_factor = lacks_factor
    by = Actor(account.id, account.organisation_id, Role(account.role))
    if not lacks_factor:
        if ceremonies.end_lost_telephone(session, member, by):
            # Who said that it is lost knew the password: the member is told now.
            tallies.failed(session, account, own=False, code=False, told=True)
            session.refresh(member)
        tallies.tell(member, new.row, now, own=tries[0].of_own_browser)
        failed_attempt_rows.forgive(session, tries[0])
    vault.mark_session(new.row, account.organisation_id)
    session.add(new.row)
    audit.append(session, audit.Event.SIGNED_IN, by=by)
    if contradicts:
        audit.append(session, audit.Event.KEY_LOG_CONTRADICTED, by=by, entry=seen.number)
    return new.cookie
