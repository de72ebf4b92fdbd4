"""Making and removing one's own passkeys, and going on after a right password with one (ADR 0105)."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Credentials, NotVisible
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.passkeys import MOST, PasskeyRefused, Purpose, Refusal, name_of
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.models.accounts.passkeys import Passkey
from nrm.steps.accounts import credentials, recovering, signing_in
from nrm.steps.accounts import passkeys as steps
from nrm.steps.accounts.credentials import Asker
from nrm.steps.accounts.key_events import happened
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts import passkeys as rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.vault import members as vault_of_members
from nrm.vault import passkeys as vault
from nrm.vault import second_factor
from nrm.vault.members import CannotOpen


def offered() -> bool:
    """Whether a passkey can be made here: browsers bind one to the name of a host."""
    return vault.site() is not None


def demanded() -> bool:
    """Whether everybody needs one."""
    return vault.demanded()


def ask_making(*, by: Actor) -> str:
    """What the browser is told to make a passkey, as JSON, with a new challenge for this session.

    Raises NotVisible, PasskeyRefused (MANY).
    """
    account = credentials.own_account(by)
    _check_room(account.id)
    with transaction() as session:
        challenge = steps.begin(session, Purpose.MAKE, account.id, by.session_id)
    known = [each.credential for each in rows.of_member(account.id)]
    return vault.making(challenge, member_id=account.id, login=account.login, known=known)


def make(*, name: str, answer: str, by: Actor) -> None:
    """Keep the passkey that the browser made, signed by the member's own key.

    A member's first second factor ends all other sessions. Raises NotVisible, PasskeyRefused, CannotOpen,
    SessionTooOld.
    """
    account = credentials.own_account(by)
    name = name_of(name)
    _check_room(account.id)
    with transaction() as session:
        challenge = steps.take_of_session(session, answer, Purpose.MAKE, by=by)
    made = vault.made(answer, challenge)
    try:
        _keep(made, name, account, by)
    except IntegrityError:  # two who send the same key in the same instant
        raise PasskeyRefused(Refusal.KNOWN) from None
    except credentials.Overtaken:
        raise PasskeyRefused(Refusal.LATE) from None


def _keep(made: vault.Made, name: str, account: Credentials, by: Actor) -> None:
    with transaction() as session:
        member = credentials.hold(session, account)
        _check_room(member.id)
        if rows.is_taken(made.credential):
            raise PasskeyRefused(Refusal.KNOWN)
        first = not steps.any_factor(account)
        keys = credentials.keys_as_sealed(account, by) if first else None
        site = vault.site()
        assert site is not None
        row = Passkey(
            id=uuid.uuid4(),
            member_id=member.id,
            credential=made.credential,
            public_key=made.public_key,
            host=site.host,
            name=name,
            made_at=clock.now(),
            counter=made.counter,
            used_at=None,
            went_back_at=None,
        )
        vault.sign(row, by=by)
        session.add(row)
        session.flush()
        member.totp_reset_at = None
        if keys is not None:
            vault_of_members.seal_again(member, keys, factor=True)
            session.execute(
                update(MemberSession)
                .where(MemberSession.member_id == member.id, MemberSession.digest != by.session_id)
                .values(sealed_keys=None, locked=False)
            )
        credentials.proved(session, by)
        if member.status == "active":
            happened(session, KeyHappening.FACTOR_SET if first else KeyHappening.FACTOR_CHANGED, member, by=by)
            session.flush()
        audit.append(session, audit.Event.PASSKEY_MADE, by=by, passkey_id=row.id)


def _check_room(member_id: uuid.UUID) -> None:
    if not offered():
        raise NotVisible
    if len(rows.of_member(member_id)) >= MOST:
        raise PasskeyRefused(Refusal.MANY)


def remove(*, passkey_id: uuid.UUID, by: Actor) -> None:
    """Take one's own passkey away; also its row, put back by hand, is none any more.

    Raises NotVisible, PasskeyRefused (LAST), SessionTooOld.
    """
    account = credentials.own_account(by)
    with transaction() as session:
        # Held until the end: of two who remove the last two at once one is refused.
        member = credentials.hold_for_sealing(session, account)
        row = next((each for each in rows.of_member(account.id) if each.id == passkey_id), None)
        if row is None:
            raise NotVisible
        keys = None
        if row in vault.genuine([row]):
            has = steps.factors(account.id, code=account.has_second_factor)
            has.check_removal()
            if not has.code and has.passkeys == 1:
                keys = credentials.keys_as_sealed(account, by)
            vault.remove([row])
        session.delete(row)
        session.flush()
        if keys is not None:
            vault_of_members.seal_again(member, keys, factor=False)
        audit.append(session, audit.Event.PASSKEY_REMOVED, by=by, passkey_id=passkey_id)


def give_up_telephone(*, by: Actor) -> None:
    """Take one's own telephone away, because passkeys are enough: no code is asked or accepted any more.

    Raises NotVisible without a telephone, PasskeyRefused (LAST) without a passkey for the present address.
    """
    account = credentials.own_account(by)
    if not account.has_second_factor:
        raise NotVisible
    with transaction() as session:
        member = session.get_one(Member, account.id, with_for_update={"key_share": True}, populate_existing=True)
        if not steps.usable(member.id):
            raise PasskeyRefused(Refusal.LAST)
        second_factor.forget(member)
        audit.append(session, audit.Event.TELEPHONE_GIVEN_UP, by=by)


@dataclass(frozen=True, slots=True, repr=False)
class _Shown:
    """Who came with a right second factor after a right password or recovery code, and what waited for it."""

    account: Credentials
    tries: list[Counter]
    waiting: bytes
    used: steps.Used | None
    step: int | None

    def note(self, session: Session) -> Member:
        """Use up what was shown; returns the member's row, locked. Raises Overtaken, PasskeyRefused (LATE)."""
        member = credentials.hold(session, self.account)
        if self.used is not None:
            steps.note_use(session, self.used)
        else:
            credentials.use_code(session, self.account.id, self.step)
        return member


