"""What a post adds to an urgent hand-over: once, within 24 hours, for the holder of the case alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions import tending
from nrm.actions.referrals import next_receiver, referrals, supplements
from nrm.actions.shelter import cases, consents
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.referrals.referrals import DeclineReason, IllegalTransition, OverrideReason
from nrm.domain.shelter.cases import SUPPLEMENT, CaseRefused, Compartment, Purpose
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case, Grant, PendingGrant, SealedCompartment, Supplement
from nrm.steps.referrals import supplements as supplement_steps
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.referrals import supplements as store
from nrm.store.rows.referrals import supplements as supplement_rows
from nrm.vault import rows
from nrm.vault.members import CannotOpen
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.races import race

ADDED: dict[str, Any] = {"story": "the driver had both passports", "given": "Lule"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Urgent:
    """Somebody handed over urgently by Rinas, accepted by NRC at noon."""

    def __init__(self, consent: str = "given") -> None:
        clock.set_clock(lambda: NOW)
        self.rinas = factories.actor("rinas.border_officer")
        self.nrc = factories.actor("nrc.case_worker")
        sent = people.sent(self.rinas, urgent=True, consent_urgent=consent)
        self.case_id = sent.case_id
        before = self.row()
        assert (before.status, before.open_until) == ("waiting", None)
        referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=self.nrc)

    def row(self) -> Supplement:
        return db.session.scalars(
            select(Supplement).where(Supplement.case_id == self.case_id).execution_options(populate_existing=True)
        ).one()

    def send(self, answers: dict[str, Any] | None = None) -> None:
        supplements.send(supplement_id=self.row().id, answers=ADDED if answers is None else answers, by=self.rinas)

    def open(self, by: Actor, compartment: str = SUPPLEMENT) -> None:
        cases.open_compartment(case_id=self.case_id, compartment=compartment, purpose=Purpose.CARE, by=by)

    def read(self, by: Actor) -> Any:
        opened = supplement_steps.read(case_id=self.case_id, by=by)
        return opened and opened.value["answers"]

    def owed(self) -> dict[str, bool]:
        rows = db.session.execute(select(Obligation.kind, Obligation.done_at).where(Obligation.case_id == self.case_id))
        return {kind: done is not None for kind, done in rows}


@pytest.fixture
def urgent(app: Flask) -> Urgent:
    assert app
    return Urgent()


def test_acceptance_opens_it_for_24_hours_and_makes_the_rest_the_receivers_task(urgent: Urgent) -> None:
    row = urgent.row()
    assert (row.status, row.open_until) == ("open", NOW + timedelta(hours=24))
    assert [line.id for line in store.open_now(by=urgent.rinas)] == [row.id]
    assert urgent.owed()["complete_interview"] is False


def test_an_ordinary_hand_over_has_none(app: Flask) -> None:
    assert app
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert supplement_rows.of_case(sent.case_id) is None
    assert store.open_now(by=rinas) == []


def test_it_goes_to_the_holder_alone_and_the_post_reads_it_no_more(urgent: Urgent) -> None:
    urgent.send()
    held = select(Grant.organisation_id).where(Grant.case_id == urgent.case_id, Grant.compartment == SUPPLEMENT)
    assert set(db.session.scalars(held)) == {urgent.nrc.organisation_id}
    assert urgent.row().open_until is None
    for open_it in (urgent.open, urgent.read):
        with pytest.raises((NotVisible, CannotOpen)):
            open_it(urgent.rinas)
    assert urgent.read(urgent.nrc) is None  # not before it was opened, which is recorded
    urgent.open(urgent.nrc)
    assert urgent.read(urgent.nrc) == ADDED
    assert urgent.owed()["read_supplement"] is False


def test_it_is_sent_once_and_not_empty(urgent: Urgent) -> None:
    with pytest.raises(CaseRefused, match="nothing_added"):
        urgent.send({})
    urgent.send()
    with pytest.raises(IllegalTransition):
        urgent.send()


def test_after_24_hours_nothing_can_be_added_and_the_hour_goes(urgent: Urgent) -> None:
    clock.set_clock(lambda: NOW + timedelta(hours=24))
    with pytest.raises(NotVisible):
        urgent.send()
    assert store.open_now(by=urgent.rinas) == []
    assert tending.tend()["supplements_lapsed"] == 1
    assert (urgent.row().status, urgent.row().open_until) == ("lapsed", None)
    with pytest.raises(IllegalTransition):
        urgent.send()


@pytest.mark.parametrize("login", ["durres.border_officer", "nrc.case_worker", "ra.duty_officer", "oms.monitor"])
def test_nobody_else_adds_anything(urgent: Urgent, login: str) -> None:
    with pytest.raises((NotVisible, NotPermitted)):
        supplements.send(supplement_id=urgent.row().id, answers=ADDED, by=factories.actor(login))


@pytest.mark.parametrize("login", ["vatra.case_worker", "ra.duty_officer", "rinas.border_officer"])
def test_nobody_but_the_holder_reads_takes_or_files_it(urgent: Urgent, login: str) -> None:
    urgent.send()
    other = factories.actor(login)
    for act in (supplements.take_over, supplements.file, supplement_steps.read):
        with pytest.raises((NotVisible, NotPermitted)):
            act(case_id=urgent.case_id, by=other)


def test_taking_it_over_puts_each_answer_where_it_belongs_and_destroys_it(urgent: Urgent) -> None:
    urgent.send()
    with pytest.raises(CannotOpen):  # it was not opened
        supplements.take_over(case_id=urgent.case_id, by=urgent.nrc)
    urgent.open(urgent.nrc)
    supplements.take_over(case_id=urgent.case_id, by=urgent.nrc)
    for compartment in (Compartment.IDENTITY, Compartment.STORY):
        urgent.open(urgent.nrc, compartment)
    opened = case_steps.opened(case_id=urgent.case_id, by=urgent.nrc)
    assert opened[Compartment.IDENTITY].value["given"] == "Lule"
    assert opened[Compartment.STORY].value["story"] == ADDED["story"]
    assert "wordings" in opened[Compartment.STORY].value  # what was there stays
    assert db.session.get(SealedCompartment, (urgent.case_id, SUPPLEMENT)) is None
    assert urgent.owed()["read_supplement"] is True
    with pytest.raises((NotVisible, CannotOpen)):
        supplements.take_over(case_id=urgent.case_id, by=urgent.nrc)


def test_filing_it_leaves_it_sealed_and_ends_the_task(urgent: Urgent) -> None:
    urgent.send()
    supplements.file(case_id=urgent.case_id, by=urgent.nrc)
    assert urgent.owed()["read_supplement"] is True
    urgent.open(urgent.nrc)
    assert urgent.read(urgent.nrc) == ADDED
    with pytest.raises(NotVisible):
        supplements.file(case_id=urgent.case_id, by=urgent.nrc)


def test_before_consent_was_asked_nothing_is_written_into_the_case(app: Flask) -> None:
    assert app
    urgent = Urgent("not_asked")
    urgent.send({"story": "she was frightened"})
    urgent.open(urgent.nrc)
    with pytest.raises(CaseRefused, match="consent_first"):
        supplements.take_over(case_id=urgent.case_id, by=urgent.nrc)
    with pytest.raises(CaseRefused, match="consent_first"):
        supplements.complete(case_id=urgent.case_id, answers=ADDED, by=urgent.nrc)
    ask = select(Obligation.id).where(Obligation.case_id == urgent.case_id, Obligation.kind == "ask_consent")
    with pytest.raises(NotVisible):  # nobody says that it was done: the answer is written down
        referrals.acknowledge(obligation_id=db.session.scalars(ask).one(), by=urgent.nrc)
    yes = [Answer(Topic.SERVICES, Said.GIVEN), Answer(Topic.SHARING, Said.GIVEN)]
    consents.ask(case_id=urgent.case_id, answers=yes, asking=Asking("returnee-1", "sq", "nobody"), by=urgent.nrc)
    supplements.take_over(case_id=urgent.case_id, by=urgent.nrc)
    supplements.complete(case_id=urgent.case_id, answers={"given": "Lule"}, by=urgent.nrc)
    urgent.open(urgent.nrc, Compartment.IDENTITY)
    assert case_steps.opened(case_id=urgent.case_id, by=urgent.nrc)[Compartment.IDENTITY].value == {"given": "Lule"}
    assert urgent.owed()["complete_interview"] is True


def _refer_to_vatra(urgent: Urgent) -> uuid.UUID:
    return next_receiver.refer(
        case_id=urgent.case_id,
        receiver_id=people.organisation("VATRA"),
        reason=OverrideReason.PERSON_WISHES,
        hand_over=people.HAND_OVER,
        by=urgent.nrc,
    )


def _arrived(urgent: Urgent) -> None:
    accepted = select(Referral.id).where(Referral.case_id == urgent.case_id, Referral.status == "accepted")
    referrals.arrive(referral_id=db.session.scalars(accepted).one(), by=urgent.nrc)


@pytest.mark.parametrize("sent", ["before it is handed on", "while somebody is asked", "after it was handed on"])
def test_it_follows_the_case_to_its_next_holder(urgent: Urgent, sent: str) -> None:
    _arrived(urgent)
    if sent == "before it is handed on":
        urgent.send()
    referral_id = _refer_to_vatra(urgent)
    if sent == "while somebody is asked":
        urgent.send()
        urgent.open(urgent.nrc)
        assert urgent.read(urgent.nrc) == ADDED  # it is the holder's until somebody else is
    vatra = factories.actor("vatra.case_worker")
    referrals.accept(referral_id=referral_id, place_id=people.bed("VATRA"), by=vatra)
    if sent == "after it was handed on":
        urgent.send()
    urgent.open(vatra)
    assert urgent.read(vatra) == ADDED
    with pytest.raises(NotVisible):
        urgent.read(urgent.nrc)
    held = select(Grant.organisation_id).where(Grant.case_id == urgent.case_id, Grant.compartment == SUPPLEMENT)
    assert set(db.session.scalars(held)) == {vatra.organisation_id, urgent.nrc.organisation_id}  # until she leaves
    referrals.arrive(referral_id=referral_id, by=vatra)
    assert set(db.session.scalars(held)) == {vatra.organisation_id}
    assert db.session.scalars(select(PendingGrant).where(PendingGrant.case_id == urgent.case_id)).all() == []


def test_who_declines_keeps_no_key_to_it(urgent: Urgent) -> None:
    _arrived(urgent)
    referral_id = _refer_to_vatra(urgent)
    urgent.send()
    vatra = factories.actor("vatra.case_worker")
    referrals.decline(referral_id=referral_id, reason=DeclineReason.FULL, by=vatra)
    waiting = select(PendingGrant.organisation_id).where(
        PendingGrant.case_id == urgent.case_id, PendingGrant.compartment == SUPPLEMENT
    )
    assert people.organisation("VATRA") not in set(db.session.scalars(waiting))
    urgent.open(urgent.nrc)
    assert urgent.read(urgent.nrc) == ADDED


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_sent_in_the_instant_of_the_next_acceptance_it_is_the_new_holders(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    app: Flask = request.getfixturevalue(fixture)
    urgent = Urgent()
    _arrived(urgent)
    referral_id = _refer_to_vatra(urgent)
    supplement_id, place_id = urgent.row().id, people.bed("VATRA")
    vatra = factories.actor("vatra.case_worker")
    found = race(
        app,
        lambda: supplements.send(supplement_id=supplement_id, answers=ADDED, by=urgent.rinas),
        lambda: referrals.accept(referral_id=referral_id, place_id=place_id, by=vatra),
    )
    assert sorted(map(str, found)) == sorted(["None", str(urgent.case_id)])
    urgent.open(vatra)
    assert urgent.read(vatra) == ADDED
    referrals.arrive(referral_id=referral_id, by=vatra)
    held = select(Grant.organisation_id).where(Grant.case_id == urgent.case_id, Grant.compartment == SUPPLEMENT)
    assert set(db.session.scalars(held)) == {vatra.organisation_id}


@pytest.mark.slow
def test_by_pages_with_few_clicks(urgent: Urgent, sign_in: Callable[[str], Person]) -> None:
    clock.set_clock(None)
    row, code = urgent.row(), db.session.get_one(Case, urgent.case_id).pseudonym
    row.open_until = clock.now() + timedelta(hours=20)
    row.mark = rows.supplement_mark(row, code, row.open_until)
    db.session.commit()
    post, shelter = sign_in("rinas.border_officer"), sign_in("nrc.case_worker")
    address = f"/supplements/{urgent.row().id}"
    assert address in post.get("/")
    assert "name=given " in post.get(address)
    assert "Përgjigjuni të paktën një pyetjeje" in post.post(address, {}, status=422)
    kept = post.post(address, {"story": "kept text", "birth": "19x"}, status=422)
    assert "kept text" in kept
    assert post.post(address, ADDED) == f"{address}/sent"
    assert ADDED["story"] not in post.get(f"{address}/sent")
    assert post.post(address, ADDED) == f"{address}/sent"  # the same button again
    post.get(address, status=404)
    show = f"/cases/{urgent.case_id}/supplement"
    post.get(show, status=404)
    assert show in shelter.get("/")
    assert ADDED["story"] not in shelter.get(show)
    shelter.post(f"{show}/open", {}, status=422)
    shelter.post(f"{show}/open", {"compartment": SUPPLEMENT, "purpose": "care"})
    assert ADDED["story"] in shelter.get(show)
    shelter.post(f"{show}/take")
    shelter.get(show, status=404)
    complete = f"/cases/{urgent.case_id}/complete"
    assert complete in shelter.get("/")
    shelter.post(complete, {}, status=422)
    shelter.post(complete, {"family": "Planted", "is_here": "y"})
    assert complete not in shelter.get("/")
    refused = shelter.post(f"{complete}?lang=en", {"family": "Another", "story": "another story"}, status=409)
    assert "nothing is written over it" in refused
    assert "nothing is written over it" in shelter.get(f"{complete}?lang=en", 409)
    urgent.open(urgent.nrc, Compartment.IDENTITY)
    identity = case_steps.opened(case_id=urgent.case_id, by=urgent.nrc)[Compartment.IDENTITY].value
    assert identity["family"] == "Planted"
    assert "Shtojca" in shelter.get(f"/cases/{urgent.case_id}/openings?lang=sq")
    sign_in("vatra.case_worker").get(show, status=404)


@pytest.mark.slow
def test_before_an_interview_is_said_to_be_complete_the_page_names_what_the_post_added(
    urgent: Urgent, sign_in: Callable[[str], Person]
) -> None:
    """ "Nothing was added" stood beside "Read what the post added"."""
    wanted = (Obligation.case_id == urgent.case_id, Obligation.kind == "complete_interview")
    page = f"/obligations/{db.session.scalars(select(Obligation.id).where(*wanted)).one()}/acknowledge?lang=en"
    worker, read = sign_in("nrc.case_worker"), f'href="/cases/{urgent.case_id}/supplement"'
    shown = worker.get(page)
    assert "You have added nothing to the urgent interview yet." in shown
    assert f'href="/cases/{urgent.case_id}/complete"' in shown
    assert read not in shown
    urgent.send()
    assert read in worker.get(page)
    for login in ("vatra.case_worker", "rinas.border_officer"):
        sign_in(login).get(page, 404)


@pytest.mark.slow
def test_a_birth_that_cannot_be_or_makes_a_child_of_an_adult_is_not_written_without_a_word(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    """A shelter typed 2030, and 2015 for an adult: the case had a child in it, and nobody was told."""
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, urgent=True)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    worker, case, today = sign_in("nrc.case_worker"), f"/cases/{sent.case_id}", days.today()
    complete = f"{case}/complete?lang=en"
    worker.post(f"/referrals/{sent.referral_id}/arrival", {"bed": "none-yet", "admitted": "today", "is_here": "y"})
    future = worker.post(complete, {"birth": str(today.year + 4), "story": "kept text"}, status=422)
    assert "Enter a date that is not in the future" in future
    assert "kept text" in future
    child: dict[str, object] = {"birth": str(today.year - 11), "story": "kept text", "birth_is_right": "y"}
    refused = worker.post(complete, child, status=422)
    assert "By this date the person is under 18, and the case says 18 or over" in refused
    assert "kept text" in refused
    assert f'href="{case}/age" target="_blank"' in refused
    assert 'id="birth_is_right"' not in refused  # nothing to tick: the age comes first
    with pytest.raises(CaseRefused, match="born_later"):
        supplements.complete(case_id=sent.case_id, answers={"birth": str(today.year - 11)}, by=nrc)
    db.session.rollback()
    worker.post(f"{case}/age/assessed", {"age_class": "child", "when": "today", "sure": "y"})
    worker.post(complete, child)


def test_the_post_is_asked_about_a_birth_against_the_age_and_the_shelter_reads_it(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, urgent=True)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    line, today = store.open_now(by=rinas)[0], days.today()
    post, add = sign_in("rinas.border_officer"), f"/supplements/{line.id}?lang=en"
    assert "not in the future" in post.post(add, {"birth": str(today.year + 4)}, status=422)
    child: dict[str, object] = {"birth": str(today.year - 11), "story": "kept text"}
    asked = post.post(add, child, status=422)
    assert "call the duty desk now" in asked
    assert "kept text" in asked
    post.post(add, {**child, "birth_is_right": "y"})
    cases.open_compartment(case_id=sent.case_id, compartment=SUPPLEMENT, purpose=Purpose.CARE, by=nrc)
    worker, show = sign_in("nrc.case_worker"), f"/cases/{sent.case_id}/supplement"
    worker.post(f"{show}/open", {"compartment": SUPPLEMENT, "purpose": "care"})
    read = worker.get(f"{show}?lang=en")
    assert "By the date of birth this person is under 18, and the case says 18 or over" in read
    assert f'href="/cases/{sent.case_id}/age"' in read
    assert "Record first on the page of the age" in worker.post(f"{show}/take?lang=en", status=409)
    worker.post(f"/cases/{sent.case_id}/age/assessed", {"age_class": "child", "when": "today", "sure": "y"})
    worker.post(f"{show}/take")


def test_the_page_says_whom_it_is_about_and_asks_once_about_somebody_who_has_not_arrived(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    """One person's story was typed into the case of another one, for whom a place was kept."""
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, urgent=True)
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    worker, complete = sign_in("nrc.case_worker"), f"/cases/{sent.case_id}/complete?lang=en"
    code = db.session.get_one(Case, sent.case_id).pseudonym
    page = worker.get(complete)
    assert f"<strong>{code}</strong>" in page
    assert "This person has not arrived yet." in page
    asked = worker.post(complete, {"story": "kept text"}, status=422)
    assert f"is it {code} with whom you have spoken?" in asked
    assert "kept text" in asked
    worker.post(f"/referrals/{sent.referral_id}/arrival", {"bed": "none-yet", "admitted": "today", "is_here": "y"})
    assert "has not arrived yet" not in worker.get(complete)
    worker.post(complete, {"story": "kept text"})


