"""Ways around the gates for who has a shelter's account: death, erasing, taking back, being missing, and a file."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from unittest import mock

import pytest
from flask import Flask, current_app
from sqlalchemy import inspect, select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.interviews import interview_imports
from nrm.actions.referrals import mistakes, next_receiver, outside_referrals, referrals
from nrm.actions.shelter import (
    absences,
    ages,
    cases,
    consents,
    corrections,
    direct_intake,
    erasures,
    permits,
    stays,
)
from nrm.actions.support import what_desks_know
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.accounts.second_hands import ActKind
from nrm.domain.interviews.interview_findings import UnacceptableInterview
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason
from nrm.domain.referrals.referrals import Escort, IllegalTransition, OverrideReason, ReferralRefused
from nrm.domain.referrals.transfers import CallOff
from nrm.domain.shelter import permits as permits_domain
from nrm.domain.shelter.absences import AbsenceRefused, Feared
from nrm.domain.shelter.cases import CaseRefused, Compartment
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.closings import ReopenReason
from nrm.domain.shelter.consents import EVERYTHING, ByName, ConsentRefused
from nrm.domain.shelter.corrections import CorrectionRefused, Why
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.findings import Found
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.resident_lines import EXAMPLE, UnreadableResident, check_head, codes, read
from nrm.domain.shelter.stays import (
    DESTINATIONS,
    Destination,
    ExitReason,
    ImpossibleStay,
    Source,
    StayOver,
    asks_country,
)
from nrm.models.audit import AuditEntry
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import parked
from nrm.steps.shelter.leaving import Exit
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.shelter import places as place_store
from tests import factories
from tests import second_hands as hands
from tests.conftest import Person
from tests.factories_interviews import LOGIN, example, questionnaire
from tests.factories_referrals import HAND_OVER, bed, organisation
from tests.factories_stays import ALBANIAN, CHILD, MOLDOVAN, admitted, found, may_go

SignIn = Callable[[str], Person]
DIED: dict[str, object] = {"died": "today"}


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def _stay(stay_id: uuid.UUID) -> Stay:
    db.session.rollback()
    return db.session.get_one(Stay, stay_id)


@pytest.mark.parametrize("case", [CHILD, MOLDOVAN])
def test_the_form_of_one_member_takes_no_death_and_leads_to_the_page_of_two(
    vatra: Actor, sign_in: SignIn, case: object
) -> None:
    opened = admitted(vatra, case)  # type: ignore[arg-type]
    person = sign_in("vatra.case_worker")
    address = f"/stays/{opened.stay_id}/end?lang=en"
    assert 'value="died"' not in person.get(address)
    page = person.post(address, {"ended": "today", "reason": "died", "destination": "none"}, 422)
    assert f"/stays/{opened.stay_id}/died" in page
    assert "Two members record a death" in page
    with pytest.raises(ImpossibleStay, match="died"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=calendar.today(),
            exit_reason=ExitReason.DIED,
            destination=Destination.NONE,
            by=vatra,
        )
    assert _stay(opened.stay_id).ended_on is None


@pytest.mark.slow
@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_death_of_a_child_is_told_at_once_and_said_by_two(vatra: Actor, sign_in: SignIn, age_class: str) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class), days_ago=3)
    first, second = sign_in("vatra.case_worker"), sign_in("vatra.shelter_manager")
    desk, authority = sign_in("ra.duty_officer"), sign_in("child_protection.child_protection_officer")
    address = f"/stays/{opened.stay_id}/died"
    for wrong, said in (
        ({"died": ""}, "Choose today or another day"),
        (
            {"died": "other", "died_day-day": "1", "died_day-month": "1", "died_day-year": "2999"},
            "Enter a day that is not in the future",
        ),
        (
            {"died": "other", "died_day-day": "1", "died_day-month": "1", "died_day-year": "2020"},
            "Enter a day that is not before the admission",
        ),
    ):
        assert said in first.post(f"{address}?lang=en", {**DIED, **wrong}, 422), wrong
    record = first.post(address, DIED)
    first.post(address, DIED, 409)
    assert "whoever recorded it cannot" in first.get(f"{record}?lang=en")
    first.post(f"{record}/confirm", {}, 409)
    assert _stay(opened.stay_id).ended_on is None
    for reader in (desk, authority):
        page = reader.get("/?lang=en")
        section = page[page.index("<h2>Died</h2>") :].split("</table>")[0]
        assert opened.pseudonym in section
        assert ("Vatra" in section) is (reader is desk)
    for login in ("nrc.case_worker", "nrc.shelter_manager"):
        stranger = sign_in(login)
        stranger.get(record, 404)
        stranger.get(address, 404)
        stranger.post(address, DIED, 404)
        for act in ("confirm", "back", "known"):
            stranger.post(f"{record}/{act}", {}, 404)
    assert opened.pseudonym in second.get("/")
    second.post(f"{record}/confirm", {})
    second.post(f"{record}/confirm", {}, 409)
    row = _stay(opened.stay_id)
    assert (row.exit_reason, row.destination, row.repatriation_gate, row.child_gate) == ("died", "none", "died", "died")
    assert None is not row.left_recorded_by_id != row.left_confirmed_by_id is not None
    for reader in (desk, authority):
        reader.post(f"{record}/known", {})
        assert "Take it back: we do not know yet" in reader.get("/?lang=en")  # also after the page is loaded again
        reader.post(f"{record}/not-known", {})
        reader.post(f"{record}/not-known", {})  # changes nothing
        assert f"{record}/known" in reader.get("/?lang=en")
        reader.post(f"{record}/known", {})
    factories.later(days=2)
    for login in ("ra.duty_officer", "child_protection.child_protection_officer"):
        assert "<h2>Died</h2>" not in sign_in(login).get("/?lang=en")
        sign_in(login).post(f"{record}/not-known", {}, 409)
    sign_in("vatra.case_worker").post(f"{record}/not-known", {}, 404)
    sign_in("tjeter_vizion.case_worker").post(f"{record}/not-known", {}, 404)
    db.session.rollback()
    events = db.session.scalars(
        select(AuditEntry.event).where(AuditEntry.event.like("death_%")).order_by(AuditEntry.id)
    ).all()
    assert events == ["death_recorded", "death_confirmed", "death_known", "death_known", "death_known", "death_known"]
    cases.close(case_id=opened.case_id, by=vatra)


def test_a_death_of_an_adult_is_told_to_the_duty_desk_alone(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN)
    record = sign_in("vatra.case_worker").post(f"/stays/{opened.stay_id}/died", DIED)
    assert "<h2>Died</h2>" in sign_in("ra.duty_officer").get("/?lang=en")
    authority = sign_in("child_protection.child_protection_officer")
    assert "<h2>Died</h2>" not in authority.get("/?lang=en")
    authority.post(f"{record}/known", {}, 404)
    sign_in("vatra.shelter_manager").post(f"{record}/back", {})
    assert "<h2>Died</h2>" not in sign_in("ra.duty_officer").get("/?lang=en")
    assert _stay(opened.stay_id).ended_on is None


@pytest.mark.parametrize("database", ["app", "postgres_app"])
def test_no_row_says_that_somebody_died_unless_two_say_so(database: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(database)
    by, other = factories.actor("vatra.shelter_manager"), factories.actor("vatra.case_worker")
    opened = admitted(by, CHILD)
    values = {"ended_on": calendar.today(), "exit_reason": "died", "destination": "none", "child_gate": "died"}
    one = {"left_recorded_by_id": by.member_id, "left_confirmed_by_id": by.member_id}
    for broken in ({}, {"repatriation_gate": "died"}, {"repatriation_gate": "died", **one}):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values, **broken))
    two = {**one, "left_confirmed_by_id": other.member_id, "repatriation_gate": "died"}
    with transaction() as session:
        session.execute(update(Stay).where(Stay.id == opened.stay_id).values(**values, **two))


def _handed_over(vatra: Actor, age_class: str) -> tuple[uuid.UUID, Actor]:
    """A child that another shelter took over and gave no bed yet: (case, that shelter's manager)."""
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    tjeter = factories.actor("tjeter_vizion.shelter_manager")
    referral_id = next_receiver.refer(
        case_id=opened.case_id,
        receiver_id=tjeter.organisation_id,
        reason=OverrideReason.SAFETY,
        hand_over=HAND_OVER,
        by=vatra,
    )
    referrals.accept(referral_id=referral_id, place_id=bed("TJETER_VIZION"), by=tjeter)
    referrals.arrive(referral_id=referral_id, by=tjeter)
    return opened.case_id, tjeter


def _sealed(case_id: uuid.UUID) -> int:
    db.session.rollback()
    return len(
        db.session.scalars(select(SealedCompartment.compartment).where(SealedCompartment.case_id == case_id)).all()
    )


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_a_childs_case_is_not_closed_by_erasing_it(vatra: Actor, sign_in: SignIn, age_class: str) -> None:
    case_id, tjeter = _handed_over(vatra, age_class)
    before = _sealed(case_id)
    page = sign_in("tjeter_vizion.shelter_manager").post(f"/cases/{case_id}/erase?lang=en", {"asked": "y"}, 409)
    assert "leaves only after the child protection service" in page
    assert (_sealed(case_id), db.session.get_one(Case, case_id).status) == (before, "open")
    with pytest.raises(GateClosed, match="assessments_missing"), transaction() as session:
        parked.able(session, case_id, ActKind.ERASE, tjeter)
    may_go(case_id)
    hands.erased(case_id, tjeter)
    assert (_sealed(case_id), db.session.get_one(Case, case_id).status) == (0, "closed")


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_of_a_child_nothing_was_consented_to_that_could_be_taken_back_with_everything(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class))
    before = _sealed(opened.case_id)
    person = sign_in("vatra.case_worker")
    address = f"/cases/{opened.case_id}/consents/withdraw"
    assert "A child is not asked" in person.get(f"{address}?lang=en", 409)
    page = person.post(f"{address}?lang=en", {"what": "everything:", "told": "y", "sure": "y"}, 409)
    assert "A child is not asked for consent" in page
    assert address not in person.get(f"/cases/{opened.case_id}/consents")
    with pytest.raises(ConsentRefused, match="child"):
        consents.withdraw(case_id=opened.case_id, what=EVERYTHING, by=vatra)
    with pytest.raises(ConsentRefused, match="child"), transaction() as session:
        parked.able(session, opened.case_id, ActKind.WITHDRAW, vatra)
    assert _sealed(opened.case_id) == before != 0


