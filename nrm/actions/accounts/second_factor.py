"""The second factor of a member: setting it up, also in place of a lost one, and proving again that it is them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import update

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import (
    Actor,
    NotPermitted,
    NotVisible,
    OrganisationKind,
    Role,
    WaitsForColleague,
)
from nrm.domain.accounts.members import KeyHappening, check_letting_in
from nrm.domain.accounts.passkeys import Purpose
from nrm.domain.accounts.second_factor import WrongCode
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.steps.accounts import ceremonies, credentials, passkeys, signing_in, tallies
from nrm.steps.accounts.credentials import Asker
from nrm.steps.accounts.key_events import happened
from nrm.store.accounts.members import colleague
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.members import holds_newest
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
    if not _offered(by):
        raise NotVisible
    return Proposal(vault.as_text(vault.proposed(by.session_id, account.id, account.sealed_totp)), account.login)


def _offered(by: Actor) -> bool:
    """Whether a telephone can be set up: where it is asked for, and in place of a passkey that is lost."""
    return vault.demanded() or _lacks_factor(by)


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
    if account is None or under is None or not passkeys.any_factor(account) or account.status != "active":
        credentials.refuse(account, "lost telephone", tries)
    if account.waits:
        credentials.turn_away(account, None, tries)
    proved = signing_in.proved(account, under, password)
    try:
        with transaction() as session:
            member = credentials.hold(session, account)
            return signing_in.begin(session, member, account, proved, asker, tries, lacks_factor=True)
    except (credentials.Overtaken, members.CannotOpen):
        credentials.refuse(account, "lost telephone", tries)


def set_up(*, code: str, by: Actor, asker: Asker = credentials.COMMAND) -> None:
    """Make the offered secret the member's second factor; it replaces an earlier one.

    This session continues as one that has proved the factor; all other sessions end. In a session that was begun
    without the lost one, it waits for the words that a colleague types. Raises WrongCode, TooSoon, NotVisible,
    NoOccasion while the member begins anew, SessionTooOld for a first factor.
    """
    account = credentials.own_account(by)
    if not _offered(by):
        raise NotVisible
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    secret = vault.proposed(by.session_id, account.id, account.sealed_totp)
    step = vault.step_of(secret, code, None)
    if step is None:
        raise WrongCode  # not counted as a failure: the secret is on the page itself, so there is nothing to guess
    with transaction() as session:
        row = session.get(MemberSession, by.session_id, populate_existing=True)
        if row is None or by.organisation_id is None or not members.is_session(row, row.digest, by.organisation_id):
            raise NotVisible
        if row.lacks_factor:
            member = session.get_one(Member, account.id, with_for_update={"key_share": True}, populate_existing=True)
            waiting = vault.seal_waiting(account.id, secret)
            ceremonies.ask_telephone(session, member, by.session_id, waiting, step, by)
            return
        first = not passkeys.any_factor(account)
        keys = credentials.keys_as_sealed(account, by) if first else None
        member = credentials.hold_for_sealing(session, account)
        vault.forget(member)
        member.sealed_totp, member.totp_step, member.totp_reset_at = vault.seal(account.id, secret), step, None
        if keys is not None:
            members.seal_again(member, keys, factor=True)
        session.flush()
        session.execute(
            update(MemberSession)
            .where(MemberSession.member_id == account.id, MemberSession.digest != by.session_id)
            .values(sealed_keys=None, locked=False)
        )
        credentials.proved(session, by)
        if member.status == "active":
            happened(session, KeyHappening.FACTOR_SET if first else KeyHappening.FACTOR_CHANGED, member, by=by)
            session.flush()
        audit.append(session, audit.Event.SECOND_FACTOR_SET, by=by)


@dataclass(frozen=True, slots=True)
class ProofAsked:
    """What proves, beside the password, that it is the member: a code, or a passkey (`options` for the browser, as
    JSON); `unusable`: there are passkeys, and none for the present address."""

    code: bool
    unusable: bool
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
    return ProofAsked(has.takes_code, bool(has.passkeys) and not known and not has.takes_code, options)


def prove_again(
    *, password: str, code: str = "", passkey: str = "", by: Actor, asker: Asker = credentials.COMMAND
) -> None:
    """A fresh proof for this session: the password, and a code or a passkey (`passkey`: what the browser answered) of
    whoever has a second factor (ADR 0103).

    Both are always checked, so that the answer does not tell which was wrong. Raises SignInRefused, TooSoon,
    WaitsForColleague; PasskeyRefused(LATE) for an answer to a challenge that is none any more.
    """
    account = credentials.own_account(by)
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    lacks = _lacks_factor(by)
    has = passkeys.factors_at(account, in_browser=asker != credentials.COMMAND)
    step, used = None, None
    if lacks:
        right = True  # it was lost, and the session opens nothing
    elif passkey and has.passkeys:
        with transaction() as session:
            challenge = passkeys.take_of_session(session, passkey, Purpose.PROVE, by=by)
        used = passkeys.answered(account.id, passkey, challenge)
        right = used is not None and not used.is_copied
    elif has.code or has.passkeys:
        step = vault.accepted_step(account, code)
        right = step is not None and has.takes_code
    else:
        right = True
    under = members.prove(account, account.login, password)
    if under is None or not right:
        credentials.refuse(account, "step-up", tries, used, code=under is not None and bool(code))
    if account.waits:
        raise WaitsForColleague
    try:
        with transaction() as session:
            credentials.hold(session, account)
            if used is not None:
                passkeys.note_use(session, used)
            elif account.has_second_factor and not lacks:
                credentials.use_code(session, account.id, step)
            credentials.proved(session, by)
            failed_attempt_rows.forgive(session, tries[0])
            audit.append(session, audit.Event.IDENTITY_PROVED, by=by)
    except credentials.Overtaken:
        credentials.refuse(account, "step-up", tries)


def _lacks_factor(by: Actor) -> bool:
    row = db.session.get(MemberSession, by.session_id, populate_existing=True)
    return row is not None and row.lacks_factor


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
