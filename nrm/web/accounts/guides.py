"""`/guide`: what each role does here tonight, what goes wrong, whom to call, and what nobody is ever asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, render_template

from nrm.domain.accounts.accounts import ROLE_LABELS, Actor, NotVisible, OrganisationKind, Role
from nrm.web import access, documentation, telephones
from nrm.web.accounts.guide_words import arrival, cases, desks, offices, reports
from nrm.web.accounts.guide_words.parts import NEVER_ASKED, Guide

blueprint = Blueprint("guides", __name__)

GUIDES: Mapping[Role, Guide] = {
    role: guide for each in (arrival, desks, cases, reports, offices) for role, guide in each.GUIDES.items()
}


@blueprint.get("/guide")
@access.signed_in
def own() -> str:
    """The guide of who asks."""
    by = access.actor()
    return _page(role_of(by), by)


@blueprint.get("/guide/<role>")
@access.signed_in
def show(role: str) -> str:
    """The guide of any role: there is nothing about people in it. Raises NotVisible for a role that there is not."""
    if role not in ROLE_LABELS:
        raise NotVisible
    return _page(Role(role), access.actor())


def role_of(by: Actor) -> Role:
    """Whose guide fits the actor: case workers of the child authority have no places, and the home page of its desk."""
    assert by.role is not None
    if by.role is Role.CASE_WORKER and by.kind is OrganisationKind.CHILD_PROTECTION:
        return Role.CHILD_PROTECTION_OFFICER
    return by.role


def _page(role: Role, by: Actor) -> str:
    guide = GUIDES[role]
    if role == role_of(by) != by.role:  # of a desk whose other members may do more
        guide = replace(guide, steps=tuple(each for each in guide.steps if access.is_open_to(by, each.page)))
    waits = access.visitor().waiting
    return render_template(
        "accounts/guides/show.html",
        role=role,
        labels=ROLE_LABELS,
        guide=guide,
        never=(*guide.never, *NEVER_ASKED),
        open_to={each.page for each in guide.steps if not waits and access.is_open_to(by, each.page)},
        numbers=telephones.numbers() if guide.meets_people else telephones.desk(),
        operator=telephones.operator(),
        documents=documentation.is_there() and not waits,
    )
