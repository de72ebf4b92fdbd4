"""Suspensions, as far as the asker may see them: colleagues, the duty desk, and who keeps the accounts. The suspended
person reads why, until when, and whom to call."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, func, literal, select, true
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.suspensions import SuspensionEnd, SuspensionReason, SuspensionRefusal
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.store import names, signed_names
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows
from nrm.vault import rows

_MOST = 50


@dataclass(frozen=True, slots=True)
class SuspensionLine:
    """One suspension. `mine`: the reader did it. `may_end`, `may_lengthen`: what the reader may do now."""

    id: uuid.UUID
    member_id: uuid.UUID
    member_name: str
    login: str
    organisation_id: uuid.UUID
    organisation: dict[str, str]
    telephone: str
    by_id: uuid.UUID
    by: str
    by_administrator: bool
    reason: SuspensionReason
    at: datetime
    until: datetime
    longer_by: str
    ended_at: datetime | None
    ended_by: str
    how_ended: SuspensionEnd | None
    stands: bool
    mine: bool
    may_end: bool
    may_lengthen: bool
    caused: bool = False
    """A colleague objected to what the reader did: another one ends it, or the desk."""
    why_not: SuspensionRefusal | None = None
    """Why the reader, who could end it otherwise, does not."""
    enders: tuple[str, ...] = ()
    """Where the reader does not end it: which colleagues of the person can, by name and sign-in name."""
    of_desk: bool = False
    """It is of the duty desk's own house: no desk of another house ends it."""

    @property
    def called(self) -> str:
        """By name and sign-in name."""
        return f"{self.member_name} ({self.login})" if self.login else self.member_name


@dataclass(frozen=True, slots=True)
class Told:
    """What a suspended person reads: why, until when, by whom, and whom to call (names by language and telephones)."""

    reason: SuspensionReason
    at: datetime
    until: datetime
    by: str
    by_administrator: bool
    call: tuple[tuple[dict[str, str], str], ...]
    of_desk: bool = False
    enders: tuple[str, ...] = ()
    """Of somebody of the duty desk's own house: who there can end it, without who did it, by name and sign-in name."""


def number_standing(by: Actor) -> ColumnElement[int]:
    """How many suspensions the actor is told of; a part of another statement, which is run with `moment`."""
    if not _is_told(by):
        return literal(0)
    statement = select(func.count()).select_from(Suspension)
    return statement.where(_seen_by(by), _stands(bindparam("suspended_now"))).scalar_subquery()


def moment(by: Actor) -> dict[str, datetime]:
    """The value of `number_standing`, for whoever is told of any."""
    return {"suspended_now": clock.now()} if _is_told(by) else {}


def standing(*, by: Actor) -> list[SuspensionLine]:
    """Who is suspended now, the first to end first."""
    statement = _lines().where(_seen_by(by), _stands(clock.now())).order_by(Suspension.until).limit(_MOST)
    return [_line(found, by) for found in db.session.execute(statement).all() if rows.is_suspension(found[0])]


def one(suspension_id: uuid.UUID, *, by: Actor) -> SuspensionLine:
    """One suspension, whatever became of it; raises NotVisible."""
    found = db.session.execute(_lines().where(Suspension.id == suspension_id, _seen_by(by))).first()
    if found is None or not rows.is_suspension(found[0]):
        raise NotVisible
    return _line(found, by)


def row(suspension_id: uuid.UUID, *, by: Actor) -> Suspension:
    """The suspension itself, for actions; raises NotVisible."""
    statement = select(Suspension).where(Suspension.id == suspension_id, _seen_by(by))
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None or not rows.is_suspension(found):
        raise NotVisible
    return found


def told(suspension_id: uuid.UUID, *, by: Actor) -> Told | None:
    """What the actor, who is suspended, reads of it; None of another's."""
    found = db.session.execute(
        _lines().where(Suspension.id == suspension_id, Suspension.member_id == by.member_id)
    ).first()
    if found is None:
        return None
    suspension, organisation, _, _, _, who, who_login, *_ = found
    of_desk = organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY
    return Told(
        SuspensionReason(suspension.reason),
        suspension.at,
        suspension.until,
        signed_names.who(signed_names.codes([suspension.by_id]), suspension.by_id, who, who_login),
        suspension.by_administrator,
        whom_to_call(by=by),
        of_desk,
        _enders(suspension) if of_desk else (),
    )


