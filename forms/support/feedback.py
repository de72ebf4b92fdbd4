"""What is typed about a house: answers and complaints of those who live there, and what its manager writes."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.datastructures import MultiDict
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import DataRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.support.complaints import LONGEST, LONGEST_REACH
from nrm.domain.support.feedback import LONGEST_NOTE, SHEETS, FeedbackRefusal, Question, Reply
from nrm.domain.unseen import disturbing
from nrm.domain.words import N_

REFUSED: Mapping[FeedbackRefusal, str] = {
    FeedbackRefusal.SLIPS: N_("As many slips are valid as can be. Older ones end with the quarter after theirs."),
    FeedbackRefusal.NOTE: N_("Write what was done"),
}


class PrintSlipsForm(OnceForm):
    """How many slips, and in which language."""

    number = RadioField(
        N_("How many slips?"),
        choices=[SelectChoice(value=str(each), label=str(each)) for each in SHEETS],
        validators=[Offered(N_("Choose how many slips"))],
        validate_choice=False,
    )
    slip_language = SelectField(
        N_("In which language?"), validators=[OneOf(N_("Choose a language"))], validate_choice=False
    )


class NoteForm(OnceForm):
    """What was done, for those who live in the house."""

    language = SelectField(
        N_("In which language do you write?"), validators=[OneOf(N_("Choose a language"))], validate_choice=False
    )
    text = TextAreaField(
        N_("What was done"),
        description=N_("Everybody who lives here can read it. Name nobody, and write nothing by which one is known."),
        validators=[DataRequired(REFUSED[FeedbackRefusal.NOTE]), PlainText(LONGEST_NOTE)],
    )


def replies_in(typed: MultiDict[str, str]) -> dict[Question, Reply]:
    """The answers that came; what is none of the offered ones, or came twice, is none."""
    known = {str(each): each for each in Reply}
    found = {}
    for question in Question:
        given = typed.getlist(question)
        if len(given) == 1 and given[0] in known:
            found[question] = known[given[0]]
    return found


def complaint_in(typed: MultiDict[str, str]) -> tuple[str, str, str]:
    """(what happened, how to reach the person, what is wrong): the last is empty, or a part of the page's texts. Signs
    that make a line read differently are taken out: nobody must be sent back for them."""
    text, reach = (_plain(typed.get(name, "")) for name in ("what", "reach"))
    if not text:
        return text, reach, "empty"
    return text, reach, "long" if len(text) > LONGEST or len(reach) > LONGEST_REACH else ""


def _plain(text: str) -> str:
    written = text.replace("\r\n", "\n")
    return "".join(each for each in written if each == "\n" or not disturbing(each)).strip()
