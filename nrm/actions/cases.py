"""Opening, writing, sharing and closing a case.

Opening is an event of its own: it is recorded before anything is shown, and is valid for a quarter of an hour for the
session that asked. Reading within that time records nothing more.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.actions import consenting
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.cases import BY_CONSENT, WRITTEN_BY_HOLDER, CaseRefusal, CaseRefused, Compartment, Purpose, check_share
from nrm.domain.consents import Answer, Asking, Ended, Narrowing, Said, Topic, read_by_consent, reads_by_consent
from nrm.domain.permits import check_child
from nrm.domain.referrals import ReferralStatus
from nrm.domain.stays import Destination
from nrm.models.cases import Case, Reading
from nrm.models.consents import Consent
from nrm.models.referrals import Referral
from nrm.models.stays import Stay
from nrm.store import absences, accounts, findings, permits, stays
from nrm.store import cases as store
from nrm.store.cases import CaseRelation
from nrm.store.countries import country
from nrm.vault import care_notes, epochs, grants, members, sharing, shredding
from nrm.vault import compartments as vault

CannotOpen = members.CannotOpen
StaleRevision = vault.StaleRevision
Opened = vault.Opened


def open_compartment(*, case_id: uuid.UUID, compartment: str, purpose: Purpose, by: Actor) -> None:
    """Give the actor's session leave to read for a quarter of an hour; recorded for the holder and in the audit chain.

    Raises NotPermitted, NotVisible, CannotOpen (nothing is recorded then but the refusal).
    """
    by.must(Permission.CASE_OPEN)
    relation = store.visible(case_id, by=by, asked=True)
    try:
        with transaction() as session:
            # A reader's consent ran out: the next session of the holder gives the case new keys, without that reader.
            narrowed = relation is CaseRelation.HOLDER and consenting.narrow(session, case_id, by)
            allow(session, case_id, compartment, purpose, by=by)
    except CannotOpen:
        with transaction() as session:
            audit.append(session, audit.Event.OPENING_FAILED, by=by, case_id=case_id, compartment=compartment)
        raise
    if narrowed:
        shredding.work_off()


def allow(session: Session, case_id: uuid.UUID, compartment: str, purpose: Purpose, *, by: Actor) -> None:
    """Open one compartment to the actor's session in the current transaction, and record it. Raises CannotOpen."""
    session.add(
        Reading(
            case_id=case_id,
            compartment=compartment,
            purpose=purpose,
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            holder_id=store.responsible_for(case_id),
            opened_at=clock.now(),
        )
    )
    vault.allow(session, case_id, compartment, purpose, by=by)


def opened(*, case_id: uuid.UUID, by: Actor) -> dict[Compartment, Opened]:
    """What the actor's session opened and may read now. Raises NotPermitted, NotVisible."""
    by.must(Permission.CASE_OPEN)
    store.visible(case_id, by=by, asked=True)
    session = db.session()
    found: dict[Compartment, Opened] = {}
    for compartment in Compartment:
        if vault.is_allowed(session, case_id, compartment, by=by):
            try:
                found[compartment] = vault.read(session, case_id, compartment, by=by)
            except CannotOpen:  # the case moved on since it was opened
                continue
    return found


def notes(*, case_id: uuid.UUID, by: Actor) -> list[dict[str, Any]]:
    """The care notes, oldest first: `at` (ISO 8601), `login`, `text`. Raises NotVisible, CannotOpen."""
    by.must(Permission.CASE_OPEN)
    store.visible(case_id, by=by)
    return sorted(care_notes.read(db.session(), case_id, by=by), key=lambda note: str(note["at"]))


def write(*, case_id: uuid.UUID, compartment: Compartment, value: Mapping[str, str], seen: int, by: Actor) -> int:
    """Write a compartment that the holder writes (care, legal); returns the number of the new revision.

    `seen`: the revision that the writer had read; 0 if there was none. Raises NotPermitted, NotVisible, CannotOpen,
    CaseRefused, StaleRevision (somebody else wrote in the meantime).
    """
    by.must(Permission.CASE_OPEN)
    if compartment not in WRITTEN_BY_HOLDER:
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    with transaction() as session:
        check_written(session, case_id, by)
        there = compartment in vault.compartments_of(session, case_id)
        if there:
            revision = vault.write(session, case_id, compartment, dict(value), seen=seen, by=by)
        elif seen:
            raise StaleRevision
        else:
            vault.create(session, case_id, {compartment: dict(value)}, _own_organisation_only(by))
            revision = 1
        audit.append(
            session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=compartment, revision=revision
        )
        return revision


def add_note(*, case_id: uuid.UUID, text: str, by: Actor) -> None:
    """Append a care note. Raises NotPermitted, NotVisible, CannotOpen, CaseRefused."""
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        check_written(session, case_id, by)
        begin(session, case_id, Compartment.CARE, by)
        written = {"text": text, "at": clock.now().isoformat(), "login": store.login_of(by)}
        note_id = care_notes.add(session, case_id, written, by=by)
        audit.append(session, audit.Event.NOTE_ADDED, by=by, case_id=case_id, note_id=note_id)


