"""Leave to read for a shift: of the people a member answers for, or of everybody in the building (ADR 0073).

It is looked up at each reading and kept nowhere: it ends in the moment in which somebody is no longer key worker, the
case is closed, or the person is another shelter's. Of who moves it ends, on duty, when they leave (ADR 0267).
"""

from __future__ import annotations

import uuid
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, select
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.domain.accounts.accounts import Actor
from nrm.domain.referrals.transfers import BOTH_WRITE
from nrm.domain.shelter.shifts import OPENS, ShiftKind
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.key_workers import KeyWorker, Shift, ShiftPage
from nrm.models.shelter.stays import Stay
from nrm.prepared import AnySession, Prepared, Row
from nrm.vault import grants
from nrm.vault.marks import microseconds, report, row_mac

_SHIFT, _PAGE = cast(Table, Shift.__table__).c, cast(Table, ShiftPage.__table__).c
_WORKER, _CASE, _STAY = cast(Table, KeyWorker.__table__).c, cast(Table, Case.__table__).c, cast(Table, Stay.__table__).c
_RUNNING = Prepared(
    select(*_SHIFT).where(
        _SHIFT.session_digest == bindparam("session_digest"),
        _SHIFT.until_at > bindparam("now"),
        _SHIFT.ended_at.is_(None),
    )
)
_LOOKED = Prepared(
    select(_PAGE.pages).where(_PAGE.shift_id == bindparam("shift_id"), _PAGE.case_id == bindparam("case_id"))
)
_MOVE = cast(Table, Referral.__table__).c
_HELD_CASE = and_(
    _CASE.id == bindparam("case_id"), _CASE.holder_id == bindparam("organisation_id"), _CASE.status == "open"
)
_MOVES = Prepared(
    select(_MOVE.id, _MOVE.case_id, _MOVE.sender_id, _MOVE.receiver_id, _MOVE.mark).where(
        _MOVE.case_id == bindparam("case_id"),
        _MOVE.sender_id == bindparam("organisation_id"),
        _MOVE.status == "accepted",
        _MOVE.departed_at.is_(None),
        _MOVE.decided_at > bindparam("moving_since"),
    )
)
_ANSWERS_FOR = Prepared(
    select(*_WORKER)
    .select_from(cast(Table, KeyWorker.__table__).join(cast(Table, Case.__table__), _CASE.id == _WORKER.case_id))
    .where(
        _HELD_CASE,
        _WORKER.member_id == bindparam("member_id"),
        _WORKER.organisation_id == _CASE.holder_id,
        _WORKER.ended_at.is_(None),
    )
)
_IN_THE_BUILDING = Prepared(
    select(_STAY.id)
    .select_from(cast(Table, Stay.__table__).join(cast(Table, Case.__table__), _CASE.id == _STAY.case_id))
    .where(_HELD_CASE, _STAY.organisation_id == _CASE.holder_id, _STAY.ended_on.is_(None))
)
_SLEEPS_HERE = Prepared(
    select(_STAY.id)
    .select_from(cast(Table, Stay.__table__).join(cast(Table, Case.__table__), _CASE.id == _STAY.case_id))
    .where(
        _STAY.case_id == bindparam("case_id"),
        _STAY.organisation_id == bindparam("organisation_id"),
        _STAY.ended_on.is_(None),
        _CASE.status == "open",
    )
)


def shift_mark(shift: Any) -> bytes:
    """The MAC of a shift as it is now: whose session opened what, from when until when."""
    hours = (shift.begun_at, shift.until_at, shift.ended_at)
    whose = (shift.session_digest, shift.member_id, shift.organisation_id, str(shift.kind))
    return row_mac("shift", shift.id, *whose, *(microseconds(at) if at else "" for at in hours))


def key_worker_mark(row: Any) -> bytes:
    """The MAC of a place as it is now: who answers for whom, who said so, since when and until when."""
    hours = (row.begun_at, row.ended_at)
    whose = (row.organisation_id, row.member_id, str(row.place), row.set_by_id)
    return row_mac("key worker", row.case_id, *whose, *(microseconds(at) if at else "" for at in hours))


def is_genuine(row: Any, *, shift: bool = False) -> bool:
    """Whether this program wrote the place (or the `shift`) as it is now; otherwise it is reported."""
    if crypto.same(row.mark, shift_mark(row) if shift else key_worker_mark(row)):
        return True
    report("shift" if shift else "key worker", row.id if shift else row.case_id)
    return False


def running(session: AnySession, *, by: Actor) -> list[Row]:
    """The shifts of the actor's session that last now, as rows."""
    if not by.session_id or by.kind is None or not by.kind.takes_people_in:
        return []
    rows = _RUNNING.all(session, {"session_digest": by.session_id, "now": clock.now()})
    whose = (by.member_id, by.organisation_id)
    return [row for row in rows if is_genuine(row, shift=True) and (row.member_id, row.organisation_id) == whose]


def covering(session: AnySession, case_id: uuid.UUID, *, by: Actor) -> list[Row]:
    """The running shifts of the session that open something of this case now."""
    return [shift for shift in running(session, by=by) if _covers(session, shift, case_id, by)]


def _covers(session: AnySession, shift: Row, case_id: uuid.UUID, by: Actor) -> bool:
    place = {"case_id": case_id, "organisation_id": by.organisation_id}
    if shift.kind == ShiftKind.DUTY:
        return _IN_THE_BUILDING.first(session, place) is not None or _hands_on(session, place)
    return any(map(is_genuine, _ANSWERS_FOR.all(session, {**place, "member_id": by.member_id})))


def _hands_on(session: AnySession, place: dict[str, Any]) -> bool:
    """Whether the person sleeps here and moves to another shelter, has not left, and both shelters still read (ADR
    0267): a shift opens what this one has the keys to. A row that was written by hand makes nobody a reader."""
    if _SLEEPS_HERE.first(session, place) is None:
        return False
    moves = _MOVES.all(session, {**place, "moving_since": clock.now() - BOTH_WRITE})
    return any(map(grants.is_of_referral, moves))


def gives_leave(session: AnySession, case_id: uuid.UUID, compartment: str, *, by: Actor) -> bool:
    """Whether a shift of the actor's session opens the compartment, and the page was recorded."""
    return any(
        compartment in OPENS[ShiftKind(shift.kind)]
        and _LOOKED.first(session, {"shift_id": shift.id, "case_id": case_id}) is not None
        and _covers(session, shift, case_id, by)
        for shift in running(session, by=by)
    )


def move(session: Session, before: bytes, after: bytes) -> None:
    """Move the shifts of a covered session to the session that replaces it."""
    for shift in session.scalars(select(Shift).where(Shift.session_digest == before, Shift.ended_at.is_(None))).all():
        if is_genuine(shift, shift=True):
            shift.session_digest = after
            shift.mark = shift_mark(shift)
