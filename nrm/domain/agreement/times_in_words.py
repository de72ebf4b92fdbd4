"""Which times the words of a clause say, so that they can be held against each other and against its rule (ADR 0171).

Numbers in digits and the small ones in letters, before a unit of time. A language that is not here says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from nrm import catalogues
from nrm.domain.agreement.agreements import Agreement
from nrm.domain.documents import Words
from nrm.domain.durations import duration_text
from nrm.domain.words import N_, Phrase


def _patterns(words: catalogues.Times) -> tuple[tuple[re.Pattern[str], float | None, timedelta], ...]:
    """(pattern, the number that it stands for, or None for digits; the unit), the longest number first."""
    numbers: dict[str, float | None] = dict(sorted(words.numbers.items(), key=lambda each: -len(each[0])))
    numbers["([0-9]{1,6})"] = None
    return tuple(
        (re.compile(rf"\b(?:{said})[\s-]+(?:{unit})\b"), number, timedelta(minutes=minutes))
        for said, number in numbers.items()
        for unit, minutes in words.minutes.items()
    )


_PATTERNS = {language: _patterns(words) for language, words in catalogues.times().items()}


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
