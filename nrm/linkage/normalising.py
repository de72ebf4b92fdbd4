"""norm-1: from what somebody wrote, in whatever alphabet, to tokens that two spellings of one name share.

A word is brought to Latin letters, then folded to classes of sounds in two readings, because a letter that an Albanian
reads one way an Italian reads another: hard (c as k, q as k, ch as h, gj as g) and soft (all of them as the sound in
"check" or "jam"). The tokens of a word are the pairs of letters of both readings and of its consonants alone. Every
text has tokens or none; none raises.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from anyascii import anyascii

NEAR_YEARS = 3
LONGEST = 200  # letters of one field that are read
# In a folded word C stands for the sounds of "ts" and "tsh", D for those of "dz" and "dj".
_OUT = re.compile(r"['’‘`´ʼʹʺ.\"“”]")
_WORDS = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f][^\W\d_]*)*")

_GREEK_ACCENTS = str.maketrans("άέήίόύώΐΰ", "αεηιουωϊϋ")
_VOICED = "αβγδεζηιλμνορυωϊϋ"  # before these αυ and ευ end in v, elsewhere in f
# The first of two is the sound; the second is how passports and offices write the letters in Latin.
_GREEK: tuple[tuple[str, str, str], ...] = (
    (r"γι(?=[αεουω])", "i", "gi"),
    (r"γε(?=ι)", "i", "ge"),
    (r"^γκ", "g", "gk"),
    (r"γκ", "g", "gk"),
    (r"γγ", "g", "ng"),
    (r"γχ", "nh", "nh"),
    (r"^μπ", "b", "b"),
    (r"μπ", "b", "mp"),
    (r"^ντ", "d", "nt"),
    (r"ντ", "d", "nt"),
    (r"τζ", "D", "tz"),
    (r"τσ", "C", "C"),
    (r"ου", "u", "u"),
    (r"αι", "e", "ai"),
    (r"ει|οι|υι", "i", "ei"),
    (rf"αυ(?=[{_VOICED}])", "av", "av"),
    (r"αυ", "af", "af"),
    (rf"ευ(?=[{_VOICED}])", "ev", "ev"),
    (r"ευ", "ef", "ef"),
)
_GREEK_LETTERS = {
    **dict(zip("αβγδεζηθικλμνορσςτυφχωϊϋ", "avgdezitiklmnorsstifhoii", strict=True)),
    **{"ξ": "ks", "ψ": "ps"},
}
_CYRILLIC = {
    **dict(zip("абвгдезијклмнопрстуфхђћчцџѕљњжшќйыэії", "abvgdezijklmnoprstufhDCCCDDlnzsqiieii", strict=True)),
    **{"ѓ": "gj", "ё": "io", "ъ": "a", "ь": "", "ю": "iu", "я": "ia", "є": "ie", "ґ": "g", "щ": "sC"},
}
_LATIN = str.maketrans(
    {
        "ç": "C", "č": "C", "ć": "C", "š": "s", "ś": "s", "ş": "s", "ș": "s", "ž": "z", "ź": "z", "ż": "z", "đ": "D",
        "ð": "d", "þ": "t", "ț": "C", "ţ": "C", "ă": "a", "â": "a", "î": "i", "ë": "e", "ğ": "g", "ı": "i", "ł": "l",
        "ø": "o", "œ": "e", "æ": "e", "ß": "s", "ö": "o", "ü": "u", "ñ": "n", "ń": "n", "ř": "r", "ǧ": "D", "ǆ": "D",
        "ǉ": "l", "ǌ": "n",
    }
)  # fmt: skip
# In this order, on a word of Latin letters.
_BOTH: tuple[tuple[str, str], ...] = (
    (r"i(?:ch|c|q)$", "iC"),
    (r"ch(?=[rl])", "h"),
    (r"sch|sh|sz", "s"),
    (r"dzh|xh|dz|dj", "D"),
    (r"tch|tsch|tsh|ts|cz", "C"),
    (r"zh", "z"),
    (r"kh", "h"),
    (r"ph", "f"),
    (r"th", "t"),
    (r"dh", "d"),
    (r"gh", "g"),
    (r"bh", "b"),
    (r"ck", "k"),
    (r"ou|oo", "u"),
    (r"ee", "i"),
    (r"w", "v"),
    (r"y", "i"),
    (r"lj", "l"),
    (r"nj", "n"),
    (r"^m[pb]", "b"),
    (r"^n[td]", "d"),
    (r"^gk|gk", "g"),
)
_HARD: tuple[tuple[str, str], ...] = (
    (r"tz", "C"),
    (r"ch", "h"),
    (r"gj", "g"),
    (r"[cq]", "k"),
    (r"x", "ks"),
    (r"j", "i"),
)
_SOFT: tuple[tuple[str, str], ...] = (
    (r"tz", "D"),
    (r"ch", "C"),
    (r"gj", "D"),
    (r"gn", "n"),
    (r"[cq]", "C"),
    (r"x", "D"),
    (r"j(?=[aeiou])", "D"),
    (r"j", "i"),
)
_REPEATED = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"[aeiou]")
_NOT_SOUNDS = re.compile(r"[^a-zCD]")


def _compiled(rules: Iterable[tuple[str, str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), sound) for pattern, sound in rules)


_GREEK_SOUND = _compiled((pattern, sound) for pattern, sound, _ in _GREEK)
_GREEK_WRITTEN = _compiled((pattern, written) for pattern, _, written in _GREEK)
_BOTH_RULES, _HARD_RULES, _SOFT_RULES = _compiled(_BOTH), _compiled(_HARD), _compiled(_SOFT)


def words(text: str) -> list[str]:
    """The words of a name in small letters, in their order; apostrophes and dots are left out, a hyphen separates."""
    text = text[:LONGEST].replace("İ", "i").replace("I\u0307", "i")
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return [found.group() for found in _WORDS.finditer(_OUT.sub("", text))]


def readings(word: str) -> tuple[str, str]:
    """The hard and the soft reading of a word of `words`."""
    if any("\u0370" <= letter <= "\u03ff" or "\u1f00" <= letter <= "\u1fff" for letter in word):
        word = "".join(
            letter if letter in "ϊϋΐΰ" else unicodedata.normalize("NFD", letter)[0] for letter in word
        ).translate(_GREEK_ACCENTS)
        written, sound = _applied(_GREEK_WRITTEN, word), _applied(_GREEK_SOUND, word)
        hard, soft = ("".join(_GREEK_LETTERS.get(each, each) for each in way) for way in (written, sound))
    elif any("\u0400" <= letter <= "\u052f" for letter in word):
        hard = soft = "".join(_CYRILLIC.get(letter, letter) for letter in word)
    else:
        hard = soft = word.translate(_LATIN)
    return _folded(hard, _HARD_RULES), _folded(soft, _SOFT_RULES)


def _folded(word: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    word = "".join(each if each.isascii() else unicodedata.normalize("NFD", each)[0] for each in word)
    if not word.isascii():
        word = anyascii(word).replace("C", "c").replace("D", "d").casefold()
    return _REPEATED.sub(r"\1", _NOT_SOUNDS.sub("", _applied(rules, _applied(_BOTH_RULES, word))))


def _applied(rules: tuple[tuple[re.Pattern[str], str], ...], word: str) -> str:
    for pattern, sound in rules:
        word = pattern.sub(sound, word)
    return word


def name_tokens(text: str) -> dict[str, int]:
    """The tokens of a name or a place, each with its weight; none for an empty text."""
    found: dict[str, int] = {}
    for word in words(text):
        for reading in readings(word):
            if reading:
                found |= dict.fromkeys(_pairs(reading), 1)
                skeleton = _REPEATED.sub(r"\1", _VOWELS.sub("", reading))
                found |= {f"-{pair}": 1 for pair in _pairs(skeleton) if skeleton}
    return found


def _pairs(word: str) -> list[str]:
    padded = f"^{word}$"
    return [padded[place : place + 2] for place in range(len(padded) - 1)]


@dataclass(frozen=True)
class Birth:
    """What is known of a day of birth; `loose` is an age, so that the year may be the one before or after."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    loose: bool = False


