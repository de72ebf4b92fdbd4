"""What the main database says in clear, without any key, of somebody of whom everything was erased (ADR 0242)."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from nrm import audit, clock
from nrm.actions import tending
from nrm.actions.shelter import erasures
from nrm.db import db, transaction
from nrm.domain.quarters import Quarter
from nrm.domain.shelter import retention
from nrm.domain.shelter.ages import Kind
from nrm.models.interviews.interviews import Interview
from nrm.models.reports.reports import Release
from nrm.models.shelter.ages import CaseAge
from nrm.models.shelter.cases import Case
from nrm.steps import lost_records
from nrm.store import days
from nrm.store.countries import country
from nrm.store.reports import counting
from tests import factories
from tests import second_hands as hands
from tests.integration.shelter.test_erasures import gone, left, years_later
from tests.world import World


def raw(folder: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows as a thief of the file reads them."""
    db.session.rollback()
    with closing(sqlite3.connect(folder / "world" / "main.db")) as connection:
        return connection.execute(statement, values).fetchall()


def minutes(folder: Path, case_id: uuid.UUID) -> list[tuple[Any, ...]]:
    return raw(
        folder,
        "SELECT started_at FROM interviews WHERE id = ?1"
        " UNION ALL SELECT begun_at FROM key_workers WHERE case_id = ?1"
        " UNION ALL SELECT done_at FROM obligations WHERE case_id = ?1 AND done_at IS NOT NULL"
        " UNION ALL SELECT sent_at FROM referrals WHERE case_id = ?1",
        case_id.hex,
    )


def grown(world: World) -> None:
    """The person's month of 18 stands in the case, as the holder entered it."""
    with transaction() as session:
        session.execute(update(Case).where(Case.id == world.case).values(adult_month=date(2031, 5, 1)))
        session.add(
            CaseAge(
                case_id=world.case,
                position=9,
                kind=str(Kind.MONTH),
                adult_month=date(2031, 5, 1),
                age_class="",
                was="",
                new_keys=True,
                recorded_on=days.today(),
            )
        )


def erased(world: World) -> None:
    gone(world.stay, "nrc.shelter_manager")
    hands.erased(world.case, factories.actor("nrc.shelter_manager"))


@pytest.mark.slow
def test_an_erasure_leaves_no_minute_and_no_month_of_birth(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    world = world_app[1]
    grown(world)
    before = raw(tmp_path, "SELECT started_at FROM interviews WHERE id = ?", world.case.hex)
    began = datetime.fromisoformat(before[0][0]).replace(tzinfo=UTC)
    erased(world)
    assert raw(tmp_path, "SELECT adult_month FROM cases WHERE id = ?", world.case.hex) == [(None,)]
    assert raw(tmp_path, "SELECT * FROM case_ages WHERE case_id = ? AND kind = 'month'", world.case.hex) == []
    # The day of the interview stays: nobody is entered in a shelter before it.
    interview, zone = db.session.get_one(Interview, world.case), country().timezone
    assert clock.day_of(interview.started_at, zone) == clock.day_of(began, zone)
    db.session.rollback()
    tending.tend()
    factories.later(days=retention.LOOKED_AT_DAYS + 1)
    tending.tend()
    assert raw(tmp_path, "SELECT * FROM key_workers WHERE case_id = ?", world.case.hex) == []
    of_a_minute = [at for (at,) in minutes(tmp_path, world.case) if not at[14:].startswith("00:00.000000")]
    assert of_a_minute == []
    assert list(audit.verify(db.session())) == []
    assert lost_records.lost() == ""


def test_who_was_not_erased_keeps_her_minutes_and_her_month(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    world = world_app[1]
    grown(world)
    before = minutes(tmp_path, world.case), raw(tmp_path, "SELECT * FROM cases WHERE id = ?", world.case.hex)
    gone(world.stay, "nrc.shelter_manager")
    tending.tend()
    assert (minutes(tmp_path, world.case), raw(tmp_path, "SELECT * FROM cases WHERE id = ?", world.case.hex)) == before


def test_time_mends_what_was_erased_by_an_earlier_program(world_app: tuple[Flask, World], tmp_path: Path) -> None:
    world = world_app[1]
    erased(world)
    then = datetime(2026, 1, 5, 9, 41, 17, 5, tzinfo=UTC)
    with transaction() as session:
        session.execute(update(Case).where(Case.id == world.case).values(adult_month=date(2031, 5, 1)))
        session.execute(update(Interview).where(Interview.id == world.case).values(started_at=then))
    assert tending.tend()["rows_coarsened"] == 1
    assert raw(tmp_path, "SELECT adult_month FROM cases WHERE id = ?", world.case.hex) == [(None,)]
    assert not raw(tmp_path, "SELECT 1 FROM interviews WHERE id = ? AND started_at LIKE '%:41:17%'", world.case.hex)
    assert tending.tend()["rows_coarsened"] == 0


def published(quarter: Quarter) -> None:
    """The joint report of the quarter is there."""
    with transaction() as session:
        session.add(
            Release(
                report="joint",
                quarter=str(quarter),
                first_quarter=str(quarter),
                position=1,
                released_at=clock.now(),
                step="",
                previous_hash=b"",
                hash=b"",
                signature=b"",
            )
        )


def exact(folder: Path, case_id: uuid.UUID) -> list[str]:
    """The days in the rows of a person's stays that say more than a quarter."""
    found = raw(
        folder,
        "SELECT admitted_on, known_on, ended_on, end_known_on, anticipated_end_on FROM stays WHERE case_id = ?",
        case_id.hex,
    )
    days_ = [date.fromisoformat(each[:10]) for row in found for each in row if each is not None]
    return [str(each) for each in days_ if each != Quarter.of(each).start]


@pytest.mark.slow
def test_particulars_and_days_go_when_no_report_can_count_the_person(
    world_app: tuple[Flask, World], tmp_path: Path
) -> None:
    world = world_app[1]
    left(world)
    quarter = Quarter.of(days.today())
    system = counting.RELEASE
    years_later(6)  # by time alone: all but the court file
    assert erasures.erase_expired().cases == 1
    now = Quarter.of(days.today())
    before = counting.people(db.session.connection(), now, by=system)
    db.session.rollback()
    facts = "SELECT facts, citizenship FROM cases WHERE id = ?"
    was = raw(tmp_path, facts, world.own_case.hex)
    # Reports of eight quarters may still be to come: the last one closed is the seventh after the person's.
    late = quarter
    for _ in range(7):
        late = late.next
    published(late)
    tending.tend()
    assert raw(tmp_path, facts, world.own_case.hex) == was
    with transaction() as session:
        session.execute(update(Release).values(quarter=str(late.next.next)))
    assert tending.tend()["rows_coarsened"] == 1
    [(kept, citizenship)] = raw(tmp_path, facts, world.own_case.hex)
    assert "exploitation" not in kept
    assert citizenship == "99"
    assert exact(tmp_path, world.own_case) == []
    of_stays = "SELECT * FROM {} WHERE stay_id IN (SELECT id FROM stays WHERE case_id = ?)"
    for table in ("occupancies", "planned_ends", "away"):
        assert raw(tmp_path, of_stays.format(table), world.own_case.hex) == []
    assert counting.people(db.session.connection(), now, by=system) == before
    db.session.rollback()
    assert tending.tend()["rows_coarsened"] == 0
    assert list(audit.verify(db.session())) == []
    assert lost_records.lost() == ""
