"""People in shelters for tests of reports: cases and stays as rows, without their ways through the system."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import clock
from nrm.actions.reports import reports
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.quarters import Quarter
from nrm.domain.roles import MechanismRole
from nrm.domain.shelter.cases import new_pseudonym
from nrm.models.accounts.accounts import Member
from nrm.models.reports.reports import QuarterPart, SilentPart
from nrm.models.shelter.cases import Case
from nrm.models.shelter.permits import PermitEntry
from nrm.models.shelter.places import Occupancy, Place
from nrm.models.shelter.stays import Stay
from nrm.models.shelter.testimony import Testimony
from nrm.store import names as organisation_names
from nrm.store.countries import country
from nrm.store.reports import contributions
from nrm.store.reports import reports as report_store
from tests import factories


def at(day: date) -> None:
    """Let the clock stand at noon of a day."""
    clock.set_clock(lambda: datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def person(session: Session, organisation_id: uuid.UUID, **codes: Any) -> uuid.UUID:
    """A case with closed codes; returns its id."""
    case_id = uuid.uuid4()
    values: dict[str, Any] = {
        "source": "own",
        "age_class": "adult",
        "age_band": "21-23",
        "gender": "feminine",
        "citizenship": "AL",
        "citizenship_class": "home",
        "exploited_in": "IT",
        "consent": "given",
        "repeat": "new",
        "facts": {},
        **codes,
    }
    session.add(
        Case(
            id=case_id,
            pseudonym=new_pseudonym(case_id.bytes),
            status="open",
            opened_by_id=organisation_id,
            holder_id=organisation_id,
            registered_month=date(2026, 1, 1),
            questionnaire="returnee-1",
            **values,
        )
    )
    session.flush()
    return case_id


def referred(month: date, *, by: str = "RINAS", **codes: Any) -> uuid.UUID:
    """A case that an organisation, or a crossing point, opened in that month; returns its id."""
    with transaction() as session:
        case_id = person(
            session, organisation_names.organisation_by_code(by).id, **{"source": "crossing_point", **codes}
        )
        session.get_one(Case, case_id).registered_month = month
    return case_id


def stay(
    session: Session,
    case_id: uuid.UUID,
    organisation_id: uuid.UUID,
    admitted_on: date,
    ended_on: date | None = None,
    *,
    known_on: date | None = None,
    anticipated_end_on: date | None = None,
) -> uuid.UUID:
    """A stay in a place of its own; returns its id."""
    place, row = uuid.uuid4(), uuid.uuid4()
    session.add(Place(id=place, organisation_id=organisation_id, label=place.hex[:12]))
    session.flush()
    session.add(
        Stay(
            id=row,
            case_id=case_id,
            organisation_id=organisation_id,
            admitted_on=admitted_on,
            known_on=known_on or admitted_on,
            anticipated_end_on=anticipated_end_on or admitted_on + timedelta(days=60),
            ended_on=ended_on,
            end_known_on=ended_on,
            child_gate="former_rule" if ended_on else "",
            exit_reason="missing" if ended_on else "",
            destination="unknown" if ended_on else "",
        )
    )
    session.flush()
    session.add(Occupancy(stay_id=row, place_id=place, from_on=admitted_on, until_on=ended_on))
    session.flush()
    return row


def many(
    number: int,
    *,
    seed: int,
    months: Sequence[date] = (date(2025, 12, 1), date(2026, 6, 28)),
    code: str = "VATRA",
) -> None:
    """`number` people of the usual mixture in a shelter, admitted between two days; who left by today has left."""
    chance = random.Random(seed)
    first, last = months
    today = clock.now().date()
    organisation_id, home = organisation_names.organisation_by_code(code).id, country().iso
    with transaction() as session:
        for _ in range(number):
            citizenship = chance.choices([home, "MD", "RO", "UA", "XK", "FR"], [60, 10, 8, 6, 5, 1])[0]
            admitted = first + timedelta(days=chance.randrange((last - first).days))
            end = admitted + timedelta(days=chance.choice([5, 12, 30, 60, 90, 150]))
            case_id = person(
                session,
                organisation_id,
                citizenship=citizenship,
                citizenship_class="home" if citizenship == home else "third_country",
                gender=chance.choices(["feminine", "masculine", "unknown"], [85, 14, 1])[0],
                age_band=chance.choice(["9-17", "18-20", "18-20", "21-23", "24-26", "30-38"]),
                exploited_in=chance.choices(["IT", "GR", "XK", "several", "NL"], [40, 30, 8, 4, 2])[0],
                repeat=chance.choices(["new", "repeat_again", "not_checked"], [70, 12, 10])[0],
            )
            stay(session, case_id, organisation_id, admitted, end if end <= today else None, anticipated_end_on=end)
            if citizenship != home and chance.random() < 0.5:
                permit(session, case_id, admitted, organisation_id)
            if chance.random() < 0.25:
                session.add(Testimony(case_id=case_id, position=1, status="statement_given", happened_on=admitted))


def release(quarter: Quarter, *, by: Actor) -> reports.Closed:
    """Close a quarter, and let both offices sign."""
    confirm(quarter)
    outcome = reports.close(quarter, by=by)
    assert isinstance(outcome, reports.Closed)
    sign(quarter, by=by)
    return outcome


def confirm(quarter: Quarter, *, but: str = "") -> None:
    """Every contributor but that one has confirmed its part of a quarter."""
    with transaction() as session:
        for part in contributions.parts(quarter, by=Actor.system("release")):
            if part.answer is None and part.code != but:
                organisation_id = organisation_names.organisation_by_code(part.code).id
                member_id = session.scalars(select(Member.id).where(Member.organisation_id == organisation_id)).first()
                session.add(
                    QuarterPart(
                        organisation_id=organisation_id,
                        quarter=str(quarter),
                        answer="confirmed",
                        member_id=member_id,
                        answered_at=clock.now(),
                    )
                )


def without(quarter: Quarter) -> None:
    """The Responsible Authority has confirmed that a quarter is closed without those who have not answered."""
    asked, confirmed = (factories.actor(login).member_id for login in ("molsa.statistician", "ra.duty_officer"))
    with transaction() as session:
        for part in contributions.parts(quarter, by=Actor.system("release")):
            if part.answer is None:
                session.add(
                    SilentPart(
                        organisation_id=organisation_names.organisation_by_code(part.code).id,
                        quarter=str(quarter),
                        asked_by_id=asked,
                        asked_at=clock.now(),
                        confirmed_by_id=confirmed,
                        confirmed_at=clock.now(),
                    )
                )


def sign(quarter: Quarter, *, by: Actor) -> None:
    """Both offices sign what is closed, if anything waits for them."""
    if any(line.quarter == quarter for line in report_store.waiting(by=by)):
        reports.sign(quarter, by=by)
        authority = country().roles[MechanismRole.AUTHORITY]
        reports.countersign(quarter, by=factories.actor(factories.login_of(authority, Role.DUTY_OFFICER)))


def permit(session: Session, case_id: uuid.UUID, issued_from: date, by: uuid.UUID) -> None:
    """A residence permit of half a year."""
    given = {
        "issued_from": issued_from,
        "issued_until": issued_from + timedelta(days=180),
        "ground": "recuperative",
    }
    events: tuple[tuple[str, dict[str, Any]], ...] = (("inform", {"language": "en"}), ("apply", {}), ("issue", given))
    for position, (event, more) in enumerate(events, start=1):
        session.add(
            PermitEntry(
                case_id=case_id,
                position=position,
                event=event,
                happened_on=issued_from,
                counts_on=issued_from,
                organisation_id=by,
                recorded_at=clock.now(),
                **more,
            )
        )
