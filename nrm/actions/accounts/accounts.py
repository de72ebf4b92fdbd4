"""Signing in and out, sessions, and what is carried over their end. How accounts begin: `joining`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update

from nrm import audit, clock, faults
from nrm.db import db, rows_hit, transaction
from nrm.domain.accounts.accounts import (
    SESSION_HOURS,
    SESSION_IDLE_MINUTES,
    SHOWN_MINUTES,
    Actor,
    PasswordRefusal,
    Role,
    SignInRefused,
    WeakPassword,
    check_password,
)
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import time_of
from nrm.domain.accounts.passkeys import Factors, Purpose
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import HiddenPage, Member, MemberSession, ShownSecret
from nrm.prepared import Row
from nrm.steps.accounts import ceremonies, covering, credentials, key_log, passkeys, recovering, signing_in
from nrm.steps.accounts.credentials import COMMAND, Asker
from nrm.steps.accounts.new_passwords import check_new, of_the_country
from nrm.steps.shelter import shifts as shift_steps
from nrm.store import signed_names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault import keyrings
from nrm.vault import members as vault
from nrm.vault import passkeys as passkey_vault
from nrm.vault import second_factor as second_factor_vault
from nrm.vault.keylog import belief, log
from nrm.vault.keylog.heads import Head
from nrm.vault.marks import report
from nrm.vault.passwords import is_common

CannotOpen = vault.CannotOpen
KeyringDisagrees = keyrings.Disagrees
KeyringSpent = keyrings.Spent
PartyTakesNoPart = keyrings.TakesNoPart
PasskeyAsked = passkeys.PasskeyAsked
SessionTooOld = credentials.SessionTooOld

_SEEN_EVERY, _SEEN_IN_SHIFT = timedelta(minutes=1), timedelta(seconds=15)
_KEEP_ENDED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has not ended: whose it is, and what their pages show about them."""

    actor: Actor
    login: str
    name: str
    organisation_name: dict[str, str]
    csrf_token: str
    waiting: bool
    has_second_factor: bool
    proved_at: datetime | None
    covers_after: int | None = None
    """After how many idle minutes it covers itself; None without a shift."""
    factors: Factors = field(default=Factors(False, 0, False, False))
    enrolling_as: Actor | None = field(default=None, repr=False)
    """The actor who makes a passkey, which the member's own key signs; until there is one, `actor` has no keys."""
    failed_known: int = 0
    failed_elsewhere: int = 0
    before_at: datetime | None = None
    """How often somebody failed since the sign-in before, in browsers the member knew and elsewhere; when that was, or
    None at the first sign-in."""
    asks_password: bool = False
    """Whether another password must be set before anything else."""
    suspension_id: uuid.UUID | None = None
    """The suspension because of which the session opens, signs and does nothing."""
    by_log_alone: bool = False
    """Suspended by the key log, while the row that says why and by whom is gone or was changed."""
    log_until: datetime | None = None
    """Until when, then; None: until somebody ends it."""
    party_until: datetime | None = None
    """When the organisation takes part again whose party is suspended; until then nothing opens either."""
    lacks_factor: bool = False
    """Begun by the password alone: another telephone is set up, and a colleague types the words."""
    code_due: bool = False
    """After a recovery: the next code has to be typed in first."""
    anew: Anew | None = None

    @property
    def suspended(self) -> bool:
        """Whether the person, or the party, takes no part for some time."""
        return self.suspension_id is not None or self.by_log_alone or self.party_until is not None

    @property
    def enrolling(self) -> bool:
        """Whether a second factor must be set up before anything else."""
        return self.lacks_factor or not self.factors.are_enough


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that has ended: whose it was, so that what they typed can be given back to them alone.

    `locked`: the screen was hidden, and the password alone brings the session back. `covered`: it has a shift, and is
    brought back to the page that was asked for. `by_time`: nothing happened for a while, or its hours were over; else
    somebody ended it.
    """

    member_id: uuid.UUID
    locked: bool = False
    covered: bool = False
    by_time: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """Somebody lets the person begin anew: who, and from when on the present account is gone; `needs_hand`: only if a
    second hand agrees before."""

    by: str
    effective_at: datetime
    due: bool = False
    """Whether that moment is over, and the program's next round ends the account."""
    needs_hand: bool = False


