"""Who types the words that somebody reads, and who stands in the way: for who waits, for colleagues and the desk."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, OrganisationKind
from nrm.domain.accounts.key_log_entries import EntryKind, hour_of
from nrm.domain.accounts.words import AtDesk
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.store import signed_names
from nrm.store.rows.accounts import desk_hands, typing
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault.keylog import log, people


def typists(*, by: Actor) -> tuple[str, ...]:
    """Who types the words of the actor, who reads them: colleagues by name and sign-in name. Nobody where the duty desk
    and another do it, or where the actor reads none."""
    member = db.session.get(Member, by.member_id)
    return _named(member)


def who_may_type(member_id: uuid.UUID, *, by: Actor) -> tuple[str, ...]:
    """Who else than the actor types the words of this colleague, as `typists`; nobody of another organisation."""
    member = db.session.get(Member, member_id)
    return _named(member, but=by.member_id) if member and member.organisation_id == by.organisation_id else ()


def has_desk_first(*, by: Actor) -> bool:
    """Whether colleagues type the words of the actor, who begins anew, only after the duty desk."""
    member = db.session.get(Member, by.member_id)
    occasion = occasion_rows.going_on(db.session(), member.id) if member is not None else None
    return member is not None and works_with_others(by=by) and typing.needs_outside(member, occasion)


def stopped_by_typist(*, by: Actor) -> tuple[str, ...]:
    """Who of the actor's organisation could type the actor's words second, and is suspended by who typed them first."""
    member = db.session.get(Member, by.member_id)
    return _called(typing.stopped_by_typist(member)) if member is not None else ()


def others_at_desk(*, by: Actor) -> tuple[str, ...]:
    """Who else of the duty desk, of which the actor is, decides for other houses: by name and sign-in name."""
    ids = occasion_rows.others_at_desk(by.member_id, by.organisation_id) if by.member_id is not None else []
    return _called(ids)


def at_desk(member: Member, occasion: Occasion, *, by: Actor) -> tuple[str, ...]:
    """Who of the duty desk, of which the actor is, types the words of this member of another house now."""
    ids = occasion_rows.others_at_desk(by.member_id, by.organisation_id) if by.member_id is not None else []
    return _called([each for each in ids if typing.of_desk(member, occasion, each) is AtDesk.YES])


def waited_for_at_desk(*, by: Actor) -> tuple[str, ...]:
    """Who else of the duty desk will decide, and cannot now; as `others_at_desk`."""
    ids = desk_hands.waited_for(by.member_id, by.organisation_id) if by.member_id is not None else []
    return _called(ids)


def is_of_another(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the member is of another organisation than the actor."""
    return is_elsewhere(member_id, by=by) is True


def is_elsewhere(member_id: uuid.UUID, *, by: Actor) -> bool | None:
    """Whether the member is of another organisation than the actor; None where there is none. One look for all three:
    the time does not tell who exists."""
    member = db.session.get(Member, member_id)
    return None if member is None else member.organisation_id != by.organisation_id


def works_with_others(*, by: Actor) -> bool:
    """Whether others work in the actor's organisation, who could type words if nothing kept them from it."""
    member = db.session.get(Member, by.member_id)
    if member is None:
        return False
    holds_keys = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
    return bool(occasion_rows.hands_beside(member, None, holds_keys=holds_keys))


def log_takes(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the key log takes the actor's hand for this colleague, who reads words."""
    member = db.session.get(Member, member_id)
    return member is not None and by.member_id is not None and _may_type(member, by.member_id)


def _named(member: Member | None, *, but: uuid.UUID | None = None) -> tuple[str, ...]:
    """Who of the organisation types the words of this member now, by name and sign-in name."""
    occasion = occasion_rows.going_on(db.session(), member.id) if member is not None else None
    if member is None or occasion is None:
        return ()
    holds_keys = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
    ids = [
        each
        for each in occasion_rows.hands_beside(member, but, holds_keys=holds_keys)
        if suspension_rows.standing(each) is None
        and _may_type(member, each)
        and typing.of_colleague(member, occasion, each) is typing.Typing.YES
    ]
    return _called(ids)


def _called(ids: Collection[uuid.UUID]) -> tuple[str, ...]:
    named = select(Member.id, Member.name, Member.login).where(Member.id.in_(ids)).order_by(Member.name, Member.login)
    rows_ = db.session.execute(named).all()
    codes = signed_names.codes([row.id for row in rows_])
    return tuple(signed_names.who(codes, row.id, row.name, row.login) for row in rows_)


def _may_type(member: Member, typist_id: uuid.UUID) -> bool:
    """Whether the key log takes this colleague's hand for who joins; where others typed already, as one hand more. The
    words of a lost telephone are no matter of the log."""
    state, at = log.last_state(db.session), hour_of(clock.now())
    if member.organisation_id not in state.organisations or not member.own_signature or member.status != "waiting":
        return True
    person = people.person_of(member)
    kind = EntryKind.ANEW if member.id in state.members else EntryKind.JOINED
    waits = log.proposal_of(state, kind, person)
    if waits is not None:
        return state.still_needed(waits, typist_id, at)
    return state.may_sign(kind, person, typist_id, at)
