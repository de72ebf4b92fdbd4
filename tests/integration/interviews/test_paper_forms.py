"""The questionnaire on paper: printed with numbers, typed in, keyed twice, sent once."""

from __future__ import annotations

import html
import io
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from forms.interviews.interviews import form_data
from forms.interviews.paper_forms import typed_form
from nrm import clock
from nrm.actions.interviews import paper_forms
from nrm.db import db
from nrm.domain.interviews.paper_forms import codes, labels_of, parts_of, plan
from nrm.domain.interviews.questionnaire_flow import page_questions, prune
from nrm.domain.shelter.cases import new_pseudonym
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview, PaperForm
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.render import pdf
from nrm.store.countries import country
from tests import accessible, factories, glyphs, screened
from tests.conftest import WARNED, Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, confirmation, example, fields, page_id, questionnaire, send_by_name, walk

SignIn = Callable[[str], Person]


@pytest.fixture(scope="module", autouse=True)
def _typesetter_ends() -> Iterator[None]:
    yield
    pdf._close()


def number(login: str = LOGIN) -> str:
    """The number of a paper that was just printed for somebody's post."""
    (drawn,) = paper_forms.drawn(1)
    paper_forms.issue(numbers=[drawn], questionnaire=questionnaire(), staff="sq", spoken="el", by=actor(login))
    return drawn


def heading(at: datetime | None = None, **changed: Any) -> dict[str, Any]:
    """What is typed on top, for a talk of now."""
    local = (at or clock.now()).astimezone()
    day = {"day-day": local.day, "day-month": local.month, "day-year": local.year}
    return {"id": str(uuid.uuid4()), **day, "hour": f"{local:%H:%M}", **changed}


@pytest.fixture(autouse=True)
def _clocks_of_the_country(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """`astimezone()` above means the country's clocks."""
    import time

    monkeypatch.setenv("TZ", "Europe/Tirane")
    time.tzset()
    assert app


def typed(answers: dict[str, Any]) -> dict[str, Any]:
    """What is typed for these answers: the codes in front of the boxes."""
    sent: dict[str, Any] = {}
    asked = questionnaire()
    for name, value in prune(asked, answers).items():
        question = asked.questions[name]
        if question.kind == "parties":
            sent[name] = ", ".join(value)
        elif question.closed and (question.under is None or question.option(str(value))):
            sent[name] = (
                labels_of(question, value) if question.option(str(value)) or question.kind == "some_of" else value
            )
        else:
            page = next(page for page in asked.pages.values() if name in page.questions)
            sent |= {
                (key if question.kind != "country" else name): values
                for key, values in form_data(asked, page, {name: value}, "sq").items()
                if values
            }
    return sent


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found
    return found.group(1)


def type_in(person: Person, paper: str, answers: dict[str, Any], **top: Any) -> str:
    """Type in a whole paper; the address it leads to."""
    address = person.post("/papers/type-in", heading(number=paper, **top))
    return person.post(address, {**typed(answers), "seen": seen_in(person.get(address))})


def send(person: Person, address: str) -> str:
    """Send from the last page."""
    return send_by_name(person, address, example())


def count(model: Any) -> int:
    db.session.rollback()  # else what was read before is read again
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def seen(body: str) -> str:
    """The revision that a page was made from."""
    found = re.search(r'name="?seen"? value="?(\d+)', body)
    assert found
    return found[1]


def throw_away(person: Person, interview: str) -> None:
    """Destroy a draft from the page that says what would be gone."""
    body = person.get(f"{interview}/discard")
    person.post(f"{interview}/discard", confirmation(body))


@pytest.mark.slow
def test_papers_are_printed_with_numbers_that_exist_on_them_alone(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    form = {"layout": "long", "staff": "sq", "spoken": "el", "papers": "1"}
    answer = person.client.post("/papers", data={"csrf_token": person.csrf_token, **form})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=form.pdf"
    reader = PdfReader(io.BytesIO(answer.data))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    numbers = [re.search(r"Formulari (\w{3}-\w{3}-\w{3})", page) for page in pages]
    assert all(numbers)
    found = [each.group(1) for each in numbers if each]
    assert len(set(found)) == 1
    for place, page in enumerate(pages):
        assert f"Intervista e standardizuar e të kthyerve, versioni {questionnaire().version}" in page
        assert f"Faqja {place + 1} / {len(pages)}" in page
    accessible.check(answer.data, "sq")
    assert (reader.metadata and reader.metadata.title, reader.outline) == ("Formular", [])
    on_paper = " ".join(pages)
    asked = questionnaire()
    for question in plan(asked).questions:
        assert f"{plan(asked).numbers[question.id]} {question.text['sq']}" in on_paper, question.id
        if question.by == "person" and question.kind != "parties":
            assert " ".join(question.reads["el"].split()) in on_paper, question.id
        for option in question.options:
            assert option.text["sq"] in on_paper, (question.id, option.code)
    printed = {name for page in asked.pages.values() if page.asked_by != "receiver" for name in page.wordings}
    assert asked.wordings.keys() - printed == {"consent_again", "hard"}, "what a receiver reads out, and what announces"
    for name in {*printed, "hard"}:
        assert asked.wordings[name].text["el"] in on_paper
    assert on_paper.count("?") >= len(asked.questions) / 2
    for telephone in ("+355 4 000 0101", "116 006", "+355 4 000 0220"):
        assert telephone in on_paper
    assert count(PaperForm) == 1
    folder = app.extensions["nrm.config"].directory
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for each in set(found):
        assert each.encode() not in stored
        assert each.replace("-", "").encode() not in stored
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.event == "papers_issued"))
    assert '"papers":1' in entry.details
    assert ">1</td>" in person.get("/papers")


