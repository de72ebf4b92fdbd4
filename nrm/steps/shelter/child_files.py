"""The words of a child's assessments, under seal, inside the transaction of an action (ADR 0069).

They are sealed to the service that assesses, to who holds the case now and to the Responsible Authority. When the case
has changed hands, the next who writes seals it to the new holder, and no longer to the former one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind
from nrm.domain.shelter.cases import OF_IDENTIFICATION
from nrm.domain.shelter.findings import CHILD_FILE, SECOND_LOOK, has_conflict
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.findings import ChildFile, ChildFinding, ChildGuardian, ChildLook
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, sharing


def add(session: Session, case: Case, part: Mapping[str, Any], by: Actor) -> None:
    """Seal more words into the file, which is begun if there is none. Raises CannotOpen. Call `shredding.work_off`
    after the transaction."""
    file_id = of(session, case.id)
    if file_id is None:
        made = ChildFile(id=uuid.uuid4(), case_id=case.id)
        session.add(made)
        session.flush()
        vault.create(session, made.id, {CHILD_FILE: dict(part)}, holders(session, case, by), by=by)
        return
    vault.merge(session, file_id, CHILD_FILE, part, by=by)
    pass_on(session, case, by)


def of(session: Session, case_id: uuid.UUID) -> uuid.UUID | None:
    """The id of the file; None if there is none."""
    return session.scalar(select(ChildFile.id).where(ChildFile.case_id == case_id))


def pass_on(session: Session, case: Case, by: Actor) -> None:
    """Seal the file anew to whom it is meant for now, unless it is. The actor must hold the key."""
    file_id = of(session, case.id)
    if file_id is None:
        return
    now = holders(session, case, by)
    if grants.holders_of(session, file_id, CHILD_FILE) != now:
        epochs.rotate(session, file_id, {CHILD_FILE: now}, by=by)


def holders(session: Session, case: Case, by: Actor) -> set[uuid.UUID]:
    """To whom the file is sealed now."""
    if by.organisation_id is None:
        raise NotVisible
    assessed = select(ChildFinding.organisation_id).where(ChildFinding.subject_id == case.id).distinct()
    wanted = {each for each in session.scalars(assessed) if each is not None} | authorities(session)
    if case.status == "open" and case.holder_id is not None:
        wanted.add(case.holder_id)
    return wanted & account_rows.with_keyring() | {by.organisation_id}


def authorities(session: Session) -> set[uuid.UUID]:
    """The organisations of the Responsible Authority."""
    statement = select(Organisation.id).where(
        Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, Organisation.enabled.is_(True)
    )
    return set(session.scalars(statement))


def names_guardian(session: Session, case: Case, household: str, by: Actor) -> bool:
    """Whether the words of a household name the guardian of the child. The actor must hold the key, if there is one."""
    file_id = of(session, case.id)
    if file_id is None:
        return False
    guardian = select(ChildGuardian.id).where(ChildGuardian.case_id == case.id).order_by(ChildGuardian.position.desc())
    last = session.scalar(guardian.limit(1))
    told = vault.glance(session, file_id, CHILD_FILE, by=by) or {}
    return last is not None and has_conflict(str(told.get(f"guardian:{last}", "")), [household])


def households(session: Session, case: Case, by: Actor) -> list[str]:
    """The words of the households, for a comparison that gives nothing of them out."""
    file_id = of(session, case.id)
    told = vault.glance(session, file_id, CHILD_FILE, by=by) if file_id is not None else None
    return [str(text) for name, text in (told or {}).items() if name.startswith("household:")]


def only_for_holder(session: Session, case: Case) -> None:
    """The case is closed: nobody but its holder opens the file any more. Needs no key."""
    file_id = of(session, case.id)
    if file_id is None:
        return
    for each in grants.holders_of(session, file_id, CHILD_FILE) - {case.holder_id}:
        grants.take_back(session, file_id, each, [CHILD_FILE])


def reopened(session: Session, case: Case, by: Actor) -> None:
    """The case of a child is open again: who assesses the child reads the file again, and can add to it; child
    protection reads by the clauses what it had read before (ADR 0211). Call `shredding.work_off` after the
    transaction."""
    file_id = of(session, case.id)
    if case.age_class != "adult":
        _read_by_clause(session, case, by)
    if case.age_class != "adult" and file_id is not None and vault.opens(session, file_id, CHILD_FILE, by=by):
        pass_on(session, case, by)


def _read_by_clause(session: Session, case: Case, by: Actor) -> None:
    """What the clauses give to child protection of this child, and the actor's keys open."""
    there = set(vault.compartments_of(session, case.id)) - OF_IDENTIFICATION
    desks = select(Organisation).where(Organisation.kind == OrganisationKind.CHILD_PROTECTION, Organisation.enabled)
    for desk in session.scalars(desks.order_by(Organisation.code)).all():
        if desk.id == case.holder_id or desk.id not in account_rows.with_keyring():
            continue
        for compartment in sorted(consent_rows.granted(case, desk) & there):
            if desk.id in grants.holders_of(session, case.id, compartment):
                continue
            if vault.opens(session, case.id, compartment, by=by):
                sharing.share(session, case.id, compartment, [desk.id], by=by)
                audit.append(
                    session,
                    audit.Event.CASE_SHARED,
                    by=by,
                    case_id=case.id,
                    organisation_id_shared=desk.id,
                    compartment=str(compartment),
                )


def destroy(session: Session, case_id: uuid.UUID) -> None:
    """Erase the file and the words of every second look. Needs no key. Call `erasures.carry_out` afterwards."""
    file_id = of(session, case_id)
    if file_id is not None:
        epochs.erase(session, file_id, vault.compartments_of(session, file_id))
    for look_id in session.scalars(select(ChildLook.id).where(ChildLook.case_id == case_id)).all():
        if vault.compartments_of(session, look_id):
            epochs.erase(session, look_id, [SECOND_LOOK])
