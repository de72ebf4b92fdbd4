"""Child protection records its findings on a child: risk, security, family."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.child_returns import Assessment, ReturnRefusal, ReturnRefused, State
from nrm.domain.shelter.findings import (
    LONGEST_HOUSEHOLD,
    LONGEST_WORDS,
    Entry,
    FindingRefusal,
    FindingRefused,
    Found,
    check_entry,
)
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildFinding, ChildHousehold
from nrm.steps.referrals import obligations as obligation_steps
from nrm.steps.shelter import child_files
from nrm.store import days
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import child_returns
from nrm.store.shelter import findings as store
from nrm.vault import shredding


def record(
    *,
    case_id: uuid.UUID,
    found: Mapping[Assessment, Found],
    on: date,
    assessor: str,
    household: uuid.UUID | str,
    where: str,
    by: Actor,
) -> uuid.UUID:
    """Record findings of a household in a case, by the service that is asked for them. Decided ones leave its list of
    tasks. `household`: one that is known, or who a new one is; it and `where` are sealed. Returns the household.

    Raises NotPermitted, NotVisible, CannotOpen, FindingRefused (`state`: for who was a moment too late).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    try:
        with transaction() as session:
            case = store.to_assess(case_id, by=by, lock=True)
            sealed: dict[str, Any] = {}
            home = _household(session, case, household, sealed, by)
            _check_words(where, LONGEST_WORDS)
            begun = finding_rows.begun_on(case)
            made = _add(session, case_id, found, on, assessor, by, begun=begun, household=home)
            sealed |= {f"finding:{each}": where.strip() for each in made.values()}
            child_files.add(session, case, sealed, by)
            for kind, each in found.items():
                _owed(session, case_id, kind, each, by)
            _audit_findings(session, case_id, found, made, by)
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None
    shredding.work_off()
    return home


