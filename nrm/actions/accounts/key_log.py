"""Founding organisations in the key log, and agreeing to what others proposed there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotPermitted, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.key_log import ASKS_WHO_LEFT, State
from nrm.domain.accounts.key_log_entries import (
    EntryKind,
    EntryRefusal,
    EntryRefused,
    Founding,
    Genesis,
    NewName,
    NewRole,
    No,
    Person,
    Proposal,
    Restored,
    Standing,
    founders_of,
    foundings_in,
    hour_of,
    read_aloud_to,
)
from nrm.domain.accounts.vouching import HandRefusal, NoSecondHand
from nrm.domain.accounts.words import TRIES, WrongWords
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.audit import AuditEntry
from nrm.steps.accounts import ceremonies, organisations, parties, roles
from nrm.store.accounts import key_log as key_log_store
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts import proposals as proposal_rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.vault import keyrings, second_factor
from nrm.vault.keylog import belief, copies, files, log, people

_T = TypeVar("_T")
CannotOpen = keyrings.CannotOpen
LogWrong = log.LogWrong
NoKeyLog = files.NoKeyLog
WrongCopy = copies.WrongCopy

REASONS: dict[str, str] = {
    EntryRefusal.FORM: "its parts are not what its kind has",
    EntryRefusal.PLACE: "is missing, or another stands in its place",
    EntryRefusal.SIGNATURE: "the signature is not that of its signer over this entry at this place",
    EntryRefusal.TIME: "is earlier than the entry before it",
    EntryRefusal.SIGNER: "its signer may not sign this",
    EntryRefusal.SUBJECT: "is about somebody who is not there, or is there already",
    EntryRefusal.HANDS: "needs more hands than one",
    EntryRefusal.VOID: "agrees to what nobody proposed, or proposed too long ago",
    EntryRefusal.SERIAL: "its number of keys or keyrings does not follow",
    EntryRefusal.KEY: "a key in it is somebody's already",
    EntryRefusal.ROLE: "a role in it is none of such an organisation",
    EntryRefusal.BEGUN: "the log begins with one genesis",
    EntryRefusal.OPEN: "proposes what is proposed already",
    EntryRefusal.RESTORING: "stands where a restoring had to be agreed first",
    log.LogFault.SHORT: "is missing: the second database knows it",
    log.LogFault.ENTRY: "does not belong there",
    log.LogFault.AWAY: "cannot be held against the second database, which does not answer",
    log.LogFault.OTHER: "is not the one that the second database knows",
    log.LogFault.UNKNOWN: "is right, and the second database does not know it: it was not written by this program",
}


class NothingLost(Exception):
    """No browser knew an entry that is not there: whoever says so stops everybody from joining for nothing."""


class OtherLog(Exception):
    """A whole file, but of another instance, or one that lacks what the second database knows."""


def propose_founding(*, founders: Sequence[uuid.UUID], by: Actor) -> bytes:
    """Propose that the actor's organisation is founded by these members (the actor is one of them); the digest to agree
    to. The other founder and two attestors agree.

    Raises NotVisible for somebody else's people, EntryRefused, CannotOpen.
    """
    return _propose(EntryKind.FOUNDED, by, lambda session: _founding(session, by.organisation_id, founders, by))


def propose_genesis(
    *,
    founders: Sequence[tuple[uuid.UUID, Sequence[uuid.UUID]]],
    typed: Mapping[uuid.UUID, Sequence[str]] | None = None,
    by: Actor,
) -> bytes:
    """Propose that the log begins with these (organisation, its two founders); all of them agree. The actor is one.

    Each types the words of the colleague and of one of the other organisation, crosswise: the first of each those of
    the first of the other (`typed`, by member). The actor does it before anything is proposed, because all of the log
    stands on these keys. Raises NotVisible, EntryRefused, CannotOpen; WrongWords, NoOccasion.
    """

    def body(session: Session) -> Genesis:
        begins = Genesis(tuple(_founding(session, of, members, by, as_given=True) for of, members in founders))
        if by.member_id is not None:
            ceremonies.check_founders(session, read_aloud_to(begins, by.member_id), typed or {})
        return begins

    return _counted("genesis", by, lambda: _propose(EntryKind.GENESIS, by, body))


def propose_restored(*, number: int, by: Actor) -> bytes:
    """Propose that the log was put back although an entry of this number is known.

    Raises NothingLost unless the browser of somebody who signed in knew one of at least this number; EntryRefused,
    LogWrong, CannotOpen.
    """
    state()
    contradicted = select(AuditEntry.details).where(AuditEntry.event == str(audit.Event.KEY_LOG_CONTRADICTED))
    known = max((json.loads(each)["entry"] for each in db.session.scalars(contradicted)), default=0)
    db.session.rollback()
    if number > known:
        raise NothingLost
    return _propose(EntryKind.RESTORED, by, lambda _: Restored(number))


def found(
    *, other: str, further: Sequence[str], typed: Mapping[uuid.UUID, Sequence[str]] | None = None, by: Actor
) -> bytes:
    """`propose_founding` by sign-in names; the first entry of all is the genesis, with the founders of `further` too,
    for which the words of `other` and of the first of `further` are typed. An office without keys that one person makes
    up has no `other`.

    Raises NotVisible, NotPermitted, EntryRefused, CannotOpen; WrongWords, NoOccasion.
    """
    logins = [each for each in (other, *further) if each]
    found = {row.login: row for row in db.session.scalars(select(Member).where(Member.login.in_(logins)))}
    db.session.rollback()
    if by.member_id is None or by.organisation_id is None or set(found) != set(logins):
        raise NotVisible
    founders = [by.member_id, *([found[other].id] if other else [])]
    if state().begun:
        if further:
            raise NotPermitted("the log has begun")
        return propose_founding(founders=founders, by=by)
    groups: list[tuple[uuid.UUID, Sequence[uuid.UUID]]] = [(by.organisation_id, founders)]
    if further:
        groups.append((found[further[0]].organisation_id, [found[each].id for each in further]))
    return propose_genesis(founders=groups, typed=typed, by=by)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that is open; `what`: the code of the organisation, or the id of whom it is about."""

    digest: bytes
    kind: str
    what: str
    signed: int
    wanted: bool


