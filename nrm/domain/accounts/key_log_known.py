"""What the entries of the key log say together, and what follows from it about one person or one organisation.

`key_log.State` takes it on by one entry; who may sign what, and when signatures are enough, is `key_log_hands`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.accounts.key_log_entries import (
    DIGEST_BYTES,
    Body,
    Box,
    Holding,
    KeyPeriod,
    Lost,
    Member,
    NewKeyring,
    NewName,
    NewRole,
    Organisation,
    PartyState,
    Person,
    Proposal,
    Standing,
)

DAY = 24
ATTESTS_AFTER = 14 * DAY
"""How long somebody is in the log before they vouch for other organisations."""


@dataclass(slots=True)
class Known:
    """All entries up to `number`. Empty at first."""

    number: int = 0
    digest: bytes = bytes(DIGEST_BYTES)
    at: int = 0
    organisations: dict[uuid.UUID, Organisation] = field(default_factory=dict)
    members: dict[uuid.UUID, Member] = field(default_factory=dict)
    proposals: dict[bytes, Proposal] = field(default_factory=dict)
    keys: dict[uuid.UUID, tuple[KeyPeriod, ...]] = field(default_factory=dict)
    owners: dict[bytes, uuid.UUID] = field(default_factory=dict)  # of every signing and sealing key there ever was
    boxes: dict[tuple[uuid.UUID, int], bytes] = field(default_factory=dict)
    digests: list[bytes] = field(default_factory=list)  # of every entry, so that an earlier head can be compared
    lost: list[Lost] = field(default_factory=list)
    changed: dict[tuple[str, uuid.UUID], int] = field(default_factory=dict)
    """The number of the entry with which what a proposal is about changed last, by what it is and whom it concerns."""

    @property
    def begun(self) -> bool:
        """Whether there was a genesis."""
        return bool(self.organisations)

    @property
    def begins_alone(self) -> bool:
        """Whether the log rests on one organisation alone."""
        return sum(each.holds_keys for each in self.organisations.values()) == 1

    def extends(self, number: int, digest: bytes) -> bool:
        """Whether an earlier head, or the beginning of its digest, is one of this log."""
        if number == 0:
            return True
        return 0 < number <= self.number and self.digests[number - 1][: len(digest)] == digest

    def follows(self, number: int, digest: bytes) -> bool:
        """Whether a head that a browser or a session saw is one of this log, or of the entries that are lost with it
        and which two organisations agreed to go on without."""
        return self.extends(number, digest) or any(each.after < number <= each.number for each in self.lost)

    def is_vouched_for(self, organisation_id: uuid.UUID | None) -> bool:
        """Whether the organisation is founded and not struck off."""
        found = self.organisations.get(organisation_id) if organisation_id else None
        return found is not None and found.party_state != PartyState.STRUCK_OFF

    def is_active(self, member_id: uuid.UUID | None, at: int) -> bool:
        """Whether the member takes part at this hour, and their organisation does."""
        found = self.members.get(member_id) if member_id else None
        if found is None or found.left or found.is_suspended(at):
            return False
        organisation = self.organisations[found.organisation_id]
        out = organisation.suspended or organisation.party_state == PartyState.STRUCK_OFF
        return not out and not organisation.takes_no_part(at)

    def active_in(self, organisation_id: uuid.UUID, at: int) -> Iterator[Member]:
        """The active members of an organisation."""
        for each in self.members.values():
            if each.organisation_id == organisation_id and self.is_active(each.id, at):
                yield each

    def attests(self, member_id: uuid.UUID, at: int) -> bool:
        """Whether the member may vouch for other organisations: active and 14 days in the log, where keys are held."""
        found = self.members.get(member_id)
        if found is None or not self.is_active(member_id, at) or at - found.since < ATTESTS_AFTER:
            return False
        return self.organisations[found.organisation_id].holds_keys

    def organisation_of(self, body: Body) -> uuid.UUID | None:
        """The organisation whose people decide it."""
        if isinstance(body, Person | NewKeyring | Holding | Box):
            return body.organisation_id
        if isinstance(body, NewRole):
            found = self.members.get(body.member_id)
        elif isinstance(body, Standing | NewName):
            if body.subject_id in self.organisations:
                return body.subject_id
            found = self.members.get(body.subject_id)
        else:
            return None
        return found.organisation_id if found is not None else None

    def is_of_desk(self, organisation_id: uuid.UUID) -> bool:
        """Whether it is the Responsible Authority, with its duty desk: neither one nor two blind it (ADR 0149)."""
        found = self.organisations.get(organisation_id)
        return found is not None and found.kind == OrganisationKind.RESPONSIBLE_AUTHORITY

    def is_of(self, member: Member, kind: OrganisationKind) -> bool:
        return self.organisations[member.organisation_id].kind == kind

    def vouched_by(self, member_id: uuid.UUID) -> frozenset[uuid.UUID]:
        found = self.members.get(member_id)
        return found.vouched_by if found is not None else frozenset()
