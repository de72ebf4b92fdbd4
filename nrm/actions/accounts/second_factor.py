"""The second factor of a member: setting it up, taking it away, and proving again that it is them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import update

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import (
    Actor,
    NotPermitted,
    NotVisible,
    OrganisationKind,
    Permission,
    Role,
    WaitsForColleague,
)
from nrm.domain.accounts.members import check_letting_in, check_reset_from_outside
from nrm.domain.accounts.passkeys import Purpose
from nrm.domain.accounts.second_factor import WrongCode
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.steps.accounts import credentials, passkeys, tallies
from nrm.steps.accounts.credentials import Asker
from nrm.store.accounts.members import colleague
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.members import holds_newest, other_holders
from nrm.vault import members
from nrm.vault import passkeys as vault_of_passkeys
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
    account = credentials.own_account(by)
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
    account = credentials.own_account(by)
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
        credentials.proved(session, by)
        audit.append(session, audit.Event.SECOND_FACTOR_SET, by=by)


@dataclass(frozen=True, slots=True)
class ProofAsked:
    """What may prove that it is the member: a code, a passkey (`options` for the browser, as JSON), or the password."""

    code: bool
    password: bool
    options: str


def ask_proof(*, by: Actor) -> ProofAsked:
    """What a page asks for a fresh proof; if that can be a passkey, with a new challenge for this session.

    Raises NotVisible.
    """
    account = credentials.own_account(by)
    has = passkeys.factors_at(account, in_browser=True)
    known = [each.credential for each in passkeys.usable(account.id)]
    options = ""
    if known:
        with transaction() as session:
            options = vault_of_passkeys.asking(passkeys.begin(session, Purpose.PROVE, account.id, by.session_id), known)
    return ProofAsked(has.takes_code, not (has.code or has.passkeys), options)


def prove_again(*, answer: str, passkey: str = "", by: Actor, asker: Asker = credentials.COMMAND) -> None:
    """A fresh proof for this session: a code or a passkey (`passkey`: what the browser answered), or the password of
    somebody who has neither.

    Raises SignInRefused, TooSoon; PasskeyRefused(LATE) for an answer to a challenge that is none any more.
    """
    account = credentials.own_account(by)
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    has = passkeys.factors_at(account, in_browser=asker != credentials.COMMAND)
    step, used = None, None
    if passkey and has.passkeys:
        with transaction() as session:
            challenge = passkeys.take_of_session(session, passkey, Purpose.PROVE, by=by)
        used = passkeys.answered(account.id, passkey, challenge)
        right = used is not None and not used.is_copied
    elif has.code or has.passkeys:
        step = vault.accepted_step(account, answer)
        right = step is not None and has.takes_code
    else:
        right = members.prove(account, account.login, answer) is not None
    if not right:
        credentials.refuse(account, "step-up", tries, used, code=has.code)
    if account.waits_at is not None:
        raise WaitsForColleague
    try:
        with transaction() as session:
            credentials.hold(session, account)
            if used is not None:
                passkeys.note_use(session, used)
            elif account.has_second_factor:
                credentials.use_code(session, account.id, step)
            credentials.proved(session, by)
            failed_attempt_rows.forgive(session, tries[0])
            audit.append(session, audit.Event.IDENTITY_PROVED, by=by)
    except credentials.Overtaken:
        credentials.refuse(account, "step-up", tries)


def reset(*, member_id: uuid.UUID, by: Actor) -> None:
    """Remove a colleague's telephone and passkeys, because one is lost; at the next sign-in they set up a new one.

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
        passkeys.forget_all(session, member.id)
        session.execute(
            update(MemberSession).where(MemberSession.member_id == member.id).values(sealed_keys=None, locked=False)
        )
        audit.append(session, audit.Event.SECOND_FACTOR_RESET, by=by, member_id_reset=member.id)


def let_in(*, member_id: uuid.UUID, by: Actor) -> None:
    """Let a colleague sign in again after too many wrong codes with the right password.

    Somebody who holds the key of the organisation does it; where an organisation holds none, a colleague or the
    administrator. Raises NotPermitted, KeyHoldersDecide, NotVisible.
    """
    member = colleague(member_id, by=by)
    if member.id == by.member_id or by.member_id is None:
        raise NotPermitted("one's own account")
    with transaction() as session:
        organisation = session.get_one(
            Organisation, member.organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        check_letting_in(
            own=organisation.id == by.organisation_id,
            holds=holds_newest(by.member_id),
            holds_keys=OrganisationKind(organisation.kind).holds_keys,
            keeps_accounts=by.role is Role.ADMINISTRATOR,
        )
        member = session.get_one(Member, member_id, with_for_update=True, populate_existing=True)
        if member.waits_at is None:
            return
        tallies.let_in(member)
        session.flush()
        audit.append(session, audit.Event.ACCOUNT_LET_IN, by=by, member_id_let_in=member.id)
