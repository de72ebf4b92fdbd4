"""Who is not safe after the shelter: told between two contacts, under a wrong code, and on a page that is old."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from nrm.actions.shelter import cases, corrections, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.closings import ReopenReason
from nrm.domain.shelter.corrections import Why
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.shelter import places as place_store
from nrm.store.support import follow_ups as store
from tests import factories
from tests.integration.support.test_follow_ups import (
    CHANNEL,
    MANAGER,
    WORKER,
    SignIn,
    dates,
    followed,
    on,
    sealed,
    vatra,
)
from tests.integration.support.test_not_safe import STANDS, alarm_stands, unsafe

__all__ = ["vatra"]


def _manager() -> Actor:
    return factories.actor(MANAGER)


def _admitted_again(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    cases.reopen(case_id=case_id, reason=ReopenReason.CAME_BACK, by=by)
    today = days.today()
    return stays.admit(
        case_id=case_id,
        place_id=place_store.free_places(by=by)[3][0],
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=9),
        by=by,
    )


@pytest.mark.slow
def test_an_admission_under_a_wrong_code_takes_nobody_who_is_not_safe_off_the_lists(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = unsafe(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    stay_id = _admitted_again(case_id, factories.actor(WORKER))
    assert alarm_stands(case_id)
    manager = sign_in(MANAGER)
    assert STANDS in manager.get("/?lang=en")
    page = manager.get(f"/cases/{case_id}?lang=en")
    assert STANDS in page
    assert "The person is not safe, or needs help now." in manager.get(f"{page_of}?lang=en")
    # It was another person: struck, and all of it is as it was.
    corrections.opened_by_mistake(stay_id=stay_id, why=Why.OTHER_PERSON, by=factories.actor(WORKER))
    assert alarm_stands(case_id)
    manager = sign_in(MANAGER)
    page = manager.get(f"{page_of}?lang=en")
    assert "lived in a shelter again" not in page
    assert "The person is not safe, or needs help now." in page
    manager.post(f"{page_of}/open")
    assert CHANNEL in manager.get(page_of)


@pytest.mark.slow
def test_of_who_came_back_and_was_not_safe_it_ends_once_the_manager_records_that_she_is_safe(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = unsafe(vatra)
    page_of = f"/cases/{case_id}/follow-up"
    cases.reopen(case_id=case_id, reason=ReopenReason.CAME_BACK, by=_manager())
    page = sign_in(WORKER).get(f"/cases/{case_id}/admit?lang=en")
    assert "until the manager records that the person is safe" in page
    assert "destroyed for good" not in page
    stays.admit(
        case_id=case_id,
        place_id=place_store.free_places(by=_manager())[3][0],
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=9),
        by=_manager(),
    )
    manager = sign_in(MANAGER)
    manager.post(f"{page_of}/acting", {"what": "met", "text": "Vera"})
    assert "destroyed" in manager.get(f"{page_of}/safe?lang=en")
    manager.post(f"{page_of}/safe", {"sure": "y", "text": "Vera, here"})
    found = store.of_case(case_id, by=_manager())
    assert found is not None
    assert (found.ended_why, found.alarms, sealed(case_id)) == ("came_back", False, False)
    assert case_id not in {each.case_id for each in store.of_house(by=_manager())}


def test_what_ended_by_an_admission_that_was_struck_does_not_say_that_she_lived_in_a_shelter(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = followed(vatra)
    stay_id = _admitted_again(case_id, vatra)
    page_of = f"/cases/{case_id}/follow-up?lang=en"
    assert "The person lived in a shelter again." in sign_in(MANAGER).get(page_of)
    corrections.opened_by_mistake(stay_id=stay_id, why=Why.OTHER_PERSON, by=vatra)
    page = sign_in(MANAGER).get(page_of)
    assert "The person lived in a shelter again." not in page
    assert "admitted under this code by mistake" in page


@pytest.mark.slow
def test_while_the_stay_goes_on_after_a_wrong_end_no_page_asks_for_a_contact(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra, closes=False)
    by = on(dates(case_id)[1].due_on + timedelta(days=9))
    page_of = f"/cases/{case_id}/follow-up?lang=en"
    page = sign_in(MANAGER).get(page_of)
    assert "Enter what came of it" in page
    assert ">late<" in page
    place_id = place_store.free_places(by=by)[0][0]
    corrections.reopen(stay_id=_stay_of(case_id), place_id=place_id, why=Why.MISTOLD, by=by)
    manager = sign_in(MANAGER)
    page = manager.get(page_of)
    assert "Enter what came of it" not in page
    assert ">late<" not in page
    assert "when the stay ends" in page
    page = manager.get(f"/cases/{case_id}?lang=en")
    assert "goes on when the stay ends" in page
    assert "next contact on" not in page


def _stay_of(case_id: uuid.UUID) -> uuid.UUID:
    found = db.session.scalars(select(Stay.id).where(Stay.case_id == case_id)).one()
    db.session.rollback()
    return found
