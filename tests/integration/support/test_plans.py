"""Plans: what is sealed and what is in clear, who sees a step when, one press and its way back, the manager's word."""

from __future__ import annotations

import calendar
import contextlib
import json
import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import clock
from nrm.actions.shelter import cases, house_labels
from nrm.actions.shelter import stays as stay_actions
from nrm.actions.support import plans
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.closings import NOTHING_AGREED
from nrm.domain.shelter.key_workers import Place
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.plans import Came, Kind, PlanRefusal, PlanRefused, Service, StepEnd, Told
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import CareNote, Case
from nrm.models.shelter.consents import Consent
from nrm.models.shelter.key_workers import ShiftPage
from nrm.models.shelter.stays import Stay
from nrm.models.support.plans import PlanLook, PlanStep
from nrm.steps.shelter import cases as case_steps
from nrm.steps.support import plans as steps
from nrm.store import days
from nrm.store.support import plans as store
from nrm.vault import signing
from tests import factories, factories_stays
from tests import second_hands as hands
from tests.conftest import Person
from tests.integration.shelter.test_key_workers import colleague_of, take_on
from tests.integration.support.test_follow_ups import leaves
from tests.invariants.test_sealed import writings
from tests.races import race

SignIn = Callable[[str], Person]
WORKER, MANAGER = "vatra.case_worker", "vatra.shelter_manager"
GOAL, PROVIDER, WORDS = "Dua ta shoh motrën në Lezhë", "Poliklinika nr. 7", "Ta shoqërojmë te dentisti"


@pytest.fixture
def worker(app: Flask) -> Actor:
    assert app
    return factories.actor(WORKER)


@pytest.fixture
def manager(app: Flask) -> Actor:
    assert app
    return factories.actor(MANAGER)


@pytest.fixture
def person(worker: Actor) -> uuid.UUID:
    return factories_stays.admitted(worker).case_id


def on(ahead: int) -> date:
    return days.today() + timedelta(days=ahead)


def step(case_id: uuid.UUID, by: Actor, ahead: int = 0, owner: Actor | None = None, hour: str = "") -> uuid.UUID:
    owner_id = (owner or by).member_id
    assert owner_id is not None
    return plans.add_step(case_id=case_id, text=WORDS, hour=hour, due_on=on(ahead), owner_id=owner_id, by=by)


def service(case_id: uuid.UUID, by: Actor) -> uuid.UUID:
    return plans.add_service(case_id=case_id, service=Service.MEDICAL, provider=PROVIDER, text="çdo javë", by=by)


def opened(case_id: uuid.UUID, by: Actor) -> Actor:
    cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=by)
    return by


def later(monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    """It is so many days later."""
    then = clock.now() + timedelta(days=by)
    monkeypatch.setattr("nrm.clock.now", lambda: then)


# --- what is sealed


def test_every_word_is_sealed_and_in_clear_stand_day_owner_and_end(
    person: uuid.UUID, worker: Actor, tmp_path: Path
) -> None:
    plans.add_goal(case_id=person, text=GOAL, by=worker)
    planned = service(person, worker)
    first = step(person, worker, 2, hour="14:30")
    plans.add_medication(
        case_id=person, text="Sertraline 50 mg", hours="20:00", from_on=on(0), until_on=None, by=worker
    )
    opened(person, worker)
    plans.say_came(case_id=person, entry_id=planned, came=Came.DONE, on=on(0), who="Dr. Zefjana", by=worker)
    found = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    for word in (GOAL, PROVIDER, WORDS, "Sertraline", "Zefjana"):
        assert not any(writing in content for content in found for writing in writings(word)), word
    row = db.session.get_one(PlanStep, first)
    assert (row.case_id, row.due_on, row.owner_id, row.outcome) == (person, on(2), worker.member_id, "")
    said = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == "plan_written")).all()
    assert {tuple(sorted(json.loads(each))) for each in said} == {("case_id", "entry_id")}
    plan = steps.read(case_id=person, by=worker)
    assert [each.value["text"] for each in plan.of(Kind.GOAL)] == [GOAL]
    came = plan.entry(planned).came
    assert came is not None
    assert (came.value["came"], came.value["who"], came.login) == ("done", "Dr. Zefjana", WORKER)


def test_the_plan_opens_for_nobody_without_care_and_for_no_other_shelter(person: uuid.UUID, worker: Actor) -> None:
    plans.add_goal(case_id=person, text=GOAL, by=worker)
    step_id = step(person, worker)
    with pytest.raises(steps.CannotOpen):
        steps.read(case_id=person, by=worker)
    for login in ("nrc.case_worker", "nrc.shelter_manager"):
        other = factories.actor(login)
        for act in (
            lambda by=other: steps.read(case_id=person, by=by),
            lambda by=other: plans.add_goal(case_id=person, text="x", by=by),
            lambda by=other: plans.finish(step_id=step_id, end=StepEnd.DONE, by=by),
            lambda by=other: plans.move(step_id=step_id, to=on(1), by=by),
            lambda by=other: store.of_case(person, by=by),
        ):
            with pytest.raises(NotVisible):
                act()
        assert store.due(by=other, until=on(7)) == []
        assert store.to_confirm(by=other) == []
    for login in ("ra.duty_officer", "oms.statistician", "rinas.border_officer", "prosecution.witness_liaison"):
        with pytest.raises((NotPermitted, NotVisible)):
            steps.read(case_id=person, by=factories.actor(login))


