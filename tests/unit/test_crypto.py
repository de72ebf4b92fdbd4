"""The formats of sealed bytes."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm import crypto

PARTS = st.lists(st.binary(max_size=8), max_size=4)


@given(PARTS, PARTS)
def test_two_contexts_are_equal_only_if_their_parts_are(left: list[bytes], right: list[bytes]) -> None:
    assert (crypto.ctx(*left) == crypto.ctx(*right)) is (left == right)


@given(st.binary(max_size=1200))
def test_padding_hides_the_length_and_gives_back_the_text(plain: bytes) -> None:
    padded = crypto.pad(plain)
    assert len(padded) % 256 == 0
    assert len(padded) > len(plain)
    assert crypto.unpad(padded) == plain


@given(st.binary(max_size=300), st.binary(max_size=20), st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_or_context_does_not_open(plain: bytes, aad: bytes, place: int, change: int) -> None:
    key = os.urandom(32)
    sealed = crypto.seal(key, plain, aad)
    assert crypto.unseal(key, sealed, aad) == plain
    bad = bytearray(sealed)
    bad[place % len(bad)] ^= change
    for attempt in ((key, bytes(bad), aad), (key, sealed, aad + b"x"), (os.urandom(32), sealed, aad)):
        with pytest.raises(crypto.CannotOpen):
            crypto.unseal(*attempt)


def test_hpke_opens_for_its_key_and_context_only() -> None:
    private, public = crypto.key_pair()
    other, _ = crypto.key_pair()
    wrapped = crypto.wrap(public, b"key", b"context")
    assert crypto.unwrap(private, wrapped, b"context") == b"key"
    for attempt in (
        (other, wrapped, b"context"),
        (private, wrapped, b"another"),
        (private, b"\x02" + wrapped[1:], b"context"),
        (private, wrapped[:40], b"context"),
        (private, b"", b"context"),
    ):
        with pytest.raises(crypto.CannotOpen):
            crypto.unwrap(*attempt)


def test_an_unknown_suite_does_not_open() -> None:
    key = os.urandom(32)
    sealed = crypto.seal(key, b"x", b"")
    with pytest.raises(crypto.CannotOpen):
        crypto.unseal(key, b"\x02" + sealed[1:], b"")


@pytest.mark.parametrize("padded", [b"", bytes(256), b"\x80", b"\x00" * 255 + b"\x01"])
def test_what_was_never_padded_does_not_open(padded: bytes) -> None:
    with pytest.raises(crypto.CannotOpen):
        crypto.unpad(padded)


def test_argon2id_depends_on_password_salt_and_pepper() -> None:
    pepper, salt = bytes(32), bytes(16)
    root = crypto.derive("password", salt, pepper, memory_kib=64, passes=1)
    assert len(root) == 32
    assert root == crypto.derive("password", salt, pepper, memory_kib=64, passes=1)
    assert root != crypto.derive("passwore", salt, pepper, memory_kib=64, passes=1)
    assert root != crypto.derive("password", b"1" * 16, pepper, memory_kib=64, passes=1)
    assert root != crypto.derive("password", salt, b"1" * 32, memory_kib=64, passes=1)


def test_a_signature_is_of_one_key_and_one_message() -> None:
    private, public = crypto.signing_pair()
    signature = crypto.sign(private, b"release")
    assert crypto.signed(public, signature, b"release")
    assert not crypto.signed(public, signature, b"release.")
    assert not crypto.signed(crypto.signing_pair()[1], signature, b"release")
    assert not crypto.signed(b"short", signature, b"release")
