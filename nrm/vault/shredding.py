"""The second database: one half of every key, kept where it can be destroyed for good (ADR 0001).

The two databases do not commit together. So keys are written here before the main commit (one key too many does no
harm). Keys that must be destroyed are put on the destruction list of the main database, in the transaction that ends
access; the list is processed after it. Processing it twice changes nothing.

It also knows the newest keyring of every organisation: a person who can write to the main database alone cannot make
the program seal to another keyring or an older one. A keyring is announced here before the main commit and confirmed
after it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Engine,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from nrm.db import Writer, db, hit_one, hold_the_pair, rows_hit, transaction
from nrm.models.shelter.cases import (
    Destruction,
    EndedGrant,
    KnownKeyring,
    LeftKey,
    ReleaseKey,
    SealedCompartment,
    ShredKey,
)
from nrm.prepared import Prepared
from nrm.vault import rows

_BATCH = 200


def _at(table: Table, columns: Iterable[str]) -> list[ColumnElement[bool]]:
    """Where these columns have the values of the parameters of their names."""
    return [table.c[name] == bindparam(name) for name in columns]


_EPOCH = ("case_id", "compartment", "epoch")
_SHRED_KEYS = cast(Table, ShredKey.__table__)
_RELEASE_KEYS = cast(Table, ReleaseKey.__table__)
_REPLACE_SHRED = (
    Prepared(delete(_SHRED_KEYS).where(*_at(_SHRED_KEYS, _EPOCH))),
    # Forget since when the replaced key was without use, and who had lost it.
    Prepared(delete(LeftKey).where(*_at(cast(Table, LeftKey.__table__), _EPOCH))),
    Prepared(delete(EndedGrant).where(*_at(cast(Table, EndedGrant.__table__), _EPOCH))),
    Prepared(insert(_SHRED_KEYS), _SHRED_KEYS.columns.keys()),
)
_REPLACE_RELEASE = (
    Prepared(delete(_RELEASE_KEYS).where(*_at(_RELEASE_KEYS, (*_EPOCH, "organisation_id")))),
    Prepared(insert(_RELEASE_KEYS), _RELEASE_KEYS.columns.keys()),
)


def _engine() -> Engine:
    return db.engines["shred"]


def store(shred_keys: Sequence[dict[str, object]], release_keys: Sequence[dict[str, object]] = ()) -> None:
    """Write keys (rows of the two tables) before the main transaction commits.

    The caller's transaction has already written the row that the key is for. So a key that is here already was left by
    a transaction that failed: it opens nothing and is replaced.
    """
    hold_the_pair()
    with _engine().begin() as connection:
        writer = Writer(connection.connection.dbapi_connection, connection.dialect)
        for key in shred_keys:
            for statement in _REPLACE_SHRED:
                statement.run(writer, key)
        for key in release_keys:
            for statement in _REPLACE_RELEASE:
                statement.run(writer, key)


_UNPLACE = text(
    # A place that follows from nothing, below zero, where no row is put in its order.
    "UPDATE shred_keys SET rowid = -1 - (random() & 4611686018427387903) WHERE case_id = :case_id"
)


def unplace(case_id: uuid.UUID) -> None:
    """The place of these keys no longer tells between which others they were written (SQLite)."""
    with _engine().begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(_UNPLACE, {"case_id": case_id.hex})


_SHRED_KEY = Prepared(
    select(ShredKey.__table__.c.key).where(
        ShredKey.__table__.c.case_id == bindparam("case_id"),
        ShredKey.__table__.c.compartment == bindparam("compartment"),
        ShredKey.__table__.c.epoch == bindparam("epoch"),
    )
)
_ENDED = EndedGrant.__table__.c
_IS_ENDED = Prepared(
    select(_ENDED.epoch).where(
        _ENDED.case_id == bindparam("case_id"),
        _ENDED.compartment == bindparam("compartment"),
        _ENDED.epoch == bindparam("epoch"),
        _ENDED.organisation_id == bindparam("organisation_id"),
    )
)
_GRANT_ENDED = (_ENDED.case_id, _ENDED.compartment, _ENDED.epoch, _ENDED.organisation_id)
_ENDED_AT = Prepared(
    select(*_GRANT_ENDED).where(_ENDED.case_id == bindparam("case_id"), _ENDED.compartment == bindparam("compartment"))
)
_OF_ENDED = tuple_(EndedGrant.case_id, EndedGrant.compartment, EndedGrant.epoch)
_RELEASE_KEY = Prepared(
    select(ReleaseKey.__table__.c.key).where(
        ReleaseKey.__table__.c.case_id == bindparam("case_id"),
        ReleaseKey.__table__.c.compartment == bindparam("compartment"),
        ReleaseKey.__table__.c.epoch == bindparam("epoch"),
        ReleaseKey.__table__.c.organisation_id == bindparam("organisation_id"),
    )
)


def shred_key(case_id: uuid.UUID, compartment: str, epoch: int) -> bytes | None:
    """The shred key, or None once it is destroyed."""
    return _stored_key(_SHRED_KEY, {"case_id": case_id, "compartment": compartment, "epoch": epoch})


def release_key(case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID) -> bytes | None:
    """The release key of one party, or None once it is destroyed."""
    place = {"case_id": case_id, "compartment": compartment, "epoch": epoch}
    return _stored_key(_RELEASE_KEY, {**place, "organisation_id": organisation_id})


def release_keys(
    places: Collection[tuple[uuid.UUID, str, int]], organisation_id: uuid.UUID
) -> dict[tuple[uuid.UUID, str, int], bytes]:
    """The release keys of one party that are left, by (case, compartment, epoch)."""
    place = (ReleaseKey.case_id, ReleaseKey.compartment, ReleaseKey.epoch)
    statement = select(*place, ReleaseKey.key).where(
        ReleaseKey.organisation_id == organisation_id, tuple_(*place).in_(places)
    )
    with _engine().connect() as connection:
        return {(row.case_id, row.compartment, row.epoch): row.key for row in connection.execute(statement)}


def released(places: Collection[tuple[uuid.UUID, str, int, uuid.UUID]]) -> set[tuple[uuid.UUID, str, int, uuid.UUID]]:
    """The places (case, compartment, epoch, party), of those given, for which there is a release key."""
    if not places:
        return set()
    place = (ReleaseKey.case_id, ReleaseKey.compartment, ReleaseKey.epoch, ReleaseKey.organisation_id)
    with _engine().connect() as connection:
        rows = connection.execute(select(*place).where(tuple_(*place).in_(places)))
        return {(row.case_id, row.compartment, row.epoch, row.organisation_id) for row in rows}


def note_ended(grants: Collection[tuple[uuid.UUID, str, int, uuid.UUID]]) -> None:
    """Note live grants (case, compartment, epoch, organisation) that are taken back while the epoch goes on.

    In the caller's transaction: if that fails, the grants are dead all the same, until they are given again.
    """
    if not grants:
        return
    hold_the_pair()
    forget_ended(grants)
    names = ("case_id", "compartment", "epoch", "organisation_id")
    with _engine().begin() as connection:
        connection.execute(insert(EndedGrant), [dict(zip(names, each, strict=True)) for each in grants])


def forget_ended(grants: Collection[tuple[uuid.UUID, str, int, uuid.UUID]]) -> None:
    """Somebody who holds the key gives these grants again."""
    whole = tuple_(*EndedGrant.__table__.primary_key)
    with _engine().begin() as connection:
        connection.execute(delete(EndedGrant).where(whole.in_(list(grants))))


def is_ended(case_id: uuid.UUID, compartment: str, epoch: int, organisation_id: uuid.UUID) -> bool:
    """Whether the grant was taken back."""
    place = {"case_id": case_id, "compartment": compartment, "epoch": epoch}
    return _IS_ENDED.first_of(_engine(), {**place, "organisation_id": organisation_id}) is not None


def ended(places: Collection[tuple[uuid.UUID, str]]) -> set[tuple[uuid.UUID, str, int, uuid.UUID]]:
    """The grants of these places (case, compartment) that were taken back."""
    if not places:
        return set()
    if len(places) == 1:
        ((case_id, compartment),) = places
        return set(map(tuple, _ENDED_AT.all_of(_engine(), {"case_id": case_id, "compartment": compartment})))
    where = tuple_(EndedGrant.case_id, EndedGrant.compartment).in_(list(places))
    with _engine().connect() as connection:
        found = connection.execute(select(*_GRANT_ENDED).where(where))
        return {(row.case_id, row.compartment, row.epoch, row.organisation_id) for row in found}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an organisation's keyring, by the digest of its public half."""

    organisation_id: uuid.UUID
    version: int
    digest: bytes


