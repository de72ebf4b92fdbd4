"""People in shelters: cases a shelter opened itself, with a bed."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from nrm.actions.shelter import direct_intake, findings, places
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.findings import Found
from nrm.domain.shelter.places import OutReason
from nrm.domain.shelter.stays import Source
from nrm.models.shelter.places import Occupancy
from nrm.store import days
from nrm.store.shelter import places as store
from tests import factories

MOLDOVAN = OwnCase(
    source=Source.POLICE,
    age_class="adult",
    age=24,
    gender="feminine",
    citizenship="MD",
    consent="given",
    statistics="yes",
    exploited_in=("IT",),
    exploitation=("sexual_exploitation",),
    needs=frozenset({"medical"}),
)
ALBANIAN = dataclasses.replace(MOLDOVAN, citizenship="AL")
CHILD = dataclasses.replace(
    ALBANIAN,
    age_class="child",
    age=15,
    consent="not_asked_child",
    statistics="not_asked",
    exploitation=("forced_begging",),
)


def admitted(
    by: Actor, case: OwnCase = ALBANIAN, *, days_ago: int = 0, bed: int = 0, **more: Any
) -> direct_intake.Opened:
    """Somebody who came to the actor's shelter by themselves and was admitted."""
    today = days.today()
    return direct_intake.open_case(
        case=case,
        place_id=store.free_places(by=by)[bed][0],
        admitted_on=today - timedelta(days=days_ago),
        anticipated_end_on=today + timedelta(days=30),
        by=by,
        **more,
    )


def has(stay_id: uuid.UUID) -> uuid.UUID | None:
    """The place that somebody has now."""
    db.session.rollback()
    statement = select(Occupancy.place_id).where(Occupancy.stay_id == stay_id, Occupancy.until_on.is_(None))
    return db.session.scalar(statement.where(Occupancy.struck_on.is_(None)))


def out_of_service(place_id: uuid.UUID, by: Actor, **more: Any) -> uuid.UUID:
    """From today on the place is out of service, until somebody puts it back; returns the row."""
    given = {"from_on": days.today(), "until_on": None, "reason": OutReason.REPAIRS, **more}
    return places.take_out(place_id=place_id, by=by, **given)


def found(case_id: uuid.UUID, *kinds: Assessment, what: Found = Found.SAFE, on: date | None = None) -> None:
    """Child protection found this of a child, of all three where none is named."""
    findings.record(
        case_id=case_id,
        found=dict.fromkeys(kinds or tuple(Assessment), what),
        on=on or days.today(),
        assessor="Mira Social",
        by=factories.actor("child_protection.child_protection_officer"),
    )
