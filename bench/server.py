"""The production server for a benchmark: two workers, started and ended here."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A server and what it has used so far."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """User and system time of the server and its workers."""
        total = 0
        for pid in _tree(self.process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def memory_kb(self) -> int:
        """Proportional set size (PSS) of the workers together, without the process that only watches over them."""
        total = 0
        for pid in _tree(self.process.pid)[1:]:
            found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found.group(1)) if found else 0
        return total


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _tree(int(child)))]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compiled_modules() -> dict[str, str]:
    """The environment with compiled modules kept from one start to the next, as where the program is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def instance(directory: Path) -> Iterator[Running]:
    """Serve an instance as `nrm serve` does, on loopback; ended at the end whatever happens."""
    port = free_port()
    command = ["-c", "from nrm.cli import main; main()", "serve", "--dir", str(directory), "--port", str(port)]
    with _running([sys.executable, *command], port) as running:
        yield running


@contextmanager
def empty() -> Iterator[Running]:
    """Serve `bench.empty` alike: the anchor."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "rsgi", "--port", str(port), "--workers", "2"]
    command += ["--log-level", "error", "bench.empty:gateway"]
    with _running(command, port) as running:
        yield running


@contextmanager
def _running(command: list[str], port: int) -> Iterator[Running]:
    process = subprocess.Popen(command, cwd=TOP, env=compiled_modules())
    try:
        _wait(port, process)
        yield Running(port, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(1)  # the second worker
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not listen in time")
