"""The key log as a member may read it: what waits for their hand, and for the duty desk who is not vouched for yet.

Of other organisations nobody reads more than what they are asked to sign.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission, Role
from nrm.domain.accounts.key_log import State, void_from
from nrm.domain.accounts.key_log_entries import (
    EntryKind,
    Founding,
    NewRole,
    Party,
    PartyState,
    Person,
    Proposal,
    Restored,
    Standing,
    founders_of,
    foundings_in,
    hour_of,
    read_aloud_to,
    time_of,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.store import names, signed_names
from nrm.store.countries import country
from nrm.vault.keylog import belief, log, people


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal that the reader can agree to, or signed, or about which a colleague is asked. `about`: codes of
    organisations; `elsewhere`: somebody who waits is let in by the words that they read, on a page of its own;
    `attests`: the reader vouches for founders, whose words are typed. `mine`: the reader signed it; `against`: it is
    against the reader's own organisation."""

    digest: bytes
    kind: EntryKind
    about: str
    until: datetime
    signed: int
    wanted: bool
    elsewhere: bool
    attests: bool
    mine: bool
    against: bool


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody whom a proposal brings in. `name` is empty where the row has another than was signed; `keys`: 16 bytes
    of the digest of both public keys, in hexadecimal."""

    member_id: uuid.UUID
    name: str
    role: Role
    organisation: str
    keys: str


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """An organisation that a proposal founds. `names`: empty where the row has others than are signed; `keys`: as of a
    person, empty for one that holds none."""

    code: str
    names: Mapping[str, str]
    telephone: str
    kind: OrganisationKind
    party: str
    crossing_point: str
    keys: str


@dataclass(frozen=True, slots=True)
class RoleLine:
    """Who is to have another role. `whom`: the name; a code where the row has another than was signed, and for whoever
    reads it in another organisation."""

    whom: str
    before: Role
    after: Role


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """All that somebody reads before they sign. `state`, `agreement`: of a party; `number`: of a restored log; `role`:
    of a new role; `types`: the founders whose words the reader types. `suspends`: the organisation that is to be
    suspended, `reason`: the code why; `hands`: the names of colleagues who could agree, where the reader cannot."""

    line: ProposalLine
    digest: str
    organisations: tuple[OrganisationLine, ...]
    people: tuple[PersonLine, ...]
    signed_by: tuple[str, ...]
    state: PartyState | None = None
    agreement: str = ""
    number: int = 0
    role: RoleLine | None = None
    types: tuple[PersonLine, ...] = ()
    reason: str = ""
    hands: tuple[str, ...] = ()
    suspends: uuid.UUID | None = None
    is_of_desk: bool = False

    @property
    def is_of_person(self) -> bool:
        """Whether it is among colleagues: somebody joins, begins anew, or gets another role."""
        return self.line.elsewhere or self.role is not None


def proposals(*, by: Actor) -> list[ProposalLine]:
    """What waits for the actor's hand, or has it and waits for others, in the order of the log. Raises LogWrong."""
    state = log.state(db.session)
    lines = [_line(state, each, by) for each in state.open_proposals(hour_of(clock.now()))]
    return [line for line in lines if line is not None]


def proposal(digest: bytes, *, by: Actor) -> ProposalPage:
    """One of `proposals`, whole. Raises NotVisible, LogWrong."""
    state = log.state(db.session)
    found = next((each for each in state.open_proposals(hour_of(clock.now())) if each.digest == digest), None)
    line = _line(state, found, by) if found is not None else None
    if found is None or line is None:
        raise NotVisible
    body = found.body
    founded = tuple(map(_organisation, foundings_in(body)))
    codes = {each.organisation_id: each.code for each in foundings_in(body)}
    persons = (body,) if isinstance(body, Person) else founders_of(body)
    return ProposalPage(
        line,
        digest.hex(),
        founded,
        tuple(_people(state, persons, codes)),
        tuple(_signed_by(state, found, by)),
        PartyState(body.state) if isinstance(body, Party) else None,
        body.agreement.hex() if isinstance(body, Party) else "",
        body.number if isinstance(body, Restored) else 0,
        _role(state, body, by) if isinstance(body, NewRole) else None,
        tuple(_people(state, read_aloud_to(body, by.member_id), codes)) if by.member_id is not None else (),
        body.reason if isinstance(body, Standing) else "",
        () if line.wanted else tuple(_hands(state, found, by)),
        body.subject_id if isinstance(body, Standing) else None,
        isinstance(body, Standing) and _is_desk(state, body.subject_id),
    )


