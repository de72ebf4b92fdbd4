"""The link code of a case, at the prosecution; and the page on which the police tie a number of theirs to a code."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.support.link_codes import REFUSED, TieNumberForm
from nrm.actions.support import link_codes as actions
from nrm.domain.accounts.accounts import NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.failed_attempts import TooSoon
from nrm.domain.support.link_codes import LinkRefused, NotValid
from nrm.domain.words import N_
from nrm.store.support import link_codes as store
from nrm.web import access, errors
from nrm.web.accounts import told_once

Page = tuple[str, int]
Answer = Response | Page | str

blueprint = Blueprint("link_codes", __name__)

NOT_VALID = N_("This link code is not valid, or no longer valid. Ask the prosecution.")
TOO_OFTEN = N_("Ten link codes that are not valid within an hour: wait some minutes, and ask the prosecution.")


@blueprint.get("/cases/<uuid:case_id>/link")
@access.requires(Permission.LINK_MAKE)
def show(case_id: uuid.UUID) -> str:
    """The code, and the numbers that the police tied to it."""
    by = access.actor()
    found = store.of_case(case_id, by=by)
    return render_template("support/link_codes/show.html", found=found, link=actions.link(case_id=case_id, by=by))


@blueprint.post("/cases/<uuid:case_id>/link")
@access.requires(Permission.LINK_MAKE)
def make(case_id: uuid.UUID) -> Answer:
    try:
        actions.make(case_id=case_id, by=access.actor())
    except LinkRefused as error:
        return errors.error_page(409, REFUSED[error.reason])
    return redirect(url_for("link_codes.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/link/numbers/<uuid:number_id>/remove")
@access.requires(Permission.LINK_MAKE)
def remove_page(case_id: uuid.UUID, number_id: uuid.UUID) -> str:
    """Ask once more: what the police tied cannot be brought back."""
    by = access.actor()
    found, link = store.of_case(case_id, by=by), actions.link(case_id=case_id, by=by)
    number = next((number for number, _, id_ in link.numbers if id_ == number_id), None) if link is not None else None
    if number is None:
        raise NotVisible
    return render_template("support/link_codes/remove.html", found=found, number=number)


@blueprint.post("/cases/<uuid:case_id>/link/numbers/<uuid:number_id>/remove")
@access.requires(Permission.LINK_MAKE)
def remove(case_id: uuid.UUID, number_id: uuid.UUID) -> Answer:
    """A number that was wrong is destroyed."""
    actions.remove_number(case_id=case_id, number_id=number_id, by=access.actor())
    return redirect(url_for("link_codes.show", case_id=case_id), 303)


@blueprint.get("/cases/<uuid:case_id>/link/void")
@access.requires(Permission.LINK_MAKE)
def void_page(case_id: uuid.UUID) -> str:
    """Ask once more: neither the code nor what is tied to it can be brought back."""
    found = store.of_case(case_id, by=access.actor())
    if found.link_id is None:
        raise NotVisible
    return render_template("support/link_codes/void.html", found=found)


@blueprint.post("/cases/<uuid:case_id>/link/void")
@access.requires(Permission.LINK_MAKE)
def void(case_id: uuid.UUID) -> Answer:
    """The code went to the wrong officer."""
    actions.void(case_id=case_id, by=access.actor())
    return redirect(url_for("link_codes.show", case_id=case_id), 303)


@blueprint.get("/link")
@access.requires(Permission.LINK_TIE)
def tie_page() -> Answer:
    _police()
    return _tie_page(TieNumberForm(), tied=told_once.word("tied") == "yes")


def _police() -> None:
    """Raise NotVisible for officers who are not of the police."""
    if access.actor().kind is not OrganisationKind.POLICE:
        raise NotVisible


def _tie_page(form: TieNumberForm, status: int = 200, *, tied: bool = False) -> Page:
    return render_template("support/link_codes/tie.html", form=form, tied=tied), status


@blueprint.post("/link")
@access.requires(Permission.LINK_TIE)
def tie() -> Answer:
    """Tie the number; of a code that does not hold one thing is said, whatever the reason."""
    _police()
    form = TieNumberForm(request.form)
    if not form.validate():
        return _tie_page(form, 422)
    try:
        actions.tie(code=form.parsed, number=(form.number.data or "").strip(), by=access.actor())
    except TooSoon:
        return errors.error_page(429, TOO_OFTEN)
    except NotValid:
        form.code.errors = [NOT_VALID]
        return _tie_page(form, 422)
    return told_once.lead(url_for("link_codes.tie_page", tied="yes"))
