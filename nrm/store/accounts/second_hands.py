"""Acts that need a second hand, or time: for those who may answer or asked, and for the duty desk.

Whose account is to be ended reads who asked for it, and why, and has no part in the answer (ADR 0163). The duty desk
sees what no second member has seen in a day, and what nobody of the organisation could agree to: then it is the second
hand. It reads no case for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import PERMISSIONS, Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.second_hands import (
    CLIMBS,
    DAY,
    OF_ACCOUNTS,
    OF_CASES,
    OPEN,
    PERMISSION,
    SHOWN_UNDONE,
    WAITS,
    WEEK,
    ActKind,
    ActReason,
    ActStatus,
    Heard,
    Undone,
    climbs,
    is_over,
)
from nrm.domain.accounts.vouching import HandRefusal
from nrm.domain.shelter.data_requests import RequestKind, RequestStatus
from nrm.looks import looked_up
from nrm.models.accounts.accounts import Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.models.shelter.data_requests import PersonRequest
from nrm.store import names, signed_names
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import second_hands as act_rows
from nrm.store.rows.accounts.suspensions import is_suspended
from nrm.vault import counted, rows

_MOST = 50
_RECORDED = {ActKind.WITHDRAW: RequestKind.WITHDRAWAL, ActKind.ERASE: RequestKind.ERASURE}


@dataclass(frozen=True, slots=True)
class ActLine:
    """One act, and what the reader may do about it.

    `final_at`: when what the case keeps is destroyed without another word. `by_desk`: nobody of the organisation could
    be the second hand, so the duty desk is; `by_nobody`: so nobody is, in the desk's own house. `hands`: who of the
    organisation could be; `refusal`: why the reader, a colleague, is none. `login`, `role`: of the account it is about;
    `asker_since`, `member_since`: since when either is there with the present keys; `reader_new`: the reader, of the
    desk, less than 14 days. `recorded`: there is an open request of the person for it, recorded where they asked.
    `organisation`: its names by language, for the duty desk; empty for colleagues.
    """

    id: uuid.UUID
    kind: ActKind
    reason: ActReason
    status: ActStatus
    case_id: uuid.UUID | None
    pseudonym: str
    member_id: uuid.UUID | None
    member_name: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    parked_at: datetime | None
    final_at: datetime | None
    many: bool
    signed_on: date | None
    seen_by: str
    seen_at: datetime | None
    decided_by: str
    decided_at: datetime | None
    heard: Heard | None
    undone: Undone | None
    organisation: dict[str, str]
    telephone: str
    mine: bool
    by_desk: bool
    by_nobody: bool
    may_agree: bool
    may_see: bool
    may_undo: bool
    recorded: bool
    hands: tuple[str, ...] = ()
    refusal: HandRefusal | None = None
    login: str = ""
    asked_by_id: uuid.UUID | None = None
    role: str = ""
    asker_role: str = ""
    asker_since: datetime | None = None
    member_since: datetime | None = None
    reader_new: bool = False

    @property
    def called(self) -> str:
        """Whose account it is about, by name and sign-in name."""
        return f"{self.member_name} ({self.login})" if self.login else self.member_name

    @property
    def waits(self) -> bool:
        """Whether a second hand can still agree."""
        return self.status in OPEN


def number_waiting(by: Actor) -> ColumnElement[int]:
    """How many acts wait, or expired lately without being done; a part of another statement, which is run with
    `moments`."""
    kinds = _kinds(by)
    if not kinds:
        return literal(0)
    counted_acts = select(func.count()).select_from(HeavyAct)
    return counted_acts.where(_shown(by, kinds, *map(bindparam, moments(by)))).scalar_subquery()


def moments(by: Actor) -> dict[str, datetime]:
    """Since when an act that ran out is shown, and until when one was asked for that stands on the duty desk if nobody
    has seen it; the values of `number_waiting`, if the actor has a part in acts."""
    if not _kinds(by):
        return {}
    now = clock.now()
    return {"acts_undone_since": now - SHOWN_UNDONE, "acts_climbed_until": now - CLIMBS}


@dataclass(frozen=True, slots=True)
class OwnEnd:
    """What somebody reads whose account a colleague asked to end: by whom, why, and until when somebody can agree."""

    asked_by: str
    reason: ActReason
    expires_at: datetime


def number_of_own_end(by: Actor) -> ColumnElement[int]:
    """How many requests to end the actor's account wait; a part of another statement."""
    if by.member_id is None:
        return literal(0)
    return select(func.count()).select_from(HeavyAct).where(*_own_end(by)).scalar_subquery()


