"""Who holds which version of an organisation's keyring, and what an account may do next, for actions."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import INVITATION_HOURS, SHELTERS, Role
from nrm.domain.accounts.members import A_DAY, KEY_HOLDERS_NEEDED, KeyHappening
from nrm.models.accounts.accounts import Invitation, KeyEvent, Keyring, KeyringWrap, Member, Organisation
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault.keylog import log


def is_newest() -> ColumnElement[bool]:
    """Whether a `Keyring` of the query is its organisation's newest."""
    newer = aliased(Keyring)
    return ~exists().where(newer.organisation_id == Keyring.organisation_id, newer.version > Keyring.version).correlate(
        Keyring
    )


def _has_typed_code() -> ColumnElement[bool]:
    """Whether the member of the query typed in their recovery code, the present one or one before it.

    Who makes a new code while at work holds the key as before: until they type it in their home page asks for it, and
    the organisation goes on accepting people. Who begins anew types the new one before they are let in.
    """
    before = exists().where(
        KeyEvent.organisation_id == Member.organisation_id,
        KeyEvent.member_id == Member.id,
        KeyEvent.event == str(KeyHappening.CODE_CHECKED),
    )
    return or_(Member.code_checked_at.is_not(None), before.correlate(Member))


def number_of_holders(organisation_id: Any, *, checked: bool = True, at: datetime | None = None) -> ScalarSelect[int]:
    """How many active members of the organisation hold its newest keyring and checked a recovery code.

    Not `checked`: also those who have not checked it yet. `at`: only those who are not suspended at that moment.
    """
    return (
        select(func.count())
        .select_from(KeyringWrap)
        .join(Keyring, Keyring.id == KeyringWrap.keyring_id)
        .join(Member, Member.id == KeyringWrap.member_id)
        .where(
            Keyring.organisation_id == organisation_id,
            Member.organisation_id == organisation_id,
            Member.status == "active",
            *([_has_typed_code()] if checked else []),
            *([~suspension_rows.is_suspended(Member.id, at)] if at is not None else []),
            is_newest(),
        )
        .scalar_subquery()
    )


_HOLDERS = select(number_of_holders(bindparam("organisation_id")))


_SHORT_OF_HOLDERS = select(Organisation.party).where(
    Organisation.kind.in_(SHELTERS), number_of_holders(Organisation.id) < KEY_HOLDERS_NEEDED
)


_WITHOUT_HOLDER = select(Organisation.party).where(
    Organisation.kind.in_(SHELTERS), number_of_holders(Organisation.id) == 0
)


def may_accept(organisation_id: uuid.UUID) -> bool:
    """Whether enough people hold the organisation's key."""
    return (db.session.scalar(_HOLDERS, {"organisation_id": organisation_id}) or 0) >= KEY_HOLDERS_NEEDED


def all_suspended() -> set[uuid.UUID]:
    """The shelters in which everybody who holds the key is suspended."""
    there = select(Organisation.id).where(
        Organisation.kind.in_(SHELTERS),
        number_of_holders(Organisation.id) > 0,
        number_of_holders(Organisation.id, at=clock.now()) == 0,
    )
    return set(db.session.scalars(there))


def parties_short_of_holders() -> set[str]:
    """The shelters' parties whose organisation may not accept anybody yet."""
    return set(db.session.scalars(_SHORT_OF_HOLDERS))


def parties_without_holder() -> set[str]:
    """The shelters' parties of which nobody holds the key: they could not open what they are sent."""
    return set(db.session.scalars(_WITHOUT_HOLDER))


def has_newest(member_id: Any) -> ColumnElement[bool]:
    """Whether the newest keyring of an organisation is wrapped to the member of the query."""
    wrapped = exists().where(KeyringWrap.member_id == member_id, Keyring.id == KeyringWrap.keyring_id)
    return wrapped.where(is_newest()).correlate_except(KeyringWrap, Keyring)


