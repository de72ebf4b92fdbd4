"""Quarterly reports from the command line: close a quarter, read a sealed release, check one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from nrm.actions import reports as actions
from nrm.cli.usage import Refused, application, instance_option, login_option, signed_in
from nrm.domain import reports as rules
from nrm.domain.accounts import NotPermitted, NotVisible
from nrm.domain.quarters import Quarter, UnreadableQuarter
from nrm.store import reports as store

LARGEST_FILE = 50 * 1024 * 1024


def _quarter(_: click.Context, __: click.Parameter, value: str) -> Quarter:
    try:
        return Quarter.parse(value)
    except UnreadableQuarter as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def report() -> None:
    """Quarterly reports: protected, sealed, never made twice."""


@contextmanager
def _said_in_one_line() -> Iterator[None]:
    try:
        yield
    except NotPermitted:
        raise Refused("--as: this account's role does not do that") from None
    except NotVisible:
        raise Refused("not released: close the quarter first", code=3) from None
    except rules.QuarterNotEnded as error:
        raise Refused(f"{error} is not over; it can be closed from the day after its last day") from None
    except rules.QuarterOutOfOrder as error:
        raise Refused(f"quarters are closed in their order; the next one is {error.expected}") from None
    except rules.BeingClosed:
        raise Refused("a quarter is being closed at this moment; try again when that is done") from None
    except actions.CannotTabulate as error:
        raise Refused(f"a record does not fit the country's tables: dimension {error}") from None


@report.command()
@click.argument("quarter", callback=_quarter)
@instance_option
@login_option
def close(quarter: Quarter, directory: Path, login: str) -> None:
    """Count, protect and attack report (ix) of QUARTER, and seal it if the attack fails."""
    with signed_in(application(directory), login) as by, _said_in_one_line():
        outcome = actions.close(quarter, by=by, progress=lambda what: click.echo(what, err=True))
    if isinstance(outcome, actions.Refused):
        named = "; ".join(
            f"{table or 'all tables'}: {scenario} {guarantee}" for table, scenario, guarantee in outcome.findings
        )
        raise Refused(f"{quarter}: refused, nothing was released ({named or 'no rounding was found'})", code=3)
    click.echo(f"{quarter}: {'was released before' if outcome.already else 'released'}, {outcome.step}")


@report.command()
@click.option("--quarter", callback=_quarter, required=True, help="Such as 2026Q1.")
@click.option("--format", "format_", type=click.Choice(["json", "csv", "pdf"]), default="json", show_default=True)
@click.option("--language", type=click.Choice(["sq", "en"]), default="sq", show_default=True, help="Of the PDF.")
@instance_option
@login_option
def ix(quarter: Quarter, format_: str, language: str, directory: Path, login: str) -> None:
    """The sealed report (ix) of a quarter, on standard output."""
    name = f"pdf.{language}" if format_ == "pdf" else format_
    with signed_in(application(directory), login) as by, _said_in_one_line():
        content = store.release_file(quarter, name, by=by)
    sys.stdout.buffer.write(content)


@report.command()
@instance_option
def keys(directory: Path) -> None:
    """The public key (Ed25519, hexadecimal) by which anyone can check a release of this server."""
    with application(directory).app_context():
        click.echo(actions.public_key().hex())


@report.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@instance_option
def verify(file: Path, directory: Path) -> None:
    """Whether FILE, the JSON of a release, is what this server signed. Exit 1 if it is not."""
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(LARGEST_FILE))
    except OSError as error:
        raise Refused(f"{file}: {error.strerror or 'cannot be read'}") from None
    except (ValueError, RecursionError):
        raise Refused(f"{file}: is not JSON") from None
    if not isinstance(value, dict):
        raise Refused(f"{file}: is not a release")
    with application(directory).app_context():
        if not actions.is_genuine(value):
            raise Refused(f"{file}: not what this server signed", code=1)
    click.echo(f"{file}: signed by this server")
