"""What the pages of the first night say: whose numbers stand there, whom a child strikes out, what can be opened."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from nrm.actions.referrals import referrals
from nrm.domain.referrals.referrals import DeclineReason
from tests.conftest import Person
from tests.factories import actor
from tests.factories_interviews import LOGIN, begin, example, fields, walk
from tests.factories_referrals import sent

SignIn = Callable[[str], Person]
AUTHORITY = "+355 4 000 0105"
HELP_LINE = "116 006"


def test_the_number_of_an_authority_that_was_struck_out_stands_on_no_page_of_the_sender(
    app: Flask, sign_in: SignIn
) -> None:
    person = sign_in(LOGIN)
    line = sent(actor(LOGIN), parties=["RA"])
    body = person.get(f"/referrals/{line.referral_id}?lang=en")
    assert AUTHORITY.replace(" ", "") not in body.replace(" ", "")
    assert "uty desk" not in body
    assert HELP_LINE in body
    referrals.decline(referral_id=line.referral_id, reason=DeclineReason.FULL, by=actor("nrc.case_worker"))
    body = person.get(f"/referrals/{line.referral_id}?lang=en")
    assert "uty desk" not in body
    assert AUTHORITY in person.get(f"/referrals/{sent(actor(LOGIN)).referral_id}?lang=en")


def test_the_duty_desk_is_offered_no_hand_over_that_it_cannot_open(app: Flask, sign_in: SignIn) -> None:
    desk = sign_in("ra.duty_officer")
    closed, told = sent(actor(LOGIN), parties=["RA"]), sent(actor(LOGIN))
    body = desk.get(f"/referrals/{closed.referral_id}?lang=en")
    assert "Open the hand-over" not in body
    assert "You hold no key to this case." in body
    assert "Open the hand-over" in desk.get(f"/referrals/{told.referral_id}?lang=en")


def _last_page(person: Person, age: str) -> str:
    address = begin(person, urgent=True)
    walk(person, example(age=age, age_stated=None, consent_urgent="given"), address, until="urgent_send")
    return f"/interviews/{address.split('/')[2]}/urgent_send"


@pytest.mark.parametrize("age", ["child", "unsure"])
def test_a_child_on_the_urgent_way_is_offered_to_strike_nobody_out(app: Flask, sign_in: SignIn, age: str) -> None:
    person = sign_in(LOGIN)
    page = _last_page(person, age)
    body = person.get(f"{page}?lang=en")
    assert 'name="parties"' not in body
    assert "must not know" not in body
    # Nor by a form that was made by hand.
    forged = {**fields("urgent_send", body, example(age=age)), "named": ["RA"], "parties": ["RA", "CHILD_PROTECTION"]}
    person.post(page, forged)
    desk = sign_in("ra.duty_officer")
    (referral,) = set(re.findall(r'href="(/referrals/[0-9a-f-]{36})"', person.get("/referrals/sent")))
    opening: dict[str, object] = {"compartment": "hand_over", "purpose": "duty_decision"}
    opened = desk.get(f"{desk.post(f'{referral}/open', opening)}?lang=en")
    assert "Are you afraid that someone will harm you today?" in opened
    assert "must not know" not in opened


def test_an_adult_on_the_urgent_way_still_strikes_out_whom_she_wants(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    assert 'name="parties"' in person.get(_last_page(person, "adult"))


def test_the_urgent_way_names_no_button_that_is_not_there(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    address = begin(person, urgent=True)
    walk(person, example(), address, until="urgent_first")
    page = f"/interviews/{address.split('/')[2]}/urgent_first"
    assert "Stop, go to shelter" not in person.get(f"{page}?lang=en")
    assert "Ndaloni: shkoni në qendër" not in person.get(f"{page}?lang=sq")


def test_who_sent_somebody_is_told_of_every_number_to_call_in_its_order(app: Flask, sign_in: SignIn) -> None:
    person = sign_in(LOGIN)
    line = sent(actor(LOGIN), parties=["RA"])
    body = person.get(f"/interviews/{line.case_id}/sent?lang=en")
    assert "then the next one" not in body
    assert re.search(rf"call the number above; if nobody answers there, call: .*{HELP_LINE}", body)
