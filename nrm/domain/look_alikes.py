"""Names as the eye takes them: two that give the same skeleton cannot be told apart by whoever signs or chooses.

Without accents, with letters of other alphabets and digits as the Latin letters that they look like, without blanks and
signs. Pure, for names of parties, versions, steps; decided in ADR 0161.
"""

from __future__ import annotations

import unicodedata

# Letters of the Cyrillic and Greek alphabets that look like Latin ones, after `casefold`.
_ALIKE = str.maketrans("авекмнорстухіјѕћзбԁԛԝһӏυαβεηικμνορτχ", "abekmhopctyxijsh36dqwhiuabehikmvoptx")
# Digits that stand for letters; each stands for another one, so that no two numbers become the same.
_AS_LETTERS = str.maketrans("0123456789iløđłı", "olzeas6tbgllodll")
_SHORTEST_SWAPPED = 8


def skeleton(name: str) -> str:
    """The name as the eye takes it."""
    plain = unicodedata.normalize("NFKD", name).casefold().translate(_ALIKE).translate(_AS_LETTERS)
    return "".join(each for each in plain if each.isalnum())


def look_alike(one: str, other: str) -> bool:
    """Whether the eye takes one for the other: the same skeleton, or in a long name two neighbours that changed places,
    such as `Center` and `Centre`."""
    first, second = skeleton(one), skeleton(other)
    if first == second:
        return True
    if len(first) != len(second) or len(first) < _SHORTEST_SWAPPED or _digits(one) != _digits(other):
        return False
    different = [place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]]
    if len(different) != 2 or different[1] != different[0] + 1:
        return False
    here, there = different
    return (first[here], first[there]) == (second[there], second[here])


def _digits(name: str) -> list[str]:
    return [each for each in name if each.isdigit()]
