"""What the agreement and the key log say of each party, for the coordinator and the duty desk."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.key_log_entries import Party, PartyState, hour_of, time_of
from nrm.models.accounts.accounts import Organisation
from nrm.store import signed_names
from nrm.store.countries import country
from nrm.vault.keylog import log


@dataclass(frozen=True, slots=True)
class PartyLine:
    """An organisation that acts for a party. `bound`: a version in force names the party today; `said`: what the key
    log says, None for nothing yet; `waits`: what was proposed and waits for others; `until`: when a suspension by two
    duty officers ends, None where there is none; `to_come`: its text is not in force yet."""

    organisation_id: uuid.UUID
    code: str
    names: Mapping[str, str]
    party: str
    bound: bool
    founded: bool
    said: PartyState | None
    waits: PartyState | None
    until: datetime | None
    to_come: bool

    @property
    def may_open(self) -> bool:
        """Whether it would take part again if that was signed; of others it would change nothing."""
        return self.bound and (self.said is PartyState.STRUCK_OFF or self.until is not None)


def lines(*, by: Actor) -> list[PartyLine]:
    """Every organisation that acts for a party, by code. Raises LogWrong."""
    if not by.may(Permission.REFERRAL_DIRECT):
        by.must(Permission.AGREEMENT_MANAGE)
    state, today, now = log.state(db.session), clock.today(country().timezone), hour_of(clock.now())
    waiting = {
        each.body.organisation_id: PartyState(each.body.state)
        for each in state.open_proposals(now)
        if isinstance(each.body, Party)
    }
    found = []
    for row in db.session.scalars(select(Organisation).where(Organisation.party != "").order_by(Organisation.code)):
        known = state.organisations.get(row.id)
        said = PartyState(known.party_state) if known is not None and known.party_state else None
        names = signed_names.organisation_names(row)
        bound = country().binds(row.party, today)
        until = time_of(known.party_until) if known is not None and known.takes_no_part(now) else None
        found.append(
            PartyLine(
                row.id,
                row.code,
                names,
                row.party,
                bound,
                known is not None,
                said,
                waiting.get(row.id),
                until,
                country().is_to_come(row.party, today),
            )
        )
    return found


def line(organisation_id: uuid.UUID, *, by: Actor) -> PartyLine:
    """The line of one organisation. Raises NotVisible if it acts for no party; LogWrong."""
    for each in lines(by=by):
        if each.organisation_id == organisation_id:
            return each
    raise NotVisible
