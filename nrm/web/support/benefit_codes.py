"""The payment desk finds a benefit by the code or the number of a voucher that stands on a paper."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for

from forms.support.benefits import FindBenefitForm
from nrm.domain.accounts.accounts import Permission
from nrm.domain.support.benefits import parse_code
from nrm.domain.words import N_
from nrm.store.support import benefits as store
from nrm.web import access, errors

blueprint = Blueprint("benefit_codes", __name__)
Answer = errors.Answer

NEITHER = N_(
    "This is neither a payment code nor the number of a voucher. A code has no 0, O, 1, I or L in it: look at these"
    " signs once more."
)
UNKNOWN = N_(
    "No benefit has this code or number, or it waits still for a second one of its shelter. Compare it with the paper."
)


@blueprint.get("/benefits/find")
@access.requires(Permission.BENEFIT_SETTLE)
def find_page() -> str:
    return render_template("support/benefits/find.html", form=FindBenefitForm(None))


@blueprint.post("/benefits/find")
@access.requires(Permission.BENEFIT_SETTLE)
def find() -> Answer:
    """The page of the benefit; a form, so that no number of a voucher stands in an address."""
    form = FindBenefitForm(request.form)
    if form.validate():
        written = parse_code(form.code.data or "")
        line = store.on_paper(written, by=access.actor())
        if line is not None:
            return redirect(url_for("benefits.settle_page", payment_code=line.code), 303)
        form.code.errors = [UNKNOWN if written else NEITHER]
    return render_template("support/benefits/find.html", form=form), 422
