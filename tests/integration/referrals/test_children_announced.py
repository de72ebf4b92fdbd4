"""Children who were announced with a person stay a task of the shelter until it says what became of them (ADR 0281)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from nrm import clock
from nrm.actions.referrals import referrals
from nrm.actions.shelter import absences, corrections
from nrm.db import db
from nrm.domain.accounts.accounts import NotVisible
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.corrections import Why
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.stays import Stay
from nrm.web.referrals import to_do
from tests import factories
from tests.conftest import Person
from tests.factories_referrals import Sent, bed, sent
from tests.factories_stays import CHILD, admitted
from tests.integration.shelter.test_dependants import ADMITTED, LITTLE, WHO

SignIn = Callable[[str], Person]
ANNOUNCED = "Children were announced with this person."
OPEN = "Children announced: open a case for each"
PERHAPS = "Children who came along with a parent are entered in the shelter: is one of them this person’s"
NO_CHILD_HERE = "No child was admitted here since this person came"


def announced(children: str = "2+") -> Sent:
    return sent(factories.actor("rinas.border_officer"), children=children)


def owed(case_id: uuid.UUID) -> list[Obligation]:
    db.session.rollback()
    kind = Obligation.kind == "children_along"
    return list(db.session.scalars(select(Obligation).where(Obligation.case_id == case_id, kind)))


def arrive(desk: Person, made: Sent) -> None:
    desk.post(f"/referrals/{made.referral_id}/accept", {"bed": str(bed("NRC"))})
    form = {"bed": "N01", "admitted": "today", "planned": "30", "is_here": "y", "stood": "accepted"}
    assert desk.post(f"/referrals/{made.referral_id}/arrival", form).startswith("/stays/")


@pytest.mark.slow
def test_the_shelter_reads_it_at_the_answer_and_the_arrival_and_has_it_on_its_pages_until_it_said_what_became_of_them(
    app: Flask, sign_in: SignIn
) -> None:
    made = announced()
    desk, other = sign_in("nrc.case_worker"), sign_in("vatra.case_worker")
    assert ANNOUNCED in desk.get(f"/referrals/{made.referral_id}?lang=en")
    assert OPEN not in desk.get("/?lang=en")
    assert desk.get("/?lang=en").count("with children") == 1
    desk.post(f"/referrals/{made.referral_id}/accept", {"bed": str(bed("NRC"))})
    assert desk.get("/?lang=en").count("with children") == 1
    assert "with children" not in other.get("/?lang=en")
    assert ANNOUNCED in desk.get(f"/referrals/{made.referral_id}/arrival?lang=en")
    assert OPEN not in desk.get("/?lang=en")  # she is not there yet
    (line,) = owed(made.case_id)
    address = f"/obligations/{line.id}/acknowledge"
    desk.post(address, {"came": "stayed"}, 409)
    form = {"bed": "N01", "admitted": "today", "planned": "30", "is_here": "y", "stood": "accepted"}
    desk.post(f"/referrals/{made.referral_id}/arrival", form)
    for page in ("/?lang=en", f"/cases/{made.case_id}?lang=en"):
        shown = desk.get(page)
        assert OPEN in shown, page
        assert f'href="/cases/{made.case_id}/child"' in shown, page
        assert f'href="{address}"' in shown, page
    other.get(address, status=404)
    other.post(address, {"came": "stayed"}, status=404)
    assert "Choose where the children are" in desk.post(f"{address}?lang=en", {}, 422)
    assert "Choose where the children are" in desk.post(f"{address}?lang=en", {"came": "else"}, 422)
    assert NO_CHILD_HERE in desk.post(f"{address}?lang=en", {"came": "have_cases"}, 422)
    assert owed(made.case_id)[0].done_at is None
    desk.post(address, {"came": "stayed"})
    assert owed(made.case_id)[0].done_at is not None
    assert OPEN not in desk.get("/?lang=en")
    assert f'href="{address}"' not in desk.get(f"/cases/{made.case_id}?lang=en")
    desk.get(address, status=404)


def test_they_stand_above_what_is_due_by_a_day_also_on_a_full_evening(app: Flask, sign_in: SignIn) -> None:
    by = factories.actor("nrc.case_worker")
    for _ in range(to_do.SHOWN):
        admitted(by, bed=1)
    factories.later(days=31)  # each planned end has passed
    made, desk = announced(), sign_in("nrc.case_worker")
    arrive(desk, made)
    shown = desk.get("/?lang=en").partition("To do")[2]
    assert OPEN in shown
    assert shown.index(OPEN) < shown.index("The stay is planned until then")


def test_a_case_of_a_child_lets_the_shelter_say_that_each_has_one(app: Flask, sign_in: SignIn) -> None:
    made = announced("1")
    desk = sign_in("nrc.case_worker")
    arrive(desk, made)
    admitted(factories.actor("nrc.case_worker"), LITTLE, came_with=made.case_id)
    (line,) = owed(made.case_id)
    desk.post(f"/obligations/{line.id}/acknowledge", {"came": "have_cases"})
    assert owed(made.case_id)[0].done_at is not None


@pytest.mark.slow
def test_a_child_of_somebody_else_is_no_case_of_theirs_and_what_was_said_is_read(app: Flask, sign_in: SignIn) -> None:
    """A worker said that each child had a case where only children of others had one, and the duty desk read "done"."""
    by = factories.actor("nrc.case_worker")
    others = admitted(by, CHILD, bed=3)
    factories.later(days=8)
    made, desk, duty = announced(), sign_in("nrc.case_worker"), sign_in("ra.duty_officer")
    arrive(desk, made)
    (line,) = owed(made.case_id)
    address = f"/obligations/{line.id}/acknowledge"
    assert "No child was admitted here since the person came." in desk.get(f"{address}?lang=en")
    assert NO_CHILD_HERE in desk.post(f"{address}?lang=en", {"came": "have_cases"}, 422)
    little = admitted(by, LITTLE, bed=2, came_with=made.case_id)
    shown = desk.get(f"{address}?lang=en")
    assert little.pseudonym in shown
    assert others.pseudonym not in shown
    desk.post(address, {"came": "elsewhere"})
    for who in (desk, duty):
        page = who.get(f"/cases/{made.case_id}?part=path&lang=en")
        said = page.partition("Children announced: open a case for each")[2].partition("</tr>")[0]
        assert "No child came: another house or child protection takes care of them" in said
        assert "Said to be done by " in said


@pytest.mark.slow
def test_an_alarm_about_the_person_says_that_a_child_may_be_theirs(app: Flask, sign_in: SignIn) -> None:
    """A child of three has a place of its own, and that it belongs to the missing mother stands under seal."""
    by = factories.actor("nrc.case_worker")
    made, desk, duty = announced(), sign_in("nrc.case_worker"), sign_in("ra.duty_officer")
    arrive(desk, made)
    alone = admitted(by, bed=4)
    little = admitted(by, LITTLE, bed=2, came_with=made.case_id)
    since = clock.now() - timedelta(hours=1)
    absences.report(case_id=alone.case_id, since=since, feared=Feared.NO, by=by)
    assert PERHAPS not in duty.get("/?lang=en")
    absences.report(case_id=made.case_id, since=since, feared=Feared.NO, by=by)
    for who in (duty, desk):
        assert who.get("/?lang=en").count(PERHAPS) == 1
    assert little.pseudonym not in duty.get("/?lang=en").partition("Missing now")[2].partition("<h2>")[0]
    absences.report(case_id=little.case_id, since=since, feared=Feared.NO, by=by)
    assert PERHAPS not in duty.get("/?lang=en")


@pytest.mark.slow
def test_an_arrival_that_is_taken_back_asks_for_the_children_anew(app: Flask, sign_in: SignIn) -> None:
    made, desk = announced(), sign_in("nrc.case_worker")
    arrive(desk, made)
    (line,) = owed(made.case_id)
    desk.post(f"/obligations/{line.id}/acknowledge", {"came": "none"})
    by = factories.actor("nrc.case_worker")
    corrections.take_back_arrival(referral_id=made.referral_id, why=Why.MISTOLD, by=by)
    assert owed(made.case_id)[0].done_at is None
    assert ANNOUNCED in desk.get(f"/referrals/{made.referral_id}?lang=en")


def test_of_who_comes_alone_nothing_is_asked(app: Flask, sign_in: SignIn) -> None:
    made = announced("0")
    desk = sign_in("nrc.case_worker")
    assert ANNOUNCED not in desk.get(f"/referrals/{made.referral_id}?lang=en")
    assert owed(made.case_id) == []


def test_an_end_of_the_stay_asks_where_they_are(app: Flask, sign_in: SignIn) -> None:
    made = announced()
    desk = sign_in("nrc.case_worker")
    arrive(desk, made)
    (line,) = owed(made.case_id)
    stay = db.session.scalars(select(Stay.id).where(Stay.case_id == made.case_id)).one()
    end = {"ended": "today", "reason": "no_longer_needs_support", "destination": "own_home", "country": "home"}
    link = f'href="/obligations/{line.id}/acknowledge"'
    assert link in desk.post(f"/stays/{stay}/end", {**end, "step": "2"}, 200)
    desk.post(f"/obligations/{line.id}/acknowledge", {"came": "none"})
    assert link not in desk.post(f"/stays/{stay}/end", {**end, "step": "2"}, 200)


def test_a_child_is_entered_before_its_mother_only_where_it_is_said_that_it_came_first(
    app: Flask, sign_in: SignIn
) -> None:
    made = announced("1")
    desk = sign_in("nrc.case_worker")
    desk.get(f"/cases/{made.case_id}/child", status=404)  # nobody has accepted the mother
    desk.post(f"/referrals/{made.referral_id}/accept", {"bed": str(bed("NRC"))})
    address = f"/cases/{made.case_id}/child?lang=en"
    asked = "The person it came with has no place here: is the child here already, and is it the right case?"
    assert 'name="comes_first"' not in desk.get(address)
    form = {**ADMITTED, **WHO, "bed": "N02"}
    for typed in (WHO, form):
        refused = desk.post(address, typed, 422)
        assert asked in refused
        assert 'name="comes_first"' in refused
    second = desk.post(address, {**WHO, "comes_first": "y"}, 200)
    assert 'name="comes_first" value="y"' in second
    assert desk.post(address, {**form, "comes_first": "y"}).endswith("/opened")


def test_of_a_mother_who_is_here_nothing_is_asked(app: Flask, sign_in: SignIn) -> None:
    made = announced("1")
    desk = sign_in("nrc.case_worker")
    arrive(desk, made)
    assert 'name="comes_first"' not in desk.post(f"/cases/{made.case_id}/child", WHO, 200)


@pytest.mark.slow
def test_a_wrong_answer_is_taken_back_for_some_minutes_by_who_gave_it(app: Flask, sign_in: SignIn) -> None:
    made = announced()
    desk, colleague, other = sign_in("nrc.case_worker"), sign_in("nrc.shelter_manager"), sign_in("vatra.case_worker")
    arrive(desk, made)
    (line,) = owed(made.case_id)
    back = f"/obligations/{line.id}/known/back"
    desk.post(back, {}, status=404)  # nothing was said yet
    desk.post(f"/obligations/{line.id}/acknowledge", {"came": "none"})
    shown = desk.get("/?lang=en")
    assert "It is recorded where the children are who were announced with " in shown
    assert f'action="{back}"' in shown
    for who in (colleague, other):
        assert back not in who.get("/")
        who.post(back, {}, status=404)
    desk.post(back, {})
    assert owed(made.case_id)[0].done_at is None
    shown = desk.get("/?lang=en")
    assert OPEN in shown
    assert "It is recorded where the children are" not in shown
    desk.post(back, {}, status=404)
    desk.post(f"/obligations/{line.id}/acknowledge", {"came": "stayed"})
    assert owed(made.case_id)[0].done_at is not None
    factories.later(minutes=16)
    with pytest.raises(NotVisible):
        referrals.take_back_known(obligation_id=line.id, by=factories.actor("nrc.case_worker"))
