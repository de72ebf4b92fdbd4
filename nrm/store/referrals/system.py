"""The system as the duty desk sees it: every party, whether it has room, what waits for it and what of that is late."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, func, literal, or_, select, union_all

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, OrganisationKind, Permission
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.agreement.routing import Capacity
from nrm.domain.referrals.critical_path import ARRIVAL
from nrm.domain.referrals.crossing_points import MEETING_WITHIN
from nrm.domain.referrals.referrals import NO_SHOW_AFTER
from nrm.domain.shelter.cases import UNFINISHED
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import ChildAlert, Obligation, Referral
from nrm.models.shelter.cases import Case
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.referrals import duty as duty_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.shelter import places as place_store
from nrm.store.shelter.places import Room


@dataclass(frozen=True, slots=True)
class Place:
    """One party (the crossing points of a region are one place). `room` only for shelters, `capacity` likewise."""

    code: str
    kind: OrganisationKind
    names: dict[str, str]
    region: str  # empty: the whole country
    capacity: Capacity | None
    room: Room | None
    waiting: int
    late: int
    in_force: bool
    is_suspended: bool = False  # everybody who could answer there

    @property
    def accepts(self) -> bool:
        """Whether somebody there can accept a person now."""
        return self.room is not None and self.room.may_accept and not self.is_suspended


def places(*, by: Actor) -> list[Place]:
    """Every desk that works cases, shelters first, then by code. Raises NotPermitted for all but the duty desk."""
    by.must(Permission.REFERRAL_DIRECT)
    now = clock.now()
    agreement = country().in_force(now)
    day = agreement.day(now)
    rooms = {room.code: room for room in place_store.rooms(by=by)}
    capacity = organisation_names.capacity()
    counts = _counts()
    suspended = member_rows.all_suspended()
    found = []
    for each in organisation_names.organisations_by_id().values():
        kind = OrganisationKind(each.kind)
        if not kind.holds_keys or not each.enabled:
            continue
        party = agreement.parties.get(each.party)
        room = rooms.get(each.code) if kind in SHELTERS else None
        known = country().organisations.get(each.code)
        waiting, late = counts.get(each.code, (0, 0))
        found.append(
            Place(
                each.code,
                kind,
                each.names,
                (known.region or "") if known is not None else "",
                capacity.get(each.party, Capacity.ASK) if room is not None else None,
                room,
                waiting,
                late,
                party is not None and party.in_force(day),
                room is not None and each.id in suspended,
            )
        )
    return sorted(
        found, key=lambda place: (place.room is None, place.kind == OrganisationKind.BORDER_POLICE, place.code)
    )


def _counts() -> dict[str, tuple[int, int]]:
    """Organisation code -> (what waits for it by an hour, what of that is late), in one statement, as the list of the
    duty desk counts it.

    An obligation of the receiver counts for the holder of the case; one of the posts, for the post that has the case;
    who is expected, for the shelter, late an hour after that; who waits to be told where they meet, likewise.
    """
    now, code = clock.now(), Organisation.code.label("code")
    answers = (
        select(code, case((Referral.promised_at.is_(None), Referral.due_at), else_=Referral.expires_at).label("due"))
        .join(Referral, Referral.receiver_id == Organisation.id)
        .where(Referral.status == "sent")
    )
    awaited = duty_rows.awaited_at()
    coming = (
        select(code, awaited.label("due"))
        .join(Referral, Referral.receiver_id == Organisation.id)
        .where(Referral.status == "accepted", awaited.is_not(None))
    )
    meeting = (
        select(code, func.coalesce(Referral.decided_at, Referral.sent_at, type_=Referral.sent_at.type).label("due"))
        .join(Referral, Referral.receiver_id == Organisation.id)
        .where(transfer_rows.post_waits(), awaited.is_(None))
    )
    arrival = or_(Obligation.kind != ARRIVAL, and_(Case.status == "open", ~duty_rows.is_on_the_way()))
    open_ = (Obligation.done_at.is_(None), Obligation.due_at.is_not(None), Case.status.in_(UNFINISHED), arrival)
    police = Organisation.kind == OrganisationKind.BORDER_POLICE
    told = (
        select(code, Obligation.due_at.label("due"))
        .join(Obligation, Obligation.party == Organisation.party)
        .join(Case, Case.id == Obligation.case_id)
        .where(*open_, ~police | (Case.opened_by_id == Organisation.id))
    )
    received = (
        select(code, Obligation.due_at.label("due"))
        .join(Case, Case.holder_id == Organisation.id)
        .join(Obligation, Obligation.case_id == Case.id)
        .where(*open_, Obligation.party == RECEIVER, Case.status == "open")
    )
    asked = ChildAlert.opinion_at.is_not(None) & (ChildAlert.answer == "")
    children = (
        select(code, ChildAlert.due_at.label("due"))
        .join(ChildAlert, ChildAlert.party == Organisation.party)
        .where(ChildAlert.done_at.is_(None), ChildAlert.withdrawn_at.is_(None), ~asked)
    )
    asked_of = (
        select(code, ChildAlert.answer_due_at.label("due"))
        .join(ChildAlert, ChildAlert.party == Organisation.party)
        .where(asked, ChildAlert.withdrawn_at.is_(None))
    )
    at_their_hour = ((each, now) for each in (answers, told, received, children, asked_of))
    parts = (*at_their_hour, (coming, now - NO_SHOW_AFTER), (meeting, now - MEETING_WITHIN))
    counted = []
    for each, by in parts:
        part = each.subquery()
        late = case((part.c.due <= literal(by, Referral.due_at.type), 1), else_=0).label("late")
        counted.append(select(part.c.code, late))
    rows = union_all(*counted).subquery()
    statement = select(rows.c.code, func.count(), func.sum(rows.c.late)).group_by(rows.c.code)
    return {code: (number, int(late)) for code, number, late in db.session.execute(statement)}
