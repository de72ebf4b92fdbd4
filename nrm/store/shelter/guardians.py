"""Which guardians of its children were recorded lately, and by whom: for the house, which reads who it is under seal
(ADR 0216)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.ages import ADULT
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildGuardian
from nrm.models.shelter.key_workers import KeyWorker
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows import entries

_SHOWN, _NEWEST = timedelta(days=14), 100_000


@dataclass(frozen=True, slots=True)
class NamedLine:
    """Whose guardian was recorded on which day, by which sign-in name of which organisation."""

    case_id: uuid.UUID
    pseudonym: str
    login: str
    organisation: dict[str, str]
    on: date


def number_of(by: Actor) -> ColumnElement[int]:
    """How many guardians of the actor's children are recorded, as a column of a statement."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        return literal(0)
    counted = select(func.count()).select_from(ChildGuardian).join(Case, Case.id == ChildGuardian.case_id)
    return counted.where(_near(by)).scalar_subquery()


def named_lately(*, by: Actor) -> list[NamedLine]:
    """The guardians that somebody recorded within 14 days, the oldest first. Raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.STAY_MANAGE):
        raise NotVisible
    guarded = exists().where(ChildGuardian.case_id == Case.id)
    statement = select(Case.id, Case.pseudonym).where(_near(by), guarded)
    codes = {case_id: code for case_id, code in db.session.execute(statement)}  # noqa: C416 - rows are no pairs
    houses, lines = names.organisations_by_id(), []
    for each in entries.since(clock.now() - _SHOWN, Event.GUARDIAN_NAMED, newest=_NEWEST):
        case_id = uuid.UUID(each.said["case_id"])
        if case_id in codes and each.member_id is not None and each.organisation_id is not None:
            login = db.session.get_one(Member, each.member_id).login
            on = clock.day_of(each.at, country().timezone)
            lines.append(NamedLine(case_id, codes[case_id], login, houses[each.organisation_id].names, on))
    return lines


def _near(by: Actor) -> ColumnElement[bool]:
    """Children in the house of the actor, who leads it or answers for the child; of whom nobody does, everybody."""
    own = (Case.holder_id == by.organisation_id) & (Case.status == "open") & (Case.age_class != ADULT)
    if by.may(Permission.TEAM_MANAGE):
        return own
    worked = (KeyWorker.case_id == Case.id, KeyWorker.organisation_id == Case.holder_id, KeyWorker.ended_at.is_(None))
    mine = exists().where(*worked, KeyWorker.member_id == by.member_id).correlate(Case)
    return own & or_(mine, ~exists().where(*worked).correlate(Case))
