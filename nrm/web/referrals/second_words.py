"""What waits for the word of a second member of the house, as rows of what is to be done (ADR 0182)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date

from flask import g, url_for

from nrm.domain.accounts.accounts import Actor
from nrm.store import days
from nrm.store.shelter import uncounted
from nrm.store.support import benefits, early_nights, feedback
from nrm.web.language import gettext

Row = tuple[str, uuid.UUID | None, date | None, str, str]


def waiting(*, by: Actor) -> Iterator[Row]:
    """(code, case, since when, what is to be done, where) of what the actor may say; `g.top` says whether to look."""
    for gone in uncounted.to_decide(by=by) if g.top.uncounted else ():
        text = gettext("Not counted any more, as a colleague wrote: ask the person, and say whether particulars go")
        yield gone.pseudonym, gone.case_id, gone.on, text, url_for("uncounted.decide_page", case_id=gone.case_id)
    for code in benefits.of_house(by=by) if g.top.of_nobody else ():
        if code.nobody_until is not None:
            text = gettext("%(name)s says that nobody knows whose %(code)s is", name=code.nobody_by, code=code.code)
            yield "", None, code.nobody_on, text, url_for("benefits.of_house", _anchor="of-nobody")
    if g.top.notes and feedback.number_to_show(by=by):
        text = gettext("A note for those who live here waits: read it, and show it or hide it")
        yield "", None, days.today(), text, url_for("feedback.house", _anchor="notes")
    for early in early_nights.to_confirm(by=by) if g.top.early_nights else ():
        text = gettext("Nights of before the case was opened wait for another member: confirm them, or correct the day")
        address = url_for("early_nights.confirm_page", stay_id=early.stay_id)
        yield early.pseudonym, early.case_id, early.known_on, text, address
