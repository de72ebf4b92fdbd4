"""Directives: read on the page of the interview where they apply, or all together, and acknowledged once."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from nrm.actions.interviews import directives as actions
from nrm.domain.accounts.accounts import Permission
from nrm.domain.interviews.directives import Directive
from nrm.store.interviews import directives as store
from nrm.web import access

blueprint = Blueprint("directives", __name__)
FIELD = "directive"


@dataclass(frozen=True, slots=True)
class Line:
    """A directive as it is shown; `value` is that of the checkbox that says that it was read."""

    directive: Directive
    read: bool

    @property
    def value(self) -> str:
        return f"{self.directive.id}.{self.directive.version}"


def lines(page: str | None = None) -> tuple[Line, ...]:
    """The directives that bind the actor; with `page` only those of that page of the interview."""
    by = access.actor()
    bound = store.binding(by=by, page=page)
    read = store.acknowledged(by=by) if bound else frozenset()
    return tuple(Line(each, each.key in read) for each in bound)


def keep_ticked(page: str) -> None:
    """Acknowledge what was ticked on a page of the interview; other values in the field are ignored."""
    ticked = request.form.getlist(FIELD)
    for line in lines(page) if ticked else ():
        if line.value in ticked and not line.read:
            actions.acknowledge(directive=line.directive.id, version=line.directive.version, by=access.actor())


@blueprint.get("/directives")
@access.requires(Permission.INTERVIEW_CONDUCT)
def index() -> str:
    return render_template("interviews/directives/index.html", lines=lines())


@blueprint.post("/directives/<directive>/<int:version>")
@access.requires(Permission.INTERVIEW_CONDUCT)
def acknowledge(directive: str, version: int) -> BaseResponse:
    actions.acknowledge(directive=directive, version=version, by=access.actor())
    return redirect(url_for("directives.index"), 303)
