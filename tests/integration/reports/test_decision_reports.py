"""The reports on compensation and on formal identification: who counts in them, and what they never tell."""

from __future__ import annotations

import copy
import csv
import io
import json
import random
import re
import uuid
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from nrm.actions.reports import reports
from nrm.countries import load
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, Role
from nrm.domain.quarters import Quarter
from nrm.domain.reports import counting as rules
from nrm.domain.shelter.claims import ClaimEvent, Forum, Standing, step
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.render import reports as render
from nrm.render.folds import folded
from nrm.statistics import release as statistics
from nrm.statistics.attack import audit
from nrm.statistics.verdicts import Draft, Refused
from nrm.steps.reports import release_building
from nrm.store import names
from nrm.store.reports import decision_counting
from nrm.store.reports import reports as store
from tests import accommodated, factories
from tests import printed as paper
from tests.conftest import Command, Person

Q1, Q2, Q3 = Quarter(2026, 1), Quarter(2026, 2), Quarter(2026, 3)
TODAY = date(2026, 7, 20)
RELEASE = Actor.system("release")
ALBANIA = load("albania")
BANDS = tuple(ALBANIA.amount_bands)
CODES = {
    report: {name: (*table.dimensions[name].codes, *table.dimensions[name].recode) for name in table.roots}
    for report, table in ALBANIA.tables.items()
}
STEPS = (ClaimEvent.GRANT, ClaimEvent.GRANT_IN_PART, ClaimEvent.REJECT, ClaimEvent.WITHDRAW)


def claim(case_id: uuid.UUID, asked: Quarter, *events: tuple[ClaimEvent, Quarter], **codes: Any) -> uuid.UUID:
    """A claim as rows: asked in one quarter, with what happened in others."""
    claim_id = uuid.uuid4()
    standing = Standing(codes.get("forum", Forum.STATE_SCHEME), codes.get("band", BANDS[1]))
    with transaction() as session:
        session.add(Claim(id=claim_id, case_id=case_id))
        session.flush()
        for position, (event, quarter) in enumerate(((ClaimEvent.ASK, asked), *events), start=1):
            if event is not ClaimEvent.ASK:
                standing = step(standing, event, BANDS, granted=BANDS[0])
            session.add(
                ClaimEntry(
                    claim_id=claim_id,
                    position=position,
                    event=str(event),
                    forum=str(standing.forum),
                    asked=standing.asked,
                    outcome=str(standing.outcome),
                    granted=standing.granted,
                    paid=str(standing.paid),
                    happened_on=quarter.start,
                    counts_on=quarter.start,
                )
            )
    return claim_id


def person(**codes: Any) -> uuid.UUID:
    with transaction() as session:
        return accommodated.person(session, names.organisation_by_code("VATRA").id, **codes)


def claimants(number: int) -> None:
    """So many people who asked in the first half of 2026, of whom exactly one asked abroad."""
    chance = random.Random(number)
    for place in range(number):
        case_id = person(gender="masculine" if place % 5 == 0 else "feminine")
        events = [(chance.choice(STEPS), Q2)] if chance.random() < 0.6 else []
        if events and events[0][0] in STEPS[:2] and chance.random() < 0.5:
            events.append((ClaimEvent.PAY, Q2))
        forum = Forum.ABROAD if place == 0 else chance.choice([Forum.STATE_SCHEME, Forum.CRIMINAL_PROCEEDINGS])
        claim(case_id, chance.choice([Q1, Q2]), *events, forum=forum, band=chance.choice([*BANDS[:3], "not_stated"]))


def counted(first: Quarter, last: Quarter) -> list[rules.Row]:
    with db.engine.connect() as connection:
        return decision_counting.claims(connection, first, last, CODES["compensation"], by=RELEASE)


def identified(first: Quarter, last: Quarter) -> list[rules.Row]:
    with db.engine.connect() as connection:
        return decision_counting.identifications(connection, first, last, CODES["identifications"], by=RELEASE)


def published(report: str, quarter: Quarter) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(store.release_file(quarter, "json", by=RELEASE, report=report))
    return value


