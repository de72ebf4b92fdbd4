"""The key log: which organisations and members there are, with whose keys, and who vouched for them.

An entry is signed by one person. What needs several people is proposed by one and agreed to by the others, and holds
from the entry that completes it. This module has the rules alone: it replays entries whose signatures were verified
(`nrm.vault.keylog`) into a `State`, and refuses an entry that its signer may not make (`key_log_hands`). Taking trust
away needs one hand, giving it needs two: a wrong `left` delays help, a wrong `joined` reads what is sealed.

Decided in ADR 0098, ADR 0149 and ADR 0154.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from nrm.domain.accounts import key_log_hands as hands
from nrm.domain.accounts.accounts import ROLES_OF, OrganisationKind, Role
from nrm.domain.accounts.key_log_entries import (
    ABOUT_PROPOSALS,
    BODY_OF,
    KEY_BYTES,
    Agreed,
    Body,
    Box,
    Declined,
    Entry,
    EntryKind,
    EntryRefusal,
    EntryRefused,
    Founding,
    Genesis,
    Holding,
    KeyPeriod,
    Lost,
    Member,
    NewKeyring,
    NewName,
    NewRole,
    No,
    Organisation,
    Party,
    PartyState,
    Person,
    Proposal,
    Proposed,
    Restored,
    Standing,
    founders_of,
    foundings_in,
)
from nrm.domain.accounts.key_log_known import DAY, Known
from nrm.domain.accounts.vouching import hangs_on

VOID_AFTER = 14 * DAY
FOUNDING_VOID_AFTER = 30 * DAY
"""How long a proposal waits for the others."""
URGENT_FOR = 3 * DAY
"""How long people are asked about what is urgent: that an organisation takes no part. Afterwards it is another night,
and is proposed again."""
SUSPENDED_BY_COLLEAGUE, SUSPENDED_BY_ADMINISTRATOR = 72, 24
PARTY_SUSPENDED = 72
ASKS_WHO_LEFT = 14 * DAY
"""How long home pages ask who left since, after entries were lost."""
_FOUNDINGS = (EntryKind.GENESIS, EntryKind.FOUNDED)
_STOPPED_WHILE_RESTORING = (EntryKind.JOINED, EntryKind.ANEW, EntryKind.KEYRING, EntryKind.PARTY, EntryKind.FOUNDED)


@dataclass(slots=True)
class State(Known):
    """What all entries up to `number` say together. Empty at first; `apply` takes it on by one entry."""

    def copy(self) -> State:
        """A state that can go on without changing this one."""
        return State(
            self.number,
            self.digest,
            self.at,
            dict(self.organisations),
            dict(self.members),
            dict(self.proposals),
            dict(self.keys),
            dict(self.owners),
            dict(self.boxes),
            list(self.digests),
            list(self.lost),
            dict(self.changed),
        )

    def open_proposals(self, at: int) -> list[Proposal]:
        """What waits for somebody's hand, in the order of the log: nothing that is too old, nor what was proposed while
        things stood otherwise. Logs of before may have agreed to such a one: so only who signs now is refused."""
        return [
            each
            for each in self.proposals.values()
            if not _is_void(each, at) and at <= asked_until(each) and not self._stands_otherwise(each)
        ]

    def _stands_otherwise(self, proposal: Proposal) -> bool:
        """Whether what the proposal is about has changed since it was proposed; or, of a colleague's role or keys, who
        proposed it was suspended since, or left: it is over with them (ADR 0163)."""
        body, also = proposal.body, list[tuple[str, uuid.UUID]]()
        if isinstance(body, NewRole):
            also.append(("standing", body.member_id))
        if isinstance(body, NewRole | Person):
            also.append(("standing", proposal.proposed_by))
        return any(self.changed.get(each, 0) > proposal.after for each in (*_subjects(body), *also))

    def rival_of(self, body: Body, at: int) -> Proposal | None:
        """An open proposal about the role or the standing of the same, whatever it says of it; None where nobody who
        signed it could still. People and foundings carry keys, parties an agreement: with another it is another act."""
        if not isinstance(body, NewRole | Standing):
            return None
        for each in self.open_proposals(at):
            same = type(each.body) is type(body) and _subjects(each.body) == _subjects(body)
            if same and any(self.may_sign(each.kind, each.body, one, at) for one in each.signers):
                return each
        return None

    def still_needed(self, proposal: Proposal, member_id: uuid.UUID, at: int) -> bool:
        """Whether the member could agree to it now, and it would be a hand more. Nobody from outside is asked about a
        role while a colleague could agree."""
        if any(each == member_id for each, _ in proposal.declined):
            return False
        if member_id in proposal.signers or not self.may_sign(proposal.kind, proposal.body, member_id, at):
            return False
        if isinstance(proposal.body, Standing):
            return self._completes(proposal, member_id, at) or self._brings_nearer(proposal, member_id, at)
        organisation_id = self.organisation_of(proposal.body)
        if not isinstance(proposal.body, Person | NewRole) or organisation_id is None:
            return True
        if hands.is_empty_without(self, proposal.body, at):
            return True
        if self.members[member_id].organisation_id == organisation_id:
            return self._completes(proposal, member_id, at)
        return not self.hands_of(proposal, at) and self._completes(proposal, member_id, at)

    def hands_of(self, proposal: Proposal, at: int) -> list[Member]:
        """The colleagues who could agree to such a proposal about a person, so that it holds."""
        organisation_id = self.organisation_of(proposal.body)
        if organisation_id is None:
            return []
        return [
            each
            for each in self.active_in(organisation_id, at)
            if each.id not in (*proposal.signers, *(one for one, _ in proposal.declined))
            and self.may_sign(proposal.kind, proposal.body, each.id, at)
            and self._completes(proposal, each.id, at)
        ]

    def _completes(self, proposal: Proposal, member_id: uuid.UUID, at: int) -> bool:
        """Whether it would hold with this hand. Of two who hang on one person both are one hand (ADR 0101), also where
        the rules of the log, which older entries have to fit, look at the two alone."""
        kind, body = proposal.kind, proposal.body
        still = [each for each in proposal.signers if self.may_sign(kind, body, each, at)]
        if not hands.is_complete(self, kind, body, [*still, member_id], at):
            return False
        if not isinstance(body, Person | NewRole) or hands.is_complete(self, kind, body, [member_id], at):
            return True
        own = hangs_on(member_id, self.vouched_by)
        return any(not own & hangs_on(each, self.vouched_by) for each in still)

    def _brings_nearer(self, proposal: Proposal, member_id: uuid.UUID, at: int) -> bool:
        """Whether the hand is one of three that nobody has given yet: the administrator's, or the first of those who
        attest. The second of these has to complete it."""
        if not isinstance(proposal.body, Standing) or not self.is_of_desk(proposal.body.subject_id):
            return False
        still = [each for each in proposal.signers if self.may_sign(proposal.kind, proposal.body, each, at)]
        if self.attests(member_id, at):
            return not any(self.attests(each, at) for each in still)
        return not any(self.members[each].role == Role.ADMINISTRATOR for each in still)

    def may_sign(self, kind: EntryKind, body: Body, member_id: uuid.UUID, at: int) -> bool:
        """Whether the signature of this member can be a part of such an act, alone or with others."""
        return hands.may_sign(self, kind, body, member_id, at)

    def signing_key(self, body: Body, signer_id: uuid.UUID, at: int) -> bytes:
        """The public key with which the signer of such an entry signs; raises EntryRefused.

        Who founds is not in the log yet: their key stands in what is proposed, with their own signature.
        """
        if self.is_active(signer_id, at):
            return self.members[signer_id].signing
        of: Body = body
        if isinstance(body, Agreed | Declined):
            proposal = self.proposals.get(body.proposal)
            if proposal is None:
                raise EntryRefused(EntryRefusal.VOID)
            of = proposal.body
        elif isinstance(body, Proposed):
            of = body.body
        for person in founders_of(of):
            if person.member_id == signer_id:
                return person.signing
        raise EntryRefused(EntryRefusal.SIGNER)

    def apply(self, entry: Entry) -> None:
        """Take the state on by an entry; raises EntryRefused, and is then as before."""
        if entry.number != self.number + 1:
            raise EntryRefused(EntryRefusal.PLACE)
        if entry.at < self.at:
            raise EntryRefused(EntryRefusal.TIME)
        if not isinstance(entry.body, BODY_OF[entry.kind]):
            raise EntryRefused(EntryRefusal.FORM)
        if isinstance(entry.body, Proposed):
            self._propose(entry, entry.body)
        elif isinstance(entry.body, Agreed):
            self._agree(entry, entry.body)
        elif isinstance(entry.body, Declined):
            self._decline(entry, entry.body)
        else:
            signers = (entry.signer_id,)
            _must_be(self.may_sign(entry.kind, entry.body, entry.signer_id, entry.at), EntryRefusal.SIGNER)
            self._check(entry.kind, entry.body, entry.at)
            if not hands.is_complete(self, entry.kind, entry.body, signers, entry.at, proposed=False):
                raise EntryRefused(EntryRefusal.HANDS)
            self._do(entry.kind, entry.body, signers, entry.at)
        self.number, self.digest, self.at = entry.number, entry.digest, entry.at
        self.digests.append(entry.digest)

    def _propose(self, entry: Entry, proposed: Proposed) -> None:
        if proposed.kind in ABOUT_PROPOSALS or not isinstance(proposed.body, BODY_OF[proposed.kind]):
            raise EntryRefused(EntryRefusal.FORM)
        _must_be(self.may_sign(proposed.kind, proposed.body, entry.signer_id, entry.at), EntryRefusal.SIGNER)
        self._check(proposed.kind, proposed.body, entry.at)
        self._collect(
            Proposal(entry.digest, proposed.kind, proposed.body, entry.at, (entry.signer_id,), self.number, self.at),
            entry.at,
        )

    def _agree(self, entry: Entry, agreed: Agreed) -> None:
        proposal = self.proposals.get(agreed.proposal)
        if proposal is None or _is_void(proposal, entry.at):
            raise EntryRefused(EntryRefusal.VOID)
        if entry.signer_id in proposal.signers or any(each == entry.signer_id for each, _ in proposal.declined):
            raise EntryRefused(EntryRefusal.SIGNER)
        _must_be(self.may_sign(proposal.kind, proposal.body, entry.signer_id, entry.at), EntryRefusal.SIGNER)
        self._check(proposal.kind, proposal.body, entry.at, after=proposal.after)
        self._collect(replace(proposal, signers=(*proposal.signers, entry.signer_id)), entry.at)

    def _decline(self, entry: Entry, declined: Declined) -> None:
        """Who proposed it takes it back. Who is asked says no: of what only certain people are asked that ends it; of
        what many organisations are asked, one of them does not stop the others, and it is said to them."""
        proposal = self.proposals.get(declined.proposal)
        if proposal is None or _is_void(proposal, entry.at):
            raise EntryRefused(EntryRefusal.VOID)
        _must_be(declined.reason in set(No), EntryRefusal.FORM)
        own = entry.signer_id == proposal.proposed_by
        if not own:
            said = [each for each, _ in proposal.declined]
            _must_be(entry.signer_id not in (*proposal.signers, *said), EntryRefusal.SIGNER)
            _must_be(self.may_sign(proposal.kind, proposal.body, entry.signer_id, entry.at), EntryRefusal.SIGNER)
        if own or isinstance(proposal.body, Person | NewRole | Party):
            del self.proposals[proposal.digest]
        else:
            no = (entry.signer_id, declined.reason)
            self.proposals[proposal.digest] = replace(proposal, declined=(*proposal.declined, no))

    def _collect(self, proposal: Proposal, at: int) -> None:
        """Keep a proposal with its signatures so far, or do what it says when they are enough."""
        for digest in [each.digest for each in self.proposals.values() if _is_void(each, at)]:
            del self.proposals[digest]
        # Who signed earlier and has left since counts no longer.
        still = [each for each in proposal.signers if self.may_sign(proposal.kind, proposal.body, each, at)]
        if hands.is_complete(self, proposal.kind, proposal.body, still, at):
            self._do(proposal.kind, proposal.body, still, at)
            self.proposals.pop(proposal.digest, None)
            if isinstance(proposal.body, Restored):
                self.lost.append(Lost(proposal.after, proposal.body.number, proposal.after_at, at))
        else:
            self.proposals[proposal.digest] = proposal

    # What must be so for the act to make sense.

    def _check(self, kind: EntryKind, body: Body, at: int, after: int | None = None) -> None:
        """`after`: the number of the log when it was proposed, if it was: since then the proposal itself is in it."""
        if (kind is EntryKind.GENESIS) is self.begun:
            raise EntryRefused(EntryRefusal.BEGUN)
        if kind in _STOPPED_WHILE_RESTORING and self.is_restoring(at):
            raise EntryRefused(EntryRefusal.RESTORING)
        if isinstance(body, Genesis | Founding):
            self._check_foundings(body)
        elif isinstance(body, Person):
            self._check_person(kind, body)
        elif isinstance(body, NewRole):
            self._check_role(self._present(body.member_id).organisation_id, body.role)
            _must_be(body.role != self.members[body.member_id].role, EntryRefusal.SUBJECT)
        elif isinstance(body, NewKeyring):
            self._check_keyring(body)
        elif isinstance(body, Holding):
            # Of an older version nobody needs to know: only the newest is sealed to.
            _must_be(0 < body.version == self._known(body.organisation_id).version, EntryRefusal.SERIAL)
        elif isinstance(body, Box):
            _must_be(self._known(body.organisation_id).crossing_point != "", EntryRefusal.SUBJECT)
        elif isinstance(body, Party):
            _must_be(body.state in set(PartyState), EntryRefusal.FORM)
            known = self._known(body.organisation_id)
            if body.state == PartyState.SUSPENDED:
                # Nobody is left who ends it, where the desk suspends itself.
                _must_be(known.kind != OrganisationKind.RESPONSIBLE_AUTHORITY, EntryRefusal.SUBJECT)
                _must_be(not known.takes_no_part(at), EntryRefusal.SUBJECT)
        elif isinstance(body, Restored):
            _must_be(body.number > (self.number if after is None else after), EntryRefusal.PLACE)
        elif isinstance(body, Standing | NewName):
            if body.subject_id in self.organisations:
                _must_be(kind is not EntryKind.LEFT, EntryRefusal.SUBJECT)
            else:
                self._present(body.subject_id)

    def is_restoring(self, at: int) -> bool:
        """Whether somebody proposed that the log was restored, and nobody of another organisation agreed yet."""
        return any(each.kind is EntryKind.RESTORED for each in self.open_proposals(at))

    def _known(self, organisation_id: uuid.UUID) -> Organisation:
        _must_be(self.is_vouched_for(organisation_id), EntryRefusal.SUBJECT)
        return self.organisations[organisation_id]

    def _present(self, member_id: uuid.UUID) -> Member:
        found = self.members.get(member_id)
        if found is None or found.left:
            raise EntryRefused(EntryRefusal.SUBJECT)
        return found

    def _check_role(self, organisation_id: uuid.UUID, role: str) -> None:
        kind = OrganisationKind(self._known(organisation_id).kind)
        _must_be(role in {str(each) for each in ROLES_OF[kind]}, EntryRefusal.ROLE)

    def _check_foundings(self, body: Genesis | Founding) -> None:
        foundings = foundings_in(body)
        kinds = [founding.kind for founding in foundings]
        if isinstance(body, Genesis):
            authorities = kinds.count(OrganisationKind.RESPONSIBLE_AUTHORITY)
            _must_be(authorities == 1 and len(foundings) <= 2, EntryRefusal.FORM)
        people = [person for founding in foundings for person in founding.founders]
        _must_be(len({person.member_id for person in people}) == len(people), EntryRefusal.FORM)
        _must_be(len({founding.organisation_id for founding in foundings}) == len(foundings), EntryRefusal.FORM)
        for founding in foundings:
            _must_be(founding.kind in set(OrganisationKind), EntryRefusal.FORM)
            kind = OrganisationKind(founding.kind)
            holds = kind.holds_keys
            _must_be(kind is not OrganisationKind.COALITION, EntryRefusal.FORM)
            _must_be(holds or not isinstance(body, Genesis), EntryRefusal.FORM)
            _must_be(len(founding.founders) in ((2,) if holds else (1, 2)), EntryRefusal.FORM)
            _must_be(len(founding.public) == (KEY_BYTES if holds else 0), EntryRefusal.FORM)
            _must_be(founding.organisation_id not in self.organisations, EntryRefusal.SUBJECT)
            for there in self.organisations.values():
                if there.party_state != PartyState.STRUCK_OFF:
                    _must_be(there.code != founding.code, EntryRefusal.SUBJECT)
                    seat = (founding.party, founding.crossing_point)
                    taken = bool(founding.party) and (there.party, there.crossing_point) == seat
                    _must_be(not taken, EntryRefusal.SUBJECT)
            for person in founding.founders:
                _must_be(person.organisation_id == founding.organisation_id, EntryRefusal.FORM)
                _must_be(person.role in {str(each) for each in ROLES_OF[kind]}, EntryRefusal.ROLE)
                _must_be(person.member_id not in self.members, EntryRefusal.SUBJECT)
        self._check_keys(people)

    def _check_person(self, kind: EntryKind, body: Person) -> None:
        self._check_role(body.organisation_id, body.role)
        before = self.members.get(body.member_id)
        if kind is EntryKind.JOINED:
            _must_be(before is None, EntryRefusal.SUBJECT)
        else:
            _must_be(before is not None and before.organisation_id == body.organisation_id, EntryRefusal.SUBJECT)
            _must_be(before is not None and body.serial > before.serial, EntryRefusal.SERIAL)
        _must_be(body.serial >= 1, EntryRefusal.SERIAL)
        # Who left may come back with the very keys they had (ADR 0103).
        kept = (before.signing, before.sealing) if before is not None and before.left else ()
        if (body.signing, body.sealing) != kept:
            self._check_keys([body])

    def _check_keys(self, people: Collection[Person]) -> None:
        """Nobody's key is anybody else's, or an earlier one of the same person."""
        new = [key for person in people for key in (person.signing, person.sealing)]
        _must_be(len(set(new)) == len(new) and not any(key in self.owners for key in new), EntryRefusal.KEY)

    def _check_keyring(self, body: NewKeyring) -> None:
        organisation = self._known(body.organisation_id)
        _must_be(organisation.holds_keys, EntryRefusal.SUBJECT)
        _must_be(body.version == organisation.version + 1, EntryRefusal.SERIAL)
        _must_be(body.public != organisation.public, EntryRefusal.KEY)

    # What it changes.

    def _do(self, kind: EntryKind, body: Body, signers: Collection[uuid.UUID], at: int) -> None:
        for each in _subjects(body):
            self.changed[each] = self.number + 1
        if isinstance(body, Genesis | Founding):
            self._found(body, signers, at)
        elif isinstance(body, Person):
            self._let_in(body, frozenset(signers), at)
        elif isinstance(body, Standing):
            self._stand(kind, body, signers, at)
        elif isinstance(body, NewRole):
            self.members[body.member_id] = replace(self.members[body.member_id], role=body.role)
        elif isinstance(body, NewName):
            if body.subject_id in self.organisations:
                known = self.organisations[body.subject_id]
                self.organisations[known.id] = replace(known, names_digest=body.name_digest)
            else:
                self.members[body.subject_id] = replace(self.members[body.subject_id], name_digest=body.name_digest)
        elif isinstance(body, NewKeyring):
            of = self.organisations[body.organisation_id]
            self.organisations[of.id] = replace(
                of, version=body.version, public=body.public, spent=False, lacking=frozenset()
            )
        elif isinstance(body, Holding):
            of = self.organisations[body.organisation_id]
            self.organisations[of.id] = replace(of, lacking=of.lacking ^ frozenset(signers))
        elif isinstance(body, Party):
            of = self.organisations[body.organisation_id]
            if body.state == PartyState.SUSPENDED:  # what was said before holds again afterwards
                self.organisations[of.id] = replace(of, party_until=at + PARTY_SUSPENDED)
            else:
                self.organisations[of.id] = replace(
                    of, party_state=body.state, party_until=0, party_agreement=body.agreement
                )
        elif isinstance(body, Box):
            self.boxes[body.organisation_id, body.month] = body.public

    def _found(self, body: Genesis | Founding, signers: Collection[uuid.UUID], at: int) -> None:
        founders = {person.member_id for person in founders_of(body)}
        vouched_by = frozenset(signers) - founders
        for founding in foundings_in(body):
            self.organisations[founding.organisation_id] = Organisation(
                founding.organisation_id,
                founding.code,
                founding.kind,
                founding.party,
                founding.crossing_point,
                founding.names_digest,
                founding.public,
                1 if founding.public else 0,
                at,
                vouched_by,
            )
            for person in founding.founders:
                self._let_in(person, vouched_by, at)

    def _let_in(self, person: Person, vouched_by: frozenset[uuid.UUID], at: int) -> None:
        self.members[person.member_id] = Member(
            person.member_id,
            person.organisation_id,
            person.role,
            person.serial,
            person.name_digest,
            person.signing,
            person.sealing,
            at,
            vouched_by,
        )
        self._lacks_no_more(person.member_id, person.organisation_id)
        self.owners[person.signing] = self.owners[person.sealing] = person.member_id
        self._end_key(person.member_id, at)
        self.keys[person.member_id] = (*self.keys.get(person.member_id, ()), KeyPeriod(person.signing, at, -1))

    def _lacks_no_more(self, member_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
        """Who leaves, or is let in with other keys, is given the key by who lets them in."""
        of = self.organisations[organisation_id]
        if member_id in of.lacking:
            self.organisations[of.id] = replace(of, lacking=of.lacking - {member_id})

    def _end_key(self, member_id: uuid.UUID, at: int) -> None:
        periods = self.keys.get(member_id, ())
        self.keys[member_id] = tuple(replace(each, until=at) if each.until == -1 else each for each in periods)

    def _drop_about(self, subject_id: uuid.UUID) -> None:
        for each in list(self.proposals.values()):
            if isinstance(each.body, Standing) and each.body.subject_id == subject_id:
                del self.proposals[each.digest]

    def _stand(self, kind: EntryKind, body: Standing, signers: Collection[uuid.UUID], at: int) -> None:
        if body.subject_id in self.organisations:
            of = self.organisations[body.subject_id]
            suspended = kind is EntryKind.SUSPENDED
            if self.is_of_desk(of.id) and of.suspended is not suspended:
                self._drop_about(of.id)  # what was proposed before is answered: nobody agrees to it later
            self.organisations[of.id] = replace(of, suspended=suspended, suspended_for=body.reason if suspended else "")
            return
        member = self.members[body.subject_id]
        if kind is EntryKind.LEFT:
            self.members[member.id] = replace(member, left=True, suspended=False, until=0)
            self._end_key(member.id, at)
            self._lacks_no_more(member.id, member.organisation_id)
            of = self.organisations[member.organisation_id]
            self.organisations[of.id] = replace(of, spent=of.holds_keys)
        elif kind is EntryKind.SUSPENDED:
            outside = any(self.members[each].role == Role.ADMINISTRATOR for each in signers)
            hours = SUSPENDED_BY_ADMINISTRATOR if outside else SUSPENDED_BY_COLLEAGUE
            self.members[member.id] = replace(member, suspended=True, until=0 if len(signers) > 1 else at + hours)
        else:
            self.members[member.id] = replace(member, suspended=False, until=0)


def void_from(proposal: Proposal) -> int:
    """The last hour at which somebody can agree to the proposal."""
    return proposal.at + (FOUNDING_VOID_AFTER if proposal.kind in _FOUNDINGS else VOID_AFTER)


def asked_until(proposal: Proposal) -> int:
    """The last hour at which somebody is asked about the proposal."""
    return min(void_from(proposal), proposal.at + URGENT_FOR) if is_urgent(proposal) else void_from(proposal)


def is_urgent(proposal: Proposal) -> bool:
    """Whether it takes an organisation, or its party, out: it is of tonight."""
    if isinstance(proposal.body, Party):
        return proposal.body.state == PartyState.SUSPENDED
    return proposal.kind is EntryKind.SUSPENDED


def _subjects(body: Body) -> tuple[tuple[str, uuid.UUID], ...]:
    """What the act changes, and of whom. Who comes in again has the role that stands there."""
    if isinstance(body, NewRole):
        return (("role", body.member_id),)
    if isinstance(body, Standing):
        return (("standing", body.subject_id),)
    if isinstance(body, Party):
        return (("party", body.organisation_id),)
    if isinstance(body, Person):
        return (("person", body.member_id), ("role", body.member_id))
    return tuple(("founding", each.organisation_id) for each in foundings_in(body))


def _is_void(proposal: Proposal, at: int) -> bool:
    return at > void_from(proposal)


def _must_be(so: bool, otherwise: EntryRefusal) -> None:
    if not so:
        raise EntryRefused(otherwise)
