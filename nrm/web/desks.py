"""The home pages of the desks: what waits for each of them, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from forms.cases import FindCaseForm
from forms.referrals import STATUS_LABELS
from nrm import clock
from nrm.domain.accounts import OrganisationKind, Role
from nrm.store import cases, obligations, permits, referrals, stays
from nrm.web import guards, home
from nrm.web.language import gettext
from nrm.web.referrals import party_names

blueprint = Blueprint("desks", __name__)

SHOWN = 20
"""How many rows of each list a home page shows; the rest stands behind "show more"."""


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
        owed=obligations.owed(by=by, size=SHOWN),
        arrival_only=consular,
        sent=referrals.sent(by=by, size=SHOWN) if by.role is Role.HELPLINE_OPERATOR else None,
        shared=None if consular or by.role is Role.HELPLINE_OPERATOR else cases.shared(by=by, size=SHOWN),
        statuses=STATUS_LABELS,
        form=FindCaseForm(),
    )


@home.page(Role.DUTY_OFFICER)
def duty_home() -> str:
    """The duty desk: who has no shelter, what waits or is late by clause, who was not told, whom to call."""
    by = guards.actor()
    return render_template(
        "home/duty_officer.html",
        unplaced=referrals.unplaced(by=by, size=SHOWN),
        clauses=referrals.by_clause(by=by),
        open=referrals.open_referrals(by=by, size=SHOWN),
        overdue=obligations.overdue(by=by, size=SHOWN),
        rooms=stays.rooms(by=by),
        directory=_directory(),
        parties=party_names(),
        statuses=STATUS_LABELS,
        form=FindCaseForm(),
    )


def _directory() -> list[DirectoryLine]:
    parties: dict[str, Any] = dict(guards.country().in_force(clock.now()).parties)
    lines = []
    for each in referrals.directory(by=guards.actor()):
        party = parties.get(each.party)
        hours = ""
        if party is not None:
            desk = party.desk
            around = desk.opens == desk.closes
            hours = gettext("day and night") if around else f"{desk.opens:%H:%M}–{desk.closes:%H:%M}"
            if not desk.weekends:
                hours += ", " + gettext("not at weekends")
        lines.append(DirectoryLine(referrals.names(each), each.telephone, hours))
    return lines
