"""Opening, writing, sharing and closing a case, and opening a closed one again.

Opening is an event of its own: it is recorded before anything is shown, and is valid for a quarter of an hour for the
session that asked. Reading within that time records nothing more.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain import written_over
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.shelter.cases import (
    AGREED,
    BY_CONSENT,
    WRITTEN_BY_HOLDER,
    CaseRefusal,
    CaseRefused,
    Compartment,
    Purpose,
    check_share,
)
from nrm.domain.shelter.closings import (
    NOTHING_AGREED,
    SETTLED,
    Answers,
    FollowUp,
    Owed,
    ReopenReason,
    ReopenRefusal,
    ReopenRefused,
    Way,
)
from nrm.domain.shelter.consents import (
    Answer,
    Asking,
    Ended,
    Naming,
    Narrowing,
    Said,
    Topic,
    reads_by_consent,
)
from nrm.domain.shelter.permits import GateClosed
from nrm.domain.shelter.strikes import StrikeReason
from nrm.domain.support.follow_ups import check_closing
from nrm.domain.support.plans import AtClosing
from nrm.domain.written_over import NOTHING_BESIDE, Beside
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.closings import Closing
from nrm.models.shelter.consents import Consent
from nrm.steps.accounts import many_acts
from nrm.steps.referrals import transfers as transfer_steps
from nrm.steps.shelter import cases as steps
from nrm.steps.shelter import child_files, consent_records
from nrm.steps.shelter import closings as closing_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.steps.shelter.cases import CannotOpen
from nrm.steps.support import plans as plan_steps
from nrm.store import days, names
from nrm.store.rows.shelter import absences as absence_rows
from nrm.store.rows.shelter import away as away_rows
from nrm.store.rows.shelter import closings as closing_rows
from nrm.store.rows.shelter import consents as consent_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.rows.support import follow_ups as follow_up_rows
from nrm.store.shelter import cases as store
from nrm.store.shelter.cases import CaseRelation
from nrm.vault import care_notes, grants, parking, sharing
from nrm.vault import compartments as vault

StaleRevision, WouldGo = vault.StaleRevision, written_over.WouldGo


def open_compartment(*, case_id: uuid.UUID, compartment: str, purpose: Purpose, by: Actor) -> None:
    """Give the actor's session leave to read for a quarter of an hour; recorded for the holder and in the audit chain.

    Raises NotPermitted, NotVisible, CaseRefused (`move_overdue`, `parked`), CannotOpen (nothing is recorded then but
    the refusal).
    """
    by.must(Permission.CASE_OPEN)
    relation = store.visible(case_id, by=by, asked=True)
    if compartment in parking.parked(db.session(), case_id):
        raise CaseRefused(CaseRefusal.PARKED)
    try:
        with transaction() as session:
            if relation is CaseRelation.HANDING_ON:
                steps.check_both_write(case_id, by)
            # A reader's consent ran out: the next session of the holder gives the case new keys, without that reader.
            narrowed = relation is CaseRelation.HOLDER and consent_records.narrow(session, case_id, by)
            if relation is CaseRelation.HOLDER:
                narrowed |= transfer_steps.renew(session, case_id, by)
            steps.allow(session, case_id, compartment, purpose, by=by)
    except CannotOpen:
        with transaction() as session:
            audit.append(session, audit.Event.OPENING_FAILED, by=by, case_id=case_id, compartment=compartment)
        raise
    if narrowed:
        erasure_steps.carry_out()


def write(
    *,
    case_id: uuid.UUID,
    compartment: Compartment,
    value: Mapping[str, str],
    seen: int,
    by: Actor,
    beside: Beside = NOTHING_BESIDE,
) -> int:
    """Write a compartment that the holder writes (care, legal), and with it a shelter that hands the person on.

    Returns the number of the new revision.

    `seen`: the revision that the writer had read; 0 if there was none. `beside`: what the writer was shown that
    somebody else wrote meanwhile; what goes of it stays under seal beside the text (ADR 0249). Raises NotPermitted,
    NotVisible, CannotOpen, CaseRefused, StaleRevision (somebody else wrote in the meantime), WouldGo.
    """
    by.must(Permission.CASE_OPEN)
    if compartment not in WRITTEN_BY_HOLDER:
        raise CaseRefused(CaseRefusal.NOT_HOLDER)
    with transaction() as session:
        steps.check_written(case_id, by)
        there = compartment in vault.compartments_of(session, case_id)
        if there:
            # What other pages keep there, such as numbers of permits, stays.
            more = steps.replacing(value, beside, by)
            revision = vault.merge(session, case_id, compartment, dict(value), by=by, seen=seen, replacing=more)
        elif seen:
            raise StaleRevision
        else:
            steps.create(session, case_id, compartment, dict(value), by)
            revision = 1
        vault.show_own(session, case_id, f"{compartment} {revision}", by=by)
        audit.append(
            session, audit.Event.COMPARTMENT_WRITTEN, by=by, case_id=case_id, compartment=compartment, revision=revision
        )
        return revision


def add_note(*, case_id: uuid.UUID, text: str, by: Actor, press: uuid.UUID | None = None) -> None:
    """Append a care note; the same words of the same `press` of a form are one note, unless they were struck meanwhile.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        steps.check_written(case_id, by)
        note_id = uuid.uuid4() if press is None else steps.new_note_id(case_id, text, press, by)
        if note_id is not None:
            _add_note(session, case_id, text, by, note_id)


