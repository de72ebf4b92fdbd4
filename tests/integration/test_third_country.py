"""A country of which the program knows nothing: begun by `nrm country new`, with other codes for everything."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from nrm import clock, countries, parsing
from nrm.actions.referrals import referrals
from nrm.cli import demo, nrm
from nrm.cli.refusals import Refused
from nrm.countries import FOLDER, making
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.permits import GateClosed, PermitFacts, check_repatriation
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.store.reports import counting
from tests import country_files, factories
from tests import factories_referrals as people

COUNTING = Actor.system("release")


def write_all(folder: Path) -> None:
    """Write what is marked, and call every organisation, place and region otherwise."""
    shipped = countries.load("albania")
    other = {code: f"{code[::-1]}_X" for code in (*shipped.organisations, "BORDER_POLICE") if code.isupper()}
    places = {code: f"p_{code[::-1]}" for code in {*shipped.crossing_points, *shipped.regions} - {"other"}}
    other |= {code.upper(): name.upper() for code, name in places.items()} | places
    word = re.compile(rf"\b({'|'.join(sorted(other, key=len, reverse=True))})\b")
    for file in folder.glob("*.toml"):
        text = file.read_text("utf-8").replace('"? ', '"').replace("Europe/Tirane", "Europe/Skopje")
        # Codes stand in quotation marks without blanks, as keys, and in the heads of tables.
        coded = re.compile(r'"\w+"|^\[[^\n]*\]$|^\w+ =', re.M)
        text = coded.sub(lambda found: word.sub(lambda code: other[code[0]], found[0]), text)
        file.write_text(text, "utf-8")
    file = folder / "country.toml"
    file.write_text(file.read_text("utf-8").replace('languages = ["sq", "en"]', 'languages = ["en", "sq"]'), "utf-8")


@pytest.fixture(scope="module")
def data_of_third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the third country."""
    place = tmp_path_factory.mktemp("third")
    making.make("third", "MK", FOLDER / "albania", place / "data")
    write_all(place / "data")
    return place / "data"


@pytest.fixture(scope="module")
def third(data_of_third: Path) -> Iterator[Flask]:
    """A populated instance of the third country, which only its folder knows."""
    place = data_of_third.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "toml", tomllib.loads)  # apart, it would take a process a file
        app = country_files.populated(place, "third", place / "data")
        with app.app_context():
            yield app
            disconnect()


@pytest.mark.slow
def test_from_the_interview_to_the_report_in_a_country_that_no_program_knows(
    third: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, shelter = "P_SANIR", "CRN_X"
    assert (country().code, country().iso, country().language) == ("third", "MK", "en")
    assert country().party_in(MechanismRole.AUTHORITY) == "AR_X"
    monkeypatch.setattr(people, "NAMED", (shelter,))
    officer = factories.actor(f"{post.lower()}.border_officer")
    own = {"citizenship_class": "home", "citizenship": "MK", "returned_from": "IT"}
    sent = people.sent(officer, shelter, proceedings="capital", **own)
    foreign = people.sent(officer, shelter, citizenship_class="third_country", citizenship="AL", returned_from="IT")
    worker = factories.actor(f"{shelter.lower()}.case_worker")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed(shelter), by=worker)
    referrals.arrive(referral_id=sent.referral_id, by=worker)
    db.session.rollback()
    mine, hers = (db.session.get_one(Case, each.case_id) for each in (sent, foreign))
    assert (mine.citizenship_class, hers.citizenship_class) == ("home", "third_country")
    assert mine.holder_id == people.organisation(shelter)
    check_repatriation(mine.citizenship_class, PermitFacts(), on=clock.today(country().timezone))
    with pytest.raises(GateClosed):
        check_repatriation(hers.citizenship_class, PermitFacts(), on=clock.today(country().timezone))
    now = Quarter.of(clock.today(country().timezone))
    with db.engine.connect() as connection:
        counted = counting.returnees(connection, now, now, by=COUNTING)
    assert sum(counted.values()) == 1  # the own citizen alone, at the post of this country
    assert "p_sanir" in next(iter(counted))
    front = third.test_client().get("/sign-in")
    assert front.status_code == 200
    assert '<html lang="en"' in front.text


@pytest.mark.slow
def test_a_demo_of_it_is_made_of_its_own_people_and_places(data_of_third: Path, tmp_path: Path) -> None:
    file = data_of_third / "demo.toml"
    file.write_text(file.read_text("utf-8").replace('family = "Alushi', 'family = "Petrovska Alushi'), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "toml", tomllib.loads)
        patch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
        until = date(2026, 11, 24)
        made = demo.make_demo(tmp_path / "made", people=8, seed=1, until=until, code="third", folder=data_of_third)
    assert {each["organisation"] for each in made["accounts"]} >= {"P_SANIR", "CRN_X", "AR_X"}
    rows = sqlite3.connect(tmp_path / "made" / "main.db")
    names = " ".join(name for (name,) in rows.execute("SELECT name FROM members"))
    assert "Petrovska" in names
    assert {code for (code,) in rows.execute("SELECT country FROM instances")} == {"third"}
    citizens = {each for (each,) in rows.execute("SELECT citizenship_class FROM cases")}
    assert "home" in citizens
    rows.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, None, "demo.toml: file: missing: names, stories and places of a demo stand there"),
        ('home_language = "sq"\n', "", "demo.toml: home_language: missing"),
        ("rinas = 40", "rinaz = 40", "demo.toml: posts.rinaz: is none of durres, "),
        ("durres = 10", "durres = 11", "demo.toml: posts.durres: is none of "),  # that closed
        ("MD = 34", "MD = 34\nJP = 1", "demo.toml: language.JP: missing: what its people speak"),
        ("[names]", "[names", "demo.toml: file: is not TOML"),
        ('counting = "MOLSA"', 'counting = "RA"', "demo.toml: counting: `RA` is none of "),
    ],
)
def test_what_a_demo_lacks_is_one_line(old: str | None, new: str | None, said: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER / "albania", tmp_path / "copy")
    file = folder / "demo.toml"
    if said.startswith("demo.toml: posts.durres"):
        place = folder / "country.toml"
        place.write_text(
            place.read_text("utf-8").replace("[closed]\n", "[closed.crossing_point]\ndurres = 2020-01-01\n"), "utf-8"
        )
    if old is None or new is None:
        file.unlink()
    else:
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
    result = CliRunner().invoke(nrm, ["demo", "--dir", str(tmp_path / "made"), "--country", str(folder), "--no-serve"])
    assert isinstance(result.exception, Refused)
    assert str(result.exception).startswith(f"--country: {said}")
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "made" / "main.db").exists()
