"""The permit gate looks at the country somebody leaves for; who left on her own is recorded so by two members."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm.actions.shelter import absences, claims, permits, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.absences import AbsenceRefused
from nrm.domain.shelter.claims import Forum
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.absences import LeftAlone
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.shelter import stays as store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import CHILD, MOLDOVAN, admitted, informed

SignIn = Callable[[str], Person]


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.mark.parametrize(
    ("reason", "destination"),
    [
        ("reintegrated_with_family", "family"),
        ("independent_living", "own_home"),
        ("foster_or_extended_family", "extended_family"),
        ("no_longer_needs_support", "unknown"),
    ],
)
def test_a_word_for_a_household_says_nothing_of_the_country(
    vatra: Actor, sign_in: SignIn, reason: str, destination: str
) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=40)
    leaving = {"ended": "today", "step": "3", "reason": reason, "destination": destination}
    page = sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/end?lang=en", leaving, 422)
    assert 'name="country"' in page
    assert store.stay(opened.stay_id, by=vatra).ended_on is None


@pytest.mark.parametrize("destination", ["own_home", "unknown", "family"])
def test_no_row_ends_for_a_household_without_the_country_and_what_opened_the_gate(
    vatra: Actor, destination: str
) -> None:
    opened = admitted(vatra, MOLDOVAN)
    values = {"ended_on": days.today(), "exit_reason": "left_voluntarily", "destination": destination}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values, child_gate="adult"))


LEFT: dict[str, object] = {"left": "today", "destination": "family", "country": "abroad", "country_name": "Moldavi"}


@pytest.mark.slow
def test_the_page_asks_for_the_country_and_the_gate_says_what_is_missing(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=40)
    person = sign_in("vatra.case_worker")
    address = f"/stays/{opened.stay_id}/end?lang=en"
    leaving: dict[str, object] = {"ended": "today", "step": "3", "reason": "independent_living"}
    for more, said in (
        ({}, "Say in which country that is"),
        ({"country": "junk"}, "Say in which country that is"),
        ({"country": "abroad"}, "Enter the name of the country"),
        ({"country": "abroad", "country_name": "nowhere"}, "Enter the name of the country"),
        (
            {"country": "abroad", "country_name": "Moldavi"},
            "until then nobody leaves for another country but a recorded",
        ),
        ({"country": "unknown"}, "until then nobody leaves for another country but a recorded"),
    ):
        assert said in person.post(address, {**leaving, **more}, 422), more
    informed(opened.case_id, vatra)
    person.post(address, {**leaving, "country": "abroad", "country_name": "Shqipëria"})
    row = db.session.get_one(Stay, opened.stay_id)
    assert (row.destination_country, row.repatriation_gate) == ("home", "home")


@pytest.mark.slow
def test_two_members_say_that_a_free_adult_left_and_the_duty_desk_is_told_at_once(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=3)
    first, second, desk = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager"), sign_in("ra.duty_officer")
    address = f"/stays/{opened.stay_id}/left"
    assert address in first.get(f"/stays/{opened.stay_id}/end")
    child = admitted(vatra, CHILD, days_ago=1, bed=1)
    assert "/left" not in first.get(f"/stays/{child.stay_id}/end")
    for wrong, said in (
        ({"left": ""}, "Choose today or another day"),
        ({"destination": ""}, "Choose where the person went"),
        ({"country": ""}, "Say in which country that is"),
        ({"country_name": ""}, "Say in which country that is"),
        (
            {"left": "other", "left_day-day": "1", "left_day-month": "1", "left_day-year": "2999"},
            "Enter a day that is not in the future",
        ),
    ):
        assert said in first.post(f"{address}?lang=en", {**LEFT, **wrong}, 422), wrong
    record = first.post(address, LEFT)
    first.post(address, LEFT, 409)
    page = desk.get("/?lang=en")
    assert opened.pseudonym in page
    assert "one member says so" in page
    assert "whoever recorded it cannot" in first.get(f"{record}?lang=en")
    first.post(f"{record}/confirm", {}, 409)
    assert store.stay(opened.stay_id, by=vatra).ended_on is None
    for login in ("nrc.case_worker", "nrc.shelter_manager"):
        stranger = sign_in(login)
        stranger.get(record, 404)
        for act in ("confirm", "back"):
            stranger.post(f"{record}/{act}", {}, 404)
    desk.post(f"{record}/confirm", {}, 403)
    assert opened.pseudonym in second.get("/")
    second.post(f"{record}/confirm", {})
    second.post(f"{record}/confirm", {}, 409)
    second.post(f"{record}/back", {}, 409)
    db.session.rollback()
    row = db.session.get_one(Stay, opened.stay_id)
    assert (row.exit_reason, row.destination, row.destination_country) == ("left_alone", "family", "MD")
    assert (row.repatriation_gate, row.child_gate) == ("left_alone", "adult")
    assert row.left_recorded_by_id != row.left_confirmed_by_id
    assert "1 confirmed this quarter" in desk.get("/?lang=en")
    desk.post(f"{record}/known", {})
    assert f"{record}/not-known" in desk.get("/?lang=en")
    factories.later(days=2)
    assert "Left on their own" not in sign_in("ra.duty_officer").get("/?lang=en")
    db.session.rollback()
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.like("left_alone%")).order_by(AuditEntry.id)
    ).all()
    assert events == ["left_alone_recorded", "left_alone_confirmed", "left_alone_known"]


def test_what_was_not_so_is_taken_back_and_can_be_recorded_again(vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN)
    worker = factories.actor("vatra.case_worker")

    def record() -> uuid.UUID:
        return absences.record_left(
            stay_id=opened.stay_id, left_on=days.today(), destination=Destination.UNKNOWN, where="unknown", by=worker
        )

    first = record()
    with pytest.raises(AbsenceRefused, match="already"):
        record()
    with pytest.raises(AbsenceRefused, match="same_member"):
        absences.confirm_left(left_id=first, by=worker)
    absences.take_back_left(left_id=first, by=worker)
    with pytest.raises(AbsenceRefused, match="over"):
        absences.confirm_left(left_id=first, by=vatra)
    absences.confirm_left(left_id=record(), by=vatra)


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_child_never_left_on_its_own(vatra: Actor, sign_in: SignIn, age_class: str) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class, citizenship="MD"))
    with pytest.raises(GateClosed, match="child_alone"):
        absences.record_left(
            stay_id=opened.stay_id, left_on=days.today(), destination=Destination.UNKNOWN, where="unknown", by=vatra
        )
    page = sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/left?lang=en", LEFT, 422)
    assert "does not leave on their own" in page


def test_the_form_of_an_organisations_own_acts_does_not_take_it(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN)
    leaving = {"ended": "today", "reason": "left_alone", "destination": "family", "country": "home"}
    sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/end", leaving, 422)
    with pytest.raises(ImpossibleStay, match="left_alone"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=days.today(),
            exit_reason=ExitReason.LEFT_ALONE,
            destination=Destination.FAMILY,
            where="home",
            by=vatra,
        )


def test_who_left_for_her_own_country_is_kept_with_it(vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN)
    left_id = absences.record_left(
        stay_id=opened.stay_id,
        left_on=days.today(),
        destination=Destination.COUNTRY_OF_CITIZENSHIP,
        where="",
        by=factories.actor("vatra.case_worker"),
    )
    absences.confirm_left(left_id=left_id, by=vatra)
    assert store.stay(opened.stay_id, by=vatra).destination_country == "MD"


@pytest.mark.parametrize("opened_by", ["permit", "claim", ""])
def test_with_an_open_application_or_claim_counsel_is_called_at_once(
    vatra: Actor, sign_in: SignIn, opened_by: str
) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=40)
    today = days.today()
    if opened_by == "permit":
        permits.record(case_id=opened.case_id, event=PermitEvent.INFORM, on=today, language="ro", by=vatra)
        permits.record(case_id=opened.case_id, event=PermitEvent.APPLY, on=today, by=vatra)
    elif opened_by == "claim":
        claims.ask(
            claim_id=uuid.uuid4(),
            case_id=opened.case_id,
            forum=Forum.CIVIL_SUIT,
            asked="not_stated",
            happened=Quarter.of(today),
            by=vatra,
        )
    left_id = absences.record_left(
        stay_id=opened.stay_id, left_on=today, destination=Destination.UNKNOWN, where="unknown", by=vatra
    )
    said = "Call counsel now"
    assert (said in sign_in("vatra.case_worker").get("/?lang=en")) is bool(opened_by)
    assert said not in sign_in("nrc.case_worker").get("/?lang=en")
    db.session.rollback()
    absences.take_back_left(left_id=left_id, by=vatra)
    assert said not in sign_in("vatra.case_worker").get("/?lang=en")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["left", "died"])
def test_a_colleague_let_in_by_the_first_alone_is_no_second_hand(vatra: Actor, sign_in: SignIn, kind: str) -> None:
    opened = admitted(vatra, MOLDOVAN)
    house = db.session.get_one(Organisation, vatra.organisation_id)
    puppet = factories._member(house, Role.CASE_WORKER, vatra, "2")
    factories.let_in(puppet, by=vatra)

    def record(by: Actor) -> uuid.UUID:
        today = days.today()
        if kind == "died":
            return absences.record_death(stay_id=opened.stay_id, died_on=today, by=by)
        return absences.record_left(
            stay_id=opened.stay_id, left_on=today, destination=Destination.UNKNOWN, where="unknown", by=by
        )

    for first, second in ((vatra, puppet), (puppet, vatra)):
        left_id = record(first)
        with pytest.raises(AbsenceRefused, match="no_hand"):
            absences.confirm_left(left_id=left_id, by=second)
        db.session.rollback()
        absences.take_back_left(left_id=left_id, by=first)
    left_id = record(puppet)
    page = sign_in("vatra.shelter_manager").get(f"/left/{left_id}?lang=en")
    assert "Ask another colleague of your shelter" in page
    assert f"/left/{left_id}/confirm" not in page
    absences.confirm_left(left_id=left_id, by=factories.actor("vatra.case_worker"))


def test_who_recorded_a_death_is_no_second_hand_when_the_row_names_another(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN)
    left_id = absences.record_death(stay_id=opened.stay_id, died_on=days.today(), by=vatra)
    worker = factories.actor("vatra.case_worker").member_id
    with transaction() as session:
        session.execute(update(LeftAlone).where(LeftAlone.id == left_id).values(recorded_by_id=worker))
    page = sign_in("vatra.shelter_manager").post(f"/left/{left_id}/confirm?lang=en", {}, 409)
    assert "changed in the database by another hand" in page
    assert db.session.get_one(Stay, opened.stay_id, populate_existing=True).ended_on is None
