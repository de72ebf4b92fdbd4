"""`/healthz` and `nrm doctor`: what is wrong is told, by whom it can be mended, and nothing about people."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import OperationalError

from config import account_name
from nrm import clock, db
from nrm.actions import checkpoints
from nrm.domain.health import Part, State
from nrm.models.audit import AuditEntry
from nrm.steps import health
from tests.conftest import Command, token_in
from tests.factories import later
from tests.rights import of_an_ordinary_user, on_a_full_disk

LAST = (Part.KEY_LOG, Part.RECORDS, Part.REFUSALS, Part.SETTINGS)
AWAY = {"REMOTE_ADDR": "203.0.113.7"}


def asked(app: Flask, environ: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    answer = app.test_client().get("/healthz", environ_base=environ or {"REMOTE_ADDR": "127.0.0.1"})
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, json.loads(answer.text)


def folder(app: Flask) -> Path:
    return Path(app.extensions["nrm.config"].directory)


class Usage(NamedTuple):
    free: int


def test_a_machine_that_answers_says_yes_and_to_others_no_more_than_that(app: Flask) -> None:
    health.note(folder(app), health.TENDED)
    assert asked(app, AWAY) == (200, {"ok": True})
    status, told = asked(app)
    assert (status, told["ok"]) == (200, True)
    assert {told["parts"][part] for part in ("main_database", "shred_database", "keys", "disk", "tending")} == {"ok"}
    assert told["parts"]["drill"] == "never"
    assert told["seconds_since"] == {"tending": 0}


def test_what_is_late_is_told_and_a_balancer_leaves_the_machine_in(app: Flask) -> None:
    health.note(folder(app), health.TENDED)
    later(minutes=6)
    status, told = asked(app)
    assert (status, told["parts"]["tending"], told["seconds_since"]["tending"]) == (200, "late", 360)


@pytest.mark.parametrize(("name", "part"), [("main.db", "main_database"), ("shred.db", "shred_database")])
def test_a_database_that_does_not_answer_takes_the_machine_out(app: Flask, name: str, part: str) -> None:
    db.disconnect()
    for path in folder(app).glob(f"{name}*"):
        path.unlink()
    (folder(app) / name).mkdir()
    status, told = asked(app)
    assert (status, told["ok"], told["parts"][part]) == (503, False, "wrong")
    assert asked(app, AWAY) == (503, {"ok": False})


def test_a_key_file_that_is_gone_and_a_full_disk_are_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    pepper = folder(app) / "keys" / "pepper"
    pepper.rename(pepper.with_name("elsewhere"))
    assert (asked(app)[0], asked(app)[1]["parts"]["keys"]) == (503, "wrong")
    pepper.with_name("elsewhere").rename(pepper)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=(1 << 30) - 1))
    assert (asked(app)[0], asked(app)[1]["parts"]["disk"]) == (200, "wrong")


def test_the_doctor_says_what_to_do_and_ends_with_one(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NRM_BACKUPS", str(tmp_path))
    code, out, _ = command(app, "doctor")
    assert code == 1
    lines = out.decode().splitlines()
    assert [line.split(":")[0] for line in lines] == [part.replace("_", " ") for part in order()]
    assert lines[0] == "main database: ok"
    assert (
        "backup: never: there is no backup in the folder of NRM_BACKUPS: is it the folder that `nrm backup` writes to?"
        in lines
    )
    quiet = command(app, "doctor", "-q")[1].decode().splitlines()
    assert quiet == [line for line in lines if not line.split(": ", 1)[1].startswith("ok")]
    assert "main database: ok" not in quiet
    assert "backup: never" in " ".join(quiet)
    monkeypatch.delenv("NRM_BACKUPS")
    assert "backup: unknown: NRM_BACKUPS is not set" in command(app, "doctor", "-q")[1].decode()
    monkeypatch.setenv("NRM_BACKUPS", str(tmp_path))
    told = json.loads(command(app, "doctor", "--json")[1])
    assert set(told) == set(Part)
    assert told["key_log"] == {"state": "ok", "seconds": None}


def test_a_new_instance_has_no_checkpoint_yet_and_a_day_later_that_is_told(app: Flask, command: Command) -> None:
    now = clock.now().timestamp()
    os.utime(folder(app) / "instance.toml", (now, now))
    for path in folder(app).glob("checkpoints/*"):
        path.unlink()
    line = "checkpoint: ok: the first one is written within minutes of the start of `nrm serve`"
    assert line in command(app, "doctor")[1].decode().splitlines()
    assert asked(app)[1]["parts"]["checkpoint"] == "ok"
    later(hours=27)
    assert "\ncheckpoint: never: there is no checkpoint of the audit chain yet" in command(app, "doctor")[1].decode()
    assert asked(app)[1]["parts"]["checkpoint"] == "never"


def test_a_chain_whose_end_was_cut_off_is_told_by_the_doctor_and_the_health_address(
    app: Flask, command: Command
) -> None:
    """The log alone said it: whoever looks at the machine reads "ok"."""
    assert checkpoints.follow() == 1
    assert asked(app)[1]["parts"]["checkpoint"] != "wrong"
    with db.transaction() as session:
        newest = session.scalars(select(func.max(AuditEntry.id))).one()
        kept = dict(session.execute(select(AuditEntry.__table__).where(AuditEntry.id == newest)).mappings().one())
        session.execute(delete(AuditEntry).where(AuditEntry.id == newest))
    for row in (None, {**kept, "hash": b"x" * 32}):
        if row is not None:  # the next entry took the number that is free
            with db.transaction() as session:
                session.execute(insert(AuditEntry).values(row))
        assert asked(app)[1]["parts"]["checkpoint"] == "wrong"
        code, out, _ = command(app, "doctor")
        assert code == 1
        assert (
            "checkpoint: wrong: the audit chain does not go on from the checkpoint of the last minute" in out.decode()
        )


def test_a_value_that_cannot_be_read_is_a_line_of_the_doctor_and_no_traceback(app: Flask, command: Command) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE organisations SET names = '{bad' WHERE code = 'VATRA'"))
    code, out, error = command(app, "doctor")
    assert (code, error) == (1, "")
    assert "key log: wrong: a value in the main database cannot be read: another hand changed it" in out.decode()


def order() -> list[Part]:
    return [*(part for part in Part if part not in LAST), *LAST]


def parts_of(app: Flask, command: Command) -> dict[str, dict[str, Any]]:
    """What `nrm doctor --json` says of each part, none of which it leaves out; the lines say the same."""
    code, out, error = command(app, "doctor", "--json")
    assert (code, error) == (1, ""), error
    told: dict[str, dict[str, Any]] = json.loads(out)
    assert set(told) == set(Part)
    lines = command(app, "doctor")[1].decode().splitlines()
    assert [line.split(":")[0] for line in lines] == [part.replace("_", " ") for part in order()]
    assert all(each["why"] in "\n".join(lines) for each in told.values() if each["state"] != "ok")
    return told


def test_the_doctor_tells_of_every_part_where_a_database_or_a_key_file_is_gone_and_makes_none(
    app: Flask, command: Command
) -> None:
    db.disconnect()
    place = folder(app)
    for path in place.glob("shred.db*"):
        path.rename(path.with_name(f"away-{path.name}"))
    told = parts_of(app, command)
    why = told["shred_database"]["why"]
    assert why.startswith(f"{place}/shred.db is not there, and NRM_SHRED_DATABASE is not set here")
    assert why.index("Then set it to the same again") < why.index("put back a backup")
    assert (told["main_database"]["state"], told["keys"]["state"]) == ("ok", "ok")
    assert told["key_log"]["state"] == "unknown"
    assert not (place / "shred.db").exists()
    (place / "shred.db").touch()
    assert "empty" in parts_of(app, command)["shred_database"]["why"]
    for path in place.glob("away-*"):
        path.rename(path.with_name(path.name.removeprefix("away-")))
    match = place / "keys" / "match"
    match.rename(place / "elsewhere")
    told = parts_of(app, command)
    assert str(match) in told["keys"]["why"]
    assert "copy it from the safe" in told["keys"]["why"]
    assert told["shred_database"]["state"] == "ok"


def test_who_may_not_read_is_told_that_and_not_that_a_disk_or_a_key_is_lost(app: Flask, command: Command) -> None:
    """A doctor that was run by the wrong account sent its reader to the safe for keys that lay where they belong."""
    db.disconnect()
    place = folder(app)
    store = place / "keys" / "store"
    for path in (place / "main.db", store):
        path.chmod(0)
    with of_an_ordinary_user():
        told = parts_of(app, command)
    who = account_name(os.geteuid())
    assert told["main_database"]["why"].startswith(f"{who} may not open {place}/main.db, which may well be there: ")
    assert told["keys"]["why"].startswith(
        f"NRM_KEYS: {who} may not read the key file {store}, which may well be there: "
    )
    assert "safe" not in told["keys"]["why"]


def test_a_key_file_of_another_account_is_named(app: Flask, command: Command) -> None:
    if os.geteuid():
        pytest.skip("only root gives a file away")
    db.disconnect()
    store = folder(app) / "keys" / "store"
    os.chown(store, 65534, -1)
    told = parts_of(app, command)
    assert f"{store} belongs to nobody, who can read and change it" in told["keys"]["why"]
    os.chown(store.parent, 65534, -1)  # all of it is the service's
    assert command(app, "tend")[0] == 0


def test_a_disk_with_little_room_is_named_by_its_folder(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nrm.steps.health.LEAST_FREE", 1 << 62)
    assert str(folder(app)) in parts_of(app, command)["disk"]["why"]


@pytest.mark.slow
def test_a_database_on_a_full_disk_is_told_from_one_whose_disk_is_gone(app: Flask, command: Command) -> None:
    """Nobody has it open, so that there is no log of writes beside it, and even reading makes one."""
    db.disconnect()
    for path in folder(app).glob("*.db-*"):
        path.unlink()
    with on_a_full_disk():
        told = parts_of(app, command)
    assert told["main_database"]["why"].startswith(f"the disk of {folder(app)}/main.db is full, or can only be read: ")


def test_the_doctor_names_a_folder_that_is_not_there_and_a_setting_that_is_misspelt(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NRM_BACKUPS", "/nowhere/at/all")
    monkeypatch.setenv("NRM_PROXY", "1")
    told = parts_of(app, command)
    assert told["disk"]["why"] == "there is no folder /nowhere/at/all: is its disk mounted, and the setting right?"
    assert told["settings"]["why"] == "NRM_PROXY: there is no such setting; is NRM_PROXIES meant?"


@pytest.mark.slow
def test_the_doctor_names_what_every_account_of_the_machine_can_write_or_read(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(app)
    monkeypatch.setattr("nrm.cli.places.open_to_others._ENTER", 0o7777)  # the folders of the tests are closed
    for name in ("main.db", "shred.db"):
        (place / name).chmod(0o600)
    assert parts_of(app, command)["disk"]["state"] == "ok"
    place.chmod(0o777)
    (place / "shred.db").chmod(0o644)
    told = parts_of(app, command)["disk"]["why"]
    assert told == (f"every account of this machine can read or write there: chmod o-rwx {place} {place / 'shred.db'}")


def test_the_doctor_names_a_list_of_erasures_that_is_not_continued(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The log alone said it, each minute, and no restore takes such a list."""
    place = tmp_path / "list"
    place.mkdir()
    monkeypatch.setenv("NRM_BACKUPS", str(place))
    (place / "erased.jsonl").write_text('{"case_id": "x"}\n')
    told = parts_of(app, command)["backup"]
    assert told["state"] == "wrong"
    assert told["why"].startswith(f"line 1 of {place / 'erased.jsonl'} was not written by this instance: ")


