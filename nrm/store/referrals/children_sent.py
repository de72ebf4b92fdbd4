"""Children whose case a post has sent and who have not arrived anywhere: child protection sees where each stands, and
never at which shelter (ADR 0265)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, bindparam, exists, func, literal, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.referrals.critical_path import NOTIFY
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.referrals.duty import CHILDREN, OLD_AFTER
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case

_MOST = 50
_NOT_ARRIVED = tuple(str(each) for each in ReferralStatus if each is not ReferralStatus.ARRIVED)
_Party = aliased(Organisation)


class Stands(StrEnum):
    """Where a child stands between the post and a shelter."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    NOBODY = "nobody"  # is asked now: declined, too late, or called off
    ON_THE_WAY = "on_the_way"
    NOT_COME = "not_come"


@dataclass(frozen=True, slots=True)
class SentChild:
    """One child; `post` and `telephone`: of whoever sent it first."""

    pseudonym: str
    age_class: str
    post: Mapping[str, str]
    telephone: str
    sent_at: datetime
    stands: Stands


def number(by: Actor) -> ColumnElement[int]:
    """How many `lines` gives, as a column of another statement with the values of `moment`; 0 for everybody else."""
    if by.kind is not OrganisationKind.CHILD_PROTECTION or by.organisation_id is None:
        return literal(0)
    counted = select(func.count()).select_from(Referral).join(Case, Case.id == Referral.case_id)
    return counted.join(Organisation, Organisation.id == Case.opened_by_id).where(*_sent(by)).scalar_subquery()


def moment(by: Actor) -> dict[str, datetime]:
    """The value that `number` needs."""
    return {"children_sent_since": clock.now() - OLD_AFTER} if by.kind is OrganisationKind.CHILD_PROTECTION else {}


def lines(*, by: Actor) -> list[SentChild]:
    """The children of whom the actor's child protection has to know, the last one sent first; empty for everybody
    else. Older than seven days they stand among what is older, as at the post itself."""
    if by.kind is not OrganisationKind.CHILD_PROTECTION or by.organisation_id is None:
        return []
    statement = (
        select(Referral, Case.pseudonym, Case.age_class, Organisation.names, Organisation.telephone)
        .join(Case, Case.id == Referral.case_id)
        .join(Organisation, Organisation.id == Case.opened_by_id)
        .where(*_sent(by))
        .order_by(Referral.sent_at.desc(), Referral.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement, moment(by), execution_options={"populate_existing": True})
    return [SentChild(code, age, post, number, each.sent_at, _stands(each)) for each, code, age, post, number in found]


def _stands(referral: Referral) -> Stands:
    status = ReferralStatus(referral.status)
    if status is ReferralStatus.NOT_ARRIVED:
        return Stands.NOT_COME
    if status is ReferralStatus.SENT:
        return Stands.ASKED
    if status is ReferralStatus.ACCEPTED:
        return Stands.ACCEPTED if referral.departed_at is None else Stands.ON_THE_WAY
    return Stands.NOBODY


def _sent(by: Actor) -> tuple[ColumnElement[bool], ...]:
    """The newest referral of each child whom a post sent, nobody received, and the actor's party has to know of."""
    other = aliased(Referral)
    since = bindparam("children_sent_since", type_=UtcDateTime())
    party = select(_Party.party).where(_Party.id == by.organisation_id).scalar_subquery()
    told = exists().where(Obligation.case_id == Case.id, Obligation.kind == NOTIFY, Obligation.party == party)
    return (
        Referral.status.in_(_NOT_ARRIVED),
        Referral.expires_at > since,  # never before it was sent: the index has it
        Referral.sent_at > since,
        Case.status.in_(UNFINISHED),
        Case.age_class.in_(tuple(CHILDREN)),
        Organisation.kind.in_(tuple(sorted(map(str, POSTS)))),
        ~exists().where(other.case_id == Referral.case_id, other.position > Referral.position),
        ~exists().where(other.case_id == Referral.case_id, other.status == ReferralStatus.ARRIVED),
        told,
    )
