"""The ready markup of questions: the same bytes as the macros, light, and safe with anything typed."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape
from werkzeug.datastructures import MultiDict

from forms.interviews.interviews import page_form, typed_answer
from forms.names import country_name
from nrm.demo import made_up_interviews
from nrm.domain.interviews import interviews, questionnaire_flow
from nrm.domain.interviews.paper_forms import codes, plan
from nrm.domain.interviews.spoken import parse_choices
from nrm.web.interviews.questions import MARK, NO_ERRORS, WORDS, Controls, QuestionMarkup
from tests.unit.domain.interviews.small_questionnaire import ALBANIA, returnee

TODAY = date(2026, 3, 1)
Q = returnee()
TEMPLATES = Path(__file__).parents[3] / "templates"
NUMBERS = {"police": "129", "ambulance": "127", "helpline": "116 006"}
ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
CHOICES = parse_choices(tomllib.loads((ALBANIA / "choices-returnee-1.toml").read_text("utf-8")), Q)
MARKUP = QuestionMarkup(ENVIRONMENT, Q, NUMBERS, CHOICES)
SPOKEN = [None, *Q.reading, "sw"]
# The rest of a page, with its bar, strip and buttons, takes some 2,200 bytes; style and script 3,900 in Brotli.
HEAVIEST = 9_200
# With every question and every answer in a second language, in letters of two bytes (ADR 0061).
HEAVIEST_BESIDE = 13_300
# A yes that is no wish (`wish.py`): only then a name is asked for.
FREE = {"consent_services": "yes", "consent_sharing": "yes", "purpose_read": "understood", "alone": "yes",
        "language": "sq", "interpreter": "no"}  # fmt: skip


def pages_of(**fixed: Any) -> list[tuple[interviews.Page, dict[str, Any]]]:
    made = made_up_interviews.random_answers(Q, random.Random(1), today=TODAY, fixed=fixed)
    return [(page, made) for page in questionnaire_flow.pages(Q, made)]


EVERY_PAGE = {
    page.id: (page, made)
    for fixed in (
        {"could_leave": "no", "age": "adult", "urgent": "no", **FREE},
        {"could_leave": "no", "age": "adult", "urgent": "no", "consent_services": "no"},
        {"urgent": "no", "age": "adult", "alone": "no", "apart": "go_on"},
        {"urgent": "no", "age": "child"},
        {"urgent": "yes", "age": "adult", "consent_urgent": "given"},
        {"urgent": "yes", "age": "adult", "consent_urgent": "refused"},
        {"urgent": "yes", "age": "child"},
    )
    for page, made in pages_of(**fixed)
}


def test_every_page_is_looked_at() -> None:
    assert set(EVERY_PAGE) == {name for route in Q.routes for name in route.pages}


@pytest.mark.slow
@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    staff=st.sampled_from(["sq", "en"]),
    spoken=st.sampled_from(SPOKEN),
    text=st.text(min_size=1, max_size=30),
)
def test_the_ready_markup_is_the_macros_own(seed: int, staff: str, spoken: str | None, text: str) -> None:
    made = made_up_interviews.random_answers(Q, random.Random(seed), today=TODAY)
    for name in made:
        if Q.questions[name].kind in ("short_text", "long_text", "place"):
            made[name] = text
    for page in questionnaire_flow.pages(Q, made):
        shown = questionnaire_flow.page_questions(Q, page, made)
        typed = {q.id: typed_answer(q, made[q.id], staff) for q in shown if q.id in made}
        slow = MARKUP.rendered(page, made, Controls(typed), NO_ERRORS, staff=staff, spoken=spoken)
        assert MARKUP.page(page, made, staff=staff, spoken=spoken) == slow
        assert not MARK.search(slow)


@pytest.mark.parametrize("name", sorted(EVERY_PAGE))
@pytest.mark.parametrize("staff", ["sq", "en"])
def test_a_page_is_light_in_every_language(name: str, staff: str) -> None:
    page, made = EVERY_PAGE[name]
    for spoken in SPOKEN:
        html = MARKUP.wordings(page, staff=staff, spoken=spoken) + MARKUP.page(page, made, staff=staff, spoken=spoken)
        assert len(html.encode()) <= (HEAVIEST_BESIDE if spoken in Q.reading else HEAVIEST), spoken


@pytest.mark.parametrize("say", sorted(Q.reading))
def test_each_answer_of_the_person_stands_beside_the_officers_with_the_number_of_the_paper(say: str) -> None:
    found = 0
    for page, made in EVERY_PAGE.values():
        html = str(MARKUP.page(page, made, staff="sq", spoken=say))
        for question in questionnaire_flow.page_questions(Q, page, made):
            if question.by == "officer" or question.kind == "parties" or question.under is not None:
                continue
            assert f"{plan(Q).numbers[question.id]}. {question.text['sq']}" in html
            assert f"<p class=say lang={say}>{escape(question.reads[say])}</p>" in html
            for number, option in codes(question):
                said = escape(CHOICES.words(question, option, say, country_name))
                beside = f" · {said}" if question.select else f"<i lang={say}>{said}</i></label>"
                assert f">{number} {option.text['sq']}{beside}" in html, (question.id, option.code)
                found += 1
    assert found > 150


@pytest.mark.parametrize("say", [None, *sorted(Q.reading)])
def test_a_hard_question_is_announced_and_stands_apart(say: str | None) -> None:
    hard = {question.id for question in Q.questions.values() if question.announced_by}
    assert {"official", "forms"} <= hard
    for page, made in EVERY_PAGE.values():
        html = str(MARKUP.page(page, made, staff="sq", spoken=say))
        asked = [each for each in questionnaire_flow.page_questions(Q, page, made) if each.id in hard]
        text = escape(Q.wordings["hard"].text[say or "sq"])
        assert html.count(f"<p class=say lang={say or 'sq'}>{text}</p>") == len(asked) == html.count(" alone")
        for question in asked:
            before, _, _ = html.partition(f"id={question.id} ")
            assert before.rindex(text) > before.rindex("</fieldset>") if "</fieldset>" in before else True


def both(page: interviews.Page, made: dict[str, Any], spoken: str | None) -> str:
    return str(MARKUP.wordings(page, staff="sq", spoken=spoken) + MARKUP.page(page, made, staff="sq", spoken=spoken))


def test_a_language_without_text_says_so_and_nothing_else_changes() -> None:
    for spoken, name in (("bn", "Bengalisht"), ("sw", "Suahilisht")):
        for page, made in EVERY_PAGE.values():
            html = str(
                MARKUP.wordings(page, staff="sq", spoken=spoken) + MARKUP.page(page, made, staff="sq", spoken=spoken)
            )
            shown = questionnaire_flow.page_questions(Q, page, made)
            note = f"<p class=hint>{name}: {WORDS['no_text']['sq']}.</p>"
            asks = bool(page.wordings) or any(each.by == "person" for each in shown)
            assert html.count(note) == asks
            plain = str(
                MARKUP.wordings(page, staff="sq", spoken=None) + MARKUP.page(page, made, staff="sq", spoken=None)
            )
            assert html.replace(note, "") == plain
    for spoken in (None, "sq", "el"):
        for page, made in EVERY_PAGE.values():
            assert WORDS["no_text"]["sq"] not in MARKUP.page(page, made, staff="sq", spoken=spoken)


def test_a_text_from_right_to_left_says_its_direction() -> None:
    arabic = replace(Q, reading={**Q.reading, "ar": ("draft", "nobody")})
    question = replace(Q.questions["danger"], reads={"ar": "هل تخاف؟"})
    arabic = replace(arabic, questions={**Q.questions, "danger": question})
    page, made = next((page, made) for page, made in EVERY_PAGE.values() if "danger" in page.questions)
    html = str(QuestionMarkup(ENVIRONMENT, arabic, NUMBERS).page(page, made, staff="sq", spoken="ar"))
    assert "<p class=say lang=ar dir=rtl>هل تخاف؟</p>" in html
    assert html.count("<i lang=ar dir=rtl>") == len(question.options)


class Reader(HTMLParser):
    """What a page's markup says: elements in order, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", sorted(EVERY_PAGE))