def _is_desk(state: State, subject_id: uuid.UUID) -> bool:
    found = state.organisations.get(subject_id)
    return found is not None and found.kind == OrganisationKind.RESPONSIBLE_AUTHORITY


def _hands(state: State, of: Proposal, by: Actor) -> Iterable[str]:
    """Of the reader's own organisation alone."""
    for each in state.hands_of(of, hour_of(clock.now())):
        row = db.session.get(Member, each.id)
        if row is not None and each.organisation_id == by.organisation_id:
            yield row.name if people.is_named_so(row, each.name_digest) else people.code_of(each, state)


def is_founded(*, by: Actor) -> bool:
    """Whether the log has the actor's organisation."""
    return by.organisation_id in log.last_state(db.session).organisations


def may_begin(*, by: Actor) -> bool:
    """Whether the log has not begun, and can begin with the actor, who reads their words to the other founder."""
    return by.kind is not None and by.kind.holds_keys and not log.last_state(db.session).begun


def _role(state: State, body: NewRole, by: Actor) -> RoleLine:
    known, row = state.members[body.member_id], db.session.get(Member, body.member_id)
    own = known.organisation_id == by.organisation_id
    named = row is not None and people.is_named_so(row, known.name_digest)
    whom = row.name if row is not None and own and named else people.code_of(known, state)
    return RoleLine(whom, Role(known.role), Role(body.role))


def _organisation(each: Founding) -> OrganisationLine:
    row = db.session.get(Organisation, each.organisation_id)
    named = row is not None and people.names_digest(row) == each.names_digest
    return OrganisationLine(
        each.code,
        row.names if row is not None and named else {},
        names.number_of(row) if row is not None else "",
        OrganisationKind(each.kind),
        each.party,
        each.crossing_point,
        people.fingerprint(each.public),
    )


def _line(state: State, of: Proposal, by: Actor) -> ProposalLine | None:
    if by.member_id is None:
        return None
    at = hour_of(clock.now())
    wanted, mine = state.still_needed(of, by.member_id, at), by.member_id in of.signers
    against = isinstance(of.body, Standing) and of.body.subject_id == by.organisation_id
    if not (wanted or mine or against or _is_among_colleagues(state, of, by.member_id, at)):
        return None
    until = datetime.fromtimestamp(void_from(of) * 3600, UTC)
    return ProposalLine(
        of.digest,
        of.kind,
        _about(state, of),
        until,
        len(of.signers),
        wanted,
        isinstance(of.body, Person),
        _attests(of, by),
        mine,
        against,
    )


def _is_among_colleagues(state: State, of: Proposal, member_id: uuid.UUID, at: int) -> bool:
    """Whether a colleague asks for a hand that the reader's is none of: the two hang on one person, for instance."""
    if not isinstance(of.body, Person | NewRole) or not state.may_sign(of.kind, of.body, member_id, at):
        return False
    mine = state.members[member_id].organisation_id
    return any(state.members[each].organisation_id == mine for each in of.signers if each in state.members)


def _about(state: State, of: Proposal) -> str:
    if foundings := foundings_in(of.body):
        return ", ".join(each.code for each in foundings)
    organisation_id = getattr(of.body, "organisation_id", None)
    if isinstance(of.body, NewRole):
        organisation_id = state.members[of.body.member_id].organisation_id
    if isinstance(of.body, Standing):
        organisation_id = of.body.subject_id
    return state.organisations[organisation_id].code if organisation_id in state.organisations else ""


