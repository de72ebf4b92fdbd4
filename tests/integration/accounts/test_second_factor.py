"""A code beside the password, a fresh one before what a passer-by must not do, and limits on failing."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from nrm import clock, crypto, db
from nrm.actions.accounts import accounts, joining, own_sessions, second_factor, words
from nrm.actions.accounts import members as member_actions
from nrm.cli.instance import make_instance
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Role, SignInRefused
from nrm.domain.accounts.failed_attempts import ACCOUNT, TooSoon
from nrm.domain.accounts.words import CannotVouch, NoOccasion, WordPurpose, WrongWords
from nrm.models.accounts.accounts import FailedTries, Instance, Member, MemberSession
from nrm.models.accounts.occasions import Occasion
from nrm.steps.accounts.credentials import Asker
from nrm.store import names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import members
from nrm.vault import second_factor as second_factor_vault
from tests import factories
from tests.conftest import Person, token_in
from tests.integration.accounts.test_invitations import FIELDS

ME, COLLEAGUE = "vatra.case_worker", "vatra.shelter_manager"


@pytest.fixture(scope="module")
def demanding_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("demanding") / "instance"
    with make_instance(
        folder, "albania", language="sq", synthetic=True, second_factor=True, synchronous="OFF"
    ).app_context():
        db.disconnect()
    with factories.open_instance(folder).app_context():
        factories.populate()
        db.disconnect()
    return folder, dict(factories.SECRETS)


@pytest.fixture
def demanding(
    demanding_template: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """An instance that asks for a second factor; its clock stands still, a minute after the last code."""
    folder, secrets = demanding_template
    monkeypatch.setattr(factories, "SECRETS", dict(secrets))
    app = factories.copy_instance(folder, tmp_path / "demanding")
    with app.app_context():
        factories.later(minutes=2)
        yield app
        db.disconnect()
    clock.set_clock(None)


def sign_in(code: str, password: str = factories.PASSWORD, login: str = ME) -> str:
    return accounts.sign_in(login=login, password=password, code=code)


def test_the_password_alone_opens_nothing(demanding: Flask) -> None:
    for code in ("", "000000", "junk", factories.code_of(ME)[::-1] + "0"):
        with pytest.raises(SignInRefused):
            sign_in(code)
    found = accounts.resume(sign_in(factories.code_of(ME)))
    assert isinstance(found, accounts.SignedIn)
    assert not found.enrolling


def test_a_code_works_once_and_none_before_it_works_after_it(demanding: Flask) -> None:
    early = factories.code_of(ME)
    factories.later(seconds=30)
    now = factories.code_of(ME)
    assert sign_in(now)
    for used in (now, early):
        with pytest.raises(SignInRefused):
            sign_in(used)
    factories.later(seconds=30)
    assert sign_in(factories.code_of(ME))


@pytest.mark.parametrize(("seconds", "accepted"), [(30, True), (-30, True), (61, False), (-61, False)])
def test_a_telephones_clock_may_be_half_a_minute_off(demanding: Flask, seconds: int, accepted: bool) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    clock.set_clock(lambda: now)
    code = factories.code_of(ME)
    factories.later(seconds=seconds)
    if accepted:
        assert sign_in(code)
    else:
        with pytest.raises(SignInRefused):
            sign_in(code)


def use_at_once(app: Flask, code: str) -> int:
    """How many of six who use one code at the same time get in."""
    won: list[str] = []
    ready = threading.Barrier(6)

    def attempt() -> None:
        with app.app_context():
            ready.wait()
            try:
                won.append(sign_in(code))
            except SignInRefused:
                pass
            finally:
                db.db.session.remove()

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def test_of_several_who_use_one_code_at_once_one_gets_in(demanding: Flask) -> None:
    assert use_at_once(demanding, factories.code_of(ME)) == 1


def test_of_several_who_use_one_code_at_once_one_gets_in_on_postgresql(
    postgres_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factories, "SECRETS", {})
    postgres_app.extensions["nrm.second_factor"] = True
    assert factories.actor(ME)
    factories.later(minutes=2)
    assert use_at_once(postgres_app, factories.code_of(ME)) == 1


def test_a_wrong_code_gets_the_answer_of_a_wrong_password(demanding: Flask) -> None:
    client = demanding.test_client()
    token = token_in(client.get("/sign-in").text)
    bodies = set()
    for login, password, code in (
        (ME, factories.PASSWORD, "000000"),
        (ME, "wrong", factories.code_of(ME)),
        ("nobody.at_all", "wrong", "123456"),
    ):
        data = {"login": login, "password": password, "code": code, "csrf_token": token}
        answer = client.post("/sign-in", data=data)
        assert answer.status_code == 422
        bodies.add(answer.text.replace(login, ""))
    assert len(bodies) == 1


NEW_ONE = "vatra.second_new"


def new_person(app: Flask) -> tuple[FlaskClient, str]:
    """A browser in which somebody signed in who has joined and has no second factor yet, and the token of their
    forms."""
    by = factories.actor(ME)
    assert by.organisation_id is not None
    factories.later(minutes=1)
    token = joining.invite(organisation_id=by.organisation_id, login=NEW_ONE, name="New", role=Role.CASE_WORKER, by=by)
    factories.join(token)
    db.db.session.remove()
    client = app.test_client()
    token = token_in(client.get("/sign-in").text)
    data = {"login": NEW_ONE, "password": factories.PASSWORD, "csrf_token": token}
    assert client.post("/sign-in", data=data).status_code == 303
    return client, token_in(client.get("/second-factor").text)


def test_who_has_no_second_factor_reaches_the_page_that_sets_it_up_and_nothing_else(demanding: Flask) -> None:
    client, token = new_person(demanding)
    for path in ("/", "/cases", "/members", "/password", "/referrals"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/second-factor"), path
    session = client.get_cookie("nrm")
    assert session is not None
    found = accounts.resume(session.value)
    assert isinstance(found, accounts.SignedIn)
    assert found.actor.keys is None
    page = client.get("/second-factor").text
    assert "<svg" in page
    assert "style=" not in page
    assert client.get("/second-factor").text.count("otpauth") == 0
    secret = re.search(r'<strong class="pick">([A-Z2-7 ]+)</strong>', page)
    assert secret
    wrong = client.post("/second-factor", data={"code": "000000", "csrf_token": token})
    assert wrong.status_code == 422
    code = second_factor.code_now(secret[1].replace(" ", ""))
    assert client.post("/second-factor", data={"code": code, "csrf_token": token}).status_code == 303
    assert client.get("/").status_code == 200  # and waits for a colleague
    assert client.get("/cases").status_code == 403
    with pytest.raises(SignInRefused):
        sign_in(code, login=NEW_ONE)
    factories.later(minutes=1)
    found = accounts.resume(sign_in(second_factor.code_now(secret[1].replace(" ", "")), login=NEW_ONE))
    assert isinstance(found, accounts.SignedIn)
    factories.let_in(found.actor, by=factories.actor(ME))
    factories.later(minutes=1)
    assert sign_in(second_factor.code_now(secret[1].replace(" ", "")), login=NEW_ONE)
    # The keys open with the second factor alone: taken out of the row by hand, nothing does.
    with transaction() as session:
        session.execute(update(Member).where(Member.login == NEW_ONE).values(sealed_totp=None, totp_step=None))
    with pytest.raises(SignInRefused):
        sign_in("", login=NEW_ONE)


def test_the_secret_stands_in_no_file(demanding: Flask, tmp_path: Path) -> None:
    import base64

    secret = factories.SECRETS[ME]
    for file in (tmp_path / "demanding").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert secret.encode() not in content
            assert base64.b32decode(secret) not in content


def test_where_none_is_asked_nobody_sets_one_up(app: Flask) -> None:
    me = Person(app.test_client(), ME)
    me.get("/second-factor", 404)
    with pytest.raises(NotVisible):
        second_factor.propose(by=factories.actor(ME))
    assert 'name="code"' not in app.test_client().get("/sign-in").text


def test_an_instance_of_real_people_asks_whatever_the_row_says(app: Flask) -> None:
    from nrm.actions import instances

    with transaction() as session:
        session.execute(update(Instance).values(second_factor=False))
    assert instances.nature() == (True, False)
    with transaction() as session:
        session.execute(update(Instance).values(synthetic=False))
    assert instances.nature() == (False, True)


# A lost telephone: password, another telephone, and words that a colleague types


def lost(login: str = ME) -> tuple[str, Actor]:
    """Somebody who has lost the telephone, and has set up another one in a session that opens nothing: cookie, who."""
    cookie = second_factor.begin_lost(login=login, password=factories.PASSWORD)
    found = resumed(cookie)
    assert found.enrolling
    assert found.actor.keys is None
    factories.SECRETS[login] = second_factor.propose(by=found.actor).secret
    second_factor.set_up(code=factories.code_of(login), by=found.actor)
    found = resumed(cookie)
    assert found.lacks_factor
    assert found.actor.keys is None
    return cookie, found.actor


def resumed(cookie: str) -> accounts.SignedIn:
    found = accounts.resume(cookie)
    assert isinstance(found, accounts.SignedIn)
    return found


def test_a_lost_telephone_takes_the_password_and_words_and_until_then_the_old_one_counts(demanding: Flask) -> None:
    old = dict(factories.SECRETS)
    before = sign_in(factories.code_of(ME))
    cookie, me = lost()
    shown = words.shown(by=me)
    assert shown is not None
    assert shown.purpose is WordPurpose.FACTOR
    factories.later(minutes=1)
    with pytest.raises(SignInRefused):
        sign_in(factories.code_of(ME))
    by = factories.actor(COLLEAGUE)
    assert me.member_id is not None
    desk = factories.actor("ra.duty_officer")
    for who in (by, desk, factories.actor("administrator")):
        with pytest.raises((WrongWords, NotVisible)):
            words.type_words(member_id=me.member_id, typed=["x"] * 4, called_back=True, by=who)
    for who in (factories.actor("nrc.case_worker"), me, desk):
        with pytest.raises((NotVisible, CannotVouch)):
            words.type_words(member_id=me.member_id, typed=shown.words, called_back=True, by=who)
    words.type_words(member_id=me.member_id, typed=shown.words, by=by)
    assert isinstance(accounts.resume(before), accounts.Ended)
    found = resumed(cookie)
    assert not found.enrolling
    assert found.actor.keys is not None
    factories.later(minutes=1)
    assert sign_in(factories.code_of(ME))
    factories.SECRETS[ME] = old[ME]
    factories.later(minutes=1)
    with pytest.raises(SignInRefused):
        sign_in(factories.code_of(ME))


def test_who_signs_in_with_the_telephone_ends_what_waits_for_another_and_reads_that_somebody_tried(
    demanding: Flask,
) -> None:
    """Somebody knows the password, sets up a telephone of their own, and waits for a colleague to be deceived."""
    old = dict(factories.SECRETS)
    waiting, thief = lost()
    assert thief.member_id is not None
    said = words.shown(by=thief)
    assert said is not None
    assert "has lost a telephone" in Person(demanding.test_client(), COLLEAGUE, factories.code_of(COLLEAGUE)).get(
        "/?lang=en"
    )
    factories.SECRETS[ME] = old[ME]
    factories.later(minutes=1)
    found = resumed(sign_in(factories.code_of(ME)))
    assert found.failed_elsewhere == 1
    factories.later(minutes=1)
    assert "has lost a telephone" not in Person(demanding.test_client(), COLLEAGUE, factories.code_of(COLLEAGUE)).get(
        "/?lang=en"
    )
    assert isinstance(accounts.resume(waiting), accounts.Ended)
    factories.later(minutes=1)
    with pytest.raises((NotVisible, NoOccasion, CannotVouch)):
        words.type_words(member_id=thief.member_id, typed=said.words, by=factories.actor(COLLEAGUE))


@pytest.mark.parametrize("way", ["the others are signed out", "another password"])
def test_what_waits_for_another_telephone_ends_with_the_browser_in_which_it_was_set_up(
    demanding: Flask, way: str
) -> None:
    old = dict(factories.SECRETS)
    me = resumed(sign_in(factories.code_of(ME))).actor
    _, thief = lost()
    assert thief.member_id is not None
    said = words.shown(by=thief)
    assert said is not None
    factories.SECRETS[ME] = old[ME]
    factories.later(minutes=1)
    if way == "another password":
        accounts.change_password(password=factories.PASSWORD, new_password="sete-gurë-në-lumë-27", by=me)
    else:
        own_sessions.end_others(by=me)
    with pytest.raises((NotVisible, NoOccasion, CannotVouch)):
        words.type_words(member_id=thief.member_id, typed=said.words, by=factories.actor(COLLEAGUE))


def test_no_row_makes_a_telephone_count_that_waits_for_words(demanding: Flask) -> None:
    """Who writes the main database and knows the password copies what waits into the member's row."""
    _, thief = lost()
    with transaction() as session:
        waiting = session.scalars(select(Occasion).filter_by(member_id=thief.member_id, status="open")).one()
        row = session.get_one(Member, thief.member_id)
        row.sealed_totp, row.totp_step = waiting.sealed_totp, 0
    factories.later(minutes=1)
    with pytest.raises(SignInRefused):
        sign_in(factories.code_of(ME))


