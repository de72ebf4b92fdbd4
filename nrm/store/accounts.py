"""Organisations, members and sessions, as far as the asker may see them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ScalarSelect, Select, and_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import Actor, Credentials, NotVisible, OrganisationKind, Permission, Role
from nrm.domain.consents import reads_by_consent
from nrm.domain.members import KEY_HOLDERS_NEEDED, KeyHoldersDecide, check_new_link_from_outside
from nrm.models.accounts import Instance, Invitation, Keyring, Member, MemberSession, Organisation
from nrm.prepared import Prepared, Row
from nrm.store.members import has_newest, is_from_colleague, number_of_holders
from nrm.store.paging import Page

_MEMBER_ROW = Member.__table__.c


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
    holders: int  # of the newest keyring, in the organisation
    holds: bool  # the newest keyring

    @property
    def nobody_there_could_help(self) -> bool:
        """Whether no colleague holds the key and could take a lost second factor away."""
        colleagues = self.holders - self.holds
        return not OrganisationKind(self.organisation_kind).holds_keys or colleagues == 0

    @property
    def may_get_founders_link(self) -> bool:
        """Whether the administrator of accounts may make another link for them."""
        if not OrganisationKind(self.organisation_kind).holds_keys:
            return True
        try:
            check_new_link_from_outside(
                invited=self.status == "invited", from_colleague=self.link_is_colleagues, holders=self.holders
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


def instance() -> Instance:
    """The one row that says what this instance is."""
    return db.session.scalars(select(Instance)).one()


def organisations(*, by: Actor) -> Sequence[Organisation]:
    """Every organisation, by code; for those who keep the accounts."""
    by.must(Permission.ORGANISATION_FOUND)
    return db.session.scalars(select(Organisation).order_by(Organisation.code)).all()


def foundable(*, by: Actor) -> Sequence[Organisation]:
    """The organisations into which a keeper of accounts may invite: without keys, or with too few key holders."""
    by.must(Permission.ORGANISATION_FOUND)
    keyless = [str(each) for each in OrganisationKind if not each.holds_keys]
    few = number_of_holders(Organisation.id, checked=False) < KEY_HOLDERS_NEEDED
    statement = select(Organisation).where(or_(Organisation.kind.in_(keyless), few)).order_by(Organisation.code)
    return db.session.scalars(statement).all()


def organisation_by_code(code: str) -> Organisation:
    """One organisation; raises NotVisible. Organisations themselves are public within the mechanism."""
    found = db.session.scalar(select(Organisation).where(Organisation.code == code))
    if found is None:
        raise NotVisible
    return found


def organisation(organisation_id: uuid.UUID) -> Organisation:
    """One organisation by id; raises NotVisible."""
    found = db.session.get(Organisation, organisation_id)
    if found is None:
        raise NotVisible
    return found


@dataclass(frozen=True, slots=True)
class Signer:
    """The signer of a release: the office, never the person."""

    organisation: str
    role: str
    public_key: bytes | None


def signer(member_id: uuid.UUID) -> Signer:
    """The office and the present public key of somebody who signed; raises NotVisible."""
    row = db.session.execute(_signers().where(Member.id == member_id)).one_or_none()
    if row is None:
        raise NotVisible
    return Signer(*row)


def signers(roles: Collection[Role]) -> list[Signer]:
    """The public keys of everybody in these roles who has one, by office."""
    rows = db.session.execute(
        _signers().where(Member.role.in_(roles), Member.sign_public.is_not(None)).order_by(Organisation.code)
    )
    return [Signer(*row) for row in rows]


def _signers() -> Select[str, str, bytes | None]:
    return select(Organisation.code, Member.role, Member.sign_public).join(
        Organisation, Organisation.id == Member.organisation_id
    )


def organisations_by_id() -> dict[uuid.UUID, Organisation]:
    """All organisations; their names and telephones are the directory every member sees."""
    return {row.id: row for row in db.session.scalars(select(Organisation))}


def readers_by_consent() -> list[Organisation]:
    """The organisations that read a part of a case only because the person agrees, by code."""
    kinds = [str(each) for each in OrganisationKind if reads_by_consent(each)]
    return list(
        db.session.scalars(select(Organisation).where(Organisation.kind.in_(kinds)).order_by(Organisation.code))
    )


def names_by_code(language: str) -> dict[str, str]:
    """The names of all organisations in Albanian (`sq`) or English, for what is sealed in both."""
    rows = organisations_by_id().values()
    return {row.code: row.name_sq if language == "sq" else row.name_en for row in rows}


def with_keyring() -> set[uuid.UUID]:
    """The ids of the organisations that have a keyring, so that things can be sealed to them."""
    return set(db.session.scalars(select(Keyring.organisation_id).distinct()))


MEMBERS_AT_ONCE = 20
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
            Member.sealed_totp.is_not(None),
            Member.totp_reset_at,
            Organisation.kind,
            Member.code_checked_at.is_not(None),
            func.coalesce(_last_link(_INVITING.name), ""),
            func.coalesce(_last_link(_INVITING_FROM.code), ""),
            is_from_colleague(Member.id, Member.organisation_id),
            number_of_holders(Organisation.id, checked=False),
            and_(Member.status == "active", has_newest(Member.id)),
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
    found = [MemberLine(*cast(tuple[Any, ...], row)) for row in db.session.execute(statement)]
    return Page(found[:size], found[size - 1].login if len(found) > size else "")


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
        Organisation.name_sq,
        Organisation.name_en,
        active.correlate(Organisation).scalar_subquery(),
        number_of_holders(Organisation.id),
        _unchecked().correlate(Organisation).scalar_subquery(),
        open_invitations.correlate(Organisation).scalar_subquery(),
        Organisation.keyring_due_at.is_not(None),
    ).order_by(Organisation.code)
    return [
        OrganisationLine(id_, enabled, code, OrganisationKind(kind), {"sq": sq, "en": en}, *counts)
        for id_, enabled, code, kind, sq, en, *counts in db.session.execute(statement)
    ]


def _unchecked() -> Select[int]:
    """How many active members have not checked their recovery code."""
    return select(func.count()).where(
        Member.organisation_id == Organisation.id, Member.status == "active", Member.code_checked_at.is_(None)
    )


def organisation_of(member_id: uuid.UUID) -> Organisation:
    """The organisation of a member that was seen already."""
    statement = select(Organisation).join(Member, Member.organisation_id == Organisation.id)
    return db.session.scalars(statement.where(Member.id == member_id)).one()


def member_by_login(login: str) -> Member | None:
    """An account by its sign-in name; for inviting people."""
    return db.session.scalar(select(Member).where(Member.login == login))


_NAMED = aliased(Member)
# Of a suspended organisation every account is disabled.
_ENABLED = select(Organisation.enabled).where(Organisation.id == _MEMBER_ROW.organisation_id).scalar_subquery()
_CREDENTIALS = select(
    _MEMBER_ROW.id,
    _MEMBER_ROW.organisation_id,
    _MEMBER_ROW.login,
    _MEMBER_ROW.role,
    case((_ENABLED, _MEMBER_ROW.status), else_="disabled").label("status"),
    _MEMBER_ROW.salt,
    _MEMBER_ROW.verifier,
    _MEMBER_ROW.sealed_kem,
    _MEMBER_ROW.sealed_sign,
    _MEMBER_ROW.sealed_kem_recovery,
    _MEMBER_ROW.sealed_sign_recovery,
    _MEMBER_ROW.sealed_totp,
    _MEMBER_ROW.totp_step,
    _MEMBER_ROW.kem_public,
    _MEMBER_ROW.kem_mark,
    _MEMBER_ROW.sign_public,
    _MEMBER_ROW.sign_mark,
).where(
    _MEMBER_ROW.login
    == func.coalesce(
        select(_NAMED.login).where(_NAMED.login == bindparam("login")).scalar_subquery(),
        select(func.min(_NAMED.login)).scalar_subquery(),
    )
)


def credentials(login: str) -> Credentials | None:
    """What signing in needs of an account. For a login that does not exist: the row of another account, with `known`
    False, so that both take the same time.

    None only if there is no account at all.
    """
    row = db.session.execute(_CREDENTIALS, {"login": login}).first()
    return Credentials(row.login == login, *cast("tuple[Any, ...]", row)) if row is not None else None


def invitation(digest: bytes) -> Invitation | None:
    """The invitation a link belongs to, used or not."""
    return db.session.scalar(select(Invitation).where(Invitation.digest == digest))


def operator() -> Organisation:
    """The organisation that runs the machine."""
    return db.session.scalars(select(Organisation).where(Organisation.kind == OrganisationKind.OPERATOR)).one()


def has_members() -> bool:
    """Whether anybody was invited yet."""
    return db.session.scalar(select(Member.id).limit(1)) is not None


def has_keyring(organisation_id: uuid.UUID) -> bool:
    """Whether the organisation has a keyring."""
    return db.session.scalar(select(Keyring.id).where(Keyring.organisation_id == organisation_id).limit(1)) is not None


_SESSION_TABLE, _MEMBER, _ORGANISATION = MemberSession.__table__, Member.__table__, Organisation.__table__
_SESSION = Prepared(
    select(
        _SESSION_TABLE.c.sealed_keys,
        _SESSION_TABLE.c.created_at,
        _SESSION_TABLE.c.seen_at,
        _SESSION_TABLE.c.expires_at,
        _SESSION_TABLE.c.proved_at,
        _SESSION_TABLE.c.locked,
        _SESSION_TABLE.c.whose_mark,
        _SESSION_TABLE.c.mark,
        _MEMBER.c.id.label("member_id"),
        _MEMBER.c.login,
        _MEMBER.c.name,
        _MEMBER.c.role,
        _MEMBER.c.status,
        _MEMBER.c.sealed_totp.is_not(None).label("has_second_factor"),
        _ORGANISATION.c.id.label("organisation_id"),
        _ORGANISATION.c.code,
        _ORGANISATION.c.kind,
        _ORGANISATION.c.crossing_point,
        _ORGANISATION.c.name_sq,
        _ORGANISATION.c.name_en,
        _ORGANISATION.c.enabled,
    )
    .select_from(_SESSION_TABLE)
    .join(_MEMBER, _MEMBER.c.id == _SESSION_TABLE.c.member_id)
    .join(_ORGANISATION, _ORGANISATION.c.id == _MEMBER.c.organisation_id)
    .where(_SESSION_TABLE.c.digest == bindparam("digest"))
)


def session(digest: bytes) -> Row | None:
    """Everything that a request needs to know about its session, in one statement."""
    return _SESSION.first(db.session, {"digest": digest})
