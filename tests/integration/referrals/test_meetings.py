"""Where a post meets the shelter that accepted: who opens it, until when, and what it must not say (ADR 0106)."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions import tending
from nrm.actions.referrals import meetings, mistakes, referrals, transfers
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import NotVisible, Role
from nrm.domain.interviews.draft_owners import NoSuchColleague
from nrm.domain.referrals.crossing_points import MEETING_ENDS, Brings, Meeting
from nrm.domain.referrals.referrals import Escort, IllegalTransition
from nrm.domain.referrals.transfers import MEETING
from nrm.domain.shelter.corrections import Why
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Reading, SealedCompartment
from nrm.steps.referrals import hand_overs
from nrm.store.countries import country
from nrm.store.referrals import post_tasks as store
from nrm.vault import shredding
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import HAND_OVER_FORM, bed, organisation, sent
from tests.twins import INTERVIEWER, SECOND, joins

PLACE = "Spitali i Lushnjës, hyrja kryesore"
MOBILE = "+355 69 555 0199"
BROUGHT = Meeting(Brings.POST, PLACE, telephone=MOBILE)
FORM = {"brings": "post", "place": PLACE, "telephone": MOBILE}
COMES = {"brings": "shelter", "place": PLACE, "hour": "23:30", "word": "ulliri"}


@pytest.fixture
def accepted(app: Flask) -> uuid.UUID:
    """A referral of Rinas that NRC accepted for in six hours."""
    made = sent(factories.actor(INTERVIEWER))
    at = clock.now()
    clock.set_clock(lambda: at)
    worker = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), expected_at=at + timedelta(hours=6), by=worker)
    return made.referral_id


def said(referral_id: uuid.UUID, meeting: Meeting = BROUGHT) -> uuid.UUID:
    meetings.say(referral_id=referral_id, meeting=meeting, by=factories.actor("nrc.case_worker"))
    return referral_id


def _row(referral_id: uuid.UUID) -> Referral:
    db.session.rollback()
    return db.session.get_one(Referral, referral_id, populate_existing=True)


def is_there(referral_id: uuid.UUID) -> bool:
    db.session.rollback()
    here = select(SealedCompartment.epoch).where(SealedCompartment.case_id == referral_id)
    return db.session.scalar(here) is not None


@pytest.mark.slow
def test_after_accepting_the_shelter_is_asked_for_a_public_place(app: Flask, sign_in: Callable[[str], Person]) -> None:
    made = sent(factories.actor(INTERVIEWER))
    nrc = sign_in("nrc.case_worker")
    where = nrc.post(f"/referrals/{made.referral_id}/accept", {"bed": str(bed("NRC"))})
    assert where == f"/referrals/{made.referral_id}/where"
    assert "vend publik" in nrc.get(where)
    assert where in nrc.get(f"/cases/{made.case_id}")  # who left the page for later is led back
    assert nrc.post(where, dict(FORM)) == f"/cases/{made.case_id}"
    assert PLACE in nrc.get(f"/cases/{made.case_id}")  # who said it sees at once what was told
    manager = sign_in("nrc.shelter_manager")
    assert PLACE not in manager.get(f"/referrals/{made.referral_id}")
    manager.post(f"/referrals/{made.referral_id}/meeting/open")
    assert PLACE in manager.get(f"/referrals/{made.referral_id}")


def test_one_member_of_the_post_opens_it_under_her_name(accepted: uuid.UUID, sign_in: Callable[[str], Person]) -> None:
    officer = sign_in(INTERVIEWER)
    page = officer.get(f"/referrals/{accepted}")
    assert "mos u nisni" in page  # nothing was said yet
    said(accepted)
    page = officer.get(f"/referrals/{accepted}")
    assert PLACE not in page
    assert MOBILE not in page
    assert f"/referrals/{accepted}/meeting/open" in page
    officer.post(f"/referrals/{accepted}/meeting/open")
    page = officer.get(f"/referrals/{accepted}")
    assert PLACE in page
    assert MOBILE in page
    opened = db.session.execute(select(Reading.compartment, Reading.purpose).order_by(Reading.opened_at.desc())).first()
    assert opened is not None
    assert tuple(opened) == (MEETING, "handing_on")
    assert "Vendi i takimit" in officer.get("/openings?whose=mine")
    assert not re.search(r"\bNRC\b", page)  # a random token may hold these letters
    assert "Qendra" not in page.replace("Qendra vjen", "")


def test_they_set_off_without_a_meeting_place_only_after_one_more_question(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    officer, depart = sign_in(INTERVIEWER), f"/referrals/{accepted}/depart"
    left = {"escort": "woman_officer", "expected": "2", "seen": ""}
    page = f"/referrals/{accepted}?lang=en"
    assert "do not set off without it" in officer.get(page)
    asked = officer.post(f"{depart}?lang=en", left, 422)
    assert "The shelter has not said where you meet" in asked
    assert 'name="without"' in asked
    assert 'value="woman_officer" checked' in asked
    assert not _row(accepted).departed_at
    officer.post(depart, {**left, "without": "y"})
    assert _row(accepted).departed_at
    gone = officer.get(page)
    assert "do not set off without it" not in gone
    assert "The shelter has not said it yet, and the person is on the way: call the number below." in gone


def test_nobody_has_arrived_whom_the_post_has_not_sent_off_before_one_more_question(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    nrc, arrival = sign_in("nrc.case_worker"), f"/referrals/{accepted}/arrival"
    typed = {"bed": "none-yet", "admitted": "today", "missing_say": "Thuaji motrës"}
    asked = nrc.post(f"{arrival}?lang=en", typed, 422)
    assert "The post has not said that they left" in asked
    assert 'name="is_here"' in asked
    assert "Thuaji motrës" in asked
    assert _row(accepted).status == "accepted"
    nrc.post(arrival, {**typed, "is_here": "y"})
    assert _row(accepted).status == "arrived"


def test_a_colleague_opens_nothing_before_being_named_and_then_alone(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    joins(INTERVIEWER, SECOND, Role.BORDER_OFFICER, "RINAS")
    said(accepted)
    officer, colleague = sign_in(INTERVIEWER), sign_in(SECOND)
    address = f"/referrals/{accepted}"
    page = colleague.get(address)
    assert "Test border_officer" in page
    assert f"{address}/meeting/open" not in page
    colleague.post(f"{address}/meeting/open", status=404)
    assert colleague.client.get(f"{address}/escort").status_code == 404
    colleague.post(f"{address}/escort", {"name": "rinas.second"}, status=404)
    officer.post(f"{address}/meeting/open")
    officer.post(f"{address}/escort", {"name": "somebody"}, status=422)
    officer.post(f"{address}/escort", {"name": ""}, status=422)
    assert officer.post(f"{address}/escort", {"name": SECOND}) == address
    page = officer.get(address)
    assert PLACE not in page
    assert MOBILE not in page
    assert f"Test {SECOND}" in page
    officer.post(f"{address}/meeting/open", status=404)
    colleague.post(f"{address}/meeting/open")
    assert PLACE in colleague.get(address)
    # The shelter says it anew, and the colleague goes still.
    said(accepted, Meeting(Brings.POST, "Bashkia e Fierit", telephone=MOBILE))
    assert "Bashkia e Fierit" in colleague.get(address)
    officer.post(f"{address}/meeting/open", status=404)


def test_an_interviewer_by_a_row_in_the_database_opens_nothing(accepted: uuid.UUID) -> None:
    joins(INTERVIEWER, SECOND, Role.BORDER_OFFICER, "RINAS")
    said(accepted)
    second = factories.actor(SECOND)
    with transaction() as session:
        session.execute(update(Interview).values(member_id=second.member_id))
    with pytest.raises(NotVisible):
        transfers.open_written(referral_id=accepted, what=MEETING, by=second)
    with pytest.raises(NotVisible):
        meetings.name_escort(referral_id=accepted, name=INTERVIEWER, by=second)


def test_the_duty_desk_and_others_open_no_meeting_place(accepted: uuid.UUID, sign_in: Callable[[str], Person]) -> None:
    said(accepted)
    for login in ("ra.duty_officer", "vatra.case_worker", "durres.border_officer", "helpline.helpline_operator"):
        sign_in(login).post(f"/referrals/{accepted}/meeting/open", status=404)
    assert "Qendra Kombëtare" in sign_in("ra.duty_officer").get(f"/referrals/{accepted}")  # it sees the receiver


def test_it_is_destroyed_at_arrival(accepted: uuid.UUID) -> None:
    said(accepted)
    referrals.depart(
        referral_id=accepted,
        escort=Escort.WOMAN_OFFICER,
        expected_at=clock.now() + timedelta(hours=2),
        by=factories.actor(INTERVIEWER),
    )
    assert is_there(accepted)
    referrals.arrive(referral_id=accepted, by=factories.actor("nrc.case_worker"))
    assert not is_there(accepted)
    assert shredding.shred_key(accepted, MEETING, 1) is None


@pytest.mark.parametrize("end", ["not_arrived", "mistaken"])
def test_it_is_destroyed_when_nobody_is_awaited_any_more(accepted: uuid.UUID, end: str) -> None:
    said(accepted)
    worker = factories.actor("nrc.case_worker")
    if end == "mistaken":
        mistakes.take_back_acceptance(referral_id=accepted, why=Why.MISTYPED, by=worker)
    else:
        referrals.not_arrived(referral_id=accepted, by=worker)
    assert not is_there(accepted)
    assert shredding.shred_key(accepted, MEETING, 1) is None


def test_twelve_hours_after_the_expected_hour_nobody_opens_it_and_it_is_destroyed(accepted: uuid.UUID) -> None:
    said(accepted)
    officer = factories.actor(INTERVIEWER)
    factories.later(hours=17, minutes=59)
    officer = factories.actor(INTERVIEWER)
    transfers.open_written(referral_id=accepted, what=MEETING, by=officer)
    assert hand_overs.written(accepted, MEETING, by=officer) is not None
    assert tending.tend()["meetings_over"] == 0
    factories.later(minutes=1)
    with pytest.raises(NotVisible):
        transfers.open_written(referral_id=accepted, what=MEETING, by=officer)
    with pytest.raises(NotVisible):  # nor what this session has open
        hand_overs.written(accepted, MEETING, by=officer)
    with pytest.raises(IllegalTransition):
        said(accepted)
    assert tending.tend()["meetings_over"] == 1
    assert not is_there(accepted)
    assert shredding.shred_key(accepted, MEETING, 1) is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("place", "IOM Tirana, kati i dytë"),
        ("place", "te qendra  NRC"),
        ("place", ""),
        ("place", "x" * 501),
        ("telephone", ""),
        ("telephone", "directory"),
        ("telephone", "national"),
        ("brings", ""),
        ("brings", "taxi"),
    ],
)
def test_the_shelter_is_not_named_in_it(
    accepted: uuid.UUID, sign_in: Callable[[str], Person], field: str, text: str
) -> None:
    from nrm.store import names

    number = names.organisation(organisation("NRC")).telephone
    text = {"directory": number, "national": "0" + number.replace("+355", "").replace(" ", "")}.get(text, text)
    nrc = sign_in("nrc.case_worker")
    data = {**FORM, field: text}
    status = 303 if text.startswith("IOM") else 422  # another's name is not this shelter's
    page = nrc.post(f"/referrals/{accepted}/where", dict(data), status=status)
    assert is_there(accepted) is (status == 303)
    if status == 422 and field == "telephone" and text:
        assert "numërator" in page


def test_when_the_shelter_comes_there_is_an_hour_and_a_word_and_no_telephone(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    nrc, officer = sign_in("nrc.case_worker"), sign_in(INTERVIEWER)
    for missing in ("hour", "word"):
        nrc.post(f"/referrals/{accepted}/where", {**COMES, missing: " "}, status=422)
    soon = f"{clock.now().astimezone(country().timezone) + timedelta(hours=1):%H:%M}"
    nrc.post(f"/referrals/{accepted}/where", {**COMES, "hour": soon, "telephone": MOBILE})
    officer.post(f"/referrals/{accepted}/meeting/open")
    page = officer.get(f"/referrals/{accepted}")
    assert soon in page
    assert "ulliri" in page
    assert MOBILE not in page
    assert "fjalën e kodit" in page


@pytest.mark.parametrize("number", ["o69 12 abc", "my own"])
def test_a_number_that_nobody_can_call_is_not_told(
    accepted: uuid.UUID, sign_in: Callable[[str], Person], number: str
) -> None:
    page = sign_in("nrc.case_worker").post(f"/referrals/{accepted}/where?lang=en", {**FORM, "telephone": number}, 422)
    assert "Enter a telephone number" in page
    assert number in page
    assert not is_there(accepted)


def test_what_was_told_stands_on_the_page_of_the_case(accepted: uuid.UUID, sign_in: Callable[[str], Person]) -> None:
    nrc = sign_in("nrc.case_worker")
    case = nrc.post(f"/referrals/{accepted}/where", dict(FORM))
    page = nrc.get(f"{case}?lang=en")
    assert "The post has been told this" in page
    for said in (FORM["place"], FORM["telephone"]):
        assert said in page.replace("\u00a0", " ")
    other = sign_in("nrc.shelter_manager").get(f"{case}?lang=en")  # who has not opened it sees that it was said
    assert FORM["telephone"] not in other.replace("\u00a0", " ")
    assert "Show who comes and where you meet" in other


def test_only_the_shelter_that_accepted_a_post_says_it(accepted: uuid.UUID, sign_in: Callable[[str], Person]) -> None:
    for login in ("vatra.case_worker", "ra.duty_officer", INTERVIEWER):
        answer = sign_in(login).client.get(f"/referrals/{accepted}/where")
        assert answer.status_code in (403, 404), login
    with pytest.raises(NotVisible):
        meetings.say(referral_id=accepted, meeting=BROUGHT, by=factories.actor("vatra.case_worker"))
    waiting = sent(factories.actor(INTERVIEWER)).referral_id
    with pytest.raises(IllegalTransition):
        meetings.say(referral_id=waiting, meeting=BROUGHT, by=factories.actor("nrc.case_worker"))


def test_of_a_move_between_shelters_nothing_changes(app: Flask, sign_in: Callable[[str], Person]) -> None:
    """It has its own meeting place (ADR 0068), and the two shelters see each other."""
    officer, worker = factories.actor(INTERVIEWER), factories.actor("nrc.case_worker")
    made = sent(officer)
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), by=worker)
    referrals.arrive(referral_id=made.referral_id, by=worker)
    nrc = sign_in("nrc.case_worker")
    to = str(organisation("VATRA"))
    form = {**HAND_OVER_FORM, "receiver": to, "reason": "other", "by_name_of": to, "by_name": "yes"}
    where = nrc.post(f"/cases/{made.case_id}/refer", form)
    vatra = sign_in("vatra.case_worker")
    assert vatra.post(f"{where}/accept", {"bed": str(bed("VATRA"))}).startswith("/cases/")
    assert "Vatra" in nrc.get(where)
    assert vatra.client.get(f"{where}/where").status_code == 404


def test_a_colleague_must_be_one_of_the_post(accepted: uuid.UUID) -> None:
    said(accepted)
    with pytest.raises(NoSuchColleague):
        meetings.name_escort(referral_id=accepted, name="durres.border_officer", by=factories.actor(INTERVIEWER))


@pytest.mark.slow
def test_who_left_before_a_meeting_place_was_agreed_stands_on_both_home_pages_until_it_is(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    def shown(login: str) -> bool:
        return "no meeting place is agreed" in sign_in(login).get("/?lang=en")

    assert not shown(INTERVIEWER)
    assert not shown("nrc.case_worker")
    gone = {"escort": Escort.WOMAN_OFFICER, "expected_at": clock.now() + timedelta(hours=6)}
    referrals.depart(referral_id=accepted, **gone, by=factories.actor(INTERVIEWER))
    officer = sign_in(INTERVIEWER).get("/?lang=en")
    assert "has left, and no meeting place is agreed: call now" in officer
    assert f'href="/referrals/{accepted}"' in officer
    house = sign_in("nrc.case_worker").get("/?lang=en").partition("no meeting place is agreed")[2].partition("</th>")[0]
    assert f'href="/referrals/{accepted}/where"' in house
    assert 'href="tel:' in house
    assert not shown("vatra.case_worker")
    said(accepted)
    assert not shown(INTERVIEWER)
    assert not shown("nrc.case_worker")


def test_once_nobody_can_agree_on_a_place_the_person_is_late_and_not_without_one(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    gone = {"escort": Escort.WOMAN_OFFICER, "expected_at": clock.now() + timedelta(hours=6)}
    referrals.depart(referral_id=accepted, **gone, by=factories.actor(INTERVIEWER))
    factories.later(timedelta(hours=6) + MEETING_ENDS)
    for login in (INTERVIEWER, "nrc.case_worker"):
        assert "no meeting place is agreed" not in sign_in(login).get("/?lang=en")


@pytest.mark.slow
def test_the_sheet_for_who_drives_stands_on_the_page_of_the_referral_until_they_have_left(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    row, post = _row(accepted), sign_in(INTERVIEWER)
    sheet = f'href="/interviews/{row.case_id}/transport/pdf"'
    assert sheet in post.get(f"/referrals/{accepted}")
    assert sheet not in sign_in("nrc.case_worker").get(f"/referrals/{accepted}")
    made = sent(factories.actor(INTERVIEWER))
    assert "/transport/pdf" not in post.get(f"/referrals/{made.referral_id}"), "nobody has accepted yet"
    referrals.depart(
        referral_id=accepted, escort=Escort.WOMAN_OFFICER, expected_at=row.expected_at, by=factories.actor(INTERVIEWER)
    )
    assert sheet not in post.get(f"/referrals/{accepted}")


def test_after_sending_the_page_says_who_holds_the_joint_interview_and_when(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    case_id = _row(accepted).case_id
    assert "The joint interview is held later" in sign_in(INTERVIEWER).get(f"/interviews/{case_id}/sent?lang=en")


@pytest.mark.slow
def test_who_presses_on_a_page_of_before_the_meeting_place_is_told_that_there_is_one(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    post = sign_in(INTERVIEWER)
    form = {"escort": "woman_officer", "expected": "4", "without": "y", "seen": "", "met": ""}
    said(accepted)
    page = post.post(f"/referrals/{accepted}/depart?lang=en", form, 409)
    assert "has said since then who comes and where you meet" in page
    assert _row(accepted).departed_at is None
    assert 'name="met" type="hidden" value="1"' in page
    asked = post.post(f"/referrals/{accepted}/depart?lang=en", {**form, "met": "1"}, 200)
    assert "you have not read it" in asked
    assert _row(accepted).departed_at is None
    post.post(f"/referrals/{accepted}/meeting/open")
    post.post(f"/referrals/{accepted}/depart", {**form, "met": "1"})
    assert _row(accepted).departed_at is not None


@pytest.mark.slow
def test_a_meeting_place_that_was_changed_after_the_page_was_opened_is_read_before_they_leave(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    said(accepted)
    officer, depart = sign_in(INTERVIEWER), f"/referrals/{accepted}/depart?lang=en"
    officer.post(f"/referrals/{accepted}/meeting/open")
    old = _hidden(officer.get(f"/referrals/{accepted}")) | {"escort": "woman_officer", "expected": "4"}
    assert old["met"] == "1"
    said(accepted, dataclasses.replace(BROUGHT, place="Bashkia e Lushnjës"))
    page = officer.post(depart, dict(old), 409)
    assert "The meeting place was changed after you opened this page" in page
    assert 'value="woman_officer" checked' in page
    assert "Bashkia" in page
    assert _row(accepted).departed_at is None
    assert officer.post(depart, {**old, **_hidden(page)}) == f"/referrals/{accepted}"
    assert _row(accepted).departed_at is not None
    assert store.of_post(by=factories.actor(INTERVIEWER)) == []


@pytest.mark.slow
def test_who_opened_the_meeting_place_of_before_is_asked_about_the_one_of_now(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    said(accepted)
    sign_in(INTERVIEWER).post(f"/referrals/{accepted}/meeting/open")
    factories.later(minutes=20)
    said(accepted)
    officer, depart = sign_in(INTERVIEWER), f"/referrals/{accepted}/depart?lang=en"
    form = _hidden(officer.get(depart)) | {"escort": "woman_officer", "expected": "4"}
    assert (form["met"], form.get("known")) == ("2", None)
    assert "you have not read it" in officer.post(depart, dict(form), 200)
    officer.post(f"/referrals/{accepted}/meeting/open")
    assert officer.post(depart, dict(form)) == f"/referrals/{accepted}"


@pytest.mark.slow
def test_they_leave_unread_after_one_more_question_about_what_stands_now(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    said(accepted)
    officer, depart = sign_in(INTERVIEWER), f"/referrals/{accepted}/depart?lang=en"
    form = _hidden(officer.get(f"/referrals/{accepted}")) | {"escort": "woman_officer", "expected": "4"}
    asked = officer.post(depart, dict(form), 200)
    assert "you have not read it" in asked
    assert 'value="woman_officer" checked' in asked
    sure = form | _hidden(asked)
    assert sure["known"] == "1"
    said(accepted)  # the answer to the question of before is none to this one
    assert "was changed after you opened this page" in officer.post(depart, dict(sure), 409)
    assert "you have not read it" in officer.post(depart, {**sure, "met": "2"}, 200)
    assert officer.post(depart, {**sure, "met": "2", "known": "2"}) == f"/referrals/{accepted}"
    assert _row(accepted).departed_at is not None


@pytest.mark.slow
def test_a_colleague_who_records_the_departure_is_told_whom_to_ask(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    said(accepted)
    joins(INTERVIEWER, SECOND, Role.BORDER_OFFICER, "RINAS")
    officer, depart = sign_in(SECOND), f"/referrals/{accepted}/depart?lang=en"
    form = _hidden(officer.get(f"/referrals/{accepted}")) | {"escort": "woman_officer", "expected": "4"}
    name = f"Test {Role.BORDER_OFFICER}"
    assert f"{name}, who alone sees it, has not read it: ask {name}" in officer.post(depart, dict(form), 200)
    sign_in(INTERVIEWER).post(f"/referrals/{accepted}/meeting/open")
    said(accepted)
    page = officer.post(depart, dict(form), 409)
    assert f"Ask {name}, who alone sees it, to read it" in page
    assert "/meeting/open" not in page
    sign_in(INTERVIEWER).post(f"/referrals/{accepted}/meeting/open")
    assert officer.post(depart, form | _hidden(page)) == f"/referrals/{accepted}"
    assert _row(accepted).departed_at is not None


def test_the_meeting_place_is_held_against_the_page_in_the_same_step_too(accepted: uuid.UUID) -> None:
    gone = {"escort": Escort.WOMAN_OFFICER, "expected_at": clock.now() + timedelta(hours=6)}
    officer = factories.actor(INTERVIEWER)
    said(accepted)
    for wrong in ("", "2"):
        with pytest.raises(IllegalTransition):
            referrals.depart(referral_id=accepted, **gone, met=wrong, by=officer)
    referrals.depart(referral_id=accepted, **gone, met="1", by=officer)
    assert _row(accepted).departed_at is not None


def _hidden(page: str) -> dict[str, object]:
    """The hidden fields of the form of a departure."""
    part = page.partition('<form id="sheet"')[2].partition("</form>")[0]
    found = re.findall(r'<input[^>]*name="(seen|met|known)"[^>]*?(?:value="([^"]*)")?>', part)
    return dict(found)


@pytest.mark.slow
def test_the_house_that_says_where_after_they_have_left_is_told_to_call(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    house, words = sign_in("nrc.case_worker"), "They have left already"
    assert words not in house.get(f"/referrals/{accepted}/where?lang=en")
    gone = {"escort": Escort.WOMAN_OFFICER, "expected_at": clock.now() + timedelta(hours=6)}
    referrals.depart(referral_id=accepted, **gone, by=factories.actor(INTERVIEWER))
    page = house.get(f"/referrals/{accepted}/where?lang=en").partition(words)[2].partition("</div>")[0]
    assert 'href="tel:' in page


@pytest.mark.slow
@pytest.mark.parametrize("hour", ["quarter past", "25:99 tomorrow maybe", "24:00", "9", "9:7"])
def test_when_the_shelter_comes_is_a_real_hour(
    accepted: uuid.UUID, sign_in: Callable[[str], Person], hour: str
) -> None:
    page = sign_in("nrc.case_worker").post(f"/referrals/{accepted}/where?lang=en", {**COMES, "hour": hour}, 422)
    assert "Enter an hour from 0:00 to 23:59" in page
    assert f'value="{hour}"' in page
    assert not is_there(accepted)


@pytest.mark.slow
@pytest.mark.parametrize(("hour", "day"), [("22:05", 2), ("22.05", 2), ("9:05", 3), ("21:00", 3)])
def test_the_post_reads_the_day_with_the_hour_at_which_the_shelter_comes(
    app: Flask, sign_in: Callable[[str], Person], hour: str, day: int
) -> None:
    """Nine in the evening, said at nine or after, is that of tomorrow, and both sides read it."""
    assert app
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)  # 21:00 on the clocks of the country
    clock.set_clock(lambda: evening)
    made = sent(factories.actor(INTERVIEWER))
    nrc = sign_in("nrc.case_worker")
    until = evening + timedelta(hours=18)
    worker = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), expected_at=until, by=worker)
    where, typed = f"/referrals/{made.referral_id}/where", {**COMES, "hour": hour}
    if hour == "21:00":  # has just passed
        typed |= again_of(nrc.post(where, typed, 422))
    nrc.post(where, typed)
    officer = sign_in(INTERVIEWER)
    officer.post(f"/referrals/{made.referral_id}/meeting/open")
    said_ = f"{day} March 2026, {hour.replace('.', ':').rjust(5, '0')}"
    assert said_ in officer.get(f"/referrals/{made.referral_id}?lang=en")
    assert said_ in nrc.get(f"/cases/{made.case_id}?lang=en")


def again_of(page: str) -> dict[str, str]:
    """What a form that asks about an hour sends when the hour is right."""
    found = re.search(r'name="asked" type="hidden" value="([^"]*)"', page)
    assert found is not None
    return {"asked": found[1], "is_next": "y"}


@pytest.mark.slow
@pytest.mark.parametrize("hour", ["0:30", "23.45"])
def test_an_hour_that_has_just_passed_is_asked_about_once(
    app: Flask, sign_in: Callable[[str], Person], hour: str
) -> None:
    """At 0:37 the hour 0:30 was saved as that of the next day, and nobody was asked."""
    assert app
    night = datetime(2026, 12, 1, 23, 37, tzinfo=UTC)  # 0:37 of the second on the clocks of the country
    clock.set_clock(lambda: night)
    made, worker = sent(factories.actor(INTERVIEWER)), factories.actor("nrc.case_worker")
    late = night + timedelta(hours=18)
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), expected_at=late, by=worker)
    nrc, where = sign_in("nrc.case_worker"), f"/referrals/{made.referral_id}/where?lang=en"
    typed = {**COMES, "hour": hour}
    asked = nrc.post(where, typed, 422)
    passed, next_ = ("2 December", "3 December") if hour == "0:30" else ("1 December", "2 December")
    shown = hour.replace(".", ":").rjust(5, "0")
    assert f"{passed} 2026, {shown} has passed. Do you come only on {next_} 2026, {shown}?" in asked
    assert PLACE in asked
    assert f'value="{hour}"' in asked
    assert not is_there(made.referral_id)
    again = again_of(asked)
    assert "has passed" in nrc.post(where, {**typed, **again, "hour": "0:15"}, 422)  # that was another hour
    nrc.post(where, {**typed, **again})
    assert f"{next_} 2026, {shown}" in nrc.get(f"/cases/{made.case_id}?lang=en")


def test_nobody_is_met_after_the_meeting_place_is_destroyed(app: Flask, sign_in: Callable[[str], Person]) -> None:
    assert app
    night = datetime(2026, 12, 1, 23, 37, tzinfo=UTC)
    clock.set_clock(lambda: night)
    made, worker = sent(factories.actor(INTERVIEWER)), factories.actor("nrc.case_worker")
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), by=worker)
    nrc, where = sign_in("nrc.case_worker"), f"/referrals/{made.referral_id}/where?lang=en"
    for hour in ("0:30", "12:45"):
        page = nrc.post(where, {**COMES, "hour": hour}, 422)
        assert "enter an hour before 2 December 2026, 12:37" in page
        assert PLACE in page
    late = Meeting(Brings.SHELTER, PLACE, hour=(night + timedelta(hours=13)).isoformat(), word="ulliri")
    with pytest.raises(IllegalTransition):
        said(made.referral_id, late)
    assert not is_there(made.referral_id)
    nrc.post(where, {**COMES, "hour": "12:30"})


def test_an_hour_of_before_that_was_typed_as_text_is_shown_as_it_is(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    said(accepted, Meeting(Brings.SHELTER, PLACE, hour="pas mesnate", word="ulliri"))
    officer = sign_in(INTERVIEWER)
    officer.post(f"/referrals/{accepted}/meeting/open")
    assert "pas mesnate" in officer.get(f"/referrals/{accepted}")


@pytest.mark.slow
def test_who_waits_at_a_post_stands_first_at_the_shelter_until_it_says_where_they_meet(
    accepted: uuid.UUID, sign_in: Callable[[str], Person]
) -> None:
    """The post lets nobody set off without it; the shelter could leave it for later and was told of it nowhere."""
    say, words = f'href="/referrals/{accepted}/where"', "Say who goes and where you meet: the person waits"
    worker, case_id = sign_in("nrc.case_worker"), _row(accepted).case_id

    def first_of(address: str) -> str:
        row = re.search(r"<tbody>\s*<tr>.*?</tr>", worker.get(address), re.DOTALL)
        return row[0] if row else ""

    assert words in worker.get("/?lang=en")
    assert say in first_of("/to-do")
    assert words in first_of("/to-do")
    assert say in worker.get("/cases")
    for address in ("/", "/referrals/coming"):
        page = worker.get(address)
        assert page.index(say) < page.index(f'href="/referrals/{accepted}/arrival"'), address
    case = worker.get(f"/cases/{case_id}")
    assert case.index(say) < case.index(f'href="/referrals/{accepted}/arrival"')
    assert "nobody sets off before you say it" in case
    officer = sign_in(INTERVIEWER).get(f"/referrals/{accepted}?lang=en")
    assert "do not set off without it" in officer
    assert "National Reception Centre" not in officer
    said(accepted)
    for address in ("/", "/to-do", "/cases"):
        assert words not in worker.get(address), address


def test_who_left_waits_at_no_post_any_more(accepted: uuid.UUID, sign_in: Callable[[str], Person]) -> None:
    gone = {"escort": Escort.WOMAN_OFFICER, "expected_at": clock.now() + timedelta(hours=6)}
    referrals.depart(referral_id=accepted, **gone, by=factories.actor(INTERVIEWER))
    worker = sign_in("nrc.case_worker")
    assert "the person waits" not in worker.get("/?lang=en")
    assert "the person waits" not in worker.get("/to-do")


def test_nobody_at_the_help_line_brings_the_person(app: Flask, sign_in: Callable[[str], Person]) -> None:
    made = sent(factories.actor("helpline.helpline_operator"))
    at = clock.now()
    clock.set_clock(lambda: at)
    worker = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), expected_at=at + timedelta(hours=6), by=worker)
    nrc, where = sign_in("nrc.case_worker"), f"/referrals/{made.referral_id}/where"
    page = nrc.get(f"{where}?lang=en")
    assert "We come for the person" in page
    assert "The post brings the person" not in page
    nrc.post(where, dict(FORM), status=422)
    soon = (at + timedelta(hours=2)).astimezone(country().timezone).strftime("%H:%M")
    nrc.post(where, {**COMES, "hour": soon})


@pytest.mark.slow
def test_who_was_found_by_telephone_is_reached_by_the_shelter_and_left_no_post(
    app: Flask, sign_in: Callable[[str], Person]
) -> None:
    """Once a shelter had accepted a caller its page spoke of a post that waits, and the help line was asked who escorts
    her and when they left: no page told anybody to call her."""
    made = sent(factories.actor("helpline.helpline_operator"))
    address = f"/referrals/{made.referral_id}"
    nrc = factories.actor("nrc.case_worker")
    referrals.accept(referral_id=made.referral_id, place_id=bed("NRC"), by=nrc)
    worker, line, duty = (
        sign_in(each) for each in ("nrc.case_worker", "helpline.helpline_operator", "ra.duty_officer")
    )
    assert "Say who goes and where you meet: the person waits" in worker.get("/?lang=en")
    page = worker.get(f"{address}?lang=en")
    assert "Nobody of the help line is with the person. Reach them as the hand-over says" in page
    assert "The post waits" not in page
    assert "Agree it with the person first" in worker.get(f"{address}/where?lang=en")
    page = line.get(f"{address}?lang=en")
    assert "The shelter reaches the person as you wrote it down." in page
    assert "Who escorts" not in page
    assert "They have left" not in page
    for address_of in (address, f"/interviews/{made.case_id}/sent"):
        assert "Sheet for who drives" not in line.get(f"{address_of}?lang=en")
    assert "It reaches the person as you wrote it down." in line.get(f"/interviews/{made.case_id}/sent?lang=en")
    referrals.arrive(referral_id=made.referral_id, by=nrc)
    for who in (duty, line):
        assert "nobody said that they left" not in who.get("/?lang=en")
    assert "nobody here said that the person left" not in line.get(f"{address}?lang=en")