def test_no_row_makes_a_telephone_count_again_that_was_replaced(demanding: Flask) -> None:
    old = dict(factories.SECRETS)
    with transaction() as session:
        before = session.scalars(select(Member.sealed_totp).filter_by(login=ME)).one()
    _, me = lost()
    shown = words.shown(by=me)
    assert shown is not None
    assert me.member_id is not None
    words.type_words(member_id=me.member_id, typed=shown.words, by=factories.actor(COLLEAGUE))
    factories.later(minutes=1)
    assert sign_in(factories.code_of(ME))
    with transaction() as session:
        row = session.get_one(Member, me.member_id)
        row.sealed_totp, row.totp_step = before, 0
    factories.SECRETS[ME] = old[ME]
    factories.later(minutes=1)
    with pytest.raises(SignInRefused):
        sign_in(factories.code_of(ME))


def test_by_the_pages_the_session_reaches_the_set_up_and_the_words_and_nothing_else(demanding: Flask) -> None:
    client = demanding.test_client()
    assert "/lost-telephone" in client.get("/sign-in").text
    token = token_in(client.get("/lost-telephone").text)
    data = {"login": ME, "password": "wrong", "csrf_token": token}
    pages = {
        client.post("/lost-telephone", data={**data, "login": login}).text.replace(login, "")
        for login in (ME, "nobody.at_all")
    }
    assert len(pages) == 1
    answer = client.post("/lost-telephone", data={**data, "password": factories.PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/second-factor")
    page = client.get("/second-factor").text
    for path in ("/", "/cases", "/members", "/password", "/members/invite", "/recovery-code", "/my-words"):
        assert client.get(path).status_code == 303, path
    secret = re.search(r'<strong class="pick">([A-Z2-7 ]+)</strong>', page)
    assert secret
    code = second_factor.code_now(secret[1].replace(" ", ""))
    sent = client.post("/second-factor", data={"code": code, "csrf_token": token_in(page)})
    assert sent.headers["Location"] == "/my-words"
    said = re.search(r'<strong class="code">([a-z]{6}(?: [a-z]{6}){3})</strong>', client.get("/my-words").text)
    assert said
    for path in ("/", "/cases", "/members"):
        assert client.get(path).headers["Location"] == "/my-words"
    db.db.session.rollback()
    factories.later(minutes=1)
    colleague = Person(demanding.test_client(), COLLEAGUE, factories.code_of(COLLEAGUE))
    home = colleague.get("/?lang=en")
    assert "has lost a telephone and reads words for the new one" in home
    address = re.search(r'href="(/members/[0-9a-f-]+/words)"', home)
    assert address
    assert said[1].split()[0] not in colleague.get(address[1])
    colleague.post(address[1], {"first": said[1]})
    assert client.get("/cases").status_code == 200
    assert "has another second factor: a telephone or a passkey" in colleague.get("/?lang=en")


def test_where_nobody_else_holds_the_key_the_duty_desk_types_them_after_a_call_back(demanding: Flask) -> None:
    login = "rinas.border_officer"
    cookie, officer = lost(login)
    desk = Person(demanding.test_client(), "ra.duty_officer", factories.code_of("ra.duty_officer"))
    home = desk.get("/?lang=en")
    assert "has lost a telephone" in home
    address = f"/members/{officer.member_id}/words?lang=en"
    assert address.partition("?")[0] in home
    shown = words.shown(by=officer)
    assert shown is not None
    typed = {"first": " ".join(shown.words)}
    assert "Make sure of it yourself first" in desk.post(address, dict(typed), 422)
    assert resumed(cookie).actor.keys is None
    desk.post(address, {**typed, "called_back": "y"})
    assert resumed(cookie).actor.keys is not None


def test_the_administrator_does_so_only_for_offices_without_keys_that_have_nobody_else(demanding: Flask) -> None:
    _, officer = lost("rinas.border_officer")
    _, statistician = lost("molsa.statistician")
    admin = factories.actor("administrator")
    for who in (officer, statistician):
        shown = words.shown(by=who)
        assert shown is not None
        assert who.member_id is not None
        with pytest.raises(NotVisible):
            words.type_words(member_id=who.member_id, typed=shown.words, called_back=True, by=admin)
    factories.let_in(statistician, by=factories.actor("molsa.payment_officer"))


def test_the_words_of_the_only_administrator_are_typed_by_the_duty_desk_alone(demanding: Flask) -> None:
    _, administrator = lost("administrator")
    shown = words.shown(by=administrator)
    assert shown is not None
    assert administrator.member_id is not None
    for other in ("vatra.shelter_manager", "rinas.border_officer"):
        with pytest.raises((NotVisible, CannotVouch)):
            words.type_words(
                member_id=administrator.member_id, typed=shown.words, called_back=True, by=factories.actor(other)
            )
    desk = Person(demanding.test_client(), "ra.duty_officer", factories.code_of("ra.duty_officer"))
    path = f"/members/{administrator.member_id}/words"
    assert path in desk.get("/?lang=en")
    sent = dict(zip(FIELDS, shown.words, strict=True))
    desk.post(f"{path}?lang=en", dict(sent), 422)
    desk.post(path, {**sent, "called_back": "y"})
    factories.later(minutes=1)
    assert resumed(sign_in(factories.code_of("administrator"), login="administrator")).actor.keys


def test_a_session_row_by_hand_gets_no_further_and_neither_does_an_occasion(demanding: Flask) -> None:
    cookie, me = lost()
    with transaction() as session:
        session.execute(update(MemberSession).where(MemberSession.lacks_factor).values(lacks_factor=False))
    assert accounts.resume(cookie) is None
    with transaction() as session:
        session.execute(update(MemberSession).where(MemberSession.digest == me.session_id).values(lacks_factor=True))
    assert resumed(cookie).lacks_factor
    secret = second_factor_vault.seal(me.member_id, b"x" * 20)  # type: ignore[arg-type]
    for change in ({"sealed_totp": secret}, {"session_digest": b"y" * 32}, {"random": bytes(16)}, {"mark": b"z"}):
        _, me = lost()
        shown = words.shown(by=me)
        assert shown is not None
        with transaction() as session:
            session.execute(update(Occasion).where(Occasion.status == "open").values(**change))
        with pytest.raises(NoOccasion):
            words.type_words(member_id=me.member_id, typed=shown.words, by=factories.actor(COLLEAGUE))  # type: ignore[arg-type]
        factories.later(minutes=1)


def test_the_second_factor_taken_out_of_the_row_opens_nothing_by_password_or_recovery_code(demanding: Flask) -> None:
    by = resumed(sign_in(factories.code_of(ME))).actor
    code = member_actions.make_code(password=factories.PASSWORD, by=by)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == ME).values(sealed_totp=None, totp_step=None))
    with pytest.raises(SignInRefused):
        sign_in("")
    with pytest.raises(SignInRefused):
        second_factor.begin_lost(login=ME, password=factories.PASSWORD)
    with pytest.raises(SignInRefused):
        accounts.recover(login=ME, code=code, new_password="another nine lives entirely")


def test_an_account_of_an_older_program_is_bound_to_its_second_factor_at_the_next_sign_in(demanding: Flask) -> None:
    account = account_rows.credentials(ME)
    under = members.prove(account, ME, factories.PASSWORD)
    assert account is not None
    assert under is not None
    keys = members.open_keys(account, under, factor=True)
    sealed = {
        "sealed_kem": crypto.seal(under, keys.kem_private, crypto.ctx("kem", account.id)),
        "sealed_sign": crypto.seal(under, keys.sign_private, crypto.ctx("sign", account.id)),
    }
    with transaction() as session:
        session.execute(update(Member).where(Member.login == ME).values(**sealed))
    assert sign_in(factories.code_of(ME))
    with transaction() as session:
        session.execute(update(Member).where(Member.login == ME).values(sealed_totp=None, totp_step=None))
    with pytest.raises(SignInRefused):
        sign_in("")


@pytest.fixture
def inviting(demanding: Flask) -> Person:
    return Person(demanding.test_client(), "administrator", factories.code_of("administrator"))


NEW = {"organisation": "MOLSA", "role": "reader", "login": "molsa.new", "name": "New One"}


def test_after_five_minutes_an_invitation_asks_for_a_fresh_code_and_loses_nothing(inviting: Person) -> None:
    factories.later(minutes=5)
    asked = inviting.post("/members/invite", dict(NEW), 401)
    assert 'name="login" value="molsa.new"' in asked
    assert account_rows.member_by_login("molsa.new") is None
    inviting.post("/members/invite", {**NEW, "step_up": factories.PASSWORD, "step_up_code": "000000"}, 422)
    assert account_rows.member_by_login("molsa.new") is None
    code = factories.code_of("administrator")
    inviting.post("/members/invite", {**NEW, "step_up": factories.PASSWORD, "step_up_code": code})
    db.db.session.rollback()
    assert account_rows.member_by_login("molsa.new") is not None
    inviting.get("/members/invite")  # fresh now


