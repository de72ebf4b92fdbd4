"""What is read once for a page (ADR 0214): between the parts of one page nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from nrm.db import LOOK, db

_Found = TypeVar("_Found")


@contextmanager
def one_look() -> Iterator[None]:
    """While one page is put together: what `looked_up` found is not read again. A transaction ends it."""
    info = db.session().info
    if LOOK in info:
        raise RuntimeError("a look inside a look")
    info[LOOK] = {}
    try:
        yield
    finally:
        info.pop(LOOK, None)


def looked_up(key: tuple[object, ...], read: Callable[[], _Found]) -> _Found:
    """What `read` finds, read once in a look; the key begins with the name of who asks. What it raises is not kept."""
    look: dict[tuple[object, ...], _Found] | None = db.session().info.get(LOOK) if db.session.registry.has() else None
    if look is None:
        return read()
    if key not in look:
        look[key] = read()
    return look[key]