def own_end(*, by: Actor) -> list[OwnEnd]:
    """Them, the first asked for first: nobody's account ends on request before they could read it."""
    statement = select(HeavyAct, Member.name, Member.login).join(Member, Member.id == HeavyAct.asked_by_id)
    found = db.session.execute(
        statement.where(*_own_end(by)).order_by(HeavyAct.asked_at).execution_options(populate_existing=True)
    ).all()
    codes = signed_names.codes([act.asked_by_id for act, *_ in found])
    return [
        OwnEnd(signed_names.who(codes, act.asked_by_id, *called), ActReason(act.reason), act.expires_at)
        for act, *called in found
        if rows.is_act(act) and not is_over(act.expires_at, clock.now())
    ]


def _own_end(by: Actor) -> tuple[ColumnElement[bool], ...]:
    kind = HeavyAct.kind == str(ActKind.END_ACCOUNT)
    return HeavyAct.member_id == by.member_id, kind, HeavyAct.status == str(ActStatus.ASKED)


def waiting(*, by: Actor) -> list[ActLine]:
    """Those acts, the first asked for first."""
    kinds = _kinds(by)
    if not kinds:
        return []
    found = db.session.execute(
        _act_rows()
        .where(_shown(by, kinds, *moments(by).values()))
        .order_by(HeavyAct.asked_at, HeavyAct.id)
        .limit(_MOST)
    )
    return [_act_line(each, by) for each in found.all() if rows.is_act(each[0]) and _is_due(each[0], by)]


def _is_due(act: HeavyAct, by: Actor) -> bool:
    """Whether an act that waits stands on the actor's page: of other organisations on that of the duty desk, if nobody
    has seen it in a day, or if nobody there could agree."""
    if act.organisation_id == by.organisation_id:
        return True
    return (act.parked_at is not None and climbs(act.asked_at, act.seen_at, clock.now())) or _is_left_to_desk(act)


def _is_for(act: HeavyAct, by: Actor) -> bool:
    """Whether the actor may look at it: the duty desk at what is closed to everybody, and at what is left to it."""
    own = by.organisation_id == act.organisation_id or act.decided_by_id == by.member_id
    return own or act.parked_at is not None or _is_left_to_desk(act)


def one(act_id: uuid.UUID, *, by: Actor) -> ActLine:
    """One act that the asker may see, whatever became of it; raises NotVisible."""
    found = db.session.execute(_act_rows().where(HeavyAct.id == act_id, _seen_by(by, _kinds(by)))).first()
    if found is None or not rows.is_act(found[0]) or not _is_for(found[0], by):
        raise NotVisible
    return _act_line(found, by)


def of_case(case_id: uuid.UUID, *, by: Actor) -> ActLine | None:
    """The act because of which a case is closed to everybody, for its page; the caller has shown that `by` sees the
    case."""
    return looked_up(
        ("second_hands.of_case", case_id, by.member_id, by.organisation_id), partial(_of_case, case_id, by)
    )


def _of_case(case_id: uuid.UUID, by: Actor) -> ActLine | None:
    place = (HeavyAct.case_id == case_id, HeavyAct.status == ActStatus.PARKED)
    found = db.session.execute(_act_rows().where(*place)).first()
    return _act_line(found, by) if found is not None and rows.is_act(found[0]) else None


def last_ending(member_id: uuid.UUID, *, by: Actor) -> ActLine | None:
    """How the account of a colleague ended the last time: who asked for it, why, and who agreed; for the duty desk of
    anybody's. None if it is not known here."""
    statement = _act_rows().where(
        HeavyAct.member_id == member_id,
        or_(HeavyAct.organisation_id == by.organisation_id, literal(_is_desk(by))),
        HeavyAct.kind == ActKind.END_ACCOUNT,
        HeavyAct.status.in_((ActStatus.DONE, ActStatus.AGREED)),
    )
    found = db.session.execute(statement.order_by(HeavyAct.decided_at.desc()).limit(1)).first()
    return _act_line(found, by) if found is not None and rows.is_act(found[0]) else None


