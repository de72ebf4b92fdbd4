"""Files and folders that a command makes: whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nrm.cli.refusals import Refused


def write_once(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet; raises OSError, and then nothing is left of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, also in the place of one that is there: it keeps its mode, and stays as it was if this fails. What
    a link leads to is written, and the link stays. Raises OSError."""
    if path.exists() and not path.is_file():  # as /dev/stdout
        path.write_bytes(content)
        return
    path = Path(os.path.realpath(path))
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    write_once(part, content, 0o666)
    try:
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_template(output: Path, content: bytes) -> None:
    """Write a file that somebody fills in next; never over one that holds something else. Raises Refused."""
    try:
        if output.is_file() and output.stat().st_size and output.read_bytes() != content:
            raise Refused(f"{output} is there already, and may hold what somebody typed: name another file")
        write_whole(output, content)
    except OSError as error:
        raise Refused(f"{output}: {error.strerror or 'cannot be written'}") from None


@contextmanager
def new_folder(target: Path) -> Iterator[None]:
    """What the block makes in a folder that is new, or empty; if it fails, nothing is left of it. Raises Refused for
    what is there already, before the block begins, and all of that stays."""
    there = os.path.lexists(target)
    if there and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"--to: {target} is not an empty folder; name a new one")
    try:
        yield
    except BaseException:
        for path in [*target.iterdir()] if there else [target]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise
