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
from nrm.domain.accounts.key_log import State, asked_until, is_urgent
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
from nrm.store.rows.accounts import proposals as proposal_rows
from nrm.vault.keylog import belief, log, people


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal that the reader can agree to, or signed, or about which a colleague is asked. `about`: codes of
    organisations; `elsewhere`: somebody who waits is let in by the words that they read, on a page of its own;
    `attests`: the reader vouches for founders, whose words are typed. `mine`: the reader signed it; `against`: it is
    against the reader's own organisation. `names`: of the organisations; `role`, `person`: of whom it is, among people;
    `urgent`: it takes an organisation out, tonight; `declined`: how many do not agree. `for_older`: the reader is new
    at the duty desk, and another one of it answers."""

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
    names: tuple[Mapping[str, str], ...] = ()
    role: RoleLine | None = None
    person: PersonLine | None = None
    urgent: bool = False
    declined: int = 0
    may_take_back: bool = False
    for_older: bool = False


@dataclass(frozen=True, slots=True)
class SignerLine:
    """Who signed or does not agree: a colleague by name and sign-in name, others by their organisation; of the
    administrators and of the Responsible Authority the name too, for they are called back, and of a proposal about a
    person everybody's. `telephone`: none where it is of the house that such a proposal is about. `reason`: the code of
    who does not agree."""

    name: str
    names: Mapping[str, str]
    telephone: str
    reason: str = ""
    login: str = ""

    @property
    def called(self) -> str:
        """By name and sign-in name; empty for whom the reader knows by the organisation alone."""
        return f"{self.name} ({self.login})" if self.name and self.login else self.name


@dataclass(frozen=True, slots=True)
class ConcernedLine:
    """The organisation that a proposal is about, to be called before signing."""

    code: str
    names: Mapping[str, str]
    telephone: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody whom a proposal brings in. `name` is empty where the row has another than was signed; `keys`: 16 bytes
    of the digest of both public keys, in hexadecimal."""

    member_id: uuid.UUID
    name: str
    role: Role
    organisation: str
    keys: str
    login: str = ""


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
    """Who is to have another role. `whom`: the name; a code where the row has another than was signed. `login`: the
    sign-in name."""

    member_id: uuid.UUID
    whom: str
    login: str
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
    proposed_by: SignerLine | None = None
    declined: tuple[SignerLine, ...] = ()
    concerns: ConcernedLine | None = None
    proposer_id: uuid.UUID | None = None
    proposed_at: datetime | None = None

    @property
    def is_of_person(self) -> bool:
        """Whether it is among colleagues: somebody joins, begins anew, or gets another role."""
        return self.line.elsewhere or self.role is not None


def proposals(*, state: State | None = None, by: Actor) -> list[ProposalLine]:
    """What waits for the actor's hand, or has it and waits for others: what is urgent first, then in the order of the
    log. `state`: the log, if it was read already. Raises LogWrong."""
    state = log.state(db.session) if state is None else state
    found = [_line(state, each, by) for each in state.open_proposals(hour_of(clock.now()))]
    return sorted([line for line in found if line is not None], key=lambda line: not line.urgent)


@dataclass(frozen=True, slots=True)
class OwnRole:
    """What somebody reads who is to have another role: who proposed it, and until when others can agree."""

    proposed_by: str
    before: Role
    after: Role
    until: datetime


def own_role(*, by: Actor) -> list[OwnRole]:
    """The open proposals about the actor's own role. Nothing while the log is wrong."""
    state, at = log.last_state(db.session), hour_of(clock.now())
    if by.member_id is None or not state.proposals:
        return []
    return [
        OwnRole(
            _signer(state, each, each.proposed_by, by).called,
            Role(state.members[by.member_id].role),
            Role(each.body.role),
            datetime.fromtimestamp(asked_until(each) * 3600, UTC),
        )
        for each in state.open_proposals(at)
        if isinstance(each.body, NewRole) and each.body.member_id == by.member_id
    ]


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
        _role(state, body) if isinstance(body, NewRole) else None,
        tuple(_people(state, read_aloud_to(body, by.member_id), codes)) if by.member_id is not None else (),
        body.reason if isinstance(body, Standing) else "",
        () if line.wanted else tuple(_hands(state, found, by)),
        body.subject_id if isinstance(body, Standing) else None,
        isinstance(body, Standing) and _is_desk(state, body.subject_id),
        _signer(state, found, found.proposed_by, by),
        tuple(_signer(state, found, each, by, reason) for each, reason in found.declined),
        _concerns(state, found),
        found.proposed_by,
        time_of(found.at),
    )


