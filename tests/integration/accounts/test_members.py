"""Leaving, beginning again, recovery codes, and new versions of a keyring: on both databases, in races, and killed."""

from __future__ import annotations

import functools
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import delete, func, select, text, update

from nrm import audit, db
from nrm.actions import tending
from nrm.actions.accounts import accounts, beginning_anew, joining, members, sealing_again, second_hands, words
from nrm.actions.interviews import interview_sending
from nrm.actions.referrals import proposals, referrals
from nrm.actions.shelter import cases
from nrm.cli import keys as commands
from nrm.cli.refusals import Refused
from nrm.db import db as database
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role, SignInRefused, UnusableInvitation
from nrm.domain.accounts.members import (
    GoneForGood,
    KeyHappening,
    OwnAccount,
    TooFewKeyHolders,
    WrongCode,
)
from nrm.domain.accounts.vouching import NotYet
from nrm.domain.accounts.words import OutsideFirst
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.models.accounts.accounts import KeyEvent, Keyring, KeyringWrap, Member, MemberSession
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Grant, PendingGrant, ShredKey
from nrm.steps.shelter import cases as case_steps
from nrm.store.accounts import members as store
from nrm.store.referrals import referrals as referral_store
from nrm.vault import compartments, grants, keyrings
from tests import factories, races, thief
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person, token_in
from tests.integration.keys.test_key_closure import Closure, Files, keys, opened
from tests.killing import dies, killed
from tests.world import World


@pytest.fixture(params=["app", "postgres_app"])
def instance(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    return found


def member(login: str) -> Member:
    found = database.session.scalar(
        select(Member).where(Member.login == login).execution_options(populate_existing=True)
    )
    assert found is not None
    return found


def versions(kind: type[Grant] | type[PendingGrant], code: str) -> set[int]:
    party = people.organisation(code)
    return set(database.session.scalars(select(kind.keyring_version).where(kind.organisation_id == party)))


def reads(case_id: object, login: str) -> bool:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)  # type: ignore[arg-type]
    return case_steps.opened(case_id=case_id, by=by)[Compartment.IDENTITY].value["given"] == people.PLANTED  # type: ignore[arg-type]


def needs_doctor(referral_id: uuid.UUID, by: Actor) -> bool:
    """What the list of who waits for an answer says."""
    (line,) = [each for each in referral_store.received(by=by).rows if each.id == referral_id]
    return line.doctor


def invited(login: str, code: str = "NRC", role: Role = Role.CASE_WORKER) -> str:
    return joining.invite(
        organisation_id=people.organisation(code),
        login=login,
        name="New",
        role=role,
        by=factories.actor("ra.duty_officer" if code == "RA" else f"{code.lower()}.shelter_manager"),
    )


def at_once(app: Flask, *doing: Callable[[], object]) -> None:
    """Do all at once, each in a thread; anything raised fails."""
    assert races.raised_by(app, *doing) == []


