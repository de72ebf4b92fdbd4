"""Why this person cannot suspend that one now: asked by the page before it offers the button, and by the action.

Decided in ADR 0155.
"""

from __future__ import annotations

import uuid

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind, Permission
from nrm.domain.accounts.suspensions import (
    SuspensionRefusal,
    SuspensionRefused,
    check_by_administrator,
    check_by_holder,
)
from nrm.models.accounts.accounts import Member, Organisation
from nrm.store.accounts import members
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as rows


def refusal(member_id: uuid.UUID, *, by: Actor) -> SuspensionRefusal | None:
    """Why not, or None: by who keeps the accounts, else by a colleague of the member, who holds the key. Raises
    NotPermitted, NotVisible."""
    member = members.manageable(member_id, by=by)
    if member.id == by.member_id:
        return SuspensionRefusal.OWN
    if member.status != "active" or rows.standing(member.id) is not None:
        return SuspensionRefusal.ALREADY
    try:
        if by.may(Permission.ORGANISATION_FOUND):
            _check_administrator(member)
        else:
            _check_holder(member, by)
    except SuspensionRefused as error:
        return error.reason
    return None


def _check_holder(member: Member, by: Actor) -> None:
    assert by.member_id is not None
    of_stopped = occasion_rows.is_of_stopped(member.id)
    check_by_holder(
        lately=rows.lately(member.id, by.member_id),
        taken=0 if of_stopped else rows.taken(by.member_id),
        newcomer=occasion_rows.is_new_to(by.member_id, member.id),
        alone=not of_stopped and occasion_rows.would_be_alone(member, by.member_id),
    )


def _full_hands_beside(member: Member) -> int:
    """How many colleagues of the member hold the key, are not suspended, and were not let in lately while somebody
    there was before: a creature of one minute is nobody who is left."""
    others = member_rows.ids_of_holders(member.organisation_id)
    others.pop(member.id, None)
    return sum(able and not occasion_rows.is_new_among(each, member.organisation_id) for each, able in others.items())


def _check_administrator(member: Member) -> None:
    of_organisation, of_all = rows.by_administrators(member.organisation_id)
    kind = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind)
    check_by_administrator(
        lately=rows.lately(member.id),
        holds=kind.holds_keys and member_rows.holds_newest(member.id),
        others=_full_hands_beside(member),
        of_organisation=of_organisation,
        of_all=of_all,
    )
