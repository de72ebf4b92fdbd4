"""Cases, as far as the actor may see them. A case is visible to its holder, to the organisation that handed the person
over until that is accepted (to a shelter: until the person leaves), to the duty desk, and to organisations with which a
part is shared. For all others the case does not exist.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, select, true
from sqlalchemy import case as case_when

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter.cases import Compartment
from nrm.looks import looked_up
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Grant
from nrm.store.paging import PAGE, Page, day_place_after, page
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.statements import built_once


class CaseRelation(StrEnum):
    """The relation of the actor to a case."""

    HOLDER = "holder"
    CUSTODIAN = "custodian"  # handed the person over; nobody has accepted yet
    HANDING_ON = "handing_on"  # a shelter in which the person still sleeps; another one has accepted (ADR 0068)
    DUTY_OFFICER = "duty_officer"
    SHARED = "shared"
    ASKED = "asked"  # is being asked to take the person; sees the hand-over and nothing else


@dataclass(frozen=True, slots=True)
class SeenCase:
    """One case as the asker sees it: closed codes in clear, and which compartments they hold a key to."""

    id: uuid.UUID
    pseudonym: str
    relation: CaseRelation
    status: str
    source: str
    registered_month: date
    age_class: str
    age_band: str
    gender: str
    citizenship: str
    citizenship_class: str
    exploited_in: str
    consent: str
    questionnaire: str
    closed_month: date | None
    holder: dict[str, str]
    compartments: tuple[Compartment, ...]
    """The compartments that exist and to which the actor's organisation holds a key."""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in a list."""

    id: uuid.UUID
    pseudonym: str
    status: str
    age_class: str
    gender: str
    citizenship_class: str
    registered_month: date


@dataclass(frozen=True, slots=True)
class ShareLine:
    """An organisation something is shared with."""

    organisation_id: uuid.UUID
    names: dict[str, str]
    compartments: tuple[Compartment, ...]
    by_consent: bool


