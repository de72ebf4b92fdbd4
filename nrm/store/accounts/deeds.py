"""What a second hand reads before it agrees: everything that the one who asks did to others within a day and still asks
for, who let them in, who else is there, and what became of the same request before (ADR 0159, ADR 0163)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, func, or_, select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, OrganisationKind, Permission
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.second_hands import DAY, OF_CASES, ActKind, ActStatus, Undone
from nrm.domain.accounts.vouching import REMEMBERED
from nrm.domain.accounts.words import OccasionStatus, WordPurpose
from nrm.models.accounts.accounts import Invitation, KeyEvent, Member, MemberSession, Organisation
from nrm.models.accounts.occasions import Occasion
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.store import signed_names
from nrm.store.accounts import occasions
from nrm.store.rows.accounts import askers, typing
from nrm.store.rows.accounts import occasions as occasion_rows
from nrm.store.rows.accounts import suspensions as suspension_rows

_MOST = 20
_NO_ACT = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing: `event` with a colleague's account, `act` asked for or done to a case or asked for about an account,
    or somebody invited for `role`. `whom`: a colleague by name and sign-in name, or the code of a case. `status`,
    `undone`: what became of what was asked for about an account."""

    at: datetime
    whom: str
    event: KeyHappening | None = None
    act: ActKind | None = None
    role: str = ""
    status: ActStatus | None = None
    undone: Undone | None = None


@dataclass(frozen=True, slots=True)
class There:
    """Somebody else who works there. `one_hand`: with the one who asks (`occasions.hangs_on_one`)."""

    called: str
    role: str
    since: datetime
    one_hand: bool
    suspended: bool


@dataclass(frozen=True, slots=True)
class Around:
    """`asker`: by name and sign-in name; `let_in_by`: nobody for founders; `stopped`: they are suspended or ended, or
    were since they asked. `did`: since a day before; `asks`: what else waits. `kept`: how often the person ended the
    same within `REMEMBERED` ("my account stays"). `suspended_by`, `suspended_until`: of the person, if they are.
    `used_at`: when somebody used the account of who is to begin anew, after that was asked. `did_since`: from when on
    `did` says what they did. `by_time`: when the account ended by time alone; `agreed_by`: who agreed that it begins
    anew."""

    asker: str
    role: str
    since: datetime
    let_in_by: tuple[str, ...]
    stopped: bool
    did: Sequence[Deed]
    asks: Sequence[Deed]
    there: Sequence[There]
    kept: int
    did_since: datetime
    suspended_by: str = ""
    suspended_until: datetime | None = None
    used_at: datetime | None = None
    by_time: datetime | None = None
    agreed_by: str = ""


def of_request(
    asker_id: uuid.UUID | None,
    *,
    about: uuid.UUID | None,
    act_id: uuid.UUID | None = None,
    at: datetime | None,
    by: Actor,
) -> Around | None:
    """What somebody reads who is asked to agree to what `asker_id` asked for at that time, by the act or, without one,
    by letting `about` begin anew. For colleagues and the duty desk: NotVisible for anybody else."""
    asker = db.session.get(Member, asker_id) if asker_id is not None else None
    if asker is None or at is None:
        return None
    if asker.organisation_id != by.organisation_id and not by.may(Permission.REFERRAL_DIRECT):
        raise NotVisible
    found = _around(asker, about, act_id, at)
    return replace(found, used_at=_used(about, at)) if act_id is None and about is not None else found


def _used(member_id: uuid.UUID, since: datetime) -> datetime | None:
    """When a session of the member was used last, if it was after that: then password and code are hardly lost."""
    whose = (MemberSession.member_id == member_id, MemberSession.seen_at > since)
    return db.session.scalar(select(func.max(MemberSession.seen_at)).where(*whose))


def of_words(member_id: uuid.UUID, *, by: Actor) -> Around | None:
    """The same for who types the words of somebody who begins anew, or of whom a colleague invited into another house
    than the reader's; None for who else joins, or has another telephone. Raises NotVisible for whom these words do not
    wait."""
    line = occasions.one(member_id, by=by)
    member = db.session.get_one(Member, member_id)
    if line.purpose is WordPurpose.JOINED and not line.own:
        return _of_invited(member)
    if line.purpose is not WordPurpose.ANEW:
        return None
    occasion = occasion_rows.going_on(db.session(), member_id)
    asked = sorted(askers.who_let_begin_anew(member, occasion), key=_when)
    asker = db.session.get(Member, asked[0][0]) if asked else None
    if asker is None:
        return None
    agreed = db.session.get(Member, occasion.second_id) if occasion is not None and occasion.second_id else None
    return replace(
        _around(asker, member_id, None, asked[0][1]),
        by_time=typing.ended_by_time(occasion) if askers.makes_new_keys(member) else None,
        agreed_by=_called([agreed])[0] if agreed is not None else "",
    )


