"""What we tried to break, where a person meets it: the page says what to do, the doctor says it, and nothing is lost.

The list of all such tests is in docs/failures.md.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from config import Config, Smtp
from nrm import audit, clock, db, faults, smtp
from nrm.actions.accounts import mailboxes
from nrm.cli import serving
from nrm.cli.usage import account_of_machine
from nrm.db import db as database
from nrm.domain.clock_jumps import Jump
from nrm.domain.interviews.questionnaire_flow import prune
from nrm.models.accounts.alarms import Alarm
from nrm.models.audit import AuditEntry
from nrm.models.interviews.interviews import Interview
from nrm.models.referrals.referrals import Referral
from nrm.steps import health
from tests import factories
from tests import factories_referrals as people
from tests.conftest import Command, Person
from tests.factories_interviews import LOGIN, example, questionnaire
from tests.integration.accounts.test_opening_log import many
from tests.rights import on_a_full_disk

SignIn = Callable[[str], Person]
FULL = ("Disku i serverit është plot", "The disk of the server is full", "What you saved before is still there")
DOUBTED = "Ora e serverit mund të jetë e gabuar"


def folder(app: Flask) -> Path:
    return Path(app.extensions["nrm.config"].directory)


def state_of(referral_id: uuid.UUID) -> str:
    database.session.rollback()
    found = database.session.get_one(Referral, referral_id).status
    database.session.rollback()
    return found


@pytest.fixture
def sent(app: Flask) -> people.Sent:
    """Somebody the airport handed over to the National Reception Centre."""
    return people.sent(factories.actor("rinas.border_officer"))


def accepting(sent: people.Sent) -> tuple[str, dict[str, object]]:
    return f"/referrals/{sent.referral_id}/accept", {"bed": str(people.bed("NRC")), "expected": "2"}


def test_a_page_that_a_full_disk_does_not_let_be_read_does_not_say_that_pages_can_be_read(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has just begun has no log of writes beside its database, and even reading makes one."""

    def stopped() -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setitem(app.view_functions, "accounts.sign_in_page", stopped)
    found = app.test_client().get("/sign-in?lang=en")
    assert found.status_code == 507
    assert "This page cannot be shown just now" in found.text
    assert "then the page comes back by itself" in found.text
    assert "can still be read" not in found.text


@pytest.mark.slow  # several pages and commands
def test_on_a_full_disk_pages_are_read_and_what_is_sent_is_refused_in_words_and_saved_afterwards(
    app: Flask, sent: people.Sent, sign_in: SignIn, command: Command
) -> None:
    nrc, (path, data) = sign_in("nrc.case_worker"), accepting(sent)
    nrc.get("/")
    factories.later(minutes=5)  # the next page would note when she was seen
    with on_a_full_disk():
        nrc.get("/")
        nrc.get(f"/referrals/{sent.referral_id}")
        page = nrc.post(path, data, 507)
        assert all(words in page for words in FULL)
        assert 'href="tel:' in page
        assert app.test_client().get("/sign-in").status_code == 200
    assert state_of(sent.referral_id) == "sent"
    db.disconnect()
    with on_a_full_disk():
        code, _, said = command(app, "tend")
    assert (code, said.count("\n")) == (2, 1), said
    assert "the disk" in said
    assert nrc.post(path, data)
    assert state_of(sent.referral_id) == "accepted"


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int | None], None]:
    """`bounded(folder, 9)`: the main database of applications that are opened from now on takes nine pages more than it
    has, and is then full, as SQLite itself says it; `None`: there is room again."""
    remember = db._remember

    def bound(place: Path, more: int | None) -> None:
        with closing(sqlite3.connect(place / "main.db")) as opened:
            pages = opened.execute("PRAGMA page_count").fetchone()[0]
            free = opened.execute("PRAGMA freelist_count").fetchone()[0]
        assert free == 0, free

        def connected(connection: sqlite3.Connection, record: object) -> None:
            remember(connection, record)
            if more is not None:
                connection.execute(f"PRAGMA max_page_count={pages + more}")

        monkeypatch.setattr(db, "_remember", connected)

    return bound


