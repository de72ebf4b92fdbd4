"""A link is an invitation whatever way it was made, and who said no is asked once a day (ADR 0164)."""

from __future__ import annotations

import pytest
from flask import Flask

from nrm.db import db
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.accounts.test_second_hands import MANAGER, WORKER

ANA = "vatra.ana"
FAMILIES = ("Alushi", "Bardhi", "Ceka", "Dushku", "Elezi", "Gjata")


def invites(person: Person, given: str, code: str, **sent: str) -> list[str]:
    """Five people are invited, and a sixth is refused; their sign-in names."""
    logins = [f"{code}.{given.lower()}.{each.lower()}" for each in FAMILIES]
    for login, family in zip(logins, FAMILIES, strict=True):
        refused = family == FAMILIES[-1]
        fields = {**sent, "name": f"{given} {family}", "login": login}
        answer = person.post("/members/invite?lang=en", fields, 409 if refused else 303)
        assert not refused or "Five of your links into this organisation" in answer
    return logins[:-1]


@pytest.mark.slow
def test_who_invited_and_withdrew_gets_no_more_links_by_letting_begin_anew(app: Flask) -> None:
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    first = invites(worker, "Mira", "vatra", role="case_worker")
    for login in first:
        worker.post(f"/members/{member(login).id}/disable")
    assert "into your organisation is open" not in manager.get("/?lang=en")
    fields = {"role": "case_worker", "name": "Mira Gjata", "login": "vatra.mira.gjata"}
    worker.post("/members/invite", dict(fields), 409)  # what was withdrawn counts for a day
    worker.made(f"/members/{member(first[0]).id}/anew")  # the same person again is no other one
    worker.post(f"/members/{member(first[0]).id}/disable")
    factories.later(hours=25)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    second = invites(worker, "Besa", "vatra", role="case_worker")
    for login in first:
        path = f"/members/{member(login).id}/anew?lang=en"
        page = worker.get(path)
        assert "Five of your links into this organisation" in page
        assert "make the link" not in page
        worker.post(path, status=409)
        assert member(login).status == "disabled"
    assert "5 invitations into your organisation are open" in worker.get("/?lang=en")
    worker.made(f"/members/{member(second[0]).id}/anew")  # a lost link is made again
    # Who was let in lately invites nobody, this way either.
    one_more(ANA, MANAGER)
    ana = Person(app.test_client(), ANA)
    assert "less than 14 days" in ana.get(f"/members/{member(first[0]).id}/anew?lang=en")
    assert "less than 14 days" in ana.post(f"/members/{member(first[0]).id}/anew?lang=en", status=409)


@pytest.mark.slow
def test_who_keeps_the_accounts_makes_five_links_into_an_office_whose_people_see_it(app: Flask) -> None:
    admin = Person(app.test_client(), "administrator")
    invites(admin, "Mira", "molsa", role="payment_officer", organisation="MOLSA")
    for login in ("molsa.payment_officer", "molsa.statistician"):
        page = Person(app.test_client(), login).get("/?lang=en")
        assert "5 invitations into your organisation are open" in page
    assert "invited by" in Person(app.test_client(), "molsa.reader").get("/members?lang=en")
    assert "invitations into your organisation" not in Person(app.test_client(), MANAGER).get("/?lang=en")
    sent = {"role": "monitor", "organisation": "OMS", "name": "Besa Kola", "login": "oms.besa"}
    admin.post("/members/invite", sent)  # another office has its own
    db.session.rollback()
    assert member("oms.besa").status == "invited"
