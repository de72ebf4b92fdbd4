"""Who is more of it stands first at the duty desk, and the asked shelter reads the same marks (ADR 0254)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.domain.referrals.referrals import DeclineReason
from nrm.store.referrals import duty
from nrm.store.referrals import referrals as store
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
DESK, POST = "ra.duty_officer", "rinas.border_officer"
NIGHT = datetime(2026, 3, 2, 23, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def instance(app: Flask) -> Flask:
    clock.set_clock(lambda: NIGHT)
    return app


def decline(made: people.Sent, reason: DeclineReason = DeclineReason.CANNOT_KEEP_SAFE) -> None:
    referrals.decline(referral_id=made.referral_id, reason=reason, by=factories.actor("nrc.case_worker"))


@pytest.mark.slow
def test_a_child_in_danger_stands_before_who_is_one_of_both_and_these_before_other_tags(sign_in: SignIn) -> None:
    by, hours = factories.actor(POST), iter(range(1, 9))

    def sent(*, safe: bool = True, **answers: object) -> people.Sent:
        now = NIGHT + timedelta(minutes=5 * next(hours))
        clock.set_clock(lambda: now)
        made = people.sent(by, **answers)
        if not safe:
            decline(made)
        return made

    plain, urgent = sent(), sent(urgent=True, consent_urgent="given")
    danger, child = sent(safe=False), sent(age="child")
    both, unsure = sent(age="child", safe=False), sent(age="unsure", safe=False)
    desk = factories.actor(DESK)
    due = {each.case_id: each.due_at for each in duty.waiting(by=desk, size=50).rows if each.kind == "answer"}
    groups = ((both, unsure), (danger, child), (urgent,), (plain,))
    wanted = [each for group in groups for each in sorted((made.case_id for made in group), key=due.__getitem__)]
    of_them = [each.case_id for each in duty.desk(by=desk, size=9).post if each.kind != "child"]
    assert of_them == wanted
    for size in (9, 2):
        found, after = [], ""
        while True:
            page = duty.waiting(by=desk, after=after, size=size)
            found += [each.case_id for each in page.rows if each.kind in ("answer", "decision")]
            if not (after := page.after):
                break
        assert found == wanted
    shown = sign_in(DESK).get("/?lang=en")
    assert shown.index(both.pseudonym) < shown.index(child.pseudonym)


@pytest.mark.slow
def test_the_asked_shelter_reads_danger_as_the_desk_does(sign_in: SignIn) -> None:
    by = factories.actor(POST)
    risky, child = people.sent(by, risk="high"), people.sent(by, age="child")
    plain = people.sent(by)
    desk = {each.case_id: each for each in duty.waiting(by=factories.actor(DESK), size=50).rows}
    assert "danger" in desk[risky.case_id].tags
    assert "danger" not in desk[plain.case_id].tags
    assert child.case_id in desk
    receivers = {
        each.case_id: store.referral(each.referral_id, by=factories.actor(DESK)).receiver_code.lower()
        for each in (risky, plain)
    }
    for made in (risky, plain):
        page = sign_in(f"{receivers[made.case_id]}.case_worker").get("/?lang=en")
        rows = re.findall(rf"<tr>(?:(?!</tr>).)*{made.pseudonym}.*?</tr>", page, re.S)
        assert rows
        assert any(">danger<" in each for each in rows) == (made is risky)
        inside = sign_in(f"{receivers[made.case_id]}.case_worker").get("/referrals?lang=en")
        assert (">danger<" in inside) == (receivers[risky.case_id] == receivers[made.case_id])


@pytest.mark.slow
def test_danger_that_another_shelter_said_is_read_by_who_is_asked_next(sign_in: SignIn) -> None:
    made = people.sent(factories.actor(POST))
    decline(made)
    page = sign_in("iom.case_worker").get("/?lang=en")
    row = next(each for each in page.split("<tr>") if made.pseudonym in each)
    assert ">danger<" in row
    assert "NRC" not in row
