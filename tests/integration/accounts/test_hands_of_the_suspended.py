"""Who is one hand with somebody suspended, or new at the duty desk, decides nothing for them; they read it before.

Each test is a walk of somebody hostile on the pages (ADR 0163).
"""

from __future__ import annotations

import re

import pytest
from flask import Flask

from nrm.actions.accounts import key_log
from nrm.domain.accounts.key_log_entries import No
from nrm.domain.accounts.vouching import NoSecondHand
from nrm.store import names
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_dies_with_its_asker import ANA, BESA, DESK, act, suspended
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.accounts.test_second_hands import EVERYTHING, MANAGER, WORKER, opened
from tests.integration.keylog.test_roles import waiting

LIRA = "ra.lira"
SUSPECTED = {"reason": "suspected"}


def suspend(who: Person, login: str) -> str:
    """The address of the suspension."""
    return who.post(f"/members/{member(login).id}/suspend", {"reason": "misuse"})


@pytest.mark.slow
def test_who_let_the_suspended_in_ends_no_suspension_and_decides_no_end_of_theirs(app: Flask) -> None:
    factories.later()
    one_more(ANA, WORKER)
    manager, worker, desk = (Person(app.test_client(), login) for login in (MANAGER, WORKER, DESK))
    stopped = suspend(manager, ANA)
    page = worker.get(f"{stopped}?lang=en")
    assert "You are one hand with the suspended person" in page
    assert f"{stopped}/end" not in page
    assert "one hand with the suspended person" in worker.post(f"{stopped}/end?lang=en", status=409)
    assert suspended(ANA)
    # Neither does the manager of who is here for longer end the account with that hand, nor is it declined by it.
    factories.later(days=15)
    one_more(BESA, MANAGER)
    manager, worker, desk = (Person(app.test_client(), login) for login in (MANAGER, WORKER, DESK))
    ended = manager.post(f"/members/{member(ANA).id}/disable", SUSPECTED)
    assert "So you neither agree nor decline" in worker.get(f"{ended}?lang=en")
    worker.post(f"{ended}/decline", status=409)
    worker.post(f"{ended}/agree", {"sure": "y"}, 409)
    assert act(ended).status == "asked"
    assert ended in desk.get("/")
    assert f"{ended}/agree" in desk.get(ended)
    desk.post(f"{ended}/agree", {"sure": "y"})
    assert member(ANA).status == "disabled"
    # A newcomer is ended alone, suspended before or not; and who suspended takes that back themselves.
    one_more("vatra.new", WORKER)
    stopped = suspend(manager, "vatra.new")
    manager.post(f"{stopped}/end")
    assert not suspended("vatra.new")
    manager.post(f"/members/{member('vatra.new').id}/disable", SUSPECTED)
    assert member("vatra.new").status == "disabled"


@pytest.mark.slow
def test_a_duty_officer_of_one_minute_ends_and_gives_back_nothing_of_another_house(app: Flask) -> None:
    factories.later()
    one_more(LIRA, DESK)
    (case_id,) = opened(1)
    lira, desk, manager, worker = (Person(app.test_client(), login) for login in (LIRA, DESK, MANAGER, WORKER))
    parked = worker.post(f"/cases/{case_id}/consents/withdraw", dict(EVERYTHING))
    assert act(parked).status == "parked"
    ended = worker.post(f"/members/{member(MANAGER).id}/disable", SUSPECTED)
    assert "Give the case back" not in lira.get(f"{parked}?lang=en")
    back = {"why": "mistake", "spoke": "holder"}
    lira.post(f"{ended}/decline", status=409)
    assert act(ended).status == "asked"
    stopped = suspend(manager, WORKER)
    page = lira.get(f"{stopped}?lang=en")
    assert "at the duty desk for less than 14 days" in page
    assert f"{stopped}/end" not in page
    assert "at the duty desk for less than 14 days" in lira.post(f"{stopped}/end?lang=en", status=409)
    assert "at the duty desk for less than 14 days" in lira.post(f"{parked}/undo?lang=en", back, 409)
    assert act(parked).status == "parked"
    desk.post(f"{stopped}/end")
    assert not suspended(WORKER)
    desk.post(f"{parked}/undo", back)
    assert act(parked).status == "declined"


