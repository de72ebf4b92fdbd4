"""Passwords, the keys of members, and sessions whose key lives only in the browser (ADR 0018)."""

from __future__ import annotations

import base64
import os
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from config import ARGON2_MOST_KIB, ARGON2_MOST_PASSES
from nrm import crypto
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Credentials, KeyHolder
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.vault.keylog import log, people
from nrm.vault.keylog.heads import Head
from nrm.vault.marks import check_row_mac, config, microseconds, report, row_mac

_RECOVERY_BYTES = 20
_SESSION_ID_BYTES = 16
_VERSION_BYTES = 4
LEAST_KIB = 8  # less is no Argon2 (RFC 9106, 3.1)
_INVITATION_BYTES = 16
# In what a session carries, the place of what the keys are sealed under; versions of a keyring begin with 1.
_UNDER = 0
# How many people a browser's cookie remembers.
_LIKE_LETTERS = str.maketrans("018", "OIB")  # digits that no code has, as they are read from paper
_BROWSERS, _LONGEST_ENTRY = 5, 150
_HEAD_BYTES = 16  # of the digest of the key log's end, in the cookie

CannotOpen = crypto.CannotOpen


@dataclass(frozen=True, slots=True, repr=False)
class NewSession:
    """What the browser keeps, and the row the server keeps."""

    cookie: str
    row: MemberSession


def make_member_keys(member: Member, password: str) -> tuple[KeyHolder, str]:
    """Make the member's keys, sealed under the password and under a recovery code; returns (keys, code to show
    once)."""
    kem_private, member.kem_public = crypto.key_pair()
    member.kem_mark = row_mac("member", member.id, member.organisation_id, member.kem_public)
    sign_private, member.sign_public = crypto.signing_pair()
    member.sign_mark = row_mac("signing key", member.id, member.organisation_id, member.sign_public)
    keys = KeyHolder(kem_private, sign_private)
    seal_under(member, keys, derived(password), factor=False)
    known = log.last_state(db.session).members.get(member.id)
    people.sign_own(member, keys, serial=max(member.serial, known.serial if known else 0) + 1)
    return keys, make_code(member, keys)


def sign_own(member: Member, keys: KeyHolder) -> None:
    """Let somebody whose account is older than the key log sign their keys for it, once, in their own session."""
    if member.own_signature is None:
        people.sign_own(member, keys, serial=max(member.serial, 1))


def make_code(member: Member, keys: KeyHolder) -> str:
    """Seal the member's keys under a new recovery code, returned to be shown once; the old code no longer works."""
    code = os.urandom(_RECOVERY_BYTES)
    recovery = crypto.expand(code, crypto.ctx("recovery"))
    member.sealed_kem_recovery = crypto.seal(recovery, keys.kem_private, crypto.ctx("kem recovery", member.id))
    member.sealed_sign_recovery = crypto.seal(recovery, keys.sign_private, crypto.ctx("sign recovery", member.id))
    member.code_checked_at = None
    text = base64.b32encode(code).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def forget_keys(member: Member) -> None:
    """Delete from the row everything with which a password or a recovery code opens the member's keys."""
    member.salt = member.verifier = None
    member.kem_public = member.kem_mark = None
    member.sealed_kem = member.sealed_sign = None
    member.sealed_kem_recovery = member.sealed_sign_recovery = None
    member.code_checked_at = None
    member.sealed_totp = member.totp_step = member.totp_reset_at = None
    member.own_signature = None
    member.argon2_kib = member.argon2_passes = member.waits_at = None
    member.codes_known = member.codes_elsewhere = 0


def change_password(member: Member, keys: KeyHolder, password: str, *, factor: bool) -> bytes:
    """Seal the member's keys under a new password; the keys stay the same. Returns under what they are sealed now."""
    new = derived(password)
    seal_under(member, keys, new, factor=factor)
    member.codes_known = member.codes_elsewhere = 0
    return new.under


