"""Who holds an organisation's key, where its keyring stands, and what happened with the keys."""

from __future__ import annotations

import uuid
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, exists, func, literal, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.key_log_entries import NewRole, hour_of
from nrm.domain.accounts.members import ChangeRefusal, KeyHappening, Keys
from nrm.domain.accounts.person_names import NameRefusal
from nrm.models.accounts.accounts import KeyEvent, Keyring, KeyringWrap, Member, Organisation
from nrm.models.shelter.cases import Grant, ParkedGrant, PendingGrant
from nrm.store import signed_names
from nrm.store.accounts import own_entries
from nrm.store.rows.accounts import askers, invited, person_names
from nrm.store.rows.accounts import members as rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.statements import built_once
from nrm.vault.keylog import log

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class KeyEventLine:
    """One thing that happened with keys: to whom, by whom (names, empty where nobody)."""

    at: datetime
    event: KeyHappening
    member: str
    by: str
    version: int | None
    unsigned: bool = False
    login: str = ""
    before: str = ""
    after: str = ""
    by_login: str = ""
    """`unsigned`: the key log has no entry for it, although one belongs to such an event."""


def colleague(member_id: uuid.UUID, *, by: Actor) -> Member:
    """A member of the actor's organisation, or any member for a keeper of accounts; raises NotVisible.

    Nor is it whom another hand moved here. The page says if the name in the row is not the one that was signed
    (`signed_names.name_of`).
    """
    statement = select(Member).where(Member.id == member_id).execution_options(populate_existing=True)
    if not by.may(Permission.ORGANISATION_FOUND):
        statement = statement.where(Member.organisation_id == by.organisation_id)
    found = db.session.scalar(statement)
    if found is None or (found.status == "invited" and invited.moved([found.id])):
        raise NotVisible
    signed_names.name_of(found)
    return found


def name_refusal(organisation_id: uuid.UUID, name: str, *, by: Actor) -> NameRefusal | None:
    """Why nobody is called so in the organisation, into which the actor invites; None if somebody may be."""
    by.must(Permission.ACCOUNT_INVITE)
    return person_names.refusal(organisation_id, name)


def manageable(member_id: uuid.UUID, *, by: Actor) -> Member:
    """A member whom the actor may disable or let make new keys; raises NotVisible."""
    by.must(Permission.ACCOUNT_DISABLE)
    return colleague(member_id, by=by)


