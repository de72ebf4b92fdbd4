"""The keys of organisations from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from nrm.actions.accounts import sealing_again
from nrm.actions.shelter import matching
from nrm.cli.refusals import Refused
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.store.accounts import members as store
from nrm.store.shelter import matching as matching_store


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
            sealing_again.renew_keyring(by=by)
            with click.progressbar(length=store.keys(by=by).behind, label="Moving grants", file=sys.stderr) as bar:
                moved = sealing_again.move_grants(by=by, progress=bar.update)
            sealed = _seal_again(by) if anew else None
        except sealing_again.HeldByOthers:
            raise Refused(
                f"--as: colleagues of {login} hold an older key of {organisation}: one of them goes on"
            ) from None
        except (NotPermitted, sealing_again.CannotOpen):
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


def _seal_again(by: Actor) -> sealing_again.SealingProgress:
    with click.progressbar(length=store.number_exposed(by=by), label="Sealing again", file=sys.stderr) as bar:
        return sealing_again.seal_again(by=by, progress=bar.update)


@keys.command("matching")
@click.option("--new", is_flag=True, help="First make a new version of the key; at most once in ninety days.")
@instance_option
@login_option
def encode_people(new: bool, directory: Path, login: str) -> None:
    """Encode your organisation's people under the newest matching key; taken up again if it was interrupted.

    Only people who are encoded under the newest version are compared. Prints {"organisation", "encoded", "left"}: left
    are those of whom no name opens, or all while the key has not been handed to you.
    """
    with signed_in(application(directory), login) as by:
        try:
            if new:
                matching.new_key(by=by)
            with click.progressbar(
                length=matching_store.number_to_encode(by=by), label="Encoding people", file=sys.stderr
            ) as bar:
                done = matching.encode_due(by=by, progress=bar.update)
        except (NotPermitted, NotVisible):
            raise Refused(
                f"--as: {login} is nobody of an organisation that takes people in, or may not do this"
            ) from None
        except matching.TooSoon:
            raise Refused(f"--new: the newest key was made less than {matching.KEY_DAYS} days ago") from None
        click.echo(json.dumps({"organisation": by.organisation_code, "encoded": done.encoded, "left": done.left}))
