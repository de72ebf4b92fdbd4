"""Members who leave or start again with new keys, recovery codes, and new versions of an organisation's keyring."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import (
    Actor,
    InvitationRefusal,
    InvitationRefused,
    NotPermitted,
    NotVisible,
    OrganisationKind,
    Permission,
    Role,
    SignInRefused,
    UnusableInvitation,
)
from nrm.domain.accounts.members import (
    COMES_BACK,
    KeyHappening,
    KeyHoldersDecide,
    LastKeyHolder,
    WrongCode,
    check_coming_back,
    check_ending_from_outside,
    check_leaving,
    check_new_link_from_outside,
    leaves_few,
)
from nrm.domain.accounts.second_hands import ActKind, ActReason, ActStatus, WaitsForSecond
from nrm.domain.accounts.vouching import HandRefusal, NoSecondHand
from nrm.domain.accounts.words import AtDesk, NoOccasion, OccasionStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.steps.accounts import alone, ceremonies, credentials, key_log, leaving
from nrm.steps.accounts import members as steps
from nrm.steps.accounts.credentials import COMMAND, Asker
from nrm.steps.accounts.key_events import happened
from nrm.steps.accounts.members import KEEPS_FOR
from nrm.store.accounts import inviting
from nrm.store.accounts import members as store
from nrm.store.accounts import occasions as occasion_store
from nrm.store.accounts import second_hands as second_hand_store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import askers, typing
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault import epochs, grants, keyrings, rewrapping, shredding
from nrm.vault import members as vault

CannotOpen = vault.CannotOpen
HeldByOthers = rewrapping.HeldByOthers
_BATCH = 500
_SEALED_TOGETHER = 100  # compartments in one transaction: others wait for it on SQLite


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the move to a keyring's newest version is: `left` grants still wait, no key opens `unopenable` ones."""

    version: int
    moved: int
    left: int
    unopenable: int
    done: bool


@dataclass(frozen=True, slots=True)
class SealingProgress:
    """How far sealing under new keys is: `left` are still under older keys; no key opens `unopenable` of these."""

    sealed: int
    left: int
    unopenable: int
    done: bool


def disable(*, member_id: uuid.UUID, reason: ActReason = ActReason.LEFT, by: Actor) -> bool:
    """End a colleague's account and delete its sessions and wraps. Returns whether a new keyring is due.

    `reason`: one of `WHY_ENDED`; a second hand reads it.

    A key holder makes the new keyring in the same transaction. The keys are kept for 14 days, so that `bring_back` can
    undo it. An administrator ends accounts in offices that hold no keys, and links that nobody used; limits hold
    (`_bind_administrator`). Raises NotPermitted, KeyHoldersDecide, NotVisible, OwnAccount, LastKeyHolder, TooFewLeft,
    EndsTooMany, CannotOpen; WaitsForSecond where a second hand comes first: fewer than two people would hold the key,
    none of those who stay and are not suspended would be a second hand for the actor, the actor was let in lately and
    the colleague was there before, the actor's own hand suspended another colleague within 14 days, or them, if they
    are no newcomer to the actor, it is the last other one of the duty desk, it is the organisation's third in a day, or
    the colleague begins anew or came back and waits to be let in: who let them begin would end them alone. Who begins
    anew, or has to be let in again, counts as who they were.
    """
    by.must(Permission.ACCOUNT_DISABLE)
    with transaction() as session:
        _hold_if_administrator(session, by)
        member, organisation = steps.colleague(session, member_id, by)
        if member.status == "disabled":
            return False
        holds = member_rows.holds_newest(member.id)
        _bind_administrator(member, organisation, by, holds=holds)
        check_leaving(holds=holds, others=member_rows.other_holders(member))
        # Who begins anew, or has to be let in again, is asked for as before: then they held the key.
        held = holds or (askers.was_there(member) and OrganisationKind(organisation.kind).holds_keys)
        few = leaves_few(holds=held, others=member_rows.other_holders(member, able=True))
        few = few or (held and _no_other_hand(member, by)) or occasion_rows.is_new_to(by.member_id, member.id)
        few = few or _had_suspended(member, by) or _is_last_of_desk(member, by) or _let_begin_anew(member, by)
        few = few or act_rows.had_suspended_another(by.member_id, member)
        few = few or (member.status == "waiting" and key_log.knows(session, member.id))
        waits = _goes_among_colleagues(session, ActKind.END_ACCOUNT, reason, member, by, few=few)
        if waits is None:
            counts = _counts(member, by)
            due = leaving.leave(session, member, organisation, by)
            if counts:
                alone.count(session, ActKind.END_ACCOUNT, member_id, by)
    if waits is not None:
        raise WaitsForSecond(waits)
    shredding.work_off()
    return due


