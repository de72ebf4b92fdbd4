"""Who joined, began anew, recovered or has another telephone: told to every colleague for 14 days."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.accounts.members import COMES_BACK, OBJECTIONABLE, TOLD, KeyHappening, takes_away
from nrm.domain.accounts.second_hands import ActKind, ActStatus
from nrm.domain.accounts.vouching import TOLD_FOR, ObjectionRefused, Standing, check_objecting
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.accounts.suspensions import Suspension
from nrm.store import signed_names
from nrm.store.accounts import own_entries
from nrm.store.rows.accounts import occasions as rows
from nrm.vault.rows import is_act

_MOST = 100
AT_ONCE = 3
"""How many of them a home page names; the others stand with the keys of the organisation."""
_OPEN_AT_ONCE = 8  # of those to which the reader may object
_ANEW = (KeyHappening.ANEW_ASKED, KeyHappening.ANEW_STOPPED)
_LET_IN = (KeyHappening.CONFIRMED, KeyHappening.FOUNDED)
_SETTLED = (KeyHappening.ANEW_STOPPED, KeyHappening.BEGINS_ANEW, KeyHappening.DISABLED)
_TOGETHER = timedelta(minutes=1)  # an answer and what it did stand this near each other


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What happened with a colleague's account lately, and whether the asker may object to it."""

    id: uuid.UUID
    at: datetime
    event: KeyHappening
    member: str
    by: str
    may_object: bool
    objected: bool
    login: str = ""
    before: str = ""
    after: str = ""
    elsewhere: dict[str, str] | None = None
    by_login: str = ""
    takes_away: bool = False
    member_id: uuid.UUID | None = None
    asked_by: str = ""
    times: int = 0
    effective_at: datetime | None = None
    asked_by_me: bool = False
    may_come_back: bool = False
    """`login`, `by_login`: the sign-in names; `before`, `after`: the roles or names of a change; `takes_away`: the new
    role may not do all that the old one may; `asked_by`: who asked for, or proposed, what another one let happen;
    `asked_by_me`: that is the reader;
    `times`: how often it was asked that this person begins anew; `effective_at`: when they would;
    `may_come_back`: an account that was ended, and opens with its keys if it is let in again. `elsewhere`: the other
    organisation in which it was: told to the duty desk, without names of people."""


def number_told(by: Actor) -> ColumnElement[int]:
    """How many there are to be told to the actor; a part of another statement, which gives it `told_since`."""
    since = bindparam("told_since", type_=KeyEvent.at.type)
    return select(func.count()).select_from(KeyEvent).where(*_told(by, since)).scalar_subquery()


def _told(by: Actor, since: Any) -> tuple[ColumnElement[bool], ...]:
    told = and_(KeyEvent.organisation_id == by.organisation_id, KeyEvent.event.in_([str(each) for each in TOLD]))
    if by.role is Role.DUTY_OFFICER:  # everywhere: somebody tried to become another one
        told = or_(told, and_(KeyEvent.event == str(KeyHappening.ANEW_STOPPED), KeyEvent.by_id == KeyEvent.member_id))
    # What happened with an organisation as a whole has no member; it stands with the keys of the organisation.
    return told, KeyEvent.member_id.is_not(None), KeyEvent.at > since


def told(*, by: Actor, most: int = _MOST) -> Sequence[ChangeLine]:
    """Them, the newest first: of whom, what, and by whom."""
    return _lines([(each, 0) for each in _rows(by, most)], by)


def at_home(*, by: Actor) -> tuple[list[ChangeLine], bool]:
    """Those that a home page names, the newest first, and whether there are more.

    That somebody is to begin anew, and that it was ended, is one line for each person, with a count. Whoever may object
    reads who was let in, and what else may be objected to, before anything else: nothing pushes it away (ADR 0164).
    """
    lines = _lines(_once_each(_rows(by, _MOST), by), by)
    open_ = sorted((each for each in lines if each.may_object), key=lambda each: each.event not in _LET_IN)
    others = [each for each in lines if not each.may_object]
    shown = {each.id for each in (*open_[:_OPEN_AT_ONCE], *others[: max(0, AT_ONCE - len(open_))])}
    return [each for each in lines if each.id in shown], len(shown) < len(lines)


def _rows(by: Actor, most: int) -> Sequence[Any]:
    whom, who = aliased(Member), aliased(Member)
    statement = (
        select(
            KeyEvent.id,
            KeyEvent.at,
            KeyEvent.event,
            whom.name.label("member"),
            who.name.label("actor"),
            KeyEvent.member_id,
            KeyEvent.by_id,
            whom.login,
            who.login.label("by_login"),
            KeyEvent.before,
            KeyEvent.after,
            exists().where(Suspension.event_id == KeyEvent.id).correlate(KeyEvent).label("objected"),
            whom.status,
            whom.left_at,
            Organisation,
        )
        .join(Organisation, Organisation.id == KeyEvent.organisation_id)
        .join(whom, whom.id == KeyEvent.member_id)
        .outerjoin(who, who.id == KeyEvent.by_id)
        .where(*_told(by, clock.now() - TOLD_FOR))
        .order_by(KeyEvent.at.desc(), KeyEvent.id)
        .limit(most)
    )
    return db.session.execute(statement).all()


def _once_each(found: Sequence[Any], by: Actor) -> list[tuple[Any, int]]:
    """Of what happened about beginning anew the newest row for each person, and how often it was asked; of another
    organisation, where nobody is named, the newest, and how often it was ended."""
    kept, times = list[tuple[Any, Any]](), Counter[Any]()
    for row in found:
        own = row.Organisation.id == by.organisation_id
        about = (row.Organisation.id, row.member_id if own else None) if row.event in _ANEW else None
        if about is None or about not in times:
            kept.append((row, about))
        if about is not None:
            times[about] += row.event == (KeyHappening.ANEW_ASKED if own else KeyHappening.ANEW_STOPPED)
    return [(row, times[about] if about is not None else 0) for row, about in kept]