def test_who_leaves_reaches_nothing_at_once_and_the_others_go_on(instance: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    live, pending = people.sent(rinas), people.sent(rinas, hurt="yes")
    referrals.accept(referral_id=live.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    cookie = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    leaver, manager = member("nrc.case_worker"), factories.actor("nrc.shelter_manager")
    hands.ended(leaver.id, manager)
    assert accounts.resume(cookie) is None
    with pytest.raises(SignInRefused):
        accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    assert not database.session.scalar(select(func.count()).where(KeyringWrap.member_id == leaver.id))
    assert not database.session.scalar(select(func.count()).where(MemberSession.member_id == leaver.id))
    assert reads(live.case_id, "nrc.shelter_manager")  # before anything was moved
    stands = store.keys(by=manager)
    assert (stands.version, stands.due_at, stands.unfinished) == (2, None, True)
    assert tending.tend()["keyrings_due"] == 1

    assert needs_doctor(pending.referral_id, manager)  # with the key before
    moved = sealing_again.move_grants(by=manager)
    assert (moved.version, moved.left, moved.unopenable, moved.done) == (2, 0, 0, True)
    assert needs_doctor(pending.referral_id, manager)
    assert versions(Grant, "NRC") == versions(PendingGrant, "NRC") == {2}
    assert tending.tend()["keyrings_due"] == 1  # what the leaver may have kept opens still
    assert sealing_again.seal_again(by=manager).done
    assert tending.tend()["keyrings_due"] == 0
    old = select(func.count()).select_from(KeyringWrap).join(Keyring, Keyring.id == KeyringWrap.keyring_id)
    assert not database.session.scalar(
        old.where(Keyring.organisation_id == people.organisation("NRC"), Keyring.version == 1)
    )
    assert reads(live.case_id, "nrc.shelter_manager")
    # A second holder is needed before what waits can be accepted; then the moved pending grant opens.
    with pytest.raises(TooFewKeyHolders):
        referrals.accept(referral_id=pending.referral_id, place_id=people.bed("NRC", 1), by=manager)
    token = invited("nrc.second")
    factories.join(token)
    factories.confirm("nrc.second", by=manager)
    second = factories.actor("nrc.second")
    referrals.accept(referral_id=pending.referral_id, place_id=people.bed("NRC", 1), by=second)
    assert reads(pending.case_id, "nrc.second")
    assert reads(live.case_id, "nrc.second")
    assert list(audit.verify(database.session())) == []


def test_when_the_duty_desk_agrees_a_key_holder_makes_the_new_key(app: Flask) -> None:
    desk, manager = factories.actor("ra.duty_officer"), factories.actor("nrc.shelter_manager")
    act_id = hands.asked(lambda: members.disable(member_id=member("nrc.case_worker").id, by=manager))
    second_hands.agree(act_id=act_id, by=desk)
    stands = store.keys(by=manager)
    assert stands.due_at is not None
    assert stands.version == 1
    assert tending.tend()["keyrings_due"] == 1
    with pytest.raises(NotPermitted):
        sealing_again.renew_keyring(by=factories.actor("administrator"))
    assert sealing_again.renew_keyring(by=manager) == 2
    assert sealing_again.renew_keyring(by=manager) == 2  # the move to it has not ended
    assert sealing_again.move_grants(by=manager).done
    told = [(each.event, each.member, each.by) for each in store.key_events(by=manager)]
    assert (KeyHappening.DISABLED, "Test case_worker", "Test duty_officer") in told


def test_who_left_comes_back_within_14_days_with_the_keys_they_had(app: Flask) -> None:
    manager = factories.actor("nrc.shelter_manager")
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    leaver = member("nrc.case_worker").id
    hands.ended(leaver, manager)
    with pytest.raises(NotPermitted):
        members.bring_back(member_id=leaver, by=factories.actor("administrator"))
    with pytest.raises(NotVisible):
        members.bring_back(member_id=leaver, by=factories.actor("vatra.shelter_manager"))
    factories.later(days=13, hours=23)
    assert tending.tend()["keys_forgotten"] == 0
    manager = factories.actor("nrc.shelter_manager")  # two hands ended it: so two let them in again
    hands.agreed(hands.asked(lambda: members.bring_back(member_id=leaver, by=manager)), factories.actor(hands.DESK))
    assert member("nrc.case_worker").status == "waiting"
    with pytest.raises((NotVisible, sealing_again.CannotOpen)):
        reads(sent.case_id, "nrc.case_worker")
    # While they wait, time passes; and nobody is told that a name was changed by another hand.
    tending.tend()
    assert member("nrc.case_worker").status == "waiting"
    colleague = Person(app.test_client(), "nrc.shelter_manager")
    for page in ("/", "/members"):
        assert "is not the one that was signed" not in colleague.get(f"{page}?lang=en")
    factories.confirm("nrc.case_worker", by=factories.actor("nrc.shelter_manager"))
    assert reads(sent.case_id, "nrc.case_worker")
    assert list(audit.verify(database.session())) == []


def test_after_14_days_the_keys_of_who_left_are_gone_and_nobody_lets_them_in(app: Flask) -> None:
    manager, leaver = factories.actor("nrc.shelter_manager"), member("nrc.case_worker").id
    hands.ended(leaver, manager)
    assert member("nrc.case_worker").sealed_kem is not None
    factories.later(days=14)
    with pytest.raises(GoneForGood):
        members.bring_back(member_id=leaver, by=factories.actor("nrc.shelter_manager"))
    assert tending.tend()["keys_forgotten"] == 1
    assert tending.tend()["keys_forgotten"] == 0
    gone = member("nrc.case_worker")
    assert (gone.sealed_kem, gone.sealed_kem_recovery, gone.verifier, gone.left_at) == (None, None, None, None)


def test_nobody_disables_strangers_themselves_or_the_last_key_holder(app: Flask) -> None:
    manager, officer = factories.actor("nrc.shelter_manager"), factories.actor("vatra.case_worker")
    with pytest.raises(NotVisible):
        members.disable(member_id=member("nrc.case_worker").id, by=officer)
    with pytest.raises(NotPermitted):
        members.disable(member_id=member("nrc.case_worker").id, by=factories.actor("molsa.statistician"))
    with pytest.raises(OwnAccount):
        members.disable(member_id=member("nrc.shelter_manager").id, by=manager)
    with pytest.raises(NotPermitted):
        members.disable(member_id=member("rinas.border_officer").id, by=factories.actor("administrator"))
    assert accounts.sign_in(login="rinas.border_officer", password=factories.PASSWORD)


def test_the_page_says_that_nobody_lets_themselves_in_again(app: Flask) -> None:
    person = Person(app.test_client(), "nrc.shelter_manager")
    own = factories.actor(person.login).member_id
    assert "You cannot do this to your own account" in person.post(f"/members/{own}/back?lang=en", status=409)


def test_who_lost_everything_begins_again_and_a_colleague_decides(app: Flask) -> None:
    rinas, manager = factories.actor("rinas.border_officer"), factories.actor("nrc.shelter_manager")
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=manager)
    lost = member("nrc.case_worker")
    cookie, before = accounts.sign_in(login=lost.login, password=factories.PASSWORD), lost.kem_public
    with pytest.raises(NotPermitted):
        beginning_anew.begin_again(member_id=lost.id, by=factories.actor("administrator"))
    with pytest.raises(NotVisible):
        beginning_anew.begin_again(member_id=lost.id, by=factories.actor("vatra.case_worker"))
    token = beginning_anew.begin_again(member_id=lost.id, by=manager)
    assert isinstance(accounts.resume(cookie), accounts.SignedIn)  # two work there: for 14 days it goes on
    with pytest.raises(NotYet):
        joining.invited(token)
    factories.later(days=14)
    manager = factories.actor("nrc.shelter_manager")
    cookie = accounts.sign_in(login=lost.login, password=factories.PASSWORD)
    assert tending.tend()["begun_anew"] == 1
    assert accounts.resume(cookie) is None
    with pytest.raises(SignInRefused):
        accounts.sign_in(login=lost.login, password=factories.PASSWORD)
    joined = factories.join(token)
    assert joined.waiting
    with pytest.raises(UnusableInvitation):
        joining.join(token=token, password=factories.PASSWORD)
    assert member(lost.login).kem_public != before
    waiting = factories.actor(lost.login)
    with pytest.raises((sealing_again.CannotOpen, NotVisible)):
        cases.open_compartment(case_id=sent.case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=waiting)
    # Nobody else works there: the duty desk hears the words first, and then the one who asked types them, too.
    with pytest.raises(OutsideFirst):
        factories.confirm(lost.login, by=manager)
    # It came by time alone, so the desk agrees first, and where only one is there, types a day later (ADR 0172).
    beginning_anew.agree_to_anew(member_id=lost.id, called_back=True, by=factories.actor(hands.DESK))
    factories.later(hours=25)
    said = words.shown(by=factories.actor(lost.login))
    assert said is not None
    for typist in (factories.actor(hands.DESK), factories.actor("nrc.shelter_manager")):
        words.type_words(member_id=lost.id, typed=said.words, called_back=True, by=typist)
    assert reads(sent.case_id, lost.login)
    told = [each.event for each in store.key_events(by=factories.actor("nrc.shelter_manager"))]
    assert told.count(KeyHappening.ANEW_ASKED) == told.count(KeyHappening.BEGINS_ANEW) == 1
    assert list(audit.verify(database.session())) == []


def test_without_two_checked_codes_nobody_is_accepted_and_the_route_says_so(app: Flask) -> None:
    rinas, manager = factories.actor("rinas.border_officer"), factories.actor("nrc.shelter_manager")
    waiting = people.sent(rinas)
    with transaction() as session:  # an account of before: it never typed one in
        session.execute(delete(KeyEvent).where(KeyEvent.event == "code_checked"))
    code = members.make_code(password=factories.PASSWORD, by=manager)
    with pytest.raises(TooFewKeyHolders):
        referrals.accept(referral_id=waiting.referral_id, place_id=people.bed("NRC"), by=manager)
    proposed = proposals.propose(interview_id=people.interview(rinas), by=rinas)
    (asked,) = [each for each in proposed.proposed if each.party == "NRC"]
    assert asked.caution is not None
    assert "accepts in the system once two people hold it" in asked.caution["en"]
    with pytest.raises(WrongCode):
        members.check_code(code=code[:-4] + "AAAA", by=manager)
    members.check_code(code=f" {code.lower()} ", by=manager)
    referrals.accept(referral_id=waiting.referral_id, place_id=people.bed("NRC"), by=manager)
    # Who typed one in and makes another stops nobody; the page of the keys still counts them, and asks for it.
    again = people.sent(rinas)
    members.make_code(password=factories.PASSWORD, by=manager)
    assert store.keys(by=manager).enough and not store.keys(by=manager).code_checked  # noqa: PT018
    referrals.accept(referral_id=again.referral_id, place_id=people.bed("NRC", 1), by=manager)


def test_a_new_code_kills_the_old_one_and_takes_the_password(app: Flask) -> None:
    manager = factories.actor("nrc.shelter_manager")
    with pytest.raises(SignInRefused):
        members.make_code(password="not the password at all", by=manager)
    first = members.make_code(password=factories.PASSWORD, by=manager)
    second = members.make_code(password=factories.PASSWORD, by=manager)
    with pytest.raises(WrongCode):
        members.check_code(code=first, by=manager)
    members.check_code(code=second, by=manager)
    with pytest.raises(SignInRefused):
        accounts.recover(login=manager_login(manager), code=first, new_password="another nine lives entirely")
    accounts.recover(login=manager_login(manager), code=second, new_password="another nine lives entirely")


def manager_login(by: Actor) -> str:
    return database.session.get_one(Member, by.member_id).login


def test_an_imported_line_is_recognised_after_the_first_version_is_gone(app: Flask) -> None:
    rinas = factories.actor("rinas.border_officer")
    before = keyrings.organisation_mark(database.session(), b"a line", by=rinas)
    sealing_again.renew_keyring(by=rinas)
    assert sealing_again.move_grants(by=rinas).done
    again = factories.actor("rinas.border_officer")
    assert keyrings.organisation_mark(database.session(), b"a line", by=again) == before
    # An instance from before import keys had a place of their own derives the same key it always had.
    vatra = factories.actor("vatra.case_worker")
    with transaction() as session:
        session.execute(
            update(Keyring).where(Keyring.organisation_id == vatra.organisation_id).values(sealed_import_key=None)
        )
    derived = keyrings.organisation_mark(database.session(), b"a line", by=vatra)
    sealing_again.renew_keyring(by=vatra)
    assert sealing_again.move_grants(by=vatra).done
    assert keyrings.organisation_mark(database.session(), b"a line", by=factories.actor("vatra.case_worker")) == derived


def test_a_member_made_active_by_hand_gets_no_new_keyring(app: Flask) -> None:
    """A person who can write to the database adds a wrap and a status, and waits for the next version."""
    token = invited("nrc.accomplice")
    factories.join(token)
    accomplice, manager = member("nrc.accomplice"), factories.actor("nrc.shelter_manager")
    ring = database.session.scalars(select(Keyring).where(Keyring.organisation_id == people.organisation("NRC"))).one()
    with transaction() as session:
        session.execute(update(Member).where(Member.id == accomplice.id).values(status="active"))
        theirs = session.scalars(select(KeyringWrap).where(KeyringWrap.keyring_id == ring.id)).first()
        assert theirs is not None
        session.add(
            KeyringWrap(
                keyring_id=ring.id,
                member_id=accomplice.id,
                sealed_private=theirs.sealed_private,
                voucher=theirs.voucher,
            )
        )
    sealing_again.renew_keyring(by=manager)
    assert member("nrc.accomplice").status == "waiting"
    newest = select(KeyringWrap.member_id).join(Keyring, Keyring.id == KeyringWrap.keyring_id)
    holders = set(
        database.session.scalars(newest.where(Keyring.organisation_id == ring.organisation_id, Keyring.version == 2))
    )
    assert holders == {member("nrc.case_worker").id, member("nrc.shelter_manager").id}


def test_two_move_one_confirms_one_accepts_and_one_sends_at_once(instance: Flask) -> None:
    rinas, manager, worker = (
        factories.actor(login) for login in ("rinas.border_officer", "nrc.shelter_manager", "nrc.case_worker")
    )
    sent = [people.sent(rinas) for _ in range(3)]
    referrals.accept(referral_id=sent[0].referral_id, place_id=people.bed("NRC"), by=manager)
    factories.join(invited("nrc.new"))
    shown = words.shown(by=factories.actor("nrc.new"))
    assert shown is not None
    said = shown.words
    new, ready = member("nrc.new").id, people.interview(rinas)

    def rotate(by: Actor) -> Callable[[], object]:
        return lambda: (sealing_again.renew_keyring(by=by), sealing_again.move_grants(by=by))

    at_once(
        instance,
        rotate(manager),
        rotate(worker),
        lambda: words.type_words(member_id=new, typed=said, by=factories.actor("nrc.case_worker")),
        lambda: referrals.accept(
            referral_id=sent[1].referral_id, place_id=people.bed("NRC", 1), by=factories.actor("nrc.case_worker")
        ),
        lambda: interview_sending.send(interview_id=ready, party="NRC", by=rinas),
    )
    assert sealing_again.move_grants(by=factories.actor("nrc.shelter_manager")).done
    stands = store.keys(by=manager)
    assert not stands.unfinished
    assert versions(Grant, "NRC") == {stands.version}
    assert versions(PendingGrant, "NRC") == {stands.version}
    for login in ("nrc.shelter_manager", "nrc.case_worker", "nrc.new"):
        assert reads(sent[0].case_id, login)
        assert reads(sent[1].case_id, login)
    referral = database.session.scalars(select(Referral).where(Referral.case_id == ready)).one()
    by = factories.actor("nrc.new")
    assert reads(referrals.accept(referral_id=referral.id, place_id=people.bed("NRC", 2), by=by), "nrc.new")
    assert list(audit.verify(database.session())) == []


def test_a_grant_made_to_the_old_version_meanwhile_is_found_by_the_next_run(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    rinas, manager = factories.actor("rinas.border_officer"), factories.actor("nrc.shelter_manager")
    to_old = grants.recipients(database.session(), [people.organisation("NRC")])
    sealing_again.renew_keyring(by=manager)
    real = grants.recipients
    nrc = people.organisation("NRC")

    def stale(session: object, ids: object, **by: object) -> object:
        return [old if each.organisation_id == nrc else each for each in real(session, ids, **by) for old in to_old]  # type: ignore[arg-type]

    monkeypatch.setattr(grants, "recipients", stale)
    late = people.sent(rinas)
    monkeypatch.setattr(grants, "recipients", real)
    assert versions(PendingGrant, "NRC") == {1}
    assert tending.tend()["keyrings_due"] == 1
    assert sealing_again.move_grants(by=manager).moved
    assert versions(PendingGrant, "NRC") == {2}
    referrals.accept(referral_id=late.referral_id, place_id=people.bed("NRC"), by=manager)
    assert reads(late.case_id, "nrc.case_worker")


def test_the_old_version_is_not_dropped_under_somebody_who_is_sealing_to_it(
    postgres_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL shows that the new version waits for the sealing transaction, and then finds what it made."""
    nrc, case_id = people.organisation("NRC"), uuid.uuid4()
    manager = factories.actor("nrc.shelter_manager")
    chosen, go, real = threading.Event(), threading.Event(), grants.grant

    def slow(*given: Any, **named: Any) -> None:
        chosen.set()
        assert go.wait(20)
        real(*given, **named)

    def seal() -> None:
        monkeypatch.setattr(grants, "grant", slow)
        with transaction() as session:
            compartments.create(session, case_id, {"story": {"story": people.TOLD}}, [nrc])

    def renew() -> None:
        assert chosen.wait(20)
        monkeypatch.setattr(grants, "grant", real)
        sealing_again.renew_keyring(by=manager)
        assert sealing_again.move_grants(by=manager).done

    def watch() -> None:
        waits = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if database.session.scalar(waits):
                go.set()
                return
            database.session.rollback()
        go.set()
        raise AssertionError("nobody waited for the sealing transaction")

    at_once(postgres_app, seal, renew, watch)
    assert versions(Grant, "NRC") == {2}
    assert not store.keys(by=manager).old_wraps
    assert compartments.opens(database.session(), case_id, "story", by=factories.actor("nrc.case_worker"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "when"), [("renew", "after"), ("keep", "before"), ("keep", "after"), ("drop_old", "after")]
)
def test_a_process_killed_while_moving_loses_nothing(
    world_app: tuple[Flask, World], tmp_path: Path, function: str, when: str
) -> None:
    _, world = world_app

    def move() -> None:
        by = factories.actor("nrc.shelter_manager")
        sealing_again._BATCH = 1
        dies("nrm.vault.keyrings" if function == "renew" else "nrm.vault.rewrapping", function, when)
        sealing_again.renew_keyring(by=by)
        sealing_again.move_grants(by=by)

    killed(tmp_path / "world", move)
    assert reads(world.case, "nrc.case_worker")
    manager = factories.actor("nrc.shelter_manager")
    assert sealing_again.renew_keyring(by=manager) == 2
    assert sealing_again.move_grants(by=manager).done
    assert versions(Grant, "NRC") == {2}
    assert reads(world.case, "nrc.case_worker")
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=manager)
    assert reads(world.asked_case, "nrc.case_worker")
    assert list(audit.verify(database.session())) == []


def kept(before: Files, present: Files) -> Files:
    """What a leaver kept, an old copy of the main database with every key it led to, beside the files as they are now.

    Of each compartment the present blob is tried last, so it is the one that counts.
    """
    both = {name: before.tables[name] + present.tables[name] for name in present.tables}
    both |= {name: before.tables[name] for name in (thief.MEMBERS, thief.WRAPS)}
    return replace(present, main=before.main, tables=both, rings={})


def test_what_a_leaver_opens_is_what_the_threat_model_says(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    """Password alone: nothing of the present files. Kept keys: what was open then, until it is sealed again."""
    _, world = world_app
    closure = Closure(tmp_path / "world", tmp_path / "stolen")
    before = closure.now("before")
    told = keys(world.case, "identity", "story", "legal")
    manager = factories.actor("nrc.shelter_manager")
    hands.ended(member("nrc.case_worker").id, manager)
    assert sealing_again.move_grants(by=manager).done
    moved = closure.now("moved")
    assert told <= set(opened(before, "NRC"))
    # Keys kept from the old main copy with the present second database: the epochs live on.
    assert told <= set(opened(before.with_shred_of(moved), "NRC"))
    assert told <= set(opened(kept(before, moved), "NRC"))
    # Of the present files their own key opens nothing: no keyring is wrapped to it. After 14 days it is gone, too.
    left = member("nrc.case_worker").id
    assert not database.session.scalar(select(func.count()).where(KeyringWrap.member_id == left))

    live = set(opened(moved, "NRC", released=False))
    done = sealing_again.seal_again(by=manager)
    assert (done.sealed, done.left, done.unopenable, done.done) == (len(live), 0, 0, True)
    after = closure.now("after")
    assert set(opened(after, "NRC", released=False)) == live  # who stayed opens what they opened
    assert not live & set(opened(before.with_shred_of(after), "NRC"))
    assert not live & set(opened(moved.with_shred_of(after), "NRC"))
    assert set(opened(kept(before, after), "NRC", released=False)) == set()
    # What waits for the organisation's answer still opens, until the answer: its release key is in the present file.
    assert set(opened(kept(before, after), "NRC")) == keys(world.asked_case, "hand_over", "identity", "story")
    # With both old files nothing helps: that is what the leaver could open when they were made.
    assert told <= set(opened(before, "NRC"))


@pytest.mark.slow
def test_sealing_again_changes_nothing_for_anybody_else(instance: Flask) -> None:
    """A grantee alone does it, without the holder; shares, offers, notes and who is just writing stay as they are."""
    rinas, manager = factories.actor("rinas.border_officer"), factories.actor("nrc.shelter_manager")
    asked, live = people.sent(rinas), people.sent(rinas)
    referrals.accept(referral_id=live.referral_id, place_id=people.bed("NRC"), by=manager)
    cases.add_note(case_id=live.case_id, text="slept well", by=manager)
    cases.open_compartment(case_id=live.case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=manager)
    read = case_steps.opened(case_id=live.case_id, by=manager)[Compartment.CARE]
    session = database.session()
    places = {
        case_id: {
            each: grants.holders_of(session, case_id, each) for each in compartments.compartments_of(session, case_id)
        }
        for case_id in (asked.case_id, live.case_id)
    }
    offered = grants.waiting(session, asked.case_id)
    factories.join(invited("ra.second", "RA", Role.DUTY_OFFICER))
    duty = factories.actor("ra.duty_officer")
    factories.confirm("ra.second", by=duty)
    for leaver, by in (("ra.second", duty), ("nrc.case_worker", manager)):
        hands.ended(member(leaver).id, by)
        assert store.keys(by=by).seal_again_since is not None
        assert sealing_again.move_grants(by=by).done
        assert sealing_again.renew_keyring(by=by) == 2  # sealing again comes first
        assert tending.tend()["keyrings_due"] == 1
        assert sealing_again.seal_again(by=by).done
        assert sealing_again.seal_again(by=by).sealed == 0
    assert tending.tend()["keyrings_due"] == 0
    assert KeyHappening.SEALED_ANEW in {each.event for each in store.key_events(by=manager)}
    for case_id, compartment_holders in places.items():
        for compartment, holders in compartment_holders.items():
            assert grants.holders_of(session, case_id, compartment) == holders
    assert grants.waiting(session, asked.case_id) == offered
    cases.open_compartment(case_id=live.case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=manager)
    assert [note["text"] for note in case_steps.notes(case_id=live.case_id, by=manager)] == ["slept well"]
    later = {**read.value, "plan": "school"}
    cases.write(case_id=live.case_id, compartment=Compartment.CARE, value=later, seen=read.revision, by=manager)
    factories.join(invited("nrc.second"))
    factories.confirm("nrc.second", by=manager)
    referrals.accept(referral_id=asked.referral_id, place_id=people.bed("NRC", 1), by=factories.actor("nrc.second"))
    assert reads(asked.case_id, "nrc.second")
    assert list(audit.verify(database.session())) == []


def test_sealing_again_is_taken_up_again_and_needs_the_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rinas, manager = factories.actor("rinas.border_officer"), factories.actor("nrc.shelter_manager")
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=manager)
    hands.ended(member("nrc.case_worker").id, manager)
    sealing_again.move_grants(by=manager)
    for login in ("administrator", "molsa.statistician"):
        with pytest.raises(NotPermitted):
            sealing_again.seal_again(by=factories.actor(login))
    monkeypatch.setattr(sealing_again, "_SEALED_TOGETHER", 1)
    first = sealing_again.seal_again(by=manager, seconds=0)
    assert (first.sealed, first.done) == (1, False)
    assert reads(sent.case_id, "nrc.shelter_manager")
    monkeypatch.setattr(sealing_again, "_SEALED_TOGETHER", 100)
    second = sealing_again.seal_again(by=manager)
    assert (second.sealed, second.left, second.done) == (first.left, 0, True)
    assert reads(sent.case_id, "nrc.shelter_manager")
    with db.db.engines["shred"].connect() as connection:
        live = connection.execute(select(ShredKey.epoch).where(ShredKey.case_id == sent.case_id)).scalars().all()
    assert sorted(set(live)) == [3]  # draft to case, acceptance, sealed again; the keys before are destroyed


def test_a_grant_that_does_not_open_is_reported_and_not_sealed_again(app: Flask) -> None:
    rinas, manager = factories.actor("rinas.border_officer"), factories.actor("nrc.shelter_manager")
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=manager)
    hands.ended(member("nrc.case_worker").id, manager)
    sealing_again.move_grants(by=manager)
    forged = (Grant.organisation_id == people.organisation("NRC"), Grant.compartment == "story")
    with transaction() as session:
        session.execute(update(Grant).where(*forged).values(sealed_key=b"\x01 put there by hand"))
    done = sealing_again.seal_again(by=manager)
    assert (done.left, done.unopenable, done.done) == (1, 1, True)
    assert reads(sent.case_id, "nrc.shelter_manager")


def test_rotating_from_the_command_line(world_app: tuple[Flask, World], monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = world_app
    monkeypatch.setattr(commands, "application", lambda _: app)
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)

    def rotate(code: str, login: str, *more: str) -> Result:
        options = ["rotate", "--organisation", code, "--dir", ".", "--as", login, *more]
        return CliRunner().invoke(commands.keys, options)

    for code, login in (("NRC", "administrator"), ("VATRA", "nrc.case_worker"), ("OPERATOR", "administrator")):
        refused = rotate(code, login)
        assert isinstance(refused.exception, Refused), refused.output
        assert refused.exception.code == 2
        assert refused.stdout == ""
    done = rotate("NRC", "nrc.case_worker")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["moved"] > 0
    assert said == {"organisation": "NRC", "version": 2, "moved": said["moved"], "unopenable": 0}
    done = json.loads(rotate("NRC", "nrc.case_worker", "--anew").stdout)
    assert done["sealed_anew"] > 0
    assert done["version"] == 3
    assert json.loads(rotate("NRC", "nrc.case_worker", "--anew").stdout)["sealed_anew"] == done["sealed_anew"]
    with transaction() as session:
        session.execute(
            update(Grant)
            .where(Grant.organisation_id == people.organisation("NRC"), Grant.compartment == "legal")
            .values(sealed_key=b"\x01 put there by hand")
        )
    found = rotate("NRC", "nrc.shelter_manager")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["unopenable"] == 1

    def held_by_others(**_: object) -> None:
        raise sealing_again.HeldByOthers

    monkeypatch.setattr(sealing_again, "move_grants", held_by_others)
    refused = rotate("NRC", "nrc.case_worker")
    assert isinstance(refused.exception, Refused)
    assert "one of them goes on" in str(refused.exception)


def test_what_happened_with_keys_is_told_to_the_own_organisation_alone(app: Flask) -> None:
    hands.ended(member("nrc.case_worker").id, factories.actor("nrc.shelter_manager"))
    told = {
        login: {each.event for each in store.key_events(by=factories.actor(login))}
        for login in ("nrc.shelter_manager", "vatra.case_worker")
    }
    assert KeyHappening.DISABLED in told["nrc.shelter_manager"]
    assert KeyHappening.DISABLED not in told["vatra.case_worker"]


NEW = "another nine lives entirely"


def test_a_recovery_code_works_once_and_the_next_one_is_shown_once(app: Flask) -> None:
    manager = factories.actor("nrc.shelter_manager")
    code = members.make_code(password=factories.PASSWORD, by=manager)
    members.check_code(code=code, by=manager)
    client, login = app.test_client(), manager_login(manager)
    fields = {"login": login, "code": code, "password": NEW, "again": NEW}
    page = client.post("/recover?lang=en", data={**fields, "csrf_token": token_in(client.get("/recover").text)})
    assert page.headers["Location"] == "/shown/code"
    page = client.get("/shown/code?lang=en")
    shown = re.search(r'class="code">([A-Z2-7-]{39})<', page.text)
    assert shown
    assert shown[1] != code
    assert "works once" in page.text
    database.session.rollback()
    assert member(login).code_checked_at is None  # it counts once it was typed in
    again = client.post("/recover", data={**fields, "csrf_token": token_in(client.get("/recover").text)})
    assert again.status_code == 422
    with pytest.raises(SignInRefused):
        accounts.recover(login=login, code=code, new_password="a third life of a cat")
    assert accounts.recover(login=login, code=shown[1], new_password="a third life of a cat") not in (code, shown[1])
    assert not accounts.resume("x")
    assert KeyHappening.CODE_MADE in [event.event for event in store.key_events(by=factories_actor(login))]


def factories_actor(login: str) -> Actor:
    found = accounts.resume(accounts.sign_in(login=login, password="a third life of a cat"))
    assert isinstance(found, accounts.SignedIn)
    return found.actor


def test_a_recovery_code_used_twice_in_the_same_instant_works_once(instance: Flask) -> None:
    manager = factories.actor("nrc.shelter_manager")
    code, login = members.make_code(password=factories.PASSWORD, by=manager), manager_login(manager)
    given: list[str] = []
    refused: list[int] = []

    def use(number: int) -> None:
        try:
            given.append(accounts.recover(login=login, code=code, new_password=f"{NEW} {number}"))
        except SignInRefused:
            refused.append(number)

    at_once(instance, *(functools.partial(use, number) for number in range(3)))
    assert (len(given), len(refused)) == (1, 2)
    with pytest.raises(SignInRefused):
        accounts.recover(login=login, code=code, new_password=NEW)
    assert accounts.recover(login=login, code=given[0], new_password=NEW)
