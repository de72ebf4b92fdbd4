"""Nobody becomes somebody else, and nobody has a house alone: what who was let in lately, or by one hand, does not do.

Each test is a walk of somebody hostile on the pages (ADR 0159).
"""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import audit
from nrm.actions import tending
from nrm.actions.accounts import beginning_anew
from nrm.db import db
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.suspensions import Suspension
from nrm.store import names
from tests import factories
from tests.conftest import Person
from tests.integration.accounts.test_invitations import FIELDS, member, one_more, shown_to
from tests.integration.accounts.test_one_hand import event
from tests.integration.accounts.test_second_hands import EVERYTHING, MANAGER, WORKER, kept, opened

DESK, ANA = "ra.duty_officer", "vatra.ana"
INVITES = {"role": "case_worker", "login": "vatra.new"}


def suspended(login: str) -> list[uuid.UUID]:
    db.session.rollback()
    whose = select(Suspension.id).where(Suspension.member_id == member(login).id, Suspension.ended_at.is_(None))
    return list(db.session.scalars(whose))


@pytest.mark.slow
def test_nobody_takes_the_name_of_another_and_nobody_gives_one(app: Flask) -> None:
    """The accomplice of today renames the manager, and takes his name: he is the manager on every page."""
    one_more(ANA, WORKER)
    ana, manager, worker = (Person(app.test_client(), login) for login in (ANA, MANAGER, WORKER))
    for whose in (manager, worker):
        ana.post(f"/members/{member(whose.login).id}/name?lang=en", {"name": "Genti Ramadani"}, 409)
    assert "Another name" not in ana.get(f"/members/{member(MANAGER).id}/role?lang=en")
    # The manager changes it himself; his old name is nobody's, also not in other letters, also after he is gone.
    manager.post(f"/members/{member(MANAGER).id}/name", {"name": "Genti Ramadani"})
    for name in ("Test shelter_manager", "Tеst shelter manager", "test shelter.manager", "Genti Ramadani"):
        worker.post("/members/invite", {**INVITES, "name": name}, 422)
    factories.later(days=15)
    ana = Person(app.test_client(), ANA)
    answer = ana.post(f"/members/{member(ANA).id}/name?lang=en", {"name": "Gentii Ramadani"}, 422)
    assert "was called so within a year" in answer
    ana.post(f"/members/{member(ANA).id}/name", {"name": "Ana (Duty desk)"}, 422)
    ana.post(f"/members/{member(ANA).id}/name", {"name": "Ana Dyla"})
    # Who reads what she did reads what she was called; who objects puts the name back and stops who changed it.
    worker = Person(app.test_client(), WORKER)
    assert f"Ana Dyla ({ANA}) was called New until" in worker.get("/?lang=en")
    page = worker.get(f"/members/changes/{event(KeyHappening.RENAMED, member(ANA).id)}?lang=en")
    assert "The name before is put back" in page
    worker.post(f"/members/changes/{event(KeyHappening.RENAMED, member(ANA).id)}")
    assert member(ANA).name == "New"
    assert suspended(ANA)
    assert not suspended(MANAGER)
    assert list(audit.verify(db.session())) == []


@pytest.mark.slow
def test_who_was_let_in_lately_does_nothing_to_who_was_there_before_alone(app: Flask) -> None:
    """Ends nobody at once, gives no role, makes no suspension longer, objects to no old account, invites nobody."""
    factories.later()
    one_more(ANA, MANAGER)
    factories.later(minutes=10)
    ana, desk = Person(app.test_client(), ANA), Person(app.test_client(), DESK)
    worker_id, manager_id = member(WORKER).id, member(MANAGER).id
    act = ana.post(f"/members/{worker_id}/disable", {"reason": "left"})
    assert act.startswith("/second-hands/")
    assert member(WORKER).status == "active"
    ana.post(f"/members/{manager_id}/role", {"role": "case_worker"}, 409)
    assert "less than 14 days" in ana.post("/members/invite?lang=en", {**INVITES, "name": "Mira Deda"}, 409)
    page = Person(app.test_client(), MANAGER).get(f"{act}?lang=en")  # he let her in: no second hand
    assert f"New ({ANA}), " in page
    assert "/agree" not in page
    page = desk.get(f"{act}?lang=en")
    for words in (f"Test case_worker ({WORKER}), Case worker, here since", f"New ({ANA})", "here since", "to others"):
        assert words in page
    assert f"New ({ANA}): here since" in desk.get("/?lang=en")
    # The worker suspended her manager; the newcomer makes it no longer, and the desk can.
    suspension = Person(app.test_client(), WORKER).post(f"/members/{manager_id}/suspend", {"reason": "misuse"})
    assert "/longer" not in ana.get(suspension)
    ana.post(f"{suspension}/longer", status=409)
    desk.post(f"{suspension}/longer")


