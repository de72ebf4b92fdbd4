"""Made-up people who are written down twice, by officers of different countries: what matching has to live with.

Nobody here is real. A name is taken in the spelling of its own country, turned into sounds by that country's rules, and
written again by an officer as his language writes sounds: or copied from a paper, in Greek or Cyrillic letters, or from
the machine-readable zone of a passport. Then what people do with names and dates: short forms, a husband's name, names
swapped, one of two names left out, a slip of the pen, a date of 1 January, a false date, an age. The rules here are
written from how the languages spell, and share nothing with nrm/linkage.
"""

from __future__ import annotations

import random
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from nrm.linkage.people import Person

# Sounds: a e i o u, @ (e of Shqipëri), y (u of fytyrë), consonants as in Italian or English, and
# S sh, Z zh, C ch as in check, D j as in jam, c ts, X dz, Q Albanian q, G Albanian gj, T th, W dh, N ny, L ly.


@dataclass(frozen=True)
class Nation:
    """Names of one country, in its spelling, the more frequent first."""

    code: str
    weight: int
    women: list[str]
    men: list[str]
    families: list[str]
    places: list[str]
    short: dict[str, list[str]]


_DATA = tomllib.loads(Path(__file__).with_name("borders.toml").read_text())


def _rules(text: str) -> list[tuple[str, str]]:
    return [(old, new) for old, _, new in (rule.partition("=") for rule in text.split())]


NATIONS = [
    Nation(
        code,
        entry["weight"],
        *(entry[each].split() for each in ("women", "men", "families", "places")),
        {name: forms.split(",") for name, forms in _rules(entry["short"])},
    )
    for code, entry in _DATA.items()
    if "women" in entry
]
_SOUNDS = {code: _rules(text) for code, text in _DATA["spelled"].items()}
_PEN = {
    officer: [(sound, ways.replace("_", "").split("/")) for sound, ways in _rules(text)]
    for officer, text in _DATA["writes"].items()
}
_OFFICERS = ["sq", "sq", "sq", "el", "el", "it", "it", "sr", "ro", "en"]
_TO_CYRILLIC, _TO_LATIN = (_rules(_DATA["letters"][each]) for each in ("serbian_cyrillic", "greek_passports"))
_ICAO = {
    **dict(zip("абвгдезиклмнопрстуфыэйі", "ABVGDEZIKLMNOPRSTUFYEII", strict=True)),
    **{"ж": "ZH", "х": "KH", "ц": "TS", "ч": "CH", "ш": "SH", "щ": "SHCH", "ю": "IU", "я": "IA", "ё": "E", "ь": ""},
    **{"ъ": "IE", "đ": "D", "ș": "S", "ț": "T", "ł": "L", "ñ": "N"},
}


def _bare(word: str) -> str:
    """Without accents, in small letters."""
    return "".join(each for each in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(each))


def sounds(word: str, code: str) -> str:
    """What a word sounds like, by the rules of its country."""
    rest = _bare(word) if code in ("GR",) else word.casefold()
    rest, said = rest.replace("-", " "), ""
    while rest:
        for old, new in _SOUNDS[code]:
            if rest.startswith(old):
                said, rest = said + new, rest[len(old) :]
                break
        else:
            said, rest = said + rest[0], rest[1:]
    return said


def _written(rules: list[tuple[str, list[str]]], said: str, chance: random.Random) -> str:
    done = ""
    while said:
        for old, ways in rules:
            if said.startswith(old):
                done, said = done + chance.choice(ways), said[len(old) :]
                break
        else:
            done, said = done + said[0], said[1:]
    return done


def heard(word: str, code: str, officer: str, chance: random.Random) -> str:
    """What an officer writes who hears the word; a Serbian one at times in Cyrillic."""
    text = _written(_PEN[officer], sounds(word, code), chance)
    if officer == "sr" and chance.random() < 0.4:
        for old, new in _TO_CYRILLIC:
            text = text.replace(old, new)
    return text.title()


def romanised(word: str) -> str:
    """Greek letters as passports of Greece write them in Latin ones."""
    text, rest = "", _bare(word)
    while rest:
        for old, new in _TO_LATIN:
            plain = old.lstrip("^")
            if rest.startswith(plain) and (old == plain or not text):
                text, rest = text + new, rest[len(plain) :]
                break
        else:
            text, rest = text + rest[0], rest[1:]
    return text


def machine_readable(word: str) -> str:
    """As the machine-readable zone has it (ICAO 9303): Latin capitals without marks."""
    if any("\u0370" <= letter <= "\u03ff" for letter in _bare(word)):
        word = romanised(word)
    text = "".join(_ICAO.get(letter, letter) for letter in word.casefold())
    return _bare(text).upper().replace("-", " ")


