"""Beds, stays, permits, witness steps and a shelter's own cases, by the actions and by the pages."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from nrm.actions.accounts.accounts import CannotOpen
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, direct_intake, permits, places, stays, testimony
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.direct_intake import ImpossibleCase
from nrm.domain.shelter.permits import GateClosed, PermitEvent, PermitRefused
from nrm.domain.shelter.places import PlaceRefused
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay, StayOver
from nrm.domain.shelter.testimony import IllegalStep, WithdrawalReason, WitnessStatus
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.store import days as calendar
from nrm.store.shelter import cases as case_store
from nrm.store.shelter import permits as permit_store
from nrm.store.shelter import places as place_store
from nrm.store.shelter import stays as store
from nrm.store.shelter import testimony as testimony_store
from nrm.web.shelter.stays import HAPPENED
from tests import factories, factories_stays
from tests.conftest import Person
from tests.factories_referrals import bed, organisation, sent
from tests.factories_stays import ALBANIAN, CHILD, MOLDOVAN, admitted, found, informed, may_go, out_of_service
from tests.races import race

SignIn = Callable[[str], Person]
ABROAD = (ExitReason.REPATRIATED, Destination.COUNTRY_OF_CITIZENSHIP)
HOME = (ExitReason.REINTEGRATED_WITH_FAMILY, Destination.FAMILY)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


@pytest.fixture
def nrc(app: Flask) -> Actor:
    assert app
    return factories.actor("nrc.case_worker")


def _end(
    stay_id: uuid.UUID,
    how: tuple[ExitReason, Destination],
    by: Actor,
    on: date | None = None,
    where: str = "home",
    household: uuid.UUID | None = None,
) -> uuid.UUID:
    return stays.end(
        stay_id=stay_id,
        ended_on=on or calendar.today(),
        exit_reason=how[0],
        destination=how[1],
        where=where,
        household=household,
        by=by,
    )


def _arrived(by: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    """(case, kept bed) of somebody who was referred to the actor's shelter and has arrived."""
    line = sent(factories.actor("rinas.border_officer"), by.organisation_code)
    kept = bed(by.organisation_code, 4)
    case_id = referrals.accept(referral_id=line.referral_id, place_id=kept, by=by)
    referrals.arrive(referral_id=line.referral_id, by=by)
    return case_id, kept


# --- admitting


def test_a_referred_person_is_admitted_into_the_bed_that_was_kept(nrc: Actor) -> None:
    case_id, kept = _arrived(nrc)
    assert place_store.free_places(by=nrc, for_case=case_id)[0][0] == kept
    assert kept not in [each for each, _ in place_store.free_places(by=nrc)]
    assert place_store.room(by=nrc).held == 1
    today = calendar.today()
    stay_id = stays.admit(
        case_id=case_id, place_id=kept, admitted_on=today, anticipated_end_on=today + timedelta(days=10), by=nrc
    )
    room = place_store.room(by=nrc)
    assert (room.taken, room.held) == (1, 0)
    row = db.session.get_one(Stay, stay_id)
    assert row.known_on == today
    assert row.referral_id is not None


def test_nobody_is_admitted_before_they_arrived(nrc: Actor) -> None:
    line = sent(factories.actor("rinas.border_officer"), "NRC")
    case_id = referrals.accept(referral_id=line.referral_id, place_id=bed("NRC"), by=nrc)
    with pytest.raises(ImpossibleStay, match="not_arrived"):
        _admit(case_id, bed("NRC"), nrc)
    assert not store.of_case(case_id, by=nrc).may_admit


def _admit(case_id: uuid.UUID, place_id: uuid.UUID, by: Actor, on: date | None = None) -> uuid.UUID:
    day = on or calendar.today()
    return stays.admit(
        case_id=case_id, place_id=place_id, admitted_on=day, anticipated_end_on=day + timedelta(days=30), by=by
    )


def test_a_bed_of_another_shelter_does_not_exist(nrc: Actor, vatra: Actor) -> None:
    case_id, _ = _arrived(nrc)
    with pytest.raises(NotVisible):
        _admit(case_id, bed("VATRA"), nrc)
    with pytest.raises(NotVisible):
        _admit(case_id, bed("VATRA"), vatra)
    with pytest.raises(NotVisible):
        out_of_service(bed("NRC"), vatra)


