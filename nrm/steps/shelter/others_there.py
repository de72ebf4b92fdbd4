"""What a case told of others who are still there, inside the transaction of an action. Needs no key."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.others_there import OTHERS
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.others_there import OthersThere
from nrm.vault import epochs, rows


def take_back(session: Session, case_id: uuid.UUID, by: Actor) -> bool:
    """Destroy what the case told, seen or not; returns whether there was anything.

    Call `erasures.carry_out` after the transaction.
    """
    found = session.scalar(select(OthersThere.id).where(OthersThere.whose_mark == rows.others_mark(case_id)))
    if found is None:
        return False
    epochs.erase(session, found, [OTHERS])
    session.execute(delete(OthersThere).where(OthersThere.id == found))
    audit.append(session, audit.Event.OTHERS_TAKEN_BACK, by=by)
    return True


def only_to(session: Session, case_id: uuid.UUID, party: str, by: Actor) -> bool:
    """Take back what the case told to any desk but that of the party; returns whether there was anything."""
    here = OthersThere.whose_mark == rows.others_mark(case_id)
    told = session.scalar(
        select(Organisation.party).join(OthersThere, OthersThere.organisation_id == Organisation.id).where(here)
    )
    return told is not None and told != party and take_back(session, case_id, by)
