"""Every page that people reach says what it is for and what happens next, in each language of the program."""

from __future__ import annotations

from flask import Flask

from nrm import catalogues
from nrm.web import page_help
from nrm.web.access import PUBLIC
from nrm.web.language import translated
from tests.conftest import Person

LONGEST = 170
"""A sentence is read at once, and a page has at most 15 KB on the wire."""


def test_every_noun_with_a_page_of_members_has_its_sentence_and_no_other(app: Flask) -> None:
    rules = [each for each in app.url_map.iter_rules() if "GET" in (each.methods or ())]
    nouns = {each.endpoint.partition(".")[0] for each in rules if each.endpoint not in PUBLIC}
    assert nouns - page_help.HELP.keys() <= page_help.TO_A_PERSON
    assert page_help.HELP.keys() <= nouns
    assert not page_help.HELP.keys() & page_help.TO_A_PERSON


def test_pages_that_say_something_else_exist_and_are_of_a_noun_with_a_sentence(app: Flask) -> None:
    endpoints = {each.endpoint for each in app.url_map.iter_rules()}
    assert page_help.OF_PAGES.keys() <= endpoints
    assert {each.partition(".")[0] for each in page_help.OF_PAGES} <= page_help.HELP.keys()


def test_each_sentence_is_said_in_every_language_and_is_of_its_own_page() -> None:
    sentences = [*page_help.HELP.values(), *(each for each in page_help.OF_PAGES.values() if each)]
    sentences += page_help.OF_HOUSES.values()
    assert page_help.OF_HOUSES.keys() <= page_help.HELP.keys()
    for language in ("en", "sq", "mk"):
        said = [translated(each, language) for each in sentences]
        assert len(set(said)) == len(said)
        assert [each for each in said if len(each) > LONGEST] == []
        if language != "en":
            assert [each for each in sentences if catalogues.said(each, language) is None] == []


def test_a_page_says_it_beside_the_guide_and_what_is_turned_to_a_person_does_not(app: Flask) -> None:
    officer = Person(app.test_client(), "rinas.border_officer")
    page = officer.get("/sent?lang=en") if officer.client.get("/sent").status_code == 200 else officer.get("/?lang=en")
    foot = page[page.index("<footer") :]
    assert "What do I do here?" in foot
    assert any(str(each) in foot.replace("&#39;", "'") for each in page_help.HELP.values())
    missing = officer.get("/nowhere?lang=en", 404)
    assert not any(str(each) in missing for each in page_help.HELP.values())


def test_nights_are_explained_to_the_house_and_to_the_payment_desk_each_in_its_own_words(app: Flask) -> None:
    said = {
        login: Person(app.test_client(), login).get("/payment?lang=en")
        for login in ("nrc.shelter_manager", "molsa.payment_officer")
    }
    house, desk = "Here are the nights of your shelter", "Here are nights that managers have signed"
    assert house in said["nrc.shelter_manager"]
    assert desk not in said["nrc.shelter_manager"]
    assert desk in said["molsa.payment_officer"]
    assert house not in said["molsa.payment_officer"]


def test_pages_about_something_else_than_their_noun_have_a_sentence_of_their_own() -> None:
    assert "recovery code" in page_help.of("accounts.recover_page")
    assert page_help.of("accounts.recover") == page_help.of("accounts.recover_page")
    assert "new recovery code" in page_help.of("members.new_code_page")
    assert "answers the post" in page_help.of("desks.child_answer_page")
