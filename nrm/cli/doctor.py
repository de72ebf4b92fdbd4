"""`nrm doctor`: what is wrong with an instance, in words, and what to do."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
from babel.dates import format_timedelta
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from config import MisConfigured, database_addresses, key_problem
from nrm.actions import country_folders
from nrm.actions.accounts import key_log
from nrm.cli.places.key_files import of_another
from nrm.cli.places.misspelt import misspelt
from nrm.cli.places.open_to_others import open_to_others
from nrm.cli.refusals import Refused
from nrm.cli.telling import coloured, is_quiet, json_option, wants_json
from nrm.cli.usage import application, instance_option
from nrm.countries import CountryError
from nrm.db import disconnect
from nrm.domain.health import NEEDED, WHAT_TO_DO, Part, Reading, State, by_finding, by_look
from nrm.steps import health, lost_records
from nrm.steps import key_files as whose
from nrm.steps.accounts import refused_accounts
from nrm.steps.shelter import erasures

_TOLD_ELSEWHERE = (SQLAlchemyError, ValueError)
"""That a database does not answer, or holds a value that cannot be read: parts of their own say so."""
_COLOURS = {State.OK: "green", State.WRONG: "red"}


@click.command()
@instance_option
@json_option(*Part)
@click.pass_context
def doctor(context: click.Context, directory: Path) -> None:
    """Look whether the instance is well: one line for each part, with what to do where it is not; then exit 1.

    With --quiet the parts that are well are left out: a timer that sends mail sends none.

    Looks at both databases, the key files, the key log, whether records of people are as the audit chain tells,
    accounts to which much was refused, free disk, when tending, checkpoint, backup and drill were done last, and
    whether a setting is misspelt. Nothing is changed. Of a new instance it ends with 1 until the first backup and the
    first drill were done. With --json each part has a state, the seconds since the last time, and why.
    """
    try:
        app = application(directory)
    except Refused as refused:
        found, folder = _from_outside(directory, refused), []
    else:
        with app.app_context():
            try:
                found = [_more_of(each) for each in health.readings()]
                found.append(_key_log())
                found.append(_records())
                found.append(_refusals())
                folder = _of_folder()
            finally:
                disconnect()
    found.append(by_finding(Part.SETTINGS, "; ".join([*misspelt(os.environ), *folder])))
    if wants_json():
        click.echo(json.dumps({each.part: _plain(each) for each in found}, indent=1))
    else:
        for each in found if not is_quiet() else [each for each in found if each.state is not State.OK]:
            click.echo(coloured(_line(each), _COLOURS.get(each.state, "yellow"), sys.stdout))
    if any(each.state is not State.OK for each in found):
        context.exit(1)


def _from_outside(directory: Path, refused: Refused) -> list[Reading]:
    """All parts of an instance that cannot be opened because a database or a key file is not there; else Refused."""
    if not (directory / "instance.toml").is_file():
        raise refused
    try:
        databases = database_addresses(os.environ, directory)
    except MisConfigured:
        raise refused from None
    backups = Path(named).absolute() if (named := os.environ.get("NRM_BACKUPS")) else None
    places = health.Places(directory.absolute(), *databases, backups)
    found = health.readings_from_outside(places, key_problem(os.environ, directory))
    if all(each.state is State.OK for each in found if each.part in NEEDED):
        raise refused
    later = "looked at when databases and key files are there"
    return [*found, *(Reading(part, State.UNKNOWN, why=later) for part in (Part.KEY_LOG, Part.RECORDS, Part.REFUSALS))]


def _more_of(reading: Reading) -> Reading:
    """The part, looked at more closely than each minute."""
    if reading.part is Part.DISK and reading.state is State.OK:
        return by_finding(reading.part, open_to_others(current_app.extensions["nrm.config"]))
    if reading.part is Part.BACKUP and (wrong := erasures.wrong_lists()):
        return by_finding(reading.part, wrong)
    return _with_second_database(_with_whose_keys(reading))


def _with_whose_keys(reading: Reading) -> Reading:
    """Of key files that can be read, whether they are those of this instance."""
    if reading.part is not Part.KEYS or reading.state is not State.OK:
        return reading
    try:
        wrong = whose.wrong()
    except _TOLD_ELSEWHERE:
        return reading
    return by_finding(reading.part, of_another(wrong, current_app.extensions["nrm.config"].directory))


def _with_second_database(reading: Reading) -> Reading:
    """Of a second database that answers, whether it fits the main one."""
    if reading.part is not Part.SHRED_DATABASE or reading.state is not State.OK:
        return reading
    try:
        return by_finding(reading.part, health.LAGS if health.second_database_lags() else "")
    except _TOLD_ELSEWHERE:
        return reading


UNREADABLE = (
    "a value in the main database cannot be read: another hand changed it. Stop the server, keep the database as "
    "evidence, and put back the two of one backup"
)


def _key_log() -> Reading:
    try:
        return by_look(Part.KEY_LOG, well=not key_log.verify(()).findings)
    except SQLAlchemyError:
        return by_look(Part.KEY_LOG, well=False)
    except ValueError:
        return by_finding(Part.KEY_LOG, UNREADABLE)


def _records() -> Reading:
    try:
        return by_finding(Part.RECORDS, lost_records.lost())
    except SQLAlchemyError:
        return Reading(Part.RECORDS, State.UNKNOWN, why="looked at when the main database answers")
    except (ValueError, KeyError):
        return by_finding(Part.RECORDS, UNREADABLE)


def _refusals() -> Reading:
    try:
        return by_finding(Part.REFUSALS, refused_accounts.named())
    except SQLAlchemyError:
        return Reading(Part.REFUSALS, State.UNKNOWN, why="looked at when the main database answers")


def _of_folder() -> list[str]:
    try:
        return [wrong] if (wrong := country_folders.unrecorded()) else []
    except (CountryError, *_TOLD_ELSEWHERE):
        return []


def _plain(reading: Reading) -> dict[str, object]:
    seconds = None if reading.age is None else int(reading.age.total_seconds())
    told: dict[str, object] = {"state": reading.state, "seconds": seconds}
    return told if reading.state is State.OK else {**told, "why": _why(reading)}


def _why(reading: Reading) -> str:
    return reading.why or WHAT_TO_DO[reading.part]


def _line(reading: Reading) -> str:
    name = reading.part.replace("_", " ")
    since = "" if reading.age is None else f" ({format_timedelta(reading.age, locale='en')} ago)"
    if reading.state is State.OK:
        return f"{name}: ok{since}" + (f": {reading.why}" if reading.why else "")
    return f"{name}: {reading.state}{since}: {_why(reading)}"
