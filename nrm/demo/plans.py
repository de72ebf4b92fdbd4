"""Plans of people in a demo country: a goal, a service, a next step that is done, late or still to come."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from nrm.actions.support import plans
from nrm.demo.cast import cast
from nrm.demo.people import Plan
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.quarters import Quarter
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.plans import PlanRefused, Service, StepEnd
from nrm.store import days as calendar

EVERY = 6
"""So many people have one written plan among them."""
LATE_EVERY = 4
"""So many steps have one among them that nobody does."""


class Life(Protocol):
    """What happens next."""

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


def begin(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> Callable[[], None]:
    """What is planned in the first week; the step is done on its day, and the next one written down then."""
    words = cast().writes

    def happens() -> None:
        try:
            plans.add_goal(case_id=case_id, text=words["wishes"], by=by)
            plans.add_service(
                case_id=case_id, service=Service.MEDICAL, provider=words["hospital"], text=words["needs"], by=by
            )
        except (NotVisible, CaseRefused):
            return  # the person moved to another shelter
        _next(life, plan, case_id, by, left=2)
        quarter = Quarter.of(calendar.today())
        plans.say_received(case_id=case_id, quarter=quarter, services=_received(plan), by=by)

    return happens


def _received(plan: Plan) -> list[Service]:
    every = list(Service)
    return [Service.MEDICAL, *(every[(plan.number * step) % len(every)] for step in range(1, 1 + plan.number % 3))]


def _next(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor, *, left: int) -> None:
    if not left:
        return
    assert by.member_id is not None
    ahead = timedelta(days=5 + plan.number % 11)
    try:
        step_id = plans.add_step(
            case_id=case_id,
            text=cast().writes["needs"],
            hour="10:00" if plan.number % 2 else "",
            due_on=calendar.today() + ahead,
            owner_id=by.member_id,
            by=by,
        )
    except (NotVisible, CaseRefused):
        return
    if (plan.number // EVERY + left) % LATE_EVERY:
        life.after(ahead, lambda: _done(life, plan, case_id, step_id, by, left))


def _done(life: Life, plan: Plan, case_id: uuid.UUID, step_id: uuid.UUID, by: Actor, left: int) -> None:
    try:
        plans.finish(step_id=step_id, end=StepEnd.DONE, by=by)
    except (NotVisible, CaseRefused, PlanRefused):
        return
    _next(life, plan, case_id, by, left=left - 1)
