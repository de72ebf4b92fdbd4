"""What a desk does about a threat to a witness, that one was told twice or by mistake, and the hearings that the
prosecution announced itself, kept for it when it reads the case no more."""

import sqlalchemy as sa
from alembic import op

from nrm import schema
from nrm.db import UtcDateTime

revision = "0107_seen_and_taken_back"
down_revision = "0106_complaints_stay_as_they_are"
branch_labels = None
depends_on = None

KNOWN_ACT = {"known_act": "what IN ('', 'agreed', 'police', 'elsewhere', 'here', 'other')"}
KNOWN_DOUBT = {"known_doubt": "doubt IN ('', 'twice', 'mistake')"}
AT = {"doubted_at_an_hour": "(doubt = '') = (doubted_at IS NULL)"}


def upgrade(database: str) -> None:
    """Of what was seen before nobody said what is done."""
    if database != "main":
        return
    code = "VARCHAR DEFAULT '' NOT NULL"
    what, doubt = (sa.Column(name, sa.String(), nullable=False, server_default="") for name in ("what", "doubt"))
    schema.add_column("threats_seen", what, code, KNOWN_ACT)
    schema.add_column("threat_alarms", doubt, code, KNOWN_DOUBT)
    instant = UtcDateTime(timezone=True)
    schema.add_column("threat_alarms", sa.Column("doubted_at", instant, nullable=True), "DATETIME", AT)
    op.create_table(
        "kept_hearings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kept_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_kept_hearings_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_kept_hearings_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_hearings")),
    )
    op.create_index("ix_kept_hearings_case_id", "kept_hearings", ["case_id"])
    op.create_index("ix_kept_hearings_organisation_id", "kept_hearings", ["organisation_id"])


def downgrade(database: str) -> None:
    """What was kept of hearings is forgotten, since an earlier program would never destroy it: the sweep finds the keys
    that are left."""
    if database != "main":
        return
    for table in ("sealed_compartments", "grants", "pending_grants", "parked_grants", "readings", "openings"):
        op.execute(f"DELETE FROM {table} WHERE compartment = 'kept_hearing'")  # noqa: S608 - a text of ours
    op.drop_table("kept_hearings")
    if op.get_bind().dialect.name != "sqlite":  # there they go with the columns
        op.drop_constraint(op.f("ck_threats_seen_known_act"), "threats_seen", type_="check")
        for name in (*KNOWN_DOUBT, *AT):
            op.drop_constraint(op.f(f"ck_threat_alarms_{name}"), "threat_alarms", type_="check")
    for name in ("doubted_at", "doubt"):
        op.drop_column("threat_alarms", name)
    op.drop_column("threats_seen", "what")
