"""The keys of a case that opens for nobody: what a thief of that hour opens, and that they really come back."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from nrm import db as database
from nrm.actions import tending
from nrm.actions.accounts import members, sealing_again, second_hands
from nrm.actions.shelter import cases, consents
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.accounts.second_hands import ActRefused
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import EVERYTHING
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Grant, ParkedGrant, ReleaseKey, ShredKey
from nrm.steps.shelter import cases as case_steps
from nrm.vault import parking
from tests import factories
from tests import factories_referrals as people
from tests.integration.accounts.test_second_hands import colleagues
from tests.integration.keys.test_key_closure import Closure, closure, keys
from tests.second_hands import agreed, asked
from tests.thief import opened
from tests.world import World

__all__ = ["closure"]
WORKER, MANAGER = "nrc.case_worker", "nrc.shelter_manager"
SEALED = ("identity", "story")  # she is a witness: the legal file stays, and the hand-over while she sleeps there
Stood = tuple[Flask, World]


def parked(case_id: uuid.UUID) -> uuid.UUID:
    return asked(lambda: consents.withdraw(case_id=case_id, what=EVERYTHING, by=factories.actor(WORKER)))


def reads(case_id: uuid.UUID, login: str = WORKER) -> bool:
    by = factories.actor(login)
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)
    return case_steps.opened(case_id=case_id, by=by)[Compartment.IDENTITY].value["given"] == people.PLANTED


@pytest.mark.slow
def test_a_thief_of_that_hour_with_every_password_opens_it_only_with_both_databases_and_the_key_files(
    world_app: Stood, closure: Closure
) -> None:
    _, world = world_app
    sealed = keys(world.case, *SEALED)
    before = closure.now("before")
    codes = tuple(before.organisations().values())
    assert sealed <= set(opened(before, "NRC"))
    parked(world.case)
    hour = closure.now("hour")
    assert not sealed & set(opened(hour, *codes, released=False))  # the main database and everybody's password
    assert not sealed & set(opened(before.with_shred_of(hour), *codes))  # what somebody kept from before
    (hour.main / "keys" / "store").unlink()
    assert not sealed & set(opened(hour, *codes))  # both databases, but not the files
    whole = closure.now("whole")
    assert sealed <= set(opened(whole, "NRC"))  # as at every other hour: this is what the threat model says
    assert not sealed & set(opened(whole, *(set(codes) - {"NRC"})))


def test_after_the_end_no_copy_opens_it_beside_the_present_second_database(world_app: Stood, closure: Closure) -> None:
    _, world = world_app
    sealed, before = keys(world.case, *SEALED), closure.now("before")
    act_id = parked(world.case)
    hour = closure.now("hour")
    agreed(act_id, factories.actor(MANAGER))
    end = closure.now("end")
    codes = tuple(end.organisations().values())
    for copy in (before.with_shred_of(end), hour.with_shred_of(end), end):
        assert not sealed & set(opened(copy, *codes))
    with db.engines["shred"].connect() as connection:
        for model in (ShredKey, ReleaseKey):
            left = connection.execute(select(model.compartment).where(model.case_id == world.case)).scalars()
            assert set(left) <= {"hand_over", "legal"}


@pytest.mark.parametrize("login", [MANAGER, "ra.duty_officer"])
def test_given_back_the_house_reads_the_same_words_and_the_hour_opens_nothing(
    world_app: Stood, closure: Closure, login: str
) -> None:
    _, world = world_app
    act_id = parked(world.case)
    hour = closure.now("hour")
    second_hands.undo(act_id=act_id, by=factories.actor(login))
    assert reads(world.case)
    assert reads(world.case, MANAGER)
    after = closure.now("after")
    sealed = keys(world.case, *SEALED)
    assert sealed <= set(opened(after, "NRC"))
    assert not sealed & set(opened(after, *(set(after.organisations().values()) - {"NRC"})))
    assert not sealed & set(opened(hour.with_shred_of(after), *after.organisations().values()))
    assert tending.tend()["keys_left_over"] == 0
    assert db.session.scalars(select(ParkedGrant)).all() == []


def test_it_comes_back_under_a_new_key_of_the_house_and_is_sealed_anew(world_app: Stood, closure: Closure) -> None:
    """Somebody leaves while the case is closed: the parked grants move to the new keyring, too."""
    _, world = world_app
    (third,) = colleagues("nrc.third", code="NRC")
    act_id = parked(world.case)
    manager = factories.actor(MANAGER)
    members.disable(member_id=third, by=manager)
    manager = factories.actor(MANAGER)
    moved = sealing_again.move_grants(by=manager)
    assert (moved.done, moved.unopenable) == (True, 0)
    versions = select(ParkedGrant.keyring_version, ParkedGrant.since_version).where(ParkedGrant.case_id == world.case)
    assert {tuple(row) for row in db.session.execute(versions)} == {(2, 1)}
    db.session.rollback()
    second_hands.undo(act_id=act_id, by=factories.actor("ra.duty_officer"))
    assert reads(world.case)
    manager = factories.actor(MANAGER)
    done = sealing_again.seal_again(by=manager)
    assert (done.done, done.left, done.unopenable) == (True, 0, 0)
    since = set(db.session.scalars(select(Grant.since_version).where(Grant.case_id == world.case)))
    assert since == {2}
    assert keys(world.case, *SEALED) <= set(opened(closure.now("anew"), "NRC"))


def test_rows_that_were_written_by_hand_give_nobody_anything(
    world_app: Stood, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    act_id = parked(world.case)
    stranger = people.organisation("VATRA")
    with transaction() as session:
        session.execute(update(ParkedGrant).values(organisation_id=stranger))
    second_hands.undo(act_id=act_id, by=factories.actor(MANAGER))
    assert "parked grant" in caplog.text
    held = select(Grant.organisation_id).where(Grant.case_id == world.case, Grant.compartment == "identity")
    assert db.session.scalars(held).all() == []
    with transaction() as session:  # put back as it was, nothing is lost
        session.execute(update(ParkedGrant).values(organisation_id=people.organisation("NRC")))
        assert set(parking.give_back(session, world.case)) >= {"identity", "story"}
    assert reads(world.case)


def test_an_act_written_by_hand_closes_nothing_and_finishes_nothing(
    world_app: Stood, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    act_id = parked(world.case)
    with transaction() as session:  # as if somebody had seen it long ago
        act = session.get_one(HeavyAct, act_id)
        past = act.asked_at.replace(year=2020)
        by = session.scalars(select(Member.id).where(Member.login == MANAGER)).one()
        session.execute(
            update(HeavyAct)
            .where(HeavyAct.id == act_id)
            .values(seen_at=past, seen_by_id=by, final_at=past, parked_at=past)
        )
    tending.tend()
    assert str(act_id) in caplog.text
    parked_now = db.session.scalars(select(ParkedGrant.compartment).where(ParkedGrant.case_id == world.case)).all()
    assert sorted(parked_now) == ["care", "identity", "story"]
    db.session.rollback()
    with pytest.raises(NotVisible):
        second_hands.undo(act_id=act_id, by=factories.actor(MANAGER))


def test_a_case_whose_act_was_taken_away_stays_closed_and_is_reported(
    world_app: Stood, caplog: pytest.LogCaptureFixture
) -> None:
    _, world = world_app
    parked(world.case)
    with transaction() as session:
        session.execute(delete(HeavyAct))
    tending.tend()
    assert f"case {world.case} is closed to everybody" in caplog.text
    with pytest.raises(CaseRefused, match="parked"):
        reads(world.case)


def test_a_restore_of_a_backup_of_that_hour_is_still_closed_and_is_given_back(world_app: Stood, tmp_path: Path) -> None:
    _, world = world_app
    act_id = parked(world.case)
    database.disconnect()
    shutil.copytree(tmp_path / "world", tmp_path / "again")
    with factories.open_instance(tmp_path / "again").app_context():
        with pytest.raises(CaseRefused, match="parked"):
            reads(world.case)
        second_hands.undo(act_id=act_id, by=factories.actor(MANAGER))
        assert reads(world.case)
        with pytest.raises(ActRefused):
            second_hands.undo(act_id=act_id, by=factories.actor(MANAGER))
        database.disconnect()
