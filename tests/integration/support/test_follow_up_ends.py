"""A follow-up that ends, by the house or by what another organisation passes on, can be taken back for a week: a code
alone, or one colleague, loses nobody for good (ADR 0215)."""

from __future__ import annotations

import uuid

import pytest

from nrm.actions import tending
from nrm.actions.accounts import suspensions
from nrm.actions.shelter import data_requests, erasures
from nrm.actions.support import follow_up_alarms as alarms
from nrm.actions.support import follow_ups
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.second_hands import WaitsForSecond
from nrm.domain.accounts.suspensions import SuspensionReason
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.support.follow_ups import END_IS_KEPT, Acts, FollowUpRefusal
from nrm.models.shelter.cases import Case
from nrm.store import days
from nrm.store.accounts import second_hands
from nrm.store.rows import lost_records
from nrm.store.support import follow_ups as store
from nrm.web import formats
from tests import factories
from tests.integration.support.test_follow_ups import (
    MANAGER,
    NOT_SAFE,
    TEXT,
    WORDS,
    WORKER,
    SignIn,
    _typed,
    dates,
    followed,
    on,
    refused,
    sealed,
    vatra,
)
from tests.integration.support.test_not_safe import (
    COMPARED,
    DESK,
    OPERATOR,
    alarm_stands,
    asks,
    code_of,
    unsafe,
    wish_of,
)

__all__ = ["vatra"]
BACK = "stay in touch as before"
OTHER = "tjeter_vizion.case_worker"


def _is_child(case_id: uuid.UUID) -> None:
    db.session.execute(Case.__table__.update().where(Case.id == case_id).values(age_class="child"))
    db.session.commit()


def _asked_for(case_id: uuid.UUID) -> bool:
    """Whether the house asks the person how she is."""
    return case_id in {each.case_id for each in store.of_house(by=factories.actor(MANAGER))}


@pytest.mark.slow
@pytest.mark.parametrize("login", [OTHER, OPERATOR])
def test_what_another_organisation_passes_on_by_the_code_alone_is_kept_for_a_week_and_the_manager_reads_who(
    vatra: Actor, sign_in: SignIn, login: str
) -> None:
    case_id, page_of = followed(vatra), ""
    page_of = f"/cases/{case_id}/follow-up"
    on(dates(case_id)[1].due_on)
    assert _asked_for(case_id)
    asks(sign_in(login), code_of(case_id))
    assert not _asked_for(case_id), "nobody calls her"
    assert sealed(case_id)
    manager = sign_in(MANAGER)
    home = manager.get("/?lang=en")
    assert page_of in home
    assert f"{login.split('.')[1]}" in home
    line = home.split(f"{login} of ")[1].split("<")[0]
    assert "passed on at" in line
    assert "you can take it back" in line
    assert "passed on at" not in sign_in(WORKER).get("/?lang=en")
    worker = sign_in(WORKER)
    assert BACK not in worker.get(f"{page_of}?lang=en")
    worker.post(f"{page_of}/end/undo", {}, 409)
    assert login in manager.get(f"{page_of}?lang=en")
    manager.post(f"{page_of}/end/undo")
    assert _asked_for(case_id)
    assert "passed on at" not in manager.get("/?lang=en")
    assert {each.state for each in dates(case_id).values()} == {"open"}
    manager.post(f"{page_of}/open")
    assert WORDS["channel"] in manager.get(page_of)
    assert lost_records.follow_ups() == []
    # Once more, and nobody takes it back: after the week it is destroyed, and its line is gone.
    asks(sign_in(login), code_of(case_id))
    factories.later(days=7)
    tending.tend()
    assert sealed(case_id)
    factories.later(days=1)
    tending.tend()
    assert not sealed(case_id)
    assert "passed on at" not in sign_in(MANAGER).get("/?lang=en")
    refused(FollowUpRefusal.ENDED, follow_ups.take_end_back, case_id=case_id, by=factories.actor(MANAGER))


