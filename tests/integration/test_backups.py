"""Backups as the commands write and restore them: what comes back, what does not, and what is refused."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import delete, exists, select, update

from nrm import audit, clock
from nrm.actions import backups, tending
from nrm.actions.accounts import beginning_anew, members, organisations
from nrm.actions.referrals import referrals
from nrm.actions.shelter import cases, stays, testimony
from nrm.actions.shelter import matching as here_before
from nrm.cli import nrm
from nrm.cli.refusals import Refused
from nrm.db import Model, ShredModel, db, disconnect, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.shelter.cases import Compartment, Purpose
from nrm.domain.shelter.matching import Said
from nrm.domain.shelter.stays import Destination, ExitReason
from nrm.domain.shelter.strikes import StrikeReason
from nrm.models.audit import AuditEntry
from nrm.models.shelter.cases import Case, SealedCompartment, ShredKey
from nrm.models.shelter.matching import MatchEncoding
from nrm.steps import health
from nrm.steps.shelter import cases as case_steps
from nrm.steps.shelter import erasures as erasure_steps
from nrm.store import days as stay_store
from nrm.store.shelter import case_lists
from nrm.vault import epochs, shredding
from nrm.vault.backup_files.dumping import kind_of
from tests import factories
from tests import factories_referrals as people
from tests import second_hands as hands
from tests.integration.keys.test_key_closure import Files, keys, opened
from tests.invariants.test_sealed import writings
from tests.rights import on_a_full_disk
from tests.thief import BLOBS
from tests.world import PLANTED, World


@dataclass
class Keeper:
    """Two people who keep backups, and a folder for them."""

    folder: Path
    instance: Path
    keys: tuple[Path, Path]

    def back_up(self, *more: str) -> tuple[Path, Path]:
        done = run(
            "backup", "--dir", self.instance, "--to", self.folder,
            *(part for key in self.keys for part in ("--recipient", f"{key}.pub")), *more,
        )  # fmt: skip
        assert done.exit_code == 0, done.stderr
        # A table is no line of a nightly mail: what takes longer than a second is told, and no more often than needed.
        assert len(done.stderr.splitlines()) <= (0 if "--quiet" in more else 3), done.stderr
        written = json.loads(done.stdout)
        return Path(written["main"]), Path(written["shred"])

    def restore(self, into: Path, pair: tuple[Path, Path], *more: object, key_files: bool = True) -> Result:
        if key_files:
            shutil.copytree(self.instance / "keys", into / "keys")
        own = [part for key in self.keys for part in ("--key", key)]
        return run("restore", "--dir", into, "--main", pair[0], "--shred", pair[1], *own, *more)


def run(*arguments: object) -> Result:
    """A command as `nrm` runs it, with the code and the line of a refusal."""
    runner = CliRunner()
    done = runner.invoke(nrm, [str(each) for each in arguments], standalone_mode=False)
    if isinstance(done.exception, Refused):
        done.exit_code = done.exception.code
        done.stderr_bytes = (done.stderr_bytes or b"") + str(done.exception).encode()
    elif done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    elif isinstance(done.return_value, int):
        done.exit_code = done.return_value
    return done


@pytest.fixture
def keeper(world_app: tuple[Flask, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    monkeypatch.setattr("nrm.cli.usage.load_config", factories.cheap_config)
    monkeypatch.setenv("NRM_PASSWORD", factories.PASSWORD)
    made = []
    for name in ("minister", "judge"):
        assert run("backup-key", "--out", tmp_path / name).exit_code == 0
        made.append(tmp_path / name)
    (tmp_path / "backups").mkdir()
    return Keeper(tmp_path / "backups", tmp_path / "world", (made[0], made[1]))


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Every row of both databases of the application in context."""
    found = {}
    for engine, base in ((db.engine, Model), (db.engines["shred"], ShredModel)):
        with engine.connect() as connection:
            for table in base.metadata.sorted_tables:
                found[table.name] = [
                    tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
                ]
    return found


