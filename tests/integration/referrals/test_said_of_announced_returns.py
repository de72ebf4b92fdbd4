"""One press makes nobody vanish who was announced: they are expected again, or the desk reads who said what."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import child_alerts as child_actions
from nrm.actions.interviews import interview_sending, interviews
from nrm.actions.referrals import announced_returns
from nrm.db import db
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement, BackReason, Origin
from nrm.models.accounts.accounts import Member
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.referrals.referrals import ChildAlert
from nrm.models.shelter.cases import Erasure
from nrm.store.countries import country
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_interviews import nothing_alarming, walk
from tests.told import seen

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
POST, DESK, CONSUL, HELPLINE = (
    "rinas.border_officer",
    "ra.duty_officer",
    "consular.consular_officer",
    "helpline.helpline_operator",
)


def at(moment: datetime) -> None:
    clock.set_clock(lambda: moment)


@pytest.fixture(autouse=True)
def noon(app: Flask) -> None:
    assert app
    at(NOON)


def announced(*, child: str = "no", hour: int | None = 8, on: date = TODAY, by: str = CONSUL) -> str:
    """The address of the page of a return that was announced at noon of `TODAY`."""
    notice_id = uuid.uuid4()
    origin = Origin.HELPLINE if by == HELPLINE else Origin.CONSULATE
    announced_returns.announce(
        notice_id=notice_id,
        post_id=people.organisation("RINAS"),
        announced=Announcement(origin, "IT", on, child, hour, 1, frozenset({"medical"})),
        identity={"name": "Lule Planted"},
        by=factories.actor(by),
    )
    return f"/notices/{notice_id}"


def row(address: str) -> AnnouncedReturn:
    db.session.rollback()
    notice_id = uuid.UUID(address.rpartition("/")[2])
    return db.session.get_one(AnnouncedReturn, notice_id, populate_existing=True)


def is_destroyed(address: str) -> bool:
    return db.session.get(Erasure, (row(address).id, "identity")) is not None


def arrived(post: Person, address: str) -> uuid.UUID:
    interview_id = uuid.uuid4()
    assert str(interview_id) in post.post(f"{address}/arrived", {"id": str(interview_id)})
    return interview_id


def discarded(post: Person, interview_id: uuid.UUID, status: int = 303) -> str:
    return post.post(f"/interviews/{interview_id}/discard", {"seen": 1}, status)


def name_of(login: str) -> str:
    member = factories.actor(login).member_id
    return str(db.session.get_one(Member, member).name)


@pytest.mark.slow
def test_a_destroyed_interview_leaves_whoever_was_announced_expected_and_the_desk_reads_who_said_what(
    sign_in: SignIn,
) -> None:
    post, desk, consul = sign_in(POST), sign_in(DESK), sign_in(CONSUL)
    address = announced()
    interview_id = arrived(post, address)
    post.get(address, status=404)  # the interview is under way
    discarded(post, interview_id)
    assert (row(address).status, row(address).hour, row(address).needs) == ("announced", 8, ["medical"])
    assert "Has arrived: begin the interview" in post.get(f"{address}?lang=en")
    assert address in post.get("/")
    post.post(f"{address}/open", {"purpose": "admission"})
    assert "Lule Planted" in post.get(address)
    home = desk.get("/?lang=en")
    assert address in home
    for page in (home, desk.get(f"{address}?lang=en")):
        assert "said that the person arrived" in page
        assert "2 March 2026, 13:00" in page
        assert name_of(POST) in page
    assert address + "/cancel" in consul.get("/")
    assert "said that the person arrived" not in post.get("/?lang=en")


def test_a_draft_that_runs_out_leaves_whoever_was_announced_expected(sign_in: SignIn) -> None:
    address = announced()
    arrived(sign_in(POST), address)
    at(NOON + timedelta(days=country().retention.draft_days, minutes=1))
    assert tending.tend()["drafts_expired"] == 1
    assert row(address).status == "announced"
    home = sign_in(DESK).get("/?lang=en")
    assert address in home
    assert "said that the person arrived" in home
    assert name_of(POST) in home


def test_what_is_held_and_then_destroyed_leaves_whoever_was_announced_expected(sign_in: SignIn) -> None:
    post, address = sign_in(POST), announced()
    interview_id = arrived(post, address)
    officer = factories.actor(POST)
    interviews.resume(interview_id=interview_id, by=officer)
    people.interview(officer, begun=interview_id, assessment="possible", danger="yes")
    held = {"seen": 2, "reason": "mistaken", "sentence": "Not this one."}
    post.post(f"/interviews/{interview_id}/discard", held)
    assert db.session.get_one(Interview, interview_id, populate_existing=True).status == "held"
    assert (row(address).status, is_destroyed(address)) == ("arrived", False)
    at(NOON + timedelta(hours=country().retention.hold_hours, minutes=1))
    assert tending.tend()["holds_over"] == 1
    assert row(address).status == "announced"
    assert name_of(POST) in sign_in(DESK).get("/?lang=en")


@pytest.mark.slow
def test_the_short_screen_of_an_adult_who_arrived_asks_no_more_and_the_desk_reads_it_until_it_was_seen(
    sign_in: SignIn,
) -> None:
    """Six times "no", and a person with needs who was announced was on no list any more (ADR 0237)."""
    post, desk, address = sign_in(POST), sign_in(DESK), announced()
    interview_id = arrived(post, address)
    assert walk(post, nothing_alarming(), f"/interviews/{interview_id}/screen")[-1] == "none"
    assert db.session.get_one(Interview, interview_id, populate_existing=True).status == "ended"
    assert (row(address).status, row(address).hour, row(address).said) == ("arrived", 8, "ended")
    assert not is_destroyed(address)
    words = f"{name_of(POST)} ended the interview on 2 March 2026, 13:00: nobody was handed over."
    for there in ("/?lang=en", "/notices?lang=en", f"{address}?lang=en"):
        page = desk.get(there)
        assert words in page
        assert "hurt or ill" in page or "edical" in page  # what was announced of them stays, too
        assert ">late<" not in page
    assert re.search(r'<dt>Crossing point</dt><dd>[^<]+<a href="tel:\+', page)  # it is told to call it
    assert "its interview tells nothing yet" in sign_in(CONSUL).get("/?lang=en")
    sign_in(CONSUL).post(f"{address}/cancel", {"why": "mistake"}, 409)
    assert address not in post.get("/")
    post.get(address, status=404)
    post.post(f"{address}/open", {"purpose": "safety"}, 404)
    post.post(f"{address}/arrived", {"id": str(uuid.uuid4())}, 409)
    post.post(f"{address}/seen", status=403)
    desk.post(f"{address}/open", {"purpose": "safety"})
    assert "Lule Planted" in desk.get(address)
    desk.post(f"{address}/seen", {"read": "2026-03-02T11:00:00+00:00"}, 409)  # the page said something else
    for _ in range(2):  # pressed twice, seen once
        desk.post(f"{address}/seen", {"read": f"{NOON.isoformat()}", "sure": "yes"})
    assert (row(address).status, row(address).expected_on, row(address).said) == ("arrived", None, "")
    assert is_destroyed(address)
    assert address not in desk.get("/")


def test_what_destroys_who_it_was_is_asked_once_more_and_no_old_page_does_it(sign_in: SignIn) -> None:
    """One press at the duty desk destroyed the name of somebody of whom nothing tells where they are."""
    address, desk = announced(child="yes"), sign_in(DESK)
    sign_in(CONSUL).post(f"{address}/cancel", {"why": "mistake"})
    said_at = NOON.isoformat()
    page = desk.post(f"{address}/seen?lang=en", {"read": said_at}, 200)
    assert "With this press the name is destroyed" in page
    assert "Back, nothing is destroyed" in page
    assert f"{name_of(CONSUL)} took it back on" in page
    assert len(re.findall(r'href="tel:\+', page)) >= 2  # the crossing point, and who announced it
    for old in ({}, {"sure": "yes"}, {"sure": "no", "read": said_at}):  # of no page that says what is said now
        desk.post(f"{address}/seen", old, 200)
    for old in ({"read": "2026-03-02T11:00:00+00:00"}, {"read": "2026-03-02T11:00:00+00:00", "sure": "yes"}):
        desk.post(f"{address}/seen", old, 409)
    for login in (POST, CONSUL):
        sign_in(login).post(f"{address}/seen", {"read": said_at, "sure": "yes"}, 403)
    assert not is_destroyed(address)
    assert desk.post(f"{address}/seen", {"read": said_at, "sure": "yes"}) == "/"
    assert is_destroyed(address)
    assert desk.post(f"{address}/seen", {"read": said_at, "sure": "yes"}) == "/"  # pressed twice


def test_whose_interview_ended_and_nobody_saw_it_has_no_name_after_thirty_days(sign_in: SignIn) -> None:
    post, address = sign_in(POST), announced()
    walk(post, nothing_alarming(), f"/interviews/{arrived(post, address)}/screen")
    at(NOON + timedelta(days=31))
    assert tending.tend()["notices_over"] == 1
    assert (row(address).status, row(address).expected_on, row(address).said) == ("arrived", None, "")
    assert is_destroyed(address)


def test_who_is_said_to_be_there_days_before_is_read_with_the_day_for_which_they_were_announced(
    sign_in: SignIn,
) -> None:
    post, desk, address = sign_in(POST), sign_in(DESK), announced(on=TODAY + timedelta(days=4))
    interview_id = arrived(post, address)
    assert "The return was announced for 6 March 2026." in desk.get("/?lang=en")
    walk(post, nothing_alarming(), f"/interviews/{interview_id}/screen")
    assert "The return was announced for 6 March 2026." in desk.get(f"{address}?lang=en")
    today = announced()
    arrived(post, today)
    assert "The return was announced for" not in desk.get(f"{today}?lang=en")


def test_of_whom_the_age_was_not_sure_the_interview_begins_so_and_the_child_authority_is_told(
    sign_in: SignIn,
) -> None:
    post, address = sign_in(POST), announced(child="unknown")
    interview_id = arrived(post, address)
    assert db.session.get_one(ChildAlert, interview_id).age_class == "unsure"
    discarded(post, interview_id, 422)  # only the child authority lets it end
    adult = arrived(post, announced(child="no"))
    assert db.session.get(ChildAlert, adult) is None


def test_who_is_handed_over_is_expected_no_more_and_who_it_was_is_destroyed(sign_in: SignIn) -> None:
    post, address = sign_in(POST), announced(child="unknown")
    interview_id = arrived(post, address)
    assert not is_destroyed(address)
    officer = factories.actor(POST)
    interviews.resume(interview_id=interview_id, by=officer)
    people.interview(officer, begun=interview_id)
    interview_sending.send(interview_id=interview_id, party="NRC", by=officer)
    assert (row(address).status, row(address).expected_on) == ("arrived", None)
    assert is_destroyed(address)


def test_an_announced_child_is_told_to_the_child_authority_on_arrival_and_its_interview_is_not_destroyed(
    sign_in: SignIn,
) -> None:
    post, address = sign_in(POST), announced(child="yes")
    interview_id = arrived(post, address)
    alert = db.session.get_one(ChildAlert, interview_id)
    assert (alert.age_class, alert.withdrawn_at) == ("child", None)
    discarded(post, interview_id, 422)  # only the child authority lets it end
    assert db.session.get_one(Interview, interview_id, populate_existing=True).status == "draft"
    at(NOON + timedelta(days=country().retention.draft_days, minutes=1))
    assert tending.tend()["drafts_expired"] == 0
    assert not is_destroyed(address)
    child_actions.answer_child(
        interview_id=interview_id, answer=ChildAnswer.PARENTS, by=factories.actor("child_protection.case_worker")
    )
    at(NOON + timedelta(days=2 * country().retention.draft_days, minutes=2))
    assert tending.tend()["drafts_expired"] == 1
    assert row(address).status == "arrived", "the child authority has said what becomes of the child"
    assert is_destroyed(address)


def test_while_the_interview_goes_on_nobody_takes_it_back_and_its_time_is_not_over(sign_in: SignIn) -> None:
    post, consul, address = sign_in(POST), sign_in(CONSUL), announced()
    interview_id = arrived(post, address)
    consul.get(f"{address}/cancel", status=409)
    consul.post(f"{address}/cancel", status=409)
    assert f"{address}/cancel" not in consul.get("/")
    post.post(f"{address}/open", {"purpose": "admission"}, 404)
    post.post(f"{address}/not-come", {}, 409)
    discarded(post, interview_id)
    again = arrived(post, address)
    assert again != interview_id
    assert (row(address).interview_id, row(address).said) == (again, "arrived")


@pytest.mark.parametrize(
    ("hour", "first", "said"),
    [
        (20, datetime(2026, 3, 2, 20, tzinfo=UTC), "2 March 2026, 21:00"),
        (None, datetime(2026, 3, 2, 23, tzinfo=UTC), "3 March 2026, 00:00"),
    ],
)
def test_did_not_come_is_said_once_the_hour_is_over_and_the_desk_reads_by_whom(
    sign_in: SignIn, hour: int | None, first: datetime, said: str
) -> None:
    address, moment = announced(hour=hour), said
    at(first - timedelta(minutes=1))
    post = sign_in(POST)
    page = post.get(f"{address}?lang=en")
    assert f"From {moment} on" in page
    assert f"{address}/not-come" not in page
    assert f"from {moment} on" in post.get(f"{address}/not-come?lang=en", 409)
    assert f"from {moment} on" in post.post(f"{address}/not-come", status=409)
    assert row(address).status == "announced"
    at(first)
    assert f"{address}/not-come" in post.get(address)
    for _ in range(2):  # pressed twice, said once
        post.post(f"{address}/not-come")
    assert row(address).status == "not_come"
    desk = sign_in(DESK)
    for there in ("/?lang=en", f"{address}?lang=en"):
        assert f"{name_of(POST)} said on {moment} that the person did not come." in desk.get(there)


@pytest.mark.slow
def test_who_is_late_is_taken_back_with_a_reason_and_stays_with_the_desk_until_it_was_seen(sign_in: SignIn) -> None:
    address = announced(by=HELPLINE, child="yes")
    at(NOON + timedelta(days=2))
    line, post, desk = sign_in(HELPLINE), sign_in(POST), sign_in(DESK)
    cancel = f"{address}/cancel"
    assert "Why do you take it back?" in line.get(f"{cancel}?lang=en")
    assert "Choose why it is taken back" in line.post(f"{cancel}?lang=en", status=422)
    line.post(cancel, {"why": "junk"}, 422)
    assert row(address).status == "announced"
    line.post(cancel, {"why": "not_returning"})
    line.post(cancel, {"why": "not_returning"}, 409)
    assert (row(address).status, is_destroyed(address)) == ("cancelled", False)
    assert cancel not in line.get("/")
    assert address not in post.get("/")
    post.get(address, status=404)
    post.post(f"{address}/open", {"purpose": "safety"}, 404)
    post.post(f"{address}/seen", status=403)
    words = f"{name_of(HELPLINE)} took it back on 4 March 2026, 13:00"
    for there in ("/?lang=en", f"{address}?lang=en"):
        assert f"{words}: the person does not return now." in desk.get(there)
    desk.post(f"{address}/open", {"purpose": "safety"})
    assert "Lule Planted" in desk.get(address)
    for _ in range(2):  # pressed twice, seen once
        seen(desk, address)
    assert (row(address).status, row(address).expected_on, row(address).said_by_id) == ("cancelled", None, None)
    assert is_destroyed(address)
    assert address not in desk.get("/")
    desk.get(address, status=404)


def test_before_it_is_late_it_is_taken_back_as_before(sign_in: SignIn) -> None:
    address, line = announced(by=HELPLINE, hour=20), sign_in(HELPLINE)
    assert "Why do you take it back?" not in line.get(f"{address}/cancel?lang=en")
    line.post(f"{address}/cancel")
    assert (row(address).status, row(address).expected_on) == ("cancelled", None)
    assert is_destroyed(address)


def test_who_takes_it_back_at_the_desk_does_not_see_it_alone_and_after_thirty_days_nothing_is_left() -> None:
    address, desk = announced(by=DESK), factories.actor(DESK)
    notice_id = row(address).id
    at(NOON + timedelta(days=1))
    with pytest.raises(AnnouncedReturnRefused, match="state"):
        announced_returns.back_seen(notice_id=notice_id, by=desk)
    announced_returns.cancel(notice_id=notice_id, why=BackReason.MISTAKE, by=desk)
    with pytest.raises(AnnouncedReturnRefused, match="own"):
        announced_returns.back_seen(notice_id=notice_id, by=desk)
    at(NOON + timedelta(days=31))
    assert tending.tend()["notices_over"] == 1
    assert (row(address).status, row(address).expected_on) == ("not_come", None)
    assert is_destroyed(address)


@pytest.mark.slow
def test_who_was_said_to_have_arrived_is_not_taken_back_nor_forgotten_without_a_word(sign_in: SignIn) -> None:
    """Before its hour the announcer took it back without a reason, or the post said "did not come": the desk's line
    about the destroyed interview was gone."""
    post, desk, consul = sign_in(POST), sign_in(DESK), sign_in(CONSUL)
    address = announced(hour=20)
    discarded(post, arrived(post, address))
    assert 'name="why"' in consul.get(f"{address}/cancel")
    refused = consul.post(f"{address}/cancel?lang=en", {}, 422)
    assert "It was said that the person arrived" in refused
    at(NOON + timedelta(hours=10))
    post = sign_in(POST)
    assert "Call the duty desk" in post.post(f"{address}/not-come?lang=en", status=409)
    assert "Call the duty desk" in post.get(f"{address}/not-come?lang=en", 409)
    desk = sign_in(DESK)
    desk.post(f"{address}/not-come", status=409)
    assert (row(address).status, row(address).said) == ("announced", "destroyed")
    assert "the interview was destroyed by" in desk.get("/?lang=en")
    sign_in(CONSUL).post(f"{address}/cancel", {"why": "mistake"})
    assert (row(address).status, is_destroyed(address)) == ("cancelled", False)
    assert address in desk.get("/")


@pytest.mark.slow
def test_a_child_whose_interview_was_begun_by_mistake_is_expected_again(sign_in: SignIn) -> None:
    """The child authority answered that nothing is to be done about an interview that was none, and nobody expected
    the announced child any more."""
    post, authority = sign_in(POST), sign_in("child_protection.case_worker")
    address = announced(child="yes", hour=20)
    interview_id = arrived(post, address)
    ends = f"/interviews/{interview_id}/discard"
    post.post(ends, {"seen": 1, "reason": "mistaken", "sentence": "The wrong line."})
    authority.post(f"/children/{interview_id}/answer", {"answer": "nothing", "sure": "yes"})
    post.post(ends, {"seen": 1, "reason": "mistaken", "sentence": "The wrong line."})
    assert db.session.get_one(Interview, interview_id, populate_existing=True).status in ("held", "ended")
    at(NOON + timedelta(hours=country().retention.hold_hours, minutes=1))
    tending.tend()
    assert (row(address).status, is_destroyed(address)) == ("announced", False)


@pytest.mark.slow
def test_the_desk_goes_on_reading_whom_an_interview_was_begun_with_until_it_tells_something(sign_in: SignIn) -> None:
    """From "has arrived" until the draft had run out, or the hold was over, nobody read of the announced person."""
    post, desk, consul = sign_in(POST), sign_in(DESK), sign_in(CONSUL)
    address = announced(hour=20)
    interview_id = arrived(post, address)
    words = f"{name_of(POST)} began the interview on 2 March 2026, 13:00; it tells nothing yet."
    for there in ("/?lang=en", "/notices?lang=en", f"{address}?lang=en"):
        page = desk.get(there)
        assert address in page
        assert words in page
        assert ">late<" not in page
    assert "its interview tells nothing yet" in consul.get("/?lang=en")
    assert "under seal" not in desk.get(f"{address}?lang=en")  # it is closed while the interview goes on, and not late
    desk.post(f"{address}/open", {"purpose": "safety"}, 404)
    desk.get(f"{address}/not-come", status=409)
    desk.post(f"{address}/not-come", status=409)
    assert address not in post.get("/")
    post.get(address, status=404)
    officer = factories.actor(POST)
    interviews.resume(interview_id=interview_id, by=officer)
    people.interview(officer, begun=interview_id, assessment="possible", danger="yes")
    post.post(f"/interviews/{interview_id}/discard", {"seen": 2, "reason": "mistaken", "sentence": "Not this one."})
    at(NOON + timedelta(hours=10))  # it is held, and the hour has passed
    desk = sign_in(DESK)
    for there in ("/?lang=en", f"{address}?lang=en"):
        assert "and it was ended: nothing tells yet where the person is" in desk.get(there)
    assert ">late<" in desk.get("/?lang=en")
    desk.post(f"{address}/open", {"purpose": "safety"})
    assert "Lule Planted" in desk.get(address)
    sign_in(POST).post(f"{address}/open", {"purpose": "safety"}, 404)


@pytest.mark.slow
def test_late_stays_late_while_an_interview_goes_on_and_no_more_once_it_ended(sign_in: SignIn) -> None:
    post, desk, address = sign_in(POST), sign_in(DESK), announced()  # it should have been at eight
    assert ">late<" in desk.get("/?lang=en")
    interview_id = arrived(post, address)
    assert ">late<" in desk.get("/?lang=en")
    assert walk(post, nothing_alarming(), f"/interviews/{interview_id}/screen")[-1] == "none"
    assert ">late<" not in desk.get("/?lang=en")
    assert (row(address).status, row(address).said) == ("arrived", "ended")


def test_an_interview_that_was_begun_in_time_and_tells_nothing_is_late_from_the_same_hour_on(sign_in: SignIn) -> None:
    """Begun six minutes before it was late, it kept a person looking on time for half a day."""
    address = announced(hour=14)
    arrived(sign_in(POST), address)
    for hours, late in ((1.9, False), (2, True), (11, True), (13, True)):
        at(NOON + timedelta(hours=hours))
        assert (">late<" in sign_in(DESK).get("/?lang=en")) is late


@pytest.mark.parametrize(
    ("child", "hour", "later", "asked"),
    [
        ("no", 20, timedelta(hours=6, minutes=59), False),
        ("no", 20, timedelta(hours=7), True),  # the hour struck, and it is not late yet
        ("yes", 20, timedelta(), True),
        ("unknown", 20, timedelta(), True),
        ("no", None, timedelta(), True),  # the day has begun
    ],
)
def test_from_its_hour_on_and_of_a_child_always_it_is_taken_back_before_the_eyes_of_the_desk(
    sign_in: SignIn, child: str, hour: int | None, later: timedelta, asked: bool
) -> None:
    address = announced(child=child, hour=hour, by=HELPLINE)
    at(NOON + later)
    line, desk = sign_in(HELPLINE), sign_in(DESK)
    assert ("Why do you take it back?" in line.get(f"{address}/cancel?lang=en")) is asked
    line.post(f"{address}/cancel", {}, 422 if asked else 303)
    assert row(address).status == ("announced" if asked else "cancelled")
    if asked:
        line.post(f"{address}/cancel", {"why": "mistake"})
        assert f"{name_of(HELPLINE)} took it back on" in desk.get("/?lang=en")
    assert is_destroyed(address) is not asked


def test_what_a_colleague_announced_is_taken_back_with_a_reason(sign_in: SignIn) -> None:
    address = announced(hour=20)
    notice = row(address)
    notice.announced_by_id = factories.actor(POST).member_id  # anybody else
    db.session.commit()
    consul = sign_in(CONSUL)
    consul.post(f"{address}/cancel", {}, 422)
    consul.post(f"{address}/cancel", {"why": "elsewhere"})
    assert (row(address).status, is_destroyed(address)) == ("cancelled", False)
    assert f"{name_of(CONSUL)} took it back on" in sign_in(DESK).get(f"{address}?lang=en")


@pytest.mark.slow
def test_a_later_press_leaves_what_the_desk_has_not_seen(sign_in: SignIn) -> None:
    """Destroyed, begun again, destroyed, "did not come", taken back: the desk pressed "seen" and knew only the last."""
    post, desk = sign_in(POST), sign_in(DESK)
    address = announced()
    discarded(post, arrived(post, address))
    assert "time before that the person arrived" not in desk.get("/?lang=en")
    interview_id = arrived(post, address)
    once = "It was said 1 time before that the person arrived; it was taken back, or the interview told nothing."
    for there in ("/?lang=en", f"{address}?lang=en"):
        assert once in desk.get(there)
    discarded(post, interview_id)
    for page in (desk.get("/?lang=en"), desk.get(f"{address}?lang=en"), post.get(f"{address}?lang=en")):
        assert "the interview was destroyed by" in page or page == post.get("/?lang=en")
        assert once in page
    assert "the interview was destroyed by" not in post.get("/?lang=en")
    page = post.get(f"{address}?lang=en")
    assert name_of(POST) in page
    assert f"{address}/not-come" not in page
    assert "Call the duty desk" in page
    post.post(f"{address}/not-come", status=409)
    post.post(f"{address}/seen", status=403)
    for _ in range(2):  # pressed twice, seen once
        desk.post(f"{address}/seen")
    assert (row(address).status, row(address).said, row(address).untold) == ("announced", "", 2)
    assert not is_destroyed(address)
    post.post(f"{address}/not-come")
    assert desk.get(f"{address}?lang=en").count("that the person did not come.") == 1
    twice = "It was said 2 times before that the person arrived"
    assert twice in desk.get("/?lang=en")
    sign_in(CONSUL).post(f"{address}/cancel", {"why": "mistake"})
    page = desk.get(f"{address}?lang=en")
    assert twice in page
    assert f"{name_of(CONSUL)} took it back on" in page
    assert page.count(f"{name_of(POST)} said on 2 March 2026, 13:00 that the person did not come.") == 1
    seen(desk, address)
    assert (row(address).untold, row(address).announced_by_id, is_destroyed(address)) == (0, None, True)
