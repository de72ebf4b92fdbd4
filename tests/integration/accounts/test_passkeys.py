"""Passkeys: made, shown beside the password and as a fresh proof, removed; and what is none."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, beginning_anew, members, organisations, second_factor, words
from nrm.actions.accounts import passkeys as actions
from nrm.cli import usage
from nrm.cli.refusals import Refused
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, SignInRefused
from nrm.domain.accounts.passkeys import LASTS, MOST, PasskeyRefused, Purpose, Refusal
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.models.accounts.accounts import FailedTries, Member, MemberSession
from nrm.models.accounts.passkeys import Passkey, PasskeyChallenge, RemovedFactor
from nrm.models.audit import AuditEntry
from nrm.steps.accounts import signing_in
from nrm.steps.accounts.credentials import Asker
from nrm.store.accounts import accounts as account_store
from nrm.store.accounts import passkeys as store
from nrm.vault import passkeys as vault
from tests import factories
from tests.authenticator import PRESENT, Device, text
from tests.conftest import Person, token_in
from tests.factories_passkeys import HOST, ORIGIN, at_address, made, passkey

NEW = "another nine lives entirely"

ME, COLLEAGUE, STRANGER = "vatra.case_worker", "vatra.shelter_manager", "nrc.case_worker"
BROWSER = Asker("192.0.2.0/24")


@pytest.fixture
def at(app: Flask) -> Flask:
    """An instance with an address; the clock stands still."""
    at_address(app)
    factories.later()
    return app


PASSWORD = {"step_up": factories.PASSWORD}
prove = functools.partial(second_factor.prove_again, password=factories.PASSWORD)


def asked(login: str = ME, password: str = factories.PASSWORD, **more: Any) -> accounts.PasskeyAsked:
    """What a right password of somebody with passkeys gets."""
    with pytest.raises(accounts.PasskeyAsked) as found:
        accounts.sign_in(login=login, password=password, browser="a browser", asker=BROWSER, **more)
    return found.value


def show(asking: accounts.PasskeyAsked, answer: str = "", *, browser: str = "a browser", code: str = "") -> str:
    """The cookie of the session that the answer begins."""
    return actions.sign_in(token=asking.token, browser=browser, answer=answer, code=code, asker=BROWSER)[0]


def signed_in(device: Device, login: str = ME) -> accounts.SignedIn:
    """A session that began with password and passkey."""
    asking = asked(login)
    found = accounts.resume(show(asking, device.sign(asking.options)))
    assert isinstance(found, accounts.SignedIn)
    return found


def row_of(login: str = ME) -> Passkey:
    db.session.rollback()
    statement = select(Passkey).join(Member, Member.id == Passkey.member_id).where(Member.login == login)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def change(**values: object) -> None:
    """A hand in the database changes the rows of all passkeys."""
    with transaction() as session:
        session.execute(update(Passkey).values(**values))
    db.session.rollback()


def events(*which: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(AuditEntry.event.in_(which))) or 0


def failures() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.coalesce(func.sum(FailedTries.number), 0))) or 0


def refused(reason: Refusal, what: Callable[[], object]) -> None:
    with pytest.raises(PasskeyRefused) as found:
        what()
    assert found.value.reason is reason


# Making one


def test_password_and_passkey_begin_a_session_that_opens_and_the_password_alone_none(at: Flask) -> None:
    device = passkey(ME)
    before = db.session.scalar(select(func.count()).select_from(MemberSession))
    asking = asked()
    assert db.session.scalar(select(func.count()).select_from(MemberSession)) == before
    options = json.loads(asking.options)
    assert options["rpId"] == HOST
    assert [each["id"] for each in options["allowCredentials"]] == [text(device.credential)]
    assert options["userVerification"] == "preferred"
    found = accounts.resume(show(asking, device.sign(asking.options)))
    assert isinstance(found, accounts.SignedIn)
    assert found.actor.keys is not None
    assert found.actor.keys.keyrings
    assert row_of().counter == 1
    assert row_of().used_at == clock.now()
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password="wrong", asker=BROWSER)


def test_what_the_browser_is_told_to_make(at: Flask) -> None:
    options = json.loads(actions.ask_making(by=signed_in(passkey(STRANGER), STRANGER).actor))
    assert options["rp"] == {"name": "NRM", "id": HOST}
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "discouraged"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert options["user"]["name"] == STRANGER
    assert [each["id"] for each in options["excludeCredentials"]] == [text(row_of(STRANGER).credential)]


@pytest.mark.parametrize(
    "told",
    [
        {"origin": "https://nrm.example.al.evil.com"},
        {"origin": "http://nrm.example.al"},
        {"origin": "https://nrm.example.al:444"},
        {"host": "evil.com"},
        {"challenge": text(bytes(32))},
        {"flags": 0},  # nobody was there
        {"fmt": "tpm"},
        {"fmt": "packed", "stated": {"alg": -7, "sig": b"junk"}},
        {"fmt": "none", "stated": {"sig": b"junk"}},
        {"fmt": 7},
    ],
    ids=str,
)
def test_an_answer_for_another_page_makes_no_passkey(at: Flask, told: dict[str, Any]) -> None:
    by = factories.actor(ME)
    answer = Device(ORIGIN).make(actions.ask_making(by=by), **told)
    refused(
        Refusal.LATE if "challenge" in told else Refusal.WRONG, lambda: actions.make(name="x", answer=answer, by=by)
    )
    assert store.own(by=by) == []


def test_a_challenge_makes_one_passkey_in_its_session_within_five_minutes(at: Flask) -> None:
    by, other = factories.actor(ME), factories.actor(ME)
    options = actions.ask_making(by=by)
    device = Device(ORIGIN)
    refused(Refusal.LATE, lambda: actions.make(name="x", answer=device.make(options), by=other))
    refused(Refusal.LATE, lambda: actions.make(name="x", answer=device.make(options), by=factories.actor(STRANGER)))
    actions.make(name="x", answer=device.make(options), by=by)
    refused(Refusal.LATE, lambda: actions.make(name="x", answer=Device(ORIGIN).make(options), by=by))
    options = actions.ask_making(by=by)
    factories.later(LASTS)
    refused(Refusal.LATE, lambda: actions.make(name="x", answer=Device(ORIGIN).make(options), by=by))
    options = actions.ask_making(by=by)
    factories.later(seconds=299)
    actions.make(name="y", answer=Device(ORIGIN).make(options), by=by)
    assert [each.name for each in store.own(by=by)] == ["x", "y"]


def test_a_challenge_for_a_proof_makes_no_passkey_and_one_for_making_proves_nothing(at: Flask) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    proof, making = second_factor.ask_proof(by=me).options, json.loads(actions.ask_making(by=me))
    as_making = json.dumps({**making, "challenge": json.loads(proof)["challenge"]})
    refused(Refusal.LATE, lambda: actions.make(name="x", answer=Device(ORIGIN).make(as_making), by=me))
    as_proof = json.dumps({**json.loads(proof), "challenge": making["challenge"]})
    refused(
        Refusal.LATE,
        lambda: prove(passkey=device.sign(as_proof), by=me),
    )


def test_a_key_is_made_once_whoever_has_it_and_nobody_has_more_than_ten(at: Flask) -> None:
    device = passkey(STRANGER)
    by = factories.actor(ME)
    refused(Refusal.KNOWN, lambda: actions.make(name="x", answer=device.make(actions.ask_making(by=by)), by=by))
    for number in range(MOST):
        actions.make(name=str(number), answer=Device(ORIGIN).make(actions.ask_making(by=by)), by=by)
    refused(Refusal.MANY, lambda: actions.ask_making(by=by))


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\x00b", "a\u202eb"])
def test_a_name_is_one_short_line(at: Flask, name: str) -> None:
    by = factories.actor(ME)
    answer = Device(ORIGIN).make(actions.ask_making(by=by))
    refused(Refusal.NAME, lambda: actions.make(name=name, answer=answer, by=by))
    actions.make(name="  key on \n my ring ", answer=answer, by=by)
    assert [each.name for each in store.own(by=by)] == ["key on my ring"]


def test_the_first_second_factor_ends_the_other_sessions_and_the_next_passkey_none(at: Flask) -> None:
    before, by = factories.actor(ME), factories.actor(ME)

    def lives(actor: Actor) -> bool:
        db.session.rollback()
        return db.session.get_one(MemberSession, actor.session_id, populate_existing=True).sealed_keys is not None

    actions.make(name="one", answer=Device(ORIGIN).make(actions.ask_making(by=by)), by=by)
    assert (lives(before), lives(by)) == (False, True)
    actions.make(name="two", answer=(two := Device(ORIGIN)).make(actions.ask_making(by=by)), by=by)
    other = signed_in(two).actor
    actions.make(name="three", answer=Device(ORIGIN).make(actions.ask_making(by=by)), by=by)
    assert lives(other)


# Signing in


@pytest.mark.parametrize(
    "told",
    [
        {"origin": "https://evil.com"},
        {"host": "evil.com"},
        {"challenge": text(bytes(32))},
        {"flags": 0},
        {"type": "webauthn.create"},
        {"user": bytes(16)},
    ],
    ids=str,
)
def test_an_answer_for_another_page_signs_nobody_in_and_counts_as_a_failure(at: Flask, told: dict[str, Any]) -> None:
    device = passkey(ME)
    asking = asked()
    with pytest.raises(SignInRefused):
        show(asking, device.sign(asking.options, **told))
    assert failures() > 0
    refused(Refusal.LATE, lambda: show(asking, device.sign(asking.options)))  # used up
    assert signed_in(device)


def test_who_is_not_verified_but_there_and_names_herself_signs_in(at: Flask) -> None:
    device = passkey(ME)
    asking = asked()
    assert show(asking, device.sign(asking.options, flags=PRESENT, user=row_of().member_id.bytes))


def test_an_answer_works_once_in_its_browser_within_five_minutes_and_for_its_member(at: Flask) -> None:
    device, other = passkey(ME), passkey(STRANGER)
    asking = asked()
    answer = device.sign(asking.options)
    refused(Refusal.LATE, lambda: show(asking, answer, browser="another browser"))
    assert show(asking, answer)
    refused(Refusal.LATE, lambda: show(asking, answer))
    asking = asked()
    with pytest.raises(SignInRefused):  # another's key, and nobody's
        show(asking, other.sign(asking.options))
    asking = asked()
    with pytest.raises(SignInRefused):
        show(asking, Device(ORIGIN).sign(asking.options))
    mine, theirs = asked(), asked(STRANGER)
    with pytest.raises(SignInRefused):  # the page of one with the answer to the other's
        show(mine, device.sign(theirs.options))
    asking = asked()
    factories.later(LASTS)
    refused(Refusal.LATE, lambda: show(asking, device.sign(asking.options)))
    refused(Refusal.LATE, lambda: actions.sign_in(token="junk", browser="x", answer="{}", code="", asker=BROWSER))


def answer_at_once(app: Flask, asking: accounts.PasskeyAsked, answer: str) -> int:
    """How many of six who send one answer at the same time get in."""
    won: list[str] = []
    ready = threading.Barrier(6)

    def attempt() -> None:
        with app.app_context():
            ready.wait()
            try:
                won.append(show(asking, answer))
            except (PasskeyRefused, SignInRefused):
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def test_of_several_who_send_one_answer_at_once_one_gets_in(at: Flask) -> None:
    device = passkey(ME, counter=None)
    asking = asked()
    assert answer_at_once(at, asking, device.sign(asking.options)) == 1


def test_on_postgresql_a_passkey_is_made_shown_once_and_removed(postgres_app: Flask) -> None:
    at_address(postgres_app)
    device = passkey(ME, counter=None)
    asking = asked()
    assert answer_at_once(postgres_app, asking, device.sign(asking.options)) == 1
    me = signed_in(device).actor
    row = dict(db.session.execute(select(Passkey.__table__)).one()._mapping)
    second_factor.prove_again(
        password=factories.PASSWORD, passkey=device.sign(second_factor.ask_proof(by=me).options), by=me
    )
    actions.remove(passkey_id=row["id"], by=me)
    with transaction() as session:
        session.execute(insert(Passkey).values(row))
    db.session.rollback()
    assert [each.genuine for each in store.own(by=me)] == [False]


def test_another_key_under_the_same_name_does_not_sign(at: Flask) -> None:
    device = passkey(ME)
    asking = asked()
    with pytest.raises(SignInRefused):
        show(asking, Device(ORIGIN, credential=device.credential).sign(asking.options))


def test_a_count_that_went_back_is_refused_written_down_and_told(at: Flask, caplog: pytest.LogCaptureFixture) -> None:
    device = passkey(ME)
    me = signed_in(device)
    device.counter = 0  # the copy begins where it was made
    asking = asked()
    with pytest.raises(SignInRefused):
        show(asking, device.sign(asking.options))
    assert events("passkey_went_back") == 1
    assert (row_of().counter, row_of().went_back_at) == (1, clock.now())
    assert [each.went_back_at for each in store.own(by=me.actor)] == [clock.now()]
    assert "count" in caplog.text
    assert str(row_of().id) in caplog.text
    device.counter = 1
    assert signed_in(device)  # the device that counted on is the right one


def test_a_device_that_does_not_count_signs_in_again_and_again(at: Flask) -> None:
    device = passkey(ME, counter=None)
    assert signed_in(device)
    assert signed_in(device)
    assert row_of().counter == 0


def test_a_password_that_is_changed_between_the_two_steps_gives_nothing(at: Flask) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    asking = asked()
    accounts.change_password(password=factories.PASSWORD, new_password="a second life of a cat", by=me)
    with pytest.raises(SignInRefused):
        show(asking, device.sign(asking.options))


def test_an_account_that_ends_between_the_two_steps_gets_no_session(at: Flask) -> None:
    device = passkey(ME)
    asking = asked()
    with transaction() as session:
        session.execute(update(Member).where(Member.login == ME).values(status="disabled"))
    with pytest.raises(SignInRefused):
        show(asking, device.sign(asking.options))


def test_what_waits_for_a_passkey_opens_with_the_page_alone(at: Flask) -> None:
    """The database has neither the password nor the key that it gave, and no token from which it follows."""
    passkey(ME)
    asking = asked()
    row = db.session.scalars(select(PasskeyChallenge).where(PasskeyChallenge.purpose == Purpose.SIGN_IN)).one()
    under = signing_in.unpacked(vault.open_waiting(asking.token, row)).under
    assert len(under) == 32
    stored = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
    assert under not in stored
    assert under.hex().encode() not in stored
    assert asking.token.encode() not in stored
    with pytest.raises(vault.CannotOpen):
        vault.open_waiting(vault.new_token(), row)


def test_a_right_password_after_which_no_passkey_came_is_recorded_as_refused(at: Flask) -> None:
    """Somebody may know it who has none. What was answered, or asked of somebody who is signed in, is not."""
    device = passkey(ME)
    me = signed_in(device).actor
    second_factor.ask_proof(by=me)
    asked()
    factories.later(seconds=299)
    accounts.forget_ended_sessions()
    assert events("sign_in_refused") == 0
    factories.later(seconds=1)
    accounts.forget_ended_sessions()
    accounts.forget_ended_sessions()
    db.session.rollback()
    assert db.session.scalars(select(PasskeyChallenge)).all() == []
    assert events("sign_in_refused") == 1
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.event == "sign_in_refused")).one()
    assert entry.member_id == str(me.member_id)
    told = signed_in(device)
    assert (told.failed_known, told.failed_elsewhere) == (0, 1)
    browsers = accounts.remember_browser(login=ME, browsers="")
    with pytest.raises(accounts.PasskeyAsked):
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=Asker("192.0.2.0/24", browsers))
    factories.later(LASTS)
    accounts.forget_ended_sessions()
    told = signed_in(device)
    assert (told.failed_known, told.failed_elsewhere) == (1, 0)


# What is no passkey


def by_hand(login: str, device: Device) -> None:
    """A hand in the database writes a passkey for somebody, as well as it can: with another member's signing key."""
    thief = factories.actor(STRANGER)
    answer = json.loads(device.make(actions.ask_making(by=thief)))
    challenge = vault.challenge_of(json.dumps(answer))
    new = vault.made(json.dumps(answer), challenge)
    row = Passkey(
        id=uuid.uuid4(),
        member_id=db.session.scalars(select(Member.id).where(Member.login == login)).one(),
        credential=new.credential,
        public_key=new.public_key,
        host=HOST,
        name="by hand",
        made_at=clock.now(),
        counter=0,
        used_at=None,
        went_back_at=None,
    )
    vault.sign(row, by=thief)
    with transaction() as session:
        session.add(row)
    db.session.rollback()


