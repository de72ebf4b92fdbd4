"""Opening, writing and closing a case inside the transaction of an action."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain import presses, written_over
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.referrals.referrals import ReferralStatus
from nrm.domain.referrals.transfers import both_write_until
from nrm.domain.shelter.cases import HOUSE_LABEL, WRITTEN_BY_HOLDER, CaseRefusal, CaseRefused, Compartment, Purpose
from nrm.domain.shelter.closings import Answers, Way
from nrm.domain.shelter.permits import GateClosed, check_child
from nrm.domain.shelter.stays import Destination
from nrm.domain.written_over import NOTHING_BESIDE, Beside
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case, Reading
from nrm.models.shelter.stays import Stay
from nrm.steps.referrals import hand_overs
from nrm.steps.shelter import child_files, consent_records
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.shelter import withheld as withheld_steps
from nrm.steps.support import kept_hearings
from nrm.store import days
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.referrals import transfers as transfer_rows
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import case_mistakes as mistake_rows
from nrm.store.rows.shelter import cases as case_rows
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import cases as store
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import care_notes, epochs, grants, members, sharing
from nrm.vault import compartments as vault

CannotOpen = members.CannotOpen


Opened = vault.Opened


def allow(session: Session, case_id: uuid.UUID, compartment: str, purpose: Purpose, *, by: Actor) -> None:
    """Open one compartment to the actor's session in the current transaction, and record it. Raises CannotOpen."""
    session.add(
        Reading(
            case_id=case_id,
            compartment=compartment,
            purpose=purpose,
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            holder_id=case_rows.responsible_for(case_id),
            opened_at=clock.now(),
        )
    )
    vault.allow(session, case_id, compartment, purpose, by=by)


def opened(*, case_id: uuid.UUID, by: Actor) -> dict[Compartment, Opened]:
    """What the actor's session opened and may read now. Raises NotPermitted, NotVisible."""
    by.must(Permission.CASE_OPEN)
    session = db.session()
    if store.visible(case_id, by=by, asked=True) is CaseRelation.HANDING_ON and not both_write(case_id=case_id, by=by):
        return {}
    found: dict[Compartment, Opened] = {}
    for compartment in Compartment:
        if vault.is_allowed(session, case_id, compartment, by=by):
            try:
                found[compartment] = vault.read(session, case_id, compartment, by=by)
            except CannotOpen:  # the case moved on since it was opened
                continue
    return found


def just_written(*, case_id: uuid.UUID, by: Actor) -> tuple[dict[Compartment, dict[str, Any]], list[dict[str, Any]]]:
    """(parts, notes) that the actor's session wrote within a quarter of an hour, for the actor's own eyes; nothing that
    anybody else wrote. Raises NotVisible."""
    by.must(Permission.CASE_OPEN)
    store.visible(case_id, by=by)
    parts: dict[Compartment, dict[str, Any]] = {}
    if not vault.own(db.session(), case_id, by=by):
        return parts, []
    for compartment in sorted(WRITTEN_BY_HOLDER):
        with suppress(CannotOpen):  # not begun, or the case moved on since
            value = vault.read_own(db.session(), case_id, compartment, by=by)
            if value is not None:
                parts[compartment] = value
    with suppress(CannotOpen):
        return parts, sorted(care_notes.read_own(db.session(), case_id, by=by), key=lambda note: str(note["at"]))
    return parts, []


def both_write(*, case_id: uuid.UUID, by: Actor) -> bool:
    """Whether the actor's shelter, which hands the person on, still reads and writes."""
    try:
        check_both_write(case_id, by)
    except CaseRefused:
        return False
    return True


def notes(*, case_id: uuid.UUID, by: Actor) -> list[dict[str, Any]]:
    """The care notes, oldest first: `id`, `at` (ISO 8601), `login`, `text`; `struck` instead of a text that was struck.
    Raises NotVisible, CannotOpen."""
    by.must(Permission.CASE_OPEN)
    if store.visible(case_id, by=by) is CaseRelation.HANDING_ON:
        check_both_write(case_id, by)
    return sorted(care_notes.read(db.session(), case_id, by=by), key=lambda note: str(note["at"]))


def note(*, case_id: uuid.UUID, note_id: uuid.UUID, by: Actor) -> dict[str, Any]:
    """One of the notes that the actor's session reads now, also as what it has just written. Raises NotVisible."""
    found: list[dict[str, Any]] = just_written(case_id=case_id, by=by)[1]
    with suppress(CannotOpen):
        found = notes(case_id=case_id, by=by)
    for each in found:
        if each["id"] == str(note_id):
            return each
    raise NotVisible


