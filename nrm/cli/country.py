"""Countries are folders of data: checking one, and beginning a new one (docs/operator.md)."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask import Flask

from nrm import clock, countries
from nrm.actions import country_versions as actions
from nrm.actions import following
from nrm.cli.places.files import new_folder
from nrm.cli.refusals import Refused
from nrm.cli.said.kinds import DAY, Whole
from nrm.cli.telling import answer, json_option, remark, tell, wants_json
from nrm.cli.usage import account_of_machine, application, instance_option, signed_in
from nrm.countries import checking, files, making, texts
from nrm.countries.weakening import weakens
from nrm.db import disconnect
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.steps.agreement import known_versions


@click.group()
def country() -> None:
    """A country's folder of data."""


@country.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option("findings", "proposals")
def check(folder: Path) -> None:
    """Hold the files of FOLDER (or of a country of the program, by its code) against each other.

    One line for everything that is to be done, FILE: KEY: what to do; then how many rules are proposals.
    """
    try:
        found = checking.check(folder)
    except countries.CountryError as error:
        raise Refused(str(error)) from None
    findings = [str(each) for each in found.findings]
    answer(findings, findings=findings, proposals=found.proposals)
    remark(f"{_number(len(findings), 'finding')}, {_number(found.proposals, 'proposal')}")
    if found.findings:
        click.get_current_context().exit(1)


@country.command()
@click.argument("code")
@click.option("--from", "source", default=countries.DEFAULT, help="The country to begin with: its code, or a folder.")
@click.option("--iso", default="", help="The country's code in ISO 3166, two letters; else it is marked.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="A new folder.")
@json_option("folder", "places")
def new(code: str, source: str, iso: str, target: Path) -> None:
    """Begin the country CODE with the files of another one.

    What differs between countries is marked with `?`; nrm country check lists every mark.
    """
    try:
        known, folder = countries.place_of(source)
        countries.load(known, folder)
        with new_folder(target):
            making.make(code, iso, folder or countries.FOLDER / known, target)
            found = checking.check(target)
    except countries.CountryError as error:
        raise Refused(f"--from: {error}") from None
    except making.Unmakeable as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"--to: {target} cannot be written: {error.strerror or _first(error)}") from None
    places = len(found.findings)
    said = f"{target}: {_number(places, 'place')} to write; list them with nrm country check {target}"
    answer([said], folder=str(target), places=places)


@country.command()
def schema() -> None:
    """The shape of country.toml as JSON Schema: an editor that reads it completes keys and marks mistakes."""
    click.echo(json.dumps(files.schema(), ensure_ascii=False, indent=1, sort_keys=True))


@country.command()
@click.argument("folder", type=click.Path(path_type=Path))
@instance_option
@click.option("--from", "day", required=True, type=DAY, help="The first day it counts.")
@click.option(
    "--as", "login", default="", help="An administrator's sign-in name, to be recorded; the password is asked."
)
@click.option("--yes", is_flag=True, help="Record it without being asked.")
@json_option("findings", "changes", "notes", "recorded", "digest", "done")
@click.option(
    "--weaker", type=Whole(), help="How many of the changes protect people less: record them without being asked."
)
def apply(folder: Path, directory: Path, day: date, login: str, yes: bool, weaker: int | None) -> None:
    """Let the files of FOLDER count in an instance from a day on.

    Says what changes from then, first what protects people less, and what is in use; asks; records it. A server that
    runs follows on the day.
    """
    try:
        files = texts.of_folder(_folder(folder))
    except countries.CountryError as error:
        raise Refused(f"FOLDER: {error}") from None
    app = application(directory)
    with signed_in(app, login) if login else _as_the_machine(app) as by:
        outlook = _looked_at(folder, files, day)
        if outlook.findings:
            findings = [str(each) for each in outlook.findings]
            answer(findings, findings=findings, changes=[], notes=[], recorded=False, digest=None, done=[])
            remark(f"{_number(len(findings), 'finding')}; nothing was recorded")
            click.get_current_context().exit(1)
        _tell(outlook)
        staying = following.follow(outlook.whole, dry_run=True) if outlook.whole is not None else []
        kept = [f"stays as it is: {change.text}" for change in staying if not change.done]
        for each in kept:
            _say(f"note: {each}")
        changes = [{"what": str(each), "weaker": weakens(each)} for each in outlook.changes]
        said: dict[str, Any] = {"findings": [], "changes": changes, "notes": [*map(str, outlook.notes), *kept]}
        if not outlook.changes and outlook.replaces is None:
            line = f"nothing changes from {day}; nothing was recorded"
            answer([line], **said, recorded=False, digest=None, done=[])
            return
        _agree_to_weaker(sum(map(weakens, outlook.changes)), weaker)
        _agree(yes)
        try:
            actions.record(outlook, by=by, account=account_of_machine())
        except NotPermitted:
            raise Refused("--as: only an administrator changes the country's files") from None
        except actions.Stale:
            raise Refused("--from: somebody recorded another version meanwhile; look at what changes again") from None
        _say(f"recorded: from {day}, digest {outlook.digest}")
        known_versions.refresh()
        done = [change.text for change in following.follow_in_force() if change.done]
        answer(done, **said, recorded=True, digest=outlook.digest, done=done)


