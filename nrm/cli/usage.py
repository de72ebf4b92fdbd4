"""What all commands share: the instance's folder, who is asking, and how a refusal is said."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from getpass import GetPassWarning
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from flask import Flask
from sqlalchemy import Engine, make_url

from config import Config, MisConfigured, load_config, missing_database
from nrm import create_app, faults, parsing, revisions
from nrm.actions import instances
from nrm.actions.accounts import accounts
from nrm.catalogues import UnreadableCatalogue
from nrm.cli.refusals import Refused
from nrm.cli.said.failures import TAKES_NOTHING
from nrm.countries import CountryError
from nrm.db import db, disconnect
from nrm.domain.accounts.accounts import Actor, OrganisationOut, SignInRefused, WaitsForColleague
from nrm.domain.accounts.failed_attempts import TooSoon

LARGEST_JSON = 1024 * 1024
_NOBODY_SIGNED_IN = 2**32 - 1


def instance_option(command: Any) -> Any:
    """`--dir DIR`, or NRM_DIR."""
    return click.option(
        "--dir",
        "directory",
        envvar="NRM_DIR",
        required=True,
        type=click.Path(path_type=Path, file_okay=False),
        help="The instance's folder (default: NRM_DIR).",
    )(command)


def login_option(command: Any) -> Any:
    """`--as LOGIN`; the password from NRM_PASSWORD or asked, the code from NRM_TOTP or asked."""
    return click.option("--as", "login", required=True, help="Your sign-in name; the password is asked.")(command)


def application(directory: Path, *, synchronous: str = "FULL", pages: bool = False) -> Flask:
    """The instance's application, with pages for who serves it; raises Refused naming the setting or the file, or that
    its tables are missing or of an earlier version."""
    config = settings(directory)
    for name, address in (("NRM_DATABASE", config.database), ("NRM_SHRED_DATABASE", config.shred_database)):
        if (missing := missing_file(name, address, config.directory)) is not None:
            raise Refused(missing)
    app = application_of_any_version(directory, synchronous=synchronous, pages=pages)
    found = outdated(app)
    if found == "none":
        raise Refused("NRM_DATABASE, NRM_SHRED_DATABASE: one of the databases is empty; put back a backup")
    if found:
        raise Refused(
            "--dir: the databases are of an earlier version of this program; "
            f"stop the server and run: nrm upgrade --dir {directory}"
        )
    with app.app_context():
        try:
            made_of = instances.made_of()
        finally:
            disconnect()
    if made_of not in (None, config.country):  # else it would end, erase and refer by the rules of another country
        raise Refused(f"NRM_COUNTRY: this instance is of {made_of}, not of {config.country}; leave it out")
    return app


def missing_file(setting: str, address: str, directory: Path) -> str | None:
    """What is to be said where the database is a file that is not there; None where it is, or is on a server."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite" or Path(url.database or "").is_file():
        return None
    return f"{setting}: {missing_database(os.environ, setting, Path(url.database or ''), directory)}"


def application_of_any_version(directory: Path, *, synchronous: str = "FULL", pages: bool = False) -> Flask:
    """As `application`, whatever tables are there: for bringing them up to date."""
    try:
        return create_app(settings(directory), synchronous=synchronous, pages=pages)
    except (CountryError, MisConfigured) as error:
        raise Refused(str(error)) from None
    except UnreadableCatalogue as error:
        raise Refused(f"translations: {error}") from None


def outdated(app: Flask) -> str:
    """`revisions.outdated` of the instance's two databases; raises Refused."""
    with app.app_context():
        try:
            return outdated_of(db.engines.values())
        finally:
            disconnect()


def outdated_of(engines: Iterable[Engine]) -> str:
    """`revisions.outdated`; raises Refused."""
    try:
        return revisions.outdated(engines)
    except revisions.Newer:
        raise Refused("--dir: the databases are of a newer version of this program; run that one") from None
    except revisions.Unreachable as error:
        full = error.__cause__ is not None and faults.is_of_a_disk_that_takes_nothing(error.__cause__)
        what = TAKES_NOTHING if full else "the databases cannot be reached"
        raise Refused(f"NRM_DATABASE, NRM_SHRED_DATABASE: {what}") from None


def settings(directory: Path) -> Config:
    """The instance's configuration; raises Refused naming the setting."""
    try:
        return load_config({**os.environ, "NRM_DIR": str(directory)})
    except MisConfigured as error:
        raise Refused(as_given(error)) from None


