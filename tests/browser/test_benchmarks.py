"""The benchmarks speak with pages as they are: else they are found broken on the day when a figure is needed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench import building, documents, load, pages, scale
from nrm import countries
from nrm.cli.demo import QUESTIONNAIRE
from tests import factories
from tests.browser.conftest import Town
from tests.world import World

LOGINS = {login for _, login, _ in (*building.PAGES, *scale.PAGES)} | {"nrc.case_worker"}
PASSWORDS = dict.fromkeys(LOGINS, factories.PASSWORD)

pytestmark = pytest.mark.slow


def test_the_pages_that_are_measured_under_load_are_answered(
    shared_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "CONNECTIONS", 1)
    port = urlsplit(shared_town.base).port
    assert port
    officer, worker, statistician = (
        pages.Browser(port, login, factories.PASSWORD)
        for login in (pages.OFFICER, pages.CASE_WORKER, pages.STATISTICIAN)
    )
    drafts = pages.Drafts(officer, countries.load("albania").questionnaires[QUESTIONNAIRE])
    assert set(drafts.sizes()) == set(drafts.forms)
    for written in range(2):
        assert drafts.seen[0] == int(pages.hidden(drafts.get(0, pages.WRITTEN).body)["seen"])
        form = {**drafts.forms[pages.WRITTEN], "story": f"{written}", "seen": drafts.seen[0]}
        assert officer.send(f"/interviews/{drafts.ids[0]}/{pages.WRITTEN}", form).status == 303
        drafts.writing()(0)  # counts on, as the answer does
    for browser in (officer, worker, statistician):
        assert browser.ask("GET", "/").status == 200
    for file in ("", ".csv", ".pdf"):
        assert statistician.ask("GET", f"/reports/ix/{shared_town.quarter}{file}").status == 200
    for path in (documents.ASKED, documents.PRINTED):
        assert officer.ask("GET", path).status == 200


def test_a_large_country_and_a_large_building_are_made_of_a_small_one(
    town_template: tuple[Path, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "TIMES", 1)
    monkeypatch.setattr(building, "TIMES", 1)
    folder = tmp_path / "town"
    factories.copy_instance(town_template[0], folder)
    with closing(sqlite3.connect(folder / "main.db")) as connection, connection:
        connection.execute(
            "UPDATE cases SET status = 'closed', closed_month = '2026-07-01'"
            " WHERE id IN (SELECT case_id FROM stays WHERE ended_on IS NOT NULL ORDER BY case_id LIMIT 4)"
        )
    scale.multiply(folder / "main.db", 8)
    assert len(scale.measured(folder, PASSWORDS)) == len(scale.PAGES) + 1
    today = date.today()  # noqa: DTZ011
    building.fill(folder / "main.db", building.Building(5, 20, 30), today)
    assert len(building.pages(folder, PASSWORDS)) == len(building.PAGES)
    assert len(building.counts(folder, today)) == 2
