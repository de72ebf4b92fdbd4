"""Copies of the key log: what a file says, whether it goes on into the log, and putting back what the log has lost.

Nothing is signed here. An entry comes from a file only after the whole file was verified from its first entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.key_log import State
from nrm.models.accounts.accounts import Keyring, KeyringWrap, Member, MemberSession, Organisation
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.vault.keylog import entries, files, heads, log
from nrm.vault.keylog.entries import Signed
from nrm.vault.keylog.heads import Head


@dataclass(frozen=True, slots=True)
class Copy:
    """A verified file: its entries, and what they say together."""

    path: Path
    signed: tuple[Signed, ...]
    state: State


class WrongCopy(Exception):
    """A file that is no whole key log. `number`: the first entry that is wrong, `reason` why."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(number, reason)
        self.number, self.reason = number, reason


def read(path: Path) -> Copy:
    """Verify a file from its first entry; it needs nothing else. Raises WrongCopy, files.NoKeyLog, OSError."""
    instance_id, found = files.read(files.lines_of(path))
    going = entries.Replay(instance_id, State())
    signed = []
    try:
        for each in found:
            going.take(each)
            signed.append(each)
    except entries.Refused as refused:
        raise WrongCopy(refused.number, refused.reason) from None
    return Copy(path, tuple(signed), going.state)


def longest(paths: Iterable[Path]) -> Copy | None:
    """Of these files the longest whole log of this instance that goes on from what stands here; None for none."""
    best = None
    here = _rows()
    for path in paths:
        try:
            found = read(path)
        except (WrongCopy, files.NoKeyLog, OSError):
            continue
        if _instance_of(path) != log.instance_id():
            continue
        if found.signed[: len(here)] == here and (best is None or found.state.number > best.state.number):
            best = found
    return best


def _instance_of(path: Path) -> object:
    return files.read(files.lines_of(path))[0]


def _rows() -> tuple[Signed, ...]:
    """The entries of the database, as they stand there."""
    table = KeyLogEntry.__table__.c
    statement = select(table.number, table.kind, table.body, table.signer_id, table.signature).order_by(table.number)
    with db.engine.connect() as connection:
        return tuple(
            Signed(row.number, row.kind, bytes(row.body), row.signer_id, bytes(row.signature))
            for row in connection.execute(statement)
        )


def first_wrong() -> tuple[int, str] | None:
    """(number, reason) of the first entry in the database that is wrong or missing, verified from nothing; or None."""
    going = entries.Replay(log.instance_id(), State())
    try:
        for each in _rows():
            going.take(each)
    except entries.Refused as refused:
        return refused.number, refused.reason
    right = heads.confirmed()
    if going.state.number < right.number:
        return going.state.number + 1, log.LogFault.SHORT
    if not going.state.extends(*right):
        return right.number, log.LogFault.OTHER
    if going.state.number > right.number and not heads.is_there(Head(going.state.number, going.state.digest)):
        return going.state.number, log.LogFault.UNKNOWN
    return None


def mends(found: Copy) -> bool:
    """Whether the file may take the place of the rows: the second database knows no further end than it has."""
    return _instance_of(found.path) == log.instance_id() and found.state.extends(*heads.confirmed())


def put_back(session: Session, found: Copy, *, afresh: bool) -> int:
    """Write the entries of a verified file that the database does not have; how many.

    `afresh`: all rows are replaced; else they go on from what is there. The end is announced, and confirmed by
    `log.settle` after the commit.
    """
    log.hold(session)
    if afresh:
        session.execute(delete(KeyLogEntry))
        there = 0
    else:
        there = len(session.scalars(select(KeyLogEntry.number)).all())
    rows = [
        {
            "number": each.number,
            "kind": each.kind,
            "body": each.body,
            "signer_id": each.signer_id,
            "signature": each.signature,
            "digest": digest,
        }
        for each, digest in zip(found.signed, found.state.digests, strict=True)
        if each.number > there
    ]
    end = Head(found.state.number, found.state.digest)
    if rows:
        if not heads.is_there(end):
            heads.announce(end)
        session.execute(insert(KeyLogEntry), rows)
    return len(rows)


def follow(session: Session, state: State) -> int:
    """Bring the rows to what the log says: who left stays out, roles and organisations are what was signed.

    Returns how many rows differed; a row that is only missing is none. Called by `tend`, and after a restore.
    """
    changed = 0
    for member in session.scalars(select(Member)):
        known = state.members.get(member.id)
        if known is None:
            continue
        # Whom a colleague let come back waits under the next serial, and opens nothing before words are typed.
        back = member.status == "waiting" and member.serial > known.serial
        if known.left and member.status in ("active", "waiting") and not back and member.sign_public == known.signing:
            session.execute(delete(MemberSession).where(MemberSession.member_id == member.id))
            session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == member.id))
            session.execute(update(Member).where(Member.id == member.id).values(status="disabled"))
            changed += 1
        elif not known.left and member.role != known.role and member.sign_public == known.signing:
            session.execute(update(Member).where(Member.id == member.id).values(role=known.role))
            changed += 1
    version = func.max(Keyring.version).label("version")
    rows = session.execute(select(Keyring.organisation_id, version).group_by(Keyring.organisation_id))
    newest = {row.organisation_id: row.version for row in rows}
    for organisation in session.scalars(select(Organisation)):
        of = state.organisations.get(organisation.id)
        if of is None:
            continue
        right: dict[str, object] = {
            "code": of.code,
            "kind": of.kind,
            "party": of.party,
            "crossing_point": of.crossing_point,
        }
        if of.kind == OrganisationKind.RESPONSIBLE_AUTHORITY:
            right["enabled"] = not of.suspended  # three hands take it out, and no row (ADR 0149)
        if of.version > newest.get(organisation.id, 0) and organisation.keyring_due_at is None:
            right["keyring_due_at"] = (
                clock.now()
            )  # what the log knows is lost with a restored database: a new one is due
        if any(getattr(organisation, name) != value for name, value in right.items()):
            session.execute(update(Organisation).where(Organisation.id == organisation.id).values(**right))
            changed += 1
    return changed
