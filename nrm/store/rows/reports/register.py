"""What was filed last for a table and quarter, for actions that checked who asks."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from nrm.db import db
from nrm.domain.quarters import Quarter
from nrm.domain.reports.register import Answer, Matrix
from nrm.models.reports.filings import SEALED, Filing

_REGISTER_LOCK = 0x726567  # any fixed number


_QUEUE = text("SELECT pg_advisory_xact_lock(:key)")


def hold(session: Session) -> None:
    """Until this transaction ends, nobody else files, counts what was filed, or makes the joint report of a quarter.

    For the first statement of an action: what is read before may be old. SQLite lets one write at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_QUEUE, {"key": _REGISTER_LOCK})


def newest(table: Matrix, quarter: Quarter) -> Filing | None:
    """What was filed last for the table and quarter. For actions, which have asked whether the asker may."""
    return db.session.scalar(
        select(Filing)
        .where(Filing.matrix == table.code, Filing.quarter == str(quarter))
        .order_by(Filing.position.desc())
        .limit(1)
    )


def answer_of(row: Filing | None) -> Answer | None:
    """What a filing says, as far as it is not sealed."""
    if row is None:
        return None
    return Answer.FIGURES if row.answer == SEALED else Answer(row.answer)
