"""Records of people that the audit chain tells of, and that are not there as it tells: another hand changed the main
database (ADR 0207). All of the chain is read: for the operator, and for no page.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import func, select

from nrm.audit import Event, details_of
from nrm.db import db
from nrm.domain.interviews.draft_owners import DRAFT
from nrm.domain.shelter import corrections
from nrm.domain.support.follow_ups import Ended
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.absences import Missing
from nrm.models.shelter.cases import Case, Reading, SealedCompartment
from nrm.models.shelter.stays import Stay
from nrm.models.support.follow_ups import FollowUp, FollowUpDate
from nrm.models.support.hearings import HearingEntry, HearingStrike
from nrm.models.support.witnesses import Witness

_FOLLOW_UPS = (Event.FOLLOW_UP_AGREED, Event.FOLLOW_UP_ENDED, Event.FOLLOW_UP_FORGOTTEN)
_GOES_ON = (Event.FOLLOW_UP_SAFE_TAKEN_BACK, Event.FOLLOW_UP_END_TAKEN_BACK)
_FOUND = (Event.MISSING_FOUND, Event.MISSING_ENDED, Event.MISSING_BY_MISTAKE)
_HEARINGS = (Event.HEARING_RECORDED, Event.HEARING_STRUCK)
_NOT_SAFE = (Event.FOLLOW_UP_NOT_SAFE, Event.FOLLOW_UP_SAFE_TAKEN_BACK)
_STAYS = (Event.STAY_BEGUN, Event.STAY_ENDED, Event.STAY_CORRECTED)
_HEARINGS_LIE_IN = ("legal", "witness")
_BATCH = 5_000


def follow_ups() -> list[uuid.UUID]:
    """Cases with which, by the chain, somebody stays in touch, or nobody does any more, and the rows say otherwise; and
    those of which another organisation than their holder stays in touch."""
    told: dict[uuid.UUID, bool] = {}
    for event, said in events_of(*_FOLLOW_UPS, *_GOES_ON):
        goes_on = event in _GOES_ON
        if event != Event.FOLLOW_UP_SAFE_TAKEN_BACK or said.get("why") == Ended.CAME_BACK:
            told[uuid.UUID(said["case_id"])] = goes_on or event == Event.FOLLOW_UP_AGREED
    statement = select(FollowUp.case_id, FollowUp.organisation_id, Case.holder_id)
    standing = statement.join(Case, Case.id == FollowUp.case_id).where(FollowUp.ended_on.is_(None))
    there = {case_id: theirs == holder for case_id, theirs, holder in db.session.execute(standing)}
    wrong = {case_id for case_id, stands in told.items() if stands != (case_id in there)}
    return sorted(wrong | {case_id for case_id, own in there.items() if not own or case_id not in told})


def not_safe() -> list[uuid.UUID]:
    """Cases whose person is not safe, by the chain, and on no list. What was told before the chain took such entries of
    contacts is not missed."""
    told: dict[uuid.UUID, bool] = {}
    for event, said in events_of(*_NOT_SAFE, Event.FOLLOW_UP_SAFE, Event.FOLLOW_UP_ENDED, Event.FOLLOW_UP_FORGOTTEN):
        if said.get("why") != Ended.FINISHED:  # after the last contact the alarm stands on
            told[uuid.UUID(said["case_id"])] = event in _NOT_SAFE
    statement = select(FollowUp.case_id).join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
    there = set(db.session.scalars(statement.where(FollowUpDate.alarm_on.is_not(None))))
    return sorted(case_id for case_id, alarm in told.items() if alarm and case_id not in there)


def acted_on() -> list[uuid.UUID]:
    """Cases of which a row says that the house acts on an alarm, and by the chain nobody said it so."""
    told: dict[uuid.UUID, set[tuple[uuid.UUID, str]]] = {}
    for event, said in events_of(Event.FOLLOW_UP_ACTED_ON, Event.FOLLOW_UP_ACT_TAKEN_BACK):
        case_id = uuid.UUID(said["case_id"])
        if event == Event.FOLLOW_UP_ACTED_ON:
            told.setdefault(case_id, set()).add((uuid.UUID(said["member_id"]), said.get("what", "")))
        else:
            told.pop(case_id, None)
    statement = (
        select(FollowUp.case_id, FollowUpDate.acted_by_id, FollowUpDate.acted_what)
        .join(FollowUpDate, FollowUpDate.follow_up_id == FollowUp.id)
        .where(FollowUpDate.alarm_on.is_not(None), FollowUpDate.acted_at.is_not(None))
    )
    there = db.session.execute(statement)
    return sorted({case_id for case_id, who, what in there if (who, what) not in told.get(case_id, ())})


def stays() -> list[uuid.UUID]:
    """Cases of which a stay is gone, is over though nobody ended it, goes on though it is over, or was begun by nobody.
    Of an end that was corrected the chain does not say whether the stay went on."""
    told: dict[uuid.UUID, tuple[uuid.UUID, bool | None]] = {}
    for event, said in events_of(*_STAYS):
        stay_id, case_id, kind = uuid.UUID(said["stay_id"]), uuid.UUID(said["case_id"]), said.get("kind")
        if event != Event.STAY_CORRECTED:
            told[stay_id] = case_id, event == Event.STAY_BEGUN
        elif kind in (corrections.Kind.EXIT, corrections.Kind.ARRIVAL):
            told[stay_id] = case_id, None if kind == corrections.Kind.EXIT else False
    statement = select(Stay.id, Stay.case_id, Stay.ended_on.is_(None))
    there = {id_: (case_id, bool(here)) for id_, case_id, here in db.session.execute(statement)}
    return sorted(
        {(there.get(each) or told[each])[0] for each in told.keys() | there.keys() if not _fits(told, there, each)}
    )


def _fits(
    told: Mapping[uuid.UUID, tuple[uuid.UUID, bool | None]],
    there: Mapping[uuid.UUID, tuple[uuid.UUID, bool]],
    stay_id: uuid.UUID,
) -> bool:
    if stay_id not in told or stay_id not in there:
        return False
    (case_id, here), row = told[stay_id], there[stay_id]
    return row == (case_id, row[1] if here is None else here)


def missing() -> list[uuid.UUID]:
    """Cases of which an alarm about somebody missing is gone, is over though nobody ended it, or stands though it is
    over."""
    told, there = {}, {}
    for event, said in events_of(Event.MISSING_REPORTED, *_FOUND):
        told[uuid.UUID(said["missing_id"])] = uuid.UUID(said["case_id"]), event != Event.MISSING_REPORTED
    for id_, case_id, outcome in db.session.execute(select(Missing.id, Missing.case_id, Missing.outcome)):
        there[id_] = case_id, outcome != ""
    wrong = {each for each in told.keys() | there.keys() if told.get(each) != there.get(each)}
    return sorted({(told.get(each) or there[each])[0] for each in wrong})


def hearings() -> list[uuid.UUID]:
    """Cases and witnesses of whose hearings fewer entries are there, or more are struck, than the chain tells since the
    part under seal, with which the entries are destroyed, was destroyed last. Of whose part is not there, nothing."""
    told: Counter[tuple[uuid.UUID, str]] = Counter()
    for event, said in events_of(*_HEARINGS, Event.KEYS_DESTROYED):
        whose_id = uuid.UUID(said.get("case_id") or said["witness_id"])
        if event != Event.KEYS_DESTROYED:
            told[whose_id, event] += 1
        elif said["compartment"] in _HEARINGS_LIE_IN:
            for each in _HEARINGS:
                del told[whose_id, each]
    whose = func.coalesce(HearingEntry.case_id, HearingEntry.witness_id)
    entries = select(whose, func.count(), func.count(HearingStrike.entry_id)).outerjoin(
        HearingStrike, HearingStrike.entry_id == HearingEntry.id
    )
    there = {id_: (number, struck) for id_, number, struck in db.session.execute(entries.group_by(whose))}
    sealed = select(SealedCompartment.case_id).where(SealedCompartment.compartment.in_(_HEARINGS_LIE_IN))
    kept = set(db.session.scalars(sealed)) | there.keys()
    entered, struck = _HEARINGS
    return sorted(
        each
        for each in kept & ({id_ for id_, _ in told} | there.keys())
        if there.get(each, (0, 0)) != (told[each, entered], told[each, struck])
    )


def readings() -> list[uuid.UUID]:
    """Cases that somebody opened more often, by the chain, than what their holder reads of it tells."""
    told: Counter[tuple[uuid.UUID, uuid.UUID]] = Counter()
    for _, said in events_of(Event.COMPARTMENT_OPENED):
        if said["compartment"] == DRAFT:  # an interview has the id of the case that it becomes, and readings of its own
            continue
        told[uuid.UUID(said["case_id"]), uuid.UUID(said["member_id"])] += 1
    counted = select(Reading.case_id, Reading.member_id, func.count()).group_by(Reading.case_id, Reading.member_id)
    there = {(case_id, member_id): number for case_id, member_id, number in db.session.execute(counted)}
    cases = set(db.session.scalars(select(Case.id)))
    return sorted(
        {case_id for case_id, who in told if case_id in cases and there.get((case_id, who), 0) < told[case_id, who]}
    )


def codes(found: Iterable[uuid.UUID]) -> list[str]:
    """By which code people know these interviews, cases, witnesses, members and offices; of what has none its id."""
    ids = set(found)
    named: dict[uuid.UUID, str] = {each: str(each) for each in ids}
    for statement in (
        select(Interview.id, Interview.pseudonym).where(Interview.id.in_(ids)),
        select(Case.id, Case.pseudonym).where(Case.id.in_(ids)),
        select(Witness.id, Witness.code).where(Witness.id.in_(ids)),
        select(Member.id, Member.login).where(Member.id.in_(ids)),
        select(Organisation.id, Organisation.code).where(Organisation.id.in_(ids)),
    ):
        named |= dict(db.session.execute(statement).all())
    return sorted(set(named.values()))


def events_of(*events: Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(event, its ids and codes, with who did it) of these, the oldest first."""
    columns = AuditEntry.event, AuditEntry.details, AuditEntry.member_id, AuditEntry.organisation_id
    statement = select(*columns).where(AuditEntry.event.in_(events)).order_by(AuditEntry.id)
    for event, details, member_id, office_id in db.session.execute(statement.execution_options(yield_per=_BATCH)):
        yield event, {**details_of(details), "member_id": member_id, "organisation_id": office_id}
