"""Reading the plan of a person, and adding an entry to it inside the transaction of an action."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.key_workers import LEADING_ROLES
from nrm.domain.support.plans import Happened, Kind, Plan, StepEnd, Told, Written, entry_id_of, fold
from nrm.steps.shelter import cases as case_steps
from nrm.store import days
from nrm.store.rows.support import plans as rows
from nrm.store.shelter import cases, stays
from nrm.vault import care_notes, compartments, signing

CannotOpen = case_steps.CannotOpen
PLAN_CHANGES = frozenset({Kind.GOAL, Kind.SERVICE, Kind.STEP})


def read(*, case_id: uuid.UUID, by: Actor) -> Plan:
    """The plan, also of a closed case, for an actor whose session has care open. Raises NotPermitted, NotVisible,
    CannotOpen, CaseRefused (`move_overdue`)."""
    by.must(Permission.CASE_OPEN)
    if stays.kept_case(case_id, by=by).holder_id != by.organisation_id:
        case_steps.check_both_write(case_id, by)
    session = db.session()
    if Compartment.CARE not in compartments.compartments_of(session, case_id):
        return Plan(case_id, ())
    return fold(case_id, care_notes.read_plan(session, case_id, by=by))


def confirmed(plan: Plan) -> Written | None:
    """The newest confirmation of the plan as it stands now, signed by who led a shelter then; None without one."""
    message = plan.message
    for each in reversed(plan.confirmations):
        at = datetime.fromisoformat(each.at)
        signer = signing.signer_then(uuid.UUID(str(each.value["member"])), at)
        if signer is None or signer.role not in LEADING_ROLES:
            continue
        signature = bytes.fromhex(str(each.value["signature"]))
        if any(signing.is_signed(signature, message, key) for key in signer.keys):
            return each
    return None


def add(
    session: Session,
    case_id: uuid.UUID,
    what: Kind | Told,
    value: Mapping[str, Any],
    by: Actor,
    entry_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Append one entry; a new goal, service or step waits for a manager. Returns its id, a random one where none is
    given. Raises CannotOpen."""
    case_steps.begin(session, case_id, Compartment.CARE, by)
    written = {"text": "", **value, "plan": str(what), "at": clock.now().isoformat(), "login": cases.login_of(by)}
    entry_id = care_notes.add(session, case_id, written, by=by, note_id=entry_id)
    if what in PLAN_CHANGES:
        rows.set_look(session, case_id, days.today())
    return entry_id


def new_id(
    case_id: uuid.UUID, kind: Kind, value: Mapping[str, Any], press: uuid.UUID | None, by: Actor
) -> uuid.UUID | None:
    """Under which id these words of a press are written; None where they stand already. Who writes need not have opened
    what is there; who has, and struck them meanwhile, writes them again. The caller holds the case, so of two presses
    at once one comes after the other."""
    if press is None:
        return uuid.uuid4()
    struck: set[uuid.UUID] | None = None
    for time in itertools.count():
        entry_id = entry_id_of(case_id, press, kind, value, time)
        if not care_notes.is_there(db.session(), case_id, entry_id):
            return entry_id
        struck = _struck(case_id, by) if struck is None else struck
        if entry_id not in struck:
            return None
    raise AssertionError


def _struck(case_id: uuid.UUID, by: Actor) -> set[uuid.UUID]:
    try:
        return {each.id for each in read(case_id=case_id, by=by).entries if each.strike is not None}
    except CannotOpen:
        return set()


def check_held(case_id: uuid.UUID, by: Actor) -> None:
    """Raise NotPermitted, NotVisible, CaseRefused unless the person is in the care of the actor's shelter, and it may
    write."""
    by.must(Permission.CASE_OPEN)
    by.must(Permission.STAY_MANAGE)
    stays.cared_for(case_id, by=by, lock=True)
    case_steps.check_written(case_id, by)


def drop_open(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """The case is closed and what was still to be done is not needed any more: each step is over, and says so. Raises
    CannotOpen."""
    for step in rows.open_steps(session, case_id):
        if rows.change(session, step, outcome=str(StepEnd.DROPPED), over_on=days.today()):
            note_step(session, case_id, step.id, by, what=str(Happened.DROPPED))


def note_step(session: Session, case_id: uuid.UUID, step_id: uuid.UUID, by: Actor, **value: str) -> None:
    """What somebody did with a step: under seal with the name, and in the chain that it changed."""
    add(session, case_id, Told.HAPPENED, {"of": str(step_id), **value}, by)
    audit.append(session, audit.Event.STEP_CHANGED, by=by, case_id=case_id, step_id=step_id)
