"""Referring somebody to an organisation outside of the agreement: the letter, on the screen and as PDF."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from forms.referrals.outside_referrals import FIELD_OF, KIND_LABELS, REASON_LABELS, REFUSED, WriteLetterForm
from forms.shelter.cases import CASE_REFUSED
from forms.shelter.stays import CLOSED
from nrm.actions.referrals import outside_referrals as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.domain.referrals.outside_referrals import OutsideKind, OutsideReason, OutsideReferralRefused
from nrm.domain.shelter.cases import CaseRefused
from nrm.domain.shelter.permits import CHILD_GATE, GateClosed
from nrm.domain.words import N_
from nrm.render.pdf import PdfUnavailable, to_pdf
from nrm.store.countries import country
from nrm.store.referrals import outside_referrals as store
from nrm.store.shelter import cases as case_store
from nrm.store.shelter.cases import CaseRelation, SeenCase
from nrm.web import access, errors
from nrm.web.choices import language_choices, of_list
from nrm.web.language import speaking, text_in

blueprint = Blueprint("outside_referrals", __name__)
Answer = BaseResponse | tuple[str, int] | str
NO_PDF = N_("This server cannot make the file now. Print the page of the letter instead.")


@blueprint.get("/cases/<uuid:case_id>/letter")
@access.requires(Permission.STAY_MANAGE)
def write_page(case_id: uuid.UUID) -> Answer:
    return _letter_page(_held_open_case(case_id), WriteLetterForm())


def _held_open_case(case_id: uuid.UUID) -> SeenCase:
    case = case_store.case(case_id, by=access.actor())
    if case.relation is not CaseRelation.HOLDER or case.status != "open":
        raise NotVisible
    return case


def _letter_page(case: SeenCase, form: WriteLetterForm, status: int = 200, gate: str = "") -> tuple[str, int]:
    form.needs.choices, form.language.choices = of_list("needs"), language_choices()
    letters = store.of_case(case.id, by=access.actor())
    return render_template(
        "referrals/outside_referrals/write.html", case=case, form=form, gate=gate, letters=letters
    ), status


@blueprint.post("/cases/<uuid:case_id>/letter")
@access.requires(Permission.STAY_MANAGE)
def write(case_id: uuid.UUID) -> Answer:
    case = _held_open_case(case_id)
    form = WriteLetterForm(request.form)
    form.needs.choices, form.language.choices = of_list("needs"), language_choices()
    if not form.validate():
        return _letter_page(case, form, 422)
    try:
        letter_id = actions.refer_out(
            case_id=case_id,
            kind=OutsideKind(form.kind.data),
            addressee=(form.addressee.data or "").strip(),
            reason=OutsideReason(form.reason.data),
            needs=form.needs.data or (),
            language=form.language.data,
            agreed=bool(form.agreed.data),
            closes=form.closes.data == "close",
            by=access.actor(),
        )
    except OutsideReferralRefused as error:
        form[FIELD_OF[error.reason]].errors = [REFUSED[error.reason]]
        return _letter_page(case, form, 422)
    except GateClosed as error:
        if error.reason in CHILD_GATE and form.closes.data == "close":
            form.closes.errors = [CLOSED[error.reason]]
            return _letter_page(case, form, 422)
        form.kind.errors = [CLOSED[error.reason]]
        return _letter_page(case, form, 422, error.reason)
    except CaseRefused as error:
        form.closes.errors = [CASE_REFUSED[error.reason]]
        return _letter_page(case, form, 422)
    return redirect(url_for("outside_referrals.show", departure_id=letter_id), 303)


@blueprint.get("/letters/<uuid:departure_id>")
@access.requires(Permission.STAY_MANAGE)
def show(departure_id: uuid.UUID) -> str:
    """The letter as it is printed, in its own language, inside the frame of all pages."""
    letter = store.departure(departure_id, by=access.actor())
    return render_template("referrals/outside_referrals/show.html", letter=letter, **_words(letter))


@blueprint.get("/letters/<uuid:departure_id>/pdf")
@access.requires(Permission.STAY_MANAGE)
def pdf(departure_id: uuid.UUID) -> Answer:
    """The letter as a PDF; only while care is open, because the letter names its addressee."""
    letter = store.departure(departure_id, by=access.actor())
    words = _words(letter)
    if words["addressee"] is None:
        return redirect(url_for("cases.open_page", case_id=letter.case_id, compartment="care"), 303)
    with speaking(letter.language):
        html = render_template("referrals/outside_referrals/print.html", letter=letter, **words)
    try:
        content = to_pdf(html)
    except PdfUnavailable:
        return errors.error_page(503, NO_PDF)
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename="letter.pdf")
    return response


def _words(letter: store.OutsideReferralLine) -> dict[str, Any]:
    needs = country().lists["needs"]
    addressee = actions.addressee_of(letter, by=access.actor())
    with speaking(letter.language):
        asked = [text_in(needs[code]) for code in letter.needs if code in needs]
        body = render_template("referrals/outside_referrals/body.html", letter=letter, addressee=addressee, needs=asked)
    return {
        "addressee": addressee,
        "body": Markup(body),  # noqa: S704 - a template of ours, its values are escaped
        "kinds": KIND_LABELS,
        "reasons": REASON_LABELS,
    }
