"""Telling that a witness is threatened, and saying that a desk has seen it."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from nrm.actions.support import threats as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.roles import MechanismRole
from nrm.store import names
from nrm.store.countries import country
from nrm.store.support import hearings as people
from nrm.store.support import threats as store
from nrm.store.support.hearings import Person
from nrm.web import access

blueprint = Blueprint("threats", __name__)


def home_part() -> Markup:
    """What the actor's desk was told and has not seen; nothing where there is none."""
    lines = store.of_desk(by=access.actor())
    if not lines:
        return Markup()
    number = names.number_now(country().party_in(MechanismRole.PROSECUTION))
    return Markup(render_template("support/threats/desk.html", lines=lines, number=number))  # noqa: S704


@blueprint.get("/cases/<uuid:case_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell_page(case_id: uuid.UUID) -> str:
    person = people.of_case(case_id, by=access.actor())
    back = url_for("testimony.record_page", case_id=case_id)
    return _tell_page(person, back)


def _tell_page(person: Person, back: str) -> str:
    return render_template(
        "support/threats/tell.html", person=person, back=back, told=store.told(person, by=access.actor())
    )


@blueprint.post("/cases/<uuid:case_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell(case_id: uuid.UUID) -> Response:
    """Tell the holder and the duty desk at once."""
    actions.tell(case_id=case_id, by=access.actor())
    return redirect(url_for("testimony.record_page", case_id=case_id, told=1), 303)


@blueprint.get("/witnesses/<uuid:witness_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell_of_witness_page(witness_id: uuid.UUID) -> str:
    person = people.of_witness(witness_id, by=access.actor())
    back = url_for("witnesses.show", witness_id=witness_id)
    return _tell_page(person, back)


@blueprint.post("/witnesses/<uuid:witness_id>/threat")
@access.requires(Permission.TESTIMONY_RECORD)
def tell_of_witness(witness_id: uuid.UUID) -> Response:
    """Tell the duty desk at once."""
    actions.tell_of_witness(witness_id=witness_id, by=access.actor())
    return redirect(url_for("witnesses.show", witness_id=witness_id, told=1), 303)


@blueprint.post("/threats/<uuid:alarm_id>/seen")
@access.requires(Permission.CASE_READ)
def seen(alarm_id: uuid.UUID) -> Response:
    """The desk has seen it and acts."""
    actions.seen(alarm_id=alarm_id, by=access.actor())
    return redirect(url_for("home.index"), 303)
