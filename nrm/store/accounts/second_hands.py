"""Acts that wait for a second member of the organisation, for those who may agree or asked; and how many somebody did.

Nobody is told of an act about their own account.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, Permission
from nrm.domain.accounts.second_hands import (
    PERMISSION,
    SHOWN_UNDONE,
    WAITS,
    WINDOW,
    ActKind,
    ActReason,
    ActStatus,
    alone_from,
    family,
    is_over,
)
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.models.accounts.accounts import Member
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest
from nrm.vault import counted, rows

_MOST = 50
_RECORDED = {ActKind.WITHDRAW: RequestKind.WITHDRAWAL, ActKind.ERASE: RequestKind.ERASURE}


@dataclass(frozen=True, slots=True)
class ActLine:
    """One act. `alone_from`: nobody else could agree, and from then on the member who asked may do it alone.

    `recorded`: there is an open request of the person for it, recorded where they asked.
    """

    id: uuid.UUID
    kind: ActKind
    reason: ActReason
    status: ActStatus
    case_id: uuid.UUID | None
    pseudonym: str
    member_id: uuid.UUID | None
    member_name: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    mine: bool
    may_agree: bool
    alone_from: datetime | None
    recorded: bool

    @property
    def waits(self) -> bool:
        """Whether a second member can still agree."""
        return self.status is ActStatus.ASKED


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many acts wait, or expired lately without being done; a part of another statement."""
    kinds = _kinds(by)
    if not kinds:
        return literal(0)
    counted = select(func.count()).select_from(HeavyAct)
    return counted.where(_shown(by, kinds)).scalar_subquery()


def waiting(*, by: Actor) -> list[ActLine]:
    """Those acts, the first asked for first."""
    kinds = _kinds(by)
    if not kinds:
        return []
    found = db.session.execute(
        _act_rows().where(_shown(by, kinds)).order_by(HeavyAct.asked_at, HeavyAct.id).limit(_MOST)
    )
    return [_act_line(each, by) for each in found.all() if rows.is_act(each[0])]


def one(act_id: uuid.UUID, *, by: Actor) -> ActLine:
    """One act of the asker's organisation, whatever became of it; raises NotVisible."""
    found = db.session.execute(_act_rows().where(HeavyAct.id == act_id, _seen_by(by, _kinds(by)))).first()
    if found is None or not rows.is_act(found[0]):
        raise NotVisible
    return _act_line(found, by)


def row(act_id: uuid.UUID, *, by: Actor) -> HeavyAct:
    """The act itself, for actions; raises NotVisible."""
    statement = select(HeavyAct).where(HeavyAct.id == act_id, _seen_by(by, _kinds(by)))
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None or not rows.is_act(found):
        raise NotVisible
    return found


def taken(act: ActKind, subject: uuid.UUID, *, by: Actor) -> list[datetime]:
    """When the actor did other acts of this kind alone in the last hour, once for each; raises NotPermitted.

    It is read from the rows, and from the second database in case rows were deleted.
    """
    by.must(PERMISSION[act])
    since = clock.now() - WINDOW
    rows_of_the_hour = (
        select(HeavyAct)
        .where(
            HeavyAct.asked_by_id == by.member_id,
            HeavyAct.kind.in_(family(act)),
            HeavyAct.status == ActStatus.DONE,
            HeavyAct.decided_at > since,
        )
        .order_by(HeavyAct.decided_at)
        .execution_options(populate_existing=True)
    )
    done = {
        each.case_id or each.member_id: each.decided_at
        for each in db.session.scalars(rows_of_the_hour)
        if rows.is_act(each)
    }
    for whose, at in counted.since(by.member_id, family(act), since).items():
        done.setdefault(whose, at)
    done.pop(subject, None)
    return [at for at in done.values() if at is not None]


def waits(act: ActKind, subject: uuid.UUID, *, by: Actor) -> HeavyAct | None:
    """The act that waits about this case or member, no matter who in the organisation asked; raises NotPermitted."""
    by.must(PERMISSION[act])
    statement = select(HeavyAct).where(
        _is_about(act, subject), HeavyAct.organisation_id == by.organisation_id, HeavyAct.status == ActStatus.ASKED
    )
    return db.session.scalar(statement.execution_options(populate_existing=True))


def is_held_back(act: ActKind, subject: uuid.UUID, *, by: Actor) -> bool:
    """Whether the asker asked for this lately, and it waits or a colleague declined; raises NotPermitted."""
    by.must(PERMISSION[act])
    found = select(HeavyAct).where(
        _is_about(act, subject),
        HeavyAct.asked_by_id == by.member_id,
        HeavyAct.asked_at > clock.now() - WAITS,
        or_(
            and_(HeavyAct.status == ActStatus.ASKED, HeavyAct.expires_at > clock.now()),
            and_(HeavyAct.status == ActStatus.DECLINED, HeavyAct.decided_by_id != by.member_id),
        ),
    )
    return any(rows.is_act(each) for each in db.session.scalars(found.execution_options(populate_existing=True)))