def sign_in(*, token: str, browser: str, answer: str, code: str, asker: Asker) -> tuple[str, str]:
    """(the cookie of a new session, the sign-in name): after a right password, by a passkey, or a code where that is
    enough.

    `token`: what the page carried; `browser`: the cookie of its form. The challenge is used up, also by a wrong answer.
    Raises PasskeyRefused (LATE), SignInRefused, TooSoon, WaitsForColleague, OrganisationOut.
    """
    shown = _shown(Purpose.SIGN_IN, "sign-in", token, browser, answer, code, asker)
    if shown.account.waits:
        credentials.turn_away(shown.account, shown.step, shown.tries)
    try:
        with transaction() as session:
            member, account = shown.note(session), shown.account
            right = signing_in.unpacked(shown.waiting)
            cookie = signing_in.begin(session, member, account, right, asker, shown.tries)
            return cookie, account.login
    except (credentials.Overtaken, CannotOpen):
        credentials.refuse(shown.account, "sign-in", shown.tries)


def recover(*, token: str, browser: str, answer: str, code: str, asker: Asker) -> str:
    """The next recovery code, after a right one, by a passkey, or a code where that is enough; as in `sign_in`."""
    shown = _shown(Purpose.RECOVER, "recovery", token, browser, answer, code, asker)
    recovery_code, new_password = json.loads(shown.waiting)
    keys = vault_of_members.unlock_by_code(shown.account, recovery_code)
    if keys is None:  # used in another window meanwhile
        credentials.refuse(shown.account, "recovery", shown.tries)
    try:
        with transaction() as session:
            return recovering.finish(session, shown.note(session), shown.account, keys, new_password, shown.tries)
    except credentials.Overtaken:
        credentials.refuse(shown.account, "recovery", shown.tries)


def _shown(purpose: Purpose, how: str, token: str, browser: str, answer: str, code: str, asker: Asker) -> _Shown:
    bound_to = vault.bound_to(token, browser)
    row = rows.challenge_bound_to(bound_to)
    member = db.session.get(Member, row.member_id) if row is not None else None
    account = credentials.account_now(member.login) if member is not None else None
    if row is None or account is None or account.id != row.member_id or not vault.is_challenge(row):
        raise PasskeyRefused(Refusal.LATE)
    tries = credentials.counters(account.login, asker)
    failed_attempt_rows.check(tries)
    try:
        waiting = vault.open_waiting(token, row)
    except CannotOpen:
        raise PasskeyRefused(Refusal.LATE) from None
    with transaction() as session:
        challenge = steps.take(session, row, purpose, account.id, bound_to)
    step, used = None, None
    if answer:
        used = steps.answered(account.id, answer, challenge)
        right = used is not None and not used.is_copied
    else:
        step = second_factor.accepted_step(account, code)
        right = step is not None and steps.factors_at(account, in_browser=True).takes_code
    if right and account.status == "out" and purpose is Purpose.SIGN_IN:
        credentials.turn_out(account)
    if not right or account.status not in ("active", "waiting"):
        credentials.refuse(account, how, tries, used, code=bool(code))
    return _Shown(account, tries, waiting, used, step)