def test_every_column_can_be_written_to_a_backup() -> None:
    for base in (Model, ShredModel):
        for table in base.metadata.tables.values():
            assert all(kind_of(column) for column in table.columns)


@pytest.mark.slow
def test_a_restore_that_fills_the_disk_leaves_nothing_but_the_keys_and_is_called_again(
    keeper: Keeper, tmp_path: Path
) -> None:
    pair, new = keeper.back_up("--quiet"), tmp_path / "new"
    disconnect()
    shutil.copytree(keeper.instance / "keys", new / "keys")
    with on_a_full_disk(3_000_000):  # the tables fit, the rows do not
        done = keeper.restore(new, pair, key_files=False)
    assert done.exit_code == 2
    assert "full, or can only be read; make room and try again" in done.stderr
    assert [path.name for path in new.iterdir()] == ["keys"]
    assert keeper.restore(new, pair, key_files=False).exit_code == 0


@pytest.mark.slow
def test_a_backup_for_which_there_is_no_room_names_its_folder(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("backup", "--dir", keeper.instance, "--to", keeper.folder, *_recipients(keeper))
    assert done.exit_code == 0, done.stderr
    before = sorted(keeper.folder.iterdir())
    monkeypatch.setattr(
        "nrm.actions.backups.vault.write_pair", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    )
    done = run("backup", "--dir", keeper.instance, "--to", keeper.folder, *_recipients(keeper))
    assert done.exit_code == 2
    assert done.stderr == f"--to: {keeper.folder}: the disk is full; make room and try again"
    assert sorted(keeper.folder.iterdir()) == before


def _recipients(keeper: Keeper) -> list[str]:
    return [part for key in keeper.keys for part in ("--recipient", f"{key}.pub")]


@pytest.mark.slow
def test_what_was_backed_up_comes_back_row_for_row(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path
) -> None:
    before = rows()
    pair = keeper.back_up("--quiet")
    now = rows()  # boxes of answers, and the limits of those who send them, are sealed again before a backup
    before |= {name: now[name] for name in ("sealed_compartments", "request_limits")}
    done = keeper.restore(tmp_path / "new", pair)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["keys_swept"] == 0
    with factories.open_instance(tmp_path / "new").app_context():
        after = rows()
        assert list(audit.verify(db.session())) == []
        world = world_app[1]
        nrc = factories.actor("nrc.case_worker")
        cases.open_compartment(case_id=world.case, compartment=Compartment.IDENTITY, purpose=Purpose.CARE, by=nrc)
        assert case_steps.opened(case_id=world.case, by=nrc)[Compartment.IDENTITY].value["given"] == people.PLANTED
        disconnect()
    for name in before:
        if name in ("member_sessions", "openings"):
            assert before[name]
            assert after[name] == []
        elif name == "audit_entries":
            assert after[name][: len(before[name])] == before[name]
        else:
            assert after[name] == before[name], name


def test_neither_file_says_anything_and_nobody_alone_opens_them(keeper: Keeper, tmp_path: Path) -> None:
    pair = keeper.back_up()
    code = db.session.scalars(select(Case.pseudonym)).first()
    assert code
    key = next(iter(db.session.connection(bind_arguments={"bind": db.engines["shred"]}).execute(select(ShredKey.key))))[
        0
    ]
    for file in pair:
        content = file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
        for word in (*PLANTED, code):
            assert not any(written in content for written in writings(word))
        assert key not in content
        assert b"sealed_value" not in content
    for own in keeper.keys:
        for keys_given in ((own,), (own, own)):
            given = [part for each in keys_given for part in ("--key", each)]
            done = run("restore", "--dir", tmp_path / "new", "--main", pair[0], "--shred", pair[1], *given)
            assert done.exit_code == 2
            assert "one key opens no backup; give --key twice" in done.stderr
            assert not (tmp_path / "new").exists()
            # Not because the command says so: the files themselves do not open.
            privates = [backups.private_key_in(each.read_bytes()) for each in keys_given]
            with pytest.raises(backups.CannotOpen):
                backups.check_pair(*pair, privates)


def _cut(content: bytes) -> bytes:
    return content[:-1]


def _cut_at_a_chunk(content: bytes) -> bytes:
    return content[: len(content) - (len(content) - 700) % (64 * 1024 + 16) - 1]


def _longer(content: bytes) -> bytes:
    return content + b"x"


def _flipped(content: bytes) -> bytes:
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


def _other_header(content: bytes) -> bytes:
    return content.replace(b'"language": "sq"', b'"language": "en"')


@pytest.mark.parametrize("damage", [_cut, _cut_at_a_chunk, _longer, _flipped, _other_header])
@pytest.mark.parametrize("which", [0, 1])
def test_a_file_that_is_not_as_it_was_is_refused_and_nothing_is_made(
    keeper: Keeper, tmp_path: Path, which: int, damage: Callable[[bytes], bytes]
) -> None:
    pair = keeper.back_up()
    content = pair[which].read_bytes()
    assert damage(content) != content
    pair[which].write_bytes(damage(content))
    done = keeper.restore(tmp_path / "new", pair)
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"keys"}


