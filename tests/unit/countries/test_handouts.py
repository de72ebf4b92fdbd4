"""What people are handed and shown in their own language: complete, neutral, and read strictly."""

from __future__ import annotations

import copy
import tomllib
from functools import cache
from typing import Any

import pytest

from forms.names import language_code
from nrm import countries
from nrm.domain.documents import MalformedDocument
from nrm.domain.interviews.handouts import parse_handouts
from nrm.domain.interviews.spoken import parse_choices, unsaid
from tests.unit.domain.interviews.small_questionnaire import ALBANIA, returnee

EIGHT = {"sq", "en", "el", "it", "ro", "ru", "sr", "tr"}
# Those in which nothing but cards and leaflets is there.
CARDS = {"ar", "bn", "fa", "fr", "hi", "uk", "ur"}
# Words that would tell a person who finds the paper what it is about.
TELLING = ("trafik", "traffick", "tratta", "traite", "εμπορ", "торгов", "trgovin", "ticaret", "viktim", "victim")


NOT_CHECKED = "first draft, not yet checked by a translator"


@cache
def file(name: str) -> dict[str, Any]:
    return tomllib.loads((ALBANIA / name).read_text(encoding="utf-8"))


def test_leaflet_and_receipt_are_there_in_the_eight_languages_and_tell_nothing() -> None:
    handouts = countries.load("albania").handouts
    assert set(handouts.receipts) == EIGHT
    assert set(handouts.leaflets) == EIGHT | CARDS
    for each in (*handouts.leaflets.values(), *handouts.receipts.values()):
        assert each.status == ("approved" if each.language in ("sq", "en") else "draft")
        text = " ".join(each.parts.values()).casefold()
        assert not [word for word in TELLING if word in text], each.language
    for organisation in ("vatra", "vizion", "iom", "qendra"):
        assert organisation not in " ".join(
            part.casefold() for each in handouts.receipts.values() for part in each.parts.values()
        )


def test_greetings_are_there_in_more_languages_each_by_its_own_name() -> None:
    greetings = countries.load("albania").handouts.greetings
    assert set(greetings) > EIGHT | CARDS
    for each in greetings.values():
        assert each.translator == ("original" if each.status == "approved" else NOT_CHECKED), each.language
    names = [each.parts["name"] for each in greetings.values()]
    assert len(set(names)) == len(names)
    own = file("questionnaire-returnee-1.toml")["language_names"]
    assert {code: greetings[code].parts["name"] for code in own} == own


def test_the_staff_can_choose_every_language_with_a_text_and_name_every_other_that_has_a_card() -> None:
    asked = returnee()
    for code in EIGHT:
        option = asked.questions["language"].option(code)
        assert option is not None, code
        assert set(option.text.values()) == {asked.language_names[code]}
    for code in CARDS:
        for name in (asked.language_names[code], *asked.language_words[code].values()):
            assert language_code(name) == code, name


def test_every_answer_that_is_read_to_a_person_has_words_in_every_language() -> None:
    choices = parse_choices(file("choices-returnee-1.toml"), returnee())
    assert unsaid(choices, returnee()) == []


def test_an_answer_without_words_is_read_as_the_officer_reads_it() -> None:
    data = copy.deepcopy(file("choices-returnee-1.toml"))
    del data["choice"]["gender"]
    choices = parse_choices(data, returnee())
    question = returnee().questions["gender"]
    assert choices.words(question, question.options[0], "el", lambda *_: "") == "Femër"
    assert "gender.feminine" in unsaid(choices, returnee())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["leaflet"].pop("el"), "leaflet.el: missing"),
        (lambda data: data["leaflet"].update(xx=data["leaflet"]["el"]), "leaflet.xx: has no greeting"),
        (lambda data: data["receipt"].update(bn=data["receipt"]["el"]), "receipt.bn: is no language"),
        (lambda data: data["greeting"]["bn"].pop("calling"), "greeting.bn.calling: missing"),
        (lambda data: data["greeting"]["bn"].pop("translator"), "greeting.bn.translator: missing"),
        (lambda data: data["leaflet"]["el"].update(status="new"), "leaflet.el.status: `new`"),
        (lambda data: data["leaflet"]["el"].update(danger="129"), "leaflet.el.danger: must have {ambulance}, {police}"),
        (lambda data: data["leaflet"]["el"].update(title="{name}"), "leaflet.el.title: must have nothing to fill in"),
        (lambda data: data["receipt"]["el"].update(change="{helpline} {"), "receipt.el.change: must have {helpline}"),
        (lambda data: data["greeting"]["el"].update(more="x"), "greeting.el.more: is not a key"),
    ],
)
def test_a_wrong_file_of_handouts_is_named_by_key(change: Any, message: str) -> None:
    data = copy.deepcopy(file("handouts.toml"))
    change(data)
    with pytest.raises(MalformedDocument) as raised:
        parse_handouts(data, sorted(EIGHT))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["choice"].update(story={}), "choice.story: is no question with options"),
        (lambda data: data["choice"].update(nothing={}), "choice.nothing: is no question with options"),
        (lambda data: data["choice"]["gender"].update(other={}), "choice.gender.other: is no option"),
        (lambda data: data["choice"]["gender"]["feminine"].pop("ru"), "choice.gender.feminine.ru: missing"),
        (lambda data: data["answers"]["yes"].update(xx="x"), "answers.yes.xx: is not a key"),
    ],
)
def test_a_wrong_file_of_choices_is_named_by_key(change: Any, message: str) -> None:
    data = copy.deepcopy(file("choices-returnee-1.toml"))
    change(data)
    with pytest.raises(MalformedDocument) as raised:
        parse_choices(data, returnee())
    assert message in str(raised.value)
