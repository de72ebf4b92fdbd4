"""What is told at an arrival, in the transaction that records it: the place, the hour, whom to tell of an absence."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.away import Over
from nrm.domain.shelter.cases import Compartment
from nrm.domain.shelter.corrections import CorrectionRefusal, CorrectionRefused, Kind, Why
from nrm.domain.shelter.stays import ExitReason, ImpossibleStay, StayRefusal
from nrm.models.shelter.stays import Stay
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import corrections as correction_steps
from nrm.steps.shelter import places as place_steps
from nrm.steps.shelter import stays as stay_steps
from nrm.steps.shelter.leaving import end_away
from nrm.steps.support import follow_ups as follow_up_steps
from nrm.store import days
from nrm.store.rows.shelter import away as away_rows
from nrm.store.rows.shelter import stays as stay_rows
from nrm.store.shelter import cases as store
from nrm.store.shelter import stays
from nrm.vault import care_notes


@dataclass(frozen=True, slots=True)
class Admission:
    """A place and the days of a stay. `with_stay_id`, without a place: a child under three sleeps with its mother."""

    place_id: uuid.UUID | None
    with_stay_id: uuid.UUID | None
    admitted_on: date
    anticipated_end_on: date


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """In own words: a note with the hour, and the answers for the case that the person does not come back one day."""

    note: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


def admit(session: Session, case_id: uuid.UUID, admission: Admission, by: Actor) -> uuid.UUID:
    """Begin the stay of a person who has arrived; returns it. Raises NotVisible, ImpossibleStay."""
    case = stays.held_case(case_id, by=by, lock=True)
    assert by.organisation_id is not None
    referral, arrived = stay_rows.arrival_of(case_id, by.organisation_id)
    if not arrived:
        raise ImpossibleStay(StayRefusal.NOT_ARRIVED)
    return stay_steps.begin(
        session,
        case,
        referral,
        admission.place_id,
        admission.admitted_on,
        admission.anticipated_end_on,
        by,
        with_stay_id=admission.with_stay_id,
    )


def check_not_away(stay: Stay) -> None:
    """Raise CorrectionRefused while the person did not come back on the day that was said."""
    if away_rows.did_not_come_back(stay.case_id):
        raise CorrectionRefused(CorrectionRefusal.AWAY_STANDS)


def strike_stay(session: Session, stay: Stay, why: Why, by: Actor) -> None:
    """The stay, which is open and locked, never was: it counts nowhere, and is kept. Raises CorrectionRefused."""
    if stay.ended_on is not None:
        raise CorrectionRefused(CorrectionRefusal.NO_ARRIVAL)
    check_not_away(stay)
    today = days.today()
    values = {
        **correction_steps.NO_END,
        "ended_on": stay.admitted_on,
        "end_known_on": today,
        "exit_reason": str(ExitReason.ENTERED_BY_MISTAKE),
        "destination": "none",
        "child_gate": "not_there",
        "taken_back_on": today,
        "counts_from": None,
        "early_by_id": None,
        "left_recorded_by_id": by.member_id if stay.referral_id is None else None,
    }
    correction_steps.strike(session, stay, Kind.ARRIVAL, why, by, **values)
    place_steps.end(session, stay.id, stay.admitted_on, by)
    end_away(session, stay.id, stay.admitted_on, Over.STRUCK)
    follow_up_steps.did_not_come_back(session, stay.case_id, stay.known_on)


def seal(session: Session, case_id: uuid.UUID, told: Told, by: Actor) -> None:
    """Append the note, and write the answers into the compartment `care`; whatever is empty is left out.

    Raises NotVisible, CannotOpen, CaseRefused.
    """
    answers = {name: text for name, text in told.answers.items() if text}
    if not told.note and not answers:
        return
    case_steps.check_written(case_id, by)
    case_steps.begin(session, case_id, Compartment.CARE, by)
    if answers:
        case_steps.merge(session, case_id, {Compartment.CARE: answers}, by)
    if told.note:
        written = {"text": told.note, "at": clock.now().isoformat(), "login": store.login_of(by)}
        note_id = care_notes.add(session, case_id, written, by=by)
        audit.append(session, audit.Event.NOTE_ADDED, by=by, case_id=case_id, note_id=note_id)
