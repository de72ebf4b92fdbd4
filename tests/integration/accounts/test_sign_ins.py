"""What an account remembers of failures, of its password's cost, and where its member is signed in."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from nrm import clock, crypto
from nrm.actions.accounts import accounts, joining, own_sessions, second_factor
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, SignInRefused, WaitsForColleague
from nrm.domain.accounts.browsers import BROWSERS, DEVICES, Browser, Device, kinds_of
from nrm.domain.accounts.failed_attempts import MISTYPED_CODES, MOST_WRONG_CODES
from nrm.domain.accounts.members import KeyHoldersDecide
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.steps.accounts.credentials import Asker
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import members as vault
from tests import factories
from tests.conftest import Person, token_in

LOGIN, COLLEAGUE = "vatra.case_worker", "vatra.shelter_manager"
KEYLESS = "molsa.statistician"
WRONG = "not the right one at all"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def failing(client: FlaskClient, login: str, **fields: str) -> str:
    token = token_in(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"login": login, "password": WRONG, "csrf_token": token, **fields})
    assert answer.status_code == 422
    return answer.text


def the(login: str) -> Member:
    db.session.rollback()
    found = account_rows.member_by_login(login)
    assert found is not None
    db.session.refresh(found)
    return found


def test_who_signs_in_is_told_how_often_somebody_failed_in_browsers_they_know_and_do_not_know(app: Flask) -> None:
    known = Person(app.test_client(), LOGIN)
    factories.later(hours=1)
    for _ in range(2):
        failing(known.client, LOGIN)
    for _ in range(3):
        failing(app.test_client(), LOGIN)
    home = Person(app.test_client(), LOGIN).get("/")
    assert "dështuan 3 përpjekje" in home
    assert "nuk i kishit përdorur më parë" in home
    assert "dështuan 2 përpjekje" in home
    assert "u ul në kompjuterin tuaj" in home
    assert "dështua" not in Person(app.test_client(), LOGIN).get("/"), "told once, to the session that came first"
    assert "dështua" not in Person(app.test_client(), COLLEAGUE).get("/"), "and to nobody else"


@pytest.mark.slow
def test_who_signs_in_for_the_first_time_is_told_of_no_time_before(app: Flask) -> None:
    the(LOGIN).signed_in_at = None  # as of who has joined, and typed the new password for the first time
    db.session.commit()
    failing(app.test_client(), LOGIN)
    failing(app.test_client(), LOGIN)
    home = Person(app.test_client(), LOGIN).get("/")
    assert "Që kur u krijua llogaria juaj, dështuan 2 përpjekje" in home
    assert "Që kur hytë për herë të fundit" not in home
    failing(app.test_client(), LOGIN)
    home = Person(app.test_client(), LOGIN).get("/")
    assert "Që kur hytë për herë të fundit" in home
    assert "llogaria" not in home


def test_a_first_session_says_nothing_and_one_failure_is_said_as_one(app: Flask) -> None:
    assert "dështoi" not in Person(app.test_client(), LOGIN).get("/")
    failing(app.test_client(), LOGIN)
    assert "dështoi një përpjekje" in Person(app.test_client(), LOGIN).get("/")


def test_what_somebody_who_is_signed_in_mistypes_is_no_try_to_sign_in(app: Flask) -> None:
    person = Person(app.test_client(), LOGIN)
    factories.later(minutes=6)
    carried = re.search(r'name="carried" value="([^"]+)"', person.get("/recovery-code/new"))
    assert carried is not None
    person.post("/prove", {"step_up": WRONG, "carried": carried[1]}, 422)
    person.post("/prove", {"step_up": factories.PASSWORD, "carried": carried[1]}, 303)
    person.post("/recovery-code/new", {"password": WRONG}, 422)
    person.post(
        "/password", {"old": WRONG, "password": "a second life of a cat", "again": "a second life of a cat"}, 422
    )
    assert (the(LOGIN).failed_known, the(LOGIN).failed_elsewhere) == (0, 0)
    assert "dështo" not in Person(person.client, LOGIN).get("/")


def test_a_wrong_proof_in_a_session_that_was_carried_to_another_browser_is_told(app: Flask) -> None:
    """Who has the session's cookie and nothing else does not look like the member's own browser."""
    person = Person(app.test_client(), LOGIN)
    factories.later(minutes=6)
    person.client.delete_cookie("nrm-known")
    person.client.delete_cookie("__Host-nrm-known")
    person.post("/prove", {"step_up": WRONG, "carried": ""}, 422)
    assert (the(LOGIN).failed_known, the(LOGIN).failed_elsewhere) == (0, 1)


def test_a_wrong_password_at_a_hidden_screen_is_told(app: Flask) -> None:
    person = Person(app.test_client(), LOGIN)
    person.post("/hide-screen")
    page = person.client.get("/unlock").text
    assert person.client.post("/unlock", data={"csrf_token": token_in(page), "password": WRONG}).status_code == 422
    assert the(LOGIN).failed_known == 1


def test_what_is_told_stays_when_the_screen_is_hidden_and_comes_back(app: Flask) -> None:
    failing(app.test_client(), LOGIN)
    person = Person(app.test_client(), LOGIN)
    person.post("/hide-screen")
    page = person.client.get("/unlock").text
    fields = {"csrf_token": token_in(page), "password": factories.PASSWORD}
    assert person.client.post("/unlock", data=fields).status_code == 303
    assert "dështoi një përpjekje" in person.get("/")


@pytest.fixture
def with_codes(app: Flask) -> Iterator[Flask]:
    """The instance asks everybody for a second factor, and two of VATRA and one of the ministry have one."""
    app.extensions["nrm.second_factor"] = True
    for login in (LOGIN, COLLEAGUE, KEYLESS, "administrator"):
        factories.actor(login)
    yield app
    factories.SECRETS.clear()


def acting(login: str) -> Actor:
    """Somebody who signs in with a code that was not used yet."""
    factories.later(minutes=1)
    return factories.actor(login)


def guess(login: str = LOGIN, times: int = 1, password: str = factories.PASSWORD) -> None:
    """Wrong codes, as slowly as they cost no waiting."""
    for _ in range(times):
        factories.later(minutes=4)
        with pytest.raises(SignInRefused):
            accounts.sign_in(login=login, password=password, code="000000", asker=Asker("192.0.2.0/24"))


def next_code(login: str) -> str:
    factories.later(minutes=1)
    return factories.code_of(login)


def nearly(login: str = LOGIN) -> None:
    with transaction() as session:
        session.execute(update(Member).where(Member.login == login).values(codes_elsewhere=MOST_WRONG_CODES - 1))


def test_after_a_hundred_wrong_codes_with_the_right_password_the_account_waits_and_says_so_in_words(
    with_codes: Flask,
) -> None:
    guess(times=3)
    assert the(LOGIN).codes_elsewhere == 3
    nearly()
    guess(password=WRONG)
    assert the(LOGIN).waits_at is None, "a wrong password is no wrong code"
    guess()
    assert the(LOGIN).waits_at == clock.now()
    client = with_codes.test_client()
    fields = {"password": factories.PASSWORD, "code": next_code(LOGIN)}
    said = failing(client, LOGIN, **fields)
    assert "e di edhe dikush tjetër" in said
    assert "e di edhe dikush tjetër" not in failing(client, LOGIN, **fields), "the code was used up"
    assert "e di edhe dikush tjetër" not in failing(client, LOGIN, password=factories.PASSWORD, code="000000")
    with pytest.raises(WaitsForColleague):
        accounts.sign_in(login=LOGIN, password=factories.PASSWORD, code=next_code(LOGIN))


def signed_in(app: Flask, login: str) -> Person:
    return Person(app.test_client(), login, next_code(login))


def test_a_key_holder_lets_a_colleague_in_again_from_the_home_page(with_codes: Flask) -> None:
    nearly()
    guess()
    colleague = signed_in(with_codes, COLLEAGUE)
    assert f"Test case_worker ({LOGIN}) nuk mund të hyjë" in colleague.get("/")
    path = f"/members/{the(LOGIN).id}/let-in"
    assert path in colleague.get("/")
    assert path in colleague.get("/members")
    assert "njëqind kode të gabuara" in colleague.get(path)
    colleague.post(path)
    assert "nuk mund të hyjë" not in colleague.get("/")
    assert (the(LOGIN).waits_at, the(LOGIN).codes_elsewhere) == (None, 0)
    colleague.get(path, 404)
    assert "nuk e kishit përdorur më parë" in signed_in(with_codes, LOGIN).get("/")


def test_the_administrator_and_another_organisation_let_nobody_of_a_key_holding_organisation_in(
    with_codes: Flask,
) -> None:
    nearly()
    guess()
    member_id = the(LOGIN).id
    administrator = signed_in(with_codes, "administrator")
    assert "/let-in" not in administrator.get("/members")
    administrator.post(f"/members/{member_id}/let-in", status=403)
    with pytest.raises(KeyHoldersDecide):
        second_factor.let_in(member_id=member_id, by=acting("administrator"))
    with pytest.raises(NotVisible):
        second_factor.let_in(member_id=member_id, by=acting("nrc.case_worker"))
    by = dataclasses.replace(acting(COLLEAGUE), member_id=member_id)
    with pytest.raises(NotPermitted):
        second_factor.let_in(member_id=member_id, by=by)
    assert the(LOGIN).waits_at is not None


def test_a_colleague_who_does_not_hold_the_key_lets_nobody_in(with_codes: Flask) -> None:
    nearly()
    guess()
    by = acting(COLLEAGUE)
    with transaction() as session:
        session.execute(db.text("DELETE FROM keyring_wraps WHERE member_id = :id"), {"id": by.member_id.hex})
    with pytest.raises(KeyHoldersDecide):
        second_factor.let_in(member_id=the(LOGIN).id, by=by)


def test_in_an_office_without_keys_a_colleague_lets_in_and_so_does_the_administrator(with_codes: Flask) -> None:
    for login in ("molsa.reader", "administrator"):
        nearly(KEYLESS)
        guess(KEYLESS)
        assert the(KEYLESS).waits_at is not None
        second_factor.let_in(member_id=the(KEYLESS).id, by=acting(login))
        assert the(KEYLESS).waits_at is None


def test_a_sign_in_forgives_what_was_mistyped_and_no_more_and_another_password_forgives_all(with_codes: Flask) -> None:
    guess(times=MISTYPED_CODES + 2)
    accounts.sign_in(login=LOGIN, password=factories.PASSWORD, code=next_code(LOGIN))
    assert the(LOGIN).codes_elsewhere == 2
    new = "a second life of a cat"
    accounts.change_password(password=factories.PASSWORD, new_password=new, by=acting(LOGIN))
    assert the(LOGIN).codes_elsewhere == 0


def test_wrong_codes_before_an_act_count_too_and_the_act_is_refused_in_words(with_codes: Flask) -> None:
    person = signed_in(with_codes, LOGIN)
    nearly()
    factories.later(minutes=6)
    path = "/password"
    assert 'name="step_up"' in person.get(path)
    carried = re.search(r'name="carried" value="([^"]+)"', person.get(path))
    assert carried is not None
    person.post("/prove", {"step_up": factories.PASSWORD, "step_up_code": "000000", "carried": carried[1]}, 422)
    assert the(LOGIN).waits_at is not None
    said = person.post(
        "/prove", {"step_up": factories.PASSWORD, "step_up_code": next_code(LOGIN), "carried": carried[1]}, 422
    )
    assert "e di edhe dikush tjetër" in said


def test_who_recovers_with_code_and_telephone_waits_for_nobody(with_codes: Flask) -> None:
    """Whoever guessed had the password alone, and it opens nothing any more."""
    by = acting(LOGIN)
    assert by.keys is not None
    with transaction() as session:
        member = session.scalars(select(Member).where(Member.login == LOGIN)).one()
        code = vault.make_code(member, by.keys)
    nearly()
    guess()
    new = "a second life of a cat"
    accounts.recover(login=LOGIN, code=code, new_password=new, second_factor=next_code(LOGIN))
    assert accounts.sign_in(login=LOGIN, password=new, code=next_code(LOGIN))


def test_failures_for_nobody_are_counted_nowhere(app: Flask) -> None:
    before = [(row.failed_known, row.failed_elsewhere) for row in db.session.scalars(select(Member))]
    for _ in range(3):
        failing(app.test_client(), "nobody.at_all")
    db.session.expire_all()
    assert [(row.failed_known, row.failed_elsewhere) for row in db.session.scalars(select(Member))] == before


# Passwords


def test_without_a_second_factor_fourteen_characters_are_too_few_and_beside_one_twelve_are_enough(app: Flask) -> None:
    by = factories.actor(COLLEAGUE)
    assert by.organisation_id is not None
    for login, demanded, password, status in (
        ("one.new", False, "kQ8fT2mX81zzww", 422),
        ("two.new", False, "kQ8fT2mX81zzwwq", 303),
        ("three.new", True, "kQ8fT2mX81zz", 303),
        ("four.new", True, "kQ8fT2mX81z", 422),
    ):
        app.extensions["nrm.second_factor"] = False
        token = joining.invite(
            organisation_id=by.organisation_id, login=login, name="N. N.", role=the(LOGIN).role, by=by
        )
        app.extensions["nrm.second_factor"] = demanded
        client = app.test_client()
        page = client.get(f"/invitations/{token}").text
        least = 12 if demanded else 15
        assert f"Të paktën {least} shenja" in page
        fields = {"csrf_token": token_in(page), "password": password, "again": password}
        answer = client.post(f"/invitations/{token}", data=fields)
        assert answer.status_code == status, login
        assert status == 303 or f"me të paktën {least} shenja" in answer.text


SHORT = "kQ8fT2mX81zz"


@pytest.fixture
def short(app: Flask) -> Flask:
    """A member has a password that could be set once and is too short today."""
    by = factories.actor(LOGIN)
    assert by.keys is not None
    with transaction() as session:
        member = session.scalars(select(Member).where(Member.login == LOGIN)).one()
        vault.change_password(member, by.keys, SHORT, factor=False)
    return app


def test_whose_password_is_too_short_today_is_led_to_set_another_one_and_then_goes_on(short: Flask) -> None:
    client = short.test_client()
    token = token_in(client.get("/sign-in").text)
    fields = {"login": LOGIN, "password": SHORT, "csrf_token": token}
    assert client.post("/sign-in", data=fields).status_code == 303
    for path in ("/", "/members", "/referrals"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/password")
    page = client.get("/password").text
    assert "nuk është më i mjaftueshëm" in page
    assert "Të paktën 15 shenja" in page
    fields = {"csrf_token": token_in(page), "old": SHORT}
    assert client.post("/password", data={**fields, "password": SHORT, "again": SHORT}).status_code == 422
    new = {"password": factories.PASSWORD, "again": factories.PASSWORD}
    assert client.post("/password", data={**fields, **new}).status_code == 303
    assert client.get("/").status_code == 200
    db.session.rollback()
    assert Person(short.test_client(), LOGIN).get("/")


def test_what_was_typed_before_is_taken_and_a_row_by_hand_does_not_take_the_question_away(short: Flask) -> None:
    found = accounts.resume(accounts.sign_in(login=LOGIN, password=SHORT))
    assert isinstance(found, accounts.SignedIn)
    assert found.asks_password
    cookie = accounts.sign_in(login=LOGIN, password=SHORT)
    with transaction() as session:
        session.execute(update(MemberSession).values(asks_password=False))
    assert accounts.resume(cookie) is None


def test_a_command_says_that_the_password_has_to_be_set_anew(
    short: Flask, command: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NRM_PASSWORD", SHORT)
    code, _, said = command(short, "keys", "rotate", "--organisation", "VATRA", "--as", LOGIN)  # type: ignore[operator]
    assert code == 2
    assert "no longer good enough" in said
    assert said.count("\n") == 1


# What a password costs


def with_cost(app: Flask, kib: int, passes: int) -> None:
    """As if somebody changed the settings and started the server again."""
    app.extensions["nrm.config"] = dataclasses.replace(
        app.extensions["nrm.config"], argon2_kib=kib, argon2_passes=passes
    )


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The costs of all derivations, in their order."""
    seen: list[tuple[int, int]] = []
    real = crypto.derive

    def derive(*words: bytes, memory_kib: int, passes: int) -> bytes:
        seen.append((memory_kib, passes))
        return real(*words, memory_kib=memory_kib, passes=passes)  # type: ignore[arg-type]

    monkeypatch.setattr(crypto, "derive", derive)
    return seen


