"""The second factor of a member: setting it up, also in place of a lost one, and proving again that it is them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import SESSION_HOURS, Actor, Credentials, NotVisible, Role
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.second_factor import WrongCode
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.steps.accounts import ceremonies, credentials
from nrm.steps.accounts.credentials import Asker
from nrm.steps.accounts.key_events import happened
from nrm.store.rows.accounts import accounts as rows
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.vault import keyrings, members
from nrm.vault import second_factor as vault


@dataclass(frozen=True, slots=True, repr=False)
class Proposal:
    """What a telephone needs for a new second factor: the secret in base32, and whose it is. `repr` hides it."""

    secret: str
    login: str


def demanded() -> bool:
    """Whether this instance asks everybody for a second factor."""
    return vault.demanded()


def propose(*, by: Actor) -> Proposal:
    """The secret this session offers; it counts once a code of it was confirmed. Raises NotVisible."""
    account = _own_account(by)
    if not vault.demanded():
        raise NotVisible
    return Proposal(vault.as_text(vault.proposed(by.session_id, account.id, account.sealed_totp)), account.login)


def code_now(secret: str) -> str:
    """The code that a telephone with this secret (base32) shows now; for demo people, who have no telephones."""
    return vault.code_now(secret)


def begin_lost(*, login: str, password: str, asker: Asker = credentials.COMMAND) -> str:
    """The cookie of a session that opens nothing: in it another telephone is set up in place of a lost one.

    A colleague types the words that are shown then, and the telephone counts. Until then the old one does. Raises
    SignInRefused, also for somebody who has no second factor or does not work here yet; TooSoon.
    """
    name = credentials.folded(login)
    tries = credentials.counters(name, asker)
    failed_attempt_rows.check(tries)
    account = credentials.account_now(name)
    under = members.prove(account, name, password)
    if account is None or under is None or not account.has_second_factor or account.status != "active":
        credentials.refuse(account, "lost telephone", tries)
    try:
        with transaction() as session:
            member = credentials.hold(session, account)
            keys = members.open_keys(account, under)
            members.bind_factor(member, keys, under)
            keyrings.unwrap_all(session, account.id, account.organisation_id, keys)
            new = members.new_session(account.id, keys)
            now = clock.now()
            new.row.created_at = new.row.seen_at = new.row.proved_at = now
            new.row.expires_at = now + timedelta(hours=SESSION_HOURS)
            new.row.lacks_factor = True
            members.mark_session(new.row, account.organisation_id)
            session.add(new.row)
            by = Actor(account.id, account.organisation_id, Role(account.role))
            audit.append(session, audit.Event.SIGNED_IN, by=by)
    except (credentials.Overtaken, members.CannotOpen):
        credentials.refuse(account, "lost telephone", tries)
    return new.cookie


def set_up(*, code: str, by: Actor, asker: Asker = credentials.COMMAND) -> None:
    """Make the offered secret the member's second factor; it replaces an earlier one.

    This session continues as one that has proved the factor; all other sessions end. In a session that was begun
    without the lost one, it waits for the words that a colleague types. Raises WrongCode, TooSoon, NotVisible,
    NoOccasion while the member begins anew.
    """
    account = _own_account(by)
    if not vault.demanded():
        raise NotVisible
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    secret = vault.proposed(by.session_id, account.id, account.sealed_totp)
    step = vault.step_of(secret, code, None)
    if step is None:
        raise WrongCode  # not counted as a failure: the secret is on the page itself, so there is nothing to guess
    sealed = vault.seal(account.id, secret)
    with transaction() as session:
        member = session.get_one(Member, account.id, with_for_update={"key_share": True}, populate_existing=True)
        row = session.get(MemberSession, by.session_id, populate_existing=True)
        if row is None or by.organisation_id is None or not members.is_session(row, row.digest, by.organisation_id):
            raise NotVisible
        if row.lacks_factor:
            ceremonies.ask_telephone(session, member, by.session_id, sealed, step, by)
            return
        first = member.sealed_totp is None
        if first and by.under is None:
            raise NotVisible  # a session of an older program: signing in anew helps
        keys = members.open_keys(account, by.under) if first and by.under is not None else None
        member.sealed_totp, member.totp_step, member.totp_reset_at = sealed, step, None
        if keys is not None and by.under is not None:
            members.seal_with_factor(member, keys, by.under)
        session.flush()
        session.execute(
            update(MemberSession)
            .where(MemberSession.member_id == account.id, MemberSession.digest != by.session_id)
            .values(sealed_keys=None, locked=False)
        )
        _proved(session, by)
        if member.status == "active":
            happened(session, KeyHappening.FACTOR_SET if first else KeyHappening.FACTOR_CHANGED, member, by=by)
            session.flush()
        audit.append(session, audit.Event.SECOND_FACTOR_SET, by=by)


def prove_again(*, answer: str, by: Actor, asker: Asker = credentials.COMMAND) -> None:
    """A fresh proof for this session: a code, or the password of somebody who has no second factor, or has lost it.

    Raises SignInRefused, TooSoon.
    """
    account = _own_account(by)
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    step, by_code = None, account.has_second_factor and not _lacks_factor(by)
    if by_code:
        step = vault.accepted_step(account, answer)
        right = step is not None
    else:
        right = members.prove(account, account.login, answer) is not None
    if not right:
        credentials.refuse(account, "step-up", tries)
    try:
        with transaction() as session:
            credentials.hold(session, account)
            if by_code:
                credentials.use_code(session, account.id, step)
            _proved(session, by)
            failed_attempt_rows.forgive(session, tries[0])
            audit.append(session, audit.Event.IDENTITY_PROVED, by=by)
    except credentials.Overtaken:
        credentials.refuse(account, "step-up", tries)


def _lacks_factor(by: Actor) -> bool:
    row = db.session.get(MemberSession, by.session_id, populate_existing=True)
    return row is not None and row.lacks_factor


def _proved(session: Session, by: Actor) -> None:
    row = session.get(MemberSession, by.session_id, with_for_update=True, populate_existing=True)
    if row is None or by.organisation_id is None or row.sealed_keys is None:
        return
    if members.is_session(row, row.digest, by.organisation_id):
        row.proved_at = clock.now()
        members.mark_session(row, by.organisation_id)


def _own_account(by: Actor) -> Credentials:
    """The actor's own account; raises NotVisible."""
    member = db.session.get(Member, by.member_id) if by.member_id is not None else None
    account = rows.credentials(member.login) if member is not None else None
    if account is None or not account.known or account.id != by.member_id:
        raise NotVisible
    return account
