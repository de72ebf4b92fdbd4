"""The duty desk reads why each shelter said no before it directs a person there, and is asked once more where that
shelter cannot keep the person safe (ADR 0254)."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from nrm.actions.referrals import next_receiver, referrals
from nrm.db import db, transaction
from nrm.domain.referrals.referrals import DeclineReason, OverrideReason, ReferralRefused
from nrm.models.referrals.referrals import Referral
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
DESK, POST = "ra.duty_officer", "rinas.border_officer"


@pytest.fixture
def case_id(app: Flask) -> uuid.UUID:
    """Somebody whom two shelters declined."""
    assert app
    sent = people.sent(factories.actor(POST), age="child")
    following = referrals.decline(
        referral_id=sent.referral_id, reason=DeclineReason.CANNOT_KEEP_SAFE, by=factories.actor("nrc.case_worker")
    )
    while following is not None:
        receiver = db.session.get_one(Referral, following).receiver_id
        login = next(
            each for each in ("iom", "vatra", "tjeter_vizion") if people.organisation(each.upper()) == receiver
        )
        by = factories.actor(f"{login}.case_worker")
        following = referrals.decline(referral_id=following, reason=DeclineReason.FULL, by=by)
    return sent.case_id


def choice(page: str, code: str) -> str:
    """What stands beside a shelter of the form."""
    return page.partition(f'value="{people.organisation(code)}"')[2].partition("</label>")[0]


@pytest.mark.slow
def test_a_shelter_that_cannot_keep_somebody_safe_is_bound_only_by_who_says_that_it_was_called(
    case_id: uuid.UUID, sign_in: SignIn
) -> None:
    path = f"/cases/{case_id}/direct"
    desk = sign_in(DESK)
    page = desk.get(f"{path}?lang=en")
    assert "It declined: We cannot keep the person safe." in choice(page, "NRC")
    declined = [code for code in people.NAMED if "It declined: No free place." in choice(page, code)]
    assert declined
    form: dict[str, object] = {"receiver": str(people.organisation("NRC")), "reason": "safety"}
    with pytest.raises(ReferralRefused, match="not_safe"):
        next_receiver.direct(
            case_id=case_id,
            receiver_id=people.organisation("NRC"),
            reason=OverrideReason.SAFETY,
            by=factories.actor(DESK),
        )
    asked = desk.post(f"{path}?lang=en", form, 422)
    assert "This shelter said of this person: “We cannot keep the person safe”." in asked
    ticked = {**form, "though_unsafe": "y"}
    desk.post(path, {**ticked, "unsafe_of": str(people.organisation(declined[0]))}, 422)  # ticked for another one
    where = desk.post(path, {**ticked, "unsafe_of": form["receiver"]})
    assert where.startswith("/referrals/")


@pytest.mark.slow
def test_who_is_full_or_did_not_answer_is_directed_to_at_once(case_id: uuid.UUID, sign_in: SignIn) -> None:
    with transaction() as session:
        full = session.query(Referral).filter_by(case_id=case_id, decline_reason="full").first()
        assert full is not None
        receiver = full.receiver_id
        gone = update(Referral).where(Referral.id == full.id)
        session.execute(gone.values(status="expired", decline_reason=""))
    path, desk = f"/cases/{case_id}/direct", sign_in(DESK)
    page = desk.get(f"{path}?lang=en")
    assert "It did not answer in time." in page.partition(f'value="{receiver}"')[2].partition("</label>")[0]
    assert "though_unsafe" not in page
    assert desk.post(path, {"receiver": str(receiver), "reason": "safety"}).startswith("/referrals/")
    assert "It declined" not in sign_in(POST).client.get(f"/cases/{case_id}/refer?lang=en").text
