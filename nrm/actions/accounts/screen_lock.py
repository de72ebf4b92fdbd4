"""Hiding the screen: the session is locked, and what was typed is kept for the same person only."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import SESSION_HOURS, SESSION_IDLE_MINUTES, Actor, Role, SignInRefused
from nrm.models.accounts.accounts import HiddenPage, Member, MemberSession
from nrm.steps.accounts import covering, credentials, key_log, passkeys
from nrm.steps.accounts.credentials import Asker
from nrm.store.rows.accounts import accounts as rows
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.vault import compartments, keyrings, shifts
from nrm.vault import members as vault

Fields = list[tuple[str, str]]
_KEPT = (
    "proved_at",
    "covers_after",
    "browser",
    "device",
    "failed_known",
    "failed_elsewhere",
    "before_at",
    "asks_password",
)
"""What the session that is brought back has of the one that was hidden."""


def hide(*, path: str, fields: Fields, by: Actor) -> None:
    """Lock the session: the server cannot use its key until the password brings it back.

    What was typed is sealed to the member's own key, so that neither the server nor the cookie opens it.
    """
    with transaction() as session:
        _keep(session, session.get_one(Member, by.member_id), path, fields)
        if by.organisation_id is not None:
            covering.lock(session, by.session_id, by.organisation_id)
        audit.append(session, audit.Event.SESSION_LOCKED, by=by)


def keep(*, path: str, fields: Fields, member_id: uuid.UUID) -> None:
    """What was typed on a page whose session covered itself meanwhile; as in `hide`, without the session's key."""
    with transaction() as session:
        _keep(session, session.get_one(Member, member_id), path, fields)


def keep_shown(*, path: str, fields: Fields, by: Actor) -> None:
    """What was typed on a page that is shown again at once, in another language; nobody is sent back to it later."""
    with transaction() as session:
        _keep(session, session.get_one(Member, by.member_id), path, fields, returned=True)


def _keep(session: Session, member: Member, path: str, fields: Fields, *, returned: bool = False) -> None:
    page = json.dumps({"path": path, "fields": fields}).encode()
    session.execute(delete(HiddenPage).where(HiddenPage.member_id == member.id))
    if path:
        now, sealed = clock.now(), vault.seal_page(member, page)
        row = HiddenPage(member_id=member.id, sealed_page=sealed, hidden_at=now, returned_at=now if returned else None)
        session.add(row)


def unlock(*, cookie: str, password: str, asker: Asker = credentials.COMMAND) -> str:
    """Unlock a session: returns the cookie of a new session, with a new id and key, that keeps the old one's openings.

    The old cookie proves that the second factor was given. The third wrong password ends the session. Raises
    SignInRefused, TooSoon.
    """
    parts = vault.read_cookie(cookie)
    row = rows.session(parts[0]) if parts else None
    now = clock.now()
    idle = timedelta(minutes=SESSION_IDLE_MINUTES)
    if parts is None or row is None or not row.locked or now >= row.expires_at:
        raise SignInRefused
    if row.covers_after is None and now - row.seen_at >= idle:
        raise SignInRefused
    if not vault.is_session(row, parts[0], row.organisation_id):
        raise SignInRefused
    tries = credentials.counters(row.login, asker)
    failed_attempt_rows.check(tries)
    account = credentials.account_now(row.login)
    under = vault.prove(account, row.login, password)
    if account is None or under is None or not row.enabled:
        with transaction() as session:
            covering.count_wrong(session, parts[0], Actor(row.member_id, row.organisation_id, Role(row.role)))
        credentials.refuse(account, "unlock", tries)
    try:
        keys = vault.open_keys(account, under, factor=passkeys.any_factor(account))
    except vault.CannotOpen:
        credentials.refuse(account, "unlock", tries)
    with transaction() as session:
        keyrings.unwrap_all(session, account.id, account.organisation_id, keys)
        seen, _ = key_log.end_seen(session, row.login, asker.browsers)
        new = vault.new_session(account.id, keys, seen)
        old = session.get(MemberSession, parts[0], with_for_update=True, populate_existing=True)
        if old is None or not old.locked or not vault.is_session(old, old.digest, account.organisation_id):
            raise SignInRefused  # unlocked or ended at the same moment
        new.row.created_at, new.row.seen_at, new.row.expires_at = old.created_at, now, old.expires_at
        for name in _KEPT:
            setattr(new.row, name, getattr(old, name))
        vault.mark_session(new.row, account.organisation_id)
        _move(session, old, new.row)
        failed_attempt_rows.forgive(session, tries[0])
        by = Actor(account.id, account.organisation_id, Role(account.role))
        audit.append(session, audit.Event.SESSION_UNLOCKED, by=by)
    return new.cookie


def _move(session: Session, old: MemberSession, new: MemberSession) -> None:
    session.add(new)
    compartments.move_leave(session, old.digest, new.digest)
    shifts.move(session, old.digest, new.digest)
    session.delete(old)


def hidden(*, by: Actor) -> tuple[str, Fields] | None:
    """(path, fields) of the page that this member hid last, if it is still kept."""
    row = db.session.get(HiddenPage, by.member_id) if by.keys is not None and by.member_id is not None else None
    if row is None:
        return None
    try:
        page = json.loads(vault.open_page(row.sealed_page, by=by))
    except vault.CannotOpen:
        return None
    return page["path"], [(name, value) for name, value in page["fields"]]


def give_back(*, by: Actor) -> str | None:
    """The path to return to after signing in or unlocking, given once; `hidden` gives what was typed there."""
    with transaction() as session:
        hit = hit_one(
            session,
            update(HiddenPage)
            .where(HiddenPage.member_id == by.member_id, HiddenPage.returned_at.is_(None))
            .where(HiddenPage.hidden_at > clock.now() - timedelta(hours=SESSION_HOURS))
            .values(returned_at=clock.now()),
        )
        if not hit:
            return None
    found = hidden(by=by)
    return found[0] if found else None
