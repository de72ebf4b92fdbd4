"""Who may sign an entry of the key log, and when the signatures under it are enough.

Taking trust away needs one hand, giving it needs two; what blinds many at once needs three. Decided in ADR 0098, ADR
0149 and ADR 0154; `key_log.State` asks here before it takes an entry on.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Iterable

from nrm.domain.accounts.accounts import PERMISSIONS, OrganisationKind, Role
from nrm.domain.accounts.key_log_entries import (
    Body,
    EntryKind,
    Founding,
    Holding,
    Member,
    NewRole,
    Organisation,
    Party,
    PartyState,
    Person,
    Restored,
    Standing,
    founders_of,
)
from nrm.domain.accounts.key_log_known import Known
from nrm.domain.accounts.vouching import hangs_on

_SISTERS = (OrganisationKind.BORDER_POLICE, OrganisationKind.POLICE, OrganisationKind.CHILD_PROTECTION)


def may_sign(known: Known, kind: EntryKind, body: Body, signer_id: uuid.UUID, at: int) -> bool:
    """Whether the signature of this person can be a part of such an act, alone or with others."""
    if any(person.member_id == signer_id for person in founders_of(body)):
        return True
    if kind is EntryKind.GENESIS or not known.is_active(signer_id, at):
        return False
    if isinstance(body, Founding):
        return _may_found(known, body, signer_id, at)
    return _may(known, kind, body, signer_id, at)


def _may(known: Known, kind: EntryKind, body: Body, signer_id: uuid.UUID, at: int) -> bool:
    signer = known.members[signer_id]
    authority = known.is_of(signer, OrganisationKind.RESPONSIBLE_AUTHORITY)
    if isinstance(body, Restored):
        return known.organisations[signer.organisation_id].holds_keys
    if isinstance(body, Party):
        coordinator = signer.role == Role.COORDINATOR and body.state != PartyState.SUSPENDED
        return coordinator or (authority and (body.state != PartyState.SUSPENDED or signer.role == Role.DUTY_OFFICER))
    own = known.organisation_of(body) == signer.organisation_id
    if isinstance(body, Holding):
        return own and body.holds is (signer_id in known.organisations[signer.organisation_id].lacking)
    if isinstance(body, Standing):
        administers = signer.role == Role.ADMINISTRATOR
        # Who runs the machine lets an organisation in again that they suspended, never a person.
        outside = authority or (
            administers and (kind is not EntryKind.RESUMED or body.subject_id in known.organisations)
        )
        itself = body.subject_id in (signer_id, signer.organisation_id)
        if known.is_of_desk(body.subject_id):
            return not itself and (administers or known.attests(signer_id, at))
        if kind is EntryKind.SUSPENDED and body.subject_id in known.organisations:
            return not itself and (administers or authority or known.attests(signer_id, at))
        return (own and body.subject_id in known.members and (not itself or kind is EntryKind.LEFT)) or (
            outside and not itself
        )
    if isinstance(body, Person | NewRole):
        second = authority and signer.role == Role.DUTY_OFFICER
        attests = is_empty_without(known, body, at) and known.attests(signer_id, at)
        return (own or second or attests) and body.member_id != signer_id
    return own


def _may_found(known: Known, body: Founding, signer_id: uuid.UUID, at: int) -> bool:
    signer = known.members[signer_id]
    founders = {person.member_id for person in body.founders}
    return (
        known.attests(signer_id, at)
        and signer.organisation_id != body.organisation_id
        and not signer.vouched_by & founders
    )


def is_empty_without(known: Known, body: Person | NewRole, at: int) -> bool:
    """Whether nobody else of the office could let the member in: of one that holds no keys, which a single person
    may make up. Its people are vouched for as at a founding then."""
    organisation = known.organisations.get(known.organisation_of(body) or uuid.UUID(int=0))
    if organisation is None or organisation.holds_keys:
        return False
    return all(each.id == body.member_id for each in known.active_in(organisation.id, at))


def is_complete(
    known: Known, kind: EntryKind, body: Body, signers: Collection[uuid.UUID], at: int, *, proposed: bool = True
) -> bool:
    """Whether these signatures are enough for the act to hold.

    `proposed`: whether it was, and waits for hands until they are enough; else it is an entry by itself.
    """
    if kind is EntryKind.GENESIS:
        return {person.member_id for person in founders_of(body)} <= set(signers)
    if isinstance(body, Founding):
        founders = {person.member_id for person in body.founders}
        others = [each for each in signers if each not in founders]
        return founders <= set(signers) and _is_attested(known, body.party, body.kind, others)
    if isinstance(body, Person | NewRole):
        if is_empty_without(known, body, at):
            return _is_attested(known, "", "", [each for each in signers if known.attests(each, at)])
        return _is_let_in(known, body, signers)
    if isinstance(body, Party):
        return _is_agreed_of_party(known, body, signers, at)
    if isinstance(body, Standing) and known.is_of_desk(body.subject_id):
        # An administrator with two of two other organisations takes it out; either of the two sides lets it in.
        administered = any(known.members[each].role == Role.ADMINISTRATOR for each in signers)
        apart = _are_of_two(known, [each for each in signers if known.attests(each, at)])
        return administered and apart if kind is EntryKind.SUSPENDED else administered or apart
    if kind is EntryKind.SUSPENDED and isinstance(body, Standing) and body.subject_id in known.organisations:
        people = [known.members[each] for each in signers]
        outside = any(each.role == Role.ADMINISTRATOR for each in people)
        if proposed:  # an administrator, and somebody of another organisation who may vouch for one
            return outside and any(known.attests(each, at) for each in signers)
        # Whom an organisation alone may receive stands in the agreement, and not in this log: whether one hand is
        # enough for it is held where it is done (ADR 0147).
        return outside or any(known.is_of(each, OrganisationKind.RESPONSIBLE_AUTHORITY) for each in people)
    if isinstance(body, Restored):
        of = {known.members[each].organisation_id for each in signers}
        return len(of) > 1 and any(
            known.is_of(known.members[each], OrganisationKind.RESPONSIBLE_AUTHORITY) for each in signers
        )
    return bool(signers)


def _are_of_two(known: Known, attestors: Iterable[uuid.UUID]) -> bool:
    """Whether two of them stand for two organisations, and no single person let both in. Posts of one police, as of
    any party, are one. Where only one holds keys besides the Responsible Authority, it is two of its people."""
    others = {
        _seat(each)
        for each in known.organisations.values()
        if each.holds_keys and not known.is_of_desk(each.id) and known.is_vouched_for(each.id)
    }
    for one, other in itertools.combinations(attestors, 2):
        seats = {_seat(known.organisations[known.members[each].organisation_id]) for each in (one, other)}
        hang_on_one = hangs_on(one, known.vouched_by) & hangs_on(other, known.vouched_by)
        if (len(seats) > 1 or len(others) == 1) and not hang_on_one:
            return True
    return False


def _is_attested(known: Known, party: str, kind: str, attestors: Collection[uuid.UUID]) -> bool:
    """One of the Responsible Authority and one of another organisation, of whom neither vouched for the other."""
    alone = known.begins_alone
    for first in attestors:
        for second in attestors:
            one, other = known.members[first], known.members[second]
            if first == second or not known.is_of(one, OrganisationKind.RESPONSIBLE_AUTHORITY):
                continue
            if first in other.vouched_by or second in one.vouched_by:
                continue
            if alone or (one.organisation_id != other.organisation_id and _is_other_party(known, party, kind, other)):
                return True
    return False


def _is_other_party(known: Known, party: str, kind: str, attestor: Member) -> bool:
    """Posts of one police and units of one child authority may take a sister; nobody else one of the own party."""
    other = known.organisations[attestor.organisation_id].party
    return not party or other != party or OrganisationKind(kind) in _SISTERS


def _is_let_in(known: Known, body: Person | NewRole, signers: Iterable[uuid.UUID]) -> bool:
    """One colleague, if the role has no more rights than their own; else a second hand, too."""
    organisation_id = known.organisation_of(body)
    rights = PERMISSIONS[Role(body.role)]
    if isinstance(body, NewRole):  # to take a role away that may do more than one's own is no smaller thing
        rights |= PERMISSIONS[Role(known.members[body.member_id].role)]
    people = [known.members[each] for each in signers]
    colleagues = [each for each in people if each.organisation_id == organisation_id]
    if any(rights <= PERMISSIONS[Role(each.role)] for each in colleagues):
        return True
    # Neither is one whom the other alone let in: that would be one hand twice.
    return any(
        first.id != second.id and second.vouched_by != {first.id} and first.vouched_by != {second.id}
        for first in colleagues
        for second in people
    )


def _is_agreed_of_party(known: Known, body: Party, signers: Iterable[uuid.UUID], at: int) -> bool:
    """Two duty officers suspend, and end what is suspended; all else takes the coordinator, too."""
    people = [known.members[each] for each in signers]
    authority = [each for each in people if known.is_of(each, OrganisationKind.RESPONSIBLE_AUTHORITY)]
    officers = [each for each in authority if each.role == Role.DUTY_OFFICER]
    suspended = known.organisations[body.organisation_id].takes_no_part(at)
    if body.state == PartyState.SUSPENDED or (body.state == PartyState.OPENED and suspended):
        # Of two of whom one let the other in alone, both are one hand.
        pairs = ((first, second) for first in officers for second in officers if first.id != second.id)
        if any(one.vouched_by != {other.id} and other.vouched_by != {one.id} for one, other in pairs):
            return True
    if body.state == PartyState.SUSPENDED:
        return False
    return bool(authority) and any(each.role == Role.COORDINATOR for each in people)


def _seat(of: Organisation) -> str:
    return of.party or of.id.hex
