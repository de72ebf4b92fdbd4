"""What stands in the key log: the kinds of entries and their parts, as values.

Hours are whole hours since 1970-01-01T00:00Z. Ids are those of members and organisations. Public keys have 32 bytes,
digests 32, signatures 64. Who may make which entry: `nrm.domain.accounts.key_log`.

Decided in ADR 0098.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from nrm.domain.accounts.accounts import OrganisationKind

KEY_BYTES, DIGEST_BYTES, SIGNATURE_BYTES = 32, 32, 64
LONGEST_TEXT, LONGEST_BODY = 200, 4096


class EntryKind(StrEnum):
    """What an entry says."""

    GENESIS = "genesis"
    FOUNDED = "founded"
    JOINED = "joined"
    ANEW = "anew"
    LEFT = "left"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ROLE = "role"
    RENAMED = "renamed"
    KEYRING = "keyring"
    HOLDING = "holding"
    PARTY = "party"
    BOX = "box"
    RESTORED = "restored"
    PROPOSED = "proposed"
    AGREED = "agreed"
    DECLINED = "declined"


class PartyState(StrEnum):
    """What the agreement says of an organisation's party."""

    OPENED = "opened"
    SUSPENDED = "suspended"
    STRUCK_OFF = "struck_off"


class EntryRefusal(StrEnum):
    """Why an entry does not belong into the log."""

    FORM = "form"  # its parts are not what its kind has
    PLACE = "place"  # its number or the digest before it is another
    SIGNATURE = "signature"
    TIME = "time"  # earlier than the entry before it
    SIGNER = "signer"  # nobody who may sign this
    SUBJECT = "subject"  # about somebody who is not there, or is there already
    HANDS = "hands"  # not by one hand: it has to be proposed
    VOID = "void"  # the proposal is too old, or is none
    SERIAL = "serial"
    KEY = "key"  # a key that is somebody's already
    ROLE = "role"  # no role of this kind of organisation
    BEGUN = "begun"  # genesis is there already, or not yet
    RESTORING = "restoring"  # stops until others agree that the log was restored
    OPEN = "open"  # the same about the same is proposed, and waits


class No(StrEnum):
    """Why somebody does not agree to a proposal, or takes back their own."""

    MISTAKE = "mistake"  # the wrong row, role or person; the only one of who proposed
    NOT_SO = "not_so"  # what it says is not so
    NOT_CALLED = "not_called"  # whom it concerns could not be asked, or knows nothing of it
    OTHER_WAY = "other_way"  # it is right in another way


