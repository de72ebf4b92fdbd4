"""A country of which the program knows nothing: begun by `nrm country new`, with other codes for everything."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from nrm import clock, countries, parsing
from nrm.actions.referrals import referrals
from nrm.cli.instance import make_instance
from nrm.countries import FOLDER, checking, making
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.permits import GateClosed, PermitFacts, check_repatriation
from nrm.models.shelter.cases import Case
from nrm.store.countries import country
from nrm.store.reports import counting
from tests import factories
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
def third(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A populated instance of the third country, which only its folder knows."""
    place = tmp_path_factory.mktemp("third")
    making.make("third", "MK", FOLDER / "albania", place / "data")
    write_all(place / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "toml", tomllib.loads)  # apart, it would take a process a file
        assert checking.check(place / "data").findings == ()
        data = countries.load("third", place / "data")
        made = make_instance(
            place / "made", "third", folder=place / "data", language=data.language, synthetic=True, synchronous="OFF"
        )
        with made.app_context():
            disconnect()
        app = factories.open_instance(place / "made")
        with app.app_context():
            factories.populate()
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
