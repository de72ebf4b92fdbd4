"""What two published figures say of each other, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from nrm.render.series import Step
from nrm.statistics.tables import Cell
from nrm.web import language
from nrm.web.reports import compared

WOMEN: Cell = (("sex", "feminine"),)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    app = Flask("words")
    language.register(app, spoken=("sq", "en"))
    with app.test_request_context("/?lang=en"):
        app.preprocess_request()
        yield


def steps(*figures: int | None, quarters: tuple[int, ...] = ()) -> list[Step]:
    lengths = quarters or (1,) * len(figures)
    return [
        Step(f"2026Q{place}", figure, quarters=length)
        for place, (figure, length) in enumerate(zip(figures, lengths, strict=True), 1)
    ]


def test_each_release_says_what_its_change_tells() -> None:
    assert compared.against_the_one_before(steps(40, 40, 55, 35, 0, 10, None, 10), WOMEN) == [
        "nothing to compare with",
        "the same figure: the real number may have changed",
        "15 more as printed: may be rounding alone",
        "20 fewer as printed: it certainly fell",
        "35 fewer as printed: it certainly fell",
        "10 more as printed: it certainly rose",
        "nothing to compare with",
        "nothing to compare with",
    ]
    assert compared.against_the_one_before(steps(40, 50, 45), ())[1:] == [
        "10 more as printed: it certainly rose",
        "5 fewer as printed: may be rounding alone",
    ]
    assert compared.against_the_one_before([], ()) == []


def test_releases_of_different_numbers_of_quarters_are_not_compared() -> None:
    two = steps(40, 90, quarters=(1, 2))
    assert compared.against_the_one_before(two, ())[1] == "another number of quarters: not to be compared"
    assert compared.first_and_last(two, ()).startswith("The releases are of different numbers of quarters")


def test_the_first_and_the_last_are_compared_in_one_sentence() -> None:
    assert compared.first_and_last(steps(40, None), ()) == "One release: there is nothing to compare yet"
    assert compared.first_and_last(steps(40, 5, 50), ()) == "More in 2026Q3 than in 2026Q1: 50 and 40"
    assert compared.first_and_last(steps(40, 5, 20), WOMEN) == "Fewer in 2026Q3 than in 2026Q1: 20 and 40"
    assert "do not say" in compared.first_and_last(steps(40, 5, 50), WOMEN)


def test_how_far_the_real_change_may_be_is_said_of_the_number_of_all_and_of_others() -> None:
    assert "at most 8 more or less" in compared.what_may_be_concluded(())
    assert "at most 18 more or less" in compared.what_may_be_concluded(WOMEN)
