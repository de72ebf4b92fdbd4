"""Memory that is overwritten as soon as it is freed (ADR 0168).

Python hands what it frees to the next who asks and wipes nothing: names of a request lie in a server for hours. Its own
allocator has no setting for that; the one of the GNU C library has. Both are chosen before a process begins.
"""

from __future__ import annotations

import os
import resource
import sys

SETTINGS = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=204:glibc.malloc.tcache_count=0",
}
"""Every object from the C library; what is freed is filled, and nothing set aside before. Others ignore the second."""


def leave_no_core() -> None:
    """Write no memory to a disk where this process, or one that it starts, crashes: what is wiped when it is freed
    would lie there as it was. In a container, and at a shell, nothing else forbids it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def begin_again() -> None:
    """Run this very command in a process that wipes, unless this is one. Returns only where it is."""
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
        os.execve(sys.executable, sys.orig_argv, os.environ | SETTINGS)  # noqa: S606 - itself
