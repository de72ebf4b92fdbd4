"""The two gates nobody can override, in the tables themselves: rows written by hand are refused, on both databases."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from nrm.actions.shelter import permits, stays
from nrm.db import db, transaction
from nrm.domain.interviews.screenings import check_processed
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.findings import ChildDecision, ChildLook
from nrm.store import days
from nrm.store.shelter import stays as store
from tests import factories
from tests.factories_stays import CHILD, MOLDOVAN, admitted, may_go

BOTH = pytest.mark.parametrize("database", ["app", "postgres_app"])
ABROAD = {"exit_reason": "repatriated", "destination": "country_of_citizenship"}
IN_THE_COUNTRY = {"destination_country": "home", "repatriation_gate": "home"}
HOME = {"exit_reason": "left_voluntarily", "destination": "family"}


@pytest.fixture
def instance(database: str, request: pytest.FixtureRequest) -> Flask:
    app: Flask = request.getfixturevalue(database)
    return app


def _by_hand(statement: str, **values: Any) -> None:
    """One statement in SQL, as somebody with the database in hand would write it."""
    if db.engine.dialect.name == "sqlite":
        values = {name: value.hex if isinstance(value, uuid.UUID) else value for name, value in values.items()}
        values = {name: str(value) if isinstance(value, date) else value for name, value in values.items()}
    with transaction() as session:
        session.execute(text(statement), values)


def _end(stay_id: uuid.UUID, **values: Any) -> None:
    row = {
        "ended_on": days.today(),
        "child_gate": "",
        "repatriation_gate": "",
        "informed_on": None,
        "permit_state": "",
        "destination_country": "",
    }
    row |= values
    columns = ", ".join(f"{name} = :{name}" for name in row)
    _by_hand(f"UPDATE stays SET {columns} WHERE id = :id", id=stay_id, **row)


@BOTH
def test_no_row_of_a_stay_ends_abroad_without_the_day_the_options_were_explained(instance: Flask) -> None:
    assert instance
    opened = admitted(factories.actor("vatra.shelter_manager"), MOLDOVAN)
    today = days.today()
    informed = {"repatriation_gate": "informed", "informed_on": today, "permit_state": "informed"}
    for broken in (
        {},
        {"repatriation_gate": "informed"},
        {"repatriation_gate": "yes"},
        {**informed, "informed_on": None},
        {**informed, "informed_on": today + timedelta(days=1)},
        {**informed, "permit_state": "applied"},
        {**informed, "permit_state": "appealed"},
        {**informed, "permit_state": "renewal_applied"},
        {**informed, "permit_state": "refused"},
        {**informed, "permit_state": "refused", "appeal_until": today},
        {**informed, "permit_state": ""},
        {**informed, "permit_state": "not_informed"},
    ):
        for destination in ("country_of_citizenship", "other_country"):
            with pytest.raises(IntegrityError):
                _end(
                    opened.stay_id,
                    **{**ABROAD, "destination": destination, "child_gate": "adult", "destination_country": "MD"},
                    **broken,
                )
    assert store.row(opened.stay_id, by=factories.actor("vatra.shelter_manager")).ended_on is None
    refused = {"permit_state": "refused", "appeal_until": today - timedelta(days=1)}
    _end(opened.stay_id, **ABROAD, **{**informed, **refused}, child_gate="adult", destination_country="MD")


@BOTH
def test_no_row_of_a_stay_of_a_child_ends_without_what_opened_the_child_gate(instance: Flask) -> None:
    assert instance
    opened = admitted(factories.actor("vatra.shelter_manager"), CHILD)
    today = days.today()
    for broken in (
        {"child_gate": ""},
        {"child_gate": "yes"},
        {"child_gate": "child"},
        {"child_gate": "handed_over"},
        {"child_gate": "died"},
        {"child_gate": "assessed"},
        {"child_gate": "assessed", "safe_on": today + timedelta(days=1)},
    ):
        for destination in ("family", "foster_family", "extended_family", "own_home", "institution", "unknown"):
            reason = "foster_or_extended_family" if destination == "foster_family" else "left_voluntarily"
            with pytest.raises(IntegrityError):
                _end(opened.stay_id, exit_reason=reason, destination=destination, **IN_THE_COUNTRY, **broken)
    may_go(opened.case_id)
    decision = db.session.scalars(select(ChildDecision)).one()
    look = db.session.scalars(select(ChildLook)).one()
    assessed = {
        "child_gate": "assessed",
        "safe_on": today,
        "looked_on": today,
        "decided_on": today,
        "assessed_by_id": look.assessed_by_id,
        "looked_by_id": look.organisation_id,
        "child_decision_id": decision.id,
    }
    for name in ("safe_on", "looked_on", "decided_on", "assessed_by_id", "looked_by_id", "child_decision_id"):
        for wrong in (None, today + timedelta(days=1) if name.endswith("_on") else uuid.uuid4()):
            with pytest.raises(IntegrityError):
                _end(opened.stay_id, **HOME, **IN_THE_COUNTRY, **{**assessed, name: wrong})
    with pytest.raises(IntegrityError):
        _end(opened.stay_id, **HOME, **IN_THE_COUNTRY, **{**assessed, "looked_by_id": look.assessed_by_id})
    _end(opened.stay_id, **HOME, **IN_THE_COUNTRY, **assessed)


@BOTH
def test_no_screening_returns_a_child_to_the_family_from_a_crossing_point(instance: Flask) -> None:
    assert instance
    insert = (
        "INSERT INTO screening_kinds (id, crossing_point, outcome, processed, age_class, gender, citizenship_class,"
        " returned_from, announced, agency) VALUES (:id, 'rinas', 'none', 'returned_to_family', :age_class, 'feminine',"
        " 'home', 'GR', 'no', 'no')"
    )
    for age_class in ("child", "unsure", "99", ""):
        with pytest.raises(IntegrityError):
            _by_hand(insert, id=1, age_class=age_class)
    _by_hand(insert, id=1, age_class="adult")


@pytest.mark.parametrize("age_class", ["child", "unsure", "99"])
def test_the_rule_says_the_same_before_the_table_does(age_class: str) -> None:
    with pytest.raises(GateClosed, match="at_crossing_point"):
        check_processed("returned_to_family", age_class)
    check_processed("child_authority", age_class)
    check_processed("returned_to_family", "adult")


def test_who_is_told_today_did_not_leave_for_another_country_yesterday(app: Flask) -> None:
    assert app
    by = factories.actor("vatra.shelter_manager")
    opened = admitted(by, MOLDOVAN, days_ago=40)  # the reflection period is over
    today = days.today()
    permits.record(case_id=opened.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=by)
    how = {"exit_reason": ExitReason.REPATRIATED, "destination": Destination.COUNTRY_OF_CITIZENSHIP}
    with pytest.raises(GateClosed, match="not_informed"):
        stays.end(stay_id=opened.stay_id, ended_on=today - timedelta(days=1), by=by, **how)
    stays.end(stay_id=opened.stay_id, ended_on=today, by=by, **how)
    ended = store.row(opened.stay_id, by=by)
    assert (ended.informed_on, ended.permit_state) == (today, "informed")


@BOTH
def test_no_row_of_a_stay_ends_anywhere_without_a_country_and_what_opened_the_gate(instance: Flask) -> None:
    assert instance
    by = factories.actor("vatra.shelter_manager")
    other = factories.actor("vatra.case_worker")
    opened = admitted(by, MOLDOVAN)
    two = {"left_recorded_by_id": by.member_id, "left_confirmed_by_id": other.member_id}
    alone = {"repatriation_gate": "left_alone", "destination_country": "MD", **two}
    for broken in (
        {},
        {"repatriation_gate": "home"},
        {"repatriation_gate": "home", "destination_country": "MD"},
        {"destination_country": "home"},
        {"repatriation_gate": "former_rule", "destination_country": "MD"},
        alone,
        {**alone, "exit_reason": "left_alone", "left_confirmed_by_id": None},
        {**alone, "exit_reason": "left_alone", "left_recorded_by_id": None},
        {**alone, "exit_reason": "left_alone", "left_confirmed_by_id": by.member_id},
        {**alone, "exit_reason": "left_alone", "child_gate": "assessed", "safe_on": days.today()},
        {"exit_reason": "left_alone", "repatriation_gate": "home", "destination_country": "home"},
        {"exit_reason": "missing", "destination": "unknown"},
        {"exit_reason": "missing", "destination": "unknown", "child_gate": "assessed"},
    ):
        with pytest.raises(IntegrityError):
            _end(opened.stay_id, **{**HOME, "child_gate": "adult", **broken})
    _end(opened.stay_id, **{**HOME, **alone, "exit_reason": "left_alone", "child_gate": "adult"})