def test_a_row_written_by_hand_is_no_passkey(at: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Even with a right mark: only the member's own key signs."""
    mine, theirs = passkey(ME), Device(ORIGIN)
    by_hand(ME, theirs)
    asking = asked()
    assert len(json.loads(asking.options)["allowCredentials"]) == 1
    with pytest.raises(SignInRefused):
        show(asking, theirs.sign(asking.options))
    assert "passkey" in caplog.text
    me = signed_in(mine).actor
    assert {each.name: each.genuine for each in store.own(by=me)} == {"this laptop": True, "by hand": False}
    bad = next(each for each in store.own(by=me) if not each.genuine)
    actions.remove(passkey_id=bad.id, by=me)
    assert [each.genuine for each in store.own(by=me)] == [True]


def test_a_row_written_by_hand_asks_nobody_for_a_passkey(at: Flask) -> None:
    by_hand(ME, Device(ORIGIN))
    found = accounts.resume(accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER))
    assert isinstance(found, accounts.SignedIn)
    assert second_factor.ask_proof(by=found.actor) == second_factor.ProofAsked(code=False, unusable=False, options="")


def test_a_row_written_by_hand_is_not_enough_where_one_is_demanded(at: Flask) -> None:
    by_hand(ME, Device(ORIGIN))
    at_address(at, passkeys="demanded")
    found = accounts.resume(accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER))
    assert isinstance(found, accounts.SignedIn)
    assert found.enrolling
    assert found.actor.keys is None