@pytest.mark.slow
def test_two_files_of_different_instants_are_no_pair(keeper: Keeper, tmp_path: Path) -> None:
    first, second = keeper.back_up(), keeper.back_up()
    done = keeper.restore(tmp_path / "new", (first[0], second[1]))
    assert done.exit_code == 2
    assert "not the two files of one backup" in done.stderr
    assert keeper.restore(tmp_path / "new", (first[1], first[0]), key_files=False).exit_code == 2


def test_an_instance_is_never_written_over(keeper: Keeper, tmp_path: Path) -> None:
    pair = keeper.back_up()
    before = (keeper.instance / "main.db").read_bytes()
    done = keeper.restore(keeper.instance, pair, key_files=False)
    assert done.exit_code == 2
    assert (keeper.instance / "main.db").read_bytes() == before


@pytest.mark.slow
def test_other_key_files_are_refused_and_nothing_is_left(keeper: Keeper, tmp_path: Path) -> None:
    pair = keeper.back_up()
    shutil.copytree(keeper.instance / "keys", tmp_path / "new" / "keys")
    store_key = tmp_path / "new" / "keys" / "store"
    store_key.chmod(0o600)
    store_key.write_bytes(os.urandom(32))
    done = keeper.restore(tmp_path / "new", pair, key_files=False)
    assert done.exit_code == 2
    assert "NRM_KEYS" in done.stderr
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"keys"}


