"""Who can open what, computed from the files and the passwords alone.

This module reads an instance as a thief would who knows the published rules: both databases with `sqlite3`, the key
files, and the passwords of some accounts. It opens everything that can be opened with them, with the rules written
down anew: nothing of the program is used but to carry people through their days. Roles, statuses and the organisation
a row claims to belong to are ignored: only what a key opens counts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from flask import Flask

from nrm import db
from nrm.actions import cases, interviews, referrals, stays
from nrm.domain.cases import Compartment
from nrm.domain.referrals import DeclineReason
from nrm.domain.stays import Destination, ExitReason
from nrm.store import stays as stay_store
from tests import factories
from tests import factories_referrals as people
from tests.world import World

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
Key = tuple[str, str]  # (case or draft as 32 hexadecimal digits, compartment)


def context(*parts: bytes | str | int) -> bytes:
    """Each part with its length before it."""
    encoded = [
        part if isinstance(part, bytes) else part.encode() if isinstance(part, str) else part.to_bytes(8, "big")
        for part in parts
    ]
    return b"nrm\x01" + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def unsealed(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    """AES-256-GCM behind a suite byte and a nonce."""
    if sealed[:1] != b"\x01":
        return None
    try:
        return AESGCM(key).decrypt(sealed[1:13], sealed[13:], aad)
    except InvalidTag:
        return None


def unwrapped(private: bytes, wrapped: bytes, info: bytes) -> bytes | None:
    """RFC 9180 base mode behind a suite byte."""
    try:
        return bytes(SUITE.decrypt(wrapped[1:], X25519PrivateKey.from_private_bytes(private), info))
    except InvalidTag:
        return None


def expanded(key: bytes, info: bytes) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=32, info=info).derive(key)


@dataclass
class Files:
    """What lies in two folders: `main` the database and key files, `shred` the second database."""

    main: Path
    shred: Path
    shred_keys: dict[tuple[str, str, int], bytes] = field(default_factory=dict)
    release_keys: dict[tuple[str, str, int, str], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for case, compartment, epoch, key in rows(
            self.shred / "shred.db", "case_id, compartment, epoch, key", "shred_keys"
        ):
            self.shred_keys[case, compartment, epoch] = key
        columns = "case_id, compartment, epoch, organisation_id, key"
        for case, compartment, epoch, party, key in rows(self.shred / "shred.db", columns, "release_keys"):
            self.release_keys[case, compartment, epoch, party] = key

    @property
    def pepper(self) -> bytes:
        return (self.main / "keys" / "pepper").read_bytes()

    def table(self, columns: str, name: str) -> list[tuple]:  # type: ignore[type-arg]
        return rows(self.main / "main.db", columns, name)

    def organisations(self) -> dict[str, str]:
        """Code by id."""
        return dict(self.table("id, code", "organisations"))


def rows(file: Path, columns: str, table: str) -> list[tuple]:  # type: ignore[type-arg]
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(f"SELECT {columns} FROM {table}").fetchall()


def personal_keys(files: Files, codes: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """(member id, private key) of every account of these organisations, by its password."""
    found = []
    ids = {id_ for id_, code in files.organisations().items() if code in codes}
    columns = "id, organisation_id, salt, verifier, sealed_kem"
    for id_, organisation, salt, verifier, sealed in files.table(columns, "members"):
        if organisation not in ids:
            continue
        root = Argon2id(
            salt=salt,
            length=32,
            iterations=factories.CHEAP["argon2_passes"],
            lanes=1,
            memory_cost=factories.CHEAP["argon2_kib"],
            secret=files.pepper,
        ).derive(factories.PASSWORD.encode())
        assert hashlib.sha256(expanded(root, context("auth"))).digest() == verifier, "the password is the account's"
        member = bytes.fromhex(id_)
        private = unsealed(expanded(root, context("wrap")), sealed, context("kem", member))
        assert private is not None
        found.append((member, private))
    return found


def keyrings(files: Files, codes: Iterable[str]) -> set[bytes]:
    """Every private half of a keyring that these accounts can unwrap, whomever the row says it is for."""
    mine = personal_keys(files, codes)
    wraps = [sealed for (sealed,) in files.table("sealed_private", "keyring_wraps")]
    places = {(organisation, version) for organisation, version in files.table("organisation_id, version", "keyrings")}
    found = set()
    for sealed in wraps:
        for member, private in mine:
            for organisation, version in places:
                info = context("keyring", bytes.fromhex(organisation), version, member)
                ring = unwrapped(private, sealed, info)
                if ring is not None:
                    found.add(ring)
    return found


def compartment_keys(files: Files, codes: Iterable[str], *, released: bool) -> Iterator[tuple[str, str, int, bytes]]:
    """(case, compartment, epoch, CK) of every grant and pending grant that opens."""
    rings = keyrings(files, codes)
    columns = "case_id, compartment, organisation_id, epoch, keyring_version, sealed_key"
    grants = files.table(columns, "grants")
    for case, compartment, party, epoch, version, sealed in files.table(columns, "pending_grants"):
        grants.append((case, compartment, party, epoch, version, sealed))  # perhaps it opens as it is
        release = files.release_keys.get((case, compartment, epoch, party)) if released else None
        if release is not None:
            aad = context("pending", bytes.fromhex(case), compartment, epoch, bytes.fromhex(party))
            inner = unsealed(release, sealed, aad)
            assert inner is not None, "a release key opens the pending grant it belongs to"
            grants.append((case, compartment, party, epoch, version, inner))
    for case, compartment, party, epoch, version, sealed in grants:
        for kind in KINDS:
            info = context("grant", bytes.fromhex(case), compartment, epoch, bytes.fromhex(party), kind, version)
            for ring in rings:
                key = unwrapped(ring, sealed, info)
                if key is not None:
                    yield case, compartment, epoch, key


def opened(files: Files, *codes: str, released: bool = True) -> dict[Key, dict[str, object]]:
    """Everything that the accounts of these organisations together open: the value by case and compartment.

    `released`: whether the thief has the release keys of the shred database too.
    """
    blobs = {
        (case, compartment): (epoch, revision, sealed)
        for case, compartment, epoch, revision, sealed in files.table(
            "case_id, compartment, epoch, revision, sealed_value", "sealed_compartments"
        )
    }
    found = {}
    for case, compartment, epoch, key in compartment_keys(files, codes, released=released):
        now, revision, sealed = blobs.get((case, compartment), (0, 0, b""))
        half = files.shred_keys.get((case, compartment, epoch))
        if now != epoch or half is None:
            continue
        place = (bytes.fromhex(case), compartment, epoch)
        whole = HKDF(algorithm=SHA256(), length=32, salt=half, info=context("ek", *place)).derive(key)
        plain = unsealed(whole, sealed, context("blob", *place, revision))
        if plain is not None:
            assert len(plain) % 256 == 0
            found[case, compartment] = json.loads(plain[: plain.rindex(b"\x80")])
    return found


class Closure:
    """The instance as a thief sees it now, and copies of how it was."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self._folder, self._copies = folder, copies

    def copy(self, name: str) -> Path:
        """All files of the server, as they lie on its disk now."""
        db.disconnect()
        shutil.copytree(self._folder, self._copies / name)
        return self._copies / name

    def now(self, name: str) -> Files:
        here = self.copy(name)
        return Files(here, here)


