"""A form that comes after its session died: what is given back, to whom, in which words, and what never is."""

from __future__ import annotations

import base64
import os
import re
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from nrm.actions.accounts import accounts
from nrm.db import db
from nrm.models.accounts.accounts import Member
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.web import access, carried_forms, sessions
from tests import factories
from tests.conftest import Person, token_in
from tests.factories_referrals import organisation
from tests.factories_stays import admitted
from tests.integration.shelter.test_erasures import gone
from tests.world import World

ME = "vatra.shelter_manager"
Planted = tuple[Flask, World]
CARRIED = re.compile(r'name="carried" value="([^"]*)"')


def sealed(case_id: uuid.UUID) -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))


def status_of(login: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Member.status).where(Member.login == login)).one()


def too_late(me: Person, path: str, data: dict[str, object]) -> str:
    """The page that answers a form sent twenty minutes after the last request."""
    factories.later(minutes=20)
    return me.post(path, data, 401)


def signed_in_with(client: FlaskClient, page: str, login: str = ME) -> str:
    """What the sign-in page leads to: where it redirects, or the page."""
    fields = {"login": login, "password": factories.PASSWORD, "csrf_token": token_in(page)}
    carried = CARRIED.search(page)
    answer = client.post("/sign-in", data=fields | ({"carried": carried[1]} if carried else {}))
    assert answer.status_code in (200, 303), answer.text
    return answer.headers["Location"] if answer.status_code == 303 else answer.text


def forms(page: str) -> list[str]:
    """Where the forms of a page lead, but for those that stand on every page."""
    return [each for each in re.findall(r'<form[^>]* action="?([^" >]+)', page) if each not in AROUND]


AROUND = ("/sign-out", "/hide-screen")


def test_a_form_that_erases_is_neither_done_nor_offered_after_signing_in_again(world_app: Planted) -> None:
    app, world = world_app
    gone(world.own_stay, ME)
    me = Person(app.test_client(), ME)
    address = f"/cases/{world.own_case}/erase"
    before = sealed(world.own_case)
    late = too_late(me, address, {"asked": "y"})
    assert "nuk u krye" in late
    assert sealed(world.own_case) == before
    page = signed_in_with(me.client, late)
    assert sealed(world.own_case) == before != set()
    assert forms(page) == []
    assert "nuk u krye" in page
    assert db.session.get_one(Case, world.own_case).pseudonym in page
    assert f'href="{address}"' in page  # where it is done again
    assert 'name="asked"' in me.get(address)
    assert sealed(world.own_case) == before


@pytest.mark.parametrize(
    ("path", "data", "again"),
    [
        (
            "/cases/{case}/consents/withdraw",
            {"what": "everything:", "told": "y", "sure": "y"},
            "/cases/{case}/consents/withdraw",
        ),
        ("/members/{member}/disable", {}, "/members/{member}/disable"),
        ("/members/{member}/anew", {}, "/members/{member}/anew"),
        ("/members/{member}/words", {}, "/members/{member}/words"),
        ("/members/keys", {}, "/members/keys"),
        ("/cases/{case}/close", {}, "/cases/{case}/close"),
        ("/cases/{case}/share", {"organisation": "TRP_UNIT"}, "/cases/{case}/share"),
        ("/cases/{case}/consents/ask", {"sharing": "no"}, "/cases/{case}/consents/ask"),
        ("/stays/{stay}/end", {"reason": "expelled"}, "/stays/{stay}/end"),
        ("/stays/{stay}/left", {"left": "today"}, "/stays/{stay}/left"),
        ("/cases/{case}/findings", {"risk": "safe"}, "/cases/{case}/findings"),
        ("/child-returns/{case}/findings", {"risk": "safe"}, "/child-returns/{case}/findings"),
        ("/cases/{case}/letter", {"closes": "close"}, "/cases/{case}/letter"),
    ],
)
def test_no_form_that_ends_or_opens_something_is_offered(
    world_app: Planted, path: str, data: dict[str, object], again: str
) -> None:
    app, world = world_app
    member = db.session.scalars(select(Member.id).where(Member.login == "vatra.case_worker")).one()
    ids = {"case": world.own_case, "member": member, "stay": world.own_stay}
    me = Person(app.test_client(), ME)
    before = sealed(world.own_case)
    page = signed_in_with(me.client, too_late(me, path.format(**ids), data))
    assert (sealed(world.own_case), status_of("vatra.case_worker")) == (before, "active")
    assert forms(page) == []
    assert f'href="{again.format(**ids)}"' in page
    assert "nuk u krye" in page


