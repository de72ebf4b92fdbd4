"""A shelter opens a case for somebody who came without a referral, and admits them in the same transaction."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.agreement.agreements import RECEIVER, Agreement
from nrm.domain.agreement.routes import RouteObligation
from nrm.domain.shelter.cases import RANDOM_BYTES, Compartment, new_pseudonym
from nrm.domain.shelter.consents import Asking, of_own_case
from nrm.domain.shelter.direct_intake import (
    CAME_WITH,
    ImpossibleCase,
    IntakeRefusal,
    OwnCase,
    check,
    check_birth,
    columns,
    further_facts,
    obligations,
    sealed,
)
from nrm.domain.shelter.resident_lines import Resident
from nrm.domain.shelter.stays import Source
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case
from nrm.steps.shelter import arrivals as arrival_steps
from nrm.steps.shelter import consent_records
from nrm.steps.shelter.arrivals import Told
from nrm.steps.shelter.stays import begin
from nrm.store import days, names
from nrm.store.countries import country
from nrm.store.rows.agreement import agreements as agreement_rows
from nrm.store.rows.interviews import interviews as interview_rows
from nrm.store.shelter import cases, places
from nrm.vault import compartments as vault
from nrm.vault import keyrings


@dataclass(frozen=True, slots=True)
class Opened:
    """A new case and its first stay."""

    case_id: uuid.UUID
    stay_id: uuid.UUID
    pseudonym: str


class OpenedAlready(Exception):
    """There is a case of this id: the same sheet, or line of a file, opened it before."""

    def __init__(self, case_id: uuid.UUID) -> None:
        super().__init__(case_id)
        self.case_id = case_id


def case_id_of(once: uuid.UUID, by: Actor) -> uuid.UUID:
    """The id of the case that a sheet opens: known by who has the sheet again, and by nobody else."""
    assert by.organisation_id is not None
    return uuid.uuid5(by.organisation_id, f"own case {once}")


def open_case(
    *,
    case: OwnCase,
    place_id: uuid.UUID | None,
    admitted_on: date,
    anticipated_end_on: date,
    by: Actor,
    identity: Mapping[str, Any] | None = None,
    story: str = "",
    note: str = "",
    told: Told | None = None,
    came_with: uuid.UUID | None = None,
    with_stay_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
) -> Opened:
    """Open a case of the shelter's own and admit the person; the duties of the agreement begin now.

    `came_with`: the case of the victim whose child this is, which the shelter holds. That they belong together is
    sealed with the child's identity; it is not stored in clear.

    `identity`: answers under the questionnaire's names (given, family, known_as, birth, contact ...); `note`: what the
    hand-over says of needs; `told`: what is sealed with the care; `case_id`: where a sheet or a line of a file gives
    it; sent again, it opens no second case, whatever else it says. Identity and story are sealed to the shelter and to
    the parties that a clause grants them to. For an adult who does not agree neither is stored, and nobody is told.
    `with_stay_id`, without a place: a child under three sleeps with its mother.

    Raises NotPermitted, NotVisible, OpenedAlready, ImpossibleCase, UnknownCode, UnknownFact, ImpossibleStay,
    NoAgreement.
    """
    by.must(Permission.STAY_MANAGE)
    if by.organisation_id is None or by.kind is None or not by.kind.takes_people_in:
        raise NotVisible
    named = {name: value for name, value in (identity or {}).items() if value}
    if (came_with is None) == (case.source is Source.WITH_A_VICTIM):
        raise ImpossibleCase(IntakeRefusal.DEPENDANT)
    if came_with is not None:
        named[CAME_WITH] = _held_case_code(came_with, by)
    check(case, named=bool(named or story))
    check_birth(str(named.get("birth") or ""), case.age_class, today=days.today())
    now = clock.now()
    agreement = country().in_force(now)
    with transaction() as session:
        if place_id is not None:
            places.place(place_id, by=by)  # locked before the audit chain is: another who wants this place waits here
        if case_id is not None and session.get(Case, case_id) is not None:
            raise OpenedAlready(case_id)
        organisation = names.organisation(by.organisation_id)
        owed = obligations(case, agreement, now, party=organisation.party)
        row = Case(
            id=case_id or uuid.uuid4(),
            pseudonym=_unused_pseudonym(),
            status="open",
            source=str(case.source),
            opened_by_id=organisation.id,
            holder_id=organisation.id,
            registered_month=days.today().replace(day=1),
            questionnaire=next(iter(country().questionnaires)),
            age_class=case.age_class,
            consent=case.consent,
            facts=further_facts(case),
            **columns(case),
        )
        _add(session, row)
        _seal(session, row.id, sealed(case, named, story, note), owed, agreement, by)
        consent_records.record(session, row.id, of_own_case(case.consent, case.statistics), Asking("", "", ""), by)
        audit.append(
            session,
            audit.Event.CASE_OPENED,
            by=by,
            case_id=row.id,
            source=str(case.source),
            age_class=row.age_class,
        )
        stay_id = begin(
            session,
            row,
            None,
            place_id,
            admitted_on,
            anticipated_end_on,
            by,
            with_stay_id=with_stay_id,
            age=case.age,
        )
        session.add_all(
            Obligation(
                case_id=row.id,
                kind=each.kind,
                party=each.party,
                clause=each.clause,
                due_at=now + each.within if each.within is not None else None,
            )
            for each in owed
        )
        session.flush()
        if told is not None:
            arrival_steps.seal(session, row.id, told, by)
        return Opened(row.id, stay_id, row.pseudonym)


def _add(session: Session, row: Case) -> None:
    case_id = row.id
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if session.get(Case, case_id) is None:
            raise
        raise OpenedAlready(case_id) from None  # the same button, pressed twice at once


def take_in(*, resident: Resident, line: Mapping[str, str], by: Actor) -> str:
    """Open the case of a resident of the first day, as her `line` of a file says; returns its code. The same line again
    changes nothing and gives the same code.

    Raises what `open_case` raises; NotVisible for a place that the shelter does not have.
    """
    by.must(Permission.STAY_MANAGE)
    told = {name: text.strip() for name, text in line.items() if text.strip()}
    with transaction() as session:
        # Under a key of the shelter: who has the file and not the key cannot tell which case a line became.
        mark = keyrings.organisation_mark(session, json.dumps({"resident": told}, sort_keys=True).encode(), by=by)
        case_id = uuid.UUID(bytes=mark[:16], version=4)
        before = session.get(Case, case_id)
        if before is not None:
            return before.pseudonym
    opened = open_case(
        case=resident.case,
        place_id=places.place_called(resident.place, by=by),
        admitted_on=resident.admitted_on,
        anticipated_end_on=resident.planned_end_on,
        by=by,
        identity=resident.identity,
        story=resident.story,
        note=resident.needs_note,
        case_id=case_id,
    )
    return opened.pseudonym


def _held_case_code(case_id: uuid.UUID, by: Actor) -> str:
    """The code of an open case the shelter holds; raises NotVisible."""
    found = cases.case(case_id, by=by)
    if found.relation is not cases.CaseRelation.HOLDER or found.status != "open":
        raise NotVisible
    return found.pseudonym


def _unused_pseudonym() -> str:
    while True:
        pseudonym = new_pseudonym(os.urandom(RANDOM_BYTES))
        if not interview_rows.is_pseudonym_taken(pseudonym):
            return pseudonym


def _seal(
    session: Session,
    case_id: uuid.UUID,
    answers: Mapping[str, dict[str, Any]],
    owed: tuple[RouteObligation, ...],
    agreement: Agreement,
    by: Actor,
) -> None:
    """Seal each compartment to the shelter, and to the parties that a clause grants it to and that have keys."""
    assert by.organisation_id is not None
    for name, value in answers.items():
        holders = {by.organisation_id}
        for each in owed:
            if Compartment(name) in each.grant and each.party != RECEIVER:
                holders |= {desk.id for desk in agreement_rows.every_desk(each.party)}
        if name == Compartment.HAND_OVER and any(each.kind == "notify" for each in owed):
            holders |= _authority(agreement)
        content = dict(value)
        if name == Compartment.HAND_OVER:
            content["interviewed_at"] = clock.now().isoformat()
        elif name == Compartment.STORY:
            content["wordings"] = {}
        vault.create(session, case_id, {name: content}, holders)


def _authority(agreement: Agreement) -> set[uuid.UUID]:
    return {
        desk.id
        for party in agreement.parties.values()
        if party.kind is OrganisationKind.RESPONSIBLE_AUTHORITY
        for desk in agreement_rows.every_desk(party.code)
    }