def _no_other_hand(member: Member, by: Actor) -> bool:
    """Whether, without the member, nobody there would be a second hand for the actor: whom the actor let in is none,
    nor is who is suspended."""
    left = occasion_rows.hands_beside(member, by.member_id, holds_keys=True)
    able = (each for each in left if suspension_rows.standing(each) is None)
    return all(occasion_rows.hand_refusal(each, by.member_id, member.id) is not None for each in able)


def _had_suspended(member: Member, by: Actor) -> bool:
    """Whether the actor, or somebody who is one hand with the actor, suspended this person lately: nobody stops a
    colleague and then ends their account alone. Of a newcomer to the actor it is as if nobody had."""
    newcomer = by.member_id is not None and occasion_rows.is_new_to(member.id, by.member_id)
    return not newcomer and act_rows.had_suspended(by.member_id, member.id)


def _let_begin_anew(member: Member, by: Actor) -> bool:
    """Whether the member begins anew because the actor, or who is one hand with the actor, asked for it or made the
    link: these would first take somebody's keys, and then the rest of the account."""
    if not askers.makes_new_keys(member):
        return False
    occasion = occasion_rows.going_on(db.session(), member.id)
    asked = askers.who_let_begin_anew(member, occasion)
    return any(occasion_rows.hangs_on_one(by.member_id, each) for each, _ in asked)


def _is_last_of_desk(member: Member, by: Actor) -> bool:
    """Whether the duty desk of the country would be the actor alone; who was let in lately is not missed there."""
    return occasion_rows.is_seasoned(member.id) and member_rows.is_last_other_of_desk(member, by.member_id)


def bring_back(*, member_id: uuid.UUID, by: Actor) -> None:
    """Let somebody in again who left within 14 days, with the keys they had. In an organisation that holds keys they
    wait: a colleague confirms them, and wraps the organisation's key to them.

    Raises NotPermitted, KeyHoldersDecide, NotVisible, GoneForGood; NoSecondHand for who is one hand with them, or was
    let in lately; WaitsForSecond where the account was ended for a suspicion, or by two hands.
    """
    by.must(Permission.ACCOUNT_DISABLE)
    with transaction() as session:
        member, organisation = steps.colleague(session, member_id, by)
        if organisation.id != by.organisation_id and OrganisationKind(organisation.kind).holds_keys:
            raise KeyHoldersDecide
        if member.status != "disabled":
            return
        check_coming_back(member.left_at, has_keys=member.sealed_kem is not None, now=clock.now())
        waits = None
        if organisation.id == by.organisation_id and _undoes_more_than_their_own(member, by):
            waits = alone.of_account(session, ActKind.LET_BACK, ActReason.COMES_BACK, member.id, by, few=True)
        if waits is None:
            leaving.come_back(session, member, by, waiting=key_log.lets_in_by_words(session, organisation))
    if waits is not None:
        raise WaitsForSecond(waits)


def _undoes_more_than_their_own(member: Member, by: Actor) -> bool:
    """Whether the account was ended for a suspicion, or by two hands: then two let the person in again. Raises
    NoSecondHand. Who alone said that the person left takes back what they did themselves."""
    ended = second_hand_store.last_ending(member.id, by=by)
    by_two = ended is not None and (ended.reason is ActReason.SUSPECTED or ended.status is ActStatus.AGREED)
    if ended is not None and not by_two and ended.asked_by_id == by.member_id:
        return False
    if occasion_rows.hangs_on_one(by.member_id, member.id):
        raise NoSecondHand(HandRefusal.ONE_HAND)
    if occasion_rows.is_new_among(by.member_id, member.organisation_id):
        raise NoSecondHand(HandRefusal.NEW)
    return by_two


def forget_left(*, by: Actor) -> int:
    """Delete the keys of those who left more than 14 days ago; returns how many. It needs no key."""
    over = select(Member.id).where(Member.status == "disabled", Member.left_at <= clock.now() - COMES_BACK)
    gone = 0
    for member_id in db.session.scalars(over.order_by(Member.id)).all():
        with transaction() as session:
            member, _ = steps.held(session, member_id)
            if member.status == "disabled" and member.left_at is not None:
                leaving.forget(session, member, by)
                gone += 1
    if gone:
        shredding.work_off()
    return gone


