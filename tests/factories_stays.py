"""People in shelters: cases a shelter opened itself, with a bed."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from nrm.actions.shelter import best_interests, direct_intake, findings, permits, places
from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.shelter.cases import Purpose
from nrm.domain.shelter.child_returns import Assessment
from nrm.domain.shelter.direct_intake import OwnCase
from nrm.domain.shelter.findings import DecidedBy, Found, Outcome
from nrm.domain.shelter.permits import PermitEvent
from nrm.domain.shelter.places import OutReason
from nrm.domain.shelter.stays import Source, earliest_admission
from nrm.models.accounts.accounts import Organisation
from nrm.models.shelter.cases import Case
from nrm.models.shelter.places import Occupancy
from nrm.store import days
from nrm.store.rows.shelter import findings as finding_rows
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
    home="AL",
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
    """Somebody who came to the actor's shelter by themselves and was admitted so many days ago.

    In the first days of a month some days less, where nobody may be entered who came so long ago; never less than 31.
    """
    today = days.today()
    earliest = earliest_admission(str(case.source), today.replace(day=1), None)
    return direct_intake.open_case(
        case=case,
        place_id=store.free_places(by=by)[bed][0],
        admitted_on=max(today - timedelta(days=days_ago), earliest),
        anticipated_end_on=today + timedelta(days=30),
        by=by,
        **more,
    )


def informed(case_id: uuid.UUID, by: Actor, *, on: date | None = None) -> None:
    """The person was told about the residence permit: until then one member alone ends no stay of hers (ADR 0271)."""
    permits.record(case_id=case_id, event=PermitEvent.INFORM, on=on or days.today(), language="ro", by=by)


def has(stay_id: uuid.UUID) -> uuid.UUID | None:
    """The place that somebody has now."""
    db.session.rollback()
    statement = select(Occupancy.place_id).where(Occupancy.stay_id == stay_id, Occupancy.until_on.is_(None))
    return db.session.scalar(statement.where(Occupancy.struck_on.is_(None)))


def out_of_service(place_id: uuid.UUID, by: Actor, **more: Any) -> uuid.UUID:
    """From today on the place is out of service, until somebody puts it back; returns the row."""
    given = {"from_on": days.today(), "until_on": None, "reason": OutReason.REPAIRS, **more}
    return places.take_out(place_id=place_id, by=by, **given)


def found(
    case_id: uuid.UUID,
    *kinds: Assessment,
    what: Found = Found.SAFE,
    on: date | None = None,
    household: uuid.UUID | str | None = None,
) -> uuid.UUID:
    """Child protection found this of a child's household, of all three where none is named; returns the household."""
    known = finding_rows.households(case_id)
    return findings.record(
        case_id=case_id,
        found=dict.fromkeys(kinds or tuple(Assessment), what),
        on=on or days.today(),
        assessor="Mira Social",
        household=household or (known[0].id if known else "The aunt in Fier"),
        where="Seen at home",
        by=factories.actor("child_protection.child_protection_officer"),
    )


def looked(
    case_id: uuid.UUID,
    household: uuid.UUID,
    *,
    what: Found = Found.SAFE,
    on: date | None = None,
    by: Actor | None = None,
) -> None:
    """A case worker of the shelter that has the child, or `by`, looked a second time."""
    by = by or factories.actor(f"{_holder(case_id)}.case_worker")
    best_interests.open_file(case_id=case_id, purpose=Purpose.CHILD_PROTECTION, by=by)
    best_interests.look(
        case_id=case_id, household_id=household, found=what, reasons="Talked with her", on=on or days.today(), by=by
    )


def _holder(case_id: uuid.UUID) -> str:
    holder = db.session.get_one(Case, case_id, populate_existing=True).holder_id
    return db.session.get_one(Organisation, holder).code.lower()


def decided(
    case_id: uuid.UUID, household: uuid.UUID | None, *, on: date | None = None, by: Actor | None = None
) -> None:
    """The Responsible Authority decided that the child goes there, or that it stays."""
    by = by or factories.actor("ra.duty_officer")
    best_interests.open_file(case_id=case_id, purpose=Purpose.CHILD_PROTECTION, by=by)
    best_interests.decide(
        case_id=case_id,
        outcome=Outcome.GOES if household else Outcome.STAYS,
        household_id=household,
        decided_by=DecidedBy.AUTHORITY,
        who="Drita Vendimi",
        view="Wants to go to school",
        on=on or days.today(),
        by=by,
    )


def may_go(case_id: uuid.UUID, *, on: date | None = None, by: Actor | None = None) -> uuid.UUID:
    """Three safe findings, a second look (`by`: of whom) and the decision; returns the household."""
    household = found(case_id, on=on)
    looked(case_id, household, on=on, by=by)
    decided(case_id, household, on=on)
    return household
