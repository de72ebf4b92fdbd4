"""The telephone numbers for a notification, and the calls made about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Call
from nrm.store.countries import country


@dataclass(frozen=True, slots=True)
class NumberLine:
    """One number of the directory; `unanswered_at`: when it was last called in vain."""

    names: dict[str, str]
    telephone: str
    unanswered_at: datetime | None


def numbers(
    party: str, opened_by_id: uuid.UUID, subject_id: uuid.UUID, caller_id: uuid.UUID | None
) -> list[NumberLine]:
    """The party's own number first, then those that stand in for it where the person is, last the duty desk's.

    Never the number of the caller's own desk: nobody learns anything by a call to themselves.
    """
    post = db.session.get_one(Organisation, opened_by_id)
    known = country().organisations.get(post.code)
    tried = {call.number: call.called_at for call in calls(subject_id) if not call.answered}
    listed: dict[str, dict[str, str]] = {}
    wanted = (Organisation.party == party, Organisation.enabled.is_(True))
    for each in db.session.scalars(select(Organisation).where(*wanted).order_by(Organisation.code)):
        listed.setdefault(each.telephone, each.names)
        for number in country().numbers_after(OrganisationKind(each.kind), known.region if known else None):
            listed.setdefault(number.telephone, dict(number.names))
    agreement = country().in_force(clock.now())
    if not listed and party in agreement.parties:  # it has no desk in the system
        listed[agreement.parties[party].on_call] = dict(agreement.parties[party].names)
    for desk in db.session.scalars(
        select(Organisation).where(Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY)
    ):
        listed.setdefault(desk.telephone, desk.names)
    own = db.session.scalar(select(Organisation.telephone).where(Organisation.id == caller_id))
    return [
        NumberLine(names, telephone, tried.get(telephone))
        for telephone, names in listed.items()
        if telephone and telephone != own
    ]


def calls(subject_id: uuid.UUID) -> list[Call]:
    """Every call about it, oldest first; for actions and pages that saw the subject already."""
    return list(db.session.scalars(select(Call).where(Call.subject_id == subject_id).order_by(Call.called_at, Call.id)))
