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
from nrm.actions.support import follow_up_alarms, follow_ups, hearings
from nrm.db import Model, db, transaction
from nrm.domain.health import Part, State
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.follow_ups import Acts
from nrm.domain.support.hearings import Hearing
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.stays import Stay
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.models.support.hearings import HearingEntry, HearingStrike
from nrm.steps.lost_records import lost
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter.corrections import NO_END
from nrm.store import days, names
from nrm.store.support import hearings as hearing_store
from tests import factories
from tests import second_hands as hands
from tests.conftest import Command
from tests.factories_stays import admitted
from tests.integration.support.test_follow_ups import MANAGER, NOT_SAFE, TEXT, WELL, WORDS, dates, followed, on
from tests.integration.test_health import parts_of
from tests.world import World

STAY, MISSED, HEARD, OPENED = "staying in touch", "somebody is missing", "hearings", "who opened what lies under seal"
UNSAFE, STAYS = "somebody is not safe after the shelter", "stays ("
ACTED = "what a house does about somebody who is not safe"
WORDS_OF_ALL = (STAY, MISSED, HEARD, OPENED, UNSAFE, STAYS, ACTED)


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
        same = model.__table__.columns["id"] == was["id"]
        session.execute(update(model).where(same).values({name: was[name] for name in values}))
    yield


def begun(like: dict[str, Any]) -> Iterator[None]:
    """With a stay that nobody began; then without it."""
    made = {**like, "id": uuid.uuid4()}
    with transaction() as session:
        session.execute(insert(Stay).values(**made))
    yield
    with transaction() as session:
        session.execute(delete(Stay).where(Stay.id == made["id"]))
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
    unsafe = followed(manager, bed=4)
    follow_up_alarms.tell(case_id=unsafe, text="He stands at the corner.", by=manager)
    assert lost() == ""
    assert parts_of(app, command)[Part.RECORDS] == {"state": State.OK, "seconds": None}
    nrc = names.organisation_by_code("NRC").id
    of_hearing = db.session.get_one(HearingEntry, world.hearing).case_id
    assert of_hearing is not None
    of_gone = FollowUpDate.follow_up_id.in_(select(FollowUp.id).where(FollowUp.case_id == gone))
    with transaction() as session:
        session.execute(delete(FollowUpDate).where(of_gone))
    alarm_of = FollowUpDate.follow_up_id.in_(select(FollowUp.id).where(FollowUp.case_id == unsafe))
    standing = (alarm_of, FollowUpDate.alarm_on.is_not(None))
    acted = {"acted_what": "police", "acted_at": clock.now(), "acted_by_id": manager.member_id}
    left = {"exit_reason": "left_voluntarily", "destination": "own_home"}
    left |= {"repatriation_gate": "former_rule", "child_gate": "adult"}
    (ended,) = rows(Stay, Stay.case_id == gone)
    attacks: list[tuple[Iterator[None], str, uuid.UUID]] = [
        (taken_out(FollowUp, FollowUp.case_id == gone), STAY, gone),
        (changed(FollowUp, FollowUp.case_id == gone, ended_on=date(2026, 1, 1), ended_why="no_longer"), STAY, gone),
        (changed(FollowUp, FollowUp.case_id == gone, organisation_id=nrc), STAY, gone),
        (changed(FollowUpDate, *standing, alarm_on=None, alarm_by_id=None), UNSAFE, unsafe),
        (changed(FollowUpDate, *standing, **acted), ACTED, unsafe),
        (changed(Stay, Stay.case_id == here, ended_on=days.today(), **left), STAYS, here),
        (changed(Stay, Stay.case_id == gone, **NO_END), STAYS, gone),
        (begun(ended), STAYS, gone),
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
        assert sum(each in told for each in WORDS_OF_ALL) == 1, told
        next(attack)
        assert lost() == ""
    strike = {"reason": str(StrikeReason.WRONG_DAY), "organisation_id": nrc, "struck_at": clock.now()}
    member_id = factories.actor("nrc.case_worker").member_id
    with transaction() as session:
        session.execute(insert(HearingStrike).values(entry_id=world.hearing, member_id=member_id, **strike))
    told = parts_of(app, command)[Part.RECORDS]
    assert (told["state"], HEARD in told["why"], code(of_hearing) in told["why"]) == (State.WRONG, True, True)


@pytest.mark.slow
def test_who_said_at_a_contact_that_she_is_not_safe_is_missed_until_somebody_says_that_she_is(app: Flask) -> None:
    assert app
    case_id = followed(factories.actor(MANAGER))
    manager = on(dates(case_id)[1].due_on)
    follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, text=TEXT, by=manager)
    assert lost() == ""
    alarm_of = FollowUpDate.follow_up_id.in_(select(FollowUp.id).where(FollowUp.case_id == case_id))
    attack = changed(FollowUpDate, alarm_of, FollowUpDate.alarm_on.is_not(None), alarm_on=None, alarm_by_id=None)
    next(attack)
    assert UNSAFE in lost()
    next(attack)
    follow_up_alarms.act(case_id=case_id, what=Acts.POLICE, text="They drive past at night.", by=manager)
    assert lost() == ""
    follow_up_alarms.take_back(case_id=case_id, by=manager)
    follow_up_alarms.act(case_id=case_id, what=Acts.MET, text="They drive past at night.", by=manager)
    assert lost() == ""
    later = on(dates(case_id)[3].due_on)
    follow_ups.record(case_id=case_id, months=3, contact=WELL, text=TEXT, by=later)
    assert dates(case_id)[1].alarm_on is None
    assert lost() == ""
    follow_up_alarms.is_not_safe(case_id=case_id, by=later)
    assert lost() == ""
    with transaction() as session:
        session.execute(update(FollowUpDate).where(alarm_of).values(alarm_on=None, alarm_by_id=None))
    assert UNSAFE in lost()
    follow_up_alarms.tell(case_id=case_id, text=TEXT, by=later)
    follow_up_alarms.act(case_id=case_id, what=Acts.POLICE, text="They drive past at night.", by=later)
    follow_ups.end(case_id=case_id, by=later)
    assert lost() == ""


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


def test_a_telephone_or_a_name_of_an_office_that_another_hand_changed_is_named_and_an_upgrade_puts_it_right(
    app: Flask, command: Command
) -> None:
    assert lost() == ""
    police = names.organisation_by_code("STATE_POLICE")
    number, called = police.telephone, dict(police.names)
    for wrong in ({"telephone": "+355 69 000 0000"}, {"names": {**called, "en": "Police of another country"}}):
        with transaction() as session:
            session.execute(update(Organisation).where(Organisation.id == police.id).values(**wrong))
        told = parts_of(app, command)[Part.RECORDS]
        assert (told["state"], "offices" in told["why"], "STATE_POLICE" in told["why"]) == (State.WRONG, True, True)
        assert command(app, "upgrade")[0] == 0
        assert lost() == ""
        db.session.refresh(police)
        assert (police.telephone, police.names) == (number, called)
