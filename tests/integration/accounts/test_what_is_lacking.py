"""Who lets somebody in reads what is lacking now, and who keeps the accounts reads who does what it cannot do."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from nrm import clock
from nrm.db import transaction
from nrm.models.accounts.accounts import Member
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_invitations import shown_to

SignIn = Callable[[str], Person]
BY, NEW = "vatra.shelter_manager", "vatra.mira"


def line_of(page: str, login: str) -> str:
    return next(line for line in page.split("<tr>") if f"<td>{login}</td>" in line).split("</tr>")[0]


@pytest.mark.slow
def test_the_page_of_colleagues_says_step_by_step_what_a_newcomer_has_not_done(app: Flask, sign_in: SignIn) -> None:
    by = sign_in(BY)
    page = by.made("/members/invite", {"name": "Mira Deda", "login": NEW, "role": "case_worker"}, lang="en")
    assert "brings it in a sealed letter the same day" in page
    after = page[page.index("What comes next") :]
    assert "types in that recovery code" in after
    assert 'href="/members"' in after  # a way on
    token = re.search(r"/invitations/([\w-]+)", page)
    assert token
    assert "Invited" in line_of(by.get("/members?lang=en"), NEW)
    factories.join(token[1])
    factories.actor(NEW)
    with transaction() as session:
        session.execute(update(Member).where(Member.login == NEW).values(code_checked_at=None))
    lacking = line_of(by.get("/members?lang=en"), NEW)
    assert "Waiting: signs in and types in the recovery code; then reads words" in lacking
    assert "Type their words" not in lacking
    with transaction() as session:
        session.execute(update(Member).where(Member.login == NEW).values(code_checked_at=clock.now()))
    assert "Waiting: signs in, and is shown the words" in line_of(by.get("/members?lang=en"), NEW)
    shown_to(factories.actor(NEW))
    assert "Type their words" in (there := line_of(by.get("/members?lang=en"), NEW))
    assert "Waiting: reads words" in there


def test_who_keeps_the_accounts_reads_who_ends_an_account_that_it_cannot_end(app: Flask, sign_in: SignIn) -> None:
    admin = sign_in("administrator")
    page = admin.get("/members?lang=en")
    holder, keyless = line_of(page, "child_protection.case_worker"), line_of(page, "gpo.focal_point")
    assert ("Suspend" in holder, "End the account" in holder, "Begin anew" in holder) == (True, False, False)
    assert ("Suspend" in keyless, "End the account" in keyless, "Begin anew" in keyless) == (True, True, True)
    why = "colleagues there end an account and begin it anew"
    assert why in page
    assert why not in sign_in(BY).get("/members?lang=en")
    home = admin.get("/?lang=en")
    assert "needs no key" in home
    assert "has no key" not in home
    guide = admin.get("/guide?lang=en")
    assert guide.count("Somebody of an office without a key") == 2