def test_other_settings_keep_nobody_out_and_the_next_sign_in_seals_under_them(
    app: Flask, costs: list[tuple[int, int]]
) -> None:
    assert (the(LOGIN).argon2_kib, the(LOGIN).argon2_passes) == (64, 1)
    with_cost(app, 128, 2)
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=LOGIN, password=WRONG)
    assert (the(LOGIN).argon2_kib, the(LOGIN).argon2_passes) == (64, 1)
    before = the(LOGIN).salt
    assert accounts.sign_in(login=LOGIN, password=factories.PASSWORD)
    assert costs == [(64, 1), (64, 1), (128, 2)]
    assert (the(LOGIN).argon2_kib, the(LOGIN).argon2_passes) == (128, 2)
    assert the(LOGIN).salt != before
    costs.clear()
    assert accounts.sign_in(login=LOGIN, password=factories.PASSWORD)
    assert costs == [(128, 2)]


def test_a_name_of_nobody_costs_what_accounts_cost_in_the_same_shares(app: Flask, costs: list[tuple[int, int]]) -> None:
    with_cost(app, 128, 2)
    names = [f"nobody.{number}" for number in range(60)]

    def tried() -> list[tuple[int, int]]:
        costs.clear()
        for name in names:
            vault.prove(account_rows.credentials(name), name, WRONG)
        return list(costs)

    assert set(tried()) == {(64, 1)}, "nobody signed in since: every account costs the former, and so does every name"
    with transaction() as session:
        ids = session.scalars(select(Member.id).where(Member.salt.is_not(None)).order_by(Member.login)).all()
        half = ids[: len(ids) // 2]
        session.execute(update(Member).where(Member.id.in_(half)).values(argon2_kib=128, argon2_passes=2))
    mixed = tried()
    assert 15 < mixed.count((128, 2)) < 45
    assert mixed == tried(), "a name costs the same each time"
    with transaction() as session:
        session.execute(update(Member).where(Member.salt.is_not(None)).values(argon2_kib=128, argon2_passes=2))
    assert set(tried()) == {(128, 2)}
    assert [was for was, now in zip(mixed, tried(), strict=True) if was == (128, 2) and now != was] == []


@pytest.mark.parametrize(("kib", "passes"), [(2**31 - 1, 3), (64, 2**31 - 1), (0, 1), (4, 1), (64, -1)])
def test_a_cost_written_by_hand_takes_neither_memory_nor_the_server_down(
    app: Flask, costs: list[tuple[int, int]], kib: int, passes: int
) -> None:
    with transaction() as session:
        session.execute(update(Member).where(Member.login == LOGIN).values(argon2_kib=kib, argon2_passes=passes))
    accounts.sign_in(login=COLLEAGUE, password=factories.PASSWORD)
    costs.clear()
    accounts.sign_in(login=LOGIN, password=factories.PASSWORD)  # the settings of now are tried instead
    with pytest.raises(SignInRefused):
        accounts.sign_in(login="nobody.at_all", password=factories.PASSWORD)
    assert set(costs) == {(64, 1)}
    assert app is not None


# Own sessions


@pytest.fixture
def nobody_signed_in(app: Flask) -> Flask:
    with transaction() as session:
        session.execute(delete(MemberSession))
    return app


def test_a_member_sees_where_they_are_signed_in_in_words_and_ends_one(nobody_signed_in: Flask) -> None:
    app = nobody_signed_in
    first = app.test_client()
    first.environ_base["HTTP_USER_AGENT"] = FIREFOX
    one = Person(first, LOGIN)
    second = app.test_client()
    second.environ_base["HTTP_USER_AGENT"] = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Mobile/15E148 Safari/604.1"
    )
    other = Person(second, LOGIN)
    stranger = Person(app.test_client(), COLLEAGUE)
    page = one.get("/sessions")
    assert "Firefox" in page
    assert "Kompjuter me Linux" in page
    assert "Safari" in page
    assert "iPhone" in page
    assert page.count("Ky shfletues") == 1
    assert page.index("Ky shfletues") < page.index("iPhone")
    assert len(page.encode()) < 15_360
    addresses = re.findall(r'action="(/sessions/[^"]+/end)"', page)
    assert len(addresses) == 2
    assert addresses[1] == "/sessions/others/end"
    stranger.post(addresses[0], status=404)
    other.get("/")
    one.post(addresses[0])
    assert second.get("/").status_code == 303
    one.post(addresses[0], status=404)
    assert "iPhone" not in one.get("/sessions")
    assert "Where I am signed in" in one.get("/sessions?lang=en")
    assert "Computer with Linux" in one.get("/sessions")


