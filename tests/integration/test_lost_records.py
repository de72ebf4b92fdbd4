"""Records of people that another hand takes out of the main database, or changes: the doctor names them (ADR 0207)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, delete, insert, select, update

from nrm import clock
from nrm.actions.shelter import absences, cases
from nrm.actions.support import follow_ups, hearings
from nrm.db import Model, db, transaction
from nrm.domain.health import Part, State
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.hearings import Hearing
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, Reading
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.models.support.hearings import HearingEntry, HearingStrike
from nrm.steps.lost_records import lost
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store import days, names
from nrm.store.support import hearings as hearing_store
from tests import factories
from tests import second_hands as hands
from tests.conftest import Command
from tests.factories_stays import admitted
from tests.integration.support.test_follow_ups import MANAGER, WORDS, followed
from tests.integration.test_health import parts_of
from tests.world import World

STAY, MISSED, HEARD, OPENED = "staying in touch", "somebody is missing", "hearings", "who opened what lies under seal"


def rows(model: type[Model], *where: Any) -> list[dict[str, Any]]:
    found: Select[Any] = select(*model.__table__.columns).where(*where)
    return [dict(each) for each in db.session.execute(found).mappings()]


def code(case_id: uuid.UUID) -> str:
    return db.session.scalars(select(Case.pseudonym).where(Case.id == case_id)).one()


def taken_out(model: type[Model], *where: Any) -> Iterator[None]:
    """Without these rows; then they are put back."""
    kept = rows(model, *where)
    assert kept
    with transaction() as session:
        session.execute(delete(model).where(*where))
    yield
    with transaction() as session:
        session.execute(insert(model), kept)
    yield


def changed(model: type[Model], *where: Any, **values: Any) -> Iterator[None]:
    """With other values in these rows; then with their own."""
    (was,) = rows(model, *where)
    with transaction() as session:
        session.execute(update(model).where(*where).values(**values))
    yield
    with transaction() as session:
        session.execute(update(model).where(*where).values({name: was[name] for name in values}))
    yield


@pytest.mark.slow
def test_each_record_that_another_hand_takes_or_changes_is_named_by_the_doctor_and_no_other(
    world_app: tuple[Flask, World], command: Command
) -> None:
    app, world = world_app
    manager = factories.actor(MANAGER)
    gone = followed(manager, bed=1)
    here = admitted(manager, days_ago=3, bed=2).case_id
    follow_ups.agree(case_id=here, words=WORDS, by=manager)
    alarm = absences.report(case_id=here, since=clock.now() - timedelta(hours=1), feared=Feared.YES, by=manager)
    over = admitted(manager, days_ago=3, bed=3).case_id
    found = absences.report(case_id=over, since=clock.now() - timedelta(hours=1), feared=Feared.YES, by=manager)
    absences.found(missing_id=found, by=manager)
    cases.open_compartment(case_id=world.own_case, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=manager)
    assert lost() == ""
    assert parts_of(app, command)[Part.RECORDS] == {"state": State.OK, "seconds": None}
    nrc = names.organisation_by_code("NRC").id
    of_hearing = db.session.get_one(HearingEntry, world.hearing).case_id
    assert of_hearing is not None
    dates = FollowUpDate.follow_up_id.in_(select(FollowUp.id).where(FollowUp.case_id == gone))
    with transaction() as session:
        session.execute(delete(FollowUpDate).where(dates))
    attacks: list[tuple[Iterator[None], str, uuid.UUID]] = [
        (taken_out(FollowUp, FollowUp.case_id == gone), STAY, gone),
        (changed(FollowUp, FollowUp.case_id == gone, ended_on=date(2026, 1, 1), ended_why="no_longer"), STAY, gone),
        (changed(FollowUp, FollowUp.case_id == gone, organisation_id=nrc), STAY, gone),
        (taken_out(Missing, Missing.id == alarm), MISSED, here),
        (
            changed(Missing, Missing.id == alarm, outcome="found", over_on=date(2026, 12, 31), since_at=None),
            MISSED,
            here,
        ),
        (taken_out(Reading, Reading.case_id == world.own_case), OPENED, world.own_case),
        (taken_out(HearingEntry, HearingEntry.id == world.hearing), HEARD, of_hearing),
    ]
    for attack, words, case_id in attacks:
        next(attack)
        told = lost()
        assert words in told, told
        assert told.count(code(case_id)) == 1, told
        assert sum(each in told for each in (STAY, MISSED, HEARD, OPENED)) == 1, told
        next(attack)
        assert lost() == ""
    strike = {"reason": str(StrikeReason.WRONG_DAY), "organisation_id": nrc, "struck_at": clock.now()}
    member_id = factories.actor("nrc.case_worker").member_id
    with transaction() as session:
        session.execute(insert(HearingStrike).values(entry_id=world.hearing, member_id=member_id, **strike))
    told = parts_of(app, command)[Part.RECORDS]
    assert (told["state"], HEARD in told["why"], code(of_hearing) in told["why"]) == (State.WRONG, True, True)


def test_what_people_themselves_end_strike_or_let_be_destroyed_is_missed_by_nobody(
    world_app: tuple[Flask, World],
) -> None:
    app, world = world_app
    assert app
    nrc = factories.actor("nrc.case_worker")
    hearings.strike(entry_id=world.hearing, reason=StrikeReason.WRONG_DAY, by=nrc)
    manager = factories.actor(MANAGER)
    follow_ups.end(case_id=followed(manager, bed=1), by=manager)
    assert lost() == ""
    # A legal file that was destroyed took its hearings along; what is announced in the next one is counted anew.
    of_hearing = db.session.get_one(HearingEntry, world.hearing).case_id
    assert of_hearing is not None
    with transaction() as session:
        erasure_steps.destroy(session, of_hearing, [Compartment.LEGAL], nrc)
    assert lost() == ""
    hearing = Hearing("other", days.today() + timedelta(days=9), ())
    again = hearings.announce(person=hearing_store.of_case(of_hearing, by=nrc), hearing=hearing, by=nrc)
    assert lost() == ""
    with transaction() as session:
        session.execute(delete(HearingEntry).where(HearingEntry.id == again))
    assert HEARD in lost()
    # Who takes everything back is forgotten with what was opened of her.
    vatra = factories.actor("vatra.case_worker")
    cases.open_compartment(case_id=world.own_case, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=vatra)
    hands.withdrawn(world.own_case, vatra)
    told = lost()
    assert OPENED not in told
    assert STAY not in told