def holds_newest(member_id: uuid.UUID) -> bool:
    """Whether the newest keyring of the member's organisation is wrapped to them."""
    return bool(db.session.scalar(select(has_newest(member_id))))


def holders(organisation_id: uuid.UUID) -> int:
    """How many active members hold the newest keyring, their recovery code checked or not."""
    return db.session.scalar(select(number_of_holders(organisation_id, checked=False))) or 0


def other_holders(member: Member, *, checked: bool = False, able: bool = False) -> int:
    """How many active colleagues of the member hold the newest keyring, their recovery code checked or not.

    `able`: of those only who is not suspended now.
    """
    return (
        db.session.scalar(
            select(func.count())
            .select_from(KeyringWrap)
            .join(Keyring, Keyring.id == KeyringWrap.keyring_id)
            .join(Member, Member.id == KeyringWrap.member_id)
            .where(
                Keyring.organisation_id == member.organisation_id,
                Member.status == "active",
                Member.id != member.id,
                *([_has_typed_code()] if checked else []),
                *([~suspension_rows.is_suspended(Member.id, clock.now())] if able else []),
                is_newest(),
            )
        )
        or 0
    )


def ids_of_holders(organisation_id: uuid.UUID) -> dict[uuid.UUID, bool]:
    """The active members who hold the newest keyring, and whether each is not suspended now."""
    found = (
        select(Member.id, ~suspension_rows.is_suspended(Member.id, clock.now()))
        .where(Member.organisation_id == organisation_id, Member.status == "active")
        .where(has_newest(Member.id))
    )
    return {row[0]: bool(row[1]) for row in db.session.execute(found)}


def never_joined(member_id: Any) -> ColumnElement[bool]:
    """Whether the member of the query never made keys: an invitation is open, ran out, or was withdrawn."""
    joined = exists().where(KeyEvent.member_id == member_id, KeyEvent.event == str(KeyHappening.JOINED))
    return ~joined.correlate_except(KeyEvent)


def has_never_joined(member_id: uuid.UUID) -> bool:
    """`never_joined`, of one member."""
    return bool(db.session.scalar(select(never_joined(member_id))))


def links_of_a_day(by_id: uuid.UUID, organisation_id: uuid.UUID, *, but: uuid.UUID | None = None) -> int:
    """For how many people of the organisation, beside `but`, this member made a link that is open, or that was made
    within a day for who has not joined yet: also if it was withdrawn since."""
    now = clock.now()
    is_open = and_(Member.status == "invited", Invitation.used_at.is_(None), Invitation.expires_at > now)
    lately = Invitation.expires_at > now + timedelta(hours=INVITATION_HOURS) - A_DAY
    statement = (
        select(func.count(Invitation.member_id.distinct()))
        .join(Member, Member.id == Invitation.member_id)
        .where(Invitation.by_id == by_id, Member.organisation_id == organisation_id)
        .where(or_(is_open, and_(lately, never_joined(Member.id))))
    )
    return db.session.scalar(statement if but is None else statement.where(Member.id != but)) or 0


def is_last_other_of_desk(member: Member, by_id: uuid.UUID | None) -> bool:
    """Whether the member is of the duty desk, and without them nobody of it would be there who is not the actor. Whom a
    row alone calls an officer, and not the key log, is nobody."""
    if member.role != Role.DUTY_OFFICER:
        return False
    others = select(Member.id).where(
        Member.organisation_id == member.organisation_id,
        Member.role == str(Role.DUTY_OFFICER),
        Member.status == "active",
        Member.id.not_in([each for each in (member.id, by_id) if each is not None]),
        ~suspension_rows.is_suspended(Member.id, clock.now()),
    )
    state = log.last_state(db.session)
    in_log = {each.id for each in state.members.values() if each.role == str(Role.DUTY_OFFICER) and not each.left}
    by_rows_alone = member.organisation_id not in state.organisations
    return not any(by_rows_alone or each in in_log for each in db.session.scalars(others))


