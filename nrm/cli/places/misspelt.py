"""Settings whose name the program does not know: one that is misspelt is not set, and nobody would say so."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import click

from config import SETTINGS

FOR_COMMANDS = ("NRM_PASSWORD", "NRM_TOTP")
STARTED_BY = "NRM_STARTED_BY"
"""How the service is started; set by the command `nrm` of a machine that has one (`deploy/nrm`)."""

_ALL = "NRM_"
_NEAR = 0.65  # of two names that are alike: PROXY and PROXIES, but not HOST and SMTP_HOST


def misspelt(env: Mapping[str, str]) -> list[str]:
    """For each NRM_ name of the environment that is no setting, what is to be said."""
    known = (*SETTINGS, *FOR_COMMANDS, STARTED_BY)
    return [_said(name) for name in sorted(env) if name.startswith(_ALL) and name not in known]


def tell_misspelt(env: Mapping[str, str]) -> None:
    """Say it on standard error, a line each."""
    for line in misspelt(env):
        click.echo(line, err=True)


def _said(name: str) -> str:
    # All begin alike, so that this part of a name would make any two short ones near.
    known = {each.removeprefix(_ALL): each for each in (*SETTINGS, *FOR_COMMANDS)}
    near = get_close_matches(name.removeprefix(_ALL), known, 1, _NEAR)
    more = f"is {known[near[0]]} meant?" if near else "docs/operator.md lists them, under *Settings*"
    return f"{name}: there is no such setting; {more}"
