"""The standardized returnee questionnaire of Albania: complete in its languages, in its order, within its loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from nrm.countries.questionnaires import load_questionnaires
from nrm.domain.interviews.interviews import Question, Texts
from nrm.domain.interviews.questionnaire_checks import MalformedQuestionnaire, incomplete
from nrm.domain.shelter import cases
from tests.unit.domain.interviews.small_questionnaire import ALBANIA, returnee

Q = returnee()
SPOKEN = {"el", "it", "ro", "ru", "sr", "tr"}
ROUTES = {route.id: route.pages for route in Q.routes}


def texts_of(question: Question) -> list[Texts]:
    return [question.text, *([question.hint] if question.hint else []), *(option.text for option in question.options)]


def test_albanian_and_english_are_complete_and_not_each_others_copies() -> None:
    texts = [text for question in Q.questions.values() for text in texts_of(question)]
    texts += [page.title for page in Q.pages.values()] + [wording.text for wording in Q.wordings.values()]
    assert all(text["sq"].strip() and text["en"].strip() for text in texts)
    assert all(question.text["sq"] != question.text["en"] for question in Q.questions.values())


def test_whatever_is_asked_of_the_person_is_there_in_every_language_read_out() -> None:
    for question in Q.questions.values():
        if question.by == "person" and question.kind != "parties":
            assert set(question.reads) == SPOKEN, question.id
        else:
            assert not question.reads, question.id
    for wording in Q.wordings.values():
        assert set(wording.text) == SPOKEN | {"sq", "en"}, wording.id


def test_every_language_read_out_names_its_status_and_translator() -> None:
    assert set(Q.reading) == SPOKEN
    assert all(status in ("draft", "approved") and translator for status, translator in Q.reading.values())


def test_the_person_can_always_say_that_they_do_not_know_or_do_not_want_to_answer() -> None:
    for question in Q.questions.values():
        if question.closed and question.by == "person" and question.under is None:
            codes = [option.code for option in question.options]
            assert codes[-2:] == ["dont_know", "no_answer"], question.id


def test_each_way_has_as_few_pages_as_it_can() -> None:
    """With the page at the end: the loads of the short screen, of the whole interview, of a hand-over, of a child."""
    assert len(set(ROUTES["screened"]) - {"apart"}) + 1 == 3
    assert len(ROUTES["standard"]) + 1 <= 11
    # A child is asked where it is not safe in place of consent; nobody sees both pages.
    assert len(set(ROUTES["urgent"]) - {"urgent_refusal", "urgent_avoid"}) + 1 == 4
    assert len(ROUTES["child"]) + 1 == 5


def position(route: str, name: str) -> int:
    return next(number for number, page in enumerate(ROUTES[route]) if name in Q.pages[page].questions)


def test_the_story_comes_before_consent_and_consent_before_any_name() -> None:
    order = [
        "language",
        "age",
        "returned_from",
        "noticed",
        "promised",
        "control",
        "consent_sharing",
        "given",
        "assessment",
    ]
    places = [position("standard", name) for name in order]
    assert places == sorted(places)
    assert position("standard", "control") < position("standard", "consent_services") < position("standard", "given")
    first_name = min(position("standard", q.id) for q in Q.questions.values() if q.compartment == "identity"
                     if any(q.id in Q.pages[page].questions for page in ROUTES["standard"]))  # fmt: skip
    assert first_name > position("standard", "consent_sharing")


def test_the_urgent_way_and_a_refusal_ask_for_no_name() -> None:
    for route in ("urgent", "refusal"):
        asked = {name for page in ROUTES[route] for name in Q.pages[page].questions}
        assert not any(Q.questions[name].compartment == "identity" for name in asked)


# Adult and child strength of each item, in the order of the published lists: strong, medium, weak, or not counted.
DELPHI = {
    "D1": "nature SS wages MM working_conditions MM contract MM housing MM legal_status MM travel MM"
    " family_reunification MM marriage MM education WS",
    "D2": "violence SS threats MS abduction MS debt MS documents MM isolation MM denunciation MM inform MM"
    " family_violence MM money MM",
    "D3": "difficult_family MM illegal_status MM education MM information MM control MM economic MM false_success MM"
    " false_law M- family MM personal MM emotional MM authorities MM past MM travel MM beliefs WM context WM",
    "D4": "hours SS salary MM wage_manipulation MM living MM working MM hazardous MM labour_law MM"
    " social_protection M- education WM",
    "D5": "documents SS debt SS isolation SS violence SS threats MS crime MS tasks MS influence MS peers MM lie MM"
    " denunciation MM worse MM family_violence MM wages MM inform WM",
    "D6": "dependency MM unknown_area MM economic MM family MM authorities MM past WM personal WM",
}


def test_each_indicator_has_the_published_strength_for_adults_and_for_children() -> None:
    linked = {each.id: each for q in Q.questions.values() for option in q.options for each in option.indicators}
    found = {name: f"{each.adult}{each.child}" for name, each in linked.items()}
    words = [(dimension, text.split()) for dimension, text in DELPHI.items()]
    assert found == {
        f"{dimension}.{item}": strengths
        for dimension, each in words
        for item, strengths in zip(each[::2], each[1::2], strict=True)
    }


def test_every_sign_at_the_border_and_every_coded_fact_has_its_source() -> None:
    assert list(incomplete(Q)) == []
    signs = [option for q in Q.questions.values() if q.border for option in q.options if option.code != "none"]
    assert len(signs) == 24
    assert not any(option.indicators or option.gives for option in signs)


def test_codes_are_those_of_the_statistics() -> None:
    for name, codes in cases.CODES.items():
        if name in Q.facts and Q.facts[name].codes:
            assert Q.facts[name].codes == set(codes), name


@pytest.mark.parametrize(
    "word", ["church", "mosque", "muslim", "orthodox", "catholic", "roma ", "gypsy", "headscarf", "clothes", "dress"]
)
def test_no_item_is_about_religion_ethnicity_or_dress(word: str) -> None:
    for question in Q.questions.values():
        for text in texts_of(question):
            assert word not in f"{text['en'].lower()} ".replace("address", "").replace("romania", ""), question.id


@pytest.mark.slow
def test_a_file_that_is_not_toml_or_has_another_id_is_named(tmp_path: Path) -> None:
    (tmp_path / "questionnaire-x.toml").write_text("id = ", encoding="utf-8")
    with pytest.raises(MalformedQuestionnaire, match=r"^questionnaire-x.toml: file: is not TOML: "):
        load_questionnaires(tmp_path)
    source = ALBANIA / "questionnaire-returnee-1.toml"
    (tmp_path / "questionnaire-x.toml").write_bytes(source.read_bytes())
    with pytest.raises(
        MalformedQuestionnaire, match=r"^questionnaire-x.toml: id: `returnee-1` is not the file's name$"
    ):
        load_questionnaires(tmp_path)
    (tmp_path / "questionnaire-x.toml").rename(tmp_path / "questionnaire-returnee-1.toml")
    assert load_questionnaires(tmp_path)["returnee-1"].reading == {}
    (tmp_path / "questionnaire-returnee-1.read-out.toml").write_text("[question.x]\nel = 'x'\n", encoding="utf-8")
    with pytest.raises(
        MalformedQuestionnaire, match=r"^questionnaire-returnee-1.read-out.toml: question.x: is no question"
    ):
        load_questionnaires(tmp_path)


@pytest.mark.parametrize("code", ["partner", "friend", "companion"])
def test_no_companion_can_be_made_an_interpreter(tmp_path: Path, code: str) -> None:
    for file in ALBANIA.glob("questionnaire-*.toml"):
        text = file.read_text(encoding="utf-8").replace('{ code = "telephone", ', f'{{ code = "{code}", ')
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    with pytest.raises(MalformedQuestionnaire) as caught:
        load_questionnaires(tmp_path)
    reason = f"question.interpreter.options: `{code}` is a companion; companions never interpret"
    assert str(caught.value) == f"questionnaire-returnee-1.toml: {reason}"
