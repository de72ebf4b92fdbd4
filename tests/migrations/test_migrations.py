"""The numbered migrations make exactly the tables of the models, on both databases, up and down again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import CheckConstraint, inspect, select
from sqlalchemy.exc import IntegrityError

from nrm import schema
from nrm.actions import tending
from nrm.actions.accounts import accounts, sealing_again, second_hands
from nrm.actions.interviews import child_alerts, interviews
from nrm.actions.referrals import referrals, supplements
from nrm.actions.shelter import cases, stays
from nrm.db import Model, ShredModel, db
from nrm.domain.accounts.accounts import SignInRefused
from nrm.domain.accounts.second_hands import Heard
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import DESTINATIONS, Destination, ExitReason
from nrm.models.shelter.cases import Erasure
from nrm.store import days as stay_store
from nrm.store.interviews import child_alerts as children_store
from nrm.store.referrals import supplements as supplements_store
from nrm.store.shelter import findings
from nrm.vault import compartments, grants, rows, shredding
from tests import factories, factories_referrals, factories_stays
from tests.integration.accounts import test_second_hands as second_hand_tests
from tests.world import World

TARGETS = {None: Model.metadata, "shred": ShredModel.metadata}


def differences() -> list[object]:
    """What the models say and the databases do not, or the other way round."""
    found: list[object] = []
    for bind, metadata in TARGETS.items():
        with db.engines[bind].connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found += compare_metadata(context, metadata)
    return found


def tables() -> set[str]:
    names = {name for engine in db.engines.values() for name in inspect(engine).get_table_names()}
    return names - {"alembic_version"}


def test_there_is_one_head_and_each_file_is_called_as_its_revision() -> None:
    scripts = ScriptDirectory.from_config(schema.alembic_config())
    assert len(scripts.get_heads()) == 1
    numbers = []
    for revision in scripts.walk_revisions():
        stem = Path(revision.path).stem
        assert revision.revision == stem
        match = re.fullmatch(r"(\d{4})_[a-z0-9_]+", stem)
        assert match, stem
        numbers.append(int(match.group(1)))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_the_databases_are_as_the_models_say(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    assert app
    assert differences() == []


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_down_and_up_again(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    assert app
    before = tables()
    assert "cases" in before
    assert "shred_keys" in before
    db.session.remove()
    schema.downgrade("base")
    assert tables() == set()
    schema.upgrade()
    assert tables() == before
    assert differences() == []


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_every_check_of_the_models_is_in_the_tables_after_down_and_up(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    """Autogeneration compares no checks, and on SQLite a table that is rebuilt can lose them."""
    app: Flask = request.getfixturevalue(fixture)
    assert app
    for _ in range(2):
        for bind, metadata in TARGETS.items():
            inspector = inspect(db.engines[bind])
            for table in metadata.sorted_tables:
                expected = {each.name for each in table.constraints if isinstance(each, CheckConstraint)}
                found = {each["name"] for each in inspector.get_check_constraints(table.name)}
                assert found >= expected, table.name
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name LIKE 'screen%'").scalars()
                assert ["WITHOUT ROWID" in text for text in made] == [True] * 4
        db.session.remove()
        schema.downgrade("0003_erased_compartments")
        schema.upgrade()


@pytest.mark.slow
def test_what_was_granted_and_asked_before_grants_were_marked_goes_on(world_app: tuple[Flask, World]) -> None:
    _, world = world_app
    db.session.remove()
    schema.downgrade("0019_directives_are_acknowledged")
    factories.upgraded()
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=nrc)
    assert compartments.opens(db.session(), world.asked_case, "identity", by=nrc)
    cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    for compartment, holders in (("hand_over", {"NRC", "RA"}), ("identity", {"NRC"})):
        expected = {factories_referrals.organisation(code) for code in holders}
        assert grants.holders_of(db.session(), world.asked_case, compartment) == expected
        assert grants.holders_of(db.session(), world.case, compartment) == expected


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_what_only_says_done_is_not_yet_clear_and_the_gate_is_shut(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    app: Flask = request.getfixturevalue(fixture)
    assert app
    vatra = factories.actor("vatra.shelter_manager")
    there, gone = (factories_stays.admitted(vatra, factories_stays.CHILD) for _ in range(2))
    woman = factories_stays.admitted(vatra)
    factories_stays.found(there.case_id)
    household = factories_stays.may_go(gone.case_id)
    for each, destination in ((gone, Destination.FAMILY), (woman, Destination.OWN_HOME)):
        reason = next(reason for reason, to in DESTINATIONS.items() if to == {destination})
        stays.end(
            stay_id=each.stay_id,
            ended_on=stay_store.today(),
            exit_reason=reason,
            destination=destination,
            where="home",
            household=household,
            by=vatra,
        )
    db.session.remove()
    schema.downgrade("0030_counting")
    done = "SELECT count(*) FROM obligations WHERE kind LIKE 'assess_%%' AND done_at IS NOT NULL"
    with db.engines[None].connect() as connection:
        assert connection.exec_driver_sql(done).scalar() == 6
        gates = set(connection.exec_driver_sql("SELECT child_gate FROM stays WHERE ended_on IS NOT NULL").scalars())
    assert gates == {"assessed", ""}
    factories.upgraded()
    with db.engines[None].connect() as connection:
        assert connection.exec_driver_sql(done).scalar() == 0
        gates = set(connection.exec_driver_sql("SELECT child_gate FROM stays WHERE ended_on IS NOT NULL").scalars())
    assert gates == {"former_rule", "adult"}
    vatra = factories.actor("vatra.shelter_manager")
    gate = findings.of_case(there.case_id, by=vatra)
    assert gate is not None
    assert [(line.found, line.assessor) for line in gate.older] == [("not_yet_clear", "")] * 3
    with pytest.raises(GateClosed, match="assessments_missing"):
        stays.end(
            stay_id=there.stay_id,
            ended_on=stay_store.today(),
            exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
            destination=Destination.FAMILY,
            where="home",
            by=vatra,
        )
    factories_stays.may_go(there.case_id)
    gate = findings.of_case(there.case_id, by=vatra)
    assert gate is not None
    assert gate.opening is not None


@pytest.mark.slow
def test_a_child_at_a_post_is_still_there_before_and_after_anybody_answers_for_it(app: Flask) -> None:
    assert app
    officer = factories.actor("rinas.border_officer")
    authority = factories.actor("child_protection.case_worker")
    waiting, ended = (factories_referrals.interview(officer, age="child") for _ in range(2))
    seen = interviews.read(interview_id=ended, by=officer).revision
    interviews.ask_child_authority(interview_id=ended, reason="explained", seen=seen, by=officer)
    child_alerts.answer_child(interview_id=ended, answer=ChildAnswer.NOTHING, by=authority)
    interviews.discard(interview_id=ended, by=officer)
    rows = "SELECT id, age_class, told_at, withdrawn_why FROM child_alerts ORDER BY withdrawn_why"
    db.session.remove()
    schema.downgrade("0030_counting")
    with db.engines[None].connect() as connection:
        before = connection.exec_driver_sql(rows).all()
    assert [row.withdrawn_why for row in before] == ["", "ended"]
    factories.upgraded()
    with db.engines[None].connect() as connection:
        assert connection.exec_driver_sql(rows).all() == before
    (line,) = [each for each in children_store.alerts(by=authority) if not each.withdrawn_why]
    assert (line.id, line.asked, line.answer) == (waiting, False, "")
    # What the action refuses the database refuses too: nobody takes the notice back unanswered.
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE child_alerts SET withdrawn_at = told_at, withdrawn_why = 'answered' WHERE withdrawn_why = ''"
        )


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_every_session_ends_and_keys_are_marked_where_the_other_key_is(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    app: Flask = request.getfixturevalue(fixture)
    assert app
    cookie = accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE members SET kem_mark = sign_public WHERE login = 'vatra.case_worker'")
    db.session.remove()
    schema.downgrade("0035_beds")
    factories.upgraded()
    assert accounts.resume(cookie) is None
    assert accounts.resume(accounts.sign_in(login="nrc.case_worker", password=factories.PASSWORD))
    with pytest.raises(SignInRefused):
        accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
    # What was granted before opens, and is sealed again, as its key may be known from before.
    manager = factories.actor("nrc.shelter_manager")
    sealing_again.renew_keyring(by=manager)
    assert sealing_again.move_grants(by=manager).done
    done = sealing_again.seal_again(by=manager)
    assert (done.done, done.left, done.unopenable) == (True, 0, 0)


@pytest.mark.slow
def test_what_was_promised_asked_listed_and_erased_before_rows_were_marked_goes_on(
    world_app: tuple[Flask, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = world_app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    later = factories_referrals.sent(rinas, urgent=True, consent_urgent="given")
    found = second_hand_tests.opened(3, first_place=1)
    worker = factories.actor(second_hand_tests.WORKER)
    for each in found[:2]:
        second_hand_tests.waits(worker, each)
    act_id = second_hand_tests.waits(worker, found[2])
    with monkeypatch.context() as patched:
        patched.setattr(shredding, "work_off", lambda: 0)
        referrals.accept(referral_id=world.asked, place_id=world.bed, by=nrc)
    assert shredding.shred_key(world.asked_case, "identity", 1) is not None
    db.session.remove()
    schema.downgrade("0035_beds")
    factories.upgraded()
    assert {each.id for each in supplements_store.open_now(by=rinas)} == {world.supplement}
    supplements.send(supplement_id=world.supplement, answers={"story": "more"}, by=rinas)
    referrals.accept(referral_id=later.referral_id, place_id=factories_referrals.bed("NRC", 3), by=nrc)
    assert len(supplements_store.open_now(by=rinas)) == 1
    second_hands.agree(act_id=act_id, by=factories.actor(second_hand_tests.MANAGER), heard=Heard.SPOKE)
    assert not second_hand_tests.kept(found[2])
    assert all(rows.is_erasure(each) for each in db.session.scalars(select(Erasure)))
    db.session.rollback()
    tending.tend()
    assert shredding.shred_key(world.asked_case, "identity", 1) is None
