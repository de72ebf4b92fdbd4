"""`nrm doctor`: what is wrong with an instance, in words, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import click
from babel.dates import format_timedelta
from sqlalchemy.exc import SQLAlchemyError

from nrm.actions.accounts import key_log
from nrm.cli.usage import application, instance_option
from nrm.db import disconnect
from nrm.domain.health import WHAT_TO_DO, Part, Reading, State, by_look
from nrm.steps import health


@click.command()
@instance_option
@click.option("--json", "as_json", is_flag=True, help="Each part with its state and the seconds since the last time.")
@click.pass_context
def doctor(context: click.Context, directory: Path, as_json: bool) -> None:
    """Look whether the instance is well: one line for each part that is not, with what to do; then exit 1.

    Looks at both databases, the key files, the key log, free disk, and when tending, checkpoint, backup and drill were
    done last. Nothing is changed.
    """
    with application(directory).app_context():
        try:
            found = [*health.readings(), by_look(Part.KEY_LOG, well=_key_log_is_whole())]
        finally:
            disconnect()
    if as_json:
        click.echo(json.dumps({each.part: _plain(each) for each in found}, indent=1))
    else:
        for each in found:
            click.echo(_line(each))
    if any(each.state is not State.OK for each in found):
        context.exit(1)


def _key_log_is_whole() -> bool:
    try:
        return not key_log.verify(()).findings
    except SQLAlchemyError:
        return False


def _plain(reading: Reading) -> dict[str, object]:
    return {"state": reading.state, "seconds": None if reading.age is None else int(reading.age.total_seconds())}


def _line(reading: Reading) -> str:
    name = reading.part.replace("_", " ")
    since = "" if reading.age is None else f" ({format_timedelta(reading.age, locale='en')} ago)"
    if reading.state is State.OK:
        return f"{name}: ok{since}"
    return f"{name}: {reading.state}{since}: {WHAT_TO_DO[reading.part]}"
