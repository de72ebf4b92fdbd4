"""A post that withdraws and asks the same shelter again gains no hour, and what it wrote down stays to be read
(ADR 0254)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import next_receiver
from nrm.actions.referrals import referrals as actions
from nrm.db import db
from nrm.domain.referrals.referrals import IllegalTransition, OverrideReason, TransitionRefusal
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.store.referrals import duty
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
DESK, POST, HOUSE = "ra.duty_officer", "rinas.border_officer", "nrc.case_worker"
NIGHT = datetime(2026, 3, 2, 23, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    clock.set_clock(lambda: NIGHT)
    return app


def at(minutes: int) -> None:
    now = NIGHT + timedelta(minutes=minutes)
    clock.set_clock(lambda: now)


def row(referral_id: uuid.UUID) -> Referral:
    db.session.rollback()
    return db.session.get_one(Referral, referral_id, populate_existing=True)


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def again(case_id: uuid.UUID, code: str = "NRC") -> uuid.UUID:
    return next_receiver.refer(
        case_id=case_id,
        receiver_id=people.organisation(code),
        reason=OverrideReason.NO_ANSWER_IN_TIME,
        by=factories.actor(POST),
    )


@pytest.mark.slow
def test_a_post_that_promises_withdraws_and_asks_again_keeps_no_child_from_being_late(sign_in: SignIn) -> None:
    by, desk = factories.actor(POST), factories.actor(DESK)
    sent = people.sent(by, age="child")
    first = row(sent.referral_id).due_at
    referral_id = sent.referral_id
    at(5)
    actions.promise(referral_id=referral_id, promised_by="Vjosa Kola", by=by)
    for minutes in (20, 40, 70, 100):
        at(minutes)
        actions.withdraw(referral_id=referral_id, by=by)
        for page in ("/?lang=en", "/duty?lang=en"):
            assert "Vjosa Kola; written down by" in text(sign_in(DESK).get(page))
        referral_id = again(sent.case_id)
        assert row(referral_id).due_at == first, "no fresh hour"
        with pytest.raises(IllegalTransition) as refused:
            actions.promise(referral_id=referral_id, promised_by="Vjosa Kola", by=by)
        assert refused.value.reason is TransitionRefusal.PROMISED_BEFORE
        line = duty.line("answer", referral_id, by=desk)
        assert line.late == (clock.now() >= first)
        assert (line.asked, line.waits_since) == ({20: 2, 40: 3, 70: 4, 100: 5}[minutes], NIGHT)
    for page in ("/?lang=en", "/duty?lang=en"):
        said = text(sign_in(DESK).get(page))
        assert "Asked 5 times, waits since" in said
        assert "Vjosa Kola; written down by" in said
    post, page = sign_in(POST), f"/referrals/{referral_id}"
    assert f"{page}/promise" not in post.get(page)
    assert "The duty desk alone writes another one down" in post.get(f"{page}/promise?lang=en", 409)
    assert "The duty desk alone writes" in post.post(f"{page}/promise?lang=en", {"name": "Vjosa Kola"}, 409)
    for login in (POST, HOUSE):
        assert "the answer is due by the hour of the first time" in sign_in(login).get(f"{page}?lang=en")


def test_who_is_asked_next_has_an_hour_of_its_own() -> None:
    by = factories.actor(POST)
    sent = people.sent(by)
    within = row(sent.referral_id).due_at - NIGHT
    at(50)
    actions.withdraw(referral_id=sent.referral_id, by=by)
    referral_id = again(sent.case_id)
    at(61)
    desk = factories.actor(DESK)
    actions.expire(referral_id=referral_id, by=desk)  # it is late: the desk need not wait for the program
    directed = next_receiver.direct(
        case_id=sent.case_id, receiver_id=people.organisation("VATRA"), reason=OverrideReason.SAFETY, by=desk
    )
    assert row(directed).due_at - row(directed).sent_at == within


def test_another_shelter_and_an_adult_who_was_asked_once_have_their_own_hour(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    sent = people.sent(by)
    assert "waits since" not in sign_in(DESK).get("/duty?lang=en")
    at(10)
    actions.withdraw(referral_id=sent.referral_id, by=by)
    other = again(sent.case_id, "VATRA")
    assert row(other).due_at > clock.now() + timedelta(minutes=30)
    assert "the hour of the first time" not in sign_in("vatra.case_worker").get(f"/referrals/{other}?lang=en")
    actions.promise(referral_id=other, promised_by="Ana Leka", by=by)
    assert row(other).promised_at == clock.now()


@pytest.mark.slow
def test_what_was_written_down_in_a_name_is_read_for_a_week_after_the_withdrawal(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    sent = people.sent(by)
    at(5)
    actions.promise(referral_id=sent.referral_id, promised_by="Vjosa Kola", by=by)
    at(20)
    actions.withdraw(referral_id=sent.referral_id, by=by)
    page = f"/referrals/{sent.referral_id}?lang=en"
    at(60 * 24 * 7)
    house = sign_in(HOUSE)
    for shown in (house.get("/?lang=en"), house.get(page)):
        told = shown.partition("Vjosa Kola; written down by")[2].partition("</p>")[0]
        assert POST in told
        assert "Nobody of you promised it?" in told
        assert 'href="tel:' in told
    for login in ("vatra.case_worker", "nrc.shelter_manager", POST):
        assert ("Vjosa Kola" in sign_in(login).get("/?lang=en")) == (login == "nrc.shelter_manager")
    at(60 * 24 * 7 + 21)
    assert "Vjosa Kola" not in sign_in(HOUSE).get("/?lang=en")


@pytest.mark.slow
def test_a_denial_outlives_the_withdrawal(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    sent = people.sent(by)
    at(5)
    actions.promise(referral_id=sent.referral_id, promised_by="Vjosa Kola", by=by)
    actions.deny_promise(referral_id=sent.referral_id, by=factories.actor(HOUSE))
    actions.withdraw(referral_id=sent.referral_id, by=by)
    denied = "they say that they promised nothing"
    assert denied in sign_in(DESK).get("/?lang=en")
    assert "You said that you promised nothing." in sign_in(HOUSE).get("/?lang=en")
    again(sent.case_id)
    assert denied in sign_in(DESK).get("/?lang=en")


@pytest.mark.slow
def test_who_was_asked_reads_for_twelve_hours_that_it_was_taken_back(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    sent, kept = people.sent(by), people.sent(by)
    code = db.session.get_one(Case, sent.case_id).pseudonym
    at(20)
    actions.withdraw(referral_id=sent.referral_id, by=by)
    again(sent.case_id, "VATRA")
    told = "Did you send somebody to fetch the person already? Call:"
    for login in (HOUSE, "nrc.shelter_manager"):
        page = sign_in(login).get("/?lang=en")
        note = page.partition(f'href="/referrals/{sent.referral_id}">{code}</a>')[2].partition("</div>")[0]
        assert re.search(
            rf": Rinas[^.]* took back on [^.]* what it had asked you\. {re.escape(told)} \+?[0-9]", text(note)
        )
        assert 'href="tel:' in note
        assert "Vatra" not in note, "nothing of where the person goes"
        assert page.count(told) == 1
    for login in ("vatra.case_worker", POST, DESK):
        assert told not in sign_in(login).get("/?lang=en")
    at(30)
    actions.withdraw(referral_id=kept.referral_id, by=by)
    assert sign_in(HOUSE).get("/?lang=en").count(told) == 2
    again(kept.case_id)
    assert sign_in(HOUSE).get("/?lang=en").count(told) == 1, "who is asked again is asked"
    at(60 * 12 + 21)
    assert told not in sign_in(HOUSE).get("/?lang=en")
