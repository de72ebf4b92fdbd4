"""A night at a crossing point: who is asked, who comes and where they meet, and the list of the next day (ADR 0106)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm.actions.referrals import referrals
from nrm.domain.referrals.referrals import DeclineReason
from nrm.store import names
from tests import factories
from tests import factories_referrals as people
from tests.browser.test_walks_week import Walk, code_of, desks  # noqa: F401 - a fixture

OFFICER = "rinas.border_officer"
PLACE, MOBILE = "Bashkia e Lushnjës, hyrja kryesore", "+355 69 555 0199"
ON_THE_WAY = {"sq": "u pranua, shihni kush vjen dhe ku takoheni", "en": "accepted, look who comes and where you meet"}
NOT_YET = {"sq": "mos u nisni pa e ditur", "en": "do not set off without it"}
ARRIVED = {"sq": "mbërriti", "en": "arrived"}


@pytest.mark.parametrize("lang", ["sq", "en"])
def test_an_officer_at_midnight_knows_what_to_do_and_not_where_she_is(
    app: Flask,
    desks: Callable[[str, str], Walk],  # noqa: F811
    lang: str,
) -> None:
    sent = people.sent(factories.actor(OFFICER))
    asked_first, takes = (names.organisation_by_code(code).names[lang] for code in ("NRC", "IOM"))
    code, address = code_of(sent.case_id), f"/referrals/{sent.referral_id}"

    # She sees whom she asked, on her list and on the page; then whom the program asks next.
    officer = desks(OFFICER, lang)
    officer.lang = f"{lang}-officer"  # in the names of the pictures
    officer.home().shows(asked_first)
    officer.follow(address).shows(asked_first)
    following = referrals.decline(
        referral_id=sent.referral_id, reason=DeclineReason.FULL, by=factories.actor("nrc.case_worker")
    )
    assert following is not None
    officer.home().shows(takes)
    officer.shows(asked_first, seen=False)
    address = f"/referrals/{following}"

    # The shelter accepts, and is asked for a public place: three steps.
    shelter = desks("iom.case_worker", lang)
    shelter.lang = f"{lang}-shelter"
    shelter.home().follow(address).send(press='form[action$="/accept"] button')
    assert shelter.page.url.endswith(f"{address}/where")
    officer.home().shows(ON_THE_WAY[lang])
    officer.follow(address).shows(NOT_YET[lang])  # it has not said it yet
    shelter.send(brings="post", place=PLACE, telephone=MOBILE)
    assert shelter.steps == 3
    assert f"/cases/{sent.case_id}" in shelter.page.url

    # Two steps from home on: where to bring her, and whom to call there. Nothing says who that is.
    officer.home().shows(takes, seen=False)
    officer.follow(address).shows(PLACE, seen=False)
    officer.send(press='form[action$="/meeting/open"] button')
    assert officer.steps == 2
    for said in (PLACE, MOBILE):
        officer.shows(said)
    officer.shows(takes, seen=False)
    officer.send(press="form#sheet button", escort="woman_officer", expected="2")
    assert officer.steps == 3
    officer.shows(PLACE)  # on the way, too

    # She arrives; an hour later and on the next day the list says so, and no more.
    factories.later(timedelta(minutes=45))
    shelter, officer = desks("iom.case_worker", lang), desks(OFFICER, lang)
    shelter.home().follow(f"{address}/arrival").send(admitted="today", planned="30")
    officer.page.goto(f"{officer.base}{address}")
    officer.shows(PLACE, seen=False)
    factories.later(timedelta(hours=20))
    officer = desks(OFFICER, lang)
    officer.lang = f"{lang}-next-day"
    officer.home().shows(code)
    officer.follow("/referrals/sent" if officer.page.locator('main a[href="/referrals/sent"]').count() else address)
    officer.shows(ARRIVED[lang])
    for name in (asked_first, takes, PLACE):
        officer.home().shows(name, seen=False)
