"""Erasing by retention and on request: what goes, what stays, who may, and what the figures say before and after."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import audit, clock
from nrm.actions.shelter import cases, erasures, stays, testimony
from nrm.cli import nrm
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import CaseRefused, Compartment
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.domain.shelter.testimony import WitnessStatus
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import CareNote, Case, Destruction, Erasure, Grant, SealedCompartment, ShredKey
from nrm.store import days as stay_store
from nrm.store.reports import counting
from tests import factories
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.keys.test_key_closure import Files, opened
from tests.integration.test_backups import run
from tests.world import World


def left(world: World, **facts: object) -> None:
    """The person of VATRA's own case leaves; the case is closed, with a care note."""
    vatra = factories.actor("vatra.shelter_manager")
    care = select(SealedCompartment.revision).where(
        SealedCompartment.case_id == world.own_case, SealedCompartment.compartment == Compartment.CARE
    )
    seen = db.session.scalars(care).one()  # a letter put its addressee there
    db.session.rollback()
    cases.write(case_id=world.own_case, compartment=Compartment.CARE, value={"plan": "rest"}, seen=seen, by=vatra)
    cases.add_note(case_id=world.own_case, text="sleeps well", by=vatra)
    cases.write(case_id=world.own_case, compartment=Compartment.LEGAL, value={"lawyer": "yes"}, seen=0, by=vatra)
    gone(world.own_stay, "vatra.shelter_manager")
    cases.close(case_id=world.own_case, by=vatra)
    if facts:
        with transaction() as session:
            session.execute(update(Case).where(Case.id == world.own_case).values(**facts))


def gone(stay_id: object, login: str) -> None:
    stays.end(
        stay_id=stay_id,  # type: ignore[arg-type]
        ended_on=stay_store.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=factories.actor(login),
    )


def there(case_id: object) -> set[str]:
    found = set(db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)))
    db.session.rollback()
    return found


def years_later(years: int) -> None:
    then = datetime.now(UTC)
    then = then.replace(year=then.year + years, day=1)
    clock.set_clock(lambda: then)


def test_each_compartment_goes_when_its_time_is_over_and_the_court_file_stays(
    world_app: tuple[Flask, World], tmp_path: Path
) -> None:
    world = world_app[1]
    left(world)
    everything = {"identity", "story", "care", "legal"}
    assert there(world.own_case) >= everything
    facts = tuple(db.session.execute(select(Case.__table__).where(Case.id == world.own_case)).one())
    db.session.rollback()
    years_later(2)
    assert erasures.erase_expired().compartments == 0
    years_later(3)
    assert erasures.erase_expired(dry_run=True).compartments >= 2
    assert there(world.own_case) >= everything
    count = erasures.erase_expired()
    assert (count.cases, count.kept_as_court_file) == (1, 1)
    assert there(world.own_case) == {"care", "legal"}
    assert erasures.erase_expired().compartments == 0
    years_later(6)
    assert erasures.erase_expired().compartments == 1
    assert there(world.own_case) == {"legal"}
    assert db.session.scalars(select(CareNote).where(CareNote.case_id == world.own_case)).all() == []
    with db.engines["shred"].connect() as connection:
        kept = (
            connection.execute(select(ShredKey.compartment).where(ShredKey.case_id == world.own_case)).scalars().all()
        )
    assert kept == ["legal"]
    erased = set(db.session.scalars(select(Erasure.compartment).where(Erasure.case_id == world.own_case)))
    assert erased >= {"identity", "story", "care"}
    told = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "keys_destroyed")).all()
    assert len(told) == len(erased)
    assert list(audit.verify(db.session())) == []
    after = tuple(db.session.execute(select(Case.__table__).where(Case.id == world.own_case)).one())
    assert after == facts
    db.session.rollback()
    files = Files(tmp_path / "world", tmp_path / "world")
    assert {name for case, name in opened(files, "VATRA") if case == world.own_case.hex} == {"legal"}