def _attests(of: Proposal, by: Actor) -> bool:
    return isinstance(of.body, Founding) and by.member_id not in [each.member_id for each in of.body.founders]


def _people(state: State, persons: Iterable[Person], codes: Mapping[uuid.UUID, str]) -> Iterable[PersonLine]:
    for each in persons:
        row = db.session.get(Member, each.member_id)
        named = row is not None and people.is_named_so(row, each.name_digest)
        known = state.organisations.get(each.organisation_id)
        code = codes.get(each.organisation_id) or (known.code if known is not None else "")
        keys = people.fingerprint(each.signing + each.sealing)
        yield PersonLine(each.member_id, row.name if row is not None and named else "", Role(each.role), code, keys)


def _signed_by(state: State, of: Proposal, by: Actor) -> Iterable[str]:
    """Who signed: a colleague by name, another by the code of the organisation; a founder as in what is proposed."""
    founding = {each.member_id: each for each in founders_of(of.body)}
    for each in of.signers:
        row = db.session.get(Member, each)
        known = state.members.get(each)
        own = row is not None and row.organisation_id == by.organisation_id
        founds = row is not None and each in founding and people.is_named_so(row, founding[each].name_digest)
        if row is not None and known is not None and own and not people.is_named_so(row, known.name_digest):
            yield people.code_of(known, state)
        elif row is not None and (own or founds):
            yield row.name
        elif known is not None:
            yield state.organisations[known.organisation_id].code
        else:
            yield ""


@dataclass(frozen=True, slots=True)
class VouchedLine:
    """An organisation that holds keys. `since`: the day of its founding, None while nobody vouched for it; `days`: for
    how long it is asked without, None if it is asked nothing; `renamed`: nobody of it signed its present name;
    `suspended_until`: until when it takes no part, by two duty officers; `may_be_suspended`: they may say so."""

    id: uuid.UUID
    code: str
    names: Mapping[str, str]
    telephone: str
    since: date | None
    vouched_by: tuple[str, ...]
    days: int | None
    renamed: bool
    suspended_until: datetime | None
    may_be_suspended: bool


def organisations(*, by: Actor) -> list[VouchedLine]:
    """Who is vouched for and who is not, those that are not first; for the duty desk. Raises LogWrong."""
    by.must(Permission.REFERRAL_DIRECT)
    state, days = log.state(db.session), belief.all_days_left(db.session)
    kinds = [str(each) for each in OrganisationKind if each.holds_keys]
    statement = select(Organisation).where(Organisation.kind.in_(kinds), Organisation.enabled)
    lines = [_vouched(state, each, days) for each in db.session.scalars(statement.order_by(Organisation.code))]
    return sorted(lines, key=lambda line: (line.since is not None, line.days is not None, line.days or 0))


def _vouched(state: State, row: Organisation, days: Mapping[uuid.UUID, int]) -> VouchedLine:
    known = state.organisations.get(row.id)
    hands = sorted(
        {state.organisations[state.members[each].organisation_id].code for each in known.vouched_by}
        if known is not None
        else ()
    )
    out = known is not None and known.takes_no_part(hour_of(clock.now()))
    return VouchedLine(
        row.id,
        row.code,
        signed_names.organisation_names(row),
        names.number_of(row),
        clock.day_of(datetime.fromtimestamp(known.since * 3600, UTC), country().timezone)
        if known is not None
        else None,
        tuple(hands),
        days.get(row.id) or None,
        known is not None and known.names_digest != people.names_digest(row),
        time_of(known.party_until) if known is not None and out else None,
        state.is_vouched_for(row.id) and row.party != "" and row.kind != OrganisationKind.RESPONSIBLE_AUTHORITY,
    )


def own_name_differs(*, by: Actor) -> bool:
    """Whether the actor's organisation, as the country's file calls it now, has another name than its people signed."""
    known = log.state(db.session).organisations.get(by.organisation_id) if by.organisation_id else None
    row = db.session.get(Organisation, by.organisation_id) if known is not None else None
    return known is not None and row is not None and known.names_digest != people.names_digest(row)
