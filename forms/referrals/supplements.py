"""What is added to an urgent hand-over: any of the questions, none of which must be answered."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import BooleanField

from forms.interviews.interviews import PageForm
from forms.typed import OnceForm
from nrm.domain.interviews.interview_findings import page_findings
from nrm.domain.interviews.interviews import chosen
from nrm.domain.words import N_


class SureForm(OnceForm):
    """What is asked once, when the answers are sent: who it is, and whether an unlikely date is right."""

    is_here = BooleanField(N_("Yes, I have spoken with this person"))
    birth_is_right = BooleanField(N_("The date of birth is right"))


def accept_some(form: PageForm, *, today: date) -> dict[str, Any] | None:
    """The answers that were given, or None when something was typed that cannot be kept (then `errors` say what)."""
    given: dict[str, Any] = {}
    for name, field in form.question_fields().items():
        field.errors = []
        under = field.question.under
        if under is not None and not chosen(given.get(under[0]), under[1]):
            continue
        if field.validate(form) and field.data is not None:
            given[name] = field.data
    for name, texts in page_findings(form.questionnaire, form.page, given, today=today).items():
        form.question_fields()[name].errors = form.question_fields()[name].errors or [texts[form.staff_language]]
    return None if form.errors else given
