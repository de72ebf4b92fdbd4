"""Witnesses who are no victims: entered, their steps recorded and struck, and forgotten when the proceedings are over.

The prosecution alone has them. There is no case, so nothing of the mechanism is reached from here.
"""

from __future__ import annotations

import os
import uuid
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.shelter.testimony import IllegalStep, Reason, StepRefusal, WitnessStatus
from nrm.domain.support.witnesses import (
    LONGEST_REFERENCE,
    WITNESS,
    EndRefused,
    InTheWay,
    SameReference,
    new_code,
    same_reference,
)
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Reading
from nrm.models.support.witnesses import Witness
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter import testimony as track_steps
from nrm.steps.support import hearings as hearing_steps
from nrm.store import days
from nrm.store.rows.support.witnesses import OF_WITNESSES
from nrm.store.support import hearings as people
from nrm.store.support import threats as threat_store
from nrm.store.support import witnesses as store
from nrm.vault import compartments as vault
from nrm.vault import epochs, keyrings, shredding

CannotOpen = keyrings.CannotOpen


def enter(*, gender: str, age_class: str, reference: str, by: Actor, another: bool = False) -> uuid.UUID:
    """Enter a witness; `reference`: by what the prosecution knows the person, sealed to it alone. Returns the id.
    `another`: although a witness is known by that already.

    Raises NotPermitted, NotVisible for who is not of the prosecution, CannotOpen, SameReference.
    """
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        store.mine(by=by)
        if by.organisation_id is None:
            raise NotVisible
        session.get_one(Organisation, by.organisation_id, with_for_update=True)  # two tabs wait for each other
        if not another:
            _check_reference(session, reference, by)
        witness_id = uuid.uuid4()
        session.add(
            Witness(
                id=witness_id,
                code=new_code(os.urandom(16)),
                organisation_id=by.organisation_id,
                gender=gender,
                age_class=age_class,
                entered_on=days.today(),
                over_on=None,
            )
        )
        session.flush()
        vault.create(
            session, witness_id, {WITNESS: {"reference": reference[:LONGEST_REFERENCE]}}, [by.organisation_id], by=by
        )
        audit.append(session, audit.Event.WITNESS_ENTERED, by=by, witness_id=witness_id)
    return witness_id


def _check_reference(session: Session, reference: str, by: Actor, besides: uuid.UUID | None = None) -> None:
    """Raise SameReference if another witness whose proceedings go on is known by it. What does not open is left out."""
    for line in store.mine(by=by):
        if line.over_on is not None or line.id == besides:
            continue
        value = vault.glance(session, line.id, WITNESS, by=by)
        if value is not None and same_reference(str(value["reference"]), reference[:LONGEST_REFERENCE]):
            raise SameReference(line.code)


def correct(
    *, witness_id: uuid.UUID, gender: str, age_class: str, reference: str, by: Actor, another: bool = False
) -> None:
    """Correct what was entered of a witness. `reference`: empty where it stays; else it replaces, under a new key, what
    is sealed. Raises as `enter`, IllegalStep (`state`) where the proceedings are over."""
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        witness = store.row(witness_id, by=by, lock=True)
        if witness.over_on is not None or by.organisation_id is None:
            raise IllegalStep(StepRefusal.STATE)
        if reference:
            if not another:
                _check_reference(session, reference, by, besides=witness_id)
            value = {"reference": reference[:LONGEST_REFERENCE]}
            epochs.replace(session, witness_id, WITNESS, value, by.organisation_id, by=by)
        witness.gender, witness.age_class = gender, age_class
        audit.append(session, audit.Event.WITNESS_CORRECTED, by=by, witness_id=witness_id)
    shredding.work_off()


def open_reference(*, witness_id: uuid.UUID, by: Actor) -> None:
    """Let the actor's session read for a quarter of an hour by what the prosecution knows the person; recorded first.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        store.row(witness_id, by=by)
        session.add(
            Reading(
                case_id=witness_id,
                compartment=WITNESS,
                purpose=Purpose.COURT,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=by.organisation_id,
                opened_at=clock.now(),
            )
        )
        vault.allow(session, witness_id, WITNESS, Purpose.COURT, by=by)


def reference(*, witness_id: uuid.UUID, by: Actor) -> str | None:
    """By what the prosecution knows the person, for a session that opened it; else None. Raises NotVisible."""
    store.row(witness_id, by=by)
    try:
        return str(vault.read(db.session(), witness_id, WITNESS, by=by).value["reference"])
    except CannotOpen:
        return None


def record(
    *,
    witness_id: uuid.UUID,
    status: WitnessStatus,
    happened_on: date,
    by: Actor,
    reason: Reason | None = None,
) -> None:
    """Add a step; a threat as its reason is told to the duty desk at once. Raises NotPermitted, NotVisible,
    IllegalStep."""
    by.must(Permission.TESTIMONY_RECORD)
    try:
        with transaction() as session:
            if store.row(witness_id, by=by, lock=True).over_on is not None:
                raise IllegalStep(StepRefusal.STATE)
            track_steps.record(session, OF_WITNESSES, witness_id, status, happened_on, reason, by=by)
    except IntegrityError:
        raise IllegalStep(StepRefusal.STATE) from None


def strike(*, step_id: uuid.UUID, reason: StrikeReason, by: Actor, happened_on: date | None = None) -> None:
    """Strike a step; with `happened_on`, add the same step on that day instead of it. Raises as `testimony.strike`."""
    by.must(Permission.TESTIMONY_RECORD)
    try:
        with transaction() as session:
            witness_id = store.step(step_id, by=by)[0].id
            store.row(witness_id, by=by, lock=True)
            track_steps.strike(session, OF_WITNESSES, witness_id, step_id, reason, happened_on, by=by)
    except IntegrityError:
        raise IllegalStep(StepRefusal.STATE) from None


def in_the_way(*, witness_id: uuid.UUID, by: Actor) -> InTheWay:
    """What speaks against the end of this record now. Raises NotPermitted, NotVisible."""
    by.must(Permission.TESTIMONY_RECORD)
    person = people.of_witness(witness_id, by=by)
    unseen = tuple(each.told_at for each in threat_store.told(person, by=by) if each.by_desk is None)
    try:
        return InTheWay(tuple(each.hearing for each in hearing_steps.ahead_of(person, by=by)), threats=unseen)
    except CannotOpen:
        return InTheWay(unread=True, threats=unseen)


def end(*, witness_id: uuid.UUID, by: Actor, despite: bool = False) -> None:
    """The proceedings are over: what says who the witness is, and the hearings, are destroyed; the codes stay counted.
    `despite`: although nobody here can read whether a hearing lies ahead. Against one that does, and a threat that
    the duty desk has not seen, no word helps (ADR 0217).

    It cannot be taken back. A second time changes nothing. Raises NotPermitted, NotVisible, EndRefused.
    """
    by.must(Permission.TESTIMONY_RECORD)
    with transaction() as session:
        witness = store.row(witness_id, by=by, lock=True)
        if witness.over_on is not None:
            return
        way = in_the_way(witness_id=witness_id, by=by)
        if way.is_shut or (way and not despite):
            raise EndRefused
        witness.over_on = days.today()
        epochs.erase(session, witness_id, [WITNESS])
        audit.append(session, audit.Event.WITNESS_OVER, by=by, witness_id=witness_id)
    erasure_steps.carry_out()