def test_an_adult_takes_everything_back_and_is_still_told_of_the_permit_before_she_leaves(vatra: Actor) -> None:
    opened = admitted(vatra, MOLDOVAN)
    hands.withdrawn(opened.case_id, vatra)
    row = _stay(opened.stay_id)
    assert (row.ended_on, db.session.get_one(Case, opened.case_id).status) == (None, "open")
    with pytest.raises(GateClosed, match="not_informed"):
        stays.end(
            stay_id=opened.stay_id,
            ended_on=calendar.today(),
            exit_reason=ExitReason.REPATRIATED,
            destination=Destination.COUNTRY_OF_CITIZENSHIP,
            by=vatra,
        )


def test_the_days_of_an_alarm_are_counted_from_the_day_it_was_raised(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=30)
    since = clock.now() - timedelta(days=25)
    missing_id = absences.report(case_id=opened.case_id, since=since, feared=Feared.NO, by=vatra)
    with pytest.raises(AbsenceRefused, match="too_early"):
        absences.end(missing_id=missing_id, by=vatra)
    sign_in("vatra.case_worker").post(f"/missing/{missing_id}/end", {}, 409)
    assert _stay(opened.stay_id).ended_on is None
    factories.later(days=2)
    sign_in("vatra.case_worker").post(f"/missing/{missing_id}/end", {})
    assert _stay(opened.stay_id).ended_on == since.astimezone(country().timezone).date()


