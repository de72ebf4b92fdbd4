"""What strangers can cause: it is written to the log once a minute and counted, and some of it is limited."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time

EVERY_SECONDS = 60.0
MOST_NETWORKS = 10_000
_lock = threading.Lock()
_written: dict[str, float] = {}
_unwritten: dict[str, int] = {}


def counted(kind: str) -> int | None:
    """None if a line of this kind was written within a minute: this one is only counted. Else how many were counted and
    not written since. Each worker counts for itself; `kind` is one of a few, never what somebody typed."""
    now = time.monotonic()
    with _lock:
        last = _written.get(kind)
        if last is not None and now - last < EVERY_SECONDS:
            _unwritten[kind] = _unwritten.get(kind, 0) + 1
            return None
        _written[kind] = now
        return _unwritten.pop(kind, 0)


class Few:
    """How often a network may do what it does without an account: in the memory of this process alone.

    A network is known by a digest under a key that this process made and forgets; nothing of it is written anywhere, so
    no database says when somebody in a house sent something. Each worker counts for itself.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._key = secrets.token_bytes(32)
        self._times: dict[bytes, list[float]] = {}
        self._lock = threading.Lock()

    def is_over(self, network: str) -> bool:
        """Whether the network has done it as often as it may."""
        with self._lock:
            return len(self._recent(self._digest(network), time.monotonic())) >= self.most

    def left(self, network: str) -> float:
        """In how many seconds it may be done again; 0 for now."""
        now = time.monotonic()
        with self._lock:
            recent = self._recent(self._digest(network), now)
        return max(0.0, recent[-self.most] + self.seconds - now) if len(recent) >= self.most else 0.0

    def count(self, network: str) -> None:
        """Once more."""
        now, digest = time.monotonic(), self._digest(network)
        with self._lock:
            times = self._recent(digest, now)
            if len(self._times) >= MOST_NETWORKS:
                self._times = {each: kept for each in [*self._times] if (kept := self._recent(each, now))}
            if len(self._times) >= MOST_NETWORKS:
                self._times.pop(next(iter(self._times)))
            self._times[digest] = [*times, now][-self.most :]

    def _recent(self, digest: bytes, now: float) -> list[float]:
        return [each for each in self._times.get(digest, ()) if now - each < self.seconds]

    def _digest(self, network: str) -> bytes:
        return hashlib.blake2b(network.encode(), key=self._key, digest_size=16).digest()
