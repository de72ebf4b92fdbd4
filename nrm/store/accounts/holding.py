"""Who does not hold the newest version of their organisation's keyring, by what opens and by what they said.

Decided in ADR 0134.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.members import KeyHappening, Keys
from nrm.models.accounts.accounts import KeyEvent, Keyring, KeyringWrap, Member
from nrm.store import signed_names
from nrm.store.rows.accounts import members as rows
from nrm.vault import keyrings
from nrm.vault.keylog import log

People = Sequence[tuple[uuid.UUID, str]]


@dataclass(frozen=True, slots=True)
class Holding:
    """`lacks`: the newest version does not open for the actor; `said`: they said so, and the key log has it. `others`:
    (id, name) of colleagues who said it, for somebody who can give it to them; `given`: those who were given it since,
    and have not said yet that it opens."""

    lacks: bool
    said: bool
    others: People
    given: People


NOTHING = Holding(lacks=False, said=False, others=(), given=())


def stands(keys: Keys, *, by: Actor) -> Holding:
    """Where the actor's organisation stands. Nothing is asked of the database while everybody holds the key: a session
    carries what it has opened."""
    known = log.last_state(db.session).organisations.get(by.organisation_id) if by.organisation_id else None
    if known is None or not known.version or by.keys is None or by.member_id is None:
        return NOTHING
    opened = keys.held and known.version in by.keys.keyrings
    lacks = not opened and keyrings.lacks_newest(db.session(), by=by)
    told = known.lacking - {by.member_id}
    given = _given(told, known.version, by) if told and not lacks else frozenset()
    others = _named(Member.id.in_(told - given), Member.status == "active") if told - given and not lacks else ()
    return Holding(lacks, by.member_id in known.lacking, others, _named(Member.id.in_(given)) if given else ())


def _given(told: frozenset[uuid.UUID], version: int, by: Actor) -> frozenset[uuid.UUID]:
    """Those to whom somebody gave the version after they had said that they do not hold it, and who have it still."""
    said = (str(KeyHappening.LACKS_KEY), str(KeyHappening.KEY_GIVEN))
    last = db.session.execute(
        select(KeyEvent.member_id, KeyEvent.event, func.max(KeyEvent.at))
        .where(KeyEvent.organisation_id == by.organisation_id, KeyEvent.version == version)
        .where(KeyEvent.member_id.in_(told), KeyEvent.event.in_(said))
        .group_by(KeyEvent.member_id, KeyEvent.event)
    )
    at = {(member_id, event): moment for member_id, event, moment in last}
    asked, gave = said
    there = set(db.session.scalars(select(Member.id).where(Member.id.in_(told), rows.has_newest(Member.id))))
    return frozenset(
        each for each in there if (each, gave) in at and ((each, asked) not in at or at[each, gave] >= at[each, asked])
    )


def lacks(*, by: Actor) -> bool:
    """Whether the newest version does not open for the actor."""
    return keyrings.lacks_newest(db.session(), by=by)


def holders(*, by: Actor) -> People:
    """(id, name) of the colleagues to whom the newest version is wrapped, by the rows: those who can give it."""
    return _named(*_colleagues(by), rows.has_newest(Member.id))


def without(*, by: Actor) -> People:
    """(id, name) of the colleagues to whom nothing of the newest version is wrapped, whether they said so or not;
    nobody in an office without keys."""
    known = log.last_state(db.session).organisations.get(by.organisation_id) if by.organisation_id else None
    if known is None or not known.version:
        return ()
    return _named(*_colleagues(by), ~rows.has_newest(Member.id))


def of_older(*, by: Actor) -> People:
    """(id, name) of the colleagues who hold an older version that does not open for the actor: only they can move what
    is sealed to it. Nobody where every version that somebody holds opens for the actor."""
    opened = keyrings.held_privates(db.session(), by=by)
    older = exists().where(
        KeyringWrap.member_id == Member.id,
        KeyringWrap.keyring_id == Keyring.id,
        Keyring.organisation_id == by.organisation_id,
        Keyring.version.not_in(opened),
    )
    return _named(*_colleagues(by), older)


def _colleagues(by: Actor) -> tuple[ColumnElement[bool], ...]:
    return Member.organisation_id == by.organisation_id, Member.status == "active", Member.id != by.member_id


def _named(*which: ColumnElement[bool]) -> People:
    whom = select(Member.id, Member.name, Member.login).where(*which).order_by(Member.login)
    found = db.session.execute(whom).all()
    codes = signed_names.codes([row.id for row in found])
    return [(row.id, signed_names.who(codes, row.id, row.name, row.login)) for row in found]
