"""What the commands that end and erase by time say of a clock that nobody should believe (ADR 0190)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nrm.cli.refusals import Refused
from nrm.domain.clock_jumps import Jump
from nrm.steps import health

RIGHT = "--clock-is-right"


def clock_option(command: Any) -> Any:
    """`--clock-is-right`."""
    return click.option(
        RIGHT,
        "clock_is_right",
        is_flag=True,
        help="You looked at the clock of this machine, and it is right: go on, and note it.",
    )(command)


def believe(directory: Path, *, is_right: bool = False) -> bool:
    """Whether the clock may be noted as the last one that was right. Raises Refused where it may be ahead, so that
    nothing is ended and nothing erased before its time; `is_right`: somebody looked at it."""
    found = health.clock_jump(directory)
    if is_right or found is None:
        return True
    if found is Jump.AHEAD:
        raise Refused(f"clock: {health.clock_doubted(directory)}")
    return False