def test_a_page_that_asks_for_a_fresh_code_is_shown_after_it(inviting: Person) -> None:
    factories.later(minutes=6)
    page = inviting.get("/members/invite")
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    assert 'name="role"' not in page
    code = factories.code_of("administrator")
    assert (
        inviting.post("/prove", {"carried": carried[1], "step_up": factories.PASSWORD, "step_up_code": code})
        == "/members/invite"
    )
    assert 'name="role"' in inviting.get("/members/invite")


@pytest.mark.parametrize("path", ["/members/{}/disable", "/members/{}/anew", "/members/{}/words", "/cases/{}/erase"])
def test_what_a_passer_by_must_not_do_asks_again_whatever_the_id(demanding: Flask, path: str) -> None:
    """The proof comes before the question whether there is such a thing."""
    manager = Person(demanding.test_client(), ME, factories.code_of(ME))
    address = path.format(uuid.uuid4())
    manager.get(address, 404)
    factories.later(minutes=6)
    assert 'name="step_up"' in manager.get(address)
    manager.post(address, {"step_up": "000000"}, 422)


def test_a_password_that_was_typed_lies_in_no_page(app: Flask) -> None:
    me = Person(app.test_client(), ME)
    factories.later(minutes=6)
    page = me.post("/password", {"old": factories.PASSWORD, "password": "typed", "again": "typed"}, 401)
    assert "typed" not in page
    assert me.post("/prove", {"step_up": factories.PASSWORD}) == "/"
    me.get("/password")


