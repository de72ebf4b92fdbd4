"""Key files of another instance, or none: what restoring, upgrading, a drill and the doctor say of them."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from config import KEY_FILES
from nrm.db import db, disconnect, transaction
from nrm.models.accounts.accounts import Member
from nrm.models.shelter.cases import Case
from nrm.models.shelter.matching import MatchEncoding
from nrm.vault import second_factor
from nrm.vault.backup_files import backups as vault
from nrm.vault.backup_files import key_checks
from tests.integration.test_backups import Keeper, keeper, run
from tests.world import World

__all__ = ["keeper"]


def exchange(path: Path) -> None:
    """Put 32 other bytes into a key file."""
    path.chmod(0o600)
    path.write_bytes(os.urandom(32))
    path.chmod(0o400)


def checks_of(file: Path) -> dict[str, str]:
    with file.open("rb") as opened:
        return vault.header_of(opened).checks


def copied(keeper: Keeper, into: Path) -> Path:
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(keeper.instance / "keys", into / "keys")
    return into


def refused(keeper: Keeper, new: Path, pair: tuple[Path, Path], *more: object) -> str:
    """The one line of a refused restore, of which nothing is left."""
    there = {path.name for path in (new / "keys").iterdir()}
    done = keeper.restore(new, pair, *more, key_files=False)
    assert done.exit_code == 2, done.stderr
    *_, line = done.stderr.strip().splitlines()
    assert {path.name for path in new.iterdir()} == {"keys"}
    assert {path.name for path in (new / "keys").iterdir()} == there
    return line


@pytest.mark.slow  # five pairs of keys
def test_each_key_file_of_another_instance_is_named_and_nothing_is_made(keeper: Keeper, tmp_path: Path) -> None:
    pair, new = keeper.back_up("--quiet"), tmp_path / "new"
    for wrong in (*((name,) for name in KEY_FILES), KEY_FILES):
        copied(keeper, new)
        for name in wrong:
            exchange(new / "keys" / name)
        line = refused(keeper, new, pair)
        assert line.startswith("NRM_KEYS: not of the instance that was backed up: "), line
        assert {name for name in KEY_FILES if str(new / "keys" / name) in line} == set(wrong), line
        assert "from the safe" in line
    header = pair[0].read_bytes()[:4096]
    for name in KEY_FILES:
        key = (keeper.instance / "keys" / name).read_bytes()
        assert key not in header
        assert key.hex().encode() not in header
    first, second, other = (checks_of(file) for file in (*pair, keeper.back_up("--quiet")[0]))
    assert first == second
    assert set(first) == set(KEY_FILES)
    assert not set(first.values()) & set(other.values())  # another salt each time


@pytest.mark.slow  # restores several times
def test_a_backup_of_an_older_program_is_restored_and_what_lies_in_it_shows_whose_keys_they_are(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("nrm.vault.backup_files.key_checks.values", lambda *_: {})
        bare = keeper.back_up("--quiet")
        member = somebody()
        with transaction() as session:
            sealed = second_factor.seal(member, os.urandom(20))
            session.execute(update(Member).where(Member.id == member).values(sealed_totp=sealed))
        proving = keeper.back_up("--quiet")
        disconnect()
    new = copied(keeper, tmp_path / "new")
    for name in ("store", "match", "pepper"):
        copied(keeper, new)
        exchange(new / "keys" / name)
        assert str(new / "keys" / name) in refused(keeper, new, proving)
    alone = tmp_path / "alone"  # without the list of what was erased
    alone.mkdir()
    bare = (Path(shutil.copy(bare[0], alone)), Path(shutil.copy(bare[1], alone)))
    line = refused(keeper, copied(keeper, new), bare)
    assert line.startswith(f"--erased: there is no {alone}/erased.jsonl;")
    assert "--list-is-lost" in line
    done = keeper.restore(new, bare, "--list-is-lost", key_files=False)
    assert done.exit_code == 0, done.stderr
    assert "What was erased since" in done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("not checked"))
    assert "sign in once yourself" in line
    assert str(new / "keys" / "pepper") in line
    assert str(new / "keys" / "store") not in line
    assert "keys: ok" in run("doctor", "--dir", new).stdout


def somebody() -> uuid.UUID:
    found = db.session.query(Member.id).filter(Member.status == "active").first()
    db.session.rollback()
    assert found is not None
    return uuid.UUID(str(found[0]))


@pytest.mark.slow  # four drills
def test_the_doctor_and_a_drill_name_a_key_file_of_another_instance(keeper: Keeper) -> None:
    keeper.back_up("--quiet")
    disconnect()
    assert run("upgrade", "--dir", keeper.instance).exit_code == 0
    for name in KEY_FILES:
        path = keeper.instance / "keys" / name
        right = path.read_bytes()
        exchange(path)
        said = run("doctor", "--dir", keeper.instance)
        assert said.exit_code == 1
        (line,) = (line for line in said.stdout.splitlines() if line.startswith("keys: "))
        assert line.startswith(f"keys: wrong: not of this instance: {path}"), line
        # A backup that is made now, only the wrong file could restore; and nobody signs in at a server.
        both = [part for key in keeper.keys for part in ("--recipient", f"{key}.pub")]
        (keeper.folder / "new").mkdir(mode=0o700, exist_ok=True)
        for refusing in (
            run("backup", "--dir", keeper.instance, "--to", keeper.folder / "new", *both),
            run("serve", "--dir", keeper.instance, "--port", "1"),
        ):
            assert refusing.exit_code == 2
            assert refusing.stderr.strip().splitlines()[-1].startswith(f"NRM_KEYS: not of this instance: {path}; put")
        assert not list((keeper.folder / "new").glob("*"))
        own = [part for key in keeper.keys for part in ("--key", key)]
        drilled = run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own)
        assert (drilled.exit_code, str(path) in drilled.stderr) == (2, True), drilled.stderr
        path.chmod(0o600)
        path.write_bytes(right)
        path.chmod(0o400)
    assert "keys: ok" in run("doctor", "--dir", keeper.instance).stdout


@pytest.mark.slow  # a backup and a drill
def test_a_drill_tells_that_a_backup_was_made_with_a_wrong_key_file(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier program made it: the drill compared the pair with the files in place alone, and passed."""
    assert run("upgrade", "--dir", keeper.instance).exit_code == 0
    disconnect()
    path = keeper.instance / "keys" / "pepper"
    exchange(path)
    with monkeypatch.context() as earlier:
        earlier.setattr("nrm.steps.key_files.wrong", list)
        keeper.back_up("--quiet")
    own = [part for key in keeper.keys for part in ("--key", key)]
    drilled = run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own)
    assert drilled.exit_code == 1, drilled.stderr
    assert any(
        each.startswith(f"NRM_KEYS: not of this instance: {path}") for each in json.loads(drilled.stdout)["findings"]
    )