@pytest.mark.parametrize(
    "values",
    [
        {"counter": 0},
        {"name": "another"},
        {"host": "nrm.example.com"},
        {"public_key": b"x"},
        {"credential": b"x"},
        {"used_at": None},
        {"signature": b"x" * 64},
        {"mark": b"x" * 32},
    ],
    ids=str,
)
def test_a_row_that_is_changed_by_hand_is_no_passkey(at: Flask, values: dict[str, object]) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    change(**values)
    assert [each.genuine for each in store.own(by=me)] == [False]


def test_a_passkey_moved_to_another_member_is_none(at: Flask) -> None:
    device = passkey(STRANGER)
    me = factories.actor(ME)
    change(member_id=me.member_id)
    assert [each.genuine for each in store.own(by=me)] == [False]
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)
    with pytest.raises(SignInRefused):  # her keys open with a second factor alone
        accounts.sign_in(login=STRANGER, password=factories.PASSWORD, asker=BROWSER)
    assert device.counter == 0


def test_a_passkey_that_was_removed_stays_so_when_its_row_is_put_back(at: Flask) -> None:
    device = passkey(ME)
    passkey_of_mine, me = row_of(), signed_in(device).actor
    row = dict(db.session.execute(select(Passkey.__table__)).one()._mapping)
    actions.remove(passkey_id=passkey_of_mine.id, by=me)
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)
    with transaction() as session:
        session.execute(insert(Passkey).values(row))
    db.session.rollback()
    assert [each.genuine for each in store.own(by=me)] == [False]
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)  # it is not asked


