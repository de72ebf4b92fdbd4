"""How to read the figures: each report carries the notes that hold for its own figures, and no other."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask, current_app

from nrm.render import joint_report, reports, sheets
from nrm.web.language import speaking
from tests import rounded

CERTAIN = "Of every figure but the number in all only 0 to 14 is certain."
SLIPS = "the figures count slips, not people"
OF_TABLES = ("Every other figure", "Where a whole group", "The totals add up", "A dash", "Groups of 0", "0 to 14")


def notes(report: str, step: str) -> str:
    """The words below *How to read the figures*."""
    page = reports.page(
        rounded.release(report, 60, step),
        rounded.tables(report),
        "en",
        signatures=(),
        names={},
        pages=current_app.jinja_env,
        speaking=speaking,
    ).decode()
    part = page[page.index('id="reading"') :]
    return html.unescape(re.sub(r"<[^>]+>", " ", part[: part.index("</ul>")]))


@pytest.mark.parametrize("report", ["ix", "feedback"])
def test_a_report_of_one_number_carries_no_note_of_tables(app: Flask, report: str) -> None:
    said = notes(report, "total")
    assert [each for each in OF_TABLES if each in said] == []
    assert "the real one is at most 4 more or less" in said
    assert "certain from 10 on" in said
    assert "A closed quarter never changes" in said
    assert ("It counts slips, not people." in said) == (report == "feedback")


def test_a_report_with_tables_says_of_which_figures_each_bound_is(app: Flask) -> None:
    said = notes("ix", "two_way")
    assert [each for each in OF_TABLES if each not in said] == []
    assert CERTAIN in said
    assert "most often fewer than 5 people" in said
    assert SLIPS not in said
    assert "the real one is at most 4 more or less" not in said


def test_slips_are_not_people_and_a_shelter_under_its_own_name_has_five(app: Flask) -> None:
    said = notes("feedback", "two_way")
    assert SLIPS in said
    assert "the total of a shelter under its own name: it has at least five" in said
    assert CERTAIN in said
    assert "people: in trials" not in said


def test_the_files_say_it_too() -> None:
    for said in (sheets._ROUNDED, joint_report.MEANS):
        assert "but for the number in all, 0 to 14" in said
        assert len(said) < 250  # the footer of a sheet