def test_every_control_has_a_label_and_every_reference_its_target(name: str) -> None:
    page, made = EVERY_PAGE[name]
    wrong = dict.fromkeys(page.questions, "Shkruani diçka")
    html = MARKUP.rendered(page, made, Controls({}), wrong, staff="sq", spoken="el")
    found = Reader(html).elements
    ids = [a["id"] for _, a in found if "id" in a]
    assert len(ids) == len(set(ids))
    labelled = {a["for"] for tag, a in found if tag == "label" and "for" in a}
    assert labelled <= set(ids)
    for tag, attributes in found:
        for reference in (attributes.get("aria-describedby") or "").split():
            assert reference in ids
        if tag in ("input", "select", "textarea") and attributes.get("type") not in ("radio", "checkbox"):
            assert attributes["id"] in labelled
    for question in questionnaire_flow.page_questions(Q, page, made):
        if question.kind != "parties":
            assert question.id in ids
            assert f"{question.id}-error" in ids


@pytest.mark.parametrize("name", sorted(EVERY_PAGE))
def test_groups_of_choices_have_a_legend_and_nothing_is_chosen_before(name: str) -> None:
    page, _ = EVERY_PAGE[name]
    html = str(MARKUP.page(page, {}, staff="sq", spoken=None))
    assert html.count("<fieldset") == html.count("<legend>") == html.count("</fieldset>")
    assert " checked" not in html
    assert " selected" not in html
    outside = re.sub(r"<fieldset.*?</fieldset>", "", html, flags=re.DOTALL)
    assert "type=radio" not in outside
    assert "type=checkbox" not in outside


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" autofocus onfocus="x', "a & b", "</textarea><b>"])
def test_what_was_typed_is_only_ever_text(text: str) -> None:
    answers = {"urgent": "no", "age": "adult", "story": text, "official": "yes", "official_what": text}
    html = str(MARKUP.page(Q.pages["happened"], answers, staff="en", spoken=None))
    tags = {tag for tag, _ in Reader(html).elements}
    assert not tags & {"script", "b"}
    assert "onfocus" not in {name for _, attributes in Reader(html).elements for name in attributes}
    values = [a["value"] for tag, a in Reader(html).elements if tag == "input" and a.get("name") == "official_what"]
    assert values == [text]


