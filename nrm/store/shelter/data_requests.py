"""What people asked for, as far as the asker may see it.

A request is on the desk of the present holder of the case. If nobody holds the case, or there is none, it is on the
desk of the Responsible Authority, which also sees what is late. The organisation that recorded it sees its own record
and the answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.data_requests import ANSWER_WITHIN, AT_ONCE, RequestKind, RequestStatus, due_on
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest
from nrm.store import days
from nrm.store.rows import entries
from nrm.store.statements import built_once

_MOST = 50
_Recorder = aliased(Organisation)
_Holder = aliased(Organisation)
_Lines = Select[PersonRequest, Case | None, Organisation, Organisation | None]


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request. `case_id` and `holder` are only for the organisation that answers; `holder`: names by language."""

    id: uuid.UUID
    pseudonym: str
    kind: RequestKind
    status: RequestStatus
    reason: str
    asked_on: date
    due_on: date
    late: bool
    recorder: dict[str, str]
    holder: dict[str, str]
    case_id: uuid.UUID | None
    is_known: bool
    """Only for the organisation that answers: whether there is a case with this code."""
    may_answer: bool


def row(request_id: uuid.UUID, *, by: Actor, lock: bool = False) -> PersonRequest:
    """One request the actor's organisation answers; raises NotVisible."""
    statement = (
        select(PersonRequest)
        .outerjoin(Case, Case.id == PersonRequest.case_id)
        .where(PersonRequest.id == request_id, _answers(by))
        .execution_options(populate_existing=True)
    )
    found = db.session.scalar(statement.with_for_update(of=PersonRequest) if lock else statement)
    if found is None:
        raise NotVisible
    return found


def own(request_id: uuid.UUID, *, by: Actor) -> PersonRequest:
    """One request the actor's organisation recorded; raises NotVisible."""
    mine = select(PersonRequest).where(PersonRequest.organisation_id == by.organisation_id)
    found = db.session.scalar(mine.where(PersonRequest.id == request_id))
    if found is None:
        raise NotVisible
    return found


def one(request_id: uuid.UUID, *, by: Actor) -> RequestLine:
    """One open request, for who answers it; raises NotVisible."""
    found = db.session.execute(
        _request_rows().where(PersonRequest.id == request_id, PersonRequest.status == RequestStatus.OPEN, _answers(by))
    ).first()
    if found is None:
        raise NotVisible
    return _request_line(*found, by=by)


def may_strike(request_ids: Iterable[uuid.UUID], *, by: Actor) -> set[uuid.UUID]:
    """Which of these the asker recorded; of what is passed on unread nobody learns whether it still can be."""
    ids = {str(each): each for each in request_ids}
    if not ids or not by.may(Permission.REQUEST_RECORD):
        return set()
    mine = entries.since(entries.EVER, Event.REQUEST_RECORDED, entries.by(by.member_id))
    passed = set(map(str, AT_ONCE))
    return {
        ids[each.said["request_id"]]
        for each in mine
        if each.said.get("request_id") in ids and each.said["kind"] not in passed
    }


def one_to_strike(request_id: uuid.UUID, *, by: Actor) -> RequestLine:
    """One open request, for who recorded it; raises NotVisible."""
    if request_id not in may_strike([request_id], by=by):
        raise NotVisible
    mine = (PersonRequest.organisation_id == by.organisation_id, PersonRequest.status == RequestStatus.OPEN)
    found = db.session.execute(_request_rows().where(PersonRequest.id == request_id, *mine)).first()
    if found is None:
        raise NotVisible
    return _request_line(*found, by=by, recorder=True)


def waiting(*, by: Actor) -> list[RequestLine]:
    """What the actor's desk answers, and for the duty desk what is late anywhere; the first due first."""
    if not by.may(Permission.REQUEST_ANSWER):
        return []
    return [_request_line(*found, by=by) for found in _waiting(by)(late_before=days.today() - ANSWER_WITHIN)]


@built_once
def _waiting(by: Actor) -> _Lines:
    wanted = _answers(by)
    if by.may(Permission.REFERRAL_DIRECT):
        wanted = or_(wanted, PersonRequest.asked_on < bindparam("late_before"))
    return (
        _request_rows()
        .where(PersonRequest.status == RequestStatus.OPEN, wanted)
        .order_by(PersonRequest.asked_on, PersonRequest.id)
        .limit(_MOST)
    )


def number_to_answer(by: Actor) -> ColumnElement[int]:
    """How many requests the actor's desk answers, as a column of another statement."""
    if by.organisation_id is None or not by.may(Permission.REQUEST_ANSWER):
        return literal(0)
    counted = select(func.count()).select_from(PersonRequest).outerjoin(Case, Case.id == PersonRequest.case_id)
    return counted.where(PersonRequest.status == RequestStatus.OPEN, _answers(by)).scalar_subquery()


def recorded(*, by: Actor) -> list[RequestLine]:
    """What the actor's organisation recorded and what was answered, the newest first. Raises NotPermitted."""
    by.must(Permission.REQUEST_RECORD)
    statement = (
        _request_rows()
        .where(PersonRequest.organisation_id == by.organisation_id)
        .order_by(PersonRequest.asked_on.desc(), PersonRequest.id)
        .limit(_MOST)
    )
    return [_request_line(*found, by=by, recorder=True) for found in db.session.execute(statement)]


def _answers(by: Actor) -> ColumnElement[bool]:
    """Whether the request is on the actor's desk; needs the outer join with the case."""
    if by.organisation_id is None or not by.may(Permission.REQUEST_ANSWER):
        raise NotVisible
    if by.may(Permission.REFERRAL_DIRECT):
        return or_(PersonRequest.case_id.is_(None), Case.holder_id.is_(None), Case.status == "referred")
    return (Case.holder_id == by.organisation_id) & (Case.status != "referred")


def _request_rows() -> _Lines:
    return (
        select(PersonRequest, Case, _Recorder, _Holder)
        .outerjoin(Case, Case.id == PersonRequest.case_id)
        .join(_Recorder, _Recorder.id == PersonRequest.organisation_id)
        .outerjoin(_Holder, (_Holder.id == Case.holder_id) & (Case.status != "referred"))
    )


def _request_line(
    found: PersonRequest,
    case: Case | None,
    by_whom: Organisation,
    holder: Organisation | None,
    *,
    by: Actor,
    recorder: bool = False,
) -> RequestLine:
    duty = by.may(Permission.REFERRAL_DIRECT)
    answers = not recorder and (holder is None if duty else holder is not None and holder.id == by.organisation_id)
    # Who recorded it must not read from an answer, or from none, that the person has a case and is not safe.
    untold = recorder and RequestKind(found.kind) in AT_ONCE
    status = RequestStatus.PASSED_ON if untold else RequestStatus(found.status)
    return RequestLine(
        id=found.id,
        pseudonym=found.pseudonym,
        kind=RequestKind(found.kind),
        status=status,
        reason="" if untold else found.reason,
        asked_on=found.asked_on,
        due_on=due_on(found.asked_on),
        late=status == RequestStatus.OPEN and due_on(found.asked_on) < days.today(),
        recorder=by_whom.names,
        holder=holder.names if holder is not None and not recorder else {},
        case_id=case.id if case is not None and answers and not duty else None,
        is_known=case is not None and answers,
        may_answer=answers,
    )
