"""What a demo country and a training share: an instance of invented people, built at an hour of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from config import ARGON2_FLOOR_KIB, ARGON2_FLOOR_PASSES
from nrm import clock
from nrm.cli.instance import make_instance
from nrm.db import checkpoint, disconnect, transaction
from nrm.demo import staff
from nrm.demo.progress import Progress

Told = Sequence[Callable[[Progress], None]]
"""Who is told how far it is, after each step."""


@contextmanager
def instance_of_invented_people(directory: Path, country: str, *, begins: datetime, **named: Any) -> Iterator[Flask]:
    """A new instance, its application in context, the clock at its first hour; the block fills it. `named`: as of
    `make_instance`. Raises Refused."""
    clock.set_clock(lambda: begins)
    try:
        app = make_instance(directory, country, synthetic=True, synchronous="OFF", **named)
        settings = app.extensions["nrm.config"]
        # By its invented hours the backups of whoever has NRM_BACKUPS set would be old, and nothing of it is real.
        # Random passwords of people who are invented: whoever signs in has theirs derived as the settings say, then.
        app.extensions["nrm.config"] = replace(
            settings,
            backups=None,
            argon2_kib=min(settings.argon2_kib, ARGON2_FLOOR_KIB),
            argon2_passes=min(settings.argon2_passes, ARGON2_FLOOR_PASSES),
        )
        with app.app_context():
            try:
                yield app
                with transaction() as session:
                    staff.hand_over(session)
                checkpoint()
            finally:
                clock.set_clock(None)
                disconnect()
    finally:
        clock.set_clock(None)


def tell_each(tell: Told, progress: Progress) -> None:
    """Say to each how far it is."""
    for each in tell:
        each(progress)