@pytest.fixture
def closure(tmp_path: Path) -> Closure:
    return Closure(tmp_path / "world", tmp_path / "stolen")


def keys(case: uuid.UUID, *compartments: str) -> set[Key]:
    return {(case.hex, compartment) for compartment in compartments}


def expected(world: World) -> dict[str, set[Key]]:
    """What each organisation was granted, by the agreement's sequence; whoever is not named was granted nothing."""
    told = ("hand_over", "identity", "story")
    return {
        "RINAS": keys(world.draft, "draft") | keys(world.asked_case, *told),
        "NRC": keys(world.coming_case, *told) | keys(world.case, *told, "legal"),
        "VATRA": keys(world.own_case, *told),
        "RA": {(case.hex, "hand_over") for case in (world.asked_case, world.coming_case, world.case, world.own_case)},
        "TRP_UNIT": keys(world.case, "identity", "legal"),
    }


def test_each_organisation_opens_exactly_what_it_was_granted(world_app: tuple[Flask, World], closure: Closure) -> None:
    _, world = world_app
    files, granted = closure.now("now"), expected(world)
    for code in files.organisations().values():
        assert set(opened(files, code, released=False)) == granted.get(code, set()), code


def test_what_opens_is_the_plaintext_so_the_rules_here_are_the_real_ones(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    found = opened(closure.now("now"), "NRC")
    assert found[world.coming_case.hex, "identity"]["given"] == people.PLANTED
    assert found[world.coming_case.hex, "story"]["story"] == people.TOLD


def test_the_ministry_and_the_operator_open_nothing_with_every_file_and_all_their_passwords(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    files = closure.now("now")
    assert len(personal_keys(files, OUTSIDE)) >= 4
    assert keyrings(files, OUTSIDE) == set()
    assert opened(files, *OUTSIDE) == {}


def test_a_coalition_of_thieves_opens_the_union_and_nothing_more(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    granted = expected(world)
    together = opened(closure.now("now"), "TRP_UNIT", "VATRA", *OUTSIDE, released=False)
    assert set(together) == granted["TRP_UNIT"] | granted["VATRA"]


def test_a_party_of_the_route_needs_its_release_key_and_a_declined_one_has_none(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    before = closure.now("before")
    waiting = {party for case, _, _, party in before.release_keys if case == world.asked_case.hex}
    named = {code for id_, code in before.organisations().items() if id_ in waiting}
    assert {"NRC", "IOM"} <= named
    assert not told & set(opened(before, "NRC", released=False))
    assert told <= set(opened(before, "NRC"))  # so the shred database needs a guard of its own
    nrc = factories.actor("nrc.case_worker")
    referrals.decline(referral_id=world.asked, reason=DeclineReason.FULL, by=nrc)
    after = closure.now("after")
    assert not told & set(opened(after, "NRC"))
    # The next was asked without anybody's key, and it is no nearer than before.
    assert not told & set(opened(after, "IOM", released=False))
    # An old main database with the pending grants is of no use any more either.
    assert not told & set(opened(Files(before.main, after.main), "NRC"))
    assert told <= set(opened(after, "RINAS"))


def test_after_acceptance_the_sender_opens_nothing_also_with_the_old_main_database(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    before = closure.now("before")
    assert told <= set(opened(before, "RINAS"))
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=world.asked, bed_id=world.bed, by=nrc)
    after = closure.now("after")
    everybody_else = set(after.organisations().values()) - {"NRC", "RA"}
    assert not told & set(opened(after, *everybody_else))
    assert not told & set(opened(Files(before.main, after.main), *everybody_else))
    assert told <= set(opened(after, "NRC"))
    assert told & set(opened(after, "RA")) == keys(world.asked_case, "hand_over")
    # Not even who may open it now does so by the old rows: each epoch has halves of its own.
    assert not told & set(opened(Files(before.main, after.main), "NRC", "RA"))


def test_withdrawing_leaves_the_case_to_the_sender_and_kills_what_lay_with_the_asked(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    told = keys(world.asked_case, "hand_over", "identity", "story")
    before = closure.now("before")
    referrals.withdraw(referral_id=world.asked, by=factories.actor("rinas.border_officer"))
    after = closure.now("after")
    shelters = ("NRC", "IOM", "VATRA", "TJETER_VIZION")
    assert not told & set(opened(after, *shelters))
    assert not told & set(opened(Files(before.main, after.main), *shelters, "RINAS", "RA"))
    assert told <= set(opened(after, "RINAS"))
    assert not [place for place in after.release_keys if place[0] == world.asked_case.hex]


def test_a_share_opens_what_it_says_and_ending_it_kills_it_in_old_copies(
    world_app: tuple[Flask, World], closure: Closure
) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.case_worker")
    prosecution = people.organisation("PROSECUTION")
    cases.share(case_id=world.case, organisation_id=prosecution, compartments={Compartment.LEGAL}, agreed=True, by=nrc)
    shared = closure.now("shared")
    assert set(opened(shared, "PROSECUTION")) == keys(world.case, "legal")
    cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    ended = closure.now("ended")
    assert set(opened(ended, "TRP_UNIT")) == set()
    assert set(opened(Files(shared.main, ended.main), "TRP_UNIT")) == set()
    # Who still shares goes on reading.
    assert set(opened(ended, "PROSECUTION")) == keys(world.case, "legal")
    assert keys(world.case, "hand_over", "identity", "story", "legal") <= set(opened(ended, "NRC"))


def test_after_closing_nobody_but_the_holder_opens_anything(world_app: tuple[Flask, World], closure: Closure) -> None:
    _, world = world_app
    nrc = factories.actor("nrc.shelter_manager")
    everything = keys(world.case, "hand_over", "identity", "story", "legal")
    before = closure.now("before")
    stays.end(
        stay_id=world.stay,
        ended_on=stay_store.today(),
        exit_reason=ExitReason.LEFT_VOLUNTARILY,
        destination=Destination.OWN_HOME,
        by=nrc,
    )
    cases.close(case_id=world.case, by=nrc)
    after = closure.now("after")
    others = set(after.organisations().values()) - {"NRC"}
    assert not everything & set(opened(after, *others))
    assert not everything & set(opened(Files(before.main, after.main), *others))
    assert everything <= set(opened(after, "NRC"))


def test_discarding_a_draft_leaves_it_to_nobody(world_app: tuple[Flask, World], closure: Closure) -> None:
    _, world = world_app
    before = closure.now("before")
    interviews.discard(interview_id=world.draft, by=factories.actor("rinas.border_officer"))
    after = closure.now("after")
    everybody = after.organisations().values()
    assert not keys(world.draft, "draft") & set(opened(after, *everybody))
    assert not keys(world.draft, "draft") & set(opened(Files(before.main, after.main), *everybody))