@pytest.mark.slow
@pytest.mark.parametrize(("staff", "spoken"), [("sq", "el"), ("en", "ru")])
@pytest.mark.parametrize(("layout", "sheets"), [("urgent", 1), ("screen", 1), ("long", 6)])
def test_a_paper_has_few_sheets_and_no_code_in_capitals(
    app: Flask, sign_in: SignIn, layout: str, sheets: int, staff: str, spoken: str
) -> None:
    person = sign_in(LOGIN)
    form = {"layout": layout, "staff": staff, "spoken": spoken, "papers": "1"}
    answer = person.client.post("/papers", data={"csrf_token": person.csrf_token, **form})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    reader = PdfReader(io.BytesIO(answer.data))
    assert 1 <= len(reader.pages) <= sheets
    assert glyphs.boxes(answer.data) == 0
    accessible.check(answer.data, staff)
    words = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    numbers = set(re.findall(r"\b\w{3}-\w{3}-\w{3}\b", words))
    assert {"sq": "përkthim ende i pamiratuar", "en": "translation not yet approved"}[staff] in words
    assert len(numbers) == (10 if layout == "screen" else 1)
    assert count(PaperForm) == len(numbers)
    capitals = {code for code in country().in_force(clock.now()).parties if code.isupper()}
    assert not {code for code in capitals if re.search(rf"\b{code}\b", words)} - {"IOM"}  # the name of one of them
    asked = questionnaire()
    for part in parts_of(plan(asked), layout):
        for question in part.questions:
            assert " ".join(question.text[staff].split()) in words, question.id
            for label, option in codes(question):
                assert f"{label} {option.text[staff]}".replace("\xa0", " ") in words.replace("\xa0", " "), question.id


