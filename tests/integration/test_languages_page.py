"""The page that says how complete each language of the country is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from nrm import catalogues
from nrm.cli import usage
from nrm.cli.refusals import Refused
from nrm.web import languages
from tests import factories
from tests.conftest import Person

SignIn = Callable[[str], Person]


@pytest.mark.slow
def test_a_page_says_what_a_language_lacks_and_that_the_others_are_whole(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = sign_in("oms.coordinator")
    assert 'href="/languages"' in coordinator.get("/")
    page = coordinator.get("/languages?lang=en")
    assert "/languages/" not in page, "Albanian and English lack nothing"
    assert re.search(
        r"Shqip</span></th><td class=\"n\">([\d,]+)</td><td class=\"n\">\1</td><td class=\"n\">0</td>", page
    )
    coordinator.get("/languages/mk", 404)

    monkeypatch.setattr(languages, "languages", lambda: {"sq": "Shqip", "el": "Ελληνικά", "en": "English"})
    number = catalogues.whole(catalogues.coverage("el"), "el").messages
    assert f'<a href="/languages/el">{number:,}' in coordinator.get("/languages")
    lacking = coordinator.get("/languages/el")
    assert "<code>accounts.po</code>" in lacking
    assert lacking.count("<li>") == languages.MOST_SHOWN
    assert "nrm translations lacking el" in lacking
    assert "Every sentence is translated." in coordinator.get("/languages/sq")
    for nothing in ("xx", "..", "mk"):
        coordinator.get(f"/languages/{nothing}", 404)


def test_it_is_for_those_who_keep_the_mechanism(sign_in: SignIn) -> None:
    sign_in("administrator").get("/languages")
    worker = sign_in("nrc.case_worker")
    worker.get("/languages", 403)
    worker.get("/languages/sq", 403)


def test_a_damaged_file_of_a_language_stops_the_start_in_one_line(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sq").mkdir()
    (tmp_path / "sq" / "a.po").write_text("msgid no quotes\n", "utf-8")
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    catalogues.forget()
    try:
        with pytest.raises(Refused, match=r"^translations: sq/a\.po: "):
            usage.application_of_any_version(app.extensions["nrm.config"].directory)
    finally:
        monkeypatch.undo()
        catalogues.forget()