def whom_to_call(*, by: Actor) -> tuple[tuple[dict[str, str], str], ...]:
    """Whom the actor calls, who is suspended: names by language and telephones."""
    organisation = db.session.get_one(Organisation, by.organisation_id)
    of_desk = organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY
    # First who is no colleague: at the number of the own organisation the one who did it may answer.
    outside = (*duty_desks(by=by), *(_operators() if of_desk else ()))
    return (*outside, (organisation.names, names.number_of(organisation)))


def _operators() -> tuple[tuple[dict[str, str], str], ...]:
    """Who keeps the accounts, where a number is known: the administrator suspends who suspended."""
    found = db.session.scalars(
        select(Organisation).where(Organisation.kind == OrganisationKind.OPERATOR).order_by(Organisation.code)
    )
    return tuple((each.names, number) for each in found if (number := names.number_of(each)))


def _enders(suspension: Suspension) -> tuple[str, ...]:
    """Which colleagues of the suspended person, besides who did it, can end it now, by name and sign-in name."""
    keep = [str(role) for role, may in PERMISSIONS.items() if Permission.ACCOUNT_CONFIRM in may]
    there = select(Member.id, Member.name, Member.login).where(
        Member.organisation_id == suspension.organisation_id,
        Member.status == "active",
        Member.role.in_(keep),
        Member.id.not_in((suspension.member_id, suspension.by_id)),
        ~suspension_rows.is_suspended(Member.id, clock.now()),
    )
    found = db.session.execute(there.order_by(Member.name, Member.login)).all()
    event = db.session.get(KeyEvent, suspension.event_id) if suspension.event_id is not None else None
    able = [each for each in found if not occasion_rows.hangs_on_one(each.id, suspension.member_id)]
    able = [each for each in able if event is None or event.by_id != each.id]
    codes = signed_names.codes([each.id for each in able])
    return tuple(signed_names.who(codes, each.id, each.name, each.login) for each in able)


def duty_desks(*, by: Actor) -> tuple[tuple[dict[str, str], str], ...]:
    """The names by language and the telephone of the Responsible Authority, without the reader's own organisation."""
    desks = db.session.scalars(
        select(Organisation)
        .where(Organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY, Organisation.id != by.organisation_id)
        .order_by(Organisation.code)
    )
    return tuple((each.names, names.number_of(each)) for each in desks)


def _is_told(by: Actor) -> bool:
    told_of = (Permission.REFERRAL_DIRECT, Permission.ORGANISATION_FOUND, Permission.ACCOUNT_CONFIRM)
    return by.member_id is not None and any(map(by.may, told_of))


def _seen_by(by: Actor) -> ColumnElement[bool]:
    """Colleagues who keep accounts, and the duty desk, see all of them; administrators too; never the person itself."""
    if not _is_told(by):
        return false()
    whose: ColumnElement[bool] = Suspension.organisation_id == by.organisation_id
    if by.may(Permission.REFERRAL_DIRECT) or by.may(Permission.ORGANISATION_FOUND):
        whose = true()
    return and_(whose, Suspension.member_id != by.member_id)


def _stands(now: Any) -> ColumnElement[bool]:
    """Not of an account that was ended meanwhile: there is nothing left to end or to make longer."""
    ended = exists().where(Member.id == Suspension.member_id, Member.status == "disabled")
    return and_(Suspension.ended_at.is_(None), Suspension.until > now, ~ended.correlate_except(Member))


_Whom, _By, _Longer, _Ended = aliased(Member), aliased(Member), aliased(Member), aliased(Member)


