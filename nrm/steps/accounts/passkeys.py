"""A member's passkeys: which count, asking for one, taking the one answer, and noting its use (ADR 0105)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import hit_one
from nrm.domain.accounts.accounts import Actor, Credentials
from nrm.domain.accounts.passkeys import LASTS, Factors, PasskeyRefused, Purpose, Refusal, is_late, went_back
from nrm.models.accounts.passkeys import Passkey, PasskeyChallenge
from nrm.steps.accounts import tallies
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import passkeys as rows
from nrm.vault import passkeys as vault
from nrm.vault import second_factor

# What comes after a right password or recovery code, as a refused sign-in is recorded.
_AFTER_A_PASSWORD: Mapping[str, str] = {Purpose.SIGN_IN: "sign-in", Purpose.RECOVER: "recovery"}
# Sessions whose member was seen to have a genuine passkey.
_LOOKED_AT: set[bytes] = set()
_MOST_SESSIONS = 10_000


class PasskeyAsked(Exception):
    """The password (or the recovery code) is right, and a second factor is asked before anything opens.

    `token`: what the page carries, and the only key to what waits; `options`: what the browser is told, as JSON, empty
    if no passkey is of the present address; `takes_code`: whether a telephone's code would do, too; `purpose`: what
    goes on after it.
    """

    def __init__(self, token: str, options: str, *, takes_code: bool, purpose: Purpose) -> None:
        super().__init__("a passkey is asked")
        self.token = token
        self.options = options
        self.takes_code = takes_code
        self.purpose = purpose


@dataclass(frozen=True, slots=True)
class Used:
    """A passkey that answered: what it had counted before, what it counted now, and its mark as it was looked at."""

    id: uuid.UUID
    before: int
    counter: int
    mark: bytes

    @property
    def is_copied(self) -> bool:
        """Whether the key counts, and its count did not rise."""
        return went_back(self.before, self.counter)


def genuine(member_id: uuid.UUID) -> list[Passkey]:
    """The member's passkeys, also those made for another address."""
    return vault.genuine(rows.of_member(member_id))


def usable(member_id: uuid.UUID) -> list[Passkey]:
    """Those that the member's browser can be asked for: made for the present address."""
    site = vault.site()
    return [each for each in genuine(member_id) if site is not None and each.host == site.host]


def has_one(member_id: uuid.UUID, session_digest: bytes) -> bool:
    """Whether the member has a genuine passkey, for every request of a session: looked at once in each process.

    Nothing is missed by that: whoever loses the last one where one is needed loses the sessions, too.
    """
    if session_digest in _LOOKED_AT:
        return True
    if not genuine(member_id):
        return False
    if len(_LOOKED_AT) >= _MOST_SESSIONS:
        _LOOKED_AT.clear()
    _LOOKED_AT.add(session_digest)
    return True


def factors(member_id: uuid.UUID, *, code: bool) -> Factors:
    """What the member has beside the password, and what is demanded here."""
    return Factors(code, len(genuine(member_id)), second_factor.demanded(), vault.demanded())


def any_factor(account: Credentials) -> bool:
    """Whether the account has a telephone or a genuine passkey: its keys open in this state alone."""
    return account.has_second_factor or bool(account.passkeys and genuine(account.id))


def factors_at(account: Credentials | None, *, in_browser: bool, proved: bool = True) -> Factors:
    """As `factors`; at a command line nobody can be asked for a passkey, so a telephone's code is enough there.

    Not `proved`, the password was wrong: no passkey is looked at.
    """
    has_telephone = account is not None and account.has_second_factor
    number = len(genuine(account.id)) if account is not None and proved and account.passkeys else 0
    demanded = in_browser and vault.demanded()
    return Factors(has_telephone, number, second_factor.demanded(), demanded)


def begin(session: Session, purpose: Purpose, member_id: uuid.UUID, bound_to: bytes) -> bytes:
    """A challenge for somebody who is signed in; it is answered once, in that session, for that purpose."""
    row = _new(purpose, member_id, bound_to)
    vault.mark_challenge(row)
    session.add(row)
    return row.challenge


def ask(
    session: Session,
    purpose: Purpose,
    found: Factors,
    member_id: uuid.UUID,
    payload: bytes,
    browser: str,
    *,
    own_browser: bool,
) -> PasskeyAsked:
    """What to raise after a right password. `payload`: what goes on after it; `browser`: the cookie of the form;
    `own_browser`: the member signed in there before."""
    token = vault.new_token()
    row = _new(purpose, member_id, vault.bound_to(token, browser))
    row.own_browser = own_browser
    vault.seal_waiting(token, row, payload)
    vault.mark_challenge(row)
    session.add(row)
    known = [each.credential for each in usable(member_id)]
    options = vault.asking(row.challenge, known) if known else ""
    return PasskeyAsked(token, options, takes_code=found.takes_code, purpose=purpose)