def test_a_proof_that_comes_too_late_with_its_session_is_not_given_back(app: Flask) -> None:
    """The code or password is of no use any more and must lie in no page; what was written beside it is only shown."""
    me = Person(app.test_client(), ME)
    factories.later(minutes=20)
    late = me.post("/members/keys", {"step_up": factories.PASSWORD, "typed": "a word"}, 401)
    again = re.search(r'name="carried" value="([^"]+)"', late)
    assert again
    fields = {"login": ME, "password": factories.PASSWORD, "carried": again[1], "csrf_token": token_in(late)}
    page = me.client.post("/sign-in", data=fields).text
    assert "nuk u krye" in page
    assert "<p>a word</p>" in page
    assert 'name="typed"' not in page
    assert factories.PASSWORD not in page


def overtake(monkeypatch: pytest.MonkeyPatch, by: Actor) -> None:
    """The next password that is checked is changed elsewhere before the answer is used."""
    checked = members.prove

    def slow(*arguments: Any) -> bytes | None:
        found = checked(*arguments)
        monkeypatch.undo()
        accounts.change_password(password=factories.PASSWORD, new_password="a second life of a cat", by=by)
        return found

    monkeypatch.setattr(members, "prove", slow)


@pytest.mark.parametrize("door", ["sign in", "change the password", "make a code", "prove again"])
def test_a_password_that_is_changed_while_it_is_checked_gives_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    me, thief = factories.actor(ME), factories.actor(ME)
    overtake(monkeypatch, me)
    before = sessions_alive()
    doors = {
        "sign in": lambda: accounts.sign_in(login=ME, password=factories.PASSWORD),
        "change the password": lambda: accounts.change_password(
            password=factories.PASSWORD, new_password="the thief's own password", by=thief
        ),
        "make a code": lambda: member_actions.make_code(password=factories.PASSWORD, by=thief),
        "prove again": lambda: second_factor.prove_again(password=factories.PASSWORD, by=thief),
    }
    with pytest.raises(SignInRefused):
        doors[door]()
    assert sessions_alive() < before  # the thief's other one died too
    assert accounts.sign_in(login=ME, password="a second life of a cat")