def row(act_id: uuid.UUID, *, by: Actor) -> HeavyAct:
    """The act itself, for actions; raises NotVisible."""
    statement = select(HeavyAct).where(HeavyAct.id == act_id, _seen_by(by, _kinds(by)))
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    if found is None or not rows.is_act(found) or not _is_for(found, by):
        raise NotVisible
    return found


def begun(case_id: uuid.UUID, *, by: Actor) -> tuple[int, int]:
    """How many other cases the actor closed to everybody within seven days, and the actor's organisation within a day.

    Also those that were undone. It is read from the rows, and from the second database in case rows were deleted.
    Raises NotPermitted.
    """
    by.must(Permission.CASE_READ)
    of_member = _begun(HeavyAct.asked_by_id == by.member_id, by.member_id, clock.now() - WEEK)
    of_holder = _begun(HeavyAct.organisation_id == by.organisation_id, by.organisation_id, clock.now() - DAY)
    return len(of_member - {case_id}), len(of_holder - {case_id})


def begun_today(case_id: uuid.UUID, *, by: Actor) -> int:
    """How many other cases the actor closed to everybody within a day; read as `begun`. Raises NotPermitted."""
    by.must(Permission.CASE_READ)
    return len(_begun(HeavyAct.asked_by_id == by.member_id, by.member_id, clock.now() - DAY) - {case_id})


def _begun(whose: ColumnElement[bool], id_: uuid.UUID | None, since: datetime) -> set[uuid.UUID]:
    statement = select(HeavyAct).where(
        whose,
        HeavyAct.kind.in_(OF_CASES),
        HeavyAct.asked_at > since,
        or_(HeavyAct.parked_at.is_not(None), HeavyAct.status == ActStatus.DONE),
    )
    found = db.session.scalars(statement.execution_options(populate_existing=True))
    there = {each.case_id for each in found if each.case_id is not None and rows.is_act(each)}
    return there | set(counted.since(id_, OF_CASES, since))


def ended(member_id: uuid.UUID, *, by: Actor) -> int:
    """How many other accounts of the actor's organisation were ended by one hand within a day; read as `begun`. Raises
    NotPermitted."""
    by.must(Permission.ACCOUNT_DISABLE)
    since = clock.now() - DAY
    statement = select(HeavyAct).where(
        HeavyAct.organisation_id == by.organisation_id,
        HeavyAct.kind.in_(OF_ACCOUNTS),
        HeavyAct.status == ActStatus.DONE,
        HeavyAct.decided_at > since,
    )
    found = db.session.scalars(statement.execution_options(populate_existing=True))
    there = {each.member_id for each in found if rows.is_act(each)}
    return len((there | set(counted.since(by.organisation_id, OF_ACCOUNTS, since))) - {member_id})


def waits(act: ActKind, subject: uuid.UUID, *, by: Actor) -> HeavyAct | None:
    """The act that is open about this case or member, no matter who in the organisation asked; raises NotPermitted."""
    by.must(PERMISSION[act])
    statement = select(HeavyAct).where(
        _is_about(act, subject), HeavyAct.organisation_id == by.organisation_id, HeavyAct.status.in_(OPEN)
    )
    return db.session.scalar(statement.execution_options(populate_existing=True))


def is_held_back(act: ActKind, subject: uuid.UUID, *, by: Actor) -> bool:
    """Whether the asker asked for this lately, and somebody else declined or undid it; raises NotPermitted."""
    by.must(PERMISSION[act])
    found = select(HeavyAct).where(
        _is_about(act, subject),
        HeavyAct.asked_by_id == by.member_id,
        HeavyAct.asked_at > clock.now() - WAITS,
        HeavyAct.status == ActStatus.DECLINED,
        or_(HeavyAct.decided_by_id.is_(None), HeavyAct.decided_by_id != by.member_id),
    )
    return any(rows.is_act(each) for each in db.session.scalars(found.execution_options(populate_existing=True)))


def is_new_there(*, by: Actor) -> bool:
    """Whether the asker was let in lately, where others were before."""
    return occasion_rows.is_new_among(by.member_id, by.organisation_id)


def is_left_to_desk(act: HeavyAct, *, by: Actor) -> bool:
    """Whether the actor is the second hand as the duty desk: nobody of the organisation could be it. Then it is, after
    a call back."""
    new = occasion_rows.is_new_at_desk(by.member_id, by.organisation_id)
    return _is_desk(by) and not new and _is_left_to_desk(act)