@dataclass(frozen=True, slots=True, repr=False)
class Derived:
    """What became of a password under a salt, with the memory (KiB) and passes of that moment's settings."""

    salt: bytes
    root: bytes
    kib: int
    passes: int

    @property
    def under(self) -> bytes:
        """What a member's keys are sealed under."""
        return crypto.expand(self.root, crypto.ctx("wrap"))


def derived(password: str) -> Derived:
    """The password under a new salt, as the settings say now. It takes long: best outside a transaction."""
    salt, settings = os.urandom(16), config()
    kib, passes = settings.argon2_kib, settings.argon2_passes
    return Derived(salt, _root(password, salt, kib, passes), kib, passes)


def seal_under(member: Member, keys: KeyHolder, new: Derived, *, factor: bool) -> None:
    """Seal the member's keys under what was derived from a password; `factor`: whether they have a second factor."""
    member.salt, member.argon2_kib, member.argon2_passes = new.salt, new.kib, new.passes
    member.verifier = crypto.digest(crypto.expand(new.root, crypto.ctx("auth")))
    seal_again(member, replace(keys, under=new.under), factor=factor)


def seal_again(member: Member, keys: KeyHolder, *, factor: bool) -> None:
    """Seal the member's keys so that they open with a second factor alone, or, without `factor`, while there is none.

    They stay under what they were sealed under (`keys.under`), which the caller has tried. Call it when the first
    factor is there, and when the last one is gone. Raises CannotOpen where the session does not know it.
    """
    under = keys.under
    if under is None:
        raise CannotOpen
    member.sealed_kem = crypto.seal(under, keys.kem_private, _own_context("kem", member.id, factor=factor))
    member.sealed_sign = crypto.seal(under, keys.sign_private, _own_context("sign", member.id, factor=factor))


def _own_context(which: str, member_id: uuid.UUID, *, factor: bool) -> bytes:
    """Whether there is a second factor is a part of it: who takes it out of the rows by hand opens nothing."""
    return crypto.ctx(which, member_id, "second factor") if factor else crypto.ctx(which, member_id)


def prove(account: Credentials | None, login: str, password: str) -> bytes | None:
    """The key that the member's keys are sealed under if the password is right, else None.

    Nothing is opened yet. The password is derived as it was when it was set, whatever the settings say now. A login
    that does not exist costs the same (`_cost_of_nobody`).
    """
    salt, (kib, passes) = crypto.mac(config().secrets.pepper, login.encode())[:16], _cost_of_nobody(account, login)
    theirs = _cost_of(account) if account is not None else (kib, passes)
    if account is not None and account.known and account.salt:
        salt, (kib, passes) = account.salt, theirs
    root = _root(password, salt, kib, passes)
    auth = crypto.digest(crypto.expand(root, crypto.ctx("auth")))
    under = crypto.expand(root, crypto.ctx("wrap"))
    if account is None or not crypto.same(auth, account.verifier or b"") or not account.known:
        return None
    usable = account.status in ("active", "waiting") and account.sealed_kem is not None
    return under if usable else None


def open_keys(account: Credentials, under: bytes, *, factor: bool) -> KeyHolder:
    """The member's keys, by what `prove` gave; `factor`: whether they have a telephone or a genuine passkey.

    Raises CannotOpen, also where they had one and it is not there any more.
    """
    try:
        keys = _opened(account, under, factor=factor)
        _must_be_theirs(keys, account)
    except CannotOpen:
        report("keys", account.id)
        raise
    return keys


def _opened(account: Credentials, under: bytes, *, factor: bool) -> KeyHolder:
    sealed_kem, sealed_sign = account.sealed_kem or b"", account.sealed_sign or b""
    try:
        return KeyHolder(
            crypto.unseal(under, sealed_kem, _own_context("kem", account.id, factor=factor)),
            crypto.unseal(under, sealed_sign, _own_context("sign", account.id, factor=factor)),
            under=under,
        )
    except CannotOpen:
        if not factor:
            raise
    # Sealed before the second factor was a part of the context: bound to it at this sign-in.
    return replace(_opened(account, under, factor=False), bound=False)


