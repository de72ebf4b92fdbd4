"""Whether people were in the mechanism before: keys, questions, encodings, and what is counted of them."""

import sqlalchemy as sa
from alembic import op

from nrm.db import UtcDateTime

revision = "0082_matching"
down_revision = "0081_trial_calls"
branch_labels = None
depends_on = None

VALUES = "'new', 'repeat_same', 'repeat_again', 'pending', 'not_checkable', 'not_checked'"
TABLES = ("repeat_values", "match_seen", "match_asked", "match_encodings", "match_questions", "match_keys")


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f(f"fk_{table}_case_id_cases"))


def _of_member(table: str, column: str = "member_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["members.id"], name=op.f(f"fk_{table}_{column}_members"))


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "match_keys",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_match_keys_counted_from_one")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_match_keys")),
        sa.UniqueConstraint("id", name=op.f("uq_match_keys_id")),
    )
    op.create_table(
        "match_questions",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("with_guardian", sa.Boolean(), nullable=False),
        sa.Column("searched", sa.Boolean(), nullable=False),
        sa.Column("word", sa.String(), nullable=False, server_default=""),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sealed_pairs", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("said IN ('yes', 'refused')", name=op.f("ck_match_questions_known_answer")),
        sa.CheckConstraint("word = '' OR word IN ('new', 'unknown')", name=op.f("ck_match_questions_known_word")),
        sa.CheckConstraint(
            "(said = 'yes') = (sealed_pairs IS NOT NULL)", name=op.f("ck_match_questions_sealed_after_a_yes")
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_match_questions_counted_from_one")),
        _of_case("match_questions"),
        _of_member("match_questions", "asked_by_id"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_match_questions")),
    )
    op.create_index("ix_match_questions_searched", "match_questions", ["said", "searched"])
    op.create_table(
        "match_encodings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("norm", sa.String(), nullable=False),
        sa.Column("enc", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("sealed_encoding", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("key_version >= 1", name=op.f("ck_match_encodings_counted_from_one")),
        _of_case("match_encodings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_encodings")),
        sa.UniqueConstraint("case_id", name=op.f("uq_match_encodings_case_id")),
    )
    op.create_index("ix_match_encodings_key_version", "match_encodings", ["key_version"])
    op.create_table(
        "match_asked",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        _of_member("match_asked"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_match_asked_organisation_id_organisations")
        ),
        _of_case("match_asked"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_asked")),
    )
    op.create_index("ix_match_asked_at", "match_asked", ["at"])
    op.create_index("ix_match_asked_member_id_at", "match_asked", ["member_id", "at"])
    op.create_table(
        "match_seen",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        _of_case("match_seen"),
        _of_member("match_seen"),
        sa.PrimaryKeyConstraint("case_id", "member_id", name=op.f("pk_match_seen")),
    )
    op.create_table(
        "repeat_values",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.CheckConstraint(f"value IN ({VALUES})", name=op.f("ck_repeat_values_known_value")),
        _of_case("repeat_values"),
        sa.PrimaryKeyConstraint("case_id", "from_on", name=op.f("pk_repeat_values")),
    )


def downgrade(database: str) -> None:
    """Nobody is compared any more; what was counted of people stays in their cases."""
    if database != "main":
        return
    for name in TABLES:
        op.drop_table(name)