# --- every gate attacked by every way to end a stay, to close a case, to move somebody or to send her home

ADULT, FOREIGNER, MINOR = (ALBANIAN, MOLDOVAN, CHILD)
ABROAD = {Destination.COUNTRY_OF_CITIZENSHIP, Destination.OTHER_COUNTRY}
REFUSALS = (
    NotVisible,
    GateClosed,
    CaseRefused,
    ImpossibleStay,
    CorrectionRefused,
    AbsenceRefused,
    ConsentRefused,
    IllegalTransition,
    ReferralRefused,
    StayOver,
)


class Resident:
    """Somebody who lives at Vatra, behind one of the gates; `shut` shuts it, once she is where the attack begins."""

    def __init__(self, case: OwnCase, shut: Callable[[Resident], None], *, sends_home_only: bool = False) -> None:
        self.by = factories.actor("vatra.shelter_manager")
        days_ago = 2 if shut is _reflects else 40
        case = dataclasses.replace(case, source=Source.ALREADY_THERE)
        opened = admitted(self.by, case, days_ago=days_ago)
        self.case_id, self.stay_id, self.minor = opened.case_id, opened.stay_id, case.age_class != "adult"
        self.household: uuid.UUID | None = None
        self._shut, self.sends_home_only = shut, sends_home_only

    def shut(self) -> None:
        """From now on nothing may end, close or move: what is kept is what must not change."""
        self._shut(self)
        db.session.rollback()
        self.kept = self.state()

    def state(self) -> list[object]:
        db.session.rollback()
        ends = (Stay.id, Stay.organisation_id, Stay.ended_on, Stay.exit_reason, Stay.destination)
        found: list[object] = [*db.session.execute(select(*ends).where(Stay.case_id == self.case_id).order_by(Stay.id))]
        case = select(Case.status, Case.holder_id).where(Case.id == self.case_id)
        letters = select(OutsideReferral.id).where(OutsideReferral.case_id == self.case_id)
        return [*found, *db.session.execute(case), _sealed(self.case_id), *db.session.execute(letters)]

    def left(self) -> None:
        """She left for a home in this country, as every gate let her before one was there for who is not told."""
        if self.minor:
            self.household = may_go(self.case_id)
        with mock.patch.object(permits_domain, "check_one_word"):
            self.end(Destination.FAMILY if self.minor else Destination.OWN_HOME, "home")

    def end(self, destination: Destination, where: str, reason: ExitReason | None = None, *, ago: int = 0) -> None:
        stays.end(
            stay_id=self.stay_id,
            ended_on=self.day(ago),
            exit_reason=reason or next(each for each, to in DESTINATIONS.items() if destination in to),
            destination=destination,
            where=where,
            household=self.household,
            by=self.by,
        )

    def day(self, ago: int = 0) -> date:
        return calendar.today() - timedelta(days=ago)

    def ends(self, *, few: bool = False) -> Iterator[tuple[ExitReason, Destination, str]]:
        """Every end that a form could name and that goes through the gate; `few`: one for each destination."""
        seen = set()
        for reason, destinations in DESTINATIONS.items():
            for destination in destinations:
                for where in ("home", "MD", "unknown"):
                    abroad = destination in ABROAD or where != "home"
                    if (not asks_country(destination) and where != "home") or (few and destination in seen):
                        continue
                    if abroad or not self.sends_home_only:
                        seen.add(destination)
                        yield reason, destination, where

    def refused(self, act: Callable[[], object]) -> None:
        with pytest.raises(REFUSALS):
            act()