def _must_be_theirs(keys: KeyHolder, account: Credentials) -> None:
    """Raise CannotOpen unless the keys belong to the public halves that this program made for this member there.

    A person who can write to the database can seal any keys under their own code, and can put a member's row into
    another organisation.
    """
    check_row_mac(account.kem_mark, "member", account.id, account.organisation_id, account.kem_public or b"")
    check_row_mac(account.sign_mark, "signing key", account.id, account.organisation_id, account.sign_public or b"")
    kem_public, sign_public = crypto.public_key_of(keys.kem_private), crypto.verifying_key_of(keys.sign_private)
    if not crypto.same(kem_public + sign_public, (account.kem_public or b"") + (account.sign_public or b"")):
        raise CannotOpen


def must_be_of_row(member: Member, keys: KeyHolder) -> None:
    """Raise CannotOpen unless the row has the public halves of these keys, which a session holds: reported."""
    halves = crypto.public_key_of(keys.kem_private) + crypto.verifying_key_of(keys.sign_private)
    if not crypto.same(halves, (member.kem_public or b"") + (member.sign_public or b"")):
        report("keys", member.id)
        raise CannotOpen


def signing_key(by: Actor) -> tuple[bytes, bytes]:
    """(private, public) half of the member's Ed25519 key; raises CannotOpen for one that is not theirs."""
    if by.keys is None or by.member_id is None:
        raise CannotOpen
    public = known_signing_key(by.member_id)
    if public is None:
        raise CannotOpen
    if not crypto.same(crypto.verifying_key_of(by.keys.sign_private), public):
        report("signing key", by.member_id)
        raise CannotOpen
    return by.keys.sign_private, public


def known_signing_key(member_id: uuid.UUID, *, also_left: bool = False) -> bytes | None:
    """The public half of the member's Ed25519 key: by the key log, while they are in it; of an organisation that is not
    founded, the one that this program made for them there. `also_left`: also of who left, and may come back."""
    known = log.last_state(db.session).members.get(member_id)
    if known is not None:
        return None if known.left and not also_left else known.signing
    statement = select(Member.organisation_id, Member.sign_public, Member.sign_mark).where(Member.id == member_id)
    row = db.session.execute(statement).first()
    if row is None or row.sign_public is None:
        return None
    try:
        check_row_mac(row.sign_mark, "signing key", member_id, row.organisation_id, row.sign_public)
    except CannotOpen:
        return None
    return bytes(row.sign_public)


def unlock_by_code(account: Credentials | None, code: str) -> KeyHolder | None:
    """The member's keys if the recovery code is right, else None. Not slow on purpose: the code is 160 random bits."""
    try:
        raw = base64.b32decode("".join(code.split()).replace("-", "").upper().translate(_LIKE_LETTERS))
    except ValueError:
        return None
    if account is None or len(raw) != _RECOVERY_BYTES:
        return None
    recovery = crypto.expand(raw, crypto.ctx("recovery"))
    try:
        keys = KeyHolder(
            crypto.unseal(recovery, account.sealed_kem_recovery or b"", crypto.ctx("kem recovery", account.id)),
            crypto.unseal(recovery, account.sealed_sign_recovery or b"", crypto.ctx("sign recovery", account.id)),
        )
    except CannotOpen:
        return None
    try:
        _must_be_theirs(keys, account)
    except CannotOpen:
        report("recovery code", account.id)
        return None
    return keys if account.known else None


def no_recovery_code() -> str:
    """A code that opens nothing; trying it costs as much as trying a real one."""
    return base64.b32encode(os.urandom(_RECOVERY_BYTES)).decode()


def _root(password: str, salt: bytes, kib: int, passes: int) -> bytes:
    return crypto.derive(password, salt, config().secrets.pepper, memory_kib=kib, passes=passes)


def is_costly_as_now(account: Credentials) -> bool:
    """Whether the account's password was derived as the settings say now; else it is derived anew at a sign-in."""
    settings = config()
    return (account.argon2_kib, account.argon2_passes) == (settings.argon2_kib, settings.argon2_passes)