def _add_note(session: Session, case_id: uuid.UUID, text: str, by: Actor, note_id: uuid.UUID) -> None:
    steps.begin(session, case_id, Compartment.CARE, by)
    written = {"text": text, "at": clock.now().isoformat(), "login": store.login_of(by)}
    care_notes.add(session, case_id, written, by=by, note_id=note_id)
    vault.show_own(session, case_id, f"note {note_id}", by=by)
    audit.append(session, audit.Event.NOTE_ADDED, by=by, case_id=case_id, note_id=note_id)


def strike_note(*, case_id: uuid.UUID, note_id: uuid.UUID, why: StrikeReason, by: Actor) -> None:
    """A note was wrong: its words are shown no more, and that it was struck is, with who did, when and why. Struck
    already, it stays as it is. Raises NotPermitted, NotVisible (also for a note of somebody else), CannotOpen,
    CaseRefused."""
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        steps.check_written(case_id, by)
        note = steps.note(case_id=case_id, note_id=note_id, by=by)
        if "struck" in note:
            return
        if not steps.may_strike(note, by):
            raise NotVisible
        written = {"text": "", "strikes": str(note_id), "why": str(why), "at": clock.now().isoformat()}
        strike_id = care_notes.add(session, case_id, {**written, "login": store.login_of(by)}, by=by)
        vault.show_own(session, case_id, f"note {strike_id}", by=by)
        audit.append(session, audit.Event.NOTE_STRUCK, by=by, case_id=case_id, note_id=note_id)


def share(
    *,
    case_id: uuid.UUID,
    organisation_id: uuid.UUID,
    compartments: Collection[Compartment],
    agreed: bool,
    by: Actor,
) -> None:
    """The holder lets another organisation read some compartments, because the person agrees or a clause says so.

    A legal file that does not exist yet is begun empty. Of what the organisation reads by a clause already nothing is
    recorded once more. Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`not_shareable`, also with whoever is
    there for children, of an adult; `not_agreed`, `not_applied`, `nothing_to_share`, `not_here`: what is read because
    the person agrees, while the person is away or missing).
    """
    by.must(Permission.CASE_OPEN)
    organisation = names.organisation(organisation_id)
    with transaction() as session:
        by_consent = _check_share(session, case_id, organisation, compartments, agreed=agreed, by=by)
        for compartment in sorted(compartments):
            if compartment is Compartment.LEGAL:
                steps.begin(session, case_id, compartment, by)
            if organisation_id not in grants.holders_of(session, case_id, compartment):
                sharing.share(session, case_id, compartment, [organisation_id], by=by)
            elif compartment not in by_consent:
                continue
            audit.append(
                session,
                audit.Event.CASE_SHARED,
                by=by,
                case_id=case_id,
                organisation_id_shared=organisation_id,
                compartment=compartment,
                ground=AGREED if compartment in by_consent else None,
            )
        if set(compartments) & by_consent:
            party = organisation.party or organisation.code
            yes = Answer(Topic.SHARING, Said.GIVEN, party)
            consent_records.name(session, case_id, [party], by)
            consent_records.record(session, case_id, [yes], Asking("", "", ""), by)
        consent_records.name(session, case_id, [organisation.party or organisation.code], by, Naming.TOLD)
        many_acts.look(session, AlarmKind.SHARES, by)


def check_sharing(
    *,
    case_id: uuid.UUID,
    organisation_id: uuid.UUID,
    compartments: Collection[Compartment],
    agreed: bool,
    by: Actor,
) -> bool:
    """Refuse what `share` would refuse, before anybody is asked whether they are sure, and change nothing. Returns
    whether the organisation will read it because the person agrees."""
    by.must(Permission.CASE_OPEN)
    organisation = names.organisation(organisation_id)
    with transaction() as session:
        by_consent = _check_share(session, case_id, organisation, compartments, agreed=agreed, by=by)
    return bool(set(compartments) & by_consent)


