"""What signing in, unlocking, recovering and proving again have in common: failures are counted, a code works once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import NoReturn

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import (
    Actor,
    Credentials,
    KeyHolder,
    NotVisible,
    OrganisationKind,
    OrganisationOut,
    SignInRefused,
    UnusableLogin,
    WaitsForColleague,
    normalise_login,
)
from nrm.domain.accounts.failed_attempts import ACCOUNT, NETWORK
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.steps.accounts import passkeys, tallies
from nrm.steps.accounts.passkeys import Used
from nrm.store.rows.accounts import accounts as rows
from nrm.store.rows.accounts.failed_attempts import Counter, check, count
from nrm.vault import members, second_factor
from nrm.vault.keylog import log


@dataclass(frozen=True, slots=True)
class Asker:
    """Where an attempt comes from. `browsers`: the cookie of a browser in which people signed in before; `agent`: what
    the browser says it is."""

    network: str = ""
    browsers: str = ""
    agent: str = ""


COMMAND = Asker()
IN_A_SESSION = frozenset({"password", "recovery-code", "step-up"})
"""How somebody who is signed in proves who they are. What they mistype is no try to sign in (ADR 0119)."""
_PROVED = ("status", "verifier", "sealed_totp", "sealed_kem_recovery")


class Overtaken(SignInRefused):
    """The account changed while a proof was being checked: its password, status, second factor or code."""


class SessionTooOld(Exception):
    """The session does not know under what its member's keys are sealed now: signing in again helps."""


class CodeUsed(Overtaken):
    """Somebody used the same code at the same moment."""


def folded(login: str) -> str:
    """The sign-in name as accounts store it; for text that cannot be one, empty, which no account has."""
    try:
        return normalise_login(login)
    except UnusableLogin:
        return ""


def counters(login: str, asker: Asker) -> list[Counter]:
    """What a failure counts against: the browser if this person signed in there before, else name and network."""
    number = members.known_browser(login, asker.browsers)
    if number is not None:
        return [Counter(second_factor.try_mark("browser", number), ACCOUNT, of_own_browser=True)]
    found = [Counter(second_factor.try_mark("account", login), ACCOUNT)]
    if asker.network:
        found.append(Counter(second_factor.try_mark("network", asker.network), NETWORK))
    return found


def refuse(
    account: Credentials | None, how: str, tries: list[Counter], copied: Used | None = None, *, code: bool = False
) -> NoReturn:
    """Count and record the failure, with the account that was named if there is one.

    `copied`: the passkey with which somebody came, and whose count went back; `code`: the password was right, and the
    code of the second factor was not.
    """
    known = account if account is not None and account.known else None
    with transaction() as session:
        by = Actor(known.id if known else None, known.organisation_id if known else None, None, duty=how)
        # Before the entry: who holds the end of the chain never waits for a row.
        own = tries[0].of_own_browser
        told = not (own and how in IN_A_SESSION)  # a session that was carried to another browser is told of
        waits = account is not None and tallies.failed(session, account, own=own, code=code, told=told)
        if copied is not None:
            passkeys.note_copy(session, copied, by=by)
        audit.append(session, audit.Event.SIGN_IN_REFUSED, by=by)
        if waits:
            audit.append(session, audit.Event.ACCOUNT_WAITS, by=by)
        count(session, tries)
    raise SignInRefused


def turn_away(account: Credentials, step: int | None, tries: list[Counter]) -> NoReturn:
    """Say that the account waits, to who knows everything that is asked; a code is used up by it. Raises
    WaitsForColleague."""
    try:
        with transaction() as session:
            hold(session, account)
            if step is not None:
                use_code(session, account.id, step)
            by = Actor(account.id, account.organisation_id, None, duty="waits")
            audit.append(session, audit.Event.SIGN_IN_REFUSED, by=by)
    except Overtaken:
        refuse(account, "sign-in", tries)
    raise WaitsForColleague