@pytest.mark.slow
def test_a_withdrawal_by_a_newcomer_waits_also_with_a_form_that_she_signed(app: Flask) -> None:
    factories.later()
    one_more(ANA, MANAGER)
    cases = opened(2)
    ana = Person(app.test_client(), ANA)
    day = {"signed_day-day": "1", "signed_day-month": "1", "signed_day-year": "2026"}
    signed = {**EVERYTHING, "signed": "y", **day}
    acts = [
        ana.post(f"/cases/{each}/consents/withdraw", dict(how))
        for each, how in zip(cases, (EVERYTHING, signed), strict=True)
    ]
    for act in acts:
        page = Person(app.test_client(), WORKER).get(f"{act}?lang=en")
        assert "waits for a second hand; nothing is done yet" in page
        assert "here for less than 14 days" in page
    Person(app.test_client(), ANA).get(f"/cases/{cases[0]}")
    Person(app.test_client(), WORKER).post(f"{acts[0]}/agree", {"heard": "spoke"})
    assert not kept(cases[0])
    factories.later(days=4)
    tending.tend()
    assert kept(cases[1])
    # A fortnight later she is no newcomer.
    factories.later(days=11)
    act = Person(app.test_client(), ANA).post(f"/cases/{cases[1]}/consents/withdraw", dict(EVERYTHING))
    assert "opens for nobody" in Person(app.test_client(), WORKER).get(f"{act}?lang=en")


@pytest.mark.slow
@pytest.mark.parametrize("first", ["stops", "withdraws"])
def test_of_who_stops_a_colleague_no_form_destroys_a_case_by_time(app: Flask, first: str) -> None:
    """The worker suspends the only one who would look, and says that the person signed: in either order."""
    (case_id,) = opened(1)
    worker = Person(app.test_client(), WORKER)
    day = {"signed_day-day": "1", "signed_day-month": "1", "signed_day-year": "2026"}

    def withdraws() -> str:
        return worker.post(f"/cases/{case_id}/consents/withdraw", {**EVERYTHING, "signed": "y", **day})

    def stops() -> str:
        return worker.post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"})

    act = (stops(), withdraws())[1] if first == "stops" else (withdraws(), stops())[0]
    assert "after a second member has seen it" in worker.get(f"/cases/{case_id}?lang=en")  # and nobody opens it
    factories.later(days=4)
    tending.tend()
    assert kept(case_id)
    desk = Person(app.test_client(), DESK)
    assert "72 hours run" in desk.get(f"{act}?lang=en")
    desk.post(f"{act}/see")
    factories.later(days=4)
    tending.tend()
    assert not kept(case_id)


@pytest.mark.slow
def test_a_creature_of_today_is_nobody_who_is_left(app: Flask) -> None:
    """The worker lets somebody made up in, and stops the manager: three held the key, and one has the house."""
    one_more(ANA, WORKER)
    worker = Person(app.test_client(), WORKER)
    page = worker.post(f"/members/{member(MANAGER).id}/suspend?lang=en", {"reason": "misuse"}, 409)
    assert "you let them in within 14 days" in page
    assert not suspended(MANAGER)
    # Nor does ending the account do it.
    worker.post(f"/members/{member(MANAGER).id}/disable", {"reason": "suspected"})
    assert member(MANAGER).status == "active"
    # Nor a fortnight later: only two of whom neither let in the other are left.
    factories.later(days=15)
    worker = Person(app.test_client(), WORKER)
    worker.post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"}, 409)
    Person(app.test_client(), ANA).post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"}, 409)
    assert not suspended(MANAGER)
    one_more("vatra.besa", MANAGER)
    worker.post(f"/members/{member(MANAGER).id}/suspend", {"reason": "misuse"})
    assert suspended(MANAGER)


