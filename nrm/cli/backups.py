"""Backups: the keys of those who keep them, writing a pair, restoring it, and testing whether it can be restored.

A drill needs nobody's password (ADR 0177).
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy.exc import OperationalError, SQLAlchemyError, StatementError

from config import Config
from nrm import create_app, faults, revisions, schema
from nrm.actions import backups as actions
from nrm.cli.drilling import temporary
from nrm.cli.instance import folder_of_country, instance_settings
from nrm.cli.places.files import write_once
from nrm.cli.places.key_files import lost_option, match_key, of_another, refuse_others, refused_keys, say_unchecked
from nrm.cli.places.misspelt import tell_misspelt
from nrm.cli.places.new import no_folder_left, remove_databases
from nrm.cli.progress import Steps
from nrm.cli.refusals import Refused
from nrm.cli.said.failures import TAKES_NOTHING, reason
from nrm.cli.telling import answer, json_option, remark
from nrm.cli.usage import application, application_of_any_version, instance_option, settings, signed_in
from nrm.db import db, disconnect
from nrm.steps import health
from nrm.steps import key_files as whose
from nrm.steps.shelter.erasures import LIST

SAMPLE = 25
KEY_LOG = actions.KEY_LOG
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False, writable=True)


class _ToBeMade(click.Path):
    """A folder that nobody makes unasked: it may be a disk that is not mounted. Where it is missing, it is said how to
    make it, open to its owner alone."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, exists=True, file_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The folder; raises click.BadParameter."""
        if not Path(value).exists():
            make = f"install -d -m 0700 {shlex.quote(str(value))}"
            self.fail(f"{value}: there is no such folder; mount its disk, or make it: {make}", param, ctx)
        return super().convert(value, param, ctx)


def _tell(text: str) -> None:
    """Say what has to be done."""
    click.echo(text, err=True)


@click.command("backup-key")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The private key file.")
@json_option("private", "public")
def backup_key(out: Path) -> None:
    """Make the key of one who keeps backups: FILE, to be locked away, and FILE.pub, to be given to the operator."""
    if not out.name:
        raise Refused("--out: name the file of the private key")
    private, public = actions.new_key_files()
    recipient = out.with_name(out.name + ".pub")
    try:
        write_once(out, private.encode(), 0o400)
        try:
            write_once(recipient, public.encode(), 0o444)
        except OSError:
            out.unlink()
            raise
    except FileExistsError as error:
        raise Refused(f"--out: {error.filename or out} is there already, and is kept; name another file") from None
    except OSError as error:
        raise Refused(f"--out: {out} cannot be made: {error.strerror}") from None
    answer([], private=str(out), public=str(recipient))
    remark(f"Keep {out} away from the server; give {recipient} to the person who runs `nrm backup`.")


@click.command()
@instance_option
@click.option("--to", envvar="NRM_BACKUPS", required=True, type=_ToBeMade(), help="The folder (default: NRM_BACKUPS).")
@click.option("--recipient", "recipients", multiple=True, required=True, type=_FILE, help="FILE.pub; give it twice.")
@json_option("main", "shred", "shred_files_deleted", always=True)
def backup(directory: Path, to: Path, recipients: tuple[Path, ...]) -> None:
    """Write both databases, as they are at one instant, as main-TIME and shred-TIME, while others go on working.

    Each file opens only with the private keys of both recipients. Shred files are deleted after seven days.
    """
    tell_misspelt(os.environ)
    keys = [_key(actions.recipient_in, path, "--recipient") for path in recipients]
    if len(keys) != 2 or keys[0] == keys[1]:
        raise Refused("--recipient: name two files of different people")
    with application(directory).app_context(), _explained_errors(to=to), Steps() as steps:
        try:
            if (other := actions.foreign(to)) is not None:
                raise Refused(f"--to: {other} is a backup of another instance; name a folder of its own")
            refuse_others(whose.wrong(), directory)  # nobody could restore it: the right ones would be refused
            written = actions.take(to, (keys[0], keys[1]), tell=steps.tell)
            doubted = health.clock_doubted(current_app.extensions["nrm.config"].directory)
        finally:
            disconnect()
    if doubted:
        _tell(f"clock: no shred file was deleted, and this backup has the name of an hour that may be wrong: {doubted}")
    click.echo(
        json.dumps({"main": str(written.main), "shred": str(written.shred), "shred_files_deleted": written.deleted})
    )


