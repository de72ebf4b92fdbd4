"""A grant carries a mark; the marks of a keyring name the party, those of a referral the sender.

The rows that are there now are taken to be right: the operator has checked the instance before the upgrade. Needs the
key files.
"""

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0020_grants_are_marked"
down_revision = "0019_directives_are_acknowledged"
branch_labels = None
depends_on = None

GRANTS = sa.table(
    "grants",
    sa.column("case_id", sa.Uuid()),
    sa.column("compartment", sa.String()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("epoch", sa.Integer()),
    sa.column("mark", sa.LargeBinary()),
)
KEYRINGS = sa.table(
    "keyrings",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("version", sa.Integer()),
    sa.column("public", sa.LargeBinary()),
    sa.column("mark", sa.LargeBinary()),
)
ORGANISATIONS = sa.table(
    "organisations", sa.column("id", sa.Uuid()), sa.column("kind", sa.String()), sa.column("party", sa.String())
)
REFERRALS = sa.table(
    "referrals",
    sa.column("id", sa.Uuid()),
    sa.column("case_id", sa.Uuid()),
    sa.column("sender_id", sa.Uuid()),
    sa.column("receiver_id", sa.Uuid()),
    sa.column("mark", sa.LargeBinary()),
)
BATCH = 1000


def upgrade(database: str) -> None:
    if database != "main":
        return
    with op.batch_alter_table("grants") as table:
        table.add_column(sa.Column("mark", sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    of_grant = sa.select(GRANTS.c.case_id, GRANTS.c.compartment, GRANTS.c.organisation_id, GRANTS.c.epoch)
    _mark(
        of_grant,
        sa.update(GRANTS).where(
            GRANTS.c.case_id == sa.bindparam("p0"),
            GRANTS.c.compartment == sa.bindparam("p1"),
            GRANTS.c.organisation_id == sa.bindparam("p2"),
        ),
        3,
        lambda row: ("grant", row.case_id, row.compartment, row.epoch, row.organisation_id),
    )
    with op.batch_alter_table("grants") as table:
        table.alter_column("mark", server_default=None)
    _mark_again(
        lambda row: ("keyring", row.organisation_id, row.kind, row.party, row.version, row.public),
        lambda row: ("referral", row.id, row.case_id, row.sender_id, row.receiver_id),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    with op.batch_alter_table("grants") as table:
        table.drop_column("mark")
    _mark_again(
        lambda row: ("keyring", row.organisation_id, row.kind, row.version, row.public),
        lambda row: ("referral", row.id, row.case_id, row.receiver_id),
    )


Parts = Callable[[sa.Row], tuple[crypto.Part, ...]]


def _mark_again(of_keyring: Parts, of_referral: Parts) -> None:
    keyrings = sa.select(
        KEYRINGS.c.id,
        KEYRINGS.c.organisation_id,
        KEYRINGS.c.version,
        KEYRINGS.c.public,
        ORGANISATIONS.c.kind,
        ORGANISATIONS.c.party,
    ).join(ORGANISATIONS, ORGANISATIONS.c.id == KEYRINGS.c.organisation_id)
    _mark(keyrings, sa.update(KEYRINGS).where(KEYRINGS.c.id == sa.bindparam("p0")), 1, of_keyring)
    referrals = sa.select(REFERRALS.c.id, REFERRALS.c.case_id, REFERRALS.c.sender_id, REFERRALS.c.receiver_id)
    _mark(referrals, sa.update(REFERRALS).where(REFERRALS.c.id == sa.bindparam("p0")), 1, of_referral)


def _mark(rows: sa.Select, change: sa.Update, keys: int, parts: Parts) -> None:
    """Write the mark of every row. Its first `keys` columns are the parameters p0, p1 ... that find it."""
    connection = op.get_bind()
    found = connection.execute(rows).all()
    if not found:
        return
    key = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    for some in _batches(found):
        connection.execute(
            change.values(mark=sa.bindparam("mark_of_it")),
            [
                {
                    **{f"p{place}": row[place] for place in range(keys)},
                    "mark_of_it": crypto.mac(key, crypto.ctx(*parts(row))),
                }
                for row in some
            ],
        )


def _batches(rows: list[sa.Row]) -> Iterator[list[sa.Row]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
