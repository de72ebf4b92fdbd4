"""Writing the plan of a person: goals, services and what became of them, steps, medication, strikes; confirming it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support import plans as rules
from nrm.domain.support.plans import At, Came, Happened, Kind, Plan, PlanRefusal, PlanRefused, Service, StepEnd, Told
from nrm.models.support.plans import PlanStep, ServiceAnswer
from nrm.steps.support import plans as steps
from nrm.store import days
from nrm.store.rows.reports import reports as report_rows
from nrm.store.rows.support import plans as rows
from nrm.store.shelter import stays
from nrm.store.support import plans as store
from nrm.vault import signing

CannotOpen = steps.CannotOpen


class WrittenAlready(Exception):
    """The same words of the same `press` stand already: nothing was written twice."""


def add_goal(*, case_id: uuid.UUID, text: str, by: Actor, press: uuid.UUID | None = None) -> uuid.UUID:
    """A goal in the person's words. Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, WrittenAlready, as all of
    these do; `press`: which showing of the form was pressed."""
    return _add(case_id, Kind.GOAL, {"text": text}, by, press)


def add_service(
    *, case_id: uuid.UUID, service: Service, provider: str, text: str, by: Actor, press: uuid.UUID | None = None
) -> uuid.UUID:
    """A service that is planned: what it is about, who gives it, and what for."""
    return _add(case_id, Kind.SERVICE, {"service": str(service), "provider": provider, "text": text}, by, press)


def add_medication(
    *,
    case_id: uuid.UUID,
    text: str,
    hours: str,
    from_on: date,
    until_on: date | None,
    by: Actor,
    at: Collection[At] = (),
    press: uuid.UUID | None = None,
) -> uuid.UUID:
    """What the person takes, at which hours or parts of the day, and from which day until which. Raises PlanRefused
    (`first`, `since`, `until`, `past`, `hour`, `when`)."""
    rules.check_new_medication(from_on, until_on, today=days.today())
    hours = rules.check_hours(hours, at)
    until = until_on.isoformat() if until_on is not None else ""
    value: dict[str, Any] = {"text": text, "hours": hours, "from": from_on.isoformat(), "until": until}
    if at:
        value["times"] = [str(each) for each in At if each in at]
    return _add(case_id, Kind.MEDICATION, value, by, press)


def _add(case_id: uuid.UUID, kind: Kind, value: Mapping[str, Any], by: Actor, press: uuid.UUID | None) -> uuid.UUID:
    with transaction() as session:
        steps.check_held(case_id, by)
        entry_id = steps.new_id(case_id, kind, value, press, by)
        if entry_id is None:
            raise WrittenAlready
        steps.add(session, case_id, kind, value, by, entry_id)
        audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=entry_id)
        return entry_id


def add_step(
    *,
    case_id: uuid.UUID,
    text: str,
    hour: str,
    due_on: date,
    owner_id: uuid.UUID,
    by: Actor,
    press: uuid.UUID | None = None,
) -> uuid.UUID:
    """A next step: what, at which hour if it is an appointment, by when, and whose. Raises PlanRefused (`day`, `owner`,
    `hour`)."""
    rules.check_day(due_on, today=days.today())
    hour = rules.check_hour(hour)
    with transaction() as session:
        steps.check_held(case_id, by)
        if owner_id not in dict(store.owners(by=by)):
            raise PlanRefused(PlanRefusal.OWNER)
        value = {"text": text, "hour": hour}
        pressed = {**value, "due": due_on.isoformat(), "owner": str(owner_id)}
        step_id = steps.new_id(case_id, Kind.STEP, pressed, press, by)
        if step_id is None:
            raise WrittenAlready
        steps.add(session, case_id, Kind.STEP, value, by, step_id)
        session.add(PlanStep(id=step_id, case_id=case_id, due_on=due_on, owner_id=owner_id, outcome=""))
        session.flush()
        audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=step_id)
        return step_id


def say_came(*, case_id: uuid.UUID, entry_id: uuid.UUID, came: Came, on: date, who: str, by: Actor) -> None:
    """Whether a planned service was given, on which day and by whom; said again, the last word counts and the others
    stay. Raises PlanRefused (`past_day`, `gone`)."""
    rules.check_came(on, today=days.today())
    with transaction() as session:
        steps.check_held(case_id, by)
        steps.read(case_id=case_id, by=by).entry(entry_id, Kind.SERVICE)
        value = {"of": str(entry_id), "came": str(came), "on": on.isoformat(), "who": who}
        said_id = steps.add(session, case_id, Told.CAME, value, by)
        audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=said_id)


def end_medication(*, case_id: uuid.UUID, entry_id: uuid.UUID, until_on: date, by: Actor) -> None:
    """What the person took is taken for the last time on this day; said again, the last word counts and the others
    stay. Raises PlanRefused (`until`, `gone`)."""
    with transaction() as session:
        steps.check_held(case_id, by)
        first, _ = steps.read(case_id=case_id, by=by).entry(entry_id, Kind.MEDICATION).medication_days
        rules.check_medication(first, until_on, today=max(first, days.today()))
        value = {"of": str(entry_id), "until": until_on.isoformat()}
        said_id = steps.add(session, case_id, Told.ENDED, value, by)
        audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=said_id)


def strike(*, case_id: uuid.UUID, entry_id: uuid.UUID, why: StrikeReason, by: Actor) -> None:
    """An entry was wrong: it stays, struck, with who said so and why. A struck step is over. Raises PlanRefused
    (`gone`)."""
    with transaction() as session:
        steps.check_held(case_id, by)
        entry = steps.read(case_id=case_id, by=by).entry(entry_id)
        steps.add(session, case_id, Told.STRUCK, {"of": str(entry_id), "why": str(why)}, by)
        if entry.kind is Kind.STEP:
            step = store.row(entry_id, by=by)
            if not rows.change(session, step, outcome=str(StepEnd.STRUCK), over_on=days.today()):
                raise PlanRefused(PlanRefusal.GONE)
        if entry.kind in rules.OF_THE_PLAN:
            rows.set_look(session, case_id, days.today())
        audit.append(session, audit.Event.PLAN_STRUCK, by=by, case_id=case_id, entry_id=entry_id)


def confirm(*, case_id: uuid.UUID, seen: str, by: Actor) -> None:
    """The manager confirms the plan as she read it, with her key. What is written or struck afterwards makes it void;
    what is done does not. `seen`: `version` of the plan that was shown.

    Raises NotPermitted, PlanRefused (`empty`, `changed`).
    """
    by.must(Permission.TEAM_MANAGE)
    with transaction() as session:
        steps.check_held(case_id, by)
        plan = steps.read(case_id=case_id, by=by)
        if not plan.standing:
            raise PlanRefused(PlanRefusal.EMPTY)
        if version(plan) != seen:
            raise PlanRefused(PlanRefusal.CHANGED)
        signature, _ = signing.sign_as(by, plan.message)
        value = {"member": str(by.member_id), "signature": signature.hex()}
        entry_id = steps.add(session, case_id, Told.CONFIRMED, value, by)
        rows.set_look(session, case_id, None)
        audit.append(session, audit.Event.PLAN_CONFIRMED, by=by, case_id=case_id, entry_id=entry_id)


def version(plan: Plan) -> str:
    """What a page says of the plan that it shows, so that nobody confirms another one."""
    return plan.message.decode().rpartition("\n")[2]


def say_received(*, case_id: uuid.UUID, quarter: Quarter, services: Collection[Service], by: Actor) -> None:
    """Which services the person received in a quarter, by codes alone: what is counted. Said again before that quarter
    is closed, the last answer counts; one that comes later counts in the quarter in which it becomes known.

    Raises NotPermitted, NotVisible, PlanRefused (`quarter`).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stays.held_case(case_id, by=by, lock=True)
        there = session.get(ServiceAnswer, (case_id, quarter.start), with_for_update=True, populate_existing=True)
        counted = there is not None and days.is_closed(Quarter.of(there.counts_on))
        rules.check_quarter(quarter, today=Quarter.of(days.today()), closed=counted)
        codes = sorted(str(each) for each in set(services))
        if there is not None:
            there.services = codes
        else:
            counts = report_rows.first_open(quarter).start
            session.add(ServiceAnswer(case_id=case_id, quarter_on=quarter.start, services=codes, counts_on=counts))
        session.flush()
        audit.append(session, audit.Event.SERVICES_ANSWERED, by=by, case_id=case_id, quarter=str(quarter))


