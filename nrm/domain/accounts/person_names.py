"""Names of colleagues: which look alike on a page, which cannot be read with care, and which say more than a name.

On the pages where somebody decides whom to trust, two people must not look like one, and a name must not say what
somebody does, where, or under which sign-in name. The one table of letters is `look_alikes`. ADR 0159 and ADR 0164.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import permutations

from nrm.domain.look_alikes import look_alike, skeleton

KEPT_FOR = timedelta(days=365)
"""How long nobody else of the organisation gets a name that somebody there had."""
RENAMED_AGAIN = timedelta(days=14)
"""How long after a change, or after the words were typed for a name, it is not changed."""

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyzßıłđøħŧæœþðŋə")
"""The letters of names in Latin letters, without their accents: no small capitals, and no others with strokes."""
_CYRILLIC = frozenset(map(chr, (*range(0x430, 0x460), 0x491)))
_APOSTROPHES = "'’‘ʼʹ`´"
_BETWEEN = frozenset(" \u00a0.-‐‑–" + _APOSTROPHES)
_LONGER, _ENDED, _VERY_LONG = 5, 7, 9
"""Letters: of words of a title that count, of those whose last two may be others, and of one that is enough alone."""
_PERMUTED = 4  # words of a name, of which every order is compared


class NameRefusal(StrEnum):
    """Why somebody cannot be called so."""

    SCRIPTS = "scripts"  # a word of letters of two alphabets
    LETTERS = "letters"  # letters that no name here has, and that look like others
    MORE = "more"  # brackets, digits, and other signs that put something beside a name
    NAMESAKE = "namesake"  # a colleague is called so, or looks so, or was called so within a year
    DESK = "desk"  # somebody of the Responsible Authority is called so, or looks so
    LOGIN = "login"  # it holds the sign-in name of a colleague
    TITLE = "title"  # it holds the name of a role or of an office


class NameRefused(Exception):
    """The name is nobody's; `reason` says why."""

    def __init__(self, reason: NameRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def unreadable(name: str) -> NameRefusal | None:
    """Why this is no name that is read with care, whoever else is there; None if it is one.

    A name is words of letters of one alphabet, with apostrophes, hyphens and points between; a point stands inside a
    word only after an initial.
    """
    name = unicodedata.normalize("NFKC", name)
    if _has_strange_signs(name) or re.search(r"[^\W_]{2}\.[^\W_]", name):
        return NameRefusal.MORE
    words = [word for word in re.split(r"[\s\-‐‑–]+", name) if word]
    if any(len({_script(each) for each in word if _is_letter(each)}) > 1 for word in words):
        return NameRefusal.SCRIPTS
    return None if all(_is_usual(each) for each in name if _is_letter(each)) else NameRefusal.LETTERS


def _has_strange_signs(name: str) -> bool:
    return not all(_is_letter(each) or unicodedata.combining(each) or each in _BETWEEN for each in name)


def _is_letter(sign: str) -> bool:
    return sign.isalpha() and sign not in _APOSTROPHES


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _is_usual(letter: str) -> bool:
    """Whether a letter is one of those in which names are written: what an accent is put on, too."""
    base = unicodedata.normalize("NFD", letter.casefold())
    bases = [each for each in base if not unicodedata.combining(each)]
    script = _script(letter)
    if script not in _SCRIPTS:
        return False
    if script == "GREEK":
        return all(0x370 <= ord(each) < 0x400 for each in bases)
    return set(bases) <= (_LATIN if script == "LATIN" else _CYRILLIC)


def _words(name: str) -> list[str]:
    """The words of a name in plain small letters; an apostrophe separates none."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = (each for each in plain if not unicodedata.combining(each) and each not in _APOSTROPHES)
    return re.findall(r"[^\W_]+", "".join(kept))


def _once(text: str) -> str:
    """Without doubled letters."""
    return re.sub(r"(.)\1+", r"\1", text)


def _shape(word: str) -> str:
    """What the eye takes a word for; that a letter is doubled does not count."""
    return _once(skeleton(_once(word)))


def _shapes(name: str) -> list[str]:
    """Of the words of a name; initials count only where there is nothing else."""
    words = _words(name)
    return [_shape(word) for word in ([each for each in words if len(each) > 1] or words)]


def likeness(name: str) -> str:
    """What two names have in common that nobody tells apart on a page, or only with care: initials, doubled letters,
    apostrophes, case, blanks, points and the order of the words do not count."""
    return " ".join(sorted(_shapes(name)))


def is_taken_for(name: str, known: str) -> bool:
    """Whether somebody of this name would be taken for the colleague who is called `known`: it looks so, or it is a
    part of that name, such as the family name alone."""
    shapes, of_known = _shapes(name), _shapes(known)
    return bool(shapes) and (set(shapes) <= set(of_known) or looks_like(name, known))


def looks_like(name: str, known: str) -> bool:
    """Whether the eye takes the one name for the other: no part of it, but the whole (`likeness`)."""
    shapes, of_known = _shapes(name), _shapes(known)
    if shapes and sorted(shapes) == sorted(of_known):
        return True
    joined = "".join(shapes)
    return len(of_known) <= _PERMUTED and any(_once("".join(each)) == _once(joined) for each in permutations(of_known))


def is_nearly(name: str, known: str) -> bool:
    """Whether a name looks like `known` but for one letter that is another, too many or missing: so for the duty desk,
    whose names stand on the pages of all houses. Among colleagues Gent and Genti Rama are two."""
    if looks_like(name, known):
        return True
    joined, of_known = _once("".join(_shapes(name))), _shapes(known)
    orders = permutations(of_known) if len(of_known) <= _PERMUTED else (of_known,)
    return any(_is_one_edit(joined, _once("".join(each))) for each in orders)


def is_shortened(name: str, known: str) -> bool:
    """Whether a name is `known` in short: each word of it, of two at least, begins another word of that name, as in
    `N. Velaj`, `Neritan V.` or `Ner Velaj`. A family name alone is no name of theirs."""
    words, of_known = _words(name), _words(known)
    if not 2 <= len(words) <= len(of_known) or len(of_known) > _PERMUTED:
        return False
    return any(all(map(_begins, words, each)) for each in permutations(of_known, len(words)))


def _begins(short: str, word: str) -> bool:
    return word.startswith(short) or _shape(word).startswith(_shape(short))


def _is_one_edit(one: str, other: str) -> bool:
    """Whether two texts differ by one letter at most: replaced, put in, or left out."""
    short, long = sorted((one, other), key=len)
    at = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at:] == long[at + 1 :] or short[at + 1 :] == long[at + 1 :]


def logins_look_alike(one: str, other: str) -> bool:
    """Whether a sign-in name is taken for another one: signs, doubled letters, letters that look alike and two that
    changed places do not count; a number at the end does."""
    if look_alike(one, other):
        return True
    (stem, number), (other_stem, other_number) = (_numbered(each) for each in (one, other))
    return number == other_number and _shape(stem) == _shape(other_stem)


def _numbered(login: str) -> tuple[str, str]:
    stem = login.casefold().rstrip("0123456789")
    return "".join(each for each in stem if each.isalnum()), login[len(stem) :]


def holds_login(name: str, login: str) -> bool:
    """Whether words of a name, one after the other, are read as this sign-in name."""
    wanted = _shape("".join(each for each in login if each.isalnum()))
    return any(each == wanted for each in _runs(_words(name)))


def holds_title(name: str, roles: Collection[str], offices: Iterable[str], codes: Collection[str]) -> bool:
    """Whether a name has the name of a role or of an office in it, the code of an organisation in its capitals, or no
    words but such of which roles are called. Office names of one word are left out: people are called after places."""
    words = _words(name)
    runs, titles = set(_runs(words)), {*roles, *(part for each in offices for part in _parts(each))}
    shapes = set(map(_shape, words))
    if any(_shape("".join(_words(each))) in runs or _is_inflected(shapes, each) for each in titles):
        return True
    of_roles = {_shape(word) for each in roles for word in _words(each) if len(word) > 1}
    if words and shapes <= of_roles:
        return True
    return not name.isupper() and not set(codes).isdisjoint(re.findall(r"\w+", name))


def _is_inflected(shapes: Collection[str], title: str) -> bool:
    """Whether the longer words of a title, of which there are two or one is very long, stand in a name with other
    endings: `Drejtuesi i Qendrës` is `Drejtues i qendrës`."""
    longer = [_shape(word) for word in _words(title) if len(word) >= _LONGER]
    if len(longer) < 2 and not any(len(each) >= _VERY_LONG for each in longer):
        return False
    stems = [(each[:-2], True) if len(each) >= _ENDED else (each, False) for each in longer]
    return all(any(each.startswith(stem) if ends else each == stem for each in shapes) for stem, ends in stems)


def _parts(office: str) -> list[str]:
    """An office's name, and what stands in it between commas, brackets and quotes; of more than one word."""
    parts = (office, *re.split(r"[,()“”„\"]", office))
    return [each for each in parts if len(_words(each)) > 1]


def _runs(words: list[str]) -> Iterator[str]:
    """What the eye takes each run of neighbouring words for, written as one."""
    for first in range(len(words)):
        for last in range(first, len(words)):
            yield _shape("".join(words[first : last + 1]))
