"""The telephone numbers for a notification, and the calls made about it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.critical_path import numbers_of
from nrm.models.accounts.accounts import Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Call, ChildAlert, Obligation, Referral
from nrm.store.countries import country
from nrm.store.rows import entries

_OF_DESK = uuid.UUID("5b1f6a3e-6c0c-4f0b-9d53-5d1f8f0d7c11")


@dataclass(frozen=True, slots=True)
class NumberLine:
    """One number of the directory; `unanswered_at`: when it was last called in vain. `of_desk`: the duty desk's, which
    stands in for the party and is not the party."""

    names: dict[str, str]
    telephone: str
    unanswered_at: datetime | None
    of_desk: bool = False


def about_desk(subject_id: uuid.UUID) -> uuid.UUID:
    """What a call is about that reached the duty desk in place of the party (ADR 0248): the party was told nothing by
    it, so it is no call about what the party has to know."""
    return uuid.uuid5(_OF_DESK, subject_id.hex)


def numbers(
    party: str, opened_by_id: uuid.UUID, subject_id: uuid.UUID, caller_id: uuid.UUID | None
) -> list[NumberLine]:
    """The party's own number first (of two the one that answers now, as in the directory), then those that stand in for
    it where the person is, last the duty desk's.

    Never the number of the caller's own desk: nobody learns anything by a call to themselves.
    """
    post = db.session.get_one(Organisation, opened_by_id)
    known = country().organisations.get(post.code)
    tried = {call.number: call.called_at for call in calls(subject_id) if not call.answered}
    listed: dict[str, dict[str, str]] = {}
    wanted = (Organisation.party == party, Organisation.enabled.is_(True))
    for each in db.session.scalars(select(Organisation).where(*wanted).order_by(Organisation.code)):
        for telephone in _own_numbers(each):
            listed.setdefault(telephone, each.names)
        for number in country().numbers_after(OrganisationKind(each.kind), known.region if known else None):
            listed.setdefault(number.telephone, dict(number.names))
    agreement = country().in_force(clock.now())
    if not listed and party in agreement.parties:  # it has no desk in the system
        listed[agreement.parties[party].on_call] = dict(agreement.parties[party].names)
    of_party = set(listed)
    for desk in db.session.scalars(
        select(Organisation).where(Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY)
    ):
        listed.setdefault(desk.telephone, desk.names)
    own = db.session.scalar(select(Organisation.telephone).where(Organisation.id == caller_id))
    return [
        NumberLine(names, telephone, tried.get(telephone), telephone not in of_party)
        for telephone, names in listed.items()
        if telephone and telephone != own
    ]


def _own_numbers(organisation: Organisation) -> tuple[str, ...]:
    """The numbers of an organisation in the order to be tried now. The crossing points are one party, each with a
    number of its own."""
    agreement = country().in_force(clock.now())
    party = agreement.parties.get(organisation.party)
    if party is None or organisation.kind == OrganisationKind.BORDER_POLICE:
        return (organisation.telephone,)
    return (*numbers_of(party, agreement.local(clock.now())), organisation.telephone)


def numbers_to_ask(alert: ChildAlert, caller_id: uuid.UUID | None, *, of_post: bool) -> list[NumberLine]:
    """As `numbers`, for asking what happens with a child at a post: the duty desk is not the child authority, so a post
    is not offered its number (ADR 0248)."""
    listed = numbers(alert.party, alert.organisation_id, alert.id, caller_id)
    return [each for each in listed if not (of_post and each.of_desk)]


def is_of_desk(listed: Sequence[NumberLine], number: str) -> bool:
    """Whether a number of the list is the duty desk's, in place of the party."""
    return any(each.of_desk for each in listed if each.telephone == number)


def told_since(obligation: Obligation) -> datetime | None:
    """From when on there was something to tell: the case was opened, or the person handed over, or the child authority
    told of the child at the post. The hours stand in the audit chain; None: longer ago than it is looked through.
    """
    case_id = obligation.case_id
    if db.session.get(Interview, case_id) is None:
        return min(
            (each.at for each in entries.since(entries.EVER, Event.CASE_OPENED, entries.about(case_id))), default=None
        )
    first = db.session.scalar(select(Referral.id).where(Referral.case_id == case_id, Referral.position == 1))
    if first is None:
        return None
    begun = [each.at for each in entries.since(entries.EVER, Event.REFERRAL_SENT, entries.about(first))]
    party = country().in_force(clock.now()).parties.get(obligation.party)
    if party is not None and party.kind is OrganisationKind.CHILD_PROTECTION:
        # What is owed of the child at the post became what is owed in the case; told anew, it counts from then.
        told = entries.since(entries.EVER, Event.CHILD_AUTHORITY_TOLD, entries.about(case_id))
        begun += [each.at for each in told][-1:]
    return min(begun, default=None)


def last_answered(subject_id: uuid.UUID, member_id: uuid.UUID | None) -> Call:
    """The last call about it that the member wrote down as answered."""
    statement = select(Call).where(Call.subject_id == subject_id, Call.called_by_id == member_id, Call.answered)
    return db.session.scalars(statement.order_by(Call.called_at.desc(), Call.id).limit(1)).one()


def denied(obligation: Obligation) -> Call | None:
    """The last call that somebody answered, as was written down, where the party is owed all the same: it says that
    nobody told it."""
    return last_denied(obligation.id) if obligation.done_at is None else None


def last_denied(subject_id: uuid.UUID) -> Call | None:
    """The last call about it that somebody answered, as was written down; the caller knows that it was denied."""
    return next((each for each in reversed(calls(subject_id)) if each.answered), None)


def desk_called(subject_id: uuid.UUID) -> Call | None:
    """The last call about it that reached the duty desk in place of the party."""
    return next(iter(reversed(calls(about_desk(subject_id)))), None)


def calls(subject_id: uuid.UUID) -> list[Call]:
    """Every call about it, oldest first; for actions and pages that saw the subject already."""
    return list(db.session.scalars(select(Call).where(Call.subject_id == subject_id).order_by(Call.called_at, Call.id)))


def in_clear(sealed: str, most: int) -> Sequence[Call]:
    """Calls whose name does not begin as a sealed one does."""
    clear = (Call.name != "", ~Call.name.startswith(sealed, autoescape=True))
    return db.session.scalars(select(Call).where(*clear).limit(most)).all()
