"""enc-1: as long for everybody, the same again only under the same key, and blind about what is not known."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.linkage import encoding
from nrm.linkage.encoding import ALIASES, BITS, FIELDS_AT, LENGTH, NUMBERS, Encoder, Field, encode
from nrm.linkage.people import Alias, Person

KEY = bytes(range(32))
ENCODER = Encoder(KEY)
RECORD, OTHER_RECORD = uuid.UUID(int=1), uuid.UUID(int=2)
TEXT = st.text() | st.sampled_from(["Arta", "Ђорђе", "১২", "1987-03-12", "17@2026", "\ud800", "x" * 5000])
PEOPLE = st.builds(
    Person,
    *[TEXT] * 7,
    st.lists(st.builds(Alias, TEXT, TEXT), max_size=6).map(tuple),
    st.lists(TEXT, max_size=8).map(tuple),
)


def bits(encoded: bytes, field: Field) -> np.ndarray:
    begins = FIELDS_AT + sum(BITS[Field(before)] for before in range(field)) // 8
    return np.unpackbits(np.frombuffer(encoded, dtype=np.uint8)[begins : begins + BITS[field] // 8])


def differ(one: bytes, other: bytes, field: Field) -> float:
    return float(np.mean(bits(one, field) != bits(other, field)))


@pytest.mark.slow
@given(PEOPLE)
def test_every_person_has_an_encoding_of_one_length(person: Person) -> None:
    encoded = ENCODER.encode(person, RECORD)
    assert len(encoded) == LENGTH
    assert encoded == ENCODER.encode(person, RECORD)


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Encoder(b"short")


def test_one_person_under_two_keys_has_nothing_in_common() -> None:
    person = Person("Arta", "Xhaferi", "Besim", "Vlorë", "1999-03-12", exact=("BA1234567",))
    one, other = encode(person, KEY, RECORD), encode(person, bytes(32), RECORD)
    for field in Field:
        assert differ(one, other, field) > 0.4  # the same bits in half of the places; chance is below 1e-9
    numbers = slice(encoding.NUMBERS_AT, FIELDS_AT)
    assert one[numbers] != other[numbers]


def test_two_records_of_one_person_differ_a_little_for_good() -> None:
    person = Person("Arta", "Xhaferi", "Besim", "Vlorë", "1999-03-12")
    one, other = ENCODER.encode(person, RECORD), ENCODER.encode(person, OTHER_RECORD)
    for field in Field:
        assert 0.01 < differ(one, other, field) < 0.06


def test_what_is_not_known_holds_bits_by_chance_and_says_so() -> None:
    one, other = (ENCODER.encode(Person("Arta", ""), record) for record in (RECORD, OTHER_RECORD))
    assert one[0] == 1 << Field.GIVEN
    for field in (Field.FAMILY, Field.FATHER, Field.PLACE, Field.YEAR, Field.DAY):
        assert differ(one, other, field) > 0.4
        assert 0.4 < bits(one, field).mean() < 0.6
    assert ENCODER.encode(Person("Arta", "", birth="1987-01-01"), RECORD)[0] == 1 << Field.GIVEN | 1 << Field.YEAR
    assert ENCODER.encode(Person("", ""), RECORD)[: encoding.HEADER] == bytes(encoding.HEADER)


def test_neither_aliases_nor_numbers_change_the_length_and_what_is_too_much_is_left_out() -> None:
    aliases = tuple(Alias(f"Name{'abcdefg'[place]}", "Family") for place in range(6))
    numbers = tuple(f"BA12345{place}" for place in range(7))
    full = Person("Arta", "Xhaferi", aliases=aliases, exact=numbers)
    cut = Person("Arta", "Xhaferi", aliases=aliases[:ALIASES], exact=numbers[:NUMBERS])
    assert ENCODER.encode(full, RECORD) == ENCODER.encode(cut, RECORD)
    assert len(ENCODER.encode(full, RECORD)) == len(ENCODER.encode(Person("", ""), RECORD)) == LENGTH
    assert list(ENCODER.encode(full, RECORD)[1 : 1 + ALIASES]) == [3] * ALIASES


@pytest.mark.parametrize("name", ["Li", "Arta", "Anastasia Konstantina Alexandra Theodora Papadopoulou"])
def test_a_filter_has_the_same_number_of_bits_whatever_the_name(name: str) -> None:
    tokens = encoding.normalising.name_tokens(name)
    positions = encoding._positions(KEY, tokens, 1024)
    assert len(set(positions)) == len(positions) == 160
    assert 0.4 < bits(ENCODER.encode(Person(name, ""), RECORD), Field.GIVEN).mean() < 0.6


def test_given_and_family_name_can_be_compared_and_others_cannot() -> None:
    person = ENCODER.encode(Person("Vlora", "Gashi", "Vlora", "Vlora"), RECORD)
    swapped = ENCODER.encode(Person("Gashi", "Vlora"), OTHER_RECORD)
    assert np.mean(bits(person, Field.GIVEN) != bits(swapped, Field.FAMILY)) < 0.06
    for field in (Field.FATHER, Field.PLACE):
        assert np.mean(bits(person, Field.GIVEN) != bits(person, field)) > 0.4


def test_no_name_lies_in_the_bytes() -> None:
    encoded = ENCODER.encode(Person("Zamira", "Zamira", "Zamira", "Zamira", exact=("ZAMIRA1",)), RECORD)
    for wrong in ("Zamira", "zamira", "ZAMIRA"):
        assert wrong.encode() not in encoded