def waiting(*, by: Actor) -> list[Waiting]:
    """The open proposals, and whether the actor could agree to each now. Raises LogWrong."""
    if by.member_id is None:
        raise NotPermitted("somebody with keys")
    now, at = state(), hour_of(clock.now())
    return [
        Waiting(
            each.digest, str(each.kind), _about(now, each), len(each.signers), now.still_needed(each, by.member_id, at)
        )
        for each in now.open_proposals(at)
    ]


@dataclass(frozen=True, slots=True)
class Told:
    """What a member is told of the key log. `days`: for how long the own organisation is still asked without a
    founding; `unfounded`: it is not founded, and is asked nothing; `wanted`: how many proposals wait for the member;
    `lost_since`: from when on entries are lost, for 14 days after two organisations agreed to go on without them.
    `accused`: it is proposed to suspend the own organisation; `desk_accused`: that of the duty desk, for all who hold
    keys elsewhere; `suspended`: (code, reason) of those that are, for the duty desk; `desk_out`: (code, reason) while
    that is, for all who hold keys. `asked`: what waits for the member's hand, what is urgent first; `founder_missing`:
    both founders sign the founding of the own organisation first, and one has not."""

    wrong: bool
    days: int | None
    unfounded: bool
    alone: bool
    wanted: int
    lost_since: datetime | None = None
    founds: bool = False
    asked: tuple[key_log_store.ProposalLine, ...] = ()
    accused: bool = False
    desk_accused: bool = False
    desk_out: tuple[tuple[str, str], ...] = ()
    suspended: tuple[tuple[str, str], ...] = ()
    founder_missing: bool = False

    def __bool__(self) -> bool:
        told = self.wrong or self.unfounded or self.alone or self.founds or self.wanted > 0
        told = told or self.accused or self.desk_accused or bool(self.suspended or self.desk_out)
        return told or self.days is not None or self.lost_since is not None


