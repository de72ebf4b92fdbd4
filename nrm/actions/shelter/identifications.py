"""Formal identification: asking for it, the joint interview, later looks, an appeal.

The record of the joint interview and the reasons of each look are separate compartments, so that the person who looks
second has no key to what the first concluded. Every reader was let in by the holder because the person agreed.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.alarms import AlarmKind
from nrm.domain.shelter.cases import CaseRefusal, CaseRefused, Compartment, IdentificationStatus, Purpose
from nrm.domain.shelter.consents import Answer, Asking, Naming, Said, Topic
from nrm.domain.shelter.identifications import (
    DECISIONS,
    POLICE_SIDE,
    Appellant,
    Event,
    IdentificationRefusal,
    IdentificationRefused,
    PartnerSaid,
    PlaceKind,
    State,
    Who,
    after_second,
    check_appeal_decision,
    check_asked,
    check_conclusion,
    check_event,
    check_joint,
    check_look,
    check_read,
    check_time,
    decided_by,
    opposite,
)
from nrm.models.referrals.referrals import Referral
from nrm.models.shelter.cases import Case
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.steps.accounts import many_acts
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import consent_records
from nrm.store import days, names
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.shelter import identifications as identification_rows
from nrm.store.shelter import identifications as store
from nrm.vault import compartments as vault
from nrm.vault import grants, sharing

Opened = vault.Opened


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What somebody concluded, on which bases (codes), and why, in their own words (sealed)."""

    outcome: str
    bases: Collection[str]
    reasons: str


@dataclass(frozen=True, slots=True)
class JointInterview:
    """How the joint interview was held; `account` is what was told and found (sealed)."""

    partner_id: uuid.UUID
    held_on: date
    place: PlaceKind
    language: str
    interpreter: str
    account: str
    wants_now: bool = False


def ask(
    *, case_id: uuid.UUID, organisations: Collection[uuid.UUID], agreed: bool, by: Actor, wants_now: bool = False
) -> None:
    """The holder asks for identification, and lets these organisations read its records, because the person agrees;
    within the reflection period because the person wants it now (`wants_now`).

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`asked`, `closed`), IdentificationRefused.
    """
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        case, _, _ = _locked_case(case_id, Event.ASK, by)
        case_steps.check_unasked(session, case_id, by)
        asked = [names.organisation(each) for each in sorted(set(organisations), key=str)]
        check_asked([OrganisationKind(each.kind) for each in asked], agreed=agreed)
        early = check_time(identification_rows.reflection_until(case), on=days.today(), wants_now=wants_now)
        case_steps.begin(session, case_id, Compartment.JOINT_INTERVIEW, by)
        sharing.share(session, case_id, Compartment.JOINT_INTERVIEW, [each.id for each in asked], by=by)
        parties = [each.party or each.code for each in asked]
        consent_records.name(session, case_id, parties, by)
        consent_records.name(session, case_id, parties, by, Naming.TOLD)
        yes = [Answer(Topic.SHARING, Said.GIVEN, party) for party in parties]
        consent_records.record(session, case_id, yes, Asking("", "", ""), by)
        today = days.today()
        session.add(
            Identification(
                case_id=case_id, state=str(State.ASKED), status=str(IdentificationStatus.POSSIBLE), asked_on=today
            )
        )
        _flush(session)
        for each in asked:
            audit.append(
                session,
                audit.Event.CASE_SHARED,
                by=by,
                case_id=case_id,
                organisation_id_shared=each.id,
                compartment=Compartment.JOINT_INTERVIEW,
            )
        _record(session, case_id, Event.ASK, by, early=early)
        many_acts.look(session, AlarmKind.SHARES, by)


def interview(*, case_id: uuid.UUID, held: JointInterview, concluded: Conclusion, by: Actor) -> None:
    """Record the joint interview and the first look. The partner is of the other side: police and social services.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`asked`), IdentificationRefused.
    """
    by.must(Permission.IDENTIFICATION_DECIDE)
    with transaction() as session:
        case, identification, _ = _locked_case(case_id, Event.INTERVIEW, by)
        assert identification is not None
        partner = next((each for each in store.partners(case_id, by=by) if each[0] == held.partner_id), None)
        if partner is None or by.member_id is None or by.kind is None:
            raise IdentificationRefused(IdentificationRefusal.SIDES)
        if not identification.asked_on <= held.held_on <= days.today():
            raise IdentificationRefused(IdentificationRefusal.DAY)
        until = identification_rows.reflection_until(case)
        early = check_time(until, on=held.held_on, wants_now=held.wants_now)
        check_conclusion(concluded.outcome, concluded.bases)
        other = OrganisationKind(account_rows.organisation_of(held.partner_id).kind)
        pair = ((by.member_id, by.kind), (held.partner_id, other))
        police, social = pair if by.kind in POLICE_SIDE else (pair[1], pair[0])
        check_joint(police, social)
        vault.merge(session, case_id, Compartment.JOINT_INTERVIEW, {"account": held.account}, by=by)
        identification.police_member_id, identification.social_member_id = police[0], social[0]
        identification.interviewed_on, identification.place = held.held_on, str(held.place)
        identification.language, identification.interpreter = held.language, held.interpreter
        _record_look(session, case, identification, 1, concluded, by)
        identification.state = str(State.FIRST_LOOK)
        _flush(session)
        _record(session, case_id, Event.INTERVIEW, by, early=early)