def _new(purpose: Purpose, member_id: uuid.UUID, bound_to: bytes) -> PasskeyChallenge:
    return PasskeyChallenge(
        challenge=vault.new_challenge(),
        member_id=member_id,
        purpose=purpose,
        bound_to=bound_to,
        sealed_waiting=None,
        own_browser=False,
        made_at=clock.now(),
    )


def take(
    session: Session, row: PasskeyChallenge | None, purpose: Purpose, member_id: uuid.UUID, bound_to: bytes
) -> bytes:
    """The challenge, which nobody can answer any more; raises PasskeyRefused for one that is not answered here."""
    if row is None or not vault.is_challenge(row):
        raise PasskeyRefused(Refusal.LATE)
    if (row.purpose, row.member_id, row.bound_to) != (purpose, member_id, bound_to):
        raise PasskeyRefused(Refusal.LATE)
    if not hit_one(session, delete(PasskeyChallenge).where(PasskeyChallenge.challenge == row.challenge)):
        raise PasskeyRefused(Refusal.LATE)  # answered in the same instant
    if is_late(row.made_at, clock.now()):
        raise PasskeyRefused(Refusal.LATE)
    return row.challenge


def take_of_session(session: Session, answer: str, purpose: Purpose, *, by: Actor) -> bytes:
    """The challenge that the browser answered in the actor's session, taken; raises PasskeyRefused."""
    if by.member_id is None:
        raise PasskeyRefused(Refusal.LATE)
    return take(session, rows.challenge(vault.challenge_of(answer)), purpose, by.member_id, by.session_id)


def answered(member_id: uuid.UUID, answer: str, challenge: bytes) -> Used | None:
    """Which of the member's passkeys signed the challenge, if one did.

    A count that did not rise is for the caller to look at.
    """
    credential = vault.credential_of(answer)
    for row in usable(member_id):
        if row.credential == credential:
            try:
                return Used(row.id, row.counter, vault.counted(row, answer, challenge), row.mark)
            except PasskeyRefused:
                return None
    return None


def note_copy(session: Session, used: Used, *, by: Actor) -> None:
    """Write down that the count of a key went back: its member and the operator are told that there may be a copy."""
    row = session.get(Passkey, used.id, with_for_update=True, populate_existing=True)
    if row is None or not vault.genuine([row]):
        return
    vault.report_copy(row)
    row.went_back_at = clock.now()
    vault.mark(row)
    session.flush()
    audit.append(session, audit.Event.PASSKEY_WENT_BACK, by=by, passkey_id=row.id)


def note_use(session: Session, used: Used) -> None:
    """Keep the new count; raises PasskeyRefused (LATE) if the passkey was used, changed or removed meanwhile."""
    row = session.get(Passkey, used.id, with_for_update=True, populate_existing=True)
    if row is None or row.mark != used.mark:
        raise PasskeyRefused(Refusal.LATE)
    row.counter, row.used_at = used.counter, clock.now()
    vault.mark(row)
    session.flush()  # before anybody reads the rows again


def sweep(session: Session) -> None:
    """Delete the challenges that nobody answered in time.

    After a right password or recovery code that is a refused sign-in, is recorded as one, and told at the next one:
    somebody may know it who has no passkey.
    """
    until, refused = clock.now() - LASTS, []
    for row, login in rows.unanswered(session, until):
        account = account_rows.credentials(login)
        if row.purpose in _AFTER_A_PASSWORD and account is not None and vault.is_challenge(row):
            tallies.failed(session, account, own=row.own_browser, code=False, told=True)
            refused.append(Actor(account.id, account.organisation_id, None, duty=_AFTER_A_PASSWORD[row.purpose]))
    rows.forget_challenges(session, until)
    for by in refused:  # last: who holds the end of the chain never waits for a row
        audit.append(session, audit.Event.SIGN_IN_REFUSED, by=by)


def forget_all(session: Session, member_id: uuid.UUID) -> None:
    """Take away every passkey of a member, and what waits for one; also rows put back later are none."""
    vault.remove(vault.genuine(rows.of_member(member_id)))
    session.execute(delete(Passkey).where(Passkey.member_id == member_id))
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.member_id == member_id))