@pytest.mark.slow  # two imports
def test_a_database_that_is_full_in_the_middle_keeps_what_was_taken_in_and_the_command_says_so(
    app: Flask, command: Command, tmp_path: Path, bounded: Callable[[Path, int | None], None]
) -> None:
    answers = prune(questionnaire(), example())
    lines = [
        {"questionnaire": "returnee-1", "interviewed_at": f"2026-01-{day:02}T10:30", "answers": answers}
        for day in range(1, 21)
    ]
    file = tmp_path / "interviews.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    words = ("interviews", "import", str(file), "--as", LOGIN)
    db.disconnect()
    bounded(folder(app), 4)
    code, out, said = command(app, *words)
    taken = out.decode().splitlines()
    assert code == 2
    assert 0 < len(taken) < len(lines)
    assert said.splitlines()[-1] == (
        "nrm: NRM_DATABASE, NRM_SHRED_DATABASE: the disk of a database is full: what was done before stays, and the "
        "last step was not written; make room and try again"
    )
    assert "unexpected" not in said
    there = select(func.count()).select_from(Interview)
    assert database.session.scalar(there) == len(taken)
    db.disconnect()
    bounded(folder(app), None)
    code, out, said = command(app, *words)
    assert code == 0, said
    assert out.decode().splitlines()[: len(taken)] == taken  # nothing twice
    assert database.session.scalar(there) == len(lines)
    database.session.rollback()
    assert command(app, "audit", "verify")[0] == 0


@pytest.mark.slow  # two applications, and interviews until the database is full
def test_a_database_that_is_full_is_the_same_page_as_a_full_disk(
    app: Flask, bounded: Callable[[Path, int | None], None]
) -> None:
    db.disconnect()
    bounded(folder(app), 1)  # to sign in
    officer = Person(factories.open_instance(folder(app)).test_client(), LOGIN)
    begun = 0
    for _ in range(300):
        asked = {"csrf_token": officer.csrf_token, "id": str(uuid.uuid4())}
        found = officer.client.post("/interviews", data=asked)
        if found.status_code != 303:
            break
        begun += 1
    assert (found.status_code, begun > 0) == (507, True)
    assert all(words in found.text for words in FULL)
    officer.get("/")  # pages are read
    there = select(func.count()).select_from(Interview)
    assert database.session.scalar(there) == begun
    db.disconnect()
    bounded(folder(app), None)
    officer = Person(factories.open_instance(folder(app)).test_client(), LOGIN)
    assert officer.post("/interviews", {"id": asked["id"]})  # the same press
    assert database.session.scalar(there) == begun + 1


def at(moment: datetime) -> None:
    clock.set_clock(lambda: moment)


def doctor_of_the_clock(app: Flask, command: Command) -> str:
    lines = command(app, "doctor")[1].decode().splitlines()
    return next(line for line in lines if line.startswith("clock: "))


@pytest.mark.slow  # several pages and commands
def test_a_clock_that_jumps_a_year_ahead_and_back_ends_and_erases_nothing(
    app: Flask, sent: people.Sent, sign_in: SignIn, command: Command
) -> None:
    now = clock.now()
    assert command(app, "tend")[0] == 0
    at(now + timedelta(days=365))
    for words in (("tend",), ("erase-expired",)):
        code, out, said = command(app, *words)
        assert (code, out, said.count("\n")) == (2, b"", 1), said
        assert "by time nothing is ended and nothing erased" in said
        assert "nrm tend --clock-is-right" in said
    told = doctor_of_the_clock(app, command)
    assert told.startswith("clock: wrong: it says "), told
    assert "nrm tend --clock-is-right" in told
    assert DOUBTED in app.test_client().get("/sign-in").text
    assert DOUBTED in sign_in("nrc.case_worker").get("/")
    at(now + timedelta(minutes=2))
    assert DOUBTED not in app.test_client().get("/sign-in").text
    assert doctor_of_the_clock(app, command) == "clock: ok"
    assert state_of(sent.referral_id) == "sent"
    db.disconnect()
    assert command(app, "tend")[0] == 0
    path, data = accepting(sent)
    assert sign_in("nrc.case_worker").post(path, data)