class Carry(StrEnum):
    """What kind of thing is carried, sealed, in a page."""

    FORM = "form"  # a form that is sent by a press of a button after signing in
    UNDONE = "undone"  # the address of a form that was not done, and is not sent
    PAGE = "page"  # the address of a page that is shown after a fresh proof


def must_answer() -> None:
    """Raise what the database raises when it cannot be reached; return nothing when it answers."""
    db.session.execute(select(1))


def sign_in(*, login: str, password: str, code: str = "", browser: str = "", asker: Asker = COMMAND) -> str:
    """The cookie of a new session.

    Raises SignInRefused for an unknown name, a wrong password, a wrong or used code and a disabled account: all look
    the same and cost the same time. Raises TooSoon after too many failures. No key of the member is opened before name,
    password and code are all right.

    Raises WaitsForColleague if all are, and too many codes were wrong before; OrganisationOut if all are, and the
    organisation is suspended; PasskeyAsked when the password is right and a passkey is asked.
    `browser`: the cookie of the form, in which that is answered.
    """
    name = credentials.folded(login)
    tries = credentials.counters(name, asker)
    failed_attempt_rows.check(tries)
    account = credentials.account_now(name)
    under = vault.prove(credentials.as_if_let_in(account), name, password)
    step = second_factor_vault.accepted_step(account, code)
    # Asked in any case, but no passkey is read before the password is right: neither may be told by the time it takes.
    asked = passkeys.factors_at(account, in_browser=asker != COMMAND, proved=under is not None)
    if account is None or under is None:
        credentials.refuse(account, "sign-in", tries)
    if account.has_second_factor or asked.passkeys:
        if step is None and (code.strip() or not asked.passkeys):
            credentials.refuse(account, "sign-in", tries, code=True)
        if step is None or not asked.takes_code:
            if not asked.passkeys:
                credentials.refuse(account, "sign-in", tries)
            proved = signing_in.proved(account, under, password)
            with transaction() as session:
                payload, own = proved.packed(), tries[0].of_own_browser
                asking = passkeys.ask(session, Purpose.SIGN_IN, asked, account.id, payload, browser, own_browser=own)
            raise asking
    if account.status == "out":
        credentials.turn_out(account)
    if account.waits:
        credentials.turn_away(account, step, tries)
    proved = signing_in.proved(account, under, password)
    try:
        with transaction() as session:
            member = credentials.hold(session, account)
            if account.has_second_factor:
                credentials.use_code(session, account.id, step)
            return signing_in.begin(session, member, account, proved, asker, tries)
    except (credentials.Overtaken, CannotOpen):
        credentials.refuse(account, "sign-in", tries)


def remember_browser(*, login: str, browsers: str) -> str:
    """The cookie of a browser in which this person has just signed in."""
    name = credentials.folded(login)
    return vault.with_browser(name, browsers, key_log.end_seen(db.session, name, browsers)[0])


