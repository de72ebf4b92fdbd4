"""What a post has to do after what a shelter said of somebody whom the post sent, and whether it was done (ADR 0241).

The rows say what waits, the audit chain says when it was said, and what the post said to it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.critical_path import NOTIFY
from nrm.domain.referrals.crossing_points import MEETING_ENDS, POSTS
from nrm.domain.referrals.duty import PRESSED_WRONG_WITHIN
from nrm.domain.referrals.post_tasks import SHOWN_FOR, Said, TaskKind
from nrm.domain.referrals.referrals import UNSAID_SHOWN_FOR, ReferralStatus, Relation, coarsened
from nrm.domain.referrals.transfers import MEETING
from nrm.models.accounts.accounts import Member
from nrm.models.referrals.referrals import Call, Obligation, Referral
from nrm.models.shelter.cases import Case, SealedCompartment
from nrm.prepared import Prepared
from nrm.prepared import Row as PreparedRow
from nrm.store.countries import country
from nrm.store.referrals import meetings
from nrm.store.referrals.referrals import ReferralLine
from nrm.store.rows.referrals import post_tasks as rows

_MOST = 20
_Arrived = aliased(Referral)
_KINDS = {
    ReferralStatus.ACCEPTED: TaskKind.MEETING,
    ReferralStatus.NOT_ARRIVED: TaskKind.NOT_COME,
    ReferralStatus.ARRIVED: TaskKind.UNSAID,
}


@dataclass(frozen=True, slots=True)
class PostTask:
    """What was said, at `at`, of somebody whom a post sent. `done_at`: when somebody said that they told the escort, or
    called; None while it waits. `by_post`: the post said so, else the shelter."""

    referral_id: uuid.UUID
    pseudonym: str
    what: TaskKind
    at: datetime
    mark: str = ""  # tells what was said from what is said later; no hour, as of an arrival a post reads the quarter
    done_at: datetime | None = None
    by_post: bool = False
    sends: bool = True  # the asker is of the post
    how: Said = Said.DONE
    left: bool = True  # the post had said that they left
    here_at: datetime | None = None  # when the post said that the person is still there
    may_take_back: bool = False  # the asker said some minutes ago that it was done

    @property
    def waits_for_post(self) -> bool:
        """Whether the post has something to say to it. That the house which recorded an arrival calls it right is no
        word of the post that they left."""
        return self.done_at is None or self.how is Said.HERE or (self.what is TaskKind.UNSAID and not self.by_post)


class DeniedTelling(NamedTuple):
    """A party that denies that the post told it. `party`: its code in the agreement."""

    referral_id: uuid.UUID
    pseudonym: str
    party: str


def number(by: Actor) -> ColumnElement[int]:
    """How many people `of_post` looks at; a part of another statement, which gives `moments`."""
    if not _is_of_a_post(by):
        return literal(0)
    counted = select(func.count()).select_from(Referral).where(Referral.sender_id == by.organisation_id, _may_wait())
    denied = select(func.count()).select_from(Referral).join(Case, Case.id == Referral.case_id)
    denied = denied.join(Obligation, Obligation.case_id == Case.id)
    return (
        counted.scalar_subquery() + denied.where(Referral.sender_id == by.organisation_id, _denied()).scalar_subquery()
    )


def moments(by: Actor) -> dict[str, datetime | str]:
    """The values of `number`; none for who is of no post."""
    if not _is_of_a_post(by):
        return {}
    now = clock.now()
    return {
        "tasks_met_since": now - MEETING_ENDS,
        "tasks_awaited_since": now - SHOWN_FOR,
        "tasks_arrived_since": coarsened(now - UNSAID_SHOWN_FOR, country().timezone),
        "unsaid_since": rows.unsaid_since(),
    }


def of_post(*, by: Actor) -> list[PostTask]:
    """What the actor's post has to tell or to ask by telephone now, the newest first; empty for everybody else."""
    if not _is_of_a_post(by):
        return []
    found = _OF_POST.all(db.session, {**moments(by), "sender_id": by.organisation_id})
    without = [
        PostTask(row.id, row.pseudonym, TaskKind.NO_PLACE, row.departed_at) for row in found if _is_without_place(row)
    ]
    said = [row for row in found if not _is_without_place(row)]
    words = rows.words() if said else {}
    tasks = [(row, _task(row.id, row.pseudonym, _KINDS[ReferralStatus(row.status)], words, by)) for row in said]
    waiting = [
        replace(each, left=row.departed_at is not None)
        for row, each in tasks
        if each is not None and each.waits_for_post
    ]
    return sorted([*waiting, *without], key=lambda each: each.at, reverse=True)[:_MOST]


def denied(*, by: Actor) -> list[DeniedTelling]:
    """Who says that nobody told them of somebody who is being handed over, or on the way, after the actor's post wrote
    down that it had; until they know. Empty for everybody else."""
    if not _is_of_a_post(by):
        return []
    return [DeniedTelling(*row) for row in _DENIED.all(db.session, {"sender_id": by.organisation_id})]


