"""The paper form: how many are printed, which one is typed in, and its answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, ClassVar

from wtforms import Form, RadioField, StringField
from wtforms.meta import DefaultMeta
from wtforms.validators import ValidationError

from forms import SelectChoice, names
from forms.days import DayField
from forms.interviews.interviews import FIELDS, LONGEST_PART, QuestionField, typed_answer
from forms.typed import Offered, OnceForm, PlainText
from nrm.domain.interviews.answers import checked, unacceptable
from nrm.domain.interviews.interview_findings import whole_interview
from nrm.domain.interviews.interviews import Answers, Questionnaire
from nrm.domain.interviews.paper_forms import (
    MOST_AT_ONCE,
    MistypedNumber,
    PaperRefusal,
    labels_of,
    parse_number,
    plan,
    typed_codes,
)
from nrm.domain.interviews.questionnaire_flow import reachable
from nrm.domain.words import N_

_HOUR = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", re.ASCII)
MISTYPED = {
    "length": N_("Enter all nine characters of the number, for example K7Q-M4T-2XA"),
    "character": N_("Enter the number again: one character is none that a number has"),
    "check": N_("Enter the number again: a character is wrong or in another place"),
}
REFUSED = {
    PaperRefusal.NOT_ISSUED: N_("Enter the number again: no paper of this post has it"),
    PaperRefusal.USED: N_("Take another paper: what is on this one was sent or counted already"),
    PaperRefusal.KEYED: N_("This paper was typed in already and not sent yet"),
    PaperRefusal.FUTURE: N_("Enter an hour that is not in the future"),
    PaperRefusal.TOO_OLD: N_("Enter a day of the last 30 days; an older paper is not typed in any more"),
    PaperRefusal.BEFORE_PRINT: N_("Enter the day and hour again: the paper was printed later than that"),
}
FIELD_OF = {PaperRefusal.FUTURE: "hour", PaperRefusal.TOO_OLD: "day", PaperRefusal.BEFORE_PRINT: "day"}


LAYOUT_LABELS = {
    "long": N_("The whole interview"),
    "urgent": N_("The urgent way, on one sheet"),
    "screen": N_("The short screen, ten people on one sheet"),
}


class PrintForm(OnceForm):
    """Which paper, which pair of languages, how many; the languages are the page's."""

    layout = RadioField(
        N_("Which paper?"),
        choices=[SelectChoice(value=code, label=label) for code, label in LAYOUT_LABELS.items()],
        default="long",
        validators=[Offered(N_("Choose which paper"))],
        validate_choice=False,
    )

    spoken = RadioField(
        N_("The person's language"), validators=[Offered(N_("Choose the person's language"))], validate_choice=False
    )
    staff = RadioField(
        N_("The officer's language"), validators=[Offered(N_("Choose the officer's language"))], validate_choice=False
    )
    papers = StringField(N_("How many papers?"), description=N_("At most %(most)s at once.", most=MOST_AT_ONCE))

    def validate_papers(self, field: StringField) -> None:
        """A whole number within the bounds."""
        text = (field.data or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= MOST_AT_ONCE):
            raise ValidationError(N_("Enter a number from 1 to %(most)s", most=MOST_AT_ONCE))


class NumberForm(OnceForm):
    """Which paper is typed in, and when the talk was."""

    number = StringField(
        N_("Number of the paper"),
        description=N_("On top of every page, for example K7Q-M4T-2XA."),
        validators=[PlainText(LONGEST_PART)],
    )
    day = DayField(N_("Day of the talk"))
    hour = StringField(
        N_("Hour of the talk"), description=N_("For example 21:40."), validators=[PlainText(LONGEST_PART)]
    )

    def validate_number(self, field: StringField) -> None:
        """The number as it is written; the message says what is wrong with it."""
        try:
            field.data = parse_number(field.data or "")
        except MistypedNumber as error:
            raise ValidationError(MISTYPED[str(error)]) from None

    def validate_hour(self, field: StringField) -> None:
        """Hours and minutes."""
        if not _HOUR.fullmatch((field.data or "").strip()):
            raise ValidationError(N_("Enter the hour and the minutes, for example 21:40"))

    @property
    def at(self) -> datetime:
        """Day and hour of a valid form, on the country's clocks, without a zone."""
        found = _HOUR.fullmatch((self.hour.data or "").strip())
        assert found
        assert self.day.data
        return datetime.combine(self.day.data, time(int(found[1]), int(found[2])))


