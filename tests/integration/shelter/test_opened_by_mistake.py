"""A case that was opened twice, or for nobody, counts nowhere (ADR 0182)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from nrm.actions.shelter import cases, corrections, stays
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.closings import Answers, Debts, Documents, FollowUp, ReopenReason
from nrm.domain.shelter.corrections import CorrectionRefusal, CorrectionRefused, Why
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.shelter import places
from nrm.store.shelter import stays as stay_store
from tests import factories
from tests.conftest import Person
from tests.factories_stays import admitted

SignIn = Callable[[str], Person]
MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"


@pytest.mark.slow
def test_within_a_day_who_entered_it_strikes_it_and_later_another_member(app: Flask, sign_in: SignIn) -> None:
    assert app
    by = factories.actor(WORKER)
    free = len(places.free_places(by=by))
    twice, nobody, somebody = admitted(by), admitted(by), admitted(by)
    worker = sign_in(WORKER)
    assert f"/stays/{twice.stay_id}/mistake" in worker.get(f"/stays/{twice.stay_id}")
    worker.post(f"/stays/{twice.stay_id}/mistake", {}, 422)
    sign_in("tjeter_vizion.case_worker").get(f"/stays/{twice.stay_id}/mistake", 404)
    worker.post(f"/stays/{twice.stay_id}/mistake", {"why": "other_person"})
    worker.post(f"/stays/{twice.stay_id}/mistake", {"why": "other_person"}, 409)
    worker.get(f"/stays/{twice.stay_id}/mistake", 409)
    factories.later(days=2)
    by = factories.actor(WORKER)
    with pytest.raises(CorrectionRefused) as refused:
        corrections.opened_by_mistake(stay_id=nobody.stay_id, why=Why.OTHER_PERSON, by=by)
    assert refused.value.reason is CorrectionRefusal.ANOTHER
    assert "another member of your shelter" in sign_in(WORKER).post(
        f"/stays/{nobody.stay_id}/mistake?lang=en", {"why": "other_person"}, 409
    )
    corrections.opened_by_mistake(stay_id=nobody.stay_id, why=Why.OTHER_PERSON, by=factories.actor(MANAGER))
    db.session.rollback()
    for each in (twice, nobody):
        stay = db.session.get_one(Stay, each.stay_id, populate_existing=True)
        assert (stay.exit_reason, stay.ended_on, stay.counts_from) == ("entered_by_mistake", stay.admitted_on, None)
        assert stay.taken_back_on is not None
    assert len(places.free_places(by=factories.actor(MANAGER))) == free - 1
    # The way to erase it is open.
    assert "End the stay first" not in sign_in(MANAGER).get(f"/cases/{nobody.case_id}/erase?lang=en")
    # Nobody lived there for a month by mistake: no press takes those nights away.
    factories.later(days=30)
    answer = sign_in(MANAGER).post(f"/stays/{somebody.stay_id}/mistake?lang=en", {"why": "other_person"}, 409)
    assert "opened more than a month ago" in answer
    sign_in(MANAGER).get(f"/stays/{somebody.stay_id}/mistake", 409)
    assert "/mistake" not in sign_in(MANAGER).get(f"/stays/{somebody.stay_id}")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["sq", "en"])
def test_who_came_under_the_code_of_another_leaves_her_case_as_it_was(app: Flask, sign_in: SignIn, lang: str) -> None:
    assert app
    by = factories.actor(MANAGER)
    opened = admitted(by, days_ago=40)
    _leaves(opened.stay_id, by)
    answers = Answers(FollowUp.NOT_WANTED, Documents.STILL_HERE, Debts.NONE)
    cases.close(case_id=opened.case_id, answers=answers, by=by)
    closed_month = db.session.get_one(Case, opened.case_id, populate_existing=True).closed_month
    factories.later(days=40)
    by = factories.actor(WORKER)
    cases.reopen(case_id=opened.case_id, reason=ReopenReason.CAME_BACK, by=by)
    stay_id = _comes(opened.case_id, by)
    worker = sign_in(WORKER)
    words = {"en": "It was not this person who came", "sq": "Nuk ishte ky person që erdhi"}[lang]
    assert words in worker.get(f"/stays/{stay_id}?lang={lang}")
    page = worker.get(f"/stays/{stay_id}/mistake?lang={lang}")
    assert words in page
    assert {"en": "let it be erased", "sq": "fshihet"}[lang] not in page
    worker.post(f"/stays/{stay_id}/mistake", {"why": "other_person"})
    db.session.rollback()
    case = db.session.get_one(Case, opened.case_id, populate_existing=True)
    assert (case.status, case.closed_month) == ("closed", closed_month)
    standing = closing_rows.standing(opened.case_id)
    assert standing is not None
    assert (standing.way, standing.documents, standing.follow_up) == ("checklist", "still_here", "not_wanted")


def test_a_case_that_was_open_before_somebody_else_came_under_its_code_stays_open(app: Flask) -> None:
    assert app
    by = factories.actor(MANAGER)
    opened = admitted(by, days_ago=40)
    _leaves(opened.stay_id, by)
    stay_id = _comes(opened.case_id, by)
    assert stay_store.is_return(stay_id, by=by)
    corrections.opened_by_mistake(stay_id=stay_id, why=Why.OTHER_PERSON, by=by)
    corrections.close_again(stay_id=stay_id, by=by)
    assert db.session.get_one(Case, opened.case_id, populate_existing=True).status == "open"


def test_a_case_in_which_she_lived_again_before_somebody_else_came_stays_open(app: Flask) -> None:
    assert app
    by = factories.actor(MANAGER)
    opened = admitted(by, days_ago=40)
    _leaves(opened.stay_id, by)
    cases.close(case_id=opened.case_id, by=by)
    cases.reopen(case_id=opened.case_id, reason=ReopenReason.CAME_BACK, by=by)
    _leaves(_comes(opened.case_id, by), by)
    wrong = _comes(opened.case_id, by)
    corrections.opened_by_mistake(stay_id=wrong, why=Why.OTHER_PERSON, by=by)
    corrections.close_again(stay_id=wrong, by=by)
    assert db.session.get_one(Case, opened.case_id, populate_existing=True).status == "open"


def _leaves(stay_id: uuid.UUID, by: Actor) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )


def _comes(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    return stays.admit(
        case_id=case_id,
        place_id=places.free_places(by=by)[0][0],
        admitted_on=days.today(),
        anticipated_end_on=days.today() + timedelta(days=30),
        by=by,
    )