@pytest.mark.slow
def test_whom_somebody_let_in_does_not_end_their_suspension(app: Flask) -> None:
    one_more(ANA, WORKER)
    factories.later(days=15)
    address = Person(app.test_client(), MANAGER).post(f"/members/{member(WORKER).id}/suspend", {"reason": "misuse"})
    ana = Person(app.test_client(), ANA)
    assert f"{address}/end" not in ana.get(address)
    assert "one hand with the suspended" in ana.post(f"{address}/end?lang=en", status=409)
    Person(app.test_client(), DESK).post(f"{address}/end")


@pytest.mark.slow
def test_nobody_suspends_a_colleague_and_makes_new_keys_in_her_name(app: Flask) -> None:
    """And who is suspended ends by one press what others began, also while suspended."""
    factories.later(days=15)
    worker_id, manager_id = member(WORKER).id, member(MANAGER).id
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    # It is asked first, and she is suspended then.
    page = manager.made(f"/members/{worker_id}/anew", lang="en")
    assert "begins to work in 14 days" in page
    manager.post(f"/members/{worker_id}/suspend", {"reason": "lost_device"})
    page = Person(app.test_client(), DESK).get(f"/members/{worker_id}/anew/agree?lang=en")
    assert "This person is suspended until" in page and f"({MANAGER})" in page  # noqa: PT018
    assert "was suspended for a time" in page  # what was done to the same person is said too (ADR 0163)
    assert names.number_now("VATRA") not in page
    assert "Your account is suspended" in worker.get("/cases?lang=en", 403)
    assert f"/members/{worker_id}/anew/stop" in worker.get("/")
    worker.post(f"/members/{manager_id}/anew/stop", status=409)
    worker.post(f"/members/{worker_id}/anew/stop")
    factories.later(hours=30)
    assert tending.tend()["begun_anew"] == 0
    one_more(ANA, MANAGER)
    # Who suspended her, or is one hand with who did, lets her begin anew no more.
    for login in (MANAGER, ANA):
        answer = Person(app.test_client(), login).post(f"/members/{worker_id}/anew?lang=en", status=409)
        assert "is suspended, by you or by somebody who is one hand with you" in answer


@pytest.mark.slow
def test_by_a_newcomer_alone_nobody_begins_anew_for_a_fortnight_and_an_objection_suspends_nobody(app: Flask) -> None:
    factories.later()
    one_more(ANA, MANAGER)
    factories.later(minutes=10)
    one_more("vatra.besa", WORKER)
    factories.later(minutes=10)
    worker_id = member(WORKER).id
    ana = Person(app.test_client(), ANA)
    assert "only if a second hand agrees within 14 days" in ana.get(f"/members/{worker_id}/anew?lang=en")
    assert "when a second hand agrees, within 14 days, and else never" in ana.made(
        f"/members/{worker_id}/anew", lang="en"
    )
    factories.later(days=3)
    assert tending.tend()["begun_anew"] == 0
    # Somebody says that nobody asked for it: it ends, and the victim goes on.
    Person(app.test_client(), "vatra.besa").post(f"/members/changes/{event(KeyHappening.ANEW_ASKED, worker_id)}")
    assert not suspended(WORKER)
    factories.later(days=14)
    assert tending.tend()["begun_anew"] == 0
    assert member(WORKER).status == "active"


@pytest.mark.slow
def test_who_ends_an_account_does_not_come_back_in_its_name(app: Flask) -> None:
    one_more(ANA, MANAGER)
    one_more("vatra.besa", WORKER)
    factories.later(days=15)
    worker_id, manager = member(WORKER).id, Person(app.test_client(), MANAGER)
    manager.post(f"/members/{worker_id}/disable", {"reason": "left"})
    assert member(WORKER).status == "disabled"
    act = manager.post(f"/members/{worker_id}/anew")
    assert act.startswith("/second-hands/")
    assert member(WORKER).status == "disabled"
    Person(app.test_client(), ANA).post(f"{act}/agree", {"sure": "y"}, 409)  # one hand with the manager
    manager.post(f"{act}/agree", {"sure": "y"}, 409)
    manager.post(f"{act}/decline")
    # Nor by way of letting in again: then the keys that were there open it.
    manager.post(f"/members/{worker_id}/back")
    act = manager.post(f"/members/{worker_id}/anew")
    assert act.startswith("/second-hands/")
    assert member(WORKER).status == "waiting"