def test_a_challenge_written_by_hand_is_answered_by_nobody(at: Flask) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    challenge = os.urandom(32)
    values = {"challenge": challenge, "member_id": me.member_id, "purpose": "prove", "bound_to": me.session_id}
    with transaction() as session:
        session.execute(insert(PasskeyChallenge).values(**values, made_at=clock.now(), mark=b"x" * 32))
    db.session.rollback()
    options = vault.asking(challenge, [device.credential])
    refused(
        Refusal.LATE,
        lambda: prove(passkey=device.sign(options), by=me),
    )


def test_passkeys_taken_out_of_the_rows_by_hand_leave_a_password_that_opens_nothing(at: Flask) -> None:
    passkey(ME)
    with transaction() as session:
        session.execute(delete(Passkey))
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)
    # Nor with another's row in its place, which looks like a second factor until it is asked.
    passkey(STRANGER)
    change(member_id=db.session.scalar(select(Member.id).where(Member.login == ME)))
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)


def test_the_last_passkey_is_removed_by_its_member_and_the_password_opens_again(at: Flask) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    actions.remove(passkey_id=row_of().id, by=me)
    found = accounts.resume(accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER))
    assert isinstance(found, accounts.SignedIn)
    assert found.actor.keys


def test_a_passkey_made_after_the_password_was_changed_in_the_same_browser_opens(at: Flask) -> None:
    client = at.test_client()
    person = Person(client, ME)
    person.post("/password", {"old": factories.PASSWORD, "password": NEW, "again": NEW})
    cookie = client.get_cookie("nrm")
    assert cookie is not None
    found = accounts.resume(cookie.value)
    assert isinstance(found, accounts.SignedIn)
    device = Device(ORIGIN)
    actions.make(name="x", answer=device.make(actions.ask_making(by=found.actor)), by=found.actor)
    with pytest.raises(accounts.PasskeyAsked) as asked:
        accounts.sign_in(login=ME, password=NEW, browser="a browser", asker=BROWSER)
    assert show(asked.value, device.sign(asked.value.options))


def test_a_session_that_does_not_know_the_new_password_makes_no_first_passkey(at: Flask) -> None:
    me = factories.actor(ME)
    accounts.change_password(password=factories.PASSWORD, new_password=NEW, by=me)
    with pytest.raises(accounts.SessionTooOld):
        actions.make(name="x", answer=Device(ORIGIN).make(actions.ask_making(by=me)), by=me)
    found = accounts.resume(accounts.sign_in(login=ME, password=NEW, asker=BROWSER))
    assert isinstance(found, accounts.SignedIn)


def test_new_keys_of_a_member_end_her_passkeys(at: Flask) -> None:
    passkey(ME)
    colleague = factories.actor(COLLEAGUE)
    token = beginning_anew.begin_again(member_id=row_of().member_id, by=colleague)
    factories.later(days=14)  # two work there
    assert tending.tend()["begun_anew"] == 1
    db.session.rollback()
    assert db.session.scalars(select(Passkey)).all() == []
    assert token


# Fresh proof, removing, lost


def test_a_passkey_proves_again_once_and_in_its_session(at: Flask) -> None:
    device = passkey(ME)
    me, other = signed_in(device).actor, signed_in(device).actor
    factories.later(minutes=6)
    asking = second_factor.ask_proof(by=me)
    assert (asking.code, asking.unusable) == (False, False)
    answer = device.sign(asking.options)
    refused(Refusal.LATE, lambda: prove(passkey=answer, by=other))
    prove(passkey=answer, by=me)
    db.session.rollback()
    assert db.session.get_one(MemberSession, me.session_id, populate_existing=True).proved_at == clock.now()
    refused(Refusal.LATE, lambda: prove(passkey=answer, by=me))
    for answer in ("", factories.PASSWORD):
        with pytest.raises(SignInRefused):
            prove(code=answer, by=me)


def test_a_count_that_went_back_proves_nothing(at: Flask) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    device.counter = 0
    with pytest.raises(SignInRefused):
        second_factor.prove_again(
            password=factories.PASSWORD, passkey=device.sign(second_factor.ask_proof(by=me).options), by=me
        )
    assert events("passkey_went_back") == 1


@pytest.fixture
def demanding(at: Flask) -> Flask:
    """As `at`, and a second factor is asked of everybody."""
    at.extensions["nrm.second_factor"] = True
    return at


def with_telephone(monkeypatch: pytest.MonkeyPatch, login: str = ME) -> Actor:
    monkeypatch.setattr(factories, "SECRETS", {})
    by = factories.actor(login)
    factories.later(minutes=2)
    return by


def test_a_telephone_stays_and_either_is_enough(demanding: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    by = with_telephone(monkeypatch)
    device = Device(ORIGIN)
    actions.make(name="x", answer=device.make(actions.ask_making(by=by)), by=by)
    code = factories.code_of(ME)
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, code=code, asker=BROWSER)
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password=factories.PASSWORD, code=code, asker=BROWSER)
    asking = asked()
    assert asking.takes_code
    factories.later(seconds=30)
    assert show(asking, code=factories.code_of(ME))
    asking = asked()
    with pytest.raises(SignInRefused):
        show(asking, code="000000")
    me = signed_in(device).actor
    proof = second_factor.ask_proof(by=me)
    assert proof.code
    factories.later(seconds=30)
    prove(code=factories.code_of(ME), by=me, asker=BROWSER)
    actions.remove(passkey_id=row_of().id, by=me)


