"""Which benefits are a person's: read and written under seal alone, in care while the case is open, and in what is
sealed of the follow-up once it is closed (ADR 0156)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support import benefits as rules
from nrm.domain.support.benefits import BenefitRefusal, BenefitRefused, Entry
from nrm.domain.support.follow_ups import FOLLOW_UP
from nrm.models.shelter.cases import Case
from nrm.models.support.follow_ups import FollowUp
from nrm.steps.shelter import cases as case_steps
from nrm.steps.support import plans as plan_steps
from nrm.store.rows.support import follow_ups as follow_up_rows
from nrm.store.shelter import cases as store
from nrm.vault import care_notes, compartments

CannotOpen = case_steps.CannotOpen


def read(*, case_id: uuid.UUID, by: Actor) -> list[Entry]:
    """The benefits of a person, for a session that opened where they lie. Of an open case that is care; of a closed one
    what is sealed of the follow-up. Raises NotPermitted, NotVisible, CaseRefused, CannotOpen, BenefitRefused
    (`closed`)."""
    by.must(Permission.CASE_OPEN)
    by.must(Permission.STAY_MANAGE)
    case = case_steps.held_case(case_id, by)
    session = db.session()
    if case.status == "open":
        if Compartment.CARE not in compartments.compartments_of(session, case_id):
            return []
        return rules.entries(care_notes.read_plan(session, case_id, by=by))
    found = _follow_up(case, by)
    value = compartments.read(session, found.id, FOLLOW_UP, by=by).value
    return rules.entries(each for each in value.values() if isinstance(each, dict))


def write(session: Session, case_id: uuid.UUID, what: str, value: Mapping[str, str], by: Actor) -> None:
    """Add an entry under seal. The audit chain says what it says of any entry there: who wrote, to whose, and when.

    Raises NotVisible, CaseRefused, CannotOpen, BenefitRefused (`closed`).
    """
    case = case_steps.held_case(case_id, by)
    entry = {"text": "", **value, "plan": what, "at": clock.now().isoformat(), "login": store.login_of(by)}
    if case.status == "open":
        plan_steps.check_held(case_id, by)
        case_steps.begin(session, case_id, Compartment.CARE, by)
        entry_id = care_notes.add(session, case_id, entry, by=by)
        audit.append(session, audit.Event.PLAN_WRITTEN, by=by, case_id=case_id, entry_id=entry_id)
        return
    found = _follow_up(case, by)
    compartments.merge(session, found.id, FOLLOW_UP, {f"{what} {value['code']}": entry}, by=by)
    audit.append(session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=FOLLOW_UP)


def _follow_up(case: Case, by: Actor) -> FollowUp:
    """The follow-up of a closed case that is not over."""
    found = follow_up_rows.standing(case.id)
    if found is None or found.organisation_id != by.organisation_id:
        raise BenefitRefused(BenefitRefusal.CLOSED)
    return found
