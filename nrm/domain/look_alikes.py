"""Names as the eye takes them: two of one skeleton cannot be told apart by whoever signs, chooses or trusts.

Without accents, with letters of other alphabets and digits as the Latin letters that they look like, without blanks and
signs. Pure, for names of parties, versions, steps (ADR 0161), and the words of names of people (ADR 0159).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Greek capitals that look like another letter than their small ones, which come after `casefold`.
_CAPITALS = str.maketrans("ΗΜ", "HM")
# No two digits become the same, so that no two numbers do.
_LETTERS = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕћзбԁԛԝһӏьгѵ", "abekmhopctyxljshe6dqwhlbrv", strict=True)),
        **dict(zip("αβγεζηικμνορτυχω", "abyeznlkuvoptuxw", strict=True)),
        **dict(zip("0123456789", "olzeas6tbg", strict=True)),
        **dict(zip("iıłđøħŧɡɑŋðə", "llldohtgande", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "p",
    }
)
"""What a letter looks like, in small letters: of other scripts the Latin one, and of two Latin ones the commoner."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Two letters that look like one."""
_SHORTEST_SWAPPED = 8


def skeleton(name: str) -> str:
    """The name as the eye takes it."""
    shapes = _shapes(name)
    for pair, one in _PAIRS:
        shapes = shapes.replace(pair, one)
    return shapes


def look_alike(one: str, other: str) -> bool:
    """Whether the eye takes one for the other: the same skeleton, or in a long name two neighbours that changed places,
    such as `Center` and `Centre`."""
    if skeleton(one) == skeleton(other):
        return True
    first, second = _shapes(one), _shapes(other)
    if len(first) != len(second) or len(first) < _SHORTEST_SWAPPED or _digits(one) != _digits(other):
        return False
    different = [place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]]
    if len(different) != 2 or different[1] != different[0] + 1:
        return False
    here, there = different
    return (first[here], first[there]) == (second[there], second[here])


_SHORTEST_WORD, _SAME_BEGINNING, _LONGEST_ENDING = 4, 5, 3


def share_words(one: str, other: str) -> bool:
    """Whether all words that count of one name stand in the other, or of three and more all but one, in any order and
    with another ending, such as `Border Police` in `Support Centre of the Border Police`."""
    first, second = _words(one), _words(other)
    fewer, more = sorted((first, second), key=len)
    if not fewer:
        return False
    there = sum(any(_same_word(word, each) for each in more) for word in fewer)
    return there == len(fewer) or (there >= 2 and 3 * there >= 2 * len(second))


def _words(name: str) -> list[str]:
    """The words of a name that say whose it is: not `of` or `e`, but `IOM`."""
    return [_shapes(each) for each in re.split(r"\W+", name) if len(each) >= _SHORTEST_WORD or each.isupper()]


def _same_word(one: str, other: str) -> bool:
    """Whether they are one word, or differ in the ending alone."""
    if one == other:
        return True
    pairs = zip(one, other, strict=False)
    same = next((place for place, pair in enumerate(pairs) if pair[0] != pair[1]), min(len(one), len(other)))
    return same >= _SAME_BEGINNING and max(len(one), len(other)) - same <= _LONGEST_ENDING


@lru_cache(maxsize=4096)
def _shapes(name: str) -> str:
    """Its letters and digits, each as the one that it looks like."""
    plain = unicodedata.normalize("NFKD", name).translate(_CAPITALS).casefold().translate(_LETTERS)
    return "".join(each for each in plain if each.isalnum())


def _digits(name: str) -> list[str]:
    return [each for each in name if each.isdigit()]