def test_a_note_on_care_is_no_entry_and_an_entry_no_note(person: uuid.UUID, worker: Actor) -> None:
    cases.add_note(case_id=person, text="slept well", by=worker)
    plans.add_goal(case_id=person, text=GOAL, by=worker)
    opened(person, worker)
    assert [note["text"] for note in case_steps.notes(case_id=person, by=worker)] == ["slept well"]
    assert [each.value["text"] for each in steps.read(case_id=person, by=worker).entries] == [GOAL]


def test_an_erased_case_keeps_no_day_and_no_owner(person: uuid.UUID, worker: Actor) -> None:
    step(person, worker)
    stay_id = db.session.scalar(select(Stay.id).where(Stay.case_id == person))
    stay_actions.end(
        stay_id=stay_id,
        ended_on=days.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=worker,
    )
    hands.erased(person, worker)
    for table in (PlanStep, PlanLook, CareNote):
        assert db.session.scalars(select(table).where(table.case_id == person)).all() == [], table


# --- steps


def test_a_step_is_its_owners_and_the_key_workers_from_its_day_and_the_managers_when_late(
    person: uuid.UUID, worker: Actor, manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    colleague, third = (factories.actor(colleague_of("VATRA", login)) for login in ("mira.vatra", "zana.vatra"))
    take_on(person, worker)
    take_on(person, third, Place.DEPUTY)
    step(person, worker, 1, owner=colleague)

    def see(*, until: int = 0) -> set[str]:
        who = {"worker": worker, "owner": colleague, "deputy": third, "manager": manager}
        return {name for name, by in who.items() if store.due(by=by, until=on(until))}

    assert see() == set()
    assert see(until=1) == {"worker", "owner", "deputy"}
    later(monkeypatch, 1)
    assert see() == {"worker", "owner", "deputy"}
    later(monkeypatch, 2)
    assert see() == {"worker", "owner", "deputy"}
    later(monkeypatch, 1)  # three days after its day: the country says so
    assert see() == {"worker", "owner", "deputy", "manager"}
    assert [line.own for line in store.due(by=manager, until=on(0))] == [False]


def test_one_press_does_moves_and_takes_back_on_the_same_day_only(
    person: uuid.UUID, worker: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_on(person, worker)
    one = step(person, worker)
    plans.finish(step_id=one, end=StepEnd.DONE, by=worker)
    assert store.due(by=worker, until=on(7)) == []
    assert [line.id for line in store.changed_today(by=worker)] == [one]
    with pytest.raises(PlanRefused):
        plans.finish(step_id=one, end=StepEnd.DROPPED, by=worker)
    plans.undo(step_id=one, by=worker)
    plans.move(step_id=one, to=on(1), by=worker)
    plans.move(step_id=one, to=on(7), by=worker)
    assert [line.due_on for line in store.due(by=worker, until=on(7))] == [on(7)]
    plans.undo(step_id=one, by=worker)
    assert [line.due_on for line in store.due(by=worker, until=on(7))] == [on(0)], "where it was in the morning"
    with pytest.raises(PlanRefused) as nothing:
        plans.undo(step_id=one, by=worker)
    assert nothing.value.reason is PlanRefusal.UNDO
    plans.finish(step_id=one, end=StepEnd.DROPPED, by=worker)
    later(monkeypatch, 1)
    with pytest.raises(PlanRefused):
        plans.undo(step_id=one, by=worker)
    opened(person, worker)
    told = [each.value["what"] for each in steps.read(case_id=person, by=worker).entry(one).told]
    assert told == ["done", "undone", "moved", "moved", "undone", "dropped"], "the history is kept, under seal"


@pytest.mark.parametrize(("ahead", "reason"), [(-1, PlanRefusal.DAY), (367, PlanRefusal.DAY)])
def test_a_step_has_a_day_on_which_it_can_be_done(
    person: uuid.UUID, worker: Actor, ahead: int, reason: PlanRefusal
) -> None:
    with pytest.raises(PlanRefused) as refused:
        step(person, worker, ahead)
    assert refused.value.reason is reason
    kept = step(person, worker)
    with pytest.raises(PlanRefused):
        plans.move(step_id=kept, to=on(ahead), by=worker)


def test_a_step_is_owned_by_somebody_of_the_house(person: uuid.UUID, worker: Actor) -> None:
    for login in ("nrc.case_worker", "oms.statistician"):
        with pytest.raises(PlanRefused) as refused:
            step(person, worker, owner=factories.actor(login))
        assert refused.value.reason is PlanRefusal.OWNER


def test_the_database_refuses_a_step_that_is_over_on_no_day(person: uuid.UUID, worker: Actor) -> None:
    one = step(person, worker)
    for values in (
        {"outcome": "done"},
        {"over_on": on(0)},
        {"outcome": "burnt", "over_on": on(0)},
        {"moved_on": on(0)},
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(PlanStep).where(PlanStep.id == one).values(**values))


# --- the manager


def test_a_manager_confirms_with_her_key_and_what_is_written_afterwards_makes_it_void(
    person: uuid.UUID, worker: Actor, manager: Actor
) -> None:
    planned = service(person, worker)
    assert [line.case_id for line in store.to_confirm(by=manager)] == [person]
    assert store.to_confirm(by=worker) == []
    opened(person, worker)
    opened(person, manager)

    def plan() -> plans.Plan:
        return steps.read(case_id=person, by=worker)

    seen = plans.version(plan())
    with pytest.raises(NotPermitted):
        plans.confirm(case_id=person, seen=seen, by=worker)
    goal = plans.add_goal(case_id=person, text=GOAL, by=worker)
    with pytest.raises(PlanRefused) as changed:
        plans.confirm(case_id=person, seen=seen, by=manager)
    assert changed.value.reason is PlanRefusal.CHANGED
    plans.confirm(case_id=person, seen=plans.version(plan()), by=manager)
    said = steps.confirmed(plan())
    assert said is not None
    assert said.login == MANAGER
    assert store.to_confirm(by=manager) == []

    plans.say_came(case_id=person, entry_id=planned, came=Came.NOT_DONE, on=on(0), who="i mbyllur", by=worker)
    assert steps.confirmed(plan()) is not None, "what is done is no change of the plan"
    plans.strike(case_id=person, entry_id=goal, why=StrikeReason.TWICE, by=worker)
    assert steps.confirmed(plan()) is None
    assert [line.case_id for line in store.to_confirm(by=manager)] == [person]
    with pytest.raises(PlanRefused):
        plans.strike(case_id=person, entry_id=goal, why=StrikeReason.TWICE, by=worker)
    struck = next(each for each in plan().entries if each.id == goal)
    assert (struck.struck_why, struck.strike and struck.strike.login) == (StrikeReason.TWICE, WORKER)


def test_a_confirmation_that_a_worker_writes_herself_counts_for_nothing(
    person: uuid.UUID, worker: Actor, manager: Actor
) -> None:
    """A worker holds the key under which the entries are sealed, and not the manager's own."""
    plans.add_goal(case_id=person, text=GOAL, by=worker)
    opened(person, worker)
    message = steps.read(case_id=person, by=worker).message
    signature, _ = signing.sign_as(worker, message)
    for member in (manager.member_id, worker.member_id, uuid.uuid4()):
        with transaction() as session:
            value = {"member": str(member), "signature": signature.hex()}
            steps.add(session, person, Told.CONFIRMED, value, worker)
        assert steps.confirmed(steps.read(case_id=person, by=worker)) is None, member


def test_a_plan_without_a_word_is_not_confirmed(person: uuid.UUID, manager: Actor) -> None:
    with pytest.raises(PlanRefused) as empty:
        plans.confirm(case_id=person, seen="", by=manager)
    assert empty.value.reason is PlanRefusal.EMPTY


# --- pages


@pytest.mark.slow
def test_the_pages_of_a_plan_from_the_first_goal_to_the_managers_word(
    person: uuid.UUID, worker: Actor, sign_in: SignIn
) -> None:
    take_on(person, worker)
    browser = sign_in(WORKER)
    base = f"/cases/{person}/plan"
    assert f'href="{base}"' in browser.get(f"/cases/{person}")
    for path, field in (("goal", "text"), ("service", "provider"), ("step", "text"), ("medication", "hour")):
        page = browser.post(f"{base}/{path}", {}, status=422)
        assert f'id="{field}-error"' in page, path
    assert browser.post(f"{base}/goal", {"text": GOAL}).startswith(base)
    browser.post(f"{base}/service", {"service": "medical", "provider": PROVIDER, "text": ""})
    me = str(worker.member_id)
    browser.post(f"{base}/step", {"text": WORDS, "due": "today", "hour": "14:30", "owner": me})
    taken = {"text": "Sertraline", "since": "today", "until": "goes_on"}
    for name in ("8:00 Elira Hoxha", "25:00", "Elira"):
        assert 'id="hour-error"' in browser.post(f"{base}/medication", {**taken, "hour": name}, status=422), name
        one = {"text": WORDS, "due": "today", "hour": name, "owner": me}
        assert 'id="hour-error"' in browser.post(f"{base}/step", one, status=422), name
    browser.post(f"{base}/medication", {**taken, "hour": "20.00 dhe 8:00", "at": ["before_sleep"]})
    page = browser.get(base)
    assert GOAL not in page
    assert PROVIDER not in page
    assert "Sertraline" not in page
    assert f"/cases/{person}/open/care" in page
    browser.post("/shifts/people")
    page = browser.get(base)
    for word in (GOAL, PROVIDER, WORDS, "Sertraline, 8:00, 20:00, para gjumit", "kujdes shëndetësor"):
        assert word in page, word
    assert "/plan/confirm" not in page, "only who leads the shelter confirms"
    came = re.search(rf"{base}/[0-9a-f-]+/came", page)
    assert came
    assert 'id="came-error"' in browser.post(came.group(), {}, status=422)
    browser.post(came.group(), {"came": "done", "on": "today", "who": "Dr. Zefjana"})
    assert "Dr. Zefjana" in browser.get(base)

    tasks = browser.get("/tasks")
    assert WORDS in tasks
    assert "14:30" in tasks
    assert WORDS not in browser.get("/"), "a home page says that there is a step, and not which"
    done = re.search(r"/plan-steps/[0-9a-f-]+/done", tasks)
    assert done
    assert browser.post(done.group(), {"back": "tasks"}).startswith("/tasks")
    tasks = browser.get("/tasks")
    assert done.group() not in tasks
    browser.post(done.group(), status=409)
    undo = done.group().replace("/done", "/undo")
    assert undo in tasks
    browser.post(undo, {"back": "tasks"})
    move = done.group().replace("/done", "/move")
    for path in ("/0", "/32"):
        browser.post(move + path, status=404)
    browser.post(move + "/7", {"back": "tasks"})
    assert f"{base}#steps" in browser.get("/to-do"), "a step that lies ahead is not lost to every list"
    assert "Vjen edhe 1 gjë më vonë" in browser.get("/tasks")
    browser.post(move, {"to_day-day": "1", "to_day-month": "1", "to_day-year": "2020"}, status=422)

    lead = sign_in(MANAGER)
    assert f"/cases/{person}/plan" in lead.get("/tasks")
    lead.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    page = lead.get(base)
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert seen
    lead.post(f"{base}/confirm", {"seen": "0" * 64}, status=409)
    lead.post(f"{base}/confirm", {"seen": seen.group(1)})
    assert MANAGER in browser.get(base)
    assert f"/cases/{person}/plan" not in lead.get("/tasks")


@pytest.mark.slow
def test_a_plan_is_no_page_of_other_houses_and_offices(person: uuid.UUID, worker: Actor, sign_in: SignIn) -> None:
    step_id = step(person, worker)
    paths = ("", "/goal", "/service", "/step", "/medication", f"/{step_id}/strike", f"/{step_id}/came")
    other = sign_in("nrc.case_worker")
    for path in paths:
        other.get(f"/cases/{person}/plan{path}", status=404)
    other.get(f"/plan-steps/{step_id}/move", status=404)
    other.post(f"/plan-steps/{step_id}/done", status=404)
    other.post(f"/cases/{person}/plan/goal", {"text": "x"}, status=404)
    assert str(person) not in other.get("/tasks") + other.get("/day")
    for login in ("oms.statistician", "rinas.border_officer"):
        desk = sign_in(login)
        for path in ("/tasks", "/day", "/day/pdf", f"/cases/{person}/plan"):
            desk.get(path, status=403)


def test_bad_input_has_a_clear_answer(person: uuid.UUID, worker: Actor, sign_in: SignIn) -> None:
    plans.add_goal(case_id=person, text=GOAL, by=worker)
    browser = sign_in(WORKER)
    base = f"/cases/{person}/plan"
    me = str(worker.member_id)
    browser.post(f"{base}/service", {"service": "astrology", "provider": "x"}, status=422)
    browser.post(f"{base}/step", {"text": "x", "due": "1", "owner": str(uuid.uuid4())}, status=422)
    browser.post(f"{base}/step", {"text": "x", "due": "year", "owner": me}, status=422)
    browser.post(f"{base}/step", {"text": "x" * 100_000, "due": "1", "owner": me}, status=422)
    long_ago = {"due": "other", "due_day-day": "1", "due_day-month": "1", "due_day-year": "2020"}
    assert 'id="due_day-error"' in browser.post(f"{base}/step", {"text": "x", "owner": me, **long_ago}, status=422)
    ended = {"until": "other", "until_day-day": "1", "until_day-month": "1", "until_day-year": "2020"}
    page = browser.post(f"{base}/medication", {"text": "x", "hour": "8:00", "since": "today", **ended}, status=422)
    assert 'id="until_day-error"' in page
    for path in (f"{base}/{uuid.uuid4()}/strike", f"{base}/{uuid.uuid4()}/came"):
        assert "/open/care" in browser.post(path, {"why": "twice", "came": "done", "on": "today", "who": "x"})
    browser.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    browser.post(f"{base}/{uuid.uuid4()}/strike", {"why": "twice"}, status=409)
    browser.get(f"{base}/{uuid.uuid4()}/strike", status=404)
    browser.get(f"/plan-steps/{uuid.uuid4()}/move", status=404)


@pytest.mark.parametrize("blank", [" ", "\r\n", "\u00a0", "\u200b"], ids=ascii)
def test_blanks_are_no_medicine_and_no_note(person: uuid.UUID, blank: str, sign_in: SignIn) -> None:
    browser, path = sign_in(WORKER), f"/cases/{person}/plan/medication"
    data = {"text": blank, "at": "evening", "since": "today", "until": "goes_on"}
    assert 'id="text-error"' in browser.post(path, data, 422)
    assert 'id="text-error"' in browser.post(f"/cases/{person}/notes", {"text": blank}, 422)
    browser.post(path, {**data, "text": "Sertraline"})


def test_the_page_that_strikes_shows_which_entry_it_is(person: uuid.UUID, worker: Actor, sign_in: SignIn) -> None:
    taken = plans.add_medication(
        case_id=person, text="Sertraline 50 mg", hours="20:00", from_on=on(0), until_on=None, by=worker
    )
    entries = {
        taken: ("Medication", "Sertraline 50 mg", "20:00"),
        service(person, worker): ("Service", PROVIDER),
        step(person, worker, hour="14:30"): ("Next step", WORDS, "14:30"),
        plans.add_goal(case_id=person, text=GOAL, by=worker): ("Goal", GOAL),
    }
    browser = sign_in(WORKER)
    browser.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    for entry_id, words in entries.items():
        page = browser.get(f"/cases/{person}/plan/{entry_id}/strike?lang=en").partition("<main")[2]
        for each in (*words, WORKER):
            assert each in page, each


def test_medication_that_is_over_is_ended_and_leaves_the_day_and_a_mistyped_year_is_asked_about(
    person: uuid.UUID, worker: Actor, sign_in: SignIn
) -> None:
    browser, base = sign_in(WORKER), f"/cases/{person}/plan"
    far = {"since": "other", "since_day-day": "30", "since_day-month": "11", "since_day-year": "2062"}
    page = browser.post(f"{base}/medication", {"text": "Insulin", "hour": "8:00", "until": "goes_on", **far}, 422)
    assert 'id="since_day-error"' in page
    taken = plans.add_medication(case_id=person, text="Insulin", hours="7:35", from_on=on(-2), until_on=None, by=worker)
    browser.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    assert f"{base}/{taken}/end" in browser.get(base)
    browser.post(f"{base}/{taken}/end", {}, 422)
    before = {"until": "other", **fields("until_day", on(-3))}
    assert 'id="until_day-error"' in browser.post(f"{base}/{taken}/end", before, 422)
    browser.post("/shifts/duty")  # the list says words in a shift alone
    assert "Insulin" in browser.get("/day").partition("<main")[2]
    browser.post(f"{base}/{taken}/end", {"until": "other", **fields("until_day", on(-1))})
    assert "Insulin" not in browser.get("/day").partition("<main")[2]
    browser.post(f"{base}/{taken}/end", {"until": "today"})  # the last word counts
    assert not steps.read(case_id=person, by=opened(person, worker)).medication_on(on(1))
    assert steps.read(case_id=person, by=opened(person, worker)).medication_on(on(0))
    browser.post(f"{base}/{uuid.uuid4()}/end", {"until": "today"}, 409)


def test_the_list_of_people_says_what_comes_next_as_the_list_of_stays_does(
    person: uuid.UUID, worker: Actor, sign_in: SignIn
) -> None:
    """Its column of days was empty, while the home page said that a day had passed."""
    stay = db.session.execute(select(Stay).where(Stay.case_id == person)).scalar_one()
    stay.anticipated_end_on = on(2)
    db.session.commit()
    browser = sign_in(WORKER)
    for page in ("/stays", "/cases"):
        row = browser.get(f"{page}?lang=en").partition("<tbody")[2]
        assert "The stay is planned until then: prolong it, or end it" in row
        assert f"{on(2).day} " in row


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(1926, 12, 1), None, "This first day is more than 20 years ago: look at the year"),
        (-60, -32, "This last day is long past: what is not taken any more belongs in the notes of the person"),
        (-60, -31, ""),
    ],
)
def test_medication_of_another_century_or_long_over_is_not_written_down(
    person: uuid.UUID, sign_in: SignIn, first: date | int, last: int | None, said: str
) -> None:
    browser, today = sign_in(WORKER), days.today()

    def parts(name: str, day: date | int) -> dict[str, str]:
        on = day if isinstance(day, date) else today + timedelta(days=day)
        return {f"{name}_day-day": str(on.day), f"{name}_day-month": str(on.month), f"{name}_day-year": str(on.year)}

    sent = {"text": "Salbutamol", "hour": "8:00", "since": "other", **parts("since", first), "until": "goes_on"}
    if last is not None:
        sent |= {"until": "other", **parts("until", last)}
    page = browser.post(f"/cases/{person}/plan/medication?lang=en", sent, 422 if said else 303)
    assert said in page


