"""The key log as files: exporting, verifying, putting back, and what a restored backup takes up."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from nrm.actions import backups, tending
from nrm.actions.accounts import accounts, sealing_again
from nrm.db import db, disconnect, transaction
from nrm.domain.accounts.accounts import Role
from nrm.models.accounts.accounts import KeyringWrap, Member, Organisation
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault import grants
from nrm.vault.keylog import copies, files, log
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.conftest import Command


def entries_there() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(KeyLogEntry)) or 0


def id_of(login: str) -> uuid.UUID:
    found = db.session.scalars(select(Member.id).where(Member.login == login)).one()
    db.session.rollback()
    return found


def ended(login: str, by: str) -> None:
    hands.ended(id_of(login), factories.actor(by))


def test_an_exported_log_is_verified_without_anything_else(app: Flask, command: Command, tmp_path: Path) -> None:
    out = tmp_path / "log"
    assert command(app, "keylog", "export", "--out", str(out))[0] == 0
    assert command(app, "keylog", "export", "--out", str(out))[0] == 2
    code, told, _ = command(app, "keylog", "export")
    assert (code, told) == (0, out.read_bytes())
    assert b"Test " not in told  # ids, keys and digests: nobody's name, no sign-in name
    assert copies.read(out).state == log.state(db.session)


def test_a_file_is_verified_by_itself_and_the_first_wrong_entry_is_named(typed, app: Flask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    whole = log.here().read_text().splitlines(keepends=True)
    path = tmp_path / "copy"
    path.write_text("".join(whole))
    done = typed("keylog", "verify", str(path))
    assert done.returncode == 0
    assert done.stdout.startswith(f"whole: {entries_there()} entries; 30 organisations")
    changed = json.loads(whole[5])
    changed["signature"] = json.loads(whole[6])["signature"]
    path.write_text("".join([*whole[:5], json.dumps(changed) + "\n", *whole[6:]]))
    done = typed("keylog", "verify", str(path))
    assert (done.returncode, done.stdout) == (
        1,
        "entry 5: the signature is not that of its signer over this entry at this place\n",
    )
    path.write_text("".join([*whole[:5], *whole[6:]]))
    done = typed("keylog", "verify", str(path))
    assert done.returncode == 1
    assert done.stdout.startswith("entry 5: is missing")
    for content in (b"no key log\n", b"", b"\xff\n", whole[0].encode() + b"x" * 20_000 + b"\n"):
        path.write_bytes(content)
        done = typed("keylog", "verify", str(path))
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), content[:20]
    for words in ((), (str(tmp_path / "none"),), (str(path), str(path))):
        assert typed("keylog", "verify", *words).returncode == 2


@pytest.mark.slow
def test_the_copy_that_mends_a_log_is_named_and_put_back(app: Flask, command: Command) -> None:
    entries = entries_there()
    code, told, _ = command(app, "keylog", "verify")
    assert (code, told.decode()) == (0, f"whole: {entries} entries\n")
    with transaction() as session:
        session.execute(delete(KeyLogEntry).where(KeyLogEntry.number > entries - 3))
    code, told, _ = command(app, "keylog", "verify")
    first, second = told.decode().splitlines()
    assert code == 1
    assert first == f"entry {entries - 2}: is missing: the second database knows it"
    assert second.endswith(f"put it back with: nrm keylog mend {log.here()}")
    assert command(app, "keylog", "mend", str(log.here()))[0] == 0
    assert command(app, "keylog", "verify")[0] == 0
    assert log.state(db.session).number == entries
    with transaction() as session:
        session.execute(update(KeyLogEntry).where(KeyLogEntry.number == 7).values(signature=bytes(64)))
    code, told, _ = command(app, "keylog", "verify")
    assert (code, told.decode().splitlines()[0].split(":")[0]) == (1, "entry 7")
    assert command(app, "keylog", "mend", str(log.here()))[0] == 0
    assert command(app, "keylog", "verify")[0] == 0


def test_a_shorter_copy_or_one_of_another_instance_mends_nothing(app: Flask, command: Command, tmp_path: Path) -> None:
    lines = log.here().read_text().splitlines(keepends=True)
    short = tmp_path / "short"
    short.write_text("".join(lines[:-1]))
    code, _, told = command(app, "keylog", "mend", str(short))
    assert (code, told.count("\n")) == (2, 1)
    other = tmp_path / "other"
    other.write_text(files.header(uuid.UUID(int=7)) + "".join(lines[1:]))
    assert command(app, "keylog", "mend", str(other))[0] == 2
    assert command(app, "keylog", "mend", str(tmp_path / "none"))[0] == 2


@pytest.mark.slow
def test_tend_puts_rows_right_that_differ_from_the_log(app: Flask, command: Command) -> None:
    with transaction() as session:
        session.execute(update(Member).where(Member.login == "rinas.border_officer").values(role="duty_officer"))
        session.execute(update(Organisation).where(Organisation.code == "RINAS").values(crossing_point="durres"))
    code, told, _ = command(app, "keylog", "verify")
    assert (code, "2 rows" in told.decode()) == (1, True)
    assert tending.tend()["rows_followed"] == 2
    assert tending.tend()["rows_followed"] == 0
    db.session.rollback()
    assert db.session.scalar(select(Member.role).where(Member.login == "rinas.border_officer")) == "border_officer"
    assert command(app, "keylog", "verify")[0] == 0


@pytest.fixture
def backed_up(app: Flask, tmp_path: Path) -> tuple[Path, list[bytes], backups.Written]:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = [backups.new_key_files() for _ in range(2)]
    first, second = (backups.recipient_in(public.encode()) for _, public in made)
    written = backups.take(folder, (first, second), tell=lambda _: None)
    return folder, [backups.private_key_in(private.encode()) for private, _ in made], written


def restored(
    app: Flask, tmp_path: Path, written: backups.Written, privates: list[bytes], *logs: Path
) -> tuple[Flask, backups.Settled]:
    """The backup in a new folder with the key files of the instance, settled with these copies of the key log."""
    disconnect()
    here, there = Path(app.extensions["nrm.config"].directory), tmp_path / "restored"
    there.mkdir()
    shutil.copytree(here / "keys", there / "keys")
    shutil.copy(here / "instance.toml", there)
    new = factories.open_instance(there)
    with new.app_context():
        backups.fill(written.main, written.shred, privates)
        settled = backups.settle(None, logs)
        disconnect()
    return factories.open_instance(there), settled


@pytest.mark.slow
def test_who_left_since_the_backup_stays_out_when_a_longer_copy_is_there(
    app: Flask, backed_up: tuple[Path, list[bytes], backups.Written], tmp_path: Path
) -> None:
    folder, privates, written = backed_up
    assert copies.read(folder / "keylog.log").state == log.state(db.session)
    before = entries_there()
    ended("vatra.case_worker", "vatra.shelter_manager")
    after = entries_there()
    assert after > before
    junk = tmp_path / "junk"
    junk.write_text("none\n")
    new, settled = restored(app, tmp_path, written, privates, folder / "keylog.log", log.here(), junk, tmp_path / "no")
    assert (settled.key_log_entries, settled.rows_followed) == (after - before, 2)
    with new.app_context():
        assert log.state(db.session).number == after
        assert copies.first_wrong() is None
        assert copies.read(log.here()).state == log.state(db.session)
        with pytest.raises(accounts.SignInRefused):
            accounts.sign_in(login="vatra.case_worker", password=factories.PASSWORD)
        assert not db.session.scalars(
            select(KeyringWrap).where(KeyringWrap.member_id == id_of("vatra.case_worker"))
        ).all()
        assert factories.actor("vatra.shelter_manager").role is Role.SHELTER_MANAGER
        # The keyring that the colleague made since is lost with its private half; who is there makes the next.
        vatra = people.organisation("VATRA")
        with pytest.raises(accounts.KeyringDisagrees):
            grants.recipients(db.session(), [vatra])
        db.session.rollback()
        manager = factories.actor("vatra.shelter_manager")
        assert sealing_again.renew_keyring(by=manager) == 3
        assert grants.recipients(db.session(), [vatra])[0].version == 3
        db.session.rollback()
        assert sealing_again.move_grants(by=manager).done
        disconnect()


@pytest.mark.slow
def test_without_a_longer_copy_the_log_of_the_backup_stands(
    app: Flask, backed_up: tuple[Path, list[bytes], backups.Written], tmp_path: Path
) -> None:
    folder, privates, written = backed_up
    before = entries_there()
    ended("vatra.case_worker", "vatra.shelter_manager")
    other = tmp_path / "other.log"  # of another instance: whole, longer, and not ours
    lines = log.here().read_text().splitlines(keepends=True)
    other.write_text(files.header(uuid.UUID(int=7)) + "".join(lines[1:]))
    new, settled = restored(app, tmp_path, written, privates, folder / "keylog.log", other)
    assert settled.key_log_entries == 0
    with new.app_context():
        assert log.state(db.session).number == before
        disconnect()


def test_a_longer_copy_in_the_backup_folder_is_never_replaced(
    app: Flask, backed_up: tuple[Path, list[bytes], backups.Written]
) -> None:
    folder, _, _ = backed_up
    whole = (folder / "keylog.log").read_bytes()
    (folder / "keylog.log").write_bytes(whole + b'{"more": 1}\n')
    backups._copy_key_log(folder)
    assert (folder / "keylog.log").read_bytes() == whole + b'{"more": 1}\n'
    (folder / "keylog.log").write_bytes(whole[:-50])
    backups._copy_key_log(folder)
    assert (folder / "keylog.log").read_bytes() == whole
