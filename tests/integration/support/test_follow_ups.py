"""The months after a shelter: agreed, asked, missed, ended; who learns of it, and who must not."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from config import Config
from nrm.actions import tending
from nrm.actions.shelter import cases, data_requests, stays
from nrm.actions.support import follow_up_alarms as alarms
from nrm.actions.support import follow_ups
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.reports.counting import Codes
from nrm.domain.shelter.ages import Kind
from nrm.domain.shelter.closings import Answers, Debts, Documents, FollowUp, ReopenReason
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.domain.support.follow_ups import (
    END_IS_KEPT,
    Acts,
    Contact,
    FollowUpRefusal,
    FollowUpRefused,
    How,
    Living,
    Occupation,
    Outcome,
    Result,
    Safe,
    Stand,
)
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, Erasure, Reading, SealedCompartment
from nrm.models.support.follow_ups import FollowUp as Row
from nrm.models.support.follow_ups import FollowUpDate
from nrm.steps.shelter import ages as age_steps
from nrm.store import days
from nrm.store import home as home_store
from nrm.store.countries import country
from nrm.store.reports import care_counting, counting
from nrm.store.shelter import places as place_store
from nrm.store.support import follow_ups as store
from nrm.web import formats
from tests import factories
from tests import second_hands as hands
from tests.client import words
from tests.conftest import Person
from tests.factories_stays import CHILD, admitted

SignIn = Callable[[str], Person]
MANAGER, WORKER = "vatra.shelter_manager", "vatra.case_worker"
CHANNEL, SAY, TEXT = "069 555 0199 pas orës 18", "Një shoqe nga kursi Zambak", "E kërkon një burrë me furgon"
WORDS = {"channel": CHANNEL, "who": "Motra", "say": SAY, "when": "E martë"}
AGREED = Answers(FollowUp.AGREED, Documents.RETURNED, Debts.NONE)
WELL = Contact(Result.REACHED, How.TELEPHONE, Living.FAMILY, Occupation.WORK, Safe.YES)
MISSED = Contact(Result.NOT_REACHED, How.TELEPHONE)
NOT_SAFE = Contact(Result.REACHED, How.TELEPHONE, Living.FRIENDS, Occupation.NEITHER, Safe.NO, ("security",))
LAST = Contact(Result.REACHED, How.VISIT, Living.OWN_HOME, Occupation.BOTH, Safe.YES, outcome=Outcome.SETTLED)


@pytest.fixture
def vatra(app: Flask) -> Actor:
    assert app
    return factories.actor(MANAGER)


def leaves(stay_id: uuid.UUID, by: Actor) -> None:
    stays.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=by,
    )


def followed(by: Actor, *, bed: int = 0, closes: bool = True) -> uuid.UUID:
    """The case of somebody who agreed, left today, and whose case is closed."""
    opened = admitted(by, days_ago=3, bed=bed)
    follow_ups.agree(case_id=opened.case_id, words=WORDS, by=by)
    leaves(opened.stay_id, by)
    if closes:
        cases.close(case_id=opened.case_id, answers=AGREED, by=by)
    return opened.case_id


def on(day: date, login: str = MANAGER) -> Actor:
    """The clock stands on that day, and the member signs in again."""
    factories.on_day(day)
    return factories.actor(login)


def dates(case_id: uuid.UUID) -> dict[int, FollowUpDate]:
    db.session.rollback()
    statement = select(FollowUpDate).join(Row, Row.id == FollowUpDate.follow_up_id).where(Row.case_id == case_id)
    return {each.months: each for each in db.session.scalars(statement.execution_options(populate_existing=True))}


def sealed(case_id: uuid.UUID) -> bool:
    db.session.rollback()
    ids = select(Row.id).where(Row.case_id == case_id)
    return bool(db.session.scalars(select(SealedCompartment).where(SealedCompartment.case_id.in_(ids))).all())


def is_let_go(case_id: uuid.UUID) -> bool:
    """Whether it ended because the person does not want it any more: what is sealed is kept for a week, and no more."""
    found = store.of_case(case_id, by=factories.actor(MANAGER))
    return found is not None and sealed(case_id) and found.kept_until == days.today() + END_IS_KEPT


def refused(reason: FollowUpRefusal, act: Callable[..., object], **more: object) -> None:
    with pytest.raises(FollowUpRefused) as found:
        act(**more)
    assert found.value.reason is reason


def test_of_two_who_change_what_was_agreed_neither_takes_the_others_words_away(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=3)
    manager, worker = sign_in(MANAGER), sign_in(WORKER)
    page_of = f"/cases/{opened.case_id}/follow-up"
    manager.post(f"{page_of}/agree", dict(WORDS))
    for person in (manager, worker):
        person.post(f"{page_of}/open")
    first, late = hidden_of(manager.get(f"{page_of}/agree")), hidden_of(worker.get(f"{page_of}/agree"))
    warned, mine = f"{SAY}; never on Sundays, he is there", f"{SAY}; from the course"
    manager.post(f"{page_of}/agree", {**WORDS, **first, "say": warned})
    closed = sign_in(WORKER).post(f"{page_of}/agree?lang=en", {**WORDS, **late, "say": mine}, 409)
    assert f'href="{page_of}" target="_blank"' in closed  # a session that has not opened it is led there
    assert warned not in closed
    both = worker.post(f"{page_of}/agree", {**WORDS, **late, "say": mine}, 409)
    assert f"{warned}\n\n{mine}</textarea>" in both.replace("\r", "")
    alone = {**WORDS, **hidden_of(both), "say": mine}
    asked = worker.post(f"{page_of}/agree?lang=en", alone, 409)
    assert "Nothing is saved yet" in asked
    assert warned in worker.get(page_of)
    worker.post(f"{page_of}/agree", {**alone, "over": alone["revision"]})
    page = worker.get(page_of)
    assert mine in page
    assert warned in page  # as what was agreed before


def hidden_of(page: str) -> dict[str, str]:
    """The hidden fields of the form of what is agreed."""
    fields = re.findall(r'<input id="\w+" name="(\w+)" type="hidden" value="([^"]*)"', page)
    return {name: value for name, value in fields if name in ("revision", "shown", "beside")}


@pytest.mark.slow
def test_a_year_after_the_shelter_from_the_page_of_a_case_that_is_closed(vatra: Actor, sign_in: SignIn) -> None:
    opened = admitted(vatra, days_ago=3)
    manager = sign_in(MANAGER)
    case, page_of = f"/cases/{opened.case_id}", f"/cases/{opened.case_id}/follow-up"
    assert page_of in manager.get(case)
    leaves(opened.stay_id, vatra)
    answers: dict[str, object] = {"documents": "returned", "debts": "none"}
    # Nobody closes a case as agreed without an agreement, nor against one.
    page = manager.post(f"{case}/close", {**answers, "follow_up": "agreed"}, 422)
    assert "agree it with the person" in manager.post(f"{case}/close?lang=en", {**answers, "follow_up": "agreed"}, 422)
    assert page_of in page
    assert "Enter how the person is reached safely" in manager.post(f"{page_of}/agree", {**WORDS, "channel": " "}, 422)
    assert manager.post(f"{page_of}/agree", dict(WORDS)).endswith(page_of)
    assert 'value="agreed" checked' in manager.get(f"{case}/close")
    manager.post(f"{case}/close", {**answers, "follow_up": "not_wanted", "step": "2"}, 422)
    manager.post(f"{case}/close", {**answers, "follow_up": "agreed", "step": "2"})
    assert db.session.get_one(Case, opened.case_id, populate_existing=True).status == "closed"
    began = days.today()
    due = {months: each.due_on for months, each in dates(opened.case_id).items()}
    assert list(due) == list(country().follow_up.months)
    assert all(day > began for day in due.values())
    # A session reads nothing before it opened it; and it opens this part alone.
    page = manager.get(page_of)
    assert CHANNEL not in page
    assert manager.post(f"{page_of}/open").endswith(page_of)
    page = manager.get(page_of)
    assert CHANNEL in page
    assert SAY in page
    db.session.rollback()
    readings = db.session.scalars(select(Reading.compartment).where(Reading.case_id == opened.case_id)).all()
    assert readings == ["follow_up"]
    manager.post(f"{case}/write/care", {"text": "x"}, 404)
    # Too early, which is said before anybody fills in the form; then on its day, on the home page and among the tasks
    # of who stays in touch alone.
    assert "too early" in manager.get(f"{page_of}/3?lang=en", 409)
    assert "too early" in manager.post(f"{page_of}/3?lang=en", _typed(WELL), 409)
    on(due[1])
    manager, worker = sign_in(MANAGER), sign_in(WORKER)
    assert page_of in manager.get("/")
    assert page_of in manager.get("/tasks")
    assert page_of not in worker.get("/") + worker.get("/tasks")
    assert "the case is closed" in worker.get("/follow-ups?lang=en")
    manager.post(f"{page_of}/1", {"result": "reached"}, 422)
    # What was ticked about danger is not dropped by a slip to another answer: it is asked, with the ticks kept.
    assert "say that it is not right" not in manager.get(f"{page_of}/1?lang=en")
    for danger in ({"safe": "no"}, {"help_now": "y"}):
        for result in ("not_reached", "no_longer"):
            slip = {**_typed(WELL), "safe": "yes", **danger, "result": result, "text": TEXT}
            page = manager.post(f"{page_of}/1?lang=en", slip, 422)
            assert "choose that the person was reached, or say that it is not right" in page
            assert TEXT in page
            name, value = next(iter(danger.items()))
            assert re.search(rf'name="{name}"[^>]*value="{value}"[^>]* checked', page)
            assert 'name="not_right"' in page
    assert dates(opened.case_id)[1].tries == 0
    assert manager.post(f"{page_of}/1", {**slip, "not_right": "y"}).endswith("/end")
    manager.post(f"{page_of}/1", _typed(WELL, text=TEXT))
    # A correction shows what was entered, once it is open.
    assert "Open the follow-up first" in manager.get(f"{page_of}/1?lang=en")
    manager.post(f"{page_of}/open")
    page = manager.get(f"{page_of}/1")
    assert TEXT in page
    assert re.search(r'name="living"[^>]*value="family"[^>]* checked', page)
    # The second is missed, is tried again after the days of the country, and is the manager's when it is late.
    on(due[3])
    worker = sign_in(WORKER)
    worker.post(f"{page_of}/mine")
    # Pressed three times in one morning it is one try; every word is kept.
    assert worker.post(f"{page_of}/3", _typed(MISSED)).endswith("follow-up")
    for number in range(2):
        back = worker.post(f"{page_of}/3", _typed(MISSED, text=f"provova {number}"))
    assert "count as one" in worker.get(f"{back}&lang=en")
    worker.post(f"{page_of}/open")
    assert "provova 1" in worker.get(page_of)
    row = dates(opened.case_id)[3]
    assert (row.state, row.tries) == ("open", 1)
    assert row.next_on == days.today() + timedelta(days=country().follow_up.again_days)
    assert page_of not in sign_in(MANAGER).get("/")
    on(row.next_on + timedelta(days=country().follow_up.late_days + 1))
    assert page_of in sign_in(MANAGER).get("/")
    worker = sign_in(WORKER)
    assert page_of in worker.get("/")
    worker.post(f"{page_of}/3", _typed(MISSED))
    on(dates(opened.case_id)[3].next_on)
    worker = sign_in(WORKER)
    worker.post(f"{page_of}/3", _typed(MISSED))
    assert dates(opened.case_id)[3].state == "not_reached"
    # That nobody reaches her is told to the manager, who says what the house does; it is no alarm of a child.
    manager, said = sign_in(MANAGER), "Could not be reached after the shelter"
    assert said in manager.get("/?lang=en")
    assert said not in worker.get("/?lang=en")
    assert "Call the manager of your shelter" in worker.get(f"{page_of}?lang=en")
    assert f"{page_of}/acting" not in worker.get(page_of)
    assert store.children(by=factories.actor("ra.duty_officer")) == []
    manager.post(f"{page_of}/acting", {"what": "looked_for", "text": "Punonjësja e terrenit"})
    assert said not in manager.get("/?lang=en")
    assert "Acted on by" in manager.get(f"{page_of}?lang=en")
    on(due[6])
    sign_in(WORKER).post(f"{page_of}/6", _typed(WELL))
    on(due[12])
    worker = sign_in(WORKER)
    worker.post(f"{page_of}/12", _typed(WELL), 422)
    worker.post(f"{page_of}/12", _typed(LAST))
    row = dates(opened.case_id)[12]
    assert (row.state, row.outcome, row.counts_on) == ("reached", "settled", Quarter.of(days.today()).start)
    # It is over: a correction is possible until the days of the country, then all words are gone.
    worker.post(f"{page_of}/12", _typed(LAST, outcome="needs_support"))
    assert dates(opened.case_id)[12].outcome == "needs_support"
    factories.later(days=country().retention.notice_days)
    tending.tend()
    assert not sealed(opened.case_id)
    worker = sign_in(WORKER)
    assert "The last contact was made" in worker.get(f"{page_of}?lang=en")
    worker.post(f"{page_of}/12", _typed(LAST), 404)
    worker.post(f"{page_of}/end", {}, 409)
    assert "needs_support" not in worker.get(page_of)
    assert db.session.scalar(select(Erasure.compartment)) == "follow_up"


def _typed(contact: Contact, **more: object) -> dict[str, object]:
    answers = {"living": contact.living, "occupation": contact.occupation, "safe": contact.safe}
    answers |= {"outcome": contact.outcome, "result": contact.result, "how": contact.how}
    return {name: str(each) for name, each in answers.items() if each} | {"needs": list(contact.needs)} | more


@pytest.mark.slow
def test_who_is_not_safe_is_the_managers_at_once_and_a_child_the_duty_desks_until_the_house_acts(
    vatra: Actor, sign_in: SignIn
) -> None:
    adult, child = followed(vatra), followed(vatra, bed=1, closes=False)
    code = db.session.get_one(Case, child).pseudonym
    db.session.execute(Case.__table__.update().where(Case.id == child).values(age_class="child"))
    db.session.commit()
    due = dates(adult)[1].due_on
    by = on(due, WORKER)
    for case_id in (adult, child):
        follow_ups.take_over(case_id=case_id, by=by)
        follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, text=TEXT, by=by)
    # What was said is old by now, and stands first all the same, with its day.
    on(due + timedelta(days=9))
    since = formats.day(due, "en")
    home = sign_in(MANAGER).get("/?lang=en")
    assert home.count("Not safe, or needs help now") == home.count(f"since {since}") == 2
    worker = sign_in(WORKER)
    mine = worker.get("/tasks?lang=en")
    assert mine.count("Not safe, or needs help now") == 2
    assert mine.index("<h2>Now</h2>") < mine.index(f"/cases/{adult}/follow-up")
    page = worker.get(f"/cases/{adult}/follow-up?lang=en")
    assert f"Said on {since}, at the contact after 1 month" in page
    assert "/follow-up/acting" not in page
    desk = sign_in("ra.duty_officer").get("/?lang=en")
    assert "A child is not safe after the shelter" in desk
    assert f'<span class="pn">{code}</span>' in desk  # no link: the desk does not open the case
    assert 'href="tel:' in desk.split("A child is not safe after the shelter", 1)[1].split("</section>", 1)[0]
    assert db.session.get_one(Case, adult).pseudonym not in desk
    assert TEXT not in desk + home
    # Where there is a manager, the worker does not settle it.
    refused(FollowUpRefusal.MANAGER, alarms.act, case_id=child, what=Acts.MET, text=TEXT, by=by)
    refused(FollowUpRefusal.MANAGER, alarms.say_safe, case_id=child, text=TEXT, by=by)
    # A press alone says nothing: what is done is asked, and one line; then it stands who acts, and since when.
    manager, acting = sign_in(MANAGER), f"/cases/{child}/follow-up/acting"
    page = manager.get(f"/cases/{child}/follow-up?lang=en")
    assert f'action="{acting}"' not in page
    manager.post(acting, {}, 422)
    assert "Write in one line what is done" in manager.post(f"{acting}?lang=en", {"what": "police", "text": " "}, 422)
    manager.post(acting, {"what": "cannot", "text": "x"}, 422)
    manager.get(f"/cases/{child}/follow-up/safe", 409)  # nobody acts yet
    manager.post(f"/cases/{child}/follow-up/safe", {"sure": "y", "text": "x"}, 409)
    assert "until they say that the child is safe" in sign_in("ra.duty_officer").get("/?lang=en")
    manager.post(acting, {"what": "police", "text": "Komisariati 2, Agimi"})
    name = "Test shelter_manager"
    desk = sign_in("ra.duty_officer").get("/?lang=en")
    assert code in desk
    assert f"acted on by {name}" in desk
    assert "the police were called" in desk
    page = manager.get(f"/cases/{child}/follow-up?lang=en")
    assert f"Acted on by {name} since" in page
    assert "Agimi" not in page + desk
    manager.post(f"/cases/{child}/follow-up/open")
    assert "Komisariati 2, Agimi" in manager.get(f"/cases/{child}/follow-up")
    assert manager.get("/?lang=en").count("Not safe, or needs help now") == 1
    assert "write down when the person is safe" in manager.get("/?lang=en")
    # Pressed for the wrong child it is taken back, and waits as before.
    manager.post(f"{acting}/undo")
    manager.post(f"{acting}/undo", {}, 409)
    assert manager.get("/?lang=en").count("Not safe, or needs help now") == 2
    assert f"acted on by {name}" not in sign_in("ra.duty_officer").get("/?lang=en")
    manager.post(acting, {"what": "fetched", "text": "Vera"})
    manager.post(f"/cases/{child}/follow-up/safe", {"text": "x"}, 422)
    manager.post(f"/cases/{child}/follow-up/safe", {"sure": "y", "text": "Te tezja, Vera"})
    manager.post(f"/cases/{child}/follow-up/safe", {"sure": "y", "text": "x"}, 409)
    manager.get(acting, 409)
    assert f"{name} recorded on" in manager.get(f"/cases/{child}/follow-up?lang=en")
    assert "recorded as safe" in sign_in("ra.duty_officer").get("/?lang=en")
    # Said of the wrong child it is taken back, and she stands on both lists again.
    assert "Pressed by mistake: the person is not safe" in manager.get(f"/cases/{child}/follow-up?lang=en")
    manager.post(f"{acting}/undo", {}, 409)
    sign_in(WORKER).post(f"/cases/{child}/follow-up/safe/undo", {}, 409)  # where there is a manager
    manager.post(f"/cases/{child}/follow-up/safe/undo")
    manager.post(f"/cases/{child}/follow-up/safe/undo", {}, 409)
    assert manager.get("/?lang=en").count("Not safe, or needs help now") == 2
    desk = sign_in("ra.duty_officer").get("/?lang=en")
    assert "recorded as safe" not in desk
    assert code in desk
    manager.post(acting, {"what": "fetched", "text": "Vera"})
    manager.post(f"/cases/{child}/follow-up/safe", {"sure": "y", "text": "Te tezja, Vera"})
    # One press leads back: a closed case is opened again with a new stay, an open one gets it at once.
    assert f"/cases/{adult}/reopen?back=1" in manager.get(f"/cases/{adult}/follow-up")
    assert f"/cases/{child}/admit" in manager.get(f"/cases/{child}/follow-up")
    cases.reopen(case_id=adult, reason=ReopenReason.CAME_BACK, by=vatra)
    assert not store.of_case(adult, by=vatra).ended_on  # type: ignore[union-attr]
    today = days.today()
    stays.admit(
        case_id=adult,
        place_id=place_store.free_places(by=vatra)[3][0],
        admitted_on=today,
        anticipated_end_on=today + timedelta(days=9),
        by=vatra,
    )
    alarms.act(case_id=adult, what=Acts.FETCHED, text="Vera", by=vatra)
    alarms.say_safe(case_id=adult, text="Vera", by=vatra)
    found = store.of_case(adult, by=vatra)
    assert found is not None
    assert (found.ended_why, found.alarms) == ("came_back", False)
    assert {each.state for each in found.contacts} == {Stand.REACHED, Stand.ENDED}
    assert sealed(adult)  # for a week, as long as it can be taken back
    factories.later(days=9)
    tending.tend()
    assert not sealed(adult)
    vatra = factories.actor(MANAGER)
    follow_ups.agree(case_id=adult, words=WORDS, by=vatra)  # anew, for when she leaves again


@pytest.mark.slow
def test_she_ends_it_with_the_house_or_the_help_line_and_everything_goes_when_she_takes_all_back(
    vatra: Actor, sign_in: SignIn
) -> None:
    house, line, all_ = (followed(vatra, bed=number) for number in range(3))
    manager = sign_in(MANAGER)
    assert "kept under seal for 7 days" in manager.get(f"/cases/{house}/follow-up/end?lang=en")
    assert sealed(house)
    factories.later(days=20)
    vatra = factories.actor(MANAGER)
    manager = sign_in(MANAGER)
    assert manager.post(f"/cases/{house}/follow-up/1", {"result": "no_longer", "how": "telephone"}).endswith("/end")
    assert sealed(house)
    manager.post(f"/cases/{house}/follow-up/end", {"compared": "y"})
    assert is_let_go(house)
    assert {each.state for each in dates(house).values()} == {"ended"}
    # Nobody leaves the list unseen: the others of the house read who, why and by whose press.
    seen = sign_in(WORKER).get("/follow-ups?lang=en").split("Left this list in the last 30 days")[1]
    assert f">{db.session.get_one(Case, house).pseudonym}</span></a>: The person does not want it any more." in seen
    assert f", {db.session.get_one(Member, vatra.member_id).name}<" in seen
    assert "Left this list" not in sign_in("tjeter_vizion.case_worker").get("/follow-ups?lang=en")
    # Who takes it down at the help line learns nothing, and nobody has to answer it.
    operator = factories.actor("helpline.helpline_operator")
    for code in (db.session.get_one(Case, line).pseudonym, db.session.get_one(Case, house).pseudonym):
        data_requests.record(request_id=uuid.uuid4(), pseudonym=code, kind=RequestKind.NO_FOLLOW_UP, by=operator)
    assert is_let_go(line)
    assert (
        sign_in("helpline.helpline_operator").get("/requests?lang=en").count("passed on: it ended at once, unless") == 2
    )
    # Not as a fact: everybody of the house reads who passed it on, also when it can be taken back no more (ADR 0272).
    passed_on = (
        "The person does not want it any more. SOS help line passed that on from somebody with the person’s code."
    )
    pages = (f"/cases/{line}/follow-up", f"/cases/{line}", "/follow-ups")
    for login in (MANAGER, WORKER):
        for page in pages:
            assert words(sign_in(login).get(f"{page}?lang=en")).count(passed_on) == 1
    factories.later(days=9)
    for page in pages:
        assert passed_on in words(sign_in(WORKER).get(f"{page}?lang=en"))
    cases.reopen(case_id=all_, reason=ReopenReason.CORRECTION, by=vatra)
    hands.withdrawn(all_, vatra)
    assert not sealed(all_)
    assert dates(all_) == {}
    assert db.session.scalar(select(Row.id).where(Row.case_id == all_)) is None


@pytest.mark.slow
def test_nobody_outside_of_the_house_sees_that_there_is_anything(vatra: Actor, sign_in: SignIn) -> None:
    case_id = followed(vatra)
    code = db.session.get_one(Case, case_id).pseudonym
    on(dates(case_id)[1].due_on)
    outsiders = (
        "nrc.shelter_manager",
        "ra.duty_officer",
        "rinas.border_officer",
        "trp_unit.trp_officer",
        "prosecution.witness_liaison",
        "molsa.statistician",
        "molsa.payment_officer",
        "oms.monitor",
        "oms.reader",
    )
    for login in outsiders:
        by, person = factories.actor(login), sign_in(login)
        for path, data in (("", None), ("/agree", WORDS), ("/open", {}), ("/1", _typed(WELL)), ("/end", {})):
            address = f"/cases/{case_id}/follow-up{path}"
            if path != "/open":
                assert person.client.get(address).status_code in (403, 404), (login, path)
            if data is not None:
                sent = {"csrf_token": person.csrf_token, **data}
                assert person.client.post(address, data=sent).status_code in (403, 404), (login, path)
        for act in (follow_ups.open_words, follow_ups.end, follow_ups.take_over):
            with pytest.raises((NotVisible, NotPermitted)):
                act(case_id=case_id, by=by)
        with pytest.raises((NotVisible, NotPermitted)):
            follow_ups.record(case_id=case_id, months=1, contact=WELL, by=by)
        home = person.get("/")
        assert code not in home
        assert str(case_id) not in home
    entries = str(db.session.scalars(select(AuditEntry.details)).all())
    assert "555 0199" not in entries
    refused(FollowUpRefusal.ENDED, _after_the_end, case_id=case_id, by=factories.actor(MANAGER))


def _after_the_end(case_id: uuid.UUID, by: Actor) -> None:
    follow_ups.end(case_id=case_id, by=by)
    follow_ups.record(case_id=case_id, months=1, contact=WELL, by=by)


def test_a_thief_of_the_main_database_finds_no_channel_no_words_and_not_how_she_lives(app: Flask, vatra: Actor) -> None:
    case_id = followed(vatra)
    by = on(dates(case_id)[1].due_on)
    follow_ups.record(case_id=case_id, months=1, contact=NOT_SAFE, text=TEXT, by=by)
    config: Config = app.extensions["nrm.config"]
    found = b"".join(path.read_bytes() for path in config.directory.rglob("*") if path.is_file())
    for said in (CHANNEL, SAY, TEXT, "Motra", "Zambak"):
        assert said.encode() not in found
    with closing(sqlite3.connect(config.directory / "main.db")) as main:
        for table in ("follow_ups", "follow_up_dates"):
            text = str(main.execute(f"SELECT * FROM {table}").fetchall())
            for code in ("friends", "neither", "security", "telephone"):
                assert code not in text


def test_a_child_who_is_followed_by_the_record_of_her_return_is_not_followed_twice(
    vatra: Actor, sign_in: SignIn
) -> None:
    child = admitted(vatra, CHILD)
    manager = sign_in(MANAGER)
    address = f"/cases/{child.case_id}/follow-up/agree"
    manager.post(address, dict(WORDS), 422)
    assert "so that nobody asks twice" in manager.post(f"{address}?lang=en", {**WORDS, "child_return": "yes"}, 422)
    assert store.of_case(child.case_id, by=vatra) is None
    manager.post(address, {**WORDS, "child_return": "no"})
    db.session.rollback()
    assert store.of_case(child.case_id, by=vatra) is not None


@pytest.mark.slow
def test_a_report_counts_each_person_once_and_keeps_what_nobody_wrote_apart(vatra: Actor) -> None:
    told, missed, ended, nobody = (followed(vatra, bed=number) for number in range(4))
    due = {months: each.due_on for months, each in dates(told).items()}
    for months in (1, 3, 6):
        by = on(due[months])
        follow_ups.record(case_id=told, months=months, contact=WELL, by=by)
        follow_ups.record(case_id=missed, months=months, contact=WELL if months == 3 else MISSED, by=by)
        for _ in range(2 if months != 3 else 0):
            by = on(dates(missed)[months].next_on)
            follow_ups.record(case_id=missed, months=months, contact=MISSED, by=by)
    follow_ups.end(case_id=ended, by=by)
    by = on(due[12])
    follow_ups.record(case_id=told, months=12, contact=LAST, by=by)
    for _ in range(3):
        by = on(dates(missed)[12].next_on)
        follow_ups.record(case_id=missed, months=12, contact=MISSED, by=by)
    quarter = Quarter.of(due[12])
    codes: Codes = {"sex": ("feminine",), "age_band": ("18-20", "24-26")}

    def counted(first: Quarter, last: Quarter) -> dict[str, tuple[str, str]]:
        rows = care_counting.followed_up(db.session.connection(), first, last, codes, by=counting.RELEASE)
        return {str(row["person"]): (str(row["outcome"]), str(row["contacts"])) for row in rows}

    assert counted(quarter, quarter) == {
        told.hex: ("settled", "all"),
        missed.hex: ("not_reached", "some"),
        ended.hex: ("no_longer", "none"),
        nobody.hex: ("not_recorded", "none"),
    }
    assert counted(quarter.previous, quarter.previous) == {}
    assert counted(quarter.previous, quarter) == counted(quarter, quarter)
    with pytest.raises(NotPermitted):
        care_counting.followed_up(db.session.connection(), quarter, quarter, codes, by=vatra)
    # What nobody finished is over in time, and does not turn into anything else.
    factories.later(days=120)
    assert tending.tend()["follow_ups_on"] >= 1
    assert not sealed(nobody)
    assert counted(quarter, quarter)[nobody.hex] == ("not_recorded", "none")


def test_a_change_of_age_takes_no_child_who_is_not_safe_off_the_list_of_the_duty_desk(vatra: Actor) -> None:
    child = followed(vatra, closes=False)
    db.session.execute(Case.__table__.update().where(Case.id == child).values(age_class="child"))
    db.session.commit()
    by = on(dates(child)[1].due_on, WORKER)
    follow_ups.take_over(case_id=child, by=by)
    follow_ups.record(case_id=child, months=1, contact=NOT_SAFE, text=TEXT, by=by)
    with transaction() as session:
        age_steps.turn(
            session, session.get_one(Case, child), "adult", days.today(), Kind.BIRTHDAY, Actor.system("tend")
        )
    desk = factories.actor("ra.duty_officer")
    assert [each.case_id for each in store.children(by=desk)] == [child]
    assert home_store.top(by=desk).follow_ups == 1
