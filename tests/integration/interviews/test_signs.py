"""What the signs look like: opened beside an interview, the same page for everybody, in both languages, light."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask

from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, last_of, questionnaire, walk

SignIn = Callable[[str], Person]
CHILD = {"age": "child", "age_stated": None, "birth": None, "child_with": "me nënën", "noticed_child": ["none"]}


def text_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page))


def pages_shown(person: Person, answers: dict[str, object]) -> list[str]:
    """Every page of the interview as it is shown, the last one included."""
    address = begin(person)
    ids = walk(person, answers, address, until=last_of(answers))
    return [person.get(address.rsplit("/", 1)[0] + f"/{name}") for name in ids]


def test_each_sign_is_explained_in_two_sentences_and_its_source_is_named(app: Flask, sign_in: SignIn) -> None:
    body = sign_in(LOGIN).get("/signs")
    said = text_of(body)
    for question in (each for each in questionnaire().questions.values() if each.border):
        assert f"id={question.id}>" in body
        for option in question.options:
            if option.help is not None:
                assert option.text["sq"] in said
                assert option.help.looks["sq"] in said
                assert option.help.proves_not["sq"] in said
                assert option.source in said
    assert len(body.encode()) < 11_700, "with the style sheet and the script below 15 KB"


def test_every_sign_has_one_sentence_of_each_kind_in_both_languages(app: Flask) -> None:
    signs = [o for q in questionnaire().questions.values() if q.border for o in q.options if o.code != "none"]
    assert len(signs) == 24
    for option in signs:
        assert option.help is not None
        for texts in (option.help.looks, option.help.proves_not):
            for text in texts.values():
                assert re.fullmatch(r"[A-ZÇË][^.!?]*\.", text), text
                assert len(text) <= 120


@pytest.mark.parametrize("child", [False, True])
def test_the_questions_about_signs_link_to_their_part_and_to_nothing_else(
    app: Flask, sign_in: SignIn, child: bool
) -> None:
    person = sign_in(LOGIN)
    shown = pages_shown(person, example(**(CHILD if child else {})))
    links = {found for page in shown for found in re.findall(r"<a href=/signs#(\w+) target=_blank rel=noopener>", page)}
    assert links == ({"noticed", "noticed_child"} if child else {"noticed"})


def test_the_explanations_are_for_those_who_hold_interviews(app: Flask, sign_in: SignIn) -> None:
    sign_in("molsa.statistician").get("/signs", status=403)
