"""What a training instance says of its trainees: who they are, what each began and did, and what their desks recorded.

There is one only where the instance is synthetic and its country names the desks of trainees: both are written when it
is made, and neither alone makes a training of an instance with real people (ADR 0189).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import or_, select

from nrm.audit import Event, details_of
from nrm.countries.country import TrainingDesks
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Role
from nrm.domain.exercises import At
from nrm.models.accounts.accounts import Organisation
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows import entries

_NEWEST = 1_000_000
"""Of a training everything is looked at: it lasts for days, not for years."""
_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
DONE, BEGUN, CLEARED = Event.TRAINING_DONE, Event.TRAINING_BEGUN, Event.TRAINING_CLEARED


@dataclass(frozen=True, slots=True)
class Own:
    """The desks of the trainee who asks, and which of them it is."""

    post: Organisation
    house: Organisation
    at: At

    @property
    def desk(self) -> Organisation:
        """The one that asks."""
        return self.post if self.at is At.POST else self.house


@dataclass(frozen=True, slots=True)
class Begun:
    """An exercise of a desk: since when, and until when if it is done. `right`: what was found then;
    `answers`: `yes` or `no`, whether the sealed answers were as the exercise says, where they could be compared then.
    """

    at: datetime
    done_at: datetime | None = None
    right: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Trainee:
    """A line of the trainer's page."""

    number: int
    post: Organisation
    house: Organisation
    at_post: Mapping[str, Begun]
    at_house: Mapping[str, Begun]

    def at_desk(self, at: At) -> Own:
        """Their desks, as one of them has them."""
        return Own(self.post, self.house, at)


def is_one() -> bool:
    """Whether this is a training."""
    return bool(current_app.extensions["nrm.synthetic"]) and bool(country().training)


def own(*, by: Actor) -> Own:
    """The desks of the trainee; raises NotVisible for everybody else, and where there is no training."""
    for each in _desks():
        if by.organisation_code in (each.post, each.house):
            post, house = names.organisation_by_code(each.post), names.organisation_by_code(each.house)
            return Own(post, house, At.POST if by.organisation_code == each.post else At.HOUSE)
    raise NotVisible


def others_houses(by: Actor) -> frozenset[str]:
    """At a trainee's desk: the shelters of the others, of which no page of this one says anything."""
    desks = _desks()
    mine = {each.house for each in desks if by.organisation_code in (each.post, each.house)}
    return frozenset(each.house for each in desks) - mine if mine else frozenset()


def stood_in_for(by: Actor) -> tuple[str, Organisation] | None:
    """At a trainee's desk: the party of the state shelter for which their own stands, and their own."""
    desks = _desks()
    mine = next((each.house for each in desks if by.organisation_code in (each.post, each.house)), None)
    if mine is None:
        return None
    houses = {each.house for each in desks}
    organisations = country().organisations.items()
    like = (each for code, each in organisations if each.kind is OrganisationKind.STATE_SHELTER and code not in houses)
    return next(like).party or "", names.organisation_by_code(mine)


def is_trained(by: Actor) -> bool:
    """Whether the pages of this member lead to the exercises: a trainee's, and the trainer's."""
    return is_trainer(by) or any(by.organisation_code in (each.post, each.house) for each in _desks())


def is_trainer(by: Actor) -> bool:
    """Whether the actor watches over a training: its administrator."""
    return is_one() and by.role is Role.ADMINISTRATOR


def trainees(*, by: Actor) -> list[Trainee]:
    """Everybody who is trained, and what they began and did. Raises NotVisible for whoever is no trainer."""
    if not is_trainer(by):
        raise NotVisible
    found = []
    for number, each in enumerate(_desks(), start=1):
        post, house = names.organisation_by_code(each.post), names.organisation_by_code(each.house)
        found.append(Trainee(number, post, house, begun(post.id, by=by), begun(house.id, by=by)))
    return found


