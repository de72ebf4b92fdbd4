"""People who are missing and people who left on their own: for their shelter, the duty desk and, if they are children,
the child authority, which does not learn in which shelter the child was."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Date, and_, bindparam, case, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.absences import Feared, Outcome, may_end_on
from nrm.domain.shelter.away import TOLD_FOR
from nrm.domain.shelter.places import missing_place_until
from nrm.domain.shelter.stays import ExitReason
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.absences import LeftAlone, Missing
from nrm.models.shelter.cases import Case
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.places import Occupancy
from nrm.models.shelter.stays import Stay
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.accounts import occasions
from nrm.store.rows.shelter import absences as rows

_MOST = 50
_LOOKED_THROUGH = 50_000
"""Of so many entries of the chain it is looked who ended an alarm, or a stay."""


@dataclass(frozen=True, slots=True)
class MissingLine:
    """One alarm. `shelter` is empty for the child authority; `known`: the reader's desk has said that it knows."""

    id: uuid.UUID
    case_id: uuid.UUID
    stay_id: uuid.UUID | None
    pseudonym: str
    age_class: str
    since_on: date
    since_at: datetime
    feared: str
    shelter: dict[str, str]
    telephone: str
    desk_knows: bool
    authority_knows: bool
    known: bool
    may_end_on: date
    desk_number: str
    authority_number: str  # of the child authority that was told
    place_kept_until: datetime
    place_kept: bool
    has_place: bool
    police_ground: str
    police_danger: str
    police_confirmed: bool
    own_ground: bool  # the reader said it, so another member must confirm
    child_there: bool
    """A small child that sleeps or slept with her is entered in the shelter still, and no alarm is raised for it."""
    children_there: bool
    """A child who came along with somebody since her admission is: it may be hers."""


@dataclass(frozen=True, slots=True)
class EndedLine:
    """One alarm that is over: `outcome` and its day; of one that was struck as a mistake, the day of that. `shelter` is
    empty for the child authority. `ender`: who ended it; then, if that came after it, when the stay ended and the case
    was closed, and who said so. Who that was is empty where the newest entries of the audit chain do not tell it.
    `gone`: danger was feared, the person was said to be there, and is in no shelter any more (ADR 0253)."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    age_class: str
    outcome: str
    on: date
    shelter: dict[str, str]
    known: bool = False
    feared: str = ""
    reporter: str = ""
    striker: str = ""
    """Who struck it as a mistake; the same person as `reporter`, or not (`by_another`: ADR 0211)."""
    by_another: bool = False
    telephone: str = ""
    ender: str = ""
    ender_shelter: Mapping[str, str] | None = None
    """The shelter of who ended it; and its number, where another one had raised it (ADR 0261)."""
    ender_telephone: str = ""
    stay_ended_on: date | None = None
    stay_ended_by: str = ""
    closed_on: date | None = None
    closed_by: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A person who left on her own, or died. `own`: the reader recorded it, so another member must confirm.
    `known`: the reader's desk said that it knows, and can take that back. `shelter` is empty for the child
    authority."""

    id: uuid.UUID
    case_id: uuid.UUID
    stay_id: uuid.UUID
    pseudonym: str
    kind: str
    left_on: date
    destination: str
    country: str
    shelter: dict[str, str]
    telephone: str
    confirmed: bool
    own: bool
    known: bool = False
    struck: bool = False
    """Two members said that it was not so: the person is in the shelter."""
    doubted: bool = False
    """One member says that it was not so; another one confirms that."""
    own_doubt: bool = False
    second: bool = True
    """Of one record that waits: the reader is a second hand beside who recorded it (ADR 0211)."""


def _visible_missing(by: Actor) -> ColumnElement[bool]:
    """The condition for alarms that the actor sees."""
    if by.may(Permission.REFERRAL_DIRECT):
        return Missing.party.is_not(None)
    if by.kind is OrganisationKind.CHILD_PROTECTION and by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        own = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
        return (Missing.party != "") & (Missing.party == own)
    if by.may(Permission.STAY_MANAGE) and by.organisation_id is not None:
        return Missing.organisation_id == by.organisation_id
    return false()


