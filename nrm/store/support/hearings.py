"""Whose hearings an actor may see: who may record testimony of a person may."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.shelter.testimony import ENDS
from nrm.domain.support.hearings import LATEST_DAYS, HearingEntryKind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case
from nrm.models.support.hearings import HearingEntry, KeptHearing
from nrm.models.support.witnesses import Witness
from nrm.store import days
from nrm.store.countries import country
from nrm.store.rows import entries
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.support import hearings as rows
from nrm.store.rows.support.hearings import STANDS
from nrm.store.shelter import permits
from nrm.store.support import witnesses as witness_store


@dataclass(frozen=True, slots=True)
class Person:
    """Who is heard: the person of a case, or a witness without one."""

    id: uuid.UUID
    code: str
    has_case: bool

    @property
    def case_id(self) -> uuid.UUID | None:
        """The case; None for a witness without one."""
        return self.id if self.has_case else None

    @property
    def witness_id(self) -> uuid.UUID | None:
        """The witness without a case; None for all others."""
        return None if self.has_case else self.id


def of_case(case_id: uuid.UUID, *, by: Actor) -> Person:
    """The person of a case; raises NotVisible."""
    case = permits.shared_case(case_id, Permission.TESTIMONY_RECORD, by=by)
    return Person(case.id, case.pseudonym, has_case=True)


def of_witness(witness_id: uuid.UUID, *, by: Actor) -> Person:
    """A witness without a case; raises NotVisible."""
    witness = witness_store.row(witness_id, by=by)
    return Person(witness.id, witness.code, has_case=False)


def of_entry(hearing_id: uuid.UUID, *, by: Actor) -> tuple[Person, HearingEntry]:
    """Whom an entry about a hearing is about; raises NotVisible.

    Whether the actor sees it is asked in one statement, which takes as long for the entry of others as for none.
    """
    if by.organisation_id is None or not by.may(Permission.TESTIMONY_RECORD):
        raise NotVisible
    of_cases = exists().where(Case.id == HearingEntry.case_id, permits.seen(by))
    of_witnesses = exists().where(Witness.id == HearingEntry.witness_id, Witness.organisation_id == by.organisation_id)
    seen = exists().where(HearingEntry.id == hearing_id, or_(of_cases, of_witnesses))
    entry = rows.entry(hearing_id) if db.session.scalar(select(seen)) else None
    if entry is None:
        raise NotVisible
    if entry.case_id is not None:
        return of_case(entry.case_id, by=by), entry
    assert entry.witness_id is not None
    return of_witness(entry.witness_id, by=by), entry


def number_of_people(by: Actor) -> ColumnElement[int]:
    """How many people of the actor's house have a hearing that was announced, whenever it is, those of closed cases
    among them; a part of another statement. What is announced is sealed, so the days are not counted here."""
    if by.organisation_id is None or not by.may(Permission.TESTIMONY_RECORD):
        return literal(0)
    heard = exists().where(HearingEntry.case_id == Case.id, HearingEntry.kind == "announced", STANDS)
    counted = select(func.count()).select_from(Case)
    there = or_(Case.holder_id == by.organisation_id, transfer_rows.hands_on(by.organisation_id))
    return counted.where(there, Case.status != "referred", heard).scalar_subquery()


def people(*, by: Actor) -> Sequence[Person]:
    """Everybody of whom the actor sees hearings that stand, of proceedings that go on, of open cases, and of closed
    cases of the actor's house, of which a hearing can still lie ahead. Raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.TESTIMONY_RECORD):
        raise NotVisible
    heard = exists().where(HearingEntry.case_id == Case.id, HearingEntry.kind == "announced", STANDS)
    lately = or_(Case.status == "open", Case.closed_month >= _month_of_latest())
    found = db.session.execute(
        select(Case.id, Case.pseudonym).where(lately, permits.seen(by), heard).order_by(Case.pseudonym)
    )
    cases = [Person(case_id, code, has_case=True) for case_id, code in found]
    if by.kind is not OrganisationKind.PROSECUTION:
        return cases
    heard = exists().where(HearingEntry.witness_id == Witness.id, HearingEntry.kind == "announced", STANDS)
    others = db.session.execute(
        select(Witness.id, Witness.code)
        .where(Witness.organisation_id == by.organisation_id, Witness.over_on.is_(None), heard)
        .order_by(Witness.code)
    )
    return [*cases, *(Person(witness_id, code, has_case=False) for witness_id, code in others)]


def _month_of_latest() -> date:
    return (days.today() - timedelta(days=LATEST_DAYS)).replace(day=1)


def kept(*, by: Actor) -> Sequence[tuple[KeptHearing, str]]:
    """What the actor's prosecution keeps of hearings of cases that it reads no more, with the codes of the people;
    nothing for all others."""
    if by.kind is not OrganisationKind.PROSECUTION or not by.may(Permission.TESTIMONY_RECORD):
        return ()
    found = db.session.execute(
        select(KeptHearing, Case.pseudonym)
        .join(Case, Case.id == KeptHearing.case_id)
        .where(KeptHearing.organisation_id == by.organisation_id, ~permits.seen(by))
        .order_by(Case.pseudonym, KeptHearing.id)
    )
    return [(row, code) for row, code in found]


def kept_row(kept_id: uuid.UUID, *, by: Actor) -> KeptHearing:
    """One of them; raises NotVisible."""
    found = next((row for row, _ in kept(by=by) if row.id == kept_id), None)
    if found is None:
        raise NotVisible
    return found


TOLD_FOR = timedelta(days=7)
_TOLD_OF = 20_000


