"""Complaints about staff: anybody writes one, the Responsible Authority alone reads it, and nothing says who it was."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.support import complaints
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted
from nrm.domain.shelter.cases import Purpose
from nrm.domain.support.complaints import COMPLAINT, KEPT_FOR, LONGEST, MOST_WAITING, AlreadySo, CannotTake
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Grant, Reading, SealedCompartment
from nrm.models.support.complaints import Complaint
from nrm.store.rows.support import complaints as complaint_rows
from nrm.store.rows.support import feedback as feedback_rows
from nrm.vault import compartments as vault
from nrm.web.support import complaints as pages
from tests import factories
from tests.conftest import Person, token_in
from tests.factories_referrals import organisation
from tests.integration.support.test_feedback import changed, raw_rows, typed

DESK, MANAGER = "ra.duty_officer", "vatra.shelter_manager"
WORDS = "Roja e natës hyn në dhomë pa trokitur."
SignIn = Callable[[str], Person]


def the_one() -> uuid.UUID:
    db.session.rollback()
    found = db.session.scalars(select(Complaint.id)).one()
    db.session.rollback()
    return found


def test_it_is_sealed_to_the_authority_alone_and_no_entry_or_hour_says_that_it_came(app: Flask) -> None:
    assert app
    before = raw_rows()
    complaints.complain(text=WORDS, reach="Motra ime", house_id=organisation("VATRA"))
    after = raw_rows()
    assert {name for name in after if len(after[name]) != len(before[name])} == {
        "complaints",
        "grants",
        "sealed_compartments",
    }
    assert not any(word in repr(rows) for rows in after.values() for word in ("Roja", "Motra"))
    assert after["complaints"] == [(the_one().hex, None, None)]  # no day, no house, no number of its place
    holders = db.session.scalars(select(Grant.organisation_id).where(Grant.compartment == COMPLAINT)).all()
    assert holders == [organisation("RA")]
    for login in (MANAGER, "vatra.case_worker", "ra.identification_officer", "molsa.statistician", "oms.monitor"):
        by = factories.actor(login)
        assert vault.glance(db.session(), the_one(), COMPLAINT, by=by) is None or by.kind == "responsible_authority"
        for refused in (
            lambda by: complaints.heard(by=by),
            lambda by: complaints.one(complaint_id=the_one(), by=by),
            lambda by: complaints.open_words(complaint_id=the_one(), purpose=Purpose.SAFETY, by=by),
            lambda by: complaints.deal(complaint_id=the_one(), by=by),
        ):
            with pytest.raises(NotPermitted):
                refused(by)


def test_the_desk_opens_it_with_a_purpose_that_is_recorded_and_a_year_after_it_is_destroyed(app: Flask) -> None:
    assert app
    complaints.complain(text=WORDS, reach="", house_id=None)
    complaint_id, desk = the_one(), factories.actor(DESK)
    (line,) = complaints.heard(by=desk)
    assert (line.words, line.house, line.on) == (None, "", clock.now().date())
    assert complaints.one(complaint_id=complaint_id, by=desk).words is None
    complaints.open_words(complaint_id=complaint_id, purpose=Purpose.DUTY_DECISION, by=desk)
    assert complaints.one(complaint_id=complaint_id, by=desk).words == (WORDS, "")
    assert WORDS not in repr(complaints.one(complaint_id=complaint_id, by=desk))
    read = db.session.scalars(select(Reading).where(Reading.case_id == complaint_id)).one()
    assert (read.compartment, read.purpose, read.member_id) == (COMPLAINT, "duty_decision", desk.member_id)
    complaints.deal(complaint_id=complaint_id, by=desk)
    with pytest.raises(AlreadySo):
        complaints.deal(complaint_id=complaint_id, by=desk)
    complaints.take_up(complaint_id=complaint_id, by=desk)
    complaints.deal(complaint_id=complaint_id, by=desk)
    events = db.session.scalars(select(AuditEntry.event).where(AuditEntry.details.contains(str(complaint_id)))).all()
    assert sorted(events) == ["compartment_opened", "complaint_dealt", "complaint_dealt", "complaint_taken_up"]
    begun = clock.now()
    for later, left in ((KEPT_FOR, 1), (KEPT_FOR + timedelta(days=1), 0)):
        clock.set_clock(lambda after=later: begun + after)
        assert tending.tend()["complaints_forgotten"] == 1 - left
        sealed = select(SealedCompartment).where(SealedCompartment.compartment == COMPLAINT)
        assert len(db.session.scalars(sealed).all()) == len(db.session.scalars(select(Complaint)).all()) == left
        db.session.rollback()


def test_nobody_can_bury_one_under_thousands(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaint_rows, "number_waiting", lambda: MOST_WAITING)
    with pytest.raises(CannotTake):
        complaints.complain(text=WORDS, reach="", house_id=None)
    status, page = typed(app.test_client(), "/feedback/complain?in=en", {"what": WORDS})
    assert status == 503
    assert "It cannot be sent now. Please call: \u2066116\xa0006\u2069" in page
    assert WORDS in page
    monkeypatch.setattr(complaint_rows, "authorities", set)
    monkeypatch.setattr(complaint_rows, "number_waiting", int)
    with pytest.raises(CannotTake):  # nobody there has a key
        complaints.complain(text=WORDS, reach="", house_id=None)


def test_a_network_sends_few_and_nothing_of_it_is_written_down(app: Flask) -> None:
    client = app.test_client()
    most, _ = pages.FEW
    statuses = [typed(client, "/feedback/complain", {"what": WORDS})[0] for _ in range(most + 1)]
    assert statuses == [303] * most + [429]
    before = raw_rows()
    assert typed(client, "/feedback/complain", {"what": WORDS})[0] == 429
    assert changed(before) == {}
    token = token_in(client.get("/feedback/complain").text)
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    data = {"csrf_token": token, "what": WORDS}
    assert client.post("/feedback/complain", data=data, environ_overrides=elsewhere).status_code == 303


@pytest.mark.slow
def test_who_lives_in_a_house_complains_without_a_number_and_the_desk_deals_with_it(
    app: Flask, sign_in: SignIn
) -> None:
    client = app.test_client()
    at = feedback_rows.token_of(organisation("VATRA"))
    page = client.get(f"/feedback/complain?in=en&at={at}").text
    for said in (
        "Nobody in the house can read it. You need no number and no name.",
        "They also see from which house",
        "can see that this page was opened, and when. They cannot see what you write.",
        "Is it about this office itself: Responsible Authority? Call People’s Advocate",
        "Or answer on paper",
    ):
        assert said in page
    assert "They also see from which house" not in client.get("/feedback/complain?in=en").text
    assert "Write what happened." in typed(client, f"/feedback/complain?in=en&at={at}", {"what": " \u202e\r\n"})[1]
    status, page = typed(client, "/feedback/complain?in=en", {"what": "a" * (LONGEST + 1)})
    assert (status, "Write less" in page) == (422, True)
    sent = typed(client, f"/feedback/complain?in=en&at={at}", {"what": WORDS, "reach": "Motra ime"})
    assert sent == (303, f"/feedback/sent?in=en&at={at}")
    assert "It was sent to: Responsible Authority. Nobody else can read it." in client.get(sent[1]).text
    desk = sign_in(DESK)
    assert "1 complaint about staff waits" in desk.get("/?lang=en")
    page = desk.get("/complaints?lang=en")
    assert "Vatra" in page
    assert WORDS not in page
    address = f"/complaints/{the_one()}"
    desk.post(f"{address}/open", {}, 422)
    assert desk.post(f"{address}/open", {"purpose": "safety"}) == address
    page = desk.get(address)
    assert WORDS in page
    assert "Motra ime" in page
    assert WORDS not in desk.get("/openings?lang=en")
    assert desk.post(f"{address}/dealt") == "/complaints?done=yes"
    desk.post(f"{address}/dealt", status=409)
    assert desk.post(f"{address}/again") == address
    assert "dealt with on" not in re.sub(r"<title>.*?</title>", "", desk.get(address))
    desk.get(f"/complaints/{uuid.uuid4()}", 404)
    house = sign_in(MANAGER)
    for page in ("/complaints", address):
        house.get(page, 403)
    assert "complaint" not in house.get("/?lang=en").lower()
