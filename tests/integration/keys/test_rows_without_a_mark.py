"""Rows that carry no mark: written by hand they give nobody a key, and nobody a person or a place (ADR 0104).

Each is planted for an accomplice with an account and a keyring of its own. Then honest people go on working: they open,
write, share and seal again. What the accomplice opens with every file of the server is computed (`tests/thief.py`), and
its account is asked for the case. Of `route_candidates` and `key_workers`, see `test_whom_it_is_sealed_to.py` and
`tests/integration/shelter/test_key_workers.py`; of `consents` and `named_parties`, `test_put_back.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from nrm import clock
from nrm.actions.accounts import sealing_again
from nrm.actions.shelter import absences, cases, consents
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.models.referrals.referrals import RouteExclusion
from nrm.models.shelter.absences import Missing, MissingTold
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy, Place
from nrm.store import days
from nrm.vault import compartments
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.thief import Files, Key, opened
from tests.world import World

Planted = tuple[Flask, World]
ACCOMPLICES = ("VATRA", "CHILD_PROTECTION")


def route_exclusion(world: World, by: Actor) -> None:
    """Everybody else was left out of the route of the person who waits for an answer."""
    assert by.member_id
    with transaction() as session:
        session.execute(
            insert(RouteExclusion),
            [
                {"id": uuid.uuid4(), "case_id": world.case, "party": party, "reason": {"sq": "x", "en": "x"}}
                for party in ("IOM", "TJETER_VIZION", "KOMBETARE", "PROSECUTION")
            ],
        )


def missing_told(world: World, by: Actor) -> None:
    """The accomplice was told of a missing person under seal; the telling has the id of the person's case."""
    missing_id = absences.report(case_id=world.case, since=clock.now(), feared=Feared.NO, by=by)
    for code, id_ in zip(ACCOMPLICES, (world.case, uuid.uuid4()), strict=True):
        told = {"organisation_id": people.organisation(code), "way": "share", "told_on": days.today(), "number": ""}
        with transaction() as session:
            row = {"id": id_, "missing_id": missing_id, "told_by_id": by.member_id, "given": ["name", "number"]}
            session.execute(insert(MissingTold), [row | told])


def occupancy(world: World, by: Actor) -> None:
    """The person sleeps in a place of the accomplice."""
    assert by.member_id
    place_id = db.session.scalar(
        select(Place.id).where(
            Place.organisation_id == people.organisation("VATRA"),
            ~select(Occupancy.id).where(Occupancy.place_id == Place.id, Occupancy.until_on.is_(None)).exists(),
        )
    )
    db.session.rollback()
    with transaction() as session:
        session.execute(
            update(Occupancy)
            .where(Occupancy.stay_id == world.stay, Occupancy.until_on.is_(None))
            .values(place_id=place_id)
        )


def case_age(world: World, by: Actor) -> None:
    """The person was found to be a child, and new keys are due, for whoever may read of a child."""
    said = {"kind": "assessed", "age_class": "child", "was": "adult", "from_on": days.today(), "new_keys": False}
    with transaction() as session:
        row = {"id": uuid.uuid4(), "case_id": world.case, "position": 9, "recorded_on": days.today()}
        session.execute(insert(CaseAge), [row | said | {"member_id": by.member_id}])


def works_on(world: World) -> None:
    """What people of NRC do in a week."""
    by = factories.actor("nrc.case_worker")
    yes = Answer(Topic.SERVICES, Said.GIVEN)
    consents.ask(case_id=world.case, answers=[yes], asking=Asking("", "", ""), by=by)
    cases.add_note(case_id=world.case, text="slept well", by=by)
    sealing_again.renew_keyring(by=by)
    sealing_again.move_grants(by=by)
    assert sealing_again.seal_again(by=by).done
    for alarm in db.session.scalars(select(Missing.id).where(Missing.outcome == "")).all():
        owner = db.session.scalar(select(Missing.organisation_id).where(Missing.id == alarm))
        db.session.rollback()
        if owner == by.organisation_id:
            absences.found(missing_id=alarm, by=by)


def reach(app: Flask, case_id: uuid.UUID) -> dict[str, set[Key]]:
    disconnect()
    here = Path(app.extensions["nrm.config"].directory)
    found = {code: set(opened(Files(here, here), code, released=False)) for code in ACCOMPLICES}
    return {code: {key for key in keys if key[0] == case_id.hex} for code, keys in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("plant", [route_exclusion, missing_told, occupancy, case_age])
def test_a_row_by_hand_gives_nobody_a_key_or_the_case(
    world_app: Planted, plant: Callable[[World, Actor], None]
) -> None:
    app, world = world_app
    before = reach(app, world.case)
    there = set(compartments.compartments_of(db.session(), world.case))
    db.session.rollback()
    plant(world, factories.actor("nrc.case_worker"))
    works_on(world)
    assert reach(app, world.case) == before == {code: set() for code in ACCOMPLICES}
    assert set(compartments.compartments_of(db.session(), world.case)) >= there, "and nothing of it is destroyed"
    code = db.session.scalar(select(Case.pseudonym).where(Case.id == world.case))
    db.session.rollback()
    for login in ("vatra.case_worker", "child_protection.case_worker"):
        accomplice = Person(app.test_client(), login)
        accomplice.get(f"/cases/{world.case}", 404)
        accomplice.get(f"/stays/{world.stay}", 404)
        assert str(code) not in accomplice.get("/")
