"""Sessions, the public halves that signatures are checked with, and since when a grant's key is known carry marks.

All sessions end. A member's key that lies there now is taken to be right where that of their other key is. Of grants
nothing is trusted: what has no mark counts as older, and is sealed again at the next press. Needs the key files.
"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0036_sessions_are_marked"
down_revision = "0035_beds"
branch_labels = None
depends_on = None

MEMBERS = sa.table(
    "members",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("kem_public", sa.LargeBinary()),
    sa.column("kem_mark", sa.LargeBinary()),
    sa.column("sign_public", sa.LargeBinary()),
    sa.column("sign_mark", sa.LargeBinary()),
)


def upgrade(database: str) -> None:
    if database != "main":
        return
    op.execute("DELETE FROM member_sessions")
    op.add_column("member_sessions", sa.Column("whose_mark", sa.LargeBinary(), nullable=True))
    op.add_column("member_sessions", sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.add_column("grants", sa.Column("since_mark", sa.LargeBinary(), nullable=True))
    op.add_column("members", sa.Column("sign_mark", sa.LargeBinary(), nullable=True))
    _mark_members()


def downgrade(database: str) -> None:
    if database != "main":
        return
    op.drop_column("members", "sign_mark")
    op.drop_column("grants", "since_mark")
    op.drop_column("member_sessions", "mark")
    op.drop_column("member_sessions", "whose_mark")


def _mark_members() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(MEMBERS).where(MEMBERS.c.kem_mark.is_not(None))).all()
    if not rows:
        return
    key = crypto.expand(current_app.extensions["nrm.config"].secrets.store, crypto.ctx("mark"))
    for row in rows:
        if row.kem_public is None or row.sign_public is None:
            continue
        known = crypto.mac(key, crypto.ctx("member", row.id, row.organisation_id, row.kem_public))
        if crypto.same(row.kem_mark, known):
            made = crypto.mac(key, crypto.ctx("signing key", row.id, row.organisation_id, row.sign_public))
            connection.execute(sa.update(MEMBERS).where(MEMBERS.c.id == row.id).values(sign_mark=made))