def test_who_has_a_passkey_gives_the_telephone_up_and_no_code_is_taken_any_more(
    demanding: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = with_telephone(monkeypatch)
    refused(Refusal.LAST, lambda: actions.give_up_telephone(by=by))
    device = made(by)
    at_address(demanding, "https://other.example.al/")
    refused(Refusal.LAST, lambda: actions.give_up_telephone(by=by))  # no passkey can be asked for here
    at_address(demanding)
    actions.give_up_telephone(by=by)
    with pytest.raises(NotVisible):
        actions.give_up_telephone(by=by)
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password=factories.PASSWORD, code=factories.code_of(ME), asker=BROWSER)
    assert not asked().takes_code
    me = signed_in(device)
    assert not me.enrolling
    refused(Refusal.LAST, lambda: actions.remove(passkey_id=row_of().id, by=me.actor))
    assert events("telephone_given_up") == 1


def test_where_passkeys_are_demanded_a_code_is_not_enough_once_there_is_one(
    demanding: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_telephone(monkeypatch)
    at_address(demanding, passkeys="demanded")
    first = accounts.sign_in(login=ME, password=factories.PASSWORD, code=factories.code_of(ME), asker=BROWSER)
    found = accounts.resume(first)
    assert isinstance(found, accounts.SignedIn)
    assert found.enrolling
    assert found.actor.keys is None
    assert found.enrolling_as is not None
    device = Device(ORIGIN)
    answer = device.make(actions.ask_making(by=found.actor))
    with pytest.raises(vault.CannotOpen):  # nobody signs without the keys
        actions.make(name="x", answer=answer, by=found.actor)
    answer = device.make(actions.ask_making(by=found.actor))
    actions.make(name="x", answer=answer, by=found.enrolling_as)
    found = accounts.resume(first)
    assert isinstance(found, accounts.SignedIn)
    assert found.actor.keys is not None
    factories.later(minutes=1)
    asking = asked(code=factories.code_of(ME))
    assert not asking.takes_code
    with pytest.raises(SignInRefused):
        show(asking, code=factories.code_of(ME))
    me = signed_in(device).actor
    proof = second_factor.ask_proof(by=me)
    assert not proof.code
    with pytest.raises(SignInRefused):
        prove(code=factories.code_of(ME), by=me, asker=BROWSER)
    refused(Refusal.LAST, lambda: actions.remove(passkey_id=row_of().id, by=me))
    # A command cannot ask for one: who sits at the server types the code.
    assert accounts.sign_in(login=ME, password=factories.PASSWORD, code=factories.code_of(ME))


def test_the_last_factor_is_not_removed_where_one_is_demanded_and_is_elsewhere(demanding: Flask) -> None:
    demanding.extensions["nrm.second_factor"] = False
    device = passkey(ME)
    me = signed_in(device).actor
    demanding.extensions["nrm.second_factor"] = True
    refused(Refusal.LAST, lambda: actions.remove(passkey_id=row_of().id, by=me))
    actions.make(name="two", answer=Device(ORIGIN).make(actions.ask_making(by=me)), by=me)
    one, two = (each.id for each in store.own(by=me))
    actions.remove(passkey_id=one, by=me)
    refused(Refusal.LAST, lambda: actions.remove(passkey_id=two, by=me))
    demanding.extensions["nrm.second_factor"] = False
    actions.remove(passkey_id=two, by=me)
    assert store.own(by=me) == []
    assert events("passkey_removed") == 2


def test_nobody_removes_anothers(at: Flask) -> None:
    passkey(ME)
    with pytest.raises(NotVisible):
        actions.remove(passkey_id=row_of().id, by=factories.actor(COLLEAGUE))
    assert row_of()


@pytest.mark.slow
def test_a_colleague_takes_lost_passkeys_away(demanding: Flask) -> None:
    demanding.extensions["nrm.second_factor"] = False
    device = passkey(ME)
    me, colleague = signed_in(device), factories.actor(COLLEAGUE)
    line = next(each for each in account_store.members(by=colleague, size=1000).rows if each.login == ME)
    assert line.has_second_factor
    demanding.extensions["nrm.second_factor"] = True
    assert me.actor.member_id
    row = dict(db.session.execute(select(Passkey.__table__)).one()._mapping)
    for tries in range(2):
        lost = accounts.resume(second_factor.begin_lost(login=ME, password=factories.PASSWORD, asker=BROWSER))
        assert isinstance(lost, accounts.SignedIn)
        assert (lost.lacks_factor, lost.actor.keys, lost.enrolling_as and lost.enrolling_as.keys) == (True, None, None)
        factories.SECRETS[ME] = second_factor.propose(by=lost.actor).secret
        second_factor.set_up(code=factories.code_of(ME), by=lost.actor)
        if not tries:
            assert signed_in(device)  # until the words are typed the passkey counts, and ends what waits for them
            assert words.shown(by=lost.actor) is None
    factories.let_in(lost.actor, by=colleague)
    with transaction() as session:
        assert session.scalars(select(Passkey)).all() == []
        session.execute(insert(Passkey).values(row))
    db.session.rollback()
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)
    factories.later(seconds=30)
    found = accounts.resume(
        accounts.sign_in(login=ME, password=factories.PASSWORD, code=factories.code_of(ME), asker=BROWSER)
    )
    assert isinstance(found, accounts.SignedIn)
    assert found.factors.code
    assert [each.genuine for each in store.own(by=found.actor)] == [False]


def test_a_passkey_alone_is_a_second_factor_where_one_is_demanded(demanding: Flask) -> None:
    found = accounts.resume(accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER))
    assert isinstance(found, accounts.SignedIn)
    assert found.enrolling
    assert found.enrolling_as
    device = Device(ORIGIN)
    actions.make(name="x", answer=device.make(actions.ask_making(by=found.actor)), by=found.enrolling_as)
    assert not signed_in(device).enrolling
    with transaction() as session:
        session.execute(delete(RemovedFactor))
    vault.remove([row_of()])
    with pytest.raises(SignInRefused):  # her keys open with a second factor alone
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)


# A lost password


def recovery_code(login: str = ME) -> tuple[Actor, str]:
    by = factories.actor(login)
    return by, members.make_code(password=factories.PASSWORD, by=by)


