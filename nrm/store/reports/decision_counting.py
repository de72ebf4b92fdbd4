"""Witnesses, permits, claims and identifications of a period, as coarse codes; for the program alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    and_,
    or_,
    select,
)

from nrm.domain.accounts.accounts import Actor
from nrm.domain.quarters import Quarter
from nrm.domain.reports import counting as rules
from nrm.domain.shelter import claims as claim_rules
from nrm.domain.shelter import identifications as identification_rules
from nrm.domain.shelter.identifications import Course, State
from nrm.domain.shelter.permit_entries import stand
from nrm.domain.shelter.permits import ASKED_OR_DECIDED
from nrm.domain.support.witnesses import AGE_BANDS
from nrm.models.shelter.cases import Case
from nrm.models.shelter.claims import Claim, ClaimEntry
from nrm.models.shelter.identifications import Identification, IdentificationLook
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.testimony import Testimony
from nrm.models.support.witnesses import RecordedStep, Witness
from nrm.store.countries import country
from nrm.store.reports import counting
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.rows.shelter.claims import as_history
from nrm.store.rows.shelter.testimony import OF_CASES
from nrm.store.rows.support.witnesses import OF_WITNESSES


def witnesses(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The people with a step as a witness in the period: those of a case who agreed to be counted, and the witnesses
    who are no victims, of whom there are codes alone."""
    counting.must_count(by)
    statement = (
        select(Testimony.case_id, Testimony.status, Testimony.reason, Case.gender, Case.age_band)
        .join(Case, Case.id == Testimony.case_id)
        .where(OF_CASES.counts_on.between(first.start, last.end), OF_CASES.stands, counting.AGREES)
        .order_by(Testimony.case_id, Testimony.happened_on, Testimony.position)
    )
    steps: dict[str, list[tuple[str, str]]] = {}
    ages = counting.Ages(connection)
    people: dict[str, tuple[str, str]] = {}
    for row in connection.execute(statement):
        steps.setdefault(row.case_id.hex, []).append((row.status, row.reason))
        people[row.case_id.hex] = (row.gender, ages.band(row.case_id, row.age_band, last.end))
    rows = [rules.witness(person, steps[person], *people[person], codes) for person in sorted(people)]
    rows += _other_witnesses(connection, first, last, codes)
    return [row for row in rows if row is not None]


def _other_witnesses(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes
) -> list[rules.Row | None]:
    statement = (
        select(RecordedStep.witness_id, RecordedStep.status, RecordedStep.reason, Witness.gender, Witness.age_class)
        .join(Witness, Witness.id == RecordedStep.witness_id)
        .where(OF_WITNESSES.counts_on.between(first.start, last.end), OF_WITNESSES.stands)
        .order_by(RecordedStep.witness_id, RecordedStep.happened_on, RecordedStep.position)
    )
    steps: dict[str, list[tuple[str, str]]] = {}
    people: dict[str, tuple[str, str]] = {}
    for row in connection.execute(statement):
        steps.setdefault(row.witness_id.hex, []).append((row.status, row.reason))
        people[row.witness_id.hex] = (row.gender, AGE_BANDS[row.age_class])
    return [
        rules.witness(person, steps[person], *people[person], codes, kind=rules.NOT_VICTIM) for person in sorted(people)
    ]


def permits(connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor) -> list[rules.Row]:
    """The people whose permit was asked for or decided in the period, as it stood at its end."""
    counting.must_count(by)
    in_question = select(PermitEntry.case_id).where(PermitEntry.counts_on.between(first.start, last.end))
    known = permit_rows.entries_where(
        and_(PermitEntry.case_id.in_(in_question), PermitEntry.counts_on <= last.end), connection
    )
    ages = counting.Ages(connection)
    periods = country().permits
    asked = select(PermitEntry.id).where(
        PermitEntry.counts_on.between(first.start, last.end), PermitEntry.event.in_(sorted(ASKED_OR_DECIDED))
    )
    in_period = set(connection.scalars(asked))
    people = (
        select(Case.id, Case.gender, Case.age_band).where(Case.id.in_(in_question), counting.AGREES).order_by(Case.id)
    )
    rows = []
    for person in connection.execute(people):
        counted = [each for each in known[person.id] if each.counts(periods, today=last.end)]
        if not any(each.id in in_period for each in counted):
            continue
        facts = stand(counted, periods, today=last.end)
        ground = str(facts.ground or "")
        band = ages.band(person.id, person.age_band, last.end)
        rows.append(rules.permit(person.id.hex, facts.status, ground, person.gender, band, codes))
    return [row for row in rows if row is not None]


