"""Formal identification and consent that is taken back, in a demo country."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from nrm.actions.shelter import consents, identifications
from nrm.actions.shelter.identifications import Conclusion, JointInterview
from nrm.demo.cast import cast
from nrm.demo.people import Plan
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.accounts.second_hands import WaitsForSecond
from nrm.domain.shelter.cases import CaseRefused, Compartment
from nrm.domain.shelter.consents import EVERYTHING, ConsentRefused, Topic
from nrm.domain.shelter.identifications import Appellant, Basis, IdentificationRefused, PlaceKind
from nrm.store import days, names

OVER = (NotVisible, CaseRefused, IdentificationRefused, ConsentRefused, WaitsForSecond)
"""The person left, moved or is being asked elsewhere: nothing is recorded then. Or a colleague would have to agree."""


class Life(Protocol):
    """What happens next, and who makes it happen."""

    actors: Mapping[str, Actor]

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


def begin(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> Callable[[], None]:
    """The shelter asks for it; the joint interview, the second look and some more follow, as far as the stay lasts."""

    def happens() -> None:
        readers = [names.organisation_by_code(code).id for code in (cast().police, cast().authority)]
        if _succeeds(
            lambda: identifications.ask(case_id=case_id, organisations=readers, agreed=True, by=by, wants_now=True)
        ):
            life.after(timedelta(days=3), lambda: _interview(life, plan, case_id, by))

    return happens


def _succeeds(step: Callable[[], object]) -> bool:
    try:
        step()
    except OVER:
        return False
    return True


def _interview(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
    police = life.actors[f"{cast().police}#1"]
    assert police.member_id is not None
    held = JointInterview(
        police.member_id,
        days.today(),
        PlaceKind.SHELTER,
        cast().home_language,
        "nobody",
        cast().writes["account"],
        wants_now=True,
    )
    social = life.actors[f"{cast().authority}/identification_officer"]
    concluded = Conclusion("identified", [Basis.OWN_ACCOUNT, Basis.INDICATORS], cast().writes["reasons"])
    if _succeeds(lambda: identifications.interview(case_id=case_id, held=held, concluded=concluded, by=social)):
        identifications.answer(case_id=case_id, agrees=True, by=police)
        life.after(timedelta(days=4), lambda: _second_look(life, plan, case_id, by))


def _second_look(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
    """Mostly as the first; now and then otherwise, and then the duty officer looks third."""
    if plan.number % 30 == 0:
        return  # still waits for its second look
    differs = plan.number % 24 == 0
    concluded = Conclusion(
        "not_a_victim" if differs else "identified",
        [Basis.ELEMENT_MISSING if differs else Basis.OWN_ACCOUNT],
        cast().writes["otherwise" if differs else "reasons"],
    )
    if _looked(case_id, concluded, life.actors[f"{cast().police}#2"]) and differs:
        life.after(timedelta(days=3), lambda: _third(life, plan, case_id, by))


def _looked(case_id: uuid.UUID, concluded: Conclusion, by: Actor) -> bool:
    """Whether somebody read the record, and concluded."""
    record = Compartment.JOINT_INTERVIEW
    return _succeeds(lambda: identifications.open_part(case_id=case_id, compartment=record, by=by)) and _succeeds(
        lambda: identifications.look(case_id=case_id, concluded=concluded, by=by)
    )


def _third(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
    concluded = Conclusion("not_a_victim", [Basis.ELEMENT_MISSING], cast().writes["otherwise"])
    third = life.actors[f"{cast().authority}/duty_officer"]
    if _looked(case_id, concluded, third) and plan.number % 48 == 0:
        on = days.today()
        _succeeds(lambda: identifications.appeal(case_id=case_id, appellant=Appellant.COUNSEL, on=on, by=by))


def take_back(plan: Plan, case_id: uuid.UUID, by: Actor) -> Callable[[], None]:
    """Some take back a part of what they agreed to, and a few everything."""
    what = (Topic.STATISTICS, Topic.SERVICES, EVERYTHING)[plan.number // 25 % 3]

    def happens() -> None:
        _succeeds(lambda: consents.withdraw(case_id=case_id, what=what, by=by))

    return happens
