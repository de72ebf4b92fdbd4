"""Acts that wait or are under way, as rows, for steps and actions."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from nrm.db import db
from nrm.domain.accounts.second_hands import ActStatus
from nrm.models.accounts.second_hands import HeavyAct
from nrm.vault import rows


def parking(case_id: uuid.UUID) -> HeavyAct | None:
    """The act because of which the case opens for nobody; None if there is none that this program wrote."""
    statement = select(HeavyAct).where(HeavyAct.case_id == case_id, HeavyAct.status == ActStatus.PARKED)
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    return found if found is not None and rows.is_act(found) else None


def open_of_case(case_id: uuid.UUID) -> HeavyAct | None:
    """The act that is open about the case, parked or not; None if there is none that this program wrote."""
    statement = select(HeavyAct).where(
        HeavyAct.case_id == case_id, HeavyAct.status.in_((ActStatus.PARKED, ActStatus.ASKED))
    )
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    return found if found is not None and rows.is_act(found) else None