class CodesField(QuestionField):
    """A closed question by the codes that are printed in front of its boxes; a country also by its name."""

    def read(self) -> Any:
        text = self.short("", "choose_listed").strip()
        if not text:
            return None
        if self.question.kind in ("country", "language") and not text.isdigit():
            find = names.country_code if self.question.kind == "country" else names.language_code
            found = find(text)
            if found is None:
                raise unacceptable(f"enter_{self.question.kind}", self.question)
            return checked(self.question, found)
        codes = typed_codes(self.question, text)
        if self.question.kind == "some_of":
            return checked(self.question, codes)
        if len(codes) != 1:
            raise unacceptable("choose", self.question)
        return checked(self.question, codes[0])


class PartiesField(QuestionField):
    """The organisations that were ticked: by their number on the paper, or by their code."""

    printed: tuple[str, ...] = ()
    """The codes of the organisations by their number, from 1, when the paper was printed."""

    def read(self) -> Any:
        text = self.short("", "choose_listed").strip()
        codes = [self._code(each) for each in re.split(r"[,;.\s]+", text.upper()) if each]
        return checked(self.question, list(dict.fromkeys(codes))) if codes else None

    def _code(self, typed: str) -> str:
        if typed.isascii() and typed.isdigit() and 1 <= int(typed[:4]) <= len(self.printed):
            return self.printed[int(typed[:4]) - 1]
        return typed

    def number(self, code: str) -> str:
        """What would have been typed for it."""
        return str(self.printed.index(code) + 1) if code in self.printed else code


class TypedForm(Form):
    """Everything on the paper, in its order. Make it with `typed_form(...)(request.form)`."""

    class Meta(DefaultMeta):
        """No message of WTForms is used."""

        locales = False

    questionnaire: ClassVar[Questionnaire]
    staff_language: ClassVar[str]

    def question_fields(self) -> dict[str, QuestionField]:
        """The fields by question, in the paper's order."""
        return {name: field for name, field in self._fields.items() if isinstance(field, QuestionField)}

    def know(self, printed: Iterable[str]) -> TypedForm:
        """The form, which knows in which order the organisations stood on the paper."""
        for field in self.question_fields().values():
            if isinstance(field, PartiesField):
                field.printed = tuple(printed)
        return self

    def read(self, parties: Collection[str]) -> dict[str, Any]:
        """The answers that can be read; the fields of the others say what to do. `parties`: those of the agreement."""
        given: dict[str, Any] = {}
        for name, field in self.question_fields().items():
            field.errors = []
            if not field.validate(self) or field.data is None:
                continue
            if field.question.kind == "parties" and not set(field.data) <= set(parties):
                field.errors = [unacceptable("choose_listed", field.question).texts[self.staff_language]]
                continue
            given[name] = field.data
        return given

    def accept(self, given: Answers, *, today: date) -> dict[str, Any] | None:
        """The whole interview as it is kept, or None when something must be put right (then `errors` say what)."""
        fields = self.question_fields()
        wrong = {name for name, field in fields.items() if field.errors}
        kept, findings = whole_interview(self.questionnaire, given, today=today)
        for name, texts in findings.items():
            if name in fields and name not in wrong:
                fields[name].errors = [texts[self.staff_language]]
        for question in reachable(self.questionnaire, kept):
            if question.kind == "parties":
                kept.setdefault(question.id, [])  # as on the screen: nobody was struck out
        return None if any(field.errors for field in fields.values()) else kept

    def fill(self, answers: Answers) -> None:
        """Show these answers as they would have been typed."""
        for name, field in self.question_fields().items():
            if answers.get(name) is None:
                continue
            if isinstance(field, CodesField):
                field.typed = {"": [_coded(field, answers[name])]}
            elif isinstance(field, PartiesField):
                field.typed = {"": [", ".join(field.number(code) for code in answers[name])]}
            else:
                field.typed = {
                    part: list(values)
                    for part, values in typed_answer(field.question, answers[name], self.staff_language).items()
                }


def _coded(field: CodesField, value: Any) -> str:
    question = field.question
    if question.kind in ("country", "language") and question.option(str(value)) is None:
        name = names.country_name if question.kind == "country" else names.language_name
        return name(str(value), field.language)
    return labels_of(question, value)


@lru_cache(maxsize=16)
def typed_form(questionnaire: Questionnaire, language: str) -> type[TypedForm]:
    """The form class of a paper in a staff language."""
    fields: dict[str, Any] = {"questionnaire": questionnaire, "staff_language": language}
    for question in plan(questionnaire).questions:
        if hasattr(TypedForm, question.id) or question.id in fields:
            raise ValueError(f"the question `{question.id}` has the name of a part of the form")
        kind = PartiesField if question.kind == "parties" else CodesField if question.closed else FIELDS[question.kind]
        fields[question.id] = kind(question=question, language=language)
    return type("PaperTypedForm", (TypedForm,), fields)
