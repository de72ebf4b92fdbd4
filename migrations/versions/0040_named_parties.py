"""Who was named to a person, struck out and told; and what is withheld of somebody who has not said yes."""

import sqlalchemy as sa
from alembic import op

import nrm.db

revision = "0040_named_parties"
down_revision = "0039_holds"
branch_labels = None
depends_on = None


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "named_parties",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("naming", sa.String(), nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("naming IN ('named', 'struck_out', 'told')", name=op.f("ck_named_parties_known_naming")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_named_parties_case_id_cases")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_named_parties_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_parties")),
        sa.UniqueConstraint("case_id", "party", "naming", name=op.f("uq_named_parties_case_id_party_naming")),
    )
    op.create_table(
        "withheld",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("until", nrm.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_withheld_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withheld")),
        sa.UniqueConstraint("case_id", name=op.f("uq_withheld_case_id")),
    )
    op.create_index("ix_withheld_until", "withheld", ["until"])


def downgrade(database: str) -> None:
    """The lists are forgotten, and what is withheld is destroyed: nothing says any more whose it is."""
    if database != "main":
        return
    op.execute("DELETE FROM pending_grants WHERE compartment = 'withheld'")
    op.execute("DELETE FROM sealed_compartments WHERE compartment = 'withheld'")
    op.drop_table("withheld")
    op.drop_table("named_parties")
