"""What one hand says of somebody in a shelter: the colleagues read it for a week, and the duty desk what was feared."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.shelter import absences, away, cases, identifications, stays
from nrm.actions.shelter.direct_intake import Opened
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.store import days
from tests import factories
from tests import factories_referrals as people
from tests.client import words
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
MANAGER, WORKER, DUTY = "vatra.shelter_manager", "vatra.case_worker", "ra.duty_officer"
AUTHORITY = "child_protection.child_protection_officer"
FEARED = "feared: somebody may have a hand in it"


@pytest.fixture(autouse=True)
def at_noon(app: Flask) -> None:
    assert app
    clock.set_clock(lambda: NOON)


def home(person: Person) -> str:
    return words(person.get("/?lang=en"))


def listed(person: Person, title: str) -> str:
    """The words of a list of the home page, by its heading; empty where there is none."""
    found = re.search(rf"{title}</h2>\s*(?:<p>[^<]*</p>\s*)?<ul>(.*?)</ul>", person.get("/?lang=en"), re.DOTALL)
    return words(found[1]) if found else ""


def over(person: Person) -> str:
    return listed(person, "No longer missing, since yesterday")


def gone(person: Person) -> str:
    return listed(person, "Found after danger was feared, and gone since")


def found_by_the_manager(sign_in: SignIn, *, feared: Feared = Feared.YES, child: bool = False) -> Opened:
    """A worker raised the alarm, and the manager alone said that the person is there."""
    worker = factories.actor(WORKER)
    opened = admitted(worker, CHILD) if child else admitted(worker)
    alarm = absences.report(case_id=opened.case_id, since=clock.now() - timedelta(hours=1), feared=feared, by=worker)
    sign_in(MANAGER).post(f"/missing/{alarm}/found")
    return opened


def leaves(opened: Opened, by: Actor) -> None:
    stays.end(
        stay_id=opened.stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )


# --- found


@pytest.mark.slow
def test_who_was_found_ended_and_closed_by_one_hand_is_read_by_the_duty_desk(sign_in: SignIn) -> None:
    """It read "Found, the shelter says": neither who, nor the fear, nor that the case was closed a minute later."""
    opened = found_by_the_manager(sign_in)
    desk = sign_in(DUTY)
    said = over(desk)
    assert f"{opened.pseudonym}, adult: Found on 2 March 2026, Test shelter_manager of Women" in said
    assert FEARED in said
    assert "Test case_worker had raised the alarm." in said
    assert "The stay ended" not in said
    assert gone(desk) == ""
    manager = factories.actor(MANAGER)
    leaves(opened, manager)
    assert over(desk) == ""
    assert "The stay ended on 2 March 2026 (Test shelter_manager)." in gone(desk)
    cases.close(case_id=opened.case_id, by=manager)
    said = gone(desk)
    assert "The case was closed on 2 March 2026 (Test shelter_manager)." in said
    assert "+355" in said
    # Whoever waits until the line of a day is gone is read all the same, for a week.
    factories.later(days=7)
    assert opened.pseudonym in gone(sign_in(DUTY))
    factories.later(days=1)
    assert gone(sign_in(DUTY)) == ""


@pytest.mark.slow
def test_who_was_feared_for_and_found_stands_on_the_desk_again_once_the_stay_ends(sign_in: SignIn) -> None:
    opened = found_by_the_manager(sign_in)
    factories.later(days=2)
    desk = sign_in(DUTY)
    assert (over(desk), gone(desk)) == ("", "")
    leaves(opened, factories.actor(MANAGER))
    said = gone(desk)
    assert "Found on 2 March 2026" in said
    assert "The stay ended on 4 March 2026 (Test shelter_manager)." in said


@pytest.mark.slow
def test_of_whom_nothing_was_feared_the_desk_reads_for_a_day(sign_in: SignIn) -> None:
    opened = found_by_the_manager(sign_in, feared=Feared.NO)
    leaves(opened, factories.actor(MANAGER))
    desk = sign_in(DUTY)
    assert FEARED not in over(desk)
    assert "The stay ended on 2 March 2026 (Test shelter_manager)." in over(desk)
    factories.later(days=2)
    desk = sign_in(DUTY)
    assert (over(desk), gone(desk)) == ("", "")


@pytest.mark.slow
def test_child_protection_reads_who_said_that_a_child_was_found_and_not_where_it_is(sign_in: SignIn) -> None:
    opened = found_by_the_manager(sign_in, child=True)
    said = over(sign_in(AUTHORITY))
    assert f"{opened.pseudonym}, under 18: Found on 2 March 2026, Test shelter_manager says" in said
    assert FEARED in said
    assert "Vatra" not in said


@pytest.mark.slow
def test_the_colleague_who_raised_the_alarm_reads_for_a_week_who_said_that_the_person_is_there(sign_in: SignIn) -> None:
    opened = found_by_the_manager(sign_in)
    line = "Test shelter_manager wrote on 2 March 2026 that the person is there, missing since 2 March 2026."
    page = home(sign_in(WORKER))
    assert f"{opened.pseudonym}: {line} {FEARED}. Did you see the person?" in page
    for login in (MANAGER, "nrc.shelter_manager"):  # not who wrote it, and no other house
        assert line not in home(sign_in(login))
    factories.later(days=6)
    assert line in home(sign_in(WORKER))
    factories.later(days=1)
    assert line not in home(sign_in(WORKER))


@pytest.mark.slow
def test_the_list_of_closed_cases_marks_of_whom_an_alarm_had_just_ended(sign_in: SignIn) -> None:
    opened = found_by_the_manager(sign_in)
    factories.later(days=13)
    manager = factories.actor(MANAGER)
    leaves(opened, manager)
    other = admitted(manager, bed=1)
    leaves(other, manager)
    for each in (opened, other):
        cases.close(case_id=each.case_id, by=manager)
    page = sign_in(WORKER).get("/cases/closed?lang=en").partition('id="lately"')[2].partition("</ul>")[0]
    marked = {
        each.pseudonym: words(page.partition(each.pseudonym)[2].partition("</li>")[0]) for each in (opened, other)
    }
    assert f"an alarm ended on 2 March 2026 {FEARED}" in marked[opened.pseudonym]
    assert "an alarm ended" not in marked[other.pseudonym]


# --- never away, and agreed


@pytest.mark.slow
def test_who_was_never_away_by_one_hand_is_read_by_the_colleague_who_recorded_it(sign_in: SignIn) -> None:
    worker, today = factories.actor(WORKER), days.today()
    opened, later = admitted(worker, days_ago=1), admitted(worker, days_ago=1, bed=1)
    soon = today + timedelta(days=3)
    away_id = away.record(stay_id=opened.stay_id, since_on=today, expected_on=soon, reason="", by=worker)
    ahead = away.record(stay_id=later.stay_id, since_on=soon, expected_on=soon, reason="", by=worker)
    manager, line = sign_in(MANAGER), "Test shelter_manager wrote on 2 March 2026: was never away"
    for each in (away_id, ahead):  # of days that had not come nothing is read
        manager.post(f"/away/{each}/strike", {"why": "came_back"})
    page = home(sign_in(WORKER))
    said = "from 2 March 2026 to 5 March 2026. The person came back within hours."
    assert f"{opened.pseudonym}: {line} {said}" in page
    assert page.count(line) == 1
    assert line not in home(manager)
    factories.later(days=7)
    assert line not in home(sign_in(WORKER))


@pytest.mark.slow
def test_what_a_person_agreed_to_by_the_word_of_one_hand_is_read_by_the_colleagues(sign_in: SignIn) -> None:
    """Nobody had asked the person whether the prosecution may read the identity and the legal file."""
    opened = admitted(factories.actor(WORKER))
    prosecution = people.organisation("PROSECUTION")
    line = "Test shelter_manager let Prosecution"
    assert line not in home(sign_in(WORKER))
    cases.share(
        case_id=opened.case_id,
        organisation_id=prosecution,
        compartments={Compartment.IDENTITY, Compartment.LEGAL},
        agreed=True,
        by=factories.actor(MANAGER),
    )
    page = home(sign_in(WORKER))
    assert page.count(line) == 1
    said = page.partition(line)[2]
    assert "read on 2 March 2026, and says that the person agreed: Identity, Legal file." in said
    assert opened.pseudonym in page.partition(line)[0]
    for login in (MANAGER, "nrc.shelter_manager"):
        assert line not in home(sign_in(login))
    factories.later(days=7)
    assert line not in home(sign_in(WORKER))


@pytest.mark.slow
def test_what_formal_identification_shares_by_itself_is_no_line(sign_in: SignIn) -> None:
    opened, manager = admitted(factories.actor(WORKER)), factories.actor(MANAGER)
    readers = [people.organisation(code) for code in ("STATE_POLICE", "RA")]
    identifications.ask(case_id=opened.case_id, organisations=readers, agreed=True, by=manager)
    assert "says that the person agreed" not in home(sign_in(WORKER))
