"""The report of forms of exploitation beside report x: whose cases count, and as what."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Flask

from nrm.countries import load
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports import exploitation
from nrm.models.shelter.ages import CaseAge
from nrm.store.reports import crossing_counting
from tests import accommodated

Q2 = Quarter(2026, 2)
RELEASE = Actor.system("release")
TABLES = load("albania").tables["exploited"]
CODES = {name: (*TABLES.dimensions[name].codes, *TABLES.dimensions[name].recode) for name in TABLES.roots}
TOLD: dict[str, Any] = {
    "exploitation": ["forced_begging", "forced_labour"],
    "labour": ["construction"],
    "sexual": [],
    "means_of_control": ["threats", "takes_earnings"],
    "recruiter_relation": "family",
    "statistics": "yes",
}


def counted() -> list[dict[str, str]]:
    with db.engine.connect() as connection:
        return crossing_counting.exploited(connection, Q2, Q2, CODES, by=RELEASE)


def test_nationals_whom_a_crossing_point_referred_in_the_quarter_are_counted_by_what_they_told(app: Flask) -> None:
    assert app
    accommodated.at(date(2026, 7, 20))
    child = accommodated.referred(
        date(2026, 6, 1), age_class="child", age_band="9-17", gender="transgender_masculine", facts={}
    )
    counts = {accommodated.referred(date(2026, 4, 1), facts=TOLD).hex, child.hex}
    accommodated.referred(date(2026, 3, 1), facts=TOLD)
    accommodated.referred(date(2026, 7, 1), facts=TOLD)
    accommodated.referred(date(2026, 5, 1), citizenship_class="third_country")
    accommodated.referred(date(2026, 5, 1), source="helpline", by="HELPLINE")
    accommodated.referred(date(2026, 5, 1), source="own", by="VATRA")
    accommodated.referred(date(2026, 5, 1), facts={**TOLD, "statistics": "no"})
    rows = {row["person"]: row for row in counted()}
    assert set(rows) == counts
    (adult,) = (row for person, row in rows.items() if person != child.hex)
    assert (adult["age_class"], adult["sex"]) == ("adult", "feminine")
    assert (adult["exploitation"], adult["labour_kind"], adult["sexual_kind"]) == (
        "forced_labour",
        "construction",
        "none",
    )
    assert (adult["besides_begging"], adult["besides_labour"], adult["recruiter"]) == ("yes", "no", "family")
    assert [name for name in exploitation.CONTROL if adult[name] == "yes"] == ["control_threats", "control_money"]
    assert (rows[child.hex]["age_class"], rows[child.hex]["exploitation"]) == ("child", "unknown")
    records, _ = TABLES.records(list(rows.values()))
    assert len(records) == 2


def test_who_turned_out_to_be_an_adult_is_counted_as_at_the_interview(app: Flask) -> None:
    assert app
    accommodated.at(date(2026, 7, 20))
    case_id = accommodated.referred(date(2026, 5, 1), age_class="adult")  # as it is now
    with transaction() as session:
        session.add(
            CaseAge(
                case_id=case_id,
                position=1,
                kind="assessed",
                adult_month=None,
                from_on=date(2026, 5, 1),
                age_class="adult",
                was="unsure",
                new_keys=False,
                recorded_on=date(2026, 6, 1),
            )
        )
    assert [row["age_class"] for row in counted()] == ["unsure"]
