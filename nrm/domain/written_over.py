"""Two people write one text: what the one saved does not go because the other one saves late.

A text under seal has a revision. Who saves over another revision than was read gets both texts; who then saves without
the other's words is asked once more, and what goes stays under seal beside the text. Decided in ADR 0249.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

BEFORE = "before"
"""How the name of an entry under seal begins that keeps what was replaced."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What somebody else wrote meanwhile, as the writer was shown it: the `names` of the answers, and whether the
    writer said (`sure`) that it goes."""

    names: Collection[str] = ()
    sure: bool = False


NOTHING_BESIDE = Beside()


class WouldGo(Exception):
    """Nothing is saved: what somebody else wrote meanwhile, under these `names`, would be gone."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self.names = tuple(names)


def mark(value: Any) -> str:
    """A short mark by which a form knows again which answer it came with; the same for no answer and an empty one."""
    return sha256(repr(value or "").encode()).hexdigest()[:8]


def together(theirs: Any, mine: Any, *, longest: int, between: str = "\n\n") -> Any:
    """Both answers as one, theirs first, or `mine` where that cannot be: an answer that is one of several, or that
    would be too long. `longest`: characters of a text (0 for a code of a list), entries of a list; `between`: of two
    texts."""
    if not goes(theirs, mine):
        return mine
    if not mine:
        return theirs
    if isinstance(theirs, str) and isinstance(mine, str):
        both: Any = f"{theirs}{between}{mine}"
    elif isinstance(theirs, list) and isinstance(mine, list):
        both = [*theirs, *(each for each in mine if each not in theirs)]
    else:
        return mine
    return both if len(both) <= longest else mine


def goes(theirs: Any, mine: Any) -> bool:
    """Whether anything of `theirs` is missing in `mine`. A text is compared line by line, whatever the spaces."""
    if not theirs:
        return False
    if isinstance(theirs, str) and isinstance(mine, str):
        there = " ".join(mine.split())
        return any(" ".join(line.split()) not in there for line in theirs.splitlines())
    if isinstance(theirs, list) and isinstance(mine, list):
        return any(each not in mine for each in theirs)
    return bool(theirs != mine)


def check(stored: Mapping[str, Any], part: Mapping[str, Any], beside: Beside) -> list[str]:
    """The names under which what somebody else wrote meanwhile goes, which the writer wants. Raise WouldGo if nobody
    said so."""
    names = [name for name in beside.names if name in part and goes(stored.get(name), part[name])]
    if names and not beside.sure:
        raise WouldGo(names)
    return names


def kept(stored: Mapping[str, Any], names: Collection[str], *, at: datetime, login: str) -> dict[str, Any]:
    """The entry that keeps under seal what stands under these names, until when, and who replaced it; none without."""
    if not names:
        return {}
    was = {name: stored[name] for name in names}
    return {f"{BEFORE}.{uuid.uuid4().hex}": {"at": at.isoformat(), "login": login, "was": was}}


def replaced(value: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str, str]]:
    """(answers, until which hour, who replaced them) of each time that something was replaced, the last one first."""
    there = [each for name, each in value.items() if name.startswith(f"{BEFORE}.") and "was" in each]
    there.sort(key=lambda each: str(each["at"]), reverse=True)
    return [(each["was"], str(each["at"]), str(each["login"])) for each in there]
