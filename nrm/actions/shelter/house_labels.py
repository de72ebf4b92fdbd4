"""What a person is called in the house, and her room: sealed to the holder, shown to whoever has a shift (ADR 0072)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.steps.shelter import cases as case_steps
from nrm.store.shelter import key_workers as store
from nrm.store.shelter import stays as stay_store
from nrm.vault import compartments as vault
from nrm.vault import epochs, shifts, shredding

Label = Mapping[str, str]
CannotOpen = case_steps.CannotOpen


def write(*, case_id: uuid.UUID, nickname: str, room: str, by: Actor) -> None:
    """Write the label in place of what was there. Raises NotPermitted, NotVisible, CannotOpen."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stay_store.held_case(case_id, by=by, lock=True)
        value = {"nickname": nickname, "room": room}
        if HOUSE_LABEL in vault.compartments_of(session, case_id):
            vault.merge(session, case_id, HOUSE_LABEL, value, by=by)
        else:
            vault.create(session, case_id, {HOUSE_LABEL: value}, case_steps.own_organisation_only(by), by=by)
        audit.append(session, audit.Event.HOUSE_LABEL_WRITTEN, by=by, case_id=case_id)


def take_away(*, case_id: uuid.UUID, by: Actor) -> None:
    """The person has no label any more: its keys are destroyed. Raises NotPermitted, NotVisible."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        stay_store.held_case(case_id, by=by, lock=True)
        epochs.shred(session, case_id, [HOUSE_LABEL])
        audit.append(session, audit.Event.HOUSE_LABEL_TAKEN_AWAY, by=by, case_id=case_id)
    shredding.work_off()


def unlocked(*, by: Actor) -> bool:
    """Whether the actor's session has a shift, which shows the labels of the house on lists."""
    return bool(shifts.running(db.session(), by=by))


def read(case_ids: Collection[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, Label]:
    """The labels of those of the cases that the actor's shelter holds now; none without a shift, and none of a case
    without a label. Which labels a shift shows is not recorded one by one: they are for lists."""
    if not case_ids or not unlocked(by=by):
        return {}
    found: dict[uuid.UUID, Label] = {}
    for case_id in store.with_label(case_ids, by=by):
        with suppress(CannotOpen):
            row = vault.glance(db.session(), case_id, HOUSE_LABEL, by=by)
            if row:
                found[case_id] = row
    return found
