"""Benefits of some people in a demo country: asked for under seal, paid by the desk, one called off, one come back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from nrm.actions.shelter import cases
from nrm.actions.support import benefits
from nrm.demo.cast import cast
from nrm.demo.people import Plan
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import CaseRefused, Compartment, Purpose
from nrm.domain.support.benefits import BenefitRefused, Channel, State, Wanted, month_after
from nrm.store import days
from nrm.store.countries import country
from nrm.store.support import benefits as store

EVERY = 12
"""So many people have one among them for whom a benefit is asked."""
BY_TWO = 6
"""Of so many benefits one is above what a member asks alone."""
_REFUSED = (BenefitRefused, CaseRefused, NotVisible, benefits.CannotOpen)


class Life(Protocol):
    """What happens next, and who does it."""

    actors: Mapping[str, Actor]

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


def begin(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> Callable[[], None]:
    """Asked for by who opened care; some weeks later the payment desk says what became of it."""
    number = plan.number // EVERY

    def happens() -> None:
        dear = number % BY_TWO == 2
        wanted = Wanted(
            country().benefit_limits.alone + 15_000 if dear else 5_000 * (1 + number % 5),
            month_after(days.today(), 1),
            1 + number % 6,
            Channel.VOUCHER if number % 3 == 0 else Channel.ACCOUNT,
        )
        try:
            cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=by)
            code = benefits.ask(case_id=case_id, wanted=wanted, once=uuid.uuid4(), by=by)
            if any(line.waits_for_second for line in store.by_codes([code], by=by)):
                _agree(life, case_id, code, by)
            if number % 7 == 6:
                benefits.call_off(case_id=case_id, code=code, by=by)
        except _REFUSED:
            return  # the person moved to another shelter
        if number % 4 == 2:
            return  # it waits at the desk still
        life.after(timedelta(days=20), lambda: _settle(life, code, State.RETURNED if number % 5 == 4 else State.PAID))

    return happens


def _agree(life: Life, case_id: uuid.UUID, code: str, by: Actor) -> None:
    """A colleague opens the same notes and agrees; where nobody can it waits for one."""
    for other in life.actors.values():
        if other.organisation_id != by.organisation_id or not other.may(Permission.STAY_MANAGE):
            continue
        try:
            cases.open_compartment(case_id=case_id, compartment=Compartment.CARE, purpose=Purpose.CARE, by=other)
            benefits.agree(case_id=case_id, code=code, by=other)
        except _REFUSED:
            continue
        return


def _settle(life: Life, code: str, to: State) -> None:
    try:
        benefits.settle(code=code, to=to, by=life.actors[f"{cast().counting}/payment_officer"])
    except (BenefitRefused, NotVisible):
        return  # it was called off, or waits for a second one of the house
