"""A shelter's manager adds, names and closes beds; what counts them does so at once, and never in the past."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import referrals
from nrm.actions.shelter import places as place_actions
from nrm.actions.shelter import stays as stay_actions
from nrm.db import db
from nrm.domain.accounts.accounts import Role
from nrm.domain.agreement.routing import Capacity
from nrm.domain.referrals.referrals import PlaceNotFree
from nrm.domain.shelter.places import CloseReason, PlaceRefused
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.places import Place
from nrm.steps.referrals import proposals as proposal_steps
from nrm.store import days, names
from nrm.store.agreement import agreement_simulation
from nrm.store.countries import country
from nrm.store.referrals import system
from nrm.store.shelter import places, stays
from tests import factories, factories_stays
from tests import factories_agreements as texts
from tests import factories_referrals as people
from tests.conftest import Person
from tests.races import race

SignIn = Callable[[str], Person]
MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"


def labels(code: str = "VATRA") -> set[str]:
    db.session.rollback()
    statement = select(Place.label).join(Organisation, Organisation.id == Place.organisation_id)
    return set(db.session.scalars(statement.where(Organisation.code == code)))


def bed(label: str, code: str = "VATRA") -> Place:
    db.session.rollback()
    statement = select(Place).join(Organisation, Organisation.id == Place.organisation_id)
    return db.session.scalars(statement.where(Organisation.code == code, Place.label == label)).one()


def events(name: str) -> int:
    db.session.rollback()
    return len(db.session.scalars(select(AuditEntry).where(AuditEntry.event == name)).all())


def test_a_manager_adds_one_bed_or_several_and_they_count_at_once(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in(MANAGER)
    assert "Add places" in manager.get("/beds/list?lang=en")
    assert manager.post("/beds/add", {"name": "Garden room", "number": "1", "begins": "today"}) == "/beds/list"
    manager.post("/beds/add", {"name": "R9", "number": "3", "begins": "today"})
    assert {"Garden room", "R9", "R10", "R11"} <= labels()
    assert "49 places: 0 taken, 0 kept, 49 free" in manager.get("/beds?lang=en")
    assert "Garden room" in manager.get("/beds?lang=en")
    assert events("beds_added") == 2
    manager.post("/beds/add", {"name": "R9", "number": "3", "begins": "today"}, 422)
    assert len(labels()) == 49, "a double click adds nothing"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "", "number": "1", "begins": "today"}, "Enter a name"),
        ({"name": " ", "number": "1", "begins": "today"}, "Enter a name"),
        ({"name": "x" * 41, "number": "1", "begins": "today"}, "at most 40 characters"),
        ({"name": "V01", "number": "1", "begins": "today"}, "has this name already"),
        ({"name": "V44", "number": "2", "begins": "today"}, "has this name already"),
        ({"name": "Room", "number": "2", "begins": "today"}, "end with a number"),
        ({"name": "R1", "number": "0", "begins": "today"}, "a number from 1 to 50"),
        ({"name": "R1", "number": "51", "begins": "today"}, "a number from 1 to 50"),
        ({"name": "R1", "number": "two", "begins": "today"}, "a number from 1 to 50"),
        ({"name": "R1", "number": "", "begins": "today"}, "a number from 1 to 50"),
        ({"name": "R\u202e1", "number": "1", "begins": "today"}, "without invisible characters"),
        ({"name": "R\n1", "number": "1", "begins": "today"}, "on one line"),
        ({"name": "R99999999999999999999", "number": "2", "begins": "today"}, "end with a number"),
    ],
)
def test_what_cannot_be_added_is_said_and_nothing_is_lost(
    app: Flask, sign_in: SignIn, typed: dict[str, object], said: str
) -> None:
    before = labels()
    page = sign_in(MANAGER).post("/beds/add?lang=en", typed, 422)
    assert said in page
    assert labels() == before


def test_a_bed_gets_another_name_and_the_stays_in_it_stay(app: Flask, sign_in: SignIn) -> None:
    opened = factories_stays.admitted(factories.actor(WORKER))
    manager = sign_in(MANAGER)
    (line,) = [each for each in places.places(by=factories.actor(MANAGER)) if each.stay is not None]
    assert "Rename" in manager.get(f"/beds/{line.id}/rename?lang=en")
    assert manager.post(f"/beds/{line.id}/rename", {"name": "Lule 1"}) == f"/beds/{line.id}"
    assert stays.stay(opened.stay_id, by=factories.actor(WORKER)).place == "Lule 1"
    assert "has this name already" in manager.post(f"/beds/{line.id}/rename?lang=en", {"name": "V02"}, 422)
    assert "Enter a name" in manager.post(f"/beds/{line.id}/rename?lang=en", {"name": ""}, 422)
    assert events("bed_renamed") == 1
    manager.post(f"/beds/{line.id}/rename", {"name": "Lule 1"})
    assert events("bed_renamed") == 1, "the same name again changes nothing"


def test_a_free_bed_closes_with_a_reason_on_a_page_of_its_own_and_counts_no_more(app: Flask, sign_in: SignIn) -> None:
    manager = sign_in(MANAGER)
    address = f"/beds/{bed('V45').id}/close"
    manager.get(address)
    assert "Choose why" in manager.post(f"{address}?lang=en", {"closed": "today"}, 422)
    assert "Choose today or another day" in manager.post(f"{address}?lang=en", {"reason": "repairs"}, 422)
    assert bed("V45").until_on is None
    assert manager.post(address, {"closed": "today", "reason": "repairs"}) == address.removesuffix("/close")
    assert "44 places: 0 taken, 0 kept, 44 free." in manager.get("/beds?lang=en")
    board = manager.get("/beds?lang=en")
    assert ">V45<" not in board
    assert ">V44<" in board
    assert "V45" in manager.get("/beds/list?lang=en&from=40"), "and can be opened again"
    assert bed("V45").id not in [each for each, _ in places.free_places(by=factories.actor(WORKER))]
    manager.post(address, {"closed": "today", "reason": "repairs"}, 409)
    assert manager.post(f"/beds/{bed('V45').id}/reopen", {}) == f"/beds/{bed('V45').id}"
    manager.post(f"/beds/{bed('V45').id}/reopen", {})
    assert "45 places: 0 taken, 0 kept, 45 free." in manager.get("/beds?lang=en")
    assert (events("bed_closed"), events("bed_reopened")) == (1, 1)


def test_who_sleeps_in_a_bed_keeps_it_until_they_leave(app: Flask, sign_in: SignIn) -> None:
    opened = factories_stays.admitted(factories.actor(WORKER))
    line = stays.stay(opened.stay_id, by=factories.actor(WORKER))
    manager = sign_in(MANAGER)
    address = f"/beds/{line.place_id}/close"
    assert "Somebody sleeps in this place" in manager.get(f"{address}?lang=en")
    page = manager.post(f"{address}?lang=en", {"closed": "today", "reason": "fewer_places"}, 422)
    assert "until then somebody sleeps in this place" in page
    end = line.anticipated_end_on
    day = {"day-day": str(end.day), "day-month": str(end.month), "day-year": str(end.year)}
    manager.post(address, {"closed": "other", **day, "reason": "fewer_places"})
    assert "45 places: 1 taken, 0 kept, 44 free." in manager.get("/beds?lang=en")
    at = datetime.combine(end + timedelta(days=3), time(12), UTC)
    clock.set_clock(lambda: at)
    late = sign_in(MANAGER)
    assert "45 places: 1 taken, 0 kept, 44 free." in late.get("/beds?lang=en"), (
        "still there: the bed is not closed over her"
    )
    stay_actions.end(
        stay_id=opened.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=factories.actor(WORKER),
    )
    assert "44 places: 0 taken, 0 kept, 44 free." in late.get("/beds?lang=en")


def test_a_kept_bed_is_not_closed(app: Flask, sign_in: SignIn) -> None:
    sent = people.sent(factories.actor("rinas.border_officer"))
    referrals.accept(referral_id=sent.referral_id, place_id=people.bed("NRC"), by=factories.actor("nrc.case_worker"))
    manager = sign_in("nrc.shelter_manager")
    page = manager.post(f"/beds/{people.bed('NRC')}/close?lang=en", {"closed": "today", "reason": "repairs"}, 422)
    assert f"kept for {sent.pseudonym}" in page


@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_of_accepting_into_a_bed_and_closing_it_in_one_instant_one_happens(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    instance: Flask = request.getfixturevalue(fixture)
    worker, manager = factories.actor("nrc.case_worker"), factories.actor("nrc.shelter_manager")
    sent, wanted = people.sent(factories.actor("rinas.border_officer")), people.bed("NRC")
    done = race(
        instance,
        lambda: referrals.accept(referral_id=sent.referral_id, place_id=wanted, by=worker) and "accepted",
        lambda: (
            place_actions.close(place_id=wanted, closed_from=days.today(), why=CloseReason.REPAIRS, by=manager)
            or "closed"
        ),
        refusals=(PlaceNotFree, PlaceRefused),
    )
    assert len(done) == 1
    line = places.place_line(wanted, by=manager)
    assert line.closing == (done == ["closed"])
    assert bool(line.kept_for) == (done == ["accepted"])


def test_who_may_look_who_may_change_and_another_shelter_sees_nothing(app: Flask, sign_in: SignIn) -> None:
    worker = sign_in(WORKER)
    page = worker.get("/beds/list?lang=en")
    assert "V01" in page
    assert "/close" not in page
    own, other = bed("V01").id, people.bed("NRC")
    for verb in ("rename", "close"):
        worker.get(f"/beds/{own}/{verb}", 403)
        worker.post(f"/beds/{own}/{verb}", {"name": "X1", "closed": "today", "reason": "repairs"}, 403)
        sign_in(MANAGER).get(f"/beds/{other}/{verb}", 404)
        sign_in(MANAGER).post(f"/beds/{other}/{verb}", {"name": "X1", "closed": "today", "reason": "repairs"}, 404)
    worker.post("/beds/add", {"name": "X1", "number": "1", "begins": "today"}, 403)
    sign_in(MANAGER).post(f"/beds/{other}/reopen", {}, 404)
    sign_in(MANAGER).post(f"/beds/{uuid.uuid4()}/close", {"closed": "today", "reason": "repairs"}, 404)
    for login in ("rinas.border_officer", "ra.duty_officer", "molsa.statistician", "administrator"):
        sign_in(login).get("/beds/list", 403)


def test_capacity_of_the_past_is_what_it_was(app: Flask, sign_in: SignIn) -> None:
    today = days.today()
    past = today - timedelta(days=30)
    before = agreement_simulation.places(past, by=agreement_simulation.SIMULATION)
    manager = sign_in(MANAGER)
    manager.post("/beds/add", {"name": "R1", "number": "4", "begins": "today"})
    manager.post(f"/beds/{bed('V45').id}/close", {"closed": "today", "reason": "repairs"})
    db.session.rollback()
    assert agreement_simulation.places(past, by=agreement_simulation.SIMULATION) == before
    after = agreement_simulation.places(today, by=agreement_simulation.SIMULATION)
    assert after["VATRA"] == before["VATRA"] + 3


NEW_PARTY = """
[[party]]
code = "SHPRESA"
kind = "ngo_shelter"
names = { sq = "Shpresa, Shkodër", en = "Shpresa, Shkodër" }
signed_on = 2026-01-01
regions = ["shkoder"]
languages = ["sq", "en"]
desk = { opens = "00:00", closes = "00:00", weekends = true }
on_call = "+355 22 000 111"
competence = { in = ["gender", ["feminine", "transgender_feminine"]] }

