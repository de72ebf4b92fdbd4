"""Rows that say where a case, an act, an account, an office or an alarm of a threat stands, and that are
not as the audit chain tells (ADR 0207). All of the chain is read: for the operator, and for no page.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select

from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.second_hands import OPEN
from nrm.domain.accounts.words import WordPurpose
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildDecision, ChildLook
from nrm.models.support.threats import ThreatAlarm, ThreatSeen
from nrm.store.rows.lost_records import events_of
from nrm.vault import rows as vault_rows

_ANSWERED = (Event.ACT_AGREED, Event.ACT_DECLINED, Event.ACT_UNDONE, Event.ACT_EXPIRED, Event.ACT_FINISHED)


def threats() -> list[uuid.UUID]:
    """Cases of which an alarm of a threat is gone, and those of alarms of which a desk, or who told it, says what it
    never said. An alarm told before the chain named its case is not missed."""
    whose: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    doubts: dict[str, str] = {}
    events = (Event.THREAT_TOLD, Event.THREAT_SEEN, Event.THREAT_NOT_SEEN, Event.THREAT_DOUBTED, Event.THREAT_STANDS)
    for event, said in events_of(*events, Event.THREAT_FORGOTTEN):
        if event == Event.THREAT_FORGOTTEN:
            whose = {alarm: case_id for alarm, case_id in whose.items() if case_id != said["case_id"]}
        elif event == Event.THREAT_TOLD:
            whose |= {said["alarm_id"]: said["case_id"]} if said.get("case_id") else {}
        elif event in (Event.THREAT_DOUBTED, Event.THREAT_STANDS):
            doubts[said["alarm_id"]] = said.get("why", "")
        else:
            pair = said["alarm_id"], said["organisation_id"]
            seen = seen | {pair} if event == Event.THREAT_SEEN else seen - {pair}
    there = {str(each.id): each for each in db.session.scalars(select(ThreatAlarm))}
    claimed = {(str(row.alarm_id), str(row.organisation_id)) for row in db.session.scalars(select(ThreatSeen))}
    wrong = {alarm for alarm, _ in claimed ^ seen if alarm in there}
    wrong |= {alarm for alarm, row in there.items() if row.doubt != doubts.get(alarm, "")}
    gone = {uuid.UUID(case_id) for alarm, case_id in whose.items() if alarm not in there}
    return sorted(gone | {id_ for alarm in wrong if (id_ := there[alarm].case_id or there[alarm].witness_id)})


def children() -> list[uuid.UUID]:
    """Cases of children of which there are more decisions, or more second looks, than anybody recorded: by them a child
    leaves the shelter. One that is missing keeps the child there."""
    recorded: Counter[tuple[str, str]] = Counter(
        (event, said["case_id"]) for event, said in events_of(Event.CHILD_DECIDED, Event.CHILD_LOOKED_AT)
    )
    wrong = set()
    for model, event in ((ChildDecision, Event.CHILD_DECIDED), (ChildLook, Event.CHILD_LOOKED_AT)):
        counted = select(model.case_id, func.count()).group_by(model.case_id)
        wrong |= {case_id for case_id, number in db.session.execute(counted) if number > recorded[event, str(case_id)]}
    return sorted(wrong)


def closed_cases() -> list[uuid.UUID]:
    """Cases that are closed though nobody closed them, or open though somebody did."""
    last = {said["case_id"]: event for event, said in events_of(Event.CASE_CLOSED, Event.CASE_REOPENED)}
    rows = db.session.execute(select(Case.id, Case.status))
    return sorted(id_ for id_, status in rows if (status == "closed") != (last.get(str(id_)) == Event.CASE_CLOSED))


def holders() -> list[uuid.UUID]:
    """Cases that another house holds than the one that opened or accepted them last: it reads them, and theirs does
    not. A case that nobody accepted is held by nobody, or by the post that opened it."""
    held: dict[str, list[str]] = {}
    for event, said in events_of(Event.CASE_OPENED, Event.REFERRAL_ACCEPTED, Event.REFERRAL_CALLED_OFF):
        houses = held.setdefault(said["case_id"], [])
        if event == Event.REFERRAL_CALLED_OFF:
            houses[-1:] = []
        else:
            houses.append(said["receiver_id"] if event == Event.REFERRAL_ACCEPTED else str(said["organisation_id"]))
    told = {case_id: houses[-1] for case_id, houses in held.items() if houses}
    rows = db.session.execute(select(Case.id, Case.holder_id, Case.opened_by_id))
    return sorted(
        id_
        for id_, holder, opener in rows
        if (str(holder) != told[str(id_)] if str(id_) in told else holder not in (None, opener))
    )


def acts() -> list[uuid.UUID]:
    """Cases and members about whom an act that needs two hands waits, by the chain, and not by its row, or by one that
    does not carry the right MAC: no page shows it."""
    waits: dict[str, str] = {}
    for event, said in events_of(Event.ACT_ASKED, Event.ACT_BEGUN, *_ANSWERED):
        if event in _ANSWERED:
            waits.pop(said["act_id"], None)
        else:
            waits[said["act_id"]] = said.get("case_id") or said["of_member_id"]
    rows = db.session.scalars(select(HeavyAct).where(HeavyAct.status.in_(OPEN)))
    open_ = {str(each.id) for each in rows if vault_rows.is_act(each)}
    return sorted({uuid.UUID(about) for act, about in waits.items() if act not in open_})


def begun_anew() -> list[uuid.UUID]:
    """Members whom a colleague lets begin anew, by the chain, more often than rows say: without the row no page tells
    them, and it takes effect when the row is put back after its time."""
    asked = Counter(said["member_id_anew"] for _, said in events_of(Event.ANEW_ASKED))
    anew = select(Occasion.member_id, func.count()).where(Occasion.purpose == WordPurpose.ANEW)
    there = {str(id_): number for id_, number in db.session.execute(anew.group_by(Occasion.member_id))}
    return sorted(uuid.UUID(id_) for id_, number in asked.items() if there.get(id_, 0) < number)


def accounts() -> list[uuid.UUID]:
    """Members whose account is ended though nobody ended it, or is not though somebody did; and offices that are
    suspended, or not, in the same way."""
    members: dict[str, bool] = {}
    offices: dict[str, bool] = {}
    for event, said in events_of(Event.MEMBER_DISABLED, Event.MEMBER_BACK):
        ends = event == Event.MEMBER_DISABLED
        members[said["member_id_disabled" if ends else "member_id_back"]] = ends
    for event, said in events_of(Event.ORGANISATION_SUSPENDED, Event.ORGANISATION_READMITTED):
        offices[said["organisation_id_concerned"]] = event == Event.ORGANISATION_SUSPENDED
    return sorted(
        [
            *_differ(members, Member.id, Member.status == "disabled"),
            *_differ(offices, Organisation.id, ~Organisation.enabled),
        ]
    )


def _differ(said: Mapping[str, bool], id_: Any, stands: ColumnElement[bool]) -> Iterable[uuid.UUID]:
    rows = db.session.execute(select(id_, stands))
    return [each for each, is_so in rows if bool(is_so) != said.get(str(each), False)]