def of_referral(line: ReferralLine, *, by: Actor) -> PostTask | None:
    """What was said of somebody whom a post sent, waiting or done, for the post and, but for who did not come, for the
    shelter; None where nothing was said, and for everybody else."""
    if not (by.may(Permission.REFERRAL_SEND) or by.may(Permission.REFERRAL_DECIDE)):
        return None
    kind = _KINDS.get(line.status)
    if kind is None or line.relation not in (Relation.SENDER, Relation.RECEIVER):
        return None
    if kind is TaskKind.NOT_COME and line.relation is not Relation.SENDER:
        return None
    if kind is not TaskKind.NOT_COME and (kind is TaskKind.MEETING) == (line.departed_at is None):
        return None
    if not meetings.of_post(line):
        return None
    if kind is TaskKind.MEETING and not ((stand := meetings.stand(line)) and stand.said):
        return None  # what was said is destroyed, or over
    return _task(line.id, line.pseudonym, kind, rows.words(), by, sends=line.relation is Relation.SENDER)


def _task(
    referral_id: uuid.UUID,
    pseudonym: str,
    kind: TaskKind,
    words: Mapping[tuple[uuid.UUID, TaskKind], rows.Word],
    by: Actor,
    *,
    sends: bool = True,
) -> PostTask | None:
    word = words.get((referral_id, kind))
    if word is None or (kind is TaskKind.UNSAID and word.at < clock.now() - UNSAID_SHOWN_FOR):
        return None
    task = PostTask(referral_id, pseudonym, kind, word.at, str(word.number), sends=sends)
    if (last := word.last) is None:
        return task
    return replace(
        task,
        done_at=last.at,
        by_post=(last.organisation_id == by.organisation_id) == sends,
        how=last.how,
        here_at=word.here_at,
        may_take_back=last.member_id == by.member_id and last.at > clock.now() - PRESSED_WRONG_WITHIN,
    )


def _is_without_place(row: PreparedRow) -> bool:
    return bool(row.status == ReferralStatus.ACCEPTED and not row.written)


def _is_of_a_post(by: Actor) -> bool:
    return by.organisation_id is not None and by.may(Permission.REFERRAL_SEND) and by.kind in POSTS


def _may_wait() -> ColumnElement[bool]:
    """Whether a referral says that its person is on the way and may still be met, did not arrive lately and is nowhere,
    or may have arrived lately without having left. When it was sent says nothing: once an arrival was recorded, and
    taken back, only the quarter of that is left, and of the hour of an alarm of before (ADR 0247)."""
    awaited = func.coalesce(Referral.expected_at, Referral.decided_at, type_=Referral.decided_at.type)
    met = and_(
        Referral.status == ReferralStatus.ACCEPTED,
        Referral.departed_at.is_not(None),
        awaited > bindparam("tasks_met_since", type_=UtcDateTime()),
    )
    somewhere = exists(
        select(_Arrived.id).where(_Arrived.case_id == Referral.case_id, _Arrived.status == ReferralStatus.ARRIVED)
    )
    lately = bindparam("tasks_awaited_since", type_=UtcDateTime())
    missed = and_(
        Referral.status == ReferralStatus.NOT_ARRIVED,
        or_(Referral.missed_at > lately, awaited > lately),
        ~somewhere,
    )
    unsaid = and_(
        Referral.status == ReferralStatus.ARRIVED,
        Referral.departed_at.is_(None),
        Referral.arrived_at
        >= bindparam("tasks_arrived_since", type_=UtcDateTime()),  # no more than the quarter is kept
        rows.any_unsaid(),
    )
    return or_(met, missed, unsaid)


_written = exists().where(SealedCompartment.case_id == Referral.id, SealedCompartment.compartment == MEETING)
_OF_POST = Prepared(
    select(Referral.id, Case.pseudonym, Referral.status, Referral.departed_at, _written.label("written"))
    .join(Case, Case.id == Referral.case_id)
    .where(Referral.sender_id == bindparam("sender_id", type_=Uuid()), _may_wait())
)


def _denied() -> ColumnElement[bool]:
    """Whether somebody of the sender wrote down that a party was told, and it is owed all the same."""
    told = exists(
        select(Call.id)
        .join(Member, Member.id == Call.called_by_id)
        .where(Call.subject_id == Obligation.id, Call.answered.is_(True), Member.organisation_id == Referral.sender_id)
    )
    open_now = Referral.status.in_((ReferralStatus.SENT, ReferralStatus.ACCEPTED))
    return and_(open_now, Obligation.done_at.is_(None), Obligation.kind == NOTIFY, told)


_DENIED = Prepared(
    select(Referral.id, Case.pseudonym, Obligation.party)
    .join(Case, Case.id == Referral.case_id)
    .join(Obligation, Obligation.case_id == Case.id)
    .where(Referral.sender_id == bindparam("sender_id", type_=Uuid()), _denied())
    .order_by(Referral.sent_at.desc(), Obligation.id)
    .limit(_MOST)
)