@pytest.mark.slow
def test_each_person_of_a_sheet_is_typed_in_by_a_number_of_their_own(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    form = {"layout": "screen", "staff": "sq", "spoken": "sq", "papers": "1"}
    answer = person.client.post("/papers", data={"csrf_token": person.csrf_token, **form})
    words = PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()
    numbers = re.findall(r"\b\w{3}-\w{3}-\w{3}\b", words)
    codes_of_drafts = set()
    for number in numbers[:2]:
        address = person.post("/papers/type-in", heading(number=number))
        codes_of_drafts.add(address)
        assert "/answers" in address
    assert len(codes_of_drafts) == 2
    person.post("/papers/type-in", heading(number=numbers[0]), status=422)


def test_a_paper_that_is_none_of_the_three_is_not_printed(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    for layout in ("", "short"):
        form = {"layout": layout, "staff": "sq", "spoken": "el", "papers": "1"}
        answer = person.client.post("/papers", data={"csrf_token": person.csrf_token, **form})
        assert answer.status_code == 422
        assert "Zgjidhni cilin formular" in answer.text
    assert count(PaperForm) == 0


def test_a_page_that_is_only_looked_at_issues_nothing(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    person.get("/papers")
    for papers_wanted in ("0", "6", "x", "", "²"):
        body = person.post("/papers", {"staff": "sq", "spoken": "el", "papers": papers_wanted}, status=422)
        assert "Shkruani një numër nga 1 deri në 5" in body
    person.post("/papers", {"staff": "el", "spoken": "xx", "papers": "1"}, status=422)
    assert count(PaperForm) == 0


def test_a_paper_becomes_the_interview_that_the_screen_would_have_made(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    talked_at = clock.now()
    paper = number()
    address = type_in(person, paper, example())
    assert page_id(address) == "check"
    assert "Profili i treguesve" in person.get(address.replace("/check", "/decision"))
    sent = send(person, address)
    assert sent.endswith("/sent")
    interview = db.session.scalars(select(Interview)).one()
    assert interview.status == "sent"
    assert abs(interview.started_at - talked_at.replace(second=0, microsecond=0)) < timedelta(minutes=1)
    assert count(Case) == 1
    paper_form = db.session.scalars(select(PaperForm)).one()
    assert paper_form.used
    other = sign_in("durres.border_officer")
    walked = other.post("/interviews", {"id": str(uuid.uuid4())})
    walk(other, example(), walked, until="decision")


def test_the_answers_of_a_paper_are_those_of_the_screen(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = type_in(person, number(), example())
    on_paper = person.get(address)
    begun = person.post("/interviews", {"id": str(uuid.uuid4())})
    loaded = walk(person, example(), begun, until="check")
    on_screen = person.get(begun.rsplit("/", 1)[0] + "/" + loaded[-1])
    rows = re.compile(r"<div><dt>([^<]*)<dd>(.*?)</div>")
    found = rows.findall(on_paper)
    assert found == rows.findall(on_screen)
    assert len(found) > 50


def test_a_paper_that_was_sent_is_not_typed_in_again(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    paper = number()
    send(person, type_in(person, paper, example()))
    code = db.session.scalars(select(Case.pseudonym)).one()
    body = person.post("/papers/type-in", heading(number=paper), status=422)
    assert "u dërgua ose u numërua tashmë" in body
    assert code in body
    assert count(Interview) == 1


def test_a_refusal_on_paper_is_counted_once_and_leads_to_nobody(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    paper = number()
    refused = {"consent_services": "no", "refusal_reason": "fear", "assessment": "suspected", "leaflet": "taken"}
    dropped = dict.fromkeys(("assessment_why", *questionnaire().pages["identity"].questions))
    answers = example(**{**dropped, **refused})
    address = type_in(person, paper, answers)
    assert page_id(address) == "refusal"
    confirm = person.post(address, fields("refusal", person.get(address), answers))
    assert person.post(confirm, confirmation(person.get(confirm))).endswith("/held")
    body = person.post("/papers/type-in", heading(number=paper), status=422)
    assert "u dërgua ose u numërua tashmë" in body
    assert not re.search(r"\w{4}-\w{4}-\w<", body)
    assert factories.end_holds() == 1
    assert screened.counted().total() == 1
    assert count(SealedCompartment) == 0


@pytest.mark.parametrize("answer", ["given", "undecided", "refused"])
def test_an_urgent_paper_is_shown_in_words_before_anything_is_sent_or_ended(
    app: Flask, sign_in: SignIn, answer: str
) -> None:
    person = sign_in(LOGIN)
    asked = questionnaire()
    address = type_in(person, number(), example(urgent="yes", consent_urgent=answer))
    assert page_id(address) == ("urgent_refusal" if answer == "refused" else "urgent_send")
    shown = re.search(r'<h2 id="answers">.*?<form', person.get(address), re.S)
    assert shown
    question = asked.questions["consent_urgent"]
    option = question.option(answer)
    assert option
    assert question.text["sq"] in shown[0]
    assert f"<dd>{option.text['sq']}<" in shown[0]


def test_a_no_on_paper_that_is_taken_back_leaves_its_paper_to_be_sent(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    refused = {"consent_services": "no", "refusal_reason": "fear", "assessment": "suspected", "leaflet": "taken"}
    dropped = dict.fromkeys(("assessment_why", *questionnaire().pages["identity"].questions))
    answers = example(**{**dropped, **refused})
    address = type_in(person, paper, answers)
    confirm = person.post(address, fields(page_id(address), person.get(address), answers))
    held = person.post(confirm, confirmation(person.get(confirm)))
    assert db.session.scalars(select(PaperForm.used)).one()
    person.post(held)
    db.session.rollback()
    assert not db.session.scalars(select(PaperForm.used)).one()
    confirm = f"{held.removesuffix('/held')}/end"
    assert person.post(confirm, confirmation(person.get(confirm))) == held


@pytest.mark.parametrize("login", ["durres.border_officer", "nrc.case_worker", "helpline.helpline_operator"])
def test_no_other_post_can_type_in_or_see_a_paper(app: Flask, sign_in: SignIn, login: str) -> None:
    paper = number()
    officer = sign_in(LOGIN)
    typed_at = officer.post("/papers/type-in", heading(number=paper))
    stranger = sign_in(login)
    unknown = paper_forms.drawn(1)[0]
    said = [stranger.post("/papers/type-in", heading(number=each), status=422) for each in (paper, unknown)]
    for body in said:
        assert "asnjë formular i kësaj pike kufitare nuk e ka" in body
    assert "Të printuar për këtë pikë kufitare" not in stranger.get("/papers")
    interview = typed_at.rsplit("/", 1)[0]
    stranger.get(typed_at, status=404)
    stranger.post(typed_at, {}, status=404)
    stranger.get(f"{interview}/twin", status=404)
    stranger.post(f"{interview}/twin", status=404)
    stranger.post(f"{interview}/twin/one", status=404)


def test_the_ministry_prints_and_types_in_nothing(app: Flask, sign_in: SignIn) -> None:
    for login in ("molsa.statistician", "administrator"):
        person = sign_in(login)
        person.get("/papers", status=403)
        person.post("/papers", {"staff": "sq", "spoken": "sq", "papers": "1"}, status=403)
        person.post("/papers/type-in", heading(number=paper_forms.drawn(1)[0]), status=403)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"number": "K7Q-M4T"}, "Shkruani të nëntë shenjat"),
        ({"number": "AAA-AAA-AAA"}, "nuk gjendet në asnjë numër"),
        ({"number": new_pseudonym(bytes(16))}, "gabim ose në vend tjetër"),
        ({"hour": "25:00"}, "Shkruani orën dhe minutat"),
        ({"hour": "2140"}, "Shkruani orën dhe minutat"),
        ({"day-year": "1999"}, "30 ditëve të fundit"),
        ({"day-day": "31", "day-month": "2"}, "një ditë që ekziston"),
        ({"day-year": ""}, "ditën, muajin dhe vitin"),
    ],
)
def test_what_is_typed_on_top_is_checked_and_nothing_is_lost(
    app: Flask, sign_in: SignIn, changed: dict[str, Any], message: str
) -> None:
    person = sign_in(LOGIN)
    sent = {**heading(number=number()), **changed}
    body = person.post("/papers/type-in", sent, status=422)
    assert message in body
    assert f'value="{sent["hour"]}"' in body
    assert count(Interview) == 0


def test_a_talk_is_not_ahead_and_not_before_its_paper(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    ahead = person.post("/papers/type-in", heading(clock.now() + timedelta(hours=1), number=paper), status=422)
    assert "nuk është në të ardhmen" in ahead
    before = person.post("/papers/type-in", heading(clock.now() - timedelta(hours=3), number=paper), status=422)
    assert "formulari u printua më vonë" in before


def test_a_double_press_begins_one_draft(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    sent = heading(number=number())
    assert person.post("/papers/type-in", sent) == person.post("/papers/type-in", sent)
    assert count(Interview) == 1


def test_wrong_codes_are_told_beside_their_question_and_keep_what_was_typed(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = person.post("/papers/type-in", heading(number=number()))
    wrong = {**typed(example()), "hurt": "7", "gender": "1, 2", "parties": "NOBODY", "wish_region": "", "given": "Zana"}
    body = person.post(address, {**wrong, "seen": seen_in(person.get(address))}, status=422)
    for name in ("hurt", "gender", "parties"):
        assert f"id={name}-error" in body
    assert 'value="Zana"' in body
    assert 'value="1, 2"' in body


def test_an_answer_of_a_way_not_taken_is_pointed_out(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = person.post("/papers/type-in", heading(number=number()))
    sent = {**typed(example()), "child_with": "Me hallën", "seen": seen_in(person.get(address))}
    assert "id=child_with-error" in person.post(address, sent, status=422)


def test_an_organisation_is_struck_out_by_its_number_on_the_paper(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    printed = list(country().in_force(clock.now()).parties)
    address = person.post("/papers/type-in", heading(number=number()))
    body = person.get(address)
    place = printed.index("VATRA") + 1
    assert f"{place} Vatra" in body
    answers = typed({**example(), "parties": []})
    person.post(address, {**answers, "parties": str(place), "seen": seen_in(body), "leave": "1"})
    form = typed_form(questionnaire(), "sq")(MultiDict({"parties": f"{place}, iom"})).know(printed)
    assert sorted(form.read(printed)["parties"]) == ["IOM", "VATRA"]
    assert f'name=parties value="{place}"' in person.get(address)
    wrong = person.post(address, {**answers, "parties": "99", "seen": seen_in(person.get(address))}, status=422)
    assert "99" in wrong


def test_a_paper_is_left_half_typed_and_found_again(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = person.post("/papers/type-in", heading(number=number()))
    half = {"language": "3", "interpreter": "1", "hurt": "2", "story": "E treguar", "leave": "1"}
    assert person.post(address, {**half, "seen": seen_in(person.get(address))}) == "/"
    body = person.get(address)
    assert 'name=language value="3"' in body
    assert "E treguar</textarea>" in body
    assert "Hidheni formularin" in person.get(address.replace("/papers/", "/interviews/").rsplit("/", 1)[0])


def test_a_paper_saved_in_another_window_is_not_overwritten_in_silence(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = person.post("/papers/type-in", heading(number=number()))
    seen = seen_in(person.get(address))
    person.post(address, {"story": "Njëra", "leave": "1", "seen": seen})
    body = person.post(address, {"story": "Tjetra", "leave": "1", "seen": seen}, status=409)
    assert "Tjetra</textarea>" in body
    assert person.post(address, {"story": "Tjetra", "leave": "1", "seen": seen_in(body)}) == "/"


def test_two_keyings_of_one_paper_become_one_record(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    first = type_in(person, paper, example(given="Zana", father="Agim"))
    body = person.post("/papers/type-in", heading(number=paper), status=422)
    (code,) = db.session.scalars(select(Interview.pseudonym))
    assert f"drafti {code}" in body
    second = type_in(person, paper, example(given="Zena", father="Agim", needs=["legal"]), again="yes")
    assert second.endswith("/twin")
    assert send(person, first).endswith("/twin")
    person = sign_in(LOGIN)
    closed = person.get(second)
    assert "Zana" not in closed
    assert person.post(second) == second
    opened = person.get(second)
    for words in ("Zana", "Zena", "Avokat"):
        assert words in opened
    assert "Agim" not in opened
    assert "Zgjidhni çfarë shkruan në letër" in person.post(f"{second}/one", {"pick-given": "second"}, status=422)
    picks = dict.fromkeys(re.findall(r'name="(pick-\w+)"', opened), "first")
    assert {"pick-given", "pick-needs"} <= picks.keys()
    last = person.post(f"{second}/one", {**picks, "pick-given": "second"})
    assert last == first
    db.session.rollback()
    assert [each.status for each in db.session.scalars(select(Interview).order_by(Interview.status))] == [
        "draft",
        "ended",
    ]
    checked = person.get(last)
    assert "Zena" in checked
    assert "Zana" not in checked
    assert send(person, last).endswith("/sent")
    assert count(Case) == 1
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.event == "keyings_reconciled")).one()


def test_a_second_keying_that_was_thrown_away_holds_nothing_up(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    first = type_in(person, paper, example())
    second = person.post("/papers/type-in", heading(number=paper, again="yes"))
    throw_away(person, second.replace("/papers/", "/interviews/").replace("/answers", ""))
    person.get(second.replace("/answers", "/twin"), status=404)
    assert send(person, first).endswith("/sent")


def test_a_discarded_paper_may_be_typed_in_again(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    address = type_in(person, paper, example())
    throw_away(person, address.rsplit("/", 1)[0])
    assert send(person, type_in(person, paper, example())).endswith("/sent")


def test_a_paper_of_another_version_is_typed_in_page_by_page(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    db.session.scalars(select(PaperForm)).one().version = 99
    db.session.commit()
    address = person.post("/papers/type-in", heading(number=paper))
    answer = person.client.get(address)
    assert answer.status_code == 303
    assert answer.headers["Location"] == address.replace("/papers/", "/interviews/").replace("/answers", "")


def test_what_is_typed_in_lies_sealed(app: Flask, sign_in: SignIn) -> None:
    person, paper = sign_in(LOGIN), number()
    type_in(person, paper, example(given="Zamira Qershia", story="U tregua me zë të ulët."))
    folder = app.extensions["nrm.config"].directory
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for words in ("Zamira Qershia", "zë të ulët", paper):
        assert words.encode() not in stored


def test_the_page_of_a_whole_paper_stays_light(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = person.post("/papers/type-in", heading(number=number()))
    assert len(person.get(address).encode()) < 11_700  # with the style sheet and the script below 15 KB


def test_the_pages_of_a_paper_show_every_question_of_its_page(app: Flask) -> None:
    asked = questionnaire()
    numbered = {question.id for question in plan(asked).questions}
    for page in asked.pages.values():
        if page.asked_by == "receiver":
            continue
        assert {question.id for question in page_questions(asked, page, example())} <= numbered


def test_a_paper_warns_once_beside_the_question_and_keeps_what_was_typed(sign_in: SignIn) -> None:
    person, answers = sign_in(LOGIN), example(citizenship_class="albanian", citizenship="UA", risk="low", danger="yes")
    address = person.post("/papers/type-in", heading(number=number()))
    sent = {**typed(answers), "seen": seen_in(person.get(address))}
    shown = person.post(address, sent, status=200)
    for warning in ("danger_now", "hurt_now", "low_risk", "class_citizenship"):
        words = next(each.text["sq"] for each in questionnaire().warnings if each.id == warning)
        assert html.unescape(shown).count(words) == 2, "in the summary and beside the question"
    assert seen_in(shown) == sent["seen"], "nothing is kept yet"
    assert 'value="Bregu"' in shown
    assert person.post(address, {**sent, "warned": WARNED.findall(shown)}).endswith("/check")