# --- who counts


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_a_person_counts_once_with_the_claim_that_brought_most_as_it_stood_at_the_end(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    assert request.getfixturevalue(fixture)
    case_id = person(age_band="9-17", age_class="child")
    claim(case_id, Q1, (ClaimEvent.REJECT, Q2), forum=Forum.CIVIL_SUIT, band=BANDS[3])
    claim(case_id, Q1, (ClaimEvent.GRANT_IN_PART, Q2), (ClaimEvent.PAY, Q3))
    claim(person(facts={"statistics": "no"}), Q1)
    claim(person(), Q3)
    (row,) = counted(Q1, Q2)
    assert row == {
        "person": case_id.hex,
        "lodged": "in_period",
        "forum": "state_scheme",
        "asked": BANDS[1],
        "outcome": "granted_in_part",
        "granted": BANDS[0],
        "paid": "no",
        "sex": "feminine",
        "age_band": "9-17",
    }
    later = {each["person"]: each for each in counted(Q3, Q3.next)}
    assert len(later) == 2
    assert {name: later[case_id.hex][name] for name in ("lodged", "paid")} == {"lodged": "earlier", "paid": "yes"}
    assert counted(Quarter(2025, 3), Quarter(2025, 4)) == []


def identification(asked: date, *looks: tuple[str, date], case: dict[str, Any] | None = None, **values: Any) -> None:
    """An identification as rows; `looks`: (outcome, day), and what else it is told to be."""
    case_id, row_id = person(**(case or {})), uuid.uuid4()
    police, social, third = (
        factories.actor(login).member_id
        for login in ("state_police.identification_officer", "ra.identification_officer", "ra.duty_officer")
    )
    interviewed = {"police_member_id": police, "social_member_id": social, "interviewed_on": asked} if looks else {}
    decided = {"decided_on": looks[-1][1]} if values.get("state") in ("decided", "final") else {}
    with transaction() as session:
        session.add(
            Identification(
                id=row_id,
                case_id=case_id,
                asked_on=asked,
                **{"state": "asked", "status": "possible", **interviewed, **decided, **values},
            )
        )
        session.flush()
        for position, ((outcome, day), member) in enumerate(zip(looks, (police, social, third), strict=False), start=1):
            session.add(
                IdentificationLook(
                    identification_id=row_id,
                    position=position,
                    member_id=member,
                    organisation_id=names.organisation_by_code("RA").id,
                    outcome=outcome,
                    bases=["own_account"],
                    looked_on=day,
                )
            )


def test_an_identification_counts_as_it_stood_at_the_end_of_each_period(app: Flask) -> None:
    assert app
    asked, looked, heard = date(2026, 3, 20), date(2026, 4, 4), date(2026, 8, 1)
    third = [("identified", asked), ("not_a_victim", asked + timedelta(days=3)), ("not_a_victim", looked)]
    identification(asked, *third, state="decided", status="not_a_victim")
    changed = {"appealed_on": looked, "appellant": "counsel", "appeal_outcome": "changed", "appeal_decided_on": heard}
    appeal = factories.actor("child_protection.identification_officer").member_id
    two = [("not_a_victim", asked), ("not_a_victim", looked)]
    identification(asked, *two, state="final", status="identified", appeal_member_id=appeal, **changed)
    identification(asked, ("identified", asked), state="first_look", case={"citizenship_class": "stateless"})
    identification(date(2025, 5, 1), case={"facts": {"statistics": "no"}})

    def stood(quarter: Quarter) -> list[tuple[str, str]]:
        return sorted((row["status"], row["way"]) for row in identified(quarter, quarter))

    assert stood(Q1) == [("possible", "none")] * 3
    assert stood(Q2) == [("not_a_victim", "third_look"), ("not_a_victim", "two_looks")]
    assert stood(Q3) == [("identified", "appeal")]
    assert stood(Quarter(2025, 2)) == []
    assert sorted({row["citizenship_class"] for row in identified(Q1, Q1)}) == ["home", "stateless"]
    records, _ = ALBANIA.tables["identifications"].records(identified(Q1, Q2))
    assert len(records) == 3


@pytest.mark.parametrize("role", list(Role))
def test_no_account_counts_anybody(app: Flask, role: Role) -> None:
    assert app
    by = Actor(uuid.uuid4(), uuid.uuid4(), role)
    with db.engine.connect() as connection:
        for count in (decision_counting.claims, decision_counting.identifications):
            with pytest.raises(NotPermitted):
                count(connection, Q2, Q2, {}, by=by)


# --- what is published


@pytest.mark.slow
@pytest.mark.usefixtures("typeset")
def test_compensation_is_published_for_two_quarters_and_says_the_same_in_every_format(
    app: Flask, command: Command
) -> None:
    claimants(64)
    accommodated.at(TODAY)
    outcome = accommodated.release(Q2, by=factories.actor("molsa.statistician"))
    assert isinstance(outcome.others["compensation"], release_building.Released)
    assert outcome.others["compensation"].step == "two_way"
    value = published("compensation", Q1)
    assert (value["quarter"], value["quarters"]) == ("2026Q2", ["2026Q1", "2026Q2"])
    figures = [row["value"] for table in value["tables"] for row in table["rows"] if row["value"] is not None]
    assert len(figures) > 100
    assert [figure for figure in figures if figure % 5] == []
    # The one who asked abroad is never to be seen: there, nobody may be and five may be.
    abroad = [row["value"] for table in value["tables"] for row in table["rows"] if row.get("forum") == "abroad"]
    assert set(abroad) <= {0, 5, None}
    book = openpyxl.load_workbook(io.BytesIO(store.release_file(Q2, "xlsx", by=RELEASE, report="compensation")))
    head, *rows = book["data"].iter_rows(values_only=True)
    printed = [row["value"] for table in value["tables"] for row in table["rows"]]
    assert printed.count(None) > 5  # structural zeros: what was not granted has no amount
    silent = ["no_report"] * len(value["no_report_from"])
    assert [row[head.index("value")] for row in rows] == [*printed, *silent]
    text = store.release_file(Q2, "csv", by=RELEASE, report="compensation").decode("utf-8-sig")
    assert [row["value"] for row in csv.DictReader(io.StringIO(text))] == [
        "" if figure is None else str(figure) for figure in [*printed, *silent]
    ]
    for language in ("sq", "en"):
        files = [
            store.release_file(Q2, f"{each}.{language}", by=RELEASE, report="compensation") for each in ("pdf", "html")
        ]
        on_paper = [cell for table in paper.tables(files[0]) for row in table for cell in row]
        on_page = [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)", files[1].decode())]
        assert on_paper == on_page
        # Rows that are alike and without a figure above 0 share one row, dashes too.
        shown = render.values(value, load("albania").tables["compensation"], language, (), {})["tables"]
        assert on_paper.count("–") == sum(list(row.figures).count(None) for table in shown for row in folded(table))
    margins = {
        (name, row[name]): row["value"]
        for table in value["tables"]
        for row in table["rows"]
        for name in table["dimensions"]
        if {row[each] for each in table["dimensions"] if each != name} <= {"*"}
    }
    assert margins["granted", "none"] == margins["paid", "none"]
    assert margins["outcome", "something"] == margins["outcome", "*"] - margins["paid", "none"]
    assert reports.is_genuine(value)
    assert reports.check(by=RELEASE) == []
    assert reports.verdict(Q2, report="compensation")["ok"]
    assert set(reports.verdict(Q2, report="compensation")["scenarios"]) >= {"A0", "A1", "A2", "A3"}
    assert reports.is_sealed(store.release_file(Q2, "pdf.en", by=RELEASE, report="compensation"))
    db.session.rollback()
    reader = Person(app.test_client(), "oms.reader")
    page = reader.get("/reports/compensation/2026Q2")
    assert "Në skemën shtetërore të dëmshpërblimit" in page
    assert "/reports/compensation/2026Q2.pdf" in page
    assert "Dëmshpërblimi" in reader.get("/reports/compensation/trend/2026Q2/all")
    Person(app.test_client(), "vatra.case_worker").get("/reports/compensation/2026Q2", 403)
    code, out, _ = command(
        app, "report", "compensation", "--quarter", "2026Q2", "--as", "molsa.statistician", "--format", "json"
    )
    assert (code, json.loads(out)) == (0, value)


@pytest.mark.slow
def test_a_few_claims_wait_and_so_do_a_few_identifications(app: Flask, command: Command) -> None:
    claimants(7)
    for day in range(1, 6):
        identification(date(2026, 5, day))
    accommodated.at(TODAY)
    outcome = accommodated.release(Q2, by=factories.actor("molsa.statistician"))
    assert outcome.others["compensation"] == release_building.Waits()
    assert outcome.others["identifications"] == release_building.Waits()
    db.session.rollback()
    for report in ("compensation", "identifications"):
        arguments = ("report", report, "--quarter", "2026Q2", "--as", "oms.reader", "--format", "csv")
        assert command(app, *arguments)[:2] == (3, b"")


@pytest.mark.slow
def test_formal_identification_is_published_by_the_quarter_where_enough_are_concerned(app: Flask) -> None:
    for place in range(40):
        asked = date(2026, 4, 1 + place % 28)
        codes = {"gender": "masculine" if place % 4 == 0 else "feminine"}
        looks = [("identified", asked), ("identified", asked + timedelta(days=4))]
        if place % 3:
            identification(asked, *looks, state="decided", status="identified", case=codes)
        else:
            identification(asked, case=codes)
    accommodated.at(TODAY)
    outcome = accommodated.release(Q2, by=factories.actor("molsa.statistician"))
    assert isinstance(outcome.others["identifications"], release_building.Released)
    value = published("identifications", Q2)
    assert value["quarter"] == "2026Q2"
    assert [row["value"] for table in value["tables"] for row in table["rows"] if (row["value"] or 0) % 5] == []
    (status,) = [table for table in value["tables"] if table["dimensions"] == ["status"]]
    assert {row["status"]: row["value"] for row in status["rows"]}["*"] in (35, 40, 45)
    db.session.rollback()
    page = Person(app.test_client(), "oms.reader").get("/reports/identifications/2026Q2")
    assert "Identifikuar si viktimë" in page


GIVEN = ("granted", "granted_in_part")
claims_drawn = st.fixed_dictionaries(
    {
        "lodged": st.sampled_from(["in_period", "in_period", "earlier"]),
        "forum": st.sampled_from(list(map(str, Forum))),
        "asked": st.sampled_from([*BANDS, "not_stated"]),
        "outcome": st.sampled_from(["pending", *GIVEN, "rejected", "withdrawn"]),
        "granted": st.sampled_from([*BANDS, "not_stated"]),
        "paid": st.sampled_from(["yes", "partly", "no"]),
        "sex": st.sampled_from(["feminine", "feminine", "feminine", "masculine"]),
        "age_band": st.sampled_from(["9-17", "21-23"]),
    }
)


def complete(drawn: list[dict[str, str]]) -> list[rules.Row]:
    """Records in which an amount and a payment belong to what was granted, and who waits asked in the period."""
    rows = [{**row, "person": str(place)} for place, row in enumerate(drawn)]
    for row in rows:
        row["lodged"] = "in_period" if row["outcome"] == "pending" else row["lodged"]
        if row["outcome"] not in GIVEN:
            row |= {"granted": "none", "paid": "none"}
    return rows


def made_of(rows: list[rules.Row]) -> Draft | Refused:
    return statistics.make(ALBANIA.tables["compensation"], rows, seed=b"1" * 32)


@pytest.mark.slow
@settings(max_examples=6)
@given(st.lists(claims_drawn, max_size=70))
def test_whoever_asked_the_figures_pass_the_attack_or_are_refused(drawn: list[dict[str, str]]) -> None:
    rows = complete(drawn)
    made = made_of(rows)
    if isinstance(made, Refused):
        return
    figures = [row["value"] for table in made.tables for row in table["rows"] if row["value"] is not None]
    assert all(figure % 5 == 0 for figure in figures)
    assert abs(figures[0] - len(rows)) <= 4


@pytest.mark.parametrize("step", [1, 5])
def test_exact_figures_and_figures_rounded_one_by_one_are_caught(step: int) -> None:
    chance = random.Random(7)
    drawn = [
        {
            "lodged": chance.choice(["in_period", "earlier"]),
            "forum": chance.choice(list(map(str, Forum))),
            "asked": chance.choice(BANDS),
            "outcome": chance.choice(["pending", "pending", *GIVEN, "rejected"]),
            "granted": BANDS[0],
            "paid": chance.choice(["yes", "no"]),
            "sex": chance.choice(["feminine", "masculine"]),
            "age_band": "21-23",
        }
        for _ in range(64)
    ]
    table_set, rows = ALBANIA.tables["compensation"], complete(drawn)
    made = made_of(rows)
    assert isinstance(made, Draft)
    assert made.step == "two_way"
    records, _ = table_set.records(rows)
    tables = copy.deepcopy(list(made.tables))
    assert audit(table_set, tables, records).ok
    places = {root: place for place, root in enumerate(table_set.roots)}
    for table in tables:
        for row in table["rows"]:
            wanted = {places[name]: row[name] for name in table["dimensions"] if row[name] != "*"}
            held = sum(
                all(record[at] in table_set.leaves(table_set.roots[at], code) for at, code in wanted.items())
                for record in records
            )
            row["value"] = step * round(held / step) if row["value"] is not None else None
    assert not audit(table_set, tables, records).ok