def test_an_administrator_does_not_come_back_in_the_name_of_whom_they_ended(app: Flask) -> None:
    admin, reader = Person(app.test_client(), "administrator"), member("molsa.reader").id
    admin.post(f"/members/{reader}/disable")
    assert member("molsa.reader").status == "disabled"
    assert "has its keys still" in admin.post(f"/members/{reader}/anew?lang=en", status=409)
    factories.later(days=14)
    tending.tend()
    assert "/invitations/" in Person(app.test_client(), "administrator").made(f"/members/{reader}/anew")


@pytest.mark.slow
def test_five_invitations_of_one_hand_are_open_and_the_manager_reads_how_many(app: Flask) -> None:
    worker = Person(app.test_client(), WORKER)
    for number, each in enumerate(("Alushi", "Bardhi", "Ceka", "Dushku", "Elezi")):
        sent = {"role": "case_worker", "name": f"Mira {each}", "login": f"vatra.mira{number}"}
        worker.post("/members/invite", sent)
    sent = {"role": "case_worker", "name": "Mira Deda", "login": "vatra.mira"}
    assert "Five of your links into this organisation" in worker.post("/members/invite?lang=en", sent, 409)
    manager = Person(app.test_client(), MANAGER)
    assert "5 invitations into your organisation are open" in manager.get("/?lang=en")
    manager.post("/members/invite", sent)  # another hand has its own
    factories.join(beginning_anew.begin_again(member_id=member("vatra.mira0").id, by=factories.actor(MANAGER)))
    worker.post("/members/invite", {**sent, "name": "Mira Gega", "login": "vatra.gega"})  # somebody joined
    # Names that look like those of another organisation are nobody's, also not by who keeps the accounts.
    admin = Person(app.test_client(), "administrator")
    sent = {"role": "reader", "name": "Mira Kola", "organisation": "MOLSA"}
    for login in ("ra.nobody", "vatra.mira9", "rn0po.x", "nrc-duty"):
        admin.post("/members/invite", {**sent, "login": login}, 422)
    admin.post("/members/invite", {**sent, "login": "molsa.mira"})
    assert member("molsa.mira").status == "invited"


def test_pages_name_who_did_something_by_the_sign_in_name_too(app: Flask) -> None:
    (case_id,) = opened(1)
    worker, manager = Person(app.test_client(), WORKER), Person(app.test_client(), MANAGER)
    manager.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    called = f"Test shelter_manager ({MANAGER})"
    assert called in worker.get(f"/cases/{case_id}/openings")
    assert called in worker.get("/openings?whose=colleagues")
    beginning_anew.begin_again(member_id=member(WORKER).id, by=factories.actor(MANAGER))
    assert called in worker.get("/")
    assert re.search(rf"<td>{re.escape(called)}</td>", manager.get("/members/keys"))


@pytest.mark.slow
def test_who_made_the_link_of_a_colleague_does_not_type_her_words(app: Flask) -> None:
    """She is away for a day: who let her begin anew joins in her name, and reads the words to himself."""
    one_more(ANA, MANAGER)
    one_more("vatra.besa", WORKER)
    factories.later(days=15)
    worker_id = member(WORKER).id
    manager = Person(app.test_client(), MANAGER)
    page = manager.made(f"/members/{worker_id}/anew", lang="en")
    factories.later(hours=25)
    assert tending.tend()["begun_anew"] == 1
    # Nobody takes her link in its place, either.
    other = Person(app.test_client(), "vatra.besa").post(f"/members/{worker_id}/anew", {"again": "y"})
    assert other.startswith("/second-hands/")
    link = re.search(r"/invitations/([\w-]+)", page)
    assert link
    factories.join(link[1])
    said = dict(zip(FIELDS, shown_to(factories.actor(WORKER)), strict=True))
    for login in (MANAGER, ANA):  # one hand
        answer = Person(app.test_client(), login).post(f"/members/{worker_id}/words?lang=en", dict(said), 403)
        assert "Another colleague speaks with them" in answer
    Person(app.test_client(), "vatra.besa").post(f"/members/{worker_id}/words", dict(said))
    assert member(WORKER).status == "active"
