"""All that two closed quarters have published: every format says the same, and together they tell of no few people.

`python -m bench published` does the same with a whole demo country, whose year and windows take minutes to make.
"""

from __future__ import annotations

import json

import pytest
from flask import Flask

from nrm.render import reports as render
from nrm.render.sheets import release_csv
from nrm.web.language import speaking
from tests import published, rounded
from tests.published import FORMATS, Published


@pytest.fixture
def releases(closed: Flask) -> list[Published]:
    return published.everything()


@pytest.mark.slow
def test_every_release_says_the_same_in_every_format(closed: Flask) -> None:
    seen = {"ix": 0, "x": 0, "referrals": 0}
    for report, _, last, _, files in published.files_of_everything():
        assert set(files) == set(FORMATS)
        assert published.differing(files) == [], (report, last)
        seen[report] = seen.get(report, 0) + 1
    assert min(seen.values()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["json", "csv", "xlsx", "html.sq", "pdf.en"])
def test_a_format_that_says_something_else_is_found(closed: Flask, name: str) -> None:
    """The file of the first quarter in the place of that of the second one."""
    (_, _, _, _, before), (_, _, _, _, files) = (each for each in published.files_of_everything() if each[0] == "ix")
    assert published.differing({**files, name: before[name]}) != []


# Those whose papers no other test reads; the annual report, compensation and what is filed have tests of their own.
@pytest.mark.slow
@pytest.mark.usefixtures("typeset")
@pytest.mark.parametrize(
    ("report", "language"),
    [
        ("exploited", "sq"),
        ("vi", "en"),
        ("trp", "sq"),
        ("identifications", "en"),
        ("dependants", "sq"),
        ("children", "en"),
    ],
)
def test_reports_about_few_people_say_the_same_in_every_format(app: Flask, report: str, language: str) -> None:
    release = rounded.release(report, 60, "two_way")
    tables = rounded.tables(report)
    with app.test_request_context(), speaking(language):
        shown = render.values(release, tables, language, (), {})
        sheet = release_csv(release)
        markup, printed = render.in_one_language(shown, render.BODY, pages=app.jinja_env)
    files = {f"html.{language}": markup, **render.papers({language: printed}, "x.csv", sheet)}
    files |= {"json": json.dumps(release).encode(), "csv": sheet, "xlsx": render.workbook(release, tables)}
    assert len(files) == 5
    assert published.differing(files) == []


@pytest.mark.slow
def test_all_releases_together_tell_of_no_few_people(releases: list[Published]) -> None:
    assert {(each.report, each.step) for each in releases} >= {("ix", "two_way")}
    together = published.Together(releases)
    assert published.unpromised(together.learnt()) == []
    assert together.asked > 1000
