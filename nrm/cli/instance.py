"""Making and running an instance."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from config import Config, MisConfigured, database_addresses, key_files, lying_together
from nrm import countries, faults, revisions, schema
from nrm.actions import country_folders, country_versions, following, instances
from nrm.actions.accounts import joining
from nrm.cli.places.files import write_once
from nrm.cli.places.key_files import lost_option, match_key
from nrm.cli.places.misspelt import STARTED_BY, misspelt
from nrm.cli.places.new import NewPlaces, new_places, nothing_half_made
from nrm.cli.refusals import Refused
from nrm.cli.said.failures import TAKES_NOTHING
from nrm.cli.telling import answer, json_option, remark, wants_json
from nrm.cli.usage import (
    account_of_machine,
    application,
    application_of_any_version,
    as_given,
    instance_option,
    missing_file,
    outdated_of,
)
from nrm.db import disconnect
from nrm.steps import key_files as whose

A_HOME = "https://nrm.example"
"""Stands in the printed command for the address that people open."""


@click.command()
@click.option("--dir", "directory", envvar="NRM_DIR", required=True, type=click.Path(path_type=Path))
@click.option("--country", "named", required=True, help="A country of the program, by its code, or a folder of data.")
@click.option("--language", help="Of pages, until somebody chooses; without it the country's first.")
@click.option("--one-folder", is_flag=True, help="Key files and databases may lie in one folder; do not ask.")
@json_option("invitation")
def init(directory: Path, named: str, language: str | None, one_folder: bool) -> None:
    """Make an instance and print the invitation link of its first administrator."""
    country, folder = named_country(named)
    data = _of_a_new_instance(directory, country, folder)
    if language is not None and language not in data.languages:
        raise Refused(f"--language: {language} is none of the country's ({', '.join(data.languages)})")
    if data.training:
        raise Refused(f"--country: {named} is the country of a training, which nrm demo --trainee makes; name another")
    if unknown := misspelt(os.environ):  # what would lie in the wrong place cannot be moved by doing it again
        raise Refused(unknown[0])
    # Without an address the first link would lead nowhere, or, by one of a sample, to a stranger.
    if os.environ.get(STARTED_BY) and not os.environ.get("NRM_ADDRESS"):
        raise Refused(
            "NRM_ADDRESS: write the address that people open into the file of settings (/etc/nrm/nrm.env) first: the "
            "first link leads there"
        )
    new_places(directory)
    if not one_folder:
        _ask_about_places(directory)
    app = make_instance(directory, country, folder=folder, language=language or data.language, synthetic=False)
    with app.app_context():
        path = f"/invitations/{joining.invite_first(login='administrator', name='Administrator')}"
    answer([path], invitation=path)
    address = app.extensions["nrm.config"].address
    opened = f"{address}{path}" if address else "this path on the server's address"
    remark(f"Open {opened} within 48 hours; it works once.")
    for line in _how_to_serve(directory, app.extensions["nrm.config"]).splitlines():
        remark(line)


def _ask_about_places(directory: Path) -> None:
    """Say in one line which parts of the instance would lie together, and ask; Refused where nobody can answer."""
    try:
        found = lying_together(os.environ, directory)
    except MisConfigured as error:
        raise Refused(str(error)) from None
    if found is None:
        return
    parts, settings = ", ".join(found.parts), ", ".join(found.settings)
    said = f"{parts} would lie in one place, where one thief takes them all: set {settings} to places of their own"
    if not sys.stdin.isatty():
        raise Refused(f"{said}, or say --one-folder")
    if not click.confirm(f"{said}. Go on all the same?", err=True):
        raise Refused("nothing was made")


def _how_to_serve(directory: Path, config: Config) -> str:
    """The command to run next, with what it needs in the place where this command ran."""
    if started := os.environ.get(STARTED_BY):
        return f"Then start it with:\n  {started}"
    program = sys.argv[0] if Path(sys.argv[0]).name == "nrm" else "nrm"
    command = f"{shlex.quote(program)} serve --dir {shlex.quote(str(directory))} --port 5000"
    address = "" if config.address else f"NRM_ADDRESS={A_HOME} "
    if config.tls_certificate is not None or config.proxies:
        return f"Then start it, with the address that people open, with:\n  {address}{command}"
    return (
        f"Then start it with, behind a proxy on this machine that speaks TLS and sends X-Forwarded-Proto and "
        f"X-Forwarded-Host:\n"
        f"  {address}NRM_PROXIES=1 {command}\n"
        "or, without a proxy, with NRM_TLS_CERTIFICATE and NRM_TLS_KEY set to PEM files instead of NRM_PROXIES."
    )


@click.command()
@instance_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@lost_option
@json_option("from", "to", "dry_run", "changes", "kept", "not_read", "not_done", "to_be_founded")
def upgrade(directory: Path, dry_run: bool, match_is_lost: bool) -> None:
    """Bring an instance to this version of the program and to its country's file; doing it again changes nothing.

    Stop the server first, and take a backup with the version that ran before: it cannot read the new tables.
    """
    before = _check_there(directory)
    told: dict[str, Any] = {
        "from": before or revisions.newest(),
        "to": revisions.newest(),
        "dry_run": dry_run,
        "to_be_founded": 0,
    }
    app, listed = _brought_up(directory, before, dry_run=dry_run, match_is_lost=match_is_lost)
    if before and dry_run:
        line = f"would be upgraded: {before} to {revisions.newest()}; the country is compared after that"
        answer([line], **told, changes=[], kept=[], not_read=[], not_done=[])
        return
    with app.app_context():
        lines, found = _follow(app, directory, f"upgraded: {before} to" if before else "up to date:", dry_run)
    if listed:
        lines.append(f"key log: {listed} organisations are to be founded within 60 days")
    answer(lines, **{**told, **found, "to_be_founded": listed})
    if found["not_done"] or not all(each["done"] for each in found["changes"]):
        click.get_current_context().exit(1)


def _brought_up(directory: Path, before: str, *, dry_run: bool, match_is_lost: bool) -> tuple[Flask, int]:
    """(application whose tables are of this version, organisations that are to be founded); `dry_run`: as they are."""
    if dry_run:
        return application_of_any_version(directory), 0
    listed = 0
    with (
        _unserved(directory) if before else nullcontext(),
        _match_key(directory, match_is_lost) as new_match,
    ):
        app = application_of_any_version(directory)
        with app.app_context():
            if before:
                schema.upgrade()
                disconnect()
                listed = instances.keep_what_was_before()
                disconnect()
            whose.note_what_is_right(new=["match"] if new_match else [])
            disconnect()
    return app, listed


@contextmanager
def _match_key(directory: Path, lost: bool) -> Iterator[bool]:
    """Make the key file `match` of an instance from before there was one, or of one whose `match` is said to be lost;
    gives whether it was made. Refused where something lies under the one that is missing."""
    if not (directory / "instance.toml").is_file():
        yield False
        return
    try:
        there = key_files(os.environ, directory)["match"].exists()
        was_there = there or whose.was_noted(directory, "match") or whose.lies_under_match(_addresses(directory)[0])
    except whose.SQLAlchemyError:
        raise Refused("NRM_DATABASE: the database cannot be reached") from None
    with match_key(directory, lost=lost, was_there=was_there, err=wants_json()) as made:
        yield made


def _addresses(directory: Path) -> tuple[str, str]:
    """Of both databases; raises Refused."""
    try:
        return database_addresses(os.environ, directory)
    except MisConfigured as error:
        raise Refused(as_given(error)) from None


def _check_there(directory: Path) -> str:
    """The revision of databases that are there and of an earlier version, else empty. Raises Refused where one is gone,
    empty, out of reach, or of a newer program, before anything is made in its place or for it."""
    addresses = _addresses(directory)
    gone = [
        missing
        for setting, address in zip(("NRM_DATABASE", "NRM_SHRED_DATABASE"), addresses, strict=True)
        if (missing := missing_file(setting, address, directory.absolute())) is not None
    ]
    none = Refused(
        f"--dir: {directory} holds no databases; is the path right, are NRM_DATABASE and NRM_SHRED_DATABASE set as "
        "when it was made, and is its disk mounted? Only where there never was one: nrm init, or nrm restore"
    )
    if gone:  # both: it was never an instance, or all of it is gone
        raise none if len(gone) == len(addresses) else Refused(gone[0])
    engines = [create_engine(address, hide_parameters=True) for address in addresses]
    try:
        found = outdated_of(engines)
    finally:
        for engine in engines:
            engine.dispose()
    if found == "none":
        raise none
    return found


def _follow(app: Flask, directory: Path, said: str, dry_run: bool) -> tuple[list[str], dict[str, list[Any]]]:
    """Apply, or only list, the changes of the country's file; returns it in lines, and as values."""
    config = app.extensions["nrm.config"]
    standing = country_versions.standing()
    file = standing.country
    try:
        changes = following.follow(file, dry_run=True)
        if not dry_run and any(change.done for change in changes):
            with _unserved(directory):
                changes = following.follow(file)
        if not dry_run and (folder := folder_of_country()) is not None:
            (directory / "instance.toml").write_text(
                instance_settings(config.country, config.language, folder), "utf-8"
            )
        if not dry_run:
            country_folders.record(account=account_of_machine())
    except following.OtherCountry as other:
        raise Refused(f"NRM_COUNTRY: this instance is of {other}, not of {config.country}") from None
    finally:
        disconnect()
    lines = [f"{said} {revisions.newest()}"]
    for change in changes:
        mark = "not done: " if not change.done else "would be done: " if dry_run else ""
        lines.append(mark + change.text)
    if not changes:
        lines.append("country: nothing to do")
    return [*lines, *_of_files(standing, config.country_folder)], {
        "changes": [{"what": change.text, "done": change.done} for change in changes],
        "kept": [str(each) for each in standing.kept],
        "not_read": [str(each) for each in standing.unread],
        "not_done": [str(each) for each in standing.unfit],
    }