def resume(cookie: str, *, seen: bool = True) -> SignedIn | Ended | None:
    """Who is asking, by the session's cookie; None if this program did not write such a session as it is now.

    Not `seen`: nobody did anything, so the session does not last longer for it.
    """
    parts = vault.read_cookie(cookie)
    if parts is None:
        return None
    digest, key = parts
    row = account_rows.session(digest)
    if row is None or not vault.is_session(row, digest, row.organisation_id):
        return None
    now = clock.now()
    idle, covers = now - row.seen_at, row.covers_after
    in_time = now < row.expires_at and (covers is not None or idle < timedelta(minutes=SESSION_IDLE_MINUTES))
    lasts = in_time and row.status in ("active", "waiting") and row.enabled
    if not lasts or row.sealed_keys is None:
        locked = lasts and row.locked
        return Ended(row.member_id, locked=locked, covered=locked and covers is not None, by_time=not in_time)
    if covers is not None and idle >= timedelta(minutes=covers):
        with transaction() as session:
            covering.cover(session, digest, row.mark, Actor(row.member_id, row.organisation_id, Role(row.role)))
        return Ended(row.member_id, locked=True, covered=True)
    try:
        keys = vault.open_session(digest, key, row.member_id, row.sealed_keys)
    except vault.CannotOpen:
        return None
    state = log.last_state(db.session)
    believed = key_log.believed(state, row, keys)
    suspension = suspension_rows.standing(row.member_id) if row.suspended else None
    if believed is None:
        return None
    by_log_alone = believed.suspended_until if suspension is None else None
    if row.sealed_head is None and not belief.is_from_before(row.created_at):
        report("end of the key log in a session", row.member_id)
        return None  # it had one, and somebody took it away
    head = _head_of(key, digest, row, state)
    if seen and idle >= (_SEEN_EVERY if covers is None else _SEEN_IN_SHIFT):
        with faults.though_a_disk_is_full(), transaction() as session:
            # Does not hit if the session was proved or hidden at the same moment: that change is kept.
            as_read = (MemberSession.digest == digest, MemberSession.mark == row.mark)
            later = {"seen_at": now, "mark": vault.mark_seen(row, digest, now), "sealed_head": head}
            session.execute(update(MemberSession).where(*as_read).values(**later))
    has = _factors(row, digest)
    suspended = suspension is not None or by_log_alone is not None or believed.party_until > 0
    usable = has.are_enough and not suspended and not row.lacks_factor and not row.code_due
    actor = Actor(
        row.member_id,
        row.organisation_id,
        None if suspended else believed.role,
        kind=believed.kind,
        organisation_code=believed.code,
        crossing_point=believed.crossing_point,
        session_id=digest,
        keys=keys if usable else None,
    )
    return SignedIn(
        actor,
        row.login,
        row.name,
        row.names,
        vault.csrf_token(key),
        waiting=row.status == "waiting" or believed.waits,
        has_second_factor=has.has_any and not row.lacks_factor,
        proved_at=row.proved_at,
        covers_after=covers,
        factors=has,
        enrolling_as=actor if usable or suspended or row.lacks_factor else replace(actor, keys=keys),
        failed_known=row.failed_known,
        failed_elsewhere=row.failed_elsewhere,
        before_at=row.before_at,
        asks_password=row.asks_password,
        suspension_id=suspension.id if suspension is not None else None,
        by_log_alone=by_log_alone is not None,
        log_until=time_of(by_log_alone) if by_log_alone else None,
        party_until=time_of(believed.party_until) if believed.party_until else None,
        lacks_factor=row.lacks_factor,
        code_due=row.code_due and row.status == "active",
        anew=_anew(row.member_id) if row.begins_anew else None,
    )


def _factors(row: Row, digest: bytes) -> Factors:
    """What the member has beside the password. Whether a row is a passkey is looked at where that decides something."""
    has = Factors(row.has_second_factor, int(row.has_passkey), second_factor_vault.demanded(), passkey_vault.demanded())
    without = replace(has, passkeys=0)
    looks = has.passkeys and has.are_enough and not without.are_enough
    return without if looks and not passkeys.has_one(row.member_id, digest) else has


def _head_of(key: bytes, digest: bytes, row: Row, state: State) -> bytes | None:
    """The end of the key log for the session to remember; one that contradicts it, or that this session did not write,
    is reported, and nothing is sealed to another organisation in this request."""
    try:
        seen = vault.seen_head(key, digest, row.sealed_head)
    except CannotOpen:
        report("end of the key log in a session", row.member_id)
        log.distrust(state.number)
        return row.sealed_head  # type: ignore[no-any-return]
    if seen is not None and not state.follows(*seen):
        log.distrust(seen.number)
        return row.sealed_head  # type: ignore[no-any-return]
    if seen is not None and seen.number == state.number:
        return row.sealed_head  # type: ignore[no-any-return]
    return vault.seal_head(key, digest, Head(state.number, state.digest))


