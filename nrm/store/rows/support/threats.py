"""The condition under which an alarm about a threat to a witness stands, for statements of others."""

from __future__ import annotations

from sqlalchemy import and_, exists

from nrm.models.shelter.testimony import TestimonyStrike
from nrm.models.support.threats import ThreatAlarm
from nrm.models.support.witnesses import RecordedStepStrike

STANDS = and_(
    ~exists().where(TestimonyStrike.step_id == ThreatAlarm.step_id),
    ~exists().where(RecordedStepStrike.step_id == ThreatAlarm.witness_step_id),
)
"""The step whose reason told it was not struck."""
