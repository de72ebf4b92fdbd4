"""Characters that nobody sees, or that make a line read otherwise than it is stored: one list for whoever asks.

A name, and whatever people sign, has none of them. Running text, in which some scripts need formatting characters, has
none that turns its direction or is a control.

Decided in ADR 0147.
"""

from __future__ import annotations

import re
import unicodedata

# Embeddings, overrides and isolates, which can make a line read differently from what is stored; controls; surrogates.
_DISTURBING = re.compile(r"[\u202a-\u202e\u2066-\u2069\x00-\x1f\x7f-\x9f\ud800-\udfff]")
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
        return f"has a character that nobody sees (U+{ord(found):04X}), or more than one line"
    if found := next((each for each in text if each in "<>"), ""):
        return f"has a `{found}`: write words, and no marks of a page"
    return f"is longer than {longest} characters" if len(text) > longest else ""


def unseen(text: str) -> str:
    """The first character of a name, or of what is signed, that nobody sees; empty where there is none."""
    return next((each for each in text if each in _EMPTY or unicodedata.category(each) in _NOT_SEEN), "")


def disturbing(text: str, allowed: str = "\r\n\t") -> str:
    """The first character of running text that turns the direction of a line, or is a control other than the allowed
    ones; empty where there is none."""
    return next((each[0] for each in _DISTURBING.finditer(text) if each[0] not in allowed), "")
