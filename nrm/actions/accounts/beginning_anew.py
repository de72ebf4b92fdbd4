"""A colleague begins anew: who lets them, who agrees or stops it, and when the old account is gone."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import transaction
from nrm.domain.accounts.accounts import (
    Actor,
    InvitationRefusal,
    InvitationRefused,
    NotPermitted,
    NotVisible,
    OrganisationKind,
    Permission,
    Role,
)
from nrm.domain.accounts.members import (
    KeyHappening,
    KeyHoldersDecide,
    LastKeyHolder,
    check_new_link_from_outside,
)
from nrm.domain.accounts.second_hands import ActKind, ActReason, WaitsForSecond
from nrm.domain.accounts.vouching import HandRefusal, NoSecondHand
from nrm.domain.accounts.words import AtDesk, NoOccasion, OccasionStatus
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.steps.accounts import alone, ceremonies, key_log
from nrm.steps.accounts import members as steps
from nrm.steps.accounts.key_events import happened
from nrm.store.accounts import inviting
from nrm.store.accounts import occasions as occasion_store
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import askers, typing
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.vault import shredding


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
