"""Whether somebody was here before: who asks, what each side sees and when, and what is counted (ADR 0130)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.shelter import cases, direct_intake, stays
from nrm.actions.shelter import matching as actions
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.matching import (
    Answer,
    Course,
    MatchRefused,
    Said,
    Stand,
    Why,
)
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.cases import Case
from nrm.store import days
from nrm.store.shelter import matching as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted

SignIn = Callable[[str], Person]
NOW = datetime(2026, 3, 3, 11, tzinfo=UTC)
MIRA = {"given": "Mirela", "family": "Xhaferi", "father": "Agron", "birth": "1999-04-17", "origin": "Kukës"}
AGAIN = {"given": "Mirella", "family": "Dzaferi", "father": "Agron", "birth": "1999-04-17", "origin": "Kukes"}
OTHER = {"given": "Valbona", "family": "Shtylla", "father": "Petrit", "birth": "1984-11-02", "origin": "Korçë"}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    clock.set_clock(lambda: NOW)
    yield
    clock.set_clock(None)


def later(**time: int) -> None:
    then = clock.now() + timedelta(**time)
    clock.set_clock(lambda: then)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.case_worker")


@pytest.fixture
def second(vatra: Actor) -> Actor:
    assert vatra
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def nrc(app: Flask) -> Actor:
    assert app
    return factories.actor("nrc.case_worker")


def taken_in(by: Actor, identity: dict[str, Any], **more: Any) -> direct_intake.Opened:
    """Somebody whom the house took in itself, and whom a second member has seen."""
    opened = admitted(by, identity=identity, **more)
    code = by.organisation_code.lower()
    actions.seen(case_id=opened.case_id, by=factories.actor(f"{code}.shelter_manager"))
    return opened


def said_yes(by: Actor, identity: dict[str, Any], **more: Any) -> direct_intake.Opened:
    opened = taken_in(by, identity, **more)
    actions.ask(case_id=opened.case_id, said=Said.YES, with_guardian=False, by=by)
    return opened


def left(opened: direct_intake.Opened, by: Actor) -> None:
    """The person left, and the case is closed."""
    stays.end(
        stay_id=opened.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )
    cases.close(case_id=opened.case_id, by=by)


def a_repeat(nrc: Actor, vatra: Actor) -> tuple[direct_intake.Opened, direct_intake.Opened]:
    """(the earlier case at NRC, which is closed; the new one at VATRA), compared."""
    before = said_yes(nrc, MIRA)
    left(before, nrc)
    later(days=200)
    now = said_yes(vatra, AGAIN)
    assert actions.search_due() == 2  # of two that wait, the later one finds the earlier
    return before, now


def counted(case_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Case, case_id, populate_existing=True).repeat


def test_two_same_of_two_houses_link_and_a_link_is_broken_and_mended(nrc: Actor, vatra: Actor, second: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    assert (line.case_id, line.band, line.stand, line.alarm) == (before.case_id, "strong", Stand.WAITS, False)
    assert store.of_case(now.case_id, by=vatra).pairs == ()
    assert counted(now.case_id) == "pending"
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=nrc)
    (ours,) = store.of_case(now.case_id, by=vatra).pairs
    assert ours.other.names["en"].startswith("National Reception Centre")
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.SHE_SAYS, course=Course.AGAIN, by=vatra)
    assert counted(now.case_id) == "repeat_again"
    actions.break_link(pair_id=line.id, by=nrc)
    assert counted(now.case_id) == "pending"
    assert store.of_case(now.case_id, by=vatra).pairs == ()
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.SAME_CASE, by=second)
    assert counted(now.case_id) == "repeat_same"


def test_a_rejected_pair_never_comes_back(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.DIFFERENT, why=Why.OTHER_PAPERS, by=nrc)
    actions.ask(case_id=now.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert actions.search_due() == 1
    assert [each.stand for each in store.to_answer(by=nrc)] == [Stand.REJECTED]
    with pytest.raises(MatchRefused):
        actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    assert store.of_case(now.case_id, by=vatra).pairs == ()
    assert before
