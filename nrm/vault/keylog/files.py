"""The key log as files beside the databases: `keylog.log`, to be copied anywhere, and `keylog.state`, which saves work.

`keylog.log` holds no secret: a line of JSON with the instance's id, then one line an entry. It is written after each
commit, and never rewritten: a file that does not go on into the log is left alone and said. `keylog.state` holds what
was verified, under a MAC of the store key; who cannot compute that makes the program verify everything again, no more.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nrm import crypto
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import EntryKind, KeyPeriod, Lost, Member, Organisation, Proposal
from nrm.vault.keylog.entries import Signed, body_bytes, read_body

FORMAT = "nrm-keylog-1"
LONGEST_LINE = 16 * 1024
LOG, STATE = "keylog.log", "keylog.state"
_MAC_BYTES = 32


class NoKeyLog(Exception):
    """A file that is no key log; the argument is the line, from 1."""


def header(instance_id: uuid.UUID) -> str:
    """The first line."""
    return json.dumps({"format": FORMAT, "instance": instance_id.hex}) + "\n"


def line(signed: Signed) -> str:
    """The line of one entry."""
    return (
        json.dumps(
            {
                "number": signed.number,
                "kind": signed.kind,
                "body": _text(signed.body),
                "signer": signed.signer_id.hex,
                "signature": _text(signed.signature),
            }
        )
        + "\n"
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def read(lines: Iterable[str]) -> tuple[uuid.UUID, Iterator[Signed]]:
    """(the instance's id, the entries as they stand there); raises NoKeyLog, also while the entries are read."""
    going = iter(lines)
    try:
        first = json.loads(next(going, ""))
        if first["format"] != FORMAT:
            raise NoKeyLog(1)
        instance_id = uuid.UUID(hex=first["instance"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise NoKeyLog(1) from None
    return instance_id, _entries(going)


def _entries(lines: Iterator[str]) -> Iterator[Signed]:
    for number, text in enumerate(lines, start=2):
        if not text.endswith("\n"):
            return  # the last line of a file whose writing was interrupted
        try:
            found = json.loads(text)
            yield Signed(
                int(found["number"]),
                str(found["kind"]),
                base64.b64decode(found["body"], validate=True),
                uuid.UUID(hex=found["signer"]),
                base64.b64decode(found["signature"], validate=True),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, binascii.Error):
            raise NoKeyLog(number) from None


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file, none longer than an entry can be; raises OSError, NoKeyLog."""
    with path.open("rb") as file:
        number = 0
        while content := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(content) > LONGEST_LINE:
                raise NoKeyLog(number)
            try:
                yield content.decode("ascii")
            except UnicodeDecodeError:
                raise NoKeyLog(number) from None


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """`keylog.log`, open for appending and locked: two processes never write at once. Raises OSError."""
    descriptor = os.open(folder / LOG, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def last_number(descriptor: int) -> tuple[int, int]:
    """(number of the last whole entry, where it ends): from the end of the file, -1 and 0 for an empty one.

    Raises NoKeyLog for a file whose end is none of a key log.
    """
    size = os.fstat(descriptor).st_size
    if not size:
        return -1, 0
    start = max(0, size - 2 * LONGEST_LINE)
    end = os.pread(descriptor, size - start, start)
    whole = end.rfind(b"\n") + 1
    if not whole:
        if start:
            raise NoKeyLog(0)
        return -1, 0  # not even the first line is whole
    last = end[:whole].rstrip(b"\n").rpartition(b"\n")[2]
    try:
        found = json.loads(last)
        return int(found.get("number", 0)), start + whole
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise NoKeyLog(0) from None


def write_at(descriptor: int, place: int, text: str) -> None:
    """Write from this place on, safely on the disk; what stood after it was the rest of an interrupted line."""
    os.ftruncate(descriptor, place)
    content, done = text.encode(), 0
    while done < len(content):
        done += os.pwrite(descriptor, content[done:], place + done)
    os.fsync(descriptor)


# What was verified, in a file.


def store_state(path: Path, state: State, key: bytes) -> None:
    """Write the verified state under a MAC; the file is replaced as a whole. Raises OSError."""
    content = json.dumps(_written(state), separators=(",", ":")).encode()
    partial = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(crypto.mac(key, content) + content)
    partial.replace(path)


def load_state(path: Path, key: bytes) -> State | None:
    """The state that was stored; None for no file, or one that this program did not write."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if not crypto.same(content[:_MAC_BYTES], crypto.mac(key, content[_MAC_BYTES:])):
        return None
    return _state(json.loads(content[_MAC_BYTES:]))


def _written(state: State) -> dict[str, Any]:
    return {
        "number": state.number,
        "digest": state.digest.hex(),
        "at": state.at,
        "organisations": [
            [
                each.id.hex,
                each.code,
                each.kind,
                each.party,
                each.crossing_point,
                each.names_digest.hex(),
                each.public.hex(),
                each.version,
                each.since,
                _ids(each.vouched_by),
                each.suspended,
                each.spent,
                each.party_state,
                each.party_until,
                each.party_agreement.hex(),
                _ids(each.lacking),
                each.suspended_for,
            ]
            for each in state.organisations.values()
        ],
        "members": [
            [
                each.id.hex,
                each.organisation_id.hex,
                each.role,
                each.serial,
                each.name_digest.hex(),
                each.signing.hex(),
                each.sealing.hex(),
                each.since,
                _ids(each.vouched_by),
                each.left,
                each.suspended,
                each.until,
            ]
            for each in state.members.values()
        ],
        "proposals": [
            [
                each.digest.hex(),
                str(each.kind),
                body_bytes(each.body, each.at).hex(),
                _ids(each.signers),
                each.after,
                each.after_at,
                [[member_id.hex, reason] for member_id, reason in each.declined],
            ]
            for each in state.proposals.values()
        ],
        "changed": [[what, whom.hex, number] for (what, whom), number in state.changed.items()],
        "lost": [[each.after, each.number, each.since, each.agreed_at] for each in state.lost],
        "keys": {
            member_id.hex: [[each.signing.hex(), each.since, each.until] for each in periods]
            for member_id, periods in state.keys.items()
        },
        "owners": {key.hex(): member_id.hex for key, member_id in state.owners.items()},
        "boxes": [[post.hex, month, public.hex()] for (post, month), public in state.boxes.items()],
        "digests": b"".join(state.digests).hex(),
    }


def _ids(ids: Iterable[uuid.UUID]) -> list[str]:
    return [each.hex for each in ids]


def _state(found: dict[str, Any]) -> State:
    of, as_bytes = uuid.UUID, bytes.fromhex
    known: dict[str, uuid.UUID] = {}

    def one(text: str) -> uuid.UUID:
        made = known.get(text)
        if made is None:
            made = known[text] = of(hex=text)
        return made

    state = State(found["number"], as_bytes(found["digest"]), found["at"])
    for each in found["organisations"]:
        parts = [
            one(each[0]),
            *each[1:5],
            as_bytes(each[5]),
            as_bytes(each[6]),
            *each[7:14],
            as_bytes(each[14]),
            frozenset(map(one, each[15])),
            each[16],
        ]
        parts[9] = frozenset(map(one, each[9]))
        state.organisations[parts[0]] = Organisation(*parts)
    for each in found["members"]:
        parts = [one(each[0]), one(each[1]), *each[2:4], *map(as_bytes, each[4:7]), *each[7:]]
        parts[8] = frozenset(map(one, each[8]))
        state.members[parts[0]] = Member(*parts)
    for digest, *parts in found["proposals"]:
        state.proposals[as_bytes(digest)] = _proposal(digest, *parts)
    state.lost.extend(Lost(*each) for each in found["lost"])
    state.changed.update(((what, one(whom)), number) for what, whom, number in found["changed"])
    for member_id, periods in found["keys"].items():
        state.keys[one(member_id)] = tuple(KeyPeriod(as_bytes(key), since, until) for key, since, until in periods)
    state.owners.update((as_bytes(key), one(member_id)) for key, member_id in found["owners"].items())
    state.boxes.update(((one(post), month), as_bytes(public)) for post, month, public in found["boxes"])
    digests_ = as_bytes(found["digests"])
    state.digests.extend(digests_[start : start + 32] for start in range(0, len(digests_), 32))
    return state


def _proposal(
    digest: str,
    kind: str,
    content: str,
    signers: Sequence[str],
    after: int,
    after_at: int,
    declined: Sequence[tuple[str, str]],
) -> Proposal:
    body, at = read_body(EntryKind(kind), bytes.fromhex(content))
    return Proposal(
        bytes.fromhex(digest),
        EntryKind(kind),
        body,
        at,
        tuple(uuid.UUID(hex=each) for each in signers),
        after,
        after_at,
        tuple((uuid.UUID(hex=member_id), reason) for member_id, reason in declined),
    )
