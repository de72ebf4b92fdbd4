"""What one hand said lately of somebody of a house, as the audit chain tells: for all of the house but who said it.

That somebody is back, or comes on another day, or was never away; that somebody who was missing is there; that a person
agreed that another organisation reads of them; that a stay ended while somebody was away, or after days away were
struck when they were late. To whom it was done alone: that they were taken off as key worker or deputy. And what
another shelter said: that somebody of the house arrived there, though the house had not said that they left. And
whoever says it: that a hearing of somebody of the house was called off, or struck, or that they withdrew as a witness;
what was decided of whether somebody is a victim, or that nobody appealed against it. No press takes a line away
(ADR 0249, ADR 0253, ADR 0260, ADR 0261, ADR 0262, ADR 0263, ADR 0264, ADR 0268).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.shelter import identifications
from nrm.domain.shelter.absences import Feared
from nrm.domain.shelter.away import TOLD_FOR, is_late, is_told
from nrm.domain.shelter.cases import AGREED, IdentificationStatus
from nrm.domain.shelter.corrections import Kind
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.away import Away
from nrm.models.shelter.cases import Case
from nrm.models.shelter.identifications import Identification
from nrm.store import names
from nrm.store.countries import country
from nrm.store.rows import entries

_LOOKED_THROUGH = 20_000
"""Of so many entries of the chain a home page reads this."""
_MOST = 100


class What(StrEnum):
    """What a colleague said."""

    BACK = "back"
    MOVED = "moved"
    STRUCK = "struck"
    FOUND = "found"
    SHARED = "shared"
    LEFT = "left"  # the stay ended while the person was away
    ENDED = "ended"  # the stay ended after days away were struck when the person was late
    ANOTHER = "another"  # who was not safe after the shelter was another person
    ARRIVED = "arrived"  # at another shelter, which says so alone
    NO_HEARING = "no_hearing"  # called off, by the prosecution or a colleague
    HEARING_STRUCK = "hearing_struck"
    STEP_ENDED = "step_ended"  # the person is no witness any more, or protected no more
    STEP_STRUCK = "step_struck"  # of what the person did in the proceedings
    DECIDED = "decided"  # whether somebody is formally a victim
    NO_APPEAL = "no_appeal"  # against that: it had been entered by mistake
    NEVER_LEFT = "never_left"  # the shelter from which somebody moved says so: the arrival was struck
    OFF = "off"  # of the reader: no key worker, or deputy, any more


@dataclass(frozen=True, slots=True)
class ToldLine:
    """What a colleague said of somebody, on which day (`on`). Of days away: `was`, the day of return that was said
    before, and `now`, the one that is said now, or the day on which the person came back; of those that were struck
    both are their first and last day; `why`: the code of the reason. Of who was missing: `was`, since when, and whether
    danger was `feared`. Of who agreed: which `office` reads which `parts`. `stay_id`: of days away, and of a stay that
    ended while somebody was away, expected back on `was`. `place`: as what the reader was taken off. Of a stay that
    ended after days away were struck: `struck_by` whom, on which day (`now`), expected back on `was`, and `reason`, why
    the stay ended. Of who arrived at another shelter (`office`): its `telephone`, and the `referral_id` by which the
    house had sent them; of who never left there, the same of the shelter that says so. Of a hearing: the `office` that
    said so, where it is another one, and its `telephone`. Of a step of a witness: which one (`status`). Of a formal
    identification: its `status`, the `office` that looked last, and whether the person, who is none, can appeal."""

    what: What
    case_id: uuid.UUID
    pseudonym: str
    is_own: bool
    name: str
    on: date
    was: date | None = None
    now: date | None = None
    why: str = ""
    feared: bool = False
    office: Mapping[str, str] | None = None
    parts: tuple[str, ...] = ()
    away_id: uuid.UUID | None = None
    stay_id: uuid.UUID | None = None
    place: str = ""
    struck_by: str = ""
    reason: str = ""
    referral_id: uuid.UUID | None = None
    telephone: str = ""
    status: str = ""
    can_appeal: bool = False


def number(by: Actor) -> ColumnElement[int]:
    """How many entries of the chain `lines` has something to read of; a part of another statement, which gives
    `moment`."""
    if not _reads(by):
        return literal(0)
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    newest = AuditEntry.id > last - _LOOKED_THROUGH, entries.is_one_of(_EVENTS)
    counted = select(func.count()).select_from(AuditEntry).where(*newest)
    lately = AuditEntry.at >= bindparam("told_lately_since", type_=String())
    house = AuditEntry.organisation_id == bindparam("told_lately_house", type_=String())
    others = AuditEntry.member_id != bindparam("told_lately_member", type_=String())
    which = and_(house, _which(bindparam("told_lately_of", type_=String())))
    elsewhere = or_(
        _arrived(bindparam("told_lately_from", type_=String())), _told(bindparam("told_lately_to", type_=String()))
    )
    return counted.where(or_(which, elsewhere), lately, others).scalar_subquery()


def moment(by: Actor) -> dict[str, str]:
    """The values that `number` needs."""
    if not _reads(by):
        return {}
    own = {"told_lately_house": str(by.organisation_id), "told_lately_member": str(by.member_id)}
    which = {"told_lately_of": _of(by), "told_lately_from": _from(by), "told_lately_to": _to(by)}
    return {"told_lately_since": (clock.now() - TOLD_FOR).isoformat(), **which, **own}


def _of(by: Actor) -> str:
    """How an entry names the actor as the one to whom something was done."""
    return f'"of_member_id":"{by.member_id}"'


def _from(by: Actor) -> str:
    """How an entry of an arrival names the actor's house as the one that had not said that the person left."""
    return f'"sender_id":"{by.organisation_id}"'


