"""Adding an organisation of the country's file to an instance, inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.orm import Session

from nrm.countries import ListedOrganisation
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.stays import Bed


def add_organisation(session: Session, data: ListedOrganisation, *, opened_on: date | None = None) -> uuid.UUID:
    """An organisation of the country's data with its beds; in the caller's transaction. `opened_on`: of the beds."""
    organisation = Organisation(
        id=uuid.uuid4(),
        code=data.code,
        kind=data.kind,
        party=data.party or "",
        crossing_point=data.crossing_point or "",
        name_sq=data.names["sq"],
        name_en=data.names["en"],
        telephone=data.on_call,
    )
    session.add(organisation)
    session.flush()
    session.add_all(
        Bed(organisation_id=organisation.id, label=label, file_label=label, opened_on=opened_on) for label in data.beds
    )
    return organisation.id
