"""The home pages of the desks: what waits for each of them, and nothing else."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms.cases import FindCaseForm
from forms.referrals import STATUS_LABELS
from nrm import clock
from nrm.actions import children as child_actions
from nrm.domain.accounts import OrganisationKind, Permission, Role
from nrm.store import alarms, cases, children, obligations, permits, placing, referrals, reports, stays
from nrm.web import contributions, guards, home, notices
from nrm.web.language import gettext
from nrm.web.referrals import party_names

blueprint = Blueprint("desks", __name__)

SHOWN = 10
"""How many rows of each list a home page shows; the rest stands behind "show more"."""

SHOWN_ON_DUTY = 5


@dataclass(frozen=True, slots=True)
class DirectoryLine:
    """One desk of the directory."""

    names: dict[str, str]
    telephone: str
    hours: str


@home.page(Role.CASE_WORKER, Role.SHELTER_MANAGER)
def shelter_home() -> str:
    """A shelter's; child protection's case workers have no beds and get a desk."""
    by = guards.actor()
    if by.kind is OrganisationKind.CHILD_PROTECTION:
        return desk_home()
    return render_template(
        "home/shelter.html",
        part=contributions.waiting_part(),
        paid=by.may(Permission.PAYMENT_READ),
        alarms=alarms.waiting(by=by),
        room=stays.room(by=by),
        received=referrals.received(by=by, size=SHOWN),
        coming=referrals.coming(by=by, size=SHOWN),
        owed=obligations.owed(by=by, size=SHOWN),
        stays=stays.stays(by=by, size=SHOWN),
        leaving=stays.leaving(by=by),
        expiring=permits.expiring(by=by),
        form=FindCaseForm(),
    )


@home.page(Role.TRP_OFFICER, Role.WITNESS_LIAISON, Role.CONSULAR_OFFICER, Role.HELPLINE_OPERATOR)
def desk_home() -> str:
    """A desk that is told of people or asked to do something for them."""
    by = guards.actor()
    consular = by.role is Role.CONSULAR_OFFICER
    return render_template(
        "home/desk.html",
        alarms=alarms.waiting(by=by),
        owed=obligations.owed(by=by, size=SHOWN),
        arrival_only=consular,
        part=contributions.waiting_part() if by.may(Permission.QUARTER_ANSWER) else "",
        sent=referrals.sent(by=by, size=SHOWN) if by.role is Role.HELPLINE_OPERATOR else None,
        shared=None if consular or by.role is Role.HELPLINE_OPERATOR else cases.shared(by=by, size=SHOWN),
        statuses=STATUS_LABELS,
        new_id=uuid.uuid4() if by.role is Role.HELPLINE_OPERATOR else None,
        form=FindCaseForm(),
        alerts=children.alerts(by=by) if by.kind is OrganisationKind.CHILD_PROTECTION else (),
        own_alerts=True,
        notices=notices.recorded_part() if by.may(Permission.NOTICE_ANNOUNCE) else "",
    )


@home.page(Role.DUTY_OFFICER)
def duty_home() -> str:
    """The duty desk: who has no shelter, what waits or is late by clause, who was not told, whom to call."""
    by = guards.actor()
    return render_template(
        "home/duty_officer.html",
        to_sign=reports.to_countersign(by=by),
        alarms=alarms.waiting(by=by),
        unplaced=placing.unplaced(by=by, size=SHOWN_ON_DUTY),
        clauses=referrals.by_clause(by=by),
        open=referrals.open_referrals(by=by, size=SHOWN_ON_DUTY),
        overdue=obligations.overdue(by=by, size=SHOWN_ON_DUTY),
        rooms=stays.rooms(by=by),
        parties=party_names(),
        statuses=STATUS_LABELS,
        form=FindCaseForm(),
        alerts=children.alerts(by=by),
        own_alerts=False,
        expected=notices.expected_part(),
    )


@blueprint.post("/children/<uuid:interview_id>/known")
@guards.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def child_known(interview_id: uuid.UUID) -> BaseResponse:
    """The child authority knows of a child at a post."""
    child_actions.acknowledge(interview_id=interview_id, by=guards.actor())
    return redirect(url_for("home.index"), 303)


@blueprint.get("/directory")
@guards.requires(Permission.OBLIGATION_ACKNOWLEDGE)
def directory() -> str:
    """Every desk's telephone, for whoever works at one."""
    return render_template("referrals/directory.html", directory=_directory())


def _directory() -> list[DirectoryLine]:
    """Every party once, with its telephone by night; the crossing points are one party with one number."""
    parties: dict[str, Any] = dict(guards.country().in_force(clock.now()).parties)
    lines = []
    seen: set[str] = set()
    for each in referrals.directory(by=guards.actor()):
        party = parties.get(each.party)
        if each.party in seen:
            continue
        seen.add(each.party)
        hours = ""
        if party is not None:
            desk = party.desk
            around = desk.opens == desk.closes
            hours = gettext("day and night") if around else f"{desk.opens:%H:%M}–{desk.closes:%H:%M}"
            if not desk.weekends:
                hours += ", " + gettext("not at weekends")
        posts = party is not None and each.kind == OrganisationKind.BORDER_POLICE
        names = dict(party.names) if party is not None and posts else referrals.names(each)
        lines.append(DirectoryLine(names, each.telephone, hours))
    return lines
