"""What is destroyed, asked for in somebody's name, or added to a hand-over carries a mark; keys that nothing is for
wait.

The rows that are there now are taken to be right: the operator has checked the instance before the upgrade. Needs the
key files.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from flask import current_app

import nrm.db
from nrm import crypto

revision = "0037_rows_by_hand"
down_revision = "0036_sessions_are_marked"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
MARKED = ("destructions", "erasures", "heavy_acts", "supplements")
Parts = Callable[[sa.Row], tuple[crypto.Part, ...]]


def _table(name: str, *columns: sa.ColumnClause) -> sa.TableClause:
    return sa.table(name, *columns, sa.column("mark", sa.LargeBinary()))


def _ids(*names: str) -> list[sa.ColumnClause]:
    return [sa.column(name, sa.Uuid()) for name in names]


def _texts(*names: str) -> list[sa.ColumnClause]:
    return [sa.column(name, sa.String()) for name in names]


def _instants(*names: str) -> list[sa.ColumnClause]:
    return [sa.column(name, INSTANT) for name in names]


DESTRUCTIONS = _table(
    "destructions",
    *_ids("id", "case_id", "organisation_id"),
    *_texts("kind", "compartment"),
    sa.column("epoch", sa.Integer()),
)
ERASURES = _table("erasures", *_ids("case_id"), *_texts("compartment"), *_instants("erased_at"))
ACT = _table(
    "heavy_acts",
    *_ids("id", "organisation_id", "asked_by_id", "case_id", "member_id", "decided_by_id"),
    *_texts("kind", "reason", "status"),
    *_instants("asked_at", "decided_at", "expires_at"),
)
SUPPLEMENTS = _table(
    "supplements", *_ids("id", "case_id", "organisation_id"), *_texts("status"), *_instants("open_until")
)
CASES = sa.table("cases", sa.column("id", sa.Uuid()), sa.column("pseudonym", sa.String()))


def upgrade(database: str) -> None:
    if database == "shred":
        # The tables may be there: this was done before, and the machine stopped before it was written down.
        op.create_table(
            "left_keys",
            sa.Column("case_id", sa.Uuid(), nullable=False),
            sa.Column("compartment", sa.String(), nullable=False),
            sa.Column("epoch", sa.Integer(), nullable=False),
            sa.Column("since", INSTANT, nullable=False),
            sa.PrimaryKeyConstraint("case_id", "compartment", "epoch", name=op.f("pk_left_keys")),
            if_not_exists=True,
        )
        op.create_table(
            "counted_acts",
            sa.Column("member_id", sa.Uuid(), nullable=False),
            sa.Column("subject_id", sa.Uuid(), nullable=False),
            sa.Column("kind", sa.String(), nullable=False),
            sa.Column("at", INSTANT, nullable=False),
            sa.PrimaryKeyConstraint("member_id", "subject_id", "kind", name=op.f("pk_counted_acts")),
            if_not_exists=True,
        )
        return
    for name in MARKED:
        op.add_column(name, sa.Column("mark", sa.LargeBinary(), nullable=True))
    _mark(
        sa.select(DESTRUCTIONS),
        lambda row: (f"destruction of {row.compartment}", row.case_id, row.kind, row.epoch, row.organisation_id or ""),
        DESTRUCTIONS,
        "id",
    )
    _mark(
        sa.select(ERASURES),
        lambda row: ("erased", row.case_id, row.compartment, row.erased_at.isoformat()),
        ERASURES,
        "case_id",
        "compartment",
    )
    _mark(sa.select(ACT), _of_act, ACT, "id")
    _mark(
        sa.select(SUPPLEMENTS, CASES.c.pseudonym)
        .join(CASES, CASES.c.id == SUPPLEMENTS.c.case_id)
        .where(SUPPLEMENTS.c.status.in_(("waiting", "open"))),
        lambda row: ("supplement", row.id, row.case_id, row.organisation_id, row.pseudonym, _at(row.open_until)),
        SUPPLEMENTS,
        "id",
    )


def downgrade(database: str) -> None:
    if database == "shred":
        op.drop_table("counted_acts")
        op.drop_table("left_keys")
        return
    for name in MARKED:
        op.drop_column(name, "mark")


def _at(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")


def _of_act(row: sa.Row) -> tuple[crypto.Part, ...]:
    whose = (row.organisation_id, row.asked_by_id, _at(row.asked_at), row.kind, row.reason)
    about = (row.case_id or "", row.member_id or "", _at(row.expires_at))
    return ("act", row.id, *whose, *about, row.status, _at(row.decided_at), row.decided_by_id or "")


def _mark(rows: sa.Select, parts: Parts, table: sa.TableClause, *key: str) -> None:
    """Write the mark of every row, which the columns of `key` find."""
    connection = op.get_bind()
    found = connection.execute(rows).all()
    if not found:
        return
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    change = sa.update(table).where(*(table.c[name] == sa.bindparam(f"of_{name}") for name in key))
    connection.execute(
        change.values(mark=sa.bindparam("mark_of_it")),
        [
            {
                **{f"of_{name}": getattr(row, name) for name in key},
                "mark_of_it": crypto.mac(secret, crypto.ctx(*parts(row))),
            }
            for row in found
        ],
    )