def test_the_figures_of_a_quarter_are_the_same_before_and_after(world_app: tuple[Flask, World]) -> None:
    world = world_app[1]
    quarter = Quarter.of(stay_store.today())
    gone(world.own_stay, "vatra.shelter_manager")
    system = Actor.system("release")
    before = counting.people(db.session.connection(), quarter, by=system)
    db.session.rollback()
    assert len(before) > 1
    hands.erased(world.own_case, factories.actor("vatra.shelter_manager"))
    assert counting.people(db.session.connection(), quarter, by=system) == before
    db.session.rollback()


def test_what_concerns_a_child_stays_until_the_youngest_of_the_band_is_of_age(world_app: tuple[Flask, World]) -> None:
    world = world_app[1]
    left(world, age_class="child", age_band="9-17")
    years_later(12)
    assert erasures.erase_expired().compartments == 0
    years_later(13)
    assert erasures.erase_expired().compartments >= 3


def test_an_open_case_is_never_erased_by_time(world_app: tuple[Flask, World]) -> None:
    world = world_app[1]
    before = there(world.case)
    years_later(40)
    assert erasures.erase_expired() == erasures.Count()
    assert there(world.case) == before != set()


def test_the_command_counts_first_and_erases_then(
    world_app: tuple[Flask, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    assert "erase-expired" in nrm.list_commands(None)  # type: ignore[arg-type]
    world = world_app[1]
    left(world)
    years_later(3)
    done = run("erase-expired", "--dir", tmp_path / "world", "--dry-run")
    assert (done.exit_code, '"dry_run": true' in done.stdout) == (0, True)
    assert "identity" in there(world.own_case)
    assert '"cases": 1' in run("erase-expired", "--dir", tmp_path / "world").stdout
    assert "identity" not in there(world.own_case)


def test_the_holder_erases_when_the_person_asks_and_a_colleague_has_spoken_with_her(
    world_app: tuple[Flask, World],
) -> None:
    app, world = world_app
    person = Person(app.test_client(), "vatra.shelter_manager")
    address = f"/cases/{world.own_case}/erase"
    assert 'name="asked"' not in person.get(address)  # the stay is not over
    person.post(address, {"asked": "y"}, 409)
    gone(world.own_stay, "vatra.shelter_manager")
    assert 'name="asked"' in person.get(f"/cases/{world.own_case}/erase")
    assert 'class="q bad"' in person.post(address, {}, 422)
    assert there(world.own_case)
    act = person.post(address, {"asked": "y"})
    assert person.post(address, {"asked": "y"}) == act
    Person(app.test_client(), "vatra.case_worker").post(f"{act}/agree", {"heard": "spoke"})
    assert there(world.own_case) == set()
    assert db.session.scalars(select(Destruction)).all() == []
    assert db.session.get_one(Case, world.own_case).status == "closed"
    db.session.rollback()
    person.get(f"/cases/{world.own_case}")
    person.post(address, {"asked": "y"}, 409)


def test_the_legal_file_of_a_witness_stays_but_is_shared_no_more(
    world_app: tuple[Flask, World], tmp_path: Path
) -> None:
    world = world_app[1]
    by = factories.actor("nrc.shelter_manager")
    testimony.record(case_id=world.case, status=WitnessStatus.STATEMENT_GIVEN, happened_on=stay_store.today(), by=by)
    gone(world.stay, "nrc.shelter_manager")
    hands.erased(world.case, by)
    assert there(world.case) == {"legal"}
    holders = set(db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == world.case)))
    assert holders == {by.organisation_id}
    db.session.rollback()
    files = Files(tmp_path / "world", tmp_path / "world")
    assert (world.case.hex, "legal") in opened(files, "NRC")
    assert not [key for key in opened(files, "TRP_UNIT", "RA", "RINAS") if key[0] == world.case.hex]


@pytest.mark.parametrize(
    "login", ["iom.shelter_manager", "rinas.border_officer", "ra.duty_officer", "trp_unit.trp_officer"]
)
def test_nobody_else_erases(world_app: tuple[Flask, World], login: str) -> None:
    world = world_app[1]
    before = there(world.case)
    with pytest.raises((NotPermitted, NotVisible, CaseRefused)):
        erasures.erase(case_id=world.case, by=factories.actor(login))
    assert there(world.case) == before
