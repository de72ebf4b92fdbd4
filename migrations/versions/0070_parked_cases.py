"""A case that is withdrawn or erased opens for nobody first: its holder's grants are parked, and the act says until when.

A person may ask that what was to be destroyed is kept. On the way down what is parked is lost, because no older program
can give it back: undo those acts before.
"""

import sqlalchemy as sa
from alembic import op

import nrm.db
from nrm.schema import exchange_check, exchange_codes

revision = "0070_parked_cases"
down_revision = "0069_keylog_before"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
BEFORE = ("done", "asked", "agreed", "declined", "expired")
AFTER = ("done", "asked", "parked", "agreed", "declined", "expired")
DECIDED_BEFORE = "(status = 'asked') = (decided_at IS NULL)"
DECIDED = "(status IN ('asked', 'parked')) = (decided_at IS NULL)"
OPEN_BEFORE, OPEN = sa.text("status = 'asked'"), sa.text("status IN ('asked', 'parked')")
CHECKS = {
    "only_a_case_is_parked": "parked_at IS NULL OR case_id IS NOT NULL",
    "parked_at_some_time": "(status <> 'parked' OR parked_at IS NOT NULL)"
    " AND (final_at IS NULL OR parked_at IS NOT NULL)",
    "seen_by_another": "(seen_at IS NULL) = (seen_by_id IS NULL) AND (seen_by_id IS NULL OR seen_by_id <> asked_by_id)",
    "known_heard": "heard IN ('', 'spoke', 'signed')",
    "known_undone": "undone IN ('', 'holder', 'authority', 'person', 'help_line', 'asker')",
}
COLUMNS = {
    "parked_at": (INSTANT, None),
    "final_at": (INSTANT, None),
    "many": (sa.Boolean(), sa.false()),
    "signed_on": (sa.Date(), None),
    "seen_at": (INSTANT, None),
    "seen_by_id": (sa.Uuid(), None),
    "heard": (sa.String(), ""),
    "undone": (sa.String(), ""),
}
ASKED_BEFORE = ("copy", "erasure", "withdrawal")
ASKED = (*ASKED_BEFORE, "keep")
ANSWERED_BEFORE = ("open", "given", "erased", "withdrawn", "refused")
ANSWERED = (*ANSWERED_BEFORE, "passed_on")
SEEN_BY = "fk_heavy_acts_seen_by_id_members"


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "parked_grants",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("compartment", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("keyring_version", sa.Integer(), nullable=False),
        sa.Column("since_version", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_parked_grants_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("case_id", "compartment", "organisation_id", name=op.f("pk_parked_grants")),
    )
    op.create_index(
        "ix_parked_grants_keyring", "parked_grants", ["organisation_id", "keyring_version", "case_id", "compartment"]
    )
    exchange_codes("heavy_acts", "status", "known_status", BEFORE, AFTER)
    exchange_check("heavy_acts", "decided_at_some_time", DECIDED_BEFORE, DECIDED)
    with op.batch_alter_table("heavy_acts") as batch:
        for name, (kind, default) in COLUMNS.items():
            batch.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        batch.create_foreign_key(op.f(SEEN_BY), "members", ["seen_by_id"], ["id"])
    with op.batch_alter_table("heavy_acts") as batch:
        for name, text in CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_heavy_acts_{name}"), text)
    _open_acts(OPEN)
    exchange_codes("person_requests", "kind", "known_kind", ASKED_BEFORE, ASKED)
    exchange_codes("person_requests", "status", "known_status", ANSWERED_BEFORE, ANSWERED)


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.execute("DELETE FROM person_requests WHERE kind = 'keep'")
    exchange_codes("person_requests", "status", "known_status", ANSWERED, ANSWERED_BEFORE)
    exchange_codes("person_requests", "kind", "known_kind", ASKED, ASKED_BEFORE)
    op.execute("UPDATE heavy_acts SET status = 'expired', decided_at = parked_at WHERE status = 'parked'")
    with op.batch_alter_table("heavy_acts") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_heavy_acts_{name}"), type_="check")
        batch.drop_constraint(op.f(SEEN_BY), type_="foreignkey")
        for name in COLUMNS:
            batch.drop_column(name)
    exchange_check("heavy_acts", "decided_at_some_time", DECIDED, DECIDED_BEFORE)
    exchange_codes("heavy_acts", "status", "known_status", AFTER, BEFORE)
    _open_acts(OPEN_BEFORE)
    op.drop_table("parked_grants")


def _open_acts(which: sa.TextClause) -> None:
    """At most one act is open about a case or an account."""
    for column in ("case_id", "member_id"):
        name = f"uq_heavy_acts_{column}"
        op.drop_index(name, table_name="heavy_acts")
        op.create_index(name, "heavy_acts", [column], unique=True, sqlite_where=which, postgresql_where=which)