def _hand(hand: type[Member]) -> tuple[Any, Any]:
    return hand.name, hand.login


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Suspension,
            Organisation,
            _Whom.name,
            _Whom.login,
            _Whom.status,
            *_hand(_By),
            *_hand(_Longer),
            *_hand(_Ended),
        )
        .join(Organisation, Organisation.id == Suspension.organisation_id)
        .join(_Whom, _Whom.id == Suspension.member_id)
        .join(_By, _By.id == Suspension.by_id)
        .outerjoin(_Longer, _Longer.id == Suspension.longer_by_id)
        .outerjoin(_Ended, _Ended.id == Suspension.ended_by_id)
        .execution_options(populate_existing=True)
    )


def _is_another_hand(suspension: Suspension, by: Actor) -> bool:
    """Whether a colleague is a second hand for who suspended, and would not be left alone with the cases; the duty desk
    is one."""
    if suspension.organisation_id != by.organisation_id or by.member_id is None:
        return not occasion_rows.is_new_at_desk(by.member_id, by.organisation_id)
    member = db.session.get_one(Member, suspension.member_id)
    refusal = occasion_rows.hand_refusal(by.member_id, suspension.by_id, suspension.member_id)
    return refusal is None and not occasion_rows.would_be_alone(member, by.member_id)


def _why_not_end(suspension: Suspension, by: Actor) -> SuspensionRefusal | None:
    """Why somebody who did not suspend does not end it: one hand with the suspended person, or new at the duty desk
    where it is of another house (ADR 0163)."""
    if occasion_rows.hangs_on_one(by.member_id, suspension.member_id):
        return SuspensionRefusal.ONE_HAND
    outside = suspension.organisation_id != by.organisation_id
    if outside and occasion_rows.is_new_at_desk(by.member_id, by.organisation_id):
        return SuspensionRefusal.NEW_AT_DESK
    return None


def _line(found: Any, by: Actor) -> SuspensionLine:
    suspension, organisation, name, login, status, *who = found
    stands = suspension.ended_at is None and suspension.until > clock.now() and status != "disabled"
    mine = suspension.by_id == by.member_id
    second = not mine and (suspension.organisation_id == by.organisation_id or by.may(Permission.REFERRAL_DIRECT))
    second = second and (by.may(Permission.ACCOUNT_CONFIRM) or by.may(Permission.REFERRAL_DIRECT))
    event = db.session.get(KeyEvent, suspension.event_id) if suspension.event_id is not None else None
    caused = event is not None and event.by_id == by.member_id
    why_not = _why_not_end(suspension, by) if stands and second and not caused else None
    may_end = stands and not caused and ((mine and not suspension.by_administrator) or (second and why_not is None))
    may_lengthen = stands and second and suspension.longer_by_id is None and _is_another_hand(suspension, by)
    hands = (suspension.by_id, suspension.longer_by_id, suspension.ended_by_id)
    codes = signed_names.codes([suspension.member_id, *hands])
    return SuspensionLine(
        id=suspension.id,
        member_id=suspension.member_id,
        member_name=codes.get(suspension.member_id, name),
        login="" if suspension.member_id in codes else login,
        organisation_id=organisation.id,
        organisation=dict(signed_names.organisation_names(organisation)),
        telephone=names.number_of(organisation),
        by_id=suspension.by_id,
        by=signed_names.who(codes, suspension.by_id, *who[:2]),
        by_administrator=suspension.by_administrator,
        reason=SuspensionReason(suspension.reason),
        at=suspension.at,
        until=suspension.until,
        longer_by=signed_names.who(codes, suspension.longer_by_id, *who[2:4]),
        ended_at=suspension.ended_at,
        ended_by=signed_names.who(codes, suspension.ended_by_id, *who[4:]),
        how_ended=SuspensionEnd(suspension.how_ended) if suspension.how_ended else None,
        stands=stands,
        mine=mine,
        # Who runs the machine does not end what the key log has: they ask a colleague or the desk.
        may_end=may_end,
        may_lengthen=may_lengthen,
        caused=stands and caused,
        why_not=why_not,
        enders=_enders(suspension) if stands and not may_end else (),
        of_desk=organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY,
    )
