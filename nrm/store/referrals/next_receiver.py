"""The stored route of a case, whom it was offered to, and who can be asked next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import exists, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.crossing_points import POSTS
from nrm.domain.referrals.referrals import Asked
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Interview
from nrm.store.rows.referrals import next_receiver as rows
from nrm.store.shelter import cases
from nrm.store.shelter.cases import CaseRelation, SeenCase


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A party of the stored route, and whether it was asked since the last holder."""

    organisation_id: uuid.UUID
    code: str
    names: dict[str, str]
    telephone: str
    clause: str
    must: bool
    reason: dict[str, str]
    asked: bool


def candidates(case_id: uuid.UUID, *, by: Actor) -> list[CandidateLine]:
    """The stored route of a case, for those who place the person; raises NotVisible. At a post the interviewer alone
    sees it, for it begins with the party that was picked (ADR 0106); a colleague gets none."""
    _check_places(case_id, by)
    mine = exists().where(Interview.id == case_id, Interview.member_id == by.member_id)
    if by.kind in POSTS and not db.session.scalar(select(mine)):
        return []
    asked = {each.party for each in rows.chain(case_id)}
    organisations = {each.id: each for each in db.session.scalars(select(Organisation))}
    return [
        CandidateLine(
            candidate.organisation_id,
            code,
            organisations[candidate.organisation_id].names,
            organisations[candidate.organisation_id].telephone,
            candidate.clause,
            candidate.must,
            candidate.reason,
            code in asked,
        )
        for candidate, code in rows.route_of(case_id)
    ]


def answers(case_id: uuid.UUID, *, by: Actor) -> dict[str, Asked]:
    """Code -> why a shelter did not take the person, for the duty desk, which binds one; empty for everybody else: a
    post is not told (ADR 0106). Raises NotVisible."""
    _check_places(case_id, by)
    return rows.answers(case_id) if by.may(Permission.REFERRAL_DIRECT) else {}


@dataclass(frozen=True, slots=True)
class Barred:
    """Who is not asked like anybody else: `forbidden` and `with_a_new_yes` are parties, `were_with` organisations."""

    forbidden: set[str]
    with_a_new_yes: set[str]
    were_with: set[uuid.UUID]


def barred(case_id: uuid.UUID, *, by: Actor) -> Barred:
    """Whom a clause forbids, whom the person is asked about again, and who had the person; raises NotVisible."""
    _check_places(case_id, by)
    return Barred(rows.forbidden(case_id), rows.only_with_a_new_yes(case_id), rows.were_with(case_id))


def duty_officer_owes(case: SeenCase) -> bool:
    """Whether the second decline of the chain has been given."""
    return rows.duty_officer_owes(case.id)


def _check_places(case_id: uuid.UUID, by: Actor) -> None:
    """Raise NotVisible but for the duty desk and for who has the case: a reader of one part does not see the route."""
    if cases.visible(case_id, by=by) is CaseRelation.SHARED:
        raise NotVisible
    if not (by.may(Permission.REFERRAL_DIRECT) or by.may(Permission.REFERRAL_SEND)):
        raise NotVisible
