"""What a release leaves for the next are its printed figures: marks of who was counted in which figure are deleted."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app

from nrm import crypto

revision = "0061_figures_alone"
down_revision = "0060_letters_pass_the_child_gate"
branch_labels = None
depends_on = None

MEMORIES = sa.table("release_memories", sa.column("id"), sa.column("release_id"), sa.column("sealed_memory"))
RELEASES = sa.table("releases", sa.column("id"), sa.column("report"), sa.column("quarter"))
DRAFTS = sa.table(
    "release_drafts", sa.column("id"), sa.column("report"), sa.column("quarter"), sa.column("sealed_draft")
)


def upgrade(database: str) -> None:
    """Seal every memory of a release, and of a draft, again without the HMACs of contributors."""
    if database != "main":
        return
    connection = op.get_bind()
    memories = sa.select(MEMORIES.c.id, MEMORIES.c.sealed_memory, RELEASES.c.report, RELEASES.c.quarter).join(
        RELEASES, RELEASES.c.id == MEMORIES.c.release_id
    )
    for row in connection.execute(memories).all():
        opened, context = _opened(row.sealed_memory, row.report, row.quarter)
        if opened is not None and opened.get("kept", {}).pop("contributors", None) is not None:
            sealed = _sealed(opened, context)
            connection.execute(MEMORIES.update().where(MEMORIES.c.id == row.id).values(sealed_memory=sealed))
    for row in connection.execute(sa.select(DRAFTS)).all():
        opened, context = _opened(row.sealed_draft, "draft", row.report, row.quarter)
        kept = opened.get("memory", {}).get("kept", {}) if opened is not None else {}
        if kept.pop("contributors", None) is not None:
            sealed = _sealed(opened, context)
            connection.execute(DRAFTS.update().where(DRAFTS.c.id == row.id).values(sealed_draft=sealed))


def downgrade(database: str) -> None:
    """They are gone; the code below takes a memory without them as one whose successor is released."""


def _opened(sealed: bytes, *context: str) -> tuple[dict[str, Any] | None, bytes]:
    """The value, None where it does not open: whoever closes the next quarter is told of that; and what it is of."""
    bound = crypto.ctx("memory", *context)
    try:
        return json.loads(crypto.unseal(_key(), bytes(sealed), bound)), bound
    except crypto.CannotOpen:
        return None, bound


def _sealed(value: dict[str, Any] | None, bound: bytes) -> bytes:
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return crypto.seal(_key(), plain, bound)


def _key() -> bytes:
    key: bytes = current_app.extensions["nrm.config"].secrets.store
    return key
