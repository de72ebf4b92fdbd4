"""HiGHS without its banner.

`highspy` keeps one thread setting for the whole process, so no module of the program sets it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

import highspy


def quiet_solver() -> highspy.Highs:
    """A solver that prints nothing. HiGHS prints a banner on descriptor 1 before its output can be switched off."""
    _swallow_banner()
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    return solver


@cache
def _swallow_banner() -> None:
    sys.stdout.flush()
    held = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(held, 1)
        os.close(held)
        os.close(nowhere)