def _anew(member_id: uuid.UUID) -> Anew | None:
    found = occasion_rows.going_on(db.session(), member_id)
    if found is None or found.status != OccasionStatus.WAITS or found.effective_at is None:
        return None
    by = db.session.get(Member, found.by_id) if found.by_id is not None else None
    codes = signed_names.codes([found.by_id])
    called = signed_names.who(codes, by.id, by.name, by.login) if by is not None else ""
    due = found.effective_at <= clock.now()
    return Anew(called, found.effective_at, due=due, needs_hand=occasion_rows.needs_hand(found))


def sign_out(*, by: Actor) -> None:
    """End the session: its key is deleted from the server at once."""
    with transaction() as session:
        session.execute(update(MemberSession).where(MemberSession.digest == by.session_id).values(sealed_keys=None))
        shift_steps.end_of_session(session, by.session_id, by)
        audit.append(session, audit.Event.SIGNED_OUT, by=by)


def change_password(*, password: str, new_password: str, by: Actor, cookie: str = "", asker: Asker = COMMAND) -> None:
    """Seal the member's keys under a new password; every other session ends.

    `cookie`: of the actor's session, which goes on as before. Without it the session goes on, too, but a first second
    factor is set up after the next sign-in. Raises SignInRefused when the old password is wrong, TooSoon, WeakPassword.
    """
    member = db.session.get(Member, by.member_id)
    if member is None:
        raise SignInRefused
    check_new(new_password, member)
    account, keys = credentials.prove_password(member.login, password, "password", asker)
    if password == new_password:
        raise WeakPassword(PasswordRefusal.SAME)
    with transaction() as session:
        member = credentials.hold(session, account)
        under = vault.change_password(member, keys, new_password, factor=passkeys.any_factor(account))
        session.execute(
            update(MemberSession)
            .where(MemberSession.member_id == member.id, MemberSession.digest != by.session_id)
            .values(sealed_keys=None, locked=False)
        )
        own = session.get(MemberSession, by.session_id, with_for_update=True, populate_existing=True)
        if own is not None and vault.is_session(own, own.digest, member.organisation_id):
            own.asks_password = False
            parts = vault.read_cookie(cookie)
            if parts is not None and parts[0] == own.digest and own.sealed_keys is not None:
                vault.carry_on(own, parts[1], under)
            vault.mark_session(own, member.organisation_id)
        ceremonies.end_lost_telephone(session, member, by)
        audit.append(session, audit.Event.PASSWORD_CHANGED, by=by)


def recover(
    *,
    login: str,
    code: str,
    new_password: str,
    second_factor: str = "",
    browser: str = "",
    asker: Asker = COMMAND,
) -> str:
    """A new password by the recovery code, and the second factor's code if there is one; every session ends.

    The code works once: the next one is returned, to be shown once, and the same transaction makes the old one invalid.
    Nothing opens before the next one was typed in.

    Raises SignInRefused, TooSoon, WeakPassword; PasskeyAsked, as in `sign_in`, when the recovery code is right.
    """
    name = credentials.folded(login)
    # Before the code is right nothing about the account may show, not even which new passwords it refuses.
    alone = not second_factor_vault.demanded()
    check_password(new_password, login.strip().casefold(), names=of_the_country(), is_common=is_common, alone=alone)
    tries = credentials.counters(name, asker)
    failed_attempt_rows.check(tries)
    account = credentials.account_now(name)
    step = second_factor_vault.accepted_step(account, second_factor)
    # Who has no second factor where one is asked for either waits, or it was taken out of the rows by hand.
    bound = account is not None and account.status == "active" and _factor_demanded()
    missing = account is None or (
        step is None and (account.has_second_factor or bound) and (bool(second_factor.strip()) or not account.passkeys)
    )
    # Without the second factor the code is not tried; a dummy of the same cost, which is always made, is tried instead.
    instead = vault.no_recovery_code()
    keys = vault.unlock_by_code(account, instead if missing else code)
    if account is None or keys is None or account.status not in ("active", "waiting"):
        credentials.refuse(account, "recovery", tries)
    asked = passkeys.factors_at(account, in_browser=asker != COMMAND)
    if (account.has_second_factor or bound) and step is None and not asked.passkeys:
        credentials.refuse(account, "recovery", tries)
    check_new(new_password, db.session.get_one(Member, account.id))
    db.session.rollback()
    if asked.passkeys and (step is None or not asked.takes_code):
        waiting = json.dumps([code, new_password]).encode()
        with transaction() as session:
            own = tries[0].of_own_browser
            asking = passkeys.ask(session, Purpose.RECOVER, asked, account.id, waiting, browser, own_browser=own)
        raise asking
    try:
        with transaction() as session:
            member = credentials.hold(session, account)
            if account.has_second_factor:
                credentials.use_code(session, account.id, step)
            return recovering.finish(session, member, account, keys, new_password, tries)
    except credentials.Overtaken:
        credentials.refuse(account, "recovery", tries)


