"""What somebody who asks for a second hand did to others within a day, for whoever is asked to agree (ADR 0159)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from nrm import clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, NotVisible, Permission
from nrm.domain.accounts.members import KeyHappening
from nrm.domain.accounts.second_hands import DAY, OF_CASES, ActKind
from nrm.models.accounts.accounts import KeyEvent, Member
from nrm.models.accounts.second_hands import HeavyAct
from nrm.models.shelter.cases import Case
from nrm.store import signed_names

_MOST = 20


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing: `event` with a colleague's account, or `act` asked for or done to a case. `whom`: a colleague by name
    and sign-in name, or the code of a case."""

    at: datetime
    whom: str
    event: KeyHappening | None = None
    act: ActKind | None = None


def lately(member_id: uuid.UUID | None, *, but: uuid.UUID | None = None, by: Actor) -> Sequence[Deed]:
    """What this member did to others within a day, the newest first; without the act or the account `but`. For
    colleagues and the duty desk: NotVisible for anybody else."""
    found = db.session.get(Member, member_id) if member_id is not None else None
    if found is None:
        return ()
    if found.organisation_id != by.organisation_id and not by.may(Permission.REFERRAL_DIRECT):
        raise NotVisible
    deeds = [*_events(found.id, but), *_acts(found.id, but)]
    return sorted(deeds, key=lambda deed: deed.at, reverse=True)[:_MOST]


def _events(member_id: uuid.UUID, but: uuid.UUID | None) -> list[Deed]:
    statement = (
        select(KeyEvent.at, KeyEvent.event, Member.id, Member.name, Member.login)
        .join(Member, Member.id == KeyEvent.member_id)
        .where(KeyEvent.by_id == member_id, KeyEvent.member_id != member_id, KeyEvent.at > clock.now() - DAY)
        .order_by(KeyEvent.at.desc(), KeyEvent.id)
        .limit(_MOST)
    )
    found = [row for row in db.session.execute(statement) if but is None or row.id != but]
    codes = signed_names.codes([row.id for row in found])
    return [
        Deed(row.at, signed_names.who(codes, row.id, row.name, row.login), event=KeyHappening(row.event))
        for row in found
    ]


def _acts(member_id: uuid.UUID, but: uuid.UUID | None) -> list[Deed]:
    statement = (
        select(HeavyAct.asked_at, HeavyAct.kind, Case.pseudonym)
        .join(Case, Case.id == HeavyAct.case_id)
        .where(HeavyAct.asked_by_id == member_id, HeavyAct.asked_at > clock.now() - DAY, HeavyAct.kind.in_(OF_CASES))
        .where(HeavyAct.id != (but or uuid.UUID(int=0)))
        .order_by(HeavyAct.asked_at.desc(), HeavyAct.id)
        .limit(_MOST)
    )
    return [Deed(row.asked_at, row.pseudonym, act=ActKind(row.kind)) for row in db.session.execute(statement)]