def _slip(word: str, chance: random.Random) -> str:
    """One slip of the pen."""
    if len(word) < 3:
        return word
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
            word[:at] + chance.choice("aeioulnrst") + word[at + 1 :],
        ]
    )


@dataclass(frozen=True)
class Truth:
    nation: Nation
    woman: bool
    given: str
    family: str
    married: str
    father: str
    place: str
    year: int
    month: int
    day: int


def _drawn(names: list[str], chance: random.Random) -> str:
    """One of the names; the first ones are some times as frequent as the last."""
    return chance.choices(names, weights=[1 / (place + 8) for place in range(len(names))])[0]


def truth(chance: random.Random) -> Truth:
    nation = chance.choices(NATIONS, weights=[each.weight for each in NATIONS])[0]
    woman = chance.random() < 0.8
    given = _drawn(nation.women if woman else nation.men, chance)
    if chance.random() < 0.08:
        given += " " + _drawn(nation.women if woman else nation.men, chance)
    return Truth(
        nation,
        woman,
        given,
        _drawn(nation.families, chance),
        _drawn(nation.families, chance),
        _drawn(nation.men, chance),
        _drawn(nation.places, chance),
        chance.choices(range(1970, 2014), weights=[1 + max(0, year - 1985) for year in range(1970, 2014)])[0],
        chance.randint(1, 12),
        chance.randint(1, 28),
    )


def _record(of: Truth, chance: random.Random) -> Person:
    """One person as one officer wrote her down."""
    officer = chance.choice(_OFFICERS)
    way = chance.choices(["heard", "own", "machine"], weights=[46, 30, 24])[0]

    def write(words: str) -> str:
        done = []
        for word in words.split():
            if way == "heard":
                text = heard(word, of.nation.code, officer, chance)
            elif way == "machine":
                text = machine_readable(word)
            elif of.nation.code == "GR":
                text = word if officer == "el" else romanised(word).title()
            elif of.nation.code == "RU":
                text = word if officer == "sr" else machine_readable(word).title()
            elif officer == "sq" or chance.random() < 0.4:
                text = word
            else:
                text = _bare(word).title()
            done.append(_slip(text, chance) if chance.random() < 0.07 else text)
        return " ".join(done)

    given, family = of.given, of.family
    if way != "machine" and chance.random() < 0.09:
        given = " ".join(chance.choice(of.nation.short.get(word, [word])) for word in given.split())
    if " " in given and chance.random() < 0.4:
        given = given.split()[0]
    if of.woman and of.year < 2006 and chance.random() < 0.07:
        family = chance.choice([of.married, f"{of.family} {of.married}"])
    given, family = write(given), write(family)
    if chance.random() < 0.04:
        given, family = family, given
    return Person(
        given,
        family,
        write(of.father) if chance.random() < 0.5 else "",
        write(of.place) if chance.random() < 0.45 else "",
        _birth(of, chance),
        "feminine" if of.woman else "masculine",
        of.nation.code if chance.random() < 0.97 else "",
    )


def _birth(of: Truth, chance: random.Random) -> str:
    year, month, day = of.year, of.month, of.day
    kind = chance.choices(
        ["right", "swapped", "slip", "neighbour", "older", "false", "first", "month", "age", "none"],
        weights=[69, 3, 4, 4, 3, 3, 6, 2, 4, 2],
    )[0]
    if kind == "swapped" and day <= 12:
        month, day = day, month
    elif kind == "slip":
        which = chance.choice(["year", "month", "day"])
        if which == "year":
            year = year // 10 * 10 + chance.randint(0, 9)
        month = chance.randint(1, 12) if which == "month" else month
        day = chance.randint(1, 28) if which == "day" else day
    elif kind == "neighbour":
        year += chance.choice([-1, 1])
    elif kind == "older":  # a child who was told to be of age
        year -= chance.randint(2, 5)
    elif kind == "false":
        year, month, day = year + chance.randint(-4, 4), chance.randint(1, 12), chance.randint(1, 28)
    elif kind == "first":
        month, day = 1, 1
    elif kind == "month":
        return f"{year}-{month:02}"
    elif kind == "age":
        return f"{2026 - year - chance.choice([0, 1])}@2026"
    elif kind == "none":
        return ""
    return f"{year:04}-{month:02}-{day:02}"


def twice(number: int, arriving: int, seed: int) -> tuple[list[Person], list[Person], list[tuple[int, int]]]:
    """So many people who are known, some of them written down a second time, and who is who.

    Besides, half as many again arrive who are not known. The same seed gives the same people.
    """
    chance = random.Random(seed)
    people = [truth(chance) for _ in range(number)]
    known = [_record(each, chance) for each in people]
    again = chance.sample(range(number), arriving)
    second = [_record(people[each], chance) for each in again]
    new = [_record(truth(chance), chance) for _ in range(arriving // 2)]
    return known, second + new, [(one, place) for place, one in enumerate(again)]