_CALLED_BACK = (OrganisationKind.OPERATOR, OrganisationKind.RESPONSIBLE_AUTHORITY)


def _signer(state: State, of_: Proposal, member_id: uuid.UUID, by: Actor, reason: str = "") -> SignerLine:
    row, known = db.session.get(Member, member_id), state.members.get(member_id)
    if row is None:
        return SignerLine("", {}, "", reason)
    of = db.session.get_one(Organisation, row.organisation_id)
    of_person = isinstance(of_.body, Person | NewRole)
    shown = of.id == by.organisation_id or of.kind in _CALLED_BACK or of_person
    signed = known is None or people.is_named_so(row, known.name_digest)
    name = row.name if signed else people.code_of(known, state) if known is not None else ""
    # In the house that it is about who proposed it answers the telephone.
    telephone = "" if of_person and of.id == proposal_rows.concerned_by(state, of_) else names.number_of(of)
    login = row.login if signed and shown else ""
    return SignerLine(name if shown else "", signed_names.organisation_names(of), telephone, reason, login)


def _concerns(state: State, of: Proposal) -> ConcernedLine | None:
    """Whom it takes out, or whose people it is about; a founding has its organisations in full."""
    known = state.organisations.get(proposal_rows.concerned_by(state, of) or uuid.UUID(int=0))
    row = db.session.get(Organisation, known.id) if known is not None else None
    if known is None or row is None:
        return None
    return ConcernedLine(known.code, signed_names.organisation_names(row), names.number_of(row))


def _is_desk(state: State, subject_id: uuid.UUID) -> bool:
    found = state.organisations.get(subject_id)
    return found is not None and found.kind == OrganisationKind.RESPONSIBLE_AUTHORITY


def _hands(state: State, of: Proposal, by: Actor) -> Iterable[str]:
    """Of the reader's own organisation alone."""
    for each in state.hands_of(of, hour_of(clock.now())):
        row = db.session.get(Member, each.id)
        if row is not None and each.organisation_id == by.organisation_id:
            yield row.name if people.is_named_so(row, each.name_digest) else people.code_of(each, state)


@dataclass(frozen=True, slots=True)
class DeskOut:
    """The Responsible Authority while it is suspended, for whoever can let it in again with another organisation.
    `signed`: the reader has said so already."""

    id: uuid.UUID
    names: Mapping[str, str]
    telephone: str
    reason: str
    signed: bool


def desk_out(*, by: Actor) -> DeskOut | None:
    """None while it takes part, and for whoever's hand counts for nothing there. Raises LogWrong."""
    state, at = log.state(db.session), hour_of(clock.now())
    for each in state.organisations.values():
        if each.kind != OrganisationKind.RESPONSIBLE_AUTHORITY or not each.suspended or by.member_id is None:
            continue
        body = Standing(each.id, "asked")
        if state.attests(by.member_id, at) and state.may_sign(EntryKind.RESUMED, body, by.member_id, at):
            waits = log.proposal_of(state, EntryKind.RESUMED, body)
            row = db.session.get(Organisation, each.id)
            named = {} if row is None else signed_names.organisation_names(row)
            telephone = "" if row is None else names.number_of(row)
            return DeskOut(
                each.id, named, telephone, each.suspended_for, waits is not None and by.member_id in waits.signers
            )
    return None


