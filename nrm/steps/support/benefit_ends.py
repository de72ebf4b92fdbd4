"""What becomes of a person's benefits when what says whose they are is destroyed, or the person lives in a shelter
again (ADR 0165)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support import benefits as rules
from nrm.domain.support.benefits import Entry, State
from nrm.domain.support.follow_ups import FOLLOW_UP
from nrm.models.support.follow_ups import FollowUp
from nrm.store import days
from nrm.store.rows.support import benefits as rows
from nrm.vault import care_notes, compartments


def among(value: Mapping[str, Any]) -> list[Entry]:
    """The benefits among what is sealed of a follow-up."""
    return rules.entries(each for each in value.values() if isinstance(each, dict))


def let_go(session: Session, follow_up: FollowUp, by: Actor) -> bool:
    """Before what is sealed of a follow-up is destroyed: call off what waits in it, so that nothing is paid for nobody.
    False where it does not open for the actor: the clock, or a member without the key."""
    value = compartments.glance(session, follow_up.id, FOLLOW_UP, by=by) if by.organisation_id else None
    if value is None:
        return not rows.is_any_asked(follow_up.organisation_id)
    month = days.today().replace(day=1)
    called_off = sum(rows.settle(session, each.code, State.ASKED, State.CALLED_OFF, month) for each in among(value))
    if called_off:
        rows.stir(session)
    return True


def carry_into_care(session: Session, follow_up: FollowUp, by: Actor) -> None:
    """The person lives in a shelter again: what is hers in the follow-up goes on among the notes on care."""
    value = compartments.glance(session, follow_up.id, FOLLOW_UP, by=by) if by.organisation_id else None
    mine = [each for each in (value or {}).values() if isinstance(each, dict) and "plan" in each]
    if not mine:
        return
    assert by.organisation_id
    if Compartment.CARE not in compartments.compartments_of(session, follow_up.case_id):
        compartments.create(session, follow_up.case_id, {Compartment.CARE: {}}, [by.organisation_id], by=by)
    for each in mine:
        care_notes.add(session, follow_up.case_id, each, by=by)