def test_a_page_is_shown_again_as_it_was_typed_with_the_errors_beside_the_questions() -> None:
    page = Q.pages["identity"]
    earlier = {"urgent": "no", "age": "adult", "consent_services": "yes", "consent_sharing": "yes"}
    form = page_form(Q, page, "en")(MultiDict({"birth": "20x1", "given": "A<b>", "sex": "f"}))
    assert form.accept(earlier, today=TODAY) is None
    html = str(MARKUP.again(form, earlier, staff="en", spoken="it"))
    assert 'name=birth value="20x1"' in html
    assert 'value="A&lt;b&gt;"' in html
    assert "value=f checked" in html
    assert html.count("Enter the year with four digits: When were you born?") == 1
    assert html.count("class=msg") == 1


def test_the_persons_language_stands_beside_the_officers() -> None:
    html = str(MARKUP.page(Q.pages["screen"], {}, staff="sq", spoken="it"))
    assert "<p class=say lang=it>Ha ferite o malattie adesso?</p>" in html
    assert "A keni lëndime ose sëmundje tani?" in html
    assert "<bdi lang=it>Italiano</bdi>: përkthim ende i pamiratuar" in html
    assert "class=say" not in str(MARKUP.page(Q.pages["screen"], {}, staff="sq", spoken="sq"))
    assert "class=say" not in str(MARKUP.page(Q.pages["screen"], {}, staff="sq", spoken="sw"))


def test_the_wording_is_read_out_in_the_persons_language_or_the_officers() -> None:
    page = Q.pages["way"]
    assert "Nessuno la accusa." in MARKUP.wordings(page, staff="sq", spoken="it")
    assert "Askush nuk ju akuzon." in MARKUP.wordings(page, staff="sq", spoken="sw")
    assert "Nobody is accusing you." in MARKUP.wordings(page, staff="sq", spoken="en")
    assert MARKUP.wordings(Q.pages["screen"], staff="sq", spoken="it") == ""


@pytest.mark.parametrize(("spoken", "drafts"), [("it", 1), ("sq", 0), ("en", 0), ("sw", 0), (None, 0)])
def test_a_wording_that_no_translator_has_approved_says_so_itself(spoken: str | None, drafts: int) -> None:
    html = str(MARKUP.wordings(Q.pages["way"], staff="en", spoken=spoken))
    assert html.count("translation not yet approved") == drafts


def test_a_page_where_all_is_optional_says_so_once() -> None:
    html = str(MARKUP.page(Q.pages["happened"], {"age": "adult"}, staff="en", spoken=None))
    assert html.count("optional") == 1
    assert "When did you leave home? (optional)" in MARKUP.page(Q.pages["way"], {}, staff="en", spoken=None)
