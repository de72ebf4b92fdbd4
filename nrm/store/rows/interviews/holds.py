"""Holds of interviews, as the audit chain tells of them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from nrm import clock
from nrm.audit import Event
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.store.countries import country
from nrm.store.rows import entries


def held_unseen() -> set[uuid.UUID]:
    """Interviews that were ended against what was said when they were held last, which the duty desk does not see, and
    of which the help line is told."""
    since = clock.now() - timedelta(hours=country().retention.hold_hours)
    last = {each.said["interview_id"]: each.said.get("told") for each in entries.since(since, Event.INTERVIEW_HELD)}
    return {uuid.UUID(each) for each, told in last.items() if told == OrganisationKind.HELPLINE}
