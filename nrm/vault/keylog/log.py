"""Reading and appending the key log of an instance.

`state` is what everything else asks: the verified state at the end of the log. Rows of the main database are claims; an
entry is believed after its signature fits, its rules hold, and the second database knows the end. A process never
accepts a lower end than it has seen. `append` signs and inserts inside the transaction of an action, under the lock of
the instance's one row, so of two at once the second is signed at the new end.

Decided in ADR 0098.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from flask import current_app, g
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from nrm import clock, crypto
from nrm.db import afterwards, db, is_writing, kept, transaction
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import (
    Agreed,
    Body,
    Declined,
    EntryKind,
    EntryRefusal,
    EntryRefused,
    No,
    Proposal,
    Proposed,
    hour_of,
)
from nrm.looks import looked_up
from nrm.models.accounts.accounts import Instance
from nrm.models.accounts.key_log import KeyLogEntry
from nrm.prepared import AnySession, Prepared
from nrm.vault.keylog import entries, files, heads
from nrm.vault.keylog.entries import Signed
from nrm.vault.keylog.heads import Head
from nrm.vault.marks import config

_LOG = KeyLogEntry.__table__.c
_END = Prepared(select(_LOG.number, _LOG.digest).order_by(_LOG.number.desc()).limit(1))
_ENTRIES = select(_LOG.number, _LOG.kind, _LOG.body, _LOG.signer_id, _LOG.signature, _LOG.digest).order_by(_LOG.number)
_AFTER = Prepared(_ENTRIES.where(_LOG.number > bindparam("number")))
# Two readings of the index in one statement: the entries themselves are not touched.
_WHOLE = Prepared(
    select(
        select(func.count()).select_from(KeyLogEntry.__table__).scalar_subquery().label("there"),
        select(func.coalesce(func.max(_LOG.number), 0)).scalar_subquery().label("last"),
    )
)
_INSTANCE = Prepared(select(Instance.__table__.c.id))
_IS_WHOLE = "key_log_whole"  # kept for a transaction: no entry was missing when it began to seal or to append
_APPENDED = "key_log"  # kept for a transaction: the state with the entries that it appended
CHANGED = "keylog.changed"
"""A file in the instance's folder, there while an entry in the database is not the one that was verified."""
_STORE_EVERY = 64  # entries that are verified again at the next start, at most


class LogFault(StrEnum):
    """What is wrong with the log in the main database."""

    SHORT = "short"  # entries that were there are gone
    ENTRY = "entry"  # an entry does not belong there
    UNKNOWN = "unknown"  # the second database knows nothing of its end
    AWAY = "away"  # the second database does not answer
    OTHER = "other"  # the second database knows another one, or the browser or session does


class LogWrong(crypto.CannotOpen):
    """The log does not hold. `number`: the first entry that is wrong or missing."""

    def __init__(self, fault: LogFault, number: int) -> None:
        super().__init__()
        self.fault, self.number = fault, number


@dataclass(slots=True)
class _Known:
    """What this process has verified, and what it found wrong and said."""

    instance_id: uuid.UUID
    state: State = field(default_factory=State)
    stored: int = 0
    compared_at: datetime | None = None
    said: tuple[LogFault, int] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


def _known() -> _Known:
    """Of the application in context; the first call reads the file of the verified state."""
    found: _Known | None = current_app.extensions.get("nrm.keylog")
    if found is None:
        row = _INSTANCE.first(db.session, {})
        if row is None:
            return _Known(uuid.UUID(int=0))
        stored = files.load_state(config().directory / files.STATE, _state_key())
        found = _Known(row.id, stored or State(), stored.number if stored else 0)
        found = current_app.extensions.setdefault("nrm.keylog", found)
    return found


def _state_key() -> bytes:
    return crypto.expand(config().secrets.store, crypto.ctx("keylog state 5"))


def instance_id() -> uuid.UUID:
    """The id that every entry is bound to."""
    return _known().instance_id


def state(session: AnySession) -> State:
    """The verified state at the end of the log, in a transaction with what it appended; raises LogWrong.

    Never change it: it is shared. Costs two small queries if nothing was appended since the last call, and none in a
    look that has asked before.
    """
    own = _appended(session)
    return own if own is not None else looked_up(("keylog.state",), partial(_verified, session))


def _verified(session: AnySession) -> State:
    known = _known()
    with known.lock:
        try:
            found = _current(session, known)
        except LogWrong as wrong:
            if known.said != (wrong.fault, wrong.number):
                known.said = (wrong.fault, wrong.number)
                current_app.logger.error("the key log is wrong at entry %s: %s", wrong.number, wrong.fault)
            raise
        known.said = None
        return found


