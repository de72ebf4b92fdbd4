"""Whom a text asked for a signature that was withdrawn lately: they are told why it waits no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nrm.domain.accounts.accounts import Actor, Permission
from nrm.steps.agreement import known_versions
from nrm.store import names as organisation_names
from nrm.store.rows.agreement import agreement_versions as agreement_version_rows
from nrm.vault import agreements as vault


@dataclass(frozen=True, slots=True)
class Recalled:
    """A version that was withdrawn, for somebody who had not signed it; not `sound`: another program changed the row,
    and nothing in it is believed."""

    version: str
    reason: str
    name: str
    organisation: Mapping[str, str]
    at: datetime
    sound: bool


def recalled(*, by: Actor) -> list[Recalled]:
    """The versions that waited for a signature of this person's party and were withdrawn within a week; none that the
    person signed, which is told until it was read."""
    lately = known_versions.known().recalled
    if not lately or by.member_id is None or not by.may(Permission.AGREEMENT_SIGN):
        return []
    party = organisation_names.party_of(by.organisation_id)
    asked = [version_id for version_id, parties in lately.items() if party in parties]
    return [
        Recalled(text.version, row.reason, name, names, row.at, vault.is_withdrawal(text, row))
        for row, text, name, names in agreement_version_rows.recalled(asked, besides=by.member_id)
    ]
