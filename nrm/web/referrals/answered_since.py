"""What an old page about a child's answer says: it replaces nothing recorded since (ADRs 0238 and 0243)."""

from __future__ import annotations

from datetime import datetime

from forms.interviews.endings import ANSWER_LABELS
from nrm.domain.interviews.endings import ChildAnswer
from nrm.domain.words import N_, Phrase
from nrm.web.formats import moment
from nrm.web.language import current_language, gettext

ANSWERED_SINCE = N_(
    "Nothing is recorded: %(name)s answered “%(answer)s” on %(moment)s, after you opened the page. Choose the answer "
    "that holds now.",
    name="",
    answer="",
    moment="",
)
TAKEN_BACK_SINCE = N_(
    "Nothing is recorded: the answer that stood here was taken back after you opened the page. Choose the answer that "
    "holds now."
)


def words(answer: str, answered_at: datetime | None, name: str) -> str:
    """Who answered what since then, or that the answer was taken back."""
    if not answer or answered_at is None:
        return TAKEN_BACK_SINCE
    values = {
        "name": name,
        "answer": gettext(ANSWER_LABELS[ChildAnswer(answer)]),
        "moment": moment(answered_at, current_language()),
    }
    return Phrase(ANSWERED_SINCE.message, values)
