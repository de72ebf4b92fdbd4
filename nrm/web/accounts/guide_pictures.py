"""Pictures of the pages that a guide names, beside the program as `make guides` took them (ADR 0221).

A picture is one step of one guide in one language. Nothing about people is on them: they are of the tests' country.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from nrm.domain.accounts.accounts import Role

FOLDER = Path(sys.prefix) / "share" / "doc" / "guides"


def name_of(language: str, role: Role, number: int) -> str:
    """The name of the picture of a step, which are counted from 1."""
    return f"{language}/{role}-{number}.png"


@cache
def files(folder: Path) -> frozenset[str]:
    """The names of the pictures that are there: asked once, so that no address leads to anything else."""
    return frozenset(str(path.relative_to(folder)) for path in folder.glob("*/*.png"))


def of_steps(language: str, role: Role, steps: int) -> dict[int, str]:
    """The name of its picture for each step that has one."""
    named = {number: name_of(language, role, number) for number in range(1, steps + 1)}
    return {number: name for number, name in named.items() if name in files(FOLDER)}
