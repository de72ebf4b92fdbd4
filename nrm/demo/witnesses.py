"""Hearings, link codes, and witnesses who are no victims, in a demo country."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from nrm.actions.shelter import consents
from nrm.actions.support import hearings, link_codes, threats, witnesses
from nrm.demo.cast import cast
from nrm.demo.people import Plan
from nrm.domain.accounts.accounts import Actor, NotVisible
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.consents import Answer, Asking, ConsentRefused, Said, Topic
from nrm.domain.shelter.testimony import IllegalStep, WithdrawalReason, WitnessStatus
from nrm.domain.support.hearings import Hearing, HearingRefused, Measure
from nrm.domain.support.link_codes import LinkRefused
from nrm.domain.support.threats import Acts
from nrm.store import days as calendar
from nrm.store.countries import country
from nrm.store.support import hearings as store
from nrm.store.support import threats as threat_store

_DAY = timedelta(days=1)
_OTHERS = 14
_S = WitnessStatus


class Life(Protocol):
    """What happens, and who acts."""

    actors: Mapping[str, Actor]

    def at(self, moment: datetime, happens: Callable[[], None]) -> None: ...

    def after(self, pause: timedelta, happens: Callable[[], None]) -> None: ...


def told(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
    """After a statement the liaison announces a hearing; every third witness is asked for a link code, and says yes."""
    liaison = life.actors[cast().prosecution]
    courts = tuple(country().courts)
    asked = (Measure.SCREEN,) if plan.number % 2 else (Measure.VIDEO_LINK, Measure.SUPPORT_PERSON)
    on = calendar.today() + (12 + plan.number % 9) * _DAY
    try:
        hearing_id = hearings.announce(
            person=store.of_case(case_id, by=liaison),
            hearing=Hearing(courts[0 if plan.number % 3 else 1 + plan.number % (len(courts) - 1)], on, asked),
            by=liaison,
        )
    except (NotVisible, CaseRefused, hearings.CannotOpen):
        return  # nothing is shared with the prosecution
    if plan.number % 2:
        life.after(5 * _DAY, partial(_order, hearing_id, asked, liaison))
    if plan.number % 3 == 0 and plan.answers["age"] == "adult":
        life.after(2 * _DAY, partial(_link, life, plan, case_id, by))


def threatened(life: Life, case_id: uuid.UUID, by: Actor) -> None:
    """The holder and the duty desk see the alarm two hours after it was told."""
    life.after(timedelta(hours=2), partial(_see, case_id, (by, life.actors[cast().authority])))


def _see(case_id: uuid.UUID, desks: Sequence[Actor]) -> None:
    for desk in desks:
        for line in threat_store.of_desk(by=desk):
            if line.case_id == case_id:
                threats.seen(alarm_id=line.id, what=Acts.AGREED, by=desk)


def _order(hearing_id: uuid.UUID, measures: tuple[Measure, ...], by: Actor) -> None:
    with suppress(NotVisible, HearingRefused, hearings.CannotOpen):  # the person takes it back, or the case is closed
        hearings.order(hearing_id=hearing_id, measures=measures, by=by)


def _link(life: Life, plan: Plan, case_id: uuid.UUID, by: Actor) -> None:
    liaison = life.actors[cast().prosecution]
    how = Asking("", str(plan.answers["language"]), "nobody")
    try:
        consents.ask(case_id=case_id, answers=[Answer(Topic.LINK, Said.GIVEN)], asking=how, by=by)
        link_codes.make(case_id=case_id, by=liaison)
        link = link_codes.link(case_id=case_id, by=liaison)
    except (NotVisible, CaseRefused, ConsentRefused, LinkRefused):
        return  # moved or closed in between
    if link is not None and plan.number % 2:
        number = f"{100 + plan.number}/{calendar.today().year}"
        link_codes.tie(code=link.code, number=number, by=life.actors[f"{cast().police}#1"])


def add_witnesses(life: Life, last: datetime, seed: int) -> None:
    """Witnesses who are no victims, one a month until now; of the last one a hearing is announced."""
    chance = random.Random(seed + 2)  # noqa: S311 - plausible, not secret
    for month in range(_OTHERS):
        at = last - timedelta(days=30 * month + 3, hours=chance.randrange(8))
        life.at(at, partial(_other, life, month, chance.random()))


def _other(life: Life, number: int, luck: float) -> None:
    by = life.actors[cast().prosecution]
    witness_id = witnesses.enter(
        gender="feminine" if luck < 0.4 else "masculine",
        age_class="adult",
        reference=f"{20 + number}/{calendar.today().year}",
        by=by,
    )
    heard = _S.EVIDENCE_SERIOUS_CRIMES_COURT if luck < 0.7 else _S.EVIDENCE_DISTRICT_COURT
    steps = [_S.STATEMENT_GIVEN, *([_S.IN_WITNESS_PROTECTION] if luck > 0.85 else []), heard]
    if luck < 0.15:
        steps = [_S.STATEMENT_GIVEN, _S.TESTIMONY_WITHDRAWN]
    for status in steps if number else steps[:1]:
        why = WithdrawalReason.FAMILY_PRESSURE if status is _S.TESTIMONY_WITHDRAWN else None
        with suppress(IllegalStep):
            witnesses.record(witness_id=witness_id, status=status, happened_on=calendar.today(), reason=why, by=by)
    if not number:
        hearing = Hearing(next(iter(country().courts)), calendar.today() + 20 * _DAY, ())
        hearings.announce(person=store.of_witness(witness_id, by=by), hearing=hearing, by=by)
