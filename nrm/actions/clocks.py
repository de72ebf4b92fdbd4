"""Saying that the clock of the machine is right although it jumped, after somebody looked at it (ADR 0190, 0194)."""

from __future__ import annotations

from flask import current_app

from nrm import audit
from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor
from nrm.steps import health


def believe(*, account: int) -> None:
    """Hold the clock against now from here on, and record who said so; nothing where it did not jump.

    `account`: of whoever said it at the machine, as a number.
    """
    directory = current_app.extensions["nrm.config"].directory
    jump, last = health.clock_jump(directory), health.tended_at(directory)
    if jump is None or last is None:
        return
    with transaction() as session:
        audit.append(
            session,
            audit.Event.CLOCK_BELIEVED,
            by=Actor.system("clock"),
            account=account,
            jump=str(jump),
            tended_at=last.isoformat(timespec="seconds"),
        )
    health.note(directory, health.TENDED)
