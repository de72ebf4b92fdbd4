"""An account knows how costly its password is to try and how often somebody failed in it; a session knows its browser.

What an account costs is what the settings say at the moment of the upgrade: with others nobody could have signed in.
"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

import nrm.db

revision = "0072_sign_ins"
down_revision = "0071_leaving_and_suspensions"
branch_labels = None
depends_on = None

INSTANT = nrm.db.UtcDateTime(timezone=True)
TALLIES = ("failed_known", "failed_elsewhere", "codes_known", "codes_elsewhere")
FAILED = ("failed_known", "failed_elsewhere")


def upgrade(database: str) -> None:
    if database != "main":
        return
    for name in ("argon2_kib", "argon2_passes"):
        op.add_column("members", sa.Column(name, sa.Integer(), nullable=True))
    for name in TALLIES:
        op.add_column("members", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    for name in ("signed_in_at", "waits_at"):
        op.add_column("members", sa.Column(name, INSTANT, nullable=True))
    for name in ("browser", "device"):
        op.add_column("member_sessions", sa.Column(name, sa.String(), nullable=False, server_default=""))
    for name in FAILED:
        op.add_column("member_sessions", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("member_sessions", sa.Column("before_at", INSTANT, nullable=True))
    op.add_column(
        "member_sessions", sa.Column("asks_password", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    config = current_app.extensions["nrm.config"]
    members = sa.table(
        "members",
        sa.column("salt", sa.LargeBinary()),
        sa.column("argon2_kib", sa.Integer()),
        sa.column("argon2_passes", sa.Integer()),
    )
    op.execute(
        sa.update(members)
        .where(members.c.salt.is_not(None))
        .values(argon2_kib=config.argon2_kib, argon2_passes=config.argon2_passes)
    )


def downgrade(database: str) -> None:
    """Accounts whose cost is another than the settings say cannot sign in below. Sessions that ask for another password
    end: an older program would not find their mark right."""
    if database != "main":
        return
    op.execute(sa.text("DELETE FROM member_sessions WHERE asks_password"))
    for name in ("asks_password", "before_at", *FAILED[::-1], "device", "browser"):
        op.drop_column("member_sessions", name)
    for name in ("waits_at", "signed_in_at", *TALLIES[::-1], "argon2_passes", "argon2_kib"):
        op.drop_column("members", name)
