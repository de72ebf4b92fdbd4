"""What a process that wipes holds of what it has freed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nrm.cli import wiping
from nrm.cli.wiping import begin_again  # the function itself: a fixture of all tests has another one in its place

PROGRAM = """
import os
from nrm.cli import wiping
from tests import memory
if {wiped}:
    wiping.begin_again()
NAME = bytes(each ^ 1 for each in {hidden}).decode()  # never whole in the source of this program

def work():
    texts = [f"{{'x' * length}}{{NAME}}{{'y' * (length % 7)}}" for length in range(1, 4000, 7)]
    return [text.encode() for text in texts], "".join(texts).encode("utf-16"), set(map(str.title, texts))

work()  # and lets go of all of it
wanted = memory.spellings(NAME)
held = [NAME, *wanted.values()]
print(sum(memory.found(os.getpid(), wanted).values()) - 2)  # NAME itself, and as UTF-8 the wanted one
"""
NAME = b"bravolundri"


def left_over(*, wiped: bool) -> int:
    program = PROGRAM.format(wiped=wiped, hidden=bytes(each ^ 1 for each in NAME))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    if "CannotRead" in done.stderr:
        pytest.skip("reading the memory of a process is allowed to nobody here")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(os.confstr("CS_GNU_LIBC_VERSION") is None, reason="another C library does not fill what it frees")
def test_nothing_that_was_freed_is_left_where_a_process_wipes() -> None:
    assert left_over(wiped=False) > 100
    assert left_over(wiped=True) <= 2


def test_a_process_that_wipes_goes_on_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in wiping.SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("began again"))
    begin_again()
    monkeypatch.delenv("PYTHONMALLOC")
    with pytest.raises(pytest.fail.Exception):
        begin_again()


def test_no_command_leaves_its_memory_on_the_disk_when_it_crashes() -> None:
    """The units of systemd forbade it; a container and a shell did not."""
    program = """
import resource
import sys
from nrm.cli import main
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
sys.argv = ["nrm", "--version"]
try:
    main()
finally:
    print(resource.getrlimit(resource.RLIMIT_CORE))
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.stdout.endswith("(0, 0)\n"), done
