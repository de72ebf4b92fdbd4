"""The keys of organisations from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nrm.actions.accounts import sealing_again
from nrm.actions.shelter import matching
from nrm.cli.progress import Counting
from nrm.cli.refusals import Refused
from nrm.cli.telling import json_option
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible
from nrm.store.accounts import members as store
from nrm.store.shelter import matching as matching_store


@click.group()
def keys() -> None:
    """The keyrings of organisations."""


@keys.command(short_help="Make a new version of an organisation's keyring.")
@click.option("--organisation", required=True, help="The organisation's code, such as VATRA; your own.")
@click.option(
    "--anew", is_flag=True, help="Also seal everything again, so that keys a person kept who left open nothing."
)
@json_option("organisation", "version", "moved", "unopenable", "sealed_anew", always=True)
@instance_option
@login_option
@click.pass_context
def rotate(context: click.Context, organisation: str, anew: bool, directory: Path, login: str) -> None:
    """Make a new version of an organisation's keyring and move everything to it; taken up again if it was interrupted.

    Exit 1 when something does not open by any version. `sealed_anew` is there with --anew alone.
    """
    with signed_in(application(directory), login) as by:
        if by.organisation_code != organisation:
            raise Refused(f"--organisation: {login} holds no key of {organisation}; name one of its own people in --as")
        try:
            sealing_again.renew_keyring(by=by)
            with Counting("moving grants", store.keys(by=by).behind) as counting:
                moved = sealing_again.move_grants(by=by, progress=counting.step)
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
    with Counting("sealing again", store.number_exposed(by=by)) as counting:
        return sealing_again.seal_again(by=by, progress=counting.step)


@keys.command("matching", short_help="Encode your people under the newest matching key.")
@click.option("--new", is_flag=True, help="First make a new version of the key; at most once in ninety days.")
@json_option("organisation", "encoded", "left", always=True)
@instance_option
@login_option
def encode_people(new: bool, directory: Path, login: str) -> None:
    """Encode your organisation's people under the newest matching key; taken up again if it was interrupted.

    Only people who are encoded under the newest version are compared. Left are those of whom no name opens, or all
    while the key has not been handed to you.
    """
    with signed_in(application(directory), login) as by:
        try:
            if new:
                matching.new_key(by=by)
            with Counting("encoding people", matching_store.number_to_encode(by=by)) as counting:
                done = matching.encode_due(by=by, progress=counting.step)
        except (NotPermitted, NotVisible):
            raise Refused(
                f"--as: {login} is nobody of an organisation that takes people in, or may not do this"
            ) from None
        except matching.TooSoon:
            raise Refused(f"--new: the newest key was made less than {matching.KEY_DAYS} days ago") from None
        click.echo(json.dumps({"organisation": by.organisation_code, "encoded": done.encoded, "left": done.left}))
