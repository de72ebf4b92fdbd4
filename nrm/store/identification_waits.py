"""Since when a formal identification waits for its next step, and which of a shelter wait for long (ADR 0269)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Date, bindparam, exists, func, literal, select
from sqlalchemy import case as case_when

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.accounts.second_hands import ActStatus
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.identifications import State
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case, Grant
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.store import days

ASKED_AFTER = timedelta(days=14)
"""After so long the shelter asks the offices why; no agreement says by when they have to be done."""
_WAITING = (State.ASKED, State.FIRST_LOOK, State.DIFFERING, State.APPEALED)
_LOOKED = (
    select(func.max(IdentificationLook.looked_on))
    .where(IdentificationLook.identification_id == Identification.id)
    .scalar_subquery()
)
SINCE: ColumnElement[date] = case_when(
    (Identification.state == State.ASKED, Identification.asked_on),
    (Identification.state.in_((State.FIRST_LOOK, State.DIFFERING)), _LOOKED),
    (Identification.state == State.APPEALED, Identification.appealed_on),
    else_=Identification.decided_on,
)
"""The day of the last step."""


@dataclass(frozen=True, slots=True)
class WaitLine:
    """A formal identification of a shelter's person that has waited for its next step since a day (`since`)."""

    case_id: uuid.UUID
    pseudonym: str
    state: State
    since: date


def _of_house(by: Actor) -> tuple[ColumnElement[bool], ...]:
    # Who took everything back, or that the offices read the record, waits for nobody.
    parked = exists().where(HeavyAct.case_id == Case.id, HeavyAct.status == ActStatus.PARKED)
    read = exists().where(
        Grant.case_id == Case.id,
        Grant.compartment == Compartment.JOINT_INTERVIEW,
        Grant.organisation_id != by.organisation_id,
    )
    long_ago = bindparam("identification_since", type_=Date()) >= SINCE
    return (
        Identification.case_id == Case.id,
        Identification.state.in_(_WAITING),
        Case.holder_id == by.organisation_id,
        Case.status == "open",
        long_ago,
        ~parked,
        read,
    )


def number(by: Actor) -> ColumnElement[int]:
    """How many wait for long, as a column of a statement with the value of `moment`; 0 for who holds no cases."""
    if not _reads(by):
        return literal(0)
    return select(func.count()).select_from(Identification, Case).where(*_of_house(by)).scalar_subquery()


def moment(by: Actor) -> dict[str, date]:
    """The value that `number` needs."""
    return {"identification_since": days.today() - ASKED_AFTER} if _reads(by) else {}


def _reads(by: Actor) -> bool:
    return by.organisation_id is not None and by.may(Permission.STAY_MANAGE) and by.may(Permission.CASE_OPEN)


def waiting(*, by: Actor) -> Sequence[WaitLine]:
    """Those of the actor's shelter that wait for long, the longest first; nothing for who holds no cases."""
    if not _reads(by):
        return ()
    statement = select(Case.id, Case.pseudonym, Identification.state, SINCE).where(*_of_house(by)).order_by(SINCE)
    found = db.session.execute(statement.order_by(Case.pseudonym), moment(by))
    return [WaitLine(case_id, code, State(state), since) for case_id, code, state, since in found]
