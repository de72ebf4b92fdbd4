"""Whose words wait to be typed, and who begins anew: for colleagues, the duty desk, and who keeps the accounts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts import vouching
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission, Role
from nrm.domain.accounts.key_log_entries import EntryKind, Person, founders_of, hour_of
from nrm.domain.accounts.vouching import HandRefusal
from nrm.domain.accounts.words import SHOWN_FOR, TELEPHONE_FOR, AtDesk, OccasionStatus, WordPurpose
from nrm.models.accounts.accounts import Invitation, Member, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.store import names, signed_names
from nrm.store.accounts import members, typists
from nrm.store.rows.accounts import desk_hands, typing
from nrm.store.rows.accounts import members as rows
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault.keylog import log, people, words

_GOES_ON = (OccasionStatus.WAITS, OccasionStatus.OPEN)


@dataclass(frozen=True, slots=True)
class OccasionLine:
    """Somebody whose words wait to be typed, or whom `by` lets begin anew at `effective_at`.

    `own`: of the asker's organisation; else it is for the duty desk, or for who keeps the accounts, because nobody
    there could. `may_agree`: the asker is a second hand for who begins anew. `invited`: by a link of the asker.
    `since`, `by_since`: since when either is there with the present keys; `others`: how many others hold the key, or
    work in an office, and are not suspended; `began_at`: since when it waits;
    `needs_hand`: by time alone it never happens, and at `effective_at` it is over;
    `reader_new`: the reader, of the duty desk, was let in there lately. Of words: `may_type`: the reader types them
    now; `typists`: who else does, by name and sign-in name; `desk_first`: the duty desk, and then the reader. `desk`:
    of another house, what the desk does about them; `alone_from`: from when on the reader, who agreed, types them;
    `ended_at`: when the account ended by time alone; `waited_for`: who of the desk types them, and cannot
    work now, where nobody else could.
    """

    member_id: uuid.UUID
    name: str
    role: str
    purpose: WordPurpose
    organisation: dict[str, str]
    telephone: str
    own: bool
    by: str = ""
    mine: bool = False
    effective_at: datetime | None = None
    may_agree: bool = False
    typed: bool = False
    invited: bool = False
    login: str = ""
    since: datetime | None = None
    by_id: uuid.UUID | None = None
    by_role: str = ""
    by_since: datetime | None = None
    others: int = 0
    began_at: datetime | None = None
    needs_hand: bool = False
    reader_new: bool = False
    asks_desk: bool = False
    """Of who begins anew: nobody of the organisation could be the second hand, so the duty desk is."""
    may_type: bool = True
    typists: tuple[str, ...] = ()
    waited_for: tuple[str, ...] = ()
    desk_first: bool = False
    desk: AtDesk = AtDesk.YES
    ended_at: datetime | None = None
    alone_from: datetime | None = None
    suspended: bool = False
    """Of words: the account is suspended, and its owner sees none."""

    @property
    def called(self) -> str:
        """By name and sign-in name."""
        return f"{self.name} ({self.login})" if self.login else self.name

    @property
    def waits(self) -> bool:
        """Whether it is about beginning anew, and not about words yet."""
        return self.effective_at is not None


def refusal_as_second_hand(
    member_id: uuid.UUID, *, first_id: uuid.UUID | None = None, called_back: bool = False, by: Actor
) -> HandRefusal | None:
    """Why the actor is not the second hand for what `first_id` asked about this member; None if they are.

    Raises NotVisible for who is neither of the member's organisation nor of the duty desk.
    """
    member = db.session.get_one(Member, member_id)
    if by.organisation_id != member.organisation_id and by.role is not Role.DUTY_OFFICER:
        raise NotVisible
    organisation = db.session.get_one(Organisation, member.organisation_id)
    holds_keys = OrganisationKind(organisation.kind).holds_keys
    hands = occasion_rows.hands_beside(member, first_id, holds_keys=holds_keys)
    if by.member_id is None or by.keys is None or by.member_id == member.id:
        return HandRefusal.OWN
    if by.organisation_id == organisation.id:
        if by.member_id not in hands:
            return HandRefusal.OWN
        return occasion_rows.hand_refusal(by.member_id, first_id, member.id)
    if any(occasion_rows.hand_refusal(each, first_id, member.id) is None for each in hands):
        return HandRefusal.ELSEWHERE
    if not rows.holds_newest(by.member_id):
        return HandRefusal.ELSEWHERE
    if occasion_rows.is_new_at_desk(by.member_id, by.organisation_id):
        return HandRefusal.NEW
    return None if called_back else HandRefusal.NOT_CALLED


def anew_after(member_id: uuid.UUID, *, by: Actor) -> timedelta:
    """After how long this colleague would begin anew by the actor's word alone. Raises NotVisible."""
    member = members.manageable(member_id, by=by)
    kind = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind)
    inside = member.organisation_id == by.organisation_id
    return vouching.anew_after(
        newcomer=occasion_rows.is_new_to(by.member_id, member.id),
        alone=inside and occasion_rows.is_last_other(member, by.member_id, holds_keys=kind.holds_keys),
    )


