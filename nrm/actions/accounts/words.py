"""Words that one person reads and a colleague types: joining, beginning anew, founding, a telephone (ADR 0100)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from nrm import audit
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission, Role
from nrm.domain.accounts.vouching import Typist, check_typing
from nrm.domain.accounts.words import (
    TRIES,
    AgreedBefore,
    AgreedBeside,
    AskerStopped,
    AtDesk,
    CameByTime,
    CannotVouch,
    MadeTheLink,
    NewToDesk,
    NoOccasion,
    OccasionStatus,
    OneHand,
    OutsideFirst,
    SecondStopped,
    TypedBefore,
    WordPurpose,
    Words,
    WrongWords,
    span_of,
    wrong_groups,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.steps.accounts import ceremonies, key_log
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import askers, desk_hands, typing
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as rows
from nrm.vault import keyrings, second_factor
from nrm.vault import members as vault
from nrm.vault.keylog import people
from nrm.vault.keylog import words as word_vault

CannotOpen = vault.CannotOpen
KeyringDisagrees = keyrings.Disagrees


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """The words that a person reads, and what for. `typed`: a founder's were typed already by the other one.

    `code_due`: they are not shown yet, because the recovery code is not typed in. `as_signed`: the row has the name and
    the role that the person signed. `once`: one of two has typed them, and they were right; `once_outside`: somebody of
    another organisation. `repr` hides the words.
    """

    purpose: WordPurpose
    words: Words
    until: datetime
    typed: bool = False
    code_due: bool = False
    as_signed: bool = True
    once: bool = False
    once_outside: bool = False


def shown(*, by: Actor) -> Shown | None:
    """The words on the own page of somebody who waits, or who has lost a telephone; None for everybody else.

    Raises CannotOpen where the row has other keys than the actor's.
    """
    with transaction() as session:
        member = session.get(Member, by.member_id, populate_existing=True)
        if member is None:
            return None
        if by.keys is not None:
            # Nobody reads the words of keys that are not their own.
            vault.must_be_of_row(member, by.keys)
            vault.sign_own(member, by.keys)  # an account from before there was a key log
        occasion = _own_occasion(session, member, by)
        if occasion is None:
            return None
        purpose = WordPurpose(occasion.purpose)
        joins = purpose in (WordPurpose.JOINED, WordPurpose.ANEW)
        typed = typing.who_typed(member) if joins else frozenset()
        return Shown(
            purpose,
            word_vault.words(occasion, member, account_rows.instance().id),
            occasion.began_at + span_of(purpose),
            typed=occasion.status == OccasionStatus.TYPED,
            as_signed=purpose is WordPurpose.FACTOR or people.is_own(member),
            once=bool(typed),
            once_outside=bool(typed) and all(_is_outside(session, each, member) for each in typed),
            code_due=purpose is not WordPurpose.FACTOR and member.code_checked_at is None,
        )


def _is_outside(session: Session, typist_id: uuid.UUID, member: Member) -> bool:
    return session.get_one(Member, typist_id).organisation_id != member.organisation_id


def _own_occasion(session: Session, member: Member, by: Actor) -> Occasion | None:
    if member.status == "active":
        found = rows.going_on(session, member.id)
        own = found is not None and word_vault.is_telephone(found, by.session_id)
        if found is not None and own and ceremonies.lasts(found):
            return found
        other = found is not None and found.purpose != WordPurpose.FOUNDED
        if not other and key_log.founds(session, member):
            # Also of who worked here before the founding: for whom attests it.
            return ceremonies.founding(session, member) or ceremonies.opened(session, member, WordPurpose.FOUNDED)
    if not ceremonies.waits(session, member):
        return None
    organisation = session.get_one(Organisation, member.organisation_id)
    founded = rows.typed_of(session, member.id, [WordPurpose.FOUNDED])
    if founded and not account_rows.has_keyring(organisation.id):
        return founded[0]
    return ceremonies.opened(session, member, ceremonies.purpose_of(member, organisation))


def type_words(*, member_id: uuid.UUID, typed: Sequence[str], called_back: bool = False, by: Actor) -> bool:
    """Type the words that this person reads; if they are right, what they are for happens at once.

    Returns whether it did: a role with more rights than the actor's own waits for a second colleague, who types the
    same words. Raises NotVisible, NoOccasion, CannotVouch, TypedBefore, WrongWords (which groups), TooSoon after ten
    wrong entries in an hour; CannotOpen, KeyringDisagrees.
    """
    check(member_id, called_back=called_back, by=by)
    tries = failed_attempt_rows.Counter(second_factor.try_mark("words", f"{by.member_id} {member_id}"), TRIES)
    failed_attempt_rows.check_all(tries)
    try:
        with transaction() as session:
            member, organisation = _held(session, member_id)
            occasion = _typable(session, member, organisation, by, called_back=called_back)
            wrong = wrong_groups(typed, word_vault.words(occasion, member, account_rows.instance().id))
            if not wrong:
                holds = _carry_out(session, occasion, member, organisation, by)
                failed_attempt_rows.forgive(session, tries)
    except KeyringDisagrees:
        with transaction() as session:
            audit.append(session, audit.Event.KEYRING_REFUSED, by=by)
        raise
    if wrong:
        with transaction() as session:
            audit.append(session, audit.Event.WORDS_REFUSED, by=by, member_id_read=member_id)
            failed_attempt_rows.count(session, [tries])
        raise WrongWords(wrong)
    return holds


def check(member_id: uuid.UUID, *, called_back: bool = False, by: Actor) -> WordPurpose:
    """What this person's words are for, if the actor may type them; NotVisible, NoOccasion, CannotVouch."""
    session = db.session()
    member = rows.concerned(session, member_id, by.organisation_id)
    if member is None:
        raise NotVisible
    organisation = session.get_one(Organisation, member.organisation_id)
    inside = organisation.id == by.organisation_id
    looks = by.may(Permission.ORGANISATION_FOUND) or by.role is Role.DUTY_OFFICER
    if not inside and not looks and not key_log.may_let_in(session, member, by):
        raise NotVisible
    try:
        return WordPurpose(_typable(session, member, organisation, by, called_back=called_back).purpose)
    except (AgreedBefore, CameByTime, NewToDesk, SecondStopped):
        raise
    except (CannotVouch, NoOccasion):
        if inside:
            raise
        raise NotVisible from None