def _cost_of(account: Credentials) -> tuple[int, int]:
    """(KiB, passes) with which the account's password was derived; those of now, and a report, for what cannot be."""
    kib, passes, settings = account.argon2_kib or 0, account.argon2_passes or 0, config()
    if LEAST_KIB <= kib <= ARGON2_MOST_KIB and 0 < passes <= ARGON2_MOST_PASSES:
        return kib, passes
    if account.known and account.salt:
        report("cost of the password", account.id)
    return settings.argon2_kib, settings.argon2_passes


def _cost_of_nobody(account: Credentials | None, login: str) -> tuple[int, int]:
    """What a login that does not exist costs: as much as some account, by a lot that is drawn by the name alone.

    While some accounts were derived otherwise than the settings say, names that exist cost one or the other. So do
    those that do not, in the same shares: the time of an answer does not tell which they are. As accounts change over
    to the present settings, so do the names of nobody.
    """
    settings = config()
    now = settings.argon2_kib, settings.argon2_passes
    lot = int.from_bytes(crypto.mac(settings.secrets.pepper, crypto.ctx("cost", login))[:8], "big")
    usable = [each for each in (account.costs if account is not None else ()) if each[0] <= ARGON2_MOST_KIB]
    left = lot * sum(number for *_, number in usable) >> 64
    for kib, passes, number in sorted(usable, key=lambda each: (each[:2] == now, each)):
        left -= number
        if left < 0 and kib >= LEAST_KIB and 0 < passes <= ARGON2_MOST_PASSES:
            return kib, passes
    return now


def new_session(member_id: uuid.UUID, keys: KeyHolder, head: Head) -> NewSession:
    """A session under a new id and key; the caller sets its times, marks the row and adds it.

    It carries what the keys have unwrapped of the organisation's keyring, so that no request unwraps it again, and the
    end of the key log that this person saw; also what their keys are sealed under, to seal them anew when they get
    their first second factor or give up the last.
    """
    number, key = os.urandom(_SESSION_ID_BYTES), crypto.new_key()
    digest = _session_digest(number, key)
    sealed = _carried(key, digest, member_id, keys)
    return NewSession(
        base64.urlsafe_b64encode(number + key).decode(),
        MemberSession(
            digest=digest,
            member_id=member_id,
            sealed_keys=sealed,
            locked=False,
            wrong_proofs=0,
            asks_password=False,
            lacks_factor=False,
            sealed_head=seal_head(key, digest, head),
        ),
    )


def _carried(key: bytes, digest: bytes, member_id: uuid.UUID, keys: KeyHolder) -> bytes:
    carried = keys.kem_private + keys.sign_private
    halves = {_UNDER: keys.under, **keys.keyrings} if keys.under is not None else keys.keyrings
    carried += b"".join(version.to_bytes(_VERSION_BYTES, "big") + half for version, half in halves.items())
    return crypto.seal(key, carried, crypto.ctx("session", digest, member_id))


def carry_on(row: MemberSession, key: bytes, under: bytes) -> None:
    """Let a session know under what its member's keys are sealed from now on; the caller marks it. Raises
    CannotOpen."""
    keys = open_session(row.digest, key, row.member_id, row.sealed_keys or b"")
    row.sealed_keys = _carried(key, row.digest, row.member_id, replace(keys, under=under))


def seal_head(key: bytes, digest: bytes, head: Head) -> bytes:
    """An end of the key log, under the key of the session: no other end is as good, whatever the databases say."""
    content = head.number.to_bytes(_VERSION_BYTES, "big") + head.digest
    return crypto.seal(key, content, crypto.ctx("session head", digest))


def seen_head(key: bytes, digest: bytes, sealed: bytes | None) -> Head | None:
    """The end of the key log that a session saw; None for a session without one. Raises CannotOpen."""
    if sealed is None:
        return None
    content = crypto.unseal(key, sealed, crypto.ctx("session head", digest))
    return Head(int.from_bytes(content[:_VERSION_BYTES], "big"), content[_VERSION_BYTES:])


def mark_session(row: MemberSession, organisation_id: uuid.UUID) -> None:
    """Set the MAC of the row as it is now; call it after every change to a session that continues or is locked."""
    row.whose_mark = row_mac("session of", row.member_id, row.digest)
    row.mark = _session_mac(row, row.digest, organisation_id, row.seen_at)


