"""Children who came with a victim: persons of their own, linked under seal alone, counted apart."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from nrm.actions.shelter import cases, direct_intake, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.direct_intake import CAME_WITH, ImpossibleCase
from nrm.domain.shelter.stays import Destination, ExitReason, Source
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import cases as case_steps
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.reports import care_counting, counting
from tests import factories
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted, may_go

SignIn = Callable[[str], Person]
LITTLE = dataclasses.replace(CHILD, source=Source.WITH_A_VICTIM, age=4, exploited_in=(), exploitation=())
WHO = {"age_class": "child", "age": "4", "gender": "feminine", "citizenship": "AL", "official": "no"}
ADMITTED = {"step": "2", "given": "Drita", "bed": "V07", "admitted": "today", "planned": "30"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    return factories.actor("vatra.case_worker")


def child_of(parent: direct_intake.Opened, by: Actor) -> direct_intake.Opened:
    return admitted(by, LITTLE, came_with=parent.case_id)


def counted() -> tuple[list[str], list[dict[str, str]]]:
    """The persons report ix counts this quarter, and the rows of the children beside it."""
    quarter = Quarter.of(calendar.today())
    release = Actor.system("release")
    tables = country().tables["dependants"]
    codes = {name: tables.dimensions[name].codes for name in tables.roots}
    with db.engine.connect() as connection:
        people = [each.person for each in counting.people(connection, quarter, by=release)]
        return people, care_counting.dependants(connection, quarter, quarter, codes, by=release)


def test_a_child_has_a_case_a_code_and_a_bed_of_its_own_and_belongs_to_the_mother_under_seal(vatra: Actor) -> None:
    mother = admitted(vatra)
    child = child_of(mother, vatra)
    row = db.session.get_one(Case, child.case_id)
    assert (row.source, row.age_class, row.consent) == ("with_a_victim", "child", "not_asked_child")
    assert len({mother.pseudonym, child.pseudonym}) == 2
    identity = Compartment.IDENTITY
    cases.open_compartment(case_id=child.case_id, compartment=identity, purpose=Purpose.CARE, by=vatra)
    opened = case_steps.opened(case_id=child.case_id, by=vatra)
    assert opened[identity].value[CAME_WITH] == mother.pseudonym


def test_nothing_in_clear_says_whose_child_it_is(vatra: Actor) -> None:
    mother = admitted(vatra)
    child = child_of(mother, vatra)
    ids = {mother.case_id.hex, str(mother.case_id), mother.pseudonym}
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(table.select()).mappings():
            said = " ".join(str(value) for value in row.values())
            if child.case_id.hex in said or str(child.case_id) in said or child.pseudonym in said:
                assert not any(each in said for each in ids), table.name


def test_a_shelter_opens_it_for_a_person_it_holds_and_for_nobody_else(vatra: Actor) -> None:
    mother = admitted(vatra)
    other = factories.actor("tjeter_vizion.case_worker")
    for parent in (mother.case_id, uuid.uuid4()):
        with pytest.raises(NotVisible):
            admitted(other, LITTLE, came_with=parent)
    for case, parent in ((LITTLE, None), (CHILD, mother.case_id)):
        with pytest.raises(ImpossibleCase, match="dependant"):
            admitted(vatra, case, came_with=parent)


def test_a_person_whose_case_is_closed_brings_nobody(vatra: Actor) -> None:
    mother = admitted(vatra)
    stays.end(
        stay_id=mother.stay_id,
        ended_on=calendar.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=vatra,
    )
    cases.close(case_id=mother.case_id, by=vatra)
    with pytest.raises(NotVisible):
        child_of(mother, vatra)


def test_the_child_is_counted_apart_and_not_among_the_victims(vatra: Actor) -> None:
    mother = admitted(vatra)
    child = child_of(mother, vatra)
    victims, children = counted()
    assert victims == [mother.case_id.hex]
    assert children == [
        {"person": child.case_id.hex, "sex": "feminine", "age_band": "0-8", "stay_status": "still_there"}
    ]
    household = may_go(child.case_id)
    stays.end(
        stay_id=child.stay_id,
        ended_on=calendar.today(),
        exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
        destination=Destination.FAMILY,
        where="home",
        household=household,
        by=vatra,
    )
    assert [row["stay_status"] for row in counted()[1]] == ["left"]


def test_the_pages_lead_from_the_mother_to_a_child_with_a_bed(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    person = sign_in("vatra.case_worker")
    path = f"/cases/{mother.case_id}/child"
    assert path in person.get(f"/cases/{mother.case_id}")
    first = person.get(path)
    for absent in ('name="source"', 'value="adult"', 'name="consent"'):
        assert absent not in first
    assert mother.pseudonym in first
    second = person.post(path, WHO, 200)
    for absent in ('name="exploited_in"', 'name="forms"', 'name="story"'):
        assert absent not in second
    done = person.get(person.post(path, {**WHO, **ADMITTED}))
    assert mother.pseudonym not in done
    assert "Drita" not in done


def test_a_child_cannot_be_made_an_adult_and_nobody_else_reaches_the_page(sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    path = f"/cases/{mother.case_id}/child"
    sign_in("vatra.case_worker").post(path, {**WHO, "age_class": "adult", "age": "30"}, 422)
    other = sign_in("tjeter_vizion.case_worker")
    other.get(path, 404)
    other.post(path, WHO, 404)
    officer = sign_in("rinas.border_officer")
    officer.get(path, 403)


def test_the_files_of_the_instance_do_not_hold_the_name_of_a_child(app: Flask, sign_in: SignIn, vatra: Actor) -> None:
    mother = admitted(vatra)
    name = "Dritaplantedname"
    sign_in("vatra.case_worker").post(f"/cases/{mother.case_id}/child", {**WHO, **ADMITTED, "given": name})
    folder = Path(app.extensions["nrm.config"].directory)
    stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert name.encode() not in stored
    assert name.encode("utf-16-le") not in stored
