"""The steps of a witness who is no victim, of a record that was seen."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select

from nrm.db import db
from nrm.models.support.witnesses import RecordedStep, RecordedStepStrike
from nrm.store.rows.shelter.testimony import Track

OF_WITNESSES = Track(RecordedStep, RecordedStepStrike, RecordedStep.witness_id)


def last_status(witness_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What each of them did last."""
    statement = (
        select(RecordedStep.witness_id, RecordedStep.status)
        .where(RecordedStep.witness_id.in_(witness_ids), OF_WITNESSES.stands)
        .order_by(RecordedStep.happened_on, RecordedStep.position)
    )
    return dict(db.session.execute(statement).all())
