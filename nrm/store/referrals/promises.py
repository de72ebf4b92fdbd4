"""Who wrote down a promise by telephone: the house that is said to have promised reads and can deny it (ADR 0248). And
what it is asked no more (ADR 0254)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.store import names, signed_names
from nrm.store.rows.referrals import duty as duty_rows
from nrm.store.rows.referrals import referrals as rows

READ_FOR = timedelta(days=7)
"""How long a house reads what was written down in its name after the referral was withdrawn."""
TAKEN_BACK_IS_READ = timedelta(hours=12)
"""How long a house reads that it is asked no more: whoever drives for it may be on the road."""
_HANDS_OVER = (Permission.REFERRAL_SEND, Permission.REFERRAL_DECIDE, Permission.REFERRAL_DIRECT)


@dataclass(frozen=True, slots=True)
class WrittenPromise:
    """Who wrote down a promise by telephone, of which organisation, and when. `promised_by`: who is said to have
    promised."""

    name: str
    organisation: Mapping[str, str]
    at: datetime
    promised_by: str


def written(promised: Mapping[uuid.UUID, datetime], *, by: Actor) -> dict[uuid.UUID, WrittenPromise]:
    """Referral -> who wrote down its last promise. `promised`: referrals that the actor may see -> when they were sent;
    asks nothing where there are none."""
    if not promised or not _hands_over(by):
        return {}
    found = {id_: entry for id_, entry in rows.promises(min(promised.values())).items() if id_ in promised}
    members = {each.member_id for each in found.values()}
    statement = select(Member, Organisation).join(Organisation, Organisation.id == Member.organisation_id)
    by_id = {each.id: (each, of) for each, of in db.session.execute(statement.where(Member.id.in_(members)))}
    promisers = select(Referral.id, Referral.promised_by).where(Referral.id.in_(found))
    said = {row.id: row.promised_by for row in db.session.execute(promisers)}
    codes = signed_names.codes(by_id)
    lines = {}
    for id_, entry in found.items():
        if entry.member_id in by_id:
            member, office = by_id[entry.member_id]
            who = signed_names.who(codes, member.id, member.name, member.login)
            lines[id_] = WrittenPromise(who, signed_names.organisation_names(office), entry.at, said[id_])
    return lines


@dataclass(frozen=True, slots=True)
class Before:
    """Since when somebody is asked for a person, and what was written down last for a referral that was withdrawn."""

    since: datetime
    promise: WrittenPromise | None


def before(case_ids: Collection[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, Before]:
    """Case -> what its referrals say of the time before; for the duty desk. Asks nothing without any. Raises
    NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    if not case_ids:
        return {}
    statement = select(Referral.case_id, Referral.id, Referral.sent_at, Referral.promised_by, Referral.status)
    found = db.session.execute(statement.where(Referral.case_id.in_(case_ids)).order_by(Referral.position)).all()
    promised = {row.id: row.sent_at for row in found if row.promised_by and row.status == ReferralStatus.WITHDRAWN}
    said = written(promised, by=by)
    last = {row.case_id: said[row.id] for row in found if row.id in said}
    since: dict[uuid.UUID, datetime] = {}
    for row in found:  # the oldest first
        since.setdefault(row.case_id, row.sent_at)
    return {case_id: Before(at, last.get(case_id)) for case_id, at in since.items()}


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A referral to a house that was withdrawn. `sender`: whom to ask, and by which number, for as long as somebody of
    the house may be on the road; `directed`: by the duty desk, which took it back. `promise`: what was written down in
    the name of the house; `denied`: it said that it promised nothing."""

    referral_id: uuid.UUID
    pseudonym: str
    withdrawn_at: datetime
    sender: tuple[Mapping[str, str], str] | None
    directed: bool
    denied: bool
    promise: WrittenPromise | None


def withdrawn(*, by: Actor) -> list[Withdrawn]:
    """The people for whom the actor's house is asked no more, the newest first: of the last hours all but those for
    whom it is asked again, and of a week those in whose referral something was written down in the name of the house,
    which it reads when the shift comes (ADR 0254). Empty for everybody else."""
    if not _answers(by):
        return []
    statement = (
        select(Referral, Case.pseudonym, Organisation, _taken_back().label("lately"))
        .join(Case, Case.id == Referral.case_id)
        .join(Organisation, Organisation.id == Referral.sender_id)
        .where(*_withdrawn())
        .order_by(Referral.decided_at.desc(), Referral.id)
    )
    found = db.session.execute(statement, {"promise_receiver_id": by.organisation_id, **moment(by)}).all()
    said = written({each.id: each.sent_at for each, *_ in found if each.promised_by}, by=by)
    return [
        Withdrawn(
            each.id,
            code,
            each.decided_at,
            (signed_names.organisation_names(sender), names.number_of(sender)) if lately else None,
            each.assigned,
            each.promised_at is None,
            said.get(each.id),
        )
        for each, code, sender, lately in found
        if each.decided_at is not None and (lately or each.id in said)
    ]


def number_withdrawn(by: Actor) -> ColumnElement[int]:
    """How many `withdrawn` looks at; a part of another statement, which gives `moment`."""
    if not _answers(by):
        return literal(0)
    counted = select(func.count()).select_from(Referral).where(*_withdrawn(by.organisation_id))
    return counted.scalar_subquery()


def moment(by: Actor) -> dict[str, datetime]:
    """The values of `number_withdrawn`; none for who answers for no house."""
    if not _answers(by):
        return {}
    return {"promises_since": clock.now() - READ_FOR, "taken_back_since": clock.now() - TAKEN_BACK_IS_READ}


def _withdrawn(receiver_id: uuid.UUID | None = None) -> tuple[ColumnElement[bool], ...]:
    whose = bindparam("promise_receiver_id", type_=Uuid()) if receiver_id is None else receiver_id
    return (
        Referral.receiver_id == whose,
        Referral.status == ReferralStatus.WITHDRAWN,
        Referral.decided_at > bindparam("promises_since", type_=UtcDateTime()),
        or_(Referral.promised_by != "", _taken_back()),
    )


def _taken_back() -> ColumnElement[bool]:
    """Whether it was withdrawn in the last hours, and the same house is not asked again."""
    later = aliased(Referral)
    again = exists().where(
        later.case_id == Referral.case_id,
        later.receiver_id == Referral.receiver_id,
        later.position > Referral.position,
    )
    return and_(Referral.decided_at > bindparam("taken_back_since", type_=UtcDateTime()), ~again)


def _answers(by: Actor) -> bool:
    return by.organisation_id is not None and by.may(Permission.REFERRAL_DECIDE)


def is_short(case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether a promise of this person holds for an hour at most; the actor sees the referral."""
    return _hands_over(by) and duty_rows.is_pressing(case_id)


def _hands_over(by: Actor) -> bool:
    """Whether the actor sends people, answers for a house, or decides at the duty desk."""
    return any(by.may(each) for each in _HANDS_OVER)