def fields(name: str, day: date) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def test_somebody_else_does_a_step(person: uuid.UUID, worker: Actor, manager: Actor, sign_in: SignIn) -> None:
    step_id = step(person, worker, 2)
    browser, path = sign_in(WORKER), f"/plan-steps/{step_id}/owner"
    browser.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    assert path in browser.get(f"/cases/{person}/plan")
    assert WORDS in browser.get(path)
    for wrong in ("", "x", str(uuid.uuid4()), str(factories.actor("iom.shelter_manager").member_id)):
        browser.post(path, {"owner": wrong}, 422)
    sign_in("iom.shelter_manager").post(path, {"owner": str(manager.member_id)}, 404)
    for _ in range(2):
        assert "done=handed" in browser.post(path, {"owner": str(manager.member_id)})
    assert db.session.get_one(PlanStep, step_id, populate_existing=True).owner_id == manager.member_id
    plans.finish(step_id=step_id, end=StepEnd.DONE, by=worker)
    page = browser.get(f"/cases/{person}/plan?lang=en")
    assert page.count("Somebody else does it: ") == 1  # with who wrote it and when, among the steps that are over
    browser.post(path, {"owner": str(worker.member_id)}, 409)


@pytest.mark.slow
def test_steps_of_who_left_are_named_before_and_stand_on_the_managers_page_until_somebody_takes_them_over(
    person: uuid.UUID, worker: Actor, manager: Actor, sign_in: SignIn
) -> None:
    colleague = factories.actor(colleague_of("VATRA", "mira.vatra"))
    take_on(person, worker)
    step_id = step(person, worker, 5)
    ends, code = sign_in(MANAGER), db.session.get_one(Case, person).pseudonym
    page = ends.get(f"/members/{worker.member_id}/disable?lang=en")
    assert "key worker of 1 person" in page
    assert "1 open step of a plan" in page
    assert code in page
    assert "works here no more" not in ends.get("/to-do?lang=en")
    db.session.execute(update(Member).where(Member.id == worker.member_id).values(status="disabled"))
    db.session.commit()
    for address in ("/", "/to-do", "/tasks"):
        page = ends.get(f"{address}?lang=en")
        assert "is of somebody who works here no more" in page
        assert f"/plan-steps/{step_id}/owner" in page
    assert store.due(by=colleague, until=on(9)) == []
    ends.post(f"/plan-steps/{step_id}/owner", {"owner": str(colleague.member_id)}, 303)
    assert "works here no more" not in ends.get("/to-do?lang=en")
    plans.hand_to(step_id=step_id, owner_id=manager.member_id or uuid.uuid4(), by=colleague)
    db.session.execute(update(Member).where(Member.id == manager.member_id).values(status="disabled"))
    db.session.commit()
    assert [line.left for line in store.due(by=colleague, until=on(0))] == [True]  # nobody leads the house