def test_without_key_files_nothing_is_made(keeper: Keeper, tmp_path: Path) -> None:
    pair = keeper.back_up()
    done = keeper.restore(tmp_path / "new", pair, key_files=False)
    assert done.exit_code == 2
    assert "NRM_KEYS" in done.stderr
    assert not (tmp_path / "new").exists()
    (tmp_path / "there").mkdir()
    assert keeper.restore(tmp_path / "there", pair, key_files=False).exit_code == 2
    assert not list((tmp_path / "there").iterdir())  # what was there before is not taken away
    assert keeper.restore(tmp_path / "deep" / "new", pair, key_files=False).exit_code == 2
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("name", ["NRM_DATABASE", "NRM_SHRED_DATABASE"])
def test_where_the_databases_of_an_instance_are_named_it_is_said_what_to_do_and_nothing_is_left(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pair = keeper.back_up()
    there = keeper.instance / {"NRM_DATABASE": "main.db", "NRM_SHRED_DATABASE": "shred.db"}[name]
    monkeypatch.setenv(name, f"sqlite:///{there}")
    monkeypatch.setenv("NRM_KEYS", str(keeper.instance / "keys"))
    before = rows()
    done = keeper.restore(tmp_path / "new", pair, key_files=False)
    assert done.exit_code == 2
    assert (
        f"{name}: holds an instance already; unset NRM_DATABASE and NRM_SHRED_DATABASE to restore into files of --dir, "
        "or name empty databases" in done.stderr
    )
    assert not (tmp_path / "new").exists()
    assert rows() == before


@pytest.mark.slow
def test_an_old_main_file_with_a_shred_file_after_the_withdrawal_opens_nothing_with_the_own_key(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path
) -> None:
    """The post's own backup, taken while it could read; the referral is accepted; the oldest shred file is younger."""
    world = world_app[1]
    told = keys(world.asked_case, "hand_over", "identity", "story")
    old = keeper.back_up()
    referrals.accept(referral_id=world.asked, place_id=world.bed, by=factories.actor("nrc.case_worker"))
    young = keeper.back_up()
    for name, pair in (("old", old), ("young", young)):
        done = keeper.restore(tmp_path / name, pair)
        assert done.exit_code == 0, done.stderr
    whole = Files(tmp_path / "old", tmp_path / "old")
    mixed = Files(tmp_path / "old", tmp_path / "young")
    assert told <= set(opened(whole, "RINAS"))  # the other half is what makes the difference
    assert not told & set(opened(mixed, "RINAS", "NRC", "IOM", "VATRA", "TRP_UNIT"))
    assert told <= set(opened(Files(tmp_path / "young", tmp_path / "young"), "NRC"))


@pytest.mark.slow
def test_what_was_erased_stays_erased_after_a_restore_also_when_the_database_is_lost(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path
) -> None:
    world = world_app[1]
    nrc = factories.actor("nrc.case_worker")
    later = clock.now() + timedelta(days=1)  # who came by a referral is asked after a night
    clock.set_clock(lambda: later)
    here_before.ask(case_id=world.case, said=Said.YES, with_guardian=True, by=nrc)
    assert encoded(world.case)
    old = keeper.back_up()
    closed(world)
    hands.erased(world.case, factories.actor("nrc.shelter_manager"))
    assert not encoded(world.case)
    shutil.copy(keeper.instance / erasure_steps.LIST, keeper.folder / erasure_steps.LIST)
    done = keeper.restore(tmp_path / "new", old)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["erased_again"] == len(("hand_over", "identity", "story", "care"))
    files = Files(tmp_path / "new", tmp_path / "new")
    case = world.case.hex
    assert {compartment for id_, compartment in opened(files, "NRC", "TRP_UNIT", "RA") if id_ == case} == {
        "legal"  # of a witness
    }
    assert {key[1] for key in files.shred_keys if key[0] == case} == {"legal"}
    with factories.open_instance(tmp_path / "new").app_context():
        assert case_lists.held(by=factories.actor("nrc.case_worker")).rows  # others go on
        assert not encoded(world.case)
        assert here_before.search_due() == 0
        disconnect()


def encoded(case_id: uuid.UUID) -> bool:
    """Whether the person of the case can be looked for."""
    return db.session.scalar(select(exists().where(MatchEncoding.case_id == case_id))) is True


def closed(world: World, *, witness: bool = True) -> None:
    """The person of `world.case` leaves NRC; the case stays open. `witness`: False strikes the testimony, because of
    which an erasure keeps the legal file."""
    if not witness:
        nrc = factories.actor("nrc.case_worker")
        testimony.strike(step_id=world.witness_step, reason=StrikeReason.WRONG_PERSON, by=nrc)
    stays.end(
        stay_id=world.stay,
        ended_on=stay_store.today(),
        exit_reason=ExitReason.INDEPENDENT_LIVING,
        destination=Destination.OWN_HOME,
        where="home",
        by=factories.actor("nrc.shelter_manager"),
    )


@pytest.mark.slow
def test_a_list_somebody_wrote_into_is_refused(world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path) -> None:
    world = world_app[1]
    closed(world)
    hands.erased(world.case, factories.actor("nrc.shelter_manager"))
    pair = keeper.back_up()
    listed = keeper.folder / erasure_steps.LIST
    genuine = listed.read_text()
    # The world erased a draft of its own before.
    number = next(n for n, line in enumerate(genuine.splitlines(), 1) if str(world.case) in line)
    listed.write_text(genuine.replace(str(world.case), str(world.own_case), 1))
    done = keeper.restore(tmp_path / "forged", pair)
    assert done.exit_code == 2
    assert f"line {number} was not written by this instance" in done.stderr
    listed.write_text("".join(genuine.splitlines(keepends=True)[1:]))
    done = keeper.restore(tmp_path / "shortened", pair)
    assert done.exit_code == 2
    assert "older than the backup" in done.stderr
    listed.unlink()
    done = keeper.restore(tmp_path / "missing", pair)
    assert done.exit_code == 2
    for name in ("forged", "shortened", "missing"):
        assert {path.name for path in (tmp_path / name).iterdir()} == {"keys"}
    listed.write_text(genuine + genuine[:40])  # the power failed in the middle of a line
    assert keeper.restore(tmp_path / "torn", pair).exit_code == 0


@pytest.mark.slow
def test_accesses_ended_since_are_listed_from_the_old_chain_if_it_goes_on_from_the_backup(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path
) -> None:
    world = world_app[1]
    pair = keeper.back_up()
    nrc, admin = factories.actor("nrc.case_worker"), factories.actor("administrator")
    cases.end_share(case_id=world.case, organisation_id=world.organisation, by=nrc)
    members.make_code(password=factories.PASSWORD, by=nrc)
    colleague = factories.actor("nrc.shelter_manager").member_id
    assert colleague is not None
    beginning_anew.begin_again(member_id=colleague, by=nrc)
    factories.later(days=14)
    beginning_anew.take_effect_of_anew(by=Actor.system("tend"))
    organisations.suspend(organisation_id=world.organisation, reason=OrganisationReason.ASKED, by=admin)
    disconnect()
    done = keeper.restore(tmp_path / "new", pair, "--since-audit", keeper.instance / "main.db")
    assert done.exit_code == 0, done.stderr
    ended, *more = json.loads(done.stdout)["to_be_ended_again"]
    events = [each["event"] for each in more]
    assert events == ["recovery_code_made", "member_begins_anew", "organisation_suspended"]
    assert (ended["event"], ended["case_id"]) == ("share_ended", str(world.case))
    assert ended["organisation_id_shared"] == str(world.organisation)
    assert ended["code"] == db.session.get_one(Case, world.case).pseudonym
    # The chain of another country, or one that was edited, proves nothing.
    with transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.event == "share_ended").values(details="{}"))
    disconnect()
    done = keeper.restore(tmp_path / "edited", pair, "--since-audit", keeper.instance / "main.db")
    assert done.exit_code == 2
    assert "does not go on" in done.stderr
    assert {path.name for path in (tmp_path / "edited").iterdir()} == {"keys"}


