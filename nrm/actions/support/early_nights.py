"""A second member confirms nights of before a stay was entered, and a manager takes that back (ADR 0182)."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import update

from nrm import audit
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.support.early_nights import EarlyRefusal, EarlyRefused
from nrm.models.shelter.stays import Stay
from nrm.store.support import early_nights as store


def confirm(*, stay_id: uuid.UUID, seen: date, by: Actor) -> None:
    """The person slept here in these nights, as the actor knows, too: they count for payment. `seen`: the day of
    admission that the page showed. Raises NotPermitted, NotVisible, EarlyRefused (`own`, `manager`, `changed`)."""
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        line = store.of_stay(stay_id, by=by)
        if line.why_not is not None:
            raise EarlyRefused(line.why_not)
        same = (Stay.id == stay_id, Stay.admitted_on == seen, Stay.counts_from.is_not(None))
        change = update(Stay).where(*same).values(counts_from=None)
        if not hit_one(session, change.execution_options(synchronize_session=False)):
            raise EarlyRefused(EarlyRefusal.CHANGED)
        audit.append(
            session,
            audit.Event.EARLY_NIGHTS_CONFIRMED,
            by=by,
            case_id=line.case_id,
            stay_id=stay_id,
            admitted_on=str(seen),
            counts_from=str(line.counted_from),
        )


def take_back(*, stay_id: uuid.UUID, by: Actor) -> None:
    """These nights were confirmed by mistake: they wait again, as they did before. Until a quarter is signed, and with
    it what they are paid by. Raises NotPermitted, NotVisible, EarlyRefused (`signed`, `changed`)."""
    by.must(Permission.TEAM_MANAGE)
    with transaction() as session:
        found = store.confirmed(stay_id, by=by)
        if found is None:
            raise NotVisible
        if found.is_signed:
            raise EarlyRefused(EarlyRefusal.SIGNED)
        same = (Stay.id == stay_id, Stay.admitted_on == found.admitted_on, Stay.counts_from.is_(None))
        change = update(Stay).where(*same).values(counts_from=found.counted_from)
        if not hit_one(session, change.execution_options(synchronize_session=False)):
            raise EarlyRefused(EarlyRefusal.CHANGED)
        audit.append(session, audit.Event.EARLY_NIGHTS_TAKEN_BACK, by=by, case_id=found.case_id, stay_id=stay_id)