# --- the list of the day


def test_the_list_of_the_day_says_words_in_a_shift_alone_and_paper_no_code(
    person: uuid.UUID, worker: Actor, sign_in: SignIn
) -> None:
    step(person, worker, hour="14:30")
    plans.add_medication(
        case_id=person, text="Sertraline 50 mg", hours="20:00", from_on=on(0), until_on=on(0), by=worker
    )
    plans.add_medication(case_id=person, text="Ibuprofen", hours="8:00", from_on=on(1), until_on=None, by=worker)
    house_labels.write(case_id=person, nickname="Lule", room="3", by=worker)
    code = next(line.pseudonym for line in store.of_case(person, by=worker))
    browser = sign_in(WORKER)
    page = browser.get("/day")
    assert code in page
    assert WORDS not in page
    assert "Sertraline" not in page
    assert "Lule" not in page
    assert shift_pages(person) == 0
    browser.post("/shifts/duty")
    page = browser.get("/day")
    assert WORDS in page
    assert "Sertraline" in page
    assert "Lule" in page
    assert "Ibuprofen" not in page
    assert shift_pages(person) == 1, "each look is recorded before anything is shown"
    # Of whom a shift for one's own people does not open, nobody may read that they take nothing.
    browser.post("/shifts/end")
    take_on(factories_stays.admitted(worker, bed=1).case_id, worker)
    browser.post("/shifts/people")
    page = browser.get("/day?lang=en")
    medication = page[page.index('<h2 id="medication">') : page.index('<h2 id="turning">')]
    assert medication.count("Not opened for 1 other person in the shelter.") == 2
    assert "Nobody today" not in medication
    assert "Sertraline" not in medication


