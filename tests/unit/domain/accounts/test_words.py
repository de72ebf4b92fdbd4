"""Words that are read aloud: one for one with 72 bits, typed as people type, and which one was wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nrm import catalogues
from nrm.domain.accounts.words import BYTES, CONSONANTS, GROUPS, SYLLABLES, VOWELS, spelling, words_of, wrong_groups

BITS = st.binary(min_size=BYTES, max_size=BYTES)


def back(words: tuple[str, ...]) -> bytes:
    """The 72 bits that the words say."""
    letters, number = "".join(words), 0
    for at in range(0, len(letters), 2):
        number = number * 64 + CONSONANTS.index(letters[at]) * len(VOWELS) + VOWELS.index(letters[at + 1])
    return number.to_bytes(BYTES, "big")


@given(BITS)
def test_72_bits_are_four_words_of_three_syllables_and_nothing_is_lost(bits: bytes) -> None:
    words = words_of(bits)
    assert len(words) == GROUPS
    assert all(len(each) == 2 * SYLLABLES for each in words)
    assert back(words) == bits


def test_there_are_64_syllables_and_each_letter_can_be_said_in_every_language() -> None:
    assert len(set(CONSONANTS)) == 16
    assert len(set(VOWELS)) == 4
    for said in map(spelling, (*catalogues.languages(), "en")):
        assert set(said) == set(CONSONANTS + VOWELS)
        assert all(word.casefold().startswith(letter) for letter, word in said.items())
        assert len(set(said.values())) == len(said)


@pytest.mark.parametrize("size", [0, 8, 10])
def test_other_than_nine_bytes_are_no_words(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        words_of(bytes(size))


RIGHT = ("badego", "zivope", "tikanu", "romesa")


@pytest.mark.parametrize(
    "typed",
    [
        RIGHT,
        ("BADEGO", "Zivope", "tikanu", "romesa"),
        (" ba de go ", "zi-vo-pe", "TI KA-NU", "r o m e s a"),
        ("badego zivope tikanu romesa", "", "", ""),
        ("ba-de-go-zi-vo-pe-ti-ka-nu-ro-me-sa", "", "", ""),
        ("badego", "zivope tikanu romesa"),
    ],
)
def test_case_spaces_and_hyphens_do_not_matter(typed: tuple[str, ...]) -> None:
    assert wrong_groups(typed, RIGHT) == []


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (("badego", "zivope", "tikano", "romesa"), [2]),
        (("badego", "", "tikanu", "romesa"), [1]),
        (("zivope", "badego", "tikanu", "romesa"), [0, 1]),
        (("", "", "", ""), [0, 1, 2, 3]),
        (("badego", "zivope", "tikanu", "romesaa"), [3]),
        ((), [0, 1, 2, 3]),
    ],
)
def test_it_is_said_which_one_was_wrong(typed: tuple[str, ...], wrong: list[int]) -> None:
    assert wrong_groups(typed, RIGHT) == wrong
