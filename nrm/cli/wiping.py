"""Memory that is overwritten as soon as it is freed (ADR 0168).

Python hands what it frees to the next who asks and wipes nothing: names of a request lie in a server for hours. Its own
allocator has no setting for that; the one of the GNU C library has. Both are chosen before a process begins.
"""

from __future__ import annotations

import os
import sys

SETTINGS = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.perturb=204:glibc.malloc.tcache_count=0",
}
"""Every object from the C library; what is freed is filled, and nothing set aside before. Another library ignores it."""


def begin_again() -> None:
    """Run this very command in a process that wipes, unless this is one. Returns only where it is."""
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
        os.execve(sys.executable, sys.orig_argv, os.environ | SETTINGS)  # noqa: S606 - itself
