"""Pseudonyms survive typing, facts are closed."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm.domain.shelter.cases import (
    AGE_BANDS,
    ALPHABET,
    CaseFacts,
    CaseStatus,
    MistypedPseudonym,
    UnknownCode,
    age_band,
    citizenship_class,
    new_pseudonym,
    parse_case_facts,
    parse_pseudonym,
)

entropy = st.binary(min_size=16, max_size=16)


def _why(text: str) -> str:
    with pytest.raises(MistypedPseudonym) as caught:
        parse_pseudonym(text)
    assert text not in str(caught.value) or not text
    return str(caught.value)


def test_a_pseudonym_is_written_in_three_groups_of_symbols_that_cannot_be_confused():
    pseudonym = new_pseudonym(bytes(range(16)))
    assert [len(group) for group in pseudonym.split("-")] == [4, 4, 1]
    assert set(pseudonym) <= {*ALPHABET, "-"}
    assert not set(ALPHABET) & set("01OILAEUYSBZG")


@given(entropy)
def test_a_new_pseudonym_is_read_back_whatever_case_spaces_and_dashes_are_typed(random_bytes: bytes):
    pseudonym = new_pseudonym(random_bytes)
    assert parse_pseudonym(pseudonym) == pseudonym
    assert parse_pseudonym(f"  {pseudonym.lower().replace('-', ' – ')}\n") == pseudonym
    assert parse_pseudonym(pseudonym.replace("-", "")) == pseudonym


@given(entropy)
def test_every_single_wrong_character_and_every_exchange_of_two_is_caught(random_bytes: bytes):
    symbols = new_pseudonym(random_bytes).replace("-", "")
    for position, right in enumerate(symbols):
        for wrong in ALPHABET:
            if wrong != right:
                assert _why(symbols[:position] + wrong + symbols[position + 1 :]) == "check"
    for first, second in combinations(range(len(symbols)), 2):
        if symbols[first] != symbols[second]:
            exchanged = list(symbols)
            exchanged[first], exchanged[second] = exchanged[second], exchanged[first]
            assert _why("".join(exchanged)) == "check"


def test_each_check_character_can_occur():
    last = {new_pseudonym(number.to_bytes(16, "big"))[-1] for number in range(len(ALPHABET))}
    assert last == set(ALPHABET)


@given(entropy, st.integers(0, 8))
def test_a_lost_or_doubled_character_is_a_wrong_length(random_bytes: bytes, position: int):
    symbols = new_pseudonym(random_bytes).replace("-", "")
    assert _why(symbols[:position] + symbols[position + 1 :]) == "length"
    assert _why(symbols[:position] + symbols[position] + symbols[position:]) == "length"


@pytest.mark.parametrize("text", ["K7QM-4T2O-9", "K7QM-4T2X-é", "K7QM/4T2X/9", "K7QM-4T2X-٩", "a\x00"])
def test_a_character_outside_the_alphabet_is_named_as_such(text: str):
    assert _why(text) == "character"


def test_nothing_typed_is_a_wrong_length():
    assert _why("") == "length"


def test_too_little_randomness_is_refused():
    with pytest.raises(ValueError, match="16 random bytes"):
        new_pseudonym(bytes(15))


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0-8"), (8, "0-8"), (9, "9-17"), (17, "9-17"), (18, "18-20"), (20, "18-20"), (21, "21-23"), (26, "24-26"),
     (29, "27-29"), (30, "30-38"), (38, "30-38"), (39, "39-47"), (47, "39-47"), (48, "48+"), (120, "48+")],
)  # fmt: skip
def test_ages_fall_into_the_bands_of_the_data_collaborative(age: int, band: str):
    assert age_band(age) == band


def test_every_band_has_an_age_and_no_age_lies_outside():
    assert {age_band(age) for age in range(121)} == set(AGE_BANDS)
    for age in (-1, 121):
        with pytest.raises(ValueError, match="between 0 and 120"):
            age_band(age)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("AL",), "home"),
        (("MD", "AL"), "home"),
        (("MD",), "third_country"),
        (("stateless", "MD"), "third_country"),
        (("stateless",), "stateless"),
        (("unknown",), "unknown"),
        (("unknown", "stateless"), "stateless"),
        ((), "unknown"),
        (("",), "unknown"),
    ],
)
def test_citizenships_have_one_class(codes: tuple[str, ...], expected: str):
    assert citizenship_class(*codes, home="AL") == expected


def test_another_country_has_its_own_citizens():
    assert citizenship_class("AL", home="MK") == "third_country"


def test_what_was_not_told_is_not_collected():
    assert parse_case_facts({}) == CaseFacts()
    assert CaseFacts().gender == "99"


def test_facts_survive_json_and_sets_are_sorted():
    facts = parse_case_facts(
        {
            "gender": "feminine",
            "citizenship": "MD",
            "citizenship_class": "third_country",
            "exploited_in": ["IT", "GR", "IT"],
            "means_of_control": ["threats", "debt_bondage"],
            "duration_months": 7,
            "abduction": "8",
        }
    )
    assert facts.exploited_in == ("GR", "IT")
    assert facts.means_of_control == ("debt_bondage", "threats")
    assert parse_case_facts(facts.to_json()) == facts


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "x"}, "name: is not a statistical fact"),
        ({"gender": "Feminine"}, "gender: `Feminine` is none of its codes"),
        ({"gender": None}, "gender: must be a code"),
        ({"exploited_in": "GR"}, "exploited_in: must be a list of codes"),
        ({"exploited_in": ["Greece"]}, "exploited_in: `Greece` is not a country code"),
        ({"citizenship": "al"}, "citizenship: `al` is not a country code"),
        ({"labour": ["slavery"]}, "labour: `slavery` is none of its codes"),
        ({"duration_months": -1}, "duration_months: must be a number of months"),
        ({"duration_months": True}, "duration_months: must be a number of months"),
        ({"duration_months": "7"}, "duration_months: must be a number of months"),
    ],
)
def test_a_fact_outside_its_list_is_refused(data: dict[str, object], message: str):
    with pytest.raises(UnknownCode) as caught:
        parse_case_facts(data)
    assert str(caught.value) == message


def test_only_closed_cases_are_not_worked_on():
    assert {status for status in CaseStatus if not status.is_open} == {CaseStatus.CLOSED, CaseStatus.CLOSED_REFERRED}
