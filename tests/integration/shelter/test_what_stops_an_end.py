"""Why a case is neither closed nor erased now, as the pages say it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from nrm.actions.referrals import mistakes, referrals
from nrm.actions.shelter import cases, erasures
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused
from nrm.domain.shelter.corrections import Why
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

SignIn = Callable[[str], Person]
NRC = "nrc.case_worker"
CLOSING = {"follow_up": "not_asked", "documents": "none_held", "debts": "none"}


def accepted() -> people.Sent:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor(NRC))
    return sent


@pytest.mark.slow
def test_who_was_accepted_by_mistake_is_not_said_not_to_have_arrived(app: Flask, sign_in: SignIn) -> None:
    assert app
    sent = accepted()
    by, nrc, close = factories.actor(NRC), sign_in(NRC), f"/cases/{sent.case_id}/close?lang=en"
    mistakes.take_back_acceptance(referral_id=sent.referral_id, why=Why.OTHER_PERSON, by=by)
    for page in (nrc.get(close), nrc.post(close, CLOSING, 409)):
        assert "accepted by mistake, and no other shelter" in page
        assert "did not arrive" not in page
        assert f'href="/referrals/{sent.referral_id}"' in page
    for act in (cases.close, erasures.erase):
        with pytest.raises(CaseRefused) as refused:
            act(case_id=sent.case_id, by=by)
        assert refused.value.reason is CaseRefusal.MISTAKEN
    # Taken in after all, and then not there: that is another thing, and the page says it.
    mistakes.take_after_all(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=by)
    referrals.not_arrived(referral_id=sent.referral_id, by=by)
    page = nrc.get(close)
    assert "This person did not arrive" in page
    assert "accepted by mistake" not in page
