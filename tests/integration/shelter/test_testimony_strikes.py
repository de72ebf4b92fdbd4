"""Steps of a witness that were recorded wrongly are struck; nothing is overwritten, and reports follow."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.shelter import testimony
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import IllegalStep, WithdrawalReason, WitnessStatus
from nrm.models.shelter import testimony as models
from nrm.steps.shelter import erasures
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import counting, decision_counting
from nrm.store.shelter import testimony as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


def witness(by: Actor, *steps: WitnessStatus) -> uuid.UUID:
    case_id = admitted(by, days_ago=0).case_id
    for status in steps:
        why = WithdrawalReason.TRAUMA if status is WitnessStatus.TESTIMONY_WITHDRAWN else None
        testimony.record(case_id=case_id, status=status, happened_on=days.today(), reason=why, by=by)
    return case_id


def step(case_id: uuid.UUID, position: int) -> models.Testimony:
    found = select(models.Testimony).where(models.Testimony.case_id == case_id, models.Testimony.position == position)
    return db.session.scalars(found).one()


def counted() -> list[dict[str, str]]:
    this = Quarter.of(days.today())
    codes = {name: set(each.codes) for name, each in country().tables["vi"].dimensions.items()}
    with db.engine.connect() as connection:
        return decision_counting.witnesses(connection, this, this, codes, by=counting.RELEASE)


def test_a_struck_step_stays_with_who_and_why_and_counts_nowhere(vatra: Actor) -> None:
    court = WitnessStatus.EVIDENCE_DISTRICT_COURT
    case_id = witness(vatra, WitnessStatus.STATEMENT_GIVEN, court, WitnessStatus.TESTIMONY_WITHDRAWN)
    assert [row["withdrawal"] for row in counted()] == ["trauma"]
    wrong = step(case_id, 3)
    was = (wrong.status, wrong.reason, wrong.happened_on, wrong.position)
    testimony.strike(step_id=wrong.id, reason=StrikeReason.WRONG_PERSON, by=vatra)
    track = store.of_case(case_id, by=vatra)
    assert track.status is court
    assert [each.struck_why for each in track.steps] == [None, None, StrikeReason.WRONG_PERSON]
    kept = db.session.get_one(models.Testimony, wrong.id, populate_existing=True)
    assert (kept.status, kept.reason, kept.happened_on, kept.position) == was
    strike = db.session.get_one(models.TestimonyStrike, wrong.id)
    assert (strike.member_id, strike.organisation_id) == (vatra.member_id, vatra.organisation_id)
    assert [row["withdrawal"] for row in counted()] == ["none"]
    with pytest.raises(IllegalStep, match="struck"):
        testimony.strike(step_id=wrong.id, reason=StrikeReason.OTHER, by=vatra)
    assert "legal" not in erasures.to_erase(db.session(), case_id)
    for position in (2, 1):
        testimony.strike(step_id=step(case_id, position).id, reason=StrikeReason.WRONG_PERSON, by=vatra)
    assert store.of_case(case_id, by=vatra).status is WitnessStatus.NOT_A_WITNESS
    assert counted() == []
    testimony.record(case_id=case_id, status=WitnessStatus.WILLING, happened_on=days.today(), by=vatra)


def test_a_day_is_mended_in_the_middle_and_a_step_that_others_follow_from_stays(vatra: Actor) -> None:
    case_id = witness(vatra, WitnessStatus.STATEMENT_GIVEN, WitnessStatus.EVIDENCE_DISTRICT_COURT)
    told = step(case_id, 1).id
    with pytest.raises(IllegalStep, match="later_steps"):
        testimony.strike(step_id=told, reason=StrikeReason.WRONG_PERSON, by=vatra)
    with pytest.raises(IllegalStep, match="in_future"):
        testimony.strike(
            step_id=told, reason=StrikeReason.WRONG_DAY, happened_on=days.today() + timedelta(days=1), by=vatra
        )
    before = days.today() - timedelta(days=2)
    testimony.strike(step_id=told, reason=StrikeReason.WRONG_DAY, happened_on=before, by=vatra)
    track = store.of_case(case_id, by=vatra)
    assert track.status is WitnessStatus.EVIDENCE_DISTRICT_COURT
    assert [(each.happened_on, each.struck_why is None) for each in track.steps] == [
        (before, True),
        (days.today(), False),
        (days.today(), True),
    ]


def test_only_who_may_record_steps_of_a_case_strikes_them(app: Flask, vatra: Actor) -> None:
    case_id = witness(vatra, WitnessStatus.WILLING)
    wrong = step(case_id, 1).id
    for login, error in (
        ("nrc.case_worker", NotVisible),
        ("prosecution.witness_liaison", NotVisible),
        ("trp_unit.trp_officer", NotPermitted),
    ):
        with pytest.raises(error):
            testimony.strike(step_id=wrong, reason=StrikeReason.OTHER, by=factories.actor(login))
    other = Person(app.test_client(), "nrc.case_worker")
    other.get(f"/testimony/{wrong}/strike", 404)
    other.post(f"/testimony/{wrong}/strike", {"reason": "other", "instead": "nothing"}, 404)
    person = Person(app.test_client(), "vatra.case_worker")
    assert f"/testimony/{wrong}/strike" in person.get(f"/cases/{case_id}/testimony")
    assert "Zgjidhni çfarë është e gabuar" in person.post(f"/testimony/{wrong}/strike", {}, 422)
    person.post(f"/testimony/{wrong}/strike", {"reason": "twice", "instead": "same"}, 422)
    address = person.post(f"/testimony/{wrong}/strike", {"reason": "twice", "instead": "nothing"})
    page = person.get(address)
    assert "u anulua" in page
    assert f"/testimony/{wrong}/strike" not in page
    person.get(f"/testimony/{wrong}/strike", 409)
