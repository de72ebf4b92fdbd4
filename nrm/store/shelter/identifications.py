"""Formal identification, as far as the asker may see it.

The holder of the case sees its state. A reviewer sees it while the holder lets their organisation read the record of
the joint interview. Until the decision, the conclusion of a look is shown only to the person who made it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy import case as case_when

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission, Role
from nrm.domain.shelter.away import TOLD_FOR
from nrm.domain.shelter.cases import Compartment, IdentificationStatus
from nrm.domain.shelter.identifications import (
    DECISIONS,
    POLICE_SIDE,
    SOCIAL_SIDE,
    TRANSITIONS,
    Event,
    IdentificationRefusal,
    IdentificationRefused,
    Look,
    PartnerSaid,
    Reviewer,
    State,
    Who,
    check_appeal_decision,
    check_look,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, Grant, Reading
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.store.countries import country
from nrm.store.identification_waits import SINCE
from nrm.store.rows import entries
from nrm.store.rows.shelter import identifications as rows
from nrm.store.statements import built_once

_MOST = 50
_AT_HOME = 20_000
"""Of so many entries of the chain a home page reads who objected."""
_OBJECTED = (
    AuditEntry.event == str(audit.Event.IDENTIFICATION_RECORDED),
    AuditEntry.details.contains(f'"step":"{PartnerSaid.OBJECTS}"'),
)


@dataclass(frozen=True, slots=True)
class LookLine:
    """One look. `outcome` and `bases` are None while the actor may not know them; `own`: the actor's."""

    position: int
    by: str
    organisation: dict[str, str]
    looked_on: date
    outcome: IdentificationStatus | None
    bases: tuple[str, ...] | None
    own: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One case's identification as the asker sees it.

    `police` and `social` are (login, organisation) of the joint interview. `holder` is shown only to the social side,
    because the shelter reveals where the person is. `reflection_until`: the last day of the period, if there is one.
    """

    case_id: uuid.UUID
    pseudonym: str
    age_class: str
    gender: str
    citizenship_class: str
    state: State
    status: IdentificationStatus
    asked_on: date | None
    police: tuple[str, dict[str, str]] | None
    social: tuple[str, dict[str, str]] | None
    interviewed_on: date | None
    place: str
    language: str
    interpreter: str
    decided_on: date | None
    decided_by: dict[str, str]
    looks: tuple[LookLine, ...]
    wrote: str
    partner: str
    said: PartnerSaid | None
    said_on: date | None
    is_partner: bool
    """Who wrote the joint interview down, who is named beside them and what they said of it; whether that is the
    asker."""
    appealed_on: date | None
    appellant: str
    appeal_outcome: str
    appeal_decided_on: date | None
    reflection_until: date | None
    holder: dict[str, str]
    events: frozenset[Event]
    decisions_to_open: tuple[Compartment, ...]
    barred: IdentificationRefusal | None
    """Why the asker does not look, or decide an appeal, themselves; empty where they may."""
    has_read: bool
    """Whether the asker ever opened the record: who did not concludes nothing."""

    @property
    def must_read(self) -> bool:
        """Whether the next step is to conclude something of a record that the asker did not open yet."""
        return not self.has_read and bool(self.events & {Event.SECOND, Event.THIRD, Event.DECIDE_APPEAL})


@dataclass(frozen=True, slots=True)
class Line:
    """One case in a reviewer's list."""

    case_id: uuid.UUID
    pseudonym: str
    state: State
    since: date
    is_named: bool = False
    """Another one wrote down that the asker held the interview too, and the asker has said nothing of it."""
    is_mine: bool = False
    """The next step can be the asker's: nothing that they did before bars them from it."""

    @property
    def order(self) -> int:
        """What waits for the asker first, then what waits for somebody else."""
        waits = self.is_named or self.is_mine
        return 0 if waits else 1 + (self.state in (State.DECIDED, State.FINAL))


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """That whoever is named beside the writer of a joint interview said they were not there, or do not agree;
    `agreed_on`: when they took that back."""

    case_id: uuid.UUID
    pseudonym: str
    wrote: str
    partner: str
    on: date
    agreed_on: date | None = None


def row(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> tuple[Case, Identification | None, Who]:
    """The case and its identification, for actions; raises NotVisible for an actor who has no part in it."""
    relation = _relation_of(case_id, by=by)
    statement = select(Case).where(Case.id == case_id).execution_options(populate_existing=True)
    case = db.session.scalar(statement.with_for_update() if lock else statement)
    if case is None:
        raise NotVisible
    if lock:
        relation = _relation_of(case_id, by=by)  # it may have ended before the case was locked
    found = select(Identification).where(Identification.case_id == case_id).execution_options(populate_existing=True)
    return case, db.session.scalar(found), relation


def _relation_of(case_id: uuid.UUID, *, by: Actor) -> Who:
    """The actor's relation to a case's identification; raises NotVisible if there is none."""
    if by.organisation_id is None or not (by.may(Permission.CASE_OPEN) or by.may(Permission.IDENTIFICATION_DECIDE)):
        raise NotVisible
    found = _part(by)(case_id=case_id).scalar()
    if found is None:
        raise NotVisible
    return Who(found)


@built_once
def _part(by: Actor) -> Select[str]:
    """The actor's relation to the identification of a case; no row if there is none."""
    granted = exists().where(
        Grant.case_id == Case.id,
        Grant.organisation_id == by.organisation_id,
        Grant.compartment == Compartment.JOINT_INTERVIEW,
    )
    parts = []
    if by.may(Permission.CASE_OPEN):
        parts.append((and_(Case.holder_id == by.organisation_id, Case.status != "referred"), literal(str(Who.HOLDER))))
    if by.may(Permission.IDENTIFICATION_DECIDE):
        parts.append((and_(Case.status == "open", granted), literal(str(Who.REVIEWER))))
    part = case_when(*parts)
    return select(part).where(Case.id == bindparam("case_id"), part.is_not(None))


def as_rules(found: Sequence[IdentificationLook]) -> list[Look]:
    """The looks as the rules see them."""
    return [Look(each.member_id, each.organisation_id, IdentificationStatus(each.outcome)) for each in found]


def reviewer(case_id: uuid.UUID, *, by: Actor) -> Reviewer:
    """The actor as a reviewer, and whether they ever opened a decision of this case, and the record; raises
    NotVisible."""
    if not by.may(Permission.IDENTIFICATION_DECIDE) or by.member_id is None or by.organisation_id is None:
        raise NotVisible
    opened = set(
        db.session.scalars(
            select(Reading.compartment)
            .where(Reading.case_id == case_id, Reading.member_id == by.member_id)
            .where(Reading.compartment.in_((Compartment.JOINT_INTERVIEW, *DECISIONS)))
        )
    )
    has_read = Compartment.JOINT_INTERVIEW in opened
    return Reviewer(by.member_id, by.organisation_id, bool(opened & set(DECISIONS)), has_read)


def of_case(case_id: uuid.UUID, *, by: Actor) -> Seen:
    """The identification of one case; raises NotVisible."""
    case, found, relation = row(case_id, by=by)
    state = State(found.state) if found else State.NOT_ASKED
    people = _people(found) if found else {}
    looks = rows.looks(found) if found else []
    partner = rows.partner(found, looks) if found else None
    said = rows.partner_said(case_id) if partner else None
    organisations = {each.id: each for each in db.session.scalars(select(Organisation))} if found else {}
    told_where = relation is Who.HOLDER or by.kind in SOCIAL_SIDE
    holder = db.session.get(Organisation, case.holder_id) if told_where and case.holder_id else None
    held = select(Grant.compartment).where(Grant.case_id == case_id, Grant.organisation_id == by.organisation_id)
    mine = set(db.session.scalars(held))
    return Seen(
        case_id=case.id,
        pseudonym=case.pseudonym,
        age_class=case.age_class,
        gender=case.gender,
        citizenship_class=case.citizenship_class,
        state=state,
        status=IdentificationStatus(found.status) if found else IdentificationStatus.POSSIBLE,
        asked_on=found.asked_on if found else None,
        police=people.get(found.police_member_id) if found else None,
        social=people.get(found.social_member_id) if found else None,
        interviewed_on=found.interviewed_on if found else None,
        place=found.place if found else "",
        language=found.language if found else "",
        interpreter=found.interpreter if found else "",
        decided_on=found.decided_on if found else None,
        decided_by=_names(organisations.get(found.decided_by_id)) if found and found.decided_by_id else {},
        looks=tuple(_look_line(each, people, state, by, partner) for each in looks),
        wrote=people[looks[0].member_id][0] if partner else "",
        partner=people[partner][0] if partner else "",
        said=said[0] if said else None,
        said_on=said[1] if said else None,
        is_partner=partner is not None and partner == by.member_id,
        appealed_on=found.appealed_on if found else None,
        appellant=found.appellant if found else "",
        appeal_outcome=found.appeal_outcome if found else "",
        appeal_decided_on=found.appeal_decided_on if found else None,
        reflection_until=rows.reflection_until(case),
        holder=_names(holder),
        events=frozenset(event for now, event, actor in TRANSITIONS if now is state and actor is relation),
        decisions_to_open=tuple(each for each in DECISIONS if each in mine),
        barred=_barred(case_id, found, by) if found is not None and relation is Who.REVIEWER else None,
        has_read=relation is Who.REVIEWER and reviewer(case_id, by=by).has_read,
    )


def _barred(case_id: uuid.UUID, found: Identification, by: Actor) -> IdentificationRefusal | None:
    before = as_rules(rows.looks(found))
    interviewed = {each for each in (found.police_member_id, found.social_member_id) if each is not None}
    try:
        if found.state in (State.FIRST_LOOK, State.DIFFERING):
            check_look(reviewer(case_id, by=by), before, interviewed)
        elif found.state == State.APPEALED and by.member_id is not None:
            check_appeal_decision(by.member_id, before, interviewed)
    except IdentificationRefused as refused:
        return refused.reason
    return None


def _people(found: Identification) -> dict[uuid.UUID | None, tuple[str, dict[str, str]]]:
    """member -> (login, names of the organisation), of everybody who had a part in it."""
    took_part = {found.police_member_id, found.social_member_id, found.appeal_member_id} - {None}
    looked = select(IdentificationLook.member_id).where(IdentificationLook.identification_id == found.id)
    statement = (
        select(Member.id, Member.login, Organisation)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(or_(Member.id.in_(took_part), Member.id.in_(looked)))
    )
    return {id_: (login, _names(organisation)) for id_, login, organisation in db.session.execute(statement)}


def _look_line(
    each: IdentificationLook,
    people: dict[uuid.UUID | None, tuple[str, dict[str, str]]],
    state: State,
    by: Actor,
    partner: uuid.UUID | None,
) -> LookLine:
    """`partner`: in whose name the first look was written down, too."""
    login, organisation = people[each.member_id]
    concluded = (each.member_id, partner) if each.position == 1 else (each.member_id,)
    told = state.is_decided or by.member_id in concluded
    return LookLine(
        each.position,
        login,
        organisation,
        each.looked_on,
        IdentificationStatus(each.outcome) if told else None,
        tuple(each.bases) if told else None,
        each.member_id == by.member_id,
    )


def _names(organisation: Organisation | None) -> dict[str, str]:
    return organisation.names if organisation is not None else {}


def to_review(*, by: Actor) -> list[Line]:
    """The cases whose record the actor's organisation may read: what waits for the actor first, then what is not
    decided, then what stands so for longest."""
    by.must(Permission.IDENTIFICATION_DECIDE)
    decided = Identification.state.in_((State.DECIDED, State.FINAL))
    held_it = or_(Identification.police_member_id == by.member_id, Identification.social_member_id == by.member_id)
    wrote_it = exists().where(
        IdentificationLook.identification_id == Identification.id,
        IdentificationLook.position == 1,
        IdentificationLook.member_id == by.member_id,
    )
    statement = (
        select(Identification, Case.pseudonym, and_(held_it, ~wrote_it), SINCE)
        .join(Case, Case.id == Identification.case_id)
        .join(Grant, (Grant.case_id == Case.id) & (Grant.compartment == Compartment.JOINT_INTERVIEW))
        .where(Grant.organisation_id == by.organisation_id, Case.status == "open")
        .order_by(decided, SINCE, Case.id)
        .limit(_MOST)
    )
    lines = [
        Line(
            each.case_id,
            pseudonym,
            State(each.state),
            since,
            bool(named) and rows.partner_said(each.case_id) is None,
            _is_open_to(each, by),
        )
        for each, pseudonym, named, since in db.session.execute(statement).all()
    ]
    return sorted(lines, key=lambda each: each.order)


def _is_open_to(found: Identification, by: Actor) -> bool:
    """Whether the next step is one of a reviewer, and the actor may make it."""
    next_is = any(now == found.state and who is Who.REVIEWER for now, _, who in TRANSITIONS)
    return next_is and _barred(found.case_id, found, by) is None


def number_objected(by: Actor) -> ColumnElement[int]:
    """How often lately whoever was named beside the writer of a joint interview objected, or stopped objecting, as a
    column of a statement with the value of `objected_moment`, for the duty desk; 0 for everybody else."""
    if not by.may(Permission.REFERRAL_DIRECT):
        return literal(0)
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    lately = AuditEntry.at >= bindparam("objected_since", type_=String())
    counted = select(func.count()).select_from(AuditEntry).where(AuditEntry.id > last - _AT_HOME, lately)
    return counted.where(*_OBJECTED).scalar_subquery()


def objected_moment(by: Actor) -> dict[str, str]:
    """The value that `number_objected` needs."""
    return {"objected_since": (clock.now() - TOLD_FOR).isoformat()} if by.may(Permission.REFERRAL_DIRECT) else {}


def objected(*, by: Actor) -> list[ObjectionLine]:
    """The joint interviews of which the partner said in the last seven days that she was not there or does not agree,
    also where she took it back: for the duty desk, which calls both (ADR 0269)."""
    by.must(Permission.REFERRAL_DIRECT)
    found = entries.any_since(clock.now() - TOLD_FOR, *_OBJECTED, newest=_AT_HOME)
    objected_at = {uuid.UUID(entry.said["case_id"]): entry.at for _, entry in found}
    lines = []
    for case_id, at in objected_at.items():
        said = rows.partner_said(case_id)
        case = db.session.get(Case, case_id)
        identification = db.session.scalar(select(Identification).where(Identification.case_id == case_id))
        if said is None or case is None or identification is None:
            continue
        people, looks = _people(identification), rows.looks(identification)
        partner = rows.partner(identification, looks)
        if partner is not None:
            wrote = people[looks[0].member_id][0]
            on = clock.day_of(at, country().timezone)
            agreed_on = said[1] if said[0] is PartnerSaid.AGREES else None
            lines.append(ObjectionLine(case_id, case.pseudonym, wrote, people[partner][0], on, agreed_on))
    return lines


def partners(case_id: uuid.UUID, *, by: Actor) -> list[tuple[uuid.UUID, str, dict[str, str]]]:
    """(member, login, organisation) of the other side's officers whose organisation may read the record."""
    row(case_id, by=by)
    other = SOCIAL_SIDE if by.kind in POLICE_SIDE else POLICE_SIDE
    statement = (
        select(Member.id, Member.login, Organisation)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Grant, (Grant.organisation_id == Organisation.id) & (Grant.case_id == case_id))
        .where(
            Grant.compartment == Compartment.JOINT_INTERVIEW,
            Organisation.kind.in_([str(each) for each in other]),
            Member.role == Role.IDENTIFICATION_OFFICER,
            Member.status == "active",
        )
        .order_by(Organisation.code, Member.login)
    )
    return [(id_, login, _names(each)) for id_, login, each in db.session.execute(statement)]
