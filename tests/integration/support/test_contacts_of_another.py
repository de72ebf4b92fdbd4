"""What was entered after the shelter of the wrong person is taken back, with the alarm and the try that came of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from nrm.actions.support import follow_up_alarms, follow_ups
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.support.follow_ups import Contact, FollowUpRefusal, How, Result, Stand
from nrm.models.shelter.cases import Case
from nrm.store.support import follow_ups as store
from tests import factories
from tests.client import words
from tests.integration.support.test_follow_ups import (
    MANAGER,
    MISSED,
    NOT_SAFE,
    WELL,
    WORKER,
    SignIn,
    _typed,
    dates,
    followed,
    on,
    refused,
    vatra,
)

__all__ = ["vatra"]
OTHER = Contact(Result.OTHER_PERSON, How.TELEPHONE)


def alarms(case_id: object) -> bool:
    found = store.of_case(case_id, by=factories.actor(MANAGER))  # type: ignore[arg-type]
    assert found is not None
    return found.alarms


@pytest.mark.slow
def test_not_safe_of_the_wrong_person_is_taken_back_by_correcting_that_contact(vatra: Actor, sign_in: SignIn) -> None:
    """Only two false statements cleared it: that the shelter acts, and that the person is safe."""
    case_id = followed(vatra)
    worker = on(dates(case_id)[1].due_on, WORKER)
    follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, by=worker)
    person, address = sign_in(WORKER), f"/cases/{case_id}/follow-up"
    assert "The person is not safe" in person.get(f"{address}?lang=en")
    page = person.get(f"{address}/1?lang=en")
    assert "about another person" in page
    assert re.search(r"this entry is struck: <b>[^<]+, The person was reached</b>", page)
    assert "about another person" not in person.get(f"{address}/3?lang=en", 409)
    person.post(f"{address}/1", {**_typed(NOT_SAFE), "result": "other_person"})
    assert not alarms(case_id)
    row = dates(case_id)[1]
    assert (row.state, row.tries, row.next_on, row.safe_at) == (Stand.OPEN, 0, row.due_on, None)
    assert "took back on" in words(sign_in(MANAGER).get("/?lang=en"))
    assert "took back on" not in words(person.get("/?lang=en"))
    assert "about another person" not in person.get(f"{address}/1?lang=en")


@pytest.mark.slow
@pytest.mark.parametrize("why", ["another hand", "said again", "child"])
def test_the_alarm_of_another_hand_a_later_one_and_a_childs_stand(vatra: Actor, sign_in: SignIn, why: str) -> None:
    case_id = followed(vatra, closes=why != "child")
    if why == "child":
        db.session.execute(Case.__table__.update().where(Case.id == case_id).values(age_class="child"))
        db.session.commit()
    worker = on(dates(case_id)[1].due_on, WORKER)
    raised_by = factories.actor(MANAGER) if why == "another hand" else worker
    follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, by=raised_by)
    if why == "said again":
        follow_up_alarms.tell(case_id=case_id, text="", by=worker)
    person, address = sign_in(WORKER), f"/cases/{case_id}/follow-up"
    after = person.post(f"{address}/1", {**_typed(NOT_SAFE), "result": "other_person"})
    assert alarms(case_id)
    page = person.get(f"{after}&lang=en")
    reasons = {
        "another hand": "because a colleague raised it",
        "said again": "because it was said more than once",
        "child": "because it is of a child",
    }
    assert [each for each, said in reasons.items() if said in page] == [why]
    assert dates(case_id)[1].state == Stand.OPEN


@pytest.mark.slow
def test_a_true_contact_that_was_corrected_for_the_wrong_person_counts_again(vatra: Actor, sign_in: SignIn) -> None:
    """She had been reached, and was late from then on: what struck the wrong words struck the true ones with them."""
    case_id = followed(vatra)
    worker = on(dates(case_id)[1].due_on, WORKER)
    follow_ups.record(case_id=case_id, months=1, contact=WELL, by=worker)
    follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, by=worker)
    follow_ups.record(case_id=case_id, months=1, contact=WELL, by=worker)
    for left in ("once", "twice"):
        follow_ups.record(case_id=case_id, months=1, contact=OTHER, by=worker)
        assert dates(case_id)[1].state == Stand.REACHED, left
    assert not alarms(case_id)
    assert 'class="tag late"' not in sign_in(WORKER).get(f"/cases/{case_id}/follow-up?lang=en")
    follow_ups.record(case_id=case_id, months=1, contact=OTHER, by=worker)  # and nothing is left of it
    assert dates(case_id)[1].state == Stand.OPEN


@pytest.mark.slow
def test_not_reached_of_the_wrong_person_is_corrected_and_she_is_late_again(vatra: Actor, sign_in: SignIn) -> None:
    """A try on the wrong person hid for a week that this one was late, and had no "Correct it"."""
    case_id = followed(vatra)
    due = dates(case_id)[1].due_on
    worker = on(due + timedelta(days=10), WORKER)
    refused(FollowUpRefusal.NOTHING_ENTERED, follow_ups.record, case_id=case_id, months=1, contact=OTHER, by=worker)
    follow_ups.record(case_id=case_id, months=1, contact=MISSED, by=worker)
    person, address = sign_in(WORKER), f"/cases/{case_id}/follow-up"
    page = person.get(f"{address}?lang=en")
    assert "Correct it" in page
    assert 'class="tag late"' not in page
    person.post(f"{address}/1", {"result": "other_person", "how": "telephone"})
    row = dates(case_id)[1]
    assert (row.state, row.tries, row.next_on) == (Stand.OPEN, 0, due)
    assert 'class="tag late"' in person.get(f"{address}?lang=en")
    # After a true try the next one is due a week after it.
    follow_ups.record(case_id=case_id, months=1, contact=MISSED, by=worker)
    later = on(due + timedelta(days=17), WORKER)
    follow_ups.record(case_id=case_id, months=1, contact=MISSED, by=later)
    follow_ups.record(case_id=case_id, months=1, contact=OTHER, by=later)
    row = dates(case_id)[1]
    assert (row.tries, row.next_on) == (1, due + timedelta(days=17))