def test_a_sealed_address_of_a_page_is_no_form_to_send(world_app: Planted) -> None:
    """The page that asks for a fresh proof carries where to go on; that is no form to offer."""
    app, _ = world_app
    member = db.session.scalars(select(Member.id).where(Member.login == "vatra.case_worker")).one()
    me = Person(app.test_client(), ME)
    factories.later(minutes=6)
    page = me.get(f"/members/{member}/disable")
    carried = CARRIED.search(page)
    assert carried
    client = app.test_client()
    sign_in = client.get("/sign-in").text + f'<input name="carried" value="{carried[1]}">'
    assert signed_in_with(client, sign_in) == "/"
    assert status_of("vatra.case_worker") == "active"


def test_what_is_carried_is_said_in_words_and_sent_or_dropped_by_a_press(world_app: Planted) -> None:
    app, world = world_app
    me = Person(app.test_client(), ME)
    address = f"/cases/{world.own_case}/notes"
    late = too_late(me, address, {"note": "typed before it was too late"})
    page = signed_in_with(me.client, late)
    assert forms(page) == [address]
    assert db.session.get_one(Case, world.own_case).pseudonym in page
    assert "Shtoni një shënim" in page
    assert page.count("<button") == 3  # sign out, hide the screen, send
    assert 'href="/">Mos e dërgoni' in page
    assert 'value="typed before it was too late"' in page


def test_a_carried_form_is_given_back_for_no_longer_than_a_session_may_last(world_app: Planted) -> None:
    app, world = world_app
    me = Person(app.test_client(), ME)
    late = too_late(me, f"/cases/{world.own_case}/notes", {"note": "typed"})
    factories.later(hours=8)
    client = app.test_client()
    fresh = re.sub(r'name="csrf_token" value="[0-9a-f]+"', "", late) + client.get("/sign-in").text
    assert signed_in_with(client, fresh) == "/"


@pytest.mark.parametrize("path", ["/cases/{}/notes", "/cases/{}/erase"])
def test_another_person_gets_nothing_of_it(world_app: Planted, path: str) -> None:
    app, world = world_app
    me = Person(app.test_client(), ME)
    address = path.format(world.own_case)
    late = too_late(me, address, {"note": "typed", "asked": "y"})
    assert signed_in_with(me.client, late, "vatra.case_worker") == "/"
    home = me.get("/")
    assert "typed" not in home
    assert address not in home


def test_the_page_that_asks_for_a_fresh_proof_says_for_what(world_app: Planted) -> None:
    """Somebody else may have sent the form from the machine that was left alone."""
    app, world = world_app
    gone(world.own_stay, ME)
    me = Person(app.test_client(), ME)
    factories.later(minutes=6)
    page = me.post(f"/cases/{world.own_case}/erase", {"asked": "y"}, 401)
    assert "<dd>Fshini çka ruhet</dd>" in page
    assert db.session.get_one(Case, world.own_case).pseudonym in page
    stranger = me.post(f"/cases/{world.case}/erase", {"asked": "y"}, 401)
    assert db.session.get_one(Case, world.case).pseudonym not in stranger
    assert sealed(world.own_case)


