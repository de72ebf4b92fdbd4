"""The permit gate looks at the country somebody leaves for; who left on her own is recorded so by two members."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from nrm.db import transaction
from nrm.domain.accounts import Actor
from nrm.models.stays import Stay
from nrm.store import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import MOLDOVAN, admitted

SignIn = Callable[[str], Person]


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.mark.parametrize(
    ("reason", "destination"),
    [
        ("reintegrated_with_family", "family"),
        ("independent_living", "own_home"),
        ("foster_or_extended_family", "extended_family"),
        ("no_longer_needs_support", "unknown"),
    ],
)
def test_a_word_for_a_household_says_nothing_of_the_country(
    vatra: Actor, sign_in: SignIn, reason: str, destination: str
) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=40)
    leaving = {"ended": "today", "reason": reason, "destination": destination}
    page = sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/end?lang=en", leaving, 422)
    assert 'name="country"' in page
    assert store.stay(opened.stay_id, by=vatra).ended_on is None


@pytest.mark.parametrize("destination", ["own_home", "unknown", "family"])
def test_no_row_ends_for_a_household_without_the_country_and_what_opened_the_gate(
    vatra: Actor, destination: str
) -> None:
    opened = admitted(vatra, MOLDOVAN)
    values = {"ended_on": store.today(), "exit_reason": "left_voluntarily", "destination": destination}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values, child_gate="adult"))
