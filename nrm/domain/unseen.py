"""Characters that nobody sees, or that make a line read otherwise than it is stored: one list for whoever asks.

A name, and whatever people sign, has none of them. Running text, in which some scripts need formatting characters, has
none that turns its direction or is a control.

Decided in ADR 0147.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from nrm.domain.words import N_

# Embeddings, overrides and isolates, which can make a line read differently from what is stored; surrogates.
_TURNING = "\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS = [chr(each) for each in (*range(0x20), *range(0x7F, 0xA0))]
# Categories of Unicode: controls and ends of lines, formatting, private use, surrogates, nothing assigned.
_NOT_SEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# Letters, marks and signs that take no place, or an empty one.
_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(each) for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F)) for each in range(first, last + 1)
}


LONGEST_NAME = 120
"""Of a name of a place, an organisation, a party, an entry of a list: it stands in tables and on buttons."""


def fault_of_name(text: str, longest: int = LONGEST_NAME) -> str:
    """What is wrong with a name that a file of a country, or a text of the agreement, gives; empty if nothing."""
    if found := unseen(text):
        return fault_unseen(found)
    if found := next((each for each in text if each in "<>"), ""):
        return N_("has a `%(mark)s`: write words, and no marks of a page", mark=found)
    return N_("is longer than %(longest)s characters", longest=longest) if len(text) > longest else ""


def fault_unseen(found: str) -> str:
    """What is said of a text that has a character that nobody sees."""
    code = f"U+{ord(found):04X}"
    return N_("has a character that nobody sees (%(code)s), or more than one line", code=code)


def unseen(text: str) -> str:
    """The first character of a name, or of what is signed, that nobody sees; empty where there is none."""
    return next((each for each in text if each in _EMPTY or unicodedata.category(each) in _NOT_SEEN), "")


def is_blank(text: str) -> bool:
    """Whether a text has nothing in it that anybody sees."""
    return all(each.isspace() or unseen(each) for each in text)


def plain(text: str) -> str:
    """The text with plain letters and digits: full-width and other digits, and characters that nobody sees, hide no
    number and no address."""
    found = unicodedata.normalize("NFKC", text)
    seen = (each for each in found if unicodedata.category(each) not in ("Cf", "Mn"))
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in seen)


def escaped(text: str) -> str:
    """The text on one line, with `<U+202E>` in place of each character that nobody sees; for a terminal."""
    if text.isprintable() and _EMPTY.isdisjoint(text):  # nearly every line of a large file
        return text
    return "".join(f"<U+{ord(each):04X}>" if unseen(each) else each for each in text)


def disturbing(text: str, allowed: str = "\r\n\t") -> str:
    """The first character of running text that turns the direction of a line, or is a control other than the allowed
    ones; empty where there is none."""
    found = _disturbing(allowed).search(text)
    return found[0] if found is not None else ""


@cache
def _disturbing(allowed: str) -> re.Pattern[str]:
    """One expression for each set of allowed controls: a large file has a line end for each of its lines."""
    controls = "".join(re.escape(each) for each in _CONTROLS if each not in allowed)
    return re.compile(f"[{_TURNING}{controls}]")