def claims(connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor) -> list[rules.Row]:
    """The people whose claim for compensation was made, decided or paid in the period, as it stood at its end."""
    counting.must_count(by)
    in_question = select(ClaimEntry.claim_id).where(ClaimEntry.counts_on.between(first.start, last.end))
    statement = (
        select(*ClaimEntry.__table__.columns, Claim.case_id, Case.gender, Case.age_band)
        .select_from(ClaimEntry)
        .join(Claim, Claim.id == ClaimEntry.claim_id)
        .join(Case, Case.id == Claim.case_id)
        .where(ClaimEntry.claim_id.in_(in_question), ClaimEntry.counts_on <= last.end, counting.AGREES)
        .order_by(Claim.case_id, ClaimEntry.claim_id, ClaimEntry.position)
    )
    ages = counting.Ages(connection)
    entries: dict[str, dict[uuid.UUID, list[Row[*tuple[Any, ...]]]]] = {}
    people: dict[str, tuple[str, str]] = {}
    for row in connection.execute(statement):
        entries.setdefault(row.case_id.hex, {}).setdefault(row.claim_id, []).append(row)
        people[row.case_id.hex] = (row.gender, ages.band(row.case_id, row.age_band, last.end))
    rows = []
    for person, histories in entries.items():
        found = [claim_rules.counted(as_history(history), first, last) for history in histories.values()]
        counts = [each for each in found if each is not None]
        rows.append(rules.claimant(person, counts, tuple(country().amount_bands), *people[person], codes))
    return [row for row in rows if row is not None]


def identifications(
    connection: Connection, first: Quarter, last: Quarter, codes: rules.Codes, *, by: Actor
) -> list[rules.Row]:
    """The people whose formal identification was asked for or decided in the period, as it stood at its end."""
    counting.must_count(by)
    asked, appealed = Identification.asked_on, Identification.appeal_decided_on
    looked_at = select(IdentificationLook.identification_id).where(
        IdentificationLook.looked_on.between(first.start, last.end)
    )
    statement = (
        select(
            Identification.case_id,
            Identification.state,
            Identification.status,
            asked,
            appealed,
            IdentificationLook.looked_on,
            IdentificationLook.outcome,
            Case.citizenship_class,
            Case.gender,
            Case.age_band,
        )
        .join(Case, Case.id == Identification.case_id)
        .outerjoin(IdentificationLook, IdentificationLook.identification_id == Identification.id)
        .where(
            or_(
                asked.between(first.start, last.end),
                appealed.between(first.start, last.end),
                Identification.id.in_(looked_at),
            ),
            counting.AGREES,
        )
        .order_by(Identification.case_id, IdentificationLook.position)
    )
    found: dict[uuid.UUID, list[Row[*tuple[Any, ...]]]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.case_id, []).append(row)
    ages = counting.Ages(connection)
    return [
        rules.identified(
            case_id.hex,
            *stood,
            one.citizenship_class,
            one.gender,
            ages.band(case_id, one.age_band, last.end),
            codes,
        )
        for case_id, (one, *_), stood in ((key, rows, _course(rows, first, last)) for key, rows in found.items())
        if stood is not None
    ]


def _course(rows: Sequence[Row[*tuple[Any, ...]]], first: Quarter, last: Quarter) -> tuple[str, str] | None:
    """How one identification stood, from a row for each look at it, or one row without a look."""
    one = rows[0]
    looks = [(row.looked_on, row.outcome) for row in rows if row.looked_on is not None]
    course = Course(one.asked_on, State(one.state).is_decided, looks, one.status, one.appeal_decided_on)
    return identification_rules.counted(course, first.start, last.end)
