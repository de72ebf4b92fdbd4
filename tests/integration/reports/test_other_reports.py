"""Reports x, vi, permits and referrals: who counts in them, which quarters they speak of, what they never tell."""

from __future__ import annotations

import io
import json
import random
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import event, select

from nrm.actions.reports import reports
from nrm.countries import load
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, OrganisationKind, Role
from nrm.domain.interviews.screenings import Screening, agency_of, outcome_of, processed_as
from nrm.domain.quarters import Quarter
from nrm.domain.referrals.referrals import answer_class
from nrm.domain.reports import counting as rules
from nrm.domain.reports import exploitation, tabulation
from nrm.domain.support.follow_ups import Stand
from nrm.domain.support.plans import Service
from nrm.models.accounts.accounts import Member
from nrm.models.shelter import testimony
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.models.support.plans import ServiceAnswer
from nrm.statistics.tables import MalformedMicrodata
from nrm.steps.reports import release_building
from nrm.store import names
from nrm.store.reports import counting, crossing_counting
from nrm.store.reports import reports as store
from nrm.store.reports.ways_of_counting import COUNTING
from nrm.web.reports.trends import shares_of
from tests import accommodated, factories, screened
from tests.conftest import Person

Q1, Q2 = Quarter(2026, 1), Quarter(2026, 2)
TODAY = date(2026, 7, 20)
RELEASE = Actor.system("release")
TABLES = load("albania").tables


def screening(month: date, **codes: str) -> Screening:
    values = {
        "crossing_point": "rinas",
        "outcome": "possible",
        "processed": "referred_nrc",
        "age_class": "adult",
        "gender": "feminine",
        "citizenship_class": "home",
        "returned_from": "GR",
        "announced": "no",
        "agency": "no",
        "profile": "",
        "assessment": "",
    }
    return Screening(month=month, **(values | codes))


def some_screenings(number: int, month: date) -> list[Screening]:
    chance = random.Random(number)
    outcomes = [
        {"outcome": "none", "processed": "no_indicator"},
        {"outcome": "suspected", "processed": "joint_interview"},
        {"outcome": "possible", "processed": "referred_ngo_shelter"},
        {
            "outcome": "refused",
            "processed": "refused_help",
            "crossing_point": "",
            "returned_from": "99",
            "announced": "99",
            "agency": "99",
        },
        {"outcome": "not_asked", "processed": "not_asked"},
    ]
    made = []
    for _ in range(number):
        places = {
            "crossing_point": chance.choice(["rinas", "rinas", "durres", "kakavija", "morine"]),
            "returned_from": chance.choice(["GR", "IT", "IT", "GB", "NL"]),
            "announced": chance.choice(["yes", "no", "no"]),
            "agency": chance.choice(["yes", "no", "no"]),
            "gender": chance.choice(["feminine", "feminine", "masculine"]),
        }
        made.append(screening(month, **(places | chance.choices(outcomes, [50, 15, 20, 5, 10])[0])))
    screened.count(made)
    return made


def some_witnesses(number: int, on: date) -> None:
    with transaction() as session:
        vatra = names.organisation_by_code("VATRA").id
        for place in range(number):
            case_id = accommodated.person(session, vatra, gender="masculine" if place % 3 == 0 else "feminine")
            status = ("evidence_district_court", "evidence_serious_crimes_court", "testimony_withdrawn")[place % 3]
            reason = "trauma" if status == "testimony_withdrawn" else ""
            session.add(testimony.Testimony(case_id=case_id, position=1, status=status, reason=reason, happened_on=on))


def published(report: str, quarter: Quarter) -> dict[str, object]:
    value: dict[str, object] = json.loads(store.release_file(quarter, "json", by=RELEASE, report=report))
    return value


