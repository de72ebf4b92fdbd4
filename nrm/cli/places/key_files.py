"""What the commands say of the key files, and the one key file that can be made again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from config import key_files
from nrm.cli.places.files import write_once
from nrm.cli.refusals import Refused

LOST = "--match-is-lost"
FROM_SAFE = "put back the copy from the safe"


def lost_option(command: Any) -> Any:
    """`--match-is-lost`."""
    return click.option(
        LOST,
        "match_is_lost",
        is_flag=True,
        help="Every copy of the key file `match` is lost: make a new one. What was found with the old one is lost.",
    )(command)


def refused_keys(names: Iterable[str], directory: Path | None) -> Refused:
    """The one line about key files of another instance."""
    named = _named(names, directory or Path())
    return Refused(f"NRM_KEYS: not of the instance that was backed up: {named}; {FROM_SAFE}")


def of_another(names: Iterable[str], directory: Path) -> str:
    """What is wrong with key files of another instance; empty without names."""
    named = _named(names, directory)
    return f"not of this instance: {named}; {FROM_SAFE}" if named else ""


def refuse_others(names: Iterable[str], directory: Path) -> None:
    """Raise Refused if there are key files of another instance."""
    if said := of_another(names, directory):
        raise Refused(f"NRM_KEYS: {said}")


def _named(names: Iterable[str], directory: Path) -> str:
    files = key_files(os.environ, directory)
    return ", ".join(str(files[name]) for name in names)


def say_unchecked(names: list[str], directory: Path) -> None:
    """Say in one line of which key files nothing showed whose they are, and how to find out."""
    if names:
        click.echo(
            "not checked, because the backup is of an older program and nothing lies under it yet: "
            f"{_named(names, directory)}; compare with the copy in the safe, and sign in once yourself before others "
            "do: with a wrong `pepper` nobody gets in",
            err=True,
        )


@contextmanager
def match_key(directory: Path, *, lost: bool, was_there: bool, err: bool = False) -> Iterator[bool]:
    """Make the key file `match` where it is missing and none was there before, or it is said to be lost; gives whether
    it was made. Raises Refused where something lies under the one that is missing.

    Made beside the others, and only where they are; taken away again if the block fails, else said when it ends. `err`:
    on standard error.
    """
    path = key_files(os.environ, directory)["match"]
    made = _make(path, beside=key_files(os.environ, directory)["store"], lost=lost, was_there=was_there)
    try:
        yield made
    except BaseException:
        if made:
            path.unlink(missing_ok=True)
        raise
    if made:
        click.echo(f"made the key file {path}: keep a copy of it where those of the others are", err=err)


def _make(path: Path, *, beside: Path, lost: bool, was_there: bool) -> bool:
    if lost and path.exists():
        raise Refused(
            f"{LOST}: {path} is there; if it is a wrong one, and every copy of the right one is lost, move it away"
        )
    if not beside.is_file() or path.exists():
        return False
    if was_there and not lost:
        raise Refused(
            f"NRM_KEYS: {path} is not there, and what is found of people who were here before lies under it: "
            f"{FROM_SAFE}. Only if every copy is lost, say {LOST}: a new one is made, and that is lost"
        )
    try:
        write_once(path, secrets.token_bytes(32), 0o400)
    except OSError as error:
        raise Refused(f"NRM_KEYS: {path} cannot be written: {error.strerror}") from None
    return True