def row(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """The case itself, for actions; raises NotVisible, before anything of it is read."""
    return _visible_row(case_id, by=by, lock=lock)[0]


def _visible_row(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> tuple[Case, CaseRelation]:
    relation = visible(case_id, by=by)
    if not lock:
        return looked_up(("cases.row", case_id), partial(_row, case_id)), relation
    return _row(case_id, lock=True), visible(case_id, by=by)  # it may have changed hands before it was locked


def _row(case_id: uuid.UUID, *, lock: bool = False) -> Case:
    statement = select(Case).where(Case.id == case_id).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotVisible
    return found


def visible(case_id: uuid.UUID, *, by: Actor, asked: bool = False) -> CaseRelation:
    """The relation of the actor to the case; raises NotVisible. `asked`: the party that is being asked counts too."""
    return _visible_case("id", case_id, by=by, asked=asked)[1]


def _visible_case(
    column: str, value: uuid.UUID | str, *, by: Actor, asked: bool = False
) -> tuple[uuid.UUID, CaseRelation]:
    """(id, relation) of the case with this value in the column; raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.CASE_READ):
        raise NotVisible
    found = looked_up(
        ("cases.visible", column, value, by.member_id, by.organisation_id, by.role),
        lambda: _visible_cases(by, column)(value=value).first(),
    )
    if found is None:
        raise NotVisible
    relation = CaseRelation(found[1])
    if relation is CaseRelation.ASKED and (not asked or agreement_rows.has_left(by.organisation_id)):
        raise NotVisible
    return found[0], relation


@built_once
def _visible_cases(by: Actor, column: str) -> Select[uuid.UUID, str]:
    """A case with the actor's relation to it; no row if there is none."""
    me = by.organisation_id
    asked = and_(Referral.receiver_id == by.organisation_id, Referral.status == ReferralStatus.SENT)
    relations = [
        (and_(Case.holder_id == by.organisation_id, Case.status != "referred"), CaseRelation.HOLDER),
        (
            and_(Case.status == "referred", func.coalesce(Case.holder_id, Case.opened_by_id) == by.organisation_id),
            CaseRelation.CUSTODIAN,
        ),
        (transfer_rows.hands_on(me), CaseRelation.HANDING_ON),
    ]
    if by.may(Permission.REFERRAL_DIRECT):
        relations.append((Case.status != "closed", CaseRelation.DUTY_OFFICER))
    else:
        relations.append((is_shared(by), CaseRelation.SHARED))
        relations.append((exists().where(Referral.case_id == Case.id, asked), CaseRelation.ASKED))
    relation = case_when(*((when, literal(str(each))) for when, each in relations))
    return select(Case.id, relation).where(getattr(Case, column) == bindparam("value"), relation.is_not(None))


def is_shared(by: Actor) -> ColumnElement[bool]:
    """The condition that something of a case is shared with the actor's organisation."""
    granted = exists().where(Grant.case_id == Case.id, Grant.organisation_id == by.organisation_id)
    return and_(granted, _may_be_shared(by))


def _may_be_shared(by: Actor) -> ColumnElement[bool]:
    """What a grant needs besides: of who never applied for a permit the permit unit sees nothing."""
    return permit_rows.asked_for(Case.id) if by.kind is OrganisationKind.TRP_UNIT else true()


def case(case_id: uuid.UUID, *, by: Actor) -> SeenCase:
    """One case; raises NotVisible."""
    found, relation = _visible_row(case_id, by=by)
    held = select(Grant.compartment).where(Grant.case_id == case_id, Grant.organisation_id == by.organisation_id)
    holder = db.session.get(Organisation, found.holder_id) if found.holder_id else None
    mine = set(db.session.scalars(held))
    return SeenCase(
        id=found.id,
        pseudonym=found.pseudonym,
        relation=relation,
        status=found.status,
        source=found.source,
        registered_month=found.registered_month,
        age_class=found.age_class,
        age_band=found.age_band,
        gender=found.gender,
        citizenship=found.citizenship,
        citizenship_class=found.citizenship_class,
        exploited_in=found.exploited_in,
        consent=found.consent,
        questionnaire=found.questionnaire,
        closed_month=found.closed_month,
        holder=holder.names if holder else {},
        compartments=tuple(each for each in Compartment if each in mine),
    )


def shared(*, by: Actor, after: str = "", size: int = PAGE) -> Page[CaseLine]:
    """The cases of other holders of which something is shared with the actor's organisation, newest month first."""
    by.must(Permission.CASE_READ)
    statement = select(Case).where(
        is_shared(by),
        Case.holder_id != by.organisation_id,
        Case.opened_by_id != by.organisation_id,
        Case.status == "open",
    )
    return _page_of_cases(statement, after, size)


def by_pseudonym(pseudonym: str, *, by: Actor) -> uuid.UUID:
    """The case with this code, if the asker may see it; raises NotVisible."""
    return _visible_case("pseudonym", pseudonym, by=by)[0]


def shares(case_id: uuid.UUID, *, by: Actor) -> list[ShareLine]:
    """The other organisations that read parts of the case; for the holder only, else NotVisible. Of a move that was
    accepted the house where the person still sleeps keeps its own label, too: that is no part of the case."""
    seen = row(case_id, by=by)
    if seen.holder_id != by.organisation_id:
        raise NotVisible
    statement = (
        select(Organisation, Grant.compartment)
        .join(Grant, Grant.organisation_id == Organisation.id)
        .where(
            Grant.case_id == case_id,
            Grant.organisation_id != by.organisation_id,
            Grant.compartment.in_([str(each) for each in Compartment]),
        )
        .order_by(Organisation.code)
    )
    found: dict[uuid.UUID, tuple[Organisation, list[Compartment]]] = {}
    for organisation, compartment in db.session.execute(statement):
        found.setdefault(organisation.id, (organisation, []))[1].append(Compartment(compartment))
    return [
        ShareLine(
            id_,
            each.names,
            tuple(sorted(compartments)),
            bool(consent_rows.given_by_consent(seen, each) & set(compartments)),
        )
        for id_, (each, compartments) in found.items()
    ]


def login_of(by: Actor) -> str:
    """The actor's sign-in name, which is shown under what they write."""
    member = db.session.get(Member, by.member_id) if by.member_id else None
    return member.login if member is not None else ""


def _page_of_cases(statement: Select[Case], after: str, size: int) -> Page[CaseLine]:
    place = day_place_after(after)
    if place is not None:
        month, id_ = place
        statement = statement.where(
            (Case.registered_month < month) | ((Case.registered_month == month) & (Case.id > id_))
        )
    statement = statement.order_by(Case.registered_month.desc(), Case.id).limit(size + 1)
    lines = [
        CaseLine(
            case_.id,
            case_.pseudonym,
            case_.status,
            case_.age_class,
            case_.gender,
            case_.citizenship_class,
            case_.registered_month,
        )
        for case_ in db.session.scalars(statement)
    ]
    return page(lines, lambda line: (line.registered_month, line.id), size)