def is_alone(act: ActKind, subject: uuid.UUID, *, by: Actor) -> bool:
    """Whether the asker's organisation has nobody else who could agree; not because the asker has just ended them.

    Raises NotPermitted.
    """
    by.must(PERMISSION[act])
    able = exists().where(
        Member.organisation_id == by.organisation_id,
        Member.status == "active",
        Member.id.not_in([by.member_id, subject]),
        Member.role.in_(_roles(PERMISSION[act])),
    )
    ended = exists().where(
        HeavyAct.asked_by_id == by.member_id,
        HeavyAct.member_id.is_not(None),
        HeavyAct.status.in_((ActStatus.DONE, ActStatus.AGREED)),
        HeavyAct.decided_at > clock.now() - WAITS,
    )
    return not db.session.scalar(select(or_(able, ended)))


def _is_about(kind: ActKind, subject: uuid.UUID) -> ColumnElement[bool]:
    column = HeavyAct.case_id if PERMISSION[kind] is not Permission.ACCOUNT_DISABLE else HeavyAct.member_id
    return column == subject


def _roles(permission: Permission) -> list[str]:
    return [str(role) for role, granted in PERMISSIONS.items() if permission in granted]


def _kinds(by: Actor) -> list[str]:
    return [str(kind) for kind, permission in PERMISSION.items() if by.may(permission)]


def _seen_by(by: Actor, kinds: Collection[str]) -> ColumnElement[bool]:
    return and_(
        HeavyAct.organisation_id == by.organisation_id,
        HeavyAct.kind.in_(kinds),
        HeavyAct.status != ActStatus.DONE,
        or_(HeavyAct.member_id.is_(None), HeavyAct.member_id != by.member_id),
    )


def _shown(by: Actor, kinds: Collection[str]) -> ColumnElement[bool]:
    """What waits; and what ran out while nobody agreed, unless it was done or asked for again since."""
    since = aliased(HeavyAct)
    again = exists().where(
        since.asked_at > HeavyAct.asked_at,
        or_(since.case_id == HeavyAct.case_id, since.member_id == HeavyAct.member_id),
    )
    undone = and_(HeavyAct.status == ActStatus.EXPIRED, HeavyAct.decided_at > clock.now() - SHOWN_UNDONE, ~again)
    return and_(_seen_by(by, kinds), or_(HeavyAct.status == ActStatus.ASKED, undone))


_Asker, _Subject, _Decider = aliased(Member), aliased(Member), aliased(Member)


def _act_rows() -> Select[*tuple[Any, ...]]:
    recorded = exists().where(
        PersonRequest.case_id == HeavyAct.case_id,
        PersonRequest.status == RequestStatus.OPEN,
        or_(*(and_(HeavyAct.kind == str(kind), PersonRequest.kind == str(asked)) for kind, asked in _RECORDED.items())),
    )
    return (
        select(HeavyAct, Case.pseudonym, _Subject.name, _Asker.name, _Decider.name, recorded)
        .join(_Asker, _Asker.id == HeavyAct.asked_by_id)
        .outerjoin(Case, Case.id == HeavyAct.case_id)
        .outerjoin(_Subject, _Subject.id == HeavyAct.member_id)
        .outerjoin(_Decider, _Decider.id == HeavyAct.decided_by_id)
        .execution_options(populate_existing=True)
    )


def _act_line(found: Any, by: Actor) -> ActLine:
    act, pseudonym, subject, asker, decider, recorded = found
    kind, mine = ActKind(act.kind), act.asked_by_id == by.member_id
    over = act.status == ActStatus.ASKED and is_over(act.expires_at, clock.now())
    status = ActStatus.EXPIRED if over else ActStatus(act.status)
    alone = mine and status is ActStatus.ASKED and is_alone(kind, act.case_id or act.member_id, by=by)
    done = taken(kind, act.case_id or act.member_id, by=by) if alone else []
    return ActLine(
        id=act.id,
        kind=kind,
        reason=ActReason(act.reason),
        status=status,
        case_id=act.case_id,
        pseudonym=pseudonym or "",
        member_id=act.member_id,
        member_name=subject or "",
        asked_by=asker,
        asked_at=act.asked_at,
        expires_at=act.expires_at,
        decided_by=decider or "",
        decided_at=act.decided_at,
        mine=mine,
        may_agree=not mine and status is ActStatus.ASKED,
        alone_from=(alone_from(done) or clock.now()) if alone else None,
        recorded=bool(recorded),
    )
