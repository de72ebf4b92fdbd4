"""What was called off: asked for again under the same code, and seen by the manager of the house (ADR 0187); and what
the payment desk said, of which the manager says that nobody has to be told any more."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for

from forms import SelectChoice
from forms.support.benefits import CHANNEL_WORDS, REFUSED, STATE_LABELS, CallOffForm, NobodyToldForm, OffSeenForm
from nrm.actions.support import benefits as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.benefits import BenefitRefusal, BenefitRefused, State
from nrm.store import days
from nrm.store.support import benefits as store
from nrm.web import access, errors
from nrm.web.support.benefits import check_new, closed, held, in_words, own_of, refused

blueprint = Blueprint("benefit_ends", __name__)
Answer = errors.Answer


@blueprint.get("/cases/<uuid:case_id>/benefits/again")
@access.requires(Permission.STAY_MANAGE)
def bring_back_page(case_id: uuid.UUID) -> Answer:
    return _bring_back(case_id, done=False)


@blueprint.post("/cases/<uuid:case_id>/benefits/again")
@access.requires(Permission.STAY_MANAGE)
def bring_back(case_id: uuid.UUID) -> Answer:
    """It was called off by mistake: it waits to be paid again."""
    return _bring_back(case_id, done=True)


def _bring_back(case_id: uuid.UUID, *, done: bool) -> Answer:
    by, case = access.actor(), held(case_id)
    form = CallOffForm(request.form if done else None)
    try:
        actions.check_asked(case_id=case_id, by=by)
        mine = actions.of_person(case_id=case_id, by=by)
        off = [each for each in own_of(mine) if each.may_come_back(days.today())]
        form.code.choices = [SelectChoice(value=each.code, label=in_words(each)) for each in off]
        check_new(form, mine, {State.ASKED: BenefitRefusal.BACK})
        if not done or not form.validate():
            return render_template("support/benefits/again.html", case=case, form=form), 422 if done else 200
        actions.bring_back(case_id=case_id, code=form.code.data, by=by)
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        return refused(error)
    return redirect(url_for("benefits.of_person", case_id=case_id), 303)


@blueprint.get("/benefits/of-house/seen")
@access.requires(Permission.TEAM_MANAGE)
def seen_page() -> Answer:
    """Which codes are new, and what became of each: the page itself asks whether nobody has to be told any more."""
    return _seen_page(NobodyToldForm(None))


def _seen_page(form: NobodyToldForm, status: int = 200, *, changed: bool = False) -> Answer:
    new = [each for each in store.of_house(by=access.actor()) if each.is_new]
    form.shown.data = " ".join(f"{each.code}={each.state}" for each in new)
    page = render_template(
        "support/benefits/seen.html",
        form=form,
        lines=new,
        changed=REFUSED[BenefitRefusal.CHANGED] if changed else "",
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
    )
    return page, status


@blueprint.post("/benefits/of-house/seen")
@access.requires(Permission.TEAM_MANAGE)
def seen() -> Answer:
    """Nobody has to be told any more what was paid and what came back: the home page says so no more, the page of each
    person does."""
    form = NobodyToldForm(request.form)
    if not form.validate():
        return _seen_page(form, 422)
    try:
        actions.seen(stands=form.stands, by=access.actor())
    except BenefitRefused:
        return _seen_page(NobodyToldForm(None), 409, changed=True)
    return redirect(url_for("benefits.of_house"), 303)


@blueprint.get("/benefits/of-house/off-seen")
@access.requires(Permission.TEAM_MANAGE)
def off_seen_page() -> Answer:
    """Which were called off since the manager said last that she saw it: the page itself asks."""
    return _off_seen_page(OffSeenForm(None))


def _off_seen_page(form: OffSeenForm, status: int = 200) -> Answer:
    off = [each for each in store.of_house(by=access.actor()) if each.is_off_unseen]
    form.shown.data = " ".join(each.code for each in off)
    return render_template(
        "support/benefits/off_seen.html",
        form=form,
        lines=off,
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
        today=days.today(),
    ), status


@blueprint.post("/benefits/of-house/off-seen")
@access.requires(Permission.TEAM_MANAGE)
def off_seen() -> Answer:
    """The manager has seen what was called off: her home page says so no more."""
    form = OffSeenForm(request.form)
    if not form.validate():
        return _off_seen_page(form, 422)
    actions.off_seen(codes=form.codes, by=access.actor())
    return redirect(url_for("benefits.of_house"), 303)