def end(session: AnySession) -> Head:
    """The end of the log, for somebody who will remember it; while the log is wrong, the last end that was right."""
    return _end_of(last_state(session))


def _appended(session: AnySession) -> State | None:
    """The state with what the session's transaction appended, if it did."""
    if isinstance(session, Session):
        return kept(session).get(_APPENDED)
    return kept(session()).get(_APPENDED) if session.registry.has() else None


def last_state(session: AnySession) -> State:
    """As `state`; while the log is wrong, the last state that was right, for what needs no new trust."""
    try:
        return state(session)
    except LogWrong:
        return _known().state


def must_be_whole(session: Session) -> None:
    """Raise LogWrong if an entry is missing between others, or `compare` found one changed; asked once in a
    transaction, before something is sealed to another organisation or appended.

    What this process has verified stays right without that row, so `state` does not read it again. But whoever took it
    away meant something by it, and a process that starts now would stop there (ADR 0117).
    """
    if kept(session).get(_IS_WHOLE):
        return
    if (changed := _changed()) is not None:
        raise LogWrong(LogFault.ENTRY, changed)
    found = _WHOLE.first(session, {})
    if found is not None and found.there != found.last:
        number = _row_count() + 1
        current_app.logger.error("the key log is wrong at entry %s: %s", number, LogFault.SHORT)
        raise LogWrong(LogFault.SHORT, number)
    if is_writing(session):
        kept(session)[_IS_WHOLE] = True


def compare(*, every: timedelta = timedelta(0)) -> int | None:
    """Hold every row against what this process has verified: the number of the first that is missing or another, None
    if there is none. Called by `tend`, not again before `every` is over.

    What was verified stays right, so nothing else reads those rows again; but somebody changed one, and a process that
    starts now would stop there. A file in the instance's folder tells the other processes (ADR 0117).
    """
    known, now = _known(), clock.now()
    if known.compared_at is not None and now < known.compared_at + every:
        return None
    known.compared_at = now
    try:
        known_state = state(db.session)
    except LogWrong:
        known_state = known.state
    finally:
        db.session.rollback()  # the rows are read on a connection of their own; nobody waits for it holding another
    number = _first_other(known.instance_id, known_state)
    path = config().directory / CHANGED
    try:
        if number is None:
            path.unlink(missing_ok=True)
        elif _changed() != number:
            path.write_text(str(number), "ascii")
            current_app.logger.error("the key log is wrong at entry %s: %s", number, LogFault.ENTRY)
    except OSError as error:
        current_app.logger.error("%s cannot be written: %s", CHANGED, error.strerror)
    return number


def _first_other(instance: uuid.UUID, verified: State) -> int | None:
    number, before = 0, heads.NONE.digest
    with db.engine.connect() as connection:
        rows = connection.execution_options(yield_per=1000).execute(_ENTRIES.where(_LOG.number <= verified.number))
        for row in rows:
            number += 1
            each, right = _signed(row), verified.digests[number - 1]
            to_sign = entries.message(instance, number, before, each.kind, each.body)
            found = entries.digest_of(to_sign, each.signer_id, each.signature)
            if row.number != number or not found == bytes(row.digest) == right:
                return number
            before = right
    return None if number == verified.number else number + 1


