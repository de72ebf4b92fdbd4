"""Referring a person to an organisation that is not a party, by a letter without name and case code; recorded.

Decided in ADR 0023.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from datetime import date
from typing import Any, cast

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.outside_referrals import (
    OutsideKind,
    OutsideReason,
    OutsideReferralRefusal,
    OutsideReferralRefused,
    check_departure,
    gate_of,
    is_step_abroad,
    proof_of,
)
from nrm.domain.shelter.cases import ALPHABET, CaseRefused, Compartment, Purpose
from nrm.domain.shelter.closings import Way
from nrm.domain.shelter.permits import check_child, check_reflection, check_repatriation
from nrm.domain.shelter.stays import Destination
from nrm.models.referrals.outside_referrals import OutsideReferral
from nrm.models.shelter.cases import Case, Reading
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store import days
from nrm.store.countries import country
from nrm.store.referrals import outside_referrals as store
from nrm.store.rows.shelter import findings as finding_rows
from nrm.store.rows.shelter import identifications as identification_rows
from nrm.store.rows.shelter import permits as permit_rows
from nrm.store.shelter import cases as case_store
from nrm.vault import care_notes
from nrm.vault import compartments as vault


def refer_out(
    *,
    case_id: uuid.UUID,
    kind: OutsideKind,
    addressee: str,
    reason: OutsideReason,
    needs: Collection[str],
    language: str,
    agreed: bool,
    closes: bool,
    by: Actor,
) -> uuid.UUID:
    """Write the letter; returns it. `closes`: the person goes for good, and the case is closed with it.

    The addressee is sealed as a care note; the actor's session may read care for a quarter of an hour from now on, to
    print the letter. Raises NotPermitted, NotVisible, CannotOpen, OutsideReferralRefused, CaseRefused, GateClosed.
    """
    by.must(Permission.STAY_MANAGE)
    by.must(Permission.CASE_OPEN)
    with transaction() as session:
        case_steps.check_unasked(session, case_id, by)
        case = session.get_one(Case, case_id, populate_existing=True)
        asked = sorted(set(needs))
        check_departure(addressee=addressee, agreed=agreed, age_class=case.age_class, needs=bool(asked))
        if not set(asked) <= set(country().lists["needs"]):
            raise OutsideReferralRefused(OutsideReferralRefusal.NEEDS)
        permit = permit_rows.facts(case_id)
        today = days.today()
        abroad = is_step_abroad(kind, reason)
        reflects_until = identification_rows.reflection_until(case) if abroad else None
        child = finding_rows.child_facts(case, on=today)
        child_gate = ""
        if abroad:
            child_gate = check_child(child, Destination.OTHER_COUNTRY, on=today)
            check_repatriation(case.citizenship_class, permit, on=today)
            check_reflection(reflects_until, on=today)
        gate = gate_of(kind, reason, case.citizenship_class)
        informed_on, state = proof_of(gate, permit)
        letter = OutsideReferral(
            id=uuid.uuid4(),
            case_id=case_id,
            organisation_id=by.organisation_id,
            reference=_reference(),
            kind=str(kind),
            reason=str(reason),
            needs=asked,
            written_on=today,
            language=language,
            closes=closes,
            repatriation_gate=gate,
            informed_on=cast("date | None", informed_on),
            permit_state=state,
            reflected_until=reflects_until,
            appeal_until=permit.appeal_until if gate == "informed" else None,
            child_gate=child_gate,
            **child.kept(child_gate),
        )
        session.add(letter)
        session.flush()
        _seal_addressee(session, letter, addressee, by)
        audit.append(
            session,
            audit.Event.REFERRED_OUT,
            by=by,
            case_id=case_id,
            departure_id=letter.id,
            kind=str(kind),
            reason=str(reason),
        )
        if closes:
            case_steps.end(session, case_id, by, way=Way.LETTER)
    erasure_steps.carry_out()
    return letter.id


def _reference() -> str:
    """A random number for the letter; it is no case code and derived from nothing."""
    return "L-" + "".join(secrets.choice(ALPHABET) for _ in range(6))


def _seal_addressee(session: Session, letter: OutsideReferral, addressee: str, by: Actor) -> None:
    """Keep the addressee among the care notes, and let the actor read it for printing."""
    case_steps.begin(session, letter.case_id, Compartment.CARE, by)
    written = {
        "text": f"{letter.reference}: {addressee}",
        "letter": str(letter.id),
        "addressee": addressee,
        "at": clock.now().isoformat(),
        "login": case_store.login_of(by),
    }
    note_id = care_notes.add(session, letter.case_id, written, by=by)
    audit.append(session, audit.Event.NOTE_ADDED, by=by, case_id=letter.case_id, note_id=note_id)
    session.add(
        Reading(
            case_id=letter.case_id,
            compartment=Compartment.CARE,
            purpose=Purpose.HANDING_ON,
            member_id=by.member_id,
            organisation_id=by.organisation_id,
            holder_id=by.organisation_id,
            opened_at=clock.now(),
        )
    )
    vault.allow(session, letter.case_id, Compartment.CARE, Purpose.HANDING_ON, by=by)


def addressee_of(letter: store.OutsideReferralLine, *, by: Actor) -> str | None:
    """The addressee of the letter, if the actor's session has opened care; else None."""
    opened = case_steps.opened(case_id=letter.case_id, by=by)
    if Compartment.CARE not in opened:
        return None
    notes: list[dict[str, Any]] = case_steps.notes(case_id=letter.case_id, by=by)
    return next((str(note["addressee"]) for note in notes if note.get("letter") == str(letter.id)), None)


__all__ = ["CaseRefused", "addressee_of", "refer_out"]