def recovery(code: str, login: str = ME, **more: str) -> accounts.PasskeyAsked:
    with pytest.raises(accounts.PasskeyAsked) as found:
        accounts.recover(login=login, code=code, new_password=NEW, browser="a browser", asker=BROWSER, **more)
    return found.value


def recover(asking: accounts.PasskeyAsked, answer: str = "", code: str = "", browser: str = "a browser") -> str:
    return actions.recover(token=asking.token, browser=browser, answer=answer, code=code, asker=BROWSER)


def test_a_recovery_code_needs_the_passkey_too(at: Flask) -> None:
    by, code = recovery_code()
    device = made(by)
    with pytest.raises(SignInRefused):
        accounts.recover(login=ME, code="AAAA", new_password=NEW, asker=BROWSER)
    asking = recovery(code)
    with pytest.raises(SignInRefused):
        recover(asking, Device(ORIGIN).sign(asking.options))
    asking = recovery(code)
    refused(Refusal.LATE, lambda: recover(asking, device.sign(asking.options), browser="another"))
    # What waits for a recovery begins no session, and the other way round.
    refused(Refusal.LATE, lambda: show(asking, device.sign(asking.options)))
    signing_in = asked()
    refused(Refusal.LATE, lambda: recover(signing_in, device.sign(signing_in.options)))
    following = recover(asking, device.sign(asking.options))
    assert following != code
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=ME, password=factories.PASSWORD, asker=BROWSER)
    again = asked(password=NEW)
    assert show(again, device.sign(again.options))
    with pytest.raises(SignInRefused):
        accounts.recover(login=ME, code=code, new_password="a third life of a cat", asker=BROWSER)


def test_of_two_windows_with_one_recovery_code_one_sets_the_password(at: Flask) -> None:
    by, code = recovery_code()
    device = made(by)
    one, two = recovery(code), recovery(code)
    assert recover(one, device.sign(one.options))
    with pytest.raises(SignInRefused):
        recover(two, device.sign(two.options))


def test_a_recovery_takes_a_code_where_that_is_enough(demanding: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    by = with_telephone(monkeypatch)
    code = members.make_code(password=factories.PASSWORD, by=by)
    made(by)
    for wrong in ("000000", "junk"):
        with pytest.raises(SignInRefused):
            accounts.recover(login=ME, code=code, new_password=NEW, second_factor=wrong, asker=BROWSER)
    asking = recovery(code)
    assert asking.takes_code
    with pytest.raises(SignInRefused):
        recover(asking)
    at_address(demanding, passkeys="demanded")
    asking = recovery(code, second_factor=factories.code_of(ME))
    with pytest.raises(SignInRefused):
        recover(asking, code=factories.code_of(ME))
    at_address(demanding)
    factories.later(seconds=30)
    assert recover(recovery(code), code=factories.code_of(ME))


def test_rows_by_hand_do_not_take_the_code_out_of_a_recovery(demanding: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    by = with_telephone(monkeypatch)
    code = members.make_code(password=factories.PASSWORD, by=by)
    by_hand(ME, Device(ORIGIN))
    for second in ("", "000000"):
        with pytest.raises(SignInRefused):
            accounts.recover(login=ME, code=code, new_password=NEW, second_factor=second, asker=BROWSER)
    factories.later(minutes=1)
    assert accounts.recover(login=ME, code=code, new_password=NEW, second_factor=factories.code_of(ME), asker=BROWSER)


def test_the_pages_of_a_lost_password_ask_for_the_passkey(at: Flask) -> None:
    by, code = recovery_code()
    device = made(by)
    client = at.test_client()
    data = {"login": ME, "code": code, "password": NEW, "again": NEW}
    for right in (False, True):
        page = client.post("/recover", data={**data, "csrf_token": token_in(client.get("/recover").text)}).text
        waits = WAITS.search(page)
        assert waits
        assert NEW not in page
        assert code not in page
        answer = (device if right else Device(ORIGIN)).sign(options_in(page))
        sent = {"waits": waits[1], "passkey": answer, "csrf_token": token_in(page)}
        answered = client.post("/recover/passkey", data=sent)
        assert answered.status_code == (303 if right else 422)
        assert ('class="code"' in client.get("/shown/code").text) is right
    assert client.post("/recover/passkey", data=sent).status_code == 422
    assert client.post("/recover/passkey", data={**sent, "csrf_token": "junk"}).status_code == 422
    assert client.get("/recover/passkey").headers["Location"] == "/recover"


# The address


def test_a_passkey_of_another_address_is_not_asked_and_not_forgotten(at: Flask) -> None:
    device = passkey(ME)
    me = signed_in(device).actor
    at_address(at, "https://other.example.al/")
    asking = asked()
    assert asking.options == ""
    with pytest.raises(SignInRefused):
        show(asking, device.sign(vault.asking(os.urandom(32), [device.credential])))
    assert [each.elsewhere for each in store.own(by=me)] == [HOST]


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:5000/", "https://192.0.2.1/"])
def test_without_a_name_of_a_host_none_is_offered(app: Flask, address: str) -> None:
    at_address(app, address)
    assert not actions.offered()
    me = Person(app.test_client(), ME)
    for path in ("/passkeys", "/passkeys/new"):
        me.get(path, 404)
    assert "/passkeys" not in me.get("/members")
    with pytest.raises(NotVisible):
        actions.ask_making(by=factories.actor(ME))


# The pages


OPTIONS = re.compile(r'data-passkey="([^"]+)"')
WAITS = re.compile(r'name="waits" value="([^"]+)"')


def options_in(page: str) -> str:
    found = OPTIONS.search(page)
    assert found, page[:3000]
    return html.unescape(found[1])


def first_step(client: FlaskClient, login: str = ME, **more: str) -> Any:
    data = {"login": login, "password": factories.PASSWORD, "csrf_token": token_in(client.get("/sign-in").text)}
    return client.post("/sign-in", data={**data, **more})


def through_the_pages(app: Flask, device: Device, login: str = ME, **more: str) -> tuple[FlaskClient, Any]:
    client = app.test_client()
    page = first_step(client, login, **more).text
    waits = WAITS.search(page)
    assert waits
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    data = {"waits": waits[1], "passkey": device.sign(options_in(page)), "csrf_token": token_in(page)}
    return client, client.post("/sign-in/passkey", data={**data, **({"carried": carried[1]} if carried else {})})


def test_the_pages_make_one_list_it_ask_for_it_and_remove_it(at: Flask) -> None:
    me = Person(at.test_client(), ME)
    assert "/passkeys" in me.get("/members")
    page = me.get("/passkeys/new")
    device = Device(ORIGIN)
    answer = device.make(options_in(page))
    again = me.post("/passkeys/new", {"name": "", "passkey": answer}, 422)
    assert me.post("/passkeys/new", {"name": "this laptop", "passkey": device.make(options_in(again))}) == "/passkeys"
    assert "this laptop" in me.get("/passkeys")
    client, answer_ = through_the_pages(at, device)
    assert answer_.status_code == 303
    assert answer_.headers["Location"] == "/"
    assert client.get("/cases").status_code == 200
    assert any("nrm-known" in each for each in answer_.headers.getlist("Set-Cookie"))
    page = client.get("/passkeys/new").text
    new = {"name": "another", "passkey": Device(ORIGIN).make(options_in(page)), "csrf_token": token_in(page)}
    factories.later(minutes=6)
    assert client.post("/passkeys/new", data=new).status_code == 401  # the proof is not fresh any more
    assert row_of().name == "this laptop"
    address = f"/passkeys/{row_of().id}/remove"
    token = token_in(client.get("/").text)
    page = client.get(address).text
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    data = {"carried": carried[1], "passkey_proof": device.sign(options_in(page)), "csrf_token": token, **PASSWORD}
    assert client.post("/prove", data=data).headers["Location"] == address
    assert client.post(address, data={"csrf_token": token}).headers["Location"] == "/passkeys"
    assert "this laptop" not in client.get("/passkeys").text


def test_a_form_that_asks_for_a_fresh_passkey_loses_nothing(at: Flask) -> None:
    device = passkey("administrator")
    client, _ = through_the_pages(at, device, "administrator")
    token = token_in(client.get("/").text)
    factories.later(minutes=6)
    new = {"organisation": "MOLSA", "role": "statistician", "login": "molsa.new", "name": "New One"}
    page = client.post("/members/invite", data={**new, "csrf_token": token})
    assert page.status_code == 401
    assert 'name="login" value="molsa.new"' in page.text
    assert 'name="step_up_code"' not in page.text
    for wrong in ("", "{}", Device(ORIGIN).sign(options_in(page.text))):
        data = {**new, "passkey_proof": wrong, "csrf_token": token, **PASSWORD}
        page = client.post("/members/invite", data=data)
        assert page.status_code == 422
        assert 'name="login" value="molsa.new"' in page.text
        assert page.text.count('name="passkey_proof"') == 1
    data = {**new, "passkey_proof": device.sign(options_in(page.text)), "csrf_token": token, **PASSWORD}
    assert client.post("/members/invite", data=data).headers["Location"] == "/shown"


def test_before_the_right_password_nobody_learns_who_has_passkeys(at: Flask) -> None:
    passkey(ME)
    client = at.test_client()
    token = token_in(client.get("/sign-in").text)
    bodies = set()
    for login in (ME, STRANGER, "nobody.at_all"):
        data = {"login": login, "password": "wrong", "csrf_token": token}
        answer = client.post("/sign-in", data=data)
        assert answer.status_code == 422
        bodies.add(answer.text.replace(login, ""))
    assert len(bodies) == 1


def test_who_is_of_a_suspended_organisation_reads_why_after_the_passkey_and_not_before(at: Flask) -> None:
    house, admin = factories.actor(ME).organisation_id, factories.actor("administrator")
    assert house is not None
    device = passkey(ME)
    organisations.suspend(organisation_id=house, reason=OrganisationReason.KEY_LOST, by=admin)
    told = "Organizata juaj është pezulluar"
    assert told not in first_step(at.test_client()).text
    for shown in (Device(ORIGIN, credential=device.credential), device):
        _, answer = through_the_pages(at, shown)
        assert (answer.status_code, told in answer.text) == (422, shown is device)


def test_who_waits_for_a_colleague_reads_so_after_the_passkey(at: Flask) -> None:
    device = passkey(ME)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == ME).values(waits_at=clock.now()))
    _, answer = through_the_pages(at, device)
    assert answer.status_code == 422
    assert "U shkruan tepër kode të gabuara" in answer.text