class KnownAlready(Exception):
    """A keyring of this or a newer version is known already."""


_KNOWN = KnownKeyring.__table__.c
_NEWER = KnownKeyring.__table__.alias()
_IS_KNOWN = Prepared(
    select(_KNOWN.version).where(
        _KNOWN.organisation_id == bindparam("organisation_id"),
        _KNOWN.version == bindparam("version"),
        _KNOWN.digest == bindparam("digest"),
        ~exists()
        .where(_NEWER.c.organisation_id == _KNOWN.organisation_id)
        .where(_NEWER.c.version > _KNOWN.version, _NEWER.c.confirmed.is_(True)),
    )
)


def announce_keyring(new: Version) -> None:
    """Announce a keyring before the main transaction commits; the caller has locked the organisation's row.

    Replaces one that was announced and never confirmed: its transaction failed, so nobody holds it. Raises
    KnownAlready.
    """
    hold_the_pair()
    of_organisation = KnownKeyring.organisation_id == new.organisation_id
    with _engine().begin() as connection:
        newest = connection.scalar(
            select(func.max(KnownKeyring.version)).where(of_organisation, KnownKeyring.confirmed.is_(True))
        )
        if newest is not None and newest >= new.version:
            raise KnownAlready
        connection.execute(delete(KnownKeyring).where(of_organisation, KnownKeyring.confirmed.is_(False)))
        connection.execute(insert(KnownKeyring), [{**asdict(new), "confirmed": False}])


