"""Tables filed, corrected, counted and joined at the same instant, on both databases: nothing is lost or half done."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from nrm import audit, clock
from nrm.actions.reports import filings, joint_report, reports
from nrm.db import db, transaction
from nrm.domain.quarters import Quarter
from nrm.domain.reports.register import Answer, FiledMeanwhile, JointMade, QuarterIsClosed
from nrm.domain.reports.report_list import JOINT, VICTIMS
from nrm.domain.reports.reports import BeingClosed
from nrm.models.reports.filings import Filing
from nrm.models.reports.reports import Release, ReleaseFile
from nrm.models.shelter.cases import Destruction, SealedCompartment, ShredKey
from nrm.steps.reports import release_building
from nrm.store.countries import country
from nrm.store.rows.reports import register as register_rows
from nrm.vault import filings as vault
from nrm.vault import shredding
from tests import factories
from tests import factories_filings as filed
from tests.races import race

Q1, Q2 = Quarter(2026, 1), Quarter(2026, 2)
EARLY, TODAY = date(2026, 7, 10), date(2026, 7, 20)
REFUSED = (FiledMeanwhile, QuarterIsClosed)


@pytest.fixture(params=["app", "postgres_app"])
def begun(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue(request.param)
    filed.begin(EARLY)
    return found


def filing_of(code: str, *, seen: uuid.UUID | None = None, id_: uuid.UUID | None = None, number: int = 1) -> Any:
    """What a focal point does, ready to be done in another thread."""
    by = factories.actor(f"{country().register.tables[code].filed_by.lower()}.focal_point")
    filing_id = id_ or uuid.uuid4()

    def do() -> uuid.UUID:
        filings.file(
            filing_id=filing_id,
            code=code,
            quarter=Q2,
            answer=Answer.FIGURES,
            figures=filed.figures(code, number),
            reason="several",
            seen=seen,
            by=by,
        )
        return filing_id

    return do


def newest(code: str) -> Filing:
    db.session.rollback()
    found = register_rows.newest(country().register.tables[code], Q2)
    assert found is not None
    return found


def sealed_filings() -> set[uuid.UUID]:
    """Filings whose figures can be opened: the sealed bytes are there, and their key."""
    there = set(db.session.scalars(select(SealedCompartment.case_id).where(SealedCompartment.compartment == "filed")))
    with db.engines["shred"].connect() as connection:
        keys = set(connection.execute(select(ShredKey.case_id).where(ShredKey.compartment == "filed")).scalars())
    assert there == keys
    assert db.session.scalar(select(func.count()).select_from(Destruction)) == 0
    assert shredding.missing() == 0
    return there


def test_agencies_that_file_at_once_all_file(begun: Flask) -> None:
    codes = ("arrests", "prosecutions", "judgments", "vatc", "victims")
    assert len(race(begun, *map(filing_of, codes), refusals=REFUSED)) == len(codes)
    for code in codes:
        vault.check(newest(code))
    assert sealed_filings() == {newest("victims").id}
    assert list(audit.verify(db.session())) == []


@pytest.mark.parametrize("code", ["arrests", "victims"])
def test_of_colleagues_who_file_the_same_table_at_once_one_files(begun: Flask, code: str) -> None:
    (first,) = race(begun, *(filing_of(code, number=number) for number in range(1, 4)), refusals=REFUSED)
    assert newest(code).id == first
    assert sealed_filings() == ({first} if code == "victims" else set())
    assert isinstance(first, uuid.UUID)
    (second,) = race(begun, *(filing_of(code, seen=first, number=n) for n in range(4, 7)), refusals=REFUSED)
    assert (newest(code).id, newest(code).replaces_id, newest(code).position) == (second, first, 2)
    assert sealed_filings() == ({second} if code == "victims" else set())
    assert list(audit.verify(db.session())) == []


def test_the_button_pressed_twice_at_once_files_once_and_refuses_nobody(begun: Flask) -> None:
    for number in range(3):
        code, id_ = ("arrests", "prosecutions", "victims")[number], uuid.uuid4()
        assert race(begun, *[filing_of(code, id_=id_)] * 3) == [id_] * 3
        assert newest(code).position == 1


@contextmanager
def at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, app: Flask, module: Any, name: str, work: Callable[[], object]
) -> Iterator[list[object]]:
    """Let `work` begin in another thread when `module.name` is called, which is after everything was looked at."""
    outcome: list[object] = []
    original = getattr(module, name)

    def other() -> None:
        with app.app_context():
            try:
                outcome.append(work())
            except Exception as error:
                outcome.append(type(error))
            finally:
                db.session.remove()

    thread = threading.Thread(target=other)

    def meanwhile(*arguments: Any) -> Any:
        found = original(*arguments)
        if not thread.ident:
            thread.start()
            thread.join(0.5)  # it ends, unless it has to wait for this transaction
        return found

    monkeypatch.setattr(module, name, meanwhile)
    yield outcome
    thread.join()
    db.session.rollback()


@pytest.fixture
def released(begun: Flask, monkeypatch: pytest.MonkeyPatch) -> uuid.UUID:
    """Arrests are filed, everything is due, report ix is out; pages and prints are left out: they take their time."""
    filing_id = filed.file("arrests", Q2)
    filed.begin(TODAY)
    row = Release(
        id=uuid.uuid4(),
        report="ix",
        quarter=str(Q2),
        first_quarter=str(Q2),
        position=1,
        released_at=clock.now(),
        step="total",
        previous_hash=bytes(32),
        hash=bytes(32),
        signature=bytes(64),
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        session.add(ReleaseFile(release_id=row.id, format="json", content=b'{"tables": []}'))
    monkeypatch.setattr(joint_report.render, "files", lambda value, *_, **__: {"json": json.dumps(value).encode()})
    return filing_id


def test_a_correction_that_comes_while_the_joint_report_is_stored_is_refused(
    begun: Flask, released: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    correction = filing_of("arrests", seen=released, number=9)
    with at_the_same_time(monkeypatch, begun, joint_report, "_filed", correction) as outcome:
        joint_report.make(Q2, by=factories.actor("oms.coordinator"))
    assert outcome == [QuarterIsClosed]
    assert newest("arrests").id == released


def test_a_joint_report_that_was_overtaken_by_a_correction_is_not_stored(
    begun: Flask, released: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    correction = filing_of("arrests", seen=released, number=9)
    with (
        at_the_same_time(monkeypatch, begun, joint_report, "_value", correction) as outcome,
        pytest.raises(FiledMeanwhile),
    ):
        joint_report.make(Q2, by=factories.actor("oms.coordinator"))
    assert outcome == [newest("arrests").id]
    joint_report.make(Q2, by=factories.actor("oms.coordinator"))
    with pytest.raises(JointMade):
        joint_report.make(Q2, by=factories.actor("oms.coordinator"))


def test_of_joint_reports_made_at_once_one_is_stored(begun: Flask, released: uuid.UUID) -> None:
    coordinator = factories.actor("oms.coordinator")
    made = race(begun, *[lambda: joint_report.make(Q2, by=coordinator) or 1] * 2, refusals=(JointMade,))
    assert made == [1]
    rows = db.session.scalars(select(Release).where(Release.report == JOINT.name)).all()
    assert [row.position for row in rows] == [1]


def test_a_correction_that_comes_while_people_are_counted_is_refused_or_counted(
    begun: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would lie there sealed for ever, behind figures that do not count it."""
    filed.file("victims", Q1, of=filed.planted())
    first = filed.file("victims", Q2, of=filed.planted())
    filed.begin(TODAY)
    by = factories.actor("molsa.statistician")
    correction = filing_of("victims", seen=first, number=5)
    with at_the_same_time(monkeypatch, begun, release_building, "_destroy_filed", correction) as outcome:
        reports._release(VICTIMS, Q2, by, lambda _: None)
    assert outcome == [QuarterIsClosed]
    assert newest("victims").id == first
    assert sealed_filings() == set()


def test_a_correction_that_comes_before_people_are_counted_stops_the_counting(
    begun: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed.file("victims", Q1, of=filed.planted())
    first = filed.file("victims", Q2, of=filed.planted())
    filed.begin(TODAY)
    by = factories.actor("molsa.statistician")
    correction = filing_of("victims", seen=first, number=5)
    with (
        at_the_same_time(monkeypatch, begun, release_building, "_count", correction) as outcome,
        pytest.raises(BeingClosed),
    ):
        reports._release(VICTIMS, Q2, by, lambda _: None)
    assert outcome == [newest("victims").id]
    assert newest("victims").id in sealed_filings()
    assert reports._release(VICTIMS, Q2, by, lambda _: None) is not None
    assert sealed_filings() == set()
