"""`/guide`: what each role does here tonight, what goes wrong, whom to call, and what nobody is ever asked for."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template

from nrm.domain.accounts.accounts import ROLE_LABELS, Actor, NotVisible, OrganisationKind, Role
from nrm.web import access, documentation, telephones
from nrm.web.accounts import guide_pictures
from nrm.web.accounts.guide_words import arrival, cases, desks, offices, reports
from nrm.web.accounts.guide_words.parts import NEVER_ASKED, Guide
from nrm.web.language import current_language

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


@blueprint.get("/guide/<role>/pictures")
@access.signed_in
def pictured(role: str) -> str:
    """The same guide with pictures of its pages, to print. Raises NotVisible where the pictures were not installed."""
    if role not in ROLE_LABELS or not _pictures(Role(role)):
        raise NotVisible
    return _page(Role(role), access.actor(), _pictures(Role(role)))


@blueprint.get("/guide/pictures/<path:name>")
@access.signed_in
def picture(name: str) -> Response:
    """One picture. Raises NotVisible for every other name."""
    if name not in guide_pictures.files(guide_pictures.FOLDER):
        raise NotVisible
    return Response((guide_pictures.FOLDER / name).read_bytes(), mimetype="image/png")


def _pictures(role: Role) -> Mapping[int, str]:
    return guide_pictures.of_steps(current_language(), role, len(GUIDES[role].steps))


def role_of(by: Actor) -> Role:
    """Whose guide fits the actor: case workers of the child authority have no places, and the home page of its desk."""
    assert by.role is not None
    if by.role is Role.CASE_WORKER and by.kind is OrganisationKind.CHILD_PROTECTION:
        return Role.CHILD_PROTECTION_OFFICER
    return by.role


def _numbers(role: Role) -> tuple[telephones.Telephone, ...]:
    """Whom the role calls: nobody calls the desk, or the office, that they are."""
    if role is Role.DUTY_OFFICER:
        return tuple(each for each in telephones.numbers() if each not in telephones.desk())
    if GUIDES[role].meets_people:
        return telephones.numbers()
    return (*telephones.desk(), *(telephones.coordinator() if role is not Role.COORDINATOR else ()))


def _page(role: Role, by: Actor, pictures: Mapping[int, str] | None = None) -> str:
    guide = GUIDES[role]
    shown = dict(enumerate(guide.steps, 1))
    if role == role_of(by) != by.role:  # of a desk whose other members may do more
        shown = {number: each for number, each in shown.items() if access.is_open_to(by, each.page)}
    waits = access.visitor().waiting
    begins = [each for each in shown.values() if not waits and each.only in (None, by.kind)]
    return render_template(
        "accounts/guides/show.html",
        role=role,
        labels=ROLE_LABELS,
        guide=guide,
        steps=shown,
        pictures=pictures or {},
        may_be_pictured=not pictures and bool(_pictures(role)),
        never=(*guide.never, *NEVER_ASKED),
        open_to={each.page for each in begins if access.is_open_to(by, each.page)},
        numbers=_numbers(role),
        operator=telephones.operator() if role is not Role.ADMINISTRATOR else (),
        documents=documentation.is_there() and not waits,
    )
