"""The desks that look for a child: who was found stays for a day, the child of now stands first, numbers are there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions.interviews import interview_sending
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.referrals import Escort
from nrm.domain.shelter.absences import Feared
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DUTY, AUTHORITY = "ra.duty_officer", "child_protection.child_protection_officer"
DUTY_NUMBER, AUTHORITY_NUMBER = "+355 4 000 0105", "+355 4 000 0109"


@pytest.fixture(autouse=True)
def at_noon(app: Flask) -> None:
    assert app
    clock.set_clock(lambda: NOON)


def missing(vatra: Actor, *, child: bool) -> tuple[str, uuid.UUID]:
    """(code, alarm) of somebody who did not come back."""
    opened = admitted(vatra, CHILD) if child else admitted(vatra)
    since = clock.now() - timedelta(hours=1)
    alarm = absences.report(case_id=opened.case_id, since=since, feared=Feared.NOT_KNOWN, by=vatra)
    return opened.pseudonym, alarm


def ended(page: str) -> str:
    """The words of the list of people who are looked for no more; empty where there is none."""
    found = re.search(r"No longer missing, since yesterday</h2>\s*<ul>(.*?)</ul>", page, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found.group(1)) if found else ""


@pytest.mark.parametrize("login", [DUTY, AUTHORITY])
def test_who_was_found_stays_on_the_desk_for_a_day(sign_in: SignIn, login: str) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    code, alarm = missing(vatra, child=True)
    assert code in sign_in(login).get("/?lang=en")
    absences.found(missing_id=alarm, by=vatra)
    page = sign_in(login).get("/?lang=en")
    assert code in page
    said = ended(page)
    assert f"{code}, under 18: Found on 2 March 2026" in said
    assert ("Vatra" in said) == (login == DUTY)  # the child authority never learns where the child is
    assert f"/missing/{alarm}/known" not in page
    factories.later(days=1)
    assert code in ended(sign_in(login).get("/?lang=en"))
    factories.later(days=1)
    assert ended(sign_in(login).get("/?lang=en")) == ""


def test_an_alarm_that_was_ended_says_that_nobody_found_her(sign_in: SignIn) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    code, alarm = missing(vatra, child=False)
    factories.later(days=3)
    vatra = factories.actor("vatra.shelter_manager")
    absences.end(missing_id=alarm, by=vatra)
    said = ended(sign_in(DUTY).get("/?lang=en"))
    assert f"{code}, adult: Not found; the alarm was ended on 5 March 2026" in said
    assert code not in sign_in(AUTHORITY).get("/")  # an adult is no affair of the child authority


def test_an_alarm_names_the_numbers_that_are_to_be_called(sign_in: SignIn) -> None:
    vatra = factories.actor("vatra.shelter_manager")
    missing(vatra, child=True)
    page = sign_in("vatra.case_worker").get("/?lang=en")
    assert DUTY_NUMBER in page
    assert AUTHORITY_NUMBER in page
    assert DUTY_NUMBER in sign_in(AUTHORITY).get("/?lang=en")


def at_the_post(age: str = "child") -> uuid.UUID:
    """A child at a post now, of whom the child authority was told."""
    officer = factories.actor("rinas.border_officer")
    return people.interview(officer, age=age, consent_services=None)


def test_the_duty_desk_reads_the_number_of_the_child_authority_at_a_late_child(sign_in: SignIn) -> None:
    at_the_post()
    factories.later(hours=3)
    assert AUTHORITY_NUMBER in sign_in(DUTY).get("/?lang=en")


def test_the_child_of_now_stands_above_what_is_months_late(sign_in: SignIn) -> None:
    officer = factories.actor("rinas.border_officer")
    old = people.sent(officer, "NRC", age="child", consent_services=None)
    stale = at_the_post()
    factories.later(days=60)
    child = at_the_post()
    page = sign_in(AUTHORITY).get("/?lang=en")
    assert f"/children/{child}/known" in page
    assert f"/children/{stale}/known" not in page
    assert page.index("Children at a post now") < page.index("What waits for you")
    assert page.index("Children at a post now") < page.index("Children whose return is asked for")
    # Of the case of then only what has no hour is left on the first list.
    assert f"/cases/{old.case_id}/findings" in page
    assert "/acknowledge" not in page
    assert "days late" not in page
    (line,) = re.findall(r'<a href="(/obligations\?old=1)">([^<]+)', page)
    assert re.match(r"\d+ things are older than seven days", line[1])
    listed = sign_in(AUTHORITY).get("/obligations?old=1&lang=en")
    assert f"/children/{stale}/known" in listed
    assert listed.count("/acknowledge") >= 1
    assert f"/children/{child}/known" not in listed
    # Everything else, with and without an hour, still stands on the first list.
    assert "/obligations?old=1" not in sign_in("trp_unit.trp_officer").get("/")


def test_a_child_of_whom_the_desk_knows_stands_there_until_the_case_is_sent(sign_in: SignIn) -> None:
    officer = factories.actor("rinas.border_officer")
    child = people.interview(officer, age="child", consent_services=None)
    desk = sign_in(AUTHORITY)
    desk.post(f"/children/{child}/known")
    page = desk.get("/?lang=en")
    row = page[page.index('id="children"') :]
    assert "Known" in row[: row.index("</table>")]
    assert f"/children/{child}/known" not in page
    interview_sending.send(interview_id=child, party="NRC", by=officer)
    assert 'id="children"' not in desk.get("/?lang=en")


@pytest.mark.slow
def test_once_somebody_has_the_child_the_number_of_who_answers_now_stands_first(sign_in: SignIn) -> None:
    """The post opens nothing of the child any more; which shelter has it child protection is not told."""
    made = people.sent(factories.actor("rinas.border_officer"), age="child")

    def numbers() -> list[str]:
        page = sign_in(AUTHORITY).get("/?lang=en")
        row = next(
            each for each in page.split("<tr>") if f"{made.pseudonym}</span>" in each and 'data-l="From"' in each
        )
        cell = row.partition('data-l="From"')[2].partition("</td>")[0]
        assert "Rinas" in cell
        assert "NRC" not in cell
        return re.findall(r'href="tel:([^"]+)"', cell)

    duty = DUTY_NUMBER.replace(" ", "")
    assert duty not in numbers()
    worker = factories.actor("nrc.case_worker")
    expected = clock.now() + timedelta(hours=3)
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("NRC"), expected_at=expected, by=worker)
    found = numbers()
    assert found[0] == duty
    assert len(found) == 2  # the post knows what was said there
    other = sign_in("nrc.case_worker").get("/?lang=en")
    assert "you ask the duty desk" not in other


RULE = "The duty desk calls whoever has not answered by then. You need not call, unless a page says whom to call."


def words(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


@pytest.mark.slow
def test_every_page_says_alike_whether_the_child_authority_knows_and_who_calls(sign_in: SignIn) -> None:
    officer = factories.actor("rinas.border_officer")
    child = people.interview(officer, age="child", consent_services=None)
    post, desk = sign_in("rinas.border_officer"), sign_in(AUTHORITY)
    before = words(post.post(f"/interviews/{child}/resume") and post.get(f"/interviews/{child}?lang=en"))
    assert "The child authority: notice sent, not answered yet , due by" in before
    assert "Notice sent at" in words(desk.get("/?lang=en"))
    call = words(sign_in(DUTY).get(f"/children/{child}/call?lang=en"))
    assert "A notice that the program sent is not enough: they know once somebody there answers." in call
    interview_sending.send(interview_id=child, party="NRC", by=officer)
    address = f"/interviews/{child}/sent?lang=en"
    sent = words(post.get(address))
    assert re.search(r"[Cc]hild [Pp]rotection[^()]*\([^)]+\) ?: notice sent, not answered yet , due by", sent)
    assert RULE in sent
    for page in (before, sent):
        assert "not yet told" not in page
    (known,) = re.findall(r'formaction="(/obligations/[^"]+/acknowledge)"', desk.get("/"))[:1]
    desk.post(known)
    assert re.search(r"[Cc]hild [Pp]rotection[^()]*\([^)]+\) ?: they know", words(post.get(address)))
    guide = words(post.get("/guide?lang=en"))
    assert "sends the child authority a notice at once" in guide
    assert RULE.replace("whoever has not answered by then", "it if nobody answers in time") in guide
    assert "call it as well" not in guide


def test_the_page_to_call_about_a_child_shows_what_is_to_be_said(sign_in: SignIn) -> None:
    child = at_the_post()
    said = words(sign_in(DUTY).get(f"/children/{child}/call?lang=en"))
    (line,) = re.findall(r"Say this, and no name: (.*?) \.", said)
    assert "Rinas" in line
    assert "under 18" in line
    assert "2 March 2026, 13:00" in line


def test_the_page_to_call_about_the_case_of_a_child_shows_what_is_to_be_said(sign_in: SignIn) -> None:
    people.sent(factories.actor("rinas.border_officer"), age="child")
    factories.later(hours=3)
    duty = sign_in(DUTY)
    address = re.findall(r"/obligations/[0-9a-f-]+/call", duty.get("/"))[0]
    (line,) = re.findall(r"Say this, and no name: (.*?) \.", words(duty.get(f"{address}?lang=en")))
    assert "Rinas" in line
    assert "under 18" in line
    assert "2 March 2026, 13:00" in line


def on_the_way(page: str) -> str:
    """The words of the list of children who were sent on; empty where there is none."""
    found = re.search(r'id="children-sent"(.*?)</table>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(1))) if found else ""


@pytest.mark.slow
def test_a_child_whose_case_was_sent_stands_on_top_until_it_has_arrived(sign_in: SignIn) -> None:
    officer, worker = factories.actor("rinas.border_officer"), factories.actor("nrc.case_worker")
    desk = sign_in(AUTHORITY)
    made = people.sent(officer, age="child")
    people.sent(officer)  # an adult
    (known,) = re.findall(r'formaction="(/obligations/[^"]+/acknowledge)"', desk.get("/"))[:1]
    desk.post(known)  # that the desk knows moves no child
    page = desk.get("/?lang=en")
    assert page.index('id="children-sent"') < page.index("What waits for you")
    assert page.count('data-l="Where it stands"') == 1
    for word in (made.pseudonym, "Rinas", "under 18", "at the post; a shelter is asked and has not answered"):
        assert word in on_the_way(page)
    expected = clock.now() + timedelta(hours=3)
    referrals.accept(referral_id=made.referral_id, place_id=people.bed("NRC"), expected_at=expected, by=worker)
    assert "at the post; a shelter has accepted" in on_the_way(desk.get("/?lang=en"))
    assert "NRC" not in on_the_way(desk.get("/?lang=en"))
    referrals.depart(referral_id=made.referral_id, escort=Escort.WOMAN_OFFICER, expected_at=expected, by=officer)
    assert "on the way" in on_the_way(desk.get("/?lang=en"))
    for login in ("trp_unit.trp_officer", "helpline.helpline_operator"):
        assert 'id="children-sent"' not in sign_in(login).get("/")
    referrals.arrive(referral_id=made.referral_id, by=worker)
    assert 'id="children-sent"' not in desk.get("/")


@pytest.mark.slow
def test_a_child_of_whom_nobody_is_asked_any_more_is_still_at_the_post(sign_in: SignIn) -> None:
    made = people.sent(factories.actor("rinas.border_officer"), age="unsure")
    referrals.withdraw(referral_id=made.referral_id, by=factories.actor("rinas.border_officer"))
    assert "at the post; no shelter is asked now" in on_the_way(sign_in(AUTHORITY).get("/?lang=en"))
    factories.later(days=8)
    assert 'id="children-sent"' not in sign_in(AUTHORITY).get("/"), "what is older waits on the other list"