def share(
    *,
    case_id: uuid.UUID,
    organisation_id: uuid.UUID,
    compartments: Collection[Compartment],
    agreed: bool,
    by: Actor,
) -> None:
    """The holder lets another organisation read some compartments, because the person agrees.

    A legal file that does not exist yet is begun empty. Raises NotPermitted, NotVisible, CannotOpen, CaseRefused.
    """
    by.must(Permission.CASE_OPEN)
    organisation = accounts.organisation(organisation_id)
    with transaction() as session:
        check_written(session, case_id, by)
        kind = OrganisationKind(organisation.kind)
        check_share(kind, compartments, agreed=agreed)
        if kind is OrganisationKind.TRP_UNIT and not permits.has_applied(case_id):
            raise CaseRefused(CaseRefusal.NOT_APPLIED)
        for compartment in sorted(compartments):
            if compartment is Compartment.LEGAL:
                begin(session, case_id, compartment, by)
            elif compartment not in vault.compartments_of(session, case_id):
                raise CaseRefused(CaseRefusal.NOTHING_TO_SHARE)
            if organisation_id not in grants.holders_of(session, case_id, compartment):
                sharing.share(session, case_id, compartment, [organisation_id], by=by)
            audit.append(
                session,
                audit.Event.CASE_SHARED,
                by=by,
                case_id=case_id,
                organisation_id_shared=organisation_id,
                compartment=compartment,
            )
        if set(compartments) & read_by_consent(kind):
            yes = Answer(Topic.SHARING, Said.GIVEN, organisation.party or organisation.code)
            consenting.record(session, case_id, [yes], Asking("", "", ""), by)


def end_share(*, case_id: uuid.UUID, organisation_id: uuid.UUID, by: Actor) -> None:
    """End a share, because the person no longer agrees: all that the organisation could read gets a new epoch.

    This is possible at any time. While somebody is asked to take the person, the new keys are offered to them again.
    Raises NotPermitted, NotVisible (also when nothing is shared), CannotOpen, CaseRefused (`by_clause`).
    """
    by.must(Permission.CASE_OPEN)
    organisation = accounts.organisation(organisation_id)
    if not reads_by_consent(OrganisationKind(organisation.kind)):
        store.row(case_id, by=by)
        raise CaseRefused(CaseRefusal.BY_CLAUSE)
    with transaction() as session:
        _held_open_case(case_id, by)
        if not consenting.end_reading(session, case_id, [organisation], by):
            raise (
                NotVisible if OrganisationKind(organisation.kind) in BY_CONSENT else CaseRefused(CaseRefusal.BY_CLAUSE)
            )
        sharing = (Consent.topic == Topic.SHARING, Consent.party == (organisation.party or organisation.code))
        given = consenting.current(session, case_id, *sharing, Consent.said == Said.GIVEN)
        consenting.end(session, given, Ended.WITHDRAWN, by, narrowing=Narrowing.DONE)
    shredding.work_off()


def close(*, case_id: uuid.UUID, by: Actor) -> None:
    """Close the case: from now on nobody but the holder opens anything.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`stay_open`, `referral_open`, `closed`), GateClosed (a
    child who has had no bed here, and whom nobody has found to be safe).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        end(session, case_id, by)
    shredding.work_off()


def end(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """Close the case in the caller's transaction; raises what `close` raises."""
    case = _held_open_case(case_id, by)
    if session.scalar(select(exists().where(Stay.case_id == case_id, Stay.ended_on.is_(None)))):
        raise CaseRefused(CaseRefusal.STAY_OPEN)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status.in_(("sent", "accepted"))))):
        raise CaseRefused(CaseRefusal.REFERRAL_OPEN)
    if absences.stands(case_id) is not None:
        raise CaseRefused(CaseRefusal.MISSING)
    check_child_left(case, by)
    keep = dict.fromkeys(vault.compartments_of(session, case_id), _own_organisation_only(by))
    epochs.rotate(session, case_id, keep, by=by)
    today = clock.today(country().timezone)
    hit = hit_one(
        session,
        update(Case)
        .where(Case.id == case_id, Case.status == "open", Case.holder_id == by.organisation_id)
        .values(status="closed", closed_month=today.replace(day=1)),
    )
    if not hit:
        raise CaseRefused(CaseRefusal.CLOSED)
    audit.append(session, audit.Event.CASE_CLOSED, by=by, case_id=case_id)


def check_child_left(case: Case, by: Actor) -> None:
    """Raise GateClosed if a child, or a person who may be one, would leave only by the closing of the case.

    Every way to close a case must call this: closing it, writing a letter with it, erasing it.
    """
    if absences.was_not_found(case.id):
        return
    if by.organisation_id is not None and not stays.left_by_a_gate(case.id, by.organisation_id):
        check_child(findings.child_facts(case), Destination.UNKNOWN, on=stays.today())


def _held_open_case(case_id: uuid.UUID, by: Actor) -> Case:
    """The case, if the actor's organisation holds it and it is open; raises NotVisible, CaseRefused."""
    case = store.row(case_id, by=by, lock=True)
    if case.holder_id != by.organisation_id or case.status == "referred":
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    if case.status == "closed":
        raise CaseRefused(CaseRefusal.CLOSED)
    return case


def check_written(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """As `_held_open_case`, and raise CaseRefused while somebody is asked to take the person: then nothing is written.

    A compartment that is begun between the question and the answer would not be among what the asked party was
    offered, and that party could not accept any more.
    """
    _held_open_case(case_id, by)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status == ReferralStatus.SENT))):
        raise CaseRefused(CaseRefusal.ASKED)


def begin(session: Session, case_id: uuid.UUID, compartment: Compartment, by: Actor) -> None:
    """Begin an empty compartment for the holder unless there is one."""
    if compartment not in vault.compartments_of(session, case_id):
        vault.create(session, case_id, {compartment: {}}, _own_organisation_only(by))


def _own_organisation_only(by: Actor) -> list[uuid.UUID]:
    if by.organisation_id is None:
        raise NotVisible
    return [by.organisation_id]
