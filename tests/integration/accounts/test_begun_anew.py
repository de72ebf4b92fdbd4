"""What was asked and agreed stays known while somebody begins anew; in a house of two pages lead on (ADR 0172)."""

from __future__ import annotations

import pytest
from flask import Flask

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.members import KeyHappening
from nrm.steps.accounts import leaving
from nrm.steps.accounts import members as steps
from nrm.web.telephones import duty_desk
from tests import factories
from tests.integration.accounts.test_dies_with_its_asker import link_in
from tests.integration.accounts.test_invitations import member, one_more
from tests.integration.accounts.test_newcomers import event
from tests.integration.accounts.test_second_hands import MANAGER, WORKER
from tests.integration.accounts.test_two_of_the_desk import DESK, SECOND, person, words_of


@pytest.mark.slow
def test_who_agreed_stays_known_when_the_account_is_ended_and_let_in_again_or_gets_another_link(app: Flask) -> None:
    """The asker presses what stands beside the waiting account, and the officer who agreed would be both hands."""
    one_more(SECOND, DESK)
    factories.later(days=15)
    worker_id = member(WORKER).id
    path, anew = f"/members/{worker_id}/words", f"/members/{worker_id}/anew"
    manager, desk, second = person(app, MANAGER), person(app, DESK), person(app, SECOND)
    made = manager.made(anew, lang="en")
    # Pressed twice: the page says that one is under way, and asks.
    page = manager.get(f"{anew}?lang=en")
    assert f"({MANAGER}) lets this person begin anew since" in page
    assert "nobody has agreed yet" in page
    assert "tick that it is lost" in manager.post(f"{anew}?lang=en", {}, 422)
    link = link_in(made)
    assert app.test_client().get(f"/invitations/{link}").status_code == 409  # not yet, and not void
    factories.later(minutes=1)
    desk.post(f"{anew}/agree", {"sure": "y"})
    # The page of the link says what became of it.
    page = manager.get("/shown?lang=en")
    assert f"({DESK}) agreed: the link works now" in page
    assert "begins to work in 14 days" not in page
    assert "Nobody else of your organisation can agree" not in page
    # Three pages say the same of the house meanwhile.
    assert "it can promise a place by telephone" in desk.get("/readiness?lang=en")
    page = manager.get(f"/readiness/{member(MANAGER).organisation_id}?lang=en")
    assert "before the first person can come" not in page
    assert "Somebody there begins anew" in page
    assert "It is asked all the same, and can promise a place by telephone" in manager.get("/?lang=en")
    # Who asked objects to it by no slip of the hand.
    objection = f"/members/changes/{event(KeyHappening.BEGINS_ANEW, worker_id)}"
    assert "You asked for this yourself" in manager.get(f"{objection}?lang=en")
    assert "tick that you mean it" in manager.post(f"{objection}?lang=en", {}, 422)
    db.session.rollback()
    factories.join(link)
    words_of(WORKER)
    page = person(app, WORKER).get("/?lang=en")
    assert "to a colleague who sees you" not in page
    assert "below it says who, and in which order" in page
    # The link is lost once more, after the account was made: there is another one at once.
    assert "The account that waits is gone then" in manager.get(f"{anew}?lang=en")
    link = link_in(manager.made(anew, {"again": "y"}, lang="en"))
    db.session.rollback()
    factories.join(link)
    said = words_of(WORKER)
    assert "You agreed" in desk.get("/?lang=en")
    # Whatever hands that takes: the account is ended, and let in again.
    by = factories.actor(MANAGER)
    with transaction() as session:
        leaving.leave(session, *steps.held(session, worker_id), by)
    assert path not in desk.get("/")
    with transaction() as session:
        leaving.come_back(session, steps.held(session, worker_id)[0], by, waiting=True)
    said = words_of(WORKER)
    home = desk.get("/?lang=en")
    assert path not in home
    assert "You agreed to it: another one of the duty desk types them." in home
    desk.post(path, {**said, "called_back": "y"}, 409)
    assert f"({DESK}) agreed that this person begins anew" in second.get(f"{path}?lang=en")
    second.post(path, {**said, "called_back": "y"})
    manager.post(path, dict(said))
    assert member(WORKER).status == "active"
    # Of an ended account nobody of a house of two could agree: the request says so, and what to do.
    with transaction() as session:
        leaving.leave(session, *steps.held(session, worker_id), by)
    request = manager.post(anew)
    page = manager.get(f"{request}?lang=en")
    assert "let the person in again with the keys they had" in page
    assert duty_desk() in page
    assert list(audit.verify(db.session())) == []