def test_a_bed_that_is_kept_again_shows_the_code_of_whom_it_is_kept_for_now(nrc: Actor) -> None:
    first, kept = _arrived(nrc)
    today = calendar.today()
    stay_id = stays.admit(
        case_id=first, place_id=kept, admitted_on=today, anticipated_end_on=today + timedelta(days=10), by=nrc
    )
    factories.later(days=1)
    _end(stay_id, (ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME), nrc)
    second, again = _arrived(nrc)
    assert again == kept
    code = db.session.scalars(select(Case.pseudonym).where(Case.id == second)).one()
    assert {line.id: line.kept_for for line in place_store.places(by=nrc)}[kept] == code
    assert place_store.room(by=nrc).held == 1


def test_who_leaves_before_a_stay_begins_keeps_no_bed(nrc: Actor) -> None:
    case_id, kept = _arrived(nrc)
    assert place_store.room(by=nrc).held == 1
    cases.close(case_id=case_id, by=nrc)
    assert place_store.room(by=nrc).held == 0
    assert kept in [each for each, _ in place_store.free_places(by=nrc)]


def test_a_bed_kept_for_somebody_else_is_taken(nrc: Actor) -> None:
    _, kept = _arrived(nrc)
    own = admitted(nrc, days_ago=1)
    with pytest.raises(ImpossibleStay, match="place_kept"):
        stays.change(stay_id=own.stay_id, place_id=kept, anticipated_end_on=calendar.today(), by=nrc)


@pytest.mark.parametrize(
    ("days", "planned", "why"),
    [(-1, 30, "admission_in_future"), (400, 30, "admission_before_case"), (0, -1, "anticipated_before_admission")],
)
def test_impossible_days_of_admission_are_refused_and_leave_nothing(
    vatra: Actor, days: int, planned: int, why: str
) -> None:
    today = calendar.today()
    with pytest.raises(ImpossibleStay, match=why):
        direct_intake.open_case(
            case=ALBANIAN,
            place_id=bed("VATRA"),
            admitted_on=today - timedelta(days=days),
            anticipated_end_on=today + timedelta(days=planned),
            by=vatra,
        )
    assert db.session.scalar(select(Case.id)) is None


