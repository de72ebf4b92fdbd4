"""What is added to an urgent hand-over: any of the questions, none of which must be answered."""

from __future__ import annotations

from typing import Any

from forms.interviews.interviews import PageForm
from nrm.domain.interviews.interviews import chosen


def accept_some(form: PageForm) -> dict[str, Any] | None:
    """The answers that were given, or None when something was typed that cannot be kept (then `errors` say what)."""
    given: dict[str, Any] = {}
    for name, field in form.question_fields().items():
        field.errors = []
        under = field.question.under
        if under is not None and not chosen(given.get(under[0]), under[1]):
            continue
        if field.validate(form) and field.data is not None:
            given[name] = field.data
    return None if form.errors else given
