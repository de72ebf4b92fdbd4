"""Follow-ups that ended because the person does not want them any more, as long as that can be taken back: who ended
them, of the house or by passing on what another organisation was told (ADR 0215)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.shelter.data_requests import RequestKind
from nrm.domain.support.follow_ups import END_IS_KEPT, FOLLOW_UP, Ended
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.models.shelter.data_requests import PersonRequest
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.store.rows import entries
from nrm.store.rows.shelter import key_workers as key_worker_rows
from nrm.store.rows.support import follow_ups as rows

_MOST = 200
_LOOKED_THROUGH = 100_000
"""So many of the newest entries of the audit chain tell who it was."""


@dataclass(frozen=True, slots=True)
class KeptEnd:
    """One of them. `login`, `office`, `at`: whose press ended it, and when, where the newest entries of the chain tell
    it; `is_passed_on`: they passed on what somebody asked for with the code; `not_safe`: she was not safe then; `mine`:
    the asker pressed it; `until`: the last day on which it can be taken back."""

    case_id: uuid.UUID
    pseudonym: str
    on: date
    login: str
    office: dict[str, str]
    at: datetime | None
    is_passed_on: bool
    not_safe: bool
    mine: bool

    @property
    def until(self) -> date:
        return self.on + END_IS_KEPT


def by_others(*, by: Actor) -> list[KeptEnd]:
    """Those of the actor's house that somebody else ended, for who takes it back; of who was not safe
    `follow_up_ends.ended_by_others` tells."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return []
    if not by.may(Permission.TEAM_MANAGE) and key_worker_rows.has_leader(by.organisation_id):
        return []
    return [each for each in _kept(by) if not each.mine and not each.not_safe]


def of_case(case_id: uuid.UUID, *, by: Actor) -> KeptEnd | None:
    """The one of a case that the actor's house holds."""
    return next(iter(_kept(by, FollowUp.case_id == case_id)), None)


def _kept(by: Actor, *which: ColumnElement[bool]) -> list[KeptEnd]:
    other = aliased(FollowUp)
    stands = exists().where(other.case_id == FollowUp.case_id, other.ended_on.is_(None))
    sealed = exists().where(SealedCompartment.case_id == FollowUp.id, SealedCompartment.compartment == FOLLOW_UP)
    not_safe = exists().where(FollowUpDate.follow_up_id == FollowUp.id, rows.let_go())
    own = and_(FollowUp.organisation_id == by.organisation_id, Case.holder_id == by.organisation_id)
    no_longer = and_(FollowUp.ended_why == str(Ended.NO_LONGER), rows.over_since(rows.kept_since()))
    found = db.session.execute(
        select(FollowUp.case_id, Case.pseudonym, FollowUp.ended_on, not_safe)
        .join(Case, Case.id == FollowUp.case_id)
        .where(own, no_longer, sealed, ~stands, *which)
        .order_by(FollowUp.ended_on, Case.pseudonym)
        .limit(_MOST)
    ).all()
    who = _who({case_id for case_id, *_ in found}) if found else {}
    lines = []
    for case_id, code, on, unsafe in found:
        entry, passed_on = who.get(case_id, (None, False))
        member = db.session.get(Member, entry.member_id) if entry is not None and entry.member_id else None
        office = db.session.get(Organisation, member.organisation_id) if member is not None else None
        mine = member is not None and member.id == by.member_id
        named = office.names if office is not None else {}
        at = entry.at if entry is not None and member is not None else None
        login = member.login if member is not None else ""
        lines.append(KeptEnd(case_id, code, on or date.max, login, named, at, passed_on, unsafe, mine))
    return lines


def _who(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[entries.Entry, bool]]:
    """Case -> by whose press it ended last, and whether that passed on what somebody asked for."""
    since = clock.now() - END_IS_KEPT - timedelta(days=1)
    ended = entries.since(since, Event.FOLLOW_UP_ENDED, newest=_LOOKED_THROUGH)
    last = {uuid.UUID(each.said["case_id"]): each for each in ended}
    found = {case_id: (last[case_id], False) for case_id in case_ids if case_id in last}
    unread = [case_id for case_id, (entry, _) in found.items() if entry.member_id is None]
    asked = select(PersonRequest.id, PersonRequest.case_id).where(
        PersonRequest.case_id.in_(unread), PersonRequest.kind == str(RequestKind.NO_FOLLOW_UP)
    )
    case_of = {str(request_id): case_id for request_id, case_id in db.session.execute(asked)} if unread else {}
    recorded = entries.since(since, Event.REQUEST_RECORDED, newest=_LOOKED_THROUGH) if case_of else ()
    for each in recorded:  # the first one after it ended: both were written in one transaction
        case_id = case_of.get(each.said["request_id"])
        if case_id is not None and not found[case_id][1] and each.at >= found[case_id][0].at:
            found[case_id] = each, True
    return found