@pytest.mark.slow
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_of_twenty_admissions_at_once_to_the_last_place_one_succeeds(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    instance: Flask = request.getfixturevalue(fixture)
    vatra = factories.actor("vatra.case_worker")
    last = bed("VATRA", 9)
    with transaction() as session:
        gone = {"until_on": calendar.today(), "closed_why": "repairs"}
        session.execute(update(Place).where(Place.id != last).values(**gone))
    assert [id_ for id_, _ in place_store.free_places(by=vatra)] == [last]
    done = race(instance, *[lambda: admitted(vatra)] * 20, refusals=(ImpossibleStay, IndexError))
    assert len(done) == 1
    assert place_store.room(by=vatra).free == 0
    assert db.session.scalar(select(func.count()).select_from(Occupancy)) == 1


def test_a_person_is_not_in_two_beds(vatra: Actor) -> None:
    opened = admitted(vatra)
    with pytest.raises(ImpossibleStay, match="already_there"):
        _admit(opened.case_id, bed("VATRA", 5), vatra)


def test_who_came_back_gets_a_new_stay_in_the_same_case_but_not_for_nights_spent_already(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=10)
    today = calendar.today()
    left = today - timedelta(days=3)
    _end(opened.stay_id, (ExitReason.LEFT_VOLUNTARILY, Destination.UNKNOWN), vatra, left)
    with pytest.raises(ImpossibleStay, match="overlaps"):
        _admit(opened.case_id, bed("VATRA", 7), vatra, left - timedelta(days=1))
    _admit(opened.case_id, bed("VATRA", 7), vatra, left)
    seen = store.of_case(opened.case_id, by=vatra)
    assert seen.current is not None
    assert (seen.current.nights, seen.past[0].nights) == (3, 7)


# --- leaving, and the two gates


def test_nobody_leaves_before_they_came_or_in_the_future_or_twice(vatra: Actor) -> None:
    opened = admitted(vatra, days_ago=2)
    left = (ExitReason.LEFT_VOLUNTARILY, Destination.UNKNOWN)
    today = calendar.today()
    for on, why in (
        (today - timedelta(days=3), "exit_before_admission"),
        (today + timedelta(days=1), "exit_in_future"),
    ):
        with pytest.raises(ImpossibleStay, match=why):
            _end(opened.stay_id, left, vatra, on)
    with pytest.raises(ImpossibleStay, match="destination"):
        _end(opened.stay_id, (ExitReason.INDEPENDENT_LIVING, Destination.FAMILY), vatra)
    assert _end(opened.stay_id, left, vatra) == opened.case_id
    with pytest.raises(StayOver):
        _end(opened.stay_id, left, vatra)
    with pytest.raises(StayOver):
        stays.change(stay_id=opened.stay_id, place_id=bed("VATRA"), anticipated_end_on=today, by=vatra)


@pytest.mark.parametrize("citizenship", ["MD", "stateless", "unknown"])
def test_nobody_not_recorded_as_albanian_leaves_for_another_country_untold(vatra: Actor, citizenship: str) -> None:
    opened = admitted(vatra, dataclasses.replace(MOLDOVAN, citizenship=citizenship), days_ago=40)
    for how in (ABROAD, (ExitReason.LEFT_VOLUNTARILY, Destination.OTHER_COUNTRY)):
        with pytest.raises(GateClosed, match="not_informed"):
            _end(opened.stay_id, how, vatra, where="GR")
    _tell(opened.case_id, vatra)
    permits.record(case_id=opened.case_id, event=PermitEvent.APPLY, on=calendar.today(), by=vatra)
    with pytest.raises(GateClosed, match="application_open"):
        _end(opened.stay_id, ABROAD, vatra)
    permits.record(case_id=opened.case_id, event=PermitEvent.WITHDRAW, on=calendar.today(), by=vatra)
    said = select(PermitEntry.id).where(PermitEntry.event == PermitEvent.WITHDRAW)
    permits.second(entry_id=db.session.scalars(said).one(), by=factories.actor("vatra.case_worker"))
    _end(opened.stay_id, ABROAD, vatra)
    assert db.session.get_one(Stay, opened.stay_id).repatriation_gate == "informed"


def _tell(case_id: uuid.UUID, by: Actor) -> None:
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=calendar.today(), language="ro", by=by)


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_child_goes_home_only_after_three_assessments(vatra: Actor, age_class: str) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    for kind in Assessment:
        with pytest.raises(GateClosed, match="assessments_missing"):
            _end(opened.stay_id, HOME, vatra)
        found(opened.case_id, kind)
    with pytest.raises(GateClosed, match="second_look_missing"):
        _end(opened.stay_id, HOME, vatra)
    _end(opened.stay_id, HOME, vatra, household=may_go(opened.case_id))
    assert db.session.get_one(Stay, opened.stay_id).child_gate == "assessed"


@pytest.mark.parametrize(
    "values",
    [
        {"exit_reason": "repatriated", "destination": "country_of_citizenship"},
        {"exit_reason": "reintegrated_with_family", "destination": "family"},
        {"exit_reason": "died", "destination": "own_home"},
        {"exit_reason": "", "destination": ""},
    ],
)
def test_the_table_itself_refuses_an_end_that_passed_no_gate(vatra: Actor, values: dict[str, str]) -> None:
    opened = admitted(vatra, CHILD)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Stay).where(Stay.id == opened.stay_id).values(ended_on=calendar.today(), **values))
    assert db.session.scalar(select(Stay.ended_on).where(Stay.id == opened.stay_id)) is None


# --- who sees what


def test_another_shelter_sees_neither_stay_nor_case(vatra: Actor, nrc: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN)
    with pytest.raises(NotVisible):
        store.stay(opened.stay_id, by=nrc)
    with pytest.raises(NotVisible):
        _end(opened.stay_id, ABROAD, nrc)
    with pytest.raises(NotVisible):
        _tell(opened.case_id, nrc)
    person = sign_in("nrc.case_worker")
    for path in ("admit", "permit", "testimony", "opened", "missing"):
        person.get(f"/cases/{opened.case_id}/{path}", 404)
    for path in ("", "/change", "/end", "/left"):
        person.get(f"/stays/{opened.stay_id}{path}", 404)
    person.post(f"/stays/{opened.stay_id}/end", {"ended": "today", "reason": "independent_living"}, 404)
    person.post(f"/stays/{opened.stay_id}/left", {"left": "today", "destination": "family", "country": "home"}, 404)
    person.post(f"/cases/{opened.case_id}/missing", {"since": "1", "feared": "no"}, 404)
    person.post(f"/cases/{opened.case_id}/permit", {"event": "inform", "language": "sq", "on": "today"}, 404)
    assert opened.pseudonym not in person.get("/stays")
    assert opened.pseudonym not in person.get("/beds")


