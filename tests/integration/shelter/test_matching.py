"""Whether somebody was here before: who asks, what each side sees and when, and what is counted (ADR 0130)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, direct_intake, stays
from nrm.actions.shelter import matching as actions
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.matching import (
    Answer,
    Course,
    MatchRefusal,
    MatchRefused,
    PairStand,
    Said,
    Why,
)
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.accounts.alarms import Alarm
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchEncoding
from nrm.steps.shelter import matching as steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.shelter import matching as store
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

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
    assert (line.case_id, line.band, line.stand, line.alarm) == (before.case_id, "strong", PairStand.WAITS, False)
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
    _, now = a_repeat(nrc, vatra)
    (line,) = store.to_answer(by=nrc)
    actions.answer(pair_id=line.id, answer=Answer.DIFFERENT, why=Why.OTHER_PAPERS, by=nrc)
    actions.ask(case_id=now.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert actions.search_due() == 1
    assert [each.stand for each in store.to_answer(by=nrc)] == [PairStand.REJECTED]
    with refused(MatchRefusal.DECIDED):
        actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, by=nrc)
    assert store.of_case(now.case_id, by=vatra).pairs == ()


@contextmanager
def refused(reason: MatchRefusal) -> Iterator[None]:
    with pytest.raises(MatchRefused) as found:
        yield
    assert found.value.reason is reason


def test_nobody_answers_both_sides(nrc: Actor, vatra: Actor) -> None:
    before = said_yes(vatra, MIRA)
    left(before, vatra)
    later(days=40)
    now = said_yes(vatra, AGAIN)
    assert actions.search_due() == 2
    (line,) = store.to_answer(by=vatra)
    assert not line.may_answer
    with refused(MatchRefusal.SAME_MEMBER):
        actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=vatra)
    manager = factories.actor("vatra.shelter_manager")
    actions.answer(pair_id=line.id, answer=Answer.SAME, why=Why.KNOWN_TO_US, by=manager)
    with refused(MatchRefusal.SAME_MEMBER):
        actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=manager)
    actions.confirm(pair_id=line.id, answer=Answer.SAME, why=Why.PAPERS, course=Course.AGAIN, by=vatra)
    assert counted(now.case_id) == "repeat_again"
    with pytest.raises(NotVisible):
        actions.break_link(pair_id=line.id, by=nrc)


def test_only_who_was_seen_by_two_or_slept_there_is_asked(nrc: Actor, vatra: Actor) -> None:
    own = admitted(vatra, identity=MIRA)
    with refused(MatchRefusal.NOT_SEEN):
        actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    actions.seen(case_id=own.case_id, by=vatra)  # herself alone is not enough
    with refused(MatchRefusal.NOT_SEEN):
        actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=vatra)
    actions.ask(case_id=own.case_id, said=Said.YES, with_guardian=False, by=factories.actor("vatra.shelter_manager"))
    sent = people.sent(factories.actor("rinas.border_officer"), given="Mirela", family="Xhaferi")
    case_id = referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC", 5), by=nrc)
    referrals.arrive(referral_id=sent.referral_id, by=nrc)
    with refused(MatchRefusal.NO_NIGHT):
        actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)
    stays.admit(
        case_id=case_id,
        place_id=people.bed("NRC", 5),
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=30),
        by=nrc,
    )
    with refused(MatchRefusal.NO_NIGHT):
        actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)
    later(days=1)
    actions.ask(case_id=case_id, said=Said.YES, with_guardian=False, by=nrc)
    assert db.session.scalar(select(func.count()).select_from(MatchEncoding)) == 2


def test_a_no_is_kept_and_nothing_is_encoded_and_a_yes_can_be_taken_back(nrc: Actor, vatra: Actor) -> None:
    _, now = a_repeat(nrc, vatra)
    assert len(store.to_answer(by=nrc)) == 1
    actions.ask(case_id=now.case_id, said=Said.REFUSED, with_guardian=False, by=vatra)
    assert counted(now.case_id) == "not_checkable"
    assert store.to_answer(by=nrc) == []
    assert db.session.scalars(select(MatchEncoding.case_id)).all() != [now.case_id]
    assert now.case_id not in db.session.scalars(select(MatchEncoding.case_id)).all()
    before = admitted(vatra, bed=3, identity=OTHER)
    actions.ask(case_id=before.case_id, said=Said.REFUSED, with_guardian=False, by=vatra)  # a no needs no second member
    assert counted(before.case_id) == "not_checkable"


def test_a_child_is_asked_with_the_guardian(vatra: Actor) -> None:
    child = taken_in(vatra, {"given": "Era", "family": "Lleshi"}, case=CHILD)
    for said in Said:
        with refused(MatchRefusal.GUARDIAN):
            actions.ask(case_id=child.case_id, said=said, with_guardian=False, by=vatra)
    actions.ask(case_id=child.case_id, said=Said.YES, with_guardian=True, by=vatra)


def test_whoever_has_no_name_is_not_compared(vatra: Actor) -> None:
    nameless = taken_in(vatra, {"birth": "1990"})
    with refused(MatchRefusal.NO_NAME):
        actions.ask(case_id=nameless.case_id, said=Said.YES, with_guardian=False, by=vatra)
    assert counted(nameless.case_id) == "not_checked"


@pytest.mark.slow
def test_a_member_asks_for_so_many_in_a_day_and_a_burst_is_seen(app: Flask, vatra: Actor, sign_in: SignIn) -> None:
    assert app
    limit = country().matching.questions_a_day
    opened = [taken_in(vatra, {"given": f"Emri{each}", "family": "Prova"}, bed=0) for each in range(limit + 1)]
    for each in opened[:limit]:
        later(minutes=1)
        actions.ask(case_id=each.case_id, said=Said.YES, with_guardian=False, by=vatra)
    with refused(MatchRefusal.TOO_MANY):
        actions.ask(case_id=opened[limit].case_id, said=Said.YES, with_guardian=False, by=vatra)
    alarm = db.session.scalars(select(Alarm).where(Alarm.kind == "questions")).one()
    assert (alarm.member_id, alarm.cases) == (vatra.member_id, limit)
    said = f"Nisi {limit} verifikime nëse njerëzit kanë qenë këtu më parë"
    for login in ("vatra.shelter_manager", "ra.duty_officer"):
        assert said in sign_in(login).get("/alarms")
    later(days=1)
    actions.ask(case_id=opened[limit].case_id, said=Said.YES, with_guardian=False, by=vatra)


def test_what_is_erased_is_forgotten(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    with transaction() as session:
        steps.forget(session, before.case_id)
    assert store.to_answer(by=nrc) == []
    assert db.session.scalars(select(MatchEncoding.case_id)).all() == [now.case_id]


def test_every_erasure_forgets_the_encoding(nrc: Actor, vatra: Actor) -> None:
    before, now = a_repeat(nrc, vatra)
    hands.erased(before.case_id, by=nrc)
    assert db.session.scalars(select(MatchEncoding.case_id)).all() == [now.case_id]
