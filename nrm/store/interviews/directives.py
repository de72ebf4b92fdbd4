"""Which directives bind the asker, which of them they have read, and how many officers of each post have."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, Permission
from nrm.domain.documents import Words
from nrm.domain.interviews import directives as rules
from nrm.domain.interviews.directives import Directive, Key
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.interviews.directives import DirectiveAcknowledgement
from nrm.prepared import Prepared
from nrm.store.countries import country

_ACKNOWLEDGED = Prepared(
    select(DirectiveAcknowledgement.directive, DirectiveAcknowledgement.version).where(
        DirectiveAcknowledgement.member_id == bindparam("member_id")
    )
)
CONDUCTING = tuple(role for role, permissions in PERMISSIONS.items() if Permission.INTERVIEW_CONDUCT in permissions)


@dataclass(frozen=True, slots=True)
class Readers:
    """An organisation that a directive binds: how many of its officers have read the version, of how many."""

    names: Words
    read: int
    officers: int


def binding(*, by: Actor, page: str | None = None) -> tuple[Directive, ...]:
    """The directives that bind the actor's party today; with `page` those that apply there. No query."""
    known = country()
    if not known.directives:
        return ()
    today = clock.today(known.timezone)
    found = rules.in_force(known.directives, known.party_of(by.organisation_code), today)
    return found if page is None else rules.on_page(found, page)


def acknowledged(*, by: Actor) -> frozenset[Key]:
    """What the actor has read, in whatever version."""
    by.must(Permission.INTERVIEW_CONDUCT)
    return frozenset((row[0], row[1]) for row in _ACKNOWLEDGED.all(db.session, {"member_id": by.member_id}))


def unread(*, by: Actor) -> tuple[Directive, ...]:
    """The directives that bind the actor and were not read by them; no query where none binds."""
    bound = binding(by=by) if by.may(Permission.INTERVIEW_CONDUCT) else ()
    if not bound:
        return ()
    read = acknowledged(by=by)
    return tuple(each for each in bound if each.key not in read)


def readers(*, by: Actor) -> list[tuple[Directive, list[Readers]]]:
    """Every directive in force today with the organisations it binds, by code; never which officer has read it."""
    by.must(Permission.ROLLOUT_READ)
    known = country()
    today = clock.today(known.timezone)
    conducting = (Member.status == "active", Member.role.in_(CONDUCTING))
    officers = db.session.execute(
        select(Organisation.id, Organisation.party, Organisation.names, func.count())
        .join(Member, Member.organisation_id == Organisation.id)
        .where(Organisation.enabled, *conducting)
        .group_by(Organisation.id)
        .order_by(Organisation.code)
    ).all()
    read: Mapping[tuple[uuid.UUID, str, int], int] = {
        (row[0], row[1], row[2]): row[3]
        for row in db.session.execute(
            select(
                Member.organisation_id,
                DirectiveAcknowledgement.directive,
                DirectiveAcknowledgement.version,
                func.count(),
            )
            .join(Member, Member.id == DirectiveAcknowledgement.member_id)
            .where(*conducting)
            .group_by(Member.organisation_id, DirectiveAcknowledgement.directive, DirectiveAcknowledgement.version)
        )
    }
    parties = dict.fromkeys(each.party for each in known.directives)
    return [
        (
            directive,
            [
                Readers(names, read.get((organisation, *directive.key), 0), count)
                for organisation, party, names, count in officers
                if party == directive.party
            ],
        )
        for named in parties
        for directive in rules.in_force(known.directives, named, today)
    ]
