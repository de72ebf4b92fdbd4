"""What lies in the memory of another process: as whoever reads it on the machine would look for a name (Linux)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_WRITABLE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")
_PIECE = 1 << 22


class CannotRead(Exception):
    """The kernel lets nobody here read the memory of that process."""


def spellings(text: str) -> dict[str, bytes]:
    """A text as a process may hold it: Python keeps a string in units of one, two or four bytes."""
    return {encoding: text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-32-le")}


def found(pid: int, wanted: Mapping[str, bytes]) -> dict[str, int]:
    """How often each of these lies in the memory of a process, for those that do. Raises CannotRead."""
    seen: dict[str, int] = {}
    longest = max(map(len, wanted.values()))
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for begin, end in _regions(pid):
                rest = b""
                for at in range(begin, end, _PIECE):
                    try:
                        memory.seek(at)
                        piece = rest + memory.read(min(_PIECE, end - at))
                    except (OSError, ValueError):  # the kernel's own, or gone meanwhile
                        break
                    for name, text in wanted.items():
                        if number := piece.count(text) - rest.count(text):
                            seen[name] = seen.get(name, 0) + number
                    rest = piece[-longest:]
    except PermissionError:
        raise CannotRead from None
    return seen


def _regions(pid: int) -> Iterable[tuple[int, int]]:
    """Where a process can write: nothing else can hold what it was told."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if region := _WRITABLE.match(line):
            yield int(region[1], 16), int(region[2], 16)
