"""Who begins anew is still a colleague: one hand neither ends that account, nor lets another in beside (ADR 0172)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Role
from nrm.models.accounts.accounts import Organisation
from nrm.store import names
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_dies_with_its_asker import link_in
from tests.integration.accounts.test_invitations import FIELDS, invited, member, one_more, shown_to
from tests.integration.accounts.test_second_hands import MANAGER, WORKER

DESK, SECOND, ANA = "ra.duty_officer", "ra.second", "vatra.ana"


def person(app: Flask, login: str) -> Person:
    return Person(app.test_client(), login)


def words_of(login: str) -> dict[str, str]:
    db.session.rollback()
    return dict(zip(FIELDS, shown_to(factories.actor(login)), strict=True))


@pytest.mark.slow
def test_who_begins_anew_is_ended_by_no_hand_that_asked_for_it(app: Flask) -> None:
    """The worker lets the manager begin anew, one officer is deceived, and the worker would end what is left of her."""
    factories.later()
    one_more(ANA, WORKER)
    manager_id = member(MANAGER).id
    worker, ana, desk = person(app, WORKER), person(app, ANA), person(app, DESK)
    end, left = f"/members/{manager_id}/disable", {"reason": "left"}
    link = link_in(worker.made(f"/members/{manager_id}/anew", lang="en"))
    desk.post(f"/members/{manager_id}/anew/agree", {"sure": "y"})
    # Before anybody opens the link, and after.
    waits = worker.post(end, dict(left))
    assert "/second-hands/" in waits
    assert member(MANAGER).status == "invited"
    worker.post(f"{waits}/decline")
    db.session.rollback()
    factories.join(link)
    person(app, "administrator").post(end, status=403)
    for each in (ana, worker):
        waits = each.post(end, dict(left))
        assert "/second-hands/" in waits
        each.post(f"{waits}/decline")
        assert member(MANAGER).status == "waiting"
    waits = worker.post(end, dict(left))
    desk.post(f"{waits}/agree", {"sure": "y"})
    assert member(MANAGER).status == "disabled"
    page = worker.get("/members?lang=en")
    assert "not the one that was signed" not in page
    assert f"Test shelter_manager ({MANAGER})" in worker.get(f"{waits}?lang=en")
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_who_agreed_for_the_asker_types_no_newcomer_of_theirs(app: Flask) -> None:
    """One officer was deceived that the manager begins anew; the same worker brings another manager minutes later."""
    one_more(SECOND, DESK)
    factories.later(days=15)
    one_more(ANA, WORKER)
    manager_id = member(MANAGER).id
    worker, desk, second = person(app, WORKER), person(app, DESK), person(app, SECOND)
    worker.made(f"/members/{manager_id}/anew", lang="en")
    desk.post(f"/members/{manager_id}/anew/agree", {"sure": "y"})
    waits = worker.post(f"/members/{manager_id}/disable", {"reason": "left"})
    second.post(f"{waits}/agree", {"sure": "y"})
    invited("vatra.open", WORKER)
    factories.join(invited("vatra.eva", WORKER, Role.SHELTER_MANAGER))
    said, path = words_of("vatra.eva"), f"/members/{member('vatra.eva').id}/words"
    assert worker.post(path, dict(said)) == "/members?typed=once"
    assert path not in desk.get("/")
    answer = desk.post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    assert "one who was deceived must not let in both" in answer
    assert f"({SECOND})" in answer
    # What another one of the desk reads: who invited, what else they ask for, and whom not to believe.
    page = second.get(f"{path}?lang=en")
    assert "known of this organisation" not in page
    assert "with somebody who did not invite them" in page
    assert f"({WORKER}) invited this person" in page
    did, asks = page[page.index("did to others since") :].split("asks for, and waits")
    assert f"({MANAGER})" in did
    assert "(vatra.open): an invitation, which nobody has used" in asks
    second.post(path, dict(said), 422)
    # A suspension of the other one is waited for. Where nobody else is of the desk, who agreed types a day after.
    factories.later(minutes=5)
    person(app, "administrator").post(f"/members/{member(SECOND).id}/suspend", {"reason": "lost_device"})
    waits = person(app, DESK).post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    assert "you type them from" not in waits
    assert f"({SECOND})" in waits
    left = person(app, DESK).post(f"/members/{member(SECOND).id}/disable", {"reason": "left"})
    person(app, "ra.identification_officer").post(f"{left}/agree", {"sure": "y"})
    assert member(SECOND).status == "disabled"
    assert "you type them from" in person(app, DESK).post(f"{path}?lang=en", {**said, "called_back": "y"}, 409)
    factories.later(hours=23, minutes=57)
    desk, said = person(app, DESK), words_of("vatra.eva")
    assert desk.post(path, {**said, "called_back": "y"}) == "/members?typed=outside"


@pytest.mark.slow
def test_who_is_suspended_at_the_desk_reads_whom_else_to_call(app: Flask) -> None:
    """One officer suspends the other one, whose only number would be that of the desk itself."""
    one_more(SECOND, DESK)
    factories.later(days=15)
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.kind == "operator").values(telephone="04 222 3333"))
    second, administrator = person(app, SECOND), person(app, "administrator")
    stopped = person(app, DESK).post(f"/members/{member(SECOND).id}/suspend", {"reason": "misuse"})
    home = second.get("/?lang=en")
    assert home.index("04 222 3333") < home.index(names.number_now("RA"))
    assert "call the administrator first" in home
    assert "A colleague, also the one who did it" not in home
    page = administrator.get("/?lang=en")
    assert "Why, and ending it" not in page
    assert "Why, and who can end it" in page
    page = administrator.get(f"{stopped}?lang=en")
    assert "You end none" in page
    assert f"{stopped}/end" not in page
    # Of another house nothing changes: the desk ends it.
    stopped = person(app, MANAGER).post(f"/members/{member(WORKER).id}/suspend", {"reason": "misuse"})
    assert "the duty desk, can end it at once" in person(app, WORKER).get("/?lang=en")
    assert f"{stopped}/end" in person(app, DESK).get(f"{stopped}?lang=en")
