"""Where a case, a referral, an act, an account or an alarm stands, changed by another hand: the doctor names it (ADR
0207)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert

from nrm import clock
from nrm.actions.accounts import beginning_anew
from nrm.actions.shelter import consents
from nrm.actions.support import threats
from nrm.db import db, transaction
from nrm.domain.accounts.words import WordPurpose
from nrm.domain.shelter.consents import EVERYTHING
from nrm.domain.support.threats import Acts, Doubt
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildDecision
from nrm.models.support.threats import ThreatAlarm, ThreatSeen
from nrm.steps.lost_records import lost
from nrm.store import days, names
from tests import factories
from tests import second_hands as hands
from tests.factories_stays import CHILD, admitted, may_go
from tests.integration.test_lost_records import changed, code, rows, taken_out
from tests.world import World

THREATS, CHILDREN, CASES = "threats to witnesses", "what was decided about children", "cases that are closed"
REFERRALS, ACTS, ACCOUNTS = "referrals (", "acts that need two hands", "accounts and offices"
HOLDERS = "which house holds a case"
ALL = (THREATS, CHILDREN, CASES, HOLDERS, REFERRALS, ACTS, ACCOUNTS)


def put_in(model: type[Any], values: dict[str, Any], *where: Any) -> Iterator[None]:
    """With a row that nobody wrote; then without it."""
    with transaction() as session:
        session.execute(insert(model).values(**values))
    yield
    with transaction() as session:
        session.execute(delete(model).where(*where))
    yield


@pytest.mark.slow
def test_what_another_hand_makes_of_a_state_is_named_by_the_doctor_and_nothing_else(
    world_app: tuple[Flask, World],
) -> None:
    app, world = world_app
    assert app
    threatened = db.session.get_one(ThreatAlarm, world.alarm).case_id
    assert threatened is not None
    nrc, vatra = (names.organisation_by_code(each).id for each in ("NRC", "VATRA"))
    manager, worker = factories.actor("vatra.shelter_manager"), factories.actor("vatra.case_worker")
    child = admitted(manager, CHILD, days_ago=3, bed=3).case_id
    may_go(child)
    (decision,) = rows(ChildDecision, ChildDecision.case_id == child)
    assert manager.member_id is not None
    assert lost() == ""
    forged = {"alarm_id": world.alarm, "organisation_id": nrc, "member_id": manager.member_id, "seen_at": clock.now()}
    closed = {"status": "closed", "closed_month": days.today().replace(day=1)}
    again = {**decision, "id": uuid.uuid4(), "position": 2}
    attacks: list[tuple[Iterator[None], str, str]] = [
        (taken_out(ThreatAlarm, ThreatAlarm.id == world.alarm), THREATS, code(threatened)),
        (
            changed(ThreatAlarm, ThreatAlarm.id == world.alarm, doubt="mistake", doubted_at=clock.now()),
            THREATS,
            code(threatened),
        ),
        (put_in(ThreatSeen, forged, ThreatSeen.alarm_id == world.alarm), THREATS, code(threatened)),
        (put_in(ChildDecision, again, ChildDecision.id == again["id"]), CHILDREN, code(child)),
        (changed(Case, Case.id == world.own_case, **closed), CASES, code(world.own_case)),
        (changed(Case, Case.id == world.own_case, holder_id=nrc), HOLDERS, code(world.own_case)),
        (changed(Case, Case.id == world.asked_case, holder_id=vatra), HOLDERS, code(world.asked_case)),
        (changed(Referral, Referral.id == world.asked, status="withdrawn"), REFERRALS, code(world.asked_case)),
        (changed(Member, Member.id == worker.member_id, status="disabled"), ACCOUNTS, "vatra.case_worker"),
        (changed(Organisation, Organisation.id == nrc, enabled=False), ACCOUNTS, "NRC"),
    ]
    for attack, words, named in attacks:
        next(attack)
        told = lost()
        assert words in told, told
        assert named in told, told
        assert sum(each in told for each in ALL) == 1, told
        next(attack)
        assert lost() == "", words
    # What people say themselves is missed by nobody.
    desk = factories.actor("ra.duty_officer")
    threats.seen(alarm_id=world.alarm, what=Acts.POLICE, by=desk)
    threats.take_back(alarm_id=world.alarm, by=desk)
    threats.doubt(alarm_id=world.alarm, why=Doubt.TWICE, by=factories.actor("nrc.case_worker"))
    assert lost() == ""


@pytest.mark.slow
def test_an_act_that_waits_is_missed_when_its_row_is_gone_or_says_that_somebody_answered(app: Flask) -> None:
    assert app
    worker = factories.actor("vatra.case_worker")
    case_id = admitted(worker, days_ago=3, bed=1).case_id
    act_id = hands.asked(lambda: consents.withdraw(case_id=case_id, what=EVERYTHING, by=worker))
    assert lost() == ""
    declined = {"status": "declined", "decided_at": clock.now()}
    later = {"expires_at": clock.now() + timedelta(days=900)}  # nobody would be asked, and nobody could give it back
    changes = [changed(HeavyAct, HeavyAct.id == act_id, **each) for each in (declined, later)]
    for attack in (taken_out(HeavyAct, HeavyAct.id == act_id), *changes):
        next(attack)
        assert ACTS in lost()
        assert code(case_id) in lost()
        next(attack)
        assert lost() == ""
    hands.agreed(act_id, hands.another(worker))
    assert lost() == ""


def test_that_somebody_lets_a_colleague_begin_anew_is_missed_when_no_row_says_so(app: Flask) -> None:
    assert app
    worker = factories.actor("vatra.case_worker").member_id
    assert worker is not None
    beginning_anew.begin_again(member_id=worker, by=factories.actor("vatra.shelter_manager"))
    assert lost() == ""
    attack = taken_out(Occasion, Occasion.member_id == worker, Occasion.purpose == WordPurpose.ANEW)
    next(attack)
    assert "who lets whom begin anew (vatra.case_worker)" in lost()
    next(attack)
    assert lost() == ""
