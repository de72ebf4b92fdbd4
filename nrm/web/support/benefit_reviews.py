"""What a manager looks through of the benefits of her house, month by month: codes, and no people (ADR 0187)."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for

from forms.support.benefits import CHANNEL_WORDS, REFUSED, STATE_LABELS
from nrm.actions.support import benefits as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.support.benefits import BenefitRefused
from nrm.store.countries import country
from nrm.store.support import benefit_reviews as store
from nrm.web import access, errors
from nrm.web.language import translated

blueprint = Blueprint("benefit_reviews", __name__)
Answer = errors.Answer


@blueprint.get("/benefits/of-house/months")
@access.requires(Permission.TEAM_MANAGE)
def index() -> str:
    """What became of the benefits of the house in the last months, and how much one member alone asked for lately."""
    by = access.actor()
    amount, number = store.alone_lately(by=by)
    return render_template(
        "support/benefits/months.html",
        reviews=store.reviews(by=by),
        amount=amount,
        number=number,
        limits=country().benefit_limits,
        channels=CHANNEL_WORDS,
        states=STATE_LABELS,
    )


@blueprint.post("/benefits/of-house/months")
@access.requires(Permission.TEAM_MANAGE)
def look_through() -> Answer:
    """The manager looked through a month: her home page asks for it no more."""
    try:
        month = date.fromisoformat(f"{request.form.get('month', '')[:7]}-01")
        actions.look_through(month=month, by=access.actor())
    except ValueError:
        return errors.error_page(422)
    except BenefitRefused as error:
        return errors.error_page(409, translated(REFUSED[error.reason]))
    return redirect(url_for("benefit_reviews.index"), 303)