def new_note_id(case_id: uuid.UUID, text: str, press: uuid.UUID, by: Actor) -> uuid.UUID | None:
    """Under which id these words of a press are written; None where they stand already. The caller holds the case, so
    of two presses at once one comes after the other."""
    for time in itertools.count():
        note_id = presses.id_of(case_id, press, "note", text, str(time))
        if not care_notes.is_there(db.session(), case_id, note_id):
            return note_id
        try:
            struck = "struck" in note(case_id=case_id, note_id=note_id, by=by)
        except NotVisible:  # nothing is opened to find that out
            struck = False
        if not struck:
            return None
    raise AssertionError


def may_strike(note: Mapping[str, Any], by: Actor) -> bool:
    """Whether the actor strikes this note: who wrote it, or a manager of the house; what is struck stays struck."""
    return "struck" not in note and (by.may(Permission.TEAM_MANAGE) or note["login"] == store.login_of(by))


def end(session: Session, case_id: uuid.UUID, by: Actor, *, way: Way, answers: Answers | None = None) -> None:
    """Close the case in the caller's transaction; raises what `close` raises."""
    case = held_open_case(case_id, by)
    for why in blockers(session, case, by, way):
        raise why
    withheld_steps.destroy(session, case_id, by)
    epochs.shred(session, case_id, [HOUSE_LABEL])
    hand_overs.forget_all(session, case_id)
    keep = dict.fromkeys(vault.compartments_of(session, case_id), own_organisation_only(by))
    if by.organisation_id is not None:
        kept_hearings.keep(session, case_id, [by.organisation_id], by)
    epochs.rotate(session, case_id, keep, by=by)
    child_files.only_for_holder(session, case)
    consent_records.end_with_case(session, case_id, by)
    closing_steps.close(session, case, way, by, answers)


def blockers(session: Session, case: Case, by: Actor, way: Way = Way.CHECKLIST) -> list[CaseRefused | GateClosed]:
    """Every fact because of which the case cannot be closed now; the first is what closing it answers. A child's case
    that two organisations call a mistake is closed with the checklist, and in no other way (ADR 0229)."""
    found: list[CaseRefused | GateClosed] = []
    if session.scalar(select(exists().where(Stay.case_id == case.id, Stay.ended_on.is_(None)))):
        found.append(CaseRefused(CaseRefusal.STAY_OPEN))
    if session.scalar(select(exists().where(Referral.case_id == case.id, Referral.status.in_(("sent", "accepted"))))):
        found.append(CaseRefused(CaseRefusal.REFERRAL_OPEN))
    if absence_rows.stands(case.id) is not None:
        found.append(CaseRefused(CaseRefusal.MISSING))
    try:
        check_child_left(case, by)
    except GateClosed as shut:
        if way is not Way.CHECKLIST or not mistake_rows.may_be_closed(case):
            found.append(shut)
    if (owed := closing_steps.word_owed(session, case.id)) is not None:
        found.append(CaseRefused(owed))
    return found


def check_child_left(case: Case, by: Actor) -> None:
    """Raise GateClosed if a child, or a person who may be one, would leave only by the closing of the case.

    Every way to close a case must call this: closing it, writing a letter with it, erasing it; `blockers` says when
    closing goes on all the same. What let the child go
    before holds no longer once she came back, and she has not left through a gate since.
    """
    if not closing_rows.came_back(case.id):
        if absence_rows.was_not_found(case.id):
            return
        if by.organisation_id is not None and stay_rows.left_by_a_gate(case.id, by.organisation_id):
            return
    if by.organisation_id is not None:
        check_child(finding_rows.child_facts(case, on=days.today()), Destination.UNKNOWN, on=days.today())


def held_open_case(case_id: uuid.UUID, by: Actor) -> Case:
    """The case, if the actor's organisation holds it and it is open; raises NotVisible, CaseRefused."""
    case = held_case(case_id, by)
    if case.status == "closed":
        raise CaseRefused(CaseRefusal.CLOSED)
    return case


def held_case(case_id: uuid.UUID, by: Actor) -> Case:
    """The case, open or closed, if the actor's organisation holds it; raises NotVisible, CaseRefused."""
    case = store.row(case_id, by=by, lock=True)
    if case.holder_id != by.organisation_id or case.status == "referred":
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    check_not_parked(case_id)
    return case


def check_not_parked(case_id: uuid.UUID) -> None:
    """Raise CaseRefused while the case is closed to everybody: nothing is opened, written or handed on."""
    if act_rows.parking(case_id) is not None:
        raise CaseRefused(CaseRefusal.PARKED)


