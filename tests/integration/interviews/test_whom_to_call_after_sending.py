"""After an urgent hand-over both pages say whom to call now while the desk of who is asked is closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.domain.referrals.critical_path import numbers_of
from nrm.store.countries import country
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person

POST = "rinas.border_officer"
HOUSE = "VATRA"  # its desk closes at night
CLOSED = "The desk is closed now. Do not wait for the hour, call this number now:"


def an_hour(*, is_open: bool) -> datetime:
    """An hour from tomorrow on at which the desk of the house is open, or is not."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    for hours in range(24 * 7):
        at = first + timedelta(hours=hours)
        agreement = country().in_force(at)
        if agreement.parties[HOUSE].desk.is_open(agreement.local(at)) is is_open:
            return at
    raise LookupError


@pytest.mark.slow
@pytest.mark.parametrize("is_open", [True, False])
def test_the_sent_page_and_the_referral_say_whom_to_call_while_the_desk_is_closed(
    app: Flask, sign_in: Callable[[str], Person], is_open: bool
) -> None:
    assert app
    at = an_hour(is_open=is_open)
    clock.set_clock(lambda: at)
    made = people.sent(factories.actor(POST), HOUSE, override_reason="safety", urgent=True)
    agreement = country().in_force(at)
    number = numbers_of(agreement.parties[HOUSE], agreement.local(at))[0]
    post = sign_in(POST)
    for address in (f"/interviews/{made.case_id}/sent", f"/referrals/{made.referral_id}"):
        page = post.get(f"{address}?lang=en")
        assert (CLOSED in page) is not is_open
        if not is_open:
            assert number in re.sub(r"<[^>]+>", "", page.split(CLOSED)[1].split("</p>")[0])
        assert "Does somebody need a doctor at once?" in page
        assert country().emergency.ambulance in page.split("Does somebody need a doctor at once?")[1].split("</p>")[0]
        assert "whom a page asks you to call" not in page
