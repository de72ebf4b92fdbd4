"""Who of the actor's shelter is away and expected back; for the child authority which children are."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.absences import child_authority
from nrm.domain.shelter.away import is_late
from nrm.domain.shelter.corrections import Kind, Why
from nrm.domain.shelter.findings import END_SHOWN_FOR, STRIKE_WAITS
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.corrections import StayCorrection
from nrm.models.shelter.stays import Stay
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import away as rows
from nrm.store.shelter import findings
from nrm.store.statements import built_once

_MOST = 100
# Nobody is away from a stay that is over; said here, so that the stays of the past are not read.
_AWAY_NOW = (Stay.ended_on.is_(None), Away.outcome == "")


@dataclass(frozen=True, slots=True)
class AwayLine:
    """One absence. `late`: she is expected back since yesterday or longer."""

    id: uuid.UUID
    stay_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    since_on: date
    expected_on: date
    over_on: date | None
    outcome: str
    late: bool
    child_there: bool
    """A small child that sleeps or slept with the person is entered in the shelter still, and has no alarm."""
    children_there: bool
    """A child who came along with somebody since the person's admission is: it may be theirs."""


@dataclass(frozen=True, slots=True)
class MovedLine:
    """Somebody who did not come back on the day, and of whom a colleague said a later day then: `was`, the day that was
    missed; `name`: who said it last."""

    line: AwayLine
    was: date
    name: str


def moved_late(lines: Collection[AwayLine], *, by: Actor) -> list[MovedLine]:
    """Of who is away, those of whom somebody else than the asker said another day of return when the person was late;
    for who leads the house (ADR 0217)."""
    today = days.today()
    away_ids = [each.id for each in lines if each.since_on < today] if by.may(Permission.TEAM_MANAGE) else []
    moved = rows.moved_late(away_ids)
    return [
        MovedLine(each, moved[each.id].was, db.session.get_one(Member, moved[each.id].member_id).name)
        for each in lines
        if each.id in moved and moved[each.id].member_id != by.member_id
    ]


def away(*, by: Actor) -> list[AwayLine]:
    """Who is away now or will be, the late first; empty for an actor who takes nobody in."""
    return [_line(*found) for found in _away_now(by)()] if _has_stays(by) else []


@built_once
def _away_now(by: Actor) -> Select[Away, uuid.UUID, str, bool, bool]:
    return _rows(Stay.organisation_id == by.organisation_id, *_AWAY_NOW)


def of_children(*, by: Actor) -> list[AwayLine]:
    """The children, or who may be ones, who are away from any shelter, for the child authority (ADR 0211); empty for
    all others. Where a shelter is, none of it says."""
    if not _is_own_child_authority(by):
        return []
    return _read(Case.age_class != "adult", Away.since_on <= days.today(), *_AWAY_NOW)


@dataclass(frozen=True, slots=True)
class StruckAwayLine:
    """Days away of a child that its house struck: the child was there, it says. Where that is, is not said. `seen_by`,
    `seen_on`: who of the child authority said that it has seen this; nobody while it waits."""

    away_id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    since_on: date
    expected_on: date
    struck_on: date
    why: Why
    seen_by: str = ""
    seen_on: date | None = None


