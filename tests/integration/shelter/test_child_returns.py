"""Children whose return another country asks for: who answers, each step, the gate, and what is left afterwards."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import interviews
from nrm.actions.shelter import child_returns as actions
from nrm.actions.shelter import findings
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.child_returns import (
    FAMILY,
    STEPS,
    Asked,
    Assessment,
    Direction,
    Escort,
    Finding,
    Guardian,
    Outcome,
    ReturnRefused,
    Sex,
    State,
    check_guardian,
    check_request,
    check_step,
    following,
    month_after,
)
from nrm.domain.shelter.findings import Found
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Erasure, Grant, SealedCompartment, ShredKey
from nrm.models.shelter.child_returns import ChildReturn, ChildReturnStep
from nrm.store.reports import care_counting, counting
from nrm.store.shelter import child_returns as store
from tests import factories
from tests.conftest import Person

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
WHO = {"name": "Lule Planted", "parents": "Agim Planted"}
ALL = set(Assessment)


class Desks:
    """The two offices, at noon."""

    def __init__(self) -> None:
        clock.set_clock(lambda: NOON)
        self.authority = factories.actor("ra.duty_officer")
        self.protection = factories.actor("child_protection.child_protection_officer")

    def recorded(self, **changed: Any) -> uuid.UUID:
        return_id = uuid.uuid4()
        values: dict[str, Any] = {
            "iso": "GR",
            "asked": Asked.BOTH,
            "received_on": TODAY - timedelta(days=5),
            "due_on": TODAY + timedelta(days=15),
            "identity": WHO,
            "by": self.authority,
            **changed,
        }
        actions.record(return_id=return_id, **values)
        return return_id

    def answered(self, finding: Finding = Finding.RETURN_SAFE, safe: set[Assessment] = ALL) -> uuid.UUID:
        return_id = self.recorded()
        self.answer(return_id, finding, safe)
        return return_id

    def found(self, return_id: uuid.UUID, *kinds: Assessment, what: Found = Found.SAFE) -> None:
        findings.record_of_return(
            return_id=return_id, found=dict.fromkeys(kinds, what), on=TODAY, assessor="Mira Social", by=self.protection
        )

    def answer(self, return_id: uuid.UUID, finding: Finding = Finding.RETURN_SAFE, safe: set[Assessment] = ALL) -> None:
        if safe:
            self.found(return_id, *safe)
        actions.answer(
            return_id=return_id,
            finding=finding,
            text="The grandmother Planted waits.",
            on=TODAY,
            by=self.protection,
        )


@pytest.fixture
def desks(app: Flask) -> Desks:
    assert app
    return Desks()


def row(return_id: uuid.UUID) -> ChildReturn:
    return db.session.get_one(ChildReturn, return_id, populate_existing=True)


# Rules


def test_every_pair_of_states_and_every_kind_is_decided_by_the_table() -> None:
    for before, after, kind in itertools.product(State, State, OrganisationKind):

        def take(before: State = before, after: State = after, kind: OrganisationKind = kind) -> None:
            check_step(before, after, kind=kind, on=TODAY, last_on=TODAY, today=TODAY)

        if STEPS.get((before, after)) is kind:
            take()
        else:
            with pytest.raises(ReturnRefused, match="step"):
                take()
    assert all(not following(state, kind) for state in State if state.is_over for kind in OrganisationKind)


@settings(max_examples=60)
@given(st.sampled_from(list(Guardian)), st.sampled_from(["", *Finding]), st.booleans())
def test_nobody_of_the_family_takes_a_child_in_without_a_safe_finding(
    guardian: Guardian, finding: str, safe: bool
) -> None:
    if finding == Finding.NOT_FROM_HERE or (guardian in FAMILY and not (safe and finding == Finding.RETURN_SAFE)):
        with pytest.raises(ReturnRefused):
            check_guardian(guardian, finding, found_safe=safe)
    else:
        check_guardian(guardian, finding, found_safe=safe)


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [(1, 5, "received"), (-400, 5, "received"), (-5, -6, "due"), (-5, 400, "due")],
)
def test_days_that_cannot_be(received: int, due: int, why: str) -> None:
    with pytest.raises(ReturnRefused, match=why):
        check_request(TODAY + timedelta(days=received), TODAY + timedelta(days=due), TODAY)


def test_a_step_is_not_before_the_last_one_nor_tomorrow() -> None:
    for on in (TODAY - timedelta(days=1), TODAY + timedelta(days=1)):
        with pytest.raises(ReturnRefused, match="day"):
            check_step(
                State.REQUESTED,
                State.ASSESSED,
                kind=OrganisationKind.CHILD_PROTECTION,
                on=on,
                last_on=TODAY,
                today=TODAY,
            )


# The way of one child


def test_from_the_request_to_the_day_the_child_is_received(desks: Desks) -> None:
    return_id = desks.recorded()
    (line,) = store.returns(by=desks.protection)
    assert (line.country, line.asked, line.due_on, line.late) == ("GR", "both", TODAY + timedelta(days=15), False)
    desks.answer(return_id)
    actions.find_guardian(return_id=return_id, guardian=Guardian.RELATIVE, on=TODAY, by=desks.protection)
    actions.travel(return_id=return_id, escort=Escort.SOCIAL_WORKER, on=TODAY, by=desks.authority)
    actions.receive(return_id=return_id, sex=Sex.FEMININE, on=TODAY, by=desks.protection)
    taken = [(each.step, each.taker["en"]) for each in store.steps(return_id, by=desks.authority)]
    assert [step for step, _ in taken] == ["requested", "assessed", "guardian_ready", "travelling", "received"]
    assert len({taker for _, taker in taken}) == 2
    assert store.returns(by=desks.authority, open_only=True) == []
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.like("child_return%")).order_by(AuditEntry.id)
    ).all()
    assert events == ["child_return_recorded", "child_return_answered", *["child_return_step"] * 3]


def test_an_answer_that_is_late_is_said_to_be(desks: Desks) -> None:
    desks.recorded()
    clock.set_clock(lambda: NOON + timedelta(days=15))
    assert [line.late for line in store.returns(by=desks.authority)] == [False]
    clock.set_clock(lambda: NOON + timedelta(days=16))
    assert [line.late for line in store.returns(by=desks.authority)] == [True]


def test_the_family_only_after_three_assessments_and_the_database_says_so_too(desks: Desks) -> None:
    with pytest.raises(ReturnRefused, match="assessments"):
        desks.answered(Finding.RETURN_SAFE, {Assessment.RISK, Assessment.FAMILY})
    return_id = desks.answered(Finding.RETURN_NOT_SAFE, set())
    with pytest.raises(ReturnRefused, match="gate"):
        actions.find_guardian(return_id=return_id, guardian=Guardian.PARENT, on=TODAY, by=desks.protection)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(ChildReturn).where(ChildReturn.id == return_id).values(guardian="parent"))
    actions.find_guardian(return_id=return_id, guardian=Guardian.FOSTER_FAMILY, on=TODAY, by=desks.protection)


def test_what_is_found_not_safe_later_keeps_the_child_from_the_family(desks: Desks) -> None:
    return_id = desks.answered()
    desks.found(return_id, Assessment.RISK, what=Found.NOT_SAFE)
    with pytest.raises(ReturnRefused, match="gate"):
        actions.find_guardian(return_id=return_id, guardian=Guardian.PARENT, on=TODAY, by=desks.protection)
    desks.found(return_id, Assessment.RISK)
    actions.find_guardian(return_id=return_id, guardian=Guardian.PARENT, on=TODAY, by=desks.protection)
    desks.found(return_id, Assessment.FAMILY, what=Found.NOT_YET_CLEAR)
    with pytest.raises(ReturnRefused, match="gate"):
        actions.travel(return_id=return_id, escort=Escort.SOCIAL_WORKER, on=TODAY, by=desks.authority)
    with pytest.raises(NotPermitted):
        findings.record_of_return(
            return_id=return_id, found={Assessment.RISK: Found.SAFE}, on=TODAY, assessor="x", by=desks.authority
        )
    desks.found(return_id, Assessment.FAMILY)
    actions.travel(return_id=return_id, escort=Escort.SOCIAL_WORKER, on=TODAY, by=desks.authority)
    actions.receive(return_id=return_id, sex=Sex.FEMININE, on=TODAY, by=desks.protection)
    with pytest.raises(ReturnRefused, match="step"):
        desks.found(return_id, Assessment.FAMILY, what=Found.NOT_SAFE)


def test_steps_out_of_turn_and_by_the_other_office_change_nothing(desks: Desks) -> None:
    return_id = desks.recorded()
    for attempt, error in (
        (
            lambda: actions.find_guardian(
                return_id=return_id, guardian=Guardian.FOSTER_FAMILY, on=TODAY, by=desks.protection
            ),
            ReturnRefused,
        ),
        (
            lambda: actions.travel(return_id=return_id, escort=Escort.GUARDIAN, on=TODAY, by=desks.authority),
            ReturnRefused,
        ),
        (
            lambda: actions.receive(return_id=return_id, sex=Sex.FEMININE, on=TODAY, by=desks.protection),
            ReturnRefused,
        ),
        (
            lambda: actions.go_on(return_id=return_id, after=State.WITHDRAWN, on=TODAY, by=desks.protection),
            ReturnRefused,
        ),
        (
            lambda: actions.go_on(return_id=return_id, after=State.ASSESSED, on=TODAY, by=desks.protection),
            ReturnRefused,
        ),
        (
            lambda: actions.travel(return_id=return_id, escort=Escort.GUARDIAN, on=TODAY, by=desks.protection),
            NotPermitted,
        ),
        (lambda: desks.recorded(by=desks.protection), NotPermitted),
    ):
        with pytest.raises(error):
            attempt()
    assert row(return_id).state == "requested"
    assert len(store.steps(return_id, by=desks.authority)) == 1


# Who reads what


def test_both_offices_open_it_which_is_recorded_and_nobody_else_knows_of_it(desks: Desks) -> None:
    return_id = desks.answered()
    held = set(db.session.scalars(select(Grant.organisation_id).where(Grant.case_id == return_id)))
    assert held == {desks.authority.organisation_id, desks.protection.organisation_id}
    for by in (desks.authority, desks.protection):
        assert actions.opened(return_id=return_id, by=by) is None
        actions.open_identity(return_id=return_id, purpose=Purpose.CHILD_PROTECTION, by=by)
        assert actions.opened(return_id=return_id, by=by) == {**WHO, "text": "The grandmother Planted waits."}
    told = db.session.scalars(select(AuditEntry.event).where(AuditEntry.event == "compartment_opened")).all()
    assert len(told) == 4


@pytest.mark.parametrize(
    "login",
    [
        "rinas.border_officer",
        "consular.consular_officer",
        "nrc.case_worker",
        "child_protection.case_worker",
        "helpline.helpline_operator",
        "molsa.statistician",
        "oms.monitor",
        "administrator",
    ],
)
def test_everybody_else_is_refused(desks: Desks, login: str) -> None:
    return_id = desks.recorded()
    by = factories.actor(login)
    for attempt in (
        lambda: store.returns(by=by),
        lambda: store.one(return_id, by=by),
        lambda: actions.open_identity(return_id=return_id, purpose=Purpose.CHILD_PROTECTION, by=by),
        lambda: actions.opened(return_id=return_id, by=by),
        lambda: actions.go_on(return_id=return_id, after=State.WITHDRAWN, on=TODAY, by=by),
    ):
        with pytest.raises((NotPermitted, NotVisible)):
            attempt()
        db.session.rollback()


def test_the_database_does_not_say_who_the_child_is(desks: Desks) -> None:
    desks.answered()
    db.session.rollback()
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        dump = "\n".join(raw.iterdump())
    assert "child_returns" in dump
    assert "Planted" not in dump
    assert b"Planted".hex() not in dump.lower()


def test_thirty_days_after_it_is_over_nothing_of_the_child_is_left(desks: Desks) -> None:
    return_id = desks.answered()
    actions.go_on(return_id=return_id, after=State.REFUSED, on=TODAY, by=desks.protection)
    clock.set_clock(lambda: NOON + timedelta(days=29))
    assert tending.tend()["child_returns_forgotten"] == 0
    clock.set_clock(lambda: NOON + timedelta(days=30))
    assert tending.tend()["child_returns_forgotten"] == 1
    assert tending.tend()["child_returns_forgotten"] == 0
    kept = row(return_id)
    assert (kept.received_on, kept.due_on, kept.quarter_on) == (None, None, date(2026, 1, 1))
    assert (kept.state, kept.country, kept.finding) == ("refused", "GR", "return_safe")
    assert db.session.scalars(select(ChildReturnStep)).all() == []
    assert db.session.scalars(select(Grant).where(Grant.case_id == return_id)).all() == []
    for compartment in ("identity", "story"):
        assert db.session.get(SealedCompartment, (return_id, compartment)) is None
        assert db.session.get(Erasure, (return_id, compartment)) is not None
    with db.engines["shred"].connect() as connection:
        assert connection.execute(select(ShredKey.key).where(ShredKey.case_id == return_id)).all() == []


def test_one_that_is_not_over_stays_whatever_its_age(desks: Desks) -> None:
    return_id = desks.answered()
    clock.set_clock(lambda: NOON + timedelta(days=300))
    assert tending.tend()["child_returns_forgotten"] == 0
    assert row(return_id).received_on is not None


def test_no_return_takes_the_id_of_an_interview_and_no_interview_that_of_a_return(desks: Desks) -> None:
    rinas = factories.actor("rinas.border_officer")
    draft = interviews.start(interview_id=uuid.uuid4(), by=rinas)
    with pytest.raises(NotVisible):
        actions.record(
            return_id=draft,
            iso="GR",
            asked=Asked.BOTH,
            received_on=TODAY,
            due_on=TODAY,
            identity=WHO,
            by=desks.authority,
        )
    return_id = desks.recorded()
    with pytest.raises(NotVisible):
        interviews.start(interview_id=return_id, by=rinas)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iso": "AL"}, "country"),
        ({"iso": "greece"}, "country"),
        ({"identity": {}}, "name"),
        ({"received_on": TODAY + timedelta(days=1)}, "received"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(desks: Desks, changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ReturnRefused, match=f"^{why}$"):
        desks.recorded(**changed)
    assert db.session.scalars(select(ChildReturn)).all() == []


def received(desks: Desks, **changed: Any) -> uuid.UUID:
    """A child that came back today, to a relative."""
    return_id = desks.recorded(**changed)
    desks.answer(return_id)
    actions.find_guardian(return_id=return_id, guardian=Guardian.RELATIVE, on=TODAY, by=desks.protection)
    actions.travel(return_id=return_id, escort=Escort.SOCIAL_WORKER, on=TODAY, by=desks.authority)
    actions.receive(return_id=return_id, sex=Sex.FEMININE, on=TODAY, by=desks.protection)
    return return_id


def _in_month(months: int) -> Actor:
    """The officer of child protection, at noon of the first day of the month so many months after the return."""
    day = month_after(TODAY.replace(day=1), months)
    clock.set_clock(lambda: datetime(day.year, day.month, 1, 12, tzinfo=UTC))
    return factories.actor("child_protection.child_protection_officer")


def counted(quarter: Quarter) -> list[tuple[str, str, str]]:
    codes = {"returned_from": ["GR", "IT", "other"], "sex": ["feminine", "masculine"]}
    with db.engine.connect() as connection:
        rows = care_counting.returned_children(connection, quarter, quarter, codes, by=counting.RELEASE)
    return [(each["returned_from"], each["sex"], each["integration"]) for each in rows]


def test_what_became_of_a_child_is_owed_after_3_6_and_12_months_and_feeds_the_table(desks: Desks) -> None:
    return_id = received(desks)
    received(desks, iso="MK", direction=Direction.THERE)  # a child that left is none that returned
    assert counted(Quarter.of(TODAY)) == [("GR", "feminine", "unknown")]
    with pytest.raises(ReturnRefused, match="not_yet"):
        actions.tell_outcome(return_id=return_id, months=3, outcome=Outcome.FAMILY, by=desks.protection)
    for months, outcome in ((3, Outcome.FAMILY_NO_SCHOOL), (6, Outcome.CARE), (12, Outcome.FAMILY)):
        by = _in_month(months)
        owed = [(line.months, line.late) for line in store.outcomes_due(by=by) if line.id == return_id]
        assert owed == [(months, False)]
        actions.tell_outcome(return_id=return_id, months=months, outcome=outcome, by=by)
        assert not [line for line in store.outcomes_due(by=by) if line.id == return_id]
        assert counted(Quarter.of(clock.now().date())) == [("GR", "feminine", outcome)]
    assert counted(Quarter.of(TODAY)) == [("GR", "feminine", "unknown")]  # a closed quarter does not change
    assert store.outcomes_due(by=factories.actor("ra.duty_officer")) == []
    actions.tell_outcome(return_id=return_id, months=12, outcome=Outcome.LEFT_AGAIN, by=by)  # a correction
    assert counted(Quarter.of(clock.now().date())) == [("GR", "feminine", "left_again")]
    assert [each.outcome for each in store.outcomes(return_id, by=by)] == [
        "family_no_school", "care", "family", "left_again"
    ]  # fmt: skip


def test_who_returned_is_known_until_the_last_outcome_or_fifteen_months(desks: Desks) -> None:
    told, silent = received(desks), received(desks)
    _in_month(3)
    assert tending.tend()["child_returns_forgotten"] == 0
    by = _in_month(12)
    actions.tell_outcome(return_id=told, months=12, outcome=Outcome.FAMILY, by=by)
    assert tending.tend()["child_returns_forgotten"] == 1
    assert row(told).received_on is None
    _in_month(15)
    assert tending.tend()["child_returns_forgotten"] == 1
    assert row(silent).received_on is None
    assert row(told).returned_month == TODAY.replace(day=1)


@pytest.mark.slow
def test_only_child_protection_says_what_became_of_a_child(desks: Desks, sign_in: Callable[[str], Person]) -> None:
    return_id = received(desks)
    _in_month(4)
    path = f"/child-returns/{return_id}/outcomes/3"
    protection = sign_in("child_protection.child_protection_officer")
    home = protection.get("/?lang=en")
    assert path in home
    assert ">late</span>" in home
    assert "Choose what became of the child" in protection.post(f"{path}?lang=en", {}, status=422)
    protection.post(path, {"outcome": "care"})
    assert "In care" in protection.get(f"/child-returns/{return_id}?lang=en")
    assert path not in protection.get("/?lang=en")
    protection.post(f"/child-returns/{return_id}/outcomes/12", {"outcome": "care"}, status=409)
    protection.get(f"/child-returns/{return_id}/outcomes/5", status=409)
    for login in ("ra.duty_officer", "vatra.case_worker", "molsa.statistician"):
        sign_in(login).get(path, status=403)


def typed(day: date, name: str) -> dict[str, object]:
    return {f"{name}-day": day.day, f"{name}-month": day.month, f"{name}-year": day.year}


@pytest.mark.slow
def test_by_pages(app: Flask, sign_in: Callable[[str], Person]) -> None:
    assert app
    authority, protection = sign_in("ra.duty_officer"), sign_in("child_protection.child_protection_officer")
    found = re.search(r'name="id" value="([0-9a-f-]+)"', authority.get("/child-returns/new"))
    assert found
    today = clock.now().date()
    form: dict[str, object] = {
        "id": found.group(1),
        "country": "Greqia",
        "asked": "both",
        "direction": "here",
        "name": "Lule Planted",
        **typed(today - timedelta(days=9), "received"),
        **typed(today + timedelta(days=9), "due"),
    }
    for wrong, said in (
        ({"country": "Nowhere"}, "Shkruani emrin e vendit"),
        ({"name": ""}, "Shkruani emrin, si në dokument"),
        ({"due-year": "1999"}, "Shkruani një ditë pas kërkesës"),
        ({"received-year": "1999"}, "Shkruani një ditë të vitit të fundit"),
        ({"asked": ""}, "Zgjidhni çfarë kërkohet"),
        ({"direction": ""}, "Zgjidhni nga cila anë"),
    ):
        page = authority.post("/child-returns", {**form, **wrong}, status=422)
        assert said in page
        assert "Lule Planted" in page or not wrong.get("name", "x")  # what was typed stays
    assert "Shkruani emrin e vendit" in authority.post("/child-returns", {**form, "country": "Shqipëria"}, status=422)
    for _ in range(2):
        address = authority.post("/child-returns", form)
    home = protection.get("/")
    assert home.count(f'href="{address}"') == 1
    assert "Planted" not in home
    assert address in authority.get("/child-returns")
    protection.post(f"{address}/open", {}, status=422)
    protection.post(f"{address}/open", {"purpose": "child_protection"})
    assert "Lule Planted" in protection.get(address)
    authority.get(f"{address}/assessed", status=409)
    authority.post(f"{address}/assessed", {"when": "today", "finding": "return_safe", "text": "x"}, status=403)
    answer: dict[str, object] = {
        "when": "today",
        "finding": "return_safe",
        "text": "kept text",
    }
    page = protection.post(f"{address}/assessed", {**answer, "assessments": ["risk", "security", "family"]}, status=422)
    assert "Regjistroni më parë se rreziku" in page
    assert "kept text" in page
    assert "Zgjidhni çfarë gjetët" in protection.post(f"{address}/assessed", {"when": "today"}, status=422)
    authority.post(f"{address}/findings", {}, status=403)
    findings_of = {"risk": "safe", "security": "safe", "family": "safe", "when": "today", "assessor": "Mira Social"}
    assert "Shkruani se kush" in protection.post(f"{address}/findings", {**findings_of, "assessor": ""}, status=422)
    assert "Mira Social" in protection.get(protection.post(f"{address}/findings", findings_of))
    protection.get(protection.post(f"{address}/assessed", answer))
    protection.post(f"{address}/assessed", answer, status=409)
    protection.post(f"{address}/guardian_ready", {"when": "today", "guardian": "relative"})
    protection.get(f"{address}/travelling", status=409)
    authority.post(f"{address}/travelling", {"when": "today", "escort": "social_worker"})
    protection.get(f"{address}/received")
    assert "Zgjidhni nëse" in protection.post(f"{address}/received", {"when": "today"}, status=422)
    protection.post(f"{address}/received", {"when": "today", "sex": "feminine"})
    protection.post(f"{address}/received", {"when": "today", "sex": "feminine"}, status=409)
    assert "U prit" in protection.get(address)
    protection.get(f"{address}/findings", status=409)
    protection.post(f"{address}/findings", findings_of, status=409)
    protection.get(f"{address}/junk", status=404)
    sign_in("rinas.border_officer").get(address, status=403)