def test_all_others_end_at_once_and_this_one_goes_on(app: Flask) -> None:
    people = [Person(app.test_client(), LOGIN) for _ in range(3)]
    colleague = Person(app.test_client(), COLLEAGUE)
    people[0].post("/sessions/others/end")
    assert [each.client.get("/").status_code for each in people] == [200, 303, 303]
    colleague.get("/")
    assert "/sessions/others/end" not in people[0].get("/sessions")
    people[0].post("/sessions/others/end")


def test_this_browser_is_not_ended_here_and_ended_or_planted_ones_are_not_listed(app: Flask) -> None:
    by = factories.actor(LOGIN)
    lines = own_sessions.own(by=by)
    with pytest.raises(NotVisible):
        own_sessions.end(next(line.id for line in lines if line.own), by=by)
    with pytest.raises(NotVisible):
        own_sessions.end(uuid.uuid4(), by=by)
    factories.actor(LOGIN)
    number = len(own_sessions.own(by=by))
    with transaction() as session:
        row = session.scalars(
            select(MemberSession)
            .where(MemberSession.member_id == by.member_id, MemberSession.digest != by.session_id)
            .order_by(MemberSession.created_at.desc())
        ).first()
        assert row is not None
        row.created_at -= timedelta(days=1)  # by hand: the mark is not right any more
    assert len(own_sessions.own(by=by)) == number - 1
    factories.later(minutes=16)
    assert own_sessions.own(by=by) == []


AGENTS = {
    FIREFOX: (Browser.FIREFOX, Device.LINUX),
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0": (
        Browser.EDGE,
        Device.WINDOWS,
    ),
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 OPR/120.0": (
        Browser.OPERA,
        Device.WINDOWS,
    ),
    "Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Safari/537.36": (
        Browser.SAMSUNG,
        Device.ANDROID,
    ),
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36": (
        Browser.CHROME,
        Device.CHROMEBOOK,
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15": (
        Browser.SAFARI,
        Device.MAC,
    ),
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile Safari/604.1": (
        Browser.CHROME,
        Device.IPAD,
    ),
    "curl/8.5.0": (Browser.OTHER, Device.OTHER),
    "<script>alert(1)</script>" * 1000: (Browser.OTHER, Device.OTHER),
    "": (Browser.COMMAND, Device.COMMAND),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_what_a_browser_says_of_itself_becomes_two_codes_with_words(agent: str) -> None:
    assert kinds_of(agent) == AGENTS[agent]
    assert set(BROWSERS) == set(Browser)
    assert set(DEVICES) == set(Device)
