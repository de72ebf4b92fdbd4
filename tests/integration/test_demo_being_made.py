"""What is said while a demo country is made. That the command says it, and what a stop leaves, is in `test_demo`."""

from __future__ import annotations

import socket
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from nrm import countries
from nrm.cli.refusals import Refused
from nrm.cli.waiting import Waiting, line
from nrm.demo.progress import Progress
from nrm.domain.quarters import Quarter
from nrm.web import being_made

COUNTRY = countries.load("albania")


def test_a_port_that_is_taken_is_refused_before_anything_is_made() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Refused, match="--port"), Waiting(COUNTRY, 2, host="127.0.0.1", port=other.getsockname()[1]):
            pass


@pytest.mark.parametrize(
    ("language", "words"),
    [("sq", "kanë ardhur 3 nga 12 persona"), ("en", "3 of 12 people have come so far")],
)
def test_people_appear_on_the_page_by_place_as_they_come(language: str, words: str) -> None:
    made: dict[str, Any] = {"people": 12}
    client: FlaskClient = being_made.create(COUNTRY, lambda: made).test_client()
    assert "<table" not in client.get(f"/sign-in?lang={language}").text
    made |= {"accounts": 57, "accounts_made": 57, "came": 3, "reached": "2024-03-05", "left": 100.0}
    made |= {"places": {"rinas": 2, "VATRA": 1}}
    page = client.get(f"/sign-in?lang={language}").text
    assert words in page
    rinas = COUNTRY.crossing_points["rinas"].names[language]
    vatra = COUNTRY.organisations["VATRA"].names[language]
    assert [page.index(rinas), page.index(vatra)] == sorted([page.index(rinas), page.index(vatra)])
    assert client.get("/healthz").status_code == 503
    assert client.get("/sign-in", headers={"Host": "elsewhere.example"}).status_code == 400


def test_who_comes_a_second_time_is_none_more_than_were_asked_for() -> None:
    progress = Progress(2, 4)
    for place in ("RINAS", "DURRES", "VATRA"):
        progress.come(place)
    assert line(progress).startswith("people: 2 of 2")
    assert progress.places.total() == 3


def test_it_is_said_how_long_the_rest_will_take() -> None:
    now = [0.0]
    progress = Progress(100, 4, clock=lambda: now[0])
    progress.accounts = 57
    progress.account()
    assert progress.seconds_left() is None
    assert line(progress) == "accounts: 1 of 57"
    for _ in range(56):
        progress.account()
    shares = [progress.share()]
    for _ in range(50):
        progress.come("rinas")
    shares.append(progress.share())
    now[0] = 40.0
    progress.reach(date(2024, 3, 5))
    left = progress.seconds_left()
    assert left is not None
    assert 0 < left == pytest.approx(40 * (1 / progress.share() - 1))
    progress.close("report ix", Quarter.parse("2025Q4"))
    assert line(progress).startswith("people: 50 of 100, report ix of 2025Q4, about ")
    assert progress.share() == shares[-1]  # begun is not done
    progress.close("report ix", Quarter.parse("2026Q1"))
    shares.append(progress.share())
    for _ in range(60):
        progress.come("rinas")
    assert shares == sorted(set(shares))
    assert progress.share() <= 1


class Clock:
    """A clock that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


QUARTERS = [Quarter.parse(name) for name in ("2025Q1", "2025Q2", "2025Q3", "2025Q4")]


def made_until(people: int, clock: Clock) -> Progress:
    """A country of a hundred people, of whom so many came, one each second; 57 accounts took six seconds."""
    progress = Progress(100, 4, clock=clock)
    progress.accounts = 57
    for _ in range(57):
        progress.account()
        clock.now += 6 / 57
    come(progress, clock, people)
    return progress


def come(progress: Progress, clock: Clock, people: int) -> None:
    for _ in range(people):
        progress.come("rinas")
        clock.now += 1.0


def close(progress: Progress, clock: Clock, quarter: Quarter, seconds: float) -> None:
    progress.close("report ix", quarter)
    clock.now += seconds
    progress.reach(date(2026, 1, 14))


def left_of(progress: Progress) -> float:
    left = progress.seconds_left()
    assert left is not None
    return left


def test_while_nothing_is_reported_what_is_left_never_grows() -> None:
    """It grew by five seconds in each second while a report was made."""
    clock = Clock()
    progress = made_until(40, clock)
    for quarter in QUARTERS[:2]:
        progress.close("report ix", quarter)
        told = []
        for _ in range(600):
            told.append(left_of(progress))
            clock.now += 1.0
        assert told == sorted(told, reverse=True)
        assert all(before - after <= 1.001 for before, after in pairwise(told))
        assert told[-1] >= 60 * 0.9  # the people who are still to come are not forgotten
        progress.reach(date(2026, 1, 14))
    come(progress, clock, 1)
    clock.now -= 1.0
    told = []
    for _ in range(20):
        told.append(left_of(progress))
        clock.now += 1.0
    assert told == sorted(told, reverse=True)


def test_reports_take_as_long_as_those_before_them_and_people_as_long_as_people() -> None:
    clock = Clock()
    progress = made_until(40, clock)
    close(progress, clock, QUARTERS[0], 30.0)
    assert left_of(progress) == pytest.approx(60 + 4 * 30, abs=9)
    come(progress, clock, 20)
    assert left_of(progress) == pytest.approx(40 + 4 * 30, abs=9)
    progress.close("report ix", QUARTERS[1])
    begun = left_of(progress)
    assert begun == pytest.approx(40 + 4 * 30, abs=9)
    clock.now += 10.0
    assert left_of(progress) == pytest.approx(begun - 10)
    clock.now += 40.0  # longer than the first one: the rest of it is not known, what comes after it is
    assert left_of(progress) == pytest.approx(40 + 3 * 30, abs=9)
    progress.reach(date(2026, 1, 14))
    assert left_of(progress) == pytest.approx(40 + 3 * 40, abs=9)


def test_at_the_end_nothing_is_said_where_nobody_knows() -> None:
    """It was said that three seconds are left, then 185, and it was over after twenty."""
    clock = Clock()
    progress = made_until(90, clock)
    for quarter in QUARTERS:
        close(progress, clock, quarter, 30.0)
    assert left_of(progress) == pytest.approx(10 + 30, abs=3)
    share = progress.share()
    come(progress, clock, 10)
    assert left_of(progress) == pytest.approx(30, abs=3)
    progress.close("joint report", QUARTERS[-2])  # of several quarters, made once
    assert progress.share() >= share
    told = [left_of(progress)]
    clock.now += 20.0
    told.append(left_of(progress))
    assert told == pytest.approx([30, 10], abs=3)
    clock.now += 20.0
    assert progress.seconds_left() is None
    assert line(progress) == "people: 100 of 100, joint report of 2025Q3"
    progress.reach(date(2026, 1, 14))
    assert progress.seconds_left() is None
    assert progress.share() == 1


def test_before_some_people_came_nothing_is_said() -> None:
    clock = Clock()
    progress = made_until(4, clock)
    assert progress.seconds_left() is None
    come(progress, clock, 2)
    assert progress.seconds_left() is not None


def test_a_training_is_made_of_accounts_alone() -> None:
    clock = Clock()
    progress = Progress(0, 0, clock=clock)
    progress.accounts = 20
    for _ in range(11):
        progress.account()
        clock.now += 1.0
    assert left_of(progress) == pytest.approx(9, abs=2)
