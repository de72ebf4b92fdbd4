"""Opening for a shift and ending it; what is written down before a page of a person is shown."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import Blueprint, Flask, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.shelter.key_workers import SHIFT_REFUSED
from nrm.actions.shelter import house_labels
from nrm.actions.shelter import shifts as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.shelter.shifts import ShiftKind, ShiftRefused
from nrm.web import access, errors, sessions
from nrm.web.accounts import told_once

blueprint = Blueprint("shifts", __name__)
Answer = BaseResponse | tuple[str, int] | str


@blueprint.errorhandler(ShiftRefused)
def _refused(error: ShiftRefused) -> Answer:
    return errors.error_page(409, SHIFT_REFUSED[error.reason])


@blueprint.post("/shifts/people")
@access.requires(Permission.STAY_MANAGE)
def begin_people() -> Answer:
    """Open identity, care and legal file of one's own people."""
    return _begun(ShiftKind.PEOPLE)


@blueprint.post("/shifts/duty")
@access.requires(Permission.STAY_MANAGE)
def begin_duty() -> Answer:
    """Open care of everybody in the building."""
    return _begun(ShiftKind.DUTY)


def _begun(kind: ShiftKind) -> Answer:
    begun = actions.begin(kind=kind, by=access.actor())
    return told_once.lead(url_for("home.index", shift=str(kind), people=begun.people, _anchor="my-people"))


@blueprint.post("/shifts/end")
@access.requires(Permission.STAY_MANAGE)
def end() -> Answer:
    actions.end(by=access.actor())
    return told_once.lead(url_for("home.index", shift="ended", _anchor="my-people"))


def _look() -> None:
    """Before a page about one person is made: count it for the shift, or begin the quarter of an hour anew."""
    case_id = (request.view_args or {}).get("case_id")
    visitor = g.get("visitor")
    if request.method != "GET" or not isinstance(case_id, uuid.UUID) or visitor is None:
        return
    if visitor.actor.may(Permission.CASE_OPEN):
        actions.look(case_id=case_id, by=visitor.actor)


def labels(case_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What the house calls these people, with the room, for the actor's shelter and shift; others have none."""
    visitor = sessions.visitor_or_none()
    by = visitor.actor if visitor is not None else None
    if by is None or by.kind is None or not by.kind.takes_people_in or not by.may(Permission.STAY_MANAGE):
        return {}
    found = house_labels.read(case_ids, by=by)
    return {case_id: _in_words(label) for case_id, label in found.items()}


def _in_words(label: house_labels.Label) -> str:
    return ", ".join(filter(None, (label.get("nickname", ""), label.get("room", ""))))


def register(app: Flask) -> None:
    """Write down each look at a person's page, and give templates `house_labels(case_ids)`."""
    app.before_request(_look)
    app.jinja_env.globals["house_labels"] = labels
