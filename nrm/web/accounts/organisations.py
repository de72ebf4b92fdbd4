"""Suspending an organisation, and letting it in again: for the administrator."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.organisations import SuspendOrganisationForm
from nrm.actions.accounts import organisations as actions
from nrm.domain.accounts.accounts import OrganisationKind, OwnOrganisation, Permission
from nrm.domain.accounts.members import NoSecondHandThere, ProposedAlready, SuspendsTooMany, TooFewShelters
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.words import N_
from nrm.store import names as organisation_names
from nrm.web import access, errors, sessions

PROPOSED = N_(
    "This is proposed already, and others are asked for their hand. Look at the page Key log: whoever proposed it can "
    "take it back there."
)
TOO_FEW = N_(
    "Then fewer than two shelters could accept anybody. Let another shelter in again first, or see that two people "
    "hold the key of another one."
)
TOO_MANY = N_("Administrators together suspend at most three organisations within 24 hours.")
NO_SECOND_HAND = N_(
    "Nobody suspends the Responsible Authority alone, and the key log has no second hand for it now: nothing was done."
)

blueprint = Blueprint("organisations", __name__)

OWN = N_("This is your own organisation: nobody could let it in again.")


@blueprint.get("/organisations/<uuid:organisation_id>/suspend")
@access.requires(Permission.ORGANISATION_SUSPEND)
@sessions.step_up
def suspend_page(organisation_id: uuid.UUID) -> errors.Answer:
    return _suspension_page(organisation_id, SuspendOrganisationForm(), 200)


@blueprint.post("/organisations/<uuid:organisation_id>/suspend")
@access.requires(Permission.ORGANISATION_SUSPEND)
@sessions.step_up
def suspend(organisation_id: uuid.UUID) -> errors.Answer:
    form = SuspendOrganisationForm(request.form)
    if not form.validate():
        return _suspension_page(organisation_id, form, 422)
    reason = OrganisationReason(form.reason.data)
    try:
        holds = actions.suspend(organisation_id=organisation_id, reason=reason, by=access.actor())
    except OwnOrganisation:
        return errors.error_page(409, OWN)
    except TooFewShelters:
        return errors.error_page(409, TOO_FEW)
    except SuspendsTooMany:
        return errors.error_page(409, TOO_MANY)
    except ProposedAlready:
        return errors.error_page(409, PROPOSED)
    except NoSecondHandThere:
        return errors.error_page(409, NO_SECOND_HAND)
    return redirect(url_for("home.index" if holds else "key_log.index"), 303)


@blueprint.post("/organisations/<uuid:organisation_id>/readmit")
@access.requires(Permission.ORGANISATION_SUSPEND)
@sessions.step_up
def readmit(organisation_id: uuid.UUID) -> BaseResponse:
    actions.readmit(organisation_id=organisation_id, by=access.actor())
    return redirect(url_for("home.index"), 303)


def _suspension_page(organisation_id: uuid.UUID, form: SuspendOrganisationForm, status: int) -> errors.Answer:
    organisation = organisation_names.organisation(organisation_id)
    return render_template(
        "accounts/organisations/suspend.html",
        id=organisation.id,
        names=organisation.names,
        enabled=organisation.enabled,
        desk=organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY,
        takes_people_in=OrganisationKind(organisation.kind).takes_people_in,
        form=form,
    ), status