def struck_of_children(*, by: Actor) -> list[StruckAwayLine]:
    """The days away of children that houses struck, the last first (ADR 0241): for the child authority what waits to be
    seen, and for 14 days what was; for the duty desk what nobody has seen since a day before; empty for all others."""
    desk = by.may(Permission.REFERRAL_DIRECT)
    if not desk and not _is_own_child_authority(by):
        return []
    statement = (
        select(Case.id, Case.pseudonym, StayCorrection)
        .join(Stay, Stay.id == StayCorrection.stay_id)
        .join(Case, Case.id == Stay.case_id)
        .where(*_struck(), StayCorrection.known_on < days.today() if desk else true())
        .order_by(StayCorrection.known_on.desc(), StayCorrection.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement, strikes_moment(by)).all()
    seen = findings.strikes_seen("away_id", by=by) if found else {}
    border = days.today() - END_SHOWN_FOR
    lines = [_struck_line(*each, seen) for each in found]
    return [
        line
        for line in lines
        if line.since_on <= line.struck_on  # not of days that had not come
        and (line.seen_on is None or (not desk and line.struck_on > border))
    ]


def _struck_line(
    case_id: uuid.UUID, pseudonym: str, struck: StayCorrection, seen: Mapping[uuid.UUID, tuple[str, date]]
) -> StruckAwayLine:
    away_id = uuid.UUID(struck.was["id"])
    first, last = (date.fromisoformat(struck.was[name]) for name in ("since_on", "expected_on"))
    told = seen.get(away_id, ("", None))
    return StruckAwayLine(away_id, case_id, pseudonym, first, last, struck.known_on, Why(struck.why), *told)


def number_struck(by: Actor) -> ColumnElement[int]:
    """How many days away of children were struck of which the actor may have something to read, seen or not; a part of
    another statement, which gives `strikes_moment`."""
    if not by.may(Permission.REFERRAL_DIRECT) and not _is_child_authority(by):
        return literal(0)
    counted = select(func.count()).select_from(StayCorrection).join(Stay, Stay.id == StayCorrection.stay_id)
    return counted.join(Case, Case.id == Stay.case_id).where(*_struck()).scalar_subquery()


def strikes_moment(by: Actor) -> dict[str, date]:
    """The value that `number_struck` needs."""
    reads = by.may(Permission.REFERRAL_DIRECT) or _is_child_authority(by)
    return {"away_struck_since": days.today() - STRIKE_WAITS} if reads else {}


def _struck() -> tuple[ColumnElement[bool], ...]:
    """Struck lately, of who counted as a child on that day."""
    grew_up = exists().where(
        CaseAge.case_id == Case.id, CaseAge.age_class == "adult", CaseAge.recorded_on >= StayCorrection.known_on
    )
    return (
        StayCorrection.kind == str(Kind.AWAY),
        StayCorrection.known_on > bindparam("away_struck_since", type_=Date()),
        or_(Case.age_class != "adult", grew_up),
    )


def _is_child_authority(by: Actor) -> bool:
    return by.kind is OrganisationKind.CHILD_PROTECTION and by.may(Permission.OBLIGATION_ACKNOWLEDGE)


def _is_own_child_authority(by: Actor) -> bool:
    """Whether the actor's service is the one that is told of missing children."""
    own = select(Organisation.party).where(Organisation.id == by.organisation_id)
    return _is_child_authority(by) and db.session.scalar(own) == child_authority(country().in_force(clock.now()))


def number_away(by: Actor) -> ColumnElement[int]:
    """How many lines `away` has, or at most `of_children`; a part of another statement."""
    if _is_child_authority(by):
        there = exists().where(
            Stay.id == Away.stay_id, Stay.ended_on.is_(None), Case.id == Stay.case_id, Case.age_class != "adult"
        )
        return select(func.count()).where(Away.outcome == literal_column("''"), there).scalar_subquery()
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    # From the few who are away to their stays: the empty text is written out, so that the index of these is used.
    here = exists().where(Stay.id == Away.stay_id, Stay.organisation_id == by.organisation_id, Stay.ended_on.is_(None))
    return select(func.count()).where(Away.outcome == literal_column("''"), here).scalar_subquery()


def of_stay(stay_id: uuid.UUID, *, by: Actor) -> list[AwayLine]:
    """Every absence of a stay in the actor's shelter, the first day first."""
    return sorted(_lines(by, Away.stay_id == stay_id), key=lambda line: line.since_on)


def one(away_id: uuid.UUID, *, by: Actor) -> AwayLine:
    """One absence; raises NotVisible."""
    for line in _lines(by, Away.id == away_id):
        return line
    raise NotVisible


def _lines(by: Actor, *wanted: ColumnElement[bool]) -> list[AwayLine]:
    return _read(Stay.organisation_id == by.organisation_id, *wanted) if _has_stays(by) else []


def _has_stays(by: Actor) -> bool:
    return by.organisation_id is not None and by.may(Permission.STAY_MANAGE)


def _read(*wanted: ColumnElement[bool]) -> list[AwayLine]:
    statement = _rows(*wanted).execution_options(populate_existing=True)
    return [_line(*found) for found in db.session.execute(statement)]


def _rows(*wanted: ColumnElement[bool]) -> Select[Away, uuid.UUID, str, bool, bool]:
    return (
        select(
            Away,
            Stay.case_id,
            Case.pseudonym,
            absence_rows.child_there(Away.stay_id),
            absence_rows.children_there(Away.stay_id),
        )
        .join(Stay, Stay.id == Away.stay_id)
        .join(Case, Case.id == Stay.case_id)
        .where(*wanted)
        .order_by(Away.expected_on, Away.id)
        .limit(_MOST)
    )


def _line(found: Away, case_id: uuid.UUID, pseudonym: str, with_child: bool, with_children: bool) -> AwayLine:
    return AwayLine(
        id=found.id,
        stay_id=found.stay_id,
        case_id=case_id,
        pseudonym=pseudonym,
        since_on=found.since_on,
        expected_on=found.expected_on,
        over_on=found.over_on,
        outcome=found.outcome,
        late=found.outcome == "" and is_late(found.expected_on, days.today()),
        child_there=with_child,
        children_there=with_children,
    )


def row(away_id: uuid.UUID, *, by: Actor) -> Away:
    """For actions; raises NotVisible."""
    own = select(Stay.id).where(Stay.organisation_id == by.organisation_id)
    statement = select(Away).where(Away.id == away_id, Away.stay_id.in_(own)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found
