"""Inviting people, their keys, signing in and out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import db, hit_one, rows_hit, transaction
from nrm.domain.accounts.accounts import (
    INVITATION_HOURS,
    ROLES_OF,
    SESSION_HOURS,
    SESSION_IDLE_MINUTES,
    Actor,
    LoginRefusal,
    NotPermitted,
    OrganisationKind,
    Permission,
    Role,
    SignInRefused,
    UnusableInvitation,
    UnusableLogin,
    check_password,
    normalise_login,
)
from nrm.domain.accounts.members import KeyHappening, check_inviting, is_ended_by_founding
from nrm.domain.accounts.vouching import NotYet
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import HiddenPage, Invitation, Member, MemberSession, Organisation
from nrm.steps.accounts import covering, credentials
from nrm.steps.accounts import members as member_steps
from nrm.steps.accounts.credentials import COMMAND, Asker
from nrm.steps.accounts.key_events import happened
from nrm.steps.shelter import shifts as shift_steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.vault import keyrings, words
from nrm.vault import members as vault
from nrm.vault import second_factor as second_factor_vault
from nrm.vault.passwords import is_common

CannotOpen = vault.CannotOpen
KeyringDisagrees = keyrings.Disagrees

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
    lacks_factor: bool = False
    """Begun by the password alone: another telephone is set up, and a colleague types the words."""
    code_due: bool = False
    """After a recovery: the next code has to be typed in first."""
    suspended_until: datetime | None = None
    anew: Anew | None = None

    @property
    def enrolling(self) -> bool:
        """Whether a second factor must be set up before anything else."""
        return not self.has_second_factor and second_factor_vault.demanded()


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that has ended: whose it was, so that what they typed can be given back to them alone.

    `locked`: the screen was hidden, and the password alone brings the session back. `covered`: it has a shift, and is
    brought back to the page that was asked for.
    """

    member_id: uuid.UUID
    locked: bool = False
    covered: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """Somebody lets the person begin anew: who, and from when on the present account is gone."""

    by: str
    effective_at: datetime


class Carry(StrEnum):
    """What kind of thing is carried, sealed, in a page."""

    FORM = "form"  # a form that is sent by a press of a button after signing in
    UNDONE = "undone"  # the address of a form that was not done, and is not sent
    PAGE = "page"  # the address of a page that is shown after a fresh proof


@dataclass(frozen=True, slots=True)
class Joined:
    """The outcome of accepting an invitation. The recovery code is shown once and kept nowhere."""

    login: str
    recovery_code: str
    waiting: bool


def invite(*, organisation_id: uuid.UUID, login: str, name: str, role: Role, by: Actor) -> str:
    """Make an account and return the token of its one-time link.

    A key holder does this in their own organisation. The administrator does it for organisations in which nobody holds
    a key, and for founders.
    Raises NotPermitted, KeyHoldersDecide, NotVisible, UnusableLogin.
    """
    by.must(Permission.ACCOUNT_INVITE)
    return _invite(organisation_id, login, name, role, by)


def invite_first(*, login: str, name: str) -> str:
    """The first administrator of a new instance; raises NotPermitted once there is any member."""
    operator = account_rows.operator()
    if account_rows.has_members():
        raise NotPermitted("the instance has members")
    return _invite(operator.id, login, name, Role.ADMINISTRATOR, Actor.system("init"))


def _invite(organisation_id: uuid.UUID, login: str, name: str, role: Role, by: Actor) -> str:
    login = normalise_login(login)
    with transaction() as session:
        organisation = names.organisation(organisation_id)
        # Held until the end, as in `confirm`: who is the second key holder is decided before this or after it.
        session.refresh(organisation, with_for_update={"key_share": True})
        if by.member_id is not None:
            check_inviting(
                own=organisation.id == by.organisation_id,
                holds=member_rows.holds_newest(by.member_id),
                keeps_accounts=by.may(Permission.ORGANISATION_FOUND),
                holds_keys=OrganisationKind(organisation.kind).holds_keys,
                founded=account_rows.has_keyring(organisation.id),
            )
        if role not in ROLES_OF[OrganisationKind(organisation.kind)]:
            raise NotPermitted(role)
        if account_rows.member_by_login(login) is not None:
            raise UnusableLogin(LoginRefusal.TAKEN)
        member = Member(
            id=uuid.uuid4(),
            organisation_id=organisation_id,
            login=login,
            name=name.strip(),
            role=role,
            status="invited",
            created_at=clock.now(),
        )
        session.add(member)
        try:
            session.flush()
        except IntegrityError:  # taken in the same instant
            raise UnusableLogin(LoginRefusal.TAKEN) from None
        token = member_steps.link(session, member, by, clock.now() + timedelta(hours=INVITATION_HOURS))
        audit.append(session, audit.Event.MEMBER_INVITED, by=by, member_id_invited=member.id, role=role)
    return token


