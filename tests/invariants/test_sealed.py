"""What is sealed is known by name, and no file of an instance says in any writing what was sealed."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary

from nrm.db import Model, ShredModel
from tests.world import PLANTED, World

SEALED = {
    "care_notes.sealed_note",
    "grants.sealed_key",
    "hidden_pages.sealed_page",
    "keyring_wraps.sealed_private",
    "keyrings.sealed_import_key",
    "member_sessions.sealed_head",
    "member_sessions.sealed_keys",
    "member_grants.sealed_key",
    "members.sealed_kem",
    "members.sealed_kem_recovery",
    "members.sealed_sign",
    "members.sealed_sign_recovery",
    "members.sealed_totp",
    "occasions.sealed_totp",
    "monitoring_draws.sealed_seed",
    "passkey_challenges.sealed_waiting",
    "parked_grants.sealed_key",
    "pending_grants.sealed_key",
    "release_drafts.sealed_draft",
    "match_encodings.sealed_encoding",
    "hearing_entries.sealed_entry",
    "match_questions.sealed_pairs",
    "referrals.sealed_tags",
    "request_limits.sealed_counts",
    "route_candidates.sealed_tags",
    "release_memories.sealed_memory",
    "sealed_compartments.sealed_value",
    "shown_secrets.sealed_secret",
}
# Bytes that are no secret: digests, public keys, salts, signatures, marks under a key; and the second database's keys.
OPEN_BYTES = {
    "accepted_weakenings.mark",
    "agreement_signatures.mark",
    "agreement_signatures.public",
    "agreement_signatures.signature",
    "agreement_versions.mark",
    "agreement_withdrawals.mark",
    "contract_changes.mark",
    "contract_versions.mark",
    "country_versions.mark",
    "destructions.mark",
    "erasures.mark",
    "heavy_acts.mark",
    "known_keyrings.digest",
    "night_statements.content",  # a signed file of nights; it names nobody
    "supplements.mark",
    "withheld.mark",
    "others_there.whose_mark",
    "link_codes.whose_mark",
    "link_codes.code_mark",
    "audit_entries.hash",
    "failed_tries.digest",
    "shown_secrets.digest",
    "filings.digest",
    "filings.mark",
    "filings.public",
    "filings.signature",
    "consents.mark",
    "grants.mark",
    "instances.mark",
    "grants.since_mark",
    "interviews.import_mark",
    "match_keys.mark",
    "interviews.owner_mark",
    "interviews.paper_mark",
    "invitations.digest",
    "key_log.body",
    "key_log.digest",
    "key_log.signature",
    "keylog_before.mark",
    "keylog_before.public",
    "keylog_heads.digest",
    "keylog_members_before.kem_public",
    "keylog_members_before.mark",
    "keylog_members_before.sign_public",
    "members.name_salt",
    "members.own_signature",
    "organisations.names_salt",
    "invitations.mark",
    "occasions.head_digest",
    "occasions.mark",
    "occasions.random",  # the words also need the keys, and open nothing
    "occasions.session_digest",
    "keyring_wraps.voucher",
    "keyrings.mark",
    "referral_mistakes.mark",
    "key_workers.mark",
    "keyrings.public",
    "member_grants.mark",
    "member_sessions.digest",
    "member_sessions.mark",
    "member_sessions.whose_mark",
    "members.kem_mark",
    "members.kem_public",
    "members.salt",
    "members.sign_mark",
    "members.sign_public",
    "members.verifier",
    "openings.mark",
    "openings.session_digest",
    "paper_forms.mark",
    "passkey_challenges.bound_to",
    "passkey_challenges.challenge",
    "passkey_challenges.mark",
    "passkeys.credential",
    "passkeys.mark",
    "passkeys.public_key",
    "passkeys.signature",
    "parked_grants.mark",
    "referrals.mark",
    "removed_passkeys.digest",
    "release_drafts.signature",
    "release_files.content",
    "releases.hash",
    "releases.previous_hash",
    "releases.signature",
    "screened_lines.mark",
    "feedback_slips.mark",
    "complaints.not_for",
    "benefits.mark",
    "night_payments.mark",
    "payment_lines.mark",
    "complaints.mark",
    "complaints_taken.mark",
    "feedback_boxes.mark",
    "shifts.mark",
    "suspensions.mark",
    "shifts.session_digest",
    "release_keys.key",
    "shred_keys.key",
}


def test_every_column_of_bytes_is_listed_as_sealed_or_as_no_secret() -> None:
    found = {
        f"{table.name}.{column.name}"
        for base in (Model, ShredModel)
        for table in base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert found == SEALED | OPEN_BYTES
    assert all(name.split(".")[1].startswith("sealed_") == (name in SEALED) for name in found)


def writings(words: str) -> Iterator[bytes]:
    """How words of at least six bytes could stand in a file, wherever they begin in it.

    Of base64 every character that the words alone decide, and no other: sealed bytes are written in base64, too, and
    four of its characters stand by chance in one of sixteen files of a megabyte.
    """
    for raw in (words.encode(), words.encode("utf-16-le"), words.encode("utf-16-be")):
        assert len(raw) >= SHORTEST, f"{words}: chance could write what is so short"
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):  # base64 depends on where the name begins
            yield base64.b64encode(bytes(shift) + raw)[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]


SHORTEST = 6
"""Bytes. Seven characters of their base64 are decided by nothing else: by chance once in four million megabytes."""


@pytest.mark.parametrize("words", ["Zamira", "Dua ta shoh motrën në Lezhë"])
@pytest.mark.parametrize("before", range(4))
def test_words_are_found_wherever_they_begin_and_never_by_few_characters(words: str, before: int) -> None:
    for raw in (words.encode(), words.encode("utf-16-le"), words.encode("utf-16-be")):
        for after in range(4):
            content = os.urandom(before) + raw + os.urandom(after)
            assert any(writing in base64.b64encode(content) for writing in writings(words))
    assert min(map(len, writings(words))) >= SHORTEST


def test_no_file_of_the_instance_says_what_was_sealed(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    app, _ = world_app
    assert app
    files = [path for path in (tmp_path / "world").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"main.db", "shred.db", "instance.toml", "pepper"}
    for path in files:
        content = path.read_bytes()
        for words in PLANTED:
            for written in writings(words):
                assert written not in content, (path, written)


def test_the_search_finds_a_name_that_is_there() -> None:
    for words in PLANTED:
        assert base64.b64encode(b"..." + words.encode() + b"...").find(next(_base64_of(words))) >= 0


def _base64_of(words: str) -> Iterator[bytes]:
    yield base64.b64encode(words.encode())[: len(base64.b64encode(words.encode())) - 4]
