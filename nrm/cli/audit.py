"""The audit chain from the command line."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from nrm import audit as chain
from nrm.cli.usage import Refused, application, instance_option
from nrm.db import db


@click.group()
def audit() -> None:
    """The record of what was done, and by whom."""


@audit.command()
@instance_option
@click.pass_context
def verify(context: click.Context, directory: Path) -> None:
    """Follow the chain from its first entry. `entry N: what` on standard output and exit 1 for what is wrong."""
    found = False
    with application(directory).app_context():
        try:
            entries = chain.length(db.session())
            click.echo(f"{entries} entries", err=True)
            for number, what in chain.verify(db.session()):
                found = True
                click.echo(f"entry {number}: {what}")
        except SQLAlchemyError:
            raise Refused(f"--dir: the audit chain of {directory} cannot be read") from None
    if found:
        context.exit(1)
    click.echo(f"whole: {entries} entries")
