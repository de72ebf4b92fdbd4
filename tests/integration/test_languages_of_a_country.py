"""A country of other languages than the program's: one alone, or three, with its own as the default."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from flask import Flask

from nrm import catalogues, clock, countries, parsing
from nrm.actions.referrals import referrals
from nrm.cli.instance import make_instance
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor
from nrm.store import names
from nrm.store.countries import country
from nrm.store.reports import reports as store
from tests import accommodated, country_files, factories, in_languages
from tests import factories_interviews as interviews
from tests import factories_referrals as people
from tests.conftest import CLOSED, CLOSED_ON, Person, only_the_first, papers

OFFICER, WORKER, STATISTICIAN = "rinas.border_officer", "nrc.case_worker", "molsa.statistician"
RELEASE = Actor.system("release")


def instance(place: Path, *languages: str) -> Flask:
    """A populated instance of the shipped country in these languages, as `nrm init` makes it."""
    return country_files.populated(place, "albania", in_languages.copy_in(place / "data", languages))


@pytest.fixture(scope="module")
def bulgarian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A country that has neither Albanian nor English."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "toml", tomllib.loads)  # apart, it would take a process a file
        app = instance(tmp_path_factory.mktemp("bg"), "bg")
        with app.app_context():
            yield app
            disconnect()
    clock.set_clock(None)


@pytest.mark.slow
def test_a_whole_day_in_a_country_that_speaks_neither_albanian_nor_english(bulgarian: Flask) -> None:
    assert country().languages == ("bg",)
    front = bulgarian.test_client().get("/sign-in").text
    assert '<html lang="bg"' in front
    assert "Sign in" in front, "what nobody has translated is said in the language of the source"
    assert 'lang="sq"' not in front
    officer = Person(bulgarian.test_client(), OFFICER)
    loaded = interviews.walk(officer, interviews.example(), interviews.begin(officer))
    assert len(loaded) > 5
    sent = people.sent(factories.actor(OFFICER), "NRC")
    worker = Person(bulgarian.test_client(), WORKER)
    shown = worker.get(f"/referrals/{sent.referral_id}")
    assert f"bg~{names_of('RINAS')}" in shown
    by = factories.actor(WORKER)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=by)
    referrals.arrive(referral_id=sent.referral_id, by=by)
    db.session.rollback()
    for address in (f"/cases/{sent.case_id}", "/", "/places", "/letters"):
        answer = worker.client.get(address)
        assert answer.status_code in (200, 404), address
        assert '<html lang="bg"' in answer.text


def names_of(code: str) -> str:
    """The English name in the shipped country of who is called otherwise here."""
    return countries.load("albania").organisations[code].names["en"]


@pytest.mark.slow
def test_a_report_has_a_page_and_a_print_in_the_language_of_the_country_and_no_other(bulgarian: Flask) -> None:
    accommodated.at(CLOSED_ON)
    accommodated.many(40, seed=7)
    quarter = CLOSED[0]
    with papers(only_the_first()):
        accommodated.release(quarter, by=factories.actor(STATISTICIAN))
    line = store.release(quarter, by=RELEASE)
    assert line.formats == {"html.bg", "pdf.bg", "csv", "csvw", "xlsx", "json"}
    reader = Person(bulgarian.test_client(), STATISTICIAN)
    address = f"/reports/ix/{quarter}"
    page = reader.get(address)
    assert f"bg~{countries.load('albania').tables['ix'].title['en']}" in page
    assert f'href="{address}.pdf"' in page
    paper = reader.client.get(f"{address}.pdf")
    assert (paper.status_code, paper.content_type) == (200, "application/pdf")
    assert "bg~" in pypdf.PdfReader(io.BytesIO(paper.data)).pages[0].extract_text()
    for ending in ("sq.pdf", "en.pdf", "bg.pdf", "exe"):
        assert reader.client.get(f"{address}.{ending}").status_code == 404
    assert "Gjithsej" not in store.release_file(quarter, "csvw", by=RELEASE).decode()
    assert names.names_by_code("bg")["RINAS"].startswith("bg~")


ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


def from_right_to_left(_: str, text: str) -> str:
    """An invented language: each Latin letter is an Arabic one; what stands in braces is filled in and stays."""
    return re.sub(
        r"\{\w*\}|([A-Za-z])", lambda found: ARABIC[ord(found[1].lower()) - 97] if found[1] else found[0], text
    )


@pytest.mark.slow
def test_a_language_from_right_to_left_says_so_on_the_page_and_the_other_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "toml", tomllib.loads)
    translations = tmp_path / "translations"
    (translations / "ar").mkdir(parents=True)
    words = (
        f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Sign in"\nmsgstr "{ARABIC[:9]}"\n'
    )
    (translations / "ar" / "words.po").write_text(words, "utf-8")
    monkeypatch.setattr(catalogues, "FOLDER", translations)
    catalogues.forget()
    try:
        folder = in_languages.copy_in(tmp_path / "data", ("ar", "en"), from_right_to_left)
        make_instance(tmp_path / "made", "albania", folder=folder, language="ar", synthetic=True, synchronous="OFF")
        made = factories.open_instance(tmp_path / "made")
        page = made.test_client().get("/sign-in").text
        assert '<html lang="ar" dir=rtl>' in page
        assert ARABIC[:9] in page
        other = made.test_client().get("/sign-in", headers={"Accept-Language": "en-GB"}).text
        assert '<html lang="en">' in other
        assert '<a lang=ar href="?lang=ar">العربية</a>' in other
        with made.app_context():
            disconnect()
    finally:
        catalogues.forget()
