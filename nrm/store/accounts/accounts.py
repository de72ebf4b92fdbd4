"""Organisations, members and sessions, as far as the asker may see them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.accounts.members import COMES_BACK, KeyHoldersDecide, check_new_link_from_outside
from nrm.domain.accounts.words import SHOWN_FOR, TELEPHONE_FOR, OccasionStatus, WordPurpose
from nrm.models.accounts.accounts import Invitation, Keyring, Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.passkeys import Passkey
from nrm.store import signed_names
from nrm.store.countries import country
from nrm.store.paging import Page
from nrm.store.rows.accounts import invited
from nrm.store.rows.accounts.members import is_from_colleague, number_of_holders
from nrm.store.rows.accounts.suspensions import is_suspended


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member as a list shows it."""

    id: uuid.UUID
    login: str
    name: str
    role: str
    status: str
    organisation_code: str
    has_second_factor: bool
    totp_reset_at: datetime | None
    organisation_kind: str
    code_checked: bool
    invited_by: str  # who made the last link, and of which organisation; empty for nobody
    invited_from: str
    link_is_colleagues: bool
    waits_at: datetime | None  # since when the account waits until a colleague lets the member in
    left_at: datetime | None
    suspended: bool
    founded: bool  # the organisation has a keyring
    reads: str  # what words the person's page shows for somebody to type; empty: none
    begins_anew: bool  # somebody lets them, and it has not taken effect
    moved: bool = False  # another hand put who was invited here: nothing is done with the row

    @property
    def may_come_back(self) -> bool:
        """Whether they left so lately that key holders can let them in again."""
        return self.status == "disabled" and self.left_at is not None and clock.now() < self.left_at + COMES_BACK

    @property
    def is_keyless(self) -> bool:
        """Whether the organisation holds no keys: then who keeps the accounts ends and renews them."""
        return not OrganisationKind(self.organisation_kind).holds_keys

    @property
    def may_get_founders_link(self) -> bool:
        """Whether the administrator of accounts may make another link for them."""
        if not OrganisationKind(self.organisation_kind).holds_keys:
            return True
        try:
            check_new_link_from_outside(
                invited=self.status == "invited", from_colleague=self.link_is_colleagues, founded=self.founded
            )
        except KeyHoldersDecide:
            return False
        return True


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """One organisation as the administrator sees it: counts of accounts, never of cases."""

    id: uuid.UUID
    enabled: bool
    code: str
    kind: OrganisationKind
    names: dict[str, str]
    active: int
    key_holders: int
    unchecked: int  # active members who have not re-typed their recovery code
    invitations: int
    keyring_due: bool
    to_come: bool  # it acts for a party of a text that is not in force yet


def organisations(*, by: Actor) -> Sequence[Organisation]:
    """Every organisation, by code; for those who keep the accounts."""
    by.must(Permission.ORGANISATION_FOUND)
    return db.session.scalars(select(Organisation).order_by(Organisation.code)).all()


def foundable(*, by: Actor) -> Sequence[Organisation]:
    """The organisations into which a keeper of accounts may invite: without keys, or not founded yet."""
    by.must(Permission.ORGANISATION_FOUND)
    keyless = [str(each) for each in OrganisationKind if not each.holds_keys]
    statement = select(Organisation).where(or_(Organisation.kind.in_(keyless), ~_founded())).order_by(Organisation.code)
    return db.session.scalars(statement).all()


MEMBERS_AT_ONCE = 18
_INVITING, _INVITING_FROM = aliased(Member), aliased(Organisation)


def _last_link(what: Any) -> ScalarSelect[Any]:
    """A column of the account that made a member's last link."""
    return (
        select(what)
        .select_from(Invitation)
        .join(_INVITING, _INVITING.id == Invitation.by_id)
        .join(_INVITING_FROM, _INVITING_FROM.id == _INVITING.organisation_id)
        .where(Invitation.member_id == Member.id)
        .order_by(Invitation.expires_at.desc(), Invitation.id)
        .limit(1)
        .correlate(Member)
        .scalar_subquery()
    )


def _founded() -> ColumnElement[bool]:
    """Whether the organisation of the query has a keyring."""
    return exists().where(Keyring.organisation_id == Organisation.id).correlate(Organisation)


def _reads() -> ScalarSelect[str]:
    """What the words are for that the page of the query's member shows."""
    telephone = and_(Occasion.purpose == WordPurpose.FACTOR, Occasion.began_at > clock.now() - TELEPHONE_FOR)
    joining = and_(
        Occasion.purpose != WordPurpose.FACTOR,
        Occasion.began_at > clock.now() - SHOWN_FOR,
        Member.code_checked_at.is_not(None),
    )
    return (
        select(Occasion.purpose)
        .where(Occasion.member_id == Member.id, Occasion.status == OccasionStatus.OPEN, or_(telephone, joining))
        .limit(1)
        .correlate(Member)
        .scalar_subquery()
    )


