"""The register of reporting requirements: what was filed for which quarter, and what is outstanding.

A focal point sees only the tables of the own agency. Those who may see all tables see the state of each, and the
figures about offences, officials and courts. Figures about people are sealed; nobody can open them.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import Select, bindparam, func, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports import register as rules
from nrm.domain.reports.register import Matrix, State
from nrm.domain.reports.reports import Window
from nrm.models.reports.filings import Filing
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.reports import register as rows

RELEASE = Actor.system("release")


@dataclass(frozen=True, slots=True)
class Line:
    """One table of one quarter: its state, when it is due, and what was filed last, if anything.

    `open`: something may still be filed for the quarter.
    """

    matrix: Matrix
    quarter: Quarter
    state: State
    due_on: date
    days_late: int
    filing_id: uuid.UUID | None
    filed_at: datetime | None
    open: bool


def lines(*, by: Actor) -> list[Line]:
    """Every table the asker may see, of every open quarter and of the last closed one, the oldest quarter first."""
    by.must(Permission.REGISTER_READ)
    now = days.span()
    before = [now.closed] if now.closed is not None else []
    return _table_lines([*before, *now.quarters], _tables(by), closed=now.closed)


def of_quarter(quarter: Quarter, *, by: Actor) -> list[Line]:
    """The lines of one quarter, open or not; also for making its joint report."""
    if by != RELEASE:
        by.must(Permission.REGISTER_READ)
    return _table_lines([quarter], _tables(by))


def late(*, by: Actor) -> list[Line]:
    """What is not filed though its day has passed, the longest outstanding first; for the home pages of all three."""
    found = [line for line in lines(by=by) if line.open and line.state is State.LATE]
    return sorted(found, key=lambda line: (-line.days_late, line.matrix.requirement, line.matrix.code))


def awaited(quarter: Quarter, *, by: Actor) -> tuple[str, ...]:
    """The agencies whose tables about people closing a quarter waits for: those that are to come and not due yet."""
    by.must(Permission.REPORT_CLOSE)
    if quarter not in days.span().quarters:
        return ()
    tables = [table for table in _tables(by) if table.protected]
    lines_ = _table_lines([quarter], tables)
    return tuple(sorted({line.matrix.filed_by for line in lines_ if line.state is State.DUE}))


def matrix(code: str, *, by: Actor) -> Matrix:
    """A table that the actor's agency files; raises NotVisible, both for another's table and for none."""
    by.must(Permission.REGISTER_FILE)
    found = country().register.tables.get(code)
    if found is None or found.filed_by != by.organisation_code:
        raise NotVisible
    return found


def is_own(filing_id: uuid.UUID, table: Matrix, quarter: Quarter, *, by: Actor) -> bool:
    """Whether the actor filed the table of the quarter under that id before; NotVisible for an id of something else."""
    found = db.session.get(Filing, filing_id)
    if found is None:
        return False
    if (found.matrix, found.quarter, found.member_id) != (table.code, str(quarter), by.member_id):
        raise NotVisible
    return True


def filing(filing_id: uuid.UUID, *, by: Actor) -> Filing:
    """One filing, of the own agency, or of any agency for those who see the whole register; raises NotVisible."""
    by.must(Permission.REGISTER_READ)
    visible = Filing.matrix.in_([table.code for table in _tables(by)])
    found = db.session.scalar(select(Filing).where(Filing.id == filing_id, visible))
    if found is None:
        raise NotVisible
    return found


def filing_of(filing_id: uuid.UUID, *, by: Actor) -> Filing:
    """One filing, for making the joint report only; raises NotVisible."""
    if by != RELEASE:
        raise NotPermitted("the joint report is made by the program")
    found = db.session.get(Filing, filing_id)
    if found is None:
        raise NotVisible
    return found


def history(table: Matrix, quarter: Quarter, *, by: Actor) -> Sequence[Filing]:
    """Everything that was filed for the table and quarter, the newest first."""
    if by != RELEASE:
        by.must(Permission.REGISTER_READ)
    if table not in _tables(by):
        raise NotVisible
    statement = select(Filing).where(Filing.matrix == table.code, Filing.quarter == str(quarter))
    return db.session.scalars(statement.order_by(Filing.position.desc())).all()


def filed_for(report: str, window: Window, *, by: Actor) -> Mapping[str, Filing]:
    """The newest filing of a protected table for each quarter of a window. For closing a quarter only."""
    if by != RELEASE:
        raise NotPermitted("what is filed about people is counted by the program alone")
    return {row.quarter: row for row in _newest([report], window.quarters)}


def _tables(by: Actor) -> tuple[Matrix, ...]:
    register = country().register
    if by == RELEASE or not by.may(Permission.REGISTER_FILE):
        return tuple(register.tables.values())
    return register.of(by.organisation_code)


def _newest(codes: Collection[str], quarters: Collection[str]) -> Sequence[Filing]:
    return db.session.scalars(_newest_of(), {"codes": list(codes), "quarters": list(quarters)}).all()


@cache
def _newest_of() -> Select[Filing]:
    last = (
        select(Filing.matrix, Filing.quarter, func.max(Filing.position).label("position"))
        .where(
            Filing.matrix.in_(bindparam("codes", expanding=True)),
            Filing.quarter.in_(bindparam("quarters", expanding=True)),
        )
        .group_by(Filing.matrix, Filing.quarter)
        .subquery()
    )
    return select(Filing).join(
        last,
        (Filing.matrix == last.c.matrix) & (Filing.quarter == last.c.quarter) & (Filing.position == last.c.position),
    )


def _table_lines(quarters: Sequence[Quarter], tables: Sequence[Matrix], *, closed: Quarter | None = None) -> list[Line]:
    if not quarters or not tables:
        return []
    codes = [table.code for table in tables]
    found = {(row.matrix, row.quarter): row for row in _newest(codes, [str(quarter) for quarter in quarters])}
    day = days.today()
    return [
        _table_line(table, quarter, found.get((table.code, str(quarter))), day, closed)
        for quarter in quarters
        for table in tables
    ]


def _table_line(table: Matrix, quarter: Quarter, row: Filing | None, day: date, closed: Quarter | None) -> Line:
    return Line(
        matrix=table,
        quarter=quarter,
        state=rules.state_of(rows.answer_of(row), table, quarter, day),
        due_on=table.due_on(quarter),
        days_late=0 if row else table.days_late(quarter, day),
        filing_id=row.id if row else None,
        filed_at=row.filed_at if row else None,
        open=closed is None or quarter > closed,
    )


def newest(table: Matrix, quarter: Quarter, *, by: Actor) -> Filing | None:
    """What the asker's agency filed last for the table and quarter; raises NotVisible for another's table."""
    return rows.newest(matrix(table.code, by=by), quarter)