def _check_share(
    session: Session,
    case_id: uuid.UUID,
    organisation: Organisation,
    compartments: Collection[Compartment],
    *,
    agreed: bool,
    by: Actor,
) -> frozenset[Compartment]:
    """Raise unless it may be shared; returns what the organisation can read by consent alone."""
    steps.check_unasked(session, case_id, by)
    case, kind = session.get_one(Case, case_id), OrganisationKind(organisation.kind)
    granted = consent_rows.granted(case, organisation)
    check_share(kind, compartments, age_class=case.age_class, agreed=agreed, granted=granted)
    if kind is OrganisationKind.TRP_UNIT and not permit_rows.has_applied(case_id):
        raise CaseRefused(CaseRefusal.NOT_APPLIED)
    if not set(compartments) - {Compartment.LEGAL} <= set(vault.compartments_of(session, case_id)):
        raise CaseRefused(CaseRefusal.NOTHING_TO_SHARE)
    by_consent = consent_rows.given_by_consent(case, organisation)
    if set(compartments) & by_consent and (absence_rows.stands(case_id) is not None or away_rows.is_away(case_id)):
        raise CaseRefused(CaseRefusal.NOT_HERE)  # it is written down as her word of today (ADR 0271)
    return by_consent


def end_share(*, case_id: uuid.UUID, organisation_id: uuid.UUID, mistake: bool = False, by: Actor) -> None:
    """End a share, because the person no longer agrees: all that the organisation could read gets a new epoch.

    This is possible at any time; of what a clause gives, for some minutes, by who shared it. While somebody is asked to
    take the person, the new keys are offered to them again.
    `mistake`: the actor shared it some minutes ago and nobody had asked the person: no yes and no no of theirs is kept.
    Raises NotPermitted, NotVisible (also when nothing is shared), CannotOpen, CaseRefused (`by_clause`, `no_mistake`).
    """
    by.must(Permission.CASE_OPEN)
    organisation = names.organisation(organisation_id)
    if not reads_by_consent(OrganisationKind(organisation.kind)):
        store.row(case_id, by=by)
        raise CaseRefused(CaseRefusal.BY_CLAUSE)
    with transaction() as session:
        steps.held_open_case(case_id, by)
        lately = consent_rows.shared_lately(case_id, by.member_id).get(organisation_id, frozenset())
        if mistake and not lately:
            raise CaseRefused(CaseRefusal.NO_MISTAKE)
        if not consent_records.end_reading(session, case_id, [organisation], by, also=lately):
            raise (
                NotVisible if OrganisationKind(organisation.kind) in BY_CONSENT else CaseRefused(CaseRefusal.BY_CLAUSE)
            )
        party = organisation.party or organisation.code
        if mistake:
            times = consent_rows.said_lately(case_id, party, by.member_id)
            consent_records.undo_yes(session, case_id, organisation, by, times=times)
        else:
            sharing = (Consent.topic == Topic.SHARING, Consent.party == party)
            given = consent_records.current(session, case_id, *sharing, Consent.said == Said.GIVEN)
            consent_records.end(session, given, Ended.WITHDRAWN, by, narrowing=Narrowing.DONE)
    erasure_steps.carry_out()


def take_up_share(*, case_id: uuid.UUID, organisation_id: uuid.UUID, by: Actor) -> None:
    """The actor ended a share some minutes ago and the person had not said so: the yes holds on, and what was read is
    read again. Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`no_end_by_mistake`)."""
    by.must(Permission.CASE_OPEN)
    organisation = names.organisation(organisation_id)
    with transaction() as session:
        steps.check_unasked(session, case_id, by)
        read = consent_rows.ended_lately(case_id, by.member_id).get(organisation_id)
        party = organisation.party or organisation.code
        was = consent_rows.ended_yes(case_id, party, by.member_id, days.today()) if read else None
        if read is None or was is None:
            raise CaseRefused(CaseRefusal.NO_END_BY_MISTAKE)
        there = vault.compartments_of(session, case_id)
        consent_records.go_on(session, was, organisation, [each for each in read if each in there], by)


