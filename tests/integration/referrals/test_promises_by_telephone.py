"""A promise by telephone is read by the house that is said to have made it, which can say that it made none."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import referrals as actions
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.referrals.referrals import IllegalTransition, TransitionRefusal
from nrm.models.referrals.referrals import Referral
from nrm.store.referrals import duty
from tests import factories
from tests import factories_referrals as people
from tests.client import words
from tests.conftest import Person

SignIn = Callable[[str], Person]
DESK, POST, HOUSE = "ra.duty_officer", "rinas.border_officer", "nrc.case_worker"
DENY, DENIED = "We promised nothing", "they say that they promised nothing"


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    return app


def row(referral_id: uuid.UUID) -> Referral:
    db.session.rollback()
    return db.session.get_one(Referral, referral_id, populate_existing=True)


@pytest.mark.slow
@pytest.mark.parametrize("login", [POST, DESK])
def test_an_invented_promise_is_read_and_denied_by_the_house(sign_in: SignIn, login: str) -> None:
    sent = people.sent(factories.actor(POST))
    before = row(sent.referral_id)
    due_at, expires_at = before.due_at, before.expires_at
    writer, house, desk, post = sign_in(login), sign_in(HOUSE), sign_in(DESK), sign_in(POST)
    page = f"/referrals/{sent.referral_id}"
    assert DENY not in house.get(f"{page}?lang=en")
    house.post(f"{page}/promise/deny", {}, 409)
    assert writer.post(f"{page}/promise", {"name": "Vjosa Kola"}) == page
    for shown in (house.get("/?lang=en"), house.get(f"{page}?lang=en"), desk.get("/duty?lang=en")):
        assert re.search(rf"Promised by telephone: Vjosa Kola; written down by [^,;]*\({login}\), ", words(shown))
    for shown in (house.get("/?lang=en"), house.get(f"{page}?lang=en")):
        assert DENY in shown
        assert f'action="{page}/promise/deny"' in shown
    assert DENY not in desk.get(f"{page}?lang=en") + post.get(f"{page}?lang=en")
    for stranger in (POST, "vatra.case_worker"):
        sign_in(stranger).client.post(f"{page}/promise/deny")
        with pytest.raises((NotPermitted, NotVisible, IllegalTransition)):
            actions.deny_promise(referral_id=sent.referral_id, by=factories.actor(stranger))
    assert row(sent.referral_id).promised_at is not None
    assert house.post(f"{page}/promise/deny") == page
    assert house.post(f"{page}/promise/deny") == page, "pressed twice"
    found = row(sent.referral_id)
    assert found.promised_at is None
    assert (found.due_at, found.expires_at) == (due_at, expires_at)
    assert DENIED in desk.get("/duty?lang=en")
    assert DENIED in desk.get("/?lang=en")
    assert DENIED in post.get("/?lang=en")
    assert "say that they promised nothing by telephone." in post.get(f"{page}?lang=en")
    assert DENY not in house.get("/?lang=en")
    clock.set_clock(lambda: due_at)
    line = duty.line("answer", sent.referral_id, by=factories.actor(DESK))
    assert line.late, "late at once, by the first hour"


@pytest.mark.slow
def test_the_duty_desk_that_called_says_that_nobody_promised_it_and_asks_the_next_party(sign_in: SignIn) -> None:
    """One officer wrote down a promise of a child who was late already: the desk had no button left for an hour."""
    sent = people.sent(factories.actor(POST), age="child")
    page, due_at = f"/referrals/{sent.referral_id}", row(sent.referral_id).due_at
    clock.set_clock(lambda: due_at + timedelta(minutes=5))
    assert sign_in(POST).post(f"{page}/promise", {"name": "Xx"}) == page
    desk, house = sign_in(DESK), sign_in(HOUSE)
    shown = desk.get(f"{page}?lang=en")
    assert "I called: they promised nothing" in shown.partition("<h2>Duty desk</h2>")[2]  # not a heading alone
    assert "Nobody of you promised it?" not in shown
    assert desk.post(f"{page}/promise/deny") == page
    assert desk.post(f"{page}/promise/deny") == page, "pressed twice"
    assert "You, or the duty desk, said that you promised nothing" in house.get(f"{page}?lang=en")
    assert "who called them, say that they promised nothing" in sign_in(POST).get(f"{page}?lang=en")
    line = duty.line("answer", sent.referral_id, by=factories.actor(DESK))
    assert line.late
    assert "Ask the next party" in desk.get("/duty?lang=en")
    assert "can be asked" not in desk.get(f"{page}/expire?lang=en")
    desk.post(f"{page}/expire", {})
    assert row(sent.referral_id).status == "expired"


@pytest.mark.slow
def test_after_a_denial_the_duty_desk_alone_writes_a_promise_down(sign_in: SignIn) -> None:
    sent = people.sent(factories.actor(POST))
    by = factories.actor(POST)
    actions.promise(referral_id=sent.referral_id, promised_by="Vjosa Kola", by=by)
    actions.deny_promise(referral_id=sent.referral_id, by=factories.actor(HOUSE))
    post, page = sign_in(POST), f"/referrals/{sent.referral_id}"
    assert f"{page}/promise" not in post.get(page)
    assert "the duty desk writes it down" in post.get(f"{page}/promise?lang=en", 409)
    assert "the duty desk writes it down" in post.post(f"{page}/promise?lang=en", {"name": "Vjosa Kola"}, 409)
    with pytest.raises(IllegalTransition) as refused:
        actions.promise(referral_id=sent.referral_id, promised_by="Vjosa Kola", by=by)
    assert refused.value.reason is TransitionRefusal.PROMISE_DENIED
    desk = sign_in(DESK)
    assert desk.post(f"{page}/promise", {"name": "Ana Leka"}) == page
    assert row(sent.referral_id).promised_by == "Ana Leka"
    assert desk.post(f"{page}/promise/back") == page
    assert "the duty desk writes it down" in post.post(f"{page}/promise?lang=en", {"name": "Vjosa Kola"}, 409)


@pytest.mark.slow
@pytest.mark.parametrize(("age", "hours"), [("child", 1), ("unsure", 1), ("adult", None)])
def test_of_a_child_a_promise_holds_for_an_hour(sign_in: SignIn, age: str, hours: int | None) -> None:
    sent = people.sent(factories.actor(POST), age=age)
    before = row(sent.referral_id).expires_at
    now = row(sent.referral_id).sent_at + timedelta(minutes=10)
    clock.set_clock(lambda: now)
    post, page = sign_in(POST), f"/referrals/{sent.referral_id}"
    said = "a promise holds for one hour at most" in post.get(f"{page}/promise?lang=en")
    assert said == (hours is not None)
    post.post(f"{page}/promise", {"name": "Vjosa Kola"})
    expires_at = row(sent.referral_id).expires_at
    assert expires_at == (now + timedelta(hours=hours) if hours else before + timedelta(minutes=10))
    assert post.post(f"{page}/promise/back") == page
    assert row(sent.referral_id).expires_at == before


@pytest.mark.slow
@pytest.mark.parametrize("login", [POST, DESK])
def test_the_post_reads_who_is_said_to_have_promised_and_that_the_answer_is_late(sign_in: SignIn, login: str) -> None:
    sent = people.sent(factories.actor(POST), age="child")
    due_at = row(sent.referral_id).due_at
    now = due_at - timedelta(minutes=20)
    clock.set_clock(lambda: now)
    actions.promise(referral_id=sent.referral_id, promised_by="Vjosa Kola", by=factories.actor(login))
    post, page = sign_in(POST), f"/referrals/{sent.referral_id}?lang=en"
    said = re.compile(rf"Promised by telephone: Vjosa Kola; written down by [^,;]*\({login}\), ")
    pages = ("/?lang=en", page, "/referrals/sent?lang=en")
    for shown in (words(post.get(each)) for each in pages):
        assert said.search(shown)
        assert "late" not in shown.partition("Promised by telephone")[0][-60:]
    clock.set_clock(lambda: due_at)
    post = sign_in(POST)
    for shown in (words(post.get(each)) for each in pages):
        assert "late" in shown.partition("Promised by telephone")[0][-60:]
    assert "is late, though Vjosa Kola is said to have promised it: call" in post.get(pages[0])
    assert "The answer is late: call." in post.get(page)
    assert not duty.line("answer", sent.referral_id, by=factories.actor(DESK)).late, "the clock of the desk rests"
