"""Beds and stays of the actor's own shelter; those of other shelters are not visible. Numbers are for the shelter
itself and for the duty desk.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    Date,
    Row,
    Select,
    Uuid,
    bindparam,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from nrm.db import db
from nrm.domain.accounts.accounts import SHELTERS, Actor, NotPermitted, NotVisible, Permission
from nrm.domain.accounts.members import KEY_HOLDERS_NEEDED
from nrm.domain.shelter.away import is_late
from nrm.domain.shelter.stays import Period, nights, present
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.stays import Bed, Stay
from nrm.store import days as calendar
from nrm.store.paging import MOST, PAGE, Page, day_place_after, page
from nrm.store.rows.accounts.members import number_of_holders
from nrm.store.rows.referrals import referrals as referral_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.statements import built_once

_Rooms = Select[*tuple[Any, ...]]

LEAVING_DAYS = 7
BOARD_DAYS = 14


@dataclass(frozen=True, slots=True)
class StayLine:
    """One stay. `nights`: spent so far, or in all, without those missing; `overdue`: the planned end has passed."""

    id: uuid.UUID
    case_id: uuid.UUID
    pseudonym: str
    bed_id: uuid.UUID
    bed: str
    admitted_on: date
    anticipated_end_on: date
    ended_on: date | None
    exit_reason: str
    destination: str
    nights: int
    overdue: bool
    missing_since: date | None
    destination_country: str
    referral_id: uuid.UUID | None = None
    away_id: uuid.UUID | None = None
    away_since: date | None = None
    expected_on: date | None = None
    """Of somebody who is away: the day on which she is expected back."""

    @property
    def is_away(self) -> bool:
        """Whether she is away now, and not only from a later day on."""
        return self.away_since is not None and self.away_since <= calendar.today()

    @property
    def late_back(self) -> bool:
        """Whether she should have come back by now."""
        return self.expected_on is not None and is_late(self.expected_on, calendar.today())


@dataclass(frozen=True, slots=True)
class BedLine:
    """One bed: who sleeps in it, for which code it is kept, or neither. Out of use: nobody is put into it."""

    id: uuid.UUID
    label: str
    out_of_use: bool
    stay: StayLine | None
    kept_for: str
    closed_from: date | None = None
    closed_why: str = ""

    @property
    def closing(self) -> bool:
        """Whether it is closed, or will be when its day has come and nobody sleeps in it."""
        return self.closed_from is not None

    @property
    def is_gone(self) -> bool:
        """Whether it is closed now and counts no more."""
        return self.closed_from is not None and self.closed_from <= calendar.today() and self.stay is None

    @property
    def is_free(self) -> bool:
        """Whether somebody can be put into it now."""
        return not self.out_of_use and self.stay is None and not self.kept_for


@dataclass(frozen=True, slots=True)
class Room:
    """A shelter's beds in numbers. `held`: for referrals that wait for an answer or for an arrival."""

    names: dict[str, str]
    beds: int
    taken: int
    held: int
    out_of_use: int
    code: str
    may_accept: bool
    """Whether enough people hold the shelter's key to accept anybody."""

    @property
    def free(self) -> int:
        """Beds that nobody sleeps in and nobody waits for."""
        return max(0, self.beds - self.taken - self.held - self.out_of_use)


@dataclass(frozen=True, slots=True)
class Admittable:
    """A person whose case the shelter holds and whom it can admit, and the bed kept for them."""

    case_id: uuid.UUID
    pseudonym: str
    age_class: str
    kept_bed_id: uuid.UUID | None
    earlier: bool  # was in a shelter before in this case


@dataclass(frozen=True, slots=True)
class StaysOfCase:
    """What a case page says of stays: the open one, those that ended, and whether the shelter can admit now."""

    current: StayLine | None
    past: tuple[StayLine, ...]
    may_admit: bool


def _own_shelter_id(by: Actor) -> uuid.UUID:
    """The asker's shelter; raises NotVisible for anybody who has no beds."""
    if by.organisation_id is None or by.kind is None or not by.kind.takes_people_in:
        raise NotVisible
    if not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    return by.organisation_id


