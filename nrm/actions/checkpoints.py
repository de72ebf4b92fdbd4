"""Checkpoints of the audit chain: made every day and on demand, and compared with the chain."""

from __future__ import annotations

import os
from pathlib import Path

from flask import current_app
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.checkpoints import END, LARGEST_FILE, Checkpoint, NoCheckpoint, SignedCheckpoint, read, written
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.vault import signing

NAMES = "????-??-??.json"


class BrokenChain(Exception):
    """The chain is broken, so no checkpoint is made of it; `entry` is the number of the first bad entry."""

    def __init__(self, entry: int, what: str) -> None:
        super().__init__(f"entry {entry}: {what}")
        self.entry = entry


class NotFromHere(Exception):
    """A checkpoint that this server did not sign, or of another instance; the text says which."""


def take() -> SignedCheckpoint:
    """A checkpoint of the newest entry, if the whole chain is sound. Raises BrokenChain."""
    return _taken(db.session(), None)


def check(signed: SignedCheckpoint) -> Checkpoint:
    """The checkpoint, if this server made it for this instance. Raises NotFromHere."""
    if not signing.is_checkpoint_signed(signed):
        raise NotFromHere("it does not bear this server's signature")
    if signed.checkpoint.instance_id != account_rows.instance().id:
        raise NotFromHere("it is of another instance")
    return signed.checkpoint


def folder() -> Path:
    """The folder of the daily checkpoints."""
    directory: Path = current_app.extensions["nrm.config"].directory
    return directory / "checkpoints"


def own() -> tuple[list[Checkpoint], list[tuple[str, str]]]:
    """The checkpoints that this instance wrote and signed, that of the last minute last; (file name, what is wrong) of
    others."""
    sound, wrong = [], []
    for path in [*sorted(folder().glob(NAMES)), *folder().glob(END)]:
        try:
            with path.open("rb") as stream:
                sound.append(check(read(stream.read(LARGEST_FILE + 1))))
        except OSError as error:
            wrong.append((path.name, f"it cannot be read: {error.strerror}"))
        except (NoCheckpoint, NotFromHere) as error:
            wrong.append((path.name, str(error)))
    return sound, wrong


def daily() -> int:
    """Write today's checkpoint unless there is one; returns how many were written (0 or 1).

    The chain must continue from the newest checkpoint: otherwise that is logged each time, and nothing is written.
    """
    path = folder() / f"{clock.today(country().timezone)}.json"
    if path.exists():
        return 0
    try:
        return _write(path, _taken(db.session(), _newest()))
    except (BrokenChain, NotFromHere, NoCheckpoint) as error:
        current_app.logger.error("the audit chain does not go on from its last checkpoint: %s", error)
    except OSError as error:
        current_app.logger.error("the checkpoint of the audit chain was not written: %s", error.strerror)
    return 0


def follow() -> int:
    """Bring the checkpoint of the last minute to the end of the chain; returns how many were written (0 or 1).

    It lies beside the key files and not in the database. If the chain does not go on from it, it stays as it is, for
    whoever looks, and that is logged each time.
    """
    path = folder() / END
    try:
        before = check(read(path.read_bytes())) if path.exists() else _newest()
        signed = _taken(db.session(), before)
        if path.exists() and before is not None and signed.checkpoint.entry == before.entry:
            return 0
        return _write(path, signed, over=True)
    except (BrokenChain, NotFromHere, NoCheckpoint) as error:
        current_app.logger.error("the audit chain does not go on from where it stood a minute ago: %s", error)
    except OSError as error:
        current_app.logger.error("the checkpoint of the last minute was not written: %s", error.strerror)
    finally:
        db.session.rollback()
    return 0


def _taken(session: Session, since: Checkpoint | None) -> SignedCheckpoint:
    for entry, what in audit.verify(session, since=since):
        raise BrokenChain(entry, what)
    last = audit.last(session)
    if last is None:
        raise BrokenChain(1, "missing: the chain is empty")
    return signing.sign_checkpoint(Checkpoint(account_rows.instance().id, *last, clock.now().replace(microsecond=0)))


def _newest() -> Checkpoint | None:
    names = sorted(folder().glob(NAMES))
    if not names:
        return None
    return check(read(names[-1].read_bytes()))


def _write(path: Path, signed: SignedCheckpoint, *, over: bool = False) -> int:
    """Write the whole file or nothing; returns 0 when another process wrote it first, else 1. `over`: in the place of
    the one that is there."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(written(signed))
        file.flush()
        os.fsync(file.fileno())
    if over:
        draft.replace(path)
        return 1
    try:
        os.link(draft, path)
    except FileExistsError:
        return 0
    finally:
        draft.unlink()
    return 1
