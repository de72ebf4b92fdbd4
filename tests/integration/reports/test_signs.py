"""One sign in the place of a figure has one meaning, which stands under the table and on the page of methods."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from tests.client import Person

TEMPLATES = Path(__file__).parents[3] / "templates"
TABLES = [
    *sorted((TEMPLATES / "reports").rglob("*.html")),
    *sorted((TEMPLATES / "support/subsidies").glob("*.html")),
    TEMPLATES / "interviews/monitoring/scores.html",
    TEMPLATES / "shelter/payment_lines/index.html",
]
DASH, COLON = re.compile(r"%}–|\"–\" if|else \"–\""), re.compile(r"%}:{%|\":\" if|else \":\"")


def test_a_dash_stands_where_nothing_can_occur_and_a_colon_is_explained_on_its_page() -> None:
    dashes, colons = set(), set()
    for path in TABLES:
        text = path.read_text("utf-8")
        if DASH.search(text):
            dashes.add(path.name)
            assert "A dash (–) marks what cannot occur" in text, path.name
        if COLON.search(text):
            colons.add(path.name)
            assert "A colon (:)" in text, path.name
    assert dashes == {"body.html", "joint_body.html"}
    assert {"notice.html", "scores.html", "year.html"} <= colons


def test_the_methods_say_what_each_sign_means(app: Flask, sign_in: Callable[[str], Person]) -> None:
    page = sign_in("molsa.statistician").get("/reports/methods?lang=en")
    said = page[page.index("What is no figure") : page.index("How far a figure is from")]
    for each in ("A dash (–)", "A colon (:)", "“Not recorded”", "“No report”", "“Not published”"):
        assert said.count(each) == 1, each
    assert "a table did not pass" not in said  # that is “Not published”, and no second meaning of “No report”