def deny(*, finding_id: uuid.UUID, by: Actor) -> None:
    """The member who is named as the assessor did not assess it: the assessment is not clear from now on, is owed
    again, and opens nothing (ADR 0249). The second press changes nothing.

    Raises NotPermitted, NotVisible (not in the actor's name, or too long ago), FindingRefused (`state`).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    try:
        with transaction() as session:
            line = next((each for each in store.written_in_my_name(by=by) if each.id == finding_id), None)
            if line is None:
                raise NotVisible
            if line.denied:
                return
            case = store.to_assess(line.case_id, by=by, lock=True)
            row = session.get_one(ChildFinding, finding_id)
            found, begun = {line.kind: Found.NOT_YET_CLEAR}, finding_rows.begun_on(case)
            name, today, household = row.assessor, days.today(), row.household_id
            made = _add(session, case.id, found, today, name, by, begun=begun, household=household)
            _owed(session, case.id, line.kind, Found.NOT_YET_CLEAR, by)
            about = {"subject_id": case.id, "finding_id": finding_id, "entry_id": made[line.kind]}
            audit.append(session, audit.Event.CHILD_FINDING_DENIED, by=by, **about)
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None


def see_strike(*, stay_id: uuid.UUID, by: Actor) -> None:
    """Child protection has seen that the stay of a child was struck; the second press changes nothing (ADR 0239).

    Raises NotPermitted, NotVisible (of no child whom the actor's service assesses, not struck, or too long ago).
    """
    by.must(Permission.OBLIGATION_ACKNOWLEDGE)
    with transaction() as session:
        line = next((each for each in store.struck_lately(by=by) if each.stay_id == stay_id), None)
        if line is None:
            raise NotVisible
        if line.seen_on is None:
            audit.append(session, audit.Event.CHILD_STRIKE_SEEN, by=by, stay_id=stay_id, case_id=line.case_id)


def _household(
    session: Session, case: Case, household: uuid.UUID | str, sealed: dict[str, Any], by: Actor
) -> uuid.UUID:
    """The household, if it is one of the case; a new one is numbered, and its words are added to what is sealed."""
    known = finding_rows.households(case.id)
    if isinstance(household, uuid.UUID):
        if household not in {each.id for each in known}:
            raise FindingRefused(FindingRefusal.HOUSEHOLD)
        return household
    words = household.strip()
    if not words or len(words) > LONGEST_HOUSEHOLD:
        raise FindingRefused(FindingRefusal.HOUSEHOLD)
    if child_files.names_guardian(session, case, words, by):
        raise FindingRefused(FindingRefusal.GUARDIAN)
    made = ChildHousehold(id=uuid.uuid4(), case_id=case.id, position=len(known) + 1)
    session.add(made)
    session.flush()
    sealed[f"household:{made.id}"] = words
    return made.id


def _check_words(text: str, longest: int) -> None:
    if not text.strip() or len(text) > longest:
        raise FindingRefused(FindingRefusal.WORDS)


def record_of_return(
    *, return_id: uuid.UUID, found: Mapping[Assessment, Found], on: date, assessor: str, by: Actor
) -> None:
    """As `record`, for a child whose return another country asks for, until the return is over.

    Raises NotPermitted, NotVisible, FindingRefused, ReturnRefused (`step`).
    """
    by.must(Permission.CHILD_RETURN_ANSWER)
    try:
        with transaction() as session:
            row = child_returns.row(return_id, by=by, lock=True)
            if State(row.state).is_over:
                raise ReturnRefused(ReturnRefusal.STEP)
            made = _add(session, return_id, found, on, assessor, by, begun=row.received_on or row.quarter_on)
            _audit_findings(session, return_id, found, made, by)
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None


def _add(
    session: Session,
    subject_id: uuid.UUID,
    found: Mapping[Assessment, Found],
    on: date,
    assessor: str,
    by: Actor,
    *,
    begun: date,
    household: uuid.UUID | None = None,
) -> dict[Assessment, uuid.UUID]:
    """The ids of the findings."""
    if by.member_id is None:
        raise NotVisible
    if not found:
        raise FindingRefused(FindingRefusal.FOUND)
    earlier, positions = finding_rows.entries(subject_id), finding_rows.positions(subject_id)
    made: dict[Assessment, uuid.UUID] = {}
    for kind, each in found.items():
        entry = Entry(kind, each, on, household)
        check_entry(entry, earlier, assessor=assessor, today=days.today(), begun=begun)
        made[kind] = uuid.uuid4()
        session.add(
            ChildFinding(
                id=made[kind],
                household_id=household,
                subject_id=subject_id,
                kind=str(kind),
                position=positions[str(kind)] + 1,
                found=str(each),
                found_on=on,
                assessor=assessor,
                organisation_id=by.organisation_id,
                member_id=by.member_id,
            )
        )
    session.flush()
    return made


def _owed(session: Session, case_id: uuid.UUID, kind: Assessment, found: Found, by: Actor) -> None:
    """Update the obligation of the agreement: a decision fulfils it; it is owed again when the finding is unclear."""
    wanted = (Obligation.case_id == case_id, Obligation.kind == f"assess_{kind}")
    if not found.is_decided:
        session.execute(update(Obligation).where(*wanted).values(done_at=None, done_by_id=None))
        return
    for step in session.scalars(select(Obligation).where(*wanted, Obligation.done_at.is_(None))).all():
        obligation_steps.fulfil(session, step, clock.now(), "system", by)


def _audit_findings(
    session: Session,
    subject_id: uuid.UUID,
    found: Mapping[Assessment, Found],
    made: Mapping[Assessment, uuid.UUID],
    by: Actor,
) -> None:
    event = audit.Event.CHILD_FINDING_RECORDED
    for kind, each in sorted(found.items()):
        said = {"kind": str(kind), "found": str(each)}
        audit.append(session, event, by=by, subject_id=subject_id, finding_id=made[kind], **said)
