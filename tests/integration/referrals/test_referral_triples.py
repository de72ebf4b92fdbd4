"""Every (state, event, actor) triple at the pages: what stands in the one table works, all else changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, update

from forms.shelter.stays import NO_PLACE
from nrm import clock
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import TRANSITIONS, ReferralEvent, ReferralStatus, Relation
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Grant, PendingGrant
from nrm.models.shelter.places import Promise
from nrm.store import days
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

PEOPLE = {
    Relation.SENDER: "rinas.border_officer",
    Relation.RECEIVER: "nrc.case_worker",
    Relation.DUTY_OFFICER: "ra.duty_officer",
    Relation.OUTSIDER: "vatra.case_worker",
}
PAGES = {
    ReferralEvent.ACCEPT: "accept",
    ReferralEvent.DECLINE: "decline",
    ReferralEvent.WITHDRAW: "withdraw",
    ReferralEvent.EXPIRE: "expire",
    ReferralEvent.PROMISE: "promise",
    ReferralEvent.DENY_PROMISE: "promise/deny",
    ReferralEvent.DEPART: "depart",
    ReferralEvent.ARRIVE: "arrival",
    ReferralEvent.NOT_ARRIVE: "not-arrived",
    ReferralEvent.CALL_OFF: "call-off",
    ReferralEvent.TAKE_BACK_ARRIVAL: "arrival/back",
    ReferralEvent.TAKE_BACK_DEPARTURE: "depart/back",
    ReferralEvent.TAKE_BACK_ACCEPTANCE: "accept/back",
    ReferralEvent.TAKE_AFTER_ALL: "accept/after-all",
    ReferralEvent.AWAIT_AGAIN: "not-arrived/back",
    ReferralEvent.TAKE_BACK_DIRECTION: "direction",
}
# A role that never does such a thing is refused before anything is looked up.
FORBIDDEN = {
    Relation.SENDER: {
        ReferralEvent.ACCEPT,
        ReferralEvent.DECLINE,
        ReferralEvent.EXPIRE,
        ReferralEvent.ARRIVE,
        ReferralEvent.NOT_ARRIVE,
        ReferralEvent.TAKE_BACK_ARRIVAL,
        ReferralEvent.TAKE_BACK_ACCEPTANCE,
        ReferralEvent.TAKE_AFTER_ALL,
        ReferralEvent.AWAIT_AGAIN,
        ReferralEvent.TAKE_BACK_DIRECTION,
        ReferralEvent.DENY_PROMISE,
    },
    Relation.RECEIVER: {ReferralEvent.EXPIRE, ReferralEvent.TAKE_BACK_DIRECTION},
    Relation.OUTSIDER: {ReferralEvent.EXPIRE, ReferralEvent.TAKE_BACK_DIRECTION},
    Relation.DUTY_OFFICER: {
        ReferralEvent.ACCEPT,
        ReferralEvent.DECLINE,
        ReferralEvent.WITHDRAW,
        ReferralEvent.ARRIVE,
        ReferralEvent.CALL_OFF,
        ReferralEvent.TAKE_BACK_ARRIVAL,
        ReferralEvent.TAKE_BACK_ACCEPTANCE,
        ReferralEvent.TAKE_AFTER_ALL,
        ReferralEvent.AWAIT_AGAIN,
    },
}
# Only a move from one shelter to another is called off; for the hand-over of a post that is refused like all else.
OF_MOVES = [triple for triple in TRANSITIONS if triple[1] is ReferralEvent.CALL_OFF]
ON_PAGES = [triple for triple in TRANSITIONS if triple[2] is not Relation.SYSTEM and triple not in OF_MOVES]


@pytest.fixture
def sent(app: Flask) -> people.Sent:
    assert app
    return people.sent(factories.actor("rinas.border_officer"))


def _put(sent: people.Sent, status: ReferralStatus) -> None:
    """The referral in that state, as rows; a promised place only where one is kept."""
    accepted = status is ReferralStatus.ACCEPTED
    values: dict[str, Any] = {
        "status": str(status),
        "decline_reason": "full" if status is ReferralStatus.DECLINED else "",
    }
    with transaction() as session:
        session.execute(update(Referral).where(Referral.id == sent.referral_id).values(**values))
        if accepted:
            today = days.today()
            kept = {"place_id": people.bed("NRC"), "from_on": today, "until_on": today + timedelta(days=2)}
            session.add(Promise(referral_id=sent.referral_id, **kept))
            holder = people.organisation("NRC")
            session.execute(update(Case).where(Case.id == sent.case_id).values(status="open", holder_id=holder))


def _everything(sent: people.Sent) -> list[Any]:
    """All that an event could change: the rows of the case, its grants, and the last entry of the chain."""
    db.session.rollback()
    found: list[Any] = []
    for model in (Referral, Case, Grant, PendingGrant):
        mapper = inspect(model)
        key = model.id if model is Case else model.case_id  # type: ignore[attr-defined]
        rows = db.session.execute(select(*mapper.columns).where(key == sent.case_id)).all()
        found.append(sorted((tuple(row) for row in rows), key=repr))
    found.append(db.session.execute(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1)).scalar())
    return found


def _form(event: ReferralEvent) -> dict[str, object]:
    if event in (ReferralEvent.ACCEPT, ReferralEvent.TAKE_AFTER_ALL):
        return {"bed": str(people.bed("NRC", 1)), "expected": ""}
    return {
        ReferralEvent.DECLINE: {"reason": "full", "though_free": "y"},
        ReferralEvent.PROMISE: {"name": "Arta"},
        ReferralEvent.ARRIVE: {"admitted": "today", "bed": NO_PLACE, "is_here": "y"},
        ReferralEvent.TAKE_BACK_ARRIVAL: {"why": "mistyped"},
        ReferralEvent.TAKE_BACK_DEPARTURE: {"why": "mistyped", "expected": "2"},
        ReferralEvent.TAKE_BACK_ACCEPTANCE: {"why": "mistyped"},
        ReferralEvent.AWAIT_AGAIN: {"why": "mistyped"},
        ReferralEvent.NOT_ARRIVE: {"asked": "y"},  # the duty desk called both sides; nobody else is asked for it
        ReferralEvent.DEPART: {"escort": "woman_officer", "expected": "2", "without": "y"},
    }.get(event, {})


def test_every_event_has_its_page_and_every_actor_a_person() -> None:
    assert set(PAGES) == set(ReferralEvent)
    assert set(PEOPLE) == set(Relation) - {Relation.SYSTEM}
    assert not [triple for triple in ON_PAGES if triple[1] in FORBIDDEN[triple[2]]]


@pytest.mark.parametrize("status", ReferralStatus)
def test_what_does_not_stand_in_the_table_is_refused_and_changes_nothing(
    sent: people.Sent, sign_in: Callable[[str], Person], status: ReferralStatus
) -> None:
    _put(sent, status)
    signed_in = {relation: sign_in(login) for relation, login in PEOPLE.items()}
    for event, relation in product(ReferralEvent, PEOPLE):
        if (status, event, relation) in ON_PAGES:
            continue
        before = _everything(sent)
        expected = 403 if event in FORBIDDEN[relation] else 404 if relation is Relation.OUTSIDER else 409
        signed_in[relation].post(f"/referrals/{sent.referral_id}/{PAGES[event]}", _form(event), expected)
        assert _everything(sent) == before, (event, relation)


@pytest.mark.parametrize("triple", ON_PAGES, ids="-".join)
def test_what_stands_in_the_table_works(
    sent: people.Sent,
    sign_in: Callable[[str], Person],
    triple: tuple[ReferralStatus, ReferralEvent, Relation],
) -> None:
    status, event, relation = triple
    if status is not ReferralStatus.SENT:
        receiver = sign_in(PEOPLE[Relation.RECEIVER])
        receiver.post(f"/referrals/{sent.referral_id}/accept", {"bed": str(people.bed("NRC")), "expected": ""})
    if event is ReferralEvent.TAKE_BACK_DEPARTURE:
        left = _form(ReferralEvent.DEPART)
        sign_in(PEOPLE[Relation.SENDER]).post(f"/referrals/{sent.referral_id}/depart", left)
    if status is ReferralStatus.MISTAKEN:
        receiver.post(f"/referrals/{sent.referral_id}/accept/back", {"why": "mistyped"})
    if status is ReferralStatus.ARRIVED:
        receiver.post(f"/referrals/{sent.referral_id}/arrival", _form(ReferralEvent.ARRIVE))
    if status is ReferralStatus.NOT_ARRIVED:
        receiver.post(f"/referrals/{sent.referral_id}/not-arrived", {"asked": "y"})
    if event is ReferralEvent.DENY_PROMISE:
        promise = _form(ReferralEvent.PROMISE)
        sign_in(PEOPLE[Relation.SENDER]).post(f"/referrals/{sent.referral_id}/promise", promise)
    if event is ReferralEvent.TAKE_BACK_DIRECTION:
        with transaction() as session:
            session.execute(update(Referral).where(Referral.id == sent.referral_id).values(assigned=True))
    if event is ReferralEvent.EXPIRE:
        late = clock.now() + timedelta(hours=2)
        clock.set_clock(lambda: late)
    sign_in(PEOPLE[relation]).post(f"/referrals/{sent.referral_id}/{PAGES[event]}", _form(event))
    db.session.rollback()
    now = db.session.scalar(select(Referral.status).where(Referral.id == sent.referral_id))
    assert now == TRANSITIONS[triple]
