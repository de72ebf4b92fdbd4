"""Whose an interview is that was not sent: who opens it, who ends it, and who alone holds its key.

Decided in ADR 0059.
"""

from __future__ import annotations

from enum import StrEnum

from nrm.domain.interviews.interviews import Answers, Questionnaire

DRAFT = "draft"
"""The compartment that holds an interview until it is sent."""
OFFICIAL = "official_involved"
_NO = "no"


class OpenReason(StrEnum):
    """Why a member opens an interview that a colleague began."""

    ASKED = "asked"
    SHIFT_OVER = "shift_over"
    DANGER = "danger"
    UNREACHABLE = "unreachable"
    SAME_PAPER = "same_paper"  # two members typed in the same paper, and one compares them


CHOSEN = tuple(each for each in OpenReason if each is not OpenReason.SAME_PAPER)
"""The reasons that a person chooses from."""


class Anothers(Exception):
    """The interview is a colleague's: it is opened with a reason, and only they end it or hand it over."""


class OnlyTheirs(Anothers):
    """Nobody but the interviewer has a key to it."""


class NotTheirsToEnd(Anothers):
    """Only the interviewer ends an interview, destroys it, or hands it over."""


class NotTheirsToLift(Anothers):
    """Whom the person struck out, only the interviewer takes back: a colleague was not there when it was said."""


class Lost(Exception):
    """Nobody has a key to it any more: the account of the only person who had one was ended."""


class NoSuchColleague(ValueError):
    """Nobody else who conducts interviews here and has keys has that name."""


class ReasonMissing(ValueError):
    """The interview is handed over, or a colleague's is opened, and nothing was said about why."""


def official_involved(questionnaire: Questionnaire, answers: Answers) -> bool:
    """Whether an official may have taken part: everything that was answered but "no"."""
    asked = [each.id for each in questionnaire.questions.values() if each.routing == OFFICIAL]
    return any(answers.get(name, _NO) != _NO for name in asked)
