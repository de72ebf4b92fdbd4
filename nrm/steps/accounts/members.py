"""Letting a member begin again, and new versions of a keyring, inside the transaction of an action."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import INVITATION_HOURS, Actor, Permission
from nrm.domain.accounts.members import KeyHappening, OwnAccount, check_leaving
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import Invitation, KeyringWrap, Member, MemberSession, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.steps.accounts import ceremonies, passkeys
from nrm.steps.accounts.key_events import happened
from nrm.store.accounts import members as store
from nrm.store.accounts import occasions as occasion_store
from nrm.store.rows.accounts import members as member_rows
from nrm.vault import epochs, keyrings, second_factor
from nrm.vault import members as vault
from nrm.vault.keylog import words

KEEPS_FOR = timedelta(hours=INVITATION_HOURS)


def let_begin_again(session: Session, member_id: uuid.UUID, by: Actor) -> str:
    """Let a colleague begin again, for the second member who agreed to it; raises NotPermitted like the action."""
    by.must(Permission.ACCOUNT_DISABLE)
    member, _ = colleague(session, member_id, by)
    return begin_again(session, member, by)


def begin_again(session: Session, member: Member, by: Actor) -> str:
    """The member makes new keys, and the old ones are gone at once; returns the token of the one-time link.

    Another link for who has begun anew and has not joined yet forgets neither who asked nor who agreed, if anybody did.
    """
    check_leaving(holds=member_rows.holds_newest(member.id), others=member_rows.other_holders(member))
    if not ceremonies.has_begun_anew(session, member):
        ceremonies.close(session, member)
    end_links(session, member)
    _take_everything(session, member)
    member.status, member.left_at = "invited", None
    token = link(session, member, by, clock.now() + KEEPS_FOR)
    _anew(session, member, by)
    return token


def ask_to_begin_again(session: Session, member: Member, by: Actor) -> str:
    """The member may make new keys in 24 hours, or once a second hand agrees; returns the token of the link.

    Until then the old account goes on, and the link does not work yet. In 14 days where the actor was let in lately and
    the member was there before, or the actor alone would be left with the cases.
    """
    check_leaving(holds=member_rows.holds_newest(member.id), others=member_rows.other_holders(member))
    end_links(session, member)
    occasion = ceremonies.ask_anew(session, member, by, occasion_store.anew_after(member.id, by=by))
    assert occasion.effective_at is not None
    return link(session, member, by, occasion.effective_at + KEEPS_FOR)


def take_effect(session: Session, member: Member, occasion: Occasion, by: Actor) -> None:
    """The 24 hours are over, or a second hand agreed: the old keys, wraps and sessions go. Raises LastKeyHolder."""
    check_leaving(holds=member_rows.holds_newest(member.id), others=member_rows.other_holders(member))
    _take_everything(session, member)
    member.status, member.left_at = "invited", None
    occasion.status = str(OccasionStatus.OPEN)
    words.mark(occasion)
    _anew(session, member, by)


def agreed_after(session: Session, occasion: Occasion) -> None:
    """Of an account that ended by time alone a second hand agreed afterwards; the caller has named it."""
    words.mark(occasion)
    session.flush()


def stop(session: Session, member: Member, by: Actor) -> None:
    """Nobody lets the member begin anew any more; the link is dead."""
    ceremonies.close(session, member)
    end_links(session, member)
    happened(session, KeyHappening.ANEW_STOPPED, member, by=by)
    session.flush()
    audit.append(session, audit.Event.ANEW_STOPPED, by=by, member_id_anew=member.id)


def _anew(session: Session, member: Member, by: Actor) -> None:
    session.flush()
    happened(session, KeyHappening.BEGINS_ANEW, member, by=by)
    session.flush()
    audit.append(session, audit.Event.MEMBER_BEGINS_ANEW, by=by, member_id_anew=member.id)


def link(session: Session, member: Member, by: Actor, expires_at: datetime) -> str:
    """The token of a new one-time link for this member, which carries a mark."""
    token, digest = vault.new_invitation()
    made = Invitation(member_id=member.id, digest=digest, expires_at=expires_at, by_id=by.member_id)
    made.mark = words.invitation_mark(made, member)
    session.add(made)
    session.flush()
    return token


def held(session: Session, member_id: uuid.UUID) -> tuple[Member, Organisation]:
    """The member and their organisation, which is held until the transaction ends; the caller has decided who asks."""
    organisation_id = session.get_one(Member, member_id).organisation_id
    organisation = session.get_one(
        Organisation, organisation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    return session.get_one(Member, member_id, populate_existing=True), organisation


def end_links(session: Session, member: Member) -> None:
    """No link that was made for this member works any more."""
    session.execute(
        update(Invitation)
        .where(Invitation.member_id == member.id, Invitation.used_at.is_(None))
        .values(used_at=clock.now())
    )


def colleague(session: Session, member_id: uuid.UUID, by: Actor) -> tuple[Member, Organisation]:
    """The member and their organisation, which is held until the transaction ends; raises NotVisible, OwnAccount."""
    found = store.manageable(member_id, by=by)
    organisation = session.get_one(
        Organisation, found.organisation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if found.id == by.member_id:
        raise OwnAccount
    return store.manageable(member_id, by=by), organisation


def _take_everything(session: Session, member: Member) -> None:
    """Delete everything with which the member could sign in or open something.

    An interview that only they could open is lost: nobody else may have it (ADR 0059). Call `shredding.work_off` after
    the transaction.
    """
    session.execute(delete(MemberSession).where(MemberSession.member_id == member.id))
    session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == member.id))
    epochs.forget_member(session, member.id)
    second_factor.forget(member)
    vault.forget_keys(member)
    passkeys.forget_all(session, member.id)


def renew(session: Session, organisation: Organisation, by: Actor, *, lacking: bool = False) -> int:
    """Make the next version of the keyring; `lacking`: by somebody who said that they do not hold the present one.

    Raises CannotOpen, Disagrees.
    """
    make = keyrings.renew_without if lacking else keyrings.renew
    version, left_out = make(session, organisation, by=by)
    organisation.keyring_due_at = None
    for member in left_out:
        member.status = "waiting"
        happened(session, KeyHappening.WAITS_AGAIN, member, by=by)
    happened(session, KeyHappening.KEYRING_MADE, None, by=by, version=version)
    session.flush()
    audit.append(session, audit.Event.KEYRING_RENEWED, by=by, version=version, left_out=len(left_out))
    return version
