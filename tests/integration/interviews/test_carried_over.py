"""What was typed in an interview when the session ended, here or in another window, is carried or shown: never gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from nrm import clock
from nrm.web import carrying, sessions
from tests import factories
from tests.conftest import Person, token_in
from tests.factories_interviews import begin, example, fields, questionnaire, walk
from tests.invariants.test_routes import addresses
from tests.world import World

AREA = {"interviews", "draft_owners", "groups", "holds", "helpline", "paper_forms", "first_talks", "supplements"}
TYPED = "Ai më mbylli & më <rrahu>"
ASIDE = {"Sec-Fetch-Site": "same-origin"}
WHO = {
    "first_talks": "nrc.case_worker",
    "holds": "ra.duty_officer",
    "supplements": "nrc.case_worker",
    "helpline": "helpline.helpline_operator",
}
Planted = tuple[Flask, World]
SignIn = Callable[[str], Person]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.set_clock(None)


def posts(planted: Planted) -> list[tuple[str, str]]:
    """Every form of the interview area, once."""
    found = {endpoint: address for endpoint, address in addresses(*planted, "POST") if endpoint.split(".")[0] in AREA}
    return sorted(found.items())


def who(endpoint: str) -> str:
    return WHO.get(endpoint.split(".", maxsplit=1)[0], "rinas.border_officer")


def signed_in_again(client: FlaskClient, page: str, login: str) -> str:
    carried = re.search(r'name="carried" value="([^"]*)"', page)
    assert carried
    sent = {"login": login, "password": factories.PASSWORD, "csrf_token": token_in(page), "carried": carried[1]}
    answer = client.post("/sign-in", data=sent)
    assert answer.status_code == 200, answer.headers.get("Location")
    return answer.text


@pytest.mark.slow
def test_every_form_of_an_interview_comes_back_after_the_session_ended(world_app: Planted) -> None:
    app, _ = world_app
    asked = posts(world_app)
    assert {name.split(".")[0] for name, _ in asked} == AREA
    for endpoint, address in asked:
        person = Person(app.test_client(), who(endpoint))
        factories.later(minutes=20)
        late = person.post(address, {"story": TYPED, "note": TYPED}, 401)
        page = signed_in_again(person.client, late, person.login)
        assert TYPED in unescape(page), endpoint
        assert ('value="Ai' in page) == sessions_gives_back(app, endpoint), endpoint


def sessions_gives_back(app: Flask, endpoint: str) -> bool:
    with app.test_request_context():
        return sessions.is_carried(endpoint) and not carrying.decides(endpoint, {})


@pytest.mark.slow
def test_every_form_comes_back_to_who_signed_in_anew_in_another_window(world_app: Planted) -> None:
    app, _ = world_app
    for endpoint, address in posts(world_app):
        person = Person(app.test_client(), who(endpoint))
        before = person.csrf_token
        again = Person(person.client, person.login)  # the other window has the same cookies
        assert again.csrf_token != before
        data = {"story": TYPED, "note": TYPED, "csrf_token": before}
        answer = person.client.post(address, data=data, headers=ASIDE)
        assert answer.status_code == 409, endpoint
        assert TYPED in unescape(answer.text), endpoint
        assert f'action="{address}"' in answer.text or not sessions_gives_back(app, endpoint)
        # Another site that makes the browser send it gets nothing prepared.
        assert person.client.post(address, data=data).status_code == 400


def test_what_was_written_is_shown_once_after_signing_out_in_another_window(world_app: Planted) -> None:
    app, world = world_app
    person = Person(app.test_client(), "rinas.border_officer")
    address = f"/interviews/{world.draft}/happened"
    person.post("/sign-out")
    data = {"story": TYPED, "forms": "forced_labour", "csrf_token": person.csrf_token}
    answer = person.client.post(address, data=data, headers=ASIDE)
    assert answer.status_code == 401
    assert TYPED in unescape(answer.text)
    assert "forced_labour" not in answer.text
    assert TYPED not in unescape(person.client.post(address, data=data).text)
    secret = {"old": "fjalëkalim i vjetër", "csrf_token": person.csrf_token}
    assert "vjetër" not in person.client.post("/password", data=secret, headers=ASIDE).text


def test_what_stands_there_for_the_last_time_is_whole_and_says_what_it_answers(app: Flask, sign_in: SignIn) -> None:
    """The day of a return and *under 18* were left out, and codes stood there without their questions."""
    person = sign_in("consular.consular_officer")
    sent = {
        **{"origin": "foreign_authority", "country": "Greqi", "post": "KAKAVIJA", "hour": "8", "child": "yes"},
        **{"day-day": "4", "day-month": "12", "day-year": "2026", "companions": "2", "name": TYPED},
        **{"id": "0f8fad5b-d9cb-469f-a165-70867728950e"},
    }
    person.post("/sign-out")
    sent["csrf_token"] = person.csrf_token
    page = unescape(person.client.post("/notices?lang=en", data=sent, headers=ASIDE).text)
    for line in (
        "Day of the return: 4 12 2026",
        "Hour: 08:00",
        "Is the person under 18?: Under 18",
        "Crossing point: KAKAVIJA",
        f": {TYPED}<",
        "How many come along?: 2",
    ):
        assert line in page, line
    assert "0f8fad5b" not in page
    assert sent["csrf_token"] not in page


def test_choices_and_ids_are_not_what_was_written(app: Flask) -> None:
    assert app
    fields = [
        ("reason", "shift_over"),
        ("id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("seen", "12"),
        ("zone", "P<ALB"),
    ]
    assert carrying.written([*fields, ("why", "Turni mbaroi"), ("sentence", " ")]) == ["Turni mbaroi"]


@pytest.mark.parametrize("way", ["ended", "another window"])
def test_a_yes_that_another_hand_may_have_typed_is_not_offered_to_be_sent(
    app: Flask, sign_in: SignIn, way: str
) -> None:
    """What was seen: the page stays open, somebody changes a no into a yes, and who signs in afterwards sends it."""
    person = sign_in("rinas.border_officer")
    address = begin(person)
    walk(person, example(consent_sharing="no"), address, until="consent")
    interview = address.rsplit("/", 1)[0]
    sent = fields("consent", person.get(f"{interview}/consent"), example(consent_sharing="yes"))
    if way == "ended":
        factories.later(minutes=20)
        page = signed_in_again(person.client, person.post(f"{interview}/consent", sent, 401), person.login)
    else:
        before = person.csrf_token
        Person(person.client, person.login)
        planted = {**sent, "csrf_token": before}
        page = person.client.post(f"{interview}/consent", data=planted, headers=ASIDE).text
    assert "Nuk u krye" in page or "nuk u krye" in page
    assert 'name="consent_sharing"' not in page
    assert f'action="{interview}/consent"' not in page


def test_who_sends_what_was_typed_before_reads_what_it_says(app: Flask, sign_in: SignIn) -> None:
    person = sign_in("rinas.border_officer")
    address = begin(person)
    walk(person, example(), address, until="signs")
    happened = f"{address.rsplit('/', 1)[0]}/happened"
    sent = fields("happened", person.get(happened), example(story=TYPED))
    factories.later(minutes=20)
    page = unescape(signed_in_again(person.client, person.post(happened, sent, 401), person.login))
    forms = questionnaire().questions["forms"]
    said = [option.text["sq"] for option in forms.options if option.code in example()["forms"]]
    assert said
    for words in (forms.text["sq"], *said, TYPED):
        assert f">{words}" in page or words in page.partition("<form")[0]
    assert 'name="story"' in page