def test_a_wrong_answer_leads_back_to_the_sign_in_page_and_a_late_one_too(at: Flask) -> None:
    device = passkey(ME)
    _, answer = through_the_pages(at, Device(ORIGIN, credential=device.credential))
    assert answer.status_code == 422
    assert 'action="/sign-in"' in answer.text
    client = at.test_client()
    page = first_step(client).text
    waits = WAITS.search(page)
    assert waits
    data = {"waits": waits[1], "passkey": device.sign(options_in(page)), "csrf_token": token_in(page)}
    factories.later(LASTS)
    assert client.post("/sign-in/passkey", data=data).status_code == 422
    assert client.post("/sign-in/passkey", data={**data, "csrf_token": "junk"}).status_code == 422
    assert client.get("/sign-in/passkey").headers["Location"] == "/sign-in"


def test_guessing_after_a_right_password_is_slowed(at: Flask) -> None:
    passkey(ME)
    got = []
    for _ in range(11):
        try:
            asking = asked()
        except AssertionError:
            raise
        except Exception as error:
            got.append(type(error).__name__)
            break
        with pytest.raises(SignInRefused):
            show(asking, Device(ORIGIN).sign(asking.options))
    assert got == ["TooSoon"]


def test_a_colleague_is_shown_how_to_help_also_where_no_factor_is_demanded(at: Flask) -> None:
    passkey(ME)
    colleague = Person(at.test_client(), COLLEAGUE)
    client = at.test_client()
    assert "/lost-telephone" in client.get("/sign-in").text
    page = client.get("/lost-telephone").text
    data = {"login": ME, "password": factories.PASSWORD, "csrf_token": token_in(page)}
    assert client.post("/lost-telephone", data=data).location == "/second-factor"
    page = client.get("/second-factor").text
    secret = re.search(r'<strong class="pick">([A-Z2-7 ]+)<', page)
    assert secret
    code = second_factor.code_now(secret[1].replace(" ", ""))
    answer = client.post("/second-factor", data={"code": code, "csrf_token": token_in(page)})
    assert answer.location == "/my-words"
    assert f"/members/{row_of().member_id}/words" in colleague.get("/members")