def standing(*, by: Actor) -> Told:
    """How the key log stands, for the actor's home page."""
    try:
        now, wrong = log.state(db.session), False
        log.must_be_trusted()
        log.must_be_whole(db.session())
    except log.LogWrong:
        now, wrong = log.last_state(db.session), True
    at = hour_of(clock.now())
    holds = by.kind is not None and by.kind.holds_keys and by.organisation_id is not None
    founded = by.organisation_id in now.organisations
    days = belief.days_left(db.session, by.organisation_id) if holds and not founded and by.organisation_id else None
    lines = key_log_store.proposals(state=now, by=by) if now.proposals else []
    asked = tuple(each for each in lines if each.wanted)
    lost = [each.since for each in now.lost if at - each.agreed_at < ASKS_WHO_LEFT]
    since = datetime.fromtimestamp(min(lost) * 3600, UTC) if lost else None
    own = (
        by.member_id == each.member_id
        for waits in now.open_proposals(at)
        if waits.kind is EntryKind.FOUNDED
        for each in founders_of(waits.body)
    )
    founds = not founded and any(own)
    desks = [
        each for each in now.organisations.values() if each.kind == OrganisationKind.RESPONSIBLE_AUTHORITY and holds
    ]
    unsigned = any(
        by.member_id in [each.member_id for each in founders_of(waits.body)]
        and any(each.member_id not in waits.signers for each in founders_of(waits.body))
        for waits in now.open_proposals(at)
        if waits.kind is EntryKind.FOUNDED
    )
    against = [waits for waits in now.open_proposals(at) if waits.kind is EntryKind.SUSPENDED]
    accused = any(_is_about(each, by.organisation_id) for each in against)
    desk_accused = any(_is_about(each, desk.id) for each in against for desk in desks) and not accused
    desk_out = tuple((each.code, each.suspended_for) for each in desks if each.suspended)
    out = [(each.code, each.suspended_for) for each in now.organisations.values() if each.suspended]
    told = tuple(out) if by.may(Permission.REFERRAL_DIRECT) else ()
    unfounded = holds and not founded and days is None
    return Told(
        wrong,
        days,
        unfounded,
        now.begins_alone,
        len(asked),
        since,
        founds,
        asked,
        accused,
        desk_accused,
        desk_out,
        suspended=told,
        founder_missing=founds and unsigned,
    )


def _is_about(proposal: Proposal, organisation_id: uuid.UUID | None) -> bool:
    return isinstance(proposal.body, Standing) and proposal.body.subject_id == organisation_id


def _about(now: State, proposal: Proposal) -> str:
    if foundings := foundings_in(proposal.body):
        return ", ".join(each.code for each in foundings)
    if isinstance(proposal.body, Standing):
        return now.organisations[proposal.body.subject_id].code
    whom = getattr(proposal.body, "member_id", None) or getattr(proposal.body, "organisation_id", "")
    return now.organisations[whom].code if whom in now.organisations else str(whom)


def _propose(kind: EntryKind, by: Actor, body_of) -> bytes:  # type: ignore[no-untyped-def]
    with transaction() as session:
        digest, _ = log.propose(session, kind, body_of(session), by=by)
        audit.append(session, audit.Event.KEY_LOG_PROPOSED, by=by, kind=kind)
    return digest


def agree(*, proposal: bytes, typed: Mapping[uuid.UUID, Sequence[str]] | None = None, by: Actor) -> bool:
    """Agree to a proposal; returns whether it holds now.

    Who attests a founding types the words of each founder's accession sheet (`typed`, by member), and with whom the log
    begins those of a colleague and of one of the other organisation: keys that somebody else put into the rows have
    other words. People are let in by their words alone (`words.type_words`). Raises EntryRefused, NotPermitted,
    CannotOpen, PartyRefused; WrongWords, NoOccasion, TooSoon after ten wrong entries; NoSecondHand for who is new at
    the duty desk, while somebody else there could.
    """
    if by.member_id is None:
        raise NotPermitted("somebody with keys")
    return _counted(proposal.hex(), by, lambda: _agree(proposal, typed or {}, by))


