"""The words of a text that are not those of the text before: nobody can judge them but who reads them (ADR 0181).

What a machine can doubt is said of them: words that changed in one language alone, numbers and addresses of nobody who
is a party, a party that the words did not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nrm.domain.agreement.agreements import Agreement
from nrm.domain.documents import Words
from nrm.domain.unseen import plain
from nrm.domain.words import N_, Phrase

_NUMBER = re.compile(r"[+(]?[0-9][0-9 ()./-]{4,}[0-9]")
_NO_NUMBER = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,6}/[12][0-9]{3}")
_ADDRESS = re.compile(
    r"[a-z]+://\S+|www\.\S+|[\w.+-]+@\w[\w.-]+|\b[\w-]{2,}(?:\.[\w-]{2,})*\.[a-z]{2,10}\b(?:/\S*)?", re.I
)
_STEM = 5
"""So many letters of a word of a name are held against a text: languages have endings."""


@dataclass(frozen=True, slots=True)
class ChangedWords:
    """Words of one part of a text; `noun` and `key` say which. `before` is empty where the part is new."""

    noun: str
    key: str
    before: Words
    after: Words

    @property
    def changed(self) -> tuple[str, ...]:
        """The languages in which they are other words; where no word is another one, those with another stroke or
        space."""
        words = [code for code in self.languages if _words(self.before, code) != _words(self.after, code)]
        return tuple(words or (code for code in self.languages if self.before.get(code) != self.after.get(code)))

    @property
    def unchanged(self) -> tuple[str, ...]:
        """The languages in which they stayed as they were."""
        return tuple(code for code in self.languages if code not in self.changed)

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language of either text."""
        return tuple(dict.fromkeys([*self.after, *self.before]))


def _words(words: Words, language: str) -> list[str]:
    return re.findall(r"\w+", words.get(language, "").casefold())


def leads_elsewhere(text: str) -> bool:
    """Whether there is a telephone number or an address in it: who reads it takes them for those of the program."""
    return bool(_numbers(text) or _addresses(text))


def changed_words(before: Agreement, after: Agreement) -> list[ChangedWords]:
    """All words of a text that are new or changed: title, clauses, steps, reports, names of parties, and what these say
    whom they receive."""
    was = dict(_all(before))
    return [
        ChangedWords(*key, was.get(key, {}), words) for key, words in _all(after) if words and was.get(key, {}) != words
    ]


def _all(agreement: Agreement) -> Iterator[tuple[tuple[str, str], Words]]:
    yield ("version", ""), agreement.title
    yield from _keyed("clause", ((each.number, each.text) for each in agreement.clauses))
    yield from _keyed("path step", ((each.step, each.names) for each in agreement.path))
    yield from _keyed("report of", ((", ".join(each.who), each.text) for each in agreement.reporting))
    for code, party in agreement.parties.items():
        yield ("party", code), party.names
        yield ("receives", code), party.receives or {}


def _keyed(noun: str, entries: Iterable[tuple[str, Words]]) -> Iterator[tuple[tuple[str, str], Words]]:
    """A key that stands twice is numbered, so that nothing is left out."""
    had: dict[str, int] = {}
    for key, words in entries:
        had[key] = had.get(key, 0) + 1
        yield (noun, key if had[key] == 1 else f"{key} #{had[key]}"), words


def doubted(before: Agreement, after: Agreement) -> Iterator[Phrase]:
    """What can be doubted of the words that are not those of the text before."""
    known = {_digits(each) for party in after.parties.values() for each in (party.on_call, party.desk.telephone)}
    for each in changed_words(before, after):
        part = {"part": f"{each.noun} {each.key}".strip()}
        if each.before and each.unchanged and each.noun != "party":  # another name is a safeguard of its own
            values = {**part, "language": each.changed[0], "lacking": each.unchanged[0]}
            yield N_("%(part)s: the words are changed in %(language)s, and not in %(lacking)s", **values)
        for number in _new(each, _numbers):
            if _digits(number) not in known:
                yield N_("%(part)s: the words have %(figure)s, which is no number of a party", figure=number, **part)
        for address in _new(each, _addresses):
            yield N_("%(part)s: the words have an address, %(address)s", address=address, **part)
        if each.before and each.noun != "party":
            for code in _named(each, after):
                yield N_("%(part)s: the words name %(party)s, and did not", party=code, **part)


def _new(each: ChangedWords, find: Any) -> list[str]:
    """What is found in the words, and was not in those of before, in whatever language."""
    was = {found for text in each.before.values() for found in find(text)}
    return list(dict.fromkeys(found for text in each.after.values() for found in find(text) if found not in was))


def _addresses(text: str) -> list[str]:
    return _ADDRESS.findall(plain(text))


def _numbers(text: str) -> list[str]:
    left = _NO_NUMBER.sub(" ; ", plain(text))
    return [found.strip() for found in _NUMBER.findall(left) if len(_digits(found).lstrip("+")) >= 6]


def _digits(number: str) -> str:
    return "".join(each for each in number if each.isdigit() or each == "+")


def _named(each: ChangedWords, agreement: Agreement) -> Iterator[str]:
    """The parties that the words name, and that those of before did not in any language."""
    was, now = ([*words.values()] for words in (each.before, each.after))
    for code, party in agreement.parties.items():
        named = [_called(name) for name in party.names.values()]
        if any(_stands(code, named, text) for text in now) and not any(_stands(code, named, text) for text in was):
            yield code


def _called(name: str) -> list[str]:
    """The words of a name by which one knows it: no short ones, and no place after a comma."""
    words = re.findall(r"\w+", name.partition(",")[0].casefold())
    long = [word[:_STEM] for word in words if len(word) > 3]
    return long if len(long) > 1 or len(words) == 1 else [word[:_STEM] for word in words]


def _stands(code: str, named: list[list[str]], text: str) -> bool:
    """Whether the code stands in a text, or two words of a name beside each other, or the one word that it has."""
    stems = [word[:_STEM] for word in re.findall(r"\w+", text.casefold()) if len(word) > 2]
    pairs = set(pairwise(stems))
    if re.search(rf"\b{re.escape(code)}\b", text):
        return True
    for name in named:
        if len(name) == 1 and name[0] in stems:
            return True
        if any(one in name and other in name and one != other for one, other in pairs):
            return True
    return False
