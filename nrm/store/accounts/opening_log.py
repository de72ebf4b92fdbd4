"""Who opened what, when and why: of one case for its holder, of an organisation's cases for those who hold its key."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, select, tuple_

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.cases import Case, Reading
from nrm.store.paging import PAGE, Page, page, place_after
from nrm.store.shelter import cases


class Whose(StrEnum):
    """Which openings are asked for."""

    CASES = "cases"  # of cases the organisation held when they were opened, by members of any organisation
    COLLEAGUES = "colleagues"  # by the organisation's members, of whatever case
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """Who opened what, when and why."""

    id: uuid.UUID
    opened_at: datetime
    case_id: uuid.UUID
    pseudonym: str  # empty: it is an announced return, or an interview that is gone
    compartment: str
    purpose: str
    member_id: uuid.UUID
    member_name: str
    organisation: dict[str, str]


def of_case(case_id: uuid.UUID, *, by: Actor, after: str = "", size: int = PAGE) -> Page[ReadingLine]:
    """Who opened the case, newest first; for its holder only, else NotVisible."""
    if cases.row(case_id, by=by).holder_id != by.organisation_id:
        raise NotVisible
    return _page_of_readings((Reading.case_id == case_id,), after, size)


def openings(
    whose: Whose,
    *,
    by: Actor,
    member_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
    after: str = "",
    size: int = PAGE,
) -> Page[ReadingLine]:
    """Openings, newest first, of one member or one case if named. Raises NotPermitted.

    NotVisible for who holds no key and asks for more than their own.
    """
    by.must(Permission.CASE_READ)
    if whose is not Whose.MINE and not holds_key(by=by):
        raise NotVisible
    wanted: list[ColumnElement[bool]] = [
        {
            Whose.CASES: Reading.holder_id == by.organisation_id,
            Whose.COLLEAGUES: Reading.organisation_id == by.organisation_id,
            Whose.MINE: Reading.member_id == by.member_id,
        }[whose]
    ]
    if member_id is not None:
        wanted.append(Reading.member_id == member_id)
    if case_id is not None:
        wanted.append(Reading.case_id == case_id)
    return _page_of_readings(tuple(wanted), after, size)


def holds_key(*, by: Actor) -> bool:
    """Whether the asker holds a key of their organisation."""
    held = (
        exists()
        .where(KeyringWrap.member_id == by.member_id, Keyring.organisation_id == by.organisation_id)
        .where(Keyring.id == KeyringWrap.keyring_id)
    )
    return db.session.scalar(select(held)) is True


def _page_of_readings(wanted: tuple[ColumnElement[bool], ...], after: str, size: int) -> Page[ReadingLine]:
    statement = (
        select(
            Reading,
            func.coalesce(Case.pseudonym, Interview.pseudonym),
            Member.name,
            Organisation.name_sq,
            Organisation.name_en,
        )
        .outerjoin(Case, Case.id == Reading.case_id)
        .outerjoin(Interview, Interview.id == Reading.case_id)
        .join(Member, Member.id == Reading.member_id)
        .join(Organisation, Organisation.id == Reading.organisation_id)
        .where(*wanted)
        .order_by(Reading.opened_at.desc(), Reading.id.desc())
        .limit(size + 1)
    )
    place = place_after(after)
    if place is not None:
        statement = statement.where(tuple_(Reading.opened_at, Reading.id) < place)
    lines = [
        ReadingLine(
            id=reading.id,
            opened_at=reading.opened_at,
            case_id=reading.case_id,
            pseudonym=pseudonym or "",
            compartment=reading.compartment,
            purpose=reading.purpose,
            member_id=reading.member_id,
            member_name=name,
            organisation={"sq": sq, "en": en},
        )
        for reading, pseudonym, name, sq, en in db.session.execute(statement)
    ]
    return page(lines, lambda line: (line.opened_at, line.id), size)
