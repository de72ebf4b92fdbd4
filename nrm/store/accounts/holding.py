"""Who does not hold the newest version of their organisation's keyring, by what opens and by what they said.

Decided in ADR 0134.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from nrm.db import db
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.members import Keys
from nrm.models.accounts.accounts import Member
from nrm.store import signed_names
from nrm.store.rows.accounts import members as rows
from nrm.vault import keyrings
from nrm.vault.keylog import log


@dataclass(frozen=True, slots=True)
class Holding:
    """`lacks`: the newest version does not open for the actor; `said`: they said so, and the key log has it. `others`:
    (id, name) of colleagues who said it, for somebody who can give it to them."""

    lacks: bool
    said: bool
    others: Sequence[tuple[uuid.UUID, str]]


def stands(keys: Keys, *, by: Actor) -> Holding:
    """Where the actor's organisation stands. Nothing is asked of the database while everybody holds the key: a session
    carries what it has opened."""
    known = log.last_state(db.session).organisations.get(by.organisation_id) if by.organisation_id else None
    if known is None or not known.version or by.keys is None or by.member_id is None:
        return Holding(lacks=False, said=False, others=())
    opened = keys.held and known.version in by.keys.keyrings
    lacks = not opened and keyrings.lacks_newest(db.session(), by=by)
    told = known.lacking - {by.member_id} if not lacks else ()
    others = _named(Member.id.in_(told), Member.status == "active") if told else ()
    return Holding(lacks, by.member_id in known.lacking, others)


def holders(*, by: Actor) -> Sequence[tuple[uuid.UUID, str]]:
    """(id, name) of the colleagues to whom the newest version is wrapped, by the rows: those who can give it."""
    own = (Member.organisation_id == by.organisation_id, Member.status == "active", Member.id != by.member_id)
    return _named(*own, rows.has_newest(Member.id))


def _named(*which: ColumnElement[bool]) -> Sequence[tuple[uuid.UUID, str]]:
    found = db.session.execute(select(Member.id, Member.name).where(*which).order_by(Member.login)).all()
    codes = signed_names.codes([row.id for row in found])
    return [(row.id, codes.get(row.id, row.name)) for row in found]
