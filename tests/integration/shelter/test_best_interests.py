"""The second look, the best-interest decision and the guardian: who may, who sees what, and what is sealed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import best_interests, cases
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.findings import DecidedBy, FindingRefused, Found, Outcome
from nrm.models.shelter.cases import Reading
from nrm.models.shelter.findings import ChildFile
from nrm.store import days
from nrm.store.shelter import findings as store
from nrm.vault import grants
from tests import factories
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER, bed, sent
from tests.factories_stays import CHILD, admitted, decided, found, looked, may_go

SignIn = Callable[[str], Person]
SERVICE, DESK, HOLDER = "child_protection.child_protection_officer", "ra.duty_officer", "vatra.case_worker"
WHY: dict[str, object] = {"purpose": "child_protection"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def _look(case_id: uuid.UUID, household: uuid.UUID, by: Actor) -> None:
    best_interests.look(case_id=case_id, household_id=household, found=Found.SAFE, reasons="x", on=days.today(), by=by)


def test_nobody_looks_or_decides_who_has_not_opened_what_was_found(vatra: Actor) -> None:
    opened, desk = admitted(vatra, CHILD), factories.actor(DESK)
    household = found(opened.case_id)
    with pytest.raises(FindingRefused, match="open_first"):
        _look(opened.case_id, household, vatra)
    looked(opened.case_id, household)
    with pytest.raises(FindingRefused, match="open_first"):
        best_interests.decide(
            case_id=opened.case_id,
            outcome=Outcome.GOES,
            household_id=household,
            decided_by=DecidedBy.COURT,
            who="Court of Vlora 12/2026",
            view="x",
            on=days.today(),
            by=desk,
        )
    decided(opened.case_id, household)


def test_the_second_look_is_of_another_organisation_and_the_decision_of_the_authority(vatra: Actor) -> None:
    opened, service = admitted(vatra, CHILD), factories.actor(SERVICE)
    household = found(opened.case_id)
    best_interests.open_file(case_id=opened.case_id, purpose=Purpose.CHILD_PROTECTION, by=service)
    with pytest.raises(FindingRefused, match=r"took_part|same_organisation"):
        _look(opened.case_id, household, service)
    other = factories.actor("child_protection.case_worker")  # a colleague who found nothing of it
    best_interests.open_file(case_id=opened.case_id, purpose=Purpose.CHILD_PROTECTION, by=other)
    with pytest.raises(FindingRefused, match="same_organisation"):
        _look(opened.case_id, household, other)
    looked(opened.case_id, household)
    for by in (vatra, service):
        with pytest.raises(NotPermitted):
            decided(opened.case_id, household, by=by)
    with pytest.raises(FindingRefused, match="not_safe"):
        decided(opened.case_id, found(opened.case_id, what=Found.NOT_SAFE, household="Another"))
    desk = factories.actor(DESK)
    looked(opened.case_id, household, by=desk)
    with pytest.raises(FindingRefused, match="took_part"):  # the same member looked and decides
        decided(opened.case_id, household, by=desk)


def test_a_second_look_that_says_not_safe_shuts_what_was_decided(vatra: Actor) -> None:
    opened = admitted(vatra, CHILD)
    household = may_go(opened.case_id)

    def is_open() -> bool:
        gate = store.of_case(opened.case_id, by=vatra)
        assert gate is not None
        return gate.opening is not None

    assert is_open()
    looked(opened.case_id, household, what=Found.NOT_SAFE)
    assert not is_open()
    looked(opened.case_id, household)
    assert not is_open()  # until it is decided again
    decided(opened.case_id, household)
    assert is_open()
    decided(opened.case_id, None)
    assert not is_open()


@pytest.mark.slow
def test_the_pages_lead_from_the_findings_to_the_decision(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    household = found(opened.case_id)
    address = f"/cases/{opened.case_id}/best-interests?lang=en"
    look = f"/cases/{opened.case_id}/households/{household}/second-look?lang=en"
    decision = f"/cases/{opened.case_id}/best-interest-decision?lang=en"
    holder, desk = sign_in(HOLDER), sign_in(DESK)
    page = holder.get(address)
    assert "The aunt in Fier" not in page
    assert "Seen at home" not in page
    assert "Choose why you open it" in holder.post(address, {}, 422)
    holder.post(address, WHY)
    page = holder.get(address)
    assert "Household 1: The aunt in Fier" in page
    assert "Seen at home" in page
    form: dict[str, object] = {"found": "safe", "where": "Talked with her", "when": "today"}
    for wrong, said in (
        ({"found": ""}, "Choose what you find"),
        ({"where": " "}, "Enter it in at most"),
        ({"when": ""}, "Choose today or another day"),
        ({"when": "other", "on-day": "1", "on-month": "1", "on-year": "2999"}, "not in the future"),
        ({"when": "other", "on-day": "1", "on-month": "1", "on-year": "2020"}, "not before the day of what this"),
    ):  # fmt: skip
        assert said in holder.post(look, {**form, **wrong}, 422)
    assert "your text stays here" in desk.post(look, form, 422)  # not opened yet: nothing is lost
    holder.post(look, form)
    holder.get(decision, 403)
    desk.post(address, WHY)
    assert "Talked with her" in desk.get(decision)
    form = {
        "outcome": "goes", "household": str(household), "decided_by": "authority", "name": "Drita",
        "where": "Wants to go to school", "when": "today",
    }  # fmt: skip
    for wrong, said in (
        ({"outcome": ""}, "Choose what was decided"),
        ({"household": ""}, "Choose a household that is found safe three times"),
        ({"decided_by": ""}, "Choose who decided"),
        ({"name": " "}, "Enter the name, in at most"),
        ({"where": ""}, "Enter it in at most"),
    ):
        assert said in desk.post(decision, {**form, **wrong}, 422), wrong
    desk.post(decision, form)
    page = holder.get(address)
    assert "the child may go to household 1, and to no other" in page
    assert "Wants to go to school" in page
    service = sign_in(SERVICE)
    service.post(address, WHY)
    assert "Talked with her" not in service.get(address)  # the second look seals its own


def test_nobody_else_learns_that_there_is_anything(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    household = may_go(opened.case_id)
    paths = [
        f"/cases/{opened.case_id}/best-interests",
        f"/cases/{opened.case_id}/guardian",
        f"/cases/{opened.case_id}/households/{household}/second-look",
    ]
    for login in ("tjeter_vizion.case_worker", "nrc.shelter_manager", "trp_unit.trp_officer"):
        person = sign_in(login)
        for path in paths:
            person.get(path, 404)
            person.post(path, {**WHY, "found": "safe"}, 404)
        person.post(f"{paths[0]}/pass-on", {}, 404)
    sign_in("molsa.statistician").get(paths[0], 403)
    sign_in(HOLDER).get(paths[1], 404)  # the shelter names no guardian
    with pytest.raises(NotVisible):
        best_interests.open_file(
            case_id=opened.case_id,
            purpose=Purpose.CHILD_PROTECTION,
            by=factories.actor("tjeter_vizion.case_worker"),
        )
    adult = admitted(vatra)
    sign_in(HOLDER).get(f"/cases/{adult.case_id}/best-interests", 404)


def test_a_guardian_is_no_companion_and_of_no_household(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    found(opened.case_id, household="Aunt: Ana Kola, Fier")
    desk, path = sign_in(DESK), f"/cases/{opened.case_id}/guardian?lang=en"
    form: dict[str, object] = {"name": "Lule Meta", "no_companion": "y", "not_of_household": "y", "when": "today"}
    assert "Enter the name, in at most" in desk.post(path, {**form, "name": " "}, 422)
    for wrong in ({"no_companion": ""}, {"not_of_household": ""}, {"name": "Ana KOLA"}):
        assert "Choose another guardian" in desk.post(path, {**form, **wrong}, 422)
    desk.post(path, form)
    page = sign_in(HOLDER).get(f"/cases/{opened.case_id}/best-interests?lang=en")
    assert "no companion, and of no household" in page
    assert "Lule Meta" not in page
    with pytest.raises(FindingRefused, match="guardian"):
        found(opened.case_id, household="The Meta family: Lule and her son")


def test_the_file_follows_the_child_and_its_words_are_in_no_database(vatra: Actor, tmp_path: Path) -> None:
    opened = admitted(vatra, CHILD)
    may_go(opened.case_id)
    db.session.commit()
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))
    assert b"child_households" in stored
    for words in (b"aunt in Fier", b"Seen at home", b"Talked with her", b"Drita Vendimi", b"Wants to go to school"):
        assert words not in stored
    told = db.session.scalars(select(Reading).where(Reading.compartment == "child_file")).all()
    assert {each.holder_id for each in told} == {vatra.organisation_id}  # the holder sees who opened it

    tjeter = factories.actor("tjeter_vizion.case_worker")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=tjeter.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("TJETER_VIZION"), by=tjeter)
    purpose = Purpose.CHILD_PROTECTION
    with pytest.raises(best_interests.CannotOpen):
        best_interests.open_file(case_id=opened.case_id, purpose=purpose, by=tjeter)
    gate = store.of_case(opened.case_id, by=tjeter)
    assert gate is not None
    assert not gate.holder_reads
    best_interests.pass_on(case_id=opened.case_id, by=factories.actor(SERVICE))
    best_interests.open_file(case_id=opened.case_id, purpose=purpose, by=tjeter)
    assert "The aunt in Fier" in (best_interests.opened(case_id=opened.case_id, by=tjeter) or {}).values()
    file_id = db.session.scalars(select(ChildFile.id)).one()
    holders = grants.holders_of(db.session(), file_id, "child_file")
    assert vatra.organisation_id not in holders

    referrals.arrive(referral_id=referral_id, by=tjeter)
    cases.close(case_id=opened.case_id, by=tjeter)
    assert grants.holders_of(db.session(), file_id, "child_file") == {tjeter.organisation_id}
    hands.erased(opened.case_id, tjeter)
    assert grants.holders_of(db.session(), file_id, "child_file") == set()


def test_the_desk_is_led_to_no_age_of_a_case_that_waits_at_a_post(app: Flask, sign_in: SignIn) -> None:
    assert app
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", consent_services=None)
    desk, case = sign_in("ra.duty_officer"), f"/cases/{line.case_id}"
    assert f"{case}/age" not in desk.get(f"{case}/best-interests")
    desk.get(f"{case}/age", 404)
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    assert f"{case}/age" in desk.get(f"{case}/best-interests")
    desk.get(f"{case}/age")
