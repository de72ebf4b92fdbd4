"""Who holds an organisation's key, where its keyring stands, and what happened with the keys."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import SHELTERS, Actor, NotVisible, Permission, Role
from nrm.domain.members import A_DAY, KEY_HOLDERS_NEEDED, KeyHappening, Keys
from nrm.models.accounts import Invitation, KeyEvent, Keyring, KeyringWrap, Member, Organisation
from nrm.models.cases import Grant, PendingGrant
from nrm.store.statements import built_once

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class KeyEventLine:
    """One thing that happened with keys: to whom, by whom (names, empty where nobody)."""

    at: datetime
    event: KeyHappening
    member: str
    by: str
    version: int | None


def is_newest() -> ColumnElement[bool]:
    """Whether a `Keyring` of the query is its organisation's newest."""
    newer = aliased(Keyring)
    return ~exists().where(newer.organisation_id == Keyring.organisation_id, newer.version > Keyring.version).correlate(
        Keyring
    )


def number_of_holders(organisation_id: Any, *, checked: bool = True) -> ScalarSelect[int]:
    """How many active members of the organisation hold its newest keyring and checked their recovery code.

    Not `checked`: also those who have not checked it yet.
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
            *([Member.code_checked_at.is_not(None)] if checked else []),
            is_newest(),
        )
        .scalar_subquery()
    )


_HOLDERS = select(number_of_holders(bindparam("organisation_id")))
_SHORT_OF_HOLDERS = select(Organisation.party).where(
    Organisation.kind.in_(SHELTERS), number_of_holders(Organisation.id) < KEY_HOLDERS_NEEDED
)


def may_accept(organisation_id: uuid.UUID) -> bool:
    """Whether enough people hold the organisation's key."""
    return (db.session.scalar(_HOLDERS, {"organisation_id": organisation_id}) or 0) >= KEY_HOLDERS_NEEDED


def parties_short_of_holders() -> set[str]:
    """The shelters' parties whose organisation may not accept anybody yet."""
    return set(db.session.scalars(_SHORT_OF_HOLDERS))


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


def other_holders(member: Member, *, checked: bool = False) -> int:
    """How many active colleagues of the member hold the newest keyring, their recovery code checked or not."""
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
                *([Member.code_checked_at.is_not(None)] if checked else []),
                is_newest(),
            )
        )
        or 0
    )


def colleague(member_id: uuid.UUID, *, by: Actor) -> Member:
    """A member of the actor's organisation, or any member for a keeper of accounts; raises NotVisible."""
    statement = select(Member).where(Member.id == member_id).execution_options(populate_existing=True)
    if not by.may(Permission.ORGANISATION_FOUND):
        statement = statement.where(Member.organisation_id == by.organisation_id)
    found = db.session.scalar(statement)
    if found is None:
        raise NotVisible
    return found


def manageable(member_id: uuid.UUID, *, by: Actor) -> Member:
    """A member whom the actor may disable or let make new keys; raises NotVisible."""
    by.must(Permission.ACCOUNT_DISABLE)
    return colleague(member_id, by=by)


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


def confirmed_since(member_id: uuid.UUID, at: datetime) -> bool:
    """Whether the member became a holder of the keyring (for the first time or again) at or after that moment."""
    joined = (KeyHappening.CONFIRMED, KeyHappening.JOINED)
    found = exists().where(KeyEvent.member_id == member_id, KeyEvent.event.in_(joined), KeyEvent.at >= at)
    return bool(db.session.scalar(select(found)))


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


def keys(*, by: Actor) -> Keys:
    """The state of the keyring of the actor's organisation, and of the actor's own recovery code."""
    return keys_of(_keys(by)().one(), by=by)


@built_once
def _keys(by: Actor) -> Select[*tuple[Any, ...]]:
    return key_columns(by)


def key_columns(by: Actor) -> Select[*tuple[Any, ...]]:
    """One row from which `keys_of` reads the state of the keys; a home page adds more columns."""
    old = exists().where(
        KeyringWrap.keyring_id == Keyring.id, Keyring.organisation_id == by.organisation_id, ~is_newest()
    )
    return select(
        select(func.max(Keyring.version)).where(Keyring.organisation_id == by.organisation_id).scalar_subquery(),
        Organisation.keyring_due_at,
        Organisation.anew_due_at,
        old,
        number_of_holders(by.organisation_id),
        select(Member.code_checked_at).where(Member.id == by.member_id).scalar_subquery(),
    ).where(Organisation.id == by.organisation_id)


def keys_of(row: Sequence[Any], *, by: Actor) -> Keys:
    """The state of the keys, from the first columns of a row; asks the database again only while keys are changed."""
    version, due_at, anew_at, old_wraps, holders, checked, *_ = row
    receives = by.kind is not None and by.kind.takes_people_in
    behind = _versions_behind(by) if old_wraps else 0
    exposed = number_exposed(by=by) if anew_at else 0
    return Keys(version or 0, due_at, behind, old_wraps, holders, checked is not None, receives, anew_at, exposed)


def _versions_behind(by: Actor) -> int:
    held = (
        select(Keyring.version)
        .where(Keyring.organisation_id == by.organisation_id, ~is_newest())
        .where(exists().where(KeyringWrap.keyring_id == Keyring.id).correlate(Keyring))
    )
    return sum(
        db.session.scalar(
            select(func.count())
            .select_from(kind)
            .where(kind.organisation_id == by.organisation_id, kind.keyring_version.in_(held))
        )
        or 0
        for kind in (Grant, PendingGrant)
    )


def number_exposed(*, by: Actor) -> int:
    """How many compartments of the organisation may have keys that an older version of its keyring opens too.

    It trusts the rows: `grants.exposed` also checks their MACs.
    """
    latest = select(func.max(Keyring.version)).where(Keyring.organisation_id == by.organisation_id).scalar_subquery()
    statement = select(func.count()).select_from(Grant)
    older = (Grant.since_version != latest) | Grant.since_mark.is_(None)
    return db.session.scalar(statement.where(Grant.organisation_id == by.organisation_id, older)) or 0


def is_code_checked(*, by: Actor) -> bool:
    """Whether the actor re-typed their present recovery code."""
    return db.session.scalar(select(Member.code_checked_at).where(Member.id == by.member_id)) is not None


def key_events(*, by: Actor) -> Sequence[KeyEventLine]:
    """What happened with the keys of the actor's organisation, newest first."""
    whom, who = aliased(Member), aliased(Member)
    statement = (
        select(KeyEvent.at, KeyEvent.event, whom.name, who.name, KeyEvent.version)
        .outerjoin(whom, whom.id == KeyEvent.member_id)
        .outerjoin(who, who.id == KeyEvent.by_id)
        .where(KeyEvent.organisation_id == by.organisation_id)
        .order_by(KeyEvent.at.desc(), KeyEvent.id)
        .limit(_SHOWN)
    )
    return [
        KeyEventLine(at, KeyHappening(event), member or "", actor or "", version)
        for at, event, member, actor, version in db.session.execute(statement)
    ]


def keyrings_due() -> int:
    """How many organisations have key work to do: a new keyring, the move to it, or sealing again; for `tend`."""
    unfinished = exists().where(
        and_(Keyring.organisation_id == Organisation.id, KeyringWrap.keyring_id == Keyring.id, ~is_newest())
    )
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Organisation)
            .where(
                Organisation.keyring_due_at.is_not(None)
                | Organisation.anew_due_at.is_not(None)
                | unfinished.correlate(Organisation)
            )
        )
        or 0
    )