def _of_invited(member: Member) -> Around | None:
    """What a colleague of the member, who invited them, did and asks for, and which of their other links are open."""
    link = askers.last_link(member.id)
    asker = db.session.get(Member, link.by_id) if link is not None and link.by_id is not None else None
    if link is None or asker is None or asker.organisation_id != member.organisation_id:
        return None
    found = _around(asker, member.id, None, askers.made_at(link))
    return replace(found, asks=sorted([*found.asks, *_links(asker.id, member.id)], key=_at)[:_MOST])


def _links(member_id: uuid.UUID, but: uuid.UUID) -> list[Deed]:
    """The links of a member that nobody used, for others than `but`."""
    statement = (
        select(Invitation, Member)
        .join(Member, Member.id == Invitation.member_id)
        .where(Invitation.by_id == member_id, Invitation.used_at.is_(None), Member.id != but)
        .where(Invitation.expires_at > clock.now(), Member.status == "invited")
        .order_by(Invitation.expires_at)
        .limit(_MOST)
    )
    found = db.session.execute(statement).all()
    return [Deed(askers.made_at(row[0]), _called([row[1]])[0]) for row in found]


def of_proposal(asker_id: uuid.UUID | None, *, about: uuid.UUID, at: datetime, by: Actor) -> Around | None:
    """The same of who proposed in the key log something about somebody. Raises NotVisible as `of_request`."""
    return of_request(asker_id, about=about, act_id=_NO_ACT, at=at, by=by)


def _when(asked: tuple[uuid.UUID, datetime]) -> datetime:
    return asked[1]


def _around(asker: Member, about: uuid.UUID | None, act_id: uuid.UUID | None, at: datetime) -> Around:
    stands = suspension_rows.standing(about) if about is not None else None
    standing, since = occasion_rows.standing(asker.id), min(at, clock.now()) - DAY
    return Around(
        asker=_called([asker])[0],
        role=asker.role,
        since=standing.since,
        let_in_by=tuple(_called(filter(None, (db.session.get(Member, each) for each in standing.vouched_by)))),
        stopped=not askers.may_ask(asker.id, at),
        did=_did(asker.id, about, act_id, since),
        asks=sorted([*_asked(asker.id, act_id, since), *_lets_begin(asker.id, about, act_id)], key=_at)[:_MOST],
        there=_there(asker, about),
        kept=_kept(about),
        did_since=since,
        suspended_by=_called([db.session.get_one(Member, stands.by_id)])[0] if stands is not None else "",
        suspended_until=stands.until if stands is not None else None,
    )


def _at(deed: Deed) -> datetime:
    return deed.at


def _called(found: Iterable[Member]) -> list[str]:
    people = list(found)
    codes = signed_names.codes([each.id for each in people])
    return [signed_names.who(codes, each.id, each.name, each.login) for each in people]


def _did(asker_id: uuid.UUID, about: uuid.UUID | None, act_id: uuid.UUID | None, since: datetime) -> list[Deed]:
    """What they did to others since then, the last first: also what they asked for and took back, and whom they
    invited."""
    found = [*_events(asker_id, about, act_id, since), *_acts(asker_id, act_id, since)]
    found += [*_asked_in_vain(asker_id, act_id, since), *_invited(asker_id, since)]
    return sorted(found, key=_at, reverse=True)[:_MOST]