@pytest.mark.slow  # several pages and commands
def test_a_machine_that_was_off_goes_on_once_somebody_said_that_its_clock_is_right(
    app: Flask, sent: people.Sent, command: Command
) -> None:
    now = clock.now()
    assert command(app, "tend")[0] == 0
    at(now + timedelta(days=4, hours=12))
    assert command(app, "tend")[0] == 0  # from the evening before Good Friday to the morning after Easter Monday
    assert state_of(sent.referral_id) == "expired"
    db.disconnect()
    assert beliefs() == []
    last = clock.now()
    at(now + timedelta(days=30))
    assert command(app, "tend")[0] == 2
    assert beliefs() == []
    assert command(app, "tend", "--clock-is-right")[0] == 0
    assert command(app, "tend", "--clock-is-right")[0] == 0  # nothing to believe: nothing is recorded
    assert command(app, "tend")[0] == 0
    assert doctor_of_the_clock(app, command) == "clock: ok"
    ((duty, details),) = beliefs()
    assert duty == "clock"
    assert details == {"account": account_of_machine(), "jump": "ahead", "tended_at": seconds(last)}
    assert command(app, "audit", "verify")[0] == 0


def seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def beliefs() -> list[tuple[str, dict[str, object]]]:
    """Who said that the clock is right, as the audit chain keeps it."""
    asked = select(AuditEntry).where(AuditEntry.event == "clock_believed").order_by(AuditEntry.id)
    found = [(row.member_id, audit.details_of(row.details)) for row in database.session.scalars(asked)]
    database.session.rollback()
    db.disconnect()
    return found


@pytest.mark.slow  # several commands
def test_who_says_that_the_clock_is_right_to_erase_is_recorded_and_tending_goes_on_by_it(
    app: Flask, command: Command
) -> None:
    now = clock.now()
    assert command(app, "tend")[0] == 0
    at(now + timedelta(days=30))
    assert command(app, "erase-expired", "--clock-is-right", "--dry-run")[0] == 0
    assert beliefs() == []
    assert command(app, "erase-expired")[0] == 2
    assert command(app, "erase-expired", "--clock-is-right")[0] == 0
    assert [details["jump"] for _, details in beliefs()] == ["ahead"]
    assert command(app, "erase-expired")[0] == 0
    assert command(app, "tend")[0] == 0
    at(now)
    assert command(app, "tend", "--clock-is-right")[0] == 0
    assert [details["jump"] for _, details in beliefs()] == ["ahead", "back"]


