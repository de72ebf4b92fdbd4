"""The family notice: written at a post, answered by the child authority's desk."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.interviews.family_notices import FamilyNoticeForm
from nrm.actions.interviews import family_notices as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.interviews.family_notices import DeskAnswer, NobodyToTell
from nrm.domain.presses import SentAlready
from nrm.domain.words import N_
from nrm.store import names
from nrm.store.interviews import family_notices as store
from nrm.store.interviews import groups
from nrm.web import access, carrying, errors
from nrm.web.language import gettext

blueprint = Blueprint("family_notices", __name__)
Answer = BaseResponse | tuple[str, int] | str
NOBODY = N_("The agreement in force names no child authority. Interview each child, and call the duty desk.")


@blueprint.get("/family-notices/new")
@access.requires(Permission.FAMILY_NOTICE_WRITE)
def new_page() -> Answer:
    return _form_page(FamilyNoticeForm(), uuid.uuid4(), 200)


@blueprint.post("/family-notices/new")
@access.requires(Permission.FAMILY_NOTICE_WRITE)
def write() -> Answer:
    """Write it; where a condition is not met, the page leads to the interview of the child instead."""
    form = FamilyNoticeForm(request.form)
    try:
        once = request.form.get("id", "")[:36]
        press, shown_id = carrying.pressed(once, by=access.actor()), uuid.UUID(once)
    except ValueError:
        return errors.error_page(422)
    if not form.validate():
        return _form_page(form, shown_id, 422)
    try:
        family_id = actions.write(
            family_id=press.id,
            children=form.number,
            ages=form.years,
            said=form.said,
            press=press,
            by=access.actor(),
        )
    except SentAlready:
        return _form_page(form, carrying.sent_already(form.children), 409)
    except NobodyToTell:
        return errors.error_page(422, gettext(NOBODY))
    return redirect(url_for("family_notices.show", family_id=family_id, group=_group()), 303)


def _form_page(form: FamilyNoticeForm, family_id: uuid.UUID, status: int) -> tuple[str, int]:
    return render_template(
        "interviews/family_notices/new.html",
        form=form,
        family_id=family_id,
        group_id=_group(),
        interview_id=uuid.uuid4() if form.interview_needed else None,
    ), status


def _group() -> uuid.UUID | None:
    """The group from which the page was opened, if it is one of the post that is not over."""
    group_id = request.args.get("group", type=uuid.UUID)
    if group_id is None:
        return None
    try:
        return groups.one(group_id, by=access.actor()).id
    except NotVisible:
        return None


@blueprint.get("/family-notices/<uuid:family_id>")
@access.requires(Permission.FAMILY_NOTICE_WRITE)
def show(family_id: uuid.UUID) -> str:
    """What was written, to whom, and what the desk said."""
    line = store.of_post(family_id, by=access.actor())
    return render_template(
        "interviews/family_notices/show.html", line=line, number=names.number_now(line.party), group_id=_group()
    )


@blueprint.get("/family-notices")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def index() -> str:
    """The notices to the child authority's desk, more than its home page shows."""
    return render_template("interviews/family_notices/index.html", families=store.of_desk(by=access.actor()))


@blueprint.post("/family-notices/<uuid:family_id>/answer")
@access.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def answer(family_id: uuid.UUID) -> Answer:
    """The child authority's desk has seen it, or asks the post to call."""
    try:
        said = DeskAnswer(request.form.get("answer", ""))
    except ValueError:
        return errors.error_page(422)
    actions.answer(family_id=family_id, said=said, stood=request.args.get("stood", ""), by=access.actor())
    return redirect(url_for("home.index"), 303)