def ends_with_reason(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether who ends this account says why: of a colleague who works there. Raises NotVisible."""
    found = manageable(member_id, by=by)
    there = found.status != "invited" or askers.was_there(found)
    return found.organisation_id == by.organisation_id and there and found.id != by.member_id


def changeable(member_id: uuid.UUID, *, by: Actor) -> Member:
    """A member whose role or name the actor may change, alone or with others: a colleague.

    In an organisation that holds keys it takes the right to end accounts, too. Nobody else's, also for who keeps the
    accounts. Raises NotPermitted, NotVisible.
    """
    if by.kind is None or by.kind.holds_keys:
        by.must(Permission.ACCOUNT_DISABLE)
    found = colleague(member_id, by=by)
    if found.organisation_id != by.organisation_id:
        raise NotVisible
    return found


def role_refusal(member_id: uuid.UUID, *, by: Actor) -> ChangeRefusal | None:
    """Why the actor gives this colleague no other role, asked by the page before it offers the button; None if they
    may, or a colleague's proposal waits for a second hand. Raises as `changeable`."""
    member, state = changeable(member_id, by=by), log.last_state(db.session)
    known = state.members.get(member.id)
    if member.status != "active" or known is None or known.left:
        return ChangeRefusal.NOT_IN
    bodies = [each.body for each in state.open_proposals(hour_of(clock.now()))]
    waits = any(isinstance(body, NewRole) and body.member_id == member.id for body in bodies)
    return ChangeRefusal.NEWCOMER if not waits and occasion_rows.is_new_to(by.member_id, member.id) else None


def keys(*, by: Actor) -> Keys:
    """The state of the keyring of the actor's organisation, and of the actor's own recovery code."""
    return keys_of(_keys(by)().one(), by=by)


@built_once
def _keys(by: Actor) -> Select[*tuple[Any, ...]]:
    return key_columns(by)


def key_columns(by: Actor) -> Select[*tuple[Any, ...]]:
    """One row from which `keys_of` reads the state of the keys; a home page adds more columns."""
    old = exists().where(
        KeyringWrap.keyring_id == Keyring.id, Keyring.organisation_id == by.organisation_id, ~rows.is_newest()
    )
    return select(
        select(func.max(Keyring.version)).where(Keyring.organisation_id == by.organisation_id).scalar_subquery(),
        Organisation.keyring_due_at,
        Organisation.anew_due_at,
        old,
        rows.number_of_holders(by.organisation_id),
        select(Member.code_checked_at).where(Member.id == by.member_id).scalar_subquery(),
        rows.has_newest(by.member_id),
    ).where(Organisation.id == by.organisation_id)


def keys_of(row: Sequence[Any], *, by: Actor) -> Keys:
    """The state of the keys, from the first columns of a row; asks the database again only while keys are changed."""
    version, due_at, seal_again_since, old_wraps, holders, checked, held, *_ = row
    receives = by.kind is not None and by.kind.takes_people_in
    behind = _versions_behind(by) if old_wraps else 0
    exposed = number_exposed(by=by) if seal_again_since else 0
    return Keys(
        version or 0, due_at, behind, old_wraps, holders, checked is not None, receives, seal_again_since, exposed, held
    )


def _versions_behind(by: Actor) -> int:
    held = (
        select(Keyring.version)
        .where(Keyring.organisation_id == by.organisation_id, ~rows.is_newest())
        .where(exists().where(KeyringWrap.keyring_id == Keyring.id).correlate(Keyring))
    )
    return _made_to(held, by)


def _made_to(versions: Select[int], by: Actor) -> int:
    """How many grants of the organisation are made to one of these versions of its keyring."""
    return sum(
        db.session.scalar(
            select(func.count())
            .select_from(kind)
            .where(kind.organisation_id == by.organisation_id, kind.keyring_version.in_(versions))
        )
        or 0
        for kind in (Grant, ParkedGrant, PendingGrant)
    )


def number_closed(*, by: Actor) -> int:
    """How many grants of the organisation are made to versions of which nobody holds a wrap any more."""
    held = exists().where(KeyringWrap.keyring_id == Keyring.id).correlate(Keyring)
    return _made_to(select(Keyring.version).where(Keyring.organisation_id == by.organisation_id, ~held), by)


def number_exposed(*, by: Actor) -> int:
    """How many compartments of the organisation may have keys that an older version of its keyring opens too.

    It trusts the rows: `grants.exposed` also checks their MACs.
    """
    latest = select(func.max(Keyring.version)).where(Keyring.organisation_id == by.organisation_id).scalar_subquery()
    statement = select(func.count()).select_from(Grant)
    older = (Grant.since_version != latest) | Grant.since_mark.is_(None)
    return db.session.scalar(statement.where(Grant.organisation_id == by.organisation_id, older)) or 0


def waiting_for_colleague(by: Actor) -> ScalarSelect[int]:
    """How many colleagues wait to be let in again, after too many wrong codes with their right password."""
    return select(func.count()).where(*_wait_for_colleague(by)).scalar_subquery()


def number_invited(by: Actor) -> ColumnElement[int]:
    """How many invitations into the actor's organisation are open; a part of another statement, which gives it
    `invited_now`."""
    if by.organisation_id is None:
        return literal(0)
    return rows.number_invited(Member.organisation_id == by.organisation_id, now=bindparam("invited_now"))


def moment(by: Actor) -> dict[str, datetime]:
    """The value of `number_invited`, for whom it counts."""
    return {"invited_now": clock.now()} if by.organisation_id is not None else {}


def who_waits_for_colleague(*, by: Actor) -> Sequence[tuple[uuid.UUID, str]]:
    """(id, name and sign-in name) of these colleagues."""
    statement = select(Member.id, Member.name, Member.login).where(*_wait_for_colleague(by)).order_by(Member.login)
    found = db.session.execute(statement).all()
    codes = signed_names.codes([row.id for row in found])
    return [(row.id, signed_names.who(codes, row.id, row.name, row.login)) for row in found]


def _wait_for_colleague(by: Actor) -> tuple[ColumnElement[bool], ...]:
    return (
        Member.organisation_id == by.organisation_id,
        Member.id != by.member_id,
        Member.waits_at.is_not(None),
        Member.status.in_(("active", "waiting")),
    )


def is_code_checked(*, by: Actor) -> bool:
    """Whether the actor re-typed their present recovery code."""
    return db.session.scalar(select(Member.code_checked_at).where(Member.id == by.member_id)) is not None


def key_events(*, by: Actor) -> Sequence[KeyEventLine]:
    """What happened with the keys of the actor's organisation by the rows, newest first; see also `key_history`."""
    return _event_lines(by, ())


def key_history(*, by: Actor) -> tuple[Sequence[KeyEventLine], Sequence[own_entries.EntryLine] | None]:
    """(what happened by the rows, the newest first; the entries of the key log of which no row tells, None while the
    log is wrong). A line without an entry, where one belongs to it, is `unsigned`."""
    rows_of = select(KeyEvent).where(KeyEvent.organisation_id == by.organisation_id)
    events = db.session.scalars(rows_of.order_by(KeyEvent.at.desc(), KeyEvent.id).limit(_SHOWN + 1)).all()
    shown = events[:_SHOWN]
    try:
        found = own_entries.difference(shown, whole=len(events) <= _SHOWN, by=by)
    except log.LogWrong:
        return _event_lines(by, ()), None
    return _event_lines(by, found.unsigned), found.missing


def _event_lines(by: Actor, unsigned: Container[uuid.UUID]) -> list[KeyEventLine]:
    whom, who = aliased(Member), aliased(Member)
    statement = (
        select(
            KeyEvent.at,
            KeyEvent.event,
            whom.name,
            who.name,
            KeyEvent.version,
            KeyEvent.member_id,
            KeyEvent.by_id,
            KeyEvent.id,
            whom.login,
            who.login,
            KeyEvent.before,
            KeyEvent.after,
        )
        .outerjoin(whom, whom.id == KeyEvent.member_id)
        .outerjoin(who, who.id == KeyEvent.by_id)
        .where(KeyEvent.organisation_id == by.organisation_id)
        .order_by(KeyEvent.at.desc(), KeyEvent.id)
        .limit(_SHOWN)
    )
    found = db.session.execute(statement).all()
    codes = signed_names.codes([whose for row in found for whose in (row.member_id, row.by_id)])
    return [
        KeyEventLine(
            at,
            KeyHappening(event),
            codes.get(whose, member or ""),
            codes.get(by_id, actor or ""),
            version,
            event_id in unsigned,
            "" if whose in codes else login or "",
            before,
            after,
            "" if by_id in codes else by_login or "",
        )
        for at, event, member, actor, version, whose, by_id, event_id, login, by_login, before, after in found
    ]