def halves(cookie: str, other: str) -> dict[str, str]:
    """What somebody may have who has not the whole cookie."""
    raw, second = base64.urlsafe_b64decode(cookie), base64.urlsafe_b64decode(other)
    made = {
        "the id with another key": raw[:16] + os.urandom(32),
        "another id with the key": os.urandom(16) + raw[16:],
        "the id with a colleague's key": raw[:16] + second[16:],
        "a bit of the key turned": raw[:-1] + bytes([raw[-1] ^ 1]),
        "the id alone": raw[:16],
        "the key alone": raw[16:],
    }
    texts = {name: base64.urlsafe_b64encode(value).decode() for name, value in made.items()}
    return texts | {"cut off": cookie[:-4], "cut in half": cookie[:32], "twice": cookie * 2, "no letters": "\xe9" * 64}


def told(answer: object) -> tuple[object, ...]:
    """All an answer says but for the token, which is new each time."""
    text = re.sub(r'name="csrf_token" value="[0-9a-f]+"', "", answer.text)  # type: ignore[attr-defined]
    headers = [name for name, _ in answer.headers]  # type: ignore[attr-defined]
    return answer.status_code, text, answer.headers.get("Location"), headers  # type: ignore[attr-defined]


def asked(app: Flask, cookie: str | None, method: str, path: str, data: dict[str, str] | None = None) -> object:
    client = app.test_client()
    if cookie is not None:
        client.set_cookie("nrm", cookie, domain="localhost")
    return client.open(path, method=method, data=data)


@pytest.mark.parametrize("state", ["alive", "ended", "locked"])
def test_half_a_cookie_is_no_session_at_all(world_app: Planted, state: str) -> None:
    app, world = world_app
    cookie = accounts.sign_in(login=ME, password=factories.PASSWORD)
    colleague = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    if state == "ended":
        factories.later(minutes=20)
    elif state == "locked":
        found = accounts.resume(cookie)
        assert isinstance(found, accounts.SignedIn)
        me = app.test_client()
        me.set_cookie("nrm", cookie, domain="localhost")
        me.post("/hide-screen")
    whole = told(asked(app, cookie, "POST", f"/cases/{world.own_case}/notes", {"note": "typed"}))
    for method, path in (
        ("GET", "/"),
        ("POST", f"/cases/{world.own_case}/notes"),
        ("POST", f"/cases/{world.own_case}/erase"),
    ):
        data = {"note": "typed", "asked": "y"} if method == "POST" else None
        nothing = told(asked(app, None, method, path, data))
        for name, half in halves(cookie, colleague).items():
            answer = told(asked(app, half, method, path, data))
            assert answer == nothing, (name, method, path)
            assert answer != whole
            assert "carried" not in str(answer)


@pytest.mark.parametrize("half", ["the id with another key", "a bit of the key turned", "the id alone"])
def test_the_password_with_half_a_cookie_unlocks_nothing(world_app: Planted, half: str) -> None:
    """The cookie stands for the second factor: who has its id alone has nothing."""
    app, _ = world_app
    cookie = accounts.sign_in(login=ME, password=factories.PASSWORD)
    client = app.test_client()
    client.set_cookie("nrm", cookie, domain="localhost")
    client.post("/hide-screen")
    client.set_cookie("nrm", halves(cookie, cookie)[half], domain="localhost")
    data = {"csrf_token": token_in(client.get("/unlock").text), "password": factories.PASSWORD}
    assert client.post("/unlock", data=data).status_code == 422