@pytest.mark.slow
def test_who_takes_in_a_child_of_unknown_age_does_not_make_her_an_adult_alone(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    """She types a birth of eighteen years ago into what the urgent interview left out, and the month that follows."""
    rinas, nrc = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    sent = people.sent(rinas, urgent=True, age="child")
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=nrc)
    assert db.session.get_one(Case, sent.case_id).age_class == "child"
    worker, today, case = sign_in("nrc.case_worker"), days.today(), f"/cases/{sent.case_id}"
    worker.post(f"/referrals/{sent.referral_id}/arrival", {"bed": "none-yet", "admitted": "today", "is_here": "y"})
    birth: dict[str, object] = {
        "birth-day": str(today.day),
        "birth-month": str(today.month),
        "birth": str(today.year - 18),
    }
    asked = worker.post(f"{case}/complete?lang=en", birth, status=422)
    assert "By this date the person is 18 or over, and the case says under 18" in asked
    worker.post(f"{case}/complete", {**birth, "birth_is_right": "y"})
    worker.post(f"{case}/open", {"compartment": "identity", "purpose": "care"})
    worker.post(f"{case}/age/month", {"month": str(today.month), "year": str(today.year)})
    worker.post(f"{case}/age/turned", {"agrees": "no"}, status=422)
    db.session.rollback()
    assert db.session.get_one(Case, sent.case_id, populate_existing=True).age_class == "child"
    assert f"{case}/age" in sign_in("child_protection.child_protection_officer").get("/")


def test_nobody_says_that_an_interview_is_complete_of_somebody_who_has_not_come(
    urgent: Urgent, sign_in: Callable[[str], Person]
) -> None:
    """The interview is completed by speaking with the person: before the arrival the press could only be untrue."""
    wanted = (Obligation.case_id == urgent.case_id, Obligation.kind == "complete_interview")
    page = f"/obligations/{db.session.scalars(select(Obligation.id).where(*wanted)).one()}/acknowledge"
    worker = sign_in("nrc.case_worker")
    worker.get("/?lang=en")
    for address in ("/", "/to-do", f"/cases/{urgent.case_id}"):
        shown = worker.get(address)
        assert "Complete the urgent interview" in shown, address
        assert page not in shown, address
    sent = db.session.scalars(select(Referral.id).where(Referral.case_id == urgent.case_id)).one()
    referrals.arrive(referral_id=sent, by=urgent.nrc)
    assert page in worker.get("/to-do")
