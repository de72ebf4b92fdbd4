"""Which complaints are about the office that reads them."""

from __future__ import annotations

import pytest

from nrm.domain.support.complaints_about import Called, names_office, names_somebody

CALLED = Called(("Gentiana Dushku", "Ëngjëll Li"), "ra.duty_officer")


@pytest.mark.parametrize(
    "text",
    [
        "gentiana më bërtiti",
        "E pashë Gentianën te dera",
        "DUSHKUT i thashë",
        "The one called Engjell.",
        "it was ra.duty_officer, I saw it",
    ],
)
def test_a_part_of_a_name_in_any_form_or_the_sign_in_name(text: str) -> None:
    assert names_somebody(text, CALLED)


@pytest.mark.parametrize("text", ["", "Lia më bërtiti", "Gent", "ra.duty_officer.2", "xra.duty_officer", "gentilesse"])
def test_another_word_is_nobody(text: str) -> None:
    assert not names_somebody(text, CALLED)


def test_the_name_of_the_office_with_other_endings() -> None:
    offices = ["Autoriteti Përgjegjës", "Duty desk", ""]
    assert names_office("Te Autoritetit Pergjegjës askush nuk përgjigjet", offices)
    assert names_office("the DUTY-DESK laughed", offices)
    assert not names_office("autoriteti i bashkisë është përgjegjës", offices)