def sessions_alive() -> int:
    with transaction() as session:
        return int(session.scalar(select(func.count()).where(MemberSession.sealed_keys.is_not(None))) or 0)


@pytest.mark.parametrize("door", ["/password", "/recovery-code/new"])
def test_who_sits_down_at_a_live_session_cannot_guess_its_password_there(still: Flask, door: str) -> None:
    me = Person(still.test_client(), ME)
    guess = {"old": "wrong", "password": "wrong life of a cat", "again": "wrong life of a cat"}
    for _ in range(ACCOUNT.free):
        me.post(door, guess, 422)
    me.post(door, guess, 429)
    factories.later(minutes=6)
    assert 'name="step_up"' in me.get(door)


def fail(times: int, login: str, asker: Asker) -> list[str]:
    """What each of so many wrong tries got."""
    got = []
    for _ in range(times):
        try:
            accounts.sign_in(login=login, password="wrong", asker=asker)
        except SignInRefused:
            got.append("refused")
        except TooSoon as too_soon:
            got.append(f"wait {too_soon.delay.total_seconds()} {too_soon.left}")
    return got


@pytest.fixture
def still(app: Flask) -> Flask:
    factories.later()
    return app


def test_failing_slows_down_and_ends_nothing_and_tells_nobody_who_exists(still: Flask) -> None:
    asker = Asker("192.0.2.0/24")
    known, unknown = fail(20, ME, asker), fail(20, "nobody.at_all", asker)
    assert known == unknown
    assert known == ["refused"] * ACCOUNT.free + ["wait 5.0 5"] * 10
    with pytest.raises(TooSoon):
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=asker)
    factories.later(seconds=5)
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, asker=asker)
    assert fail(1, ME, asker) == ["refused"]  # the right person came: counted from the beginning


