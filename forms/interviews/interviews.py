"""The pages of an interview as forms, built from the questionnaire.

A question is one field, which may have several parts named after it: `birth-day`, `birth-month` and `birth` (the year),
`returned_from` and `returned_from-other`. Every message is in the questionnaire's languages; none comes from WTForms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar

from wtforms import Form
from wtforms.fields.core import Field
from wtforms.meta import DefaultMeta

from forms import names
from nrm.domain.interviews.answers import UnacceptableAnswer, checked, date_from_parts, unacceptable
from nrm.domain.interviews.interview_findings import page_findings
from nrm.domain.interviews.interviews import Answers, Page, Question, Questionnaire, chosen
from nrm.domain.interviews.questionnaire_flow import Settled, opener_of, page_questions, settled

OTHER = "-other"
DATE_PARTS = ("-day", "-month", "")
# The longest text that is checked: longer than any valid part, and cheap to check.
LONGEST_PART = 100

Typed = Mapping[str, Sequence[str]]


class QuestionField(Field):
    """One question. `typed` are the values of each part as they came, `data` the answer or None.

    `say(error)` gives the message in the form's language.
    """

    def __init__(self, *, question: Question, language: str, **keywords: Any) -> None:
        super().__init__(label=question.text[language], **keywords)
        self.question = question
        self.language = language
        self.typed: dict[str, list[str]] = {}
        self.data: Any = None

    def process(self, formdata: Any, data: object = None, extra_filters: object = None) -> None:  # noqa: ARG002 - WTForms' own
        self.process_errors = []
        sent = formdata or ()
        # Test first: for a missing name a multidict raises an exception internally, which is slow.
        self.typed = {
            part: list(formdata.getlist(self.name + part)) if self.name + part in sent else [] for part in self.parts()
        }
        self.data = None

    def parts(self) -> tuple[str, ...]:
        """The suffixes of the controls' names."""
        return ("",)

    def validate(self, form: Any, extra_validators: Sequence[Any] = ()) -> bool:  # noqa: ARG002 - WTForms' own
        """Read what was typed into `data`, or put messages into `errors`; there are no validators to run."""
        try:
            self.data, self.errors = self.read(), []
        except UnacceptableAnswer as error:
            self.errors = [error.texts[self.language]]
        return not self.errors

    def read(self) -> Any:
        """The answer of what was typed, None when nothing was; raises UnacceptableAnswer."""
        text = self.single("")
        return checked(self.question, text) if text.strip() else None

    def single(self, part: str) -> str:
        """The one value of a part; empty if it was sent twice with different values."""
        values = dict.fromkeys(self.typed[part])
        if len(values) > 1:
            raise unacceptable("choose" if self.question.closed else "enter", self.question)
        return next(iter(values), "")

    def short(self, part: str, problem: str, **values: object) -> str:
        """A single value that can only be short."""
        text = self.single(part)
        if len(text) > LONGEST_PART:
            raise unacceptable(problem, self.question, **values)
        return text.strip()


class ChoiceField(QuestionField):
    """A yes/no question, one of several, or a list to pick from."""

    def read(self) -> Any:
        code = self.short("", "choose_listed")
        return checked(self.question, code) if code else None


class ChoicesField(QuestionField):
    """Any of several; a value sent twice counts once."""

    def read(self) -> Any:
        codes = [code for code in dict.fromkeys(self.typed[""]) if code]
        if len(codes) > len(self.question.options):
            raise unacceptable("choose_listed", self.question)
        return checked(self.question, codes) if codes else None


class NumberField(QuestionField):
    """A whole number."""

    def read(self) -> Any:
        bounds = {"lowest": self.question.lowest, "highest": self.question.highest}
        text = self.short("", "enter_number", **bounds)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 7):
            raise unacceptable("enter_number", self.question, **bounds)
        return checked(self.question, int(text))


class PartialDateField(QuestionField):
    """Day, month and year, of which day and month may stay empty."""

    def parts(self) -> tuple[str, ...]:
        return DATE_PARTS

    def read(self) -> Any:
        day = self.short("-day", "enter_day")
        month = self.short("-month", "enter_month")
        year = self.short("", "enter_year")
        if not (day or month or year):
            return None
        return date_from_parts(self.question, year, month, day)


class NamedField(QuestionField):
    """A country or language: one of the frequent ones, or another by its name."""

    code_of: Callable[[str], str | None]

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        country = self.question.kind == "country"
        self.code_of = names.country_code if country else names.language_code
        self.problem = "enter_country" if country else "enter_language"

    def parts(self) -> tuple[str, ...]:
        return ("", OTHER)

    def put_aside(self, before: Any) -> None:
        """Of an option and a name that differ, the one that stood there before gives way: nobody unticks a radio."""
        code, name = (next(iter(self.typed[part]), "").strip() for part in self.parts())
        if before is None or not code or not name or self.code_of(name[:LONGEST_PART]) == code:
            return
        if code == before:
            self.typed[""] = []
        elif self.code_of(name[:LONGEST_PART]) == before:
            self.typed[OTHER] = []

    def read(self) -> Any:
        code = self.short("", "choose_listed")
        name = self.short(OTHER, self.problem)
        if code and self.question.option(code) is None:
            raise unacceptable("choose_listed", self.question)
        if not name:
            return code or None
        found = self.code_of(name)
        if found is None:
            raise unacceptable(self.problem, self.question)
        if code and code != found:
            self.typed[""] = []  # else who meant the name could not send it: nobody unticks a radio
            raise unacceptable("choose_one_way", self.question)
        return checked(self.question, found)


