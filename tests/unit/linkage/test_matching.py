from __future__ import annotations

import uuid

import pytest

from nrm.linkage.encoding import LENGTH, Encoder, encode
from nrm.linkage.matching import Register
from nrm.linkage.people import Alias, Person

KEY = bytes(range(32))
ENCODER = Encoder(KEY)


def _id(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def _others(number: int) -> list[tuple[uuid.UUID, bytes, str, str]]:
    """People who have little in common with each other."""
    syllables = ("ba", "ko", "mi", "ru", "te", "gla", "sho", "ni", "dre", "vu")
    people = []
    for each in range(number):
        given = syllables[each % 10] + syllables[each // 10 % 10] + "na"
        family = syllables[each * 7 % 10] + syllables[each * 3 // 10 % 10] + "li"
        born = f"{1970 + each % 40}-{1 + each % 12:02}-{2 + each % 27:02}"
        people.append((_id(1000 + each), ENCODER.encode(Person(given, family, birth=born), _id(each)), "", ""))
    return people


def test_a_person_is_found_in_another_alphabet_and_with_a_swapped_date() -> None:
    known = (_id(1), ENCODER.encode(Person("Arta", "Xhaferi", birth="2001-03-12"), _id(5000)), "feminine", "AL")
    register = Register.of([*_others(100), known])
    asked = encode(Person("Арта", "Џафери", birth="2001-12-03"), KEY, _id(5001))
    assert [each.record for each in register.candidates(asked, "feminine", "AL")] == [_id(1)]


def test_nobody_is_found_who_is_not_there() -> None:
    asked = encode(Person("Arta", "Xhaferi", birth="2001-03-12"), KEY, _id(5001))
    assert Register.of(_others(100)).candidates(asked) == []
    assert Register.of([]).candidates(asked) == []


def test_a_person_is_found_by_another_name() -> None:
    person = Person("Maria", "Popa", birth="1999-05-06", aliases=(Alias("Elena", "Ionescu"),))
    register = Register.of([*_others(100), (_id(1), ENCODER.encode(person, _id(5000)), "", "")])
    asked = ENCODER.encode(Person("Elena", "Ionescu", birth="1999-05-06"), _id(5001))
    assert [each.record for each in register.candidates(asked)] == [_id(1)]


def test_what_is_no_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{LENGTH} bytes"):
        Register.of([(_id(1), b"short", "", "")])
    with pytest.raises(ValueError, match=f"{LENGTH} bytes"):
        Register.of([]).candidates(b"short")
