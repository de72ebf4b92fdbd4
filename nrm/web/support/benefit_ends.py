"""What was called off: asked for again under the same code, and seen by the manager of the house (ADR 0187)."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for

from forms import SelectChoice
from forms.support.benefits import CallOffForm
from nrm.actions.support import benefits as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.support.benefits import BenefitRefused
from nrm.store import days
from nrm.web import access, errors
from nrm.web.support.benefits import closed, held, in_words, refused

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
        mine = [line for _, line in actions.of_person(case_id=case_id, by=by) if line is not None]
        off = [each for each in mine if each.may_come_back(days.today())]
        form.code.choices = [SelectChoice(value=each.code, label=in_words(each)) for each in off]
        if not done or not form.validate():
            return render_template("support/benefits/again.html", case=case, form=form), 422 if done else 200
        actions.bring_back(case_id=case_id, code=form.code.data, by=by)
    except actions.CannotOpen:
        return closed(case)
    except (CaseRefused, BenefitRefused) as error:
        return refused(error)
    return redirect(url_for("benefits.of_person", case_id=case_id), 303)


@blueprint.post("/benefits/of-house/off-seen")
@access.requires(Permission.TEAM_MANAGE)
def off_seen() -> Answer:
    """The manager has seen what was called off: her home page says so no more."""
    actions.off_seen(by=access.actor())
    return redirect(url_for("benefits.of_house"), 303)