def as_given(error: MisConfigured) -> str:
    """What is wrong with a setting; of the instance's folder by the name under which the command got it."""
    text = str(error)
    context = click.get_current_context(silent=True)
    typed = context is not None and context.get_parameter_source("directory") is ParameterSource.COMMANDLINE
    if typed and text.startswith("NRM_DIR: "):
        return f"--dir: {text.removeprefix('NRM_DIR: ').replace(' (or --dir) ', ' ', 1)}"
    return text


def account_of_machine() -> int:
    """The account of whoever runs the command, as a number: the one that was signed in with, as the kernel keeps it
    behind `sudo` and `runuser`, where it does; else that of the process."""
    try:
        signed_in_with = int(Path("/proc/self/loginuid").read_text("ascii"))
    except (OSError, ValueError):
        return os.getuid()
    return os.getuid() if signed_in_with == _NOBODY_SIGNED_IN else signed_in_with


def _asked_password() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return str(click.prompt("Password", hide_input=True, err=True))
        except GetPassWarning:
            raise Refused("no terminal to ask for the password: put it into NRM_PASSWORD") from None


def _asked_code() -> str:
    """The code that is typed, or the first line of what is piped in. Empty: none, as for an account with a passkey."""
    if sys.stdin.isatty():
        return str(click.prompt("Code from your telephone", err=True, default="", show_default=False))
    if not (line := sys.stdin.readline()):
        raise Refused("no terminal to ask for the code from your telephone: put it into NRM_TOTP")
    return line.strip()


@contextmanager
def signed_in(app: Flask, login: str) -> Iterator[Actor]:
    """An application context in which `login` is signed in; signs out at the end."""
    password = os.environ.get("NRM_PASSWORD")
    if password is None:
        password = _asked_password()
    code = os.environ.get("NRM_TOTP", "")
    if not code and app.extensions["nrm.second_factor"]:
        code = _asked_code()
    with app.app_context():
        try:
            found = accounts.resume(accounts.sign_in(login=login, password=password, code=code))
        except accounts.PasskeyAsked:
            raise Refused(
                "--as: this account needs a passkey, which only a browser asks; set up a telephone, too"
            ) from None
        except OrganisationOut:
            raise Refused("--as: an administrator suspended your organisation; call the duty desk") from None
        except WaitsForColleague:
            raise Refused(
                "--as: too many wrong codes were typed with the right password; a colleague has to let you in again"
            ) from None
        except SignInRefused:
            what = "password and the code" if app.extensions["nrm.second_factor"] else "password"
            raise Refused(f"--as: the sign-in name and the {what} do not belong together") from None
        except TooSoon as too_soon:
            raise Refused(f"--as: too many tries; wait {too_soon.left} seconds and try again") from None
        if isinstance(found, accounts.SignedIn) and found.enrolling:
            accounts.sign_out(by=found.actor)
            raise Refused("--as: set up your second factor first; sign in with a browser")
        if isinstance(found, accounts.SignedIn) and found.asks_password:
            accounts.sign_out(by=found.actor)
            raise Refused("--as: this password is no longer good enough; sign in with a browser and set another one")
        if isinstance(found, accounts.SignedIn) and found.suspended:
            accounts.sign_out(by=found.actor)
            raise Refused("--as: this account is suspended; sign in with a browser to read why and whom to call")
        if not isinstance(found, accounts.SignedIn) or found.waiting:
            raise Refused("--as: this account cannot be used yet; a colleague must confirm it")
        try:
            yield found.actor
        finally:
            accounts.sign_out(by=found.actor)


def read_json(file: Path, option: str) -> Any:
    """What the file that `option` names holds; raises Refused."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_JSON + 1)
        if len(content) > LARGEST_JSON:
            raise parsing.BeyondLimits(parsing.FileLimit.SIZE)
        parsing.check_json(content)
        return json.loads(content.decode("utf-8"), object_pairs_hook=_without_doubles)
    except parsing.BeyondLimits as error:
        raise Refused(f"{option}: {file}: {error}") from None
    except OSError as error:
        raise Refused(f"{option}: {file}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, RecursionError) as error:
        reason = f"`{error}` stands twice" if isinstance(error, _Doubled) else "is not JSON"
        raise Refused(f"{option}: {file}: {reason}") from None


class _Doubled(ValueError):
    """A key that stands twice in one object."""


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise _Doubled(name)
        read[name] = value
    return read