def _asked_in_vain(member_id: uuid.UUID, but: uuid.UUID | None, since: datetime) -> list[Deed]:
    """What they asked for about accounts and was not done; what was done stands among the events."""
    over = (str(ActStatus.DECLINED), str(ActStatus.EXPIRED))
    statement = (
        select(HeavyAct.asked_at, HeavyAct.kind, HeavyAct.status, HeavyAct.undone, Member.id, Member.name, Member.login)
        .join(Member, Member.id == HeavyAct.member_id)
        .where(HeavyAct.asked_by_id == member_id, HeavyAct.asked_at > since, HeavyAct.status.in_(over))
        .where(HeavyAct.id != (but or _NO_ACT))
        .order_by(HeavyAct.asked_at.desc(), HeavyAct.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement).all()
    codes = signed_names.codes([row.id for row in found])
    return [
        Deed(
            row.asked_at,
            signed_names.who(codes, row.id, row.name, row.login),
            act=ActKind(row.kind),
            status=ActStatus(row.status),
            undone=Undone(row.undone) if row.undone else None,
        )
        for row in found
    ]


def _invited(member_id: uuid.UUID, since: datetime) -> list[Deed]:
    """Whom they invited who was not there before, whether or not that person joined or the link was withdrawn."""
    link = exists().where(Invitation.member_id == Member.id, Invitation.by_id == member_id)
    statement = (
        select(Member.created_at, Member.id, Member.name, Member.login, Member.role)
        .where(Member.created_at > since, link)
        .order_by(Member.created_at.desc(), Member.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement).all()
    codes = signed_names.codes([row.id for row in found])
    return [Deed(row.created_at, signed_names.who(codes, row.id, row.name, row.login), role=row.role) for row in found]


def _events(member_id: uuid.UUID, about: uuid.UUID | None, act_id: uuid.UUID | None, since: datetime) -> list[Deed]:
    statement = (
        select(KeyEvent.at, KeyEvent.event, Member.id, Member.name, Member.login)
        .join(Member, Member.id == KeyEvent.member_id)
        .where(KeyEvent.by_id == member_id, KeyEvent.member_id != member_id, KeyEvent.at > since)
        .order_by(KeyEvent.at.desc(), KeyEvent.id)
        .limit(_MOST + 1)
    )
    found = list(db.session.execute(statement).all())
    if act_id is None:  # without the last one of these, which is this request itself
        these = [row for row in found if row.id == about and row.event == KeyHappening.ANEW_ASKED]
        for row in these[:1]:
            found.remove(row)
    codes = signed_names.codes([row.id for row in found])
    return [
        Deed(row.at, signed_names.who(codes, row.id, row.name, row.login), event=KeyHappening(row.event))
        for row in found
    ]


def _acts(member_id: uuid.UUID, but: uuid.UUID | None, since: datetime) -> list[Deed]:
    statement = (
        select(HeavyAct.asked_at, HeavyAct.kind, Case.pseudonym)
        .join(Case, Case.id == HeavyAct.case_id)
        .where(HeavyAct.asked_by_id == member_id, HeavyAct.asked_at > since, HeavyAct.kind.in_(OF_CASES))
        .where(HeavyAct.id != (but or uuid.UUID(int=0)))
        .order_by(HeavyAct.asked_at.desc(), HeavyAct.id)
        .limit(_MOST)
    )
    return [Deed(row.asked_at, row.pseudonym, act=ActKind(row.kind)) for row in db.session.execute(statement)]


def _asked(member_id: uuid.UUID, but: uuid.UUID | None, since: datetime) -> list[Deed]:
    """What waits about other accounts; about cases it stands among what they did, unless it is older."""
    old = or_(HeavyAct.case_id.is_(None), HeavyAct.asked_at <= since)
    statement = (
        select(HeavyAct.asked_at, HeavyAct.kind, Case.pseudonym, Member.id, Member.name, Member.login)
        .outerjoin(Case, Case.id == HeavyAct.case_id)
        .outerjoin(Member, Member.id == HeavyAct.member_id)
        .where(HeavyAct.asked_by_id == member_id, HeavyAct.status == ActStatus.ASKED, old)
        .where(HeavyAct.id != (but or uuid.UUID(int=0)), HeavyAct.expires_at > clock.now())
        .order_by(HeavyAct.asked_at, HeavyAct.id)
        .limit(_MOST)
    )
    found = db.session.execute(statement).all()
    codes = signed_names.codes([row.id for row in found])
    return [
        Deed(
            row.asked_at,
            row.pseudonym or signed_names.who(codes, row.id, row.name, row.login),
            act=ActKind(row.kind),
        )
        for row in found
    ]


def _lets_begin(member_id: uuid.UUID, about: uuid.UUID | None, act_id: uuid.UUID | None) -> list[Deed]:
    statement = (
        select(Occasion.began_at, Member.id, Member.name, Member.login)
        .join(Member, Member.id == Occasion.member_id)
        .where(Occasion.by_id == member_id, Occasion.status.in_((OccasionStatus.WAITS, OccasionStatus.OPEN)))
    )
    if act_id is None and about is not None:
        statement = statement.where(Occasion.member_id != about)
    found = db.session.execute(statement.order_by(Occasion.began_at).limit(_MOST)).all()
    codes = signed_names.codes([row.id for row in found])
    return [
        Deed(row.began_at, signed_names.who(codes, row.id, row.name, row.login), act=ActKind.BEGIN_ANEW)
        for row in found
    ]


def _there(asker: Member, about: uuid.UUID | None) -> list[There]:
    """Who works there, by sign-in name, besides the one who asks and the person."""
    subject = db.session.get(Member, about) if about is not None else None
    of = subject if subject is not None else asker
    holds = OrganisationKind(db.session.get_one(Organisation, of.organisation_id).kind).holds_keys
    ids = [each for each in occasion_rows.hands_beside(of, asker.id, holds_keys=holds) if each != about]
    found = db.session.scalars(select(Member).where(Member.id.in_(ids)).order_by(Member.login)).all()
    return [
        There(
            called,
            each.role,
            occasion_rows.standing(each.id).since,
            occasion_rows.hangs_on_one(each.id, asker.id),
            suspension_rows.standing(each.id) is not None,
        )
        for each, called in zip(found, _called(found), strict=True)
    ]


def _kept(about: uuid.UUID | None) -> int:
    if about is None:
        return 0
    stopped = select(func.count()).where(
        KeyEvent.member_id == about,
        KeyEvent.by_id == about,
        KeyEvent.event == str(KeyHappening.ANEW_STOPPED),
        KeyEvent.at > clock.now() - REMEMBERED,
    )
    return db.session.scalar(stopped) or 0
