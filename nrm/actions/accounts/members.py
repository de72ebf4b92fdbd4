"""Members who leave and come back, and recovery codes."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import (
    Actor,
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
    WrongCode,
    check_coming_back,
    check_ending_from_outside,
    check_leaving,
    leaves_few,
)
from nrm.domain.accounts.second_hands import ActKind, ActReason, ActStatus, WaitsForSecond
from nrm.domain.accounts.vouching import HandRefusal, NoSecondHand
from nrm.models.accounts.accounts import Member, Organisation
from nrm.steps.accounts import alone, credentials, key_log, leaving
from nrm.steps.accounts import members as steps
from nrm.steps.accounts.credentials import COMMAND, Asker
from nrm.steps.accounts.key_events import happened
from nrm.steps.accounts.members import KEEPS_FOR
from nrm.store.accounts import second_hands as second_hand_store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import askers
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault import members as vault
from nrm.vault import shredding


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