def _lines(found: Sequence[tuple[Any, int]], by: Actor) -> list[ChangeLine]:
    standing = rows.standing(by.member_id) if found and by.member_id is not None else None
    events = [row for row, _ in found]
    askers = _askers(events, by) | _proposers(events, by)
    ids = [whose for row, _ in found for whose in (row.member_id, row.by_id)]
    codes = signed_names.codes([*ids, *(each.id for each in askers.values())])
    return [_line(row, times, askers.get(row.id), standing, by, codes) for row, times in found]


def _askers(found: Sequence[Any], by: Actor) -> dict[uuid.UUID, Any]:
    """Who asked for what another one let happen, by the id of the event: (id, name, login)."""
    mine = {row.id: row for row in found if row.Organisation.id == by.organisation_id and row.event in _SETTLED}
    if not mine:
        return {}
    whose = {row.member_id for row in mine.values()}
    asked = select(KeyEvent.member_id, KeyEvent.at, Member.id, Member.name, Member.login)
    asked = asked.join(Member, Member.id == KeyEvent.by_id).where(
        KeyEvent.event == str(KeyHappening.ANEW_ASKED), KeyEvent.member_id.in_(whose)
    )
    acts = select(HeavyAct, Member.id, Member.name, Member.login).join(Member, Member.id == HeavyAct.asked_by_id)
    acts = acts.where(HeavyAct.member_id.in_(whose), HeavyAct.status.in_((str(ActStatus.DONE), str(ActStatus.AGREED))))
    decided = [row for row in db.session.execute(acts) if is_act(row[0])]
    requests = db.session.execute(asked.order_by(KeyEvent.at)).all()
    askers: dict[uuid.UUID, Any] = {}
    for id_, row in mine.items():
        kind = ActKind.END_ACCOUNT if row.event == KeyHappening.DISABLED else ActKind.BEGIN_ANEW
        by_act = [
            each
            for each in decided
            if (each[0].member_id, each[0].kind) == (row.member_id, kind)
            and each[0].decided_at is not None
            and abs(each[0].decided_at - row.at) < _TOGETHER
        ]
        before = [each for each in requests if each.member_id == row.member_id and each.at < row.at]
        last = by_act or ([] if row.event == KeyHappening.DISABLED else before)
        if last and last[-1].id != row.by_id:
            askers[id_] = last[-1]
    return askers


def _proposers(found: Sequence[Any], by: Actor) -> dict[uuid.UUID, Any]:
    """Who proposed a role to which another one agreed, as `_askers`."""
    proposed = {
        row.id: own_entries.role_proposer(row.member_id, row.after, agreed_by=row.by_id, at=row.at, by=by)
        for row in found
        if row.event == KeyHappening.ROLE_CHANGED and row.Organisation.id == by.organisation_id
    }
    whose = {each for each in proposed.values() if each is not None}
    if not whose:
        return {}
    people = db.session.execute(select(Member.id, Member.name, Member.login).where(Member.id.in_(whose)))
    named = {row.id: row for row in people}
    return {id_: named[each] for id_, each in proposed.items() if each in named}


def one(event_id: uuid.UUID, *, by: Actor) -> ChangeLine:
    """One of them; raises NotVisible."""
    found = next((each for each in told(by=by) if each.id == event_id), None)
    if found is None:
        raise NotVisible
    return found


def is_of_reader(event_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether the actor asked for what another one let happen then."""
    return any(each.id == event_id and each.asked_by_me for each in told(by=by))


def _line(
    row: Any, times: int, asker: Any, standing: Standing | None, by: Actor, codes: Mapping[uuid.UUID | None, str]
) -> ChangeLine:
    member, login = codes.get(row.member_id, row.member), "" if row.member_id in codes else row.login
    actor, by_login = codes.get(row.by_id, row.actor), "" if row.by_id in codes else row.by_login or ""
    event = KeyHappening(row.event)
    if row.Organisation.id != by.organisation_id:  # of others the desk learns where it was, and nobody's name
        names = row.Organisation.names
        return ChangeLine(row.id, row.at, event, "", "", False, False, elsewhere=names, times=times)
    may = standing is not None and event in OBJECTIONABLE and by.keys is not None
    if may and standing is not None:
        try:
            # What binds every suspension is asked when they object, and said then.
            check_objecting(
                standing, about=row.member_id, by_id=row.by_id, at=row.at, objected=row.objected, now=clock.now()
            )
        except ObjectionRefused:
            may = False
    effective_at = None
    if event is KeyHappening.ANEW_ASKED:  # if it was ended, or has happened, nobody begins anew by it any more
        waits = rows.going_on(db.session(), row.member_id)
        still = waits is not None and waits.status == OccasionStatus.WAITS
        may, effective_at = may and still, waits.effective_at if waits is not None and still else None
    left = event is KeyHappening.DISABLED and row.status == "disabled" and row.left_at is not None
    return ChangeLine(
        row.id,
        row.at,
        event,
        member,
        actor or "",
        may,
        row.objected,
        login,
        row.before,
        row.after,
        by_login=by_login,
        takes_away=takes_away(row.before, row.after),
        member_id=row.member_id,
        asked_by=signed_names.who(codes, asker.id, asker.name, asker.login) if asker is not None else "",
        times=times,
        effective_at=effective_at,
        asked_by_me=asker is not None and asker.id == by.member_id,
        may_come_back=left and clock.now() - row.left_at < COMES_BACK,
    )