def _is_left_to_desk(act: HeavyAct) -> bool:
    """Whether nobody of the organisation could be the second hand (ADR 0101)."""
    if act.kind == ActKind.BEGIN_ANEW:
        return False  # whoever agrees gets the link: that is never another organisation
    return next(_hands(act), None) is None


def _hands(act: HeavyAct) -> Iterator[Member]:
    """Who of the organisation could be the second hand, by sign-in name."""
    able = select(Member).where(
        Member.organisation_id == act.organisation_id,
        Member.status == "active",
        Member.role.in_(_roles(PERMISSION[ActKind(act.kind)])),
        ~is_suspended(Member.id, clock.now()),
    )
    for each in db.session.scalars(able.order_by(Member.login)):
        if act_rows.hand_refusal(act, each.id) is None:
            yield each


def _is_about(kind: ActKind, subject: uuid.UUID) -> ColumnElement[bool]:
    return HeavyAct.case_id == subject if kind in OF_CASES else HeavyAct.member_id == subject


def _roles(permission: Permission) -> list[str]:
    return [str(role) for role, granted in PERMISSIONS.items() if permission in granted]


def _kinds(by: Actor) -> list[str]:
    return [str(kind) for kind, permission in PERMISSION.items() if by.may(permission) or _is_desk(by)]


def _is_desk(by: Actor) -> bool:
    return by.may(Permission.REFERRAL_DIRECT)


def _seen_by(by: Actor, kinds: Collection[str]) -> ColumnElement[bool]:
    """Colleagues see those of their kinds; the duty desk every case that is closed to everybody, and what waits: of
    that `_is_for` leaves what is left to it."""
    whose = HeavyAct.organisation_id == by.organisation_id
    answered = HeavyAct.decided_by_id == by.member_id
    if _is_desk(by):
        whose = or_(whose, HeavyAct.parked_at.is_not(None), HeavyAct.status.in_(OPEN), answered)
    return and_(
        whose,
        HeavyAct.kind.in_(kinds),
        or_(HeavyAct.status != ActStatus.DONE, HeavyAct.parked_at.is_not(None)),
        or_(HeavyAct.member_id.is_(None), HeavyAct.member_id != by.member_id),
    )


def _shown(by: Actor, kinds: Collection[str], undone_since: Any, climbed_until: Any) -> ColumnElement[bool]:
    """What is open; and what ran out while nobody agreed, or was given back by others, unless it was asked for again
    since."""
    since = aliased(HeavyAct)
    again = exists().where(
        since.asked_at > HeavyAct.asked_at,
        or_(since.case_id == HeavyAct.case_id, since.member_id == HeavyAct.member_id),
    )
    ran_out = and_(HeavyAct.status == ActStatus.EXPIRED, HeavyAct.decided_at > undone_since, ~again)
    given_back = and_(
        HeavyAct.undone.in_(list(map(str, (Undone.HELP_LINE, Undone.AUTHORITY, Undone.WRONG_PERSON)))),
        HeavyAct.decided_at > undone_since,
        ~again,
    )
    is_open = HeavyAct.status.in_(OPEN)
    own = and_(HeavyAct.organisation_id == by.organisation_id, or_(is_open, ran_out, given_back))
    if _is_desk(by):
        climbed = and_(HeavyAct.seen_at.is_(None), HeavyAct.asked_at <= climbed_until)
        own = or_(own, and_(is_open, or_(climbed, HeavyAct.status == ActStatus.ASKED, HeavyAct.parked_at.is_not(None))))
    return and_(_seen_by(by, kinds), own)


_Asker, _Subject, _Decider, _Seer = aliased(Member), aliased(Member), aliased(Member), aliased(Member)