def _no_more(_: Resident) -> None:
    """The gate is shut by what was never entered, or by the stay itself."""


def _not_safe(who: Resident) -> None:
    if who.household is not None:
        found(who.case_id, Assessment.RISK, what=Found.NOT_SAFE)


def _reflects(who: Resident) -> None:
    _told(who)


def _told(who: Resident) -> None:
    permits.record(case_id=who.case_id, event=PermitEvent.INFORM, on=who.day(), language="ro", by=who.by)


def _applied(who: Resident) -> None:
    _told(who)
    permits.record(case_id=who.case_id, event=PermitEvent.APPLY, on=who.day(), by=who.by)
    legal = [Compartment.LEGAL]
    cases.share(
        case_id=who.case_id, organisation_id=organisation("TRP_UNIT"), compartments=legal, agreed=True, by=who.by
    )


def _decides(who: Resident, event: PermitEvent) -> None:
    unit = factories.actor("trp_unit.trp_officer")
    permits.record(case_id=who.case_id, event=event, on=who.day(), by=unit)


def _may_appeal(who: Resident) -> None:
    _applied(who)
    _decides(who, PermitEvent.REFUSE)


def _appeals(who: Resident) -> None:
    _may_appeal(who)
    permits.record(case_id=who.case_id, event=PermitEvent.APPEAL, on=who.day(), by=who.by)


def _missing(who: Resident) -> None:
    since = clock.now() - timedelta(hours=1)
    absences.report(case_id=who.case_id, since=since, feared=Feared.NOT_KNOWN, by=who.by)


def _asked(who: Resident) -> None:
    next_receiver.refer(
        case_id=who.case_id,
        receiver_id=organisation("NRC"),
        reason=OverrideReason.PERSON_WISHES if not who.minor else OverrideReason.SAFETY,
        by_name=ByName.YES if not who.minor else None,
        hand_over=HAND_OVER,
        by=who.by,
    )


HOME_GATES = {
    "not told": (FOREIGNER, _no_more),
    "reflects": (FOREIGNER, _reflects),
    "applied": (FOREIGNER, _applied),
    "may appeal": (FOREIGNER, _may_appeal),
    "appeals": (FOREIGNER, _appeals),
    "stateless": (dataclasses.replace(FOREIGNER, citizenship="unknown"), _no_more),
}
CHILD_GATES = {
    "child": (MINOR, _not_safe),
    "unsure": (dataclasses.replace(MINOR, age_class="unsure"), _not_safe),
}


def _every_end(who: Resident, *, few: bool = False) -> None:
    who.shut()
    _ends(who, few=few)


def _ends(who: Resident, *, few: bool = False) -> None:
    for reason, destination, where in who.ends(few=few):
        for ago in (0, 1) if destination is Destination.FAMILY else (0,):
            who.refused(lambda: who.end(destination, where, reason, ago=ago))  # noqa: B023 - called at once