def number_invited(*which: ColumnElement[bool], now: Any = None) -> ScalarSelect[int]:
    """How many people have a link now that nobody used, of the links that are meant; a part of another statement.
    `now`: the moment, if it is run later."""
    statement = (
        select(func.count(Invitation.member_id.distinct()))
        .join(Member, Member.id == Invitation.member_id)
        .where(Member.status == "invited", Invitation.used_at.is_(None), *which)
    )
    return statement.where(Invitation.expires_at > (clock.now() if now is None else now)).scalar_subquery()


def is_from_colleague(member_id: Any, organisation_id: Any) -> ColumnElement[bool]:
    """Whether somebody of the organisation ever made a link for the member.

    Links older than the column that says who made them count as a colleague's if the organisation has a keyring.
    """
    by = aliased(Member)
    keyring = exists().where(Keyring.organisation_id == organisation_id).correlate_except(Keyring)
    unknown = and_(Invitation.by_id.is_(None), keyring)
    made_there = exists().where(by.id == Invitation.by_id, by.organisation_id == organisation_id)
    made_there = made_there.correlate_except(by)
    return exists().where(Invitation.member_id == member_id, or_(unknown, made_there)).correlate_except(Invitation)


def has_link_of_colleague(member: Member) -> bool:
    """Whether somebody of the member's organisation ever made a link for them."""
    return bool(db.session.scalar(select(is_from_colleague(member.id, member.organisation_id))))


def is_colleagues(invitation: Invitation, member: Member) -> bool:
    """Whether somebody of the member's organisation made this link."""
    made = exists().where(Member.id == invitation.by_id, Member.organisation_id == member.organisation_id)
    return bool(db.session.scalar(select(made)))


_ADMINISTRATORS_LOCK = 0x6E726D04  # any fixed number: PostgreSQL's lock between administrators who count


_QUEUE = text("SELECT pg_advisory_xact_lock(:key)")


def hold_administrators(session: Session) -> None:
    """Until this transaction ends no other administrator ends an account or suspends an organisation.

    For the first statement of an action: what is read before may be old. SQLite lets one write at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_QUEUE, {"key": _ADMINISTRATORS_LOCK})


def ended_from_outside(organisation_id: uuid.UUID) -> tuple[int, int]:
    """How many accounts administrators ended within a day: of the organisation, and at all."""
    by = aliased(Member)
    within = select(func.count(), func.sum(case((KeyEvent.organisation_id == organisation_id, 1), else_=0))).where(
        KeyEvent.event == KeyHappening.DISABLED,
        KeyEvent.at > clock.now() - A_DAY,
        KeyEvent.by_id == by.id,
        by.role == Role.ADMINISTRATOR,
    )
    of_all, of_one = db.session.execute(within).one()
    return of_one or 0, of_all


def suspended_lately(organisation_id: uuid.UUID) -> int:
    """How many other organisations were suspended within a day, also if they were let in again."""
    lately = select(func.count()).where(
        Organisation.suspended_at > clock.now() - A_DAY, Organisation.id != organisation_id
    )
    return db.session.scalar(lately) or 0


def accepting_shelters() -> set[uuid.UUID]:
    """The shelters that are not suspended and have enough people who hold the key."""
    return set(
        db.session.scalars(
            select(Organisation.id).where(
                Organisation.kind.in_(SHELTERS),
                Organisation.enabled.is_(True),
                number_of_holders(Organisation.id) >= KEY_HOLDERS_NEEDED,
            )
        )
    )


def keyrings_due() -> int:
    """How many organisations have key work to do: a new keyring, the move to it, or sealing again; for `tend`."""
    return db.session.scalar(_keyrings_due()) or 0


@cache
def _keyrings_due() -> Select[int]:
    unfinished = exists().where(
        and_(Keyring.organisation_id == Organisation.id, KeyringWrap.keyring_id == Keyring.id, ~is_newest())
    )
    return (
        select(func.count())
        .select_from(Organisation)
        .where(
            Organisation.keyring_due_at.is_not(None)
            | Organisation.anew_due_at.is_not(None)
            | unfinished.correlate(Organisation)
        )
    )