def finish(*, step_id: uuid.UUID, end: StepEnd, by: Actor) -> uuid.UUID:
    """A step is done, or not needed any more (`dropped`); returns the case. Raises PlanRefused (`over`)."""
    with transaction() as session:
        step = _open_step(step_id, by)
        case_id = step.case_id
        if not rows.change(session, step, outcome=str(end), over_on=days.today()):
            raise PlanRefused(PlanRefusal.OVER)
        steps.note_step(session, case_id, step_id, by, what=str(Happened(end)))
        return case_id


def move(*, step_id: uuid.UUID, to: date, by: Actor) -> uuid.UUID:
    """A step is put to another day; returns the case. Raises PlanRefused (`day`, `over`)."""
    today = days.today()
    rules.check_day(to, today=today)
    with transaction() as session:
        step = _open_step(step_id, by)
        case_id, before = step.case_id, step.due_on
        # Moved twice on one day: to take it back leads to where it was in the morning.
        first = step.moved_from_on if step.moved_on == today else before
        if not rows.change(session, step, due_on=to, moved_on=today, moved_from_on=first):
            raise PlanRefused(PlanRefusal.OVER)
        value = {"what": str(Happened.MOVED), "from": before.isoformat(), "to": to.isoformat()}
        steps.note_step(session, case_id, step_id, by, **value)
        return case_id