def _every_correction_of_an_end(who: Resident) -> None:
    who.left()
    who.shut()
    for reason, destination, where in who.ends():
        for ago in (0, 1) if destination is Destination.FAMILY else (1,):
            exit_ = Exit(who.day(ago), reason, destination, where, who.household)
            who.refused(
                lambda: corrections.correct_exit(stay_id=who.stay_id, exit_=exit_, why=Why.MISTYPED, by=who.by)  # noqa: B023
            )


def _reopened_and_ended_again(who: Resident) -> None:
    who.left()
    free = place_store.free_places(by=who.by)[0][0]
    corrections.reopen(stay_id=who.stay_id, place_id=free, why=Why.MISTYPED, by=who.by)
    _every_end(who, few=True)


def _another_place_and_another_day(who: Resident) -> None:
    """What corrects a place or a day of admission lets nobody out."""
    free = place_store.free_places(by=who.by)[0][0]
    corrections.correct_place(stay_id=who.stay_id, place_id=free, from_on=who.day(1), why=Why.MISTYPED, by=who.by)
    corrections.correct_admission(stay_id=who.stay_id, admitted_on=who.day(20), why=Why.MISTYPED, by=who.by)
    _every_end(who, few=True)


def _letters(who: Resident, *, closes: bool = False, home: bool = True) -> Callable[[], object]:
    kind, reason = (
        (OutsideKind.ORGANISATION_ABROAD, OutsideReason.RETURN_ABROAD)
        if home
        else (OutsideKind.OTHER_ORGANISATION, OutsideReason.NO_PARTY_RECEIVES)
    )
    return lambda: outside_referrals.refer_out(
        case_id=who.case_id,
        kind=kind,
        addressee="The aunt",
        reason=reason,
        needs=["legal"],
        language="sq",
        agreed=True,
        closes=closes,
        by=who.by,
    )


def _a_letter_abroad(who: Resident) -> None:
    who.shut()
    who.refused(_letters(who))
    who.refused(_letters(who, closes=True))


def _a_letter_after_she_left(who: Resident) -> None:
    who.left()
    who.shut()
    who.refused(_letters(who))
    who.refused(_letters(who, closes=True))


def _called_off(who: Resident) -> None:
    """Asked, accepted and called off: whoever had the case in between, it is behind the same gate."""
    _asked(who)
    referral_id = db.session.scalars(select(Referral.id).where(Referral.case_id == who.case_id)).one()
    nrc = factories.actor("nrc.shelter_manager")
    referrals.accept(referral_id=referral_id, place_id=bed("NRC"), by=nrc)
    before = who.state()
    for attack in (cases.close, erasures.erase):
        for by in (who.by, nrc):
            who.refused(lambda: attack(case_id=who.case_id, by=by))  # noqa: B023 - called at once
    assert who.state() == before
    referrals.call_off(referral_id=referral_id, reason=CallOff.ILL, words="", by=nrc)
    _every_end(who, few=True)


def _departed_by_mistake(who: Resident) -> None:
    """Asked, accepted, left, and not left after all: whoever takes the departure back lets nobody out."""
    _asked(who)
    referral_id = db.session.scalars(select(Referral.id).where(Referral.case_id == who.case_id)).one()
    nrc = factories.actor("nrc.shelter_manager")
    referrals.accept(referral_id=referral_id, place_id=bed("NRC"), by=nrc)
    soon = clock.now() + timedelta(hours=1)
    referrals.depart(referral_id=referral_id, escort=Escort.WOMAN_STAFF, expected_at=soon, by=who.by)
    mistakes.take_back_departure(referral_id=referral_id, why=Why.MISTOLD, expected_at=soon, by=who.by)
    before = who.state()
    for attack in (cases.close, erasures.erase):
        for by in (who.by, nrc):
            who.refused(lambda: attack(case_id=who.case_id, by=by))  # noqa: B023 - called at once
    who.refused(lambda: mistakes.take_back_acceptance(referral_id=referral_id, why=Why.MISTOLD, by=nrc))
    assert who.state() == before
    referrals.call_off(referral_id=referral_id, reason=CallOff.OTHER, words="", by=nrc)
    _every_end(who, few=True)


def _pages_of_an_end(who: Resident) -> None:
    """The third page sent without the two before it, as a form that somebody kept."""
    who.shut()
    person = Person(current_app.test_client(), "vatra.case_worker")
    form = {"ended": "today", "reason": "independent_living", "destination": "own_home", "where": "abroad"}
    for step in ("2", "3"):
        for more in ({"country": "abroad", "country_name": "MD"}, {"country": "home"}, {"country": "unknown"}):
            if who.sends_home_only and more["country"] == "home":
                continue
            page = person.client.post(
                f"/stays/{who.stay_id}/end", data={"csrf_token": person.csrf_token, **form, **more, "step": step}
            )
            assert page.status_code == 422, (step, more)


