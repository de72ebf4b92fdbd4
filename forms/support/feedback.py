"""What is typed about a house: answers and complaints of those who live there, and what its manager writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import DataRequired

from forms import SelectChoice
from forms.typed import Offered, OnceForm, OneOf, PlainText
from nrm.domain.support.complaints import LONGEST, LONGEST_REACH
from nrm.domain.support.feedback import LONGEST_NOTE, SHEETS, DownReason, FeedbackRefusal, Question, Reply
from nrm.domain.unseen import disturbing
from nrm.domain.words import N_

REFUSED: Mapping[FeedbackRefusal, str] = {
    FeedbackRefusal.SLIPS: N_("As many slips are valid as can be. Older ones end with the quarter after theirs."),
    FeedbackRefusal.NONE: N_("No slip of the last PDF is valid any more. Print new ones."),
    FeedbackRefusal.NOTE: N_("Write what was done"),
    FeedbackRefusal.TELEPHONE: N_(
        "Write no telephone number and no long number: the official numbers stand on the page already"
    ),
    FeedbackRefusal.LINK: N_("Write no address of a page: nobody can tell whose it is"),
    FeedbackRefusal.MAIL: N_("Write no e-mail address: nobody can tell whose it is"),
    FeedbackRefusal.CODE: N_("Write no code of a case or of a payment: the page is open to everybody"),
    FeedbackRefusal.STREET: N_("Write no street and no number of a house: nobody can tell who waits there"),
    FeedbackRefusal.OWN: N_("You wrote it, or are one hand with who did: another member reads it before it is shown."),
    FeedbackRefusal.DOWN: N_(
        "The Responsible Authority took a note of the shelter down: it alone shows this one. Call it, or write another."
    ),
}
DOWN_LABELS: Mapping[DownReason, str] = {
    DownReason.NAMES: N_("It names somebody, or shows who somebody is"),
    DownReason.ELSEWHERE: N_("It sends people elsewhere than to the official numbers"),
    DownReason.PRESSES: N_("It presses or frightens people"),
    DownReason.UNTRUE: N_("It is not true"),
}


_ONCE = re.compile(r"[0-9a-f]{32}")


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

    def offer(self, left: int) -> None:
        """Offer no more than the house can still have."""
        self.number.choices = [SelectChoice(value=str(each), label=str(each)) for each in SHEETS if each <= left]


class AgainForm(OnceForm):
    """The slips of the last PDF once more."""

    again_language = SelectField(
        N_("In which language?"), validators=[OneOf(N_("Choose a language"))], validate_choice=False
    )


class SheetForm(OnceForm):
    """A sheet for a complaint."""

    sheet_language = SelectField(
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


class TakeDownForm(OnceForm):
    """Why the Responsible Authority takes a note down."""

    reason = SelectField(
        N_("Why do you take it down? The shelter reads it."),
        choices=[
            SelectChoice(value="", label=""),
            *(SelectChoice(value=str(each), label=label) for each, label in DOWN_LABELS.items()),
        ],
        validators=[OneOf(N_("Choose why you take it down"))],
        validate_choice=False,
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


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """A complaint as it was typed: what happened, where, and how to reach the person; `once`: the random number of its
    page, empty without one. `repr` hides it."""

    text: str = ""
    where: str = ""
    reach: str = ""
    once: str = ""

    @property
    def wrong(self) -> str:
        """What is wrong with it: empty, or a part of the page's texts."""
        if not self.text:
            return "empty"
        return "long" if len(self.text) > LONGEST or max(len(self.where), len(self.reach)) > LONGEST_REACH else ""


def complaint_in(typed: MultiDict[str, str]) -> Written:
    """What was typed. Signs that make a line read differently are taken out: nobody must be sent back for them."""
    once = typed.get("once", "")
    what, where, reach = (_plain(typed.get(name, "")) for name in ("what", "where", "reach"))
    return Written(what, where, reach, once if _ONCE.fullmatch(once) else "")


def _plain(text: str) -> str:
    written = text.replace("\r\n", "\n")
    return "".join(each for each in written if each == "\n" or not disturbing(each)).strip()
