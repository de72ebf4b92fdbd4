"""What a house may know of what people said about it: the published figures, the slips it printed, its own notes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select

from nrm.domain.accounts.accounts import SHELTERS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.report_list import FEEDBACK
from nrm.domain.reports.reports import filled
from nrm.domain.support.feedback import DOWN, FROM, MOST_SLIPS, Note, Question
from nrm.models.support.feedback import FeedbackBox
from nrm.statistics.tables import TOTAL
from nrm.store import days, names
from nrm.store.reports import reports
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import occasions
from nrm.store.rows.support import feedback as rows

HOUSES = SHELTERS
RELEASE = Actor.system("release")
Others = Callable[[uuid.UUID], bool]
"""Says of a member whether the asker is another hand."""


@dataclass(frozen=True, slots=True)
class Said:
    """The figures of one published period, by question and answer. `of_house`: of the asker's house alone, None where
    it is not told apart; `of_all`: of all houses together, None where only their number was published."""

    first: Quarter
    last: Quarter
    total: int
    of_all: Mapping[Question, Mapping[str, int]] | None
    of_house: Mapping[Question, Mapping[str, int]] | None


@dataclass(frozen=True, slots=True)
class HouseView:
    """The page of a house: how many slips are valid, used or not, and how many of them are of the last PDF; its notes;
    the token of the residents' page; whether its box opens; and which of the notes the asker may show."""

    slips: int
    last: int
    notes: tuple[Note, ...]
    token: str
    said: tuple[Said, ...]
    is_sound: bool
    to_show: tuple[Note, ...] = ()


def house(*, by: Actor) -> uuid.UUID:
    """The asker's house; raises NotVisible for who works in none."""
    if by.organisation_id is None or by.kind not in HOUSES or not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    return by.organisation_id


def may_show(house_id: uuid.UUID, *, by: Actor) -> None:
    """Raise NotVisible unless the asker works in the house, or types paper at the Responsible Authority."""
    if not (by.kind is OrganisationKind.RESPONSIBLE_AUTHORITY and by.may(Permission.FEEDBACK_TYPE)):
        if house(by=by) != house_id:
            raise NotVisible
    elif names.organisation(house_id).kind not in HOUSES:
        raise NotVisible