def _told_of_the_end(by: Actor) -> ColumnElement[bool]:
    """The condition for alarms of whose end the actor's desk is told: since yesterday, for a week of who was feared
    for, found, and is gone since, and of one that was struck as a mistake until the desk says that it knows."""
    lately = Missing.over_on >= bindparam("ended_since", type_=Date())
    if _is_desk(by):
        lately = or_(lately, and_(Missing.over_on >= bindparam("struck_since", type_=Date()), _is_gone()))
    return case(
        (
            Missing.outcome == Outcome.MISTAKE,
            _unknown_or_lately(Missing, by) if _is_desk(by) else struck_by_another(by),
        ),
        else_=and_(Missing.outcome != "", lately),
    )


def _is_gone() -> ColumnElement[bool]:
    """Danger was feared, the person was said to be there, and since then the stay ended or the case was closed."""
    there = exists().where(Stay.case_id == Missing.case_id, Stay.ended_on.is_(None)).correlate(Missing)
    ended = exists().where(Stay.id == Missing.stay_id, Stay.ended_on.is_not(None)).correlate(Missing)
    closed = exists().where(_closed_since()).correlate(Missing)
    return and_(
        Missing.feared == str(Feared.YES), Missing.outcome == str(Outcome.FOUND), or_(and_(ended, ~there), closed)
    )


def _closed_since() -> ColumnElement[bool]:
    """The condition for the closing of a case after its alarm had ended, that stands."""
    return and_(Closing.case_id == Missing.case_id, Closing.reopened_on.is_(None), Closing.closed_on >= Missing.over_on)


def struck_by_another(by: Actor) -> ColumnElement[bool]:
    """The condition for alarms that the actor raised and somebody else struck as a mistake, within the last days."""
    since = bindparam("struck_since", type_=Date())
    return (
        (Missing.reported_by_id == by.member_id)
        & (Missing.mistake_by_id != by.member_id)
        & (Missing.mistake_on >= since)
    )


def _unknown_or_lately(kind: type[Missing | LeftAlone], by: Actor) -> ColumnElement[bool]:
    """What the actor's desk does not know yet, or said since yesterday that it knows: that can be taken back."""
    authority = by.kind is OrganisationKind.CHILD_PROTECTION
    knows, on = kind.desk_knows, kind.desk_known_on
    if authority:
        knows, on = kind.authority_knows, kind.authority_known_on
    return knows.is_(False) | (on >= bindparam("ended_since", type_=Date()))


def _is_desk(by: Actor) -> bool:
    return by.may(Permission.REFERRAL_DIRECT) or by.kind is OrganisationKind.CHILD_PROTECTION


def number_missing(by: Actor) -> ColumnElement[int]:
    """How many alarms for the actor are open, or ended since `ended_since`; a part of another statement."""
    wanted = (_visible_missing(by), or_(Missing.outcome == "", _told_of_the_end(by)))
    return select(func.count()).select_from(Missing).where(*wanted).scalar_subquery()


