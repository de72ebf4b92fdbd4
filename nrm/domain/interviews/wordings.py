"""The texts that are read out: in which language, and which version was read, for the record."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from nrm.domain.interviews.interviews import Answers, Questionnaire, Wording


@dataclass(frozen=True, slots=True)
class WordingRead:
    """Which wording was read out: `sha256` is over id, version, language and text, so that a change shows.

    `status` is draft or approved for a translation, original for a staff language.
    """

    id: str
    version: int
    language: str
    status: str
    sha256: str


@lru_cache(maxsize=64)
def language_question(questionnaire: Questionnaire) -> str:
    """The question which language the person speaks; "" where it is not asked."""
    return next((each.id for each in questionnaire.questions.values() if each.kind == "language"), "")


def reading_language(questionnaire: Questionnaire, language: str | None, *, staff: str) -> str:
    """The language the texts are read out in: the person's when there is a wording for it, else the officer's."""
    if language in questionnaire.languages or language in questionnaire.reading:
        return str(language)
    return staff


def wording_read(
    questionnaire: Questionnaire, answers: Answers, language: str, *, among: Collection[str] | None = None
) -> WordingRead | None:
    """The wording that belongs to these answers in `language`, identified for the record; None before it is known.

    `among`: the ids of those to look at; without, it is the one about the purpose, the first that fits. A language
    without the wording has None: it was the officer's language that was read (`reading_language`).
    """
    announcing = {question.announced_by for question in questionnaire.questions.values()}
    if among is None:
        among = [name for name in questionnaire.wordings if name not in announcing]
    for wording in (questionnaire.wordings[name] for name in among):
        if wording.when.holds(answers) and language in wording.text:
            return _identified(questionnaire, wording, language)
    return None


@lru_cache(maxsize=256)
def _identified(questionnaire: Questionnaire, wording: Wording, language: str) -> WordingRead:
    text = unicodedata.normalize("NFC", wording.text[language])
    digest = hashlib.sha256(f"{wording.id}\n{wording.version}\n{language}\n{text}".encode()).hexdigest()
    status = questionnaire.reading.get(language, ("original", ""))[0]
    return WordingRead(wording.id, wording.version, language, status, digest)
