"""How a command prints a line that may hold a text of a file: no character of it moves the cursor or hides."""

from __future__ import annotations

import click

from nrm.domain.unseen import escaped


def tell(line: object, *, err: bool = False) -> None:
    """Print one line, with every character that nobody sees written out (`<U+202E>`)."""
    click.echo(escaped(str(line)), err=err)
