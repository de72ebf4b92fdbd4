"""Screenings are kept as numbers by month and kind; stays of a quarter are found without reading all before it.

Upward no row of a single interview is left. Downward every interview gets a row again; marks of imported lines are put
beside any of the rows that lines became: which was whose is not known any more, and need not be.
"""

import secrets
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0030_counting"
down_revision = "0029_indexes"
branch_labels = None
depends_on = None

KIND = (
    "citizenship_class",
    "crossing_point",
    "outcome",
    "processed",
    "age_class",
    "gender",
    "returned_from",
    "announced",
    "agency",
)
BESIDE = ("profile", "assessment", "reason")
STAYS = {
    "ix_stays_ended_on": ["ended_on", "admitted_on", "case_id"],
    "ix_stays_known_on": ["known_on", "admitted_on", "case_id"],
}
CHECK = "processed <> 'returned_to_family' OR age_class = 'adult'"
SCREENINGS = sa.table(
    "screenings", sa.column("month", sa.Date()), *map(sa.column, (*KIND, *BESIDE)), sa.column("import_mark")
)
NUMBERS = sa.table(
    "screening_counts",
    sa.column("month", sa.Date()),
    *map(sa.column, ("kind_id", *BESIDE)),
    sa.column("number"),
)
KINDS = sa.table("screening_kinds", *map(sa.column, ("id", *KIND)))
LINES = sa.table("screened_lines", sa.column("mark"))


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.create_table(
        "screening_kinds",
        sa.Column("id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in KIND),
        sa.CheckConstraint(CHECK, name=op.f("ck_screening_kinds_child_never_to_family_at_crossing_point")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_kinds")),
        sa.UniqueConstraint(*KIND, name="uq_screening_kinds_codes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "screening_counts",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in BESIDE),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_screening_counts_somebody")),
        sa.ForeignKeyConstraint(
            ["kind_id"], ["screening_kinds.id"], name=op.f("fk_screening_counts_kind_id_screening_kinds")
        ),
        sa.PrimaryKeyConstraint("month", "kind_id", *BESIDE, name=op.f("pk_screening_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "screened_lines",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_screened_lines")),
        sqlite_with_rowid=False,
    )
    found = op.get_bind().execute(sa.select(*(SCREENINGS.c[name] for name in KIND)).distinct()).all()
    op.bulk_insert(KINDS, [{"id": secrets.randbits(62), **row._mapping} for row in found])
    key = (SCREENINGS.c.month, KINDS.c.id, *(SCREENINGS.c[name] for name in BESIDE))
    same = sa.and_(*(KINDS.c[name] == SCREENINGS.c[name] for name in KIND))
    counted = sa.select(*key, sa.func.count()).select_from(SCREENINGS.join(KINDS, same)).group_by(*key)
    op.execute(sa.insert(NUMBERS).from_select(["month", "kind_id", *BESIDE, "number"], counted))
    lines = sa.select(SCREENINGS.c.import_mark).where(SCREENINGS.c.import_mark.is_not(None))
    op.execute(sa.insert(LINES).from_select(["mark"], lines))
    op.drop_table("screenings")
    op.drop_index("ix_stays_admitted_on", table_name="stays")
    for name, columns in STAYS.items():
        op.create_index(name, "stays", columns)


def downgrade(database: str) -> None:
    if database != "main":
        return
    for name in STAYS:
        op.drop_index(name, table_name="stays")
    op.create_index("ix_stays_admitted_on", "stays", ["admitted_on"])
    screenings = op.create_table(
        "screenings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in KIND if name != "agency"),
        sa.Column("agency", sa.String(), nullable=False, server_default="99"),
        *(sa.Column(name, sa.String(), nullable=False) for name in BESIDE),
        sa.Column("import_mark", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(CHECK, name=op.f("ck_screenings_child_never_to_family_at_crossing_point")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screenings")),
        sa.UniqueConstraint("import_mark", name=op.f("uq_screenings_import_mark")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_screenings_counted", "screenings", ["month", *KIND])
    connection = op.get_bind()
    marks = list(connection.scalars(sa.select(LINES.c.mark)))
    codes = (NUMBERS.c.month, *(KINDS.c[name] for name in KIND), *(NUMBERS.c[name] for name in BESIDE))
    counted = sa.select(*codes, NUMBERS.c.number).join_from(NUMBERS, KINDS, KINDS.c.id == NUMBERS.c.kind_id)
    for row in connection.execute(counted).all():
        *values, number = row
        known = dict(zip(("month", *KIND, *BESIDE), values, strict=True))
        # Only an interview that ended without a case came by a line, and was counted: there is a row for every mark.
        ended = known["outcome"] in ("none", "refused")
        op.bulk_insert(
            screenings,
            [
                {"id": uuid.uuid4(), **known, "import_mark": marks.pop() if ended and marks else None}
                for _ in range(number)
            ],
        )
    for name in ("screening_counts", "screening_kinds", "screened_lines"):
        op.drop_table(name)
