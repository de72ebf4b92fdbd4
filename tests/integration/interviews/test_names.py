"""Names as they are typed, Latin letters by choice, and the lines of a passport (ADR 0060)."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from nrm.actions.interviews import interviews as actions
from nrm.domain.interviews.questionnaire_flow import pages
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, questionnaire
from tests.unit.forms.test_passports import CARD, PASSPORT, SMALL

SignIn = Callable[[str], Person]
OWN = dict.fromkeys(
    ("given", "family", "known_as", "father", "birth", "sex", "citizenship", "citizenship_2", "document")
)
CHILD = {"age": "child", "age_stated": None, "noticed_child": ["none"], "fears": None}


def at_names(person: Person, answers: dict[str, Any]) -> str:
    """The address of the page that asks the names; those before it were answered."""
    page = next(each.id for each in pages(questionnaire(), answers) if "given" in each.questions)
    address = begin(person)
    while page_id(address) != page:
        address = person.post(address, fields(page_id(address), person.get(address), answers))
    return address


def sent(person: Person, address: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**fields(page_id(address), person.get(address), answers), **more}


def value(body: str, control: str) -> str:
    found = re.search(rf'<input[^>]* name="?{control}"?(?=[ >])[^>]*>', body)
    assert found, control
    given = re.search(r' value="([^"]*)"', found[0])
    return html.unescape(given[1]) if given else ""


def kept(address: str) -> dict[str, Any]:
    import uuid

    by = actor(LOGIN)
    interview_id = uuid.UUID(address.split("/")[2])
    actions.resume(interview_id=interview_id, by=by)
    return dict(actions.read(interview_id=interview_id, by=by).answers)


@pytest.mark.parametrize(
    ("zone", "document"),
    [(PASSPORT, "Pasaportë L898902C3 (UTO)"), (CARD, "Kartë D23145890 (UTO)"), (SMALL, "Kartë D23145890 (UTO)")],
)
def test_the_lines_fill_the_empty_fields_and_nothing_is_saved_before_it_was_looked_at(
    sign_in: SignIn, zone: str, document: str
) -> None:
    person, answers = sign_in(LOGIN), example(**OWN)
    address = at_names(person, answers)
    shown = person.post(address, sent(person, address, answers, zone=zone, read_zone="1"), status=200)
    assert (value(shown, "given"), value(shown, "family")) == ("ANNA MARIA", "ERIKSSON")
    assert [value(shown, name) for name in ("birth-day", "birth-month", "birth")] == ["12", "8", "1974"]
    assert value(shown, "document") == document
    assert "value=f checked" in shown
    assert "Ende nuk u ruajt asgjë" in html.unescape(shown)
    assert zone.splitlines()[1] not in shown, "the lines are not shown again once they were read"
    assert "given" not in kept(address)
    corrected = {**sent(person, address, answers), "given": "Anna", "family": "Eriksson"}
    person.post(address, corrected)
    assert kept(address)["given"] == "Anna"


def test_what_was_typed_before_stays_and_what_the_lines_say_stands_beside_it(sign_in: SignIn) -> None:
    person, answers = (
        sign_in(LOGIN),
        example(**{**OWN, "given": "Άννα", "birth": "1975", "citizenship": "AL", "sex": "m"}),
    )
    address = at_names(person, answers)
    zone = PASSPORT.replace("UTO7408", "SWE7408")
    shown = html.unescape(person.post(address, sent(person, address, answers, zone=zone, read_zone="1"), status=200))
    assert value(shown, "given") == "Άννα"
    assert value(shown, "family") == "ERIKSSON"
    assert value(shown, "birth") == "1975"
    beside = re.findall(r"Në rreshtat e dokumentit: <b>([^<]*)</b>", shown)
    assert beside == ["ANNA MARIA", "12 gusht 1974", "F", "Suedi"]


def test_lines_that_were_pasted_and_not_read_are_read_before_the_page_goes_on(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**OWN)
    address = at_names(person, answers)
    assert "ERIKSSON" in person.post(address, sent(person, address, answers, zone=PASSPORT), status=200)
    assert "ERIKSSON" not in person.post(address, sent(person, address, answers, zone=" \n ")), "it goes on"


def test_a_wrong_check_digit_says_line_and_field_and_the_lines_are_there_to_be_mended(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(**{**OWN, "given": "Anna"})
    address = at_names(person, answers)
    wrong = PASSPORT.replace("7408122", "7408132")
    shown = html.unescape(person.post(address, sent(person, address, answers, zone=wrong, read_zone="1"), status=422))
    assert shown.count("Rreshti 2, data e lindjes: shifra e kontrollit nuk përputhet.") == 2
    assert "<title>Gabim:" in shown
    assert 'href="#zone"' in shown
    assert wrong in shown
    assert value(shown, "given") == "Anna"
    empty = person.post(address, sent(person, address, answers, zone="", read_zone="1"), status=422)
    assert "Shkruani të gjithë rreshtat" in html.unescape(empty)


def test_a_child_may_have_a_passport_too_and_only_what_its_page_asks_is_filled_in(sign_in: SignIn) -> None:
    answers = example(**{**OWN, **CHILD})
    person = sign_in(LOGIN)
    address = at_names(person, answers)
    shown = person.post(address, sent(person, address, answers, zone=PASSPORT, read_zone="1"), status=200)
    assert value(shown, "given") == "ANNA MARIA"
    assert "name=sex" not in shown
    assert "name=document" not in shown


def test_the_lines_are_kept_nowhere(
    sign_in: SignIn, app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    person, answers = sign_in(LOGIN), example(**OWN)
    address = at_names(person, answers)
    with caplog.at_level(logging.DEBUG):
        person.post(address, sent(person, address, answers, zone=PASSPORT, read_zone="1"), status=200)
        person.post(address, sent(person, address, answers, zone=PASSPORT[:-1], read_zone="1"), status=422)
        person.post(address, sent(person, address, answers, zone=PASSPORT, leave="1"))
    part = "L898902C36"
    assert part not in caplog.text + "".join(capfd.readouterr())
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and part.encode() in file.read_bytes()]
    assert part not in str(kept(address))


def test_a_hidden_screen_brings_back_what_was_typed_without_the_lines(sign_in: SignIn, app: Flask) -> None:
    from tests.factories import PASSWORD

    person, answers = sign_in(LOGIN), example(**{**OWN, "given": "Anna"})
    address = at_names(person, answers)
    person.post("/hide-screen", sent(person, address, answers, zone=PASSPORT, hidden_at=address))
    page = person.client.get("/unlock").text
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert token
    back = person.client.post("/unlock", data={"password": PASSWORD, "csrf_token": token.group(1)})
    shown = person.client.get(back.headers["Location"]).text
    assert value(shown, "given") == "Anna"
    assert "L898902C36" not in shown


def test_latin_letters_are_proposed_on_demand_taken_by_a_box_and_keep_what_was_typed(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(given="Ελένη", family="Ђорђевић", father="Agim", known_as=None)
    address = at_names(person, answers)
    asked = html.unescape(person.post(address, sent(person, address, answers, latin="1"), status=200))
    assert "<b>Eleni</b>" in asked
    assert "<b>Djordjevic</b>" in asked
    assert "name=take-given" in asked
    assert "name=take-father" not in asked
    assert "checked" not in re.findall(r"<input[^>]*take-[^>]*>", asked)[0], "never taken by itself"
    person.post(address, sent(person, address, answers, **{"take-given": "1"}))
    assert (kept(address)["given"], kept(address)["family"]) == ("Eleni (Ελένη)", "Ђорђевић")
    again = person.get(address)
    assert "name=take-given" not in again, "both spellings are there"
    assert "name=take-family" in again, "what is saved in other letters has a proposal when it is opened again"


@pytest.mark.parametrize("typed", ["Ελένη", "Наталія", "محمد", "Ñandú", "Zoë", "ᲥᲔᲗᲔᲕᲐᲜ", "Љиљана", "李小龍"])
def test_a_name_is_kept_as_it_is_typed_in_any_script(sign_in: SignIn, typed: str) -> None:
    import unicodedata

    person, answers = sign_in(LOGIN), example(given=unicodedata.normalize("NFD", typed))
    address = at_names(person, answers)
    person.post(address, sent(person, address, answers))
    assert kept(address)["given"] == unicodedata.normalize("NFC", typed)


def test_a_box_that_nobody_offered_changes_nothing(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example()
    address = at_names(person, answers)
    boxes = {"take-given": "1", "take-contact": "1", "take-": "1"}
    person.post(address, sent(person, address, {**answers, "contact": "Ελένη"}, **boxes))
    assert (kept(address)["given"], kept(address)["contact"]) == (answers["given"], "Ελένη")


def test_the_letters_stand_on_the_page_as_text_and_on_no_other_page(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example()
    address = at_names(person, answers)
    assert person.get(address).count("data-letters") == 4
    first = begin(person)
    assert "data-letters" not in person.get(first)
    assert "name=zone" not in person.get(first)