def beds(*, by: Actor, closed: bool = False) -> list[BedLine]:
    """Every bed of the asker's shelter by label, with who is in it; raises NotVisible. `closed`: with the closed."""
    own = _own_shelter_id(by)
    in_bed = {line.bed_id: line for line in _stays(Stay.organisation_id == own, Stay.ended_on.is_(None))}
    kept = referral_rows.kept_beds(own)
    rows = db.session.scalars(select(Bed).where(Bed.organisation_id == own)).all()
    lines = [
        BedLine(
            bed.id,
            bed.label,
            bed.out_of_use,
            in_bed.get(bed.id),
            kept[bed.id].pseudonym if bed.id in kept else "",
            bed.closed_from,
            bed.closed_why,
        )
        for bed in sorted(rows, key=lambda bed: _label_key(bed.label))
    ]
    return [line for line in lines if closed or not line.is_gone]


def bed_line(bed_id: uuid.UUID, *, by: Actor) -> BedLine:
    """One bed of the asker's shelter, closed or not; raises NotVisible."""
    found = next((line for line in beds(by=by, closed=True) if line.id == bed_id), None)
    if found is None:
        raise NotVisible
    return found


def bed_labels(*, by: Actor) -> set[str]:
    """The names of all beds of the asker's shelter, closed ones too; raises NotVisible."""
    return set(db.session.scalars(select(Bed.label).where(Bed.organisation_id == _own_shelter_id(by))))


def runs(bed: BedLine, days: Sequence[date]) -> list[tuple[str, int]]:
    """A bed's days in runs: (`taken`, `overdue`, `kept`, `out` or `free`, how many days).

    A person whose planned end has passed is there until they leave; a kept bed is shown as kept for all later days.
    """
    if bed.stay is not None:
        if bed.stay.overdue:
            return [("overdue", len(days))]
        taken = sum(day < bed.stay.anticipated_end_on for day in days)
        # A person who has not left by the planned day is still there on that day.
        taken = max(taken, 1)
        rest = "out" if bed.out_of_use else "free"
        return [("taken", taken), (rest, len(days) - taken)] if taken < len(days) else [("taken", taken)]
    return [("out" if bed.out_of_use else "kept" if bed.kept_for else "free", len(days))]


def _label_key(label: str) -> tuple[str, int, str]:
    """The sort key of a label: `V2` before `V10`."""
    letters = label.rstrip("0123456789")
    digits = label[len(letters) :]
    return letters, int(digits) if digits else -1, label


def free_beds(*, by: Actor, for_case: uuid.UUID | None = None) -> list[tuple[uuid.UUID, str]]:
    """(id, label) of each bed of the asker's shelter that somebody can be put into; raises NotVisible.

    The bed kept for `for_case` comes first. How many more referrals wait for an answer is not looked at here.
    """
    mine = _kept_bed(for_case, _own_shelter_id(by)) if for_case is not None else None
    lines = beds(by=by)
    free = [(bed.id, bed.label) for bed in lines if bed.is_free]
    own = [(bed.id, bed.label) for bed in lines if bed.id == mine and not bed.out_of_use and bed.stay is None]
    return own + [each for each in free if each not in own]


def _kept_bed(case_id: uuid.UUID, own: uuid.UUID) -> uuid.UUID | None:
    kept = referral_rows.kept_beds(own).items()
    return next((bed for bed, whom in kept if whom.case_id == case_id), None)


def room(*, by: Actor) -> Room:
    """The asker's own shelter in numbers; raises NotVisible."""
    return _in_numbers(_room(by)(today=calendar.today()))[0]


@built_once
def _room(by: Actor) -> _Rooms:
    return _rooms(Organisation.id == _own_shelter_id(by))


def rooms(*, by: Actor) -> list[Room]:
    """Every shelter in numbers, for the duty desk only; raises NotPermitted."""
    if not by.may(Permission.REFERRAL_DIRECT):
        raise NotPermitted(Permission.REFERRAL_DIRECT)
    return _in_numbers(_every_room(by)(today=calendar.today()))