def asks_desk(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether nobody of the organisation would be the second hand for the actor, who lets this colleague begin anew:
    then the duty desk is, and has to be called."""
    member = members.manageable(member_id, by=by)
    if member.status != "active" or member.organisation_id != by.organisation_id:
        return False
    holds_keys = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
    there = occasion_rows.hands_beside(member, by.member_id, holds_keys=holds_keys)
    return all(occasion_rows.hand_refusal(each, by.member_id, member.id) is not None for each in there)


def needs_hand(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether this colleague would begin anew only if a second hand agrees, and never by time."""
    return occasion_rows.is_new_to(by.member_id, members.manageable(member_id, by=by).id)


def _looks_outside(by: Actor) -> bool:
    return by.role is Role.DUTY_OFFICER or by.may(Permission.ORGANISATION_FOUND)


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many there may be for the asker; a part of another statement. `waiting` says which really are."""
    if by.organisation_id is None:
        return literal(0)
    found = select(func.count()).select_from(Occasion).where(Occasion.status.in_(_GOES_ON))
    if not _looks_outside(by):
        found = found.where(Occasion.organisation_id == by.organisation_id)
    return found.where(Occasion.member_id != by.member_id).scalar_subquery()


def waiting(*, by: Actor) -> list[OccasionLine]:
    """Colleagues whose words wait or who begin anew; of other organisations those that have nobody to do it."""
    statement = _rows(by)
    if not _looks_outside(by):
        statement = statement.where(Occasion.organisation_id == by.organisation_id)
    return _lines(statement, by)


def to_attest(*, by: Actor) -> list[OccasionLine]:
    """People of other organisations who join where nobody else is, and whom the key log lets the actor vouch for."""
    if by.organisation_id is None:
        return []
    joining = Occasion.purpose.in_((WordPurpose.JOINED, WordPurpose.ANEW))
    found = _lines(_rows(by).where(joining, Occasion.organisation_id != by.organisation_id), by)
    return [each for each in found if not each.waits]


def _lines(statement: Select[*tuple[Any, ...]], by: Actor) -> list[OccasionLine]:
    found = (_line(each[0], each[1], each[2], each[3], by) for each in db.session.execute(statement).all())
    return [each for each in found if each is not None]


def _rows(by: Actor) -> Select[*tuple[Any, ...]]:
    who, now = aliased(Member), clock.now()
    telephone = (Occasion.purpose == WordPurpose.FACTOR) & (Occasion.began_at > now - TELEPHONE_FOR)
    joining = (Occasion.purpose != WordPurpose.FACTOR) & (Occasion.began_at > now - SHOWN_FOR)
    joining &= Member.code_checked_at.is_not(None)
    return (
        select(Occasion, Member, who, Organisation)
        .join(Member, Member.id == Occasion.member_id)
        .join(Organisation, Organisation.id == Occasion.organisation_id)
        .outerjoin(who, who.id == Occasion.by_id)
        .where(Occasion.status.in_(_GOES_ON), Occasion.member_id != by.member_id)
        .where(or_(Occasion.status == OccasionStatus.WAITS, telephone, joining))
        .order_by(Occasion.began_at, Occasion.id)
        .execution_options(populate_existing=True)
    )


def _line(
    occasion: Occasion, member: Member, asker: Member | None, organisation: Organisation, by: Actor
) -> OccasionLine | None:
    if not words.is_occasion(occasion):
        return None
    own, holds_keys = organisation.id == by.organisation_id, OrganisationKind(organisation.kind).holds_keys
    waits, may_agree = occasion.status == OccasionStatus.WAITS, False
    new = False  # of the desk, and asked if they were not new there: they read it, and whom to call
    if waits and (own or by.role is Role.DUTY_OFFICER):
        refusal = refusal_as_second_hand(member.id, first_id=occasion.by_id, called_back=True, by=by)
        may_agree, new = refusal is None, not own and refusal is HandRefusal.NEW
    elif not own:
        to_desk = holds_keys or organisation.kind == OrganisationKind.OPERATOR
        outside = by.role is Role.DUTY_OFFICER if to_desk else by.may(Permission.ORGANISATION_FOUND)
        alone = not occasion_rows.others_who_vouch(member, holds_keys=holds_keys)
        vouches = outside and alone if occasion.purpose == WordPurpose.FACTOR else _may_vouch(member, by)
        if not vouches:
            return None
    if waits and not own and not may_agree and not new:
        return None
    if not waits and member.id in typed_already(by=by):
        return None  # their hand is there already, and another one is missing
    desk = not own and by.role is Role.DUTY_OFFICER and by.member_id is not None
    late = desk and not waits and typing.came_by_time(member, occasion)
    late = late and not occasion_rows.is_new_at_desk(by.member_id, by.organisation_id)
    codes = signed_names.codes([member.id, occasion.by_id])
    return OccasionLine(
        member.id,
        codes.get(member.id, member.name),
        member.role,
        WordPurpose(occasion.purpose),
        dict(signed_names.organisation_names(organisation)),
        names.number_of(organisation),
        own,
        signed_names.who(codes, asker.id, asker.name, asker.login) if asker is not None else "",
        occasion.by_id == by.member_id,
        occasion.effective_at if waits else None,
        may_agree or late,
        invited=not waits and own and _is_invited_by(member.id, by),
        login="" if member.id in codes else member.login,
        suspended=not waits and suspension_rows.standing(member.id) is not None,
        began_at=occasion.began_at,
        needs_hand=waits and occasion_rows.needs_hand(occasion),
        reader_new=waits and not own and by.member_id is not None and not occasion_rows.is_seasoned(by.member_id),
        **(_facts(member, occasion, asker, holds_keys) if waits or late else {}),
        **(_of_words(member, occasion, by, own=own) if not waits else {}),
    )


def _of_words(member: Member, occasion: Occasion, by: Actor, *, own: bool) -> dict[str, Any]:
    """Whether the reader types the words now; else who does, and when."""
    if by.member_id is None:
        return {}
    if not own and by.role is Role.DUTY_OFFICER and occasion_rows.is_new_at_desk(by.member_id, by.organisation_id):
        return {"may_type": False, "desk": AtDesk.NEW, "typists": typists.at_desk(member, occasion, by=by)}
    if occasion.purpose == WordPurpose.FACTOR:
        return {}
    if not own:
        desk = typing.of_desk(member, occasion, by.member_id)
        at = typing.alone_from(member, occasion) if desk is AtDesk.LATER else None
        if desk is AtDesk.YES:
            desk, at = desk_hands.beside_anew(member, by.member_id)
        others = typists.others_at_desk(by=by) if desk is AtDesk.ANOTHER else ()
        return {
            "may_type": desk is AtDesk.YES,
            "desk": desk,
            "alone_from": at,
            "ended_at": typing.ended_by_time(occasion),
            "typists": others,
            "waited_for": typists.waited_for_at_desk(by=by) if desk is AtDesk.ANOTHER and not others else (),
        }
    may = typing.of_colleague(member, occasion, by.member_id)
    holds_keys = OrganisationKind(db.session.get_one(Organisation, member.organisation_id).kind).holds_keys
    there = by.member_id in occasion_rows.hands_beside(member, None, holds_keys=holds_keys)
    return {
        "may_type": there and may is typing.Typing.YES and typists.log_takes(member.id, by=by),
        "typists": typists.who_may_type(member.id, by=by),
        "desk_first": there and may is typing.Typing.OUTSIDE,
    }


def _facts(member: Member, occasion: Occasion, asker: Member | None, holds_keys: bool) -> dict[str, Any]:
    """What somebody has to know of who begins anew, and of who asks, before they agree."""
    there = occasion_rows.hands_beside(member, None, holds_keys=holds_keys)
    return {
        "since": occasion_rows.standing(member.id).since,
        "by_id": asker.id if asker is not None else None,
        "by_role": asker.role if asker is not None else "",
        "by_since": occasion_rows.standing(asker.id).since if asker is not None else None,
        "others": sum(suspension_rows.standing(each) is None for each in there),
        "asks_desk": all(occasion_rows.hand_refusal(each, occasion.by_id, member.id) is not None for each in there),
    }


def _is_invited_by(member_id: uuid.UUID, by: Actor) -> bool:
    last = select(Invitation.by_id).where(Invitation.member_id == member_id).order_by(Invitation.expires_at.desc())
    return db.session.scalar(last.limit(1)) == by.member_id


def typed_already(*, by: Actor) -> set[uuid.UUID]:
    """The members whose words the actor typed already, while another hand is missing."""
    open_ = log.last_state(db.session).open_proposals(hour_of(clock.now()))
    return {each.body.member_id for each in open_ if isinstance(each.body, Person) and by.member_id in each.signers}


def others_type(*, by: Actor) -> set[uuid.UUID]:
    """The members whose words the actor does not type now: typed already, or another one does."""
    return typed_already(by=by) | {each.member_id for each in waiting(by=by) if not each.waits and not each.may_type}


def has_sheet(*, by: Actor) -> bool:
    """Whether the actor is a founder in a proposal that waits: then their words stand on a sheet."""
    open_ = log.last_state(db.session).open_proposals(hour_of(clock.now()))
    return any(by.member_id == person.member_id for each in open_ for person in founders_of(each.body))


def _may_vouch(member: Member, by: Actor) -> bool:
    """Whether the key log lets the actor vouch for somebody of another organisation; also as the second hand, where
    nobody else of theirs could be it."""
    state = log.last_state(db.session)
    organisation = state.organisations.get(member.organisation_id)
    if organisation is None or by.member_id is None or not member.own_signature:
        return False
    person = people.person_of(member)
    kind, at = EntryKind.ANEW if member.id in state.members else EntryKind.JOINED, hour_of(clock.now())
    waits = log.proposal_of(state, kind, person)
    if waits is not None and not state.hands_of(waits, at):  # as the action asks it
        return state.still_needed(waits, by.member_id, at) and not typing.stopped_by_typist(member)
    first_id = waits.signers[0] if waits is not None else None
    first = typing.needs_outside(member, occasion_rows.going_on(db.session(), member.id))
    if not first and occasion_rows.hands_beside(member, first_id, holds_keys=organisation.holds_keys):
        return False
    return state.may_sign(kind, person, by.member_id, at)


def one(member_id: uuid.UUID, *, by: Actor) -> OccasionLine:
    """The line of this member; raises NotVisible."""
    found = _lines(_rows(by).where(Occasion.member_id == member_id), by)
    if not found:
        raise NotVisible
    return found[0]


def may_agree(member_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor is the second hand for somebody who is to begin anew."""
    found = _lines(_rows(by).where(Occasion.member_id == member_id), by)
    return any(each.waits and each.may_agree for each in found)


def founders(*, by: Actor) -> list[OccasionLine]:
    """The others who joined the asker's organisation and wait for its founding with the asker."""
    session, found = db.session(), []
    for member in occasion_rows.founders(session, by.organisation_id or uuid.UUID(int=0)):
        typed = occasion_rows.typed_of(session, member.id, [WordPurpose.FOUNDED])
        if member.id != by.member_id and member.code_checked_at is not None:
            mine = any(each.typed_by_id == by.member_id for each in typed)
            whom = (member.id, member.name, member.role, WordPurpose.FOUNDED)
            found.append(OccasionLine(*whom, {}, "", True, typed=mine, login=member.login))
    return found
