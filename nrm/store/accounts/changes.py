"""Who joined, began anew, recovered or has another telephone: told to every colleague for 14 days."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Role
from nrm.domain.accounts.members import OBJECTIONABLE, TOLD, KeyHappening, takes_away
from nrm.domain.accounts.vouching import TOLD_FOR, ObjectionRefused, Standing, check_objecting
from nrm.domain.accounts.words import OccasionStatus
from nrm.models.accounts.accounts import KeyEvent, Member, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.store import signed_names
from nrm.store.rows.accounts import occasions as rows

_MOST = 100
AT_ONCE = 3
"""How many of them a home page names; the others stand with the keys of the organisation."""


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
    """`login`, `by_login`: the sign-in names; `before`, `after`: the roles or names of a change; `takes_away`: the new
    role may not do all that the old one may. `elsewhere`: the other organisation in which it was: told to the duty
    desk, without names of people."""


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
    whom, who = aliased(Member), aliased(Member)
    statement = (
        select(
            KeyEvent.id,
            KeyEvent.at,
            KeyEvent.event,
            whom.name,
            who.name,
            KeyEvent.member_id,
            KeyEvent.by_id,
            whom.login,
            who.login.label("by_login"),
            KeyEvent.before,
            KeyEvent.after,
            exists().where(Suspension.event_id == KeyEvent.id).correlate(KeyEvent),
            Organisation,
        )
        .join(Organisation, Organisation.id == KeyEvent.organisation_id)
        .join(whom, whom.id == KeyEvent.member_id)
        .outerjoin(who, who.id == KeyEvent.by_id)
        .where(*_told(by, clock.now() - TOLD_FOR))
        .order_by(KeyEvent.at.desc(), KeyEvent.id)
        .limit(most)
    )
    found = db.session.execute(statement).all()
    standing = rows.standing(by.member_id) if found and by.member_id is not None else None
    codes = signed_names.codes([whose for each in found for whose in (each.member_id, each.by_id)])
    return [_line(each, standing, by, codes) for each in found]


def one(event_id: uuid.UUID, *, by: Actor) -> ChangeLine:
    """One of them; raises NotVisible."""
    found = next((each for each in told(by=by) if each.id == event_id), None)
    if found is None:
        raise NotVisible
    return found


def _line(row: Any, standing: Standing | None, by: Actor, codes: Mapping[uuid.UUID | None, str]) -> ChangeLine:
    id_, at, event, member, actor, member_id, by_id, login, by_login, before, after, objected, organisation = row
    login, by_login = "" if member_id in codes else login, "" if by_id in codes else by_login or ""
    member, actor = codes.get(member_id, member), codes.get(by_id, actor)
    if organisation.id != by.organisation_id:  # of others the desk learns where it was, and nobody's name
        return ChangeLine(id_, at, KeyHappening(event), "", "", False, False, elsewhere=organisation.names)
    may = standing is not None and event in OBJECTIONABLE and by.keys is not None
    if may and standing is not None:
        try:
            # What binds every suspension is asked when they object, and said then.
            check_objecting(standing, about=member_id, by_id=by_id, at=at, objected=objected, now=clock.now())
        except ObjectionRefused:
            may = False
    if may and event == KeyHappening.ANEW_ASKED:  # it was ended, or has happened: nobody begins anew by it any more
        waits = rows.going_on(db.session(), member_id)
        may = waits is not None and waits.status == OccasionStatus.WAITS
    event = KeyHappening(event)
    return ChangeLine(
        id_,
        at,
        event,
        member,
        actor or "",
        may,
        objected,
        login,
        before,
        after,
        by_login=by_login,
        takes_away=takes_away(before, after),
    )