def test_shred_files_are_deleted_after_seven_days_and_main_files_stay(keeper: Keeper) -> None:
    main, shred = keeper.back_up()
    assert backups.forget_shred_files(keeper.folder) == 0
    then = clock.now() + timedelta(days=7, seconds=-30)
    clock.set_clock(lambda: then)
    assert backups.forget_shred_files(keeper.folder) == 0
    later = then + timedelta(seconds=31)
    clock.set_clock(lambda: later)
    younger = keeper.back_up()
    assert not shred.exists()
    assert main.exists()
    assert all(path.exists() for path in younger)
    assert backups.newest_pair(keeper.folder) == younger


@pytest.mark.slow  # three backups
def test_a_clock_that_jumped_ahead_deletes_no_shred_file_and_the_backup_says_so(keeper: Keeper) -> None:
    now = clock.now()
    clock.set_clock(lambda: now)
    pair = keeper.back_up()
    health.note(keeper.instance, health.TENDED)
    clock.set_clock(lambda: now + timedelta(days=365))
    own = [part for key in keeper.keys for part in ("--recipient", f"{key}.pub")]
    done = run("backup", "--dir", keeper.instance, "--to", keeper.folder, *own)
    assert (done.exit_code, json.loads(done.stdout)["shred_files_deleted"]) == (0, 0), done.stderr
    assert "no shred file was deleted" in done.stderr
    assert "nrm tend --clock-is-right" in done.stderr
    assert all(path.exists() for path in pair)
    ahead = Path(json.loads(done.stdout)["shred"])
    year = (now + timedelta(days=365)).timestamp()
    os.utime(ahead, (year, year))
    # The clock is put right: a drill takes the newest pair, and not the one with the name of a year that is to come.
    clock.set_clock(lambda: now + timedelta(hours=1))
    assert backups.newest_pair(keeper.folder) == pair
    assert backups.forget_shred_files(keeper.folder) == 0
    # Nobody knows when the other one was made: at the latest now, and seven days later it is gone.
    for days, stay in ((6.9, True), (7.1, False)):
        then = now + timedelta(days=days, minutes=30)
        clock.set_clock(lambda then=then: then)
        health.note(keeper.instance, health.TENDED)
        backups.forget_shred_files(keeper.folder)
        assert [path.exists() for path in (pair[1], ahead)] == [stay, stay]


