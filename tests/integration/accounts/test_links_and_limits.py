"""A link is an invitation whatever way it was made, and who said no is asked once a day (ADR 0164)."""

from __future__ import annotations

import pytest
from flask import Flask

from nrm.db import db
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.accounts.test_second_hands import MANAGER, WORKER

ANA, DESK = "vatra.ana", "ra.duty_officer"
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
    page = worker.get("/members/invite?lang=en")
    assert "Five of your links into this organisation" in page and 'name="login"' not in page  # noqa: PT018
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


@pytest.mark.slow
def test_who_said_no_is_asked_once_a_day_and_that_is_one_line_that_hides_nobody_who_was_let_in(app: Flask) -> None:
    """A colleague of today asks again at once, and each time two lines push her own "was let in" away."""
    factories.later()
    one_more(ANA, MANAGER)
    factories.later(minutes=10)
    path = f"/members/{member(MANAGER).id}/anew"
    for day in range(3):
        ana, manager = Person(app.test_client(), ANA), Person(app.test_client(), MANAGER)
        page = ana.made(path, lang="en")
        assert "begins to work when a second hand agrees, within 14 days" in page
        factories.later(minutes=1)
        manager.post(f"{path}/stop")
        for answer in (ana.get(f"{path}?lang=en"), ana.post(f"{path}?lang=en", status=409)):
            assert "it was ended within 24 hours" in answer
        assert "make the link" not in ana.get(f"{path}?lang=en")
        # Somebody who is no hand of hers may ask, and it is told once.
        home = Person(app.test_client(), WORKER).get("/?lang=en")
        assert home.count(f"({MANAGER}): does not begin anew") == 1
        assert (f"({day + 1} times within 14 days)" in home) == (day > 0)
        assert f"asked by New ({ANA})" in home
        assert "was let in" in home and "Object<span" in home  # noqa: PT018
        assert Person(app.test_client(), DESK).get("/?lang=en").count("said that she had not asked for it") == 1
        factories.later(hours=25)
    worker = Person(app.test_client(), WORKER)
    assert "make the link" in worker.get(f"{path}?lang=en")
    worker.made(path)
    home = Person(app.test_client(), WORKER).get("/?lang=en")
    assert "is to begin anew; until then the old account goes on, from " in home
    assert "24 hours or later" not in home


@pytest.mark.slow
def test_what_the_desk_let_happen_names_who_asked_and_says_what_to_do(app: Flask) -> None:
    worker, desk = Person(app.test_client(), WORKER), Person(app.test_client(), DESK)
    act = worker.post(f"/members/{member(MANAGER).id}/disable", {"reason": "left"})
    desk.post(f"{act}/agree", {"sure": "y"})
    home = worker.get("/?lang=en")
    assert f"({DESK})" in home or f", {DESK})" in home
    assert f"asked by Test case_worker ({WORKER})" in home
    assert f"/members/{member(MANAGER).id}/back" in home
    # In an office of two nobody ends accounts: the other one reads whom to call.
    Person(app.test_client(), "administrator").post(f"/members/{member('molsa.statistician').id}/disable")
    home = Person(app.test_client(), "molsa.payment_officer").get("/?lang=en")
    assert "Was it wrong? For 14 days whoever keeps the accounts" in home
    assert "/back" not in home
