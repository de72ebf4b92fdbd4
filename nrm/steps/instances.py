"""Adding an organisation of the country's file to an instance, inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.orm import Session

from nrm.countries import ListedOrganisation
from nrm.models.accounts.accounts import Organisation
from nrm.steps.shelter import places as place_steps


def add_organisation(session: Session, data: ListedOrganisation, *, opened_on: date | None = None) -> uuid.UUID:
    """An organisation of the country's data with its places, there from `opened_on` on; in the caller's transaction."""
    organisation = Organisation(
        id=uuid.uuid4(),
        code=data.code,
        kind=data.kind,
        party=data.party or "",
        crossing_point=data.crossing_point or "",
        names=dict(data.names),
        telephone=data.on_call,
    )
    session.add(organisation)
    session.flush()
    if data.beds:
        place_steps.enter(
            session,
            unit_id=place_steps.unit_of_file(session, organisation.id, opened_on),
            organisation_id=organisation.id,
            labels=data.beds,
            from_on=opened_on,
            from_file=True,
        )
    return organisation.id
