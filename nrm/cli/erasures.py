"""Retention: erasing what has been kept long enough."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from nrm.actions.shelter import erasures as actions
from nrm.cli.usage import application, instance_option

TELL_EVERY = 100


@click.command("erase-expired")
@instance_option
@click.option("--dry-run", is_flag=True, help="Only count; nothing is erased.")
def erase_expired(directory: Path, dry_run: bool) -> None:
    """Erase what the country's retention periods no longer cover. It can be stopped and started again."""
    looked = 0

    def tell(count: actions.Count) -> None:
        nonlocal looked
        looked += 1
        if looked % TELL_EVERY == 0:
            print(f"{looked} cases looked at, {count.compartments} compartments over", file=sys.stderr)  # noqa: T201

    with application(directory).app_context():
        count = actions.erase_expired(dry_run=dry_run, tell=tell)
    click.echo(json.dumps({**dataclasses.asdict(count), "dry_run": dry_run}))