@pytest.mark.slow  # several commands
def test_while_the_clock_is_ahead_alarms_messages_and_the_last_checkpoint_go_on(
    app: Flask, sent: people.Sent, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def deliver(_: Smtp, messages: list[smtp.Message]) -> list[bool]:
        told.append(len(messages))
        return [True] * len(messages)

    def with_mail(env: Mapping[str, str]) -> Config:
        carrier = Smtp("127.0.0.1", 1, "none", "", "", "nrm@example.al", "https://nrm.example.al/")
        return dataclasses.replace(factories.cheap_config(env), smtp=carrier)

    monkeypatch.setattr(smtp, "deliver", deliver)
    monkeypatch.setattr("nrm.cli.usage.load_config", with_mail)
    mailboxes.set_address(address="desk@nrc.example.al", language="sq", by=factories.actor("nrc.case_worker"))
    db.disconnect()
    now = clock.now()
    assert command(app, "tend")[0] == 0
    end = folder(app) / "checkpoints" / "end.json"
    days = sorted(end.parent.glob("????-??-??.json"))
    before = end.read_bytes()
    assert told == [1]
    at(now + timedelta(days=365))
    many(factories.actor("nrc.case_worker"), sent.case_id, 12)  # opened within an hour
    db.disconnect()
    code, out, said = command(app, "tend")
    assert (code, out, said.count("\n")) == (2, b"", 1), said
    assert "alarms, e-mail and the checkpoint of the last minute go on" in said
    assert told == [1, 1]
    assert end.read_bytes() != before
    assert sorted(end.parent.glob("????-??-??.json")) == days  # the checkpoint of a day that is to come is not made
    assert [alarm.cases for alarm in database.session.scalars(select(Alarm))] == [12]
    assert state_of(sent.referral_id) == "sent"
    db.disconnect()
    # Right again, the desk waits half an hour for the next message, and not for a year.
    at(now + timedelta(minutes=31))
    assert command(app, "tend")[0] == 0
    assert told == [1, 1, 1]


@pytest.mark.slow  # several pages and commands
def test_a_clock_that_goes_back_an_hour_is_said_until_the_hour_is_over(
    app: Flask, sent: people.Sent, sign_in: SignIn, command: Command
) -> None:
    now = clock.now()
    assert command(app, "tend")[0] == 0
    at(now - timedelta(hours=1))
    assert DOUBTED in app.test_client().get("/sign-in").text
    nrc, (path, data) = sign_in("nrc.case_worker"), accepting(sent)
    assert DOUBTED in nrc.get("/")
    assert nrc.post(path, data).endswith("/where")  # work goes on
    assert command(app, "tend")[0] == 0
    told = doctor_of_the_clock(app, command)
    assert "set it, as codes of telephones are refused" in told
    assert command(app, "audit", "verify")[0] == 0
    assert state_of(sent.referral_id) == "accepted"
    at(now + timedelta(minutes=1))
    assert DOUBTED not in sign_in("nrc.case_worker").get("/")
    assert doctor_of_the_clock(app, command) == "clock: ok"


def test_a_server_that_starts_with_a_clock_ahead_does_not_take_it_for_the_right_one(app: Flask) -> None:
    place, now = folder(app), clock.now()
    serving.note_beginning(place)
    at(now + timedelta(days=365))
    serving.note_beginning(place)
    assert health.clock_jump(place) is Jump.AHEAD
    at(now + timedelta(days=1))
    serving.note_beginning(place)
    at(now)
    assert health.clock_jump(place) is Jump.BACK


@pytest.mark.slow  # another application, and two doctors
def test_a_second_database_of_an_earlier_hour_is_told_on_the_page_and_by_the_doctor(
    app: Flask, command: Command, tmp_path: Path
) -> None:
    place = folder(app)
    db.disconnect()
    shutil.copy(place / "shred.db", tmp_path / "earlier")
    sent = people.sent(factories.actor("rinas.border_officer"))
    db.disconnect()
    (place / "shred.db").rename(tmp_path / "right")

    def opened(status: int) -> str:
        nrc = Person(factories.open_instance(place).test_client(), "nrc.case_worker")
        path = f"/referrals/{sent.referral_id}"
        return nrc.post(f"{path}/open", {"compartment": "hand_over", "purpose": "answer"}, status)

    def doctor() -> str:
        lines = command(app, "doctor")[1].decode().splitlines()
        return next(line for line in lines if line.startswith("shred database: "))

    shutil.copy(tmp_path / "earlier", place / "shred.db")
    page = opened(409)
    assert "është e një ore më të hershme" in page
    assert "of an earlier hour than the other one" in page
    assert doctor().startswith("shred database: wrong: it lacks keys")
    shutil.copy(tmp_path / "right", place / "shred.db")
    assert opened(303)
    assert doctor() == "shred database: ok"


class _OfPostgreSQL(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "no space"), True),
        (OSError(errno.EROFS, "read-only"), True),
        (OSError(errno.ENOENT, "not there"), False),
        (OperationalError("x", {}, _OfPostgreSQL("53100")), True),
        (OperationalError("x", {}, _OfPostgreSQL("53300")), False),  # too many connections
        (ValueError("x"), False),
    ],
)
def test_a_full_disk_is_known_by_what_the_system_and_either_database_say_of_it(error: Exception, full: bool) -> None:
    assert faults.is_of_a_disk_that_takes_nothing(error) is full
