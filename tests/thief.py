"""Who can open what, computed from the files and the passwords alone.

This module reads an instance as a thief would who knows the published rules: both databases with `sqlite3`, the key
files, and the passwords of some accounts. It opens everything that can be opened with them, with the rules written
down again: nothing of the program is used. Roles, statuses and the organisation a row claims to belong to are ignored:
only what a key opens counts.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
KINDS = (
    "border_police",
    "police",
    "state_shelter",
    "ngo_shelter",
    "international_organisation",
    "responsible_authority",
    "trp_unit",
    "prosecution",
    "consular_service",
    "helpline",
    "child_protection",
    "coalition",
    "ministry",
    "operator",
)
# Nobody but these: ministry and operator organisations, and everything the server holds at rest.
OUTSIDE = ("MOLSA", "OMS", "OPERATOR")
PASSWORD = "nine lives of a border cat"
CHEAP_PASSES, CHEAP_KIB = 1, 64
Key = tuple[str, str]  # (case or draft as 32 hexadecimal digits, compartment)
Row = tuple[Any, ...]


def context(*parts: bytes | str | int) -> bytes:
    """Each part with its length before it."""
    encoded = [
        part if isinstance(part, bytes) else part.encode() if isinstance(part, str) else part.to_bytes(8, "big")
        for part in parts
    ]
    return b"nrm\x01" + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


@functools.cache
def unsealed(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    """AES-256-GCM behind a suite byte and a nonce."""
    if sealed[:1] != b"\x01":
        return None
    try:
        return AESGCM(key).decrypt(sealed[1:13], sealed[13:], aad)
    except InvalidTag:
        return None


@functools.cache
def unwrapped(private: bytes, wrapped: bytes, info: bytes) -> bytes | None:
    """RFC 9180 base mode behind a suite byte."""
    try:
        return bytes(SUITE.decrypt(wrapped[1:], X25519PrivateKey.from_private_bytes(private), info))
    except InvalidTag:
        return None


def expanded(key: bytes, info: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=32, info=info).derive(key)


@functools.cache
def both(shred_key: bytes, compartment_key: bytes, info: bytes) -> bytes:
    """The key that needs two."""
    return HKDF(algorithm=SHA256(), length=32, salt=shred_key, info=info).derive(compartment_key)


@functools.cache
def root(password: str, salt: bytes, pepper: bytes, passes: int, kib: int) -> bytes:
    """Argon2id of a password."""
    argon = Argon2id(salt=salt, length=32, iterations=passes, lanes=1, memory_cost=kib, secret=pepper)
    return argon.derive(password.encode())


def rows(file: Path, columns: str, table: str) -> list[Row]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT {columns} FROM {table}").fetchall()


@dataclass
class Files:
    """What lies in two folders, read whole: `main` the database and key files, `shred` the second database."""

    main: Path
    shred: Path
    passes: int = CHEAP_PASSES
    kib: int = CHEAP_KIB
    passwords: Mapping[str, str] = field(default_factory=dict)  # by sign-in name, where not all have the same
    tables: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    shred_keys: dict[tuple[str, str, int], bytes] = field(default_factory=dict)
    release_keys: dict[tuple[str, str, int, str], bytes] = field(default_factory=dict)
    rings: dict[frozenset[str], frozenset[bytes]] = field(default_factory=dict)  # by codes, once computed

    def __post_init__(self) -> None:
        if self.tables:
            return
        with closing(sqlite3.connect(f"file:{self.main / 'main.db'}?mode=ro", uri=True)) as connection:
            for columns, name in READ:
                self.tables[columns, name] = connection.execute(f"SELECT {columns} FROM {name}").fetchall()
        for case, compartment, epoch, key in rows(self.shred / "shred.db", SHRED_KEYS, "shred_keys"):
            self.shred_keys[case, compartment, epoch] = key
        for case, compartment, epoch, party, key in rows(self.shred / "shred.db", RELEASE_KEYS, "release_keys"):
            self.release_keys[case, compartment, epoch, party] = key

    def with_shred_of(self, later: Files) -> Files:
        """This main database beside the second database as it was at another time."""
        return replace(self, shred=later.shred, shred_keys=later.shred_keys, release_keys=later.release_keys)

    @property
    def pepper(self) -> bytes:
        return (self.main / "keys" / "pepper").read_bytes()

    @property
    def store(self) -> bytes | None:
        """The key of the store; None if that file was not stolen."""
        file = self.main / "keys" / "store"
        return file.read_bytes() if file.exists() else None

    def table(self, columns: str, name: str) -> list[Row]:
        return self.tables[columns, name]

    def organisations(self) -> dict[str, str]:
        """Code by id."""
        return {id_: code for id_, code, _ in self.table(*ORGANISATIONS)}

    def kinds(self, *codes: str) -> frozenset[str]:
        """The kinds of these organisations."""
        return frozenset(kind for _, code, kind in self.table(*ORGANISATIONS) if code in codes)


ORGANISATIONS = ("id, code, kind", "organisations")
MEMBERS = ("id, login, organisation_id, salt, verifier, sealed_kem", "members")
WRAPS = ("sealed_private", "keyring_wraps")
KEYRINGS = ("organisation_id, version", "keyrings")
_GRANT = "case_id, compartment, organisation_id, epoch, keyring_version, sealed_key"
GRANTS, PENDING, PARKED = (_GRANT, "grants"), (_GRANT, "pending_grants"), (_GRANT, "parked_grants")
MEMBER_GRANTS = ("case_id, compartment, member_id, epoch, sealed_key", "member_grants")
BLOBS = ("case_id, compartment, epoch, revision, sealed_value", "sealed_compartments")
READ = (ORGANISATIONS, MEMBERS, WRAPS, KEYRINGS, GRANTS, PENDING, PARKED, MEMBER_GRANTS, BLOBS)
SHRED_KEYS = "case_id, compartment, epoch, key"
RELEASE_KEYS = "case_id, compartment, epoch, organisation_id, key"


def personal_keys(files: Files, codes: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """(member id, private key) of every account of these organisations, by its password."""
    found = []
    ids = {id_ for id_, code in files.organisations().items() if code in codes}
    for id_, login, organisation, salt, verifier, sealed in files.table(*MEMBERS):
        if organisation not in ids or sealed is None:
            continue
        secret = root(files.passwords.get(login, PASSWORD), salt, files.pepper, files.passes, files.kib)
        assert hashlib.sha256(expanded(secret, context("auth"))).digest() == verifier, "the password is the account's"
        member = bytes.fromhex(id_)
        private = unsealed(expanded(secret, context("wrap")), sealed, context("kem", member))
        assert private is not None
        found.append((member, private))
    return found


def keyrings(files: Files, codes: Iterable[str]) -> frozenset[bytes]:
    """Every private half of a keyring that these accounts can unwrap, whomever the row says it is for."""
    who = frozenset(codes)
    if who not in files.rings:
        mine = frozenset(personal_keys(files, who))
        files.rings[who] = _rings(mine, tuple(files.table(*WRAPS)), frozenset(files.table(*KEYRINGS)))
    return files.rings[who]


@functools.cache
def _rings(mine: frozenset[tuple[bytes, bytes]], wraps: tuple[Row, ...], places: frozenset[Row]) -> frozenset[bytes]:
    found = set()
    for (sealed,) in wraps:
        for member, private in mine:
            for organisation, version in places:
                info = context("keyring", bytes.fromhex(organisation), version, member)
                ring = unwrapped(private, sealed, info)
                if ring is not None:
                    found.add(ring)
    return frozenset(found)


def compartment_keys(
    files: Files, codes: Iterable[str], *, released: bool, kinds: Collection[str], own: bool = True
) -> Iterator[tuple[str, str, int, bytes]]:
    """(case, compartment, epoch, CK) of every grant and pending grant that opens; with `own`, of members, too."""
    rings = keyrings(files, codes)
    for case, compartment, member, epoch, sealed in files.table(*MEMBER_GRANTS) if own else ():
        info = context("member grant", bytes.fromhex(case), compartment, epoch, bytes.fromhex(member))
        for _, private in personal_keys(files, codes):
            key = unwrapped(private, sealed, info)
            if sealed[:1] == b"\x03":  # the member's own envelope
                key = unsealed(expanded(private, context("own grant")), sealed[1:], info)
            if key is not None:
                yield case, compartment, epoch, key
    grants = list(files.table(*GRANTS))
    for case, compartment, party, epoch, version, sealed in files.table(*PENDING):
        grants.append((case, compartment, party, epoch, version, sealed))  # perhaps it opens as it is
        release = files.release_keys.get((case, compartment, epoch, party)) if released else None
        if release is not None:
            aad = context("pending", bytes.fromhex(case), compartment, epoch, bytes.fromhex(party))
            inner = unsealed(release, sealed, aad)
            if inner is not None:  # else it was offered again since, under another release key
                grants.append((case, compartment, party, epoch, version, inner))
    for case, compartment, party, epoch, version, sealed in files.table(*PARKED):
        grants.append((case, compartment, party, epoch, version, sealed))
        release = files.release_keys.get((case, compartment, epoch, party)) if released else None
        if release is not None and files.store is not None:
            place = (bytes.fromhex(case), compartment, epoch, bytes.fromhex(party))
            marks = expanded(files.store, context("mark"))
            outer = hmac.digest(marks, context("parked key", *place, release), "sha256")
            inner = unsealed(outer, sealed, context("parked", *place))
            if inner is not None:
                grants.append((case, compartment, party, epoch, version, inner))
    tried = frozenset(kinds)
    for grant in grants:
        for key in _granted(rings, grant, tried):
            yield grant[0], grant[1], grant[3], key


@functools.cache
def _granted(rings: frozenset[bytes], grant: Row, kinds: frozenset[str]) -> frozenset[bytes]:
    """The compartment key, if any of these keyrings opens the grant as one of any of these kinds."""
    case, compartment, party, epoch, version, sealed = grant
    keys = set()
    for kind in kinds:
        info = context("grant", bytes.fromhex(case), compartment, epoch, bytes.fromhex(party), kind, version)
        keys |= {unwrapped(ring, sealed, info) for ring in rings}
        if sealed[:1] == b"\x03":  # the organisation's own envelope
            keys |= {unsealed(expanded(ring, context("own grant")), sealed[1:], info) for ring in rings}
    return frozenset(key for key in keys if key is not None)


def opened(
    files: Files, *codes: str, released: bool = True, kinds: Collection[str] = KINDS, own: bool = True
) -> dict[Key, dict[str, object]]:
    """Everything that the accounts of these organisations together open: the value by case and compartment.

    `released`: whether the thief has the release keys of the shred database too. `kinds`: which kinds of organisation
    are tried for each grant. `own`: whether members' own keys are used beside the keyrings they open.
    """
    blobs = {(case, compartment): row for case, compartment, *row in files.table(*BLOBS)}
    found = {}
    for case, compartment, epoch, key in compartment_keys(files, codes, released=released, kinds=kinds, own=own):
        now, revision, sealed = blobs.get((case, compartment), (0, 0, b""))
        half = files.shred_keys.get((case, compartment, epoch))
        if now != epoch or half is None:
            continue
        place = (bytes.fromhex(case), compartment, epoch)
        plain = unsealed(both(half, key, context("ek", *place)), sealed, context("blob", *place, revision))
        if plain is not None:
            assert len(plain) % 256 == 0
            found[case, compartment] = json.loads(plain[: plain.rindex(b"\x80")])
    return found
