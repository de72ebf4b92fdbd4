"""My tasks this week: what is due and overdue of my people, by day, and what was done today and can be taken back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, g, render_template

from nrm.actions.shelter import shifts as shift_actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.support.plans import LONGEST_AHEAD, WEEK, Entry, Kind, Plan
from nrm.steps.support import plans as steps
from nrm.store import days as calendar
from nrm.store.home import top
from nrm.store.shelter import key_workers
from nrm.store.support import plans as store
from nrm.web import access
from nrm.web.accounts import told_once
from nrm.web.referrals import to_do
from nrm.web.referrals.to_do import Task
from nrm.web.shelter import shifts

blueprint = Blueprint("tasks", __name__)


@dataclass(frozen=True, slots=True)
class Day:
    """The tasks of one day; `day` is None for what is overdue, or has no day. `urgent`: somebody is not safe."""

    day: date | None
    late: bool
    tasks: list[Task]
    urgent: bool = False


@blueprint.get("/tasks")
@access.requires(Permission.STAY_MANAGE)
def index() -> str:
    """By day; what steps say is shown to who has a shift that opens the person's care."""
    by = access.actor()
    g.top = top(by=by)
    until = calendar.today() + WEEK
    mine = {person.case_id for person in key_workers.my_people(by=by)}
    found = to_do.tasks(to_do.waiting(by=by), by=by, until=calendar.today() + LONGEST_AHEAD)
    tasks = [task for task in found if task.own or task.step or task.case_id in mine]
    changed = store.changed_today(by=by)
    cases = {task.case_id for task in tasks if task.case_id is not None} | store.codes(changed)
    return render_template(
        "support/tasks/index.html",
        days=_by_day(tasks, until),
        later=sum(task.day is not None and task.day > until for task in tasks),
        changed=changed,
        words=words_of(
            {task.step.case_id for task in tasks if task.step and task.step.due_on <= until} | store.codes(changed)
        ),
        labels=shifts.labels(cases),
        open_now=key_workers.my_shifts(by=by),
        done=told_once.word("done"),
        tomorrow=calendar.today() + timedelta(days=1),
    )


def _by_day(tasks: list[Task], until: date) -> list[Day]:
    """Who is not safe and what is overdue first, then each day that has something, then what has no day."""
    today = calendar.today()
    days: dict[date, list[Task]] = {}
    for task in tasks:
        if task.day is not None and task.day <= until and not task.urgent:
            days.setdefault(max(task.day, today - timedelta(days=1)), []).append(task)
    found = [Day(None if day < today else day, day < today, days[day]) for day in sorted(days)]
    nowhen = [task for task in tasks if task.day is None and (task.own or not task.is_folded)]
    urgent = [task for task in tasks if task.urgent]
    return [
        *([Day(None, True, urgent, urgent=True)] if urgent else []),
        *found,
        *([Day(None, False, nowhen)] if nowhen else []),
    ]


def plans_of(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Plan]:
    """The plans of those of these people whose care a shift of the reader opens; the look is recorded first."""
    by, found = access.actor(), {}
    for case_id in shift_actions.look_at_list(case_ids=case_ids, by=by):
        try:
            found[case_id] = steps.read(case_id=case_id, by=by)
        except steps.CannotOpen:
            continue
    return found


def words_of(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Entry]:
    """Step -> what it says, as far as a shift of the reader opens it."""
    return {each.id: each for plan in plans_of(case_ids).values() for each in plan.of(Kind.STEP)}