def _line(who: Resident, place: str, **other: str) -> dict[str, str]:
    """Who lives there, as a line of the file of the first day might say it otherwise."""
    said = {"place": place, "admitted_on": str(who.day(200)), "planned_end_on": str(who.day(-30)), **other}
    return {**EXAMPLE, "exploited_in": "", "exploitation": "", **said}


def _taken_in(line: dict[str, str], by: Actor) -> uuid.UUID:
    """The case of a line of `nrm stays import`."""
    resident = read(line, codes=codes(country().lists), home=country().iso, today=calendar.today())
    pseudonym = direct_intake.take_in(resident=resident, line=line, by=by)
    db.session.rollback()
    return db.session.scalars(select(Case.id).where(Case.pseudonym == pseudonym)).one()


def _alarm_by_mistake(who: Resident) -> None:
    """Missing, and then never missing: whoever strikes the alarm lets nobody out, and closes nothing."""
    _missing(who)
    missing_id = db.session.scalars(select(Missing.id).where(Missing.case_id == who.case_id)).one()
    corrections.strike_alarm(missing_id=missing_id, why=Why.OTHER_PERSON, by=who.by)
    _every_end(who, few=True)
    for act in (cases.close, erasures.erase):
        who.refused(lambda: act(case_id=who.case_id, by=who.by))  # noqa: B023 - called at once


def _imported(who: Resident) -> None:
    """No line of a file is about somebody who is there: what it says of her makes a case of its own, and hers stays."""
    who.shut()
    mine = db.session.scalars(
        select(Place.label).join(Occupancy, Occupancy.place_id == Place.id).where(Occupancy.stay_id == who.stay_id)
    ).one()
    with pytest.raises(ImpossibleStay):
        _taken_in(_line(who, mine), who.by)
    free = place_store.free_lines(by=who.by)[0].label
    assert _taken_in(_line(who, free), who.by) != who.case_id
    code = db.session.get_one(Case, who.case_id).pseudonym
    for column in ("code", "pseudonym", "case_id", "ended_on", "exit_reason", "destination", "informed_on"):
        with pytest.raises(UnreadableResident):
            check_head([*EXAMPLE, column])
    # Nor is an interview of a file: it is taken in as one of somebody new, and there is no place in it for a code.
    line = {
        "questionnaire": "returnee-1",
        "interviewed_at": "2026-01-02T10:30",
        "answers": prune(questionnaire(), example()),
    }
    named = {**line, "answers": {**example(), "case_id": str(who.case_id)}}
    for by in (who.by, rinas := factories.actor(LOGIN)):
        assert interview_imports.take_in(line=line, by=by) not in (None, code)
        with pytest.raises(UnacceptableInterview):
            interview_imports.take_in(line=named, by=by)
    with pytest.raises(NotPermitted):
        _taken_in(_line(who, free), rinas)
    _ends(who, few=True)


Way = Callable[[Resident], None]
HOME_WAYS: tuple[Way, ...] = (
    _every_end,
    _every_correction_of_an_end,
    _reopened_and_ended_again,
    _another_place_and_another_day,
    _a_letter_abroad,
    _a_letter_after_she_left,
    _called_off,
    _pages_of_an_end,
    _alarm_by_mistake,
    _departed_by_mistake,
    _imported,
)


def _closed_after_a_handing_over(who: Resident) -> None:
    """Another shelter that took her over, and gave her no place, sends nobody away by closing."""
    _asked(who)
    referral_id = db.session.scalars(select(Referral.id).where(Referral.case_id == who.case_id)).one()
    who.by = factories.actor("nrc.shelter_manager")
    referrals.accept(referral_id=referral_id, place_id=bed("NRC"), by=who.by)
    referrals.arrive(referral_id=referral_id, by=who.by)
    _closings(who)


def _closings(who: Resident) -> None:
    who.shut()
    for act in (cases.close, erasures.erase):
        who.refused(lambda: act(case_id=who.case_id, by=who.by))  # noqa: B023 - called at once
    who.refused(_letters(who, closes=True, home=False))


