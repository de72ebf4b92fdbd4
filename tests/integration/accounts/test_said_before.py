"""Pages about accounts say why something is not possible before the button is pressed, what is true now, and who can
(ADR 0164)."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from nrm.domain.accounts.accounts import Role
from nrm.store import names
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_invitations import FIELDS, invited, member, one_more, shown_to
from tests.integration.accounts.test_second_hands import MANAGER, WORKER

ANA, MIRA = "vatra.ana", "vatra.mira"


@pytest.mark.slow
def test_who_reads_words_and_who_would_type_them_read_who_can(app: Flask) -> None:
    """Another hand is missing: the page names it, and does not say that nobody works there where somebody does."""
    one_more(ANA, WORKER)
    factories.later(days=15)
    factories.join(invited(MIRA, WORKER, Role.SHELTER_MANAGER))
    said = dict(zip(FIELDS, shown_to(factories.actor(MIRA)), strict=True))
    path = f"/members/{member(MIRA).id}/words?lang=en"
    Person(app.test_client(), WORKER).post(path, dict(said))
    ana, mira = Person(app.test_client(), ANA), Person(app.test_client(), MIRA)
    for answer in (ana.get(path, 403), ana.post(path, dict(said), 403)):
        assert "you are one hand with them" in answer
        assert f"Who can: Test shelter_manager ({MANAGER})." in answer
        assert "Your role does not include this step" not in answer
    assert f"Who can type them: Test shelter_manager ({MANAGER})." in mira.get("/?lang=en")
    admin = Person(app.test_client(), "administrator")
    admin.post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"})
    page = mira.get("/?lang=en")
    assert "None of those who work in your office can type them now" in page
    assert "Nobody else works in your office" not in page
    assert "Nobody else here can type them now: call the duty desk" in ana.get(path, 403)
    # Who is suspended reads the number of the desk before that of the house, where the one who did it may answer.
    page = Person(app.test_client(), MANAGER).get("/?lang=en")
    listed = page[page.index("If this is wrong, call:") :]
    assert listed.index(names.number_now("RA")) < listed.index(names.number_now("VATRA"))


@pytest.mark.slow
def test_what_would_be_refused_is_refused_before_the_press(app: Flask) -> None:
    one_more(ANA, WORKER)
    ana, manager = Person(app.test_client(), ANA), Person(app.test_client(), MANAGER)
    role = ana.get(f"/members/{member(MANAGER).id}/role?lang=en")
    assert "this colleague was here before you" in role
    assert "Change the role" not in role
    assert "Change the role" in manager.get(f"/members/{member(WORKER).id}/role?lang=en")
    manager.post(f"/members/{member(WORKER).id}/suspend", {"reason": "lost_device"})
    page = manager.get(f"/members/{member(WORKER).id}/anew?lang=en")
    assert "is suspended, by you or by somebody who is one hand with you" in page
    assert "make the link" not in page
    # Of an account that was ended a suspension is over: the page says what is true.
    admin, ended = Person(app.test_client(), "administrator"), member("molsa.statistician").id
    admin.post(f"/members/{ended}/suspend", {"reason": "misuse"})
    admin.post(f"/members/{ended}/disable")
    answer = admin.get(f"/members/{ended}/anew?lang=en")
    assert "has its keys still" in answer and "is suspended" not in answer  # noqa: PT018
    assert "has its keys still" in admin.post(f"/members/{ended}/anew?lang=en", status=409)


@pytest.mark.slow
def test_between_the_hour_and_the_next_round_of_the_program_pages_say_so(app: Flask) -> None:
    path = f"/members/{member(WORKER).id}/anew"
    link = re.search(r"/invitations/([\w-]+)", Person(app.test_client(), MANAGER).made(path))
    assert link
    worker = Person(app.test_client(), WORKER)
    assert "That time is over" not in worker.get("/?lang=en")
    factories.later(days=14, minutes=3)  # nobody else works there
    worker = Person(app.test_client(), WORKER)
    assert "That time is over: it can be gone at any moment now." in worker.get("/?lang=en")
    page = app.test_client().get(f"/invitations/{link[1]}?lang=en").text
    assert "Its time has come" in page and "It works from" not in page  # noqa: PT018
    worker.post(f"{path}/stop")
    assert member(WORKER).status == "active"
