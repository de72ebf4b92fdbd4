"""Moves between shelters as rows, for steps and stores that saw the case."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import UtcDateTime, db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.referrals.crossing_points import MEETING_ENDS, POSTS
from nrm.domain.referrals.referrals import UNSAID_SHOWN_FOR, ReferralStatus
from nrm.domain.referrals.transfers import MEETING, TRANSFER
from nrm.domain.shelter.cases import HOUSE_LABEL
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Grant, SealedCompartment
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country
from nrm.store.rows import entries

_POSTS = tuple(str(each) for each in sorted(POSTS))
_SHELTERS = tuple(str(each) for each in OrganisationKind if each.takes_people_in)


def from_a_shelter() -> ColumnElement[bool]:
    """The condition for referrals whose sender is a shelter: a move, and no hand-over of a post."""
    return Referral.sender_id.in_(select(Organisation.id).where(Organisation.kind.in_(_SHELTERS)))


def before_leaving() -> ColumnElement[bool]:
    """The condition for moves that were accepted, before anybody recorded that the person left."""
    return (Referral.status == ReferralStatus.ACCEPTED) & Referral.departed_at.is_(None) & from_a_shelter()


def hands_on(organisation_id: Any) -> ColumnElement[bool]:
    """The condition for open cases whose person still sleeps in this shelter, which hands them on and has the keys
    until they leave (ADR 0068, ADR 0267); not for a move after which the person is to be safe from it. What its own
    label opens is no part of the case."""
    moves = exists().where(Referral.case_id == Case.id, Referral.sender_id == organisation_id, before_leaving())
    keys = exists().where(
        Grant.case_id == Case.id, Grant.organisation_id == organisation_id, Grant.compartment != HOUSE_LABEL
    )
    return and_(Case.status == "open", moves, keys)


def is_written(referral_id: uuid.UUID, what: str = TRANSFER) -> bool:
    """Whether there is something sealed for this move."""
    here = exists().where(SealedCompartment.case_id == referral_id, SealedCompartment.compartment == what)
    return bool(db.session.scalar(select(here)))


def is_move(referral: Referral) -> bool:
    """Whether the sender is a shelter."""
    return bool(db.session.scalar(select(exists().where(Referral.id == referral.id, from_a_shelter()))))


def is_of_a_post(referral: Referral) -> bool:
    """Whether the sender is of a kind to which no receiver is named once somebody has accepted (ADR 0106)."""
    return bool(db.session.scalar(select(exists().where(Referral.id == referral.id, from_a_post()))))


def is_unsaid(referral_id: uuid.UUID) -> bool:
    """Whether nobody said that the person of a referral left: no departure is recorded, and of a move the stay with the
    sender, if there was one, was not ended either (ADR 0238, ADR 0261). A help line that talks by telephone does not
    know."""
    stay = (
        Stay.case_id == Referral.case_id,
        Stay.organisation_id == Referral.sender_id,
        Stay.taken_back_on.is_(None),
    )
    over = exists().where(*stay, Stay.ended_on.is_not(None)) & ~exists().where(*stay, Stay.ended_on.is_(None))
    unsaid = or_(and_(from_a_post(), ~from_the_helpline()), and_(from_a_shelter(), ~over))
    here = exists().where(Referral.id == referral_id, Referral.departed_at.is_(None), unsaid)
    return bool(db.session.scalar(select(here)))


def arrived_unsaid(referral_id: uuid.UUID, sender_id: uuid.UUID | None) -> bool:
    """Whether the arrival of a move was recorded lately though its sender had not said that the person left, and
    nothing was said of it since."""
    found = entries.newest_of(
        clock.now() - UNSAID_SHOWN_FOR, (Event.REFERRAL_ARRIVED, Event.ARRIVAL_TAKEN_BACK), entries.about(referral_id)
    )
    return found is not None and found[1].said.get("sender_id") == str(sender_id)


def from_a_post() -> ColumnElement[bool]:
    """The condition for referrals that a post sent."""
    return Referral.sender_id.in_(select(Organisation.id).where(Organisation.kind.in_(_POSTS)))


def from_the_helpline() -> ColumnElement[bool]:
    """The condition for referrals that a help line sent which talks by telephone alone."""
    kind = str(OrganisationKind.HELPLINE)
    meeting = [each.code for each in country().organisations.values() if each.face_to_face]
    lines = select(Organisation.id).where(Organisation.kind == kind, Organisation.code.not_in(meeting))
    return Referral.sender_id.in_(lines)


def left_without_meeting() -> ColumnElement[bool]:
    """The condition for referrals of a post whose person has left before the shelter said where it meets them, as long
    as it can still say so."""
    return and_(_without_meeting(), Referral.departed_at.is_not(None))


def post_waits() -> ColumnElement[bool]:
    """The condition for referrals of a post whose person waits there until the shelter says where it meets them
    (ADR 0266)."""
    return and_(_without_meeting(), Referral.departed_at.is_(None))


def _without_meeting() -> ColumnElement[bool]:
    written = exists().where(SealedCompartment.case_id == Referral.id, SealedCompartment.compartment == MEETING)
    awaited = func.coalesce(Referral.expected_at, Referral.decided_at, type_=Referral.decided_at.type)
    since = bindparam("met_since", type_=UtcDateTime(), callable_=lambda: clock.now() - MEETING_ENDS)
    return and_(Referral.status == ReferralStatus.ACCEPTED, from_a_post(), awaited > since, ~written)


def meetings_said(referral_id: uuid.UUID) -> list[datetime]:
    """When the shelter said where it meets the person, the oldest first, as far as the audit chain is looked through.
    The caller has checked the referral."""
    return [each.at for each in entries.since(entries.EVER, Event.MEETING_SAID, entries.about(referral_id))]


class Gone(StrEnum):
    """Why where they meet, which was said, can be opened by nobody any more."""

    ARRIVED = "arrived"  # an arrival was recorded, and taken back
    ELSE = "else"


def meeting_gone(referral_id: uuid.UUID) -> Gone | None:
    """Why what the shelter said of where they meet is not there; None where it said nothing. The caller has checked the
    referral, and that nothing is there."""
    about = entries.about(referral_id)
    found = entries.newest_of(
        entries.EVER, (Event.MEETING_SAID, Event.ARRIVAL_TAKEN_BACK, Event.REFERRAL_NOT_ARRIVED), about
    )
    if found is None or not meetings_said(referral_id):
        return None
    return Gone.ARRIVED if found[0] == Event.ARRIVAL_TAKEN_BACK else Gone.ELSE


def with_a_meeting_over(at: datetime) -> list[uuid.UUID]:
    """Accepted referrals of posts of which the meeting place is to be destroyed by now; for `tend`."""
    written = exists().where(SealedCompartment.case_id == Referral.id, SealedCompartment.compartment == MEETING)
    awaited = func.coalesce(Referral.expected_at, Referral.decided_at, type_=Referral.decided_at.type)
    statement = select(Referral.id).where(
        Referral.status == ReferralStatus.ACCEPTED, awaited <= at - MEETING_ENDS, from_a_post(), written
    )
    return list(db.session.scalars(statement))


def standing(case_id: uuid.UUID) -> Referral | None:
    """The move of the case that was accepted, and of which nobody recorded that the person left."""
    statement = select(Referral).where(Referral.case_id == case_id, before_leaving())
    return db.session.scalar(statement.execution_options(populate_existing=True))


def unfinished(case_id: uuid.UUID, receiver_id: uuid.UUID) -> list[Referral]:
    """Moves that ended at this receiver while nobody with a key was there: a new epoch is due, or a note."""
    written = exists().where(SealedCompartment.case_id == Referral.id, SealedCompartment.compartment == TRANSFER)
    statement = select(Referral).where(
        Referral.case_id == case_id,
        Referral.receiver_id == receiver_id,
        Referral.status.in_((ReferralStatus.ACCEPTED, ReferralStatus.ARRIVED, ReferralStatus.NOT_ARRIVED)),
        Referral.epoch_due | ((Referral.status != ReferralStatus.ACCEPTED) & written),
    )
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def of_case(case_id: uuid.UUID) -> list[uuid.UUID]:
    """The referrals of a case for which something is sealed."""
    statement = select(Referral.id).where(
        Referral.case_id == case_id, exists().where(SealedCompartment.case_id == Referral.id)
    )
    return list(db.session.scalars(statement))
