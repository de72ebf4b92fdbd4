"""People in shelters: cases a shelter opened itself, with a bed."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, timedelta
from typing import Any

from nrm.actions.shelter import direct_intake, findings
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.findings import Found
from nrm.domain.shelter.stays import Source
from nrm.store import days
from nrm.store.shelter import stays as store
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
        bed_id=store.free_beds(by=by)[bed][0],
        admitted_on=today - timedelta(days=days_ago),
        anticipated_end_on=today + timedelta(days=30),
        by=by,
        **more,
    )


def found(case_id: uuid.UUID, *kinds: Assessment, what: Found = Found.SAFE, on: date | None = None) -> None:
    """Child protection found this of a child, of all three where none is named."""
    findings.record(
        case_id=case_id,
        found=dict.fromkeys(kinds or tuple(Assessment), what),
        on=on or days.today(),
        assessor="Mira Social",
        by=factories.actor("child_protection.child_protection_officer"),
    )
