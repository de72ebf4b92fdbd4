"""A stay that ends by the word of one member of a shelter: what it does not end, and who reads it (ADR 0260)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences, away, cases, corrections, key_workers, permits, stays
from nrm.actions.shelter.direct_intake import Opened
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.key_workers import Place
from nrm.domain.shelter.permits import GateClosed, PermitEvent
from nrm.domain.shelter.stays import Destination, ExitReason, ImpossibleStay
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.accounts import one_hand
from nrm.store.shelter import away as away_store
from tests import factories
from tests import factories_referrals as people
from tests.client import words
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, CHILD, MOLDOVAN, admitted

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
MANAGER, WORKER, DUTY = "vatra.shelter_manager", "vatra.case_worker", "ra.duty_officer"
LINK = "/second-hands/one-hand"
END = {"ended": "today", "reason": "no_longer_needs_support", "destination": "family", "country": "home", "step": "3"}


@pytest.fixture(autouse=True)
def at_noon(app: Flask) -> None:
    assert app
    clock.set_clock(lambda: NOON)


def leaves(opened: Opened, by: Actor, reason: ExitReason = ExitReason.REINTEGRATED_WITH_FAMILY) -> None:
    stays.end(
        stay_id=opened.stay_id,
        ended_on=days.today(),
        exit_reason=reason,
        destination=Destination.FAMILY,
        where="home",
        by=by,
    )


def away_until(opened: Opened, in_days: int) -> None:
    went, back = days.today() - timedelta(days=3), days.today() + timedelta(days=in_days)
    away.record(stay_id=opened.stay_id, since_on=went, expected_on=back, reason="", by=factories.actor(WORKER))


# --- away


@pytest.mark.slow
@pytest.mark.parametrize(("in_days", "late"), [(3, False), (-1, True)])
def test_the_page_of_the_case_says_who_is_away_and_leads_to_the_return(
    sign_in: SignIn, in_days: int, late: bool
) -> None:
    """It said where the person sleeps, how many nights, and offered to record the absence once more."""
    opened = admitted(factories.actor(MANAGER), days_ago=20)
    away_until(opened, 0)
    clock.set_clock(lambda: NOON - timedelta(days=in_days))
    person = sign_in(WORKER)
    page = person.get(f"/cases/{opened.case_id}?lang=en")
    folded = words(page.partition("<h2>Stay</h2>")[2].partition("</summary>")[0]).strip()
    assert folded.startswith("away, expected back on 2 March 2026, " + ("late, " if late else "place")), folded
    part = page.partition('<div id="stay">')[2].partition("</details>")[0]
    assert "Away since 27 February 2026, expected on 2 March 2026." in words(part)
    (back,) = re.findall(r'href="(/away/[^"]+/back)"', part)
    assert ">late<" in part if late else ">late<" not in part
    assert f"/stays/{opened.stay_id}/away" not in part
    now = page.partition('<h2 id="now">')[2].partition("</section>")[0]
    assert ("record the return" in now) is late
    person.post(back, {"back": "today"})
    assert "away, expected back" not in person.get(f"/cases/{opened.case_id}")


@pytest.mark.slow
def test_who_is_due_back_today_leaves_by_no_single_hand(sign_in: SignIn) -> None:
    """The manager ended her stay on the morning of the day: the row of who was expected back was gone."""
    manager = factories.actor(MANAGER)
    opened = admitted(manager, days_ago=20)
    away_until(opened, 0)
    page = sign_in(MANAGER).post(f"/stays/{opened.stay_id}/end?lang=en", END, 422)
    assert "record first that the person is back, or is missing" in page
    with pytest.raises(ImpossibleStay, match="away_stands"):
        leaves(opened, manager)
    db.session.rollback()
    assert [line.pseudonym for line in away_store.away(by=manager)] == [opened.pseudonym]


@pytest.mark.slow
def test_a_stay_that_ended_while_the_person_was_away_is_read_by_colleagues_and_the_duty_desk(sign_in: SignIn) -> None:
    manager, desk = factories.actor(MANAGER), sign_in(DUTY)
    opened, other = admitted(manager, days_ago=20), admitted(manager, days_ago=20, bed=1)
    away_until(opened, 1)
    leaves(opened, manager)
    leaves(other, manager)
    told = "ended the stay on 2 March 2026 while the person was away, expected back on 3 March 2026."
    said = words(sign_in(WORKER).get("/?lang=en"))
    assert f"{opened.pseudonym}: Test shelter_manager {told} Did you see the person?" in said
    assert told not in words(sign_in(MANAGER).get("/?lang=en"))
    assert LINK in desk.get("/")
    page = words(desk.get(LINK + "?lang=en"))
    assert f"{opened.pseudonym}: Test shelter_manager" in page
    assert "away, expected back on 3 March 2026" in page
    assert other.pseudonym not in page
    factories.later(days=14)
    assert LINK not in sign_in(DUTY).get("/")


# --- the permit and the time to think


@pytest.mark.slow
def test_nobody_needs_no_support_any_more_before_they_were_told_of_the_permit(sign_in: SignIn) -> None:
    """A foreign citizen "no longer needed support" by one hand, and went to a family in the country."""
    manager = factories.actor(MANAGER)
    foreign, home = admitted(manager, MOLDOVAN, days_ago=5), admitted(manager, ALBANIAN, days_ago=5, bed=1)
    person = sign_in(MANAGER)
    for reason in ("no_longer_needs_support", "left_voluntarily", "refused_service", "no_longer_eligible"):
        page = person.post(f"/stays/{foreign.stay_id}/end?lang=en", {**END, "reason": reason}, 422)
        assert "Record first that the person was told about the residence permit" in page
        assert f"/cases/{foreign.case_id}/permit" in page
        assert f"/stays/{foreign.stay_id}/left" in page
    leaves(home, manager, ExitReason.NO_LONGER_NEEDS_SUPPORT)
    with pytest.raises(GateClosed, match="untold"):
        leaves(foreign, manager, ExitReason.NO_LONGER_NEEDS_SUPPORT)
    permits.record(case_id=foreign.case_id, event=PermitEvent.INFORM, on=days.today(), language="ro", by=manager)
    assert "The reflection period still runs" in person.post(f"/stays/{foreign.stay_id}/end?lang=en", END, 422)
    factories.later(days=95)
    leaves(foreign, manager, ExitReason.NO_LONGER_NEEDS_SUPPORT)


ELSEWHERE = [
    ("independent_living", "own_home"),
    ("reintegrated_with_family", "family"),
    ("foster_or_extended_family", "extended_family"),
    ("witness_protection", "protected_place"),
    ("expelled", "unknown"),
    ("transferred", "hospital"),
    ("transferred", "institution"),
    ("transferred", "other_shelter"),
]
"""What else the form takes of an adult, in the country."""


@pytest.mark.slow
def test_no_reason_ends_the_stay_of_a_foreign_adult_alone_before_she_was_told_of_the_permit(sign_in: SignIn) -> None:
    """A worker alone ended the stay on the second day as "independent living": nobody had told her of the permit."""
    manager = factories.actor(MANAGER)
    foreign, home = admitted(manager, MOLDOVAN, days_ago=1), admitted(manager, ALBANIAN, days_ago=1, bed=1)
    person = sign_in(WORKER)
    address = f"/stays/{foreign.stay_id}/end?lang=en"
    for reason, destination in ELSEWHERE:
        for step in ("2", "3"):  # before it is asked whether one is sure, and after that
            sent = {**END, "reason": reason, "destination": destination, "step": step}
            page = person.post(address, sent, 422)
            assert "Record first that the person was told about the residence permit" in page, (reason, step)
            assert f"/cases/{foreign.case_id}/permit" in page
            assert f"/stays/{foreign.stay_id}/left" in page
    assert db.session.get_one(Stay, foreign.stay_id, populate_existing=True).ended_on is None
    with pytest.raises(GateClosed, match="untold"):
        leaves(foreign, manager)
    leaves(home, manager)
    permits.record(case_id=foreign.case_id, event=PermitEvent.INFORM, on=days.today(), language="ro", by=manager)
    living = {**END, "reason": "independent_living", "destination": "own_home"}
    person.post(address, living, 303)
    assert db.session.get_one(Stay, foreign.stay_id, populate_existing=True).ended_on == days.today()


# --- ended and closed


@pytest.mark.slow
def test_who_ended_a_stay_and_closed_the_case_alone_is_read_by_the_duty_desk(sign_in: SignIn) -> None:
    manager, worker = factories.actor(MANAGER), factories.actor(WORKER)
    alone, together = admitted(manager, days_ago=20), admitted(manager, days_ago=20, bed=1)
    leaves(alone, manager)
    leaves(together, worker)
    assert LINK not in sign_in(DUTY).get("/")
    cases.close(case_id=alone.case_id, by=manager)
    cases.close(case_id=together.case_id, by=manager)
    desk = sign_in(DUTY)
    assert "1 stay was ended lately by one person alone" in words(desk.get("/?lang=en"))
    page = words(desk.get(LINK + "?lang=en"))
    assert f"{alone.pseudonym}: Test shelter_manager" in page
    assert "The same person closed the case (2 March 2026)." in page
    assert together.pseudonym not in page
    factories.later(days=13)
    assert LINK in sign_in(DUTY).get("/")
    factories.later(days=1)
    assert LINK not in sign_in(DUTY).get("/")
    with pytest.raises(NotPermitted):
        one_hand.lately(by=manager)


@pytest.mark.slow
@pytest.mark.parametrize("was_away", [True, False])
def test_who_was_missing_and_found_by_the_hand_that_ended_the_stay_is_read_by_the_duty_desk(
    sign_in: SignIn, was_away: bool
) -> None:
    """A worker reported somebody missing who did not come back, then "found", and ended the stay: no list held it."""
    worker = factories.actor(WORKER)
    opened, other, seen = (admitted(worker, days_ago=20, bed=bed) for bed in (0, 1, 2))
    for each, finder in ((opened, worker), (other, factories.actor(MANAGER)), (seen, worker)):
        if was_away:
            away_until(each, -1)
        missing_id = absences.report(
            case_id=each.case_id, since=NOON - timedelta(hours=30), feared=Feared.NOT_KNOWN, by=worker
        )
        absences.found(missing_id=missing_id, by=finder)
    assert LINK not in sign_in(DUTY).get("/")
    # Of `other` a second member said that she was there; of `seen`, too, later.
    factories.later(days=1)
    today = days.today()
    by = factories.actor(MANAGER)
    away.record(stay_id=seen.stay_id, since_on=today, expected_on=today, reason="", by=by)
    (line,) = [each for each in away_store.away(by=by) if each.pseudonym == seen.pseudonym]
    away.back(away_id=line.id, back_on=today, by=by)
    for each in (opened, other, seen):
        leaves(each, worker, ExitReason.REINTEGRATED_WITH_FAMILY)
    desk = sign_in(DUTY)
    assert "1 stay was ended lately by one person alone" in words(desk.get("/?lang=en"))
    page = words(desk.get(LINK + "?lang=en"))
    assert f"{opened.pseudonym}: Test case_worker" in page
    assert "The same person wrote on 2 March 2026 that the person, missing since 1 March 2026, was found." in page
    assert other.pseudonym not in page
    assert seen.pseudonym not in page
    factories.later(days=13)
    assert LINK in sign_in(DUTY).get("/")
    factories.later(days=1)
    assert LINK not in sign_in(DUTY).get("/")


# --- taken off


def test_who_was_taken_off_as_key_worker_reads_it_for_a_week(sign_in: SignIn) -> None:
    manager, worker = factories.actor(MANAGER), factories.actor(WORKER)
    opened = admitted(manager, days_ago=5)
    assert worker.member_id is not None
    for place in (Place.KEY, Place.DEPUTY):
        key_workers.appoint(case_id=opened.case_id, place=place, member_id=worker.member_id, by=manager)
        key_workers.take_off(case_id=opened.case_id, place=place, by=manager)
    person = sign_in(WORKER)
    said = words(person.get("/?lang=en"))
    assert f"{opened.pseudonym}: Test shelter_manager took you off as key worker on 2 March 2026." in said
    assert f"{opened.pseudonym}: Test shelter_manager took you off as deputy on 2 March 2026." in said
    assert "took you off" not in sign_in(MANAGER).get("/?lang=en")
    factories.later(days=8)
    assert "took you off" not in sign_in(WORKER).get("/?lang=en")
    # Who gives a place up is told nothing.
    key_workers.appoint(case_id=opened.case_id, place=Place.KEY, member_id=worker.member_id, by=manager)
    key_workers.take_off(case_id=opened.case_id, place=Place.KEY, by=factories.actor(WORKER))
    assert "took you off" not in sign_in(WORKER).get("/?lang=en")


# --- what comes next


@pytest.mark.slow
def test_whose_stay_ended_stands_at_home_until_it_is_said_what_becomes_of_the_person(sign_in: SignIn) -> None:
    """The manager ended a stay, and no page that she opens by herself named the person any more."""
    manager = factories.actor(MANAGER)
    opened, closed = admitted(manager, days_ago=20), admitted(manager, days_ago=20, bed=1)
    told = "the stay ended on 2 March 2026, and the case is open."
    person, worker = sign_in(MANAGER), sign_in(WORKER)
    assert told not in person.get("/?lang=en")
    for each in (opened, closed):
        leaves(each, manager)
    cases.close(case_id=closed.case_id, by=manager)
    page = person.get("/?lang=en")
    assert f"{opened.pseudonym}: {told} Admit again, hand on or close" in words(page)
    assert f"/cases/{opened.case_id}?part=stay#stay" in page
    assert f"{closed.pseudonym}: {told}" not in words(page)
    assert told not in worker.get("/?lang=en")
    by = factories.actor(WORKER)
    assert by.member_id is not None
    key_workers.appoint(case_id=opened.case_id, place=Place.KEY, member_id=by.member_id, by=manager)
    assert told in worker.get("/?lang=en")
    factories.later(days=14)
    assert told not in sign_in(MANAGER).get("/?lang=en")


@pytest.mark.slow
def test_whose_stay_was_struck_stands_at_home_too_unless_a_post_sent_the_person(sign_in: SignIn) -> None:
    """The case of a child whose stay the house struck stayed open, and stood on no home page."""
    manager = factories.actor(MANAGER)
    mother, opened = admitted(manager), admitted(manager, CHILD, bed=1)
    told = "the stay was struck on 2 March 2026, and the case is open."
    person = sign_in(MANAGER)
    corrections.opened_by_mistake(stay_id=opened.stay_id, why=Why.MISTYPED, by=manager)
    page = person.get("/?lang=en")
    assert f"{opened.pseudonym}: {told} Admit again, hand on or close" in words(page)
    assert page.count("and the case is open.") == 1
    assert mother.pseudonym + ": the stay" not in words(page)
    assert told not in sign_in("nrc.shelter_manager").get("/?lang=en")
    long_ago = admitted(manager, days_ago=20, bed=2)  # another member says so than who entered it
    corrections.opened_by_mistake(stay_id=long_ago.stay_id, why=Why.MISTYPED, by=factories.actor(WORKER))
    assert f"{long_ago.pseudonym}: {told}" in words(person.get("/?lang=en"))
    sent = people.sent(factories.actor("rinas.border_officer"), "VATRA", override_reason="other")
    place = people.bed("VATRA", 4)
    referrals.accept(referral_id=sent.referral_id, place_id=place, by=manager)
    referrals.arrive(referral_id=sent.referral_id, by=manager)
    today = days.today()
    stays.admit(
        case_id=sent.case_id, place_id=place, admitted_on=today, anticipated_end_on=today + timedelta(9), by=manager
    )
    corrections.take_back_arrival(referral_id=sent.referral_id, why=Why.MISTOLD, by=manager)
    assert f"{sent.pseudonym}: the stay" not in words(person.get("/?lang=en"))


@pytest.mark.slow
def test_before_somebody_is_admitted_anew_the_page_asks_whether_the_end_was_a_mistake(sign_in: SignIn) -> None:
    """A worker who had ended the wrong stay pressed "Admit": the nights between were lost."""
    manager = factories.actor(MANAGER)
    opened, person = admitted(manager, days_ago=20), sign_in(MANAGER)
    leaves(opened, manager)
    asked = "The last stay ended on 2 March 2026. Was that a mistake, and the person is still here?"
    on, correct = f"/stays/{opened.stay_id}/correct/reopen", f"/stays/{opened.stay_id}/correct/end"
    for address in (f"/cases/{opened.case_id}?part=stay&lang=en", f"/cases/{opened.case_id}/admit?lang=en"):
        page = person.get(address)
        assert asked in words(page)
        assert on in page
        assert correct in page
    assert page.index(on) < page.rindex("<form")
    assert "goes on" in person.get(on + "?lang=en")
    factories.later(days=14)
    assert asked not in words(sign_in(MANAGER).get(f"/cases/{opened.case_id}/admit?lang=en"))


# --- an absence that was struck, and excluded


def overdue(opened: Opened) -> str:
    """The person went, was expected back yesterday, and is late; returns the absence."""
    went, back = days.today() - timedelta(days=3), days.today() + timedelta(days=1)
    by = factories.actor(WORKER)
    away_id = away.record(stay_id=opened.stay_id, since_on=went, expected_on=back, reason="", by=by)
    factories.later(days=2)
    return str(away_id)


@pytest.mark.slow
def test_who_was_late_and_never_away_and_excluded_is_read_by_the_desk_and_the_colleagues(sign_in: SignIn) -> None:
    """One case worker struck the absence, ended the stay and closed the case: the desk read nothing of it."""
    manager = factories.actor(MANAGER)
    opened, other = admitted(manager, days_ago=20), admitted(manager, days_ago=20, bed=1)
    away_id = overdue(opened)
    worker = sign_in(WORKER)
    worker.post(f"/away/{away_id}/strike", {"why": "came_back"})
    assert LINK not in sign_in(DUTY).get("/")
    end: dict[str, object] = {**END, "reason": "expelled", "destination": "unknown", "country": "unknown"}
    worker.post(f"/stays/{opened.stay_id}/end", end)
    said = words(sign_in(MANAGER).get("/?lang=en"))
    struck = (
        "wrote on 4 March 2026 that the person, expected back on 3 March 2026, was never away: "
        "The person came back within hours. late"
    )
    assert f"{opened.pseudonym}: Test case_worker ended the stay on 4 March 2026: Excluded by the centre." in said
    assert f"Test case_worker {struck} Did you see the person?" in said
    assert struck not in words(worker.get("/?lang=en"))
    desk = sign_in(DUTY)
    assert "1 stay was ended lately by one person alone" in words(desk.get("/?lang=en"))
    page = words(desk.get(LINK + "?lang=en"))
    assert f"{opened.pseudonym}: Test case_worker (" in page
    assert "Excluded by the centre. Nobody wrote where to." in page
    assert struck in page
    assert other.pseudonym not in page
    factories.later(days=8)
    assert struck not in words(sign_in(MANAGER).get("/?lang=en"))
    assert LINK in sign_in(DUTY).get("/")
    factories.later(days=6)
    assert LINK not in sign_in(DUTY).get("/")


@pytest.mark.slow
def test_an_absence_that_is_struck_after_the_end_keeps_its_line(sign_in: SignIn) -> None:
    """The line of who was away when the stay ended went with the absence: one press more, by the same hand."""
    manager = factories.actor(MANAGER)
    opened = admitted(manager, days_ago=20)
    went, back = days.today() - timedelta(days=3), days.today() + timedelta(days=1)
    away_id = away.record(stay_id=opened.stay_id, since_on=went, expected_on=back, reason="", by=manager)
    leaves(opened, manager)
    away.strike(away_id=away_id, why=Why.CAME_BACK, by=manager)
    assert "away, expected back on 3 March 2026" in words(sign_in(DUTY).get(LINK + "?lang=en"))


@pytest.mark.slow
def test_who_was_seen_by_somebody_else_after_the_strike_is_in_no_line(sign_in: SignIn) -> None:
    manager, worker = factories.actor(MANAGER), factories.actor(WORKER)
    opened, seen = admitted(manager, days_ago=20), admitted(manager, days_ago=20, bed=1)
    for each in (opened, seen):
        away_id = uuid.UUID(overdue(each))
        away.strike(away_id=away_id, why=Why.MISTYPED, by=worker)
    went_out = away.record(stay_id=seen.stay_id, since_on=days.today(), expected_on=days.today(), reason="", by=manager)
    away.back(away_id=went_out, back_on=days.today(), by=manager)
    for each in (opened, seen):
        leaves(each, manager)
    lines = {line.pseudonym: line for line in one_hand.lately(by=factories.actor(DUTY))}
    assert lines[opened.pseudonym].struck is not None
    assert seen.pseudonym not in lines


@pytest.mark.slow
def test_who_is_excluded_to_nobody_knows_where_is_read_by_the_duty_desk(sign_in: SignIn) -> None:
    opened, known = (admitted(factories.actor(MANAGER), days_ago=20, bed=bed) for bed in (0, 1))
    person = sign_in(WORKER)
    for each, where in ((opened, "unknown"), (known, "family")):
        country = {"unknown": "unknown", "family": "home"}[where]
        end: dict[str, object] = {**END, "reason": "expelled", "destination": where, "country": country}
        person.post(f"/stays/{each.stay_id}/end", end)
    page = words(sign_in(DUTY).get(LINK + "?lang=en"))
    assert f"{opened.pseudonym}: Test case_worker" in page
    assert "Excluded by the centre. Nobody wrote where to." in page
    assert known.pseudonym not in page
