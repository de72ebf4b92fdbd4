"""What is said while a demo country is made. That the command says it, and what a stop leaves, is in `test_demo`."""

from __future__ import annotations

import socket
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