def _goes_among_colleagues(
    session: Session, kind: ActKind, reason: ActReason, member: Member, by: Actor, *, few: bool = False
) -> uuid.UUID | None:
    """As `alone.of_account`, if the member is a colleague whose end counts; else None."""
    return alone.of_account(session, kind, reason, member.id, by, few=few) if _counts(member, by) else None


def _counts(member: Member, by: Actor) -> bool:
    """Whether it is a colleague who loses something by it, which a person who has never joined does not."""
    return member.organisation_id == by.organisation_id and (member.status != "invited" or askers.was_there(member))


def _hold_if_administrator(session: Session, by: Actor) -> None:
    if by.may(Permission.ORGANISATION_FOUND):
        member_rows.hold_administrators(session)


def _bind_administrator(member: Member, organisation: Organisation, by: Actor, *, holds: bool) -> None:
    """The limits for an administrator, which an organisation's own people do not have: KeyHoldersDecide, TooFewLeft,
    EndsTooMany."""
    if by.may(Permission.ORGANISATION_FOUND):
        there = member.status != "invited" or askers.was_there(member)
        if there and OrganisationKind(organisation.kind).holds_keys:
            raise KeyHoldersDecide  # they suspend, and the key holders decide
        of_organisation, of_all = member_rows.ended_from_outside(member.organisation_id)
        others = member_rows.other_holders(member, checked=True)
        # A member whom a colleague can confirm counts as a holder too: that way back must stay open as well.
        holds |= member.status == "invited" and member_rows.has_link_of_colleague(member)
        check_ending_from_outside(holds=holds, others=others, of_organisation=of_organisation, of_all=of_all)


def begin_again(*, member_id: uuid.UUID, by: Actor) -> str:
    """Let a colleague who lost password and code, or who comes back, make new keys; returns the one-time link's token.

    For somebody with an account that works it takes effect after 24 hours, or once a second hand agrees: until then
    the old account goes on, tells who lets them begin anew, and can end it. Who was never let in begins at once. Of
    somebody whose account was ended a colleague agrees first, who gets the link (WaitsForSecond): else one hand would
    end an account and come back in its name. The administrator waits until the keys are gone (NoSecondHand).
    Nobody gets in by the link alone: a colleague types the words.
    In an organisation that holds keys, a key holder does this. The administrator does it in other organisations, and
    for a founder invited by administrators only who has not joined yet. Raises NotPermitted, KeyHoldersDecide,
    NotVisible, OwnAccount, LastKeyHolder; NoSecondHand for who suspended this person, or is one hand with who did,
    or whose same request was ended within a day; InvitationRefused: another link for who never joined is an invitation.
    """
    by.must(Permission.ACCOUNT_DISABLE)
    with transaction() as session:
        member, organisation = steps.colleague(session, member_id, by)
        holds_keys = OrganisationKind(organisation.kind).holds_keys
        if holds_keys and organisation.id != by.organisation_id:
            check_new_link_from_outside(
                invited=member.status == "invited",
                from_colleague=member_rows.has_link_of_colleague(member),
                founded=account_rows.has_keyring(organisation.id),
            )
        elif holds_keys and (by.member_id is None or not member_rows.holds_newest(by.member_id)):
            raise KeyHoldersDecide
        _must_not_be_refused(member, by)
        if member.status == "active":
            return steps.ask_to_begin_again(session, member, by)
        waits = _must_not_be_anothers(session, member, by)
        token = steps.begin_again(session, member, by) if waits is None else ""
    if waits is not None:
        raise WaitsForSecond(waits)
    shredding.work_off()
    return token


def _must_not_be_anothers(session: Session, member: Member, by: Actor) -> uuid.UUID | None:
    """The act that waits for a second hand, where the account had been let in before, and was ended or has a link of
    another; None where nobody loses anything by it, as by another link of who let them begin anew. Raises NoSecondHand.
    """
    begun = member.status == "invited" or ceremonies.has_begun_anew(session, member)
    again = begun and occasion_rows.last_link_by(member.id) == by.member_id
    if member.status == "active" or again or not key_log.knows(session, member.id):
        return None
    if member.organisation_id == by.organisation_id:
        return alone.of_account(session, ActKind.BEGIN_ANEW, ActReason.LOST_KEYS, member.id, by, few=True)
    if member.sealed_kem is not None:
        raise NoSecondHand(HandRefusal.ENDED)
    return None