def _agree(proposal: bytes, typed: Mapping[uuid.UUID, Sequence[str]], by: Actor) -> bool:
    assert by.member_id is not None
    with transaction() as session:
        found = log.state(session).proposals.get(proposal)
        body = found.body if found is not None else None
        if isinstance(body, Person):
            raise NotPermitted("who joins is let in by their words")
        if isinstance(body, Founding | Genesis):
            ceremonies.check_founders(session, read_aloud_to(body, by.member_id), typed)
        parties.check_agreed(session, body)
        now, at = log.state(session), hour_of(clock.now())
        if found is not None and found not in now.open_proposals(at):
            raise EntryRefused(EntryRefusal.VOID)  # what it began from has changed, or it was of another night
        if found is not None and proposal_rows.is_for_older(now, found, by.member_id, at):
            raise NoSecondHand(HandRefusal.NEW)
        if found and isinstance(body, NewRole | Standing) and not now.still_needed(found, by.member_id, at):
            raise EntryRefused(EntryRefusal.HANDS)
        after = log.agree(session, proposal, by=by)
        audit.append(session, audit.Event.KEY_LOG_AGREED, by=by, kind=found.kind if found else "")
        holds = proposal not in after.proposals
        if holds and isinstance(body, NewRole):
            roles.follow(session, body, by)
        if holds and found and found.kind is EntryKind.SUSPENDED and isinstance(body, Standing):
            organisations.take_out(session, body.subject_id, by, reason=body.reason)
        if holds and found and found.kind is EntryKind.RESUMED and isinstance(body, Standing):
            organisations.let_in(session, body.subject_id, by)
        return holds


def decline(*, proposal: bytes, reason: No, by: Actor) -> bool:
    """Take back what the actor proposed, or say that they do not agree to what waits for their hand; returns whether
    that ended it. Raises NotPermitted, EntryRefused, LogWrong, CannotOpen; NoSecondHand as `agree`."""
    if by.member_id is None:
        raise NotPermitted("somebody with keys")
    with transaction() as session:
        log.hold(session)
        now, at = log.state(session), hour_of(clock.now())
        found = next((each for each in now.open_proposals(at) if each.digest == proposal), None)
        if found is None:
            raise EntryRefused(EntryRefusal.VOID)
        own = by.member_id == found.proposed_by
        if not own and not now.still_needed(found, by.member_id, at):
            raise EntryRefused(EntryRefusal.SIGNER)
        if not own and proposal_rows.is_for_older(now, found, by.member_id, at):
            raise NoSecondHand(HandRefusal.NEW)
        after = log.decline(session, proposal, No.MISTAKE if own else reason, by=by)
        audit.append(session, audit.Event.KEY_LOG_DECLINED, by=by, kind=found.kind, own=own)
        return proposal not in after.proposals


def _counted(about: str, by: Actor, do: Callable[[], _T]) -> _T:
    """What `do` gives; wrong words are counted, and after ten in an hour TooSoon is raised."""
    tries = Counter(second_factor.try_mark("words", f"{by.member_id} {about}"), TRIES)
    failed_attempt_rows.check_all(tries)
    try:
        return do()
    except WrongWords:
        with transaction() as session:
            audit.append(session, audit.Event.WORDS_REFUSED, by=by)
            failed_attempt_rows.count(session, [tries])
        raise


def by_login(words: Sequence[tuple[str, str]]) -> dict[uuid.UUID, list[str]]:
    """Words of founders by member, from (sign-in name, words in one line); a name of nobody is left out."""
    logins = dict(words)
    rows = db.session.execute(select(Member.login, Member.id).where(Member.login.in_(logins))).all()
    db.session.rollback()
    return {row.id: logins[row.login].replace("-", " ").split() for row in rows}