@click.command()
@click.option("--dir", "directory", envvar="NRM_DIR", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--main", required=True, type=_FILE, help="The file main-TIME.")
@click.option("--shred", required=True, type=_FILE, help="The file shred-TIME of the same backup.")
@click.option("--key", "keys", multiple=True, required=True, type=_FILE, help="A private key file; give both.")
@click.option("--erased", type=_FILE, help=f"The list of what was erased (default: {LIST} beside the main file).")
@click.option("--since-audit", help="The main database that was in use until now: a file or an address.")
@click.option(
    "--key-log",
    "key_logs",
    multiple=True,
    type=_FILE,
    help=f"A copy of {KEY_LOG} that may be longer than the backup's; the one beside the main file is read too.",
)
@click.option(
    "--list-is-lost",
    is_flag=True,
    help="Every copy of the list of what was erased is lost: what was erased since the backup lives again.",
)
@lost_option
@json_option("taken_at", *(each.name for each in dataclasses.fields(actions.Settled)), "to_be_ended_again", always=True)
def restore(
    directory: Path,
    main: Path,
    shred: Path,
    keys: tuple[Path, ...],
    erased: Path | None,
    since_audit: str | None,
    key_logs: tuple[Path, ...],
    list_is_lost: bool,
    match_is_lost: bool,
) -> None:
    """Make an instance from a pair, in a folder that holds nothing but the key files.

    What was erased since is erased again, all sessions are ended; who left since stays out, by the longest copy of the
    key log. With --since-audit the accesses that were ended
    since the backup are listed: each has to be ended again.
    """
    privates = _both_keys(keys)
    listed = _list_of(main, erased, lost=list_is_lost)
    if directory.exists() and {path.name for path in directory.iterdir()} - {"keys"}:
        raise Refused(f"--dir: {directory} holds more than keys; restore into a new folder")
    with _explained_errors():
        checked = actions.check_pair(main, shred, privates)
    remark(f"whole: {sum(checked.rows.values())} rows of {checked.header.taken_at}")
    with (
        no_folder_left(directory),
        match_key(directory, lost=match_is_lost, was_there="match_keys" in checked.rows, err=True) as new_match,
        _made(directory, checked, frozenset(["match"] if new_match else [])) as (app, sure),
        app.app_context(),
        _explained_errors(directory),
    ):
        actions.fill(main, shred, privates)
        ended = actions.ended_since(_address(since_audit)) if since_audit else None
        settled = actions.settle(listed, [*key_logs, main.parent / KEY_LOG], sure=sure)
        unchecked = whose.left_unchecked(sure)
        whose.note()
        disconnect()
    say_unchecked(unchecked, directory)
    if listed is None:
        _tell(
            f"What was erased since {checked.header.taken_at} lives again: every house and office erases again what it "
            "had erased since, before anybody works."
        )
    if ended is None:
        _tell("Accesses that were ended since live again: end them again, or say --since-audit to have them listed.")
    answer = {"taken_at": checked.header.taken_at, **dataclasses.asdict(settled), "to_be_ended_again": ended}
    click.echo(json.dumps(answer, ensure_ascii=False))


def _list_of(main: Path, erased: Path | None, *, lost: bool) -> Path | None:
    """The list of what was erased; None where every copy of it is said to be lost. Raises Refused."""
    listed = erased or main.parent / LIST
    if lost and listed.is_file():
        raise Refused(f"--list-is-lost: {listed} is there; a list that is too old or damaged: move it away first")
    if not lost and not listed.is_file():
        raise Refused(
            f"--erased: there is no {listed}; give the list of what was erased: it lies in the folder of the backups "
            "(NRM_BACKUPS) and beside each copy of a main file. Only if every copy is lost, say --list-is-lost: what "
            "was erased since the backup then lives again"
        )
    return None if lost else listed


def _address(given: str) -> str:
    if given.startswith(("postgresql://", "postgresql+psycopg://")):
        return "postgresql+psycopg://" + given.split("://", 1)[1]
    path = Path(given).absolute()
    if not path.is_file():
        raise Refused(f"--since-audit: there is no file {path}")
    return f"sqlite:///file:{path}?mode=ro&uri=true"


@contextmanager
def _made(
    directory: Path, checked: actions.Checked, new_keys: frozenset[str]
) -> Iterator[tuple[Flask, frozenset[str]]]:
    """(application, key files that are sure to be right) of a new instance with empty databases.

    `new_keys`: the key files that were just made. If anything goes wrong, nothing is left of it.
    """
    header = checked.header
    instance = directory / "instance.toml"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        instance.write_text(instance_settings(header.country, header.language, folder_of_country()), "utf-8")
    except OSError as error:
        raise Refused(f"--dir: {directory} cannot be written: {error.strerror}") from None
    empty = False
    app = None
    try:
        old = {name: value for name, value in header.checks.items() if name not in new_keys}
        with _explained_errors(directory):
            sure = whose.compare(settings(directory).secrets, old, header.pair) | new_keys
        app = application_of_any_version(directory)
        with app.app_context():
            _must_be_empty()
        empty = True
        yield app, sure
    except BaseException:
        instance.unlink()
        if app is not None:
            _undo(app, directory, with_tables=empty)
        raise


_ELSEWHERE = "unset NRM_DATABASE and NRM_SHRED_DATABASE to restore into files of --dir, or name empty databases"


def _must_be_empty() -> None:
    try:
        for name, engine in (("NRM_DATABASE", db.engine), ("NRM_SHRED_DATABASE", db.engines["shred"])):
            with engine.connect() as connection:
                if revisions.revision(connection):
                    raise Refused(f"{name}: holds an instance already; {_ELSEWHERE}")
    except SQLAlchemyError:
        raise Refused("NRM_DATABASE: the databases cannot be reached") from None


def _undo(app: Flask, directory: Path, *, with_tables: bool) -> None:
    """Take away what was made; `with_tables`: the databases were empty, so that all in them is from here."""
    with app.app_context():
        db.session.rollback()
        engines = list(db.engines.values())
        files = [Path(each.url.database or "") for each in engines if each.dialect.name == "sqlite"]
        if with_tables and len(files) < len(engines):
            schema.downgrade("base")
            for engine in engines:
                with engine.begin() as connection:
                    connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        disconnect()
    if with_tables:
        remove_databases(files)  # and no statement, for which a full disk has no room
    for path in directory.iterdir():
        if path.name != "keys" and path.is_file():
            path.unlink()


@click.command()
@instance_option
@click.option("--to", envvar="NRM_BACKUPS", required=True, type=_FOLDER, help="The folder (default: NRM_BACKUPS).")
@click.option("--key", "keys", multiple=True, required=True, type=_FILE, help="A private key file; give both.")
@click.option("--as", "login", help="Somebody who opens cases, to open some, too; the password is asked.")
@json_option("taken_at", "rows", "opened", "findings", always=True)
def drill(directory: Path, to: Path, keys: tuple[Path, ...], login: str | None) -> int:
    """Restore the newest pair into databases made for it, look whether all is there and whole, and remove them.

    With --as also whether compartments open with the keys of that member; without it nobody's password is needed.
    On PostgreSQL they are made on the server, which takes the right to: ALTER ROLE ... CREATEDB, or two empty databases
    named by NRM_DRILL_DATABASE and NRM_DRILL_SHRED_DATABASE. Findings on standard output and exit 1.
    """
    privates = _both_keys(keys)
    tell_misspelt(os.environ)
    pair = actions.newest_pair(to)
    if pair is None:
        raise Refused(f"--to: {to} holds no pair of main-TIME and shred-TIME")
    listed = to / LIST
    if not listed.is_file():
        raise Refused(f"--to: {to} holds no {LIST}")
    with _explained_errors(directory), temporary(settings(directory)) as config:
        checked = actions.check_pair(*pair, privates)
        found, opened, tried = _tried_pair(config, pair, privates, checked, listed, login)
        if said := of_another(whose.wrong_by_notes(directory, config.secrets), directory):
            found.append(f"NRM_KEYS: {said}")
    if opened < tried:
        found.append(f"{tried - opened} of {tried} compartments do not open for {login}")
    if login is not None and not tried and not found:
        found.append(f"{login} was granted nothing that could be opened to try: name somebody who holds cases")
    if not found:
        health.note(directory, health.DRILLED)
    shown = opened if login is not None else None
    report = {"taken_at": checked.header.taken_at, "rows": sum(checked.rows.values()), "opened": shown}
    click.echo(json.dumps({**report, "findings": found}))
    return 1 if found else 0


def _tried_pair(
    config: Config,
    pair: tuple[Path, Path],
    privates: list[bytes],
    checked: actions.Checked,
    listed: Path,
    login: str | None,
) -> tuple[list[str], int, int]:
    """(findings, how many compartments opened, how many were tried) of the pair in the databases of `config`.

    Without `login` none is tried.
    """
    with create_app(config, pages=False).app_context():
        try:
            sure = whose.compare(config.secrets, checked.header.checks, checked.header.pair)
            actions.fill(*pair, privates)
            found = actions.findings(checked, listed=None)
            actions.settle(listed, sure=sure)
            found += actions.findings(None, listed)
        except StatementError as error:
            if isinstance(error, OperationalError):
                raise
            return [f"the pair cannot be restored there: {_of_kind(error)}"], 0, 0
        finally:
            disconnect()
    if login is None:
        return found, 0, 0
    # A new application: the database that is there now says whether people are synthetic, and so if a code is asked.
    app = create_app(config, pages=False)
    try:
        with signed_in(app, login) as by:
            return found, *actions.sample_opens(SAMPLE, by=by)
    finally:
        with app.app_context():
            disconnect()


def _of_kind(error: SQLAlchemyError) -> str:
    """The kind of a database error; its message is left out, because it may repeat a row."""
    return type(getattr(error, "orig", None) or error).__name__


def _both_keys(paths: tuple[Path, ...]) -> list[bytes]:
    """The private keys of the two keepers; raises Refused for one alone, also where it is given twice."""
    privates = [_key(actions.private_key_in, path, "--key") for path in paths]
    if len(set(privates)) < 2:
        raise Refused("--key: one key opens no backup; give --key twice, with the private key file of each keeper")
    return privates


def _key(read, path: Path, option: str) -> bytes:  # type: ignore[no-untyped-def]
    private = read is actions.private_key_in
    other = actions.recipient_in if private else actions.private_key_in
    what = "the private key of this backup (a new key opens no old backup)" if private else "FILE.pub"
    none = Refused(f"{option}: {path} is no key file for this; name {what}, as `nrm backup-key` made it")
    try:
        content = path.read_bytes()
    except OSError:
        raise none from None
    with suppress(actions.NotABackup):
        return bytes(read(content))
    try:
        other(content)
    except actions.NotABackup:
        raise none from None
    if private:
        raise Refused(f"{option}: {path} is the public half of a key: name the other one, its private key file")
    raise Refused(f"{option}: {path} is the private half of a key, which its keeper locks away: name {path}.pub")


@contextmanager
def _explained_errors(directory: Path | None = None, to: Path | None = None) -> Iterator[None]:
    """Turn the errors that backups can raise into Refused with one line; `directory`: whose key files are named; `to`:
    the folder that is written into."""
    try:
        yield
    except actions.NotABackup:
        raise Refused(
            "--main, --shred: these are not the two files of one backup (is one in the place of the other?), or of a "
            "newer program"
        ) from None
    except (actions.CannotOpen, actions.Unreadable):
        raise Refused(
            "--key: a file does not open: it needs both keys that it was made for, or it was changed or cut off"
        ) from None
    except actions.Busy:
        raise Refused("--to: another backup is being written there") from None
    except actions.OlderSchema:
        raise Refused("--dir: the databases are of another version of this program; run nrm upgrade first") from None
    except whose.OtherKeys as error:
        raise refused_keys(error.names, directory) from None
    except actions.OldList:
        raise Refused(
            "--erased: the list is of another instance, or older than the backup; give one of its hour or "
            "later (only if there is none: move it away, and say --list-is-lost)"
        ) from None
    except actions.ForgedList as error:
        raise Refused(f"--erased: line {error} was not written by this instance") from None
    except actions.NotThisChain:
        raise Refused("--since-audit: its audit chain does not go on from the one in the backup") from None
    except SQLAlchemyError as error:
        full = faults.is_of_a_disk_that_takes_nothing(error)
        what = f"a database did not do what was asked of it: {_of_kind(error)}"
        said = f"{TAKES_NOTHING}; make room and try again" if full else what
        raise Refused(f"NRM_DATABASE, NRM_SHRED_DATABASE: {said}") from None
    except OSError as error:
        named = error.filename or (f"--to: {to}" if to else "a file")
        raise Refused(f"{named}: {reason(error)}") from None