def ended(*, by: Actor) -> list[EndedLine]:
    """The alarms that ended yesterday or today, for the desks that were told of them; for a week, those of people who
    were feared for, found, and are gone since."""
    reporter, striker, closer, again = aliased(Member), aliased(Member), aliased(Member), aliased(Missing)
    missing_again = exists().where(again.case_id == Missing.case_id, again.outcome == "")
    statement = (
        select(Missing, Case.pseudonym, Organisation, reporter.name, striker.name)
        .add_columns(Stay.ended_on, Closing.closed_on, closer.name, _is_gone())
        .join(Case, Case.id == Missing.case_id)
        .join(Organisation, Organisation.id == Missing.organisation_id)
        .join(reporter, reporter.id == Missing.reported_by_id)
        .join(striker, striker.id == Missing.mistake_by_id, isouter=True)
        .join(Stay, Stay.id == Missing.stay_id, isouter=True)
        .join(Closing, _closed_since(), isouter=True)
        .join(closer, closer.id == Closing.closed_by_id, isouter=True)
        .where(
            _visible_missing(by),
            _told_of_the_end(by),
            or_(Missing.outcome == Outcome.MISTAKE, ~missing_again),  # who is missing again stands above
        )
        .order_by(Missing.outcome != Outcome.MISTAKE, Missing.age_class == "adult", Missing.over_on.desc(), Missing.id)
        .limit(_MOST)
        .execution_options(populate_existing=True)
    )
    moments = {"ended_since": rows.ended_since(), "struck_since": rows.struck_since()}
    found_rows = db.session.execute(statement, moments).all()
    said = _who_said([row[0] for row in found_rows])
    authority = by.kind is OrganisationKind.CHILD_PROTECTION
    lines = []
    for found, pseudonym, shelter, reported_by, struck_by, stay_ended_on, closed_on, closed_by, gone in found_rows:
        if found.over_on is None:
            continue
        ender = said.get(str(found.id), _NOBODY)
        another = ender.organisation_id not in (None, found.organisation_id)
        house = names.organisation(ender.organisation_id) if another and ender.organisation_id else None
        was_found = found.outcome == Outcome.FOUND  # of nobody else the end of the stay tells something new
        lines.append(
            EndedLine(
                id=found.id,
                case_id=found.case_id,
                pseudonym=pseudonym,
                age_class=found.age_class,
                outcome=found.outcome,
                on=found.mistake_on or found.over_on,
                shelter={} if authority else shelter.names,
                known=found.authority_knows if authority else found.desk_knows,
                feared=found.feared,
                reporter=reported_by,
                striker=struck_by or "",
                by_another=found.mistake_by_id not in (None, found.reported_by_id),
                telephone=names.number_now(country().party_in(MechanismRole.AUTHORITY))
                if authority
                else names.number_of(shelter),
                ender=ender.name,
                ender_shelter=None if authority or house is None else house.names,
                ender_telephone=names.number_of(house) if house is not None and not authority else "",
                stay_ended_on=stay_ended_on if was_found else None,
                stay_ended_by=said.get(str(found.stay_id), _NOBODY).name,
                closed_on=closed_on,
                closed_by=closed_by or "",
                gone=bool(gone),
            )
        )
    return lines


class _Hand(NamedTuple):
    """Who said something, and of which organisation."""

    name: str = ""
    organisation_id: uuid.UUID | None = None


_NOBODY = _Hand()


def _who_said(alarms: Sequence[Missing]) -> dict[str, _Hand]:
    """Alarm -> who ended it, and stay -> who ended that, last."""
    about = [each.id for each in alarms] + [each.stay_id for each in alarms if each.stay_id is not None]
    if not about:
        return {}
    which = AuditEntry.event.in_((str(Event.MISSING_FOUND), str(Event.MISSING_ENDED), str(Event.STAY_ENDED)))
    since = clock.now() - TOLD_FOR - timedelta(days=1)
    told = entries.any_since(since, which, or_(*map(entries.about, about)), newest=_LOOKED_THROUGH)
    hands = {entry.said["missing_id" if "missing_id" in entry.said else "stay_id"]: entry for _, entry in told}
    wanted = {each.member_id for each in hands.values()} - {None}
    called = {each.id: each.name for each in db.session.scalars(select(Member).where(Member.id.in_(wanted)))}
    return {
        id_: _Hand(called[each.member_id], each.organisation_id)
        for id_, each in hands.items()
        if each.member_id in called
    }


def missing(*, by: Actor) -> list[MissingLine]:
    """The open alarms, children first, then the oldest; empty for an actor for whom they are not meant."""
    return _standing(by)