@pytest.mark.slow  # a backup, and two upgrades
def test_a_match_key_that_was_forgotten_is_never_made_anew_unasked(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path
) -> None:
    pair, new = keeper.back_up("--quiet"), copied(keeper, tmp_path / "new")
    (new / "keys" / "match").unlink()
    line = refused(keeper, new, pair)
    assert str(new / "keys" / "match") in line
    assert "from the safe" in line

    key = keeper.instance / "keys" / "match"
    kept = key.read_bytes()
    seal_something_with_match()
    disconnect()
    key.unlink()
    (keeper.instance / key_checks.NOTED).rename(tmp_path / "noted")  # the rows alone say it
    assert run("upgrade", "--dir", keeper.instance).exit_code == 2
    (tmp_path / "noted").rename(keeper.instance / key_checks.NOTED)
    done = run("upgrade", "--dir", keeper.instance)
    assert done.exit_code == 2
    assert "from the safe" in done.stderr
    assert "--match-is-lost" in done.stderr
    assert not key.exists()
    done = run("tend", "--dir", keeper.instance)
    assert "copy it from the safe" in done.stderr

    done = run("upgrade", "--dir", keeper.instance, "--match-is-lost")
    assert done.exit_code == 0, done.stderr
    assert f"made the key file {key}" in done.stdout
    assert key.read_bytes() != kept
    said = run("doctor", "--dir", keeper.instance).stdout
    assert "keys: ok" in said, said
    assert "is there" in run("upgrade", "--dir", keeper.instance, "--match-is-lost").stderr


def seal_something_with_match() -> None:
    case_id = db.session.query(Case.id).first()
    assert case_id is not None
    db.session.rollback()
    with transaction() as session:
        if session.query(MatchEncoding.id).first() is None:
            session.add(
                MatchEncoding(
                    id=uuid.uuid4(), case_id=case_id[0], norm="n", enc="e", key_version=1, sealed_encoding=b"x"
                )
            )


def test_where_no_row_lies_under_a_key_and_nothing_is_noted_nothing_is_said_of_it(keeper: Keeper) -> None:
    assert set(key_checks.noted()) <= set(KEY_FILES)
    (keeper.instance / key_checks.NOTED).write_text("[]")
    assert key_checks.noted() == {}
    assert key_checks.proven()["store"] is True
