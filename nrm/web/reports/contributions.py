"""A contributor's part of the quarter that has ended: what may still be open, and the answer."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from forms.reports.contributions import AnswerQuarterForm
from nrm.actions.reports import contributions as actions
from nrm.domain.accounts.accounts import SHELTERS, Actor, Permission
from nrm.domain.quarters import Quarter
from nrm.domain.reports.contributions import Answer, AnsweredAlready, NothingToAnswer, Part
from nrm.domain.reports.reports import due_on
from nrm.store import days, training
from nrm.store.countries import country
from nrm.store.referrals import obligations, referrals
from nrm.store.reports import contributions as store
from nrm.store.shelter import stays
from nrm.web import access
from nrm.web.language import ngettext
from nrm.web.reports.reports import quarter_of, today

blueprint = Blueprint("contributions", __name__)


def waiting_part() -> str:
    """For a home page: the quarter that waits for the organisation's answer. A training asks of none: its desks are of
    today, and no quarter of theirs is over."""
    if training.is_one():
        return ""
    quarter = Quarter.of(today()).previous
    return Markup(render_template("reports/contributions/note.html", quarter=quarter, due_on=_due(quarter)))  # noqa: S704


@blueprint.get("/quarter/<quarter>")
@access.requires(Permission.QUARTER_ANSWER)
def answer_page(quarter: str) -> str:
    which = quarter_of(quarter)
    return _answer_page(which, store.own_part(which, by=access.actor()), AnswerQuarterForm())


@blueprint.post("/quarter/<quarter>")
@access.requires(Permission.QUARTER_ANSWER)
def answer(quarter: str) -> Response | tuple[str, int]:
    which = quarter_of(quarter)
    by = access.actor()
    part = store.own_part(which, by=by)
    form = AnswerQuarterForm(request.form)
    if not form.validate():
        return _answer_page(which, part, form), 422
    try:
        actions.answer(which, Answer(form.answer.data), by=by)
    except (AnsweredAlready, NothingToAnswer):
        return _answer_page(which, store.own_part(which, by=by), form), 409
    return redirect(f"/quarter/{which}", 303)


def _answer_page(quarter: Quarter, part: Part, form: AnswerQuarterForm) -> str:
    by = access.actor()
    return render_template(
        "reports/contributions/answer.html",
        quarter=quarter,
        part=part,
        form=form,
        ended=quarter.end < today(),
        closed=days.is_closed(quarter),
        due_on=_due(quarter),
        shelter=by.kind in SHELTERS,
        tasks=_tasks(by),
    )


def _due(quarter: Quarter) -> object:
    return due_on(quarter, country().calendar.release_after_days)


def _tasks(by: Actor) -> list[str]:
    """What of the organisation's own is still open, in words."""
    if by.kind not in SHELTERS:
        owed = len(obligations.owed(by=by).rows)
        return [ngettext("%(num)s task waits on your home page", "%(num)s tasks wait on your home page", owed)][:owed]
    overdue = sum(stay.overdue for stay in stays.leaving(by=by))
    coming, received = len(referrals.coming(by=by).rows), len(referrals.received(by=by).rows)
    found = [
        (
            overdue,
            ngettext("%(num)s stay is past its planned end", "%(num)s stays are past their planned end", overdue),
        ),
        (
            coming,
            ngettext(
                "%(num)s person was accepted and is not recorded as arrived",
                "%(num)s people were accepted and are not recorded as arrived",
                coming,
            ),
        ),
        (
            received,
            ngettext("%(num)s referral waits for your answer", "%(num)s referrals wait for your answer", received),
        ),
    ]
    return [text for number, text in found if number]
