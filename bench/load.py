"""A bounded load on a server of our own on loopback: keep-alive connections, one request after the other on each."""

from __future__ import annotations

import re
import selectors
import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

CONNECTIONS = 16
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second, the server's CPU in ms per request, and milliseconds until an answer."""

    per_second: float
    cpu_ms: float
    p50: float
    p95: float


class _Connection:
    def __init__(self, port: int, place: int) -> None:
        self.place = place
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """The whole answer once it is there."""
        data = self.socket.recv(262_144)
        if not data:
            raise RuntimeError(f"the server closed the connection after {self.received[:200]!r}")
        self.received += data
        head, mark, body = self.received.partition(b"\r\n\r\n")
        if not mark:
            return None
        length = _LENGTH.search(head)
        if length is None:
            raise RuntimeError(f"an answer without a length: {head[:300]!r}")
        return self.received if len(body) >= int(length.group(1)) else None


def measure(
    port: int,
    request: Callable[[int], bytes],
    *,
    expect: bytes,
    seconds: float,
    cpu_seconds: Callable[[], float],
) -> Measured:
    """Send requests for some seconds; every answer must begin with `expect`.

    `request(place)` makes the next request of the connection with that number (0 to 15), once it has its last answer.
    """
    selector = selectors.DefaultSelector()
    connections = [_Connection(port, place) for place in range(CONNECTIONS)]
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    took: list[float] = []
    cpu, started = cpu_seconds(), time.perf_counter()
    for connection in connections:
        connection.send(request(connection.place))
    waiting = len(connections)
    while waiting:
        for key, _ in selector.select(timeout=30):
            connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            if not answer.startswith(expect):
                raise RuntimeError(f"expected {expect!r}, got {answer[:1500]!r}")
            took.append(time.perf_counter() - connection.sent_at)
            if time.perf_counter() - started < seconds:
                connection.send(request(connection.place))
            else:
                waiting -= 1
    elapsed, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    for connection in connections:
        connection.socket.close()
    centiles = statistics.quantiles(took, n=100)
    return Measured(len(took) / elapsed, cpu / len(took) * 1000, centiles[49] * 1000, centiles[94] * 1000)
