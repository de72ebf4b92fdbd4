"""An interview is its interviewer's: a mark says so, some are sealed to members themselves, alarms tell of openings.

The interviews that are there now are taken to be right. Needs the key files. On the way down what only a member opens
opens for nobody any more, and alarms about opened interviews are deleted: an older program knows neither.
"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto
from nrm.schema import exchange_codes

revision = "0041_draft_owners"
down_revision = "0040_named_parties"
branch_labels = None
depends_on = None

BEFORE = ("openings", "erasures", "endings")
AFTER = (*BEFORE, "drafts")
INTERVIEWS = sa.table(
    "interviews",
    *(sa.column(name, sa.Uuid()) for name in ("id", "organisation_id", "member_id")),
    sa.column("owner_mark", sa.LargeBinary()),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "member_grants",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_member_grants_member_id_members")),
        sa.PrimaryKeyConstraint("case_id", "compartment", "member_id", name=op.f("pk_member_grants")),
    )
    op.create_index("ix_member_grants_member_id", "member_grants", ["member_id"])
    op.add_column("sealed_compartments", sa.Column("step", sa.String(), nullable=False, server_default=""))
    op.add_column("interviews", sa.Column("owner_mark", sa.LargeBinary(), nullable=True))
    exchange_codes("alarms", "kind", "known_kind", BEFORE, AFTER)
    connection = op.get_bind()
    found = connection.execute(sa.select(INTERVIEWS)).all()
    if found:
        secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
        connection.execute(
            sa.update(INTERVIEWS)
            .where(INTERVIEWS.c.id == sa.bindparam("of_id"))
            .values(owner_mark=sa.bindparam("made")),
            [
                {
                    "of_id": row.id,
                    "made": crypto.mac(secret, crypto.ctx("interviewer", row.id, row.organisation_id, row.member_id)),
                }
                for row in found
            ],
        )


def downgrade(database: str) -> None:
    if database != "main":
        return
    of_drafts = "SELECT id FROM alarms WHERE kind = 'drafts'"
    op.execute(f"DELETE FROM alarm_acknowledgements WHERE alarm_id IN ({of_drafts})")  # noqa: S608 - a text of ours
    op.execute("DELETE FROM alarms WHERE kind = 'drafts'")
    exchange_codes("alarms", "kind", "known_kind", AFTER, BEFORE)
    op.drop_column("interviews", "owner_mark")
    op.drop_column("sealed_compartments", "step")
    op.drop_table("member_grants")
