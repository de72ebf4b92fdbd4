"""What was found of a child in a case or return that was seen."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import STRIKE_WAITS, Decision, Entry, Found, Look, Outcome, Record, is_of, opening
from nrm.domain.shelter.findings import begun_on as first_day
from nrm.domain.shelter.permits import ChildFacts, Opening
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.interviews import Interview
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildDecision, ChildFinding, ChildHousehold, ChildLook
from nrm.models.shelter.stays import Stay
from nrm.store.countries import country
from nrm.store.rows import entries as chain
from nrm.store.rows.shelter import ages


@dataclass(frozen=True, slots=True)
class FindingLine:
    """The last finding of one kind; `assessor` is empty where only "done" was known. `written_by`: who wrote it down,
    where that is somebody else than the assessor; `denied`: the assessor of the one before says that it was none."""

    kind: Assessment
    found: Found
    on: date
    assessor: str
    organisation: dict[str, str]
    id: uuid.UUID
    written_by: str = ""
    denied: bool = False


_NEWEST = 100_000
"""So many of the newest entries of the chain are looked through; what was seen before them is asked anew."""


def strikes_seen(of: str) -> dict[uuid.UUID, tuple[uuid.UUID | None, date]]:
    """The strikes of which child protection said that it has seen them: stay (`stay_id`), or days away (`away_id`) ->
    (which member, when)."""
    told = chain.since(clock.now() - 2 * STRIKE_WAITS, Event.CHILD_STRIKE_SEEN, newest=_NEWEST)
    found: dict[uuid.UUID, tuple[uuid.UUID | None, date]] = {}
    for each in told:
        seen = each.member_id, clock.day_of(each.at, country().timezone)
        if of in each.said:
            found.setdefault(uuid.UUID(each.said[of]), seen)
    return found


def entries(subject_id: uuid.UUID) -> list[Entry]:
    """Everything found of a case or return that was seen already, in the order in which it was recorded."""
    statement = select(ChildFinding).where(ChildFinding.subject_id == subject_id).order_by(ChildFinding.position)
    return [
        Entry(
            Assessment(each.kind),
            Found(each.found),
            each.found_on,
            each.household_id,
            each.id,
            each.position,
            each.organisation_id,
            each.member_id,
        )
        for each in db.session.scalars(statement)
    ]


def positions(subject_id: uuid.UUID) -> Counter[str]:
    """How many findings of each kind there are."""
    return Counter(str(each.kind) for each in entries(subject_id))


def record(case_id: uuid.UUID) -> Record:
    """What the child gate looks at in a case that was seen already."""
    looks = db.session.scalars(select(ChildLook).where(ChildLook.case_id == case_id).order_by(ChildLook.position))
    decisions = select(ChildDecision).where(ChildDecision.case_id == case_id).order_by(ChildDecision.position)
    return Record(
        entries(case_id),
        [
            Look(
                each.id,
                each.household_id,
                Found(each.found),
                each.looked_on,
                each.organisation_id,
                each.member_id,
                {
                    Assessment.RISK: each.risk_id,
                    Assessment.SECURITY: each.security_id,
                    Assessment.FAMILY: each.family_id,
                },
                each.position,
            )
            for each in looks
        ],
        [
            Decision(each.id, Outcome(each.outcome), each.decided_on, each.household_id, each.look_id)
            for each in db.session.scalars(decisions)
        ],
    )


def child_facts(case: Case, *, on: date, handed_over: bool = False) -> ChildFacts:
    """What the child gate looks at in a case that was seen already, for somebody who leaves on that day."""
    age_class = ages.leaves_as(case, on)
    found = opening(record(case.id), country().findings_hold_days)
    if isinstance(found, Opening):
        return ChildFacts(age_class, found, handed_over=handed_over)
    return ChildFacts(age_class, None, found, handed_over)


def households(case_id: uuid.UUID) -> list[ChildHousehold]:
    """The households that were named in a case that was seen already, by their numbers."""
    statement = select(ChildHousehold).where(ChildHousehold.case_id == case_id).order_by(ChildHousehold.position)
    return list(db.session.scalars(statement))


def begun_on(case: Case) -> date:
    """The first day of which something can be found of the person of a case that was seen already."""
    started = db.session.scalar(select(Interview.started_at).where(Interview.id == case.id))
    there = (Stay.case_id == case.id, Stay.taken_back_on.is_(None))
    admitted = db.session.scalar(select(func.min(Stay.admitted_on)).where(*there))
    interviewed = clock.day_of(started, country().timezone) if started is not None else None
    return first_day(case.registered_month, interviewed_on=interviewed, admitted_on=admitted)


def lines(subject_id: uuid.UUID, household_id: uuid.UUID | None = None) -> tuple[FindingLine, ...]:
    """The last finding of each kind, of a household of a case, or of a return, that was seen already."""
    statement = (
        select(ChildFinding, Organisation, Member.name)
        .outerjoin(Organisation, Organisation.id == ChildFinding.organisation_id)
        .outerjoin(Member, Member.id == ChildFinding.member_id)
        .where(ChildFinding.subject_id == subject_id, ChildFinding.household_id == household_id)
        .order_by(ChildFinding.position)
    )
    last = {found.kind: (found, who, name or "") for found, who, name in db.session.execute(statement)}
    unclear = any(found.found == Found.NOT_YET_CLEAR for found, *_ in last.values())
    denied = {entry_id for entry_id, _ in denials(about=subject_id).values()} if unclear else set()
    return tuple(
        FindingLine(
            kind,
            Found(found.found),
            found.found_on,
            found.assessor,
            _names(who),
            found.id,
            "" if is_of(found.assessor, name) else name,
            found.id in denied,
        )
        for kind in Assessment
        if kind in last
        for found, who, name in [last[kind]]
    )


def denials(*, about: uuid.UUID) -> dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID | None]]:
    """Finding of a case that was seen -> (the entry that takes its place, who said that it was not theirs)."""
    told = chain.since(chain.EVER, Event.CHILD_FINDING_DENIED, chain.about(about), newest=_NEWEST)
    return {uuid.UUID(each.said["finding_id"]): (uuid.UUID(each.said["entry_id"]), each.member_id) for each in told}


def _names(organisation: Organisation | None) -> dict[str, str]:
    return organisation.names if organisation is not None else {}
