"""What every page says while the clock of the machine may be wrong (ADR 0190)."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, current_app

from nrm import clock
from nrm.steps import health


def doubted_clock() -> datetime | None:
    """What the clock says, where nobody should believe it."""
    return clock.now() if health.clock_jump(current_app.extensions["nrm.config"].directory) is not None else None


def register(app: Flask) -> None:
    """Give templates `doubted_clock()`."""
    app.jinja_env.globals["doubted_clock"] = doubted_clock
