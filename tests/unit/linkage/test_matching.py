from __future__ import annotations

import uuid
from functools import cache

import numpy as np
import pytest

from nrm.linkage.encoding import LENGTH, Encoder, encode
from nrm.linkage.matching import REFERENCE, Band, Register, band_of
from nrm.linkage.people import Alias, Person

KEY = bytes(range(32))
ENCODER = Encoder(KEY)


def _id(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


@cache
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
    assert [each.record for each in register.candidates(asked) if each.band is not Band.WEAK] == [_id(1)]


def test_what_is_no_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{LENGTH} bytes"):
        Register.of([(_id(1), b"short", "", "")])
    with pytest.raises(ValueError, match=f"{LENGTH} bytes"):
        Register.of([]).candidates(b"short")


def test_at_most_ten_are_given_the_best_first_and_each_record_once() -> None:
    rows = list(_others(300))
    for number in range(12):
        known = Person("Arta" if number < 6 else "Olga", "Xhaferi", exact=("BA1234567",))
        for again in range(2):  # encoded by two organisations
            rows.append((_id(number), ENCODER.encode(known, _id(9000 + 2 * number + again)), "", ""))
    person = Person("Arta", "Xhaferi", exact=("BA1234567",))
    found = Register.of(rows).candidates(ENCODER.encode(person, _id(1)))
    assert len(found) == len({each.record for each in found}) == 10
    assert {each.record for each in found[:6]} == {_id(number) for number in range(6)}
    order = [Band.STRONG, Band.POSSIBLE, Band.WEAK]
    assert [each.band for each in found] == sorted((each.band for each in found), key=order.index)


def test_bands_begin_at_less_eight_less_four_and_nought() -> None:
    scores = (-8.0, -4.01, -4.0, -0.01, 0.0)
    assert [band_of(score) for score in scores] == [Band.WEAK, Band.WEAK, Band.POSSIBLE, Band.POSSIBLE, Band.STRONG]


def _score(known: Person, asked: Person, others: int = 300, **facts: str) -> float:
    """The score of `known` among others, whose facts are given with `their_`."""
    row = (_id(1), ENCODER.encode(known, _id(8000)), facts.get("their_sex", ""), facts.get("their_citizenship", ""))
    register = Register.of([*_others(others), row])
    encoding = ENCODER.encode(asked, _id(8001))
    return float(register.scores(encoding, facts.get("sex", ""), facts.get("citizenship", ""))[-1])


def test_another_sex_and_another_citizenship_cost_and_unknown_ones_do_not() -> None:
    person = Person("Arta", "Xhaferi", birth="2001-03-12")
    plain = _score(person, person)
    both = {"sex": "feminine", "citizenship": "AL"}
    assert _score(person, person, **both) == plain
    assert _score(person, person, **both, their_sex="feminine", their_citizenship="AL") == plain
    assert _score(person, person, **both, their_sex="masculine") == pytest.approx(plain - 8)
    assert _score(person, person, **both, their_citizenship="XK") == pytest.approx(plain - 6)
    assert _score(person, person, their_sex="masculine", their_citizenship="XK") == plain


def test_swapped_names_cost_three_bits_and_are_found() -> None:
    straight = _score(Person("Arta", "Xhaferi"), Person("Arta", "Xhaferi"))
    swapped = _score(Person("Arta", "Xhaferi"), Person("Xhaferi", "Arta"))
    assert straight - 6 < swapped < straight - 2


def test_a_false_date_costs_five_bits_at_most_and_an_unknown_one_nothing() -> None:
    unknown = _score(Person("Arta", "Xhaferi"), Person("Arta", "Xhaferi", birth="2001-03-12"))
    false = _score(Person("Arta", "Xhaferi", birth="1985-07-21"), Person("Arta", "Xhaferi", birth="2001-03-12"))
    right = _score(Person("Arta", "Xhaferi", birth="2001-03-12"), Person("Арта", "Џафери", birth="2001-12-03"))
    assert unknown - 5 <= false < unknown < right


def test_a_common_name_says_less_than_a_rare_one() -> None:
    common = [(_id(7000 + place), ENCODER.encode(Person("Ana", ""), _id(7000 + place)), "", "") for place in range(200)]
    asked = {name: ENCODER.encode(Person(name, ""), _id(8001)) for name in ("Ana", "Xhuliana")}
    rows = [*_others(300), *common, (_id(1), ENCODER.encode(Person("Xhuliana", ""), _id(8000)), "", "")]
    register = Register.of(rows)
    assert register.scores(asked["Xhuliana"])[-1] > register.scores(asked["Ana"])[-2] + 2


def test_made_up_cases_of_her_name_and_date_do_not_hide_who_is_known() -> None:
    """Else a few of them made her name look common, and nobody was told that somebody asks for her."""
    person = Person("Tatjana", "Ivanova", birth="1999-03-04")
    known = (_id(1), ENCODER.encode(person, _id(8000)), "feminine", "MK")
    made_up = [(_id(each), ENCODER.encode(person, _id(each)), "feminine", "RO") for each in range(8100, 8106)]
    asked = ENCODER.encode(person, _id(8200))
    alone, among = (
        {each.record: each.band for each in Register.of(rows).candidates(asked, "feminine", "MK")}[_id(1)]
        for rows in ([*_others(100), known], [*_others(100), *made_up, known])
    )
    assert (alone, among) == (Band.STRONG, Band.STRONG)


def test_a_number_that_both_know_finds_a_person_under_another_name() -> None:
    person = Person("Maria", "Popa", exact=("BA 1234567", "+355 69 123 4567"))
    register = Register.of([*_others(100), (_id(1), ENCODER.encode(person, _id(8000)), "", "")])
    asked = ENCODER.encode(Person("", "", exact=("069 1234567",)), _id(8001))
    assert [each.record for each in register.candidates(asked)] == [_id(1)]
    assert register.candidates(ENCODER.encode(Person("", "", exact=("069 7654321",)), _id(8001))) == []


def test_the_size_of_the_register_costs_a_bit_for_each_doubling() -> None:
    nobody, person = Person("", ""), Person("Arta", "Xhaferi")
    encoded = ENCODER.encode(nobody, _id(2))
    empty = [(_id(2 + place), encoded, "", "") for place in range(2048)]
    known = (_id(1), ENCODER.encode(person, _id(8000)), "", "")
    asked = ENCODER.encode(person, _id(8001))
    few, small, large = (
        float(Register.of([*empty[:number], known]).scores(asked)[-1])
        for number in (3, REFERENCE - 1, 4 * REFERENCE - 1)
    )
    assert small - large == pytest.approx(2, abs=0.01)
    assert few == pytest.approx(small, abs=0.01)  # a small one makes nobody likelier


def test_a_person_asked_for_under_two_names_is_found_under_the_second() -> None:
    register = Register.of(
        [*_others(100), (_id(1), ENCODER.encode(Person("Elena", "Ionescu", birth="1999-05-06"), _id(8000)), "", "")]
    )
    asked = Person("Maria", "Popa", birth="1999-05-06", aliases=(Alias("Elena", "Ionescu"),))
    assert [each.record for each in register.candidates(ENCODER.encode(asked, _id(8001)))] == [_id(1)]


def test_many_lines_are_compared_like_few() -> None:
    """Registers are read in stretches; what lies behind the first one is found, too."""
    rows = _others(50)
    many = [(_id(place), rows[place % 50][1], "", "") for place in range(40_000)]
    known = ENCODER.encode(Person("Arta", "Xhaferi", birth="2001-03-12", aliases=(Alias("Bora"),)), _id(8000))
    asked = ENCODER.encode(Person("Arta", "Xhaferi", birth="2001-03-12"), _id(8001))
    register = Register.of([*many, (_id(50_000), known, "", "")])
    assert len(register) == 40_001
    assert register.candidates(asked)[0].record == _id(50_000)
    few = [register.scores(many[place][1])[[place, 50 + place, 39_950 + place]] for place in (0, 7)]
    assert all(np.ptp(each) < 1e-4 for each in few)
