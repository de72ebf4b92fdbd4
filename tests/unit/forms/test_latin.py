"""A name in Latin letters is proposed, never put in place of what was typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.latin import CYRILLIC, GREEK, proposed, with_latin


@pytest.mark.parametrize(
    ("typed", "latin"),
    [
        ("Ελένη", "Eleni"),
        ("Χρήστος Φωτόπουλος", "Christos Fotopoylos"),
        ("Катерина", "Katerina"),
        ("Ђорђе", "Djordje"),
        ("Юлія", "Yuliya"),
        ("محمد", "mhmd"),
    ],
)
def test_letters_of_other_scripts_have_a_proposal_that_keeps_both(typed: str, latin: str) -> None:
    assert proposed(typed) == latin
    assert with_latin(typed) == f"{latin} ({typed})"
    assert proposed(with_latin(typed)) is None, "once is enough"


@pytest.mark.parametrize("typed", ["", "Çela", "Gjergj Ñandú", "O'Neil-Łuk", "123", "Ana (Anna)"])
def test_a_name_in_latin_letters_has_none(typed: str) -> None:
    assert proposed(typed) is None
    assert with_latin(typed) == typed


@given(st.text(max_size=60))
def test_a_proposal_is_latin_and_loses_nothing(typed: str) -> None:
    latin = proposed(typed)
    if latin is None:
        assert with_latin(typed) == typed
    else:
        assert latin.isascii()
        assert typed.strip() in with_latin(typed)


def test_the_letters_offered_are_single_letters_of_their_script_in_both_sizes() -> None:
    for name, rows in (("GREEK", GREEK), ("CYRILLIC", CYRILLIC)):
        for row in rows:
            letters = row.split()
            assert len(set(letters)) == len(letters)
            for letter in letters:
                assert len(letter) == 1
                assert unicodedata.name(letter).startswith(name)
                assert unicodedata.is_normalized("NFC", letter)
        assert set(rows[0].split()) <= {letter.upper() for letter in rows[1].split()}