def as_if_let_in(account: Credentials | None) -> Credentials | None:
    """The account for a proof of its password, also while its organisation is suspended: see `turn_out`."""
    return replace(account, status="active") if account is not None and account.status == "out" else account


def turn_out(account: Credentials) -> NoReturn:
    """Tell who knows everything that is asked why nobody of the organisation signs in. No code is used up. Raises
    OrganisationOut."""
    known = log.last_state(db.session).organisations.get(account.organisation_id)
    db.session.rollback()
    with transaction() as session:
        by = Actor(account.id, account.organisation_id, None, duty="waits")
        audit.append(session, audit.Event.SIGN_IN_REFUSED, by=by)
    reason, kind = (known.suspended_for, known.kind) if known is not None and known.suspended else ("", "")
    raise OrganisationOut(reason, desk=kind == OrganisationKind.RESPONSIBLE_AUTHORITY)


def account_now(login: str) -> Credentials | None:
    """The account as it is now; no transaction stays open while the password is checked."""
    db.session.rollback()
    account = rows.credentials(login)
    db.session.rollback()
    return account


def prove_password(login: str, password: str, how: str, asker: Asker) -> tuple[Credentials, KeyHolder]:
    """The account of somebody who is signed in, and its keys by the password. Raises SignInRefused, TooSoon."""
    tries = counters(login, asker)
    check(tries)
    account = account_now(login)
    under = members.prove(account, login, password)
    if account is None or under is None:
        refuse(account, how, tries)
    return account, members.open_keys(account, under, factor=passkeys.any_factor(account))


def hold(session: Session, account: Credentials) -> Member:
    """Lock the account's row until the transaction ends; raises Overtaken if it changed since `account` was read.

    Checking a proof takes a while. Without this, an old password that is being changed could still get a session.
    """
    member = session.get_one(Member, account.id, with_for_update={"key_share": True}, populate_existing=True)
    waits = member.waits_at is not None
    if waits != account.waits or any(getattr(member, name) != getattr(account, name) for name in _PROVED):
        raise Overtaken
    return member


def keys_as_sealed(account: Credentials, by: Actor) -> KeyHolder:
    """The actor's own keys, with what the account has them sealed under; to seal them anew. Raises SessionTooOld."""
    under = by.keys.under if by.keys is not None else None
    if under is None:
        raise SessionTooOld
    try:
        return members.open_keys(account, under, factor=passkeys.any_factor(account))
    except members.CannotOpen:
        raise SessionTooOld from None


def hold_for_sealing(session: Session, account: Credentials) -> Member:
    """As `hold`, for somebody who is signed in; raises SessionTooOld."""
    try:
        return hold(session, account)
    except Overtaken:
        raise SessionTooOld from None


def use_code(session: Session, member_id: uuid.UUID, step: int | None) -> None:
    """Accept a code: no code of its time step or an earlier one works again. Raises CodeUsed."""
    hit = hit_one(
        session,
        update(Member)
        .where(Member.id == member_id, Member.sealed_totp.is_not(None))
        .where(Member.totp_step.is_(None) | (Member.totp_step < step))
        .values(totp_step=step),
    )
    if step is None or not hit:
        raise CodeUsed


def proved(session: Session, by: Actor) -> None:
    """Note in the actor's session that they have just shown that it is them."""
    row = session.get(MemberSession, by.session_id, with_for_update=True, populate_existing=True)
    if row is None or by.organisation_id is None or row.sealed_keys is None:
        return
    if members.is_session(row, row.digest, by.organisation_id):
        row.proved_at = clock.now()
        members.mark_session(row, by.organisation_id)


def own_account(by: Actor) -> Credentials:
    """The actor's own account; raises NotVisible."""
    member = db.session.get(Member, by.member_id) if by.member_id is not None else None
    account = rows.credentials(member.login) if member is not None else None
    if account is None or not account.known or account.id != by.member_id:
        raise NotVisible
    return account