def close(
    *,
    case_id: uuid.UUID,
    by: Actor,
    answers: Answers = NOTHING_AGREED,
    note: str = "",
    open_steps: AtClosing = AtClosing.KEPT,
) -> None:
    """Close the case: from now on nobody but the holder opens anything. `note`: kept with the care notes, under seal;
    `open_steps`: what becomes of the steps of the plan that are still to be done.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`stay_open`, `referral_open`, `missing`, `not_come`,
    `mistaken`, `closed`; `not_found`: nobody who was not found said that she wants nobody to stay in touch, ADR 0249),
    GateClosed (a child who has had no place here, and whom nobody has found to be safe),
    FollowUpRefused (the answer on staying in touch is not what was agreed).
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        if note:
            by.must(Permission.CASE_OPEN)
            steps.check_written(case_id, by)
            _add_note(session, case_id, note, by, uuid.uuid4())
        stands = follow_up_rows.standing(case_id) is not None
        check_closing(agreed=answers.follow_up is FollowUp.AGREED, stands=stands)
        if answers.follow_up is FollowUp.NOT_WANTED and closing_steps.nobody_found(case_id):
            raise CaseRefused(CaseRefusal.NOT_FOUND)
        if open_steps is AtClosing.NOT_NEEDED:
            plan_steps.check_held(case_id, by)
            plan_steps.drop_open(session, case_id, by)
        steps.end(session, case_id, by, way=Way.CHECKLIST, answers=answers)
    erasure_steps.carry_out()


def why_not_closed(*, case_id: uuid.UUID, by: Actor) -> list[CaseRefused | GateClosed]:
    """Every fact because of which `close` would refuse now. Raises NotPermitted, NotVisible, CaseRefused."""
    by.must(Permission.STAY_MANAGE)
    return steps.blockers(db.session(), steps.held_open_case(case_id, by), by)


def settle(*, case_id: uuid.UUID, owed: Owed, is_open: bool = False, by: Actor) -> None:
    """What was open at the closing is settled: the person has the documents, or nobody owes the other anything.
    `is_open`: the way back, it is open all the same. A second time changes nothing. Raises NotPermitted, NotVisible,
    CaseRefused (`not_holder`)."""
    by.must(Permission.STAY_MANAGE)
    after, before = SETTLED[owed] if is_open else reversed(SETTLED[owed])
    with transaction() as session:
        if store.row(case_id, by=by, lock=True).holder_id != by.organisation_id:
            raise CaseRefused(CaseRefusal.NOT_HOLDER)
        column = Closing.documents if owed is Owed.DOCUMENTS else Closing.debts
        there = update(Closing).where(Closing.case_id == case_id, Closing.reopened_on.is_(None), column == str(before))
        if hit_one(session, there.values({column: str(after)})):
            audit.append(session, _SETTLED[owed, is_open], by=by, case_id=case_id)


_SETTLED = {
    (Owed.DOCUMENTS, False): audit.Event.DOCUMENTS_GIVEN_BACK,
    (Owed.DOCUMENTS, True): audit.Event.DOCUMENTS_STILL_HERE,
    (Owed.DEBTS, False): audit.Event.DEBTS_SETTLED,
    (Owed.DEBTS, True): audit.Event.DEBTS_STILL_OPEN,
}


def reopen(*, case_id: uuid.UUID, reason: ReopenReason, by: Actor) -> None:
    """Open a closed case again. The holder alone reads it: what others could read does not come back with it, except
    the words of a child's assessments, without which nobody could assess the child again, and what child protection
    reads of a child by a clause. Whom the person agreed to
    tell is asked anew.

    Its time under retention begins anew when it is closed again. Raises NotPermitted, NotVisible, CaseRefused
    (`not_holder`), ReopenRefused.
    """
    by.must(Permission.STAY_MANAGE)
    with transaction() as session:
        case = store.row(case_id, by=by, lock=True)
        if case.holder_id != by.organisation_id:
            raise CaseRefused(CaseRefusal.NOT_HOLDER)
        closing = closing_rows.check_reopening(case)
        today = days.today()
        reopened = {"reopened_on": max(today, closing.closed_on), "reopened_by_id": by.member_id, "reason": str(reason)}
        still = (Closing.id == closing.id, Closing.reopened_on.is_(None))
        if not hit_one(session, update(Closing).where(*still).values(**reopened)):
            raise ReopenRefused(ReopenRefusal.NOT_CLOSED)
        case.status, case.closed_month = "open", None
        session.flush()
        child_files.reopened(session, case, by)
        consent_records.end_with_case(session, case_id, by)  # of a case that was closed before closing did so
        audit.append(session, audit.Event.CASE_REOPENED, by=by, case_id=case_id, reason=str(reason))
    erasure_steps.carry_out()
