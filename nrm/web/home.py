"""The first page of each role: what waits for them."""

from __future__ import annotations

from flask import Blueprint, render_template

from nrm.web import guards

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@guards.signed_in
def index() -> str:
    by = guards.actor()
    visitor = guards.visitor_or_none()
    if visitor is not None and visitor.waiting:
        return render_template("home/waiting.html")
    return render_template(f"home/{by.role}.html")
