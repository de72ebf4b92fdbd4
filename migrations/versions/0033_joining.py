"""Who made an invitation; when an organisation was last suspended; and which keyring is the newest, in the second
database: the newest keyring of the main database whose mark is right is taken over. Needs the key files.
"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

import nrm.db
from nrm import crypto

revision = "0033_joining"
down_revision = "0032_gates_of_a_stay"
branch_labels = None
depends_on = None

KEYRINGS = sa.table(
    "keyrings",
    sa.column("organisation_id", sa.Uuid()),
    sa.column("version", sa.Integer()),
    sa.column("public", sa.LargeBinary()),
    sa.column("mark", sa.LargeBinary()),
)
ORGANISATIONS = sa.table(
    "organisations", sa.column("id", sa.Uuid()), sa.column("kind", sa.String()), sa.column("party", sa.String())
)
KNOWN = sa.table(
    "known_keyrings",
    sa.column("organisation_id", sa.Uuid()),
    sa.column("version", sa.Integer()),
    sa.column("digest", sa.LargeBinary()),
    sa.column("confirmed", sa.Boolean()),
)


def upgrade(database: str) -> None:
    if database == "shred":
        _know_what_is_there()
        return
    with op.batch_alter_table("invitations") as batch:
        batch.add_column(sa.Column("by_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_invitations_by_id_members"), "members", ["by_id"], ["id"])
    op.add_column("organisations", sa.Column("suspended_at", nrm.db.UtcDateTime(timezone=True), nullable=True))


def downgrade(database: str) -> None:
    if database == "shred":
        op.drop_table("known_keyrings")
        return
    op.drop_column("organisations", "suspended_at")
    with op.batch_alter_table("invitations") as batch:
        batch.drop_constraint(op.f("fk_invitations_by_id_members"), type_="foreignkey")
        batch.drop_column("by_id")


def _know_what_is_there() -> None:
    """The table may be there: this was done before, and the machine stopped before it was written down."""
    op.create_table(
        "known_keyrings",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_known_keyrings_counted_from_one")),
        sa.PrimaryKeyConstraint("organisation_id", "version", name=op.f("pk_known_keyrings")),
        if_not_exists=True,
    )
    connection = op.get_bind()
    known = set(connection.scalars(sa.select(KNOWN.c.organisation_id)))
    newest = {each["organisation_id"]: each for each in _newest_last()}
    new = [each for organisation_id, each in newest.items() if organisation_id not in known]
    if new:
        connection.execute(sa.insert(KNOWN), new)


def _newest_last() -> list[dict[str, object]]:
    """The keyrings of the main database that carry a right mark."""
    statement = (
        sa.select(KEYRINGS, ORGANISATIONS.c.kind, ORGANISATIONS.c.party)
        .join(ORGANISATIONS, ORGANISATIONS.c.id == KEYRINGS.c.organisation_id)
        .order_by(KEYRINGS.c.version)
    )
    with nrm.db.db.engine.connect() as main:
        rows = main.execute(statement).all()
    if not rows:
        return []
    key = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    found = []
    for row in rows:
        bound = crypto.ctx("keyring", row.organisation_id, row.kind, row.party, row.version, row.public)
        if crypto.same(row.mark, crypto.mac(key, bound)):
            digest = crypto.digest(crypto.ctx("known keyring", row.organisation_id, row.version, row.public))
            place = {"organisation_id": row.organisation_id, "version": row.version}
            found.append({**place, "digest": digest, "confirmed": True})
    return found