def _arrival_taken_back(who: Resident) -> None:
    """She was never there, says the second shelter: of a move between shelters it cannot say so."""
    _asked(who)
    referral_id = db.session.scalars(select(Referral.id).where(Referral.case_id == who.case_id)).one()
    who.by = factories.actor("nrc.shelter_manager")
    referrals.accept(referral_id=referral_id, place_id=bed("NRC"), by=who.by)
    referrals.arrive(referral_id=referral_id, by=who.by)
    stays.admit(
        case_id=who.case_id,
        place_id=bed("NRC"),
        admitted_on=who.day(),
        anticipated_end_on=who.day(-9),
        by=who.by,
    )
    with pytest.raises(CorrectionRefused, match="of_a_move"):
        corrections.take_back_arrival(referral_id=referral_id, why=Why.MISTYPED, by=who.by)
    _closings(who)


def _came_back_and_closed_again(who: Resident) -> None:
    who.left()
    cases.close(case_id=who.case_id, by=who.by)
    cases.reopen(case_id=who.case_id, reason=ReopenReason.CAME_BACK, by=who.by)
    found(who.case_id, Assessment.RISK, what=Found.NOT_SAFE)
    _closings(who)


def _not_found_and_came_back(who: Resident) -> None:
    """An alarm that ended without her lets a case be closed; not any more once she is there again."""
    _missing(who)
    authority = factories.actor("child_protection.child_protection_officer")
    missing_id = db.session.scalars(select(Missing.id).where(Missing.case_id == who.case_id)).one()
    what_desks_know.known(missing_id=missing_id, by=authority)
    factories.later(days=country().missing_days + 1)
    who.by = factories.actor("vatra.shelter_manager")
    absences.end(missing_id=missing_id, by=who.by)
    stays.admit(
        case_id=who.case_id,
        place_id=place_store.free_places(by=who.by)[0][0],
        admitted_on=who.day(),
        anticipated_end_on=who.day(-9),
        by=who.by,
    )
    _closed_after_a_handing_over(who)


def _older_than_assessed(who: Resident) -> None:
    """Who is assessed as a child today was none the less a child yesterday."""
    with transaction() as session:
        session.execute(update(Case).where(Case.id == who.case_id).values(age_class="adult"))
    ages.assess(case_id=who.case_id, age_class="child", on=who.day(), by=who.by)
    _every_end(who, few=True)
    who.refused(
        lambda: absences.record_left(
            stay_id=who.stay_id, left_on=who.day(1), destination=Destination.FAMILY, where="home", by=who.by
        )
    )


CHILD_WAYS: tuple[Way, ...] = (
    *HOME_WAYS,
    _closed_after_a_handing_over,
    _arrival_taken_back,
    _came_back_and_closed_again,
    _not_found_and_came_back,
    _older_than_assessed,
)


def _attacks(first: Iterable[str], all_ways: Sequence[Way], others: Iterable[str], ways: Iterable[Way]) -> list[object]:
    """Each way against the first gates; against the others, which the same rule shuts, a few."""
    pairs = [*itertools.product(first, all_ways), *itertools.product(others, ways)]
    return [pytest.param(gate, way, id=f"{gate}-{way.__name__.strip('_')}") for gate, way in pairs]


OTHER_HOME_GATES = [each for each in HOME_GATES if each not in ("not told", "applied")]
FEW_HOME_WAYS = (_every_end, _every_correction_of_an_end, _a_letter_abroad)
FEW_CHILD_WAYS = (_every_end, _closed_after_a_handing_over, _older_than_assessed)


@pytest.mark.slow
@pytest.mark.parametrize(("gate", "way"), _attacks(("not told", "applied"), HOME_WAYS, OTHER_HOME_GATES, FEW_HOME_WAYS))
def test_nobody_is_sent_home_by_any_way_while_her_gate_is_shut(vatra: Actor, gate: str, way: Way) -> None:
    assert vatra
    who = Resident(*HOME_GATES[gate], sends_home_only=True)
    way(who)
    assert who.state() == who.kept


@pytest.mark.slow
@pytest.mark.parametrize(("gate", "way"), _attacks(("child",), CHILD_WAYS, ("unsure",), FEW_CHILD_WAYS))
def test_no_child_leaves_by_any_way_without_findings_a_second_look_and_a_decision(
    vatra: Actor, gate: str, way: Way
) -> None:
    assert vatra
    who = Resident(*CHILD_GATES[gate])
    way(who)
    assert who.state() == who.kept