class EntryRefused(Exception):
    """The entry is none of this log; `reason` says why."""

    def __init__(self, reason: EntryRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with their keys. `own`: their own signature over all of it, with the signing key in it."""

    member_id: uuid.UUID
    organisation_id: uuid.UUID
    role: str
    serial: int
    name_digest: bytes
    signing: bytes
    sealing: bytes
    own: bytes


@dataclass(frozen=True, slots=True)
class Founding:
    """An organisation with its founders; `public` is empty for one that holds no keys."""

    organisation_id: uuid.UUID
    code: str
    kind: str
    party: str
    crossing_point: str
    names_digest: bytes
    public: bytes
    founders: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Genesis:
    """The organisations with which the log begins: the Responsible Authority, and one other that holds keys if there
    is one."""

    foundings: tuple[Founding, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """That a member (or an organisation) left, is suspended or takes part again; the reason is a code."""

    subject_id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class NewRole:
    """The role that a member has from now on."""

    member_id: uuid.UUID
    role: str


@dataclass(frozen=True, slots=True)
class NewName:
    """The digest of the name that a member (or an organisation) has from now on."""

    subject_id: uuid.UUID
    name_digest: bytes


@dataclass(frozen=True, slots=True)
class NewKeyring:
    """The next version of an organisation's keyring; `wraps`: SHA-256 of the list of (member, wrap)."""

    organisation_id: uuid.UUID
    version: int
    public: bytes
    wraps: bytes


@dataclass(frozen=True, slots=True)
class Holding:
    """That the signer does not hold this version of their organisation's keyring; or, having said so, that they do."""

    organisation_id: uuid.UUID
    version: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Party:
    """What the agreement of this digest says of an organisation."""

    organisation_id: uuid.UUID
    state: str
    agreement: bytes


@dataclass(frozen=True, slots=True)
class Box:
    """The key of a post for what a device without a connection seals, for one month (year * 12 + month - 1)."""

    organisation_id: uuid.UUID
    month: int
    public: bytes


@dataclass(frozen=True, slots=True)
class Restored:
    """That the log was put back from a copy although an entry of this higher number is known to have existed."""

    number: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """An act for which several people are needed."""

    kind: EntryKind
    body: Body


@dataclass(frozen=True, slots=True)
class Agreed:
    """The digest of the proposal that the signer agrees to."""

    proposal: bytes


@dataclass(frozen=True, slots=True)
class Declined:
    """That the signer takes back the proposal of this digest, if it is theirs, or does not agree to it; the reason is a
    code."""

    proposal: bytes
    reason: str


Act = Genesis | Founding | Person | Standing | NewRole | NewName | NewKeyring | Holding | Party | Box | Restored
Body = Act | Proposed | Agreed | Declined

BODY_OF: Mapping[EntryKind, type[Any]] = {
    EntryKind.GENESIS: Genesis,
    EntryKind.FOUNDED: Founding,
    EntryKind.JOINED: Person,
    EntryKind.ANEW: Person,
    EntryKind.LEFT: Standing,
    EntryKind.SUSPENDED: Standing,
    EntryKind.RESUMED: Standing,
    EntryKind.ROLE: NewRole,
    EntryKind.RENAMED: NewName,
    EntryKind.KEYRING: NewKeyring,
    EntryKind.HOLDING: Holding,
    EntryKind.PARTY: Party,
    EntryKind.BOX: Box,
    EntryKind.RESTORED: Restored,
    EntryKind.PROPOSED: Proposed,
    EntryKind.AGREED: Agreed,
    EntryKind.DECLINED: Declined,
}
ABOUT_PROPOSALS = (EntryKind.PROPOSED, EntryKind.AGREED, EntryKind.DECLINED)
"""What says something of an act, and is none: it is proposed by nobody."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry whose signature fits; `digest` is what the next entry continues, `at` its hour."""

    number: int
    kind: EntryKind
    body: Body
    at: int
    signer_id: uuid.UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the log has them. `since`: the hour of the last `joined` or `anew`; `until`: of a suspension's end,
    0 for one without; `vouched_by`: who let them in, nobody for those of the genesis."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    role: str
    serial: int
    name_digest: bytes
    signing: bytes
    sealing: bytes
    since: int
    vouched_by: frozenset[uuid.UUID]
    left: bool = False
    suspended: bool = False
    until: int = 0

    def is_suspended(self, at: int) -> bool:
        """Whether somebody suspended the member, and it is not over."""
        return self.suspended and (not self.until or at < self.until)


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as the log has it. `version` is 0 without keys.

    `spent`: somebody left who held this version; `party_state` is empty until an entry says something of the party, by
    the version of the agreement whose digest is `party_agreement`. `party_until`: the hour at which a suspension of the
    party ends, or ended; 0 for none. `lacking`: who said that they do not hold this version. `suspended_for`: the code
    of the reason, while it is suspended.
    """

    id: uuid.UUID
    code: str
    kind: str
    party: str
    crossing_point: str
    names_digest: bytes
    public: bytes
    version: int
    since: int
    vouched_by: frozenset[uuid.UUID]
    suspended: bool = False
    spent: bool = False
    party_state: str = ""
    party_until: int = 0
    party_agreement: bytes = b""
    lacking: frozenset[uuid.UUID] = frozenset()
    suspended_for: str = ""

    @property
    def holds_keys(self) -> bool:
        return OrganisationKind(self.kind).holds_keys

    def takes_no_part(self, at: int) -> bool:
        """Whether two duty officers suspended the party for some hours, which are not over."""
        return at < self.party_until


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act that waits; `signers` in the order in which they signed. `after`, `after_at`: the number and the hour of
    the entry before it. `declined`: who does not agree, with the code of their reason."""

    digest: bytes
    kind: EntryKind
    body: Body
    at: int
    signers: tuple[uuid.UUID, ...]
    after: int = 0
    after_at: int = 0
    declined: tuple[tuple[uuid.UUID, str], ...] = ()

    @property
    def proposed_by(self) -> uuid.UUID:
        """Who proposed it, and may take it back."""
        return self.signers[0]


@dataclass(frozen=True, slots=True)
class Lost:
    """Entries that were there once and are lost with a restored copy: those from `after` on, up to `number`. `since`:
    the hour of the last entry that is there; `agreed_at`: when others agreed that the log goes on without them."""

    after: int
    number: int
    since: int
    agreed_at: int


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """A signing key of a member, from one hour to another; `until` is -1 while it is the present one."""

    signing: bytes
    since: int
    until: int


def hour_of(at: datetime) -> int:
    """The hour of an instant."""
    return int(at.timestamp()) // 3600


def time_of(hour: int) -> datetime:
    """The first instant of an hour of the log, in UTC."""
    return datetime.fromtimestamp(hour * 3600, UTC)


def founders_of(body: Body) -> tuple[Person, ...]:
    """The people whom a genesis or a founding brings in; nobody for other bodies."""
    if isinstance(body, Genesis):
        return tuple(person for founding in body.foundings for person in founding.founders)
    return body.founders if isinstance(body, Founding) else ()


def read_aloud_to(body: Body, member_id: uuid.UUID) -> tuple[Person, ...]:
    """The founders whose words this member types before signing: all of a founding, for who attests it. Of a genesis,
    the other one of the own organisation, and one of the other organisation: crosswise, so that by all four together
    the words of each are typed by a colleague and by somebody from outside."""
    own = [each for each in foundings_in(body) if any(person.member_id == member_id for person in each.founders)]
    if isinstance(body, Genesis):
        places = [[person.member_id for person in each.founders].index(member_id) for each in own]
        colleagues = [person for each in own for person in each.founders if person.member_id != member_id]
        others = [each.founders[place] for place in places for each in body.foundings if each not in own]
        return (*colleagues, *others)
    return founders_of(body) if not own else ()


def people_in(body: Body) -> tuple[Person, ...]:
    """Everybody whose own signature a body carries."""
    if isinstance(body, Proposed):
        return people_in(body.body)
    return (body,) if isinstance(body, Person) else founders_of(body)


def foundings_in(body: Body) -> tuple[Founding, ...]:
    """The organisations that a body brings in."""
    return body.foundings if isinstance(body, Genesis) else (body,) if isinstance(body, Founding) else ()
