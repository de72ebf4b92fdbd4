"""The keys of organisations from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from nrm.actions.accounts import members
from nrm.cli.refusals import Refused
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, NotPermitted
from nrm.store.accounts import members as store


@click.group()
def keys() -> None:
    """The keyrings of organisations."""


@keys.command()
@click.option("--organisation", required=True, help="The organisation's code, such as VATRA; your own.")
@click.option(
    "--anew", is_flag=True, help="Also seal everything again, so that keys a person kept who left open nothing."
)
@instance_option
@login_option
@click.pass_context
def rotate(context: click.Context, organisation: str, anew: bool, directory: Path, login: str) -> None:
    """Make a new version of an organisation's keyring and move everything to it; taken up again if it was interrupted.

    Prints {"organisation", "version", "moved", "unopenable"}, with --anew also "sealed_anew"; exit 1 when something
    does not open by any version.
    """
    with signed_in(application(directory), login) as by:
        if by.organisation_code != organisation:
            raise Refused(f"--organisation: {login} holds no key of {organisation}; name one of its own people in --as")
        try:
            members.renew_keyring(by=by)
            with click.progressbar(length=store.keys(by=by).behind, label="Moving grants", file=sys.stderr) as bar:
                moved = members.move_grants(by=by, progress=bar.update)
            sealed = _seal_again(by) if anew else None
        except (NotPermitted, members.CannotOpen):
            raise Refused(f"--as: {login} holds no key of {organisation}") from None
    said: dict[str, str | int] = {
        "organisation": organisation,
        "version": moved.version,
        "moved": moved.moved,
        "unopenable": moved.unopenable,
    }
    if sealed is not None:
        said |= {"unopenable": moved.unopenable + sealed.unopenable, "sealed_anew": sealed.sealed}
    click.echo(json.dumps(said))
    if said["unopenable"]:
        context.exit(1)


def _seal_again(by: Actor) -> members.SealingProgress:
    with click.progressbar(length=store.number_exposed(by=by), label="Sealing again", file=sys.stderr) as bar:
        return members.seal_again(by=by, progress=bar.update)
