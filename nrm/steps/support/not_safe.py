"""Somebody says that a person is not safe: it is heard also while the case waits to be destroyed, or once somebody
ended that the house stays in touch, inside the transaction of an action (ADR 0215). Needs no key."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.second_hands import Undone
from nrm.models.support.follow_ups import FollowUp
from nrm.steps.shelter import parked
from nrm.steps.support import follow_ups as steps
from nrm.store.shelter import cases as case_store


def hear(session: Session, case_id: uuid.UUID, by: Actor) -> tuple[FollowUp, bool]:
    """The newest agreement of the case, as it stands once what waits in its way is taken back; and whether erasing the
    case, or taking everything back, was stopped by it. Raises as `follow_ups.held`. Call `shredding.work_off` after the
    transaction."""
    case = case_store.row(case_id, by=by, lock=True)
    holds = case.holder_id is not None and case.holder_id == by.organisation_id and case.status != "referred"
    stopped = holds and parked.keep(session, case_id, by, how=Undone.HOLDER)
    found = steps.held(case_id, by)
    steps.take_end_back(session, found, by)
    return found, stopped
