"""How an account begins: a colleague invites, and whoever has the link makes its keys."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nrm import audit, clock
from nrm.db import db, hit_one, transaction
from nrm.domain.accounts.accounts import (
    INVITATION_HOURS,
    Actor,
    InvitationRefused,
    LoginRefusal,
    NotPermitted,
    OrganisationKind,
    Permission,
    Role,
    UnusableInvitation,
    UnusableLogin,
    check_prefix,
    normalise_login,
)
from nrm.domain.accounts.members import KeyHappening, check_inviting, is_ended_by_founding
from nrm.domain.accounts.vouching import NotYet
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import Invitation, Member, Organisation
from nrm.steps.accounts import key_log
from nrm.steps.accounts import members as member_steps
from nrm.steps.accounts.key_events import happened
from nrm.steps.accounts.new_passwords import check_new
from nrm.store import names
from nrm.store.accounts import inviting
from nrm.store.countries import country
from nrm.store.rows.accounts import accounts as account_rows
from nrm.store.rows.accounts import askers, person_names
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.vault import members as vault
from nrm.vault.keylog import words


@dataclass(frozen=True, slots=True)
class Joined:
    """The outcome of accepting an invitation. The recovery code is shown once and kept nowhere."""

    login: str
    recovery_code: str
    waiting: bool


def invite(*, organisation_id: uuid.UUID, login: str, name: str, role: Role, by: Actor) -> str:
    """Make an account and return the token of its one-time link.

    A key holder does this in their own organisation. The administrator does it for organisations in which nobody holds
    a key, and for founders.
    Of each hand at most five links are open or were made within a day; a colleague invites nobody in the first 14 days
    where others were before.
    Raises NotPermitted, KeyHoldersDecide, NotVisible, UnusableLogin, InvitationRefused.
    """
    by.must(Permission.ACCOUNT_INVITE)
    return _invite(organisation_id, login, name, role, by)


def invite_first(*, login: str, name: str) -> str:
    """The first administrator of a new instance; raises NotPermitted once there is any member."""
    operator = account_rows.operator()
    if account_rows.has_members():
        raise NotPermitted("the instance has members")
    return _invite(operator.id, login, name, Role.ADMINISTRATOR, Actor.system("init"))


def _invite(organisation_id: uuid.UUID, login: str, name: str, role: Role, by: Actor) -> str:
    login = normalise_login(login)
    with transaction() as session:
        organisation = names.organisation(organisation_id)
        # Held until the end, as in `confirm`: who is the second key holder is decided before this or after it.
        session.refresh(organisation, with_for_update={"key_share": True})
        if by.member_id is not None:
            check_inviting(
                own=organisation.id == by.organisation_id,
                holds=member_rows.holds_newest(by.member_id),
                keeps_accounts=by.may(Permission.ORGANISATION_FOUND),
                holds_keys=OrganisationKind(organisation.kind).holds_keys,
                founded=account_rows.has_keyring(organisation.id),
            )
        if role not in country().roles_of(organisation.code, OrganisationKind(organisation.kind)):
            raise NotPermitted(role)
        if refusal := inviting.refusal(organisation_id, by=by):
            raise InvitationRefused(refusal)
        check_prefix(login, organisation.code, session.scalars(select(Organisation.code)))
        if account_rows.member_by_login(login) is not None:
            raise UnusableLogin(LoginRefusal.TAKEN)
        if person_names.looks_like_login(organisation_id, login):
            raise UnusableLogin(LoginRefusal.ALIKE)
        member = Member(
            id=uuid.uuid4(),
            organisation_id=organisation_id,
            login=login,
            name=name.strip(),
            role=role,
            status="invited",
            created_at=clock.now(),
        )
        session.add(member)
        try:
            session.flush()
        except IntegrityError:  # taken in the same instant
            raise UnusableLogin(LoginRefusal.TAKEN) from None
        token = member_steps.link(session, member, by, clock.now() + timedelta(hours=INVITATION_HOURS))
        audit.append(session, audit.Event.MEMBER_INVITED, by=by, member_id_invited=member.id, role=role)
    return token


def invited(token: str) -> Member:
    """Who a link invites; raises UnusableInvitation, NotYet while the old account of who begins anew goes on."""
    invitation = account_rows.invitation(vault.invitation_digest(token))
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= clock.now():
        raise UnusableInvitation
    member = db.session.get(Member, invitation.member_id, populate_existing=True)
    if member is None or not words.is_invitation(invitation, member):
        raise UnusableInvitation
    if not askers.may_ask(invitation.by_id):
        raise UnusableInvitation
    organisation = names.organisation(member.organisation_id)
    if not organisation.enabled:
        raise UnusableInvitation
    if member.status == "active":
        waits = occasion_rows.going_on(db.session(), member.id)
        if waits is not None and waits.status == OccasionStatus.WAITS and waits.effective_at is not None:
            raise NotYet(waits.effective_at, needs_hand=occasion_rows.needs_hand(waits))
    if member.status != "invited":
        raise UnusableInvitation
    if is_ended_by_founding(
        from_colleague=member_rows.is_colleagues(invitation, member),
        holds_keys=OrganisationKind(organisation.kind).holds_keys,
        founded=account_rows.has_keyring(organisation.id),
    ):
        raise UnusableInvitation
    return member


def join(*, token: str, password: str) -> Joined:
    """Accept an invitation: the member's keys are made here and nowhere else.

    The member waits until a colleague has typed the words that their page shows; the two founders of an organisation
    do it for each other. Only where an office without keys has nobody yet, its first member is active at once.
    Raises UnusableInvitation, WeakPassword.
    """
    check_new(password, invited(token))
    with transaction() as session:
        # Held until the end: of two who join at once only one is an office's first.
        organisation_id = invited(token).organisation_id
        organisation = session.get_one(
            Organisation, organisation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        member = invited(token)
        digest = vault.invitation_digest(token)
        used = hit_one(
            session,
            update(Invitation)
            .where(Invitation.digest == digest, Invitation.used_at.is_(None))
            .values(used_at=clock.now()),
        )
        if not used:  # by somebody else who had the link, in the same instant
            raise UnusableInvitation
        _, code = vault.make_member_keys(member, password)
        holds_keys = OrganisationKind(organisation.kind).holds_keys
        waits = holds_keys or occasion_rows.has_active(organisation) or not key_log.is_in(session, member)
        member.status = "waiting" if waits else "active"
        by = Actor(member.id, organisation.id, Role(member.role))
        happened(session, KeyHappening.JOINED, member, by=by)
        audit.append(session, audit.Event.INVITATION_ACCEPTED, by=by)
        return Joined(member.login, code, waits)
