"""Names of colleagues: which look alike on a page, and which say more than a name.

On the pages where somebody decides whom to trust, two people must not look like one, and a name must not say what
somebody does or where. Two names look alike if they have one skeleton (`likeness`). Decided in ADR 0159.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

KEPT_FOR = timedelta(days=365)
"""How long nobody else of the organisation gets a name that somebody there had."""
RENAMED_AGAIN = timedelta(days=14)
"""How long after a change, or after the words were typed for a name, it is not changed."""

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "ARABIC", "HEBREW")
_BRACKETS = frozenset('()[]{}<>/\\|,;:@=#*"')
_LETTERS = {
    **dict(zip("авекмнорстухѕіјԁԛԝһӏьгѵ", "abekmhopctyxsijdqwhibrv", strict=True)),
    **dict(zip("αβγεζηικμνορτυχϲω", "abyeznikuvoptuxcw", strict=True)),
    **dict(zip("ıłđøħŧɡɑ", "iidohtga", strict=True)),
    "æ": "ae",
    "œ": "oe",
    "þ": "p",
    "0": "o",
    "1": "i",
    "3": "e",
    "5": "s",
    "l": "i",  # as the capital I, which is small by now
}
"""What a letter looks like, in small letters: of other scripts the Latin one, and of two Latin ones the commoner."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("ci", "d"))
"""Two letters that look like one; `ci` was "cl"."""


def likeness(name: str) -> str:
    """What two names have in common that nobody tells apart on a page, or only with care.

    Case, blanks, points, marks above and below letters and the order of the words do not count; nor do letters of
    other scripts that look like Latin ones, digits that look like letters, or two letters that look like one.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    words = "".join(each for each in plain if not unicodedata.combining(each))
    shapes = "".join(_LETTERS.get(each, each) for each in words)
    for pair, one in _PAIRS:
        shapes = shapes.replace(pair, one)
    return " ".join(sorted(re.findall(r"\w+", shapes.replace("_", " "))))


def mixes_scripts(name: str) -> bool:
    """Whether one word of the name has letters of two scripts, as nobody writes a name."""
    return any(len(_scripts(word)) > 1 for word in re.split(r"[\s\-]+", unicodedata.normalize("NFKC", name)))


def says_more(name: str) -> bool:
    """Whether the name has brackets, or other signs with which a role or an organisation is put beside a name."""
    return bool(_BRACKETS & set(unicodedata.normalize("NFKC", name)))


def _scripts(word: str) -> set[str]:
    called = (unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha())
    return {each for each in called if each in _SCRIPTS}
