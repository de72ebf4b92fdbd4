"""A shelter's building by date: units, places, who had which, places out of service and promised. Beds become places.

Until now a bed was known without its days: a bed out of use is out of service from the day of this step on, and a bed
that is kept for somebody who was accepted is promised until two days after that.
"""

import re
import uuid
from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

from nrm import clock

revision = "0046_places"
down_revision = "0045_others_there"
branch_labels = None
depends_on = None

FIRST_UNIT, EVERYBODY = "Ndërtesa", "everybody"
CLOSED = (
    "(until_on IS NULL AND closed_why = '') OR (until_on IS NOT NULL AND closed_why IN ('entered_by_mistake', 'extra',"
    " 'fewer_places', 'given_up', 'other', 'renamed', 'repairs'))"
)
EXTRA = (
    "(extra_why = '' AND closed_why <> 'extra') OR (extra_why IN ('building_full', 'came_together', 'kept_apart',"
    " 'other', 'out_of_service') AND from_on IS NOT NULL AND until_on IS NOT NULL)"
)
OUT = "reason IN ('cleaning', 'infection', 'other', 'repairs', 'staff', 'unsafe', 'vermin')"
AFTER = "until_on IS NULL OR until_on >= from_on"
AFTER_IF_KNOWN = "until_on IS NULL OR from_on IS NULL OR until_on >= from_on"
OLD_CHECKS = {
    "closed_with_reason": "(closed_from IS NULL AND closed_why = '') OR (closed_from IS NOT NULL AND closed_why IN "
    "('entered_by_mistake', 'fewer_places', 'given_up', 'other', 'repairs'))",
    "nobody_new_into_a_closing_bed": "closed_from IS NULL OR out_of_use",
}