def sign_name(*, by: Actor) -> None:
    """Sign the name that the actor's organisation has in the country's file now; nothing where it is signed. Raises
    NotVisible for one that is not founded, EntryRefused, CannotOpen."""
    with transaction() as session:
        known = log.state(session).organisations.get(by.organisation_id) if by.organisation_id else None
        organisation = session.get(Organisation, by.organisation_id, populate_existing=True) if known else None
        if known is None or organisation is None:
            raise NotVisible
        digest = people.names_digest(organisation)
        if digest != known.names_digest:
            log.append(session, EntryKind.RENAMED, NewName(known.id, digest), by=by)
            audit.append(session, audit.Event.KEY_LOG_AGREED, by=by, kind=EntryKind.RENAMED)


def state() -> State:
    """The log as it stands; raises LogWrong."""
    with transaction() as session:
        return log.state(session)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with the log of the instance: each in words; and the copy that mends it, if there is one."""

    entries: int
    findings: tuple[str, ...]
    mended_by: Path | None


def verify(copies_given: Sequence[Path]) -> Verdict:
    """Verify the log from its first entry, hold it against the second database, and look which copy is whole."""
    wrong = copies.first_wrong()
    found = [] if wrong is None else [f"entry {wrong[0]}: {REASONS[wrong[1]]}"]
    with transaction() as session:
        length = len(log.exported(session)) - 1
        if wrong is None and (differ := copies.follow(session, log.state(session))):
            found.append(f"{differ} rows of members and organisations differ from the log; nrm tend puts them right")
            session.rollback()
    mended_by, whole = None, 0
    for path in (log.here(), *copies_given):
        try:
            read = copies.read(path)
        except OSError:
            found += [] if path == log.here() and not length else [f"{path}: cannot be read"]
            continue
        except files.NoKeyLog as error:
            found.append(f"{path}: line {error} is none of a key log")
            continue
        except copies.WrongCopy as error:
            found.append(f"{path}: entry {error.number}: {REASONS[error.reason]}")
            continue
        if not copies.mends(read):
            found.append(f"{path}: is another log, or shorter than the second database knows")
        elif wrong is not None and read.state.number > whole:
            mended_by, whole = path, read.state.number
    return Verdict(length, tuple(found), mended_by)


def mend(path: Path) -> int:
    """Put the entries of a whole copy in the place of the log's rows; how many. Nothing is signed by it.

    Raises copies.WrongCopy, files.NoKeyLog, OSError; OtherLog for a file that the second database contradicts.
    """
    read = copies.read(path)
    if not copies.mends(read):
        raise OtherLog
    with transaction() as session:
        number = copies.put_back(session, read, afresh=True)
        audit.append(session, audit.Event.KEY_LOG_MENDED, by=Actor.system("keylog"), entries=number)
    log.settle()
    log.compare()
    return number


def export() -> list[str]:
    """The lines of the log, for a file; they hold ids, keys and digests, and no secret."""
    return log.exported(db.session)


def check_file(path: Path) -> State:
    """What a file says, verified from its first entry; it needs nothing else. Raises as `copies.read`."""
    return copies.read(path).state


def _founding(
    session: Session,
    organisation_id: uuid.UUID | None,
    founders: Sequence[uuid.UUID],
    by: Actor,
    *,
    as_given: bool = False,
) -> Founding:
    organisation = session.get(Organisation, organisation_id, with_for_update={"key_share": True})
    if organisation is None:
        raise NotVisible
    found = []
    for member_id in founders:
        member = session.get(Member, member_id, populate_existing=True)
        if member is None or member.organisation_id != organisation.id or member.status != "active":
            raise NotVisible
        own = member.id == by.member_id and by.keys is not None
        found.append(people.signed_by(member, by.keys) if own and by.keys else people.person_of(member))
    public = b""
    if OrganisationKind(organisation.kind).holds_keys:
        public = bytes(keyrings.newest(session, organisation).public)
    body = people.founding_of(organisation, public, found, as_given=as_given)
    session.flush()
    return body