def hand_to(*, step_id: uuid.UUID, owner_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Somebody else of the house does a step; returns the case. Raises PlanRefused (`owner`, `over`)."""
    with transaction() as session:
        step = _open_step(step_id, by)
        owners = dict(store.owners(by=by))
        if owner_id not in owners:
            raise PlanRefused(PlanRefusal.OWNER)
        case_id = step.case_id
        if owner_id == step.owner_id:
            return case_id
        if not rows.change(session, step, owner_id=owner_id):
            raise PlanRefused(PlanRefusal.OVER)
        steps.note_step(session, case_id, step_id, by, what=str(Happened.HANDED), owner=owners[owner_id])
        return case_id


def undo(*, step_id: uuid.UUID, by: Actor) -> uuid.UUID:
    """Take back, on the same day, that a step is over or was moved; returns the case. Raises PlanRefused (`undo`)."""
    with transaction() as session:
        step = store.row(step_id, by=by)
        steps.check_held(step.case_id, by)
        case_id, before = step.case_id, step.due_on
        moved = (step.outcome, step.over_on, step.moved_on)
        what = rules.check_undo(outcome=moved[0], over_on=moved[1], moved_on=moved[2], today=days.today())
        value = {"what": str(Happened.UNDONE)}
        if what is Happened.MOVED and step.moved_from_on is not None:
            value |= {"from": before.isoformat(), "to": step.moved_from_on.isoformat()}
            hit = rows.change(session, step, due_on=step.moved_from_on, moved_on=None, moved_from_on=None)
        else:
            hit = rows.change(session, step, outcome="", over_on=None)
        if not hit:
            raise PlanRefused(PlanRefusal.OVER)
        steps.note_step(session, case_id, step_id, by, **value)
        return case_id


def _open_step(step_id: uuid.UUID, by: Actor) -> PlanStep:
    """The step, if it is open; raises NotPermitted, NotVisible, CaseRefused, PlanRefused (`over`)."""
    step = store.row(step_id, by=by)
    steps.check_held(step.case_id, by)
    if step.outcome:
        raise PlanRefused(PlanRefusal.OVER)
    return step
