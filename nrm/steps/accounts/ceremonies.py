"""How each ceremony ends, inside the transaction of an action: one function for each, after the words were right.

Joining and beginning anew, founding, another telephone. Whoever typed the words is `by`; what they let happen is
recorded here and nowhere else (ADR 0100, ADR 0101).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.accounts.key_log_entries import Person
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.words import GROUPS, NoOccasion, OccasionStatus, WordPurpose, WrongWords, span_of, wrong_groups
from nrm.models.accounts.accounts import Member, MemberSession, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.steps.accounts import key_log, passkeys
from nrm.steps.accounts.key_events import happened
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import askers
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as rows
from nrm.vault import keyrings, second_factor
from nrm.vault import members as vault
from nrm.vault.keylog import people, words


def lasts(occasion: Occasion) -> bool:
    """Whether the words of an open occasion still hold."""
    lasts_for = span_of(WordPurpose(occasion.purpose))
    return occasion.status == OccasionStatus.OPEN and clock.now() - occasion.began_at < lasts_for


def waits(session: Session, member: Member) -> bool:
    """Whether a colleague has to let the member in: the row says so, or the key log does not have these keys.

    Raises Disagrees while the key log is wrong.
    """
    return member.status == "waiting" or (member.status == "active" and not key_log.is_in(session, member))


def opened(session: Session, member: Member, purpose: WordPurpose) -> Occasion:
    """The open occasion of somebody who waits; a new one if there is none, or if the words held long enough.

    Raises NoOccasion when it was made by another process in the same instant: ask again.
    """
    found = rows.going_on(session, member.id)
    if found is not None and lasts(found) and found.purpose == purpose:
        return found
    if found is None:
        rows.remove_forged(session, member.id)
        found = _new(member)
        session.add(found)
    found.purpose = str(purpose)
    found.status = str(OccasionStatus.OPEN)
    found.serial = member.serial
    words.renew(session, found)
    words.mark(found)
    try:
        session.flush()
    except IntegrityError:
        raise NoOccasion from None
    return found


def _new(member: Member) -> Occasion:
    return Occasion(
        id=uuid.uuid4(),
        member_id=member.id,
        organisation_id=member.organisation_id,
        began_at=clock.now(),
        serial=member.serial,
    )


def purpose_of(member: Member, organisation: Organisation) -> WordPurpose:
    """What somebody who waits reads words for."""
    if OrganisationKind(organisation.kind).holds_keys and not account_rows.has_keyring(organisation.id):
        return WordPurpose.FOUNDED
    return WordPurpose.ANEW if member.serial > 1 else WordPurpose.JOINED


def founding(session: Session, member: Member) -> Occasion | None:
    """The occasion of a founder, open or typed: its words stand on the accession sheet."""
    found = rows.going_on(session, member.id)
    if found is not None and found.purpose == WordPurpose.FOUNDED and lasts(found):
        return found
    return next(iter(rows.typed_of(session, member.id, [WordPurpose.FOUNDED])), None)


def check_founders(session: Session, founders: Sequence[Person], typed: Mapping[uuid.UUID, Sequence[str]]) -> None:
    """Raise WrongWords unless what was typed are the words of each founder, as their accession sheets have them.

    Numbers of words go on from one founder to the next, in the order of `founders`. Keys in the rows that are not those
    of the proposal are no words at all: NoOccasion, as for a founder who has opened no sheet.
    """
    wrong: list[int] = []
    for place, person in enumerate(founders):
        member = session.get(Member, person.member_id, populate_existing=True)
        occasion = founding(session, member) if member is not None else None
        if member is None or occasion is None or people.person_of(member) != person:
            raise NoOccasion
        right = words.words(occasion, member, account_rows.instance().id)
        wrong += [GROUPS * place + each for each in wrong_groups(typed.get(person.member_id, ()), right)]
    if wrong:
        raise WrongWords(wrong)


def ask_anew(session: Session, member: Member, by: Actor, after: timedelta) -> Occasion:
    """A colleague lets the member begin anew: it waits, and the old account goes on until then."""
    rows.remove_forged(session, member.id)
    close(session, member)
    occasion = _new(member)
    occasion.purpose, occasion.status = str(WordPurpose.ANEW), str(OccasionStatus.WAITS)
    words.renew(session, occasion)
    occasion.by_id, occasion.effective_at = by.member_id, occasion.began_at + after
    words.mark(occasion)
    session.add(occasion)
    session.flush()
    happened(session, KeyHappening.ANEW_ASKED, member, by=by)
    session.flush()
    audit.append(session, audit.Event.ANEW_ASKED, by=by, member_id_anew=member.id)
    return occasion


def ask_telephone(
    session: Session, member: Member, session_digest: bytes, sealed_totp: bytes, step: int, by: Actor
) -> Occasion:
    """A telephone was set up in place of a lost one: it counts once a colleague has typed the words."""
    rows.remove_forged(session, member.id)
    found = rows.going_on(session, member.id)
    if found is not None and found.status == OccasionStatus.WAITS:
        raise NoOccasion  # she begins anew, and would lose this telephone with the rest
    close(session, member)
    occasion = _new(member)
    occasion.purpose, occasion.status = str(WordPurpose.FACTOR), str(OccasionStatus.OPEN)
    words.renew(session, occasion)
    occasion.session_digest, occasion.sealed_totp, occasion.totp_step = session_digest, sealed_totp, step
    words.mark(occasion)
    session.add(occasion)
    session.flush()
    audit.append(session, audit.Event.SECOND_FACTOR_LOST, by=by)
    return occasion


def has_begun_anew(session: Session, member: Member) -> bool:
    """Whether the member's account ended because a colleague asked that they begin anew, and nobody has let them in
    with new keys yet."""
    found = rows.going_on(session, member.id)
    asked = found is not None and found.by_id is not None and found.status == OccasionStatus.OPEN
    return asked and (member.status == "invited" or (member.status == "waiting" and askers.makes_new_keys(member)))


def reopen(session: Session, member: Member) -> None:
    """Of who comes back with new keys that nobody let in yet: who asked that they begin anew and who agreed stay known,
    as before their account was ended."""
    last = rows.last_anew(session, member.id)
    if last is None or rows.going_on(session, member.id) is not None or not askers.makes_new_keys(member):
        return
    last.status = str(OccasionStatus.OPEN)
    words.mark(last)
    session.flush()


def close(session: Session, member: Member) -> None:
    """Nobody types words for this member any more, until there is another occasion."""
    found = rows.going_on(session, member.id)
    if found is not None:
        found.status = str(OccasionStatus.OVER)
        words.mark(found)
        session.flush()


def end_lost_telephone(
    session: Session, member: Member, by: Actor, *, begun_in: Collection[bytes] | None = None
) -> bool:
    """Nobody types words for another telephone any more, and the session in which it was set up ends: the member was
    here with the old one. Returns whether one was waited for.

    `begun_in`: only if it was set up in one of these sessions.
    """
    found = rows.going_on(session, member.id)
    if found is None or found.purpose != WordPurpose.FACTOR:
        return False
    if begun_in is not None and found.session_digest not in begun_in:
        return False
    close(session, member)
    session.execute(
        update(MemberSession)
        .where(MemberSession.member_id == member.id, MemberSession.digest == found.session_digest)
        .values(sealed_keys=None, locked=False)
    )
    audit.append(session, audit.Event.SECOND_FACTOR_KEPT, by=by)
    return True


def typed(session: Session, occasion: Occasion, by: Actor) -> None:
    """The words were right, and this person typed them."""
    occasion.status, occasion.typed_by_id, occasion.typed_at = str(OccasionStatus.TYPED), by.member_id, clock.now()
    words.mark(occasion)
    session.flush()


def joined(session: Session, member: Member, organisation: Organisation, occasion: Occasion, by: Actor) -> bool:
    """Somebody joined, or began anew with new keys: an entry of the key log, and the keyring is wrapped to them.

    Returns whether they are in: a role with more rights than the typist's own waits for a second colleague, who types
    the same words. Raises CannotOpen, Disagrees.
    """
    holds_keys = OrganisationKind(organisation.kind).holds_keys
    let_in = key_log.is_in(session, member) or key_log.let_in(session, member, by)
    if not let_in or (holds_keys and by.organisation_id != organisation.id):
        # Who vouches from outside holds no keyring to share: a colleague types them once more.
        audit.append(session, audit.Event.WORDS_TYPED_ONCE, by=by, member_id_read=member.id)
        return False
    typed(session, occasion, by)
    member.status = "active"
    session.flush()
    if holds_keys and not member_rows.holds_newest(member.id):
        keyrings.share_keyring(session, member, by=by)
    happened(session, KeyHappening.CONFIRMED, member, by=by)
    session.flush()
    audit.append(session, audit.Event.MEMBER_CONFIRMED, by=by, member_id_confirmed=member.id)
    return True


def founded(session: Session, organisation: Organisation, one: Member, other: Member, by: Actor) -> None:
    """Two founders typed each other's words: the organisation's first keyring is made for both.

    For the key log the second of them proposes the founding; the other and two attestors agree (ADR 0098). Raises
    CannotOpen, Disagrees.
    """
    keyrings.make_keyring(session, organisation, (one, other))
    for member, by_id in ((one, other.id), (other, one.id)):
        member.status = "active"
        founder = Actor(by_id, organisation.id, None)
        happened(session, KeyHappening.FOUNDED, member, by=founder)
    happened(session, KeyHappening.KEYRING_MADE, None, by=by, version=1)
    session.flush()
    for waiting in rows.founders(session, organisation.id):
        close(session, waiting)
    session.flush()
    key_log.propose_founding(session, organisation, (one, other), by)
    audit.append(session, audit.Event.ORGANISATION_FOUNDED, by=by, founder_id=one.id, other_id=other.id)


def telephone(session: Session, member: Member, occasion: Occasion, by: Actor) -> None:
    """The new telephone counts; every session ends but the one that set it up, which opens everything from now on."""
    try:
        sealed = second_factor.now_counts(member.id, occasion.sealed_totp or b"")
    except vault.CannotOpen:
        raise NoOccasion from None
    second_factor.forget(member)
    member.sealed_totp, member.totp_step, member.totp_reset_at = sealed, occasion.totp_step, None
    passkeys.forget_all(session, member.id)
    session.execute(
        update(MemberSession)
        .where(MemberSession.member_id == member.id, MemberSession.digest != occasion.session_digest)
        .values(sealed_keys=None, locked=False)
        .execution_options(synchronize_session=False)
    )
    row = session.scalar(
        select(MemberSession)
        .where(MemberSession.digest == occasion.session_digest, MemberSession.member_id == member.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is not None and row.sealed_keys is not None and vault.is_session(row, row.digest, member.organisation_id):
        row.lacks_factor, row.proved_at = False, clock.now()
        vault.mark_session(row, member.organisation_id)
    session.flush()
    happened(session, KeyHappening.FACTOR_CHANGED, member, by=by)
    session.flush()
    audit.append(session, audit.Event.SECOND_FACTOR_EXCHANGED, by=by, member_id_exchanged=member.id)
