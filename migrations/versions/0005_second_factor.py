"""Second factor, fresh proof of a session, what a hidden screen held, and the count of failed tries."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0005_second_factor"
down_revision = "0004_gates_keep_their_proof"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.add_column("instances", sa.Column("second_factor", sa.Boolean(), server_default=sa.true(), nullable=False))
    # A demo country made before this could not be asked for what none of its people have.
    op.execute("UPDATE instances SET second_factor = NOT synthetic")
    op.add_column("members", sa.Column("sealed_totp", sa.LargeBinary(), nullable=True))
    op.add_column("members", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("members", sa.Column("totp_reset_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("member_sessions", sa.Column("proved_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("member_sessions", sa.Column("locked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "hidden_pages",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_page", sa.LargeBinary(), nullable=False),
        sa.Column("hidden_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("returned_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_hidden_pages_member_id_members")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_hidden_pages")),
    )
    op.create_table(
        "failed_tries",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_failed_tries")),
    )


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_table("failed_tries")
    op.drop_table("hidden_pages")
    op.drop_column("member_sessions", "locked")
    op.drop_column("member_sessions", "proved_at")
    op.drop_column("members", "totp_reset_at")
    op.drop_column("members", "totp_step")
    op.drop_column("members", "sealed_totp")
    op.drop_column("instances", "second_factor")
