"""Who wrote down a promise by telephone: the house that is said to have promised reads and can deny it (ADR 0248)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.store import signed_names
from nrm.store.rows.referrals import duty as duty_rows
from nrm.store.rows.referrals import referrals as rows

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
    names = select(Referral.id, Referral.promised_by).where(Referral.id.in_(found))
    said = {row.id: row.promised_by for row in db.session.execute(names)}
    codes = signed_names.codes(by_id)
    lines = {}
    for id_, entry in found.items():
        if entry.member_id in by_id:
            member, office = by_id[entry.member_id]
            who = signed_names.who(codes, member.id, member.name, member.login)
            lines[id_] = WrittenPromise(who, signed_names.organisation_names(office), entry.at, said[id_])
    return lines


def is_short(case_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether a promise of this person holds for an hour at most; the actor sees the referral."""
    return _hands_over(by) and duty_rows.is_pressing(case_id)


def _hands_over(by: Actor) -> bool:
    """Whether the actor sends people, answers for a house, or decides at the duty desk."""
    return any(by.may(each) for each in _HANDS_OVER)
