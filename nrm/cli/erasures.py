"""Retention: erasing what has been kept long enough."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import click

from nrm.actions import country_folders
from nrm.actions.shelter import erasures as actions
from nrm.cli.places.clock import believe, clock_option
from nrm.cli.places.misspelt import tell_misspelt
from nrm.cli.progress import Counting
from nrm.cli.refusals import Refused
from nrm.cli.telling import json_option
from nrm.cli.usage import application, instance_option


@click.command("erase-expired")
@instance_option
@click.option("--dry-run", is_flag=True, help="Only count; nothing is erased.")
@clock_option
@json_option("cases", "compartments", "kept_as_court_file", "dry_run", always=True)
def erase_expired(directory: Path, dry_run: bool, clock_is_right: bool) -> None:
    """Erase what the country's retention periods no longer cover. It can be stopped and started again.

    Where the clock is days ahead of the last time that the instance was tended, nothing is erased until somebody
    looked at it.
    """
    tell_misspelt(os.environ)
    with application(directory).app_context(), Counting("looking at cases") as counting:
        if not dry_run:
            if unrecorded := country_folders.unrecorded():
                raise Refused(f"nothing is erased: {unrecorded}")
            believe(is_right=clock_is_right)
        count = actions.erase_expired(dry_run=dry_run, tell=lambda _: counting.step())
    click.echo(json.dumps({**dataclasses.asdict(count), "dry_run": dry_run}))
