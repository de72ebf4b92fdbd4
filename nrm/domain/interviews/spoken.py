"""The answers of a closed question in the person's language, for a card, an interpreter, a paper form.

The questions themselves carry their wording (`Question.reads`); here are the words of their options, read strictly
from the country's `choices-ID.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nrm.domain.documents import Table
from nrm.domain.interviews.interviews import Option, Question, Questionnaire, Texts

COMMON = ("yes", "no", "none", "dont_know", "no_answer")
# Their options are places and countries, which have a name in every language.
NAMED = frozenset({"country", "language"})
REGIONS = frozenset({"wish_region", "avoid_regions"})

NameOf = Callable[[str, str], str]
"""(code, language) -> the name of a country or a language."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The words by question, option and language; `common` are those of the answers every question has."""

    common: Mapping[str, Texts]
    own: Mapping[str, Mapping[str, Texts]]

    def words(self, question: Question, option: Option, language: str, country_name: NameOf) -> str:
        """The option as the person reads it; its words for the officer where the language has none."""
        texts = self.own.get(question.id, {}).get(option.code) or self.common.get(option.code) or {}
        if language in texts:
            return texts[language]
        if question.kind == "country" and option.code not in COMMON:
            return country_name(option.code, language)
        return option.text.get(language) or next(iter(option.text.values()))


NO_CHOICES = Choices(MappingProxyType({}), MappingProxyType({}))


def parse_choices(data: Mapping[str, Any], questionnaire: Questionnaire) -> Choices:
    """Read the file against its questionnaire; raises MalformedDocument with key and reason.

    Each option in the file has words in every language in which the questions are read out. An option that is not in
    the file is read in the officer's language (`unsaid` names those).
    """
    table = Table(data)
    languages = tuple(questionnaire.reading)
    common = _entries(table.table("answers"), COMMON, languages, questionnaire.languages)
    choices = table.table("choice")
    own: dict[str, Mapping[str, Texts]] = {}
    for name in choices.data:
        question = questionnaire.questions.get(name)
        if question is None or not question.closed or question.kind in NAMED:
            choices.wrong(name, "is no question with options of its own")
        codes = tuple(option.code for option in question.options)
        own[name] = _entries(choices.table(name), codes, languages, questionnaire.languages)
    table.close()
    return Choices(common, MappingProxyType(own))


def unsaid(choices: Choices, questionnaire: Questionnaire) -> list[str]:
    """The options a person is asked that have no words in the person's language, as `question.option`."""
    return [
        f"{question.id}.{option.code}"
        for question in questionnaire.questions.values()
        if question.by == "person" and question.kind not in NAMED and question.routing not in REGIONS
        for option in question.options
        if option.code not in choices.own.get(question.id, {}) and option.code not in choices.common
    ]


def _entries(
    table: Table, codes: tuple[str, ...], languages: tuple[str, ...], staff: tuple[str, ...]
) -> Mapping[str, Texts]:
    read: dict[str, Texts] = {}
    for code in table.data:
        if code not in codes:
            table.wrong(code, "is no option of the question")
        entry = table.table(code)
        texts = {language: entry.text(language) for language in languages}
        texts |= {language: entry.text(language) for language in staff if entry.has(language)}
        entry.close()
        read[code] = MappingProxyType(texts)
    return MappingProxyType(read)
