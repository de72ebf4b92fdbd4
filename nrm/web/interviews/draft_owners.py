"""Whose an interview is: opening a colleague's with a reason, handing one's own over, what only one person opens."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.draft_owners import HandOverForm, OpenAnothersForm
from nrm.actions.interviews import draft_owners as actions
from nrm.actions.interviews import interviews
from nrm.actions.interviews.interviews import Anothers, Draft, Lost, NoLongerDraft, OpeningEnded, StaleAnswers
from nrm.domain.accounts.accounts import Permission
from nrm.domain.interviews.draft_owners import NoSuchColleague, NotTheirsToEnd, NotTheirsToLift, ReasonMissing
from nrm.domain.words import N_
from nrm.steps.interviews import drafts
from nrm.store.interviews import draft_owners as store
from nrm.store.interviews import interviews as interview_store
from nrm.web import access, errors
from nrm.web.interviews import interview_pages, officer_home

blueprint = Blueprint("draft_owners", __name__)
Answer = BaseResponse | tuple[str, int] | str
NO_SUCH = N_(
    "Nobody else here who holds interviews and has the key has that name, or several have it. Enter the sign-in name "
    "as it stands in the list of colleagues"
)


def closed_to_me(row: Any) -> bool:
    """Whether this member does not just go on with the interview: it is a colleague's, or nobody opens it any more."""
    by = access.actor()
    return not drafts.is_owner(row, by=by) or store.state(row.id, by=by) is not None


@blueprint.app_errorhandler(Anothers)
@blueprint.app_errorhandler(Lost)
def whose(error: Anothers | Lost) -> Answer:
    """What is said of an interview that this member does not open: whose it is, and what can be done."""
    interview_id = (request.view_args or {}).get("interview_id")
    if not isinstance(interview_id, uuid.UUID):
        return errors.error_page(404)
    if isinstance(error, (NotTheirsToEnd, NotTheirsToLift)):
        return _not_yours(interview_id, lifts=isinstance(error, NotTheirsToLift))
    return _ask(interview_id, OpenAnothersForm(), 200 if request.method == "GET" else 409)


def _ask(interview_id: uuid.UUID, form: OpenAnothersForm, status: int) -> Answer:
    """Ask why a colleague's interview is opened, or say that nobody here can; keeps what was typed on a page of it."""
    by = access.actor()
    line = store.state(interview_id, by=by)
    owner = store.owner(interview_id, by=by)
    if line is None or owner is None:
        return errors.error_page(404)
    page = (request.view_args or {}).get("page") or request.form.get("page", "")
    # What was typed on the page is sent along, and is kept once the reason is given.
    typed = [
        (name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "reason", "page")
    ]
    shown = render_template(
        "interviews/draft_owners/open.html",
        line=line,
        owner=owner if not line.closed else None,
        form=form,
        page=page,
        typed=typed if request.endpoint in ("interviews.save", "draft_owners.open_anothers") else [],
    )
    return shown, status


def _not_yours(interview_id: uuid.UUID, *, lifts: bool) -> Answer:
    """What only the interviewer does: to end the interview, or (`lifts`) to take back whom the person struck out."""
    owner = store.owner(interview_id, by=access.actor())
    if owner is None:
        return errors.error_page(404)
    page = "interviews/draft_owners/lift.html" if lifts else "interviews/draft_owners/theirs.html"
    return render_template(page, interview_id=interview_id, owner=owner), 409


@blueprint.get("/drafts")
@access.requires(Permission.INTERVIEW_CONDUCT)
def index() -> str:
    """The interviews of colleagues, page by page."""
    found = store.of_colleagues(by=access.actor(), after=request.args.get("after", ""))
    return render_template(
        "interviews/draft_owners/index.html",
        lines=found.rows,
        steps=officer_home.steps_of(found.rows),
        after=found.after,
    )


@blueprint.get("/drafts/<uuid:interview_id>/open")
@access.requires(Permission.INTERVIEW_CONDUCT)
def open_page(interview_id: uuid.UUID) -> Answer:
    """Why a colleague's interview is opened; whoever is of another post is told nothing of it."""
    by = access.actor()
    interview_store.mine(interview_id, by=by)
    if store.state(interview_id, by=by) is None:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    return _ask(interview_id, OpenAnothersForm(), 200)