def answer(*, case_id: uuid.UUID, agrees: bool, by: Actor) -> None:
    """Whoever is named beside the writer of the joint interview says whether it was so: that they were there and agree,
    or that they were not there or do not agree. What they said last holds; all of it stays in the audit chain.

    Raises NotPermitted, NotVisible.
    """
    by.must(Permission.IDENTIFICATION_DECIDE)
    with transaction() as session:
        _, identification, _ = store.row(case_id, by=by, lock=True)
        looks = identification_rows.looks(identification) if identification is not None else []
        if identification is None or identification_rows.partner(identification, looks) != by.member_id:
            raise NotVisible
        said = PartnerSaid.AGREES if agrees else PartnerSaid.OBJECTS
        before = identification_rows.partner_said(case_id)
        if before is None or before[0] is not said:
            audit.append(session, audit.Event.IDENTIFICATION_RECORDED, by=by, case_id=case_id, step=str(said))


def look(*, case_id: uuid.UUID, concluded: Conclusion, by: Actor) -> State:
    """Record the second look, or the third if the first two differ; returns the state after it.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`asked`), IdentificationRefused (`took_part`,
    `has_seen`, `same_organisation`, `unread`, ...).
    """
    by.must(Permission.IDENTIFICATION_DECIDE)
    with transaction() as session:
        case, identification, _ = store.row(case_id, by=by, lock=True)
        state = State(identification.state) if identification else State.NOT_ASKED
        event = Event.THIRD if state is State.DIFFERING else Event.SECOND
        case, identification, _ = _locked_case(case_id, event, by)
        assert identification is not None
        before = store.as_rules(identification_rows.looks(identification))
        reviewer = store.reviewer(case_id, by=by)
        check_look(reviewer, before, _interviewed(identification))
        check_read(reviewer)
        check_conclusion(concluded.outcome, concluded.bases)
        outcome = IdentificationStatus(concluded.outcome)
        _record_look(session, case, identification, len(before) + 1, concluded, by)
        spoke = identification_rows.partner_said(case_id)
        said = spoke[0] if spoke is not None else None
        after = State.DECIDED if event is Event.THIRD else after_second(before[0].outcome, outcome, said)
        identification.state = str(after)
        if after is State.DECIDED:
            _decide(case, identification, outcome, by)
        _flush(session)
        _record(session, case_id, event, by, told=case.holder_id if after is State.DECIDED else None)
        return after


def appeal(*, case_id: uuid.UUID, appellant: Appellant, on: date, by: Actor) -> None:
    """The holder records who appealed, and when. Raises NotPermitted, NotVisible, IdentificationRefused."""
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        _, identification, _ = _locked_case(case_id, Event.APPEAL, by)
        assert identification is not None
        assert identification.decided_on is not None
        if not identification.decided_on <= on <= days.today():
            raise IdentificationRefused(IdentificationRefusal.DAY)
        identification.state = str(State.APPEALED)
        identification.appealed_on, identification.appellant = on, str(appellant)
        _flush(session)
        _record(session, case_id, Event.APPEAL, by)


def decide_appeal(*, case_id: uuid.UUID, changed: bool, reasons: str, by: Actor) -> None:
    """A person who took part in no look, and has read the record, confirms the outcome or changes it. The reasons are
    sealed with the record: whoever reads it may read them, the shelter too, which tells the person.

    Raises NotPermitted, NotVisible, CannotOpen, CaseRefused (`asked`), IdentificationRefused.
    """
    by.must(Permission.IDENTIFICATION_DECIDE)
    with transaction() as session:
        case, identification, _ = _locked_case(case_id, Event.DECIDE_APPEAL, by)
        assert identification is not None
        assert by.member_id is not None
        check_appeal_decision(
            by.member_id, store.as_rules(identification_rows.looks(identification)), _interviewed(identification)
        )
        check_read(store.reviewer(case_id, by=by))
        vault.merge(session, case_id, Compartment.JOINT_INTERVIEW, {"appeal": reasons}, by=by)
        identification.state = str(State.FINAL)
        identification.appeal_outcome = "changed" if changed else "confirmed"
        identification.appeal_decided_on, identification.appeal_member_id = days.today(), by.member_id
        if changed:
            _decide(case, identification, opposite(IdentificationStatus(identification.status)), by)
        _flush(session)
        _record(session, case_id, Event.DECIDE_APPEAL, by, told=case.holder_id)