class Told(StrEnum):
    """What a colleague did to what is known of somebody who is heard."""

    CALLED_OFF = "called_off"
    STRUCK = "struck"
    CORRECTED = "corrected"
    STEP_STRUCK = "step_struck"  # of what the witness did in the proceedings
    NUMBER_REMOVED = "number_removed"  # of the police, from a link code
    LINK_VOIDED = "link_voided"
    STEP_ENDED = "step_ended"  # a step after which the witness is waited for, or protected, no more


_BY_SHELTERS = (Event.HEARING_RECORDED, Event.HEARING_STRUCK, Event.TESTIMONY_RECORDED, Event.TESTIMONY_STRUCK)
_TOLD_BY = {
    Event.HEARING_RECORDED: Told.CALLED_OFF,  # of those that say so
    Event.HEARING_STRUCK: Told.STRUCK,
    Event.WITNESS_CORRECTED: Told.CORRECTED,
    Event.TESTIMONY_RECORDED: Told.STEP_ENDED,  # of those that do
    Event.WITNESS_RECORDED: Told.STEP_ENDED,
    Event.TESTIMONY_STRUCK: Told.STEP_STRUCK,
    Event.WITNESS_STRUCK: Told.STEP_STRUCK,
    Event.LINK_NUMBER_REMOVED: Told.NUMBER_REMOVED,
    Event.LINK_VOIDED: Told.LINK_VOIDED,
}


@dataclass(frozen=True, slots=True)
class ToldLine:
    """What a colleague did, of whom, and on which day; of a link code nobody is named. Of a step: which one (`status`),
    and `why` it was struck. `name` is empty where somebody of the shelter did it."""

    code: str
    what: Told
    name: str
    on: date
    status: str = ""
    why: str = ""


def told_lately(*, by: Actor) -> list[ToldLine]:
    """Which hearings colleagues of the same office called off or struck in the last seven days, of which witness they
    changed by what the witness is known, which steps they struck, that a witness withdrew, and that they removed a
    number of the police or a link code, the last first: one hand takes away what stands in the way of the end of
    proceedings (ADR 0249, ADR 0263, ADR 0268). Raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.TESTIMONY_RECORD):
        raise NotVisible
    of_office = AuditEntry.organisation_id == str(by.organisation_id)
    of_shelter = and_(
        AuditEntry.event.in_([str(each) for each in _BY_SHELTERS]), AuditEntry.details.contains('"told_id":')
    )
    which = (
        AuditEntry.event.in_([str(each) for each in _TOLD_BY]),
        or_(of_office, of_shelter),
        AuditEntry.member_id != str(by.member_id),
    )
    found = entries.any_since(clock.now() - TOLD_FOR, *which, newest=_TOLD_OF)
    told = [(_TOLD_BY[Event(event)], each) for event, each in found if _takes_away(Event(event), each.said)]
    if not told:
        return []
    codes = _codes([each.said for _, each in told], by)
    # Who it was of a shelter is not told: it would say where the person is.
    members = {each.member_id for _, each in told if each.organisation_id == by.organisation_id}
    names = {
        row.id: row.name for row in db.session.execute(select(Member.id, Member.name).where(Member.id.in_(members)))
    }
    lines = (
        ToldLine(
            codes.get(_of(each.said), ""),
            what,
            names.get(each.member_id, ""),
            clock.day_of(each.at, country().timezone),
            each.said.get("status", "") if what in _OF_A_STEP else "",
            each.said.get("why", "") if what in _OF_A_STEP else "",
        )
        for what, each in reversed(told)
        if _of(each.said) in codes or what in _OF_A_LINK
    )
    return list(dict.fromkeys(lines))


def _takes_away(event: Event, said: Mapping[str, Any]) -> bool:
    """Whether an entry of one of these events takes something away: most hearings and steps add to what is known."""
    if event == Event.HEARING_RECORDED:
        return said.get("kind") == HearingEntryKind.CALLED_OFF
    return event not in (Event.TESTIMONY_RECORDED, Event.WITNESS_RECORDED) or said.get("status") in ENDS


_OF_A_STEP = (Told.STEP_ENDED, Told.STEP_STRUCK)
_OF_A_LINK = (Told.NUMBER_REMOVED, Told.LINK_VOIDED)


def _of(said: Mapping[str, Any]) -> str:
    return str(said.get("case_id") or said.get("witness_id"))


def writers(member_ids: Collection[uuid.UUID | None], *, by: Actor) -> dict[uuid.UUID | None, str]:
    """The names of those who entered or struck something of a hearing, as the actor may read them: of its own
    organisation and of the prosecution. Raises NotVisible."""
    if by.organisation_id is None or not by.may(Permission.TESTIMONY_RECORD):
        raise NotVisible
    wanted = {each for each in member_ids if each is not None}
    if not wanted:
        return {}
    own = or_(Member.organisation_id == by.organisation_id, Organisation.kind == OrganisationKind.PROSECUTION)
    found = select(Member.id, Member.name).join(Organisation, Organisation.id == Member.organisation_id)
    return {row[0]: row[1] for row in db.session.execute(found.where(Member.id.in_(wanted), own))}


def _codes(said: Sequence[Mapping[str, Any]], by: Actor) -> dict[str, str]:
    """id -> code of the people whom the actor sees."""
    cases = {uuid.UUID(each["case_id"]) for each in said if each.get("case_id")}
    witnesses = {uuid.UUID(each["witness_id"]) for each in said if each.get("witness_id")}
    seen = db.session.execute(select(Case.id, Case.pseudonym).where(Case.id.in_(cases), permits.seen(by)))
    own = (Witness.id.in_(witnesses), Witness.organisation_id == by.organisation_id)
    others = db.session.execute(select(Witness.id, Witness.code).where(*own))
    return {str(id_): code for id_, code in (*seen, *others)}
