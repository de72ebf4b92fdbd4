"""What the commands that end and erase by time say of a clock that nobody should believe (ADR 0190)."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app

from nrm.actions import clocks
from nrm.cli.refusals import Refused
from nrm.cli.usage import account_of_machine
from nrm.domain.clock_jumps import Jump
from nrm.steps import health

RIGHT = "--clock-is-right"


def clock_option(command: Any) -> Any:
    """`--clock-is-right`."""
    return click.option(
        RIGHT,
        "clock_is_right",
        is_flag=True,
        help="You looked at the clock of this machine, and it is right: go on, and record who said so.",
    )(command)


def believe(*, is_right: bool = False) -> bool:
    """Whether the clock may be noted as the last one that was right, in the application in context. Raises Refused
    where it may be ahead, so that nothing is ended and nothing erased before its time; `is_right`: somebody looked."""
    if is_right:
        clocks.believe(account=account_of_machine())
        return True
    directory = current_app.extensions["nrm.config"].directory
    found = health.clock_jump(directory)
    if found is Jump.AHEAD:
        raise Refused(f"clock: {health.clock_doubted(directory)}")
    return found is None
