"""Children who were announced with a person whom a shelter receives, and what became of them (ADR 0281)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from nrm.domain.interviews.interviews import Questionnaire

ROUTING = "children_with"
CHILDREN_ALONG = "children_along"
"""The duty by which a shelter says what became of them."""


class Came(StrEnum):
    """What a shelter says of the children who were announced with a person."""

    HAVE_CASES = "have_cases"  # each who came has a case
    STAYED = "stayed"  # none came: with family, or with somebody they trust
    ELSEWHERE = "elsewhere"  # taken in by another house, or with child protection
    NONE = "none"  # there is none: it was told or written wrongly


class NoChildHere(Exception):
    """It was said that each child has a case, and no child was admitted in the shelter since the person came."""


def are_announced(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> bool:
    """Whether it was answered that children are with the person."""
    asked = (each for each in questionnaire.questions.values() if each.routing == ROUTING)
    return any(answers.get(each.id) in ("1", "2+") for each in asked)