def test_returnees_are_counted_once_and_only_nationals_at_crossing_points(app: Flask) -> None:
    screened.count([screening(date(2026, 4, 1)), screening(date(2026, 6, 1)), screening(date(2026, 6, 1))])
    screened.count([screening(date(2026, 6, 1), assessment="possible", profile="none")])
    screened.count([screening(date(2026, 5, 1), outcome="none", processed="no_indicator")])
    screened.count([screening(date(2026, 5, 1), citizenship_class="third_country")])
    screened.count([screening(date(2026, 5, 1), crossing_point="")])
    screened.count([screening(date(2026, 3, 1)), screening(date(2026, 7, 1))])
    with db.engine.connect() as connection:
        counted = crossing_counting.returnees(connection, Q2, Q2, by=RELEASE)
    common = ("adult", "feminine", "GR", "no", "no")
    assert counted == {
        ("rinas", "possible", "referred_nrc", *common): 4,
        ("rinas", "none", "no_indicator", *common): 1,
    }


@pytest.mark.parametrize("also", [[], [uuid.UUID(int=1)]])
def test_a_quarter_is_found_without_reading_the_stays_before_it(app: Flask, also: list[uuid.UUID]) -> None:
    """No step of the plan goes through all stays, or all that were known by then; also before anybody ran ANALYZE."""
    told: list[tuple[str, Any]] = []

    def keep(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        told.append((statement, parameters))

    with db.engine.connect() as connection:
        event.listen(db.engine, "before_cursor_execute", keep)
        counting.people(connection, Q2, also=also, by=RELEASE)
        event.remove(db.engine, "before_cursor_execute", keep)
        plans = [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in told
            if "FROM stays" in statement
        ]
    assert len(plans) == 4  # people, marks on the entries of their permits, these entries, and who was here before
    of_stays = [step for plan in plans for step in plan if "stays" in step or "permit_" in step]
    assert len(of_stays) >= 12
    assert [step for step in of_stays if not step.startswith("SEARCH")] == []
    assert [step for step in of_stays if "(known_on<?)" in step or "(admitted_on<?)" in step] == []


@pytest.mark.parametrize("role", list(Role))
def test_no_account_counts_anybody(app: Flask, role: Role) -> None:
    by = Actor(uuid.uuid4(), uuid.uuid4(), role)
    with db.engine.connect() as connection:
        with pytest.raises(NotPermitted):
            counting.people(connection, Q2, by=by)
        for count in COUNTING.values():
            with pytest.raises(NotPermitted):
                count(connection, Q2, Q2, {}, by=by)


def test_every_way_an_interview_can_end_fits_the_tables_of_report_x() -> None:
    table_set = TABLES["x"]
    codes = {name: (*table_set.dimensions[name].codes, *table_set.dimensions[name].recode) for name in rules.RETURNEE}
    ends = [
        (outcome_of(a), processed_as(a, kind)) for a in ("possible", "suspected", "99") for kind in OrganisationKind
    ]
    ends.append((outcome_of("none"), processed_as("none", None)))
    values = [("rinas", *end, "child", "feminine", "GR", "yes", "no") for end in ends]
    values.append(("rinas", "not_asked", "not_asked", "adult", "feminine", "GR", "yes", "no"))
    values.append(("", "refused", "refused_help", "adult", "unknown", "99", "99", "99"))
    rows = rules.returnees([(each, 1) for each in values], codes, quarters=["2026Q2"])
    records, _ = table_set.records(rows)
    assert len(records) == len(set(values))
    for wrong in ({"outcome": "refused"}, {"outcome": "not_asked"}, {"processed": "not_asked"}):
        with pytest.raises(MalformedMicrodata):
            table_set.records([rows[0] | wrong])
    unasked = next(row for row in rows if row["outcome"] == "not_asked")
    for wrong in ({"age_class": "child"}, {"processed": "no_indicator"}, {"crossing_point": "unknown"}):
        with pytest.raises(MalformedMicrodata):
            table_set.records([unasked | wrong])


@pytest.mark.slow
def test_report_x_is_published_beside_ix_and_says_the_same_in_every_format(app: Flask) -> None:
    accommodated.at(TODAY)
    forms, found = ("sexual_exploitation", "forced_labour", "forced_begging", "forced_marriage"), 0
    for each in some_screenings(130, date(2026, 5, 1)):
        if each.outcome in ("possible", "suspected"):
            told = {"exploitation": [forms[found % 7 % 4]], "recruiter_relation": ("friend", "99")[found % 2]}
            accommodated.referred(each.month, gender=each.gender, facts=told)
            found += 1
    outcome = accommodated.release(Q2, by=factories.actor("molsa.statistician"))
    assert isinstance(outcome.others["x"], release_building.Released)
    assert isinstance(outcome.others["exploited"], release_building.Released)
    beside = {tuple(each["dimensions"]): each["rows"] for each in published("exploited", Q2)["tables"]}  # type: ignore[attr-defined]
    assert {(name,) for name in ("sexual_kind", "labour_kind", "recruiter", *exploitation.CONTROL)} <= set(beside)
    by_form = {row["exploitation"]: row["value"] for row in beside["exploitation",]}
    assert abs(by_form["*"] - found) <= 4
    assert by_form["*"] == sum(
        value for form, value in by_form.items() if form in (*exploitation.ORDER, "other", "unknown")
    )
    assert reports.verdict(Q2, report="exploited")["ok"]
    value = published("x", Q2)
    assert list(value) == ["format", "report", "quarter", "released_at", "tables", "signatures"]
    figures = [row["value"] for table in value["tables"] for row in table["rows"]]  # type: ignore[attr-defined]
    assert len(figures) > 300
    assert [figure for figure in figures if figure is not None and figure % 5] == []
    assert None in figures  # a structural zero
    book = openpyxl.load_workbook(io.BytesIO(store.release_file(Q2, "xlsx", by=RELEASE, report="x")))
    head, *rows = book["data"].iter_rows(values_only=True)
    assert [row[head.index("value")] for row in rows] == figures
    described = json.loads(store.release_file(Q2, "csvw", by=RELEASE, report="x"))
    columns = described["tableSchema"]["columns"]
    assert [column["name"] for column in columns if not column.get("virtual")] == list(head)
    assert reports.is_genuine(value)
    assert reports.check(by=RELEASE) == []
    assert reports.verdict(Q2, report="x")["ok"]
    assert reports.is_sealed(store.release_file(Q2, "pdf.sq", by=RELEASE, report="x"))
    assert not reports.is_sealed(b"%PDF-1.7")
    named = {tuple(table["dimensions"]) for table in value["tables"]}  # type: ignore[attr-defined]
    assert {("returned_from", "announced"), ("returned_from", "agency")} <= named
    db.session.rollback()
    page = Person(app.test_client(), "oms.reader").get("/reports/x/notice")
    shares = [int(each) for each in re.findall(r'<td class="n">(\d+)%</td>', page)]
    assert "Pa asnjë agjenci" in page
    assert len(shares) >= 4  # two of three were without, in all and by country
    assert all(share % 5 == 0 and 45 <= share <= 90 for share in shares), shares
    Person(app.test_client(), "rinas.border_officer").get("/reports/x/notice", status=403)


@pytest.mark.slow
def test_few_witnesses_wait_for_four_quarters_and_enough_are_published_for_two(app: Flask) -> None:
    by = factories.actor("molsa.statistician")
    some_witnesses(9, date(2026, 5, 4))
    accommodated.at(TODAY)
    first = accommodated.release(Q2, by=by)
    assert first.others["vi"] == release_building.Waits()
    # Asking again does not throw the dice again.
    some_witnesses(60, date(2026, 5, 4))
    again = accommodated.release(Q2, by=by)
    assert again.others["vi"] == release_building.Waits()
    accommodated.at(date(2027, 1, 20))
    accommodated.confirm(Q2.next)  # of the first quarter nobody said anything
    accommodated.release(Q2.next, by=by)
    last = accommodated.release(Q2.next.next, by=by)
    assert isinstance(last.others["vi"], release_building.Released)
    value = published("vi", Q1)  # any of its quarters leads to it
    assert (value["quarter"], value["quarters"]) == ("2026Q4", ["2026Q1", "2026Q2", "2026Q3", "2026Q4"])
    assert value["no_report_from"]
    page = Person(app.test_client(), "oms.reader").get("/reports/vi/2026Q4")
    assert "<dt>Nuk raportuan për disa nga këta tremujorë</dt>" in page


def some_children(number: int, admitted_on: date) -> None:
    with transaction() as session:
        vatra = names.organisation_by_code("VATRA").id
        for place in range(number):
            codes = {"age_class": "child", "age_band": ("0-8", "9-17", "99")[place % 3], "consent": "not_asked_child"}
            child = accommodated.person(session, vatra, source="with_a_victim", **codes)
            gone = admitted_on + timedelta(days=20) if place % 4 == 0 else None
            accommodated.stay(session, child, vatra, admitted_on, gone)


@pytest.mark.slow
def test_children_who_came_with_a_victim_are_published_each_attribute_apart(app: Flask) -> None:
    accommodated.at(TODAY)
    some_children(36, date(2026, 5, 4))
    accommodated.many(60, seed=4)
    outcome = accommodated.release(Q2, by=factories.actor("molsa.statistician"))
    assert isinstance(outcome.others["dependants"], release_building.Released)
    tables = published("dependants", Q2)["tables"]
    assert [table["dimensions"] for table in tables] == [["age_band"], ["sex"], ["stay_status"]]  # type: ignore[attr-defined]
    figures = {row["age_band"]: row["value"] for row in tables[0]["rows"]}  # type: ignore[index]
    assert figures["*"] in (35, 40)
    assert sum(value for code, value in figures.items() if code != "*") == figures["*"]
    assert all(value % 5 == 0 for value in figures.values())


@pytest.mark.slow
def test_services_are_counted_from_answers_and_not_from_plans(app: Flask) -> None:
    """Each kind has a table of its own; who does not agree, and who has a plan and no answer, is in none."""
    by = factories.actor("molsa.statistician")
    accommodated.at(TODAY)
    with transaction() as session:
        vatra = names.organisation_by_code("VATRA").id
        for number in range(64):
            refuses = number >= 60
            who = accommodated.person(session, vatra, **({"facts": {"statistics": "no"}} if refuses else {}))
            accommodated.stay(session, who, vatra, date(2026, 5, 4), None)
            codes = [["medical"], ["legal", "medical"], []][number % 3]
            row = {"services": codes, "quarter_on": Q2.start, "counts_on": Q2.start}
            session.add(ServiceAnswer(case_id=who, **row))
    outcome = accommodated.release(Q2, by=by)
    assert isinstance(outcome.others["services"], release_building.Released)
    tables = {table["dimensions"][0]: table["rows"] for table in published("services", Q2)["tables"]}  # type: ignore
    assert list(tables) == [str(each) for each in Service]
    for code, real in (("medical", 40), ("legal", 20), ("housing", 0)):
        figures = {row[code]: row["value"] for row in tables[code]}
        assert abs(figures["received"] - real) < 10, code
        assert abs(figures["*"] - 60) < 5, code
        assert all(value % 5 == 0 for value in figures.values())


def some_followed(number: int, due_on: date) -> None:
    """People who were to be asked for the last time on that day; of one of four nobody wrote anything."""
    with transaction() as session:
        vatra = names.organisation_by_code("VATRA").id
        worker = session.scalars(select(Member.id).where(Member.organisation_id == vatra)).first()
        for place in range(number):
            followed = FollowUp(
                id=uuid.uuid4(),
                case_id=accommodated.person(session, vatra),
                organisation_id=vatra,
                worker_id=worker,
                agreed_month=date(2025, 5, 1),
                begins_on=date(2025, 5, 4),
            )
            session.add(followed)
            session.flush()
            for months, due in ((6, date(2025, 11, 4)), (12, due_on)):
                silent = months == 12 and place % 4 == 0
                session.add(
                    FollowUpDate(
                        id=uuid.uuid4(),
                        follow_up_id=followed.id,
                        months=months,
                        due_on=due,
                        next_on=due,
                        state=str(Stand.OPEN if silent else Stand.REACHED),
                        outcome="settled" if months == 12 and not silent else "",
                        counts_on=None if silent else Quarter.of(due).start,
                    )
                )


@pytest.mark.slow
def test_what_became_of_people_is_published_with_the_other_reports_and_silence_apart(app: Flask) -> None:
    accommodated.at(TODAY)
    some_followed(48, date(2026, 5, 4))
    accommodated.many(60, seed=4)
    by = factories.actor("molsa.statistician")
    accommodated.release(Q1, by=by)
    outcome = accommodated.release(Q2, by=by)
    assert isinstance(outcome.others["followup"], release_building.Released)
    tables = published("followup", Q2)["tables"]
    figures = {row["outcome"]: row["value"] for row in tables[0]["rows"]}  # type: ignore[index]
    assert figures["*"] in (45, 50)
    assert abs(figures["settled"] - 36) < 5
    assert abs(figures["not_recorded"] - 12) < 5
    assert figures["not_known"] == 0
    assert all(value % 5 == 0 for value in figures.values())


def test_an_answer_keeps_its_class_when_its_hours_go() -> None:
    sent = datetime(2026, 5, 4, 10, tzinfo=UTC)
    due = sent + timedelta(hours=2)
    for hours, expected in ((1, "1h"), (6, "6h"), (24, "24h"), (25, "later")):
        assert answer_class("accepted", sent, due, sent + timedelta(hours=hours)) == expected
    assert answer_class("expired", sent, due, due) == "unanswered"
    assert answer_class("arrived", sent, sent, sent) == "not_recorded"


def test_shares_without_notice_and_without_agency_are_read_from_published_figures_alone() -> None:
    rows = [
        {"returned_from": place, "announced": code, "value": value}
        for place, values in {"GR": (40, 20, 5), "IT": (5, 10, 0), "*": (50, 30, 5)}.items()
        for code, value in zip(("no", "yes", "unknown"), values, strict=True)
    ]
    tables = [
        {
            "dimensions": ["returned_from", "announced"],
            "rows": [*rows, {"returned_from": "GR", "announced": "*", "value": 65}],
        },
        {"dimensions": ["returned_from", "outcome"], "rows": [{"returned_from": "GR", "outcome": "none", "value": 5}]},
    ]
    # Of 60 from Greece 40: two thirds; of Italy it is known of 15 only; in all 50 of 80.
    assert shares_of({"tables": tables}, "announced") == {"GR": 65, "*": 60}
    assert shares_of({"tables": tables}, "agency") == {}


@pytest.mark.parametrize(
    ("manner", "agency"),
    [
        ("assisted_voluntary", "yes"),
        ("deported", "no"),
        ("voluntary", "no"),
        ("intercepted", "no"),
        ("other", "99"),
        ("8", "99"),
    ],
)
def test_only_an_assisted_return_is_made_with_an_agency(manner: str, agency: str) -> None:
    assert agency_of(manner) == agency


def test_report_ix_counts_by_what_was_done_to_a_person_from_the_facts_of_the_case(app: Flask) -> None:
    assert app
    accommodated.at(TODAY)
    facts = {
        "exploitation": ["forced_begging", "forced_labour"],
        "labour": ["construction"],
        "sexual": [],
        "means_of_control": ["threats", "takes_earnings"],
        "recruiter_relation": "family",
        "statistics": "yes",
    }
    vatra = names.organisation_by_code("VATRA").id
    with transaction() as session:
        for told in (facts, {}, {**facts, "statistics": "no"}):
            stayed = accommodated.person(session, vatra, facts=told)
            accommodated.stay(session, stayed, vatra, date(2026, 5, 1))
    people = counting.people(db.session.connection(), Q2, by=RELEASE)
    classification = tabulation.Classification("AL", ["AL"], ["IT"])
    rows = [row for _, row in tabulation.tabulate(people, Q2, classification)]
    records, _ = TABLES["ix"].records(rows)
    assert len(records) == 2  # who does not agree to be counted is not
    assert sorted(row["exploitation"] for row in rows) == ["forced_labour", "unknown"]
    (told_of,) = [row for row in rows if row["exploitation"] == "forced_labour"]
    assert (told_of["labour_kind"], told_of["sexual_kind"], told_of["recruiter"]) == ("construction", "none", "family")
    assert (told_of["besides_begging"], told_of["besides_labour"]) == ("yes", "no")
    assert (told_of["control_threats"], told_of["control_money"], told_of["control_violence"]) == ("yes", "yes", "no")
