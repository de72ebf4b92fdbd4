"""The help line and the two offices for children in a demo country: calls, and returns other countries ask for."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from nrm.actions.interviews import helpline
from nrm.actions.shelter import child_returns, findings
from nrm.demo.cast import cast
from nrm.demo.life import Life
from nrm.domain.accounts.accounts import Actor
from nrm.domain.interviews.helpline import Caller, Outcome, Topic
from nrm.domain.shelter import child_returns as rules
from nrm.domain.shelter.child_returns import MONTHS, Asked, Assessment, Escort, Finding, Guardian, Sex, State
from nrm.domain.shelter.findings import Found
from nrm.store import days as calendar

_DAY = timedelta(days=1)
_WEEKS = 60
# Interviews of the help line are people of the plan; these are the other calls.
_OUTCOMES = (Outcome.ADVICE, Outcome.OTHER_SERVICE, Outcome.POLICE, Outcome.ENDED, Outcome.NOTICE, Outcome.CALL_BACK)


def add_desks(life: Life, last: datetime, seed: int) -> None:
    """A call a week and a child's return every five weeks, for a bit more than the closed quarters; one of each now."""
    chance = random.Random(seed + 1)  # noqa: S311 - plausible, not secret
    often, other, third = cast().abroad
    for week in range(_WEEKS):
        at = last - week * 7 * _DAY - timedelta(hours=chance.randrange(3, 160))
        life.at(
            at, partial(_call, life, chance.choice(list(Topic)), chance.choice(list(Caller)), chance.choice(_OUTCOMES))
        )
        if week % 5 == 1:
            ending = chance.choice([State.RECEIVED, State.RECEIVED, State.REFUSED, State.WITHDRAWN])
            life.at(at, partial(_ask_for_return, life, chance.choice([often, often, other, third]), ending))
    life.at(last - 25 * _DAY, partial(_ask_for_return, life, other, State.REQUESTED))
    life.at(last - 2 * _DAY, partial(_ask_for_return, life, often, State.REQUESTED))
    life.at(last - timedelta(hours=2), partial(_call, life, Topic.MISSING, Caller.FAMILY, Outcome.CALL_BACK))


def _call(life: Life, topic: Topic, caller: Caller, outcome: Outcome) -> None:
    note = cast().writes["call_back"] if outcome is Outcome.CALL_BACK else ""
    call_id = uuid.uuid4()
    helpline.record(
        call_id=call_id,
        language=cast().home_language if caller is not Caller.OFFICIAL else "en",
        caller=caller,
        topic=topic,
        outcome=outcome,
        note=note,
        by=life.actors[cast().helpline],
    )
    if outcome.owes:
        helpline.follow(call_id=call_id, done=True, by=life.actors[cast().helpline])


def _ask_for_return(life: Life, iso: str, ending: State) -> None:
    """A request from abroad, and what follows until `ending`; `requested`: nobody has answered yet."""
    return_id = uuid.uuid4()
    authority, protection = life.actors[cast().authority], life.actors[cast().child_officer]
    today = calendar.today()
    child_returns.record(
        return_id=return_id,
        iso=iso,
        asked=Asked.BOTH,
        received_on=today - _DAY,
        due_on=today + 20 * _DAY,
        identity={"name": cast().full_name(1), "birth": "2013"},
        by=authority,
    )
    if ending is State.REQUESTED:
        return
    safe = ending is State.RECEIVED
    what = Found.SAFE if safe else Found.NOT_SAFE
    steps: list[tuple[int, Callable[[], None]]] = [
        (
            11,
            lambda: findings.record_of_return(
                return_id=return_id,
                found=dict.fromkeys(Assessment, what),
                on=calendar.today(),
                assessor=cast().full_name(2),
                by=protection,
            ),
        ),
        (
            12,
            lambda: child_returns.answer(
                return_id=return_id,
                finding=Finding.RETURN_SAFE if safe else Finding.RETURN_NOT_SAFE,
                text=cast().writes["visited"],
                on=calendar.today(),
                by=protection,
            ),
        ),
    ]
    if safe:
        steps += [
            (
                20,
                lambda: child_returns.find_guardian(
                    return_id=return_id, guardian=Guardian.RELATIVE, on=calendar.today(), by=protection
                ),
            ),
            (
                28,
                lambda: child_returns.travel(
                    return_id=return_id, escort=Escort.SOCIAL_WORKER, on=calendar.today(), by=authority
                ),
            ),
        ]
    closing = authority if ending is State.WITHDRAWN else protection
    if safe:
        steps.append(
            (
                29,
                lambda: child_returns.receive(
                    return_id=return_id, sex=Sex.FEMININE, on=calendar.today(), by=protection
                ),
            )
        )
        for months, outcome in zip(
            MONTHS, (rules.Outcome.FAMILY_NO_SCHOOL, rules.Outcome.FAMILY, rules.Outcome.FAMILY), strict=True
        ):
            steps.append((29 + 31 * months, partial(_tell_outcome, return_id, months, outcome, protection)))
    else:
        steps.append(
            (29, lambda: child_returns.go_on(return_id=return_id, after=ending, on=calendar.today(), by=closing))
        )
    for days, step in steps:
        life.after(days * _DAY, step)


def _tell_outcome(return_id: uuid.UUID, months: int, outcome: rules.Outcome, by: Actor) -> None:
    child_returns.tell_outcome(return_id=return_id, months=months, outcome=outcome, by=by)
