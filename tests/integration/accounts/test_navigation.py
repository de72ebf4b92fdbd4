"""The navigation under the header leads each role to pages that it may see, and stands on no page shown to a person."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from nrm.db import db
from nrm.models.accounts.accounts import Member
from tests.conftest import Person
from tests.world import World

LONGEST = 600  # bytes, of the pages of all desks
_NAVIGATION = re.compile(r"<nav class=wrap.*?</nav>", re.DOTALL)


@pytest.mark.slow
def test_every_account_may_go_where_its_navigation_leads(world_app: tuple[Flask, World]) -> None:
    app, _ = world_app
    with app.app_context():
        roles = {str(role): login for login, role in db.session.execute(select(Member.login, Member.role))}
    assert len(roles) == 17
    for login in roles.values():
        person = Person(app.test_client(), login)
        found = _NAVIGATION.search(person.get("/"))
        assert found is not None, login
        assert len(found[0].encode()) <= LONGEST, login
        ways = re.findall(r'href="([^"]+)"( aria-current=page)?', found[0])
        assert ways[0] == ("/", " aria-current=page")
        assert 2 <= len(ways) <= 7, login
        for address, _ in ways[1:]:
            page = person.get(address)
            assert f'href="{address}" aria-current=page' in page, (login, address)


def test_a_page_that_is_shown_to_the_person_leads_nowhere(world_app: tuple[Flask, World]) -> None:
    app, _ = world_app
    officer = Person(app.test_client(), "rinas.border_officer")
    assert _NAVIGATION.search(officer.get("/"))
    begun = officer.post("/interviews", {"id": str(uuid.uuid4())})
    for address in (begun, "/greetings", "/signs"):
        assert not _NAVIGATION.search(officer.get(address)), address
