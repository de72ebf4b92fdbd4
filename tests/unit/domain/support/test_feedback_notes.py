"""What must not stand in a note of a house."""

from __future__ import annotations

import pytest

from nrm.domain.shelter.cases import new_pseudonym
from nrm.domain.support.feedback_notes import NoteFault, fault


@pytest.mark.parametrize(
    "text",
    [
        "Complaints are now taken by our new line 069 1234567.",
        "0 6 9 . 1 2 3 . 4 5 6 7",
        "+355-69-123-4567",
        "٠٦٩١٢٣٤٥٦٧",
        "O69 l23 4567",
        "069\u200b1234567",
        "116 006",
        "０６９１２３４５６７",
    ],
)
def test_a_number_that_somebody_could_call_is_found(text: str) -> None:
    assert fault(text) is NoteFault.TELEPHONE


@pytest.mark.parametrize("text", ["https://evil.example/x", "Shkruani te vatra-ankesa.com", "www.x", "Vizitoni a1.ME"])
def test_an_address_of_a_page_is_found(text: str) -> None:
    assert fault(text) is NoteFault.LINK


def test_mail_and_codes_are_found() -> None:
    code = new_pseudonym(bytes(range(32)))
    assert fault("ankesa@vatra.example") is NoteFault.MAIL
    assert fault("ankesa (at) vatra") is NoteFault.MAIL
    assert fault(f"Majlinda Gjata ... {code}") is NoteFault.CODE
    assert fault(f"Majlinda {code.replace('-', ' ').lower()}") is NoteFault.CODE
    assert fault("Paguhet me P-7K4Q-M2TX-9DHR") is NoteFault.CODE


@pytest.mark.parametrize(
    "text",
    [
        "We know where your sister lives, Rruga e Durresit house five in Vlore",
        "rruga e durrësit, shtëpia pesë",
        "Ejani te Rruga Naim Frashëri",
        "në rrugën “Mine Peza”",
        "rr. Fortuzi, pallati i kuq",
        "në rrugë, te numri 12",
        "Bulevardi Zogu I",
        "улица Маршал Тито",
        "ул. Илинден бр. 4",
        "Come to the street behind the market, house 5",
        "12 Elbasan Street",
    ],
)
def test_a_street_by_its_name_or_with_the_number_of_a_house_is_found(text: str) -> None:
    assert fault(text) is NoteFault.STREET


@pytest.mark.parametrize(
    "text",
    [
        "Drita në rrugë u ndreq. Porta mbyllet në orën 22.",
        "The street is lit now. We meet on 3 rooms’ wish.",
        "Në rrugën para derës ka dritë.",
        "Më 28.11.2026 ndreqëm dritën në 12 dhoma.",
        "Nga 1 dhjetori ora 18:30, çdo ditë.",
        "Kishim 5 ankesa, 3 u zgjidhën. Me kë flisni: me drejtoreshën.",
        "Dush i ri, kati 2, dhomat 14-18",
    ],
)
def test_what_a_house_says_of_what_it_did_passes(text: str) -> None:
    assert fault(text) is None
