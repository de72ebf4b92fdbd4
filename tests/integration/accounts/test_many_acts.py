"""Many acts of a day by one member, or by an organisation, are told in words to colleagues and to the duty desk."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.accounts import members, suspensions
from nrm.actions.shelter import cases
from nrm.db import db, transaction
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.alarms import Alarm
from nrm.models.shelter.cases import Reading
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.integration.accounts.test_second_hands import MANAGER, WORKER, colleagues, opened, waits


def alarms() -> dict[str, int]:
    """The number that each kind of alarm tells now; of several of a kind the last."""
    db.session.rollback()
    tending.tend()
    return {each.kind: each.cases for each in db.session.scalars(select(Alarm).order_by(Alarm.raised_at))}


@pytest.mark.slow
def test_the_third_withdrawal_of_a_day_is_told_and_grows_and_after_an_hour_there_is_another(app: Flask) -> None:
    found = opened(6)
    for case_id in found[:2]:
        waits(factories.actor(WORKER), case_id)
    assert alarms() == {}
    waits(factories.actor(WORKER), found[2])
    assert alarms() == {"erasures": 3}
    waits(factories.actor(WORKER), found[3])
    assert alarms() == {"erasures": 4}
    assert len(db.session.scalars(select(Alarm)).all()) == 1
    factories.later(minutes=61)
    alarms()
    assert len(db.session.scalars(select(Alarm)).all()) == 1  # nothing new was done
    waits(factories.actor(WORKER), found[4])
    assert alarms() == {"erasures": 5}
    assert len(db.session.scalars(select(Alarm)).all()) == 2
    for login in (MANAGER, "ra.duty_officer"):
        person = Person(app.test_client(), login)
        assert "more than usual" in person.get("/?lang=en")
        page = person.get("/alarms?lang=en")
        assert "Withdrew everything or asked for erasure in 5 cases" in page
        assert WORKER in page
    assert "/alarms" not in Person(app.test_client(), WORKER).get("/")
    factories.later(hours=24)
    assert len(alarms()) == 1


def test_of_an_organisation_the_sixth_is_told_whoever_did_them(app: Flask) -> None:
    found = opened(6)
    colleagues("v.other")
    logins = (WORKER, MANAGER, "v.other")
    for number, case_id in enumerate(found):
        waits(factories.actor(logins[number // 2]), case_id)
    assert alarms() == {"of_all_erasures": 6}
    page = Person(app.test_client(), "ra.duty_officer").get("/alarms?lang=en")
    assert "All members of the organisation together" in page


def test_ending_and_suspending_count_together(app: Flask) -> None:
    others = colleagues("v.one", "v.two", "v.three")
    members.disable(member_id=others[0], by=factories.actor(WORKER))
    suspensions.suspend(member_id=others[1], reason=SuspensionReason.MISUSE, by=factories.actor(WORKER))
    assert alarms() == {}
    suspensions.suspend(member_id=others[2], reason=SuspensionReason.MISUSE, by=factories.actor(WORKER))
    assert alarms() == {"endings": 3}
    page = Person(app.test_client(), MANAGER).get("/alarms?lang=en")
    assert "Accounts or organisations ended or suspended, or asked for: 3," in page


def test_an_administrator_who_suspends_three_is_told_to_the_duty_desk(app: Flask) -> None:
    ids = {code: colleagues(f"{code}.third", code=code.upper())[0] for code in ("vatra", "nrc", "iom")}
    for member_id in ids.values():
        suspensions.suspend(member_id=member_id, reason=SuspensionReason.MISUSE, by=factories.actor("administrator"))
    assert alarms() == {"endings": 3}
    assert "administrator" in Person(app.test_client(), "ra.duty_officer").get("/alarms?lang=en")


@pytest.mark.slow
def test_the_tenth_share_is_told(app: Flask) -> None:
    found = opened(10)
    for number, case_id in enumerate(found):
        assert alarms() == {}, number
        cases.share(
            case_id=case_id,
            organisation_id=people.organisation("PROSECUTION"),
            compartments=[Compartment.LEGAL],
            agreed=True,
            by=factories.actor(WORKER),
        )
    assert alarms() == {"shares": 10}
    assert "Let others read parts of 10 cases" in Person(app.test_client(), MANAGER).get("/alarms?lang=en")


def read(login: str, number: int, at: timedelta = timedelta(0)) -> None:
    """So many different cases opened then, as the log has them."""
    by = factories.actor(login)
    with transaction() as session:
        for _ in range(number):
            session.add(
                Reading(
                    id=uuid.uuid4(),
                    case_id=uuid.uuid4(),
                    compartment="identity",
                    purpose=str(Purpose.CARE),
                    member_id=by.member_id,
                    organisation_id=by.organisation_id,
                    holder_id=by.organisation_id,
                    opened_at=clock.now() - at,
                )
            )


@pytest.mark.parametrize(("usual", "quiet", "told"), [(0, 15, 16), (10, 20, 21)])
def test_more_than_fifteen_or_twice_the_usual_day_are_told(app: Flask, usual: int, quiet: int, told: int) -> None:
    for days in range(2, 8):
        read(WORKER, usual, timedelta(days=days))
    for _ in range(quiet):  # over the day, so that no watch of an hour counts them
        read(WORKER, 1, timedelta(hours=23) * (_ / quiet))
    assert "many_openings" not in alarms()
    read(WORKER, told - quiet, timedelta(minutes=1))
    assert alarms()["many_openings"] == told
    assert "more than twice a usual day" in Person(app.test_client(), MANAGER).get("/alarms?lang=en")
    assert (
        db.session.scalars(select(Member.status).where(Member.login == WORKER)).one() == "active"
    )  # it keeps nobody out


def test_an_alarm_stands_at_the_act_and_does_not_wait_for_the_next_minute(app: Flask) -> None:
    """Whoever stops the clock of the server, or ends it, does not stop the alarm; openings alone wait for `tend`."""

    def stored() -> dict[str, int]:
        db.session.rollback()
        return {each.kind: each.cases for each in db.session.scalars(select(Alarm).order_by(Alarm.raised_at))}

    found = opened(10)
    for case_id in found[:3]:
        assert stored() == {}
        waits(factories.actor(WORKER), case_id)
    assert stored() == {"erasures": 3}
    others = colleagues("v.one", "v.two", "v.three")
    members.disable(member_id=others[0], by=factories.actor(WORKER))
    suspensions.suspend(member_id=others[1], reason=SuspensionReason.MISUSE, by=factories.actor(WORKER))
    assert "endings" not in stored()
    suspensions.suspend(member_id=others[2], reason=SuspensionReason.MISUSE, by=factories.actor(WORKER))
    assert stored()["endings"] == 3
    tending.tend()  # counts the same once
    assert stored() == {"erasures": 3, "endings": 3}


def test_shares_raise_their_alarm_with_the_tenth_of_them_and_with_none_that_failed(app: Flask) -> None:
    found = opened(10)
    for number, case_id in enumerate(found):
        assert not db.session.scalars(select(Alarm)).all(), number
        db.session.rollback()
        share = {"organisation_id": people.organisation("PROSECUTION"), "compartments": [Compartment.LEGAL]}
        with pytest.raises(CaseRefused):
            cases.share(case_id=case_id, agreed=False, by=factories.actor(WORKER), **share)  # type: ignore[arg-type]
        cases.share(case_id=case_id, agreed=True, by=factories.actor(WORKER), **share)  # type: ignore[arg-type]
    assert [each.kind for each in db.session.scalars(select(Alarm))] == ["shares"]
