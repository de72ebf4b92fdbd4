"""Every block of commands of README.md and the operator's guide: it is run as it stands on a machine of its own, or the
line above it says why not, and where its commands are tried instead. Nothing is left out in silence."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

TOP = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "docs/operator.md")
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<lang>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
RUN = re.compile(r"run (?P<group>[a-z-]+)(?: exits (?P<codes>[\d ]+))?")
NOT_RUN = re.compile(r"not run (?P<reason>[a-z]+): (?P<why>.+)")
REASONS = {
    "systemd": 9,  # needs systemd as the first process
    "root": 1,  # changes the whole machine
    "network": 5,  # fetches packages, or asks another machine
    "people": 4,  # several people sign in, or type the words of each other's sheets
    "settings": 1,  # is no command
    "form": 1,  # says what may be left out, with brackets
    "tested": 4,  # a test of its own reads or runs it
}
"""How many blocks are not run, and why. A new one is counted here, or is run."""
GROUPS = {"own-tls": 2, "proxy": 2, "country": 2}
ROOTS = re.compile(r"(?<![\w./:-])/(?=(?:srv|root|var|etc|tmp|media|run|opt)\b)")
SECONDS = 180


@dataclass(frozen=True)
class Block:
    document: str
    line: int
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks() -> list[Block]:
    found = []
    for name in DOCUMENTS:
        text = (TOP / name).read_text("utf-8")
        for each in BLOCK.finditer(text):
            found.append(Block(name, text.count("\n", 0, each.start("text")), each["mark"] or "", each["text"]))
    return found


def in_group(name: str) -> list[tuple[Block, list[int]]]:
    """The blocks of a group in the order of the documents, each with the exit codes of its commands."""
    found = []
    for block in blocks():
        run = RUN.fullmatch(block.mark)
        if run and run["group"] == name:
            commands = len(commands_of(block.text))
            found.append((block, [int(each) for each in run["codes"].split()] if run["codes"] else [0] * commands))
    return found


def commands_of(text: str) -> list[str]:
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def test_every_block_is_run_or_says_why_not_and_where_it_is_tried() -> None:
    found = blocks()
    fences = sum((TOP / name).read_text("utf-8").count("\n```") for name in DOCUMENTS)
    assert len(found) * 2 == fences, "a fence that is no block"
    counted = dict.fromkeys(REASONS, 0)
    for block in found:
        skipped = NOT_RUN.fullmatch(block.mark)
        assert skipped or RUN.fullmatch(block.mark), f"{block}: say above it `run GROUP`, or `not run REASON: why`"
        if skipped:
            counted[skipped["reason"]] += 1
            for path in re.findall(r"tests/[\w/]+\.py", skipped["why"]):
                assert (TOP / path).is_file(), f"{block}: {path}"
            assert re.search(r"\btests/|`make test`", skipped["why"]) or skipped["reason"] == "network", block
    assert counted == REASONS
    assert {name: len(in_group(name)) for name in GROUPS} == GROUPS


class Machine:
    """Folders of its own in place of those of the document, a shell that goes on from block to block, ports of its own.

    Its standard input is a terminal at which somebody says yes.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("srv", "root", "var", "etc", "tmp", "source"):
            (place / name).mkdir()
        (place / "source/.venv").mkdir()
        (place / "source/.venv/bin").symlink_to(Path(sys.executable).parent)
        self.ports = {port: str(free_port()) for port in ("8443", "5000")}
        self.said = ""
        self._us, terminal = os.openpty()
        self._out = place / "said"
        with self._out.open("wb") as out:
            self.shell = subprocess.Popen(
                ["bash", "--norc"],
                cwd=place / "source",
                env={"PATH": os.environ["PATH"], "HOME": str(place / "root"), "LANG": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
            )
        self._terminal = f"/proc/{os.getpid()}/fd/{terminal}"
        self._keep = terminal
        os.write(self._us, b"y\n" * 20)

    def here(self, command: str) -> str:
        """The command with the folders, the ports and the loopback address of this machine."""
        there = ROOTS.sub(f"{self.place}/", command).replace("0.0.0.0", "127.0.0.1")
        return re.sub(r"\b(8443|5000)\b", lambda found: self.ports[found[0]], there)

    def run(self, command: str) -> int:
        """Its exit code; a server goes on in the background, and counts as 0 once it listens."""
        assert self.shell.stdin is not None
        serves = " serve " in command
        marker = self.place / f"done-{time.monotonic_ns()}"
        # The terminal is where a question is answered; exports must stay in this shell, so nothing is piped.
        asked = f"{self.here(command).partition('  #')[0]} < {self._terminal}"
        self.shell.stdin.write(
            f"{asked} {'& true' if serves else ''}\necho $? > {marker}.part; mv {marker}.part {marker}\n"
        )
        self.shell.stdin.flush()
        until = time.monotonic() + SECONDS
        while not marker.exists():
            assert time.monotonic() < until, f"not done in {SECONDS} s: {command}\n{self.output()}"
            assert self.shell.poll() is None, self.output()
            time.sleep(0.05)
        if serves:
            port = re.search(r"--port (\d+)", self.here(command))
            assert port
            while not _listens(int(port[1])):
                assert time.monotonic() < until, f"does not listen: {command}\n{self.output()}"
                time.sleep(0.1)
        return int(marker.read_text())

    def output(self) -> str:
        return self._out.read_text("utf-8", "replace")

    def stop(self) -> None:
        """End what this machine started, and nothing else: it is a session of its own."""
        assert self.shell.stdin is not None
        self.shell.stdin.close()
        with suppress(ProcessLookupError):
            os.killpg(self.shell.pid, signal.SIGTERM)
            until = time.monotonic() + 15
            while time.monotonic() < until:
                self.shell.poll()  # takes leave of the shell, so that only what still runs counts
                os.killpg(self.shell.pid, 0)
                time.sleep(0.05)
            os.killpg(self.shell.pid, signal.SIGKILL)
        self.shell.wait(timeout=15)
        os.close(self._us)
        os.close(self._keep)


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex(("127.0.0.1", port)) == 0


def certificate(machine: Machine) -> None:
    """As the office's authority gives it: /root/certificate.pem and its key; ca.pem lies where one asks from."""
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=nrm.example.al", "-addext", "subjectAltName=DNS:nrm.example.al"]
    files = ["-keyout", machine.place / "root/key.pem", "-out", machine.place / "root/certificate.pem"]
    subprocess.run(["openssl", *words, *names, *files], check=True, capture_output=True, timeout=60)
    (machine.place / "source/ca.pem").write_bytes((machine.place / "root/certificate.pem").read_bytes())


def texts_written(machine: Machine) -> None:
    """What `?` marks in the files of the third country is written over, here with the words that stand behind it."""
    for path in (machine.place / "srv/third").rglob("*.toml"):
        path.write_text(path.read_text("utf-8").replace('"? ', '"'), "utf-8")


BEFORE = {("own-tls", 0): certificate, ("country", 1): texts_written}


@pytest.mark.slow  # servers are started, as an operator starts them
@pytest.mark.parametrize("group", GROUPS)
def test_the_blocks_do_what_they_say(group: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    try:
        for number, (block, codes) in enumerate(in_group(group)):
            if (group, number) in BEFORE:
                BEFORE[group, number](machine)
            done = [machine.run(each) for each in commands_of(block.text)]
            assert done == codes, f"{block}\n{machine.output()}"
        if group != "country":
            assert '"ok": true' in machine.output() or '"ok":true' in machine.output(), machine.output()
        assert "Traceback" not in machine.output()
    finally:
        machine.stop()