def test_a_network_is_slowed_whatever_names_it_tries(still: Flask) -> None:
    asker = Asker("192.0.2.0/24")
    got = [fail(1, f"nobody.number{number}", asker)[0] for number in range(102)]
    assert got[-2:] == ["wait 5.0 5"] * 2
    assert fail(1, "nobody.else", Asker("198.51.100.0/24")) == ["refused"]


def test_nobody_keeps_a_colleague_out_by_failing_in_their_name(still: Flask) -> None:
    browsers = accounts.remember_browser(login=ME, browsers="")
    assert ME not in browsers
    fail(30, ME, Asker("192.0.2.0/24"))
    mine = Asker("192.0.2.0/24", browsers)
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, asker=mine)
    with pytest.raises(TooSoon):  # known as another person, or by a cookie that was made up
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=Asker("192.0.2.0/24", browsers[:-1] + "x"))


def test_the_page_says_how_long_to_wait_in_the_same_words_for_everybody(still: Flask) -> None:
    pages = set()
    for login in (ME, "nobody.at_all"):
        client = still.test_client()
        token = token_in(client.get("/sign-in").text)
        for _ in range(ACCOUNT.free + 1):
            answer = client.post("/sign-in", data={"login": login, "password": "wrong", "csrf_token": token})
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "5"
        pages.add(re.sub(r'value="[^"]*"', "", answer.text))
    assert len(pages) == 1


