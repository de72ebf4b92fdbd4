"""Names of colleagues: which look alike on a page, and which say more than a name.

On the pages where somebody decides whom to trust, two people must not look like one, and a name must not say what
somebody does or where. Two names look alike if they have one skeleton (`likeness`). Decided in ADR 0159.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from nrm.domain.look_alikes import skeleton

KEPT_FOR = timedelta(days=365)
"""How long nobody else of the organisation gets a name that somebody there had."""
RENAMED_AGAIN = timedelta(days=14)
"""How long after a change, or after the words were typed for a name, it is not changed."""

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "ARABIC", "HEBREW")
_BRACKETS = frozenset('()[]{}<>/\\|,;:@=#*"')


def likeness(name: str) -> str:
    """What two names have in common that nobody tells apart on a page, or only with care.

    Each word is what the eye takes it for (`skeleton`); case, blanks, points and the order of the words do not count.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    words = re.findall(r"[^\W_]+", "".join(each for each in plain if not unicodedata.combining(each)))
    return " ".join(sorted(map(skeleton, words)))


def mixes_scripts(name: str) -> bool:
    """Whether one word of the name has letters of two scripts, as nobody writes a name."""
    return any(len(_scripts(word)) > 1 for word in re.split(r"[\s\-]+", unicodedata.normalize("NFKC", name)))


def says_more(name: str) -> bool:
    """Whether the name has brackets, or other signs with which a role or an organisation is put beside a name."""
    return bool(_BRACKETS & set(unicodedata.normalize("NFKC", name)))


def _scripts(word: str) -> set[str]:
    called = (unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha())
    return {each for each in called if each in _SCRIPTS}
