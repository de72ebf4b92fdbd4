"""Slips and sheets of paper: printed by the manager of a house, and slips typed at the Responsible Authority when they
come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, redirect, render_template, request, url_for

from forms.support.feedback import REFUSED, AgainForm, replies_in
from nrm.actions.support import feedback as actions
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.interviews.handouts import Handout
from nrm.domain.support.feedback import (
    FeedbackRefused,
    MistypedCode,
    NotValid,
    Question,
    Replies,
    Reply,
    is_empty,
    parse_code,
)
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.store.countries import country
from nrm.store.support import feedback as store
from nrm.web import access, errors
from nrm.web.accounts import told_once
from nrm.web.language import current_language, translated
from nrm.web.support import feedback
from nrm.web.support.feedback import Answer

blueprint = Blueprint("slips", __name__)
blueprint.register_error_handler(actions.CannotOpen, feedback.box_changed)

NO_PDF = N_("No PDF can be made on this server now, so no slips were made.")
NO_SHEET = N_("No PDF can be made on this server now.")
TYPED_WRONG: Mapping[str, str] = {
    "none": N_("Choose at least one answer"),
    "wrong": N_("The number is mistyped: compare it with the slip, and type it again"),
    "spent": N_(
        "This number is of no slip that counts: it was used already, or is too old, or was made again. Destroy the slip"
    ),
}


@blueprint.post("/feedback/house/slips")
@access.requires(Permission.FEEDBACK_MANAGE)
def print_slips() -> Answer:
    """New slips as a PDF, whose numbers are shown this once; none counts unless the file was made."""
    by = access.actor()
    store.house(by=by)
    form = feedback.slips_form()
    if not form.validate():
        return feedback.house_page(slips=form, status=422)
    return _printed(lambda: actions.draw(number=int(form.number.data), by=by), form.slip_language.data, by)


@blueprint.get("/feedback/house/slips/again")
@access.requires(Permission.FEEDBACK_MANAGE)
def again_page() -> Answer:
    return _again_page(AgainForm(), 200)


def _again_page(form: AgainForm, status: int) -> Answer:
    last = store.of_house(by=access.actor()).last
    if not last:
        return redirect(url_for("feedback.house"), 303)
    form.again_language.choices = feedback.offered()
    return render_template("support/feedback/again.html", form=form, last=last), status


@blueprint.post("/feedback/house/slips/again")
@access.requires(Permission.FEEDBACK_MANAGE)
def again() -> Answer:
    """Make the slips of the last PDF again, which was lost: its own numbers stop counting."""
    by = access.actor()
    store.house(by=by)
    form = AgainForm(request.form)
    form.again_language.choices = feedback.offered()
    if not form.validate():
        return _again_page(form, 422)
    return _printed(lambda: actions.draw_again(by=by), form.again_language.data, by, again=True)


def _printed(draw: Callable[[], list[str]], language: str, by: Actor, *, again: bool = False) -> Answer:
    try:
        codes = draw()
        content = to_pdf(slips_html(codes, country().handouts.feedback[language]))
        actions.keep(codes=codes, again=again, by=by)
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    except FeedbackRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return _pdf(content, "slips.pdf")


def _pdf(content: bytes, name: str) -> Response:
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def slips_html(codes: list[str], texts: Handout) -> str:
    """The sheet: two slips on a page, each with its number and the questions."""
    return render_template(
        "support/feedback/slips.html",
        codes=codes,
        say=texts.language,
        t=feedback.said(texts),
        asked=list(Question),
        offered=list(Reply),
        address=url_for("feedback.index", _external=True).split("//", 1)[-1],
    )


@blueprint.post("/feedback/house/complaint-sheet")
@access.requires(Permission.FEEDBACK_MANAGE)
def complaint_sheet() -> Answer:
    """A sheet on which somebody complains by hand: open lines, no number, and where the letter goes."""
    store.house(by=access.actor())
    form = feedback.sheet_form()
    if not form.validate():
        return feedback.house_page(sheet=form, status=422)
    texts = country().handouts.feedback[form.sheet_language.data]
    try:
        content = to_pdf(
            render_template(
                "support/complaints/sheet.html", say=texts.language, t=feedback.said(texts), lines=range(16)
            )
        )
    except PdfUnavailable:
        return errors.error_page(503, NO_SHEET)
    return _pdf(content, "complaint.pdf")


# ---- paper that came in an envelope


@blueprint.get("/feedback/paper")
@access.requires(Permission.FEEDBACK_TYPE)
def paper_page() -> Answer:
    _desk(access.actor())
    return _paper_page({}, "", typed=told_once.word("typed") == "yes")


def _desk(by: Actor) -> None:
    if by.kind is not OrganisationKind.RESPONSIBLE_AUTHORITY or not country().handouts.feedback:
        raise NotVisible


def _paper_page(
    replies: Replies, code: str, wrong: str = "", status: int = 200, *, typed: bool = False
) -> tuple[str, int]:
    """`wrong`: a key of TYPED_WRONG. The desk is told whether to type again or to destroy the slip: it prints none."""
    found: Mapping[str, Handout] = country().handouts.feedback
    texts = found.get(current_language()) or next(iter(found.values()))
    shown = render_template(
        "support/feedback/paper.html",
        t=feedback.said(texts),
        say=texts.language,
        asked=list(Question),
        offered=list(Reply),
        replies=replies,
        code=code,
        typed=typed,
        wrong=wrong,
        told=translated(TYPED_WRONG[wrong]) if wrong else "",
    )
    return shown, status


@blueprint.post("/feedback/paper")
@access.requires(Permission.FEEDBACK_TYPE)
def paper() -> Answer:
    """Put in what stands on a slip."""
    by = access.actor()
    _desk(by)
    replies, code = replies_in(request.form), request.form.get("code", "")[:60]
    if is_empty(replies):
        return _paper_page(replies, code, "none", 422)
    try:
        actions.type_paper(code=parse_code(code), replies=replies, by=by)
    except MistypedCode:
        return _paper_page(replies, code, "wrong", 422)
    except NotValid:
        return _paper_page(replies, code, "spent", 422)
    except actions.Busy:
        return errors.error_page(409, feedback.BUSY)
    return told_once.lead(url_for("slips.paper_page", typed="yes"))
