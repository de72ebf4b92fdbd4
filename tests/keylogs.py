"""A key log without a database: people with keys, and entries that they sign."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nrm import crypto
from nrm.domain.accounts.accounts import ROLES_OF, OrganisationKind, Role
from nrm.domain.accounts.key_log import State
from nrm.domain.accounts.key_log_entries import Agreed, Body, EntryKind, Founding, Genesis, NewKeyring, Person, Proposed
from nrm.domain.accounts.key_log_known import ATTESTS_AFTER
from nrm.vault.keylog import entries

START = 500_000  # an hour, in 2027


@dataclass
class Holder:
    """A person and their private halves."""

    person: Person
    signing: bytes
    sealing: bytes

    @property
    def id(self) -> uuid.UUID:
        return self.person.member_id


def holder(
    instance: uuid.UUID,
    organisation_id: uuid.UUID,
    role: str,
    *,
    serial: int = 1,
    member_id: uuid.UUID | None = None,
    name: str = "Somebody",
) -> Holder:
    """Somebody with new keys and their own signature."""
    signing, signing_public = crypto.signing_pair()
    sealing, sealing_public = crypto.key_pair()
    digest = entries.name_digest(bytes(16), "login", name)
    person = Person(
        member_id or uuid.uuid4(), organisation_id, str(role), serial, digest, signing_public, sealing_public, b""
    )
    own = crypto.sign(signing, entries.own_message(instance, person))
    return Holder(replace(person, own=own), signing, sealing)


def founding(founders: Sequence[Holder], code: str, kind: str, *, party: str = "", point: str = "") -> Founding:
    public = crypto.key_pair()[1] if OrganisationKind(kind).holds_keys else b""
    return Founding(
        founders[0].person.organisation_id,
        code,
        str(kind),
        party,
        point,
        crypto.digest(code.encode()),
        public,
        tuple(each.person for each in founders),
    )


@dataclass
class Log:
    """A log that grows; `now` is its hour."""

    instance: uuid.UUID = field(default_factory=uuid.uuid4)
    state: State = field(default_factory=State)
    signed: list[entries.Signed] = field(default_factory=list)
    now: int = START
    people: dict[uuid.UUID, Holder] = field(default_factory=dict)

    def add(self, kind: EntryKind, body: Body, by: Holder) -> None:
        made, self.state = entries.sign(
            self.state, self.instance, kind, body, at=self.now, signer_id=by.id, private=by.signing
        )
        self.signed.append(made)

    def propose(self, kind: EntryKind, body: Any, by: Holder) -> bytes:
        self.add(EntryKind.PROPOSED, Proposed(kind, body), by)
        return self.state.digest

    def agree(self, digest: bytes, *by: Holder) -> None:
        for each in by:
            self.add(EntryKind.AGREED, Agreed(digest), each)

    def all_sign(self, kind: EntryKind, body: Any, first: Holder, *others: Holder) -> None:
        self.agree(self.propose(kind, body, first), *others)

    def replayed(self) -> State:
        """The state that somebody has who reads all entries anew."""
        return entries.replay(self.instance, self.signed)

    def two(self, kind: OrganisationKind) -> list[Holder]:
        """Two people of a new organisation of the kind."""
        roles = itertools.cycle(sorted(ROLES_OF[kind]))
        organisation_id = uuid.uuid4()
        made = [holder(self.instance, organisation_id, next(roles)) for _ in range(2)]
        self.people |= {each.id: each for each in made}
        return made

    def begin(self) -> tuple[list[Holder], list[Holder]]:
        """The genesis of the Responsible Authority and a shelter, fourteen days ago."""
        authority = self.two(OrganisationKind.RESPONSIBLE_AUTHORITY)
        shelter = self.two(OrganisationKind.NGO_SHELTER)
        of = (
            founding(authority, "RA", OrganisationKind.RESPONSIBLE_AUTHORITY, party="RA"),
            founding(shelter, "VATRA", OrganisationKind.NGO_SHELTER, party="VATRA"),
        )
        self.all_sign(EntryKind.GENESIS, Genesis(of), authority[0], authority[1], *shelter)
        self.now += ATTESTS_AFTER
        return authority, shelter

    def found(
        self, attestors: Sequence[Holder], code: str, kind: OrganisationKind, *, party: str = "", point: str = ""
    ) -> list[Holder]:
        founders = self.two(kind)
        body = founding(founders, code, kind, party=party, point=point)
        self.all_sign(EntryKind.FOUNDED, body, *founders, *attestors)
        return founders

    def join(self, by: Holder, role: Role, **given: Any) -> Holder:
        new = holder(self.instance, by.person.organisation_id, role, **given)
        self.add(EntryKind.JOINED, new.person, by)
        self.people[new.id] = new
        return new

    def renew(self, by: Holder) -> None:
        of = self.state.organisations[by.person.organisation_id]
        self.add(
            EntryKind.KEYRING, NewKeyring(of.id, of.version + 1, crypto.key_pair()[1], crypto.digest(b"wraps")), by
        )