def is_other(writer_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the asker is another hand than who wrote it."""
    mine = by.member_id
    return mine is not None and mine != writer_id and occasions.has_seen_beside(mine, writer_id)


def to_show(house_id: uuid.UUID, notes: Sequence[Note], *, by: Actor, others: Others | None = None) -> tuple[Note, ...]:
    """Those of the notes of a house that the asker may show: another hand than who wrote them, and, while one is taken
    down, the Responsible Authority alone. Raises NotVisible."""
    may_show(house_id, by=by)
    if any(each.state == DOWN for each in notes) and by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY:
        return ()
    is_other_than = others or _others(by)

    def is_of_other(note: Note) -> bool:
        writer = account_rows.member_by_login(note.waits)
        return writer is None or is_other_than(writer.id)

    return tuple(each for each in notes if each.is_to_read and is_of_other(each))


def _others(by: Actor) -> Others:
    """`is_other`, for several writers: their standing is read once, for the first."""
    mine, standings = by.member_id, cache(occasions.standings)

    @cache
    def is_other_than(writer_id: uuid.UUID) -> bool:
        return mine is not None and mine != writer_id and occasions.has_seen_beside(mine, writer_id, standings())

    return is_other_than


def number_to_show(*, by: Actor) -> int:
    """Of how many notes the asker is told that they wait: those that they may show. The row of a box is enough where
    one member wrote all that waits in it. Raises NotVisible."""
    mine = None if by.kind is OrganisationKind.RESPONSIBLE_AUTHORITY else house(by=by)
    number, others = 0, _others(by)
    for house_id, waiting, writer_id, is_watched in rows.with_notes(mine):
        if is_watched and mine is not None:
            continue
        if writer_id is None:
            number += len(to_show(house_id, rows.notes(house_id), by=by, others=others))
        elif others(writer_id):
            number += waiting
    return number


def written(*, by: Actor) -> list[tuple[uuid.UUID, Mapping[str, str], Note, bool]]:
    """(house, its names, what it wrote, whether the asker may show it) for the Responsible Authority: first what nobody
    else has read yet. Raises NotVisible."""
    if by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY or not by.may(Permission.FEEDBACK_TYPE):
        raise NotVisible
    found, others = [], _others(by)
    for each in rows.houses():
        notes = rows.notes(each)
        mine = to_show(each, notes, by=by, others=others)
        found += [(each, names.organisation(each).names, note, note in mine) for note in notes]
    return sorted(found, key=lambda each: (not each[2].is_to_read, not each[2].is_shown))


def unsound(*, by: Actor) -> list[Mapping[str, str]]:
    """The names of the houses whose box another hand changed or deleted, for the Responsible Authority."""
    if by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY or not by.may(Permission.FEEDBACK_TYPE):
        raise NotVisible
    return [names.organisation(each).names for each in rows.houses() if not rows.is_sound(each)]


def number_to_read(by: Actor) -> ColumnElement[int]:
    """More than 0 where notes may wait that `number_to_show` counts, of the actor's house, or of all houses for the
    Responsible Authority; a column of another statement."""
    counted = select(func.coalesce(func.sum(FeedbackBox.notes_to_read), 0)).where(
        or_(FeedbackBox.notes_by_id.is_(None), FeedbackBox.notes_by_id != by.member_id)
    )
    if by.kind is OrganisationKind.RESPONSIBLE_AUTHORITY and by.may(Permission.FEEDBACK_TYPE):
        return counted.scalar_subquery()
    if by.organisation_id is None or by.kind not in HOUSES or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    # What the Responsible Authority alone shows waits for that.
    own = counted.where(FeedbackBox.organisation_id == by.organisation_id, FeedbackBox.notes_watched.is_(False))
    return own.scalar_subquery()


def of_house(*, by: Actor) -> HouseView:
    """What the asker's house knows. Raises NotVisible."""
    mine = house(by=by)
    today = days.today()
    slips, last = rows.number_valid(mine, today), rows.number_last(mine, today)
    said = tuple(_said(names.organisation(mine).code))
    notes = rows.notes(mine)
    may = to_show(mine, notes, by=by)
    return HouseView(slips, last, notes, rows.token_of(mine), said, rows.is_sound(mine), may)


def number_left(*, by: Actor) -> int:
    """How many slips the asker's house can still print. Raises NotVisible."""
    return max(0, MOST_SLIPS - rows.number_valid(house(by=by), days.today()))


def _said(code: str) -> Sequence[Said]:
    """The published periods, the newest first: a house gets its own row and the sums, and no other house's."""
    found = []
    for line in reports.releases(by=RELEASE, report=FEEDBACK.name)[:4]:
        content = reports.release_file(line.quarter, "json", by=RELEASE, report=FEEDBACK.name)
        tables = filled(json.loads(content))
        total, by_house = _total(tables), _rows(tables, {"house": code})
        alone = by_house if by_house and _size(by_house) >= FROM else None
        found.append(Said(line.first_quarter, line.quarter, total, _rows(tables, {}) or None, alone))
    return found


def _total(tables: Sequence[Mapping[str, Any]]) -> int:
    for table in tables:
        for row in table["rows"]:
            if all(row[name] == TOTAL for name in table["dimensions"]):
                return int(row["value"])
    return 0


def _rows(tables: Sequence[Mapping[str, Any]], fixed: Mapping[str, str]) -> dict[Question, dict[str, int]]:
    """Question -> answer -> figure, from the tables that have the question and what is fixed, over all else in them."""
    found: dict[Question, dict[str, int]] = {}
    for question in Question:
        for table in tables:
            rest = set(table["dimensions"]) - {str(question)}
            if question in table["dimensions"] and fixed.keys() <= rest:
                wanted = {name: fixed.get(name, TOTAL) for name in rest}
                found[question] = {
                    row[question]: int(row["value"])
                    for row in table["rows"]
                    if all(row[name] == value for name, value in wanted.items())
                }
    return {each: figures for each, figures in found.items() if figures}


def _size(figures: Mapping[Question, Mapping[str, int]]) -> int:
    return max(each.get(TOTAL, 0) for each in figures.values())
