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


def write_template(output: Path, content: bytes) -> None:
    """Write a file that somebody fills in next, never over one that is there; the same once more changes nothing. What
    a link leads to is written, and the link stays. Raises Refused."""
    try:
        if output.is_file():
            if output.read_bytes() != content:
                raise Refused(f"{output} is there already, and may hold what somebody typed: name another file")
        elif output.exists():  # as /dev/stdout
            output.write_bytes(content)
        else:
            write_once(Path(os.path.realpath(output)), content, 0o666)
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