@pytest.mark.slow
def test_what_another_organisation_passes_on_of_a_child_waits_with_the_manager(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra)
    _is_child(case_id)
    asks(sign_in(OTHER), code_of(case_id))
    wish, status = wish_of(case_id)
    assert status == "open"
    assert sealed(case_id)
    on(dates(case_id)[1].due_on)
    assert _asked_for(case_id)
    manager, worker = sign_in(MANAGER), sign_in(WORKER)
    assert f"/requests/{wish}" in manager.get("/")
    page_of = f"/cases/{case_id}/follow-up"
    assert "This is a child, or a person who may be one, so nothing ended" in manager.get(f"{page_of}?lang=en")
    # Nor does one case worker end it.
    words = "Only the manager of your shelter can end this"
    assert words in worker.get(f"{page_of}/end?lang=en", 409)
    assert words in worker.post(f"{page_of}/end?lang=en", COMPARED, 409)
    refused(FollowUpRefusal.CHILD_MANAGER, follow_ups.end, case_id=case_id, by=factories.actor(WORKER))
    manager.post(f"{page_of}/end", COMPARED)
    assert wish_of(case_id)[1] == "passed_on"
    assert sealed(case_id)


@pytest.mark.slow
def test_what_a_case_worker_ends_stands_on_the_managers_home_page_and_goes_on_when_it_is_taken_back(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id, own = followed(vatra), followed(vatra, bed=1)
    page_of = f"/cases/{case_id}/follow-up"
    sign_in(WORKER).post(f"{page_of}/end", COMPARED)
    # What is passed on afterwards hides nobody's name.
    data_requests.record(
        request_id=uuid.uuid4(),
        pseudonym=code_of(case_id),
        kind=RequestKind.NO_FOLLOW_UP,
        by=factories.actor(OPERATOR),
    )
    manager = sign_in(MANAGER)
    home = manager.get("/?lang=en")
    assert f"{WORKER} of " in home
    assert "ended staying in touch at" in home.split(f"{WORKER} of ")[1].split("<")[0]
    manager.post(f"{page_of}/end/undo")
    assert "ended staying in touch at" not in manager.get("/?lang=en")
    assert {each.state for each in dates(case_id).values()} == {"open"}
    # Her own press is no line for her, and is taken back on the page of the case.
    manager.post(f"/cases/{own}/follow-up/end", COMPARED)
    assert "ended staying in touch at" not in manager.get("/?lang=en")
    assert BACK in manager.get(f"/cases/{own}/follow-up?lang=en")
    manager.post(f"/cases/{own}/follow-up/end/undo")
    assert {each.state for each in dates(own).values()} == {"open"}


@pytest.mark.slow
def test_an_alarm_that_ended_with_it_stands_again_when_it_is_taken_back(vatra: Actor, sign_in: SignIn) -> None:
    case_id = unsafe(vatra)
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=factories.actor(MANAGER))
    follow_ups.end(case_id=case_id, by=factories.actor(MANAGER))
    assert sealed(case_id)
    follow_ups.take_end_back(case_id=case_id, by=factories.actor(MANAGER))
    assert alarm_stands(case_id)
    assert (lost_records.follow_ups(), lost_records.not_safe(), lost_records.acted_on()) == ([], [], [])


@pytest.mark.slow
def test_that_a_person_is_not_safe_stops_erasing_her_case(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    with pytest.raises(WaitsForSecond):
        erasures.erase(case_id=case_id, by=factories.actor(MANAGER))
    worker = sign_in(WORKER)
    assert worker.post(f"{page_of}/not-safe", {"text": "Më kërkon"}) == f"{page_of}?stopped=1"
    assert "This case was to be erased" in worker.get(f"{page_of}?stopped=1&lang=en")
    assert alarm_stands(case_id)
    assert second_hands.of_case(case_id, by=vatra) is None
    worker.post(f"{page_of}/open")
    assert "Më kërkon" in worker.get(page_of)
    factories.later(days=5)
    tending.tend()
    assert alarm_stands(case_id)


@pytest.mark.slow
def test_what_is_typed_at_a_contact_about_danger_stops_it_too(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra)
    on(dates(case_id)[1].due_on)
    with pytest.raises(WaitsForSecond):
        erasures.erase(case_id=case_id, by=factories.actor(MANAGER))
    follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, text=TEXT, by=factories.actor(WORKER))
    assert alarm_stands(case_id)
    assert second_hands.of_case(case_id, by=factories.actor(MANAGER)) is None


@pytest.mark.slow
def test_danger_that_is_told_after_somebody_ended_it_takes_the_end_back_and_later_says_whom_to_call(
    vatra: Actor, sign_in: SignIn
) -> None:
    """Two colleagues at once: one ends it, the other writes down that the person is not safe."""
    case_id = followed(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    worker = sign_in(WORKER)
    worker.get(f"{page_of}/not-safe")
    follow_ups.end(case_id=case_id, by=factories.actor(MANAGER))
    worker.post(f"{page_of}/not-safe", {"text": "Më kërkon"})
    assert alarm_stands(case_id)
    on(dates(case_id)[1].due_on)
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=factories.actor(MANAGER))
    follow_ups.end(case_id=case_id, by=factories.actor(MANAGER))
    sign_in(WORKER).post(f"{page_of}/1", _typed(NOT_SAFE))
    assert alarm_stands(case_id)
    assert lost_records.follow_ups() == []
    # Once it is destroyed nothing is recorded: the words stay on the page, which says whom to call.
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=factories.actor(MANAGER))
    follow_ups.end(case_id=case_id, by=factories.actor(MANAGER))
    factories.later(days=8)
    tending.tend()
    page = sign_in(WORKER).post(f"{page_of}/not-safe?lang=en", {"text": "Më kërkon"}, 409)
    assert "Më kërkon" in page
    assert "call the duty desk now" in page
    assert "tel:" in page


@pytest.mark.slow
def test_who_is_not_safe_where_no_manager_works_stands_with_the_duty_desk(vatra: Actor, sign_in: SignIn) -> None:
    case_id = unsafe(vatra)
    code, words = code_of(case_id), "no manager in the shelter"
    assert code not in sign_in(DESK).get("/")
    manager, worker = factories.actor(MANAGER), factories.actor(WORKER)
    assert manager.member_id is not None
    suspensions.suspend(member_id=manager.member_id, reason=SuspensionReason.MISUSE, by=worker)
    page = sign_in(DESK).get("/?lang=en")
    assert words in page
    assert code in page


@pytest.mark.slow
def test_the_duty_desk_reads_who_ended_staying_in_touch_with_a_child_while_it_can_be_taken_back(
    vatra: Actor, sign_in: SignIn
) -> None:
    """The manager alone ended it of a child who had named no danger; after a week everything was destroyed."""
    case_id, adult, taken_back = (followed(vatra, bed=each) for each in range(3))
    for each in (case_id, taken_back):
        _is_child(each)
    follow_ups.take_over(case_id=case_id, by=factories.actor(WORKER))
    desk, manager, title = sign_in(DESK), sign_in(MANAGER), "Staying in touch with a child was ended"
    assert title not in desk.get("/?lang=en")
    for each in (case_id, adult, taken_back):
        manager.post(f"/cases/{each}/follow-up/end", COMPARED)
    manager.post(f"/cases/{taken_back}/follow-up/end/undo")
    told = desk.get("/?lang=en").partition(title)[2].partition("</section>")[0]
    assert code_of(case_id) in told
    assert code_of(adult) not in told
    assert code_of(taken_back) not in told
    assert "ended by Test shelter_manager of" in told
    assert "Test case_worker stayed in touch" in told
    until = formats.day(days.today() + END_IS_KEPT, "en")
    assert f"can be taken back until {until}" in told
    assert "tel:" in told
    assert str(case_id) not in told  # no link: the desk does not open the case
    assert "The duty desk reads for 7 days" in manager.get(f"/cases/{taken_back}/follow-up/end?lang=en")
    factories.later(days=7)
    assert title in sign_in(DESK).get("/?lang=en")
    factories.later(days=1)
    assert title not in sign_in(DESK).get("/?lang=en")


@pytest.mark.slow
def test_who_was_not_safe_when_it_ended_and_is_a_child_stands_on_one_list_of_the_duty_desk(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = unsafe(vatra)
    alarms.act(case_id=case_id, what=Acts.MET, text="Vera", by=factories.actor(MANAGER))
    follow_ups.end(case_id=case_id, by=factories.actor(MANAGER))
    _is_child(case_id)
    page = sign_in(DESK).get("/?lang=en")
    assert "Not safe when a shelter ended staying in touch" in page
    assert "Staying in touch with a child was ended" not in page
