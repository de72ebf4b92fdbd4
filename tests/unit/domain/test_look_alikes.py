"""One table says which letters look alike, for names of parties and of people."""

from __future__ import annotations

import pytest

from nrm.domain.accounts.person_names import likeness
from nrm.domain.look_alikes import look_alike, skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("IΟΜ", "IOM"),  # a Greek capital, whose small letter looks like u
        ("ΗELPLINE", "HELPLINE"),
        ("Gοrna", "Goma"),
        ("Sоcial", "Sodal"),
        ("Агна", "Arha"),
        ("Þatra", "Patra"),
    ],
)
def test_names_of_parties_look_alike_whatever_letters_they_are_written_in(one: str, other: str) -> None:
    assert look_alike(one, other)
    assert look_alike(f"{one} {one}", f"{other}{other}")


def test_a_letter_of_a_persons_name_is_taken_as_the_small_one_and_case_does_not_count() -> None:
    assert likeness("Αηα") == likeness("Ana")
    assert likeness("ΑΗΑ") == likeness("Αηα")
    assert likeness("Ηana") != likeness("Mana")


def test_two_neighbours_that_changed_places_are_found_beside_letters_that_look_like_one() -> None:
    assert look_alike("Modern Shelter", "Modenr Shelter")
    assert not look_alike("Modern Shelter", "Mordan Shelter")


def test_no_two_digits_look_like_each_other() -> None:
    assert len(set(map(skeleton, "0123456789"))) == 10
