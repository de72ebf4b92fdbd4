"""Another role or name of a colleague is signed in the key log; more rights than the signer's take a second hand."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import joining, roles, words
from nrm.actions.accounts import key_log as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, NewRole, hour_of
from nrm.domain.accounts.members import ChangeRefusal, ChangeRefused, OwnAccount
from nrm.domain.accounts.words import CannotVouch
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.store import names
from nrm.vault.keylog import log, people
from tests import factories
from tests.conftest import Person

WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"


def member(login: str) -> Member:
    db.session.rollback()
    return db.session.scalars(select(Member).where(Member.login == login)).one()


def waiting() -> bytes:
    open_ = log.state(db.session).open_proposals(hour_of(clock.now()))
    (found,) = [each for each in open_ if each.kind is EntryKind.ROLE]
    return found.digest


def third(by: str = MANAGER, role: Role = Role.CASE_WORKER, login: str = "vatra.third") -> Actor:
    """Another colleague at VATRA, whom one of them let in."""
    hand = factories.actor(by)
    assert hand.organisation_id is not None
    token = joining.invite(organisation_id=hand.organisation_id, login=login, name="Third", role=role, by=hand)
    factories.join(token)
    factories.let_in(factories.actor(login), by=hand)
    return factories.actor(login)


def refused(reason: ChangeRefusal, role: Role, login: str, by: str) -> None:
    with pytest.raises(ChangeRefused) as raised:
        roles.change(member_id=member(login).id, role=role, by=factories.actor(by))
    assert raised.value.reason is reason


def test_who_may_do_more_changes_a_role_alone_by_the_page_under_colleagues(app: Flask) -> None:
    me, worker = Person(app.test_client(), MANAGER), member(WORKER).id
    them = Person(app.test_client(), WORKER)
    assert f"/members/{worker}/role" in me.get("/members?lang=en")
    page = me.get(f"/members/{worker}/role?lang=en")
    assert "Now: Case worker" in page and "Test case_worker" in page  # noqa: PT018
    me.post(f"/members/{worker}/role", {}, 422)
    me.post(f"/members/{worker}/role", {"role": "duty_officer"}, 422)  # no role of a shelter
    me.post(f"/members/{worker}/role", {"role": "shelter_manager"}, 303)
    assert log.state(db.session).members[worker].role == Role.SHELTER_MANAGER == member(WORKER).role
    assert factories.actor(WORKER).role is Role.SHELTER_MANAGER
    # Everybody is told, also whom it is about, and whoever was there before can object.
    assert "has another role" in them.get("/?lang=en")
    refused(ChangeRefusal.SAME, Role.SHELTER_MANAGER, WORKER, MANAGER)


@pytest.mark.slow
def test_a_role_with_more_rights_takes_a_second_hand_and_so_does_taking_one_away(app: Flask) -> None:
    with transaction() as session:  # in the row alone it makes nobody a manager
        session.execute(update(Member).where(Member.login == WORKER).values(role="shelter_manager"))
    assert factories.actor(WORKER).role is Role.CASE_WORKER
    tending.tend()
    assert member(WORKER).role == Role.CASE_WORKER
    third()
    manager, other = member(MANAGER).id, member("vatra.third").id
    # The worker makes another worker a manager: a second colleague has to agree.
    me, second = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    me.post(f"/members/{other}/role", {"role": "shelter_manager"}, 303)
    assert log.state(db.session).members[other].role == Role.CASE_WORKER == member("vatra.third").role
    refused(ChangeRefusal.SIGNED, Role.SHELTER_MANAGER, "vatra.third", WORKER)
    page = second.get(f"/key-log/{waiting().hex()}?lang=en")
    assert "Third" in page and "Case worker" in page and "Shelter manager" in page  # noqa: PT018
    # Neither whom it is about, nor somebody of another organisation, nor the desk while a colleague is there.
    for login in ("vatra.third", "nrc.shelter_manager", "ra.duty_officer", "administrator"):
        Person(app.test_client(), login).get(f"/key-log/{waiting().hex()}", 404)
    with pytest.raises(EntryRefused):
        actions.agree(proposal=waiting(), by=factories.actor("vatra.third"))
    second.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"})
    assert log.state(db.session).members[other].role == Role.SHELTER_MANAGER == member("vatra.third").role
    # To make a manager a worker takes as many: nobody puts who may do more out of the way alone.
    assert not roles.change(member_id=manager, role=Role.CASE_WORKER, by=factories.actor(WORKER))
    assert log.state(db.session).members[manager].role == Role.SHELTER_MANAGER == member(MANAGER).role
    assert actions.agree(proposal=waiting(), by=factories.actor("vatra.third"))
    assert log.state(db.session).members[manager].role == Role.CASE_WORKER == member(MANAGER).role


@pytest.mark.slow
def test_whom_the_first_let_in_alone_is_no_second_hand_for_a_role(app: Flask) -> None:
    """The worker lets two accomplices in, and the three make the manager a worker: all of them are one hand."""
    accomplices = [third(by=WORKER), third(by=WORKER, login="vatra.fourth")]
    assert not roles.change(member_id=member(MANAGER).id, role=Role.CASE_WORKER, by=factories.actor(WORKER))
    for each in accomplices:
        with pytest.raises(EntryRefused):
            actions.agree(proposal=waiting(), by=each)
    # They read that it waits for another one, and find no button; that nobody here could do it, so the desk may.
    one = Person(app.test_client(), "vatra.third")
    assert "Your hand is asked for" not in one.get("/?lang=en")
    assert "another colleague has to agree" in one.get("/key-log?lang=en")
    page = one.get(f"/key-log/{waiting().hex()}?lang=en")
    assert "Your hand would be no second one here" in page and "call the duty desk" in page  # noqa: PT018
    assert "/agree" not in page
    one.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"}, 409)
    assert log.state(db.session).members[member(MANAGER).id].role == Role.SHELTER_MANAGER
    # Nor do they let somebody in as a manager whom one of them invited.
    token = joining.invite(
        organisation_id=member(WORKER).organisation_id,
        login="vatra.boss",
        name="Boss",
        role=Role.SHELTER_MANAGER,
        by=factories.actor(WORKER),
    )
    factories.join(token)
    read = words.shown(by=factories.actor("vatra.boss"))
    assert read is not None
    assert not words.type_words(member_id=member("vatra.boss").id, typed=read.words, by=factories.actor(WORKER))
    for each in accomplices:
        with pytest.raises(CannotVouch):
            words.type_words(member_id=member("vatra.boss").id, typed=read.words, by=each)
    assert member("vatra.boss").status == "waiting"
    # Somebody else whom they did not let in is named, and is enough; then the desk is not asked.
    state, at, desk = log.state(db.session), hour_of(clock.now()), member("ra.duty_officer").id
    assert state.still_needed(state.proposals[waiting()], desk, at)
    third(login="vatra.fifth")
    state = log.state(db.session)
    assert not state.still_needed(state.proposals[waiting()], desk, at)
    assert "Who could agree: Third." in one.get(f"/key-log/{waiting().hex()}?lang=en")


def test_nobody_gets_a_role_from_outside_by_themselves_or_that_there_is_not(app: Flask) -> None:
    worker = member(WORKER).id
    with pytest.raises(OwnAccount):
        roles.change(member_id=worker, role=Role.SHELTER_MANAGER, by=factories.actor(WORKER))
    Person(app.test_client(), WORKER).get(f"/members/{worker}/role", 409)
    with pytest.raises(NotVisible):
        roles.change(member_id=worker, role=Role.SHELTER_MANAGER, by=factories.actor("nrc.shelter_manager"))
    for path in ("role", "name"):
        Person(app.test_client(), "nrc.shelter_manager").post(f"/members/{worker}/{path}", {"role": "x"}, 404)
        Person(app.test_client(), "molsa.reader").post(f"/members/{worker}/{path}", {}, 404)
    # Who keeps the accounts changes neither role nor name, and finds no link to it.
    with pytest.raises(NotVisible):
        roles.rename(member_id=worker, name="Another", by=factories.actor("administrator"))
    admin = Person(app.test_client(), "administrator")
    admin.get(f"/members/{worker}/role", 404)
    assert "/role" not in admin.get("/members")
    refused(ChangeRefusal.ROLE, Role.DUTY_OFFICER, WORKER, MANAGER)
    with pytest.raises(NotVisible):
        roles.change(member_id=worker, role=Role.SHELTER_MANAGER, by=factories.actor("oms.reader"))
    outside = factories.actor("nrc.case_worker")
    with pytest.raises(EntryRefused), transaction() as session:
        log.append(session, EntryKind.ROLE, NewRole(worker, "shelter_manager"), by=outside)


def test_a_name_is_signed_with_its_digest_and_the_old_one_is_gone(app: Flask) -> None:
    me, worker = Person(app.test_client(), WORKER), member(WORKER)
    was, salt, worker_id = log.state(db.session).members[worker.id].name_digest, worker.name_salt, worker.id
    me.post(f"/members/{worker_id}/name", {"name": ""}, 422)
    me.post(f"/members/{worker_id}/name", {"name": "Test case_worker"}, 422)  # no name by today's rules
    manager = Person(app.test_client(), MANAGER)
    assert f"/members/{worker_id}/name" in me.get("/members")
    assert "Nobody but the person" in manager.post(f"/members/{worker_id}/name?lang=en", {"name": "Drita Hoxha"}, 409)
    manager.get(f"/members/{worker_id}/name", 409)
    me.post(f"/members/{worker_id}/name", {"name": "Drita Hoxha"}, 303)
    known, row = log.state(db.session).members[worker_id], member(WORKER)
    assert row.name == "Drita Hoxha" and row.name_salt != salt  # noqa: PT018
    assert known.name_digest != was and people.is_named_so(row, known.name_digest)  # noqa: PT018
    assert "has another name" in manager.get("/?lang=en")
    was_called = f"Drita Hoxha ({WORKER}) was called Test case_worker until"
    assert all(was_called in manager.get(f"{page}?lang=en") for page in ("/", "/members", "/members/keys"))
    assert "stays as it is for 14 days" in me.post(f"/members/{worker_id}/name?lang=en", {"name": "Drita Kola"}, 409)
    assert factories.actor(WORKER).organisation_id == row.organisation_id
    assert not any(b"Drita" in entry for entry in _bodies())


def _bodies() -> list[bytes]:
    return [bytes(each) for each in db.session.scalars(select(KeyLogEntry.body))]


def test_who_waits_or_left_has_no_role_to_change(app: Flask) -> None:
    missing = uuid.uuid4()
    with pytest.raises(NotVisible):
        roles.change(member_id=missing, role=Role.CASE_WORKER, by=factories.actor(MANAGER))
    with transaction() as session:
        session.execute(update(Member).where(Member.login == WORKER).values(status="waiting"))
    refused(ChangeRefusal.NOT_IN, Role.SHELTER_MANAGER, WORKER, MANAGER)


READER, COUNTS = "molsa.reader", "molsa.statistician"


def test_an_office_without_keys_changes_a_role_by_the_same_page_and_two_hands(app: Flask) -> None:
    """A reader may do less than who counts: for that role it takes two of them, and never oneself."""
    me, reader = Person(app.test_client(), COUNTS), Person(app.test_client(), READER)
    whom, own, focal = member(READER).id, member(COUNTS).id, member("molsa.focal_point").id
    page = me.get("/members?lang=en")
    assert f"/members/{whom}/role" in page and f"/members/{own}/role" not in page  # noqa: PT018
    me.get(f"/members/{own}/role", 409)
    # The reader makes a colleague who counts: that waits for another of the office, and the administrator is none.
    page = reader.get(f"/members/{focal}/role?lang=en")
    assert "Now: Focal point" in page and "Statistician" in page and "Duty officer" not in page  # noqa: PT018
    reader.post(f"/members/{focal}/role", {"role": "duty_officer"}, 422)
    assert reader.post(f"/members/{focal}/role", {"role": "statistician"}) == "/key-log"
    assert factories.actor("molsa.focal_point").role is Role.FOCAL_POINT
    state, at = log.state(db.session), hour_of(clock.now())
    for login in ("molsa.focal_point", "administrator", "ra.duty_officer", "oms.coordinator"):
        assert not state.still_needed(state.proposals[waiting()], member(login).id, at)
    asked = me.get("/?lang=en")
    assert "Your hand is asked for" in asked
    assert "Test focal_point (molsa.focal_point): Focal point, from then on Statistician" in asked
    # Another role for the same person is not proposed beside it; who is asked says no, who proposed it takes it back.
    assert "proposed for this person already" in reader.post(f"/members/{focal}/role?lang=en", {"role": "reader"}, 409)
    first = waiting()
    assert "Proposed by" in me.get(f"/key-log/{first.hex()}?lang=en")
    me.post(f"/key-log/{first.hex()}/decline", {}, 422)
    me.post(f"/key-log/{first.hex()}/decline", {"why": "not_so"}, 303)
    me.post(f"/key-log/{first.hex()}/agree", {"compared": "y"}, 404)
    reader.post(f"/members/{focal}/role", {"role": "statistician"}, 303)
    Person(app.test_client(), "molsa.focal_point").post(f"/key-log/{waiting().hex()}/decline", {"why": "not_so"}, 404)
    assert "take it back" in reader.get("/key-log?lang=en")
    second = waiting()
    reader.post(f"/key-log/{second.hex()}/decline", {}, 303)
    reader.get(f"/key-log/{second.hex()}", 404)
    reader.post(f"/members/{focal}/role", {"role": "statistician"}, 303)
    me.post(f"/key-log/{waiting().hex()}/agree", {"compared": "y"})
    assert factories.actor("molsa.focal_point").role is Role.STATISTICIAN
    assert "has another role" in reader.get("/?lang=en")
    # Who counts may do all that a reader may, so one hand is enough there; a name is changed by oneself.
    assert me.post(f"/members/{whom}/role", {"role": "statistician"}) == "/members"
    assert factories.actor(READER).role is Role.STATISTICIAN
    reader.post(f"/members/{own}/name", {"name": "Drita Hoxha"}, 409)
    me.post(f"/members/{own}/name", {"name": "Drita Hoxha"}, 303)
    assert member(COUNTS).name == "Drita Hoxha"
    assert people.is_named_so(member(COUNTS), log.state(db.session).members[own].name_digest)


def test_nobody_from_outside_an_office_changes_a_role_in_it(app: Flask) -> None:
    whom = member(READER).id
    for login in ("oms.coordinator", "ra.duty_officer", "administrator"):
        stranger = Person(app.test_client(), login)
        stranger.get(f"/members/{whom}/role", 404)
        for path, sent in (("role", {"role": "statistician"}), ("name", {"name": "Another"})):
            stranger.post(f"/members/{whom}/{path}", sent, 404)
        assert f"/members/{whom}/role" not in stranger.get("/members")
    assert factories.actor(READER).role is Role.READER


def test_an_agency_that_files_tables_has_no_statistician_payment_officer_or_coordinator(app: Flask) -> None:
    """The page listed them as roles of the Prosecution Office, and an invitation for one was made."""
    administrator = factories.actor("administrator")
    agency = names.organisation_by_code("GPO")
    for role in (Role.STATISTICIAN, Role.PAYMENT_OFFICER, Role.COORDINATOR, Role.MONITOR):
        with pytest.raises(NotPermitted):
            joining.invite(organisation_id=agency.id, login="gpo.other", name="Other", role=role, by=administrator)
        refused(ChangeRefusal.ROLE, role, "gpo.focal_point", by="gpo.reader")
    page = Person(app.test_client(), "administrator").post(
        "/members/invite?lang=en",
        {"organisation": "GPO", "role": "payment_officer", "login": "gpo.other", "name": "Other"},
        422,
    )
    assert "Choose a role that exists in this organisation: Reader of reports, Focal point" in page
    offered = Person(app.test_client(), "gpo.reader").get(f"/members/{member('gpo.focal_point').id}/role?lang=en")
    assert 'value="statistician"' not in offered
