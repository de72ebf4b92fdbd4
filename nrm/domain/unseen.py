"""Characters that nobody sees, or that move what stands beside them: in a text from elsewhere they deceive the eye."""

from __future__ import annotations

import unicodedata

# Categories of Unicode: controls and ends of lines, formatting, private use, surrogates, nothing assigned.
_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def is_unseen(character: str) -> bool:
    """Whether nobody sees the character where it stands."""
    return unicodedata.category(character) in _CATEGORIES


def escaped(text: str) -> str:
    """The text on one line, with `<U+202E>` in place of each character that nobody sees."""
    return "".join(f"<U+{ord(each):04X}>" if is_unseen(each) else each for each in text)