def no_appeal(*, case_id: uuid.UUID, by: Actor) -> None:
    """Nobody appealed: it was entered by mistake. The decision stands as before; the audit chain keeps both (ADR 0264).

    Only whoever may decide the appeal says so: the shelter that entered it would silence the person with one press.
    Raises NotPermitted, NotVisible, CaseRefused (`asked`), IdentificationRefused.
    """
    by.must(Permission.IDENTIFICATION_DECIDE)
    with transaction() as session:
        case, identification, _ = _locked_case(case_id, Event.NO_APPEAL, by)
        assert identification is not None
        assert by.member_id is not None
        check_appeal_decision(
            by.member_id, store.as_rules(identification_rows.looks(identification)), _interviewed(identification)
        )
        identification.state = str(State.DECIDED)
        identification.appealed_on, identification.appellant = None, ""
        _flush(session)
        _record(session, case_id, Event.NO_APPEAL, by, told=case.holder_id)


def open_part(*, case_id: uuid.UUID, compartment: Compartment, by: Actor) -> None:
    """Open the record, or the reasons of a look, to the actor's session for a quarter of an hour; recorded before.

    A person who opens the reasons of a look cannot make a look later. Raises NotPermitted, NotVisible, CannotOpen.
    """
    if not by.may(Permission.CASE_OPEN):
        by.must(Permission.IDENTIFICATION_DECIDE)
    if compartment not in (Compartment.JOINT_INTERVIEW, *DECISIONS):
        raise NotVisible
    with transaction() as session:
        store.row(case_id, by=by)
        case_steps.allow(session, case_id, compartment, Purpose.IDENTIFICATION, by=by)


def opened(*, case_id: uuid.UUID, by: Actor) -> dict[Compartment, Opened]:
    """What the actor's session opened of it and may read now. Raises NotVisible."""
    store.row(case_id, by=by)
    session = db.session()
    found: dict[Compartment, Opened] = {}
    for compartment in (Compartment.JOINT_INTERVIEW, *DECISIONS):
        if vault.is_allowed(session, case_id, compartment, by=by):
            try:
                found[compartment] = vault.read(session, case_id, compartment, by=by)
            except case_steps.CannotOpen:  # the share has ended since
                continue
    return found


def _locked_case(case_id: uuid.UUID, event: Event, by: Actor) -> tuple[Case, Identification | None, Who]:
    """The locked case and its identification, if the table of events allows the actor to do this now.

    Raises what the actions say.
    """
    case, identification, relation = store.row(case_id, by=by, lock=True)
    check_event(State(identification.state) if identification else State.NOT_ASKED, event, relation)
    if event is not Event.ASK and db.session.scalar(
        select(exists().where(Referral.case_id == case_id, Referral.status == "sent"))
    ):
        raise CaseRefused(CaseRefusal.ASKED)
    return case, identification, relation


def _interviewed(identification: Identification) -> set[uuid.UUID]:
    return {each for each in (identification.police_member_id, identification.social_member_id) if each is not None}


def _record_look(
    session: Session,
    case: Case,
    identification: Identification,
    position: int,
    concluded: Conclusion,
    by: Actor,
) -> None:
    """Store the look; its words are sealed to the holder and to the organisation that looked."""
    assert by.organisation_id is not None
    holders = {by.organisation_id, case.holder_id or case.opened_by_id}
    told = {"reasons": concluded.reasons, "outcome": concluded.outcome}
    vault.create(session, case.id, {DECISIONS[position - 1]: told}, holders)
    grants.hold_as_long_as(session, case.id, DECISIONS[position - 1], Compartment.JOINT_INTERVIEW)
    session.add(
        IdentificationLook(
            identification_id=identification.id,
            position=position,
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            outcome=concluded.outcome,
            bases=sorted(set(concluded.bases)),
            looked_on=days.today(),
        )
    )


def _decide(case: Case, identification: Identification, outcome: IdentificationStatus, by: Actor) -> None:
    """The formal status, also among the coded facts of who is counted."""
    identification.status = str(outcome)
    identification.decided_on, identification.decided_by_id = days.today(), by.organisation_id
    if case.facts.get("statistics") != "no" and by.kind is not None:
        case.facts = {**case.facts, "identification": str(outcome), "decided_by": decided_by(by.kind)}


def _flush(session: Session) -> None:
    """Write to the database; of two people who record at the same moment the second one is refused."""
    try:
        session.flush()
    except IntegrityError:
        raise IdentificationRefused(IdentificationRefusal.STATE) from None


def _record(
    session: Session,
    case_id: uuid.UUID,
    event: Event,
    by: Actor,
    *,
    early: bool = False,
    told: uuid.UUID | None = None,
) -> None:
    """`early`: within the reflection period, because the person wants it now; `told`: the shelter that tells the person
    what was decided."""
    said = {"step": str(event), "wanted": "now" if early else None, "told_id": told}
    audit.append(session, audit.Event.IDENTIFICATION_RECORDED, by=by, case_id=case_id, **said)