def members(*, by: Actor, after: str = "", size: int = MEMBERS_AT_ONCE) -> Page[MemberLine]:
    """The members of the actor's organisation; for who keeps the accounts, of all. `after`: the last one's login."""
    statement = (
        select(
            Member.id,
            Member.login,
            Member.name,
            Member.role,
            Member.status,
            Organisation.code,
            or_(Member.sealed_totp.is_not(None), exists().where(Passkey.member_id == Member.id)),
            Member.totp_reset_at,
            Organisation.kind,
            Member.code_checked_at.is_not(None),
            func.coalesce(_last_link(_INVITING.name + " (" + _INVITING.login + ")"), ""),
            func.coalesce(_last_link(_INVITING_FROM.code), ""),
            is_from_colleague(Member.id, Member.organisation_id),
            Member.waits_at,
            Member.left_at,
            is_suspended(Member.id, clock.now()),
            _founded(),
            func.coalesce(_reads(), ""),
            exists().where(Occasion.member_id == Member.id, Occasion.status == OccasionStatus.WAITS).correlate(Member),
            _last_link(_INVITING.id),
        )
        .join(Organisation, Organisation.id == Member.organisation_id)
        .order_by(Organisation.code, Member.login)
        .limit(size + 1)
    )
    if not by.may(Permission.ORGANISATION_FOUND):
        statement = statement.where(Member.organisation_id == by.organisation_id)
    if after:
        last = (
            select(Organisation.code)
            .join(Member, Member.organisation_id == Organisation.id)
            .where(Member.login == after)
        )
        statement = statement.where(tuple_(Organisation.code, Member.login) > tuple_(last.scalar_subquery(), after))
    rows: list[tuple[MemberLine, uuid.UUID | None]] = [
        (MemberLine(*cast(tuple[Any, ...], row[:-1])), cast("uuid.UUID | None", row[-1]))
        for row in db.session.execute(statement)
    ]
    codes = signed_names.codes([each for line, by_id in rows for each in (line.id, by_id)])
    moved = invited.moved([line.id for line, _ in rows if line.status == "invited"])
    found = [replace(_signed(line, by_id, codes), moved=line.id in moved) for line, by_id in rows]
    return Page(found[:size], found[size - 1].login if len(found) > size else "")


def _signed(line: MemberLine, invited_by_id: uuid.UUID | None, codes: Mapping[uuid.UUID | None, str]) -> MemberLine:
    """The line with codes in place of names that are not those that were signed."""
    if line.id in codes:
        line = replace(line, name=codes[line.id], login="")
    return replace(line, invited_by=codes[invited_by_id]) if invited_by_id in codes else line


def key_holding(*, by: Actor) -> list[OrganisationLine]:
    """Every organisation with how many can open its cases, and how many invitations still wait; for who keeps the
    accounts."""
    by.must(Permission.ORGANISATION_FOUND)
    active = select(func.count()).where(Member.organisation_id == Organisation.id, Member.status == "active")
    open_invitations = (
        select(func.count())
        .select_from(Invitation)
        .join(Member, Member.id == Invitation.member_id)
        .where(Member.organisation_id == Organisation.id, Member.status == "invited")
        .where(Invitation.used_at.is_(None), Invitation.expires_at > clock.now())
    )
    statement = select(
        Organisation.id,
        Organisation.enabled,
        Organisation.code,
        Organisation.kind,
        Organisation.names,
        active.correlate(Organisation).scalar_subquery(),
        number_of_holders(Organisation.id),
        _unchecked().correlate(Organisation).scalar_subquery(),
        open_invitations.correlate(Organisation).scalar_subquery(),
        Organisation.keyring_due_at.is_not(None),
        Organisation.party,
    ).order_by(Organisation.code)
    here, today = country(), clock.today(country().timezone)
    return [
        OrganisationLine(
            id_,
            on,
            code,
            OrganisationKind(kind),
            names,
            active,
            holders,
            lack,
            open_,
            due,
            here.is_to_come(party, today),
        )
        for id_, on, code, kind, names, active, holders, lack, open_, due, party in db.session.execute(statement)
    ]


def _unchecked() -> Select[int]:
    """How many active members have not checked their recovery code."""
    return select(func.count()).where(
        Member.organisation_id == Organisation.id, Member.status == "active", Member.code_checked_at.is_(None)
    )