[[party]]
code = "RA"
"""


FOUNDED_BY = ("shpresa.case_worker", "ra.duty_officer", "nrc.case_worker")


@pytest.mark.slow
def test_a_new_party_joins_enters_its_beds_and_receives_somebody_in_one_of_them(app: Flask, sign_in: SignIn) -> None:
    version = texts.opened(texts.draft("2027", None, ('\n[[party]]\ncode = "RA"\n', NEW_PARTY)))
    organisation = names.organisation_by_code("SHPRESA")
    admin = factories.actor("administrator")
    factories.found(organisation, (Role.SHELTER_MANAGER, Role.CASE_WORKER), admin)
    texts.sign_all(version)
    at = datetime.combine(texts.today() + timedelta(days=11), time(11), UTC)
    clock.set_clock(lambda: at)
    assert country().in_force(at).version == "2027"
    assert names.capacity()["SHPRESA"] is Capacity.NO_PLACES
    assert "Shpresa, Shkodër: no building entered yet" in sign_in("ra.duty_officer").get("/?lang=en")
    (place,) = [each for each in system.places(by=factories.actor("ra.duty_officer")) if each.code == "SHPRESA"]
    assert place.capacity is Capacity.NO_PLACES
    assert "no building entered yet" in sign_in("ra.duty_officer").get("/duty/map?lang=en")
    rinas = factories.actor("rinas.border_officer")
    waiting = people.interview(rinas, wish_region="shkoder")
    route = proposal_steps.proposal(
        interviews.read(interview_id=waiting, by=rinas).questionnaire,
        interviews.read(interview_id=waiting, by=rinas).answers,
        by=rinas,
    ).route
    assert "SHPRESA" not in [each.party for each in route.candidates]
    assert {each.party: str(each.reason) for each in route.excluded}["SHPRESA"] == "no_beds"
    manager = sign_in("shpresa.shelter_manager")
    assert "No building is entered yet, so nobody" in manager.get("/?lang=en")
    unit = {"label": "Kati i parë", "for_whom": "women", "name": "S1", "number": "6", "begins": "today"}
    assert manager.post("/beds/units/add", unit) == "/beds/units?did=added"
    db.session.rollback()
    assert names.capacity()["SHPRESA"] is Capacity.FREE
    assert "no building entered yet" not in sign_in("ra.duty_officer").get("/?lang=en")
    named = people.interview(rinas, wish_region="shkoder")
    interviews.save_answers(
        interview_id=named,
        answers=dict(interviews.read(interview_id=named, by=rinas).answers),
        named=(*people.NAMED, "SHPRESA"),
        by=rinas,
    )
    sent = interview_sending.send(interview_id=named, party="SHPRESA", by=rinas)
    worker = sign_in("shpresa.case_worker")
    assert sent.pseudonym in worker.get("/")
    worker.post(f"/referrals/{sent.referral_id}/accept", {"bed": str(bed("S3", "SHPRESA").id), "expected": "2"})
    assert "6 places: 0 taken, 1 kept, 5 free." in worker.get("/stays?lang=en")
    assert "Place S3 is kept" in worker.get(f"/cases/{sent.case_id}?lang=en")
