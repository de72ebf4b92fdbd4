"""Holds of interviews, as the audit chain tells of them."""

from __future__ import annotations

from datetime import timedelta

from nrm import clock
from nrm.audit import Event
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.store.countries import country
from nrm.store.rows import entries


def held_unseen() -> list[entries.Entry]:
    """Of what is held against what was said, what the duty desk does not see, and the help line is told of."""
    since = clock.now() - timedelta(hours=country().retention.hold_hours)
    told = str(OrganisationKind.HELPLINE)
    return [each for each in entries.since(since, Event.INTERVIEW_HELD) if each.said.get("told") == told]