@blueprint.post("/drafts/<uuid:interview_id>/open")
@access.requires(Permission.INTERVIEW_CONDUCT)
def open_anothers(interview_id: uuid.UUID) -> Answer:
    """Give leave to read a colleague's interview, tell the others of it, and keep what was typed before."""
    form = OpenAnothersForm(request.form)
    try:
        actions.open_anothers(interview_id=interview_id, reason=str(form.reason.data or ""), by=access.actor())
    except ReasonMissing:
        form.validate()
        return _ask(interview_id, form, 422)
    except NoLongerDraft:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    page = request.form.get("page", "")
    draft = interviews.read(interview_id=interview_id, by=access.actor())
    if page not in draft.questionnaire.pages:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    address = url_for("interviews.page", interview_id=interview_id, page=page)
    # 307: the browser sends the page that was typed once more, to where it was meant for.
    return redirect(address, 307 if "seen" in request.form else 303)


@blueprint.get("/drafts/<uuid:interview_id>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def kept(interview_id: uuid.UUID) -> Answer:
    """What is to be known of an interview that only this member opens, and the ways on."""
    try:
        draft = interviews.read(interview_id=interview_id, by=access.actor())
    except (OpeningEnded, NoLongerDraft):
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    if not draft.own:
        return redirect(url_for("home.index"), 303)
    urgent = draft.answers.get(draft.questionnaire.home.questions[0]) == "yes"
    mine = draft.owner_id == access.actor().member_id
    return render_template("interviews/draft_owners/kept.html", draft=draft, urgent=urgent, mine=mine)


@blueprint.post("/drafts/<uuid:interview_id>/urgent")
@access.requires(Permission.INTERVIEW_CONDUCT)
def urgent(interview_id: uuid.UUID) -> Answer:
    """Send as urgent now: take the urgent way with what was saved."""
    by = access.actor()
    try:
        draft = interview_pages.draft_of_form(interview_id, interviews.read)
        page, seen = draft.page_to_do.id, draft.revision
        after = interviews.make_urgent(interview_id=interview_id, page=page, given={}, seen=seen, by=by)
    except NoLongerDraft:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    return redirect(url_for("interviews.page", interview_id=interview_id, page=after.page_to_do.id), 303)


@blueprint.get("/drafts/<uuid:interview_id>/hand-over")
@access.requires(Permission.INTERVIEW_CONDUCT)
def hand_over_page(interview_id: uuid.UUID) -> Answer:
    """To which colleague one's own interview goes."""
    try:
        draft = interviews.read(interview_id=interview_id, by=access.actor())
    except (OpeningEnded, NoLongerDraft):
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    if draft.owner_id != access.actor().member_id:
        raise NotTheirsToEnd
    return _hand_over_page(draft, HandOverForm())


def _hand_over_page(draft: Draft, form: HandOverForm, status: int = 200) -> tuple[str, int]:
    return render_template("interviews/draft_owners/hand_over.html", draft=draft, form=form), status


@blueprint.post("/drafts/<uuid:interview_id>/hand-over")
@access.requires(Permission.INTERVIEW_CONDUCT)
def hand_over(interview_id: uuid.UUID) -> Answer:
    """Make the interview a colleague's."""
    form = HandOverForm(request.form)
    try:
        draft = interview_pages.draft_of_form(interview_id, interviews.read)
        if not form.validate():
            return _hand_over_page(draft, form, 422)
        actions.hand_over(
            interview_id=interview_id,
            name=form.name.data or "",
            why=form.why.data or "",
            seen=interview_pages.revision_of_form(),
            by=access.actor(),
        )
    except NoSuchColleague:
        form.name.errors = [NO_SUCH]
        return _hand_over_page(draft, form, 422)
    except ReasonMissing:
        form.why.errors = [N_("Write why you hand it over")]
        return _hand_over_page(draft, form, 422)
    except StaleAnswers as error:
        return _hand_over_page(error.current, form, 409)
    except NoLongerDraft:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    return redirect(url_for("draft_owners.handed", interview_id=interview_id), 303)


@blueprint.get("/drafts/<uuid:interview_id>/handed")
@access.requires(Permission.INTERVIEW_CONDUCT)
def handed(interview_id: uuid.UUID) -> Answer:
    """That the interview is the colleague's now. It names nobody: others of the post may look here, too."""
    by = access.actor()
    interview_store.mine(interview_id, by=by)
    line = store.state(interview_id, by=by)
    if line is None:
        return redirect(url_for("interviews.tasks", interview_id=interview_id), 303)
    return render_template("interviews/draft_owners/handed.html", line=line)
