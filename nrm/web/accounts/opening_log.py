"""Who opened the organisation's cases and why, and alarms about openings out of the usual."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.interviews.draft_owners import REASON_LABELS
from forms.shelter.cases import COMPARTMENT_LABELS, PURPOSE_LABELS
from forms.shelter.key_workers import SHIFT_LABELS
from nrm.actions.accounts import alarms as actions
from nrm.domain.accounts.accounts import NotVisible, Permission
from nrm.store.accounts import alarms, opening_log
from nrm.store.accounts.opening_log import Whose
from nrm.web import access

blueprint = Blueprint("opening_log", __name__)


@blueprint.get("/openings")
@access.requires(Permission.CASE_READ)
def index() -> str:
    """Openings of the organisation's cases, by colleagues, or the reader's own; each row links to its member and
    case."""
    by = access.actor()
    holds_key = opening_log.holds_key(by=by)
    whose = _whose_openings(request.args.get("whose") or (Whose.CASES if holds_key else Whose.MINE))
    named = {name: _id(request.args[name]) for name in ("member", "case") if request.args.get(name)}
    found = opening_log.openings(
        whose,
        by=by,
        member_id=named.get("member"),
        case_id=named.get("case"),
        after=request.args.get("after", ""),
    )
    return render_template(
        "accounts/opening_log/index.html",
        page=found,
        whose=whose,
        kinds=tuple(Whose) if holds_key else (Whose.MINE,),
        named=named,
        compartments=COMPARTMENT_LABELS,
        purposes={**PURPOSE_LABELS, **REASON_LABELS},
        alarms=alarms.waiting(by=by),
        unusual=opening_log.unusual(by=by) if holds_key and not named and not request.args.get("after") else (),
        shifts=SHIFT_LABELS,
    )


@blueprint.get("/alarms")
@access.requires(Permission.CASE_READ)
def alarm_list() -> str:
    """Who opened unusually many cases; for their colleagues and the duty desk."""
    by = access.actor()
    return render_template(
        "accounts/opening_log/alarms.html", page=alarms.alarms(by=by, after=request.args.get("after", ""))
    )


@blueprint.post("/alarms/<uuid:alarm_id>/acknowledge/<int:cases>")
@access.requires(Permission.CASE_READ)
def acknowledge(alarm_id: uuid.UUID, cases: int) -> Response:
    """Somebody else looked into it; `cases`: what the page told."""
    if cases.bit_length() > 31:
        raise NotVisible
    actions.acknowledge(alarm_id=alarm_id, cases=cases, by=access.actor())
    return redirect(url_for("opening_log.alarm_list"), 303)


def _whose_openings(text: str) -> Whose:
    try:
        return Whose(text)
    except ValueError:
        raise NotVisible from None


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotVisible from None