def test_a_clock_that_went_back_does_not_take_the_newest_shred_file_for_an_old_one(keeper: Keeper) -> None:
    _, shred = keeper.back_up()
    before, now = shred.stat().st_mtime, clock.now()
    health.note(keeper.instance, health.TENDED)
    clock.set_clock(lambda: now - timedelta(days=300))
    assert backups.forget_shred_files(keeper.folder) == 0
    assert shred.stat().st_mtime == before
    assert backups.newest_pair(keeper.folder) is not None


def test_tending_deletes_them_in_the_folder_of_the_settings_and_keeps_the_list_there(
    world_app: tuple[Flask, World], keeper: Keeper
) -> None:
    app, world = world_app
    _, shred = keeper.back_up()
    app.extensions["nrm.config"] = dataclasses.replace(app.extensions["nrm.config"], backups=keeper.folder)
    closed(world)
    hands.erased(world.case, factories.actor("nrc.shelter_manager"))
    assert (keeper.folder / erasure_steps.LIST).read_text() == (keeper.instance / erasure_steps.LIST).read_text()
    assert str(world.case) in (keeper.folder / erasure_steps.LIST).read_text()
    week = clock.now() + timedelta(days=7, seconds=1)
    clock.set_clock(lambda: week)
    assert tending.tend()["shred_files_deleted"] == 1
    assert not shred.exists()


