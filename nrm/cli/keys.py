"""The keys of organisations from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from nrm.actions import members
from nrm.cli.usage import Refused, application, instance_option, login_option, signed_in
from nrm.domain.accounts import NotPermitted
from nrm.store import members as store


@click.group()
def keys() -> None:
    """The keyrings of organisations."""


@keys.command()
@click.option("--organisation", required=True, help="The organisation's code, such as VATRA; your own.")
@instance_option
@login_option
@click.pass_context
def rotate(context: click.Context, organisation: str, directory: Path, login: str) -> None:
    """Make a new version of an organisation's keyring and move everything to it; taken up again if it was interrupted.

    Prints {"organisation", "version", "moved", "unopenable"}; exit 1 when something does not open by any version.
    """
    with signed_in(application(directory), login) as by:
        if by.organisation_code != organisation:
            raise Refused(f"--organisation: {login} holds no key of {organisation}; name one of its own people in --as")
        try:
            members.renew_keyring(by=by)
            with click.progressbar(length=store.keys(by=by).behind, label="Moving grants", file=sys.stderr) as bar:
                moved = members.move_grants(by=by, progress=bar.update)
        except (NotPermitted, members.CannotOpen):
            raise Refused(f"--as: {login} holds no key of {organisation}") from None
    said = {
        "organisation": organisation,
        "version": moved.version,
        "moved": moved.moved,
        "unopenable": moved.unopenable,
    }
    click.echo(json.dumps(said))
    if moved.unopenable:
        context.exit(1)
