"""A shelter's manager enters beds, names them, closes them from a day on, and opens them again.

Nothing of the past changes: a bed keeps its stays when it is renamed or closed.
"""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit
from nrm.db import hit_one, transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.stays import BedRefusal, BedRefused, CloseReason, bed_names, check_closing
from nrm.models.shelter.stays import Bed, Stay
from nrm.store import days
from nrm.store.shelter import stays as store


def add(*, name: str, number: int, by: Actor) -> None:
    """Enter `number` beds that begin with `name`. Raises NotPermitted, NotVisible, BedRefused; then none is entered."""
    by.must(Permission.BED_MANAGE)
    names = bed_names(name, number)
    try:
        with transaction() as session:
            if store.bed_labels(by=by).intersection(names):
                raise BedRefused(BedRefusal.NAME_TAKEN)
            opened_on = days.today()
            session.add_all(Bed(organisation_id=by.organisation_id, label=each, opened_on=opened_on) for each in names)
            session.flush()
            audit.append(session, audit.Event.BEDS_ADDED, by=by, number=len(names))
    except IntegrityError:  # a colleague entered one of these names in the same moment
        raise BedRefused(BedRefusal.NAME_TAKEN) from None


def rename(*, bed_id: uuid.UUID, name: str, by: Actor) -> None:
    """Another name for a bed. Raises NotPermitted, NotVisible, BedRefused."""
    by.must(Permission.BED_MANAGE)
    (label,) = bed_names(name, 1)
    try:
        with transaction() as session:
            bed = store.bed(bed_id, by=by)
            if bed.label == label:
                return
            if label in store.bed_labels(by=by):
                raise BedRefused(BedRefusal.NAME_TAKEN)
            session.execute(update(Bed).where(Bed.id == bed_id).values(label=label))
            audit.append(session, audit.Event.BED_RENAMED, by=by, bed_id=bed_id)
    except IntegrityError:
        raise BedRefused(BedRefusal.NAME_TAKEN) from None


def close(*, bed_id: uuid.UUID, closed_from: date, why: CloseReason, by: Actor) -> None:
    """Close a bed: from now on nobody new gets it, and from `closed_from` on it no longer counts as a bed.

    Raises NotPermitted, NotVisible, BedRefused: a bed in which somebody sleeps can be closed from the planned end of
    the stay at the earliest; a bed that is kept for somebody cannot be closed.
    """
    by.must(Permission.BED_MANAGE)
    with transaction() as session:
        bed = store.bed(bed_id, by=by)  # locked: an admission into it waits
        if bed.closed_from is not None:
            raise BedRefused(BedRefusal.CLOSED)
        line = store.bed_line(bed_id, by=by)
        free_from = line.stay.anticipated_end_on if line.stay is not None else None
        check_closing(closed_from, today=days.today(), free_from=free_from, kept=bool(line.kept_for))
        slept_in = select(Stay.id).where(Stay.bed_id == bed_id, Stay.ended_on.is_(None))
        free = [] if line.stay is not None else [~exists(slept_in)]
        hit = hit_one(
            session,
            update(Bed)
            .where(Bed.id == bed_id, Bed.closed_from.is_(None), *free)
            .values(closed_from=closed_from, closed_why=str(why), out_of_use=True),
        )
        if not hit:
            raise BedRefused(BedRefusal.OCCUPIED)
        audit.append(
            session, audit.Event.BED_CLOSED, by=by, bed_id=bed_id, closed_from=closed_from.isoformat(), why=str(why)
        )


def reopen(*, bed_id: uuid.UUID, by: Actor) -> None:
    """A closed bed can be used again from now on. Raises NotPermitted, NotVisible."""
    by.must(Permission.BED_MANAGE)
    with transaction() as session:
        store.bed(bed_id, by=by)
        hit = hit_one(
            session,
            update(Bed)
            .where(Bed.id == bed_id, Bed.closed_from.is_not(None))
            .values(closed_from=None, closed_why="", out_of_use=False),
        )
        if hit:  # else it was open already
            audit.append(session, audit.Event.BED_REOPENED, by=by, bed_id=bed_id)
