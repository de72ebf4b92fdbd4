"""Backup files: what is in them, who opens them (ADR 0011).

    nrm-backup 1\\n | length | header | length | sealed key | stream

Lengths are 4 bytes, big-endian. The header is JSON in clear: which database, of which pair and instant, at which
revision, for which two recipients, and a value of each key file of the instance (`key_checks`). A random key seals the
stream (`crypto.seal_stream`); that key is sealed to one recipient and the result to the other, so each file needs both
private keys. Of the main file the first recipient holds the outer layer, of the shred file the second. All that stands
before the stream is authenticated with every chunk.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select

from nrm import crypto, revisions
from nrm.db import Model, ShredModel, db, one_instant
from nrm.vault.backup_files import dumping, key_checks
from nrm.vault.backup_files.dumping import Tell

_MAGIC = b"nrm-backup 1\n"
_LONGEST_PART = 64 * 1024
_PRIVATE, _PUBLIC = "nrm-backup-key-1 ", "nrm-backup-recipient-1 "
DATABASES = ("main", "shred")

CannotOpen = crypto.CannotOpen


class NotABackup(Exception):
    """A file that is no backup, or a key file that is none."""


@dataclass(frozen=True, slots=True)
class Header:
    """The unsealed part before the stream. `pair` is the same in both files of one backup.

    `checks`: the values of the key files over `pair`; older backups have none.
    """

    database: str
    pair: str
    taken_at: str
    revision: str
    country: str
    language: str
    outer: str
    inner: str
    checks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """The part that is equal in both headers of a pair."""

    taken_at: str
    country: str
    language: str


def new_key_files() -> tuple[str, str]:
    """The texts of (the private key file, the recipient file)."""
    private, public = crypto.key_pair()
    return _PRIVATE + base64.b64encode(private).decode() + "\n", _PUBLIC + base64.b64encode(public).decode() + "\n"


def recipient_in(content: bytes) -> bytes:
    """The public key of a recipient file; raises NotABackup."""
    return _key_in(content, _PUBLIC)


def private_key_in(content: bytes) -> bytes:
    """The private key of a key file; raises NotABackup."""
    return _key_in(content, _PRIVATE)


def _key_in(content: bytes, heading: str) -> bytes:
    try:
        text = content.decode("ascii").strip()
        key = base64.b64decode(text.removeprefix(heading), validate=True)
    except (UnicodeDecodeError, binascii.Error):
        raise NotABackup from None
    if not text.startswith(heading) or len(key) != crypto.KEY_BYTES:
        raise NotABackup
    return key


def write_pair(main: BinaryIO, shred: BinaryIO, recipients: tuple[bytes, bytes], about: About, tell: Tell) -> None:
    """Write both databases as they are at one moment, while others continue to work.

    The second database is read first and released: on SQLite, storing or destroying a key waits until then.
    """
    pair = uuid.uuid4().hex
    with one_instant() as (main_rows, shred_rows):
        for name, rows, file, (outer, inner) in (
            ("shred", shred_rows, shred, recipients[::-1]),
            ("main", main_rows, main, recipients),
        ):
            header = Header(
                database=name,
                pair=pair,
                taken_at=about.taken_at,
                revision=revisions.revision(rows),
                country=about.country,
                language=about.language,
                outer=outer.hex(),
                inner=inner.hex(),
                checks=key_checks.values(pair),
            )
            base = ShredModel if name == "shred" else Model
            _write(file, header, dumping.dump(rows, base.metadata, lambda text, name=name: tell(f"{name}: {text}")))  # type: ignore[misc]
            rows.close()


def _write(file: BinaryIO, header: Header, content: Iterable[bytes]) -> None:
    key = crypto.new_key()
    clear = _MAGIC + _part(json.dumps(asdict(header), sort_keys=True).encode())
    context = crypto.ctx("backup", crypto.digest(clear))
    wrapped = crypto.wrap(bytes.fromhex(header.inner), key, context)
    head = clear + _part(crypto.wrap(bytes.fromhex(header.outer), wrapped, context))
    file.write(head)
    for chunk in crypto.seal_stream(key, content, crypto.digest(head)):
        file.write(chunk)


def _part(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _read_part(file: BinaryIO) -> bytes:
    length = int.from_bytes(file.read(4), "big")
    content = file.read(length) if length <= _LONGEST_PART else b""
    if not content or len(content) != length:
        raise NotABackup
    return content


def header_of(file: BinaryIO) -> Header:
    """The header of a backup file, from its beginning; raises NotABackup."""
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise NotABackup
    try:
        header = Header(**json.loads(_read_part(file)))
    except (ValueError, TypeError, RecursionError):
        raise NotABackup from None
    texts = {name: value for name, value in asdict(header).items() if name != "checks"}
    if not isinstance(header.checks, dict):
        raise NotABackup
    if not all(isinstance(each, str) for each in (*texts.values(), *header.checks.values())):
        raise NotABackup
    return header


@contextmanager
def nothing_half_written(files: Collection[Path]) -> Iterator[None]:
    """Remove the files where writing them fails: a disk that they filled would stay full until the next night."""
    try:
        yield
    except BaseException:
        for path in files:
            path.unlink(missing_ok=True)
        raise


def is_of_another(path: Path) -> bool:
    """Whether another instance wrote the backup file, by the key file `store`; not where nothing in it says so."""
    try:
        with path.open("rb") as file:
            header = header_of(file)
    except (OSError, NotABackup):
        return False
    return key_checks.compared(header.checks, header.pair).get("store") is False


def foreign(folder: Path) -> Path | None:
    """The newest main file of the folder if another instance wrote it: then the folder is not ours to write into."""
    newest = max((path for path in folder.glob("main-*Z") if path.is_file()), default=None)
    return newest if newest is not None and is_of_another(newest) else None


def _content(file: BinaryIO, privates: Collection[bytes]) -> Iterator[bytes]:
    """The lines of a backup file; raises NotABackup, CannotOpen for wrong keys or a file that is not as it was."""
    header = header_of(file)
    by_public = {crypto.public_key_of(private).hex(): private for private in privates}
    if header.outer not in by_public or header.inner not in by_public:
        raise CannotOpen
    clear = _MAGIC + _part(_header_bytes(file))
    wrapped = _read_part(file)
    context = crypto.ctx("backup", crypto.digest(clear))
    key = crypto.unwrap(by_public[header.inner], crypto.unwrap(by_public[header.outer], wrapped, context), context)
    yield from dumping.lines(crypto.open_stream(key, file, crypto.digest(clear + _part(wrapped))))


def _header_bytes(file: BinaryIO) -> bytes:
    file.seek(len(_MAGIC))
    return _read_part(file)


def counts() -> dict[str, int]:
    """How many rows each table of both databases has now."""
    found: dict[str, int] = {}
    for engine, base in ((db.engine, Model), (db.engines["shred"], ShredModel)):
        with engine.connect() as connection:
            for each in base.metadata.sorted_tables:
                found[each.name] = connection.execute(select(func.count()).select_from(each)).scalar_one()
    return found


def check(file: BinaryIO, privates: Collection[bytes]) -> dict[str, int]:
    """Read the whole file without keeping anything; how many rows each table has. Raises as `_content`, Unreadable."""
    return dumping.load(None, _content(file, privates))


def load(file: BinaryIO, privates: Collection[bytes]) -> dict[str, int]:
    """Insert the file's rows into its database, which is at the file's revision and empty; raises as `check`."""
    engine = db.engine if header_of(file).database == "main" else db.engines["shred"]
    with engine.begin() as connection, dumping.in_any_order(connection):
        return dumping.load(connection, _content(file, privates))