def _standing(by: Actor, *wanted: ColumnElement[bool]) -> list[MissingLine]:
    in_a_place = exists().where(
        Occupancy.stay_id == Missing.stay_id, Occupancy.until_on.is_(None), Occupancy.struck_on.is_(None)
    )
    statement = (
        select(
            Missing,
            Case.pseudonym,
            Organisation,
            in_a_place,
            rows.child_there(Missing.stay_id),
            rows.children_there(Missing.stay_id),
        )
        .join(Case, Case.id == Missing.case_id)
        .join(Organisation, Organisation.id == Missing.organisation_id)
        .where(_visible_missing(by), Missing.outcome == "", *wanted)
        .order_by(Missing.age_class == "adult", Missing.since_at, Missing.id)
        .limit(_MOST)
    )
    return [
        _missing_line(*found, by) for found in db.session.execute(statement.execution_options(populate_existing=True))
    ]


def _missing_line(
    found: Missing,
    pseudonym: str,
    shelter: Organisation,
    has_place: bool,
    child_there: bool,
    children_there: bool,
    by: Actor,
) -> MissingLine:
    authority = by.kind is OrganisationKind.CHILD_PROTECTION
    desk = by.organisation_id != found.organisation_id
    kept_until = missing_place_until(found.since_at or clock.now(), country().building.missing_place_hours)
    return MissingLine(
        id=found.id,
        case_id=found.case_id,
        stay_id=found.stay_id,
        pseudonym=pseudonym,
        age_class=found.age_class,
        since_on=found.since_on,
        since_at=found.since_at or clock.now(),
        feared=found.feared,
        shelter={} if authority else shelter.names,
        telephone="" if authority else names.number_of(shelter),
        desk_knows=found.desk_knows,
        authority_knows=found.authority_knows or found.party == "",
        known=found.authority_knows if authority else found.desk_knows,
        may_end_on=may_end_on(found.reported_on, country().missing_days),
        desk_number=names.number_now(country().party_in(MechanismRole.AUTHORITY)),
        authority_number=names.number_now(found.party),
        place_kept_until=kept_until,
        place_kept=clock.now() < kept_until,
        has_place=has_place,
        child_there=child_there,
        children_there=children_there,
        police_ground="" if desk else found.police_ground,
        police_danger="" if desk else found.police_danger,
        police_confirmed=found.police_confirmed_by_id is not None,
        own_ground=found.police_asked_by_id == by.member_id,
    )