@pytest.mark.parametrize("login", ["rinas.border_officer", "molsa.statistician", "administrator", "ra.duty_officer"])
def test_roles_without_beds_reach_no_page_of_stays(sign_in: SignIn, vatra: Actor, login: str) -> None:
    opened = admitted(vatra)
    person = sign_in(login)
    for path in ("/stays", "/beds", "/cases/new", f"/stays/{opened.stay_id}", f"/cases/{opened.case_id}/permit"):
        person.get(path, 403)


def test_a_service_without_beds_has_none_to_show(sign_in: SignIn) -> None:
    person = sign_in("child_protection.case_worker")
    for path in ("/stays", "/beds", "/cases/new"):
        person.get(path, 404)


def test_numbers_of_beds_are_for_the_shelter_and_the_duty_desk(vatra: Actor) -> None:
    admitted(vatra)
    assert [room.taken for room in place_store.rooms(by=factories.actor("ra.duty_officer")) if room.places == 45] == [1]
    for login in ("rinas.border_officer", "vatra.case_worker", "molsa.statistician"):
        with pytest.raises(NotPermitted):
            place_store.rooms(by=factories.actor(login))


def test_the_permit_unit_records_in_cases_shared_with_it_and_no_longer(vatra: Actor) -> None:
    unit = factories.actor("trp_unit.trp_officer")
    opened = admitted(vatra, MOLDOVAN)
    with pytest.raises(NotVisible):
        permit_store.of_case(opened.case_id, by=unit)
    _tell(opened.case_id, vatra)
    permits.record(case_id=opened.case_id, event=PermitEvent.APPLY, on=calendar.today(), by=vatra)
    cases.share(
        case_id=opened.case_id,
        organisation_id=organisation("TRP_UNIT"),
        compartments=[Compartment.LEGAL],
        agreed=True,
        by=vatra,
    )
    permits.record(case_id=opened.case_id, event=PermitEvent.REFUSE, on=calendar.today(), by=unit)
    seen = permit_store.of_case(opened.case_id, by=unit)
    assert seen.facts.informed is not None
    assert {str(each.by) for each in seen.entries} == {"{}"}, "which shelter told the person says where they are"
    with pytest.raises(NotPermitted):
        testimony.record(case_id=opened.case_id, status=WitnessStatus.WILLING, happened_on=calendar.today(), by=unit)
    cases.end_share(case_id=opened.case_id, organisation_id=organisation("TRP_UNIT"), by=vatra)
    with pytest.raises(NotVisible):
        permits.record(case_id=opened.case_id, event=PermitEvent.APPEAL, on=calendar.today(), by=unit)
    assert case_store.shared(by=unit).rows == []


def test_the_witness_liaison_records_in_cases_shared_with_the_prosecution(vatra: Actor) -> None:
    liaison = factories.actor("prosecution.witness_liaison")
    opened = admitted(vatra)
    with pytest.raises(NotVisible):
        testimony_store.of_case(opened.case_id, by=liaison)
    cases.share(
        case_id=opened.case_id,
        organisation_id=organisation("PROSECUTION"),
        compartments=[Compartment.LEGAL],
        agreed=True,
        by=vatra,
    )
    today = calendar.today()
    testimony.record(case_id=opened.case_id, status=WitnessStatus.STATEMENT_GIVEN, happened_on=today, by=liaison)
    with pytest.raises(IllegalStep, match="before_last_step"):
        testimony.record(
            case_id=opened.case_id,
            status=WitnessStatus.EVIDENCE_DISTRICT_COURT,
            happened_on=today - timedelta(days=1),
            by=liaison,
        )
    with pytest.raises(IllegalStep, match="reason_missing"):
        testimony.record(
            case_id=opened.case_id, status=WitnessStatus.TESTIMONY_WITHDRAWN, happened_on=today, by=liaison
        )
    testimony.record(
        case_id=opened.case_id,
        status=WitnessStatus.TESTIMONY_WITHDRAWN,
        happened_on=today,
        reason=WithdrawalReason.THREAT_TO_FAMILY,
        by=liaison,
    )
    assert testimony_store.of_case(opened.case_id, by=vatra).status is WitnessStatus.TESTIMONY_WITHDRAWN
    with pytest.raises(NotPermitted):
        _tell(opened.case_id, liaison)
    # Where the person is stays the shelter's knowledge.
    assert store.of_case(opened.case_id, by=liaison).current is None


