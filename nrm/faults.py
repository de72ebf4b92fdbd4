"""An unexpected exception as it may stand in a log: where it happened and of what kind, never what it says.

The message of an exception often repeats the value that was not expected: a KeyError its key, a ValueError the text,
a database the row that was there already. Any of them can be somebody's name.
"""

from __future__ import annotations

import traceback


def described(error: BaseException) -> str:
    """The kind and the place of the exception and of those that led to it, without their messages."""
    parts: list[str] = []
    following: BaseException | None = error
    seen: set[int] = set()
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        frames = traceback.extract_tb(following.__traceback__)
        places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        parts.append(f"{type(following).__name__}{places}")
        following = following.__cause__ or following.__context__
    return "\nafter ".join(parts)
