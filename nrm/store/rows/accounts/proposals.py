"""Who of the duty desk signs what another house proposes in the key log, for actions and pages.

The log replays older entries by its own rules; this is asked when somebody signs or declines. Decided in ADR 0163.
"""

from __future__ import annotations

import uuid

from nrm.domain.accounts import key_log_hands as hands
from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import Party, Proposal, founders_of
from nrm.store.rows.accounts import occasions as occasion_rows


def is_for_older(state: State, proposal: Proposal, member_id: uuid.UUID | None, at: int) -> bool:
    """Whether somebody of the Responsible Authority, let in within 14 days, would answer a proposal of another house
    that one who was there before could sign: that one answers it."""
    known = state.members.get(member_id) if member_id is not None else None
    if known is None or not state.is_of(known, OrganisationKind.RESPONSIBLE_AUTHORITY):
        return False
    if any(known.id == each.member_id for each in founders_of(proposal.body)) or occasion_rows.is_seasoned(known.id):
        return False
    if concerned_by(state, proposal) == known.organisation_id:
        return False
    enough = _would_hold(state, proposal, known.id, at)
    return any(
        occasion_rows.is_seasoned(each.id)
        and state.still_needed(proposal, each.id, at)
        and (not enough or _would_hold(state, proposal, each.id, at))
        for each in state.active_in(known.organisation_id, at)
        if each.id != known.id
    )


def _would_hold(state: State, proposal: Proposal, member_id: uuid.UUID, at: int) -> bool:
    return hands.is_complete(state, proposal.kind, proposal.body, [*proposal.signers, member_id], at)


def concerned_by(state: State, proposal: Proposal) -> uuid.UUID | None:
    """The organisation that it is about, or whose people; None for foundings and for the log as a whole."""
    body = proposal.body
    return body.organisation_id if isinstance(body, Party) else state.organisation_of(body)
