"""enc-1: from tokens to bits under a key, so that likeness survives and the name does not.

Each field is a filter of its own, in which always the same number of bits is set, however long the name is. Where they
are set, and how many of them a token has, HMAC-SHA256 says, under a key of the field. Then each stored bit is the XOR
of six bits of the filter, which six the key says; then some bits are flipped for good, by the key and the record.
Nothing of it can be done again, or tried, without the key, which no server keeps (ADR 0129).

One encoding, `LENGTH` bytes whatever is known of the person:

    8    what is known: the fields of the person (`Field`), then given and family name of each alias, then zeros
    32   four numbers, 8 bytes of HMAC-SHA256 each; where there is none, bytes by chance
    640  given, family, father, place: 1024 bits each; year and day of birth: 512 bits each
    768  three aliases, given and family: 1024 bits each

A field that is not known holds bits by chance. So how many aliases or numbers somebody has changes no length; who holds
the key of the store and the rows, but not K_link, sees which fields are known, and nothing of what they say.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from numpy.typing import NDArray

from nrm.linkage import normalising
from nrm.linkage.people import Person

NORM = "norm-1"
ENC = "enc-1"
KEY_BYTES = 32
ALIASES, NUMBERS = 3, 4
NAME_BITS, BIRTH_BITS = 1024, 512
SHARE = 6.4  # of so many bits one is set: 160 of 1024, 80 of 512
MIXED = 6  # bits of the filter that make one stored bit
HEAVIEST = 8
FLIPPED = 0.02

HEADER, NUMBER_BYTES = 8, 8


class Field(IntEnum):
    """The fields of a person, in their order."""

    GIVEN = 0
    FAMILY = 1
    FATHER = 2
    PLACE = 3
    YEAR = 4
    DAY = 5


# Given and family name have one key, so that a swap of the two is found.
_KEYED = {
    Field.GIVEN: "name",
    Field.FAMILY: "name",
    Field.FATHER: "father",
    Field.PLACE: "place",
    Field.YEAR: "year",
    Field.DAY: "day",
}
BITS = {field: BIRTH_BITS if field in (Field.YEAR, Field.DAY) else NAME_BITS for field in Field}
NUMBERS_AT = HEADER
FIELDS_AT = NUMBERS_AT + NUMBERS * NUMBER_BYTES
ALIASES_AT = FIELDS_AT + sum(BITS.values()) // 8
LENGTH = ALIASES_AT + ALIASES * 2 * NAME_BITS // 8
_PLACES = [*BITS.values(), *[NAME_BITS] * 2 * ALIASES]  # bits of each field as it is stored
_ALL_BITS = sum(_PLACES)
# For each bit that is flipped: where its field begins, and how long that is.
_FLIPS = np.repeat(np.cumsum([0, *_PLACES[:-1]]), [round(bits * FLIPPED) for bits in _PLACES])
_FLIPS_WITHIN = np.repeat(_PLACES, [round(bits * FLIPPED) for bits in _PLACES])


class Encoder:
    """Encodes many people under one key; the key and what is derived from it live as long as the object."""

    def __init__(self, key: bytes) -> None:
        """`key` is K_link, 32 bytes. Raises ValueError for another length."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"K_link has {KEY_BYTES} bytes")
        self._tokens = {name: _derived(key, f"tokens {name}") for name in {*_KEYED.values(), "number"}}
        self._noise = _derived(key, "noise")
        self._mixing = {name: _mixing(_derived(key, f"mixing {name}"), BITS[field]) for field, name in _KEYED.items()}

    def encode(self, person: Person, record: uuid.UUID) -> bytes:
        """The encoding of a person, `LENGTH` bytes; `record` is an id of the encoding's own, never used twice."""
        born = normalising.birth(person.birth)
        tokens: list[tuple[Field, Mapping[str, int]]] = [
            (Field.GIVEN, normalising.name_tokens(person.given)),
            (Field.FAMILY, normalising.name_tokens(person.family)),
            (Field.FATHER, normalising.name_tokens(person.father)),
            (Field.PLACE, normalising.name_tokens(person.place)),
            (Field.YEAR, normalising.year_tokens(born)),
            (Field.DAY, normalising.day_tokens(born)),
        ]
        header = bytearray(HEADER)
        header[0] = sum(1 << field for field, found in tokens if found)
        for place in range(ALIASES):
            alias = person.aliases[place] if place < len(person.aliases) else None
            given = normalising.name_tokens(alias.given) if alias else {}
            family = normalising.name_tokens(alias.family) if alias else {}
            tokens += [(Field.GIVEN, given), (Field.FAMILY, family)]
            header[1 + place] = bool(given) << Field.GIVEN | bool(family) << Field.FAMILY
        numbers = [each for each in map(normalising.number, person.exact) if each][:NUMBERS]
        chance = hashlib.shake_256(self._noise + record.bytes).digest(LENGTH + 2 * len(_FLIPS))
        flipped = _FLIPS + np.frombuffer(chance[LENGTH:], dtype="<u2") % _FLIPS_WITHIN
        flips = np.packbits((np.bincount(flipped, minlength=_ALL_BITS) & 1).astype(np.bool_), bitorder="little")
        parts = [bytes(header)]
        parts += [hmac.digest(self._tokens["number"], each.encode(), "sha256")[:NUMBER_BYTES] for each in numbers]
        parts.append(chance[HEADER + len(numbers) * NUMBER_BYTES : FIELDS_AT])
        at = 0
        for field, found in tokens:
            size = BITS[field] // 8
            if found:
                parts.append((self._stored(field, found) ^ flips[at : at + size]).tobytes())
            else:
                parts.append(chance[FIELDS_AT + at : FIELDS_AT + at + size])
            at += size
        return b"".join(parts)

    def _stored(self, field: Field, tokens: Mapping[str, int]) -> NDArray[np.uint8]:
        """The bits of a field before some are flipped, eight to a byte."""
        name = _KEYED[field]
        made_of = self._mixing[name][:, _positions(self._tokens[name], tokens, BITS[field])]
        odd = (np.bincount(made_of.ravel(), minlength=BITS[field]) & 1).astype(np.bool_)
        return np.packbits(odd, bitorder="little")


