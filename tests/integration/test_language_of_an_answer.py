"""Another language on a page that answers a form: no dead end, and what was typed is still there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm.db import db
from nrm.models.accounts.accounts import HiddenPage
from nrm.models.agreement.agreements import AgreementVersion
from nrm.models.shelter.places import Unit
from nrm.store.shelter import stays as store
from tests import factories
from tests import factories_agreements as texts
from tests.conftest import Person
from tests.factories_interviews import LOGIN, begin, example, fields, page_id, walk
from tests.factories_stays import admitted
from tests.integration.interviews.test_ending import drafts

SignIn = Callable[[str], Person]
STORY = 'ai më "mbylli" në bodrum <b>'


def chosen(body: str, language: str = "en") -> tuple[str, str]:
    """(address, form) of the button for the language."""
    found = re.search(rf'<button class=out lang={language} form=(\w+) formaction="([^"]+)"', body)
    assert found, body[:3000]
    return unescape(found.group(2)), found.group(1)


def hidden(body: str, form: str) -> dict[str, object]:
    """The hidden fields of the form, as a browser sends them."""
    inside = re.search(rf"<form[^>]*{form}[^>]*>(.*?)</form>", body, re.DOTALL)
    assert inside
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="?hidden"? name="?([\w-]+)"? value="([^"]*)">', inside.group(1)):
        found.setdefault(name, []).append(unescape(value))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def test_a_refused_page_of_an_interview_keeps_what_was_typed_since(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person)
    walk(person, example(), address, until="happened")
    page = f"{address.rsplit('/', 1)[0]}/happened"
    sent = {**fields("happened", person.get(page), example()), "began": "19xx"}
    refused = person.post(page, sent, status=422)
    speak, form = chosen(refused)
    assert form == "sheet"
    assert "?lang=" not in refused.split("<main")[0]
    to = person.post(speak, {**sent, "story": STORY})
    assert to == f"{page}?lang=en&kept=1"
    again = person.get(to)
    assert '<html lang="en"' in again
    assert "&lt;b&gt;" in again
    assert 'value="19xx"' in again
    assert drafts() == 1
    assert page_id(person.post(page, {**sent, "story": STORY, "began": "2023"})) != "happened"


def test_any_other_refused_form_goes_along(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    refused = person.post("/cases/find", {"code": "nuk është kod"}, status=422)
    speak, form = chosen(refused)
    assert form == "spoken"
    carried = person.post(speak, hidden(refused, "id=spoken"), status=200)
    assert hidden(carried, 'action="/cases/find"')["code"] == "nuk është kod"
    assert "<dd>nuk është kod</dd>" in carried
    # Chosen again there, or sent to such an address, it is still the one form; "do not send" leads to its page.
    assert chosen(carried, "sq")[0] == "/language/sq/cases/find"
    nested = person.post("/language/en/language/sq/cases/find", {"code": "nuk"}, status=200)
    assert "Use another language" not in nested
    assert chosen(nested, "sq")[0] == "/language/sq/cases/find"
    assert hidden(nested, 'action="/cases/find"')["code"] == "nuk"
    assert ">Do not send it</a>" in nested
    assert 'href="/">Do not send it' not in nested


@pytest.mark.slow
def test_a_form_that_was_refused_stays_on_its_page_and_a_number_is_said_with_its_question(sign_in: SignIn) -> None:
    opened = admitted(factories.actor("vatra.case_worker"))
    person, page = sign_in("vatra.case_worker"), f"/cases/{opened.case_id}/plan/step"
    typed = {"hour": "25.70", "text": STORY}
    speak, form = chosen(str(person.post(f"{page}?lang=sq", typed, 422)))
    assert (speak, form) == (f"/spoken/en{page}", "sheet")
    again = person.get(person.post(speak, typed))
    assert 'value="25.70"' in again
    assert "There is no such hour" in str(person.post(f"{page}?lang=en", typed, 422))
    assert "Enter hours alone" in str(person.post(f"{page}?lang=en", {**typed, "hour": "with Ana"}, 422))
    assert STORY in unescape(again)
    between = person.post(f"/language/en{page}", {**typed, "hour": "9", "due": "on"}, status=200)
    assert re.search(r"<dd>[^<]*: 9[,<]", between)
    assert f'formaction="/spoken/en{page}"' in between
    assert STORY in unescape(between.partition("<main")[2].partition("<form")[0])


@pytest.mark.parametrize(
    ("login", "sent_to", "typed"),
    [
        ("ra.duty_officer", "/notices", {"id": str(uuid.UUID(int=7)), "name": "Drita Lamaj"}),
        ("ra.duty_officer", "/child-returns", {"id": str(uuid.UUID(int=9)), "name": "Drita Lamaj"}),
    ],
)
def test_what_is_sent_to_a_list_stands_on_the_page_where_it_is_filled_in(
    sign_in: SignIn, login: str, sent_to: str, typed: dict[str, str]
) -> None:
    person = sign_in(login)
    speak, form = chosen(str(person.post(f"{sent_to}?lang=sq", typed, 422)))
    assert (speak, form) == (f"/spoken/en{sent_to}/new", "sheet")
    assert "Drita Lamaj" in person.get(person.post(speak, typed))


def test_the_words_of_a_note_of_the_house_stand_there_in_another_language(sign_in: SignIn) -> None:
    person, typed = sign_in("vatra.shelter_manager"), {"text": STORY, "language": "xx"}
    for page in (person.get("/feedback/house?lang=sq"), str(person.post("/feedback/house/notes?lang=sq", typed, 422))):
        address, form = chosen(page)
        assert (address.partition("?")[0], form) == ("/spoken/en/feedback/house", "sheet")
        assert STORY in unescape(person.get(person.post(address, typed)))


def test_a_password_does_not_and_the_page_is_loaded_anew(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    refused = person.post("/password", {"present": "sekret i gabuar", "password": "x", "again": "x"}, status=422)
    link = re.search(r'<a lang=en href="([^"]+)"', refused)
    assert link
    assert "sekret" not in refused
    assert '<html lang="en"' in person.get(link.group(1))
    assert person.post("/language/en/password", {"present": "sekret"}).endswith("lang=en")


def test_a_form_that_is_too_large_is_not_taken_along(app: Flask, sign_in: SignIn) -> None:
    body = sign_in(LOGIN).post("/cases/find", {"code": "x" * 3_000_000}, status=413)
    assert re.search(r'<a lang=en href="/[a-z]*\?lang=en"', body)


def test_a_page_without_a_form_still_has_links(app: Flask, sign_in: SignIn) -> None:
    assert '<a lang=en href="?lang=en"' in sign_in(LOGIN).get("/")


@pytest.mark.parametrize("address", ["/language/xx/cases/find", "/language/en/no/such/page"])
def test_no_other_language_and_no_other_place(app: Flask, sign_in: SignIn, address: str) -> None:
    person = sign_in(LOGIN)
    if "xx" in address:
        person.post(address, {}, status=404)
    else:
        assert person.post(address, {}).startswith("/?lang=")


@pytest.mark.slow
def test_a_form_that_was_not_sent_keeps_what_was_typed_in_another_language(app: Flask, sign_in: SignIn) -> None:
    """The text is kept under seal, as when the screen is hidden: it is in no address, no cookie and no row in clear."""
    for login, page, typed in (
        ("vatra.shelter_manager", "/beds/units/add", {"label": STORY, "for_whom": "women", "name": "Dhoma 7"}),
        ("oms.coordinator", "/agreements/begin", {"version": "2031-secret", "starts_on-day": "31"}),
    ):
        person = sign_in(login)
        shown = person.get(f"{page}?lang=sq")
        address, form = chosen(shown)
        assert form == "sheet"
        to = person.post(address, typed)
        assert to == f"{page}?lang=en&kept=1"
        again = person.get(to)
        assert '<html lang="en"' in again
        values = [unescape(each) for each in re.findall(r'value="([^"]*)"', again.partition('id="sheet"')[2])]
        assert [each for each in typed.values() if each not in values] == []
        assert "checked" in again or login == "oms.coordinator"
        kept = db.session.scalars(select(HiddenPage.sealed_page)).all()
        assert not any(b"secret" in each or b"bodrum" in each for each in kept)
        assert person.client.get_cookie("lang").value == "en"  # type: ignore[union-attr]
        # A sign-in later goes to the home page, and somebody else finds nothing there.
        assert "bodrum" not in sign_in("nrc.shelter_manager").get("/beds/units/add?kept=1")
        db.session.rollback()
        assert all(row.returned_at for row in db.session.scalars(select(HiddenPage)))
    assert db.session.scalar(select(func.count()).select_from(Unit).where(Unit.label == STORY)) == 0


@pytest.mark.slow
def test_a_form_of_an_act_that_was_refused_or_has_steps_keeps_what_was_chosen(app: Flask, sign_in: SignIn) -> None:
    """It is given back on no page that sends it by one press: it stands on its own page again."""
    person, opened = sign_in("vatra.case_worker"), admitted(factories.actor("vatra.case_worker"))
    ask, end = f"/cases/{opened.case_id}/consents/ask", f"/stays/{opened.stay_id}/end"
    chosen_there = {"services": "yes", "statistics": "no", "language": "rumanisht", "interpreter": "present"}
    left = {"ended": "today", "reason": "independent_living"}
    for page, typed, status in ((ask, chosen_there, 422), (end, left, 200)):
        address, form = chosen(str(person.post(f"{page}?lang=sq", typed, status)))
        assert form == "sheet"
        again = person.get(person.post(address, {**typed, "step": "2"}))
        assert '<html lang="en"' in again
        for name, value in typed.items():
            chosen_now = rf'value="{value}"[^>]* (checked|selected)'
            mark = r'name="language"[^>]*value="rumanisht"' if name == "language" else chosen_now
            assert re.search(mark, again), (page, name)
    assert store.stay(opened.stay_id, by=factories.actor("vatra.case_worker")).ended_on is None


@pytest.mark.slow
def test_what_was_typed_stands_there_again_after_the_question_for_a_password(app: Flask, sign_in: SignIn) -> None:
    texts.opened(texts.draft())
    factories.later(minutes=6)
    person, page, why = sign_in(texts.COORDINATOR), "/agreement/2027/withdraw", "Ministria kërkon një nen tjetër 4.3"
    factories.later(minutes=6)
    for typed, status in (({"reason": "shkurt"}, 422), ({"reason": why}, 401), ({"reason": why, "step_up": "x"}, 422)):
        address, form = chosen(str(person.post(f"{page}?lang=sq", typed, status)))
        assert form == "sheet"
        to = person.post(address, {**typed, "step_up": factories.PASSWORD, "step_up_code": "123456"})
        again = person.get(to)
        assert '<html lang="en"' in again
        assert f">\n{typed['reason']}</textarea>" in unescape(again), again.partition("<textarea")[2][:300]
        assert factories.PASSWORD not in again
        assert "123456" not in again
    # A page that holds a secret has links as before.
    assert "form=sheet formaction" not in str(person.post("/password", {"present": "x"}, 401))
    assert status_of("2027") == "open"


def status_of(version: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(AgreementVersion.status).where(AgreementVersion.version == version)).one()


def test_a_password_and_an_address_of_elsewhere_are_not_kept(app: Flask, sign_in: SignIn) -> None:
    person = sign_in("vatra.shelter_manager")
    assert person.post("/spoken/en/password", {"present": "sekret", "x": "y"}) == "/password?lang=en"
    assert person.post("/spoken/en/elsewhere.example/x", {"x": "y"}) == "/?lang=en"
    assert person.post("/spoken/en/", {}).startswith("/?lang=en")
    person.post("/spoken/xx/cases", {"x": "y"}, status=404)