UNITS = sa.table(
    "units",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("label", sa.String()),
    sa.column("for_whom", sa.String()),
)
PLACES = sa.table(
    "places",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("label", sa.String()),
    sa.column("file_label", sa.String()),
    sa.column("from_on", sa.Date()),
    sa.column("until_on", sa.Date()),
    sa.column("closed_why", sa.String()),
    sa.column("extra_why", sa.String()),
)
IN_UNITS = sa.table(
    "places_in_units",
    sa.column("id", sa.Uuid()),
    sa.column("place_id", sa.Uuid()),
    sa.column("unit_id", sa.Uuid()),
    sa.column("label", sa.String()),
    sa.column("from_on", sa.Date()),
    sa.column("until_on", sa.Date()),
)
OUT_OF_SERVICE = sa.table(
    "out_of_service",
    sa.column("id", sa.Uuid()),
    sa.column("place_id", sa.Uuid()),
    sa.column("from_on", sa.Date()),
    sa.column("until_on", sa.Date()),
    sa.column("reason", sa.String()),
    sa.column("when_free", sa.Boolean()),
)
OCCUPANCIES = sa.table(
    "occupancies",
    sa.column("id", sa.Uuid()),
    sa.column("stay_id", sa.Uuid()),
    sa.column("place_id", sa.Uuid()),
    sa.column("with_stay_id", sa.Uuid()),
    sa.column("from_on", sa.Date()),
    sa.column("until_on", sa.Date()),
    sa.column("struck_on", sa.Date()),
)
PROMISES = sa.table(
    "promises",
    sa.column("id", sa.Uuid()),
    sa.column("place_id", sa.Uuid()),
    sa.column("referral_id", sa.Uuid()),
    sa.column("code", sa.String()),
    sa.column("from_on", sa.Date()),
    sa.column("until_on", sa.Date()),
    sa.column("over_on", sa.Date()),
)
BEDS = sa.table(
    "beds",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("label", sa.String()),
    sa.column("out_of_use", sa.Boolean()),
    sa.column("file_label", sa.String()),
    sa.column("opened_on", sa.Date()),
    sa.column("closed_from", sa.Date()),
    sa.column("closed_why", sa.String()),
)
STAYS = sa.table(
    "stays",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("bed_id", sa.Uuid()),
    sa.column("referral_id", sa.Uuid()),
    sa.column("admitted_on", sa.Date()),
    sa.column("ended_on", sa.Date()),
)
REFERRALS = sa.table(
    "referrals", sa.column("id", sa.Uuid()), sa.column("status", sa.String()), sa.column("bed_id", sa.Uuid())
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    _create()
    _beds_become_places()
    _stays_have_places()
    _kept_beds_are_promised()
    _drop_column("stays", "uq_stays_open_bed", "ix_stays_bed_id")
    _drop_column("referrals", "uq_referrals_kept_bed")
    op.drop_table("beds")
    _one_person_a_night()


def _create() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("for_whom", sa.String(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("closed_why", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint(AFTER_IF_KNOWN, name=op.f("ck_units_ends_after_it_began")),
        sa.CheckConstraint(CLOSED, name=op.f("ck_units_closed_with_reason")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_units_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_index(op.f("ix_units_organisation_id"), "units", ["organisation_id"])
    _open_index("uq_units_label", "units", ["organisation_id", "label"], "until_on IS NULL")
    op.create_table(
        "places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("file_label", sa.String(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("closed_why", sa.String(), server_default="", nullable=False),
        sa.Column("extra_why", sa.String(), server_default="", nullable=False),
        sa.Column("extra_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(AFTER_IF_KNOWN, name=op.f("ck_places_ends_after_it_began")),
        sa.CheckConstraint(CLOSED, name=op.f("ck_places_closed_with_reason")),
        sa.CheckConstraint(EXTRA, name=op.f("ck_places_extra_for_some_days")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_places_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["extra_by_id"], ["members.id"], name=op.f("fk_places_extra_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("organisation_id", "label", name=op.f("uq_places_organisation_id_label")),
    )
    op.create_table(
        "places_in_units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.CheckConstraint(AFTER_IF_KNOWN, name=op.f("ck_places_in_units_ends_after_it_began")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_places_in_units_place_id_places")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_places_in_units_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places_in_units")),
    )
    op.create_index(op.f("ix_places_in_units_place_id"), "places_in_units", ["place_id"])
    op.create_index(op.f("ix_places_in_units_unit_id"), "places_in_units", ["unit_id"])
    _open_index("uq_places_in_units_open", "places_in_units", ["place_id"], "until_on IS NULL")
    op.create_table(
        "out_of_service",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), server_default="", nullable=False),
        sa.Column("when_free", sa.Boolean(), nullable=False),
        sa.Column("entered_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(AFTER, name=op.f("ck_out_of_service_ends_after_it_began")),
        sa.CheckConstraint(OUT, name=op.f("ck_out_of_service_known_reason")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_out_of_service_place_id_places")),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["members.id"], name=op.f("fk_out_of_service_entered_by_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_out_of_service")),
    )
    op.create_index("ix_out_of_service_place_id_until_on", "out_of_service", ["place_id", "until_on"])
    op.create_table(
        "occupancies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("with_stay_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("struck_on", sa.Date(), nullable=True),
        sa.Column("struck_by_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(AFTER, name=op.f("ck_occupancies_ends_after_it_began")),
        sa.CheckConstraint(
            "(place_id IS NULL) <> (with_stay_id IS NULL)", name=op.f("ck_occupancies_a_place_or_with_the_mother")
        ),
        sa.CheckConstraint("with_stay_id <> stay_id", name=op.f("ck_occupancies_with_somebody_else")),
        sa.CheckConstraint(
            "(struck_on IS NULL) = (struck_by_id IS NULL)", name=op.f("ck_occupancies_struck_by_somebody")
        ),
        sa.CheckConstraint(
            "replaced_by_id IS NULL OR struck_on IS NOT NULL", name=op.f("ck_occupancies_only_a_struck_one_is_replaced")
        ),
        sa.CheckConstraint("replaced_by_id <> id", name=op.f("ck_occupancies_replaced_by_another")),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_occupancies_stay_id_stays")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_occupancies_place_id_places")),
        sa.ForeignKeyConstraint(["with_stay_id"], ["stays.id"], name=op.f("fk_occupancies_with_stay_id_stays")),
        sa.ForeignKeyConstraint(["struck_by_id"], ["members.id"], name=op.f("fk_occupancies_struck_by_id_members")),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["occupancies.id"], name=op.f("fk_occupancies_replaced_by_id_occupancies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupancies")),
    )
    for name in ("place", "stay"):
        _open_index(
            f"uq_occupancies_open_{name}", "occupancies", [f"{name}_id"], "until_on IS NULL AND struck_on IS NULL"
        )
        op.create_index(f"ix_occupancies_{name}_id_from_on", "occupancies", [f"{name}_id", "from_on"])
    op.create_index("ix_occupancies_with_stay_id", "occupancies", ["with_stay_id"])
    op.create_table(
        "promises",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), server_default="", nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=True),
        sa.Column("over_on", sa.Date(), nullable=True),
        sa.Column("over_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("until_on > from_on", name=op.f("ck_promises_ends_after_it_began")),
        sa.CheckConstraint("referral_id IS NOT NULL OR code <> ''", name=op.f("ck_promises_for_somebody")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_promises_place_id_places")),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_promises_referral_id_referrals")),
        sa.ForeignKeyConstraint(["made_by_id"], ["members.id"], name=op.f("fk_promises_made_by_id_members")),
        sa.ForeignKeyConstraint(["over_by_id"], ["members.id"], name=op.f("fk_promises_over_by_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promises")),
    )
    _open_index("uq_promises_open_referral", "promises", ["referral_id"], "over_on IS NULL")
    op.create_index("ix_promises_place_id_over_on", "promises", ["place_id", "over_on"])
    op.create_index("ix_promises_referral_id", "promises", ["referral_id"])


def _open_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _insert(table: sa.TableClause, rows: list[dict[str, object]]) -> None:
    for start in range(0, len(rows), 500):
        op.bulk_insert(table, rows[start : start + 500])


def _beds_become_places() -> None:
    connection, today = op.get_bind(), clock.now().date()
    beds = connection.execute(sa.select(BEDS)).all()
    units = {organisation: uuid.uuid4() for organisation in sorted({bed.organisation_id for bed in beds}, key=str)}
    _insert(
        UNITS,
        [
            {"id": unit, "organisation_id": organisation, "label": FIRST_UNIT, "for_whom": EVERYBODY}
            for organisation, unit in units.items()
        ],
    )
    _insert(
        PLACES,
        [
            {
                "id": bed.id,
                "organisation_id": bed.organisation_id,
                "label": bed.label,
                "file_label": bed.file_label,
                "from_on": bed.opened_on,
                "until_on": bed.closed_from,
                "closed_why": bed.closed_why,
                "extra_why": "",
            }
            for bed in beds
        ],
    )
    _insert(
        IN_UNITS,
        [
            {
                "id": uuid.uuid4(),
                "place_id": bed.id,
                "unit_id": units[bed.organisation_id],
                "label": bed.label,
                "from_on": bed.opened_on,
                "until_on": None,
            }
            for bed in beds
        ],
    )
    _insert(
        OUT_OF_SERVICE,
        [
            {
                "id": uuid.uuid4(),
                "place_id": bed.id,
                "from_on": today,
                "until_on": None,
                "reason": "other",
                "when_free": False,
            }
            for bed in beds
            if bed.out_of_use and bed.closed_from is None
        ],
    )


def _stays_have_places() -> None:
    """Of somebody who moved only the last bed is known. Where two had one bed on one night, who left later came later:
    the row of that stay begins when the other ended, and where the person was before is not known."""
    stays = op.get_bind().execute(sa.select(STAYS)).all()
    free_from: dict[uuid.UUID, date] = {}
    rows: list[dict[str, object]] = []
    for stay in sorted(stays, key=lambda each: (each.ended_on or date.max, each.admitted_on, each.id)):
        begins = max(stay.admitted_on, free_from.get(stay.bed_id, date.min))
        if stay.ended_on is not None:
            begins = min(begins, stay.ended_on)
            free_from[stay.bed_id] = stay.ended_on
        rows.append(
            {
                "id": uuid.uuid4(),
                "stay_id": stay.id,
                "place_id": stay.bed_id,
                "with_stay_id": None,
                "from_on": begins,
                "until_on": stay.ended_on,
                "struck_on": None,
            }
        )
    _insert(OCCUPANCIES, rows)


def _kept_beds_are_promised() -> None:
    """Also what was kept long ago, as a promise that is over."""
    today = clock.now().date()
    begun = sa.exists().where(STAYS.c.referral_id == REFERRALS.c.id)
    waits = sa.or_(REFERRALS.c.status == "accepted", sa.and_(REFERRALS.c.status == "arrived", ~begun))
    wanted = sa.select(REFERRALS.c.id, REFERRALS.c.bed_id, waits.label("waits")).where(REFERRALS.c.bed_id.is_not(None))
    _insert(
        PROMISES,
        [
            {
                "id": uuid.uuid4(),
                "place_id": referral.bed_id,
                "referral_id": referral.id,
                "code": "",
                "from_on": today,
                "until_on": today + timedelta(days=2),
                "over_on": None if referral.waits else today,
            }
            for referral in op.get_bind().execute(wanted).all()
        ],
    )


def _drop_column(table: str, *indexes: str) -> None:
    """SQLite cannot rebuild a table to which others refer, but it drops a column that nothing in the schema names."""
    for each in indexes:
        op.drop_index(each, table_name=table)
    key = f"fk_{table}_bed_id_beds"
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(table, rf',\s*CONSTRAINT "?{key}"? FOREIGN KEY\s*\("?bed_id"?\) REFERENCES "?beds"? \("?id"?\)', "")
    else:
        op.drop_constraint(key, table, type_="foreignkey")
    op.drop_column(table, "bed_id")


def _rewrite(table: str, before: str, after: str) -> None:
    """On SQLite, change the schema of a table itself, where no stored row is affected (as `schema.exchange_codes`)."""
    connection = op.get_bind()
    sql = connection.execute(
        sa.text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :name"), {"name": table}
    ).scalar_one()
    changed, number = re.subn(before, after, sql)
    if number != 1:
        raise RuntimeError(f"the schema of {table} is not as expected")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    connection.execute(
        sa.text("UPDATE sqlite_schema SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": changed, "name": table},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=OFF")


OVERLAP = """
    SELECT 1 FROM occupancies AS other
    WHERE other.id <> NEW.id AND other.struck_on IS NULL
    AND (other.place_id = NEW.place_id OR other.stay_id = NEW.stay_id)
    AND (other.until_on IS NULL OR (other.until_on > NEW.from_on AND other.until_on > other.from_on))
    AND (NEW.until_on IS NULL OR (NEW.until_on > other.from_on AND NEW.until_on > NEW.from_on))
"""
WHEN = {"insert": "INSERT", "update": "UPDATE OF place_id, stay_id, from_on, until_on, struck_on"}
REFUSED = "occupancies: two people in one place, or one person in two places, on one night"


def _one_person_a_night() -> None:
    """No row that is written now overlaps another. On PostgreSQL the place and the stay are locked for it, so that of
    two transactions the second sees the row of the first."""
    if op.get_bind().dialect.name == "sqlite":
        for name, event in WHEN.items():
            op.execute(
                f"CREATE TRIGGER occupancies_{name} BEFORE {event} ON occupancies"
                f" WHEN NEW.struck_on IS NULL AND EXISTS ({OVERLAP})"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION occupancies_one_person() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM 1 FROM places WHERE places.id = NEW.place_id FOR UPDATE;"
        " PERFORM 1 FROM stays WHERE stays.id = NEW.stay_id FOR UPDATE;"
        f" IF NEW.struck_on IS NULL AND EXISTS ({OVERLAP}) THEN"
        f" RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'exclusion_violation'; END IF;"
        " RETURN NEW; END $$"
    )
    for name, event in WHEN.items():
        op.execute(
            f"CREATE TRIGGER occupancies_{name} BEFORE {event} ON occupancies"
            " FOR EACH ROW EXECUTE FUNCTION occupancies_one_person()"
        )


def downgrade(database: str) -> None:
    """A stay keeps the last place it had; one without a place (a child with its mother) gets a closed bed of its own.
    Units, extra places as such, days out of service, promises for codes and struck rows are forgotten.
    """
    if database != "main":
        return
    _drop_triggers()
    _places_become_beds()
    _stays_have_beds()
    _promises_keep_beds()
    for table in ("promises", "occupancies", "out_of_service", "places_in_units", "places", "units"):
        op.drop_table(table)


def _drop_triggers() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name in WHEN:
        op.execute(f"DROP TRIGGER occupancies_{name}" + ("" if sqlite else " ON occupancies"))
    if not sqlite:
        op.execute("DROP FUNCTION occupancies_one_person()")


def _places_become_beds() -> None:
    op.create_table(
        "beds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("out_of_use", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_beds_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beds")),
        sa.UniqueConstraint("organisation_id", "label", name=op.f("uq_beds_organisation_id_label")),
    )
    op.add_column("beds", sa.Column("file_label", sa.String(), nullable=True))
    op.add_column("beds", sa.Column("opened_on", sa.Date(), nullable=True))
    op.add_column("beds", sa.Column("closed_from", sa.Date(), nullable=True))
    # As 0035 wrote them, so that its own way down can drop them: on SQLite the checks belong to the column.
    checks = {op.f(f"ck_beds_{name}"): condition for name, condition in OLD_CHECKS.items()}
    if op.get_bind().dialect.name == "sqlite":
        words = " ".join(f"CONSTRAINT {name} CHECK ({condition})" for name, condition in checks.items())
        op.execute(f"ALTER TABLE beds ADD COLUMN closed_why VARCHAR DEFAULT '' NOT NULL {words}")
    else:
        op.add_column("beds", sa.Column("closed_why", sa.String(), nullable=False, server_default=""))
        for name, condition in checks.items():
            op.create_check_constraint(name, "beds", condition)
    connection, today = op.get_bind(), clock.now().date()
    out = set(
        connection.scalars(
            sa.select(OUT_OF_SERVICE.c.place_id).where(
                OUT_OF_SERVICE.c.from_on <= today,
                sa.or_(OUT_OF_SERVICE.c.until_on.is_(None), OUT_OF_SERVICE.c.until_on > today),
            )
        )
    )
    _insert(
        BEDS,
        [
            {
                "id": place.id,
                "organisation_id": place.organisation_id,
                "label": place.label,
                "out_of_use": place.id in out or place.until_on is not None,
                "file_label": place.file_label,
                "opened_on": place.from_on,
                "closed_from": place.until_on,
                "closed_why": "other" if place.closed_why in ("extra", "renamed") else place.closed_why,
            }
            for place in connection.execute(sa.select(PLACES)).all()
        ],
    )


def _stays_have_beds() -> None:
    connection = op.get_bind()
    _add_column("stays")
    last: dict[uuid.UUID, uuid.UUID] = {}
    rows = sa.select(OCCUPANCIES).where(OCCUPANCIES.c.struck_on.is_(None), OCCUPANCIES.c.place_id.is_not(None))
    ordered = rows.order_by(OCCUPANCIES.c.from_on, OCCUPANCIES.c.until_on.is_(None), OCCUPANCIES.c.until_on)
    for row in connection.execute(ordered).all():
        last[row.stay_id] = row.place_id
    stays = connection.execute(sa.select(STAYS.c.id, STAYS.c.organisation_id, STAYS.c.ended_on)).all()
    taken: set[uuid.UUID] = set()
    own, put = [], []
    for stay in sorted(stays, key=lambda each: (each.id not in last, each.id)):
        place_id = last.get(stay.id)
        if place_id is None or (stay.ended_on is None and place_id in taken):
            place_id = uuid.uuid4()
            own.append(
                {
                    "id": place_id,
                    "organisation_id": stay.organisation_id,
                    "label": place_id.hex[:12],
                    "out_of_use": True,
                    "file_label": None,
                    "opened_on": None,
                    "closed_from": clock.now().date(),
                    "closed_why": "other",
                }
            )
        if stay.ended_on is None:
            taken.add(place_id)
        put.append({"stay": stay.id, "bed": place_id})
    _insert(BEDS, own)
    if put:
        statement = sa.update(STAYS).where(STAYS.c.id == sa.bindparam("stay")).values(bed_id=sa.bindparam("bed"))
        connection.execute(statement, put)
    if connection.dialect.name == "sqlite":
        _rewrite("stays", r"\bbed_id CHAR\(32\)", "bed_id CHAR(32) NOT NULL")
    else:
        op.alter_column("stays", "bed_id", nullable=False)
    where = sa.text("ended_on IS NULL")
    op.create_index("uq_stays_open_bed", "stays", ["bed_id"], unique=True, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_stays_bed_id", "stays", ["bed_id"])


def _promises_keep_beds() -> None:
    connection = op.get_bind()
    _add_column("referrals")
    kept: set[uuid.UUID] = set()
    wanted = (
        sa.select(PROMISES.c.referral_id, PROMISES.c.place_id, REFERRALS.c.status)
        .join(REFERRALS, REFERRALS.c.id == PROMISES.c.referral_id)
        .order_by(PROMISES.c.over_on.is_not(None), PROMISES.c.id)
    )
    done: set[uuid.UUID] = set()
    for row in connection.execute(wanted).all():
        if row.referral_id not in done and (row.status != "accepted" or row.place_id not in kept):
            done.add(row.referral_id)
            connection.execute(
                sa.update(REFERRALS).where(REFERRALS.c.id == row.referral_id).values(bed_id=row.place_id)
            )
            kept |= {row.place_id} if row.status == "accepted" else set()
    where = sa.text("status = 'accepted'")
    op.create_index(
        "uq_referrals_kept_bed", "referrals", ["bed_id"], unique=True, sqlite_where=where, postgresql_where=where
    )


def _add_column(table: str) -> None:
    key = op.f(f"fk_{table}_bed_id_beds")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN bed_id CHAR(32)")
        _rewrite(table, r"\)\s*$", f", CONSTRAINT {key} FOREIGN KEY(bed_id) REFERENCES beds (id))")
    else:
        op.add_column(table, sa.Column("bed_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(key, table, "beds", ["bed_id"], ["id"])
