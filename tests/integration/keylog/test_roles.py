"""Another role or name of a colleague is signed in the key log; more rights than the signer's take a second hand."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import accounts, roles
from nrm.actions.accounts import key_log as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Role
from nrm.domain.accounts.key_log_entries import EntryKind, EntryRefused, NewRole, hour_of
from nrm.domain.accounts.members import ChangeRefusal, ChangeRefused, KeyHoldersDecide, OwnAccount
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault.keylog import log, people
from tests import factories
from tests.conftest import Person

WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"


def member(login: str) -> Member:
    db.session.rollback()
    return db.session.scalars(select(Member).where(Member.login == login)).one()


def waiting() -> bytes:
    (found,) = log.state(db.session).open_proposals(hour_of(clock.now()))
    assert found.kind is EntryKind.ROLE
    return found.digest


def third(by: str = MANAGER, role: Role = Role.CASE_WORKER) -> Actor:
    """Another colleague at VATRA, whom one of them let in."""
    hand = factories.actor(by)
    assert hand.organisation_id is not None
    token = accounts.invite(organisation_id=hand.organisation_id, login="vatra.third", name="Third", role=role, by=hand)
    factories.join(token)
    factories.let_in(factories.actor("vatra.third"), by=hand)
    return factories.actor("vatra.third")


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


def test_whom_the_first_let_in_alone_is_no_second_hand_for_a_role(app: Flask) -> None:
    """The worker lets an accomplice in, and the two make the accomplice's friend a manager."""
    accomplice = third(by=WORKER)
    assert not roles.change(member_id=member(MANAGER).id, role=Role.CASE_WORKER, by=factories.actor(WORKER))
    assert not actions.agree(proposal=waiting(), by=accomplice)
    assert log.state(db.session).members[member(MANAGER).id].role == Role.SHELTER_MANAGER


def test_nobody_gets_a_role_from_outside_by_themselves_or_that_there_is_not(app: Flask) -> None:
    worker = member(WORKER).id
    with pytest.raises(OwnAccount):
        roles.change(member_id=worker, role=Role.SHELTER_MANAGER, by=factories.actor(WORKER))
    Person(app.test_client(), WORKER).get(f"/members/{worker}/role", 409)
    with pytest.raises(NotVisible):
        roles.change(member_id=worker, role=Role.SHELTER_MANAGER, by=factories.actor("nrc.shelter_manager"))
    for path in ("role", "name"):
        Person(app.test_client(), "nrc.shelter_manager").post(f"/members/{worker}/{path}", {"role": "x"}, 404)
        Person(app.test_client(), "molsa.reader").post(f"/members/{worker}/{path}", {}, 403)
    # Who keeps the accounts changes neither role nor name, and finds no link to it.
    with pytest.raises(KeyHoldersDecide):
        roles.rename(member_id=worker, name="Another", by=factories.actor("administrator"))
    admin = Person(app.test_client(), "administrator")
    admin.get(f"/members/{worker}/role", 403)
    assert "/role" not in admin.get("/members")
    refused(ChangeRefusal.ROLE, Role.DUTY_OFFICER, WORKER, MANAGER)
    with pytest.raises(NotPermitted):
        roles.change(member_id=worker, role=Role.SHELTER_MANAGER, by=factories.actor("oms.reader"))
    outside = factories.actor("nrc.case_worker")
    with pytest.raises(EntryRefused), transaction() as session:
        log.append(session, EntryKind.ROLE, NewRole(worker, "shelter_manager"), by=outside)


def test_a_name_is_signed_with_its_digest_and_the_old_one_is_gone(app: Flask) -> None:
    me, worker = Person(app.test_client(), MANAGER), member(WORKER)
    was, salt, worker_id = log.state(db.session).members[worker.id].name_digest, worker.name_salt, worker.id
    me.post(f"/members/{worker_id}/name", {"name": ""}, 422)
    me.post(f"/members/{worker_id}/name", {"name": "Test case_worker"}, 409)  # so it is already
    me.post(f"/members/{worker_id}/name", {"name": "Drita Hoxha"}, 303)
    known, row = log.state(db.session).members[worker_id], member(WORKER)
    assert row.name == "Drita Hoxha" and row.name_salt != salt  # noqa: PT018
    assert known.name_digest != was and people.is_named_so(row, known.name_digest)  # noqa: PT018
    assert "has another name" in Person(app.test_client(), WORKER).get("/?lang=en")
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
