"""The browsers in which a member is signed in: they are listed to the member alone, who ends one or all others."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db, transaction
from nrm.domain.accounts.accounts import SESSION_IDLE_MINUTES, Actor, NotVisible
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.steps.accounts import ceremonies
from nrm.steps.shelter import shifts as shift_steps
from nrm.vault import members as vault


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser in which the member is signed in. `browser`, `device`: codes of `domain/accounts/browsers.py`.

    `id` names it on the page and opens nothing; `hidden`: its screen is covered.
    """

    id: uuid.UUID
    since: datetime
    seen_at: datetime
    browser: str
    device: str
    own: bool
    hidden: bool


def own(*, by: Actor) -> list[SessionLine]:
    """The actor's sessions that have not ended, this one first, then by last use."""
    rows = _live(db.session(), by)
    lines = [
        SessionLine(
            vault.session_name(row.digest),
            row.created_at,
            row.seen_at,
            row.browser,
            row.device,
            row.digest == by.session_id,
            row.locked,
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: (line.own, line.seen_at), reverse=True)


def end(session_id: uuid.UUID, *, by: Actor) -> None:
    """End one of the actor's other sessions. Raises NotVisible for one that is not theirs, is over, or is this one."""
    with transaction() as session:
        chosen = [row for row in _live(session, by) if vault.session_name(row.digest) == session_id]
        if not chosen or chosen[0].digest == by.session_id:
            raise NotVisible
        _end(session, chosen, by)


def end_others(*, by: Actor) -> int:
    """End all the actor's sessions but this one; returns how many."""
    with transaction() as session:
        others = [row for row in _live(session, by) if row.digest != by.session_id]
        if others:
            _end(session, others, by)
    return len(others)


def _live(session: Session, by: Actor) -> list[MemberSession]:
    """The actor's sessions that can still be used; one that this program did not write is reported and is none."""
    if by.member_id is None or by.organisation_id is None:
        return []
    now = clock.now()
    idle = now - timedelta(minutes=SESSION_IDLE_MINUTES)
    found = session.scalars(
        select(MemberSession)
        .where(MemberSession.member_id == by.member_id, MemberSession.expires_at > now)
        .where(MemberSession.sealed_keys.is_not(None) | MemberSession.locked)
        .where((MemberSession.seen_at > idle) | MemberSession.covers_after.is_not(None))
        .execution_options(populate_existing=True)
    )
    return [row for row in found if vault.is_session(row, row.digest, by.organisation_id)]


def _end(session: Session, rows: Collection[MemberSession], by: Actor) -> None:
    """Take the keys out of the sessions, and end the shifts that were begun in them."""
    for row in rows:
        row.sealed_keys, row.locked = None, False
        shift_steps.end_of_session(session, row.digest, by)
    session.flush()
    member = session.get_one(Member, by.member_id, populate_existing=True)
    ceremonies.end_lost_telephone(session, member, by, begun_in={row.digest for row in rows})
    audit.append(session, audit.Event.SESSIONS_ENDED, by=by, number=len(rows))
