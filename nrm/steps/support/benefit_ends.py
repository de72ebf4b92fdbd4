"""What becomes of a person's benefits when what says whose they are is destroyed, or the person lives in a shelter
again (ADR 0165)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.orm import Session

from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import Compartment
from nrm.domain.support import benefits as rules
from nrm.domain.support.benefits import Entry, State
from nrm.domain.support.follow_ups import FOLLOW_UP, FOLLOW_UP_CODES
from nrm.models.support.follow_ups import FollowUp
from nrm.store import days
from nrm.store.rows.support import benefits as rows
from nrm.store.rows.support import follow_ups as follow_up_rows
from nrm.vault import care_notes, compartments, epochs


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


def waiting(follow_up: FollowUp, by: Actor) -> set[str] | None:
    """The payment codes that wait in what is sealed of a follow-up; None where it does not open for the actor."""
    value = compartments.glance(db.session(), follow_up.id, FOLLOW_UP, by=by) if by.organisation_id else None
    return None if value is None else waiting_in(value)


def waiting_in(value: Mapping[str, Any]) -> set[str]:
    """The payment codes that wait among what is sealed of a follow-up."""
    return rows.asked({each.code for each in among(value)})


def keep_codes(session: Session, follow_up: FollowUp, by: Actor) -> bool:
    """The person wants no contact any more: the codes of which the payment desk can still say that money went out are
    sealed beside the rest, which time destroys before them. False where there is none, or nothing opens for the actor:
    then nothing is kept of them."""
    value = compartments.glance(session, follow_up.id, FOLLOW_UP, by=by) if by.organisation_id else None
    open_ = rows.unsettled([each.code for each in among(value or {})], rules.answer_since(days.today()))
    if not open_ or value is None:
        return False
    codes, house = _of(value, open_), follow_up.organisation_id
    if FOLLOW_UP_CODES in follow_up_rows.sealed_of(follow_up.id):  # it ended before, and that was taken back
        epochs.replace(session, follow_up.id, FOLLOW_UP_CODES, codes, house, by=by)
    else:
        compartments.create(session, follow_up.id, {FOLLOW_UP_CODES: codes}, [house], by=by)
    return True


def _of(value: Mapping[str, Any], codes: Collection[str]) -> dict[str, Any]:
    """What is sealed of the benefits with these codes, and nothing else."""
    return {
        name: each
        for name, each in value.items()
        if isinstance(each, dict) and "plan" in each and each.get("code") in codes
    }


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
