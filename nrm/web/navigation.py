"""The navigation under the header: a few words for each role, the page of the moment marked.

Pages that are shown to a person leave it out (`{% block navigation %}{% endblock %}`): no way to people is on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flask import request, url_for

from nrm.domain.accounts.accounts import Actor, Role
from nrm.domain.words import N_


class Place(NamedTuple):
    """One word of the navigation, and the page that it leads to."""

    endpoint: str
    word: str


_HOME = Place("home.index", N_("Home"))
_DIRECTORY = Place("desks.directory", N_("Telephones"))
_SHARED = Place("cases.shared", N_("People"))
_RETURNS = Place("child_returns.index", N_("Returns"))
_OPENED = Place("opening_log.index", N_("Who read what"))
_REPORTS = Place("reports.releases", N_("Reports"))
_REGISTER = Place("register.index", N_("Reporting requirements"))
_COLLEAGUES = Place("accounts.members", N_("Colleagues"))
_SENT = Place("referrals.sent", N_("Sent"))
_EXPECTED = Place("announced_returns.index", N_("Expected returns"))
SHELTER = (
    Place("cases.index", N_("People")),
    Place("places.board", N_("Places")),
    Place("referrals.received", N_("Referrals")),
    _OPENED,
    _DIRECTORY,
    _COLLEAGUES,
)
PLACES: Mapping[Role, tuple[Place, ...]] = {
    Role.BORDER_OFFICER: (_SENT, _EXPECTED, Place("paper_forms.index", N_("Paper forms")), _DIRECTORY, _COLLEAGUES),
    Role.DUTY_OFFICER: (
        Place("duty.index", N_("What waits")),
        Place("duty.system_map", N_("Places")),
        _RETURNS,
        _REPORTS,
        _DIRECTORY,
    ),
    Role.CASE_WORKER: (_SHARED, _OPENED, _DIRECTORY, _COLLEAGUES),  # of the child authority; others have `SHELTER`
    Role.TRP_OFFICER: (_SHARED, _OPENED, _DIRECTORY, _COLLEAGUES),
    Role.WITNESS_LIAISON: (_SHARED, Place("hearings.index", N_("Hearings")), _OPENED, _DIRECTORY, _COLLEAGUES),
    Role.CONSULAR_OFFICER: (Place("announced_returns.announce_page", N_("Announce a return")), _DIRECTORY, _COLLEAGUES),
    Role.HELPLINE_OPERATOR: (Place("helpline.index", N_("Calls")), _SENT, _OPENED, _DIRECTORY, _COLLEAGUES),
    Role.CHILD_PROTECTION_OFFICER: (_SHARED, _RETURNS, _OPENED, _DIRECTORY, _COLLEAGUES),
    Role.IDENTIFICATION_OFFICER: (Place("identifications.index", N_("Identification")), _COLLEAGUES),
    Role.MONITOR: (
        Place("monitoring.scores", N_("Scores")),
        Place("rollout.index", N_("Crossing points")),
        _REPORTS,
        _COLLEAGUES,
    ),
    Role.STATISTICIAN: (_REPORTS, _REGISTER, _COLLEAGUES),
    Role.READER: (_REPORTS, _COLLEAGUES),
    Role.COORDINATOR: (Place("contracts.index", N_("Contracts")), _REPORTS, _REGISTER, _COLLEAGUES),
    Role.FOCAL_POINT: (_REGISTER, _COLLEAGUES),
    Role.PAYMENT_OFFICER: (
        Place("payment_lines.index", N_("Nights to pay")),
        Place("benefits.of_desk", N_("Benefits")),
        _COLLEAGUES,
    ),
    Role.ADMINISTRATOR: (_COLLEAGUES,),
}
"""Role -> where its people go most, after the home page. Shelters have a navigation of their own."""


def of(by: Actor) -> list[tuple[str, str, bool]]:
    """(address, word, whether it is the page of the moment) of each place for the actor, the home page first."""
    assert by.role is not None
    shelter = by.kind is not None and by.kind.takes_people_in
    wanted = (_HOME, *(SHELTER if shelter else PLACES[by.role]))
    return [(url_for(each.endpoint), each.word, request.endpoint == each.endpoint) for each in wanted]