@pytest.mark.parametrize("way", ["deleted", "exchanged"])
@pytest.mark.parametrize(("name", "part"), [("main.db", "main_database"), ("shred.db", "shred_database")])
def test_a_database_whose_file_was_taken_away_under_the_server_is_noticed_and_nothing_is_written(
    app: Flask, name: str, part: str, way: str
) -> None:
    assert asked(app)[0] == 200
    client = app.test_client()
    token = token_in(client.get("/sign-in").text)
    path = folder(app) / name
    if way == "exchanged":
        shutil.copy(path, path.with_name("copy"))
    path.unlink()
    if way == "exchanged":
        path.with_name("copy").rename(path)
    for _ in range(2):  # a new connection may have made a new file there
        status, told = asked(app)
        assert (status, told["ok"], told["parts"][part]) == (503, False, "wrong")
    sent = {"login": "x.y", "password": "a wrong password", "csrf_token": token}
    assert client.post("/sign-in", data=sent).status_code == 503  # a failed try would be written down
    with app.app_context():
        assert health.lost_files() == [path]
        with pytest.raises(OperationalError, match=str(path)), db.transaction():
            pass
        db.disconnect()


def test_the_doctor_of_an_instance_that_is_well_ends_with_nought(
    app: Flask, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NRM_BACKUPS", str(tmp_path))
    place = folder(app)
    for name in (health.TENDED, health.DRILLED):
        health.note(place, name)
    (place / "checkpoints").mkdir(exist_ok=True)
    now = clock.now().timestamp()
    for path in (tmp_path / "shred-20261128T000000Z", place / "checkpoints" / "2026-11-28.json"):
        path.touch()
        os.utime(path, (now, now))
    code, out, _ = command(app, "doctor")
    assert (code, {line.split(": ")[1].split(" ")[0] for line in out.decode().splitlines()}) == (0, {State.OK})
