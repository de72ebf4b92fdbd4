"""What only statistics and linkage need is an extra, `nrm[statistics]`: a server for crossing points and shelters goes
without numpy and two solvers (200 MB), and says so where one of them would be called (ADR 0191)."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

STATISTICS = ("numpy", "highspy", "ortools")
"""What the packages `nrm.statistics` and `nrm.linkage` import, and nothing else of the program does."""


class NotInstalled(Exception):
    """This server was installed without what calculates reports and compares names."""

    def __init__(self) -> None:
        super().__init__(
            "this server calculates no reports and compares no names: install nrm[statistics], "
            "as the operator's guide says under *A small server*"
        )


@cache
def installed() -> bool:
    """Whether reports can be calculated and names compared here."""
    try:
        return all(find_spec(name) is not None for name in STATISTICS)
    except ModuleNotFoundError:
        return False


def needed() -> None:
    """Call before work that calculates or compares, and before anything is written. Raises NotInstalled."""
    if not installed():
        raise NotInstalled


def is_missing(error: BaseException) -> bool:
    """Whether an import failed because the extra is not there."""
    return isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in STATISTICS