def invited(token: str) -> Member:
    """Who a link invites; raises UnusableInvitation, NotYet while the old account of who begins anew goes on."""
    invitation = account_rows.invitation(vault.invitation_digest(token))
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= clock.now():
        raise UnusableInvitation
    member = db.session.get(Member, invitation.member_id, populate_existing=True)
    if member is None or not words.is_invitation(invitation, member.login):
        raise UnusableInvitation
    organisation = names.organisation(member.organisation_id)
    if not organisation.enabled:
        raise UnusableInvitation
    if member.status == "active":
        waits = occasion_rows.going_on(db.session(), member.id)
        if waits is not None and waits.status == OccasionStatus.WAITS and waits.effective_at is not None:
            raise NotYet(waits.effective_at)
    if member.status != "invited":
        raise UnusableInvitation
    if is_ended_by_founding(
        from_colleague=member_rows.is_colleagues(invitation, member),
        holds_keys=OrganisationKind(organisation.kind).holds_keys,
        founded=account_rows.has_keyring(organisation.id),
    ):
        raise UnusableInvitation
    return member


def join(*, token: str, password: str) -> Joined:
    """Accept an invitation: the member's keys are made here and nowhere else.

    The member waits until a colleague has typed the words that their page shows; the two founders of an organisation
    do it for each other. Only where an office without keys has nobody yet, its first member is active at once.
    Raises UnusableInvitation, WeakPassword.
    """
    _check_password(password, invited(token))
    with transaction() as session:
        # Held until the end: of two who join at once only one is an office's first.
        organisation_id = invited(token).organisation_id
        organisation = session.get_one(
            Organisation, organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        member = invited(token)
        digest = vault.invitation_digest(token)
        used = hit_one(
            session,
            update(Invitation)
            .where(Invitation.digest == digest, Invitation.used_at.is_(None))
            .values(used_at=clock.now()),
        )
        if not used:  # by somebody else who had the link, in the same instant
            raise UnusableInvitation
        _, code = vault.make_member_keys(member, password)
        waits = OrganisationKind(organisation.kind).holds_keys or occasion_rows.has_active(organisation)
        member.status = "waiting" if waits else "active"
        by = Actor(member.id, organisation.id, Role(member.role))
        happened(session, KeyHappening.JOINED, member, by=by)
        audit.append(session, audit.Event.INVITATION_ACCEPTED, by=by)
        return Joined(member.login, code, waits)


def must_answer() -> None:
    """Raise what the database raises when it cannot be reached; return nothing when it answers."""
    db.session.execute(select(1))


def sign_in(*, login: str, password: str, code: str = "", asker: Asker = COMMAND) -> str:
    """The cookie of a new session.

    Raises SignInRefused for an unknown name, a wrong password, a wrong or used code and a disabled account: all look
    the same and cost the same time. Raises TooSoon after too many failures. No key of the member is opened before name,
    password and code are all right.
    """
    name = credentials.folded(login)
    tries = credentials.counters(name, asker)
    failed_attempt_rows.check(tries)
    account = credentials.account_now(name)
    under = vault.prove(account, name, password)
    step = second_factor_vault.accepted_step(account, code)
    if account is None or under is None or (account.has_second_factor and step is None):
        credentials.refuse(account, "sign-in", tries)
    try:
        with transaction() as session:
            member = credentials.hold(session, account)
            if account.has_second_factor:
                credentials.use_code(session, account.id, step)
            keys = vault.open_keys(account, under)
            vault.bind_factor(member, keys, under)
            keyrings.unwrap_all(session, account.id, account.organisation_id, keys)
            new = vault.new_session(account.id, keys)
            now = clock.now()
            new.row.created_at = new.row.seen_at = new.row.proved_at = now
            new.row.expires_at = now + timedelta(hours=SESSION_HOURS)
            vault.mark_session(new.row, account.organisation_id)
            session.add(new.row)
            failed_attempt_rows.forgive(session, tries[0])
            by = Actor(account.id, account.organisation_id, Role(account.role))
            audit.append(session, audit.Event.SIGNED_IN, by=by)
    except (credentials.Overtaken, CannotOpen):
        credentials.refuse(account, "sign-in", tries)
    return new.cookie


def remember_browser(*, login: str, browsers: str) -> str:
    """The cookie of a browser in which this person has just signed in."""
    return vault.with_browser(credentials.folded(login), browsers)


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
    lasts = (
        now < row.expires_at
        and (covers is not None or idle < timedelta(minutes=SESSION_IDLE_MINUTES))
        and row.status in ("active", "waiting")
        and row.enabled
    )
    if not lasts or row.sealed_keys is None:
        locked = lasts and row.locked
        return Ended(row.member_id, locked=locked, covered=locked and covers is not None)
    if covers is not None and idle >= timedelta(minutes=covers):
        with transaction() as session:
            covering.cover(session, digest, row.mark, Actor(row.member_id, row.organisation_id, Role(row.role)))
        return Ended(row.member_id, locked=True, covered=True)
    try:
        keys = vault.open_session(digest, key, row.member_id, row.sealed_keys)
    except vault.CannotOpen:
        return None
    if seen and idle >= (_SEEN_EVERY if covers is None else _SEEN_IN_SHIFT):
        with transaction() as session:
            # Does not hit if the session was proved or hidden at the same moment: that change is kept.
            as_read = (MemberSession.digest == digest, MemberSession.mark == row.mark)
            later = {"seen_at": now, "mark": vault.mark_seen(row, digest, now)}
            session.execute(update(MemberSession).where(*as_read).values(**later))
    has_factor = row.has_second_factor and not row.lacks_factor
    suspended_until = occasion_rows.suspended_until(row.member_id) if row.objected else None
    blocked = row.lacks_factor or row.code_due or suspended_until is not None
    usable = not blocked and (has_factor or not second_factor_vault.demanded())
    actor = Actor(
        row.member_id,
        row.organisation_id,
        Role(row.role),
        kind=OrganisationKind(row.kind),
        organisation_code=row.code,
        crossing_point=row.crossing_point,
        session_id=digest,
        keys=keys if usable else None,
        under=keys.under,
    )
    return SignedIn(
        actor,
        row.login,
        row.name,
        {"sq": row.name_sq, "en": row.name_en},
        vault.csrf_token(key),
        waiting=row.status == "waiting",
        has_second_factor=has_factor,
        proved_at=row.proved_at,
        covers_after=covers,
        lacks_factor=row.lacks_factor,
        code_due=row.code_due and row.status == "active",
        suspended_until=suspended_until,
        anew=_anew(row.member_id) if row.begins_anew else None,
    )


def _anew(member_id: uuid.UUID) -> Anew | None:
    found = occasion_rows.going_on(db.session(), member_id)
    if found is None or found.status != OccasionStatus.WAITS or found.effective_at is None:
        return None
    by = db.session.get(Member, found.by_id) if found.by_id is not None else None
    return Anew(by.name if by is not None else "", found.effective_at)


def sign_out(*, by: Actor) -> None:
    """End the session: its key is deleted from the server at once."""
    with transaction() as session:
        session.execute(update(MemberSession).where(MemberSession.digest == by.session_id).values(sealed_keys=None))
        shift_steps.end_of_session(session, by.session_id, by)
        audit.append(session, audit.Event.SIGNED_OUT, by=by)


def change_password(*, password: str, new_password: str, by: Actor, asker: Asker = COMMAND) -> None:
    """Seal the member's keys under a new password; every other session ends.

    Raises SignInRefused when the old password is wrong, TooSoon, WeakPassword.
    """
    member = db.session.get(Member, by.member_id)
    if member is None:
        raise SignInRefused
    _check_password(new_password, member)
    account, keys = credentials.prove_password(member.login, password, "password", asker)
    with transaction() as session:
        member = credentials.hold(session, account)
        vault.change_password(member, keys, new_password)
        session.execute(
            update(MemberSession)
            .where(MemberSession.member_id == member.id, MemberSession.digest != by.session_id)
            .values(sealed_keys=None, locked=False)
        )
        audit.append(session, audit.Event.PASSWORD_CHANGED, by=by)


def recover(*, login: str, code: str, new_password: str, second_factor: str = "", asker: Asker = COMMAND) -> str:
    """A new password by the recovery code, and the second factor's code if there is one; every session ends.

    The code works once: the next one is returned, to be shown once, and the same transaction makes the old one invalid.
    Nothing opens before the next one was typed in.

    Raises SignInRefused, TooSoon, WeakPassword.
    """
    name = credentials.folded(login)
    # Before the code is right nothing about the account may show, not even which new passwords it refuses.
    check_password(new_password, login.strip().casefold(), names=_of_the_country(), is_common=is_common)
    tries = credentials.counters(name, asker)
    failed_attempt_rows.check(tries)
    account = credentials.account_now(name)
    step = second_factor_vault.accepted_step(account, second_factor)
    # Who has no second factor where one is asked for either waits, or it was taken out of the row by hand.
    unbound = account is not None and account.status == "active" and second_factor_vault.demanded()
    missing = account is None or ((account.has_second_factor or unbound) and step is None)
    # Without the second factor the code is not tried; a dummy of the same cost, which is always made, is tried instead.
    instead = vault.no_recovery_code()
    keys = vault.unlock_by_code(account, instead if missing else code)
    if account is None or keys is None or account.status not in ("active", "waiting"):
        credentials.refuse(account, "recovery", tries)
    _check_password(new_password, db.session.get_one(Member, account.id))
    db.session.rollback()
    try:
        with transaction() as session:
            member = credentials.hold(session, account)
            if account.has_second_factor:
                credentials.use_code(session, account.id, step)
            vault.change_password(member, keys, new_password)
            following = vault.make_code(member, keys)
            member.code_due = True
            session.execute(
                update(MemberSession).where(MemberSession.member_id == member.id).values(sealed_keys=None, locked=False)
            )
            failed_attempt_rows.forgive(session, tries[0])
            by = Actor(member.id, member.organisation_id, Role(member.role))
            happened(session, KeyHappening.RECOVERED, member, by=by)
            session.flush()
            audit.append(session, audit.Event.PASSWORD_CHANGED, by=by)
    except credentials.Overtaken:
        credentials.refuse(account, "recovery", tries)
    return following


def names_of(member: Member) -> list[str]:
    """The names of person, organisation and country: what a person who guesses this password would try first."""
    organisation = names.organisation(member.organisation_id)
    return [
        member.name,
        organisation.code,
        organisation.name_sq,
        organisation.name_en,
        organisation.crossing_point,
        *_of_the_country(),
    ]


def _of_the_country() -> list[str]:
    found = country()
    return [found.code, *found.names.values()]


def _check_password(password: str, member: Member) -> None:
    check_password(password, member.login, names=names_of(member), is_common=is_common)


def carry(ended: Ended, kind: Carry, *, path: str, fields: Sequence[tuple[str, str]] = ()) -> str:
    """Seal a request that arrived after its session had ended, for the member whose session it was."""
    content = {"path": path, "fields": list(fields), "at": clock.now().isoformat()}
    return vault.carry(ended.member_id, kind, json.dumps(content).encode())


def give_back(token: str, kind: Carry, *, by: Actor) -> tuple[str, list[tuple[str, str]]] | None:
    """(path, fields) of what was carried if it was this member's and of this kind, and for as long as a session may
    last; else None."""
    if by.member_id is None:
        return None
    try:
        form = json.loads(vault.carried(by.member_id, kind, token))
    except vault.CannotOpen:
        return None
    if clock.now() - datetime.fromisoformat(form["at"]) >= timedelta(hours=SESSION_HOURS):
        return None
    return form["path"], [(name, value) for name, value in form["fields"]]


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
    return ended
