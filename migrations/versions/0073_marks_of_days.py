"""The mark of a grant covers the last day of its consent; that of the instance what kind of instance it is; and that of a
consent what destroys by it. The second database keeps which grants were taken back.

Marks that are right now are made anew under another word: no row from before this day is right afterwards. The other rows
are taken to be right: the operator has checked the instance before the upgrade. Needs the key files.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from flask import current_app

import nrm.db
from nrm import crypto

revision = "0073_marks_of_days"
down_revision = "0072_sign_ins"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
_OF_IDENTIFICATION = ("joint_interview", "first_decision", "second_decision", "third_decision")
_OF_PERMITS = ("identity", "legal")
READ_BY_CONSENT = {
    "police": _OF_IDENTIFICATION,
    "responsible_authority": _OF_IDENTIFICATION,
    "child_protection": _OF_IDENTIFICATION,
    "trp_unit": _OF_PERMITS,
    "prosecution": _OF_PERMITS,
}
GRANTS = sa.table(
    "grants",
    sa.column("case_id", sa.Uuid()),
    sa.column("compartment", sa.String()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("epoch", sa.Integer()),
    sa.column("mark", sa.LargeBinary()),
    sa.column("until_on", sa.Date()),
)
ORGANISATIONS = sa.table(
    "organisations",
    sa.column("id", sa.Uuid()),
    sa.column("code", sa.String()),
    sa.column("party", sa.String()),
    sa.column("kind", sa.String()),
)
CONSENTS = sa.table(
    "consents",
    sa.column("id", sa.Uuid()),
    sa.column("case_id", sa.Uuid()),
    sa.column("topic", sa.String()),
    sa.column("party", sa.String()),
    sa.column("said", sa.String()),
    sa.column("due_on", sa.Date()),
    sa.column("ended", sa.String()),
    sa.column("ended_on", sa.Date()),
    sa.column("narrowing", sa.String()),
    sa.column("mark", sa.LargeBinary()),
)
INSTANCES = sa.table(
    "instances",
    sa.column("id", sa.Uuid()),
    sa.column("country", sa.String()),
    sa.column("synthetic", sa.Boolean()),
    sa.column("second_factor", sa.Boolean()),
    sa.column("created_at", INSTANT),
    sa.column("mark", sa.LargeBinary()),
)


def upgrade(database: str) -> None:
    if database == "shred":
        # The table may be there: this was done before, and the machine stopped before it was written down.
        op.create_table(
            "ended_grants",
            sa.Column("case_id", sa.Uuid(), nullable=False),
            sa.Column("compartment", sa.String(), nullable=False),
            sa.Column("epoch", sa.Integer(), nullable=False),
            sa.Column("organisation_id", sa.Uuid(), nullable=False),
            sa.PrimaryKeyConstraint("case_id", "compartment", "epoch", "organisation_id", name=op.f("pk_ended_grants")),
            if_not_exists=True,
        )
        return
    op.add_column("grants", sa.Column("until_on", sa.Date(), nullable=True))
    op.add_column("instances", sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.add_column("consents", sa.Column("mark", sa.LargeBinary(), nullable=True))
    _mark_grants()
    _mark_instance()
    _mark_consents()


def downgrade(database: str) -> None:
    """An older program knows no days of grants: they end when `tend` ends them."""
    if database == "shred":
        op.drop_table("ended_grants")
        return
    connection = op.get_bind()
    for row in connection.execute(sa.select(GRANTS)).all():
        if crypto.same(row.mark, _held(row, row.until_on)):
            connection.execute(sa.update(GRANTS).where(*_place(row)).values(mark=_made(row)))
    op.drop_column("consents", "mark")
    op.drop_column("instances", "mark")
    op.drop_column("grants", "until_on")


def _at(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def _mac(*parts: crypto.Part) -> bytes:
    secret = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    return crypto.mac(secret, crypto.ctx(*parts))


def _made(row: sa.Row) -> bytes:
    return _mac("grant", row.case_id, row.compartment, row.epoch, row.organisation_id)


def _held(row: sa.Row, until_on: object) -> bytes:
    day = "" if until_on is None else str(until_on)
    return _mac("grant held", row.case_id, row.compartment, row.epoch, row.organisation_id, day)


def _place(row: sa.Row) -> tuple[sa.ColumnElement[bool], ...]:
    here = (GRANTS.c.case_id == row.case_id, GRANTS.c.compartment == row.compartment)
    return (*here, GRANTS.c.organisation_id == row.organisation_id)


def _mark_grants() -> None:
    connection = op.get_bind()
    acts = ORGANISATIONS.c.party
    last = {
        (row.case_id, row.party): row.due_on
        for row in connection.execute(
            sa.select(CONSENTS.c.case_id, CONSENTS.c.party, CONSENTS.c.due_on).where(
                CONSENTS.c.topic == "sharing", CONSENTS.c.ended_on.is_(None), CONSENTS.c.due_on.is_not(None)
            )
        )
    }
    rows = connection.execute(
        sa.select(GRANTS, ORGANISATIONS.c.kind, acts, ORGANISATIONS.c.code)
        .select_from(GRANTS)
        .join(ORGANISATIONS, ORGANISATIONS.c.id == GRANTS.c.organisation_id)
    ).all()
    for row in rows:
        if not crypto.same(row.mark, _made(row)):
            continue
        by_consent = row.compartment in READ_BY_CONSENT.get(row.kind, ())
        until_on = last.get((row.case_id, row.party or row.code)) if by_consent else None
        values = {"until_on": until_on, "mark": _held(row, until_on)}
        connection.execute(sa.update(GRANTS).where(*_place(row)).values(**values))


def _mark_instance() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(INSTANCES)).all():
        nature = (row.country, int(row.synthetic), int(row.second_factor), _at(row.created_at))
        values = {"mark": _mac("instance", row.id, *nature)}
        connection.execute(sa.update(INSTANCES).where(INSTANCES.c.id == row.id).values(**values))


def _mark_consents() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(CONSENTS)).all():
        said = (row.case_id, row.topic, row.party, row.said, row.narrowing, row.ended)
        values = {"mark": _mac("consent", row.id, *said)}
        connection.execute(sa.update(CONSENTS).where(CONSENTS.c.id == row.id).values(**values))
