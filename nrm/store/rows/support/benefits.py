"""Benefits by their codes, for actions that have decided who may."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from nrm.db import db, rows_hit
from nrm.domain.support.benefits import KEPT_MONTHS, Second, State, month_after
from nrm.models.support.benefits import Benefit
from nrm.vault import rows as marked

SHOWN = Benefit.second != str(Second.WANTED)
"""What the payment desk sees: not what waits for a second member of the house, or was called off while it did."""


NEW = and_(Benefit.untold, or_(Benefit.state == str(State.ASKED), Benefit.nobody_on.is_(None)))
"""What the payment desk said and the house has not answered: neither that the person knows, nor that nobody has to be
told any more."""


def is_taken(code: str, voucher: str) -> bool:
    """Whether the code or the number of the voucher is one already."""
    taken = Benefit.code == code
    return bool(db.session.scalar(select(exists().where(taken | (Benefit.voucher == voucher) if voucher else taken))))


def stir(session: Session, *, settled: bool = False) -> None:
    """Write what waits, and what was called off, anew, in a random order and in one transaction: else PostgreSQL would
    say by the place of a row, and by the transaction that wrote it, after which other row of the database it came.
    `settled`: also what was paid or came back, where that is what was changed."""
    moving = Benefit.state.in_([str(each) for each in State if settled or each in (State.ASKED, State.CALLED_OFF)])
    codes = list(session.scalars(select(Benefit.code).where(moving).with_for_update()))
    random.SystemRandom().shuffle(codes)
    for code in codes:
        session.execute(
            update(Benefit)
            .where(Benefit.code == code)
            .values(months=Benefit.months)
            .execution_options(synchronize_session=False)
        )


def asked_alone(codes: Collection[str]) -> int:
    """How much was asked for by these codes without a second member, and is paid or waits. What another hand wrote
    counts nowhere."""
    which = (Benefit.code.in_(codes), Benefit.state.in_([str(State.ASKED), str(State.PAID)]))
    return sum(each.amount for each in _sound(Benefit.second == str(Second.NONE), *which))


def lately_alone(organisation_id: uuid.UUID, paid_since: date) -> tuple[int, int]:
    """(how much, in how many benefits) the organisation asked for without a second member that waits to be paid, or was
    paid in that month or later. What another hand wrote counts nowhere."""
    found = _sound(*is_lately_alone(organisation_id, paid_since))
    return sum(each.amount for each in found), len(found)


def _sound(*which: ColumnElement[bool]) -> list[Benefit]:
    statement = select(Benefit).where(*which).execution_options(populate_existing=True)
    return [each for each in db.session.scalars(statement) if marked.is_benefit(each)]


def is_lately_alone(
    organisation_id: uuid.UUID | None, paid_since: date | ColumnElement[date]
) -> tuple[ColumnElement[bool], ...]:
    """Which benefits of a house `lately_alone` counts."""
    paid = and_(Benefit.state == str(State.PAID), Benefit.settled_month >= paid_since)
    lately = or_(Benefit.state == str(State.ASKED), paid)
    return Benefit.organisation_id == organisation_id, Benefit.second == str(Second.NONE), lately


def add(session: Session, benefit: Benefit) -> None:
    """Write a new one, which waits, with its mark."""
    benefit.was, benefit.untold, benefit.off_unseen = "", False, False
    benefit.mark = marked.benefit_mark(benefit)
    session.add(benefit)
    session.flush()


def is_foreign(code: str) -> bool:
    """Whether there is a row of this code that this program did not write as it is now."""
    found = db.session.scalar(select(Benefit).where(Benefit.code == code).execution_options(populate_existing=True))
    return found is not None and not marked.is_benefit(found)


def call_off(session: Session, code: str, month: date) -> bool:
    """Whether it waited, and is called off now; the manager of the house has not seen it yet."""
    waits = (Benefit.code == code, Benefit.state == str(State.ASKED))
    return bool(_change(session, *waits, state=str(State.CALLED_OFF), settled_month=month, off_unseen=True))


def bring_back(
    session: Session, code: str, organisation_id: uuid.UUID, since: date, second: Second, *, tell: bool
) -> bool:
    """Whether the organisation's own was called off in that month or later, and waits again, with or without a second
    member; `tell`: the house reads that it is asked for again."""
    own = (Benefit.code == code, Benefit.organisation_id == organisation_id)
    off = (*own, Benefit.state == str(State.CALLED_OFF), Benefit.settled_month >= since)
    back = {"state": str(State.ASKED), "settled_month": None, "second": str(second), "nobody_on": None}
    return bool(_change(session, *off, **back, nobody_by_id=None, off_unseen=tell, untold=False))


def off_seen(session: Session, organisation_id: uuid.UUID, codes: Collection[str]) -> int:
    """The manager has seen that these were called off in the house; returns how many. What is asked for again and waits
    for a second member stays: nobody puts that by."""
    off = (Benefit.organisation_id == organisation_id, Benefit.off_unseen.is_(True), Benefit.code.in_(codes))
    return _change(session, *off, or_(Benefit.state != str(State.ASKED), SHOWN), off_unseen=False)


def agree(session: Session, code: str) -> bool:
    """Whether the benefit waited for a second member, and waits for the payment desk now."""
    wanted = (Benefit.code == code, Benefit.state == str(State.ASKED), Benefit.second == str(Second.WANTED))
    return bool(_change(session, *wanted, second=str(Second.GIVEN)))


def say_nobody(session: Session, code: str, today: date, member_id: uuid.UUID | None) -> bool:
    """Whether it waits, and it stands now that nobody knows whose it is; said before, it stands as it was said."""
    which = (Benefit.code == code, Benefit.state == str(State.ASKED), Benefit.nobody_on.is_(None))
    return bool(_change(session, *which, nobody_on=today, nobody_by_id=member_id))


def say_found(session: Session, code: str) -> bool:
    """Whether it was said of it, and is not any more."""
    return bool(
        _change(session, Benefit.code == code, Benefit.nobody_on.is_not(None), nobody_on=None, nobody_by_id=None)
    )


def of_nobody(before: date) -> list[str]:
    """The codes that wait, and of which it was said on that day or before."""
    statement = select(Benefit.code).where(Benefit.state == str(State.ASKED), Benefit.nobody_on <= before)
    return list(db.session.scalars(statement))


def settle(session: Session, code: str, before: State, after: State, month: date) -> bool:
    """Whether the benefit stood so, and stands otherwise now."""
    stood = (Benefit.code == code, Benefit.state == str(before))
    return bool(_change(session, *stood, state=str(after), settled_month=month))


def settle_by_desk(session: Session, code: str, before: State, after: State, today: date) -> bool:
    """As `settle`, by the payment desk: for a day it can be taken back, and the house has not seen it yet."""
    month = today.replace(day=1)
    said = {"state": str(after), "was": str(before), "settled_on": today, "settled_month": month, "untold": True}
    said |= {"nobody_on": None, "nobody_by_id": None}
    return bool(_change(session, Benefit.code == code, Benefit.state == str(before), **said))


def undo(session: Session, code: str, since: date) -> bool:
    """Whether what the desk said of it on that day or later is taken back. The house is told of that, too, unless it
    was told nothing of it yet."""
    row = next(iter(_own(session, Benefit.code == code, Benefit.was != "", Benefit.settled_on >= since)), None)
    if row is None:
        return False
    was_new = row.untold and (row.state == State.ASKED or row.nobody_on is None)
    never_told = was_new and row.was in (State.ASKED, State.CALLED_OFF)
    month = None if row.was == State.ASKED else row.settled_month
    back = {"state": row.was, "was": "", "settled_on": None, "settled_month": month, "untold": not never_told}
    return bool(_change(session, Benefit.code == code, **back, nobody_on=None, nobody_by_id=None))


def seen(session: Session, codes: Collection[str], today: date, member_id: uuid.UUID | None) -> int:
    """The house says no more that somebody has to be told what became of these; returns of how many. The page of the
    person keeps it, and who said so on which day: what waits again was taken back, and is told there no more either."""
    new, waits = (Benefit.code.in_(codes), NEW), Benefit.state == str(State.ASKED)
    number = _change(session, *new, ~waits, nobody_on=today, nobody_by_id=member_id)
    return number + _change(session, *new, waits, untold=False)


def told(session: Session, code: str, state: State) -> bool:
    """Whether it stood so and the person had not been told; she knows it now."""
    found = {} if state is State.ASKED else {"nobody_on": None, "nobody_by_id": None}
    untold = (Benefit.code == code, Benefit.state == str(state), Benefit.untold.is_(True))
    return bool(_change(session, *untold, untold=False, **found))


def not_told(session: Session, code: str) -> bool:
    """Whether the person was said to know what became of it; she does not know it yet."""
    return bool(_change(session, Benefit.code == code, Benefit.untold.is_(False), untold=True))


def is_put_back(state: State, said: str | None) -> bool:
    """Whether the audit chain (`entries.of_benefits`) tells otherwise of a benefit than its row: somebody put an older
    row back, with its mark."""
    if said in (State.PAID, State.RETURNED):
        return state != said
    return said is not None and state not in (State.ASKED, State.CALLED_OFF)


def _own(session: Session, *which: ColumnElement[bool]) -> list[Benefit]:
    """Those rows that this program wrote as they are now, for this transaction to change."""
    statement = select(Benefit).where(*which).with_for_update().execution_options(populate_existing=True)
    return [each for each in session.scalars(statement) if marked.is_benefit(each)]


def _change(session: Session, *which: ColumnElement[bool], **values: object) -> int:
    """Change those rows, and mark them again; returns how many. What another hand wrote stays as it is."""
    rows = _own(session, *which)
    for each in rows:
        for name, value in values.items():
            setattr(each, name, value)
        each.mark = marked.benefit_mark(each)
    session.flush()
    return len(rows)


def is_any_asked(organisation_id: uuid.UUID) -> bool:
    """Whether a benefit of the organisation waits to be paid."""
    asked = exists().where(Benefit.organisation_id == organisation_id, Benefit.state == str(State.ASKED))
    return bool(db.session.scalar(select(asked)))


def asked(codes: Collection[str]) -> set[str]:
    """Those of these codes that wait to be paid."""
    waits = select(Benefit.code).where(Benefit.code.in_(codes), Benefit.state == str(State.ASKED))
    return set(db.session.scalars(waits))


def is_open(since: date) -> ColumnElement[bool]:
    """Of which benefits the payment desk can still say that money went out, or the house has not read what it said:
    called off in that month or later, not seen by the house, or what can still be taken back."""
    called_off = and_(Benefit.state == str(State.CALLED_OFF), Benefit.settled_month >= since, SHOWN)
    return or_(called_off, NEW, Benefit.was != "")


def unsettled(codes: Collection[str], since: date) -> set[str]:
    """Those of these codes of which `is_open` is true."""
    return set(db.session.scalars(select(Benefit.code).where(Benefit.code.in_(codes), is_open(since))))


def forget_days(session: Session, before: date) -> None:
    """What can be taken back no more says no day and no former state."""
    _change(session, Benefit.settled_on < before, was="", settled_on=None)


def forget(session: Session, today: date) -> int:
    """Delete what began so long ago that its months and the time for accounts are over; returns how many."""
    before = month_after(today, -KEPT_MONTHS)
    old = [
        each.code
        for each in session.scalars(select(Benefit).where(Benefit.from_month < before))
        if month_after(each.from_month, each.months - 1) < before
    ]
    return rows_hit(session, delete(Benefit).where(Benefit.code.in_(old))) if old else 0
