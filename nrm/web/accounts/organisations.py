"""Suspending an organisation, and letting it in again: for the administrator."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.accounts.organisations import ORGANISATION_REASONS, SuspendOrganisationForm
from nrm.actions.accounts import organisations as actions
from nrm.domain.accounts.accounts import OrganisationKind, OwnOrganisation, Permission
from nrm.domain.accounts.members import NoSecondHandThere, ProposedAlready, SuspendsTooMany, TooFewShelters
from nrm.domain.accounts.suspensions import OrganisationReason
from nrm.domain.agreement.agreement_people import somebody
from nrm.domain.words import N_
from nrm.store import names as organisation_names
from nrm.store.accounts import key_log
from nrm.store.agreement import left_without
from nrm.web import access, errors, sessions
from nrm.web.agreement import agreement_words

PROPOSED = N_(
    "This is proposed already, and others are asked for their hand. Look at the page Key log: whoever proposed it can "
    "take it back there."
)
TOO_FEW = N_(
    "Then fewer than two shelters could accept anybody. Let another shelter in again first, or see that two people "
    "hold the key of another one."
)
TOO_MANY = N_("Administrators together suspend at most three organisations within 24 hours.")
NO_SECOND_HAND = N_("Nobody suspends this one alone, and the key log has no second hand for it now: nothing was done.")
DESCRIPTIONS = 5
"""How many descriptions of people, the widest first, a page shows."""

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


@dataclass(frozen=True, slots=True)
class Left:
    """Who would have nobody left who may receive them: descriptions, the widest first, how many more there are, and
    somebody for example."""

    people: list[str]
    more: int
    example: str


def left_by(organisation_id: uuid.UUID) -> Left | None:
    """Whom a suspension of the organisation leaves without anybody, in the reader's words; None where nobody is."""
    found = left_without.by_suspending(organisation_id, by=access.actor())
    if found is None:
        return None
    names = agreement_words.names_of(found.agreement)
    example = somebody(found.agreement, found.people[0])
    return Left(
        [agreement_words.profile(each, names) for each in found.people[:DESCRIPTIONS]],
        max(0, len(found.people) - DESCRIPTIONS),
        agreement_words.person(example, found.agreement, names),
    )


def _suspension_page(organisation_id: uuid.UUID, form: SuspendOrganisationForm, status: int) -> errors.Answer:
    organisation, by = organisation_names.organisation(organisation_id), access.actor()
    left = left_by(organisation.id) if organisation.enabled else None
    return render_template(
        "accounts/organisations/suspend.html",
        id=organisation.id,
        names=organisation.names,
        code=organisation.code,
        telephone=organisation_names.number_of(organisation),
        proposed=key_log.proposed_suspension(organisation.id, by=by),
        why=key_log.suspended_for(organisation.id, by=by),
        reasons=ORGANISATION_REASONS,
        enabled=organisation.enabled,
        desk=organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY,
        takes_people_in=OrganisationKind(organisation.kind).takes_people_in,
        left=left,
        two=left is not None or actions.nobody_stands_in(organisation.kind),
        form=form,
    ), status
