"""The second look at what was found of a household, the best-interest decision, and the guardian of a child."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain import presses
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.shelter.cases import UNFINISHED, Purpose
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.findings import (
    CHILD_FILE,
    LONGEST_NAME,
    LONGEST_WORDS,
    SECOND_LOOK,
    DecidedBy,
    FindingRefusal,
    FindingRefused,
    Found,
    Outcome,
    check_decision,
    check_look,
    has_conflict,
)
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.findings import ChildDecision, ChildGuardian, ChildLook
from nrm.steps.shelter import child_files
from nrm.store import days
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.shelter import cases as case_rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.shelter import findings as store
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import compartments as vault
from nrm.vault import members, shredding

CannotOpen = members.CannotOpen


def open_file(*, case_id: uuid.UUID, purpose: Purpose, by: Actor) -> None:
    """Let the actor's session read the child's file, and the second looks sealed to it, for a quarter of an hour.

    Recorded first. Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CASE_READ)
    file_id = store.file_of(case_id, by=by)
    if file_id is None:
        raise NotVisible
    with transaction() as session:
        session.add(
            Reading(
                case_id=case_id,
                compartment=CHILD_FILE,
                purpose=purpose,
                member_id=by.member_id,
                organisation_id=by.organisation_id,
                holder_id=case_rows.responsible_for(case_id),
                opened_at=clock.now(),
            )
        )
        vault.allow(session, file_id, CHILD_FILE, purpose, by=by)
        for look_id in session.scalars(select(ChildLook.id).where(ChildLook.case_id == case_id)):
            if vault.opens(session, look_id, SECOND_LOOK, by=by):
                vault.allow(session, look_id, SECOND_LOOK, purpose, by=by)


def opened(*, case_id: uuid.UUID, by: Actor) -> dict[str, Any] | None:
    """What is sealed, by `household:ID`, `finding:ID`, `decision:ID`, `guardian:ID` and `look:ID`, for a session that
    opened it; else None. Raises NotVisible."""
    file_id = store.file_of(case_id, by=by)
    session = db.session()
    if file_id is None or not vault.is_allowed(session, file_id, CHILD_FILE, by=by):
        return None
    try:
        told = dict(vault.read(session, file_id, CHILD_FILE, by=by).value)
    except CannotOpen:
        return None
    for look_id in session.scalars(select(ChildLook.id).where(ChildLook.case_id == case_id)):
        try:
            told[f"look:{look_id}"] = vault.read(session, look_id, SECOND_LOOK, by=by).value["reasons"]
        except CannotOpen:  # another organisation's own
            continue
    return told


def look(*, case_id: uuid.UUID, household_id: uuid.UUID, found: Found, reasons: str, on: date, by: Actor) -> None:
    """A member of the holder or of the Responsible Authority looks a second time at what was found of a household.

    The session must have opened the file. The reasons are sealed to the organisation that looks and to the Responsible
    Authority. Raises NotPermitted, NotVisible, FindingRefused (`open_first`, `not_safe`, `same_organisation`,
    `took_part`, ...).
    """
    by.must(Permission.CASE_READ)
    if by.member_id is None or by.organisation_id is None:
        raise NotVisible
    _check_words(reasons)
    try:
        with transaction() as session:
            case = _case(session, case_id, by)
            _must_be_open(session, case_id, by)
            record = finding_rows.record(case_id)
            at = check_look(
                record,
                household_id,
                organisation=by.organisation_id,
                member=by.member_id,
                on=on,
                today=days.today(),
            )
            newest = max((each for each in record.entries if each.id in at.values()), key=lambda each: each.on)
            made = ChildLook(
                id=uuid.uuid4(),
                case_id=case_id,
                position=len(record.looks) + 1,
                household_id=household_id,
                risk_id=at[Assessment.RISK],
                security_id=at[Assessment.SECURITY],
                family_id=at[Assessment.FAMILY],
                assessed_by_id=newest.organisation,
                found=str(found),
                looked_on=on,
                organisation_id=by.organisation_id,
                member_id=by.member_id,
            )
            session.add(made)
            session.flush()
            readers = {by.organisation_id} | (child_files.authorities(session) & account_rows.with_keyring())
            vault.create(session, made.id, {SECOND_LOOK: {"reasons": reasons.strip()}}, readers, by=by)
            audit.append(session, audit.Event.CHILD_LOOKED_AT, by=by, case_id=case.id, found=str(found))
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None