def _act_rows() -> Select[*tuple[Any, ...]]:
    recorded = exists().where(
        PersonRequest.case_id == HeavyAct.case_id,
        PersonRequest.status == RequestStatus.OPEN,
        or_(*(and_(HeavyAct.kind == str(kind), PersonRequest.kind == str(asked)) for kind, asked in _RECORDED.items())),
    )
    people = [part for each in (_Subject, _Asker, _Decider, _Seer) for part in (each.name, each.login)]
    people += [_Subject.role, _Asker.role]
    return (
        select(HeavyAct, Case.pseudonym, *people, recorded, Organisation)
        .join(_Asker, _Asker.id == HeavyAct.asked_by_id)
        .join(Organisation, Organisation.id == HeavyAct.organisation_id)
        .outerjoin(Case, Case.id == HeavyAct.case_id)
        .outerjoin(_Subject, _Subject.id == HeavyAct.member_id)
        .outerjoin(_Decider, _Decider.id == HeavyAct.decided_by_id)
        .outerjoin(_Seer, _Seer.id == HeavyAct.seen_by_id)
        .execution_options(populate_existing=True)
    )


def _act_line(found: Any, by: Actor) -> ActLine:
    act, pseudonym, subject, subject_login, *hands, role, asker_role, recorded, organisation = found
    asker, decider, seer = hands[:2], hands[2:4], hands[4:]
    left_to_desk = act.status in OPEN and _is_left_to_desk(act)
    of_authority = organisation.kind == OrganisationKind.RESPONSIBLE_AUTHORITY  # no desk stands in for the desk
    kind, mine, now = ActKind(act.kind), act.asked_by_id == by.member_id, clock.now()
    colleague = act.organisation_id == by.organisation_id
    over = act.status == ActStatus.ASKED and is_over(act.expires_at, now)
    status = ActStatus.EXPIRED if over else ActStatus(act.status)
    desk = _is_desk(by) and not colleague
    refusal = None
    if colleague and by.member_id is not None:
        refusal = act_rows.hand_refusal(act, by.member_id)
    hand = colleague and by.may(PERMISSION[kind]) and by.member_id is not None and refusal is None
    new = desk and occasion_rows.is_new_at_desk(by.member_id, by.organisation_id)
    second = not mine and status in OPEN and (hand or (desk and left_to_desk and not new))
    sees = second or (desk and not new and climbs(act.asked_at, act.seen_at, now))
    refusal = HandRefusal.NEW if new else refusal
    parked = status is ActStatus.PARKED
    codes = signed_names.codes([act.member_id, act.asked_by_id, act.seen_by_id, act.decided_by_id])
    return ActLine(
        id=act.id,
        kind=kind,
        reason=ActReason(act.reason),
        status=status,
        case_id=act.case_id,
        pseudonym=pseudonym or "",
        member_id=act.member_id,
        member_name=codes.get(act.member_id, subject or ""),
        login="" if act.member_id in codes else subject_login or "",
        asked_by=signed_names.who(codes, act.asked_by_id, *asker),
        asked_at=act.asked_at,
        expires_at=act.expires_at,
        parked_at=act.parked_at,
        final_at=act.final_at,
        many=act.many,
        signed_on=act.signed_on,
        seen_by=signed_names.who(codes, act.seen_by_id, *seer),
        seen_at=act.seen_at,
        decided_by=signed_names.who(codes, act.decided_by_id, *decider),
        decided_at=act.decided_at,
        heard=Heard(act.heard) if act.heard else None,
        undone=Undone(act.undone) if act.undone else None,
        organisation={} if colleague else dict(signed_names.organisation_names(organisation)),
        telephone="" if colleague else names.number_of(organisation),
        mine=mine,
        by_desk=left_to_desk and not of_authority,
        by_nobody=left_to_desk and of_authority,
        may_agree=second,
        may_see=parked and sees and act.seen_at is None,
        may_undo=parked and ((desk and not new) or (colleague and by.may(PERMISSION[kind]))),
        recorded=bool(recorded),
        hands=tuple(_names(_hands(act))) if colleague and status in OPEN and not second else (),
        refusal=refusal,
        asked_by_id=act.asked_by_id,
        role=role or "",
        asker_role=asker_role,
        asker_since=_since(act.asked_by_id),
        member_since=_since(act.member_id),
        reader_new=desk and by.member_id is not None and not occasion_rows.is_seasoned(by.member_id),
    )


def _since(member_id: uuid.UUID | None) -> datetime | None:
    return occasion_rows.standing(member_id).since if member_id is not None else None


def _names(found: Iterator[Member]) -> Iterator[str]:
    people = list(found)
    codes = signed_names.codes([each.id for each in people])
    for each in people:
        yield signed_names.who(codes, each.id, each.name, each.login)
