"""Whether the key files are those of the instance: by a value made from each key, and by what lies under it.

The value is a MAC under a key that is derived from the key file for this alone, over a salt: it says nothing of the
32 random bytes, and two of them with different salts do not say that they are of one instance. It stands in the
header of every backup, and in a file of the instance's folder.

Decided in ADR 0179.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Select, select

from config import KEY_FILES, Secrets
from nrm import crypto
from nrm.db import db
from nrm.models.accounts.accounts import Instance, Keyring, Member, Organisation
from nrm.models.reports.reports import Release
from nrm.models.shelter.matching import MatchEncoding, MatchQuestion
from nrm.vault import keyrings, matching, second_factor, signing
from nrm.vault import rows as marked
from nrm.vault.marks import config

NOTED = "keys.check"
_SALT = "salt"
_LOOKED_AT = 20  # rows of a kind


def values(salt: str, keys: Secrets | None = None) -> dict[str, str]:
    """Name of the key file -> the value of the key that the application in context has, or of the given ones."""
    ours = keys or config().secrets
    return {name: _value(getattr(ours, name), name, salt) for name in KEY_FILES}


def _value(key: bytes, name: str, salt: str) -> str:
    return crypto.mac(crypto.expand(key, crypto.ctx("key check")), crypto.ctx(name, salt)).hex()


def compared(known: Mapping[str, str], salt: str, keys: Secrets | None = None) -> dict[str, bool]:
    """Name -> whether our key has the known value; without the names of which none is known."""
    return {
        name: crypto.same(known[name].encode("utf-8", "replace"), value.encode())
        for name, value in values(salt, keys).items()
        if name in known
    }


def note(names: Iterable[str] = KEY_FILES) -> None:
    """Write the values of these keys into the instance's folder, in the place of those that were noted."""
    salt, chosen = secrets.token_hex(16), set(names)
    noted = {_SALT: salt, **{name: value for name, value in values(salt).items() if name in chosen}}
    path = _place()
    partial = path.with_name(f"{NOTED}.partial")
    partial.write_text(json.dumps(noted, indent=1) + "\n", "utf-8")
    partial.chmod(0o600)
    partial.replace(path)


def noted(directory: Path | None = None, keys: Secrets | None = None) -> dict[str, bool]:
    """As `compared`, with what the instance's folder has, or the given one; nothing is known by a file that cannot be
    read."""
    found = _read(directory or config().directory)
    return compared(found, found.get(_SALT, ""), keys)


def was_noted(directory: Path, name: str) -> bool:
    """Whether the instance in this folder had that key file once."""
    return name in _read(directory)


def _read(directory: Path) -> dict[str, str]:
    try:
        found = json.loads((directory / NOTED).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()) else {}


def _place() -> Path:
    return config().directory / NOTED


def proven() -> dict[str, bool]:
    """Name -> whether a row of the databases opens, or is known, by our key; without the names under which no row lies.

    One row that does is enough: another hand may have written the others.
    """
    session = db.session
    try:
        instance = session.scalars(select(Instance).where(Instance.mark.is_not(None)))
        rings = session.execute(select(Keyring, Organisation).join(Organisation).limit(_LOOKED_AT))
        found = {
            "store": [crypto.same(each.mark or b"", marked.instance_mark(each)) for each in instance]
            + [keyrings.is_ours(keyring, organisation) for keyring, organisation in rings],
            "release": [signing.is_signed(each.signature, each.hash) for each in _some(select(Release))],
            "pepper": [
                second_factor.opens(each.id, each.sealed_totp or b"")
                for each in _some(select(Member).where(Member.sealed_totp.is_not(None)))
            ],
            "match": [matching.lies_under_our_key(each) for each in _some(select(MatchEncoding))]
            + [
                matching.lies_under_our_key(each)
                for each in _some(select(MatchQuestion).where(MatchQuestion.sealed_pairs.is_not(None)))
            ],
        }
    finally:
        session.rollback()
    return {name: any(looks) for name, looks in found.items() if looks}


def _some(asked: Select[Any]) -> Iterable[Any]:
    return db.session.scalars(asked.limit(_LOOKED_AT))


def known() -> dict[str, bool]:
    """Of each key file of which something is known, whether it is that of this instance: what is noted, else rows."""
    return {**proven(), **noted()}


def note_what_is_right(new: Collection[str] = ()) -> None:
    """Note the values of all keys but those that are known to be wrong, where none are noted yet or some are `new`."""
    if new or not _place().exists():
        wrong = {name for name, right in known().items() if not right and name not in new}
        note(name for name in KEY_FILES if name not in wrong)
        for name in sorted(wrong):
            current_app.logger.error("the key file %s is not the one of this instance", name)
