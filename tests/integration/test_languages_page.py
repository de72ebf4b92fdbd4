"""The page that says how complete each language of the country is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from nrm import catalogues
from nrm.web import languages
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
