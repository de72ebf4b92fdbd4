"""Random monitoring from the command line: draw a quarter, and draw it again to see that nothing was picked."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nrm.actions.interviews import monitoring as actions
from nrm.cli.refusals import Refused
from nrm.cli.reports import parse_quarter
from nrm.cli.telling import answer, json_option, wants_json
from nrm.cli.usage import application, instance_option, login_option, signed_in
from nrm.domain.accounts.accounts import NotPermitted, NotVisible
from nrm.domain.interviews.monitoring import DrawRefusal, DrawRefused
from nrm.domain.quarters import Quarter

REFUSED = {
    DrawRefusal.RUNNING: "is not over; it is drawn from the day after its last day",
    DrawRefusal.NO_SEED: "has no seed yet; `nrm tend` makes it",
    DrawRefusal.DRAWN: "was drawn before; a draw is made once",
}


@click.group()
def monitoring() -> None:
    """Random monitoring of interviews: a draw that anybody can make again."""


@monitoring.command()
@click.argument("quarter", callback=parse_quarter)
@json_option("quarter", "drawn")
@instance_option
@login_option
def draw(quarter: Quarter, directory: Path, login: str) -> None:
    """Draw the sample of QUARTER and show its seed."""
    with signed_in(application(directory), login) as by:
        try:
            drawn = actions.draw(quarter, by=by)
        except NotPermitted:
            raise Refused("--as: this account's role does not do that") from None
        except DrawRefused as error:
            raise Refused(f"{quarter} {REFUSED[error.reason]}") from None
    answer([f"{quarter}: {drawn} interviews drawn"], quarter=str(quarter), drawn=drawn)


@monitoring.command()
@click.argument("quarter", callback=parse_quarter)
@click.option("--frame", is_flag=True, help="Print what the draw was made from, for drawing again elsewhere.")
@json_option("quarter", "problems", "commitment", "seed", "posts")
@instance_option
def verify(quarter: Quarter, frame: bool, directory: Path) -> None:
    """Draw QUARTER again from its seed; exit 1 when the sample is another one, 3 when it was not drawn yet.

    With --frame, as JSON too, `posts` is {POST: {"records", "drawn"}}, else null. How to draw again stands in the
    operator's guide.
    """
    with application(directory).app_context():
        try:
            again = actions.redraw(quarter)
        except NotVisible:
            raise Refused(f"{quarter} was not drawn yet", code=3) from None
    problems = [str(each) for each in again.problems]
    value = {
        "quarter": str(quarter),
        "problems": problems,
        "commitment": again.commitment,
        "seed": again.seed,
        "posts": _posts(again) if frame else None,
    }
    if frame and not wants_json():
        click.echo(json.dumps(value, indent=1))
    else:
        lines = [f"{quarter}: {each}" for each in problems] or [f"{quarter}: the sample is the one this seed draws"]
        answer(lines, **value)
    if again.problems:
        raise Refused(f"{quarter}: the sample is not the one that was to be drawn", code=1)


def _posts(again: actions.Redrawn) -> dict[str, dict[str, list[str]]]:
    """By post: the records that were drawn from, and those that were drawn."""
    return {
        post: {
            "records": [str(each) for each in again.frames.get(post, [])],
            "drawn": [str(each) for each in drawn],
        }
        for post, drawn in again.drawn.items()
    }