def encode(person: Person, key: bytes, record: uuid.UUID) -> bytes:
    """The encoding of one person under K_link, `LENGTH` bytes: as `Encoder`, which is faster for many."""
    return Encoder(key).encode(person, record)


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, f"nrm linkage {ENC} {purpose}".encode()).derive(key)


def _mixing(key: bytes, bits: int) -> NDArray[np.intp]:
    """Which stored bits each bit of the filter goes into, MIXED rows: each a permutation, so all count alike."""
    drawn = np.frombuffer(hashlib.shake_256(key).digest(8 * MIXED * bits), dtype="<u8").reshape(MIXED, bits)
    return np.argsort(drawn, axis=1)


def _positions(key: bytes, tokens: Mapping[str, int], bits: int) -> NDArray[np.intp]:
    """Which bits of the filter are set: tokens take turns until the budget is used.

    How often a token has its turn is its weight times a number from 1 to HEAVIEST that the key alone decides. So who
    has no key cannot know how alike two names look; two spellings of one name are as like as the tokens they share.
    """
    budget, turns = round(bits / SHARE), 0
    texts, weights = [token.encode() for token in tokens], np.array(list(tokens.values()))
    weights = weights * [1 + hmac.digest(key, b"weight " + text, "sha256")[0] % HEAVIEST for text in texts]
    drawn = np.empty((len(texts), 0), dtype=np.intp)
    found = np.empty(0, dtype=np.intp)
    while len(found) < budget:
        more = b"".join(hmac.digest(key, b"%d %s" % (turns, text), "sha256") for text in texts)
        drawn = np.hstack([drawn, np.frombuffer(more, dtype="<u2").reshape(len(texts), -1) % bits])
        turns += 1
        when = (np.arange(drawn.shape[1]) + 1) / weights[:, None]
        # Of what comes after the first of these moments later draws, which are not made yet, could come before.
        order = np.argsort(when, axis=None, kind="stable")
        order = order[when.ravel()[order] <= when[:, -1].min()]
        found = np.fromiter(dict.fromkeys(drawn.ravel()[order].tolist()), dtype=np.intp)
    return found[:budget]
