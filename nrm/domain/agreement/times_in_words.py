"""Which times the words of a clause say, so that they can be held against each other and against its rule (ADR 0171).

Numbers in digits and the small ones in letters, before a unit of time. A language that is not here says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.documents import Words
from nrm.domain.durations import duration_text
from nrm.domain.words import N_, Phrase

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_UNITS: Mapping[str, Mapping[str, timedelta]] = {
    "en": {"minutes?": _MINUTE, "hours?": _HOUR, "days?": _DAY, "weeks?": 7 * _DAY},
    "sq": {"minut(?:ë|a|ash|ave|ës|e)?": _MINUTE, "or(?:ë|e|ëve|ësh|ës)": _HOUR, "dit(?:ë|e|ëve|ësh|ës)": _DAY}
    | {"jav(?:ë|e|ëve|ësh|ës)": 7 * _DAY},
    "mk": {"минут(?:а|и)": _MINUTE, "час(?:а|ови)?": _HOUR, "ден(?:а|ови)?": _DAY, "недел(?:а|и)": 7 * _DAY},
}
"""How a language writes a unit, and how long it is."""
_ONE_TO_TWELVE: Mapping[str, str] = {
    "en": "one|an?;two;three;four;five;six;seven;eight;nine;ten;eleven;twelve",
    "sq": "një;dy;tri|tre;katër;pesë;gjashtë;shtatë;tetë;nëntë;dhjetë;njëmbëdhjetë;dymbëdhjetë",
    "mk": "еден|една|едно;два|две;три;четири;пет;шест;седум;осум;девет;десет;единаесет;дванаесет",
}
_MORE: Mapping[str, Mapping[str, float]] = {
    "en": {"half an?": 0.5, "fifteen": 15, "twenty": 20, "twenty-four": 24, "thirty": 30, "forty-five": 45}
    | {"forty-eight": 48, "sixty": 60},
    "sq": {"gjysmë": 0.5, "pesëmbëdhjetë": 15, "njëzet": 20, "njëzet e katër": 24, "tridhjetë": 30}
    | {"dyzet e pesë": 45, "dyzet e tetë": 48, "gjashtëdhjetë": 60},
    "mk": {"половина|пола|половин": 0.5, "петнаесет": 15, "дваесет": 20, "дваесет и четири": 24, "триесет": 30}
    | {"четириесет и пет": 45, "четириесет и осум": 48, "шеесет": 60},
}


def _patterns(language: str) -> tuple[tuple[re.Pattern[str], float | None, timedelta], ...]:
    """(pattern, the number that it stands for, or None for digits; the unit), the longest number first."""
    numbers: dict[str, float | None] = {}
    numbers |= dict(sorted(_MORE[language].items(), key=lambda each: -len(each[0])))
    numbers |= {said: place for place, said in enumerate(_ONE_TO_TWELVE[language].split(";"), start=1)}
    numbers["([0-9]{1,6})"] = None
    return tuple(
        (re.compile(rf"\b(?:{said})[\s-]+(?:{unit})\b"), number, length)
        for said, number in numbers.items()
        for unit, length in _UNITS[language].items()
    )


_PATTERNS = {language: _patterns(language) for language in _UNITS}


def times_said(text: str, language: str) -> frozenset[timedelta]:
    """The times that words say in a language."""
    left, found = text.casefold(), set()
    for pattern, number, unit in _PATTERNS.get(language, ()):
        for each in pattern.finditer(left):
            found.add(unit * (int(each[1]) if number is None else number))
        left = pattern.sub(" ", left)
    return frozenset(found)


def words_against(agreement: Agreement) -> Iterator[Phrase]:
    """What the words of a clause say otherwise than its rule, or in one language and not in another."""
    for clause in agreement.clauses:
        said = _said(clause.text)
        rule = {duty.within for duty in clause.duties if duty.within is not None}
        for within in sorted(frozenset().union(*said.values())):
            values = {"number": clause.number, "within": duration_text(within)}
            if rule and within not in rule:
                yield N_("clause %(number)s says %(within)s in its words, which is no time of its rule", **values)
            has = [language for language in said if within in said[language]]
            if lacks := [language for language in said if language not in has]:
                values |= {"language": has[0], "lacking": lacks[0]}
                yield N_("clause %(number)s says %(within)s in %(language)s, and not in %(lacking)s", **values)


def _said(words: Words) -> dict[str, frozenset[timedelta]]:
    return {language: times_said(text, language) for language, text in words.items() if language in _PATTERNS}
