"""Who announced which return and when, and what colleagues took back, as the audit chain tells (ADR 0257).

The row of a return keeps neither the moment nor, once it is over, who announced it. Only so many of the newest entries
of the chain are looked through.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, String, bindparam, func, literal, or_, select

from nrm import clock
from nrm.audit import Event
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.presses import Press
from nrm.domain.referrals.announced_returns import ALIKE_WITHIN, TOLD_FOR, AnnouncedReturnStatus, Announcement
from nrm.models.accounts.accounts import Member
from nrm.models.audit import AuditEntry
from nrm.models.referrals.announced_returns import AnnouncedReturn
from nrm.store import names, signed_names
from nrm.store.rows import entries

_LOOKED_THROUGH = 20_000
_MOST = 20


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A return that a colleague took back whom somebody else had announced: who did so, when and why (`why` is empty
    where no reason was asked for). `expected_on`, `hour` and `companions` until the duty desk has seen it. Who
    announced it and when, where the chain still tells it within reach."""

    notice_id: uuid.UUID
    name: str
    at: datetime
    why: str
    post: Mapping[str, str]
    country: str
    child: str
    quarter_on: date
    expected_on: date | None
    hour: int | None
    companions: int | None
    announced_by: str
    announced_at: datetime | None


def number(by: Actor) -> ColumnElement[int]:
    """How many entries of the chain `lines` has something to read of; a part of another statement, which gives
    `moment`."""
    if not _reads(by):
        return literal(0)
    last = select(func.max(AuditEntry.id)).scalar_subquery()
    counted = select(func.count()).select_from(AuditEntry).where(AuditEntry.id > last - _LOOKED_THROUGH)
    return counted.where(
        AuditEntry.event == str(Event.NOTICE_CANCELLED),
        AuditEntry.at >= bindparam("notices_told_since", type_=String()),
        AuditEntry.organisation_id == bindparam("notices_told_office", type_=String()),
        AuditEntry.member_id != bindparam("notices_told_member", type_=String()),
    ).scalar_subquery()


def moment(by: Actor) -> dict[str, str]:
    """The values that `number` needs."""
    if not _reads(by):
        return {}
    own = {"notices_told_office": str(by.organisation_id), "notices_told_member": str(by.member_id)}
    return {"notices_told_since": (clock.now() - TOLD_FOR).isoformat(), **own}


def _reads(by: Actor) -> bool:
    """Whoever announces and receives nothing: the duty desk has a line of each that was taken back."""
    return (
        by.organisation_id is not None and by.may(Permission.NOTICE_ANNOUNCE) and not by.may(Permission.NOTICE_RECEIVE)
    )


def lines(*, by: Actor) -> list[ToldLine]:
    """Which returns colleagues of the office took back in the last seven days that somebody else had announced, the
    last first. Empty for who takes none back, and for the duty desk."""
    if not _reads(by):
        return []
    where = (
        AuditEntry.event == str(Event.NOTICE_CANCELLED),
        AuditEntry.organisation_id == str(by.organisation_id),
        AuditEntry.member_id != str(by.member_id),
    )
    found = [each for _, each in entries.any_since(clock.now() - TOLD_FOR, *where, newest=_LOOKED_THROUGH)]
    if not found:
        return []
    of = [uuid.UUID(each.said["notice_id"]) for each in found]
    own = (AnnouncedReturn.id.in_(of), AnnouncedReturn.organisation_id == by.organisation_id)
    rows = {each.id: each for each in db.session.scalars(select(AnnouncedReturn).where(*own))}
    made = announcements(rows, by=by)
    called = names_of((each.member_id for each in (*found, *made.values())), by=by)
    told = [
        _line(rows[notice_id], each, made.get(notice_id), called)
        for notice_id, each in zip(of, found, strict=True)
        if notice_id in rows and (notice_id not in made or made[notice_id].member_id != each.member_id)
    ]
    return told[::-1][:_MOST]


def _line(
    row: AnnouncedReturn,
    back: entries.Entry,
    made: entries.Entry | None,
    called: Mapping[uuid.UUID | None, str],
) -> ToldLine:
    return ToldLine(
        row.id,
        called.get(back.member_id, ""),
        back.at,
        back.said.get("why") or "",
        names.organisation(row.post_id).names,
        row.country,
        row.child,
        row.quarter_on,
        row.expected_on,
        row.hour,
        row.companions,
        called.get(made.member_id, "") if made is not None else "",
        made.at if made is not None else None,
    )


def _has_part(by: Actor) -> bool:
    return by.may(Permission.NOTICE_ANNOUNCE) or by.may(Permission.NOTICE_RECEIVE)


def announcements(notice_ids: Iterable[uuid.UUID], *, by: Actor) -> dict[uuid.UUID, entries.Entry]:
    """Of these returns the entry that says who announced it and when; none of those that lie too far back, and none for
    who neither announces nor receives. The caller has checked that the actor may see them."""
    wanted = set(notice_ids)
    if not wanted or not _has_part(by):
        return {}
    found = entries.since(
        entries.EVER, Event.NOTICE_ANNOUNCED, or_(*map(entries.about, wanted)), newest=_LOOKED_THROUGH
    )
    return {uuid.UUID(each.said["notice_id"]): each for each in found}


def names_of(member_ids: Iterable[uuid.UUID | None], *, by: Actor) -> Mapping[uuid.UUID | None, str]:
    """How a page of who announces or receives calls these members."""
    wanted = set(member_ids) - {None}
    if not wanted or not _has_part(by):
        return {}
    found = db.session.execute(select(Member.id, Member.name).where(Member.id.in_(wanted)))
    return {**{row.id: row.name for row in found}, **signed_names.codes(wanted)}


def is_sent(press: Press, *, by: Actor) -> bool:
    """Whether this showing of the form announced somebody already. Raises NotPermitted."""
    by.must(Permission.NOTICE_ANNOUNCE)
    return any(entries.since(entries.EVER, Event.NOTICE_ANNOUNCED, entries.about(press.mark)))


@dataclass(frozen=True, slots=True)
class Alike:
    """A return that looks like the one that is announced now, with who announced it and when."""

    id: uuid.UUID
    name: str
    at: datetime


def alike(announced: Announcement, *, post_id: uuid.UUID, but: uuid.UUID, by: Actor) -> Alike | None:
    """The last one that the office announced within half an hour for the same day, crossing point, country, age and
    number who come along, and that still stands; None where there is none, and where `but` itself is recorded already.

    Raises NotPermitted."""
    by.must(Permission.NOTICE_ANNOUNCE)
    same: dict[Any, object] = {
        AnnouncedReturn.organisation_id: by.organisation_id,
        AnnouncedReturn.post_id: post_id,
        AnnouncedReturn.country: announced.country,
        AnnouncedReturn.expected_on: announced.expected_on,
        AnnouncedReturn.child: announced.child,
        AnnouncedReturn.companions: announced.companions,
        AnnouncedReturn.status: str(AnnouncedReturnStatus.ANNOUNCED),
    }
    found = set(db.session.scalars(select(AnnouncedReturn.id).where(*(name == value for name, value in same.items()))))
    if not found or but in found:
        return None
    since = clock.now() - ALIKE_WITHIN
    lately = [each for each in announcements(found, by=by).items() if each[1].at > since]
    if not lately:
        return None
    notice_id, entry = max(lately, key=lambda each: each[1].at)
    return Alike(notice_id, names_of([entry.member_id], by=by).get(entry.member_id, ""), entry.at)