def test_guessing_a_fresh_proof_or_a_recovery_code_is_slowed_too(still: Flask) -> None:
    me = Person(still.test_client(), ME)
    factories.later(minutes=6)
    for _ in range(ACCOUNT.free):
        me.post("/prove", {"step_up": "wrong"}, 422)
    me.post("/prove", {"step_up": factories.PASSWORD}, 429)
    client = still.test_client()
    token = token_in(client.get("/recover").text)
    new = "another nine lives entirely"
    data = {"login": "nrc.case_worker", "code": "AAAA", "password": new, "again": new, "csrf_token": token}
    got = [client.post("/recover", data=data).status_code for _ in range(ACCOUNT.free + 1)]
    assert got == [422] * ACCOUNT.free + [429]


def test_what_is_counted_names_nobody_and_is_swept(still: Flask) -> None:
    fail(3, ME, Asker("192.0.2.0/24"))
    rows = db.db.session.scalars(select(FailedTries)).all()
    assert len(rows) == 2
    assert all(len(row.digest) == 32 for row in rows)
    factories.later(days=1)
    accounts.forget_ended_sessions()
    assert db.db.session.scalars(select(FailedTries)).all() == []


def test_recovery_asks_for_the_second_factor_too(demanding: Flask) -> None:
    by = factories.actor(COLLEAGUE)
    vatra = names.organisation_by_code("VATRA")
    from nrm.domain.accounts.accounts import Role

    token = accounts_invite(vatra.id, by, Role.CASE_WORKER)
    code = join(token)
    factories.SECRETS.pop("vatra.new", None)
    assert factories.actor("vatra.new")
    factories.later(minutes=2)
    new = "another nine lives entirely"
    for second in ("", "000000"):
        with pytest.raises(SignInRefused):
            accounts.recover(login="vatra.new", code=code, new_password=new, second_factor=second)
    accounts.recover(login="vatra.new", code=code, new_password=new, second_factor=factories.code_of("vatra.new"))
    factories.later(seconds=30)
    assert sign_in(factories.code_of("vatra.new"), password=new, login="vatra.new")


def accounts_invite(organisation_id: object, by: Actor, role: object) -> str:
    return joining.invite(
        organisation_id=organisation_id,  # type: ignore[arg-type]
        login="vatra.new",
        name="New",
        role=role,  # type: ignore[arg-type]
        by=by,
    )


def join(token: str) -> str:
    return joining.join(token=token, password=factories.PASSWORD).recovery_code
