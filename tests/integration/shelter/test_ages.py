"""Turning 18 and being assessed: what ends, what is owed, and as what the person counts on which day."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from nrm import clock
from nrm.actions.shelter import ages, best_interests, cases, consents, corrections, stays
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.ages import AgeRefused, Kind, after
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.consents import Answer, Asking, Said, Topic
from nrm.domain.shelter.corrections import Why
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildFile
from nrm.steps.shelter import ages as age_steps
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import consent_records
from nrm.steps.shelter.leaving import Exit
from nrm.store import days, names
from nrm.store.referrals import obligations
from nrm.store.reports import counting
from nrm.store.shelter import cases as case_store
from nrm.vault import compartments, grants
from tests import accommodated, factories
from tests import factories_referrals as people
from tests.conftest import Person
from tests.factories_stays import ALBANIAN, CHILD, admitted, found

SignIn = Callable[[str], Person]
SERVICE, DESK, HOLDER = "child_protection.child_protection_officer", "ra.duty_officer", "vatra.case_worker"


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor("vatra.shelter_manager")


def month_of(day: date) -> date:
    return day.replace(day=1)


def girl(by: Actor, *, born: date | None = None) -> uuid.UUID:
    """A girl in the shelter, of whose identity child protection reads something; `born`: as the identity says."""
    identity = {"given": "Mira", "birth": born.isoformat()} if born else None
    opened = admitted(by, CHILD, **({"identity": identity} if identity else {}))
    if born:
        cases.share(
            case_id=opened.case_id,
            organisation_id=factories.actor(SERVICE).organisation_id,
            compartments=[Compartment.IDENTITY],
            agreed=True,
            by=by,
        )
    return opened.case_id


def open_identity(case_id: uuid.UUID, by: Actor) -> None:
    cases.open_compartment(case_id=case_id, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=by)


def enter_month(case_id: uuid.UUID, month: date, by: Actor) -> None:
    """The house enters a month that comes soon, and child protection agrees."""
    ages.set_month(case_id=case_id, month=month, by=by)
    assert db.session.get_one(Case, case_id, populate_existing=True).adult_month is None
    ages.agree(case_id=case_id, by=factories.actor(SERVICE))


def born_18_years_before(day: date) -> date:
    return day.replace(year=day.year - 18)


def owed(case_id: uuid.UUID) -> set[str]:
    return set(
        db.session.scalars(select(Obligation.kind).where(Obligation.case_id == case_id, Obligation.done_at.is_(None)))
    )


def readers(case_id: uuid.UUID) -> set[uuid.UUID]:
    db.session.rollback()  # what a page did meanwhile is seen, too
    there = compartments.compartments_of(db.session(), case_id)
    return set().union(*(grants.holders_of(db.session(), case_id, each) for each in there))


def test_the_holder_who_opened_the_identity_enters_the_month_and_no_other_fits(vatra: Actor) -> None:
    today = days.today()
    case_id = girl(vatra, born=born_18_years_before(today))
    with pytest.raises(AgeRefused, match="open_first"):
        ages.set_month(case_id=case_id, month=month_of(today), by=vatra)
    open_identity(case_id, vatra)
    with pytest.raises(AgeRefused, match="contradicts"):
        ages.set_month(case_id=case_id, month=after(month_of(today)), by=vatra)
    enter_month(case_id, month_of(today), vatra)
    kept = db.session.scalars(select(CaseAge)).one()
    assert (kept.adult_month, kept.from_on) == (month_of(today), None)  # the day stands nowhere in clear
    for login in ("tjeter_vizion.case_worker", "child_protection.case_worker"):
        with pytest.raises(NotVisible):
            ages.turned(case_id=case_id, agrees=False, by=factories.actor(login))


@pytest.mark.parametrize("age_class", ["child", "unsure"])
def test_where_no_birth_is_known_the_shelter_makes_nobody_an_adult_by_a_month(
    vatra: Actor, sign_in: SignIn, age_class: str
) -> None:
    opened = admitted(vatra, dataclasses.replace(CHILD, age_class=age_class), days_ago=5, identity={"given": "Mira"})
    open_identity(opened.case_id, vatra)
    month = month_of(days.today())
    with pytest.raises(AgeRefused, match="unknown"):
        ages.set_month(case_id=opened.case_id, month=month, by=vatra)
    person, path = sign_in(HOLDER), f"/cases/{opened.case_id}"
    person.post(f"{path}/open", {"compartment": "identity", "purpose": "care"})
    form: dict[str, object] = {"month": str(month.month), "year": str(month.year)}
    page = person.post(f"{path}/age/month?lang=en", form, 422)
    assert "The identity has no date of birth" in page
    assert f'value="{month.year}"' in page
    factories.later(days=40)
    assert ages.grow_up(by=Actor.system("tend")) == 0
    with pytest.raises(GateClosed, match="assessments_missing"):
        _end(opened.stay_id, days.today(), vatra)


def test_a_month_that_is_sent_empty_says_of_each_field_what_is_missing_and_nothing_twice(
    vatra: Actor, sign_in: SignIn
) -> None:
    person, address = sign_in(HOLDER), f"/cases/{girl(vatra)}/age/month?lang=en"
    both = ("Choose the month", "Enter the year in four figures")
    for sent, missing in (({}, both), ({"month": "3"}, both[1:]), ({"year": "2027"}, both[:1])):
        page = person.post(address, sent, 422)
        summary = page.split('class="errors"', 1)[1].split("</ul>", 1)[0]
        assert summary.count("<li>") == len(missing)
        for words in both:
            assert summary.count(words) == (words in missing)


@pytest.mark.parametrize("agrees", [True, False])
def test_at_18_what_child_protection_reads_ends_unless_she_agrees_and_her_consent_is_asked(
    vatra: Actor, agrees: bool
) -> None:
    today, service = days.today(), factories.actor(SERVICE).organisation_id
    case_id = girl(vatra, born=born_18_years_before(today))
    found(case_id)
    open_identity(case_id, vatra)
    enter_month(case_id, month_of(today), vatra)
    assert service in readers(case_id)
    ages.turned(case_id=case_id, agrees=agrees, by=vatra)
    case = db.session.get_one(Case, case_id, populate_existing=True)
    assert case.age_class == "adult"
    assert (service in readers(case_id)) is agrees
    file_id = db.session.scalars(select(ChildFile.id)).one()
    assert (service in grants.holders_of(db.session(), file_id, "child_file")) is agrees
    assert "ask_consent" in owed(case_id)
    assert not {each for each in owed(case_id) if each.startswith("assess_")}
    task = next(each for each in obligations.owed(by=vatra).rows if each.kind == "ask_consent")
    assert task.due_at is not None
    assert timedelta(days=6) < task.due_at - clock.now() <= timedelta(days=7)
    answers = [Answer(topic, Said.GIVEN) for topic in (Topic.SERVICES, Topic.SHARING, Topic.STATISTICS)]
    consents.ask(case_id=case_id, answers=answers, asking=Asking("sq", "", ""), by=vatra)
    assert "ask_consent" not in owed(case_id)
    if agrees:  # of an adult no clause gives it: who agreed can change her mind
        assert next(each for each in case_store.shares(case_id, by=vatra) if each.organisation_id == service).by_consent
        cases.end_share(case_id=case_id, organisation_id=service, by=vatra)
        assert service not in readers(case_id)


def test_what_a_child_is_shared_by_mistake_ends_though_a_clause_gives_it(vatra: Actor, sign_in: SignIn) -> None:
    """An office for children is offered of a child alone, and its share can be put right by who pressed it."""
    case_id, office = girl(vatra), names.organisation_by_code("CHILD_PROTECTION")
    person, path, service = sign_in(HOLDER), f"/cases/{case_id}/share", office.id
    chosen: dict[str, object] = {"what": "CHILD_PROTECTION:identity"}
    person.post(path, {**chosen, "sure": "y"})  # it reads this already, from the intake on
    assert "Shared by mistake" not in person.get(f"{path}?lang=en")
    with transaction() as session:
        consent_records.end_reading(session, case_id, [office], vatra, also=[Compartment.IDENTITY])
    assert service not in readers(case_id)
    assert "A clause of the agreement gives it" in person.post(f"{path}?lang=en", chosen, 200)
    assert service not in readers(case_id)
    person.post(path, {**chosen, "sure": "y"})
    assert service in readers(case_id)
    assert "(by a clause of the agreement)" in (page := person.get(path))
    assert "Shared by mistake" in page
    person.post(f"{path}/{service}/end", {"mistake": "yes"})
    assert service not in readers(case_id)
    person.post(path, {**chosen, "sure": "y"})
    factories.later(minutes=16)
    late = sign_in(HOLDER)
    assert "End this" not in late.get(f"{path}?lang=en")  # now it is the clause's
    late.post(f"{path}/{service}/end", {}, 409)
    assert service in readers(case_id)


def test_nobody_is_18_before_the_day(vatra: Actor) -> None:
    today = days.today()
    tomorrow = today + timedelta(days=1)
    case_id = girl(vatra, born=born_18_years_before(tomorrow))
    open_identity(case_id, vatra)
    enter_month(case_id, month_of(tomorrow), vatra)
    with pytest.raises(AgeRefused, match="not_yet"):
        ages.turned(case_id=case_id, agrees=False, by=vatra)


@pytest.mark.slow
def test_that_somebody_is_18_is_asked_once_it_can_be_recorded_and_until_then_the_page_says_what_is_waited_for(
    vatra: Actor, sign_in: SignIn
) -> None:
    factories.on_day(after(month_of(days.today())))  # some days of the month lie ahead
    by, today = factories.actor("vatra.shelter_manager"), days.today()
    born = born_18_years_before(today + timedelta(days=9))
    case_id = girl(by, born=born)
    open_identity(case_id, by)
    enter_month(case_id, month_of(today), by)
    path, button, agrees = f"/cases/{case_id}/age?lang=en", f"/cases/{case_id}/age/turned", 'name="agrees"'
    person = sign_in(HOLDER)
    page = person.get(path)
    assert "Open the identity to see the day" in page  # nobody is asked what only who knows the day can record
    assert button not in page
    person.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    page = person.get(path)
    assert f"It can be recorded here from {(today + timedelta(days=9)).day} " in page
    assert (button in page, agrees in page) == (False, False)
    refused = person.post(f"{button}?lang=en", {"agrees": "no"}, 422)  # a page of before, or another one's
    assert "It is not sure that the person is 18 yet" in refused
    factories.later(days=9)
    person = sign_in(HOLDER)
    assert button not in person.get(path)
    person.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    page = person.get(path)
    assert "It can be recorded here" not in page
    assert (button in page, agrees in page) == (True, True)
    person.post(button, {"agrees": "no"})
    assert _of_age(case_id) == "adult"


@pytest.mark.parametrize("first", [SERVICE, DESK])
def test_in_the_month_of_18_a_child_is_one_until_the_day_and_one_hand_makes_no_adult(vatra: Actor, first: str) -> None:
    """Child protection alone made an adult of a child on the first of the month; the house ended the stay at once."""
    assert vatra
    factories.on_day(after(month_of(days.today())))  # some days of the month lie ahead
    by, today = factories.actor("vatra.shelter_manager"), days.today()
    case_id = girl(by, born=born_18_years_before(today + timedelta(days=9)))
    open_identity(case_id, by)
    enter_month(case_id, month_of(today), by)
    second = factories.actor(DESK if first == SERVICE else SERVICE)
    ages.assess(case_id=case_id, age_class="adult", on=today, by=factories.actor(first))
    assert _of_age(case_id) == "child"
    assert {"assess_risk", "assess_security", "assess_family"} <= owed(case_id)
    assert factories.actor(SERVICE).organisation_id in readers(case_id)
    ages.agree(case_id=case_id, by=second)
    assert _of_age(case_id) == "adult"


def test_once_the_month_of_18_is_over_one_hand_records_what_the_calendar_says(vatra: Actor) -> None:
    case_id = girl(vatra, born=born_18_years_before(days.today()))
    open_identity(case_id, vatra)
    enter_month(case_id, month_of(days.today()), vatra)
    factories.on_day(after(month_of(days.today())))
    ages.assess(case_id=case_id, age_class="adult", on=days.today(), by=factories.actor(SERVICE))
    assert _of_age(case_id) == "adult"


def test_without_a_day_of_birth_it_can_be_recorded_once_the_month_is_over(vatra: Actor) -> None:
    today = days.today()
    case_id = admitted(vatra, CHILD, identity={"given": "Mira"}).case_id
    assert ages.turned_from(case_id=case_id, by=vatra) is None
    with transaction() as session:
        session.get_one(Case, case_id).adult_month = month_of(today)
    assert ages.turned_from(case_id=case_id, by=vatra) is None
    open_identity(case_id, vatra)
    assert ages.turned_from(case_id=case_id, by=vatra) == after(month_of(today))
    for login in ("nrc.case_worker", "rinas.border_officer"):
        with pytest.raises(NotVisible):
            ages.turned_from(case_id=case_id, by=factories.actor(login))


def test_after_the_month_the_calendar_makes_an_adult_from_its_first_day(vatra: Actor) -> None:
    today, service = days.today(), factories.actor(SERVICE).organisation_id
    case_id = girl(vatra, born=born_18_years_before(today))
    open_identity(case_id, vatra)
    enter_month(case_id, month_of(today), vatra)
    tend = Actor.system("tend")
    assert ages.grow_up(by=tend) == 0
    turning = after(month_of(today))
    factories.on_day(turning + timedelta(days=2))
    assert ages.grow_up(by=tend) == 1
    assert ages.grow_up(by=tend) == 0
    kept = db.session.scalars(select(CaseAge).where(CaseAge.kind == "birthday")).one()
    assert (kept.from_on, kept.organisation_id, kept.new_keys) == (turning, None, False)
    assert service not in readers(case_id)
    by = factories.actor("vatra.shelter_manager")
    before = compartments.sealed_of(db.session(), case_id)[0].epoch
    answers = [Answer(topic, Said.GIVEN) for topic in (Topic.SERVICES, Topic.SHARING, Topic.STATISTICS)]
    consents.ask(case_id=case_id, answers=answers, asking=Asking("sq", "", ""), by=by)
    assert compartments.sealed_of(db.session(), case_id)[0].epoch > before  # new keys once the holder is there
    assert db.session.get_one(CaseAge, kept.id, populate_existing=True).new_keys


def _end(stay_id: uuid.UUID, on: date, by: Actor) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=on,
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )


def test_gates_and_reports_follow_the_date_and_not_the_first_answer(vatra: Actor) -> None:
    today = days.today()
    opened = admitted(vatra, CHILD, days_ago=5)
    with pytest.raises(AgeRefused, match="same"):  # the shelter alone makes nobody an adult
        ages.assess(case_id=opened.case_id, age_class="adult", on=today, by=vatra)
    with pytest.raises(AgeRefused, match="day"):
        ages.assess(case_id=opened.case_id, age_class="adult", on=today - timedelta(days=400), by=factories.actor(DESK))
    ages.assess(case_id=opened.case_id, age_class="adult", on=today, by=factories.actor(SERVICE))
    ages.agree(case_id=opened.case_id, by=factories.actor(DESK))  # the shelter wrote the age down: two say so
    with pytest.raises(GateClosed, match="assessments_missing"):  # yesterday she was a child
        _end(opened.stay_id, today - timedelta(days=1), vatra)
    with db.engine.connect() as connection:
        [person] = counting.people(connection, Quarter.of(today), by=counting.RELEASE)
    assert person.age_band == "18-20"
    ages.assess(case_id=opened.case_id, age_class="child", on=today, by=vatra)
    with pytest.raises(GateClosed, match="assessments_missing"):
        _end(opened.stay_id, today, vatra)
    assert {"assess_risk", "assess_security", "assess_family"} <= owed(opened.case_id)
    with db.engine.connect() as connection:
        [person] = counting.people(connection, Quarter.of(today), by=counting.RELEASE)
    assert person.age_band == "9-17"
    ages.assess(case_id=opened.case_id, age_class="adult", on=today, by=factories.actor(DESK))
    ages.agree(case_id=opened.case_id, by=factories.actor(SERVICE))  # somebody said the age since: two say so
    _end(opened.stay_id, today, vatra)


@pytest.mark.slow
def test_the_task_opens_on_the_first_of_the_month_and_the_day_shows_after_opening(
    vatra: Actor, sign_in: SignIn
) -> None:
    today = days.today()
    case_id = girl(vatra, born=born_18_years_before(today))
    path, person = f"/cases/{case_id}/age", sign_in(HOLDER)
    form: dict[str, object] = {"month": str(today.month), "year": str(today.year)}
    assert "Open the identity first" in person.post(f"{path}/month?lang=en", form, 422)
    open_it: dict[str, object] = {"compartment": "identity", "purpose": "care"}
    person.post(f"/cases/{case_id}/open", open_it)
    year = "Enter the year in four figures"
    for wrong, said in (({"month": "13"}, "Choose the month"), ({"year": "26"}, year), ({"year": "xx"}, year)):
        assert said in person.post(f"{path}/month?lang=en", {**form, **wrong}, 422)
    assert "Enter this month or a later one" in person.post(f"{path}/month?lang=en", {**form, "year": "2020"}, 422)
    person.post(f"{path}/month", form)
    assert path not in person.get("/?lang=en")
    ages.agree(case_id=case_id, by=factories.actor(SERVICE))
    assert path in person.get("/?lang=en")
    assert "18 on" in person.get(f"{path}?lang=en")
    other = sign_in("vatra.shelter_manager")  # another session has opened nothing
    page = other.get(f"{path}?lang=en")
    assert "18 on" not in page
    assert "Open the identity to see the day" in page
    assert "Open the identity first" in other.post(f"{path}/turned?lang=en", {"agrees": "no"}, 422)
    assert "Choose whether the person agrees" in person.post(f"{path}/turned?lang=en", {}, 422)
    person.post(f"{path}/turned", {"agrees": "no"})
    assert "18 or over" in person.get(f"{path}?lang=en")
    assert path not in person.get("/?lang=en")
    for login in ("tjeter_vizion.case_worker", SERVICE):
        stranger = sign_in(login)
        stranger.get(path, 404)
        stranger.post(f"{path}/assessed", {"age_class": "child", "when": "today"}, 404)
    sign_in("molsa.statistician").get(path, 403)


def _of_age(case_id: uuid.UUID) -> str:
    db.session.rollback()
    return db.session.get_one(Case, case_id, populate_existing=True).age_class


@pytest.mark.slow
def test_one_worker_alone_makes_no_adult_of_a_child_whose_month_of_18_lies_years_ahead(
    vatra: Actor, sign_in: SignIn
) -> None:
    born = days.today().replace(day=1, year=days.today().year - 15)
    case_id = girl(vatra, born=born)
    open_identity(case_id, vatra)
    ages.set_month(case_id=case_id, month=born.replace(year=born.year + 18), by=vatra)
    path, adult = f"/cases/{case_id}/age", {"age_class": "adult", "when": "today"}
    worker, desk, code = sign_in(SERVICE), sign_in(DESK), db.session.get_one(Case, case_id).pseudonym
    for first, second in ((worker, desk), (desk, worker)):
        first.post(f"{path}/assessed", adult)
        page = first.get(f"{path}?lang=en")
        assert _of_age(case_id) == "child"
        assert factories.actor(SERVICE).organisation_id in readers(case_id)
        assert {"assess_risk", "assess_security", "assess_family"} <= owed(case_id)
        assert "is protected as a child, as before" in page
        assert path not in first.get("/?lang=en")
        first.post(f"{path}/assessed", adult, 422)
        first.post(f"{path}/answer", {"answer": "yes"}, 409)
        home = second.get("/?lang=en")
        assert f'href="{path}"' in home, "a link, and not its letters"
        assert code in home
        assert "is 18 or over" in sign_in(HOLDER).get(f"{path}?lang=en")  # the house reads it, and cannot answer
        sign_in(HOLDER).post(f"{path}/answer", {"answer": "yes"}, 404)
        first.post(f"{path}/take-back", {})
        second.post(f"{path}/answer", {"answer": "yes"}, 409)
        first.post(f"{path}/assessed", adult)
        second.post(f"{path}/answer", {"answer": "no"})
        assert "said no on" in first.get(f"{path}?lang=en")
        assert path not in second.get("/?lang=en")
        assert _of_age(case_id) == "child"
    worker.post(f"{path}/assessed", adult)
    desk.post(f"{path}/answer", {"answer": "yes"})
    assert _of_age(case_id) == "adult"
    assert factories.actor(SERVICE).organisation_id not in readers(case_id)


@pytest.mark.slow
def test_an_adult_is_made_a_child_after_one_question_and_child_protection_reads_that_it_was_a_mistake(
    vatra: Actor, sign_in: SignIn
) -> None:
    case_id = admitted(vatra, ALBANIAN).case_id
    path, child = f"/cases/{case_id}/age", {"age_class": "child", "when": "today"}
    holder = sign_in(HOLDER)
    assert "recorded as under 18 by mistake?" not in holder.get(f"{path}?lang=en")
    assert 'name="sure"' not in holder.get(f"{path}?lang=en")
    holder.post(f"{path}/take-back", {"slip": "y"}, 409)
    page = holder.post(f"{path}/assessed?lang=en", child, 422)
    assert "leaves only through the child gate" in page.partition('class="errors"')[2]
    assert 'name="sure"' in page
    assert _of_age(case_id) == "adult"
    holder.post(f"{path}/assessed", {**child, "sure": "y"})
    assert _of_age(case_id) == "child"
    assert "recorded as under 18 by mistake?" in holder.get(f"{path}?lang=en")
    for stranger in ("tjeter_vizion.case_worker", "nrc.case_worker"):
        sign_in(stranger).post(f"{path}/take-back", {"slip": "y"}, 404)
    holder.post(f"{path}/take-back", {"slip": "y"})
    holder.post(f"{path}/take-back", {"slip": "y"}, 409)
    assert _of_age(case_id) == "child"  # one hand makes nobody an adult
    for login in (SERVICE, DESK):
        home = sign_in(login).get("/?lang=en")
        assert "this person was recorded as under 18 by mistake" in home
        assert "Test case_worker" in home
        assert f'href="{path}"' in home
    sign_in(SERVICE).post(f"{path}/answer", {"answer": "yes"})
    assert _of_age(case_id) == "adult"
    assert "by mistake?" not in holder.get(f"{path}?lang=en")


@pytest.mark.slow
def test_after_seven_days_a_shelter_says_no_more_that_it_was_a_mistake(vatra: Actor, sign_in: SignIn) -> None:
    case_id = admitted(vatra, ALBANIAN).case_id
    ages.assess(case_id=case_id, age_class="child", on=days.today(), by=factories.actor(HOLDER))
    factories.later(days=7)
    with pytest.raises(AgeRefused, match="no_slip"):
        ages.by_mistake(case_id=case_id, by=factories.actor(HOLDER))
    assert "by mistake?" not in sign_in(HOLDER).get(f"/cases/{case_id}/age?lang=en")


def test_child_protection_reads_who_put_such_a_slip_right_alone_on_the_same_day(vatra: Actor, sign_in: SignIn) -> None:
    case_id = admitted(vatra, ALBANIAN).case_id
    path, desk = f"/cases/{case_id}/age", sign_in(DESK)
    for age_class in ("child", "adult"):
        said = {"age_class": age_class, "when": "today"}
        desk.post(f"{path}/assessed", said, 422)
        desk.post(f"{path}/assessed", {**said, "sure": "y"})
        assert _of_age(case_id) == age_class
    home = sign_in(SERVICE).get("/?lang=en")
    assert "this person was recorded as under 18 by mistake" in home
    assert "Test duty_officer" in home


def test_who_reads_a_part_by_consent_says_nothing_of_an_age(vatra: Actor, sign_in: SignIn) -> None:
    """Who may read a part of a case is not the service that assesses: two of them made an adult of any child."""
    case_id, other = girl(vatra), factories.actor("prosecution.witness_liaison")
    assert other.organisation_id is not None
    parts = [Compartment.LEGAL]
    cases.share(case_id=case_id, organisation_id=other.organisation_id, compartments=parts, agreed=True, by=vatra)
    person = sign_in("prosecution.witness_liaison")
    person.get(f"/cases/{case_id}")
    person.get(f"/cases/{case_id}/age", 404)
    with pytest.raises(NotVisible):
        ages.assess(case_id=case_id, age_class="adult", on=days.today(), by=other)
    ages.assess(case_id=case_id, age_class="adult", on=days.today(), by=factories.actor(SERVICE))
    for act in (ages.agree, ages.decline, ages.take_back):
        with pytest.raises(NotVisible):
            act(case_id=case_id, by=other)


def test_what_the_questionnaire_alone_says_is_put_right_by_one_until_child_protection_recorded_something(
    vatra: Actor,
) -> None:
    """So is a slip of the same day; an age that somebody recorded is not."""
    today, worker, desk = days.today(), factories.actor(SERVICE), factories.actor(DESK)
    first, other = girl(vatra), admitted(vatra, CHILD, days_ago=8, bed=1).case_id
    seen = admitted(vatra, CHILD, bed=2).case_id
    found(seen)
    for case_id in (first, other, seen):
        asked_at_a_post(case_id)
    ages.assess(case_id=first, age_class="adult", on=today, by=worker)
    assert _of_age(first) == "adult"
    ages.assess(case_id=first, age_class="child", on=today, by=desk)
    ages.assess(case_id=first, age_class="adult", on=today, by=desk)  # by who made the slip
    assert _of_age(first) == "adult"
    ages.assess(case_id=first, age_class="child", on=today, by=vatra)
    for case_id in (first, other, seen):
        ages.assess(case_id=case_id, age_class="adult", on=today, by=desk)
        assert _of_age(case_id) == "child"
    factories.later(days=31)
    with pytest.raises(AgeRefused, match="no_word"):  # the word lapsed
        ages.agree(case_id=seen, by=factories.actor(SERVICE))


def asked_at_a_post(case_id: uuid.UUID) -> None:
    """The age of the child is what an interview at a crossing point says."""
    db.session.get_one(Case, case_id).opened_by_id = people.organisation("RINAS")
    db.session.commit()


@pytest.mark.parametrize("one", [DESK, SERVICE])
def test_nobody_alone_makes_an_adult_of_a_child_whose_age_a_shelter_wrote_down(vatra: Actor, one: str) -> None:
    case_id, today, other = girl(vatra), days.today(), DESK if one == SERVICE else SERVICE
    ages.assess(case_id=case_id, age_class="adult", on=today, by=factories.actor(one))
    assert _of_age(case_id) == "child"
    assert "assess_risk" in owed(case_id)
    with pytest.raises(NotVisible):
        ages.agree(case_id=case_id, by=vatra)
    ages.agree(case_id=case_id, by=factories.actor(other))
    assert _of_age(case_id) == "adult"


def test_a_later_month_is_not_brought_forward_to_one_that_makes_an_adult_at_once(vatra: Actor) -> None:
    today = days.today()
    case_id = girl(vatra, born=born_18_years_before(today))
    colleague = factories.actor("vatra.case_worker")
    with transaction() as session:  # as it was recorded before the identity was corrected
        case, later = session.get_one(Case, case_id), month_of(today) + timedelta(days=800)
        age_steps.add(session, case, Kind.MONTH, colleague, month=month_of(later))
        case.adult_month = month_of(later)
    open_identity(case_id, vatra)
    with pytest.raises(AgeRefused, match="brought"):
        ages.set_month(case_id=case_id, month=month_of(today), by=vatra)


@pytest.mark.slow
def test_the_house_reads_at_home_for_14_days_who_recorded_a_guardian(vatra: Actor, sign_in: SignIn) -> None:
    case_id, service = girl(vatra), factories.actor(SERVICE)
    named = {"name": "Agim Dervishi", "since_on": days.today(), "no_companion": True, "not_of_household": True}
    best_interests.name_guardian(case_id=case_id, by=service, **named)
    code = db.session.get_one(Case, case_id).pseudonym
    for login in (HOLDER, "vatra.shelter_manager"):
        page = sign_in(login).get("/?lang=en")
        line = page.split("A guardian was recorded on", 1)[1].split("</p>", 1)[0]
        assert f"by {SERVICE}" in line
        assert f"/cases/{case_id}/best-interests" in line
        assert code in page
        assert "Dervishi" not in page
    assert "A guardian was recorded on" not in sign_in("tjeter_vizion.case_worker").get("/?lang=en")
    factories.later(days=15)
    assert "A guardian was recorded on" not in sign_in(HOLDER).get("/?lang=en")


def test_the_age_of_a_closed_quarter_follows_the_stays_as_they_were_known_then(vatra: Actor) -> None:
    """An end that is corrected in the next quarter changes no band that was counted before."""
    quarter = Quarter.of(days.today()).next
    accommodated.at(quarter.start + timedelta(days=40))
    opened = admitted(vatra, ALBANIAN, days_ago=10)
    left = days.today()
    _end(opened.stay_id, left, vatra)
    accommodated.at(quarter.end + timedelta(days=10))
    earlier = Exit(left - timedelta(days=5), ExitReason.INDEPENDENT_LIVING, Destination.OWN_HOME, "home")
    corrections.correct_exit(stay_id=opened.stay_id, exit_=earlier, why=Why.KNOWN_LATER, by=vatra)
    ages.assess(case_id=opened.case_id, age_class="child", on=left - timedelta(days=3), by=vatra)
    with db.engine.connect() as connection:
        [person] = counting.people(connection, quarter, by=counting.RELEASE)
    assert [stay.ended_on for stay in person.stays] == [left]
    assert person.age_band == "9-17"


def soon(today: date, *, months: int) -> date:
    month = today.month - 1 + months
    return date(today.year + month // 12, month % 12 + 1, 1)


def type_birth(case_id: uuid.UUID, born: date, by: Actor) -> None:
    with transaction() as session:
        case_steps.merge(session, case_id, {"identity": {"birth": born.isoformat()}}, by)


@pytest.mark.slow
@pytest.mark.parametrize("months", [0, 5])
def test_the_house_alone_makes_no_adult_of_a_child_by_a_birth_that_it_typed_itself(
    vatra: Actor, sign_in: SignIn, months: int
) -> None:
    today = days.today()
    month = soon(today, months=months)
    opened = admitted(vatra, CHILD, days_ago=5, identity={"given": "Mira"})
    case_id, path = opened.case_id, f"/cases/{opened.case_id}/age"
    person, code = sign_in(HOLDER), db.session.get_one(Case, case_id).pseudonym
    open_identity(case_id, vatra)
    type_birth(case_id, month.replace(year=month.year - 18), vatra)
    person.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    form: dict[str, object] = {"month": str(month.month), "year": str(month.year)}
    person.post(f"{path}/month", form)
    page = person.get(f"{path}?lang=en")
    assert "It counts once somebody of another organisation agrees" in page
    assert f"{path}/answer" not in page
    assert "It is not sure that the person is 18 yet" in person.post(f"{path}/turned?lang=en", {"agrees": "no"}, 422)
    person.post(f"{path}/answer", {"answer": "yes"}, 404)
    assert _of_age(case_id) == "child"
    assert "assess_risk" in owed(case_id)
    with pytest.raises(GateClosed, match="assessments_missing"):
        _end(opened.stay_id, today, vatra)
    worker = sign_in(SERVICE)
    home = worker.get("/?lang=en")
    assert path in home
    assert code in home
    assert "entered on" in home
    assert f"<a href={path}>" in home or f'<a href="{path}">' in home  # a link, and no text of one
    person.post(f"{path}/take-back", {})
    worker.post(f"{path}/answer", {"answer": "yes"}, 409)
    person.post(f"{path}/month", form)
    assert "Does this person turn 18 in that month?" in worker.get(f"{path}?lang=en")
    worker.post(f"{path}/answer", {"answer": "yes"})
    assert _of_age(case_id) == "child"
    assert db.session.get_one(Case, case_id, populate_existing=True).adult_month == month
    if not months:
        person.post(f"{path}/turned", {"agrees": "no"})
        assert _of_age(case_id) == "adult"


@pytest.mark.slow
def test_after_a_no_the_house_does_not_ask_another_desk_that_has_not_heard_it(vatra: Actor, sign_in: SignIn) -> None:
    """The house entered the same month again at once, the duty desk saw no "no", agreed, and it counted."""
    month = soon(days.today(), months=5)
    opened = admitted(vatra, CHILD, days_ago=5, identity={"given": "Mira"})
    case_id, path = opened.case_id, f"/cases/{opened.case_id}/age"
    open_identity(case_id, vatra)
    type_birth(case_id, month.replace(year=month.year - 18), vatra)
    person = sign_in(HOLDER)
    person.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    form: dict[str, object] = {"month": str(month.month), "year": str(month.year)}
    person.post(f"{path}/month", form)
    sign_in(SERVICE).post(f"{path}/answer", {"answer": "no"})
    refused = person.post(f"{path}/month?lang=en", form, 409)
    assert "Another organisation did not agree to this within the last 30 days" in refused
    assert path not in sign_in("ra.duty_officer").get("/")
    assert db.session.get_one(Case, case_id, populate_existing=True).adult_month is None


def test_a_month_that_waits_makes_nobody_an_adult_when_it_is_over(vatra: Actor) -> None:
    today = days.today()
    case_id = girl(vatra, born=born_18_years_before(today))
    open_identity(case_id, vatra)
    ages.set_month(case_id=case_id, month=month_of(today), by=vatra)
    factories.later(days=70)
    assert ages.grow_up(by=Actor.system("tend")) == 0
    assert _of_age(case_id) == "child"


def test_a_month_far_off_is_entered_alone_and_not_brought_near_alone(vatra: Actor) -> None:
    far = soon(days.today(), months=6)
    case_id = girl(vatra, born=far.replace(year=far.year - 18))
    open_identity(case_id, vatra)
    ages.set_month(case_id=case_id, month=far, by=vatra)
    assert db.session.get_one(Case, case_id, populate_existing=True).adult_month == far
    factories.later(days=1)
    manager, near = factories.actor("vatra.shelter_manager"), soon(days.today(), months=2)
    open_identity(case_id, manager)
    type_birth(case_id, near.replace(year=near.year - 18), manager)
    ages.set_month(case_id=case_id, month=near, by=manager)
    assert db.session.get_one(Case, case_id, populate_existing=True).adult_month == far


def test_who_answers_for_a_child_says_that_it_is_an_adult_beside_a_month_that_waits(vatra: Actor) -> None:
    today = days.today()
    case_id = girl(vatra, born=born_18_years_before(today))
    open_identity(case_id, vatra)
    found(case_id)
    ages.set_month(case_id=case_id, month=month_of(today), by=vatra)
    ages.assess(case_id=case_id, age_class="adult", on=today, by=factories.actor(SERVICE))
    with pytest.raises(AgeRefused, match="waits"):  # the word of child protection is not written over
        ages.set_month(case_id=case_id, month=month_of(today), by=vatra)
    ages.agree(case_id=case_id, by=factories.actor(DESK))
    assert _of_age(case_id) == "adult"


@pytest.mark.slow
def test_a_child_without_a_month_of_18_is_on_the_list_of_what_is_to_be_done(vatra: Actor, sign_in: SignIn) -> None:
    """Without it no task opened, and the child would have stayed one for ever."""
    birth = born_18_years_before(days.today() + timedelta(days=300))
    case_id = girl(vatra, born=birth)
    asks, path = "Enter the month in which the child turns 18", f"/cases/{case_id}/age"
    person = sign_in(HOLDER)
    page = person.get("/to-do?lang=en")
    assert asks in page
    assert path in page
    assert asks not in person.get("/day?lang=en")
    assert asks not in sign_in("nrc.case_worker").get("/to-do?lang=en")
    person.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    month = month_of(days.today() + timedelta(days=300))
    person.post(f"{path}/month", {"month": str(month.month), "year": str(month.year)})
    assert asks not in person.get("/to-do?lang=en")


def test_a_small_child_and_a_month_that_waits_for_another_office_are_not_asked_about(
    vatra: Actor, sign_in: SignIn
) -> None:
    asks, today = "Enter the month in which the child turns 18", days.today()
    case_id = girl(vatra, born=born_18_years_before(today))
    person = sign_in(HOLDER)
    person.post(f"/cases/{case_id}/open", {"compartment": "identity", "purpose": "care"})
    person.post(f"/cases/{case_id}/age/month", {"month": str(today.month), "year": str(today.year)})
    assert asks not in person.get("/to-do?lang=en")
    with transaction() as session:
        session.execute(update(Case).where(Case.id == case_id).values(age_band="0-8"))
    assert asks not in person.get("/to-do?lang=en")