# --- permits: the rest stands in test_permit_entries.py


def test_nobody_applies_before_being_told_which_the_agreement_asks_for(vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN)
    with pytest.raises(PermitRefused, match="state"):
        permits.record(case_id=opened.case_id, event=PermitEvent.APPLY, on=calendar.today(), by=vatra)
    _tell(opened.case_id, vatra)
    told = select(Obligation.done_at).where(
        Obligation.case_id == opened.case_id, Obligation.kind == "inform_of_trp_options"
    )
    assert db.session.scalar(told) is not None


# --- beds


def test_a_bed_out_of_use_takes_nobody_until_it_is_back(vatra: Actor) -> None:
    opened = admitted(vatra)
    has = factories_stays.has(opened.stay_id)
    assert has is not None
    with pytest.raises(PlaceRefused, match="occupied"):
        out_of_service(has, vatra)
    broken = bed("VATRA", 9)
    out = out_of_service(broken, vatra)
    assert place_store.room(by=vatra).free == 43
    with pytest.raises(ImpossibleStay, match="place_out_of_use"):
        stays.change(stay_id=opened.stay_id, place_id=broken, anticipated_end_on=calendar.today(), by=vatra)
    with pytest.raises(NotPermitted):
        places.put_back(out_id=out, by=factories.actor("vatra.case_worker"))
    places.put_back(out_id=out, by=vatra)
    assert broken in [each for each, _ in place_store.free_places(by=vatra)]


def test_stays_come_in_pages_without_gap_or_double(vatra: Actor) -> None:
    made = {admitted(vatra).stay_id for _ in range(5)}
    seen: list[uuid.UUID] = []
    after = ""
    while True:
        page = store.stays(by=vatra, after=after, size=2)
        seen += [line.id for line in page.rows]
        after = page.after
        if not after:
            break
    assert len(seen) == 5
    assert set(seen) == made
    with pytest.raises(NotVisible):
        store.stays(by=vatra, after="junk")


# --- a shelter's own cases


def test_identity_and_story_of_a_childs_case_go_where_the_clause_says(vatra: Actor) -> None:
    service = factories.actor("child_protection.case_worker")
    opened = admitted(vatra, CHILD, identity={"given": "Zamira"}, story="a man called Besnik", note="insulin")
    assert _read(opened.case_id, Compartment.IDENTITY, vatra) == {"given": "Zamira"}
    assert _read(opened.case_id, Compartment.IDENTITY, service) == {"given": "Zamira"}
    with pytest.raises(CannotOpen):
        cases.open_compartment(
            case_id=opened.case_id, compartment=Compartment.STORY, purpose=Purpose.CHILD_PROTECTION, by=service
        )


def _read(case_id: uuid.UUID, compartment: Compartment, by: Actor) -> dict[str, object]:
    purpose = Purpose.CHILD_PROTECTION if by.organisation_code == "CHILD_PROTECTION" else Purpose.CARE
    cases.open_compartment(case_id=case_id, compartment=compartment, purpose=purpose, by=by)
    return case_steps.opened(case_id=case_id, by=by)[compartment].value


def test_of_an_adult_who_did_not_agree_nothing_is_kept_and_nobody_is_told(vatra: Actor) -> None:
    refused = dataclasses.replace(MOLDOVAN, consent="refused")
    with pytest.raises(ImpossibleCase):
        admitted(vatra, refused, identity={"given": "Zamira"})
    opened = admitted(vatra, refused)
    with pytest.raises(CannotOpen):
        _read(opened.case_id, Compartment.IDENTITY, vatra)
    kinds = set(db.session.scalars(select(Obligation.kind).where(Obligation.case_id == opened.case_id)))
    assert "notify" not in kinds
    assert "inform_of_trp_options" in kinds


