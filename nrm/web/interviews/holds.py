"""Interviews that ended and are held: the way back for who ended it, and a look for the duty desk, with a reason."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.endings import HOLD_LABELS, OpenHeldForm
from nrm.actions.interviews import holds as actions
from nrm.actions.interviews import interviews
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.endings import OF_THE_PERSON
from nrm.domain.words import N_
from nrm.steps.interviews.drafts import NoLongerDraft
from nrm.store.countries import country
from nrm.store.interviews import child_alerts, written_answers
from nrm.store.interviews import holds as store
from nrm.web import access, errors
from nrm.web.interviews import groups, handouts
from nrm.web.language import current_language
from nrm.web.opened import answer_rows

blueprint = Blueprint("holds", __name__)
Answer = BaseResponse | tuple[str, int] | str

OVER = N_("The time is over: the answers and their key are destroyed, and nobody can bring them back.")
OPEN_FIRST = N_("Open it first, and say why.")
CONSENT = "consent_"
IDENTITY = "identity"  # who the person is does not help to judge how the interview was ended


@blueprint.get("/interviews/<uuid:interview_id>/held")
@access.requires(Permission.INTERVIEW_CONDUCT)
def held(interview_id: uuid.UUID) -> Answer:
    """Until when it is sealed, who can open it, and the way back."""
    by = access.actor()
    if store.is_over(interview_id, by=by):
        return errors.error_page(409, OVER)
    line = store.mine(interview_id, by=by)
    told = child_alerts.of_interview(interview_id, by=by)
    child = told is not None and told.contradictable
    return render_template(
        "interviews/holds/held.html",
        line=line,
        child=child,
        written=written_answers.of_child(interview_id, by=by) if child else None,
        told=not line.desk and store.is_told_to_help_line(line),
        of_the_person=line.ending in OF_THE_PERSON and not child,
        telephone=country().emergency.helpline,
        leaflets=handouts.after_talk(interview_id),
        groups=groups.under_way(by),
    )


@blueprint.post("/interviews/<uuid:interview_id>/held")
@access.requires(Permission.INTERVIEW_CONDUCT)
def take_back(interview_id: uuid.UUID) -> Answer:
    """Go on: after a no on the page that asks for consent, else where the interview stopped."""
    by = access.actor()
    if store.is_over(interview_id, by=by):
        return errors.error_page(409, OVER)
    try:
        ending = actions.take_back(interview_id=interview_id, by=by)
    except NoLongerDraft:
        return errors.error_page(409, OVER)
    draft = interviews.read(interview_id=interview_id, by=by)
    page = draft.page_to_do
    if ending in OF_THE_PERSON:
        asked = (each for each in draft.pages if any(name.startswith(CONSENT) for name in each.questions))
        page = next(asked, page)
    return redirect(url_for("interviews.page", interview_id=interview_id, page=page.id), 303)


def address(interview_id: uuid.UUID) -> str | None:
    """The page of an interview that the member may take back; None if it is not held, or somebody else's."""
    try:
        store.mine(interview_id, by=access.actor())
    except NotVisible:
        return None
    return url_for("holds.held", interview_id=interview_id)


def unseen_part() -> Markup:
    """The part of the home page of the help line: what ended at a post against what was said, where the person does not
    want the duty desk to know."""
    lines = store.of_help_line(by=access.actor())
    part = render_template("interviews/holds/unseen.html", lines=lines, reason_labels=HOLD_LABELS) if lines else ""
    return Markup(part)  # noqa: S704 - a template of ours, escaped there


@blueprint.get("/duty/held/<uuid:interview_id>")
@access.requires(Permission.REFERRAL_DIRECT)
def look(interview_id: uuid.UUID) -> Answer:
    """What a post ended against what was said: the answers, once this session opened them."""
    return _look(interview_id, OpenHeldForm())


@blueprint.post("/duty/held/<uuid:interview_id>")
@access.requires(Permission.REFERRAL_DIRECT)
def open_held(interview_id: uuid.UUID) -> Answer:
    form = OpenHeldForm(request.form)
    if not form.validate():
        return _look(interview_id, form, 422)
    actions.open_held(interview_id=interview_id, why=str(form.why.data), by=access.actor())
    return redirect(url_for("holds.look", interview_id=interview_id), 303)


@blueprint.post("/duty/held/<uuid:interview_id>/give-back")
@access.requires(Permission.REFERRAL_DIRECT)
def give_back(interview_id: uuid.UUID) -> Answer:
    """The interview goes on at its post."""
    try:
        actions.give_back(interview_id=interview_id, by=access.actor())
    except NoLongerDraft:
        return errors.error_page(409, OVER)
    except actions.CannotOpen:
        return errors.error_page(409, OPEN_FIRST)
    return redirect(url_for("home.index"), 303)


def _look(interview_id: uuid.UUID, form: OpenHeldForm, status: int = 200) -> tuple[str, int]:
    by = access.actor()
    line = store.of_desk_one(interview_id, by=by)
    found = actions.read_held(interview_id=interview_id, by=by) if line.openable else None
    parts: list[tuple[str, list[tuple[str, str]]]] = []
    if found is not None:
        for page in found.questionnaire.pages.values():
            asked = [each for each in page.questions if found.questionnaire.questions[each].compartment != IDENTITY]
            own = {name: found.answers[name] for name in asked if name in found.answers}
            if own:
                parts.append((page.title[current_language()], answer_rows(found.questionnaire, own, {})))
    return (
        render_template(
            "interviews/holds/look.html",
            line=line,
            form=form,
            opened=found,
            parts=parts,
            written=written_answers.of_child(interview_id, by=by),
            reason_labels=HOLD_LABELS,
        ),
        status,
    )