def test_every_form_has_words_and_a_page_where_it_is_done_again(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint not in access.PUBLIC | {"accounts.sign_out"}:
            assert rule.endpoint in carried_forms.WORDS, rule.endpoint
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert set(carried_forms.WORDS) <= posts
    assert posts >= carried_forms.ACTS


# What needs a second hand, or time, and what undoes it: section by section of the pages that do it.
OF_SECOND_HANDS = {
    "consents.withdraw",
    "consents.ask",
    "cases.erase",
    "closings.close",
    "closings.reopen",
    "contracts.change",
    "members.disable",
    "members.begin_again",
    "members.bring_back",
    "organisations.suspend",
    "organisations.readmit",
    "places.close",
    "second_hands.agree",
    "second_hands.see",
    "second_hands.undo",
    "second_hands.decline",
    "suspensions.suspend",
    "suspensions.end",
    "suspensions.lengthen",
}
PART = re.compile(r"<(?:(\w+)(?:\(([^),]*)[^)]*\))?:)?\w+>")


def addresses(app: Flask) -> dict[str, str]:
    """An address of every form of a member, by its endpoint, with ids that name nothing."""
    filled = {"uuid": str(uuid.UUID(int=7)), "int": "1", "path": "cases"}

    def part(found: re.Match[str]) -> str:
        if found[1] == "any":
            return found[2].strip("'\" ")
        return "2026Q1" if found[1] == "string" else filled.get(found[1] or "", "identity")

    return {
        rule.endpoint: PART.sub(part, rule.rule)
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint in carried_forms.WORDS
    }


@pytest.mark.slow
def test_no_act_and_no_form_that_asks_for_a_proof_is_ever_carried_over_a_sign_in(app: Flask) -> None:
    """Every form of the program, sent with a dead cookie: after signing in, is there a press that sends it?"""
    of_proof = {each for each in carried_forms.WORDS if sessions.asks_for_proof(app.view_functions[each])}
    assert set(carried_forms.WORDS) >= OF_SECOND_HANDS
    never = of_proof | OF_SECOND_HANDS | carried_forms.ACTS | carried_forms.SECRETS
    assert not [each for each in never if sessions.is_carried(each)]
    found, person = addresses(app), Person(app.test_client(), ME)
    assert set(found) == set(carried_forms.WORDS)
    factories.later(minutes=20)
    carried = []
    for endpoint, path in sorted(found.items()):
        answer = person.client.post(path, data={"csrf_token": person.csrf_token, "said": "some words", "way": "yes"})
        if endpoint in access.PUBLIC:  # nobody signs in for it, and a form of a session is none of its own
            assert (answer.status_code, 'name="carried"' in answer.text) == (400, False), endpoint
            continue
        if endpoint.startswith("training."):
            assert answer.status_code == 404, endpoint  # this is no training: as an address that there is not
            continue
        assert answer.status_code == 401, endpoint
        client = app.test_client()
        page = answer.text if 'name="carried"' in answer.text else ""
        token = re.search(r'name="carried" value="([^"]+)"', page)
        if token is None:
            assert endpoint in never | {"accounts.sign_out"}, endpoint
            continue
        signing_in = {"login": ME, "password": factories.PASSWORD, "carried": token.group(1)}
        signing_in["csrf_token"] = token_in(client.get("/sign-in").text)
        after = client.post("/sign-in", data=signing_in).text
        if f'action="{path}"' in after:
            carried.append(endpoint)
            for words in ("në seancën e Test shelter_manager", "some words", "way: yes"):  # by whom, and what is sent
                assert words in after, (endpoint, words)
    assert not set(carried) & never
    assert len(carried) > 40


def test_an_act_of_a_page_whose_screen_was_hidden_elsewhere_is_filled_in_again_and_never_sent(app: Flask) -> None:
    """A hand-over of five boxes, sent from a second window: what was typed is there to be read, a yes is not."""
    vatra = factories.actor("vatra.shelter_manager")
    case_id = admitted(vatra).case_id
    person = Person(app.test_client(), "vatra.case_worker")
    address = f"/cases/{case_id}/refer"
    form = {"why": "own_wish", "needs": "an insulin pen", "risk": "her uncle", "doctor": "yes", "by_name": "yes"}
    form |= {"receiver": str(organisation("NRC")), "reason": "person_wishes"}
    person.client.post("/hide-screen", data={"csrf_token": person.csrf_token})
    answer = person.client.post(f"{address}?lang=en", data={**form, "csrf_token": person.csrf_token})
    assert answer.status_code == 401
    assert "The screen was hidden" in answer.text
    assert "nothing happened for a while" not in answer.text
    carried = re.search(r'name="carried" value="([^"]+)"', answer.text)
    assert carried
    assert "insulin" not in answer.text  # sealed: whoever sits there reads nothing
    for login, returned in (("nrc.case_worker", False), ("vatra.case_worker", True)):
        client = app.test_client()
        token = token_in(client.get("/sign-in?lang=en").text)
        signing_in = {"login": login, "password": factories.PASSWORD, "csrf_token": token, "carried": carried.group(1)}
        page = client.post("/sign-in?lang=en", data=signing_in).text
        assert ("insulin" in page) is returned
    assert "Send what I typed" not in page
    assert f"{address}?kept=1" in page
    filled = client.get(f"{address}?kept=1").text
    assert "an insulin pen" in filled
    assert "her uncle" in filled
    # What was chosen, and a yes for the person, is answered anew, and nothing was sent.
    assert not re.search(r'value="own_wish"[^>]*checked', filled)
    assert not re.search(r'name="by_name"[^>]*checked', filled)
    assert db.session.scalars(select(Referral.id).where(Referral.case_id == case_id)).all() == []
    again = Person(app.test_client(), "vatra.case_worker")
    assert "kept=1" not in again.get("/")


def test_an_act_that_asks_for_a_proof_is_not_filled_in(app: Flask) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    case_id = admitted(vatra).case_id
    person = Person(app.test_client(), "vatra.case_worker")
    factories.later(minutes=20)
    answer = person.client.post(f"/cases/{case_id}/erase", data={"asked": "y", "csrf_token": person.csrf_token})
    carried = re.search(r'name="carried" value="([^"]+)"', answer.text)
    assert carried
    client = app.test_client()
    token = token_in(client.get("/sign-in").text)
    signing_in = {"login": "vatra.case_worker", "password": factories.PASSWORD, "csrf_token": token}
    page = client.post("/sign-in", data={**signing_in, "carried": carried.group(1)}).text
    assert "kept=1" not in page
    assert f"/cases/{case_id}/erase" in page


def test_what_was_chosen_is_shown_in_the_words_of_the_form_and_not_as_its_codes(world_app: Planted) -> None:
    app, world = world_app
    gone(world.own_stay, ME)
    me = Person(app.test_client(), ME)
    colleague = db.session.scalars(select(Member.id).where(Member.login == "vatra.case_worker")).one()
    factories.later(minutes=6)
    page = me.post(f"/members/{colleague}/suspend?lang=en", {"reason": "misuse"}, 401)
    assert "What was opened or ended must be looked into first" in page
    assert "reason: misuse" not in page
    page = me.post(f"/cases/{world.own_case}/erase?lang=en", {"asked": "y"}, 401)
    assert "The person was told what is erased, and asks for it" in page
    assert "asked: y" not in page
    # What no form offers is shown as it was sent, and not in the words of another form.
    page = me.post(f"/members/{colleague}/suspend?lang=en", {"reason": "made_up"}, 401)
    assert "reason: made_up" in page


def test_the_sign_in_page_says_why_the_session_ended(app: Flask) -> None:
    """Signed out in another window, ended from another browser, and idle: three reasons, for a form that is carried and
    for an act that is not done."""
    reasons = {
        "window": "You signed out in another window, or longer than a day ago",
        "ended": "This session was ended: from another browser",
        "idle": "nothing happened for a while",
    }
    for why in reasons:
        mine, other = Person(app.test_client(), ME), Person(app.test_client(), ME)
        token = mine.csrf_token
        if why == "window":
            mine.post("/sign-out")
        elif why == "ended":
            other.post("/sessions/others/end")
        else:
            factories.later(minutes=16)
        for path in ("/sessions/others/end", "/beds/units/add"):
            answer = mine.client.post(f"{path}?lang=en", data={"csrf_token": token})
            assert answer.status_code == 401
            told = {each: words in answer.text for each, words in reasons.items()}
            unkept = why == "window" and path == "/beds/units/add"  # nobody can tell whose form that was
            assert told == {each: each == why and not unkept for each in reasons}, (path, why)
            assert ("what you typed on that page was not kept" in answer.text) is unkept
