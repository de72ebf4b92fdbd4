"""Keys in the second database that nothing in the main database needs any more (ADR 0051).

A transaction that failed leaves such keys. Any other such key shows that somebody deleted rows by hand: either a line
of the destruction list, so that a key would survive that must be destroyed, or the rows of a case, so that its key
would be destroyed. Missing rows do not show which of the two it was. So a shred key is kept for PATIENCE, counted in
the second database, and reported. It is destroyed at once only if there is proof that this program made a newer one and
committed it: the newer key itself, and a grant of it with its MAC. A release key is destroyed at once: no case is lost
with it, and a party that declined must not find it again.

Of a complaint the Responsible Authority is told that it is missing as long as its key is kept (ADR 0195).
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, delete, func, insert, select, tuple_

from nrm import clock
from nrm.db import db, no_key_under_way
from nrm.domain.support.complaints import COMPLAINT
from nrm.models.shelter.cases import (
    Destruction,
    LeftKey,
    ParkedGrant,
    PendingGrant,
    ReleaseKey,
    SealedCompartment,
    ShredKey,
)
from nrm.models.support.complaints import Complaint
from nrm.prepared import Prepared
from nrm.vault import grants, parking, shredding

PATIENCE = timedelta(days=7)
"""Longer than anybody needs to see the report and put rows back; as long as a shred backup opens what it holds."""
_SOME = 200
_Place = tuple[Any, ...]


def sweep() -> int:
    """Handle every key that nothing in the main database needs and that is not listed; returns how many there are.

    Nothing is read while the numbers of keys and rows agree.
    """
    if not _may_be_left():
        forget_when()
        return 0
    with no_key_under_way():
        shred, release = _orphaned_keys()
        dying = _dying(shred)
        _destroy(dying, release)
    for table, gone in (("shred_keys", dying), ("release_keys", release)):
        for place in gone:
            current_app.logger.warning("a key that nothing is for was destroyed: %s, %s of %s", table, *place[1::-1])
    if (dying or release) and db.engines["shred"].dialect.name == "postgresql":
        shredding.clean_files()
    return len(shred) + len(release)


_LEFT_OF = Prepared(
    select(LeftKey.__table__.c.case_id)
    .where(LeftKey.__table__.c.compartment == bindparam("compartment"))
    .order_by(LeftKey.__table__.c.case_id)
)


def is_left(compartment: str) -> bool:
    """Whether some key of this compartment is kept, and nothing is for it: found by the last `sweep`."""
    return _LEFT_OF.first_of(db.engines["shred"], {"compartment": compartment}) is not None


def left_of(compartment: str) -> set[uuid.UUID]:
    """Whose keys of this compartment these are."""
    if not is_left(compartment):
        return set()
    with db.engines["shred"].connect() as connection:
        return set(connection.scalars(select(LeftKey.case_id).where(LeftKey.compartment == compartment)))


def forget_when() -> None:
    """Forget since when each key has been without use; the count starts again now."""
    with db.engines["shred"].connect() as connection:
        noted = connection.scalar(select(func.count()).select_from(LeftKey))
    if noted:
        with db.engines["shred"].begin() as connection:
            connection.execute(delete(LeftKey))


def _number(model: Any, *where: Any) -> Any:
    return select(func.count()).select_from(model.__table__).where(*where).scalar_subquery()


_KEYS = select(
    _number(ShredKey).label("shred"),
    _number(ReleaseKey).label("release"),
    _number(ShredKey, ShredKey.__table__.c.compartment == COMPLAINT).label("complaints"),
)
_LISTED = Destruction.__table__.c
_NEEDED = select(
    (_number(SealedCompartment) + _number(Destruction, _LISTED.kind == "shred")).label("shred"),
    (_number(PendingGrant) + _number(ParkedGrant) + _number(Destruction, _LISTED.kind == "release")).label("release"),
    _number(Complaint).label("complaints"),
)


def _may_be_left() -> bool:
    """Whether there are more keys than rows that need them: counts of each, asked every minute. Complaints are counted
    apart, so that no row of something else is taken for one of theirs."""
    with db.engines["shred"].connect() as connection:
        keys = connection.execute(_KEYS).one()
    rows = db.session.execute(_NEEDED).one()
    db.session.rollback()
    return any(there > needed for there, needed in zip(keys, rows, strict=True))


def _orphaned_keys() -> tuple[list[_Place], list[_Place]]:
    """(shred keys, release keys) that belong to no compartment, pending grant or line of the list."""
    needed = {tuple(row) for row in db.session.execute(select(*_place(SealedCompartment)))}
    waiting = {
        tuple(row)
        for model in (PendingGrant, ParkedGrant)
        for row in db.session.execute(select(*_place(model), model.organisation_id))
    }
    for row in db.session.execute(select(Destruction.__table__)):
        place = (row.case_id, row.compartment, row.epoch)
        if row.kind == "shred":
            needed.add(place)
        else:
            waiting.add((*place, row.organisation_id))
    db.session.rollback()
    with db.engines["shred"].connect() as connection:
        shred = [tuple(row) for row in connection.execute(select(*_place(ShredKey)))]
        release = [tuple(row) for row in connection.execute(select(*_place(ReleaseKey), ReleaseKey.organisation_id))]
    return [place for place in shred if place not in needed], [place for place in release if place not in waiting]


def _dying(left: list[_Place]) -> list[_Place]:
    """The shred keys, of those given, that must be destroyed now; others are noted, and reported the first time."""
    now = clock.now()
    with db.engines["shred"].connect() as connection:
        since = {tuple(row[:3]): row.since for row in connection.execute(select(*_place(LeftKey), LeftKey.since))}
    replaced = _replaced(left)
    dying = [each for each in left if each in replaced or (each in since and since[each] <= now - PATIENCE)]
    waiting = set(left) - set(dying)
    new = [each for each in left if each in waiting and each not in since]
    over = [each for each in since if each not in waiting]
    with db.engines["shred"].begin() as connection:
        _delete(connection, LeftKey, over)
        if new:
            names = ("case_id", "compartment", "epoch")
            connection.execute(insert(LeftKey), [{**dict(zip(names, each, strict=True)), "since": now} for each in new])
    for case_id, compartment, _ in new:
        current_app.logger.error(
            "nothing is for the key of %s of %s: unless its rows come back it is destroyed in %s days",
            compartment,
            case_id,
            PATIENCE.days,
        )
    return dying


def _replaced(left: list[_Place]) -> set[_Place]:
    """The keys that this program has replaced: there is a newer key, and a valid grant of it."""
    if not left:
        return set()
    newest: dict[_Place, int] = {}
    where = tuple_(SealedCompartment.case_id, SealedCompartment.compartment)
    places = list({place[:2] for place in left})
    for some in (places[start : start + _SOME] for start in range(0, len(places), _SOME)):
        present = {tuple(row) for row in db.session.execute(select(*_place(SealedCompartment)).where(where.in_(some)))}
        held = {place[:2] for place in present}
        holding = grants.holding(db.session(), held) if present else {}
        own = grants.granted_to_members(db.session(), held) if present else {}
        parked = parking.marked(db.session(), held) if present else set()
        db.session.rollback()
        key = tuple_(ShredKey.case_id, ShredKey.compartment, ShredKey.epoch)
        with db.engines["shred"].connect() as connection:
            there = connection.execute(select(*_place(ShredKey)).where(key.in_(present))) if present else ()
            newest |= {
                tuple(row[:2]): row.epoch for row in there if holding[row[:2]] or row[:2] in own or row[:2] in parked
            }
    return {each for each in left if each[2] < newest.get(each[:2], 0)}


def _destroy(shred: list[_Place], release: list[_Place]) -> None:
    with db.engines["shred"].begin() as connection:
        _delete(connection, ShredKey, shred)
        _delete(connection, ReleaseKey, release)


def _delete(connection: Any, model: type[ShredKey | ReleaseKey | LeftKey], places: list[_Place]) -> None:
    for place in places:
        connection.execute(delete(model).where(tuple_(*model.__table__.primary_key) == place))


def _place(model: type[SealedCompartment | PendingGrant | ParkedGrant | ShredKey | ReleaseKey | LeftKey]) -> list[Any]:
    return [model.case_id, model.compartment, model.epoch]
