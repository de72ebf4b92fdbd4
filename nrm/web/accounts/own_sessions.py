"""The browsers in which the member is signed in, and ending them."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.accounts import own_sessions as actions
from nrm.domain.accounts.browsers import BROWSERS, DEVICES
from nrm.web import access

blueprint = Blueprint("own_sessions", __name__)


@blueprint.get("/sessions")
@access.signed_in
def index() -> str:
    """This browser first; the kind of each is what it said of itself."""
    lines = actions.own(by=access.actor())
    return render_template("accounts/own_sessions/index.html", lines=lines, browsers=BROWSERS, devices=DEVICES)


@blueprint.post("/sessions/<uuid:session_id>/end")
@access.signed_in
def end(session_id: uuid.UUID) -> BaseResponse:
    actions.end(session_id, by=access.actor())
    return redirect(url_for("own_sessions.index"), 303)


@blueprint.post("/sessions/others/end")
@access.signed_in
def end_others() -> BaseResponse:
    actions.end_others(by=access.actor())
    return redirect(url_for("own_sessions.index"), 303)
