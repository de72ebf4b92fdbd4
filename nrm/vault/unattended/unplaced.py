"""Rows whose place must not tell between which others they came: those beside them have an hour in the audit chain.

SQLite numbers rows as they come: those from before rows were put below zero are put there, too. PostgreSQL keeps a row
where it was written, and names the transaction that wrote it: there all rows of a compartment are written anew, in one
transaction and in a random order, at an hour that follows from nothing that came. A row that is only updated could stay
on its page, so they are deleted and put in again (ADR 0175).
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from nrm.db import db, hold_the_pair, rows_hit, transaction
from nrm.models.shelter.cases import Grant, SealedCompartment, ShredKey

_BELOW = "UPDATE {} SET rowid = -1 - (random() & 4611686018427387903) WHERE compartment = :compartment AND rowid >= 0"
_ALL_ANEW = "WITH gone AS (DELETE FROM {0} RETURNING *) INSERT INTO {0} SELECT * FROM gone ORDER BY random()"
_ANEW = _ALL_ANEW.replace(" RETURNING", " WHERE compartment = :compartment RETURNING")


def stir(compartment: str, *tables: str) -> int:
    """Give every row of this compartment, of its keys and of the tables of what is sealed in it a place that says
    nothing; returns how many rows of sealed text were moved. Never call inside a transaction."""
    shred = db.engines["shred"]
    with transaction() as session:
        hold_the_pair()
        connection = session.connection()
        moved = _move(connection, SealedCompartment.__tablename__, compartment)
        _move(connection, Grant.__tablename__, compartment)
        if connection.dialect.name == "postgresql":  # SQLite keeps these without a number
            for table in tables:
                connection.execute(text(_ALL_ANEW.format(table)))
        with shred.begin() as second:
            _move(second, ShredKey.__tablename__, compartment)
    if moved or tables:
        _tidy(db.engine, SealedCompartment.__tablename__, Grant.__tablename__, *tables)
        _tidy(shred, ShredKey.__tablename__)
    return moved


def _move(connection: Connection, table: str, compartment: str) -> int:
    move = _BELOW if connection.dialect.name == "sqlite" else _ANEW
    return rows_hit(connection, text(move.format(table)).bindparams(compartment=compartment))


def _tidy(engine: Engine, *tables: str) -> None:
    """Free the places where rows were before, with what their heads say of their transactions (PostgreSQL)."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables:
            connection.execute(text(f"VACUUM {table}"))