def confirm_keyring(new: Version) -> None:
    """Confirm a keyring after the main transaction committed: no older one counts from now on. Can be repeated."""
    of_organisation = KnownKeyring.organisation_id == new.organisation_id
    with _engine().begin() as connection:
        hit = hit_one(
            connection,
            update(KnownKeyring)
            .where(of_organisation, KnownKeyring.version == new.version, KnownKeyring.digest == new.digest)
            .values(confirmed=True),
        )
        if hit:
            connection.execute(delete(KnownKeyring).where(of_organisation, KnownKeyring.version < new.version))


def unknown(found: Collection[Version]) -> list[Version]:
    """The keyrings, of those given, that are not the newest one that this database knows of their organisation."""
    return [each for each in found if _IS_KNOWN.first_of(_engine(), asdict(each)) is None]


def known_keyrings(*, confirmed: bool) -> list[Version]:
    """All that are confirmed, or all that were announced and not confirmed yet."""
    which = select(KnownKeyring.organisation_id, KnownKeyring.version, KnownKeyring.digest).where(
        KnownKeyring.confirmed.is_(confirmed)
    )
    with _engine().connect() as connection:
        return [Version(*row) for row in connection.execute(which)]


def forget_keyring(left: Version) -> None:
    """Delete a keyring that was announced by a transaction that failed."""
    place = (KnownKeyring.organisation_id, KnownKeyring.version, KnownKeyring.digest)
    with _engine().begin() as connection:
        connection.execute(
            delete(KnownKeyring).where(
                tuple_(*place) == (left.organisation_id, left.version, left.digest), KnownKeyring.confirmed.is_(False)
            )
        )


def _stored_key(statement: Prepared, place: Mapping[str, object]) -> bytes | None:
    found = statement.first_of(_engine(), place)
    return None if found is None else bytes(found.key)


def list_for_destruction(session: Session, keys: Iterable[Destruction]) -> None:
    """Put keys on the destruction list, with a MAC, in the transaction that ends the access they gave."""
    for key in keys:
        key.mark = rows.destruction_mark(key)
        session.add(key)


_LISTED = select(Destruction.__table__).limit(_BATCH)


def work_off() -> int:
    """Destroy every listed key, then take it off the list; returns how many. Never call inside a transaction.

    A line that this program did not write destroys nothing: it is reported and taken off.
    """
    destroyed = 0
    while True:
        # Plain rows: another worker may take the same ones off the list in the meantime.
        listed = db.session.execute(_LISTED).all()
        db.session.rollback()
        if not listed:
            return destroyed
        right = [row for row in listed if rows.is_destruction(row)]
        _destroy(right)
        if _engine().dialect.name == "postgresql":
            clean_files()  # before they leave the list: a process that is killed in between does it again
        kept = {row.id for row in right}
        foreign = {row.id for row in listed} - kept
        with transaction() as session:
            destroyed += rows_hit(session, delete(Destruction).where(Destruction.id.in_(kept)))
            if foreign:
                session.execute(delete(Destruction).where(Destruction.id.in_(foreign)))


def _destroy(listed: Sequence[Row[Any]]) -> None:
    shred = [(row.case_id, row.compartment, row.epoch) for row in listed if row.kind == "shred"]
    release = [
        and_(
            ReleaseKey.case_id == row.case_id,
            ReleaseKey.compartment == row.compartment,
            ReleaseKey.epoch == row.epoch,
            ReleaseKey.organisation_id == row.organisation_id,
        )
        for row in listed
        if row.kind == "release"
    ]
    with _engine().begin() as connection:
        if shred:
            key = tuple_(ShredKey.case_id, ShredKey.compartment, ShredKey.epoch)
            connection.execute(delete(ShredKey).where(key.in_(shred)))
            connection.execute(delete(EndedGrant).where(_OF_ENDED.in_(shred)))
        if release:
            connection.execute(delete(ReleaseKey).where(or_(*release)))


def missing() -> int:
    """How many compartments have no shred key: they open for nobody."""
    live = {tuple(row) for row in db.session.execute(select(*_place(SealedCompartment)))}
    db.session.rollback()
    with _engine().connect() as connection:
        return len(live - {tuple(row) for row in connection.execute(select(*_place(ShredKey)))})


def _place(model: type[SealedCompartment | ShredKey]) -> list[Any]:
    return [model.case_id, model.compartment, model.epoch]


def clean_files() -> None:
    """Remove deleted keys from PostgreSQL's files, where deleted rows stay until a rewrite, and inserted ones in the
    log.

    The log is cut off; with `wal_recycle = off` the checkpoint deletes its old files. A database account that may not
    do this is reported; the rows are deleted even so.
    """
    with _engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (ShredKey.__tablename__, ReleaseKey.__tablename__):
            connection.execute(text(f"VACUUM FULL {table}"))
        try:
            connection.execute(text("SELECT pg_switch_wal()"))
            connection.execute(text("CHECKPOINT"))
        except ProgrammingError:
            current_app.logger.error(
                "the account of NRM_SHRED_DATABASE may not cut off the server's log: grant it pg_checkpoint and "
                "execution of pg_switch_wal()"
            )