def decide(
    *,
    case_id: uuid.UUID,
    outcome: Outcome,
    household_id: uuid.UUID | None,
    decided_by: DecidedBy,
    who: str,
    view: str,
    on: date,
    by: Actor,
) -> None:
    """The Responsible Authority records its best-interest decision, or that of a court. `who` decided and the child's
    own `view` are sealed.

    The session must have opened the file. Raises NotPermitted, NotVisible, CannotOpen, FindingRefused.
    """
    by.must(Permission.REFERRAL_DIRECT)
    if by.member_id is None:
        raise NotVisible
    _check_name(who)
    _check_words(view)
    try:
        with transaction() as session:
            case = _case(session, case_id, by)
            _must_be_open(session, case_id, by)
            record = finding_rows.record(case_id)
            look_id = check_decision(record, household_id, outcome, member=by.member_id, on=on, today=days.today())
            made = ChildDecision(
                id=uuid.uuid4(),
                case_id=case_id,
                position=len(record.decisions) + 1,
                outcome=str(outcome),
                household_id=household_id if outcome is Outcome.GOES else None,
                look_id=look_id,
                decided_by=str(decided_by),
                decided_on=on,
                organisation_id=by.organisation_id,
                member_id=by.member_id,
            )
            session.add(made)
            session.flush()
            child_files.add(session, case, {f"decision:{made.id}": {"who": who.strip(), "view": view.strip()}}, by)
            audit.append(session, audit.Event.CHILD_DECIDED, by=by, case_id=case.id, outcome=str(outcome))
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None
    shredding.work_off()


def name_guardian(
    *,
    case_id: uuid.UUID,
    name: str,
    since_on: date,
    no_companion: bool,
    not_of_household: bool,
    by: Actor,
    press: uuid.UUID | None = None,
) -> None:
    """The Responsible Authority, or the service that assesses, records the guardian after a check for conflicts.

    The name is sealed, and compared with the households that were assessed. The same words of the same `press` of a
    form are recorded once. Raises NotPermitted, NotVisible,
    CannotOpen, FindingRefused (`conflict`, ...).
    """
    by.must(Permission.CASE_READ)
    _check_name(name)
    if not (no_companion and not_of_household):
        raise FindingRefused(FindingRefusal.CONFLICT)
    if since_on > days.today():
        raise FindingRefused(FindingRefusal.DAY)
    try:
        with transaction() as session:
            case = _case(session, case_id, by)
            if store.relation(case_id, by=by) is CaseRelation.HOLDER:
                raise NotVisible
            guardian_id = presses.id_of(case_id, press or uuid.uuid4(), "guardian", name.strip(), since_on.isoformat())
            if session.scalar(select(exists().where(ChildGuardian.id == guardian_id))):
                return
            if has_conflict(name, child_files.households(session, case, by)):
                raise FindingRefused(FindingRefusal.CONFLICT)
            number = session.scalar(select(func.count()).where(ChildGuardian.case_id == case_id)) or 0
            made = ChildGuardian(
                id=guardian_id,
                case_id=case_id,
                position=number + 1,
                since_on=since_on,
                no_companion=True,
                not_of_household=True,
                organisation_id=by.organisation_id,
                member_id=by.member_id,
            )
            session.add(made)
            session.flush()
            child_files.add(session, case, {f"guardian:{made.id}": name.strip()}, by)
            audit.append(session, audit.Event.GUARDIAN_NAMED, by=by, case_id=case_id)
    except IntegrityError:
        raise FindingRefused(FindingRefusal.STATE) from None
    shredding.work_off()


def pass_on(*, case_id: uuid.UUID, by: Actor) -> None:
    """Seal the file to who holds the case now, and no longer to who held it before.

    Raises NotPermitted, NotVisible, CannotOpen.
    """
    by.must(Permission.CASE_READ)
    with transaction() as session:
        child_files.pass_on(session, _case(session, case_id, by), by)
    shredding.work_off()


def _case(session: Session, case_id: uuid.UUID, by: Actor) -> Case:
    """The case of a child in hand, locked; raises NotVisible."""
    store.relation(case_id, by=by)
    case = session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
    if case.age_class == "adult" or case.status not in UNFINISHED:
        raise NotVisible
    return case


def _must_be_open(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Raise FindingRefused unless the session may read the file now: nobody judges what they have not seen."""
    file_id = child_files.of(session, case_id)
    if file_id is None or not vault.is_allowed(session, file_id, CHILD_FILE, by=by):
        raise FindingRefused(FindingRefusal.OPEN_FIRST)


def _check_words(text: str) -> None:
    if not text.strip() or len(text) > LONGEST_WORDS:
        raise FindingRefused(FindingRefusal.WORDS)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise FindingRefused(FindingRefusal.NAME)
