"""Who was faster with a referral is named to a colleague, and to nobody of another organisation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.domain.referrals.referrals import DeclineReason
from nrm.store.referrals import faster
from nrm.web.formats import moment
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
POST, WORKER, MANAGER = "rinas.border_officer", "nrc.case_worker", "nrc.shelter_manager"
NAMED = "of your organisation was faster"


@pytest.mark.slow
def test_a_colleague_reads_who_was_faster_and_when(app: Flask, sign_in: SignIn) -> None:
    assert app
    made = people.sent(factories.actor(POST))
    manager, address = sign_in(MANAGER), f"/referrals/{made.referral_id}/decline?lang=en"
    manager.get(address)
    referrals.decline(referral_id=made.referral_id, reason=DeclineReason.FULL, by=factories.actor(WORKER))
    page = manager.post(address, {"reason": "full", "though_free": "y"}, 409)
    assert f"Test case_worker {NAMED}" in page
    assert '<h1 id="problem">Someone was faster</h1>' in page
    own = sign_in(WORKER).post(address, {"reason": "full", "though_free": "y"}, 409)  # as after an answer that was lost
    assert "You recorded it yourself already" in own
    assert NAMED not in own
    english, albanian = page.split('<section lang="sq"')
    line = faster.by_colleague(made.referral_id, by=factories.actor(MANAGER))
    assert line is not None
    assert moment(line.at, "en") in english
    assert moment(line.at, "sq") in albanian, "each half has the date of its own language"
    assert moment(line.at, "en") not in albanian


@pytest.mark.slow
def test_of_another_organisation_nobody_is_named(app: Flask, sign_in: SignIn) -> None:
    assert app
    made = people.sent(factories.actor(POST))
    referrals.accept(
        referral_id=made.referral_id,
        place_id=people.bed("NRC"),
        expected_at=clock.now() + timedelta(hours=3),
        by=factories.actor(WORKER),
    )
    page = sign_in(POST).post(f"/referrals/{made.referral_id}/promise?lang=en", {"name": "Drita"}, 409)
    assert NAMED not in page
    assert "Test case_worker" not in page
    for login in (POST, "ra.duty_officer", "vatra.case_worker", "molsa.statistician"):
        assert faster.by_colleague(made.referral_id, by=factories.actor(login)) is None
    line = faster.by_colleague(made.referral_id, by=factories.actor(MANAGER))
    assert line is not None
    assert line.name == "Test case_worker"
