"""The audit chain: what was done to the table is named, with and without a checkpoint kept elsewhere."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, create_engine
from sqlalchemy.orm import Session

from nrm import audit, clock, crypto
from nrm.actions import checkpoints
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.checkpoints import END, Checkpoint, NoCheckpoint, SignedCheckpoint, read, written
from nrm.models.audit import AuditEntry
from tests import factories
from tests.conftest import Command

COLUMNS = "event, at, member_id, organisation_id, details, hash"


def tamper(app: Flask, *statements: str) -> None:
    db.session.remove()
    connection = sqlite3.connect(app.extensions["nrm.config"].directory / "main.db")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_whole_chain_ends_with_0_and_one_line(app: Flask, command: Command) -> None:
    code, out, err = command(app, "audit", "verify")
    assert (code, out.count(b"\n")) == (0, 1)
    assert out.startswith(b"whole: ")
    assert "entries" in err


@pytest.mark.parametrize(
    ("statements", "entry"),
    [
        (["UPDATE audit_entries SET event = 'signed_out' WHERE id = 7"], 7),
        (["UPDATE audit_entries SET details = '{}' WHERE id = 2"], 2),
        (["UPDATE audit_entries SET at = '2020-01-01T00:00:00+00:00' WHERE id = 7"], 7),
        (["DELETE FROM audit_entries WHERE id = 7"], 7),
        (["DELETE FROM audit_entries WHERE id = 1"], 1),
        (
            ["DELETE FROM audit_entries WHERE id = 7", "UPDATE audit_entries SET id = 7 WHERE id = 8"],
            7,
        ),
        (
            [
                "UPDATE audit_entries SET id = 100007 WHERE id = 7",
                "UPDATE audit_entries SET id = 7 WHERE id = 8",
                "UPDATE audit_entries SET id = 8 WHERE id = 100007",
            ],
            7,
        ),
        (
            [
                "UPDATE audit_entries SET id = -id WHERE id > 7",
                "UPDATE audit_entries SET id = 1 - id WHERE id < 0",
                f"INSERT INTO audit_entries (id, {COLUMNS}) SELECT 8, {COLUMNS} FROM audit_entries WHERE id = 7",
            ],
            8,
        ),
        ([f"INSERT INTO audit_entries (id, {COLUMNS}) SELECT 0, {COLUMNS} FROM audit_entries WHERE id = 1"], 1),
        (
            [f"INSERT INTO audit_entries (id, {COLUMNS}) SELECT max(id) + 2, {COLUMNS} FROM audit_entries"],
            None,
        ),
        (["UPDATE audit_entries SET hash = zeroblob(32) WHERE id = 7"], 7),
        (["UPDATE audit_entries SET hash = 'text' WHERE id = 7"], 7),
    ],
    ids=[
        *("event", "details", "time", "deleted", "first deleted", "deleted and closed up", "exchanged", "inserted"),
        *("put before", "put behind", "hash", "hash of another type"),
    ],
)
def test_the_first_bad_entry_of_a_tampered_chain_is_named(
    app: Flask, command: Command, statements: list[str], entry: int | None
) -> None:
    expected = entry or audit.length(db.session()) + 1
    tamper(app, *statements)
    code, out, _ = command(app, "audit", "verify")
    assert code == 1
    assert out.decode().splitlines()[0].startswith(f"entry {expected}: ")


def test_an_instance_without_a_database_is_one_line(app: Flask, command: Command) -> None:
    db.session.remove()
    (app.extensions["nrm.config"].directory / "main.db").write_bytes(b"this is no database, whatever its name says")
    code, out, err = command(app, "audit", "verify")
    assert (code, out, err.count("\n")) == (2, b"", 1)


# Random chains, and whatever somebody who can write the table does to them

NAMES = ("id", "event", "at", "member_id", "organisation_id", "details", "hash")
Rows = list[dict[str, Any]]


def hash_of(before: bytes, row: dict[str, Any]) -> bytes:
    """The hash as the chain is described, computed by code of its own."""
    entry = {name: row[name] for name in NAMES if name != "hash"}
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(before + text.encode()).digest()


def rewritten(rows: Rows) -> Rows:
    """The rows as a person who knows the code would leave them: numbered and chained."""
    before, made = bytes(32), []
    for number, row in enumerate(rows, start=1):
        entry = {**row, "id": number}
        before = entry["hash"] = hash_of(before, entry)
        made.append(entry)
    return made


@pytest.fixture(scope="module")
def bare() -> Iterator[Session]:
    """A database with nothing but the table."""
    engine = create_engine("sqlite://")
    table = AuditEntry.__table__
    assert isinstance(table, Table)
    table.create(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def chain(session: Session, length: int, salt: str) -> Rows:
    """A fresh chain by the program itself."""
    raw(session, "DELETE FROM audit_entries")
    by = Actor.system("tend")
    for number in range(length):
        audit.append(session, list(audit.Event)[number % 7], by=by, case_id=uuid.uuid4(), code=salt, count=number)
    return [dict(zip(NAMES, row, strict=True)) for row in raw(session, f"SELECT {', '.join(NAMES)} FROM audit_entries")]


def raw(session: Session, statement: str, *values: object) -> Any:
    connection = session.connection().connection.dbapi_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection.execute(statement, values)


def put(session: Session, rows: Rows) -> None:
    """The table as somebody left it."""
    raw(session, "DELETE FROM audit_entries")
    for row in rows:
        raw(session, f"INSERT INTO audit_entries ({', '.join(NAMES)}) VALUES (?,?,?,?,?,?,?)", *(row[n] for n in NAMES))


def point(rows: Rows, entry: int) -> Checkpoint:
    return Checkpoint(uuid.UUID(int=0), entry, rows[entry - 1]["hash"], datetime(2026, 1, 1, tzinfo=UTC))


KINDS = ("edit", "delete", "delete and close up", "exchange", "insert", "repeat", "cut off", "put behind", "junk")


@st.composite
def tampered(draw: st.DrawFn, rows: Rows) -> Rows:
    kind = draw(st.sampled_from(KINDS))
    at = draw(st.integers(0, len(rows) - 1))
    rows = [dict(row) for row in rows]
    if kind == "edit":
        name = draw(st.sampled_from(NAMES[1:]))
        rows[at][name] = draw(st.binary(min_size=32, max_size=32) if name == "hash" else st.text("ab{}", max_size=5))
    elif kind == "junk":
        rows[at][draw(st.sampled_from(NAMES[1:6]))] = draw(st.binary(min_size=1, max_size=4))
    elif kind == "delete":
        del rows[at]
    elif kind == "delete and close up":
        rows[at:] = [{**row, "id": row["id"] - 1} for row in rows[at + 1 :]]
    elif kind == "exchange":
        other = draw(st.integers(0, len(rows) - 1))
        rows[at], rows[other] = {**rows[other], "id": at + 1}, {**rows[at], "id": other + 1}
    elif kind in ("insert", "repeat"):
        new = {**rows[at], "event": "forged"} if kind == "insert" else dict(rows[at])
        rows[at + 1 :] = [{**new, "id": at + 2}, *({**row, "id": row["id"] + 1} for row in rows[at + 1 :])]
    elif kind == "cut off":
        del rows[at + 1 :]
    else:
        rows.append({**rows[at], "id": rows[-1]["id"] + draw(st.integers(1, 3))})
    return rows


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_whatever_is_done_to_the_table_the_first_bad_entry_is_named(bare: Session, data: st.DataObject) -> None:
    rows = chain(bare, data.draw(st.integers(1, 12)), data.draw(st.text(max_size=4)))
    assert list(audit.verify(bare, [point(rows, len(rows))])) == []
    left = data.draw(tampered(rows))
    checkpoint = data.draw(st.none() | st.integers(1, len(rows)).map(lambda entry: point(rows, entry)))
    put(bare, left)
    differs = next((n for n, (is_, was) in enumerate(zip(left, rows, strict=False), start=1) if is_ != was), None)
    if differs is None and len(left) > len(rows):
        differs = len(rows) + 1
    if differs is None and checkpoint is not None and len(left) < checkpoint.entry:
        differs = len(left) + 1
    assert [number for number, _ in audit.verify(bare, [checkpoint] if checkpoint else [])] == (
        [differs] if differs else []
    )


@pytest.mark.slow
@settings(max_examples=100)
@given(st.data())
def test_a_chain_that_was_computed_again_does_not_fit_the_first_checkpoint_behind_the_change(
    bare: Session, data: st.DataObject
) -> None:
    rows = chain(bare, data.draw(st.integers(1, 12)), "")
    entries = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=4)))
    at = data.draw(st.integers(0, len(rows) - 1))
    changed = [*rows[:at], {**rows[at], "member_id": "somebody else"}, *rows[at + 1 :]]
    put(bare, rewritten(changed))
    caught = [entry for entry in entries if entry > at]
    found = list(audit.verify(bare, [point(rows, entry) for entry in entries]))
    assert [number for number, _ in found] == caught[:1]
    if found:  # between which two it happened
        fitting = max((entry for entry in entries if entry <= at), default=0)
        assert f"between entry {fitting} and this one" in found[0][1]


def test_an_entry_the_database_cannot_read_is_named_among_those_read_with_it(bare: Session) -> None:
    rows = chain(bare, 9, "")
    raw(bare, "UPDATE audit_entries SET event = CAST(x'ff' AS TEXT) WHERE id = 6")
    assert list(audit.verify(bare)) == [(6, "changed: it cannot be read")]
    assert list(audit.verify(bare, since=point(rows, 3))) == [(6, "changed: it cannot be read")]


# Checkpoints


@pytest.fixture
def file(app: Flask, command: Command, tmp_path: Path) -> Path:
    """A checkpoint of the instance as it is."""
    path = tmp_path / "kept-elsewhere.json"
    assert command(app, "audit", "checkpoint", "--out", str(path)) == (0, b"", "")
    return path


def more(app: Flask) -> None:
    factories.actor("nrc.case_worker")
    db.session.remove()


def edited(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_chain_that_grew_still_goes_through_its_checkpoint(app: Flask, command: Command, file: Path) -> None:
    more(app)
    assert command(app, "audit", "verify", "--checkpoint", str(file))[0] == 0
    assert command(app, "audit", "checkpoint")[1].startswith(b'{\n "kind"')


def test_an_end_that_was_cut_off_is_seen_by_the_checkpoint_alone(app: Flask, command: Command, file: Path) -> None:
    entry = json.loads(file.read_text())["entry"]
    tamper(app, f"DELETE FROM audit_entries WHERE id >= {entry - 1}")
    assert command(app, "audit", "verify")[0] == 0
    code, out, _ = command(app, "audit", "verify", "--checkpoint", str(file))
    assert code == 1
    assert out.decode().startswith(f"entry {entry - 1}: missing: the end was cut off")


def test_a_chain_that_was_written_again_is_seen_by_the_checkpoint_alone(
    app: Flask, command: Command, file: Path
) -> None:
    with transaction() as session:
        statement = f"SELECT {', '.join(NAMES)} FROM audit_entries ORDER BY id"
        rows = [dict(zip(NAMES, row, strict=True)) for row in session.connection().exec_driver_sql(statement)]
    entry = len(rows)
    del rows[3]
    db.session.remove()
    connection = sqlite3.connect(app.extensions["nrm.config"].directory / "main.db")
    with connection:
        connection.execute("DELETE FROM audit_entries")
        for row in rewritten([*rows, rows[-1]]):
            connection.execute("INSERT INTO audit_entries VALUES (?,?,?,?,?,?,?)", [row[name] for name in NAMES])
    connection.close()
    assert command(app, "audit", "verify")[0] == 0
    code, out, _ = command(app, "audit", "verify", "--checkpoint", str(file))
    assert (code, out.decode().split(":")[0]) == (1, f"entry {entry}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 3000,
        b'{"kind": "nrm audit checkpoint"}',
        b" " * 5000,
    ],
)
def test_a_file_that_is_no_checkpoint_is_one_line_and_2(
    app: Flask, command: Command, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "junk.json").write_bytes(content)
    for path in (tmp_path / "junk.json", tmp_path / "missing.json", tmp_path):
        code, out, err = command(app, "audit", "verify", "--checkpoint", str(path))
        assert (code, out, err.count("\n")) == (2, b"", 1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("entry", value) for value in (0, -1, True, "7", 1.5, None, 2**63)),
        *(("hash", value) for value in ("", "zz", "00" * 31, 7)),
        *(("signature", value) for value in ("", "00" * 63)),
        *(("at", value) for value in ("", "yesterday", "2026-01-01T00:00:00", None)),
        ("instance", "x"),
        ("public_key", "00"),
        ("kind", "another"),
    ],
)
def test_a_checkpoint_with_a_bad_value_is_no_checkpoint(app: Flask, key: str, value: object) -> None:
    good = json.loads(written(checkpoints.take()))
    with pytest.raises(NoCheckpoint):
        read(json.dumps({**good, key: value}).encode())


@pytest.mark.parametrize(
    "values",
    [
        {"entry": 3},
        {"hash": "00" * 32},
        {"at": "2020-01-01T00:00:00+00:00"},
        {"signature": "00" * 64},
        {"instance": str(uuid.UUID(int=7))},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_checkpoint_that_was_changed_does_not_fit(
    app: Flask, command: Command, file: Path, values: dict[str, object]
) -> None:
    edited(file, **values)
    code, out, _ = command(app, "audit", "verify", "--checkpoint", str(file))
    assert code == 1
    assert out == b"checkpoint kept-elsewhere.json: it does not bear this server's signature\n"


def test_a_checkpoint_signed_with_a_key_of_ones_own_does_not_fit(app: Flask) -> None:
    signed = checkpoints.take()
    private, public = crypto.signing_pair()
    message = crypto.ctx("checkpoint", *signed.checkpoint.parts)
    with pytest.raises(checkpoints.NotFromHere):
        checkpoints.check(SignedCheckpoint(signed.checkpoint, public, crypto.sign(private, message)))
    # Nor with the key that signs releases: it is another pair.
    release = app.extensions["nrm.config"].secrets.release
    assert signed.public_key != crypto.verifying_key_of(release)
    with pytest.raises(checkpoints.NotFromHere):
        checkpoints.check(dataclasses.replace(signed, signature=crypto.sign(release, message)))
    assert checkpoints.check(signed) == signed.checkpoint


def test_a_checkpoint_of_another_instance_does_not_fit(app: Flask, command: Command, file: Path) -> None:
    tamper(app, "UPDATE instances SET id = '00000000000000000000000000000001'")
    code, out, _ = command(app, "audit", "verify", "--checkpoint", str(file))
    assert (code, out) == (1, b"checkpoint kept-elsewhere.json: it is of another instance\n")


def test_no_checkpoint_is_made_of_a_broken_chain_nor_over_a_file(app: Flask, command: Command, file: Path) -> None:
    kept = file.read_bytes()
    code, _, err = command(app, "audit", "checkpoint", "--out", str(file))
    assert (code, err.count("\n"), file.read_bytes()) == (2, 1, kept)
    code, _, err = command(app, "audit", "checkpoint", "--out", str(file.parent / "no" / "folder.json"))
    assert (code, err.count("\n")) == (2, 1)
    tamper(app, "DELETE FROM audit_entries WHERE id = 5")
    code, out, _ = command(app, "audit", "checkpoint")
    assert (code, out.decode().split(":")[0]) == (1, "entry 5")


def test_a_checkpoint_holds_no_key_and_no_name(app: Flask, file: Path) -> None:
    content = file.read_text()
    for name in ("pepper", "store", "release", "match"):
        assert getattr(app.extensions["nrm.config"].secrets, name).hex() not in content
    assert set(json.loads(content)) == {"kind", "instance", "entry", "hash", "at", "public_key", "signature"}


def test_a_day_has_one_checkpoint_and_the_next_goes_on_from_it(app: Flask, command: Command) -> None:
    assert (checkpoints.daily(), checkpoints.daily()) == (1, 0)
    (first,) = checkpoints.folder().iterdir()
    assert first.stat().st_mode & 0o777 == 0o600
    more(app)
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(days=1))
    assert (checkpoints.daily(), checkpoints.daily()) == (1, 0)
    _, second = sorted(checkpoints.folder().iterdir())
    assert read(second.read_bytes()).checkpoint.entry > read(first.read_bytes()).checkpoint.entry
    assert command(app, "audit", "verify", "--checkpoint", str(first), "--checkpoint", str(second))[0] == 0


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM audit_entries WHERE id > 20", "cut off"),
        ("UPDATE audit_entries SET hash = zeroblob(32) WHERE id = (SELECT max(id) FROM audit_entries)", "written anew"),
        ("", "signature"),
        (None, "no checkpoint"),
    ],
)
def test_a_day_that_does_not_go_on_from_the_one_before_gets_no_checkpoint_and_a_line_in_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture, statement: str | None, told: str
) -> None:
    assert checkpoints.daily() == 1
    (first,) = checkpoints.folder().iterdir()
    if statement:
        tamper(app, statement)
    elif statement is not None:
        edited(first, entry=1)
    else:
        first.write_bytes(b"")
    clock.set_clock(lambda: datetime.now(UTC) + timedelta(days=1))
    assert checkpoints.daily() == 0
    assert list(checkpoints.folder().iterdir()) == [first]
    assert "does not go on from its last checkpoint" in caplog.text
    assert told in caplog.text or told == "no checkpoint"


@pytest.mark.slow
def test_a_day_that_was_cut_off_is_noticed_by_the_checkpoint_of_the_last_minute(
    app: Flask, command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    """One checkpoint a day leaves a day that can be cut off; the last one lies beside the keys, not in the database."""
    assert b"no checkpoint, so nothing proves" in command(app, "audit", "verify")[1]
    assert checkpoints.daily() == 1
    day = read(next(checkpoints.folder().iterdir()).read_bytes()).checkpoint.entry
    more(app)
    length = audit.length(db.session())
    code, out, _ = command(app, "audit", "verify")
    assert code == 0
    assert f"proven up to entry {day}, by the checkpoint of " in out.decode()
    assert out.decode().endswith(f"; entries after it: {length - day}, not covered\n")
    tamper(app, f"DELETE FROM audit_entries WHERE id > {length - 1}")  # before: nothing shows it
    assert command(app, "audit", "verify")[0] == 0
    more(app)
    length = audit.length(db.session())
    assert (checkpoints.follow(), checkpoints.follow()) == (1, 0)
    end = checkpoints.folder() / END
    assert end.stat().st_mode & 0o777 == 0o600
    assert command(app, "audit", "verify")[1].decode().endswith("; entries after it: 0\n")
    kept = end.read_bytes()
    tamper(app, f"DELETE FROM audit_entries WHERE id > {length - 2}")
    code, out, _ = command(app, "audit", "verify")
    assert (code, out.decode().split(";")[0]) == (1, f"entry {length - 1}: missing: the end was cut off")
    # It stays as it is, and each minute says so; also when the end is written anew, as long as it was.
    assert checkpoints.follow() == 0
    assert "does not go on from where it stood a minute ago" in caplog.text
    more(app)
    assert checkpoints.follow() == 0
    assert end.read_bytes() == kept
    code, out, _ = command(app, "audit", "verify")
    assert (code, "not as in the checkpoint" in out.decode() or "cut off" in out.decode()) == (1, True)
    edited(end, entry=1)  # who cannot sign makes no other one
    assert b"checkpoint end.json: it does not bear this server's signature" in command(app, "audit", "verify")[1]


def test_tending_writes_the_checkpoint_of_the_day(app: Flask, command: Command) -> None:
    db.session.remove()
    for count in (1, 0):
        code, out, _ = command(app, "tend")
        assert (code, json.loads(out)["checkpoints_written"]) == (0, count)


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.uuids(), max_size=5
    )
)
def test_details_are_written_as_a_json_library_writes_them(details: dict[str, Any]) -> None:
    kept = {key: each if isinstance(each, int) else str(each) for key, each in details.items() if each is not None}
    written = audit._canonical(details)
    assert written == json.dumps(kept, sort_keys=True, separators=(",", ":"))
    assert audit.details_of(written) == kept


def test_older_entries_that_say_true_as_python_does_are_read() -> None:
    said = '{"case_id":"a:True,b","much":2,"never":False,"taken_back":True}'
    assert audit.details_of(said) == {"case_id": "a:True,b", "much": 2, "never": False, "taken_back": True}
    with pytest.raises(json.JSONDecodeError):
        audit.details_of('{"much":Twice}')


# The checkpoints that the instance keeps itself


def own_of(app: Flask) -> Path:
    """The folder, after the server wrote the checkpoint of today."""
    assert checkpoints.daily() == 1
    folder = Path(app.extensions["nrm.config"].directory) / "checkpoints"
    assert len([*folder.iterdir()]) == 1
    return folder


def test_the_chain_is_held_against_the_instances_own_checkpoints_without_being_asked(
    app: Flask, command: Command
) -> None:
    folder = own_of(app)
    (path,) = folder.iterdir()
    entry = json.loads(path.read_text())["entry"]
    more(app)
    code, out, err = command(app, "audit", "verify")
    assert (code, out[:6]) == (0, b"whole:")
    assert "1 checkpoint of its own" in err
    tamper(app, f"DELETE FROM audit_entries WHERE id >= {entry - 1}")
    code, out, _ = command(app, "audit", "verify")
    assert (code, out.decode().startswith(f"entry {entry - 1}: missing: the end was cut off")) == (1, True)


def test_a_checkpoint_of_its_own_that_was_written_into_is_a_finding(app: Flask, command: Command, file: Path) -> None:
    folder = own_of(app)
    (path,) = folder.iterdir()
    genuine = path.read_text()
    edited(path, entry=1)
    code, out, _ = command(app, "audit", "verify")
    assert (code, out.decode()) == (1, f"checkpoint {path.name}: it does not bear this server's signature\n")
    path.write_text("[" * 4000)
    code, out, _ = command(app, "audit", "verify", "--checkpoint", str(file))
    assert (code, out.decode()) == (1, f"checkpoint {path.name}: it is not JSON\n")
    path.write_text(genuine)
    assert command(app, "audit", "verify", "--checkpoint", str(file))[0] == 0


def test_an_instance_without_a_checkpoint_says_that_there_is_none(app: Flask, command: Command) -> None:
    code, _, err = command(app, "audit", "verify")
    assert (code, "no checkpoint of its own: the end of the chain is not covered" in err) == (0, True)
