"""Who was announced and then interviewed all the same without the press "has arrived" (ADR 0240)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from nrm import clock
from nrm.actions import tending
from nrm.actions.interviews import interviews
from nrm.actions.referrals import announced_returns
from nrm.db import db
from nrm.domain.accounts.accounts import NotPermitted, NotVisible, Role
from nrm.domain.referrals.announced_returns import AnnouncedReturnRefused, Announcement, Origin
from nrm.models.accounts.accounts import Member
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.models.shelter.cases import Erasure
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.twins import SECOND, joins

SignIn = Callable[[str], Person]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POST, DESK, CONSUL = "rinas.border_officer", "ra.duty_officer", "consular.consular_officer"
ASKED = "Was the person announced"


def at(moment: datetime) -> None:
    clock.set_clock(lambda: moment)


@pytest.fixture(autouse=True)
def noon(app: Flask) -> None:
    assert app
    at(NOON)


def announced(*, post: str = "RINAS", child: str = "no", on: date = date(2026, 3, 2)) -> uuid.UUID:
    notice_id = uuid.uuid4()
    announced_returns.announce(
        notice_id=notice_id,
        post_id=people.organisation(post),
        announced=Announcement(Origin.CONSULATE, "IT", on, child, 8, 1, frozenset()),
        identity={"name": "Lule Planted"},
        by=factories.actor(CONSUL),
    )
    return notice_id


def row(notice_id: uuid.UUID) -> AnnouncedReturn:
    db.session.rollback()
    return db.session.get_one(AnnouncedReturn, notice_id, populate_existing=True)


def is_destroyed(notice_id: uuid.UUID) -> bool:
    return db.session.get(Erasure, (notice_id, "identity")) is not None


@pytest.mark.slow
def test_where_nobody_is_expected_the_page_of_what_was_sent_asks_nothing(sign_in: SignIn) -> None:
    sent = people.sent(factories.actor(POST), "NRC").case_id
    announced(post="DURRES")
    page = sign_in(POST).get(f"/interviews/{sent}/sent?lang=en")
    assert ASKED not in page
    assert "Nobody is expected here who can be this person" in sign_in(POST).get(f"/notices/sent/{sent}?lang=en")


@pytest.mark.slow
def test_who_was_sent_without_has_arrived_is_said_to_be_the_announced_one_and_the_desk_reads_it_until_it_was_seen(
    sign_in: SignIn,
) -> None:
    notice, other = announced(), announced(child="unknown")
    sent = people.sent(factories.actor(POST), "NRC").case_id
    post, desk = sign_in(POST), sign_in(DESK)
    page = post.get(f"/interviews/{sent}/sent?lang=en")
    assert ASKED in page
    assert f"/notices/sent/{sent}" in page
    assert str(notice) not in page, "the page says nothing of who is expected"
    asked = post.get(f"/notices/sent/{sent}?lang=en")
    assert str(notice) in asked
    assert str(other) in asked
    assert "Lule" not in asked
    assert "Choose who it was" in post.post(f"/notices/sent/{sent}?lang=en", {}, 422)
    assert row(notice).status == "announced"
    for _ in range(2):  # pressed twice, said once
        led = post.post(f"/notices/sent/{sent}", {"notice": notice})
    assert led.endswith(f"/interviews/{sent}/sent")
    assert (row(notice).status, row(notice).said, row(notice).interview_id) == ("arrived", "ended", sent)
    assert row(other).status == "announced", "nobody else is expected less"
    assert not is_destroyed(notice), "no press ends who was announced (ADR 0230)"
    page = post.get(f"{led}?lang=en")
    assert "Somebody is expected at this crossing point" not in page
    assert "Another person was announced" in page
    assert f"/notices/{notice}" not in post.get("/")
    name = db.session.get_one(Member, factories.actor(POST).member_id).name
    words = f"{name} said on 2 March 2026, 13:00 that the person was handed over after an interview of 2 March 2026"
    for there in ("/", "/notices", f"/notices/{notice}"):
        assert words in desk.get(f"{there}?lang=en")
    assert "nobody was handed over" not in desk.get(f"/notices/{notice}?lang=en")
    assert "its interview tells nothing yet" in sign_in(CONSUL).get("/?lang=en")
    sign_in(CONSUL).post(f"/notices/{notice}/cancel", {"why": "mistake"}, 409)
    desk.post(f"/notices/{notice}/open", {"purpose": "safety"})
    assert "Lule Planted" in desk.get(f"/notices/{notice}")
    sure = desk.post(f"/notices/{notice}/seen?lang=en", {"read": NOON.isoformat()}, 200)
    for words in ("that the person was handed over", "2 March 2026, 08:00: adult, 1 comes along"):
        assert words in sure
    desk.post(f"/notices/{notice}/seen", {"read": NOON.isoformat(), "sure": "yes"})
    assert (row(notice).status, row(notice).expected_on, row(notice).interview_id) == ("arrived", None, None)
    assert is_destroyed(notice)
    post.post(f"/notices/{notice}/another", {}, 409)


@pytest.mark.slow
def test_that_it_was_another_person_is_said_until_the_desk_has_seen_it_and_counted(sign_in: SignIn) -> None:
    notice = announced()
    sent = people.sent(factories.actor(POST), "NRC").case_id
    post, desk = sign_in(POST), sign_in(DESK)
    post.post(f"/notices/sent/{sent}", {"notice": notice})
    post.post(f"/notices/{notice}/another")
    assert (row(notice).status, row(notice).said, row(notice).untold) == ("announced", "", 1)
    assert ASKED in post.get(f"/interviews/{sent}/sent?lang=en")
    assert f"/notices/{notice}" in post.get("/")
    assert "said 1 time before that the person arrived" in desk.get(f"/notices/{notice}?lang=en")


def test_one_interview_is_one_announced_person_and_only_of_the_own_post_and_only_once_it_was_sent(
    sign_in: SignIn,
) -> None:
    notice, second, elsewhere = announced(), announced(), announced(post="DURRES")
    officer = factories.actor(POST)
    sent = people.sent(officer, "NRC").case_id
    draft = interviews.start(interview_id=uuid.uuid4(), by=officer)
    with pytest.raises(NotVisible):
        announced_returns.sent_otherwise(notice_id=elsewhere, interview_id=sent, by=officer)
    with pytest.raises(NotVisible):
        announced_returns.sent_otherwise(
            notice_id=notice, interview_id=sent, by=factories.actor("durres.border_officer")
        )
    with pytest.raises(NotPermitted):
        announced_returns.sent_otherwise(notice_id=notice, interview_id=sent, by=factories.actor(CONSUL))
    with pytest.raises(NotVisible):
        announced_returns.sent_otherwise(notice_id=notice, interview_id=draft, by=officer)
    announced_returns.sent_otherwise(notice_id=notice, interview_id=sent, by=officer)
    with pytest.raises(AnnouncedReturnRefused):
        announced_returns.sent_otherwise(notice_id=second, interview_id=sent, by=officer)
    sign_in("durres.border_officer").post(f"/notices/{notice}/another", {}, 404)
    assert row(second).status == "announced"


def test_nobody_saw_it_and_after_thirty_days_nothing_is_left() -> None:
    notice, officer = announced(), factories.actor(POST)
    sent = people.sent(officer, "NRC").case_id
    announced_returns.sent_otherwise(notice_id=notice, interview_id=sent, by=officer)
    at(NOON + timedelta(days=31))
    assert tending.tend()["notices_over"] == 1
    assert (row(notice).status, row(notice).expected_on, row(notice).interview_id) == ("arrived", None, None)
    assert is_destroyed(notice)


@pytest.mark.slow
def test_an_old_window_of_who_began_the_interview_says_where_it_goes_on_and_to_nobody_else(sign_in: SignIn) -> None:
    notice, interview_id = announced(), uuid.uuid4()
    address = f"/notices/{notice}"
    post, words = sign_in(POST), "You began the interview of this person on 2 March 2026, 13:00"
    post.post(f"{address}/arrived", {"id": str(interview_id)})
    page = post.get(f"{address}?lang=en", status=404)
    assert words in page
    assert f'href="/interviews/{interview_id}"' in page
    assert "Lule" not in page
    joins(POST, SECOND, Role.BORDER_OFFICER, "RINAS")
    for login in (SECOND, "durres.border_officer"):
        assert words not in sign_in(login).get(f"{address}?lang=en", status=404)
    assert "There is nothing here for you" in post.get(f"/notices/{uuid.uuid4()}?lang=en", status=404)


@pytest.mark.slow
@pytest.mark.parametrize("other", [{"child": "yes"}, {"on": date(2026, 3, 4)}])
def test_nobody_is_said_to_be_who_is_expected_days_later_or_is_of_another_age(
    sign_in: SignIn, other: dict[str, object]
) -> None:
    notice = announced(**other)  # type: ignore[arg-type]
    sent = people.sent(factories.actor(POST), "NRC").case_id
    post = sign_in(POST)
    assert ASKED not in post.get(f"/interviews/{sent}/sent?lang=en")
    assert str(notice) not in post.get(f"/notices/sent/{sent}")
    post.post(f"/notices/sent/{sent}", {"notice": str(notice)}, 422)
    with pytest.raises(AnnouncedReturnRefused):
        announced_returns.sent_otherwise(notice_id=notice, interview_id=sent, by=factories.actor(POST))
    assert row(notice).status == "announced"
    right = announced(on=date(2026, 3, 3), child="unknown")
    assert str(right) in post.get(f"/notices/sent/{sent}"), "a day earlier, and an age that nobody knew"