def _session_mac(row: Any, digest: bytes, organisation_id: uuid.UUID, seen_at: datetime) -> bytes:
    """The MAC of a session: this program began, proved, hid and prolonged it, for the member in its row."""
    times = (row.created_at, seen_at, row.expires_at)
    proved_at = microseconds(row.proved_at) if row.proved_at is not None else ""
    decides = (row.sealed_keys or b"", int(row.locked), *map(microseconds, times), proved_at)
    if row.covers_after is not None or row.wrong_proofs:
        decides += (f"covers after {row.covers_after}", row.wrong_proofs)
    if row.asks_password:
        decides += ("asks for another password",)
    if row.lacks_factor:
        decides += ("lacks the second factor",)
    return row_mac("session", row.member_id, organisation_id, digest, *decides)


def mark_seen(row: Any, digest: bytes, seen_at: datetime) -> bytes:
    """The MAC of a session, given as `store.accounts.session` read it, with another time of last use."""
    return _session_mac(row, digest, row.organisation_id, seen_at)


def is_session(row: Any, digest: bytes, organisation_id: uuid.UUID) -> bool:
    """Whether this program wrote the row as it is now; it is reported if not.

    For a session that has ended, only its member is checked: what is typed after that is given back to them.
    """
    if row.sealed_keys is None and not row.locked:
        found, made = row.whose_mark, row_mac("session of", row.member_id, digest)
    else:
        found, made = row.mark, _session_mac(row, digest, organisation_id, row.seen_at)
    if found is not None and crypto.same(found, made):
        return True
    report("session", row.member_id)
    return False