def proposed_suspension(organisation_id: uuid.UUID, *, by: Actor) -> str:
    """The number of the open proposal to suspend an organisation that the actor may read, in hexadecimal; empty for
    none. Nothing while the log is wrong."""
    state = log.last_state(db.session)
    for each in state.open_proposals(hour_of(clock.now())):
        about = each.kind is EntryKind.SUSPENDED and getattr(each.body, "subject_id", None) == organisation_id
        if about and _line(state, each, by) is not None:
            return each.digest.hex()
    return ""


def suspended_for(organisation_id: uuid.UUID, *, by: Actor) -> str:
    """The code of the reason that was signed for an organisation that is suspended, for who may end that; empty for
    none. Raises NotPermitted."""
    by.must(Permission.ORGANISATION_SUSPEND)
    known = log.last_state(db.session).organisations.get(organisation_id)
    return known.suspended_for if known is not None else ""


def is_founded(*, by: Actor) -> bool:
    """Whether the log has the actor's organisation."""
    return by.organisation_id in log.last_state(db.session).organisations


def may_begin(*, by: Actor) -> bool:
    """Whether the log has not begun, and can begin with the actor, who reads their words to the other founder."""
    return by.kind is not None and by.kind.holds_keys and not log.last_state(db.session).begun


def _role(state: State, body: NewRole) -> RoleLine:
    known, row = state.members[body.member_id], db.session.get(Member, body.member_id)
    if row is None or not people.is_named_so(row, known.name_digest):
        return RoleLine(known.id, people.code_of(known, state), "", Role(known.role), Role(body.role))
    return RoleLine(known.id, row.name, row.login, Role(known.role), Role(body.role))


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
    asked, mine = state.still_needed(of, by.member_id, at), by.member_id in of.signers
    for_older = asked and proposal_rows.is_for_older(state, of, by.member_id, at)
    wanted = asked and not for_older
    against = isinstance(of.body, Standing) and of.body.subject_id == by.organisation_id
    if not (asked or mine or against or _is_among_colleagues(state, of, by.member_id, at)):
        return None
    until = datetime.fromtimestamp(asked_until(of) * 3600, UTC)
    codes = {each.organisation_id: each.code for each in foundings_in(of.body)}
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
        tuple(_names_about(state, of)),
        _role(state, of.body) if isinstance(of.body, NewRole) else None,
        next(iter(_people(state, [of.body], codes)), None) if isinstance(of.body, Person) else None,
        is_urgent(of),
        len(of.declined),
        by.member_id == of.proposed_by,
        for_older,
    )


def _names_about(state: State, of: Proposal) -> Iterable[Mapping[str, str]]:
    """The names of the organisations that it is about; the code of one whose names are not those that were signed."""
    for each in foundings_in(of.body):
        yield _organisation(each).names or dict.fromkeys(country().languages, each.code)
    concerned = _concerns(state, of)
    if concerned is not None and not foundings_in(of.body):
        yield concerned.names


def _is_among_colleagues(state: State, of: Proposal, member_id: uuid.UUID, at: int) -> bool:
    """Whether a colleague asks for a hand that the reader's is none of: the two hang on one person, for instance."""
    if not isinstance(of.body, Person | NewRole) or not state.may_sign(of.kind, of.body, member_id, at):
        return False
    mine = state.members[member_id].organisation_id
    return any(state.members[each].organisation_id == mine for each in of.signers if each in state.members)


def _about(state: State, of: Proposal) -> str:
    if foundings := foundings_in(of.body):
        return ", ".join(each.code for each in foundings)
    organisation_id = proposal_rows.concerned_by(state, of)
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
        name, login = (row.name, row.login) if row is not None and named else ("", "")
        yield PersonLine(each.member_id, name, Role(each.role), code, keys, login)


def _signed_by(state: State, of: Proposal, by: Actor) -> Iterable[str]:
    """Who signed: a colleague by name, another by the code of the organisation; a founder as in what is proposed. What
    is about a person names everybody."""
    founding = {each.member_id: each for each in founders_of(of.body)}
    for each in of.signers:
        row = db.session.get(Member, each)
        known = state.members.get(each)
        own = row is not None and (row.organisation_id == by.organisation_id or isinstance(of.body, Person | NewRole))
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