def _must_not_be_refused(member: Member, by: Actor) -> None:
    """Raise NoSecondHand where somebody would first stop a colleague and then make new keys in their name, or asks
    again for what was ended today; InvitationRefused where it is an invitation, and the actor invites nobody now."""
    refusal = inviting.anew_refusal(member.id, by=by)
    if isinstance(refusal, InvitationRefusal):
        raise InvitationRefused(refusal)
    if refusal is not None:
        raise NoSecondHand(refusal)


def agree_to_anew(*, member_id: uuid.UUID, called_back: bool = False, by: Actor) -> None:
    """A second hand agrees that this member begins anew: the old account is gone at once, and the link works.

    Where an organisation has no second hand, the duty desk of the Responsible Authority is one, after a call back. Of
    an account that ended by time alone it agrees afterwards, before anybody types words. Raises NotVisible,
    NoSecondHand, NoOccasion, LastKeyHolder.
    """
    with transaction() as session:
        member, _ = _held_for_anew(session, member_id, by)
        occasion = occasion_rows.going_on(session, member.id)
        late = _is_for_desk_after(member, occasion, by)
        if occasion is None or not (late or occasion.status == OccasionStatus.WAITS):
            raise NoOccasion
        if not askers.may_ask(occasion.by_id):
            raise NoOccasion
        refusal = occasion_store.refusal_as_second_hand(
            member.id, first_id=occasion.by_id, called_back=called_back, by=by
        )
        if refusal is not None:
            raise NoSecondHand(refusal)
        occasion.second_id = by.member_id
        happened(session, KeyHappening.ANEW_AGREED, member, by=by)
        if late:
            steps.agreed_after(session, occasion)
        else:
            steps.take_effect(session, member, occasion, by)
        audit.append(session, audit.Event.ANEW_AGREED, by=by, member_id_anew=member.id)
    shredding.work_off()


def _is_for_desk_after(member: Member, occasion: Occasion | None, by: Actor) -> bool:
    """Whether the account ended by time alone, and the actor is of the duty desk, which agrees before it types."""
    if by.member_id is None or by.role is not Role.DUTY_OFFICER or by.organisation_id == member.organisation_id:
        return False
    return typing.of_desk(member, occasion, by.member_id) is AtDesk.AGREES


def stop_anew(*, member_id: uuid.UUID, by: Actor) -> None:
    """The member, whoever let them begin anew, another holder, or the duty desk that is asked to be the second hand
    ends it before it takes effect: the account goes on.

    Raises NotVisible, NoOccasion, NotPermitted.
    """
    with transaction() as session:
        member, organisation = _held_for_anew(session, member_id, by)
        occasion = occasion_rows.going_on(session, member.id)
        if occasion is None or occasion.status != OccasionStatus.WAITS:
            raise NoOccasion
        own = by.member_id in (member.id, occasion.by_id)
        holds_keys = OrganisationKind(organisation.kind).holds_keys
        inside = by.organisation_id == organisation.id and by.keys is not None
        holds = inside and by.member_id is not None and member_rows.holds_newest(by.member_id)
        # The duty desk, where it is the second hand, has called her: she may say that she did not ask for it.
        desk = by.role is Role.DUTY_OFFICER and not inside and by.keys is not None and _is_asked(member, occasion, by)
        if not own and not desk and not (holds if holds_keys else inside):
            raise NotPermitted("to end that a colleague begins anew")
        steps.stop(session, member, by)


def _is_asked(member: Member, occasion: Occasion, by: Actor) -> bool:
    """Whether the actor is asked to be the second hand that lets the member begin anew."""
    refusal = occasion_store.refusal_as_second_hand(member.id, first_id=occasion.by_id, called_back=True, by=by)
    return refusal is None


def take_effect_of_anew(*, by: Actor) -> int:
    """Let those begin anew whose 24 hours are over; returns how many. Who would leave nobody with the key waits on."""
    done = 0
    for waiting in occasion_rows.due(clock.now()):
        try:
            with transaction() as session:
                organisation_id = session.get_one(Member, waiting.member_id).organisation_id
                session.get_one(Organisation, organisation_id, with_for_update={"key_share": True})
                member = session.get_one(Member, waiting.member_id, populate_existing=True)
                occasion = occasion_rows.going_on(session, member.id)
                if occasion is None or occasion.status != OccasionStatus.WAITS or member.status != "active":
                    continue
                if not askers.may_ask(occasion.by_id) or occasion_rows.needs_hand(occasion):
                    steps.stop(session, member, by)
                    continue
                steps.take_effect(session, member, occasion, by)
                done += 1
        except LastKeyHolder:
            continue
    if done:
        shredding.work_off()
    return done