def _to(by: Actor) -> str:
    """How an entry of another office names the actor's house as the one that the person hears it from."""
    return f'"told_id":"{by.organisation_id}"'


def _told(to_house: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The entries that take a hearing or a step of a witness away, strike an arrival, or decide whether somebody is a
    victim, whoever wrote them. `to_house`: see `_to`."""
    return and_(entries.is_one_of(_OF_OFFICES), AuditEntry.details.contains(to_house))


def _arrived(from_house: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The entries of another shelter that say so. `from_house`: see `_from`."""
    return and_(AuditEntry.event == str(Event.REFERRAL_ARRIVED), AuditEntry.details.contains(from_house))


def _reads(by: Actor) -> bool:
    return by.organisation_id is not None and by.may(Permission.STAY_MANAGE)


def _which(of_reader: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The entries that say such a thing; as `audit` writes what they say. `of_reader`: see `_of`."""
    return or_(
        entries.is_one_of(_WHOLE),
        and_(AuditEntry.event == str(Event.STAY_CORRECTED), AuditEntry.details.contains(f'"kind":"{Kind.AWAY}"')),
        and_(AuditEntry.event == str(Event.CASE_SHARED), AuditEntry.details.contains(f'"ground":"{AGREED}"')),
        and_(AuditEntry.event == str(Event.STAY_ENDED), AuditEntry.details.contains('"expected":')),
        and_(AuditEntry.event == str(Event.STAY_ENDED), AuditEntry.details.contains('"struck_by":')),
        and_(AuditEntry.event == str(Event.KEY_WORKER_ENDED), AuditEntry.details.contains(of_reader)),
    )


def lines(*, by: Actor) -> list[ToldLine]:
    """What was said in the last seven days, the last first: who was late and is back, a day of return that was changed
    by more than a day, days away that were struck, who was missing and is there, who agreed that another organisation
    reads something, whose hearing was taken away, whose stay ended while they were away or late, of whom the actor was
    taken off, who moved without the house having said that they left, and whose arrival another shelter struck. Empty
    for an actor who takes nobody in."""
    if not _reads(by):
        return []
    house, others = AuditEntry.organisation_id == str(by.organisation_id), AuditEntry.member_id != str(by.member_id)
    since, wanted = clock.now() - TOLD_FOR, or_(and_(house, _which(_of(by))), _arrived(_from(by)), _told(_to(by)))
    found = [
        (what, entry)
        for event, entry in entries.any_since(since, entries.is_one_of(_EVENTS), wanted, others, newest=_LOOKED_THROUGH)
        if (what := _what(event, entry)) is not None
    ]
    if not found:
        return []
    rows = _Rows([entry for _, entry in found])
    made = (rows.line(what, entry, by) for what, entry in reversed(found))
    return _together(line for line in made if line is not None)[:_MOST]


def _what(event: str, entry: entries.Entry) -> What | None:
    """What the entry says, if it is to be read; nothing of what an earlier program wrote without what is needed."""
    said, on = entry.said, clock.day_of(entry.at, country().timezone)
    if event == Event.MISSING_FOUND:
        return What.FOUND
    if event == Event.CASE_SHARED:
        return What.SHARED
    if event == Event.IDENTIFICATION_RECORDED:
        return What.NO_APPEAL if said["step"] == identifications.Event.NO_APPEAL else What.DECIDED
    if event == Event.STAY_ENDED and "struck_by" in said:
        return What.ENDED
    if event in _OTHER:
        return _OTHER[event]
    if event == Event.STAY_CORRECTED:
        return What.STRUCK if "away_id" in said else None
    if "was" not in said:
        return None
    was = date.fromisoformat(said["was"])
    if "back" in said:
        return What.BACK if is_late(was, on) else None
    return What.MOVED if "now" in said and is_told(was, date.fromisoformat(said["now"])) else None


_OF_HEARINGS = {
    Event.HEARING_RECORDED: What.NO_HEARING,
    Event.HEARING_STRUCK: What.HEARING_STRUCK,
    Event.TESTIMONY_RECORDED: What.STEP_ENDED,
    Event.TESTIMONY_STRUCK: What.STEP_STRUCK,
}
_OF_OFFICES = (*_OF_HEARINGS, Event.IDENTIFICATION_RECORDED, Event.ARRIVAL_TAKEN_BACK)
_WHOLE = (Event.AWAY_ENDED, Event.AWAY_MOVED, Event.MISSING_FOUND, Event.FOLLOW_UP_NOT_THIS_PERSON)
"""Whatever they say, they are looked at."""
_IN_PART = (Event.STAY_CORRECTED, Event.CASE_SHARED, Event.STAY_ENDED, Event.KEY_WORKER_ENDED)
_EVENTS = (*_OF_OFFICES, *_WHOLE, *_IN_PART, Event.REFERRAL_ARRIVED)
_OTHER = {
    **{str(event): what for event, what in _OF_HEARINGS.items()},
    str(Event.STAY_ENDED): What.LEFT,
    str(Event.KEY_WORKER_ENDED): What.OFF,
    str(Event.FOLLOW_UP_NOT_THIS_PERSON): What.ANOTHER,
    str(Event.REFERRAL_ARRIVED): What.ARRIVED,
    str(Event.ARRIVAL_TAKEN_BACK): What.NEVER_LEFT,
}


class _Rows:
    """What the rows say beside the entries: who said it, of whom, of which days away, of which alarm."""

    def __init__(self, found: Collection[entries.Entry]) -> None:
        hands = {each.member_id for each in found} | {_id(each, "struck_by") for each in found}
        self._names = _read(select(Member.id, Member.name), hands)
        self._cases = _read(select(Case.id, Case.pseudonym, Case.holder_id), {_id(each, "case_id") for each in found})
        away = select(Away.id, Away.stay_id, Away.since_on, Away.expected_on)
        self._away = _read(away, {_id(each, "away_id") for each in found})
        alarms = select(Missing.id, Missing.since_on, Missing.feared)
        self._alarms = _read(alarms, {_id(each, "missing_id") for each in found})
        decided = select(Identification.case_id, Identification.status, Identification.state)
        self._decided = _read(decided, {_id(each, "case_id") for each in found if "step" in each.said})
        sent = select(Referral.id, Referral.receiver_id).where(Referral.status == str(ReferralStatus.ARRIVED))
        self._sent = _read(sent, {_id(each, "referral_id") for each in found})

    def line(self, what: What, entry: entries.Entry, by: Actor) -> ToldLine | None:
        """None where there is nothing to be read: what is meant is gone, or had not come."""
        case, person = self._cases.get(_id(entry, "case_id")), self._names.get(entry.member_id)
        if case is None or person is None:
            return None
        on = clock.day_of(entry.at, country().timezone)
        make = partial(ToldLine, what, case[0], case[1], case[2] == by.organisation_id, person[1], on)
        if what is What.SHARED:
            office = names.organisations_by_id().get(uuid.UUID(entry.said["organisation_id_shared"]))
            return make(office=office.names, parts=(entry.said["compartment"],)) if office is not None else None
        if what is What.ANOTHER:
            return make()
        if what is What.ARRIVED:
            sent = self._sent.get(_id(entry, "referral_id"))  # none of an arrival that was taken back
            if sent is None:
                return None
            shelter = names.organisations_by_id()[sent[1]]
            return make(office=shelter.names, telephone=names.number_of(shelter), referral_id=sent[0])
        if what is What.NEVER_LEFT:
            first = _office(entry)
            if first is None:
                return None
            told = make(office=first.names, telephone=names.number_of(first))
            return replace(told, referral_id=_id(entry, "referral_id"))
        if what in (What.DECIDED, What.NO_APPEAL):
            looked, decided = _office(entry), self._decided.get(case[0])
            if looked is None or decided is None:
                return None
            at = partial(make, office=looked.names, telephone=names.number_of(looked), status=decided[1])
            return at(
                can_appeal=decided[2] == identifications.State.DECIDED
                and decided[1] == IdentificationStatus.NOT_A_VICTIM
            )
        if what in _OF_HEARINGS.values():
            office = _office(entry)
            make = partial(make, status=entry.said.get("status", ""))
            if office is None or office.id == by.organisation_id:
                return make()
            return make(office=office.names, telephone=names.number_of(office))
        if what is What.OFF:
            return make(place=entry.said["place"])
        if what is What.LEFT:
            was = date.fromisoformat(entry.said["expected"])
            return make(was=was, stay_id=_id(entry, "stay_id"))
        if what is What.ENDED:
            was, now = (date.fromisoformat(entry.said[each]) for each in ("struck", "struck_on"))
            struck_by = self._names[_id(entry, "struck_by")][1]
            reason, why = entry.said["exit_reason"], entry.said["struck_why"]
            return make(was=was, now=now, why=why, stay_id=_id(entry, "stay_id"), struck_by=struck_by, reason=reason)
        if what is What.FOUND:
            alarm = self._alarms.get(_id(entry, "missing_id"))
            return make(was=alarm[1], feared=alarm[2] == str(Feared.YES)) if alarm is not None else None
        away = self._away.get(_id(entry, "away_id"))
        if away is None or (what is What.STRUCK and away[2] > on):
            return None
        was, now = away[2], away[3]
        if what is not What.STRUCK:
            was, now = (date.fromisoformat(entry.said[each]) for each in ("was", _NOW[what]))
        return make(was=was, now=now, why=entry.said.get("why") or "", away_id=away[0], stay_id=away[1])


_NOW = {What.BACK: "back", What.MOVED: "now"}
"""Which day an entry about a return names as the one that holds."""


def _office(entry: entries.Entry) -> Organisation | None:
    """Of which organisation whoever did it was."""
    return names.organisations_by_id().get(entry.organisation_id) if entry.organisation_id is not None else None


def _id(entry: entries.Entry, name: str) -> uuid.UUID | None:
    return uuid.UUID(entry.said[name]) if name in entry.said else None


def _read(statement: Select[*tuple[Any, ...]], ids: Collection[uuid.UUID | None]) -> dict[uuid.UUID | None, Any]:
    """Id -> the row of the statement, whose first column is the id."""
    wanted = set(ids) - {None}
    if not wanted:
        return {}
    return {row[0]: row for row in db.session.execute(statement.where(statement.selected_columns[0].in_(wanted)))}


def _together(found: Iterable[ToldLine]) -> list[ToldLine]:
    """What one colleague let one organisation read of one person on one day is one line."""
    kept: dict[tuple[object, ...], ToldLine] = {}
    for each in found:
        key = (each.case_id, each.name, each.on, str(each.office)) if each.what is What.SHARED else (len(kept),)
        before = kept.get(key)
        kept[key] = replace(before, parts=tuple(sorted({*before.parts, *each.parts}))) if before is not None else each
    return list(kept.values())