def shift_pages(case_id: uuid.UUID) -> int:
    db.session.rollback()
    return sum(db.session.scalars(select(ShiftPage.pages).where(ShiftPage.case_id == case_id)))


def test_the_sheet_has_places_and_hours_and_nothing_that_names_anybody(
    person: uuid.UUID, worker: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(person, worker, hour="14:30")
    plans.add_medication(case_id=person, text="Sertraline", hours="20:00", from_on=on(0), until_on=None, by=worker)
    with transaction() as session:  # as it was written before the fields asked for hours alone
        old = {"text": "x", "hours": "8:00 Elira Hoxha", "from": on(0).isoformat(), "until": ""}
        steps.add(session, person, Kind.MEDICATION, old, worker)
    house_labels.write(case_id=person, nickname="Lule", room="3", by=worker)
    (line,) = store.of_case(person, by=worker)
    printed: list[str] = []

    def keep(html: str) -> bytes:
        printed.append(html)
        return b"%PDF-1.7"

    monkeypatch.setattr("nrm.web.support.day_lists.to_pdf", keep)
    browser = sign_in(WORKER)
    browser.post("/shifts/duty")
    assert browser.client.get("/day/pdf").data.startswith(b"%PDF")
    (sheet,) = printed
    assert "Vatra" in sheet
    assert "Elira" not in sheet
    assert "14:30" in sheet
    assert "20:00" in sheet
    assert "V01" in sheet
    for word in (line.pseudonym, str(person), WORDS, "Sertraline", "Lule", line.owner):
        assert word not in sheet, word


# --- what was received


def test_the_holder_says_by_codes_what_was_received_and_a_counted_answer_stays(
    person: uuid.UUID, worker: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Quarter.of(days.today())
    (line,) = [each for each in store.received(now, by=worker) if each.case_id == person]
    assert line.services is None
    for services in ([Service.LEGAL, Service.MEDICAL], [Service.HOUSING], []):
        plans.say_received(case_id=person, quarter=now, services=services, by=worker)
        assert store.answered(person, by=worker) == {now: tuple(sorted(map(str, services)))}
    with pytest.raises(NotVisible):
        plans.say_received(case_id=person, quarter=now, services=[], by=factories.actor("nrc.case_worker"))
    with pytest.raises(PlanRefused):
        plans.say_received(case_id=person, quarter=now.next, services=[], by=worker)
    monkeypatch.setattr("nrm.store.days.is_closed", lambda quarter: quarter == now)
    with pytest.raises(PlanRefused) as counted:
        plans.say_received(case_id=person, quarter=now, services=[Service.LEGAL], by=worker)
    assert counted.value.reason is PlanRefusal.QUARTER


@pytest.mark.slow
def test_the_page_of_services_asks_for_an_answer_and_takes_nothing_for_one(
    person: uuid.UUID, worker: Actor, sign_in: SignIn
) -> None:
    assert worker
    browser, now = sign_in(WORKER), Quarter.of(days.today())
    page, answers = f"/cases/{person}/services/{now}", f"/services/{now}"
    assert page in browser.get(answers)
    for wrong in ([], ["nothing", "legal"], ["astrology"]):
        assert 'id="services-error"' in browser.post(page, {"services": wrong}, status=422), wrong
    assert browser.post(page, {"services": ["nothing"]}).startswith(answers)
    assert store.answered(person, by=worker) == {now: ()}
    browser.post(page, {"services": ["legal", "medical"]})
    assert "ndihmë juridike, kujdes shëndetësor" in browser.get(answers)
    assert 'value="legal" checked' in browser.get(page)
    for path in (f"/cases/{person}/services/{now.next}", "/services/2026Q9", f"/services/{now.next}"):
        browser.get(path, status=404)
    sign_in("nrc.case_worker").get(page, status=404)


# --- one press, one entry

FORMS = {
    "goal": {"text": GOAL},
    "service": {"service": "medical", "provider": PROVIDER, "text": "çdo javë"},
    "step": {"text": WORDS, "due": "1", "hour": "14:30"},
    "medication": {"text": "Sertraline 50 mg", "hour": "9:00", "since": "today", "until": "goes_on"},
}


@pytest.mark.slow  # each form, eight presses
@pytest.mark.parametrize("what", FORMS)
def test_a_form_that_is_pressed_twice_is_written_once(
    person: uuid.UUID, worker: Actor, sign_in: SignIn, what: str
) -> None:
    browser, path = sign_in(WORKER), f"/cases/{person}/plan/{what}"
    (once,) = re.findall(r'name="once" value="([0-9a-f-]{36})"', browser.get(path))
    typed = {**FORMS[what], "once": once, **({"owner": str(worker.member_id)} if what == "step" else {})}
    # Corrected after an error, it is the same press still.
    page = browser.post(path, {**typed, "text" if what != "service" else "provider": ""}, 422)
    assert f'name="once" value="{once}"' in page
    # Nothing of the plan is open in this session: the second press is known all the same.
    said = [browser.post(path, dict(typed)) for _ in range(3)]
    assert [each.rpartition("=")[2] for each in said] == [what, "already", "already"]
    assert "It was pressed twice: it is written down once." in browser.get(f"{said[1]}&lang=en")
    opened(person, worker)
    (entry,) = steps.read(case_id=person, by=worker).entries
    assert entry.kind == what
    assert db.session.scalars(select(PlanStep.id)).all() == ([entry.id] if what == "step" else [])
    written = select(AuditEntry.details).where(AuditEntry.event == "plan_written")
    assert len(db.session.scalars(written).all()) == 1
    # Gone back to the same page and typed something else: that is another entry. So is what was struck meanwhile.
    other = {**typed, "text": "diçka tjetër"}
    assert [browser.post(path, dict(other)).rpartition("=")[2] for _ in range(2)] == [what, "already"]
    browser.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    browser.post(f"/cases/{person}/plan/{entry.id}/strike", {"why": "other"})
    assert [browser.post(path, dict(typed)).rpartition("=")[2] for _ in range(2)] == [what, "already"]
    # And what a fresh page writes, in the same words, too.
    assert [browser.post(path, {**typed, "once": each}).rpartition("=")[2] for each in ("", "x")] == [what, what]
    db.session.rollback()
    entries = steps.read(case_id=person, by=opened(person, worker)).entries
    assert [each.strike is None for each in entries] == [False, True, True, True, True]


def test_a_step_for_another_day_or_by_another_hand_is_another_step(person: uuid.UUID, worker: Actor) -> None:
    press, colleague = uuid.uuid4(), factories.actor(MANAGER)
    assert worker.member_id
    assert colleague.member_id
    for due_on, owner_id in ((on(1), worker.member_id), (on(2), worker.member_id), (on(1), colleague.member_id)):
        ask = {"text": WORDS, "hour": "", "due_on": due_on, "owner_id": owner_id, "press": press}
        plans.add_step(case_id=person, by=worker, **ask)  # type: ignore[arg-type]
        with pytest.raises(plans.WrittenAlready):
            plans.add_step(case_id=person, by=worker, **ask)  # type: ignore[arg-type]
    assert len(db.session.scalars(select(PlanStep.id)).all()) == 3


@pytest.mark.slow  # four presses at once, in both databases
@pytest.mark.parametrize("fixture", ["app", "postgres_app"])
def test_medication_pressed_twice_at_once_stands_once(fixture: str, request: pytest.FixtureRequest) -> None:
    app: Flask = request.getfixturevalue(fixture)
    by, press = factories.actor(WORKER), uuid.uuid4()
    case_id = factories_stays.admitted(by).case_id

    def write() -> None:
        with contextlib.suppress(plans.WrittenAlready):
            plans.add_medication(
                case_id=case_id, text="A 10 mg", hours="9:00", from_on=on(0), until_on=None, by=by, press=press
            )

    race(app, *[write] * 4)
    assert len(steps.read(case_id=case_id, by=opened(case_id, by)).medication_on(on(0))) == 1


@pytest.mark.slow
def test_the_plan_of_a_closed_case_is_read_and_not_written(app: Flask, worker: Actor, sign_in: SignIn) -> None:
    """Its steps were said to stay in the plan, and nobody could read it unless the case was opened again."""
    assert app
    there = factories_stays.admitted(worker, days_ago=3)
    person = there.case_id
    plans.add_goal(case_id=person, text=GOAL, by=worker)
    service(person, worker)
    step(person, worker)
    leaves(there.stay_id, worker)
    cases.close(case_id=person, answers=NOTHING_AGREED, by=worker)
    browser, other = sign_in(WORKER), sign_in("tjeter_vizion.case_worker")
    page = browser.get(f"/cases/{person}?lang=en")
    assert f'href="/cases/{person}/plan"' in page
    page = browser.get(f"/cases/{person}/plan?lang=en")
    assert "the plan is read here" in page
    assert GOAL not in page
    browser.post(f"/cases/{person}/open", {"compartment": "care", "purpose": "care"})
    page = browser.get(f"/cases/{person}/plan?lang=en")
    for word in (GOAL, PROVIDER, WORDS):
        assert word in page, word
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    browser.post(f"/cases/{person}/plan/goal", {"text": GOAL}, 404)
    other.get(f"/cases/{person}/plan", 404)
    assert "Goals, services and medication stand in the plan." in browser.get(f"/cases/{person}?lang=en")


# --- lists of the shelter


@pytest.mark.slow
def test_the_home_page_says_how_many_things_more_there_are_to_do(
    worker: Actor, manager: Actor, sign_in: Callable[[str], Person]
) -> None:
    """It left out steps with a later day, and what closed cases left behind: 2 more, and there were 5."""
    people = [factories_stays.admitted(worker, bed=each).case_id for each in range(3)]
    for case_id, ahead in zip(people, (0, 3, 40), strict=True):
        step(case_id, worker, ahead)
    step(people[0], manager, 5)  # the manager's own: of the worker's list only where the worker answers for the person
    for login in (WORKER, MANAGER):
        person = sign_in(login)
        home, to_do = person.get("/?lang=en"), person.get("/to-do")
        rows = to_do.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>")
        mine = home.partition('id="my-people"')[2].partition("</table>")[0].partition("<h2>")[0].count("<tr><th")
        shown = home.partition("<h2>To do</h2>")[2].partition("</table>")[0].partition("<tbody>")[2].count("<tr>")
        more = re.search(r"(\d+) more things?: later", home)
        assert mine + shown + int(more[1] if more else 0) == rows, login
        assert rows >= 2, login


def day_of(shown: str) -> date:
    """`2 March 2026` as a day."""
    day, month, year = shown.split()
    return date(int(year), list(calendar.month_name).index(month), int(day))


@pytest.mark.slow
def test_the_list_of_people_is_in_the_order_of_the_days_that_it_shows(
    worker: Actor, sign_in: Callable[[str], Person]
) -> None:
    """It ran by the hours that the agreement sets, and the days of all else stood anyhow."""
    ahead = [20, 1, 25, -30, 9]
    people = [factories_stays.admitted(worker, bed=number).case_id for number in range(len(ahead) + 1)]
    with transaction() as session:
        for case_id, each in zip(people, ahead, strict=False):
            session.execute(update(Consent).where(Consent.case_id == case_id).values(due_on=on(each)))
    page = sign_in(WORKER).get("/cases?lang=en")
    assert "The first day first, also what has passed; without a day last" in page
    cells = re.findall(r"<tr><td>(.*?)</td>", page.partition("<tbody>")[2], re.DOTALL)
    found = [re.search(r"\d+ [A-Z][a-z]+ \d{4}", each) for each in cells]
    days_shown = [day_of(each[0]) for each in found if each is not None]
    assert days_shown == sorted(days_shown)
    assert {on(each) for each in ahead} <= set(days_shown)
    with_day = [each is not None for each in found]
    assert with_day == sorted(with_day, reverse=True)