_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_AGE = re.compile(r"(\d{1,3})@(\d{4})", re.ASCII)


def birth(text: str) -> Birth:
    """Read an ISO date, a part of one, or an age; 1 January means that only the year is known."""
    if found := _AGE.fullmatch(text.strip()):
        return Birth(int(found[2]) - int(found[1]), loose=True)
    if not (found := _DAY.fullmatch(text.strip())) or found[1] == "0000":
        return Birth()
    month, day = (int(part) if part and int(part) else None for part in found.groups()[1:])
    if month is None or month > 12:
        return Birth(int(found[1]))
    if day is None or day > 31 or (month == 1 and day == 1):
        return Birth(int(found[1]), None if day == 1 else month)
    return Birth(int(found[1]), month, day)


def year_tokens(of: Birth) -> dict[str, int]:
    """The tokens of the year of birth: years that lie close together share most of them."""
    if of.year is None:
        return {}
    around = {f"~{year}": 1 for year in range(of.year - NEAR_YEARS, of.year + NEAR_YEARS + 1)}
    return around if of.loose else {**around, str(of.year): 2}


def day_tokens(of: Birth) -> dict[str, int]:
    """The tokens of the day within the year; day and month count twice, the second time whichever is which."""
    found: dict[str, int] = {}
    if of.month is not None:
        found = {f"m{of.month}": 1, f"#{of.month}": 1}
        if of.day is not None:
            low, high = sorted((of.day, of.month))
            found |= {f"d{of.day}": 1, f"#{of.day}": 1, f"{low}/{high}": 2}
    return found


def number(text: str) -> str:
    """A number of a document or telephone without what people write differently; empty if it has fewer than 5 signs.

    Of what begins with + or 0, as telephones do, the last eight digits count: the country is often left out.
    """
    sent = anyascii(text[:LONGEST]).strip()
    plain = "".join(letter for letter in sent.upper() if letter.isascii() and letter.isalnum())
    if plain.isdigit() and sent[:1] in ("+", "0"):
        plain = plain[-8:]
    return plain if len(plain) >= 5 else ""
