"""What a person told who has not said yes: it waits, sealed, until the receiver has asked or its hours are over."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.agreement.agreements import RECEIVER
from nrm.domain.shelter.cases import SUPPLEMENT
from nrm.models.referrals.referrals import Obligation
from nrm.models.shelter.cases import Case, Supplement, Withheld
from nrm.store.countries import country
from nrm.store.referrals import obligations
from nrm.vault import compartments as vault
from nrm.vault import epochs, grants, rows, withheld
from nrm.vault.keyrings import CannotOpen
from nrm.vault.withheld import WITHHELD


def withhold(session: Session, case_id: uuid.UUID, value: dict[str, Any], parties: Collection[uuid.UUID]) -> None:
    """Seal what was told for whoever of these receives the person and hears the yes within the country's hours."""
    until = clock.now() + timedelta(hours=country().retention.thinking_hours)
    row = Withheld(id=uuid.uuid4(), case_id=case_id, until=until)
    row.mark = rows.withheld_mark(row)
    session.add(row)
    session.flush()
    withheld.seal(session, row.id, value, parties)


def release(session: Session, case: Case, by: Actor) -> bool:
    """The holder has recorded the yes: what was told becomes a supplement of the case. Returns whether there was any.

    Of what is over, or was sealed to others, nothing is released; it is destroyed.
    """
    row = of_case(session, case.id)
    if row is None:
        return False
    if row.until <= clock.now() or not withheld.is_offered(session, row.id, by.organisation_id):
        destroy(session, case.id, by)
        return False
    try:
        value = withheld.opened(session, row.id, by=by)
    except CannotOpen:  # it was reported; a yes is written down all the same
        return False
    assert by.organisation_id is not None
    vault.create(session, case.id, {SUPPLEMENT: value}, [by.organisation_id])
    session.add(Supplement(id=uuid.uuid4(), case_id=case.id, organisation_id=case.opened_by_id, status="sent"))
    session.add(Obligation(case_id=case.id, kind=obligations.READ_SUPPLEMENT, party=RECEIVER, clause=""))
    epochs.shred(session, row.id, [WITHHELD])
    session.execute(delete(Withheld).where(Withheld.id == row.id))
    audit.append(session, audit.Event.WITHHELD_RELEASED, by=by, case_id=case.id)
    return True


def received(session: Session, case_id: uuid.UUID, receiver_id: uuid.UUID, by: Actor) -> bool:
    """Somebody takes the person in: only they can hear the yes. What was not sealed to them is destroyed; whether there
    was any. Call `erasures.carry_out` afterwards."""
    row = of_case(session, case_id)
    if row is None or not withheld.is_offered(session, row.id, receiver_id):
        return destroy(session, case_id, by)
    withheld.keep_for(session, row.id, receiver_id)
    return False


def let_go(session: Session, case_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
    """The party does not take the person: it cannot open what was told any more."""
    row = of_case(session, case_id)
    if row is not None:
        grants.let_go(session, row.id, organisation_id)


def destroy(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """Destroy what was told, and its keys; returns whether there was any. Call `erasures.carry_out` afterwards."""
    row = of_case(session, case_id)
    if row is None:
        return False
    epochs.erase(session, row.id, [WITHHELD])
    session.execute(delete(Withheld).where(Withheld.id == row.id))
    audit.append(session, audit.Event.KEYS_DESTROYED, by=by, case_id=case_id, compartment=WITHHELD)
    return True


def of_case(session: Session, case_id: uuid.UUID) -> Withheld | None:
    """What is withheld in the case; a row that was written by hand is reported, and opens and destroys nothing."""
    found = select(Withheld).where(Withheld.case_id == case_id).execution_options(populate_existing=True)
    row = session.scalar(found)
    return row if row is not None and rows.is_withheld(row) else None
