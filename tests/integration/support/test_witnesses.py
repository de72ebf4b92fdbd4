"""Witnesses who are no victims: a small record of the prosecution, counted in report vi and nowhere else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm.actions.support import hearings, witnesses
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import IllegalStep, LeavingReason, WithdrawalReason, WitnessStatus
from nrm.domain.support.hearings import CalledOff, Hearing
from nrm.domain.support.witnesses import EndRefused
from nrm.models.shelter.cases import Case, Reading, ShredKey
from nrm.models.support.hearings import HearingEntry
from nrm.models.support.witnesses import RecordedStep, Witness
from nrm.steps.support import hearings as hearing_steps
from nrm.store import days
from nrm.store.support import hearings as hearing_store
from nrm.store.support import threats as threat_store
from nrm.store.support import witnesses as store
from nrm.web import telephones
from tests import factories
from tests.conftest import Person
from tests.integration.shelter.test_testimony_strikes import counted

LIAISON = "prosecution.witness_liaison"
REFERENCE = "Dosja 77/2026, Ermal Hoxha"
SignIn = Callable[[str], Person]
_S = WitnessStatus


def entered(*steps: WitnessStatus, gender: str = "masculine", age_class: str = "adult") -> uuid.UUID:
    by = factories.actor(LIAISON)
    witness_id = witnesses.enter(gender=gender, age_class=age_class, reference=REFERENCE, another=True, by=by)
    for status in steps:
        why = WithdrawalReason.TRAUMA if status is _S.TESTIMONY_WITHDRAWN else None
        witnesses.record(witness_id=witness_id, status=status, happened_on=days.today(), reason=why, by=by)
    return witness_id


def test_they_count_in_report_vi_as_no_victims_with_what_is_known_of_them(app: Flask) -> None:
    assert app
    court = _S.EVIDENCE_SERIOUS_CRIMES_COURT
    entered(_S.WILLING)  # did nothing that is counted
    witness_id = entered(_S.STATEMENT_GIVEN, court, gender="unknown", age_class="unsure")
    entered(_S.STATEMENT_GIVEN, _S.TESTIMONY_WITHDRAWN, age_class="child")
    said = sorted(
        (row["witness"], row["evidence"], row["withdrawal"], row["sex"], row["age_band"]) for row in counted()
    )
    assert said == [
        ("not_victim", "none", "trauma", "masculine", "child"),
        ("not_victim", "serious_crimes", "none", "unknown", "unknown"),
    ]
    by = factories.actor(LIAISON)
    step = db.session.scalars(
        select(RecordedStep.id).where(RecordedStep.witness_id == witness_id, RecordedStep.status == court)
    ).one()
    witnesses.strike(step_id=step, reason=StrikeReason.WRONG_PERSON, by=by)
    assert [row["evidence"] for row in counted()] == ["none"]
    with pytest.raises(IllegalStep, match="struck"):
        witnesses.strike(step_id=step, reason=StrikeReason.OTHER, by=by)
    # The codes stay counted when the proceedings are over.
    for each in db.session.scalars(select(Witness.id)).all():
        witnesses.end(witness_id=each, by=by)
    assert [row["withdrawal"] for row in counted()] == ["trauma"]


def test_nobody_but_the_prosecution_sees_them_and_there_is_no_case(app: Flask) -> None:
    assert app
    witness_id = entered(_S.STATEMENT_GIVEN)
    by = factories.actor(LIAISON)
    hearing = Hearing("district_vlore", days.today() + timedelta(days=3), ())
    hearings.announce(person=hearing_store.of_witness(witness_id, by=by), hearing=hearing, by=by)
    [(person, _)] = hearing_steps.ahead(by=by)
    assert (person.code, person.case_id) == (db.session.get_one(Witness, witness_id).code, None)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0
    for table in db.metadatas[None].sorted_tables:
        for row in db.session.execute(select(table)).all():
            assert not [each for each in ("Hoxha", "77/2026", "district_vlore") if each in repr(tuple(row))], table.name
    for login in (
        "vatra.case_worker",
        "state_police.identification_officer",
        "oms.monitor",
        "molsa.statistician",
        "ra.duty_officer",
    ):
        other = factories.actor(login)
        with pytest.raises(NotVisible):
            store.one(witness_id, by=other)
        with pytest.raises(NotVisible):
            store.mine(by=other)
        with pytest.raises((NotVisible, NotPermitted)):
            witnesses.enter(gender="unknown", age_class="adult", reference="x", by=other)
        with pytest.raises((NotVisible, NotPermitted)):
            witnesses.record(witness_id=witness_id, status=_S.WILLING, happened_on=days.today(), by=other)
    # The end destroys who it is and where they are heard; nothing can be recorded any more.
    with pytest.raises(EndRefused):  # a hearing lies ahead, and no word of the liaison makes it go away
        witnesses.end(witness_id=witness_id, despite=True, by=by)
    [entry] = db.session.scalars(select(HearingEntry.id)).all()
    hearings.call_off(hearing_id=entry, why=CalledOff.NOT_NEEDED, by=by)
    witnesses.end(witness_id=witness_id, by=by)
    with pytest.raises(witnesses.CannotOpen):
        witnesses.open_reference(witness_id=witness_id, by=by)
    assert db.session.scalars(select(HearingEntry)).all() == []
    db.session.rollback()
    with db.engines["shred"].connect() as connection:
        assert connection.scalars(select(ShredKey.epoch).where(ShredKey.compartment == "witness")).all() == []
    with pytest.raises(IllegalStep):
        witnesses.record(witness_id=witness_id, status=_S.EVIDENCE_DISTRICT_COURT, happened_on=days.today(), by=by)


def test_the_duty_desk_is_told_of_a_threat_and_not_of_whom(app: Flask) -> None:
    assert app
    witness_id = entered(_S.STATEMENT_GIVEN, _S.IN_WITNESS_PROTECTION)
    witnesses.record(
        witness_id=witness_id,
        status=_S.LEFT_WITNESS_PROTECTION,
        happened_on=days.today(),
        reason=LeavingReason.THREAT,
        by=factories.actor(LIAISON),
    )
    [line] = threat_store.of_desk(by=factories.actor("ra.duty_officer"))
    assert (line.case_id, line.pseudonym) == (None, "")
    assert not threat_store.of_desk(by=factories.actor("vatra.case_worker"))


def test_who_learns_what_of_a_threat_is_one_statement_with_the_numbers_to_call(app: Flask, sign_in: SignIn) -> None:
    case_id = entered(_S.STATEMENT_GIVEN)
    liaison = sign_in(LIAISON)
    page = liaison.get(f"/witnesses/{case_id}/threat?lang=en")
    assert "The duty desk is told at once that a witness is threatened, and not which one." in page
    for name in ("Police", "Duty desk"):
        number = next(each.number for each in telephones.protecting() if each.name == name)
        assert f'{name} <a href="tel:{number.replace(" ", "")}">' in page[page.index("<main") :]
    assert "the duty desk reads it at once, and the shelter that has the person" in page  # the help line
    assert "desks that protect" not in page
    guide = liaison.get("/guide?lang=en")
    assert "everybody who has to act" not in guide
    assert "of a threat the duty desk, and the shelter that has the person" in guide


@pytest.mark.slow
def test_the_liaison_enters_records_corrects_and_ends_on_pages(app: Flask, sign_in: SignIn) -> None:
    assert app
    liaison = sign_in(LIAISON)
    assert "Dëshmitarët që nuk janë viktima" in liaison.get("/")
    liaison.post("/witnesses/enter", {}, 422)
    path = liaison.post("/witnesses/enter", {"reference": REFERENCE, "gender": "masculine", "age_class": "adult"})
    assert REFERENCE not in liaison.get(path)  # nothing sealed is shown before it is opened, which is recorded
    liaison.post(f"{path}/open")
    assert REFERENCE in liaison.get(path)
    assert [each.compartment for each in db.session.scalars(select(Reading)).all()] == ["witness"]
    db.session.rollback()
    sign_in("vatra.case_worker").post(f"{path}/open", status=404)
    liaison.post(path, {}, 422)
    liaison.post(path, {"status": "testimony_withdrawn", "happened": "today", "reason": "trauma"}, 422)
    liaison.post(path, {"status": "statement_given", "happened": "today"})
    step = db.session.scalars(select(RecordedStep.id)).one()
    strike = f"/witnesses/steps/{step}/strike"
    liaison.get(strike)
    liaison.post(strike, {}, 422)
    liaison.post(strike, {"reason": "twice", "instead": "nothing"})
    liaison.get(strike, 409)
    assert "u anulua" in liaison.get(path)
    hearing = f"{path}/hearings"
    liaison.get(hearing)
    day = days.today() + timedelta(days=2)
    typed = {
        "court": "other",
        "protection": "none",
        "weekend": "y",
        "day-day": day.day,
        "day-month": day.month,
        "day-year": day.year,
    }
    liaison.post(hearing, {**typed, "court": ""}, 422)
    liaison.post(hearing, typed)
    code = db.session.scalars(select(Witness.code)).one()
    assert code in liaison.get("/hearings")
    liaison.get(f"{path}/threat")
    liaison.post(f"{path}/threat")
    duty = sign_in("ra.duty_officer")
    assert "Një dëshmitar pa rast këtu" in duty.get("/")
    assert code not in duty.get("/")
    for address in ("/witnesses", "/witnesses/enter", path, hearing, f"{path}/end", strike):
        sign_in("vatra.case_worker").get(address, 404)
        duty.get(address, 403)
    # A hearing ahead and a threat that nobody has seen are named, and no press of the liaison destroys anything.
    page = liaison.get(f"{path}/end?lang=en")
    assert "A hearing lies ahead:" in page
    assert "the duty desk has not seen it yet" in page
    assert "Call the duty desk: it opens the alarm" in page
    assert 'name="despite"' not in page
    assert "Until then nothing is destroyed." in liaison.post(f"{path}/end?lang=en", {"despite": "y"}, 422)
    assert REFERENCE in liaison.get(path)
    duty.post(f"/threats/{threat_store.of_desk(by=factories.actor('ra.duty_officer'))[0].id}/seen", {"what": "police"})
    assert "The duty desk has seen it:" in liaison.get(f"{path}?lang=en")
    assert "has not seen it yet" not in liaison.get(f"{path}/end?lang=en")
    assert "A hearing lies ahead:" in liaison.post(f"{path}/end?lang=en", {"despite": "y"}, 422)
    entry = db.session.scalars(select(HearingEntry.id)).one()
    db.session.rollback()
    liaison.post(f"/hearings/{entry}/call-off", {"why": "not_needed"})
    assert 'name="despite"' not in liaison.get(f"{path}/end")  # nothing speaks against it: one press after this page
    liaison.post(f"{path}/end")
    assert REFERENCE not in liaison.get(path)
    assert code in liaison.get("/witnesses")


@pytest.mark.slow
def test_who_is_entered_twice_is_asked_about_and_what_was_entered_is_corrected(app: Flask, sign_in: SignIn) -> None:
    assert app
    liaison = sign_in(LIAISON)
    typed = {"reference": REFERENCE, "gender": "masculine", "age_class": "adult"}
    path = liaison.post("/witnesses/enter", typed)
    page = liaison.post("/witnesses/enter?lang=en", {**typed, "reference": f" {REFERENCE.lower()}"}, 422)
    assert "A witness is known to you by this already" in page
    assert f'href="{path}"' in page
    other = liaison.post("/witnesses/enter", {**typed, "another": "y"})
    assert f'href="{path}/correct"' in liaison.get(path)
    liaison.get(f"{path}/correct")
    liaison.post(f"{path}/correct", {"reference": ""}, 422)
    assert "is known to you by this already" in liaison.post(f"{path}/correct?lang=en", typed, 422)
    liaison.post(f"{path}/correct", {"reference": "", "gender": "feminine", "age_class": "child"})
    liaison.post(f"{path}/open")
    assert REFERENCE in liaison.get(path)
    liaison.post(f"{path}/correct", {"reference": "77/2026", "gender": "feminine", "age_class": "child"})
    page = liaison.get(path)
    assert "77/2026" in page
    assert REFERENCE not in page
    row = db.session.scalars(select(Witness).where(Witness.id == uuid.UUID(path.split("/")[-1]))).one()
    assert (row.gender, row.age_class) == ("feminine", "child")
    db.session.rollback()
    sign_in("vatra.case_worker").get(f"{path}/correct", 404)
    liaison.post(f"{other}/end")
    liaison.post(f"{other}/correct", typed, 409)