@built_once
def _every_room(_: Actor) -> _Rooms:
    return _rooms(Organisation.kind.in_([str(kind) for kind in SHELTERS]), Organisation.enabled)


def _rooms(*wanted: ColumnExpressionArgument[bool]) -> _Rooms:
    """The shelters in numbers, by code, in one statement."""
    slept_in = exists().where(Stay.bed_id == Bed.id, Stay.ended_on.is_(None))
    there = or_(Bed.closed_from.is_(None), Bed.closed_from > bindparam("today", type_=Date()), slept_in)
    counts = (
        select(func.count()).where(Bed.organisation_id == Organisation.id, there),
        select(func.count()).where(Stay.organisation_id == Organisation.id, Stay.ended_on.is_(None)),
        # A bed somebody sleeps in until it is mended counts as taken.
        select(func.count()).where(
            Bed.organisation_id == Organisation.id,
            Bed.out_of_use,
            there,
            ~slept_in,
        ),
    )
    beds, taken, out = (each.correlate(Organisation).scalar_subquery() for each in counts)
    statement = select(
        Organisation.code,
        Organisation.name_sq,
        Organisation.name_en,
        beds,
        taken,
        referral_rows.beds_held(Organisation.id),
        out,
        number_of_holders(Organisation.id),
    )
    return statement.where(*wanted).order_by(Organisation.code)


def _in_numbers(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Room]:
    return [
        Room({"sq": sq, "en": en}, beds, taken, held, out, code, holders >= KEY_HOLDERS_NEEDED)
        for code, sq, en, beds, taken, held, out, holders in rows
    ]


def stays(*, by: Actor, after: str = "", size: int = PAGE) -> Page[StayLine]:
    """Open stays of the asker's shelter, the first planned end first; raises NotVisible."""
    place = day_place_after(after)
    values = {} if place is None else {"place_on": place[0], "place_id": place[1]}
    lines = _as_lines(_open_stays(by, bool(place))(most=size + 1, **values))
    return page(lines, lambda line: (line.anticipated_end_on, line.id), size)


@built_once
def _open_stays(by: Actor, further: bool) -> Select[Stay, str, str, bool]:
    statement = _stay_rows().where(Stay.organisation_id == _own_shelter_id(by), Stay.ended_on.is_(None))
    if further:
        place = tuple_(bindparam("place_on", type_=Date()), bindparam("place_id", type_=Uuid()))
        statement = statement.where(tuple_(Stay.anticipated_end_on, Stay.id) > place)
    return statement.order_by(Stay.anticipated_end_on, Stay.id).limit(MOST)


def leaving(*, by: Actor, days: int = LEAVING_DAYS) -> list[StayLine]:
    """Open stays whose planned end is within `days` days, or has passed, the first end first; raises NotVisible."""
    return _as_lines(_leaving(by)(until=calendar.today() + timedelta(days=days)))


@built_once
def _leaving(by: Actor) -> Select[Stay, str, str, bool]:
    return (
        _stay_rows()
        .where(
            Stay.organisation_id == _own_shelter_id(by),
            Stay.ended_on.is_(None),
            Stay.anticipated_end_on <= bindparam("until"),
        )
        .order_by(Stay.anticipated_end_on, Stay.id)
        .limit(PAGE)
    )


def stay(stay_id: uuid.UUID, *, by: Actor) -> StayLine:
    """One stay in the asker's shelter; raises NotVisible."""
    found = _stays(Stay.id == stay_id, Stay.organisation_id == _own_shelter_id(by))
    if not found:
        raise NotVisible
    return found[0]