@pytest.mark.slow
@pytest.mark.parametrize("shut", [_no_more, _missing, _asked], ids=["lives here", "missing", "another is asked"])
def test_no_case_is_closed_erased_or_sent_on_around_a_stay_an_alarm_or_a_question(
    vatra: Actor, shut: Callable[[Resident], None]
) -> None:
    assert vatra
    here, gone = Resident(ADULT, shut), Resident(ADULT, shut)
    _closings(here)
    assert here.state() == here.kept
    if shut is _no_more:
        return
    gone.left()
    _closings(gone)
    exit_ = Exit(gone.day(1), ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME, "home")
    free = place_store.free_places(by=gone.by)[0][0]
    for act in (
        lambda: corrections.correct_exit(stay_id=gone.stay_id, exit_=exit_, why=Why.MISTYPED, by=gone.by),
        lambda: corrections.reopen(stay_id=gone.stay_id, place_id=free, why=Why.MISTYPED, by=gone.by),
    ):
        gone.refused(act)
    if shut is _missing:
        for reason, destination, where in here.ends():
            here.refused(lambda: here.end(destination, where, reason))  # noqa: B023 - called at once
    assert (here.state(), gone.state()) == (here.kept, gone.kept)


@pytest.mark.parametrize(
    ("told", "sends_home_only"),
    [
        pytest.param({"age_class": "child", "age": "15", "consent": "", "statistics": ""}, False, id="child"),
        pytest.param({"age_class": "unsure", "age": "", "consent": "", "statistics": ""}, False, id="unsure"),
        pytest.param({"citizenship": "MD"}, True, id="not told"),
    ],
)
def test_who_came_by_a_file_is_behind_the_same_gates_and_the_file_again_opens_nothing(
    vatra: Actor, told: dict[str, str], sends_home_only: bool
) -> None:
    who = Resident(ALBANIAN, _no_more, sends_home_only=sends_home_only)
    line = _line(who, place_store.free_lines(by=vatra)[0].label, **told)
    who.case_id = _taken_in(line, vatra)
    who.stay_id = db.session.scalars(select(Stay.id).where(Stay.case_id == who.case_id)).one()
    who.minor = not sends_home_only
    _every_end(who, few=True)
    _closings(who)
    who.refused(_letters(who))
    assert who.state() == who.kept
    assert _taken_in(line, vatra) == who.case_id
    assert who.state() == who.kept
    # Once she left and the case is closed, the same line gives its code and neither opens it nor brings her back.
    who.left()
    cases.close(case_id=who.case_id, by=vatra)
    closed = who.state()
    assert _taken_in(line, vatra) == who.case_id
    assert who.state() == closed


def test_who_is_assessed_as_a_child_before_the_second_member_looks_did_not_leave_alone(
    vatra: Actor, sign_in: SignIn
) -> None:
    opened = admitted(vatra, MOLDOVAN, days_ago=5)
    left_id = absences.record_left(
        stay_id=opened.stay_id, left_on=calendar.today(), destination=Destination.FRIENDS, where="home", by=vatra
    )
    ages.assess(case_id=opened.case_id, age_class="child", on=calendar.today(), by=vatra)
    assert "missing" in sign_in("vatra.case_worker").post(f"/left/{left_id}/confirm?lang=en", {}, 409)
    assert _stay(opened.stay_id).ended_on is None


def test_of_a_child_whose_case_is_open_again_somebody_can_find_something_again(vatra: Actor) -> None:
    """Closing took the keys of the file from child protection; nobody could ever open the gate again."""
    who = Resident(MINOR, _not_safe)
    who.left()
    cases.close(case_id=who.case_id, by=vatra)
    cases.reopen(case_id=who.case_id, reason=ReopenReason.CAME_BACK, by=vatra)
    who.household = may_go(who.case_id)
    cases.close(case_id=who.case_id, by=vatra)


def test_an_end_that_is_struck_leaves_nothing_on_the_stay_and_all_of_it_in_the_correction(vatra: Actor) -> None:
    """Also whose decision it was and for how long she could have appealed."""
    who = Resident(MINOR, _not_safe)
    who.left()
    free = place_store.free_places(by=vatra)[0][0]
    corrections.reopen(stay_id=who.stay_id, place_id=free, why=Why.MISTYPED, by=vatra)
    begun = {"id", "case_id", "organisation_id", "admitted_on", "known_on", "anticipated_end_on"}
    begun |= {"counts_from", "early_by_id"}  # from which day on nights that were entered late are paid
    row = _stay(who.stay_id)
    assert [
        name for name in [each.key for each in inspect(Stay).columns] if name not in begun and getattr(row, name)
    ] == []
    was = db.session.scalars(select(StayCorrection.was).where(StayCorrection.stay_id == who.stay_id)).one()
    assert {"child_decision_id", "assessed_by_id", "looked_by_id", "looked_on", "decided_on"} <= {
        name for name, value in was.items() if value
    }