@pytest.mark.slow
def test_who_suspended_somebody_proposes_no_lower_role_for_them(app: Flask) -> None:
    factories.later()
    worker, path, lower = (
        Person(app.test_client(), WORKER),
        f"/members/{member(MANAGER).id}/role",
        {"role": "case_worker"},
    )
    suspend(worker, MANAGER)
    assert "You suspended this person within 14 days" in worker.post(f"{path}?lang=en", lower, 409)
    one_more(ANA, WORKER)
    # Nor does who is one hand with the worker; once 14 days since the suspension are over, it goes to a second hand.
    factories.later(days=15)
    assert "You suspended this person within 14 days" in Person(app.test_client(), ANA).post(
        f"{path}?lang=en", lower, 409
    )
    factories.later(days=5)
    Person(app.test_client(), ANA).post(path, lower)
    assert waiting()
    assert member(MANAGER).role == "shelter_manager"


@pytest.mark.slow
def test_a_lower_role_is_read_before_and_no_newcomer_of_the_desk_signs_it(app: Flask) -> None:
    """The worker of a house of two proposes that the manager is a case worker, and lets somebody made up in."""
    factories.later()
    one_more(LIRA, DESK)
    worker, lira = Person(app.test_client(), WORKER), Person(app.test_client(), LIRA)
    one_more(ANA, WORKER)
    worker.post(f"/members/{member(MANAGER).id}/role", {"role": "case_worker"})
    page, house = f"/key-log/{waiting().hex()}", names.number_now("VATRA")
    read = lira.get(f"{page}?lang=en")
    assert "at the duty desk for less than 14 days" in read
    assert f"{page}/agree" not in read
    assert f"{page}/decline" not in read
    assert "less than 14 days" in lira.post(f"{page}/agree?lang=en", {"compared": "y"}, 409)
    assert "less than 14 days" in lira.post(f"{page}/decline?lang=en", {"why": "not_so"}, 409)
    for hidden in (key_log.agree, lambda **given: key_log.decline(**given, reason=No.NOT_SO)):
        with pytest.raises(NoSecondHand):
            hidden(proposal=waiting(), by=factories.actor(LIRA))
    # The person reads it before it is done, and who proposed it; a colleague reads nothing of it as their own.
    told = f"Test case_worker ({WORKER}) proposes another role for you: Shelter manager, from then on Case worker."
    assert told in Person(app.test_client(), MANAGER).get("/?lang=en")
    assert "proposes another role for you" not in worker.get("/?lang=en")
    # The desk reads whose it is, who proposed it and what these did; and no number where they answer.
    desk = Person(app.test_client(), DESK)
    read = desk.get(f"{page}?lang=en")
    assert f"Test shelter_manager ({MANAGER})" in read
    assert f"Test case_worker ({WORKER}), " in read
    assert "Who asks, and who else is there" in read
    assert f"New ({ANA}): was let in: a colleague typed their words" in read
    assert re.search(rf"New \({ANA}\), Case worker, here since [^<]+; <strong>one hand with who asks", read)
    assert house not in read
    desk.post(f"{page}/agree", {"compared": "y"})
    assert member(MANAGER).role == "case_worker"
    lately = re.search(rf"<li>[^<]*\({MANAGER}\): has another role[^<]*", worker.get("/?lang=en"))
    assert lately
    assert f"proposed by Test case_worker ({WORKER})" in lately[0]


@pytest.mark.slow
def test_a_proposal_of_an_end_is_read_at_home_by_whom_it_is_about_before_it_is_done(app: Flask) -> None:
    factories.later()
    one_more(ANA, WORKER)
    ana, manager_id = Person(app.test_client(), ANA), member(MANAGER).id
    for reason, said in (("left", "The colleague leaves"), ("suspected", "must be looked into")):
        ended = ana.post(f"/members/{manager_id}/disable", {"reason": reason})
        page = Person(app.test_client(), MANAGER).get("/?lang=en")
        assert re.search(rf"New \({ANA}\) asks that your account is ended\. Why: [^<]*{said}", page)
        assert "asks that your account is ended" not in Person(app.test_client(), WORKER).get("/?lang=en")
        ana.post(f"{ended}/decline")
        assert "asks that your account is ended" not in Person(app.test_client(), MANAGER).get("/?lang=en")


@pytest.mark.slow
def test_a_newcomer_at_the_desk_signs_where_nobody_else_of_it_could(app: Flask) -> None:
    """The seasoned duty officer is suspended: whoever is left signs."""
    factories.later()
    one_more(LIRA, DESK)
    factories.later(days=1)
    worker = Person(app.test_client(), WORKER)
    worker.post(f"/members/{member(MANAGER).id}/role", {"role": "case_worker"})
    page = f"/key-log/{waiting().hex()}"
    Person(app.test_client(), LIRA).post(f"{page}/agree", {"compared": "y"}, 409)
    suspend(Person(app.test_client(), "ra.identification_officer"), DESK)
    Person(app.test_client(), LIRA).post(f"{page}/agree", {"compared": "y"})
    assert member(MANAGER).role == "case_worker"
