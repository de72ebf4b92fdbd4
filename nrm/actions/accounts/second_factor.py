"""The second factor of a member: setting it up, taking it away, and proving again that it is them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Credentials, NotPermitted, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.members import check_reset_from_outside
from nrm.domain.accounts.second_factor import WrongCode
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.steps.accounts import credentials
from nrm.steps.accounts.credentials import Asker
from nrm.store.accounts.members import colleague
from nrm.store.rows.accounts import accounts as rows
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.members import other_holders
from nrm.vault import members
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


def set_up(*, code: str, by: Actor, asker: Asker = credentials.COMMAND) -> None:
    """Make the offered secret the member's second factor; it replaces an earlier one.

    This session continues as one that has proved the factor; all other sessions end. Raises WrongCode, TooSoon,
    NotVisible.
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
    with transaction() as session:
        session.execute(
            update(Member)
            .where(Member.id == account.id)
            .values(sealed_totp=vault.seal(account.id, secret), totp_step=step, totp_reset_at=None)
        )
        session.execute(
            update(MemberSession)
            .where(MemberSession.member_id == account.id, MemberSession.digest != by.session_id)
            .values(sealed_keys=None, locked=False)
        )
        _proved(session, by)
        audit.append(session, audit.Event.SECOND_FACTOR_SET, by=by)


def prove_again(*, password: str, code: str = "", by: Actor, asker: Asker = credentials.COMMAND) -> None:
    """A fresh proof for this session: the password, and a code of whoever has a second factor (ADR 0103).

    Both are always checked, so that the answer does not tell which was wrong. Raises SignInRefused, TooSoon.
    """
    account = _own_account(by)
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    step = vault.accepted_step(account, code)
    under = members.prove(account, account.login, password)
    if under is None or (account.has_second_factor and step is None):
        credentials.refuse(account, "step-up", tries)
    try:
        with transaction() as session:
            credentials.hold(session, account)
            if account.has_second_factor:
                credentials.use_code(session, account.id, step)
            _proved(session, by)
            failed_attempt_rows.forgive(session, tries[0])
            audit.append(session, audit.Event.IDENTITY_PROVED, by=by)
    except credentials.Overtaken:
        credentials.refuse(account, "step-up", tries)


def reset(*, member_id: uuid.UUID, by: Actor) -> None:
    """Remove a colleague's second factor, because the telephone is lost; at the next sign-in they set up a new one.

    The password is still needed. Every session of the colleague ends. Nobody can do it for themselves; the
    administrator does it where no colleague can. Raises NotPermitted, KeyHoldersDecide, NotVisible.
    """
    by.must(Permission.ACCOUNT_RESET)
    member = colleague(member_id, by=by)
    if member.id == by.member_id:
        raise NotPermitted("one's own second factor")
    with transaction() as session:
        # Held until the end: a second key holder is confirmed before this or after it.
        organisation = session.get_one(
            Organisation, member.organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        if organisation.id != by.organisation_id:
            holds_keys = OrganisationKind(organisation.kind).holds_keys
            check_reset_from_outside(holds_keys=holds_keys, colleagues=other_holders(member))
        session.execute(
            update(Member)
            .where(Member.id == member.id)
            .values(sealed_totp=None, totp_step=None, totp_reset_at=clock.now())
        )
        session.execute(
            update(MemberSession).where(MemberSession.member_id == member.id).values(sealed_keys=None, locked=False)
        )
        audit.append(session, audit.Event.SECOND_FACTOR_RESET, by=by, member_id_reset=member.id)


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
