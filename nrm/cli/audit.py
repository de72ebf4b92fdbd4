"""The audit chain from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from nrm import audit as chain
from nrm.actions import checkpoints as actions
from nrm.cli.places.files import write_once
from nrm.cli.refusals import Refused
from nrm.cli.telling import answer, json_option, remark, tell
from nrm.cli.usage import application, instance_option
from nrm.db import db
from nrm.domain.checkpoints import LARGEST_FILE, Checkpoint, NoCheckpoint, SignedCheckpoint, read, written


@click.group()
def audit() -> None:
    """The record of what was done, and by whom."""


@audit.command(short_help="Follow the chain from its first entry.")
@instance_option
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A checkpoint that was kept elsewhere; can be given more than once.",
)
@json_option("entries", "findings", "proven")
@click.pass_context
def verify(context: click.Context, directory: Path, files: tuple[Path, ...]) -> None:
    """Follow the chain from its first entry, through the checkpoints of the instance's folder and those given.

    It says up to which entry that proves something: what came after the newest checkpoint, whoever writes the database
    could have cut off or written anew.

    `entry N: what` on standard output and exit 1 for what is wrong.
    """
    signed = [(file.name, _read(file)) for file in files]
    found = []
    with application(directory).app_context():
        try:
            entries = chain.length(db.session())
            remark(f"{entries} entries")
            fitting, wrong = actions.own()
            found += [f"checkpoint {name}: {what}" for name, what in wrong]
            remark(_checkpoints_in_words(len(fitting)))
            for name, checkpoint in signed:
                try:
                    fitting.append(actions.check(checkpoint))
                except actions.NotFromHere as error:
                    found.append(f"checkpoint {name}: {error}")
            found += [f"entry {number}: {what}" for number, what in chain.verify(db.session(), fitting)]
        except SQLAlchemyError:
            raise Refused(f"--dir: the audit chain of {directory} cannot be read") from None
    proven = _proven_in_words(entries, fitting)
    answer(found or [f"whole: {entries} entries; {proven}"], entries=entries, findings=found, proven=proven)
    if found:
        context.exit(1)


@audit.command(short_help="Sign where the chain stands now, in a small file.")
@instance_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file; else standard output.")
@click.pass_context
def checkpoint(context: click.Context, directory: Path, out: Path | None) -> None:
    """Sign where the chain stands now, as a small file to be kept elsewhere. Exit 1 if the chain is not whole."""
    with application(directory).app_context():
        try:
            text = written(actions.take())
        except actions.BrokenChain as error:
            tell(str(error))
            context.exit(1)
        except SQLAlchemyError:
            raise Refused(f"--dir: the audit chain of {directory} cannot be read") from None
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        write_once(out, text.encode(), 0o666)
    except FileExistsError:
        raise Refused(f"--out: {out} is there already; name a new file") from None
    except OSError as error:
        raise Refused(f"--out: {out} cannot be written: {error.strerror}") from None


def _proven_in_words(entries: int, fitting: Sequence[Checkpoint]) -> str:
    """Which entries a checkpoint holds, and how many are after it."""
    newest = max(fitting, key=lambda each: each.entry, default=None)
    if newest is None:
        return "no checkpoint, so nothing proves that its end was not cut off, or all of it written anew"
    moment = newest.at.isoformat(timespec="seconds")
    proven = f"proven up to entry {newest.entry}, by the checkpoint of {moment}"
    after = entries - newest.entry
    return f"{proven}; entries after it: {after}{', not covered' if after else ''}"


def _checkpoints_in_words(number: int) -> str:
    if not number:
        return "no checkpoint of its own: the end of the chain is not covered"
    return f"held against {number} checkpoint{'s' if number > 1 else ''} of its own"


def _read(file: Path) -> SignedCheckpoint:
    try:
        with file.open("rb") as stream:
            return read(stream.read(LARGEST_FILE + 1))
    except OSError as error:
        raise Refused(f"--checkpoint: {file} cannot be read: {error.strerror}") from None
    except NoCheckpoint as error:
        raise Refused(f"--checkpoint: {file} is no checkpoint: {error}") from None
