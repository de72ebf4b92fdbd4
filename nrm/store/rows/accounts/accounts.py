"""Organisations, members and sessions as rows, for steps and actions that decided who may ask."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, case, exists, func, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Credentials, NotVisible, OrganisationKind, Role
from nrm.domain.accounts.words import OccasionStatus
from nrm.domain.shelter.consents import reads_by_consent
from nrm.models.accounts.accounts import Instance, Invitation, Keyring, Member, MemberSession, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.passkeys import Passkey
from nrm.prepared import Prepared, Row
from nrm.store.rows.accounts import suspensions

_MEMBER_ROW = Member.__table__.c


def instance() -> Instance:
    """The one row that says what this instance is."""
    return db.session.scalars(select(Instance)).one()


@dataclass(frozen=True, slots=True)
class Signer:
    """The signer of a release: the office and an id, never the name."""

    member_id: uuid.UUID
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


def _signers() -> Select[uuid.UUID, str, str, bytes | None]:
    return select(Member.id, Organisation.code, Member.role, Member.sign_public).join(
        Organisation, Organisation.id == Member.organisation_id
    )


def readers_by_consent() -> list[Organisation]:
    """The organisations that read a part of a case only because the person agrees, by code."""
    kinds = [str(each) for each in OrganisationKind if reads_by_consent(each)]
    return list(
        db.session.scalars(select(Organisation).where(Organisation.kind.in_(kinds)).order_by(Organisation.code))
    )


def parties_of(organisation_ids: Collection[uuid.UUID]) -> set[str]:
    """The codes under which these organisations act in the agreement; of those that are no party, their own."""
    found = db.session.scalars(select(Organisation).where(Organisation.id.in_(organisation_ids)))
    return {each.party or each.code for each in found}


def of_kind(kind: OrganisationKind) -> list[Organisation]:
    """The organisations of a kind."""
    return list(db.session.scalars(select(Organisation).where(Organisation.kind == kind).order_by(Organisation.code)))


def with_keyring() -> set[uuid.UUID]:
    """The ids of the organisations that have a keyring, so that things can be sealed to them."""
    return set(db.session.scalars(select(Keyring.organisation_id).distinct()))


def organisation_of(member_id: uuid.UUID) -> Organisation:
    """The organisation of a member that was seen already."""
    statement = select(Organisation).join(Member, Member.organisation_id == Organisation.id)
    return db.session.scalars(statement.where(Member.id == member_id)).one()


def member_by_login(login: str) -> Member | None:
    """An account by its sign-in name; for inviting people."""
    return db.session.scalar(select(Member).where(Member.login == login))


_NAMED = aliased(Member)


# Of a suspended organisation every account is disabled; "out" is one that else would work.
_ENABLED = select(Organisation.enabled).where(Organisation.id == _MEMBER_ROW.organisation_id).scalar_subquery()


_CREDENTIALS = select(
    _MEMBER_ROW.id,
    _MEMBER_ROW.organisation_id,
    _MEMBER_ROW.login,
    _MEMBER_ROW.role,
    case(
        (_ENABLED, _MEMBER_ROW.status), (_MEMBER_ROW.status.in_(("active", "waiting")), "out"), else_="disabled"
    ).label("status"),
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
    select(func.count()).where(Passkey.member_id == _MEMBER_ROW.id).scalar_subquery(),
    _MEMBER_ROW.argon2_kib,
    _MEMBER_ROW.argon2_passes,
    _MEMBER_ROW.waits_at.is_not(None),
).where(
    _MEMBER_ROW.login
    == func.coalesce(
        select(_NAMED.login).where(_NAMED.login == bindparam("login")).scalar_subquery(),
        select(func.min(_NAMED.login)).scalar_subquery(),
    )
)


_COSTS = (
    select(_MEMBER_ROW.argon2_kib, _MEMBER_ROW.argon2_passes, func.count())
    .where(_MEMBER_ROW.salt.is_not(None), _MEMBER_ROW.argon2_kib.is_not(None))
    .group_by(_MEMBER_ROW.argon2_kib, _MEMBER_ROW.argon2_passes)
)


def credentials(login: str) -> Credentials | None:
    """What signing in needs of an account. For a login that does not exist: the row of another account, with `known`
    False, so that both take the same time.

    None only if there is no account at all.
    """
    row = db.session.execute(_CREDENTIALS, {"login": login}).first()
    if row is None:
        return None
    costs = tuple((kib or 0, passes or 0, number) for kib, passes, number in db.session.execute(_COSTS))
    values: tuple[Any, ...] = (*row, costs)
    return Credentials(row.login == login, *values)


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
_PASSKEY = Passkey.__table__


# Looked at again, with its mark, where it is there at all.
_BEGINS_ANEW = (
    exists()
    .where(Occasion.__table__.c.member_id == _MEMBER.c.id, Occasion.__table__.c.status == str(OccasionStatus.WAITS))
    .correlate(_MEMBER)
)
_SESSION = Prepared(
    select(
        _SESSION_TABLE.c.sealed_keys,
        _SESSION_TABLE.c.created_at,
        _SESSION_TABLE.c.seen_at,
        _SESSION_TABLE.c.expires_at,
        _SESSION_TABLE.c.proved_at,
        _SESSION_TABLE.c.locked,
        _SESSION_TABLE.c.covers_after,
        _SESSION_TABLE.c.wrong_proofs,
        _SESSION_TABLE.c.lacks_factor,
        _SESSION_TABLE.c.whose_mark,
        _SESSION_TABLE.c.mark,
        _SESSION_TABLE.c.sealed_head,
        _SESSION_TABLE.c.failed_known,
        _SESSION_TABLE.c.failed_elsewhere,
        _SESSION_TABLE.c.before_at,
        _SESSION_TABLE.c.asks_password,
        _MEMBER.c.id.label("member_id"),
        _MEMBER.c.login,
        _MEMBER.c.name,
        _MEMBER.c.role,
        _MEMBER.c.status,
        _MEMBER.c.sealed_totp.is_not(None).label("has_second_factor"),
        exists().where(_PASSKEY.c.member_id == _MEMBER.c.id).label("has_passkey"),
        _MEMBER.c.code_due,
        _BEGINS_ANEW.label("begins_anew"),
        _ORGANISATION.c.id.label("organisation_id"),
        _ORGANISATION.c.code,
        _ORGANISATION.c.kind,
        _ORGANISATION.c.crossing_point,
        _ORGANISATION.c.names,
        _ORGANISATION.c.enabled,
        suspensions.is_suspended(_MEMBER.c.id, bindparam("now")).label("suspended"),
    )
    .select_from(_SESSION_TABLE)
    .join(_MEMBER, _MEMBER.c.id == _SESSION_TABLE.c.member_id)
    .join(_ORGANISATION, _ORGANISATION.c.id == _MEMBER.c.organisation_id)
    .where(_SESSION_TABLE.c.digest == bindparam("digest"))
)


def session(digest: bytes) -> Row | None:
    """Everything that a request needs to know about its session, in one statement."""
    return _SESSION.first(db.session, {"digest": digest, "now": clock.now()})