def test_only_a_shelter_opens_a_case_of_its_own(app: Flask) -> None:
    assert app
    by = factories.actor("child_protection.case_worker")
    with pytest.raises(NotVisible):
        direct_intake.open_case(
            case=CHILD, place_id=bed("VATRA"), admitted_on=calendar.today(), anticipated_end_on=calendar.today(), by=by
        )


# --- the pages

WHO = {
    "source": "police",
    "age_class": "adult",
    "consent": "yes",
    "statistics": "yes",
    "age": "24",
    "gender": "feminine",
    "citizenship": "country",
    "citizenship_country": "Moldavi",
    "official": "no",
    "needs": ["medical", "legal"],
}


def test_who_goes_back_to_the_first_page_finds_the_second_as_it_was(sign_in: SignIn) -> None:
    """Also after the first page was refused once, and for a child who came with somebody."""
    person = sign_in("vatra.case_worker")
    typed = {"story": "told", "given": "Zamira", "birth-year": "2002", "forms": ["sexual_exploitation"], "bed": "V07"}
    back = person.post("/cases/new", {**WHO, **typed, "step": "2", "back": "1"}, 200)
    again = hidden(back)
    assert {"story", "given", "birth-year", "forms", "bed"} <= again.keys()
    wrong = person.post("/cases/new", {**WHO, **again, "age": "x"}, 422)
    second = str(person.post("/cases/new", {**WHO, **hidden(wrong)}, 200))
    for part in (">\ntold<", 'value="Zamira"', 'value="2002"', 'value="sexual_exploitation" checked'):
        assert part in second or part.replace("\n", "") in second, part
    assert re.search(r'<option value="V07" selected', second)
    assert 'class="errors"' not in second  # nothing is refused before it is sent


def hidden(page: str) -> dict[str, str]:
    """What a page carries without showing it."""
    return dict(re.findall(r'<input type="hidden" name="([a-z_-]+)" value="([^"]*)"', page))


@pytest.mark.slow
def test_a_case_is_opened_in_two_pages_and_its_stay_closed(sign_in: SignIn) -> None:
    person = sign_in("vatra.case_worker")
    second = person.post("/cases/new", WHO, 200)
    assert second.count('name="needs"') == 2
    answers = {
        "step": "2",
        "exploited_in": "Itali, Greqi",
        "forms": ["sexual_exploitation"],
        "story": "told",
        "given": "Zamira",
        "birth-year": "2002",
        "bed": "V07",
        "admitted": "today",
        "planned": "30",
    }
    done = person.get(person.post("/cases/new", {**WHO, **answers}))
    assert "Zamira" not in done
    assert re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", done)
    stay = re.search(r"/stays/([0-9a-f-]{36})\"", person.get("/stays"))
    assert stay
    person.get(f"/stays/{stay[1]}/end")
    by = factories.actor("vatra.case_worker")
    informed(store.stay(uuid.UUID(stay[1]), by=by).case_id, by)
    over = person.get(
        person.post(
            f"/stays/{stay[1]}/end",
            {"ended": "today", "reason": "independent_living", "country": "home", "step": "3"},
        )
    )
    assert "/change" not in over
    assert person.post("/cases/new", {**WHO, **answers, "bed": "V99"}, 422).count("Zamira") == 1
    # A child that is entered as an adult would pass no gate of a child.
    page = person.post("/cases/new?lang=en", {**WHO, **answers, "age": "", "birth-year": "2015", "bed": "V08"}, 422)
    assert "fits the answer whether the person is 18" in page
    assert page.count("Zamira") == page.count('value="2015"') == 1


def test_the_reason_stands_on_the_page_that_refuses(sign_in: SignIn, vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN)
    person = sign_in("vatra.case_worker")
    leaving = {"ended": "today", "step": "3", "reason": "repatriated", "destination": "country_of_citizenship"}
    page = person.post(f"/stays/{opened.stay_id}/end?lang=en", leaving, 422)
    assert "until then nobody leaves for another country but a recorded" in page
    assert f"/cases/{opened.case_id}/permit" in page
    early = {**leaving, "ended": "other", "ended_day-day": "1", "ended_day-month": "1", "ended_day-year": "2020"}
    page = person.post(
        f"/stays/{opened.stay_id}/end",
        {**early, "reason": "witness_protection", "destination": "", "country": "home"},
        422,
    )
    assert "Enter a day that is not before the admission" in page
    assert 'value="2020"' in page


