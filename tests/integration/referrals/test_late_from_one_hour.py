"""Who is expected is late an hour after that: all pages count from that hour, and the map as the list does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.store.referrals import duty, system
from tests import factories
from tests import factories_referrals as people
from tests.client import Person, words

DUTY, NRC = "ra.duty_officer", "nrc.case_worker"
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


@pytest.mark.slow
def test_every_page_counts_from_an_hour_after_the_expected_one_and_says_so(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    assert app
    clock.set_clock(lambda: NOON)
    made = people.sent(factories.actor("rinas.border_officer"))
    expected = NOON + timedelta(hours=1, minutes=30)
    worker = factories.actor(NRC)
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("NRC"), expected_at=expected, by=worker)
    desk = factories.actor(DUTY)
    before = next(each for each in system.places(by=desk) if each.code == "NRC")
    clock.set_clock(lambda: NOON + timedelta(hours=5, minutes=30))
    officer, shelter = sign_in(DUTY), sign_in(NRC)
    referral = f"/referrals/{made.referral_id}"
    for person, address in (
        (officer, referral),
        (officer, f"/cases/{made.case_id}"),
        (officer, "/duty"),
        (officer, "/"),
        (shelter, referral),
        (shelter, "/"),
        (shelter, "/referrals/coming"),
        (sign_in("rinas.border_officer"), referral),
    ):
        page = words(person.get(f"{address}?lang=en"))
        assert "3 hours late" in page, address
        assert "13:30 4 hours late" not in page, address
        assert "an hour after the expected one" in page or "Late from 14:30 on:" in page, address
    # The map: what the list has of the shelter, and no arrival twice.
    late = [each for each in duty.waiting(by=desk).rows if each.late and each.kind in ("arrival", "owed")]
    here = next(each for each in system.places(by=desk) if each.code == "NRC")
    assert [each.kind for each in late if each.organisation == here.names] == ["arrival"] * here.late
    assert (here.late, here.waiting) == (1, before.waiting)
