"""A walk: an official who works with traffickers asks the statistics for one woman, and closes a quarter too early.

The official knows nearly everything of her but where she is, has accounts of the ministry, and can write a draft of the
agreement that fits her alone. A colleague who administers accounts helps to close a quarter before a shelter has
answered. And somebody has every row of the main database, and no key.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from typing import Any

import pytest
from flask import Flask

from nrm import countries
from nrm.actions.accounts import organisations
from nrm.actions.agreement import agreement_simulation as simulations
from nrm.actions.reports import reports
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.agreement.agreement_simulation import TOGETHER
from nrm.domain.quarters import Quarter
from nrm.domain.reports.contributions import PartsOutstanding, SilenceUnconfirmed
from nrm.store import names
from nrm.store.agreement import agreement_simulation as store
from nrm.store.reports import contributions as contribution_store
from tests import accommodated, factories
from tests.conftest import Person

Q2 = Quarter(2026, 2)
EARLY, DUE = date(2026, 7, 10), date(2026, 7, 20)
SHIPPED = (countries.FOLDER / "albania" / "mou-2005.toml").read_text(encoding="utf-8")
FOREIGN = 'when = { in = ["citizenship_class", ["third_country", "stateless"]] }\n'
MINISTRY = ("molsa.statistician", "molsa.payment_officer", "oms.reader", "oms.monitor", "oms.coordinator")


def _shelter(day: date, people: int, *, foreign: int) -> None:
    """So many Albanians and foreigners in one shelter in the second quarter."""
    accommodated.at(day)
    vatra = names.organisation_by_code("VATRA").id
    with transaction() as session:
        for number in range(people + foreign):
            codes = {"citizenship": "MD", "citizenship_class": "third_country"} if number < foreign else {}
            case_id = accommodated.person(session, vatra, **codes)
            first = date(2026, 4, 1 + number % 28)
            accommodated.stay(session, case_id, vatra, first, anticipated_end_on=date(2026, 9, 1))


def _by_draft(tables: tuple[Mapping[str, Any], ...]) -> set[str]:
    """Every way under the draft that is told apart in any table."""
    names_ = {name for table in tables for name in table["dimensions"] if name.endswith("simulated")}
    return {row[name] for table in tables for name in names_ & set(table["dimensions"]) for row in table["rows"]}


@pytest.mark.slow
def test_a_draft_that_is_written_for_one_woman_does_not_find_her(app: Flask) -> None:
    _shelter(EARLY, 60, foreign=1)
    assert SHIPPED.count(FOREIGN + 'refer_to = ["NRC"]') == 1
    text = SHIPPED.replace(FOREIGN + 'refer_to = ["NRC"]', FOREIGN + 'refer_to = ["IOM"]')
    draft = countries.draft_of(text, app.extensions["nrm.country"], "")
    made = simulations.simulate(draft, Q2.start, Q2.end, by=store.SIMULATION, text=text)
    assert isinstance(made, simulations.Simulated)
    told = _by_draft(made.tables)
    assert TOGETHER in told
    assert "IOM" not in told
    # Nor can a time be set in it that is over for her alone.
    assert all(table["name"] != "late_simulated" for table in made.tables)
    # What happened is told as before: no draft changes it.
    assert any(table["name"].endswith("_happened") for table in made.tables)


@pytest.mark.slow
def test_a_quarter_is_not_closed_without_a_shelter_that_was_suspended_meanwhile(app: Flask) -> None:
    _shelter(EARLY, 14, foreign=0)
    accommodated.confirm(Q2, but="TJETER_VIZION")
    shelter = names.organisation_by_code("TJETER_VIZION").id
    organisations.suspend(organisation_id=shelter, reason=OrganisationReason.ASKED, by=factories.actor("administrator"))
    statistician = Person(app.test_client(), "molsa.statistician")
    assert "14 korrik 2026" in statistician.post("/reports/ix/2026Q2/close", status=409)
    by = factories.actor("molsa.statistician")
    with pytest.raises(PartsOutstanding) as waits:
        reports.close(Q2, by=by)
    assert waits.value.codes == ("TJETER_VIZION",)
    accommodated.at(DUE)
    statistician, authority = (Person(app.test_client(), login) for login in ("molsa.statistician", "ra.duty_officer"))
    assert "Autoriteti Përgjegjës u pyet" in statistician.post("/reports/ix/2026Q2/close", status=409)
    statistician.post("/reports/quarter/2026Q2/without", status=403)
    with pytest.raises(SilenceUnconfirmed):
        reports.close(Q2, by=by)
    assert "Tjetër Vizion" in authority.get("/reports/quarter/2026Q2")
    authority.post("/reports/quarter/2026Q2/without", {"part": "VATRA"}, status=404)  # who was not named there
    authority.post("/reports/quarter/2026Q2/without", {"part": "TJETER_VIZION"})
    assert isinstance(reports.close(Q2, by=by), reports.Closed)
    organisations.readmit(organisation_id=shelter, by=factories.actor("administrator"))
    assert "Tjetër Vizion" in statistician.get("/reports/ix/draft")
    # One that was suspended before a quarter began has no part of it.
    organisations.suspend(organisation_id=shelter, reason=OrganisationReason.ASKED, by=factories.actor("administrator"))
    codes = {part.code for part in contribution_store.parts(Quarter(2026, 4), by=Actor.system("release"))}
    assert "VATRA" in codes
    assert "TJETER_VIZION" not in codes
    # The draft is shown to the two offices that sign it, and stands in no row that can be read without a key.
    for login in MINISTRY:
        Person(app.test_client(), login).get("/reports/ix/draft", status=200 if "statistician" in login else 403)
    for row in _rows(app, "release_drafts") + _rows(app, "audit_entries"):
        assert not {b"dimensions", b"rows", b"seed", b"value"} & set(re.findall(rb"[a-z]+", repr(row).encode()))


def _rows(app: Flask, table: str) -> list[tuple[object, ...]]:
    """Every row of a table, as whoever has the file reads it."""
    db.session.rollback()
    with closing(sqlite3.connect(app.extensions["nrm.config"].directory / "main.db")) as stolen:
        found = stolen.execute(f"SELECT * FROM {table}").fetchall()
    assert found
    return found