def row(stay_id: uuid.UUID, *, by: Actor) -> Stay:
    """The stay itself, for actions; raises NotVisible."""
    statement = select(Stay).where(Stay.id == stay_id, Stay.organisation_id == _own_shelter_id(by)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def bed(bed_id: uuid.UUID, *, by: Actor) -> Bed:
    """A bed of the asker's shelter, for actions; raises NotVisible."""
    statement = select(Bed).where(Bed.id == bed_id, Bed.organisation_id == _own_shelter_id(by)).with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def bed_called(label: str, *, by: Actor) -> uuid.UUID:
    """The id of the bed with that label in the asker's shelter; raises NotVisible."""
    found = db.session.scalar(select(Bed.id).where(Bed.organisation_id == _own_shelter_id(by), Bed.label == label))
    if found is None:
        raise NotVisible
    return found


def held_case(case_id: uuid.UUID, *, by: Actor, lock: bool = False) -> Case:
    """A case in hand that the asker's shelter holds; raises NotVisible. `lock`: for actions."""
    statement = select(Case).where(Case.id == case_id, Case.holder_id == _own_shelter_id(by), Case.status == "open")
    if lock:
        statement = statement.with_for_update()
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None:
        raise NotVisible
    return found


def admittable(case_id: uuid.UUID, *, by: Actor) -> Admittable:
    """The person of a case the asker's shelter holds; raises NotVisible, also while they have an open stay there."""
    case = held_case(case_id, by=by)
    periods = stay_rows.periods_of(case_id)
    return Admittable(case.id, case.pseudonym, case.age_class, _kept_bed(case_id, _own_shelter_id(by)), bool(periods))


def of_case(case_id: uuid.UUID, *, by: Actor) -> StaysOfCase:
    """The stays of a case in the asker's own shelter; empty for everybody else who sees the case."""
    try:
        own = _own_shelter_id(by)
    except NotVisible:
        return StaysOfCase(None, (), False)
    lines = _stays(Stay.case_id == case_id, Stay.organisation_id == own)
    current = next((line for line in lines if line.ended_on is None), None)
    held = select(Case.id).where(Case.id == case_id, Case.holder_id == own, Case.status == "open")
    may_admit = current is None and db.session.scalar(held) is not None and stay_rows.arrival_of(case_id, own)[1]
    return StaysOfCase(current, tuple(line for line in lines if line.ended_on is not None), may_admit)


def _stay_rows() -> Select[Stay, str, str, bool]:
    return (
        select(Stay, Case.pseudonym, Bed.label, absence_rows.was_absent(Stay.id))
        .join(Case, Case.id == Stay.case_id)
        .join(Bed, Bed.id == Stay.bed_id)
        .execution_options(populate_existing=True)
    )


def _stays(*wanted: ColumnElement[bool]) -> list[StayLine]:
    statement = _stay_rows().where(*wanted).order_by(Stay.anticipated_end_on, Stay.id)
    return _as_lines(db.session.execute(statement))


def _as_lines(rows: Iterable[Row[Stay, str, str, bool]]) -> list[StayLine]:
    found = list(rows)
    absent = [stay.id for stay, _, _, was_absent in found if was_absent]
    gaps, now = absence_rows.gaps(absent), absence_rows.absent_now(absent)
    return [_stay_line(row, gaps.get(row[0].id, ()), now.get(row[0].id, absence_rows.Absent())) for row in found]


def _stay_line(found: Row[Stay, str, str, bool], gaps: Sequence[Period], absent: absence_rows.Absent) -> StayLine:
    stay, pseudonym, label, _ = found
    now = calendar.today()
    there = present(Period(stay.admitted_on, stay.ended_on), gaps)
    return StayLine(
        id=stay.id,
        case_id=stay.case_id,
        pseudonym=pseudonym,
        bed_id=stay.bed_id,
        bed=label,
        admitted_on=stay.admitted_on,
        anticipated_end_on=stay.anticipated_end_on,
        ended_on=stay.ended_on,
        exit_reason=stay.exit_reason,
        destination=stay.destination,
        nights=sum(nights(each, stay.admitted_on, now - timedelta(days=1)) for each in there),
        overdue=stay.ended_on is None and stay.anticipated_end_on < now,
        missing_since=absent.missing_since,
        destination_country=stay.destination_country,
        referral_id=stay.referral_id,
        away_id=absent.away_id,
        away_since=absent.away_since,
        expected_on=absent.expected_on,
    )