def _of_files(standing: country_versions.Standing, folder: Path | None) -> list[str]:
    """A line for each key of an own country that differs from the program's, and for each edit that nobody reads."""
    lines = [f"kept: {each}" for each in standing.kept]
    if standing.kept:
        where = f"into {folder} and stop, upgrade and start again, or " if folder is not None else ""
        lines.append(
            f"kept: yours count, as before. To take what the program ships write it {where}into a copy and apply that "
            "(nrm country apply)"
        )
    lines += [f"not read: {each}" for each in standing.unread]
    if standing.unread:
        lines.append(
            f"not read: {folder} was edited, but what was applied counts: apply the edit, too (nrm country apply)"
        )
    return lines + [
        f"not done: {each}. The one before it counts until then: write its files out (nrm country export), mend "
        "them and apply them (nrm country apply)"
        for each in standing.unfit
    ]


@contextmanager
def _unserved(directory: Path) -> Iterator[None]:
    """Raise Refused while a server works on the instance: the lock of the worker that tends."""
    descriptor = os.open(directory / "tend.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"--dir: {directory} is being served; stop the server first") from None
    finally:
        os.close(descriptor)


def instance_settings(country: str, language: str, folder: Path | None) -> str:
    """The text of `instance.toml`. It names the country's folder, so that every later command reads the same one."""
    text = f'country = "{country}"\nlanguage = "{language}"\n'
    return text if folder is None else text + f"country_folder = {json.dumps(str(folder), ensure_ascii=False)}\n"


def folder_of_country() -> Path | None:
    """The folder that `NRM_COUNTRY_FOLDER` names, if it is set."""
    named = os.environ.get("NRM_COUNTRY_FOLDER")
    return Path(named).absolute() if named else None


def make_instance(
    directory: Path,
    country: str,
    *,
    folder: Path | None = None,
    language: str,
    synthetic: bool,
    second_factor: bool = False,
    synchronous: str = "FULL",
) -> Flask:
    """An empty instance in an empty folder: keys, databases, organisations. Raises Refused.

    `folder`: where the country's files are, if not with the program.
    `second_factor`: whether a synthetic instance asks for it; all others always do.
    """
    folder = folder or folder_of_country()
    data = _of_a_new_instance(directory, country, folder)
    places = new_places(directory)
    with nothing_half_made(directory, places):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in places.keys.values():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                write_once(path, secrets.token_bytes(32), 0o400)
            write_once(directory / "instance.toml", instance_settings(country, language, folder).encode(), 0o600)
        except OSError as error:
            raise Refused(f"{error.filename or directory} cannot be written: {error.strerror}") from None
        app = application_of_any_version(directory, synchronous=synchronous)
        with app.app_context():
            try:
                schema.upgrade()
                instances.found(data, synthetic=synthetic, second_factor=second_factor)
                country_folders.record(account=account_of_machine())
                whose.note()
            except SQLAlchemyError as error:
                raise Refused(
                    f"NRM_DATABASE, NRM_SHRED_DATABASE: no instance can be made there: {_why_not(error, places)}"
                ) from None
            finally:
                disconnect()
    # The application knows whether it is synthetic from the database, which did not exist when it was made.
    return application(directory, synchronous=synchronous)


def _why_not(error: SQLAlchemyError, places: NewPlaces) -> str:
    """What the databases that were to be made stopped at; of a disk, in which folder how much is free."""
    if not faults.is_of_a_disk_that_takes_nothing(error):
        return type(getattr(error, "orig", None) or error).__name__
    folders = sorted({file.parent for file in places.databases})
    free = ", ".join(f"{shutil.disk_usage(each).free // 1024} KiB free in {each}" for each in folders)
    return f"{TAKES_NOTHING}{f' ({free})' if free else ''}; make room and try again"


def named_country(named: str) -> tuple[str, Path | None]:
    """(code, folder) that `--country` names: a folder, or a code, with its files in NRM_COUNTRY_FOLDER if that is set.

    Raises Refused, too, where a setting names another country: every later command would read that one.
    """
    set_folder, set_code = folder_of_country(), os.environ.get("NRM_COUNTRY")
    is_folder = Path(named).is_dir() and not named.isidentifier()
    try:
        country, folder = countries.place_of(named if is_folder or set_folder is None else str(set_folder))
    except countries.CountryError as error:
        raise Refused(f"--country: {error}") from None
    if not is_folder and set_folder is not None and country != named:
        raise Refused(f"--country: NRM_COUNTRY_FOLDER holds {country}, not {named}; name the one that is meant")
    if is_folder and set_folder is not None and set_folder.resolve() != Path(named).resolve():
        raise Refused("--country: NRM_COUNTRY_FOLDER names another folder; unset it")
    if set_code and set_code != country:
        raise Refused(f"--country: NRM_COUNTRY names {set_code}, not {country}; unset it")
    return country, folder


def _of_a_new_instance(directory: Path, country: str, folder: Path | None) -> countries.Country:
    """The data of the country, for a folder in which nothing is yet; raises Refused."""
    try:
        data = countries.load(country, folder)
    except countries.CountryError as error:
        raise Refused(f"--country: {error}") from None
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Refused(f"--dir: {directory} is not empty; an instance is made in a new folder")
    return data