def row(missing_id: uuid.UUID, *, by: Actor) -> Missing:
    """One alarm, open or ended, for actions; raises NotVisible."""
    statement = select(Missing).where(Missing.id == missing_id, _visible_missing(by)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def one(missing_id: uuid.UUID, *, by: Actor) -> MissingLine:
    """An open alarm; raises NotVisible."""
    for line in _standing(by, Missing.id == missing_id):
        return line
    raise NotVisible


def of_case(case_id: uuid.UUID, *, by: Actor) -> MissingLine | None:
    """The open alarm of a case, if the actor may see it."""
    return next(iter(_standing(by, Missing.case_id == case_id)), None)


def _left_lines(*wanted: ColumnElement[bool], by: Actor) -> list[LeftLine]:
    authority = by.kind is OrganisationKind.CHILD_PROTECTION
    statement = (
        select(LeftAlone, Case.pseudonym, Organisation)
        .join(Case, Case.id == LeftAlone.case_id)
        .join(Organisation, Organisation.id == LeftAlone.organisation_id)
        .where(LeftAlone.withdrawn_on.is_(None), *wanted)
        .order_by(LeftAlone.left_on, LeftAlone.id)
        .limit(_MOST)
        .execution_options(populate_existing=True)
    )
    return [
        LeftLine(
            id=found.id,
            case_id=found.case_id,
            stay_id=found.stay_id,
            pseudonym=pseudonym,
            kind=found.kind,
            left_on=found.left_on,
            destination=found.destination,
            country=found.country,
            shelter={} if authority else shelter.names,
            telephone="" if authority else names.number_of(shelter),
            confirmed=found.confirmed_by_id is not None,
            own=found.recorded_by_id == by.member_id,
            known=found.authority_knows if authority else found.desk_knows,
            struck=found.struck_on is not None,
            doubted=found.doubted_by_id is not None and found.struck_on is None,
            own_doubt=found.doubted_by_id == by.member_id,
        )
        for found, pseudonym, shelter in db.session.execute(statement, {"ended_since": rows.ended_since()})
    ]


def _own_left_alone(by: Actor) -> ColumnElement[bool]:
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return false()
    return LeftAlone.organisation_id == by.organisation_id


def _of_authority(by: Actor) -> ColumnElement[bool]:
    """The deaths of children that the actor's child authority was told of."""
    if by.kind is not OrganisationKind.CHILD_PROTECTION or not by.may(Permission.OBLIGATION_ACKNOWLEDGE):
        return false()
    own = select(Organisation.party).where(Organisation.id == by.organisation_id).scalar_subquery()
    return (LeftAlone.party != "") & (LeftAlone.party == own)


def _not_yet_known(by: Actor) -> ColumnElement[bool]:
    """For a desk: records that it has not acknowledged, or since yesterday. For a shelter: records that a second member
    must confirm."""
    if by.may(Permission.REFERRAL_DIRECT):
        return _unknown_or_lately(LeftAlone, by)
    if by.kind is OrganisationKind.CHILD_PROTECTION:
        return _of_authority(by) & _unknown_or_lately(LeftAlone, by)
    doubted = LeftAlone.doubted_by_id.is_not(None) & LeftAlone.struck_on.is_(None)
    return _own_left_alone(by) & (LeftAlone.confirmed_by_id.is_(None) | doubted)


def number_left(by: Actor) -> ColumnElement[int]:
    """How many lines `left` has; a part of another statement."""
    counted = select(func.count()).select_from(LeftAlone).where(LeftAlone.withdrawn_on.is_(None), _not_yet_known(by))
    return counted.scalar_subquery()


def left(*, by: Actor) -> list[LeftLine]:
    """People who left or died: for the duty desk and (deaths of children) the child authority those that the desk has
    not acknowledged; for a shelter those that a second member must confirm."""
    return _left_lines(_not_yet_known(by), by=by)


def left_one(left_id: uuid.UUID, *, by: Actor) -> LeftLine:
    """One of the actor's shelter, not taken back; raises NotVisible."""
    found = _left_lines(_own_left_alone(by), LeftAlone.id == left_id, by=by)
    if not found:
        raise NotVisible
    first = db.session.scalar(select(LeftAlone.recorded_by_id).where(LeftAlone.id == left_id))
    if found[0].confirmed or first is None or by.member_id is None:
        return found[0]
    return replace(found[0], second=occasions.is_second(by.member_id, first))


def left_of_stay(stay_id: uuid.UUID, *, by: Actor) -> LeftLine | None:
    """The record that this person of the actor's shelter left on her own, if it waits for a second member."""
    found = _left_lines(_own_left_alone(by), LeftAlone.stay_id == stay_id, LeftAlone.confirmed_by_id.is_(None), by=by)
    return found[0] if found else None


def ended_by_two(stay_id: uuid.UUID, *, by: Actor) -> LeftLine | None:
    """The record of two members that ended this stay of the actor's shelter, and was not struck."""
    wanted = (LeftAlone.stay_id == stay_id, LeftAlone.confirmed_by_id.is_not(None), LeftAlone.struck_on.is_(None))
    return next(iter(_left_lines(_own_left_alone(by), *wanted, by=by)), None)


def left_row(left_id: uuid.UUID, *, by: Actor) -> LeftAlone:
    """For actions of the shelter, the duty desk and the child authority; raises NotVisible."""
    mine = LeftAlone.id.is_not(None) if by.may(Permission.REFERRAL_DIRECT) else _own_left_alone(by) | _of_authority(by)
    statement = select(LeftAlone).where(LeftAlone.id == left_id, mine).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def left_number(quarter: Quarter, *, by: Actor) -> int:
    """How many left on their own before the gate in the quarter; for the duty desk. Raises NotPermitted."""
    by.must(Permission.REFERRAL_DIRECT)
    wanted = (Stay.exit_reason == str(ExitReason.LEFT_ALONE), Stay.ended_on.between(quarter.start, quarter.end))
    return db.session.scalar(select(func.count()).select_from(Stay).where(*wanted)) or 0
