"""Countries are folders of data: checking one, and beginning a new one (docs/operator.md)."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nrm import countries
from nrm.cli.refusals import Refused
from nrm.countries import checking, files, making


@click.group()
def country() -> None:
    """A country's folder of data."""


@country.command()
@click.argument("folder", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Hold the files of FOLDER (or of a country of the program, by its code) against each other.

    One line for everything that is to be done, FILE: KEY: what to do; then how many rules are proposals.
    """
    try:
        found = checking.check(folder)
    except countries.CountryError as error:
        raise Refused(str(error)) from None
    for finding in found.findings:
        click.echo(finding)
    click.echo(f"{_number(len(found.findings), 'finding')}, {_number(found.proposals, 'proposal')}", err=True)
    if found.findings:
        click.get_current_context().exit(1)


@country.command()
@click.argument("code")
@click.option("--from", "source", default=countries.DEFAULT, help="The country to begin with: its code, or a folder.")
@click.option("--iso", default="", help="The country's code in ISO 3166, two letters; else it is marked.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="A new folder.")
def new(code: str, source: str, iso: str, target: Path) -> None:
    """Begin the country CODE with the files of another one.

    What differs between countries is marked with `?`; nrm country check lists every mark.
    """
    try:
        known, folder = countries.place_of(source)
        countries.load(known, folder)
        making.make(code, iso, folder or countries.FOLDER / known, target)
        found = checking.check(target)
    except countries.CountryError as error:
        raise Refused(f"--from: {error}") from None
    except making.Unmakeable as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"--to: {target} cannot be written: {error.strerror}") from None
    click.echo(f"{target}: {_number(len(found.findings), 'place')} to write; list them with nrm country check {target}")


@country.command()
def schema() -> None:
    """The shape of country.toml as JSON Schema: an editor that reads it completes keys and marks mistakes."""
    click.echo(json.dumps(files.schema(), ensure_ascii=False, indent=1, sort_keys=True))


def _number(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