def _changed() -> int | None:
    """The number of the entry that `compare` found changed, in whichever process; None for none."""
    try:
        return int((config().directory / CHANGED).read_text("ascii") or 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return 1


def parties_out(session: AnySession) -> dict[uuid.UUID, int]:
    """The organisations whose party takes no part for some hours, with the hour at which that ends."""
    now = hour_of(clock.now())
    found = last_state(session).organisations.values()
    return {each.id: each.party_until for each in found if each.takes_no_part(now)}


def _current(session: AnySession, known: _Known) -> State:
    try:
        right = heads.confirmed()  # read first: what it says was committed in the main database before
    except (SQLAlchemyError, db.engines["shred"].dialect.loaded_dbapi.Error):
        raise LogWrong(LogFault.AWAY, known.state.number) from None
    end = _end(session)
    least = max(right.number, known.state.number)
    if end.number < least:
        # A transaction may have begun before the last entry was committed: look on a connection of its own.
        with db.engine.connect() as connection:
            found: Sequence[Any] = connection.execute(_ENTRIES.where(_LOG.number > known.state.number)).all()
        if not found and _row_at(known.state.number) != known.state.digest:
            raise LogWrong(LogFault.SHORT, min(_row_count() + 1, least))
        if (found[-1].number if found else known.state.number) < least:
            raise LogWrong(LogFault.SHORT, (found[-1].number if found else known.state.number) + 1)
    elif end.number == known.state.number:
        if end.digest != known.state.digest:
            raise LogWrong(LogFault.ENTRY, end.number)
        found = []
    else:
        found = _AFTER.all(session, {"number": known.state.number})
    new = _replayed(known, found) if found else known.state
    if found and new.digest != bytes(found[-1].digest):
        raise LogWrong(LogFault.ENTRY, new.number)
    _must_be_known(new, right)
    if new is not known.state:
        known.state = new
        if new.number - known.stored >= _STORE_EVERY or not known.stored:
            _store(known)
    return known.state


def _replayed(known: _Known, found: Sequence[Any]) -> State:
    going = known.state.copy()
    try:
        entries.replay(known.instance_id, map(_signed, found), going)
    except entries.Refused as refused:
        raise LogWrong(LogFault.ENTRY, refused.number) from None
    return going


def _signed(row: Any) -> Signed:
    return Signed(row.number, row.kind, bytes(row.body), row.signer_id, bytes(row.signature))


def _must_be_known(new: State, right: Head) -> None:
    """Raise LogWrong unless the second database has confirmed or announced this end, and goes no further."""
    if not new.extends(right.number, right.digest):
        raise LogWrong(LogFault.OTHER, right.number)
    if new.number != right.number and not heads.is_there(_end_of(new)):
        now = heads.confirmed()  # it may have been confirmed, and a later one announced, in the meantime
        if not (now.number >= new.number or heads.is_there(_end_of(new))):
            raise LogWrong(LogFault.UNKNOWN, new.number)


def _end(session: AnySession) -> Head:
    found = _END.first(session, {})
    return heads.NONE if found is None else Head(found.number, bytes(found.digest))


def _end_of(of: State) -> Head:
    return Head(of.number, of.digest)


def _row_at(number: int) -> bytes | None:
    if not number:
        return heads.NONE.digest
    with db.engine.connect() as connection:
        found = connection.scalar(select(_LOG.digest).where(_LOG.number == number))
    return None if found is None else bytes(found)


def _row_count() -> int:
    """The number of the last entry that is there without a gap before it."""
    with db.engine.connect() as connection:
        numbers = connection.scalars(select(_LOG.number).order_by(_LOG.number)).all()
    for place, number in enumerate(numbers, start=1):
        if place != number:
            return place - 1
    return len(numbers)


def store() -> None:
    """Write the verified state to its file now."""
    _store(_known())


def _store(known: _Known) -> None:
    try:
        files.store_state(config().directory / files.STATE, known.state, _state_key())
        known.stored = known.state.number
    except OSError as error:
        current_app.logger.error("the verified key log cannot be stored: %s", error.strerror)


# Appending.


def append(session: Session, kind: EntryKind, body: Body, *, by: Actor) -> State:
    """Sign an entry with the actor's own key at the end of the log, and insert it; gives the state with it.

    Inside the transaction of an action. Others who append wait until it ends. Raises CannotOpen without the actor's
    keys, EntryRefused for what the rules do not allow (with the reason), LogWrong.
    """
    if by.keys is None or by.member_id is None:
        raise crypto.CannotOpen
    return append_as(session, kind, body, signer_id=by.member_id, private=by.keys.sign_private)


def append_as(session: Session, kind: EntryKind, body: Body, *, signer_id: uuid.UUID, private: bytes) -> State:
    """As `append`, with the signing key of somebody who has no session yet. Raises EntryRefused, LogWrong."""
    hold(session)
    must_be_whole(session)
    known = _known()
    before = state(session)
    signed, after = entries.sign(
        before, known.instance_id, kind, body, at=hour_of(clock.now()), signer_id=signer_id, private=private
    )
    end = _end_of(after)
    first = _APPENDED not in kept(session)
    if first:
        heads.announce(end)
        afterwards(session, lambda: _committed(session))
    else:
        heads.announce_more(end)
    session.execute(
        insert(KeyLogEntry).values(
            number=signed.number,
            kind=signed.kind,
            body=signed.body,
            signer_id=signed.signer_id,
            signature=signed.signature,
            digest=end.digest,
        )
    )
    kept(session)[_APPENDED] = after
    return after


def hold(session: Session) -> None:
    """Until the transaction ends nobody else appends: its order of locks is organisation, account, then this."""
    session.execute(select(Instance.id).with_for_update()).all()


def propose(session: Session, kind: EntryKind, body: Any, *, by: Actor) -> tuple[bytes, State]:
    """Propose an act that needs others, too; gives (the digest they agree to, the state). As `append`.

    If the actor's hand is enough, the act holds at once. Raises EntryRefused (`open`) while the same about the same
    waits: of two that lie there the second would do it again after it was undone.
    """
    hold(session)
    if state(session).rival_of(body, hour_of(clock.now())) is not None:
        raise EntryRefused(EntryRefusal.OPEN)
    after = append(session, EntryKind.PROPOSED, Proposed(kind, body), by=by)
    return after.digest, after


def agree(session: Session, proposal: bytes, *, by: Actor) -> State:
    """Agree to what somebody proposed. As `append`; EntryRefused (`void`) also for what stands otherwise by now."""
    hold(session)
    if all(each.digest != proposal for each in state(session).open_proposals(hour_of(clock.now()))):
        raise EntryRefused(EntryRefusal.VOID)
    return append(session, EntryKind.AGREED, Agreed(proposal), by=by)


def decline(session: Session, proposal: bytes, reason: No, *, by: Actor) -> State:
    """Take back what the actor proposed, or say that they do not agree to what others did. As `append`."""
    return append(session, EntryKind.DECLINED, Declined(proposal, str(reason)), by=by)


def proposal_of(of: State, kind: EntryKind, body: Any) -> Proposal | None:
    """The open proposal of exactly this act, or None."""
    for each in of.open_proposals(hour_of(clock.now())):
        if each.kind is kind and each.body == body:
            return each
    return None


def sign_or_agree(session: Session, kind: EntryKind, body: Any, *, by: Actor) -> tuple[bool, State]:
    """(whether it holds now, the state): one's own hand if that is enough, else a proposal, or agreeing to the one that
    is open. As `append`."""
    if proposal_of(state(session), kind, body) is None:
        try:
            return True, append(session, kind, body, by=by)
        except EntryRefused as refused:
            if refused.reason != "hands":
                raise
    return propose_or_agree(session, kind, body, by=by)


def propose_or_agree(session: Session, kind: EntryKind, body: Any, *, by: Actor) -> tuple[bool, State]:
    """As `sign_or_agree`, also where one's own hand would be enough for an entry by itself."""
    before = state(session)
    waiting = proposal_of(before, kind, body)
    if waiting is None:
        digest, after = propose(session, kind, body, by=by)
        return digest not in after.proposals, after
    if by.member_id in waiting.signers:
        return False, before
    after = agree(session, waiting.digest, by=by)
    return waiting.digest not in after.proposals, after


def _committed(session: Session) -> None:
    """After the commit: confirm the end, take it over, and write the file. What fails here is done by `tend`."""
    after: State = kept(session).pop(_APPENDED)
    heads.confirm(_end_of(after))
    known = _known()
    with known.lock:
        if after.number > known.state.number:
            known.state = after
    write_file()


def settle() -> int:
    """What is left when the program stopped after a commit: confirm the end, complete the file. How many entries."""
    try:
        with transaction() as session:
            hold(session)
            now = state(session)
            settled = now.number - heads.confirmed().number
            if settled:
                heads.confirm(_end_of(now))
    except LogWrong:
        return 0
    return settled + write_file()


def write_file() -> int:
    """Bring `keylog.log` up to the end of the log; how many entries. A file that is another log is left alone, said."""
    known = _known()
    try:
        with files.held(config().directory) as descriptor:
            number, place = files.last_number(descriptor)
            text = files.header(known.instance_id) if number < 0 else ""
            with db.engine.connect() as connection:
                rows = connection.execute(_ENTRIES.where(_LOG.number > max(number, 0))).all()
            if rows or text:
                files.write_at(descriptor, place, text + "".join(files.line(_signed(row)) for row in rows))
            return len(rows)
    except OSError as error:
        current_app.logger.error("keylog.log cannot be written: %s", error.strerror)
    except files.NoKeyLog:
        current_app.logger.error("keylog.log is no key log: move it away")
    return 0


def here() -> Path:
    """The file beside the databases to which every entry is written."""
    return config().directory / files.LOG


def exported(session: AnySession) -> list[str]:
    """The lines of the log as it stands in the database, for a file; nothing is verified."""
    found = _AFTER.all(session, {"number": 0})
    return [files.header(_known().instance_id), *(files.line(_signed(row)) for row in found)]


# What a session or a browser remembers.


def distrust(number: int) -> None:
    """In this request nothing is sealed to another organisation: the session or the browser knows another log."""
    g.nrm_keylog_other = number
    current_app.logger.error("the key log is wrong at entry %s: %s", number, LogFault.OTHER)


def must_be_trusted() -> None:
    """Raise LogWrong after `distrust`."""
    if (number := g.get("nrm_keylog_other")) is not None:
        raise LogWrong(LogFault.OTHER, number)