def begun(organisation_id: uuid.UUID, *, by: Actor) -> dict[str, Begun]:
    """Exercise -> when the desk began it last, and whether it is done; what was cleared away is not there. Raises
    NotVisible for whoever is neither the trainer nor of one of the two desks of the trainee."""
    if not is_trainer(by):
        mine = own(by=by)
        if organisation_id not in (mine.post.id, mine.house.id):
            raise NotVisible
    statement = (
        select(AuditEntry.event, AuditEntry.at, AuditEntry.details)
        .where(
            AuditEntry.event.in_([BEGUN, DONE, CLEARED]),
            or_(
                AuditEntry.organisation_id == str(organisation_id),
                (AuditEntry.event == CLEARED) & AuditEntry.details.contains(str(organisation_id)),
            ),
        )
        .order_by(AuditEntry.id)
    )
    found: dict[str, Begun] = {}
    for event, when, details in db.session.execute(statement).all():
        said, at = details_of(details), datetime.fromisoformat(when)
        code = str(said.get("exercise", ""))
        if event == CLEARED:
            found.clear()
        elif event == BEGUN:
            # One at a time: what a person of another exercise did would be taken for this one.
            found = {name: each for name, each in found.items() if each.done_at is not None and name != code}
            found[code] = Begun(at)
        elif code in found:
            found[code] = Begun(found[code].at, at, str(said.get("right", "")), str(said.get("answers", "")))
    return found


def interview(own_: Own, since: Begun, now: datetime) -> Interview | None:
    """The newest interview that the post began during the exercise."""
    statement = select(Interview).where(
        Interview.organisation_id == own_.post.id,
        Interview.started_at >= since.at,
        Interview.started_at <= (since.done_at or now),
    )
    return db.session.scalars(statement.order_by(Interview.started_at.desc(), Interview.id).limit(1)).first()


def case(interview_id: uuid.UUID, own_: Own) -> Case | None:
    """The case of an interview of the trainee."""
    statement = select(Case).where(Case.id == interview_id, Case.opened_by_id == own_.post.id)
    return db.session.scalars(statement).first()


def first_referral(case_id: uuid.UUID, own_: Own) -> Referral | None:
    """The one that the post sent."""
    statement = select(Referral).where(Referral.case_id == case_id, Referral.sender_id == own_.post.id)
    return db.session.scalars(statement.order_by(Referral.position).limit(1)).first()


def referral(referral_id: uuid.UUID, own_: Own) -> Referral | None:
    """One that the house of the trainee was asked by."""
    statement = select(Referral).where(Referral.id == referral_id, Referral.receiver_id == own_.house.id)
    return db.session.scalars(statement).first()


def told(case_id: uuid.UUID, party: str) -> tuple[datetime | None, datetime | None] | None:
    """(by when a party has to be told of the case, since when it is), as the page “Sent” reads it; None where it does
    not stand in the list."""
    statement = select(Obligation.due_at, Obligation.done_at).where(
        Obligation.case_id == case_id, Obligation.kind == "notify", Obligation.party == party
    )
    found = db.session.execute(statement).first()
    return (found.due_at, found.done_at) if found is not None else None


def asked_after(first: Referral) -> bool:
    """Whether another party was asked after this one."""
    statement = select(Referral.id).where(Referral.case_id == first.case_id, Referral.position > first.position)
    return db.session.scalars(statement).first() is not None


def happened(event: Event, organisation_id: uuid.UUID, since: Begun, **said: str) -> entries.Entry | None:
    """The newest entry of what an organisation did during or after the exercise; `said`: what it must say."""
    newest = None
    where = AuditEntry.organisation_id == str(organisation_id)
    for each in entries.since(since.at, event, where, newest=_NEWEST):
        if all(str(each.said.get(name, "")) == value for name, value in said.items()):
            newest = each
    return newest


def _desks() -> Sequence[TrainingDesks]:
    return country().training if is_one() else ()