def check_unasked(session: Session, case_id: uuid.UUID, by: Actor) -> None:
    """As `held_open_case`, and raise CaseRefused while somebody is asked to take the person.

    For what changes who reads the case or what the person agreed to: the asked party decides over what it was offered.
    """
    held_open_case(case_id, by)
    if session.scalar(select(exists().where(Referral.case_id == case_id, Referral.status == ReferralStatus.SENT))):
        raise CaseRefused(CaseRefusal.ASKED)


def check_written(case_id: uuid.UUID, by: Actor) -> None:
    """Raise NotVisible, CaseRefused unless the actor's organisation may write now: the holder, also while an answer is
    pending, and until the person leaves the shelter that hands them on (ADR 0068)."""
    case = store.row(case_id, by=by, lock=True)
    if case.holder_id == by.organisation_id or case.status != "open":
        held_open_case(case_id, by)
    else:
        check_both_write(case_id, by)


def check_cared_for(case_id: uuid.UUID, by: Actor) -> None:
    """As `check_written`, and for the holder of a closed case, too."""
    case = store.row(case_id, by=by, lock=True)
    if case.holder_id == by.organisation_id:
        held_case(case_id, by)
    else:
        check_written(case_id, by)


def check_both_write(case_id: uuid.UUID, by: Actor) -> None:
    """Raise CaseRefused unless the actor's shelter hands the person on, and neither left nor is overdue.

    A row that was written by hand makes nobody a writer: the mark of the referral is checked here.
    """
    referral = transfer_rows.standing(case_id)
    if referral is None or referral.sender_id != by.organisation_id:
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    if not grants.is_of_referral(referral):
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    if referral.decided_at is None or clock.now() >= both_write_until(referral.decided_at):
        raise CaseRefused(CaseRefusal.MOVE_OVERDUE)


def begin(session: Session, case_id: uuid.UUID, compartment: Compartment, by: Actor) -> None:
    """Begin an empty compartment unless there is one."""
    if compartment not in vault.compartments_of(session, case_id):
        create(session, case_id, compartment, {}, by)


def create(session: Session, case_id: uuid.UUID, compartment: str, value: dict[str, Any], by: Actor) -> None:
    """Begin a compartment for those who have the case. A party that is asked meanwhile to take the person is offered it
    as it was offered the others: else it could not accept any more."""
    holders = sorted({*own_organisation_only(by), *having(session, case_id)}, key=str)
    vault.create(session, case_id, {compartment: value}, holders)
    asked = grants.waiting(session, case_id)
    if asked:
        sharing.offer(session, case_id, asked, by=by, compartments=[compartment])


def having(session: Session, case_id: uuid.UUID) -> list[uuid.UUID]:
    """The two shelters that both have the case between the acceptance of a move and its end, as far as each holds keys;
    nobody otherwise."""
    moving = transfer_rows.standing(case_id)
    if moving is None or not grants.is_of_referral(moving):
        return []
    reads = grants.holders_of(session, case_id, Compartment.HAND_OVER)
    return [each for each in (moving.sender_id, moving.receiver_id) if each in reads]


def merge(
    session: Session,
    case_id: uuid.UUID,
    parts: Mapping[str, Mapping[str, Any]],
    by: Actor,
    *,
    seen: int | None = None,
    beside: Beside = NOTHING_BESIDE,
) -> None:
    """Write answers (compartment -> question -> answer) into the case; a missing compartment is begun for the holder
    alone. `seen`: the revision of each that the writer had read, 0 if there was none; `beside`: see `replacing`.

    Raises CannotOpen, StaleRevision, WouldGo.
    """
    there = vault.compartments_of(session, case_id)
    for compartment, part in parts.items():
        if compartment in there:
            more = replacing(part, beside, by)
            vault.merge(session, case_id, compartment, part, by=by, seen=seen, replacing=more)
        elif seen:
            raise vault.StaleRevision
        else:
            begun = {name: value for name, value in part.items() if value is not None}
            create(session, case_id, compartment, begun, by)
        audit.append(session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=compartment)


def replacing(part: Mapping[str, Any], beside: Beside, by: Actor) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """For `vault.merge`: what keeps under seal what `part` takes away of what somebody else wrote meanwhile (ADR 0249).
    Raises WouldGo when it is called."""

    def kept(stored: Mapping[str, Any]) -> Mapping[str, Any]:
        gone = written_over.check(stored, part, beside)
        return written_over.kept(stored, gone, at=clock.now(), login=store.login_of(by))

    return kept


def own_organisation_only(by: Actor) -> list[uuid.UUID]:
    if by.organisation_id is None:
        raise NotVisible
    return [by.organisation_id]
