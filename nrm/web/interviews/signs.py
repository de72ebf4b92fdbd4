"""What the signs look like that an officer ticks, and what each does not mean; the same page for everybody."""

from __future__ import annotations

from flask import Blueprint, render_template

from nrm.domain.accounts.accounts import Permission
from nrm.steps.interviews.drafts import CURRENT
from nrm.store.countries import country
from nrm.web import access

blueprint = Blueprint("signs", __name__)


@blueprint.get("/signs")
@access.requires(Permission.INTERVIEW_CONDUCT)
def show() -> str:
    """Every sign with two sentences. The questions of an interview link here, each to its own part."""
    asked = [each for each in country().questionnaires[CURRENT].questions.values() if each.border]
    sources = sorted({option.source for question in asked for option in question.options if option.source})
    return render_template("interviews/signs/show.html", questions=asked, sources=sources)