FIELDS: Mapping[str, type[QuestionField]] = {
    "yes_no": ChoiceField,
    "one_of": ChoiceField,
    "some_of": ChoicesField,
    "country": NamedField,
    "language": NamedField,
    "number": NumberField,
    "partial_date": PartialDateField,
    "place": QuestionField,
    "short_text": QuestionField,
    "long_text": QuestionField,
}


class PageForm(Form):
    """One page. Make it with `page_form(...)(request.form)` and ask `accept`."""

    class Meta(DefaultMeta):
        """Fields are made once for the class and copied into each form, before anything was typed."""

        locales = False

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            ready = form.ready_fields.get(options["name"])
            if ready is None:
                ready = form.ready_fields[options["name"]] = unbound_field.bind(form=form, **options)
                ready._form = ready.meta = None  # nothing of this request is kept
            field = object.__new__(type(ready))  # `copy` would ask the class for an unbound field
            field.__dict__.update(ready.__dict__, _form=form, meta=self)
            return field

    def process(self, formdata: Any = None, *_: Any, **__: Any) -> None:
        """Each field takes its own parts; there is no other data, no filter, nothing after it."""
        sent = self.meta.wrap_formdata(self, formdata)
        for field in self._fields.values():
            field.process(sent)

    ready_fields: ClassVar[dict[str, Field]]
    questionnaire: ClassVar[Questionnaire]
    page: ClassVar[Page]
    staff_language: ClassVar[str]

    def accept(self, earlier: Answers, *, today: date) -> dict[str, Any] | None:
        """The page's answers, or None when something must be put right (then `errors` say what).

        `earlier` are all answers so far; those of this page only say what stood there. Fields of questions that the
        page does not show, that stay hidden under an option that was not chosen, or that another answer closes, are not
        looked at.
        """
        own = frozenset(self.page.questions)
        before = {name: value for name, value in earlier.items() if name not in own}
        # Settled answers keep their way, so it is not computed again; the page leaves out its own answers itself.
        known = earlier if isinstance(earlier, Settled) else before
        shown = {question.id for question in page_questions(self.questionnaire, self.page, known)}
        given: dict[str, Any] = {}
        fields = self.question_fields()
        for name, field in fields.items():
            field.errors = []
            if name not in shown or self._is_closed(field.question, given):
                continue
            if isinstance(field, NamedField):
                field.put_aside(earlier.get(name))
            if field.validate(self) and field.data is not None:
                given[name] = field.data
        after = settled(self.questionnaire, {**before, **given}, like=earlier)
        for name, texts in page_findings(self.questionnaire, self.page, after, today=today).items():
            if name in fields and not fields[name].errors:
                fields[name].errors = [texts[self.staff_language]]
        return None if self.errors else given

    def _is_closed(self, question: Question, given: Answers) -> bool:
        """Whether what was answered on this page so far leaves the question out."""
        if question.under is not None:
            return not chosen(given.get(question.under[0]), question.under[1])
        opener = opener_of(self.questionnaire, self.page, question)
        return opener is not None and (opener.id not in given or not question.when.holds(given))

    def typed(self) -> dict[str, Typed]:
        """What was typed, by question and part, to be shown again."""
        return {name: field.typed for name, field in self.question_fields().items()}

    def question_fields(self) -> dict[str, QuestionField]:
        """The fields by question, in the page's order."""
        return {name: field for name, field in self._fields.items() if isinstance(field, QuestionField)}


@lru_cache(maxsize=256)
def page_form(questionnaire: Questionnaire, page: Page, language: str) -> type[PageForm]:
    """The form class of a page in a staff language; without questions of kind `parties`, which the page itself
    makes."""
    fields: dict[str, Any] = {"questionnaire": questionnaire, "page": page, "staff_language": language}
    fields["ready_fields"] = {}
    for name in page.questions:
        question = questionnaire.questions[name]
        if question.kind in FIELDS:
            if hasattr(PageForm, name) or name in fields:
                raise ValueError(f"the question `{name}` has the name of a part of the form")
            fields[name] = FIELDS[question.kind](question=question, language=language)
    return type(f"{page.id.title()}Form", (PageForm,), fields)


def form_data(questionnaire: Questionnaire, page: Page, answers: Answers, language: str) -> dict[str, list[str]]:
    """What a browser would send for these answers: name of the control -> values."""
    sent: dict[str, list[str]] = {}
    for name in page.questions:
        question = questionnaire.questions[name]
        if name in answers and question.kind in FIELDS:
            for part, values in typed_answer(question, answers[name], language).items():
                sent[name + part] = list(values)
    return sent


def typed_answer(question: Question, value: Any, language: str) -> Typed:
    """What would have been typed for this answer, by part."""
    if question.kind == "partial_date":
        year, month, day = [*str(value).split("-"), "", ""][:3]
        return {"-day": [day.lstrip("0")], "-month": [month.lstrip("0")], "": [year]}
    if question.kind in ("country", "language"):
        # Under an option a country is one text field, so that its name is typed there.
        if question.option(value) is not None and question.under is None:
            return {"": [value], OTHER: [""]}
        name = names.country_name if question.kind == "country" else names.language_name
        return {"": [], OTHER: [name(value, language)]}
    return {"": [str(code) for code in value] if isinstance(value, list | tuple) else [str(value)]}