def test_who_may_not_be_named_is_not_asked_for_a_name(sign_in: SignIn) -> None:
    person = sign_in("vatra.case_worker")
    page = person.post("/cases/new", {**WHO, "consent": "no", "statistics": "no"}, 200)
    for name in ("given", "story", "exploited_in", "forms"):
        assert f'name="{name}"' not in page
    page = person.post("/cases/new", {**WHO, "age_class": "child", "age": "15"}, 200)
    assert 'name="given"' in page


JUNK: list[object] = ["", "junk", "\0", "x" * 200_000, "\u202e", "99999999999999999999", ["1", "2"], "-1", "٣"]


@pytest.mark.slow
@pytest.mark.parametrize("value", JUNK, ids=range(len(JUNK)))
def test_junk_in_any_field_is_refused_and_never_an_error_of_the_server(
    sign_in: SignIn, vatra: Actor, value: object
) -> None:
    opened = admitted(vatra, MOLDOVAN)
    person = sign_in("vatra.shelter_manager")
    day = {"-day": "3", "-month": "11", "-year": "2026"}
    forms: dict[str, dict[str, object]] = {
        f"/stays/{opened.stay_id}/end": {
            "ended": "other",
            "reason": "left_voluntarily",
            "destination": "family",
            "step": "3",
        }
        | {f"ended_day{part}": each for part, each in day.items()},
        f"/stays/{opened.stay_id}/change": {"bed": "V03"} | {f"planned{part}": each for part, each in day.items()},
        f"/cases/{opened.case_id}/permit": {"event": "inform", "language": "sq", "on": "other"}
        | {f"on_day{part}": each for part, each in day.items()},
        f"/cases/{opened.case_id}/testimony": {"status": "willing", "happened": "other"}
        | {f"happened_day{part}": each for part, each in day.items()},
        f"/cases/{opened.case_id}/admit": {"bed": "V03", "admitted": "today", "planned": "30"},
        "/cases/new": {**WHO, "step": "2", "bed": "V04", "admitted": "today", "planned": "30"}
        | dict.fromkeys(("exploited_in", "story", "given", "birth-year", "birth-month", "contact"), ""),
    }
    free_text = {"story", "given", "contact", "needs_note", "birth-year", "birth-month", "exploited_in", "age", "step"}
    for path, fields in forms.items():
        for name in fields:
            answer = person.client.post(path, data={**fields, name: value, "csrf_token": person.csrf_token})
            assert answer.status_code < 500, (path, name)
            if name not in free_text and answer.status_code in (200, 303):
                # What is not read under the other answers, and what is a choice of its own, may stand.
                assert name in ("citizenship_country", "consent", "statistics", "destination", "needs"), (path, name)
    for path in ("/stays?after=" + "x" * 50, "/stays?after=%00", f"/stays/{uuid.uuid4()}"):
        person.get(path, 404)


@pytest.mark.slow
def test_what_was_done_is_said_to_who_did_it_while_it_stands_and_not_by_an_address(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, days_ago=3)
    worker, manager = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager")
    page = f"/stays/{opened.stay_id}"
    for did in HAPPENED:
        if did != "same":
            assert 'class="done" role="status"' not in worker.get(f"{page}?did={did}&lang=en"), did
    going = {"since": "today", "expected": "1", "reason": ""}
    done = worker.post(f"{page}/away", going)
    assert done == f"{page}?did=away"
    assert "is away. If the person is not back" in worker.get(f"{done}&lang=en")
    assert 'class="done" role="status"' not in manager.get(f"{done}&lang=en")  # who did not do it
    for did in ("left", "ended", "found", "back", "admitted"):
        assert 'class="done" role="status"' not in worker.get(f"{page}?did={did}&lang=en"), did
    away_id = store.stay(opened.stay_id, by=vatra).away_id
    manager.post(f"/away/{away_id}/back", {"back": "today"})
    assert "is away. If the person is not back" not in worker.get(f"{done}&lang=en")
    assert "is back. The nights are counted" in manager.get(f"{page}?did=back&lang=en")
    factories.later(minutes=20)
    assert 'class="done" role="status"' not in sign_in("vatra.shelter_manager").get(f"{page}?did=back&lang=en")