def test_a_backup_that_fills_the_disk_leaves_nothing_half_written(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It held the disk full until the next night, and on one disk with the databases no page was saved."""

    def full(_: BinaryIO, shred: BinaryIO, *__: object) -> None:
        shred.write(b"x")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nrm.vault.backup_files.backups.write_pair", full)
    own = [part for key in keeper.keys for part in ("--recipient", f"{key}.pub")]
    assert run("backup", "--dir", keeper.instance, "--to", keeper.folder, *own).exit_code == 2
    assert [path.name for path in keeper.folder.iterdir()] == ["backup.lock"]


def test_backups_of_another_instance_are_neither_deleted_nor_mixed_with(
    world_app: tuple[Flask, World], keeper: Keeper
) -> None:
    """Two instances with one NRM_BACKUPS: a list that both wrote is refused by every restore of either."""
    app, world = world_app
    _, shred = keeper.back_up()
    ours = app.extensions["nrm.config"]
    other = dataclasses.replace(ours.secrets, store=b"o" * 32)
    app.extensions["nrm.config"] = dataclasses.replace(ours, backups=keeper.folder, secrets=other)
    week = clock.now() + timedelta(days=8)
    clock.set_clock(lambda: week)
    assert backups.forget_shred_files(keeper.folder) == 0
    assert shred.exists()
    assert backups.foreign(keeper.folder) is not None
    app.extensions["nrm.config"] = dataclasses.replace(ours, backups=keeper.folder)
    assert backups.foreign(keeper.folder) is None
    closed(world)
    app.extensions["nrm.config"] = dataclasses.replace(ours, backups=keeper.folder, secrets=other)
    (keeper.folder / erasure_steps.LIST).unlink()
    erasure_steps.complete_lists()
    assert not (keeper.folder / erasure_steps.LIST).exists()
    app.extensions["nrm.config"] = ours
    store = keeper.instance / "keys" / "store"
    store.chmod(0o600)
    store.write_bytes(b"o" * 32)
    store.chmod(0o400)
    own = [part for key in keeper.keys for part in ("--recipient", f"{key}.pub")]
    refused = run("backup", "--dir", keeper.instance, "--to", keeper.folder, *own)
    assert refused.exit_code == 2
    assert "is a backup of another instance; name a folder of its own" in refused.stderr


@pytest.mark.slow
def test_a_drill_finds_nothing_and_leaves_nothing(keeper: Keeper) -> None:
    keeper.back_up()
    before, drills = {path.name for path in keeper.instance.iterdir()}, set(Path("/dev/shm").glob(".drill-*"))
    own = [part for key in keeper.keys for part in ("--key", key)]
    done = run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own, "--as", "nrc.case_worker")
    assert done.exit_code == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert report["opened"] > 3
    assert {path.name for path in keeper.instance.iterdir()} == before | {"drilled"}  # when it was, and nothing else
    # Another process of the tests may hold a drill at the same time: its folder goes with it.
    deadline = time.monotonic() + 60
    while set(Path("/dev/shm").glob(".drill-*")) - drills:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (keeper.instance / "drilled").unlink()
    done = run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own)  # nobody's password, and all but opening
    assert done.exit_code == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {**report, "opened": None}
    assert (keeper.instance / "drilled").exists()
    done = run("drill", "--dir", keeper.instance, "--to", keeper.folder, "--key", keeper.keys[0])
    assert done.exit_code == 2


@pytest.mark.slow
def test_a_drill_names_what_is_missing_changed_or_does_not_open(world_app: tuple[Flask, World], keeper: Keeper) -> None:
    world = world_app[1]
    with db.engines["shred"].begin() as connection:
        connection.execute(delete(ShredKey).where(ShredKey.case_id == world.case))
    with transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 5).values(event="signed_out"))
        session.execute(
            update(SealedCompartment).where(SealedCompartment.case_id == world.coming_case).values(revision=9)
        )
    keeper.back_up()
    own = [part for key in keeper.keys for part in ("--key", key)]
    done = run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own, "--as", "nrc.case_worker")
    assert done.exit_code == 1
    found = "\n".join(json.loads(done.stdout)["findings"])
    assert "audit entry 5: changed" in found
    assert "5 compartments without their shred key" in found
    assert re.search(r"[78] of \d+ compartments do not open for nrc.case_worker", found)
    done = run("drill", "--dir", keeper.instance, "--to", keeper.folder, *own)
    assert done.exit_code == 1
    assert json.loads(done.stdout)["opened"] is None
    assert "\n".join(json.loads(done.stdout)["findings"]) + "\n" in re.sub("[78] of .*", "", found)
    assert not (keeper.instance / "drilled").exists()


@pytest.mark.slow
def test_backups_taken_while_others_write_and_destroy_are_pairs(
    world_app: tuple[Flask, World], keeper: Keeper, tmp_path: Path
) -> None:
    """Every compartment of each pair has its key, whatever was being sent, accepted and shredded meanwhile."""
    app, world = world_app
    nrc = factories.actor("nrc.case_worker")
    stop, failed = threading.Event(), []

    def work() -> None:
        with app.app_context():
            try:
                while not stop.is_set():
                    with transaction() as session:
                        epochs.rotate(session, world.case, {"identity": [people.organisation("NRC")]}, by=nrc)
                    shredding.work_off()
            except Exception as error:
                failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        pairs = [keeper.back_up() for _ in range(6)]
    finally:
        stop.set()
        thread.join()
    assert not failed
    numbers = set()
    for number, pair in enumerate(pairs):
        assert keeper.restore(tmp_path / str(number), pair).exit_code == 0
        files = Files(tmp_path / str(number), tmp_path / str(number))
        live = {row[:3] for row in files.table(*BLOBS)}
        assert live == set(files.shred_keys)
        numbers.update(
            epoch for case, compartment, epoch in live if (case, compartment) == (world.case.hex, "identity")
        )
    assert len(numbers) > 2  # it really went on meanwhile
