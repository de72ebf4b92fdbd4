"""The child gate: nobody under 18, or who may be, leaves a shelter but for another one before three safe findings."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm.actions.referrals import next_receiver, referrals
from nrm.actions.shelter import cases, corrections, findings, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.referrals.referrals import OverrideReason
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.findings import FindingRefused, Found
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import DESTINATIONS, Destination, ExitReason
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildFinding
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter.leaving import Exit
from nrm.store import days
from nrm.store.referrals import obligations
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER, bed, sent
from tests.factories_stays import CHILD, admitted, decided, found, looked, may_go

SignIn = Callable[[str], Person]
BOTH = pytest.mark.parametrize("database", ["app", "postgres_app"])
KINDS = ("risk", "security", "family")
ELSEWHERE = (ExitReason.MISSING, ExitReason.LEFT_ALONE, ExitReason.REPATRIATED)
OUT = [
    (reason, destination)
    for reason, fitting in DESTINATIONS.items()
    for destination in sorted(fitting)
    if destination is not Destination.NONE
    and reason not in (ExitReason.MISSING, ExitReason.LEFT_ALONE, ExitReason.REPATRIATED)
]
"""Every way out of a shelter but death, a repatriation (which has a gate of its own, too) and the alarm of a missing
person."""


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def service(app: Flask) -> Actor:
    assert app
    return factories.actor("child_protection.child_protection_officer")


def _end(
    stay_id: uuid.UUID, reason: ExitReason, destination: Destination, by: Actor, household: uuid.UUID | None = None
) -> uuid.UUID:
    where = "GR" if destination is Destination.OTHER_COUNTRY else "home"
    return stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=reason,
        destination=destination,
        where=where,
        household=household,
        by=by,
    )


def owed(case_id: uuid.UUID, kind: str) -> uuid.UUID:
    """The assessment as the agreement asks it of child protection."""
    wanted = (Obligation.case_id == case_id, Obligation.kind == f"assess_{kind}")
    return db.session.scalars(select(Obligation.id).where(*wanted)).one()


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_no_road_leads_out_before_anybody_assessed_anything(vatra: Actor, age_class: str) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    for reason, destination in OUT:
        with pytest.raises(GateClosed):
            _end(opened.stay_id, reason, destination, vatra)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None


def test_done_in_a_list_opens_nothing(vatra: Actor, service: Actor) -> None:
    opened = admitted(vatra, CHILD)
    for kind in KINDS:
        with pytest.raises(NotVisible):
            referrals.acknowledge(obligation_id=owed(opened.case_id, kind), by=service)
    with pytest.raises(GateClosed):
        _end(opened.stay_id, ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, vatra)


def test_who_never_got_a_bed_is_not_let_go_by_closing_the_case(app: Flask) -> None:
    assert app
    nrc = factories.actor("nrc.case_worker")
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", consent_services=None)
    case_id = referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)
    with pytest.raises(GateClosed):
        cases.close(case_id=case_id, by=nrc)


@pytest.mark.parametrize(
    ("reason", "destination"),
    [
        ("foster_or_extended_family", "foster_family"),
        ("foster_or_extended_family", "extended_family"),
        ("independent_living", "own_home"),
        ("transferred", "institution"),
        ("left_voluntarily", "unknown"),
    ],
)
def test_no_row_ends_without_what_opened_the_gate(vatra: Actor, reason: str, destination: str) -> None:
    opened = admitted(vatra, CHILD)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            update(Stay)
            .where(Stay.id == opened.stay_id)
            .values(ended_on=days.today(), exit_reason=reason, destination=destination)
        )


def test_the_page_of_the_desk_has_no_button_that_says_done(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    page = sign_in("child_protection.child_protection_officer").get("/")
    for kind in KINDS:
        assert f"/obligations/{owed(opened.case_id, kind)}/acknowledge" not in page


# Findings


def test_three_safe_findings_open_it_and_each_of_them_is_needed(vatra: Actor) -> None:
    opened = admitted(vatra, CHILD)
    for kind in Assessment:
        with pytest.raises(GateClosed, match="assessments_missing"):
            _end(opened.stay_id, ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY, vatra)
        household = found(opened.case_id, kind)
    with pytest.raises(GateClosed, match="second_look_missing"):
        _end(opened.stay_id, ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY, vatra, household)
    looked(opened.case_id, household)
    with pytest.raises(GateClosed, match="not_decided"):
        _end(opened.stay_id, ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY, vatra, household)
    decided(opened.case_id, household)
    _end(opened.stay_id, ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.FOSTER_FAMILY, vatra, household)
    row = db.session.get_one(Stay, opened.stay_id)
    assert (row.child_gate, row.safe_on) == ("assessed", days.today())
    cases.close(case_id=opened.case_id, by=vatra)
    told = select(AuditEntry.event).where(AuditEntry.event == "child_finding_recorded")
    assert len(db.session.scalars(told).all()) == 3


@pytest.mark.parametrize(
    ("what", "why"), [(Found.NOT_SAFE, "assessed_not_safe"), (Found.NOT_YET_CLEAR, "assessments_missing")]
)
def test_what_comes_later_shuts_it_again_until_safe_is_found_again(vatra: Actor, what: Found, why: str) -> None:
    opened = admitted(vatra, CHILD, days_ago=5)
    today = days.today()
    household = may_go(opened.case_id, on=today - timedelta(days=2))
    found(opened.case_id, Assessment.SECURITY, what=what, on=today - timedelta(days=1))
    with pytest.raises(GateClosed, match=why):
        _end(opened.stay_id, ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, vatra)
    with pytest.raises(FindingRefused, match="before"):
        found(opened.case_id, Assessment.SECURITY, on=today - timedelta(days=2))
    found(opened.case_id, Assessment.SECURITY, on=today)
    with pytest.raises(GateClosed, match="not_decided"):
        _end(opened.stay_id, ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, vatra, household)
    looked(opened.case_id, household)
    decided(opened.case_id, household)
    with pytest.raises(GateClosed, match="assessed_later"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=today - timedelta(days=1),
            exit_reason=ExitReason.REINTEGRATED_WITH_FAMILY,
            destination=Destination.FAMILY,
            where="home",
            household=household,
            by=vatra,
        )
    _end(opened.stay_id, ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, vatra, household)


def test_what_is_decided_is_off_the_list_and_what_is_not_clear_is_back_on_it(vatra: Actor, service: Actor) -> None:
    opened = admitted(vatra, CHILD)

    def listed() -> set[str]:
        return {line.kind for line in obligations.owed(by=service).rows if line.kind.startswith("assess_")}

    assert listed() == {"assess_risk", "assess_security", "assess_family"}
    found(opened.case_id, Assessment.RISK, what=Found.NOT_SAFE)
    found(opened.case_id, Assessment.FAMILY)
    assert listed() == {"assess_security"}
    found(opened.case_id, Assessment.FAMILY, what=Found.NOT_YET_CLEAR)
    assert listed() == {"assess_security", "assess_family"}


def test_a_child_goes_to_another_shelter_that_took_it_over_and_needs_no_finding(vatra: Actor) -> None:
    opened = admitted(vatra, CHILD)
    tjeter = factories.actor("tjeter_vizion.case_worker")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=tjeter.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by=vatra,
    )
    with pytest.raises(GateClosed, match="not_handed_over"):
        _end(opened.stay_id, ExitReason.TRANSFERRED, Destination.OTHER_SHELTER, vatra)
    case_id = referrals.accept(referral_id=referral_id, place_id=bed("TJETER_VIZION"), by=tjeter)
    referrals.arrive(referral_id=referral_id, by=tjeter)
    assert db.session.get_one(Stay, opened.stay_id, populate_existing=True).child_gate == "handed_over"
    with pytest.raises(GateClosed, match="assessments_missing"):
        cases.close(case_id=case_id, by=tjeter)
    may_go(case_id)
    cases.close(case_id=case_id, by=tjeter)


@pytest.mark.parametrize(
    "login", ["vatra.shelter_manager", "nrc.case_worker", "ra.duty_officer", "helpline.helpline_operator"]
)
def test_nobody_but_child_protection_says_what_was_found(vatra: Actor, login: str) -> None:
    opened = admitted(vatra, CHILD)
    with pytest.raises(NotVisible):
        findings.record(
            case_id=opened.case_id,
            found={Assessment.RISK: Found.SAFE},
            on=days.today(),
            assessor="x",
            household="x",
            where="x",
            by=factories.actor(login),
        )


def test_nothing_is_found_of_an_adult_nor_of_a_case_that_is_closed(vatra: Actor) -> None:
    adult = admitted(vatra)
    with pytest.raises(NotVisible):
        found(adult.case_id)
    opened = admitted(vatra, CHILD)
    household = may_go(opened.case_id)
    _end(opened.stay_id, ExitReason.FOSTER_OR_EXTENDED_FAMILY, Destination.EXTENDED_FAMILY, vatra, household)
    cases.close(case_id=opened.case_id, by=vatra)
    with pytest.raises(NotVisible):
        found(opened.case_id)


@BOTH
def test_the_table_takes_no_finding_by_nobody(database: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(database)
    values = {"subject_id": uuid.uuid4(), "kind": "risk", "position": 1, "found": "safe", "found_on": days.today()}
    for broken in ({"assessor": ""}, {"assessor": "x"}, {"assessor": "x", "found": "done"}):
        with pytest.raises(IntegrityError), transaction() as session:
            session.add(ChildFinding(**{**values, **broken}))


def test_the_page_of_findings_says_what_is_missing_and_the_case_says_how_the_gate_stands(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, CHILD)
    service, holder = sign_in("child_protection.child_protection_officer"), sign_in("vatra.case_worker")
    address = f"/cases/{opened.case_id}/findings"
    assert address in service.get("/")
    assert "leaves only after the child protection service" in holder.get(f"/cases/{opened.case_id}?lang=en")
    form: dict[str, object] = {
        "risk": "safe", "security": "safe", "family": "not_safe", "when": "today", "assessor": "Mira Social",
        "household": "new", "household_words": "Aunt in Fier", "where": "Seen at home",
    }  # fmt: skip
    for wrong, said in (
        ({"risk": ""}, "Choose what was found"),
        ({"when": ""}, "Choose today or another day"),
        ({"household": ""}, "Choose a household"),
        ({"household_words": " "}, "Enter who lives there"),
        ({"where": ""}, "Enter it in at most"),
        ({"assessor": " "}, "Enter who assessed it"),
        ({"assessor": "x" * 61}, "Enter at most"),
        (dict.fromkeys(("risk", "security", "family"), "nothing_new"), "Say of one assessment at least"),
        (
            {"when": "other", "on-day": "1", "on-month": "1", "on-year": "2999"},
            "Enter a day that is not in the future",
        ),
    ):
        page = service.post(f"{address}?lang=en", {**form, **wrong}, 422)
        assert said in page, wrong
    service.post(address, form)
    page = holder.get(f"/cases/{opened.case_id}?lang=en")
    assert "found that it is not safe" in page
    assert "Mira Social" in holder.get(f"/cases/{opened.case_id}/best-interests")
    leaving = {
        "ended": "today",
        "step": "3",
        "reason": "foster_or_extended_family",
        "destination": "foster_family",
        "country": "home",
    }
    assert "found that it is not safe" in holder.post(f"/stays/{opened.stay_id}/end?lang=en", leaving, 422)
    known = finding_rows.households(opened.case_id)[0].id
    again = {"risk": "nothing_new", "security": "nothing_new", "family": "safe", "household": str(known)}
    service.post(address, {**form, **again})
    assert "Now a member of another organisation" in holder.get(f"/cases/{opened.case_id}?lang=en")
    for login in ("vatra.case_worker", "tjeter_vizion.case_worker", "ra.duty_officer"):
        stranger = sign_in(login)
        stranger.get(address, 404)
        stranger.post(address, form, 404)
    sign_in("molsa.statistician").get(address, 403)


def test_a_case_of_a_child_who_was_in_no_bed_says_why_it_cannot_be_closed(app: Flask, sign_in: SignIn) -> None:
    assert app
    nrc = factories.actor("nrc.case_worker")
    line = sent(factories.actor("rinas.border_officer"), "NRC", age="child", consent_services=None)
    case_id = referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    referrals.arrive(referral_id=line.referral_id, by=nrc)
    person = sign_in("nrc.case_worker")
    assert "leaves only after the child protection service" in person.post(f"/cases/{case_id}/close?lang=en", {}, 409)


def test_a_decided_household_lets_no_child_go_where_nobody_knows(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, CHILD)
    household = may_go(opened.case_id)
    person, address = sign_in("vatra.case_worker"), f"/stays/{opened.stay_id}/end?lang=en"
    leaving = {
        "ended": "today", "step": "3", "reason": "left_voluntarily", "destination": "unknown", "country": "unknown",
        "household": str(household),
    }  # fmt: skip
    page = person.post(address, leaving, 422)
    assert "Nobody knows where this child is" in page
    assert f"/cases/{opened.case_id}/missing" in page
    assert "Nobody knows where this child is" in person.post(address, {**leaving, "destination": "family"}, 422)
    assert "A hospital is no household" in person.post(
        address, {**leaving, "destination": "hospital", "country": "home"}, 422
    )
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    _end(opened.stay_id, ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY, vatra, household)
    wrong = Exit(days.today(), ExitReason.LEFT_VOLUNTARILY, Destination.UNKNOWN, "unknown", household)
    with pytest.raises(GateClosed, match="whereabouts"):
        corrections.correct_exit(stay_id=opened.stay_id, exit_=wrong, why=Why.MISTYPED, by=vatra)


@pytest.mark.slow
def test_a_decision_is_spent_on_no_other_story_and_child_protection_reads_of_the_end(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, CHILD)
    household = may_go(opened.case_id)
    person, address = sign_in("vatra.case_worker"), f"/stays/{opened.stay_id}/end?lang=en"
    code = db.session.get_one(Case, opened.case_id).pseudonym
    leaving = {"ended": "today", "country": "home", "household": str(household)}
    for reason, destination in (
        ("left_voluntarily", "friends"),
        ("left_voluntarily", "family"),
        ("independent_living", "own_home"),
        ("expelled", "extended_family"),
        ("refused_service", "family"),
        ("no_longer_needs_support", "family"),
        ("no_longer_eligible", "institution"),
    ):
        for step in ("2", "3"):
            page = person.post(address, {**leaving, "step": step, "reason": reason, "destination": destination}, 422)
            assert "record that it is missing" in page
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    service = sign_in("child_protection.child_protection_officer")
    assert "Children whose stay ended" not in service.get("/?lang=en")
    person.post(address, {**leaving, "step": "3", "reason": "reintegrated_with_family", "destination": "family"})
    home = service.get("/?lang=en")
    told = home.split("Children whose stay ended by a decision", 1)[1].split("</ul>", 1)[0]
    assert code in told
    assert f"/cases/{opened.case_id}/best-interests" in told
    assert "Vatra" not in told  # not where it lived
    wrong = Exit(days.today(), ExitReason.LEFT_VOLUNTARILY, Destination.FRIENDS, "home", household)
    with pytest.raises(GateClosed, match="not_as_decided"):
        corrections.correct_exit(stay_id=opened.stay_id, exit_=wrong, why=Why.MISTYPED, by=vatra)
    assert "Children whose stay ended" not in sign_in("vatra.case_worker").get("/?lang=en")
    factories.later(days=15)
    assert "Children whose stay ended" not in sign_in("child_protection.child_protection_officer").get("/?lang=en")