def read_cookie(cookie: str) -> tuple[bytes, bytes] | None:
    """(digest under which the session is kept, session key), or None if the cookie is none of ours."""
    try:
        raw = base64.b64decode(cookie.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != _SESSION_ID_BYTES + crypto.KEY_BYTES:
        return None
    number, key = raw[:_SESSION_ID_BYTES], raw[_SESSION_ID_BYTES:]
    return _session_digest(number, key), key


def _session_digest(number: bytes, key: bytes) -> bytes:
    """The digest of both halves of the cookie: with only one of them no row is found, also after the session has ended
    and there is nothing left for the key to open."""
    return crypto.digest(number + crypto.expand(key, crypto.ctx("session row")))


def session_name(digest: bytes) -> uuid.UUID:
    """What a page calls a session: neither the cookie nor the row can be found from it."""
    return uuid.UUID(bytes=row_mac("session name", uuid.UUID(int=0), digest)[:16])


def open_session(digest: bytes, key: bytes, member_id: uuid.UUID, sealed_keys: bytes) -> KeyHolder:
    """The keys a session row holds; raises CannotOpen."""
    try:
        carried = crypto.unseal(key, sealed_keys, crypto.ctx("session", digest, member_id))
    except CannotOpen:
        report("session", member_id)
        raise
    one, two = crypto.KEY_BYTES, 2 * crypto.KEY_BYTES
    versions = range(two, len(carried), _VERSION_BYTES + crypto.KEY_BYTES)
    halves = [(place, place + _VERSION_BYTES) for place in versions]
    keyrings = {int.from_bytes(carried[at:end], "big"): carried[end : end + crypto.KEY_BYTES] for at, end in halves}
    under = keyrings.pop(_UNDER, None)
    return KeyHolder(carried[:one], carried[one:two], keyrings, under=under)


def known_browser(login: str, cookie: str) -> str | None:
    """The number under which this person signed in with this browser before, or None."""
    entry = _entry_of(login, cookie)
    return entry.partition("-")[0] if entry is not None else None


def _entry_of(login: str, cookie: str) -> str | None:
    """The person's entry: a number, in newer ones the end of the key log, and the MAC of both under the login."""
    for entry in cookie.split(".")[:_BROWSERS]:
        said, _, mac = entry.rpartition("-")
        if same_token(_browser_mac(login, said), mac):
            return entry
    return None


def browser_head(login: str, cookie: str) -> Head | None:
    """The end of the key log that this person saw in this browser, its digest by 16 bytes; None if unknown."""
    parts = (_entry_of(login, cookie) or "").split("-")
    if len(parts) != 3:
        return None
    return Head(int(parts[1][:8], 16), bytes.fromhex(parts[1][8:]))


def with_browser(login: str, cookie: str, head: Head) -> str:
    """The cookie that says that this person signed in here, and which end of the key log they saw: a random number, the
    end and a MAC, no name."""
    before = _entry_of(login, cookie)
    number = known_browser(login, cookie) or os.urandom(_SESSION_ID_BYTES).hex()
    said = f"{number}-{head.number:08x}{head.digest[:_HEAD_BYTES].hex()}"
    entries = [entry for entry in cookie.split(".") if entry.isascii() and 0 < len(entry) < _LONGEST_ENTRY]
    others = [entry for entry in entries if entry != before]
    return ".".join([f"{said}-{_browser_mac(login, said)}", *others[: _BROWSERS - 1]])


def _browser_mac(login: str, said: str) -> str:
    context = crypto.ctx(login, said.encode("utf-8", "surrogatepass"))
    return crypto.mac(crypto.expand(config().secrets.pepper, crypto.ctx("browser")), context).hex()


def csrf_token(session_key: bytes) -> str:
    """The token every form of this session carries."""
    return crypto.expand(session_key, crypto.ctx("csrf"))[:16].hex()


def sign_in_token(nonce: str) -> str:
    """The token of a form that is sent before there is a session; `nonce` lies in a cookie."""
    return crypto.mac(crypto.expand(config().secrets.pepper, crypto.ctx("sign-in")), nonce.encode()).hex()


def same_token(left: str, right: str) -> bool:
    """Whether two tokens are equal, in constant time."""
    return crypto.same(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


def new_invitation() -> tuple[str, bytes]:
    """(the token of the link, the digest that is kept)."""
    token = base64.urlsafe_b64encode(os.urandom(_INVITATION_BYTES)).decode().rstrip("=")
    return token, invitation_digest(token)


def invitation_digest(token: str) -> bytes:
    """What is kept of an invitation's token."""
    return crypto.digest(b"invitation" + token.encode("utf-8", "surrogatepass"))


def seal_page(member: Member, page: bytes) -> bytes:
    """Seal a hidden page to the member's own public key: no session and no server opens it. Raises CannotOpen.

    Anybody can seal to a public key, so the page gets a MAC.
    """
    if member.kem_public is None:
        raise CannotOpen
    check_row_mac(member.kem_mark, "member", member.id, member.organisation_id, member.kem_public)
    marked = row_mac("hidden page", member.id, page) + page
    return crypto.wrap(member.kem_public, crypto.pad(marked), crypto.ctx("hidden page", member.id))


def open_page(sealed: bytes, *, by: Actor) -> bytes:
    """The page of `seal_page`, for the member alone; raises CannotOpen."""
    if by.keys is None or by.member_id is None:
        raise CannotOpen
    try:
        marked = crypto.unpad(crypto.unwrap(by.keys.kem_private, sealed, crypto.ctx("hidden page", by.member_id)))
    except CannotOpen:
        report("hidden page", by.member_id)
        raise
    found, page = marked[: crypto.KEY_BYTES], marked[crypto.KEY_BYTES :]
    check_row_mac(found, "hidden page", by.member_id, page)
    return page


def carry(member_id: uuid.UUID, kind: str, payload: bytes) -> str:
    """Seal what a page carries, so that only the same member gets it back, and only as the same kind."""
    return base64.urlsafe_b64encode(crypto.seal(_carrying(), payload, crypto.ctx("carried", kind, member_id))).decode()


def carried(member_id: uuid.UUID, kind: str, token: str) -> bytes:
    """The payload of `carry`; raises CannotOpen for another member, another kind or junk."""
    try:
        sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        raise CannotOpen from None
    return crypto.unseal(_carrying(), sealed, crypto.ctx("carried", kind, member_id))


def _carrying() -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx("carry"))