def _held_for_anew(session: Session, member_id: uuid.UUID, by: Actor) -> tuple[Member, Organisation]:
    """The member and their organisation, held; for who is in it, the duty desk and who keeps the accounts."""
    member = occasion_rows.concerned(session, member_id, by.organisation_id)
    if member is None:
        raise NotVisible
    if member.organisation_id != by.organisation_id:
        waits = occasion_rows.going_on(session, member.id)
        outside = by.role is Role.DUTY_OFFICER or by.may(Permission.ORGANISATION_FOUND)
        if not outside or waits is None:
            raise NotVisible
        if waits.status != OccasionStatus.WAITS and not _is_for_desk_after(member, waits, by):
            raise NotVisible
    organisation = session.get_one(
        Organisation, member.organisation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    return session.get_one(Member, member_id, populate_existing=True), organisation


def renew_keyring(*, by: Actor, seen: int | None = None) -> int:
    """Make a new version of the organisation's keyring; returns the newest version. Raises NotPermitted, CannotOpen.

    Makes none if the work for the present version is not finished and nobody left since; or if there is a newer one
    than the actor has `seen`.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    with transaction() as session:
        organisation = _own_organisation(session, by)
        stands = store.keys(by=by)
        if stands.under_way or (seen is not None and seen < stands.version):
            return stands.version
        return steps.renew(session, organisation, by)


def renew_spent_keyring(*, by: Actor) -> None:
    """Make a new keyring if somebody left who held the newest one; else nothing. Raises as `renew_keyring`."""
    if key_log.is_spent(db.session(), by.organisation_id):
        renew_keyring(by=by)


def move_grants(*, by: Actor, seconds: float | None = None, progress: Callable[[int], None] | None = None) -> Moved:
    """Wrap the organisation's grants to the newest version of its keyring, then delete the older versions.

    It works for `seconds`, or until it is done. It can be interrupted at any point and continued. `progress` is told
    how many grants were moved each time. Raises NotPermitted, CannotOpen.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    until = None if seconds is None else time.monotonic() + seconds
    moved = 0
    unopenable: set[rewrapping.Unopenable] = set()
    while True:
        to = _recipient(by)
        unopenable.clear()
        for kind in rewrapping.KINDS:
            after: grants.Place | None = None
            while True:
                batch = rewrapping.wrapped_again(db.session(), kind, to, after=after, size=_BATCH, by=by)
                db.session.rollback()
                if batch.rows:
                    with transaction() as session:
                        rewrapping.keep(session, kind, batch)
                moved += len(batch.rows)
                unopenable |= set(batch.unopenable)
                if progress is not None:
                    progress(len(batch.rows))
                if until is not None and time.monotonic() >= until:
                    return Moved(to.version, moved, _versions_behind(by), len(unopenable), done=False)
                after = batch.last
                if after is None:
                    break
        if _finish(to, unopenable, by):
            return Moved(to.version, moved, 0, len(unopenable), done=True)


def seal_again(
    *, by: Actor, seconds: float | None = None, progress: Callable[[int], None] | None = None
) -> SealingProgress:
    """Give a new epoch to every compartment that the organisation held under an older version of its keyring.

    Then no key that a former member may have kept opens the present files. All who hold a compartment keep it, so any
    of them can do this, not only the holder of the case. It can be interrupted at any point and continued. Call it
    after `move_grants`. Raises NotPermitted, CannotOpen.
    """
    by.must(Permission.ACCOUNT_CONFIRM)
    until = None if seconds is None else time.monotonic() + seconds
    to = _recipient(by)
    sealed, after = 0, None
    unopenable: list[grants.Place] = []
    while places := grants.exposed(db.session(), to.organisation_id, to.version, after=after, size=_SEALED_TOGETHER):
        db.session.rollback()
        with transaction() as session:
            done = epochs.seal_again(session, places, by=by)
            audit.append(session, audit.Event.SEALED_ANEW, by=by, version=to.version, compartments=done.sealed)
        sealed, after = sealed + done.sealed, places[-1]
        unopenable += done.unopenable
        if progress is not None:
            progress(len(places))
        if until is not None and time.monotonic() >= until:
            break
    else:
        db.session.rollback()
        _end_sealing_again(to, len(unopenable), by)
    shredding.work_off()
    stands = store.keys(by=by)
    return SealingProgress(sealed, store.number_exposed(by=by), len(unopenable), done=stands.seal_again_since is None)


def _end_sealing_again(to: grants.Recipient, unopenable: int, by: Actor) -> None:
    """Take the organisation off the list of those that must seal again, if nothing that can be opened is left."""
    with transaction() as session:
        organisation = _own_organisation(session, by)
        stands = store.keys(by=by)
        left = store.number_exposed(by=by)
        if organisation.anew_due_at is None or stands.due_at or stands.unfinished or left > unopenable:
            return
        organisation.anew_due_at = None
        happened(session, KeyHappening.SEALED_ANEW, None, by=by, version=to.version)


def _finish(to: grants.Recipient, unopenable: set[rewrapping.Unopenable], by: Actor) -> bool:
    """Delete the older versions. False if, meanwhile, something was sealed to one of them or a newer one was made."""
    with transaction() as session:
        organisation = _own_organisation(session, by, alone=True)
        if keyrings.newest(session, organisation).version != to.version:
            return False
        stands = store.keys(by=by)
        if not stands.old_wraps:
            return True
        rewrapping.move_tags(session, to, by=by)
        if not rewrapping.drop_old(session, to, unopenable, by=by):
            return False
        happened(session, KeyHappening.KEYRING_MOVED, None, by=by, version=to.version)
        session.flush()
        audit.append(session, audit.Event.KEYRING_MOVED, by=by, version=to.version, unopenable=len(unopenable))
        return True


def _recipient(by: Actor) -> grants.Recipient:
    if by.organisation_id is None:
        raise CannotOpen
    to = grants.recipients(db.session(), [by.organisation_id], by=by)[0]
    db.session.rollback()
    return to


def _versions_behind(by: Actor) -> int:
    return store.keys(by=by).behind


def _own_organisation(session: Session, by: Actor, *, alone: bool = False) -> Organisation:
    """The actor's organisation, locked until the transaction ends; `alone`: nobody can seal to it meanwhile either."""
    if by.organisation_id is None:
        raise CannotOpen
    return session.get_one(
        Organisation, by.organisation_id, with_for_update={"key_share": not alone}, populate_existing=True
    )


def joined_by(token: str) -> Member:
    """Who accepted the invitation and has not checked the recovery code yet; raises UnusableInvitation."""
    invitation = account_rows.invitation(vault.invitation_digest(token))
    if invitation is None or invitation.used_at is None or clock.now() - invitation.used_at >= KEEPS_FOR:
        raise UnusableInvitation
    member = db.session.get(Member, invitation.member_id, populate_existing=True)
    if member is None or member.status not in ("waiting", "active") or member.code_checked_at is not None:
        raise UnusableInvitation
    return member


def check_code_of_invitation(*, token: str, code: str) -> None:
    """Re-type the recovery code right after joining. Raises UnusableInvitation, WrongCode."""
    _check_code(joined_by(token), code)


def check_code(*, code: str, by: Actor) -> None:
    """Re-type one's present recovery code. Raises WrongCode, NotVisible."""
    member = db.session.get(Member, by.member_id, populate_existing=True)
    if member is None:
        raise NotVisible
    _check_code(member, code)


def _check_code(member: Member, code: str) -> None:
    account = account_rows.credentials(member.login)
    if account is None or vault.unlock_by_code(account, code) is None:
        raise WrongCode
    with transaction() as session:
        member = session.get_one(Member, member.id, with_for_update={"key_share": True}, populate_existing=True)
        if member.sealed_kem_recovery != account.sealed_kem_recovery:
            raise WrongCode  # a new code was made at the same moment
        if member.code_checked_at is not None:
            return
        by = Actor(member.id, member.organisation_id, Role(member.role))
        member.code_checked_at, member.code_due = clock.now(), False
        happened(session, KeyHappening.CODE_CHECKED, member, by=by)
        session.flush()
        audit.append(session, audit.Event.RECOVERY_CODE_CHECKED, by=by)


def make_code(*, password: str, by: Actor, asker: Asker = COMMAND) -> str:
    """Make a new recovery code, which is shown once; the old one no longer works. Raises SignInRefused, TooSoon."""
    member = db.session.get(Member, by.member_id)
    if member is None:
        raise SignInRefused
    account, keys = credentials.prove_password(member.login, password, "recovery-code", asker)
    with transaction() as session:
        member = credentials.hold(session, account)
        code = vault.make_code(member, keys)
        happened(session, KeyHappening.CODE_MADE, member, by=by)
        session.flush()
        audit.append(session, audit.Event.RECOVERY_CODE_MADE, by=by)
    return code
