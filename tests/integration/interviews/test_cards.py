"""What a person is shown and handed: card, interpreter's view, greetings, leaflet, receipt; and the driver's sheet."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select

from nrm.db import db
from nrm.domain.interviews.paper_forms import codes, plan
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.render import pdf
from nrm.store.countries import country
from tests import accessible, glyphs, told
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, fields, questionnaire, walk

SignIn = Callable[[str], Person]
LANGUAGES = ("sq", "en", "el", "it", "ro", "ru", "sr", "tr")


@pytest.fixture(scope="module", autouse=True)
def _typesetter_ends() -> Iterator[None]:
    yield
    pdf._close()


def on_page(person: Person, page: str, **changed: Any) -> str:
    """An interview that stands on that page; its address without the page."""
    address = begin(person)
    if changed.get("language", "sq") != "sq":
        changed.setdefault("interpreter", "present")
    walk(person, example(**changed), address, until=page)
    return address.rsplit("/", 1)[0]


def text_of(answer: Any) -> tuple[PdfReader, str]:
    """The file as it was sent, and its words."""
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text[:500]
    reader = PdfReader(io.BytesIO(answer.data))
    accessible.check(answer.data, str(reader.root_object["/Lang"]))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_shows_one_question_and_its_answers_in_the_persons_language(
    app: Flask, sign_in: SignIn, language: str
) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "happened", language=language)
    body = person.get(f"{interview}/happened/aloud/control")
    question = questionnaire().questions["control"]
    said = question.reads.get(language) or question.text[language]
    assert f'<main class="wrap" id="main" tabindex="-1" lang="{language}" dir="ltr">' in body
    number = plan(questionnaire()).numbers["control"]
    assert f'<h1 dir="auto">{number}. {said}</h1>' in body
    lines = re.findall(r"<li><b>(.*?)</b> <bdi>(.*?)</bdi></li>", body)
    assert [each for each, _ in lines] == [each for each, _ in codes(question)]
    assert {"0", "88", "89"} <= {each for each, _ in lines}
    items = [words for _, words in lines]
    if language not in ("sq", "en"):
        assert not {option.text[staff] for option in question.options for staff in ("sq", "en")} & {*items}
    assert f'href="{interview}/happened#control"' in body
    assert "i pamiratuar" not in body
    assert "Test border_officer" not in body
    view = person.get(f"{interview}/happened/aloud")
    assert ("përkthim ende i pamiratuar" in view) == (language not in ("sq", "en"))
    assert said in view
    form = person.get(f"{interview}/happened")
    for each, words in lines:  # the same number on the card, in the interpreter's view and on the page
        assert f"<li>{each} {words}" in view
        if language not in ("sq", "en"):
            assert re.search(rf">{each} [^<]*<i lang={language}>{re.escape(words)}</i></label>", form)


def test_who_reads_the_consent_out_has_the_names_of_the_organisations_in_front_of_them(
    app: Flask, sign_in: SignIn
) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "consent", language="ro")
    named = re.findall(r'name="parties" value="\w+"(?: checked)?><span>(.*?)<br>', person.get(f"{interview}/consent"))
    assert len(named) > 1
    view = person.get(f"{interview}/consent/aloud")
    assert all(f"<li>{name}: " in view for name in named)
    assert "Lexojeni çdo emër me zë" not in person.get(f"{interview}/happened/aloud")


def test_a_language_without_text_says_so_on_the_page_and_to_the_interpreter(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "happened", language="bn")
    note = "Bengalisht: në këtë gjuhë nuk ka tekst, atë që shkruhet këtu duhet ta përkthejë një përkthyes."
    for path in ("happened", "happened/aloud"):
        assert note in person.get(f"{interview}/{path}")
    other = on_page(person, "happened", language="el")
    for path in ("happened", "happened/aloud"):
        assert "nuk ka tekst" not in person.get(f"{other}/{path}")


def test_nothing_is_kept_or_told_by_looking_at_cards(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "happened", language="el")
    before = db.session.scalar(select(func.count()).select_from(AuditEntry))
    db.session.rollback()
    for path in ("happened/aloud", "happened/aloud/control", "happened/aloud/story"):
        body = person.get(f"{interview}/{path}")
        assert "checked" not in body
        assert "?" not in "".join(re.findall(r'href="(/interviews[^"]*)"', body))
    person.get("/greetings")
    person.get("/leaflets")
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_what_was_ticked_is_not_lost_on_the_way_to_the_card(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "happened", language="el")
    sent = fields("happened", person.get(f"{interview}/happened"), example(story="U tregua"))
    del sent["control"]
    assert person.post(f"{interview}/happened", {**sent, "aloud": "1"}) == f"{interview}/happened/aloud"
    assert "U tregua" in person.get(f"{interview}/happened")


def test_only_what_is_asked_of_the_person_on_that_page_has_a_card(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "happened", language="el")
    for path in ("happened/aloud/given", "happened/aloud/nothing", "screen/aloud/language", "nothing/aloud"):
        person.get(f"{interview}/{path}", status=404)
    assert person.client.get(f"{interview}/identity/aloud").status_code == 303
    for login, status in (("durres.border_officer", 404), ("vatra.case_worker", 404), ("molsa.statistician", 403)):
        sign_in(login).get(f"{interview}/happened/aloud/control", status=status)


def test_the_greetings_stand_in_the_order_of_the_names_with_their_language(app: Flask, sign_in: SignIn) -> None:
    body = sign_in(LOGIN).get("/greetings")
    found = re.findall(r'<li><div lang="(\w+)" dir="(?:ltr|rtl)"><a href="[^"]+"><b>(.*?)</b>', body)
    assert {code for code, _ in found} == set(country().handouts.greetings)
    latin = [name for _, name in found if name[0] < "Ā"]
    assert latin[:3] == ["Deutsch", "English", "Español"]
    assert latin.index("Srpski") < latin.index("Shqip")  # Sh is a letter of its own, after S
    assert "\N{REGIONAL INDICATOR SYMBOL LETTER A}" not in body


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sq", "el", "ru"])
def test_the_leaflet_fits_a_wallet_and_says_nothing_of_anybody(app: Flask, sign_in: SignIn, language: str) -> None:
    answer = sign_in(LOGIN).client.get(f"/leaflets/{language}")
    reader, words = text_of(answer)
    leaflet = country().handouts.leaflets[language]
    assert len(reader.pages) == 1
    assert reader.root_object["/Lang"] == language
    assert reader.metadata
    assert reader.metadata.title == leaflet.parts["title"]
    assert answer.headers["Content-Disposition"] == "attachment; filename=numbers.pdf"
    for part in ("title", "when", "call", "free", "keep"):
        assert leaflet.parts[part] in words
    assert "116 006" in words
    assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", words)
    assert not reader.pages[0]["/Resources"]["/XObject"]  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["ar", "bn", "fa", "fr", "hi", "uk", "ur"])
def test_the_leaflet_has_letters_and_no_boxes_in_every_script(app: Flask, sign_in: SignIn, language: str) -> None:
    reader, words = text_of(sign_in(LOGIN).client.get(f"/leaflets/{language}"))
    assert len(reader.pages) == 1
    data = sign_in(LOGIN).client.get(f"/leaflets/{language}").data
    assert len(list(glyphs.drawn(data))) > 150
    assert glyphs.boxes(data) == 0
    for number in ("116\N{NO-BREAK SPACE}006", "129", "127"):
        assert number.replace("\N{NO-BREAK SPACE}", " ") in words


@pytest.mark.slow
def test_a_sign_that_no_font_has_is_found() -> None:
    html = "<html lang=zh><head><title>x</title></head><body><p>中文 {}</p></body></html>"
    assert glyphs.boxes(pdf.to_pdf(html)) == 2


def test_whoever_cannot_be_talked_to_reads_that_an_interpreter_is_called_and_whom_to_call(sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    assert 'href="/greetings/bn"' in person.get("/greetings")
    for language, way in (("bn", "ltr"), ("ur", "rtl"), ("fr", "ltr")):
        body = person.get(f"/greetings/{language}")
        assert f'<div lang="{language}" dir="{way}">' in body
        assert country().handouts.greetings[language].parts["calling"] in body
        assert '<bdi dir="ltr" class="code pn">116 006</bdi>' in body
        assert "përkthim ende i pamiratuar" in body
    assert "116 006" not in person.get("/greetings/bg")  # a greeting alone
    for address in ("/greetings/xx", "/greetings/"):
        person.get(address, status=404)
    sign_in("molsa.statistician").get("/greetings/bn", status=403)


def test_there_is_no_leaflet_in_a_language_that_has_none(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    for language in ("xx", "de", "sq.pdf"):
        person.get(f"/leaflets/{language}", status=404)


def test_everybody_is_offered_the_leaflet_whatever_the_outcome(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    for ending in ("refused", "none"):
        told.lead(app, person, f"/interviews/ended/{ending}")
        assert 'href="/leaflets/el"' in person.get(f"/interviews/ended/{ending}")
    interview = on_page(person, "decision")
    sent = person.post(f"{interview}/decision", fields("decision", person.get(f"{interview}/decision"), example()))
    assert 'href="/leaflets/el"' in person.get(sent)


def leaflets_of(body: str) -> list[str]:
    return re.findall(r'href="/leaflets/(\w+)"', body)


@pytest.mark.slow
def test_the_leaflet_in_the_language_of_the_talk_comes_first_and_none_is_offered_where_none_is_safe(
    app: Flask, sign_in: SignIn
) -> None:
    person, kept = sign_in(LOGIN), len(country().handouts.leaflets)

    def sent(**changed: Any) -> str:
        interview = on_page(person, "decision", **changed)
        page = f"{interview}/decision"
        return person.post(page, fields("decision", person.get(page), example(**changed)))

    greek = sent(language="el", interpreter="present")
    assert leaflets_of(person.get(greek))[0] == "el"
    for _ in range(2):  # loaded again, it is still so
        assert len(leaflets_of(person.get(greek))) == kept
    unsafe = sent(leaflet="unsafe")
    for _ in range(2):
        body = person.get(f"{unsafe}?lang=en")
        assert leaflets_of(body) == []
        assert "no leaflet is safe" in body
    # Of another interview nothing is said by that.
    assert len(leaflets_of(person.get(greek))) == kept
    assert leaflets_of(person.get("/leaflets"))
    # Nor does another one, which ends later, forget it.
    later = sent()
    assert len(leaflets_of(person.get(later))) == kept
    assert leaflets_of(person.get(unsafe)) == []


@pytest.mark.slow
def test_an_interview_that_ends_where_no_leaflet_is_safe_offers_none(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "decision", assessment="none", leaflet="unsafe")
    page = f"{interview}/decision"
    form = fields("decision", person.get(page), example(assessment="none", leaflet="unsafe"))
    asked = person.get(person.post(page, {**form, "end": "1"}))
    [seen] = re.findall(r'name="seen" value="(\d+)"', asked)
    left = person.post(f"{interview}/end", {"seen": seen, "reason": "other", "sentence": "Her sister came."})
    assert leaflets_of(person.get(left)) == []
    told.lead(app, person, "/interviews/ended/none")
    assert leaflets_of(person.get("/interviews/ended/none")) == []


@pytest.mark.slow
def test_the_receipt_says_what_was_agreed_and_nothing_of_who_or_where(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(
        person, "decision", language="ru", interpreter="telephone", consent_statistics="no", given="Zamira"
    )
    assert f'href="{interview}/receipt/pdf"' in person.get(f"{interview}/decision")
    answer = person.client.get(f"{interview}/receipt/pdf")
    reader, words = text_of(answer)
    receipt = country().handouts.receipts["ru"]
    assert (reader.root_object["/Lang"], reader.metadata and reader.metadata.title) == ("ru", "Записка")
    agreed, refused = words.split(receipt.parts["refused"])
    assert receipt.parts["services"] in agreed
    assert receipt.parts["sharing"] in agreed
    assert receipt.parts["statistics"] in refused
    version = country().questionnaires["returnee-1"].wordings["consent"].version
    assert f"версия {version}" in words
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", person.get(f"{interview}/decision"))
    assert code
    everybody = [words for each in country().organisations.values() for words in each.names.values()]
    for secret in (code.group(0), "Zamira", *everybody):
        assert secret not in words
        assert secret.encode() not in answer.data
    for login, status in (("durres.border_officer", 404), ("molsa.statistician", 403)):
        sign_in(login).get(f"{interview}/receipt/pdf", status=status)


def test_who_was_not_asked_gets_no_receipt(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "happened")
    person.get(f"{interview}/receipt/pdf", status=404)
    assert "receipt" not in person.get(f"{interview}/happened")


def test_who_does_not_know_gets_no_note_of_a_no(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    unknown = dict.fromkeys(("consent_services", "consent_sharing", "consent_statistics"), "dont_know")
    interview = on_page(person, "decision", **unknown)
    assert "receipt" not in person.get(f"{interview}/decision")
    person.get(f"{interview}/receipt/pdf", status=404)


@pytest.mark.slow
def test_the_drivers_sheet_has_no_name_and_no_address(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    interview = on_page(person, "decision")
    assert person.client.get(f"{interview}/transport/pdf").status_code == 404
    sent = person.post(f"{interview}/decision", fields("decision", person.get(f"{interview}/decision"), example()))
    assert f'href="{interview}/transport/pdf"' in person.get(sent)
    _, words = text_of(person.client.get(f"{interview}/transport/pdf"))
    assert db.session.scalars(select(Case.pseudonym)).one() in words
    assert "+355" in words
    named = [
        names for each in country().organisations.values() if each.kind.takes_people_in for names in each.names.values()
    ]
    for secret in (example()["given"], example()["family"], "Tiran", "Vlor", "Elbasan", *named):
        assert secret not in words
    for login, status in (("durres.border_officer", 404), ("vatra.case_worker", 404), ("molsa.statistician", 403)):
        sign_in(login).get(f"{interview}/transport/pdf", status=status)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sq", "el"])
def test_what_is_read_out_of_consent_stands_in_the_officers_language_too(
    app: Flask, sign_in: SignIn, language: str
) -> None:
    """An officer who reads Greek to nobody could not see what the person agrees to."""
    person = sign_in(LOGIN)
    interview = on_page(person, "consent", language=language)
    text = questionnaire().wordings["consent"].text
    body = person.get(f"{interview}/consent?lang=en")
    theirs = f"<p lang={language} dir=auto>{text['el' if language == 'el' else 'sq']}".replace("'", "&#39;")
    assert body.count(theirs) == 1
    assert body.count(f"<p class=who lang=en>{text['en']}") == 1
    assert f"<p class=who lang=sq>{text['sq']}" not in person.get(f"{interview}/consent?lang={language}")
    assert text["en"] in person.get(f"{interview}/consent/aloud?lang=en"), "as on the page for reading out"