@country.command()
@instance_option
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="A new folder.")
@json_option("folder", "files")
@click.option("--on", "day", type=DAY, help="The files that count on that day (default: today).")
def export(directory: Path, target: Path, day: date | None) -> None:
    """Write out the files that count in an instance, to edit them and apply them again."""
    if target.exists():
        raise Refused(f"--to: {target} is there already; name a new folder")
    app = application(directory)
    with _as_the_machine(app):
        try:
            found = actions.files_on(day or clock.today(app.extensions["nrm.country"].timezone))
            with new_folder(target):
                target.mkdir(parents=True)
                for name, text in found.items():
                    (target / name).write_text(text, "utf-8")
        except countries.CountryError as error:
            raise Refused(str(error)) from None
        except OSError as error:
            raise Refused(f"--to: {target} cannot be written: {error.strerror}") from None
    answer([f"{target}: {_number(len(found), 'file')}"], folder=str(target), files=sorted(found))


def _first(error: OSError) -> str:
    """Why the first of several files could not be copied (`shutil.Error`)."""
    return str(error.args[0][0][2]) if isinstance(error, shutil.Error) and error.args[0] else "unknown"


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise countries.CountryError(f"{folder}: country.toml: name a folder")
    if not (folder / "country.toml").is_file():
        raise countries.CountryError("country.toml: file: missing")
    return folder


def _looked_at(folder: Path, files: dict[str, str], day: date) -> actions.Outlook:
    try:
        return actions.look(files, day, read_from=folder)
    except actions.Past:
        raise Refused(f"--from: {day} is over; name today or a later day: what was recorded keeps its files") from None
    except actions.OwnFolder:
        raise Refused(
            "FOLDER: the instance reads this folder itself, so nobody knows what was there before: put it back as it "
            "was, and edit and apply a copy"
        ) from None
    except actions.OtherCountry as other:
        raise Refused(f"FOLDER: country.toml: code: `{other}` is another country than the instance's") from None
    except countries.CountryError as error:
        raise Refused(f"FOLDER: {error}") from None


@contextmanager
def _as_the_machine(app: Flask) -> Iterator[Actor]:
    """Whoever may run commands on this machine, without an account in the instance."""
    with app.app_context():
        try:
            yield Actor.system("country apply")
        finally:
            disconnect()


def _say(line: object) -> None:
    """What somebody reads before they agree; with `--json` it goes to the other output."""
    tell(line, err=wants_json())


def _tell(outlook: actions.Outlook) -> None:
    if outlook.replaces is not None:
        at = outlook.replaces.recorded_at
        _say(f"takes the place of the version for the same day that was recorded on {at:%Y-%m-%d %H:%M} UTC")
    weaker = [each for each in outlook.changes if weakens(each)]
    others = [each for each in outlook.changes if not weakens(each)]
    if weaker:
        _say(f"WEAKER from {outlook.starts_on}: people are protected less ({_number(len(weaker), 'change')}):")
    for change in weaker:
        _say(f"! {change}")
    if others:
        _say(f"from {outlook.starts_on} ({_number(len(others), 'change')}):")
    for change in others:
        _say(f"  {change}")
    for note in outlook.notes:
        _say(f"note: {note}")


def _agree_to_weaker(there: int, said: int | None) -> None:
    """Raise Refused unless somebody says how many changes protect people less: who does not look does not know it."""
    if said is None and there and sys.stdin.isatty():
        said = click.prompt(
            "How many of the changes protect people less? Type the number to record them", type=Whole(), err=True
        )
    if said is None and there:
        raise Refused(f"nothing was recorded: {_number(there, 'change')} protect people less; say --weaker {there}")
    if (said or 0) != there:
        raise Refused(f"nothing was recorded: {_number(there, 'change')} protect people less, and not {said}")


def _agree(yes: bool) -> None:
    """Raise Refused unless somebody says yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("nothing was recorded: nobody is there to be asked; say --yes")
    if not click.confirm("Record it?", err=True):
        raise Refused("nothing was recorded")


def _number(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