def test_a_command_says_that_it_cannot_ask_for_a_passkey(at: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    passkey(ME)
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)
    with pytest.raises(Refused, match="a passkey, which only a browser asks"), usage.signed_in(at, ME):
        pytest.fail("signed in")


def test_a_form_that_came_too_late_waits_behind_the_passkey(at: Flask) -> None:
    device = passkey(ME)
    client, _ = through_the_pages(at, device)
    token = token_in(client.get("/").text)
    factories.later(minutes=20)
    late = client.post("/cases/find", data={"csrf_token": token, "code": "x"})
    carried = re.search(r'name="carried" value="([^"]+)"', late.text)
    assert carried
    data = {"carried": carried[1], "login": ME, "password": factories.PASSWORD, "csrf_token": token_in(late.text)}
    page = client.post("/sign-in", data=data).text
    waits, kept = WAITS.search(page), re.search(r'name="carried" value="([^"]+)"', page)
    assert waits
    assert kept
    data = {"waits": waits[1], "passkey": device.sign(options_in(page)), "csrf_token": token_in(page)}
    answer = client.post("/sign-in/passkey", data={**data, "carried": kept[1]})
    assert answer.status_code == 200
    assert "/cases/find" in answer.text


def test_a_hidden_screen_comes_back_by_the_password_and_proves_by_the_passkey(at: Flask) -> None:
    device = passkey(ME)
    client, _ = through_the_pages(at, device)
    client.post("/hide-screen", data={"hidden_at": "/members"})
    page = client.get("/unlock").text
    data = {"password": factories.PASSWORD, "csrf_token": token_in(page)}
    answer = client.post("/unlock", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/members?kept=1")
    factories.later(minutes=6)
    page = client.get("/passkeys/new").text
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    token = token_in(page)
    data = {"carried": carried[1], "passkey_proof": device.sign(options_in(page)), "csrf_token": token, **PASSWORD}
    assert client.post("/prove", data=data).headers["Location"] == "/passkeys/new"


def test_who_has_to_make_one_first_reaches_nothing_else(at: Flask) -> None:
    at_address(at, passkeys="demanded")
    client = at.test_client()
    assert first_step(client).status_code == 303
    for path in ("/", "/cases", "/members", "/passkeys", "/password"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/passkeys/new"), path
    factories.later(minutes=6)  # who takes long is asked for the password again, and gets on
    page = client.get("/passkeys/new").text
    token = token_in(page)
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    proof = {"carried": carried[1], "step_up": factories.PASSWORD, "csrf_token": token}
    assert client.post("/prove", data=proof).headers["Location"] == "/passkeys/new"
    page = client.get("/passkeys/new").text
    data = {"name": "x", "passkey": Device(ORIGIN).make(options_in(page)), "csrf_token": token}
    assert client.post("/passkeys/new", data=data).headers["Location"] == "/"
    assert client.get("/cases").status_code == 200


# Whatever is sent


@pytest.mark.parametrize(
    "answer", ["{}", "null", "[]", "junk", '{"response": {}}', "\x00", "\ud800".encode("utf-8", "surrogatepass")]
)
@pytest.mark.parametrize("path", ["/sign-in/passkey", "/recover/passkey", "/prove", "/passkeys/new"])
def test_junk_gets_the_form_again(at: Flask, path: str, answer: str | bytes) -> None:
    device = passkey(ME)
    client, _ = through_the_pages(at, device)
    if path == "/prove":
        factories.later(minutes=6)
    outside = path.endswith("/passkey")
    browser = at.test_client() if outside else client
    page = first_step(browser).text if outside else client.get("/passkeys/new").text
    waits = WAITS.search(page)
    data = {"waits": waits[1] if waits else "", "name": "x", "csrf_token": token_in(page)}
    found = browser.post(path, data={**data, "passkey": answer, "passkey_proof": answer})
    assert found.status_code == 422
    for junk in ("", "junk", "x" * 5000):
        assert (
            browser.post(path, data={**data, "waits": junk, "passkey": answer, "passkey_proof": answer}).status_code
            == 422
        )


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = ("id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature")


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=JUNK | st.binary(max_size=200).map(text), whole=st.booleans())
def test_no_answer_however_built_is_more_than_refused(at: Flask, place: str, value: Any, whole: bool) -> None:
    """The vault says no, and nothing else is raised."""
    device, challenge = Device(ORIGIN), os.urandom(32)
    options = vault.making(challenge, member_id=uuid.uuid4(), login=ME, known=[])
    new = vault.made(device.make(options), challenge)
    row = Passkey(member_id=uuid.uuid4(), public_key=new.public_key, credential=new.credential)
    for answer, take in (
        (device.make(options), lambda text: vault.made(text, challenge)),
        (device.sign(vault.asking(challenge, [])), lambda text: vault.counted(row, text, challenge)),
    ):
        told = json.loads(answer)
        inside = told["response"] if place in told["response"] else told
        if whole or place not in inside:
            changed = json.dumps(value)
        elif inside[place] == value:
            continue
        else:
            inside[place] = value
            changed = json.dumps(told)
        refused(Refusal.WRONG, lambda take=take, changed=changed: take(changed))  # type: ignore[misc]
        vault.challenge_of(changed)
        vault.credential_of(changed)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[" * 10_000,
        "9" * 10_000,
        json.dumps({"response": {"clientDataJSON": text(b"[" * 9_000)}}),
        "x" * 20_000,
        '{"rawId": 1}',
    ],
    ids=lambda text: text[:10],
)
def test_an_answer_that_would_exhaust_a_parser_is_refused(at: Flask, answer: str) -> None:
    me = Person(at.test_client(), ME)
    me.post("/passkeys/new", {"name": "x", "passkey": answer}, 422)


@pytest.mark.parametrize(
    "built", [b"\x81" * 9_000, b"\x9f" * 9_000, b"\xd8\x1c" * 4_000, b"\x5b" + b"\xff" * 8, b"\xa1" * 9_000]
)
def test_an_attestation_that_nests_for_ever_or_is_as_long_as_it_says_is_refused(at: Flask, built: bytes) -> None:
    by = factories.actor(ME)
    answer = json.loads(Device(ORIGIN).make(actions.ask_making(by=by)))
    answer["response"]["attestationObject"] = text(built)
    refused(Refusal.WRONG, lambda: actions.make(name="x", answer=json.dumps(answer), by=by))
