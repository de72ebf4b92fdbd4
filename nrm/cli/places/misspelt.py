"""Settings whose name the program does not know: one that is misspelt is not set, and nobody would say so."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import click

from config import SETTINGS

FOR_COMMANDS = ("NRM_PASSWORD", "NRM_TOTP")
STARTED_BY = "NRM_STARTED_BY"
"""How the service is started; set by the command `nrm` of a machine that has one (`deploy/nrm`)."""


def misspelt(env: Mapping[str, str]) -> list[str]:
    """For each NRM_ name of the environment that is no setting, what is to be said."""
    known = (*SETTINGS, *FOR_COMMANDS, STARTED_BY)
    return [_said(name) for name in sorted(env) if name.startswith("NRM_") and name not in known]


def tell_misspelt(env: Mapping[str, str]) -> None:
    """Say it on standard error, a line each."""
    for line in misspelt(env):
        click.echo(line, err=True)


def _said(name: str) -> str:
    meant = get_close_matches(name, SETTINGS, 1)
    return f"{name}: there is no such setting" + (f"; is {meant[0]} meant?" if meant else "")
