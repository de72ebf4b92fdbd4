"""Whether somebody begins anew already: for who would make another link, and for who made the last one (ADR 0172)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.accounts.words import OccasionStatus, WordPurpose
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.store import signed_names
from nrm.store.accounts import members
from nrm.store.rows.accounts import occasions as rows


@dataclass(frozen=True, slots=True)
class Begun:
    """That a colleague lets a member begin anew.

    `by`: who asked, and `mine`: that is the reader; `at`: when; `waits`: nobody agreed, and the old account goes on;
    `joined`: a new account was made with the link, and waits for words; `agreed`: who agreed, and `by_desk`: of the
    duty desk.
    """

    by: str
    mine: bool
    at: datetime
    waits: bool
    joined: bool
    agreed: str = ""
    by_desk: bool = False


def begun(member_id: uuid.UUID, *, by: Actor) -> Begun | None:
    """What goes on about this member; None if nobody lets them begin anew, and for who keeps the accounts of a house
    that holds keys, in which they let nobody begin anew. Raises NotPermitted, NotVisible."""
    member = members.manageable(member_id, by=by)
    if member.organisation_id != by.organisation_id and _holds_keys(member):
        return None
    found = rows.going_on(db.session(), member.id)
    if found is None or found.by_id is None or found.purpose != WordPurpose.ANEW:
        return None
    waits = found.status == OccasionStatus.WAITS
    if not waits and member.status not in ("invited", "waiting"):
        return None
    return _said(member, found, by, waits=waits)


def _said(member: Member, found: Occasion, by: Actor, *, waits: bool) -> Begun:
    codes = signed_names.codes([found.by_id, found.second_id])
    second = db.session.get(Member, found.second_id) if found.second_id is not None else None
    return Begun(
        _called(found.by_id, codes),
        found.by_id == by.member_id,
        found.began_at,
        waits,
        member.status == "waiting",
        _called(found.second_id, codes),
        second is not None and second.organisation_id != member.organisation_id,
    )


def _called(member_id: uuid.UUID | None, codes: Mapping[uuid.UUID | None, str]) -> str:
    row = db.session.get(Member, member_id) if member_id is not None else None
    return signed_names.who(codes, row.id, row.name, row.login) if row is not None else ""


def is_alone(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether nobody else of the organisation could let this member begin anew, beside the actor. Raises as `begun`."""
    member = members.manageable(member_id, by=by)
    inside = member.organisation_id == by.organisation_id
    return inside and rows.is_last_other(member, by.member_id, holds_keys=_holds_keys(member))


def _holds_keys(member: Member) -> bool:
    return OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
