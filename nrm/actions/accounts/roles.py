"""Changing the role of a colleague, or one's own name: signed in the key log.

A role is given by who holds the key of the organisation, in an office that holds none by any of its people; a name is
changed by nobody but who has it (ADR 0159)."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from nrm.db import transaction
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Role
from nrm.domain.accounts.members import ChangeRefusal, ChangeRefused, KeyHoldersDecide, OwnAccount
from nrm.models.accounts.accounts import Member
from nrm.steps.accounts import members as steps
from nrm.steps.accounts import roles
from nrm.store.accounts import members as store
from nrm.store.countries import country
from nrm.store.rows.accounts import members as member_rows


def change(*, member_id: uuid.UUID, role: Role, by: Actor) -> bool:
    """Give a colleague another role; whether they have it now, or a second hand has to agree in the key log.

    Raises NotPermitted, NotVisible, OwnAccount, KeyHoldersDecide, ChangeRefused, Disagrees.
    """
    with transaction() as session:
        member = _colleague(session, member_id, by)
        if by.kind is not None and role not in country().roles_of(by.organisation_code, by.kind):
            raise ChangeRefused(ChangeRefusal.ROLE)
        return roles.give(session, member, role, by)


def rename(*, member_id: uuid.UUID, name: str, by: Actor) -> None:
    """Change the own name: the row has it, the key log its digest. Raises NotVisible, ChangeRefused, NameRefused,
    Disagrees."""
    if store.colleague(member_id, by=by).organisation_id != by.organisation_id:
        raise NotVisible
    if member_id != by.member_id or by.keys is None:
        raise ChangeRefused(ChangeRefusal.NOT_THEIRS)
    with transaction() as session:
        member, _ = steps.held(session, member_id)
        if member.status != "active":
            raise ChangeRefused(ChangeRefusal.NOT_IN)
        roles.rename(session, member, name.strip(), by)


def _colleague(session: Session, member_id: uuid.UUID, by: Actor) -> Member:
    if store.changeable(member_id, by=by).id == by.member_id:
        raise OwnAccount
    member, organisation = steps.held(session, member_id)
    holds = by.member_id is not None and member_rows.holds_newest(by.member_id)
    if OrganisationKind(organisation.kind).holds_keys and not holds:
        raise KeyHoldersDecide
    if member.status != "active":
        raise ChangeRefused(ChangeRefusal.NOT_IN)
    return member