def _factor_demanded() -> bool:
    return second_factor_vault.demanded() or passkey_vault.demanded()


def carry(ended: Ended, kind: Carry, *, path: str, fields: Sequence[tuple[str, str]] = ()) -> str:
    """Seal a request that arrived after its session had ended, for the member whose session it was."""
    content = {"path": path, "fields": list(fields), "at": clock.now().isoformat()}
    return vault.carry(ended.member_id, kind, json.dumps(content).encode())


def give_back(token: str, kind: Carry, *, by: Actor) -> tuple[str, list[tuple[str, str]], datetime] | None:
    """(path, fields, when it was sent) of what was carried if it was this member's and of this kind, and for as long as
    a session may last; else None."""
    if by.member_id is None:
        return None
    try:
        form = json.loads(vault.carried(by.member_id, kind, token))
    except vault.CannotOpen:
        return None
    sent_at = datetime.fromisoformat(form["at"])
    if clock.now() - sent_at >= timedelta(hours=SESSION_HOURS):
        return None
    return form["path"], [(name, value) for name, value in form["fields"]], sent_at


def is_token(expected: str, given: str) -> bool:
    """Whether a form carries the session's token."""
    return vault.same_token(expected, given)


def sign_in_token(nonce: str) -> str:
    """The token of a public form whose nonce lies in a cookie."""
    return vault.sign_in_token(nonce)


def is_sign_in_token(nonce: str, given: str) -> bool:
    """Whether a public form's token belongs to the cookie's nonce."""
    return bool(nonce) and vault.same_token(vault.sign_in_token(nonce), given)


def cover_idle_sessions() -> int:
    """Cover the sessions with a shift in which nobody did anything: nothing in the database opens with their cookie
    any more, also if nobody asks for a page. Returns how many."""
    now = clock.now()
    covered = 0
    statement = (
        select(MemberSession, Member.organisation_id, Member.role)
        .join(Member, Member.id == MemberSession.member_id)
        .where(MemberSession.covers_after.is_not(None), MemberSession.sealed_keys.is_not(None))
    )
    for row, organisation_id, role in db.session.execute(statement).all():
        if row.mark is not None and now - row.seen_at >= timedelta(minutes=row.covers_after or 0):
            with transaction() as session:
                covering.cover(session, row.digest, row.mark, Actor(row.member_id, organisation_id, Role(role)))
            covered += 1
    return covered


def forget_ended_sessions() -> int:
    """Take the keys out of sessions that ended, and drop their rows a day later; returns how many lost their keys."""
    now = clock.now()
    idle = now - timedelta(minutes=SESSION_IDLE_MINUTES)
    with transaction() as session:
        ended = rows_hit(
            session,
            update(MemberSession)
            .where(
                (MemberSession.expires_at <= now)
                | ((MemberSession.seen_at <= idle) & MemberSession.covers_after.is_(None))
            )
            .where(MemberSession.sealed_keys.is_not(None))
            .values(sealed_keys=None),
        )
        session.execute(delete(MemberSession).where(MemberSession.expires_at <= now - _KEEP_ENDED))
        failed_attempt_rows.sweep(session)
        session.execute(delete(HiddenPage).where(HiddenPage.hidden_at <= now - timedelta(hours=SESSION_HOURS)))
        session.execute(delete(ShownSecret).where(ShownSecret.made_at <= now - timedelta(minutes=SHOWN_MINUTES)))
        passkeys.sweep(session)
    return ended