def _held(session: Session, member_id: uuid.UUID) -> tuple[Member, Organisation]:
    """The member and their organisation, locked in this order until the transaction ends."""
    organisation_id = session.get_one(Member, member_id).organisation_id
    organisation = session.get_one(
        Organisation, organisation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    member = session.get_one(Member, member_id, with_for_update={"key_share": True}, populate_existing=True)
    return member, organisation


def _typable(session: Session, member: Member, organisation: Organisation, by: Actor, *, called_back: bool) -> Occasion:
    """The occasion whose words the actor may type now; raises NoOccasion, CannotVouch."""
    occasion = rows.going_on(session, member.id)
    if occasion is None or not ceremonies.lasts(occasion):
        raise NoOccasion
    purpose, holds_keys = WordPurpose(occasion.purpose), OrganisationKind(organisation.kind).holds_keys
    if purpose is not WordPurpose.FACTOR and (not ceremonies.waits(session, member) or member.code_checked_at is None):
        raise NoOccasion
    if purpose is WordPurpose.FACTOR and member.status != "active":
        raise NoOccasion
    own = session.get(Member, by.member_id, populate_existing=True)
    if own is None or by.keys is None:
        raise CannotVouch
    same = own.organisation_id == organisation.id
    typed = key_log.typed_by(session, member, by) if purpose in (WordPurpose.JOINED, WordPurpose.ANEW) else None
    first_id = typed.by[0] if typed else None
    anew = purpose is WordPurpose.ANEW
    outside = anew and typing.needs_outside(member, occasion)
    active = own.status == "active"
    desk = by.role is Role.DUTY_OFFICER and active and member_rows.holds_newest(own.id)
    of_operator = organisation.kind == OrganisationKind.OPERATOR  # nobody else keeps its accounts
    typist = Typist(
        same_organisation=same,
        oneself=own.id == member.id,
        active=active,
        holds=active and member_rows.holds_newest(own.id),
        founder=own.status == "waiting" and own.code_checked_at is not None,
        alone=not rows.hands_beside(member, first_id, holds_keys=holds_keys)
        or bool(typed and not typed.inside)
        or outside,
        attests=not same and key_log.may_let_in(session, member, by),
        keeps_accounts=(by.may(Permission.ORGANISATION_FOUND) and active) or (of_operator and desk),
        duty_desk=desk,
        called_back=called_back,
    )
    check_typing(purpose, typist, holds_keys=holds_keys)
    if not same and by.role is Role.DUTY_OFFICER and rows.is_new_at_desk(own.id, own.organisation_id):
        raise NewToDesk
    if anew:
        for asker_id, since in askers.who_let_begin_anew(member, occasion):
            if not askers.may_ask(asker_id, since):
                raise AskerStopped
    if typed and own.id in typed.by:
        raise TypedBefore
    if anew and same:
        may = typing.of_colleague(member, occasion, own.id)
        if may is not typing.Typing.YES:
            raise OutsideFirst if may is typing.Typing.OUTSIDE else MadeTheLink
    if typed and not typed.further and not (outside and not same):
        raise OneHand
    if not same and purpose in (WordPurpose.JOINED, WordPurpose.ANEW):
        _must_type_for_desk(member, occasion, own.id)
    return occasion


def _must_type_for_desk(member: Member, occasion: Occasion, own_id: uuid.UUID) -> None:
    """Raise AgreedBefore, AgreedBeside, CameByTime, SecondStopped for whose hand from outside is none now."""
    if typing.stopped_by_typist(member):
        raise SecondStopped
    beside, at = desk_hands.beside_anew(member, own_id)
    if beside is not AtDesk.YES:
        raise AgreedBeside(at)
    if occasion.purpose != WordPurpose.ANEW:
        return
    may = typing.of_desk(member, occasion, own_id)
    if may is AtDesk.AGREES:
        raise CameByTime
    if may is not AtDesk.YES:
        raise AgreedBefore(typing.alone_from(member, occasion) if may is AtDesk.LATER else None)


def _carry_out(session: Session, occasion: Occasion, member: Member, organisation: Organisation, by: Actor) -> bool:
    """Returns whether nobody else has to type these words."""
    purpose = WordPurpose(occasion.purpose)
    if purpose in (WordPurpose.JOINED, WordPurpose.ANEW):
        return ceremonies.joined(session, member, organisation, occasion, by)
    ceremonies.typed(session, occasion, by)
    if purpose is WordPurpose.FACTOR:
        ceremonies.telephone(session, member, occasion, by)
    elif purpose is WordPurpose.FOUNDED:
        own = session.get_one(Member, by.member_id, with_for_update={"key_share": True}, populate_existing=True)
        mine = ceremonies.founding(session, own)
        if mine is not None and mine.status == OccasionStatus.TYPED and mine.typed_by_id == member.id:
            ceremonies.founded(session, organisation, own, member, by)
    return True
